//! What becomes of parcels with time: a sender hears of one that nobody fetched, a body goes when its days are over, and
//! much later the record of it does.
//!
//! All of it happens in small steps, each a write of its own, with a rest between them: a sender never waits for the
//! broom. A step that was not taken is taken later; none depends on another.

use jiff::{SignedDuration, Timestamp};

use super::mailbox;
use super::settings::Keeping;
use super::stores::bodies::{self, Place};
use super::stores::{Connection, Engine, Store, StoreError, values};
use super::uploads;
use crate::standard::OfficeNumber;

/// How many rows one step looks at.
const STEP: u32 = 64;
/// How many bytes one step removes, and at least one parcel.
const STEP_BYTES: u64 = 4 * 1024 * 1024;

/// What one step did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Bodies that went.
    pub removed: u64,
    /// Senders of parcels that turned out to lie unfetched, one entry for each parcel.
    pub overdue: Vec<OfficeNumber>,
    /// Records that went.
    pub forgotten: u64,
    /// There is more to do.
    pub more: bool,
}

/// One step of each kind.
pub async fn sweep(store: &Store, keeping: Keeping, now: Timestamp) -> Result<Swept, StoreError> {
    let swept = store
        .write(move |connection| {
            let (overdue, more_overdue) = tell_of_overdue(connection, keeping, now)?;
            let (removed, more_bodies) = remove_bodies(connection, keeping, now)?;
            let (forgotten, more_records) = forget_records(connection, keeping, now)?;
            let unfinished = uploads::forget_one_old(connection, now)?;
            let more = more_overdue || more_bodies || more_records || unfinished;
            Ok(Swept { removed, overdue, forgotten, more })
        })
        .await?;
    if !store.is_shared() || swept.more || keeping.parcel_days == 0 {
        return Ok(swept);
    }
    // A write of its own: it may have to wait for readers, and what was swept is not to be lost when it waits too long.
    let limit = Timestamp::from_millisecond(days_ago(now, keeping.parcel_days)).unwrap_or(Timestamp::MIN);
    let dropped = store.write(move |connection| bodies::drop_over(connection, limit)).await;
    let more = dropped.unwrap_or_else(|error| {
        tracing::warn!(%error, "a week's partitions are not dropped; it is tried again");
        false
    });
    Ok(Swept { more, ..swept })
}

fn days_ago(now: Timestamp, days: u32) -> i64 {
    let days = SignedDuration::from_hours(24 * i64::from(days));
    now.checked_sub(days).unwrap_or(Timestamp::MIN).as_millisecond()
}

/// Each parcel is looked at once, in the order they came, when it has lain for as long as nobody should let it: without
/// any receipt by then it is overdue, and moves on in its sender's list.
fn tell_of_overdue(
    connection: &Connection,
    keeping: Keeping,
    now: Timestamp,
) -> Result<(Vec<OfficeNumber>, bool), StoreError> {
    struct Old {
        seq: i64,
        sender: OfficeNumber,
        accepted_at: i64,
        has_receipt: bool,
    }
    let mut old = connection.all(
        "find overdue parcels",
        "SELECT seq, sender, accepted_at, EXISTS (SELECT 1 FROM receipt WHERE receipt.parcel = seq) FROM parcel
         WHERE seq > (SELECT value FROM counter WHERE name = 'overdue') ORDER BY seq LIMIT ?1",
        values![STEP],
        |row| Ok(Old { seq: row.get(0)?, sender: row.parsed(1)?, accepted_at: row.get(2)?, has_receipt: row.get(3)? }),
    )?;
    // They came in this order: whatever follows is younger still.
    let limit = days_ago(now, keeping.overdue_days);
    old.truncate(old.iter().take_while(|parcel| parcel.accepted_at <= limit).count());
    let mut overdue = Vec::new();
    for parcel in old.iter().filter(|parcel| !parcel.has_receipt) {
        let days = 86_400_000 * i64::from(keeping.overdue_days);
        let changed = mailbox::next_change(connection)?;
        let note = "UPDATE parcel SET overdue_at = accepted_at + ?2, changed = ?3 WHERE seq = ?1";
        connection.execute("note overdue", note, values![parcel.seq, days, changed])?;
        overdue.push(parcel.sender);
    }
    if let Some(last) = old.last() {
        let moved = "UPDATE counter SET value = ?1 WHERE name = 'overdue'";
        connection.execute("move on to the next parcels", moved, values![last.seq])?;
    }
    Ok((overdue, old.len() == STEP as usize))
}

/// The row stays: a repeat gets its first answer, and a sender sees what became of it.
fn remove_bodies(connection: &Connection, keeping: Keeping, now: Timestamp) -> Result<(u64, bool), StoreError> {
    if keeping.parcel_days == 0 {
        return Ok((0, false));
    }
    let found: Vec<(Place, u64)> = connection.all(
        "find parcels whose time is over",
        "SELECT seq, accepted_at, size FROM parcel WHERE removed_at IS NULL AND accepted_at <= ?1
         ORDER BY accepted_at LIMIT ?2",
        values![days_ago(now, keeping.parcel_days), STEP],
        |row| Ok((Place { seq: row.get(0)?, at: row.time(1)? }, row.get(2)?)),
    )?;
    let (mut removed, mut bytes) = (0, 0);
    for (place, size) in &found {
        if removed > 0 && bytes + size > STEP_BYTES {
            return Ok((removed, true));
        }
        remove_body(connection, *place)?;
        let note = "UPDATE parcel SET removed_at = ?2 WHERE seq = ?1";
        connection.execute("note removed", note, values![place.seq, now])?;
        (removed, bytes) = (removed + 1, bytes + size);
    }
    Ok((removed, found.len() as u32 == STEP))
}

fn remove_body(connection: &Connection, place: Place) -> Result<(), StoreError> {
    bodies::expire(connection, place)?;
    match (mailbox::parts_of(connection, place.seq)?, connection.engine()) {
        (None, _) => Ok(()),
        (Some(parts), Engine::Sqlite) => uploads::forget(connection, parts),
        (Some(parts), Engine::Postgres) => uploads::forget_row(connection, parts),
    }
}

fn forget_records(connection: &Connection, keeping: Keeping, now: Timestamp) -> Result<(u64, bool), StoreError> {
    if keeping.record_days == 0 {
        return Ok((0, false));
    }
    let old = "SELECT seq FROM parcel WHERE removed_at IS NOT NULL AND accepted_at <= ?1 LIMIT ?2";
    let limit = days_ago(now, keeping.record_days);
    let found: Vec<i64> = connection.all("find old records", old, values![limit, STEP], |row| row.get(0))?;
    for seq in &found {
        connection.execute("forget receipts", "DELETE FROM receipt WHERE parcel = ?1", values![*seq])?;
        connection.execute("forget record", "DELETE FROM parcel WHERE seq = ?1", values![*seq])?;
    }
    Ok((found.len() as u64, found.len() as u32 == STEP))
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::*;
    use crate::hub::audit::Actor;
    use crate::hub::directory;
    use crate::hub::mailbox::{Incoming, Put, inbox, outside, piece, put, sent};
    use crate::hub::uploads::{Announced, Finished, Kept, finish, keep_part};
    use crate::parcel::{ParcelId, ReceiptStep, sha256_hex};
    use crate::wire::PART_BYTES;

    struct Hub {
        _dir: tempfile::TempDir,
        store: Store,
        north: OfficeNumber,
        south: OfficeNumber,
    }

    impl Hub {
        async fn open() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = crate::hub::stores::testing::store(dir.path());
            let [north, south] = ["3100000001", "3100000002"].map(|office| office.parse().unwrap());
            store
                .write(move |c| {
                    directory::register(c, north, "11".parse().unwrap(), "北", day(0))?;
                    directory::register(c, south, "43".parse().unwrap(), "南", day(0))?;
                    directory::add_certificate(c, south, "0a", b"der", day(700), day(0))
                })
                .await
                .unwrap();
            Self { _dir: dir, store, north, south }
        }

        fn parcel(&self, sealed: &[u8]) -> Incoming {
            Incoming {
                id: ParcelId::new(),
                sender: self.north,
                receiver: self.south,
                digest: sha256_hex(sealed),
                sealed: Bytes::copy_from_slice(sealed),
                by: Actor::hub(),
            }
        }

        async fn sweep_all(&self, now: Timestamp) -> Swept {
            let mut all = Swept::default();
            loop {
                let swept = sweep(&self.store, Keeping::default(), now).await.unwrap();
                all.removed += swept.removed;
                all.forgotten += swept.forgotten;
                all.overdue.extend(swept.overdue);
                if !swept.more {
                    return all;
                }
            }
        }
    }

    fn day(number: i64) -> Timestamp {
        hours(24 * number)
    }

    fn hours(number: i64) -> Timestamp {
        "2026-06-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(number)
    }

    fn again(parcel: &Incoming) -> Incoming {
        let Incoming { id, sender, receiver, digest, sealed, .. } = parcel;
        Incoming {
            id: *id,
            sender: *sender,
            receiver: *receiver,
            digest: digest.clone(),
            sealed: sealed.clone(),
            by: Actor::hub(),
        }
    }

    #[tokio::test]
    async fn d6_a_repeat_gets_the_first_answer_for_as_long_as_the_parcel_is_known() {
        let hub = Hub::open().await;
        let parcel = hub.parcel(b"sealed");
        let Put::New(first) = put(&hub.store, again(&parcel), day(0)).await.unwrap() else { panic!("not new") };
        for later in [0, 89, 90, 91, 1_829] {
            hub.sweep_all(day(later)).await;
            let repeat = put(&hub.store, again(&parcel), day(later)).await.unwrap();
            assert_eq!(repeat, Put::Repeat(first.clone()), "day {later}");
            let other =
                Incoming { sealed: Bytes::from_static(b"other"), digest: sha256_hex(b"other"), ..again(&parcel) };
            assert_eq!(put(&hub.store, other, day(later)).await.unwrap(), Put::Taken, "day {later}");
        }
    }

    #[tokio::test]
    async fn d12_what_nobody_fetched_for_five_days_is_told_and_what_was_fetched_is_not() {
        let hub = Hub::open().await;
        let (lying, fetched) = (hub.parcel(b"lying"), hub.parcel(b"fetched"));
        for parcel in [&lying, &fetched] {
            put(&hub.store, again(parcel), day(0)).await.unwrap();
        }
        let seq = outside(&hub.store, fetched.id).await.unwrap().unwrap().seq;
        mailbox::note(&hub.store, seq, ReceiptStep::Delivered, b"signed".to_vec(), Actor::hub(), day(1)).await.unwrap();
        let seen = sent(&hub.store, hub.north, 0).await.unwrap().next;
        assert_eq!(hub.sweep_all(hours(5 * 24 - 1)).await.overdue, []);
        assert_eq!(hub.sweep_all(day(5)).await.overdue, [hub.north], "one, within the hour");
        assert_eq!(hub.sweep_all(day(6)).await.overdue, [], "told once");
        // It moved on in the sent list, so that whoever follows the list hears of it.
        let news = sent(&hub.store, hub.north, seen).await.unwrap().parcels;
        assert_eq!(news.len(), 1);
        assert_eq!((news[0].id, news[0].overdue_since), (lying.id, Some(day(5))));
        // As soon as it is fetched, it is overdue no more.
        let seq = outside(&hub.store, lying.id).await.unwrap().unwrap().seq;
        mailbox::note(&hub.store, seq, ReceiptStep::Delivered, b"signed".to_vec(), Actor::hub(), day(7)).await.unwrap();
        let all = sent(&hub.store, hub.north, 0).await.unwrap().parcels;
        assert_eq!(all.iter().filter(|entry| entry.overdue_since.is_some()).count(), 0);
    }

    #[tokio::test]
    async fn d12_a_parcel_is_kept_for_ninety_days_and_its_record_for_longer() {
        let hub = Hub::open().await;
        let parcel = hub.parcel(b"sealed");
        put(&hub.store, again(&parcel), day(0)).await.unwrap();
        hub.sweep_all(hours(90 * 24 - 1)).await;
        let kept = outside(&hub.store, parcel.id).await.unwrap().unwrap();
        assert_eq!(piece(&hub.store, kept.place(), 0, PART_BYTES).await.unwrap().as_deref(), Some(&b"sealed"[..]));
        assert_eq!(inbox(&hub.store, hub.south, 0).await.unwrap().parcels.len(), 1);
        assert_eq!(hub.sweep_all(day(90)).await.removed, 1);
        let record = outside(&hub.store, parcel.id).await.unwrap().unwrap();
        assert!(record.removed);
        hub.sweep_all(day(102)).await; // in PostgreSQL a week goes as a whole
        assert_eq!(piece(&hub.store, kept.place(), 0, PART_BYTES).await.unwrap(), None);
        assert_eq!(inbox(&hub.store, hub.south, 0).await.unwrap().parcels, [], "nobody is sent after what is gone");
        assert_eq!(sent(&hub.store, hub.north, 0).await.unwrap().parcels.len(), 1);
        assert_eq!(hub.sweep_all(day(5 * 366)).await.forgotten, 1);
        assert_eq!(outside(&hub.store, parcel.id).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_large_parcel_goes_with_its_parts_and_what_was_never_finished_after_a_day() {
        let hub = Hub::open().await;
        let sealed = vec![7_u8; usize::try_from(2 * PART_BYTES + 5).unwrap()];
        let whole = |id| Announced {
            id,
            sender: hub.north,
            receiver: hub.south,
            digest: sha256_hex(&sealed),
            size: sealed.len() as u64,
        };
        let (finished, begun) = (ParcelId::new(), ParcelId::new());
        for id in [finished, begun] {
            for (number, part) in sealed.chunks(usize::try_from(PART_BYTES).unwrap()).enumerate() {
                let bytes = Bytes::copy_from_slice(part);
                let kept = keep_part(&hub.store, whole(id), number as u64, bytes, u64::MAX, day(0)).await.unwrap();
                assert_eq!(kept, Kept::Kept);
            }
        }
        assert!(matches!(
            finish(&hub.store, whole(finished), Actor::hub(), day(0)).await.unwrap(),
            Finished::Settled(Put::New(_))
        ));
        assert!(matches!(
            finish(&hub.store, whole(finished), Actor::hub(), day(3)).await.unwrap(),
            Finished::Settled(Put::Repeat(_))
        ));
        let parts = |store: Store| async move {
            store
                .read(|c| c.one("count", "SELECT count(*) FROM part", values![], |row| row.get::<i64>(0)))
                .await
                .unwrap()
        };
        assert_eq!(parts(hub.store.clone()).await, 6);
        hub.sweep_all(hours(23)).await;
        assert_eq!(parts(hub.store.clone()).await, 6);
        hub.sweep_all(hours(24)).await;
        assert_eq!(parts(hub.store.clone()).await, 3, "the one that was never finished");
        assert_eq!(finish(&hub.store, whole(begun), Actor::hub(), day(2)).await.unwrap(), Finished::Missing);
        assert_eq!(hub.sweep_all(day(90)).await.removed, 1);
        hub.sweep_all(day(102)).await; // in PostgreSQL a week goes as a whole
        assert_eq!(parts(hub.store.clone()).await, 0);
    }

    #[tokio::test]
    async fn many_go_in_many_small_steps() {
        let hub = Hub::open().await;
        for _ in 0..200 {
            put(&hub.store, hub.parcel(b"sealed"), day(0)).await.unwrap();
        }
        let first = sweep(&hub.store, Keeping::default(), day(100)).await.unwrap();
        assert_eq!((first.removed, first.overdue.len(), first.more), (64, 64, true));
        let rest = hub.sweep_all(day(100)).await;
        assert_eq!((rest.removed, rest.overdue.len()), (136, 136));
    }
}
