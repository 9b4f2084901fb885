//! The thread that looks for what stands in the way, tells how far it is, and can be called off.
//!
//! Each look has a thread of its own that nobody has to wait for: a name that is looked up, or a share that is gone, gives no
//! sign for as long as the system likes.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::diagnosis::{self, Check, Found};
use super::model::{Diagnosis, DiagnosisCommand, Event, Failure, Look, Notice, Trial};
use super::profile::Profile;
use super::runner::Teller;
use super::{support, trial};
use crate::history::{Action, DONE};

/// How often it is looked whether somebody called it off.
const HEED_EVERY: Duration = Duration::from_millis(50);
/// After so long a look has found nothing.
const LONGEST: Duration = Duration::from_secs(30);

/// The profile as it is now, and what is wanted.
pub(super) type Order = (Profile, DiagnosisCommand);

/// Starts the thread; it ends when nobody can ask any more.
pub(super) fn start(teller: Teller) -> Sender<Order> {
    let (orders, ordered) = mpsc::channel();
    let diagnosing = Diagnosing { teller, diagnosis: Diagnosis::default(), orders: ordered, later: VecDeque::new() };
    if let Err(error) = std::thread::Builder::new().name("diagnosis".into()).spawn(move || diagnosing.until_closed()) {
        tracing::error!(%error, "no thread for the diagnosis");
    }
    orders
}

struct Diagnosing {
    teller: Teller,
    diagnosis: Diagnosis,
    orders: Receiver<Order>,
    /// What came while something was under way.
    later: VecDeque<Order>,
}

/// How waiting ended.
enum Waited<T> {
    Done(T),
    TooSlow,
    CalledOff,
}

impl Diagnosing {
    fn until_closed(mut self) {
        while let Some((profile, command)) = self.later.pop_front().or_else(|| self.orders.recv().ok()) {
            match command {
                DiagnosisCommand::All => self.look_at_all(&profile),
                DiagnosisCommand::Again(check) => {
                    self.look_at(check, &profile);
                    put_on_record(&profile, Action::Diagnose, check.as_str(), DONE);
                }
                DiagnosisCommand::Trial => self.try_sending(&profile),
                DiagnosisCommand::Support(to) => self.write_support(&profile, to),
                // It came too late: nothing is under way.
                DiagnosisCommand::Stop => {}
            }
        }
    }

    fn look_at_all(&mut self, profile: &Profile) {
        for (_, look) in &mut self.diagnosis.checks {
            *look = Look::NotYet;
        }
        let whole = Check::ALL.into_iter().all(|check| self.look_at(check, profile));
        put_on_record(profile, Action::Diagnose, "all", if whole { DONE } else { "called-off" });
    }

    /// Says whether to go on.
    fn look_at(&mut self, check: Check, profile: &Profile) -> bool {
        self.note(check, Look::UnderWay);
        let of = profile.clone();
        let (look, goes_on) = match self.wait(move || diagnosis::look_at(check, &of, Timestamp::now())) {
            Waited::Done(found) => (Look::Done(found), true),
            Waited::TooSlow => (Look::Done(Found::TooSlow), true),
            Waited::CalledOff => (Look::NotYet, false),
        };
        self.note(check, look);
        goes_on
    }

    fn try_sending(&mut self, profile: &Profile) {
        self.diagnosis.trial = Trial::UnderWay;
        self.tell();
        let of = profile.clone();
        let waited = self.wait(move || {
            let mut terminal = of.terminal().map_err(|error| error.failure())?;
            let link = of.link(&terminal.identity).map_err(|error| error.failure())?;
            trial::send_to_ourselves(&mut terminal, &link, Timestamp::now())
        });
        let (trial, result) = match waited {
            Waited::Done(Ok(took)) => (Trial::Came { took }, DONE.to_owned()),
            Waited::Done(Err(failure)) => (Trial::Failed(failure.clone()), failure.code()),
            Waited::TooSlow => (Trial::Failed(Failure::HubUnreachable), Failure::HubUnreachable.code()),
            Waited::CalledOff => (Trial::NotYet, "called-off".to_owned()),
        };
        self.diagnosis.trial = trial;
        self.tell();
        put_on_record(profile, Action::Diagnose, "trial", &result);
    }

    fn write_support(&mut self, profile: &Profile, to: PathBuf) {
        let (of, diagnosis, target) = (profile.clone(), self.diagnosis.clone(), to.clone());
        let written = match self.wait(move || support::write(&of, &diagnosis, &target, Timestamp::now())) {
            Waited::Done(written) => written,
            Waited::TooSlow => Err(Failure::Unexpected),
            Waited::CalledOff => return,
        };
        let result = written.as_ref().err().map_or_else(|| DONE.to_owned(), Failure::code);
        put_on_record(profile, Action::WriteSupport, "", &result);
        self.teller.tell(Event::Notice(match written {
            Ok(()) => Notice::Saved { name: name_of(&to) },
            Err(failure) => Notice::Failed(failure),
        }));
    }

    /// Lets a thread work and heeds what comes meanwhile.
    fn wait<T: Send + 'static>(&mut self, work: impl FnOnce() -> T + Send + 'static) -> Waited<T> {
        let (tell, told) = mpsc::channel();
        let working = move || drop(tell.send(work()));
        if let Err(error) = std::thread::Builder::new().name("look".into()).spawn(working) {
            tracing::error!(%error, "no thread for a look");
            return Waited::TooSlow;
        }
        let begun = Instant::now();
        loop {
            match told.recv_timeout(HEED_EVERY) {
                Ok(done) => return Waited::Done(done),
                Err(RecvTimeoutError::Disconnected) => return Waited::TooSlow,
                Err(RecvTimeoutError::Timeout) if begun.elapsed() > LONGEST => return Waited::TooSlow,
                Err(RecvTimeoutError::Timeout) => {}
            }
            match self.orders.try_recv() {
                Ok((_, DiagnosisCommand::Stop)) | Err(TryRecvError::Disconnected) => {
                    self.later.clear();
                    return Waited::CalledOff;
                }
                Ok(order) => self.later.push_back(order),
                Err(TryRecvError::Empty) => {}
            }
        }
    }

    fn note(&mut self, check: Check, look: Look) {
        if let Some((_, noted)) = self.diagnosis.checks.iter_mut().find(|(of, _)| *of == check) {
            *noted = look;
        }
        self.tell();
    }

    fn tell(&self) {
        self.teller.tell(Event::Diagnosis(Arc::new(self.diagnosis.clone())));
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A terminal whose history cannot be opened has no record; that is what is being looked for then.
fn put_on_record(profile: &Profile, action: Action, subject: &str, result: &str) {
    let recorded = profile.history().map_err(|error| error.to_string()).and_then(|mut history| {
        history.record(action, subject, result, Timestamp::now()).map_err(|error| error.to_string())
    });
    if let Err(error) = recorded {
        tracing::warn!(%error, "the diagnosis is not on record");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::profile::Settings;
    use crate::identity::Vault;

    #[test]
    fn a_look_that_takes_for_ever_can_be_called_off_and_what_came_meanwhile_goes_with_it() {
        let dir = tempfile::tempdir().unwrap();
        Vault::create_unprotected(dir.path(), "correct horse").unwrap();
        let office = "3170000001".parse().unwrap();
        let settings = Settings::new(office, String::new(), String::new(), dir.path().join("o"), dir.path().join("i"));
        let profile = Profile::create(dir.path(), settings).unwrap();
        let (events, told) = mpsc::channel();
        let (orders, ordered) = mpsc::channel();
        let (board, _) = mpsc::channel();
        let teller = Teller { events, wake: Arc::new(|| ()), board };
        let mut diagnosing =
            Diagnosing { teller, diagnosis: Diagnosis::default(), orders: ordered, later: VecDeque::new() };
        orders.send((profile.clone(), DiagnosisCommand::All)).unwrap();
        orders.send((profile, DiagnosisCommand::Stop)).unwrap();
        let (hold, held) = mpsc::channel::<()>();
        assert!(matches!(diagnosing.wait(move || held.recv()), Waited::CalledOff));
        assert!(diagnosing.later.is_empty() && told.try_recv().is_err());
        drop(hold);
        assert!(matches!(diagnosing.wait(|| 7), Waited::Done(7)));
    }
}
