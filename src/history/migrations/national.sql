-- Parcels that go or came by the folders of the national system, not by our hub: nobody signs them.

CREATE TABLE national (
    parcel        TEXT PRIMARY KEY NOT NULL REFERENCES parcel (id),
    laid_out_at   INTEGER                               -- out: when every file lay in the hand-over folder
) STRICT;
