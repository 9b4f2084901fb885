//! Receipts: ours are handed in, the receivers' are read and believed when their signatures hold.

use jiff::Timestamp;

use super::exchange::{Exchange, Patience, Round, RoundError};
use super::model::Failure;
use super::receiving::{MOST_PAGES, believed};
use super::retry;
use crate::history::HistoryError;
use crate::parcel::{OpenError, Receipt, ReceiptError, ReceiptStep, TrustError};
use crate::standard::OfficeNumber;
use crate::wire::SentEntry;

impl Exchange {
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
        entry: &SentEntry,
        now: Timestamp,
    ) -> Result<Result<(Receipt, OfficeNumber), ReceiptError>, HistoryError> {
        let verified = Receipt::verify(signed, &self.terminal.trust(now)?);
        Ok(match verified {
            Err(ReceiptError::Open(OpenError::Signer(TrustError::Expired { .. }))) => {
                Receipt::verify(signed, &self.terminal.trust(entry.accepted_at)?)
            }
            verified => verified,
        })
    }

    fn read_sent_entry(&mut self, entry: &SentEntry, now: Timestamp) -> Result<(), RoundError> {
        // Another terminal's parcel, or from before this PC: not in our history yet.
        let Some(stored) = self.terminal.history.parcel(entry.id)? else { return Ok(()) };
        if stored.digest.as_deref() != Some(entry.digest.as_str()) || stored.line.partner != entry.to {
            tracing::error!(parcel = %entry.id, "the hub lists a parcel of ours that is not what we sent");
            return Ok(());
        }
        self.terminal.history.note_accepted(&entry.accepted())?;
        for receipt in &entry.receipts {
            match self.verify(&receipt.signed.0, entry, now)? {
                Ok((said, office)) if office == entry.to && said.parcel == entry.id && said.digest == entry.digest => {
                    let failure = (said.step == ReceiptStep::Refused)
                        .then(|| Failure::RefusedByReceiver { said: said.reason.unwrap_or_default() });
                    self.terminal.history.note_receipt(
                        entry.id,
                        said.step,
                        said.at,
                        failure.as_ref(),
                        &receipt.signed.0,
                    )?;
                }
                Ok(_) => tracing::error!(parcel = %entry.id, "a receipt is about something else"),
                Err(error) if is_passing(&error) => return Err(RoundError::Waits(Failure::RevocationUnknown)),
                Err(error) => tracing::error!(parcel = %entry.id, %error, "a receipt's signature does not hold"),
            }
        }
        Ok(())
    }
}

/// Whether the receipt may hold once we have a current revocation list or our clock is right.
fn is_passing(error: &ReceiptError) -> bool {
    matches!(
        error,
        ReceiptError::Open(OpenError::Signer(TrustError::RevocationUnknown(_) | TrustError::NotYetValid { .. }))
    )
}
