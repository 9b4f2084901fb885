//! Where records and fields begin and end, on the raw bytes.
//!
//! In CP932 no second byte of a character is a comma, a quote or a line end, so nothing needs decoding first. The csv
//! crates read the same fields (a property test compares them), but say neither where a field stood, nor whether it
//! was quoted, nor that a quote was broken: for writing back the same bytes, and for findings, all three are needed.

//!
//! Rows of one person repeat most of the row before. What is byte for byte the same there, up to and with the comma,
//! is split the same way and need not be looked at again: that halves the work on a real 第6表, and [`Splitter::same`]
//! lets the checks skip it too.

/// A record longer than this is not looked at further: memory stays bounded whatever the file holds.
pub(crate) const LONGEST_RECORD: usize = 4 << 20;

/// A field inside its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
    pub quoting: Quoting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quoting {
    Bare,
    Quoted,
    /// Quoted, and a doubled quote is inside.
    Doubled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnd {
    CrLf,
    Lf,
    Cr,
    /// The file ends without one.
    Missing,
}

/// What stands at the beginning of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lexed {
    /// `len` includes the line end.
    Record { len: usize, end: LineEnd },
    /// The window ends within the record.
    Unfinished,
    /// The quote at `at` is never closed, or text follows the closing one.
    Broken { at: usize },
    /// Longer than [`LONGEST_RECORD`].
    TooLong,
}

/// Splits records, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    /// The fields of the record split last.
    pub spans: Vec<Span>,
    /// A bit for each of the first 128 fields that is the same as in the record before.
    pub same: u128,
    before: Vec<Span>,
}

/// Splits the first record of the window. `last` says that nothing follows the window.
///
/// An empty line is a record of one empty field.
pub(crate) fn split(window: &[u8], last: bool, splitter: &mut Splitter) -> Lexed {
    splitter.split(window, last, &[])
}

impl Splitter {
    /// As [`split`]; `previous` is the record split last, if its bytes are still there.
    pub(crate) fn split(&mut self, window: &[u8], last: bool, previous: &[u8]) -> Lexed {
        let (window, last, cut) = match window.get(..LONGEST_RECORD) {
            Some(head) if window.len() > LONGEST_RECORD => (head, false, true),
            _ => (window, last, false),
        };
        std::mem::swap(&mut self.spans, &mut self.before);
        match self.scan(window, last, previous) {
            Scanned::Lexed(lexed) => lexed,
            Scanned::WithinQuotes { at } if last || cut => Lexed::Broken { at },
            Scanned::Within if cut => Lexed::TooLong,
            Scanned::Within | Scanned::WithinQuotes { .. } => Lexed::Unfinished,
        }
    }

    fn scan(&mut self, window: &[u8], last: bool, previous: &[u8]) -> Scanned {
        self.spans.clear();
        self.same = 0;
        let mut start = 0;
        loop {
            if !previous.is_empty() {
                start = self.take_over(window, start, previous);
            }
            let (end, quoting) = match window.get(start) {
                Some(b'"') => match quoted(window, start, last) {
                    Quote::Closed { end, quoting } => (end, quoting),
                    Quote::TextFollows => return Scanned::Lexed(Lexed::Broken { at: start }),
                    Quote::Open => return Scanned::WithinQuotes { at: start },
                },
                _ => (bare_end(window, start), Quoting::Bare),
            };
            self.spans.push(Span { start: narrow(start), end: narrow(end), quoting });
            let done = |len, end| Scanned::Lexed(Lexed::Record { len, end });
            match (window.get(end), window.get(end + 1)) {
                (Some(b','), _) => start = end + 1,
                (Some(b'\n'), _) => return done(end + 1, LineEnd::Lf),
                (Some(b'\r'), Some(b'\n')) => return done(end + 2, LineEnd::CrLf),
                (Some(b'\r'), None) if !last => return Scanned::Within,
                (Some(b'\r'), _) => return done(end + 1, LineEnd::Cr),
                (None, _) if last => return done(end, LineEnd::Missing),
                _ => return Scanned::Within,
            }
        }
    }

    /// Takes over the fields from here on that are the same as in the record before, and says where they end.
    #[inline]
    fn take_over(&mut self, window: &[u8], start: usize, previous: &[u8]) -> usize {
        let done = self.spans.len();
        // The last field ends with the line: it is always looked at.
        let rest = self.before.get(done..self.before.len().saturating_sub(1)).unwrap_or_default();
        let Some(first) = rest.first() else { return start };
        let (old, here) = (previous.get(first.start as usize..), window.get(start..));
        let run = common(old.unwrap_or_default(), here.unwrap_or_default());
        let reach = first.start.saturating_add(narrow(run));
        let shift = narrow(start).wrapping_sub(first.start);
        let mut end = start;
        // A field is the same only if the comma after it is.
        for (span, no) in rest.iter().take_while(|span| span.end < reach).zip(done..) {
            let moved = Span { start: span.start.wrapping_add(shift), end: span.end.wrapping_add(shift), ..*span };
            self.spans.push(moved);
            end = moved.end as usize + 1;
            self.same |= 1u128.checked_shl(u32::try_from(no).unwrap_or(u32::MAX)).unwrap_or(0);
        }
        end
    }
}

/// How many bytes two slices have in common from their beginning.
#[inline]
fn common(one: &[u8], other: &[u8]) -> usize {
    let words = one.chunks_exact(8).zip(other.chunks_exact(8));
    let same = words.take_while(|(one, other)| one == other).count() * 8;
    let (one, other) = (one.get(same..).unwrap_or_default(), other.get(same..).unwrap_or_default());
    same + one.iter().zip(other).take(8).take_while(|(one, other)| one == other).count()
}

enum Scanned {
    Lexed(Lexed),
    Within,
    WithinQuotes { at: usize },
}

/// Windows are at most [`LONGEST_RECORD`] long.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[inline]
fn bare_end(window: &[u8], start: usize) -> usize {
    let rest = window.get(start..).unwrap_or_default();
    start + rest.iter().position(|byte| matches!(byte, b',' | b'\n' | b'\r')).unwrap_or(rest.len())
}

enum Quote {
    Closed {
        end: usize,
        quoting: Quoting,
    },
    TextFollows,
    /// Not closed within the window, or by its last byte, which may be the first of two.
    Open,
}

fn quoted(window: &[u8], start: usize, last: bool) -> Quote {
    let mut at = start + 1;
    let mut quoting = Quoting::Quoted;
    loop {
        let Some(next) = window.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) else {
            return Quote::Open;
        };
        let end = at + next + 1;
        match window.get(end) {
            Some(b'"') => {
                quoting = Quoting::Doubled;
                at = end + 1;
            }
            Some(b',' | b'\r' | b'\n') => return Quote::Closed { end, quoting },
            Some(_) => return Quote::TextFollows,
            None if last => return Quote::Closed { end, quoting },
            None => return Quote::Open,
        }
    }
}

/// The fields of one record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    pub bytes: &'a [u8],
    pub spans: &'a [Span],
}

impl<'a> Fields<'a> {
    /// What the field of this number (from 1) holds, without its quotes; doubled quotes stay doubled.
    #[inline]
    pub fn get(&self, no: usize) -> &'a [u8] {
        self.spans.get(no.wrapping_sub(1)).map_or(&[], |span| content(self.bytes, *span))
    }
}

/// What a field holds, without its quotes; doubled quotes stay doubled.
#[inline]
pub(crate) fn content(record: &[u8], span: Span) -> &[u8] {
    let (start, end) = match span.quoting {
        Quoting::Bare => (span.start, span.end),
        Quoting::Quoted | Quoting::Doubled => (span.start + 1, span.end - 1),
    };
    record.get(start as usize..end as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All fields as a reader would see them, until the first broken quote.
    fn read_all(mut bytes: &[u8]) -> (Vec<Vec<Vec<u8>>>, bool) {
        let (mut records, mut splitter, mut previous) = (Vec::new(), Splitter::default(), &[][..]);
        while !bytes.is_empty() {
            let Lexed::Record { len, .. } = splitter.split(bytes, true, previous) else { return (records, true) };
            let spans = &splitter.spans;
            let fields: Vec<Vec<u8>> = spans
                .iter()
                .map(|span| match span.quoting {
                    Quoting::Doubled => {
                        String::from_utf8_lossy(content(bytes, *span)).replace("\"\"", "\"").into_bytes()
                    }
                    _ => content(bytes, *span).to_vec(),
                })
                .collect();
            if !(spans.len() == 1 && spans[0].start == spans[0].end) {
                records.push(fields);
            }
            (previous, bytes) = bytes.split_at(len);
        }
        (records, false)
    }

    fn csv_core_reads(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let (mut reader, mut at) = (csv_core::Reader::new(), 0);
        let (mut out, mut ends) = (vec![0; bytes.len() + 16], vec![0; bytes.len() + 16]);
        let mut records = Vec::new();
        loop {
            let (mut written, mut fields) = (0, 0);
            loop {
                let (result, read, wrote, ended) =
                    reader.read_record(&bytes[at..], &mut out[written..], &mut ends[fields..]);
                (at, written, fields) = (at + read, written + wrote, fields + ended);
                match result {
                    csv_core::ReadRecordResult::InputEmpty => continue,
                    csv_core::ReadRecordResult::Record => break,
                    csv_core::ReadRecordResult::End => return records,
                    full => panic!("{full:?}"),
                }
            }
            let starts = std::iter::once(0).chain(ends[..fields].iter().copied());
            records.push(starts.zip(&ends[..fields]).map(|(from, to)| out[from..*to].to_vec()).collect());
        }
    }

    proptest! {
        #[test]
        fn fields_are_what_csv_core_reads(text in r#"[a",\r\n]{0,40}|(((a|ab|"a,"|"a\r\n"|""|),){1,3}(a|b|"")\r\n){2,6}"#) {
            let (records, broken) = read_all(text.as_bytes());
            if !broken {
                prop_assert_eq!(records, csv_core_reads(text.as_bytes()));
            }
        }

        #[test]
        fn a_window_cut_short_is_unfinished_and_never_something_else(text in r#"[a",\r\n]{1,30}"#, cut in 0usize..30) {
            let bytes = text.as_bytes();
            let (mut whole, mut spans) = (Splitter::default(), Splitter::default());
            let lexed = split(bytes, true, &mut whole);
            let part = split(&bytes[..cut.min(bytes.len())], false, &mut spans);
            prop_assert!(part == Lexed::Unfinished || part == lexed, "{:?} of {:?}", part, lexed);
        }
    }

    #[test]
    fn what_the_row_before_had_is_taken_over_field_by_field() {
        let (first, second) = (&b"11,\"a,\"\"\",20260501,x,1\r\n"[..], &b"11,\"a,\"\"\",2026050,x,1\r\n"[..]);
        let mut splitter = Splitter::default();
        splitter.split(first, true, &[]);
        assert_eq!(splitter.same, 0);
        splitter.split(second, true, first);
        assert_eq!(splitter.same, 0b01011, "the changed field, and the last one");
        let fields: Vec<&[u8]> = splitter.spans.iter().map(|span| content(second, *span)).collect();
        assert_eq!(fields, [&b"11"[..], b"a,\"\"", b"2026050", b"x", b"1"]);
    }

    #[test]
    fn a_quote_never_closed_names_the_place_it_began() {
        let mut spans = Splitter::default();
        assert_eq!(split(b"1,\"a\r\n2,b\r\n", true, &mut spans), Lexed::Broken { at: 2 });
        assert_eq!(spans.spans.len(), 1);
        assert_eq!(split(b"1,\"a\"b,c\r\n", true, &mut spans), Lexed::Broken { at: 2 });
        assert_eq!(split(b"1,\"a\r\n2,b\r\n", false, &mut spans), Lexed::Unfinished);
    }

    #[test]
    fn a_record_without_end_is_given_up() {
        let mut spans = Splitter::default();
        assert_eq!(split(&vec![b'a'; LONGEST_RECORD + 1], true, &mut spans), Lexed::TooLong);
        let mut open = vec![b'a'; LONGEST_RECORD + 1];
        open[0] = b'"';
        assert_eq!(split(&open, false, &mut spans), Lexed::Broken { at: 0 });
    }
}
