//! 連携先: whom we exchange with, how, since when not, and by which key we know them.

use egui::accesskit::Role;
use egui::{CentralPanel, Frame, Margin, Panel, RichText, ScrollArea, Sense, Stroke, TextEdit, Ui, WidgetInfo, vec2};

use super::entrance::fingerprint_box;
use crate::desktop::icons as ic;
use crate::desktop::model::{ChangedPartner, Model};
use crate::desktop::text::{grouped, list_time, long_time, safe_text, search_key};
use crate::desktop::theme::{bold, card, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, Colors, FIELD_MARGIN, button, chip, chip_at, empty_state, good, line_at, look, para, quiet, row_ground,
    scroll_style, section, segmented, text,
};
use crate::desktop::{Action, Page};
use crate::engine::model::{Partner, Way};
use crate::standard::OfficeNumber;
use crate::words::{Lang, partners as w, window};

const ROW: f32 = 72.0;
/// Below this width there is room for the list or one partner, not both.
const TWO_PANES: f32 = 700.0;

/// What is typed and chosen.
#[derive(Debug, Default)]
pub(in crate::desktop) struct PartnersPage {
    query: String,
    /// Also those we never exchanged anything with.
    everybody: bool,
    chosen: Option<OfficeNumber>,
}

impl PartnersPage {
    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let width = ui.available_width();
        let chosen = self.chosen.and_then(|office| model.partners.iter().find(|partner| partner.office == office));
        if width < TWO_PANES {
            return CentralPanel::default()
                .frame(Frame::new().fill(white()))
                .show(ui, |ui| match chosen {
                    Some(partner) => self.one(ui, model, partner, true),
                    None => {
                        self.list(ui, model);
                        None
                    }
                })
                .inner;
        }
        Panel::left("partners")
            .exact_size((width * 0.42).clamp(340.0, 480.0))
            .resizable(false)
            .frame(Frame::new().fill(white()).inner_margin(Margin::ZERO))
            .show(ui, |ui| self.list(ui, model));
        CentralPanel::default()
            .frame(Frame::new().fill(app_bg()))
            .show(ui, |ui| match chosen {
                Some(partner) => self.one(ui, model, partner, false),
                None => {
                    if !model.partners.is_empty() {
                        empty_state(ui, ic::APARTMENT, window::choose_left(model.lang()), "");
                    }
                    None
                }
            })
            .inner
    }

    fn list(&mut self, ui: &mut Ui, model: &Model) {
        let lang = model.lang();
        let wanted = search_key(&self.query);
        let shown: Vec<&Partner> = model
            .partners
            .iter()
            .filter(|partner| self.everybody || is_known(partner))
            .filter(|partner| {
                wanted.is_empty() || search_key(&format!("{}\n{}", partner.name, partner.office)).contains(&wanted)
            })
            .collect();
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        Frame::new().inner_margin(Margin { left: 16, right: 12, top: 12, bottom: 12 }).show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
            ui.horizontal(|ui| {
                ui.label(RichText::new(w::partners(lang)).font(bold(20.0)).color(gray_900()));
                text(ui, window::parcels(lang, &grouped(shown.len())), reg(14.0), gray_700());
            });
            let field = TextEdit::singleline(&mut self.query).hint_text(window::search_hint(lang)).char_limit(100);
            let field = ui.add(field.text_color(gray_900()).margin(FIELD_MARGIN).desired_width(f32::INFINITY));
            field.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, w::search(lang)));
            let names = [w::known(lang), w::everybody(lang)];
            if let Some(pressed) = segmented(ui, &names, usize::from(self.everybody), TARGET) {
                self.everybody = pressed == 1;
            }
        });
        let line = ui.cursor().top();
        ui.painter().hline(ui.max_rect().x_range(), line - 0.5, Stroke::new(1.0, gray_420()));
        if shown.is_empty() {
            let (head, hint) = match (model.partners.is_empty(), self.query.is_empty()) {
                (true, _) => (w::nobody(lang), w::nobody_hint(lang)),
                (_, true) => (w::nobody_yet(lang), w::nobody_yet_hint(lang)),
                _ => (window::nothing_found(lang), w::nothing_found_hint(lang)),
            };
            return empty_state(ui, ic::APARTMENT, head, hint);
        }
        let mut chosen = None;
        scroll_style(ui, |ui, content| {
            ScrollArea::vertical().auto_shrink(false).id_salt("partners").show_rows(
                ui,
                ROW,
                shown.len(),
                |ui, range| {
                    ui.set_style(content);
                    for at in range {
                        let Some(partner) = shown.get(at) else { continue };
                        if row(ui, model, partner, at, self.chosen == Some(partner.office)) {
                            chosen = Some(partner.office);
                        }
                    }
                },
            );
        });
        self.chosen = chosen.or(self.chosen);
    }

    /// One partner with everything that is known of it.
    fn one(&mut self, ui: &mut Ui, model: &Model, partner: &Partner, narrow: bool) -> Option<Action> {
        let lang = model.lang();
        let mut asked = None;
        super::page(ui, "partner", |ui| {
            if narrow && button(ui, Btn::Text, ic::REPLY, window::back_to_list(lang)).clicked() {
                self.chosen = None;
            }
            card().show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = 8.0;
                let name = ui.label(RichText::new(safe_text(&partner.name)).font(bold(20.0)).color(gray_900()));
                name.on_hover_text(safe_text(&partner.name));
                text(ui, about(lang, partner), reg(14.0), gray_700());
                ui.horizontal_wrapped(|ui| {
                    let (glyph, words, colors) = way_look(lang, partner);
                    chip(ui, glyph, words, colors);
                });
                for (what, at) in
                    [(w::last_sent(lang), partner.last_sent), (w::last_received(lang), partner.last_received)]
                {
                    let when = at.map_or(w::never(lang).to_owned(), |at| long_time(lang, at, &model.zone));
                    text(ui, format!("{what}　{when}"), reg(16.0), gray_800());
                }
                ui.horizontal_wrapped(|ui| {
                    let number = || partner.office.to_string();
                    if button(ui, Btn::Outline, ic::INBOX, w::see_received(lang)).clicked() {
                        asked = Some(Action::SearchIn(Page::Inbox, number()));
                    }
                    if button(ui, Btn::Outline, ic::SEND, w::see_sent(lang)).clicked() {
                        asked = Some(Action::SearchIn(Page::Sent, number()));
                    }
                    if partner.way == Way::Hub && button(ui, Btn::Outline, ic::EDIT_SQUARE, w::write(lang)).clicked() {
                        asked = Some(Action::WriteTo(partner.office, String::new()));
                    }
                });
            });
            card().show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = 8.0;
                asked = key(ui, lang, partner).or(asked.take());
            });
        });
        asked
    }
}

/// Whether we ever exchanged anything, or are asked about its key.
fn is_known(partner: &Partner) -> bool {
    partner.last_sent.is_some() || partner.last_received.is_some() || partner.key.is_some() || partner.changed.is_some()
}

fn about(lang: Lang, partner: &Partner) -> String {
    match &partner.service {
        Some(service) => format!("{}　{}", partner.office, window::service(lang, service)),
        None => format!("{}　{}", partner.office, w::not_listed(lang)),
    }
}

/// How what is for it goes, in shape, word and colour.
fn way_look(lang: Lang, partner: &Partner) -> (&'static str, &'static str, Colors) {
    match (&partner.changed, partner.way, partner.reachable) {
        (Some(_), ..) => (ic::WARNING, w::key_changed(lang), look()),
        (_, Way::National, _) => (ic::DONE, w::by_national(lang), quiet()),
        (_, Way::Hub, true) => (ic::CHECK_CIRCLE, w::by_tayori(lang), good()),
        (_, Way::Hub, false) => (ic::SCHEDULE, w::not_reachable(lang), quiet()),
    }
}

/// Its key, to be read out on the telephone; the question where it has changed.
fn key(ui: &mut Ui, lang: Lang, partner: &Partner) -> Option<Action> {
    section(ui, ic::VERIFIED_USER, w::key(lang), |_| ());
    if let Some(changed) = &partner.changed {
        para(ui, window::trust_text(lang), 16.0, gray_800());
        let changed = ChangedPartner {
            office: partner.office,
            name: partner.name.clone(),
            known: changed.known.clone(),
            offered: changed.offered.clone(),
        };
        let pressed = button(ui, Btn::Outline, ic::VERIFIED_USER, window::trust_look(lang)).clicked();
        return pressed.then_some(Action::AskTrust(changed));
    }
    match &partner.key {
        Some(known) => {
            para(ui, w::key_hint(lang), 16.0, gray_800());
            fingerprint_box(ui, known);
        }
        None => {
            para(ui, w::key_none(lang), 16.0, gray_800());
        }
    }
    None
}

/// Who, and below it when and how.
fn row(ui: &mut Ui, model: &Model, partner: &Partner, at: usize, chosen: bool) -> bool {
    let lang = model.lang();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let (glyph, words, colors) = way_look(lang, partner);
    let spoken = format!("{} {} {words}", safe_text(&partner.name), about(lang, partner));
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, chosen, &spoken));
    let p = ui.painter();
    row_ground(p, &response, at, chosen);
    let (left, width) = (rect.left() + 16.0, rect.width() - 28.0);
    line_at(p, left, rect.top() + 20.0, &partner.name, bold(16.0), gray_900(), width);
    let chip_width = chip_at(p, left, rect.top() + 50.0, glyph, words, colors);
    let last = partner.last_sent.max(partner.last_received);
    let last = last.map_or(String::new(), |at| list_time(at, model.now, &model.zone));
    let about = format!("{}　{last}", partner.office);
    line_at(p, left + chip_width + 10.0, rect.top() + 50.0, &about, reg(14.0), gray_700(), width - chip_width - 10.0);
    response.clicked()
}
