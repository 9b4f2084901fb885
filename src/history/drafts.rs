//! What the outgoing folders hold, remembered by content, and the drafts made of it.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rusqlite::params;

use super::lists::parsed;
use super::{History, HistoryError, Named as _, from_json, to_json, to_time};
use crate::standard::{Finding, OfficeNumber};

/// A file of an outgoing folder, as it was when it was taken note of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingFile {
    pub path: PathBuf,
    /// Base name, as it will travel.
    pub name: String,
    /// `None` where the name tells none.
    pub receiver: Option<OfficeNumber>,
    pub size: u64,
    pub modified: Option<SystemTime>,
    pub sha256: String,
    pub seen_at: Timestamp,
    /// What speaks against a name that tells no receiver.
    pub against: Vec<Finding>,
}

/// A stored draft. What is in the bundle is the engine's affair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDraft<T> {
    pub receiver: OfficeNumber,
    pub at: Timestamp,
    pub content: String,
    pub bundle: T,
}

/// Content that went, or is about to go, to its receiver; what the receiver had to refuse never arrived.
const WENT: &str = "EXISTS (SELECT 1 FROM file JOIN parcel ON parcel.id = file.parcel
     WHERE file.sha256 = outgoing_file.sha256 AND file.name = outgoing_file.name AND direction = 'out'
     AND partner = coalesce(outgoing_file.receiver, partner) AND withdrawn_at IS NULL AND refused_at IS NULL";

impl History {
    /// Takes note of files that are whole. The same content at the same place stays as it was first seen.
    pub fn note_outgoing(&mut self, files: &[OutgoingFile]) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        for file in files {
            let against = to_json(&file.against)?;
            transaction
                .prepare_cached(
                    "INSERT INTO outgoing_file (path, name, receiver, size, modified, sha256, seen_at, against)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                     ON CONFLICT (path) DO UPDATE SET size = ?4, modified = ?5, sha256 = ?6,
                         seen_at = CASE WHEN sha256 = ?6 THEN seen_at ELSE ?7 END,
                         dismissed = CASE WHEN sha256 = ?6 THEN dismissed ELSE 0 END",
                )
                .and_then(|mut insert| {
                    insert.execute(params![
                        file.path.to_string_lossy(),
                        file.name,
                        file.receiver.as_ref().map(OfficeNumber::as_str),
                        file.size,
                        file.modified.and_then(to_nanos),
                        file.sha256,
                        file.seen_at.as_millisecond(),
                        against
                    ])
                })
                .named("note outgoing")?;
        }
        transaction.commit().named("note outgoing")
    }

    /// Files that are not in their folder any more.
    pub fn forget_outgoing(&mut self, paths: &[PathBuf]) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        for path in paths {
            transaction
                .execute("DELETE FROM outgoing_file WHERE path = ?1", [path.to_string_lossy()])
                .named("forget outgoing")?;
        }
        transaction.commit().named("forget outgoing")
    }

    /// All files that were taken note of.
    pub fn outgoing_files(&self) -> Result<Vec<OutgoingFile>, HistoryError> {
        self.outgoing_where("TRUE ORDER BY path")
    }

    /// Files that wait to be sent: they have a receiver, did not go to it yet, and nobody dismissed them.
    pub fn outgoing_waiting(&self) -> Result<Vec<OutgoingFile>, HistoryError> {
        self.outgoing_where(&format!("receiver IS NOT NULL AND NOT dismissed AND NOT {WENT}) ORDER BY receiver, path"))
    }

    /// Files that name no receiver and went to nobody: a person has to say whose they are.
    pub fn outgoing_without_receiver(&self) -> Result<Vec<OutgoingFile>, HistoryError> {
        self.outgoing_where(&format!("receiver IS NULL AND NOT dismissed AND NOT {WENT}) ORDER BY path"))
    }

    /// Files that the hub has.
    pub fn outgoing_accepted(&self) -> Result<Vec<OutgoingFile>, HistoryError> {
        self.outgoing_where(&format!("receiver IS NOT NULL AND {WENT} AND accepted_at IS NOT NULL) ORDER BY path"))
    }

    /// What waits for this receiver is not wanted; it does not come back unless its content changes.
    pub fn dismiss_outgoing(&mut self, receiver: OfficeNumber) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        transaction
            .execute(
                &format!("UPDATE outgoing_file SET dismissed = 1 WHERE receiver = ?1 AND NOT {WENT})"),
                [receiver.as_str()],
            )
            .and_then(|_| transaction.execute("DELETE FROM draft WHERE receiver = ?1", [receiver.as_str()]))
            .named("dismiss draft")?;
        transaction.commit().named("dismiss draft")
    }

    /// These files went in another form: as they lie there they are not wanted any more, unless they change.
    pub fn dismiss_outgoing_files(&mut self, paths: &[PathBuf]) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        for path in paths {
            transaction
                .execute("UPDATE outgoing_file SET dismissed = 1 WHERE path = ?1", [path.to_string_lossy()])
                .named("dismiss files")?;
        }
        transaction.commit().named("dismiss files")
    }

    fn outgoing_where(&self, clause: &str) -> Result<Vec<OutgoingFile>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!(
                "SELECT path, name, receiver, size, modified, sha256, seen_at, against FROM outgoing_file WHERE {clause}"
            ))
            .named("outgoing files")?;
        let mut rows = statement.query([]).named("outgoing files")?;
        let mut files = Vec::new();
        while let Some(row) = rows.next().named("outgoing files")? {
            let receiver: Option<String> = row.get(2).named("outgoing files")?;
            files.push(OutgoingFile {
                path: PathBuf::from(row.get::<_, String>(0).named("outgoing files")?),
                name: row.get(1).named("outgoing files")?,
                receiver: receiver.is_some().then(|| parsed(row, 2)).transpose()?,
                size: row.get(3).named("outgoing files")?,
                modified: row.get::<_, Option<i64>>(4).named("outgoing files")?.and_then(of_nanos),
                sha256: row.get(5).named("outgoing files")?,
                seen_at: to_time(row.get(6).named("outgoing files")?)?,
                against: from_json(&row.get::<_, String>(7).named("outgoing files")?, "findings of a name")?,
            });
        }
        Ok(files)
    }

    /// The drafts, newest first.
    pub fn drafts<T: serde::de::DeserializeOwned>(&self) -> Result<Vec<StoredDraft<T>>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT receiver, at, content, bundle FROM draft ORDER BY at DESC, receiver")
            .named("drafts")?;
        let mut rows = statement.query([]).named("drafts")?;
        let mut drafts = Vec::new();
        while let Some(row) = rows.next().named("drafts")? {
            drafts.push(StoredDraft {
                receiver: parsed(row, 0)?,
                at: to_time(row.get(1).named("drafts")?)?,
                content: row.get(2).named("drafts")?,
                bundle: from_json(&row.get::<_, String>(3).named("drafts")?, "a draft")?,
            });
        }
        Ok(drafts)
    }

    /// What each draft was made of.
    pub fn draft_contents(&self) -> Result<Vec<(OfficeNumber, String)>, HistoryError> {
        let mut statement = self.connection.prepare_cached("SELECT receiver, content FROM draft").named("drafts")?;
        let mut rows = statement.query([]).named("drafts")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("drafts")? {
            found.push((parsed(row, 0)?, row.get(1).named("drafts")?));
        }
        Ok(found)
    }

    pub fn keep_draft(&mut self, draft: &StoredDraft<impl serde::Serialize>) -> Result<(), HistoryError> {
        let bundle = to_json(&draft.bundle)?;
        self.connection
            .prepare_cached(
                "INSERT INTO draft (receiver, at, content, bundle) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (receiver) DO UPDATE SET at = ?2, content = ?3, bundle = ?4",
            )
            .and_then(|mut insert| {
                insert.execute(params![draft.receiver.as_str(), draft.at.as_millisecond(), draft.content, bundle])
            })
            .named("keep draft")
            .map(|_| ())
    }

    pub fn drop_draft(&mut self, receiver: OfficeNumber) -> Result<(), HistoryError> {
        self.connection
            .execute("DELETE FROM draft WHERE receiver = ?1", [receiver.as_str()])
            .named("drop draft")
            .map(|_| ())
    }
}

fn to_nanos(time: SystemTime) -> Option<i64> {
    let after = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(after.as_nanos()).ok()
}

fn of_nanos(nanos: i64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(u64::try_from(nanos).ok()?))
}
