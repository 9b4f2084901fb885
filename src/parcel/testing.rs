//! A made-up authority and its offices, for this room's tests.
//!
//! Uses the hub's authority, against the direction of the arrows: a second way to make certificates would be a second
//! thing to trust.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;

use super::{SealingKey, Trust, certificate};
use crate::hub::authority::Authority;
use crate::standard::OfficeNumber;

pub(crate) const NORTH: &str = "3170000010";
pub(crate) const SOUTH: &str = "3170000028";
pub(crate) const EAST: &str = "31A0000036";

pub(crate) fn number(text: &str) -> OfficeNumber {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    "2026-11-21T03:00:00Z".parse().unwrap()
}

pub(crate) fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

pub(crate) struct District {
    pub(crate) authority: Authority,
    dir: TempDir,
}

impl District {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let authority = Authority::create(dir.path(), "Made-up CA", now() - days(2000)).unwrap();
        Self { authority, dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn office(&self, office: &str) -> SealingKey {
        self.office_since(office, now(), 730)
    }

    pub(crate) fn office_since(&self, office: &str, at: Timestamp, valid_days: u32) -> SealingKey {
        let key = rcgen::KeyPair::generate().unwrap();
        self.certify(office, &key, at, valid_days)
    }

    pub(crate) fn rsa_office(&self, office: &str) -> SealingKey {
        let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        self.certify(office, &key, now(), 730)
    }

    fn certify(&self, office: &str, key: &rcgen::KeyPair, at: Timestamp, valid_days: u32) -> SealingKey {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let csr = params.serialize_request(key).unwrap().pem().unwrap();
        let issued = self.authority.issue_office(&csr, number(office), at, valid_days).unwrap();
        SealingKey::from_der(&issued.der, key.serialized_der()).unwrap()
    }

    /// A certificate our authority would never issue, issued by its key all the same.
    pub(crate) fn odd(&self, change: impl FnOnce(&mut rcgen::CertificateParams)) -> SealingKey {
        let root = std::fs::read_to_string(self.dir().join("ca.key")).unwrap();
        let root = rcgen::KeyPair::from_pem(&root).unwrap();
        let issuer = rcgen::Issuer::from_ca_cert_der(&self.authority.certificate_der(), root).unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        change(&mut params);
        let key = rcgen::KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &issuer).unwrap();
        SealingKey::from_der(made.der(), key.serialized_der()).unwrap()
    }

    pub(crate) fn trust(&self) -> Trust {
        self.revoking(&[])
    }

    pub(crate) fn revoking(&self, keys: &[&SealingKey]) -> Trust {
        self.listed(keys, now())
    }

    /// Judging now, by a list made at another time.
    pub(crate) fn listed(&self, keys: &[&SealingKey], made: Timestamp) -> Trust {
        let serials: Vec<_> =
            keys.iter().map(|key| (certificate::serial_of(key.certificate()).unwrap(), made)).collect();
        let crl = self.authority.crl(&serials, 1, made).unwrap();
        Trust { roots: vec![self.authority.certificate_der()], crls: vec![crl.into()], at: now() }
    }
}

pub(crate) fn to(key: &SealingKey) -> CertificateDer<'static> {
    CertificateDer::from(key.certificate().to_vec())
}
