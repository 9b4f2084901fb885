-- The month board: what it finds files and statements by, and what people noted as done on paper.

CREATE INDEX file_name ON file (name);                  -- the files of one month, by the beginning of their names
CREATE INDEX parcel_partner ON parcel (partner, direction, at);

CREATE TABLE statement (                                -- what messages say in a form that programs can read
    parcel        TEXT NOT NULL REFERENCES parcel (id),
    position      INTEGER NOT NULL,
    month         TEXT NOT NULL,                        -- YYYYMM
    said          TEXT NOT NULL,                        -- JSON
    PRIMARY KEY (parcel, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX statement_month ON statement (month);

CREATE TABLE paper (                                    -- the last word about what went, or came, on paper
    side          TEXT NOT NULL,
    partner       TEXT NOT NULL,                        -- 事業所番号
    service       TEXT NOT NULL,                        -- サービス種類コード of the partner
    month         TEXT NOT NULL,                        -- YYYYMM
    exchange      TEXT NOT NULL,
    day           TEXT,                                 -- when; NULL: taken back
    at            INTEGER NOT NULL,                     -- when it was said
    who           TEXT NOT NULL,
    terminal      TEXT NOT NULL,
    PRIMARY KEY (month, side, partner, service, exchange)
) STRICT, WITHOUT ROWID;
