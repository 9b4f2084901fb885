//! Beside the national system: files laid out for it in a folder, and what it downloaded taken in.
//!
//! For partners who are only there, a draft is not sealed and sent but laid out: one folder for each receiver, ready to be
//! dropped into the national client. What that client downloads is checked, shown and kept like any other parcel, and
//! marked as what it is: nobody's signature was verified.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use super::delivery::Bound;
use super::exchange::Round;
use super::model::{Failure, Notice};
use super::subject::subjects_of;
use super::terminal::Terminal;
use crate::folders::Taken;
use crate::history::{HistoryError, NewDownload, NewOutgoing, Way};
use crate::parcel::{Content, ParcelId, check_name, sha256_hex};
use crate::standard::{self, FileName, Input, Known, OfficeNumber};

impl Terminal {
    /// By which way an office is reached: by the national system when the settings say so, or when it is set up here and
    /// our hub does not know the office.
    pub fn way_to(&self, office: OfficeNumber) -> Result<Way, HistoryError> {
        let Some(national) = &self.import.national else { return Ok(Way::Hub) };
        if national.partners.contains(&office) {
            return Ok(Way::National);
        }
        // Before the first exchange nobody is known, and nobody is elsewhere.
        let known = self.history.knows_office(office)? || !self.history.has_directory()?;
        Ok(if known { Way::Hub } else { Way::National })
    }

    /// Puts parcels where they go: into the outbox, or into line for the hand-over folder. They leave at `leaves`, not
    /// before.
    pub fn queue(
        &mut self,
        parcels: Vec<NewOutgoing>,
        now: Timestamp,
        leaves: Timestamp,
    ) -> Result<usize, HistoryError> {
        let (mut hub, mut national) = (Vec::new(), Vec::new());
        for parcel in parcels {
            match self.way_to(parcel.content.manifest.receiver)? {
                Way::Hub => hub.push(parcel),
                Way::National => national.push(parcel),
            }
        }
        self.history.queue_for(&hub, now, leaves)?;
        self.history.queue_national(&national, now, leaves)?;
        Ok(hub.len() + national.len())
    }

    /// Lays out what waits for it.
    pub fn lay_out(&mut self, now: Timestamp, round: &mut Round) -> Result<(), HistoryError> {
        let files = self.history.not_laid_out(now)?;
        if files.is_empty() {
            return Ok(());
        }
        let Some(hand_over) = self.import.national.as_ref().map(|national| national.hand_over.clone()) else {
            round.fail(Failure::HandOverFolderUnset);
            return Ok(());
        };
        if !hand_over.is_dir() {
            round.fail(Failure::FolderMissing { path: hand_over.display().to_string() });
            return Ok(());
        }
        for file in files {
            let folder = hand_over.join(self.folder_name(file.partner)?);
            if let Err(error) = std::fs::create_dir_all(&folder) {
                round.fail(crate::folders::failure_of(&error, &folder));
                continue;
            }
            if let Err(failure) = self.deliver_one(&Bound { file, folder }, now)? {
                round.fail(failure);
            }
        }
        for id in self.history.note_laid_out(now)? {
            if let Some(stored) = self.history.parcel(id)? {
                round.notices.push(Notice::LaidOut { partner_name: stored.line.partner_name });
            }
        }
        Ok(())
    }

    /// 3171000048 北の訪問介護, or the number alone where the name is none for a folder.
    fn folder_name(&self, office: OfficeNumber) -> Result<String, HistoryError> {
        let named = self.history.office(office)?.map(|known| format!("{office} {}", known.name));
        Ok(named.filter(|name| check_name(name).is_ok()).unwrap_or_else(|| office.to_string()))
    }

    /// Takes in what the national system downloaded: what is for us, and did not come before. Other files are left alone.
    pub fn take_downloads(&mut self, files: Vec<Taken>, now: Timestamp) -> Result<Vec<Notice>, HistoryError> {
        let mut senders: BTreeMap<OfficeNumber, Vec<Taken>> = BTreeMap::new();
        for file in files {
            let Ok(name) = FileName::parse(&file.name) else { continue };
            let ours = name.receiver == self.office && name.sender != self.office;
            if ours && !self.history.came_before(name.sender, &file.name, &sha256_hex(&file.bytes))? {
                senders.entry(name.sender).or_default().push(file);
            }
        }
        let mut notices = Vec::new();
        for (sender, files) in senders {
            notices.push(self.keep_download(sender, files, now)?);
        }
        Ok(notices)
    }

    fn keep_download(
        &mut self,
        sender: OfficeNumber,
        files: Vec<Taken>,
        now: Timestamp,
    ) -> Result<Notice, HistoryError> {
        let partner_name = self.history.name_of(sender)?;
        let subjects = subjects_of(files.iter().map(|file| file.name.as_str()));
        let (paths, files): (Vec<PathBuf>, Vec<(String, Vec<u8>)>) =
            files.into_iter().map(|file| (file.path, (file.name, file.bytes))).unzip();
        let id = ParcelId::new();
        let content = Content::new(id, sender, self.office, now, String::new(), files);
        let inputs: Vec<Input<'_>> = content.iter().map(|(name, bytes)| Input { name, bytes }).collect();
        let checked = standard::check(&inputs, &Known { one_parcel: true, ..Known::default() });
        let count = content.files.len();
        let download = NewDownload {
            content: &content,
            paths: &paths,
            partner_name: &partner_name,
            subjects: &subjects,
            checked: &checked,
        };
        self.history.keep_download(&download, now)?;
        tracing::info!(parcel = %id, from = %sender, files = count, "a download of the national system was taken in");
        let persons = self.persons_told(content.iter());
        Ok(Notice::Arrived { parcel: id, partner_name, subjects, files: count, persons })
    }
}
