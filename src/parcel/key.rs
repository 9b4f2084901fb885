//! An office's own certificate with the private key that belongs to it.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::{CertificateError, certificate, profile};
use crate::standard::OfficeNumber;

/// Why a certificate and a key cannot be used together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("there is no certificate in the PEM text")]
    NoCertificate,
    #[error("there is no unencrypted PKCS#8 key in the PEM text")]
    NoKey,
    #[error("keys of type {algorithm} cannot seal; RSA (2048 bits or more) and P-256 can")]
    Unsupported { algorithm: String },
    #[error("the private key cannot be read")]
    Unreadable,
    #[error("the private key does not belong to the certificate")]
    Mismatch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    P256,
}

/// Signs for an office and opens what is sealed to it. That key and certificate fit is checked when it is made; the
/// key is wiped from memory with its last copy.
#[derive(Clone)]
pub struct SealingKey {
    der: Vec<u8>,
    pub(super) certificate: Certificate,
    pub(super) kind: Kind,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl SealingKey {
    pub fn from_der(certificate_der: &[u8], pkcs8: &[u8]) -> Result<Self, KeyError> {
        let certificate = certificate::parse(certificate_der)?;
        let kind = kind_of(&certificate)?;
        let public = public_key(kind, pkcs8)?;
        if certificate::public_key(&certificate) != public {
            return Err(KeyError::Mismatch);
        }
        Ok(Self { der: certificate_der.to_vec(), certificate, kind, pkcs8: Zeroizing::new(pkcs8.to_vec()) })
    }

    /// The first certificate and the first PKCS#8 key of two PEM texts.
    pub fn from_pem(certificate_pem: &[u8], key_pem: &[u8]) -> Result<Self, KeyError> {
        let certificate = CertificateDer::from_pem_slice(certificate_pem).map_err(|_| KeyError::NoCertificate)?;
        let mut key = PrivatePkcs8KeyDer::from_pem_slice(key_pem).map_err(|_| KeyError::NoKey)?;
        let made = Self::from_der(&certificate, key.secret_pkcs8_der());
        zeroize::Zeroize::zeroize(&mut key);
        made
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.der
    }

    /// The private key, PKCS#8 DER.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Whose it is, if the certificate names an office.
    pub fn office(&self) -> Option<OfficeNumber> {
        certificate::office(&self.certificate).ok()
    }

    /// A signature with SHA-256 over some bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let rng = SystemRandom::new();
        match self.kind {
            Kind::Rsa => {
                let pair = RsaKeyPair::from_pkcs8(&self.pkcs8).map_err(|_| KeyError::Unreadable)?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature).map_err(|_| KeyError::Unreadable)?;
                Ok(signature)
            }
            Kind::P256 => {
                let pair = ecdsa(&self.pkcs8)?;
                Ok(pair.sign(&rng, message).map_err(|_| KeyError::Unreadable)?.as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKey").field("office", &self.office()).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What kind of key a certificate is for.
pub(super) fn kind_of(certificate: &Certificate) -> Result<Kind, KeyError> {
    let algorithm = &certificate.tbs_certificate().subject_public_key_info().algorithm;
    let curve = algorithm.parameters.as_ref().and_then(|p| p.decode_as::<der::oid::ObjectIdentifier>().ok());
    match algorithm.oid {
        profile::RSA => Ok(Kind::Rsa),
        profile::EC if curve == Some(profile::P256) => Ok(Kind::P256),
        oid => Err(KeyError::Unsupported { algorithm: curve.unwrap_or(oid).to_string() }),
    }
}

fn public_key(kind: Kind, pkcs8: &[u8]) -> Result<Vec<u8>, KeyError> {
    match kind {
        Kind::Rsa => {
            let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| wrong_kind_or_unreadable(ecdsa(pkcs8).is_ok()))?;
            Ok(pair.public_key().as_ref().to_vec())
        }
        Kind::P256 => {
            let pair = ecdsa(pkcs8).map_err(|_| wrong_kind_or_unreadable(RsaKeyPair::from_pkcs8(pkcs8).is_ok()))?;
            Ok(pair.public_key().as_ref().to_vec())
        }
    }
}

fn wrong_kind_or_unreadable(of_the_other_kind: bool) -> KeyError {
    if of_the_other_kind { KeyError::Mismatch } else { KeyError::Unreadable }
}

fn ecdsa(pkcs8: &[u8]) -> Result<EcdsaKeyPair, KeyError> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8).map_err(|_| KeyError::Unreadable)
}
