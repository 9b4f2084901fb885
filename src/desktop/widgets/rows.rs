//! What lists of rows of one height share: one thing to focus, the keys that move the choice, the chosen row in sight.

use egui::accesskit::Role;
use egui::{EventFilter, Id, Key, Modifiers, Response, ScrollArea, Sense, Ui, WidgetInfo};

use super::scroll_style;

/// The height of every row.
pub const ROW: f32 = 72.0;

/// Where such a list is scrolled to.
#[derive(Debug)]
pub struct Rows {
    id: &'static str,
    offset: f32,
    height: f32,
    reveal: bool,
}

/// Where a key moves the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    First,
    Last,
    By(isize),
}

impl Move {
    /// The row it leads to, from the one that is chosen in a list of so many.
    pub fn from(self, at: Option<usize>, count: usize) -> Option<usize> {
        let last = count.checked_sub(1)?;
        let to = match self {
            Self::First => 0,
            Self::Last => last,
            Self::By(by) => at.map_or(0, |at| at.saturating_add_signed(by)),
        };
        Some(to.min(last))
    }
}

impl Rows {
    pub fn new(id: &'static str) -> Self {
        Self { id, offset: 0.0, height: 600.0, reveal: false }
    }

    /// What the list is known by to focus and ring.
    pub fn focus_id(&self) -> Id {
        Id::unique(self.id)
    }

    pub fn has_focus(&self, ui: &Ui) -> bool {
        ui.memory(|memory| memory.focused() == Some(self.focus_id()))
    }

    pub fn take_focus(&self, ui: &Ui) {
        ui.memory_mut(|memory| memory.request_focus(self.focus_id()));
    }

    /// The chosen row is to be seen.
    pub fn reveal(&mut self) {
        self.reveal = true;
    }

    /// ↑ ↓ PgUp PgDn Home End, while the list has the focus.
    pub fn keys(&self, ui: &Ui) -> Option<Move> {
        if !self.has_focus(ui) {
            return None;
        }
        ui.memory_mut(|memory| {
            let filter = EventFilter { vertical_arrows: true, ..Default::default() };
            memory.set_focus_lock_filter(self.focus_id(), filter);
        });
        #[expect(clippy::cast_possible_truncation, reason = "a window has some ten rows")]
        let page = ((self.height / ROW).floor() as isize - 1).max(1);
        let hits =
            |key| ui.input_mut(|input| isize::try_from(input.count_and_consume_key(Modifiers::NONE, key)).unwrap_or(0));
        let by = hits(Key::ArrowDown) - hits(Key::ArrowUp) + page * (hits(Key::PageDown) - hits(Key::PageUp));
        let (first, last) = (hits(Key::Home) > 0, hits(Key::End) > 0);
        match (first, last, by) {
            (true, ..) => Some(Move::First),
            (_, true, _) => Some(Move::Last),
            (.., 0) => None,
            (.., by) => Some(Move::By(by)),
        }
    }

    /// Makes the room that is left the thing to focus.
    pub fn focusable(&self, ui: &Ui, title: &str) {
        let area = ui.available_rect_before_wrap();
        let focus = ui.interact(area, self.focus_id(), Sense::focusable_noninteractive());
        focus.widget_info(|| WidgetInfo::labeled(Role::ListBox, true, title));
    }

    /// Draws the rows that are seen. `chosen` is where the chosen row stands; `draw` draws one. Tells which was clicked.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        count: usize,
        chosen: impl Fn() -> Option<usize>,
        mut draw: impl FnMut(&mut Ui, usize) -> Option<(Response, bool)>,
    ) -> Option<usize> {
        let mut area = ScrollArea::vertical().auto_shrink(false).id_salt((self.id, "rows"));
        if std::mem::take(&mut self.reveal) {
            area = area.vertical_scroll_offset(chosen().map_or(0.0, |at| self.offset_to(at)));
        }
        let (mut clicked, mut active) = (None, None);
        let out = scroll_style(ui, |ui, content| {
            area.show_rows(ui, ROW, count, |ui, range| {
                ui.set_style(content);
                for at in range {
                    let Some((row, selected)) = draw(ui, at) else { continue };
                    if selected {
                        active = Some(row.id);
                    }
                    if row.clicked() {
                        clicked = Some(at);
                    }
                }
            })
        });
        if let Some(active) = active {
            ui.ctx().accesskit_node_builder(self.focus_id(), |node| {
                node.set_active_descendant(active.accesskit_id());
                node.set_size_of_set(count);
            });
        }
        self.offset = out.state.clamped_offset().y;
        self.height = out.inner_rect.height();
        if clicked.is_some() {
            self.take_focus(ui);
        }
        clicked
    }

    /// The scroll offset at which a row is seen, moving as little as can be.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 200,000 rows of 72 px")]
    fn offset_to(&self, at: usize) -> f32 {
        let (top, bottom) = (at as f32 * ROW, (at + 1) as f32 * ROW);
        if top < self.offset {
            top
        } else if bottom > self.offset + self.height {
            bottom - self.height
        } else {
            self.offset
        }
    }
}
