//! Things to press.

use egui::accesskit::Role;
use egui::{
    Align, Align2, Color32, CornerRadius, Layout, Painter, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

use super::super::theme::{bold, icon, reg};
use super::super::tokens::*;
use super::label::line_at;

/// How much a button asks to be pressed. One `Primary` per screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Btn {
    Primary,
    Outline,
    Text,
    Danger,
}

struct Paint {
    fill: Color32,
    border: Color32,
    text: Color32,
}

impl Btn {
    fn paint(self, pressed: bool, hot: bool, enabled: bool) -> Paint {
        if !enabled {
            return Paint { fill: gray_100(), border: gray_300(), text: gray_600() };
        }
        let (fill, border, text) = match self {
            Btn::Primary if pressed => (blue_1200(), blue_1200(), white()),
            Btn::Primary if hot => (blue_1000(), blue_1000(), white()),
            Btn::Primary => (blue_900(), blue_900(), white()),
            Btn::Outline if pressed => (blue_300(), blue_1200(), blue_1200()),
            Btn::Outline if hot => (blue_200(), blue_1000(), blue_1000()),
            Btn::Outline => (white(), blue_900(), blue_900()),
            Btn::Text if pressed => (blue_100(), Color32::TRANSPARENT, blue_1200()),
            Btn::Text if hot => (blue_50(), Color32::TRANSPARENT, blue_1000()),
            Btn::Text => (Color32::TRANSPARENT, Color32::TRANSPARENT, blue_900()),
            Btn::Danger if pressed || hot => (red_50(), red_900(), red_900()),
            Btn::Danger => (white(), red_900(), red_900()),
        };
        Paint { fill, border, text }
    }
}

/// Icon and word, never an icon alone.
pub fn button(ui: &mut Ui, kind: Btn, glyph: &str, label: &str) -> Response {
    button_sized(ui, kind, glyph, label, vec2(96.0, TARGET))
}

pub fn button_sized(ui: &mut Ui, kind: Btn, glyph: &str, label: &str, min: Vec2) -> Response {
    button_if(ui, true, kind, glyph, label, min)
}

/// A small button whose word stands on many rows; `name` tells a screen reader which of them it is.
pub fn button_named(ui: &mut Ui, kind: Btn, label: &str, name: &str) -> Response {
    let response = button_sized(ui, kind, "", label, vec2(TARGET, TARGET));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    response
}

/// A button that can be pressed only while `enabled`. Unlike in `add_enabled_ui`, it wraps with the row it is in.
pub fn button_if(ui: &mut Ui, enabled: bool, kind: Btn, glyph: &str, label: &str, min: Vec2) -> Response {
    let padding = if kind == Btn::Text { 8.0 } else { 16.0 };
    let words = ui.painter().layout_no_wrap(label.to_owned(), bold(16.0), Color32::PLACEHOLDER);
    let mark = ui.painter().layout_no_wrap(glyph.to_owned(), icon(22.0), Color32::PLACEHOLDER);
    let (mark_width, gap) = if glyph.is_empty() { (0.0, 0.0) } else { (mark.size().x, 8.0) };
    let content = mark_width + gap + words.size().x;
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2((padding * 2.0 + content).max(min.x), min.y), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let hot = enabled && (response.hovered() || response.has_focus());
    let paint = kind.paint(response.is_pointer_button_down_on(), hot, enabled);
    let p = ui.painter();
    p.rect(rect, CornerRadius::same(R8), paint.fill, Stroke::new(1.0, paint.border), StrokeKind::Inside);
    let left = rect.center().x - content / 2.0;
    if !glyph.is_empty() {
        let at = pos2(left, rect.center().y - mark.size().y / 2.0).round();
        p.galley_with_override_text_color(at, mark, paint.text);
    }
    let at = pos2(left + mark_width + gap, rect.center().y - words.size().y / 2.0).round();
    let words_size = words.size();
    p.galley_with_override_text_color(at, words, paint.text);
    if hot {
        // Not by colour alone.
        p.hline(at.x..=at.x + words_size.x, at.y + words_size.y + 1.0, Stroke::new(1.0, paint.text));
    }
    response
}

/// Buttons at the right end of a row that was already painted, first one outermost.
pub fn row_end<R>(ui: &mut Ui, row: Rect, salt: impl egui::AsIdSalt, add: impl FnOnce(&mut Ui) -> R) -> R {
    let layout = Layout::right_to_left(Align::Center);
    // A child of its own: the cursor of `ui` already stands below the row.
    add(&mut ui.new_child(egui::UiBuilder::new().max_rect(row.shrink(8.0)).layout(layout).id_salt(salt)))
}

/// One row of the navigation: icon, word, count. Smaller where the row is narrow.
pub fn nav_item(ui: &mut Ui, glyph: &str, label: &str, height: f32, badge: Badge<'_>, selected: bool) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let spoken = if badge.count > 0 { format!("{label}　{}", badge.spoken) } else { label.to_owned() };
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, selected, &spoken));
    let (narrow, low) = (rect.width() < 160.0, height < 26.0);
    let (size, mark, left) = match (narrow, low) {
        (_, true) => (13.0, 16.0, 16.0),
        (true, _) => (14.0, 20.0, 16.0),
        _ => (16.0, 24.0, 26.0),
    };
    let (fill, color) = nav_paint(&response, selected);
    let p = ui.painter();
    p.rect_filled(rect.shrink2(vec2(0.0, 1.0)), CornerRadius::same(R8), fill);
    if selected {
        let off = if low { 4.0 } else { 8.0 };
        let bar = Rect::from_min_size(rect.min + vec2(0.0, off), vec2(4.0, rect.height() - 2.0 * off));
        p.rect_filled(bar, CornerRadius::same(2), blue_900());
    }
    p.text(pos2(rect.left() + left, rect.center().y), Align2::CENTER_CENTER, glyph, icon(mark), color);
    let taken = if badge.count > 0 {
        badge_at(p, rect.right_center() - vec2(4.0, 0.0), (height - 2.0).min(24.0), badge)
    } else {
        0.0
    };
    let words = left + mark / 2.0 + 6.0;
    let font = if selected { bold(size) } else { reg(size) };
    line_at(p, rect.left() + words, rect.center().y, label, font, color, rect.width() - words - taken - 6.0);
    response
}

/// A count beside a navigation row, and what it counts.
#[derive(Clone, Copy, Debug)]
pub struct Badge<'a> {
    pub count: usize,
    /// As spoken: "未読 3 件".
    pub spoken: &'a str,
    pub urgent: bool,
}

impl Badge<'_> {
    fn color(&self) -> Color32 {
        if self.urgent { red_900() } else { gray_700() }
    }
}

fn nav_paint(response: &Response, selected: bool) -> (Color32, Color32) {
    if selected {
        (blue_100(), blue_1000())
    } else if response.hovered() {
        (gray_50(), blue_1000())
    } else {
        (Color32::TRANSPARENT, gray_800())
    }
}

/// A pill with a number, right-aligned; tells its width.
fn badge_at(p: &Painter, right_center: Pos2, height: f32, badge: Badge<'_>) -> f32 {
    let words = if badge.count > 999 { "999+".to_owned() } else { badge.count.to_string() };
    let galley = p.layout_no_wrap(words, bold(if height < 20.0 { 12.0 } else { 14.0 }), white());
    let width = (galley.size().x + 14.0).max(24.0);
    let pill = Rect::from_min_size(right_center - vec2(width, height / 2.0), vec2(width, height));
    p.rect_filled(pill, CornerRadius::same(12), badge.color());
    p.galley((pill.center() - galley.size() / 2.0).round(), galley, white());
    width
}

/// One of a few, all of them seen. Tells which one was pressed.
pub fn segmented(ui: &mut Ui, items: &[&str], selected: usize, height: f32) -> Option<usize> {
    let width = |ui: &Ui, words: &str| {
        (ui.painter().layout_no_wrap(words.to_owned(), bold(16.0), black()).size().x + 24.0).max(TARGET)
    };
    let total = items.iter().map(|words| width(ui, words)).sum();
    let mut pressed = None;
    // A child of fixed size, so that the order stays left to right inside right-to-left parents.
    ui.allocate_ui_with_layout(vec2(total, height), Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for (at, words) in items.iter().enumerate() {
            let (rect, response) = ui.allocate_exact_size(vec2(width(ui, words), height), Sense::click());
            response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, selected == at, *words));
            paint_segment(ui, rect, &response, words, selected == at, (at == 0, at + 1 == items.len()));
            if response.clicked() {
                pressed = Some(at);
            }
        }
    });
    pressed
}

/// Names of pages on top of them, in as many rows as it takes. Tells which one was pressed.
pub fn tabs(ui: &mut Ui, names: &[&str], selected: usize) -> Option<usize> {
    let mut pressed = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (at, words) in names.iter().enumerate() {
            let on = at == selected;
            let font = if on { bold(16.0) } else { reg(16.0) };
            let galley = ui.painter().layout_no_wrap((*words).to_owned(), font, Color32::PLACEHOLDER);
            let size = vec2((galley.size().x + 28.0).max(TARGET), TARGET);
            let (rect, response) = ui.allocate_exact_size(size, Sense::click());
            response.widget_info(|| WidgetInfo::selected(Role::Tab, true, on, *words));
            let (fill, color) = nav_paint(&response, on);
            let p = ui.painter();
            p.rect_filled(rect, CornerRadius { nw: R8, ne: R8, sw: 0, se: 0 }, fill);
            p.galley_with_override_text_color((rect.center() - galley.size() / 2.0).round(), galley, color);
            let (thick, line) = if on { (3.0, blue_900()) } else { (1.0, gray_420()) };
            p.hline(rect.x_range(), rect.bottom() - thick / 2.0, Stroke::new(thick, line));
            if response.clicked() {
                pressed = Some(at);
            }
        }
    });
    pressed
}

fn paint_segment(ui: &Ui, rect: Rect, response: &Response, words: &str, on: bool, (first, last): (bool, bool)) {
    let (left, right) = (if first { R8 } else { 0 }, if last { R8 } else { 0 });
    let corners = CornerRadius { nw: left, sw: left, ne: right, se: right };
    let (fill, color, font) = if on {
        (blue_900(), white(), bold(16.0))
    } else if response.hovered() {
        (blue_100(), blue_1000(), reg(16.0))
    } else {
        (white(), gray_800(), reg(16.0))
    };
    let mut border = rect;
    if !first {
        border.min.x -= 1.0; // share it with the neighbour
    }
    let stroke = Stroke::new(1.0, if on { blue_900() } else { gray_420() });
    ui.painter().rect(border, corners, fill, stroke, StrokeKind::Inside);
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, words, font, color);
}
