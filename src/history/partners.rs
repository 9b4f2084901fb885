//! The keys of the offices we exchange with, as they were first seen: another one is never used before a person said so.
//!
//! What counts is the public key, not the certificate: one that was renewed over the same key is no change.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::marks::{Mark, tell};
use super::{Action, History, HistoryError, Named as _, record, to_time};
use crate::standard::OfficeNumber;
use crate::wire::Binary;

/// A key of a partner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerKey {
    /// Hex SHA-256 of the public key: what people compare on the telephone.
    pub key: String,
    /// DER, as it was first seen.
    pub certificate: Vec<u8>,
    pub first_seen: Timestamp,
    /// `None` while a person is asked.
    pub trusted_at: Option<Timestamp>,
}

/// A partner with a key that nobody has confirmed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The newest key that is trusted.
    pub known: String,
    /// The newest one that is not.
    pub offered: String,
    pub since: Timestamp,
}

impl History {
    /// The partners a person is asked about.
    pub fn partner_changes(&self) -> Result<BTreeMap<OfficeNumber, Change>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT asked.office, known.key, asked.key, asked.first_seen
                 FROM partner_key AS asked JOIN partner_key AS known ON known.office = asked.office
                 WHERE asked.trusted_at IS NULL AND known.trusted_at IS NOT NULL
                 ORDER BY asked.first_seen, known.trusted_at",
            )
            .named("partner changes")?;
        let mut rows = statement.query([]).named("partner changes")?;
        let mut found = BTreeMap::new();
        while let Some(row) = rows.next().named("partner changes")? {
            let change = Change {
                known: row.get(1).named("partner changes")?,
                offered: row.get(2).named("partner changes")?,
                since: to_time(row.get(3).named("partner changes")?)?,
            };
            found.insert(super::lists::parsed(row, 0)?, change);
        }
        Ok(found)
    }

    /// The newest key of each office that is trusted.
    pub fn trusted_keys(&self) -> Result<BTreeMap<OfficeNumber, String>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT office, key FROM partner_key WHERE trusted_at IS NOT NULL ORDER BY trusted_at, first_seen",
            )
            .named("trusted keys")?;
        let mut rows = statement.query([]).named("trusted keys")?;
        let mut found = BTreeMap::new();
        while let Some(row) = rows.next().named("trusted keys")? {
            found.insert(super::lists::parsed(row, 0)?, row.get(1).named("trusted keys")?);
        }
        Ok(found)
    }

    /// What is known of an office's keys, oldest first.
    pub fn partner_keys(&self, office: OfficeNumber) -> Result<Vec<PartnerKey>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT key, certificate, first_seen, trusted_at FROM partner_key WHERE office = ?1
                 ORDER BY first_seen, key",
            )
            .named("partner keys")?;
        let mut rows = statement.query([office.as_str()]).named("partner keys")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("partner keys")? {
            let trusted: Option<i64> = row.get(3).named("partner keys")?;
            found.push(PartnerKey {
                key: row.get(0).named("partner keys")?,
                certificate: row.get(1).named("partner keys")?,
                first_seen: to_time(row.get(2).named("partner keys")?)?,
                trusted_at: trusted.map(to_time).transpose()?,
            });
        }
        Ok(found)
    }

    /// Remembers the keys of an office we have to do with for the first time. Changes nothing when some are known.
    pub fn remember_partner(
        &mut self,
        office: OfficeNumber,
        keys: &[(String, Vec<u8>)],
        now: Timestamp,
    ) -> Result<(), HistoryError> {
        let transaction = self.begin()?;
        if is_known(&transaction, office)? {
            return Ok(());
        }
        for (key, certificate) in keys {
            insert(&transaction, office, key, certificate, now, Some(now), "")?;
            tell(
                &transaction,
                &Mark::Partner {
                    office,
                    key: key.clone(),
                    certificate: Binary(certificate.clone()),
                    at: now,
                    first: true,
                    who: String::new(),
                },
            )?;
        }
        record(&transaction, Action::PartnerKnown, office.as_str(), super::DONE, now)?;
        transaction.commit().named("remember partner")
    }

    /// Notes that a known office turned up with another key; a person is asked. Says whether that is news.
    pub fn note_partner_changed(
        &mut self,
        office: OfficeNumber,
        key: &str,
        certificate: &[u8],
        now: Timestamp,
    ) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let new = insert(&transaction, office, key, certificate, now, None, "")?;
        if new {
            record(&transaction, Action::PartnerChanged, office.as_str(), key, now)?;
        }
        transaction.commit().named("note partner changed")?;
        Ok(new)
    }

    /// A person trusts this key of a partner's from now on; what waited for that goes on. Says whether the key was seen.
    pub fn trust_partner(&mut self, office: OfficeNumber, key: &str, now: Timestamp) -> Result<bool, HistoryError> {
        let transaction = self.begin()?;
        let certificate: Option<Vec<u8>> = transaction
            .query_row(
                "SELECT certificate FROM partner_key WHERE office = ?1 AND key = ?2",
                params![office.as_str(), key],
                |row| row.get(0),
            )
            .optional()
            .named("find partner key")?;
        let Some(certificate) = certificate else {
            record(&transaction, Action::TrustPartner, office.as_str(), "unknown-key", now)?;
            transaction.commit().named("trust partner")?;
            return Ok(false);
        };
        let who = super::audit::user(&transaction)?;
        trust(&transaction, office, key, now, &who)?;
        record(&transaction, Action::TrustPartner, &format!("{office} {key}"), super::DONE, now)?;
        let certificate = Binary(certificate);
        tell(&transaction, &Mark::Partner { office, key: key.to_owned(), certificate, at: now, first: false, who })?;
        transaction.commit().named("trust partner")?;
        Ok(true)
    }
}

/// Another terminal of ours trusts a key. The other terminal signed that with our office's key: its word is as good as one
/// spoken here. Two that met an office at the same time may each have remembered another key; then a person is asked at
/// both, since a first key (`by` is `None`) counts only where none is known.
pub(super) fn hear(
    transaction: &Connection,
    office: OfficeNumber,
    key: &str,
    certificate: &[u8],
    at: Timestamp,
    by: Option<&str>,
) -> Result<bool, HistoryError> {
    let new = insert(transaction, office, key, certificate, at, None, "")?;
    let counts = by.is_some() || !is_known(transaction, office)?;
    Ok(new | (counts && trust(transaction, office, key, at, by.unwrap_or_default())?))
}

fn is_known(connection: &Connection, office: OfficeNumber) -> Result<bool, HistoryError> {
    connection
        .prepare_cached("SELECT 1 FROM partner_key WHERE office = ?1 AND trusted_at IS NOT NULL")
        .and_then(|mut find| find.exists([office.as_str()]))
        .named("is partner known")
}

/// Says whether it changed anything.
fn trust(
    transaction: &Connection,
    office: OfficeNumber,
    key: &str,
    at: Timestamp,
    who: &str,
) -> Result<bool, HistoryError> {
    let changed = transaction
        .execute(
            "UPDATE partner_key SET trusted_at = ?3, who = ?4 WHERE office = ?1 AND key = ?2 AND trusted_at IS NULL",
            params![office.as_str(), key, at.as_millisecond(), who],
        )
        .named("trust partner")?;
    // What waited for this goes with the next round.
    transaction
        .execute(
            "UPDATE outbox SET next_try_at = 0 WHERE parcel IN (SELECT id FROM parcel WHERE partner = ?1)",
            [office.as_str()],
        )
        .named("send what waited")?;
    Ok(changed > 0)
}

fn insert(
    connection: &Connection,
    office: OfficeNumber,
    key: &str,
    certificate: &[u8],
    first_seen: Timestamp,
    trusted_at: Option<Timestamp>,
    who: &str,
) -> Result<bool, HistoryError> {
    connection
        .prepare_cached(
            "INSERT INTO partner_key (office, key, certificate, first_seen, trusted_at, who)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (office, key) DO NOTHING",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                office.as_str(),
                key,
                certificate,
                first_seen.as_millisecond(),
                trusted_at.map(|at| at.as_millisecond()),
                who
            ])
        })
        .named("keep partner key")
        .map(|rows| rows > 0)
}
