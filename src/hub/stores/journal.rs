//! Keeps SQLite's journal (WAL) short without anyone waiting for it.
//!
//! Left to itself SQLite copies the journal into the database within the commit that made it long, and whoever waits for
//! that commit waits for some megabytes and two more syncs. Here a thread beside the writer does the copying; the writer
//! only looks how far behind it is. A journal that is copied whole is written from its start again, so under load the
//! writer copies the last little bit itself once in a long while.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::Connection;

use crate::sqlite;

/// So many pages of 4 KB may wait to be copied: 64 MB. A copy costs two syncs, however long it is, and whoever commits
/// beside it waits for the disk: with 8 MB, 16 senders saw a p99 of 30 ms, with 64 MB one of 15 ms.
const BEHIND: i64 = 16_384;
/// At this length the writer sees to it that the journal can begin anew: 128 MB, some thousand parcels.
const LONG: i64 = 32_768;
/// The most the writer copies itself, while others wait: 1 MB.
const LITTLE: i64 = 256;

/// The writer's view of its journal.
#[derive(Debug)]
pub(super) struct Journal {
    wake: SyncSender<()>,
    copying: Arc<AtomicBool>,
}

impl Journal {
    /// From now on nothing but us copies what this connection writes. `None` where that cannot be set up: then SQLite
    /// goes on as it always does.
    pub fn of(writer: &Connection, path: &Path) -> Option<Self> {
        let (wake, woken) = sync_channel(1);
        let copying = Arc::new(AtomicBool::new(false));
        let (seen, path) = (Arc::clone(&copying), path.to_owned());
        std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || copy_until_closed(&path, &woken, &seen))
            .ok()?;
        writer.pragma_update(None, "wal_autocheckpoint", 0).ok()?;
        Some(Self { wake, copying })
    }

    /// After a commit, and after those who waited for it were told.
    pub fn look(&self, writer: &Connection) {
        let Ok((length, copied)) = frames(writer, "PRAGMA wal_checkpoint(NOOP)") else { return };
        let (behind, long) = (length - copied, length >= LONG);
        if behind >= BEHIND || long && behind > LITTLE {
            // One that is awake already finds all of it.
            let _ = self.wake.try_send(());
        } else if long && !self.copying.load(Ordering::Relaxed) {
            let _ = frames(writer, "PRAGMA wal_checkpoint(PASSIVE)");
        }
    }
}

/// Opens its own connection only when there is something to do: most programs that open a store write little.
fn copy_until_closed(path: &Path, woken: &Receiver<()>, copying: &AtomicBool) {
    let mut own = None;
    while woken.recv().is_ok() {
        copying.store(true, Ordering::Relaxed);
        if let Err(error) = copy(&mut own, path) {
            tracing::warn!(%error, "the journal was not copied; it grows until it is");
        }
        copying.store(false, Ordering::Relaxed);
    }
}

fn copy(own: &mut Option<Connection>, path: &Path) -> Result<(), rusqlite::Error> {
    let connection = match own {
        Some(connection) => connection,
        None => {
            let connection = Connection::open(path)?;
            sqlite::set_up(&connection, true)?;
            own.insert(connection)
        }
    };
    frames(connection, "PRAGMA wal_checkpoint(PASSIVE)").map(drop)
}

/// How long the journal is, and how much of it is in the database: in pages.
fn frames(connection: &Connection, pragma: &str) -> Result<(i64, i64), rusqlite::Error> {
    connection.prepare_cached(pragma)?.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_copies_nothing_and_what_is_far_behind_is_copied_beside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hub.db");
        let writer = Connection::open(&path).unwrap();
        sqlite::set_up(&writer, true).unwrap();
        let journal = Journal::of(&writer, &path).unwrap();
        writer.execute_batch("CREATE TABLE body (sealed BLOB)").unwrap();
        let write = |bytes: usize| writer.execute("INSERT INTO body VALUES (zeroblob(?1))", [bytes]).unwrap();
        write(1_000_000);
        journal.look(&writer);
        let (length, copied) = frames(&writer, "PRAGMA wal_checkpoint(NOOP)").unwrap();
        assert!(length > 240 && copied == 0, "{copied} of {length}");

        write(BEHIND as usize * 4_096);
        journal.look(&writer);
        while frames(&writer, "PRAGMA wal_checkpoint(NOOP)").is_ok_and(|(length, copied)| copied < length) {
            std::thread::yield_now();
        }
        write(1);
        let (length, _) = frames(&writer, "PRAGMA wal_checkpoint(NOOP)").unwrap();
        assert!(length < 100, "the journal begins anew: {length}");
    }
}
