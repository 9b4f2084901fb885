//! The thread that searches the history while somebody types, and fills the index of what older versions kept.
//!
//! Of several searches that wait only the last is made: nobody wants to see what fitted half a word.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::model::{Event, Settings, Wanted};
use super::runner::Teller;
use super::terminal::Terminal;

/// So many parcels are indexed at once: a fraction of a second, in which nothing else is written.
const STEP: u32 = 20;
/// The rest between two steps, in which others write.
const REST: Duration = Duration::from_millis(50);

/// What it is asked.
pub(super) enum Wish {
    Search(Wanted),
    /// The desks are these from now on.
    Follow(Box<Settings>),
}

pub(super) struct Searching {
    pub terminal: Terminal,
}

impl Searching {
    /// Ends with the face.
    pub fn until_closed(mut self, wishes: &Receiver<Wish>, teller: &Teller) {
        let mut waiting = self.waiting();
        let mut last = None;
        if waiting > 0 {
            teller.tell(Event::SearchWaiting(waiting));
        }
        loop {
            let next = if waiting > 0 {
                wishes.recv_timeout(REST)
            } else {
                wishes.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match next {
                Ok(first) => {
                    let mut wanted = None;
                    for wish in std::iter::once(first).chain(wishes.try_iter()) {
                        match wish {
                            Wish::Search(asked) => wanted = Some(asked),
                            Wish::Follow(settings) => self.terminal.follow(&settings),
                        }
                    }
                    if let Some(wanted) = wanted {
                        self.search(&wanted, teller);
                        last = Some(wanted);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    waiting = self.fill(waiting);
                    teller.tell(Event::SearchWaiting(waiting));
                    // What was looked for may be among what was added.
                    if waiting == 0
                        && let Some(wanted) = &last
                    {
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

    /// How many parcels are to be indexed.
    fn waiting(&self) -> usize {
        self.terminal.history.search_waiting().unwrap_or_else(|error| {
            tracing::warn!(%error, "it cannot be told whether the index of words is whole");
            0
        })
    }

    /// Says how many are left: never none before it is so, though one may have been taken back meanwhile.
    fn fill(&mut self, waiting: usize) -> usize {
        match self.terminal.history.fill_search(STEP) {
            Ok(0) => 0,
            Ok(done) => waiting.saturating_sub(done).max(1),
            Err(error) => {
                tracing::warn!(%error, "the index of words is not filled further until the next start");
                0
            }
        }
    }
}
