//! What the window knows: the newest of everything the engine told, and the toasts that are up.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::engine::model::{
    Connection, Event, Examined, Lists, Notice, ParcelLine, ParcelView, Partner, Progress, Settings, State, Status,
};
use crate::parcel::ParcelId;
use crate::words::failure::Sentence;
use crate::words::{Lang, window as w};

/// How the window is to look; the starter may keep it for the next time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Look {
    pub lang: Lang,
    pub text_size: TextSize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextSize {
    Small,
    #[default]
    Medium,
    Large,
}

impl TextSize {
    pub const ALL: [TextSize; 3] = [TextSize::Small, TextSize::Medium, TextSize::Large];

    /// What everything on the screen is multiplied by.
    pub fn zoom(self) -> f32 {
        match self {
            TextSize::Small => 0.875,
            TextSize::Medium => 1.0,
            TextSize::Large => 1.25,
        }
    }
}

/// The newest of everything.
#[derive(Debug)]
pub struct Model {
    pub look: Look,
    pub status: Status,
    pub lists: Lists,
    pub counts: Counts,
    pub opened: Option<Arc<ParcelView>>,
    pub examined: Option<Arc<Examined>>,
    /// Whether an examination was asked for and not answered yet.
    pub examining: bool,
    pub progress: Option<Progress>,
    pub settings: Option<Settings>,
    pub partners: Arc<[Partner]>,
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
    SettingsSaved,
}

impl Toast {
    pub fn is_bad(&self) -> bool {
        matches!(self.said, Said::Notice(Notice::Failed(_) | Notice::ParcelFailed { .. }))
    }

    pub fn words(&self, lang: Lang) -> Sentence {
        match &self.said {
            Said::Notice(notice) => w::notice(lang, notice),
            Said::SettingsSaved => Sentence { what: w::settings_saved(lang).to_owned(), todo: String::new() },
        }
    }

    /// How long it stays. What went wrong takes longer to read.
    pub fn stays_ms(&self) -> u64 {
        if self.is_bad() { 15_000 } else { 6_000 }
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
            status: Status { connection: Connection::Starting, last_exchange: None, certificate_until: None },
            lists: Lists::default(),
            counts: Counts::default(),
            opened: None,
            examined: None,
            examining: false,
            progress: None,
            settings: None,
            partners: Arc::from([]),
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
                self.counts = Counts::of(&lists);
                self.lists = lists;
            }
            Event::Opened(view) => self.opened = Some(view),
            Event::Examined(examined) => {
                self.examining = false;
                self.examined = Some(examined);
            }
            Event::Progress(progress) => self.progress = progress,
            Event::Notice(notice) => self.toast(notice),
            Event::Settings(settings) => self.settings = Some(settings),
            Event::Partners(partners) => self.partners = partners,
        }
    }

    fn toast(&mut self, notice: Notice) {
        if matches!(notice, Notice::Failed(_)) {
            self.examining = false;
        }
        self.say(Said::Notice(notice));
    }

    /// Shows that the settings were kept.
    pub fn settings_saved(&mut self) {
        self.say(Said::SettingsSaved);
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

    /// Whole days until our certificate ends; negative when it has.
    pub fn certificate_days(&self) -> Option<i64> {
        let until = self.status.certificate_until?;
        Some(until.duration_since(self.now).as_secs().div_euclid(24 * 60 * 60))
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
