//! A list of parcels with the reading pane beside it, or one after the other where the window is narrow.

use std::sync::Arc;

use egui::{CentralPanel, Frame, Margin, Panel, Ui};

use super::reading::Reading;
use super::settings::desk_choice;
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, Filter, ListWords, ParcelList, button, empty_state};
use crate::engine::model::{Command, ParcelLine};
use crate::words::{Lang, window as w};

/// Below this width there is room for the list or the pane, not both.
const TWO_PANES: f32 = 700.0;

/// What makes one list different from the other.
#[derive(Clone, Copy)]
pub(in crate::desktop) struct List {
    pub id: &'static str,
    pub incoming: bool,
    /// Shown by desk (窓口).
    pub sorted: bool,
    pub filters: &'static [Filter],
    pub title: fn(Lang) -> &'static str,
    pub empty: fn(Lang) -> &'static str,
    pub empty_hint: fn(Lang) -> &'static str,
}

/// 受信 or 送信済.
pub(in crate::desktop) struct Mailbox {
    about: List,
    pub list: ParcelList,
    reading: Reading,
    /// Narrow windows: the pane is shown instead of the list.
    pub reading_alone: bool,
    /// Wide windows: the list is hidden, so that a whole month is seen.
    widened: bool,
}

impl Mailbox {
    pub fn new(about: List) -> Self {
        let list = ParcelList::new(about.id, about.incoming, about.filters);
        Self { about, list, reading: Reading::default(), reading_alone: false, widened: false }
    }

    /// What came and what went, side by side.
    pub fn mixed(about: List) -> Self {
        Self { list: ParcelList::mixed(about.id), ..Self::new(about) }
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model, lines: &Arc<[ParcelLine]>, query: &str) -> Option<Action> {
        let width = ui.available_width();
        let picked = if width >= TWO_PANES && self.widened && self.list.selected().is_some() {
            None
        } else if width >= TWO_PANES {
            self.list_panel(ui, model, lines, query, width)
        } else if self.reading_alone && self.list.selected().is_some() {
            None
        } else {
            return self.list_alone(ui, model, lines, query);
        };
        let asked = CentralPanel::default()
            .frame(Frame::new().fill(app_bg()))
            .show(ui, |ui| self.pane(ui, model, lines, width < TWO_PANES))
            .inner;
        picked.or(asked)
    }

    /// What Ctrl+P asks for: the forms of the parcel that is read.
    pub fn to_print(&self, model: &Model) -> Option<Action> {
        let view = model.opened.as_ref().filter(|view| Some(view.line.id) == self.list.selected())?;
        self.reading.to_print(view)
    }

    fn list_panel(
        &mut self,
        ui: &mut Ui,
        model: &Model,
        lines: &Arc<[ParcelLine]>,
        query: &str,
        width: f32,
    ) -> Option<Action> {
        Panel::left(self.about.id)
            .exact_size((width * 0.36).clamp(340.0, 420.0))
            .resizable(false)
            .frame(Frame::new().fill(white()).inner_margin(Margin::ZERO))
            .show(ui, |ui| self.rows(ui, model, lines, query))
            .inner
    }

    fn list_alone(&mut self, ui: &mut Ui, model: &Model, lines: &Arc<[ParcelLine]>, query: &str) -> Option<Action> {
        let asked = CentralPanel::default()
            .frame(Frame::new().fill(white()).inner_margin(Margin::ZERO))
            .show(ui, |ui| self.rows(ui, model, lines, query))
            .inner;
        // The arrow keys go on through the list; a click or Enter opens the pane in its place.
        let clicked = asked.is_some() && ui.input(|i| i.pointer.any_released());
        let entered = self.list.selected().is_some()
            && ui.memory(|memory| memory.focused() == Some(self.list.focus_id()))
            && ui.input(|i| i.key_pressed(egui::Key::Enter));
        self.reading_alone |= clicked || entered;
        asked
    }

    fn rows(&mut self, ui: &mut Ui, model: &Model, lines: &Arc<[ParcelLine]>, query: &str) -> Option<Action> {
        let lang = model.lang();
        let words = ListWords {
            title: (self.about.title)(lang),
            empty: (self.about.empty)(lang),
            empty_hint: (self.about.empty_hint)(lang),
        };
        let mut asked = None;
        if let Some(settings) =
            model.settings.as_ref().filter(|settings| self.about.sorted && !settings.desks.is_empty())
        {
            let margin = Margin { left: 16, right: 12, top: 8, bottom: 0 };
            asked = Frame::new()
                .inner_margin(margin)
                .show(ui, |ui| ui.horizontal_wrapped(|ui| desk_choice(ui, lang, settings)).inner)
                .inner;
        }
        self.list.show(ui, model, lines, query, words).map(|id| Action::Ask(Command::Open(id))).or(asked)
    }

    fn pane(&mut self, ui: &mut Ui, model: &Model, lines: &Arc<[ParcelLine]>, narrow: bool) -> Option<Action> {
        let lang = model.lang();
        if narrow {
            let back = Frame::new()
                .inner_margin(Margin::symmetric(8, 4))
                .show(ui, |ui| button(ui, Btn::Text, ic::REPLY, w::back_to_list(lang)).clicked());
            if back.inner {
                self.reading_alone = false;
            }
        }
        let known = |id| model.line(id).or_else(|| lines.iter().find(|line| line.id == id));
        let Some(line) = self.list.selected().and_then(known) else {
            if !lines.is_empty() {
                empty_state(ui, ic::MARK_EMAIL_UNREAD, w::choose_left(lang), w::choose_left_hint(lang));
            }
            return None;
        };
        let opened = model.opened.as_ref().filter(|view| view.line.id == line.id);
        let widened = (!narrow).then_some(&mut self.widened);
        self.reading.show(ui, model, line, opened, line.incoming, widened)
    }
}
