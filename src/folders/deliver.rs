//! Puts a file into the care software's import folder: written beside under a name of ours, then renamed.
//!
//! The care software never sees half a file, and a file that is there is never overwritten. The name beside is the same
//! for every try of the same file, so that after a crash one look tells how far the last try came: it still stands there
//! when the rename did not happen, and it is gone when it did.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::held;

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

/// What names of files on their way begin with. No file may be called so in the end: it could be one that is on its way.
const OURS: &str = ".tayori-";
/// And what they end in.
const BESIDE: &str = ".part";

/// Writes `bytes` beside `folder/name`. `tag` tells this file from every other that may get the same name.
pub fn stage(folder: &Path, name: &str, tag: &str, bytes: &[u8]) -> io::Result<Staged> {
    // Windows and macOS take large and small letters for the same.
    if name.to_lowercase().starts_with(OURS) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a name of our own"));
    }
    let staged = Staged::of(folder, name, tag);
    let written = held::patiently(|| write_whole(&staged.beside, bytes));
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
        Self { beside: folder.join(format!("{OURS}{tag}{BESIDE}")), target: folder.join(name) }
    }

    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Whether the file still stands beside its place: it was not put there yet. A folder that cannot be looked into says
    /// neither.
    pub fn is_beside(&self) -> io::Result<bool> {
        self.beside.try_exists()
    }

    /// Gives the file its name, unless another file has it. One with the same bytes is not another: care software that
    /// finds it there has what it needs.
    pub fn publish(&self) -> Result<(), PublishError> {
        held::patiently_with(
            || self.publish_once(),
            |error| match error {
                PublishError::Io { source, .. } => Some(source),
                PublishError::Taken(_) => None,
            },
        )
    }

    fn publish_once(&self) -> Result<(), PublishError> {
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
                if taken && self.is_there_already().unwrap_or(false) {
                    sync_folder(&self.target);
                    return Ok(()); // what is dropped here is the file beside
                }
                // Dropping it would delete what a later try still needs to see.
                let _ = error.file.keep();
                Err(if taken { PublishError::Taken(self.target.clone()) } else { io(error.error) })
            }
        }
    }

    /// Whether the file that has the name holds our bytes.
    fn is_there_already(&self) -> io::Result<bool> {
        let ours = fs::read(&self.beside)?;
        if !fs::symlink_metadata(&self.target)?.is_file() {
            return Ok(false); // a pipe would have us wait, and a link may lead anywhere
        }
        let theirs = File::open(&self.target)?;
        let mut bytes = Vec::new();
        (&theirs).take((ours.len() as u64).saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes == ours)
    }

    /// Takes the file beside away again.
    pub fn discard(&self) {
        let _ = fs::remove_file(&self.beside);
    }
}

/// The files in a folder that stand beside their place: each with the tag it was staged under.
pub fn beside(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let tag = name.to_str().and_then(|name| name.strip_prefix(OURS)?.strip_suffix(BESIDE));
        if let Some(tag) = tag {
            found.push((folder.join(&name), tag.to_owned()));
        }
    }
    Ok(found)
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
        assert!(staged.is_beside().unwrap(), "a later try goes on from here");
        fs::remove_file(&target).unwrap();
        staged.publish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"ours");
        assert!(!staged.is_beside().unwrap());
    }

    #[test]
    fn after_a_crash_the_file_beside_tells_how_far_it_came() {
        let dir = tempfile::tempdir().unwrap();
        stage(dir.path(), "a.CSV", "1", b"bytes").unwrap();
        // The process ends here, and the next one looks:
        let again = Staged::of(dir.path(), "a.CSV", "1");
        assert!(again.is_beside().unwrap());
        fs::write(dir.path().join("b.part"), "theirs").unwrap();
        assert_eq!(beside(dir.path()).unwrap(), [(dir.path().join(".tayori-1.part"), "1".to_owned())]);
        again.publish().unwrap();
        assert!(!again.is_beside().unwrap() && again.target().exists());
    }

    #[cfg(unix)] // Windows says of such a path that it is not there
    #[test]
    fn a_folder_that_cannot_be_looked_into_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        // Where a folder should be is a file: even root may not look into it.
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(Staged::of(&dir.path().join("file"), "a.CSV", "1").is_beside().is_err());
        assert!(!Staged::of(dir.path(), "a.CSV", "1").is_beside().unwrap());
    }

    #[test]
    fn nothing_half_written_is_left_where_a_folder_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let gone = dir.path().join("gone");
        assert_eq!(stage(&gone, "a.CSV", "1", b"bytes").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!gone.exists());
    }

    #[test]
    fn the_same_file_that_is_there_already_is_ours() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("UPJSK.CSV");
        for theirs in ["our", "ours!", "ourz", ""] {
            fs::write(&target, theirs).unwrap();
            let staged = stage(dir.path(), "UPJSK.CSV", "1", b"ours").unwrap();
            assert!(matches!(staged.publish(), Err(PublishError::Taken(_))), "{theirs}");
            assert_eq!(fs::read_to_string(&target).unwrap(), theirs);
        }
        fs::write(&target, "ours").unwrap();
        stage(dir.path(), "UPJSK.CSV", "1", b"ours").unwrap().publish().unwrap();
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, [target], "nothing beside is left");
    }

    #[test]
    fn no_file_gets_a_name_of_our_own() {
        let dir = tempfile::tempdir().unwrap();
        for name in [".tayori-1.part", ".Tayori-x", ".tayori-"] {
            assert_eq!(stage(dir.path(), name, "1", b"x").unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(stage(dir.path(), ".tayori.CSV", "1", b"x").is_ok());
    }
}
