//! One SQLite file for a town's hub: nothing to install.
//!
//! One thread writes. It takes whatever waits, runs it in one transaction and answers after the commit, so that many
//! senders share one sync of the disk (`synchronous = FULL`: "accepted" survives a power cut). A job that fails is
//! rolled back to its savepoint and does not touch its neighbours. Readers have connections of their own.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::sync::oneshot;

use super::journal::Journal;
use crate::sqlite::{self, MigrateError};

/// Schema changes in order; `PRAGMA user_version` counts how many were made. Only ever added to.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("migrations/transfer.sql"),
    include_str!("migrations/accounts.sql"),
    include_str!("migrations/enrolment.sql"),
    sqlite::chain::SCHEMA,
    include_str!("migrations/together.sql"),
];

/// How many jobs one commit may carry.
const GROUP: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot open the store {path}")]
    Open { path: PathBuf, source: rusqlite::Error },
    #[error("the store {path} is of a newer version ({found}) than this program knows ({known})")]
    Newer { path: PathBuf, found: usize, known: usize },
    #[error("the store failed: {statement}")]
    Statement { statement: &'static str, source: rusqlite::Error },
    #[error("the store has more to write than it can keep in line")]
    Busy,
    #[error("the store has stopped")]
    Stopped,
}

/// Names the statement that failed, so that a log says which one.
pub trait Named<T> {
    fn named(self, statement: &'static str) -> Result<T, StoreError>;
}

impl<T> Named<T> for Result<T, rusqlite::Error> {
    fn named(self, statement: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Statement { statement, source })
    }
}

/// What is left to do when the group's commit is known.
type Answer = Box<dyn FnOnce(Committed) + Send>;
type Job = Box<dyn FnOnce(&Connection) -> Answer + Send>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Committed {
    Yes,
    No,
}

/// The store. Cheap to clone; the writer ends when the last one is gone.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
    jobs: SyncSender<Job>,
    idle_readers: Arc<Mutex<Vec<Connection>>>,
    meters: Meters,
}

/// What the writer tells of its work.
#[derive(Clone, Debug)]
pub struct Meters {
    /// How many jobs shared a commit.
    pub groups: Histogram,
    /// How long one took, with its jobs.
    pub seconds: Histogram,
    /// Jobs that wait for the writer.
    pub waiting: Gauge,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            groups: Histogram::new(exponential_buckets(1.0, 2.0, 7)),
            seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 14)),
            waiting: Gauge::default(),
        }
    }
}

impl Store {
    /// Opens the file, makes it where there is none, and brings it to this program's schema.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = connect(path, OpenFlags::default())?;
        migrate(&mut connection, path)?;
        let journal = Journal::of(&connection, path);
        let (jobs, waiting) = sync_channel(4 * GROUP);
        let meters = Meters::default();
        let told = meters.clone();
        std::thread::Builder::new()
            .name("store".into())
            .spawn(move || write_until_closed(&mut connection, &waiting, journal.as_ref(), &told))
            .map_err(|_| StoreError::Stopped)?;
        Ok(Self { path: path.to_owned(), jobs, idle_readers: Arc::default(), meters })
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
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.read_now(query)).await.map_err(|_| StoreError::Stopped)?
    }

    /// As [`Store::read`], for programs without a runtime.
    pub fn read_now<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?,
        };
        let result = query(&connection);
        self.idle_readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        result
    }
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

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let open = |source| StoreError::Open { path: path.to_owned(), source };
    let connection = Connection::open_with_flags(path, flags).map_err(open)?;
    sqlite::set_up(&connection, !flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY)).map_err(open)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    sqlite::migrate(connection, MIGRATIONS).map_err(|error| match error {
        MigrateError::Newer { found, known } => StoreError::Newer { path: path.to_owned(), found, known },
        MigrateError::Statement { step, source } => StoreError::Statement { statement: step, source },
    })
}

fn write_until_closed(
    connection: &mut Connection,
    waiting: &Receiver<Job>,
    journal: Option<&Journal>,
    meters: &Meters,
) {
    while let Ok(first) = waiting.recv() {
        let group: Vec<Job> = std::iter::once(first).chain(waiting.try_iter().take(GROUP - 1)).collect();
        let (jobs, began) = (group.len(), Instant::now());
        write_group(connection, group);
        meters.waiting.dec_by(i64::try_from(jobs).unwrap_or_default());
        meters.groups.observe(jobs as f64);
        meters.seconds.observe(began.elapsed().as_secs_f64());
        if let Some(journal) = journal {
            journal.look(connection);
        }
    }
}

/// One transaction for all of the group. When it cannot begin or commit, every one of them hears so.
fn write_group(connection: &mut Connection, group: Vec<Job>) {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            tracing::error!(%error, "the store cannot begin a transaction");
            return; // dropping the jobs tells each of them `Stopped`
        }
    };
    let answers: Vec<Answer> = group.into_iter().map(|job| job(&transaction)).collect();
    let committed = match transaction.commit() {
        Ok(()) => Committed::Yes,
        Err(error) => {
            tracing::error!(%error, "the store cannot commit");
            Committed::No
        }
    };
    for answer in answers {
        answer(committed);
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute_batch("SAVEPOINT job").named("savepoint")?;
    let result = job(connection);
    let end = if result.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    connection.execute_batch(end).named("end of savepoint")?;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(store: &Store) -> i64 {
        store.read_now(|c| c.query_row("SELECT count(*) FROM counter", [], |row| row.get(0)).named("count")).unwrap()
    }

    fn insert(name: &'static str) -> impl FnOnce(&Connection) -> Result<usize, StoreError> + Send + 'static {
        move |c| c.execute("INSERT INTO counter (name, value) VALUES (?1, 0)", [name]).named("insert")
    }

    #[test]
    fn a_failed_job_leaves_nothing_and_its_neighbours_stay() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("hub.db")).unwrap();
        let before = count(&store);
        store.write_now(insert("a")).unwrap();
        let half: Result<usize, StoreError> = store.write_now(|c| {
            insert("b")(c)?;
            insert("a")(c) // already there: the whole job goes
        });
        assert!(half.is_err());
        store.write_now(insert("c")).unwrap();
        assert_eq!(count(&store), before + 2);
    }

    #[test]
    fn a_full_line_is_said_at_once_and_nothing_in_it_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("hub.db")).unwrap();
        let before = count(&store);
        let (begin, begun) = std::sync::mpsc::channel();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut first = Box::pin(store.write(move |_| {
            begin.send(()).unwrap();
            held.recv().map_err(|_| StoreError::Stopped)
        }));
        assert!(first.as_mut().poll(&mut context).is_pending());
        begun.recv().unwrap();
        let mut writes: Vec<_> = (0..6 * GROUP)
            .map(|number| {
                Box::pin(store.write(move |c| {
                    c.execute("INSERT INTO counter (name, value) VALUES (?1, 0)", [number.to_string()]).named("insert")
                }))
            })
            .collect();
        writes.retain_mut(|write| match write.as_mut().poll(&mut context) {
            std::task::Poll::Ready(answer) => {
                assert!(matches!(answer, Err(StoreError::Busy)), "{answer:?}");
                false
            }
            std::task::Poll::Pending => true,
        });
        assert_eq!(writes.len(), 4 * GROUP);
        release.send(()).unwrap();
        store.write_now(|_| Ok(())).unwrap();
        assert_eq!(count(&store), before + i64::try_from(writes.len()).unwrap());
    }

    /// Rows as the program of schema 1 wrote them.
    const ROWS_1: &str = r#"
        INSERT INTO office (number, service, name, added_at) VALUES ('3171000048', '11', '北', 1), ('3191000017', '43', '南', 1);
        INSERT INTO certificate (serial, office, der, issued_at, not_after) VALUES ('01', '3191000017', x'30', 1, 4000000000000);
        INSERT INTO parcel (id, sender, receiver, digest, size, accepted_at, changed)
            VALUES ('019aa5d8-1111-7000-8000-000000000001', '3171000048', '3191000017', 'ab', 1, 1760000000000, 1);
        INSERT INTO body (seq, sealed) VALUES (1, x'61');
        INSERT INTO receipt (parcel, step, received_at, signed) VALUES (1, 'delivered', 1760000001000, x'62');
        UPDATE counter SET value = 1 WHERE name = 'changed';
    "#;

    #[tokio::test]
    async fn b4_every_released_schema_opens() {
        for released in 1..=MIGRATIONS.len() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("hub.db");
            {
                let old = Connection::open(&path).unwrap();
                old.execute_batch(MIGRATIONS[0]).unwrap();
                old.execute_batch(ROWS_1).unwrap();
                MIGRATIONS[1..released].iter().for_each(|migration| old.execute_batch(migration).unwrap());
                old.pragma_update(None, "user_version", released).unwrap();
            }
            let store = Store::open(&path).unwrap();
            let [north, south] = ["3171000048", "3191000017"].map(|number| number.parse().unwrap());
            let inbox = crate::hub::mailbox::inbox(&store, south, 0).await.unwrap();
            assert_eq!((inbox.parcels.len(), inbox.parcels[0].from), (1, north), "schema {released}");
            let sent = crate::hub::mailbox::sent(&store, north, 0).await.unwrap();
            assert_eq!(sent.parcels[0].receipts.len(), 1, "schema {released}");
            let kinds = store.read_now(|connection| {
                connection
                    .query_row("SELECT kind FROM certificate", [], |row| row.get::<_, String>(0))
                    .named("kind of an old certificate")
            });
            assert_eq!(kinds.unwrap(), "both", "a certificate from before is good for everything");
        }
    }

    #[test]
    fn a_store_opens_again_with_what_it_had() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hub.db");
        Store::open(&path).unwrap().write_now(insert("kept")).unwrap();
        let store = Store::open(&path).unwrap();
        let kept = store.read_now(|c| {
            c.query_row("SELECT count(*) FROM counter WHERE name = 'kept'", [], |row| row.get::<_, i64>(0))
                .named("kept")
        });
        assert_eq!(kept.unwrap(), 1);
    }

    #[test]
    fn a_newer_store_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hub.db");
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Newer { found: 99, .. })));
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hub.db");
        std::fs::write(&path, "not a database, but long enough to look at".repeat(100)).unwrap();
        assert!(Store::open(&path).is_err());
    }
}
