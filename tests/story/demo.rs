//! The district on this machine, as a newcomer starts it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::world::{Chance, LONGEST, TAYORI, ended};

fn begin(dir: &Path) -> Child {
    let mut demo = Command::new(TAYORI);
    demo.args(["demo", "--headless", "--dir"]).arg(dir).stdout(Stdio::piped()).stderr(Stdio::piped());
    demo.spawn().unwrap()
}

/// Runs it to its end; how long it took is left out.
fn report(dir: &Path) -> Value {
    let run = ended(begin(dir), LONGEST * 2);
    assert!(run.is_fine(), "{run:?}");
    let mut report = run.json();
    report.as_object_mut().unwrap().remove("seconds").expect("it says how long it took");
    report
}

/// Every parcel that any hub or terminal of the district keeps, counted where it lies.
fn kept(dir: &Path) -> i64 {
    let store = rusqlite::Connection::open(dir.join("hub/hub.db")).unwrap();
    store.query_row("SELECT count(*) FROM parcel", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_month_goes_through_whole_and_a_second_run_adds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let first = report(dir.path());
    assert_eq!(first["files_identical"], true, "{first}");
    assert_eq!(first["files_sent"], first["files_delivered"], "{first}");
    assert!(first["files_sent"].as_u64() > Some(200), "{first}");
    assert_eq!(first["parcels_sent"], first["parcels_received"], "{first}");
    assert_eq!(first["offices"], 37, "{first}");
    let kept_first = kept(dir.path());
    assert_eq!(report(dir.path()), first);
    assert_eq!(kept(dir.path()), kept_first);
}

#[test]
fn a_month_that_is_cut_off_again_and_again_ends_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut chance = Chance::of(6);
    let mut kills = 0;
    // Early kills hit the preparations, later ones the exchange.
    for longest in [60, 200, 500, 1_000, 2_000, 3_000, 3_000] {
        let mut demo = begin(dir.path());
        std::thread::sleep(chance.millis(longest / 3, longest));
        let _ = demo.kill();
        kills += u32::from(ended(demo, LONGEST).code.is_none());
    }
    assert!(kills >= 3, "it was over before it was killed");
    let report = report(dir.path());
    assert_eq!(report["files_identical"], true, "{report}");
    assert_eq!(report["files_sent"], report["files_delivered"], "{report}");
    assert_eq!(report["parcels_sent"], report["parcels_received"], "{report}");
    assert_eq!(report["parcels_sent"], kept(dir.path()), "{report}");
}
