//! What a certificate says: whose it is, its number, how long it is good for. Whether to believe it is
//! [`Trust`](super::Trust)'s business.

use der::asn1::{PrintableStringRef, Utf8StringRef};
use der::{Decode, Encode as _, Tag, Tagged};
use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::DirectoryString;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};
use x509_cert::name::Name;
use x509_cert::time::Time;

use super::digest;
use crate::standard::OfficeNumber;

/// Why nothing could be read from a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("these bytes are no certificate: {0}")]
    Unreadable(String),
    #[error("the certificate's subject {subject:?} names no office")]
    NoOffice { subject: String },
}

/// Whose certificate it is: the subject's one common name, if it is an office number.
pub fn office_of(certificate_der: &[u8]) -> Result<OfficeNumber, CertificateError> {
    office(&parse(certificate_der)?)
}

/// Its serial number: lowercase digits, as `openssl x509 -serial` but for the case.
pub fn serial_of(certificate_der: &[u8]) -> Result<String, CertificateError> {
    Ok(serial(&parse(certificate_der)?))
}

/// The SHA-256 of the whole certificate, lowercase: what people compare on the telephone.
pub fn fingerprint(certificate_der: &[u8]) -> String {
    digest::sha256_hex(certificate_der)
}

/// The SHA-256 of its public key (SubjectPublicKeyInfo, DER), lowercase. A renewed certificate over the same key has the
/// same; this is what partners remember.
pub fn key_fingerprint(certificate_der: &[u8]) -> Result<String, CertificateError> {
    let spki = parse(certificate_der)?.tbs_certificate().subject_public_key_info().to_der();
    Ok(fingerprint_of_key(&spki.map_err(|error| CertificateError::Unreadable(error.to_string()))?))
}

/// The same of a key alone (SubjectPublicKeyInfo, DER).
pub(crate) fn fingerprint_of_key(spki_der: &[u8]) -> String {
    digest::sha256_hex(spki_der)
}

/// The last moment it is good for.
pub fn valid_until(certificate_der: &[u8]) -> Result<Timestamp, CertificateError> {
    timestamp(&parse(certificate_der)?.tbs_certificate().validity().not_after)
}

/// The first moment it is good for.
pub fn valid_from(certificate_der: &[u8]) -> Result<Timestamp, CertificateError> {
    timestamp(&parse(certificate_der)?.tbs_certificate().validity().not_before)
}

/// Whom it names and who issued it, as people know them: by the common name, else by the whole name. For screens only.
pub fn names(certificate_der: &[u8]) -> Result<(String, String), CertificateError> {
    let certificate = parse(certificate_der)?;
    let certificate = certificate.tbs_certificate();
    Ok((called(certificate.subject()), called(certificate.issuer())))
}

/// Whether its issuer lets its holder show it to a server. One that says nothing of uses is for all.
pub fn is_for_clients(certificate_der: &[u8]) -> Result<bool, CertificateError> {
    let certificate = parse(certificate_der)?;
    let certificate = certificate.tbs_certificate();
    let unreadable = |error: der::Error| CertificateError::Unreadable(error.to_string());
    let signs = certificate.get_extension::<KeyUsage>().map_err(unreadable)?;
    let uses = certificate.get_extension::<ExtendedKeyUsage>().map_err(unreadable)?;
    let clients = [const_oid::db::rfc5280::ID_KP_CLIENT_AUTH, const_oid::db::rfc5280::ANY_EXTENDED_KEY_USAGE];
    Ok(signs.is_none_or(|(_, usage)| usage.digital_signature())
        && uses.is_none_or(|(_, usage)| usage.0.iter().any(|of| clients.contains(of))))
}

/// The bits of its public key, without the algorithm.
pub(crate) fn public_key_of(certificate_der: &[u8]) -> Result<Vec<u8>, CertificateError> {
    Ok(public_key(&parse(certificate_der)?).to_vec())
}

pub(super) fn public_key(certificate: &Certificate) -> &[u8] {
    certificate.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes()
}

pub(super) fn parse(certificate_der: &[u8]) -> Result<Certificate, CertificateError> {
    Certificate::from_der(certificate_der).map_err(|e| CertificateError::Unreadable(e.to_string()))
}

pub(super) fn office(certificate: &Certificate) -> Result<OfficeNumber, CertificateError> {
    let subject = certificate.tbs_certificate().subject();
    office_in(subject).ok_or_else(|| CertificateError::NoOffice { subject: show(subject) })
}

/// The office a distinguished name stands for. Two common names are none: which of them did the authority check?
pub(crate) fn office_in(name: &Name) -> Option<OfficeNumber> {
    let mut common_names = name.iter().filter(|part| part.oid == const_oid::db::rfc4519::CN);
    let value = &common_names.next()?.value;
    if common_names.next().is_some() {
        return None;
    }
    let text = match value.tag() {
        Tag::Utf8String => value.decode_as::<Utf8StringRef<'_>>().ok()?.as_str(),
        Tag::PrintableString => value.decode_as::<PrintableStringRef<'_>>().ok()?.as_str(),
        _ => return None,
    };
    text.parse().ok()
}

pub(super) fn serial(certificate: &Certificate) -> String {
    let bytes = certificate.tbs_certificate().serial_number().as_bytes();
    // DER puts a zero before a number whose first bit is set; it is not part of the number.
    digest::hex(match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    })
}

/// A name for logs and messages.
fn show(name: &Name) -> String {
    plain(&name.to_string())
}

fn called(name: &Name) -> String {
    let mut common_names = name.iter().filter(|part| part.oid == const_oid::db::rfc4519::CN);
    let common_name = common_names.next().and_then(|part| part.value.decode_as::<DirectoryString>().ok());
    let called = common_name.map(|name| plain(&name.value())).filter(|name| !name.trim().is_empty());
    called.unwrap_or_else(|| show(name))
}

/// Cut, and without what would change the line it stands in: it comes from outside.
fn plain(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !c.is_control() && !turns(*c)).take(100).collect()
}

pub(super) fn timestamp(time: &Time) -> Result<Timestamp, CertificateError> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok();
    seconds
        .and_then(|s| Timestamp::from_second(s).ok())
        .ok_or_else(|| CertificateError::Unreadable("a time out of range".into()))
}
