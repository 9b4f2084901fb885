//! サービス利用票別表（第7表）: what the month's services cost, and what goes over the limit.

use super::{PersonForms, by_date, grouped, month_ja, said};
use crate::desktop::paper::{Block, Cell, Form, Grid, Tint};
use crate::standard::{Kind, Row, Value};

pub(super) fn forms(of: &PersonForms<'_>) -> Vec<Form> {
    let groups = by_date(of.rows(Kind::Benefit), 5);
    groups.into_iter().map(|(_, rows)| form(of, &rows)).collect()
}

/// Name, field, width.
const COLUMNS: [(&str, u16, f32); 18] = [
    ("単位数", 13, 4.0),
    ("割引後率(%)", 14, 3.0),
    ("割引後単位数", 15, 4.0),
    ("回数・日数", 16, 3.0),
    ("サービス単位／金額", 17, 4.6),
    ("給付管理単位数", 18, 4.6),
    ("種類限度を超える単位数", 19, 4.4),
    ("種類限度内単位数", 20, 4.4),
    ("区分限度を超える単位数", 21, 4.6),
    ("区分限度内単位数", 22, 4.6),
    ("単位数単価", 23, 3.6),
    ("費用総額", 24, 5.0),
    ("給付率(%)", 25, 3.0),
    ("保険／事業費請求額", 26, 5.0),
    ("定額負担単価", 27, 4.0),
    ("利用者負担（保険分）", 28, 4.6),
    ("利用者負担（全額分）", 29, 4.6),
    ("累積日数", 32, 3.0),
];

fn form(of: &PersonForms<'_>, rows: &[Row<'_>]) -> Form {
    let mut columns = vec![9.0, 6.6, 8.0, 4.6];
    columns.extend(COLUMNS.map(|(_, _, width)| width));
    let mut head = vec![Cell::head("事業所名"), Cell::head("事業所番号"), Cell::head("サービス"), Cell::head("コード")];
    head.extend(COLUMNS.map(|(name, _, _)| Cell::head(name)));
    let mut table = vec![head];
    table.extend(rows.iter().map(line));
    let mut blocks = vec![Block::Grid(Grid { columns: vec![1.0; 16], head: 0, rows: vec![of.person_cells()] })];
    let month = match rows.first().map(|row| row.value(5)) {
        Some(Value::Month(month)) => Some(month),
        _ => None,
    };
    blocks.extend(limit(of, rows, month));
    blocks.push(Block::Grid(Grid { columns, head: 1, rows: table }));
    Form {
        number: "第7表",
        name: "サービス利用票別表（サービス提供票別表）".into(),
        note: month.map(month_ja).unwrap_or_default(),
        wide: true,
        least_chars: 96.0,
        blocks,
    }
}

fn number(row: &Row<'_>, no: u16) -> i64 {
    match row.value(no) {
        Value::Number(number) => number,
        _ => 0,
    }
}

/// A service, a subtotal of a type, or the total.
fn line(row: &Row<'_>) -> Vec<Cell> {
    let (total, subtotal) = match row.value(9) {
        Value::AllServices => (true, false),
        Value::Service(code) => (false, code.is_subtotal()),
        _ => (false, false),
    };
    let sum = if total || subtotal { Tint::Sum } else { Tint::None };
    let (name, item) = match (row.value(9), total) {
        (_, true) => ("合計".to_owned(), String::new()),
        (Value::Service(code), _) => {
            let kind = code.service.name().unwrap_or_default();
            let name = if subtotal { format!("{kind} 小計") } else { kind.to_owned() };
            (name, code.code.into_owned())
        }
        _ => (said(row, 9), String::new()),
    };
    let office = if total { String::new() } else { said(row, 6) };
    let code = if total { String::new() } else { row.text(7).into_owned() };
    let mut cells = vec![Cell::text(office).tint(sum), Cell::center(code).tint(sum)];
    let goods = row.text(12);
    let what = if goods.trim().is_empty() { name } else { format!("{name} {}", goods.trim()) };
    cells.extend([Cell::text(what).tint(sum), Cell::center(item).tint(sum)]);
    for (_, no, _) in COLUMNS {
        // What lies over a limit is paid by the person alone: nobody may overlook it.
        let over = matches!(no, 19 | 21) && number(row, no) > 0;
        let text = if over { format!("▲{}", said(row, no)) } else { said(row, no) };
        cells.push(Cell::number(text).tint(if over { Tint::Over } else { sum }));
    }
    cells
}

/// The limit of the month against what is used of it, where 利用者補足情報 came along.
fn limit(of: &PersonForms<'_>, rows: &[Row<'_>], month: Option<crate::standard::Month>) -> Option<Block> {
    let of_month = |row: &Row<'_>| matches!((row.value(63), month), (Value::Month(this), Some(month)) if this == month);
    let supplement = of.rows(Kind::Supplement).into_iter().find(of_month)?;
    let Value::Number(limit) = supplement.value(19) else { return None };
    let services = rows.iter().filter(|row| matches!(row.value(9), Value::Service(code) if !code.is_subtotal()));
    let (mut used, mut over) = (0_i64, 0_i64);
    for row in services {
        used = used.saturating_add(number(row, 18));
        over = over.saturating_add(number(row, 19)).saturating_add(number(row, 21));
    }
    let left = limit.saturating_sub(used);
    let tint = if over > 0 || left < 0 { Tint::Over } else { Tint::None };
    let verdict = if over > 0 {
        format!("▲ 限度額を {} 単位超えています", grouped(over))
    } else if left < 0 {
        format!("▲ 限度額を {} 単位超えています", grouped(left.saturating_neg()))
    } else {
        format!("限度額まで あと {} 単位", grouped(left))
    };
    Some(Block::Grid(Grid {
        columns: vec![1.0; 16],
        head: 0,
        rows: vec![vec![
            Cell::head("区分支給限度基準額").span(3),
            Cell::number(format!("{} 単位", grouped(limit))).span(2),
            Cell::head("給付管理単位数 計").span(3),
            Cell::number(format!("{} 単位", grouped(used))).span(2),
            Cell::text(verdict).span(6).tint(tint),
        ]],
    }))
}
