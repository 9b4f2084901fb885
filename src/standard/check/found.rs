//! What was found in one file so far, kept small: a broken file of a million rows must not make a million findings.

use std::collections::HashMap;

use super::rules::Check;
use super::{Finding, Rule, Severity};
use crate::standard::Kind;

/// Whose row of which plan: insurer (6), insured (10), plan date or month (8, filled with spaces).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub [u8; 24]);

impl Key {
    /// The same person, whichever plan.
    pub(crate) fn person(&self) -> [u8; 16] {
        let mut person = [0; 16];
        person.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        person
    }
}

/// As many findings of one rule are kept for one file; of the rest only the number.
pub(crate) const KEPT_PER_RULE: u64 = 100;

/// One finding before it has its words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub row: Option<u64>,
    pub field: Option<u16>,
    pub person: Option<Key>,
    pub value: String,
    pub more: String,
    pub severity: Option<Severity>,
}

impl Place {
    pub(crate) fn file() -> Self {
        Self::default()
    }
    pub(crate) fn row(row: u64) -> Self {
        Self { row: Some(row), ..Self::default() }
    }
    pub(crate) fn field(self, no: u16) -> Self {
        Self { field: Some(no), ..self }
    }
    pub(crate) fn person(self, key: Option<Key>) -> Self {
        Self { person: key, ..self }
    }
    pub(crate) fn value(self, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..self }
    }
    pub(crate) fn more(self, more: impl Into<String>) -> Self {
        Self { more: more.into(), ..self }
    }
    pub(crate) fn severity(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }
}

/// The findings of one file.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    kept: Vec<(Check, Place)>,
    counts: HashMap<(Check, Severity), u64>,
}

impl Findings {
    pub(crate) fn add(&mut self, check: Check, place: Place) {
        let severity = place.severity.unwrap_or(check.severity());
        let count = self.counts.entry((check, severity)).or_default();
        *count += 1;
        if *count <= KEPT_PER_RULE {
            self.kept.push((check, place));
        }
    }

    /// Puts them into words, in the order of the rows, with the persons' names where known.
    pub(crate) fn into_words(
        mut self,
        file: &str,
        kind: Option<Kind>,
        name_of: &dyn Fn(&Key) -> Option<String>,
    ) -> Vec<Finding> {
        self.kept.sort_by_key(|(check, place)| (place.row, place.field, *check));
        let mut findings: Vec<Finding> =
            self.kept.iter().map(|(check, place)| words(*check, place, file, kind, name_of)).collect();
        let mut over: Vec<_> = self.counts.into_iter().filter(|(_, count)| *count > KEPT_PER_RULE).collect();
        over.sort();
        findings.extend(over.into_iter().map(|((check, severity), count)| Finding {
            rule: Rule::of(check),
            severity,
            file: file.to_owned(),
            row: None,
            field: None,
            field_name: None,
            message: format!("同じ指摘がほかに{}件あります。", count - KEPT_PER_RULE),
            hint: check.hint().to_owned(),
        }));
        findings
    }
}

fn words(
    check: Check,
    place: &Place,
    file: &str,
    kind: Option<Kind>,
    name_of: &dyn Fn(&Key) -> Option<String>,
) -> Finding {
    let said = check.message().replace("{more}", &place.more).replace("{value}", &shown(&place.value));
    let message = match place.person.as_ref().and_then(name_of) {
        Some(name) => format!("{}さん: {said}", shown(&name)),
        None => said,
    };
    let field = place.field.and_then(|no| kind?.layout()?.field(no));
    Finding {
        rule: Rule::of(check),
        severity: place.severity.unwrap_or(check.severity()),
        file: file.to_owned(),
        row: place.row,
        field: place.field,
        field_name: field.map(|field| field.name.clone()),
        message,
        hint: check.hint().to_owned(),
    }
}

/// A value short enough for a sentence, and without what would break a line or a terminal.
pub(crate) fn shown(value: &str) -> String {
    let clean = |c: char| {
        if c.is_control() || matches!(c, '\u{200E}'..='\u{202E}' | '\u{2066}'..='\u{2069}') { '·' } else { c }
    };
    let mut short: String = value.chars().take(40).map(clean).collect();
    if value.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}
