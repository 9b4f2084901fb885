//! Puts a file into the care software's import folder: written beside under a name of ours, then renamed.
//!
//! The care software never sees half a file, and a file that is there is never overwritten. The name beside is the same
//! for every try of the same file, so that after a crash one look tells how far the last try came: it still stands there
//! when the rename did not happen, and it is gone when it did.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

/// A file that stands beside its place, whole and on the disk.
#[derive(Debug)]
pub struct Staged {
    beside: PathBuf,
    target: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Another file has the name; ours stays beside.
    #[error("{0} is there already")]
    Taken(PathBuf),
    #[error("{path} cannot be put in place")]
    Io { path: PathBuf, source: io::Error },
}

/// Writes `bytes` beside `folder/name`. `tag` tells this file from every other that may get the same name.
pub fn stage(folder: &Path, name: &str, tag: &str, bytes: &[u8]) -> io::Result<Staged> {
    let staged = Staged::of(folder, name, tag);
    let written = write_whole(&staged.beside, bytes);
    if written.is_err() {
        // What is half there helps nobody, least of all a full disk.
        let _ = fs::remove_file(&staged.beside);
    }
    written.map(|()| staged)
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

impl Staged {
    /// The names only; whether the file stands there is told by [`Staged::is_beside`].
    pub fn of(folder: &Path, name: &str, tag: &str) -> Self {
        Self { beside: folder.join(format!(".tayori-{tag}.part")), target: folder.join(name) }
    }

    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Whether the file still stands beside its place: it was not put there yet.
    pub fn is_beside(&self) -> bool {
        self.beside.exists()
    }

    /// Gives the file its name, unless another file has it.
    pub fn publish(&self) -> Result<(), PublishError> {
        let io = |source| PublishError::Io { path: self.target.clone(), source };
        let file = File::open(&self.beside).map_err(io)?;
        let beside = TempPath::try_from_path(&self.beside).map_err(io)?;
        match NamedTempFile::from_parts(file, beside).persist_noclobber(&self.target) {
            Ok(_) => {
                sync_folder(&self.target);
                Ok(())
            }
            Err(error) => {
                let taken = error.error.kind() == io::ErrorKind::AlreadyExists;
                // Dropping it would delete what a later try still needs to see.
                let _ = error.file.keep();
                Err(if taken { PublishError::Taken(self.target.clone()) } else { io(error.error) })
            }
        }
    }

    /// Takes the file beside away again.
    pub fn discard(&self) {
        let _ = fs::remove_file(&self.beside);
    }
}

/// Makes the rename itself durable, where the system knows how.
fn sync_folder(path: &Path) {
    if cfg!(unix)
        && let Some(Ok(folder)) = path.parent().map(File::open)
    {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("UPJSK.CSV");
        fs::write(&target, "theirs").unwrap();
        let staged = stage(dir.path(), "UPJSK.CSV", "1", b"ours").unwrap();
        assert!(matches!(staged.publish(), Err(PublishError::Taken(_))));
        assert_eq!(fs::read(&target).unwrap(), b"theirs");
        assert!(staged.is_beside(), "a later try goes on from here");
        fs::remove_file(&target).unwrap();
        staged.publish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"ours");
        assert!(!staged.is_beside());
    }

    #[test]
    fn after_a_crash_the_file_beside_tells_how_far_it_came() {
        let dir = tempfile::tempdir().unwrap();
        stage(dir.path(), "a.CSV", "1", b"bytes").unwrap();
        // The process ends here, and the next one looks:
        let again = Staged::of(dir.path(), "a.CSV", "1");
        assert!(again.is_beside());
        again.publish().unwrap();
        assert!(!again.is_beside() && again.target().exists());
    }

    #[test]
    fn nothing_half_written_is_left_where_a_folder_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let gone = dir.path().join("gone");
        assert_eq!(stage(&gone, "a.CSV", "1", b"bytes").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!gone.exists());
    }
}
