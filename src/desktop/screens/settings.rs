//! 設定: one section at a time, chosen by the tabs on top.
//!
//! A new section is a [`Section`], one line in [`Section::ALL`] and [`Section::name`], and its drawing in `SettingsPage::show`.

mod desks;
mod general;
mod record;
mod terminals;
mod users;

use std::path::PathBuf;

use egui::Ui;

use crate::desktop::Action;
use crate::desktop::model::Model;
use crate::desktop::widgets::tabs;
use crate::engine::model::{AccountsCommand, Command, Login, Role, Settings, TerminalsCommand};
use crate::words::{Lang, desks as desk_words, mail, record as record_words, window as w};

pub(super) use desks::desk_choice;

/// One page of the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// Office, folders, look, certificate, one's own login.
    #[default]
    General,
    /// 窓口
    Desks,
    /// The accounts of the office.
    Users,
    Terminals,
    /// What was done at this terminal.
    Record,
}

impl Section {
    const ALL: [Section; 5] = [Section::General, Section::Desks, Section::Users, Section::Terminals, Section::Record];

    fn name(self, lang: Lang) -> &'static str {
        match self {
            Section::General => mail::section_general(lang),
            Section::Desks => desk_words::section(lang),
            Section::Users => w::accounts(lang),
            Section::Terminals => mail::terminals(lang),
            Section::Record => record_words::title(lang),
        }
    }

    /// What is asked of the engine when the section is opened: others of the office may have changed it.
    fn opened(self, model: &Model) -> Option<Command> {
        let admin = matches!(model.login, Some(Login::As { role: Role::Admin, .. }));
        match self {
            Section::Users if admin => Some(Command::Accounts(AccountsCommand::List)),
            Section::Terminals if admin => Some(Command::Terminals(TerminalsCommand::List)),
            Section::Record => Some(Command::ShowAudit),
            _ => None,
        }
    }
}

/// Which section is shown, and what is typed in each.
#[derive(Default)]
pub(in crate::desktop) struct SettingsPage {
    section: Section,
    general: general::General,
    desks: desks::Desks,
    users: users::Users,
    terminals: terminals::Terminals,
}

impl SettingsPage {
    /// The engine told its settings; tells whether that was the answer to ours.
    pub fn kept(&mut self, settings: &Settings) -> bool {
        self.general.kept(settings)
    }

    pub fn set_outgoing(&mut self, folder: PathBuf) {
        self.general.set_outgoing(folder);
    }

    pub fn set_import(&mut self, folder: PathBuf) {
        self.general.set_import(folder);
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        let asked = super::page(ui, "settings", |ui| {
            super::title(ui, w::settings(lang));
            let names = Section::ALL.map(|section| section.name(lang));
            let on = Section::ALL.iter().position(|section| *section == self.section).unwrap_or(0);
            let chosen = tabs(ui, &names, on).and_then(|at| Section::ALL.get(at).copied());
            let opened = chosen.and_then(|section| {
                self.section = section;
                section.opened(model).map(Action::Ask)
            });
            let asked = match self.section {
                Section::General => self.general.show(ui, model),
                Section::Desks => self.desks.show(ui, model),
                Section::Users => self.users.show(ui, model),
                Section::Terminals => self.terminals.show(ui, model),
                Section::Record => record::show(ui, model),
            };
            opened.or(asked)
        });
        // Questions stand over the window, not in the page.
        let answer = self.users.question(ui, lang);
        self.terminals.question(ui, model).or(answer).or(asked)
    }
}
