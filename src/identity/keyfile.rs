//! Private keys on the disk: sealed by the profile's vault, never plain.
//!
//! | name given | on the disk |
//! |---|---|
//! | `office-key.pem` | `office-key.sealed`: the PEM text, encrypted |
//!
//! A plain `.pem` of an older version, or one that a person put there, is sealed at the first look, and then wiped as far as that can
//! be: a disk that writes elsewhere than it was told (every SSD does) may keep the old bytes for a while.

use std::fs;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::files::{self, FileError, Staged};
use super::vault::{Vault, VaultError};

const PEM_KEY: &[u8] = b"PRIVATE KEY-----";

/// What went wrong with a key file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// The key file's text. A missing one is told under the name given.
pub(crate) fn read(vault: &Vault, path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    // A plain one is newer than the sealed one beside it: we were cut off between the two, or somebody put it there.
    take_over(vault, path)?;
    let sealed = files::read(&sealed_name(path)).map_err(|error| match error {
        FileError::Missing { .. } => FileError::Missing { path: path.to_owned() },
        other => other,
    })?;
    Ok(vault.unseal(&label(path), &sealed)?)
}

/// Writes a key file beside its final place.
pub(crate) fn stage(vault: &Vault, path: &Path, text: &[u8]) -> Result<Staged, KeyFileError> {
    // Otherwise a plain one from before would be taken for a newer one.
    take_over(vault, path)?;
    stage_sealed(vault, path, text)
}

/// Removes a key file.
pub(crate) fn remove(path: &Path) -> Result<(), FileError> {
    let failed = |source| FileError::Write { path: path.to_owned(), source };
    wipe(path).map_err(failed)?;
    match fs::remove_file(sealed_name(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    }
}

/// Where the key of this name really lies.
pub(crate) fn sealed_name(path: &Path) -> PathBuf {
    path.with_extension("sealed")
}

fn take_over(vault: &Vault, path: &Path) -> Result<(), KeyFileError> {
    let plain = match files::read(path) {
        Err(FileError::Missing { .. }) => return Ok(()),
        read => Zeroizing::new(read?),
    };
    if !is_key(&plain) && sealed_name(path).exists() {
        // What is left of one that was being wiped.
        return Ok(wipe(path).map_err(|source| FileError::Write { path: path.to_owned(), source })?);
    }
    stage_sealed(vault, path, &plain)?.commit()?;
    wipe(path).map_err(|source| FileError::Write { path: path.to_owned(), source })?;
    tracing::info!("a key file was sealed in place");
    Ok(())
}

fn is_key(text: &[u8]) -> bool {
    text.windows(PEM_KEY.len()).any(|part| part == PEM_KEY)
}

fn stage_sealed(vault: &Vault, path: &Path, text: &[u8]) -> Result<Staged, KeyFileError> {
    let sealed = vault.seal(&label(path), text)?;
    Ok(files::stage(&sealed_name(path), &sealed)?)
}

/// The file's name without what it lies in: a profile may be moved.
fn label(path: &Path) -> String {
    format!("key {}", path.file_stem().unwrap_or_default().to_string_lossy())
}

/// Overwrites a file before it is removed.
pub(crate) fn wipe(path: &Path) -> io::Result<()> {
    let mut file = match fs::File::options().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut left = file.metadata()?.len();
    file.rewind()?;
    let zeros = [0; 64 * 1024];
    while left > 0 {
        let count = zeros.len().min(usize::try_from(left).unwrap_or(zeros.len()));
        file.write_all(zeros.get(..count).unwrap_or(&zeros))?;
        left -= count as u64;
    }
    file.sync_all()?;
    drop(file);
    fs::remove_file(path)
}
