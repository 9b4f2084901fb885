//! How far each terminal has read its office's inbox, for the operator: a PC that stopped asking is seen here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// What is known here of the cursors that are stored, so that a terminal which asks again and again costs no look.
#[derive(Debug, Default)]
pub struct Cursors {
    /// Each is stored, or a later one.
    stored: Mutex<HashMap<String, u64>>,
}

impl Cursors {
    /// Notes that a terminal has read so far. Only a step forward is worth a write, and none is worth failing a request.
    pub async fn note(&self, store: &Store, caller: &Caller, inbox: u64, now: Timestamp) {
        if inbox == 0 || self.stored().get(&caller.terminal).is_some_and(|stored| *stored >= inbox) {
            return;
        }
        match note(store, caller, inbox, now).await {
            Ok(stored) => drop(self.stored().insert(caller.terminal.clone(), stored)),
            Err(error) => tracing::warn!(%error, "a terminal's cursor is not noted"),
        }
    }

    fn stored(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is stored then.
async fn note(store: &Store, caller: &Caller, inbox: u64, now: Timestamp) -> Result<u64, StoreError> {
    let terminal = caller.terminal.clone();
    let stands = store
        .read(move |connection| {
            let stands = "SELECT inbox FROM cursor WHERE terminal = ?1";
            connection.find("find cursor", stands, values![&terminal], |row| row.get::<u64>(0))
        })
        .await?;
    if let Some(stands) = stands.filter(|stands| *stands >= inbox) {
        return Ok(stands);
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
            noted.map(|_| inbox)
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
