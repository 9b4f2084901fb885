//! One SQLite file for a town's hub: nothing to install.
//!
//! `synchronous = FULL`: "accepted" survives a power cut. Readers have connections of their own.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, ToSql, TransactionBehavior, params_from_iter};

use super::database::{self, Columns, Database, DatabaseError, Engine, Shown, Value};
use super::journal::Journal;
use super::moving::{self, MoveError, Moved};
use super::writer::{Answer, Committed, Job, Writer};
use super::{Readers, StoreError};
use crate::sqlite::{self, MigrateError};

/// Schema changes in order; `PRAGMA user_version` counts how many were made. Only ever added to.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("migrations/transfer.sql"),
    include_str!("migrations/accounts.sql"),
    include_str!("migrations/enrolment.sql"),
    sqlite::chain::SCHEMA,
    include_str!("migrations/together.sql"),
    include_str!("migrations/directory.sql"),
];

/// The connection that writes.
pub(super) struct SqliteWriter {
    connection: Connection,
    journal: Option<Journal>,
}

/// Connections that look, as many as were ever needed at once.
#[derive(Debug)]
pub(super) struct SqliteReaders {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// Opens the file, makes it where there is none, and brings it to this program's schema.
pub(super) fn open(path: &Path) -> Result<(SqliteWriter, SqliteReaders), StoreError> {
    let mut connection = connect(path, OpenFlags::default())?;
    migrate(&mut connection, path)?;
    let journal = Journal::of(&connection, path);
    Ok((SqliteWriter { connection, journal }, SqliteReaders { path: path.to_owned(), idle: Mutex::default() }))
}

impl Writer for SqliteWriter {
    fn write(&mut self, group: Vec<Job>) {
        let transaction = match self.connection.transaction_with_behavior(TransactionBehavior::Immediate) {
            Ok(transaction) => transaction,
            Err(error) => {
                tracing::error!(%error, "the store cannot begin a transaction");
                return; // dropping the jobs tells each of them `Stopped`
            }
        };
        let connection: &database::Connection = &*transaction;
        let answers: Vec<Answer> = group.into_iter().map(|job| job(connection)).collect();
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

    fn rest(&mut self) {
        if let Some(journal) = &self.journal {
            journal.look(&self.connection);
        }
    }
}

impl Readers for SqliteReaders {
    fn read(&self, query: &mut (dyn FnMut(&database::Connection) + Send)) -> Result<(), StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?,
        };
        query(&connection);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(())
    }
}

/// A file that a hub is leaving: nobody writes into it.
pub(super) struct Left {
    connection: Connection,
}

/// What a hub that has gone elsewhere leaves behind: no program opens the file any more, and none that has it open
/// accepts anything.
const GONE: &str = "
    CREATE TRIGGER gone_parcel BEFORE INSERT ON parcel BEGIN SELECT RAISE(ABORT, 'this hub has moved'); END;
    CREATE TRIGGER gone_part BEFORE INSERT ON part BEGIN SELECT RAISE(ABORT, 'this hub has moved'); END;
    CREATE TRIGGER gone_receipt BEFORE INSERT ON receipt BEGIN SELECT RAISE(ABORT, 'this hub has moved'); END;
    CREATE TRIGGER gone_mark BEFORE INSERT ON mark BEGIN SELECT RAISE(ABORT, 'this hub has moved'); END;
    CREATE TRIGGER gone_claim BEFORE INSERT ON claim BEGIN SELECT RAISE(ABORT, 'this hub has moved'); END;
    PRAGMA user_version = 1000000;";

pub(super) fn leave(path: &Path) -> Result<Left, StoreError> {
    let failed = |source| StoreError::Open { path: path.to_owned(), source };
    let connection = connect(path, OpenFlags::default())?;
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    Ok(Left { connection })
}

impl Left {
    /// Copies all of it.
    pub fn copied(self, target: &database::Connection) -> Result<(Vec<Moved>, Self), MoveError> {
        let moved = moving::take_over(&self.connection, target)?;
        Ok((moved, self))
    }

    /// The file is no hub's any more.
    pub fn close(self) -> Result<(), StoreError> {
        let connection: &database::Connection = &self.connection;
        connection.script("leave the file", GONE)?;
        connection.script("leave the file", "COMMIT")
    }
}

impl Database for Connection {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn change(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, DatabaseError> {
        Ok(self.prepare_cached(sql)?.execute(params_from_iter(values))?)
    }

    fn look(
        &self,
        sql: &str,
        values: &[Value<'_>],
        each: &mut Shown<'_>,
    ) -> Result<Result<(), StoreError>, DatabaseError> {
        let mut statement = self.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            match each(row) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => break,
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    fn run_script(&self, sql: &str) -> Result<(), DatabaseError> {
        Ok(self.execute_batch(sql)?)
    }

    fn last_number_of(&self, table: &'static str) -> Result<u64, DatabaseError> {
        let mut select = self.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1")?;
        Ok(select.query_row([table], |row| row.get(0)).optional()?.unwrap_or(0))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Columns for rusqlite::Row<'_> {
    fn integer(&self, column: usize) -> Result<Option<i64>, DatabaseError> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(number) => Ok(Some(number)),
            other => Err(wrong(column, other)),
        }
    }

    fn text(&self, column: usize) -> Result<Option<&str>, DatabaseError> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(bytes) => {
                let wrong = |error: std::str::Utf8Error| DatabaseError::Value { column, reason: error.to_string() };
                std::str::from_utf8(bytes).map(Some).map_err(wrong)
            }
            other => Err(wrong(column, other)),
        }
    }

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, DatabaseError> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            other => Err(wrong(column, other)),
        }
    }
}

fn wrong(column: usize, value: ValueRef<'_>) -> DatabaseError {
    DatabaseError::Value { column, reason: format!("it holds {}", value.data_type()) }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let open = |source| StoreError::Open { path: path.to_owned(), source };
    let connection = Connection::open_with_flags(path, flags).map_err(open)?;
    sqlite::set_up(&connection, !flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY)).map_err(open)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    sqlite::migrate(connection, MIGRATIONS).map_err(|error| match error {
        MigrateError::Newer { found, known } => StoreError::Newer { place: path.display().to_string(), found, known },
        MigrateError::Statement { step, source } => StoreError::Statement { statement: step, source: source.into() },
    })
}
