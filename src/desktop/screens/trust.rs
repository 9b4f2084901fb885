//! A partner's key has changed: both numbers beside each other, and a person who has asked the partner.

use egui::{RichText, Ui, vec2};

use super::entrance::fingerprint_box;
use super::login::window;
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::{ChangedPartner, Model};
use crate::desktop::theme::{bold, card, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button, button_if, look, para, section, text};
use crate::engine::model::Command;
use crate::words::window as w;

/// The question; empty while it is not asked.
#[derive(Debug, Default)]
pub(in crate::desktop) struct TrustQuestion {
    of: Option<ChangedPartner>,
    compared: bool,
}

impl TrustQuestion {
    pub fn ask(&mut self, of: ChangedPartner) {
        *self = Self { of: Some(of), compared: false };
    }

    pub fn is_open(&self) -> bool {
        self.of.is_some()
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let changed = self.of.clone()?;
        let lang = model.lang();
        let (mut asked, mut done) = (None, false);
        let closed = window(ui, "tayori-trust", |ui| {
            ui.label(RichText::new(w::trust_title(lang)).font(bold(22.0)).color(gray_900()));
            text(ui, format!("{}（{}）", changed.name, changed.office), bold(16.0), gray_900());
            para(ui, w::trust_text(lang), 16.0, gray_800());
            text(ui, w::trust_before(lang), bold(16.0), gray_900());
            fingerprint_box(ui, &changed.known);
            text(ui, w::trust_now(lang), bold(16.0), gray_900());
            fingerprint_box(ui, &changed.offered);
            ui.checkbox(&mut self.compared, RichText::new(w::trust_compared(lang)).font(reg(16.0)).color(gray_900()));
            ui.horizontal_wrapped(|ui| {
                // What is safe is what stands first.
                done |= button(ui, Btn::Outline, "", w::trust_no(lang)).clicked();
                let size = vec2(0.0, TARGET);
                if button_if(ui, self.compared, Btn::Danger, ic::VERIFIED_USER, w::trust_yes(lang), size).clicked() {
                    let fingerprint = changed.offered.clone();
                    asked = Some(Action::Ask(Command::TrustPartner { office: changed.office, fingerprint }));
                    done = true;
                }
            });
        });
        if closed || done {
            *self = Self::default();
        }
        asked
    }
}

/// On ホーム: whose key has changed, with the way to the question.
pub(super) fn changed_partners(ui: &mut Ui, model: &Model) -> Option<Action> {
    let lang = model.lang();
    let changed = model.changed_partners();
    if changed.is_empty() {
        return None;
    }
    let (fill, border, _) = look();
    let mut asked = None;
    card().fill(fill).stroke(egui::Stroke::new(1.0, border)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        section(ui, ic::WARNING, w::trust_home(lang), |_| ());
        for partner in changed {
            ui.push_id(partner.offered.clone(), |ui| {
                ui.horizontal_wrapped(|ui| {
                    text(ui, format!("{}（{}）", partner.name, partner.office), reg(16.0), gray_900());
                    if button(ui, Btn::Outline, "", w::trust_look(lang)).clicked() {
                        asked = Some(Action::AskTrust(partner));
                    }
                });
            });
        }
    });
    asked
}
