//! What is said to a partner about a month, made from the files that went and came: a reminder, 実績なし, 限度超過.
//!
//! A person chooses and looks it over; the statement is made of the choice, and the words ([`crate::words::board`]) of the
//! statement, so that they never say different things. Nobody is named whom the receiver did not plan for, or does not serve.

use std::collections::BTreeSet;

use super::model::Failure;
use super::terminal::Terminal;
use crate::board::{Carried, Persons};
use crate::history::{HistoryError, Way};
use crate::parcel::{MOST_PERSONS, Over, Statement};
use crate::standard::{self, Kind, Month, OfficeNumber, People, PersonKey, Table, benefit_sheets};

/// What one would like to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// 催促
    Reminder,
    /// 実績なし
    NoActuals,
    /// 区分支給限度基準額を超える
    OverLimit,
}

/// Somebody who can be named.
#[derive(Clone, PartialEq, Eq)]
pub struct Candidate {
    pub person: PersonKey,
    pub name: Option<String>,
    /// How far the receiver's services go over the limit, where that is what is said.
    pub over: Option<Over>,
}

/// Persons are nobody's business in a log.
impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate").finish_non_exhaustive()
    }
}

/// What can be said to a partner about a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementDraft {
    pub partner: OfficeNumber,
    pub partner_name: String,
    pub month: Month,
    pub occasion: Occasion,
    /// Empty for a reminder.
    pub candidates: Vec<Candidate>,
}

impl StatementDraft {
    /// What is said of the chosen persons; `None` when nobody is named who has to be.
    pub fn statement(&self, chosen: &BTreeSet<PersonKey>) -> Option<Statement> {
        let month = self.month;
        let named = || self.candidates.iter().filter(|candidate| chosen.contains(&candidate.person));
        let statement = match self.occasion {
            Occasion::Reminder => Statement::Reminder { month },
            Occasion::NoActuals => {
                Statement::NoActuals { month, persons: named().map(|candidate| candidate.person.clone()).collect() }
            }
            Occasion::OverLimit => Statement::OverLimit {
                month,
                persons: named().filter_map(|candidate| candidate.over.clone()).collect(),
            },
        };
        statement.is_bounded().then_some(statement)
    }
}

impl Terminal {
    /// Looks up whom a statement may name.
    pub fn draft_statement(
        &self,
        partner: OfficeNumber,
        month: Month,
        occasion: Occasion,
    ) -> Result<Result<StatementDraft, Failure>, HistoryError> {
        if self.way_to(partner)? == Way::National {
            return Ok(Err(Failure::NoWayForWords { office: partner.to_string() }));
        }
        let mut candidates = match occasion {
            Occasion::Reminder => Vec::new(),
            Occasion::NoActuals => self.without_actuals(partner, month)?,
            Occasion::OverLimit => self.over_limit(partner, month)?,
        };
        candidates.truncate(MOST_PERSONS);
        let partner_name = self.history.name_of(partner)?;
        Ok(Ok(StatementDraft { partner, partner_name, month, occasion, candidates }))
    }

    /// Planned by the partner, not reported, and not said to have none yet.
    fn without_actuals(&self, partner: OfficeNumber, month: Month) -> Result<Vec<Candidate>, HistoryError> {
        let planned = People::new(self.exchanged(partner, month, true, &[Kind::Provision, Kind::Supplement])?);
        let mut done: Persons = persons_of(&self.exchanged(partner, month, false, &[Kind::Actuals])?);
        for said in self.history.said_of_month(month)? {
            let ours = said.partner == partner && !said.proof.incoming && !said.proof.troubled;
            if let (true, Statement::NoActuals { persons, .. }) = (ours, said.statement) {
                done.extend(persons);
            }
        }
        let in_plan = |person: &standard::Person| planned.kinds(person).contains(&Kind::Provision);
        let open = planned.iter().filter(|person| in_plan(person) && !done.contains(&person.key));
        Ok(open.map(|person| Candidate { person: person.key.clone(), name: person.name.clone(), over: None }).collect())
    }

    /// Planned by us, with services of the partner's over the limit.
    fn over_limit(&self, partner: OfficeNumber, month: Month) -> Result<Vec<Candidate>, HistoryError> {
        let tables = self.exchanged(partner, month, false, &[Kind::Benefit, Kind::Supplement])?;
        let mut candidates = Vec::new();
        for sheet in benefit_sheets(&tables).into_iter().filter(|sheet| sheet.month == month) {
            let own = sheet.providers.iter().find(|provider| provider.office == partner);
            let over = own.map_or(0, |own| own.over.saturating_add(own.over_type));
            if over > 0 {
                let (units, limit) = (sheet.units(), sheet.limit);
                let over = Some(Over { person: sheet.person.clone(), limit, units, over });
                candidates.push(Candidate { person: sheet.person, name: sheet.person_name, over });
            }
        }
        Ok(candidates)
    }

    /// The tables that went to, or came from, a partner about a month, oldest first.
    fn exchanged(
        &self,
        partner: OfficeNumber,
        month: Month,
        incoming: bool,
        kinds: &[Kind],
    ) -> Result<Vec<Table>, HistoryError> {
        let counts =
            |file: &Carried| file.partner == partner && file.proof.incoming == incoming && !file.proof.troubled;
        let mut tables = Vec::new();
        for file in self.history.files_of_month(month, kinds)?.iter().filter(|file| counts(file)) {
            let bytes = self.history.bytes_of(file.parcel, &file.sha256)?.unwrap_or_default();
            tables.extend(standard::read(&file.name, &bytes));
        }
        Ok(tables)
    }

    /// Whether a statement may go to this office: of a sound size, and only about persons of plans exchanged with it.
    pub(super) fn may_say(
        &self,
        partner: OfficeNumber,
        statement: &Statement,
    ) -> Result<Result<(), Failure>, HistoryError> {
        let month = statement.month();
        let plans = [Kind::Provision, Kind::Benefit];
        let theirs = match statement {
            Statement::Reminder { .. } => Vec::new(),
            Statement::NoActuals { .. } => self.exchanged(partner, month, true, &plans)?,
            Statement::OverLimit { .. } => self.exchanged(partner, month, false, &plans)?,
        };
        let theirs = persons_of(&theirs);
        let named = statement.persons().all(|person| theirs.contains(person)) && statement.is_bounded();
        Ok(if named { Ok(()) } else { Err(Failure::PersonNotTheirs { office: partner.to_string() }) })
    }
}

fn persons_of(tables: &[Table]) -> Persons {
    tables.iter().flat_map(|table| table.rows().map(|row| row.person())).collect()
}
