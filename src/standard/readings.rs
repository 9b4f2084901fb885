//! What a form says, computed from its rows: the month of one person, day by day; what it costs is in `benefit`.

mod benefit;
mod people;

pub use benefit::{BenefitSheet, Mismatch, ProviderUnits, benefit_sheets};
pub use people::{People, Person};

use std::collections::HashMap;

use super::{Kind, Month, OfficeNumber, PersonKey, Row, ServiceType, Table, Value};

/// 第6表 of one person and month, 予定 and 実績 side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthSheet {
    pub person: PersonKey,
    /// From 利用者補足情報, where it came along.
    pub person_name: Option<String>,
    pub kana: Option<String>,
    pub month: Month,
    pub planner: Option<OfficeNumber>,
    pub lines: Vec<SheetLine>,
}

/// One service of one office at one time of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetLine {
    pub service: ServiceType,
    pub code: String,
    /// What a person calls it: 用具名称 or the service type's name.
    pub label: String,
    pub office: OfficeNumber,
    pub office_name: String,
    /// "09:00"; `None` where the service shows no time (9999).
    pub start: Option<String>,
    pub end: Option<String>,
    /// Times per day; index 0 is the first of the month.
    pub planned: [u16; 31],
    pub actual: [u16; 31],
}

impl MonthSheet {
    /// Whether both 予定 and 実績 are there, so that comparing them says something.
    pub fn is_comparable(&self) -> bool {
        let any = |pick: fn(&SheetLine) -> &[u16; 31]| self.lines.iter().any(|line| pick(line).iter().any(|n| *n > 0));
        any(|line| &line.planned) && any(|line| &line.actual)
    }

    /// Days on which 予定 and 実績 differ, summed over the lines.
    pub fn differences(&self) -> usize {
        self.lines.iter().map(|line| line.planned.iter().zip(&line.actual).filter(|(p, a)| p != a).count()).sum()
    }
}

/// 予定 and 実績 of one person and month side by side, in the order of the files. Rows that do not say whose, when, what
/// and where are left out; the checks name them.
///
/// 予定 holds a person's whole month and 実績 all of one office's, so a later file replaces what an earlier one said of
/// the same person (and office): the same month goes to every provider, and corrections are sent as a whole.
pub fn month_sheets(tables: &[Table]) -> Vec<MonthSheet> {
    let names = names(tables);
    let mut sheets: Vec<MonthSheet> = Vec::new();
    let mut places: HashMap<(PersonKey, Month), usize> = HashMap::new();
    let mut said: HashMap<(usize, Kind, Option<OfficeNumber>), usize> = HashMap::new();
    let of_table6 = |(_, table): &(usize, &Table)| matches!(table.kind(), Kind::Provision | Kind::Actuals);
    for (file, table) in tables.iter().enumerate().filter(of_table6) {
        for row in table.rows() {
            let Some((month, line)) = sheet_line(&row) else { continue };
            let place = *places.entry((row.person(), month)).or_insert_with(|| {
                let (person, planner) = (row.person(), row.text(6).parse().ok());
                let (person_name, kana) = names.get(&person).cloned().unwrap_or_default();
                sheets.push(MonthSheet { person, person_name, kana, month, planner, lines: Vec::new() });
                sheets.len() - 1
            });
            if let Some(sheet) = sheets.get_mut(place) {
                let office = (table.kind() == Kind::Actuals).then_some(line.office);
                let before = said.insert((place, table.kind(), office), file);
                if before.is_some_and(|before| before != file) {
                    sheet.forget(office);
                }
                sheet.note(line, &row, table.kind());
            }
        }
    }
    sheets
}

type Names = HashMap<PersonKey, (Option<String>, Option<String>)>;

/// Names and their kana, from the files that have them.
pub(super) fn names(tables: &[Table]) -> Names {
    let mut names = Names::new();
    for table in tables {
        let (name, kana) = match table.kind() {
            Kind::Supplement => (6, Some(5)),
            Kind::BasicInfo => (15, Some(14)),
            Kind::PreventivePlan => (8, None),
            _ => continue,
        };
        let filled = |row: &Row<'_>, no: u16| Some(row.text(no).into_owned()).filter(|text| !text.is_empty());
        for row in table.rows() {
            let known = names.entry(row.person()).or_default();
            known.0 = known.0.take().or_else(|| filled(&row, name));
            known.1 = known.1.take().or_else(|| kana.and_then(|kana| filled(&row, kana)));
        }
    }
    names
}

/// The line a row belongs to, with no days yet.
fn sheet_line(row: &Row<'_>) -> Option<(Month, SheetLine)> {
    let (Value::Month(month), Value::Service(code), Value::Office(office)) =
        (row.value(5), row.value(15), row.value(20))
    else {
        return None;
    };
    let time = |no| match row.value(no) {
        Value::Time(time) => Some(time.to_string()),
        _ => None,
    };
    let goods = row.text(18);
    let label = if goods.is_empty() { code.service.name().unwrap_or_default().to_owned() } else { goods.into_owned() };
    let line = SheetLine {
        service: code.service,
        code: code.code.into_owned(),
        label,
        office,
        office_name: row.text(21).into_owned(),
        start: time(12),
        end: time(13),
        planned: [0; 31],
        actual: [0; 31],
    };
    Some((month, line))
}

impl SheetLine {
    /// Whether it is the same line of the form; names may be written differently by the two sides.
    fn is_same(&self, other: &SheetLine) -> bool {
        (self.office, &self.code, &self.start, &self.end) == (other.office, &other.code, &other.start, &other.end)
            && self.label == other.label
    }
}

impl MonthSheet {
    /// Forgets 予定, or 実績 of one office.
    fn forget(&mut self, actuals_of: Option<OfficeNumber>) {
        for line in &mut self.lines {
            match actuals_of {
                None => line.planned = [0; 31],
                Some(office) if office == line.office => line.actual = [0; 31],
                Some(_) => {}
            }
        }
        self.lines.retain(|line| line.planned.iter().chain(&line.actual).any(|times| *times > 0));
    }

    fn note(&mut self, line: SheetLine, row: &Row<'_>, kind: Kind) {
        let found = self.lines.iter().position(|known| known.is_same(&line));
        let place = found.unwrap_or_else(|| {
            self.lines.push(line);
            self.lines.len() - 1
        });
        let month = self.month;
        let Some(line) = self.lines.get_mut(place) else { return };
        let days = if kind == Kind::Provision { &mut line.planned } else { &mut line.actual };
        let times = match row.value(14) {
            Value::Number(times) => u16::try_from(times).unwrap_or(0),
            _ => 1,
        };
        match (row.value(11), row.value(10)) {
            // 日割: the flags are the days.
            (Value::Days(flags), _) => {
                let flagged = days.iter_mut().enumerate().filter(|(day, _)| flags >> day & 1 == 1);
                flagged.for_each(|(_, count)| *count = count.saturating_add(1));
            }
            (_, Value::Date(date)) if Month::new(date.year(), date.month()) == Some(month) => {
                if let Some(count) = days.get_mut(usize::from(date.day().unsigned_abs()) - 1) {
                    *count = count.saturating_add(times);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of 第6表 for one day.
    fn row(day: &str, start: &str, office: &str, times: &str) -> Vec<String> {
        let mut row = vec![String::new(); 25];
        for (no, text) in [
            (2, "312025"),
            (3, "3100000001"),
            (5, "202605"),
            (10, day),
            (12, start),
            (13, "1000"),
            (14, times),
            (15, "111111"),
            (20, office),
        ] {
            row[no - 1] = text.to_owned();
        }
        row
    }

    #[test]
    fn plan_and_actuals_stand_side_by_side() {
        let (north, south) = ("3170000001", "3170000002");
        let plan = Table::compose(
            Kind::Provision,
            [
                row("20260501", "0900", north, "1"),
                row("20260531", "0900", north, "2"),
                row("20260503", "0900", south, "1"),
            ],
        );
        let actual =
            Table::compose(Kind::Actuals, [row("20260501", "0900", north, "1"), row("20260530", "0900", north, "1")]);
        let mut person = vec![String::new(); 63];
        for (no, text) in [(2, "312025"), (3, "3100000001"), (5, "ヤマダ　ハナコ"), (6, "山田　花子")] {
            person[no - 1] = text.to_owned();
        }
        let who = Table::compose(Kind::Supplement, [person]);
        let sheets = month_sheets(&[plan.unwrap(), actual.unwrap(), who.unwrap()]);
        let [sheet] = sheets.as_slice() else { panic!("{sheets:#?}") };
        assert_eq!((sheet.person_name.as_deref(), sheet.lines.len()), (Some("山田　花子"), 2));
        let days = |counts: &[u16; 31]| -> Vec<(usize, u16)> {
            counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(day, n)| (day + 1, *n)).collect()
        };
        let line = &sheet.lines[0];
        assert_eq!((line.label.as_str(), line.start.as_deref()), ("訪問介護", Some("09:00")));
        assert_eq!((days(&line.planned), days(&line.actual)), (vec![(1, 1), (31, 2)], vec![(1, 1), (30, 1)]));
        assert_eq!(sheet.differences(), 3);
    }

    #[test]
    fn a_later_file_says_the_month_again_and_not_more_of_it() {
        let (north, south) = ("3170000001", "3170000002");
        let plan = |day: &str| Table::compose(Kind::Provision, [row(day, "0900", north, "1")]).unwrap();
        let actual = |office: &str| Table::compose(Kind::Actuals, [row("20260502", "0900", office, "1")]).unwrap();
        let sheets = month_sheets(&[plan("20260501"), plan("20260502"), actual(north), actual(south), actual(north)]);
        let sum = |counts: &[u16; 31]| counts.iter().sum::<u16>();
        let lines: Vec<_> =
            sheets[0].lines.iter().map(|line| (line.office.as_str(), sum(&line.planned), sum(&line.actual))).collect();
        assert_eq!(lines, [(north, 1, 1), (south, 0, 1)]);
    }

    #[test]
    fn flags_are_the_days_of_what_counts_by_the_day() {
        let mut flagged = row("20260501", "9999", "3170000001", "3");
        flagged[10] = format!("0111{}", "0".repeat(27));
        let sheets = month_sheets(&[Table::compose(Kind::Provision, [flagged]).unwrap()]);
        let line = &sheets[0].lines[0];
        assert_eq!((line.start.as_deref(), &line.planned[..5]), (None, &[0, 1, 1, 1, 0][..]));
    }

    #[test]
    fn a_row_of_nobody_or_of_another_month_is_left_out() {
        let rows = [row("20260601", "0900", "3170000001", "1"), row("20260501", "0900", "31700", "1")];
        let sheets = month_sheets(&[Table::compose(Kind::Provision, rows).unwrap()]);
        assert_eq!(sheets.len(), 1);
        assert_eq!(sheets[0].lines[0].planned, [0; 31]);
    }
}
