//! The folders of the care software: take files when they are whole, deliver without overwriting.

mod away;
mod deliver;
mod distant;
mod take;
mod watch;

use std::io;
use std::path::Path;

pub use away::put_away;
pub use deliver::{PublishError, Staged, beside, stage};
pub use distant::is_distant;
pub use take::{Pace, Stat, TakeError, Taken, list, take};
pub use watch::{Look, Trouble, Watch, WatchPace};

use crate::held::{self, Held};
use crate::history::Failure;

/// Where files go that were sent, when the user wants them out of the way. Nothing in it is looked at again.
const PUT_AWAY: &str = "送信済";

/// Sorts an error of the file system into what a person can do something about.
pub fn failure_of(error: &io::Error, path: &Path) -> Failure {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    match error.raw_os_error().filter(|_| cfg!(windows)).and_then(held::of_windows) {
        Some(Held::ByProgram) => return Failure::FileLocked { name },
        Some(Held::ByCloud) => return Failure::FileInCloud { name },
        None => {}
    }
    match error.kind() {
        io::ErrorKind::NotFound => Failure::FileMissing { name },
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Failure::FileNotPermitted { name },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Failure::DiskFull,
        io::ErrorKind::ResourceBusy | io::ErrorKind::ExecutableFileBusy | io::ErrorKind::WouldBlock => {
            Failure::FileLocked { name }
        }
        io::ErrorKind::AlreadyExists => Failure::NameTaken { name },
        _ => Failure::FileUnreadable { name },
    }
}
