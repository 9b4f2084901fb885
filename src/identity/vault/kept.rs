//! `vault.toml`: how a vault's key is kept, and nothing that opens it.

use std::fs;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::super::files::{self, FileError};
use super::keyring::KeyPlace;
use super::{Key, Unlock, Vault, VaultError, normal, seal, unseal};

pub const FILE: &str = "vault.toml";

/// How much work it is to try one passphrase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    memory_kib: u32,
    passes: u32,
}

impl Stretch {
    /// RFC 9106, the second recommended choice, in one lane.
    pub(super) const FULL: Self = Self { memory_kib: 64 * 1024, passes: 3 };
    /// No work at all.
    pub(super) const LEAST: Self = Self { memory_kib: 8, passes: 1 };
}

/// A file that asks for more was not written by us, and would only keep the PC busy.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 20;
/// How many files may point at one another.
const FARTHEST: usize = 4;

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kept", rename_all = "kebab-case")]
pub(super) enum Kept {
    /// The key lies in the system's keyring under this id.
    Keyring { id: String, check: String },
    /// The key is sealed here under a key that is derived from a passphrase by argon2id.
    Passphrase { id: String, memory_kib: u32, passes: u32, salt: String, sealed: String },
    /// Another folder's vault, seen from the folder this file is in.
    Elsewhere { at: PathBuf },
}

impl Kept {
    /// The file that counts for a folder, and its path.
    pub(super) fn find(dir: &Path) -> Result<(PathBuf, Kept), VaultError> {
        let mut dir = dir.to_owned();
        for _ in 0..FARTHEST {
            let path = dir.join(FILE);
            let kept = Self::read(&path)?;
            match kept {
                Kept::Elsewhere { at } => dir = dir.join(at),
                kept => return Ok((fs::canonicalize(&path).unwrap_or(path), kept)),
            }
        }
        Err(VaultError::Broken { path: dir.join(FILE), reason: "it leads nowhere".into() })
    }

    fn read(path: &Path) -> Result<Kept, VaultError> {
        let text = match files::read(path) {
            Err(FileError::Missing { path }) => return Err(VaultError::Missing { path }),
            read => read?,
        };
        let broken = |reason: String| VaultError::Broken { path: path.to_owned(), reason };
        let text = std::str::from_utf8(&text).map_err(|error| broken(error.to_string()))?;
        toml::from_str(text).map_err(|error| broken(error.message().to_owned()))
    }

    pub(super) fn write_new(&self, path: &Path) -> Result<(), FileError> {
        let failed = |reason: String| FileError::Write { path: path.to_owned(), source: std::io::Error::other(reason) };
        let text = toml::to_string(self).map_err(|error| failed(error.to_string()))?;
        files::stage(path, text.as_bytes())?.commit_new()
    }

    pub(super) fn id(&self) -> &str {
        match self {
            Kept::Keyring { id, .. } | Kept::Passphrase { id, .. } => id,
            Kept::Elsewhere { .. } => "",
        }
    }

    /// Puts a new key into a keyring.
    pub(super) fn in_keyring(root: &Key, place: &dyn KeyPlace) -> Result<Kept, VaultError> {
        let id = new_id();
        let check = seal(&Vault::from_root(root)?.0.files, &check_label(&id), b"")?;
        place.keep(&id, root.as_slice())?;
        Ok(Kept::Keyring { id, check: STANDARD.encode(check) })
    }

    pub(super) fn under_passphrase(root: &Key, passphrase: &str, stretch: Stretch) -> Result<Kept, VaultError> {
        let (id, mut salt) = (new_id(), [0; 16]);
        aws_lc_rs::rand::fill(&mut salt)?;
        let Stretch { memory_kib, passes } = stretch;
        let key = stretched(passphrase, &salt, stretch)?;
        let sealed = seal(&key, &id, root.as_slice())?;
        let [salt, sealed] = [salt.as_slice(), &sealed].map(|bytes| STANDARD.encode(bytes));
        Ok(Kept::Passphrase { id, memory_kib, passes, salt, sealed })
    }

    pub(super) fn elsewhere(at: &Path) -> Kept {
        Kept::Elsewhere { at: at.to_owned() }
    }

    /// The key itself.
    pub(super) fn root(&self, path: &Path, unlock: &Unlock) -> Result<Key, VaultError> {
        let broken = |reason: &str| VaultError::Broken { path: path.to_owned(), reason: reason.to_owned() };
        let decoded = |text: &str| STANDARD.decode(text).map_err(|_| broken("it is damaged"));
        match self {
            Kept::Keyring { id, .. } => {
                key_of(&unlock.place().take(id)?).ok_or_else(|| broken("the keyring holds something else"))
            }
            Kept::Passphrase { id, memory_kib, passes, salt, sealed } => {
                if *memory_kib > MOST_MEMORY_KIB || *passes > MOST_PASSES {
                    return Err(broken("it asks for too much"));
                }
                let passphrase = unlock.given_passphrase().ok_or(VaultError::Locked { path: path.to_owned() })?;
                // One that is too short to have been chosen is wrong.
                let passphrase = normal(&passphrase).map_err(|_| VaultError::WrongPassphrase)?;
                let stretch = Stretch { memory_kib: *memory_kib, passes: *passes };
                let key = stretched(&passphrase, &decoded(salt)?, stretch).map_err(|_| broken("it is damaged"))?;
                let root = unseal(&key, id, &decoded(sealed)?).ok_or(VaultError::WrongPassphrase)?;
                key_of(&root).ok_or_else(|| broken("it is damaged"))
            }
            Kept::Elsewhere { .. } => Err(broken("it leads nowhere")),
        }
    }

    /// Whether the key that was found is this vault's: with another one, all that is here would look damaged.
    pub(super) fn check(&self, path: &Path, vault: &Vault) -> Result<(), VaultError> {
        let Kept::Keyring { id, check } = self else { return Ok(()) };
        let opened = STANDARD.decode(check).ok().and_then(|check| unseal(&vault.0.files, &check_label(id), &check));
        let other = || VaultError::Broken { path: path.to_owned(), reason: "the keyring holds another key".into() };
        opened.map(|_| ()).ok_or_else(other)
    }
}

fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn check_label(id: &str) -> String {
    format!("check {id}")
}

fn key_of(bytes: &[u8]) -> Option<Key> {
    bytes.try_into().ok().map(Zeroizing::new)
}

fn stretched(passphrase: &str, salt: &[u8], stretch: Stretch) -> Result<Key, VaultError> {
    let params = Params::new(stretch.memory_kib, stretch.passes, 1, Some(32)).map_err(|_| VaultError::Crypto)?;
    let mut key = Key::default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| VaultError::Crypto)?;
    Ok(key)
}
