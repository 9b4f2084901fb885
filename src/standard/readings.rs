//! What a form says, computed from its rows: the month of one person, day by day.

use super::{Month, OfficeNumber, PersonKey, ServiceType};

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
