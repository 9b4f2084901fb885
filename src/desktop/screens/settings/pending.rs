//! The settings as they are typed, one copy for all sections, until they are kept.

use egui::{Ui, vec2};

use super::folders;
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::theme::reg;
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button, button_if, text};
use crate::engine::model::{Command, Settings};
use crate::words::{Lang, window as w};

/// What is typed but not kept yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub draft: Option<Settings>,
    /// The settings the draft began with.
    base: Option<Settings>,
    /// Asked the engine to keep the draft.
    keeping: bool,
}

impl Pending {
    /// The engine told its settings; tells whether that was the answer to ours.
    pub fn kept(&mut self, settings: &Settings) -> bool {
        let unchanged = self.draft == self.base;
        self.base = Some(settings.clone());
        if unchanged || self.keeping {
            self.draft = Some(settings.clone());
        }
        std::mem::take(&mut self.keeping)
    }

    /// The button that keeps everything typed. Tells whether all of it was taken back.
    pub fn save_bar(&mut self, ui: &mut Ui, lang: Lang) -> (Option<Action>, bool) {
        let Some(draft) = &self.draft else { return (None, false) };
        let changed = self.base.as_ref() != Some(draft);
        let named = !draft.hub.trim().is_empty() && !draft.office_name.trim().is_empty();
        let (mut asked, mut undo) = (None, false);
        ui.horizontal_wrapped(|ui| {
            let ready = changed && named && folders::complete(draft);
            if button_if(ui, ready, Btn::Primary, ic::SAVE, w::save_settings(lang), vec2(160.0, 48.0)).clicked() {
                asked = Some(Action::Ask(Command::Configure(Box::new(draft.clone()))));
            }
            if changed {
                undo = button(ui, Btn::Text, ic::UNDO, w::undo_settings(lang)).clicked();
            } else {
                text(ui, w::settings_unchanged(lang), reg(16.0), gray_700());
            }
        });
        self.keeping |= asked.is_some();
        if undo {
            self.draft.clone_from(&self.base);
        }
        (asked, undo)
    }
}
