-- The hub's store, schema 1. Times are milliseconds since 1970 (UTC). A column keeps its meaning for life.

CREATE TABLE office (
    number      TEXT PRIMARY KEY NOT NULL,              -- 事業所番号
    service     TEXT NOT NULL,                          -- サービス種類コード
    name        TEXT NOT NULL,
    added_at    INTEGER NOT NULL,
    revoked_at  INTEGER                                 -- no longer part of the exchange
) STRICT;

CREATE TABLE certificate (
    serial      TEXT PRIMARY KEY NOT NULL,              -- lower-case hex
    office      TEXT NOT NULL REFERENCES office (number),
    der         BLOB NOT NULL,
    issued_at   INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;
CREATE INDEX certificate_of_office ON certificate (office);

CREATE TABLE parcel (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,      -- the inbox cursor; never used twice
    id          TEXT NOT NULL UNIQUE,
    sender      TEXT NOT NULL REFERENCES office (number),
    receiver    TEXT NOT NULL REFERENCES office (number),
    digest      TEXT NOT NULL,                          -- hex SHA-256 of the sealed bytes
    size        INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    changed     INTEGER NOT NULL                        -- the sent cursor: when a receipt comes it moves on
) STRICT;
CREATE INDEX parcel_inbox ON parcel (receiver, seq);
CREATE INDEX parcel_sent ON parcel (sender, changed);

CREATE TABLE body (                                     -- apart, so that lists stay quick
    seq         INTEGER PRIMARY KEY REFERENCES parcel (seq),
    sealed      BLOB NOT NULL
) STRICT;

CREATE TABLE receipt (
    parcel      INTEGER NOT NULL REFERENCES parcel (seq),
    step        TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    signed      BLOB NOT NULL,
    PRIMARY KEY (parcel, step)                          -- the first word of a step counts
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
    name        TEXT PRIMARY KEY NOT NULL,
    value       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter (name, value) VALUES ('changed', 0), ('crl', 0), ('directory', 0);
