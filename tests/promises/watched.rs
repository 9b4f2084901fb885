//! T4 and R3: how soon somebody knows.

use std::fs;
use std::time::{Duration, Instant};

use tayori::link::Link as _;

use crate::world::{Chance, NORTH, SOUTH, Town, Watch, eventually, files_in, report, report_name};
use crate::{letter, link};

#[test]
fn t4_a_new_parcel_is_noticed_within_five_seconds() {
    const COUNT: usize = 25;
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let hub = link(&town, &north);
    let _watch = Watch::of(&south);
    let send = |n: usize| {
        let (id, sealed) = letter(&north, &south, &report_name(n), &report(n));
        hub.put(id, south.number(), &sealed).unwrap();
    };
    // The first one shows that it is awake.
    send(COUNT);
    eventually("south is awake", || files_in(&south.import).len() == 1);
    let (mut chance, mut took) = (Chance::of(40), Vec::new());
    for n in 0..COUNT {
        // At any moment of its breath: right after the last one, or when it has waited for a while.
        std::thread::sleep(chance.millis(0, 600));
        send(n);
        let (sent, path) = (Instant::now(), south.import.join(report_name(n)));
        while !path.exists() {
            assert!(sent.elapsed() < Duration::from_secs(60), "it does not come");
            std::thread::sleep(Duration::from_millis(10));
        }
        took.push(sent.elapsed());
    }
    took.sort();
    println!("noticed after {:?} (median), {:?} (slowest of {COUNT})", took[COUNT / 2], took[COUNT - 1]);
    assert!(took[COUNT - 1] < Duration::from_secs(5), "{took:?}");
}

#[test]
fn r3_the_sender_learns_of_the_import_within_a_minute() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let _watches = [Watch::of(&north), Watch::of(&south)];
    north.queue(&north.put_out_reports(1), &south);
    let path = south.import.join(report_name(0));
    eventually("it is in the folder", || path.exists());
    eventually("the sender knows that it arrived", || north.states("sent") == ["arrived"]);
    // The care software takes it.
    fs::rename(&path, south.imported.join(report_name(0))).unwrap();
    let taken = Instant::now();
    eventually("the sender knows of the import", || north.states("sent") == ["imported"]);
    println!("the sender knew after {:?}", taken.elapsed());
    assert!(taken.elapsed() < Duration::from_secs(60), "{:?}", taken.elapsed());
}
