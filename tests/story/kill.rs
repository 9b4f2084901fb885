//! Programs killed at any moment: nothing lost, nothing twice.

use std::fs;
use std::process::Stdio;

use crate::crooked::Line;
use crate::world::{Chance, LONGEST, NORTH, Office, SOUTH, Town, ended, report, report_name};

const PARCELS: usize = 120;

/// Starts a command and goes on.
fn begin(office: &Office, args: &[&str]) -> std::process::Child {
    office.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// North sends whatever waits, and nothing new.
const SEND: [&str; 3] = ["send", "--to", NORTH.number];

/// What is in an office's outbox, without starting a program for it.
fn waiting(office: &Office) -> Vec<tayori::history::ParcelLine> {
    office.profile().terminal().unwrap().history.outbox().unwrap()
}

fn ids(office: &Office, which: &str) -> Vec<String> {
    let mut ids: Vec<_> = office.list(which).iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn kept_ids(town: &Town) -> Vec<String> {
    let mut ids: Vec<_> = town.kept().into_iter().map(|(id, ..)| id).collect();
    ids.sort();
    ids
}

/// Each parcel has come once, under the id it had from the start, and its file is the same to the byte.
fn all_is_well(town: &Town, north: &Office, south: &Office, ids_before: &[String]) {
    let count = ids_before.len();
    assert_eq!(kept_ids(town), ids_before, "at the hub");
    assert_eq!(ids(south, "inbox"), ids_before, "at the receiver");
    assert_eq!(ids(north, "sent"), ids_before, "at the sender");
    let expected: Vec<_> = (0..count).map(|number| (report_name(number), report(number))).collect();
    assert!(south.came() == expected, "other files came than went");
    south.must(&["receive"]);
    north.must(&["receive"]);
    assert!(north.states("sent").iter().all(|state| state != "accepted"), "each sender knows");
    let hidden = fs::read_dir(&south.import)
        .unwrap()
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with('.')));
    assert_eq!(hidden.count(), 0, "nothing of ours lies about in the import folder");
}

#[test]
fn d1_d2_d4_a_hub_killed_again_and_again_loses_nothing_and_doubles_nothing() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    let queued = north.queue(&north.put_out_reports(PARCELS), &south);
    let mut chance = Chance::of(1);
    let mut kills = 0;
    let mut rounds = 0;
    while !waiting(&north).is_empty() {
        rounds += 1;
        assert!(rounds < 200, "never sent: {:?}", waiting(&north));
        north.retry_all();
        let sending = begin(&north, &SEND);
        if kills < 8 {
            std::thread::sleep(chance.millis(60, 300 + 60 * kills));
            town.kill_hub();
            kills += 1;
            let kept = kept_ids(&town);
            ended(sending, LONGEST);
            let sent = ids(&north, "sent");
            assert!(sent.iter().all(|id| kept.contains(id)), "accepted, but the hub has it no more");
            town.start_hub();
        } else {
            ended(sending, LONGEST);
        }
    }
    assert!(kills >= 2, "it was over before the hub was killed: {kills}");
    kills = 0;
    while south.came().len() < PARCELS {
        let receiving = begin(&south, &["receive"]);
        if kills < 5 {
            std::thread::sleep(chance.millis(100, 900));
            town.kill_hub();
            kills += 1;
            ended(receiving, LONGEST);
            town.start_hub();
        } else {
            ended(receiving, LONGEST);
        }
    }
    all_is_well(&town, &north, &south, &queued);
}

#[test]
fn d3_d5_programs_killed_while_they_send_and_receive_lose_nothing_and_double_nothing() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let queued = north.queue(&north.put_out_reports(PARCELS), &south);
    let mut chance = Chance::of(2);
    // A kill that always comes too early would tell nothing about a later moment.
    let (mut kills, mut patience) = (0, 300);
    let mut rounds = 0;
    while !waiting(&north).is_empty() {
        rounds += 1;
        assert!(rounds < 200, "never sent: {:?}", waiting(&north));
        north.retry_all();
        let mut sending = begin(&north, &SEND);
        patience += 60;
        std::thread::sleep(chance.millis(patience / 3, patience));
        let _ = sending.kill();
        kills += u32::from(ended(sending, LONGEST).code.is_none());
    }
    assert!(kills >= 2, "it was over before it was killed");
    (kills, patience) = (0, 300);
    let mut taken = 0;
    while taken < PARCELS {
        let mut receiving = begin(&south, &["receive"]);
        patience += 60;
        std::thread::sleep(chance.millis(patience / 3, patience));
        let _ = receiving.kill();
        kills += u32::from(ended(receiving, LONGEST).code.is_none());
        // The care software is at work all the time, and does not look away for us.
        taken += south.take_imports();
    }
    assert!(kills >= 3, "it was over before it was killed");
    south.must(&["receive"]);
    all_is_well(&town, &north, &south, &queued);
}

#[test]
fn d1_d2_a_line_that_breaks_anywhere_loses_nothing_and_doubles_nothing() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let queued = north.queue(&north.put_out_reports(60), &south);
    let line = Line::to(town.address(), 3);
    north.call_instead(&line.url());
    south.call_instead(&line.url());
    let mut rounds = 0;
    while !waiting(&north).is_empty() {
        rounds += 1;
        assert!(rounds < 200, "never sent: {:?}", waiting(&north));
        north.retry_all();
        north.run(&SEND);
    }
    while !south.run(&["receive"]).is_fine() || south.came().len() < queued.len() {}
    assert!(line.broken() >= 10, "the line held: {} breaks", line.broken());
    north.call_instead(&town.url());
    south.call_instead(&town.url());
    all_is_well(&town, &north, &south, &queued);
}
