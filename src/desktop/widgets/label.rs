//! Things to read.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::text::LayoutJob;
use egui::{
    Align2, Color32, FontId, Galley, Label, Margin, Painter, Response, RichText, Style, Ui, WidgetInfo, pos2, vec2,
};

use super::super::text::{safe_text, wrap_ja};
use super::super::theme::{bold, card, icon, reg};
use super::super::tokens::*;
use crate::words::failure::Sentence;

/// One line, cut with "…" at `width`.
pub fn elide(p: &Painter, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(safe_text(text).into_owned(), font, color);
    job.wrap.max_width = width.max(1.0);
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    p.layout_job(job)
}

/// Paints one line, centred on `y`, from `x` on; tells its width.
pub fn line_at(p: &Painter, x: f32, y: f32, text: &str, font: FontId, color: Color32, width: f32) -> f32 {
    let galley = elide(p, text, font, color, width);
    let size = galley.size();
    p.galley(pos2(x, y - size.y / 2.0).round(), galley, color);
    size.x
}

/// A word or two; cut where there is no room.
pub fn text(ui: &mut Ui, words: impl AsRef<str>, font: FontId, color: Color32) -> Response {
    ui.add(Label::new(RichText::new(safe_text(words.as_ref())).font(font).color(color)).truncate())
}

/// A paragraph with Japanese line breaks and leading.
pub fn para(ui: &mut Ui, words: &str, size: f32, color: Color32) -> Response {
    let line_height = (size * 1.6).round();
    let wrapped = wrap_ja(ui, words, &reg(size), ui.available_width());
    let rich = RichText::new(wrapped).font(reg(size)).color(color).line_height(Some(line_height));
    let response = ui.add(Label::new(rich).wrap());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    response
}

/// A row of labels, without the 44 px of things to press.
pub fn hrow<R>(ui: &mut Ui, height: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = height;
        ui.horizontal(add).inner
    })
    .inner
}

/// An icon and a line of text.
pub fn icon_line(ui: &mut Ui, glyph: &str, words: &str, font: FontId, color: Color32) {
    hrow(ui, 24.0, |ui| {
        ui.label(RichText::new(glyph).font(icon(20.0)).color(color));
        text(ui, words, font, color);
    });
}

/// The heading of a card; `add` puts something after it.
pub fn section<R>(ui: &mut Ui, glyph: &str, title: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    hrow(ui, 30.0, |ui| {
        ui.label(RichText::new(glyph).font(icon(24.0)).color(blue_900()));
        ui.label(RichText::new(title).font(bold(18.0)).color(gray_900()));
        add(ui)
    })
}

/// A card that says what happened and what to do.
pub fn sentence_card(ui: &mut Ui, glyph: &str, colors: super::chip::Colors, sentence: &Sentence) {
    let (fill, border, color) = colors;
    card().fill(fill).stroke(egui::Stroke::new(1.0, border)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            ui.label(RichText::new(glyph).font(icon(24.0)).color(color));
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 4.0;
                para(ui, &sentence.what, 16.0, color);
                if !sentence.todo.is_empty() {
                    para(ui, &sentence.todo, 16.0, gray_900());
                }
            });
        });
    });
}

/// A label above something to fill in; the thing is named by it.
pub fn field(ui: &mut Ui, label: &str, add: impl FnOnce(&mut Ui) -> Response) -> Response {
    let head = ui.label(RichText::new(label).font(bold(16.0)).color(gray_900()));
    add(ui).labelled_by(head.id)
}

/// Nothing here yet, and what to do about it.
pub fn empty_state(ui: &mut Ui, glyph: &str, head: &str, hint: &str) {
    let area = ui.available_rect_before_wrap();
    let radius = 44.0_f32.min(area.height() / 6.0);
    let middle = area.center() - vec2(0.0, 60.0_f32.min(area.height() / 5.0));
    // Where there is little room, the words need it.
    if area.height() >= LOW {
        ui.painter().circle_filled(middle, radius, blue_50());
        ui.painter().text(middle, Align2::CENTER_CENTER, glyph, icon(radius), blue_900());
        ui.add_space((middle.y + radius + 16.0 - area.top()).max(0.0));
    }
    let width = (area.width() - 48.0).clamp(60.0, 560.0);
    ui.vertical_centered(|ui| {
        ui.set_max_width(area.width());
        for (words, font, color) in [(head, bold(20.0), gray_900()), (hint, reg(16.0), gray_700())] {
            if words.is_empty() {
                continue;
            }
            let wrapped = wrap_ja(ui, words, &font, width);
            let line_height = Some((font.size * 1.6).round());
            let rich = RichText::new(wrapped).font(font).color(color).line_height(line_height);
            let response = ui.add(Label::new(rich).extend().halign(egui::Align::Center));
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
        }
    });
}

/// egui paints scroll handles with the fill of buttons. Gives the handles greys of their own; the style handed to
/// `add` is the one to set again for the content.
pub fn scroll_style<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui, Arc<Style>) -> R) -> R {
    let content = ui.style().clone();
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        widgets.inactive.bg_fill = gray_536(); // 3:1 against the track
        widgets.hovered.bg_fill = gray_700();
        widgets.active.bg_fill = gray_800();
        ui.visuals_mut().extreme_bg_color = gray_50();
        add(ui, content)
    })
    .inner
}

/// The margin text fields are drawn with, so that they are 44 px high.
pub const FIELD_MARGIN: Margin = Margin { left: 12, right: 12, top: 12, bottom: 10 };
