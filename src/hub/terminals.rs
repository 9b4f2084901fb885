//! The terminals of each office: who came in, who waits to be let in, who was withdrawn.
//!
//! A terminal's id is the serial of its first certificate and stays when that is renewed.

use jiff::Timestamp;

use super::audit::{self, Actor, DONE};
use super::directory::move_on;
use super::stores::{Connection, Row, StoreError, values};
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
    connection.execute(
        "add terminal",
        "INSERT INTO terminal (id, office, name, added_at, waiting) VALUES (?1, ?2, ?3, ?4, ?5)",
        values![id, &office, name, now, admission == Admission::Waits],
    )?;
    move_on(connection)
}

/// How many terminals this office ever had.
pub fn count(connection: &Connection, office: OfficeNumber) -> Result<u32, StoreError> {
    let count = "SELECT count(*) FROM terminal WHERE office = ?1";
    connection.one("count terminals", count, values![&office], |row| row.get(0))
}

/// Each with its newest certificate.
const TERMINALS: &str =
    "SELECT terminal.id, terminal.office, name, added_at, terminal.revoked_at, waiting, der, not_after
     FROM terminal JOIN certificate ON certificate.office = terminal.office AND certificate.serial =
         (SELECT serial FROM certificate AS newest WHERE newest.office = terminal.office
          AND newest.terminal = terminal.id ORDER BY newest.not_after DESC, newest.serial LIMIT 1)";

/// The terminals of an office, in the order they came; those that were withdrawn among them.
pub fn list(connection: &Connection, office: OfficeNumber) -> Result<Vec<Terminal>, StoreError> {
    let of_office = format!("{TERMINALS} WHERE terminal.office = ?1 ORDER BY added_at, terminal.id");
    connection.all("list terminals", &of_office, values![&office], terminal)
}

/// One terminal of an office, unless it was withdrawn. Another office's is as if it were not there.
pub fn find(connection: &Connection, office: OfficeNumber, id: &str) -> Result<Option<Terminal>, StoreError> {
    let one = format!("{TERMINALS} WHERE terminal.office = ?1 AND terminal.id = ?2 AND terminal.revoked_at IS NULL");
    connection.find("find terminal", &one, values![&office, id], terminal)
}

/// The one terminal in use whose id begins so, whoever's it is: for the operator.
pub fn beginning(connection: &Connection, id: &str) -> Result<Option<Terminal>, StoreError> {
    // An id is hexadecimal: whatever begins so stands before the same with a "g" behind it.
    let beginning = format!(
        "{TERMINALS} WHERE terminal.id >= ?1 AND terminal.id < ?2 AND terminal.revoked_at IS NULL
         ORDER BY terminal.id LIMIT 2"
    );
    let mut found = connection.all("find terminal", &beginning, values![id, &format!("{id}g")], terminal)?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// Withdraws one terminal and every certificate it calls with. Says whether there was one to withdraw.
pub fn revoke(
    connection: &Connection,
    office: OfficeNumber,
    id: &str,
    by: &Actor,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let known = connection.execute(
        "revoke terminal",
        "UPDATE terminal SET revoked_at = ?3, admission = NULL WHERE office = ?1 AND id = ?2 AND revoked_at IS NULL",
        values![&office, id, now],
    )?;
    if known > 0 {
        connection.execute(
            "revoke terminal's certificates",
            "UPDATE certificate SET revoked_at = ?3 WHERE office = ?1 AND terminal = ?2 AND revoked_at IS NULL",
            values![&office, id, now],
        )?;
        // A code it made would let in whoever has the terminal.
        connection.execute(
            "forget terminal's codes",
            "DELETE FROM code WHERE office = ?1 AND made_by = ?2 AND used_at IS NULL",
            values![&office, id],
        )?;
        audit::record(connection, by, "revoke-terminal", id, DONE, now)?;
        move_on(connection)?;
    }
    Ok(known > 0)
}

pub(super) fn revoke_all(connection: &Connection, office: OfficeNumber, now: Timestamp) -> Result<(), StoreError> {
    connection.execute(
        "revoke terminals",
        "UPDATE terminal SET revoked_at = ?2, admission = NULL WHERE office = ?1 AND revoked_at IS NULL",
        values![&office, now],
    )?;
    let codes = "DELETE FROM code WHERE office = ?1 AND used_at IS NULL";
    connection.execute("forget codes", codes, values![&office])?;
    forget_chest(connection, office)
}

/// Leaves the office's keys, sealed to a terminal that waits, for it to fetch.
pub fn admit(connection: &Connection, office: OfficeNumber, id: &str, sealed: &[u8]) -> Result<bool, StoreError> {
    let known = connection.execute(
        "admit terminal",
        "UPDATE terminal SET admission = ?3 WHERE office = ?1 AND id = ?2 AND revoked_at IS NULL AND waiting = 1",
        values![&office, id, sealed],
    )?;
    Ok(known > 0)
}

/// None of the office's terminals has its key: it gets another.
pub fn all_wait(connection: &Connection, office: OfficeNumber) -> Result<(), StoreError> {
    let wait = "UPDATE terminal SET waiting = 1, admission = NULL WHERE office = ?1";
    connection.execute("all terminals wait", wait, values![&office]).map(|_| ())
}

/// What another terminal left for this one.
pub fn admission(connection: &Connection, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let admission = "SELECT admission FROM terminal WHERE id = ?1";
    connection.find("admission", admission, values![id], |row| row.maybe(0)).map(Option::flatten)
}

/// The terminal says that it has the office's keys now.
pub fn note_admitted(connection: &Connection, id: &str) -> Result<(), StoreError> {
    let admitted = "UPDATE terminal SET waiting = 0, admission = NULL WHERE id = ?1";
    connection.execute("note admitted", admitted, values![id]).map(|_| ())
}

/// Keeps the office's keys as sealed under its recovery code; the last one counts.
pub fn keep_chest(
    connection: &Connection,
    office: OfficeNumber,
    sealed: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    let kept = connection.execute(
        "keep chest",
        "INSERT INTO chest (office, sealed, made_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (office) DO UPDATE SET sealed = ?2, made_at = ?3",
        values![&office, sealed, now],
    );
    kept.map(|_| ())
}

pub fn chest(connection: &Connection, office: OfficeNumber) -> Result<Option<Vec<u8>>, StoreError> {
    connection.find("chest", "SELECT sealed FROM chest WHERE office = ?1", values![&office], |row| row.get(0))
}

pub fn forget_chest(connection: &Connection, office: OfficeNumber) -> Result<(), StoreError> {
    connection.execute("forget chest", "DELETE FROM chest WHERE office = ?1", values![&office]).map(|_| ())
}

fn terminal(row: &Row<'_>) -> Result<Terminal, StoreError> {
    Ok(Terminal {
        id: row.get(0)?,
        office: row.parsed(1)?,
        name: row.get(2)?,
        added_at: row.time(3)?,
        revoked_at: row.maybe_time(4)?,
        admission: if row.get(5)? { Admission::Waits } else { Admission::Has },
        certificate: row.get(6)?,
        valid_until: row.time(7)?,
    })
}
