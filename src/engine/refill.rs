//! What this office sent and this terminal has not: another terminal sent it, or this PC did before it was set up anew. It
//! was sealed to ourselves, too, so it can be opened here.

use jiff::Timestamp;

use super::exchange::{Exchange, RoundError};
use super::model::Failure;
use super::subject::subjects_of;
use super::trial::is_trial;
use crate::history::NewSent;
use crate::link::LinkError;
use crate::parcel::{Content, OpenError, ReadError, Received, TrustError};
use crate::standard::{self, Checked, Input, Known};
use crate::wire::{ProblemCode, SentEntry};

impl Exchange {
    /// Fetches a parcel of our own, opens it, and puts it into the sent list. One that the hub does not have any more, or
    /// that was sealed with a key this terminal never had, stands there without its content.
    pub(super) fn keep_sent(&mut self, entry: &SentEntry, now: Timestamp) -> Result<(), RoundError> {
        let content = match self.fetch(entry.id, entry.size, &entry.digest, false) {
            Ok(sealed) => self.open_own(&sealed, entry, now)?,
            Err(RoundError::Link(LinkError::Problem(problem))) if is_gone(problem.code) => None,
            Err(error) => return Err(error),
        };
        if content.as_ref().is_some_and(|content| is_trial(content, self.terminal.office)) {
            return self.fetched(entry.id, entry.size);
        }
        let inputs: Vec<Input<'_>> =
            content.iter().flat_map(Content::iter).map(|(name, bytes)| Input { name, bytes }).collect();
        let checked = match &content {
            Some(_) => standard::check(&inputs, &Known::of_a_parcel()),
            None => Checked::default(),
        };
        let partner_name = self.terminal.history.name_of(entry.to)?;
        let sent = NewSent {
            accepted: &entry.accepted(),
            partner: entry.to,
            partner_name: &partner_name,
            content: content.as_ref(),
            subjects: &subjects_of(inputs.iter().map(|input| input.name)),
            checked: &checked,
        };
        self.terminal.history.keep_sent(&sent)?;
        self.fetched(entry.id, entry.size)
    }

    fn open_own(&self, sealed: &[u8], entry: &SentEntry, now: Timestamp) -> Result<Option<Content>, RoundError> {
        match self.terminal.read(sealed, entry.accepted_at, now)? {
            Ok(Received { content, signer_certificate, .. })
                if content.manifest.id == entry.id
                    && content.manifest.sender == self.terminal.office
                    && content.manifest.receiver == entry.to
                    && self.terminal.identity.is_own(&signer_certificate) =>
            {
                Ok(Some(content))
            }
            Err(ReadError::Open(OpenError::Signer(
                TrustError::RevocationUnknown(_) | TrustError::NotYetValid { .. },
            ))) => Err(RoundError::Waits(Failure::RevocationUnknown)),
            Ok(_) => {
                tracing::error!(parcel = %entry.id, "the hub lists a parcel of ours that says something else inside");
                Ok(None)
            }
            Err(error) => {
                tracing::warn!(parcel = %entry.id, %error, "a parcel of our own cannot be opened here");
                Ok(None)
            }
        }
    }
}

/// Whether the hub has the parcel's row and not its bytes any more.
fn is_gone(code: ProblemCode) -> bool {
    matches!(code, ProblemCode::ParcelRemoved | ProblemCode::ParcelUnknown)
}
