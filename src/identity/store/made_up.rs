//! A store of certificates in memory, whose keys may have troubles.

use std::sync::Arc;

use jiff::Timestamp;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{OtherError, SignatureAlgorithm, SignatureScheme};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{CertificateStore, StoreError};

/// See the module.
pub(crate) struct MadeUp {
    issuer: Issuer<'static, KeyPair>,
    certificates: Vec<(Vec<u8>, KeyPair)>,
    /// What the keys answer in place of a signature.
    pub trouble: Option<StoreError>,
    /// What the keys sign with; all they can where it is empty.
    pub schemes: Vec<SignatureScheme>,
}

impl MadeUp {
    /// With a good certificate for each of these names.
    pub fn with(names: &[&str]) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = named("Made-up CA");
        let issuer = Issuer::new(params, KeyPair::generate().unwrap());
        let mut store = Self { issuer, certificates: Vec::new(), trouble: None, schemes: Vec::new() };
        names.iter().for_each(|name| store.put(name, |_| ()));
        store
    }

    /// Another one, of which something is changed.
    pub fn put(&mut self, name: &str, change: impl FnOnce(&mut CertificateParams)) {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        let now = time::OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(Timestamp::now().as_second());
        params.not_before = now - time::Duration::DAY;
        params.not_after = now + time::Duration::days(300);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        self.certificates.push((der, key));
    }

    /// The keys of the first two change places.
    pub fn mix_up(&mut self) {
        let [(_, first), (_, second), ..] = self.certificates.as_mut_slice() else { panic!("there are not two") };
        std::mem::swap(first, second);
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::OrganizationName, "Made-up");
    named.push(DnType::CommonName, name);
    named
}

impl CertificateStore for MadeUp {
    fn certificates(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(self.certificates.iter().map(|(der, _)| der.clone()).collect())
    }

    fn certified_key(&self, certificate: &[u8]) -> Result<CertifiedKey, StoreError> {
        let (der, key) = self.certificates.iter().find(|(der, _)| der == certificate).ok_or(StoreError::NotThere)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let key = Key {
            inner: provider.key_provider.load_private_key(key).unwrap(),
            trouble: self.trouble.clone(),
            schemes: self.schemes.clone(),
        };
        Ok(CertifiedKey::new(vec![CertificateDer::from(der.clone())], Arc::new(key)))
    }

    fn reason(&self, error: &rustls::Error) -> StoreError {
        let rustls::Error::Other(other) = error else { panic!("{error}") };
        other.0.downcast_ref::<StoreError>().unwrap().clone()
    }
}

/// As rustls-cng's: without its public key, and with errors of its own.
#[derive(Debug)]
struct Key {
    inner: Arc<dyn SigningKey>,
    trouble: Option<StoreError>,
    schemes: Vec<SignatureScheme>,
}

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let offered: Vec<_> =
            offered.iter().copied().filter(|scheme| self.schemes.is_empty() || self.schemes.contains(scheme)).collect();
        let inner = self.inner.choose_scheme(&offered)?;
        Some(Box::new(Pen { inner, trouble: self.trouble.clone() }))
    }
    fn algorithm(&self) -> SignatureAlgorithm {
        self.inner.algorithm()
    }
}

#[derive(Debug)]
struct Pen {
    inner: Box<dyn Signer>,
    trouble: Option<StoreError>,
}

impl Signer for Pen {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        match &self.trouble {
            Some(trouble) => Err(rustls::Error::Other(OtherError(Arc::new(trouble.clone())))),
            None => self.inner.sign(message),
        }
    }
    fn scheme(&self) -> SignatureScheme {
        self.inner.scheme()
    }
}
