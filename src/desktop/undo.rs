//! 取り消す: for some seconds after 「送る」 nothing leaves. A bar counts down and takes it back.

use std::time::Duration;

use egui::accesskit::Role;
use egui::{Frame, Layout, Margin, Panel, Rect, RichText, Ui, WidgetInfo};
use jiff::Timestamp;

use super::app::Action;
use super::icons as ic;
use super::model::Model;
use super::theme::{bold, icon};
use super::tokens::*;
use super::widgets::{Btn, button, text};
use crate::engine::model::{ParcelLine, State};
use crate::engine::outgoing::UNDO;
use crate::parcel::ParcelId;
use crate::words::mail;

const HEIGHT: f32 = 60.0;

/// What can still be taken back: written, never tried, and not due yet.
fn leaving(model: &Model) -> Vec<(ParcelId, Timestamp)> {
    let due = |line: &ParcelLine| match &line.state {
        State::Waiting { next_try: Some(at), last: None } if *at > model.now && *at <= model.now + UNDO => {
            Some((line.id, *at))
        }
        _ => None,
    };
    model.lists.outbox.iter().filter_map(due).collect()
}

/// What Ctrl+Z takes back.
pub(super) fn undo(model: &Model) -> Option<Action> {
    let parcels: Vec<ParcelId> = leaving(model).into_iter().map(|(id, _)| id).collect();
    (!parcels.is_empty()).then_some(Action::Undo(parcels))
}

/// How much room the bar takes now.
pub(super) fn height(model: &Model) -> f32 {
    if leaving(model).is_empty() { 0.0 } else { HEIGHT }
}

/// The bar above the status line, while there is something to take back.
pub(super) fn bar(model: &Model, ui: &mut Ui) -> Option<Action> {
    let leaving = leaving(model);
    let last = leaving.iter().map(|(_, at)| *at).max()?;
    let left = last.duration_since(model.now).as_secs_f32();
    ui.ctx().request_repaint_after(Duration::from_millis(200));
    let lang = model.lang();
    Panel::bottom("undo")
        .exact_size(HEIGHT)
        .frame(Frame::new().fill(blue_50()).inner_margin(Margin::symmetric(16, 8)))
        .show(ui, |ui| {
            // How much of the time is left, along the upper edge.
            let whole = ui.max_rect().expand2(egui::vec2(16.0, 8.0));
            let share = (left / UNDO.as_secs_f32()).clamp(0.0, 1.0);
            let line = Rect::from_min_size(whole.min, egui::vec2(whole.width() * share, 3.0));
            ui.painter().rect_filled(line, 0.0, blue_900());
            ui.horizontal_centered(|ui| {
                ui.label(RichText::new(ic::SCHEDULE).font(icon(22.0)).color(blue_900()));
                let words = mail::leaving(lang, leaving.len(), left.ceil().max(1.0));
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                    let pressed =
                        button(ui, Btn::Outline, ic::UNDO, mail::undo(lang)).on_hover_text("Ctrl+Z").clicked();
                    ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                        let said = text(ui, &words, bold(16.0), gray_900());
                        said.widget_info(|| WidgetInfo::labeled(Role::Status, true, &words));
                    });
                    pressed.then(|| Action::Undo(leaving.iter().map(|(id, _)| *id).collect()))
                })
                .inner
            })
            .inner
        })
        .inner
}
