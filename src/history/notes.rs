//! Small things to remember: cursors, the revocation list.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{History, HistoryError, Named as _};

impl History {
    pub fn inbox_cursor(&self) -> Result<u64, HistoryError> {
        self.number("inbox cursor")
    }
    /// Only after everything before the cursor is committed.
    pub fn set_inbox_cursor(&mut self, cursor: u64) -> Result<(), HistoryError> {
        self.remember("inbox cursor", cursor.to_string().as_bytes())
    }
    pub fn sent_cursor(&self) -> Result<u64, HistoryError> {
        self.number("sent cursor")
    }
    pub fn set_sent_cursor(&mut self, cursor: u64) -> Result<(), HistoryError> {
        self.remember("sent cursor", cursor.to_string().as_bytes())
    }
    /// The largest sealed parcel the hub takes, in bytes; `None` before it said so.
    pub fn parcel_limit(&self) -> Result<Option<u64>, HistoryError> {
        Ok(Some(self.number("parcel limit")?).filter(|limit| *limit > 0))
    }
    pub fn set_parcel_limit(&mut self, bytes: u64) -> Result<(), HistoryError> {
        self.remember("parcel limit", bytes.to_string().as_bytes())
    }
    /// The revocation list as last fetched (DER). [`History::crl_tag`] is what the hub called it.
    pub fn crl(&self) -> Result<Option<Vec<u8>>, HistoryError> {
        self.recall("crl")
    }
    pub fn crl_tag(&self) -> Result<Option<String>, HistoryError> {
        let tag = self.recall("crl tag")?.filter(|tag| !tag.is_empty());
        Ok(tag.and_then(|tag| String::from_utf8(tag).ok()))
    }
    pub fn set_crl(&mut self, der: &[u8], tag: Option<&str>) -> Result<(), HistoryError> {
        self.remember_all(&[("crl", der), ("crl tag", tag.unwrap_or_default().as_bytes())])
    }

    /// Which end of our certificates people were told of last, and how near it was then.
    pub fn expiry_told(&self) -> Result<Option<String>, HistoryError> {
        Ok(self.recall("expiry told")?.and_then(|bytes| String::from_utf8(bytes).ok()))
    }
    pub fn set_expiry_told(&mut self, told: &str) -> Result<(), HistoryError> {
        self.remember("expiry told", told.as_bytes())
    }

    pub(super) fn number(&self, name: &'static str) -> Result<u64, HistoryError> {
        let Some(value) = self.recall(name)? else { return Ok(0) };
        let text = String::from_utf8(value).map_err(|_| HistoryError::Unreadable { what: name })?;
        text.parse().map_err(|_| HistoryError::Unreadable { what: name })
    }

    pub(super) fn recall(&self, name: &'static str) -> Result<Option<Vec<u8>>, HistoryError> {
        self.connection
            .prepare_cached("SELECT value FROM note WHERE name = ?1")
            .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
            .named("recall")
    }

    pub(super) fn remember(&mut self, name: &'static str, value: &[u8]) -> Result<(), HistoryError> {
        self.remember_all(&[(name, value)])
    }

    /// All of them or none.
    pub(super) fn remember_all(&mut self, notes: &[(&'static str, &[u8])]) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        for (name, value) in notes {
            remember(&transaction, name, value)?;
        }
        transaction.commit().named("remember")
    }
}

/// Keeps a note, within whatever transaction the connection is in.
pub(super) fn remember(connection: &Connection, name: &'static str, value: &[u8]) -> Result<(), HistoryError> {
    connection
        .execute(
            "INSERT INTO note (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            params![name, value],
        )
        .named("remember")
        .map(|_| ())
}
