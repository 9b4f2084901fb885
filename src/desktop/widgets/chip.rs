//! Small outlined words: what a parcel is about and how far it got, in colour, shape and word.

use egui::accesskit::Role;
use egui::{Color32, CornerRadius, Painter, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::super::icons as ic;
use super::super::theme::{icon, reg};
use super::super::tokens::*;
use crate::engine::model::{State, Subject};
use crate::words::{Lang, window as w};

/// Fill, border, text.
pub type Colors = (Color32, Color32, Color32);

pub fn good() -> Colors {
    (green_50(), green_800(), green_900())
}
pub fn look() -> Colors {
    (yellow_50(), yellow_900(), yellow_1000())
}
pub fn bad() -> Colors {
    (red_50(), red_900(), red_900())
}
pub fn quiet() -> Colors {
    (gray_50(), gray_536(), gray_800())
}
pub fn blue() -> Colors {
    (blue_50(), blue_700(), blue_800())
}

/// Paints one at `x`, centred on `y`; tells its width.
pub fn chip_at(p: &Painter, x: f32, y: f32, glyph: &str, words: &str, (fill, border, color): Colors) -> f32 {
    let galley = p.layout_no_wrap(words.to_owned(), reg(14.0), color);
    let mark = p.layout_no_wrap(glyph.to_owned(), icon(18.0), color);
    let mark_width = if glyph.is_empty() { 0.0 } else { mark.size().x + 4.0 };
    let width = galley.size().x + mark_width + 14.0;
    let rect = Rect::from_min_size(pos2(x, y - 13.0).round(), vec2(width, 26.0));
    p.rect(rect, CornerRadius::same(R4), fill, Stroke::new(1.0, border), StrokeKind::Inside);
    if !glyph.is_empty() {
        p.galley(pos2(rect.left() + 7.0, rect.center().y - mark.size().y / 2.0).round(), mark, color);
    }
    p.galley(pos2(rect.left() + 7.0 + mark_width, rect.center().y - galley.size().y / 2.0).round(), galley, color);
    width
}

/// The same as a widget.
pub fn chip(ui: &mut Ui, glyph: &str, words: &str, colors: Colors) -> Response {
    let p = ui.painter();
    let mark_width =
        if glyph.is_empty() { 0.0 } else { p.layout_no_wrap(glyph.to_owned(), icon(18.0), black()).size().x + 4.0 };
    let width = p.layout_no_wrap(words.to_owned(), reg(14.0), black()).size().x + mark_width + 14.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 28.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    chip_at(ui.painter(), rect.left(), rect.center().y, glyph, words, colors);
    response
}

/// Word and colours of what a parcel is about.
pub fn subject_look(lang: Lang, subject: Subject) -> (&'static str, Colors) {
    (
        w::subject(lang, subject),
        match subject {
            Subject::Actuals => good(),
            Subject::Provision => blue(),
            Subject::CarePlan | Subject::Preventive => quiet(),
            Subject::Withdrawal => look(),
            Subject::Message | Subject::Other => quiet(),
        },
    )
}

/// Shape, word and colours of how far a parcel got.
pub fn state_look(lang: Lang, state: &State, incoming: bool) -> (&'static str, &'static str, Colors) {
    let (glyph, colors) = match state {
        State::Waiting { last: None, .. } => (ic::SCHEDULE, quiet()),
        State::Waiting { last: Some(_), .. } => (ic::SCHEDULE, look()),
        State::Accepted => (ic::CLOUD_DONE, blue()),
        State::Arrived if incoming => (ic::INFO, look()),
        State::Arrived => (ic::DONE, blue()),
        State::Imported => (ic::CHECK_CIRCLE, good()),
        State::LaidOut => (ic::DONE, quiet()),
        State::Failed(_) | State::Refused(_) => (ic::ERROR, bad()),
        State::Held(_) => (ic::WARNING, look()),
    };
    (glyph, w::state(lang, state, incoming), colors)
}

pub fn state_chip(ui: &mut Ui, lang: Lang, state: &State, incoming: bool) -> Response {
    let (glyph, words, colors) = state_look(lang, state, incoming);
    chip(ui, glyph, words, colors)
}

/// 誤り 2 / 注意 1, where there are any.
pub fn error_count(ui: &mut Ui, lang: Lang, errors: usize, warnings: usize) {
    if errors > 0 {
        chip(ui, ic::ERROR, &w::errors(lang, errors), bad());
    }
    if warnings > 0 {
        chip(ui, ic::WARNING, &w::warnings(lang, warnings), look());
    }
    if errors == 0 && warnings == 0 {
        chip(ui, ic::CHECK_CIRCLE, w::no_findings(lang), good());
    }
}
