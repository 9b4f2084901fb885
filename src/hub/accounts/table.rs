//! The accounts as the store keeps them. The tries of an account are counted before they are judged: a hundred at once
//! are a hundred tries.

use jiff::{SignedDuration, Timestamp};

use super::LoginSettings;
use crate::hub::audit::{self, Actor, DONE};
use crate::hub::stores::{Connection, Row, StoreError, values};
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
    connection.exists("any account", "SELECT 1 FROM account WHERE office = ?1 LIMIT 1", values![&office])
}

/// All accounts of an office, by user id.
pub fn list(connection: &Connection, office: OfficeNumber) -> Result<Vec<Account>, StoreError> {
    connection.all(
        "list accounts",
        r#"SELECT "user", role, created_at, locked_until, last_login_at FROM account
           WHERE office = ?1 ORDER BY "user""#,
        values![&office],
        account,
    )
}

pub fn one(connection: &Connection, office: OfficeNumber, user: &UserId) -> Result<Option<Account>, StoreError> {
    connection.find(
        "account",
        r#"SELECT "user", role, created_at, locked_until, last_login_at FROM account
           WHERE office = ?1 AND "user" = ?2"#,
        values![&office, user.as_str()],
        account,
    )
}

/// Makes an account; `None` where there is one of that name.
pub fn create(
    connection: &Connection,
    office: OfficeNumber,
    (user, role, password): (&UserId, Role, &str),
    now: Timestamp,
) -> Result<Option<Account>, StoreError> {
    let made = connection.execute(
        "make account",
        r#"INSERT INTO account (office, "user", role, password, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
           ON CONFLICT (office, "user") DO NOTHING"#,
        values![&office, user.as_str(), role.as_str(), password, now],
    )?;
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
    connection.execute(
        "change account",
        r#"UPDATE account SET password = coalesce(?3, password), role = coalesce(?4, role),
                  failures = CASE WHEN ?5 = 1 THEN 0 ELSE failures END,
                  locked_until = CASE WHEN ?5 = 1 THEN NULL ELSE locked_until END
           WHERE office = ?1 AND "user" = ?2"#,
        // A new password has not been guessed at yet.
        values![&office, user.as_str(), password, role.map(Role::as_str), unlock || password.is_some()],
    )?;
    move_on(connection)?;
    Ok(one(connection, office, user)?.map_or(Changed::Unknown, Changed::Done))
}

/// Removes an account with its sessions.
pub fn remove(connection: &Connection, office: OfficeNumber, user: &UserId) -> Result<Changed, StoreError> {
    let Some(account) = one(connection, office, user)? else { return Ok(Changed::Unknown) };
    if is_last_admin(connection, office, user)? {
        return Ok(Changed::LastAdmin);
    }
    let remove = r#"DELETE FROM account WHERE office = ?1 AND "user" = ?2"#;
    connection.execute("remove account", remove, values![&office, user.as_str()])?;
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
    let found = connection.find(
        "account to judge",
        r#"SELECT role, password, failures, locked_until FROM account WHERE office = ?1 AND "user" = ?2"#,
        values![&office, user.as_str()],
        |row| {
            let judged = Judged { role: row.parsed(0)?, password: row.get(1)? };
            Ok((judged, row.get::<u32>(2)?.saturating_add(1), row.maybe_time(3)?))
        },
    )?;
    let Some((judged, failures, locked)) = found else { return Ok(None) };
    if locked.is_some_and(|until| now < until) {
        return Ok(None);
    }
    let locked_until = settings.lock_after(failures).and_then(|wait| now.checked_add(wait).ok());
    connection.execute(
        "count try",
        r#"UPDATE account SET failures = ?3, locked_until = ?4 WHERE office = ?1 AND "user" = ?2"#,
        values![&office, user.as_str(), failures, locked_until],
    )?;
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
    let noted = connection.execute(
        "note login",
        r#"UPDATE account SET failures = 0, locked_until = NULL, last_login_at = ?4
           WHERE office = ?1 AND "user" = ?2 AND password = ?3"#,
        values![&office, user.as_str(), &judged.password, now],
    );
    noted.map(|changed| changed > 0)
}

/// Rises with every change that may end a right, whichever program made it.
pub fn version(connection: &Connection) -> Result<i64, StoreError> {
    connection.one("accounts version", "SELECT value FROM counter WHERE name = 'accounts'", values![], |row| row.get(0))
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
    connection.one(
        "last admin",
        r#"SELECT EXISTS (SELECT 1 FROM account WHERE office = ?1 AND "user" = ?2 AND role = 'admin')
              AND NOT EXISTS (SELECT 1 FROM account WHERE office = ?1 AND "user" <> ?2 AND role = 'admin')"#,
        values![&office, user.as_str()],
        |row| row.get(0),
    )
}

fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        user: row.parsed(0)?,
        role: row.parsed(1)?,
        created_at: row.time(2)?,
        locked_until: row.maybe_time(3)?,
        last_login_at: row.maybe_time(4)?,
    })
}

fn move_on(connection: &Connection) -> Result<(), StoreError> {
    let moved = "UPDATE counter SET value = value + 1 WHERE name = 'accounts'";
    connection.execute("move accounts version", moved, values![]).map(|_| ())
}
