//! All of a hub in one file, made while it runs, and a hub made of such a file.
//!
//! The file is a ZIP: the settings, the authority, and a copy of the store as it stood at one moment (SQLite's own backup,
//! in one read transaction, so that writers go on meanwhile). `manifest.toml` in it has the SHA-256 of everything else.
//! It holds the authority's key: whoever has the file can be the hub.
//!
//! What was accepted after the backup is not in it. A restored hub counts on from far ahead, so that no terminal's cursor
//! is beyond what is still to come: a parcel under a number that was given out before would never be seen.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::audit::{self, Actor, DONE};
use super::check::{self, Checked};
use super::home::{Home, HomeError};
use super::stores::moving;
use crate::identity::files::{self, FileError};
use crate::parcel::DigestOf;

const STORE: &str = "hub.db";
const SETTINGS: &str = "hub.toml";
const MANIFEST: &str = "manifest.toml";
/// The folders that belong to a hub.
const FOLDERS: [&str; 2] = ["ca", "external"];
/// No other file of a hub is larger.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("there is something in {} already", .0.display())]
    Exists(PathBuf),
    #[error("cannot read or write {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the store cannot be copied")]
    Store(#[from] rusqlite::Error),
    #[error("the store is kept busy by another program")]
    Busy,
    #[error("{} is no whole backup of a hub: {reason}", path.display())]
    NotABackup { path: PathBuf, reason: String },
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Home(#[from] HomeError),
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub made_at: Timestamp,
    /// Of the program that made it.
    pub version: String,
    /// How many parcels the store knew.
    pub parcels: u64,
    /// SHA-256 of each file.
    pub files: BTreeMap<String, String>,
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> BackupError + '_ {
    |source| BackupError::Io { path: path.to_owned(), source }
}

/// Makes a backup of the hub in `dir`, running or not. `file` must not be there yet; its owner alone can read it.
pub fn backup(dir: &Path, file: &Path, now: Timestamp) -> Result<Manifest, BackupError> {
    if !dir.join(SETTINGS).exists() {
        return Err(HomeError::Missing(dir.to_owned()).into());
    }
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = io_at(file);
    // Both are made readable by their owner alone, and are gone if we do not get to the end.
    let copy = tempfile::NamedTempFile::new_in(beside).map_err(&failed)?;
    copy_store(&dir.join(STORE), copy.path())?;
    let parcels = count_parcels(copy.path())?;
    let mut sealed = tempfile::NamedTempFile::new_in(beside).map_err(&failed)?;
    let mut manifest =
        Manifest { made_at: now, version: env!("CARGO_PKG_VERSION").into(), parcels, files: BTreeMap::new() };
    let mut archive = Archive { zip: ZipWriter::new(sealed.as_file_mut()), path: file };
    for (name, path) in small_files(dir)? {
        let digest = archive.add(&name, &mut File::open(&path).map_err(io_at(&path))?)?;
        manifest.files.insert(name, digest);
    }
    let digest = archive.add(STORE, &mut File::open(copy.path()).map_err(&failed)?)?;
    manifest.files.insert(STORE.into(), digest);
    let text = toml::to_string(&manifest).map_err(|error| failed(io::Error::other(error)))?;
    archive.add(MANIFEST, &mut text.as_bytes())?;
    archive.finish()?;
    sealed.as_file().sync_all().map_err(&failed)?;
    sealed.persist_noclobber(file).map_err(|error| failed(error.error))?;
    #[cfg(unix)]
    File::open(beside).and_then(|folder| folder.sync_all()).map_err(&failed)?;
    note(&dir.join(STORE), "backup", "", now)?;
    Ok(manifest)
}

/// The line of what was done. The store is not opened as a hub opens it: that would bring it to this program's schema
/// under a hub that runs.
fn note(store: &Path, action: &str, subject: &str, now: Timestamp) -> Result<(), BackupError> {
    let mut connection = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(std::time::Duration::from_secs(30))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    audit::record(&*transaction, &Actor::operator(), action, subject, DONE, now).map_err(HomeError::from)?;
    Ok(transaction.commit()?)
}

/// Makes a hub of a backup in a folder that holds none, and looks whether it is whole.
pub fn restore(file: &Path, dir: &Path, now: Timestamp) -> Result<(Manifest, Checked), BackupError> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(BackupError::Exists(dir.to_owned()));
    }
    let broken = |reason: &str| BackupError::NotABackup { path: file.to_owned(), reason: reason.to_owned() };
    let opened = File::open(file).map_err(io_at(file))?;
    let mut zip = ZipArchive::new(opened).map_err(|error| broken(&error.to_string()))?;
    let mut text = String::new();
    let manifest = zip.by_name(MANIFEST).map_err(|_| broken("it has no manifest"))?;
    manifest.take(LARGEST_FILE).read_to_string(&mut text).map_err(|error| broken(&error.to_string()))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| broken(error.message()))?;
    for needed in [SETTINGS, STORE] {
        if !manifest.files.contains_key(needed) {
            return Err(broken(&format!("it has no {needed}")));
        }
    }
    files::private_folder(dir)?;
    // The settings come last: a folder with hub.toml is a whole hub.
    let last = |name: &&String| name.as_str() == SETTINGS;
    let names = manifest.files.keys().filter(|name| !last(name)).chain(manifest.files.keys().filter(last));
    for name in names {
        let wanted = manifest.files.get(name).map(String::as_str).unwrap_or_default();
        let place = place_of(dir, name).ok_or_else(|| broken("it has a file that is none of a hub's"))?;
        let mut entry = zip.by_name(name).map_err(|_| broken(&format!("{name} is missing")))?;
        if name.as_str() == SETTINGS {
            // Everything else is in its place: from here on it is a hub, which counts on from far ahead.
            move_ahead(&dir.join(STORE))?;
        }
        if extract(&mut entry, &place)? != wanted {
            // What is there looks like a hub only when the settings are, which came last.
            let _ = fs::remove_file(&place);
            return Err(broken(&format!("{name} is damaged")));
        }
    }
    let home = Home::open(dir)?;
    note(&dir.join(STORE), "restore", &manifest.made_at.to_string(), now)?;
    let checked = check::check(&home, now).map_err(HomeError::from)?;
    Ok((manifest, checked))
}

/// The store as it stands now, in one piece.
fn copy_store(from: &Path, to: &Path) -> Result<(), BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags)?;
    source.busy_timeout(std::time::Duration::from_secs(30))?;
    let mut copy = Connection::open(to)?;
    {
        let backup = Backup::new(&source, &mut copy)?;
        // All pages in one step: one read transaction, which no writer waits for, and never a beginning anew.
        if !matches!(backup.step(-1)?, StepResult::Done) {
            return Err(BackupError::Busy);
        }
    }
    // The copy is one file, whatever the original keeps beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.close().map_err(|(_, error)| error.into())
}

fn count_parcels(store: &Path) -> Result<u64, BackupError> {
    Ok(Connection::open(store)?.query_row("SELECT count(*) FROM parcel", [], |row| row.get(0))?)
}

/// Everything of a hub but its store: the name in the archive, and the place.
fn small_files(dir: &Path) -> Result<Vec<(String, PathBuf)>, BackupError> {
    let mut found = vec![(SETTINGS.to_owned(), dir.join(SETTINGS))];
    for folder in FOLDERS {
        let path = dir.join(folder);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read.map_err(io_at(&path))?,
        };
        for entry in entries {
            let entry = entry.map_err(io_at(&path))?;
            let plain = entry.file_type().is_ok_and(|kind| kind.is_file());
            if let (true, Some(name)) = (plain, entry.file_name().to_str()) {
                found.push((format!("{folder}/{name}"), entry.path()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Where a file of an archive belongs; `None` for a name that no backup has.
fn place_of(dir: &Path, name: &str) -> Option<PathBuf> {
    let plain = |name: &str| !name.is_empty() && name != ".." && name != "." && !name.contains(['/', '\\', ':', '\0']);
    match name.split_once('/') {
        None if [SETTINGS, STORE].contains(&name) => Some(dir.join(name)),
        Some((folder, file)) if FOLDERS.contains(&folder) && plain(file) => Some(dir.join(folder).join(file)),
        _ => None,
    }
}

struct Archive<'a> {
    zip: ZipWriter<&'a mut File>,
    path: &'a Path,
}

impl Archive<'_> {
    /// Adds a file and says what its SHA-256 is. Nothing is compressed: sealed bytes do not get smaller.
    fn add(&mut self, name: &str, from: &mut impl Read) -> Result<String, BackupError> {
        let failed = io_at(self.path);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .unix_permissions(0o600)
            .large_file(true);
        self.zip.start_file(name, options).map_err(|error| failed(error.into()))?;
        copy(from, &mut self.zip).map_err(failed)
    }

    fn finish(self) -> Result<(), BackupError> {
        self.zip.finish().map(|_| ()).map_err(|error| io_at(self.path)(error.into()))
    }
}

/// Writes a file of the archive, for its owner alone, and says what its SHA-256 is.
fn extract(entry: &mut impl Read, place: &Path) -> Result<String, BackupError> {
    let failed = io_at(place);
    let folder = place.parent().unwrap_or(Path::new("."));
    files::private_folder(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(&failed)?;
    let digest = copy(entry, &mut file).map_err(&failed)?;
    file.as_file().sync_all().map_err(&failed)?;
    file.persist_noclobber(place).map_err(|error| failed(error.error))?;
    Ok(digest)
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<String> {
    let (mut digest, mut piece) = (DigestOf::default(), vec![0; 256 * 1024]);
    loop {
        let read = match from.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok(digest.hex()) };
        digest.add(bytes);
        to.write_all(bytes)?;
    }
}

/// Every number that callers follow goes on from where none of them can be yet.
fn move_ahead(store: &Path) -> Result<(), BackupError> {
    let mut connection = Connection::open(store)?;
    let transaction = connection.transaction()?;
    moving::move_ahead(&*transaction).map_err(HomeError::from)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::home::HubSettings;
    use crate::hub::{directory, mailbox};
    use crate::parcel::{ParcelId, sha256_hex};
    use crate::standard::OfficeNumber;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    async fn hub(dir: &Path) -> Home {
        let settings = HubSettings::new(vec!["127.0.0.1".into()], "127.0.0.1:0".parse().unwrap());
        let home = Home::init(dir, settings, at("2026-06-01T00:00:00Z")).unwrap();
        home.store
            .write(|c| {
                let south: OfficeNumber = "3100000002".parse().unwrap();
                let now = at("2026-06-01T00:00:00Z");
                directory::register(c, south, "43".parse().unwrap(), "南", now)?;
                directory::add_certificate(c, south, "0a", b"der", at("2028-06-01T00:00:00Z"), now)
            })
            .await
            .unwrap();
        home
    }

    async fn put(home: &Home, sealed: &'static [u8]) -> ParcelId {
        let id = ParcelId::new();
        let south = "3100000002".parse().unwrap();
        let parcel = mailbox::Incoming {
            id,
            sender: south,
            receiver: south,
            digest: sha256_hex(sealed),
            sealed: sealed.into(),
            by: Actor::hub(),
        };
        mailbox::put(&home.store, parcel, at("2026-06-02T00:00:00Z")).await.unwrap();
        id
    }

    #[tokio::test]
    async fn b3_a_restored_hub_has_what_it_had_and_counts_on_from_far_ahead() {
        let dir = tempfile::tempdir().unwrap();
        let now = at("2026-06-03T00:00:00Z");
        let (old, file, new) = (dir.path().join("old"), dir.path().join("hub.backup"), dir.path().join("new"));
        let home = hub(&old).await;
        let before = put(&home, b"before").await;
        let made = backup(&old, &file, now).unwrap();
        assert_eq!((made.parcels, made.made_at), (1, now));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "it holds a key");
        }
        put(&home, b"after").await;
        let seen = mailbox::inbox(&home.store, "3100000002".parse().unwrap(), 0).await.unwrap().next;
        let (told, checked) = restore(&file, &new, now).unwrap();
        assert_eq!(told, made);
        assert!(!checked.faults.iter().any(|fault| matches!(fault, check::Fault::RecordChanged { .. })));
        assert!(checked.record >= 3, "the record came along, and goes on: {}", checked.record);
        let restored = Home::open(&new).unwrap();
        let last = |home: &Home| home.store.read_now(|c| audit::newest(c, 1)).unwrap().remove(0);
        assert_eq!((last(&home).action.as_str(), last(&restored).action.as_str()), ("put-parcel", "restore"));
        assert_eq!(last(&restored).subject, now.to_string(), "which backup it was");
        let lines = home.store.read_now(|c| audit::newest(c, 10)).unwrap();
        assert!(lines.iter().any(|line| line.action == "backup" && line.who == "operator"), "{lines:?}");
        assert_eq!(restored.authority.certificate_pem(), home.authority.certificate_pem());
        assert_eq!(restored.settings, home.settings);
        assert!(mailbox::outside(&restored.store, before).await.unwrap().is_some());
        // Whoever had seen all of the lost hub sees what comes to the restored one.
        let later = put(&restored, b"later").await;
        let page = mailbox::inbox(&restored.store, "3100000002".parse().unwrap(), seen).await.unwrap();
        assert_eq!(page.parcels.iter().map(|entry| entry.id).collect::<Vec<_>>(), [later]);
        assert!(matches!(restore(&file, &new, now), Err(BackupError::Exists(_))), "never over a hub");
        assert!(matches!(backup(&old, &file, now), Err(BackupError::Exists(_))), "never over a backup");
    }

    #[tokio::test]
    async fn a_damaged_backup_makes_no_hub() {
        let dir = tempfile::tempdir().unwrap();
        let now = at("2026-06-03T00:00:00Z");
        let (old, file) = (dir.path().join("old"), dir.path().join("hub.backup"));
        hub(&old).await;
        backup(&old, &file, now).unwrap();
        let whole = fs::read(&file).unwrap();
        for (number, at) in (0..whole.len()).step_by(whole.len() / 40).enumerate() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x20;
            let (broken, new) = (dir.path().join("broken"), dir.path().join(format!("new{number}")));
            fs::write(&broken, &damaged).unwrap();
            // A bit in what ZIP passes over may change nothing; then all of it is there.
            if restore(&broken, &new, now).is_ok() {
                assert_eq!(fs::read(new.join("ca/ca.key")).unwrap(), fs::read(old.join("ca/ca.key")).unwrap(), "{at}");
            } else {
                assert!(!new.join("hub.toml").exists(), "{at}");
            }
        }
        fs::write(dir.path().join("cut"), &whole[..whole.len() / 2]).unwrap();
        assert!(restore(&dir.path().join("cut"), &dir.path().join("of-cut"), now).is_err());
    }

    #[test]
    fn a_file_of_an_archive_goes_nowhere_else() {
        let dir = Path::new("/hub");
        for wrong in
            ["../hub.toml", "ca/../x", "ca/..", "/etc/passwd", "ca/a/b", "ca/", "other/x", "ca\\x", "hub.db-wal"]
        {
            assert_eq!(place_of(dir, wrong), None, "{wrong}");
        }
        assert_eq!(place_of(dir, "ca/ca.key"), Some("/hub/ca/ca.key".into()));
    }
}
