-- The hub alone says that nobody fetched a parcel: its clock is the one that all offices share.

ALTER TABLE parcel ADD COLUMN overdue_since INTEGER;    -- of ours: since when its receiver has let it lie, as the hub last said
