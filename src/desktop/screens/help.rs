//! ヘルプと診断: what stands in the way, a trial to oneself, the support file, and answers to common questions.

use egui::{RichText, Ui, vec2};

use super::group;
use crate::desktop::Action;
use crate::desktop::desk::Choice;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::theme::{bold, icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, Colors, bad, button, button_if, button_sized, chip, good, icon_line, look, para, quiet, row_end,
    sentence_card, text,
};
use crate::engine::model::{Check, Command, DiagnosisCommand, Light, Look, Newer, Trial};
use crate::words::failure::{Sentence, failure};
use crate::words::{Lang, diagnosis as w, release};

/// Which questions are unfolded, and whether this is the last step of setting up.
#[derive(Debug, Default)]
pub(in crate::desktop) struct HelpPage {
    unfolded: Vec<usize>,
    /// The terminal was set up a moment ago.
    pub welcome: bool,
}

impl HelpPage {
    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        super::page(ui, "help", |ui| {
            let lang = model.lang();
            super::title(ui, w::help(lang));
            let mut asked = None;
            if self.welcome && !matches!(model.diagnosis.trial, Trial::Came { .. }) {
                let sentence = Sentence { what: w::welcome(lang).into(), todo: w::welcome_hint(lang).into() };
                sentence_card(ui, ic::INFO, look(), &sentence);
                asked = trial(ui, model).or(asked);
                asked = diagnosis(ui, model).or(asked);
            } else {
                asked = diagnosis(ui, model).or(asked);
                asked = trial(ui, model).or(asked);
            }
            asked = support(ui, lang).or(asked);
            self.questions(ui, lang);
            text(ui, format!("{}　{}", w::version(lang), env!("CARGO_PKG_VERSION")), reg(14.0), gray_700());
            if let Some(newer) = &model.status.newer {
                asked = update(ui, lang, newer).or(asked);
            }
            asked
        })
    }

    fn questions(&mut self, ui: &mut Ui, lang: Lang) {
        group(ui, ic::INFO, w::questions_title(lang), |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            for (at, (question, answer)) in w::questions(lang).into_iter().enumerate() {
                let is_open = self.unfolded.contains(&at);
                let glyph = if is_open { ic::ARROW_UPWARD } else { ic::EXPAND_MORE };
                if button_sized(ui, Btn::Text, glyph, question, vec2(0.0, TARGET)).clicked() {
                    if is_open {
                        self.unfolded.retain(|open| *open != at);
                    } else {
                        self.unfolded.push(at);
                    }
                }
                if is_open {
                    ui.horizontal_top(|ui| {
                        ui.add_space(38.0);
                        ui.vertical(|ui| para(ui, answer, 16.0, gray_800()));
                    });
                }
            }
        });
    }
}

fn ask(command: DiagnosisCommand) -> Option<Action> {
    Some(Action::Ask(Command::Diagnosis(command)))
}

/// Sign, word and colours of a light.
fn light_look(lang: Lang, light: Light) -> (&'static str, &'static str, Colors) {
    match light {
        Light::Green => (ic::CHECK_CIRCLE, w::light(lang, light), good()),
        Light::Yellow => (ic::WARNING, w::light(lang, light), look()),
        Light::Red => (ic::ERROR, w::light(lang, light), bad()),
    }
}

fn diagnosis(ui: &mut Ui, model: &Model) -> Option<Action> {
    let lang = model.lang();
    group(ui, ic::CLOUD_DONE, w::diagnosis(lang), |ui| {
        let mut asked = None;
        para(ui, w::diagnosis_hint(lang), 16.0, gray_700());
        let is_looking = model.diagnosis.checks.iter().any(|(_, look)| *look == Look::UnderWay);
        ui.horizontal_wrapped(|ui| {
            if is_looking {
                if button(ui, Btn::Outline, ic::CLOSE, w::stop(lang)).clicked() {
                    asked = ask(DiagnosisCommand::Stop);
                }
                ui.add(egui::Spinner::new().size(24.0).color(blue_900()));
            } else {
                let is_free = !model.diagnosis.is_under_way();
                let min = vec2(200.0, 48.0);
                if button_if(ui, is_free, Btn::Primary, ic::SYNC, w::begin(lang), min).clicked() {
                    asked = ask(DiagnosisCommand::All);
                }
                if let Some(light) = model.diagnosis.light() {
                    let (glyph, _, (_, _, color)) = light_look(lang, light);
                    icon_line(ui, glyph, w::verdict(lang, light), bold(16.0), color);
                }
            }
        });
        for (check, look) in &model.diagnosis.checks {
            ui.separator();
            let again = ui.push_id(check.as_str(), |ui| one(ui, model, *check, look)).inner;
            if again {
                asked = ask(DiagnosisCommand::Again(*check));
            }
        }
        asked
    })
}

/// One line; says whether it is to be looked at again.
fn one(ui: &mut Ui, model: &Model, check: Check, looked: &Look) -> bool {
    let lang = model.lang();
    let (glyph, word, colors) = match looked {
        Look::NotYet => (ic::SCHEDULE, w::not_yet(lang), quiet()),
        Look::UnderWay => (ic::SYNC, w::under_way(lang), quiet()),
        Look::Done(found) => light_look(lang, found.light()),
    };
    let Look::Done(found) = looked else {
        head(ui, (glyph, word, colors), w::check(lang, check));
        return false;
    };
    let sentence = w::found(lang, found, &model.zone);
    let row = ui.horizontal_top(|ui| {
        head(ui, (glyph, word, colors), w::check(lang, check));
        ui.add_space(8.0);
        // The button stands at the end of the line.
        let room = (ui.available_width() - AGAIN).max(80.0);
        ui.vertical(|ui| {
            ui.set_max_width(room);
            ui.add_space(9.0);
            para(ui, &sentence.what, 16.0, gray_900());
            if !sentence.todo.is_empty() {
                para(ui, &format!("→ {}", sentence.todo), 16.0, blue_1000());
            }
        });
    });
    let line = egui::Rect::from_min_size(row.response.rect.min, vec2(ui.max_rect().width(), TARGET)).expand(8.0);
    !model.diagnosis.is_under_way()
        && row_end(ui, line, "again", |ui| button(ui, Btn::Text, ic::SYNC, w::again(lang)).clicked())
}

/// Room for the button at the end of a line, and for the names at its beginning.
const AGAIN: f32 = 130.0;
const NAMES: f32 = 290.0;

fn head(ui: &mut Ui, (glyph, word, colors): (&str, &str, Colors), name: &str) {
    let width = NAMES.min(ui.available_width() * 0.5);
    ui.allocate_ui_with_layout(vec2(width, TARGET), egui::Layout::left_to_right(egui::Align::Center), |ui| {
        ui.set_min_width(width);
        chip(ui, glyph, word, colors);
        text(ui, name, bold(16.0), gray_900());
    });
}

fn trial(ui: &mut Ui, model: &Model) -> Option<Action> {
    let lang = model.lang();
    group(ui, ic::SEND, w::trial(lang), |ui| {
        let mut asked = None;
        para(ui, w::trial_hint(lang), 16.0, gray_700());
        match &model.diagnosis.trial {
            Trial::NotYet => {}
            Trial::UnderWay => icon_line(ui, ic::SYNC, w::trial_under_way(lang), reg(16.0), blue_900()),
            Trial::Came { took } => {
                let (_, _, (_, _, color)) = light_look(lang, Light::Green);
                ui.horizontal_top(|ui| {
                    ui.label(RichText::new(ic::CHECK_CIRCLE).font(icon(24.0)).color(color));
                    ui.vertical(|ui| para(ui, &w::trial_came(lang, took.as_secs_f64()), 16.0, color));
                });
            }
            Trial::Failed(reason) => sentence_card(ui, ic::ERROR, bad(), &failure(lang, reason)),
        }
        ui.horizontal_wrapped(|ui| match model.diagnosis.trial {
            Trial::UnderWay => {
                if button(ui, Btn::Outline, ic::CLOSE, w::stop(lang)).clicked() {
                    asked = ask(DiagnosisCommand::Stop);
                }
            }
            _ => {
                let is_free = !model.diagnosis.is_under_way();
                let min = vec2(200.0, TARGET);
                if button_if(ui, is_free, Btn::Outline, ic::SEND, w::trial_begin(lang), min).clicked() {
                    asked = ask(DiagnosisCommand::Trial);
                }
            }
        });
        asked
    })
}

/// There is a newer version: said, and no more. Whoever has a moment gets it.
fn update(ui: &mut Ui, lang: Lang, newer: &Newer) -> Option<Action> {
    group(ui, ic::DOWNLOAD, &release::newer(lang, &newer.version), |ui| {
        para(ui, release::ask(lang), 16.0, gray_700());
        para(ui, &format!("{}　{}", release::page(lang), newer.address), 16.0, gray_900());
        let pressed = button(ui, Btn::Outline, ic::DOWNLOAD, release::open_page(lang)).clicked();
        pressed.then(|| Action::OpenPage(newer.address.clone()))
    })
}

fn support(ui: &mut Ui, lang: Lang) -> Option<Action> {
    group(ui, ic::SAVE, w::support(lang), |ui| {
        para(ui, w::support_hint(lang), 16.0, gray_700());
        let pressed = button(ui, Btn::Outline, ic::SAVE, w::support_save(lang)).clicked();
        pressed.then_some(Action::Choose(Choice::SaveSupport))
    })
}
