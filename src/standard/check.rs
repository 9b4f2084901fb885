//! What a check says: rule, severity, file, row, field.
//!
//! | part | judges |
//! |---|---|
//! | `file` | one file: name, bytes, shape, fields |
//! | `rows` | rows as wholes |
//! | `set` | files together, then the words |
//! | `rules` | ids, severities, words of every check |

mod file;
pub(super) mod form;
mod found;
mod page;
mod rows;
mod rules;
mod set;

use std::borrow::Cow;
use std::fmt;

pub(super) use file::is_utf8_file;
pub use file::{FileChecker, Judged};
pub use page::checks_page;
pub use set::{Unit, judge};

use super::{FileName, Kind, OfficeNumber, Serial};
use found::Place;
use rules::Check;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Note,
    /// Look before sending.
    Warning,
    /// Must not be sent.
    Error,
}

/// The stable name of a check, as in `assets/standard/rules.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Rule(Cow<'static, str>);

impl Rule {
    pub fn id(&self) -> &str {
        &self.0
    }

    fn of(check: Check) -> Rule {
        Rule(Cow::Borrowed(check.id()))
    }
}

/// One thing a check found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    pub rule: Rule,
    pub severity: Severity,
    /// Base name of the file; empty where the whole set is meant.
    pub file: String,
    /// Record number, from 1.
    pub row: Option<u64>,
    /// Field number of the layout, from 1.
    pub field: Option<u16>,
    pub field_name: Option<String>,
    /// One sentence: what is wrong.
    pub message: String,
    /// One sentence: what to do.
    pub hint: String,
}

/// What checking some files together said.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Checked {
    pub files: Vec<CheckedFile>,
    pub sets: Vec<CheckedSet>,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CheckedFile {
    pub name: String,
    /// `None` where the name does not say.
    #[serde(default)]
    pub kind: Option<Kind>,
    pub rows: u64,
    pub findings: Vec<Finding>,
}

impl CheckedFile {
    /// Whether the bytes of an attachment are what its name says. True of what is no attachment.
    pub fn is_what_it_says(&self) -> bool {
        self.findings.iter().all(|finding| finding.rule.id() != Check::AttachmentType.id())
    }
}

/// Files under one serial for one receiver.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CheckedSet {
    pub receiver: OfficeNumber,
    pub serial: Serial,
    /// `None` where the files are no sending unit.
    #[serde(default)]
    pub unit: Option<Unit>,
    pub files: Vec<String>,
    pub findings: Vec<Finding>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
}

/// A file to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Base name.
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// Says whether these bytes went to the receiver of this name before.
pub type SentBefore<'a> = dyn Fn(&FileName, &[u8]) -> bool + 'a;
/// Says the newest serial that went to the receiver of this name with its kind and month.
pub type NewestSent<'a> = dyn Fn(&FileName) -> Option<Serial> + 'a;

/// What the check may know besides the files. What it is not told it does not judge.
#[derive(Clone, Copy, Default)]
pub struct Known<'a> {
    /// This office, for `sender-not-us`.
    pub office: Option<OfficeNumber>,
    /// Whether the directory has this office.
    pub directory: Option<&'a dyn Fn(OfficeNumber) -> bool>,
    /// The files make one parcel, so that two receivers are one too many.
    pub one_parcel: bool,
    /// Largest attachment in bytes.
    pub attachment_limit: Option<u64>,
    /// Whether these bytes went to the same receiver before.
    pub already_sent: Option<&'a SentBefore<'a>>,
    /// The newest serial that went to the same receiver with this kind and month.
    pub newest_sent: Option<&'a NewestSent<'a>>,
}

impl Known<'_> {
    /// What anybody knows of a parcel that came: its files went together. Each of its findings is the sender's as well.
    pub fn of_a_parcel() -> Self {
        Self { one_parcel: true, ..Self::default() }
    }
}

impl fmt::Debug for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known")
            .field("office", &self.office)
            .field("one_parcel", &self.one_parcel)
            .finish_non_exhaustive()
    }
}

/// Checks files, each by itself and all together.
pub fn check(files: &[Input<'_>], known: &Known<'_>) -> Checked {
    let judged = files.iter().map(|file| {
        let mut checker = FileChecker::new(file.name, known);
        checker.push(file.bytes);
        let mut judged = checker.finish();
        judge_history(&mut judged, file.bytes, known);
        judged
    });
    judge(judged.collect(), known)
}

fn judge_history(judged: &mut Judged, bytes: &[u8], known: &Known<'_>) {
    let Some(name) = judged.reading.map(|reading| reading.name) else { return };
    if known.already_sent.is_some_and(|was_sent| was_sent(&name, bytes)) {
        judged.findings.add(Check::AlreadySent, Place::file());
    }
    if let Some(newer) = known.newest_sent.and_then(|newest| newest(&name)).filter(|newest| *newest > name.serial) {
        judged.findings.add(Check::NewerAlreadySent, Place::file().more(newer.as_str()));
    }
}

impl Checked {
    /// All findings of files and sets.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.files.iter().flat_map(|file| &file.findings).chain(self.sets.iter().flat_map(|set| &set.findings))
    }

    pub fn summary(&self) -> Summary {
        self.findings().fold(Summary::default(), |mut sum, finding| {
            match finding.severity {
                Severity::Error => sum.errors += 1,
                Severity::Warning => sum.warnings += 1,
                Severity::Note => sum.notes += 1,
            }
            sum
        })
    }
}
