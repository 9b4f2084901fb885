//! 設定 › 基本: who we are, how the window looks.

use egui::{RichText, TextEdit, Ui};

use super::group;
use crate::desktop::Action;
use crate::desktop::chrome::certificate_look;
use crate::desktop::icons as ic;
use crate::desktop::model::{Look, Model, TextSize};
use crate::desktop::theme::{icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, FIELD_MARGIN, button, field, icon_line, para, segmented};
use crate::engine::model::{Command, Login, Notice, Settings};
use crate::words::{Lang, window as w};

/// So many days before its end a certificate is spoken of.
const ANNOUNCED: i64 = 60;

pub(super) fn show(ui: &mut Ui, model: &Model, draft: &mut Settings) -> Option<Action> {
    let asked = display(ui, model.look);
    office(ui, model.lang(), draft);
    certificate(ui, model);
    login(ui, model).or(asked)
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

fn office(ui: &mut Ui, lang: Lang, draft: &mut Settings) {
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
    let lang = model.lang();
    group(ui, ic::VERIFIED_USER, w::certificate(lang), |ui| {
        icon_line(ui, glyph, &words, reg(16.0), color);
        // From the first announcement on: what happens by itself, and what to do when it does not.
        if let Some(days) = model.certificate_days().filter(|days| *days <= ANNOUNCED) {
            let sentence = w::notice(lang, &Notice::CertificateEnds { days });
            para(ui, &format!("{}{}", sentence.what, sentence.todo), 16.0, gray_800());
        }
    });
}
