//! The thread that watches the outgoing folders and keeps the drafts.
//!
//! It looks when the system says that something changed, when a file may have become whole, and slowly all the time. A
//! computer that slept is noticed by the clock: then everything is looked at afresh, and a round is made.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use super::failure::of_history;
use super::habits::AfterSending;
use super::model::{Drafts, Event, Failure, Notice, Settings};
use super::runner::{Errand, Teller, tell_lists};
use super::terminal::Terminal;
use crate::folders::{Taken, Trouble, Watch, WatchPace};
use crate::history::HistoryError;
use crate::parcel::Limits;
use crate::standard::OfficeNumber;

/// The wall clock went so much further than our waiting: the computer slept.
const SLEPT: Duration = Duration::from_secs(30);
/// While somebody else has the turn, what goes by itself waits.
const TURN_PAUSE: Duration = Duration::from_secs(1);
/// Files that are downloaded one after the other come together, up to so many bytes.
const DOWNLOAD_REST: Duration = Duration::from_secs(3);
const DOWNLOAD_BYTES: usize = 128 * 1024 * 1024;
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What the watching thread is told.
#[derive(Debug)]
pub(super) enum Nudge {
    /// The system told of a change in a folder.
    Changed,
    /// Look at everything now: somebody asks.
    Afresh,
    /// Something was sent, withdrawn, or learnt about the offices.
    Refresh,
    Dismiss(OfficeNumber),
    Settings(Box<Settings>),
    /// The face is gone.
    End,
}

/// The folder the national system downloads to, where it is used.
#[derive(Default)]
struct Downloads {
    watch: Option<Watch>,
    gathered: Vec<Taken>,
    /// When what was gathered is taken in.
    due: Option<Instant>,
}

impl Downloads {
    fn wait(&self, now: Instant) -> Duration {
        let look = self.watch.as_ref().map_or(LONGEST_WAIT, |watch| watch.next_look(now));
        self.due.map_or(look, |due| look.min(due.saturating_duration_since(now)))
    }
}

/// Whether the computer slept while we waited for `wait` at most, by our own count and by the clock on the wall. Some systems
/// count on through a sleep and some do not. A clock that was set forward looks the same, and a look too many does no harm.
fn slept(wait: Duration, counted: Duration, clock: Duration) -> bool {
    clock.saturating_sub(counted.min(wait)) > SLEPT
}

pub(super) struct Watching {
    terminal: Terminal,
    settings: Settings,
    pace: WatchPace,
    watch: Option<Watch>,
    troubles: Vec<Trouble>,
    /// How many files were being written when the face heard last.
    coming: usize,
    /// What was sent and cannot be put away, as it was told.
    stuck: Vec<Failure>,
    downloads: Downloads,
    /// For the handle that wakes us.
    nudge: Sender<Nudge>,
    /// When what goes by itself is due.
    due: Option<Instant>,
}

impl Watching {
    pub(super) fn new(terminal: Terminal, settings: Settings, nudge: Sender<Nudge>) -> Self {
        let pace = WatchPace::default();
        Self {
            terminal,
            settings,
            pace,
            watch: None,
            troubles: Vec::new(),
            coming: 0,
            stuck: Vec::new(),
            downloads: Downloads::default(),
            nudge,
            due: None,
        }
    }

    pub(super) fn until_closed(mut self, nudges: &Receiver<Nudge>, errands: &Sender<Errand>, teller: &Teller) {
        self.begin(teller);
        loop {
            let wait = self.wait();
            let (began, clock) = (Instant::now(), SystemTime::now());
            let first = match nudges.recv_timeout(wait) {
                Ok(nudge) => Some(nudge),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let mut refresh = false;
            for nudge in first.into_iter().chain(nudges.try_iter()) {
                match nudge {
                    Nudge::Changed => {}
                    Nudge::Afresh => self.afresh(),
                    Nudge::Refresh => refresh = true,
                    Nudge::Dismiss(receiver) => {
                        let dismissed = self.terminal.history.dismiss_outgoing(receiver);
                        self.said(dismissed, teller);
                        refresh = true;
                        self.tell(teller);
                    }
                    Nudge::Settings(settings) => {
                        self.settings = *settings;
                        self.begin(teller);
                    }
                    Nudge::End => return,
                }
            }
            if slept(wait, began.elapsed(), clock.elapsed().unwrap_or_default()) {
                tracing::info!("the computer slept; everything is looked at afresh");
                self.afresh();
                let _ = errands.send(Errand::Woke);
            }
            let step = self.step(refresh, errands, teller);
            self.said(step, teller);
        }
    }

    /// Begins to watch what the settings say.
    fn begin(&mut self, teller: &Teller) {
        self.watch = None;
        self.troubles = Vec::new();
        self.terminal.follow(&self.settings);
        self.downloads = Downloads::default();
        if let Some(folder) = self.settings.folders.national.as_ref().and_then(|national| national.download.clone()) {
            let nudge = self.nudge.clone();
            let wake = move || drop(nudge.send(Nudge::Changed));
            // What was taken before is told by its content: the history has it.
            let limit = Limits::default().file_bytes;
            self.downloads.watch = Some(Watch::new(&[folder], self.pace, limit, Vec::new(), Instant::now(), wake));
        }
        if self.settings.folders.watch {
            let known = self.terminal.known_outgoing().inspect_err(|error| {
                tracing::error!(%error, "what was taken before cannot be told; it is read again");
            });
            let nudge = self.nudge.clone();
            let folders = self.settings.outgoing_folders();
            let limit = Limits::default().file_bytes;
            let wake = move || drop(nudge.send(Nudge::Changed));
            self.watch = Some(Watch::new(&folders, self.pace, limit, known.unwrap_or_default(), Instant::now(), wake));
        }
        self.tell(teller);
    }

    fn afresh(&mut self) {
        self.watch.iter_mut().chain(&mut self.downloads.watch).for_each(Watch::look_afresh);
    }

    fn wait(&self) -> Duration {
        let now = Instant::now();
        let look = self.watch.as_ref().map_or(LONGEST_WAIT, |watch| watch.next_look(now));
        let due = self.due.map_or(LONGEST_WAIT, |due| due.saturating_duration_since(now));
        look.min(due).min(self.downloads.wait(now)).min(LONGEST_WAIT)
    }

    fn step(&mut self, mut refresh: bool, errands: &Sender<Errand>, teller: &Teller) -> Result<(), HistoryError> {
        let now = Timestamp::now();
        self.take_downloads(now, teller)?;
        let look = self.watch.as_mut().map(|watch| watch.look(Instant::now())).unwrap_or_default();
        if !look.whole.is_empty()
            && let Err(error) = self.terminal.note_whole(&look.whole, now)
        {
            // Nothing is lost: the files are told again.
            if let Some(watch) = &mut self.watch {
                look.whole.iter().for_each(|(file, _)| watch.tell_again(&file.path, Instant::now()));
            }
            return Err(error);
        }
        if !look.gone.is_empty() {
            self.terminal.history.forget_outgoing(&look.gone)?;
        }
        refresh |= !look.whole.is_empty() || !look.gone.is_empty();
        let coming = self.watch.as_ref().map_or(0, Watch::coming);
        let mut changed = std::mem::replace(&mut self.coming, coming) != coming;
        if let Some(troubles) = look.troubles {
            for trouble in troubles.iter().filter(|trouble| !self.troubles.contains(trouble)) {
                teller.fail(trouble.failure.clone());
            }
            (self.troubles, changed) = (troubles, true);
        }
        if refresh && self.watch.is_some() {
            if self.settings.folders.after_sending == AfterSending::PutAway {
                let stuck = self.terminal.put_away_sent(&self.settings.outgoing_folders(), now)?;
                for failure in stuck.iter().filter(|failure| !self.stuck.contains(failure)) {
                    teller.fail(failure.clone());
                }
                self.stuck = stuck;
            }
            let refreshed = self.terminal.refresh_drafts(&look.whole, now)?;
            changed |= refreshed.changed || !look.whole.is_empty() || !look.gone.is_empty();
            if refreshed.new > 0 {
                let (drafts, troubled) = (refreshed.new, refreshed.troubled);
                teller.tell(Event::Notice(Notice::Drafted { drafts, troubled }));
            }
        }
        if changed {
            self.tell(teller);
        }
        if refresh || self.due.is_some_and(|due| due <= Instant::now()) {
            self.send_automatic(now, errands, teller)?;
        }
        Ok(())
    }

    /// Takes in what the national system downloaded, all of one download together.
    fn take_downloads(&mut self, now: Timestamp, teller: &Teller) -> Result<(), HistoryError> {
        let Some(watch) = &mut self.downloads.watch else { return Ok(()) };
        let look = watch.look(Instant::now());
        for trouble in look.troubles.iter().flatten() {
            teller.fail(trouble.failure.clone());
        }
        if !look.whole.is_empty() {
            self.downloads.gathered.extend(look.whole.into_iter().map(|(file, _)| file));
            self.downloads.due = Some(Instant::now() + DOWNLOAD_REST);
        }
        let bytes: usize = self.downloads.gathered.iter().map(|file| file.bytes.len()).sum();
        if self.downloads.due.is_none_or(|due| due > Instant::now() && bytes < DOWNLOAD_BYTES) {
            return Ok(());
        }
        self.downloads.due = None;
        let files = std::mem::take(&mut self.downloads.gathered);
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        let notices = self.terminal.take_downloads(files, now).inspect_err(|_| {
            // Nothing is lost: the files are told again.
            if let Some(watch) = &mut self.downloads.watch {
                paths.iter().for_each(|path| watch.tell_again(path, Instant::now()));
            }
        })?;
        if !notices.is_empty() {
            for notice in notices {
                teller.tell(Event::Notice(notice));
            }
            tell_lists(&self.terminal, teller);
        }
        Ok(())
    }

    /// Sends what the settings let go without a click.
    fn send_automatic(
        &mut self,
        now: Timestamp,
        errands: &Sender<Errand>,
        teller: &Teller,
    ) -> Result<(), HistoryError> {
        self.due = None;
        let rules = &self.settings.folders.automatic;
        if rules.is_empty() || self.watch.is_none() {
            return Ok(());
        }
        let later = |at: Timestamp| {
            Instant::now() + Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default()
        };
        let (requests, next) = self.terminal.automatic_requests(rules, now)?;
        self.due = next.map(later);
        if requests.is_empty() {
            return Ok(());
        }
        let Ok(Some(turn)) = self.terminal.try_turn() else {
            self.due = Some(Instant::now() + TURN_PAUSE);
            return Ok(());
        };
        // Another program may have sent some of it a moment ago.
        self.terminal.refresh_drafts(&[], now)?;
        let (requests, _) = self.terminal.automatic_requests(rules, now)?;
        let parcels = self.terminal.prepare_automatic(&requests, now);
        let parcels = self.terminal.queue(parcels, now, now)?;
        drop(turn);
        if parcels > 0 {
            teller.tell(Event::Notice(Notice::Queued { parcels }));
            self.terminal.refresh_drafts(&[], now)?;
            self.tell(teller);
            tell_lists(&self.terminal, teller);
            let _ = errands.send(Errand::Round);
        }
        Ok(())
    }

    fn tell(&self, teller: &Teller) {
        match self.terminal.drafts(&self.settings.folders.automatic, &self.troubles) {
            Ok(drafts) => drop(teller.tell(Event::Drafts(Drafts { coming: self.coming, ..drafts }))),
            Err(error) => teller.fail(of_history(&error)),
        }
    }

    fn said<T>(&self, done: Result<T, HistoryError>, teller: &Teller) {
        if let Err(error) = done {
            tracing::error!(%error, source = std::error::Error::source(&error), "the history failed the watch");
            teller.fail(of_history(&error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_told_from_a_wait_and_from_a_clock_that_was_set_back() {
        let secs = Duration::from_secs;
        assert!(!slept(secs(60), secs(60), secs(60)), "an ordinary wait");
        assert!(!slept(secs(60), secs(3), secs(3)), "woken by a change");
        assert!(slept(secs(60), secs(20), secs(3_600)), "our count stood still while it slept");
        assert!(slept(secs(60), secs(3_600), secs(3_600)), "our count went on");
        assert!(!slept(secs(60), secs(60), Duration::ZERO), "the clock was set back: it has not elapsed");
    }
}
