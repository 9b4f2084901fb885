//! Receipts: ours are handed in, the receivers' are read and believed when their signatures hold.

use jiff::Timestamp;

use super::exchange::{Exchange, Patience, Round, RoundError};
use super::model::Failure;
use super::receiving::{MOST_PAGES, believed};
use super::retry;
use crate::history::{HeldReceipt, HistoryError};
use crate::link::LinkError;
use crate::parcel::{OpenError, ParcelId, Receipt, ReceiptError, ReceiptStep, TrustError, certificate};
use crate::standard::OfficeNumber;
use crate::wire::{ProblemCode, SentEntry};

impl Exchange {
    /// Hands in our receipts. One the hub will never take is not tried again.
    pub fn hand_in_receipts(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        let mut patience = Patience::default();
        for (id, step, signed) in self.terminal.history.receipts_to_hand_in()? {
            let mut answer = self.link.receipt(id, &signed);
            if matches!(&answer, Err(LinkError::Problem(problem)) if problem.code == ProblemCode::ReceiptInvalid)
                && let Some(anew) = self.signed_anew(&signed)
            {
                self.terminal.history.replace_receipt(id, step, &anew)?;
                answer = self.link.receipt(id, &anew);
            }
            let handed_in = match answer {
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

    /// The same receipt under our certificate of today, where the one it was signed with is another: that may have ended
    /// while the receipt waited. It still says when the step was.
    fn signed_anew(&self, signed: &[u8]) -> Option<Vec<u8>> {
        let (receipt, certificate) = Receipt::look_into(signed).ok()?;
        let key = &self.terminal.identity.key;
        if receipt.office != self.terminal.office || certificate == key.certificate() {
            return None;
        }
        receipt.sign(key).ok()
    }

    /// Reads what became of our own parcels: an acceptance whose answer was lost, and the receivers' receipts. One that
    /// cannot be judged yet is read again in the next round: the cursor that is kept never moves past it.
    pub fn read_sent(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        let mut after = self.terminal.history.sent_cursor()?;
        let (mut all_well, mut patience, mut rewound) = (true, Patience::default(), false);
        for _ in 0..MOST_PAGES {
            let page = self.link.sent(after)?;
            if page.next < after && !rewound {
                (rewound, after) = (true, 0);
                self.terminal.history.set_sent_cursor(after)?;
                continue;
            }
            for entry in &page.parcels {
                let read = self.read_sent_entry(entry, now);
                all_well &= patience.bear(read, round)?.is_some();
            }
            if page.parcels.is_empty() || page.next <= after {
                return Ok(());
            }
            after = believed(page.next)?;
            if all_well {
                self.terminal.history.set_sent_cursor(after)?;
            }
        }
        Ok(())
    }

    /// A receiver's certificate that has ended since counts as it stood when the hub took the parcel.
    fn verify(
        &self,
        signed: &[u8],
        accepted_at: Timestamp,
        now: Timestamp,
    ) -> Result<Result<(Receipt, Vec<u8>), ReceiptError>, HistoryError> {
        let verified = Receipt::verify_with_certificate(signed, &self.terminal.trust(now)?);
        Ok(match verified {
            Err(ReceiptError::Open(OpenError::Signer(TrustError::Expired { .. }))) => {
                Receipt::verify_with_certificate(signed, &self.terminal.trust(accepted_at)?)
            }
            verified => verified,
        })
    }

    fn read_sent_entry(&mut self, entry: &SentEntry, now: Timestamp) -> Result<(), RoundError> {
        if !self.terminal.history.knows(entry.id)? {
            self.keep_sent(entry, now)?;
        }
        let Some(stored) = self.terminal.history.parcel(entry.id)? else { return Ok(()) };
        if stored.digest.as_deref() != Some(entry.digest.as_str()) || stored.line.partner != entry.to {
            tracing::error!(parcel = %entry.id, "the hub lists a parcel of ours that is not what we sent");
            return Ok(());
        }
        self.terminal.history.note_accepted(&entry.accepted())?;
        self.terminal.history.note_overdue(entry.id, entry.overdue_since)?;
        for receipt in &entry.receipts {
            if !self.terminal.history.has_receipt(entry.id, receipt.step)? {
                self.judge_receipt(entry.id, entry.to, &entry.digest, &receipt.signed.0, entry.accepted_at, now)?;
            }
        }
        Ok(())
    }

    /// Keeps a receiver's receipt when its signature holds and its key is known; keeps it aside when only the key is not.
    fn judge_receipt(
        &mut self,
        id: ParcelId,
        by: OfficeNumber,
        digest: &str,
        signed: &[u8],
        accepted_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), RoundError> {
        let (said, signer) = match self.verify(signed, accepted_at, now)? {
            Ok((said, signer)) if said.office == by && said.parcel == id && said.digest == digest => (said, signer),
            Ok(_) => {
                tracing::error!(parcel = %id, "a receipt is about something else");
                return Ok(());
            }
            Err(error) if is_passing(&error) => return Err(RoundError::Waits(Failure::RevocationUnknown)),
            Err(error) => {
                tracing::error!(parcel = %id, %error, "a receipt's signature does not hold");
                return Ok(());
            }
        };
        let trust = self.terminal.trust(now)?;
        if self.terminal.knows_signer(by, &signer, &trust, now)?.is_err() {
            let key = certificate::key_fingerprint(&signer).unwrap_or_default();
            let held =
                HeldReceipt { parcel: id, step: said.step.as_str().into(), key, accepted_at, signed: signed.to_vec() };
            return Ok(self.terminal.history.hold_receipt(&held)?);
        }
        let failure = (said.step == ReceiptStep::Refused)
            .then(|| Failure::RefusedByReceiver { said: said.reason.unwrap_or_default() });
        self.terminal.history.note_receipt(id, said.step, said.at, failure.as_ref(), signed, now)?;
        Ok(())
    }

    /// A receipt that was kept aside, now that its key is trusted.
    pub(super) fn judge_held_receipt(&mut self, held: &HeldReceipt, now: Timestamp) -> Result<(), RoundError> {
        if let Some(stored) = self.terminal.history.parcel(held.parcel)? {
            let digest = stored.digest.unwrap_or_default();
            self.judge_receipt(held.parcel, stored.line.partner, &digest, &held.signed, held.accepted_at, now)?;
        }
        Ok(self.terminal.history.drop_held_receipt(held)?)
    }
}

/// Whether the receipt may hold once we have a current revocation list or our clock is right.
fn is_passing(error: &ReceiptError) -> bool {
    matches!(
        error,
        ReceiptError::Open(OpenError::Signer(TrustError::RevocationUnknown(_) | TrustError::NotYetValid { .. }))
    )
}
