//! Finds parcels again, by persons, partners, words of the message, months and kinds.
//!
//! The index is written in the transaction that keeps the parcel. What was kept by an older version waits in
//! `search_waiting` and is indexed in small steps ([`History::fill_search`]). Hits are never counted: a page is all that is
//! asked for, newest first, and that takes as long with a million parcels as with a thousand.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::evidence::{ParcelLine, Subject};
use super::{History, HistoryError, Named as _, from_json, to_time};
use crate::desks::Addressed;
use crate::search::{phrases, pieces};
use crate::standard::{self, FileName, Month, OfficeNumber, People, Person, PersonKey, Table};

/// So many parcels of one second get a place of their own within it.
const PLACES_A_SECOND: i64 = 1024;
/// A file larger than this is not read for the persons in it.
const LARGEST_FILE: u64 = 32 * 1024 * 1024;

/// What is looked for. Nothing at all finds the newest parcels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// As typed: every word has to be there.
    pub words: String,
    /// The month the files are about; for files without one, the month in which they were exchanged.
    pub month: Option<Month>,
    pub subject: Option<Subject>,
    pub partner: Option<OfficeNumber>,
    pub incoming: Option<bool>,
    /// How many lines are wanted, the newest.
    pub most: usize,
}

/// A page of hits, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hits {
    pub wanted: Wanted,
    pub lines: std::sync::Arc<[ParcelLine]>,
    /// There are more than were asked for.
    pub more: bool,
}

impl Wanted {
    /// What the index is asked; nothing when everything is wanted.
    fn expression(&self) -> String {
        let facts = [
            self.incoming.map(|incoming| direction(incoming).to_owned()),
            self.month.map(month_fact),
            self.subject.map(subject_fact),
            self.partner.map(partner_fact),
        ];
        let facts = facts.into_iter().flatten().map(|fact| format!("facts : \"{fact}\""));
        let words = phrases(&self.words).into_iter().map(|phrase| format!("words : {phrase}"));
        words.chain(facts).collect::<Vec<_>>().join(" AND ")
    }
}

impl History {
    /// The newest parcels that fit.
    pub fn search(&self, wanted: &Wanted) -> Result<Hits, HistoryError> {
        let expression = wanted.expression();
        // Something was typed that holds neither letter nor digit.
        let senseless = expression.is_empty() && !wanted.words.trim().is_empty();
        let limit = i64::try_from(wanted.most.saturating_add(1)).unwrap_or(i64::MAX);
        let mut ids: Vec<String> = if senseless {
            Vec::new()
        } else if expression.is_empty() {
            self.connection
                .prepare_cached("SELECT parcel FROM search_place ORDER BY place DESC LIMIT ?1")
                .and_then(|mut select| select.query_map([limit], |row| row.get(0))?.collect())
                .named("search")?
        } else {
            self.connection
                .prepare_cached(
                    "SELECT parcel FROM search_index CROSS JOIN search_place ON place = search_index.rowid
                     WHERE search_index MATCH ?1 ORDER BY search_index.rowid DESC LIMIT ?2",
                )
                .and_then(|mut select| select.query_map(params![expression, limit], |row| row.get(0))?.collect())
                .named("search")?
        };
        let more = ids.len() > wanted.most;
        ids.truncate(wanted.most);
        let mut lines = Vec::with_capacity(ids.len());
        for id in ids {
            lines.extend(self.line(&id)?);
        }
        Ok(Hits { wanted: wanted.clone(), lines: lines.into(), more })
    }

    /// How many parcels still wait to be indexed. They are counted one by one, so whoever shows this counts once.
    pub fn search_waiting(&self) -> Result<usize, HistoryError> {
        self.connection
            .prepare_cached("SELECT count(*) FROM search_waiting")
            .and_then(|mut select| select.query_row([], |row| row.get(0)))
            .named("how much of the index is missing")
    }

    /// Indexes up to `most` parcels that wait for it, oldest first: names are known from 予定, which went before 実績. Says
    /// how many that were; none is left after zero.
    pub fn fill_search(&mut self, most: u32) -> Result<usize, HistoryError> {
        let transaction = self.begin()?;
        let ids: Vec<String> = transaction
            .prepare_cached("SELECT parcel FROM search_waiting ORDER BY parcel LIMIT ?1")
            .and_then(|mut select| select.query_map([most], |row| row.get(0))?.collect())
            .named("fill the index")?;
        for id in &ids {
            index(&transaction, id)?;
        }
        transaction.commit().named("fill the index")?;
        Ok(ids.len())
    }
}

impl History {
    /// A person's name, where some file said it.
    pub fn person_name(&self, person: &PersonKey) -> Result<Option<String>, HistoryError> {
        Ok(known_name(&self.connection, person)?.map(|(name, _)| name))
    }
}

/// Puts a parcel into the index as it is stored now; one that was taken back before it left is not to be found.
pub(super) fn index(connection: &Connection, id: &str) -> Result<(), HistoryError> {
    forget(connection, id)?;
    let parcel = connection
        .prepare_cached(
            "SELECT direction = 'in', partner, partner_name, at, message, subjects FROM parcel
             WHERE id = ?1 AND withdrawn_at IS NULL",
        )
        .and_then(|mut select| {
            let row = select.query_row([id], |row| {
                Ok(Parcel {
                    incoming: row.get(0)?,
                    partner: row.get(1)?,
                    partner_name: row.get(2)?,
                    at: row.get(3)?,
                    message: row.get(4)?,
                    subjects: row.get(5)?,
                })
            });
            row.optional()
        })
        .named("index a parcel")?;
    let Some(parcel) = parcel else { return Ok(()) };
    let files = files_of(connection, id)?;
    let named: Vec<(FileName, Option<Table>)> = files.iter().filter_map(read).collect();
    let addressed = Addressed::of(parcel.incoming, named.iter().map(|(name, table)| (name, table.as_ref())));
    let people = People::new(named.into_iter().filter_map(|(_, table)| table).collect());
    let mut words = pieces(&format!("{}\n{}\n{}", parcel.partner, parcel.partner_name, parcel.message));
    for (name, _) in files.iter().filter(|(name, _)| FileName::parse(name).is_err()) {
        words.push_str(&pieces(name));
    }
    for person in people.iter() {
        words.push_str(&words_of(connection, person)?);
    }
    let (place, [services, satellites, persons]) = (next_place(connection, parcel.at)?, addressed.texts());
    connection
        .prepare_cached("INSERT INTO search_index (rowid, words, facts) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| insert.execute(params![place, words, parcel.facts(&files)?]))
        .and_then(|_| {
            connection
                .prepare_cached(
                    "INSERT INTO search_place (place, parcel, services, satellites, persons) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![place, id, services, satellites, persons])
        })
        .named("index a parcel")
        .map(|_| ())
}

/// Takes a parcel out of the index, and off the list of those that wait for it.
pub(super) fn forget(connection: &Connection, id: &str) -> Result<(), HistoryError> {
    for statement in [
        "DELETE FROM search_index WHERE rowid = (SELECT place FROM search_place WHERE parcel = ?1)",
        "DELETE FROM search_place WHERE parcel = ?1",
        "DELETE FROM search_waiting WHERE parcel = ?1",
    ] {
        connection
            .prepare_cached(statement)
            .and_then(|mut delete| delete.execute([id]))
            .named("take a parcel out of the index")?;
    }
    Ok(())
}

/// A parcel's row, as far as it is searched by.
struct Parcel {
    incoming: bool,
    partner: String,
    partner_name: String,
    at: i64,
    message: String,
    subjects: String,
}

type File = (String, Option<Vec<u8>>);

/// A file of the standard, and its table where it is one.
fn read((name, bytes): &File) -> Option<(FileName, Option<Table>)> {
    let name = FileName::parse(name).ok()?;
    Some((name, bytes.as_ref().and_then(|bytes| standard::read(&name, bytes).ok())))
}

impl Parcel {
    fn facts(&self, files: &[File]) -> Result<String, rusqlite::Error> {
        let unreadable = |error: HistoryError| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
        let subjects: Vec<Subject> = from_json(&self.subjects, "the subjects of a parcel").map_err(unreadable)?;
        let mut months: BTreeSet<Month> =
            files.iter().filter_map(|(name, _)| FileName::parse(name).ok()?.month).collect();
        if months.is_empty() {
            months.extend(month_in_japan(to_time(self.at).map_err(unreadable)?));
        }
        let mut facts = direction(self.incoming).to_owned();
        let more = subjects.into_iter().map(subject_fact).chain(months.into_iter().map(month_fact));
        for fact in more.chain([format!("p{}", self.partner.to_ascii_lowercase())]) {
            let _ = write!(facts, " {fact}");
        }
        Ok(facts)
    }
}

fn direction(incoming: bool) -> &'static str {
    if incoming { "in" } else { "out" }
}

fn month_fact(month: Month) -> String {
    format!("m{month}")
}

fn partner_fact(partner: OfficeNumber) -> String {
    format!("p{}", partner.as_str().to_ascii_lowercase())
}

fn subject_fact(subject: Subject) -> String {
    let kind = match subject {
        Subject::Actuals => "kactuals",
        Subject::Provision => "kprovision",
        Subject::CarePlan => "kcareplan",
        Subject::Preventive => "kpreventive",
        Subject::Withdrawal => "kwithdrawal",
        Subject::Message => "kmessage",
        Subject::Other => "kother",
    };
    kind.to_owned()
}

/// The month a time lies in, in Japan.
fn month_in_japan(at: Timestamp) -> Option<Month> {
    let local = at.to_zoned(TimeZone::fixed(offset(9)));
    Month::new(local.year(), local.month())
}

/// Names, and the bytes of the files that speak of persons.
fn files_of(connection: &Connection, id: &str) -> Result<Vec<File>, HistoryError> {
    let named: Vec<(u32, String, u64)> = connection
        .prepare_cached("SELECT position, name, size FROM file WHERE parcel = ?1 ORDER BY position")
        .and_then(|mut select| select.query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect())
        .named("index files")?;
    let mut files = Vec::new();
    for (position, name, size) in named {
        let speaks = FileName::parse(&name).is_ok() && size <= LARGEST_FILE;
        let bytes = if speaks {
            connection
                .prepare_cached("SELECT bytes FROM body WHERE parcel = ?1 AND position = ?2")
                .and_then(|mut select| select.query_row(params![id, position], |row| row.get(0)).optional())
                .named("index files")?
        } else {
            None
        };
        files.push((name, bytes));
    }
    Ok(files)
}

/// What a person is found by. A name is learnt from the files that say it, and serves those that have only the number.
fn words_of(connection: &Connection, person: &Person) -> Result<String, HistoryError> {
    let key = &person.key;
    if let Some(name) = &person.name {
        connection
            .prepare_cached(
                "INSERT INTO person (insurer, insured, name, kana) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (insurer, insured)
                 DO UPDATE SET name = ?3, kana = coalesce(nullif(?4, ''), kana) WHERE name <> ?3 OR kana <> ?4",
            )
            .and_then(|mut learn| {
                learn.execute(params![key.insurer, key.insured, name, person.kana.as_deref().unwrap_or_default()])
            })
            .named("learn a name")?;
    }
    let (name, kana) = known_name(connection, key)?.unwrap_or_default();
    // With the space and without: nobody knows how the sender's software writes it.
    let joined = |text: &str| pieces(&text.split_whitespace().collect::<String>());
    Ok([joined(&name), joined(&kana), pieces(&key.insured)].concat())
}

/// Name and kana.
fn known_name(connection: &Connection, person: &PersonKey) -> Result<Option<(String, String)>, HistoryError> {
    connection
        .prepare_cached("SELECT name, kana FROM person WHERE insurer = ?1 AND insured = ?2")
        .and_then(|mut select| {
            select.query_row(params![person.insurer, person.insured], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .named("a person's name")
}

/// The next free place of the second, or after it.
fn next_place(connection: &Connection, at: i64) -> Result<i64, HistoryError> {
    let mut from = at.div_euclid(1000).saturating_mul(PLACES_A_SECOND);
    loop {
        let last: Option<i64> = connection
            .prepare_cached("SELECT max(place) FROM search_place WHERE place >= ?1 AND place < ?2")
            .and_then(|mut select| select.query_row([from, from.saturating_add(PLACES_A_SECOND)], |row| row.get(0)))
            .named("a place in the index")?;
        match last {
            None => return Ok(from),
            Some(last) if last < from.saturating_add(PLACES_A_SECOND - 1) => return Ok(last + 1),
            Some(_) => from = from.saturating_add(PLACES_A_SECOND),
        }
    }
}

#[cfg(test)]
mod tests;
