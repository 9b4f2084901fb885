//! The month board of a terminal: gathered from its history, and told whenever it changes.
//!
//! A thread of its own: whom a file speaks of stands in the file, and reading a month of them for the first time takes a
//! while. What was read is remembered by digest, and what was asked meanwhile is answered once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::model::Event;
use super::runner::Teller;
use super::terminal::Terminal;
use crate::board::{self, Board, Carried, Material, Persons};
use crate::history::HistoryError;
use crate::standard::{self, Kind, Month, OfficeNumber};

/// Most bytes of files that are read for one board; what is left is read for the next.
const AT_ONCE: usize = 64 * 1024 * 1024;
/// The kinds the board follows by the month in their names.
const FOLLOWED: [Kind; 5] =
    [Kind::Provision, Kind::Benefit, Kind::ProvisionWithdrawal, Kind::Actuals, Kind::ActualsWithdrawal];
/// Most files whose persons are remembered.
const REMEMBERED: usize = 20_000;

/// Whom files speak of, by the digests of the files.
#[derive(Debug, Default)]
pub struct PersonsOfFiles(HashMap<String, Arc<Persons>>);

/// What the board's thread is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// This month from now on; `None` for the one people work on.
    Show(Option<Month>),
    /// Something changed.
    Refresh,
}

impl Terminal {
    /// The board of a month.
    pub fn board(&self, month: Month, known: &mut PersonsOfFiles, now: Timestamp) -> Result<Board, HistoryError> {
        let zone = TimeZone::system();
        let mut files = self.history.files_of_month(month, &FOLLOWED)?;
        let start = |month: Month| month.first_day().to_zoned(zone.clone()).map(|day| day.timestamp());
        if let (Ok(from), Ok(until)) = (start(month), start(month.next())) {
            files.extend(self.history.documents_between(from, until)?);
        }
        self.fill_persons(&mut files, known)?;
        let before = self.history.files_of_month(month.previous(), &[Kind::Provision])?;
        let planned_before = before.iter().filter(|file| !file.proof.troubled);
        let material = Material {
            month,
            said: self.history.said_of_month(month)?,
            papers: self.history.papers(month)?,
            names: self.names_of_partners()?,
            regulars: board::keys(planned_before).collect(),
            files,
        };
        Ok(Board::of(&material, now, &zone))
    }

    /// The month people work on now; where nothing was exchanged for it yet, the last one for which there were plans.
    pub fn month_to_show(&self, now: Timestamp) -> Result<Month, HistoryError> {
        let month = Board::month_of(now.to_zoned(TimeZone::system()).date());
        let kinds = [Kind::Provision, Kind::Actuals];
        let is_begun = |month: Month| Ok(!self.history.files_of_month(month, &kinds)?.is_empty());
        if is_begun(month)? || is_begun(month.previous())? {
            return Ok(month);
        }
        Ok(self.history.month_before(month)?.unwrap_or(month))
    }

    fn fill_persons(&self, files: &mut [Carried], known: &mut PersonsOfFiles) -> Result<(), HistoryError> {
        let mut budget = AT_ONCE;
        if known.0.len() > REMEMBERED {
            known.0.clear();
        }
        for file in files.iter_mut().filter(|file| is_answer_or_plan(file.name.kind)) {
            if let Some(persons) = known.0.get(&file.sha256) {
                file.persons = Some(persons.clone());
                continue;
            }
            if budget == 0 {
                continue;
            }
            let Some(bytes) = self.history.bytes_of(file.parcel, &file.sha256)? else { continue };
            budget = budget.saturating_sub(bytes.len());
            let Ok(table) = standard::read(&file.name, &bytes) else { continue };
            let persons: BTreeSet<_> = table.rows().map(|row| row.person()).collect();
            let persons = Arc::new(persons);
            known.0.insert(file.sha256.clone(), persons.clone());
            file.persons = Some(persons);
        }
        Ok(())
    }

    /// Partners by the name the directory has, or else by the one their parcels had.
    fn names_of_partners(&self) -> Result<BTreeMap<OfficeNumber, String>, HistoryError> {
        let dealings = self.history.dealings()?.into_iter();
        let mut names: BTreeMap<OfficeNumber, String> = dealings.map(|(office, dealt)| (office, dealt.name)).collect();
        names.extend(self.history.offices()?.into_iter().map(|office| (office.office, office.name)));
        names.retain(|_, name| !name.trim().is_empty());
        Ok(names)
    }
}

fn is_answer_or_plan(kind: Kind) -> bool {
    matches!(kind, Kind::Provision | Kind::Actuals | Kind::ProvisionWithdrawal | Kind::ActualsWithdrawal)
}

/// Tells the board when it is asked for and whenever it has changed.
pub(super) fn until_closed(terminal: &Terminal, asked: &Receiver<Ask>, teller: &Teller) {
    let (mut known, mut month, mut told) = (PersonsOfFiles::default(), None, None::<Arc<Board>>);
    while let Ok(first) = asked.recv() {
        for ask in std::iter::once(first).chain(asked.try_iter()) {
            if let Ask::Show(wanted) = ask {
                month = wanted;
            }
        }
        let now = Timestamp::now();
        let shown = month.map_or_else(|| terminal.month_to_show(now), Ok);
        match shown.and_then(|month| terminal.board(month, &mut known, now)) {
            Ok(board) if told.as_deref() == Some(&board) => {}
            Ok(board) => {
                let board = Arc::new(board);
                told = Some(board.clone());
                if !teller.tell(Event::Board(board)) {
                    return;
                }
            }
            Err(error) => teller.fail(terminal.trouble(&error)),
        }
    }
}
