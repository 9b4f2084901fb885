//! One connection to PostgreSQL, asked as the jobs ask.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::ops::ControlFlow;
use std::time::Duration;

use jiff::Timestamp;
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Row, Statement};

use super::{Address, STALLED, STATEMENT, TURN, migrations};
use crate::hub::stores::StoreError;
use crate::hub::stores::database::{Columns, Database, DatabaseError, Engine, Shown, Unfit, Value};

/// How long bodies of one partition came in: a week, in milliseconds.
pub(in crate::hub::stores) const WEEK: i64 = 7 * 86_400_000;

/// Every question is for a few rows by an index, however large the tables are. So a connection plans each of them once, and
/// not by what is known of the tables just then: that is old where they grow all day, and a way that was the shorter one
/// through a small table (all of it, and sorted) is a long one through what became of it.
const PLANNED_ALIKE: &str = "SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off;
     SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_incremental_sort = off";

/// A node whose clock is further off the database's is no good: nodes that go by different clocks tell one office two stories,
/// and one that is far ahead takes what was just accepted for long over. In seconds.
const CLOCKS_MAY_DIFFER: i64 = 60;

/// See the module.
pub(in crate::hub::stores) struct Session {
    /// `None` only while it is dropped.
    client: RefCell<Option<Client>>,
    statements: RefCell<HashMap<String, Statement>>,
    /// Weeks that are known to have their partitions.
    weeks: RefCell<HashSet<i64>>,
    lost: Cell<bool>,
    savepoint: Cell<Savepoint>,
}

/// What became of the savepoint of a group's jobs.
#[derive(Clone, Copy)]
enum Savepoint {
    /// The next job makes its own.
    None,
    /// Made with the transaction, for the first job.
    Made,
    /// The last job is over, and its savepoint goes with the next one's, or with the commit.
    Over,
}

impl Session {
    pub fn to(address: &Address) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Connect { place: address.to_string(), source };
        let client = address.connect().map_err(failed)?;
        let session = Self {
            client: RefCell::new(Some(client)),
            statements: RefCell::default(),
            weeks: RefCell::default(),
            lost: Cell::new(false),
            savepoint: Cell::new(Savepoint::None),
        };
        // What is said to be accepted is on the disk, whatever the database does for others.
        let settings = format!(
            "{PLANNED_ALIKE};
             SET idle_in_transaction_session_timeout = '{STALLED}'; SET lock_timeout = '{TURN}';
             SET statement_timeout = '{STATEMENT}'; SET TIME ZONE 'UTC';
             SELECT set_config('synchronous_commit', 'on', false)
                 WHERE current_setting('synchronous_commit') IN ('off', 'local')"
        );
        session.run(&settings).map_err(failed)?;
        Ok(session)
    }

    /// Several statements without values.
    pub fn run(&self, script: &str) -> Result<(), DatabaseError> {
        self.with(|client| client.batch_execute(script))
    }

    /// Nothing more can be asked of it, or should be.
    pub fn is_lost(&self) -> bool {
        self.lost.get()
    }

    /// Whether somebody still answers at the other end.
    pub fn stands(&self) -> bool {
        !self.is_lost() && self.with(|client| client.is_valid(Duration::from_secs(3))).is_ok()
    }

    /// A transaction in which `turn` is waited for, and the savepoint of its first job.
    pub fn begin(&self, turn: &str) -> Result<(), DatabaseError> {
        self.savepoint.set(Savepoint::Made);
        self.run(&format!("BEGIN; {turn}; SAVEPOINT job"))
    }

    pub fn forget_partitions(&self) {
        self.weeks.borrow_mut().clear();
    }

    /// Runs something on the client itself.
    pub fn with<T>(&self, ask: impl FnOnce(&mut Client) -> Result<T, postgres::Error>) -> Result<T, DatabaseError> {
        let mut client = self.client.borrow_mut();
        let client = client.as_mut().ok_or(DatabaseError::NoRow)?;
        ask(client).map_err(|error| {
            let code = error.code().map(|code| code.code().to_owned()).unwrap_or_default();
            // Read-only: a server that was demoted. Another connection may find the one that took its place.
            if client.is_closed() || error.is_closed() || code.is_empty() || code == "25006" || code.starts_with("57P")
            {
                self.lost.set(true);
            }
            error.into()
        })
    }

    fn prepared(&self, sql: &str) -> Result<Statement, DatabaseError> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        #[cfg(test)]
        if let Some(says) = self.with(|client| super::plans::fault(client, sql))? {
            eprintln!("{says}");
            return Err(DatabaseError::Postgres { code: None, says });
        }
        let statement = self.with(|client| client.prepare(&sql.replace('?', "$")))?;
        self.statements.borrow_mut().insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// A statement that failed may have been made for tables as they were before another node changed them.
    fn forget(&self, sql: &str) {
        self.statements.borrow_mut().remove(sql);
    }
}

impl Drop for Session {
    /// The client ends with its runtime, which may not end within another's thread.
    fn drop(&mut self) {
        let client = self.client.borrow_mut().take();
        if tokio::runtime::Handle::try_current().is_ok() {
            let _ = std::thread::Builder::new().name("goodbye".into()).spawn(move || drop(client));
        }
    }
}

fn parameters<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl Database for Session {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn change(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, DatabaseError> {
        let statement = self.prepared(sql)?;
        let changed = self.with(|client| client.execute(&statement, &parameters(values)));
        changed.inspect_err(|_| self.forget(sql)).map(|rows| usize::try_from(rows).unwrap_or(usize::MAX))
    }

    fn look(
        &self,
        sql: &str,
        values: &[Value<'_>],
        each: &mut Shown<'_>,
    ) -> Result<Result<(), StoreError>, DatabaseError> {
        let statement = self.prepared(sql)?;
        let rows =
            self.with(|client| client.query(&statement, &parameters(values))).inspect_err(|_| self.forget(sql))?;
        for row in &rows {
            match each(row) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => break,
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    fn run_script(&self, sql: &str) -> Result<(), DatabaseError> {
        match sql {
            // One question less for each job.
            "RELEASE job" => {
                self.savepoint.set(Savepoint::Over);
                Ok(())
            }
            "SAVEPOINT job" => match self.savepoint.replace(Savepoint::None) {
                Savepoint::Made => Ok(()),
                Savepoint::Over => self.run("RELEASE job; SAVEPOINT job"),
                Savepoint::None => self.run(sql),
            },
            sql if sql.starts_with("ROLLBACK") => {
                self.forget_partitions();
                self.run(sql)
            }
            sql => self.run(sql),
        }
    }

    fn last_number_of(&self, table: &'static str) -> Result<u64, DatabaseError> {
        let column = match table {
            "upload" => "number",
            "session" => "id",
            _ => "seq",
        };
        let statement = self
            .prepared("SELECT coalesce(pg_sequence_last_value(CAST(pg_get_serial_sequence(?1, ?2) AS regclass)), 0)")?;
        let row = self.with(|client| client.query_one(&statement, &[&table, &column]))?;
        Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
    }

    fn is_fit(&self, now: Timestamp) -> Result<(), Unfit> {
        let ask = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT), version, oldest
                   FROM tayori_schema WHERE only_one = 1";
        let statement = self.prepared(ask)?;
        let row = self.with(|client| client.query_one(&statement, &[])).inspect_err(|_| self.forget(ask))?;
        let number = |column| row.try_get::<_, i64>(column).map_err(DatabaseError::from);
        let (clock, found, oldest) = (number(0)?, number(1)?, number(2)?);
        let seconds = (now.as_millisecond() - clock) / 1_000;
        match migrations::known() {
            known if oldest > known => Err(Unfit::Old { found, known }),
            _ if seconds.abs() > CLOCKS_MAY_DIFFER => Err(Unfit::Clock { seconds }),
            _ => Ok(()),
        }
    }

    fn make_room(&self, at: Timestamp) -> Result<(), DatabaseError> {
        let week = at.as_millisecond().div_euclid(WEEK);
        if self.weeks.borrow().contains(&week) {
            return Ok(());
        }
        let (from, to) = (week * WEEK, (week + 1) * WEEK);
        for table in ["body", "part"] {
            let name = partition(table, week);
            let there = self.with(|client| client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&name]))?;
            if !there.try_get::<_, bool>(0)? {
                // Attaching holds up no reader, as making it in its place would.
                self.run(&format!(
                    "CREATE TABLE {name} (LIKE {table} INCLUDING ALL);
                     ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to})"
                ))?;
            }
        }
        self.weeks.borrow_mut().insert(week);
        Ok(())
    }
}

/// The name of the partition for a week's rows.
pub(in crate::hub::stores) fn partition(table: &str, week: i64) -> String {
    format!("{table}_w{week}")
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            // The database says what it takes a value for.
            Value::Integer(number) if *kind == Type::BOOL => (*number != 0).to_sql(kind, out),
            Value::Integer(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Value::Integer(number) if *kind == Type::INT2 => i16::try_from(*number)?.to_sql(kind, out),
            Value::Integer(number) => number.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl Columns for Row {
    fn integer(&self, column: usize) -> Result<Option<i64>, DatabaseError> {
        let kind = self.columns().get(column).map(|column| column.type_().clone());
        Ok(match kind {
            Some(Type::BOOL) => self.try_get::<_, Option<bool>>(column)?.map(i64::from),
            Some(Type::INT4) => self.try_get::<_, Option<i32>>(column)?.map(i64::from),
            _ => self.try_get(column)?,
        })
    }

    fn text(&self, column: usize) -> Result<Option<&str>, DatabaseError> {
        Ok(self.try_get(column)?)
    }

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, DatabaseError> {
        Ok(self.try_get(column)?)
    }
}
