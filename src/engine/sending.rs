//! Out of the outbox: sealed once, handed over until the hub has it.

use jiff::Timestamp;

use super::exchange::{Exchange, Patience, Round, RoundError};
use super::failure::{of_link, of_pack, of_seal};
use super::model::{Failure, Notice};
use super::retry::{self, Insistence};
use crate::history::{Due, KnownOffice, Tried};
use crate::link::LinkError;
use crate::parcel::{self, Content, Trust, sha256_hex};

impl Exchange {
    /// Hands over what waits and is due.
    pub fn send_due(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        self.terminal.check_identity(now)?;
        self.insistence = Insistence::default();
        if let Some(failure) = &self.clock {
            round.fail(failure.clone());
        }
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
        let sealed = match self.terminal.history.sealed(due.id)? {
            Some(sealed) => sealed,
            None => match self.seal(due, now)? {
                Ok(sealed) => sealed,
                // Nothing speaks against the receiver; a current list comes with a later round.
                Err(failure @ Failure::RevocationUnknown) => {
                    return self.try_later(due, &failure, due.may_have_left, now);
                }
                // A person is asked; nothing is sealed to the new key before.
                Err(failure @ Failure::PartnerChanged { .. }) => {
                    let next = retry::next_try(now, u32::MAX);
                    if self.terminal.history.note_outgoing_held(due.id, &failure, next, now)? {
                        let partner_name = self.terminal.history.name_of(due.partner)?;
                        round.notices.push(Notice::ParcelHeld { parcel: due.id, partner_name, failure });
                    }
                    return Ok(false);
                }
                Err(failure) => return self.give_up(due, failure, now, round).map(|()| false),
            },
        };
        if !self.terminal.history.note_leaving(due.id)? {
            // Withdrawn a moment ago, while others were on their way.
            return Ok(false);
        }
        let put = || self.link.put(due.id, due.partner, &sealed);
        let answer = if due.tries == 0 { self.insistence.ask(put) } else { put() };
        match answer {
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
                let next = retry::next_try_after(now, due.tries, &error);
                let tried = Tried { failure: &of_link(&error), next, may_have_left };
                self.terminal.history.note_try(due.id, &tried, now)?;
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
        let recipients = match self.terminal.known_certificates(due.partner, recipients, now)? {
            Ok(recipients) => recipients,
            Err(failure) => return Ok(Err(failure)),
        };
        let files = self.terminal.history.contents(due.id)?;
        let content = Content::new(due.id, self.terminal.office, due.partner, stored.line.at, stored.message, files)
            .saying(self.terminal.history.statements(due.id)?)
            .with_chain(stored.chain);
        let sealed = content.pack().map_err(|error| of_pack(&error)).and_then(|payload| {
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
