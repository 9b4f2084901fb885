//! What a job may ask of the database, whichever it is: statements with values `?1`, `?2` …, and rows of four kinds of cell.

use std::ops::ControlFlow;

use jiff::Timestamp;

use super::StoreError;
use crate::standard::OfficeNumber;

/// Which database it is, for the few places where that makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// With the code of the SQL standard, where the server said so itself.
    #[error("{says}")]
    Postgres { code: Option<String>, says: String },
    /// What stands there is not what was asked for.
    #[error("column {column}: {reason}")]
    Value { column: usize, reason: String },
    #[error("there is no such row")]
    NoRow,
}

/// Why a program must write nothing.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("this machine's clock is {seconds} s off the database's: see to its NTP")]
    Clock { seconds: i64 },
    #[error("a newer version has changed the database ({found}) beyond what this program knows ({known})")]
    Old { found: i64, known: i64 },
    /// Nobody can say.
    #[error(transparent)]
    Unknown(#[from] DatabaseError),
}

/// A value of a statement.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// The values of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::hub::stores::Value::from($value)),*] };
}
pub(crate) use values;

macro_rules! from {
    ($($type:ty: $value:ident => $made:expr;)*) => {
        $(impl<'a> From<$type> for Value<'a> {
            fn from($value: $type) -> Self {
                $made
            }
        })*
    };
}
from! {
    i64: number => Value::Integer(number);
    u32: number => Value::Integer(number.into());
    // What is beyond cannot be stored, and a cursor that far sees nothing.
    u64: number => Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    usize: number => Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    bool: yes => Value::Integer(yes.into());
    Timestamp: at => Value::Integer(at.as_millisecond());
    &'a str: text => Value::Text(text);
    &'a String: text => Value::Text(text);
    &'a OfficeNumber: office => Value::Text(office.as_str());
    &'a [u8]: bytes => Value::Bytes(bytes);
    &'a Vec<u8>: bytes => Value::Bytes(bytes);
    &'a axum::body::Bytes: bytes => Value::Bytes(bytes);
}
impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Value::Bytes(bytes)
    }
}
impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// The cells of one row, as the engine has them.
pub trait Columns {
    fn integer(&self, column: usize) -> Result<Option<i64>, DatabaseError>;
    fn text(&self, column: usize) -> Result<Option<&str>, DatabaseError>;
    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, DatabaseError>;
}

/// Whom rows are shown to, until it has seen enough.
pub type Shown<'a> = dyn FnMut(&dyn Columns) -> Result<ControlFlow<()>, StoreError> + 'a;

/// What an engine does. Everything else is made of it: see [`Connection`].
pub trait Database {
    fn engine(&self) -> Engine;

    /// Runs a statement; says how many rows it changed.
    fn change(&self, sql: &str, values: &[Value<'_>]) -> Result<usize, DatabaseError>;

    /// Shows each row until told to stop. More statements may be run meanwhile.
    fn look(
        &self,
        sql: &str,
        values: &[Value<'_>],
        each: &mut Shown<'_>,
    ) -> Result<Result<(), StoreError>, DatabaseError>;

    /// Several statements without values.
    fn run_script(&self, sql: &str) -> Result<(), DatabaseError>;

    /// What came at this moment is going to be kept: where bodies lie in partitions, theirs is there afterwards.
    fn make_room(&self, _: Timestamp) -> Result<(), DatabaseError> {
        Ok(())
    }

    /// Whether this program may still write here. Where other programs write, too, each must go by the same clock and know
    /// what the others have made of the schema.
    fn is_fit(&self, _: Timestamp) -> Result<(), Unfit> {
        Ok(())
    }

    /// The last number that a table with numbers of its own gave out; 0 for none.
    fn last_number_of(&self, table: &'static str) -> Result<u64, DatabaseError>;
}

/// A connection as jobs have it. Each statement has a name, so that a log says which one failed.
pub type Connection = dyn Database;

impl dyn Database {
    /// Runs a statement; says how many rows it changed.
    pub fn execute(&self, name: &'static str, sql: &str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        self.change(sql, values).map_err(|source| StoreError::Statement { statement: name, source })
    }

    /// Several statements without values.
    pub fn script(&self, name: &'static str, sql: &str) -> Result<(), StoreError> {
        self.run_script(sql).map_err(|source| StoreError::Statement { statement: name, source })
    }

    /// Shows each row until told to stop.
    pub fn until(
        &self,
        name: &'static str,
        sql: &str,
        values: &[Value<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        self.look(sql, values, &mut |columns| each(&Row { columns, name }))
            .map_err(|source| StoreError::Statement { statement: name, source })?
    }

    /// Shows every row.
    pub fn each(
        &self,
        name: &'static str,
        sql: &str,
        values: &[Value<'_>],
        mut each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.until(name, sql, values, |row| each(row).map(ControlFlow::Continue))
    }

    /// What is made of every row.
    pub fn all<T>(
        &self,
        name: &'static str,
        sql: &str,
        values: &[Value<'_>],
        made: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.each(name, sql, values, |row| {
            found.push(made(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// What is made of the first row, if there is one.
    pub fn find<T>(
        &self,
        name: &'static str,
        sql: &str,
        values: &[Value<'_>],
        made: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.until(name, sql, values, |row| {
            found = Some(made(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// The same where there always is one.
    pub fn one<T>(
        &self,
        name: &'static str,
        sql: &str,
        values: &[Value<'_>],
        made: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let found = self.find(name, sql, values, made)?;
        found.ok_or(StoreError::Statement { statement: name, source: DatabaseError::NoRow })
    }

    /// Whether there is any row.
    pub fn exists(&self, name: &'static str, sql: &str, values: &[Value<'_>]) -> Result<bool, StoreError> {
        self.find(name, sql, values, |_| Ok(())).map(|found| found.is_some())
    }

    /// The condition for what is an owner's (`?1`) and comes after a number (`?2`), to be read in the order of both columns.
    /// An index over both leads to it. Asked as SQLite likes it, PostgreSQL may go by an index over the number alone and
    /// through everybody's rows: with few owners it takes that for the shorter way.
    pub fn is_after(&self, owner: &str, number: &str) -> String {
        match self.engine() {
            Engine::Sqlite => format!("{owner} = ?1 AND {number} > ?2"),
            Engine::Postgres => format!("({owner}, {number}) > (?1, ?2) AND {owner} <= ?1"),
        }
    }

    /// Everything that `look` asks is answered as of one moment.
    pub fn at_one_moment<T>(&self, look: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let begin = match self.engine() {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.script("begin to look", begin)?;
        let found = look();
        self.script("end of looking", "ROLLBACK")?;
        found
    }

    /// The last number that a table gave out. A cursor beyond it was never given by this store.
    pub fn last_number(&self, table: &'static str) -> Result<u64, StoreError> {
        self.last_number_of(table).map_err(|source| StoreError::Statement { statement: "last number", source })
    }
}

/// One row of an answer.
pub struct Row<'a> {
    columns: &'a dyn Columns,
    name: &'static str,
}

impl std::fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row").field("of", &self.name).finish_non_exhaustive()
    }
}

impl Row<'_> {
    /// A cell that may be empty.
    pub fn maybe<T: Cell>(&self, column: usize) -> Result<Option<T>, StoreError> {
        T::of(self.columns, column).map_err(|source| self.failed(source))
    }

    /// A cell that is never empty.
    pub fn get<T: Cell>(&self, column: usize) -> Result<T, StoreError> {
        self.maybe(column)?.ok_or_else(|| self.wrong(column, "it is empty".into()))
    }

    /// Bytes where they are, without a copy; nothing for an empty cell.
    pub fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        self.columns.bytes(column).map(Option::unwrap_or_default).map_err(|source| self.failed(source))
    }

    /// One of our identifiers.
    pub fn parsed<T>(&self, column: usize) -> Result<T, StoreError>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let text = self.columns.text(column).map_err(|source| self.failed(source))?.unwrap_or_default();
        text.parse().map_err(|error: T::Err| self.wrong(column, error.to_string()))
    }

    /// A moment, in milliseconds.
    pub fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        Timestamp::from_millisecond(self.get(column)?).map_err(|error| self.wrong(column, error.to_string()))
    }

    /// A moment that may be missing.
    pub fn maybe_time(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe(column)?.and_then(|millis| Timestamp::from_millisecond(millis).ok()))
    }

    fn failed(&self, source: DatabaseError) -> StoreError {
        StoreError::Statement { statement: self.name, source }
    }

    fn wrong(&self, column: usize, reason: String) -> StoreError {
        self.failed(DatabaseError::Value { column, reason })
    }
}

/// What a cell may be read as.
pub trait Cell: Sized {
    fn of(columns: &dyn Columns, column: usize) -> Result<Option<Self>, DatabaseError>;
}

macro_rules! integers {
    ($($type:ty)*) => {
        $(impl Cell for $type {
            fn of(columns: &dyn Columns, column: usize) -> Result<Option<Self>, DatabaseError> {
                let number = columns.integer(column)?;
                let wrong = |number| DatabaseError::Value { column, reason: format!("{number} is out of range") };
                number.map(|number| Self::try_from(number).map_err(|_| wrong(number))).transpose()
            }
        })*
    };
}
integers!(i64 u64 u32 usize);

impl Cell for bool {
    fn of(columns: &dyn Columns, column: usize) -> Result<Option<Self>, DatabaseError> {
        Ok(columns.integer(column)?.map(|number| number != 0))
    }
}
impl Cell for String {
    fn of(columns: &dyn Columns, column: usize) -> Result<Option<Self>, DatabaseError> {
        Ok(columns.text(column)?.map(str::to_owned))
    }
}
impl Cell for Vec<u8> {
    fn of(columns: &dyn Columns, column: usize) -> Result<Option<Self>, DatabaseError> {
        Ok(columns.bytes(column)?.map(<[u8]>::to_vec))
    }
}
