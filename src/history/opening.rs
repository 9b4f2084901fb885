//! Opens the history's file, in whatever state it is: not there yet, encrypted, or plain from an older version.
//!
//! | file | what it is |
//! |---|---|
//! | `history.db` (`-wal`, `-shm`) | the history, encrypted by SQLCipher |
//! | `history.lock` | held shared by everyone who has the history open, alone by who puts another file in its place |
//! | `history.db.new` | an encrypted copy in the making |
//! | `history.db.plain` | the plain file of an older version, while it is being wiped |
//! | `history.db.damaged` | the history is damaged, see [`super::mending`] |
//!
//! Putting another file in the place of one that somebody has open would lose what that one still writes; so that is done
//! alone, and a program that cannot be alone says so.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{HistoryError, MIGRATIONS, mending};
use crate::identity::{DatabaseKey, wipe};
use crate::sqlite::{self, MigrateError};

/// How long we wait for other programs to close the history.
const PATIENCE: Duration = Duration::from_secs(10);
/// What every plain SQLite file begins with. An encrypted one begins with chance.
const PLAIN: &[u8; 16] = b"SQLite format 3\0";

/// Opens the file, makes it where there is none, takes a plain one over, and brings it to this program's schema.
pub(super) fn open(path: &Path, key: &DatabaseKey) -> Result<(Connection, InUse), HistoryError> {
    sqlite::await_cipher();
    let mut mendings = 0;
    loop {
        let in_use = InUse::shared(path)?;
        if is_settled(path)? {
            match ready(path, key) {
                // One that was mended and is damaged again lies on a disk that nothing here can mend.
                Err(error) if error.is_damaged() && mendings < 2 => {
                    mendings += 1;
                    mending::mark(path)?;
                }
                opened => return Ok((opened?, in_use)),
            }
        }
        drop(in_use);
        let _alone = InUse::alone(path)?;
        // Another program may have done it while we waited.
        if !is_settled(path)? {
            settle(path, key)?;
        }
    }
}

fn ready(path: &Path, key: &DatabaseKey) -> Result<Connection, HistoryError> {
    let mut connection = connect(path, key)?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// That the history's file is open. It stays in its place as long as this lives.
#[derive(Debug)]
pub(super) struct InUse(#[allow(dead_code, reason = "held, not read")] File);

impl InUse {
    fn shared(path: &Path) -> Result<Self, HistoryError> {
        Self::lock(path, File::try_lock_shared)
    }

    fn alone(path: &Path) -> Result<Self, HistoryError> {
        Self::lock(path, File::try_lock)
    }

    fn lock(path: &Path, lock: impl Fn(&File) -> Result<(), TryLockError>) -> Result<Self, HistoryError> {
        let path = path.with_extension("lock");
        let io = |source| HistoryError::File { path: path.clone(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        let began = Instant::now();
        loop {
            match lock(&file) {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::Error(source)) => return Err(io(source)),
                Err(TryLockError::WouldBlock) if began.elapsed() > PATIENCE => return Err(HistoryError::InUse),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

/// Whether the file can be opened as it is, and nothing plain lies about.
fn is_settled(path: &Path) -> Result<bool, HistoryError> {
    Ok(!is_plain(path)? && !beside(path, "plain").exists() && !mending::is_marked(path))
}

fn settle(path: &Path, key: &DatabaseKey) -> Result<(), HistoryError> {
    let left = beside(path, "plain");
    let io = |source| HistoryError::File { path: path.to_owned(), source };
    if mending::is_marked(path) {
        mending::mend(path, key)
    } else if is_plain(path)? {
        // A second name of the plain file itself: we were cut off before the encrypted one took its place.
        remove(&left).map_err(io)?;
        take_over(path, key, PATIENCE)
    } else {
        wipe(&left).map_err(io)
    }
}

fn is_plain(path: &Path) -> Result<bool, HistoryError> {
    let io = |source| HistoryError::File { path: path.to_owned(), source };
    let mut begins = [0; PLAIN.len()];
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => match opened.and_then(|mut file| file.read_exact(&mut begins)) {
            // Empty: made a moment ago.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read.map_err(io)?,
        },
    }
    Ok(&begins == PLAIN)
}

/// Puts an encrypted copy in the place of a plain history. Cut off anywhere, either the plain or the encrypted one is there,
/// whole.
pub(super) fn take_over(path: &Path, key: &DatabaseKey, patience: Duration) -> Result<(), HistoryError> {
    let failed = |source| HistoryError::Statement { statement: "take over the plain history", source };
    let io = |source| HistoryError::File { path: path.to_owned(), source };
    let new = beside(path, "new");
    remove_database(&new).map_err(io)?;
    {
        let plain = Connection::open(path).map_err(failed)?;
        quiet(&plain).map_err(failed)?;
        plain.busy_timeout(patience).map_err(failed)?;
        // Brings everything into the one file, and does not work while an older program has it open.
        plain.pragma_update(None, "journal_mode", "DELETE").map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => HistoryError::InUse,
            _ => failed(error),
        })?;
        plain
            .execute("ATTACH DATABASE ?1 AS new KEY ?2", [new.to_string_lossy().as_ref(), raw(key).as_str()])
            .map_err(failed)?;
        let version: i64 = plain.query_row("PRAGMA main.user_version", [], |row| row.get(0)).map_err(failed)?;
        plain.query_row("SELECT sqlcipher_export('new')", [], |_| Ok(())).map_err(failed)?;
        plain.pragma_update(Some("new"), "user_version", version).map_err(failed)?;
        plain.execute_batch("DETACH DATABASE new").map_err(failed)?;
    }
    // Read it back before it counts: every page has to carry our key's seal.
    let copy = connect(&new, key)?;
    let damage: Vec<String> = damage_of(&copy).map_err(failed)?;
    if !damage.is_empty() {
        return Err(HistoryError::Unreadable { what: "the encrypted copy of the history" });
    }
    copy.close().map_err(|(_, source)| failed(source))?;
    File::open(&new).and_then(|file| file.sync_all()).map_err(io)?;
    let left = beside(path, "plain");
    let kept_a_name = fs::hard_link(path, &left).is_ok();
    fs::rename(&new, path).map_err(io)?;
    sync_folder(path).map_err(io)?;
    if kept_a_name {
        wipe(&left).map_err(io)?;
    }
    tracing::info!("a plain history was taken over and is encrypted now");
    Ok(())
}

/// What is wrong with the file, page by page and table by table; nothing when it is whole. Reads all of it.
pub(super) fn damage_of(connection: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let mut found = Vec::new();
    for check in ["PRAGMA cipher_integrity_check", "PRAGMA quick_check(10)"] {
        let mut statement = connection.prepare(check)?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
        for line in lines {
            found.extend(Some(line?).filter(|line| line != "ok"));
        }
    }
    Ok(found)
}

pub(super) fn connect(path: &Path, key: &DatabaseKey) -> Result<Connection, HistoryError> {
    let open = |source| HistoryError::Open { path: path.to_owned(), source };
    let connection = Connection::open(path).map_err(open)?;
    quiet(&connection).map_err(open)?;
    connection.pragma_update(None, "key", raw(key).as_str()).map_err(open)?;
    // What does not fit into memory would lie about in plain files.
    connection.pragma_update(None, "temp_store", "MEMORY").map_err(open)?;
    sqlite::set_up(&connection, true).map_err(open)?;
    Ok(connection)
}

/// SQLCipher writes to standard error by itself; what matters comes as an error.
fn quiet(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "cipher_log_level", "NONE")
}

/// A raw key: no passphrase to be stretched by SQLCipher.
fn raw(key: &DatabaseKey) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(format!("x'{}'", key.as_hex()))
}

pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), HistoryError> {
    sqlite::migrate(connection, MIGRATIONS).map_err(|error| match error {
        MigrateError::Newer { found, known } => HistoryError::Newer { path: path.to_owned(), found, known },
        MigrateError::Statement { step, source } => HistoryError::Statement { statement: step, source },
    })
}

/// `history.db` and `plain` make `history.db.plain`.
pub(super) fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{what}"));
    name.into()
}

/// Removes a database file with what SQLite keeps beside it.
pub(super) fn remove_database(path: &Path) -> io::Result<()> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        remove(Path::new(&name))?;
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(dir) = path.parent() {
        File::open(dir)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
