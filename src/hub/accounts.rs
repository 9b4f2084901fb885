//! Who may sit at an office's terminals: accounts, passwords, and the tokens of those who are logged in.
//!
//! It all comes on top of the certificate: an account is one of the calling office's, a token holds for the terminal it
//! was given to. A wrong password, a user that is not there and a locked account get the same answer after the same work.

pub mod operator;
pub mod password;
pub mod session;
mod table;
pub mod trial;
mod tries;

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::password::{Busy, Passwords};
use self::session::{Session, Sessions};
use self::table::{Changed, Judged};
pub use self::table::{any, list, version};
use self::tries::Tries;
use super::audit::{self, Actor, DONE};
use super::stores::{Connection, Store, StoreError};
use crate::standard::OfficeNumber;
use crate::wire::{Account, AccountChange, LoggedIn, NewAccount, PasswordChange, Role, Secret, UserId};

/// What an operator can set about logging in; `[login]` in `hub.toml`. Times are written as `"60m"`, `"8h"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoginSettings {
    /// How long an access token is good for.
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub access: SignedDuration,
    /// How long a terminal may stay away before somebody has to log in again.
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub refresh: SignedDuration,
    /// So many wrong passwords in a row lock an account.
    pub tries: u32,
    /// How long the first time; each further wrong one doubles it.
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub lock: SignedDuration,
    /// But never longer than this.
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub longest_lock: SignedDuration,
}

impl Default for LoginSettings {
    fn default() -> Self {
        Self {
            access: SignedDuration::from_mins(60),
            refresh: SignedDuration::from_hours(8),
            tries: 10,
            lock: SignedDuration::from_mins(15),
            longest_lock: SignedDuration::from_hours(8),
        }
    }
}

/// Why somebody did not get in, or an account is not as it was to be.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A wrong password, no such user, or a locked account: nobody outside learns which.
    #[error("the user or the password is wrong, or the account is locked")]
    Refused,
    #[error("too many tries; the next one in {0:?}")]
    TooOften(Duration),
    #[error("nobody is logged in")]
    LoginRequired,
    #[error("the text is no user id")]
    InvalidUser,
    #[error("the password is too easy to guess")]
    Weak,
    #[error("there is an account of that name")]
    Taken,
    #[error("there is no such account")]
    Unknown,
    #[error("an office keeps at least one admin")]
    LastAdmin,
}

/// Where a request comes from: what the certificate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    pub office: OfficeNumber,
    pub terminal: &'a str,
}

/// See the module.
#[derive(Debug)]
pub struct Accounts {
    store: Store,
    settings: LoginSettings,
    passwords: Passwords,
    sessions: Sessions,
    tries: Tries,
    /// Offices that have an account: once they have one, they keep one.
    begun: RwLock<BTreeSet<OfficeNumber>>,
}

impl Accounts {
    pub fn new(store: Store, settings: LoginSettings, now: Timestamp) -> Self {
        let sessions = Sessions::over(&store);
        Self {
            store,
            settings,
            passwords: Passwords::default(),
            sessions,
            tries: Tries::new(now),
            begun: RwLock::default(),
        }
    }

    /// The same under other rules.
    pub fn with_settings(self, settings: LoginSettings) -> Self {
        Self { settings, ..self }
    }

    /// Another program may have changed an account: everybody is looked up anew.
    pub fn forget_all(&self) {
        self.sessions.forget_all();
        self.begun.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Begins a session for a user with the right password.
    pub async fn log_in(
        &self,
        from: Origin<'_>,
        user: &str,
        password: &Secret,
        now: Timestamp,
    ) -> Result<LoggedIn, AccountError> {
        self.tries.count(from.office, from.terminal, now).map_err(AccountError::TooOften)?;
        let (office, terminal, settings) = (from.office, from.terminal.to_owned(), self.settings);
        let (user, judged) = self.judge(office, user, password, now).await?;
        let begun = self.store.write(move |connection| {
            if table::succeed(connection, office, &user, &judged, now)? {
                session::begin(connection, (office, &user, judged.role), &terminal, &settings, now).map(Some)
            } else {
                Ok(None)
            }
        });
        begun.await?.ok_or(AccountError::Refused)
    }

    /// The account whose password this is. Every wrong try counts, and takes as long as a good one.
    async fn judge(
        &self,
        office: OfficeNumber,
        user: &str,
        password: &Secret,
        now: Timestamp,
    ) -> Result<(UserId, Judged), AccountError> {
        let settings = self.settings;
        let named: Option<UserId> = user.parse().ok();
        let user = named.clone();
        let judged = self.store.write(move |connection| match user {
            Some(user) => table::begin_try(connection, office, &user, &settings, now),
            None => Ok(None),
        });
        let judged = judged.await?;
        let kept = judged.as_ref().map(|judged| judged.password.clone());
        let matches = self.passwords.matches(password, kept).await?;
        match (named, judged) {
            (Some(user), Some(judged)) if matches => Ok((user, judged)),
            _ => {
                // Which of the three it was is the office's affair, and nobody's whose log this is.
                tracing::info!(%office, "a login was refused");
                Err(AccountError::Refused)
            }
        }
    }

    /// The next tokens for a refresh token.
    pub async fn refresh(&self, from: Origin<'_>, token: &Secret, now: Timestamp) -> Result<LoggedIn, AccountError> {
        let (office, terminal, settings) = (from.office, from.terminal.to_owned(), self.settings);
        let hash = session::hash_of(token.reveal());
        let given =
            self.store.write(move |connection| session::refresh(connection, &hash, office, &terminal, &settings, now));
        given.await?.ok_or(AccountError::LoginRequired)
    }

    /// Who an access token stands for, when it comes from the terminal it was given to.
    pub async fn who(&self, from: Origin<'_>, token: &str, now: Timestamp) -> Result<Session, AccountError> {
        let hash = session::hash_of(token);
        let session = match self.sessions.recall(&hash, now) {
            Some(session) => Some(session),
            None => {
                let epoch = self.sessions.epoch();
                let found = self.store.read(move |connection| session::find(connection, &hash)).await?;
                if let Some(session) = found.as_ref().filter(|session| session.holds(now)) {
                    self.sessions.remember(hash, session.clone(), epoch, now);
                }
                found
            }
        };
        session
            .filter(|session| session.holds(now) && session.office == from.office && session.terminal == from.terminal)
            .ok_or(AccountError::LoginRequired)
    }

    /// Ends a session.
    pub async fn log_out(&self, session: &Session) -> Result<(), AccountError> {
        let id = session.id;
        let by = Actor { who: format!("{}/{}", session.office, session.user), terminal: String::new() };
        self.store
            .write(move |connection| {
                session::end(connection, id)?;
                audit::record(connection, &by, "logout", "", DONE, Timestamp::now())
            })
            .await?;
        self.sessions.forget_all();
        Ok(())
    }

    /// Whether the office has any account yet.
    pub async fn any(&self, office: OfficeNumber) -> Result<bool, AccountError> {
        if self.begun.read().unwrap_or_else(PoisonError::into_inner).contains(&office) {
            return Ok(true);
        }
        let found = self.store.read(move |connection| any(connection, office)).await?;
        if found {
            self.begun.write().unwrap_or_else(PoisonError::into_inner).insert(office);
        }
        Ok(found)
    }

    pub async fn list(&self, office: OfficeNumber) -> Result<Vec<Account>, AccountError> {
        Ok(self.store.read(move |connection| list(connection, office)).await?)
    }

    /// Makes the office's first account, which is 管理者. Where there is one already, somebody has to log in.
    pub async fn create_first(
        &self,
        office: OfficeNumber,
        new: &NewAccount,
        now: Timestamp,
    ) -> Result<Account, AccountError> {
        if self.any(office).await? {
            return Err(AccountError::LoginRequired);
        }
        let (user, password) = self.kept(office, &new.user, &new.password).await?;
        let made = self.store.write(move |connection| {
            // Looked at again: two may have come at once.
            if any(connection, office)? {
                return Ok(None);
            }
            table::create(connection, office, (&user, Role::Admin, &password), now)
        });
        let made = made.await?.ok_or(AccountError::LoginRequired)?;
        tracing::info!(%office, "the office's first account was made");
        Ok(made)
    }

    pub async fn create(
        &self,
        office: OfficeNumber,
        new: &NewAccount,
        now: Timestamp,
    ) -> Result<Account, AccountError> {
        let (user, password) = self.kept(office, &new.user, &new.password).await?;
        let role = new.role;
        let made = self.store.write(move |connection| table::create(connection, office, (&user, role, &password), now));
        made.await?.ok_or(AccountError::Taken)
    }

    /// Changes an account of the office. A new password ends its sessions.
    pub async fn change(
        &self,
        office: OfficeNumber,
        user: &str,
        change: &AccountChange,
    ) -> Result<Account, AccountError> {
        // A user that cannot be is one that is not there.
        let user: UserId = user.parse().map_err(|_| AccountError::Unknown)?;
        let password = match &change.password {
            Some(password) => Some(self.kept(office, user.as_str(), password).await?.1),
            None => None,
        };
        let (role, unlock) = (change.role, change.unlock);
        let changed = self.store.write(move |connection| {
            let changed = table::change(connection, office, &user, (password.as_deref(), role, unlock))?;
            if password.is_some() && matches!(changed, Changed::Done(_)) {
                session::end_others(connection, office, &user, None)?;
            }
            note(connection, office, "change-account", &user, &changed)?;
            Ok(changed)
        });
        self.done(changed.await?)
    }

    /// The caller's own password; the sessions elsewhere end.
    pub async fn change_password(
        &self,
        from: Origin<'_>,
        session: &Session,
        change: &PasswordChange,
        now: Timestamp,
    ) -> Result<(), AccountError> {
        self.tries.count(from.office, from.terminal, now).map_err(AccountError::TooOften)?;
        let (user, judged) = self.judge(from.office, session.user.as_str(), &change.old, now).await?;
        let (_, password) = self.kept(from.office, user.as_str(), &change.new).await?;
        let (office, kept) = (from.office, session.id);
        let changed = self.store.write(move |connection| {
            if !table::succeed(connection, office, &user, &judged, now)? {
                return Ok(Changed::Unknown);
            }
            session::end_others(connection, office, &user, Some(kept))?;
            let changed = table::change(connection, office, &user, (Some(&password), None, false))?;
            note(connection, office, "change-password", &user, &changed)?;
            Ok(changed)
        });
        self.done(changed.await?).map(|_| ())
    }

    /// Removes an account of the office, with its sessions.
    pub async fn remove(&self, office: OfficeNumber, user: &str) -> Result<(), AccountError> {
        let user: UserId = user.parse().map_err(|_| AccountError::Unknown)?;
        let removed = self.store.write(move |connection| {
            let removed = table::remove(connection, office, &user)?;
            note(connection, office, "remove-account", &user, &removed)?;
            Ok(removed)
        });
        let removed = removed.await?;
        self.done(removed).map(|_| ())
    }

    fn done(&self, changed: Changed) -> Result<Account, AccountError> {
        self.sessions.forget_all();
        match changed {
            Changed::Done(account) => Ok(account),
            Changed::Unknown => Err(AccountError::Unknown),
            Changed::LastAdmin => Err(AccountError::LastAdmin),
        }
    }

    /// A new account's name and password as they are kept.
    async fn kept(
        &self,
        office: OfficeNumber,
        user: &str,
        password: &Secret,
    ) -> Result<(UserId, String), AccountError> {
        let user: UserId = user.parse().map_err(|_| AccountError::InvalidUser)?;
        if password::is_weak(password, &user, office) {
            return Err(AccountError::Weak);
        }
        let password = self.passwords.hash(password).await?;
        Ok((user, password))
    }
}

/// The line of what became of an account.
fn note(
    connection: &Connection,
    office: OfficeNumber,
    action: &str,
    user: &UserId,
    changed: &Changed,
) -> Result<(), StoreError> {
    let result = match changed {
        Changed::Done(_) => DONE,
        Changed::Unknown => "unknown",
        Changed::LastAdmin => "last-admin",
    };
    audit::record(connection, &Actor::of_office(office), action, user.as_str(), result, Timestamp::now())
}

#[cfg(test)]
mod tests;
