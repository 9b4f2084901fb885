-- Who sits at the terminals of an office, and who is logged in. Times are milliseconds since 1970 (UTC).

CREATE TABLE account (
    office        TEXT NOT NULL REFERENCES office (number),
    user          TEXT NOT NULL,                        -- 利用者ID, folded
    role          TEXT NOT NULL CHECK (role IN ('admin', 'staff')),
    password      TEXT NOT NULL,                        -- argon2id, as a PHC string
    created_at    INTEGER NOT NULL,
    failures      INTEGER NOT NULL DEFAULT 0,           -- tries since the last good one; counted before they are judged
    locked_until  INTEGER,
    last_login_at INTEGER,
    PRIMARY KEY (office, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (                                  -- a person at a terminal
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    office        TEXT NOT NULL,
    user          TEXT NOT NULL,
    terminal      TEXT NOT NULL,                        -- its tokens hold for this terminal only
    began_at      INTEGER NOT NULL,
    FOREIGN KEY (office, user) REFERENCES account (office, user) ON DELETE CASCADE
) STRICT;
CREATE INDEX session_of_account ON session (office, user);

CREATE TABLE token (
    hash          BLOB PRIMARY KEY NOT NULL,            -- SHA-256; the token itself is nowhere but at its terminal
    session       INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL CHECK (kind IN ('access', 'refresh')),
    given_for     BLOB,                                 -- the refresh token that was handed in for it; NULL at the login
    until         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_of_session ON token (session, kind);
CREATE INDEX token_until ON token (until);

-- Rises whenever a session may have lost its right: an account changed or went.
INSERT INTO counter (name, value) VALUES ('accounts', 0);
