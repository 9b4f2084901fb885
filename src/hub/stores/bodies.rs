//! Where the sealed bytes of parcels lie: a whole one in one row, a large one in parts.

use jiff::Timestamp;

use super::StoreError;
use super::database::{Connection, Row, values};

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

/// Keeps a body.
pub fn keep(connection: &Connection, place: Place, sealed: &[u8]) -> Result<(), StoreError> {
    let keep = "INSERT INTO body (seq, sealed) VALUES (?1, ?2)";
    connection.execute("keep body", keep, values![place.seq, sealed]).map(|_| ())
}

/// Keeps a part; one that is there stays as it is.
pub fn keep_part(connection: &Connection, place: PartsPlace, part: u64, sealed: &[u8]) -> Result<(), StoreError> {
    let keep = "INSERT INTO part (upload, number, sealed) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    connection.execute("keep part", keep, values![place.upload, part, sealed]).map(|_| ())
}

/// So many bytes of a body, from this one on.
pub fn piece(connection: &Connection, place: Place, from: u64, length: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let piece = "SELECT substr(sealed, ?2, ?3) FROM body WHERE seq = ?1";
    connection.find("piece of a body", piece, values![place.seq, from + 1, length], bytes)
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
    connection.find("piece of a part", piece, values![place.upload, part, from + 1, length], bytes)
}

/// SQLite says that a piece of nothing is no piece.
fn bytes(row: &Row<'_>) -> Result<Vec<u8>, StoreError> {
    Ok(row.maybe(0)?.unwrap_or_default())
}

/// The numbers of the parts that are there, in order.
pub fn parts(connection: &Connection, place: PartsPlace) -> Result<Vec<u64>, StoreError> {
    let numbers = "SELECT number FROM part WHERE upload = ?1 ORDER BY number";
    connection.all("numbers of parts", numbers, values![place.upload], |row| row.get(0))
}

/// Shows one part.
pub fn look_at_part(
    connection: &Connection,
    place: PartsPlace,
    part: u64,
    look: impl FnMut(&[u8]),
) -> Result<(), StoreError> {
    let mut look = look;
    let part_of = "SELECT sealed FROM part WHERE upload = ?1 AND number = ?2";
    connection.each("part", part_of, values![place.upload, part], |row| {
        look(row.bytes(0)?);
        Ok(())
    })
}

/// A body goes.
pub fn remove(connection: &Connection, place: Place) -> Result<(), StoreError> {
    connection.execute("remove body", "DELETE FROM body WHERE seq = ?1", values![place.seq]).map(|_| ())
}

/// The parts of an upload go.
pub fn remove_parts(connection: &Connection, place: PartsPlace) -> Result<(), StoreError> {
    connection.execute("remove parts", "DELETE FROM part WHERE upload = ?1", values![place.upload]).map(|_| ())
}
