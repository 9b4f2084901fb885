//! Who in the office sees to a parcel: which terminal imports it, whom it is assigned to, a note of the office's own.

use egui::{RichText, TextEdit, Ui, vec2};

use super::login::window;
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::safe_text;
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, FIELD_MARGIN, blue, button, button_if, chip, field, icon_line, look, para, section, text,
};
use crate::engine::model::{Command, Login, ParcelLine};
use crate::words::{Lang, handling as words, window as w};

const NAME_CHARS: usize = 100;
const NOTE_CHARS: usize = 4_000;

/// What is typed about one parcel.
#[derive(Debug, Default)]
pub(super) struct Handling {
    open: bool,
    /// `None` until somebody types: then what is stored is shown.
    assigned: Option<String>,
    note: Option<String>,
    taking_over: bool,
}

/// Chips that say so, beside the state.
pub(super) fn chips(ui: &mut Ui, lang: Lang, line: &ParcelLine) {
    if let Some(terminal) = &line.importing {
        chip(ui, ic::DOWNLOAD, &words::imported_by(lang, &safe_text(terminal)), look());
    }
    if let Some(name) = &line.assigned {
        chip(ui, ic::PERSON, &words::assigned_to(lang, &safe_text(name)), blue());
    }
}

impl Handling {
    /// The button in the bar that unfolds the rest.
    pub fn toggle(&mut self, ui: &mut Ui, lang: Lang) {
        let words = if self.open { words::close(lang) } else { words::open(lang) };
        if button(ui, Btn::Text, ic::PERSON, words).clicked() {
            self.open = !self.open;
        }
    }

    /// The files lie in another terminal's folder: the way to have them in this one's.
    pub fn take_over(&mut self, ui: &mut Ui, lang: Lang, line: &ParcelLine) {
        if line.importing.is_some() && button(ui, Btn::Outline, ic::DOWNLOAD, words::take_over(lang)).clicked() {
            self.taking_over = true;
        }
    }

    pub fn is_shown(&self, line: &ParcelLine, note: &str) -> bool {
        self.open || line.assigned.is_some() || !note.trim().is_empty()
    }

    /// Whom it is assigned to, and the note.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, line: &ParcelLine, note: &str) -> Option<Action> {
        let lang = model.lang();
        section(ui, ic::PERSON, words::title(lang), |_| ());
        if !self.open {
            if let Some(name) = &line.assigned {
                icon_line(ui, ic::PERSON, &words::assigned_to(lang, name), reg(16.0), gray_900());
            }
            if !note.trim().is_empty() {
                para(ui, &safe_text(note), 16.0, gray_800());
            }
            return None;
        }
        let asked = self.assign(ui, model, line);
        self.note(ui, lang, line, note).or(asked)
    }

    fn assign(&mut self, ui: &mut Ui, model: &Model, line: &ParcelLine) -> Option<Action> {
        let lang = model.lang();
        let stored = line.assigned.clone().unwrap_or_default();
        let mut typed = self.assigned.clone().unwrap_or_else(|| stored.clone());
        field(ui, words::assigned(lang), |ui| {
            let width = ui.available_width().min(360.0);
            let edit = TextEdit::singleline(&mut typed).text_color(gray_900()).hint_text(words::assigned_hint(lang));
            ui.add(edit.char_limit(NAME_CHARS).desired_width(width).margin(FIELD_MARGIN))
        });
        let mut to = None;
        ui.horizontal_wrapped(|ui| {
            let changed = typed.trim() != stored.trim();
            if button_if(ui, changed, Btn::Outline, ic::SAVE, words::assign(lang), vec2(0.0, TARGET)).clicked() {
                to = Some(typed.trim().to_owned());
            }
            if let Some(Login::As { user, .. }) = &model.login
                && stored != user.as_str()
                && button(ui, Btn::Outline, ic::PERSON, words::to_me(lang)).clicked()
            {
                to = Some(user.to_string());
            }
            if !stored.is_empty() && button(ui, Btn::Text, ic::CLOSE, words::to_nobody(lang)).clicked() {
                to = Some(String::new());
            }
        });
        self.assigned = if to.is_some() { None } else { Some(typed).filter(|typed| *typed != stored) };
        to.map(|to| Action::Ask(Command::Assign { parcel: line.id, to }))
    }

    fn note(&mut self, ui: &mut Ui, lang: Lang, line: &ParcelLine, stored: &str) -> Option<Action> {
        let mut typed = self.note.clone().unwrap_or_else(|| stored.to_owned());
        field(ui, words::note(lang), |ui| {
            let edit = TextEdit::multiline(&mut typed).text_color(gray_900()).hint_text(words::note_hint(lang));
            let width = f32::INFINITY;
            ui.add(edit.char_limit(NOTE_CHARS).desired_rows(2).desired_width(width).margin(FIELD_MARGIN))
        });
        let changed = typed.trim() != stored.trim();
        let size = vec2(0.0, TARGET);
        let kept = button_if(ui, changed, Btn::Outline, ic::SAVE, words::note_keep(lang), size).clicked();
        let text = typed.trim().to_owned();
        self.note = Some(typed).filter(|typed| !kept && typed != stored);
        kept.then_some(Action::Ask(Command::Annotate { parcel: line.id, text }))
    }

    /// Taking over is asked once: the other terminal may have imported already.
    pub fn question(&mut self, ui: &mut Ui, lang: Lang, line: &ParcelLine) -> Option<Action> {
        if !self.taking_over {
            return None;
        }
        let (mut asked, mut done) = (None, false);
        let terminal = line.importing.clone().unwrap_or_default();
        let closed = window(ui, "tayori-take-over", |ui| {
            ui.label(RichText::new(words::take_over_title(lang)).font(bold(20.0)).color(gray_900()));
            text(ui, words::imported_by(lang, &safe_text(&terminal)), bold(16.0), gray_800());
            para(ui, words::take_over_text(lang), 16.0, gray_800());
            ui.horizontal_wrapped(|ui| {
                done |= button(ui, Btn::Outline, "", w::withdraw_no(lang)).clicked();
                if button(ui, Btn::Danger, ic::DOWNLOAD, words::take_over_yes(lang)).clicked() {
                    asked = Some(Action::Ask(Command::TakeOver(line.id)));
                    done = true;
                }
            });
        });
        if closed || done {
            self.taking_over = false;
        }
        asked
    }
}
