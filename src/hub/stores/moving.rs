//! Takes a store over into another, row by row, and holds both against each other.
//!
//! All of it is one transaction of the target's: a move that was cut off has left nothing and may be begun anew. The
//! source takes no more writes from the moment it is read (see [`super::Store::take_over`]).

use jiff::Timestamp;

use super::database::{Connection, Engine, Row, Value};
use super::{StoreError, values};
use crate::parcel::DigestOf;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    Text,
    Bytes,
}
use Kind::{Bytes, Integer, Text};

/// A table, in an order in which every row finds those it points at.
struct Table {
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
    /// The columns that tell its rows apart: they are read in this order.
    key: &'static [&'static str],
    /// The rows, where they are not the table's own: with the moment that SQLite keeps beside the parcel or upload.
    from: &'static str,
}

const TABLES: &[Table] = &[
    Table {
        name: "office",
        columns: &[("number", Text), ("service", Text), ("name", Text), ("added_at", Integer), ("revoked_at", Integer)],
        key: &["number"],
        from: "office",
    },
    Table {
        name: "certificate",
        columns: &[
            ("serial", Text),
            ("office", Text),
            ("der", Bytes),
            ("issued_at", Integer),
            ("not_after", Integer),
            ("revoked_at", Integer),
            ("kind", Text),
            ("terminal", Text),
        ],
        key: &["serial"],
        from: "certificate",
    },
    Table {
        name: "terminal",
        columns: &[
            ("id", Text),
            ("office", Text),
            ("name", Text),
            ("added_at", Integer),
            ("revoked_at", Integer),
            ("waiting", Integer),
            ("admission", Bytes),
        ],
        key: &["id"],
        from: "terminal",
    },
    Table {
        name: "code",
        columns: &[
            ("handle", Bytes),
            ("office", Text),
            ("made_by", Text),
            ("proof", Bytes),
            ("answer", Bytes),
            ("chest", Bytes),
            ("new_key", Integer),
            ("made_at", Integer),
            ("expires_at", Integer),
            ("tries", Integer),
            ("used_at", Integer),
            ("used_by", Text),
        ],
        key: &["handle"],
        from: "code",
    },
    Table {
        name: "chest",
        columns: &[("office", Text), ("sealed", Bytes), ("made_at", Integer)],
        key: &["office"],
        from: "chest",
    },
    Table {
        name: "account",
        columns: &[
            ("office", Text),
            ("\"user\"", Text),
            ("role", Text),
            ("password", Text),
            ("created_at", Integer),
            ("failures", Integer),
            ("locked_until", Integer),
            ("last_login_at", Integer),
        ],
        key: &["office", "\"user\""],
        from: "account",
    },
    Table {
        name: "session",
        columns: &[("id", Integer), ("office", Text), ("\"user\"", Text), ("terminal", Text), ("began_at", Integer)],
        key: &["id"],
        from: "session",
    },
    Table {
        name: "token",
        columns: &[("hash", Bytes), ("session", Integer), ("kind", Text), ("given_for", Bytes), ("until", Integer)],
        key: &["hash"],
        from: "token",
    },
    Table {
        name: "parcel",
        columns: &[
            ("seq", Integer),
            ("id", Text),
            ("sender", Text),
            ("receiver", Text),
            ("digest", Text),
            ("size", Integer),
            ("accepted_at", Integer),
            ("changed", Integer),
            ("removed_at", Integer),
            ("overdue_at", Integer),
        ],
        key: &["seq"],
        from: "parcel",
    },
    Table {
        name: "body",
        columns: &[("seq", Integer), ("at", Integer), ("sealed", Bytes)],
        key: &["seq"],
        from: "(SELECT body.seq, accepted_at AS at, sealed FROM body JOIN parcel ON parcel.seq = body.seq) AS body",
    },
    Table {
        name: "upload",
        columns: &[
            ("number", Integer),
            ("id", Text),
            ("sender", Text),
            ("receiver", Text),
            ("digest", Text),
            ("size", Integer),
            ("began_at", Integer),
            ("parcel", Integer),
        ],
        key: &["number"],
        from: "upload",
    },
    Table {
        name: "part",
        columns: &[("upload", Integer), ("number", Integer), ("at", Integer), ("sealed", Bytes)],
        key: &["upload", "number"],
        from: "(SELECT upload, part.number, began_at AS at, sealed FROM part JOIN upload ON upload.number = upload) AS part",
    },
    Table {
        name: "receipt",
        columns: &[("parcel", Integer), ("step", Text), ("received_at", Integer), ("signed", Bytes)],
        key: &["parcel", "step"],
        from: "receipt",
    },
    Table {
        name: "claim",
        columns: &[("parcel", Integer), ("holder", Text), ("since", Integer)],
        key: &["parcel"],
        from: "claim",
    },
    Table {
        name: "mark",
        columns: &[("seq", Integer), ("office", Text), ("at", Integer), ("sealed", Bytes)],
        key: &["seq"],
        from: "mark",
    },
    Table {
        name: "cursor",
        columns: &[("terminal", Text), ("office", Text), ("inbox", Integer), ("at", Integer)],
        key: &["terminal"],
        from: "cursor",
    },
    Table {
        name: "audit",
        columns: &[
            ("seq", Integer),
            ("at", Integer),
            ("who", Text),
            ("terminal", Text),
            ("action", Text),
            ("subject", Text),
            ("result", Text),
            ("prev_hash", Text),
            ("hash", Text),
        ],
        key: &["seq"],
        from: "audit",
    },
    Table { name: "counter", columns: &[("name", Text), ("value", Integer)], key: &["name"], from: "counter" },
    Table {
        name: "audit_head",
        columns: &[("only_one", Integer), ("lines", Integer), ("hash", Text)],
        key: &["only_one"],
        from: "audit_head",
    },
];

/// Tables that give out numbers of their own, and the column.
const NUMBERED: [(&str, &str); 4] = [("parcel", "seq"), ("upload", "number"), ("session", "id"), ("mark", "seq")];

/// A table that was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub table: &'static str,
    pub rows: u64,
    /// SHA-256 over every row, the same in both.
    pub digest: String,
}

/// Why a move did not come about. Nothing is in the target then.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error("there is something in the target already")]
    NotEmpty,
    #[error("{table} is not the same in both: {there} and {here} rows")]
    Differs { table: &'static str, there: u64, here: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far ahead a hub counts on: more than any gives out between a backup and a loss.
const AHEAD: i64 = 1_000_000_000;

/// See [`super::Store::count_on_from_far_ahead`]. What the hub alone counts by stays.
pub(in crate::hub) fn move_ahead(connection: &Connection) -> Result<(), StoreError> {
    for (table, column) in NUMBERED {
        let last = connection.last_number(table)?.saturating_add(AHEAD.unsigned_abs());
        match connection.engine() {
            Engine::Sqlite => {
                let moved = "UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1";
                if connection.execute("count on", moved, values![table, last])? == 0 {
                    let begin = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
                    connection.execute("count on", begin, values![table, last])?;
                }
            }
            Engine::Postgres => {
                let moved = format!("SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {last})");
                connection.exists("count on", &moved, values![])?;
            }
        }
    }
    let counters = "UPDATE counter SET value = value + ?1 WHERE name NOT IN ('overdue', 'health')";
    connection.execute("count on", counters, values![AHEAD]).map(|_| ())
}

/// Takes everything over. To be called in a transaction of the target's and at one moment of the source.
pub(super) fn take_over(source: &Connection, target: &Connection) -> Result<Vec<Moved>, MoveError> {
    for table in ["office", "parcel", "audit"] {
        if target.exists("is it empty", &format!("SELECT 1 FROM {table} LIMIT 1"), values![])? {
            return Err(MoveError::NotEmpty);
        }
    }
    let mut moved = Vec::new();
    for table in TABLES {
        let there = table.copy(source, target)?;
        let here = table.digest(target)?;
        if there != here {
            return Err(MoveError::Differs { table: table.name, there: there.0, here: here.0 });
        }
        moved.push(Moved { table: table.name, rows: there.0, digest: there.1 });
    }
    // What came in while it was moved did not change just now.
    source.each("places in the directory", "SELECT number, changed FROM office ORDER BY number", values![], |row| {
        let place = "UPDATE office SET changed = ?2 WHERE number = ?1";
        let (number, changed): (String, i64) = (row.get(0)?, row.get(1)?);
        target.execute("place in the directory", place, values![&number, changed]).map(|_| ())
    })?;
    for (table, column) in NUMBERED {
        let last = source.last_number(table)?;
        // Numbers that were given out are never given out again, even where their rows are gone.
        let go_on =
            format!("SELECT setval(pg_get_serial_sequence('{table}', '{column}'), greatest({last}, 1), {last} > 0)");
        if target.engine() == Engine::Postgres {
            target.exists("go on counting", &go_on, values![])?;
        }
    }
    Ok(moved)
}

impl Table {
    fn select(&self, from: &str) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        format!("SELECT {} FROM {from} ORDER BY {}", names.join(", "), self.key.join(", "))
    }

    /// How many rows, and the digest of them.
    fn copy(&self, source: &Connection, target: &Connection) -> Result<(u64, String), StoreError> {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let places: Vec<String> = (1..=self.columns.len()).map(|place| format!("?{place}")).collect();
        let clear = matches!(self.name, "counter");
        if clear {
            target.execute("begin with the counters", "DELETE FROM counter", values![])?;
        }
        let insert = match self.name {
            "audit_head" => "UPDATE audit_head SET lines = ?2, hash = ?3 WHERE only_one = ?1 AND lines < ?2".to_owned(),
            name => format!("INSERT INTO {name} ({}) VALUES ({})", names.join(", "), places.join(", ")),
        };
        let (mut rows, mut digest) = (0, DigestOf::default());
        source.each("rows to move", &self.select(self.from), values![], |row| {
            let cells = self.cells(row)?;
            rows += 1;
            add(&mut digest, &cells);
            if let Some(at) = self.columns.iter().position(|(name, _)| *name == "at")
                && ["body", "part"].contains(&self.name)
                && let Some(Cell::Integer(Some(millis))) = cells.get(at)
                && let Ok(at) = Timestamp::from_millisecond(*millis)
            {
                target.make_room(at).map_err(|source| StoreError::Statement { statement: "make room", source })?;
            }
            let values: Vec<Value<'_>> = cells.iter().map(Cell::value).collect();
            target.execute("move a row", &insert, &values).map(|_| ())
        })?;
        Ok((rows, digest.hex()))
    }

    /// Page by page: PostgreSQL hands an answer over whole.
    fn digest(&self, target: &Connection) -> Result<(u64, String), StoreError> {
        let (mut rows, mut digest) = (0, DigestOf::default());
        if !matches!(self.name, "body" | "part" | "parcel" | "audit" | "mark") {
            target.each("rows that were moved", &self.select(self.name), values![], |row| {
                rows += 1;
                add(&mut digest, &self.cells(row)?);
                Ok(())
            })?;
            return Ok((rows, digest.hex()));
        }
        let keys: Vec<usize> =
            self.key.iter().filter_map(|key| self.columns.iter().position(|(name, _)| name == key)).collect();
        let places: Vec<String> = (1..=keys.len()).map(|place| format!("?{place}")).collect();
        let (key, places) = (self.key.join(", "), places.join(", "));
        let page = format!("(SELECT * FROM {} WHERE ({key}) > ({places}) ORDER BY {key} LIMIT 100) AS page", self.name);
        let (select, mut after, mut more) = (self.select(&page), vec![-1; keys.len()], true);
        while more {
            more = false;
            let values: Vec<Value<'_>> = after.iter().map(|key: &i64| Value::Integer(*key)).collect();
            target.each("rows that were moved", &select, &values, |row| {
                (rows, more) = (rows + 1, true);
                add(&mut digest, &self.cells(row)?);
                after = keys.iter().map(|at| row.get(*at)).collect::<Result<_, _>>()?;
                Ok(())
            })?;
        }
        Ok((rows, digest.hex()))
    }

    fn cells(&self, row: &Row<'_>) -> Result<Vec<Cell>, StoreError> {
        let cell = |(at, (_, kind)): (usize, &(&str, Kind))| {
            Ok(match kind {
                Integer => Cell::Integer(row.maybe(at)?),
                Text => Cell::Text(row.maybe(at)?),
                Bytes => Cell::Bytes(row.maybe(at)?),
            })
        };
        self.columns.iter().enumerate().map(cell).collect()
    }
}

enum Cell {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Cell {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Integer(number) => (*number).into(),
            Self::Text(text) => text.as_ref().into(),
            Self::Bytes(bytes) => bytes.as_ref().into(),
        }
    }
}

/// Each cell with its length, so that no two rows have the same bytes.
fn add(digest: &mut DigestOf, cells: &[Cell]) {
    let mut put = |bytes: Option<&[u8]>| match bytes {
        Some(bytes) => {
            digest.add(&(bytes.len() as u64).to_be_bytes());
            digest.add(bytes);
        }
        None => digest.add(&u64::MAX.to_be_bytes()),
    };
    for cell in cells {
        match cell {
            Cell::Integer(number) => put(number.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice)),
            Cell::Text(text) => put(text.as_deref().map(str::as_bytes)),
            Cell::Bytes(bytes) => put(bytes.as_deref()),
        }
    }
}
