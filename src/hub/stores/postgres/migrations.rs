//! Brings a database to this program's schema, once, whoever of several nodes comes first.
//!
//! A change is made in one transaction with its number, so that one that was cut off has left nothing. During an upgrade
//! old and new nodes run beside each other: a change that only adds names the oldest program that may go on, and such a
//! program then runs on a newer schema than it knows. A program that is too old is refused.

use super::{Address, Session};
use crate::hub::stores::StoreError;
use crate::hub::stores::database::{Database, DatabaseError, Value};

/// A change of the schema.
pub(super) struct Migration {
    pub sql: &'static str,
    /// Programs that know so many changes, this one not among them, go on working beside it.
    pub oldest: i64,
}

/// In order. Only ever added to.
const MIGRATIONS: &[Migration] = &[
    Migration { sql: include_str!("schema.sql"), oldest: 1 },
    Migration { sql: include_str!("directory.sql"), oldest: 1 },
];

/// How many changes this program knows.
pub(super) fn known() -> i64 {
    MIGRATIONS.len() as i64
}

/// The lock of whoever changes the schema.
const MIGRATING: i64 = 0x7461_796f_7270;
/// The oldest server we know to work.
const OLDEST_SERVER: i64 = 140_000;

pub(super) fn migrate(session: &Session, address: &Address) -> Result<(), StoreError> {
    server_will_do(session, address)?;
    migrate_with(session, MIGRATIONS, address)
}

/// As [`migrate`], with these changes.
pub(super) fn migrate_with(session: &Session, migrations: &[Migration], address: &Address) -> Result<(), StoreError> {
    let known = migrations.len() as i64;
    if state(session)?.0 == known {
        return Ok(());
    }
    // Another node may take its time with a long change.
    run(session, "wait for the migration", "SET lock_timeout = 0; SET statement_timeout = 0")?;
    run(session, "begin the migration", &format!("SELECT pg_advisory_lock({MIGRATING})"))?;
    let migrated = make_missing(session, migrations, address);
    run(session, "end the migration", &format!("SELECT pg_advisory_unlock({MIGRATING})"))?;
    let (turn, statement) = (super::TURN, super::STATEMENT);
    run(session, "go on", &format!("SET lock_timeout = '{turn}'; SET statement_timeout = '{statement}'"))?;
    migrated
}

fn make_missing(session: &Session, migrations: &[Migration], address: &Address) -> Result<(), StoreError> {
    let known = migrations.len() as i64;
    let (done, oldest) = state(session)?;
    if done > known && oldest > known {
        let number = |count: i64| usize::try_from(count).unwrap_or_default();
        return Err(StoreError::Newer { place: address.to_string(), found: number(done), known: number(known) });
    }
    for (version, migration) in (1_i64..).zip(migrations).skip(usize::try_from(done).unwrap_or_default()) {
        let Migration { sql, oldest } = migration;
        let note = if version == 1 {
            "CREATE TABLE tayori_schema (
                 only_one BIGINT PRIMARY KEY CHECK (only_one = 1),
                 version  BIGINT NOT NULL, -- how many changes were made
                 oldest   BIGINT NOT NULL  -- programs that know so many may run
             );
             INSERT INTO tayori_schema (only_one, version, oldest) VALUES (1, 1, 1);"
                .to_owned()
        } else {
            format!("UPDATE tayori_schema SET version = {version}, oldest = greatest(oldest, {oldest});")
        };
        if let Err(error) = run(session, "migrate", &format!("BEGIN; {sql}; {note} COMMIT")) {
            let _ = session.run("ROLLBACK");
            return Err(error);
        }
        tracing::info!(version, "the store's schema was changed");
    }
    Ok(())
}

fn run(session: &Session, statement: &'static str, script: &str) -> Result<(), StoreError> {
    session.run(script).map_err(|source| StoreError::Statement { statement, source })
}

/// How many changes were made, and how many a program must know.
fn state(session: &Session) -> Result<(i64, i64), StoreError> {
    let named = "read the version";
    let there = number(session, named, "SELECT to_regclass('tayori_schema') IS NOT NULL", &[])?;
    if there == 0 {
        return Ok((0, 0));
    }
    let of = |column: &str| format!("SELECT {column} FROM tayori_schema WHERE only_one = 1");
    Ok((number(session, named, &of("version"), &[])?, number(session, named, &of("oldest"), &[])?))
}

fn number(session: &Session, name: &'static str, sql: &str, values: &[Value<'_>]) -> Result<i64, StoreError> {
    let database: &dyn Database = session;
    database.one(name, sql, values, |row| row.get(0))
}

/// Whether what is at the other end can keep what we promise.
fn server_will_do(session: &Session, address: &Address) -> Result<(), StoreError> {
    let named = "look at the server";
    let unfit = |says: &str| StoreError::Connect {
        place: address.to_string(),
        source: DatabaseError::Postgres { code: None, says: says.to_owned() },
    };
    let version = "SELECT CAST(current_setting('server_version_num') AS BIGINT)";
    if number(session, named, version, &[])? < OLDEST_SERVER {
        return Err(unfit("PostgreSQL 14 or later is needed"));
    }
    let utf8 = "SELECT current_setting('server_encoding') = 'UTF8'";
    if number(session, named, utf8, &[])? == 0 {
        return Err(unfit("the database's encoding must be UTF8"));
    }
    if number(session, named, "SELECT current_setting('fsync') = 'on'", &[])? == 0 {
        tracing::error!("the database runs with fsync off: what it accepts does not survive a power cut");
    }
    Ok(())
}
