//! 送受信一覧 while it is made: its rows are gathered, then written. Both say how far they are and can be left off.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Frame, Id, Margin, RichText, Ui};

use crate::desktop::Action;
use crate::desktop::desk::Chosen;
use crate::desktop::model::Model;
use crate::desktop::printing::{self, Making, how_far};
use crate::desktop::theme::bold;
use crate::desktop::tokens::*;
use crate::engine::model::Task;
use crate::register::Register;
use crate::words::progress as w;

/// The list that is wanted, if any.
#[derive(Debug, Default)]
pub(in crate::desktop) struct MonthList(Option<Wanted>);

#[derive(Debug)]
struct Wanted {
    pdf: bool,
    to: PathBuf,
    /// Set once the rows are there.
    making: Option<Making>,
}

impl MonthList {
    /// It goes there once its rows are known.
    pub fn ask(&mut self, pdf: bool, to: PathBuf) {
        self.0 = Some(Wanted { pdf, to, making: None });
    }

    pub fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// Its rows are there. The answer comes through `tell`.
    pub fn gathered(&mut self, register: Arc<Register>, tell: impl FnOnce(Chosen) + Send + 'static) {
        let Some(wanted) = self.0.as_mut().filter(|wanted| wanted.making.is_none()) else { return };
        wanted.making = printing::register(register, wanted.pdf, wanted.to.clone(), tell);
        if wanted.making.is_none() {
            self.0 = None;
        }
    }

    /// It is made, or is not wanted any more.
    pub fn close(&mut self) {
        self.0 = None;
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let (wanted, lang) = (self.0.as_ref()?, model.lang());
        let frame = Frame::popup(ui.style()).corner_radius(R12).inner_margin(Margin::same(24));
        egui::Modal::new(Id::unique("tayori-month-list"))
            .frame(frame)
            .show(ui.ctx(), |ui| {
                ui.set_width(480.0_f32.min(ui.ctx().content_rect().width() - 64.0));
                ui.spacing_mut().item_spacing.y = 12.0;
                ui.label(RichText::new(w::month_list(lang)).font(bold(20.0)).color(gray_900()));
                if let Some(making) = &wanted.making {
                    making.show(ui, lang, w::writing);
                    return None;
                }
                let progress = model.progress.filter(|progress| progress.task == Task::Listing);
                let words = progress.map_or_else(|| w::beginning(lang).to_owned(), |progress| w::doing(lang, progress));
                let (done, total) = progress.map_or((0, 0), |progress| (progress.done, progress.total));
                how_far(ui, lang, &words, done, total).then_some(Action::Stop)
            })
            .inner
    }
}
