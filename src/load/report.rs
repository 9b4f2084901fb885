//! What a trial comes to: figures for people and programs.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::Plan;
use super::field::Field;
pub use super::tally::Step;
use super::tally::{Latencies, Seen};
use crate::hub::check::Checked;

/// See the module. Times are milliseconds, memory is bytes.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub began: Timestamp,
    pub offices: usize,
    pub senders: usize,
    pub parcel_bytes: usize,
    /// Parcels a second that were asked for, in the mean and at the peak; `null` where it was as many as can be.
    pub asked_per_second: Option<f64>,
    pub asked_peak: Option<f64>,
    /// Somebody ended it before its time.
    pub stopped: bool,
    pub connected_in: f64,
    pub seconds: f64,
    pub steps: BTreeMap<Step, Figures>,
    /// Due within the time, and not begun: the senders were all busy.
    pub not_begun: u64,
    /// Accepted, and not with their receiver when the trial ended.
    pub not_fetched: usize,
    pub doubles: u64,
    pub damaged: u64,
    /// What was said where something failed, with how often.
    pub troubles: BTreeMap<String, u64>,
    pub hub: HubUse,
    /// What the hub has kept, when it was looked through afterwards.
    pub kept: Option<Kept>,
}

/// One step, all together.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Figures {
    pub count: u64,
    pub failed: u64,
    pub per_second: f64,
    pub p50: f64,
    pub p99: f64,
    pub longest: f64,
}

/// What the hub's processes needed; `null` where the system does not tell.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HubUse {
    pub resident_at_rest: Option<u64>,
    /// With everybody waiting and nobody sending yet.
    pub resident_waiting: Option<u64>,
    pub resident_peak: Option<u64>,
    pub per_connection: Option<u64>,
    /// Terminals that waited then.
    pub connections: usize,
    /// Processors kept busy while it was sent: 1 is one whole processor.
    pub processors: Option<f64>,
    pub cpu_seconds: Option<f64>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Kept {
    pub parcels: u64,
    pub faults: usize,
    /// Accepted, and not kept.
    pub lost: u64,
}

impl Report {
    pub(super) fn of(
        plan: &Plan,
        field: &Field,
        began: Timestamp,
        connected_in: Duration,
        sent_for: Duration,
        begun: u64,
        hub: HubUse,
    ) -> Self {
        let seen = field.tally.seen();
        let Seen { steps, failures, troubles, doubles, damaged } = &*seen;
        let all = steps.keys().chain(failures.keys());
        let figures = all.map(|step| (*step, Figures::of(steps.get(step), failures.get(step), sent_for))).collect();
        Self {
            began,
            offices: plan.offices,
            senders: plan.senders,
            parcel_bytes: plan.parcel_bytes,
            asked_per_second: plan.schedule.rate,
            asked_peak: plan.schedule.peak(),
            stopped: field.is_stopped(),
            connected_in: rounded(connected_in.as_secs_f64()),
            seconds: rounded(sent_for.as_secs_f64()),
            steps: figures,
            not_begun: plan.schedule.total().filter(|_| plan.senders > 0).map_or(0, |due| due.saturating_sub(begun)),
            not_fetched: field.not_fetched(),
            doubles: *doubles,
            damaged: *damaged,
            troubles: troubles.clone(),
            hub,
            kept: None,
        }
    }

    pub(super) fn checked(&mut self, checked: &Checked) {
        let accepted = self.step(Step::Send).count;
        let lost = accepted.saturating_sub(checked.parcels);
        self.kept = Some(Kept { parcels: checked.parcels, faults: checked.faults.len(), lost });
    }

    pub fn step(&self, step: Step) -> Figures {
        self.steps.get(&step).copied().unwrap_or_default()
    }

    /// Nothing is missing, doubled or damaged, and nothing failed.
    pub fn is_fine(&self) -> bool {
        let whole = self.kept.is_none_or(|kept| kept.faults == 0 && kept.lost == 0);
        let arrived = self.stopped || self.not_fetched == 0;
        whole && arrived && self.doubles == 0 && self.damaged == 0 && self.steps.values().all(|step| step.failed == 0)
    }
}

impl Figures {
    fn of(seen: Option<&Latencies>, failed: Option<&u64>, time: Duration) -> Self {
        let failed = failed.copied().unwrap_or_default();
        let Some(seen) = seen else { return Self { failed, ..Self::default() } };
        let millis = |took: Duration| rounded(took.as_secs_f64() * 1e3);
        Self {
            count: seen.count(),
            failed,
            per_second: rounded(seen.count() as f64 / time.as_secs_f64().max(0.001)),
            p50: millis(seen.percentile(50)),
            p99: millis(seen.percentile(99)),
            longest: millis(seen.longest()),
        }
    }
}

impl HubUse {
    pub(super) fn of(
        at_rest: Option<u64>,
        waiting: Option<u64>,
        peak: Option<u64>,
        used: Option<Duration>,
        time: Duration,
        connections: usize,
    ) -> Self {
        let more = waiting.zip(at_rest).map(|(waiting, at_rest)| waiting.saturating_sub(at_rest));
        Self {
            resident_at_rest: at_rest,
            resident_waiting: waiting,
            resident_peak: peak,
            per_connection: more.and_then(|more| more.checked_div(connections as u64)),
            connections,
            processors: used.map(|used| rounded(used.as_secs_f64() / time.as_secs_f64().max(0.001))),
            cpu_seconds: used.map(|used| used.as_secs_f64()),
        }
    }
}

/// To two places.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
