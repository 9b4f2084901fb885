//! Our own key and certificate, the authorities we believe, and the three files they live in.
//!
//! | file | holds |
//! |---|---|
//! | `key.sealed` | the private key, PKCS#8 in PEM, sealed by the profile's vault |
//! | `certificate.pem` | our office's certificate |
//! | `ca.pem` | the authorities we believe, one after the other |
//!
//! The key is made here by [`request`] and never leaves; the authority sees a signing request. Reading does not look at
//! the clock: an office with an expired certificate may still read its own history. [`Identity::check`] does.

pub(crate) mod files;
mod keyfile;
mod vault;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::parcel::{CertificateError, KeyError, SealingKey, Trust, certificate};
use crate::standard::OfficeNumber;
pub use files::FileError;
pub use keyfile::KeyFileError;
pub(crate) use keyfile::wipe;
pub use vault::{
    DatabaseKey, KeyPlace, KeyPlaceError, LEAST_PASSPHRASE, PASSPHRASE_ENV, SystemKeyring, Unlock, VAULT_FILE, Vault,
    VaultError,
};

const KEY: &str = "key.pem";
const CERTIFICATE: &str = "certificate.pem";
const ROOTS: &str = "ca.pem";
const WAITING_KEY: &str = "waiting-key.pem";

/// Who we are in the exchange.
#[derive(Clone, Debug)]
pub struct Identity {
    pub office: OfficeNumber,
    pub key: SealingKey,
    pub roots: Vec<CertificateDer<'static>>,
}

/// A new key, and the request for a certificate to it.
pub struct Request {
    pub pkcs8: Zeroizing<Vec<u8>>,
    pub csr_pem: String,
}

/// Why we cannot act as an office.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("{} is not there", path.display())]
    Missing { path: PathBuf },
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} cannot be written: {source}", path.display())]
    Unwritable { path: PathBuf, source: std::io::Error },
    #[error("{} holds no certificate", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{} holds no unencrypted PKCS#8 key", path.display())]
    NoKey { path: PathBuf },
    #[error("{} holds no authority's certificate", path.display())]
    NoRoots { path: PathBuf },
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    #[error("the certificate or its key cannot be used: {0}")]
    Unusable(KeyError),
    #[error("the certificate's subject {subject:?} names no office")]
    NoOffice { subject: String },
    #[error("the certificate belongs to {found}, not to {expected}")]
    OtherOffice { expected: OfficeNumber, found: OfficeNumber },
    #[error("the certificate expired at {until}")]
    Expired { until: Timestamp },
    #[error("the certificate is not valid before {from}")]
    NotYetValid { from: Timestamp },
    #[error("a key could not be made: {0}")]
    Make(String),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("TLS does not accept our key, certificate or authorities: {0}")]
    Tls(#[from] rustls::Error),
}

impl From<FileError> for IdentityError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Missing { path } => Self::Missing { path },
            FileError::Read { path, source } => Self::Unreadable { path, source },
            FileError::Write { path, source } => Self::Unwritable { path, source },
        }
    }
}

impl From<KeyFileError> for IdentityError {
    fn from(error: KeyFileError) -> Self {
        match error {
            KeyFileError::File(error) => error.into(),
            KeyFileError::Vault(error) => error.into(),
        }
    }
}

impl From<KeyError> for IdentityError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Mismatch => Self::KeyMismatch,
            KeyError::NoCertificate => Self::NoCertificate { path: CERTIFICATE.into() },
            KeyError::NoKey => Self::NoKey { path: KEY.into() },
            other => Self::Unusable(other),
        }
    }
}

/// Makes a P-256 key and asks for a certificate to it. The request names only the office; everything else in the
/// certificate is for the authority to say.
pub fn request(office: OfficeNumber) -> Result<Request, IdentityError> {
    asked_with(&rcgen::KeyPair::generate().map_err(not_made)?, office)
}

fn asked_with(key: &rcgen::KeyPair, office: OfficeNumber) -> Result<Request, IdentityError> {
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, office.as_str());
    let csr_pem = params.serialize_request(key).and_then(|csr| csr.pem()).map_err(not_made)?;
    Ok(Request { pkcs8: Zeroizing::new(key.serialize_der()), csr_pem })
}

fn not_made(error: rcgen::Error) -> IdentityError {
    IdentityError::Make(error.to_string())
}

impl Request {
    /// Keeps the key while the authority is being asked.
    pub fn save(&self, dir: &Path, vault: &Vault) -> Result<(), IdentityError> {
        files::private_folder(dir)?;
        let key = Zeroizing::new(pem("PRIVATE KEY", &self.pkcs8));
        Ok(keyfile::stage(vault, &dir.join(WAITING_KEY), key.as_bytes())?.commit_new()?)
    }

    /// What [`Request::save`] kept; the request itself has gone out and is not needed again.
    pub fn waiting(dir: &Path, vault: &Vault) -> Result<Self, IdentityError> {
        let path = dir.join(WAITING_KEY);
        let text = keyfile::read(vault, &path)?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(&text).map_err(|_| IdentityError::NoKey { path })?;
        Ok(Self { pkcs8: Zeroizing::new(key.secret_pkcs8_der().to_vec()), csr_pem: String::new() })
    }

    /// The request that waits in `dir`, written anew over its key; where none waits, a new one that does from now on. So a
    /// certificate that was asked for and is still on its way fits, however often somebody asks.
    pub fn waiting_or_new(dir: &Path, office: OfficeNumber, vault: &Vault) -> Result<Self, IdentityError> {
        match Self::waiting(dir, vault) {
            Ok(waiting) => {
                let key = PrivatePkcs8KeyDer::from(waiting.pkcs8.as_slice());
                asked_with(&rcgen::KeyPair::try_from(&key).map_err(not_made)?, office)
            }
            Err(IdentityError::Missing { .. }) => {
                let new = request(office)?;
                new.save(dir, vault)?;
                Ok(new)
            }
            Err(error) => Err(error),
        }
    }

    /// Forgets the key that waited, once its identity is saved.
    pub fn forget(dir: &Path) {
        // A key that stays is of no use to anyone but us: its certificate is here.
        let _ = keyfile::remove(&dir.join(WAITING_KEY));
    }

    /// The identity this request became, once the authority answered with a certificate.
    pub fn answered(&self, certificate_pem: &[u8], roots_pem: &[u8]) -> Result<Identity, IdentityError> {
        let certificate = CertificateDer::from_pem_slice(certificate_pem).map_err(|_| KeyError::NoCertificate)?;
        Identity::new(SealingKey::from_der(&certificate, &self.pkcs8)?, roots(roots_pem, ROOTS.as_ref())?)
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").finish_non_exhaustive()
    }
}

impl Identity {
    /// The identity of the office the key's certificate names.
    pub fn new(key: SealingKey, roots: Vec<CertificateDer<'static>>) -> Result<Self, IdentityError> {
        let office = certificate::office_of(key.certificate()).map_err(|error| match error {
            CertificateError::NoOffice { subject } => IdentityError::NoOffice { subject },
            unreadable => IdentityError::Unusable(unreadable.into()),
        })?;
        Ok(Self { office, key, roots })
    }

    /// Reads what [`Identity::save`] wrote, or what a person put there.
    pub fn load(dir: &Path, vault: &Vault) -> Result<Self, IdentityError> {
        let [key, certificate, roots_file] = [KEY, CERTIFICATE, ROOTS].map(|name| dir.join(name));
        let key_pem = keyfile::read(vault, &key)?;
        let certificate_pem = files::read(&certificate)?;
        let roots = roots(&files::read(&roots_file)?, &roots_file)?;
        let key = SealingKey::from_pem(&certificate_pem, &key_pem).map_err(|error| match error {
            KeyError::NoCertificate => IdentityError::NoCertificate { path: certificate },
            KeyError::NoKey => IdentityError::NoKey { path: key },
            other => other.into(),
        })?;
        Self::new(key, roots)
    }

    /// Writes the three files; each is whole or not there at all.
    pub fn save(&self, dir: &Path, vault: &Vault) -> Result<(), IdentityError> {
        let roots: String = self.roots.iter().map(|root| pem("CERTIFICATE", root)).collect();
        let key = Zeroizing::new(pem("PRIVATE KEY", self.key.pkcs8()));
        let certificate = pem("CERTIFICATE", self.key.certificate());
        files::private_folder(dir)?;
        // All three are on the disk before the first gets its name, so that a full disk leaves the old ones together.
        let plain = [(ROOTS, &roots), (CERTIFICATE, &certificate)]
            .map(|(name, text)| files::stage(&dir.join(name), text.as_bytes()));
        let plain = plain.into_iter().collect::<Result<Vec<_>, _>>()?;
        let key = keyfile::stage(vault, &dir.join(KEY), key.as_bytes())?;
        for staged in plain.into_iter().chain([key]) {
            staged.commit()?;
        }
        Ok(())
    }

    /// Whether it is `office`'s and good at that time.
    pub fn check(&self, office: OfficeNumber, at: Timestamp) -> Result<(), IdentityError> {
        let unusable = |e: CertificateError| IdentityError::Unusable(e.into());
        let from = certificate::valid_from(self.key.certificate()).map_err(unusable)?;
        let until = self.valid_until()?;
        if self.office != office {
            Err(IdentityError::OtherOffice { expected: office, found: self.office })
        } else if at < from {
            Err(IdentityError::NotYetValid { from })
        } else if at > until {
            Err(IdentityError::Expired { until })
        } else {
            Ok(())
        }
    }

    /// The last moment our certificate is good for.
    pub fn valid_until(&self) -> Result<Timestamp, IdentityError> {
        certificate::valid_until(self.key.certificate()).map_err(|e| IdentityError::Unusable(e.into()))
    }

    /// Our authorities with what is known of revocation. Without a list, nobody's certificate can be vouched for.
    pub fn trust(&self, crl_der: Option<&[u8]>, at: Timestamp) -> Trust {
        let crls = crl_der.into_iter().map(|der| CertificateRevocationListDer::from(der.to_vec())).collect();
        Trust { roots: self.roots.clone(), crls, at }
    }

    /// How we call the hub: TLS 1.3, our authorities and no others, our certificate shown.
    pub fn client_config(&self) -> Result<rustls::ClientConfig, IdentityError> {
        let mut roots = rustls::RootCertStore::empty();
        for root in &self.roots {
            roots.add(root.clone())?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = vec![CertificateDer::from(self.key.certificate().to_vec())];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.pkcs8().to_vec()));
        Ok(rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)?)
    }
}

fn roots(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(roots) if roots.iter().any(|root| webpki::anchor_from_trusted_cert(root).is_ok()) => Ok(roots),
        _ => Err(IdentityError::NoRoots { path: path.to_owned() }),
    }
}

/// Bytes in the armour every tool reads.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let body = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(der));
    let mut text = format!("-----BEGIN {label}-----\n");
    text.reserve_exact(body.len() + body.len() / 64 + label.len() + 32); // grown once, or copies of a key stay behind
    for (index, letter) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests;
