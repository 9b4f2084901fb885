//! What came: fetched, opened, verified, and kept, or kept aside.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::exchange::{Exchange, Patience, Round, RoundError};
use super::failure::of_read;
use super::model::{Failure, Notice};
use super::outgoing::is_attachment;
use super::retry::{self, Insistence};
use super::subject::subjects_of;
use super::trial::is_trial;
use crate::history::{HeldParcel, NewIncoming, NewRefused, OwnReceipt, RefusalReceipt};
use crate::identity::Identity;
use crate::link::LinkError;
use crate::parcel::{Content, ParcelId, ReceiptStep, certificate};
use crate::standard::{self, FileName, Input, Known};
use crate::wire::InboxEntry;

/// Most pages of a list one round reads; a hub that has no end talks nonsense.
pub(super) const MOST_PAGES: usize = 100;

/// Parcels that could not be received yet: each is looked at again with growing gaps, and holds up no other.
#[derive(Debug, Default)]
pub(super) struct PassedOver(HashMap<ParcelId, (u32, Timestamp)>);

impl PassedOver {
    fn rests(&self, id: ParcelId, now: Timestamp) -> bool {
        self.0.get(&id).is_some_and(|(_, next)| now < *next)
    }

    /// Whether it made trouble before.
    fn has(&self, id: ParcelId) -> bool {
        self.0.contains_key(&id)
    }

    fn note(&mut self, id: ParcelId, received: bool, now: Timestamp) {
        if received {
            self.0.remove(&id);
        } else {
            let (tries, next) = self.0.entry(id).or_insert((0, now));
            *next = retry::next_try(now, *tries);
            *tries += 1;
        }
    }
}

impl Exchange {
    /// Fetches what came since the last time. A parcel that makes trouble is passed over and looked for again in the
    /// next round: the cursor that is kept never moves past it.
    pub fn receive(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        self.terminal.history.forget_parts_of_what_is_here()?;
        self.insistence = Insistence::default();
        let mut after = self.terminal.history.inbox_cursor()?;
        let (mut all_well, mut patience, mut rewound) = (true, Patience::default(), false);
        for _ in 0..MOST_PAGES {
            let page = self.link.inbox(after, Duration::ZERO)?;
            if page.next < after && !rewound {
                // The list ends before where we are: the hub was set up again from a backup, or told us a place that is
                // none. All of it is read anew; what is known is passed over.
                (rewound, after) = (true, 0);
                self.terminal.history.set_inbox_cursor(after)?;
                continue;
            }
            for entry in &page.parcels {
                if self.passed_over.rests(entry.id, now) {
                    all_well = false;
                    continue;
                }
                let received = self.receive_one(entry, now, round).inspect_err(|error| {
                    tracing::warn!(parcel = %entry.id, from = %entry.from, %error, "parcel not received yet");
                });
                let known = received.is_ok();
                self.passed_over.note(entry.id, known, now);
                all_well &= patience.bear(received, round)?.is_some();
            }
            if page.parcels.is_empty() || page.next <= after {
                return Ok(());
            }
            after = believed(page.next)?;
            if all_well {
                self.terminal.history.set_inbox_cursor(after)?;
            }
        }
        Ok(())
    }

    fn receive_one(&mut self, entry: &InboxEntry, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        if self.terminal.history.knows(entry.id)? {
            return Ok(());
        }
        let insists = !self.passed_over.has(entry.id);
        let sealed = self.fetch(entry.id, entry.size, &entry.digest, insists)?;
        self.judge(&sealed, entry, now, round)?;
        self.fetched(entry.id, entry.size)
    }

    /// Keeps, refuses or holds what came.
    fn judge(
        &mut self,
        sealed: &[u8],
        entry: &InboxEntry,
        now: Timestamp,
        round: &mut Round,
    ) -> Result<(), RoundError> {
        let partner_name = self.terminal.history.name_of(entry.from)?;
        let receipts: Vec<OwnReceipt> =
            entry.receipts.iter().filter_map(|given| self.own_receipt(entry.id, &given.signed.0)).collect();
        // What another terminal of ours refused is refused here, too: the sender was told.
        if let Some(given) = receipts.iter().find(|given| given.receipt.step == ReceiptStep::Refused) {
            let failure = Failure::of_code(given.receipt.reason.as_deref().unwrap_or_default());
            let refused = refused(entry, &partner_name, sealed, &failure);
            self.terminal.history.keep_refused(&refused, RefusalReceipt::Given(given), now)?;
            return Ok(());
        }
        let trust = self.terminal.trust(now)?;
        let failure = match self.terminal.read(sealed, entry.accepted_at, now)? {
            Ok(received) if fits(&received.content, entry, &self.terminal.identity) => {
                // Whoever sent it has seen it come; it is nobody else's affair.
                if is_trial(&received.content, self.terminal.office) {
                    return Ok(());
                }
                let signer = &received.signer_certificate;
                return match self.terminal.knows_signer(entry.from, signer, &trust, now)? {
                    Ok(()) => self.keep(&received.content, entry, &receipts, &partner_name, now, round),
                    Err(failure) => self.hold(entry, &partner_name, signer, sealed, failure, now, round),
                };
            }
            Ok(_) => Failure::SenderMismatch,
            Err(error) => match of_read(&error) {
                // Not the sender's fault, and it passes: the parcel stays where it is.
                failure @ (Failure::RevocationUnknown | Failure::ClockUncertain) => {
                    return Err(RoundError::Waits(failure));
                }
                failure => failure,
            },
        };
        tracing::warn!(parcel = %entry.id, from = %entry.from, failure = failure.code(), "parcel refused");
        self.refuse(entry, &partner_name, sealed, failure, now, round)
    }

    /// Kept aside as it came, neither delivered nor refused: a person is asked about the sender's key first.
    #[expect(clippy::too_many_arguments, reason = "each is another thing, and they are used once")]
    fn hold(
        &mut self,
        entry: &InboxEntry,
        partner_name: &str,
        signer: &[u8],
        sealed: &[u8],
        failure: Failure,
        now: Timestamp,
        round: &mut Round,
    ) -> Result<(), RoundError> {
        let held = HeldParcel {
            id: entry.id,
            partner: entry.from,
            partner_name: partner_name.to_owned(),
            digest: entry.digest.clone(),
            accepted_at: entry.accepted_at,
            key: certificate::key_fingerprint(signer).unwrap_or_default(),
            sealed: sealed.to_vec(),
        };
        if self.terminal.history.hold(&held, &failure, now)? {
            tracing::warn!(parcel = %entry.id, from = %entry.from, "parcel kept aside: signed with another key than before");
            let partner_name = partner_name.to_owned();
            round.notices.push(Notice::ParcelHeld { parcel: entry.id, partner_name, failure });
        }
        Ok(())
    }

    /// What was kept aside until a person confirmed the partner's key is judged as if it had come now.
    pub(super) fn judge_held(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        for held in self.terminal.history.held_to_judge()? {
            let entry = InboxEntry {
                id: held.id,
                from: held.partner,
                digest: held.digest.clone(),
                size: held.sealed.len() as u64,
                accepted_at: held.accepted_at,
                receipts: Vec::new(),
            };
            let judged = self.judge(&held.sealed, &entry, now, round);
            super::together::bear(judged, round)?;
        }
        for held in self.terminal.history.held_receipts_to_judge()? {
            let judged = self.judge_held_receipt(&held, now);
            super::together::bear(judged, round)?;
        }
        Ok(())
    }

    fn keep(
        &mut self,
        content: &Content,
        entry: &InboxEntry,
        receipts: &[OwnReceipt],
        partner_name: &str,
        now: Timestamp,
        round: &mut Round,
    ) -> Result<(), RoundError> {
        let inputs: Vec<Input<'_>> = content.iter().map(|(name, bytes)| Input { name, bytes }).collect();
        let subjects = subjects_of(inputs.iter().map(|input| input.name));
        let checked = standard::check(&inputs, &Known::of_a_parcel());
        // A program under the name of a letter is told by the check, and lies where nobody opens it by mistake.
        let is_what_it_says = |name: &str| checked.files.iter().all(|file| file.name != name || file.is_what_it_says());
        let stays: Vec<usize> = (0..)
            .zip(&inputs)
            .filter(|(_, input)| !may_be_delivered(input.name) || !is_what_it_says(input.name))
            .map(|(at, _)| at)
            .collect();
        let parcel = NewIncoming {
            stays: &stays,
            content,
            partner_name,
            signer: entry.from,
            subjects: &subjects,
            checked: &checked,
            digest: &entry.digest,
            accepted_at: entry.accepted_at,
            receipts,
        };
        if self.terminal.history.keep_incoming(&parcel, now)? {
            tracing::info!(parcel = %entry.id, from = %entry.from, files = content.files.len(), "parcel received");
            round.received += 1;
            round.notices.push(Notice::Arrived {
                parcel: entry.id,
                partner_name: partner_name.to_owned(),
                subjects,
                files: content.files.len(),
                persons: self.terminal.persons_told(content.iter()),
            });
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
            return Err(RoundError::Waits(Failure::CertificateUnusable));
        };
        let refused = refused(entry, partner_name, sealed, &failure);
        if self.terminal.history.keep_refused(&refused, RefusalReceipt::New(&signed), now)? {
            let partner_name = partner_name.to_owned();
            round.notices.push(Notice::ParcelFailed { parcel: entry.id, partner_name, failure });
        }
        Ok(())
    }
}

fn refused<'a>(entry: &'a InboxEntry, partner_name: &'a str, sealed: &'a [u8], failure: &'a Failure) -> NewRefused<'a> {
    NewRefused {
        id: entry.id,
        partner: entry.from,
        partner_name,
        digest: &entry.digest,
        accepted_at: entry.accepted_at,
        sealed,
        failure,
    }
}

/// Where a list goes on. None goes further than a hub can count, and a hub that is asked for more says no.
pub(super) fn believed(next: u64) -> Result<u64, LinkError> {
    i64::try_from(next).map(|_| next).map_err(|_| LinkError::Nonsense("a list without an end".into()))
}

/// Whether what is inside says the same as the outside.
fn fits(content: &Content, entry: &InboxEntry, identity: &Identity) -> bool {
    let manifest = &content.manifest;
    let ours = |name: FileName| name.sender == entry.from && name.receiver == identity.office;
    manifest.id == entry.id
        && manifest.sender == entry.from
        && manifest.receiver == identity.office
        // A file that says it is another's would be taken for that other's by the care software.
        && content.iter().filter_map(|(name, _)| FileName::parse(name).ok()).all(ours)
}

/// What care software, or a person, looks for in an import folder: the standard's files, attachments, and a CSV of a kind
/// that only a newer program knows. Anything else is kept in the history, where it can be seen and saved: a link or a
/// program has no business in a folder that people open.
fn may_be_delivered(name: &str) -> bool {
    let is_table = || name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("csv"));
    let is_wanted = match FileName::parse(name) {
        Ok(_) => true,
        // A kind we know under a name that is not the standard's: nobody could hold it against the sender.
        Err(error) if error.kind().is_some() => is_attachment(name),
        Err(_) => is_attachment(name) || is_table(),
    };
    is_wanted && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_kind_of_table_is_delivered_and_a_program_is_not() {
        for name in ["UPNEW_202705_3191000017_43_3171000048_11_20270425173004.CSV", "お手紙.pdf", "図.PNG"] {
            assert!(may_be_delivered(name), "{name}");
        }
        let old = "UPPLAN_202605_3191000017_3171000048_20260425173004.CSV";
        for name in [old, "desktop.ini", "請求書.lnk", "setup.exe", ".tayori-x-1.part", ".hidden.csv", "README"] {
            assert!(!may_be_delivered(name), "{name}");
        }
    }
}
