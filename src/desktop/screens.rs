//! The screens: each reads the model, keeps only what is typed or unfolded, and returns what was asked.

mod board;
mod bulk;
mod bundle;
mod compose;
mod drafts;
mod entrance;
mod handling;
mod help;
mod home;
pub(super) mod inbox;
mod letter;
mod login;
mod mailbox;
pub(super) mod mending;
mod month_list;
mod outbox;
mod partners;
mod people;
mod reading;
mod relay;
mod review;
mod search;
pub(super) mod sent;
mod settings;
mod statement;
mod templates;
mod trust;
mod writing;

pub(super) use drafts::DraftsPage;
pub(super) use entrance::EntranceScreen;
pub(super) use help::HelpPage;
pub(super) use home::Home;
pub(super) use login::LoginDialog;
pub(super) use mailbox::Mailbox;
pub(super) use month_list::MonthList;
pub(super) use outbox::Outbox;
pub(super) use partners::PartnersPage;
pub(super) use people::person_name;
pub(super) use relay::RelayDialog;
pub(super) use search::SearchPage;
pub(super) use settings::SettingsPage;
pub(super) use trust::TrustQuestion;
pub(super) use writing::Writing;

use egui::{Frame, Margin, RichText, ScrollArea, Ui};

use super::theme::{bold, card};
use super::tokens::*;
use super::widgets::{scroll_style, section};

/// Wider than this a page of cards does not read well.
const WIDEST: f32 = 1320.0;

/// A page of cards that scrolls as a whole, not wider than reads well.
fn page<R>(ui: &mut Ui, id: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    page_of(ui, id, WIDEST, add)
}

/// The same, as wide as a table is to become.
fn page_of<R>(ui: &mut Ui, id: &str, widest: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    egui::CentralPanel::default()
        .frame(Frame::new().fill(app_bg()))
        .show(ui, |ui| {
            scroll_style(ui, |ui, content| {
                ScrollArea::vertical()
                    .auto_shrink(false)
                    .id_salt(id)
                    .show(ui, |ui| {
                        ui.set_style(content);
                        let margin = if ui.available_width() > 800.0 { 24 } else { 12 };
                        Frame::new()
                            .inner_margin(Margin { left: margin, right: margin, top: 20, bottom: 24 })
                            .show(ui, |ui| {
                                // `set_max_width` alone would widen a narrow page.
                                ui.set_width(ui.available_width().min(widest));
                                ui.spacing_mut().item_spacing.y = 12.0;
                                add(ui)
                            })
                            .inner
                    })
                    .inner
            })
        })
        .inner
}

fn title(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(bold(24.0)).color(gray_900()));
}

/// A card under its heading.
fn group<R>(ui: &mut Ui, glyph: &str, title: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    card()
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            section(ui, glyph, title, |_| ());
            add(ui)
        })
        .inner
}
