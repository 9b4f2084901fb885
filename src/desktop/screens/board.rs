//! 月次ボード: partners down, the month's exchanges across; from each cell to what can be done about it.

mod grid;
mod message;
mod paper;

use egui::{RichText, Ui, vec2};

use self::grid::Pressed;
use self::message::MessageDialog;
pub(super) use self::paper::PaperDialog;
use crate::board::{Board, Row, Side, Summary};
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::theme::{bold, card, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button, button_sized, empty_state, hrow, icon_line, segmented, text};
use crate::desktop::{Action, Page};
use crate::engine::model::Command;
use crate::parcel::ParcelId;
use crate::words::{Lang, board as w};

/// The board as it is looked at.
#[derive(Debug, Default)]
pub(in crate::desktop) struct BoardView {
    side: Option<Side>,
    only_open: bool,
    paper: Option<PaperDialog>,
    message: Option<MessageDialog>,
}

impl BoardView {
    pub fn is_asking(&self) -> bool {
        self.paper.is_some() || self.message.is_some()
    }

    /// The card, `height` high; its rows scroll inside.
    pub fn show(&mut self, ui: &mut Ui, model: &Model, height: f32) -> Option<Action> {
        let lang = model.lang();
        let mut asked = None;
        card().show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.set_height((height - 32.0).max(0.0));
            ui.spacing_mut().item_spacing.y = 6.0;
            let Some(board) = model.board.clone() else {
                icon_line(ui, ic::SCHEDULE, w::gathering(lang), reg(16.0), gray_700());
                return;
            };
            asked = self.head(ui, lang, &board);
            if board.rows.is_empty() {
                empty_state(ui, ic::CALENDAR_MONTH, w::empty(lang), w::empty_hint(lang));
                return;
            }
            let side = self.side(ui, lang, &board);
            if let Some(summary) = board.summaries.iter().find(|summary| summary.side == side) {
                says(ui, lang, summary);
            }
            let rows: Vec<&Row> =
                board.rows.iter().filter(|row| row.side == side && (!self.only_open || row.is_open())).collect();
            if rows.is_empty() {
                icon_line(ui, ic::CHECK_CIRCLE, w::nothing_open(lang), reg(16.0), green_900());
                return;
            }
            asked = match grid::show(ui, model, side, &rows) {
                Some(Pressed::Parcel { parcel, incoming }) => Some(to_parcel(model, parcel, incoming)),
                Some(Pressed::Paper { row, exchange }) => {
                    self.paper = Some(PaperDialog::new(model, board.month, row, exchange));
                    None
                }
                Some(Pressed::Say { row, occasion }) => {
                    self.message = Some(MessageDialog::new(row.partner, &row.name, board.month, occasion));
                    let (partner, month) = (row.partner, board.month);
                    Some(Action::Ask(Command::DraftStatement { partner, month, occasion }))
                }
                None => asked.take(),
            };
        });
        self.questions(ui, model).or(asked)
    }

    fn questions(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let mut asked = None;
        if let Some(answer) = self.message.as_mut().and_then(|dialog| dialog.show(ui, model)) {
            self.message = None;
            asked = answer.map(|request| Action::Ask(Command::Send(vec![request])));
        }
        let answer = self.paper.as_mut().and_then(|dialog| dialog.show(ui, model));
        if let Some(answer) = answer {
            self.paper = None;
            asked = answer.map(|note| Action::Ask(Command::NotePaper(note))).or(asked);
        }
        asked
    }

    /// Title, month, and whether all are shown.
    fn head(&mut self, ui: &mut Ui, lang: Lang, board: &Board) -> Option<Action> {
        let mut month = None;
        ui.horizontal_wrapped(|ui| {
            let words = format!("{}　{}", w::board(lang), w::month(lang, board.month));
            ui.label(RichText::new(words).font(bold(18.0)).color(gray_900()));
            let size = vec2(0.0, TARGET);
            if button_sized(ui, Btn::Outline, "", w::previous_month(lang), size).clicked() {
                month = Some(board.month.previous());
            }
            if button_sized(ui, Btn::Outline, "", w::next_month(lang), size).clicked() {
                month = Some(board.month.next());
            }
            let names = [w::everyone(lang), w::only_open(lang)];
            if let Some(pressed) = segmented(ui, &names, usize::from(self.only_open), TARGET) {
                self.only_open = pressed == 1;
            }
        });
        month.map(|month| Action::Ask(Command::ShowBoard(Some(month))))
    }

    /// The side that is shown; chosen here where there are several.
    fn side(&mut self, ui: &mut Ui, lang: Lang, board: &Board) -> Side {
        let sides: Vec<Side> = board.sides().into_iter().collect();
        let at = self.side.and_then(|side| sides.iter().position(|other| *other == side)).unwrap_or(0);
        if sides.len() > 1 {
            let names: Vec<&str> = sides.iter().map(|side| w::side(lang, *side)).collect();
            let pressed = ui.horizontal_wrapped(|ui| segmented(ui, &names, at, TARGET)).inner;
            self.side = pressed.and_then(|pressed| sides.get(pressed)).copied().or(self.side);
        }
        sides.get(at).copied().unwrap_or(Side::Planner)
    }
}

fn says(ui: &mut Ui, lang: Lang, summary: &Summary) {
    hrow(ui, 24.0, |ui| {
        text(ui, w::summary(lang, summary), bold(16.0), gray_900());
        text(ui, w::plans(lang, summary), reg(14.0), gray_700());
    });
}

/// What has not left yet is in the outbox, everything else in its list.
fn to_parcel(model: &Model, parcel: ParcelId, incoming: bool) -> Action {
    match incoming {
        true => Action::OpenParcel(Page::Inbox, parcel),
        false if model.lists.outbox.iter().any(|line| line.id == parcel) => Action::Go(Page::Outbox),
        false => Action::OpenParcel(Page::Sent, parcel),
    }
}

/// A row of buttons that end a dialog: what does it first, then the way out. Tells which was pressed.
fn answers(ui: &mut Ui, lang: Lang, yes: &str, glyph: &str, ready: bool) -> Option<bool> {
    ui.horizontal_wrapped(|ui| {
        let done = crate::desktop::widgets::button_if(ui, ready, Btn::Primary, glyph, yes, vec2(140.0, 48.0)).clicked();
        let left = button(ui, Btn::Text, "", w::not_yet(lang)).clicked();
        if done { Some(true) } else { left.then_some(false) }
    })
    .inner
}
