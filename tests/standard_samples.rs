//! The standard against samples that were written from the standard, not from our code.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

mod samples;

use samples::{Samples, files_of};
use tayori::standard::{
    Checked, FileName, Input, Known, Severity, Table, Value, benefit_sheets, check, month_sheets, read,
};

const SEEDS: [u32; 4] = [1, 2, 3, 4];

fn check_all(files: &[(String, Vec<u8>)], known: &Known<'_>) -> Checked {
    let inputs: Vec<Input<'_>> = files.iter().map(|(name, bytes)| Input { name, bytes }).collect();
    check(&inputs, known)
}

fn above_note(checked: &Checked) -> Vec<String> {
    let serious = checked.findings().filter(|finding| finding.severity > Severity::Note);
    serious.map(|f| format!("{} {} {:?} {:?} {}", f.rule.id(), f.file, f.row, f.field, f.message)).collect()
}

#[test]
fn v1_no_good_file_gets_an_error_or_a_warning() {
    for seed in SEEDS {
        let samples = Samples::of_seed(seed);
        let mut district = Vec::new();
        for sender in samples.good() {
            let files = files_of(&sender);
            let office = sender.file_name().unwrap().to_str().unwrap().parse().unwrap();
            let known = Known { office: Some(office), ..Known::default() };
            assert_eq!(above_note(&check_all(&files, &known)), Vec::<String>::new(), "seed {seed}, {office} alone");
            district.extend(files);
        }
        assert!(district.len() > 250, "seed {seed} has {} files", district.len());
        let checked = check_all(&district, &Known::default());
        assert_eq!(above_note(&checked), Vec::<String>::new(), "seed {seed}, all senders together");
        assert!(checked.sets.iter().all(|set| set.unit.is_some()));
    }
}

#[test]
fn v1_every_broken_set_is_caught_at_its_file_row_and_field() {
    let mut missed = Vec::new();
    for seed in SEEDS {
        let broken = Samples::of_seed(seed);
        let sets = broken.broken();
        assert!(sets.len() >= 60, "seed {seed} has {} broken sets", sets.len());
        for set in sets {
            let checked = check_all(&files_of(&set.folder), &Known::default());
            let caught = checked.findings().any(|found| {
                found.rule.id() == set.rule
                    && found.file == set.file
                    && (set.row.is_none() || found.row == set.row)
                    && (set.field.is_none() || found.field == set.field)
            });
            if !caught {
                let found: Vec<String> = checked
                    .findings()
                    .map(|f| format!("{} {} {:?} {:?}", f.rule.id(), f.file, f.row, f.field))
                    .collect();
                missed.push(format!(
                    "seed {seed} {:?} {} {:?} {:?}: {found:#?}",
                    set.folder.file_name(),
                    set.file,
                    set.row,
                    set.field
                ));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn every_name_reads_and_writes_back() {
    for folder in Samples::of_seed(1).good() {
        for (name, _) in files_of(&folder) {
            assert_eq!(FileName::parse(&name).unwrap().to_string(), name);
        }
    }
}

fn good_files(seed: u32) -> Vec<(String, Vec<u8>)> {
    Samples::of_seed(seed).good().iter().flat_map(|folder| files_of(folder)).collect()
}

fn tables(files: &[(String, Vec<u8>)]) -> impl Iterator<Item = (&str, &[u8], Table)> {
    files.iter().filter_map(|(name, bytes)| {
        let table = read(&FileName::parse(name).unwrap(), bytes).ok()?;
        Some((name.as_str(), bytes.as_slice(), table))
    })
}

#[test]
fn every_good_file_is_written_back_byte_for_byte() {
    for seed in SEEDS {
        let files = good_files(seed);
        for (name, bytes, table) in tables(&files) {
            assert!(table.write() == bytes, "seed {seed} {name}");
            assert_eq!(table.broken(), 0, "{name}");
        }
    }
}

#[test]
fn every_field_of_a_good_file_has_its_type() {
    let files = good_files(2);
    for (name, _, table) in tables(&files) {
        for row in table.rows() {
            for (field, value) in row.values() {
                assert!(!matches!(value, Value::Unread(_)), "{name} row {} {}: {value:?}", row.number(), field.name);
            }
        }
    }
}

#[test]
fn a_changed_field_changes_only_itself() {
    let files = good_files(1);
    for (name, bytes, mut table) in tables(&files) {
        let (row, no) = (table.len() / 2, 1 + (table.len() % table.layout().fields.len()) as u16);
        table.set(row, no, "髙,\"﨑\"").unwrap();
        let written = table.write();
        let again = read(&FileName::parse(name).unwrap(), &written).unwrap();
        let before = read(&FileName::parse(name).unwrap(), bytes).unwrap();
        for (old, new) in before.rows().zip(again.rows()) {
            for (field, value) in new.values() {
                let changed = (old.number() as usize - 1, field.no) == (row, no);
                let expected = if changed { "髙,\"﨑\"".into() } else { old.text(field.no) };
                assert_eq!(new.text(field.no), expected, "{name} {value:?}");
            }
        }
        let shared_start = bytes.iter().zip(&written).take_while(|(a, b)| a == b).count();
        let shared_end = bytes.iter().rev().zip(written.iter().rev()).take_while(|(a, b)| a == b).count();
        assert!(shared_start + shared_end + 200 > bytes.len(), "{name}: more than a field changed");
    }
}

#[test]
fn what_the_forms_of_good_samples_say_adds_up() {
    for folder in Samples::of_seed(1).good() {
        let files = files_of(&folder);
        let tables: Vec<Table> = tables(&files).map(|(.., table)| table).collect();
        for sheet in benefit_sheets(&tables) {
            assert_eq!(sheet.mismatches, [], "{}", sheet.person);
            assert!(sheet.person_name.is_some() && sheet.limit.is_some());
            assert_eq!(sheet.over(), (-sheet.left().unwrap()).max(0), "{}", sheet.person);
        }
        for sheet in month_sheets(&tables) {
            assert!(!sheet.lines.is_empty() && sheet.lines.iter().all(|line| !line.label.is_empty()));
        }
    }
}
