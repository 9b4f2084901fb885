-- What the terminals of this office tell each other, whom we trust, and what waits for a person's word.

CREATE TABLE terminal (                                 -- the office's terminals that told us something
    id            TEXT PRIMARY KEY NOT NULL,            -- the terminal's name for itself
    name          TEXT NOT NULL,                        -- what people call it
    seen_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE mark (                                     -- the last word about a parcel, of whichever terminal; the parcel may still be on its way
    parcel        TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('read', 'assigned', 'note')),
    value         TEXT NOT NULL,
    at            INTEGER NOT NULL,
    who           TEXT NOT NULL,                        -- the user, where one was logged in
    terminal      TEXT NOT NULL,
    PRIMARY KEY (parcel, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE tell (                                     -- what the other terminals were not told yet
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    mark          TEXT NOT NULL                         -- JSON
) STRICT;

CREATE TABLE import_claim (                             -- which terminal puts a parcel into its import folder
    parcel        TEXT PRIMARY KEY NOT NULL REFERENCES parcel (id),
    holder        TEXT NOT NULL,                        -- the terminal's name for itself
    mine          INTEGER NOT NULL,                     -- 1: this terminal
    since         INTEGER NOT NULL,
    told          INTEGER NOT NULL DEFAULT 0            -- 1: the others were told that it lies in our folder
) STRICT;

CREATE TABLE partner_key (                              -- the keys an office was seen to sign with, or have parcels sealed to
    office        TEXT NOT NULL,
    key           TEXT NOT NULL,                        -- hex SHA-256 of the public key (SubjectPublicKeyInfo)
    certificate   BLOB NOT NULL,                        -- DER, as it was first seen
    first_seen    INTEGER NOT NULL,
    trusted_at    INTEGER,                              -- NULL: a person is asked
    who           TEXT NOT NULL DEFAULT '',             -- the user who said so; empty for the first key of an office
    PRIMARY KEY (office, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE held (                                     -- incoming parcels signed with a key that is not trusted yet, as they came
    parcel        TEXT PRIMARY KEY NOT NULL REFERENCES parcel (id),
    key           TEXT NOT NULL,
    accepted_at   INTEGER NOT NULL,
    sealed        BLOB NOT NULL
) STRICT;

CREATE TABLE held_receipt (                             -- receipts signed with such a key
    parcel        TEXT NOT NULL REFERENCES parcel (id),
    step          TEXT NOT NULL,
    key           TEXT NOT NULL,
    accepted_at   INTEGER NOT NULL,                     -- the parcel's
    signed        BLOB NOT NULL,
    PRIMARY KEY (parcel, step, key)
) STRICT;

CREATE TABLE overdue_told (                             -- people were told once that nobody fetched it
    parcel        TEXT PRIMARY KEY NOT NULL REFERENCES parcel (id),
    at            INTEGER NOT NULL
) STRICT;
