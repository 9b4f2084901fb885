//! Large parcels on their way here: the parts that came, kept until the whole is.

use rusqlite::params;

use super::{History, HistoryError, Named as _};
use crate::parcel::ParcelId;

impl History {
    /// The parts that came, one after another from the first; what belongs to other bytes is forgotten.
    pub fn came_so_far(&mut self, id: ParcelId, digest: &str) -> Result<Vec<Vec<u8>>, HistoryError> {
        let transaction = self.begin()?;
        transaction
            .execute("DELETE FROM coming WHERE parcel = ?1 AND digest <> ?2", params![id.to_string(), digest])
            .named("forget other bytes")?;
        let parts: Vec<(usize, Vec<u8>)> = transaction
            .prepare_cached("SELECT part, sealed FROM coming WHERE parcel = ?1 ORDER BY part")
            .and_then(|mut select| select.query_map([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
            .named("came so far")?;
        transaction.commit().named("came so far")?;
        let in_order = parts.into_iter().enumerate().take_while(|(place, (part, _))| place == part);
        Ok(in_order.map(|(_, (_, bytes))| bytes).collect())
    }

    /// One more part came.
    pub fn keep_part(&mut self, id: ParcelId, digest: &str, part: usize, sealed: &[u8]) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "INSERT INTO coming (parcel, digest, part, sealed) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (parcel, part) DO UPDATE SET digest = ?2, sealed = ?4",
                params![id.to_string(), digest, part, sealed],
            )
            .named("keep part")
            .map(|_| ())
    }

    /// The parcel is here whole, or what came of it is of no use.
    pub fn forget_parts(&mut self, id: ParcelId) -> Result<(), HistoryError> {
        self.connection
            .execute("DELETE FROM coming WHERE parcel = ?1", [id.to_string()])
            .named("forget parts")
            .map(|_| ())
    }

    /// What was left behind when the program ended between keeping a parcel and forgetting its parts.
    pub fn forget_parts_of_what_is_here(&mut self) -> Result<(), HistoryError> {
        self.connection
            .execute("DELETE FROM coming WHERE parcel IN (SELECT id FROM parcel)", [])
            .named("forget parts of what is here")
            .map(|_| ())
    }
}
