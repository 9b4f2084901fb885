//! Before a terminal can work: sets it up, asks for its passphrase, waits to be let in, and then becomes its engine.
//!
//! The face holds one [`Engine`] from the first moment on. While something is missing, a thread answers its commands here
//! and says with [`Event::Entrance`] what it takes; when nothing is missing any more, the ordinary threads go on over the
//! same two channels.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::diagnosing;
use super::enrol::{self, Entered, Entry};
use super::model::{Command, Connection, DiagnosisCommand, Entrance, Event, Failure, Secret, Status};
use super::profile::{Profile, ProfileError, vault_of};
use super::runner::Teller;
use super::{Backend, Engine};
use crate::history::{Action, DONE};
use crate::identity::Unlock;
use crate::identity::store::{self, CertificateStore};

/// How often a terminal that waits looks whether it was let in.
const LOOK_EVERY: Duration = Duration::from_secs(10);

impl Engine {
    /// The engine of the terminal in this folder, set up or not. Never fails: what is missing is told.
    pub fn open(dir: PathBuf, wake: impl Fn() + Send + Sync + 'static) -> Engine {
        Self::open_beside(dir, store::system(), wake)
    }

    /// The same beside another store of certificates than the system's.
    fn open_beside(
        dir: PathBuf,
        store: Option<&'static dyn CertificateStore>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Engine {
        let (engine, backend) = Engine::pair();
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(wake);
        // There is no board before the entrance is open.
        let (board, _) = std::sync::mpsc::channel();
        let teller = Teller { events: backend.events.clone(), wake: wake.clone(), board };
        let entrance = Door { dir, store, teller, pending: None, diagnoses: None };
        let spawned =
            std::thread::Builder::new().name("entrance".into()).spawn(move || entrance.until_open(backend, wake));
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread for the entrance");
        }
        engine
    }
}

struct Door {
    dir: PathBuf,
    /// Where certificates of other authorities may lie.
    store: Option<&'static dyn CertificateStore>,
    teller: Teller,
    /// What was entered, while the passphrase that it takes is asked for.
    pending: Option<Box<Entry>>,
    /// Looks for what is broken, once somebody asks.
    diagnoses: Option<Sender<diagnosing::Order>>,
}

/// What stands in the way.
enum Missing {
    Entrance(Entrance),
    /// The face is gone.
    Closed,
}

impl Door {
    fn until_open(mut self, backend: Backend, wake: Arc<dyn Fn() + Send + Sync>) {
        let mut backend = Some(backend);
        let mut missing = self.open(&mut backend, &wake);
        while let (Some(entrance), Some(ends)) = (missing, &backend) {
            missing = match self.ask(entrance, &ends.commands) {
                Missing::Closed => return,
                Missing::Entrance(Entrance::Open) => self.open(&mut backend, &wake),
                Missing::Entrance(next) => Some(next),
            };
        }
    }

    /// Starts the threads, or says what it takes.
    fn open(&mut self, backend: &mut Option<Backend>, wake: &Arc<dyn Fn() + Send + Sync>) -> Option<Entrance> {
        let profile = match Profile::open(&self.dir) {
            Ok(profile) => profile,
            Err(ProfileError::Missing(_)) => return Some(self.set_up(None)),
            Err(error) => return Some(Entrance::Broken(error.failure())),
        };
        self.teller.tell(Event::Settings(profile.settings.clone()));
        match enrol::waiting_fingerprint(&profile) {
            Ok(Some(fingerprint)) => return Some(Entrance::Waiting { fingerprint, refused: None }),
            Ok(None) => {}
            Err(failure) => return Some(asks(failure)),
        }
        let wake = wake.clone();
        match Engine::start_on(profile, move || wake(), backend) {
            Ok(()) => {
                self.teller.tell(Event::Entrance(Entrance::Open));
                None
            }
            Err(error) => {
                tracing::error!(%error, "the engine cannot start");
                Some(asks(error.failure()))
            }
        }
    }

    /// Tells what is missing and waits for what helps.
    fn ask(&mut self, entrance: Entrance, commands: &Receiver<Command>) -> Missing {
        let connection = match &entrance {
            Entrance::Broken(failure) => Connection::Offline(failure.clone()),
            Entrance::SetUp { .. } => Connection::Offline(Failure::NotSetUp),
            _ => Connection::Starting,
        };
        self.teller.tell(Event::Status(Status::of(connection)));
        if !self.teller.tell(Event::Entrance(entrance.clone())) {
            return Missing::Closed;
        }
        let waits = matches!(entrance, Entrance::Waiting { .. });
        loop {
            let command = if waits {
                commands.recv_timeout(LOOK_EVERY)
            } else {
                commands.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            let next = match command {
                Ok(Command::Exchange | Command::RecoveryNoted) => Entrance::Open,
                Ok(Command::Unlock(passphrase)) => self.unlock(&entrance, &passphrase),
                Ok(Command::SetUp(entry)) => self.enter(entry),
                Ok(Command::Recover(code)) => self.recover(&code),
                Ok(Command::LookForCertificates) => {
                    self.look_for_certificates();
                    continue;
                }
                Ok(Command::Diagnosis(command)) => {
                    self.diagnose(command);
                    continue;
                }
                // Nothing else can be done yet.
                Ok(_) => continue,
                Err(RecvTimeoutError::Timeout) => match self.look_for_admission() {
                    Some(next) => next,
                    None => continue,
                },
                Err(RecvTimeoutError::Disconnected) => return Missing::Closed,
            };
            return Missing::Entrance(next);
        }
    }

    fn unlock(&mut self, asked: &Entrance, passphrase: &Secret) -> Entrance {
        let made = std::fs::create_dir_all(&self.dir).map_err(|source| crate::folders::failure_of(&source, &self.dir));
        let unlock = Unlock::Passphrase(Zeroizing::new(passphrase.reveal().to_owned()));
        let opened =
            made.and_then(|()| vault_of(&self.dir, &unlock).map_err(|error| ProfileError::from(error).failure()));
        match opened {
            Err(failure) => {
                let new = matches!(asked, Entrance::Passphrase { new: true, .. });
                Entrance::Passphrase { new, refused: Some(failure) }
            }
            Ok(_) => match self.pending.take() {
                Some(entry) => self.enter(entry),
                None => Entrance::Open,
            },
        }
    }

    fn enter(&mut self, entry: Box<Entry>) -> Entrance {
        let teller = self.teller.clone();
        let mut say = |step| {
            teller.tell(Event::Entrance(Entrance::Working(step)));
        };
        match enrol::enter(self.store, &self.dir, &entry, Timestamp::now(), &mut say) {
            Ok(Entered::Member { recovery: Some(code), office_name, .. }) => {
                self.put_on_record("");
                Entrance::Recovery { code: Secret::new(code.to_string()), office_name }
            }
            Ok(_) => {
                self.put_on_record("");
                Entrance::Open
            }
            Err(failure @ (Failure::PassphraseNeeded | Failure::VaultLocked)) => {
                self.pending = Some(entry);
                asks(failure)
            }
            Err(failure) => self.set_up(Some(failure)),
        }
    }

    fn look_for_certificates(&self) {
        if let Some(store) = self.store {
            let stored = enrol::stored(store, Timestamp::now());
            self.teller.tell(Event::Stored(stored.map(Arc::from)));
        }
    }

    fn recover(&self, code: &Secret) -> Entrance {
        let done = Profile::open(&self.dir).map_err(|error| error.failure()).and_then(|profile| {
            enrol::recover(&profile, code.reveal())
                .map_err(|failure| (profile, failure))
                .map_err(|(_, failure)| failure)
        });
        match done {
            Ok(()) => {
                self.put_on_record("recovery-code");
                Entrance::Open
            }
            Err(failure) => self.waiting(failure),
        }
    }

    /// That the terminal was set up, in the record it has from now on.
    fn put_on_record(&self, how: &str) {
        let recorded = Profile::open(&self.dir)
            .and_then(|profile| Ok(profile.history()?.record(Action::Setup, how, DONE, Timestamp::now())?));
        if let Err(error) = recorded {
            tracing::error!(%error, "the setting up is not on record");
        }
    }

    /// `None`: not yet.
    fn look_for_admission(&self) -> Option<Entrance> {
        let profile = Profile::open(&self.dir).ok()?;
        match enrol::look_for_admission(&profile, Timestamp::now()) {
            Ok(true) => Some(Entrance::Open),
            Ok(false) => None,
            Err(failure) => {
                tracing::info!(?failure, "nobody can be asked whether this terminal was let in");
                None
            }
        }
    }

    /// What is broken is looked for with whatever of the profile is there.
    fn diagnose(&mut self, command: DiagnosisCommand) {
        let Ok(profile) = Profile::open(&self.dir) else { return };
        let orders = self.diagnoses.get_or_insert_with(|| diagnosing::start(self.teller.clone()));
        let _ = orders.send((profile, command));
    }

    fn waiting(&self, failure: Failure) -> Entrance {
        let fingerprint =
            Profile::open(&self.dir).ok().and_then(|profile| enrol::waiting_fingerprint(&profile).ok()?);
        match fingerprint {
            Some(fingerprint) => Entrance::Waiting { fingerprint, refused: Some(failure) },
            None => asks(failure),
        }
    }

    fn set_up(&self, refused: Option<Failure>) -> Entrance {
        let (outgoing, import) = default_folders(&self.dir);
        Entrance::SetUp { outgoing, import, has_store: self.store.is_some(), refused }
    }
}

/// What a failure of the vault asks for; everything else can only be told.
fn asks(failure: Failure) -> Entrance {
    match failure {
        Failure::PassphraseNeeded => Entrance::Passphrase { new: true, refused: None },
        Failure::VaultLocked => Entrance::Passphrase { new: false, refused: None },
        Failure::PassphraseWrong | Failure::PassphraseShort { .. } => {
            Entrance::Passphrase { new: false, refused: Some(failure) }
        }
        failure => Entrance::Broken(failure),
    }
}

/// Offered for a start: where people find them.
fn default_folders(dir: &Path) -> (PathBuf, PathBuf) {
    let documents = directories::UserDirs::new().and_then(|dirs| dirs.document_dir().map(Path::to_owned));
    let place = documents.unwrap_or_else(|| dir.to_owned()).join("便り");
    (place.join("送信"), place.join("取込"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::By;
    use crate::identity::store::StoreError;
    use crate::identity::store::made_up::MadeUp;

    /// The next thing the entrance asks for; steps of the work are passed over.
    fn next(engine: &Engine) -> Entrance {
        let begun = std::time::Instant::now();
        loop {
            match engine.poll() {
                Some(Event::Entrance(Entrance::Working(_))) => {}
                Some(Event::Entrance(entrance)) => return entrance,
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
            assert!(begun.elapsed() < Duration::from_secs(90), "the entrance says nothing");
        }
    }

    fn entry(code: &str) -> Box<Entry> {
        Box::new(Entry {
            // Nobody listens there.
            hub: "https://127.0.0.1:9".into(),
            office: "3170000001".parse().unwrap(),
            by: By::Code(Zeroizing::new(code.into())),
            terminal: "事務室".into(),
            office_name: String::new(),
            outgoing: "out".into(),
            import: "in".into(),
            recovery: None,
        })
    }

    #[test]
    fn a_new_terminal_is_led_through_and_a_refusal_can_be_mended() {
        let dir = tempfile::tempdir().unwrap();
        // A vault with a passphrase, whether or not this machine has a keyring.
        crate::identity::Vault::create_unprotected(dir.path(), "correct horse").unwrap();
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(dir.path().join("vault.toml"), copy.path().join("vault.toml")).unwrap();
        let engine = Engine::open(copy.path().to_owned(), || ());
        let Entrance::SetUp { outgoing, import, refused: None, .. } = next(&engine) else { panic!("no guide") };
        assert_ne!(outgoing, import);
        engine.send(Command::SetUp(entry("no code")));
        let Entrance::SetUp { refused: Some(Failure::CodeIncomplete), .. } = next(&engine) else {
            panic!("{:?}", next(&engine))
        };
        engine.send(Command::SetUp(entry("7K2M-9QXD-4TVB-HJ3N-YW8F-C5RA")));
        // Its passphrase is asked for in between, until it is right; then it goes on with what was entered.
        assert_eq!(next(&engine), Entrance::Passphrase { new: false, refused: None });
        engine.send(Command::Unlock(Secret::new("wrong horse".into())));
        assert_eq!(next(&engine), Entrance::Passphrase { new: false, refused: Some(Failure::PassphraseWrong) });
        engine.send(Command::Unlock(Secret::new("correct horse".into())));
        match next(&engine) {
            Entrance::SetUp { refused: Some(Failure::HubUnreachable), .. } => {}
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn certificates_of_the_systems_store_are_looked_for_and_one_is_tried_before_the_hub_is_called() {
        let dir = tempfile::tempdir().unwrap();
        crate::identity::Vault::create_unprotected(dir.path(), "correct horse").unwrap();
        let mut store = MadeUp::with(&["KJ3170000001"]);
        store.trouble = Some(StoreError::CardMissing);
        let store: &'static MadeUp = Box::leak(Box::new(store));
        let engine = Engine::open_beside(dir.path().to_owned(), Some(store), || ());
        assert!(matches!(next(&engine), Entrance::SetUp { has_store: true, refused: None, .. }));
        engine.send(Command::LookForCertificates);
        let begun = std::time::Instant::now();
        let stored = loop {
            match engine.poll() {
                Some(Event::Stored(stored)) => break stored.unwrap(),
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
            assert!(begun.elapsed() < Duration::from_secs(90), "nothing was found");
        };
        assert_eq!(stored.iter().map(|stored| stored.subject.as_str()).collect::<Vec<_>>(), ["KJ3170000001"]);
        let by = By::Stored { fingerprint: stored[0].fingerprint.clone(), authority: "aa".into() };
        engine.send(Command::SetUp(Box::new(Entry { by, ..*entry("") })));
        let Entrance::SetUp { refused: Some(Failure::CardMissing), .. } = next(&engine) else {
            panic!("the card is away, and nobody listens at the hub's place")
        };
        assert!(!dir.path().join("identity").exists(), "no keys were made");
    }
}
