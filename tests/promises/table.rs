//! `docs/promises.md` names the test of each promise: each promise stands there, and each test it names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The promises there are, in the order they were made.
const PROMISES: &str = "D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 R1 R2 R3 R4 R5 R6 T1 T2 T3 T4 V1 V2 V3 V4 V5 \
                        S1 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11 S12 B1 B2 B3 B4 B5";

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => rust_files(&path),
            false if path.extension().is_some_and(|ending| ending == "rs") => vec![path],
            false => Vec::new(),
        })
        .collect()
}

/// Every test of the package: where it is, and what it is called.
fn tests(root: &Path) -> BTreeSet<(String, String)> {
    let files = ["src", "tests"].into_iter().flat_map(|folder| rust_files(&root.join(folder)));
    let mut found = BTreeSet::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        let mut marked = false;
        for line in text.lines().map(str::trim) {
            marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test") || line.starts_with("proptest!");
            if let Some(rest) = line.trim_start_matches("async ").strip_prefix("fn ")
                && marked
            {
                found.insert((file.clone(), rest.split(['(', '<']).next().unwrap().to_owned()));
                marked = text.contains("proptest!");
            }
        }
    }
    found
}

/// The tests a row names: `` `name` (file) ``.
fn named(row: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut pieces = row.split('`').skip(1);
    while let (Some(name), Some(after)) = (pieces.next(), pieces.next()) {
        if let Some(file) = after.strip_prefix(" (").and_then(|rest| rest.split(')').next()) {
            found.push((file.to_owned(), name.to_owned()));
        }
    }
    found
}

#[test]
fn every_promise_has_its_row_and_every_test_that_is_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("docs/promises.md")).unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id")).collect();
    let ids: Vec<&str> = rows.iter().map(|row| row.trim_start_matches("| ").split(' ').next().unwrap()).collect();
    assert_eq!(ids, PROMISES.split_whitespace().collect::<Vec<_>>());
    let tests = tests(root);
    for (id, row) in ids.iter().zip(&rows) {
        let named = named(row);
        assert!(!named.is_empty() || row.contains("not yet"), "{id} names neither a test nor why there is none");
        for test in named {
            assert!(tests.contains(&test), "{id}: there is no {} in {}", test.1, test.0);
        }
    }
}
