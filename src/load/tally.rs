//! Counts what happened and how long it took, in memory that does not grow with the trial.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many kinds of trouble are told apart; the rest is counted together.
const MOST_TROUBLES: usize = 20;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A new connection: TCP and TLS with both certificates.
    Connect,
    /// From when a parcel was due to the hub's "accepted".
    Send,
    /// From when its sending began to when its receiver heard of it.
    Notice,
    /// The right to import it.
    Claim,
    Fetch,
    Receipt,
    /// From the receiver's last receipt to when the sender had it.
    Return,
    /// A question for news: counted only when it fails.
    Wait,
}

/// Durations, each to within a thirtieth.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    /// How many there were of each, in microseconds, all but the six highest bits cut off.
    counts: BTreeMap<u64, u64>,
    count: u64,
    longest: Duration,
}

impl Latencies {
    pub fn note(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let spare = (u64::BITS - micros.leading_zeros()).saturating_sub(6);
        *self.counts.entry(micros >> spare << spare).or_default() += 1;
        self.count += 1;
        self.longest = self.longest.max(took);
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// So many of a hundred took no longer than this.
    pub fn percentile(&self, of_hundred: u64) -> Duration {
        let wanted = (self.count * of_hundred).div_ceil(100).max(1);
        let mut passed = 0;
        for (micros, count) in &self.counts {
            passed += count;
            if passed >= wanted {
                return Duration::from_micros(*micros);
            }
        }
        self.longest
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Tally {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
pub struct Seen {
    pub steps: BTreeMap<Step, Latencies>,
    pub failures: BTreeMap<Step, u64>,
    /// What was said, with how often.
    pub troubles: BTreeMap<String, u64>,
    /// Parcels that came to a terminal a second time.
    pub doubles: u64,
    /// Parcels whose bytes are not what was sent.
    pub damaged: u64,
}

impl Tally {
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn took(&self, step: Step, took: Duration) {
        self.seen().steps.entry(step).or_default().note(took);
    }

    pub fn failed(&self, step: Step, why: &dyn Display) {
        let mut seen = self.seen();
        *seen.failures.entry(step).or_default() += 1;
        let mut said = why.to_string();
        if seen.troubles.len() >= MOST_TROUBLES && !seen.troubles.contains_key(&said) {
            said = "…".to_owned();
        }
        *seen.troubles.entry(said).or_default() += 1;
    }

    pub fn count(&self, step: Step) -> u64 {
        self.seen().steps.get(&step).map_or(0, Latencies::count)
    }

    pub fn all_failures(&self) -> u64 {
        self.seen().failures.values().sum()
    }

    pub fn first_failure(&self) -> String {
        self.seen().troubles.keys().next().cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_within_a_thirtieth() {
        let mut latencies = Latencies::default();
        (1..=10_000_u64).for_each(|micros| latencies.note(Duration::from_micros(micros * 7)));
        for (of_hundred, exact) in [(1, 700.0), (50, 35_000.0), (99, 69_300.0), (100, 70_000.0)] {
            let found = latencies.percentile(of_hundred).as_micros() as f64;
            assert!((exact * 0.96..=exact).contains(&found), "p{of_hundred}: {found} beside {exact}");
        }
        assert_eq!((latencies.count(), latencies.longest()), (10_000, Duration::from_micros(70_000)));
        assert!(latencies.counts.len() < 500, "{}", latencies.counts.len());
        assert_eq!(Latencies::default().percentile(99), Duration::ZERO);
    }

    #[test]
    fn troubles_do_not_pile_up() {
        let tally = Tally::default();
        (0..1_000).for_each(|number| tally.failed(Step::Send, &number));
        assert_eq!(tally.all_failures(), 1_000);
        assert!(tally.seen().troubles.len() <= MOST_TROUBLES + 1);
    }
}
