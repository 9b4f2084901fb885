//! Logging in: a question over the window that can wait, and a strip that stays until somebody is in.
//!
//! It never keeps anybody from what is already here: closed, the window works as before, and only the exchange waits.

use egui::{Frame, Id, Key, Margin, Modal, Panel, RichText, Ui, vec2};
use zeroize::Zeroizing;

use super::entrance::{complaint, line, secret};
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::theme::bold;
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, bad, button, button_if, para, sentence_card, text};
use crate::engine::model::{AccountsCommand, Command, Login, PasswordChange, Secret};
use crate::words::failure::failure;
use crate::words::{Lang, window as w};

/// The hub wants as many.
pub(super) const LEAST_PASSWORD: usize = 8;

#[derive(Default)]
pub(in crate::desktop) struct LoginDialog {
    open: bool,
    user: String,
    password: Zeroizing<String>,
    again: Zeroizing<String>,
    /// Asked, and not answered yet.
    busy: bool,
    changing: Option<Changing>,
}

/// One's own password.
#[derive(Default)]
struct Changing {
    old: Zeroizing<String>,
    new: Zeroizing<String>,
    again: Zeroizing<String>,
}

impl LoginDialog {
    /// The engine told who is logged in.
    pub fn told(&mut self, before: Option<&Login>, now: &Login) {
        self.busy = false;
        match now {
            Login::As { .. } => *self = Self::default(),
            Login::Needed { last_user, .. } => {
                // Asked once; whoever puts it off finds the strip.
                if !matches!(before, Some(Login::Needed { .. })) {
                    self.open = true;
                }
                if self.user.is_empty() {
                    self.user = last_user.as_ref().map(ToString::to_string).unwrap_or_default();
                }
            }
        }
    }

    pub fn refused(&mut self) {
        self.busy = false;
        self.password = Zeroizing::default();
        self.again = Zeroizing::default();
    }

    pub fn open(&mut self) {
        self.open = true;
    }

    pub fn change_password(&mut self) {
        self.changing = Some(Changing::default());
    }

    pub fn is_open(&self) -> bool {
        self.open || self.changing.is_some()
    }

    /// The strip under the bar, while nobody is in.
    pub fn strip(&mut self, ui: &mut Ui, model: &Model) {
        let Some(Login::Needed { first, .. }) = &model.login else { return };
        let lang = model.lang();
        let frame = Frame::new().fill(yellow_50()).inner_margin(Margin::symmetric(16, 6));
        Panel::top("login-strip").frame(frame).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label(RichText::new(ic::WARNING).font(crate::desktop::theme::icon(22.0)).color(yellow_1000()));
                let label = if *first { w::first_account(lang) } else { w::log_in(lang) };
                let room = (ui.available_width() - 220.0).max(120.0);
                ui.allocate_ui(vec2(room, TARGET), |ui| {
                    ui.set_width(room);
                    text(ui, w::login_needed(lang), bold(15.0), yellow_1000());
                });
                if button(ui, Btn::Outline, ic::PERSON, label).clicked() {
                    self.open = true;
                }
            });
        });
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        if self.changing.is_some() {
            return self.change(ui, model.lang());
        }
        let Some(Login::Needed { first, .. }) = &model.login else { return None };
        if !self.open {
            return None;
        }
        let (lang, first) = (model.lang(), *first);
        let mut asked = None;
        let modal = window(ui, "tayori-login", |ui| {
            let head = if first { w::first_account(lang) } else { w::log_in(lang) };
            ui.label(RichText::new(head).font(bold(22.0)).color(gray_900()));
            if let Some(refused) = &model.login_refused {
                sentence_card(ui, ic::ERROR, bad(), &failure(lang, refused));
            }
            para(ui, if first { w::first_account_hint(lang) } else { w::login_hint(lang) }, 14.0, gray_700());
            asked = self.fields(ui, lang, first);
        });
        if modal {
            self.open = false;
        }
        asked
    }

    fn fields(&mut self, ui: &mut Ui, lang: Lang, first: bool) -> Option<Action> {
        let user = line(ui, w::user_id(lang), &mut self.user, "", 64);
        let mut last = secret(ui, w::password(lang), &mut self.password);
        if self.user.is_empty() && ui.memory(|memory| memory.focused().is_none()) {
            user.request_focus();
        }
        let mut ready = !self.user.trim().is_empty() && !self.password.is_empty();
        if first {
            last = secret(ui, w::password_again(lang), &mut self.again);
            ready &= new_password(ui, lang, &self.password, &self.again);
        }
        let entered = last.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        let mut asked = None;
        ui.horizontal_wrapped(|ui| {
            let label = match (self.busy, first) {
                (true, _) => w::logging_in(lang),
                (_, true) => w::first_account_make(lang),
                _ => w::log_in_now(lang),
            };
            let ready = ready && !self.busy;
            let pressed = button_if(ui, ready, Btn::Primary, ic::VERIFIED_USER, label, vec2(160.0, 48.0)).clicked();
            if ready && (pressed || entered) {
                self.busy = true;
                let password = Secret::new(self.password.to_string());
                let user = self.user.trim().to_owned();
                asked = Some(Action::Ask(if first {
                    Command::Accounts(AccountsCommand::First { user, password })
                } else {
                    Command::Login { user, password }
                }));
            }
            if button(ui, Btn::Text, "", w::later(lang)).clicked() {
                self.open = false;
            }
        });
        asked
    }

    fn change(&mut self, ui: &mut Ui, lang: Lang) -> Option<Action> {
        let changing = self.changing.as_mut()?;
        let (mut asked, mut done) = (None, false);
        let closed = window(ui, "tayori-password", |ui| {
            ui.label(RichText::new(w::change_password(lang)).font(bold(22.0)).color(gray_900()));
            secret(ui, w::password_old(lang), &mut changing.old);
            secret(ui, w::password_new(lang), &mut changing.new);
            secret(ui, w::password_again(lang), &mut changing.again);
            let ready = new_password(ui, lang, &changing.new, &changing.again) && !changing.old.is_empty();
            ui.horizontal_wrapped(|ui| {
                if button_if(ui, ready, Btn::Primary, "", w::change(lang), vec2(140.0, 48.0)).clicked() {
                    let (old, new) = (Secret::new(changing.old.to_string()), Secret::new(changing.new.to_string()));
                    let change = AccountsCommand::Password(PasswordChange { old, new });
                    asked = Some(Action::Ask(Command::Accounts(change)));
                    done = true;
                }
                done |= button(ui, Btn::Text, "", w::cancel(lang)).clicked();
            });
        });
        if closed || done {
            self.changing = None;
        }
        asked
    }
}

/// Says what is wrong with a new password typed twice; tells whether nothing is.
pub(super) fn new_password(ui: &mut Ui, lang: Lang, password: &str, again: &str) -> bool {
    let short = password.chars().count() < LEAST_PASSWORD;
    if short && !password.is_empty() {
        complaint(ui, w::passphrase_short(lang));
    } else if !again.is_empty() && password != again {
        complaint(ui, w::password_differs(lang));
    }
    !short && password == again
}

/// A question over the window; tells whether it was closed.
pub(super) fn window(ui: &Ui, id: &str, add: impl FnOnce(&mut Ui)) -> bool {
    let frame = Frame::popup(ui.style()).corner_radius(R12).inner_margin(Margin::same(24));
    let modal = Modal::new(Id::unique(id)).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(460.0_f32.min(ui.ctx().content_rect().width() - 64.0));
        ui.spacing_mut().item_spacing.y = 10.0;
        let height = ui.ctx().content_rect().height() - 96.0;
        // Without a least height it would stay as low as it was first drawn, and hide its buttons.
        egui::ScrollArea::vertical().max_height(height).min_scrolled_height(height).id_salt(id).show(ui, add);
    });
    modal.should_close()
}
