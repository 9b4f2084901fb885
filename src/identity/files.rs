//! Files that are read by their owner only and never seen half-written.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::held;

/// What went wrong with which file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{} is not there", path.display())]
    Missing { path: PathBuf },
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => FileError::Missing { path: path.to_owned() },
        _ => FileError::Read { path: path.to_owned(), source },
    })
}

/// Makes a folder that only its owner enters; one that is there already is closed to others.
pub(crate) fn private_folder(dir: &Path) -> Result<(), FileError> {
    let failed = |source| FileError::Write { path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

/// A file on the disk that has no name yet. Dropped, it is gone.
pub(crate) struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

/// Writes beside the final place; the owner alone can read it from its first byte on.
pub(crate) fn stage(path: &Path, bytes: &[u8]) -> Result<Staged, FileError> {
    let failed = |source| FileError::Write { path: path.to_owned(), source };
    let dir = path.parent().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let mut file = NamedTempFile::new_in(dir).map_err(failed)?; // tempfile makes it 0600 on Unix
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    Ok(Staged { file, path: path.to_owned() })
}

impl Staged {
    /// Puts it in its place, over what was there.
    pub(crate) fn commit(self) -> Result<(), FileError> {
        let Self { file, path } = self;
        let failed = |source| FileError::Write { path: path.clone(), source };
        // A scanner may still look at what was there before, or at what has just been written.
        let mut waiting = Some(file);
        held::patiently(|| match waiting.take().map(|file| file.persist(&path)) {
            Some(Err(error)) => {
                waiting = Some(error.file);
                Err(error.error)
            }
            Some(Ok(_)) | None => Ok(()),
        })
        .map_err(failed)?;
        sync_folder(&path).map_err(failed)
    }

    /// Puts it in its place, unless something is there already.
    pub(crate) fn commit_new(self) -> Result<(), FileError> {
        let Self { file, path } = self;
        let failed = |source| FileError::Write { path: path.clone(), source };
        file.persist_noclobber(&path).map_err(|e| failed(e.error))?;
        sync_folder(&path).map_err(failed)
    }
}

/// On Unix a new name survives a power cut only when its folder was synced; Windows does it with the file.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(dir) = path.parent() {
        fs::File::open(dir)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
