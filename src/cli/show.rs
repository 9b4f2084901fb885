//! `tayori show`: a file as its typed table.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::check::{Format, Outcome, read_whole, sentence};
use crate::standard::{FileName, Kind, NameError, Row, Table, Value, cp932};

/// A grid wider than this is written record by record instead.
const WIDEST_GRID: usize = 200;
/// A cell of a grid is cut at this width.
const WIDEST_CELL: usize = 40;

/// ファイルの中身を、項目名を付けた表で見せます
///
/// どの行でも同じ項目は先頭に一度だけ書きます。古い第3版のファイルも読めるところまで見せます。
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// 見るファイル
    #[arg(value_name = "FILE")]
    pub path: PathBuf,
    /// 出力の形: text（人が読む）または json（プログラムが読む）
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl ShowArgs {
    pub fn run(&self, out: &mut dyn Write) -> io::Result<Outcome> {
        run(&self.path, self.format, out)
    }
}

/// Shows one file; what cannot be shown is said in a sentence.
pub fn run(path: &Path, format: Format, out: &mut dyn Write) -> io::Result<Outcome> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let read = FileName::parse(&name);
    let old = matches!(read, Err(NameError::OldVersion { .. }));
    let Some(kind) = read.map_or_else(|error| error.kind(), |name| Some(name.kind)) else {
        return trouble(out, &name, "標準仕様のファイル名ではないので、項目が分かりません");
    };
    let bytes = match read_whole(path) {
        Ok(bytes) => bytes,
        Err(error) => return trouble(out, &name, &sentence(&error)),
    };
    let Ok(table) = Table::read(kind, &bytes) else {
        return trouble(out, &name, "画像なので、表はありません");
    };
    match format {
        Format::Text => write_text(&name, old, &table, out)?,
        Format::Json => write_json(&name, &table, out)?,
    }
    Ok(Outcome::Fine)
}

fn trouble(out: &mut dyn Write, name: &str, why: &str) -> io::Result<Outcome> {
    writeln!(out, "{name}: {why}。")?;
    Ok(Outcome::Troubled)
}

fn write_text(name: &str, old: bool, table: &Table, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{name}")?;
    writeln!(out, "{}　{}行", table.kind().name(), table.len())?;
    if old {
        writeln!(out, "第3版までのファイルです。今の標準仕様の項目に当てはめて、読めるところまで見せます。")?;
    }
    if table.broken() > 0 {
        writeln!(out, "引用符などが壊れていて読めないところが{}か所あります。", table.broken())?;
    }
    let (common, varying) = columns(table);
    for (label, text) in common {
        writeln!(out, "  {}{text}", padded(&label, 36))?;
    }
    let widths: Vec<usize> = varying.iter().map(Column::width).collect();
    if widths.iter().map(|width| width + 2).sum::<usize>() <= WIDEST_GRID {
        write_grid(&varying, &widths, out)
    } else {
        write_records(&varying, out)
    }
}

/// A column that is not the same in every row.
struct Column {
    label: String,
    cells: Vec<String>,
}

impl Column {
    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|cell| width(cell)).max().unwrap_or(0);
        cells.min(WIDEST_CELL).max(width(&self.label).min(WIDEST_CELL))
    }
}

/// What every row says, and what only some do. Columns nobody fills are left out.
fn columns(table: &Table) -> (Vec<(String, String)>, Vec<Column>) {
    let (mut common, mut varying) = (Vec::new(), Vec::new());
    let longest = table.rows().map(|row| row.len()).max().unwrap_or(0).max(table.layout().fields.len());
    for no in (1..=longest).filter_map(|no| u16::try_from(no).ok()) {
        let field = table.layout().field(no);
        let label = field.map_or_else(|| format!("（項目{no}）"), |field| field.name.clone());
        let cells: Vec<String> = table.rows().map(|row| cell(&row, no)).collect();
        match cells.first() {
            Some(first) if cells.iter().all(|cell| cell == first) => {
                if !first.is_empty() {
                    common.push((label, first.clone()));
                }
            }
            _ if cells.iter().all(String::is_empty) => {}
            _ => varying.push(Column { label, cells }),
        }
    }
    (common, varying)
}

fn cell(row: &Row<'_>, no: u16) -> String {
    let text = match row.value(no) {
        Value::NoTime => "時刻なし".to_owned(),
        value => value.to_string(),
    };
    let clean = |c: char| match c {
        '\n' => Some('⏎'),
        '\r' => None,
        c if c.is_control() => Some('·'),
        c => Some(c),
    };
    text.chars().filter_map(clean).collect()
}

fn write_grid(columns: &[Column], widths: &[usize], out: &mut dyn Write) -> io::Result<()> {
    if columns.is_empty() {
        return Ok(());
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| -> String {
        cells.zip(widths).map(|(cell, width)| padded(cell, *width) + "  ").collect::<String>().trim_end().to_owned()
    };
    writeln!(out, "\n    行  {}", line(&mut columns.iter().map(|column| column.label.as_str())))?;
    let rows = columns.first().map_or(0, |column| column.cells.len());
    for row in 0..rows {
        let cells = columns.iter().map(|column| column.cells.get(row).map(String::as_str).unwrap_or_default());
        writeln!(out, "{:>6}  {}", row + 1, line(&mut { cells }))?;
    }
    Ok(())
}

fn write_records(columns: &[Column], out: &mut dyn Write) -> io::Result<()> {
    let rows = columns.first().map_or(0, |column| column.cells.len());
    for row in 0..rows {
        writeln!(out, "\n  {}行目", row + 1)?;
        for column in columns {
            if let Some(cell) = column.cells.get(row).filter(|cell| !cell.is_empty()) {
                writeln!(out, "    {}{cell}", padded(&column.label, 34))?;
            }
        }
    }
    Ok(())
}

/// Columns on a terminal: what is one byte in CP932 is half as wide as the rest.
fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    if c.is_ascii() || matches!(c, '\u{FF61}'..='\u{FF9F}') || !cp932::can_encode(c) && c == '·' { 1 } else { 2 }
}

/// The text filled with spaces, or cut, to this width.
fn padded(text: &str, to: usize) -> String {
    let shown: Cow<'_, str> = if width(text) <= to {
        text.into()
    } else {
        let mut room = to.saturating_sub(2);
        let fits = |c: &char| {
            let fits = char_width(*c) <= room;
            room = room.saturating_sub(char_width(*c));
            fits
        };
        (text.chars().take_while(fits).collect::<String>() + "…").into()
    };
    let gap = to.saturating_sub(width(&shown));
    format!("{shown}{}", " ".repeat(gap))
}

#[derive(serde::Serialize)]
struct Shown<'a> {
    name: &'a str,
    kind: &'static str,
    kind_name: &'static str,
    broken: usize,
    rows: Vec<ShownRow>,
}

#[derive(serde::Serialize)]
struct ShownRow {
    row: u64,
    fields: Vec<ShownField>,
}

#[derive(serde::Serialize)]
struct ShownField {
    no: u16,
    name: String,
    /// As it stands in the file.
    text: String,
    /// As a person reads it.
    value: String,
    /// Whether it has its column's form.
    valid: bool,
}

fn write_json(name: &str, table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let row = |row: Row<'_>| ShownRow {
        row: row.number(),
        fields: (1..=u16::try_from(row.len()).unwrap_or(u16::MAX)).map(|no| shown_field(&row, table, no)).collect(),
    };
    let (kind, rows): (Kind, Vec<ShownRow>) = (table.kind(), table.rows().map(row).collect());
    let shown = Shown { name, kind: kind.prefix(), kind_name: kind.name(), broken: table.broken(), rows };
    serde_json::to_writer(&mut *out, &shown)?;
    writeln!(out)
}

fn shown_field(row: &Row<'_>, table: &Table, no: u16) -> ShownField {
    let value = row.value(no);
    ShownField {
        no,
        name: table.layout().field(no).map(|field| field.name.clone()).unwrap_or_default(),
        text: row.text(no).into_owned(),
        valid: !matches!(value, Value::Unread(_)),
        value: value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_character_takes_two_columns() {
        assert_eq!(width("ｱa介護①"), 8);
        assert_eq!(padded("介護", 6), "介護  ");
        assert_eq!(padded("介護支援専門員", 8), "介護支…");
        assert_eq!(padded("abc", 2), "…");
    }
}
