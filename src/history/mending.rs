//! What is done about a damaged history: it is set aside, never deleted, and what can still be read is brought into a new one.
//!
//! Every page of the file carries a seal of its own (SQLCipher's HMAC), so that damage is never taken for data: a row that
//! can be read is as it was written. What cannot be read, the hub has: the new history begins at the cursors' start, and the
//! next rounds fetch what is missing. Only what the hub never had (a parcel that waited to be sent) may be lost, and the
//! user is told to look.
//!
//! | step | after a crash there |
//! |---|---|
//! | `history.db.damaged` says under which name the file goes aside | it is looked at again, from here on |
//! | `history.db`, then `-wal`, are renamed to that name | the rest is renamed |
//! | `history.db.new` is filled with what can be read | it is made anew |
//! | it becomes `history.db` | the note is removed |
//! | `history.db.damaged` is removed | |

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, types::Value};

use super::opening::{beside, connect, damage_of, migrate, remove_database, sync_folder};
use super::{HistoryError, Named as _};
use crate::identity::DatabaseKey;
use crate::sqlite::chain;

/// The note in the new history that it was mended.
const MENDED: &str = "mended";
/// The note when all of the file was last read.
const LOOKED: &str = "looked for damage";
/// How often that is done. Whatever is read in between is judged as it is read.
const LOOK_EVERY_HOURS: i64 = 24;

/// Notes the file as damaged, so that the next one who is alone with it mends it.
pub(super) fn mark(path: &Path) -> Result<(), HistoryError> {
    let marker = marker(path);
    let io = |source| HistoryError::File { path: marker.clone(), source };
    if marker.exists() {
        return Ok(());
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let at = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    // A second one within a second must not be taken for one that was set aside already.
    let mut names = (1..).map(|number: u32| match number {
        1 => format!("{stem}-damaged-{at}.db"),
        number => format!("{stem}-damaged-{at}-{number}.db"),
    });
    let name = names.find(|name| !path.with_file_name(name).exists()).unwrap_or_default();
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("."))).map_err(io)?;
    io::Write::write_all(&mut file, name.as_bytes()).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(&marker).map_err(|error| io(error.error))?;
    sync_folder(&marker).map_err(io)
}

pub(super) fn is_marked(path: &Path) -> bool {
    marker(path).exists()
}

fn marker(path: &Path) -> PathBuf {
    beside(path, "damaged")
}

/// Whether an error of SQLite's says that the file is not what was written.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Puts a new history in the place of one that is noted as damaged. The caller is alone with it.
pub(super) fn mend(path: &Path, key: &DatabaseKey) -> Result<(), HistoryError> {
    let io = |source| HistoryError::File { path: path.to_owned(), source };
    let name = fs::read_to_string(marker(path)).map_err(io)?;
    // The note itself may be damaged; a name must not lead out of the folder.
    let name = Path::new(name.trim()).file_name().map_or_else(|| "history-damaged.db".into(), ToOwned::to_owned);
    let aside = path.with_file_name(name);
    if path.exists() && !aside.exists() {
        if is_whole(path, key) {
            tracing::info!("a history that was noted as damaged is whole");
            return fs::remove_file(marker(path)).map_err(io);
        }
        fs::rename(path, &aside).map_err(io)?;
        sync_folder(path).map_err(io)?;
    }
    if !path.exists() {
        for ending in ["-wal", "-shm"] {
            let [from, to] = [path, &aside].map(|path| with_ending(path, ending));
            match fs::rename(from, to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
                _ => {}
            }
        }
        let new = beside(path, "new");
        remove_database(&new).map_err(io)?;
        {
            let mut fresh = connect(&new, key)?;
            migrate(&mut fresh, &new)?;
            bring_over(&aside, key, &fresh)?;
            fresh.close().map_err(|(_, source)| source).named("close the mended history")?;
        }
        fs::File::open(&new).and_then(|file| file.sync_all()).map_err(io)?;
        fs::rename(&new, path).map_err(io)?;
        sync_folder(path).map_err(io)?;
    }
    tracing::warn!(aside = %aside.display(), "a damaged history was set aside, and what could be read is in a new one");
    fs::remove_file(marker(path)).map_err(io)
}

fn is_whole(path: &Path, key: &DatabaseKey) -> bool {
    connect(path, key).is_ok_and(|connection| damage_of(&connection).is_ok_and(|damage| damage.is_empty()))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Fills a new history with every row of the damaged one that can be read.
fn bring_over(aside: &Path, key: &DatabaseKey, fresh: &Connection) -> Result<(), HistoryError> {
    fresh.execute_batch("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE").named("begin mending")?;
    chain::suspend(fresh).named("open the record")?;
    for table in tables(fresh)? {
        let mut rows = 0;
        // Past a damaged page the connection is of no use: a second one reads from the other end.
        for order in ["ASC", "DESC"] {
            match copy(aside, key, fresh, &table, order) {
                Ok(copied) => {
                    rows += copied;
                    break;
                }
                Err(Cut::Read(copied)) => rows += copied,
                Err(Cut::Write(error)) => return Err(error),
            }
        }
        tracing::info!(table = table.name, rows, "brought over");
    }
    chain::resume(fresh).named("close the record")?;
    tidy(fresh)?;
    fresh.execute_batch("COMMIT; PRAGMA foreign_keys = ON").named("commit mending")
}

struct TableShape {
    name: String,
    columns: Vec<String>,
    /// What its rows lie in order of.
    order: Vec<String>,
}

/// The plain tables; what an index of words consists of is made from them.
fn tables(connection: &Connection) -> Result<Vec<TableShape>, HistoryError> {
    let mut listed = connection
        .prepare("SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'")
        .named("tables")?;
    let names: Vec<(String, bool)> =
        listed.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).and_then(Iterator::collect).named("tables")?;
    let mut found = Vec::new();
    for (name, without_rowid) in names {
        let mut described =
            connection.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid").named("columns")?;
        let columns: Vec<(String, u32)> = described
            .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))
            .and_then(Iterator::collect)
            .named("columns")?;
        let mut key: Vec<_> = columns.iter().filter(|(_, place)| *place > 0).cloned().collect();
        key.sort_by_key(|(_, place)| *place);
        let order =
            if without_rowid { key.into_iter().map(|(name, _)| name).collect() } else { vec!["rowid".to_owned()] };
        found.push(TableShape { name, columns: columns.into_iter().map(|(name, _)| name).collect(), order });
    }
    Ok(found)
}

enum Cut {
    /// The damaged file ended it; so many rows were read before.
    Read(usize),
    /// The new one did.
    Write(HistoryError),
}

fn copy(aside: &Path, key: &DatabaseKey, fresh: &Connection, table: &TableShape, order: &str) -> Result<usize, Cut> {
    let mut copied = 0;
    let cut = |copied| move |_: rusqlite::Error| Cut::Read(copied);
    let damaged = connect(aside, key).map_err(|_| Cut::Read(0))?;
    let columns = table.columns.join(", ");
    let by: Vec<String> = table.order.iter().map(|column| format!("{column} {order}")).collect();
    let marks = vec!["?"; table.columns.len()].join(", ");
    let mut select =
        damaged.prepare(&format!("SELECT {columns} FROM {} ORDER BY {}", table.name, by.join(", "))).map_err(cut(0))?;
    let mut insert = fresh
        .prepare(&format!("INSERT OR IGNORE INTO {} ({columns}) VALUES ({marks})", table.name))
        .named("bring over")
        .map_err(Cut::Write)?;
    let mut rows = select.query([]).map_err(cut(0))?;
    while let Some(row) = rows.next().map_err(cut(copied))? {
        let values: Result<Vec<Value>, _> = (0..table.columns.len()).map(|column| row.get(column)).collect();
        let values = rusqlite::params_from_iter(values.map_err(cut(copied))?);
        copied += insert.execute(values).named("bring over").map_err(Cut::Write)?;
    }
    Ok(copied)
}

/// Leaves nothing that is half there: what the hub has comes back whole, and what was to be done is done again.
fn tidy(fresh: &Connection) -> Result<(), HistoryError> {
    fresh
        .execute_batch(
            "DELETE FROM parcel WHERE files > 0 AND files <> (SELECT count(*) FROM file
                 JOIN body ON body.parcel = file.parcel AND body.position = file.position WHERE file.parcel = parcel.id);
             DELETE FROM parcel WHERE direction = 'in' AND files = 0 AND message = '' AND refused_at IS NULL;
             DELETE FROM parcel WHERE direction = 'in' AND refused_at IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM refused WHERE refused.parcel = parcel.id);
             DELETE FROM body WHERE NOT EXISTS (SELECT 1 FROM file
                 WHERE file.parcel = body.parcel AND file.position = body.position);",
        )
        .named("tidy parcels")?;
    orphans(fresh)?;
    fresh
        .execute_batch(
            // Its place in the line was lost. Should the hub have it under another seal, it will say so.
            "INSERT INTO outbox (parcel, next_try_at) SELECT id, at FROM parcel WHERE direction = 'out'
                 AND accepted_at IS NULL AND failed_at IS NULL AND withdrawn_at IS NULL
                 AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.parcel = parcel.id);
             -- A step whose receipt was lost is signed again.
             UPDATE parcel SET imported_at = NULL WHERE direction = 'in' AND imported_at IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM receipt WHERE receipt.parcel = parcel.id AND step = 'imported');
             UPDATE parcel SET arrived_at = NULL WHERE direction = 'in' AND arrived_at IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM receipt WHERE receipt.parcel = parcel.id AND step = 'delivered');
             -- The index of words is made anew.
             DELETE FROM search_place;
             INSERT OR IGNORE INTO search_waiting (parcel) SELECT id FROM parcel;
             -- The hub's lists are read again from their beginning.
             DELETE FROM note WHERE name LIKE '%cursor%';",
        )
        .named("tidy steps")?;
    fresh.execute("INSERT OR REPLACE INTO note (name, value) VALUES (?1, ?2)", (MENDED, b"1")).named("note mending")?;
    Ok(())
}

/// Removes rows that point at a row that is not there.
fn orphans(fresh: &Connection) -> Result<(), HistoryError> {
    for table in tables(fresh)? {
        let mut listed = fresh
            .prepare("SELECT \"table\", \"from\", coalesce(\"to\", 'id') FROM pragma_foreign_key_list(?1)")
            .named("references")?;
        let references: Vec<(String, String, String)> = listed
            .query_map([&table.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .and_then(Iterator::collect)
            .named("references")?;
        for (parent, from, to) in references {
            let child = &table.name;
            fresh
                .execute(
                    &format!(
                        "DELETE FROM {child} WHERE {from} IS NOT NULL
                         AND NOT EXISTS (SELECT 1 FROM {parent} WHERE {parent}.{to} = {child}.{from})"
                    ),
                    [],
                )
                .named("remove orphans")?;
        }
    }
    Ok(())
}

/// Past a damaged page, a connection answers nothing any more. Whoever met one may have had no time to note it.
impl Drop for super::History {
    fn drop(&mut self) {
        let looked = self.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
        if looked.is_err_and(|error| is_damage(&error))
            && let Err(error) = self.mark_damaged()
        {
            tracing::warn!(%error, "a damaged history could not be noted as such");
        }
    }
}

impl super::History {
    /// Reads the whole file and says whether every page and table is as it was written. Takes a second or so for each
    /// gigabyte.
    pub fn is_whole(&self) -> Result<bool, HistoryError> {
        match damage_of(&self.connection) {
            Ok(damage) => Ok(damage.is_empty()),
            Err(error) if is_damage(&error) => Ok(false),
            Err(error) => Err(error).named("look for damage"),
        }
    }

    /// Once a day, reads the whole file. Damage where nobody has looked for months would otherwise be found when the hub
    /// has forgotten what was there.
    pub fn look_for_damage(&mut self, now: Timestamp) -> Result<(), HistoryError> {
        let last: Option<i64> = self
            .connection
            .prepare_cached("SELECT CAST(value AS INTEGER) FROM note WHERE name = ?1")
            .and_then(|mut select| select.query_row([LOOKED], |row| row.get(0)).optional())
            .named("last look for damage")?;
        let hours = last.map(|last| (now.as_millisecond() - last) / 3_600_000);
        if hours.is_some_and(|hours| (0..LOOK_EVERY_HOURS).contains(&hours)) {
            return Ok(());
        }
        if !self.is_whole()? {
            return Err(HistoryError::Damaged);
        }
        let now = now.as_millisecond().to_string();
        self.connection
            .execute("INSERT OR REPLACE INTO note (name, value) VALUES (?1, ?2)", (LOOKED, now.as_bytes()))
            .named("note the look for damage")
            .map(|_| ())
    }

    /// Notes that the file is damaged; it is mended when it is next opened and nobody else has it open.
    pub fn mark_damaged(&self) -> Result<(), HistoryError> {
        match self.connection.path() {
            Some(path) => mark(Path::new(path)),
            None => Ok(()),
        }
    }

    /// Whether it was mended since somebody last asked.
    pub fn take_mended(&mut self) -> Result<bool, HistoryError> {
        let noted = self
            .connection
            .prepare_cached("SELECT 1 FROM note WHERE name = ?1")
            .and_then(|mut select| select.query_row([MENDED], |_| Ok(())).optional())
            .named("was it mended")?;
        if noted.is_none() {
            return Ok(false);
        }
        self.connection.execute("DELETE FROM note WHERE name = ?1", [MENDED]).named("take mended").map(|rows| rows > 0)
    }
}
