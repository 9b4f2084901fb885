//! `tayori check` and `tayori show` on real folders.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

mod samples;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use samples::{Samples, files_of};
use tayori::cli::check::{CheckOptions, Format, Outcome, run};
use tayori::cli::show;

fn check(paths: &[PathBuf], options: &CheckOptions) -> (Outcome, String) {
    let mut out = Vec::new();
    let outcome = run(paths, options, &mut out).expect("writing to memory works");
    (outcome, String::from_utf8(out).expect("what people read is UTF-8"))
}

fn check_json(paths: &[PathBuf], options: CheckOptions) -> (Outcome, serde_json::Value) {
    let (outcome, text) = check(paths, &CheckOptions { format: Format::Json, ..options });
    (outcome, serde_json::from_str(&text).expect("one JSON object"))
}

fn rules(report: &serde_json::Value) -> Vec<String> {
    let files = report["files"].as_array().unwrap().iter();
    let findings = files.flat_map(|file| file["findings"].as_array().unwrap());
    findings.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_good_folder_ends_with_0_and_every_broken_one_says_its_rule() {
    let samples = Samples::of_seed(3);
    let (outcome, report) = check_json(&[samples.path().join("good")], CheckOptions::default());
    assert_eq!((outcome, rules(&report)), (Outcome::Fine, vec![]));
    assert_eq!(report["summary"], serde_json::json!({ "errors": 0, "warnings": 0, "notes": 0 }));
    for broken in samples.broken() {
        let (outcome, report) = check_json(std::slice::from_ref(&broken.folder), CheckOptions::default());
        let file = report["files"]
            .as_array()
            .unwrap()
            .iter()
            .find(|file| file["path"].as_str().unwrap().ends_with(&broken.file));
        let file = file.unwrap_or_else(|| panic!("{} is not in the report", broken.file));
        let finding =
            file["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == broken.rule.as_str());
        let finding = finding.unwrap_or_else(|| panic!("{}: {file:#}", broken.rule));
        assert_eq!(outcome == Outcome::Troubled, report["summary"]["errors"] != 0);
        for part in ["message", "hint"] {
            let text = finding[part].as_str().unwrap();
            assert!(text.ends_with('。') && !text.contains(['{', '}']), "{}: {text}", broken.rule);
        }
    }
}

#[test]
fn one_set_is_told_with_receiver_serial_unit_and_files() {
    let samples = Samples::of_seed(1);
    let planner =
        samples.good().into_iter().find(|folder| files_of(folder).iter().any(|(name, _)| name.starts_with("UP3KYO")));
    let (_, report) = check_json(&[planner.unwrap()], CheckOptions::default());
    let sets = report["sets"].as_array().unwrap();
    let set = sets.iter().find(|set| set["unit"] == "A").expect("tables 1 to 3");
    let names: Vec<&str> = set["files"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(set["serial"].as_str().unwrap().len(), 14);
    assert!(names.iter().all(|name| name.contains(set["receiver"].as_str().unwrap())));
}

#[test]
fn as_another_office_the_sender_is_wrong() {
    let samples = Samples::of_seed(1);
    let folder = samples.good().swap_remove(0);
    let known = |office: &str| CheckOptions { as_office: Some(office.parse().unwrap()), ..CheckOptions::default() };
    let us = folder.file_name().unwrap().to_str().unwrap();
    assert_eq!(check_json(std::slice::from_ref(&folder), known(us)).0, Outcome::Fine);
    let (outcome, report) = check_json(&[folder], known("9999999999"));
    assert_eq!(outcome, Outcome::Troubled);
    assert!(rules(&report).iter().all(|rule| rule == "sender-not-us"));
}

#[test]
fn what_cannot_be_read_gets_a_sentence_and_the_rest_goes_on() {
    let samples = Samples::of_seed(1);
    let good = samples.good().swap_remove(0);
    let missing = samples.path().join("UPPLAN_202605_3171000024_43_3191000031_11_20260425173001.CSV");
    let (outcome, text) = check(&[missing.clone(), good], &CheckOptions::default());
    assert_eq!(outcome, Outcome::Troubled);
    assert!(text.contains("ファイルが見つかりません。"), "{text}");
    assert!(text.contains("誤り 1　注意 0"), "{text}");
    fs::create_dir(&missing).unwrap();
    let (outcome, text) = check(&[missing], &CheckOptions::default());
    assert_eq!(outcome, Outcome::Fine, "an empty folder, whatever its name: {text}");
}

#[test]
fn a_file_named_outright_is_judged_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    for (name, bytes, rule) in [
        ("お知らせ.docx", &b"PK\x03\x04"[..], Some("attachment-type")),
        ("写真.jpg", b"MZ\x90", Some("attachment-type")),
        ("写真.png", b"\x89PNG\r\n\x1A\n....", None),
        ("同意書.pdf", b"%PDF-1.7", None),
        ("memo.txt", "介護".as_bytes(), None),
        ("memo2.txt", b"\0\0", Some("attachment-type")),
        ("計画.csv", b"1,2\r\n", Some("name-unknown-kind")),
    ] {
        let (_, report) = check_json(&[put(name, bytes)], CheckOptions::default());
        assert_eq!(rules(&report), rule.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn shown_is_what_a_person_reads() {
    let samples = Samples::of_seed(1);
    let file = |start: &str| -> PathBuf {
        let in_folder = |folder: &PathBuf| {
            let names = files_of(folder).into_iter().map(|(name, _)| name);
            names.filter(|name| name.starts_with(start)).map(|name| folder.join(name)).next()
        };
        samples.good().iter().find_map(in_folder).unwrap()
    };
    let show = |path: &Path, format| {
        let mut out = Vec::new();
        assert_eq!(show::run(path, format, &mut out).unwrap(), Outcome::Fine);
        String::from_utf8(out).unwrap()
    };
    let text = show(&file("UPPLAN_"), Format::Text);
    for part in ["第6表（サービス利用票）予定", "対象年月", "2026年5月", "サービス利用日"] {
        assert!(text.contains(part), "{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&show(&file("UPHOSOKU_"), Format::Json)).unwrap();
    let sex = &json["rows"][0]["fields"][6];
    assert_eq!(sex["name"], "利用者性別");
    assert!(["男性", "女性"].contains(&sex["value"].as_str().unwrap()));
}

#[derive(clap::Parser)]
struct Fix {
    #[command(flatten)]
    args: tayori::cli::fix::FixArgs,
}

fn fix(path: &Path, args: &[&str]) -> (Outcome, String) {
    let line = ["fix", path.to_str().unwrap()].into_iter().chain(args.iter().copied());
    let mut out = Vec::new();
    let outcome = <Fix as clap::Parser>::try_parse_from(line).unwrap().args.run(&mut out).unwrap();
    (outcome, String::from_utf8(out).unwrap())
}

#[test]
fn what_can_be_repaired_is_fine_afterwards_and_the_original_stays() {
    let samples = Samples::of_seed(2);
    let repairable =
        ["encoding-utf8", "line-end-not-crlf", "header-row", "name-service-unknown", "service-out-of-scope"];
    let mut repaired = 0;
    for broken in samples.broken().into_iter().filter(|broken| repairable.contains(&broken.rule.as_str())) {
        let path = broken.folder.join(&broken.file);
        let before = fs::read(&path).unwrap();
        let wishes: &[&str] = match broken.rule.as_str() {
            "name-service-unknown" => &["--sender-service", "43"],
            "service-out-of-scope" => &["--row-service", "33=11"],
            _ => &[],
        };
        let (outcome, text) = fix(&path, wishes);
        assert!(outcome == Outcome::Fine && text.contains(" → "), "{text}");
        assert!(!broken.folder.join("修正済み").exists(), "nothing is written before --apply");
        let (outcome, text) = fix(&path, &[wishes, &["--apply"]].concat());
        assert_eq!(outcome, Outcome::Fine, "{text}");
        let (_, report) = check_json(&[broken.folder.join("修正済み")], CheckOptions::default());
        assert!(!rules(&report).contains(&broken.rule), "{report:#}");
        assert_eq!(fs::read(&path).unwrap(), before);
        let (outcome, text) = fix(&path, &[wishes, &["--apply"]].concat());
        assert!(outcome == Outcome::Troubled && text.contains("同じ名前のファイルがもうあります"), "{text}");
        repaired += 1;
    }
    assert_eq!(repaired, 6);
}

#[cfg(unix)]
#[test]
fn a_file_of_two_gigabytes_is_neither_shown_nor_repaired_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("UPPLAN_202605_3170000001_43_3190000002_11_20260425173001.CSV");
    fs::File::create(&path).unwrap().set_len(2 << 30).unwrap();
    for command in ["show", "fix"] {
        let run = Command::new(env!("CARGO_BIN_EXE_tayori")).arg(command).arg(&path).output().unwrap();
        assert_eq!(run.status.code(), Some(1), "{command}");
        let said = String::from_utf8(run.stdout).unwrap();
        assert!(said.contains("64MBを超えるので開けません"), "{command}: {said}");
    }
}
