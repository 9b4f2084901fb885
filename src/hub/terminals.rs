//! The terminals of each office: who came in, who waits to be let in, who was withdrawn.
//!
//! A terminal's id is the serial of its first certificate and stays when that is renewed.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::audit::{self, Actor, DONE};
use super::directory::move_on;
use super::mailbox::{parsed, time};
use super::stores::sqlite::{Named as _, StoreError};
use crate::standard::OfficeNumber;

/// Whether a terminal has the office's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Has,
    /// Another terminal has to let it in.
    Waits,
}

/// A terminal as the hub knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    pub id: String,
    pub office: OfficeNumber,
    /// Empty for one that came with a request of its own.
    pub name: String,
    pub added_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub admission: Admission,
    /// Its newest certificate, DER.
    pub certificate: Vec<u8>,
    pub valid_until: Timestamp,
}

pub fn add(
    connection: &Connection,
    office: OfficeNumber,
    id: &str,
    name: &str,
    admission: Admission,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection
        .execute(
            "INSERT INTO terminal (id, office, name, added_at, waiting) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, office.as_str(), name, now.as_millisecond(), admission == Admission::Waits],
        )
        .named("add terminal")?;
    move_on(connection)
}

/// How many terminals this office ever had.
pub fn count(connection: &Connection, office: OfficeNumber) -> Result<u32, StoreError> {
    connection
        .query_row("SELECT count(*) FROM terminal WHERE office = ?1", [office.as_str()], |row| row.get(0))
        .named("count terminals")
}

const TERMINALS: &str =
    "SELECT terminal.id, terminal.office, name, added_at, terminal.revoked_at, waiting, der, max(not_after)
     FROM terminal JOIN certificate ON certificate.terminal = terminal.id";

/// The terminals of an office, in the order they came; those that were withdrawn among them.
pub fn list(connection: &Connection, office: OfficeNumber) -> Result<Vec<Terminal>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!(
            "{TERMINALS} WHERE terminal.office = ?1 GROUP BY terminal.id ORDER BY added_at, terminal.id"
        ))
        .named("list terminals")?;
    let mut rows = statement.query([office.as_str()]).named("list terminals")?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().named("list terminals")? {
        found.push(terminal(row)?);
    }
    Ok(found)
}

/// One terminal of an office, unless it was withdrawn. Another office's is as if it were not there.
pub fn find(connection: &Connection, office: OfficeNumber, id: &str) -> Result<Option<Terminal>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!(
            "{TERMINALS} WHERE terminal.office = ?1 AND terminal.id = ?2 AND terminal.revoked_at IS NULL GROUP BY terminal.id"
        ))
        .named("find terminal")?;
    let mut rows = statement.query([office.as_str(), id]).named("find terminal")?;
    rows.next().named("find terminal")?.map(terminal).transpose()
}

/// The one terminal in use whose id begins so, whoever's it is: for the operator.
pub fn beginning(connection: &Connection, id: &str) -> Result<Option<Terminal>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!(
            "{TERMINALS} WHERE substr(terminal.id, 1, length(?1)) = ?1 AND terminal.revoked_at IS NULL
             GROUP BY terminal.id LIMIT 2"
        ))
        .named("find terminal")?;
    let mut rows = statement.query([id]).named("find terminal")?;
    let Some(found) = rows.next().named("find terminal")?.map(terminal).transpose()? else { return Ok(None) };
    let alone = rows.next().named("find terminal")?.is_none();
    Ok(alone.then_some(found))
}

/// Withdraws one terminal and every certificate it calls with. Says whether there was one to withdraw.
pub fn revoke(
    connection: &Connection,
    office: OfficeNumber,
    id: &str,
    by: &Actor,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let at = now.as_millisecond();
    let known = connection
        .execute(
            "UPDATE terminal SET revoked_at = ?3, admission = NULL WHERE office = ?1 AND id = ?2 AND revoked_at IS NULL",
            params![office.as_str(), id, at],
        )
        .named("revoke terminal")?;
    if known > 0 {
        connection
            .execute(
                "UPDATE certificate SET revoked_at = ?3 WHERE office = ?1 AND terminal = ?2 AND revoked_at IS NULL",
                params![office.as_str(), id, at],
            )
            .named("revoke terminal's certificates")?;
        // A code it made would let in whoever has the terminal.
        connection
            .execute(
                "DELETE FROM code WHERE office = ?1 AND made_by = ?2 AND used_at IS NULL",
                params![office.as_str(), id],
            )
            .named("forget terminal's codes")?;
        audit::record(connection, by, "revoke-terminal", id, DONE, now)?;
        move_on(connection)?;
    }
    Ok(known > 0)
}

pub(super) fn revoke_all(connection: &Connection, office: OfficeNumber, now: Timestamp) -> Result<(), StoreError> {
    connection
        .execute(
            "UPDATE terminal SET revoked_at = ?2, admission = NULL WHERE office = ?1 AND revoked_at IS NULL",
            params![office.as_str(), now.as_millisecond()],
        )
        .named("revoke terminals")?;
    connection
        .execute("DELETE FROM code WHERE office = ?1 AND used_at IS NULL", [office.as_str()])
        .named("forget codes")?;
    connection.execute("DELETE FROM chest WHERE office = ?1", [office.as_str()]).named("forget chest").map(|_| ())
}

/// Leaves the office's keys, sealed to a terminal that waits, for it to fetch.
pub fn admit(connection: &Connection, office: OfficeNumber, id: &str, sealed: &[u8]) -> Result<bool, StoreError> {
    let known = connection
        .execute(
            "UPDATE terminal SET admission = ?3 WHERE office = ?1 AND id = ?2 AND revoked_at IS NULL AND waiting = 1",
            params![office.as_str(), id, sealed],
        )
        .named("admit terminal")?;
    Ok(known > 0)
}

/// None of the office's terminals has its key: it gets another.
pub fn all_wait(connection: &Connection, office: OfficeNumber) -> Result<(), StoreError> {
    connection
        .execute("UPDATE terminal SET waiting = 1, admission = NULL WHERE office = ?1", [office.as_str()])
        .named("all terminals wait")
        .map(|_| ())
}

/// What another terminal left for this one.
pub fn admission(connection: &Connection, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
    connection
        .prepare_cached("SELECT admission FROM terminal WHERE id = ?1")
        .and_then(|mut statement| statement.query_row([id], |row| row.get(0)).optional())
        .named("admission")
        .map(Option::flatten)
}

/// The terminal says that it has the office's keys now.
pub fn note_admitted(connection: &Connection, id: &str) -> Result<(), StoreError> {
    connection
        .execute("UPDATE terminal SET waiting = 0, admission = NULL WHERE id = ?1", [id])
        .named("note admitted")
        .map(|_| ())
}

/// Keeps the office's keys as sealed under its recovery code; the last one counts.
pub fn keep_chest(
    connection: &Connection,
    office: OfficeNumber,
    sealed: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    connection
        .execute(
            "INSERT INTO chest (office, sealed, made_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (office) DO UPDATE SET sealed = ?2, made_at = ?3",
            params![office.as_str(), sealed, now.as_millisecond()],
        )
        .named("keep chest")
        .map(|_| ())
}

pub fn chest(connection: &Connection, office: OfficeNumber) -> Result<Option<Vec<u8>>, StoreError> {
    connection
        .query_row("SELECT sealed FROM chest WHERE office = ?1", [office.as_str()], |row| row.get(0))
        .optional()
        .named("chest")
}

pub fn forget_chest(connection: &Connection, office: OfficeNumber) -> Result<(), StoreError> {
    connection.execute("DELETE FROM chest WHERE office = ?1", [office.as_str()]).named("forget chest").map(|_| ())
}

/// SQLite hands out the other columns of the row that has the `max`.
fn terminal(row: &Row<'_>) -> Result<Terminal, StoreError> {
    let revoked: Option<i64> = row.get(4).named("terminal")?;
    Ok(Terminal {
        id: row.get(0).named("terminal")?,
        office: parsed(row, 1)?,
        name: row.get(2).named("terminal")?,
        added_at: time(row, 3)?,
        revoked_at: revoked.and_then(|millis| Timestamp::from_millisecond(millis).ok()),
        admission: if row.get(5).named("terminal")? { Admission::Waits } else { Admission::Has },
        certificate: row.get(6).named("terminal")?,
        valid_until: time(row, 7)?,
    })
}
