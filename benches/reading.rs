//! All checks of a large 第6表 against the csv crate that only splits the same bytes, in the same run.
//!
//! `cargo bench --bench reading` writes one line per measurement. `TAYORI_BENCH_MB` (200) sets the size.
//! The target is half the floor's speed, with memory that does not grow with the file.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may fail where it stands")]

use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::{Seek, Write as _};
use std::time::{Duration, Instant};

use tayori::standard::{FileChecker, Input, Judged, Known, check, cp932, judge};

const NAME: &str = "UPPLAN_202605_3170000001_43_3190000002_11_20260425173001.CSV";
const RUNS: usize = 5;

fn main() {
    let small = table6(60 << 10, 1);
    let (_, first) = timed(|| check(&[Input { name: NAME, bytes: &small }], &Known::default()));
    let (_, again) = timed(|| check(&[Input { name: NAME, bytes: &small }], &Known::default()));
    println!("60 KB, the first check of a process (columns and codes are read then): {}", millis(first));
    println!("60 KB, the next: {}", millis(again));
    month_of_a_district(&small);
    large_file();
}

/// 300 files of 60 KB between 30 offices.
fn month_of_a_district(bytes: &[u8]) {
    let names: Vec<String> = (0..300)
        .map(|n| format!("UPPLAN_202605_3170000001_43_31900000{:02}_11_202604251730{:02}.CSV", 2 + n % 30, n / 30))
        .collect();
    let inputs: Vec<Input<'_>> = names.iter().map(|name| Input { name, bytes }).collect();
    let (checked, took) = timed(|| check(&inputs, &Known::default()));
    println!("300 files of 60 KB for 30 offices: {} ({} sets)", millis(took), checked.sets.len());
}

fn large_file() {
    let megabytes = std::env::var("TAYORI_BENCH_MB").ok().and_then(|mb| mb.parse().ok()).unwrap_or(200);
    let mut file = tempfile::tempfile().expect("a temporary file");
    let before = memory();
    {
        let bytes = table6(megabytes << 20, 7);
        file.write_all(&bytes).expect("room for the file");
    }
    let grown = memory();
    let judged = check_file(&mut file);
    println!("{megabytes} MB from disk: {} rows, {} persons", judged.rows(), judged.persons());
    if let (Some(before), Some(grown), Some(after)) = (before, grown, memory()) {
        println!("memory (kB): {before} before, {grown} with the file made and dropped, {after} after the check");
    }
    let checked = judge(vec![judged], &Known::default());
    // Without its 補足 the file has one warning; anything else would be a slow path that good files do not take.
    let rules: Vec<&str> = checked.findings().map(|finding| finding.rule.id()).collect();
    assert_eq!(rules, ["supplement-missing"]);

    let bytes = table6(megabytes << 20, 7);
    compare("rows person by person, as care software writes them", &bytes, 0.5);
    compare("the same rows shuffled, so that none repeats the one before", &shuffled(&bytes), 0.0);
}

/// Medians of both readers over the same bytes, run in turns.
fn compare(what: &str, bytes: &[u8], target: f64) {
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (fields, took) = timed(|| csv_fields(bytes));
        assert_eq!(fields % 25, 0);
        floor.push(took);
        let (judged, took) = timed(|| FileChecker::new(NAME, &Known::default()).read_from(bytes));
        assert_eq!(judged.expect("memory can be read").rows() * 25, fields);
        ours.push(took);
    }
    let speed = |times: &mut Vec<Duration>| {
        times.sort();
        bytes.len() as f64 / 1e6 / times[times.len() / 2].as_secs_f64()
    };
    let (floor, ours) = (speed(&mut floor), speed(&mut ours));
    println!("{what}:");
    println!("  csv crate, splitting only {floor:.0} MB/s, all checks {ours:.0} MB/s, ratio {:.2}", ours / floor);
    if target > 0.0 {
        println!("  target {target:.2}: {}", if ours / floor >= target { "reached" } else { "MISSED" });
    }
}

/// The records in another order; none of them holds a line break.
fn shuffled(bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let mut random = 1u64;
    for last in (1..lines.len()).rev() {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        lines.swap(last, (random >> 33) as usize % (last + 1));
    }
    lines.concat()
}

fn check_file(file: &mut File) -> Judged {
    file.rewind().expect("a file can be rewound");
    FileChecker::new(NAME, &Known::default()).read_from(file).expect("the file can be read")
}

fn csv_fields(bytes: &[u8]) -> u64 {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    let (mut record, mut fields) = (csv::ByteRecord::new(), 0);
    while reader.read_byte_record(&mut record).expect("the bytes are CSV") {
        fields += black_box(&record).len() as u64;
    }
    fields
}

/// 第6表 of about this many bytes, persons with 45 rows each, all of them right.
fn table6(size: usize, seed: u64) -> Vec<u8> {
    let names = ["介護　支援子", "髙橋　ケア", "山﨑　計画"];
    let goods = ["ベッド用手すり「安心」, 左右兼用", "車いす", ""];
    let mut random = seed;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (random >> 33) % below
    };
    let mut bytes = Vec::with_capacity(size + 300);
    let mut line = String::new();
    for person in 0u64.. {
        let (planner, own) = (names[next(3) as usize], next(9000));
        for row in 0..45u64 {
            let day = 1 + row % 31;
            let (code, units, start, end) =
                [("111111", 244, "0900", "0930"), ("151441", 658, "0930", "1640")][(row / 31) as usize];
            let good = goods[next(3) as usize];
            line.clear();
            write!(
                line,
                "202407,312025,{:010},20260425,202605,3170000001,\"{planner}\",{units},,202605{day:02},,{start},{end},1,{code},,,",
                3_100_000_000 + person
            )
            .expect("strings take text");
            write!(line, "\"{good}\",,3190000002,\"訪問介護ステーション{own}号\",,0,3170000001,\r\n")
                .expect("strings take text");
            bytes.extend(cp932::encode(&line, cp932::Form::Ibm).expect("all of it is CP932"));
            if bytes.len() >= size {
                return bytes;
            }
        }
    }
    bytes
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = black_box(work());
    (done, start.elapsed())
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// Resident memory now, in kB, where the system says so.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
