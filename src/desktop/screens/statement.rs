//! What a message says about a month, as a card of its own: whom it names, and what it means. The words of the sender stand
//! beside it, as everybody reads them.

use egui::{RichText, Ui};

use super::bundle::full_card;
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::text::safe_text;
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button, chip, hrow, look, para, section, text};
use crate::engine::model::StatementView;
use crate::parcel::{Over, Statement};
use crate::standard::PersonKey;
use crate::words::{Lang, board, statement as w, window};

/// Persons that are named before more is asked for.
const FIRST: usize = 12;
/// More would be more than anybody reads; the message names them all.
const MOST: usize = 300;

/// Draws the cards of a message. `all` is whether every person is wanted.
pub(super) fn cards(ui: &mut Ui, lang: Lang, said: &[StatementView], incoming: bool, all: &mut bool) -> Option<Action> {
    let mut asked = None;
    for (at, said) in said.iter().enumerate() {
        ui.push_id(("statement", at), |ui| {
            asked = full_card(ui, |ui| one(ui, lang, said, incoming, all)).or(asked.take());
        });
    }
    asked
}

fn one(ui: &mut Ui, lang: Lang, said: &StatementView, incoming: bool, all: &mut bool) -> Option<Action> {
    let statement = &said.statement;
    let (glyph, hint) = match statement {
        Statement::NoActuals { .. } => (ic::CHECK_CIRCLE, w::no_actuals_came(lang)),
        Statement::OverLimit { .. } => (ic::WARNING, w::over_came(lang)),
        Statement::Reminder { .. } => (ic::SCHEDULE, w::reminder_came(lang)),
    };
    section(ui, glyph, &w::title(lang, statement), |ui| {
        let count = statement.persons().count();
        if count > 0 {
            text(ui, board::persons(lang, count), reg(16.0), gray_700());
        }
    });
    if incoming {
        para(ui, hint, 16.0, gray_800());
    }
    let shown = if *all { MOST } else { FIRST };
    for person in statement.persons().take(shown) {
        one_person(ui, lang, said, person);
    }
    let hidden = statement.persons().count().saturating_sub(shown);
    if hidden > 0 && !*all && button(ui, Btn::Text, ic::EXPAND_MORE, &window::show_more(lang, hidden)).clicked() {
        *all = true;
    }
    let pressed = button(ui, Btn::Outline, ic::CALENDAR_MONTH, w::see_board(lang)).clicked();
    pressed.then_some(Action::SeeMonth(statement.month()))
}

fn one_person(ui: &mut Ui, lang: Lang, said: &StatementView, person: &PersonKey) {
    hrow(ui, 28.0, |ui| {
        ui.label(
            RichText::new(said.name(person).map(safe_text).unwrap_or_default()).font(bold(16.0)).color(gray_900()),
        );
        text(ui, &person.insured, reg(16.0), gray_700());
        if let Some(over) = over_of(&said.statement, person) {
            chip(ui, ic::WARNING, &board::over_units(lang, over.over), look());
            text(ui, w::units(lang, over, number), reg(14.0), gray_700());
        }
    });
}

fn over_of<'a>(statement: &'a Statement, person: &PersonKey) -> Option<&'a Over> {
    match statement {
        Statement::OverLimit { persons, .. } => persons.iter().find(|over| over.person == *person),
        _ => None,
    }
}

/// 20,113
fn number(number: i64) -> String {
    let grouped = crate::desktop::text::grouped(usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX));
    if number < 0 { format!("-{grouped}") } else { grouped }
}
