//! The navigation: which screens there are, in the order people need them.
//!
//! A new screen is a [`Page`], one line in [`rows`], and its drawing in `App::show_page`.

use egui::{Align, Frame, Layout, Margin, Panel, ScrollArea, Ui, vec2};

use super::app::{Action, App, Page};
use super::icons as ic;
use super::tokens::*;
use super::widgets::{Badge, Btn, button_sized, nav_item};
use crate::engine::model::Command;
use crate::words::{diagnosis, mail, partners, search, window as w};

/// Below this width of the window the rows are narrow.
pub(super) const ROOMY: f32 = 940.0;
/// A row is as high as the window allows, within these. The lowest is for text twice as large, where it is 38 pixels high.
const LOWEST: f32 = 19.0;
const HIGHEST: f32 = 48.0;

struct Row {
    page: Page,
    glyph: &'static str,
    label: &'static str,
    count: usize,
    spoken: String,
    urgent: bool,
}

impl Row {
    fn new(page: Page, glyph: &'static str, label: &'static str) -> Self {
        Self { page, glyph, label, count: 0, spoken: String::new(), urgent: false }
    }

    fn counting(self, count: usize, spoken: String, urgent: bool) -> Self {
        Self { count, spoken, urgent, ..self }
    }
}

fn rows(app: &App) -> Vec<Row> {
    let (lang, counts) = (app.model.lang(), app.model.counts);
    let (drafts, waiting) = (app.model.drafts.drafts.len(), app.model.lists.outbox.len());
    vec![
        Row::new(Page::Home, ic::HOME, w::home(lang)),
        Row::new(Page::Inbox, ic::INBOX, w::inbox(lang)).counting(
            counts.unread,
            w::unread_spoken(lang, counts.unread),
            true,
        ),
        Row::new(Page::Sent, ic::SEND, w::sent(lang)),
        Row::new(Page::Drafts, ic::DRAFTS, mail::drafts(lang)).counting(
            drafts,
            w::waiting_spoken(lang, drafts),
            !app.model.drafts.astray.is_empty(),
        ),
        Row::new(Page::Outbox, ic::SCHEDULE, w::outbox(lang)).counting(
            waiting,
            w::waiting_spoken(lang, waiting),
            counts.failed > 0,
        ),
        Row::new(Page::Compose, ic::EDIT_SQUARE, w::compose(lang)),
        Row::new(Page::Bulk, ic::TABLE_VIEW, mail::bulk(lang)),
        Row::new(Page::Partners, ic::APARTMENT, partners::partners(lang)),
        Row::new(Page::Search, ic::SEARCH, search::title(lang)),
        Row::new(Page::Settings, ic::SETTINGS, w::settings(lang)),
        Row::new(Page::Help, ic::INFO, diagnosis::help(lang)),
    ]
}

pub(super) fn show(app: &App, ui: &mut Ui) -> Option<Action> {
    let lang = app.model.lang();
    let roomy = ui.available_width() >= ROOMY;
    let (width, margin) = if roomy { (204.0, 12) } else { (152.0, 6) };
    Panel::left("nav")
        .exact_size(width)
        .resizable(false)
        .frame(Frame::new().fill(white()).inner_margin(Margin::symmetric(margin, 8)))
        .show(ui, |ui| {
            let mut asked = None;
            ui.with_layout(Layout::bottom_up(Align::Min), |ui| {
                let label = if roomy { w::exchange(lang) } else { w::exchange_short(lang) };
                let size = vec2(ui.available_width(), if roomy { TARGET } else { 36.0 });
                if button_sized(ui, Btn::Outline, ic::SYNC, label, size).clicked() {
                    asked = Some(Action::Ask(Command::Exchange));
                }
                ui.add_space(4.0);
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    ui.spacing_mut().scroll.bar_width = 6.0;
                    ScrollArea::vertical().auto_shrink(false).id_salt("nav").show(ui, |ui| {
                        asked = page_rows(app, ui).or(asked.take());
                    });
                });
            });
            asked
        })
        .inner
}

fn page_rows(app: &App, ui: &mut Ui) -> Option<Action> {
    let rows = rows(app);
    ui.spacing_mut().item_spacing.y = 0.0;
    #[expect(clippy::cast_precision_loss, reason = "a dozen rows")]
    let height = (ui.available_height() / rows.len() as f32).floor().clamp(LOWEST, HIGHEST);
    let mut asked = None;
    for row in rows {
        let badge = Badge { count: row.count, spoken: &row.spoken, urgent: row.urgent };
        if nav_item(ui, row.glyph, row.label, height, badge, app.page == row.page).clicked() {
            asked = Some(Action::Go(row.page));
        }
    }
    asked
}
