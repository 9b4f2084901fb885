//! ホーム: what is new, what waits, what to do next, and the month board.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Margin, RichText, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::board::BoardView;
use crate::desktop::chrome::certificate_look;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::{grouped, today};
use crate::desktop::theme::{bold, card, icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, bad, button, button_sized, hrow, icon_line, line_at, look, para, section, sentence_card,
};
use crate::desktop::{Action, Page};
use crate::engine::model::{Connection, Failure};
use crate::words::failure::{Sentence, failure};
use crate::words::{Lang, progress, release, window as w};

/// The board is never lower: a window that has no room for it scrolls.
const LEAST_BOARD: f32 = 340.0;
/// In a page that is lower than this, the numbers above the board have to do: each leads to what is to be done.
const LOW: f32 = 500.0;
/// From this on there is room for more than the first of the next steps.
const ROOM_FOR_STEPS: f32 = 520.0;

/// What is new in short, and the month board below.
#[derive(Debug, Default)]
pub(in crate::desktop) struct Home {
    board: BoardView,
}

/// One number on top, and where it leads.
struct Tile {
    page: Page,
    glyph: &'static str,
    name: &'static str,
    count: usize,
    urgent: bool,
}

impl Home {
    pub fn is_asking(&self) -> bool {
        self.board.is_asking()
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        super::page_of(ui, "home", f32::INFINITY, |ui| {
            let lang = model.lang();
            let top = ui.cursor().top();
            // What the window shows of the page, less its margins.
            let room = ui.clip_rect().height() - 52.0;
            ui.spacing_mut().item_spacing.y = 10.0;
            let mut asked = head(ui, model);
            trouble(ui, model);
            asked = super::trust::changed_partners(ui, model).or(asked);
            asked = newer(ui, model).or(asked);
            let lists = &model.lists;
            if !model.lists_known {
                icon_line(ui, ic::SCHEDULE, progress::loading(lang), reg(16.0), gray_700());
                return asked;
            }
            if lists.inbox.is_empty() && lists.sent.is_empty() && lists.outbox.is_empty() {
                return first_day(ui, lang).or(asked);
            }
            asked = tiles(ui, model).or(asked);
            let left = |ui: &Ui| room - (ui.cursor().top() - top);
            let before = left(ui);
            if room >= LOW {
                asked = next_steps(ui, model, before).or(asked);
            }
            let left = left(ui);
            self.board.show(ui, model, left.max(LEAST_BOARD)).or(asked)
        })
    }
}

/// The day, and the one button that starts something new.
fn head(ui: &mut Ui, model: &Model) -> Option<Action> {
    let lang = model.lang();
    ui.horizontal(|ui| {
        let room = (ui.available_width() - 208.0).max(120.0);
        let (rect, response) = ui.allocate_exact_size(vec2(room, 48.0), Sense::hover());
        let words = today(lang, model.now, &model.zone);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
        let size = if room > 420.0 { 24.0 } else { 16.0 };
        line_at(ui.painter(), rect.left(), rect.center().y, &words, bold(size), gray_900(), room);
        let pressed = button_sized(ui, Btn::Primary, ic::EDIT_SQUARE, w::send_files(lang), vec2(200.0, 48.0));
        pressed.clicked().then_some(Action::Go(Page::Compose))
    })
    .inner
}

/// What keeps us from exchanging, if something does.
fn trouble(ui: &mut Ui, model: &Model) {
    let lang = model.lang();
    if let Connection::Offline(problem) = &model.status.connection {
        sentence_card(ui, ic::ERROR, bad(), &failure(lang, problem));
    }
    let close = model.certificate_days().is_some_and(|days| days <= 30);
    let said = matches!(
        model.status.connection,
        Connection::Offline(Failure::CertificateExpired | Failure::CertificateMissing)
    );
    if close && !said {
        let (_, what, _) = certificate_look(model);
        let todo = w::step_certificate(lang).to_owned();
        sentence_card(ui, ic::WARNING, look(), &Sentence { what, todo });
    }
}

/// A newer version: one quiet line that leads to where it is told in full.
fn newer(ui: &mut Ui, model: &Model) -> Option<Action> {
    let (lang, newer) = (model.lang(), model.status.newer.as_ref()?);
    step(ui, ic::DOWNLOAD, &release::newer(lang, &newer.version), release::see(lang)).then_some(Action::Go(Page::Help))
}

fn tiles(ui: &mut Ui, model: &Model) -> Option<Action> {
    let (lang, counts) = (model.lang(), model.counts);
    let failed = counts.failed + counts.refused;
    let failed_page = if counts.failed == 0 && counts.refused > 0 { Page::Sent } else { Page::Outbox };
    let tiles = [
        Tile {
            page: Page::Inbox,
            glyph: ic::INBOX,
            name: w::unread_parcels(lang),
            count: counts.unread,
            urgent: false,
        },
        Tile {
            page: Page::Inbox,
            glyph: ic::DOWNLOAD,
            name: w::to_import(lang),
            count: counts.to_import,
            urgent: false,
        },
        Tile {
            page: Page::Outbox,
            glyph: ic::SCHEDULE,
            name: w::waiting_parcels(lang),
            count: counts.waiting,
            urgent: false,
        },
        Tile { page: failed_page, glyph: ic::ERROR, name: w::failed_parcels(lang), count: failed, urgent: failed > 0 },
    ];
    let across = if ui.available_width() > 640.0 { 4 } else { 2 };
    let mut asked = None;
    #[expect(clippy::cast_precision_loss, reason = "two or four")]
    let width = (ui.available_width() - 12.0 * (across as f32 - 1.0)) / across as f32;
    for row in tiles.chunks(across) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            for tile in row {
                if show_tile(ui, lang, tile, width) {
                    asked = Some(Action::Go(tile.page));
                }
            }
        });
    }
    asked
}

fn show_tile(ui: &mut Ui, lang: Lang, tile: &Tile, width: f32) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 48.0), Sense::click());
    let count = w::parcels(lang, &grouped(tile.count));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{} {count}", tile.name)));
    let color = match (tile.urgent, tile.count) {
        (true, _) => red_900(),
        (_, 0) => gray_700(),
        _ => blue_900(),
    };
    let (fill, border) = if response.hovered() { (blue_50(), blue_900()) } else { (white(), hairline()) };
    let p = ui.painter();
    p.rect(rect, CornerRadius::same(R8), fill, Stroke::new(1.0, border), StrokeKind::Inside);
    let middle = rect.center().y;
    p.text(pos2(rect.left() + 24.0, middle), Align2::CENTER_CENTER, tile.glyph, icon(22.0), color);
    let count = p.layout_no_wrap(count, bold(18.0), color);
    let right = rect.right() - 14.0 - count.size().x;
    p.galley(pos2(right, middle - count.size().y / 2.0).round(), count, color);
    line_at(p, rect.left() + 42.0, middle, tile.name, reg(15.0), gray_800(), right - rect.left() - 50.0);
    response.clicked()
}

/// The next sensible things, most pressing first; where there is little room, only the first.
fn next_steps(ui: &mut Ui, model: &Model, room: f32) -> Option<Action> {
    let (lang, counts) = (model.lang(), model.counts);
    let mut steps = Vec::new();
    if counts.failed > 0 {
        steps.push((w::step_failed(lang).to_owned(), Page::Outbox, w::see_outbox(lang)));
    }
    if counts.refused > 0 {
        steps.push((w::step_refused(lang).to_owned(), Page::Sent, w::see_sent(lang)));
    }
    if counts.unread > 0 {
        steps.push((w::step_unread(lang, counts.unread), Page::Inbox, w::see_inbox(lang)));
    } else if counts.to_import > 0 {
        steps.push((w::step_import(lang, counts.to_import), Page::Inbox, w::see_inbox(lang)));
    }
    if steps.is_empty() {
        icon_line(ui, ic::CHECK_CIRCLE, w::all_done(lang), reg(16.0), green_900());
    }
    let shown = if room > ROOM_FOR_STEPS { steps.len() } else { 1 };
    if steps.len() > 1 && shown > 1 {
        section(ui, ic::FLAG, w::next_steps(lang), |_| ());
    }
    let mut asked = None;
    for (words, page, label) in steps.into_iter().take(shown) {
        if step(ui, ic::FLAG, &words, label) {
            asked = Some(Action::Go(page));
        }
    }
    asked
}

/// One thing to do, in one line with the button that leads there.
fn step(ui: &mut Ui, glyph: &str, words: &str, label: &str) -> bool {
    ui.horizontal(|ui| {
        ui.label(RichText::new(glyph).font(icon(18.0)).color(gray_700()));
        let room = (ui.available_width() - 192.0).max(120.0);
        let (rect, response) = ui.allocate_exact_size(vec2(room, TARGET), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
        line_at(ui.painter(), rect.left(), rect.center().y, words, reg(16.0), gray_900(), room);
        response.on_hover_text(words);
        button_sized(ui, Btn::Outline, "", label, vec2(184.0, TARGET)).clicked()
    })
    .inner
}

/// Nothing was ever exchanged: how it goes, in three steps.
fn first_day(ui: &mut Ui, lang: Lang) -> Option<Action> {
    let mut asked = None;
    card().inner_margin(Margin::same(24)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 14.0;
        ui.label(RichText::new(w::first_day(lang)).font(bold(22.0)).color(gray_900()));
        para(ui, w::first_day_hint(lang), 16.0, gray_800());
        for (number, words) in [w::first_step_1(lang), w::first_step_2(lang), w::first_step_3(lang)].iter().enumerate()
        {
            hrow(ui, 40.0, |ui| {
                let (circle, _) = ui.allocate_exact_size(vec2(40.0, 40.0), Sense::hover());
                ui.painter().circle_filled(circle.center(), 18.0, blue_50());
                let at = circle.center();
                ui.painter().text(at, Align2::CENTER_CENTER, (number + 1).to_string(), bold(18.0), blue_900());
                ui.vertical(|ui| {
                    ui.add_space(7.0);
                    para(ui, words, 16.0, gray_900());
                });
            });
        }
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            if button(ui, Btn::Outline, ic::SETTINGS, w::settings_open(lang)).clicked() {
                asked = Some(Action::Go(Page::Settings));
            }
        });
    });
    asked
}
