//! 下書き: what the outgoing folders hold, grouped by receiver and checked, until it is sent.
//!
//! A draft mirrors its folder: a file that changes is checked again, one that is taken away is forgotten, and what went
//! to its receiver is no draft any more, whoever sent it. What was taken is remembered by content, so that neither a new
//! start nor a second copy brings it back. The draft itself is only what was seen: what is sent is read and checked anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::habits::Automatic;
use super::model::{Astray, AstrayReason, Bundle, Draft, Drafts, Failure, SendRequest};
use super::outgoing::{Together, findings_of, is_attachment};
use super::subject::subject_of_name;
use super::terminal::Terminal;
use crate::folders::{self, Pace, Stat, Taken, Trouble};
use crate::history::{HistoryError, NewOutgoing, OutgoingFile, StoredDraft, Way};
use crate::parcel::{Limits, sha256_hex};
use crate::standard::{Checked, FileName, OfficeNumber, Severity};

/// What one draft holds at most; what is left becomes the next one.
const MOST_FILES: usize = 1_000;
const MOST_BYTES: u64 = 48 * 1024 * 1024;
/// A draft that goes by itself stood unchanged for so long: the files of one serial are written one after the other.
const REST: SignedDuration = SignedDuration::from_secs(15);
/// A file that was seen to be whole is read at once.
const AT_ONCE: Pace = Pace { quiet: Duration::ZERO, patience: Duration::ZERO, pause: Duration::ZERO };

/// A draft as it is kept.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Kept {
    bundle: Bundle,
    more: usize,
    /// Names of the files that nothing was found against, neither by themselves nor in their set.
    clean: BTreeSet<String>,
}

/// What taking up the folders changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Whether any draft changed, came or went.
    pub changed: bool,
    /// Receivers that had no draft before.
    pub new: usize,
    /// Those among them that cannot be sent as they are.
    pub troubled: usize,
}

impl Terminal {
    /// Files that were taken note of, for a watch that begins.
    pub fn known_outgoing(&self) -> Result<Vec<(PathBuf, Stat)>, HistoryError> {
        let files = self.history.outgoing_files()?.into_iter();
        Ok(files.map(|file| (file.path, Stat { len: file.size, modified: file.modified })).collect())
    }

    /// Takes note of whole files.
    pub fn note_whole(&mut self, whole: &[(Taken, Stat)], now: Timestamp) -> Result<(), HistoryError> {
        let files = whole.iter().map(|(file, stat)| {
            let name = FileName::parse(&file.name);
            let against = match &name {
                Err(_) if !is_attachment(&file.name) => {
                    findings_of(&self.check(std::slice::from_ref(file), Together::ManyParcels)?, &file.name)
                }
                _ => Vec::new(),
            };
            Ok(OutgoingFile {
                path: file.path.clone(),
                name: file.name.clone(),
                receiver: name.ok().map(|name| name.receiver),
                size: stat.len,
                modified: stat.modified,
                sha256: sha256_hex(&file.bytes),
                seen_at: now,
                against,
            })
        });
        let files: Vec<OutgoingFile> = files.collect::<Result<_, HistoryError>>()?;
        self.history.note_outgoing(&files)
    }

    /// Makes the drafts fit what waits. `fresh` are files just read; the others are read where they are needed.
    pub fn refresh_drafts(&mut self, fresh: &[(Taken, Stat)], now: Timestamp) -> Result<Refreshed, HistoryError> {
        let fresh: HashMap<&Path, &Taken> = fresh.iter().map(|(file, _)| (file.path.as_path(), file)).collect();
        let mut before: HashMap<OfficeNumber, String> = self.history.draft_contents()?.into_iter().collect();
        let mut waiting: BTreeMap<OfficeNumber, Vec<OutgoingFile>> = BTreeMap::new();
        for file in self.history.outgoing_waiting()? {
            if let Some(receiver) = file.receiver {
                waiting.entry(receiver).or_default().push(file);
            }
        }
        let mut refreshed = Refreshed::default();
        for (receiver, files) in waiting {
            let known = before.remove(&receiver);
            let (chosen, more) = first_part(files);
            let content = self.content_key(receiver, &chosen, more)?;
            if known.as_ref() == Some(&content) {
                continue;
            }
            let files: Vec<Taken> = chosen.iter().filter_map(|file| bytes_of(file, &fresh)).collect();
            if files.is_empty() || (files.len() < chosen.len() && known.is_some()) {
                // Not to be read now: what was seen last stands until it is, or until it is gone.
                continue;
            }
            let content = if files.len() == chosen.len() { content } else { String::new() };
            let kept = self.draft_of(receiver, &files, more)?;
            refreshed.changed = true;
            refreshed.new += usize::from(known.is_none());
            refreshed.troubled += usize::from(known.is_none() && !kept.bundle.may_be_sent());
            self.history.keep_draft(&StoredDraft { receiver, at: now, content, bundle: kept })?;
        }
        for receiver in before.into_keys() {
            self.history.drop_draft(receiver)?;
            refreshed.changed = true;
        }
        Ok(refreshed)
    }

    /// What a draft is made of: its files, and what the check knows of their receiver.
    fn content_key(&self, receiver: OfficeNumber, files: &[OutgoingFile], more: usize) -> Result<String, HistoryError> {
        let (name, limit) = (self.history.name_of(receiver)?, self.history.parcel_limit()?);
        let mut key = format!("{more} {name:?} {limit:?} {}\n", self.import.national.is_some());
        for file in files {
            key.extend([file.path.to_string_lossy().as_ref(), " ", &file.sha256, "\n"]);
        }
        Ok(sha256_hex(key.as_bytes()))
    }

    fn draft_of(&self, receiver: OfficeNumber, files: &[Taken], more: usize) -> Result<Kept, HistoryError> {
        let checked = self.check(files, Together::OneParcel)?;
        let clean = clean_names(&checked);
        Ok(Kept { bundle: self.bundle(receiver, files, &checked)?, more, clean })
    }

    /// The drafts as the faces see them, with what stands in the way.
    pub fn drafts(&self, automatic: &[Automatic], troubles: &[Trouble]) -> Result<Drafts, HistoryError> {
        let seen = self.seen_at()?;
        let drafts = self.history.drafts::<Kept>()?.into_iter().map(|draft| {
            let way = self.way_to(draft.receiver)?;
            let all = draft.bundle.bundle.files.len();
            let automatic = way == Way::Hub && eligible(&draft.bundle, automatic, &seen).len() == all;
            let goes_at = automatic.then(|| draft.at.checked_add(REST).unwrap_or(draft.at));
            Ok(Draft { at: draft.at, goes_at, way, more: draft.bundle.more, bundle: draft.bundle.bundle })
        });
        let drafts: Vec<Draft> = drafts.collect::<Result<_, HistoryError>>()?;
        let unreadable = troubles.iter().map(|trouble| Astray {
            path: trouble.path.clone(),
            name: base_name(&trouble.path),
            why: AstrayReason::Unreadable(trouble.failure.clone()),
            offers: Vec::new(),
        });
        let nobodys = self.history.outgoing_without_receiver()?.into_iter();
        let nobodys = nobodys.map(|file| Astray {
            path: file.path,
            name: file.name,
            why: AstrayReason::Findings(file.against),
            offers: Vec::new(),
        });
        let astray: Vec<Astray> = unreadable.chain(nobodys).collect();
        Ok(Drafts { drafts: drafts.into(), astray: astray.into(), coming: 0 })
    }

    fn seen_at(&self) -> Result<HashMap<PathBuf, Timestamp>, HistoryError> {
        Ok(self.history.outgoing_waiting()?.into_iter().map(|file| (file.path, file.seen_at)).collect())
    }

    /// What goes by itself now: of each draft that rests, the files that the settings name and nothing was found
    /// against. The caller holds the turn, so that no other program sends the same.
    pub fn automatic_requests(
        &self,
        automatic: &[Automatic],
        now: Timestamp,
    ) -> Result<(Vec<SendRequest>, Option<Timestamp>), HistoryError> {
        let (mut requests, mut next) = (Vec::new(), None::<Timestamp>);
        if automatic.is_empty() {
            return Ok((requests, next));
        }
        let seen = self.seen_at()?;
        for draft in self.history.drafts::<Kept>()? {
            let paths = eligible(&draft.bundle, automatic, &seen);
            let due = draft.at.checked_add(REST).unwrap_or(draft.at);
            // What somebody has to carry on by hand is theirs to begin.
            if paths.is_empty() || self.way_to(draft.receiver)? == Way::National {
                continue;
            }
            // A clock that was set back must not hold it up for longer than the rest is.
            if due <= now || draft.at > now {
                requests.push(SendRequest::new(draft.receiver, paths, ""));
            } else {
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
        Ok((requests, next))
    }

    /// Makes parcels of what goes by itself. What a second look finds anything against waits for a person.
    pub fn prepare_automatic(&self, requests: &[SendRequest], now: Timestamp) -> Vec<NewOutgoing> {
        let prepared = requests.iter().filter_map(|request| {
            let parcel = self.prepare(request, AT_ONCE, now);
            parcel.inspect_err(|failure| tracing::warn!(failure = failure.code(), "not sent by itself")).ok()
        });
        prepared.filter(|parcel| parcel.checked.findings().all(|finding| finding.severity == Severity::Note)).collect()
    }

    /// Moves what the hub has out of the outgoing folders. What could not be moved stays, and is named.
    pub fn put_away_sent(&mut self, folders: &[PathBuf], now: Timestamp) -> Result<Vec<Failure>, HistoryError> {
        let day = now.to_zoned(TimeZone::system()).date();
        let (mut moved, mut failures) = (Vec::new(), Vec::new());
        for file in self.history.outgoing_accepted()? {
            let Some(folder) = folders.iter().find(|folder| file.path.starts_with(folder)) else { continue };
            // What changed since is another file, and not sent.
            let unchanged = folders::take(&file.path, Limits::default().file_bytes, AT_ONCE)
                .is_ok_and(|taken| sha256_hex(&taken.bytes) == file.sha256);
            if unchanged {
                match folders::put_away(folder, &file.path, day) {
                    Ok(_) => moved.push(file.path),
                    Err(error) => {
                        tracing::warn!(%error, "a file that was sent is not put away");
                        failures.push(Failure::NotPutAway { name: file.name });
                    }
                }
            }
        }
        if !moved.is_empty() {
            self.history.forget_outgoing(&moved)?;
        }
        Ok(failures)
    }
}

/// As many files as one parcel holds, whole serials, oldest first; and how many are left. A second copy of the same file
/// does not count.
fn first_part(mut files: Vec<OutgoingFile>) -> (Vec<OutgoingFile>, usize) {
    let serial = |file: &OutgoingFile| FileName::parse(&file.name).ok().map(|name| name.serial);
    files.sort_by_cached_key(|file| (serial(file), file.name.clone(), file.path.clone()));
    files.dedup_by(|one, other| one.name == other.name && one.sha256 == other.sha256);
    let (mut end, mut bytes) = (0, 0u64);
    for (index, file) in files.iter().enumerate() {
        let begins = index == 0 || files.get(index - 1).map(serial) != Some(serial(file));
        if begins {
            end = index;
        }
        bytes = bytes.saturating_add(file.size);
        if (index >= MOST_FILES || bytes > MOST_BYTES) && end > 0 {
            let more = files.split_off(end).len();
            return (files, more);
        }
    }
    (files, 0)
}

fn bytes_of(file: &OutgoingFile, fresh: &HashMap<&Path, &Taken>) -> Option<Taken> {
    let fits = |taken: &Taken| sha256_hex(&taken.bytes) == file.sha256;
    if let Some(taken) = fresh.get(file.path.as_path()).filter(|taken| fits(taken)) {
        return Some(Taken { path: taken.path.clone(), name: taken.name.clone(), bytes: taken.bytes.clone() });
    }
    folders::take(&file.path, Limits::default().file_bytes, AT_ONCE).ok().filter(fits)
}

/// The files that nothing was found against, neither by themselves nor in their set.
fn clean_names(checked: &Checked) -> BTreeSet<String> {
    let bad = |severity: Severity| severity > Severity::Note;
    let mut clean: BTreeSet<String> = checked
        .files
        .iter()
        .filter(|file| !file.findings.iter().any(|finding| bad(finding.severity)))
        .map(|file| file.name.clone())
        .collect();
    for set in &checked.sets {
        let good = !set.findings.iter().any(|finding| bad(finding.severity))
            && set.files.iter().all(|name| clean.contains(name));
        if !good {
            clean.retain(|name| !set.files.contains(name));
        }
    }
    clean
}

/// The files of a draft that go by themselves: whole serials of which every file may.
fn eligible(kept: &Kept, automatic: &[Automatic], seen: &HashMap<PathBuf, Timestamp>) -> Vec<PathBuf> {
    let Some(rule) = automatic.iter().find(|rule| rule.partner == kept.bundle.receiver) else { return Vec::new() };
    let mut serials: BTreeMap<_, (Vec<PathBuf>, bool)> = BTreeMap::new();
    for file in &kept.bundle.files {
        let Ok(name) = FileName::parse(&file.name) else { continue };
        let goes = kept.clean.contains(&file.name)
            && (rule.subjects.is_empty() || rule.subjects.contains(&subject_of_name(&name)))
            && seen.get(&file.path).is_some_and(|at| *at >= rule.since);
        let (paths, all) = serials.entry(name.serial).or_insert((Vec::new(), true));
        paths.push(file.path.clone());
        *all &= goes;
    }
    serials.into_values().filter(|(_, all)| *all).flat_map(|(paths, _)| paths).collect()
}

fn base_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
