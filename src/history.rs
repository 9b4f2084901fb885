//! One terminal's own store: what was written, sent, received, and the evidence for each step.
//!
//! A parcel's state is never stored as such; it follows from evidence ([`State`]), and each piece of evidence is written
//! in the same transaction as what it proves. `synchronous = FULL`: what counts as received is on the disk. Several
//! connections (threads, a command beside the window) may use one file; every write begins `IMMEDIATE`, since a
//! deferred one that reads first fails under contention. The file is encrypted (SQLCipher) with the key of the profile's
//! vault, its write-ahead log and index of words included. Plain SQL lives in this room and nowhere else in the client.

mod audit;
mod board;
mod claims;
mod coming;
mod directory;
mod drafts;
mod evidence;
mod held;
mod incoming;
mod lists;
mod login;
mod marks;
mod mending;
mod national;
mod notes;
mod opening;
mod outbox;
mod partners;
mod register;
mod relay;
mod release;
mod search;
mod tally;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

pub use audit::{Action, DONE, LOGIN_USER};
pub use board::{Dealings, PaperNote};
pub use claims::HeldElsewhere;
pub use directory::{KnownOffice, ListedOffice};
pub use drafts::{OutgoingFile, StoredDraft};
pub use evidence::{Failure, ParcelLine, State, Step, Subject, Trail, Way};
pub use held::{HeldParcel, HeldReceipt};
pub use incoming::{Delivery, NewIncoming, NewRefused, RefusalReceipt};
pub use lists::Stored;
pub use login::KeptLogin;
pub use marks::{Mark, OwnReceipt, Teller};
pub use national::NewDownload;
pub use outbox::{Due, NewOutgoing, NewSent, Tried};
pub use partners::PartnerKey;
pub use register::RegisterRow;
pub use relay::PassedOn;
pub use search::{Hits, Wanted};
pub use tally::{Mishap, Parcels, Tally};

pub use crate::sqlite::chain::{Fault as AuditFault, Head as AuditHead, Line as AuditLine};

use audit::record;

use crate::desks::Desk;
use crate::identity::DatabaseKey;
use crate::parcel::ParcelId;
use crate::sqlite::chain;
use opening::InUse;

/// Schema changes in order; `PRAGMA user_version` counts how many were made. Only ever added to.
const MIGRATIONS: &[&str] = &[
    include_str!("history/schema.sql"),
    include_str!("history/migrations/drafts.sql"),
    include_str!("history/migrations/coming.sql"),
    chain::SCHEMA,
    include_str!("history/migrations/together.sql"),
    include_str!("history/migrations/national.sql"),
    include_str!("history/migrations/overdue.sql"),
    include_str!("history/migrations/board.sql"),
    include_str!("history/migrations/open.sql"),
    include_str!("history/migrations/search.sql"),
    include_str!("history/migrations/relay.sql"),
    include_str!("history/migrations/directory.sql"),
];

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("cannot open the history {path}")]
    Open { path: PathBuf, source: rusqlite::Error },
    #[error("the history {path} is of a newer version ({found}) than this program knows ({known})")]
    Newer { path: PathBuf, found: usize, known: usize },
    #[error("the history failed: {statement}")]
    Statement { statement: &'static str, source: rusqlite::Error },
    #[error("the history holds something unreadable: {what}")]
    Unreadable { what: &'static str },
    #[error("cannot use {path}")]
    File { path: PathBuf, source: std::io::Error },
    /// Other programs have it open, and it has to be alone for a moment.
    #[error("the history is in use by others")]
    InUse,
    /// A look at the whole file found pages that are not as they were written.
    #[error("the history is damaged")]
    Damaged,
}

impl HistoryError {
    /// Whether the file is not what was written: it has to be mended.
    pub fn is_damaged(&self) -> bool {
        match self {
            HistoryError::Statement { source, .. } | HistoryError::Open { source, .. } => mending::is_damage(source),
            HistoryError::Damaged => true,
            _ => false,
        }
    }

    /// Whether there is no room for what was to be written.
    pub fn is_disk_full(&self) -> bool {
        use rusqlite::{Error, ffi};
        let source = match self {
            // What SQLCipher does inside a function of its own comes with the words, but not with the code.
            HistoryError::Statement { source: Error::SqliteFailure(_, Some(words)), .. }
                if words == "database or disk is full" =>
            {
                return true;
            }
            HistoryError::Statement { source, .. } | HistoryError::Open { source, .. } => source.sqlite_error(),
            HistoryError::File { source, .. } => return source.kind() == std::io::ErrorKind::StorageFull,
            _ => None,
        };
        // The second: the file beside the history that its readers share could not be made as large as it must be.
        source.is_some_and(|error| matches!(error.extended_code, ffi::SQLITE_FULL | ffi::SQLITE_IOERR_SHMSIZE))
    }
}

/// Names the statement that failed, so that a log says which one.
trait Named<T> {
    fn named(self, statement: &'static str) -> Result<T, HistoryError>;
}

impl<T> Named<T> for Result<T, rusqlite::Error> {
    fn named(self, statement: &'static str) -> Result<T, HistoryError> {
        self.map_err(|source| HistoryError::Statement { statement, source })
    }
}

/// A connection to the history. Each thread opens its own.
#[derive(Debug)]
pub struct History {
    connection: Connection,
    /// The office's desks, by which the lists say for whom a parcel is.
    desks: Vec<Desk>,
    _in_use: InUse,
}

impl History {
    /// Opens the file, makes it where there is none, and brings it to this program's schema. A plain one of an older
    /// version is encrypted.
    pub fn open(path: &Path, key: &DatabaseKey) -> Result<Self, HistoryError> {
        let (connection, in_use) = opening::open(path, key)?;
        Ok(Self { connection, desks: Vec::new(), _in_use: in_use })
    }

    /// The desks the office has from now on.
    pub fn set_desks(&mut self, desks: &[Desk]) {
        self.desks = desks.to_vec();
    }

    fn begin(&mut self) -> Result<Transaction<'_>, HistoryError> {
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate).named("begin")
    }
}

/// Adds a line to what happened to a parcel.
fn add_to_trail(connection: &Connection, parcel: ParcelId, at: Timestamp, step: &Step) -> Result<(), HistoryError> {
    let step = to_json(step)?;
    connection
        .prepare_cached("INSERT INTO trail (parcel, at, step) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| insert.execute(params![parcel.to_string(), at.as_millisecond(), step]))
        .named("add to trail")
        .map(|_| ())
}

fn to_json(value: &impl serde::Serialize) -> Result<String, HistoryError> {
    serde_json::to_string(value).map_err(|_| HistoryError::Unreadable { what: "a value that cannot be written" })
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T, HistoryError> {
    serde_json::from_str(text).map_err(|_| HistoryError::Unreadable { what })
}

fn to_time(millis: i64) -> Result<Timestamp, HistoryError> {
    Timestamp::from_millisecond(millis).map_err(|_| HistoryError::Unreadable { what: "a time" })
}

#[cfg(test)]
mod tests;
