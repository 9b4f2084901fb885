//! T2: a terminal that is killed between the hub's word that a parcel is its own and the file's place in the folder.
//! Nothing is imported twice, nothing is lost, and whoever sits at another terminal sees who has it and can take it over.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::crooked::{Crooked, Deed};
use crate::together::{further, name};
use crate::world::{LONGEST, NORTH, Office, SOUTH, Town, ended, files_in, report, report_name};

/// North sends whatever waits, and nothing new.
const SEND: [&str; 3] = ["send", "--to", NORTH.number];

fn begin(office: &Office) -> Child {
    office.command(&["receive"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(signal: &str, process: u32) {
    // One that ended by itself a moment ago needs no signal any more.
    let _ = Command::new("kill").args([signal, &process.to_string()]).stderr(Stdio::null()).status();
}

/// The hub's clock goes on by so much, as far as claims are concerned.
fn minutes_pass(town: &Town, minutes: i64) {
    let store = rusqlite::Connection::open(town.hub_dir().join("hub.db")).unwrap();
    store.busy_timeout(Duration::from_secs(10)).unwrap();
    store.execute("UPDATE claim SET since = since - ?1", [minutes * 60_000]).unwrap();
}

/// What a list says of who imports a parcel.
fn importing(office: &Office, id: &str) -> serde_json::Value {
    office.list("inbox").iter().find(|line| line["id"] == id).unwrap()["importing"].clone()
}

/// Files of ours that stand beside their place, with the parcel each belongs to.
fn beside(folder: &Path) -> Vec<(PathBuf, String)> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let ours = names.filter_map(|path| {
        let tag = path.file_name()?.to_str()?.strip_prefix(".tayori-")?.strip_suffix(".part")?;
        let parcel = tag.rsplit_once('-')?.0.to_owned();
        Some((path, parcel))
    });
    ours.collect()
}

/// Two terminals of south that know of each other, and their names.
fn two_of(town: &Town, one: &Office) -> Office {
    name(one, "端末1");
    let two = further(one, 2, town);
    for office in [one, &two] {
        office.must(&["receive"]);
    }
    two
}

#[test]
fn t2_a_terminal_killed_right_after_its_claim_loses_nothing_and_another_takes_over() {
    let (town, [north, one]) = Town::of([NORTH, SOUTH]);
    let two = two_of(&town, &one);
    let id = north.queue(&north.put_out_reports(1), &one).remove(0);
    north.must(&SEND);
    // The hub has given the parcel to the terminal, and the terminal never hears it.
    let running = Arc::new(AtomicU32::new(0));
    let before = Crooked::before(&town, &one, {
        let running = Arc::clone(&running);
        move |request| {
            if request.is("POST", "/v1/claims") {
                let process = running.load(Ordering::Relaxed);
                return Deed::Change(Box::new(move |answer| {
                    signal("-9", process);
                    answer
                }));
            }
            Deed::Pass
        }
    });
    let receiving = begin(&one);
    running.store(receiving.id(), Ordering::Relaxed);
    assert_eq!(ended(receiving, LONGEST).code, None, "it was killed");
    drop(before);
    one.call_instead(&town.url());
    // The other one sees who has it, and must not have it as long as that one may be at work.
    two.must(&["receive"]);
    assert_eq!((files_in(&two.import).len(), importing(&two, &id)), (0, "端末1".into()));
    two.run(&["parcel", "take-over", &id]).says("端末「端末1」で取り込み中か、取り込み済みです");
    assert_eq!(files_in(&two.import), []);
    minutes_pass(&town, 3);
    two.must(&["receive"]);
    assert_eq!(files_in(&two.import), [], "by itself it does not pass on, however long it takes");
    two.must(&["parcel", "take-over", &id]);
    assert_eq!(files_in(&two.import), [(report_name(0), report(0))]);
    // The first one comes back to life.
    one.must(&["receive"]);
    assert_eq!(files_in(&one.import), []);
    assert_eq!(importing(&one, &id), "端末2");
    two.take_imports();
    for office in [&two, &one] {
        office.must(&["receive"]);
        assert_eq!(office.states("inbox"), ["imported"]);
    }
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["imported"]);
}

/// Lets a terminal receive and stops it while a file stands beside its place. Says which parcel's; `None` when it came to
/// its end before anybody saw that.
#[expect(clippy::zombie_processes, reason = "it ends here, or the caller ends it")]
fn stopped_before_the_rename(office: &Office) -> Option<(Child, String)> {
    let receiving = begin(office);
    let began = Instant::now();
    loop {
        if let Some((path, parcel)) = beside(&office.import).pop() {
            signal("-STOP", receiving.id());
            // What is still there now that nothing moves any more was not renamed.
            if path.exists() {
                return Some((receiving, parcel));
            }
            signal("-CONT", receiving.id());
        }
        let status = fs::read_to_string(format!("/proc/{}/stat", receiving.id())).unwrap_or_default();
        if status.contains(") Z ") || status.is_empty() {
            assert!(ended(receiving, LONGEST).is_fine());
            return None;
        }
        assert!(began.elapsed() < LONGEST, "it neither ends nor puts anything down");
    }
}

#[test]
fn t2_a_terminal_killed_before_the_rename_makes_no_double_and_leaves_nothing_behind() {
    const EACH: usize = 6;
    let (town, [north, one]) = Town::of([NORTH, SOUTH]);
    let two = two_of(&town, &one);
    let (mut sent, mut kills, mut taken_over) = (0, 0, Vec::new());
    while kills < 4 {
        assert!(sent < 40 * EACH, "it never stops where it should");
        let files: Vec<_> = (sent..sent + EACH).map(|n| north.put_out(&report_name(n), &report(n))).collect();
        sent += EACH;
        north.queue(&files, &one);
        north.must(&SEND);
        let Some((mut stopped, parcel)) = stopped_before_the_rename(&one) else { continue };
        let _ = stopped.kill();
        ended(stopped, LONGEST);
        kills += 1;
        if kills % 2 == 0 {
            // Its PC stays off, and somebody needs that parcel.
            two.must(&["receive"]);
            assert_eq!(importing(&two, &parcel), "端末1");
            two.run(&["parcel", "take-over", &parcel]).says("端末「端末1」で取り込み中か、取り込み済みです");
            minutes_pass(&town, 3);
            two.must(&["parcel", "take-over", &parcel]);
            taken_over.push(parcel);
        }
        one.must(&["receive"]);
        assert_eq!(beside(&one.import), [], "nothing of ours is left beside");
    }
    two.must(&["receive"]);
    let (mut came, of_two) = (files_in(&one.import), files_in(&two.import));
    assert_eq!(of_two.len(), taken_over.len(), "the other one has what it took over, and nothing else");
    came.extend(of_two);
    came.sort();
    let expected: Vec<_> = (0..sent).map(|n| (report_name(n), report(n))).collect();
    assert!(came == expected, "each came once: {} of {sent}", came.len());
    for id in &taken_over {
        assert_eq!(importing(&one, id), "端末2");
    }
    eprintln!("t2: {kills} kills before a rename among {sent} parcels, {} taken over", taken_over.len());
}
