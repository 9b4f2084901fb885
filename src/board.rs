//! 月次ボード: for one month, how far each exchange with each partner got, and who has not answered yet.
//!
//! Pure: [`Board::of`] makes it of [`Material`], which holds parcels with what their receipts prove, what was said in
//! messages, and what people noted as done on paper. Nothing is claimed beyond that. The month is 対象年月 of the files,
//! not the day they went; only the preventive documents, whose names hold no month, count for the month they were
//! exchanged in.
//!
//! | side | 予定 | 実績 | 予防の計画 |
//! |---|---|---|---|
//! | care manager, towards a provider | out | in | |
//! | provider, towards a planner | in | out | |
//! | support centre, towards an entrusted office | in | in | either way |
//! | entrusted office, towards its centre | out | out | either way |

mod material;
mod row;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use material::{Carried, Material, Paper, Proof, Said};
pub use row::Key;

use crate::parcel::ParcelId;
use crate::standard::{Kind, Month, OfficeNumber, PersonKey, ServiceType};

/// As what this office stands towards a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// 居宅介護支援: plans, and the partner serves.
    Planner,
    /// サービス事業所: serves, and the partner plans.
    Provider,
    /// 地域包括支援センター: has entrusted plans to the partner.
    Centre,
    /// Plans what the partner, a centre, has entrusted.
    Entrusted,
}

/// One of the exchanges of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exchange {
    /// 予定: 第6・7表
    Plan,
    /// 実績
    Actuals,
    /// 利用者基本情報, 介護予防サービス・支援計画書
    Documents,
}

impl Exchange {
    /// What a file of this kind belongs to; `None` for what the board does not follow.
    pub fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Provision | Kind::Benefit | Kind::ProvisionWithdrawal => Some(Self::Plan),
            Kind::Actuals | Kind::ActualsWithdrawal => Some(Self::Actuals),
            Kind::BasicInfo | Kind::PreventivePlan => Some(Self::Documents),
            _ => None,
        }
    }
}

impl Side {
    /// Whether an exchange comes to us on this side; `None` where it goes either way.
    pub fn is_incoming(self, exchange: Exchange) -> Option<bool> {
        match (self, exchange) {
            (_, Exchange::Documents) => None,
            (Side::Planner, exchange) => Some(exchange == Exchange::Actuals),
            (Side::Provider, exchange) => Some(exchange == Exchange::Plan),
            (Side::Centre, _) => Some(true),
            (Side::Entrusted, _) => Some(false),
        }
    }

    /// Whether we wait for the partner's actuals on this side, or the partner for ours.
    pub fn awaits_actuals(self) -> bool {
        matches!(self, Side::Planner | Side::Centre)
    }
}

/// How far something got; each step stands on stored evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "step", content = "on", rename_all = "kebab-case")]
pub enum Step {
    /// Nothing of it went or came.
    Nothing,
    /// It failed, was refused, or is held up.
    Troubled,
    /// Ours: it has not left.
    Waiting,
    /// Ours: the hub has it.
    Sent,
    /// Ours: it lies in the hand-over folder of the national system. What becomes of it there is not known here.
    LaidOut,
    /// Ours: the receiver's receipt says so. Theirs: it is here, and not imported.
    Arrived,
    Imported,
    /// 実績なし was said of every person that was planned.
    NoActuals,
    /// Somebody noted that it went, or came, on paper.
    Paper(Date),
}

impl Step {
    /// Whether the one who waits for it has it.
    pub fn is_there(self) -> bool {
        matches!(self, Step::Arrived | Step::Imported | Step::NoActuals | Step::Paper(_))
    }

    /// Whether nothing more will be heard of it.
    pub fn is_settled(self) -> bool {
        self.is_there() || self == Step::LaidOut
    }
}

/// One exchange with one partner.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Cell {
    /// Theirs, and not ours.
    pub incoming: bool,
    #[serde(flatten)]
    pub step: Step,
    /// When what proves the step happened.
    pub at: Option<Timestamp>,
    /// The parcel that stands for it.
    pub parcel: Option<ParcelId>,
}

/// What was sent after the first of it: more persons, or corrections.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Changes {
    pub count: usize,
    /// How far the newest got.
    pub newest: Cell,
}

/// The persons of the plans, and what was answered of them. Only where every file of both could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Answered {
    pub planned: usize,
    /// Persons the actuals speak of.
    pub reported: usize,
    /// Persons of whom 実績なし was said.
    pub none: usize,
    /// Planned, and neither reported nor said to have none.
    pub missing: usize,
}

/// One partner, for one service.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Row {
    pub side: Side,
    pub partner: OfficeNumber,
    pub name: String,
    /// The partner's service, as the files name it.
    pub service: ServiceType,
    pub plan: Cell,
    pub changes: Option<Changes>,
    pub actuals: Cell,
    pub documents: Option<Cell>,
    pub answered: Option<Answered>,
    /// Of how many persons 実績なし was said.
    pub no_actuals: usize,
    /// Of how many persons the planner said that they are over the limit with the provider's services.
    pub over_limit: usize,
    /// Since when the actuals are being waited for, and for how many days; `None` while the month runs, where there was no
    /// plan, and once they are there.
    pub awaited_since: Option<Date>,
    pub days: Option<i32>,
    /// Days since our plan went, where it has not arrived on the day it went.
    pub undelivered_days: Option<i32>,
    /// When somebody last asked for the actuals, in a message that was sent.
    pub reminded: Option<Timestamp>,
    /// There was an exchange last month, and nothing yet this month.
    pub regular: bool,
}

impl Row {
    pub fn cell(&self, exchange: Exchange) -> Option<&Cell> {
        match exchange {
            Exchange::Plan => Some(&self.plan),
            Exchange::Actuals => Some(&self.actuals),
            Exchange::Documents => self.documents.as_ref(),
        }
    }

    /// Whether there is a plan to answer: it left, came, or was noted.
    pub fn is_planned(&self) -> bool {
        !matches!(self.plan.step, Step::Nothing | Step::Troubled | Step::Waiting)
    }

    /// Whether the actuals are where they belong, of every person as far as that can be told.
    pub fn is_complete(&self) -> bool {
        self.actuals.step.is_settled() && self.answered.is_none_or(|answered| answered.missing == 0)
    }

    /// Whether something is still to be done, here or there.
    pub fn is_open(&self) -> bool {
        let changes_arrived = self.changes.as_ref().is_none_or(|changes| changes.newest.step.is_settled());
        !self.plan.step.is_settled() || !self.is_complete() || !changes_arrived
    }
}

/// The partners of one side, added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    pub side: Side,
    pub partners: usize,
    /// Partners whose plans are where they belong: theirs here, or ours there.
    pub plans: usize,
    /// Partners whose actuals are.
    pub actuals: usize,
    /// Partners with anything open.
    pub open: usize,
}

/// The month at a glance.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Board {
    pub month: Month,
    /// The first day on which actuals of this month are waited for.
    pub due: Date,
    /// By side, then by name.
    pub rows: Vec<Row>,
    pub summaries: Vec<Summary>,
}

impl Board {
    /// Derives the board as of `now`. Days are counted in `zone`.
    pub fn of(material: &Material, now: Timestamp, zone: &TimeZone) -> Board {
        let today = now.to_zoned(zone.clone()).date();
        let due = material.month.next().first_day();
        let mut groups: BTreeMap<Key, row::Gathered<'_>> = BTreeMap::new();
        for carried in &material.files {
            let Some((key, exchange)) = row::place_of(carried) else { continue };
            groups.entry(key).or_default().file(exchange, carried);
        }
        for key in &material.regulars {
            groups.entry(*key).or_default();
        }
        for paper in &material.papers {
            groups.entry((paper.side, paper.partner, paper.service)).or_default().paper(paper);
        }
        for ((side, partner, _), gathered) in &mut groups {
            let said = material.said.iter().filter(|said| said.partner == *partner);
            said.for_each(|said| gathered.said(*side, said));
        }
        let days = row::Days { today, due, zone };
        let mut rows: Vec<Row> =
            groups.into_iter().map(|(key, gathered)| gathered.into_row(key, &material.names, &days)).collect();
        rows.sort_by(|a, b| (a.side, &a.name, a.partner, a.service).cmp(&(b.side, &b.name, b.partner, b.service)));
        let summaries = summaries(&rows);
        Board { month: material.month, due, rows, summaries }
    }

    /// The month people work on: until the 10th, when the actuals of the last month are handed in, that one.
    pub fn month_of(today: Date) -> Month {
        let month = Month::of(today);
        if today.day() > 10 { month } else { month.previous() }
    }

    pub fn sides(&self) -> BTreeSet<Side> {
        self.rows.iter().map(|row| row.side).collect()
    }
}

/// The rows that some files are about.
pub fn keys<'a>(files: impl Iterator<Item = &'a Carried>) -> impl Iterator<Item = Key> {
    files.filter_map(row::place_of).map(|(key, _)| key)
}

/// A partner with several services has done something when all of them have.
fn summaries(rows: &[Row]) -> Vec<Summary> {
    let mut partners: BTreeMap<(Side, OfficeNumber), (bool, bool, bool)> = BTreeMap::new();
    for row in rows {
        let (plans, actuals, open) = partners.entry((row.side, row.partner)).or_insert((true, true, false));
        *plans &= row.plan.step.is_there();
        *actuals &= row.actuals.step.is_there();
        *open |= row.is_open();
    }
    let mut summaries: Vec<Summary> = Vec::new();
    for ((side, _), (plans, actuals, open)) in partners {
        if summaries.last().is_none_or(|last| last.side != side) {
            summaries.push(Summary { side, partners: 0, plans: 0, actuals: 0, open: 0 });
        }
        if let Some(summary) = summaries.last_mut() {
            summary.partners += 1;
            summary.plans += usize::from(plans);
            summary.actuals += usize::from(actuals);
            summary.open += usize::from(open);
        }
    }
    summaries
}

/// The persons a file speaks of.
pub type Persons = BTreeSet<PersonKey>;
