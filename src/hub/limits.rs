//! What one caller may have: connections and requests. Bodies are the [`intake`](super::intake)'s.
//!
//! A terminal is told apart by its certificate, an address by its number (an IPv6 one by its network of 64 bits, which
//! one household or office has to itself). Both hold at once: a terminal that runs wild stops at its own limit, and
//! whoever comes without a certificate at the address's.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use super::api::Refusal;
use super::serve::CallsFrom;
use super::settings::Limits;
use super::state::{Caller, Hub};

/// How many seconds' worth of requests may come at once: a terminal that was away for a fortnight has much to ask.
const AT_ONCE: u32 = 60;

/// See the module.
#[derive(Debug)]
pub struct Limiter {
    terminals: Option<DefaultKeyedRateLimiter<String>>,
    addresses: Option<DefaultKeyedRateLimiter<IpAddr>>,
    connections: Mutex<HashMap<IpAddr, u32>>,
    limits: Limits,
}

impl Limiter {
    pub fn new(limits: Limits) -> Self {
        Self {
            terminals: quota(limits.terminal_requests_per_second).map(DefaultKeyedRateLimiter::keyed),
            addresses: quota(limits.address_requests_per_second).map(DefaultKeyedRateLimiter::keyed),
            connections: Mutex::default(),
            limits,
        }
    }

    /// One more connection; it counts until the answer is dropped. `None` when there are too many.
    pub fn admit(self: &Arc<Self>, from: IpAddr) -> Option<Admitted> {
        let from = network(from);
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let all: u32 = connections.values().sum();
        let here = connections.get(&from).copied().unwrap_or_default();
        let over = |count: u32, limit: u32| limit > 0 && count >= limit;
        if over(all, self.limits.connections) || over(here, self.limits.connections_per_address) {
            return None;
        }
        connections.insert(from, here + 1);
        Some(Admitted { limiter: Arc::clone(self), from })
    }

    /// Whether one more request may come now; if not, after how many seconds.
    pub fn one_more(&self, from: Option<IpAddr>, terminal: Option<&str>) -> Result<(), u32> {
        if let (Some(addresses), Some(from)) = (&self.addresses, from) {
            addresses.check_key(&network(from)).map_err(seconds)?;
        }
        if let (Some(terminals), Some(terminal)) = (&self.terminals, terminal) {
            terminals.check_key(&terminal.to_owned()).map_err(seconds)?;
        }
        Ok(())
    }

    /// Forgets whom it has not heard of lately.
    pub fn tidy(&self) {
        if let Some(terminals) = &self.terminals {
            terminals.retain_recent();
        }
        if let Some(addresses) = &self.addresses {
            addresses.retain_recent();
        }
    }
}

fn quota(per_second: u32) -> Option<Quota> {
    let burst = NonZeroU32::new(per_second.saturating_mul(AT_ONCE))?;
    Some(Quota::per_second(NonZeroU32::new(per_second)?).allow_burst(burst))
}

fn seconds(until: governor::NotUntil<governor::clock::QuantaInstant>) -> u32 {
    let wait = until.wait_time_from(DefaultClock::default().now());
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
}

/// Whom an address stands for.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// A connection that counts.
#[derive(Debug)]
pub struct Admitted {
    limiter: Arc<Limiter>,
    from: IpAddr,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut connections = self.limiter.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = connections.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                connections.remove(&self.from);
            }
        }
    }
}

/// Turns a request away that is one too many, before anything is done for it.
pub(super) async fn keep_within(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    let from = request.extensions().get::<CallsFrom>().map(|from| from.0);
    let terminal = request.extensions().get::<Caller>().map(|caller| caller.terminal.as_str());
    match hub.limiter().one_more(from, terminal) {
        Ok(()) => next.run(request).await,
        Err(after) => {
            hub.metrics().throttled.inc();
            Refusal::too_many("too many requests", after).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(limits: Limits) -> Arc<Limiter> {
        Arc::new(Limiter::new(limits))
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_terminal_that_runs_wild_is_stopped_and_its_neighbour_is_not() {
        let limiter = limiter(Limits { terminal_requests_per_second: 1, ..Limits::default() });
        let taken = (0..200).filter(|_| limiter.one_more(Some(HERE), Some("0a")).is_ok()).count();
        assert!((60..80).contains(&taken), "{taken} of 200");
        let after = limiter.one_more(Some(HERE), Some("0a")).unwrap_err();
        assert!((1..=2).contains(&after), "{after}");
        assert_eq!(limiter.one_more(Some(HERE), Some("0b")), Ok(()));
        assert_eq!(limiter.one_more(Some(HERE), None), Ok(()));
    }

    #[test]
    fn an_address_is_stopped_whoever_calls_from_it() {
        let limiter = limiter(Limits { address_requests_per_second: 1, ..Limits::default() });
        let network = |last: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last));
        let taken = (0..200).filter(|last| limiter.one_more(Some(network(*last)), None).is_ok()).count();
        assert!((60..80).contains(&taken), "{taken} of 200");
        assert_eq!(limiter.one_more(Some(HERE), None), Ok(()));
        assert!(limiter.one_more(Some(network(999)), Some("0a")).is_err());
    }

    #[test]
    fn connections_count_while_they_last() {
        let limiter = limiter(Limits { connections: 3, connections_per_address: 2, ..Limits::default() });
        let there: IpAddr = "192.0.2.1".parse().unwrap();
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        let (first, _second) = (limiter.admit(there).unwrap(), limiter.admit(mapped).unwrap());
        assert!(limiter.admit(there).is_none(), "two of one address");
        let _third = limiter.admit(HERE).unwrap();
        assert!(limiter.admit(HERE).is_none(), "three in all");
        drop(first);
        assert!(limiter.admit(there).is_some());
        assert_eq!(limiter.connections.lock().unwrap().len(), 2);
    }

    #[test]
    fn nothing_is_limited_when_the_limit_is_nought() {
        let limits = Limits {
            terminal_requests_per_second: 0,
            address_requests_per_second: 0,
            connections: 0,
            connections_per_address: 0,
            ..Limits::default()
        };
        let limiter = limiter(limits);
        assert!((0..10_000).all(|_| limiter.one_more(Some(HERE), Some("0a")).is_ok()));
        let all: Vec<_> = (0..1_000).map(|_| limiter.admit(HERE)).collect();
        assert!(all.iter().all(Option::is_some));
        limiter.tidy();
    }
}
