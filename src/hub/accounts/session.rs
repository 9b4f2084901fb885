//! Sessions: a person at a terminal, known by random tokens of which the hub keeps the hashes only.
//!
//! | token | good for | ends |
//! |---|---|---|
//! | access | every request | with its time; when the account loses its right or logs out |
//! | refresh | the next two tokens | as above; and once a token that was given for it is used |
//!
//! An answer may get lost, so the refresh token that was handed in stays good until one of those given for it comes back.
//! Live sessions are remembered by their token's hash, so that a request costs no look into the store.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use super::LoginSettings;
use crate::hub::audit::{self, Actor, DONE};
use crate::hub::stores::{Connection, Store, StoreError, values};
use crate::standard::OfficeNumber;
use crate::wire::{LoggedIn, Role, Secret, UserId};

/// How many sessions an account keeps; the oldest ones end.
const MOST_SESSIONS: i64 = 50;
/// How many tokens that nobody used yet may stand for one refresh token, and how many access tokens for one session.
const MOST_TOKENS: i64 = 8;

/// A person at a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: i64,
    pub office: OfficeNumber,
    pub user: UserId,
    pub role: Role,
    /// Whose tokens these are; from anywhere else they count for nothing.
    pub terminal: String,
    until: Timestamp,
}

/// The SHA-256 of a token.
pub type Hash = [u8; 32];

pub fn hash_of(token: &str) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    hash
}

/// 256 bits nobody can guess.
pub(in crate::hub::accounts) fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("AWS-LC's generator never gives less than it was asked for");
    bytes
}

fn new_token() -> (Secret, Hash) {
    let token = URL_SAFE_NO_PAD.encode(random());
    let hash = hash_of(&token);
    (Secret::new(token), hash)
}

/// Live sessions by the hash of an access token.
#[derive(Debug, Default)]
pub struct Sessions {
    live: RwLock<Live>,
    /// Another node may end one: then none is remembered for longer than this.
    at_most: Option<SignedDuration>,
}

/// How long a login that was ended at another node may still count at this one.
const ELSEWHERE: SignedDuration = SignedDuration::from_secs(10);

#[derive(Debug, Default)]
struct Live {
    /// Until when each is remembered.
    by_hash: HashMap<Hash, (Session, Timestamp)>,
    /// How often everything was forgotten: what was looked up before that is not remembered after.
    forgotten: u64,
}

impl Sessions {
    /// Those that are kept in this store.
    pub fn over(store: &Store) -> Self {
        Self { live: RwLock::default(), at_most: store.is_shared().then_some(ELSEWHERE) }
    }

    /// The session an access token stands for, if it is remembered.
    pub fn recall(&self, hash: &Hash, now: Timestamp) -> Option<Session> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.by_hash.get(hash).filter(|(_, until)| now < *until).map(|(session, _)| session.clone())
    }

    /// Take this before a look into the store, and hand it to [`Sessions::remember`].
    pub fn epoch(&self) -> u64 {
        self.live.read().unwrap_or_else(PoisonError::into_inner).forgotten
    }

    pub fn remember(&self, hash: Hash, session: Session, epoch: u64, now: Timestamp) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if live.forgotten == epoch {
            if live.by_hash.len() == live.by_hash.capacity() {
                live.by_hash.retain(|_, (_, until)| now < *until);
            }
            let at_most = self.at_most.and_then(|at_most| now.checked_add(at_most).ok());
            let until = at_most.map_or(session.until, |at_most| at_most.min(session.until));
            live.by_hash.insert(hash, (session, until));
        }
    }

    /// An account changed: everybody is looked up anew.
    pub fn forget_all(&self) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        live.by_hash.clear();
        live.forgotten += 1;
    }
}

impl Session {
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// Begins a session: what a good login gets.
pub fn begin(
    connection: &Connection,
    (office, user, role): (OfficeNumber, &UserId, Role),
    terminal: &str,
    settings: &LoginSettings,
    now: Timestamp,
) -> Result<LoggedIn, StoreError> {
    clean_up(connection, office, user, now)?;
    let session = connection.one(
        "begin session",
        r#"INSERT INTO session (office, "user", terminal, began_at) VALUES (?1, ?2, ?3, ?4) RETURNING id"#,
        values![&office, user.as_str(), terminal, now],
        |row| row.get(0),
    )?;
    let by = Actor { who: format!("{office}/{user}"), terminal: terminal.to_owned() };
    audit::record(connection, &by, "login", "", DONE, now)?;
    give(connection, session, (user, role), None, settings, now)
}

/// The next two tokens for a refresh token; `None` for one that is not good, or not from this terminal.
pub fn refresh(
    connection: &Connection,
    token: &Hash,
    office: OfficeNumber,
    terminal: &str,
    settings: &LoginSettings,
    now: Timestamp,
) -> Result<Option<LoggedIn>, StoreError> {
    let Some((session, given_for)) = look_up(connection, token, "refresh")? else { return Ok(None) };
    if session.office != office || session.terminal != terminal || !session.holds(now) {
        return Ok(None);
    }
    // It came back, so the terminal has it: what went before it, and what else was given with it, is over.
    if let Some(before) = given_for {
        connection.execute(
            "end earlier tokens",
            "DELETE FROM token WHERE session = ?1 AND kind = 'refresh' AND hash <> ?2
             AND (hash = ?3 OR given_for = ?3)",
            values![session.id, token, &before],
        )?;
    }
    give(connection, session.id, (&session.user, session.role), Some(token), settings, now).map(Some)
}

/// The session of an access token, good or over.
pub fn find(connection: &Connection, token: &Hash) -> Result<Option<Session>, StoreError> {
    Ok(look_up(connection, token, "access")?.map(|(session, _)| session))
}

/// Ends a session, with all its tokens.
pub fn end(connection: &Connection, session: i64) -> Result<(), StoreError> {
    connection.execute("end session", "DELETE FROM session WHERE id = ?1", values![session]).map(|_| ())
}

/// Ends the sessions of an account, all but one.
pub fn end_others(
    connection: &Connection,
    office: OfficeNumber,
    user: &UserId,
    kept: Option<i64>,
) -> Result<(), StoreError> {
    let others = r#"DELETE FROM session WHERE office = ?1 AND "user" = ?2 AND id IS DISTINCT FROM ?3"#;
    connection.execute("end sessions", others, values![&office, user.as_str(), kept]).map(|_| ())
}

fn give(
    connection: &Connection,
    session: i64,
    (user, role): (&UserId, Role),
    given_for: Option<&Hash>,
    settings: &LoginSettings,
    now: Timestamp,
) -> Result<LoggedIn, StoreError> {
    let ((access, access_hash), (refresh, refresh_hash)) = (new_token(), new_token());
    let access_until = now.checked_add(settings.access).unwrap_or(Timestamp::MAX);
    let refresh_until = now.checked_add(settings.refresh).unwrap_or(Timestamp::MAX);
    let given_for = given_for.map(|hash| hash.as_slice());
    for (hash, kind, until) in [(access_hash, "access", access_until), (refresh_hash, "refresh", refresh_until)] {
        connection.execute(
            "give token",
            "INSERT INTO token (hash, session, kind, given_for, until) VALUES (?1, ?2, ?3, ?4, ?5)",
            values![&hash, session, kind, given_for, until],
        )?;
        // Whoever asks again and again has the newest ones only.
        connection.execute(
            "end old tokens",
            "DELETE FROM token WHERE session = ?1 AND kind = ?2 AND hash IS DISTINCT FROM ?3 AND hash NOT IN
             (SELECT hash FROM token WHERE session = ?1 AND kind = ?2 AND hash IS DISTINCT FROM ?3
              ORDER BY until DESC LIMIT ?4)",
            values![session, kind, given_for, MOST_TOKENS],
        )?;
    }
    Ok(LoggedIn { user: user.clone(), role, access, access_until, refresh, refresh_until, time: now })
}

/// A session, and the token its newest tokens were given for, if any.
type Found = (Session, Option<Vec<u8>>);

fn look_up(connection: &Connection, token: &Hash, kind: &'static str) -> Result<Option<Found>, StoreError> {
    connection.find(
        "look up token",
        r#"SELECT session.id, session.office, session."user", role, terminal, until, given_for FROM token
           JOIN session ON session.id = token.session
           JOIN account ON account.office = session.office AND account."user" = session."user"
           WHERE hash = ?1 AND kind = ?2"#,
        values![token, kind],
        |row| {
            let session = Session {
                id: row.get(0)?,
                office: row.parsed(1)?,
                user: row.parsed(2)?,
                role: row.parsed(3)?,
                terminal: row.get(4)?,
                until: row.time(5)?,
            };
            Ok((session, row.maybe(6)?))
        },
    )
}

/// What is over goes, and an account has no more sessions than anybody needs.
fn clean_up(connection: &Connection, office: OfficeNumber, user: &UserId, now: Timestamp) -> Result<(), StoreError> {
    connection.execute("drop old tokens", "DELETE FROM token WHERE until <= ?1", values![now])?;
    connection.execute(
        "drop old sessions",
        r#"DELETE FROM session WHERE office = ?1 AND "user" = ?2
           AND NOT EXISTS (SELECT 1 FROM token WHERE token.session = session.id)"#,
        values![&office, user.as_str()],
    )?;
    let oldest_kept: Option<i64> = connection.find(
        "count sessions",
        r#"SELECT id FROM session WHERE office = ?1 AND "user" = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3"#,
        values![&office, user.as_str(), MOST_SESSIONS - 2],
        |row| row.get(0),
    )?;
    if let Some(oldest_kept) = oldest_kept {
        connection.execute(
            "end old sessions",
            r#"DELETE FROM session WHERE office = ?1 AND "user" = ?2 AND id < ?3"#,
            values![&office, user.as_str(), oldest_kept],
        )?;
    }
    Ok(())
}
