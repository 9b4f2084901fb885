//! サービス利用票・提供票 on paper: the month of one person, 予定 above 実績.

use jiff::civil::Weekday;

use super::{PersonForms, month_ja, period, said};
use crate::desktop::paper::{Block, Cell, Form, Grid, Tint};
use crate::desktop::text::weekday;
use crate::standard::{Kind, MonthSheet, SheetLine};
use crate::words::Lang;

pub(super) fn form(of: &PersonForms<'_>, sheet: &MonthSheet) -> Form {
    let days = usize::from(sheet.month.days());
    let mut columns = vec![6.2, 11.0, 9.0, 2.6];
    columns.extend(std::iter::repeat_n(1.7, days));
    columns.push(2.6);
    let tints: Vec<Tint> = (0..days).map(|day| tint(sheet, day)).collect();
    let mut head =
        vec![Cell::head("提供時間帯"), Cell::head("サービス内容"), Cell::head("サービス事業者"), Cell::head("")];
    let mut names = vec![Cell::head("").joined_if(true); 4];
    for (day, tint) in tints.iter().enumerate() {
        let tint = if *tint == Tint::None { Tint::Head } else { *tint };
        head.push(Cell::center((day + 1).to_string()).tint(tint));
        names.push(Cell::center(weekday(Lang::Ja, weekday_of(sheet, day))).tint(tint));
    }
    head.push(Cell::head("合計"));
    names.push(Cell::head("").joined_if(true));
    let mut rows = vec![head, names];
    let compare = sheet.is_comparable();
    for line in &sheet.lines {
        rows.extend(pair(line, &tints, compare));
    }
    let table = Grid { columns, head: 2, rows };
    let mut blocks = vec![Block::Grid(Grid { columns: vec![1.0; 16], head: 0, rows: whose(of, sheet) })];
    blocks.push(Block::Grid(table));
    if compare {
        blocks.push(Block::Remark("枠内の「−」は予定だけで実績がない日、色のついた数字は予定とちがう日です。".into()));
    }
    Form {
        number: "第6表",
        name: "サービス利用票（サービス提供票）".into(),
        note: month_ja(sheet.month),
        wide: true,
        least_chars: 90.0,
        blocks,
    }
}

fn whose(of: &PersonForms<'_>, sheet: &MonthSheet) -> Vec<Vec<Cell>> {
    let mut rows = vec![of.person_cells()];
    let supplement = of.rows(Kind::Supplement);
    if let Some(row) = supplement.first() {
        rows.push(vec![
            Cell::head("生年月日").span(2),
            Cell::text(said(row, 8)).span(4),
            Cell::head("要介護状態区分").span(2),
            Cell::center(said(row, 18)).span(2),
            Cell::head("限度額適用期間").span(2),
            Cell::text(period(row, 14, 15)).span(4),
        ]);
    }
    if let Some(planner) = sheet.planner {
        rows.push(vec![Cell::head("居宅介護支援事業者").span(4), Cell::text(planner.to_string()).span(12)]);
    }
    rows
}

fn weekday_of(sheet: &MonthSheet, day: usize) -> Weekday {
    sheet.month.first_weekday().wrapping_add(i64::try_from(day).unwrap_or(0))
}

fn tint(sheet: &MonthSheet, day: usize) -> Tint {
    match weekday_of(sheet, day) {
        Weekday::Sunday => Tint::Sunday,
        Weekday::Saturday => Tint::Saturday,
        _ => Tint::None,
    }
}

/// The two rows of one service.
fn pair(line: &SheetLine, tints: &[Tint], compare: bool) -> [Vec<Cell>; 2] {
    let time = match (&line.start, &line.end) {
        (Some(start), Some(end)) => format!("{start}〜{end}"),
        (Some(start), None) => format!("{start}〜"),
        _ => String::new(),
    };
    let office = if line.office_name.trim().is_empty() { line.office.to_string() } else { line.office_name.clone() };
    let mut planned = vec![Cell::center(time), Cell::text(&line.label), Cell::text(office), Cell::head("予定")];
    let mut actual = vec![Cell::text("").joined_if(true); 3];
    actual.push(Cell::head("実績"));
    let times = |count: u16| if count == 0 { String::new() } else { count.to_string() };
    for (day, tint) in tints.iter().enumerate() {
        let at = |counts: &[u16; 31]| counts.get(day).copied().unwrap_or(0);
        let (plan, done) = (at(&line.planned), at(&line.actual));
        planned.push(Cell::center(times(plan)).tint(*tint));
        actual.push(if !compare || plan == done {
            Cell::center(times(done)).tint(*tint)
        } else {
            Cell::center(if done == 0 { "−".to_owned() } else { done.to_string() }).tint(Tint::Over)
        });
    }
    let sum = |counts: &[u16; 31]| counts.iter().map(|count| u32::from(*count)).sum::<u32>().to_string();
    planned.push(Cell::number(sum(&line.planned)).tint(Tint::Sum));
    actual.push(Cell::number(sum(&line.actual)).tint(Tint::Sum));
    [planned, actual]
}
