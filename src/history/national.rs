//! Parcels by way of the national system: laid out in a folder for it, or found in the folder it downloads to.
//!
//! There is no signature and no receipt here. What is known is only what lay in which folder when, and that is all that
//! is claimed.

use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::evidence::{Step, Subject};
use super::incoming::Delivery;
use super::lists::parsed;
use super::outbox::{NewOutgoing, insert_files, insert_outgoing};
use super::{Action, DONE, History, HistoryError, Named as _, add_to_trail, record, search, to_json};
use crate::parcel::{Content, ParcelId};
use crate::standard::{Checked, OfficeNumber};

/// Files that the national system downloaded, from one sender.
#[derive(Debug)]
pub struct NewDownload<'a> {
    pub content: &'a Content,
    /// Where each file lies, in the order of the content.
    pub paths: &'a [PathBuf],
    pub partner_name: &'a str,
    pub subjects: &'a [Subject],
    pub checked: &'a Checked,
}

impl History {
    /// Keeps parcels that are to be laid out from `leaves` on, all or none of them.
    pub fn queue_national(
        &mut self,
        parcels: &[NewOutgoing],
        now: Timestamp,
        leaves: Timestamp,
    ) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        for parcel in parcels {
            insert_outgoing(&transaction, parcel, now, leaves)?;
            let id = parcel.content.manifest.id.to_string();
            transaction.execute("INSERT INTO national (parcel) VALUES (?1)", [&id]).named("queue national")?;
            record(&transaction, Action::Send, &id, DONE, now)?;
        }
        transaction.commit().named("queue national")
    }

    /// Files that are to be in the hand-over folder by now, oldest parcel first. From now on they cannot be taken back.
    pub fn not_laid_out(&mut self, now: Timestamp) -> Result<Vec<Delivery>, HistoryError> {
        self.connection
            .execute(
                "UPDATE outbox SET may_have_left = 1 WHERE next_try_at <= ?1
                 AND EXISTS (SELECT 1 FROM national WHERE national.parcel = outbox.parcel)",
                [now.as_millisecond()],
            )
            .named("lay out")?;
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT file.parcel, position, name, path, partner FROM national
                     JOIN parcel ON parcel.id = national.parcel JOIN file ON file.parcel = parcel.id
                     LEFT JOIN outbox ON outbox.parcel = national.parcel
                 WHERE direction = 'out' AND laid_out_at IS NULL AND withdrawn_at IS NULL AND delivered_at IS NULL
                 AND coalesce(outbox.next_try_at, 0) <= ?1
                 ORDER BY parcel.at, file.parcel, position",
            )
            .named("not laid out")?;
        let mut rows = statement.query([now.as_millisecond()]).named("not laid out")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("not laid out")? {
            let planned: Option<String> = row.get(3).named("not laid out")?;
            found.push(Delivery {
                parcel: parsed(row, 0)?,
                position: row.get(1).named("not laid out")?,
                partner: parsed(row, 4)?,
                name: row.get(2).named("not laid out")?,
                planned: planned.map(PathBuf::from),
            });
        }
        Ok(found)
    }

    /// Notes the parcels of which every file is laid out now, and returns them.
    pub fn note_laid_out(&mut self, now: Timestamp) -> Result<Vec<ParcelId>, HistoryError> {
        let transaction = self.begin()?;
        let ids: Vec<String> = transaction
            .prepare_cached(
                "SELECT parcel FROM national JOIN parcel ON parcel.id = national.parcel
                 WHERE direction = 'out' AND laid_out_at IS NULL AND withdrawn_at IS NULL
                 AND NOT EXISTS (SELECT 1 FROM file WHERE file.parcel = national.parcel AND delivered_at IS NULL)",
            )
            .and_then(|mut select| select.query_map([], |row| row.get(0))?.collect())
            .named("note laid out")?;
        let mut laid_out = Vec::new();
        for text in ids {
            let id: ParcelId = text.parse().map_err(|_| HistoryError::Unreadable { what: "an identifier" })?;
            transaction
                .execute("UPDATE national SET laid_out_at = ?2 WHERE parcel = ?1", params![text, now.as_millisecond()])
                .and_then(|_| transaction.execute("DELETE FROM outbox WHERE parcel = ?1", [&text]))
                .named("note laid out")?;
            add_to_trail(&transaction, id, now, &Step::LaidOut)?;
            record(&transaction, Action::Delivered, &text, DONE, now)?;
            laid_out.push(id);
        }
        transaction.commit().named("note laid out")?;
        Ok(laid_out)
    }

    /// Whether this content came from this office before, by whichever way.
    pub fn came_before(&self, sender: OfficeNumber, name: &str, sha256: &str) -> Result<bool, HistoryError> {
        self.connection
            .prepare_cached(
                "SELECT 1 FROM file JOIN parcel ON parcel.id = file.parcel
                 WHERE sha256 = ?1 AND name = ?2 AND partner = ?3 AND direction = 'in' AND refused_at IS NULL",
            )
            .and_then(|mut statement| {
                statement.query_row(params![sha256, name, sender.as_str()], |_| Ok(())).optional()
            })
            .named("came before")
            .map(|found| found.is_some())
    }

    /// Keeps what the national system downloaded. The files lie where care software may take them.
    pub fn keep_download(&mut self, download: &NewDownload<'_>, now: Timestamp) -> Result<(), HistoryError> {
        let manifest = &download.content.manifest;
        let (id, summary) = (manifest.id.to_string(), download.checked.summary());
        let transaction = self.begin()?;
        transaction
            .execute(
                "INSERT INTO parcel (id, direction, partner, partner_name, at, subjects, checked, files, errors, warnings,
                                     arrived_at)
                 VALUES (?1, 'in', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?4)",
                params![
                    id,
                    manifest.sender.as_str(),
                    download.partner_name,
                    now.as_millisecond(),
                    to_json(&download.subjects)?,
                    to_json(&download.checked)?,
                    manifest.files.len(),
                    summary.errors,
                    summary.warnings
                ],
            )
            .and_then(|_| transaction.execute("INSERT INTO national (parcel) VALUES (?1)", [&id]))
            .named("keep download")?;
        insert_files(&transaction, download.content)?;
        for (position, path) in download.paths.iter().enumerate() {
            transaction
                .execute(
                    "UPDATE file SET path = ?3, delivered_at = ?4 WHERE parcel = ?1 AND position = ?2",
                    params![id, position, path.to_string_lossy(), now.as_millisecond()],
                )
                .named("keep download")?;
        }
        add_to_trail(&transaction, manifest.id, now, &Step::Received)?;
        record(&transaction, Action::Received, &id, DONE, now)?;
        search::index(&transaction, &id)?;
        transaction.commit().named("keep download")
    }

    /// The care software has taken what was downloaded. Nobody is waiting for a receipt.
    /// Says whether that was news.
    pub fn note_download_imported(&mut self, id: ParcelId, by: Action, now: Timestamp) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let new = transaction
            .execute(
                "UPDATE parcel SET imported_at = ?2 WHERE id = ?1 AND imported_at IS NULL
                 AND EXISTS (SELECT 1 FROM national WHERE national.parcel = parcel.id)",
                params![id.to_string(), now.as_millisecond()],
            )
            .named("note download imported")?;
        if new > 0 {
            add_to_trail(&transaction, id, now, &Step::Imported)?;
            record(&transaction, by, &id.to_string(), DONE, now)?;
        }
        transaction.commit().named("note download imported")?;
        Ok(new > 0)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::identity::Vault;

    #[test]
    fn what_is_to_be_laid_out_waits_and_can_be_taken_back_until_then() {
        let (dir, vault) = (tempfile::tempdir().unwrap(), Vault::in_memory().unwrap());
        let mut history = History::open(&dir.path().join("history.db"), vault.database_key()).unwrap();
        let now = Timestamp::now();
        let after = |seconds| now + SignedDuration::from_secs(seconds);
        let ids: Vec<ParcelId> = (0..2)
            .map(|_| {
                let (us, them) = ("3171000048".parse().unwrap(), "3191000017".parse().unwrap());
                let files = vec![("a.txt".into(), b"a".to_vec())];
                let content = Content::new(ParcelId::new(), us, them, now, String::new(), files);
                let id = content.manifest.id;
                let parcel =
                    NewOutgoing { content, partner_name: String::new(), subjects: vec![], checked: Checked::default() };
                history.queue_national(&[parcel], now, after(10)).unwrap();
                id
            })
            .collect();
        assert!(history.not_laid_out(after(9)).unwrap().is_empty());
        assert!(history.due(after(11)).unwrap().is_empty(), "it is never the hub's");
        assert!(history.withdraw(ids[0], after(9)).unwrap());
        let bound: Vec<ParcelId> = history.not_laid_out(after(10)).unwrap().iter().map(|file| file.parcel).collect();
        assert_eq!(bound, ids[1..]);
        assert!(!history.withdraw(ids[1], after(11)).unwrap(), "it may lie there by now");
        assert_eq!(history.next_try(after(11)).unwrap(), None, "without a folder it does not go round and round");
    }
}
