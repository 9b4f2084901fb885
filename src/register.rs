//! 送受信一覧: what was exchanged in a month, for an inspector, row by row with the evidence for each step.
//!
//! Here are its rows as texts and as CSV; the same rows on paper are the window's (`desktop::paper`).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::history::{History, HistoryError, RegisterRow, State, Way};
use crate::parcel::ReceiptStep;
use crate::sqlite::chain::guarded;
use crate::standard::{Month, OfficeNumber};
use crate::words::{Lang, window as w};

/// The exchanges of one month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    pub month: Month,
    pub office: OfficeNumber,
    pub office_name: String,
    pub made_at: Timestamp,
    /// Times are told in it, and the month begins and ends in it.
    pub zone: TimeZone,
    pub rows: Vec<RegisterRow>,
}

/// The heads of the columns.
pub const COLUMNS: [&str; 16] = [
    "送受",
    "日時",
    "相手の事業所番号",
    "相手の事業所名",
    "内容",
    "ファイル数",
    "状態",
    "受付",
    "到着",
    "取込",
    "理由",
    "経路",
    "受領書",
    "受領書のSHA-256",
    "封のSHA-256",
    "番号",
];

impl Register {
    /// Everything that was written or received in this month. `go_on` hears how many of how many are read and may end it:
    /// `None` then.
    pub fn of(
        history: &History,
        month: Month,
        (office, office_name): (OfficeNumber, String),
        zone: TimeZone,
        made_at: Timestamp,
        go_on: impl FnMut(usize, usize) -> bool,
    ) -> Result<Option<Self>, HistoryError> {
        let midnight = |year, month| {
            let day = jiff::civil::date(year, month, 1).to_zoned(zone.clone());
            day.map(|day| day.timestamp()).map_err(|_| HistoryError::Unreadable { what: "a month" })
        };
        let (year, number) = (month.year(), month.month());
        let until = if number == 12 { midnight(year.saturating_add(1), 1)? } else { midnight(year, number + 1)? };
        let rows = history.register(midnight(year, number)?, until, go_on)?;
        Ok(rows.map(|rows| Self { month, office, office_name, made_at, zone, rows }))
    }

    /// One row as texts, under [`COLUMNS`].
    pub fn texts(&self, row: &RegisterRow) -> [String; 16] {
        let line = &row.line;
        let time = |at: Option<Timestamp>| at.map(|at| self.time(at)).unwrap_or_default();
        let subjects: Vec<&str> = line.subjects.iter().map(|subject| w::subject(Lang::Ja, *subject)).collect();
        let why = match &line.state {
            State::Failed(why) | State::Refused(why) | State::Held(why) => why.code(),
            _ => String::new(),
        };
        let (step, receipt) = match &row.receipt {
            Some((step, digest)) => (receipt_word(*step), digest.clone()),
            None => ("", String::new()),
        };
        [
            if line.incoming { "受信" } else { "送信" }.to_owned(),
            self.time(line.at),
            line.partner.to_string(),
            line.partner_name.clone(),
            subjects.join("・"),
            line.files.to_string(),
            w::state(Lang::Ja, &line.state, line.incoming).to_owned(),
            time(row.accepted_at),
            time(row.arrived_at),
            time(row.imported_at),
            why,
            if line.way == Way::National { "国の連携システム" } else { "" }.to_owned(),
            step.to_owned(),
            receipt,
            row.digest.clone().unwrap_or_default(),
            line.id.to_string(),
        ]
    }

    pub fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The whole of it, as a table that spreadsheets open. `go_on` hears how many rows are written and may end it: `None` then.
    pub fn csv(&self, mut go_on: impl FnMut(usize) -> bool) -> Result<Option<Vec<u8>>, csv::Error> {
        let mut table =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
        table.write_record(COLUMNS)?;
        for (at, row) in self.rows.iter().enumerate() {
            if !go_on(at) {
                return Ok(None);
            }
            table.write_record(self.texts(row).iter().map(|text| guarded(text).into_owned()))?;
        }
        table.into_inner().map(Some).map_err(|error| csv::Error::from(error.into_error()))
    }

    /// What its file is called: no name of a person or an office.
    pub fn file_name(office: OfficeNumber, month: Month, ending: &str) -> String {
        format!("送受信一覧_{office}_{month}.{ending}")
    }
}

fn receipt_word(step: ReceiptStep) -> &'static str {
    match step {
        ReceiptStep::Delivered => "到着",
        ReceiptStep::Opened => "開封",
        ReceiptStep::Imported => "取込",
        ReceiptStep::Refused => "受取不可",
    }
}

#[cfg(test)]
mod tests;
