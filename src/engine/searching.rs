//! The thread that searches the history while somebody types, and fills the index of what older versions kept.
//!
//! Of several searches that wait only the last is made: nobody wants to see what fitted half a word.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::model::{Event, Wanted};
use super::runner::Teller;
use super::terminal::Terminal;

/// So many parcels are indexed at once: a fraction of a second, in which nothing else is written.
const STEP: u32 = 20;
/// The rest between two steps, in which others write.
const REST: Duration = Duration::from_millis(50);

pub(super) struct Searching {
    pub terminal: Terminal,
}

impl Searching {
    /// Ends with the face.
    pub fn until_closed(mut self, searches: &Receiver<Wanted>, teller: &Teller) {
        let mut filling = true;
        let mut last = None;
        loop {
            let next = if filling {
                searches.recv_timeout(REST)
            } else {
                searches.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match next {
                Ok(first) => {
                    let wanted = searches.try_iter().last().unwrap_or(first);
                    self.search(&wanted, teller);
                    last = Some(wanted);
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    filling = self.fill();
                    // What was looked for may be among what was added.
                    if !filling && let Some(wanted) = &last {
                        self.search(wanted, teller);
                    }
                }
            }
        }
    }

    fn search(&self, wanted: &Wanted, teller: &Teller) {
        match self.terminal.history.search(wanted) {
            Ok(found) => drop(teller.tell(Event::Found(Arc::new(found)))),
            Err(error) => teller.fail(self.terminal.trouble(&error)),
        }
    }

    /// Says whether there is more to do.
    fn fill(&mut self) -> bool {
        self.terminal.history.fill_search(STEP).unwrap_or_else(|error| {
            tracing::warn!(%error, "the index of words is not filled further until the next start");
            false
        })
    }
}
