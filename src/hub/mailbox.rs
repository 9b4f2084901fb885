//! Parcels waiting to be fetched: put once, listed by cursor, kept with their receipts.

use axum::body::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::audit::{self, Actor, DONE};
use super::directory;
use super::stores::sqlite::{Named as _, Store, StoreError};
use crate::parcel::{ParcelId, ReceiptStep};
use crate::standard::OfficeNumber;
use crate::wire::{Accepted, Binary, InboxEntry, InboxPage, PART_BYTES, SentEntry, SentPage, SignedReceipt};

/// Most entries one page of a list carries.
const PAGE: u32 = 200;

/// A sealed parcel as it came in; the digest has been compared with the bytes.
#[derive(Debug)]
pub struct Incoming {
    pub id: ParcelId,
    pub sender: OfficeNumber,
    pub receiver: OfficeNumber,
    pub digest: String,
    pub sealed: Bytes,
    /// Who hands it over.
    pub by: Actor,
}

/// What became of a put.
#[derive(Debug, PartialEq, Eq)]
pub enum Put {
    New(Accepted),
    /// The same parcel again: the first answer.
    Repeat(Accepted),
    /// The id was used for something else before.
    Taken,
    /// The receiver is not registered, or has no certificate that is good now.
    ReceiverUnknown,
}

/// What became of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    New,
    Repeat,
}

/// A parcel's outside: what the hub knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    pub seq: i64,
    pub sender: OfficeNumber,
    pub receiver: OfficeNumber,
    pub digest: String,
    pub size: u64,
    /// Its body is not kept any more.
    pub removed: bool,
}

/// Keeps a parcel. Durable when this returns; idempotent by id: what was accepted once is answered the same for ever,
/// whatever became of its receiver since. The receiver is looked at where the parcel is written, so that none is accepted
/// after its receiver was withdrawn.
pub async fn put(store: &Store, parcel: Incoming, now: Timestamp) -> Result<Put, StoreError> {
    store
        .write(move |connection| {
            if let Some((outside, accepted)) = accepted_before(connection, parcel.id)? {
                let same = outside.sender == parcel.sender
                    && outside.receiver == parcel.receiver
                    && outside.digest == parcel.digest;
                return Ok(if same { Put::Repeat(accepted) } else { Put::Taken });
            }
            if !directory::can_receive(connection, parcel.receiver, now)? {
                return Ok(Put::ReceiverUnknown);
            }
            let size = parcel.sealed.len() as u64;
            let outside = NewParcel {
                id: parcel.id,
                sender: parcel.sender,
                receiver: parcel.receiver,
                digest: &parcel.digest,
                size,
            };
            let (seq, accepted) = insert(connection, &outside, &parcel.by, now)?;
            connection
                .prepare_cached("INSERT INTO body (seq, sealed) VALUES (?1, ?2)")
                .and_then(|mut insert| insert.execute(params![seq, parcel.sealed.as_ref()]))
                .named("insert body")?;
            Ok(Put::New(accepted))
        })
        .await
}

/// What a parcel's row is made of.
pub(super) struct NewParcel<'a> {
    pub id: ParcelId,
    pub sender: OfficeNumber,
    pub receiver: OfficeNumber,
    pub digest: &'a str,
    pub size: u64,
}

/// The row of a parcel that is accepted now, without its body.
pub(super) fn insert(
    connection: &Connection,
    parcel: &NewParcel<'_>,
    by: &Actor,
    now: Timestamp,
) -> Result<(i64, Accepted), StoreError> {
    let changed = next_change(connection)?;
    let seq = connection
        .prepare_cached(
            "INSERT INTO parcel (id, sender, receiver, digest, size, accepted_at, changed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .and_then(|mut statement| {
            statement.insert(params![
                parcel.id.to_string(),
                parcel.sender.as_str(),
                parcel.receiver.as_str(),
                parcel.digest,
                parcel.size,
                now.as_millisecond(),
                changed
            ])
        })
        .named("insert parcel")?;
    audit::record(connection, by, "put-parcel", &parcel.id.to_string(), DONE, now)?;
    // What is answered now must be what a repeat will read back: whole milliseconds.
    let accepted_at = whole_millis(now);
    Ok((seq, Accepted { id: parcel.id, digest: parcel.digest.to_owned(), size: parcel.size, accepted_at }))
}

/// What came for an office after `after`, oldest first.
pub async fn inbox(store: &Store, office: OfficeNumber, after: u64) -> Result<InboxPage, StoreError> {
    store
        .read(move |connection| {
            let mut page = InboxPage { parcels: Vec::new(), next: after, heads: None };
            let mut statement = connection
                .prepare_cached(
                    "SELECT seq, id, sender, digest, size, accepted_at FROM parcel
                     WHERE receiver = ?1 AND seq > ?2 AND removed_at IS NULL ORDER BY seq LIMIT ?3",
                )
                .named("inbox")?;
            let mut rows = statement.query(params![office.as_str(), after, PAGE]).named("inbox")?;
            while let Some(row) = rows.next().named("inbox")? {
                page.next = row.get(0).named("inbox")?;
                page.parcels.push(InboxEntry {
                    id: parsed(row, 1)?,
                    from: parsed(row, 2)?,
                    digest: row.get(3).named("inbox")?,
                    size: row.get(4).named("inbox")?,
                    accepted_at: time(row, 5)?,
                    receipts: receipts(connection, row.get(0).named("inbox")?)?,
                });
            }
            if page.parcels.is_empty() {
                page.next = after.min(last(connection, "SELECT seq FROM sqlite_sequence WHERE name = 'parcel'")?);
            }
            Ok(page)
        })
        .await
}

/// How far a list goes. Whoever is further was told so by a hub that has lost what came after its last backup, or that
/// lied; the answer brings it back.
fn last(connection: &Connection, select: &'static str) -> Result<u64, StoreError> {
    let found =
        connection.prepare_cached(select).and_then(|mut select| select.query_row([], |row| row.get(0)).optional());
    Ok(found.named("end of a list")?.unwrap_or(0))
}

/// An office's own parcels that changed after `after`.
pub async fn sent(store: &Store, office: OfficeNumber, after: u64) -> Result<SentPage, StoreError> {
    store
        .read(move |connection| {
            let mut page = SentPage { parcels: Vec::new(), next: after };
            let mut statement = connection
                .prepare_cached(
                    "SELECT seq, id, receiver, digest, size, accepted_at, changed, overdue_at FROM parcel
                     WHERE sender = ?1 AND changed > ?2 ORDER BY changed LIMIT ?3",
                )
                .named("sent")?;
            let mut rows = statement.query(params![office.as_str(), after, PAGE]).named("sent")?;
            while let Some(row) = rows.next().named("sent")? {
                page.next = row.get(6).named("sent")?;
                let receipts = receipts(connection, row.get(0).named("sent")?)?;
                // Told only for as long as it is so.
                let lies = receipts.is_empty() && row.get::<_, Option<i64>>(7).named("sent")?.is_some();
                page.parcels.push(SentEntry {
                    id: parsed(row, 1)?,
                    to: parsed(row, 2)?,
                    digest: row.get(3).named("sent")?,
                    size: row.get(4).named("sent")?,
                    accepted_at: time(row, 5)?,
                    receipts,
                    overdue_since: if lies { Some(time(row, 7)?) } else { None },
                });
            }
            if page.parcels.is_empty() {
                page.next = after.min(last(connection, "SELECT value FROM counter WHERE name = 'changed'")?);
            }
            Ok(page)
        })
        .await
}

/// The outside of a parcel, whoever's it is; the caller compares.
pub async fn outside(store: &Store, id: ParcelId) -> Result<Option<Outside>, StoreError> {
    store.read(move |connection| Ok(accepted_before(connection, id)?.map(|(outside, _)| outside))).await
}

/// A piece of the sealed bytes, at most one part long and never across the end of a part; `None` when they are not there.
pub async fn piece(store: &Store, seq: i64, from: u64, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
    store.read(move |connection| piece_now(connection, seq, from, most)).await
}

/// As [`piece`], on a connection.
pub fn piece_now(connection: &Connection, seq: i64, from: u64, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let length = most.min(PART_BYTES - from % PART_BYTES);
    // SQLite says that a piece of nothing is no piece.
    let bytes = |row: &rusqlite::Row<'_>| Ok(row.get::<_, Option<Vec<u8>>>(0)?.unwrap_or_default());
    let whole = connection
        .prepare_cached("SELECT substr(sealed, ?2, ?3) FROM body WHERE seq = ?1")
        .and_then(|mut select| select.query_row(params![seq, from + 1, length], bytes).optional())
        .named("piece of a body")?;
    if whole.is_some() {
        return Ok(whole);
    }
    connection
        .prepare_cached(
            "SELECT substr(sealed, ?3, ?4) FROM part JOIN upload ON upload.number = part.upload
             WHERE upload.parcel = ?1 AND part.number = ?2",
        )
        .and_then(|mut select| {
            let values = params![seq, from / PART_BYTES, from % PART_BYTES + 1, length];
            select.query_row(values, bytes).optional()
        })
        .named("piece of a part")
}

/// Keeps a receipt whose signature was verified, and moves the parcel on in its sender's list.
pub async fn note(
    store: &Store,
    parcel: i64,
    step: ReceiptStep,
    signed: Vec<u8>,
    by: Actor,
    now: Timestamp,
) -> Result<Noted, StoreError> {
    store
        .write(move |connection| {
            let new = connection
                .prepare_cached(
                    "INSERT INTO receipt (parcel, step, received_at, signed) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (parcel, step) DO NOTHING",
                )
                .and_then(|mut insert| insert.execute(params![parcel, step.as_str(), now.as_millisecond(), signed]))
                .named("insert receipt")?;
            if new == 0 {
                return Ok(Noted::Repeat);
            }
            let changed = next_change(connection)?;
            let id: String = connection
                .prepare_cached("UPDATE parcel SET changed = ?2 WHERE seq = ?1 RETURNING id")
                .and_then(|mut update| update.query_row(params![parcel, changed], |row| row.get(0)))
                .named("move sent cursor")?;
            let action = match step {
                ReceiptStep::Delivered => "receipt-delivered",
                ReceiptStep::Opened => "receipt-opened",
                ReceiptStep::Imported => "receipt-imported",
                ReceiptStep::Refused => "receipt-refused",
            };
            audit::record(connection, &by, action, &id, DONE, now)?;
            Ok(Noted::New)
        })
        .await
}

pub(super) fn accepted_before(
    connection: &Connection,
    id: ParcelId,
) -> Result<Option<(Outside, Accepted)>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT seq, sender, receiver, digest, size, accepted_at, removed_at IS NOT NULL FROM parcel WHERE id = ?1",
        )
        .named("find parcel")?;
    let mut rows = statement.query([id.to_string()]).named("find parcel")?;
    let Some(row) = rows.next().named("find parcel")? else { return Ok(None) };
    let outside = Outside {
        seq: row.get(0).named("find parcel")?,
        sender: parsed(row, 1)?,
        receiver: parsed(row, 2)?,
        digest: row.get(3).named("find parcel")?,
        size: row.get(4).named("find parcel")?,
        removed: row.get(6).named("find parcel")?,
    };
    let accepted = Accepted { id, digest: outside.digest.clone(), size: outside.size, accepted_at: time(row, 5)? };
    Ok(Some((outside, accepted)))
}

fn receipts(connection: &Connection, parcel: i64) -> Result<Vec<SignedReceipt>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT step, signed FROM receipt WHERE parcel = ?1 ORDER BY received_at, step")
        .named("receipts")?;
    let mut rows = statement.query([parcel]).named("receipts")?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().named("receipts")? {
        found.push(SignedReceipt { step: parsed(row, 0)?, signed: Binary(row.get(1).named("receipts")?) });
    }
    Ok(found)
}

/// The next value of the sent cursor. The one writer makes it rise in the order of commits.
pub(super) fn next_change(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .prepare_cached("UPDATE counter SET value = value + 1 WHERE name = 'changed' RETURNING value")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .named("next change")
}

pub(super) fn whole_millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// A column that holds one of our identifiers.
pub(super) fn parsed<T>(row: &rusqlite::Row<'_>, column: usize) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column).named("read column")?;
    text.parse()
        .map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
        })
        .named("read column")
}

/// A column of milliseconds.
pub(super) fn time(row: &rusqlite::Row<'_>, column: usize) -> Result<Timestamp, StoreError> {
    let millis: i64 = row.get(column).named("read column")?;
    Timestamp::from_millisecond(millis)
        .map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Integer, Box::new(error))
        })
        .named("read column")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parcel::sha256_hex;

    const NOW: &str = "2026-06-01T00:00:00Z";

    /// A store with a south that can receive until 2028, and a parcel of north's to it.
    async fn store() -> (tempfile::TempDir, Store, impl Fn(&[u8]) -> Incoming) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("hub.db")).unwrap();
        let [north, south] = ["3100000001", "3100000002"].map(|office| office.parse().unwrap());
        let (now, until) = (at(NOW), at("2028-06-01T00:00:00Z"));
        store
            .write(move |c| {
                directory::register(c, north, "11".parse().unwrap(), "北", now)?;
                directory::register(c, south, "43".parse().unwrap(), "南", now)?;
                directory::add_certificate(c, south, "0a", b"der", until, now)
            })
            .await
            .unwrap();
        let id = ParcelId::new();
        let parcel = move |sealed: &[u8]| Incoming {
            id,
            sender: north,
            receiver: south,
            digest: sha256_hex(sealed),
            sealed: Bytes::copy_from_slice(sealed),
            by: Actor::hub(),
        };
        (dir, store, parcel)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_repeat_of_an_accepted_parcel_is_accepted_when_its_receiver_can_receive_no_more() {
        let (_dir, store, parcel) = store().await;
        let Put::New(accepted) = put(&store, parcel(b"sealed"), at(NOW)).await.unwrap() else { panic!("not new") };
        let later = at("2029-01-01T00:00:00Z");
        assert_eq!(put(&store, parcel(b"sealed"), later).await.unwrap(), Put::Repeat(accepted));
        assert_eq!(put(&store, parcel(b"another"), later).await.unwrap(), Put::Taken);
        let new = Incoming { id: ParcelId::new(), ..parcel(b"sealed") };
        assert_eq!(put(&store, new, later).await.unwrap(), Put::ReceiverUnknown);
    }

    #[tokio::test]
    async fn nothing_is_accepted_for_a_receiver_that_was_withdrawn() {
        let (_dir, store, parcel) = store().await;
        let south = parcel(b"").receiver;
        store.write(move |c| directory::revoke(c, south, at(NOW))).await.unwrap();
        assert_eq!(put(&store, parcel(b"sealed"), at(NOW)).await.unwrap(), Put::ReceiverUnknown);
        assert!(inbox(&store, south, 0).await.unwrap().parcels.is_empty());
    }
}
