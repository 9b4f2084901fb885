//! What the two faces (window and command line) see of the engine: commands in, events out.
//!
//! Plain data, no threads and no drawing. A face keeps the newest of each event and draws that; it never asks
//! the history or the network itself.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

pub use super::diagnosis::{Check, Found, Light};
pub use super::enrol::{By, Entry, Step as EntryStep};
pub use super::profile::Settings;
pub use super::statements::{Candidate, Occasion, StatementDraft};
use crate::board::Board;
use crate::entrust;
pub use crate::history::{
    AuditFault, AuditLine, Failure, Hits, PaperNote, ParcelLine, PassedOn, State, Step, Subject, Trail, Wanted, Way,
};
use crate::identity::code::Code;
pub use crate::identity::store::Stored;
pub use crate::parcel::Hop;
use crate::parcel::{ParcelId, Statement};
use crate::register::Register;
pub use crate::standard::repair::Offer;
use crate::standard::{Checked, Finding, Month, MonthSheet, OfficeNumber, People, PersonKey, ServiceType};
pub use crate::wire::{Account, AccountChange, NewAccount, PasswordChange, Role, Secret, TerminalEntry, UserId};

/// What a face asks for. Nothing here waits; the answer comes as an [`Event`].
#[derive(Clone, Debug)]
pub enum Command {
    /// Send what waits and fetch what came, now (F5).
    Exchange,
    /// Answer with [`Event::Opened`]; an incoming parcel counts as read from then on.
    Open(ParcelId),
    /// Look for parcels; answered by [`Event::Found`]. Of several that wait, only the last is answered.
    Search(Wanted),
    /// To whom a parcel can be passed on; answered by [`Event::RelayOffer`].
    OfferRelay(ParcelId),
    /// What would go; answered by [`Event::RelayReview`] or a [`Notice::NotSent`].
    ReviewRelay(RelayRequest),
    /// Pass it on: made again, checked again, put into the outbox.
    Relay(RelayRequest),
    /// Answer with [`Event::Register`]: what was exchanged in this month.
    Register(Month),
    /// The office says that its care software has taken this parcel's files.
    MarkImported(ParcelId),
    /// Look at files or folders to be sent; answered by [`Event::Examined`], which replaces the last one.
    Examine(Vec<PathBuf>),
    /// The same, with what can be put right put right in the `mended` ones. Nothing is written: what lies there stays.
    ExamineMended { paths: Vec<PathBuf>, mended: Vec<PathBuf> },
    /// The same for everything in the outgoing folder that was not sent yet.
    ExamineOutgoing,
    /// Put these bundles of the last examination into the outbox. For ten seconds nothing of them leaves.
    Send(Vec<SendRequest>),
    /// Leave off looking at files, making parcels of them, gathering a list, or writing the record into a file. What was not
    /// begun does not happen.
    Stop,
    /// Take parcels that have not left yet out of the outbox, all at once.
    Undo(Vec<ParcelId>),
    /// Try a waiting or failed parcel again now.
    Retry(ParcelId),
    /// Take a parcel that has not left yet out of the outbox.
    Withdraw(ParcelId),
    /// Write a copy of one file of a parcel where the user wants it; never over an existing file.
    SaveFile { parcel: ParcelId, index: usize, to: PathBuf },
    /// Answer with [`Event::Content`]: one file's bytes, to be shown.
    Content { parcel: ParcelId, index: usize },
    /// Write what the face made (a PDF) where the user wants it; never over an existing file.
    SaveDocument { bytes: Arc<[u8]>, to: PathBuf },
    /// What waits for this receiver in the outgoing folders is not to be sent; it comes back when its content changes.
    DismissDraft(OfficeNumber),
    /// The passphrase of this terminal's vault, or the one chosen for a new vault.
    Unlock(Secret),
    /// Answer with [`Event::Stored`]: the certificates of the system's own store that may let this terminal in.
    LookForCertificates,
    /// Set this terminal up; answered by [`Event::Entrance`].
    SetUp(Box<Entry>),
    /// The office's recovery code lets a waiting terminal in.
    Recover(Secret),
    /// The recovery code was written down.
    RecoveryNoted,
    /// Keep these settings; answered by [`Event::Settings`].
    Configure(Box<Settings>),
    /// Keep the password of the mail server; an empty one is forgotten.
    KeepMailPassword(Secret),
    /// Whether Tayori begins with the computer from now on; answered by [`Event::Autostart`].
    Autostart(bool),
    /// Show a notice and tell a phone, to see whether it works; answered by [`Notice::Tried`] or [`Notice::Failed`].
    TryNotices,
    /// Put a parcel's files into this terminal's import folder, although another terminal has it.
    TakeOver(ParcelId),
    /// Say who is to see to a parcel; empty for nobody. Every terminal of the office shows it.
    Assign { parcel: ParcelId, to: String },
    /// Keep a word of the office's own about a parcel. Every terminal of the office shows it.
    Annotate { parcel: ParcelId, text: String },
    /// A person has compared this fingerprint with the partner's own word: from now on the key is the partner's.
    TrustPartner { office: OfficeNumber, fingerprint: String },
    /// Tell this month's board from now on; `None` is the month people work on. Answered by [`Event::Board`].
    ShowBoard(Option<Month>),
    /// Something went or came on paper, or did not after all.
    NotePaper(PaperNote),
    /// Answer with [`Event::Statement`]: what can be said to a partner about a month.
    DraftStatement { partner: OfficeNumber, month: Month, occasion: Occasion },
    /// Answer with [`Event::Audit`].
    ShowAudit,
    /// Write the whole record into a new file, as CSV; never over an existing one.
    ExportAudit(PathBuf),
    /// Log somebody in at this terminal; answered by [`Event::Login`] or [`Event::LoginRefused`].
    Login { user: String, password: Secret },
    /// Nobody is logged in any more; answered by [`Event::Login`].
    Logout,
    /// About the office's accounts; answered by [`Event::Accounts`] or a [`Notice::Failed`].
    Accounts(AccountsCommand),
    /// About the office's terminals; answered by [`Event::Terminals`] or a [`Notice::Failed`].
    Terminals(TerminalsCommand),
    /// Look for what stands in the way; answered by [`Event::Diagnosis`], again and again.
    Diagnosis(DiagnosisCommand),
}

/// What a person does who wonders why something does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiagnosisCommand {
    /// Every check, one after the other.
    All,
    /// One check again.
    Again(Check),
    /// Send a parcel to our own office, and see it come back.
    Trial,
    /// Call off what is under way.
    Stop,
    /// Write what helps to help into a new file, without anything personal; answered by [`Notice::Saved`].
    Support(PathBuf),
}

/// How far the diagnosis is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// In the order of [`Check::ALL`].
    pub checks: Vec<(Check, Look)>,
    pub trial: Trial,
}

/// How far one check is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    NotYet,
    UnderWay,
    Done(Found),
}

/// How far the trial parcel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trial {
    NotYet,
    UnderWay,
    Came { took: std::time::Duration },
    Failed(Failure),
}

impl Default for Diagnosis {
    fn default() -> Self {
        Self { checks: Check::ALL.map(|check| (check, Look::NotYet)).to_vec(), trial: Trial::NotYet }
    }
}

impl Diagnosis {
    pub fn is_under_way(&self) -> bool {
        self.trial == Trial::UnderWay || self.checks.iter().any(|(_, look)| *look == Look::UnderWay)
    }

    /// The worst light of what was found; `None` before all was looked at.
    pub fn light(&self) -> Option<Light> {
        let lights = self.checks.iter().map(|(_, look)| match look {
            Look::Done(found) => Some(found.light()),
            _ => None,
        });
        lights.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// What a 管理者 does with the terminals of the office.
#[derive(Clone, Debug)]
pub enum TerminalsCommand {
    /// Answer with [`Event::Terminals`].
    List,
    /// A code for a further terminal; answered by [`Event::Code`], too.
    NewCode,
    /// Let a waiting terminal have the office's keys. `fingerprint` is what stands on its screen, as somebody typed it
    /// (sixteen digits at least): a wrong one is [`Failure::FingerprintOther`].
    Admit {
        id: String,
        fingerprint: String,
    },
    Revoke(String),
    /// A new recovery code in place of the last one; answered by [`Event::Code`], too.
    NewRecoveryCode,
}

/// A code to be shown once, for paper or for the other screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownCode {
    pub code: Code,
    /// `None` for a recovery code, which is good until there is another.
    pub until: Option<Timestamp>,
}

/// What a 管理者 does with the accounts of the office, and everybody with their own password.
#[derive(Clone, Debug)]
pub enum AccountsCommand {
    /// Answer with [`Event::Accounts`].
    List,
    /// Make the office's first account and log in with it; answered as [`Command::Login`] is.
    First {
        user: String,
        password: Secret,
    },
    Add(NewAccount),
    /// Another password or role, or an end to a lock.
    Change {
        user: UserId,
        change: AccountChange,
    },
    Remove(UserId),
    /// One's own; answered by [`Notice::PasswordChanged`].
    Password(PasswordChange),
}

/// One bundle to send: what [`Examined`] offered, with the words of the sender.
#[derive(Clone, Debug)]
pub struct SendRequest {
    pub receiver: OfficeNumber,
    pub paths: Vec<PathBuf>,
    /// Those of the paths that a person had put right: they go as they were shown then, and lie there as they were.
    pub mended: Vec<PathBuf>,
    pub message: String,
    /// What the message says in a form that programs can read, too.
    pub statements: Vec<Statement>,
}

impl SendRequest {
    /// Files as they are.
    pub fn new(receiver: OfficeNumber, paths: Vec<PathBuf>, message: impl Into<String>) -> Self {
        Self { receiver, paths, mended: Vec::new(), message: message.into(), statements: Vec::new() }
    }

    /// No files, but a message that says this.
    pub fn saying(receiver: OfficeNumber, message: impl Into<String>, statement: Statement) -> Self {
        Self { statements: vec![statement], ..Self::new(receiver, Vec::new(), message) }
    }
}

/// What became of one [`SendRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendResult {
    pub receiver: OfficeNumber,
    /// The parcel that waits in the outbox now, or why there is none.
    pub outcome: Result<ParcelId, Failure>,
}

/// 委託: a parcel that is to be passed on, of whom, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayRequest {
    pub origin: ParcelId,
    pub to: OfficeNumber,
    pub persons: Vec<PersonKey>,
    pub message: String,
}

/// To whom a parcel can be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayOffer {
    pub origin: ParcelId,
    pub way: entrust::Way,
    /// Who is in it, with the name where it is known.
    pub persons: Vec<(PersonKey, String)>,
    /// Those who know most of the persons first.
    pub candidates: Arc<[RelayCandidate]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayCandidate {
    pub office: OfficeNumber,
    pub name: String,
    /// The parcel's persons who are this office's: they have a service there, or were entrusted by it.
    pub persons: Vec<PersonKey>,
}

/// What would be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayReview {
    pub request: RelayRequest,
    pub way: entrust::Way,
    pub bundle: Bundle,
}

/// What the engine tells. Each variant carries the whole of what it speaks of, so the newest one is enough.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are few at a time, and a face takes each apart at once")]
pub enum Event {
    Status(Status),
    Lists(Lists),
    Opened(Arc<ParcelView>),
    Content(Content),
    Register(Arc<Register>),
    RelayOffer(Arc<RelayOffer>),
    RelayReview(Arc<RelayReview>),
    /// The answer to the last search.
    Found(Arc<Hits>),
    /// So many parcels of an older version are still to be prepared for [`Command::Search`]; told until there are none.
    SearchWaiting(usize),
    Examined(Arc<Examined>),
    /// What became of the last [`Command::Send`], receiver by receiver.
    SendResults(Arc<[SendResult]>),
    /// What the outgoing folders hold that was not sent; told whenever it changes.
    Drafts(Drafts),
    /// How far something is that takes more than a moment; `None` when it is over.
    Progress(Option<Progress>),
    Notice(Notice),
    /// Somebody clicked a notice, or started the program a second time: come to the front, and show this.
    Show(ToShow),
    /// A second start of the program handed these files over, to be looked at for sending.
    HandedOver(Vec<PathBuf>),
    Settings(Settings),
    /// Whether Tayori begins with the computer; not told where the system keeps no list of that.
    Autostart(bool),
    /// [`Command::TryNotices`] on its way to who shows them.
    TryNotices,
    Partners(Arc<[Partner]>),
    /// The month board, told whenever it changes.
    Board(Arc<Board>),
    /// The last [`Command::DraftStatement`].
    Statement(Arc<StatementDraft>),
    /// What it takes before this terminal can work; [`Entrance::Open`] when nothing does.
    Entrance(Entrance),
    /// The last [`Command::LookForCertificates`].
    Stored(Result<Arc<[Stored]>, Failure>),
    Audit(Arc<Audit>),
    /// Who is logged in, told at the start and whenever it changes.
    Login(Login),
    /// The last [`Command::Login`], or the first account, did not work.
    LoginRefused(Failure),
    /// The office's accounts, by user id.
    Accounts(Arc<[Account]>),
    /// The office's terminals, in the order they came.
    Terminals(Arc<[TerminalEntry]>),
    Code(ShownCode),
    /// How far the diagnosis is.
    Diagnosis(Arc<Diagnosis>),
}

/// What a terminal lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entrance {
    Open,
    /// It is not set up. The folders are an offer, `has_store` says whether the system keeps certificates to choose
    /// from; `refused` says why the last try came to nothing.
    SetUp {
        outgoing: PathBuf,
        import: PathBuf,
        has_store: bool,
        refused: Option<Failure>,
    },
    /// It is being set up.
    Working(EntryStep),
    /// Its vault wants a passphrase: a new one, to be typed twice, or the one it has.
    Passphrase {
        new: bool,
        refused: Option<Failure>,
    },
    /// Another terminal of the office has to let it in, and compares this; or the recovery code does.
    Waiting {
        fingerprint: String,
        refused: Option<Failure>,
    },
    /// The office's recovery code, to be written down now.
    Recovery {
        code: Secret,
        office_name: String,
    },
    /// Something that cannot be mended here.
    Broken(Failure),
}

/// Who is logged in at this terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    As {
        user: UserId,
        role: Role,
    },
    /// Somebody has to log in before anything is sent or fetched. What is here can be read all the same.
    Needed {
        /// Who was the last to log in here.
        last_user: Option<UserId>,
        /// The office has no account yet: its first is to be made.
        first: bool,
    },
}

/// The record of what was done at this terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The newest lines, newest first.
    pub lines: Vec<AuditLine>,
    /// How many there are in all, when every one of them fits; or the first that does not.
    pub verdict: Result<u64, AuditFault>,
}

/// Where we stand with the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub connection: Connection,
    pub last_exchange: Option<Timestamp>,
    /// End of our certificate; the window shows the days left.
    pub certificate_until: Option<Timestamp>,
    /// A version of Tayori that is newer than this program.
    pub newer: Option<Newer>,
}

impl Status {
    /// Of a terminal of which nothing else is known.
    pub fn of(connection: Connection) -> Self {
        Self { connection, last_exchange: None, certificate_until: None, newer: None }
    }
}

/// A newer version, and the page where people get it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Newer {
    pub version: String,
    pub address: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Not tried yet since the start.
    Starting,
    Working,
    Online,
    Offline(Failure),
}

/// The three lists of the window, newest first.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    pub inbox: Arc<[ParcelLine]>,
    pub sent: Arc<[ParcelLine]>,
    pub outbox: Arc<[ParcelLine]>,
}

/// A parcel in the reading pane.
#[derive(Clone, Debug)]
pub struct ParcelView {
    pub line: ParcelLine,
    pub incoming: bool,
    pub message: String,
    /// What the message says about a month, in its order.
    pub statements: Vec<StatementView>,
    pub files: Vec<FileView>,
    /// The check of the parcel's files together, as at the moment they were received or sent.
    pub checked: Checked,
    /// 第6表 per person, read from the files.
    pub sheets: Vec<MonthSheet>,
    /// The persons of its files, and their rows for the other forms.
    pub people: Arc<People>,
    /// What happened to it, oldest first.
    pub trail: Vec<Trail>,
    /// 中継元: the parcels it passes on, oldest first.
    pub chain: Vec<Hop>,
    /// 中継先: parcels of ours that pass it on.
    pub passed_on: Vec<PassedOn>,
    /// Which way it can be passed on.
    pub relay: Option<entrust::Way>,
    /// Whose signature was verified, for an incoming parcel.
    pub signed_by: Option<OfficeNumber>,
    /// A word of the office's own about it.
    pub note: String,
}

/// What a message says about a month, with the names of the persons as far as they are known here.
#[derive(Clone, PartialEq, Eq)]
pub struct StatementView {
    pub statement: Statement,
    pub names: HashMap<PersonKey, String>,
}

impl StatementView {
    pub fn name(&self, person: &PersonKey) -> Option<&str> {
        self.names.get(person).map(String::as_str)
    }
}

/// Persons are nobody's business in a log.
impl std::fmt::Debug for StatementView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatementView").field("month", &self.statement.month()).finish_non_exhaustive()
    }
}

/// The bytes of one file of a parcel.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    pub parcel: ParcelId,
    pub index: usize,
    pub name: String,
    pub bytes: Arc<[u8]>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("parcel", &self.parcel).field("index", &self.index).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileView {
    pub name: String,
    pub size: u64,
    /// 第6表（サービス利用票）予定 …, or empty for a kind we do not know.
    pub kind: String,
    /// Where it was delivered in the import folder.
    pub delivered: Option<PathBuf>,
}

/// Files looked at before sending, grouped by receiver.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    pub bundles: Vec<Bundle>,
    /// Files that belong to no receiver: an unknown kind, a broken name, unreadable.
    pub astray: Vec<Astray>,
}

/// 下書き: what the watched outgoing folders hold, ready to be looked at and sent.
#[derive(Clone, Debug, Default)]
pub struct Drafts {
    /// Newest first. One is sent by [`Command::Send`] with its bundle's receiver and paths.
    pub drafts: Arc<[Draft]>,
    /// Files that cannot be sent as they are, and folders that cannot be looked into.
    pub astray: Arc<[Astray]>,
    /// Files that are still being written.
    pub coming: usize,
}

/// What waits for one receiver.
#[derive(Clone, Debug)]
pub struct Draft {
    pub bundle: Bundle,
    /// When it last changed.
    pub at: Timestamp,
    /// More files for the same receiver, which become the next draft: one parcel does not hold them all.
    pub more: usize,
    /// When it goes without a click, by the settings.
    pub goes_at: Option<Timestamp>,
    /// By which way it goes. For the national system, sending means laying it out in the hand-over folder.
    pub way: Way,
}

/// What would become one parcel.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bundle {
    pub receiver: OfficeNumber,
    /// Empty when the directory does not know the receiver.
    pub receiver_name: String,
    pub receiver_service: Option<ServiceType>,
    pub files: Vec<BundleFile>,
    pub subjects: Vec<Subject>,
    /// Findings of the files and of the set together, worst first.
    pub findings: Vec<Finding>,
    /// Persons in the tables, as far as they could be read.
    pub persons: usize,
}

impl Bundle {
    /// Whether nothing forbids sending it.
    pub fn may_be_sent(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != crate::standard::Severity::Error)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BundleFile {
    pub path: PathBuf,
    pub name: String,
    pub kind: String,
    pub size: u64,
    /// What can be put right in it with certainty, where something was found against it.
    #[serde(default)]
    pub offers: Vec<Offer>,
    /// It was put right, by [`Command::ExamineMended`].
    #[serde(default)]
    pub mended: bool,
}

/// A file that cannot be sent, and why.
#[derive(Clone, Debug)]
pub struct Astray {
    pub path: PathBuf,
    pub name: String,
    pub why: AstrayReason,
    /// What can be put right in it with certainty.
    pub offers: Vec<Offer>,
}

#[derive(Clone, Debug)]
pub enum AstrayReason {
    /// The check of the file's name or content speaks against it.
    Findings(Vec<Finding>),
    /// The file could not be read.
    Unreadable(Failure),
}

/// How far something is that takes a while and can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub task: Task,
    pub done: usize,
    pub total: usize,
}

/// What takes a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Files are looked at before sending.
    Looking,
    /// Parcels are made and put into the outbox.
    Queueing,
    /// The rows of a month's list are gathered.
    Listing,
    /// The record of what was done is written into a file.
    Exporting,
}

/// What the window is to show when it comes to the front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToShow {
    /// Whatever it shows.
    #[default]
    Window,
    Drafts,
    Parcel(ParcelId),
}

/// Persons' names that may be shown and never logged: their debugging output is a number.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} names", self.0.len())
    }
}

/// Something worth a toast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    Arrived {
        parcel: ParcelId,
        partner_name: String,
        subjects: Vec<Subject>,
        files: usize,
        /// Whose files they are, where the settings want them told.
        persons: Names,
    },
    /// New drafts stand ready; `troubled` of them cannot be sent as they are.
    Drafted {
        drafts: usize,
        troubled: usize,
    },
    /// Put into the outbox.
    Queued {
        parcels: usize,
    },
    Sent {
        parcels: usize,
    },
    /// Every file lies in the hand-over folder for the national system.
    LaidOut {
        partner_name: String,
    },
    Imported {
        partner_name: String,
    },
    Saved {
        name: String,
    },
    SettingsKept,
    /// A trial notice went out by so many ways, beside the one on this computer.
    Tried {
        ways: usize,
    },
    /// Our certificates end in so many days, and renewing them has not worked yet (or is not due); over when negative.
    CertificateEnds {
        days: i64,
    },
    /// One's own password is another one now.
    PasswordChanged,
    Failed(Failure),
    /// What was to be sent could not be put into the outbox.
    NotSent(Failure),
    /// Kept aside, or not sent, until a person has confirmed the partner's changed key.
    ParcelHeld {
        parcel: ParcelId,
        partner_name: String,
        failure: Failure,
    },
    /// Nobody fetched it for five days.
    Overdue {
        parcel: ParcelId,
        partner_name: String,
    },
    /// A partner's key is trusted from now on.
    Trusted {
        partner_name: String,
    },
    /// One parcel was refused when it came in, or failed for good when it went out.
    ParcelFailed {
        parcel: ParcelId,
        partner_name: String,
        failure: Failure,
    },
}

/// An office we can exchange with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    pub office: OfficeNumber,
    /// `None` where the directory does not have it.
    pub service: Option<ServiceType>,
    pub name: String,
    /// Whether it can receive: it has a certificate that is not revoked.
    pub reachable: bool,
    /// By which way what is for it goes.
    pub way: Way,
    /// The fingerprint of its key, once we had to do with it.
    pub key: Option<String>,
    pub last_sent: Option<Timestamp>,
    pub last_received: Option<Timestamp>,
    /// The last day on which something went, or came, on paper.
    pub last_paper: Option<Date>,
    /// Another key than the one we knew turned up; a person is asked.
    pub changed: Option<PartnerChange>,
}

/// The fingerprints of a partner's key, to be compared with the partner's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerChange {
    /// The newest one that is trusted.
    pub known: String,
    /// The newest one that is not.
    pub offered: String,
    pub since: Timestamp,
}
