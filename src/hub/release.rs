//! The word about a newer version that this hub hands out: `release.json` in its folder, as it was signed elsewhere.
//!
//! The hub holds no key for it, so whoever takes the hub cannot make one up. Several nodes have a folder each.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use crate::identity::files::{self, FileError};
use crate::wire::SignedRelease;

const FILE: &str = "release.json";
/// Far more than any needs.
const LARGEST: usize = 16 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} is no signed note about a release", .0.display())]
    Broken(PathBuf),
}

/// Reads a signed note. Whether it counts is for those to say who have the keys.
pub fn read(path: &Path) -> Result<SignedRelease, NoteError> {
    let bytes = files::read(path)?;
    let broken = || NoteError::Broken(path.to_owned());
    if bytes.len() > LARGEST {
        return Err(broken());
    }
    serde_json::from_slice(&bytes).map_err(|_| broken())
}

/// Puts a note into a hub's folder, over what was there. A running hub finds it within a second.
pub fn put(dir: &Path, signed: &SignedRelease) -> Result<(), NoteError> {
    let path = dir.join(FILE);
    let text = serde_json::to_vec(signed).map_err(|_| NoteError::Broken(path.clone()))?;
    Ok(files::stage(&path, &text)?.commit()?)
}

/// The note in a hub's folder.
pub fn kept(dir: &Path) -> Result<Option<SignedRelease>, NoteError> {
    match read(&dir.join(FILE)) {
        Err(NoteError::File(FileError::Missing { .. })) => Ok(None),
        read => read.map(Some),
    }
}

/// Takes it away. Says whether there was one.
pub fn remove(dir: &Path) -> Result<bool, NoteError> {
    let path = dir.join(FILE);
    match std::fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(FileError::Write { path, source }.into()),
    }
}

/// What a running hub hands out.
#[derive(Debug, Default)]
pub struct Announcement {
    dir: Option<PathBuf>,
    seen: RwLock<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Time and size of the file as last read.
    file: Option<(SystemTime, u64)>,
    signed: Option<SignedRelease>,
}

impl Announcement {
    pub fn in_folder(dir: &Path) -> Self {
        let announcement = Self { dir: Some(dir.to_owned()), seen: RwLock::default() };
        announcement.look();
        announcement
    }

    /// Reads the file again if it changed.
    pub fn look(&self) {
        let Some(dir) = &self.dir else { return };
        let file = std::fs::metadata(dir.join(FILE)).ok();
        let file = file.and_then(|about| Some((about.modified().ok()?, about.len())));
        if self.seen.read().unwrap_or_else(PoisonError::into_inner).file == file {
            return;
        }
        let signed = kept(dir).unwrap_or_else(|error| {
            tracing::error!(%error, "the note about a release is not handed out");
            None
        });
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = Seen { file, signed };
    }

    pub fn signed(&self) -> Option<SignedRelease> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner).signed.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::testing::Maker;

    #[test]
    fn what_lies_in_the_folder_is_handed_out_and_nonsense_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let maker = Maker::new();
        let announcement = Announcement::in_folder(dir.path());
        assert_eq!(announcement.signed(), None);
        let (first, second) =
            (maker.says("0.2.0", "2026-11-23T00:00:00Z"), maker.says("0.10.0", "2026-11-24T00:00:00Z"));
        for signed in [first, second] {
            put(dir.path(), &signed).unwrap();
            announcement.look();
            assert_eq!(announcement.signed().as_ref(), Some(&signed));
        }
        for nonsense in ["", "{}", "[1]", &"x".repeat(LARGEST + 1)] {
            std::fs::write(dir.path().join(FILE), nonsense).unwrap();
            announcement.look();
            assert_eq!(announcement.signed(), None, "{} bytes", nonsense.len());
        }
        assert!(remove(dir.path()).unwrap() && !remove(dir.path()).unwrap());
    }
}
