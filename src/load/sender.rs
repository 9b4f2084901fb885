//! Sends what is due, each parcel from one office to another.
//!
//! How long a send took counts from when it was due, not from when a sender had time for it: a hub that is too slow
//! is not helped by senders that wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::Method;

use super::field::{Asked, Field, UnderWay};
use super::shape::Schedule;
use super::tally::Step;
use crate::parcel::{ParcelId, sha256_hex};
use crate::wire::{DIGEST_HEADER, digest_header};

/// What is to be sent, and how much of it was begun.
#[derive(Debug)]
pub(super) struct Queue {
    schedule: Schedule,
    began: Instant,
    next: AtomicU64,
    begun: AtomicU64,
}

impl Queue {
    pub fn new(schedule: Schedule, began: Instant) -> Self {
        Self { schedule, began, next: AtomicU64::new(0), begun: AtomicU64::new(0) }
    }

    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    fn is_over(&self) -> bool {
        self.elapsed() >= self.schedule.length
    }
}

/// One of several senders. Each has offices of its own to send for, so that none waits for another's line.
pub(super) async fn send_all(field: Arc<Field>, queue: Arc<Queue>, worker: usize, workers: usize) {
    loop {
        let number = queue.next.fetch_add(1, Ordering::Relaxed);
        let Some(due) = queue.schedule.due(number) else { return };
        let due = queue.began + due;
        tokio::select! {
            () = tokio::time::sleep_until(due.into()) => {}
            () = field.ended() => return,
        }
        if queue.is_over() {
            return;
        }
        queue.begun.fetch_add(1, Ordering::Relaxed);
        let (from, to) = pair(number, worker, workers, field.offices.len());
        let since = if queue.schedule.rate.is_some() { due } else { Instant::now() };
        send(&field, from, to, since).await;
    }
}

/// Waits until the time is over.
pub(super) async fn send_nothing(field: Arc<Field>, queue: Arc<Queue>) {
    tokio::select! {
        () = tokio::time::sleep(queue.schedule.length) => {}
        () = field.ended() => {}
    }
}

async fn send(field: &Field, from: usize, to: usize, since: Instant) {
    let (Some(from), Some(to)) = (field.offices.get(from), field.offices.get(to)) else { return };
    let id = ParcelId::new();
    let mut body = field.noise.clone();
    // No two are the same.
    body.iter_mut().zip(id.to_string().bytes()).for_each(|(byte, mark)| *byte = mark);
    let (digest, body) = (sha256_hex(&body), Bytes::from(body));
    let announced = digest_header(&digest);
    let parcel = UnderWay { sent: Instant::now(), digest, accepted: false, fetched: false, answered: None };
    field.parcels().insert(id, parcel);
    let path = format!("/v1/parcels/{id}?to={}", to.number);
    let asked = || {
        let mut asked = Asked::sealed(Method::PUT, path.clone(), body.clone());
        asked.headers.push((DIGEST_HEADER, announced.clone()));
        asked
    };
    match field.exchange(from, asked).await {
        Ok(_) => {
            field.tally.took(Step::Send, since.elapsed());
            // It may have come back already.
            if let Some(parcel) = field.parcels().get_mut(&id) {
                parcel.accepted = true;
            }
        }
        Err(error) => field.failed(Step::Send, &error),
    }
}

/// Who sends a parcel to whom: by chance, the same in every trial.
fn pair(number: u64, worker: usize, workers: usize, offices: usize) -> (usize, usize) {
    let own = (offices.saturating_sub(worker)).div_ceil(workers).max(1);
    let from = worker + workers * below(number, own);
    let to = below(number ^ 0x5bf0_3635, offices.saturating_sub(1).max(1));
    (from, if to >= from { to + 1 } else { to })
}

/// SplitMix64.
fn below(seed: u64, count: usize) -> usize {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((z ^ (z >> 31)) % count.max(1) as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_sends_and_everybody_receives_and_nobody_to_itself() {
        for (workers, offices) in [(1, 2), (3, 7), (16, 100)] {
            let (mut senders, mut receivers) = (vec![0; offices], vec![0; offices]);
            for number in 0..20_000 {
                let worker = number as usize % workers;
                let (from, to) = pair(number, worker, workers, offices);
                assert!(from != to && from % workers == worker);
                senders[from] += 1;
                receivers[to] += 1;
            }
            assert!(senders.iter().chain(&receivers).all(|count| *count > 0), "{workers} of {offices}");
        }
    }
}
