//! Large parcels that come in parts, so that a line that breaks costs one part and not the whole.
//!
//! Each part is durable when it is answered, and never changed once it is there. When all are there and together are
//! what their digest says, the parcel is accepted in one small write: the parts stay where they are and are its body
//! from then on. What was begun and never finished is forgotten after a day.

use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::audit::Actor;
use super::directory;
use super::mailbox::{self, NewParcel, Put};
use super::stores::bodies::{self, PartsPlace};
use super::stores::{Connection, Store, StoreError, values};
use crate::parcel::{DigestOf, ParcelId};
use crate::standard::OfficeNumber;
use crate::wire::{PART_BYTES, Upload};

/// What is begun and not finished is forgotten after this long.
pub const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// A large parcel as its sender announces it, with every part and at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    pub id: ParcelId,
    pub sender: OfficeNumber,
    pub receiver: OfficeNumber,
    /// Hex SHA-256 of the whole.
    pub digest: String,
    pub size: u64,
}

impl Announced {
    /// How long a part must be; `None` when there is no such part.
    pub fn length_of(&self, part: u64) -> Option<u64> {
        let begins = part.checked_mul(PART_BYTES)?;
        self.size.checked_sub(begins).filter(|rest| *rest > 0).map(|rest| rest.min(PART_BYTES))
    }
}

/// What became of a part.
#[derive(Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is durable.
    Kept,
    /// Nothing was kept: the parcel is settled already, or cannot be.
    Settled(Put),
    /// The office has more begun and unfinished than it may.
    TooMuch,
}

/// What became of the end.
#[derive(Debug, PartialEq, Eq)]
pub enum Finished {
    Settled(Put),
    /// These parts are not there.
    Missing,
    /// The parts together are not what their digest says; they are forgotten, so that it can begin anew.
    Damaged,
}

/// Keeps a part; durable when this returns. A part that is there stays as it is. What the same office began under the
/// same id for other bytes is forgotten. `most` is how much one office may have begun and not finished, in bytes.
pub async fn keep_part(
    store: &Store,
    whole: Announced,
    part: u64,
    bytes: Bytes,
    most: u64,
    now: Timestamp,
) -> Result<Kept, StoreError> {
    store
        .write(move |connection| {
            if let Some(put) = settled(connection, &whole, now)? {
                return Ok(Kept::Settled(put));
            }
            let place = match open_upload(connection, whole.sender, whole.id)? {
                Some((place, begun)) if begun == whole => place,
                begun => {
                    if let Some((other, _)) = begun {
                        forget(connection, other)?;
                    }
                    if begun_by(connection, whole.sender)?.saturating_add(whole.size) > most {
                        return Ok(Kept::TooMuch);
                    }
                    begin(connection, &whole, now)?
                }
            };
            bodies::keep_part(connection, place, part, &bytes)?;
            Ok(Kept::Kept)
        })
        .await
}

/// How much of a parcel is there; `None` when nothing is, or it is not this sender's.
pub async fn state(store: &Store, sender: OfficeNumber, id: ParcelId) -> Result<Option<Upload>, StoreError> {
    store
        .read(move |connection| {
            if let Some((outside, accepted)) = mailbox::accepted_before(connection, id)? {
                return Ok((outside.sender == sender).then(|| Upload {
                    digest: outside.digest,
                    size: outside.size,
                    parts: Vec::new(),
                    accepted: Some(accepted),
                }));
            }
            let Some((place, whole)) = open_upload(connection, sender, id)? else { return Ok(None) };
            let parts = bodies::parts(connection, place)?;
            Ok(Some(Upload { digest: whole.digest, size: whole.size, parts, accepted: None }))
        })
        .await
}

/// Accepts a parcel of which all parts are there. As idempotent as a put in one go.
pub async fn finish(store: &Store, whole: Announced, by: Actor, now: Timestamp) -> Result<Finished, StoreError> {
    let looked = whole.clone();
    let verified = store.read(move |connection| verify(connection, &looked)).await?;
    store
        .write(move |connection| {
            if let Some(put) = settled(connection, &whole, now)? {
                return Ok(Finished::Settled(put));
            }
            let place = match verified {
                Verified::Whole(place) => place,
                Verified::Missing => return Ok(Finished::Missing),
                Verified::Damaged(place) => {
                    forget(connection, place)?;
                    return Ok(Finished::Damaged);
                }
            };
            // Since it was looked at, another call may have begun anew.
            if open_upload(connection, whole.sender, whole.id)?.is_none_or(|(open, _)| open != place) {
                return Ok(Finished::Missing);
            }
            let Announced { id, sender, receiver, digest, size } = &whole;
            let row = NewParcel { id: *id, sender: *sender, receiver: *receiver, digest, size: *size };
            let changed = mailbox::next_change(connection)?;
            let (seq, accepted) = mailbox::insert(connection, &row, changed, &by, now)?;
            let finish = "UPDATE upload SET parcel = ?2 WHERE number = ?1";
            connection.execute("finish upload", finish, values![place.upload, seq])?;
            Ok(Finished::Settled(Put::New(accepted)))
        })
        .await
}

/// Forgets some of what was begun more than a day ago: at most one upload. Says whether there was one.
pub fn forget_one_old(connection: &Connection, now: Timestamp) -> Result<bool, StoreError> {
    let before = now.checked_sub(FORGOTTEN_AFTER).unwrap_or(Timestamp::MIN);
    let old = "SELECT number, began_at FROM upload WHERE parcel IS NULL AND began_at <= ?1 LIMIT 1";
    let old = connection
        .find("old uploads", old, values![before], |row| Ok(PartsPlace { upload: row.get(0)?, at: row.time(1)? }))?;
    old.map(|place| forget(connection, place)).transpose().map(|forgotten| forgotten.is_some())
}

/// An answer that needs no body: it was accepted before, or cannot be.
fn settled(connection: &Connection, whole: &Announced, now: Timestamp) -> Result<Option<Put>, StoreError> {
    if let Some((outside, accepted)) = mailbox::accepted_before(connection, whole.id)? {
        let same = outside.sender == whole.sender
            && outside.receiver == whole.receiver
            && outside.digest == whole.digest
            && outside.size == whole.size;
        return Ok(Some(if same { Put::Repeat(accepted) } else { Put::Taken }));
    }
    let can_receive = directory::can_receive(connection, whole.receiver, now)?;
    Ok((!can_receive).then_some(Put::ReceiverUnknown))
}

enum Verified {
    Whole(PartsPlace),
    Missing,
    Damaged(PartsPlace),
}

fn verify(connection: &Connection, whole: &Announced) -> Result<Verified, StoreError> {
    let Some((place, begun)) = open_upload(connection, whole.sender, whole.id)? else { return Ok(Verified::Missing) };
    if begun != *whole {
        return Ok(Verified::Missing);
    }
    let (mut digest, mut size) = (DigestOf::default(), 0_u64);
    for (number, next) in bodies::parts(connection, place)?.into_iter().zip(0..) {
        if number != next {
            return Ok(Verified::Missing);
        }
        // One at a time: a large parcel never lies in memory whole.
        bodies::look_at_part(connection, place, number, |bytes| {
            digest.add(bytes);
            size += bytes.len() as u64;
        })?;
    }
    Ok(match size == whole.size {
        false => Verified::Missing,
        true if digest.hex() == whole.digest => Verified::Whole(place),
        true => Verified::Damaged(place),
    })
}

fn open_upload(
    connection: &Connection,
    sender: OfficeNumber,
    id: ParcelId,
) -> Result<Option<(PartsPlace, Announced)>, StoreError> {
    connection.find(
        "open upload",
        "SELECT number, began_at, receiver, digest, size FROM upload
         WHERE sender = ?1 AND id = ?2 AND parcel IS NULL",
        values![&sender, &id.to_string()],
        |row| {
            let place = PartsPlace { upload: row.get(0)?, at: row.time(1)? };
            Ok((place, Announced { id, sender, receiver: row.parsed(2)?, digest: row.get(3)?, size: row.get(4)? }))
        },
    )
}

fn begin(connection: &Connection, whole: &Announced, now: Timestamp) -> Result<PartsPlace, StoreError> {
    let upload = connection.one(
        "begin upload",
        "INSERT INTO upload (id, sender, receiver, digest, size, began_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         RETURNING number",
        values![&whole.id.to_string(), &whole.sender, &whole.receiver, &whole.digest, whole.size, now],
        |row| row.get(0),
    )?;
    Ok(PartsPlace { upload, at: mailbox::whole_millis(now) })
}

fn begun_by(connection: &Connection, sender: OfficeNumber) -> Result<u64, StoreError> {
    let begun = "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM upload WHERE sender = ?1 AND parcel IS NULL";
    connection.one("begun by an office", begun, values![&sender], |row| row.get(0))
}

pub(super) fn forget(connection: &Connection, place: PartsPlace) -> Result<(), StoreError> {
    bodies::remove_parts(connection, place)?;
    forget_row(connection, place)
}

/// That there was one; its parts are forgotten otherwise.
pub(super) fn forget_row(connection: &Connection, place: PartsPlace) -> Result<(), StoreError> {
    let forget = "DELETE FROM upload WHERE number = ?1";
    connection.execute("forget upload", forget, values![place.upload]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parcel::sha256_hex;

    const NOW: &str = "2026-06-01T00:00:00Z";

    async fn store() -> (tempfile::TempDir, Store, Announced, Vec<Bytes>) {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::hub::stores::testing::store(dir.path());
        let [north, south, east] = ["3100000001", "3100000002", "3100000003"].map(|office| office.parse().unwrap());
        let now = NOW.parse().unwrap();
        store
            .write(move |c| {
                for office in [north, south, east] {
                    directory::register(c, office, "11".parse().unwrap(), "名", now)?;
                }
                directory::add_certificate(c, south, "0a", b"der", "2028-06-01T00:00:00Z".parse().unwrap(), now)
            })
            .await
            .unwrap();
        let sealed: Vec<u8> = (0..PART_BYTES + 9).map(|at| (at % 251) as u8).collect();
        let whole = Announced {
            id: ParcelId::new(),
            sender: north,
            receiver: south,
            digest: sha256_hex(&sealed),
            size: sealed.len() as u64,
        };
        let parts = sealed.chunks(PART_BYTES as usize).map(Bytes::copy_from_slice).collect();
        (dir, store, whole, parts)
    }

    async fn keep(store: &Store, whole: &Announced, part: u64, bytes: &Bytes) -> Kept {
        keep_part(store, whole.clone(), part, bytes.clone(), u64::MAX, NOW.parse().unwrap()).await.unwrap()
    }

    async fn end(store: &Store, whole: &Announced) -> Finished {
        finish(store, whole.clone(), Actor::hub(), NOW.parse().unwrap()).await.unwrap()
    }

    #[test]
    fn every_part_has_its_length() {
        let id = ParcelId::new();
        let [sender, receiver] = ["3100000001", "3100000002"].map(|office| office.parse().unwrap());
        let of = |size| Announced { id, sender, receiver, digest: String::new(), size };
        assert_eq!([0, 1, 2].map(|part| of(PART_BYTES + 9).length_of(part)), [Some(PART_BYTES), Some(9), None]);
        assert_eq!([0, 1].map(|part| of(PART_BYTES).length_of(part)), [Some(PART_BYTES), None]);
        assert_eq!(of(1).length_of(u64::MAX), None);
    }

    #[tokio::test]
    async fn what_is_there_is_told_to_its_sender_and_to_nobody_else() {
        let (_dir, store, whole, parts) = store().await;
        assert_eq!(state(&store, whole.sender, whole.id).await.unwrap(), None);
        assert_eq!(keep(&store, &whole, 1, &parts[1]).await, Kept::Kept);
        assert_eq!(keep(&store, &whole, 1, &parts[1]).await, Kept::Kept, "safe to repeat");
        let upload = state(&store, whole.sender, whole.id).await.unwrap().unwrap();
        assert_eq!((upload.parts, upload.accepted), (vec![1], None));
        assert_eq!(state(&store, whole.receiver, whole.id).await.unwrap(), None);
        assert_eq!(end(&store, &whole).await, Finished::Missing);
        assert_eq!(keep(&store, &whole, 0, &parts[0]).await, Kept::Kept);
        let Finished::Settled(Put::New(accepted)) = end(&store, &whole).await else { panic!("not accepted") };
        assert_eq!((accepted.size, &accepted.digest), (whole.size, &whole.digest));
        let upload = state(&store, whole.sender, whole.id).await.unwrap().unwrap();
        assert_eq!(upload.accepted.as_ref(), Some(&accepted));
        assert_eq!(state(&store, whole.receiver, whole.id).await.unwrap(), None);
        assert_eq!(keep(&store, &whole, 0, &parts[0]).await, Kept::Settled(Put::Repeat(accepted)));
        // Read back across the end of a part.
        let place = mailbox::outside(&store, whole.id).await.unwrap().unwrap().place();
        let piece = mailbox::piece(&store, place, PART_BYTES - 2, 5).await.unwrap().unwrap();
        assert_eq!(piece, parts[0][parts[0].len() - 2..]);
        assert_eq!(mailbox::piece(&store, place, PART_BYTES, 5).await.unwrap().unwrap(), parts[1][..5]);
    }

    #[tokio::test]
    async fn an_id_is_not_anybodys_before_it_is_accepted() {
        let (_dir, store, whole, parts) = store().await;
        let east = Announced { sender: "3100000003".parse().unwrap(), ..whole.clone() };
        assert_eq!(keep(&store, &east, 0, &parts[1]).await, Kept::Kept, "east squats on north's id");
        for (number, part) in (0..).zip(&parts) {
            assert_eq!(keep(&store, &whole, number, part).await, Kept::Kept);
        }
        assert!(matches!(end(&store, &whole).await, Finished::Settled(Put::New(_))));
        assert_eq!(keep(&store, &east, 1, &parts[1]).await, Kept::Settled(Put::Taken));
        assert_eq!(end(&store, &east).await, Finished::Settled(Put::Taken));
    }

    #[tokio::test]
    async fn parts_of_other_bytes_begin_anew_and_damage_is_found() {
        let (_dir, store, whole, parts) = store().await;
        keep(&store, &whole, 0, &parts[0]).await;
        keep(&store, &whole, 1, &Bytes::from_static(b"otherwise")).await;
        assert_eq!(end(&store, &whole).await, Finished::Damaged);
        assert_eq!(state(&store, whole.sender, whole.id).await.unwrap(), None, "it begins anew");
        // Sealed anew since: what came of the first seal is of no use.
        let sealed_anew = Announced { digest: sha256_hex(b"another"), size: 7, ..whole.clone() };
        keep(&store, &whole, 0, &parts[0]).await;
        assert_eq!(keep(&store, &sealed_anew, 0, &Bytes::from_static(b"another")).await, Kept::Kept);
        assert_eq!(end(&store, &whole).await, Finished::Missing);
        assert!(matches!(end(&store, &sealed_anew).await, Finished::Settled(Put::New(_))));
    }

    #[tokio::test]
    async fn an_office_begins_only_so_much_and_only_for_who_can_receive() {
        let (_dir, store, whole, parts) = store().await;
        let now = NOW.parse().unwrap();
        let most = whole.size + 1;
        let keep = |whole: Announced| keep_part(&store, whole, 0, parts[0].clone(), most, now);
        assert_eq!(keep(whole.clone()).await.unwrap(), Kept::Kept);
        let second = Announced { id: ParcelId::new(), ..whole.clone() };
        assert_eq!(keep(second.clone()).await.unwrap(), Kept::TooMuch);
        assert_eq!(keep(whole.clone()).await.unwrap(), Kept::Kept, "what is begun goes on");
        let nowhere = Announced { receiver: "3100000009".parse().unwrap(), ..second };
        assert_eq!(keep(nowhere).await.unwrap(), Kept::Settled(Put::ReceiverUnknown));
    }
}
