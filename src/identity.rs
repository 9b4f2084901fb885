//! Who we are in the exchange: our keys and certificates, the authorities we believe, and the files they live in.
//!
//! | file | holds |
//! |---|---|
//! | `office.pem`, `office-key.sealed` | the office's certificates, newest first, and their keys: what signs and opens parcels. All terminals of the office have them |
//! | `terminal.pem`, `terminal-key.sealed` | what this terminal alone calls the hub with; its key never leaves |
//! | `certificate.pem`, `key.sealed` | in place of the four above: one certificate for both, as an office gets it that brings a request by file |
//! | `ca.pem` | the authorities we believe, one after the other |
//!
//! Earlier certificates and keys of the office stay, since parcels that were sealed to them are still to be opened. Keys
//! are made here and sealed by the profile's vault. Reading does not look at the clock: an office with an expired
//! certificate may still read its own history. [`Identity::check`] does.

pub mod chest;
pub mod code;
pub mod enrol;
pub(crate) mod files;
mod keyfile;
pub mod p12;
mod shown;
pub mod store;
mod vault;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::parcel::{
    self, CertificateError, KeyError, Limits, OpenError, Opened, ReadError, Received, SealingKey, Trust, certificate,
};
use crate::standard::OfficeNumber;
pub use files::FileError;
pub use keyfile::KeyFileError;
pub(crate) use keyfile::wipe;
pub use shown::Stamp;
pub use vault::{
    DatabaseKey, KeyPlace, KeyPlaceError, LEAST_PASSPHRASE, PASSPHRASE_ENV, SystemKeyring, Unlock, VAULT_FILE, Vault,
    VaultError,
};

const KEY: &str = "key.pem";
const CERTIFICATE: &str = "certificate.pem";
const ROOTS: &str = "ca.pem";
const WAITING_KEY: &str = "waiting-key.pem";
const OFFICE: &str = "office.pem";
const OFFICE_KEY: &str = "office-key.pem";
const TERMINAL: &str = "terminal.pem";
const TERMINAL_KEY: &str = "terminal-key.pem";

/// Who we are in the exchange.
#[derive(Clone, Debug)]
pub struct Identity {
    pub office: OfficeNumber,
    /// The office's: signs, and is sealed to.
    pub key: SealingKey,
    /// What the office had before, newest first: parcels that were sealed to it open still.
    pub older: Vec<SealingKey>,
    /// This terminal's: calls the hub. The same as `key` where one certificate is for both.
    pub terminal: SealingKey,
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
    #[error("this terminal has no key of the office yet")]
    NotAdmitted,
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
    /// The identity of the office the key's certificate names, with one certificate for everything.
    pub fn new(key: SealingKey, roots: Vec<CertificateDer<'static>>) -> Result<Self, IdentityError> {
        Self::of_keys(key.clone(), vec![key], roots)
    }

    /// An identity of a terminal's certificate and the office's, newest first.
    pub fn of_keys(
        terminal: SealingKey,
        keys: Vec<SealingKey>,
        roots: Vec<CertificateDer<'static>>,
    ) -> Result<Self, IdentityError> {
        let mut keys = keys.into_iter();
        let key = keys.next().ok_or(IdentityError::NotAdmitted)?;
        let (office, of_terminal) = (office_of(&key)?, office_of(&terminal)?);
        if office != of_terminal {
            return Err(IdentityError::OtherOffice { expected: of_terminal, found: office });
        }
        Ok(Self { office, key, older: keys.collect(), terminal, roots })
    }

    /// Reads what [`Identity::save`] wrote, or what a person put there.
    pub fn load(dir: &Path, vault: &Vault) -> Result<Self, IdentityError> {
        let roots = roots_in(dir)?;
        if !dir.join(TERMINAL).exists() {
            let keys = pairs(dir, vault, CERTIFICATE, KEY)?;
            let terminal = keys.first().cloned().ok_or(IdentityError::NotAdmitted)?;
            return Self::of_keys(terminal, keys, roots);
        }
        let terminal = terminal_in(dir, vault)?;
        if !dir.join(OFFICE).exists() {
            return Err(IdentityError::NotAdmitted);
        }
        Self::of_keys(terminal, pairs(dir, vault, OFFICE, OFFICE_KEY)?, roots)
    }

    /// Writes the files; each is whole or not there at all, and whenever it is cut off, what is there fits together.
    pub fn save(&self, dir: &Path, vault: &Vault) -> Result<(), IdentityError> {
        files::private_folder(dir)?;
        let roots: String = self.roots.iter().map(|root| pem("CERTIFICATE", root)).collect();
        let certificates: String = self.keys().map(|key| pem("CERTIFICATE", key.certificate())).collect();
        let keys = keys_pem(self.keys());
        // All are on the disk before the first gets its name, so that a full disk leaves the old ones together.
        let plain = |name: &str, text: &str| files::stage(&dir.join(name), text.as_bytes());
        let staged = if self.is_combined() {
            vec![
                plain(ROOTS, &roots)?,
                keyfile::stage(vault, &dir.join(KEY), keys.as_bytes())?,
                plain(CERTIFICATE, &certificates)?,
            ]
        } else {
            let terminal = Zeroizing::new(pem("PRIVATE KEY", self.terminal.pkcs8()));
            vec![
                plain(ROOTS, &roots)?,
                keyfile::stage(vault, &dir.join(OFFICE_KEY), keys.as_bytes())?,
                keyfile::stage(vault, &dir.join(TERMINAL_KEY), terminal.as_bytes())?,
                plain(OFFICE, &certificates)?,
                // Last: from here on the old kind is not looked at.
                plain(TERMINAL, &pem("CERTIFICATE", self.terminal.certificate()))?,
            ]
        };
        for staged in staged {
            staged.commit()?;
        }
        // What the other kind left is not looked at any more; its keys are among the office's now.
        if self.is_combined() {
            let _ = std::fs::remove_file(dir.join(TERMINAL));
            let _ = std::fs::remove_file(dir.join(OFFICE));
        } else {
            let _ = std::fs::remove_file(dir.join(CERTIFICATE));
            let _ = keyfile::remove(&dir.join(KEY));
        }
        Ok(())
    }

    /// Whether one certificate is for everything.
    pub fn is_combined(&self) -> bool {
        self.terminal.certificate() == self.key.certificate()
    }

    /// Every certificate of the office that we have the key of, the present one first.
    pub fn keys(&self) -> impl Iterator<Item = &SealingKey> {
        std::iter::once(&self.key).chain(&self.older)
    }

    /// Opens a parcel with whichever of our keys it is sealed to.
    pub fn read(&self, sealed: &[u8], trust: &Trust, limits: &Limits) -> Result<Received, ReadError> {
        let mut read = Err(OpenError::NotForUs.into());
        for key in self.keys() {
            read = parcel::read(sealed, key, trust, limits);
            if !matches!(read, Err(ReadError::Open(OpenError::NotForUs))) {
                break;
            }
        }
        read
    }

    /// Opens what was sealed to our office, with whichever of its keys fits: what its terminals tell each other.
    pub fn open(&self, sealed: &[u8], trust: &Trust) -> Result<Opened, OpenError> {
        let mut opened = Err(OpenError::NotForUs);
        for key in self.keys() {
            opened = parcel::open(sealed, key, trust);
            if !matches!(opened, Err(OpenError::NotForUs)) {
                break;
            }
        }
        opened
    }

    /// Whether a certificate is over one of our office's own keys, of today or of before.
    pub fn is_own(&self, certificate_der: &[u8]) -> bool {
        let Ok(key) = certificate::key_fingerprint(certificate_der) else { return false };
        self.keys().any(|own| certificate::key_fingerprint(own.certificate()).is_ok_and(|own| own == key))
    }

    /// Takes over certificates of our office that are new to us and for a key we have, as another terminal got them when it
    /// renewed. Says whether there were any.
    pub fn adopt(&mut self, certificates: &[Vec<u8>], trust: &Trust) -> bool {
        let new: Vec<SealingKey> = certificates
            .iter()
            .filter(|der| self.keys().all(|key| key.certificate() != der.as_slice()))
            .filter(|der| trust.office(der) == Ok(self.office))
            .filter_map(|der| self.keys().find_map(|key| SealingKey::from_der(der, key.pkcs8()).ok()))
            .collect();
        let some = !new.is_empty();
        for key in new {
            self.take(key);
        }
        some
    }

    /// Puts a certificate among ours: in front if it is good for longer than the present one.
    pub fn take(&mut self, key: SealingKey) {
        let until = |key: &SealingKey| certificate::valid_until(key.certificate()).unwrap_or(Timestamp::MIN);
        if self.is_combined() {
            self.terminal = if until(&key) > until(&self.terminal) { key.clone() } else { self.terminal.clone() };
        }
        if until(&key) > until(&self.key) {
            let before = std::mem::replace(&mut self.key, key);
            self.older.insert(0, before);
        } else {
            self.older.push(key);
        }
    }

    /// Whether it is `office`'s and good at that time.
    pub fn check(&self, office: OfficeNumber, at: Timestamp) -> Result<(), IdentityError> {
        let from = |key: &SealingKey| certificate::valid_from(key.certificate()).map_err(unusable);
        let from = from(&self.key)?.max(from(&self.terminal)?);
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

    /// The last moment both our certificates are good for.
    pub fn valid_until(&self) -> Result<Timestamp, IdentityError> {
        let until = |key: &SealingKey| certificate::valid_until(key.certificate()).map_err(unusable);
        Ok(until(&self.key)?.min(until(&self.terminal)?))
    }

    /// Our authorities with what is known of revocation. Without a list, nobody's certificate can be vouched for.
    pub fn trust(&self, crl_der: Option<&[u8]>, at: Timestamp) -> Trust {
        let crls = crl_der.into_iter().map(|der| CertificateRevocationListDer::from(der.to_vec())).collect();
        Trust { roots: self.roots.clone(), crls, at }
    }

    /// How we call the hub: TLS 1.3, our authorities and no others, our certificate shown.
    pub fn client_config(&self) -> Result<rustls::ClientConfig, IdentityError> {
        client_config(&self.terminal, &self.roots)
    }
}

fn client_config(
    terminal: &SealingKey,
    believed: &[CertificateDer<'static>],
) -> Result<rustls::ClientConfig, IdentityError> {
    let chain = vec![CertificateDer::from(terminal.certificate().to_vec())];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(terminal.pkcs8().to_vec()));
    Ok(config_of(believed)?.with_client_auth_cert(chain, key)?)
}

/// TLS 1.3 and these authorities; what is shown is the caller's to say.
fn config_of(
    believed: &[CertificateDer<'static>],
) -> Result<rustls::ConfigBuilder<rustls::ClientConfig, rustls::client::WantsClientCert>, IdentityError> {
    let mut roots = rustls::RootCertStore::empty();
    for root in believed {
        roots.add(root.clone())?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots))
}

/// Writes a file that only its owner reads, over what was there; whole, or not at all.
pub fn files_for_owner(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    files::stage(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()), bytes)?.commit()
}

fn unusable(error: CertificateError) -> IdentityError {
    IdentityError::Unusable(error.into())
}

fn office_of(key: &SealingKey) -> Result<OfficeNumber, IdentityError> {
    certificate::office_of(key.certificate()).map_err(|error| match error {
        CertificateError::NoOffice { subject } => IdentityError::NoOffice { subject },
        unreadable => IdentityError::Unusable(unreadable.into()),
    })
}

/// The certificates of one file, each with its key from another. The first must have one; a later one that has none is
/// of no use and passed over.
fn pairs(dir: &Path, vault: &Vault, certificates: &str, keys: &str) -> Result<Vec<SealingKey>, IdentityError> {
    let [certificates, keys] = [certificates, keys].map(|name| dir.join(name));
    let key_pem = keyfile::read(vault, &keys)?;
    let certificate_pem = files::read(&certificates)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&certificate_pem).map_while(Result::ok).collect();
    let keys = chest::keys_in(&key_pem).ok_or(IdentityError::NoKey { path: keys })?;
    let first = found.first().ok_or(IdentityError::NoCertificate { path: certificates })?;
    let fit = |certificate: &CertificateDer<'_>| {
        let mut tried = keys.iter().map(|key| SealingKey::from_der(certificate, key));
        let first = tried.next().unwrap_or(Err(KeyError::NoKey));
        if first.is_ok() { first } else { tried.find(Result::is_ok).unwrap_or(first) }
    };
    let mut pairs = vec![fit(first)?];
    pairs.extend(found.iter().skip(1).filter_map(|certificate| fit(certificate).ok()));
    Ok(pairs)
}

fn terminal_in(dir: &Path, vault: &Vault) -> Result<SealingKey, IdentityError> {
    pairs(dir, vault, TERMINAL, TERMINAL_KEY)?.into_iter().next().ok_or(IdentityError::NotAdmitted)
}

fn roots_in(dir: &Path) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let path = dir.join(ROOTS);
    roots(&files::read(&path)?, &path)
}

/// The keys of several certificates, each once, in PEM.
fn keys_pem<'a>(keys: impl Iterator<Item = &'a SealingKey>) -> Zeroizing<String> {
    let mut seen: Vec<&[u8]> = Vec::new();
    keys.for_each(|key| {
        if !seen.contains(&key.pkcs8()) {
            seen.push(key.pkcs8());
        }
    });
    let parts: Vec<Zeroizing<String>> = seen.into_iter().map(|key| Zeroizing::new(pem("PRIVATE KEY", key))).collect();
    let mut all = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| all.push_str(part));
    all
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
