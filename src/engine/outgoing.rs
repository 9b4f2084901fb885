//! From files to parcels: looked at, checked together, grouped by receiver, put into the outbox.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::failure::{of_history, of_pack};
use super::model::{Astray, AstrayReason, Bundle, BundleFile, Examined, Failure, SendRequest};
use super::subject::subjects_of;
use super::terminal::Terminal;
use crate::folders::{self, Pace, TakeError, Taken};
use crate::history::{HistoryError, NewOutgoing};
use crate::parcel::{Content, Limits, ParcelId, sha256_hex};
use crate::standard::repair;
use crate::standard::{self, Checked, FileName, Finding, Input, Known, OfficeNumber, Severity};

/// What a person sends waits so long before anything leaves, and can be taken back.
pub const UNDO: SignedDuration = SignedDuration::from_secs(10);

/// So many bytes are looked at in one go: a folder of scans chosen by mistake must not fill the memory.
const AT_ONCE: u64 = 512 * 1024 * 1024;

/// Which of the files are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What a person pointed at.
    All,
    /// What a folder holds, less what went before.
    Unsent,
}

/// Whether the files that are checked together will also travel together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Together {
    OneParcel,
    ManyParcels,
}

/// Told how many of how many files were looked at; says whether to go on.
pub type Watch<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

impl Terminal {
    /// Looks at files and folders, with what can be put right put right in the `mended` ones. `None` when `watch` called
    /// it off.
    pub fn examine(
        &self,
        paths: &[PathBuf],
        mended: &[PathBuf],
        scope: Scope,
        pace: Pace,
        watch: Watch<'_>,
    ) -> Result<Option<Examined>, HistoryError> {
        let mut examined = Examined::default();
        let mut files = Vec::new();
        let listed = folders::list(paths);
        let total = listed.len();
        let mut budget = AT_ONCE;
        for (done, path) in listed.into_iter().enumerate() {
            if !watch(done, total) {
                return Ok(None);
            }
            let taken = path.and_then(|path| folders::take(&path, budget.min(Limits::default().file_bytes), pace));
            if let Ok(file) = &taken {
                budget = budget.saturating_sub(file.bytes.len() as u64);
            }
            match taken {
                Ok(file) if scope == Scope::Unsent && self.was_sent(&file)? => {}
                Ok(file) => files.push(file),
                Err(error) => examined.astray.push(unreadable(&error)),
            }
        }
        mend(&mut files, mended);
        self.group(files, mended, scope, &mut examined)?;
        watch(total, total);
        Ok(Some(examined))
    }

    /// A letter names no receiver: once it went to anyone, it must not go along to somebody else by itself.
    fn was_sent(&self, file: &Taken) -> Result<bool, HistoryError> {
        let receiver = FileName::parse(&file.name).ok().map(|name| name.receiver);
        self.history.was_sent(receiver, &file.name, &sha256_hex(&file.bytes))
    }

    fn group(
        &self,
        files: Vec<Taken>,
        mended: &[PathBuf],
        scope: Scope,
        examined: &mut Examined,
    ) -> Result<(), HistoryError> {
        let checked = self.check(&files, Together::ManyParcels)?;
        let mut receivers: BTreeMap<OfficeNumber, Vec<Taken>> = BTreeMap::new();
        let mut attachments = Vec::new();
        for file in files {
            match FileName::parse(&file.name) {
                Ok(name) => receivers.entry(name.receiver).or_default().push(file),
                Err(_) if is_attachment(&file.name) => attachments.push(file),
                Err(_) => examined.astray.push(astray(&file, findings_of(&checked, &file.name))),
            }
        }
        // An attachment names no receiver. It goes along when a person chose it together with files for just one; what
        // merely lies in a folder is never added to a parcel.
        match receivers.len() {
            1 if scope == Scope::All => receivers.values_mut().for_each(|files| files.append(&mut attachments)),
            _ => examined.astray.extend(attachments.iter().map(|file| astray(file, Vec::new()))),
        }
        for (receiver, files) in receivers {
            let mut bundle = self.bundle(receiver, &files, &checked)?;
            bundle.files.iter_mut().for_each(|file| file.mended = mended.contains(&file.path));
            examined.bundles.push(bundle);
        }
        Ok(())
    }

    pub(super) fn bundle(
        &self,
        receiver: OfficeNumber,
        files: &[Taken],
        checked: &Checked,
    ) -> Result<Bundle, HistoryError> {
        let office = self.history.office(receiver)?;
        let service = files.iter().find_map(|file| FileName::parse(&file.name).ok()).map(|name| name.receiver_service);
        let names: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let mut findings: Vec<Finding> = checked
            .files
            .iter()
            .filter(|file| names.contains(file.name.as_str()))
            .flat_map(|file| &file.findings)
            .chain(checked.sets.iter().filter(|set| set.receiver == receiver).flat_map(|set| &set.findings))
            .cloned()
            .collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(Bundle {
            receiver,
            receiver_name: office.map(|office| office.name).unwrap_or_default(),
            receiver_service: service,
            subjects: subjects_of(files.iter().map(|file| file.name.as_str())),
            persons: persons_in(files),
            files: files.iter().map(|file| bundle_file(file, checked)).collect(),
            findings,
        })
    }

    /// The check of some files together, as this office knows the world.
    pub(super) fn check(&self, files: &[Taken], scope: Together) -> Result<Checked, HistoryError> {
        let has_directory = self.history.has_directory()?;
        // Who is not here is reached by the national system, where that is set up.
        let elsewhere = self.import.national.is_some();
        let in_directory = |office: OfficeNumber| {
            let known = self.history.knows_office(office).unwrap_or_else(|error| {
                tracing::error!(%error, "whether an office is in the directory cannot be told");
                true
            });
            elsewhere || known
        };
        let already_sent = |name: &FileName, bytes: &[u8]| {
            let sent = self.history.was_sent(Some(name.receiver), &name.to_string(), &sha256_hex(bytes));
            sent.unwrap_or_else(|error| {
                tracing::error!(%error, "whether a file was sent before cannot be told");
                false
            })
        };
        let newest_sent = |name: &FileName| {
            self.history.newest_sent(name).unwrap_or_else(|error| {
                tracing::error!(%error, "what was sent last cannot be told");
                None
            })
        };
        let known = Known {
            office: Some(self.office),
            already_sent: Some(&already_sent),
            newest_sent: Some(&newest_sent),
            // Before the first exchange there is no directory to look into.
            directory: has_directory.then_some(&in_directory),
            one_parcel: scope == Together::OneParcel,
            attachment_limit: self.history.parcel_limit()?,
        };
        let inputs: Vec<Input<'_>> = files.iter().map(|file| Input { name: &file.name, bytes: &file.bytes }).collect();
        Ok(standard::check(&inputs, &known))
    }

    /// Reads the files of a request again, checks them again, and makes the parcel. What is sent is what was checked,
    /// even when a file changed after the look.
    pub fn prepare(&self, request: &SendRequest, pace: Pace, now: Timestamp) -> Result<NewOutgoing, Failure> {
        let mut files = request
            .paths
            .iter()
            .map(|path| folders::take(path, Limits::default().file_bytes, pace))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.failure())?;
        mend(&mut files, &request.mended);
        let nothing = files.is_empty() && request.message.trim().is_empty();
        let checked = self.check(&files, Together::OneParcel).map_err(|error| of_history(&error))?;
        let errors = checked.summary().errors;
        let strays = files.iter().any(|file| {
            FileName::parse(&file.name).map_or(!is_attachment(&file.name), |name| name.receiver != request.receiver)
        });
        if errors > 0 || strays || nothing {
            return Err(Failure::ChecksFailed { errors: errors + usize::from(strays) });
        }
        for statement in &request.statements {
            self.may_say(request.receiver, statement).map_err(|error| of_history(&error))??;
        }
        let partner_name = self.history.name_of(request.receiver).map_err(|error| of_history(&error))?;
        let subjects = subjects_of(files.iter().map(|file| file.name.as_str()));
        let files = files.into_iter().map(|file| (file.name, file.bytes)).collect();
        let content =
            Content::new(ParcelId::new(), self.office, request.receiver, now, request.message.trim().to_owned(), files)
                .saying(request.statements.clone());
        // What cannot be packed is told now, not when the parcel should leave.
        content.pack().map_err(|error| of_pack(&error))?;
        Ok(NewOutgoing { content, partner_name, subjects, checked })
    }
}

/// Endings the exchange carries beside the standard's own files.
pub fn is_attachment(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    matches!(ending.as_deref(), Some("pdf" | "jpg" | "jpeg" | "png" | "gif" | "txt"))
}

fn persons_in(files: &[Taken]) -> usize {
    let tables = files.iter().filter_map(|file| standard::read(&FileName::parse(&file.name).ok()?, &file.bytes).ok());
    let mut persons = BTreeSet::new();
    for table in tables {
        persons.extend(table.rows().map(|row| row.person()));
    }
    persons.len()
}

/// Puts right what can be put right in some of the files. Nothing is written.
fn mend(files: &mut [Taken], mended: &[PathBuf]) {
    for file in files.iter_mut().filter(|file| mended.contains(&file.path)) {
        let offers = certain_offers(&file.name, &file.bytes);
        let repaired = repair::apply(&file.name, &file.bytes, &offers);
        (file.name, file.bytes) = (repaired.name, repaired.bytes);
    }
}

/// What can be put right; nothing when it would not be whole afterwards.
fn certain_offers(name: &str, bytes: &[u8]) -> Vec<repair::Offer> {
    let offers = repair::offers(name, bytes, &repair::Wishes::default());
    if offers.is_empty() || repair::apply(name, bytes, &offers).left.is_empty() { offers } else { Vec::new() }
}

fn bundle_file(file: &Taken, checked: &Checked) -> BundleFile {
    let found = checked.files.iter().any(|checked| checked.name == file.name && !checked.findings.is_empty());
    BundleFile {
        offers: if found { certain_offers(&file.name, &file.bytes) } else { Vec::new() },
        mended: false,
        path: file.path.clone(),
        name: file.name.clone(),
        kind: FileName::parse(&file.name).map(|name| name.kind.name().to_owned()).unwrap_or_default(),
        size: file.bytes.len() as u64,
    }
}

pub(super) fn findings_of(checked: &Checked, name: &str) -> Vec<Finding> {
    let of_file = checked.files.iter().find(|file| file.name == name);
    let mut findings = of_file.map(|file| file.findings.clone()).unwrap_or_default();
    findings.retain(|finding| finding.severity == Severity::Error);
    findings
}

fn astray(file: &Taken, findings: Vec<Finding>) -> Astray {
    let offers = certain_offers(&file.name, &file.bytes);
    Astray { path: file.path.clone(), name: file.name.clone(), why: AstrayReason::Findings(findings), offers }
}

fn unreadable(error: &TakeError) -> Astray {
    let path = error.path().to_owned();
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Astray { name, why: AstrayReason::Unreadable(error.failure()), path, offers: Vec::new() }
}
