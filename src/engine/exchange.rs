//! One office's end of the exchange: what is sent, received, delivered and confirmed in one round.
//!
//! Every step commits before the next one begins, so a round may be cut off anywhere and the next one goes on:
//!
//! | step | evidence it leaves |
//! |---|---|
//! | the directory and the revocation list are fetched | both, as last seen |
//! | what waits in the outbox is sealed (once) and handed over | the sealed bytes, then the hub's answer |
//! | what came is fetched, opened, verified, kept | the parcel, or a refusal with its receipt |
//! | the other terminals of the office are heard | what they read, gave receipts for, and have in their folders |
//! | files are put into the import folder, where the hub gives them to this terminal | path, then time |
//! | receipts are signed, kept, handed in | the receipt, then that the hub has it |
//! | what became of our own parcels is read | the receivers' receipts |
//!
//! One parcel's trouble never stops the others (see `Patience`); only a hub that cannot be reached ends the round.

use jiff::Timestamp;

use super::failure::{of_history, of_identity, of_link};
use super::model::{Failure, Notice};
use super::receiving::PassedOver;
use super::release;
use super::retry::Insistence;
use super::terminal::Terminal;
use super::together::bear;
use crate::history::HistoryError;
use crate::identity::IdentityError;
use crate::link::{Link, LinkError};
use crate::parcel::TrustError;
use crate::wire::ProblemCode;

/// One terminal with its way to the others.
#[derive(Debug)]
pub struct Exchange {
    pub terminal: Terminal,
    pub link: Box<dyn Link>,
    /// Incoming parcels that were passed over, and when to look again.
    pub(super) passed_over: PassedOver,
    /// What this round still has for a parcel that stumbles.
    pub(super) insistence: Insistence,
    /// How far our clock was off when we last asked, where it is too far.
    pub(super) clock: Option<Failure>,
    /// Whether this program has looked for what an earlier one left in the import folders.
    pub(super) tidied: bool,
}

/// What a round brought.
#[derive(Debug, Default)]
pub struct Round {
    pub notices: Vec<Notice>,
    pub sent: usize,
    pub received: usize,
    /// What stood in the way of a parcel or a file while others went on, each once; it is tried again.
    pub failures: Vec<Failure>,
}

impl Round {
    pub(super) fn fail(&mut self, failure: Failure) {
        if !self.failures.contains(&failure) {
            self.failures.push(failure);
        }
    }
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The office has no account yet: nobody can log in.
    #[error("the office has no account yet")]
    NoAccount,
    #[error("cannot take a turn")]
    Turn(#[source] std::io::Error),
    /// One parcel cannot go on now, through no fault of the hub's or its own.
    #[error("a parcel has to wait: {}", .0.code())]
    Waits(Failure),
}

impl RoundError {
    pub fn failure(&self) -> Failure {
        match self {
            RoundError::Link(error) => of_link(error),
            RoundError::History(error) => of_history(error),
            RoundError::Identity(error) => of_identity(error),
            RoundError::NoAccount => Failure::AccountMissing,
            RoundError::Turn(_) => Failure::HistoryTroubled,
            RoundError::Waits(failure) => failure.clone(),
        }
    }
}

/// How many parcels in a row may meet silence before it is the hub's.
const SILENCES: u32 = 3;

/// Passes over one parcel's trouble, so that the others go on. An answer, even a bad one, is about the parcel; silence
/// may be about the parcel or the hub, and the next ones tell.
#[derive(Default)]
pub(super) struct Patience {
    silences: u32,
}

impl Patience {
    /// `None` for a parcel that was passed over; an error when the others would fare no better.
    pub(super) fn bear<T>(&mut self, tried: Result<T, RoundError>, round: &mut Round) -> Result<Option<T>, RoundError> {
        match tried {
            Ok(done) => {
                self.silences = 0;
                Ok(Some(done))
            }
            Err(error) if self.is_about_one(&error) => {
                round.fail(error.failure());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn is_about_one(&mut self, error: &RoundError) -> bool {
        match error {
            RoundError::Link(LinkError::Problem(problem)) => {
                !matches!(problem.code, ProblemCode::CallerRefused | ProblemCode::TooMany)
            }
            RoundError::Link(LinkError::Nonsense(_)) | RoundError::Waits(_) => true,
            RoundError::Link(LinkError::NoAnswer(_)) => {
                self.silences += 1;
                self.silences < SILENCES
            }
            _ => false,
        }
    }
}

/// A clock may be wrong by so much before anyone is bothered with it.
const CLOCK_TOLERANCE_MINUTES: i64 = 10;

/// Says it when our clock and the hub's differ. The exchange goes on all the same: nothing in it but the days of the
/// certificates hangs on our clock, and those begin a day early.
pub(super) fn clock_wrong(ours: Timestamp, hubs: Timestamp) -> Option<Failure> {
    let seconds = ours.duration_since(hubs).as_secs();
    let minutes = (seconds + 30 * seconds.signum()) / 60;
    (minutes.abs() > CLOCK_TOLERANCE_MINUTES).then_some(Failure::ClockWrong { minutes })
}

/// Most pages of the directory in one go: some million offices.
const MOST_PAGES: u32 = 5_000;

impl Exchange {
    pub fn new(terminal: Terminal, link: Box<dyn Link>) -> Self {
        Self {
            terminal,
            link,
            passed_over: PassedOver::default(),
            insistence: Insistence::default(),
            clock: None,
            tidied: false,
        }
    }

    /// Everything once. What was done before an error stays done, and stands in `round`.
    pub fn round(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        let _turn = self.terminal.take_turn().map_err(RoundError::Turn)?;
        let done = self.round_in_turn(now, round);
        if let Err(RoundError::History(error)) = &done
            && error.is_damaged()
        {
            self.terminal.history.mark_damaged()?;
        }
        done
    }

    fn round_in_turn(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        if self.terminal.history.take_mended()? {
            round.fail(Failure::HistoryMended);
        }
        self.terminal.history.look_for_damage(now)?;
        self.renew_if_due(now, round)?;
        self.terminal.note_imports(now, round)?;
        self.terminal.lay_out(now, round)?;
        self.refresh_directory(now)?;
        self.send_due(now, round)?;
        // What came is one thing, what became of ours another: trouble with the first does not hide the second.
        let received = match self.receive(now, round) {
            Err(error @ RoundError::Link(LinkError::NoWay(_))) => return Err(error),
            received => received,
        };
        self.judge_held(now, round)?;
        bear(self.hear_others(now), round)?;
        let imported = self.import(now, round);
        bear(imported, round)?;
        self.terminal.note_imports(now, round)?;
        self.hand_in_receipts(now, round)?;
        bear(self.tell_others(now), round)?;
        self.read_sent(now, round)?;
        for (parcel, partner_name) in self.terminal.history.tell_overdue(now)? {
            round.notices.push(Notice::Overdue { parcel, partner_name });
        }
        received
    }

    /// What the hub says of itself, the directory and the revocation list, as of now. Without a good certificate of our
    /// own, nothing is asked.
    pub fn refresh_directory(&mut self, now: Timestamp) -> Result<(), RoundError> {
        self.terminal.check_identity(now)?;
        let facts = self.link.facts()?;
        self.clock = clock_wrong(now, facts.time);
        self.terminal.history.note_forgotten(facts.time)?;
        self.terminal.history.set_parcel_limit(facts.max_parcel_bytes)?;
        self.terminal.history.set_lacks_account(facts.first_account)?;
        if let Some(said) = &facts.release {
            release::hear(&mut self.terminal.history, said, &self.terminal.release_keys, now)?;
        }
        self.follow_revocations(now)?;
        // All of this the certificate opens alone; from here on somebody has to be logged in.
        if facts.first_account {
            return Err(RoundError::NoAccount);
        }
        self.follow_directory()?;
        self.terminal.compare_with_directory(now)
    }

    /// The revocation list in force. The one that we have stays for as long as the hub calls it good, if it says anything of
    /// ourselves: one that was damaged on its way does not.
    fn follow_revocations(&mut self, now: Timestamp) -> Result<(), RoundError> {
        let ourselves = self.terminal.trust(now)?.office(self.terminal.identity.key.certificate());
        let can_tell = matches!(ourselves, Ok(_) | Err(TrustError::Revoked { .. }));
        let list = match self.terminal.history.crl_tag()?.filter(|_| can_tell) {
            Some(tag) => self.link.crl_unless(&tag)?,
            None => Some(self.link.crl()?),
        };
        if let Some(list) = list {
            self.terminal.history.set_crl(&list.der, list.tag.as_deref())?;
        }
        Ok(())
    }

    /// What changed in the directory since we last heard. Cut off anywhere, it goes on there the next time.
    fn follow_directory(&mut self) -> Result<(), RoundError> {
        let mut beginnings = 0;
        for _ in 0..MOST_PAGES {
            let page = self.link.directory(self.terminal.history.directory_place()?)?;
            beginnings += u32::from(page.after == 0);
            self.terminal.history.take_directory(&page)?;
            if !page.more {
                return Ok(());
            }
            // Once more, when the hub was restored in the middle of it.
            if beginnings > 2 {
                break;
            }
        }
        Err(LinkError::Nonsense("a directory without an end".into()).into())
    }
}
