//! Moves a file that was sent out of the way, when the user has chosen so: into 送信済/2026-05-01 in its folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use tempfile::TempPath;

use super::PUT_AWAY;
use crate::held;

/// So many files of one name go into one day's folder.
const MOST_ALIKE: u32 = 1_000;

/// Moves `path` into the dated folder under `folder`. Nothing is overwritten: a name that is taken gets a number.
pub fn put_away(folder: &Path, path: &Path, day: Date) -> io::Result<PathBuf> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let into = folder.join(PUT_AWAY).join(day.to_string());
    fs::create_dir_all(&into)?;
    for number in 1..MOST_ALIKE {
        let target = into.join(numbered(name, number));
        match held::patiently(|| move_to_free(path, &target)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            moved => return moved.map(|()| target),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// `a.CSV`, `a (2).CSV`, …
fn numbered(name: &str, number: u32) -> String {
    match (number, name.rsplit_once('.')) {
        (1, _) => name.to_owned(),
        (_, Some((stem, ending))) => format!("{stem} ({number}).{ending}"),
        (_, None) => format!("{name} ({number})"),
    }
}

/// A rename that fails where there is something already.
fn move_to_free(from: &Path, to: &Path) -> io::Result<()> {
    TempPath::try_from_path(from)?.persist_noclobber(to).map_err(|error| {
        // Dropped, it would delete the file, and it is not ours.
        let _ = error.path.keep();
        error.error
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_file_goes_into_the_days_folder_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let day = jiff::civil::date(2026, 5, 1);
        let mut moved = Vec::new();
        for text in ["first", "second", "third"] {
            let path = dir.path().join("UPJSK.CSV");
            fs::write(&path, text).unwrap();
            moved.push(put_away(dir.path(), &path, day).unwrap());
            assert!(!path.exists());
        }
        let expected = ["UPJSK.CSV", "UPJSK (2).CSV", "UPJSK (3).CSV"];
        assert_eq!(moved, expected.map(|name| dir.path().join("送信済/2026-05-01").join(name)));
        assert_eq!(fs::read_to_string(&moved[1]).unwrap(), "second");
        assert_eq!(super::super::list(&[dir.path().to_owned()]).len(), 0, "what was put away is not looked at again");
    }

    #[test]
    fn a_file_that_cannot_be_moved_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("UPJSK.CSV");
        fs::write(&path, "mine").unwrap();
        fs::write(dir.path().join("送信済"), "a file where the folder should be").unwrap();
        assert!(put_away(dir.path(), &path, jiff::civil::date(2026, 5, 1)).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
}
