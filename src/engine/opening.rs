//! The thread that reads a parcel for the reading pane: its tables may be those of ten thousand persons.
//!
//! Of several that wait only the last is read: who went on to another parcel does not wait for the one before.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::model::{Event, Settings};
use super::runner::Teller;
use super::terminal::Terminal;
use crate::parcel::ParcelId;

/// What it is asked.
pub(super) enum Wish {
    Open(ParcelId),
    /// The desks are these from now on.
    Follow(Box<Settings>),
}

pub(super) struct Opening {
    pub terminal: Terminal,
}

impl Opening {
    /// Ends with the face.
    pub fn until_closed(mut self, wishes: &Receiver<Wish>, teller: &Teller) {
        while let Ok(first) = wishes.recv() {
            let mut wanted = None;
            for wish in std::iter::once(first).chain(wishes.try_iter()) {
                match wish {
                    Wish::Open(id) => wanted = Some(id),
                    Wish::Follow(settings) => self.terminal.follow(&settings),
                }
            }
            let Some(id) = wanted else { continue };
            match self.terminal.view(id) {
                Ok(Some(view)) => drop(teller.tell(Event::Opened(Arc::new(view)))),
                Ok(None) => {}
                Err(error) => teller.fail(self.terminal.trouble(&error)),
            }
        }
    }
}
