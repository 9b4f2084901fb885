//! Gives a form its place: on one endless sheet as wide as a pane, or on pages of paper.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Align, Pos2, Rect, pos2, vec2};

use super::{Block, Cell, CellKind, Form, Grid, Ink, Picture, Tint, WeekEntry, advance, width_of};
use crate::desktop::text::{safe_lines, wrap};

/// What a form is laid out on. Lengths are points of a screen or of paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paper {
    pub width: f32,
    /// `None`: endless.
    pub height: Option<f32>,
    pub margin: f32,
    /// Size of its text.
    pub text: f32,
}

impl Paper {
    /// A4 as the form wants it to lie.
    pub fn a4(form: &Form) -> Self {
        let (short, long) = (595.28, 841.89);
        let (width, height) = if form.wide { (long, short) } else { (short, long) };
        Self { width, height: Some(height), margin: 34.0, text: 8.5 }
    }

    /// A pane of this width; wider than the pane where the form cannot be squeezed.
    pub fn pane(form: &Form, width: f32, text: f32) -> Self {
        Self { width: width.max(form.least_chars * text), height: None, margin: 1.0, text }
    }
}

/// A page, or the endless sheet.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    pub width: f32,
    pub height: f32,
    pub marks: Vec<Mark>,
    /// What a screen reader reads, row by row.
    pub spoken: Vec<(Rect, String)>,
}

#[derive(Clone, Debug)]
pub enum Mark {
    Fill { rect: Rect, ink: Ink },
    Line { from: Pos2, to: Pos2, width: f32, ink: Ink },
    Text { at: Pos2, align: Align, size: f32, bold: bool, ink: Ink, text: String },
    Picture { rect: Rect, picture: Arc<Picture> },
}

impl Mark {
    /// Where it is, roughly: enough to know whether it is seen.
    pub fn span_y(&self) -> (f32, f32) {
        match self {
            Mark::Fill { rect, .. } | Mark::Picture { rect, .. } => (rect.top(), rect.bottom()),
            Mark::Line { from, to, .. } => (from.y.min(to.y), from.y.max(to.y)),
            Mark::Text { at, size, .. } => (at.y - size, at.y + size),
        }
    }
}

/// The form on this paper, page by page.
pub fn lay_out(form: &Form, paper: Paper) -> Vec<Sheet> {
    let mut writer = Writer { paper, sheets: vec![paper.blank()], y: paper.margin };
    writer.title(form);
    for block in &form.blocks {
        match block {
            Block::Grid(grid) => writer.grid(grid),
            Block::Week(entries) => writer.week(entries),
            Block::Picture(picture) => writer.picture(picture),
            Block::Heading(words) => writer.words(words, true),
            Block::Remark(words) => writer.words(words, false),
        }
    }
    writer.finished()
}

impl Paper {
    fn blank(self) -> Sheet {
        Sheet { width: self.width, height: self.height.unwrap_or(0.0), marks: Vec::new(), spoken: Vec::new() }
    }
    fn left(self) -> f32 {
        self.margin
    }
    fn right(self) -> f32 {
        self.width - self.margin
    }
    fn inner(self) -> f32 {
        self.width - 2.0 * self.margin
    }
    fn bottom(self) -> f32 {
        // The page's number stands below.
        self.height.map_or(f32::INFINITY, |height| height - self.margin)
    }
    fn line(self) -> f32 {
        (self.text * 1.45).round_to(0.5)
    }
    fn pad(self) -> f32 {
        self.text * 0.35
    }
}

trait RoundTo {
    fn round_to(self, step: f32) -> f32;
}
impl RoundTo for f32 {
    fn round_to(self, step: f32) -> f32 {
        (self / step).round() * step
    }
}

struct Writer {
    paper: Paper,
    sheets: Vec<Sheet>,
    y: f32,
}

/// The text of a cell that may go on over rows and pages.
struct Stream {
    lines: std::vec::IntoIter<String>,
    /// Whether any of it was drawn.
    begun: bool,
    cell: Cell,
    rect_left: f32,
    width: f32,
}

impl Writer {
    fn sheet(&mut self) -> &mut Sheet {
        if self.sheets.is_empty() {
            self.sheets.push(self.paper.blank());
        }
        self.sheets.last_mut().expect("one was pushed if there was none")
    }

    fn mark(&mut self, mark: Mark) {
        self.sheet().marks.push(mark);
    }

    fn line(&mut self, from: Pos2, to: Pos2) {
        let width = if self.paper.height.is_some() { 0.6 } else { 1.0 };
        self.mark(Mark::Line { from, to, width, ink: Ink::Line });
    }

    fn text(&mut self, at: Pos2, align: Align, size: f32, bold: bool, ink: Ink, text: &str) {
        if !text.is_empty() {
            self.mark(Mark::Text { at, align, size, bold, ink, text: text.to_owned() });
        }
    }

    fn new_page(&mut self) {
        self.sheets.push(self.paper.blank());
        self.y = self.paper.margin;
    }

    fn room(&self) -> f32 {
        self.paper.bottom() - self.y
    }

    fn title(&mut self, form: &Form) {
        let (paper, size) = (self.paper, self.paper.text * 1.55);
        let height = size * 1.9;
        let middle = self.y + height / 2.0;
        let mut left = paper.left();
        if !form.number.is_empty() {
            let width = width_of(form.number, paper.text * 1.1, true) + paper.text * 1.6;
            let frame = Rect::from_min_size(pos2(left, middle - size * 0.75), vec2(width, size * 1.5));
            for (from, to) in [
                (frame.left_top(), frame.right_top()),
                (frame.left_bottom(), frame.right_bottom()),
                (frame.left_top(), frame.left_bottom()),
                (frame.right_top(), frame.right_bottom()),
            ] {
                self.line(from, to);
            }
            self.text(frame.center(), Align::Center, paper.text * 1.1, true, Ink::Text, form.number);
            left = frame.right() + paper.text;
        }
        let note = safe_lines(&form.note);
        let note_width = width_of(&note, paper.text, false);
        self.text(pos2(paper.right(), middle), Align::Max, paper.text, false, Ink::Text, &note);
        // In the middle where there is room for it, else as far left as it must.
        let (name, free) = (safe_lines(&form.name), paper.right() - note_width - paper.text - left);
        let fit = (free / width_of(&name, size, true).max(1.0)).min(1.0);
        let width = width_of(&name, size * fit, true);
        let center = paper.width / 2.0;
        let centred = center - width / 2.0 >= left && center + width / 2.0 <= left + free;
        let at = if centred { center } else { left + width / 2.0 };
        self.text(pos2(at, middle), Align::Center, size * fit, true, Ink::Text, &name);
        let spoken = [form.number, &name, &note].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>();
        let rect = Rect::from_min_max(pos2(paper.left(), self.y), pos2(paper.right(), self.y + height));
        let spoken = spoken.join("　");
        self.sheet().spoken.push((rect, spoken));
        self.y += height + paper.pad();
    }

    /// A heading, or small print.
    fn words(&mut self, words: &str, bold: bool) {
        let paper = self.paper;
        let size = if bold { paper.text * 1.1 } else { paper.text * 0.9 };
        let lines = broken(words, paper.inner(), size, bold);
        let height = paper.line();
        if bold {
            self.y += paper.pad();
            // A heading does not end a page.
            if self.room() < height * 4.0 {
                self.new_page();
            }
        }
        let mut top = self.y;
        for line in &lines {
            if self.room() < height {
                self.new_page();
                top = self.y;
            }
            let ink = if bold { Ink::Text } else { Ink::Faint };
            self.text(pos2(paper.left(), self.y + height / 2.0), Align::Min, size, bold, ink, line);
            self.y += height;
        }
        let rect = Rect::from_min_max(pos2(paper.left(), top), pos2(paper.right(), self.y));
        self.sheet().spoken.push((rect, words.to_owned()));
        self.y += paper.pad();
    }

    fn picture(&mut self, picture: &Arc<Picture>) {
        #[expect(clippy::cast_precision_loss, reason = "pixels of a picture")]
        let (width, height) = (picture.size[0].max(1) as f32, picture.size[1].max(1) as f32);
        let most = self.paper.height.map_or(480.0, |height| height - 2.0 * self.paper.margin - 40.0);
        let scale = (self.paper.inner() / width).min(most / height).min(2.0);
        let size = vec2(width * scale, height * scale);
        if self.room() < size.y {
            self.new_page();
        }
        let rect = Rect::from_min_size(pos2(self.paper.left(), self.y), size);
        self.mark(Mark::Picture { rect, picture: picture.clone() });
        self.sheet().spoken.push((rect, picture.name.clone()));
        self.y += size.y + self.paper.pad();
    }

    fn grid(&mut self, grid: &Grid) {
        let total: f32 = grid.columns.iter().sum();
        let mut edges = vec![self.paper.left()];
        for weight in &grid.columns {
            let last = edges.last().copied().unwrap_or_default();
            edges.push(last + self.paper.inner() * weight / total.max(f32::MIN_POSITIVE));
        }
        let (head, body) = grid.rows.split_at(grid.head.min(grid.rows.len()));
        self.rows(head, &edges, &[]);
        self.rows(body, &edges, head);
        let (left, right) = (self.paper.left(), edges.last().copied().unwrap_or_default());
        self.line(pos2(left, self.y), pos2(right, self.y));
        self.y += self.paper.pad() * 2.0;
    }

    /// The rows below each other; `head` is said again on each new page.
    fn rows(&mut self, rows: &[Vec<Cell>], edges: &[f32], head: &[Vec<Cell>]) {
        let mut streams: BTreeMap<usize, Stream> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            let mut column = 0;
            let mut places = Vec::new();
            for cell in row {
                let (from, span) = (column, cell.span.max(1));
                column += span;
                let (Some(left), Some(right)) = (edges.get(from), edges.get(column)) else { continue };
                places.push(from);
                if !(cell.joined && streams.contains_key(&from)) {
                    streams.insert(from, Stream::new(cell, *left, right - left, self.paper));
                }
            }
            let next = rows.get(at + 1);
            let goes_on = |from: usize| {
                let mut column = 0;
                next.is_some_and(|row| {
                    row.iter().any(|cell| {
                        let here = column == from;
                        column += cell.span.max(1);
                        here && cell.joined
                    })
                })
            };
            self.row(&places, &mut streams, &goes_on, edges, head);
            let spoken = row.iter().filter(|cell| !cell.joined && !cell.text.trim().is_empty());
            let spoken = spoken.map(|cell| cell.text.trim()).collect::<Vec<_>>().join("　");
            if let Some((_, words)) = self.sheet().spoken.last_mut() {
                *words = spoken;
            }
        }
    }

    fn row(
        &mut self,
        places: &[usize],
        streams: &mut BTreeMap<usize, Stream>,
        goes_on: &dyn Fn(usize) -> bool,
        edges: &[f32],
        head: &[Vec<Cell>],
    ) {
        let (line, pad) = (self.paper.line(), self.paper.pad());
        #[expect(clippy::cast_precision_loss, reason = "lines of a cell")]
        let height_of = |lines: usize| lines.max(1) as f32 * line + 2.0 * pad;
        let whole_page = self.paper.bottom() - self.paper.margin - height_of(1) * 4.0;
        loop {
            let ending = places.iter().filter(|from| !goes_on(**from));
            let lines = ending.filter_map(|from| streams.get(from)).map(|stream| stream.lines.len()).max();
            let wanted = height_of(lines.unwrap_or(1));
            if wanted <= self.room() {
                self.cells(places, streams, wanted, true, goes_on);
                return;
            }
            // A long row is cut where the page ends; a short one goes to the next page whole.
            let cut = wanted > whole_page * 0.5 && self.room() > height_of(3);
            if cut {
                let room = self.room();
                self.cells(places, streams, room - 0.5, false, goes_on);
            }
            let (left, right) = (self.paper.left(), edges.last().copied().unwrap_or_default());
            self.line(pos2(left, self.y), pos2(right, self.y));
            self.new_page();
            if !head.is_empty() {
                self.rows(head, edges, &[]);
            }
            self.line(pos2(left, self.y), pos2(right, self.y));
            // Even a page that is too low for one line must get on.
            if self.room() < height_of(1) {
                self.cells(places, streams, height_of(1), true, goes_on);
                return;
            }
        }
    }

    /// Draws as much of each cell as the height takes; `last` ends those that do not go on below.
    fn cells(
        &mut self,
        places: &[usize],
        streams: &mut BTreeMap<usize, Stream>,
        height: f32,
        last: bool,
        goes_on: &dyn Fn(usize) -> bool,
    ) {
        let top = self.y;
        for from in places {
            let Some(mut stream) = streams.remove(from) else { continue };
            let rect = Rect::from_min_size(pos2(stream.rect_left, top), vec2(stream.width, height));
            self.cell(rect, &mut stream, last && !goes_on(*from));
            streams.insert(*from, stream);
        }
        let rect = Rect::from_min_max(pos2(self.paper.left(), top), pos2(self.paper.right(), top + height));
        self.sheet().spoken.push((rect, String::new()));
        self.y += height;
    }

    fn cell(&mut self, rect: Rect, stream: &mut Stream, ends: bool) {
        let Stream { cell, lines, begun, .. } = stream;
        if cell.tint != Tint::None {
            self.mark(Mark::Fill { rect, ink: Ink::Tint(cell.tint) });
        }
        if !*begun {
            self.line(rect.left_top(), rect.right_top());
        }
        self.line(rect.left_top(), rect.left_bottom());
        self.line(rect.right_top(), rect.right_bottom());
        let (paper, pad) = (self.paper, self.paper.pad());
        let ink = match cell.tint {
            Tint::Over => Ink::Over,
            _ => Ink::Text,
        };
        let bold = cell.kind == CellKind::Head || matches!(cell.tint, Tint::Over | Tint::Sum);
        if matches!(cell.kind, CellKind::Center | CellKind::Number) {
            let room = rect.width() - 2.0 * pad;
            for text in lines.by_ref() {
                let size = paper.text * (room / width_of(&text, paper.text, bold).max(0.1)).clamp(0.35, 1.0);
                let (x, align) = match cell.kind {
                    CellKind::Number => (rect.right() - pad, Align::Max),
                    _ => (rect.center().x, Align::Center),
                };
                self.text(pos2(x, rect.center().y), align, size, bold, ink, &text);
            }
            *begun = true;
            return;
        }
        let size = if cell.kind == CellKind::Head { paper.text * 0.92 } else { paper.text };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lines of a cell")]
        let room = ((rect.height() - 2.0 * pad + 0.1) / paper.line()).max(0.0) as usize;
        let shown: Vec<String> = lines.by_ref().take(if ends { usize::MAX } else { room }).collect();
        #[expect(clippy::cast_precision_loss, reason = "lines of a cell")]
        let free = rect.height() - 2.0 * pad - shown.len() as f32 * paper.line();
        let middle = cell.kind == CellKind::Head || (!*begun && ends && shown.len() <= 2);
        let mut y = rect.top() + pad + if middle { (free / 2.0).max(0.0) } else { 0.0 };
        for text in &shown {
            self.text(pos2(rect.left() + pad, y + paper.line() / 2.0), Align::Min, size, bold, ink, text);
            y += paper.line();
        }
        *begun = true;
    }

    fn finished(mut self) -> Vec<Sheet> {
        let (paper, pages) = (self.paper, self.sheets.len());
        for (at, sheet) in self.sheets.iter_mut().enumerate() {
            if let Some(height) = paper.height {
                let at = Mark::Text {
                    at: pos2(paper.width / 2.0, height - paper.margin * 0.5),
                    align: Align::Center,
                    size: paper.text * 0.9,
                    bold: false,
                    ink: Ink::Faint,
                    text: format!("{} / {pages}", at + 1),
                };
                sheet.marks.push(at);
            } else {
                sheet.height = self.y + paper.margin;
            }
        }
        self.sheets
    }
}

impl Stream {
    fn new(cell: &Cell, left: f32, width: f32, paper: Paper) -> Self {
        let bold = cell.kind == CellKind::Head || matches!(cell.tint, Tint::Over | Tint::Sum);
        let size = if cell.kind == CellKind::Head { paper.text * 0.92 } else { paper.text };
        let lines = match cell.kind {
            CellKind::Center | CellKind::Number => vec![safe_lines(cell.text.trim()).replace('\n', " ")],
            _ => broken(&cell.text, width - 2.0 * paper.pad(), size, bold),
        };
        Self { lines: lines.into_iter(), begun: false, cell: cell.clone(), rect_left: left, width }
    }
}

/// A text in lines that are no wider.
fn broken(text: &str, width: f32, size: f32, bold: bool) -> Vec<String> {
    let safe = safe_lines(text.trim_end());
    // A hair of room, since the screen rounds widths.
    let wrapped = wrap(&safe, (width - 0.5) / size, |c| advance(c, bold));
    wrapped.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// 4:00 to 4:00, as the form has it.
const WEEK_FROM: u16 = 4 * 60;
const DAY: u16 = 24 * 60;

impl Writer {
    fn week(&mut self, entries: &[WeekEntry]) {
        let paper = self.paper;
        let hour = if paper.height.is_some() {
            ((self.room() - paper.line() * 9.0) / 24.0).clamp(paper.text * 1.2, paper.text * 1.9)
        } else {
            paper.text * 1.9
        };
        let (label, parts) = (paper.text * 4.4, 8.6);
        let day = (paper.inner() - label) / parts;
        let edge = |column: usize| {
            #[expect(clippy::cast_precision_loss, reason = "eight columns")]
            let left = paper.left() + label + day * column as f32;
            left
        };
        let head = paper.line() + 2.0 * paper.pad();
        if self.room() < head + hour * 24.0 {
            self.new_page();
        }
        let top = self.y;
        let heads = ["", "月", "火", "水", "木", "金", "土", "日", "主な日常生活上の活動"];
        for (at, words) in heads.iter().enumerate() {
            let left = if at == 0 { paper.left() } else { edge(at - 1) };
            let right = if at == 8 { paper.right() } else { edge(at) };
            let rect = Rect::from_min_max(pos2(left, top), pos2(right, top + head));
            let tint = match at {
                6 => Tint::Saturday,
                7 => Tint::Sunday,
                _ => Tint::Head,
            };
            self.mark(Mark::Fill { rect, ink: Ink::Tint(tint) });
            let size = paper.text * ((rect.width() - 4.0) / width_of(words, paper.text, true).max(0.1)).clamp(0.5, 1.0);
            self.text(rect.center(), Align::Center, size, true, Ink::Text, words);
        }
        let (from, until) = (top + head, top + head + hour * 24.0);
        for step in 0..=12_u16 {
            let y = from + hour * 2.0 * f32::from(step);
            self.line(pos2(paper.left(), y), pos2(paper.right(), y));
            if step < 12 {
                let words = format!("{}:00", (4 + step * 2) % 24);
                let at = pos2(paper.left() + label - paper.pad(), y + paper.line() * 0.6);
                self.text(at, Align::Max, paper.text * 0.9, false, Ink::Faint, &words);
            }
        }
        self.line(pos2(paper.left(), top), pos2(paper.right(), top));
        for x in (0..=7).map(edge).chain([paper.left(), paper.right()]) {
            self.line(pos2(x, top), pos2(x, until));
        }
        let place = |entry: &WeekEntry| {
            let right = if entry.column >= 7 { paper.right() } else { edge(entry.column + 1) };
            (edge(entry.column.min(7)), right)
        };
        let mut cut = Vec::new();
        for (entry, lane, lanes) in in_lanes(entries) {
            let (left, right) = place(entry);
            #[expect(clippy::cast_precision_loss, reason = "a few at once")]
            let (width, lane) = ((right - left) / lanes as f32, lane as f32);
            let minute = |at: u16| from + hour * f32::from(at) / 60.0;
            let begin = (entry.from + DAY - WEEK_FROM) % DAY;
            let length = (entry.until + DAY - entry.from) % DAY;
            let end = (begin + length.max(15)).min(DAY);
            let bottom = minute(end).max(minute(begin) + paper.text * 1.25);
            let rect = Rect::from_min_max(
                pos2(left + width * lane + 1.0, minute(begin)),
                pos2(left + width * (lane + 1.0) - 1.0, bottom.min(until)),
            );
            if !self.entry(rect, entry) {
                cut.push(entry);
            }
        }
        self.y = until + paper.pad() * 2.0;
        // What a short visit's box has no room for stands below, whole.
        for entry in cut {
            let words = entry.spoken();
            self.words(&words, false);
        }
    }

    /// Draws one box; tells whether its text is whole.
    fn entry(&mut self, rect: Rect, entry: &WeekEntry) -> bool {
        let paper = self.paper;
        self.mark(Mark::Fill { rect, ink: Ink::Entry });
        for (from, to) in [
            (rect.left_top(), rect.right_top()),
            (rect.left_bottom(), rect.right_bottom()),
            (rect.left_top(), rect.left_bottom()),
            (rect.right_top(), rect.right_bottom()),
        ] {
            self.line(from, to);
        }
        // Smaller rather than cut, as long as it can be read.
        let broken_at = |size: f32| broken(&entry.text, rect.width() - 4.0, size, false);
        #[expect(clippy::cast_precision_loss, reason = "lines of a box")]
        let fits = |size: f32| broken_at(size).len() as f32 * size * 1.2 <= rect.height() + 1.0;
        let sizes = [0.92, 0.82, 0.72].map(|part| paper.text * part);
        let size = sizes.into_iter().find(|size| fits(*size)).unwrap_or(paper.text * 0.72);
        let (lines, height) = (broken_at(size), size * 1.2);
        let mut y = rect.top() + 1.0;
        let mut whole = true;
        for line in &lines {
            if y + height > rect.bottom() + 2.5 {
                whole = false;
                break;
            }
            self.text(pos2(rect.left() + 2.0, y + height / 2.0), Align::Min, size, false, Ink::Text, line);
            y += height;
        }
        self.sheet().spoken.push((rect, entry.spoken()));
        whole
    }
}

impl WeekEntry {
    /// 月 9:00〜10:00　訪問介護
    fn spoken(&self) -> String {
        let days = ["月", "火", "水", "木", "金", "土", "日"];
        let day = days.get(self.column).copied().unwrap_or("毎日");
        let clock = |at: u16| format!("{}:{:02}", at / 60, at % 60);
        format!("{day} {}〜{}　{}", clock(self.from), clock(self.until), self.text)
    }
}

/// Entries at the same time stand beside each other: each with its lane and how many there are.
fn in_lanes(entries: &[WeekEntry]) -> Vec<(&WeekEntry, usize, usize)> {
    let begin = |entry: &WeekEntry| (entry.from + DAY - WEEK_FROM) % DAY;
    let end = |entry: &WeekEntry| begin(entry) + ((entry.until + DAY - entry.from) % DAY).max(45);
    let mut out = Vec::with_capacity(entries.len());
    for column in 0..8 {
        let mut day: Vec<&WeekEntry> = entries.iter().filter(|entry| entry.column.min(7) == column).collect();
        day.sort_by_key(|entry| begin(entry));
        // Those that overlap, with their lanes; and until when each lane is taken.
        let (mut group, mut lanes): (Vec<(&WeekEntry, usize)>, Vec<u16>) = (Vec::new(), Vec::new());
        for entry in day {
            if lanes.iter().all(|until| *until <= begin(entry)) {
                out.extend(group.drain(..).map(|(entry, lane)| (entry, lane, lanes.len())));
                lanes.clear();
            }
            let free = lanes.iter().position(|until| *until <= begin(entry)).unwrap_or(lanes.len());
            match lanes.get_mut(free) {
                Some(until) => *until = end(entry),
                None => lanes.push(end(entry)),
            }
            group.push((entry, free));
        }
        out.extend(group.drain(..).map(|(entry, lane)| (entry, lane, lanes.len().max(1))));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sheet: &Sheet) -> Vec<&str> {
        let text = |mark: &'_ Mark| matches!(mark, Mark::Text { .. });
        sheet
            .marks
            .iter()
            .filter(|mark| text(mark))
            .map(|mark| match mark {
                Mark::Text { text, .. } => text.as_str(),
                _ => "",
            })
            .collect()
    }

    fn grid(rows: Vec<Vec<Cell>>) -> Form {
        let head = vec![Cell::head("課題"), Cell::head("内容")];
        let rows = [vec![head], rows].concat();
        Form {
            wide: true,
            blocks: vec![Block::Grid(Grid { columns: vec![1.0, 3.0], head: 1, rows })],
            ..Form::default()
        }
    }

    #[test]
    fn a_long_table_says_its_head_on_every_page_and_loses_no_row() {
        let rows = (0..200).map(|at| vec![Cell::text(format!("課題{at}")), Cell::text("支援する")]).collect();
        let form = grid(rows);
        let pages = lay_out(&form, Paper::a4(&form));
        assert!(pages.len() > 4, "{} pages", pages.len());
        for page in &pages {
            assert!(texts(page).contains(&"内容"));
            let lowest = page.marks.iter().map(|mark| mark.span_y().1).fold(0.0, f32::max);
            assert!(lowest < page.height, "{lowest} on a page of {}", page.height);
        }
        let all: Vec<&str> = pages.iter().flat_map(texts).collect();
        assert!((0..200).all(|at| all.contains(&format!("課題{at}").as_str())));
    }

    #[test]
    fn a_text_longer_than_a_page_goes_on_over_pages_whole() {
        let long: String = (0..400).map(|at| format!("{at:04}行目の文です。\n")).collect();
        let form = grid(vec![vec![Cell::text("一つの課題"), Cell::text(long)]]);
        let pages = lay_out(&form, Paper::a4(&form));
        let all: Vec<String> = pages.iter().flat_map(texts).map(str::to_owned).collect();
        assert!((0..400).all(|at| all.contains(&format!("{at:04}行目の文です。"))), "a line is lost");
        assert!(pages.len() >= 9);
    }

    #[test]
    fn joined_cells_share_one_text_over_their_rows() {
        let long = "同じ課題が三つの内容にかかる".repeat(6);
        let rows = (0..3)
            .map(|at| {
                vec![
                    Cell::text(if at == 0 { long.clone() } else { String::new() }).joined_if(at > 0),
                    Cell::text(format!("内容{at}")),
                ]
            })
            .collect();
        let form = grid(rows);
        let [sheet] = <[Sheet; 1]>::try_from(lay_out(&form, Paper::pane(&form, 600.0, 14.0))).unwrap();
        let joined: String = sheet
            .marks
            .iter()
            .filter_map(|mark| match mark {
                Mark::Text { at, text, .. } if at.x < 100.0 && text != "課題" => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(joined, long);
        assert_eq!(sheet.spoken.last().unwrap().1, "内容2");
    }

    #[test]
    fn visits_at_the_same_time_stand_beside_each_other() {
        let entry = |from, until| WeekEntry { column: 2, from, until, text: "訪問介護".into() };
        let entries = [entry(540, 600), entry(570, 630), entry(900, 960), entry(1380, 60)];
        let lanes: Vec<_> = in_lanes(&entries).iter().map(|(entry, lane, lanes)| (entry.from, *lane, *lanes)).collect();
        assert_eq!(lanes, [(540, 0, 2), (570, 1, 2), (900, 0, 1), (1380, 0, 1)]);
    }
}
