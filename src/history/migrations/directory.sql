-- The directory as it comes, page by page; it takes the place of the one that was there when all of it has come.

CREATE TABLE office_coming (
    number        TEXT PRIMARY KEY NOT NULL,
    service       TEXT NOT NULL,
    name          TEXT NOT NULL,
    certificates  TEXT NOT NULL                         -- JSON: Base64 DER
) STRICT;
