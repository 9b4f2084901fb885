//! A file as its table: typed values to read, and the same bytes to write back.
//!
//! The bytes of the file are kept as they came. A changed field is written in their place, quoted as it was before,
//! so that nothing else moves: not the quoting of its neighbours, not which of two codes a 髙 has, not the line ends.
//! What could not be split stays in the bytes between the rows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cp932::{self, NoCode};
use super::layouts::{Field, Form, Layout};
use super::records::{LONGEST_RECORD, Lexed, Quoting, Span, Splitter, content};
use super::value::{Value, value_of};
use super::{FileName, Kind, PersonKey};

/// One file of the standard, read.
#[derive(Clone, Debug)]
pub struct Table {
    kind: Kind,
    layout: &'static Layout,
    bytes: Vec<u8>,
    encoding: Encoding,
    rows: Vec<RowAt>,
    spans: Vec<Span>,
    /// Fields that were changed, with their quotes, by row and field, both from 0.
    changes: BTreeMap<(usize, usize), Vec<u8>>,
    broken: usize,
}

/// How the text of a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Cp932,
    /// Against the standard, but it can be read and shown.
    Utf8,
}

#[derive(Clone, Copy, Debug)]
struct RowAt {
    /// Of the record in the bytes.
    start: usize,
    /// With its line end.
    len: usize,
    /// Of its fields in the spans.
    first: usize,
    fields: usize,
}

/// Why bytes are no table at all. A file that breaks the standard is a table all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("a picture, not a table")]
    Picture,
}

/// Why a field could not be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    #[error("there is no row {row} with a field {field}")]
    NoSuchField { row: usize, field: u16 },
    #[error(transparent)]
    NoCode(#[from] NoCode),
}

/// Reads the bytes of a file of this name. A name of version 3 has a kind too: see [`Table::read`].
pub fn read(name: &FileName, bytes: &[u8]) -> Result<Table, Unreadable> {
    Table::read(name.kind, bytes)
}

impl Table {
    /// Reads bytes as a table of this kind, as far as it goes.
    pub fn read(kind: Kind, bytes: &[u8]) -> Result<Table, Unreadable> {
        let layout = kind.layout().ok_or(Unreadable::Picture)?;
        let marked = bytes.starts_with(b"\xEF\xBB\xBF");
        let encoding = if super::check::is_utf8_file(bytes) { Encoding::Utf8 } else { Encoding::Cp932 };
        let (rows, spans, changes, broken) = (Vec::new(), Vec::new(), BTreeMap::new(), 0);
        let mut table = Table { kind, layout, bytes: bytes.to_vec(), encoding, rows, spans, changes, broken };
        table.split(if marked { 3 } else { 0 });
        Ok(table)
    }

    /// Makes a table of texts, written as the standard asks: free text quoted, the rest bare, CRLF.
    pub fn compose<R, T>(kind: Kind, rows: impl IntoIterator<Item = R>) -> Result<Table, ComposeError>
    where
        R: AsRef<[T]>,
        T: AsRef<str>,
    {
        let layout = kind.layout().ok_or(Unreadable::Picture)?;
        let mut bytes = Vec::new();
        for row in rows {
            for (no, (field, text)) in layout.fields.iter().zip(row.as_ref()).enumerate() {
                if no > 0 {
                    bytes.push(b',');
                }
                let text = cp932::encode(text.as_ref(), cp932::Form::Ibm)?;
                bytes.extend(written(&text, field.form == Form::Text));
            }
            bytes.extend(b"\r\n");
        }
        Ok(Table::read(kind, &bytes)?)
    }

    fn split(&mut self, mut at: usize) {
        let mut splitter = Splitter::default();
        while let Some(rest) = self.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let lost = match splitter.split(rest, true, &[]) {
                Lexed::Record { len, .. } => {
                    let spans = &mut splitter.spans;
                    if !matches!(spans.as_slice(), [Span { start: 0, end: 0, .. }]) {
                        self.rows.push(RowAt { start: at, len, first: self.spans.len(), fields: spans.len() });
                        self.spans.append(spans);
                    }
                    at += len;
                    continue;
                }
                Lexed::Broken { at } => at + 1,
                Lexed::TooLong | Lexed::Unfinished => LONGEST_RECORD.min(rest.len()),
            };
            self.broken += 1;
            let after = rest.get(lost..).unwrap_or_default();
            let line = memchr::memchr2(b'\n', b'\r', after).map_or(after.len(), |end| {
                end + if after.get(end..).is_some_and(|rest| rest.starts_with(b"\r\n")) { 2 } else { 1 }
            });
            at += lost + line;
        }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn layout(&self) -> &'static Layout {
        self.layout
    }

    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Places that could not be split into fields and are in no row.
    pub fn broken(&self) -> usize {
        self.broken
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows, first to last.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows.len()).map(|index| Row { table: self, index })
    }

    /// The row of this place, from 0.
    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        (index < self.rows.len()).then_some(Row { table: self, index })
    }

    fn raw(&self, row: usize, field: usize) -> Option<(&[u8], Span)> {
        let at = self.rows.get(row)?;
        let span = *self.spans.get(at.first..at.first + at.fields)?.get(field)?;
        Some((self.bytes.get(at.start..)?, span))
    }

    /// What a field holds, in the bytes of the file, without its quotes.
    fn content(&self, row: usize, field: usize) -> Option<Cow<'_, [u8]>> {
        if let Some(changed) = self.changes.get(&(row, field)) {
            return Some(bare(changed));
        }
        let (record, span) = self.raw(row, field)?;
        let content = content(record, span);
        Some(if span.quoting == Quoting::Doubled { Cow::Owned(undouble(content)) } else { Cow::Borrowed(content) })
    }

    /// Changes one field (row from 0, number from 1). It keeps its quotes, and gets some where it now needs them.
    pub fn set(&mut self, row: usize, no: u16, text: &str) -> Result<(), SetError> {
        let missing = SetError::NoSuchField { row, field: no };
        let field = usize::from(no).checked_sub(1).ok_or(missing.clone())?;
        let (_, span) = self.raw(row, field).ok_or(missing)?;
        let bytes = match self.encoding {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Cp932 => cp932::encode(text, cp932::form_used(&self.bytes).unwrap_or_default())?,
        };
        if self.content(row, field).as_deref() != Some(&bytes) {
            self.changes.insert((row, field), written(&bytes, span.quoting != Quoting::Bare));
        }
        Ok(())
    }

    /// The bytes of the file, with the changed fields in their places.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        self.write_part(0..self.bytes.len(), self.changes.iter(), &mut bytes);
        bytes
    }

    /// The same with some of the rows alone, and nothing of what stands between rows and belongs to none.
    pub fn write_rows(&self, keep: impl Fn(Row<'_>) -> bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, at) in self.rows.iter().enumerate() {
            if keep(Row { table: self, index }) {
                let changes = self.changes.range((index, 0)..(index + 1, 0));
                self.write_part(at.start..at.start + at.len, changes, &mut bytes);
            }
        }
        bytes
    }

    fn write_part<'a>(
        &'a self,
        part: std::ops::Range<usize>,
        changes: impl Iterator<Item = (&'a (usize, usize), &'a Vec<u8>)>,
        bytes: &mut Vec<u8>,
    ) {
        let mut from = part.start;
        for ((row, field), changed) in changes {
            let place = self.rows.get(*row).zip(self.raw(*row, *field));
            let Some((at, (_, span))) = place else { continue };
            let start = at.start + span.start as usize;
            bytes.extend(self.bytes.get(from..start).unwrap_or_default());
            bytes.extend(changed);
            from = at.start + span.end as usize;
        }
        bytes.extend(self.bytes.get(from..part.end).unwrap_or_default());
    }
}

/// Why texts make no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    NoCode(#[from] NoCode),
}

/// A field with its quotes, where it wants or needs them.
fn written(bytes: &[u8], quoted: bool) -> Vec<u8> {
    let needs = bytes.iter().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n'));
    if !quoted && !needs {
        return bytes.to_vec();
    }
    let mut inside = vec![0; bytes.len() * 2];
    let (_, _, len) = csv_core::quote(bytes, &mut inside, b'"', b'"', true);
    inside.truncate(len);
    [b"\"", inside.as_slice(), b"\""].concat()
}

fn bare(written: &[u8]) -> Cow<'_, [u8]> {
    match written.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) {
        Some(inside) => Cow::Owned(undouble(inside)),
        None => Cow::Borrowed(written),
    }
}

fn undouble(inside: &[u8]) -> Vec<u8> {
    let mut after_quote = false;
    let keep = |byte: &&u8| {
        after_quote = **byte == b'"' && !after_quote;
        **byte != b'"' || after_quote
    };
    inside.iter().filter(keep).copied().collect()
}

/// One record of a table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    table: &'a Table,
    index: usize,
}

impl<'a> Row<'a> {
    /// Record number, from 1, as findings count.
    pub fn number(&self) -> u64 {
        self.index as u64 + 1
    }

    /// How many fields it has, however many its layout wants.
    pub fn len(&self) -> usize {
        self.table.rows.get(self.index).map_or(0, |row| row.fields)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of the field of this number (from 1); empty where there is none, � for what is no text.
    pub fn text(&self, no: u16) -> Cow<'a, str> {
        let bytes = usize::from(no).checked_sub(1).and_then(|field| self.table.content(self.index, field));
        let table = self.table;
        let decode = |bytes: &'_ [u8]| match table.encoding {
            Encoding::Cp932 => cp932::decode_lossy(bytes).into_owned(),
            Encoding::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
        };
        match bytes {
            None => Cow::Borrowed(""),
            Some(Cow::Borrowed(bytes)) if table.encoding == Encoding::Cp932 => cp932::decode_lossy(bytes),
            Some(Cow::Borrowed(bytes)) => String::from_utf8_lossy(bytes),
            Some(Cow::Owned(bytes)) => Cow::Owned(decode(&bytes)),
        }
    }

    /// The value of the field of this number, as its column has it.
    pub fn value(&self, no: u16) -> Value<'a> {
        match self.table.layout.field(no) {
            Some(field) => value_of(field, self.text(no)),
            None => Value::Unread(self.text(no)),
        }
    }

    /// The columns of the layout with their values.
    pub fn values(&self) -> impl Iterator<Item = (&'static Field, Value<'a>)> {
        self.table.layout.fields.iter().map(|field| (field, value_of(field, self.text(field.no))))
    }

    /// Whose row it is: 保険者番号 and 被保険者番号 as they stand there.
    pub fn person(&self) -> PersonKey {
        PersonKey { insurer: self.text(2).into_owned(), insured: self.text(3).into_owned() }
    }

    /// The text with what the rows before say once for a whole level: 第2表 and the 予防 別表 give a level's texts on
    /// its first row only. A view: nothing is changed.
    pub fn filled(&self, no: u16) -> Cow<'a, str> {
        let own = self.text(no);
        let levels = level_numbers(self.table.kind, no);
        if !own.is_empty() || levels.is_empty() {
            return own;
        }
        let same = |row: &Row<'a>| {
            let keys = [2, 3, self.table.kind.key_field()];
            keys.iter().chain(levels).all(|no| row.text(*no) == self.text(*no))
        };
        let before = (0..self.index).rev().map(|index| Row { table: self.table, index }).take_while(same);
        before.map(|row| row.text(no)).find(|text| !text.is_empty()).unwrap_or(own)
    }
}

/// The numbers that must be the same for the text of this field to hold on.
fn level_numbers(kind: Kind, no: u16) -> &'static [u16] {
    match (kind, no) {
        (Kind::CarePlan2, 7) => &[6],
        (Kind::CarePlan2, 9..=12) => &[6, 8],
        (Kind::PreventivePlanSupport, 6..=9) => &[5],
        (Kind::PreventivePlanSupport, 11..=13) => &[5, 10],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Withdrawals have few columns: version, insurer, insured, date.
    const TAKE_BACK: &[u8] = b"202407,\"312025\",3100000001,20260401\r\n202407,312025,\"H310000001\",20260231\n";

    #[test]
    fn reading_and_writing_gives_the_same_bytes() {
        let table = Table::read(Kind::CarePlan1Withdrawal, TAKE_BACK).unwrap();
        assert_eq!((table.len(), table.write().as_slice()), (2, TAKE_BACK));
    }

    #[test]
    fn one_changed_field_changes_nothing_else() {
        let mut table = Table::read(Kind::CarePlan1Withdrawal, TAKE_BACK).unwrap();
        table.set(0, 2, "313866").unwrap();
        table.set(1, 4, "20260301").unwrap();
        let expected = b"202407,\"313866\",3100000001,20260401\r\n202407,312025,\"H310000001\",20260301\n";
        assert_eq!(table.write(), expected);
        assert_eq!(table.row(1).unwrap().text(4), "20260301");
    }

    #[test]
    fn a_field_that_needs_quotes_gets_them_and_reads_as_what_was_set() {
        let mut table = Table::read(Kind::CarePlan1Withdrawal, TAKE_BACK).unwrap();
        let text = "手すり「\"安心\"」,\r\n左右兼用";
        table.set(0, 3, text).unwrap();
        let again = Table::read(Kind::CarePlan1Withdrawal, &table.write()).unwrap();
        assert_eq!(again.row(0).unwrap().text(3), text);
        assert_eq!(again.len(), 2);
    }

    #[test]
    fn a_character_without_code_is_refused_by_name() {
        let mut table = Table::read(Kind::CarePlan1Withdrawal, TAKE_BACK).unwrap();
        assert_eq!(table.set(0, 2, "𠮷田"), Err(SetError::NoCode(NoCode('𠮷'))));
        assert_eq!(table.set(9, 2, "x"), Err(SetError::NoSuchField { row: 9, field: 2 }));
        assert_eq!(table.write(), TAKE_BACK);
    }

    #[test]
    fn what_cannot_be_split_stays_where_it_was() {
        let bytes = b"202407,\"312025\"x,1,2\r\n202407,312025,3100000001,20260401\r\n\r\n";
        let mut table = Table::read(Kind::CarePlan1Withdrawal, bytes).unwrap();
        assert_eq!((table.len(), table.broken()), (1, 1));
        table.set(0, 1, "202407").unwrap();
        assert_eq!(table.write(), bytes);
    }

    #[test]
    fn a_level_says_its_texts_once_and_they_hold_on() {
        let row = |no: &str, need: &str, goal_no: &str, goal: &str| -> Vec<String> {
            let mut row = vec![String::new(); 22];
            for (place, text) in
                [(1, "312025"), (2, "3100000001"), (4, "20260401"), (5, no), (6, need), (7, goal_no), (8, goal)]
            {
                row[place] = text.to_owned();
            }
            row
        };
        let rows = [row("1", "転倒", "1", "歩く"), row("1", "", "1", ""), row("1", "", "2", ""), row("2", "", "1", "")];
        let table = Table::compose(Kind::CarePlan2, rows).unwrap();
        let filled: Vec<_> = table.rows().map(|row| (row.filled(7).into_owned(), row.filled(9).into_owned())).collect();
        let say = |need: &str, goal: &str| (need.to_owned(), goal.to_owned());
        assert_eq!(filled, [say("転倒", "歩く"), say("転倒", "歩く"), say("転倒", ""), say("", "")]);
        assert_eq!(table.row(1).unwrap().text(7), "");
    }
}
