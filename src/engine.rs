//! Commands in, events out: the engine owns threads, timers and retries, and knows no window.

pub mod autostart;
mod board;
mod delivery;
mod diagnosing;
pub mod diagnosis;
mod drafts;
pub mod enrol;
mod entrance;
pub mod exchange;
mod failure;
mod fetching;
pub mod habits;
pub mod model;
mod national;
mod opening;
pub mod outgoing;
pub mod papers;
mod partners;
pub mod people;
pub mod profile;
mod receipts;
mod receiving;
mod refill;
mod relay;
pub mod release;
pub mod renewal;
mod retry;
mod runner;
mod searching;
mod sending;
mod statements;
mod subject;
pub mod support;
pub mod templates;
pub mod terminal;
pub mod terminals;
mod together;
pub mod trial;
mod views;
mod watching;

use std::sync::mpsc::{Receiver, Sender, channel};

pub use board::PersonsOfFiles;
pub use model::{Command, Event};
pub use terminal::export_audit;

/// A face's end of the engine. Neither call ever waits.
#[derive(Debug)]
pub struct Engine {
    commands: Sender<Command>,
    events: Receiver<Event>,
}

/// The other end: takes commands, tells events.
#[derive(Debug)]
pub struct Backend {
    pub commands: Receiver<Command>,
    pub events: Sender<Event>,
}

impl Engine {
    /// Both ends, unconnected to any work. Tests of the faces play the engine themselves.
    pub fn pair() -> (Engine, Backend) {
        let (commands, taken) = channel();
        let (told, events) = channel();
        (Engine { commands, events }, Backend { commands: taken, events: told })
    }

    /// Its two channels, for who stands between an engine and its face.
    pub(crate) fn into_parts(self) -> (Sender<Command>, Receiver<Event>) {
        (self.commands, self.events)
    }

    pub(crate) fn of_parts(commands: Sender<Command>, events: Receiver<Event>) -> Engine {
        Engine { commands, events }
    }

    /// Asks for something. An engine that has ended hears nothing, and the window is closing then anyway.
    pub fn send(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    /// The next event, if there is one.
    pub fn poll(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }
}
