//! What came: kept whole before anyone is told, and followed on its way into the import folder.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::board::keep_statements;
use super::evidence::{Failure, Step, Subject};
use super::lists::parsed;
use super::marks::{Mark, OwnReceipt, keep_receipts, tell};
use super::outbox::{insert_files, insert_receipt, note_step};
use super::{Action, DONE, History, HistoryError, Named as _, add_to_trail, held, record, search, to_json};
use crate::parcel::{Content, ParcelId, ReceiptStep};
use crate::standard::{Checked, OfficeNumber};
use crate::wire::Binary;

/// A parcel that was opened and verified.
#[derive(Debug)]
pub struct NewIncoming<'a> {
    pub content: &'a Content,
    pub partner_name: &'a str,
    pub signer: OfficeNumber,
    pub subjects: &'a [Subject],
    pub checked: &'a Checked,
    pub digest: &'a str,
    /// When the hub took it: the same at every terminal of the office, whatever its clock says.
    pub accepted_at: Timestamp,
    /// What our office said of it before: by another terminal, or by this PC before it was set up anew.
    pub receipts: &'a [OwnReceipt],
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
    pub accepted_at: Timestamp,
    pub sealed: &'a [u8],
    pub failure: &'a Failure,
}

/// The receipt that tells a sender of a refusal.
#[derive(Clone, Copy, Debug)]
pub enum RefusalReceipt<'a> {
    /// Signed now; the hub does not have it.
    New(&'a [u8]),
    /// Another terminal of ours gave it before.
    Given(&'a OwnReceipt),
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
                                     warnings, digest, signer, accepted_at)
                 VALUES (?1, 'in', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?4)
                 -- One that was kept aside until now gets its content.
                 ON CONFLICT (id) DO UPDATE SET message = ?5, subjects = ?6, checked = ?7, files = ?8, errors = ?9,
                     warnings = ?10, signer = ?12, failure = NULL, accepted_at = ?4
                 WHERE EXISTS (SELECT 1 FROM held WHERE held.parcel = id)",
                params![
                    manifest.id.to_string(),
                    manifest.sender.as_str(),
                    parcel.partner_name,
                    parcel.accepted_at.as_millisecond(),
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
            keep_statements(&transaction, manifest.id, &manifest.statements)?;
            for position in parcel.stays {
                transaction
                    .execute(
                        "UPDATE file SET stays = 1 WHERE parcel = ?1 AND position = ?2",
                        params![manifest.id.to_string(), position],
                    )
                    .named("keep file")?;
            }
            held::let_go(&transaction, manifest.id)?;
            add_to_trail(&transaction, manifest.id, now, &Step::Received)?;
            record(&transaction, Action::Received, &manifest.id.to_string(), DONE, now)?;
            keep_receipts(&transaction, parcel.receipts)?;
            hear_earlier_reading(&transaction, manifest.id)?;
            search::index(&transaction, &manifest.id.to_string())?;
        }
        transaction.commit().named("keep incoming")?;
        Ok(new > 0)
    }

    /// Keeps a parcel aside that must not be delivered, with the signed receipt that says so.
    pub fn keep_refused(
        &mut self,
        parcel: &NewRefused<'_>,
        receipt: RefusalReceipt<'_>,
        now: Timestamp,
    ) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let new = transaction
            .execute(
                "INSERT INTO parcel (id, direction, partner, partner_name, at, digest, refused_at, failure)
                 VALUES (?1, 'in', ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (id) DO UPDATE SET refused_at = ?6, failure = ?7
                 WHERE EXISTS (SELECT 1 FROM held WHERE held.parcel = id)",
                params![
                    parcel.id.to_string(),
                    parcel.partner.as_str(),
                    parcel.partner_name,
                    parcel.accepted_at.as_millisecond(),
                    parcel.digest,
                    now.as_millisecond(),
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
            held::let_go(&transaction, parcel.id)?;
            match receipt {
                RefusalReceipt::New(signed) => {
                    insert_receipt(&transaction, parcel.id, ReceiptStep::Refused, now, signed, None)?;
                    let signed = Binary(signed.to_vec());
                    tell(&transaction, &Mark::Receipt { parcel: parcel.id, signed })?;
                }
                RefusalReceipt::Given(OwnReceipt { receipt, signed }) => {
                    insert_receipt(&transaction, parcel.id, receipt.step, receipt.at, signed, Some(receipt.at))?;
                }
            }
            add_to_trail(&transaction, parcel.id, now, &Step::Refused(parcel.failure.clone()))?;
            record(&transaction, Action::Refused, &parcel.id.to_string(), &parcel.failure.code(), now)?;
            search::index(&transaction, &parcel.id.to_string())?;
        }
        transaction.commit().named("keep refused")?;
        Ok(new > 0)
    }

    /// Files that this terminal is to put into its import folder, in the order their parcels came.
    pub fn undelivered(&self) -> Result<Vec<Delivery>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT file.parcel, position, name, path, partner FROM parcel JOIN file ON file.parcel = parcel.id
                     JOIN import_claim ON import_claim.parcel = parcel.id AND mine
                 WHERE direction = 'in' AND imported_at IS NULL AND refused_at IS NULL AND delivered_at IS NULL AND NOT stays
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
             AND NOT EXISTS (SELECT 1 FROM held WHERE held.parcel = id) AND NOT EXISTS (SELECT 1 FROM file WHERE parcel = id AND delivered_at IS NULL AND NOT stays) ORDER BY at, id",
        )
    }

    /// Incoming parcels whose files wait in this terminal's import folder, with the paths.
    pub fn waiting_for_import(&self) -> Result<Vec<(ParcelId, Vec<PathBuf>)>, HistoryError> {
        let parcels = self.parcels_with_digest(
            "SELECT id, digest FROM parcel WHERE direction = 'in' AND arrived_at IS NOT NULL AND imported_at IS NULL
             AND refused_at IS NULL AND NOT EXISTS (SELECT 1 FROM import_claim c WHERE c.parcel = id AND NOT c.mine)
             AND NOT EXISTS (SELECT 1 FROM file WHERE file.parcel = id AND delivered_at IS NULL AND NOT stays)
             ORDER BY at, id",
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

    /// Notes what happened to an incoming parcel, with the receipt that will tell its sender. `by` is what made it happen.
    pub fn note_own_step(
        &mut self,
        id: ParcelId,
        step: ReceiptStep,
        signed: &[u8],
        by: Action,
        now: Timestamp,
    ) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let new = insert_receipt(&transaction, id, step, now, signed, None)?;
        if new {
            note_step(&transaction, id, step, now, None)?;
            tell(&transaction, &Mark::Receipt { parcel: id, signed: Binary(signed.to_vec()) })?;
            // That somebody opened it is on record with each opening.
            if by != Action::Open {
                record(&transaction, by, &id.to_string(), DONE, now)?;
            }
        }
        transaction.commit().named("note own step")?;
        Ok(new)
    }

    /// Whether our office said this of a parcel before.
    pub fn has_receipt(&self, id: ParcelId, step: ReceiptStep) -> Result<bool, HistoryError> {
        self.connection
            .prepare_cached("SELECT 1 FROM receipt WHERE parcel = ?1 AND step = ?2")
            .and_then(|mut find| find.exists(params![id.to_string(), step.as_str()]))
            .named("has receipt")
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

    /// Puts a receipt in the place of one that the hub does not take any more, signed anew.
    pub fn replace_receipt(&mut self, id: ParcelId, step: ReceiptStep, signed: &[u8]) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "UPDATE receipt SET signed = ?3 WHERE parcel = ?1 AND step = ?2 AND handed_in_at IS NULL",
                params![id.to_string(), step.as_str(), signed],
            )
            .named("replace receipt")
            .map(|_| ())
    }

    /// Somebody here has opened the parcel: on record each time, told to the other terminals the first time.
    pub fn note_read(&mut self, id: ParcelId, now: Timestamp) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        let first = transaction
            .execute(
                "UPDATE parcel SET read_at = ?2 WHERE id = ?1 AND direction = 'in' AND read_at IS NULL",
                params![id.to_string(), now.as_millisecond()],
            )
            .named("note read")?;
        if first > 0 {
            let who = super::audit::user(&transaction)?;
            tell(&transaction, &Mark::Read { parcel: id, at: now, who })?;
        }
        record(&transaction, Action::Open, &id.to_string(), DONE, now)?;
        transaction.commit().named("note read")
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

/// Another terminal may have told of it before it came here.
fn hear_earlier_reading(transaction: &Connection, id: ParcelId) -> Result<(), HistoryError> {
    transaction
        .execute(
            "UPDATE parcel SET read_at = (SELECT at FROM mark WHERE mark.parcel = id AND kind = 'read')
             WHERE id = ?1 AND read_at IS NULL",
            [id.to_string()],
        )
        .named("hear earlier reading")
        .map(|_| ())
}
