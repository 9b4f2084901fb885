//! The hub's record of what was done: by which office, at which terminal, with what result. Only ever added to.
//!
//! Call [`record`] in the write job of what it records, so that there is neither one without the other. Nothing in it but
//! office numbers, user ids, ids of parcels and certificates, codes and counts.

use std::ops::ControlFlow;

use jiff::Timestamp;

use super::accounts::session::Session;
use super::state::Caller;
use super::stores::{Connection, DatabaseError, Engine, Row, Store, StoreError, values};
use crate::sqlite::chain::{Entry, Table, Verifier};
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
    let Line { seq, at, who, terminal, action, subject, result, prev_hash, hash } =
        Line::following(&head(connection)?, &entry);
    let line = values![seq, at, &who, &terminal, &action, &subject, &result, &prev_hash, &hash];
    match connection.engine() {
        Engine::Sqlite => {
            connection.execute("record", INSERT, line)?;
            let moved = "UPDATE audit_head SET lines = ?1, hash = ?2 WHERE only_one = 1";
            connection.execute("move the record's end", moved, values![seq, &hash])?;
        }
        // Both at once: each question costs a way to the database and back.
        Engine::Postgres => {
            let moved = "WITH moved AS (UPDATE audit_head SET lines = ?1, hash = ?9 WHERE only_one = 1)";
            connection.execute("record", &format!("{moved} {INSERT}"), line)?;
        }
    }
    Ok(())
}

const INSERT: &str = "INSERT INTO audit (seq, at, who, terminal, action, subject, result, prev_hash, hash)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

/// The newest lines, newest first.
pub fn newest(connection: &Connection, count: u32) -> Result<Vec<Line>, StoreError> {
    let newest = "SELECT seq, at, who, terminal, action, subject, result, prev_hash, hash FROM audit
                  ORDER BY seq DESC LIMIT ?1";
    connection.all("audit", newest, values![count], line)
}

/// Where the record ends.
pub fn head(connection: &Connection) -> Result<Head, StoreError> {
    let head = "SELECT lines, hash FROM audit_head WHERE only_one = 1";
    connection.one("audit head", head, values![], |row| Ok(Head { lines: row.get(0)?, hash: row.get(1)? }))
}

/// Checks every line, and that the record goes through each head that was noted elsewhere. The lines that come
/// meanwhile are left for the next time.
pub fn verify(connection: &Connection, noted: &[Head]) -> Result<Result<u64, Fault>, StoreError> {
    match verify_all(connection, noted) {
        // A value of a wrong kind is no trouble of the store's: somebody wrote it.
        Err(error) if is_about_a_value(&error) => Ok(Err(Fault::Unreadable { seq: 0 })),
        verdict => verdict,
    }
}

fn verify_all(connection: &Connection, noted: &[Head]) -> Result<Result<u64, Fault>, StoreError> {
    let mut noted = noted.to_vec();
    noted.push(head(connection)?);
    let mut verifier = Verifier::new(&noted);
    let mut fault = None;
    let read_all = each(connection, |line| {
        fault = verifier.look(&line).err();
        fault.is_none()
    });
    match (fault, read_all) {
        (Some(fault), _) => return Ok(Err(fault)),
        (None, Err(error)) if is_about_a_value(&error) => return Ok(Err(verifier.unreadable())),
        (None, read_all) => read_all?,
    }
    let end = head(connection)?;
    Ok(if end.lines > verifier.seen().lines { verifier.end(None) } else { verifier.end(Some(&end)) })
}

fn is_about_a_value(error: &StoreError) -> bool {
    matches!(error, StoreError::Statement { source: DatabaseError::Value { .. } | DatabaseError::NoRow, .. })
}

/// How many lines are read at a time.
const PAGE: u32 = 1_000;

/// Every line, oldest first; `look` says whether to go on.
fn each(connection: &Connection, mut look: impl FnMut(Line) -> bool) -> Result<(), StoreError> {
    let (mut after, mut more) = (i64::MIN, true);
    while more {
        more = false;
        connection.until(
            "audit",
            "SELECT seq, at, who, terminal, action, subject, result, prev_hash, hash FROM audit
             WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            values![after, PAGE],
            |row| {
                after = row.get(0)?;
                more = look(line(row)?);
                Ok(if more { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            },
        )?;
    }
    Ok(())
}

fn line(row: &Row<'_>) -> Result<Line, StoreError> {
    Ok(Line {
        seq: row.get(0)?,
        at: row.time(1)?,
        who: row.get(2)?,
        terminal: row.get(3)?,
        action: row.get(4)?,
        subject: row.get(5)?,
        result: row.get(6)?,
        prev_hash: row.get(7)?,
        hash: row.get(8)?,
    })
}

/// Writes the whole record as CSV; says how many lines.
pub fn export(connection: &Connection, out: &mut dyn std::io::Write) -> std::io::Result<u64> {
    let mut table = Table::begun(out)?;
    let mut written = Ok(());
    each(connection, |line| {
        written = table.line(line);
        written.is_ok()
    })
    .map_err(std::io::Error::other)?;
    written.and_then(|()| table.end())
}

/// Notes in the log where the record ends, so that one that was written anew is found (`tayori-hub audit verify --noted`).
pub fn log_head(store: &Store) {
    match store.read_now(head) {
        Ok(head) => tracing::info!(lines = head.lines, hash = head.hash, "the record ends here"),
        Err(error) => tracing::warn!(%error, "where the record ends is not noted"),
    }
}
