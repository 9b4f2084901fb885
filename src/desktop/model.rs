//! What the window knows: the newest of everything the engine told, and the toasts that are up.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::preview::Preview;
use super::tokens::Appearance;
use crate::board::Board;
use crate::desks::is_for;
use crate::engine::model::{
    Account, Audit, Connection, Diagnosis, Drafts, Entrance, Event, Examined, Failure, Hits, Lists, Login, Notice,
    ParcelLine, ParcelView, Partner, Progress, Settings, ShownCode, State, StatementDraft, Status, TerminalEntry,
};
use crate::parcel::ParcelId;
use crate::standard::OfficeNumber;
use crate::words::failure::Sentence;
use crate::words::{Lang, opening, window as w};

/// How the window is to look; the starter may keep it for the next time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Look {
    pub lang: Lang,
    pub text_size: TextSize,
    pub appearance: Appearance,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextSize {
    Small,
    #[default]
    Medium,
    Large,
    Larger,
    Largest,
}

impl TextSize {
    pub const ALL: [TextSize; 5] =
        [TextSize::Small, TextSize::Medium, TextSize::Large, TextSize::Larger, TextSize::Largest];

    /// What everything on the screen is multiplied by.
    pub fn zoom(self) -> f32 {
        match self {
            TextSize::Small => 0.875,
            TextSize::Medium => 1.0,
            TextSize::Large => 1.25,
            TextSize::Larger => 1.5,
            TextSize::Largest => 2.0,
        }
    }
}

/// The newest of everything.
#[derive(Debug)]
pub struct Model {
    pub look: Look,
    pub status: Status,
    /// What the window shows: of what came, only what is for this terminal's desk or for everybody.
    pub lists: Lists,
    /// Whether they were told: a large history takes a moment.
    pub lists_known: bool,
    /// All of what came.
    every_desk: Arc<[ParcelLine]>,
    pub counts: Counts,
    pub opened: Option<Arc<ParcelView>>,
    /// A file of the opened parcel, shown in place.
    pub preview: Option<Preview>,
    /// What the last search found.
    pub found: Option<Arc<Hits>>,
    /// So many older parcels are not found yet: they are still being prepared.
    pub search_waiting: usize,
    pub examined: Option<Arc<Examined>>,
    /// Whether an examination was asked for and not answered yet.
    pub examining: bool,
    /// What stands ready from the outgoing folders.
    pub drafts: Drafts,
    pub progress: Option<Progress>,
    pub settings: Option<Settings>,
    /// Whether Tayori begins with the computer, where that can be told.
    pub autostart: Option<bool>,
    pub partners: Arc<[Partner]>,
    /// The month board, once it was told.
    pub board: Option<Arc<Board>>,
    /// What can be said to a partner, as it was asked for last.
    pub statement: Option<Arc<StatementDraft>>,
    /// What it takes before this terminal can work.
    pub entrance: Entrance,
    /// Who is logged in; `None` before the engine said.
    pub login: Option<Login>,
    /// Why the last try to log in came to nothing.
    pub login_refused: Option<Failure>,
    /// The office's accounts, once somebody asked.
    pub accounts: Arc<[Account]>,
    /// The office's terminals, once somebody asked.
    pub terminals: Arc<[TerminalEntry]>,
    /// The code that was asked for last, to be shown until somebody has read it.
    pub code: Option<ShownCode>,
    /// How far the diagnosis is.
    pub diagnosis: Arc<Diagnosis>,
    /// The record, once somebody asked.
    pub audit: Option<Arc<Audit>>,
    pub toasts: Vec<Toast>,
    pub now: Timestamp,
    pub zone: TimeZone,
}

/// What the lists hold, counted once when they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub unread: usize,
    pub to_import: usize,
    pub waiting: usize,
    pub failed: usize,
    pub refused: usize,
}

/// A sentence that goes away by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    said: Said,
    /// Set when it is first drawn.
    pub since_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Notice(Notice),
    /// Several arrivals in a row: one toast, not a pile of them.
    Arrivals {
        latest_from: String,
        parcels: usize,
    },
    SettingsSaved,
    PdfFailed,
    NotOpened,
}

impl Toast {
    pub fn is_bad(&self) -> bool {
        matches!(
            self.said,
            Said::PdfFailed
                | Said::NotOpened
                | Said::Notice(
                    Notice::Failed(_)
                        | Notice::NotSent(_)
                        | Notice::ParcelFailed { .. }
                        | Notice::CertificateEnds { days: ..=7 }
                )
        )
    }

    pub fn words(&self, lang: Lang) -> Sentence {
        match &self.said {
            Said::Notice(notice) => w::notice(lang, notice),
            Said::Arrivals { latest_from, parcels } => w::arrivals(lang, latest_from, *parcels),
            Said::PdfFailed => w::pdf_failed(lang),
            Said::NotOpened => opening::not_opened(lang),
            Said::SettingsSaved => Sentence { what: w::settings_saved(lang).to_owned(), todo: String::new() },
        }
    }

    /// How many arrivals it speaks of.
    fn arrivals(&self) -> usize {
        match &self.said {
            Said::Notice(Notice::Arrived { .. }) => 1,
            Said::Arrivals { parcels, .. } => *parcels,
            _ => 0,
        }
    }

    /// How long it stays. What went wrong takes longer to read.
    pub fn stays_ms(&self) -> u64 {
        if self.is_bad() { 15_000 } else { 6_000 }
    }

    /// Whether it speaks of several parcels in the inbox.
    pub fn is_about_inbox(&self) -> bool {
        matches!(self.said, Said::Arrivals { .. })
    }

    /// The parcel it speaks of.
    pub fn parcel(&self) -> Option<ParcelId> {
        match &self.said {
            Said::Notice(Notice::Arrived { parcel, .. }) => Some(*parcel),
            _ => None,
        }
    }
}

impl Model {
    pub fn new(look: Look) -> Self {
        Self {
            look,
            status: Status::of(Connection::Starting),
            lists: Lists::default(),
            lists_known: false,
            every_desk: Arc::from([]),
            counts: Counts::default(),
            opened: None,
            preview: None,
            found: None,
            search_waiting: 0,
            examined: None,
            examining: false,
            drafts: Drafts::default(),
            progress: None,
            settings: None,
            autostart: None,
            partners: Arc::from([]),
            board: None,
            statement: None,
            entrance: Entrance::Open,
            login: None,
            login_refused: None,
            accounts: Arc::from([]),
            terminals: Arc::from([]),
            code: None,
            diagnosis: Arc::default(),
            audit: None,
            toasts: Vec::new(),
            now: Timestamp::now(),
            zone: TimeZone::system(),
        }
    }

    pub fn lang(&self) -> Lang {
        self.look.lang
    }

    /// Takes in what the engine told.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Status(status) => self.status = status,
            Event::Lists(lists) => {
                self.every_desk = lists.inbox.clone();
                self.lists = lists;
                self.lists_known = true;
                self.sort_by_desk();
            }
            Event::Opened(view) => {
                if self.preview.as_ref().is_some_and(|preview| preview.parcel != view.line.id) {
                    self.preview = None;
                }
                self.opened = Some(view);
            }
            // The app makes it ready first.
            Event::Content(_) => {}
            Event::Found(found) => self.found = Some(found),
            Event::SearchWaiting(parcels) => self.search_waiting = parcels,
            Event::Examined(examined) => {
                self.examining = false;
                self.examined = Some(examined);
            }
            // Whoever wrote them hears.
            Event::SendResults(_) => {}
            Event::Drafts(drafts) => self.drafts = drafts,
            // The dialog's.
            Event::Register(_) | Event::RelayOffer(_) | Event::RelayReview(_) | Event::Stored(_) => {}
            // The app's own affair.
            Event::Show(_) | Event::HandedOver(_) => {}
            // Never comes so far: who shows the notices takes it.
            Event::TryNotices => {}
            Event::Autostart(on) => self.autostart = Some(on),
            Event::Progress(progress) => self.progress = progress,
            Event::Notice(notice) => self.toast(notice),
            Event::Settings(settings) => {
                self.settings = Some(settings);
                self.sort_by_desk();
            }
            Event::Audit(audit) => self.audit = Some(audit),
            Event::Partners(partners) => self.partners = partners,
            Event::Board(board) => self.board = Some(board),
            Event::Statement(draft) => self.statement = Some(draft),
            Event::Entrance(entrance) => self.entrance = entrance,
            Event::Login(login) => {
                if matches!(login, Login::As { .. }) {
                    self.login_refused = None;
                }
                self.login = Some(login);
            }
            Event::LoginRefused(failure) => self.login_refused = Some(failure),
            Event::Accounts(accounts) => self.accounts = accounts,
            Event::Terminals(terminals) => self.terminals = terminals,
            Event::Code(code) => self.code = Some(code),
            Event::Diagnosis(diagnosis) => self.diagnosis = diagnosis,
        }
    }

    /// Leaves what is for other desks than this terminal's out of what is shown and counted.
    fn sort_by_desk(&mut self) {
        let own = self.settings.as_ref().and_then(|settings| settings.desk.as_deref());
        self.lists.inbox = match own {
            None => self.every_desk.clone(),
            own => self.every_desk.iter().filter(|line| is_for(own, &line.desks)).cloned().collect(),
        };
        self.counts = Counts::of(&self.lists);
    }

    fn toast(&mut self, notice: Notice) {
        if matches!(notice, Notice::NotSent(_)) {
            self.examining = false;
        }
        // What came for another desk alone is told there.
        let own = self.settings.as_ref().and_then(|settings| settings.desk.as_deref());
        if let Notice::Arrived { parcel, .. } = &notice
            && self.every_desk.iter().any(|line| line.id == *parcel && !is_for(own, &line.desks))
        {
            return;
        }
        let said = match notice {
            Notice::Arrived { ref partner_name, .. } => {
                self.arrivals_with(partner_name).unwrap_or(Said::Notice(notice))
            }
            notice => Said::Notice(notice),
        };
        self.say(said);
    }

    /// Takes the arrivals that are up off, to be said together with one more.
    fn arrivals_with(&mut self, partner_name: &str) -> Option<Said> {
        let before: usize = self.toasts.iter().map(Toast::arrivals).sum();
        self.toasts.retain(|toast| toast.arrivals() == 0);
        (before > 0).then(|| Said::Arrivals { latest_from: partner_name.to_owned(), parcels: before + 1 })
    }

    /// Shows that the settings were kept.
    pub fn settings_saved(&mut self) {
        self.say(Said::SettingsSaved);
    }

    /// Says that nothing on this computer opens it.
    pub fn not_opened(&mut self) {
        self.say(Said::NotOpened);
    }

    /// Says that there is no PDF.
    pub fn pdf_failed(&mut self) {
        self.say(Said::PdfFailed);
    }

    /// Shows a toast; the oldest makes room.
    fn say(&mut self, said: Said) {
        self.toasts.retain(|toast| toast.said != said);
        self.toasts.push(Toast { said, since_ms: None });
        let too_many = self.toasts.len().saturating_sub(3);
        self.toasts.drain(..too_many);
    }

    /// The newest line of a parcel that is open, whichever list it is in.
    pub fn line(&self, id: ParcelId) -> Option<&ParcelLine> {
        let Lists { inbox, sent, outbox } = &self.lists;
        inbox.iter().chain(outbox.iter()).chain(sent.iter()).find(|line| line.id == id)
    }

    /// Partners whose parcels wait because their key has changed, each once.
    pub fn changed_partners(&self) -> Vec<ChangedPartner> {
        let Lists { inbox, sent, outbox } = &self.lists;
        let mut changed: Vec<ChangedPartner> = Vec::new();
        for found in inbox.iter().chain(outbox.iter()).chain(sent.iter()).filter_map(ChangedPartner::of) {
            if !changed.contains(&found) {
                changed.push(found);
            }
        }
        changed
    }

    /// Whole days until our certificate ends; negative when it has.
    pub fn certificate_days(&self) -> Option<i64> {
        let until = self.status.certificate_until?;
        Some(until.duration_since(self.now).as_secs().div_euclid(24 * 60 * 60))
    }
}

/// A partner whose key is another one than the one that is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedPartner {
    pub office: OfficeNumber,
    pub name: String,
    pub known: String,
    pub offered: String,
}

impl ChangedPartner {
    /// What a parcel waits for, where it waits for that.
    pub fn of(line: &ParcelLine) -> Option<Self> {
        let (State::Held(problem) | State::Waiting { last: Some(problem), .. }) = &line.state else { return None };
        let Failure::PartnerChanged { office, known, offered } = problem else { return None };
        let (known, offered) = (known.clone(), offered.clone());
        Some(Self { office: office.parse().ok()?, name: line.partner_name.clone(), known, offered })
    }
}

impl Counts {
    fn of(lists: &Lists) -> Self {
        let count =
            |lines: &[ParcelLine], holds: fn(&ParcelLine) -> bool| lines.iter().filter(|line| holds(line)).count();
        let failed: fn(&ParcelLine) -> bool = |line| matches!(line.state, State::Failed(_));
        Self {
            unread: count(&lists.inbox, |line| line.unread),
            to_import: count(&lists.inbox, |line| line.state == State::Arrived),
            waiting: count(&lists.outbox, |line| matches!(line.state, State::Waiting { .. })),
            failed: count(&lists.outbox, failed) + count(&lists.sent, failed),
            refused: count(&lists.sent, |line| matches!(line.state, State::Refused(_))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::Names;

    fn arrived(from: &str) -> Event {
        let parcel = ParcelId::new();
        Event::Notice(Notice::Arrived {
            parcel,
            partner_name: from.into(),
            subjects: vec![],
            files: 1,
            persons: Names::default(),
        })
    }

    #[test]
    fn arrivals_in_a_row_are_one_toast() {
        let mut model = Model::new(Look::default());
        for from in ["北訪問介護", "南デイサービス", "東福祉用具"] {
            model.take(arrived(from));
        }
        model.take(Event::Notice(Notice::Failed(Failure::DiskFull)));
        model.take(arrived("西訪問看護"));
        let said: Vec<String> = model.toasts.iter().map(|toast| toast.words(Lang::Ja).what).collect();
        assert_eq!(said, ["パソコンの空き容量が足りません。", "西訪問看護 ほか、あわせて 4 件届きました。"]);
    }

    #[test]
    fn days_left_count_whole_days_and_go_below_zero() {
        let mut model = Model::new(Look::default());
        let hours = |hours| Some(model_now() + jiff::SignedDuration::from_hours(hours));
        model.now = model_now();
        for (until, days) in [(hours(49), 2), (hours(23), 0), (hours(-1), -1)] {
            model.status.certificate_until = until;
            assert_eq!(model.certificate_days(), Some(days));
        }
    }

    fn model_now() -> Timestamp {
        "2026-11-18T03:33:00Z".parse().unwrap()
    }
}
