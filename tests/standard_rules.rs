//! Every rule has a case that finds it: the broken samples, and here what they do not break.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

mod samples;

use std::collections::{BTreeMap, BTreeSet};

use samples::{Samples, files_of};
use tayori::standard::{Checked, FileName, Input, Known, Serial, check, cp932};

const NORTH: &str = "3170000001";
const SOUTH: &str = "3190000002";

fn take_back(sender: &str, receiver: &str, serial: &str) -> (String, Vec<u8>) {
    let name = format!("DLTPLAN_202605_{sender}_43_{receiver}_11_{serial}.CSV");
    (name, b"202407,312025,3100000001,202605\r\n".to_vec())
}

/// 利用者基本情報 別表1 with this time and text.
fn day(name: &str, text: &str) -> (String, Vec<u8>) {
    let line = format!("202407,312025,3100000001,20260401,\"6:00\",\"{text}\",\"\"\r\n");
    (name.to_owned(), cp932::encode(&line, cp932::Form::Ibm).unwrap())
}

fn found(files: &[(String, Vec<u8>)], known: &Known<'_>) -> Vec<String> {
    let inputs: Vec<Input<'_>> = files.iter().map(|(name, bytes)| Input { name, bytes }).collect();
    let checked = check(&inputs, known);
    checked.findings().map(|finding| finding.rule.id().to_owned()).collect()
}

fn cases() -> Vec<(&'static str, Vec<String>)> {
    let known = Known::default();
    let us = Known { office: Some(NORTH.parse().unwrap()), ..known };
    let one = take_back(NORTH, SOUTH, "20260425173001");
    let other = take_back(NORTH, "3190000003", "20260425173002");
    let sub1 = format!("UPKIHON_SUB1_000000_{NORTH}_46_{SOUTH}_43_20260425173001.CSV");
    let nobody = |_| false;
    let sent = |name: &FileName, bytes: &[u8]| name.receiver.as_str() == SOUTH && bytes == one.1.as_slice();
    let newer: Serial = "20260425180000".parse().unwrap();
    let newest = |_: &FileName| Some(newer);
    let info = format!("UPKIHON_{NORTH}_46_{SOUTH}_43_20260425173001.CSV");
    let mut row = vec!["202407", "312025", "3100000001", "20260401", "1", "", "包括"];
    row.resize(71, "");
    let info = (info, cp932::encode(&(row.join(",") + "\r\n"), cp932::Form::Ibm).unwrap());
    let blank = (one.0.clone(), [one.1.as_slice(), b"\r\n"].concat());
    let long = (one.0.clone(), vec![b'1'; 5 << 20]);
    let picture = (format!("UPKIHON_IMAGE_{NORTH}_46_{SOUTH}_43_20260425173001_0001.jpg"), b"\xFF\xD8\xFF".to_vec());
    let pdf = ("同意書.pdf".to_owned(), b"%PDF-1.7 and more".to_vec());
    vec![
        ("name-extra-month", found(&[day(&sub1, "朝食")], &known)),
        ("control-character", found(&[day(&sub1, "朝\u{0}食")], &known)),
        ("necessary-missing", found(std::slice::from_ref(&info), &known)),
        ("image-missing", found(&[info, picture], &known)),
        ("blank-line", found(&[blank], &known)),
        ("record-too-long", found(&[long], &known)),
        ("attachment-type", found(&[("a.exe".to_owned(), b"MZ".to_vec())], &known)),
        ("attachment-too-large", found(&[pdf], &Known { attachment_limit: Some(5), ..known })),
        ("sender-not-us", found(&[take_back(SOUTH, NORTH, "20260425173001")], &us)),
        ("receiver-unknown", found(std::slice::from_ref(&one), &Known { directory: Some(&nobody), ..known })),
        ("receiver-mixed", found(&[one.clone(), other], &Known { one_parcel: true, ..known })),
        ("already-sent", found(std::slice::from_ref(&one), &Known { already_sent: Some(&sent), ..known })),
        ("newer-already-sent", found(std::slice::from_ref(&one), &Known { newest_sent: Some(&newest), ..known })),
    ]
}

#[test]
fn each_of_these_finds_its_rule() {
    for (rule, found) in cases() {
        assert!(found.iter().any(|id| id == rule), "{rule}: {found:?}");
    }
}

#[test]
fn no_rule_is_without_a_case() {
    let book: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
        toml::from_str(include_str!("../assets/standard/rules.toml")).unwrap();
    let all: BTreeSet<String> = book.into_values().flat_map(BTreeMap::into_keys).collect();
    let samples = Samples::of_seed(1);
    let broken = samples.broken().into_iter().flat_map(|set| found(&files_of(&set.folder), &Known::default()));
    let caught: BTreeSet<String> = broken.chain(cases().into_iter().flat_map(|(_, found)| found)).collect();
    assert_eq!(all.difference(&caught).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn what_the_standard_leaves_unclear_refuses_no_file() {
    let errors = |name: &str, line: &str| -> Vec<String> {
        let bytes = cp932::encode(line, cp932::Form::Ibm).unwrap();
        let checked: Checked = check(&[Input { name, bytes: &bytes }], &Known::default());
        checked
            .findings()
            .filter(|f| f.severity == tayori::standard::Severity::Error)
            .map(|f| f.rule.id().to_owned())
            .collect()
    };
    let name = take_back(NORTH, SOUTH, "20260425173001").0;
    for version in ["202407", "202410", "202504", "202404"] {
        assert_eq!(errors(&name, &format!("{version},312025,3100000001,202605\r\n")), Vec::<String>::new());
    }
    assert_eq!(
        errors(&name, "\"202407\",\"312025\",\"3100000001\",\"202605\"\r\n"),
        Vec::<String>::new(),
        "every field quoted"
    );
    let benefit = format!("UPSIKYU_202605_{NORTH}_43_{SOUTH}_11_20260425173001.CSV");
    let row = |no: usize, text: &str| {
        let mut row = vec![String::new(); 37];
        for (no, text) in [
            (1, "202407"),
            (2, "312025"),
            (3, "3100000001"),
            (4, "20260425"),
            (5, "202605"),
            (7, "9999999999"),
            (9, "999999"),
            (13, "0"),
            (16, "0"),
            (33, "0"),
            (no, text),
        ] {
            row[no - 1] = text.to_owned();
        }
        row.join(",") + "\r\n"
    };
    assert_eq!(errors(&benefit, &row(30, "12345")), ["orphan-child"], "前月までの利用日数 of five digits");
    assert_eq!(errors(&benefit, &row(17, "1234567")), ["orphan-child"], "サービス単位 of seven digits");
    assert_eq!(errors(&benefit, &row(16, "1234")), ["orphan-child", "too-long"], "回数 of four digits");
}

#[test]
fn the_persons_name_stands_in_the_message_where_it_came_along() {
    let samples = Samples::of_seed(1);
    let broken = samples.broken().into_iter().find(|set| set.rule == "person-not-for-receiver").unwrap();
    let files = files_of(&broken.folder);
    let inputs: Vec<Input<'_>> = files.iter().map(|(name, bytes)| Input { name, bytes }).collect();
    let checked = check(&inputs, &Known::default());
    let finding = checked.findings().find(|finding| finding.rule.id() == broken.rule).unwrap();
    assert!(finding.message.contains("さん: 送り先の事業所"), "{}", finding.message);
}

#[test]
fn of_many_findings_of_a_rule_the_first_hundred_are_kept_and_the_rest_counted() {
    let name = take_back(NORTH, SOUTH, "20260425173001").0;
    let bytes = b"202407,1,3100000001,202605\r\n".repeat(2000);
    let checked = check(&[Input { name: &name, bytes: &bytes }], &Known::default());
    let wrong: Vec<_> = checked.findings().filter(|f| f.rule.id() == "insurer-no-form").collect();
    assert_eq!(wrong.len(), 101);
    assert_eq!(wrong[100].message, "同じ指摘がほかに1900件あります。");
}
