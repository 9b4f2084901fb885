//! One-time codes as the hub keeps them: enough to check that somebody has one, and never the code itself.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::mailbox::{parsed, time};
use super::stores::sqlite::{Named as _, StoreError};
use crate::identity::code::{Code, Handle, MacKey};
use crate::standard::OfficeNumber;

/// How long a code of the operator's is good for: a letter takes days, and people take holidays.
pub const OPERATORS: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How long a code that a terminal shows is good for: the other PC stands beside it.
pub const TERMINALS: SignedDuration = SignedDuration::from_hours(1);
/// After so many wrong proofs a code is no code any more.
pub const TRIES: u32 = 10;
/// Codes that are over are told from codes that never were for so long, to who can prove that they have them.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A code to be kept.
#[derive(Clone, Debug)]
pub struct NewCode {
    pub handle: Handle,
    pub office: OfficeNumber,
    /// A terminal's id; empty for the operator.
    pub made_by: String,
    pub proof: MacKey,
    pub answer: MacKey,
    pub chest: Option<Vec<u8>>,
    /// Whether the office is to get a new key in place of the one it lost.
    pub new_key: bool,
    pub expires_at: Timestamp,
}

impl NewCode {
    /// What is kept of a code of the operator's.
    pub fn of_operator(code: &Code, office: OfficeNumber, new_key: bool, now: Timestamp) -> Self {
        Self {
            handle: code.handle(),
            office,
            made_by: String::new(),
            proof: code.proof(),
            answer: code.answer(),
            chest: None,
            new_key,
            expires_at: now.checked_add(OPERATORS).unwrap_or(Timestamp::MAX),
        }
    }
}

/// A code that is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    pub office: OfficeNumber,
    pub proof: MacKey,
    pub answer: MacKey,
    pub chest: Option<Vec<u8>>,
    pub new_key: bool,
    pub expires_at: Timestamp,
    pub tries: u32,
    /// The terminal it let in.
    pub used_by: Option<String>,
}

pub fn keep(connection: &Connection, code: &NewCode, now: Timestamp) -> Result<(), StoreError> {
    let long_ago = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
    connection.execute("DELETE FROM code WHERE expires_at < ?1", [long_ago.as_millisecond()]).named("forget codes")?;
    connection
        .execute(
            "INSERT INTO code (handle, office, made_by, proof, answer, chest, new_key, made_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                code.handle.0,
                code.office.as_str(),
                code.made_by,
                code.proof.as_bytes(),
                code.answer.as_bytes(),
                code.chest,
                code.new_key,
                now.as_millisecond(),
                code.expires_at.as_millisecond()
            ],
        )
        .named("keep code")
        .map(|_| ())
}

/// Most codes of its own an office has at a time.
const OPEN: u32 = 20;

/// The same for a code that a terminal made. Says `false` when the office has more of them than anyone needs.
pub fn keep_of_terminal(connection: &Connection, code: &NewCode, now: Timestamp) -> Result<bool, StoreError> {
    let open: u32 = connection
        .query_row(
            "SELECT count(*) FROM code WHERE office = ?1 AND made_by <> '' AND used_at IS NULL AND expires_at > ?2",
            params![code.office.as_str(), now.as_millisecond()],
            |row| row.get(0),
        )
        .named("count codes")?;
    if open >= OPEN {
        return Ok(false);
    }
    keep(connection, code, now)?;
    Ok(true)
}

pub fn find(connection: &Connection, handle: Handle) -> Result<Option<Kept>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT office, proof, answer, chest, new_key, expires_at, tries, used_by FROM code WHERE handle = ?1",
        )
        .named("find code")?;
    let mut rows = statement.query([handle.0]).named("find code")?;
    let Some(row) = rows.next().named("find code")? else { return Ok(None) };
    let key = |column| -> Result<Option<MacKey>, StoreError> {
        Ok(MacKey::from_bytes(&row.get::<_, Vec<u8>>(column).named("find code")?))
    };
    let (Some(proof), Some(answer)) = (key(1)?, key(2)?) else { return Ok(None) };
    Ok(Some(Kept {
        office: parsed(row, 0)?,
        proof,
        answer,
        chest: row.get(3).named("find code")?,
        new_key: row.get(4).named("find code")?,
        expires_at: time(row, 5)?,
        tries: row.get(6).named("find code")?,
        used_by: row.get(7).named("find code")?,
    }))
}

/// Somebody had the handle and not the code.
pub fn note_wrong(connection: &Connection, handle: Handle) -> Result<(), StoreError> {
    connection
        .execute("UPDATE code SET tries = tries + 1 WHERE handle = ?1", [handle.0])
        .named("note wrong")
        .map(|_| ())
}

/// A code lets one terminal in.
pub fn note_used(connection: &Connection, handle: Handle, by: &str, now: Timestamp) -> Result<(), StoreError> {
    connection
        .execute(
            "UPDATE code SET used_at = ?2, used_by = ?3 WHERE handle = ?1",
            params![handle.0, now.as_millisecond(), by],
        )
        .named("note used")
        .map(|_| ())
}
