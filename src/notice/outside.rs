//! Tells what is outside this computer, by every way the user has chosen.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use super::{Inlet, mail, phone};
use crate::engine::habits::NoticeHabits;
use crate::engine::model::{Event, Failure, Notice};
use crate::engine::profile::mail_password;
use crate::words::failure::Sentence;

/// The pauses before a way that does not answer is tried again.
const PAUSES: [Duration; 2] = [Duration::from_secs(20), Duration::from_secs(120)];

/// The ways out, each with a thread of its own for what it is told.
#[derive(Clone)]
pub(super) struct Outside {
    dir: PathBuf,
    inlet: Inlet,
    /// The ways whose trouble was told; again only after they have worked.
    told: Arc<AtomicU8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Phone = 1,
    Mail = 2,
}

impl Way {
    fn chosen(habits: &NoticeHabits) -> impl Iterator<Item = Way> {
        let phone = habits.webhook.is_some().then_some(Way::Phone);
        phone.into_iter().chain(habits.mail.is_some().then_some(Way::Mail))
    }
}

/// Why somebody was not told, and whether it may pass by itself.
struct NotTold {
    failure: Failure,
    passes: bool,
}

impl Outside {
    pub(super) fn new(dir: PathBuf, inlet: Inlet) -> Self {
        Self { dir, inlet, told: Arc::default() }
    }

    /// Tells by every way chosen; does not wait for it.
    pub(super) fn tell(&self, habits: &NoticeHabits, said: &Sentence) {
        for way in Way::chosen(habits) {
            let (this, habits, said) = (self.clone(), habits.clone(), said.clone());
            let thread = std::thread::Builder::new().name("outside".into());
            let told = thread.spawn(move || {
                let told = with_patience(|| tell(way, &habits, &this.dir, &said));
                this.remember(way, told.err());
            });
            if let Err(error) = told {
                tracing::warn!(%error, "nobody outside is told: the thread did not start");
            }
        }
    }

    /// The same because somebody wants to see whether it works: they hear how it went.
    pub(super) fn try_out(&self, habits: NoticeHabits, said: Sentence) {
        let this = self.clone();
        let trial = move || {
            let failures = trial(&habits, &this.dir, &said);
            let ways = Way::chosen(&habits).count();
            for failure in failures.iter().cloned() {
                this.inlet.tell(Event::Notice(Notice::Failed(failure)));
            }
            if failures.is_empty() {
                this.inlet.tell(Event::Notice(Notice::Tried { ways }));
            }
        };
        if let Err(error) = std::thread::Builder::new().name("outside".into()).spawn(trial) {
            tracing::warn!(%error, "nothing is tried: the thread did not start");
        }
    }

    fn remember(&self, way: Way, trouble: Option<Failure>) {
        let bit = way as u8;
        match trouble {
            None => drop(self.told.fetch_and(!bit, Ordering::Relaxed)),
            Some(failure) => {
                tracing::warn!(?way, failure = failure.code(), "nobody outside was told");
                if self.told.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
                    self.inlet.tell(Event::Notice(Notice::Failed(failure)));
                }
            }
        }
    }
}

/// Tells by every way chosen and waits; what did not work.
pub(super) fn trial(habits: &NoticeHabits, dir: &std::path::Path, said: &Sentence) -> Vec<Failure> {
    Way::chosen(habits).filter_map(|way| tell(way, habits, dir, said).err()).map(|not| not.failure).collect()
}

fn with_patience(mut tell: impl FnMut() -> Result<(), NotTold>) -> Result<(), Failure> {
    for pause in PAUSES {
        match tell() {
            Err(NotTold { passes: true, .. }) => std::thread::sleep(pause),
            told => return told.map_err(|not| not.failure),
        }
    }
    tell().map_err(|not| not.failure)
}

fn tell(way: Way, habits: &NoticeHabits, dir: &std::path::Path, said: &Sentence) -> Result<(), NotTold> {
    match (way, &habits.webhook, &habits.mail) {
        (Way::Phone, Some(address), _) => phone::tell(address, format!("{}\n{}", said.what, said.todo).trim())
            .map_err(|error| NotTold { failure: Failure::PhoneNotTold, passes: error.passes() }),
        (Way::Mail, _, Some(mail)) => {
            let password = mail_password(dir).map_err(|error| NotTold { failure: error.failure(), passes: false })?;
            mail::tell(mail, password.as_ref(), said)
                .map_err(|error| NotTold { failure: error.failure(), passes: error == mail::MailError::NoAnswer })
        }
        _ => Ok(()),
    }
}
