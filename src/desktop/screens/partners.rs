//! 連携先: whom we exchange with, by Tayori, the national system or on paper, since when not, and by which key we know them.

use egui::accesskit::Role;
use egui::{
    CentralPanel, Frame, Id, Key, Margin, Panel, Response, RichText, Sense, Stroke, TextEdit, Ui, WidgetInfo, vec2,
};

use super::board::PaperDialog;
use super::bundle::full_card;
use super::entrance::fingerprint_box;
use crate::board::Exchange;
use crate::desktop::icons as ic;
use crate::desktop::model::{ChangedPartner, Model};
use crate::desktop::text::{grouped, list_time, long_time, safe_text, search_key};
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, Colors, FIELD_MARGIN, ROW, Rows, button, chip, chip_at, empty_state, good, line_at, look, para, quiet,
    row_ground, section, segmented, text,
};
use crate::desktop::{Action, Page};
use crate::engine::model::{Command, Partner, Way};
use crate::standard::OfficeNumber;
use crate::words::{Lang, board as bw, mail, partners as w, window};

/// Below this width there is room for the list or one partner, not both.
const TWO_PANES: f32 = 700.0;

/// What is typed and chosen.
#[derive(Debug)]
pub(in crate::desktop) struct PartnersPage {
    query: String,
    /// Also those we never exchanged anything with.
    everybody: bool,
    chosen: Option<OfficeNumber>,
    rows: Rows,
    /// Narrow windows: the chosen one is shown instead of the list.
    alone: bool,
    paper: Option<PaperDialog>,
}

impl Default for PartnersPage {
    fn default() -> Self {
        let rows = Rows::new("tayori-partners");
        Self { query: String::new(), everybody: false, chosen: None, rows, alone: false, paper: None }
    }
}

impl PartnersPage {
    /// What the list is known by to focus and ring.
    pub fn focus_id(&self) -> Id {
        self.rows.focus_id()
    }

    pub fn is_asking(&self) -> bool {
        self.paper.is_some()
    }

    /// Esc takes one step back.
    pub fn step_back(&mut self) {
        if self.alone {
            self.alone = false;
        } else {
            self.query.clear();
        }
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let asked = self.panes(ui, model);
        let noted = self.paper.as_mut().and_then(|dialog| dialog.show(ui, model));
        if noted.is_some() {
            self.paper = None;
        }
        noted.flatten().map(|note| Action::Ask(Command::NotePaper(note))).or(asked)
    }

    fn panes(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let width = ui.available_width();
        let partner = |office| model.partners.iter().find(|partner| Some(partner.office) == office);
        if width < TWO_PANES {
            return CentralPanel::default()
                .frame(Frame::new().fill(white()))
                .show(ui, |ui| match partner(self.chosen).filter(|_| self.alone) {
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
            .show(ui, |ui| match partner(self.chosen) {
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
        self.keys(ui, &shown);
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
        self.rows.focusable(ui, w::partners(lang));
        let chosen = self.chosen;
        let row = |ui: &mut Ui, at: usize| {
            let partner = shown.get(at)?;
            let is_chosen = chosen == Some(partner.office);
            Some((row(ui, model, partner, at, is_chosen), is_chosen))
        };
        let clicked = self.rows.show(ui, shown.len(), || place(&shown, chosen), row);
        if let Some(partner) = clicked.and_then(|at| shown.get(at)) {
            (self.chosen, self.alone) = (Some(partner.office), true);
        }
    }

    /// The arrow keys go through the list; in a narrow window Enter opens the chosen one.
    fn keys(&mut self, ui: &Ui, shown: &[&Partner]) {
        let to = self.rows.keys(ui).and_then(|moved| moved.from(place(shown, self.chosen), shown.len()));
        if let Some(partner) = to.and_then(|to| shown.get(to)) {
            self.chosen = Some(partner.office);
            self.rows.reveal();
        }
        let enter = self.rows.has_focus(ui) && ui.input(|input| input.key_pressed(Key::Enter));
        self.alone |= enter && self.chosen.is_some();
    }

    /// One partner with everything that is known of it.
    fn one(&mut self, ui: &mut Ui, model: &Model, partner: &Partner, narrow: bool) -> Option<Action> {
        let lang = model.lang();
        let mut asked = None;
        super::page(ui, "partner", |ui| {
            if narrow && button(ui, Btn::Text, ic::REPLY, window::back_to_list(lang)).clicked() {
                self.alone = false;
            }
            full_card(ui, |ui| {
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
            // A key that has changed is the first thing to see to; else the paper is nearer to a day's work.
            if partner.changed.is_some() {
                asked = full_card(ui, |ui| key(ui, lang, partner)).or(asked.take());
            }
            full_card(ui, |ui| self.on_paper(ui, model, partner));
            if partner.changed.is_none() {
                full_card(ui, |ui| key(ui, lang, partner));
            }
        });
        asked
    }

    /// What went and came on paper, and noting it.
    fn on_paper(&mut self, ui: &mut Ui, model: &Model, partner: &Partner) {
        let lang = model.lang();
        section(ui, ic::DESCRIPTION, w::paper(lang), |_| ());
        let last = partner.last_paper.map_or_else(|| w::never(lang).to_owned(), |on| mail::day(lang, on));
        text(ui, format!("{}　{last}", w::last_paper(lang)), reg(16.0), gray_800());
        para(ui, w::paper_hint(lang), 16.0, gray_800());
        // Of whom nothing is known but a number, nobody can say what there is to exchange.
        if partner.service.is_none() {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            for exchange in [Exchange::Plan, Exchange::Actuals] {
                if button(ui, Btn::Outline, "", &bw::paper_of(lang, exchange)).clicked() {
                    self.paper = PaperDialog::with(model, partner, exchange);
                }
            }
        });
    }
}

/// Where the chosen one stands.
fn place(shown: &[&Partner], chosen: Option<OfficeNumber>) -> Option<usize> {
    shown.iter().position(|partner| Some(partner.office) == chosen)
}

/// Whether we ever exchanged anything, or are asked about its key.
fn is_known(partner: &Partner) -> bool {
    let dealt = partner.last_sent.is_some() || partner.last_received.is_some() || partner.last_paper.is_some();
    dealt || partner.key.is_some() || partner.changed.is_some()
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
        (_, Way::Hub, false) if partner.last_paper.is_some() => (ic::DESCRIPTION, w::by_paper(lang), quiet()),
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
fn row(ui: &mut Ui, model: &Model, partner: &Partner, at: usize, chosen: bool) -> Response {
    let lang = model.lang();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::CLICK);
    let (glyph, words, colors) = way_look(lang, partner);
    let spoken = format!("{} {} {words}", safe_text(&partner.name), about(lang, partner));
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, chosen, &spoken));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(chosen));
    let p = ui.painter();
    row_ground(p, &response, at, chosen);
    let (left, width) = (rect.left() + 16.0, rect.width() - 28.0);
    line_at(p, left, rect.top() + 20.0, &partner.name, bold(16.0), gray_900(), width);
    let chip_width = chip_at(p, left, rect.top() + 50.0, glyph, words, colors);
    let last = partner.last_sent.max(partner.last_received);
    let last = last.map_or(String::new(), |at| list_time(at, model.now, &model.zone));
    let about = format!("{}　{last}", partner.office);
    line_at(p, left + chip_width + 10.0, rect.top() + 50.0, &about, reg(14.0), gray_700(), width - chip_width - 10.0);
    response
}
