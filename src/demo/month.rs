//! The district's month: files some 37 offices' care software put out, carried inside the program.
//!
//! Made up by `tests/samples/make_samples.py`, which shares no code with us; `make demo-month` makes it anew.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Cursor, Read as _};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use crate::standard::{OfficeNumber, ServiceType};

static MONTH: &[u8] = include_bytes!("../../assets/demo/month.zip");

#[derive(Debug, thiserror::Error)]
pub enum MonthError {
    #[error("the month inside the program cannot be read")]
    Archive(#[from] zip::result::ZipError),
    #[error("the month's offices cannot be read: {0}")]
    Offices(String),
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: io::Error },
}

/// An office of the district.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeRow {
    pub number: OfficeNumber,
    pub service: ServiceType,
    pub name: String,
}

/// The archive: `offices.csv`, and `good/NUMBER/*` for each office that sends.
pub struct Month {
    archive: ZipArchive<Cursor<&'static [u8]>>,
}

impl Month {
    pub fn embedded() -> Result<Self, MonthError> {
        Ok(Self { archive: ZipArchive::new(Cursor::new(MONTH))? })
    }

    /// Every office, the sending ones and the others.
    pub fn offices(&self) -> Result<Vec<OfficeRow>, MonthError> {
        let mut archive = self.archive.clone();
        let mut text = String::new();
        let wrong = |what: &str| MonthError::Offices(what.to_owned());
        archive.by_name("offices.csv")?.read_to_string(&mut text).map_err(|_| wrong("not UTF-8"))?;
        // Our own file, of which we know that no name holds a comma or a quote.
        text.lines().skip(1).map(|line| office_row(line).ok_or_else(|| wrong(line))).collect()
    }

    /// Writes what an office's care software put out, once: a file that was taken away does not come back.
    pub fn put_out(&self, office: OfficeNumber, folder: &Path) -> Result<(), MonthError> {
        let done = folder.join(".put-out");
        if done.exists() {
            return Ok(());
        }
        let mut archive = self.archive.clone();
        let prefix = format!("good/{office}/");
        let names: Vec<String> = archive
            .file_names()
            .filter_map(Result::ok)
            .filter(|name| name.starts_with(&prefix))
            .map(Cow::into_owned)
            .collect();
        for name in names {
            let mut bytes = Vec::new();
            archive.by_name(&name)?.read_to_end(&mut bytes).map_err(zip::result::ZipError::from)?;
            write(&folder.join(name.trim_start_matches(&prefix)), &bytes)?;
        }
        write(&done, b"")
    }
}

fn office_row(line: &str) -> Option<OfficeRow> {
    let mut cells = line.split(',');
    let (number, service, name) = (cells.next()?, cells.next()?, cells.next()?);
    Some(OfficeRow { number: number.parse().ok()?, service: service.parse().ok()?, name: name.to_owned() })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), MonthError> {
    fs::write(path, bytes).map_err(|source| MonthError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_month_has_its_offices_and_files() {
        let month = Month::embedded().unwrap();
        let offices = month.offices().unwrap();
        assert_eq!(offices.len(), 37);
        let dir = tempfile::tempdir().unwrap();
        month.put_out(offices[0].number, dir.path()).unwrap();
        assert!(fs::read_dir(dir.path()).unwrap().count() > 100, "the planner sends to some 30 offices");
    }
}
