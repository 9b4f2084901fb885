//! One receiver's files before they go: who, what, and what the check says. 下書き, 新規作成, 一括送信 and the review draw
//! it alike.

use std::path::{Path, PathBuf};

use egui::accesskit::Role;
use egui::{ComboBox, Frame, Label, Margin, RichText, Ui, WidgetInfo, vec2};

use super::mending::Mending;
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::text::{safe_text, size};
use crate::desktop::theme::{bold, card, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, Findings, bad, button, button_sized, chip, error_count, icon_line, look, para, section, sentence_card,
    subject_look, text,
};
use crate::engine::model::{Astray, AstrayReason, Bundle, Offer};
use crate::standard::{Finding, OfficeNumber, Severity};
use crate::words::failure::{Sentence, failure};
use crate::words::{Lang, mail, window as w};

/// Files named in a card before more is asked for.
const FIRST_FILES: usize = 4;
const FIRST_ASTRAY: usize = 30;
const MOST_ASTRAY: usize = 1_000;

/// What a bundle's receiver is called; never empty.
pub(super) fn receiver_name(lang: Lang, bundle: &Bundle) -> String {
    if bundle.receiver_name.trim().is_empty() {
        w::unknown_receiver(lang).to_owned()
    } else {
        safe_text(&bundle.receiver_name).into_owned()
    }
}

/// Number and service of a receiver.
pub(super) fn receiver_about(lang: Lang, bundle: &Bundle) -> String {
    let service = match &bundle.receiver_service {
        Some(service) => w::service(lang, service),
        None => w::unknown_service(lang).to_owned(),
    };
    format!("{}　{service}", bundle.receiver)
}

/// Errors and warnings among findings.
pub(super) fn count(findings: &[Finding]) -> (usize, usize) {
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    (of(Severity::Error), of(Severity::Warning))
}

/// What it is about, how many files and persons, what the check says. `more` puts something after it.
pub(super) fn chips(ui: &mut Ui, lang: Lang, bundle: &Bundle, more: impl FnOnce(&mut Ui)) {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 28.0;
        ui.horizontal_wrapped(|ui| {
            for subject in &bundle.subjects {
                let (words, colors) = subject_look(lang, *subject);
                chip(ui, "", words, colors);
            }
            let mut counts = w::file_count(lang, bundle.files.len());
            if bundle.persons > 0 {
                counts = format!("{counts}　{}", w::person_count(lang, bundle.persons));
            }
            text(ui, counts, reg(14.0), gray_700());
            let (errors, warnings) = count(&bundle.findings);
            error_count(ui, lang, errors, warnings);
            if bundle.receiver_name.trim().is_empty() {
                chip(ui, ic::WARNING, w::unknown_receiver(lang), look());
            }
            more(ui);
        });
    });
}

/// What is unfolded of one bundle.
#[derive(Debug, Default)]
pub(super) struct Details {
    open: bool,
    all_files: bool,
    findings: Findings,
}

impl Details {
    /// Why it cannot be sent, what the check says, and its files.
    pub fn show(&mut self, ui: &mut Ui, lang: Lang, bundle: &Bundle) -> Option<Action> {
        let may = bundle.may_be_sent();
        if !may {
            let sentence =
                Sentence { what: w::cannot_send(lang).to_owned(), todo: w::cannot_send_hint(lang).to_owned() };
            sentence_card(ui, ic::ERROR, bad(), &sentence);
        }
        if !bundle.findings.is_empty() {
            self.findings(ui, lang, bundle, may);
        }
        let asked = repairs(ui, lang, bundle);
        self.files(ui, lang, bundle);
        asked
    }

    /// Errors are shown at once; the rest unfolds.
    fn findings(&mut self, ui: &mut Ui, lang: Lang, bundle: &Bundle, may: bool) {
        if may {
            let words = if self.open { w::hide_findings(lang) } else { w::show_findings(lang) };
            if button_sized(ui, Btn::Text, ic::EXPAND_MORE, words, vec2(0.0, TARGET)).clicked() {
                self.open = !self.open;
            }
        }
        if !may || self.open {
            self.findings.show(ui, lang, bundle.findings.iter());
        }
    }

    fn files(&mut self, ui: &mut Ui, lang: Lang, bundle: &Bundle) {
        let shown = if self.all_files { bundle.files.len() } else { FIRST_FILES };
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for file in bundle.files.iter().take(shown) {
                let kind = if file.kind.is_empty() { w::unknown_kind(lang) } else { &file.kind };
                let mended = if file.mended { mail::mended(lang) } else { "" };
                let words = format!("{kind}　{}　{}{mended}", file.name, size(file.size));
                icon_line(ui, ic::TABLE_VIEW, &words, reg(14.0), gray_800());
            }
        });
        let hidden = bundle.files.len().saturating_sub(shown);
        let more = w::show_more(lang, hidden);
        if hidden > 0 && button_sized(ui, Btn::Text, ic::EXPAND_MORE, &more, vec2(0.0, 36.0)).clicked() {
            self.all_files = true;
        }
    }
}

/// What can be put right in its files, with the way to look at it.
fn repairs(ui: &mut Ui, lang: Lang, bundle: &Bundle) -> Option<Action> {
    let mut asked = None;
    for file in bundle.files.iter().filter(|file| !file.mended && !file.offers.is_empty()) {
        ui.push_id(&file.path, |ui| {
            asked = mend_button(ui, lang, &file.path, &file.name, &file.offers).or(asked.take());
        });
    }
    asked
}

/// 「直す」 with what it would change; pressed, it is looked at first.
fn mend_button(ui: &mut Ui, lang: Lang, path: &Path, name: &str, offers: &[Offer]) -> Option<Action> {
    ui.horizontal_wrapped(|ui| {
        let pressed = button(ui, Btn::Outline, ic::EDIT_SQUARE, mail::mend(lang)).clicked();
        text(ui, mail::mend_offer(lang, offers.len(), name), reg(16.0), gray_900());
        let mending = || Mending { file: Some(path.to_owned()), name: name.to_owned(), offers: offers.to_vec() };
        pressed.then(|| Action::AskMend(mending()))
    })
    .inner
}

/// The files that cannot be sent as they are, and why.
#[derive(Debug, Default)]
pub(super) struct AstrayCard {
    all: bool,
}

impl AstrayCard {
    /// `receivers` are those an attachment may go along to.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        lang: Lang,
        title: &str,
        astray: &[Astray],
        receivers: &[(OfficeNumber, String)],
    ) -> Option<Action> {
        if astray.is_empty() {
            return None;
        }
        full_card(ui, |ui| {
            let title = format!("{title}　{}", w::parcels(lang, &astray.len().to_string()));
            section(ui, ic::WARNING, &title, |_| ());
            let mut asked = None;
            let shown = if self.all { MOST_ASTRAY } else { FIRST_ASTRAY };
            for (at, file) in astray.iter().take(shown).enumerate() {
                ui.push_id(at, |ui| asked = astray_row(ui, lang, file, receivers).or(asked.take()));
            }
            let hidden = astray.len().saturating_sub(shown);
            if hidden > 0 && button(ui, Btn::Text, ic::EXPAND_MORE, &w::show_more(lang, hidden)).clicked() {
                self.all = true;
            }
            asked
        })
    }
}

fn astray_row(ui: &mut Ui, lang: Lang, file: &Astray, receivers: &[(OfficeNumber, String)]) -> Option<Action> {
    let mut asked = None;
    Frame::new().fill(row_tint()).corner_radius(R8).inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        let name = RichText::new(safe_text(&file.name)).font(bold(16.0)).color(gray_900());
        ui.add(Label::new(name).truncate()).on_hover_text(safe_text(&file.path.display().to_string()));
        match &file.why {
            AstrayReason::Findings(findings) if findings.is_empty() => {
                para(ui, mail::no_receiver(lang), 16.0, gray_800());
            }
            AstrayReason::Findings(findings) => Findings::default().show(ui, lang, findings.iter().take(5)),
            AstrayReason::Unreadable(problem) => {
                let sentence = failure(lang, problem);
                para(ui, &safe_text(&sentence.what), 16.0, gray_900());
                para(ui, &format!("→ {}", sentence.todo), 16.0, blue_1000());
            }
        }
        if !file.offers.is_empty() {
            asked = mend_button(ui, lang, &file.path, &file.name, &file.offers);
        }
        ui.horizontal_wrapped(|ui| {
            let letter = matches!(&file.why, AstrayReason::Findings(findings) if findings.is_empty());
            if letter && !receivers.is_empty() {
                asked = attach_menu(ui, lang, &file.path, receivers).or(asked.take());
            }
            if let Some(folder) = file.path.parent().map(Path::to_owned) {
                asked = folder_button(ui, lang, folder).or(asked.take());
            }
        });
    });
    asked
}

/// Whom a letter without an address goes along to.
fn attach_menu(ui: &mut Ui, lang: Lang, path: &Path, receivers: &[(OfficeNumber, String)]) -> Option<Action> {
    let mut asked = None;
    let label = RichText::new(mail::attach_to(lang)).font(reg(16.0)).color(blue_900());
    let combo = ComboBox::from_id_salt("attach to").width(220.0).selected_text(label).show_ui(ui, |ui| {
        ui.set_min_width(280.0);
        for (office, name) in receivers {
            let row = RichText::new(safe_text(name)).font(reg(16.0)).color(gray_900());
            if ui.selectable_label(false, row).clicked() {
                asked = Some(Action::Attach(*office, vec![path.to_owned()]));
            }
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, mail::attach_to(lang)));
    asked
}

pub(super) fn folder_button(ui: &mut Ui, lang: Lang, folder: PathBuf) -> Option<Action> {
    let pressed = button_sized(ui, Btn::Text, ic::FOLDER_OPEN, w::open_folder(lang), vec2(0.0, 36.0)).clicked();
    pressed.then_some(Action::OpenFolder(folder))
}

/// A card as wide as the page.
pub(super) fn full_card<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    card()
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 8.0;
            add(ui)
        })
        .inner
}
