//! PostgreSQL (14 or later), for several nodes over one store.
//!
//! One writer at a time over all nodes: each node's writer takes what waits, begins, takes one lock that ends with the
//! transaction, runs the group under savepoints and commits. So numbers rise in the order of commits, and a terminal whose
//! cursor has passed a number has missed none before it. A node that stalls with the lock in hand is cut off by the
//! server after `STALLED`, and what it had begun was never said to be done.

mod address;
mod migrations;
mod neighbours;
mod session;

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use address::{Address, AddressError};
pub(in crate::hub) use neighbours::{Neighbours, Rings};
pub(super) use session::{Session, WEEK, partition};

use super::database::{Connection, DatabaseError};
use super::writer::{Answer, Committed, Job, Writer};
use super::{Readers, StoreError};

/// A transaction in which nothing happens for so long is ended by the server.
const STALLED: &str = "10s";
/// How long a node waits for its turn to write.
const TURN: &str = "20s";
/// No single statement takes longer.
const STATEMENT: &str = "60s";
/// The lock that whoever writes has.
const WRITING: i64 = 0x7461_796f_7269;
/// Most connections that look at once, of one node.
const MOST_READERS: usize = 16;
/// How long a reader waits for one of them.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that was idle for so long is asked whether it still stands.
const ASK_AFTER: Duration = Duration::from_secs(5);
/// After a connection failed, the next one is tried so much later; until then everyone hears at once that there is none.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// Connects, and brings the database to this program's schema.
pub(super) fn open(address: &Address) -> Result<(PostgresWriter, PostgresReaders), StoreError> {
    let session = Session::to(address)?;
    migrations::migrate(&session, address)?;
    let writer = PostgresWriter { address: address.clone(), session: Some(session), failed: None };
    Ok((writer, PostgresReaders { address: address.clone(), pool: Mutex::default(), returned: Condvar::new() }))
}

/// The connection that writes.
pub(super) struct PostgresWriter {
    address: Address,
    session: Option<Session>,
    failed: Option<Instant>,
}

impl PostgresWriter {
    /// A session that has its turn. Nothing of the group was begun before, so another connection may be tried.
    fn begin(&mut self) -> Result<Session, StoreError> {
        if let Some(session) = self.session.take() {
            match begin(&session) {
                Ok(()) => return Ok(session),
                // The turn did not come: the connection is good, and somebody else is slow.
                Err(error) if !session.is_lost() => {
                    let _ = session.run("ROLLBACK");
                    self.session = Some(session);
                    return Err(error);
                }
                Err(_) => {}
            }
        }
        if self.failed.is_some_and(|at| at.elapsed() < TRY_AGAIN) {
            return Err(StoreError::Stopped);
        }
        let begun = Session::to(&self.address).and_then(|session| begin(&session).map(|()| session));
        self.failed = begun.is_err().then(Instant::now);
        begun
    }
}

fn begin(session: &Session) -> Result<(), StoreError> {
    let failed = |source| StoreError::Statement { statement: "begin", source };
    session.begin(&format!("SELECT pg_advisory_xact_lock({WRITING})")).map_err(failed)
}

impl Writer for PostgresWriter {
    fn write(&mut self, group: Vec<Job>) {
        let session = match self.begin() {
            Ok(session) => session,
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, source, "the store cannot begin a transaction");
                return; // dropping the jobs tells each of them `Stopped`
            }
        };
        let connection: &Connection = &session;
        let answers: Vec<Answer> = group.into_iter().map(|job| job(connection)).collect();
        // COMMIT of a transaction that failed says nothing; the question before it does.
        let committed = match session.run("SELECT 1; COMMIT") {
            Ok(()) => Committed::Yes,
            Err(error) => {
                tracing::error!(%error, "the store cannot commit");
                let _ = session.run("ROLLBACK");
                session.forget_partitions();
                Committed::No
            }
        };
        for answer in answers {
            answer(committed);
        }
        if !session.is_lost() {
            self.session = Some(session);
        }
    }
}

/// Connections that look: a few, lent to whoever comes next.
pub(super) struct PostgresReaders {
    address: Address,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<(Session, Instant)>,
    lent: usize,
    failed: Option<Instant>,
}

impl std::fmt::Debug for PostgresReaders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresReaders").field("of", &self.address).finish_non_exhaustive()
    }
}

impl Readers for PostgresReaders {
    fn read(&self, query: &mut (dyn FnMut(&Connection) + Send)) -> Result<(), StoreError> {
        let lent = Lent { readers: self, session: Some(self.lend()?) };
        if let Some(session) = &lent.session {
            query(session);
        }
        Ok(())
    }

    fn read_anywhere(&self, query: &mut (dyn FnMut(&Connection) + Send)) -> Result<(), StoreError> {
        // The client brings a runtime of its own, which may not run where another's futures do.
        if tokio::runtime::Handle::try_current().is_ok() {
            std::thread::scope(|scope| {
                let read = std::thread::Builder::new().name("reader".into()).spawn_scoped(scope, || self.read(query));
                read.map_err(|_| StoreError::Busy)?.join().map_err(|_| StoreError::Stopped)?
            })
        } else {
            self.read(query)
        }
    }
}

impl PostgresReaders {
    fn lend(&self) -> Result<Session, StoreError> {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut pool, waited) = self
            .returned
            .wait_timeout_while(pool, PATIENCE, |pool| pool.lent >= MOST_READERS)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(StoreError::Busy);
        }
        pool.lent += 1;
        let (idle, failed) = (pool.idle.pop(), pool.failed);
        drop(pool);
        let session = match idle {
            Some((session, since)) if since.elapsed() < ASK_AFTER || session.stands() => Ok(session),
            _ if failed.is_some_and(|at| at.elapsed() < TRY_AGAIN) => Err(StoreError::Stopped),
            _ => Session::to(&self.address),
        };
        if session.is_err() {
            let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
            pool.lent -= 1;
            if failed.is_none_or(|at| at.elapsed() >= TRY_AGAIN) {
                pool.failed = Some(Instant::now());
            }
            drop(pool);
            self.returned.notify_one();
        }
        session
    }
}

/// A session that comes back, even from a query that panics.
struct Lent<'a> {
    readers: &'a PostgresReaders,
    session: Option<Session>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.lent -= 1;
        match self.session.take() {
            Some(session) if session.is_lost() || std::thread::panicking() => {
                // The others were made before it and are most likely lost with it.
                pool.idle.clear();
            }
            Some(session) => pool.idle.push((session, Instant::now())),
            None => {}
        }
        drop(pool);
        self.readers.returned.notify_one();
    }
}

impl From<postgres::Error> for DatabaseError {
    /// The detail that PostgreSQL adds may quote what stands in a row; it is left out.
    fn from(error: postgres::Error) -> Self {
        match error.as_db_error() {
            Some(said) => Self::Postgres {
                code: Some(said.code().code().to_owned()),
                says: format!("{} ({})", said.message(), said.code().code()),
            },
            None => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                Self::Postgres { code: None, says: format!("{error}{cause}") }
            }
        }
    }
}

#[cfg(test)]
mod plans;
#[cfg(test)]
#[cfg(unix)]
mod tests;
#[cfg(test)]
#[cfg(unix)]
mod tls;
