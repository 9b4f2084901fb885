//! `docs/promises.md` names the tests of each promise, and every test it names is there.
//!
//! A test belongs to the promises its name begins with. `make promises` (this test with `TAYORI_WRITE_PROMISES=1`) writes
//! the column of tests anew; what a promise is, and what is to be said about it, is written by hand.

use std::collections::{BTreeMap, BTreeSet};
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

/// Every test whose name begins with promises: the promise, then name and file.
fn tests(root: &Path) -> BTreeMap<String, BTreeSet<(String, String)>> {
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for path in ["src", "tests"].into_iter().flat_map(|folder| rust_files(&root.join(folder))) {
        let text = fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        let mut marked = false;
        for line in text.lines().map(str::trim) {
            marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let Some(rest) = line.trim_start_matches("async ").strip_prefix("fn ") else { continue };
            if std::mem::take(&mut marked) {
                let name = rest.split(['(', '<']).next().unwrap();
                let ids = name.split('_').map(str::to_ascii_uppercase);
                for id in ids.take_while(|part| PROMISES.split_whitespace().any(|id| id == part)) {
                    found.entry(id).or_default().insert((name.to_owned(), file.clone()));
                }
            }
        }
    }
    found
}

/// The tests a cell names: `` `name` (file) ``.
fn named(cell: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut pieces = cell.split('`').skip(1);
    while let (Some(name), Some(after)) = (pieces.next(), pieces.next()) {
        let file = after.strip_prefix(" (").and_then(|rest| rest.split(')').next()).expect("a name has its file");
        found.insert((name.to_owned(), file.to_owned()));
    }
    found
}

fn cells(row: &str) -> [&str; 4] {
    let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
    cells.try_into().unwrap_or_else(|cells| panic!("four cells: {cells:?}"))
}

#[test]
fn every_promise_has_its_row_and_every_test_that_is_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("docs/promises.md");
    let mut text = fs::read_to_string(&path).unwrap();
    let tests = tests(root);
    if std::env::var_os("TAYORI_WRITE_PROMISES").is_some() {
        let rows = text.lines().map(|line| match is_row(line) {
            true => {
                let [id, promise, _, said] = cells(line);
                let all = tests.get(id).into_iter().flatten().map(|(name, file)| format!("`{name}` ({file})"));
                let all = all.collect::<Vec<_>>().join(", ");
                let said = if all.is_empty() || !said.starts_with("not yet") { said } else { "" };
                format!("| {id} | {promise} | {all} | {said} |\n")
            }
            false => format!("{line}\n"),
        });
        text = rows.collect();
        fs::write(&path, &text).unwrap();
    }
    let rows: Vec<[&str; 4]> = text.lines().filter(|line| is_row(line)).map(cells).collect();
    let ids: Vec<&str> = rows.iter().map(|[id, ..]| *id).collect();
    assert_eq!(ids, PROMISES.split_whitespace().collect::<Vec<_>>());
    for [id, _, tested, said] in &rows {
        let (named, there) = (named(tested), tests.get(*id).cloned().unwrap_or_default());
        let gone: Vec<_> = named.difference(&there).collect();
        assert!(
            gone.is_empty(),
            "{id}: these are not there (any more): {gone:?}. `make promises` writes the table anew"
        );
        assert!(!named.is_empty() || !said.is_empty(), "{id} names no test and does not say why");
    }
}

fn is_row(line: &str) -> bool {
    line.starts_with("| ") && !line.starts_with("| id ")
}
