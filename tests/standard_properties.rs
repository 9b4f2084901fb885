//! What holds for any bytes and any texts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

mod samples;

use proptest::prelude::*;
use samples::{Samples, files_of};
use tayori::standard::{
    Checked, FileChecker, FileName, Input, Judged, Kind, Known, Table, benefit_sheets, check, cp932, judge,
    month_sheets, repair,
};

const PLAN: &str = "UPPLAN_202605_3170000001_43_3190000002_11_20260425173001.CSV";

fn any_name() -> impl Strategy<Value = String> {
    let kinds: Vec<Kind> = Kind::ALL.to_vec();
    let standard = prop::sample::select(kinds).prop_map(|kind| {
        let month = if kind.month_in_name() { "202605_" } else { "" };
        let end = if kind == Kind::FamilyPicture { "_0001.jpg" } else { ".CSV" };
        format!("{}_{month}3170000001_43_3190000002_11_20260425173001{end}", kind.prefix())
    });
    prop_oneof![3 => standard, 1 => any::<String>(), 1 => "[A-Z_0-9.]{0,80}"]
}

/// Bytes that come near a table more often than chance would.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let cell = prop_oneof![
        "202407|202504|312025|3100000001|H310000001|20260501|202605|9999|0930|1|111111|331111|3190000002|0|",
        "\"[a-z,\r\n]{0,6}\"|\"\"\"\"|\"a|a\"b|あ|髙|\u{0}",
    ];
    let row = prop::collection::vec(cell, 0..40).prop_map(|cells| cells.join(","));
    let text = prop::collection::vec((row, "\r\n|\n|\r|"), 0..12)
        .prop_map(|rows| rows.into_iter().map(|(row, end)| row + &end).collect::<String>());
    let cp932 = text.clone().prop_map(|text| cp932::encode(&text, cp932::Form::Nec).expect("all of it is CP932"));
    prop_oneof![3 => cp932, 1 => text.prop_map(String::into_bytes), 1 => prop::collection::vec(any::<u8>(), 0..300)]
}

fn in_pieces(name: &str, bytes: &[u8], pieces: &[usize]) -> Judged {
    let known = Known::default();
    let mut checker = FileChecker::new(name, &known);
    let (mut rest, mut pieces) = (bytes, pieces.iter().cycle());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((*pieces.next().unwrap_or(&1)).clamp(1, rest.len()));
        checker.push(piece);
        rest = after;
    }
    checker.finish()
}

fn words(judged: Judged) -> Checked {
    judge(vec![judged], &Known::default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(name in any_name(), bytes in any_bytes()) {
        let checked = check(&[Input { name: &name, bytes: &bytes }, Input { name: PLAN, bytes: &bytes }], &Known::default());
        for finding in checked.findings() {
            prop_assert!(finding.message.ends_with('。') && finding.hint.ends_with('。'), "{finding:?}");
        }
        if let Ok(name) = FileName::parse(&name) {
            prop_assert_eq!(FileName::parse(&name.to_string()), Ok(name));
            if let Ok(table) = Table::read(name.kind, &bytes) {
                prop_assert!(table.write() == bytes);
                let tables = [table];
                month_sheets(&tables);
                benefit_sheets(&tables);
            }
        }
        let offers = repair::offers(&name, &bytes, &repair::Wishes::default());
        repair::apply(&name, &bytes, &offers);
    }

    #[test]
    fn findings_do_not_depend_on_chunking(bytes in any_bytes(), pieces in prop::collection::vec(1usize..60, 1..5)) {
        let whole = words(in_pieces(PLAN, &bytes, &[usize::MAX]));
        prop_assert_eq!(&words(in_pieces(PLAN, &bytes, &pieces)), &whole);
        let known = Known::default();
        prop_assert_eq!(&words(FileChecker::new(PLAN, &known).read_from(bytes.as_slice()).unwrap()), &whole);
    }

    #[test]
    fn any_table_reads_as_what_was_written(
        kind in prop::sample::select(Kind::ALL.iter().copied().filter(|kind| kind.layout().is_some()).collect::<Vec<_>>()),
        cells in prop::collection::vec("[ -~]{0,12}|[ぁ-んァ-ヶ亜-腕、。「」\r\n\",]{0,8}|[0-9]{0,10}", 1..200),
    ) {
        let columns = kind.layout().unwrap().fields.len();
        let cells: Vec<String> = cells.into_iter().map(|cell| cell.chars().filter(|c| cp932::can_encode(*c)).collect()).collect();
        let rows: Vec<Vec<String>> = cells.chunks(columns).map(|row| {
            let mut row = row.to_vec();
            row.resize(columns, String::new());
            row
        }).collect();
        let table = Table::compose(kind, &rows).unwrap();
        prop_assert_eq!(table.len(), rows.len());
        for (row, written) in table.rows().zip(&rows) {
            for (field, text) in kind.layout().unwrap().fields.iter().zip(written) {
                prop_assert_eq!(row.text(field.no), text.as_str());
            }
        }
    }
}

#[test]
fn broken_samples_are_judged_the_same_in_pieces() {
    for broken in Samples::of_seed(1).broken() {
        for (name, bytes) in files_of(&broken.folder) {
            let whole = words(in_pieces(&name, &bytes, &[usize::MAX]));
            for pieces in [&[1][..], &[7, 100], &[4096]] {
                assert_eq!(words(in_pieces(&name, &bytes, pieces)), whole, "{name}");
            }
        }
    }
}

/// Bytes as a file would give them, without the memory of holding them.
struct Endless {
    start: &'static [u8],
    with: &'static [u8],
    left: usize,
}

impl std::io::Read for Endless {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let from = if self.start.is_empty() { self.with } else { self.start };
        let len = to.len().min(self.left);
        let mut written = 0;
        while written < len {
            let piece = &from[..from.len().min(len - written)];
            to[written..written + piece.len()].copy_from_slice(piece);
            written += piece.len();
            if !self.start.is_empty() {
                self.start = &self.start[piece.len()..];
                break;
            }
        }
        self.left -= written;
        Ok(written)
    }
}

#[test]
fn hostile_files_end_with_a_finding_in_bounded_time() {
    let rules = |start: &'static [u8], with: &'static [u8]| {
        let known = Known::default();
        let reader = Endless { start, with, left: 12 << 20 };
        let checked = words(FileChecker::new(PLAN, &known).read_from(reader).unwrap());
        let rules: std::collections::BTreeSet<String> = checked.findings().map(|f| f.rule.id().to_owned()).collect();
        assert!(checked.findings().count() < 1000);
        rules
    };
    assert!(rules(b"", b"\"").contains("quote-broken"), "a file of quotes");
    assert!(rules(b"202407,\"", b"a").contains("quote-broken"), "a quote never closed for 12 MB");
    assert!(rules(b"202407,", b"1").contains("record-too-long"), "one field of 12 MB");
    assert!(rules(b"", b"\0").contains("record-too-long"), "NUL bytes");
    assert!(rules(b"", b"\r\n").contains("file-empty"), "nothing but line ends");
    assert!(rules(b"", b",\r\n").contains("field-count"), "small records");
    assert!(rules(b"", b"\"\"x\n").contains("quote-broken"), "every line broken");
}
