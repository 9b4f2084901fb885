//! 直す: what can be put right in a file, looked at before it is done. The file itself stays as it is.

use std::path::PathBuf;

use egui::{Frame, Margin, RichText, ScrollArea, Ui};

use super::login::window;
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::text::safe_text;
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button, para, text};
use crate::engine::model::Offer;
use crate::words::{Lang, mail, window as w};

/// Changes that are laid out.
const SHOWN: usize = 200;

/// The question; closed while there is no file.
#[derive(Clone, Debug, Default)]
pub struct Mending {
    pub file: Option<PathBuf>,
    pub name: String,
    pub offers: Vec<Offer>,
}

impl Mending {
    pub(super) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    pub(super) fn show(&mut self, ui: &mut Ui, lang: Lang) -> Option<Action> {
        let file = self.file.clone()?;
        let (mut asked, mut done) = (None, false);
        let closed = window(ui, "tayori-mend", |ui| {
            ui.label(RichText::new(mail::mend_title(lang)).font(bold(20.0)).color(gray_900()));
            text(ui, &self.name, bold(16.0), gray_800());
            para(ui, mail::mend_text(lang), 16.0, gray_800());
            ScrollArea::vertical().max_height(260.0).id_salt("offers").show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 6.0;
                self.offers.iter().take(SHOWN).for_each(|offer| one(ui, lang, offer));
                let more = self.offers.len().saturating_sub(SHOWN);
                if more > 0 {
                    text(ui, mail::and_more(lang, more), reg(14.0), gray_700());
                }
            });
            ui.horizontal_wrapped(|ui| {
                if button(ui, Btn::Primary, ic::DONE, mail::mend_yes(lang)).clicked() {
                    asked = Some(Action::Mend(file));
                    done = true;
                }
                done |= button(ui, Btn::Text, "", w::cancel(lang)).clicked();
            });
        });
        if closed || done {
            *self = Self::default();
        }
        asked
    }
}

/// What is changed where: before and after.
fn one(ui: &mut Ui, lang: Lang, offer: &Offer) {
    Frame::new().fill(row_tint()).corner_radius(R8).inner_margin(Margin::symmetric(12, 6)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 2.0;
        let place = w::place(lang, offer.row, offer.field, None);
        text(ui, format!("{}　{place}", mail::repair(lang, offer.repair)), bold(14.0), gray_900());
        para(ui, &safe_text(&format!("{} → {}", offer.before, offer.after)), 16.0, gray_800());
    });
}
