//! D9, D10, D11: what passes is tried again and again, what lasts is not, and one parcel's trouble is its own.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tayori::engine::exchange::Round;
use tayori::engine::model::{Failure, State};
use tayori::link::{Link as _, LinkError};
use tayori::parcel::ParcelId;
use tayori::wire::ProblemCode;
use tayori::words::{self, Lang};

use crate::faulty::{Faulty, problem};
use crate::world::{Chance, NORTH, SOUTH, Town};
use crate::{end_of, link, noise, queue};

fn later(now: Timestamp, hours: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(hours)).unwrap()
}

/// Every kind of trouble that passes by itself.
fn passing(kind: u64) -> LinkError {
    match kind {
        0 => problem(503, ProblemCode::HubTroubled),
        1 => problem(502, ProblemCode::Other),
        2 => problem(429, ProblemCode::Other),
        3 => problem(408, ProblemCode::Other),
        4 => LinkError::NoAnswer("timed out".into()),
        5 => LinkError::NoAnswer("connection reset".into()),
        6 => LinkError::NoWay("connection refused".into()),
        _ => LinkError::Nonsense("<html>a page of the provider's</html>".into()),
    }
}

#[test]
fn d9_what_passes_is_tried_again_with_growing_gaps_for_three_days_and_more() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let mut end = end_of(&north);
    let start = Timestamp::now();
    end.refresh_directory(start).unwrap();
    let (healed, bytes) = (Arc::new(Mutex::new(false)), Arc::new(Mutex::new(BTreeSet::new())));
    let mut chance = Chance::of(9);
    let faulty = Faulty::over(link(&town, &north), {
        let (healed, bytes) = (Arc::clone(&healed), Arc::clone(&bytes));
        move |_, sealed| {
            bytes.lock().unwrap().insert(sealed.to_vec());
            (!*healed.lock().unwrap()).then(|| passing(chance.between(0, 7)))
        }
    });
    end.link = Box::new(faulty.clone());
    queue(&mut end, &south, vec![("手紙.pdf".into(), b"%PDF-1.4".to_vec())], start);

    let (mut now, mut gaps) = (start, Vec::new());
    while now < later(start, 80) {
        let _ = end.send_due(now, &mut Round::default());
        let next = end.terminal.history.next_try().unwrap().expect("it is never given up");
        gaps.push(next.duration_since(now).as_secs());
        // A moment before its time nothing is tried.
        let before = faulty.puts.lock().unwrap().len();
        end.send_due(next.checked_sub(SignedDuration::from_millis(1)).unwrap(), &mut Round::default()).unwrap();
        assert_eq!(faulty.puts.lock().unwrap().len(), before);
        now = next;
    }
    assert!(gaps[0] <= 5, "the first retry is soon: {gaps:?}");
    assert!(gaps.is_sorted() && gaps.last() == Some(&900), "they grow, up to a quarter of an hour: {gaps:?}");
    assert_eq!(faulty.puts.lock().unwrap().len(), gaps.len(), "one try each");
    assert!(matches!(end.terminal.history.outbox().unwrap()[0].state, State::Waiting { .. }));

    *healed.lock().unwrap() = true;
    end.send_due(now, &mut Round::default()).unwrap();
    assert_eq!(town.kept().len(), 1, "and when the trouble is over it goes");
    // No way to the hub means that nothing left, and such a parcel is sealed anew; after that the bytes stay.
    assert!(bytes.lock().unwrap().len() <= 2, "D3: the same bytes every time");
}

#[test]
fn d10_what_lasts_is_tried_once_and_said() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let mut end = end_of(&north);
    let now = Timestamp::now();
    end.refresh_directory(now).unwrap();
    let mut lasting = vec![
        (404, ProblemCode::ReceiverUnknown),
        (413, ProblemCode::ParcelTooLarge),
        (409, ProblemCode::IdTaken),
        (400, ProblemCode::RequestInvalid),
        (404, ProblemCode::ParcelUnknown),
        (422, ProblemCode::ReceiptInvalid),
    ];
    // 401 asks for a login, 408, 425 and 429 pass; of every other 4xx the same would be heard again.
    let passes = [401, 408, 425, 429];
    lasting.extend((400..500).filter(|status| !passes.contains(status)).map(|status| (status, ProblemCode::Other)));
    let answer = Arc::new(Mutex::new((0, ProblemCode::Other)));
    let faulty = Faulty::over(link(&town, &north), {
        let answer = Arc::clone(&answer);
        move |_, _| {
            let (status, code) = *answer.lock().unwrap();
            Some(problem(status, code))
        }
    });
    end.link = Box::new(faulty.clone());
    for said in lasting {
        *answer.lock().unwrap() = said;
        let id = queue(&mut end, &south, vec![("手紙.pdf".into(), b"%PDF-1.4".to_vec())], now);
        let tries = || faulty.puts.lock().unwrap().iter().filter(|call| call.parcel == id).count();
        end.send_due(now, &mut Round::default()).unwrap();
        assert_eq!(tries(), 1, "{said:?}");
        let State::Failed(why) = end.terminal.history.parcel(id).unwrap().unwrap().line.state else {
            panic!("{said:?} did not end it");
        };
        let sentence = words::failure::failure(Lang::Ja, &why);
        assert!(!sentence.what.is_empty() && !sentence.todo.is_empty(), "{said:?}");
        end.send_due(later(now, 80), &mut Round::default()).unwrap();
        assert_eq!(tries(), 1, "{said:?}: it is not tried again by itself");
    }
    assert_eq!(town.kept().len(), 0);
}

#[test]
fn d10_what_is_too_large_or_for_nobody_does_not_even_leave() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let mut end = end_of(&north);
    let now = Timestamp::now();
    end.refresh_directory(now).unwrap();
    let faulty = Faulty::over(link(&town, &north), |_, _| None);
    end.link = Box::new(faulty.clone());
    end.terminal.history.set_parcel_limit(50_000).unwrap();
    let large = queue(&mut end, &south, vec![("絵.png".into(), noise(60_000, 1))], now);
    let nobody = crate::world::Person { number: "3199999999", ..SOUTH };
    let nobody = crate::world::Office::of(nobody, town.dir());
    let lost = queue(&mut end, &nobody, vec![("手紙.pdf".into(), b"%PDF-1.4".to_vec())], now);
    end.send_due(now, &mut Round::default()).unwrap();
    let state = |id| end.terminal.history.parcel(id).unwrap().unwrap().line.state;
    assert!(matches!(state(large), State::Failed(Failure::TooLarge { size, limit: 50_000 }) if size > 60_000));
    assert_eq!(state(lost), State::Failed(Failure::ReceiverUnknown { office: "3199999999".into() }));
    assert!(faulty.puts.lock().unwrap().is_empty());
}

/// How long one call took: until the next began.
fn after(calls: &[crate::faulty::Call], id: ParcelId) -> Duration {
    let at = calls.iter().position(|call| call.parcel == id).expect("it was tried");
    calls[at + 1].at.duration_since(calls[at].at)
}

#[test]
fn d11_one_poisoned_parcel_costs_a_hundred_good_ones_no_two_seconds() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let poison = ParcelId::new();
    link(&town, &north).put(poison, south.number(), b"nothing that was ever sealed").unwrap();
    let mut end = end_of(&north);
    let now = Timestamp::now();
    end.refresh_directory(now).unwrap();
    let letters = |n: usize| vec![(format!("手紙{n}.pdf"), b"%PDF-1.4".to_vec())];
    let choked = queue(&mut end, &south, letters(999), now);
    let faulty =
        Faulty::over(link(&town, &north), move |id, _| (id == choked).then(|| problem(500, ProblemCode::Other)));
    end.link = Box::new(faulty.clone());
    for n in 0..100 {
        queue(&mut end, &south, letters(n), now);
    }
    let mut round = Round::default();
    end.send_due(now, &mut round).unwrap();
    assert_eq!(round.sent, 100);
    let extra = after(&faulty.puts.lock().unwrap(), choked);
    assert!(extra < Duration::from_secs(2), "{extra:?} at the sender");

    let mut end = end_of(&south);
    let faulty = Faulty::over(link(&town, &south), |_, _| None);
    end.link = Box::new(faulty.clone());
    let mut round = Round::default();
    end.round(Timestamp::now(), &mut round).unwrap();
    assert_eq!(round.received, 100);
    let extra = after(&faulty.fetches.lock().unwrap(), poison);
    assert!(extra < Duration::from_secs(2), "{extra:?} at the receiver");
    println!("one poisoned parcel took {extra:?}");
}
