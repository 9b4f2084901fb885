//! Judges one file by itself: its name, bytes, shape, fields and rows.
//!
//! It is fed in pieces of any size and keeps no more than one record and one entry per person. It never stops at the
//! first problem: people fix a file once, not once per mistake.

use std::io::{self, Read};

use super::form;
use super::found::{Findings, Place};
use super::rows::{Facts, Rows};
use super::rules::Check;
use super::{Known, Severity};
use crate::standard::layouts::{Form, Need};
use crate::standard::name::{self, NameError, Reading};
use crate::standard::records::{Fields, LONGEST_RECORD, Lexed, LineEnd, Quoting, Span, Splitter, content};
use crate::standard::{Direction, Kind, Role, ServiceType, cp932};

/// How much is looked at to tell UTF-8 from CP932, and to tell what an attachment is.
const HEAD: usize = 64 << 10;
/// What some programs write before UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";
/// How much is read at once from a reader.
const PIECE: usize = 256 << 10;

/// One file, judged by itself; [`judge`](super::judge) looks at several together.
#[derive(Debug)]
pub struct Judged {
    pub(crate) name: String,
    pub(crate) reading: Option<Reading>,
    pub(crate) kind: Option<Kind>,
    pub(crate) rows: u64,
    pub(crate) findings: Findings,
    pub(crate) facts: Facts,
}

/// Judges one file, piece by piece.
#[derive(Debug)]
pub struct FileChecker<'k> {
    name: String,
    reading: Result<Reading, NameError>,
    kind: Option<Kind>,
    known: Known<'k>,
    findings: Findings,
    stage: Stage,
    records: Records,
    /// Bytes that came but are not a whole record yet.
    carry: Vec<u8>,
    /// The carry is not looked at again before it is as long as this: pieces of one byte must not take forever.
    look_again: usize,
    /// How much of the file lies before the carry.
    offset: u64,
}

#[derive(Debug)]
enum Stage {
    /// Waiting for enough to tell UTF-8 from CP932.
    Sniffing,
    Records,
    /// After something broken: everything up to the next line end is passed over.
    Skipping,
    /// Not a CSV: only its head and its size matter.
    Other {
        head: Vec<u8>,
        size: u64,
    },
}

impl<'k> FileChecker<'k> {
    /// Begins with the base name.
    pub fn new(name: &str, known: &Known<'k>) -> Self {
        let reading = name::read(name);
        let kind = match &reading {
            Ok(reading) => Some(reading.name.kind),
            Err(error) => error.kind(),
        };
        let is_csv = |name: &str| name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("csv"));
        let stage = match kind {
            Some(kind) if kind.layout().is_some() => Stage::Sniffing,
            None if is_csv(name) => Stage::Sniffing,
            _ => Stage::Other { head: Vec::new(), size: 0 },
        };
        let records = Records::new(kind, reading.as_ref().ok());
        let (carry, findings) = (Vec::new(), Findings::default());
        Self {
            name: name.to_owned(),
            reading,
            kind,
            known: *known,
            findings,
            stage,
            records,
            carry,
            look_again: 0,
            offset: 0,
        }
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        if self.carry.is_empty() {
            let used = self.feed(piece, false);
            self.carry.extend_from_slice(piece.get(used..).unwrap_or_default());
        } else {
            self.carry.extend_from_slice(piece);
            if self.carry.len() < self.look_again {
                return;
            }
            let mut carry = std::mem::take(&mut self.carry);
            let used = self.feed(&carry, false);
            carry.drain(..used);
            self.carry = carry;
        }
        self.look_again = (self.carry.len() * 2).min(LONGEST_RECORD + 1);
    }

    /// Says what was found once all pieces came.
    pub fn finish(mut self) -> Judged {
        let carry = std::mem::take(&mut self.carry);
        self.feed(&carry, true);
        self.conclude()
    }

    /// Reads to the end, in bounded memory.
    pub fn read_from(mut self, mut reader: impl Read) -> io::Result<Judged> {
        let mut buffer: Vec<u8> = Vec::new();
        let mut filled = 0;
        loop {
            if buffer.len() < filled + PIECE {
                buffer.resize(filled + PIECE, 0);
            }
            let read = match reader.read(buffer.get_mut(filled..).unwrap_or_default()) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            filled += read;
            let used = self.feed(buffer.get(..filled).unwrap_or_default(), read == 0);
            if read == 0 {
                return Ok(self.conclude());
            }
            buffer.copy_within(used..filled, 0);
            filled -= used;
        }
    }

    /// Looks at as much of the window as is whole, and says how much that was. `last`: nothing follows the window.
    fn feed(&mut self, window: &[u8], last: bool) -> usize {
        let mut at = 0;
        let mut previous: &[u8] = &[];
        while let Some(rest) = window.get(at..).filter(|rest| !rest.is_empty()) {
            let used = match &mut self.stage {
                Stage::Other { head, size } => {
                    let room = HEAD.saturating_sub(head.len());
                    head.extend(rest.iter().take(room));
                    *size += rest.len() as u64;
                    Some(rest.len())
                }
                Stage::Sniffing if rest.len() < HEAD && !last => None,
                Stage::Sniffing => Some(self.sniff(rest, last)),
                Stage::Skipping => self.skip(rest, last),
                Stage::Records => self.record(rest, last, at, previous),
            };
            match used {
                Some(used) => {
                    at += used;
                    previous = rest.get(..used).unwrap_or_default();
                }
                None => break,
            }
        }
        self.offset += at as u64;
        at
    }

    fn sniff(&mut self, head: &[u8], last: bool) -> usize {
        self.stage = Stage::Records;
        let mark = if head.starts_with(MARK) { MARK.len() } else { 0 };
        if is_utf8(head, last) {
            self.records.utf8 = true;
            self.records.about.utf8 = true;
            self.findings.add(Check::EncodingUtf8, Place::file());
        }
        mark
    }

    /// Passes over a line; nothing while more is needed to see its end.
    fn skip(&mut self, rest: &[u8], last: bool) -> Option<usize> {
        let Some(end) = memchr::memchr2(b'\n', b'\r', rest) else { return Some(rest.len()) };
        let used = match (rest.get(end), rest.get(end + 1)) {
            // Whether a line feed belongs to it comes with the next piece.
            (Some(b'\r'), None) if !last => return (end > 0).then_some(end),
            (Some(b'\r'), Some(b'\n')) => end + 2,
            _ => end + 1,
        };
        self.stage = Stage::Records;
        Some(used)
    }

    /// Judges a record; nothing while more is needed to see its end.
    fn record(&mut self, rest: &[u8], last: bool, at: usize, previous: &[u8]) -> Option<usize> {
        let records = &mut self.records;
        let previous = if records.repeatable { previous } else { &[] };
        records.repeatable = false;
        match records.splitter.split(rest, last, previous) {
            Lexed::Unfinished => None,
            Lexed::Record { len, end } => {
                let bytes = rest.get(..len).unwrap_or_default();
                records.take(bytes, end, self.offset + at as u64, &mut self.findings);
                Some(len)
            }
            Lexed::Broken { at } => {
                let field = u16::try_from(records.splitter.spans.len() + 1).ok();
                let place = Place { field, ..Place::row(records.give_up()) };
                self.findings.add(Check::QuoteBroken, place);
                self.stage = Stage::Skipping;
                // Past the quote at least, so that it is not met again.
                Some(at + 1)
            }
            Lexed::TooLong => {
                self.findings.add(Check::RecordTooLong, Place::row(records.give_up()));
                self.stage = Stage::Skipping;
                Some(LONGEST_RECORD)
            }
        }
    }

    fn conclude(mut self) -> Judged {
        self.judge_name();
        if let Stage::Other { head, size } = &self.stage {
            judge_attachment(&self.name, self.kind, head, *size, &self.known, &mut self.findings);
        } else {
            self.records.conclude(&mut self.findings);
        }
        let reading = self.reading.ok();
        let rows = self.records.rows;
        let facts = self.records.about.conclude(reading.map(|reading| reading.name), &mut self.findings);
        Judged { name: self.name, reading, kind: self.kind, rows, findings: self.findings, facts }
    }

    fn judge_name(&mut self) {
        let findings = &mut self.findings;
        let Reading { name, extra_month } = match &self.reading {
            Ok(reading) => *reading,
            // A picture or text that goes along is no file of the standard and needs no name of the standard.
            Err(NameError::UnknownKind) if matches!(self.stage, Stage::Other { .. }) => return,
            Err(NameError::UnknownKind) => return findings.add(Check::NameUnknownKind, Place::file()),
            Err(NameError::OldVersion { .. }) => return findings.add(Check::NameOldVersion, Place::file()),
            Err(NameError::Malformed { part, .. }) => {
                return findings.add(Check::NameMalformed, Place::file().more(part.name_ja()));
            }
        };
        if extra_month {
            findings.add(Check::NameExtraMonth, Place::file());
        }
        if name.serial.time().is_none() {
            findings.add(Check::NameSerialNotATime, Place::file().value(name.serial.as_str()));
        }
        for service in [name.sender_service, name.receiver_service] {
            match service.name() {
                None => findings.add(Check::NameServiceUnknown, Place::file().value(service.as_str())),
                Some(known) if !service.in_scope() => {
                    findings.add(Check::NameServiceOutOfScope, Place::file().value(service.as_str()).more(known));
                }
                Some(_) => {}
            }
        }
        if name.kind.month_in_name() {
            let named = name.month.map_or_else(|| "000000".to_owned(), |month| month.to_string());
            let may_be_zero = name.kind == Kind::Supplement;
            let rows = self.records.about.month_of_rows();
            let agree = rows.as_ref().map_or(name.month.is_some() || may_be_zero, |rows| *rows == named);
            if !agree {
                let rows = rows.unwrap_or_else(|| "なし".to_owned());
                findings.add(Check::NameMonthMismatch, Place::file().value(named).more(rows));
            }
        }
        if !may_send(name.kind, name.sender_service, name.receiver_service) {
            let label = |service: ServiceType| service.name().unwrap_or_default().to_owned();
            let place = Place::file().value(label(name.sender_service)).more(label(name.receiver_service));
            findings.add(Check::DirectionWrong, place);
        }
        if let Some(office) = self.known.office.filter(|office| *office != name.sender) {
            let place = Place::file().value(name.sender.as_str()).more(office.as_str());
            findings.add(Check::SenderNotUs, place);
        }
        if self.known.directory.is_some_and(|knows| !knows(name.receiver)) {
            findings.add(Check::ReceiverUnknown, Place::file().value(name.receiver.as_str()));
        }
    }
}

/// Whether an office of this service can send this kind to that one. What the standard does not know it cannot forbid.
fn may_send(kind: Kind, sender: ServiceType, receiver: ServiceType) -> bool {
    let (Some(from), Some(to)) = (sender.role(), receiver.role()) else { return true };
    match kind.direction() {
        Direction::PlanToService | Direction::Preventive => from != Role::Provider,
        // 居宅 forwards 実績 to 地域包括 as well.
        Direction::ServiceToPlan => to != Role::Provider,
    }
}

/// Whether a whole file is UTF-8, judged as the check does.
pub(crate) fn is_utf8_file(bytes: &[u8]) -> bool {
    is_utf8(bytes, true)
}

/// By its mark, or by the first part of it. `last`: nothing follows these bytes.
fn is_utf8(bytes: &[u8], last: bool) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    head.starts_with(MARK) || is_japanese_utf8(head, last && bytes.len() <= HEAD)
}

fn is_japanese_utf8(head: &[u8], whole: bool) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && !whole => {
            let valid = head.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return false,
    };
    text.chars().any(|c| matches!(c, '\u{3000}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}' | '\u{FF00}'..='\u{FFEF}'))
}

fn judge_attachment(
    name: &str,
    kind: Option<Kind>,
    head: &[u8],
    size: u64,
    known: &Known<'_>,
    findings: &mut Findings,
) {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    let is = |start: &[u8]| head.starts_with(start);
    let holds = match end.as_str() {
        "pdf" => is(b"%PDF-"),
        "jpg" | "jpeg" => is(b"\xFF\xD8\xFF"),
        "png" => is(b"\x89PNG\r\n\x1A\n"),
        "gif" => is(b"GIF87a") || is(b"GIF89a"),
        "txt" => is_text(head, size),
        _ => {
            let more = "この形式のファイルは送れません";
            return findings.add(Check::AttachmentType, Place::file().more(more));
        }
    };
    if !holds {
        let picture = kind == Some(Kind::FamilyPicture);
        let more = if picture {
            "画像として読めません"
        } else {
            "ファイルの中身が、名前の拡張子の形式ではありません"
        };
        findings.add(Check::AttachmentType, Place::file().more(more));
    }
    if let Some(limit) = known.attachment_limit.filter(|limit| size > *limit) {
        findings.add(Check::AttachmentTooLarge, Place::file().value(size.to_string()).more(limit.to_string()));
    }
}

/// Text in CP932 or UTF-8, as far as the head shows; a character may be cut at its end.
fn is_text(head: &[u8], size: u64) -> bool {
    let cut = size > head.len() as u64;
    let utf8 = std::str::from_utf8(head).map_or_else(|error| cut && error.error_len().is_none(), |_| true);
    let cp932 = cp932::fault(head).is_none_or(|fault| cut && fault.offset + 1 == head.len());
    !head.contains(&0) && (utf8 || cp932)
}

/// A column as the hot loop wants it.
#[derive(Debug)]
struct Column {
    form: Form,
    need: Need,
    len: usize,
    len_unclear: usize,
    codes: Vec<&'static [u8]>,
}

/// What is known of the records so far.
#[derive(Debug)]
struct Records {
    columns: Vec<Column>,
    splitter: Splitter,
    /// A bit for each column.
    all: u128,
    /// The fields of the row before that were right.
    right: u128,
    /// The row before had all its fields, so that what is the same here is known.
    repeatable: bool,
    utf8: bool,
    rows: u64,
    bare_line_ends: u64,
    first_bare_line_end: Option<u64>,
    blank_lines: u64,
    about: Rows,
}

impl Records {
    fn new(kind: Option<Kind>, reading: Option<&Reading>) -> Self {
        let layout = kind.and_then(Kind::layout);
        let columns = layout.map_or_else(Vec::new, |layout| {
            let column = |field: &'static crate::standard::Field| Column {
                form: field.form,
                need: field.need,
                len: field.len.map_or(usize::MAX, usize::from),
                len_unclear: field.len_unclear.map_or(usize::MAX, usize::from),
                codes: field.codes.keys().map(String::as_bytes).collect(),
            };
            layout.fields.iter().map(column).collect()
        });
        let about = Rows::new(kind, reading.map(|reading| reading.name));
        let (splitter, first_bare_line_end) = (Splitter::default(), None);
        let (all, right, repeatable) = ((1 << columns.len()) - 1, 0, false);
        let (utf8, rows, bare_line_ends, blank_lines) = (false, 0, 0, 0);
        Self {
            columns,
            splitter,
            all,
            right,
            repeatable,
            utf8,
            rows,
            bare_line_ends,
            first_bare_line_end,
            blank_lines,
            about,
        }
    }

    /// A record that cannot be read: it counts, but nothing is known of it.
    fn give_up(&mut self) -> u64 {
        self.rows += 1;
        self.about.incomplete();
        self.rows
    }

    fn take(&mut self, bytes: &[u8], end: LineEnd, offset: u64, findings: &mut Findings) {
        let spans = std::mem::take(&mut self.splitter.spans);
        let fields = Fields { bytes, spans: &spans };
        if let [Span { start: 0, end: 0, .. }] = spans.as_slice() {
            self.blank_lines += 1;
        } else {
            self.rows += 1;
            self.count_line_end(end);
            self.judge_record(fields, offset, findings);
        }
        self.splitter.spans = spans;
    }

    fn count_line_end(&mut self, end: LineEnd) {
        if matches!(end, LineEnd::Lf | LineEnd::Cr) {
            self.bare_line_ends += 1;
            self.first_bare_line_end.get_or_insert(self.rows);
        }
    }

    fn judge_record(&mut self, fields: Fields<'_>, offset: u64, findings: &mut Findings) {
        if self.columns.is_empty() {
            return;
        }
        let row = self.rows;
        if row == 1 && is_header(fields) {
            return findings.add(Check::HeaderRow, Place::row(row));
        }
        if fields.spans.len() != self.columns.len() {
            self.about.incomplete();
            let (has, wants) = (fields.spans.len().to_string(), self.columns.len().to_string());
            return findings.add(Check::FieldCount, Place::row(row).value(has).more(wants));
        }
        let same = self.splitter.same;
        self.about.begin(fields, same, row, findings);
        // What is as in the row before, and was right there, is right here.
        let mut todo = self.all & !(same & self.right);
        self.right = self.all;
        while todo != 0 {
            let place = todo.trailing_zeros();
            todo &= todo - 1;
            if !self.judge_field(place, fields, offset, findings) {
                self.right &= !(1 << place);
            }
        }
        self.repeatable = true;
        self.about.judge(fields, row, findings);
    }

    /// Whether nothing speaks against the field at this place (from 0).
    #[inline]
    fn judge_field(&self, place: u32, fields: Fields<'_>, offset: u64, findings: &mut Findings) -> bool {
        let index = place as usize;
        let Some((column, span)) = self.columns.get(index).zip(fields.spans.get(index)) else { return true };
        let value = content(fields.bytes, *span);
        let right = if value.is_empty() { column.need == Need::Optional } else { holds(column, value, self.utf8) };
        if !right {
            let no = u16::try_from(index + 1).ok();
            let at = Place { field: no, ..Place::row(self.rows) }.person(self.about.key());
            match column.need {
                _ if !value.is_empty() => {
                    let start = span.start + u32::from(span.quoting != Quoting::Bare);
                    explain(column, value, self.utf8, offset + u64::from(start), at, findings);
                }
                Need::Required => findings.add(Check::RequiredMissing, at),
                Need::Necessary => findings.add(Check::NecessaryMissing, at),
                Need::Unclear => findings.add(Check::RequiredUnclear, at),
                Need::Optional => {}
            }
        }
        right
    }

    fn conclude(&self, findings: &mut Findings) {
        if self.rows == 0 {
            findings.add(Check::FileEmpty, Place::file());
        }
        if self.blank_lines > 0 {
            findings.add(Check::BlankLine, Place::file());
        }
        if self.bare_line_ends > 0 {
            let place = Place { row: self.first_bare_line_end, ..Place::file() };
            findings.add(Check::LineEndNotCrlf, place.more(self.bare_line_ends.to_string()));
        }
    }
}

/// A heading has words where version and insurer have digits.
fn is_header(fields: Fields<'_>) -> bool {
    let wordy = |value: &[u8]| !value.is_empty() && !value.iter().any(u8::is_ascii_digit);
    wordy(fields.get(1)) && wordy(fields.get(2))
}

/// Whether nothing speaks against a filled field. The hot loop: says yes or no, and leaves the words to [`explain`].
#[inline]
fn holds(column: &Column, value: &[u8], utf8: bool) -> bool {
    match column.form {
        Form::Text | Form::ImageName => is_clean(value, utf8),
        Form::Code => column.codes.contains(&value),
        Form::Tais | Form::Phone => is_clean(value, utf8) && length(value, utf8) <= column.len,
        Form::CsvVersion => is_clean(value, utf8),
        Form::Integer | Form::Digits | Form::Decimal2 => {
            form::broken(column.form, value).is_none() && value.len() <= column.len.min(column.len_unclear)
        }
        form => form::broken(form, value).is_none(),
    }
}

#[inline]
fn is_clean(value: &[u8], utf8: bool) -> bool {
    !value.iter().any(|byte| is_control(*byte)) && (utf8 || cp932::fault(value).is_none())
}

#[inline]
fn is_control(byte: u8) -> bool {
    (byte < 0x20 && !matches!(byte, b'\t' | b'\r' | b'\n')) || byte == 0x7F
}

/// In characters; a doubled quote is one.
fn length(value: &[u8], utf8: bool) -> usize {
    let chars = if utf8 { String::from_utf8_lossy(value).chars().count() } else { cp932::count(value) };
    chars - value.windows(2).filter(|pair| pair == b"\"\"").count().min(chars)
}

fn explain(column: &Column, value: &[u8], utf8: bool, offset: u64, place: Place, findings: &mut Findings) {
    if let Some(fault) = cp932::fault(value).filter(|_| !utf8) {
        let check = match fault.what {
            cp932::FaultKind::Invalid => Check::EncodingNotCp932,
            cp932::FaultKind::Gaiji => Check::EncodingGaiji,
        };
        return findings.add(check, place.more((offset + fault.offset as u64 + 1).to_string()));
    }
    let text = if utf8 { String::from_utf8_lossy(value) } else { cp932::decode_lossy(value) };
    let place = place.value(text.replace("\"\"", "\""));
    if let Some(control) = value.iter().find(|byte| is_control(**byte)) {
        findings.add(Check::ControlCharacter, place.clone().more(format!("{control:02X}")));
    }
    if column.form == Form::Code && !column.codes.contains(&value) {
        let codes: Vec<_> = column.codes.iter().map(|code| String::from_utf8_lossy(code)).collect();
        findings.add(Check::CodeUnknown, place.more(codes.join("・")));
    } else if let Some(check) = form::broken(column.form, value) {
        let place = if check == Check::CodeUnknown { place.more("サービス種類") } else { place };
        findings.add(check, place);
    } else if matches!(column.form, Form::Tais | Form::Phone | Form::Integer | Form::Digits | Form::Decimal2) {
        let chars = length(value, utf8);
        let max = column.len.min(column.len_unclear);
        if chars > max {
            let doubtful = column.len_unclear != usize::MAX;
            let severity = if doubtful { Severity::Warning } else { Severity::Error };
            findings.add(Check::TooLong, place.more(format!("{max}文字")).severity(severity));
        }
    }
}
