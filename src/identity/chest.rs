//! The office's keys on their way to another of its terminals: packed here, sealed under a code or to that terminal's key.
//!
//! A chest is PEM text: each key, and the certificates that belong to it. The hub carries it and cannot open it.

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::code::{Code, CryptoFailed};
use super::{Identity, keys_pem, pem};
use crate::parcel::{SealingKey, certificate};
use crate::standard::OfficeNumber;

/// More keys than any office ever had; a chest with more is none.
const MOST: usize = 100;

/// What a further terminal needs: every key of the office, with its certificates.
pub fn pack(identity: &Identity) -> Zeroizing<Vec<u8>> {
    let keys = keys_pem(identity.keys());
    let certificates: String = identity.keys().map(|key| pem("CERTIFICATE", key.certificate())).collect();
    let mut text = Zeroizing::new(Vec::with_capacity(keys.len() + certificates.len()));
    text.extend_from_slice(keys.as_bytes());
    text.extend_from_slice(certificates.as_bytes());
    text
}

/// A key that has no certificate yet.
pub fn pack_key(pkcs8: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(pem("PRIVATE KEY", pkcs8).into_bytes())
}

/// Seals what was packed under a code; only for this office can it be opened again.
pub fn seal(code: &Code, office: OfficeNumber, packed: &[u8]) -> Result<Vec<u8>, CryptoFailed> {
    code.chest().seal(office.as_str().as_bytes(), packed)
}

/// Undoes [`seal`].
pub fn open(code: &Code, office: OfficeNumber, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    code.chest().open(office.as_str().as_bytes(), sealed)
}

/// The keys of a packed chest, each with its certificates, those that are good for longest first. `known` are
/// certificates that came by another way: the chest may be older than they are.
pub fn unpack(packed: &[u8], office: OfficeNumber, known: &[Vec<u8>]) -> Vec<SealingKey> {
    let keys = keys_in(packed).unwrap_or_default();
    let inside = CertificateDer::pem_slice_iter(packed).take(MOST).map_while(Result::ok).map(|der| der.to_vec());
    let mut certificates: Vec<Vec<u8>> = known.to_vec();
    certificates.extend(inside);
    certificates.sort();
    certificates.dedup();
    let fit = |der: &Vec<u8>| keys.iter().find_map(|key| SealingKey::from_der(der, key).ok());
    let mut found: Vec<SealingKey> =
        certificates.iter().filter_map(fit).filter(|key| key.office() == Some(office)).collect();
    found.sort_by_key(|key| std::cmp::Reverse(certificate::valid_until(key.certificate()).ok()));
    found
}

/// The PKCS#8 keys in a PEM text; `None` if there is none.
pub(super) fn keys_in(text: &[u8]) -> Option<Vec<Zeroizing<Vec<u8>>>> {
    let mut keys = Vec::new();
    for key in PrivatePkcs8KeyDer::pem_slice_iter(text).take(MOST).map_while(Result::ok) {
        let mut key = key;
        keys.push(Zeroizing::new(key.secret_pkcs8_der().to_vec()));
        zeroize::Zeroize::zeroize(&mut key);
    }
    if keys.is_empty() { None } else { Some(keys) }
}
