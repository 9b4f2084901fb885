//! Whom we believe: chain, time and revocation of one certificate, at a time that is handed in.
//!
//! "Cannot check" is not "revoked": without a current list from the certificate's issuer the answer is
//! [`TrustError::RevocationUnknown`], never "fine". Only the office's own certificate is looked up; our authority issues
//! directly from its root. A certificate revoked later than `at` counts as revoked all the same: the moment in a list
//! is when the authority heard of it, not when the key was lost.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, BorrowedCertRevocationList, CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage,
    RevocationCheckDepth, RevocationOptionsBuilder,
};

use super::certificate;
use crate::standard::OfficeNumber;

/// id-kp-emailProtection, 1.3.6.1.5.5.7.3.4.
const EMAIL_PROTECTION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04];

/// The authorities we believe, what they took back, and the time to judge at.
#[derive(Clone, Debug)]
pub struct Trust {
    pub roots: Vec<CertificateDer<'static>>,
    pub crls: Vec<CertificateRevocationListDer<'static>>,
    pub at: Timestamp,
}

/// Why a certificate is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    #[error("the certificate cannot be read")]
    Unreadable,
    #[error("no authority we trust issued this certificate ({reason})")]
    Untrusted { reason: String },
    #[error("the certificate expired at {until}")]
    Expired { until: Timestamp },
    #[error("the certificate is not valid before {from}")]
    NotYetValid { from: Timestamp },
    #[error("the certificate {serial} has been revoked")]
    Revoked { serial: String },
    #[error("whether the certificate was revoked cannot be told: {0}")]
    RevocationUnknown(NoAnswer),
    #[error("the certificate's subject {subject:?} names no office")]
    NotAnOffice { subject: String },
}

/// Why revocation could not be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    #[error("there is no revocation list of its issuer")]
    Missing,
    #[error("the revocation list should have been renewed by {due}")]
    Stale { due: Timestamp },
    #[error("the revocation list cannot be used")]
    Unusable,
}

impl Trust {
    /// The office a certificate belongs to, if it is to be believed: what a sender asks before sealing to it.
    pub fn office(&self, certificate_der: &[u8]) -> Result<OfficeNumber, TrustError> {
        self.office_with(certificate_der, &[])
    }

    /// The same, with certificates that may lie between it and a root.
    pub(super) fn office_with(
        &self,
        certificate_der: &[u8],
        between: &[CertificateDer<'_>],
    ) -> Result<OfficeNumber, TrustError> {
        self.check(certificate_der, between)?;
        certificate::office_of(certificate_der).map_err(|error| match error {
            certificate::CertificateError::NoOffice { subject } => TrustError::NotAnOffice { subject },
            certificate::CertificateError::Unreadable(_) => TrustError::Unreadable,
        })
    }

    fn check(&self, certificate_der: &[u8], between: &[CertificateDer<'_>]) -> Result<(), TrustError> {
        let der = CertificateDer::from(certificate_der);
        let certificate = EndEntityCert::try_from(&der).map_err(|_| TrustError::Unreadable)?;
        // A root that cannot be read vouches for nobody, and takes nothing from the others.
        let anchors: Vec<_> = self.roots.iter().filter_map(|r| webpki::anchor_from_trusted_cert(r).ok()).collect();
        // Chain and time first: a list says nothing about a certificate that never was one of ours.
        self.verify(&certificate, &anchors, between, None)?;
        let lists = self.lists();
        let lists: Vec<&CertRevocationList<'_>> = lists.iter().collect();
        if lists.is_empty() {
            let why = if self.crls.is_empty() { NoAnswer::Missing } else { NoAnswer::Unusable };
            return Err(TrustError::RevocationUnknown(why));
        }
        let options = RevocationOptionsBuilder::new(&lists)
            .map_err(|_| TrustError::RevocationUnknown(NoAnswer::Missing))?
            .with_depth(RevocationCheckDepth::EndEntity)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build();
        self.verify(&certificate, &anchors, between, Some(options))
    }

    fn verify(
        &self,
        certificate: &EndEntityCert<'_>,
        anchors: &[rustls_pki_types::TrustAnchor<'_>],
        between: &[CertificateDer<'_>],
        revocation: Option<webpki::RevocationOptions<'_>>,
    ) -> Result<(), TrustError> {
        let at = unix(self.at)?;
        // What seals and signs is an office's certificate; a terminal's only opens the door.
        let usage = KeyUsage::required(EMAIL_PROTECTION);
        certificate
            .verify_for_usage(ALL_VERIFICATION_ALGS, anchors, between, at, usage, revocation, None)
            .map(|_| ())
            .map_err(|error| explain(error, &certificate.der()))
    }

    /// The lists that can be read, newest first: webpki asks the first one of an issuer and no other.
    fn lists(&self) -> Vec<CertRevocationList<'_>> {
        let mut lists: Vec<_> = self
            .crls
            .iter()
            .filter_map(|der| Some((made(der)?, BorrowedCertRevocationList::from_der(der).ok()?.into())))
            .collect();
        lists.sort_by_key(|(made, _)| std::cmp::Reverse(*made));
        lists.into_iter().map(|(_, list)| list).collect()
    }
}

/// When a list was made.
fn made(crl: &[u8]) -> Option<Duration> {
    let list: x509_cert::crl::CertificateList = der::Decode::from_der(crl).ok()?;
    Some(list.tbs_cert_list.this_update.to_unix_duration())
}

fn unix(at: Timestamp) -> Result<UnixTime, TrustError> {
    let seconds = u64::try_from(at.as_second()).map_err(|_| TrustError::NotYetValid { from: Timestamp::UNIX_EPOCH })?;
    Ok(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

fn timestamp(time: UnixTime) -> Timestamp {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

fn explain(error: webpki::Error, certificate_der: &[u8]) -> TrustError {
    use webpki::Error as E;
    match error {
        E::CertExpired { not_after, .. } => TrustError::Expired { until: timestamp(not_after) },
        E::CertNotValidYet { not_before, .. } => TrustError::NotYetValid { from: timestamp(not_before) },
        E::CertRevoked => {
            TrustError::Revoked { serial: certificate::serial_of(certificate_der).unwrap_or_else(|_| "?".into()) }
        }
        E::UnknownRevocationStatus => TrustError::RevocationUnknown(NoAnswer::Missing),
        E::CrlExpired { next_update, .. } => {
            TrustError::RevocationUnknown(NoAnswer::Stale { due: timestamp(next_update) })
        }
        E::InvalidCrlSignatureForPublicKey
        | E::UnsupportedCrlSignatureAlgorithmContext(_)
        | E::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_)
        | E::IssuerNotCrlSigner
        | E::InvalidCrlNumber => TrustError::RevocationUnknown(NoAnswer::Unusable),
        other => TrustError::Untrusted { reason: format!("{other:?}").chars().take(100).collect() },
    }
}
