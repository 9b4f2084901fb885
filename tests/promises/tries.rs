//! D9, D10, D11: what passes is tried again and again, what lasts is not, and one parcel's trouble is its own.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tayori::engine::exchange::Round;
use tayori::engine::model::{Failure, State};
use tayori::link::Link as _;
use tayori::parcel::ParcelId;
use tayori::words::{self, Lang};

use crate::crooked::{Answer, Crooked, Deed, Request};
use crate::world::{Chance, NORTH, Office, Person, SOUTH, Town};
use crate::{end_of, link, noise, queue};

fn later(now: Timestamp, hours: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(hours)).unwrap()
}

fn letter() -> Vec<(String, Vec<u8>)> {
    vec![("手紙.pdf".into(), b"%PDF-1.4".to_vec())]
}

/// Every kind of trouble that passes by itself; the hub never hears of the parcel.
fn passing(kind: u64) -> Deed {
    match kind {
        0 => Deed::Say(Answer::problem(503, "hub-troubled")),
        1 => Deed::Say(Answer::problem(502, "other")),
        2 => Deed::Say(Answer::problem(429, "other")),
        3 => Deed::Say(Answer::problem(408, "other")),
        4 => Deed::Say(Answer::json(200, "<html>a page of the provider's</html>")),
        _ => Deed::Break,
    }
}

/// What went over the line: which parcel, and when.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<(String, Instant)>>>);

impl Calls {
    fn note(&self, request: &Request) {
        let id = request.path.split(['/', '?']).nth(3).unwrap_or_default().to_owned();
        self.0.lock().unwrap().push((id, Instant::now()));
    }
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
    fn of(&self, id: ParcelId) -> usize {
        self.0.lock().unwrap().iter().filter(|(called, _)| *called == id.to_string()).count()
    }
    /// How much longer one call held up the next than calls do here and now.
    fn extra(&self, id: ParcelId) -> Duration {
        let calls = self.0.lock().unwrap();
        let at = calls.iter().position(|(called, _)| *called == id.to_string()).expect("it was tried");
        let mut gaps: Vec<_> = calls.windows(2).map(|pair| pair[1].1.duration_since(pair[0].1)).collect();
        let held_up = gaps[at];
        gaps.sort();
        held_up.saturating_sub(gaps[gaps.len() / 2])
    }
}

#[test]
fn d9_what_passes_is_tried_again_with_growing_gaps_for_three_days_and_more() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let (healed, calls, bytes) =
        (Arc::new(AtomicBool::new(false)), Calls::default(), Arc::new(Mutex::new(BTreeSet::new())));
    let chance = Mutex::new(Chance::of(9));
    let _before = Crooked::before(&town, &north, {
        let (healed, calls, bytes) = (Arc::clone(&healed), calls.clone(), Arc::clone(&bytes));
        move |request| {
            if !request.is_put() {
                return Deed::Pass;
            }
            calls.note(request);
            bytes.lock().unwrap().insert(request.body.clone());
            if healed.load(Ordering::Relaxed) { Deed::Pass } else { passing(chance.lock().unwrap().between(0, 6)) }
        }
    });
    let (mut end, start) = (end_of(&north), Timestamp::now());
    end.refresh_directory(start).unwrap();
    queue(&mut end, &south, letter(), start);

    let (mut now, mut gaps) = (start, Vec::new());
    while now < later(start, 80) {
        let _ = end.send_due(now, &mut Round::default());
        let next = end.terminal.history.next_try(Timestamp::now()).unwrap().expect("it is never given up");
        gaps.push(next.duration_since(now).as_secs());
        // A moment before its time nothing is tried.
        let before = calls.count();
        end.send_due(next.checked_sub(SignedDuration::from_millis(1)).unwrap(), &mut Round::default()).unwrap();
        assert_eq!(calls.count(), before);
        now = next;
    }
    assert!(gaps[0] <= 5, "the first retry is soon: {gaps:?}");
    assert!(gaps.is_sorted() && gaps.last() == Some(&900), "they grow, up to a quarter of an hour: {gaps:?}");
    assert!(calls.count() >= gaps.len(), "{} tries in 80 hours", calls.count());
    assert!(matches!(end.terminal.history.outbox().unwrap()[0].state, State::Waiting { .. }));
    assert_eq!(town.kept().len(), 0);

    healed.store(true, Ordering::Relaxed);
    end.send_due(now, &mut Round::default()).unwrap();
    assert_eq!(town.kept().len(), 1, "and when the trouble is over it goes");
    assert_eq!(bytes.lock().unwrap().len(), 1, "D3: the same bytes every time");
}

#[test]
fn d10_what_lasts_is_tried_once_and_said() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let mut lasting = vec![
        (404, "receiver-unknown"),
        (413, "parcel-too-large"),
        (409, "id-taken"),
        (400, "request-invalid"),
        (404, "parcel-unknown"),
        (422, "receipt-invalid"),
    ];
    // 401 and 403 are about who asks, 408, 425 and 429 pass; of every other 4xx the same would be heard again.
    let others = [401, 403, 408, 425, 429];
    lasting.extend((400..500).filter(|status| !others.contains(status)).step_by(5).map(|status| (status, "other")));
    let (answer, calls) = (Arc::new(Mutex::new((0, ""))), Calls::default());
    let _before = Crooked::before(&town, &north, {
        let (answer, calls) = (Arc::clone(&answer), calls.clone());
        move |request| {
            if !request.is_put() {
                return Deed::Pass;
            }
            calls.note(request);
            let (status, code) = *answer.lock().unwrap();
            Deed::Say(Answer::problem(status, code))
        }
    });
    let (mut end, now) = (end_of(&north), Timestamp::now());
    end.refresh_directory(now).unwrap();
    for said in lasting {
        *answer.lock().unwrap() = said;
        let id = queue(&mut end, &south, letter(), now);
        end.send_due(now, &mut Round::default()).unwrap();
        assert_eq!(calls.of(id), 1, "{said:?}");
        let State::Failed(why) = end.terminal.history.parcel(id).unwrap().unwrap().line.state else {
            panic!("{said:?} did not end it");
        };
        let sentence = words::failure::failure(Lang::Ja, &why);
        assert!(!sentence.what.is_empty() && !sentence.todo.is_empty(), "{said:?}");
        end.send_due(later(now, 80), &mut Round::default()).unwrap();
        assert_eq!(calls.of(id), 1, "{said:?}: it is not tried again by itself");
    }
    assert_eq!(town.kept().len(), 0);
}

#[test]
fn d10_what_is_too_large_or_for_nobody_does_not_even_leave() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let before = Crooked::before(&town, &north, |_| Deed::Pass);
    let (mut end, now) = (end_of(&north), Timestamp::now());
    end.refresh_directory(now).unwrap();
    end.terminal.history.set_parcel_limit(50_000).unwrap();
    let large = queue(&mut end, &south, vec![("絵.png".into(), noise(60_000, 1))], now);
    let nobody = Office::of(Person { number: "3199999999", ..SOUTH }, town.dir());
    let lost = queue(&mut end, &nobody, letter(), now);
    end.send_due(now, &mut Round::default()).unwrap();
    let state = |id| end.terminal.history.parcel(id).unwrap().unwrap().line.state;
    assert!(matches!(state(large), State::Failed(Failure::TooLarge { size, limit: 50_000 }) if size > 60_000));
    assert_eq!(state(lost), State::Failed(Failure::ReceiverUnknown { office: "3199999999".into() }));
    assert!(!before.seen().iter().any(Request::is_put));
}

#[test]
fn d11_one_poisoned_parcel_costs_a_hundred_good_ones_no_two_seconds() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let poison = ParcelId::new();
    link(&town, &north).put(poison, south.number(), b"nothing that was ever sealed").unwrap();
    let (choked, calls) = (Arc::new(Mutex::new(String::new())), Calls::default());
    let _before = Crooked::before(&town, &north, {
        let (choked, calls) = (Arc::clone(&choked), calls.clone());
        move |request| {
            if !request.is_put() {
                return Deed::Pass;
            }
            calls.note(request);
            match request.path.contains(&*choked.lock().unwrap()) {
                true => Deed::Say(Answer::problem(500, "other")),
                false => Deed::Pass,
            }
        }
    });
    let (mut end, now) = (end_of(&north), Timestamp::now());
    end.refresh_directory(now).unwrap();
    let numbered = |n: usize| vec![(format!("手紙{n}.pdf"), b"%PDF-1.4".to_vec())];
    let first = queue(&mut end, &south, numbered(999), now);
    *choked.lock().unwrap() = first.to_string();
    for n in 0..100 {
        queue(&mut end, &south, numbered(n), now);
    }
    let mut round = Round::default();
    end.send_due(now, &mut round).unwrap();
    assert_eq!(round.sent, 100);
    let at_the_sender = calls.extra(first);
    assert!(at_the_sender < Duration::from_secs(2), "{at_the_sender:?}");

    let calls = Calls::default();
    let _before = Crooked::before(&town, &south, {
        let calls = calls.clone();
        move |request| {
            if request.is("GET", "/v1/parcels/") {
                calls.note(request);
            }
            Deed::Pass
        }
    });
    let (mut end, mut round) = (end_of(&south), Round::default());
    end.round(Timestamp::now(), &mut round).unwrap();
    assert_eq!(round.received, 100);
    let at_the_receiver = calls.extra(poison);
    assert!(at_the_receiver < Duration::from_secs(2), "{at_the_receiver:?}");
    println!("one poisoned parcel cost {at_the_sender:?} more at the sender, {at_the_receiver:?} at the receiver");
}
