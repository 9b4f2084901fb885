//! Rings for an office, so that a terminal that waits for mail hears of it at once.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::standard::OfficeNumber;

/// One bell per office that somebody listens for.
#[derive(Debug, Default)]
pub struct Bell {
    offices: Mutex<HashMap<OfficeNumber, Arc<Notify>>>,
}

impl Bell {
    /// Listens from now on, not only from the first await: a ring in between is heard.
    pub fn listen(&self, office: OfficeNumber) -> Pin<Box<OwnedNotified>> {
        let mut offices = self.offices.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rung = Box::pin(Arc::clone(offices.entry(office).or_default()).notified_owned());
        rung.as_mut().enable();
        rung
    }

    /// Wakes every terminal of the office that listens. A bell nobody listens to any more is put away.
    pub fn ring(&self, office: OfficeNumber) {
        let mut offices = self.offices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = offices.remove(&office) {
            bell.notify_waiters();
        }
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
}
