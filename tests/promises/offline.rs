//! D15: two weeks away, then all of it.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tayori::hub::authority::Authority;
use tayori::hub::mailbox::{self, Incoming, Put};
use tayori::hub::stores::Store;
use tayori::parcel::sha256_hex;

use crate::letter;
use crate::world::{NORTH, SOUTH, Town, files_in, report, report_name};

/// All of the promise where the program is built as people run it; a quarter of it where it is some ten times slower.
const PARCELS: usize = if cfg!(debug_assertions) { 250 } else { 1_000 };

#[test]
fn d15_a_thousand_parcels_after_two_weeks_away_are_here_within_five_minutes() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    let sealed: Vec<_> = (0..PARCELS).map(|n| letter(&north, &south, &report_name(n), &report(n))).collect();
    // They were accepted over the last two weeks, while south was away with the list of then.
    town.kill_hub();
    let now = Timestamp::now();
    let away_since = now.checked_sub(SignedDuration::from_hours(14 * 24)).unwrap();
    let authority = Authority::open(&town.hub_dir().join("ca")).unwrap();
    south.profile().terminal().unwrap().history.set_crl(&authority.crl(&[], 1, away_since).unwrap(), None).unwrap();
    let store = Store::open(&town.hub_dir().join("hub.db")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (n, (id, sealed)) in (0..).zip(sealed) {
        let (sender, receiver, digest) = (north.number(), south.number(), sha256_hex(&sealed));
        let then = away_since.checked_add(SignedDuration::from_mins(20) * n).unwrap();
        let parcel =
            Incoming { id, sender, receiver, digest, sealed: sealed.into(), by: tayori::hub::audit::Actor::hub() };
        assert!(matches!(runtime.block_on(mailbox::put(&store, parcel, then)).unwrap(), Put::New(_)));
    }
    drop(store);
    town.start_hub();

    let began = Instant::now();
    let mut receiving = south.command(&["receive"]).spawn().unwrap();
    while receiving.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(300), "{} so far", files_in(&south.import).len());
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("{PARCELS} parcels in {:?}", began.elapsed());
    assert!(receiving.wait().unwrap().success());
    let expected: Vec<_> = (0..PARCELS).map(|n| (report_name(n), report(n))).collect();
    assert!(files_in(&south.import) == expected, "each of them, and the same");
    north.must(&["receive"]);
    let states = south.states("inbox");
    assert!(states.len() == PARCELS && states.iter().all(|state| state == "arrived"));
}
