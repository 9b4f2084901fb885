//! How far each terminal has read its office's inbox, for the operator: a PC that stopped asking is seen here.

use jiff::Timestamp;

use super::state::Caller;
use super::stores::{Connection, Store, StoreError, values};
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
            let stands = "SELECT inbox FROM cursor WHERE terminal = ?1";
            connection.find("find cursor", stands, values![&terminal], |row| row.get::<u64>(0))
        })
        .await?;
    if inbox == 0 || stands.is_some_and(|stands| stands >= inbox) {
        return Ok(());
    }
    let (terminal, office) = (caller.terminal.clone(), caller.office);
    store
        .write(move |connection| {
            let noted = connection.execute(
                "note cursor",
                "INSERT INTO cursor (terminal, office, inbox, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (terminal) DO UPDATE SET inbox = ?3, at = ?4 WHERE cursor.inbox < ?3",
                values![&terminal, &office, inbox, now],
            );
            noted.map(|_| ())
        })
        .await
}

/// Where every terminal is, by office.
pub fn list(connection: &Connection) -> Result<Vec<Place>, StoreError> {
    let places = "SELECT terminal, office, inbox, at FROM cursor ORDER BY office, terminal";
    connection.all("cursors", places, values![], |row| {
        Ok(Place { terminal: row.get(0)?, office: row.parsed(1)?, inbox: row.get(2)?, at: row.time(3)? })
    })
}
