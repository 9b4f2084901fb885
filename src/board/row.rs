//! One row of the board, gathered from everything about one partner and service.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::material::{Carried, Paper, Proof, Said};
use super::{Answered, Cell, Changes, Exchange, Persons, Row, Side, Step};
use crate::parcel::{ParcelId, Statement};
use crate::standard::{Kind, OfficeNumber, Role, ServiceType};

/// What a row is about.
pub type Key = (Side, OfficeNumber, ServiceType);

/// The row and exchange a file belongs to; `None` for what the board does not follow.
pub(super) fn place_of(carried: &Carried) -> Option<(Key, Exchange)> {
    let (name, incoming) = (&carried.name, carried.proof.incoming);
    let exchange = Exchange::of(name.kind)?;
    let (own, partner, service) = if incoming {
        (name.receiver_service, name.sender, name.sender_service)
    } else {
        (name.sender_service, name.receiver, name.receiver_service)
    };
    // What says that it is another's tells nothing about this partner.
    let side = side_of(own, service, exchange, incoming).filter(|_| partner == carried.partner)?;
    let fits = side.is_incoming(exchange).is_none_or(|wanted| wanted == incoming);
    fits.then_some(((side, partner, service), exchange))
}

/// As what we stand towards a partner whose service this is.
fn side_of(own: ServiceType, partner: ServiceType, exchange: Exchange, incoming: bool) -> Option<Side> {
    let plans = |service: ServiceType| service.role() == Some(Role::Planner);
    // 介護予防支援, 介護予防ケアマネジメント
    let is_centre = |service: ServiceType| matches!(service.as_str(), "46" | "AF");
    match (plans(own) && plans(partner), exchange) {
        (true, _) if is_centre(own) => Some(Side::Centre),
        (true, _) if is_centre(partner) => Some(Side::Entrusted),
        (true, _) | (false, Exchange::Documents) => None,
        (false, Exchange::Plan) => Some(if incoming { Side::Provider } else { Side::Planner }),
        (false, Exchange::Actuals) => Some(if incoming { Side::Planner } else { Side::Provider }),
    }
}

/// What days are counted from and to.
pub(super) struct Days<'a> {
    pub today: Date,
    pub due: Date,
    pub zone: &'a TimeZone,
}

impl Days<'_> {
    fn since(&self, day: Date) -> i32 {
        (self.today - day).get_days().max(0)
    }

    fn of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }
}

/// A parcel, with the files of one exchange in it.
#[derive(Clone, Copy, Debug)]
struct Sending {
    parcel: ParcelId,
    at: Timestamp,
    proof: Proof,
}

/// Everything about one partner and service.
#[derive(Debug, Default)]
pub(super) struct Gathered<'a> {
    sendings: BTreeMap<Exchange, Vec<Sending>>,
    files: Vec<&'a Carried>,
    papers: BTreeMap<Exchange, Date>,
    /// 実績なし, by whoever reports, as far as it reached the one who waits.
    none: Persons,
    /// The same with what is still on its way, and the last that said so.
    said_none: Persons,
    saying: Option<Sending>,
    /// 限度超過, by whoever plans.
    over_limit: Persons,
    reminded: Option<Timestamp>,
}

impl<'a> Gathered<'a> {
    pub fn file(&mut self, exchange: Exchange, carried: &'a Carried) {
        let sendings = self.sendings.entry(exchange).or_default();
        if sendings.iter().all(|sending| sending.parcel != carried.parcel) {
            sendings.push(Sending { parcel: carried.parcel, at: carried.at, proof: carried.proof });
        }
        self.files.push(carried);
    }

    pub fn paper(&mut self, paper: &Paper) {
        self.papers.insert(paper.exchange, paper.on);
    }

    pub fn said(&mut self, side: Side, said: &Said) {
        let from_reporter = said.proof.incoming == side.awaits_actuals();
        match &said.statement {
            _ if said.proof.troubled => {}
            Statement::NoActuals { persons, .. } if from_reporter => {
                if said.proof.is_there() {
                    self.none.extend(persons.iter().cloned());
                }
                self.said_none.extend(persons.iter().cloned());
                self.saying = Some(Sending { parcel: said.parcel, at: said.at, proof: said.proof });
            }
            Statement::Reminder { .. } if !from_reporter && said.proof.has_left() => {
                self.reminded = self.reminded.max(Some(said.at))
            }
            Statement::OverLimit { persons, .. } if !from_reporter && said.proof.has_left() => {
                self.over_limit.extend(persons.iter().map(|over| over.person.clone()));
            }
            _ => {}
        }
    }

    pub fn into_row(self, key: Key, names: &BTreeMap<OfficeNumber, String>, days: &Days<'_>) -> Row {
        let (side, partner, service) = key;
        let (plan, changes) = self.first_and_changes(side);
        let answered = self.answered(&self.none);
        let actuals = self.actuals(side);
        let documents = self.sendings.get(&Exchange::Documents).and_then(|all| all.last()).map(Sending::cell);
        let mut row = Row {
            side,
            partner,
            name: names.get(&partner).cloned().unwrap_or_else(|| partner.to_string()),
            service,
            regular: self.sendings.is_empty() && self.papers.is_empty(),
            no_actuals: self.none.len(),
            over_limit: self.over_limit.len(),
            reminded: self.reminded,
            plan,
            changes,
            actuals,
            documents,
            answered,
            awaited_since: None,
            days: None,
            undelivered_days: None,
        };
        if row.is_planned() && !row.is_complete() && days.today >= days.due {
            let known = row.plan.at.map(|at| days.of(at)).filter(|_| row.plan.step.is_there());
            let since = known.map_or(days.due, |known| known.max(days.due));
            (row.awaited_since, row.days) = (Some(since), Some(days.since(since)));
        }
        if !row.plan.incoming && row.plan.step == Step::Sent {
            row.undelivered_days = row.plan.at.map(|at| days.since(days.of(at))).filter(|days| *days > 0);
        }
        row
    }

    fn blank(&self, side: Side, exchange: Exchange) -> Cell {
        let incoming = side.is_incoming(exchange).unwrap_or_default();
        let step = self.papers.get(&exchange).map_or(Step::Nothing, |on| Step::Paper(*on));
        Cell { incoming, step, at: None, parcel: None }
    }

    /// The parcels of an exchange that count, or the last that failed where none does.
    fn counting(&self, exchange: Exchange) -> (Vec<&Sending>, Option<&Sending>) {
        let all = self.sendings.get(&exchange).map(Vec::as_slice).unwrap_or_default();
        let good: Vec<&Sending> = all.iter().filter(|sending| !sending.proof.troubled).collect();
        let failed = all.last().filter(|last| good.is_empty() && last.proof.troubled);
        (good, failed)
    }

    fn first_and_changes(&self, side: Side) -> (Cell, Option<Changes>) {
        let (good, failed) = self.counting(Exchange::Plan);
        let blank = self.blank(side, Exchange::Plan);
        let first = good.first().copied().or(failed.filter(|_| blank.step == Step::Nothing));
        let changes = good.split_first().and_then(|(_, later)| {
            let newest = later.last()?;
            Some(Changes { count: later.len(), newest: newest.cell() })
        });
        (first.map_or(blank, Sending::cell), changes)
    }

    /// Several parcels are as far as the one that is least far. Without any, 実績なし of everybody is the answer.
    fn actuals(&self, side: Side) -> Cell {
        let (good, failed) = self.counting(Exchange::Actuals);
        let blank = self.blank(side, Exchange::Actuals);
        if let Some(least) = good.iter().map(|sending| sending.cell()).min_by_key(|cell| rank(cell.step)) {
            return least;
        }
        let said_of_all = self.answered(&self.said_none).is_some_and(|answered| answered.missing == 0);
        match self.saying.filter(|_| said_of_all).map(|saying| saying.cell()) {
            Some(said) if said.step.is_there() => Cell { step: Step::NoActuals, ..said },
            Some(said) => said,
            None => failed.filter(|_| blank.step == Step::Nothing).map_or(blank, Sending::cell),
        }
    }

    /// Whom the plans name, and what was answered of them. A later file adds to what is there, and a withdrawal takes away.
    fn answered(&self, none: &Persons) -> Option<Answered> {
        let (mut planned, mut reported) = (Persons::new(), Persons::new());
        for file in self.files.iter().filter(|file| !file.proof.troubled) {
            let (set, adds) = match file.name.kind {
                Kind::Provision => (&mut planned, true),
                Kind::ProvisionWithdrawal => (&mut planned, false),
                Kind::Actuals => (&mut reported, true),
                Kind::ActualsWithdrawal => (&mut reported, false),
                _ => continue,
            };
            let persons = file.persons.as_ref()?;
            if adds {
                set.extend(persons.iter().cloned());
            } else {
                set.retain(|person| !persons.contains(person));
            }
        }
        if planned.is_empty() {
            return None;
        }
        let none = planned.iter().filter(|person| none.contains(person) && !reported.contains(person)).count();
        let done = planned.iter().filter(|person| reported.contains(person)).count();
        Some(Answered { planned: planned.len(), reported: reported.len(), none, missing: planned.len() - none - done })
    }
}

impl Sending {
    fn cell(&self) -> Cell {
        let Proof { incoming, national, accepted, arrived, imported, troubled } = self.proof;
        let (step, at) = match (troubled, imported, arrived, accepted) {
            (true, ..) => (Step::Troubled, Some(self.at)),
            (_, Some(at), ..) => (Step::Imported, Some(at)),
            (_, _, Some(at), _) => (Step::Arrived, Some(at)),
            // Received; whether its files lie in the folder yet makes no difference here.
            _ if incoming => (Step::Arrived, Some(self.at)),
            (.., Some(at)) => (if national { Step::LaidOut } else { Step::Sent }, Some(at)),
            _ => (Step::Waiting, Some(self.at)),
        };
        Cell { incoming, step, at, parcel: Some(self.parcel) }
    }
}

fn rank(step: Step) -> u8 {
    match step {
        Step::Nothing => 0,
        Step::Troubled => 1,
        Step::Waiting => 2,
        Step::Sent | Step::LaidOut => 3,
        Step::Arrived => 4,
        Step::Imported | Step::NoActuals | Step::Paper(_) => 5,
    }
}
