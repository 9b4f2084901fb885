//! A message about the month to one partner: whom it names, the sender's words, and how the whole will read.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{Frame, Margin, RichText, ScrollArea, Stroke, TextEdit, Ui, vec2};

use super::answers;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::screens::login::window;
use crate::desktop::text::{safe_lines, safe_text};
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, FIELD_MARGIN, button_sized, field, icon_line, para, scroll_style, text};
use crate::engine::model::{Candidate, Occasion, SendRequest, StatementDraft};
use crate::standard::{Month, OfficeNumber, PersonKey};
use crate::words::{Lang, board as w};

/// The words a person may add.
const MESSAGE_CHARS: usize = 5_000;

/// What is chosen and typed.
#[derive(Debug)]
pub(super) struct MessageDialog {
    partner: OfficeNumber,
    name: String,
    month: Month,
    occasion: Occasion,
    covering: String,
    chosen: BTreeSet<PersonKey>,
    /// The draft whose persons the choice is of.
    of: Option<Arc<StatementDraft>>,
}

impl MessageDialog {
    pub fn new(partner: OfficeNumber, name: &str, month: Month, occasion: Occasion) -> Self {
        let covering = w::greeting(occasion).to_owned();
        Self { partner, name: name.to_owned(), month, occasion, covering, chosen: BTreeSet::new(), of: None }
    }

    /// Takes the draft that was asked for. Who is over the limit is chosen from the start; 実績なし is ticked by a person.
    fn take(&mut self, model: &Model) -> Option<Arc<StatementDraft>> {
        let draft = model.statement.as_ref()?;
        let is_mine = (draft.partner, draft.month, draft.occasion) == (self.partner, self.month, self.occasion);
        if is_mine && self.of.as_ref().is_none_or(|of| !Arc::ptr_eq(of, draft)) {
            self.of = Some(draft.clone());
            if self.occasion == Occasion::OverLimit {
                self.chosen = draft.candidates.iter().map(|candidate| candidate.person.clone()).collect();
            }
        }
        self.of.clone()
    }

    /// `None` while it is open; then what is to be sent, if anything.
    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Option<SendRequest>> {
        let lang = model.lang();
        let draft = self.take(model);
        let mut answer = None;
        let closed = window(ui, "tayori-statement", |ui| {
            ui.label(RichText::new(w::occasion(lang, self.occasion)).font(bold(22.0)).color(gray_900()));
            text(ui, &self.name, bold(16.0), gray_900());
            text(ui, w::month(lang, self.month), reg(16.0), gray_800());
            let Some(draft) = draft else {
                icon_line(ui, ic::SCHEDULE, w::gathering_people(lang), reg(16.0), gray_700());
                answer = answers(ui, lang, w::send_it(lang), ic::SEND, false).map(|_| None);
                return;
            };
            if self.occasion != Occasion::Reminder {
                self.persons(ui, lang, &draft);
            }
            field(ui, w::covering(lang), |ui| {
                let typed = TextEdit::multiline(&mut self.covering).desired_rows(2).char_limit(MESSAGE_CHARS);
                ui.add(typed.desired_width(f32::INFINITY).margin(FIELD_MARGIN).text_color(gray_900()))
            });
            let statement = draft.statement(&self.chosen);
            if let Some(statement) = &statement {
                text(ui, w::will_say(lang), bold(16.0), gray_900());
                preview(ui, &w::message(&draft, "", statement));
            }
            match (answers(ui, lang, w::send_it(lang), ic::SEND, statement.is_some()), statement) {
                (Some(true), Some(statement)) => {
                    let message = w::message(&draft, &self.covering, &statement);
                    answer = Some(Some(SendRequest::saying(self.partner, message, statement)));
                }
                (Some(_), _) => answer = Some(None),
                _ => {}
            }
        });
        if closed { answer.or(Some(None)) } else { answer }
    }

    fn persons(&mut self, ui: &mut Ui, lang: Lang, draft: &StatementDraft) {
        if draft.candidates.is_empty() {
            icon_line(ui, ic::INFO, w::nobody_left(lang), reg(16.0), gray_800());
            return;
        }
        let title = match self.occasion {
            Occasion::OverLimit => w::people_over(lang),
            _ => w::people_of_plan(lang),
        };
        text(ui, format!("{title}　{}", w::persons(lang, draft.candidates.len())), bold(16.0), gray_900());
        ui.horizontal_wrapped(|ui| {
            let size = vec2(0.0, TARGET);
            if button_sized(ui, Btn::Outline, ic::DONE, w::choose_all(lang), size).clicked() {
                self.chosen = draft.candidates.iter().map(|candidate| candidate.person.clone()).collect();
            }
            if button_sized(ui, Btn::Text, "", w::choose_none(lang), size).clicked() {
                self.chosen.clear();
            }
        });
        let rows = draft.candidates.len();
        scroll_style(ui, |ui, content| {
            let area = ScrollArea::vertical().max_height(200.0).auto_shrink([false, true]).id_salt("candidates");
            area.show_rows(ui, TARGET, rows, |ui, range| {
                ui.set_style(content);
                for candidate in draft.candidates.get(range).unwrap_or_default() {
                    self.person(ui, lang, candidate);
                }
            });
        });
        if self.chosen.is_empty() {
            para(ui, w::nobody_chosen(lang), 14.0, gray_700());
        }
    }

    fn person(&mut self, ui: &mut Ui, lang: Lang, candidate: &Candidate) {
        let mut on = self.chosen.contains(&candidate.person);
        let who = match &candidate.name {
            Some(name) => format!("{name}（{}）", candidate.person.insured),
            None => candidate.person.insured.clone(),
        };
        let over = candidate.over.as_ref().map(|over| w::over_units(lang, over.over)).unwrap_or_default();
        let words = safe_text(&format!("{who}　{over}")).trim_end().to_owned();
        if ui.checkbox(&mut on, RichText::new(words).font(reg(16.0)).color(gray_900())).changed() {
            if on {
                self.chosen.insert(candidate.person.clone());
            } else {
                self.chosen.remove(&candidate.person);
            }
        }
    }
}

/// How it will read, scrolled where it is long.
fn preview(ui: &mut Ui, words: &str) {
    Frame::new().fill(gray_50()).stroke(Stroke::new(1.0, hairline())).inner_margin(Margin::same(12)).show(ui, |ui| {
        scroll_style(ui, |ui, content| {
            let area = ScrollArea::vertical().max_height(140.0).auto_shrink([false, true]).id_salt("will-say");
            area.show(ui, |ui| {
                ui.set_style(content);
                ui.set_width(ui.available_width());
                para(ui, &safe_lines(words), 16.0, gray_900());
            });
        });
    });
}
