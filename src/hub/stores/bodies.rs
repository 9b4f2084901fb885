//! Where the sealed bytes of parcels lie: a whole one in one row, a large one in parts.
//!
//! In PostgreSQL they lie in partitions, one for each week they came in, so that nobody has to remove them one by one: a
//! partition is dropped when all in it are over ([`drop_over`]). A row is looked for in its own week only.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::StoreError;
use super::database::{Connection, Engine, Row, Value, values};
use super::postgres::{WEEK, partition};

/// Where a whole body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The parcel's.
    pub seq: i64,
    /// When it was accepted.
    pub at: Timestamp,
}

/// Where the parts of an upload are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartsPlace {
    pub upload: i64,
    /// When it was begun.
    pub at: Timestamp,
}

/// A large parcel is accepted at most so much later than it was begun.
const LONGEST_UPLOAD: SignedDuration = SignedDuration::from_hours(48);

/// A statement that ends with its condition, in the week of `at` only.
fn within<'a>(
    connection: &Connection,
    at: Timestamp,
    sql: &'a str,
    mut values: Vec<Value<'a>>,
) -> (Cow<'a, str>, Vec<Value<'a>>) {
    match connection.engine() {
        Engine::Sqlite => (sql.into(), values),
        Engine::Postgres => {
            values.push(at.into());
            (format!("{sql} AND at = ?{}", values.len()).into(), values)
        }
    }
}

fn make_room(connection: &Connection, at: Timestamp) -> Result<(), StoreError> {
    connection.make_room(at).map_err(|source| StoreError::Statement { statement: "make room", source })
}

/// Keeps a body.
pub fn keep(connection: &Connection, place: Place, sealed: &[u8]) -> Result<(), StoreError> {
    make_room(connection, place.at)?;
    let Place { seq, at } = place;
    let kept = match connection.engine() {
        Engine::Sqlite => {
            connection.execute("keep body", "INSERT INTO body (seq, sealed) VALUES (?1, ?2)", values![seq, sealed])
        }
        Engine::Postgres => {
            let keep = "INSERT INTO body (seq, at, sealed) VALUES (?1, ?2, ?3)";
            connection.execute("keep body", keep, values![seq, at, sealed])
        }
    };
    kept.map(|_| ())
}

/// Keeps a part; one that is there stays as it is.
pub fn keep_part(connection: &Connection, place: PartsPlace, part: u64, sealed: &[u8]) -> Result<(), StoreError> {
    make_room(connection, place.at)?;
    let PartsPlace { upload, at } = place;
    let kept = match connection.engine() {
        Engine::Sqlite => {
            let keep = "INSERT INTO part (upload, number, sealed) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            connection.execute("keep part", keep, values![upload, part, sealed])
        }
        Engine::Postgres => {
            let keep = "INSERT INTO part (upload, number, at, sealed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
            connection.execute("keep part", keep, values![upload, part, at, sealed])
        }
    };
    kept.map(|_| ())
}

/// So many bytes of a body, from this one on.
pub fn piece(connection: &Connection, place: Place, from: u64, length: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let piece = "SELECT substr(sealed, ?2, ?3) FROM body WHERE seq = ?1";
    let (piece, values) = within(connection, place.at, piece, vec![place.seq.into(), (from + 1).into(), length.into()]);
    connection.find("piece of a body", &piece, &values, bytes)
}

/// The same of one part.
pub fn piece_of_part(
    connection: &Connection,
    place: PartsPlace,
    part: u64,
    from: u64,
    length: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let piece = "SELECT substr(sealed, ?3, ?4) FROM part WHERE upload = ?1 AND number = ?2";
    let values = vec![place.upload.into(), part.into(), (from + 1).into(), length.into()];
    let (piece, values) = within(connection, place.at, piece, values);
    connection.find("piece of a part", &piece, &values, bytes)
}

/// SQLite says that a piece of nothing is no piece.
fn bytes(row: &Row<'_>) -> Result<Vec<u8>, StoreError> {
    Ok(row.maybe(0)?.unwrap_or_default())
}

/// The numbers of the parts that are there, in order.
pub fn parts(connection: &Connection, place: PartsPlace) -> Result<Vec<u64>, StoreError> {
    let numbers = "SELECT number FROM part WHERE upload = ?1";
    let (numbers, values) = within(connection, place.at, numbers, vec![place.upload.into()]);
    let mut numbers = connection.all("numbers of parts", &numbers, &values, |row| row.get(0))?;
    numbers.sort_unstable();
    Ok(numbers)
}

/// Shows one part.
pub fn look_at_part(
    connection: &Connection,
    place: PartsPlace,
    part: u64,
    mut look: impl FnMut(&[u8]),
) -> Result<(), StoreError> {
    let part_of = "SELECT sealed FROM part WHERE upload = ?1 AND number = ?2";
    let (part_of, values) = within(connection, place.at, part_of, vec![place.upload.into(), part.into()]);
    connection.each("part", &part_of, &values, |row| {
        look(row.bytes(0)?);
        Ok(())
    })
}

/// The time of a body is over. In PostgreSQL its bytes go with their week.
pub fn expire(connection: &Connection, place: Place) -> Result<(), StoreError> {
    match connection.engine() {
        Engine::Sqlite => {
            connection.execute("remove body", "DELETE FROM body WHERE seq = ?1", values![place.seq]).map(|_| ())
        }
        Engine::Postgres => Ok(()),
    }
}

/// The parts of an upload go, at once.
pub fn remove_parts(connection: &Connection, place: PartsPlace) -> Result<(), StoreError> {
    let remove = "DELETE FROM part WHERE upload = ?1";
    let (remove, values) = within(connection, place.at, remove, vec![place.upload.into()]);
    connection.execute("remove parts", &remove, &values).map(|_| ())
}

/// Drops the oldest week of which nothing is kept any more, if there is one. Where there are no partitions, there is none.
pub fn drop_over(connection: &Connection, before: Timestamp) -> Result<bool, StoreError> {
    if connection.engine() == Engine::Sqlite {
        return Ok(false);
    }
    let mut weeks: Vec<i64> = connection.all(
        "partitions",
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = CAST('body' AS regclass)",
        values![],
        |row| Ok(row.get::<String>(0)?.strip_prefix("body_w").and_then(|week| week.parse().ok()).unwrap_or(i64::MAX)),
    )?;
    weeks.sort_unstable();
    let Some(week) = weeks.first().copied().filter(|week| *week < before.as_millisecond().div_euclid(WEEK)) else {
        return Ok(false);
    };
    let end = (week + 1) * WEEK;
    // What was begun in that week may have been accepted a little later.
    let accepted = end + i64::try_from(LONGEST_UPLOAD.as_millis()).unwrap_or_default();
    let kept = connection.exists(
        "anything kept",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM parcel WHERE removed_at IS NULL AND accepted_at < ?1)
                  OR EXISTS (SELECT 1 FROM upload WHERE parcel IS NULL AND began_at < ?2)",
        values![accepted, end],
    )?;
    if kept {
        return Ok(false);
    }
    // Whoever reads just now is not held up for long; it is tried again with the next sweep.
    let (body, part) = (partition("body", week), partition("part", week));
    let drop = format!("SET LOCAL lock_timeout = '1s'; DROP TABLE {body}; DROP TABLE {part}");
    connection.script("drop a week's partitions", &drop)?;
    Ok(true)
}
