//! The accounts as the store keeps them. The tries of an account are counted before they are judged: a hundred at once
//! are a hundred tries.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::LoginSettings;
use crate::hub::audit::{self, Actor, DONE};
use crate::hub::mailbox::{parsed, time};
use crate::hub::stores::sqlite::{Named as _, StoreError};
use crate::standard::OfficeNumber;
use crate::wire::{Account, Role, UserId};

/// What a try may be judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    pub role: Role,
    /// The password as it is kept.
    pub password: String,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    Done(Account),
    Unknown,
    /// The office would have no 管理者 left.
    LastAdmin,
}

/// Whether the office has an account at all.
pub fn any(connection: &Connection, office: OfficeNumber) -> Result<bool, StoreError> {
    connection
        .prepare_cached("SELECT 1 FROM account WHERE office = ?1 LIMIT 1")
        .and_then(|mut statement| statement.query_row([office.as_str()], |_| Ok(())).optional())
        .named("any account")
        .map(|found| found.is_some())
}

/// All accounts of an office, by user id.
pub fn list(connection: &Connection, office: OfficeNumber) -> Result<Vec<Account>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT user, role, created_at, locked_until, last_login_at FROM account WHERE office = ?1 ORDER BY user",
        )
        .named("list accounts")?;
    let mut rows = statement.query([office.as_str()]).named("list accounts")?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().named("list accounts")? {
        found.push(account(row)?);
    }
    Ok(found)
}

pub fn one(connection: &Connection, office: OfficeNumber, user: &UserId) -> Result<Option<Account>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT user, role, created_at, locked_until, last_login_at FROM account WHERE office = ?1 AND user = ?2",
        )
        .named("account")?;
    let mut rows = statement.query(params![office.as_str(), user.as_str()]).named("account")?;
    rows.next().named("account")?.map(account).transpose()
}

/// Makes an account; `None` where there is one of that name.
pub fn create(
    connection: &Connection,
    office: OfficeNumber,
    (user, role, password): (&UserId, Role, &str),
    now: Timestamp,
) -> Result<Option<Account>, StoreError> {
    let made = connection
        .execute(
            "INSERT INTO account (office, user, role, password, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (office, user) DO NOTHING",
            params![office.as_str(), user.as_str(), role.as_str(), password, now.as_millisecond()],
        )
        .named("make account")?;
    if made == 0 {
        return Ok(None);
    }
    audit::record(connection, &Actor::of_office(office), "make-account", user.as_str(), DONE, now)?;
    one(connection, office, user)
}

/// Gives an account another password (as it is kept) or role, or lets it in again.
pub fn change(
    connection: &Connection,
    office: OfficeNumber,
    user: &UserId,
    (password, role, unlock): (Option<&str>, Option<Role>, bool),
) -> Result<Changed, StoreError> {
    if role == Some(Role::Staff) && is_last_admin(connection, office, user)? {
        return Ok(Changed::LastAdmin);
    }
    connection
        .execute(
            "UPDATE account SET password = coalesce(?3, password), role = coalesce(?4, role),
                    failures = iif(?5, 0, failures), locked_until = iif(?5, NULL, locked_until)
             WHERE office = ?1 AND user = ?2",
            // A new password has not been guessed at yet.
            params![office.as_str(), user.as_str(), password, role.map(Role::as_str), unlock || password.is_some()],
        )
        .named("change account")?;
    move_on(connection)?;
    Ok(one(connection, office, user)?.map_or(Changed::Unknown, Changed::Done))
}

/// Removes an account with its sessions.
pub fn remove(connection: &Connection, office: OfficeNumber, user: &UserId) -> Result<Changed, StoreError> {
    let Some(account) = one(connection, office, user)? else { return Ok(Changed::Unknown) };
    if is_last_admin(connection, office, user)? {
        return Ok(Changed::LastAdmin);
    }
    connection
        .execute("DELETE FROM account WHERE office = ?1 AND user = ?2", params![office.as_str(), user.as_str()])
        .named("remove account")?;
    move_on(connection)?;
    Ok(Changed::Done(account))
}

/// Counts a try and says what to judge it by; `None` where there is no such account, or it is locked.
pub fn begin_try(
    connection: &Connection,
    office: OfficeNumber,
    user: &UserId,
    settings: &LoginSettings,
    now: Timestamp,
) -> Result<Option<Judged>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT role, password, failures, coalesce(locked_until, 0) FROM account WHERE office = ?1 AND user = ?2",
        )
        .named("account to judge")?;
    let mut rows = statement.query(params![office.as_str(), user.as_str()]).named("account to judge")?;
    let Some(row) = rows.next().named("account to judge")? else { return Ok(None) };
    if now < time(row, 3)? {
        return Ok(None);
    }
    let judged = Judged { role: parsed(row, 0)?, password: row.get(1).named("account to judge")? };
    let failures: u32 = row.get::<_, u32>(2).named("account to judge")?.saturating_add(1);
    let locked_until = settings.lock_after(failures).and_then(|wait| now.checked_add(wait).ok());
    connection
        .prepare_cached("UPDATE account SET failures = ?3, locked_until = ?4 WHERE office = ?1 AND user = ?2")
        .and_then(|mut update| {
            let until = locked_until.map(Timestamp::as_millisecond);
            update.execute(params![office.as_str(), user.as_str(), failures, until])
        })
        .named("count try")?;
    // The line of the login follows it, when it was a good one.
    audit::record(connection, &Actor::of_office(office), "login-tried", user.as_str(), &failures.to_string(), now)?;
    Ok(Some(judged))
}

/// The try that was counted was a good one. False where the account went or got another password meanwhile.
pub fn succeed(
    connection: &Connection,
    office: OfficeNumber,
    user: &UserId,
    judged: &Judged,
    now: Timestamp,
) -> Result<bool, StoreError> {
    connection
        .execute(
            "UPDATE account SET failures = 0, locked_until = NULL, last_login_at = ?4
             WHERE office = ?1 AND user = ?2 AND password = ?3",
            params![office.as_str(), user.as_str(), judged.password, now.as_millisecond()],
        )
        .named("note login")
        .map(|changed| changed > 0)
}

/// Rises with every change that may end a right, whichever program made it.
pub fn version(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .prepare_cached("SELECT value FROM counter WHERE name = 'accounts'")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .named("accounts version")
}

impl LoginSettings {
    /// How long nobody gets in after so many failures in a row; each further one doubles it.
    fn lock_after(&self, failures: u32) -> Option<SignedDuration> {
        let beyond = failures.checked_sub(self.tries.max(1))?;
        let wait = self.lock.checked_mul(1_i32.checked_shl(beyond.min(20)).unwrap_or(i32::MAX));
        Some(wait.unwrap_or(self.longest_lock).min(self.longest_lock))
    }
}

fn is_last_admin(connection: &Connection, office: OfficeNumber, user: &UserId) -> Result<bool, StoreError> {
    connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM account WHERE office = ?1 AND user = ?2 AND role = 'admin')
                AND NOT EXISTS (SELECT 1 FROM account WHERE office = ?1 AND user <> ?2 AND role = 'admin')",
            params![office.as_str(), user.as_str()],
            |row| row.get(0),
        )
        .named("last admin")
}

fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    let moment = |column| {
        let millis: Option<i64> = row.get(column).named("account")?;
        Ok::<_, StoreError>(millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()))
    };
    Ok(Account {
        user: parsed(row, 0)?,
        role: parsed(row, 1)?,
        created_at: time(row, 2)?,
        locked_until: moment(3)?,
        last_login_at: moment(4)?,
    })
}

fn move_on(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute("UPDATE counter SET value = value + 1 WHERE name = 'accounts'", [])
        .named("move accounts version")
        .map(|_| ())
}
