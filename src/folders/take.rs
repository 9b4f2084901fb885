//! Takes files out of a folder that another program may be writing to.
//!
//! A file counts as whole when its size and time stood still for a while: its own time may say so at once, and it is
//! looked at again after reading. That alone does not tell a program that keeps the file open and pauses, and Windows
//! may note the time only when the file is closed; so there it is opened for us alone, which fails while anyone else has
//! it open. Nothing is moved or deleted.

use std::collections::VecDeque;
use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::{PUT_AWAY, failure_of};
use crate::history::Failure;

/// Most files one look at a folder returns, and how deep it goes: more is a mistake of whoever chose the folder.
pub(super) const MOST_FILES: usize = 20_000;
const DEEPEST: usize = 5;

/// How patient we are with a file that still changes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// A file that did not change for so long is whole.
    pub quiet: Duration,
    /// After so long we give up for now.
    pub patience: Duration,
    /// The pause between two looks.
    pub pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { quiet: Duration::from_secs(2), patience: Duration::from_secs(15), pause: Duration::from_millis(250) }
    }
}

/// A whole file.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    pub path: PathBuf,
    /// Base name, as it will travel.
    pub name: String,
    pub bytes: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    #[error("{path} cannot be read")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} is larger than {limit} bytes")]
    TooLarge { path: PathBuf, size: u64, limit: u64 },
    #[error("{path} is still being written")]
    Unsettled { path: PathBuf },
    #[error("{path} is not a file")]
    NotAFile { path: PathBuf },
    #[error("{path} has a name that is no text")]
    Name { path: PathBuf },
    #[error("{path} and what follows was not looked at: more than {limit} files")]
    TooMany { path: PathBuf, limit: usize },
    #[error("{path} was not looked into: more than {limit} folders deep")]
    TooDeep { path: PathBuf, limit: usize },
}

impl TakeError {
    /// Which file it is about.
    pub fn path(&self) -> &Path {
        match self {
            TakeError::Io { path, .. }
            | TakeError::TooLarge { path, .. }
            | TakeError::Unsettled { path }
            | TakeError::NotAFile { path }
            | TakeError::Name { path }
            | TakeError::TooMany { path, .. }
            | TakeError::TooDeep { path, .. } => path,
        }
    }

    /// The same for a user.
    pub fn failure(&self) -> Failure {
        let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        match self {
            TakeError::Io { path, source } => failure_of(source, path),
            TakeError::TooLarge { size, limit, .. } => Failure::TooLarge { size: *size, limit: *limit },
            TakeError::Unsettled { path } => Failure::FileUnsettled { name: name(path) },
            TakeError::NotAFile { path }
            | TakeError::Name { path }
            | TakeError::TooMany { path, .. }
            | TakeError::TooDeep { path, .. } => Failure::FileUnreadable { name: name(path) },
        }
    }
}

/// The files at and below these paths, in the order of their names. What cannot be listed is named in its place.
/// Files that programs keep for themselves (hidden, temporary, our own on the way) are passed over.
pub fn list(paths: &[PathBuf]) -> Vec<Result<PathBuf, TakeError>> {
    list_with_stats(paths, MOST_FILES).into_iter().map(|found| found.map(|(path, _)| path)).collect()
}

/// The same with what the file system says of each file, and with another limit.
pub(super) fn list_with_stats(paths: &[PathBuf], most: usize) -> Vec<Result<(PathBuf, Stat), TakeError>> {
    let mut found = Vec::new();
    let mut waiting: VecDeque<(PathBuf, usize)> = paths.iter().map(|path| (path.clone(), 0)).collect();
    while let Some((path, depth)) = waiting.pop_front() {
        if found.len() >= most {
            found.push(Err(TakeError::TooMany { path, limit: most }));
            break;
        }
        match fs::metadata(&path) {
            Err(source) => found.push(Err(TakeError::Io { path, source })),
            Ok(metadata) if metadata.is_dir() && depth >= DEEPEST => {
                found.push(Err(TakeError::TooDeep { path, limit: DEEPEST }));
            }
            Ok(metadata) if metadata.is_dir() => match entries(&path) {
                Ok(entries) => waiting.extend(entries.into_iter().map(|entry| (entry, depth + 1))),
                Err(source) => found.push(Err(TakeError::Io { path, source })),
            },
            Ok(metadata) if metadata.is_file() => found.push(Ok((path, Stat::of(&metadata)))),
            // A pipe, a device: nothing care software writes.
            Ok(_) if depth > 0 => {}
            Ok(_) => found.push(Err(TakeError::NotAFile { path })),
        }
    }
    found
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|p| !is_private(p))
        .collect();
    entries.sort();
    Ok(entries)
}

/// Office lock files (`~$…`), hidden files, downloads and copies that are not finished, and what was put away after it
/// was sent.
fn is_private(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    name.starts_with('.')
        || name.starts_with("~$")
        || name == PUT_AWAY
        || matches!(ending.as_str(), "tmp" | "part" | "partial" | "crdownload")
        || matches!(name.to_ascii_lowercase().as_str(), "thumbs.db" | "desktop.ini")
}

/// Reads a file once it is whole. Waits, so it belongs on a thread that may.
pub fn take(path: &Path, limit: u64, pace: Pace) -> Result<Taken, TakeError> {
    let before = wait_until_quiet(path, pace)?;
    take_as(path, before, limit)
}

/// Reads a file that was seen to stand still as `before`, now.
pub(super) fn take_as(path: &Path, before: Stat, limit: u64) -> Result<Taken, TakeError> {
    let io = |source| TakeError::Io { path: path.to_owned(), source };
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| TakeError::Name { path: path.to_owned() })?
        .to_owned();
    if before.len > limit {
        return Err(TakeError::TooLarge { path: path.to_owned(), size: before.len, limit });
    }
    let mut bytes = Vec::new();
    open_alone(path).map_err(io)?.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    // It may have begun to change again while we read.
    let after = look(path)?;
    if after == before && bytes.len() as u64 == before.len {
        Ok(Taken { path: path.to_owned(), name, bytes })
    } else {
        Err(TakeError::Unsettled { path: path.to_owned() })
    }
}

/// On Windows, only when nobody else has the file open, and so that nobody opens it while we read. Elsewhere a program
/// may keep a file open and say nothing; one that locks it is heard.
fn open_alone(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0);
    let file = options.read(true).open(path)?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        // A file system that knows no locks has none to respect.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// What tells one state of a file from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub len: u64,
    pub modified: Option<SystemTime>,
}

impl Stat {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { len: metadata.len(), modified: metadata.modified().ok() }
    }
}

pub(super) fn look(path: &Path) -> Result<Stat, TakeError> {
    let metadata: Metadata = fs::metadata(path).map_err(|source| TakeError::Io { path: path.to_owned(), source })?;
    if !metadata.is_file() {
        return Err(TakeError::NotAFile { path: path.to_owned() });
    }
    Ok(Stat::of(&metadata))
}

fn wait_until_quiet(path: &Path, pace: Pace) -> Result<Stat, TakeError> {
    let began = Instant::now();
    let mut seen = look(path)?;
    let mut since = Instant::now();
    // The file's own time may say at once that it is old. A clock that was set back makes us wait, no more.
    let age = seen.modified.and_then(|modified| SystemTime::now().duration_since(modified).ok()).unwrap_or_default();
    if age >= pace.quiet {
        return Ok(seen);
    }
    while since.elapsed() < pace.quiet {
        if began.elapsed() > pace.patience {
            return Err(TakeError::Unsettled { path: path.to_owned() });
        }
        std::thread::sleep(pace.pause);
        let now = look(path)?;
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const QUICK: Pace = Pace {
        quiet: Duration::from_millis(40),
        patience: Duration::from_millis(400),
        pause: Duration::from_millis(5),
    };

    #[test]
    fn a_file_that_keeps_growing_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("UPPLAN.CSV");
        let mut file = File::create(&path).unwrap();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let writer = std::thread::spawn(move || {
            while stopped.recv_timeout(Duration::from_millis(10)).is_err() {
                file.write_all(b"row\r\n").unwrap();
            }
        });
        let taken = take(&path, 1 << 20, QUICK);
        stop.send(()).unwrap();
        writer.join().unwrap();
        assert!(matches!(taken, Err(TakeError::Unsettled { .. })), "{taken:?}");
        assert!(take(&path, 1 << 20, QUICK).is_ok(), "once the writer has ended it is whole");
    }

    #[test]
    fn a_vanished_file_a_folder_and_a_large_file_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let gone = take(&dir.path().join("gone.CSV"), 10, QUICK).unwrap_err();
        assert_eq!(gone.failure(), Failure::FileMissing { name: "gone.CSV".into() });
        assert!(matches!(take(dir.path(), 10, QUICK), Err(TakeError::NotAFile { .. })));
        let large = dir.path().join("large.CSV");
        fs::write(&large, [0; 11]).unwrap();
        assert_eq!(take(&large, 10, QUICK).unwrap_err().failure(), Failure::TooLarge { size: 11, limit: 10 });
    }

    #[test]
    fn listing_goes_into_folders_and_passes_over_what_programs_keep_for_themselves() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("5月")).unwrap();
        for name in ["b.CSV", "5月/a.CSV", ".hidden", "~$lock.CSV", "half.part", "Thumbs.db"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        let names: Vec<_> = list(&[dir.path().to_owned(), dir.path().join("not there")])
            .into_iter()
            .map(|found| found.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).ok())
            .collect();
        assert_eq!(names, [None, Some("b.CSV".to_owned()), Some("a.CSV".to_owned())]);
    }

    #[test]
    fn a_listing_that_ends_early_says_where() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("1/2/3/4/5/6");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("deep.CSV"), "x").unwrap();
        for name in ["a.CSV", "b.CSV", "c.CSV"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        let listed = list(&[dir.path().to_owned()]);
        assert_eq!(listed.len(), 4, "{listed:?}");
        let too_deep = listed.last().unwrap().as_ref().unwrap_err();
        assert!(matches!(too_deep, TakeError::TooDeep { limit: 5, .. }), "{too_deep}");
        assert_eq!(too_deep.failure(), Failure::FileUnreadable { name: "5".into() });

        let cut = list_with_stats(&["a.CSV", "b.CSV", "c.CSV"].map(|name| dir.path().join(name)), 2);
        assert_eq!(cut.len(), 3, "{cut:?}");
        let too_many = cut.last().unwrap().as_ref().unwrap_err();
        assert!(matches!(too_many, TakeError::TooMany { limit: 2, .. }), "{too_many}");
        assert_eq!(too_many.failure(), Failure::FileUnreadable { name: "c.CSV".into() });
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_another_program_has_open_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("UPPLAN.CSV");
        let writer = File::create(&path).unwrap();
        let locked = take(&path, 10, QUICK).unwrap_err();
        assert_eq!(locked.failure(), Failure::FileLocked { name: "UPPLAN.CSV".into() });
        drop(writer);
        assert!(take(&path, 10, QUICK).is_ok());
    }
}
