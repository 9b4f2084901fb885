//! The terminals of one office together: what is done at one is told to the others, sealed to the office itself, and one
//! alone puts a parcel's files into its import folder.

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;

use super::exchange::{Exchange, Patience, Round, RoundError};
use super::model::Failure;
use super::receiving::MOST_PAGES;
use crate::history::{Action, AuditHead, HeldElsewhere, HistoryError, Mark, OwnReceipt, Teller};
use crate::link::LinkError;
use crate::parcel::{self, OpenError, Opened, ParcelId, Receipt, TrustError};
use crate::wire::{Claim, ClaimRequest, ClaimVerdict, ClaimWish, MarkEntry};

/// How many parcels are claimed with one request.
const CLAIMS_AT_ONCE: usize = 500;
/// How long after the hub's word files may be put into the folder. A PC that slept in between asks again.
const WORD_COUNTS: jiff::SignedDuration = jiff::SignedDuration::from_secs(60);
/// How long another terminal's parcel holds up later ones of the same sender, so that serials arrive in order where two
/// terminals share a folder. A terminal that is away does not hold them up for ever.
const IN_ORDER: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// What one terminal tells the others at once; what is inside the seal.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Letter {
    terminal: String,
    name: String,
    marks: Vec<Mark>,
}

impl Exchange {
    /// Tells the other terminals what happened here.
    pub(super) fn tell_others(&mut self, now: Timestamp) -> Result<(), RoundError> {
        self.terminal.history.tell_head(now)?;
        while let Some((last, marks)) = self.terminal.history.to_tell()? {
            let letter = Letter { terminal: self.terminal.history.terminal_id()?, name: self.terminal.name()?, marks };
            let key = &self.terminal.identity.key;
            let own = CertificateDer::from(key.certificate().to_vec());
            let text = serde_json::to_vec(&letter).map_err(|_| RoundError::Waits(Failure::Unexpected))?;
            let sealed = parcel::seal(&text, key, &[own], now)
                .map_err(|error| RoundError::Waits(super::failure::of_seal(&error)))?;
            self.link.tell(&sealed)?;
            self.terminal.history.note_told(last)?;
        }
        Ok(())
    }

    /// Tells the senders and the other terminals at once what a command did here, without a whole round. What does not get
    /// through goes with the next round.
    pub fn tell(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        let _turn = self.terminal.take_turn().map_err(RoundError::Turn)?;
        self.hand_in_receipts(now, round)?;
        self.tell_others(now)
    }

    /// Hears what the other terminals told. What cannot be read is passed over: nothing in it is needed for ever.
    pub(super) fn hear_others(&mut self, now: Timestamp) -> Result<(), RoundError> {
        let mut after = self.terminal.history.marks_cursor()?;
        let own = self.terminal.history.terminal_id()?;
        for _ in 0..MOST_PAGES {
            let page = self.link.told(after)?;
            for entry in &page.marks {
                match self.open_letter(entry, now)? {
                    Ok(letter) if letter.terminal == own => {}
                    Ok(letter) => self.hear(&letter, now)?,
                    Err(error) if is_passing(&error) => return Err(RoundError::Waits(Failure::RevocationUnknown)),
                    Err(error) => tracing::error!(%error, "what another terminal told cannot be read"),
                }
            }
            if page.next == after {
                return Ok(());
            }
            // The hub may be behind what we heard, after a restore: then from its end on.
            after = page.next;
            self.terminal.history.set_marks_cursor(after)?;
        }
        Ok(())
    }

    fn hear(&mut self, letter: &Letter, now: Timestamp) -> Result<(), HistoryError> {
        let receipts: Vec<OwnReceipt> = letter
            .marks
            .iter()
            .filter_map(|mark| match mark {
                Mark::Receipt { parcel, signed } => self.own_receipt(*parcel, &signed.0),
                _ => None,
            })
            .collect();
        let teller = Teller { id: &letter.terminal, name: &letter.name };
        self.terminal.history.hear(&teller, &letter.marks, &receipts, now).map(|_| ())
    }

    /// What our own office said of a parcel, as another terminal of ours or the hub hands it back. The hub verified it when
    /// it took it, and the certificate may have ended or been withdrawn since: it is taken by its word, which can do no more
    /// than keep files out of this terminal's folder.
    pub(super) fn own_receipt(&self, parcel: ParcelId, signed: &[u8]) -> Option<OwnReceipt> {
        let (receipt, _) = Receipt::look_into(signed).ok()?;
        let fits = receipt.parcel == parcel && receipt.office == self.terminal.office;
        fits.then(|| OwnReceipt { receipt, signed: signed.to_vec() })
    }

    /// Where this terminal's record ended, each time the hub was told. The hub cannot read or make up any of it.
    pub fn noted_heads(&mut self, now: Timestamp) -> Result<Vec<AuditHead>, RoundError> {
        let own = self.terminal.history.terminal_id()?;
        let (mut after, mut heads) = (0, Vec::new());
        for _ in 0..MOST_PAGES {
            let page = self.link.told(after)?;
            for entry in &page.marks {
                let Ok(letter) = self.open_letter(entry, now)? else { continue };
                heads.extend(letter.marks.into_iter().filter_map(|mark| match mark {
                    Mark::Head { head } if letter.terminal == own => Some(head),
                    _ => None,
                }));
            }
            if page.next == after {
                break;
            }
            after = page.next;
        }
        Ok(heads)
    }

    /// Opens what a terminal of ours told. A certificate that has ended since counts as it stood then.
    fn open_letter(&self, entry: &MarkEntry, now: Timestamp) -> Result<Result<Letter, OpenError>, HistoryError> {
        let identity = &self.terminal.identity;
        let mut opened = identity.open(&entry.sealed.0, &self.terminal.trust(now)?);
        if let Err(OpenError::Signer(TrustError::Expired { .. })) = opened {
            opened = identity.open(&entry.sealed.0, &self.terminal.trust(entry.at)?);
        }
        Ok(opened.and_then(|opened: Opened| {
            if opened.signer != self.terminal.office || !identity.is_own(&opened.signer_certificate) {
                return Err(OpenError::WrongSender { claimed: self.terminal.office, signer: opened.signer });
            }
            serde_json::from_slice(&opened.payload).map_err(|_| OpenError::Malformed { part: "letter" })
        }))
    }

    /// Puts what came into the import folders, as far as the hub gives it to this terminal: asked right before, so that
    /// two terminals never import the same.
    pub(super) fn import(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        self.terminal.confirm_arrivals(now)?;
        // A terminal may import nothing. And a slow disk may need more than one word of the hub's.
        for _ in 0..MOST_PAGES {
            if self.terminal.import.general.as_os_str().is_empty() || self.import_some(now, round)? {
                break;
            }
        }
        self.terminal.confirm_arrivals(now)?;
        if !self.tidied {
            self.terminal.tidy_folders()?;
            self.tidied = true;
        }
        Ok(())
    }

    /// Says whether that was all: nothing was left because the hub's word ran out.
    fn import_some(&mut self, now: Timestamp, round: &mut Round) -> Result<bool, RoundError> {
        let parcels = self.terminal.history.parcels_to_claim()?;
        if parcels.is_empty() {
            return Ok(true);
        }
        let holder = self.terminal.history.terminal_id()?;
        let asked = Timestamp::now();
        let (mut granted, mut waiting) = (Vec::new(), Vec::new());
        for some in parcels.chunks(CLAIMS_AT_ONCE) {
            let claims = self.ask(&holder, ClaimWish::Import, some.iter().map(|(id, _)| *id).collect())?;
            for (claim, (_, sender)) in claims.into_iter().zip(some) {
                match claim.verdict {
                    ClaimVerdict::Granted => {
                        self.terminal.history.note_claimed(claim.parcel, claim.since)?;
                        granted.push((claim.parcel, *sender));
                    }
                    ClaimVerdict::Held | ClaimVerdict::Over => {
                        let is_at_work =
                            claim.verdict == ClaimVerdict::Held && now.duration_since(claim.since) < IN_ORDER;
                        let held = HeldElsewhere { parcel: claim.parcel, holder: claim.holder, since: claim.since };
                        self.terminal.history.note_held_elsewhere(&held)?;
                        waiting.extend(is_at_work.then_some(*sender));
                    }
                    ClaimVerdict::Free | ClaimVerdict::Unknown | ClaimVerdict::Other => {}
                }
            }
        }
        let in_turn: Vec<ParcelId> =
            granted.iter().filter(|(_, sender)| !waiting.contains(sender)).map(|(id, _)| *id).collect();
        let counts = || Timestamp::now().duration_since(asked).abs() < WORD_COUNTS;
        let before = self.terminal.history.undelivered()?.len();
        let all = self.terminal.deliver(now, &in_turn, &counts, round)?;
        let mut idle = Vec::new();
        for (id, _) in granted {
            if self.terminal.history.is_in_folder(id)? {
                self.terminal.history.tell_importing(id)?;
            } else {
                idle.push(id);
            }
        }
        self.release(&holder, idle)?;
        Ok(all || self.terminal.history.undelivered()?.len() >= before)
    }

    /// Gives back what could not be put into the folder: another terminal may have better luck.
    fn release(&mut self, holder: &str, parcels: Vec<ParcelId>) -> Result<(), RoundError> {
        if parcels.is_empty() {
            return Ok(());
        }
        for id in &parcels {
            self.terminal.history.note_released(*id)?;
        }
        self.ask(holder, ClaimWish::Release, parcels).map(|_| ())
    }

    /// A person wants a parcel's files in this terminal's folder, which another has, or had.
    pub fn take_over(&mut self, id: ParcelId, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        let _turn = self.terminal.take_turn().map_err(RoundError::Turn)?;
        let holder = self.terminal.history.terminal_id()?;
        let claim = self.ask(&holder, ClaimWish::TakeOver, vec![id])?.pop();
        match claim {
            Some(claim) if claim.verdict == ClaimVerdict::Granted => {
                self.terminal.history.note_taken_over(id, claim.since, now)?;
                let asked = Timestamp::now();
                let counts = || Timestamp::now().duration_since(asked).abs() < WORD_COUNTS;
                self.terminal.deliver(now, &[id], &counts, round)?;
                self.terminal.confirm_arrivals(now)?;
                self.tell_others(now)
            }
            Some(claim) => {
                let held = HeldElsewhere { parcel: id, holder: claim.holder, since: claim.since };
                self.terminal.history.note_held_elsewhere(&held)?;
                let terminal = self.terminal.history.parcel(id)?.and_then(|stored| stored.line.importing);
                self.not_taken_over(id, terminal.unwrap_or_default(), now, round)
            }
            None => self.not_taken_over(id, String::new(), now, round),
        }
    }

    fn not_taken_over(
        &mut self,
        id: ParcelId,
        terminal: String,
        now: Timestamp,
        round: &mut Round,
    ) -> Result<(), RoundError> {
        let failure = Failure::ImportedElsewhere { terminal };
        self.terminal.history.record(Action::TakeOver, &id.to_string(), &failure.code(), now)?;
        round.fail(failure);
        Ok(())
    }

    fn ask(&self, holder: &str, wish: ClaimWish, parcels: Vec<ParcelId>) -> Result<Vec<Claim>, RoundError> {
        if parcels.is_empty() {
            return Ok(Vec::new());
        }
        let request = ClaimRequest { holder: holder.to_owned(), wish, parcels };
        let answer = self.link.claim(&request)?;
        let asked_for = answer.claims.iter().map(|claim| claim.parcel);
        if asked_for.eq(request.parcels.iter().copied()) {
            Ok(answer.claims)
        } else {
            Err(LinkError::Nonsense("claims of other parcels than were asked for".into()).into())
        }
    }
}

/// Whether it may be readable once we have a current revocation list or our clock is right.
fn is_passing(error: &OpenError) -> bool {
    matches!(error, OpenError::Signer(TrustError::RevocationUnknown(_) | TrustError::NotYetValid { .. }))
}

/// One parcel's trouble with the others' word stops nothing: what is told is told again.
pub(super) fn bear(tried: Result<(), RoundError>, round: &mut Round) -> Result<(), RoundError> {
    Patience::default().bear(tried, round).map(|_| ())
}
