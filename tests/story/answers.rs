//! Answers that get lost, and parcels that trouble nobody but themselves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tayori::link::{HubLink, Link as _, LinkError};
use tayori::parcel::ParcelId;
use tayori::wire::ProblemCode;

use crate::crooked::{Answer, Crooked, Deed};
use crate::world::{Chance, NORTH, Office, SOUTH, Town, files_in, report, report_name};

/// North sends whatever waits, and nothing new.
const SEND: [&str; 3] = ["send", "--to", NORTH.number];

/// The hub as an office's own program would call it.
pub fn link(town: &Town, office: &Office) -> HubLink {
    office.link(town)
}

fn id_in(path: &str) -> String {
    path.split(['/', '?']).nth(3).unwrap().to_owned()
}

#[test]
fn d2_lost_answers_make_no_doubles() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let chance = Mutex::new(Chance::of(4));
    // Of every request that changes something, a third is answered and nobody hears it.
    let lossy = move |request: &crate::crooked::Request| match (
        request.method.as_str(),
        chance.lock().unwrap().between(0, 5),
    ) {
        ("PUT" | "POST", 0) => Deed::Lose,
        ("PUT" | "POST", 1) => Deed::Tear,
        _ => Deed::Pass,
    };
    let lossy = Arc::new(lossy);
    let (for_north, for_south) = (Arc::clone(&lossy), lossy);
    let before_north = Crooked::before(&town, &north, move |request| for_north(request));
    let _before_south = Crooked::before(&town, &south, move |request| for_south(request));
    let queued = north.queue(&north.put_out_reports(40), &south);
    let mut tries = 0;
    while !north.list("outbox").is_empty() {
        north.retry_all();
        north.run(&SEND);
        tries += 1;
        assert!(tries < 100, "it does not get less: {:?}", north.list("outbox"));
    }
    assert!(before_north.seen().iter().filter(|request| request.is_put()).count() > 45, "nothing was lost");
    let kept: Vec<String> = town.kept().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(kept.len(), 40);
    assert!(queued.iter().all(|id| kept.contains(id)));
    while !south.run(&["receive"]).is_fine() {}
    assert_eq!(files_in(&south.import).len(), 40);
    while !north.run(&["receive"]).is_fine() {}
    assert_eq!(north.states("sent"), ["arrived"; 40], "lost answers to receipts are made good, too");
}

#[test]
fn d3_the_id_and_the_bytes_stay_the_same_on_every_retry_and_after_a_restart() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let tries = Mutex::new(BTreeMap::<String, u32>::new());
    let before = Crooked::before(&town, &north, move |request| {
        if !request.is_put() {
            return Deed::Pass;
        }
        let mut tries = tries.lock().unwrap();
        let tried = tries.entry(id_in(&request.path)).or_default();
        *tried += 1;
        match *tried {
            1 => Deed::Break,
            2 => Deed::Lose,
            3 => Deed::Say(Answer::problem(503, "hub-troubled")),
            4 => Deed::Tear,
            _ => Deed::Pass,
        }
    });
    let queued = north.queue(&north.put_out_reports(2), &south);
    // Each `send` is a new process: what it knows of the one before is on the disk.
    for _ in 0..10 {
        north.retry_all();
        north.run(&SEND);
    }
    let mut bytes: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for request in before.seen().into_iter().filter(crate::crooked::Request::is_put) {
        bytes.entry(id_in(&request.path)).or_default().push(request.body);
    }
    assert_eq!(bytes.keys().cloned().collect::<Vec<_>>(), queued);
    for (id, bodies) in bytes {
        assert_eq!(bodies.len(), 5, "{id}");
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{id} was sealed anew");
    }
    assert_eq!(town.kept().len(), 2);
    assert_eq!(north.states("sent"), ["accepted", "accepted"]);
}

#[test]
fn an_acceptance_nobody_heard_is_found_in_the_list_of_what_was_sent() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let before = Crooked::before(&town, &north, |request| if request.is_put() { Deed::Lose } else { Deed::Pass });
    north.put_out_reports(1);
    north.run(&["send"]).says("連携基盤につながりません");
    assert_eq!(north.list("outbox").len(), 1);
    assert_eq!(town.kept().len(), 1, "the hub has it");
    let puts = || before.seen().iter().filter(|request| request.is_put()).count();
    let tried = puts();
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["accepted"]);
    assert!(north.list("outbox").is_empty());
    assert_eq!(puts(), tried, "and was not sent again");
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))]);
}

#[test]
fn d6_a_repeat_gets_the_first_answer() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    let (id, sealed) = (ParcelId::new(), b"sealed bytes".to_vec());
    let first = link(&town, &north).put(id, south.number(), &sealed).unwrap();
    assert_eq!(link(&town, &north).put(id, south.number(), &sealed).unwrap(), first);
    town.kill_hub();
    town.start_hub();
    assert_eq!(link(&town, &north).put(id, south.number(), &sealed).unwrap(), first, "also after a restart");
    assert_eq!(town.kept().len(), 1);
    let problem = |answer: Result<_, LinkError>| match answer {
        Err(LinkError::Problem(problem)) => problem.code,
        other => panic!("{other:?}"),
    };
    let put = |to: &Office, bytes: &[u8]| link(&town, &north).put(id, to.number(), bytes);
    assert_eq!(problem(put(&south, b"other bytes")), ProblemCode::IdTaken);
    assert_eq!(problem(put(&north, &sealed)), ProblemCode::IdTaken);
    assert_eq!(put(&south, &sealed).unwrap(), first, "a wrong one in between changes nothing");
}

#[test]
fn d11_a_parcel_the_hub_chokes_on_holds_up_no_other() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let queued = north.queue(&north.put_out_reports(12), &south);
    let (choked, broken) = (queued[0].clone(), queued[1].clone());
    let _before = Crooked::before(&town, &north, move |request| {
        if request.is_put() && request.path.contains(&choked) {
            Deed::Say(Answer::problem(500, "other"))
        } else if request.is_put() && request.path.contains(&broken) {
            Deed::Break
        } else {
            Deed::Pass
        }
    });
    // The broken line ends the first round; in the second that parcel is not due yet.
    north.run(&SEND);
    north.run(&SEND);
    let kept: Vec<String> = town.kept().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(kept, queued[2..]);
    let waiting = north.list("outbox");
    assert_eq!(waiting.len(), 2);
    assert!(waiting.iter().all(|line| line["state"] == "waiting"), "both are tried again: {waiting:?}");
}

#[test]
fn d11_parcels_that_cannot_be_fetched_or_opened_hold_up_no_other() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let poison = ParcelId::new();
    link(&town, &north).put(poison, south.number(), b"nothing that was ever sealed").unwrap();
    let queued = north.queue(&north.put_out_reports(12), &south);
    north.must(&SEND);
    let (damaged, torn, silent) = (queued[0].clone(), queued[1].clone(), queued[2].clone());
    let mended = Arc::new(AtomicBool::new(false));
    let whole = Arc::clone(&mended);
    let before = Crooked::before(&town, &south, move |request| {
        if !request.is("GET", "/v1/parcels/") || whole.load(Ordering::Relaxed) {
            Deed::Pass
        } else if request.path.contains(&damaged) {
            Deed::Change(Box::new(|mut answer| {
                answer.body[100] ^= 1;
                answer
            }))
        } else if request.path.contains(&torn) {
            Deed::Tear
        } else if request.path.contains(&silent) {
            Deed::Break
        } else {
            Deed::Pass
        }
    });
    south.run(&["receive"]);
    let came: Vec<String> = files_in(&south.import).into_iter().map(|(name, _)| name).collect();
    assert_eq!(came, (3..12).map(report_name).collect::<Vec<_>>(), "the others are here");
    assert_eq!(south.states("inbox")[0], "refused", "the poisoned one is shown");
    let list = link(&town, &north).sent(0).unwrap();
    let said = list.parcels.iter().find(|entry| entry.id == poison).unwrap();
    assert_eq!(said.receipts.len(), 1, "and its sender is told");

    mended.store(true, Ordering::Relaxed);
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import).len(), 12, "what was damaged on the way comes when the way is good");
    let fetched = |id: &str| before.seen().iter().filter(|r| r.is("GET", &format!("/v1/parcels/{id}"))).count();
    assert_eq!(fetched(&poison.to_string()), 1, "what is refused is not fetched for ever");
}

#[test]
fn d11_a_receipt_the_hub_chokes_on_holds_up_no_other() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let queued = north.queue(&north.put_out_reports(5), &south);
    north.must(&SEND);
    let choked = queued[0].clone();
    let _before = Crooked::before(&town, &south, move |request| {
        if request.method == "POST" && request.path.contains(&choked) {
            Deed::Say(Answer::problem(500, "other"))
        } else {
            Deed::Pass
        }
    });
    south.run(&["receive"]);
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["accepted", "arrived", "arrived", "arrived", "arrived"]);
    south.call_instead(&town.url());
    south.must(&["receive"]);
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived"; 5], "it was kept");
}

#[test]
fn d7_a_refused_parcel_does_not_block_the_corrected_one() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.put_out_reports(1);
    // What arrives cannot be opened: the way between north and the hub damages the seal and says so to nobody.
    let before = Crooked::before(&town, &north, |request| if request.is_put() { Deed::Break } else { Deed::Pass });
    north.run(&["send"]).says("送信待ち");
    drop(before);
    north.call_instead(&town.url());
    let id: ParcelId = north.list("outbox")[0]["id"].as_str().unwrap().parse().unwrap();
    damage_seal(&north, id);
    north.retry_all();
    north.must(&SEND);
    south.run(&["receive"]).says("封を開けられませんでした");
    assert_eq!(south.states("inbox"), ["refused"]);
    assert_eq!(files_in(&south.import), []);
    north.run(&["receive"]);
    assert_eq!(north.states("sent"), ["refused"]);
    assert_eq!(north.list("sent")[0]["failure"], "refused-by-receiver");

    // The clerk sends it again: the same file, under the same name and serial.
    let again = north.must(&["send", "--format", "json"]);
    assert_eq!(again.json()["sent"], 1, "what was refused counts as not sent");
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))]);
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["refused", "arrived"]);
}

/// Changes a byte of a sealed parcel that waits in the outbox, and makes its digest fit again.
fn damage_seal(office: &Office, id: ParcelId) {
    let mut terminal = office.profile().terminal().unwrap();
    let mut sealed = terminal.history.sealed(id).unwrap().expect("sealed before the first try");
    let middle = sealed.len() / 2;
    sealed[middle] ^= 1;
    terminal.history.keep_sealed(id, &sealed, &tayori::parcel::sha256_hex(&sealed)).unwrap();
}
