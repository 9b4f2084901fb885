-- Terminals with certificates of their own, and how they come in. Times are milliseconds since 1970 (UTC).

-- What the certificate is good for: 'both', 'office' (sign, be sealed to) or 'terminal' (call the hub).
ALTER TABLE certificate ADD COLUMN kind TEXT NOT NULL DEFAULT 'both';
-- The terminal that calls with it; '' for an office's certificate, which all its terminals share.
ALTER TABLE certificate ADD COLUMN terminal TEXT NOT NULL DEFAULT '';
UPDATE certificate SET terminal = serial;

CREATE TABLE terminal (
    id          TEXT PRIMARY KEY NOT NULL,              -- the serial of its first certificate; stays when that is renewed
    office      TEXT NOT NULL REFERENCES office (number),
    name        TEXT NOT NULL,
    added_at    INTEGER NOT NULL,
    revoked_at  INTEGER,
    waiting     INTEGER NOT NULL DEFAULT 0,             -- 1: it has no key of the office yet and waits to be let in
    admission   BLOB                                    -- the office's keys, sealed to this terminal by another one
) STRICT;
CREATE INDEX terminal_of_office ON terminal (office);
INSERT INTO terminal (id, office, name, added_at, revoked_at)
    SELECT serial, office, '', issued_at, revoked_at FROM certificate;

CREATE TABLE code (                                     -- one-time codes; the code itself is nowhere here
    handle      BLOB PRIMARY KEY NOT NULL,              -- finds the row; tells nothing about the code
    office      TEXT NOT NULL REFERENCES office (number),
    made_by     TEXT NOT NULL,                          -- a terminal's id, or '' for the operator
    proof       BLOB NOT NULL,                          -- checks that whoever asks has the code
    answer      BLOB NOT NULL,                          -- shows that whoever answers knows it
    chest       BLOB,                                   -- the office's keys, sealed under a key that is not here
    new_key     INTEGER NOT NULL DEFAULT 0,             -- 1: the office is to get a new key; the old one is lost
    made_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    tries       INTEGER NOT NULL DEFAULT 0,             -- wrong proofs so far
    used_at     INTEGER,
    used_by     TEXT                                    -- the terminal it let in: a repeat gets the first answer
) STRICT;

CREATE TABLE chest (                                    -- the office's keys, sealed under its recovery code
    office      TEXT PRIMARY KEY NOT NULL REFERENCES office (number),
    sealed      BLOB NOT NULL,
    made_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
