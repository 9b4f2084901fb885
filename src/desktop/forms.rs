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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desktop::paper::layout::{Mark, Paper, lay_out};
    use crate::desktop::paper::pdf;
    use crate::standard::{FileName, Table, month_sheets, read};

    /// Everything the demo's offices send each other in a month.
    fn demo() -> (People, Vec<MonthSheet>) {
        let bytes = include_bytes!("../../assets/demo/month.zip");
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let mut tables: Vec<Table> = Vec::new();
        for at in 0..archive.len() {
            let mut file = archive.by_index(at).unwrap();
            let name = file.name().unwrap().rsplit('/').next().unwrap_or_default().to_owned();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
            tables.extend(FileName::parse(&name).ok().and_then(|name| read(&name, &bytes).ok()));
        }
        let sheets = month_sheets(&tables);
        (People::new(tables), sheets)
    }

    #[test]
    fn every_filled_field_of_every_form_is_on_the_paper() {
        let (people, sheets) = demo();
        let (mut seen, mut missing) = (std::collections::BTreeSet::new(), Vec::new());
        for person in people.iter() {
            let of = PersonForms { people: &people, person, sheets: &sheets };
            for kind in of.kinds() {
                seen.insert(kind);
                let forms = of.forms(kind);
                assert!(!forms.is_empty(), "{kind:?}");
                // Cells beside each other are drawn row by row: put together again by where they stand.
                let mut texts = Vec::new();
                for (page, sheet) in forms.iter().flat_map(|form| lay_out(form, Paper::a4(form))).enumerate() {
                    for mark in sheet.marks {
                        if let Mark::Text { at, text, .. } = mark {
                            #[allow(clippy::cast_possible_truncation, reason = "points of paper")]
                            texts.push(((at.x * 10.0) as i64, page, (at.y * 10.0) as i64, text));
                        }
                    }
                }
                texts.sort();
                let text: String = texts.into_iter().map(|(_, _, _, text)| text).collect();
                let text = text.replace([' ', '　', '\n'], "");
                let sources: &[Kind] = match kind {
                    FormKind::BasicInfo => &[Kind::BasicInfo, Kind::BasicInfoDay, Kind::BasicInfoIllness],
                    FormKind::Preventive => &[Kind::PreventivePlan, Kind::PreventivePlanSupport],
                    FormKind::Month => &[],
                    _ => &[kind.source()],
                };
                for row in sources.iter().flat_map(|kind| of.rows(*kind)) {
                    for (field, value) in row.values() {
                        let Value::Text(words) = &value else { continue };
                        let words = words.replace([' ', '　', '\n', '\r'], "");
                        let technical = ["CSVバージョン", "識別子", "TAIS", "届出コード", "入力者", "事業所コード"];
                        if words.is_empty() || technical.iter().any(|name| field.name.contains(name)) {
                            continue;
                        }
                        if !text.contains(&words) {
                            missing.push(format!("{kind:?} {} {}", field.no, field.name));
                        }
                    }
                }
            }
        }
        missing.sort();
        missing.dedup();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), FormKind::ALL, "the demo has every form");
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn all_persons_of_a_month_make_one_pdf() {
        let (people, sheets) = demo();
        let forms = people.iter().take(6).flat_map(|person| {
            let of = PersonForms { people: &people, person, sheets: &sheets };
            of.kinds().into_iter().flat_map(|kind| of.forms(kind)).collect::<Vec<_>>()
        });
        let bytes = pdf::write(forms, "便り", || true).unwrap().unwrap();
        assert!(bytes.starts_with(b"%PDF-1."), "{} bytes", bytes.len());
        if let Some(path) = std::env::var_os("TAYORI_KEEP_PDF") {
            std::fs::write(path, &bytes).unwrap();
        }
        let forms = people.iter().flat_map(|person| {
            let of = PersonForms { people: &people, person, sheets: &sheets };
            of.forms(FormKind::Supplement)
        });
        assert!(pdf::write(forms, "便り", || false).unwrap().is_none(), "stopped when asked");
    }

    #[test]
    fn dates_are_said_in_the_years_of_the_eras() {
        let date = jiff::civil::date;
        let said = [date(2019, 4, 30), date(2019, 5, 1), date(2026, 12, 1), date(1926, 12, 25), date(1938, 2, 14)];
        let expected = ["平成31年4月30日", "令和元年5月1日", "令和8年12月1日", "昭和元年12月25日", "昭和13年2月14日"];
        assert_eq!(said.map(wareki), expected);
    }
}
