//! The key that everything private on this PC is encrypted with, and where it is kept.
//!
//! One vault belongs to one profile: `vault.toml` in its folder says how to come by the key, and holds nothing that opens
//! it. The key itself lies in the system's keyring or, where there is none, sealed in `vault.toml` under a passphrase. From it two
//! keys are derived: one for the history (SQLCipher), one for key files (AES-256-GCM). Several profiles may share one vault
//! (`kept = "elsewhere"`), as the demo's offices do.
//!
//! A process unlocks a vault once; from then on every thread finds it open. Deriving a key from a passphrase is slow on
//! purpose, and a person is asked once.

mod kept;
mod keyring;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::files::{self, FileError};
use crate::parcel::hex;
pub use kept::FILE as VAULT_FILE;
use kept::{Kept, Stretch};
pub use keyring::{KeyPlace, KeyPlaceError, SystemKeyring};

/// A passphrase shorter than this protects nothing.
pub const LEAST_PASSPHRASE: usize = 8;
/// The environment's passphrase, for programs without a person.
pub const PASSPHRASE_ENV: &str = "TAYORI_PASSPHRASE";

const NONCE: usize = 12;
const TAG: usize = 16;
/// What a sealed file begins with; the number is the format's.
const MAGIC: &[u8] = b"tayori-sealed-1\n";

type Key = Zeroizing<[u8; 32]>;

/// How to come by the key.
pub enum Unlock {
    /// Without a person: `TAYORI_PASSPHRASE` when it is set, else the system's keyring.
    ByItself,
    Passphrase(Zeroizing<String>),
    /// A keyring of the caller's choice.
    Place(Arc<dyn KeyPlace>),
}

impl Unlock {
    pub fn passphrase(text: &str) -> Self {
        Self::Passphrase(Zeroizing::new(text.to_owned()))
    }

    fn given_passphrase(&self) -> Option<Zeroizing<String>> {
        match self {
            Self::Passphrase(text) => Some(text.clone()),
            Self::ByItself => std::env::var(PASSPHRASE_ENV).ok().filter(|text| !text.is_empty()).map(Zeroizing::new),
            Self::Place(_) => None,
        }
    }

    fn place(&self) -> Arc<dyn KeyPlace> {
        match self {
            Self::Place(place) => Arc::clone(place),
            Self::ByItself | Self::Passphrase(_) => Arc::new(SystemKeyring),
        }
    }
}

impl std::fmt::Debug for Unlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ByItself => "ByItself",
            Self::Passphrase(_) => "Passphrase",
            Self::Place(_) => "Place",
        })
    }
}

/// Why a vault stays closed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("{} is not there", path.display())]
    Missing { path: PathBuf },
    /// A passphrase opens it, and none was given.
    #[error("{} needs its passphrase", path.display())]
    Locked { path: PathBuf },
    /// There is no vault yet and no keyring to keep its key: somebody has to choose a passphrase.
    #[error("a passphrase has to be chosen for {}", path.display())]
    PassphraseNeeded { path: PathBuf },
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    #[error("a passphrase has {least} characters or more")]
    ShortPassphrase { least: usize },
    #[error("the key cannot be had from the system's keyring: {0}")]
    Keyring(#[from] KeyPlaceError),
    #[error("{} cannot be used: {reason}", path.display())]
    Broken { path: PathBuf, reason: String },
    #[error(transparent)]
    File(#[from] FileError),
    /// Changed, or sealed by another vault or for another place.
    #[error("{label} was not sealed by this vault")]
    NotOurs { label: String },
    #[error("the system gives no random numbers, or a key cannot be derived")]
    Crypto,
}

impl From<aws_lc_rs::error::Unspecified> for VaultError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Crypto
    }
}

/// An open vault. Cheap to clone; its keys leave memory with the last clone.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    database: DatabaseKey,
    files: Key,
}

/// The raw key of an encrypted SQLite file: 64 hexadecimal digits.
#[derive(Clone)]
pub struct DatabaseKey(Zeroizing<String>);

impl DatabaseKey {
    pub fn as_hex(&self) -> &str {
        &self.0
    }
}

/// The vaults this process has opened, by the path of the file and the id in it.
static OPEN: Mutex<Option<HashMap<(PathBuf, String), Vault>>> = Mutex::new(None);

impl Vault {
    /// Opens the vault of a profile's folder.
    pub fn open(dir: &Path, unlock: &Unlock) -> Result<Self, VaultError> {
        let (path, kept) = Kept::find(dir)?;
        // Held while a key is derived, so that of many threads only the first has to wait for it.
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (path, kept.id().to_owned());
        if let Some(vault) = open.as_ref().and_then(|open| open.get(&name)) {
            return Ok(vault.clone());
        }
        let vault = Self::from_root(&kept.root(&name.0, unlock)?)?;
        kept.check(&name.0, &vault)?;
        open.get_or_insert_default().insert(name, vault.clone());
        Ok(vault)
    }

    /// Makes a vault in a folder that has none: with the passphrase given, else with the keyring. Where another process
    /// was quicker, that one's is opened.
    pub fn create(dir: &Path, unlock: &Unlock) -> Result<Self, VaultError> {
        Self::create_with(dir, unlock, Stretch::FULL)
    }

    /// The same, with a passphrase that is no work to try: for tests, which start a program a hundred times.
    pub fn create_unprotected(dir: &Path, passphrase: &str) -> Result<Self, VaultError> {
        Self::create_with(dir, &Unlock::passphrase(passphrase), Stretch::LEAST)
    }

    fn create_with(dir: &Path, unlock: &Unlock, stretch: Stretch) -> Result<Self, VaultError> {
        let path = dir.join(VAULT_FILE);
        let mut root = Key::default();
        aws_lc_rs::rand::fill(root.as_mut_slice())?;
        let (kept, place) = match unlock.given_passphrase() {
            Some(passphrase) => (Kept::under_passphrase(&root, &normal(&passphrase)?, stretch)?, None),
            None => {
                let place = unlock.place();
                match Kept::in_keyring(&root, place.as_ref()) {
                    Ok(kept) => (kept, Some(place)),
                    Err(VaultError::Keyring(error)) => {
                        tracing::info!(%error, "there is no keyring to keep the key in");
                        return Err(VaultError::PassphraseNeeded { path });
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        files::private_folder(dir)?;
        match kept.write_new(&path) {
            Ok(()) => {
                let vault = Self::from_root(&root)?;
                let name = (std::fs::canonicalize(&path).unwrap_or(path), kept.id().to_owned());
                let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
                open.get_or_insert_default().insert(name, vault.clone());
                Ok(vault)
            }
            Err(_) if path.exists() => {
                if let Some(place) = place {
                    place.forget(kept.id());
                }
                Self::open(dir, unlock)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub fn open_or_create(dir: &Path, unlock: &Unlock) -> Result<Self, VaultError> {
        match Self::open(dir, unlock) {
            Err(VaultError::Missing { .. }) => Self::create(dir, unlock),
            opened => opened,
        }
    }

    /// Makes this folder use the vault that `other` has. A folder with a vault of its own keeps it.
    pub fn share(dir: &Path, other: &Path) -> Result<(), VaultError> {
        files::private_folder(dir)?;
        let path = dir.join(VAULT_FILE);
        match Kept::elsewhere(other).write_new(&path) {
            Err(_) if path.exists() => Ok(()),
            written => Ok(written?),
        }
    }

    /// A vault with a key of its own that is kept nowhere: what it seals is lost with it. For tests.
    pub fn in_memory() -> Result<Self, VaultError> {
        let mut root = Key::default();
        aws_lc_rs::rand::fill(root.as_mut_slice())?;
        Self::from_root(&root)
    }

    fn from_root(root: &Key) -> Result<Self, VaultError> {
        let database = derived(root, b"tayori history")?;
        let database = DatabaseKey(Zeroizing::new(hex(database.as_slice())));
        Ok(Self(Arc::new(Keys { database, files: derived(root, b"tayori files")? })))
    }

    pub fn database_key(&self) -> &DatabaseKey {
        &self.0.database
    }

    /// Encrypts some bytes. They open under the same label only, so that one sealed file cannot stand in for another.
    pub fn seal(&self, label: &str, bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
        let sealed = seal(&self.0.files, label, bytes)?;
        Ok([MAGIC, &sealed].concat())
    }

    pub fn unseal(&self, label: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let opened = sealed.strip_prefix(MAGIC).and_then(|sealed| unseal(&self.0.files, label, sealed));
        opened.ok_or_else(|| VaultError::NotOurs { label: label.to_owned() })
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseKey").finish_non_exhaustive()
    }
}

/// A passphrase as it counts: however it was typed, full-width or half-width, composed or not.
fn normal(passphrase: &str) -> Result<Zeroizing<String>, VaultError> {
    let normal: Zeroizing<String> = Zeroizing::new(passphrase.nfkc().collect());
    if normal.chars().count() < LEAST_PASSPHRASE {
        return Err(VaultError::ShortPassphrase { least: LEAST_PASSPHRASE });
    }
    Ok(normal)
}

fn derived(root: &Key, what: &[u8]) -> Result<Key, VaultError> {
    let mut key = Key::default();
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"tayori vault 1")
        .extract(root.as_slice())
        .expand(&[what], hkdf::HKDF_SHA256)?
        .fill(key.as_mut_slice())?;
    Ok(key)
}

/// Nonce, then AES-256-GCM, tag last.
fn seal(key: &Key, label: &str, bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
    // Room for the tag from the start, or a copy of the plain bytes stays behind where the vector grew from.
    let mut sealed = Vec::with_capacity(bytes.len() + TAG);
    sealed.extend_from_slice(bytes);
    let nonce = RandomizedNonceKey::new(&AES_256_GCM, key.as_slice())?
        .seal_in_place_append_tag(Aad::from(label.as_bytes()), &mut sealed)?;
    Ok([nonce.as_ref().as_slice(), &sealed].concat())
}

fn unseal(key: &Key, label: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let plain = RandomizedNonceKey::new(&AES_256_GCM, key.as_slice())
        .ok()?
        .open_in_place(Nonce::try_assume_unique_for_key(nonce).ok()?, Aad::from(label.as_bytes()), &mut bytes)
        .ok()?
        .len();
    bytes.truncate(plain);
    Some(bytes)
}

#[cfg(test)]
mod tests;
