//! The threads behind a face.
//!
//! ```text
//! face ── Command ──► desk (history: quick) ── Errand ──► exchange (network: slow) ── Event ──► face
//!                       ├── Order ──► people (logging in, accounts) ── Event ──► face      ▲
//!                       ├── Wanted ──► searching (the index of words) ── Event ──► face    │
//!                       ├── ParcelId ► opening (a parcel's tables) ── Event ──► face       │
//!                       ├── Order ──► diagnosis (what stands in the way) ── Event ──► face │
//!                       └── Paper ──► reader (files: may have to wait) ── Event ──► face   │
//!                                            mail (long poll at the hub) ── Errand ────────┘
//! folders (what the outgoing folders hold) ── Event ──► face, Errand ──► exchange
//! ```
//! The desk touches neither network nor folders nor large tables, so that it answers at once while a slow hub, a dead share
//! or a parcel of ten thousand persons keeps the others busy. Each thread has its own [`Terminal`] over the same files. All end when the face drops its
//! [`Engine`]: the desk at once, the others with the next thing they have to tell.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::board::{self, Ask};
use super::diagnosing;
use super::exchange::{Exchange, Round};
use super::failure::of_history;
use super::model::{
    Command, Connection, Content, Event, Failure, Lists, Notice, Progress, RelayRequest, SendRequest, SendResult,
    Settings, Status, Task, Wanted,
};
use super::opening::{Opening, Wish};
use super::outgoing::{Scope, UNDO};
use super::people::{Order, People};
use super::profile::{Profile, ProfileError};
use super::searching::{self, Searching};
use super::terminal::{Terminal, export_audit};
use super::watching::{Nudge, Watching};
use super::{Backend, Engine, autostart, retry};
use crate::folders::{self, Pace};
use crate::history::{Action, DONE, HistoryError};
use crate::link::{Link, LinkError};
use crate::parcel::ParcelId;
use crate::register::Register;
use crate::standard::Month;
use crate::wire::Heads;

/// Without any sign of mail, a round is made this often all the same.
const ROUND_EVERY: Duration = Duration::from_secs(60);
/// How long the hub may hold a question for new mail.
const MAIL_WAIT: Duration = Duration::from_secs(25);
/// The pause between two looks for mail: when the hub answered early, and when it held the question.
const MAIL_PAUSE: Duration = Duration::from_secs(2);
const MAIL_BREATH: Duration = Duration::from_millis(300);
/// Without any way to the hub it is tried this often at least: what never gets there costs the hub nothing, and the network
/// may come back at any moment.
const NO_WAY_PAUSE: Duration = Duration::from_secs(10);
/// How often it is looked whether somebody has logged in.
const LOGIN_LOOK: Duration = Duration::from_secs(1);

/// Searches with shorter pauses between them are one.
const ONE_SEARCH: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

/// What the exchange thread is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// A round is wanted now.
    Round,
    /// The computer slept: the same over a new line, since the old one may be dead and not know it.
    Woke,
    /// What comes goes where these settings say from now on.
    Settings(Box<Settings>),
    /// Files that another terminal has are wanted here.
    TakeOver(ParcelId),
}

/// What the reading thread is asked.
#[derive(Clone, Debug)]
enum Paper {
    Examine {
        paths: Vec<PathBuf>,
        mended: Vec<PathBuf>,
        scope: Scope,
    },
    Send(Vec<SendRequest>),
    OfferRelay(ParcelId),
    ReviewRelay(RelayRequest),
    Relay(RelayRequest),
    Register(Month, Box<Settings>),
    ShowAudit,
    ExportAudit(PathBuf),
    /// The folders and the desks are these from now on.
    Follow(Box<Settings>),
}

/// Tells events and wakes the face.
#[derive(Clone)]
pub(super) struct Teller {
    pub(super) events: Sender<Event>,
    pub(super) wake: Arc<dyn Fn() + Send + Sync>,
    /// Who derives the month board: what changes a list may change it.
    pub(super) board: Sender<Ask>,
}

impl Teller {
    /// Says whether there is still a face to hear it.
    pub(super) fn tell(&self, event: Event) -> bool {
        let heard = self.events.send(event).is_ok();
        (self.wake)();
        heard
    }
    pub(super) fn fail(&self, failure: Failure) {
        self.tell(Event::Notice(Notice::Failed(failure)));
    }
}

impl Engine {
    /// Starts the threads of a terminal that is set up. `wake` is called whenever there is an event to poll.
    pub fn start(profile: Profile, wake: impl Fn() + Send + Sync + 'static) -> Result<Engine, ProfileError> {
        let (engine, backend) = Engine::pair();
        Self::start_on(profile, wake, &mut Some(backend))?;
        Ok(engine)
    }

    /// The same over channels that are there already. They are taken only once nothing of the terminal is missing.
    pub(super) fn start_on(
        profile: Profile,
        wake: impl Fn() + Send + Sync + 'static,
        ends: &mut Option<Backend>,
    ) -> Result<(), ProfileError> {
        let face = Arc::new(());
        let watched = Arc::downgrade(&face);
        let desk = Desk { profile: profile.clone(), terminal: profile.terminal()?, searched: None, _face: face };
        let exchange = profile.exchange()?;
        let waiting_link = profile.link(&exchange.terminal.identity)?;
        let waiting_terminal = profile.terminal()?;
        let people = People { terminal: profile.terminal()?, link: waiting_link.clone() };
        let called_off = Arc::new(AtomicU64::new(0));
        let reader = Reader { terminal: profile.terminal()?, at: 0, called_off: called_off.clone() };
        let searching = Searching { terminal: profile.terminal()? };
        let opening = Opening { terminal: profile.terminal()? };
        let watching_terminal = profile.terminal()?;
        let board_terminal = profile.terminal()?;
        let Some(Backend { commands, events }) = ends.take() else { return Ok(()) };
        let (board, asked) = mpsc::channel();
        let teller = Teller { events, wake: Arc::new(wake), board };
        let (errands, taken) = mpsc::channel();
        let (nudge, nudges) = mpsc::channel();
        let watching = Watching::new(watching_terminal, profile.settings.clone(), nudge.clone());
        let (papers, read) = mpsc::channel();
        let (orders, ordered) = mpsc::channel();
        let (searches, searched) = mpsc::channel();
        let (opens, opened) = mpsc::channel();
        let diagnoses = diagnosing::start(teller.clone());
        let io = |source| ProfileError::Io { path: profile.dir().to_owned(), source };
        let named = |name: &str| std::thread::Builder::new().name(name.into());
        {
            let (teller, errands) = (teller.clone(), errands.clone());
            named("folders").spawn(move || watching.until_closed(&nudges, &errands, &teller)).map_err(io)?;
        }
        {
            // It must not hold the channel it waits at itself.
            let (unheard, _) = mpsc::channel();
            let teller = Teller { board: unheard, ..teller.clone() };
            named("board").spawn(move || board::until_closed(&board_terminal, &asked, &teller)).map_err(io)?;
        }
        {
            let (teller, errands, nudge) = (teller.clone(), errands.clone(), nudge.clone());
            named("reader").spawn(move || reader.work(&read, &errands, &nudge, &teller)).map_err(io)?;
        }
        {
            let (teller, nudge) = (teller.clone(), nudge.clone());
            let out = Out {
                errands: errands.clone(),
                papers,
                orders,
                nudge,
                searches,
                opens,
                given: AtomicU64::new(0),
                called_off,
                diagnoses,
            };
            named("desk").spawn(move || desk.work(&commands, &out, &teller)).map_err(io)?;
        }
        {
            let (teller, errands) = (teller.clone(), errands.clone());
            named("people").spawn(move || people.work(&ordered, &errands, &teller)).map_err(io)?;
        }
        {
            let teller = teller.clone();
            named("searching").spawn(move || searching.until_closed(&searched, &teller)).map_err(io)?;
        }
        {
            let teller = teller.clone();
            named("opening").spawn(move || opening.until_closed(&opened, &teller)).map_err(io)?;
        }
        {
            let profile = profile.clone();
            named("exchange")
                .spawn(move || exchange_until_closed(&profile, exchange, &taken, &nudge, &teller))
                .map_err(io)?;
        }
        named("mail").spawn(move || wait_for_mail(&waiting_terminal, &waiting_link, &errands, &watched)).map_err(io)?;
        Ok(())
    }
}

impl Engine {
    /// The engine of a terminal that cannot work: it tells the face why, and does nothing else.
    pub fn idle(settings: Option<Settings>, failure: Failure) -> Engine {
        let (engine, backend) = Engine::pair();
        let status = Status::of(Connection::Offline(failure));
        // The receiver is right here, so neither can fail.
        if let Some(settings) = settings {
            let _ = backend.events.send(Event::Settings(settings));
        }
        let _ = backend.events.send(Event::Status(status));
        let _ = backend.events.send(Event::Lists(Lists::default()));
        engine
    }
}

/// Where the desk passes on what it does not do itself.
struct Out {
    errands: Sender<Errand>,
    papers: Sender<(u64, Paper)>,
    orders: Sender<Order>,
    nudge: Sender<Nudge>,
    searches: Sender<searching::Wish>,
    opens: Sender<Wish>,
    diagnoses: Sender<diagnosing::Order>,
    /// How many things the reader was given.
    given: AtomicU64,
    /// So many of them are called off.
    called_off: Arc<AtomicU64>,
}

impl Out {
    fn read(&self, paper: Paper) {
        let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
        // A thread that is gone takes nothing; the face is closing then.
        let _ = self.papers.send((number, paper));
    }

    /// What the reader was given so far is not wanted any more; what it is given from now on is.
    fn call_off(&self) {
        self.called_off.store(self.given.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

/// Answers what needs neither network nor folders.
struct Desk {
    profile: Profile,
    terminal: Terminal,
    /// When somebody last searched.
    searched: Option<Timestamp>,
    /// Goes with the desk, which goes with the face.
    _face: Arc<()>,
}

impl Desk {
    fn work(mut self, commands: &Receiver<Command>, out: &Out, teller: &Teller) {
        teller.tell(Event::Settings(self.profile.settings.clone()));
        if let Ok(on) = autostart::is_on(self.profile.dir()) {
            teller.tell(Event::Autostart(on));
        }
        teller.tell(Event::Status(self.terminal.status(Connection::Starting, None)));
        self.tell_lists(teller);
        if let Ok(login) = self.terminal.login() {
            teller.tell(Event::Login(login));
        }
        let _ = out.errands.send(Errand::Round);
        while let Ok(command) = commands.recv() {
            if let Err(error) = self.answer(command, out, teller) {
                tracing::error!(%error, source = std::error::Error::source(&error), "the history failed a command");
                teller.fail(self.terminal.trouble(&error));
            }
        }
        let _ = out.nudge.send(Nudge::End);
    }

    fn answer(&mut self, command: Command, out: &Out, teller: &Teller) -> Result<(), HistoryError> {
        let now = Timestamp::now();
        // A thread that is gone takes nothing; the face is closing then.
        let round = || drop(out.errands.send(Errand::Round));
        if let Some((action, subject)) = recorded_here(&command) {
            self.terminal.history.record(action, &subject, DONE, now)?;
        }
        let nudge = |nudge: Nudge| drop(out.nudge.send(nudge));
        match command {
            Command::Exchange => {
                nudge(Nudge::Afresh);
                round();
            }
            Command::Open(id) => self.open(id, now, teller, out)?,
            Command::OfferRelay(id) => out.read(Paper::OfferRelay(id)),
            Command::ReviewRelay(request) => out.read(Paper::ReviewRelay(request)),
            Command::Relay(request) => out.read(Paper::Relay(request)),
            Command::Register(month) => out.read(Paper::Register(month, Box::new(self.profile.settings.clone()))),
            Command::Search(wanted) => self.search(wanted, now, out)?,
            Command::MarkImported(id) => {
                if let Err(error) = self.terminal.mark_imported(id, now) {
                    teller.fail(of_history(&error));
                }
                self.show(id, teller, out);
                round();
            }
            Command::Examine(paths) => out.read(Paper::Examine { paths, mended: Vec::new(), scope: Scope::All }),
            Command::ExamineMended { paths, mended } => {
                out.read(Paper::Examine { paths, mended, scope: Scope::All });
            }
            Command::ExamineOutgoing => {
                let paths = self.profile.settings.outgoing_folders();
                out.read(Paper::Examine { paths, mended: Vec::new(), scope: Scope::Unsent });
            }
            Command::Send(requests) => out.read(Paper::Send(requests)),
            Command::Stop => out.call_off(),
            Command::Undo(parcels) => {
                let mut left = false;
                for id in parcels {
                    left |= !self.terminal.history.withdraw(id, now)?;
                }
                if left {
                    teller.fail(Failure::AlreadyLeft);
                }
                self.tell_lists(teller);
                nudge(Nudge::Refresh);
            }
            Command::Retry(id) => {
                self.terminal.history.retry(id, now)?;
                self.tell_lists(teller);
                round();
            }
            Command::Withdraw(id) => {
                if !self.terminal.history.withdraw(id, now)? {
                    teller.fail(Failure::AlreadyLeft);
                }
                self.tell_lists(teller);
                nudge(Nudge::Refresh);
            }
            Command::DismissDraft(receiver) => nudge(Nudge::Dismiss(receiver)),
            Command::SaveFile { parcel, index, to } => {
                let saved = self.save_file(parcel, index, &to, teller)?;
                self.terminal.history.record(Action::SaveFile, &format!("{parcel} {index}"), &saved, now)?;
            }
            Command::Login { user, password } => drop(out.orders.send(Order::LogIn { user, password })),
            Command::Logout => drop(out.orders.send(Order::LogOut)),
            Command::Accounts(command) => drop(out.orders.send(Order::Accounts(command))),
            Command::Terminals(command) => drop(out.orders.send(Order::Terminals(command))),
            Command::Diagnosis(command) => drop(out.diagnoses.send((self.profile.clone(), command))),
            Command::Content { parcel, index } => self.content(parcel, index, teller)?,
            Command::SaveDocument { bytes, to } => {
                let saved = Self::save_document(&bytes, &to, teller);
                self.terminal.history.record(Action::SaveFile, "document", &saved, now)?;
            }
            // What the entrance asked for; it is open now.
            Command::Unlock(_)
            | Command::LookForCertificates
            | Command::SetUp(_)
            | Command::Recover(_)
            | Command::RecoveryNoted => {}
            Command::Configure(settings) => {
                let kept = self.configure(*settings, out, teller);
                self.terminal.history.record(Action::Settings, "", &kept, now)?;
            }
            Command::KeepMailPassword(password) => {
                let kept = match self.profile.keep_mail_password(&password) {
                    Ok(()) => {
                        teller.tell(Event::Notice(Notice::SettingsKept));
                        DONE.to_owned()
                    }
                    Err(error) => failed(error.failure(), teller),
                };
                self.terminal.history.record(Action::Settings, "mail-password", &kept, now)?;
            }
            Command::Autostart(on) => {
                let set = match autostart::set(self.profile.dir(), on) {
                    Ok(now_on) => {
                        teller.tell(Event::Autostart(now_on));
                        DONE.to_owned()
                    }
                    Err(error) => {
                        tracing::warn!(%error, "whether it begins with the computer cannot be set");
                        failed(Failure::AutostartNotSet, teller)
                    }
                };
                self.terminal.history.record(Action::Settings, "autostart", &set, now)?;
            }
            Command::TryNotices => drop(teller.tell(Event::TryNotices)),
            Command::TakeOver(id) => drop(out.errands.send(Errand::TakeOver(id))),
            Command::Assign { parcel, to } => {
                self.terminal.history.assign(parcel, cut(&to, LONGEST_NAME), now)?;
                self.show(parcel, teller, out);
                round();
            }
            Command::Annotate { parcel, text } => {
                self.terminal.history.annotate(parcel, cut(&text, LONGEST_NOTE), now)?;
                self.show(parcel, teller, out);
                round();
            }
            Command::TrustPartner { office, fingerprint } => {
                if self.terminal.history.trust_partner(office, &fingerprint, now)? {
                    let partner_name = self.terminal.history.name_of(office)?;
                    teller.tell(Event::Notice(Notice::Trusted { partner_name }));
                } else {
                    teller.fail(Failure::Unexpected);
                }
                teller.tell(Event::Partners(self.terminal.partners()?));
                round();
            }
            Command::ShowBoard(month) => drop(teller.board.send(Ask::Show(month))),
            Command::DraftStatement { partner, month, occasion } => {
                match self.terminal.draft_statement(partner, month, occasion)? {
                    Ok(draft) => drop(teller.tell(Event::Statement(Arc::new(draft)))),
                    Err(failure) => teller.fail(failure),
                }
            }
            Command::NotePaper(note) => {
                self.terminal.history.note_paper(&note, now)?;
                let _ = teller.board.send(Ask::Refresh);
                teller.tell(Event::Partners(self.terminal.partners()?));
                round();
            }
            Command::ShowAudit => out.read(Paper::ShowAudit),
            Command::ExportAudit(to) => out.read(Paper::ExportAudit(to)),
        }
        Ok(())
    }

    /// Passes it on. A while of typing leaves one line on record, and not what was typed: that may be a person's name.
    fn search(&mut self, wanted: Wanted, now: Timestamp, out: &Out) -> Result<(), HistoryError> {
        let goes_on = self.searched.is_some_and(|last| now.duration_since(last) < ONE_SEARCH);
        if !goes_on {
            self.terminal.history.record(Action::ShowLists, "search", DONE, now)?;
        }
        self.searched = Some(now);
        let _ = out.searches.send(searching::Wish::Search(wanted));
        Ok(())
    }

    /// A person opens it: that is on record, and its sender hears that somebody looked.
    fn open(&mut self, id: ParcelId, now: Timestamp, teller: &Teller, out: &Out) -> Result<(), HistoryError> {
        if self.terminal.open(id, now)? {
            let _ = out.errands.send(Errand::Round);
        }
        self.show(id, teller, out);
        Ok(())
    }

    fn show(&self, id: ParcelId, teller: &Teller, out: &Out) {
        let _ = out.opens.send(Wish::Open(id));
        self.tell_lists(teller);
    }

    /// Says how it ended, for the record.
    fn save_file(
        &self,
        parcel: ParcelId,
        index: usize,
        to: &std::path::Path,
        teller: &Teller,
    ) -> Result<String, HistoryError> {
        let position = u32::try_from(index).unwrap_or(u32::MAX);
        let (Some(bytes), Some(folder), Some(name)) = (
            self.terminal.history.bytes(parcel, position)?,
            to.parent(),
            to.file_name().and_then(|name| name.to_str()),
        ) else {
            return Ok(failed(Failure::FileMissing { name: to.display().to_string() }, teller));
        };
        Ok(Self::write_copy(folder, name, &format!("save-{parcel}-{position}"), &bytes, teller))
    }

    /// Writes beside and renames; an existing file stays. Says how it ended.
    fn write_copy(folder: &std::path::Path, name: &str, label: &str, bytes: &[u8], teller: &Teller) -> String {
        let to = folder.join(name);
        let saved = folders::stage(folder, name, label, bytes)
            .map_err(|error| folders::failure_of(&error, &to))
            .and_then(|staged| {
                staged.publish().map_err(|error| {
                    staged.discard();
                    match error {
                        folders::PublishError::Taken(_) => Failure::NameTaken { name: name.to_owned() },
                        folders::PublishError::Io { path, source } => folders::failure_of(&source, &path),
                    }
                })
            });
        match saved {
            Ok(()) => {
                teller.tell(Event::Notice(Notice::Saved { name: name.to_owned() }));
                DONE.to_owned()
            }
            Err(failure) => failed(failure, teller),
        }
    }

    fn save_document(bytes: &[u8], to: &std::path::Path, teller: &Teller) -> String {
        match (to.parent(), to.file_name().and_then(|name| name.to_str())) {
            (Some(folder), Some(name)) => Self::write_copy(folder, name, "save-document", bytes, teller),
            _ => failed(Failure::FileMissing { name: to.display().to_string() }, teller),
        }
    }

    fn content(&self, parcel: ParcelId, index: usize, teller: &Teller) -> Result<(), HistoryError> {
        let bytes = self.terminal.history.bytes(parcel, u32::try_from(index).unwrap_or(u32::MAX))?;
        let stored = self.terminal.history.parcel(parcel)?;
        let name = stored.and_then(|mut stored| (index < stored.files.len()).then(|| stored.files.swap_remove(index)));
        match (bytes, name) {
            (Some(bytes), Some(file)) => {
                let bytes = Arc::from(bytes);
                teller.tell(Event::Content(Content { parcel, index, name: file.name, bytes }));
            }
            _ => teller.fail(Failure::FileMissing { name: String::new() }),
        }
        Ok(())
    }

    /// Folders take effect with the next round; another hub or office needs a new start. Says how it ended.
    fn configure(&mut self, settings: Settings, out: &Out, teller: &Teller) -> String {
        let mut changed = self.profile.clone();
        changed.settings = settings;
        let kept = match changed.save() {
            Ok(()) => {
                self.profile = changed;
                let settings = Box::new(self.profile.settings.clone());
                self.terminal.follow(&settings);
                drop(out.errands.send(Errand::Settings(settings.clone())));
                drop(out.opens.send(Wish::Follow(settings.clone())));
                drop(out.searches.send(searching::Wish::Follow(settings.clone())));
                out.read(Paper::Follow(settings));
                drop(out.nudge.send(Nudge::Settings(Box::new(self.profile.settings.clone()))));
                teller.tell(Event::Notice(Notice::SettingsKept));
                self.tell_lists(teller);
                DONE.to_owned()
            }
            Err(error) => failed(error.failure(), teller),
        };
        teller.tell(Event::Settings(self.profile.settings.clone()));
        kept
    }

    fn tell_lists(&self, teller: &Teller) {
        tell_lists(&self.terminal, teller);
    }
}

/// The line a command leaves on record when it is asked for. The others leave theirs where they are carried out, with how
/// it ended: a new command has to be put on one side or the other.
fn recorded_here(command: &Command) -> Option<(Action, String)> {
    match command {
        Command::Exchange => Some((Action::Exchange, String::new())),
        Command::Examine(paths) | Command::ExamineMended { paths, .. } => {
            Some((Action::Examine, paths.len().to_string()))
        }
        Command::ExamineOutgoing => Some((Action::Examine, "outgoing".into())),
        Command::Register(month) => Some((Action::Export, format!("register {month}"))),
        Command::OfferRelay(id) | Command::ReviewRelay(RelayRequest { origin: id, .. }) => {
            Some((Action::Examine, format!("pass-on {id}")))
        }
        Command::ShowAudit => Some((Action::ShowAudit, String::new())),
        Command::TryNotices => Some((Action::Settings, "try-notices".into())),
        Command::DraftStatement { partner, month, .. } => Some((Action::Examine, format!("{partner} {month}"))),
        Command::ShowBoard(month) => {
            Some((Action::ShowLists, month.map_or_else(|| "board".into(), |month| format!("board {month}"))))
        }
        Command::Content { parcel, index } => Some((Action::Open, format!("{parcel} {index}"))),
        Command::DismissDraft(receiver) => Some((Action::DismissDraft, receiver.to_string())),
        Command::Search(_)
        | Command::Relay(_)
        | Command::Open(_)
        | Command::MarkImported(_)
        | Command::Send(_)
        | Command::Stop
        | Command::Undo(_)
        | Command::Retry(_)
        | Command::Withdraw(_)
        | Command::SaveFile { .. }
        | Command::SaveDocument { .. }
        | Command::Configure(_)
        | Command::KeepMailPassword(_)
        | Command::Autostart(_)
        | Command::TakeOver(_)
        | Command::Assign { .. }
        | Command::Annotate { .. }
        | Command::TrustPartner { .. }
        | Command::NotePaper(_)
        | Command::ExportAudit(_)
        | Command::Login { .. }
        | Command::Logout
        // Before the entrance is open there is no record to write into.
        | Command::Unlock(_)
        | Command::LookForCertificates
        | Command::SetUp(_)
        | Command::Recover(_)
        | Command::RecoveryNoted
        | Command::Terminals(_)
        | Command::Accounts(_)
        | Command::Diagnosis(_) => None,
    }
}

/// Tells a failure; says its code, for the record.
fn failed(failure: Failure, teller: &Teller) -> String {
    let code = failure.code();
    teller.fail(failure);
    code
}

/// How something ended that somebody stopped, for the record.
const CALLED_OFF: &str = "called-off";

/// Most letters of a person's or a desk's name, and of a note.
const LONGEST_NAME: usize = 100;
const LONGEST_NOTE: usize = 4_000;

fn cut(text: &str, most: usize) -> &str {
    let text = text.trim();
    text.char_indices().nth(most).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// Reads files: to look at them, and to make parcels of them.
struct Reader {
    terminal: Terminal,
    /// Which of the things it was given it is at.
    at: u64,
    called_off: Arc<AtomicU64>,
}

impl Reader {
    fn work(
        mut self,
        papers: &Receiver<(u64, Paper)>,
        errands: &Sender<Errand>,
        nudge: &Sender<Nudge>,
        teller: &Teller,
    ) {
        while let Ok((number, paper)) = papers.recv() {
            self.at = number;
            let done = match paper {
                Paper::Examine { paths, mended, scope } => self.examine(&paths, &mended, scope, teller),
                Paper::Send(requests) => self.send(&requests, Timestamp::now(), teller),
                Paper::OfferRelay(id) => self.offer_relay(id, teller),
                Paper::ReviewRelay(request) => {
                    match self.terminal.relay(&request, Timestamp::now()) {
                        Ok((_, review)) => drop(teller.tell(Event::RelayReview(Arc::new(review)))),
                        Err(failure) => drop(teller.tell(Event::Notice(Notice::NotSent(failure)))),
                    }
                    Ok(())
                }
                Paper::Register(month, settings) => self.register(month, *settings, teller),
                Paper::ShowAudit => self.show_audit(teller),
                Paper::ExportAudit(to) => self.export_audit(&to, teller),
                Paper::Relay(request) => self.relay(&request, Timestamp::now(), teller),
                Paper::Follow(settings) => {
                    self.terminal.follow(&settings);
                    continue;
                }
            };
            if let Err(error) = done {
                tracing::error!(%error, source = std::error::Error::source(&error), "the history failed the reader");
                teller.tell(Event::Notice(Notice::NotSent(of_history(&error))));
            }
            let _ = nudge.send(Nudge::Refresh);
            let _ = errands.send(Errand::Round);
        }
    }

    fn examine(
        &self,
        paths: &[PathBuf],
        mended: &[PathBuf],
        scope: Scope,
        teller: &Teller,
    ) -> Result<(), HistoryError> {
        let mut told = Instant::now();
        let examined = self.terminal.examine(paths, mended, scope, Pace::default(), &mut |done, total| {
            self.goes_on(&mut told, Progress { task: Task::Looking, done, total }, teller)
        });
        teller.tell(Event::Progress(None));
        if let Some(examined) = examined? {
            teller.tell(Event::Examined(Arc::new(examined)));
        }
        Ok(())
    }

    fn offer_relay(&self, id: ParcelId, teller: &Teller) -> Result<(), HistoryError> {
        match self.terminal.relay_offer(id)? {
            Some(offer) => drop(teller.tell(Event::RelayOffer(Arc::new(offer)))),
            None => drop(teller.tell(Event::Notice(Notice::NotSent(Failure::NothingToPassOn)))),
        }
        Ok(())
    }

    fn register(&self, month: Month, settings: Settings, teller: &Teller) -> Result<(), HistoryError> {
        let office = (settings.office, settings.office_name);
        let (history, now, mut told) = (&self.terminal.history, Timestamp::now(), Instant::now());
        let register = Register::of(history, month, office, TimeZone::system(), now, |done, total| {
            self.goes_on(&mut told, Progress { task: Task::Listing, done, total }, teller)
        });
        teller.tell(Event::Progress(None));
        if let Some(register) = register? {
            teller.tell(Event::Register(Arc::new(register)));
        }
        Ok(())
    }

    fn show_audit(&self, teller: &Teller) -> Result<(), HistoryError> {
        teller.tell(Event::Audit(Arc::new(self.terminal.audit()?)));
        Ok(())
    }

    /// Writes the whole record; called off, there is no file.
    fn export_audit(&mut self, to: &std::path::Path, teller: &Teller) -> Result<(), HistoryError> {
        let (history, mut told) = (&self.terminal.history, Instant::now());
        let total = usize::try_from(history.audit_head()?.lines).unwrap_or(usize::MAX);
        let exported = export_audit(history, to, |lines| {
            let done = usize::try_from(lines).unwrap_or(usize::MAX);
            self.goes_on(&mut told, Progress { task: Task::Exporting, done, total }, teller)
        });
        teller.tell(Event::Progress(None));
        let result = match exported {
            Ok(Some(_)) => {
                let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
                teller.tell(Event::Notice(Notice::Saved { name }));
                DONE.to_owned()
            }
            Ok(None) => CALLED_OFF.to_owned(),
            Err(failure) => failed(failure, teller),
        };
        self.terminal.history.record(Action::Export, "audit", &result, Timestamp::now())
    }

    fn relay(&mut self, request: &RelayRequest, now: Timestamp, teller: &Teller) -> Result<(), HistoryError> {
        match self.terminal.send_relay(request, now, now.checked_add(UNDO).unwrap_or(now)) {
            Ok(_) => drop(teller.tell(Event::Notice(Notice::Queued { parcels: 1 }))),
            Err(failure) => {
                self.terminal.history.record(Action::Send, request.to.as_str(), &failure.code(), now)?;
                teller.tell(Event::Notice(Notice::NotSent(failure)));
            }
        }
        tell_lists(&self.terminal, teller);
        Ok(())
    }

    /// Tells how far it is, every now and then; says whether to go on.
    fn goes_on(&self, told: &mut Instant, progress: Progress, teller: &Teller) -> bool {
        if told.elapsed() > Duration::from_millis(200) {
            *told = Instant::now();
            teller.tell(Event::Progress(Some(progress)));
        }
        self.called_off.load(Ordering::SeqCst) < self.at
    }

    /// Each parcel that can be made goes into the outbox; the others are named. The face hears first whether anything
    /// was queued: that is what empties its page. Called off, nothing is queued.
    fn send(&mut self, requests: &[SendRequest], now: Timestamp, teller: &Teller) -> Result<(), HistoryError> {
        let (mut parcels, mut results, mut told) = (Vec::new(), Vec::new(), Instant::now());
        for (done, request) in requests.iter().enumerate() {
            if !self.goes_on(&mut told, Progress { task: Task::Queueing, done, total: requests.len() }, teller) {
                teller.tell(Event::Progress(None));
                self.terminal.history.record(Action::Send, &requests.len().to_string(), CALLED_OFF, now)?;
                return Ok(());
            }
            let prepared = self.terminal.prepare(request, Pace::default(), now);
            let outcome = prepared.as_ref().map(|parcel| parcel.content.manifest.id).map_err(Failure::clone);
            if let Err(failure) = &outcome {
                self.terminal.history.record(Action::Send, request.receiver.as_str(), &failure.code(), now)?;
            }
            parcels.extend(prepared.ok());
            results.push(SendResult { receiver: request.receiver, outcome });
        }
        teller.tell(Event::Progress(None));
        let now = Timestamp::now();
        let parcels = self.terminal.queue(parcels, now, now.checked_add(UNDO).unwrap_or(now))?;
        if parcels > 0 {
            teller.tell(Event::Notice(Notice::Queued { parcels }));
            let mended: Vec<PathBuf> = requests.iter().flat_map(|request| request.mended.clone()).collect();
            self.terminal.history.dismiss_outgoing_files(&mended)?;
        }
        for failure in results.iter().filter_map(|result| result.outcome.as_ref().err()) {
            teller.tell(Event::Notice(Notice::NotSent(failure.clone())));
        }
        teller.tell(Event::SendResults(results.into()));
        tell_lists(&self.terminal, teller);
        Ok(())
    }
}

pub(super) fn tell_lists(terminal: &Terminal, teller: &Teller) {
    match terminal.lists() {
        Ok(lists) => {
            teller.tell(Event::Lists(lists));
            // Its thread is gone only when the face is.
            let _ = teller.board.send(Ask::Refresh);
        }
        Err(error) => teller.fail(terminal.trouble(&error)),
    }
}

/// Makes rounds: when asked, when the outbox is due, and every minute.
fn exchange_until_closed(
    profile: &Profile,
    mut exchange: Exchange,
    errands: &Receiver<Errand>,
    nudge: &Sender<Nudge>,
    teller: &Teller,
) {
    let (mut last, mut failures, mut told) = (None, 0, Vec::new());
    let mut told_login = None;
    loop {
        let next_try = exchange.terminal.history.next_try(Timestamp::now()).ok().flatten();
        let pause = next_try.map_or(ROUND_EVERY, until).max(rest(failures)).min(ROUND_EVERY);
        let first = match errands.recv_timeout(pause) {
            Ok(errand) => Some(errand),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut wanted = Vec::new();
        // Many requests in the meantime are one round.
        for errand in first.into_iter().chain(errands.try_iter()) {
            match errand {
                Errand::Round => {}
                Errand::Woke => match profile.link(&exchange.terminal.identity) {
                    Ok(link) => exchange.link = Box::new(link),
                    Err(error) => tracing::warn!(%error, "the old line to the hub is kept"),
                },
                Errand::Settings(settings) => exchange.terminal.follow(&settings),
                Errand::TakeOver(id) => wanted.push(id),
            }
        }
        if !teller.tell(Event::Status(exchange.terminal.status(Connection::Working, last))) {
            return;
        }
        let mut round = Round::default();
        let now = Timestamp::now();
        let taken_over = wanted.into_iter().try_for_each(|id| exchange.take_over(id, now, &mut round));
        let result = taken_over.and_then(|()| exchange.round(now, &mut round));
        // First what there is, then what is new of it: a face may tell only what is for its desk.
        tell_lists(&exchange.terminal, teller);
        for notice in round.notices {
            teller.tell(Event::Notice(notice));
        }
        // What stood in the way in the last round too was told then.
        for failure in round.failures.iter().filter(|failure| !told.contains(*failure)) {
            teller.fail(failure.clone());
        }
        told = round.failures;
        let connection = match &result {
            Ok(()) => {
                (last, failures) = (Some(now), 0);
                Connection::Online
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, "a round ended early");
                Connection::Offline(error.failure())
            }
        };
        teller.tell(Event::Status(exchange.terminal.status(connection, last)));
        // Somebody may have logged in by another program, or the hub may have said that the login is over.
        if let Ok(login) = exchange.terminal.login()
            && told_login.as_ref() != Some(&login)
        {
            teller.tell(Event::Login(login.clone()));
            told_login = Some(login);
        }
        if let Ok(partners) = exchange.terminal.partners() {
            teller.tell(Event::Partners(partners));
        }
        // What went, what was refused, and who can receive: all of it may change a draft.
        let _ = nudge.send(Nudge::Refresh);
    }
}

/// What is due while the hub is away stays due: without a rest, round would follow round.
fn rest(failures: u32) -> Duration {
    let gap = failures.checked_sub(1).map(retry::gap).unwrap_or_default();
    Duration::try_from(gap).unwrap_or_default().min(ROUND_EVERY)
}

fn until(at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO)
}

/// Holds a question at the hub, so that a new parcel, a receipt, and what another terminal did are noticed within seconds.
fn wait_for_mail(terminal: &Terminal, link: &dyn Link, errands: &Sender<Errand>, face: &Weak<()>) {
    let (mut failures, mut told) = (0, Heads::default());
    loop {
        // A parcel that cannot be fetched holds the cursor back; once it was told of, it is left to the rounds.
        let read = terminal.history.heads_read().unwrap_or_default().max(told);
        // A hub that is back may have nothing new for us, and we something for it: the first answer is wanted at once.
        let wait = if failures == 0 { MAIL_WAIT } else { Duration::ZERO };
        let asked = Instant::now();
        let pause = match link.news(read, wait) {
            Ok(heads) => {
                // Places before ours, of a hub that was set up again, are for the round that follows to find out.
                (failures, told) = (0, heads);
                if asked.elapsed() < MAIL_WAIT { MAIL_PAUSE } else { MAIL_BREATH }
            }
            Err(LinkError::LoginRequired) => {
                failures = 0;
                if !wait_for_login(terminal, face) {
                    return;
                }
                Duration::ZERO
            }
            Err(error) => {
                failures += 1;
                let pause = rest(failures);
                if matches!(error, LinkError::NoWay(_)) { pause.min(NO_WAY_PAUSE) } else { pause }
            }
        };
        if errands.send(Errand::Round).is_err() {
            return;
        }
        std::thread::sleep(pause);
    }
}

/// Waits until somebody is logged in, by this program or another one. False when the face is gone.
fn wait_for_login(terminal: &Terminal, face: &Weak<()>) -> bool {
    while face.strong_count() > 0 {
        if matches!(terminal.history.login(), Ok(Some(_))) {
            return true;
        }
        std::thread::sleep(LOGIN_LOOK);
    }
    false
}
