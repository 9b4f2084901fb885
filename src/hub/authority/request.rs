//! What a signing request (PKCS#10) asks for, believed only as far as its own signature proves it.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use const_oid::db::rfc5912;
use der::asn1::ObjectIdentifier;
use der::{Decode, Encode};
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject;
use x509_cert::request::CertReq;

use crate::parcel::certificate::{self, office_in};
use crate::standard::OfficeNumber;

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("it is no signing request in PEM")]
    Unreadable,
    #[error("its key is of a kind we do not certify; P-256 and RSA from 2048 bits are")]
    Key,
    #[error("it is not signed with the key it shows")]
    Signature,
}

/// A request whose sender holds the private key.
#[derive(Debug)]
pub(super) struct Verified {
    /// The office it names, if it names one.
    pub(super) office: Option<OfficeNumber>,
    pub(super) is_rsa: bool,
    pub(super) key: rcgen::SubjectPublicKeyInfo,
    /// The same key, DER.
    spki: Vec<u8>,
}

pub(super) fn verified(csr_pem: &str) -> Result<Verified, RequestError> {
    let der = CertificateSigningRequestDer::from_pem_slice(csr_pem.as_bytes()).map_err(|_| RequestError::Unreadable)?;
    let request = CertReq::from_der(&der).map_err(|_| RequestError::Unreadable)?;
    let is_rsa = check_signature(&request)?;
    let spki = request.info.public_key.to_der().map_err(|_| RequestError::Unreadable)?;
    let key = rcgen::SubjectPublicKeyInfo::from_der(&spki).map_err(|_| RequestError::Key)?;
    Ok(Verified { office: office_in(&request.info.subject), is_rsa, key, spki })
}

/// The fingerprint of the key a request is for (see [`certificate::key_fingerprint`]), if the request holds.
pub fn requested_key(csr_pem: &str) -> Result<String, RequestError> {
    Ok(certificate::fingerprint_of_key(&verified(csr_pem)?.spki))
}

/// Whether the key is RSA, if the signature is the key's own.
fn check_signature(request: &CertReq) -> Result<bool, RequestError> {
    let shown = &request.info.public_key;
    let curve = shown.algorithm.parameters.as_ref().and_then(|p| p.decode_as::<ObjectIdentifier>().ok());
    let bits = shown.subject_public_key.raw_bytes();
    let message = request.info.to_der().map_err(|_| RequestError::Unreadable)?;
    let signature = request.signature.raw_bytes();
    let (is_rsa, valid) = match (shown.algorithm.oid, request.algorithm.oid) {
        (rfc5912::ID_EC_PUBLIC_KEY, rfc5912::ECDSA_WITH_SHA_256) if curve == Some(rfc5912::SECP_256_R_1) => {
            (false, UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, bits).verify(&message, signature))
        }
        (rfc5912::RSA_ENCRYPTION, rfc5912::SHA_256_WITH_RSA_ENCRYPTION) => {
            (true, UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, bits).verify(&message, signature))
        }
        _ => return Err(RequestError::Key),
    };
    valid.map(|()| is_rsa).map_err(|_| RequestError::Signature)
}
