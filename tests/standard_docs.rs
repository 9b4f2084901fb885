//! The pages that are made from the code are as the code is.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

use std::fs;
use std::path::Path;

#[test]
fn the_list_of_checks_is_as_the_code_has_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks.md");
    let page = tayori::standard::checks_page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).expect("docs/ can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/checks.md is stale: UPDATE_DOCS=1 cargo test --test standard_docs writes it again");
}
