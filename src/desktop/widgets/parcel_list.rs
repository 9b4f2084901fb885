//! The list of parcels on the left: one thing to focus, only the rows that are seen are laid out.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{
    Align, Align2, Frame, Id, Layout, Margin, Rect, Response, RichText, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::super::icons as ic;
use super::super::model::Model;
use super::super::text::{grouped, list_time, safe_text, search_key};
use super::super::theme::{bold, icon, reg};
use super::super::tokens::*;
use super::rows::{ROW, Rows};
use super::{chip_at, empty_state, line_at, segmented, state_look, subject_look, text};
use crate::engine::model::{ParcelLine, Way};
use crate::parcel::ParcelId;
use crate::words::{Lang, desks, habits, handling, progress, search as ws, window as w};

/// One of the choices above the list.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    pub name: fn(Lang) -> &'static str,
    pub holds: fn(&ParcelLine) -> bool,
}

/// Which rows there are and which one is chosen.
#[derive(Debug)]
pub struct ParcelList {
    id: &'static str,
    incoming: bool,
    /// What came and what went stand side by side, and each row says which it is.
    mixed: bool,
    filters: &'static [Filter],
    filter: usize,
    selected: Option<ParcelId>,
    /// Indices of the rows that pass filter and search, in the order of the list.
    order: Vec<usize>,
    built: Option<Built>,
    rows: Rows,
}

/// What `order` was made from.
#[derive(Debug)]
struct Built {
    lines: Arc<[ParcelLine]>,
    /// What each row is searched by; empty while nothing is searched.
    keys: Vec<String>,
    query: String,
    filter: usize,
}

/// The texts of one list.
#[derive(Clone, Copy, Debug)]
pub struct ListWords {
    pub title: &'static str,
    pub empty: &'static str,
    pub empty_hint: &'static str,
}

impl ParcelList {
    pub fn new(id: &'static str, incoming: bool, filters: &'static [Filter]) -> Self {
        Self {
            id,
            incoming,
            mixed: false,
            filters,
            filter: 0,
            selected: None,
            order: Vec::new(),
            built: None,
            rows: Rows::new(id),
        }
    }

    /// A list of what came and what went.
    pub fn mixed(id: &'static str) -> Self {
        Self { mixed: true, ..Self::new(id, true, &[]) }
    }

    /// What the list is known by to focus and ring.
    pub fn focus_id(&self) -> Id {
        self.rows.focus_id()
    }

    pub fn selected(&self) -> Option<ParcelId> {
        self.selected
    }

    pub fn select(&mut self, id: Option<ParcelId>) {
        self.selected = id;
        self.rows.reveal();
    }

    fn rebuild(&mut self, lines: &Arc<[ParcelLine]>, query: &str) {
        let same_lines = self.built.as_ref().is_some_and(|built| Arc::ptr_eq(&built.lines, lines));
        if same_lines && self.built.as_ref().is_some_and(|built| built.query == query && built.filter == self.filter) {
            return;
        }
        let mut keys = match self.built.take() {
            Some(built) if same_lines => built.keys,
            _ => Vec::new(),
        };
        let wanted = search_key(query);
        if !wanted.is_empty() && keys.is_empty() {
            keys = lines.iter().map(|line| search_key(&format!("{}\n{}", line.partner_name, line.partner))).collect();
        }
        let holds = self.filters.get(self.filter).map(|filter| filter.holds);
        self.order = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| holds.is_none_or(|holds| holds(line)))
            .filter(|(at, _)| wanted.is_empty() || keys.get(*at).is_some_and(|key| key.contains(&wanted)))
            .map(|(at, _)| at)
            .collect();
        self.built = Some(Built { lines: lines.clone(), keys, query: query.to_owned(), filter: self.filter });
    }

    fn listed(&self) -> Listed<'_> {
        Listed { lines: self.built.as_ref().map_or(&[][..], |built| &*built.lines), order: &self.order }
    }

    /// ↑ ↓ PgUp PgDn Home End, while the list has the focus. Tells the parcel when it is another one.
    fn keys(&mut self, ui: &Ui) -> Option<ParcelId> {
        let moved = self.rows.keys(ui)?;
        let listed = self.listed();
        let to = moved.from(listed.position(self.selected), self.order.len())?;
        let id = listed.at(to)?.id;
        self.rows.reveal();
        (self.selected.replace(id) != Some(id)).then_some(id)
    }

    /// Draws the list; tells which parcel was chosen anew.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        model: &Model,
        lines: &Arc<[ParcelLine]>,
        query: &str,
        words: ListWords,
    ) -> Option<ParcelId> {
        self.rebuild(lines, query);
        let by_keys = self.keys(ui);
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        self.head(ui, model, words);
        // The filter may just have changed.
        self.rebuild(lines, query);
        self.rows.focusable(ui, words.title);
        if self.order.is_empty() {
            self.nothing(ui, model, lines.is_empty(), words);
            return by_keys;
        }
        self.show_rows(ui, model).or(by_keys)
    }

    fn head(&mut self, ui: &mut Ui, model: &Model, words: ListWords) {
        let lang = model.lang();
        // The navigation says where we are, too.
        if self.filters.is_empty() && ui.available_height() < LOW {
            return;
        }
        Frame::new().inner_margin(Margin { left: 16, right: 12, top: 12, bottom: 12 }).show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
            ui.horizontal(|ui| {
                ui.label(RichText::new(words.title).font(bold(20.0)).color(gray_900()));
                text(ui, w::parcels(lang, &grouped(self.order.len())), reg(14.0), gray_700());
                if !self.filters.is_empty() && ui.available_width() > 240.0 {
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| self.filter_buttons(ui, lang));
                }
            });
            if !self.filters.is_empty() && ui.available_width() <= 340.0 {
                self.filter_buttons(ui, lang);
            }
        });
        let line = ui.cursor().top();
        ui.painter().hline(ui.max_rect().x_range(), line - 0.5, Stroke::new(1.0, gray_420()));
    }

    fn filter_buttons(&mut self, ui: &mut Ui, lang: Lang) {
        let names: Vec<&str> = self.filters.iter().map(|filter| (filter.name)(lang)).collect();
        if let Some(pressed) = segmented(ui, &names, self.filter, TARGET) {
            self.filter = pressed;
            self.rows.reveal();
        }
    }

    fn nothing(&self, ui: &mut Ui, model: &Model, at_all: bool, words: ListWords) {
        let lang = model.lang();
        if !model.lists_known {
            return empty_state(ui, ic::SCHEDULE, progress::loading(lang), "");
        }
        let glyph = if self.incoming { ic::INBOX } else { ic::SEND };
        if at_all {
            empty_state(ui, glyph, words.empty, words.empty_hint);
        } else {
            empty_state(ui, ic::SEARCH, w::nothing_found(lang), w::nothing_found_hint(lang));
        }
    }

    fn show_rows(&mut self, ui: &mut Ui, model: &Model) -> Option<ParcelId> {
        let (selected, mixed, id) = (self.selected, self.mixed, self.id);
        let listed = Listed { lines: self.built.as_ref().map_or(&[][..], |built| &*built.lines), order: &self.order };
        let row = |ui: &mut Ui, position: usize| {
            let line = listed.at(position)?;
            let look = RowLook { position, selected: selected == Some(line.id), mixed };
            Some((parcel_row(ui, model, line, look, id), look.selected))
        };
        let clicked = self.rows.show(ui, self.order.len(), || listed.position(selected), row);
        let clicked = listed.at(clicked?)?.id;
        self.selected = Some(clicked);
        Some(clicked)
    }
}

/// The lines that pass filter and search.
#[derive(Clone, Copy)]
struct Listed<'a> {
    lines: &'a [ParcelLine],
    order: &'a [usize],
}

impl<'a> Listed<'a> {
    fn at(self, position: usize) -> Option<&'a ParcelLine> {
        self.lines.get(*self.order.get(position)?)
    }

    fn position(self, selected: Option<ParcelId>) -> Option<usize> {
        let selected = selected?;
        (0..self.order.len()).find(|position| self.at(*position).is_some_and(|line| line.id == selected))
    }
}

/// How a row stands in its list.
#[derive(Clone, Copy, Debug)]
pub struct RowLook {
    pub position: usize,
    pub selected: bool,
    /// Whether it has to say if it came or went.
    pub mixed: bool,
}

/// One parcel in two lines: who and when; what, how many files, how far.
pub fn parcel_row(ui: &mut Ui, model: &Model, line: &ParcelLine, look: RowLook, salt: &str) -> Response {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let response = ui.interact(rect, Id::unique((salt, "row", line.id)), Sense::CLICK);
    let when = list_time(line.at, model.now, &model.zone);
    response.widget_info(|| {
        WidgetInfo::selected(Role::ListBoxOption, true, look.selected, spoken(model.lang(), line, look, &when))
    });
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(look.selected));
    if ui.is_rect_visible(rect) {
        paint_row(ui, rect, model, line, look, &response, &when);
    }
    response
}

fn spoken(lang: Lang, line: &ParcelLine, look: RowLook, when: &str) -> String {
    let way = if look.mixed { way(line).1(lang) } else { "" };
    let unread = if line.unread { w::filter_unread(lang) } else { "" };
    let subjects: Vec<&str> = line.subjects.iter().map(|subject| w::subject(lang, *subject)).collect();
    let (_, state, _) = state_look(lang, &line.state, line.incoming);
    let files = w::file_count(lang, line.files);
    let importing = line.importing.as_deref().map(|terminal| handling::imported_by(lang, terminal));
    let assigned = line.assigned.as_deref().map(|name| handling::assigned_to(lang, name));
    let desks = line.desks.iter().map(|desk| desks::of_desk(lang, desk));
    let national = (line.way == Way::National).then(|| habits::way(lang).to_owned());
    let seen_to: Vec<String> = national.into_iter().chain(importing).chain(assigned).chain(desks).collect();
    let parts = [way, unread, &line.partner_name, &subjects.join("、"), &files, state, &seen_to.join("、"), when];
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// Sign and word of which way it went.
fn way(line: &ParcelLine) -> (&'static str, fn(Lang) -> &'static str) {
    if line.incoming { (ic::INBOX, w::inbox) } else { (ic::SEND, ws::went) }
}

/// What a row of a list stands on: every other one tinted, the chosen one marked at its edge.
pub fn row_ground(painter: &egui::Painter, response: &Response, position: usize, chosen: bool) {
    let rect = response.rect;
    let fill = match (chosen, response.hovered(), position % 2) {
        (true, ..) => blue_100(),
        (_, true, _) => blue_50(),
        (_, _, 1) => row_tint(),
        _ => white(),
    };
    painter.rect_filled(rect, 0.0, fill);
    painter.hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, hairline()));
    if chosen {
        painter.rect_filled(Rect::from_min_size(rect.min, vec2(5.0, rect.height())), 0.0, blue_900());
    }
}

fn paint_row(ui: &Ui, rect: Rect, model: &Model, line: &ParcelLine, look: RowLook, response: &Response, when: &str) {
    let p = ui.painter();
    row_ground(p, response, look.position, look.selected);
    let (left, upper, lower, right) = (rect.left() + 34.0, rect.top() + 23.0, rect.top() + 51.0, rect.right() - 12.0);
    if look.mixed {
        p.text(pos2(rect.left() + 19.0, upper), Align2::CENTER_CENTER, way(line).0, icon(18.0), gray_700());
    }
    if line.unread {
        let y = if look.mixed { lower } else { upper };
        p.circle_filled(pos2(rect.left() + 20.0, y), 5.5, blue_900());
    }
    let font = |size| if line.unread { bold(size) } else { reg(size) };
    let time = p.layout_no_wrap(when.to_owned(), font(14.0), if line.unread { blue_900() } else { gray_700() });
    let time_width = time.size().x;
    p.galley(pos2(right - time_width, upper - time.size().y / 2.0).round(), time, gray_700());
    line_at(p, left, upper, &line.partner_name, font(16.0), gray_900(), right - time_width - left - 12.0);
    let free = paint_end(ui, right, lower, model.lang(), line);
    paint_subjects(ui, left, lower, model.lang(), line, free - 8.0);
}

/// State and number of files at the right end; tells where they begin.
fn paint_end(ui: &Ui, right: f32, y: f32, lang: Lang, line: &ParcelLine) -> f32 {
    let p = ui.painter();
    let (glyph, words, (_, _, color)) = state_look(lang, &line.state, line.incoming);
    let mut x = right;
    let mut put = |words: &str, font, color| {
        let galley = p.layout_no_wrap(words.to_owned(), font, color);
        x -= galley.size().x;
        p.galley(pos2(x, y - galley.size().y / 2.0).round(), galley, color);
        x -= 2.0;
    };
    put(words, reg(14.0), color);
    put(glyph, icon(18.0), color);
    put("  ", reg(14.0), color);
    put(&line.files.to_string(), reg(14.0), gray_700());
    put(ic::ATTACH_FILE, icon(18.0), gray_700());
    if line.has_message {
        put(" ", reg(14.0), color);
        put(ic::MARK_EMAIL_UNREAD, icon(18.0), gray_700());
    }
    if line.errors > 0 {
        put(" ", reg(14.0), color);
        put(&line.errors.to_string(), bold(14.0), red_900());
        put(ic::ERROR, icon(18.0), red_900());
    } else if line.warnings > 0 {
        put(" ", reg(14.0), color);
        put(&line.warnings.to_string(), bold(14.0), yellow_1000());
        put(ic::WARNING, icon(18.0), yellow_1000());
    }
    x
}

/// As many chips as there is room for.
fn paint_subjects(ui: &Ui, left: f32, y: f32, lang: Lang, line: &ParcelLine, right: f32) {
    let p = ui.painter();
    let mut x = left;
    for subject in &line.subjects {
        let (words, colors) = subject_look(lang, *subject);
        let width = p.layout_no_wrap(words.to_owned(), reg(14.0), black()).size().x + 14.0;
        if x + width > right {
            break;
        }
        x += chip_at(p, x, y, "", words, colors) + 6.0;
    }
    // Short here; the pane says the whole of it.
    let importing =
        line.importing.as_ref().map(|_| (ic::DOWNLOAD, handling::imported_short(lang).to_owned(), super::look()));
    let assigned = line.assigned.as_ref().map(|name| (ic::PERSON, safe_text(name).into_owned(), super::blue()));
    let desks = line.desks.iter().map(|desk| (ic::APARTMENT, safe_text(desk).into_owned(), super::chip::quiet()));
    let national = (line.way == Way::National).then(|| (ic::SEND, habits::way(lang).to_owned(), super::look()));
    for (glyph, words, colors) in national.into_iter().chain(importing).chain(assigned).chain(desks) {
        let width = p.layout_no_wrap(words.clone(), reg(14.0), black()).size().x + 36.0;
        if x + width > right {
            break;
        }
        x += chip_at(p, x, y, glyph, &words, colors) + 6.0;
    }
}
