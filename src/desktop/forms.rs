//! The forms as people know them, filled from the files: what stands where.
//!
//! Names of forms and fields are the national form's own, in Japanese whatever the window's language is: that is what
//! people compare with their paper.

mod basic_info;
mod benefit;
mod care_plan;
mod month_paper;
mod month_sheet;
mod preventive;
mod supplement;

pub use month_sheet::SheetGrid;

use super::paper::{Cell, Form};
use super::text::wareki;
use crate::standard::{Kind, MonthSheet, People, Person, Row, Value};

/// A form there can be of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FormKind {
    Plan1,
    Plan2,
    Plan3,
    Month,
    Benefit,
    Supplement,
    BasicInfo,
    Preventive,
}

impl FormKind {
    const ALL: [FormKind; 8] = [
        FormKind::Plan1,
        FormKind::Plan2,
        FormKind::Plan3,
        FormKind::Month,
        FormKind::Benefit,
        FormKind::Supplement,
        FormKind::BasicInfo,
        FormKind::Preventive,
    ];

    /// As on a tab.
    pub fn short_name(self) -> &'static str {
        match self {
            FormKind::Plan1 => "第1表",
            FormKind::Plan2 => "第2表",
            FormKind::Plan3 => "第3表",
            FormKind::Month => "第6表",
            FormKind::Benefit => "第7表",
            FormKind::Supplement => "補足情報",
            FormKind::BasicInfo => "基本情報",
            FormKind::Preventive => "予防計画書",
        }
    }

    fn source(self) -> Kind {
        match self {
            FormKind::Plan1 => Kind::CarePlan1,
            FormKind::Plan2 => Kind::CarePlan2,
            FormKind::Plan3 => Kind::CarePlan3,
            FormKind::Month => Kind::Provision,
            FormKind::Benefit => Kind::Benefit,
            FormKind::Supplement => Kind::Supplement,
            FormKind::BasicInfo => Kind::BasicInfo,
            FormKind::Preventive => Kind::PreventivePlan,
        }
    }
}

/// Everything that is known of one person in a parcel.
#[derive(Clone, Copy, Debug)]
pub struct PersonForms<'a> {
    pub people: &'a People,
    pub person: &'a Person,
    /// 第6表 of all persons of the parcel.
    pub sheets: &'a [MonthSheet],
}

impl<'a> PersonForms<'a> {
    pub fn sheets(&self) -> impl Iterator<Item = &'a MonthSheet> {
        let key = &self.person.key;
        self.sheets.iter().filter(move |sheet| sheet.person == *key)
    }

    /// The forms there are, in the order of their numbers.
    pub fn kinds(&self) -> Vec<FormKind> {
        let kinds = self.people.kinds(self.person);
        let there = |form: &FormKind| match form {
            FormKind::Month => self.sheets().next().is_some(),
            form => kinds.contains(&form.source()),
        };
        FormKind::ALL.into_iter().filter(there).collect()
    }

    /// One kind of form as it is drawn and printed; several where a person has several (two plans, two months).
    pub fn forms(&self, kind: FormKind) -> Vec<Form> {
        match kind {
            FormKind::Plan1 => care_plan::first(self),
            FormKind::Plan2 => care_plan::second(self),
            FormKind::Plan3 => care_plan::third(self),
            FormKind::Month => self.sheets().map(|sheet| month_paper::form(self, sheet)).collect(),
            FormKind::Benefit => benefit::forms(self),
            FormKind::Supplement => supplement::forms(self),
            FormKind::BasicInfo => basic_info::forms(self),
            FormKind::Preventive => preventive::forms(self),
        }
    }

    fn rows(&self, kind: Kind) -> Vec<Row<'a>> {
        self.people.rows(self.person, kind)
    }

    /// 山田 花子, or the number where no name came along.
    fn name(&self) -> &str {
        match &self.person.name {
            Some(name) if !name.trim().is_empty() => name.trim(),
            _ => &self.person.key.insured,
        }
    }

    /// What every form begins with: whose it is.
    fn person_cells(&self) -> Vec<Cell> {
        vec![
            Cell::head("利用者名").span(2),
            Cell::text(format!("{}　様", self.name())).span(4),
            Cell::head("保険者番号").span(2),
            Cell::center(&self.person.key.insurer).span(2),
            Cell::head("被保険者番号").span(2),
            Cell::center(&self.person.key.insured).span(4),
        ]
    }
}

/// A field as people write it: dates in 和暦, numbers in groups, what has not its form as it stands there.
fn said(row: &Row<'_>, no: u16) -> String {
    match row.value(no) {
        Value::Date(date) => wareki(date),
        Value::Month(month) => month_ja(month),
        Value::Number(number) => grouped(number),
        value => value.to_string(),
    }
}

fn month_ja(month: crate::standard::Month) -> String {
    let first = jiff::civil::date(month.year(), month.month(), 1);
    let whole = wareki(first);
    whole.strip_suffix("1日").unwrap_or(&whole).to_owned()
}

/// 12,345 and −1,200
fn grouped(number: i64) -> String {
    let digits = super::text::grouped(usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX));
    if number < 0 { format!("−{digits}") } else { digits }
}

/// Two fields of an address as one.
fn joined(row: &Row<'_>, fields: &[u16]) -> String {
    let parts = fields.iter().map(|no| said(row, *no)).filter(|text| !text.trim().is_empty());
    parts.collect::<Vec<_>>().join("　")
}

/// 2026年4月1日 〜 2027年3月31日
fn period(row: &Row<'_>, from: u16, until: u16) -> String {
    let (from, until) = (said(row, from), said(row, until));
    if from.is_empty() && until.is_empty() { String::new() } else { format!("{from} 〜 {until}") }
}

/// ☑ before what holds. The form prints all choices; a reader looks for the mark.
fn choices(row: &Row<'_>, no: u16, all: &[(&str, &str)]) -> String {
    let code = row.text(no);
    let mark = |(value, label): &(&str, &str)| format!("{}{label}", if code == *value { "■" } else { "□" });
    let known = all.iter().any(|(value, _)| code == *value) || code.is_empty();
    let mut out = all.iter().map(mark).collect::<Vec<_>>().join("　");
    if !known {
        out.push_str(&format!("　（{}）", said(row, no)));
    }
    out
}

/// Rows that belong to the same plan or consultation: one form each.
fn by_date<'a>(rows: Vec<Row<'a>>, no: u16) -> Vec<(String, Vec<Row<'a>>)> {
    let mut groups: Vec<(String, Vec<Row<'a>>)> = Vec::new();
    for row in rows {
        let date = row.text(no).into_owned();
        match groups.iter_mut().find(|(known, _)| *known == date) {
            Some((_, group)) => group.push(row),
            None => groups.push((date, vec![row])),
        }
    }
    groups
}
