//! One office's end of the exchange: what is sent, received, delivered and confirmed in one round.
//!
//! Every step commits before the next one begins, so a round may be cut off anywhere and the next one goes on:
//!
//! | step | evidence it leaves |
//! |---|---|
//! | the directory and the revocation list are fetched | both, as last seen |
//! | what waits in the outbox is sealed (once) and handed over | the sealed bytes, then the hub's answer |
//! | what came is fetched, opened, verified, kept | the parcel, or a refusal with its receipt |
//! | files are delivered into the import folder | path, then time |
//! | receipts are signed, kept, handed in | the receipt, then that the hub has it |
//! | what became of our own parcels is read | the receivers' receipts |
//!
//! One parcel's trouble never stops the others ([`Patience`]); only a hub that cannot be reached ends the round.

use std::time::Duration;

use jiff::Timestamp;

use super::failure::{of_history, of_identity, of_link, of_read, of_seal};
use super::model::{Failure, Notice, Subject};
use super::retry;
use super::subject::subjects_of;
use super::terminal::Terminal;
use crate::history::{Due, HistoryError, KnownOffice, NewIncoming, NewRefused, Tried};
use crate::identity::{Identity, IdentityError};
use crate::link::{Link, LinkError};
use crate::parcel::{self, Content, Limits, ParcelId, Receipt, ReceiptStep, Trust, sha256_hex};
use crate::standard::{self, Input, Known};
use crate::wire::{InboxEntry, ProblemCode, SentEntry};

/// One terminal with its way to the others.
#[derive(Debug)]
pub struct Exchange {
    pub terminal: Terminal,
    pub link: Box<dyn Link>,
}

/// What a round brought.
#[derive(Debug, Default)]
pub struct Round {
    pub notices: Vec<Notice>,
    pub sent: usize,
    pub received: usize,
    /// Whether anything in the lists changed.
    pub changed: bool,
    /// The first trouble a parcel had on its way while others went on; it is tried again.
    pub trouble: Option<Failure>,
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
struct Patience {
    silences: u32,
}

impl Patience {
    /// `None` for a parcel that was passed over; an error when the others would fare no better.
    fn bear<T>(&mut self, tried: Result<T, RoundError>, round: &mut Round) -> Result<Option<T>, RoundError> {
        match tried {
            Ok(done) => {
                self.silences = 0;
                Ok(Some(done))
            }
            Err(error) if self.is_about_one(&error) => {
                round.trouble.get_or_insert(error.failure());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn is_about_one(&mut self, error: &RoundError) -> bool {
        match error {
            RoundError::Link(LinkError::Problem(problem)) => problem.code != ProblemCode::CallerRefused,
            RoundError::Link(LinkError::Nonsense(_)) | RoundError::Waits(_) => true,
            RoundError::Link(LinkError::NoAnswer(_)) => {
                self.silences += 1;
                self.silences < SILENCES
            }
            _ => false,
        }
    }
}

impl Exchange {
    /// Everything once. What was done before an error stays done, and stands in `round`.
    pub fn round(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        let _turn = self.terminal.take_turn().map_err(RoundError::Turn)?;
        self.terminal.deliver(now, round)?;
        self.terminal.note_imports(now, round)?;
        self.refresh_directory(now)?;
        self.send_due(now, round)?;
        self.receive(now, round)?;
        self.terminal.deliver(now, round)?;
        self.terminal.note_imports(now, round)?;
        self.hand_in_receipts(now, round)?;
        self.read_sent(now, round)
    }

    /// What the hub says of itself, the directory and the revocation list, as of now. Without a good certificate of our
    /// own, nothing is asked.
    pub fn refresh_directory(&mut self, now: Timestamp) -> Result<(), RoundError> {
        self.terminal.check_identity(now)?;
        let facts = self.link.facts()?;
        self.terminal.history.set_parcel_limit(facts.max_parcel_bytes)?;
        let directory = self.link.directory()?;
        self.terminal.history.set_directory(&directory)?;
        let crl = self.link.crl()?;
        Ok(self.terminal.history.set_crl(&crl)?)
    }

    /// Hands over what waits and is due.
    pub fn send_due(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        self.terminal.check_identity(now)?;
        let (mut sent, mut patience) = (0, Patience::default());
        let result = self.terminal.history.due(now)?.into_iter().try_for_each(|due| {
            let tried = self.send(&due, now, round);
            sent += usize::from(patience.bear(tried, round)?.unwrap_or_default());
            Ok(())
        });
        if sent > 0 {
            round.sent += sent;
            round.notices.push(Notice::Sent { parcels: sent });
        }
        result
    }

    /// Says whether the hub has it now; if not, it will not go by itself any more. After an error it is tried again.
    fn send(&mut self, due: &Due, now: Timestamp, round: &mut Round) -> Result<bool, RoundError> {
        round.changed = true;
        let sealed = match self.terminal.history.sealed(due.id)? {
            Some(sealed) => sealed,
            None => match self.seal(due, now)? {
                Ok(sealed) => sealed,
                // Nothing speaks against the receiver; a current list comes with a later round.
                Err(failure @ Failure::RevocationUnknown) => {
                    return self.try_later(due, &failure, due.may_have_left, now);
                }
                Err(failure) => return self.give_up(due, failure, now, round).map(|()| false),
            },
        };
        self.terminal.history.note_leaving(due.id)?;
        match self.link.put(due.id, due.partner, &sealed) {
            Ok(accepted) => {
                self.terminal.history.note_accepted(&accepted)?;
                tracing::info!(parcel = %due.id, to = %due.partner, bytes = accepted.size, "parcel handed over");
                Ok(true)
            }
            Err(error) if retry::is_lasting(&error) => {
                let failure = match of_link(&error) {
                    Failure::ReceiverUnknown { .. } => Failure::ReceiverUnknown { office: due.partner.to_string() },
                    failure => failure,
                };
                self.give_up(due, failure, now, round).map(|()| false)
            }
            Err(error) => {
                let may_have_left = due.may_have_left || !matches!(error, LinkError::NoWay(_));
                self.try_later(due, &of_link(&error), may_have_left, now)?;
                tracing::warn!(parcel = %due.id, to = %due.partner, %error, "parcel not handed over");
                Err(error.into())
            }
        }
    }

    fn try_later(
        &mut self,
        due: &Due,
        failure: &Failure,
        may_have_left: bool,
        now: Timestamp,
    ) -> Result<bool, RoundError> {
        let tried = Tried { failure, next: retry::next_try(now, due.tries), may_have_left };
        self.terminal.history.note_try(due.id, &tried, now)?;
        Ok(false)
    }

    fn give_up(&mut self, due: &Due, failure: Failure, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        tracing::warn!(parcel = %due.id, to = %due.partner, failure = failure.code(), "parcel failed");
        self.terminal.history.note_failed(due.id, &failure, now)?;
        let partner_name = self.terminal.history.name_of(due.partner)?;
        round.notices.push(Notice::ParcelFailed { parcel: due.id, partner_name, failure });
        Ok(())
    }

    /// Seals a parcel for the first time and keeps the bytes, so that every retry sends the same.
    fn seal(&mut self, due: &Due, now: Timestamp) -> Result<Result<Vec<u8>, Failure>, RoundError> {
        let Some(stored) = self.terminal.history.parcel(due.id)? else { return Ok(Err(Failure::HistoryTroubled)) };
        let unknown = || Failure::ReceiverUnknown { office: due.partner.to_string() };
        let Some(receiver) = self.terminal.history.office(due.partner)? else { return Ok(Err(unknown())) };
        let trust = self.terminal.trust(now)?;
        let recipients = match trusted_certificates(&trust, &receiver) {
            Ok(recipients) if recipients.is_empty() => return Ok(Err(unknown())),
            Ok(recipients) => recipients,
            Err(failure) => return Ok(Err(failure)),
        };
        let files = self.terminal.history.contents(due.id)?;
        let content = Content::new(due.id, self.terminal.office, due.partner, stored.line.at, stored.message, files);
        let sealed =
            content.pack().map_err(|error| Failure::HubRefused { problem: error.to_string() }).and_then(|payload| {
                parcel::seal(&payload, &self.terminal.identity.key, &recipients, now).map_err(|error| of_seal(&error))
            });
        let limit = self.terminal.history.parcel_limit()?.unwrap_or(u64::MAX);
        let sealed = sealed.and_then(|sealed| match sealed.len() as u64 {
            size if size > limit => Err(Failure::TooLarge { size, limit }),
            _ => Ok(sealed),
        });
        if let Ok(sealed) = &sealed {
            self.terminal.history.keep_sealed(due.id, sealed, &sha256_hex(sealed))?;
        }
        Ok(sealed)
    }

    /// Fetches what came since the last time. A parcel that makes trouble is passed over and looked for again in the
    /// next round: the cursor that is kept never moves past it.
    pub fn receive(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        let mut after = self.terminal.history.inbox_cursor()?;
        let (mut all_well, mut patience) = (true, Patience::default());
        loop {
            let page = self.link.inbox(after, Duration::ZERO)?;
            for entry in &page.parcels {
                let received = self.receive_one(entry, now, round).inspect_err(|error| {
                    tracing::warn!(parcel = %entry.id, from = %entry.from, %error, "parcel not received yet");
                });
                all_well &= patience.bear(received, round)?.is_some();
            }
            if page.parcels.is_empty() || page.next <= after {
                return Ok(());
            }
            after = page.next;
            if all_well {
                self.terminal.history.set_inbox_cursor(after)?;
            }
        }
    }

    fn receive_one(&mut self, entry: &InboxEntry, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        if self.terminal.history.knows(entry.id)? {
            return Ok(());
        }
        let sealed = self.link.fetch(entry.id, entry.size)?;
        if sha256_hex(&sealed) != entry.digest {
            // Damaged on the way, or the hub does not keep what it says: not this parcel's fault, so try again later.
            return Err(LinkError::Nonsense("a parcel's bytes are not what its digest says".into()).into());
        }
        let trust = self.terminal.trust(now)?;
        let partner_name = self.terminal.history.name_of(entry.from)?;
        let read = parcel::read(&sealed, &self.terminal.identity.key, &trust, &Limits::default());
        let failure = match read {
            Ok(received) if fits(&received.content, entry, &self.terminal.identity) => {
                return self.keep(&received.content, entry, &partner_name, now, round);
            }
            Ok(_) => Failure::SenderMismatch,
            Err(error) => {
                tracing::warn!(parcel = %entry.id, from = %entry.from, %error, "parcel refused");
                match of_read(&error) {
                    // Not the sender's fault, and it passes: the parcel stays where it is.
                    failure @ Failure::RevocationUnknown => return Err(RoundError::Waits(failure)),
                    failure => failure,
                }
            }
        };
        self.refuse(entry, &partner_name, &sealed, failure, now, round)
    }

    fn keep(
        &mut self,
        content: &Content,
        entry: &InboxEntry,
        partner_name: &str,
        now: Timestamp,
        round: &mut Round,
    ) -> Result<(), RoundError> {
        let inputs: Vec<Input<'_>> = content.iter().map(|(name, bytes)| Input { name, bytes }).collect();
        let subjects = subjects_of(inputs.iter().map(|input| input.name));
        let parcel = NewIncoming {
            content,
            partner_name,
            signer: entry.from,
            subjects: &subjects,
            checked: &standard::check(&inputs, &Known { one_parcel: true, ..Known::default() }),
            digest: &entry.digest,
        };
        if self.terminal.history.keep_incoming(&parcel, now)? {
            tracing::info!(parcel = %entry.id, from = %entry.from, files = content.files.len(), "parcel received");
            round.received += 1;
            round.changed = true;
            round.notices.push(arrived(entry.id, partner_name, subjects, content.files.len()));
        }
        Ok(())
    }

    /// Kept aside, shown as refused, never delivered; the sender is told with a signed receipt.
    fn refuse(
        &mut self,
        entry: &InboxEntry,
        partner_name: &str,
        sealed: &[u8],
        failure: Failure,
        now: Timestamp,
        round: &mut Round,
    ) -> Result<(), RoundError> {
        let Some(signed) =
            self.terminal.sign_receipt(entry.id, &entry.digest, ReceiptStep::Refused, Some(&failure), now)
        else {
            return Ok(());
        };
        let refused = NewRefused {
            id: entry.id,
            partner: entry.from,
            partner_name,
            digest: &entry.digest,
            sealed,
            failure: &failure,
        };
        if self.terminal.history.keep_refused(&refused, &signed, now)? {
            round.changed = true;
            let partner_name = partner_name.to_owned();
            round.notices.push(Notice::ParcelFailed { parcel: entry.id, partner_name, failure });
        }
        Ok(())
    }

    /// Hands in our receipts. One the hub will never take is not tried again.
    pub fn hand_in_receipts(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        let mut patience = Patience::default();
        for (id, step, signed) in self.terminal.history.receipts_to_hand_in()? {
            let handed_in = match self.link.receipt(id, &signed) {
                Err(error) if retry::is_lasting(&error) => {
                    tracing::error!(parcel = %id, step = step.as_str(), %error, "the hub does not take a receipt");
                    Ok(())
                }
                answered => answered.map_err(RoundError::from),
            };
            if patience.bear(handed_in, round)?.is_some() {
                self.terminal.history.note_handed_in(id, step, now)?;
            }
        }
        Ok(())
    }

    /// Reads what became of our own parcels: an acceptance whose answer was lost, and the receivers' receipts.
    pub fn read_sent(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        loop {
            let cursor = self.terminal.history.sent_cursor()?;
            let page = self.link.sent(cursor)?;
            for entry in &page.parcels {
                self.read_sent_entry(entry, now, round)?;
            }
            if page.parcels.is_empty() || page.next <= cursor {
                return Ok(());
            }
            self.terminal.history.set_sent_cursor(page.next)?;
        }
    }

    fn read_sent_entry(&mut self, entry: &SentEntry, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        // Another terminal's parcel, or from before this PC: not in our history yet.
        let Some(stored) = self.terminal.history.parcel(entry.id)? else { return Ok(()) };
        if stored.digest.as_deref() != Some(entry.digest.as_str()) || stored.line.partner != entry.to {
            tracing::error!(parcel = %entry.id, "the hub lists a parcel of ours that is not what we sent");
            return Ok(());
        }
        self.terminal.history.note_accepted(&entry.accepted())?;
        let trust = self.terminal.trust(now)?;
        for receipt in &entry.receipts {
            match Receipt::verify(&receipt.signed.0, &trust) {
                Ok((said, office)) if office == entry.to && said.parcel == entry.id && said.digest == entry.digest => {
                    let failure = (said.step == ReceiptStep::Refused)
                        .then(|| Failure::RefusedByReceiver { said: said.reason.unwrap_or_default() });
                    round.changed |= self.terminal.history.note_receipt(
                        entry.id,
                        said.step,
                        said.at,
                        failure.as_ref(),
                        &receipt.signed.0,
                    )?;
                }
                Ok(_) => tracing::error!(parcel = %entry.id, "a receipt is about something else"),
                Err(error) => tracing::error!(parcel = %entry.id, %error, "a receipt's signature does not hold"),
            }
        }
        Ok(())
    }
}

/// The certificates of a receiver that hold now. One that does not belong to the office it is listed under is never
/// sealed to, whatever the directory says.
fn trusted_certificates(
    trust: &Trust,
    receiver: &KnownOffice,
) -> Result<Vec<rustls_pki_types::CertificateDer<'static>>, Failure> {
    let mut trusted = Vec::new();
    for der in &receiver.certificates {
        match trust.office(der) {
            Ok(office) if office == receiver.office => trusted.push(der.clone().into()),
            Ok(_) => tracing::error!(office = %receiver.office, "the directory lists another office's certificate"),
            Err(parcel::TrustError::RevocationUnknown(_)) => return Err(Failure::RevocationUnknown),
            Err(error) => tracing::warn!(office = %receiver.office, %error, "a certificate is passed over"),
        }
    }
    Ok(trusted)
}

/// Whether what is inside says the same as the outside.
fn fits(content: &Content, entry: &InboxEntry, identity: &Identity) -> bool {
    let manifest = &content.manifest;
    manifest.id == entry.id && manifest.sender == entry.from && manifest.receiver == identity.office
}

fn arrived(parcel: ParcelId, partner_name: &str, subjects: Vec<Subject>, files: usize) -> Notice {
    Notice::Arrived { parcel, partner_name: partner_name.to_owned(), subjects, files }
}
