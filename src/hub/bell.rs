//! Rings for an office, so that a terminal that waits for mail hears of it at once.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::stores::Store;
use super::stores::postgres::{Neighbours, Rings};
use crate::standard::OfficeNumber;

/// One bell per office that somebody listens for.
#[derive(Debug, Default)]
pub struct Bell {
    offices: Mutex<Offices>,
    /// The other nodes, where there may be any.
    neighbours: OnceLock<Neighbours>,
}

#[derive(Debug)]
enum Offices {
    Open(HashMap<OfficeNumber, Arc<Notify>>),
    /// Nobody is to wait any more.
    Closing,
}

impl Default for Offices {
    fn default() -> Self {
        Self::Open(HashMap::new())
    }
}

impl Rings for Bell {
    fn ring(&self, office: OfficeNumber) {
        self.ring_here(office);
    }
}

impl Bell {
    /// A bell that rings at every node over this store.
    pub fn over(store: &Store) -> Arc<Self> {
        let bell = Arc::new(Self::default());
        let here: std::sync::Weak<Self> = Arc::downgrade(&bell);
        if let Some(neighbours) = store.neighbours(here) {
            let _ = bell.neighbours.set(neighbours);
        }
        bell
    }

    /// Listens from now on, not only from the first await: a ring in between is heard.
    pub fn listen(&self, office: OfficeNumber) -> Pin<Box<OwnedNotified>> {
        let bell = match &mut *self.offices() {
            Offices::Open(offices) => Arc::clone(offices.entry(office).or_default()),
            Offices::Closing => {
                let rung = Arc::new(Notify::new());
                rung.notify_one();
                rung
            }
        };
        let mut rung = Box::pin(bell.notified_owned());
        rung.as_mut().enable();
        rung
    }

    /// Wakes every terminal of the office that listens, at whatever node.
    pub fn ring(&self, office: OfficeNumber) {
        self.ring_here(office);
        if let Some(neighbours) = self.neighbours.get() {
            neighbours.tell(office);
        }
    }

    /// Wakes those that listen here. A bell nobody listens to any more is put away.
    fn ring_here(&self, office: OfficeNumber) {
        if let Offices::Open(offices) = &mut *self.offices()
            && let Some(bell) = offices.remove(&office)
        {
            bell.notify_waiters();
        }
    }

    /// Wakes everyone who listens now: something changed that may concern any of them.
    pub fn ring_everyone(&self) {
        if let Offices::Open(offices) = &mut *self.offices() {
            offices.drain().for_each(|(_, bell)| bell.notify_waiters());
        }
    }

    /// Wakes everyone for good: who listens from now on hears a ring at once.
    pub fn ring_all(&self) {
        if let Offices::Open(offices) = std::mem::replace(&mut *self.offices(), Offices::Closing) {
            offices.values().for_each(|bell| bell.notify_waiters());
        }
    }

    fn offices(&self) -> MutexGuard<'_, Offices> {
        self.offices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ready(future: Pin<&mut impl Future>) -> bool {
        future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
    }

    #[test]
    fn a_ring_before_the_first_await_is_heard_and_others_are_not() {
        let (north, south) = ("3100000001".parse().unwrap(), "3100000002".parse().unwrap());
        let bell = Bell::default();
        let (mut for_north, mut for_south) = (bell.listen(north), bell.listen(south));
        bell.ring(north);
        assert!(is_ready(for_north.as_mut()));
        assert!(!is_ready(for_south.as_mut()));
    }

    #[test]
    fn when_the_hub_closes_nobody_waits_any_more() {
        let (north, south) = ("3100000001".parse().unwrap(), "3100000002".parse().unwrap());
        let bell = Bell::default();
        let mut before = bell.listen(north);
        bell.ring_all();
        bell.ring_all();
        bell.ring(north);
        assert!(is_ready(before.as_mut()));
        assert!(is_ready(bell.listen(north).as_mut()));
        assert!(is_ready(bell.listen(south).as_mut()));
    }
}
