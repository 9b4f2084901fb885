//! Counts failures by who made them, so that guessing gets slow and then stops.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::standard::OfficeNumber;

/// After so many failures within the window, more of them are not even looked at.
const MOST: u32 = 10;
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// More than any attack of one day from one network needs; beyond it the oldest are forgotten.
const REMEMBERED: usize = 10_000;

/// Whom a failure is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// An address; of IPv6 the network of 64 bits, since one caller has all of it.
    Address(IpAddr),
    Office(OfficeNumber),
}

impl Who {
    pub fn calls_from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => Self::Address(IpAddr::V6((v6.to_bits() >> 64 << 64).into())),
            v4 => Self::Address(v4),
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Tries {
    failures: Mutex<HashMap<Who, (u32, Timestamp)>>,
}

impl Tries {
    /// How long this one has to wait before anything is looked at again; `None` if it need not.
    pub fn must_wait(&self, who: Who, now: Timestamp) -> Option<SignedDuration> {
        let failures = self.failures();
        let (count, since) = failures.get(&who)?;
        let left = WINDOW - now.duration_since(*since);
        (*count >= MOST && left.is_positive()).then_some(left)
    }

    pub fn note_failure(&self, who: Who, now: Timestamp) {
        let mut failures = self.failures();
        if failures.len() >= REMEMBERED {
            failures.retain(|_, (_, since)| now.duration_since(*since) < WINDOW);
        }
        if failures.len() >= REMEMBERED
            && let Some(oldest) = failures.iter().min_by_key(|(_, (_, since))| *since).map(|(who, _)| *who)
        {
            failures.remove(&oldest);
        }
        let (count, since) = failures.entry(who).or_insert((0, now));
        if now.duration_since(*since) >= WINDOW {
            (*count, *since) = (0, now);
        }
        *count = count.saturating_add(1);
    }

    fn failures(&self) -> MutexGuard<'_, HashMap<Who, (u32, Timestamp)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s7_ten_failures_stop_an_address_for_a_while_and_no_other() {
        let tries = Tries::default();
        let start: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let [here, there] = ["192.0.2.1", "192.0.2.2"].map(|address| Who::calls_from(address.parse().unwrap()));
        for _ in 0..10 {
            assert_eq!(tries.must_wait(here, start), None);
            tries.note_failure(here, start);
        }
        assert_eq!(tries.must_wait(here, start), Some(WINDOW));
        assert_eq!(tries.must_wait(there, start), None);
        assert_eq!(tries.must_wait(here, start + WINDOW), None);
        tries.note_failure(here, start + WINDOW);
        assert_eq!(tries.must_wait(here, start + WINDOW), None, "it begins anew");
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        let of = |address: &str| Who::calls_from(address.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    #[test]
    fn an_army_of_addresses_takes_no_more_than_its_room() {
        let tries = Tries::default();
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        for number in 0..REMEMBERED as u32 + 50 {
            tries.note_failure(Who::Address(IpAddr::V4(number.into())), now);
        }
        assert_eq!(tries.failures().len(), REMEMBERED);
    }
}
