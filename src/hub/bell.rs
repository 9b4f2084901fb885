//! Rings for an office, so that a terminal that waits for mail hears of it at once; and remembers how far the lists of those
//! go for whom nobody rang since, so that most questions for news are answered without a look into the store.
//!
//! What is remembered hangs on the bell that was there before the look: a ring takes the bell away, and with it whatever was
//! read before. Over a store that other nodes write into it counts only while this node hears them.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::stores::Store;
use super::stores::postgres::{Neighbours, Rings};
use crate::standard::OfficeNumber;
use crate::wire::Heads;

/// The other nodes are looked for every second. One that was not heard for so long may have news that nobody rang for.
const HEARS_FOR: Duration = Duration::from_secs(3);

/// One bell per office that somebody listens for.
#[derive(Debug, Default)]
pub struct Bell {
    offices: Mutex<Offices>,
    /// The other nodes, where there may be any.
    neighbours: OnceLock<Neighbours>,
    hearing: Hearing,
}

/// Whether everything that happens to an office is heard here.
#[derive(Debug, Default)]
enum Hearing {
    /// Nobody else writes into the store.
    #[default]
    Alone,
    /// Up to this moment the other nodes were heard.
    Until(Mutex<Option<Instant>>),
}

#[derive(Debug)]
enum Offices {
    Open(HashMap<OfficeNumber, Hung>),
    /// Nobody is to wait any more.
    Closing,
}

impl Default for Offices {
    fn default() -> Self {
        Self::Open(HashMap::new())
    }
}

/// A bell that nobody has rung yet.
#[derive(Debug, Default)]
struct Hung {
    bell: Arc<Notify>,
    heads: Option<Heads>,
}

/// Somebody who listens.
#[derive(Debug)]
pub struct Listening {
    bell: Arc<Notify>,
    /// Comes when it rings.
    pub rung: Pin<Box<OwnedNotified>>,
    /// How far the office's lists go, where that is known.
    pub heads: Option<Heads>,
}

impl Rings for Bell {
    fn ring(&self, office: OfficeNumber) {
        self.ring_here(office);
    }

    fn ring_everyone(&self) {
        Bell::ring_everyone(self);
    }

    fn heard(&self) {
        if let Hearing::Until(heard) = &self.hearing {
            *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }
}

impl Bell {
    /// A bell that rings at every node over this store.
    pub fn over(store: &Store) -> Arc<Self> {
        let hearing = if store.is_shared() { Hearing::Until(Mutex::default()) } else { Hearing::Alone };
        let bell = Arc::new(Self { hearing, ..Self::default() });
        let here: std::sync::Weak<Self> = Arc::downgrade(&bell);
        if let Some(neighbours) = store.neighbours(here) {
            let _ = bell.neighbours.set(neighbours);
        }
        bell
    }

    /// Listens from now on, not only from the first await: a ring in between is heard.
    pub fn listen(&self, office: OfficeNumber) -> Listening {
        let (bell, heads) = match &mut *self.offices() {
            Offices::Open(offices) => {
                let hung = offices.entry(office).or_default();
                (Arc::clone(&hung.bell), hung.heads)
            }
            Offices::Closing => {
                let rung = Arc::new(Notify::new());
                rung.notify_one();
                (rung, None)
            }
        };
        let mut rung = Box::pin(Arc::clone(&bell).notified_owned());
        rung.as_mut().enable();
        Listening { bell, rung, heads: heads.filter(|_| self.hears_everything()) }
    }

    /// So far the office's lists go, as read after it was listened: nobody has to look again until it rings.
    pub fn remember(&self, office: OfficeNumber, listening: &Listening, heads: Heads) {
        if let Offices::Open(offices) = &mut *self.offices()
            && let Some(hung) = offices.get_mut(&office)
            && Arc::ptr_eq(&hung.bell, &listening.bell)
        {
            hung.heads = Some(heads);
        }
    }

    fn hears_everything(&self) -> bool {
        match &self.hearing {
            Hearing::Alone => true,
            Hearing::Until(heard) => {
                heard.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at.elapsed() < HEARS_FOR)
            }
        }
    }

    /// Wakes every terminal of the office that listens, at whatever node.
    pub fn ring(&self, office: OfficeNumber) {
        self.ring_here(office);
        if let Some(neighbours) = self.neighbours.get() {
            neighbours.tell(office);
        }
    }

    /// Wakes those that listen here. A bell that was rung is put away.
    fn ring_here(&self, office: OfficeNumber) {
        if let Offices::Open(offices) = &mut *self.offices()
            && let Some(hung) = offices.remove(&office)
        {
            hung.bell.notify_waiters();
        }
    }

    /// Wakes everyone who listens now: something changed that may concern any of them.
    pub fn ring_everyone(&self) {
        if let Offices::Open(offices) = &mut *self.offices() {
            offices.drain().for_each(|(_, hung)| hung.bell.notify_waiters());
        }
    }

    /// Wakes everyone for good: who listens from now on hears a ring at once.
    pub fn ring_all(&self) {
        if let Offices::Open(offices) = std::mem::replace(&mut *self.offices(), Offices::Closing) {
            offices.values().for_each(|hung| hung.bell.notify_waiters());
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
        assert!(is_ready(for_north.rung.as_mut()));
        assert!(!is_ready(for_south.rung.as_mut()));
    }

    #[test]
    fn what_was_read_before_a_ring_is_forgotten_with_it() {
        let north = "3100000001".parse().unwrap();
        let bell = Bell::default();
        let heads = |inbox| Heads { inbox, ..Heads::default() };
        let first = bell.listen(north);
        assert_eq!(first.heads, None);
        bell.remember(north, &first, heads(1));
        assert_eq!(bell.listen(north).heads, Some(heads(1)));
        bell.ring(north);
        let second = bell.listen(north);
        assert_eq!(second.heads, None);
        // Something came between the look and what is made of it.
        bell.ring(north);
        bell.remember(north, &second, heads(2));
        assert_eq!(bell.listen(north).heads, None);
        let third = bell.listen(north);
        bell.remember(north, &second, heads(2));
        assert_eq!(bell.listen(north).heads, None, "it was read for another bell");
        bell.remember(north, &third, heads(3));
        bell.ring_everyone();
        assert_eq!(bell.listen(north).heads, None);
    }

    #[test]
    fn a_node_that_does_not_hear_the_others_remembers_nothing() {
        let north = "3100000001".parse().unwrap();
        let bell = Bell { hearing: Hearing::Until(Mutex::default()), ..Bell::default() };
        let listening = bell.listen(north);
        bell.remember(north, &listening, Heads::default());
        assert_eq!(bell.listen(north).heads, None);
        Rings::heard(&bell);
        assert_eq!(bell.listen(north).heads, Some(Heads::default()));
        let long_ago = Instant::now().checked_sub(HEARS_FOR);
        let deaf = Bell { hearing: Hearing::Until(Mutex::new(long_ago)), ..Bell::default() };
        let listening = deaf.listen(north);
        deaf.remember(north, &listening, Heads::default());
        assert_eq!(deaf.listen(north).heads, None);
    }

    #[test]
    fn when_the_hub_closes_nobody_waits_any_more() {
        let (north, south) = ("3100000001".parse().unwrap(), "3100000002".parse().unwrap());
        let bell = Bell::default();
        let mut before = bell.listen(north);
        bell.ring_all();
        bell.ring_all();
        bell.ring(north);
        assert!(is_ready(before.rung.as_mut()));
        assert!(is_ready(bell.listen(north).rung.as_mut()));
        assert!(is_ready(bell.listen(south).rung.as_mut()));
    }
}
