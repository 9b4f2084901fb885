//! 中継: which parcels a parcel passes on, which ones passed it on, and who was entrusted with whom.

use rusqlite::{Connection, params};

use super::lists::parsed;
use super::{History, HistoryError, Named as _, to_time};
use crate::parcel::{Hop, Manifest, ParcelId};
use crate::standard::OfficeNumber;

/// A parcel of ours that passes another one on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOn {
    pub parcel: ParcelId,
    pub partner: OfficeNumber,
    pub partner_name: String,
    pub at: jiff::Timestamp,
}

impl History {
    /// 中継元: the parcels a parcel passes on, oldest first.
    pub fn chain(&self, id: ParcelId) -> Result<Vec<Hop>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT origin, sender, receiver, written FROM hop WHERE parcel = ?1 ORDER BY position")
            .named("chain")?;
        let mut rows = statement.query([id.to_string()]).named("chain")?;
        let mut chain = Vec::new();
        while let Some(row) = rows.next().named("chain")? {
            chain.push(Hop {
                parcel: parsed(row, 0)?,
                sender: parsed(row, 1)?,
                receiver: parsed(row, 2)?,
                written: to_time(row.get(3).named("chain")?)?,
            });
        }
        Ok(chain)
    }

    /// 中継先: what passed this parcel on from here, in the order it went.
    pub fn passed_on(&self, id: ParcelId) -> Result<Vec<PassedOn>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT parcel.id, partner, partner_name, at FROM hop JOIN parcel ON parcel.id = hop.parcel
                 WHERE origin = ?1 AND direction = 'out' AND withdrawn_at IS NULL ORDER BY at, parcel.id",
            )
            .named("passed on")?;
        let mut rows = statement.query([id.to_string()]).named("passed on")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("passed on")? {
            found.push(PassedOn {
                parcel: parsed(row, 0)?,
                partner: parsed(row, 1)?,
                partner_name: row.get(2).named("passed on")?,
                at: to_time(row.get(3).named("passed on")?)?,
            });
        }
        Ok(found)
    }

    /// Incoming parcels with a file whose name begins so, newest first.
    pub fn parcels_with_file(&self, prefix: &str, most: u32) -> Result<Vec<(ParcelId, OfficeNumber)>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                // A name that begins with the prefix lies between it and the prefix with the last character there is.
                "SELECT DISTINCT parcel.id, partner FROM file JOIN parcel ON parcel.id = file.parcel
                 WHERE name >= ?1 AND name < ?1 || char(0x10ffff) AND direction = 'in' AND refused_at IS NULL
                 ORDER BY parcel.at DESC LIMIT ?2",
            )
            .named("parcels with a file")?;
        let mut rows = statement.query(params![prefix, most]).named("parcels with a file")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("parcels with a file")? {
            found.push((parsed(row, 0)?, parsed(row, 1)?));
        }
        Ok(found)
    }

    /// Whether a file ever came whose name begins so.
    pub fn has_come(&self, prefix: &str) -> Result<bool, HistoryError> {
        self.connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM file JOIN parcel ON parcel.id = file.parcel
                 WHERE name >= ?1 AND name < ?1 || char(0x10ffff) AND direction = 'in' AND refused_at IS NULL)",
            )
            .and_then(|mut statement| statement.query_row([prefix], |row| row.get(0)))
            .named("whether a file has come")
    }

    /// The offices to which a file went whose name begins so.
    pub fn receivers_of(&self, prefix: &str) -> Result<Vec<OfficeNumber>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT DISTINCT partner FROM file JOIN parcel ON parcel.id = file.parcel
                 WHERE name >= ?1 AND name < ?1 || char(0x10ffff) AND direction = 'out' AND withdrawn_at IS NULL
                     AND refused_at IS NULL",
            )
            .named("receivers of a file")?;
        let mut rows = statement.query([prefix]).named("receivers of a file")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("receivers of a file")? {
            found.push(parsed(row, 0)?);
        }
        Ok(found)
    }
}

/// Keeps what a manifest says of the parcels it passes on.
pub(super) fn insert_chain(connection: &Connection, manifest: &Manifest) -> Result<(), HistoryError> {
    for (position, hop) in manifest.chain.iter().enumerate() {
        connection
            .prepare_cached(
                "INSERT INTO hop (parcel, position, origin, sender, receiver, written) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (parcel, position) DO NOTHING",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    manifest.id.to_string(),
                    position,
                    hop.parcel.to_string(),
                    hop.sender.as_str(),
                    hop.receiver.as_str(),
                    hop.written.as_millisecond()
                ])
            })
            .named("keep chain")?;
    }
    Ok(())
}
