//! PKCS#12 files as authorities hand them out: RC2-40 and 3DES of old, AES of today.

use p12_keystore::{Certificate, Pkcs12Archive};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::parcel::SealingKey;

/// A certificate of another authority, with its chain and key.
#[derive(Debug)]
pub struct Papers {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

impl Papers {
    /// As TLS shows them.
    pub fn certified_key(self) -> Result<CertifiedKey, rustls::Error> {
        CertifiedKey::from_der(self.chain, self.key, &rustls::crypto::aws_lc_rs::default_provider())
    }
}

/// Why a file gives no key.
#[derive(Debug, thiserror::Error)]
pub enum P12Error {
    #[error("the password does not fit")]
    Password,
    /// Indefinite lengths, as some authorities' tools write them; exported again from a system's store it is DER.
    #[error("the file is BER, not DER")]
    Ber,
    #[error("there is no private key with a certificate in the file")]
    NoKey,
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
}

/// A constructed SEQUENCE of indefinite length.
const BER_BEGIN: [u8; 2] = [0x30, 0x80];
/// No authority has more above an office's certificate.
const DEEPEST: usize = 5;

/// The first key of the file, with its certificate and those above it.
pub fn open(bytes: &[u8], password: &str) -> Result<Papers, P12Error> {
    if bytes.starts_with(&BER_BEGIN) {
        return Err(P12Error::Ber);
    }
    let archive = Pkcs12Archive::from_pkcs12(bytes, password).map_err(|error| of_error(&error))?;
    let certificates: Vec<&Certificate> = archive.certs.iter().map(|bag| &bag.cert).collect();
    // By the keys themselves: not every tool writes which certificate belongs to which key.
    archive
        .keys
        .iter()
        .find_map(|bag| {
            let key = bag.key.as_der();
            let own = certificates.iter().find(|found| SealingKey::from_der(found.as_der(), key).is_ok())?;
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()));
            Some(Papers { chain: chain(own, &certificates), key })
        })
        .ok_or(P12Error::NoKey)
}

/// The certificate and those above it, without the root, which nobody takes from us.
fn chain(own: &Certificate, all: &[&Certificate]) -> Vec<CertificateDer<'static>> {
    let der = |certificate: &Certificate| CertificateDer::from(certificate.as_der().to_vec());
    let (mut chain, mut last) = (vec![der(own)], own);
    while let Some(issuer) = all.iter().find(|found| found.subject() == last.issuer())
        && issuer.subject() != issuer.issuer()
        && chain.len() < DEEPEST
    {
        chain.push(der(issuer));
        last = issuer;
    }
    chain
}

fn of_error(error: &p12_keystore::error::Error) -> P12Error {
    use p12_keystore::error::Error as E;
    match error {
        E::MacError(_) | E::UnpadError | E::Pkcs5Error(_) => P12Error::Password,
        E::DerError(error) if matches!(error.kind(), der::ErrorKind::IndefiniteLength) => P12Error::Ber,
        other => P12Error::Unreadable(other.to_string()),
    }
}
