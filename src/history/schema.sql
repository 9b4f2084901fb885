-- One terminal's history, schema 1. Times are milliseconds since 1970 (UTC). A column keeps its meaning for life.

CREATE TABLE parcel (
    id            TEXT PRIMARY KEY NOT NULL,
    direction     TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    partner       TEXT NOT NULL,                        -- 事業所番号 of the other office
    partner_name  TEXT NOT NULL,                        -- as the directory said then
    at            INTEGER NOT NULL,                     -- written (out) or received (in)
    message       TEXT NOT NULL DEFAULT '',
    subjects      TEXT NOT NULL DEFAULT '[]',           -- JSON: what it is about, for lists
    checked       TEXT NOT NULL DEFAULT '{}',           -- JSON: the check of its files together
    files         INTEGER NOT NULL DEFAULT 0,
    errors        INTEGER NOT NULL DEFAULT 0,
    warnings      INTEGER NOT NULL DEFAULT 0,
    digest        TEXT,                                 -- hex SHA-256 of the sealed bytes
    signer        TEXT,                                 -- in: whose signature was verified
    -- Evidence. Each is set once, together with what proves it.
    accepted_at   INTEGER,                              -- out: the hub's answer
    arrived_at    INTEGER,                              -- out: the receiver's receipt; in: delivered into the folder
    imported_at   INTEGER,                              -- out: the receiver's receipt; in: the files were taken
    refused_at    INTEGER,                              -- out: the receiver's receipt; in: we could not accept it
    failed_at     INTEGER,                              -- out: will not go by itself any more
    failure       TEXT,                                 -- JSON: why, for refused and failed
    withdrawn_at  INTEGER,                              -- out: taken back before it left
    read_at       INTEGER                               -- in: opened by somebody here
) STRICT;
CREATE INDEX parcel_list ON parcel (direction, at);

CREATE TABLE file (
    parcel        TEXT NOT NULL REFERENCES parcel (id),
    position      INTEGER NOT NULL,
    name          TEXT NOT NULL,
    size          INTEGER NOT NULL,
    sha256        TEXT NOT NULL,
    -- in: how far the file is on its way into the import folder
    stays         INTEGER NOT NULL DEFAULT 0,           -- 1: kept in the history only, never put into the folder
    path          TEXT,                                 -- where it goes, once that is planned
    delivered_at  INTEGER,
    PRIMARY KEY (parcel, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_content ON file (sha256);

CREATE TABLE body (                                     -- apart, so that lists stay quick
    parcel        TEXT NOT NULL,
    position      INTEGER NOT NULL,
    bytes         BLOB NOT NULL,
    PRIMARY KEY (parcel, position)
) STRICT;

CREATE TABLE outbox (                                   -- one row for each parcel the hub has not accepted yet
    parcel        TEXT PRIMARY KEY NOT NULL REFERENCES parcel (id),
    sealed        BLOB,                                 -- made once, before the first try, and the same for every retry
    may_have_left INTEGER NOT NULL DEFAULT 0,           -- 1 once a try began that the hub may have heard of
    tries         INTEGER NOT NULL DEFAULT 0,
    next_try_at   INTEGER NOT NULL,
    last          TEXT                                  -- JSON: why the last try failed
) STRICT;

CREATE TABLE refused (                                  -- incoming parcels kept aside, as they came
    parcel        TEXT PRIMARY KEY NOT NULL REFERENCES parcel (id),
    sealed        BLOB NOT NULL
) STRICT;

CREATE TABLE receipt (
    parcel        TEXT NOT NULL REFERENCES parcel (id),
    step          TEXT NOT NULL,
    at            INTEGER NOT NULL,
    signed        BLOB NOT NULL,                        -- CMS SignedData
    handed_in_at  INTEGER,                              -- ours: when the hub had it, or said it will never take it; NULL while it waits
    PRIMARY KEY (parcel, step)
) STRICT;
CREATE INDEX receipt_waiting ON receipt (handed_in_at) WHERE handed_in_at IS NULL;

CREATE TABLE trail (                                    -- what happened, in order
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    parcel        TEXT NOT NULL REFERENCES parcel (id),
    at            INTEGER NOT NULL,
    step          TEXT NOT NULL                         -- JSON
) STRICT;
CREATE INDEX trail_of_parcel ON trail (parcel, number);

CREATE TABLE office (                                   -- the directory, as last seen
    number        TEXT PRIMARY KEY NOT NULL,
    service       TEXT NOT NULL,
    name          TEXT NOT NULL,
    certificates  TEXT NOT NULL                         -- JSON: Base64 DER
) STRICT;

CREATE TABLE note (                                     -- small things to remember: cursors, the revocation list
    name          TEXT PRIMARY KEY NOT NULL,
    value         BLOB NOT NULL
) STRICT;
