//! Finding a partner for a setting by a part of the name or number.

use egui::Ui;

use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::screens::entrance::line;
use crate::desktop::text::search_key;
use crate::desktop::theme::reg;
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button, text};
use crate::standard::OfficeNumber;
use crate::words::{habits as h, window as w};

/// So many are offered; who is not among them types more.
const OFFERED: usize = 6;

/// The search, open in one place of the page at most.
#[derive(Debug)]
pub(super) struct PartnerPicker<S> {
    open: Option<S>,
    typed: String,
    /// Opened a moment ago: the keyboard goes there, once.
    fresh: bool,
}

impl<S> Default for PartnerPicker<S> {
    fn default() -> Self {
        Self { open: None, typed: String::new(), fresh: false }
    }
}

impl<S: Copy + PartialEq> PartnerPicker<S> {
    pub fn close(&mut self) {
        (self.open, self.typed) = (None, String::new());
    }

    /// A button that opens the search for this place, or the search itself; who was picked.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, slot: S, taken: &[OfficeNumber]) -> Option<OfficeNumber> {
        let lang = model.lang();
        if self.open != Some(slot) {
            if button(ui, Btn::Outline, ic::SEARCH, h::add_partner(lang)).clicked() {
                (self.open, self.typed, self.fresh) = (Some(slot), String::new(), true);
            }
            return None;
        }
        let typed = line(ui, h::find_partner(lang), &mut self.typed, h::find_partner_hint(lang), 60);
        if std::mem::take(&mut self.fresh) {
            typed.request_focus();
        }
        let wanted = search_key(&self.typed);
        let fits = |name: &str, number: &str| search_key(name).contains(&wanted) || number.contains(&wanted);
        let mut found = model
            .partners
            .iter()
            .filter(|partner| !taken.contains(&partner.office) && fits(&partner.name, partner.office.as_str()))
            .peekable();
        if found.peek().is_none() {
            text(ui, h::nobody_found(lang), reg(16.0), gray_700());
        }
        let mut picked = None;
        for partner in found.take(OFFERED) {
            let words = format!("{}（{}）", partner.name, partner.office);
            if button(ui, Btn::Outline, "", &words).clicked() {
                picked = Some(partner.office);
            }
        }
        if button(ui, Btn::Text, ic::CLOSE, w::cancel(lang)).clicked() || picked.is_some() {
            self.close();
        }
        picked
    }
}

/// A partner as people know it; the number alone where the directory does not.
pub(super) fn partner_name(model: &Model, office: OfficeNumber) -> String {
    let known = model.partners.iter().find(|partner| partner.office == office);
    known.map_or_else(|| office.to_string(), |partner| format!("{}（{office}）", partner.name))
}
