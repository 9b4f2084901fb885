//! A month end to end: what a planner's care software put out for some 30 partners is checked, sealed, sent through a
//! real hub over TLS, fetched, opened, checked, delivered, imported, and each receipt comes back.
//!
//! `cargo bench --bench month`. Offices and files are the demo's (37 offices, made up); all of them run in this one
//! process, one after the other, so that the figures are those of one PC. The last line is JSON.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may fail where it stands")]

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tayori::demo::{self, DemoOffice, District};
use tayori::engine::exchange::{Exchange, Round};
use tayori::engine::model::{SendRequest, State};
use tayori::engine::outgoing::Scope;
use tayori::folders::Pace;

const PLANNER: &str = "3191000017";
const AT_ONCE: Pace =
    Pace { quiet: Duration::ZERO, patience: Duration::from_secs(5), pause: Duration::from_millis(50) };

fn main() {
    let mut json = serde_json::Map::new();
    json.insert("bench".into(), "month".into());
    planner(&mut json);
    district(&mut json);
    println!("{}", serde_json::Value::Object(json));
}

/// One office's month, step by step.
fn planner(json: &mut serde_json::Map<String, serde_json::Value>) {
    let dir = tempfile::tempdir().unwrap();
    let district = District::open(dir.path()).unwrap();
    let planner = district.office(PLANNER.parse().unwrap()).unwrap().clone();
    let mut own = planner.profile.exchange().unwrap();
    let mut step = |what: &str, took: Duration| {
        println!("{what:58} {:7.0} ms", took.as_secs_f64() * 1e3);
        json.insert(format!("{}_ms", what.split(':').next().unwrap()), (took.as_millis() as u64).into());
    };
    let whole = Instant::now();

    // The check asks the directory who can receive.
    own.refresh_directory(Timestamp::now()).unwrap();
    let (parcels, took) = timed(|| queue(&planner, &mut own));
    step(&format!("check: read, check and queue, {parcels} parcels"), took);
    let mut round = Round::default();
    let now = Timestamp::now();
    let ((), took) = timed(|| {
        own.refresh_directory(now).unwrap();
        own.send_due(now, &mut round).unwrap();
    });
    assert_eq!(round.sent, parcels, "{round:?}");
    step(&format!("send: seal and send, {} parcels", round.sent), took);

    let mut receivers: Vec<(DemoOffice, Exchange)> = own
        .terminal
        .history
        .sent()
        .unwrap()
        .iter()
        .map(|line| district.office(line.partner).unwrap().clone())
        .map(|office| (office.clone(), office.profile.exchange().unwrap()))
        .collect();
    let ((files, longest), took) = timed(|| {
        let (mut files, mut longest) = (0, Duration::ZERO);
        for (office, exchange) in &mut receivers {
            let (took_files, took) = timed(|| receive(office, exchange));
            (files, longest) = (files + took_files, longest.max(took));
        }
        (files, longest)
    });
    step(&format!("receive: {} partners, one after the other, {files} files", receivers.len()), took);
    step("receive_longest: of one partner, whole round", longest);
    let (_, took) = timed(|| own.read_sent(Timestamp::now(), &mut Round::default()).unwrap());
    let states: Vec<State> = own.terminal.history.sent().unwrap().into_iter().map(|line| line.state).collect();
    assert!(states.iter().all(|state| *state == State::Imported), "{states:?}");
    step(&format!("receipts: read and verified, {} parcels imported", states.len()), took);
    step("planner: the whole month of one planner", whole.elapsed());
}

/// The month of the whole district, as `tayori demo --headless` runs it.
fn district(json: &mut serde_json::Map<String, serde_json::Value>) {
    let dir = tempfile::tempdir().unwrap();
    let district = District::open(dir.path()).unwrap();
    let report = demo::run(&district, |_| ()).unwrap();
    assert!(report.files_identical);
    println!(
        "district: {} offices, {} parcels, {} files, all the same to the byte: {:.2} s",
        report.offices, report.parcels_received, report.files_delivered, report.seconds
    );
    json.insert("district_seconds".into(), report.seconds.into());
    json.insert("district_parcels".into(), report.parcels_received.into());
}

/// All that lies in the outgoing folder, into the outbox. Says how many parcels.
fn queue(office: &DemoOffice, exchange: &mut Exchange) -> usize {
    let outgoing = office.profile.settings.outgoing.clone();
    let examined = exchange
        .terminal
        .examine(&[outgoing], &[], Scope::Unsent, AT_ONCE, &mut |_, _| true)
        .unwrap()
        .expect("looked through");
    let now = Timestamp::now();
    let parcels: Vec<_> = examined
        .bundles
        .iter()
        .filter(|bundle| bundle.may_be_sent())
        .map(|bundle| {
            let paths = bundle.files.iter().map(|file| file.path.clone()).collect();
            let request = SendRequest::new(bundle.receiver, paths, "5月分です。");
            exchange.terminal.prepare(&request, AT_ONCE, now).expect("the demo's files are good")
        })
        .collect();
    exchange.terminal.history.queue(&parcels, now).unwrap();
    parcels.len()
}

/// Everything a receiver does, up to the receipt of its import. Says how many files came.
fn receive(office: &DemoOffice, exchange: &mut Exchange) -> usize {
    let (now, mut round) = (Timestamp::now(), Round::default());
    exchange.round(now, &mut round).unwrap();
    let files = office.take_imports().unwrap();
    exchange.terminal.note_imports(now, &mut round).unwrap();
    exchange.hand_in_receipts(now, &mut round).unwrap();
    files
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}
