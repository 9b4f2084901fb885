//! What a check says: rule, severity, file, row, field.

use std::borrow::Cow;

use super::{OfficeNumber, Serial};

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
    pub rows: u64,
    pub findings: Vec<Finding>,
}

/// Files under one serial for one receiver.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CheckedSet {
    pub receiver: OfficeNumber,
    pub serial: Serial,
    pub files: Vec<String>,
    pub findings: Vec<Finding>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
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
