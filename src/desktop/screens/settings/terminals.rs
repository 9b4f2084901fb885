//! 設定 › 端末: which PCs of the office are in, who waits to be let in, codes for further ones.

use egui::{Frame, Margin, RichText, Ui, vec2};
use jiff::Timestamp;

use super::super::entrance::{fingerprint_box, line};
use super::super::login::window;
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::paper::{Block, Cell, Form, Grid};
use crate::desktop::text::{long_time, safe_text};
use crate::desktop::theme::{bold, card, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, bad, blue, button, button_if, chip, good, icon_line, look, para, section, text};
use crate::engine::model::{Command, Login, Role, ShownCode, TerminalEntry, TerminalsCommand};
use crate::words::{Lang, mail, window as w};

/// So many digits of the other screen's number are compared at least.
const LEAST_DIGITS: usize = 16;

/// What is asked on the page.
#[derive(Default)]
pub(super) struct Terminals {
    asking: Option<Asking>,
}

enum Asking {
    /// The number that stands on the screen of the terminal that waits, as somebody types it.
    Admit {
        id: String,
        name: String,
        typed: String,
    },
    Revoke {
        id: String,
        name: String,
    },
    Recovery,
}

impl Terminals {
    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        if !matches!(model.login, Some(Login::As { role: Role::Admin, .. })) {
            icon_line(ui, ic::INFO, mail::terminals_admin_only(lang), reg(16.0), gray_800());
            return None;
        }
        let mut asked = None;
        card().show(ui, |ui| {
            ui.set_width(ui.available_width());
            section(ui, ic::APARTMENT, mail::terminals(lang), |_| ());
            if model.terminals.is_empty() {
                text(ui, w::accounts_waiting(lang), reg(16.0), gray_700());
            }
            for terminal in model.terminals.iter() {
                ui.push_id(&terminal.id, |ui| self.terminal(ui, model, terminal));
            }
        });
        card().show(ui, |ui| {
            ui.set_width(ui.available_width());
            section(ui, ic::EDIT_SQUARE, mail::terminal_more(lang), |_| ());
            para(ui, mail::terminal_more_hint(lang), 16.0, gray_800());
            ui.horizontal_wrapped(|ui| {
                if button(ui, Btn::Outline, ic::EDIT_SQUARE, mail::terminal_code(lang)).clicked() {
                    asked = Some(TerminalsCommand::NewCode);
                }
                if button(ui, Btn::Text, ic::VERIFIED_USER, mail::recovery_new(lang)).clicked() {
                    self.asking = Some(Asking::Recovery);
                }
            });
        });
        asked.map(|command| Action::Ask(Command::Terminals(command)))
    }

    fn terminal(&mut self, ui: &mut Ui, model: &Model, terminal: &TerminalEntry) {
        let lang = model.lang();
        let name = || safe_text(&terminal.name).into_owned();
        Frame::new().fill(row_tint()).corner_radius(R8).inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            text(ui, &terminal.name, bold(18.0), gray_900());
            ui.scope(|ui| {
                ui.spacing_mut().interact_size.y = 28.0;
                ui.horizontal_wrapped(|ui| {
                    match (terminal.revoked_at, terminal.waiting) {
                        (Some(_), _) => chip(ui, ic::ERROR, mail::terminal_revoked(lang), bad()),
                        (None, true) => chip(ui, ic::WARNING, mail::terminal_waiting(lang), look()),
                        (None, false) => chip(ui, ic::CHECK_CIRCLE, mail::terminal_in(lang), good()),
                    };
                    if terminal.yours {
                        chip(ui, "", mail::terminal_this(lang), blue());
                    }
                    let day = |at: Timestamp| mail::day(lang, at.to_zoned(model.zone.clone()).date());
                    let (added, until) = (day(terminal.added_at), day(terminal.valid_until));
                    text(ui, mail::terminal_times(lang, &added, &until), reg(14.0), gray_700());
                });
            });
            let nothing_to_do = terminal.yours && !terminal.waiting;
            if terminal.revoked_at.is_some() || nothing_to_do {
                return;
            }
            ui.horizontal_wrapped(|ui| {
                let id = terminal.id.clone();
                if terminal.waiting && button(ui, Btn::Outline, ic::VERIFIED_USER, mail::admit(lang)).clicked() {
                    self.asking = Some(Asking::Admit { id: id.clone(), name: name(), typed: String::new() });
                }
                if !terminal.yours && button(ui, Btn::Danger, ic::DELETE, mail::revoke(lang)).clicked() {
                    self.asking = Some(Asking::Revoke { id, name: name() });
                }
            });
        });
    }

    /// The questions, and the code that was asked for.
    pub fn question(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        if let Some(code) = &model.code {
            return shown_code(ui, model, code);
        }
        let (mut command, mut done) = (None, false);
        let closed = match self.asking.as_mut()? {
            Asking::Admit { id, name, typed } => window(ui, "tayori-admit", |ui| {
                ui.label(RichText::new(mail::admit_title(lang)).font(bold(20.0)).color(gray_900()));
                text(ui, &*name, bold(16.0), gray_800());
                para(ui, mail::admit_text(lang), 16.0, gray_800());
                line(ui, mail::admit_number(lang), typed, "", 120);
                let digits = typed.chars().filter(|letter| letter.is_alphanumeric()).count();
                ui.horizontal_wrapped(|ui| {
                    let ready = digits >= LEAST_DIGITS;
                    let size = vec2(120.0, TARGET);
                    if button_if(ui, ready, Btn::Primary, ic::VERIFIED_USER, mail::admit_yes(lang), size).clicked() {
                        command = Some(TerminalsCommand::Admit { id: id.clone(), fingerprint: typed.clone() });
                        done = true;
                    }
                    done |= button(ui, Btn::Text, "", w::cancel(lang)).clicked();
                });
            }),
            Asking::Revoke { id, name } => window(ui, "tayori-revoke", |ui| {
                ui.label(RichText::new(mail::revoke_title(lang)).font(bold(20.0)).color(gray_900()));
                text(ui, &*name, bold(16.0), gray_800());
                para(ui, mail::revoke_text(lang), 16.0, gray_800());
                ui.horizontal_wrapped(|ui| {
                    done |= button(ui, Btn::Outline, "", w::withdraw_no(lang)).clicked();
                    if button(ui, Btn::Danger, ic::DELETE, mail::revoke_yes(lang)).clicked() {
                        command = Some(TerminalsCommand::Revoke(id.clone()));
                        done = true;
                    }
                });
            }),
            Asking::Recovery => window(ui, "tayori-recovery", |ui| {
                ui.label(RichText::new(mail::recovery_title(lang)).font(bold(20.0)).color(gray_900()));
                para(ui, mail::recovery_text(lang), 16.0, gray_800());
                ui.horizontal_wrapped(|ui| {
                    done |= button(ui, Btn::Outline, "", w::withdraw_no(lang)).clicked();
                    if button(ui, Btn::Danger, ic::VERIFIED_USER, mail::recovery_yes(lang)).clicked() {
                        command = Some(TerminalsCommand::NewRecoveryCode);
                        done = true;
                    }
                });
            }),
        };
        if closed || done {
            self.asking = None;
        }
        command.map(|command| Action::Ask(Command::Terminals(command)))
    }
}

/// A code in large letters, for the other screen or for paper. It is shown until somebody says that it was read.
fn shown_code(ui: &mut Ui, model: &Model, shown: &ShownCode) -> Option<Action> {
    let lang = model.lang();
    let (title, hint) = words_of(lang, model, shown);
    let mut asked = None;
    let closed = window(ui, "tayori-code", |ui| {
        ui.label(RichText::new(title).font(bold(20.0)).color(gray_900()));
        fingerprint_box(ui, &shown.code.to_string());
        para(ui, &hint, 16.0, gray_800());
        para(ui, mail::code_once(lang), 14.0, gray_700());
        ui.horizontal_wrapped(|ui| {
            if button(ui, Btn::Outline, ic::PRINT, mail::code_print(lang)).clicked() {
                asked = Some(Action::PrintPaper(Box::new(code_paper(title, &hint, shown))));
            }
            if button(ui, Btn::Primary, ic::DONE, mail::code_read(lang)).clicked() {
                asked = Some(Action::CodeRead);
            }
        });
    });
    if closed { Some(Action::CodeRead) } else { asked }
}

fn words_of(lang: Lang, model: &Model, shown: &ShownCode) -> (&'static str, String) {
    match shown.until {
        Some(until) => (mail::terminal_code(lang), mail::code_until(lang, &long_time(lang, until, &model.zone))),
        None => (mail::recovery_code(lang), mail::recovery_keep(lang).to_owned()),
    }
}

fn code_paper(title: &str, hint: &str, shown: &ShownCode) -> Form {
    let row = vec![Cell::center(shown.code.to_string())];
    Form {
        name: title.to_owned(),
        blocks: vec![
            Block::Grid(Grid { columns: vec![1.0], head: 0, rows: vec![row] }),
            Block::Remark(hint.to_owned()),
        ],
        ..Form::default()
    }
}
