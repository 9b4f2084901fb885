//! Which terminal has a parcel in its import folder, as the hub last said and the others told.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::marks::{Mark, tell};
use super::{Action, History, HistoryError, Named as _, record};
use crate::parcel::ParcelId;

/// A claim of another terminal's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldElsewhere {
    pub parcel: ParcelId,
    pub holder: String,
    pub since: Timestamp,
}

impl History {
    /// Incoming parcels with files for the import folder that are in no folder yet, in the order they came, with their senders.
    pub fn parcels_to_claim(&self) -> Result<Vec<(ParcelId, crate::standard::OfficeNumber)>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT id, partner FROM parcel WHERE direction = 'in' AND refused_at IS NULL AND imported_at IS NULL
                 AND (arrived_at IS NULL OR EXISTS (SELECT 1 FROM import_claim c WHERE c.parcel = id AND c.mine))
                 AND EXISTS (SELECT 1 FROM file WHERE file.parcel = id AND delivered_at IS NULL AND NOT stays)
                 ORDER BY rowid",
            )
            .named("parcels to claim")?;
        let mut rows = statement.query([]).named("parcels to claim")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("parcels to claim")? {
            found.push((super::lists::parsed(row, 0)?, super::lists::parsed(row, 1)?));
        }
        Ok(found)
    }

    /// The hub says that this terminal is to import it.
    pub fn note_claimed(&mut self, parcel: ParcelId, since: Timestamp) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        let holder = super::audit::terminal_id(&transaction)?;
        keep(&transaction, parcel, &holder, true, since)?;
        transaction.commit().named("note claimed")
    }

    /// Files of it are in our folder: the others are told, once.
    pub fn tell_importing(&mut self, parcel: ParcelId) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        let since: Option<i64> = transaction
            .query_row(
                "UPDATE import_claim SET told = 1 WHERE parcel = ?1 AND mine AND NOT told RETURNING since",
                [parcel.to_string()],
                |row| row.get(0),
            )
            .optional()
            .named("tell importing")?;
        if let Some(since) = since {
            tell(&transaction, &Mark::Importing { parcel, at: super::to_time(since)? })?;
        }
        transaction.commit().named("tell importing")
    }

    /// A person has the parcel's files put into this terminal's folder, whatever another has of it.
    pub fn note_taken_over(&mut self, parcel: ParcelId, since: Timestamp, now: Timestamp) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        let holder = super::audit::terminal_id(&transaction)?;
        keep(&transaction, parcel, &holder, true, since)?;
        // Where they lay before does not count any more.
        transaction
            .execute("UPDATE file SET path = NULL, delivered_at = NULL WHERE parcel = ?1", [parcel.to_string()])
            .named("take over")?;
        record(&transaction, Action::TakeOver, &parcel.to_string(), super::DONE, now)?;
        transaction
            .execute("UPDATE import_claim SET told = 1 WHERE parcel = ?1", [parcel.to_string()])
            .named("take over")?;
        tell(&transaction, &Mark::Importing { parcel, at: since })?;
        transaction.commit().named("note taken over")
    }

    /// The hub says that another terminal has it.
    pub fn note_held_elsewhere(&mut self, held: &HeldElsewhere) -> Result<(), HistoryError> {
        keep(&self.connection, held.parcel, &held.holder, false, held.since).map(|_| ())
    }

    /// Nothing of it is in our folder: it may be another terminal's.
    pub fn note_released(&mut self, parcel: ParcelId) -> Result<(), HistoryError> {
        self.connection
            .execute("DELETE FROM import_claim WHERE parcel = ?1 AND mine", [parcel.to_string()])
            .named("note released")
            .map(|_| ())
    }

    /// Whether another terminal's import of a parcel has come to its end: nobody is at work on it any more.
    pub fn is_done_elsewhere(&self, parcel: ParcelId) -> Result<bool, HistoryError> {
        self.connection
            .prepare_cached(
                "SELECT 1 FROM parcel JOIN import_claim c ON c.parcel = parcel.id AND NOT c.mine
                 WHERE id = ?1 AND (arrived_at IS NOT NULL OR imported_at IS NOT NULL)",
            )
            .and_then(|mut find| find.exists([parcel.to_string()]))
            .named("is done elsewhere")
    }

    /// Whether any of a parcel's files is in our import folder, or may be.
    pub fn is_in_folder(&self, parcel: ParcelId) -> Result<bool, HistoryError> {
        self.connection
            .prepare_cached("SELECT 1 FROM file WHERE parcel = ?1 AND (path IS NOT NULL OR delivered_at IS NOT NULL)")
            .and_then(|mut find| find.exists([parcel.to_string()]))
            .named("is in folder")
    }
}

/// Another terminal says that it imports a parcel. Of two that say so, the later one has it.
pub(super) fn hear(
    transaction: &Connection,
    parcel: ParcelId,
    holder: &str,
    since: Timestamp,
) -> Result<bool, HistoryError> {
    let is_here = transaction
        .prepare_cached("SELECT 1 FROM parcel WHERE id = ?1")
        .and_then(|mut find| find.exists([parcel.to_string()]))
        .named("find parcel")?;
    if is_here { keep(transaction, parcel, holder, false, since) } else { Ok(false) }
}

fn keep(
    connection: &Connection,
    parcel: ParcelId,
    holder: &str,
    mine: bool,
    since: Timestamp,
) -> Result<bool, HistoryError> {
    connection
        .prepare_cached(
            "INSERT INTO import_claim (parcel, holder, mine, since) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (parcel) DO UPDATE SET holder = ?2, mine = ?3, since = ?4, told = told AND holder = ?2 WHERE ?4 >= since",
        )
        .and_then(|mut keep| keep.execute(params![parcel.to_string(), holder, mine, since.as_millisecond()]))
        .named("keep claim")
        .map(|rows| rows > 0)
}
