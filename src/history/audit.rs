//! The record of what was done at this terminal: who, when, what, with what result. Only ever added to.
//!
//! A line is written in the transaction of what it records. Who did it is the user who is logged in; what the program did
//! by itself has no user. `result` is `done` or the code of a failure.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::{History, HistoryError, Named as _};
use crate::sqlite::chain::{self, Entry, Fault, Head, Line};

/// The note that holds the id of the user who is logged in; whoever logs in or out keeps it.
pub const LOGIN_USER: &str = "login user";
/// The note that holds this terminal's name for itself.
const TERMINAL: &str = "terminal id";

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Put into the outbox.
    Send,
    /// Files or folders were looked at before sending.
    Examine,
    /// A draft of the watched folders was put away.
    DismissDraft,
    Retry,
    Withdraw,
    /// A parcel was opened by a person.
    Open,
    /// A person said that the care software has taken the files.
    MarkImported,
    /// A person had a parcel's files put into this terminal's import folder instead of another's.
    TakeOver,
    Assign,
    Note,
    /// Something went, or came, on paper; or it did not after all.
    NotePaper,
    SaveFile,
    TrustPartner,
    Login,
    Logout,
    /// Accounts of the office were looked at or changed.
    Accounts,
    /// Terminals of the office were looked at or changed.
    Terminals,
    Setup,
    Settings,
    /// Lists were looked at by command.
    ShowLists,
    ShowPartners,
    /// The record was looked at, or checked.
    ShowAudit,
    /// The record was written into a file.
    Export,
    /// Somebody asked for an exchange with the hub.
    Exchange,
    /// What stands in the way was looked for, or a trial was sent.
    Diagnose,
    /// The support file was written.
    WriteSupport,
    Demo,
    /// What the program does by itself.
    Accepted,
    SendFailed,
    Received,
    Refused,
    /// Kept aside until a person has confirmed the partner's changed key.
    Held,
    /// Put into the import folder.
    Delivered,
    /// The care software took the files.
    Imported,
    /// A receiver's signed receipt came.
    ReceiptDelivered,
    ReceiptOpened,
    ReceiptImported,
    ReceiptRefused,
    /// A partner's key was seen for the first time and is remembered.
    PartnerKnown,
    /// A partner's key is another than the one that was remembered.
    PartnerChanged,
}

impl Action {
    /// The word in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Examine => "examine",
            Self::DismissDraft => "dismiss-draft",
            Self::Retry => "retry",
            Self::Withdraw => "withdraw",
            Self::Open => "open",
            Self::MarkImported => "mark-imported",
            Self::TakeOver => "take-over",
            Self::Assign => "assign",
            Self::Note => "note",
            Self::NotePaper => "note-paper",
            Self::SaveFile => "save-file",
            Self::TrustPartner => "trust-partner",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Accounts => "accounts",
            Self::Terminals => "terminals",
            Self::Setup => "setup",
            Self::Settings => "settings",
            Self::ShowLists => "show-lists",
            Self::ShowPartners => "show-partners",
            Self::ShowAudit => "show-audit",
            Self::Export => "export",
            Self::Exchange => "exchange",
            Self::Diagnose => "diagnose",
            Self::WriteSupport => "write-support",
            Self::Demo => "demo",
            Self::Accepted => "accepted",
            Self::SendFailed => "send-failed",
            Self::Received => "received",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::Delivered => "delivered",
            Self::Imported => "imported",
            Self::ReceiptDelivered => "receipt-delivered",
            Self::ReceiptOpened => "receipt-opened",
            Self::ReceiptImported => "receipt-imported",
            Self::ReceiptRefused => "receipt-refused",
            Self::PartnerKnown => "partner-known",
            Self::PartnerChanged => "partner-changed",
        }
    }

    /// Whether a person did it, who is named.
    fn is_a_persons(self) -> bool {
        !matches!(
            self,
            Self::Accepted
                | Self::SendFailed
                | Self::Received
                | Self::Refused
                | Self::Held
                | Self::Delivered
                | Self::Imported
                | Self::ReceiptDelivered
                | Self::ReceiptOpened
                | Self::ReceiptImported
                | Self::ReceiptRefused
                | Self::PartnerKnown
                | Self::PartnerChanged
        )
    }
}

/// What a line says of how it ended.
pub const DONE: &str = "done";

impl History {
    /// Records what has no other trace in the history. `result` is [`DONE`] or a failure's code.
    pub fn record(&mut self, action: Action, subject: &str, result: &str, now: Timestamp) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        record(&transaction, action, subject, result, now)?;
        transaction.commit().named("record")
    }

    /// The newest lines of the record, newest first.
    pub fn audit(&self, count: u32) -> Result<Vec<Line>, HistoryError> {
        chain::newest(&self.connection, count).named("audit")
    }

    /// Where the record ends.
    pub fn audit_head(&self) -> Result<Head, HistoryError> {
        chain::head(&self.connection).named("audit head")
    }

    /// Checks every line, and that the record goes through each head that was noted elsewhere.
    pub fn verify_audit(&self, noted: &[Head]) -> Result<Result<u64, Fault>, HistoryError> {
        chain::verify(&self.connection, noted).named("verify audit")
    }

    /// Writes the whole record as CSV; says how many lines, or `None` where `go_on` ended it.
    pub fn export_audit(
        &self,
        out: &mut dyn std::io::Write,
        go_on: impl FnMut(u64) -> bool,
    ) -> std::io::Result<Option<u64>> {
        chain::write_csv(&self.connection, out, go_on)
    }

    /// This terminal's name for itself towards the others and the hub: made once, by chance.
    pub fn terminal_id(&mut self) -> Result<String, HistoryError> {
        let transaction = self.begin()?;
        let id = terminal_id(&transaction)?;
        transaction.commit().named("terminal id")?;
        Ok(id)
    }
}

/// Adds a line in the transaction of what it records.
pub(super) fn record(
    transaction: &Connection,
    action: Action,
    subject: &str,
    result: &str,
    now: Timestamp,
) -> Result<(), HistoryError> {
    let who = if action.is_a_persons() { user(transaction)? } else { String::new() };
    let terminal = terminal_id(transaction)?;
    let entry = Entry { at: now, who: &who, terminal: &terminal, action: action.as_str(), subject, result };
    chain::append(transaction, &entry).named("record").map(|_| ())
}

/// The user who is logged in; empty when nobody is.
pub(super) fn user(connection: &Connection) -> Result<String, HistoryError> {
    Ok(note(connection, LOGIN_USER)?.unwrap_or_default())
}

pub(super) fn terminal_id(transaction: &Connection) -> Result<String, HistoryError> {
    if let Some(id) = note(transaction, TERMINAL)? {
        return Ok(id);
    }
    let id = Uuid::now_v7().to_string();
    transaction
        .execute("INSERT INTO note (name, value) VALUES (?1, ?2)", params![TERMINAL, id.as_bytes()])
        .named("terminal id")?;
    Ok(id)
}

pub(super) fn note(connection: &Connection, name: &str) -> Result<Option<String>, HistoryError> {
    let value: Option<Vec<u8>> = connection
        .prepare_cached("SELECT value FROM note WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
        .named("recall")?;
    Ok(value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
