//! Where records and fields begin and end, on the raw bytes.
//!
//! In CP932 no second byte of a character is a comma, a quote or a line end, so nothing needs decoding first. The csv
//! crates read the same fields (a property test compares them), but say neither where a field stood, nor whether it
//! was quoted, nor that a quote was broken: for writing back the same bytes, and for findings, all three are needed.

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

/// Splits the first record of the window. `last` says that nothing follows the window.
///
/// An empty line is a record of one empty field.
pub(crate) fn split(window: &[u8], last: bool, spans: &mut Vec<Span>) -> Lexed {
    let (window, last, cut) = match window.get(..LONGEST_RECORD) {
        Some(head) if window.len() > LONGEST_RECORD => (head, false, true),
        _ => (window, last, false),
    };
    match scan(window, last, spans) {
        Scanned::Lexed(lexed) => lexed,
        Scanned::WithinQuotes { at } if last || cut => Lexed::Broken { at },
        Scanned::Within if cut => Lexed::TooLong,
        Scanned::Within | Scanned::WithinQuotes { .. } => Lexed::Unfinished,
    }
}

enum Scanned {
    Lexed(Lexed),
    Within,
    WithinQuotes { at: usize },
}

fn scan(window: &[u8], last: bool, spans: &mut Vec<Span>) -> Scanned {
    spans.clear();
    let mut start = 0;
    loop {
        let (end, quoting) = match window.get(start) {
            Some(b'"') => match quoted(window, start, last) {
                Quote::Closed { end, quoting } => (end, quoting),
                Quote::TextFollows => return Scanned::Lexed(Lexed::Broken { at: start }),
                Quote::Open => return Scanned::WithinQuotes { at: start },
                Quote::Unclear => return Scanned::Within,
            },
            _ => (bare_end(window, start), Quoting::Bare),
        };
        spans.push(Span { start: narrow(start), end: narrow(end), quoting });
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
    Open,
    /// A quote is the window's last byte: closing, or the first of two.
    Unclear,
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
            None => return Quote::Unclear,
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
        let (mut records, mut spans) = (Vec::new(), Vec::new());
        while !bytes.is_empty() {
            let Lexed::Record { len, .. } = split(bytes, true, &mut spans) else { return (records, true) };
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
            bytes = &bytes[len..];
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
        fn fields_are_what_csv_core_reads(text in r#"[a",\r\n]{0,40}"#) {
            let (records, broken) = read_all(text.as_bytes());
            if !broken {
                prop_assert_eq!(records, csv_core_reads(text.as_bytes()));
            }
        }

        #[test]
        fn a_window_cut_short_is_unfinished_and_never_something_else(text in r#"[a",\r\n]{1,30}"#, cut in 0usize..30) {
            let bytes = text.as_bytes();
            let (mut whole, mut spans) = (Vec::new(), Vec::new());
            let lexed = split(bytes, true, &mut whole);
            let part = split(&bytes[..cut.min(bytes.len())], false, &mut spans);
            prop_assert!(part == Lexed::Unfinished || part == lexed, "{:?} of {:?}", part, lexed);
        }
    }

    #[test]
    fn a_quote_never_closed_names_the_place_it_began() {
        let mut spans = Vec::new();
        assert_eq!(split(b"1,\"a\r\n2,b\r\n", true, &mut spans), Lexed::Broken { at: 2 });
        assert_eq!(spans.len(), 1);
        assert_eq!(split(b"1,\"a\"b,c\r\n", true, &mut spans), Lexed::Broken { at: 2 });
        assert_eq!(split(b"1,\"a\r\n2,b\r\n", false, &mut spans), Lexed::Unfinished);
    }

    #[test]
    fn a_record_without_end_is_given_up() {
        let mut spans = Vec::new();
        assert_eq!(split(&vec![b'a'; LONGEST_RECORD + 1], true, &mut spans), Lexed::TooLong);
        let mut open = vec![b'a'; LONGEST_RECORD + 1];
        open[0] = b'"';
        assert_eq!(split(&open, false, &mut spans), Lexed::Broken { at: 0 });
    }
}
