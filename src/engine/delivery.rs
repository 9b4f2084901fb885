//! From the history into the import folder, and what the care software does with it there.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::exchange::Round;
use super::model::{Failure, Notice, State};
use super::terminal::Terminal;
use crate::folders::{self, PublishError, Staged};
use crate::history::{Action, Delivery, HistoryError};
use crate::parcel::{ParcelId, ReceiptStep};
use crate::standard::{FileName, OfficeNumber};

/// A file with the folder it is bound for.
pub(super) struct Bound {
    pub file: Delivery,
    pub folder: PathBuf,
}

impl Terminal {
    /// Puts the files of these parcels into the import folders, as far as they are not in one yet. `counts` says whether the
    /// hub's word that they are this terminal's still does; false when it ran out before the end.
    pub(super) fn deliver(
        &mut self,
        now: Timestamp,
        parcels: &[ParcelId],
        counts: &dyn Fn() -> bool,
        round: &mut Round,
    ) -> Result<bool, HistoryError> {
        let mut files = self.history.undelivered()?;
        files.retain(|file| parcels.contains(&file.parcel));
        for file in self.in_order(files)? {
            if !counts() {
                return Ok(false);
            }
            if let Err(failure) = self.deliver_one(&file, now)? {
                tracing::warn!(parcel = %file.file.parcel, failure = failure.code(), "file not delivered");
                round.fail(failure);
            }
        }
        Ok(true)
    }

    /// Signs that what lies in the import folder, or needs not to, has arrived.
    pub(super) fn confirm_arrivals(&mut self, now: Timestamp) -> Result<(), HistoryError> {
        for (id, digest) in self.history.arrivals_to_confirm()? {
            self.note_own(id, &digest, ReceiptStep::Delivered, Action::Delivered, now)?;
        }
        Ok(())
    }

    /// Serial by serial for each sender, whatever came first: care software takes the last one it finds for the newest.
    /// Each with the folder it goes into.
    fn in_order(&self, files: Vec<Delivery>) -> Result<Vec<Bound>, HistoryError> {
        let mut firsts: HashMap<ParcelId, Option<FileName>> = HashMap::new();
        let mut senders: HashMap<OfficeNumber, usize> = HashMap::new();
        let mut bound = Vec::new();
        for file in files {
            let first = match firsts.entry(file.parcel) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    let names = self.history.file_names(file.parcel)?;
                    *new.insert(
                        names.iter().filter_map(|name| FileName::parse(name).ok()).min_by_key(|name| name.serial),
                    )
                }
            };
            let serial = FileName::parse(&file.name).ok().or(first).map(|name| name.serial);
            let turn = senders.len();
            let sender = *senders.entry(file.partner).or_insert(turn);
            let folder = self.import.folder_for(file.partner, &file.name, first.as_ref()).to_owned();
            bound.push(((sender, serial), Bound { file, folder }));
        }
        bound.sort_by_key(|(place, _)| *place);
        Ok(bound.into_iter().map(|(_, bound)| bound).collect())
    }

    pub(super) fn deliver_one(&mut self, bound: &Bound, now: Timestamp) -> Result<Result<(), Failure>, HistoryError> {
        let Bound { file, folder: import } = bound;
        let tag = format!("{}-{}", file.parcel, file.position);
        if let Some(planned) = &file.planned {
            let folder = planned.parent().unwrap_or(import);
            // Planned and no longer beside its place: the last try got as far as the rename. A folder that cannot be looked
            // into says nothing of the kind.
            match Staged::of(folder, &file.name, &tag).is_beside() {
                Ok(false) if folder.is_dir() => {
                    self.history.note_delivered(file, now)?;
                    return Ok(Ok(()));
                }
                Ok(_) => {}
                Err(error) => return Ok(Err(folders::failure_of(&error, planned))),
            }
        }
        let Some(bytes) = self.history.bytes(file.parcel, file.position)? else {
            return Ok(Err(Failure::HistoryTroubled));
        };
        if !import.is_dir() {
            return Ok(Err(Failure::FolderMissing { path: import.display().to_string() }));
        }
        let staged = match folders::stage(import, &file.name, &tag, &bytes) {
            Ok(staged) => staged,
            // Windows' protection against ransomware says of a new file that it is "not found".
            Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound) => {
                return Ok(Err(Failure::FolderNotPermitted { path: import.display().to_string() }));
            }
            Err(error) => return Ok(Err(folders::failure_of(&error, &import.join(&file.name)))),
        };
        self.history.plan_delivery(file, Some(staged.target()))?;
        match staged.publish() {
            Ok(()) => {
                self.history.note_delivered(file, now)?;
                Ok(Ok(()))
            }
            Err(error) => {
                // The plan goes before the file does: otherwise a crash here would look like a delivery.
                self.history.plan_delivery(file, None)?;
                staged.discard();
                Ok(Err(match error {
                    PublishError::Taken(_) => Failure::NameTaken { name: file.name.clone() },
                    PublishError::Io { path, source } => folders::failure_of(&source, &path),
                }))
            }
        }
    }

    /// Takes away what a program that was killed left beside its place, where another terminal has put the files into its
    /// folder since. Whatever is still to come here is needed, and written again anyway.
    pub(super) fn tidy_folders(&self) -> Result<(), HistoryError> {
        let folders = self.import.rules.iter().map(|rule| &rule.folder).chain([&self.import.general]);
        for (path, tag) in folders.filter_map(|folder| folders::beside(folder).ok()).flatten() {
            let parcel = tag.rsplit_once('-').and_then(|(parcel, _)| parcel.parse().ok());
            if let Some(parcel) = parcel
                && self.history.is_done_elsewhere(parcel)?
                && let Err(error) = std::fs::remove_file(&path)
            {
                tracing::warn!(%parcel, %error, "what was left beside its place stays");
            }
        }
        Ok(())
    }

    /// Care software takes the files it imports out of the folder: when all are gone, the parcel is imported.
    pub fn note_imports(&mut self, now: Timestamp, round: &mut Round) -> Result<(), HistoryError> {
        for (id, paths) in self.history.waiting_for_import()? {
            if !paths.is_empty() && paths.iter().all(|path| is_gone(path)) {
                self.note_imported(id, Action::Imported, now)?;
                if let Some(stored) = self.history.parcel(id)? {
                    round.notices.push(Notice::Imported { partner_name: stored.line.partner_name });
                }
            }
        }
        Ok(())
    }

    /// A person says that the office has taken this parcel's files into its care software.
    pub fn mark_imported(&mut self, id: ParcelId, now: Timestamp) -> Result<(), HistoryError> {
        if !self.note_imported(id, Action::MarkImported, now)? {
            self.history.record(Action::MarkImported, &id.to_string(), "nothing-to-do", now)?;
        }
        Ok(())
    }

    fn note_imported(&mut self, id: ParcelId, by: Action, now: Timestamp) -> Result<bool, HistoryError> {
        // Nobody waits for a receipt of what the national system brought.
        if self.history.note_download_imported(id, by, now)? {
            return Ok(true);
        }
        match self.to_be_told(id)? {
            Some(digest) => self.note_own(id, &digest, ReceiptStep::Imported, by, now),
            None => Ok(false),
        }
    }

    /// Somebody has opened a parcel: it counts as read from now on, and its sender hears that it was looked at. Says
    /// whether there is something new to tell.
    pub fn open(&mut self, id: ParcelId, now: Timestamp) -> Result<bool, HistoryError> {
        self.history.note_read(id, now)?;
        match self.to_be_told(id)? {
            Some(digest) => self.note_own(id, &digest, ReceiptStep::Opened, Action::Open, now),
            None => Ok(false),
        }
    }

    /// The digest of an incoming parcel of which the sender may be told good things: not of one that was refused, or
    /// waits for a person's word.
    fn to_be_told(&self, id: ParcelId) -> Result<Option<String>, HistoryError> {
        let stored = self
            .history
            .parcel(id)?
            .filter(|stored| stored.incoming && !matches!(stored.line.state, State::Refused(_) | State::Held(_)));
        Ok(stored.and_then(|stored| stored.digest))
    }
}

/// Whether a file was taken away. A folder that cannot be looked into says nothing about its files.
fn is_gone(path: &Path) -> bool {
    path.parent().is_some_and(Path::is_dir) && matches!(path.try_exists(), Ok(false))
}
