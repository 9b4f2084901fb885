//! The page before sending: what goes to whom, once more.

use egui::{Label, RichText, Ui, vec2};

use super::bundle::{count, receiver_about, receiver_name};
use crate::desktop::icons as ic;
use crate::desktop::text::{safe_lines, safe_text};
use crate::desktop::theme::{bold, card, icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button_sized, chip, error_count, hrow, icon_line, para, subject_look, text};
use crate::engine::model::Bundle;
use crate::words::{Lang, mail, window as w};

/// Files named per receiver.
const FILES: usize = 6;
/// A message is shown so far.
const MESSAGE: usize = 200;

pub(super) enum Answer {
    Back,
    Send,
}

/// Each receiver's files, words and number of attachments, once more.
pub(super) fn show(ui: &mut Ui, lang: Lang, bundles: &[(&Bundle, String, usize)], left_out: usize) -> Option<Answer> {
    super::title(ui, w::review_title(lang));
    para(ui, w::review_hint(lang), 16.0, gray_800());
    let files = bundles.iter().map(|(bundle, _, attached)| bundle.files.len() + attached).sum();
    let total = format!("{}　{}", w::receivers(lang, bundles.len()), w::file_count(lang, files));
    let mut answer = None;
    ui.horizontal_wrapped(|ui| {
        if button_sized(ui, Btn::Primary, ic::SEND, w::send(lang), vec2(160.0, 48.0)).clicked() {
            answer = Some(Answer::Send);
        }
        if button_sized(ui, Btn::Outline, ic::REPLY, w::back(lang), vec2(120.0, 48.0)).clicked() {
            answer = Some(Answer::Back);
        }
        text(ui, total, bold(16.0), gray_900());
    });
    if left_out > 0 {
        icon_line(ui, ic::INFO, &w::left_out(lang, left_out), reg(16.0), gray_700());
    }
    for (bundle, message, attached) in bundles {
        receiver(ui, lang, bundle, message, *attached);
    }
    answer
}

fn receiver(ui: &mut Ui, lang: Lang, bundle: &Bundle, message: &str, attached: usize) {
    card().show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 6.0;
        let name = receiver_name(lang, bundle);
        hrow(ui, 28.0, |ui| {
            ui.label(RichText::new(ic::APARTMENT).font(icon(24.0)).color(blue_900()));
            ui.add(Label::new(RichText::new(name).font(bold(18.0)).color(gray_900())).truncate());
        });
        text(ui, receiver_about(lang, bundle), reg(14.0), gray_700());
        ui.scope(|ui| {
            ui.spacing_mut().interact_size.y = 28.0;
            ui.horizontal_wrapped(|ui| {
                for subject in &bundle.subjects {
                    let (words, colors) = subject_look(lang, *subject);
                    chip(ui, "", words, colors);
                }
                let persons = w::person_count(lang, bundle.persons);
                let files = w::file_count(lang, bundle.files.len());
                text(ui, if bundle.persons > 0 { format!("{files}　{persons}") } else { files }, reg(14.0), gray_700());
                let (errors, warnings) = count(&bundle.findings);
                if errors + warnings > 0 {
                    error_count(ui, lang, errors, warnings);
                }
            });
        });
        for file in bundle.files.iter().take(FILES) {
            let kind = if file.kind.is_empty() { w::unknown_kind(lang) } else { &file.kind };
            icon_line(ui, ic::TABLE_VIEW, &format!("{kind}　{}", file.name), reg(14.0), gray_800());
        }
        let more = bundle.files.len().saturating_sub(FILES);
        if more > 0 {
            text(ui, format!("{}　{}", w::more(lang), w::file_count(lang, more)), reg(14.0), gray_700());
        }
        if attached > 0 {
            icon_line(ui, ic::ATTACH_FILE, &mail::attachments(lang, attached), reg(14.0), gray_800());
        }
        if message.is_empty() {
            text(ui, w::no_message(lang), reg(14.0), gray_700());
            return;
        }
        let mut shown = safe_lines(&message.chars().take(MESSAGE).collect::<String>());
        if message.chars().nth(MESSAGE).is_some() {
            shown.push('…');
        }
        text(ui, w::message(lang), bold(14.0), gray_900());
        para(ui, safe_text(&shown).as_ref(), 16.0, gray_800());
    });
}
