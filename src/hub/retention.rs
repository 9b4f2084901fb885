//! What becomes of parcels with time: a sender hears of one that nobody fetched, a body goes when its days are over, and
//! much later the record of it does.
//!
//! All of it happens in small steps, each a write of its own, with a rest between them: a sender never waits for the
//! broom. A step that was not taken is taken later; none depends on another.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::mailbox;
use super::settings::Keeping;
use super::stores::sqlite::{Named as _, Store, StoreError};
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
    store
        .write(move |connection| {
            let (overdue, more_overdue) = tell_of_overdue(connection, keeping, now)?;
            let (removed, more_bodies) = remove_bodies(connection, keeping, now)?;
            let (forgotten, more_records) = forget_records(connection, keeping, now)?;
            let unfinished = uploads::forget_one_old(connection, now)?;
            let more = more_overdue || more_bodies || more_records || unfinished;
            Ok(Swept { removed, overdue, forgotten, more })
        })
        .await
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
    let named = "find overdue parcels";
    let mut statement = connection
        .prepare_cached(
            "SELECT seq, sender, EXISTS (SELECT 1 FROM receipt WHERE receipt.parcel = seq) FROM parcel
             WHERE seq > (SELECT value FROM counter WHERE name = 'overdue') AND accepted_at <= ?1
             ORDER BY seq LIMIT ?2",
        )
        .named(named)?;
    let mut rows = statement.query(params![days_ago(now, keeping.overdue_days), STEP]).named(named)?;
    let (mut overdue, mut seen, mut last) = (Vec::new(), 0, None);
    while let Some(row) = rows.next().named(named)? {
        let seq: i64 = row.get(0).named(named)?;
        (seen, last) = (seen + 1, Some(seq));
        if row.get::<_, bool>(2).named(named)? {
            continue;
        }
        connection
            .prepare_cached("UPDATE parcel SET overdue_at = accepted_at + ?2, changed = ?3 WHERE seq = ?1")
            .and_then(|mut update| {
                let days = 86_400_000 * i64::from(keeping.overdue_days);
                let changed = mailbox::next_change(connection).map_err(|_| rusqlite::Error::InvalidQuery)?;
                update.execute(params![seq, days, changed])
            })
            .named("note overdue")?;
        overdue.push(mailbox::parsed(row, 1)?);
    }
    if let Some(last) = last {
        connection
            .execute("UPDATE counter SET value = ?1 WHERE name = 'overdue'", [last])
            .named("move on to the next parcels")?;
    }
    Ok((overdue, seen == STEP))
}

/// The row stays: a repeat gets its first answer, and a sender sees what became of it.
fn remove_bodies(connection: &Connection, keeping: Keeping, now: Timestamp) -> Result<(u64, bool), StoreError> {
    let named = "find parcels whose time is over";
    if keeping.parcel_days == 0 {
        return Ok((0, false));
    }
    let mut statement = connection
        .prepare_cached(
            "SELECT seq, size FROM parcel WHERE removed_at IS NULL AND accepted_at <= ?1 ORDER BY accepted_at LIMIT ?2",
        )
        .named(named)?;
    let found: Vec<(i64, u64)> = statement
        .query_map(params![days_ago(now, keeping.parcel_days), STEP], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .named(named)?;
    let (mut removed, mut bytes) = (0, 0);
    for (seq, size) in &found {
        if removed > 0 && bytes + size > STEP_BYTES {
            return Ok((removed, true));
        }
        remove_body(connection, *seq)?;
        connection
            .prepare_cached("UPDATE parcel SET removed_at = ?2 WHERE seq = ?1")
            .and_then(|mut update| update.execute(params![seq, now.as_millisecond()]))
            .named("note removed")?;
        (removed, bytes) = (removed + 1, bytes + size);
    }
    Ok((removed, found.len() as u32 == STEP))
}

fn remove_body(connection: &Connection, seq: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM body WHERE seq = ?1")
        .and_then(|mut delete| delete.execute([seq]))
        .named("remove body")?;
    let upload = connection
        .prepare_cached("SELECT number FROM upload WHERE parcel = ?1")
        .and_then(|mut select| select.query_row([seq], |row| row.get::<_, i64>(0)).optional())
        .named("upload of a parcel")?;
    upload.map_or(Ok(()), |upload| uploads::forget(connection, upload))
}

fn forget_records(connection: &Connection, keeping: Keeping, now: Timestamp) -> Result<(u64, bool), StoreError> {
    let named = "forget old records";
    if keeping.record_days == 0 {
        return Ok((0, false));
    }
    let mut statement = connection
        .prepare_cached("SELECT seq FROM parcel WHERE removed_at IS NOT NULL AND accepted_at <= ?1 LIMIT ?2")
        .named(named)?;
    let found: Vec<i64> = statement
        .query_map(params![days_ago(now, keeping.record_days), STEP], |row| row.get(0))
        .and_then(Iterator::collect)
        .named(named)?;
    for seq in &found {
        connection
            .execute("DELETE FROM receipt WHERE parcel = ?1", [seq])
            .and_then(|_| connection.execute("DELETE FROM parcel WHERE seq = ?1", [seq]))
            .named(named)?;
    }
    Ok((found.len() as u64, found.len() as u32 == STEP))
}
