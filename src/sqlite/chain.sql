-- The record of what was done: only ever added to, each line bound to the one before by its hash. Both stores keep one.

CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY NOT NULL,           -- 1, 2, 3 … without a gap
    at          INTEGER NOT NULL,                       -- milliseconds since 1970 (UTC)
    who         TEXT NOT NULL,                          -- a user's id; empty for what a program did by itself
    terminal    TEXT NOT NULL,                          -- where it was done
    action      TEXT NOT NULL,
    subject     TEXT NOT NULL,                          -- a parcel's id, an office number, a count: never content
    result      TEXT NOT NULL,                          -- done, or a failure's code
    prev_hash   TEXT NOT NULL,                          -- the hash of the line before; zeros for the first
    hash        TEXT NOT NULL                           -- hex SHA-256 over all of the above
) STRICT;

CREATE TABLE audit_head (                               -- where the record ends, so that a cut tail is found
    only_one    INTEGER PRIMARY KEY NOT NULL CHECK (only_one = 1),
    lines       INTEGER NOT NULL,
    hash        TEXT NOT NULL
) STRICT;
INSERT INTO audit_head (only_one, lines, hash)
    VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TRIGGER audit_line_stays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the record is only added to'); END;
CREATE TRIGGER audit_line_is_kept BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the record is only added to'); END;
CREATE TRIGGER audit_line_follows BEFORE INSERT ON audit
    WHEN NEW.seq <> (SELECT lines + 1 FROM audit_head)
    BEGIN SELECT RAISE(ABORT, 'the record is only added to'); END;
CREATE TRIGGER audit_head_is_kept BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'the record is only added to'); END;
CREATE TRIGGER audit_head_moves_on BEFORE UPDATE ON audit_head WHEN NEW.lines <> OLD.lines + 1
    BEGIN SELECT RAISE(ABORT, 'the record is only added to'); END;
