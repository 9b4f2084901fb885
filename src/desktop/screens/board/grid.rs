//! The table of the month board: one line for each partner, one cell for each exchange.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Rect, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::board::{Cell, Exchange, Row, Side, Step};
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::{long_time, safe_text};
use crate::desktop::theme::{bold, icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, Colors, bad, blue, button_sized, chip_at, good, line_at, look, quiet, scroll_style,
};
use crate::engine::model::Occasion;
use crate::parcel::ParcelId;
use crate::words::{Lang, board as w, window};

const ROW: f32 = 48.0;
const HEAD: f32 = 30.0;
/// Below this width the column of changes makes room; its number then stands with the plan.
const WIDE: f32 = 860.0;
/// A name's column wider than this shares what is left with the others.
const WIDE_NAME: f32 = 400.0;

/// From so many days on, waiting is late.
const LATE: i32 = 5;

/// What was pressed in the table.
pub(super) enum Pressed<'a> {
    Say { row: &'a Row, occasion: Occasion },
    Parcel { parcel: ParcelId, incoming: bool },
    Paper { row: &'a Row, exchange: Exchange },
}

/// What stands across.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Partner,
    Of(Exchange),
    Changes,
    Wait,
    More,
}

fn columns(side: Side, width: f32) -> Vec<(Column, f32)> {
    let entrusted = matches!(side, Side::Centre | Side::Entrusted);
    let mut columns = vec![(Column::Partner, 0.0)];
    if entrusted {
        columns.push((Column::Of(Exchange::Documents), 140.0));
    }
    columns.push((Column::Of(Exchange::Plan), 140.0));
    if !entrusted && width >= WIDE {
        columns.push((Column::Changes, 130.0));
    }
    columns.extend([(Column::Of(Exchange::Actuals), 150.0), (Column::Wait, 150.0), (Column::More, 76.0)]);
    let rest = (width - columns.iter().map(|(_, width)| width).sum::<f32>()).max(120.0);
    // On a wide screen all of them take their part: a name stays near what is said of it.
    #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
    let more = (rest - WIDE_NAME).max(0.0) / (columns.len() - 1) as f32;
    for (column, width) in &mut columns {
        *width += match column {
            Column::Partner => rest.min(WIDE_NAME) + more,
            Column::More => 0.0,
            _ => more,
        };
    }
    columns
}

/// Draws the table; only the rows that are seen are laid out.
pub(super) fn show<'a>(ui: &mut Ui, model: &Model, side: Side, rows: &[&'a Row]) -> Option<Pressed<'a>> {
    let lang = model.lang();
    // The scroll bar's place stays free, so that head and rows agree.
    let columns = columns(side, ui.available_width() - 20.0);
    ui.spacing_mut().item_spacing.y = 0.0;
    head(ui, lang, &columns);
    let mut pressed = None;
    scroll_style(ui, |ui, content| {
        ScrollArea::vertical().auto_shrink(false).id_salt(("board", side)).show_rows(
            ui,
            ROW,
            rows.len(),
            |ui, range| {
                ui.set_style(content);
                for at in range {
                    let Some(row) = rows.get(at) else { continue };
                    pressed = show_row(ui, model, &columns, row, at).or(pressed.take());
                }
            },
        );
    });
    pressed
}

fn head(ui: &mut Ui, lang: Lang, columns: &[(Column, f32)]) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEAD), Sense::hover());
    let p = ui.painter();
    p.rect_filled(rect, CornerRadius::same(R4), gray_100());
    let mut x = rect.left() + 8.0;
    for (column, width) in columns {
        let words = match column {
            Column::Partner => w::partner(lang),
            Column::Of(exchange) => w::exchange(lang, *exchange),
            Column::Changes => w::changes(lang),
            Column::Wait => w::waiting(lang),
            Column::More => "",
        };
        line_at(p, x, rect.center().y, words, bold(14.0), gray_900(), width - 12.0);
        x += width;
    }
}

fn show_row<'a>(ui: &mut Ui, model: &Model, columns: &[(Column, f32)], row: &'a Row, at: usize) -> Option<Pressed<'a>> {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let p = ui.painter();
    p.rect_filled(rect, 0.0, if at % 2 == 1 { row_tint() } else { white() });
    p.hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, hairline()));
    let narrow = columns.iter().all(|(column, _)| *column != Column::Changes);
    let (mut x, mut pressed) = (rect.left(), None);
    for (column, width) in columns {
        let place = Rect::from_min_size(pos2(x, rect.top()), vec2(*width, ROW));
        x += width;
        pressed = match column {
            Column::Partner => partner(ui, model.lang(), place, row),
            Column::Of(exchange) => of_exchange(ui, model, place, row, *exchange, narrow),
            Column::Changes => changes(ui, model, place, row),
            Column::Wait => wait(ui, model, place, row),
            Column::More => more(ui, model.lang(), place, row),
        }
        .or(pressed);
    }
    pressed
}

/// The name, and below it number and service; whole under the pointer.
fn partner(ui: &mut Ui, lang: Lang, place: Rect, row: &Row) -> Option<Pressed<'static>> {
    let service = window::service(lang, &row.service);
    let about = format!("{}　{service}", row.partner);
    let response = ui.interact(place, ui.scope_id().with(("partner", row.partner, row.service)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{} {about}", safe_text(&row.name))));
    response.on_hover_text(format!("{}\n{about}", safe_text(&row.name)));
    let (p, left, width) = (ui.painter(), place.left() + 8.0, place.width() - 16.0);
    line_at(p, left, place.top() + 16.0, &row.name, bold(16.0), gray_900(), width);
    line_at(p, left, place.top() + 36.0, &about, reg(13.0), gray_700(), width);
    None
}

/// Shape and colours of a step; its word stands beside them.
fn step_look(cell: &Cell) -> (&'static str, Colors) {
    match (cell.step, cell.incoming) {
        (Step::Nothing, _) => (ic::SCHEDULE, quiet()),
        (Step::Troubled, _) => (ic::ERROR, bad()),
        (Step::Waiting, _) => (ic::SCHEDULE, look()),
        (Step::Sent, _) => (ic::CLOUD_DONE, blue()),
        (Step::LaidOut, _) => (ic::DONE, quiet()),
        (Step::Arrived, true) => (ic::INFO, look()),
        (Step::Arrived, false) => (ic::DONE, blue()),
        (Step::Imported | Step::NoActuals, _) => (ic::CHECK_CIRCLE, good()),
        (Step::Paper(_), _) => (ic::DESCRIPTION, quiet()),
    }
}

/// A cell that can be pressed: to its parcel, or to note what went on paper.
fn of_exchange<'a>(
    ui: &mut Ui,
    model: &Model,
    place: Rect,
    row: &'a Row,
    exchange: Exchange,
    narrow: bool,
) -> Option<Pressed<'a>> {
    let lang = model.lang();
    let cell = row.cell(exchange)?;
    let below = match exchange {
        Exchange::Plan => below_plan(lang, row, narrow),
        Exchange::Actuals => w::answered(lang, row),
        Exchange::Documents => String::new(),
    };
    let clicked = chip_cell(ui, model, place, row, cell, w::exchange(lang, exchange), &below);
    let to_parcel = cell.parcel.map(|parcel| Pressed::Parcel { parcel, incoming: cell.incoming });
    let to_paper = (exchange != Exchange::Documents).then_some(Pressed::Paper { row, exchange });
    clicked.then(|| to_parcel.or(to_paper)).flatten()
}

/// What there is to say of a plan beside how far it got; changes only where they have no column of their own.
fn below_plan(lang: Lang, row: &Row, narrow: bool) -> String {
    let changes = row.changes.as_ref().filter(|_| narrow).map(|changes| changed(lang, changes.count));
    let undelivered = row.undelivered_days.filter(|_| !narrow).map(|days| w::undelivered_short(lang, days));
    let over = (row.over_limit > 0).then(|| w::over_limit(lang, row.over_limit));
    over.into_iter().chain(changes).chain(undelivered).collect::<Vec<_>>().join("・")
}

fn changed(lang: Lang, count: usize) -> String {
    format!("{} {}", w::changes(lang), window::parcels(lang, &count.to_string()))
}

fn changes<'a>(ui: &mut Ui, model: &Model, place: Rect, row: &Row) -> Option<Pressed<'a>> {
    let (lang, changes) = (model.lang(), row.changes.as_ref()?);
    let below = window::parcels(lang, &changes.count.to_string());
    let clicked = chip_cell(ui, model, place, row, &changes.newest, w::changes(lang), &below);
    let parcel = changes.newest.parcel.filter(|_| clicked)?;
    Some(Pressed::Parcel { parcel, incoming: changes.newest.incoming })
}

/// A chip with a line below it. Tells whether it was pressed.
fn chip_cell(ui: &mut Ui, model: &Model, place: Rect, row: &Row, cell: &Cell, what: &str, below: &str) -> bool {
    let lang = model.lang();
    let words = w::step(lang, cell);
    let response = ui.interact(place, ui.scope_id().with((what, row.side, row.partner, row.service)), Sense::click());
    let spoken = format!("{} {what} {words} {below}", safe_text(&row.name));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, spoken.trim()));
    let p = ui.painter();
    if response.hovered() || response.has_focus() {
        p.rect_filled(place.shrink(2.0), CornerRadius::same(R4), blue_100());
    }
    let (glyph, colors) = step_look(cell);
    let y = place.top() + if below.is_empty() { ROW / 2.0 } else { 16.0 };
    chip_at(p, place.left() + 6.0, y, glyph, &words, colors);
    if !below.is_empty() {
        line_at(p, place.left() + 8.0, place.top() + 39.0, below, reg(13.0), gray_800(), place.width() - 12.0);
    }
    let clicked = response.clicked();
    if let Some(at) = cell.at {
        response.on_hover_text(format!("{what}　{words}　{}", long_time(lang, at, &model.zone)));
    } else if row.regular {
        response.on_hover_text(w::regular(lang));
    }
    clicked
}

/// How long the answer is being waited for, and the one thing to do about it.
fn wait<'a>(ui: &mut Ui, model: &Model, place: Rect, row: &'a Row) -> Option<Pressed<'a>> {
    let lang = model.lang();
    let reminded = row.reminded.map(|at| at.to_zoned(model.zone.clone()).date());
    let waiting = w::wait_reminded(lang, row, reminded);
    let late = row.days.is_some_and(|days| days >= LATE);
    let occasion = match row.side.awaits_actuals() {
        true => row.days.map(|_| Occasion::Reminder),
        false => to_say_none(row).then_some(Occasion::NoActuals),
    };
    let sense = if occasion.is_some() { Sense::click() } else { Sense::hover() };
    let response = ui.interact(place, ui.scope_id().with(("wait", row.side, row.partner, row.service)), sense);
    let todo = occasion.map(|occasion| w::occasion(lang, occasion)).unwrap_or_default();
    let role = if occasion.is_some() { Role::Button } else { Role::Label };
    let spoken = format!("{} {todo} {waiting}", safe_text(&row.name));
    response.widget_info(|| WidgetInfo::labeled(role, true, spoken.trim()));
    let p = ui.painter();
    let hot = occasion.is_some() && (response.hovered() || response.has_focus());
    if hot {
        p.rect_filled(place.shrink(2.0), CornerRadius::same(R4), blue_100());
    }
    let (left, width) = (place.left() + 6.0, place.width() - 10.0);
    let upper = place.top() + if todo.is_empty() { ROW / 2.0 } else { 15.0 };
    let color = if late { red_900() } else { gray_800() };
    line_at(p, left, upper, &waiting, if late { bold(14.0) } else { reg(14.0) }, color, width);
    if !todo.is_empty() {
        let y = place.top() + if waiting.is_empty() { ROW / 2.0 } else { 35.0 };
        let drawn = line_at(p, left, y, todo, bold(14.0), blue_900(), width);
        p.hline(left..=left + drawn, y + 10.0, Stroke::new(1.0, blue_900()));
    }
    let clicked = response.clicked();
    response.on_hover_text(spoken);
    occasion.filter(|_| clicked).map(|occasion| Pressed::Say { row, occasion })
}

/// Whether there may be persons of whom we have nothing to report.
fn to_say_none(row: &Row) -> bool {
    !row.side.awaits_actuals() && row.plan.step.is_there() && !row.is_complete()
}

/// What is done more seldom.
fn more<'a>(ui: &mut Ui, lang: Lang, place: Rect, row: &'a Row) -> Option<Pressed<'a>> {
    let response = ui.interact(place, ui.scope_id().with(("more", row.side, row.partner, row.service)), Sense::click());
    let spoken = format!("{} {}", safe_text(&row.name), w::actions(lang));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
    let p = ui.painter();
    if response.hovered() || response.has_focus() {
        p.rect_filled(place.shrink(2.0), CornerRadius::same(R4), blue_100());
    }
    line_at(p, place.left() + 8.0, place.center().y, w::actions(lang), bold(14.0), blue_900(), 44.0);
    let mark = pos2(place.right() - 14.0, place.center().y);
    p.text(mark, Align2::CENTER_CENTER, ic::EXPAND_MORE, icon(20.0), blue_900());
    let popup = egui::Popup::menu(&response).show(|ui| {
        ui.set_min_width(240.0);
        let mut item = |words: &str| button_sized(ui, Btn::Text, "", words, vec2(240.0, TARGET)).clicked();
        let mut pressed = None;
        if row.side.awaits_actuals() && row.is_planned() && item(w::remind(lang)) {
            pressed = Some(Pressed::Say { row, occasion: Occasion::Reminder });
        }
        if to_say_none(row) && item(w::say_none(lang)) {
            pressed = Some(Pressed::Say { row, occasion: Occasion::NoActuals });
        }
        if row.side == Side::Planner && row.is_planned() && item(w::say_over(lang)) {
            pressed = Some(Pressed::Say { row, occasion: Occasion::OverLimit });
        }
        for exchange in [Exchange::Plan, Exchange::Actuals] {
            if item(&w::paper_of(lang, exchange)) {
                pressed = Some(Pressed::Paper { row, exchange });
            }
        }
        pressed
    });
    popup.and_then(|popup| popup.inner)
}
