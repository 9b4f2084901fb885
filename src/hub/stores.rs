//! Where the hub keeps things: SQLite for a town, PostgreSQL for a region; one way to ask for all of the hub.
//!
//! Jobs are closures over a [`Connection`]; their SQL is written once, in what both engines understand. Where the engines
//! differ, the difference lives here and nowhere else.

pub mod bodies;
mod database;
mod journal;
pub mod moving;
pub mod postgres;
mod sqlite;
#[cfg(test)]
pub(in crate::hub) mod testing;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Weak};

use tokio::sync::oneshot;

use self::postgres::{Address, Neighbours, Rings};
pub(crate) use database::values;
pub use database::{Connection, DatabaseError, Engine, Row, Unfit, Value};
use jiff::Timestamp;
use moving::{MoveError, Moved};
pub use writer::Meters;
use writer::{Committed, GROUP, Job, Writer};

use super::audit::{self, Actor, DONE};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot open the store {path}")]
    Open { path: PathBuf, source: rusqlite::Error },
    #[error("cannot come to the store {place}")]
    Connect { place: String, source: DatabaseError },
    #[error("the store {place} is of a newer version ({found}) than this program knows ({known})")]
    Newer { place: String, found: usize, known: usize },
    #[error("the store failed: {statement}")]
    Statement { statement: &'static str, source: DatabaseError },
    #[error("this program must not write into the store")]
    Unfit(#[source] Unfit),
    #[error("nothing is read or written as long as this program is not fit for it")]
    Resting,
    #[error("the store has more to write than it can keep in line")]
    Busy,
    #[error("the store has stopped")]
    Stopped,
}

/// What looks: connections of their own, so that no reader waits for the writer.
trait Readers: std::fmt::Debug + Send + Sync {
    /// On this thread, which may wait.
    fn read(&self, query: &mut (dyn FnMut(&Connection) + Send)) -> Result<(), StoreError>;

    /// The same where nobody knows whose thread this is.
    fn read_anywhere(&self, query: &mut (dyn FnMut(&Connection) + Send)) -> Result<(), StoreError> {
        self.read(query)
    }
}

/// The store. Cheap to clone; the writer ends when the last one is gone.
#[derive(Clone, Debug)]
pub struct Store {
    jobs: SyncSender<Job>,
    readers: Arc<dyn Readers>,
    meters: Meters,
    /// Where other nodes find it, too.
    shared: Option<Address>,
    /// Not fit to write: see [`Store::look_whether_fit`].
    unfit: Arc<AtomicBool>,
}

impl Store {
    /// Opens a file of SQLite's, makes it where there is none, and brings it to this program's schema.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let (writer, readers) = sqlite::open(path)?;
        Self::of(writer, Arc::new(readers), None)
    }

    /// Connects to PostgreSQL, and brings the database to this program's schema.
    pub fn connect(address: &Address) -> Result<Self, StoreError> {
        let (writer, readers) = postgres::open(address)?;
        Self::of(writer, Arc::new(readers), Some(address.clone()))
    }

    /// Takes everything of a hub's SQLite file over into this store, which must be empty. Whatever else has the file open
    /// writes no more from now on, and when all is over the file says that it was left.
    pub fn take_over(&self, file: &Path) -> Result<Vec<Moved>, MoveError> {
        drop(Self::open(file)?); // an old schema is brought to ours first
        let left = sqlite::leave(file)?;
        let (tell, told) = std::sync::mpsc::channel();
        let copied = self.write_now(move |target| {
            // An error rolls all of it back; what it was is told beside.
            left.copied(target).map_err(|error| {
                let _ = tell.send(error);
                StoreError::Stopped
            })
        });
        let (moved, left) = copied.map_err(|error| told.try_recv().unwrap_or(MoveError::Store(error)))?;
        left.close()?;
        Ok(moved)
    }

    /// Every number that callers follow goes on from where none of them can be yet: after the database was brought back to
    /// an earlier moment, a parcel under a number that was given out before would never be seen.
    pub fn count_on_from_far_ahead(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write_now(move |connection| {
            moving::move_ahead(connection)?;
            audit::record(connection, &Actor::operator(), "recovered", "", DONE, now)
        })
    }

    /// Whether other nodes may write into it, too.
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Joins the other nodes: from now on they are heard, for as long as whoever rings is there. Without any there is
    /// nobody to tell.
    pub(in crate::hub) fn neighbours(&self, rings: Weak<dyn Rings>) -> Option<Neighbours> {
        let joined = Neighbours::of(self.shared.as_ref()?, rings);
        joined.inspect_err(|error| tracing::error!(%error, "the other nodes are not heard")).ok()
    }

    fn of(
        writer: impl Writer + 'static,
        readers: Arc<dyn Readers>,
        shared: Option<Address>,
    ) -> Result<Self, StoreError> {
        let (jobs, waiting) = sync_channel(4 * GROUP);
        let meters = Meters::default();
        let told = meters.clone();
        std::thread::Builder::new()
            .name("store".into())
            .spawn(move || writer::write_until_closed(writer, &waiting, &told))
            .map_err(|_| StoreError::Stopped)?;
        Ok(Self { jobs, readers, meters, shared, unfit: Arc::default() })
    }

    /// Whether this program may write at `now`.
    pub fn is_fit(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut fit = Ok(());
        self.readers.read_anywhere(&mut |connection| fit = connection.is_fit(now))?;
        fit.map_err(StoreError::Unfit)
    }

    /// The same for a program that goes on. From a no on, nothing is read or written here until it may again: whoever asks is
    /// told to come later, and finds another node.
    pub fn look_whether_fit(&self, now: Timestamp) -> Result<(), StoreError> {
        let fit = self.is_fit(now);
        match &fit {
            Ok(()) => {
                if self.unfit.swap(false, Ordering::Relaxed) {
                    tracing::warn!("the store is read and written again");
                }
            }
            Err(StoreError::Unfit(error @ (Unfit::Clock { .. } | Unfit::Old { .. }))) => {
                if !self.unfit.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "nothing is taken any more");
                }
            }
            // Nobody can say: it stays as it was.
            Err(_) => {}
        }
        fit
    }

    /// An error while nothing may be read or written here.
    fn while_fit(&self) -> Result<(), StoreError> {
        if self.unfit.load(Ordering::Relaxed) { Err(StoreError::Resting) } else { Ok(()) }
    }

    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Runs `job` in the writer's next transaction; the answer comes when it is durable. Never waits for a place in
    /// line: that would hold up everyone who shares the thread.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.while_fit()?;
        let (job, answer) = with_answer(job);
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Stopped,
        })?;
        self.meters.waiting.inc();
        answer.await.map_err(|_| StoreError::Stopped)?
    }

    /// As [`Store::write`], for threads that may wait.
    pub fn write_now<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.while_fit()?;
        let (job, answer) = with_answer(job);
        self.jobs.send(job).map_err(|_| StoreError::Stopped)?;
        self.meters.waiting.inc();
        answer.blocking_recv().map_err(|_| StoreError::Stopped)?
    }

    /// Runs `query` on a reader of its own, off the async threads.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.while_fit()?;
        let readers = Arc::clone(&self.readers);
        let read = tokio::task::spawn_blocking(move || answered(query, |query| readers.read(query)));
        read.await.map_err(|_| StoreError::Stopped)?
    }

    /// As [`Store::read`], for programs without a runtime.
    pub fn read_now<T: Send>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        self.while_fit()?;
        answered(query, |query| self.readers.read_anywhere(query))
    }
}

/// What a query found, whoever reads.
fn answered<T: Send>(
    query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send,
    read: impl FnOnce(&mut (dyn FnMut(&Connection) + Send)) -> Result<(), StoreError>,
) -> Result<T, StoreError> {
    let (mut query, mut found) = (Some(query), Err(StoreError::Stopped));
    read(&mut |connection| {
        if let Some(query) = query.take() {
            found = query(connection);
        }
    })?;
    found
}

/// A job for the writer, and where its answer comes.
fn with_answer<T: Send + 'static>(
    job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, StoreError>>) {
    let (tell, told) = oneshot::channel();
    let job: Job = Box::new(move |connection| {
        let result = in_savepoint(connection, job);
        Box::new(move |committed| {
            let _ = tell.send(if committed == Committed::Yes { result } else { Err(StoreError::Stopped) });
        })
    });
    (job, told)
}

fn in_savepoint<T>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.script("savepoint", "SAVEPOINT job")?;
    let result = job(connection);
    let end = if result.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    connection.script("end of savepoint", end)?;
    result
}

#[cfg(test)]
mod tests;
