//! 送受信一覧: every parcel of a span of time, with the evidence for each of its steps.

use jiff::Timestamp;

use super::evidence::ParcelLine;
use super::lists::{LINE_COLUMNS, LINE_TABLES, line_of};
use super::{History, HistoryError, Named as _, to_time};
use crate::parcel::{ReceiptStep, sha256_hex};

/// One parcel as an inspector sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterRow {
    pub line: ParcelLine,
    /// When the hub took it.
    pub accepted_at: Option<Timestamp>,
    /// When it lay in the receiver's import folder; for what came, in ours.
    pub arrived_at: Option<Timestamp>,
    pub imported_at: Option<Timestamp>,
    /// Hex SHA-256 of the sealed bytes.
    pub digest: Option<String>,
    /// The newest signed receipt that is kept: what it says, and the SHA-256 of its bytes, by which it can be shown later.
    pub receipt: Option<(ReceiptStep, String)>,
}

/// What was exchanged between two moments.
const THEN: &str = "direction IN ('in', 'out') AND parcel.at >= ?1 AND parcel.at < ?2 AND withdrawn_at IS NULL";

impl History {
    /// What was written or received from `from` on, before `until`; oldest first. What was taken back before it left is not in it.
    /// `go_on` hears how many of how many are read and may end it: `None` then.
    pub fn register(
        &self,
        from: Timestamp,
        until: Timestamp,
        mut go_on: impl FnMut(usize, usize) -> bool,
    ) -> Result<Option<Vec<RegisterRow>>, HistoryError> {
        let span = [from.as_millisecond(), until.as_millisecond()];
        let total: usize = self
            .connection
            .prepare_cached(&format!("SELECT count(*) FROM parcel WHERE {THEN}"))
            .and_then(|mut count| count.query_row(span, |row| row.get(0)))
            .named("register")?;
        let mut statement = self
            .connection
            .prepare_cached(&format!(
                "SELECT {LINE_COLUMNS}, digest, latest.step, latest.signed {LINE_TABLES}
                     LEFT JOIN receipt AS latest ON latest.parcel = parcel.id AND latest.step =
                         (SELECT step FROM receipt WHERE receipt.parcel = parcel.id ORDER BY at DESC, rowid DESC LIMIT 1)
                 WHERE {THEN} ORDER BY parcel.at, parcel.id"
            ))
            .named("register")?;
        let mut rows = statement.query(span).named("register")?;
        let mut register = Vec::with_capacity(total);
        while let Some(row) = rows.next().named("register")? {
            if !go_on(register.len(), total) {
                return Ok(None);
            }
            let time = |column: &str| -> Result<Option<Timestamp>, HistoryError> {
                row.get::<_, Option<i64>>(column).named("register")?.map(to_time).transpose()
            };
            let step: Option<String> = row.get("step").named("register")?;
            let signed: Option<Vec<u8>> = row.get("signed").named("register")?;
            let step = step.and_then(|step| step.parse::<ReceiptStep>().ok());
            register.push(RegisterRow {
                line: line_of(&self.desks, row)?,
                accepted_at: time("accepted_at")?,
                arrived_at: time("arrived_at")?,
                imported_at: time("imported_at")?,
                digest: row.get("digest").named("register")?,
                receipt: step.zip(signed.map(|signed| sha256_hex(&signed))),
            });
        }
        Ok(Some(register))
    }
}
