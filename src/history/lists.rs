//! What the faces show: the lists, and one parcel whole.

use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};

use super::evidence::{Failure, ParcelLine, State, Trail, Way};
use super::outbox::failure;
use super::relay::PassedOn;
use super::{History, HistoryError, Named as _, from_json, to_time};
use crate::desks::{Addressed, Desk, desks_of};
use crate::parcel::{Hop, ParcelId};
use crate::standard::{Checked, OfficeNumber};

/// Most rows a list carries, the newest; older ones are kept, but no list shows them.
const LIST: u32 = 5_000;

/// A parcel whole, as it is stored.
#[derive(Debug)]
pub struct Stored {
    pub line: ParcelLine,
    pub incoming: bool,
    pub message: String,
    pub checked: Checked,
    pub signer: Option<OfficeNumber>,
    pub digest: Option<String>,
    /// A word of the office's own about it.
    pub note: String,
    pub files: Vec<StoredFile>,
    pub trail: Vec<Trail>,
    /// 中継元: the parcels it passes on, oldest first.
    pub chain: Vec<Hop>,
    /// 中継先: parcels of ours that pass it on.
    pub passed_on: Vec<PassedOn>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct StoredFile {
    pub name: String,
    pub size: u64,
    pub sha256: String,
    /// Where it was delivered.
    pub path: Option<PathBuf>,
}

/// The columns of [`line_of`].
pub(super) const LINE_COLUMNS: &str =
    "parcel.id, partner, partner_name, parcel.at, read_at, files, subjects, message <> '', errors,
        warnings, direction, parcel.accepted_at, arrived_at, imported_at, refused_at, failed_at, failure,
        outbox.next_try_at, outbox.last, held.parcel IS NOT NULL,
        CASE WHEN NOT mine AND imported_at IS NULL THEN coalesce(terminal.name, '') END, nullif(assigned.value, ''),
         national.parcel IS NOT NULL, national.laid_out_at, overdue_since,
         coalesce(services, ''), coalesce(satellites, ''), coalesce(persons, '')";

/// Where they stand.
pub(super) const LINE_TABLES: &str = "FROM parcel LEFT JOIN outbox ON outbox.parcel = parcel.id
         LEFT JOIN national ON national.parcel = parcel.id
         LEFT JOIN held ON held.parcel = parcel.id
         LEFT JOIN search_place ON search_place.parcel = parcel.id
         LEFT JOIN import_claim ON import_claim.parcel = parcel.id
         LEFT JOIN terminal ON terminal.id = import_claim.holder
         LEFT JOIN mark AS assigned ON assigned.parcel = parcel.id AND assigned.kind = 'assigned'";

impl History {
    /// 受信: newest first.
    pub fn inbox(&self) -> Result<Vec<ParcelLine>, HistoryError> {
        self.lines("WHERE direction = 'in' ORDER BY parcel.at DESC, parcel.id DESC")
    }

    /// 送信済: what the hub has, newest first.
    pub fn sent(&self) -> Result<Vec<ParcelLine>, HistoryError> {
        self.lines(
            "WHERE direction = 'out' AND coalesce(parcel.accepted_at, laid_out_at) IS NOT NULL
             ORDER BY parcel.at DESC, parcel.id DESC",
        )
    }

    /// 送信待ち: what the hub does not have yet, newest first.
    pub fn outbox(&self) -> Result<Vec<ParcelLine>, HistoryError> {
        self.lines(
            "WHERE direction = 'out' AND parcel.accepted_at IS NULL AND laid_out_at IS NULL AND withdrawn_at IS NULL
             ORDER BY parcel.at DESC, parcel.id DESC",
        )
    }

    fn lines(&self, clause: &str) -> Result<Vec<ParcelLine>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {LINE_COLUMNS} {LINE_TABLES} {clause} LIMIT {LIST}"))
            .named("list")?;
        let mut rows = statement.query([]).named("list")?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next().named("list")? {
            lines.push(line_of(&self.desks, row)?);
        }
        Ok(lines)
    }

    /// One parcel's row, whichever list it is in.
    pub(super) fn line(&self, id: &str) -> Result<Option<ParcelLine>, HistoryError> {
        let sql = format!("SELECT {LINE_COLUMNS} {LINE_TABLES} WHERE parcel.id = ?1");
        let mut statement = self.connection.prepare_cached(&sql).named("line")?;
        let mut rows = statement.query([id]).named("line")?;
        rows.next().named("line")?.map(|row| line_of(&self.desks, row)).transpose()
    }

    /// One parcel whole, without the bytes of its files.
    pub fn parcel(&self, id: ParcelId) -> Result<Option<Stored>, HistoryError> {
        let Some(line) = self.line(&id.to_string())? else { return Ok(None) };
        let (incoming, message, checked, signer, digest) = self
            .connection
            .prepare_cached("SELECT direction = 'in', message, checked, signer, digest FROM parcel WHERE id = ?1")
            .and_then(|mut statement| {
                statement.query_row([id.to_string()], |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get::<_, String>(2)?,
                        row.get::<_, Option<String>>(3)?,
                        row.get(4)?,
                    ))
                })
            })
            .named("parcel")?;
        // A refused parcel was never checked.
        let checked = if checked == "{}" { Checked::default() } else { from_json(&checked, "a check's findings")? };
        let signer = signer.and_then(|signer| signer.parse().ok());
        let (files, trail) = (self.files(id)?, self.trail(id)?);
        let (chain, passed_on) = (self.chain(id)?, self.passed_on(id)?);
        let note = self
            .connection
            .prepare_cached("SELECT value FROM mark WHERE parcel = ?1 AND kind = 'note'")
            .and_then(|mut statement| statement.query_row([id.to_string()], |row| row.get(0)).optional())
            .named("note")?
            .unwrap_or_default();
        Ok(Some(Stored { line, incoming, message, checked, signer, digest, note, files, trail, chain, passed_on }))
    }

    fn files(&self, id: ParcelId) -> Result<Vec<StoredFile>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT name, size, sha256, CASE WHEN delivered_at IS NULL THEN NULL ELSE path END
                 FROM file WHERE parcel = ?1 ORDER BY position",
            )
            .named("files")?;
        let rows = statement.query_map([id.to_string()], |row| {
            Ok(StoredFile {
                name: row.get(0)?,
                size: row.get(1)?,
                sha256: row.get(2)?,
                path: row.get::<_, Option<String>>(3)?.map(PathBuf::from),
            })
        });
        rows.and_then(Iterator::collect).named("files")
    }

    fn trail(&self, id: ParcelId) -> Result<Vec<Trail>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT at, step FROM trail WHERE parcel = ?1 ORDER BY number")
            .named("trail")?;
        let mut rows = statement.query([id.to_string()]).named("trail")?;
        let mut trail = Vec::new();
        while let Some(row) = rows.next().named("trail")? {
            let step = from_json(&row.get::<_, String>(1).named("trail")?, "a step of a trail")?;
            trail.push(Trail { at: to_time(row.get(0).named("trail")?)?, step });
        }
        Ok(trail)
    }

    /// The bytes of a parcel's files, with their names, in order.
    pub fn contents(&self, id: ParcelId) -> Result<Vec<(String, Vec<u8>)>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT name, bytes FROM file JOIN body ON body.parcel = file.parcel AND body.position = file.position
                 WHERE file.parcel = ?1 ORDER BY file.position",
            )
            .named("contents")?;
        let rows = statement.query_map([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.and_then(Iterator::collect).named("contents")
    }

    /// The newest file that went to this partner and whose name begins so, with its bytes.
    pub fn newest_file_sent(
        &self,
        partner: OfficeNumber,
        prefix: &str,
    ) -> Result<Option<(String, Vec<u8>)>, HistoryError> {
        self.connection
            .prepare_cached(
                "SELECT name, bytes FROM parcel JOIN file ON file.parcel = parcel.id
                     JOIN body ON body.parcel = file.parcel AND body.position = file.position
                 WHERE direction = 'out' AND partner = ?1 AND accepted_at IS NOT NULL AND refused_at IS NULL
                     AND substr(name, 1, length(?2)) = ?2
                 ORDER BY at DESC, name DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement.query_row(params![partner.as_str(), prefix], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .named("newest file sent")
    }

    /// The newest parcel that went to this partner with a file whose name begins so.
    pub fn newest_parcel_sent(&self, partner: OfficeNumber, prefix: &str) -> Result<Option<ParcelId>, HistoryError> {
        self.connection
            .prepare_cached(
                "SELECT parcel.id FROM parcel JOIN file ON file.parcel = parcel.id
                 WHERE direction = 'out' AND partner = ?1 AND withdrawn_at IS NULL AND refused_at IS NULL
                     AND substr(name, 1, length(?2)) = ?2
                 ORDER BY at DESC, name DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement.query_row(params![partner.as_str(), prefix], |row| row.get(0)).optional()
            })
            .named("newest parcel sent")?
            .map(|id: String| id.parse().map_err(|_| HistoryError::Unreadable { what: "an identifier" }))
            .transpose()
    }

    /// The bytes of one file.
    pub fn bytes(&self, id: ParcelId, position: u32) -> Result<Option<Vec<u8>>, HistoryError> {
        self.connection
            .prepare_cached("SELECT bytes FROM body WHERE parcel = ?1 AND position = ?2")
            .and_then(|mut statement| {
                statement.query_row(params![id.to_string(), position], |row| row.get(0)).optional()
            })
            .named("bytes")
    }

    /// How many receipts of others are kept.
    pub fn receipts_held(&self) -> Result<usize, HistoryError> {
        self.connection
            .query_row(
                "SELECT count(*) FROM receipt JOIN parcel ON parcel.id = receipt.parcel WHERE direction = 'out'",
                [],
                |row| row.get(0),
            )
            .named("receipts held")
    }
}

pub(super) fn line_of(desks: &[Desk], row: &Row<'_>) -> Result<ParcelLine, HistoryError> {
    let get_time = |column: usize| -> Result<Option<Timestamp>, HistoryError> {
        row.get::<_, Option<i64>>(column).named("line")?.map(to_time).transpose()
    };
    let incoming = row.get::<_, String>(10).named("line")? == "in";
    let files: usize = row.get(5).named("line")?;
    let evidence = Evidence {
        nothing_to_import: incoming && files == 0,
        accepted: get_time(11)?.is_some(),
        arrived: get_time(12)?.is_some(),
        imported: get_time(13)?.is_some(),
        refused: get_time(14)?.is_some(),
        failed: get_time(15)?.is_some(),
        failure: failure(row.get(16).named("line")?)?,
        next_try: get_time(17)?,
        last: failure(row.get(18).named("line")?)?,
        held: row.get(19).named("line")?,
        laid_out: get_time(23)?.is_some(),
    };
    let text = |column: usize| row.get::<_, String>(column).named("line");
    let partner = parsed(row, 1)?;
    // Without rules nothing is looked at.
    let desks = match desks {
        [] => Vec::new(),
        desks => desks_of(desks, partner, &Addressed::from_texts(&text(25)?, &text(26)?, &text(27)?)),
    };
    Ok(ParcelLine {
        id: parsed(row, 0)?,
        incoming,
        partner,
        partner_name: row.get(2).named("line")?,
        state: evidence.state(incoming),
        at: to_time(row.get(3).named("line")?)?,
        unread: incoming && get_time(4)?.is_none(),
        files,
        subjects: from_json(&row.get::<_, String>(6).named("line")?, "the subjects of a parcel")?,
        has_message: row.get(7).named("line")?,
        way: if row.get(22).named("line")? { Way::National } else { Way::Hub },
        errors: row.get(8).named("line")?,
        warnings: row.get(9).named("line")?,
        accepted_at: get_time(11)?.filter(|_| !incoming),
        overdue_since: get_time(24)?,
        importing: row.get(20).named("line")?,
        assigned: row.get(21).named("line")?,
        desks,
    })
}

/// What is proved about a parcel. The state follows from it, and from nothing else.
#[derive(Debug, Default)]
struct Evidence {
    accepted: bool,
    arrived: bool,
    imported: bool,
    refused: bool,
    failed: bool,
    failure: Option<Failure>,
    next_try: Option<Timestamp>,
    last: Option<Failure>,
    held: bool,
    laid_out: bool,
    /// Words came, and no files.
    nothing_to_import: bool,
}

impl Evidence {
    fn state(self, incoming: bool) -> State {
        let why = |failure: Option<Failure>| failure.unwrap_or(Failure::Unexpected);
        match self {
            Evidence { imported: true, .. } => State::Imported,
            Evidence { refused: true, failure, .. } => State::Refused(why(failure)),
            Evidence { arrived: true, nothing_to_import: true, .. } => State::Imported,
            Evidence { arrived: true, .. } => State::Arrived,
            Evidence { held: true, failure, .. } => State::Held(why(failure)),
            Evidence { accepted: true, .. } => State::Accepted,
            Evidence { laid_out: true, .. } => State::LaidOut,
            Evidence { failed: true, failure, .. } => State::Failed(why(failure)),
            // Received, but not in the folder yet.
            _ if incoming => State::Accepted,
            Evidence { last: Some(why @ Failure::PartnerChanged { .. }), .. } => State::Held(why),
            Evidence { next_try, last, .. } => State::Waiting { next_try, last },
        }
    }
}

/// A column that holds one of our identifiers.
pub(super) fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> Result<T, HistoryError> {
    let text: String = row.get(column).named("read column")?;
    text.parse().map_err(|_| HistoryError::Unreadable { what: "an identifier" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_never_better_than_its_evidence() {
        let state = |evidence: Evidence| evidence.state(false);
        assert_eq!(state(Evidence::default()), State::Waiting { next_try: None, last: None });
        assert_eq!(state(Evidence { accepted: true, ..Evidence::default() }), State::Accepted);
        assert_eq!(state(Evidence { accepted: true, arrived: true, ..Evidence::default() }), State::Arrived);
        let failed = Evidence { failed: true, failure: Some(Failure::DiskFull), ..Evidence::default() };
        assert_eq!(state(failed), State::Failed(Failure::DiskFull));
        // The hub's word beats an earlier failure: the answer was only late.
        assert_eq!(state(Evidence { failed: true, accepted: true, ..Evidence::default() }), State::Accepted);
    }
}
