//! 下書き: what the care software wrote into the outgoing folders, checked and ready to go.

use std::collections::HashMap;
use std::path::PathBuf;

use egui::{RichText, Ui, vec2};

use super::bundle::{AstrayCard, Details, chips, folder_button, full_card, receiver_about, receiver_name};
use super::login::window;
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::short_time;
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, blue, button, button_if, chip, empty_state, icon_line, look, para, text};
use crate::engine::model::{Command, Draft, SendRequest, Settings, Way};
use crate::standard::OfficeNumber;
use crate::words::{mail, window as w};

/// Cards that are laid out before more is asked for.
const AT_ONCE: usize = 30;

/// What is unfolded and asked on the page.
#[derive(Debug, Default)]
pub(in crate::desktop) struct DraftsPage {
    details: HashMap<OfficeNumber, Details>,
    astray: AstrayCard,
    shown: usize,
    /// Whose draft is to be put away, while that is asked.
    dismissing: Option<OfficeNumber>,
}

impl DraftsPage {
    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let (lang, drafts) = (model.lang(), &model.drafts.drafts);
        self.details.retain(|office, _| drafts.iter().any(|draft| draft.bundle.receiver == *office));
        let asked = super::page(ui, "drafts", |ui| {
            ui.horizontal(|ui| {
                super::title(ui, mail::drafts(lang));
                text(ui, w::parcels(lang, &drafts.len().to_string()), reg(16.0), gray_700());
            });
            if let Some(settings) = model.settings.as_ref().filter(|settings| !settings.folders.watch) {
                return unwatched(ui, model, settings);
            }
            if model.drafts.coming > 0 {
                let words = mail::being_written(lang, model.drafts.coming);
                icon_line(ui, ic::SCHEDULE, &words, reg(16.0), blue_900());
            }
            if drafts.is_empty() && model.drafts.astray.is_empty() {
                return empty(ui, model);
            }
            para(ui, mail::drafts_intro(lang), 16.0, gray_700());
            let mut asked = head(ui, model);
            let shown = self.shown.max(AT_ONCE);
            for draft in drafts.iter().take(shown) {
                ui.push_id(draft.bundle.receiver.as_str(), |ui| {
                    asked = self.draft(ui, model, draft).or(asked.take());
                });
            }
            let hidden = drafts.len().saturating_sub(shown);
            if hidden > 0 && button(ui, Btn::Text, ic::EXPAND_MORE, &w::show_more(lang, hidden)).clicked() {
                self.shown = shown + AT_ONCE;
            }
            let mended = self.astray.show(ui, lang, w::astray(lang), &model.drafts.astray, &[]);
            mended.map(|asked| in_writing(asked, Vec::new())).or(asked)
        });
        self.question(ui, model).or(asked)
    }

    fn draft(&mut self, ui: &mut Ui, model: &Model, draft: &Draft) -> Option<Action> {
        let (lang, bundle) = (model.lang(), &draft.bundle);
        full_card(ui, |ui| {
            text(ui, receiver_name(lang, bundle), bold(18.0), gray_900());
            let written = mail::written_out(lang, &short_time(draft.at, &model.zone));
            text(ui, format!("{}　{written}", receiver_about(lang, bundle)), reg(14.0), gray_700());
            chips(ui, lang, bundle, |ui| state(ui, model, draft));
            let asked = self.details.entry(bundle.receiver).or_default().show(ui, lang, bundle);
            let asked = asked.map(|asked| in_writing(asked, request(draft).paths));
            if draft.more > 0 {
                icon_line(ui, ic::INFO, &mail::more_follows(lang, draft.more), reg(14.0), gray_700());
            }
            self.buttons(ui, model, draft).or(asked)
        })
    }

    fn buttons(&mut self, ui: &mut Ui, model: &Model, draft: &Draft) -> Option<Action> {
        let lang = model.lang();
        let mut asked = None;
        ui.horizontal_wrapped(|ui| {
            let may = draft.bundle.may_be_sent();
            if button_if(ui, may, Btn::Outline, ic::SEND, w::send(lang), vec2(120.0, TARGET)).clicked() {
                asked = Some(Action::Send(vec![request(draft)]));
            }
            if button(ui, Btn::Outline, ic::EDIT_SQUARE, mail::open_in_compose(lang)).clicked() {
                asked = Some(Action::Examine(request(draft).paths));
            }
            if button(ui, Btn::Text, ic::DELETE, mail::dismiss(lang)).clicked() {
                self.dismissing = Some(draft.bundle.receiver);
            }
        });
        asked
    }

    /// Putting a draft away is asked once: it comes back only when its files change.
    fn question(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let (lang, office) = (model.lang(), self.dismissing?);
        let (mut asked, mut done) = (None, false);
        let name = model.drafts.drafts.iter().find(|draft| draft.bundle.receiver == office);
        let closed = window(ui, "tayori-dismiss", |ui| {
            ui.label(RichText::new(mail::dismiss_title(lang)).font(bold(20.0)).color(gray_900()));
            text(ui, name.map(|draft| receiver_name(lang, &draft.bundle)).unwrap_or_default(), bold(16.0), gray_800());
            para(ui, mail::dismiss_text(lang), 16.0, gray_800());
            ui.horizontal_wrapped(|ui| {
                done |= button(ui, Btn::Outline, "", w::withdraw_no(lang)).clicked();
                if button(ui, Btn::Danger, ic::DELETE, mail::dismiss_yes(lang)).clicked() {
                    asked = Some(Action::Ask(Command::DismissDraft(office)));
                    done = true;
                }
            });
        });
        if closed || done || name.is_none() {
            self.dismissing = None;
        }
        asked
    }
}

fn request(draft: &Draft) -> SendRequest {
    SendRequest::new(draft.bundle.receiver, draft.bundle.files.iter().map(|file| file.path.clone()).collect(), "")
}

/// What is put right is looked at, and then sent, where things are written: with the other files of its draft.
fn in_writing(asked: Action, mut paths: Vec<PathBuf>) -> Action {
    let Action::AskMend(mending) = asked else { return asked };
    if let Some(file) = mending.file.clone().filter(|file| !paths.contains(file)) {
        paths.push(file);
    }
    Action::MendDraft(paths, mending)
}

/// 「問題のないものをすべて送る」, and the way to the folder.
fn head(ui: &mut Ui, model: &Model) -> Option<Action> {
    let lang = model.lang();
    let fine: Vec<&Draft> = model.drafts.drafts.iter().filter(|draft| draft.bundle.may_be_sent()).collect();
    let mut asked = None;
    ui.horizontal_wrapped(|ui| {
        let size = vec2(260.0, 48.0);
        if button_if(ui, !fine.is_empty(), Btn::Primary, ic::SEND, mail::send_all_fine(lang), size).clicked() {
            asked = Some(Action::Send(fine.iter().map(|draft| request(draft)).collect()));
        }
        text(ui, mail::fine_of(lang, fine.len(), model.drafts.drafts.len()), reg(16.0), gray_800());
        if let Some(settings) = &model.settings {
            asked = folder_button(ui, lang, settings.outgoing.clone()).or(asked.take());
        }
    });
    asked
}

/// Whether it goes by itself, and by which way.
fn state(ui: &mut Ui, model: &Model, draft: &Draft) {
    let lang = model.lang();
    if draft.way == Way::National {
        chip(ui, ic::INFO, mail::by_national(lang), look());
    }
    match draft.goes_at {
        Some(at) if at > model.now => {
            chip(ui, ic::SCHEDULE, &mail::goes_at(lang, &short_time(at, &model.zone)), blue());
        }
        Some(_) => drop(chip(ui, ic::SCHEDULE, mail::goes_soon(lang), blue())),
        None if draft.bundle.may_be_sent() => drop(chip(ui, ic::DONE, mail::ready(lang), blue())),
        None => {}
    }
}

fn empty(ui: &mut Ui, model: &Model) -> Option<Action> {
    let lang = model.lang();
    ui.allocate_ui(vec2(ui.available_width(), 260.0), |ui| {
        empty_state(ui, ic::DRAFTS, mail::drafts_empty(lang), mail::drafts_empty_hint(lang));
    });
    let folder = model.settings.as_ref().map(|settings| settings.outgoing.clone())?;
    ui.vertical_centered(|ui| {
        let pressed = button(ui, Btn::Outline, ic::FOLDER_OPEN, mail::open_outgoing(lang)).clicked();
        pressed.then_some(Action::OpenFolder(folder))
    })
    .inner
}

/// Watching is switched off: say so, and offer to switch it on.
fn unwatched(ui: &mut Ui, model: &Model, settings: &Settings) -> Option<Action> {
    let lang = model.lang();
    ui.allocate_ui(vec2(ui.available_width(), 260.0), |ui| {
        empty_state(ui, ic::FOLDER_OPEN, mail::drafts_unwatched(lang), mail::drafts_unwatched_hint(lang));
    });
    ui.vertical_centered(|ui| {
        let mut watched = settings.clone();
        watched.folders.watch = true;
        let pressed = button(ui, Btn::Primary, ic::FOLDER_OPEN, mail::watch_now(lang)).clicked();
        pressed.then(|| Action::Ask(Command::Configure(Box::new(watched))))
    })
    .inner
}
