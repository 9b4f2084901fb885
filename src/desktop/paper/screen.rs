//! Draws laid-out forms in the window.

use std::collections::HashMap;

use egui::accesskit::Role;
use egui::{Align, Align2, Color32, Rect, ScrollArea, Sense, Stroke, TextureHandle, Ui, WidgetInfo, vec2};

use super::layout::{Mark, Paper, Sheet, lay_out};
use super::{Form, Ink, Tint};
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::scroll_style;

/// A form laid out for a pane, kept until the form or the width changes.
#[derive(Default)]
pub struct Shown {
    made_for: Option<(Form, u32)>,
    sheets: Vec<Sheet>,
    textures: HashMap<usize, TextureHandle>,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").field("sheets", &self.sheets.len()).finish_non_exhaustive()
    }
}

/// Size of the text on the screen.
const TEXT: f32 = 15.0;

impl Shown {
    /// Draws the form as wide as there is room; wider ones can be moved sideways.
    pub fn show(&mut self, ui: &mut Ui, form: &Form) {
        let width = ui.available_width();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a window's width")]
        let pixels = width.max(0.0) as u32;
        if self.made_for.as_ref().is_none_or(|(of, at)| *at != pixels || of != form) {
            self.sheets = lay_out(form, Paper::pane(form, width.floor(), TEXT));
            self.made_for = Some((form.clone(), pixels));
            self.textures.clear();
        }
        let Self { sheets, textures, .. } = self;
        for sheet in sheets.iter() {
            if sheet.width <= width + 1.0 {
                draw(ui, sheet, textures);
            } else {
                sideways(ui, sheet, textures);
            }
        }
    }
}

fn sideways(ui: &mut Ui, sheet: &Sheet, textures: &mut HashMap<usize, TextureHandle>) {
    let clip = ui.clip_rect();
    let (whole, _) = ui.allocate_exact_size(vec2(ui.available_width(), sheet.height + 18.0), Sense::hover());
    // A child as high as the sheet: the scroll area must not end where the page does.
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(whole).id_salt("sideways"));
    let mut seen = clip.intersect(whole);
    seen.max.y = seen.max.y.min(whole.bottom() - 18.0);
    scroll_style(&mut child, |ui, _| {
        ScrollArea::horizontal().id_salt("form").auto_shrink(false).show(ui, |ui| {
            ui.set_clip_rect(seen);
            draw(ui, sheet, textures);
        });
    });
}

fn draw(ui: &mut Ui, sheet: &Sheet, textures: &mut HashMap<usize, TextureHandle>) {
    let (rect, _) = ui.allocate_exact_size(vec2(sheet.width, sheet.height), Sense::hover());
    let origin = rect.min.to_vec2();
    let clip = ui.clip_rect();
    let seen = |top: f32, bottom: f32| bottom + origin.y >= clip.top() && top + origin.y <= clip.bottom();
    ui.painter().rect_filled(rect, 0.0, white());
    for (at, mark) in sheet.marks.iter().enumerate() {
        let (top, bottom) = mark.span_y();
        if seen(top, bottom) {
            paint(ui, at, mark, origin, textures);
        }
    }
    for (at, (place, words)) in sheet.spoken.iter().enumerate() {
        if !words.is_empty() && seen(place.top(), place.bottom()) {
            let spoken = ui.interact(place.translate(origin), ui.scope_id().with(("spoken", at)), Sense::hover());
            spoken.widget_info(|| WidgetInfo::labeled(Role::Row, true, words));
        }
    }
}

fn paint(ui: &Ui, at: usize, mark: &Mark, origin: egui::Vec2, textures: &mut HashMap<usize, TextureHandle>) {
    let p = ui.painter();
    match mark {
        Mark::Fill { rect, ink } => drop(p.rect_filled(rect.translate(origin), 0.0, color(*ink))),
        Mark::Line { from, to, width, ink } => {
            // Sharp lines: on whole pixels.
            let sharp = |at: egui::Pos2| ((at + origin) - vec2(0.5, 0.5)).round() + vec2(0.5, 0.5);
            p.line_segment([sharp(*from), sharp(*to)], Stroke::new(*width, color(*ink)));
        }
        Mark::Text { at, align, size, bold: heavy, ink, text } => {
            let font = if *heavy { bold(*size) } else { reg(*size) };
            let anchor = match align {
                Align::Min => Align2::LEFT_CENTER,
                Align::Center => Align2::CENTER_CENTER,
                Align::Max => Align2::RIGHT_CENTER,
            };
            p.text(*at + origin, anchor, text, font, color(*ink));
        }
        Mark::Picture { rect, picture } => {
            let texture = textures.entry(at).or_insert_with(|| {
                let [width, height] = picture.size.map(|pixels| usize::try_from(pixels).unwrap_or(0));
                let image = egui::ColorImage::from_rgba_unmultiplied([width, height], &picture.rgba);
                ui.ctx().load_texture("picture", image, egui::TextureOptions::LINEAR)
            });
            let whole = Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
            p.image(texture.id(), rect.translate(origin), whole, Color32::WHITE);
        }
    }
}

fn color(ink: Ink) -> Color32 {
    match ink {
        Ink::Text => gray_900(),
        Ink::Faint => gray_700(),
        Ink::Line => gray_420(),
        Ink::Over => orange_900(),
        Ink::Entry => blue_50(),
        Ink::Tint(Tint::None) => white(),
        Ink::Tint(Tint::Head) => gray_100(),
        Ink::Tint(Tint::Sum) => gray_50(),
        Ink::Tint(Tint::Saturday) => blue_50(),
        Ink::Tint(Tint::Sunday) => red_50(),
        Ink::Tint(Tint::Over) => orange_50(),
    }
}
