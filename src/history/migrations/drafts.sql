-- What the outgoing folders hold, and the drafts made of it.

CREATE TABLE outgoing_file (                            -- every file of the outgoing folders that was taken note of
    path          TEXT PRIMARY KEY NOT NULL,
    name          TEXT NOT NULL,
    receiver      TEXT,                                 -- 事業所番号; NULL where the name tells none
    size          INTEGER NOT NULL,
    modified      INTEGER,                              -- the file's own time in nanoseconds since 1970; NULL where it has none
    sha256        TEXT NOT NULL,
    seen_at       INTEGER NOT NULL,                     -- when this content was first seen at this place
    against       TEXT NOT NULL DEFAULT '[]',           -- JSON: findings against a name that tells no receiver
    dismissed     INTEGER NOT NULL DEFAULT 0            -- 1: somebody does not want this content sent
) STRICT, WITHOUT ROWID;
CREATE INDEX outgoing_file_receiver ON outgoing_file (receiver);

CREATE TABLE draft (                                    -- 下書き: what waits for one receiver
    receiver      TEXT PRIMARY KEY NOT NULL,
    at            INTEGER NOT NULL,                     -- when it last changed
    content       TEXT NOT NULL,                        -- what it was made of: when that changes, it is made anew
    bundle        TEXT NOT NULL                         -- JSON: files and findings, as shown
) STRICT;
