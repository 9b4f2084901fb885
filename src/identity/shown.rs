//! The certificate a link shows: whichever the terminal has when a connection is made. A link lives for weeks, and its
//! certificate may be renewed meanwhile, by another thread or another program.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::vault::Vault;
use super::{CERTIFICATE, Identity, IdentityError, OFFICE, ROOTS, TERMINAL, config_of, office_of};
use crate::parcel::SealingKey;

/// When the identity in a folder was last written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp([Option<(SystemTime, u64)>; 4]);

impl Stamp {
    pub fn of(dir: &std::path::Path) -> Self {
        Self([CERTIFICATE, OFFICE, TERMINAL, ROOTS].map(|name| {
            let data = std::fs::metadata(dir.join(name)).ok()?;
            Some((data.modified().ok()?, data.len()))
        }))
    }
}

impl Identity {
    /// How we call the hub for as long as the program runs: as [`Identity::client_config`], with what lies in `dir` shown
    /// once that was renewed.
    pub fn lasting_client_config(&self, dir: PathBuf, vault: Vault) -> Result<rustls::ClientConfig, IdentityError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let present = (Stamp::of(&dir), certified(&self.terminal, &provider)?);
        let shown = Shown { dir, vault, office: office_of(&self.terminal)?, provider, present: Mutex::new(present) };
        Ok(config_of(&self.roots)?.with_client_cert_resolver(Arc::new(shown)))
    }
}

pub(super) fn certified(key: &SealingKey, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, IdentityError> {
    let chain = vec![CertificateDer::from(key.certificate().to_vec())];
    let pkcs8 = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.pkcs8().to_vec()));
    Ok(Arc::new(CertifiedKey::from_der(chain, pkcs8, provider)?))
}

struct Shown {
    dir: PathBuf,
    vault: Vault,
    office: crate::standard::OfficeNumber,
    provider: Arc<CryptoProvider>,
    present: Mutex<(Stamp, Arc<CertifiedKey>)>,
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::of(&self.dir);
        if stamp != present.0 {
            // What cannot be read now may be half way to its place; the last one is still good.
            let read = Identity::load(&self.dir, &self.vault).ok().filter(|identity| identity.office == self.office);
            if let Some(key) = read.and_then(|identity| certified(&identity.terminal, &self.provider).ok()) {
                *present = (stamp, key);
            }
        }
        Some(Arc::clone(&present.1))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").field("office", &self.office).finish_non_exhaustive()
    }
}
