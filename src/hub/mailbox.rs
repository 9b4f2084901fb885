//! Parcels waiting to be fetched: put once, listed by cursor, kept with their receipts.

use axum::body::Bytes;
use jiff::Timestamp;

use super::audit::{self, Actor, DONE};
use super::directory::CAN_RECEIVE;
use super::stores::bodies::{self, PartsPlace, Place};
use super::stores::{Connection, Row, Store, StoreError, values};
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
    pub accepted_at: Timestamp,
    /// Its body is not kept any more.
    pub removed: bool,
}

impl Outside {
    /// Whether it is this one, handed over again.
    pub(super) fn is(&self, parcel: &NewParcel<'_>) -> bool {
        let NewParcel { id: _, sender, receiver, digest, size } = *parcel;
        (self.sender, self.receiver, self.digest.as_str(), self.size) == (sender, receiver, digest, size)
    }

    /// Where its body lies.
    pub fn place(&self) -> Place {
        Place { seq: self.seq, at: self.accepted_at }
    }
}

/// Keeps a parcel. Durable when this returns; idempotent by id: what was accepted once is answered the same for ever,
/// whatever became of its receiver since. The receiver is looked at where the parcel is written, so that none is accepted
/// after its receiver was withdrawn.
pub async fn put(store: &Store, parcel: Incoming, now: Timestamp) -> Result<Put, StoreError> {
    store
        .write(move |connection| {
            let outside = NewParcel {
                id: parcel.id,
                sender: parcel.sender,
                receiver: parcel.receiver,
                digest: &parcel.digest,
                size: parcel.sealed.len() as u64,
            };
            let Some(changed) = place_of(connection, &outside, now)? else {
                return Ok(match accepted_before(connection, parcel.id)? {
                    Some((before, accepted)) if before.is(&outside) => Put::Repeat(accepted),
                    Some(_) => Put::Taken,
                    None => Put::ReceiverUnknown,
                });
            };
            let (seq, accepted) = insert(connection, &outside, changed, &parcel.by, now)?;
            bodies::keep(connection, Place { seq, at: accepted.accepted_at }, &parcel.sealed)?;
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

/// The place in its sender's list of a parcel that can be accepted now; `None` when one of its id was before, or nobody is
/// there to receive it. One question, since each costs a way to the database and back.
fn place_of(connection: &Connection, parcel: &NewParcel<'_>, now: Timestamp) -> Result<Option<i64>, StoreError> {
    let place = format!(
        "UPDATE counter SET value = value + 1 WHERE name = 'changed'
         AND NOT EXISTS (SELECT 1 FROM parcel WHERE id = ?3) AND EXISTS ({CAN_RECEIVE}) RETURNING value"
    );
    connection
        .find("place of a parcel", &place, values![&parcel.receiver, now, &parcel.id.to_string()], |row| row.get(0))
}

/// The row of a parcel that is accepted now, without its body.
pub(super) fn insert(
    connection: &Connection,
    parcel: &NewParcel<'_>,
    changed: i64,
    by: &Actor,
    now: Timestamp,
) -> Result<(i64, Accepted), StoreError> {
    let seq = connection.one(
        "insert parcel",
        "INSERT INTO parcel (id, sender, receiver, digest, size, accepted_at, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING seq",
        values![&parcel.id.to_string(), &parcel.sender, &parcel.receiver, parcel.digest, parcel.size, now, changed],
        |row| row.get(0),
    )?;
    audit::record(connection, by, "put-parcel", &parcel.id.to_string(), DONE, now)?;
    // What is answered now must be what a repeat will read back: whole milliseconds.
    let accepted_at = whole_millis(now);
    Ok((seq, Accepted { id: parcel.id, digest: parcel.digest.to_owned(), size: parcel.size, accepted_at }))
}

/// What came for an office after `after`, oldest first. Whoever is further than the list goes was told so by a hub that
/// has lost what came after its last backup, or that lied; the answer brings it back.
pub async fn inbox(store: &Store, office: OfficeNumber, after: u64) -> Result<InboxPage, StoreError> {
    store.read(move |connection| inbox_now(connection, office, after)).await
}

/// As [`inbox`], on a connection.
pub fn inbox_now(connection: &Connection, office: OfficeNumber, after: u64) -> Result<InboxPage, StoreError> {
    let mut page = InboxPage { parcels: Vec::new(), next: after, heads: None };
    let news = connection.is_after("receiver", "seq");
    // Not `removed_at IS NULL`: the index over those alone is a way for PostgreSQL, too, through everybody's.
    connection.each(
        "inbox",
        &format!(
            "SELECT seq, id, sender, digest, size, accepted_at, step, signed FROM
                 (SELECT receiver, seq, id, sender, digest, size, accepted_at FROM parcel
                  WHERE {news} AND coalesce(removed_at, 0) = 0 ORDER BY receiver, seq LIMIT ?3) AS page
             LEFT JOIN receipt ON receipt.parcel = page.seq ORDER BY receiver, seq, received_at, step"
        ),
        values![&office, after, PAGE],
        |row| {
            let seq = row.get(0)?;
            if page.parcels.is_empty() || page.next != seq {
                page.next = seq;
                page.parcels.push(InboxEntry {
                    id: row.parsed(1)?,
                    from: row.parsed(2)?,
                    digest: row.get(3)?,
                    size: row.get(4)?,
                    accepted_at: row.time(5)?,
                    receipts: Vec::new(),
                });
            }
            let receipt = receipt(row, 6)?;
            if let Some(entry) = page.parcels.last_mut() {
                entry.receipts.extend(receipt);
            }
            Ok(())
        },
    )?;
    if page.parcels.is_empty() {
        page.next = after.min(connection.last_number("parcel")?);
    }
    Ok(page)
}

/// An office's own parcels that changed after `after`.
pub async fn sent(store: &Store, office: OfficeNumber, after: u64) -> Result<SentPage, StoreError> {
    store.read(move |connection| sent_now(connection, office, after)).await
}

/// As [`sent`], on a connection.
pub fn sent_now(connection: &Connection, office: OfficeNumber, after: u64) -> Result<SentPage, StoreError> {
    let mut page = SentPage { parcels: Vec::new(), next: after };
    let news = connection.is_after("sender", "changed");
    connection.each(
        "sent",
        &format!(
            "SELECT id, receiver, digest, size, accepted_at, changed, overdue_at, step, signed FROM
                 (SELECT seq, id, sender, receiver, digest, size, accepted_at, changed, overdue_at FROM parcel
                  WHERE {news} ORDER BY sender, changed LIMIT ?3) AS page
             LEFT JOIN receipt ON receipt.parcel = page.seq ORDER BY sender, changed, received_at, step"
        ),
        values![&office, after, PAGE],
        |row| {
            let (changed, receipt) = (row.get(5)?, receipt(row, 7)?);
            if page.parcels.is_empty() || page.next != changed {
                page.next = changed;
                page.parcels.push(SentEntry {
                    id: row.parsed(0)?,
                    to: row.parsed(1)?,
                    digest: row.get(2)?,
                    size: row.get(3)?,
                    accepted_at: row.time(4)?,
                    receipts: Vec::new(),
                    // Told only for as long as it is so.
                    overdue_since: if receipt.is_none() { row.maybe_time(6)? } else { None },
                });
            }
            if let Some(entry) = page.parcels.last_mut() {
                entry.receipts.extend(receipt);
            }
            Ok(())
        },
    )?;
    if page.parcels.is_empty() {
        let end = "SELECT value FROM counter WHERE name = 'changed'";
        page.next = after.min(connection.one("end of the sent list", end, values![], |row| row.get(0))?);
    }
    Ok(page)
}

/// The outside of a parcel, whoever's it is; the caller compares.
pub async fn outside(store: &Store, id: ParcelId) -> Result<Option<Outside>, StoreError> {
    store.read(move |connection| Ok(accepted_before(connection, id)?.map(|(outside, _)| outside))).await
}

/// A piece of the sealed bytes, at most one part long and never across the end of a part; `None` when they are not there.
pub async fn piece(store: &Store, place: Place, from: u64, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
    store.read(move |connection| piece_now(connection, place, from, most)).await
}

/// As [`piece`], on a connection.
pub fn piece_now(connection: &Connection, place: Place, from: u64, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let length = most.min(PART_BYTES - from % PART_BYTES);
    let whole = bodies::piece(connection, place, from, length)?;
    if whole.is_some() {
        return Ok(whole);
    }
    match parts_of(connection, place.seq)? {
        Some(parts) => bodies::piece_of_part(connection, parts, from / PART_BYTES, from % PART_BYTES, length),
        None => Ok(None),
    }
}

/// Where the parts of a parcel lie that came in parts.
pub(super) fn parts_of(connection: &Connection, parcel: i64) -> Result<Option<PartsPlace>, StoreError> {
    let upload = "SELECT number, began_at FROM upload WHERE parcel = ?1";
    connection.find("upload of a parcel", upload, values![parcel], |row| {
        Ok(PartsPlace { upload: row.get(0)?, at: row.time(1)? })
    })
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
            let new = connection.execute(
                "insert receipt",
                "INSERT INTO receipt (parcel, step, received_at, signed) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (parcel, step) DO NOTHING",
                values![parcel, step.as_str(), now, &signed],
            )?;
            if new == 0 {
                return Ok(Noted::Repeat);
            }
            let changed = next_change(connection)?;
            let moved = "UPDATE parcel SET changed = ?2 WHERE seq = ?1 RETURNING id";
            let id: String = connection.one("move sent cursor", moved, values![parcel, changed], |row| row.get(0))?;
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
    let found = connection.find(
        "find parcel",
        "SELECT seq, sender, receiver, digest, size, accepted_at, removed_at IS NOT NULL FROM parcel WHERE id = ?1",
        values![&id.to_string()],
        |row| {
            Ok(Outside {
                seq: row.get(0)?,
                sender: row.parsed(1)?,
                receiver: row.parsed(2)?,
                digest: row.get(3)?,
                size: row.get(4)?,
                accepted_at: row.time(5)?,
                removed: row.get(6)?,
            })
        },
    )?;
    Ok(found.map(|outside| {
        let Outside { digest, size, accepted_at, .. } = &outside;
        let accepted = Accepted { id, digest: digest.clone(), size: *size, accepted_at: *accepted_at };
        (outside, accepted)
    }))
}

/// The receipt that a row of a list brings along, if it does.
fn receipt(row: &Row<'_>, column: usize) -> Result<Option<SignedReceipt>, StoreError> {
    match row.maybe(column + 1)? {
        Some(signed) => Ok(Some(SignedReceipt { step: row.parsed(column)?, signed: Binary(signed) })),
        None => Ok(None),
    }
}

/// The next value of the sent cursor. The one writer makes it rise in the order of commits.
pub(super) fn next_change(connection: &Connection) -> Result<i64, StoreError> {
    let next = "UPDATE counter SET value = value + 1 WHERE name = 'changed' RETURNING value";
    connection.one("next change", next, values![], |row| row.get(0))
}

pub(super) fn whole_millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::directory;
    use crate::parcel::sha256_hex;

    const NOW: &str = "2026-06-01T00:00:00Z";

    /// A store with a south that can receive until 2028, and a parcel of north's to it.
    async fn store() -> (tempfile::TempDir, Store, impl Fn(&[u8]) -> Incoming) {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::hub::stores::testing::store(dir.path());
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
