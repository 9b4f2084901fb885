//! 利用者補足情報: who the person is, and the limits.

use super::{PersonForms, joined, period, said};
use crate::desktop::forms::care_plan::{CERTIFIED, pair};
use crate::desktop::forms::choices;
use crate::desktop::paper::{Block, Cell, Form, Grid, Tint};
use crate::standard::{Kind, Row, Value};

pub(super) fn forms(of: &PersonForms<'_>) -> Vec<Form> {
    let rows = of.rows(Kind::Supplement);
    rows.iter().map(|row| form(of, row)).collect()
}

fn form(of: &PersonForms<'_>, row: &Row<'_>) -> Form {
    let rows = vec![
        of.person_cells(),
        pair(("フリガナ", said(row, 5)), ("性別", choices(row, 7, &[("1", "男性"), ("2", "女性")]))),
        pair(("生年月日", said(row, 8)), ("電話番号", said(row, 12))),
        vec![Cell::head("住所").span(3), Cell::text(joined(row, &[9, 10, 11])).span(13)],
        pair(("認定状況", choices(row, 16, &CERTIFIED)), ("認定日", said(row, 13))),
        pair(("要介護状態区分", said(row, 18)), ("前回の要介護状態区分", said(row, 59))),
        pair(("要介護状態変更日", said(row, 17)), ("限度額適用期間", period(row, 14, 15))),
        pair(("区分支給限度基準額", units(row, 19)), ("合計限度超単位数", units(row, 56))),
        pair(("入所前月迄の利用日数", said(row, 57)), ("入所累積利用日数", said(row, 58))),
        pair(("同意書受付業者", said(row, 60)), ("計画作成（変更）日", said(row, 4))),
    ];
    let mut blocks = vec![Block::Grid(Grid { columns: vec![1.0; 16], head: 0, rows })];
    let limits: Vec<Vec<Cell>> = (0..9).map(|at| 20 + at * 4).filter_map(|no| limit(row, no)).collect();
    if !limits.is_empty() {
        let head = ["サービス種類", "支給限度基準額", "合計単位数", "限度超単位数"].map(Cell::head).to_vec();
        blocks.push(Block::Heading("種類別の支給限度".into()));
        blocks.push(Block::Grid(Grid {
            columns: vec![2.0, 1.0, 1.0, 1.0],
            head: 1,
            rows: [vec![head], limits].concat(),
        }));
    }
    let note = match row.value(63) {
        Value::Month(month) => format!("対象年月　{}", super::month_ja(month)),
        _ => String::new(),
    };
    Form { number: "", name: "利用者補足情報".into(), note, wide: false, least_chars: 40.0, blocks }
}

fn units(row: &Row<'_>, no: u16) -> String {
    match said(row, no) {
        text if text.is_empty() => text,
        text => format!("{text} 単位"),
    }
}

/// One of nine service types with a limit of its own.
fn limit(row: &Row<'_>, no: u16) -> Option<Vec<Cell>> {
    if row.text(no).trim().is_empty() {
        return None;
    }
    let over = matches!(row.value(no + 3), Value::Number(over) if over > 0);
    let text = if over { format!("▲{}", said(row, no + 3)) } else { said(row, no + 3) };
    Some(vec![
        Cell::text(said(row, no)),
        Cell::number(said(row, no + 1)),
        Cell::number(said(row, no + 2)),
        Cell::number(text).tint(if over { Tint::Over } else { Tint::None }),
    ])
}
