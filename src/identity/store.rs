//! Certificates that lie in the system's own store, with keys that need not be able to leave it: which of them may let an
//! office in, and how one is shown.
//!
//! Only Windows has such a store ([`system`]). A key is tried before anybody is called: a dialog of the system (PIN,
//! consent) then waits for its person and no line waits with it, and a key that cannot sign for TLS 1.3 (of an old
//! provider, or a TPM's that knows PSS in another form) is a sentence, not a connection that breaks.

#[cfg(test)]
pub(crate) mod made_up;
#[cfg(any(windows, test))]
mod reasons;
#[cfg(windows)]
mod windows;

use std::fmt;

use jiff::Timestamp;
use rustls::SignatureScheme;
use rustls::sign::CertifiedKey;
use rustls_pki_types::CertificateDer;

use crate::parcel::certificate;

/// A certificate with which an office may be let in. Its subject may be a person: for the screen, and for no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    pub subject: String,
    pub issuer: String,
    pub until: Timestamp,
    /// SHA-256 of the whole, lowercase.
    pub fingerprint: String,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// Why a certificate of the store cannot be listed or shown. Numbers only: this stands in logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("the store cannot be read: {0}")]
    Unreadable(String),
    #[error("that certificate is not in the store, or cannot be used any more")]
    NotThere,
    #[error("its person said no, or the PIN was wrong")]
    Declined,
    #[error("the card that holds the key is not there")]
    CardMissing,
    #[error("the card is locked after too many wrong PINs")]
    CardLocked,
    #[error("the key does not sign as TLS 1.3 wants it: {0}")]
    Unfit(String),
}

/// The system's store, or a made-up one.
pub trait CertificateStore: Sync {
    /// The certificates that lie there with a private key (DER). Asks its person nothing.
    fn certificates(&self) -> Result<Vec<Vec<u8>>, StoreError>;
    /// One of them with those above it and its key. When the key is used, the system may ask its person.
    fn certified_key(&self, certificate: &[u8]) -> Result<CertifiedKey, StoreError>;
    /// Why such a key did not sign.
    fn reason(&self, error: &rustls::Error) -> StoreError;
}

/// This system's store, where it has one.
pub fn system() -> Option<&'static dyn CertificateStore> {
    #[cfg(windows)]
    return Some(&windows::Windows);
    #[cfg(not(windows))]
    None
}

/// What may be chosen: has a key, is good now, and is for clients. By subject.
pub fn usable(store: &dyn CertificateStore, now: Timestamp) -> Result<Vec<Stored>, StoreError> {
    let mut stored: Vec<Stored> =
        store.certificates()?.iter().filter_map(|certificate| of_certificate(certificate, now)).collect();
    stored.sort_by(|a, b| (&a.subject, b.until, &a.fingerprint).cmp(&(&b.subject, a.until, &b.fingerprint)));
    stored.dedup_by(|a, b| a.fingerprint == b.fingerprint);
    Ok(stored)
}

/// Those that somebody means who typed a part of a name or of the fingerprint.
pub fn that_fit(stored: Vec<Stored>, typed: &str) -> Vec<Stored> {
    let folded = |text: &str| {
        let folded: String = unicode_normalization::UnicodeNormalization::nfkc(text).collect();
        folded.trim().to_lowercase()
    };
    let typed = folded(typed);
    let digits: String = typed.chars().filter(|c| !matches!(c, ' ' | ':' | '-')).collect();
    let mut fit = stored;
    fit.retain(|stored| {
        folded(&stored.subject).contains(&typed)
            || folded(&stored.issuer).contains(&typed)
            || (!digits.is_empty() && stored.fingerprint.contains(&digits))
    });
    fit
}

/// The certificate with this fingerprint, to be shown; its key has just signed.
pub fn to_show(store: &dyn CertificateStore, fingerprint: &str, now: Timestamp) -> Result<CertifiedKey, StoreError> {
    let certificates = store.certificates()?;
    let is_it = |found: &Stored| found.fingerprint == fingerprint;
    let certificate = certificates
        .iter()
        .find(|certificate| of_certificate(certificate, now).as_ref().is_some_and(is_it))
        .ok_or(StoreError::NotThere)?;
    let certified = store.certified_key(certificate)?;
    try_key(store, &certified)?;
    Ok(certified)
}

fn of_certificate(certificate: &[u8], now: Timestamp) -> Option<Stored> {
    let (subject, issuer) = certificate::names(certificate).ok()?;
    let until = certificate::valid_until(certificate).ok()?;
    let good = certificate::valid_from(certificate).ok()? <= now && now <= until;
    (good && certificate::is_for_clients(certificate).ok()?).then(|| Stored {
        subject,
        issuer,
        until,
        fingerprint: certificate::fingerprint(certificate),
    })
}

/// No connection signs anything that begins like this.
const TRIAL: &[u8] = b"Tayori tries whether this key signs; this is no connection.";

/// Lets the key sign as it will have to, and looks at what it signed.
fn try_key(store: &dyn CertificateStore, certified: &CertifiedKey) -> Result<(), StoreError> {
    let unfit = |why: &dyn fmt::Display| StoreError::Unfit(why.to_string());
    let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
    let schemes: Vec<SignatureScheme> =
        algorithms.supported_schemes().into_iter().filter(|scheme| is_of_tls13(*scheme)).collect();
    let signer = certified.key.choose_scheme(&schemes).ok_or_else(|| unfit(&"no scheme"))?;
    let signature = signer.sign(TRIAL).map_err(|error| store.reason(&error))?;
    let certificate = CertificateDer::from(certified.end_entity_cert().map_err(|error| unfit(&error))?.as_ref());
    let certificate = webpki::EndEntityCert::try_from(&certificate).map_err(|error| unfit(&error))?;
    let mut fitting = algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signer.scheme());
    let verified = fitting.any(|(_, algorithms)| {
        algorithms.iter().any(|algorithm| certificate.verify_signature(*algorithm, TRIAL, &signature).is_ok())
    });
    if verified { Ok(()) } else { Err(unfit(&"its signature is not this certificate's")) }
}

fn is_of_tls13(scheme: SignatureScheme) -> bool {
    use SignatureScheme as S;
    matches!(
        scheme,
        S::ECDSA_NISTP256_SHA256
            | S::ECDSA_NISTP384_SHA384
            | S::ECDSA_NISTP521_SHA512
            | S::ED25519
            | S::RSA_PSS_SHA256
            | S::RSA_PSS_SHA384
            | S::RSA_PSS_SHA512
    )
}

#[cfg(test)]
mod tests;
