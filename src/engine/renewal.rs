//! Certificates renew themselves, for the same keys, and people hear of an end that comes near all the same.
//!
//! | days left | what happens |
//! |---|---|
//! | 60, 30, 7 | said, each once (`Announced`) |
//! | 30 and fewer | every round asks for new ones until it has them; a failure stops nothing |
//!
//! The old certificates stay good to their end and are kept: parcels are sealed to them while partners have not seen the
//! new ones. One terminal renews the office's certificate, the others take it over from the directory.

use jiff::{SignedDuration, Timestamp};

use super::exchange::{Exchange, Round, RoundError};
use super::failure::of_link;
use super::model::{Failure, Notice};
use super::terminal::Terminal;
use crate::history::HistoryError;
use crate::identity::enrol::{Waiting, again};
use crate::identity::{Identity, IdentityError};
use crate::parcel::{SealingKey, certificate};
use crate::wire::RenewRequest;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// From so long before its end a certificate is renewed; one that is good for a short time only, in its last third.
const BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Days before the end at which people are told.
const TOLD_AT: [i64; 3] = [7, 30, 60];

/// Whether a certificate is to be renewed at `now`.
fn is_due(key: &SealingKey, now: Timestamp) -> bool {
    let (Ok(from), Ok(until)) =
        (certificate::valid_from(key.certificate()), certificate::valid_until(key.certificate()))
    else {
        return false;
    };
    let third = until.duration_since(from).checked_div(3).unwrap_or(BEFORE);
    until.duration_since(now) <= BEFORE.min(third)
}

/// How near the end is: the smallest of 60, 30 and 7 days that it is within; 0 when it is over.
pub fn announcement(until: Timestamp, now: Timestamp) -> Option<i64> {
    let left = until.duration_since(now);
    if left.is_negative() {
        return Some(0);
    }
    TOLD_AT.into_iter().find(|days| left <= DAY.checked_mul(i32::try_from(*days).unwrap_or(i32::MAX)).unwrap_or(left))
}

/// Whole days left, for a sentence; less than none when it is over.
pub fn days_left(until: Timestamp, now: Timestamp) -> i64 {
    let left = until.duration_since(now);
    if left.is_negative() { -1 } else { left.as_hours() / 24 }
}

impl Exchange {
    /// Asks for new certificates where they are due. That it did not work is nobody's failure yet: there are weeks left,
    /// and people are told in time.
    pub(super) fn renew_if_due(&mut self, now: Timestamp, round: &mut Round) -> Result<(), RoundError> {
        self.terminal.look_at_papers()?;
        let identity = &self.terminal.identity;
        let still_in = certificate::valid_until(identity.terminal.certificate()).is_ok_and(|until| now <= until);
        let (terminal, office) =
            (is_due(&identity.terminal, now), is_due(&identity.key, now) && !identity.is_combined());
        if still_in && (terminal || office) {
            match self.renew(terminal, office) {
                Ok(()) => tracing::info!(terminal, office, "certificates were renewed"),
                Err(RenewalFailed::Link(failure)) => {
                    tracing::warn!(failure = failure.code(), "nothing was renewed yet")
                }
                Err(RenewalFailed::Kept(error)) => return Err(error.into()),
            }
        }
        Ok(self.terminal.announce(now, round)?)
    }

    fn renew(&mut self, terminal: bool, office: bool) -> Result<(), RenewalFailed> {
        let identity = &self.terminal.identity;
        let csr = |key: &SealingKey| again(key.pkcs8(), identity.office).map(|request| request.csr_pem);
        let request = RenewRequest {
            terminal_csr: terminal.then(|| csr(&identity.terminal)).transpose()?,
            office_csr: office.then(|| csr(&identity.key)).transpose()?,
        };
        let renewed = self.link.renew(&request).map_err(|error| RenewalFailed::Link(of_link(&error)))?;
        let mut identity = identity.clone();
        // What is not for our key, or not ours, is not taken; the next round asks again.
        let ours = |der: Vec<u8>, key: &SealingKey| {
            SealingKey::from_der(&der, key.pkcs8()).ok().filter(|new| new.office() == Some(identity.office))
        };
        let combined = identity.is_combined();
        let new_terminal = renewed.terminal_certificate.and_then(|der| ours(der.0, &identity.terminal));
        let new_key = renewed.office_certificate.and_then(|der| ours(der.0, &identity.key));
        match new_terminal {
            Some(new) if combined => identity.take(new),
            Some(new) => identity.terminal = new,
            None => {}
        }
        if let Some(new) = new_key {
            identity.take(new);
        }
        Ok(self.terminal.keep_identity(identity)?)
    }
}

/// Why nothing was renewed.
enum RenewalFailed {
    Link(Failure),
    /// What came could not be kept.
    Kept(IdentityError),
}

impl From<IdentityError> for RenewalFailed {
    fn from(error: IdentityError) -> Self {
        Self::Kept(error)
    }
}

impl Terminal {
    /// Says once per step that the end comes near.
    fn announce(&mut self, now: Timestamp, round: &mut Round) -> Result<(), HistoryError> {
        let Ok(until) = self.identity.valid_until() else { return Ok(()) };
        let Some(step) = announcement(until, now) else { return Ok(()) };
        let told = format!("{until} {step}");
        if self.history.expiry_told()?.as_deref() != Some(&told) {
            round.notices.push(Notice::CertificateEnds { days: days_left(until, now) });
            self.history.set_expiry_told(&told)?;
        }
        Ok(())
    }

    /// Reads the identity again when another thread or program has changed it.
    pub(super) fn look_at_papers(&mut self) -> Result<(), IdentityError> {
        if let Some(identity) = self.papers.look()? {
            self.identity = identity;
        }
        Ok(())
    }

    fn keep_identity(&mut self, identity: Identity) -> Result<(), IdentityError> {
        self.papers.keep(&identity)?;
        self.identity = identity;
        Ok(())
    }

    /// Takes over what the directory says of our own office: a certificate another terminal renewed, or that the office has
    /// another key by now, which this terminal has not.
    pub(super) fn compare_with_directory(&mut self, now: Timestamp) -> Result<(), RoundError> {
        let Some(own) = self.history.office(self.office)? else { return Ok(()) };
        let trust = self.trust(now)?;
        let mut identity = self.identity.clone();
        if identity.adopt(&own.certificates, &trust) {
            self.keep_identity(identity)?;
            return Ok(());
        }
        let key_of = |der: &[u8]| certificate::key_fingerprint(der).ok();
        let ours: Vec<_> = identity.keys().filter_map(|key| key_of(key.certificate())).collect();
        let believed = own.certificates.iter().filter(|der| trust.office(der) == Ok(self.office));
        let theirs: Vec<_> = believed.filter_map(|der| key_of(der)).collect();
        if theirs.is_empty() || theirs.iter().any(|key| ours.contains(key)) {
            return Ok(());
        }
        tracing::warn!("the office has another key; this terminal waits to be let in again");
        self.papers.wait(&Waiting {
            office: self.office,
            terminal: self.identity.terminal.clone(),
            roots: self.identity.roots.clone(),
            recovery: None,
            certificates: own.certificates,
            before: self.identity.keys().cloned().collect(),
        })?;
        Err(RoundError::Identity(IdentityError::NotAdmitted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s4_expiry_is_announced_sixty_thirty_and_seven_days_before() {
        let until: Timestamp = "2028-06-01T00:00:00Z".parse().unwrap();
        let before = |hours: i64| announcement(until, until - SignedDuration::from_hours(hours));
        assert_eq!(before(61 * 24), None);
        assert_eq!(before(60 * 24 + 1), None);
        assert_eq!(before(60 * 24), Some(60));
        assert_eq!(before(30 * 24 + 1), Some(60));
        assert_eq!(before(30 * 24), Some(30));
        assert_eq!(before(7 * 24 + 1), Some(30));
        assert_eq!(before(7 * 24), Some(7));
        assert_eq!(before(1), Some(7));
        assert_eq!(before(-1), Some(0));
        assert_eq!(days_left(until, until - SignedDuration::from_hours(49)), 2);
        assert_eq!(days_left(until, until + DAY), -1);
    }
}
