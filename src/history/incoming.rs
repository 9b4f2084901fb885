//! What came: kept whole before anyone is told, and followed on its way into the import folder.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::evidence::{Failure, Step, Subject};
use super::lists::parsed;
use super::outbox::{insert_files, insert_receipt, note_step};
use super::{History, HistoryError, Named as _, add_to_trail, to_json};
use crate::parcel::{Content, ParcelId, ReceiptStep};
use crate::standard::{Checked, OfficeNumber};

/// A parcel that was opened and verified.
#[derive(Debug)]
pub struct NewIncoming<'a> {
    pub content: &'a Content,
    pub partner_name: &'a str,
    pub signer: OfficeNumber,
    pub subjects: &'a [Subject],
    pub checked: &'a Checked,
    pub digest: &'a str,
    /// Positions of files that are kept and shown, but never put into the import folder.
    pub stays: &'a [usize],
}

/// A parcel that could not be accepted; kept aside as it came.
#[derive(Debug)]
pub struct NewRefused<'a> {
    pub id: ParcelId,
    pub partner: OfficeNumber,
    pub partner_name: &'a str,
    pub digest: &'a str,
    pub sealed: &'a [u8],
    pub failure: &'a Failure,
}

/// A file on its way into the import folder.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    pub parcel: ParcelId,
    pub position: u32,
    pub partner: OfficeNumber,
    pub name: String,
    /// Where it was to go when we last tried; the try may have got as far as the folder.
    pub planned: Option<PathBuf>,
}

impl History {
    /// Whether a parcel is here, in whichever direction it went.
    pub fn knows(&self, id: ParcelId) -> Result<bool, HistoryError> {
        self.connection
            .prepare_cached("SELECT 1 FROM parcel WHERE id = ?1")
            .and_then(|mut statement| statement.query_row([id.to_string()], |_| Ok(())).optional())
            .named("knows")
            .map(|found| found.is_some())
    }

    /// Keeps a verified parcel. Says whether it was new; a second one of the same id changes nothing.
    pub fn keep_incoming(&mut self, parcel: &NewIncoming<'_>, now: Timestamp) -> Result<bool, HistoryError> {
        let manifest = &parcel.content.manifest;
        let summary = parcel.checked.summary();
        let transaction = self.begin()?;
        let new = transaction
            .execute(
                "INSERT INTO parcel (id, direction, partner, partner_name, at, message, subjects, checked, files, errors,
                                     warnings, digest, signer)
                 VALUES (?1, 'in', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO NOTHING",
                params![
                    manifest.id.to_string(),
                    manifest.sender.as_str(),
                    parcel.partner_name,
                    now.as_millisecond(),
                    manifest.message,
                    to_json(&parcel.subjects)?,
                    to_json(&parcel.checked)?,
                    manifest.files.len(),
                    summary.errors,
                    summary.warnings,
                    parcel.digest,
                    parcel.signer.as_str()
                ],
            )
            .named("keep incoming")?;
        if new > 0 {
            insert_files(&transaction, parcel.content)?;
            for position in parcel.stays {
                transaction
                    .execute(
                        "UPDATE file SET stays = 1 WHERE parcel = ?1 AND position = ?2",
                        params![manifest.id.to_string(), position],
                    )
                    .named("keep file")?;
            }
            add_to_trail(&transaction, manifest.id, now, &Step::Received)?;
        }
        transaction.commit().named("keep incoming")?;
        Ok(new > 0)
    }

    /// Keeps a parcel aside that must not be delivered, with the signed receipt that says so.
    pub fn keep_refused(
        &mut self,
        parcel: &NewRefused<'_>,
        signed: &[u8],
        now: Timestamp,
    ) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let new = transaction
            .execute(
                "INSERT INTO parcel (id, direction, partner, partner_name, at, digest, refused_at, failure)
                 VALUES (?1, 'in', ?2, ?3, ?4, ?5, ?4, ?6) ON CONFLICT (id) DO NOTHING",
                params![
                    parcel.id.to_string(),
                    parcel.partner.as_str(),
                    parcel.partner_name,
                    now.as_millisecond(),
                    parcel.digest,
                    to_json(parcel.failure)?
                ],
            )
            .named("keep refused")?;
        if new > 0 {
            transaction
                .execute(
                    "INSERT INTO refused (parcel, sealed) VALUES (?1, ?2)",
                    params![parcel.id.to_string(), parcel.sealed],
                )
                .named("keep refused")?;
            insert_receipt(&transaction, parcel.id, ReceiptStep::Refused, now, signed, None)?;
            add_to_trail(&transaction, parcel.id, now, &Step::Refused(parcel.failure.clone()))?;
        }
        transaction.commit().named("keep refused")?;
        Ok(new > 0)
    }

    /// Files that are not in the import folder yet, in the order their parcels came.
    pub fn undelivered(&self) -> Result<Vec<Delivery>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT file.parcel, position, name, path, partner FROM parcel JOIN file ON file.parcel = parcel.id
                 WHERE direction = 'in' AND arrived_at IS NULL AND refused_at IS NULL AND delivered_at IS NULL AND NOT stays
                 ORDER BY parcel.rowid, position",
            )
            .named("undelivered")?;
        let mut rows = statement.query([]).named("undelivered")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("undelivered")? {
            let planned: Option<String> = row.get(3).named("undelivered")?;
            found.push(Delivery {
                parcel: parsed(row, 0)?,
                position: row.get(1).named("undelivered")?,
                partner: parsed(row, 4)?,
                name: row.get(2).named("undelivered")?,
                planned: planned.map(PathBuf::from),
            });
        }
        Ok(found)
    }

    /// The names of a parcel's files, in order.
    pub fn file_names(&self, id: ParcelId) -> Result<Vec<String>, HistoryError> {
        self.connection
            .prepare_cached("SELECT name FROM file WHERE parcel = ?1 ORDER BY position")
            .and_then(|mut statement| statement.query_map([id.to_string()], |row| row.get(0))?.collect())
            .named("file names")
    }

    /// Remembers where a file is about to go, before it goes; `None` takes the plan back.
    pub fn plan_delivery(&mut self, file: &Delivery, path: Option<&Path>) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "UPDATE file SET path = ?3 WHERE parcel = ?1 AND position = ?2",
                params![file.parcel.to_string(), file.position, path.map(Path::to_string_lossy)],
            )
            .named("plan delivery")
            .map(|_| ())
    }

    /// The file is in the import folder.
    pub fn note_delivered(&mut self, file: &Delivery, now: Timestamp) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "UPDATE file SET delivered_at = ?3 WHERE parcel = ?1 AND position = ?2",
                params![file.parcel.to_string(), file.position, now.as_millisecond()],
            )
            .named("note delivered")
            .map(|_| ())
    }

    /// Incoming parcels of which every file is delivered, but no receipt says so yet.
    pub fn arrivals_to_confirm(&self) -> Result<Vec<(ParcelId, String)>, HistoryError> {
        self.parcels_with_digest(
            "SELECT id, digest FROM parcel WHERE direction = 'in' AND arrived_at IS NULL AND refused_at IS NULL
             AND NOT EXISTS (SELECT 1 FROM file WHERE parcel = id AND delivered_at IS NULL AND NOT stays) ORDER BY at, id",
        )
    }

    /// Incoming parcels whose files wait in the import folder, with the paths.
    pub fn waiting_for_import(&self) -> Result<Vec<(ParcelId, Vec<PathBuf>)>, HistoryError> {
        let parcels = self.parcels_with_digest(
            "SELECT id, digest FROM parcel WHERE direction = 'in' AND arrived_at IS NOT NULL AND imported_at IS NULL
             AND refused_at IS NULL ORDER BY at, id",
        )?;
        let mut statement = self
            .connection
            .prepare_cached("SELECT path FROM file WHERE parcel = ?1 AND path IS NOT NULL ORDER BY position")
            .named("delivered paths")?;
        let mut found = Vec::new();
        for (id, _) in parcels {
            let paths = statement
                .query_map([id.to_string()], |row| row.get::<_, String>(0))
                .and_then(|rows| rows.map(|path| path.map(PathBuf::from)).collect())
                .named("delivered paths")?;
            found.push((id, paths));
        }
        Ok(found)
    }

    /// Notes what happened to an incoming parcel, with the receipt that will tell its sender.
    pub fn note_own_step(
        &mut self,
        id: ParcelId,
        step: ReceiptStep,
        signed: &[u8],
        now: Timestamp,
    ) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let new = insert_receipt(&transaction, id, step, now, signed, None)?;
        if new {
            note_step(&transaction, id, step, now, None)?;
        }
        transaction.commit().named("note own step")?;
        Ok(new)
    }

    /// Receipts of ours that the hub does not have yet, oldest first.
    pub fn receipts_to_hand_in(&self) -> Result<Vec<(ParcelId, ReceiptStep, Vec<u8>)>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT parcel, step, signed FROM receipt WHERE handed_in_at IS NULL ORDER BY at, parcel, step",
            )
            .named("receipts to hand in")?;
        let mut rows = statement.query([]).named("receipts to hand in")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("receipts to hand in")? {
            found.push((parsed(row, 0)?, parsed(row, 1)?, row.get(2).named("receipts to hand in")?));
        }
        Ok(found)
    }

    /// The hub has the receipt, or will never take it.
    pub fn note_handed_in(&mut self, id: ParcelId, step: ReceiptStep, now: Timestamp) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "UPDATE receipt SET handed_in_at = ?3 WHERE parcel = ?1 AND step = ?2",
                params![id.to_string(), step.as_str(), now.as_millisecond()],
            )
            .named("note handed in")
            .map(|_| ())
    }

    /// Somebody here has opened the parcel.
    pub fn note_read(&mut self, id: ParcelId, now: Timestamp) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "UPDATE parcel SET read_at = ?2 WHERE id = ?1 AND direction = 'in' AND read_at IS NULL",
                params![id.to_string(), now.as_millisecond()],
            )
            .named("note read")
            .map(|_| ())
    }

    fn parcels_with_digest(&self, sql: &'static str) -> Result<Vec<(ParcelId, String)>, HistoryError> {
        let mut statement = self.connection.prepare_cached(sql).named("parcels")?;
        let mut rows = statement.query([]).named("parcels")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("parcels")? {
            found.push((parsed(row, 0)?, row.get::<_, Option<String>>(1).named("parcels")?.unwrap_or_default()));
        }
        Ok(found)
    }
}
