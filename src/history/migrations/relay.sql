-- 中継: the parcels whose files a parcel passes on, as its manifest says.

CREATE TABLE hop (
    parcel        TEXT NOT NULL REFERENCES parcel (id),
    position      INTEGER NOT NULL,                     -- oldest first
    origin        TEXT NOT NULL,                        -- the parcel that was passed on; we may never have had it
    sender        TEXT NOT NULL,
    receiver      TEXT NOT NULL,
    written       INTEGER NOT NULL,
    PRIMARY KEY (parcel, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX hop_origin ON hop (origin);
