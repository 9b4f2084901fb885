//! How far each terminal has read its office's inbox, for the operator: a PC that stopped asking is seen here.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::mailbox::{parsed, time};
use super::state::Caller;
use super::stores::sqlite::{Named as _, Store, StoreError};
use crate::standard::OfficeNumber;

/// Where one terminal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub terminal: String,
    pub office: OfficeNumber,
    pub inbox: u64,
    pub at: Timestamp,
}

/// Notes that a terminal has read so far. Only a step forward is worth a write, and none is worth failing a request.
pub async fn note(store: &Store, caller: &Caller, inbox: u64, now: Timestamp) {
    if let Err(error) = try_note(store, caller, inbox, now).await {
        tracing::warn!(%error, "a terminal's cursor is not noted");
    }
}

async fn try_note(store: &Store, caller: &Caller, inbox: u64, now: Timestamp) -> Result<(), StoreError> {
    let terminal = caller.terminal.clone();
    let stands = store
        .read(move |connection| {
            connection
                .prepare_cached("SELECT inbox FROM cursor WHERE terminal = ?1")
                .and_then(|mut find| find.query_row([terminal], |row| row.get::<_, u64>(0)).optional())
                .named("find cursor")
        })
        .await?;
    if inbox == 0 || stands.is_some_and(|stands| stands >= inbox) {
        return Ok(());
    }
    let (terminal, office) = (caller.terminal.clone(), caller.office);
    store
        .write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO cursor (terminal, office, inbox, at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (terminal) DO UPDATE SET inbox = ?3, at = ?4 WHERE inbox < ?3",
                )
                .and_then(|mut note| note.execute(params![terminal, office.as_str(), inbox, now.as_millisecond()]))
                .named("note cursor")
                .map(|_| ())
        })
        .await
}

/// Where every terminal is, by office.
pub fn list(connection: &Connection) -> Result<Vec<Place>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT terminal, office, inbox, at FROM cursor ORDER BY office, terminal")
        .named("cursors")?;
    let mut rows = statement.query([]).named("cursors")?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().named("cursors")? {
        found.push(Place {
            terminal: row.get(0).named("cursors")?,
            office: parsed(row, 1)?,
            inbox: row.get(2).named("cursors")?,
            at: time(row, 3)?,
        });
    }
    Ok(found)
}
