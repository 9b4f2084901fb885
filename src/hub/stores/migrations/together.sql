-- What the terminals of one office tell each other, and which of them has a parcel's files in its import folder.

CREATE TABLE mark (                                     -- sealed to the office itself: the hub cannot read what it says
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,      -- the marks cursor; never used twice
    office      TEXT NOT NULL REFERENCES office (number),
    at          INTEGER NOT NULL,
    sealed      BLOB NOT NULL
) STRICT;
CREATE INDEX mark_of_office ON mark (office, seq);
CREATE INDEX mark_age ON mark (office, at);

CREATE TABLE claim (                                    -- one terminal alone may import a parcel
    parcel      INTEGER PRIMARY KEY REFERENCES parcel (seq) ON DELETE CASCADE,
    holder      TEXT NOT NULL,                          -- the terminal's name for itself
    since       INTEGER NOT NULL                        -- when it last asked
) STRICT;

CREATE TABLE cursor (                                   -- how far each terminal has read its office's inbox
    terminal    TEXT PRIMARY KEY NOT NULL,              -- the serial of its certificate
    office      TEXT NOT NULL REFERENCES office (number),
    inbox       INTEGER NOT NULL,
    at          INTEGER NOT NULL                        -- when it moved there
) STRICT, WITHOUT ROWID;
