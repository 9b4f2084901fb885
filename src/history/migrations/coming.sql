-- Large parcels that are being fetched: what came so far, so that a line that breaks, or a restart, costs one part.

CREATE TABLE coming (
    parcel        TEXT NOT NULL,                        -- not in `parcel` yet
    digest        TEXT NOT NULL,                        -- hex SHA-256 of the whole, as the hub announced it
    part          INTEGER NOT NULL,                     -- from 0
    sealed        BLOB NOT NULL,
    PRIMARY KEY (parcel, part)
) STRICT;
