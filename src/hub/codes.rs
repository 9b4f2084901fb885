//! One-time codes as the hub keeps them: enough to check that somebody has one, and never the code itself.

use jiff::{SignedDuration, Timestamp};

use super::stores::{Connection, StoreError, values};
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
    connection.execute("forget codes", "DELETE FROM code WHERE expires_at < ?1", values![long_ago])?;
    let kept = connection.execute(
        "keep code",
        "INSERT INTO code (handle, office, made_by, proof, answer, chest, new_key, made_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        values![
            &code.handle.0,
            &code.office,
            &code.made_by,
            code.proof.as_bytes(),
            code.answer.as_bytes(),
            code.chest.as_deref(),
            code.new_key,
            now,
            code.expires_at
        ],
    );
    kept.map(|_| ())
}

/// Most codes of its own an office has at a time.
const OPEN: u32 = 20;

/// The same for a code that a terminal made. Says `false` when the office has more of them than anyone needs.
pub fn keep_of_terminal(connection: &Connection, code: &NewCode, now: Timestamp) -> Result<bool, StoreError> {
    let open: u32 = connection.one(
        "count codes",
        "SELECT count(*) FROM code WHERE office = ?1 AND made_by <> '' AND used_at IS NULL AND expires_at > ?2",
        values![&code.office, now],
        |row| row.get(0),
    )?;
    if open >= OPEN {
        return Ok(false);
    }
    keep(connection, code, now)?;
    Ok(true)
}

pub fn find(connection: &Connection, handle: Handle) -> Result<Option<Kept>, StoreError> {
    let found = connection.find(
        "find code",
        "SELECT office, proof, answer, chest, new_key, expires_at, tries, used_by FROM code WHERE handle = ?1",
        values![&handle.0],
        |row| {
            let key = |column| Ok::<_, StoreError>(MacKey::from_bytes(row.bytes(column)?));
            let (Some(proof), Some(answer)) = (key(1)?, key(2)?) else { return Ok(None) };
            Ok(Some(Kept {
                office: row.parsed(0)?,
                proof,
                answer,
                chest: row.maybe(3)?,
                new_key: row.get(4)?,
                expires_at: row.time(5)?,
                tries: row.get(6)?,
                used_by: row.maybe(7)?,
            }))
        },
    );
    found.map(Option::flatten)
}

/// Somebody had the handle and not the code.
pub fn note_wrong(connection: &Connection, handle: Handle) -> Result<(), StoreError> {
    let wrong = "UPDATE code SET tries = tries + 1 WHERE handle = ?1";
    connection.execute("note wrong", wrong, values![&handle.0]).map(|_| ())
}

/// A code lets one terminal in.
pub fn note_used(connection: &Connection, handle: Handle, by: &str, now: Timestamp) -> Result<(), StoreError> {
    let used = "UPDATE code SET used_at = ?2, used_by = ?3 WHERE handle = ?1";
    connection.execute("note used", used, values![&handle.0, now, by]).map(|_| ())
}
