//! 設定 › 利用者: who of the office may log in.

use egui::{Frame, Margin, RichText, Ui, vec2};
use zeroize::Zeroizing;

use super::super::entrance::{complaint, line, secret};
use super::super::login::{new_password, window};
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::short_time;
use crate::desktop::theme::{bold, card, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, bad, button, button_if, button_sized, chip, good, icon_line, look, para, section, segmented, text,
};
use crate::engine::model::{Account, AccountChange, AccountsCommand, Command, Login, NewAccount, Role, Secret, UserId};
use crate::words::{Lang, window as w};

/// What is typed and asked on the page.
#[derive(Default)]
pub(super) struct Users {
    user: String,
    password: Zeroizing<String>,
    again: Zeroizing<String>,
    admin: bool,
    asking: Option<Asking>,
}

/// A question about one account.
enum Asking {
    Reset { user: UserId, password: Zeroizing<String>, again: Zeroizing<String> },
    Remove(UserId),
}

impl Users {
    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        match &model.login {
            Some(Login::As { role: Role::Admin, user }) => {
                let asked = self.accounts(ui, model, user);
                self.add(ui, lang).or(asked)
            }
            Some(Login::As { .. }) => {
                icon_line(ui, ic::INFO, w::office_admin_only(lang), reg(16.0), gray_800());
                None
            }
            _ => {
                icon_line(ui, ic::WARNING, w::login_needed(lang), reg(16.0), yellow_1000());
                None
            }
        }
    }

    fn accounts(&mut self, ui: &mut Ui, model: &Model, me: &UserId) -> Option<Action> {
        let lang = model.lang();
        let mut asked = None;
        card().show(ui, |ui| {
            ui.set_width(ui.available_width());
            section(ui, ic::PERSON, w::accounts(lang), |_| ());
            if model.accounts.is_empty() {
                text(ui, w::accounts_waiting(lang), reg(16.0), gray_700());
            }
            let admins = model.accounts.iter().filter(|account| account.role == Role::Admin).count();
            for account in model.accounts.iter() {
                let last_admin = account.role == Role::Admin && admins < 2;
                ui.push_id(account.user.as_str(), |ui| {
                    asked = self.account(ui, model, account, account.user == *me, last_admin).or(asked.take());
                });
            }
        });
        asked
    }

    fn account(&mut self, ui: &mut Ui, model: &Model, account: &Account, me: bool, last_admin: bool) -> Option<Action> {
        let lang = model.lang();
        let mut asked = None;
        let change = |change| {
            Some(Action::Ask(Command::Accounts(AccountsCommand::Change { user: account.user.clone(), change })))
        };
        Frame::new().fill(row_tint()).corner_radius(R8).inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.scope(|ui| {
                ui.spacing_mut().interact_size.y = 28.0;
                ui.horizontal_wrapped(|ui| {
                    text(ui, account.user.as_str(), bold(18.0), gray_900());
                    chip(
                        ui,
                        "",
                        w::role(lang, account.role),
                        if account.role == Role::Admin { good() } else { look() },
                    );
                    if me {
                        text(ui, w::account_me(lang), reg(14.0), gray_700());
                    }
                    if account.locked_until.is_some_and(|until| until > model.now) {
                        chip(ui, ic::ERROR, w::account_locked(lang), bad());
                    }
                    let last = account.last_login_at.map(|at| short_time(at, &model.zone));
                    text(ui, w::last_login(lang, last.as_deref()), reg(14.0), gray_700());
                });
            });
            ui.horizontal_wrapped(|ui| {
                let size = vec2(0.0, TARGET);
                if button_sized(ui, Btn::Outline, "", w::reset_password(lang), size).clicked() {
                    let (password, again) = (Zeroizing::default(), Zeroizing::default());
                    self.asking = Some(Asking::Reset { user: account.user.clone(), password, again });
                }
                let other = if account.role == Role::Admin { Role::Staff } else { Role::Admin };
                let words = w::make_role(lang, other);
                if button_if(ui, !last_admin, Btn::Outline, "", words, size).clicked() {
                    asked = change(AccountChange { role: Some(other), ..AccountChange::default() });
                }
                if account.locked_until.is_some_and(|until| until > model.now)
                    && button_sized(ui, Btn::Outline, "", w::unlock_account(lang), size).clicked()
                {
                    asked = change(AccountChange { unlock: true, ..AccountChange::default() });
                }
                if button_if(ui, !last_admin && !me, Btn::Danger, ic::DELETE, w::remove_account(lang), size).clicked() {
                    self.asking = Some(Asking::Remove(account.user.clone()));
                }
            });
        });
        asked
    }

    fn add(&mut self, ui: &mut Ui, lang: Lang) -> Option<Action> {
        let mut asked = None;
        card().show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 10.0;
            section(ui, ic::EDIT_SQUARE, w::add_account(lang), |_| ());
            line(ui, w::user_id(lang), &mut self.user, "", 64);
            para(ui, w::user_id_hint(lang), 14.0, gray_700());
            let valid = self.user.parse::<UserId>().is_ok();
            if !valid && !self.user.trim().is_empty() {
                complaint(ui, w::user_id_wrong(lang));
            }
            secret(ui, w::password_first(lang), &mut self.password);
            secret(ui, w::password_again(lang), &mut self.again);
            let ready = new_password(ui, lang, &self.password, &self.again) && valid;
            let roles = [w::role(lang, Role::Staff), w::role(lang, Role::Admin)];
            if let Some(pressed) = segmented(ui, &roles, self.admin.into(), TARGET) {
                self.admin = pressed == 1;
            }
            if button_if(ui, ready, Btn::Primary, "", w::add(lang), vec2(140.0, 48.0)).clicked() {
                let role = if self.admin { Role::Admin } else { Role::Staff };
                let password = Secret::new(self.password.to_string());
                let new = NewAccount { user: self.user.trim().to_owned(), password, role };
                asked = Some(Action::Ask(Command::Accounts(AccountsCommand::Add(new))));
                *self = Self::default();
            }
        });
        asked
    }

    pub fn question(&mut self, ui: &mut Ui, lang: Lang) -> Option<Action> {
        let (mut asked, mut done) = (None, false);
        let closed = match self.asking.as_mut()? {
            Asking::Reset { user, password, again } => window(ui, "tayori-reset", |ui| {
                ui.label(RichText::new(w::reset_password(lang)).font(bold(22.0)).color(gray_900()));
                text(ui, user.as_str(), bold(16.0), gray_800());
                para(ui, w::reset_hint(lang), 14.0, gray_700());
                secret(ui, w::password_new(lang), password);
                secret(ui, w::password_again(lang), again);
                let ready = new_password(ui, lang, password, again);
                ui.horizontal_wrapped(|ui| {
                    if button_if(ui, ready, Btn::Primary, "", w::change(lang), vec2(140.0, 48.0)).clicked() {
                        let password = Some(Secret::new(password.to_string()));
                        let change = AccountChange { password, unlock: true, ..AccountChange::default() };
                        let command = AccountsCommand::Change { user: user.clone(), change };
                        asked = Some(Action::Ask(Command::Accounts(command)));
                        done = true;
                    }
                    done |= button(ui, Btn::Text, "", w::cancel(lang)).clicked();
                });
            }),
            Asking::Remove(user) => window(ui, "tayori-remove", |ui| {
                ui.label(RichText::new(w::remove_title(lang)).font(bold(22.0)).color(gray_900()));
                text(ui, user.as_str(), bold(16.0), gray_800());
                para(ui, w::remove_hint(lang), 16.0, gray_800());
                ui.horizontal_wrapped(|ui| {
                    done |= button(ui, Btn::Outline, "", w::withdraw_no(lang)).clicked();
                    if button(ui, Btn::Danger, ic::DELETE, w::remove_yes(lang)).clicked() {
                        asked = Some(Action::Ask(Command::Accounts(AccountsCommand::Remove(user.clone()))));
                        done = true;
                    }
                });
            }),
        };
        if closed || done {
            self.asking = None;
        }
        asked
    }
}
