//! The history as the faces see it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::model::{Audit, FileView, Lists, Names, ParcelView, Partner, PartnerChange, StatementView, Status};
use super::release;
use super::terminal::Terminal;
use crate::history::{Dealings, HistoryError, ListedOffice, Stored, Way};
use crate::parcel::ParcelId;
use crate::standard::{self, FileName, MonthSheet, OfficeNumber, People, Table};

impl Terminal {
    pub fn lists(&self) -> Result<Lists, HistoryError> {
        Ok(Lists {
            inbox: self.history.inbox()?.into(),
            sent: self.history.sent()?.into(),
            outbox: self.history.outbox()?.into(),
        })
    }

    /// Who is in the directory, and whom else we had to do with.
    pub fn partners(&self) -> Result<Arc<[Partner]>, HistoryError> {
        let (changes, keys) = (self.history.partner_changes()?, self.history.trusted_keys()?);
        let mut dealings = self.history.dealings()?;
        let papers = self.history.paper_days()?;
        for office in papers.keys() {
            dealings.entry(*office).or_default();
        }
        let national = |office: &OfficeNumber, listed: bool| match &self.import.national {
            Some(national) if !listed || national.partners.contains(office) => Way::National,
            _ => Way::Hub,
        };
        let partner = |office: OfficeNumber, known: Option<ListedOffice>, dealt: Dealings| Partner {
            changed: changes.get(&office).map(|change| PartnerChange {
                known: change.known.clone(),
                offered: change.offered.clone(),
                since: change.since,
            }),
            office,
            service: known.as_ref().map(|known| known.service),
            reachable: known.as_ref().is_some_and(|known| known.reachable),
            way: national(&office, known.is_some()),
            key: keys.get(&office).cloned(),
            last_sent: dealt.sent,
            last_received: dealt.received,
            last_paper: papers.get(&office).copied(),
            name: known
                .map(|known| known.name)
                .or(Some(dealt.name).filter(|name| !name.is_empty()))
                .unwrap_or_else(|| office.to_string()),
        };
        let listed = self.history.offices()?.into_iter().filter(|office| office.office != self.office);
        let mut partners: Vec<Partner> = listed
            .map(|known| (known.office, dealings.remove(&known.office).unwrap_or_default(), known))
            .map(|(office, dealt, known)| partner(office, Some(known), dealt))
            .collect();
        dealings.remove(&self.office);
        partners.extend(dealings.into_iter().map(|(office, dealt)| partner(office, None, dealt)));
        Ok(partners.into())
    }

    /// The record for a face: its newest lines, and whether all of it fits.
    pub fn audit(&self) -> Result<Audit, HistoryError> {
        const SHOWN: u32 = 1_000;
        Ok(Audit { lines: self.history.audit(SHOWN)?, verdict: self.history.verify_audit(&[])? })
    }

    /// One parcel for the reading pane; `None` when there is none of that id.
    pub fn view(&self, id: ParcelId) -> Result<Option<ParcelView>, HistoryError> {
        let Some(stored) = self.history.parcel(id)? else { return Ok(None) };
        let contents = self.history.contents(id)?;
        let sheets = self.month_sheets(&stored, &contents)?;
        let statements = self.statement_views(id)?;
        let mut people = People::new(tables_of(&contents));
        people.name_the_nameless(|person| self.history.person_name(person))?;
        Ok(Some(ParcelView { statements, relay: self.relay_way(&stored)?, ..view_of(stored, sheets, people) }))
    }

    /// What a message says about a month. Files sent or received before may say who is named.
    fn statement_views(&self, id: ParcelId) -> Result<Vec<StatementView>, HistoryError> {
        let mut views = Vec::new();
        for statement in self.history.statements(id)? {
            let mut names = HashMap::new();
            for person in statement.persons() {
                if let Some(name) = self.history.person_name(person)? {
                    names.insert(person.clone(), name);
                }
            }
            views.push(StatementView { statement, names });
        }
        Ok(views)
    }

    /// 第6表 of a parcel's files, per person and month. 実績 that came in stands beside the 予定 that we sent to the same
    /// office for the same month: that is what it is to be compared with.
    fn month_sheets(&self, stored: &Stored, files: &[(String, Vec<u8>)]) -> Result<Vec<MonthSheet>, HistoryError> {
        let mut tables = tables_of(files);
        if !stored.incoming {
            return Ok(standard::month_sheets(&tables));
        }
        let partner = stored.line.partner;
        let names = files.iter().filter_map(|(name, _)| FileName::parse(name).ok());
        let months: BTreeSet<_> =
            names.filter(|name| name.kind.prefix() == "UPJSK").filter_map(|name| name.month).collect();
        let persons: BTreeSet<_> = tables.iter().flat_map(|table| table.rows().map(|row| row.person())).collect();
        let mut planned = Vec::new();
        for month in &months {
            for prefix in ["UPPLAN", "UPHOSOKU"] {
                planned.extend(self.history.newest_file_sent(partner, &format!("{prefix}_{month}_"))?);
            }
        }
        tables.extend(tables_of(&planned));
        let mut sheets = standard::month_sheets(&tables);
        sheets.retain(|sheet| persons.contains(&sheet.person));
        // 予定 shows the services of every office; this office answers for its own.
        for sheet in sheets.iter_mut().filter(|sheet| months.contains(&sheet.month)) {
            sheet.lines.retain(|line| line.office == partner);
        }
        Ok(sheets)
    }

    pub fn certificate_until(&self) -> Option<Timestamp> {
        self.identity.valid_until().ok()
    }

    pub(super) fn status(&self, connection: super::model::Connection, last: Option<Timestamp>) -> Status {
        let newer = release::newer(&self.history, &self.release_keys, Timestamp::now()).unwrap_or_else(|error| {
            tracing::warn!(%error, "what is known of newer versions cannot be read");
            None
        });
        Status { connection, last_exchange: last, certificate_until: self.certificate_until(), newer }
    }
}

impl Terminal {
    /// The persons of some files that have just come, where a notice is to name them.
    pub(super) fn persons_told<'a>(&self, files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Names {
        if !self.names_persons {
            return Names::default();
        }
        let tables = files.filter_map(|(name, bytes)| standard::read(&FileName::parse(name).ok()?, bytes).ok());
        Names(People::new(tables.collect()).iter().filter_map(|person| person.name.clone()).collect())
    }
}

/// The tables among some files, as far as they can be read.
fn tables_of(files: &[(String, Vec<u8>)]) -> Vec<Table> {
    files.iter().filter_map(|(name, bytes)| standard::read(&FileName::parse(name).ok()?, bytes).ok()).collect()
}

fn view_of(stored: Stored, sheets: Vec<MonthSheet>, people: People) -> ParcelView {
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
        statements: Vec::new(),
        files,
        checked: stored.checked,
        sheets,
        people: Arc::new(people),
        trail: stored.trail,
        chain: stored.chain,
        passed_on: stored.passed_on,
        relay: None,
        signed_by: stored.signer,
        note: stored.note,
    }
}
