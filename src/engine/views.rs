//! The history as the faces see it.

use std::sync::Arc;

use jiff::Timestamp;

use super::model::{FileView, Lists, ParcelView, Partner, Status};
use super::terminal::Terminal;
use crate::history::{HistoryError, Stored};
use crate::parcel::ParcelId;
use crate::standard::{self, FileName, MonthSheet};

impl Terminal {
    pub fn lists(&self) -> Result<Lists, HistoryError> {
        Ok(Lists {
            inbox: self.history.inbox()?.into(),
            sent: self.history.sent()?.into(),
            outbox: self.history.outbox()?.into(),
        })
    }

    pub fn partners(&self) -> Result<Arc<[Partner]>, HistoryError> {
        let partners = self.history.offices()?.into_iter().filter(|office| office.office != self.office);
        Ok(partners
            .map(|office| Partner {
                office: office.office,
                service: office.service,
                name: office.name,
                reachable: !office.certificates.is_empty(),
            })
            .collect())
    }

    /// One parcel for the reading pane; `None` when there is none of that id.
    pub fn view(&self, id: ParcelId) -> Result<Option<ParcelView>, HistoryError> {
        let Some(stored) = self.history.parcel(id)? else { return Ok(None) };
        let sheets = month_sheets(&self.history.contents(id)?);
        Ok(Some(view_of(stored, sheets)))
    }

    pub fn certificate_until(&self) -> Option<Timestamp> {
        self.identity.valid_until().ok()
    }

    pub(super) fn status(&self, connection: super::model::Connection, last: Option<Timestamp>) -> Status {
        Status { connection, last_exchange: last, certificate_until: self.certificate_until() }
    }
}

/// 第6表 of a parcel's files, per person and month.
fn month_sheets(files: &[(String, Vec<u8>)]) -> Vec<MonthSheet> {
    let tables: Vec<_> =
        files.iter().filter_map(|(name, bytes)| standard::read(&FileName::parse(name).ok()?, bytes).ok()).collect();
    standard::month_sheets(&tables)
}

fn view_of(stored: Stored, sheets: Vec<MonthSheet>) -> ParcelView {
    let files = stored
        .files
        .into_iter()
        .map(|file| FileView {
            kind: FileName::parse(&file.name).map(|name| name.kind.name().to_owned()).unwrap_or_default(),
            name: file.name,
            size: file.size,
            delivered: file.path,
        })
        .collect();
    ParcelView {
        line: stored.line,
        incoming: stored.incoming,
        message: stored.message,
        files,
        checked: stored.checked,
        sheets,
        trail: stored.trail,
        signed_by: stored.signer,
    }
}
