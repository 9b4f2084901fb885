//! What a parcel is about, told from its files' names.

use std::collections::BTreeSet;

use super::model::Subject;
use crate::standard::{FileName, Kind};

/// The subjects of some files, most telling first. Without any, it is a message.
pub fn subjects_of<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Subject> {
    let subjects: BTreeSet<Subject> = names.map(subject_of).collect();
    if subjects.is_empty() { vec![Subject::Message] } else { subjects.into_iter().collect() }
}

fn subject_of(name: &str) -> Subject {
    FileName::parse(name).map_or(Subject::Other, |name| subject_of_name(&name))
}

/// The subject of one file of the standard.
pub(super) fn subject_of_name(name: &FileName) -> Subject {
    subject_of_kind(name.kind, name.month.is_some())
}

fn subject_of_kind(kind: Kind, has_month: bool) -> Subject {
    match kind.prefix() {
        "UPJSK" => Subject::Actuals,
        "UPPLAN" | "UPSIKYU" => Subject::Provision,
        // 利用者補足情報 goes with tables 6 and 7 when it names a month, with tables 1 to 3 when it does not.
        "UPHOSOKU" if has_month => Subject::Provision,
        "UPHOSOKU" | "UP1KYO" | "UP2KYO" | "UP3KYO" => Subject::CarePlan,
        prefix if prefix.starts_with("DLT") => Subject::Withdrawal,
        _ => Subject::Preventive,
    }
}
