//! 一括送信: a whole month to all partners at once, with one result for each.

use egui::{CornerRadius, Frame, Margin, RichText, Ui, vec2};

use super::bundle::full_card;
use super::compose::{checking, choose_card, drop_area, sending};
use super::letter::{Fold, message_field};
use super::writing::{Stage, Writing};
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::safe_text;
use crate::desktop::theme::{bold, icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button, button_if, empty_state, para, section, state_look, text};
use crate::desktop::{Action, Page};
use crate::engine::model::SendResult;
use crate::words::failure::failure;
use crate::words::{Lang, mail, window as w};

impl Writing {
    /// 一括送信.
    pub fn bulk(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let asked = match self.stage {
            Stage::Sending => sending(ui, model),
            _ => super::page(ui, "bulk", |ui| self.bulk_page(ui, model)),
        };
        self.questions(ui, model).or(asked)
    }

    fn bulk_page(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        super::title(ui, mail::bulk(lang));
        let begun = model.examined.is_some();
        let mut asked = choose_card(ui, model, begun, |_| None);
        asked = checking(ui, model).or(asked);
        asked = self.results(ui, model).or(asked);
        let Some(examined) = model.examined.clone() else {
            if !model.examining && self.results.is_none() {
                drop_area(ui, lang);
            }
            return asked;
        };
        if examined.bundles.is_empty() && examined.astray.is_empty() {
            ui.allocate_ui(vec2(ui.available_width(), 220.0), |ui| {
                empty_state(ui, ic::SEARCH, w::nothing_to_send(lang), w::nothing_to_send_hint(lang));
            });
            return asked;
        }
        asked = self.send_all(ui, model).or(asked);
        asked = self.common_words(ui, model).or(asked);
        self.cards(ui, model, Fold::Folded).or(asked)
    }

    /// 「問題のないものをすべて送る」, and how many that are.
    fn send_all(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        let bundles = self.bundles(model.examined.as_deref());
        let (all, fine) = (bundles.len(), bundles.iter().filter(|bundle| self.includes(bundle)).count());
        ui.horizontal_wrapped(|ui| {
            let size = vec2(260.0, 48.0);
            let pressed = button_if(ui, fine > 0, Btn::Primary, ic::SEND, mail::send_all_fine(lang), size).clicked();
            text(ui, mail::fine_of(lang, fine, all), reg(16.0), gray_800());
            if pressed { self.send(model) } else { None }
        })
        .inner
    }

    /// Words for everybody who gets none of their own.
    fn common_words(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        let words = (mail::common_message(lang), mail::common_hint(lang));
        full_card(ui, |ui| message_field(ui, model, "common", words, &mut self.common, str::to_owned))
    }

    /// One line for each receiver of the last sending: where it stands by now, or why it did not go.
    fn results(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let (lang, results) = (model.lang(), self.results.clone()?);
        full_card(ui, |ui| {
            let failed = results.iter().filter(|result| result.outcome.is_err()).count();
            section(ui, ic::SEND, &mail::results(lang, results.len() - failed, failed), |_| ());
            for result in results.iter() {
                result_line(ui, model, result);
            }
            let mut asked = None;
            ui.horizontal_wrapped(|ui| {
                if button(ui, Btn::Outline, ic::SCHEDULE, w::see_outbox(lang)).clicked() {
                    asked = Some(Action::Go(Page::Outbox));
                }
                if button(ui, Btn::Text, ic::CLOSE, mail::close_results(lang)).clicked() {
                    self.results = None;
                }
            });
            asked
        })
    }
}

fn result_line(ui: &mut Ui, model: &Model, result: &SendResult) {
    let lang = model.lang();
    let line = result.outcome.as_ref().ok().and_then(|id| model.line(*id));
    let (glyph, words, (_, _, color)) = match (&result.outcome, line) {
        (Ok(_), Some(line)) => state_look(lang, &line.state, false),
        (Ok(_), None) => (ic::UNDO, mail::withdrawn(lang), crate::desktop::widgets::look()),
        (Err(_), _) => (ic::ERROR, mail::not_queued(lang), crate::desktop::widgets::bad()),
    };
    Frame::new().fill(row_tint()).corner_radius(CornerRadius::same(R8)).inner_margin(Margin::symmetric(12, 6)).show(
        ui,
        |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.spacing_mut().interact_size.y = 24.0;
            ui.horizontal(|ui| {
                ui.label(RichText::new(glyph).font(icon(20.0)).color(color));
                let state = text(ui, words, bold(16.0), color);
                let name = name_of(lang, model, result);
                state.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, format!("{name} {words}"))
                });
                text(ui, name, reg(16.0), gray_900());
            });
            if let Err(problem) = &result.outcome {
                let sentence = failure(lang, problem);
                para(ui, &safe_text(&format!("{}{}", sentence.what, sentence.todo)), 14.0, gray_800());
            }
        },
    );
}

fn name_of(lang: Lang, model: &Model, result: &SendResult) -> String {
    let known = model.partners.iter().find(|partner| partner.office == result.receiver);
    let line = result.outcome.as_ref().ok().and_then(|id| model.line(*id)).map(|line| line.partner_name.clone());
    let name = line.or_else(|| known.map(|partner| partner.name.clone())).unwrap_or_default();
    if name.trim().is_empty() { format!("{} {}", w::office(lang), result.receiver) } else { name }
}
