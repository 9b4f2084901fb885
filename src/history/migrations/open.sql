-- What is still open is little, however much there is: each look for it reads its own few rows.
CREATE INDEX parcel_unsent ON parcel (at) WHERE direction = 'out' AND accepted_at IS NULL;
CREATE INDEX parcel_under_way ON parcel (accepted_at)
    WHERE direction = 'out' AND arrived_at IS NULL AND imported_at IS NULL;
CREATE INDEX parcel_arriving ON parcel (at) WHERE direction = 'in' AND arrived_at IS NULL;
CREATE INDEX parcel_to_import ON parcel (at) WHERE direction = 'in' AND imported_at IS NULL;
