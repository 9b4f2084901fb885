-- Parcels that come in parts, and what becomes of parcels with time.

CREATE TABLE upload (                                   -- one parcel that comes, or came, in parts
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL,                          -- the parcel's
    sender      TEXT NOT NULL REFERENCES office (number),
    receiver    TEXT NOT NULL,
    digest      TEXT NOT NULL,                          -- hex SHA-256 of the whole, as announced
    size        INTEGER NOT NULL,                       -- of the whole, as announced
    began_at    INTEGER NOT NULL,
    parcel      INTEGER UNIQUE REFERENCES parcel (seq)  -- set when it was accepted: its parts are the parcel's body
) STRICT;
CREATE UNIQUE INDEX upload_open ON upload (sender, id) WHERE parcel IS NULL;

CREATE TABLE part (                                     -- of 1 MiB each, the last one less; never changed once there
    upload      INTEGER NOT NULL REFERENCES upload (number),
    number      INTEGER NOT NULL,                       -- from 0
    sealed      BLOB NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT;

ALTER TABLE parcel ADD COLUMN removed_at INTEGER;       -- its body is not kept any more
ALTER TABLE parcel ADD COLUMN overdue_at INTEGER;       -- since when its receiver has let it lie, as told to the sender
CREATE INDEX parcel_kept ON parcel (accepted_at) WHERE removed_at IS NULL;
CREATE INDEX parcel_record ON parcel (removed_at) WHERE removed_at IS NOT NULL;

-- Up to which parcel (seq) it was looked whether the receiver lets it lie; when the hub last proved that it can write.
INSERT INTO counter (name, value) VALUES ('overdue', 0), ('health', 0);
