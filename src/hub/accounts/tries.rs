//! How often somebody may try to log in, whatever account they name: guessing goes no faster with more names.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use jiff::Timestamp;

use crate::standard::OfficeNumber;

/// Twenty at once for a terminal, then one in fifteen seconds; three times that for an office.
const TERMINAL: (NonZeroU32, Duration) = (NonZeroU32::new(20).unwrap(), Duration::from_secs(15));
const OFFICE: (NonZeroU32, Duration) = (NonZeroU32::new(60).unwrap(), Duration::from_secs(5));
/// Above so many remembered callers, those that have been quiet are forgotten.
const MANY: usize = 1_000;

/// The clock that callers hand in, as the rate limiter wants it; it never goes back.
#[derive(Clone, Debug, Default)]
struct Handed(Arc<AtomicU64>);

impl Clock for Handed {
    type Instant = Duration;
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

type Limiter<K> = RateLimiter<K, HashMapStateStore<K>, Handed, NoOpMiddleware<Duration>>;

/// Counts the tries of each terminal and of each office.
#[derive(Debug)]
pub struct Tries {
    clock: Handed,
    terminals: Limiter<String>,
    offices: Limiter<OfficeNumber>,
}

impl Tries {
    pub fn new(now: Timestamp) -> Self {
        let clock = Handed::default();
        clock.0.store(millis(now), Ordering::Relaxed);
        // The quota's period is not zero, so it is there.
        let quota = |(burst, period)| {
            Quota::with_period(period).unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst)
        };
        Self {
            terminals: RateLimiter::new(quota(TERMINAL), HashMapStateStore::default(), clock.clone()),
            offices: RateLimiter::new(quota(OFFICE), HashMapStateStore::default(), clock.clone()),
            clock,
        }
    }

    /// Counts one try, or says how long to wait for the next.
    pub fn count(&self, office: OfficeNumber, terminal: &str, now: Timestamp) -> Result<(), Duration> {
        self.clock.0.fetch_max(millis(now), Ordering::Relaxed);
        if self.terminals.len() > MANY {
            self.terminals.retain_recent();
            self.offices.retain_recent();
        }
        let wait = |not_until: governor::NotUntil<Duration>| not_until.wait_time_from(self.clock.now());
        self.terminals.check_key(&terminal.to_owned()).map_err(wait)?;
        self.offices.check_key(&office).map_err(wait)
    }
}

fn millis(now: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_one_at_a_time() {
        let (north, south): (OfficeNumber, OfficeNumber) =
            ("3100000001".parse().unwrap(), "3100000002".parse().unwrap());
        let start: Timestamp = "2026-06-01T09:00:00Z".parse().unwrap();
        let at = |seconds: i64| start.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
        let tries = Tries::new(start);
        let let_through = |office, terminal: &str, seconds, count: usize| {
            (0..count).filter(|_| tries.count(office, terminal, at(seconds)).is_ok()).count()
        };
        assert_eq!(let_through(north, "a", 0, 100), 20);
        assert_eq!(tries.count(north, "a", at(0)), Err(Duration::from_secs(15)));
        assert_eq!(let_through(north, "a", 14, 5), 0);
        assert_eq!(let_through(north, "a", 15, 5), 1);
        assert_eq!(let_through(south, "c", 15, 5), 5, "others are not in it");
        assert_eq!(let_through(north, "b", 15, 100), 20);
        assert_eq!(let_through(north, "d", 15, 100), 20);
        assert!(let_through(north, "e", 15, 100) <= 3, "the office as a whole has its bound");
        assert_eq!(let_through(north, "a", 3600, 100), 20, "a quiet hour makes it all new");
    }
}
