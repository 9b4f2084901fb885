//! The hub's record of what was done: by which office, at which terminal, with what result. Only ever added to.
//!
//! Call [`record`] in the write job of what it records, so that there is neither one without the other. Nothing in it but
//! office numbers, user ids, ids of parcels and certificates, codes and counts.

use jiff::Timestamp;
use rusqlite::Connection;

use super::accounts::session::Session;
use super::state::Caller;
use super::stores::sqlite::{Named as _, Store, StoreError};
use crate::sqlite::chain::{self, Entry};
pub use crate::sqlite::chain::{Fault, Head, Line};
use crate::standard::OfficeNumber;

/// What a line says of how it ended, when it ended well.
pub const DONE: &str = "done";

/// Who did what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The office number, and the user after a slash where one is logged in; `operator` for the hub's own commands.
    pub who: String,
    /// The terminal's certificate; empty for the operator.
    pub terminal: String,
}

impl Actor {
    /// The operator, at the hub itself.
    pub fn operator() -> Self {
        Self { who: "operator".into(), terminal: String::new() }
    }

    /// Somebody of an office, where it is not known who.
    pub fn of_office(office: OfficeNumber) -> Self {
        Self { who: office.to_string(), terminal: String::new() }
    }

    /// Somebody who is logged in.
    pub fn of(caller: &Caller, session: &Session) -> Self {
        Self { who: format!("{}/{}", caller.office, session.user), terminal: caller.terminal.clone() }
    }

    /// The program, by itself.
    pub fn hub() -> Self {
        Self { who: String::new(), terminal: String::new() }
    }
}

/// Adds a line in the transaction of what it records.
pub fn record(
    connection: &Connection,
    actor: &Actor,
    action: &str,
    subject: &str,
    result: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry { at: now, who: &actor.who, terminal: &actor.terminal, action, subject, result };
    chain::append(connection, &entry).named("record").map(|_| ())
}

/// The newest lines, newest first.
pub fn newest(connection: &Connection, count: u32) -> Result<Vec<Line>, StoreError> {
    chain::newest(connection, count).named("audit")
}

/// Where the record ends.
pub fn head(connection: &Connection) -> Result<Head, StoreError> {
    chain::head(connection).named("audit head")
}

/// Checks every line, and that the record goes through each head that was noted elsewhere.
pub fn verify(connection: &Connection, noted: &[Head]) -> Result<Result<u64, Fault>, StoreError> {
    chain::verify(connection, noted).named("verify audit")
}

/// Writes the whole record as CSV; says how many lines.
pub fn export(connection: &Connection, out: &mut dyn std::io::Write) -> std::io::Result<u64> {
    chain::write_csv(connection, out, |_| true).map(Option::unwrap_or_default)
}

/// Notes in the log where the record ends, so that one that was written anew is found (`tayori-hub audit verify --noted`).
pub fn log_head(store: &Store) {
    match store.read_now(head) {
        Ok(head) => tracing::info!(lines = head.lines, hash = head.hash, "the record ends here"),
        Err(error) => tracing::warn!(%error, "where the record ends is not noted"),
    }
}
