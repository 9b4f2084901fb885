-- What the history is searched by. `search_index` holds pieces of words (see src/search.rs), no text that could be read back.

CREATE VIRTUAL TABLE search_index USING fts5 (
    words,                                              -- partner, message, attachments' names, persons and their numbers
    facts,                                              -- direction, kinds, months, partner: what is filtered by
    content = '', contentless_delete = 1, tokenize = 'ascii',
    prefix = '3 5 7 9'                                  -- for numbers as they are typed; pieces of Japanese are shorter
);

CREATE TABLE search_place (                             -- which parcel a row of the index is about; the newest has the last place
    place         INTEGER PRIMARY KEY NOT NULL,         -- seconds since 1970 times 1024, and a number within the second
    parcel        TEXT NOT NULL UNIQUE,
    -- For whom its files are, with spaces between; which desk that is, the settings say.
    services      TEXT NOT NULL DEFAULT '',             -- ours, as the file names have them
    satellites    TEXT NOT NULL DEFAULT '',             -- ours, as the rows of 第6表 have them
    persons       TEXT NOT NULL DEFAULT ''              -- 被保険者番号
) STRICT;

CREATE TABLE search_waiting (                           -- parcels of before the index, or whose place in it was lost
    parcel        TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO search_waiting (parcel) SELECT id FROM parcel;

CREATE TABLE person (                                   -- names, as files say them; 実績 has numbers only
    insurer       TEXT NOT NULL,
    insured       TEXT NOT NULL,
    name          TEXT NOT NULL,
    kana          TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (insurer, insured)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER search_forgets AFTER DELETE ON parcel BEGIN
    DELETE FROM search_index WHERE rowid = (SELECT place FROM search_place WHERE parcel = old.id);
    DELETE FROM search_place WHERE parcel = old.id;
    DELETE FROM search_waiting WHERE parcel = old.id;
END;
