//! What waits for a person's word: parcels and receipts of a known partner, signed with a key we do not know.
//!
//! A parcel stands in the inbox without its content, so that people see that something is there.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::evidence::{Failure, Step};
use super::lists::parsed;
use super::{Action, History, HistoryError, Named as _, add_to_trail, record, search, to_json, to_time};
use crate::parcel::ParcelId;
use crate::standard::OfficeNumber;

/// A parcel kept aside as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldParcel {
    pub id: ParcelId,
    pub partner: OfficeNumber,
    pub partner_name: String,
    pub digest: String,
    pub accepted_at: Timestamp,
    /// The signer's key.
    pub key: String,
    pub sealed: Vec<u8>,
}

/// A receipt kept aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldReceipt {
    pub parcel: ParcelId,
    pub step: String,
    pub key: String,
    pub accepted_at: Timestamp,
    pub signed: Vec<u8>,
}

impl History {
    /// Keeps a parcel aside. Says whether it was new.
    pub fn hold(&mut self, parcel: &HeldParcel, failure: &Failure, now: Timestamp) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let id = parcel.id.to_string();
        let new = transaction
            .execute(
                "INSERT INTO parcel (id, direction, partner, partner_name, at, digest, failure)
                 VALUES (?1, 'in', ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
                params![
                    id,
                    parcel.partner.as_str(),
                    parcel.partner_name,
                    parcel.accepted_at.as_millisecond(),
                    parcel.digest,
                    to_json(failure)?
                ],
            )
            .named("hold")?;
        if new > 0 {
            transaction
                .execute(
                    "INSERT INTO held (parcel, key, accepted_at, sealed) VALUES (?1, ?2, ?3, ?4)",
                    params![id, parcel.key, parcel.accepted_at.as_millisecond(), parcel.sealed],
                )
                .named("hold")?;
            add_to_trail(&transaction, parcel.id, now, &Step::Held(failure.clone()))?;
            record(&transaction, Action::Held, &id, &failure.code(), now)?;
            search::index(&transaction, &id)?;
        }
        transaction.commit().named("hold")?;
        Ok(new > 0)
    }

    /// Parcels that were kept aside and whose key is trusted now, oldest first.
    pub fn held_to_judge(&self) -> Result<Vec<HeldParcel>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT parcel.id, partner, partner_name, digest, held.accepted_at, held.key, sealed
                 FROM held JOIN parcel ON parcel.id = held.parcel
                     JOIN partner_key ON office = partner AND partner_key.key = held.key
                 WHERE trusted_at IS NOT NULL ORDER BY parcel.rowid",
            )
            .named("held parcels")?;
        let mut rows = statement.query([]).named("held parcels")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("held parcels")? {
            found.push(HeldParcel {
                id: parsed(row, 0)?,
                partner: parsed(row, 1)?,
                partner_name: row.get(2).named("held parcels")?,
                digest: row.get::<_, Option<String>>(3).named("held parcels")?.unwrap_or_default(),
                accepted_at: to_time(row.get(4).named("held parcels")?)?,
                key: row.get(5).named("held parcels")?,
                sealed: row.get(6).named("held parcels")?,
            });
        }
        Ok(found)
    }

    /// Keeps a receipt aside.
    pub fn hold_receipt(&mut self, receipt: &HeldReceipt) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "INSERT INTO held_receipt (parcel, step, key, accepted_at, signed) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (parcel, step, key) DO NOTHING",
                params![
                    receipt.parcel.to_string(),
                    receipt.step,
                    receipt.key,
                    receipt.accepted_at.as_millisecond(),
                    receipt.signed
                ],
            )
            .named("hold receipt")
            .map(|_| ())
    }

    /// Receipts that were kept aside and whose key is trusted now.
    pub fn held_receipts_to_judge(&self) -> Result<Vec<HeldReceipt>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT held_receipt.parcel, step, held_receipt.key, held_receipt.accepted_at, signed
                 FROM held_receipt JOIN parcel ON parcel.id = held_receipt.parcel
                     JOIN partner_key ON office = partner AND partner_key.key = held_receipt.key
                 WHERE trusted_at IS NOT NULL",
            )
            .named("held receipts")?;
        let mut rows = statement.query([]).named("held receipts")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("held receipts")? {
            found.push(HeldReceipt {
                parcel: parsed(row, 0)?,
                step: row.get(1).named("held receipts")?,
                key: row.get(2).named("held receipts")?,
                accepted_at: to_time(row.get(3).named("held receipts")?)?,
                signed: row.get(4).named("held receipts")?,
            });
        }
        Ok(found)
    }

    /// The receipt was judged: it counts now, or never will.
    pub fn drop_held_receipt(&mut self, receipt: &HeldReceipt) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "DELETE FROM held_receipt WHERE parcel = ?1 AND step = ?2 AND key = ?3",
                params![receipt.parcel.to_string(), receipt.step, receipt.key],
            )
            .named("drop held receipt")
            .map(|_| ())
    }
}

/// A parcel that waited waits no more: it is being kept or refused in this transaction.
pub(super) fn let_go(transaction: &Connection, id: ParcelId) -> Result<(), HistoryError> {
    transaction.execute("DELETE FROM held WHERE parcel = ?1", [id.to_string()]).named("let go").map(|_| ())
}
