//! Noting that something went or came on paper, or that it did not after all.

use egui::{RichText, TextEdit, Ui};
use jiff::civil::Date;

use super::answers;
use crate::board::{Exchange, Paper, Row, Step};
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::screens::login::window;
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, FIELD_MARGIN, button, field, para, text};
use crate::history::PaperNote;
use crate::standard::Month;
use crate::words::board as w;

/// The question, with the day as it is typed.
#[derive(Debug)]
pub(super) struct PaperDialog {
    month: Month,
    paper: Paper,
    name: String,
    day: String,
    noted: bool,
}

impl PaperDialog {
    pub fn new(model: &Model, month: Month, row: &Row, exchange: Exchange) -> Self {
        let today = model.now.to_zoned(model.zone.clone()).date();
        let noted = row.cell(exchange).map(|cell| cell.step);
        let (on, noted) = match noted {
            Some(Step::Paper(on)) => (on, true),
            _ => (today, false),
        };
        let paper = Paper { side: row.side, partner: row.partner, service: row.service, exchange, on };
        Self { month, paper, name: row.name.clone(), day: format!("{}/{}", on.month(), on.day()), noted }
    }

    /// `None` while it is open; then what is to be noted, if anything.
    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Option<PaperNote>> {
        let lang = model.lang();
        let today = model.now.to_zoned(model.zone.clone()).date();
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
