//! 設定 › 基本: who we are, where files lie, how the window looks.

use std::path::PathBuf;

use egui::{RichText, TextEdit, Ui, vec2};

use crate::desktop::Action;
use crate::desktop::chrome::certificate_look;
use crate::desktop::desk::Choice;
use crate::desktop::icons as ic;
use crate::desktop::model::{Look, Model, TextSize};
use crate::desktop::theme::{bold, card, icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, FIELD_MARGIN, button, button_if, field, icon_line, section, segmented, text};
use crate::engine::model::{Command, Login, Settings};
use crate::words::{Lang, window as w};

/// What is typed but not kept yet.
#[derive(Debug, Default)]
pub(super) struct General {
    draft: Option<Settings>,
    /// The settings the draft began with.
    base: Option<Settings>,
    /// Asked the engine to keep the draft.
    keeping: bool,
}

impl General {
    /// The engine told its settings; tells whether that was the answer to ours.
    pub fn kept(&mut self, settings: &Settings) -> bool {
        let unchanged = self.draft == self.base;
        self.base = Some(settings.clone());
        if unchanged || self.keeping {
            self.draft = Some(settings.clone());
        }
        std::mem::take(&mut self.keeping)
    }

    pub fn set_outgoing(&mut self, folder: PathBuf) {
        if let Some(draft) = &mut self.draft {
            draft.outgoing = folder;
        }
    }

    pub fn set_import(&mut self, folder: PathBuf) {
        if let Some(draft) = &mut self.draft {
            draft.import = folder;
        }
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        let saved = self.save_bar(ui, lang);
        let mut asked = display(ui, model.look).or(saved);
        match &mut self.draft {
            Some(draft) => {
                asked = office(ui, lang, draft).or(asked);
                asked = folders(ui, lang, draft).or(asked);
            }
            None => icon_line(ui, ic::SCHEDULE, w::settings_waiting(lang), reg(16.0), gray_700()),
        }
        certificate(ui, model);
        login(ui, model).or(asked)
    }

    fn save_bar(&mut self, ui: &mut Ui, lang: Lang) -> Option<Action> {
        let draft = self.draft.as_ref()?;
        let changed = self.base.as_ref() != Some(draft);
        let valid = !draft.hub.trim().is_empty() && !draft.office_name.trim().is_empty();
        let (mut asked, mut undo) = (None, false);
        ui.horizontal_wrapped(|ui| {
            let ready = changed && valid;
            if button_if(ui, ready, Btn::Primary, ic::SAVE, w::save_settings(lang), vec2(160.0, 48.0)).clicked() {
                asked = Some(Action::Ask(Command::Configure(Box::new(draft.clone()))));
            }
            if changed {
                undo = button(ui, Btn::Text, ic::UNDO, w::undo_settings(lang)).clicked();
            } else {
                text(ui, w::settings_unchanged(lang), reg(16.0), gray_700());
            }
        });
        self.keeping |= asked.is_some();
        if undo {
            self.draft = self.base.clone();
        }
        asked
    }
}

fn group<R>(ui: &mut Ui, glyph: &str, title: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    card()
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            section(ui, glyph, title, |_| ());
            add(ui)
        })
        .inner
}

fn display(ui: &mut Ui, look: Look) -> Option<Action> {
    let lang = look.lang;
    group(ui, ic::TEXT_INCREASE, w::display(lang), |ui| {
        let mut asked = None;
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(w::text_size(lang)).font(reg(16.0)).color(gray_900()));
            asked = all_text_sizes(ui, look);
        });
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(w::appearance(lang)).font(reg(16.0)).color(gray_900()));
            let names = [w::appearance_light(lang), w::appearance_dark(lang), w::appearance_contrast(lang)];
            let on = Appearance::ALL.iter().position(|appearance| *appearance == look.appearance).unwrap_or(0);
            let pressed = segmented(ui, &names, on, TARGET).and_then(|at| Appearance::ALL.get(at).copied());
            asked = pressed.map(|appearance| Action::SetLook(Look { appearance, ..look })).or(asked.take());
        });
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(ic::LANGUAGE).font(icon(22.0)).color(gray_700()));
            ui.label(RichText::new(w::language(lang)).font(reg(16.0)).color(gray_900()));
            let on = usize::from(lang == Lang::En);
            if let Some(pressed) = segmented(ui, &["日本語", "English"], on, TARGET) {
                let lang = if pressed == 0 { Lang::Ja } else { Lang::En };
                asked = Some(Action::SetLook(Look { lang, ..look }));
            }
        });
        asked
    })
}

/// Up to 200 %.
fn all_text_sizes(ui: &mut Ui, look: Look) -> Option<Action> {
    let lang = look.lang;
    let names = [w::small(lang), w::medium(lang), w::large(lang), w::larger(lang), w::largest(lang)];
    let on = TextSize::ALL.iter().position(|size| *size == look.text_size).unwrap_or(1);
    let text_size = *TextSize::ALL.get(segmented(ui, &names, on, TARGET)?)?;
    Some(Action::SetLook(Look { text_size, ..look }))
}

fn office(ui: &mut Ui, lang: Lang, draft: &mut Settings) -> Option<Action> {
    group(ui, ic::APARTMENT, w::office(lang), |ui| {
        // The number is the certificate's; it cannot be typed.
        icon_line(
            ui,
            ic::VERIFIED_USER,
            &format!("{}　{}", w::office_number(lang), draft.office),
            reg(16.0),
            gray_900(),
        );
        line_field(ui, w::office_name(lang), &mut draft.office_name, 200);
        line_field(ui, w::hub(lang), &mut draft.hub, 300);
    });
    None
}

fn line_field(ui: &mut Ui, label: &str, value: &mut String, limit: usize) {
    field(ui, label, |ui| {
        let width = ui.available_width().min(560.0);
        ui.add(
            TextEdit::singleline(value)
                .text_color(gray_900())
                .char_limit(limit)
                .desired_width(width)
                .margin(FIELD_MARGIN),
        )
    });
}

fn folders(ui: &mut Ui, lang: Lang, draft: &Settings) -> Option<Action> {
    group(ui, ic::FOLDER_OPEN, w::folders(lang), |ui| {
        let mut asked = None;
        for (label, folder, choice) in [
            (w::outgoing_folder(lang), &draft.outgoing, Choice::OutgoingFolder),
            (w::import_folder(lang), &draft.import, Choice::ImportFolder),
        ] {
            ui.label(RichText::new(label).font(bold(16.0)).color(gray_900()));
            ui.push_id(label, |ui| {
                ui.horizontal_wrapped(|ui| {
                    if button(ui, Btn::Outline, ic::FOLDER_OPEN, w::choose(lang)).clicked() {
                        asked = Some(Action::Choose(choice));
                    }
                    if button(ui, Btn::Text, "", w::open_folder(lang)).clicked() {
                        asked = Some(Action::OpenFolder(folder.clone()));
                    }
                    text(ui, folder.display().to_string(), reg(16.0), gray_800());
                });
            });
        }
        asked
    })
}

/// Who is in.
fn login(ui: &mut Ui, model: &Model) -> Option<Action> {
    let lang = model.lang();
    let current = model.login.as_ref()?;
    group(ui, ic::PERSON, w::login(lang), |ui| {
        let mut asked = None;
        match current {
            Login::As { user, role } => {
                let who = format!("{user}（{}）", w::role(lang, *role));
                icon_line(ui, ic::CHECK_CIRCLE, &who, reg(16.0), gray_900());
                ui.horizontal_wrapped(|ui| {
                    if button(ui, Btn::Outline, "", w::change_password(lang)).clicked() {
                        asked = Some(Action::ChangePassword);
                    }
                    if button(ui, Btn::Outline, "", w::log_out(lang)).clicked() {
                        asked = Some(Action::Ask(Command::Logout));
                    }
                });
            }
            Login::Needed { .. } => {
                icon_line(ui, ic::WARNING, w::login_needed(lang), reg(16.0), yellow_1000());
                if button(ui, Btn::Outline, ic::PERSON, w::log_in(lang)).clicked() {
                    asked = Some(Action::LogIn);
                }
            }
        }
        asked
    })
}

fn certificate(ui: &mut Ui, model: &Model) {
    let (glyph, words, color) = certificate_look(model);
    group(ui, ic::VERIFIED_USER, w::certificate(model.lang()), |ui| icon_line(ui, glyph, &words, reg(16.0), color));
}
