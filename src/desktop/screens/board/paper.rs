//! Noting that something went or came on paper, or that it did not after all. Asked from the board, and from 連携先.

use egui::{RichText, TextEdit, Ui};
use jiff::civil::Date;

use super::answers;
use crate::board::{Board, Exchange, Paper, Row, Side, Step};
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::screens::login::window;
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, FIELD_MARGIN, button, field, para, text};
use crate::engine::model::{PaperNote, Partner};
use crate::standard::{Month, Role};
use crate::words::board as w;

/// The question, with the day as it is typed.
#[derive(Debug)]
pub(in crate::desktop::screens) struct PaperDialog {
    month: Month,
    paper: Paper,
    name: String,
    day: String,
    noted: bool,
}

impl PaperDialog {
    /// About a row of the board.
    pub fn new(model: &Model, month: Month, row: &Row, exchange: Exchange) -> Self {
        let noted = row.cell(exchange).and_then(|cell| match cell.step {
            Step::Paper(on) => Some(on),
            _ => None,
        });
        let on = noted.unwrap_or_else(|| today(model));
        let paper = Paper { side: row.side, partner: row.partner, service: row.service, exchange, on };
        Self::of(month, paper, row.name.clone(), noted.is_some())
    }

    /// About a partner, of the month that the board shows; `None` where it cannot be told what it is to us.
    pub fn with(model: &Model, partner: &Partner, exchange: Exchange) -> Option<Self> {
        let month = model.board.as_ref().map_or_else(|| Board::month_of(today(model)), |board| board.month);
        let row = model.board.iter().flat_map(|board| &board.rows).find(|row| row.partner == partner.office);
        if let Some(row) = row {
            return Some(Self::new(model, month, row, exchange));
        }
        let service = partner.service?;
        let side = if service.role() == Some(Role::Planner) { Side::Provider } else { Side::Planner };
        let paper = Paper { side, partner: partner.office, service, exchange, on: today(model) };
        Some(Self::of(month, paper, partner.name.clone(), false))
    }

    fn of(month: Month, paper: Paper, name: String, noted: bool) -> Self {
        Self { month, paper, name, day: format!("{}/{}", paper.on.month(), paper.on.day()), noted }
    }

    /// `None` while it is open; then what is to be noted, if anything.
    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Option<PaperNote>> {
        let lang = model.lang();
        let today = today(model);
        let mut answer = None;
        let closed = window(ui, "tayori-paper", |ui| {
            ui.label(RichText::new(w::paper_title(lang)).font(bold(22.0)).color(gray_900()));
            let about = format!("{}　{}", w::month(lang, self.month), w::exchange(lang, self.paper.exchange));
            text(ui, &self.name, bold(16.0), gray_900());
            text(ui, about, reg(16.0), gray_800());
            para(ui, w::paper_hint(lang), 16.0, gray_800());
            field(ui, w::paper_day(lang), |ui| {
                let typed = TextEdit::singleline(&mut self.day).char_limit(20).margin(FIELD_MARGIN);
                ui.add(typed.hint_text(w::paper_day_hint(lang)).text_color(gray_900()))
            });
            let day = read_day(&self.day, today);
            if day.is_none() {
                para(ui, w::paper_day_wrong(lang), 16.0, red_900());
            }
            if self.noted && button(ui, Btn::Outline, ic::UNDO, w::paper_undo(lang)).clicked() {
                answer = Some(Some(PaperNote { month: self.month, paper: self.paper, taken_back: true }));
            }
            match (answers(ui, lang, w::paper_keep(lang), ic::DONE, day.is_some()), day) {
                (Some(true), Some(on)) => {
                    let paper = Paper { on, ..self.paper };
                    answer = Some(Some(PaperNote { month: self.month, paper, taken_back: false }));
                }
                (Some(false), _) => answer = Some(None),
                _ => {}
            }
        });
        if closed { answer.or(Some(None)) } else { answer }
    }
}

fn today(model: &Model) -> Date {
    model.now.to_zoned(model.zone.clone()).date()
}

/// 11/5, 11月5日, 2026-11-05, 2026/11/5. A day without a year is the last such day.
fn read_day(text: &str, today: Date) -> Option<Date> {
    let plain: String = text
        .chars()
        .map(|c| char::from_u32(u32::from(c).wrapping_sub(0xfee0)).filter(char::is_ascii).unwrap_or(c))
        .collect();
    let numbers: Vec<i16> = plain
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let date = |year: i16, month: i16, day: i16| Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok();
    let day = match numbers.as_slice() {
        [year, month, day] if *year >= 2000 => date(*year, *month, *day),
        [month, day] => date(today.year(), *month, *day)
            .filter(|day| *day <= today)
            .or_else(|| date(today.year() - 1, *month, *day)),
        _ => None,
    };
    day.filter(|day| *day <= today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_people_write_it_and_is_never_in_the_future() {
        let today = jiff::civil::date(2026, 11, 21);
        let read = |text: &str| read_day(text, today).map(|day| day.to_string());
        for text in ["11/5", "１１／５", "11月5日", "2026-11-05", "2026/11/5"] {
            assert_eq!(read(text).as_deref(), Some("2026-11-05"), "{text}");
        }
        assert_eq!(read("12/27").as_deref(), Some("2025-12-27"), "the last such day");
        for text in ["", "きのう", "11", "13/1", "2/30", "2026-11-22", "99999999999/1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
