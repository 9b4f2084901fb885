//! R1: five states, each backed by its evidence, and no other way from one to the next.

use jiff::{SignedDuration, Timestamp};
use tayori::engine::model::{Failure, State};
use tayori::history::{History, Tried};
use tayori::parcel::{ParcelId, ReceiptStep};
use tayori::wire::Accepted;

use crate::world::{Chance, NORTH, SOUTH, Town};
use crate::{end_of, queue};

/// What may happen to a parcel of ours, in any order.
#[derive(Clone, Copy, Debug)]
enum Event {
    Leaves,
    TryFails,
    FailsForGood,
    Retried,
    Withdrawn,
    Accepted,
    Receipt(ReceiptStep),
}

const EVENTS: [Event; 10] = [
    Event::Leaves,
    Event::TryFails,
    Event::FailsForGood,
    Event::Retried,
    Event::Withdrawn,
    Event::Accepted,
    Event::Receipt(ReceiptStep::Delivered),
    Event::Receipt(ReceiptStep::Opened),
    Event::Receipt(ReceiptStep::Imported),
    Event::Receipt(ReceiptStep::Refused),
];

/// The evidence so far, kept beside the history as simply as can be.
#[derive(Clone, Copy, Debug, Default)]
struct Evidence {
    may_have_left: bool,
    failed: bool,
    withdrawn: bool,
    accepted: bool,
    delivered: bool,
    imported: bool,
    refused: bool,
}

impl Evidence {
    /// What the plan says: 送信待ち → 受付済 → 到着 → 取込済, or 失敗, or refused by the receiver.
    fn state(self) -> &'static str {
        match self {
            Evidence { withdrawn: true, .. } => "withdrawn",
            Evidence { imported: true, .. } => "imported",
            Evidence { refused: true, .. } => "refused",
            Evidence { delivered: true, .. } => "arrived",
            Evidence { accepted: true, .. } => "accepted",
            Evidence { failed: true, .. } => "failed",
            _ => "waiting",
        }
    }

    fn after(self, event: Event) -> Evidence {
        let mut next = self;
        let in_outbox = !self.accepted && !self.withdrawn;
        match event {
            Event::Leaves if in_outbox => next.may_have_left = true,
            Event::FailsForGood if in_outbox => (next.failed, next.may_have_left) = (true, false),
            Event::Retried if in_outbox => next.failed = false,
            Event::Withdrawn if in_outbox && !self.may_have_left => next.withdrawn = true,
            Event::Accepted => (next.accepted, next.failed) = (true, false),
            Event::Receipt(ReceiptStep::Delivered) => next.delivered = true,
            Event::Receipt(ReceiptStep::Imported) => next.imported = true,
            Event::Receipt(ReceiptStep::Refused) => next.refused = true,
            _ => {}
        }
        next
    }
}

fn apply(history: &mut History, id: ParcelId, event: Event, now: Timestamp) {
    match event {
        Event::Leaves => drop(history.note_leaving(id).unwrap()),
        Event::TryFails => {
            let tried = Tried { failure: &Failure::HubUnreachable, next: now, may_have_left: true };
            history.note_try(id, &tried, now).unwrap();
        }
        Event::FailsForGood => history.note_failed(id, &Failure::HubNonsense, now).unwrap(),
        Event::Retried => history.retry(id, now).unwrap(),
        Event::Withdrawn => drop(history.withdraw(id, now).unwrap()),
        Event::Accepted => {
            history.note_accepted(&Accepted { id, digest: "00".into(), size: 1, accepted_at: now }).unwrap();
        }
        Event::Receipt(step) => {
            let failure = (step == ReceiptStep::Refused).then(|| Failure::RefusedByReceiver { said: "x".into() });
            history.note_receipt(id, step, now, failure.as_ref(), b"signed", now).unwrap();
        }
    }
}

fn named(state: &State) -> &'static str {
    match state {
        State::Waiting { .. } => "waiting",
        State::Accepted => "accepted",
        State::Arrived => "arrived",
        State::Imported => "imported",
        State::Failed(_) => "failed",
        State::Refused(_) => "refused",
        #[allow(unreachable_patterns, reason = "a state that is new has no place in this promise yet")]
        other => panic!("{other:?} is none of the states of the promise"),
    }
}

/// Which list shows it, and as what.
fn shown(history: &History, id: ParcelId) -> &'static str {
    let outbox = history.outbox().unwrap().into_iter().find(|line| line.id == id);
    let sent = history.sent().unwrap().into_iter().find(|line| line.id == id);
    match (outbox, sent) {
        (Some(_), Some(_)) => panic!("it is in two lists"),
        (Some(line), None) | (None, Some(line)) => named(&line.state),
        (None, None) => "withdrawn",
    }
}

#[test]
fn r1_random_events_lead_to_no_state_without_its_evidence() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let mut end = end_of(&north);
    let (mut chance, start) = (Chance::of(11), Timestamp::now());
    for run in 0..60 {
        let id = queue(&mut end, &south, vec![("手紙.pdf".into(), b"%PDF-1.4".to_vec())], start);
        let history = &mut end.terminal.history;
        let mut evidence = Evidence::default();
        let mut happened = Vec::new();
        for step in 0..16 {
            let event = EVENTS[usize::try_from(chance.between(0, EVENTS.len() as u64 - 1)).unwrap()];
            // Receipts speak of what the hub has: the exchange notes the acceptance in the same breath, before them.
            if matches!(event, Event::Receipt(_)) && !evidence.accepted {
                continue;
            }
            // What was taken back never leaves, so nobody accepts it.
            if matches!(event, Event::Accepted) && evidence.withdrawn {
                continue;
            }
            happened.push(event);
            evidence = evidence.after(event);
            if matches!(event, Event::TryFails) && !evidence.accepted && !evidence.withdrawn {
                evidence.may_have_left = true;
            }
            apply(history, id, event, start.checked_add(SignedDuration::from_secs(step)).unwrap());
            assert_eq!(shown(history, id), evidence.state(), "run {run}: {happened:?}");
        }
    }
}

#[test]
fn r1_the_way_is_only_forward() {
    // From every state, by every event: an ending is left by nothing but a person's retry or the hub's late word.
    let order = ["waiting", "failed", "withdrawn", "accepted", "arrived", "imported", "refused"];
    let place = |state: &str| order.iter().position(|name| *name == state).unwrap();
    let all = 1 << 7;
    for bits in 0..all {
        let bit = |n: u32| bits >> n & 1 == 1;
        let before = Evidence {
            may_have_left: bit(0),
            failed: bit(1) && !bit(3),
            withdrawn: bit(2) && !bit(3),
            accepted: bit(3),
            delivered: bit(4) && bit(3),
            imported: bit(5) && bit(3),
            refused: bit(6) && bit(3),
        };
        for event in EVENTS {
            if matches!(event, Event::Receipt(_)) && !before.accepted || before.withdrawn {
                continue;
            }
            let (from, to) = (before.state(), before.after(event).state());
            let allowed = from == to
                || matches!((from, to), ("failed", "waiting"))
                || matches!((from, to), ("waiting" | "failed", "accepted"))
                // The receiver had to refuse it once, and took it later: the import is what counts.
                || matches!((from, to), ("refused", "imported"))
                || place(to) > place(from);
            assert!(allowed, "{from} → {to} by {event:?}");
        }
    }
}
