//! 送受信一覧 on paper: A4 on its long side, the evidence by the first characters of its digest.

use super::pdf::{self, PdfError};
use super::{Block, Cell, Form, Grid};
use crate::register::Register;

/// So many rows are laid out at once, so that fifty thousand do not fill the memory.
const AT_ONCE: usize = 1_000;
/// So much of a digest stands on paper; all of it is in the CSV.
const DIGEST: usize = 16;

/// The whole list as a PDF. `go_on` hears every thousand rows how many are written and may end it: `None` then.
pub fn write(register: &Register, mut go_on: impl FnMut(usize) -> bool) -> Result<Option<Vec<u8>>, PdfError> {
    let parts = register.rows.len().div_ceil(AT_ONCE).max(1);
    let forms = (0..parts).map(|part| {
        let rows = register.rows.iter().enumerate().skip(part * AT_ONCE).take(AT_ONCE);
        form(register, part, parts, rows.map(|(at, row)| cells(register, at, row)).collect())
    });
    let mut done = 0;
    pdf::write(forms, "送受信一覧", || {
        done += AT_ONCE;
        go_on(done.min(register.rows.len()))
    })
}

fn form(register: &Register, part: usize, parts: usize, rows: Vec<Vec<Cell>>) -> Form {
    let which = if parts > 1 { format!("　{} / {parts}", part + 1) } else { String::new() };
    let heads = ["", "送受", "日時", "相手", "内容", "数", "状態", "受付", "到着", "取込", "受領書"];
    let mut all = vec![heads.map(Cell::head).to_vec()];
    let empty = rows.is_empty();
    all.extend(rows);
    let widths = vec![2.2, 1.8, 5.2, 10.0, 5.0, 1.6, 4.0, 5.2, 5.2, 5.2, 6.4];
    let mut blocks = vec![Block::Grid(Grid { columns: widths, head: 1, rows: all })];
    if empty {
        blocks.push(Block::Remark("この月に送受信したものはありません。".into()));
    }
    if part + 1 == parts {
        blocks.push(Block::Remark(
            "状態と時刻は、連携基盤の受付と、相手の署名のある受領書にもとづきます。受領書は SHA-256 のはじめの16文字を示します。全体は CSV にあります。"
                .into(),
        ));
    }
    Form {
        number: "",
        name: format!("送受信一覧　{}{which}", register.month.label_ja()),
        note: format!("{}（{}）　作成 {}", register.office_name, register.office, register.time(register.made_at)),
        wide: true,
        least_chars: 0.0,
        blocks,
    }
}

fn cells(register: &Register, at: usize, row: &crate::history::RegisterRow) -> Vec<Cell> {
    let [way, time, number, name, subjects, files, state, accepted, arrived, imported, why, _, step, receipt, ..] =
        register.texts(row);
    // The year stands in the title.
    let short = |time: String| time.chars().skip(5).collect::<String>();
    let evidence: String = receipt.chars().take(DIGEST).collect();
    let state = if why.is_empty() { state } else { format!("{state} {why}") };
    vec![
        Cell::number((at + 1).to_string()),
        Cell::center(way),
        Cell::center(short(time)),
        Cell::text(format!("{name} {number}")),
        Cell::text(subjects),
        Cell::number(files),
        Cell::text(state),
        Cell::center(short(accepted)),
        Cell::center(short(arrived)),
        Cell::center(short(imported)),
        Cell::text(if step.is_empty() { String::new() } else { format!("{step} {evidence}") }),
    ]
}
