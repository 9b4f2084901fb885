//! 第6表 as a calendar: one row per service, 予定 above 実績, the days of the month across.
//!
//! The days on top and the services on the left stay while the rest scrolls. A difference is marked by shape and
//! colour, and only where both 予定 and 実績 came: a plan alone is no list of missing visits. Painted here and not by a
//! table widget: a scroll area inside the page's own takes the wheel away from the page.

use egui::accesskit::Role;
use egui::{Align2, Color32, CornerRadius, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use jiff::civil::Weekday;

use super::super::text::weekday;
use super::super::theme::{bold, reg};
use super::super::tokens::*;
use super::super::widgets::{line_at, scroll_style};
use crate::standard::{MonthSheet, SheetLine};
use crate::words::{Lang, window as w};

const ROW: f32 = 68.0;
const HEAD: f32 = 52.0;
const NAME: f32 = 168.0;
const KIND: f32 = 46.0;
const SUM: f32 = 46.0;

/// One person's month, drawn.
#[derive(Debug)]
pub struct SheetGrid<'a> {
    sheet: &'a MonthSheet,
    lang: Lang,
    days: usize,
    compare: bool,
}

impl<'a> SheetGrid<'a> {
    pub fn new(sheet: &'a MonthSheet, lang: Lang) -> Self {
        Self { sheet, lang, days: usize::from(sheet.month.days()), compare: sheet.is_comparable() }
    }

    #[expect(clippy::cast_precision_loss, reason = "31 days and some hundred rows")]
    pub fn show(&self, ui: &mut Ui) {
        let available = ui.available_width();
        let days = self.days as f32;
        let day = ((available - NAME - KIND - SUM) / days).floor().clamp(20.0, 34.0);
        let name = (available - KIND - SUM - days * day).clamp(NAME, 320.0);
        let height = HEAD + ROW * self.sheet.lines.len() as f32;
        let shown = (available - name - KIND).min(days * day + SUM);
        let bar = if shown < days * day + SUM { 18.0 } else { 0.0 };
        let (whole, _) = ui.allocate_exact_size(vec2(name + KIND + shown, height + bar), Sense::hover());
        let top = whole.min;
        self.left_columns(ui, Rect::from_min_size(top, vec2(name + KIND, height)), name);
        // A child as high as the sheet: the scroll area must not end where the page does.
        let month = Rect::from_min_max(top + vec2(name + KIND, 0.0), whole.max);
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(month).id_salt("month"));
        // egui takes the bar's height off what is seen even where the bar itself is not in sight.
        let mut clip = ui.clip_rect().intersect(month);
        clip.max.y = clip.max.y.min(month.bottom() - bar);
        scroll_style(&mut child, |ui, _| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ScrollArea::horizontal().id_salt("month").max_width(shown).auto_shrink(false).show(ui, |ui| {
                ui.set_clip_rect(clip);
                let (rect, _) = ui.allocate_exact_size(vec2(days * day + SUM, height), Sense::hover());
                self.day_columns(ui, rect, day);
            });
        });
        let frame = Rect::from_min_size(top, vec2(name + KIND + shown, height));
        ui.painter().rect_stroke(frame, CornerRadius::ZERO, Stroke::new(1.0, gray_420()), StrokeKind::Inside);
        if self.compare {
            self.legend(ui);
        }
    }

    /// The lines that are seen, each with its place.
    #[expect(clippy::cast_precision_loss, reason = "some hundred rows")]
    fn seen<'s>(&'s self, ui: &Ui, rect: Rect) -> impl Iterator<Item = (usize, Rect, &'s SheetLine)> + 's {
        let clip = ui.clip_rect();
        let row = move |at: usize| {
            let top = rect.top() + HEAD + ROW * at as f32;
            Rect::from_min_max(pos2(rect.left(), top), pos2(rect.right(), top + ROW))
        };
        let lines = self.sheet.lines.iter().enumerate().map(move |(at, line)| (at, row(at), line));
        lines.filter(move |(_, row, _)| row.intersects(clip))
    }

    /// Where the head is painted: on top of what is seen, as long as the sheet is.
    fn head(ui: &Ui, rect: Rect) -> Rect {
        let lowest = (rect.bottom() - HEAD - ROW).max(rect.top());
        let top = rect.top().max(ui.clip_rect().top()).min(lowest);
        Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), HEAD))
    }

    fn left_columns(&self, ui: &Ui, rect: Rect, name: f32) {
        for (at, row, line) in self.seen(ui, rect) {
            let (service, kind) = row.split_left_right_at_x(row.left() + name);
            let spoken = ui.interact(service, ui.scope_id().with(("line", at)), Sense::hover());
            spoken.widget_info(|| WidgetInfo::labeled(Role::Row, true, self.spoken(line)));
            self.paint_service(ui, service, line);
            self.paint_kind(ui, kind);
        }
        let (service, kind) = Self::head(ui, rect).split_left_right_at_x(rect.left() + name);
        self.paint_head(ui, service, w::sheet_service(self.lang), Align2::LEFT_CENTER);
        self.paint_head(ui, kind, "", Align2::CENTER_CENTER);
        cell_lines(ui, kind, true);
    }

    #[expect(clippy::cast_precision_loss, reason = "31 days")]
    fn day_columns(&self, ui: &Ui, rect: Rect, width: f32) {
        let column = |row: Rect, at: usize| {
            let left = row.left() + width * at as f32;
            let right = if at < self.days { left + width } else { row.right() };
            Rect::from_min_max(pos2(left, row.top()), pos2(right, row.bottom()))
        };
        for (_, row, line) in self.seen(ui, rect) {
            for day in 0..self.days {
                let cell = column(row, day);
                self.paint_day(ui, cell, line, day);
                cell_lines(ui, cell, day + 1 == self.days);
            }
            let sum = column(row, self.days);
            self.paint_sum(ui, sum, line);
            cell_lines(ui, sum, true);
            dotted_middle(ui, row);
        }
        let head = Self::head(ui, rect);
        for day in 0..self.days {
            let cell = column(head, day);
            self.paint_day_head(ui, cell, day);
            cell_lines(ui, cell, day + 1 == self.days);
        }
        self.paint_head(ui, column(head, self.days), w::sheet_sum(self.lang), Align2::CENTER_CENTER);
    }

    fn paint_head(&self, ui: &Ui, rect: Rect, words: &str, align: Align2) {
        let x = if align == Align2::LEFT_CENTER { rect.left() + 10.0 } else { rect.center().x };
        ui.painter().rect_filled(rect, 0.0, gray_100());
        ui.painter().text(pos2(x, rect.center().y), align, words, bold(14.0), gray_900());
        cell_lines(ui, rect, false);
    }

    fn paint_day_head(&self, ui: &Ui, rect: Rect, day: usize) {
        let (fill, color) = match self.weekday(day) {
            Weekday::Sunday => (red_50(), red_900()),
            Weekday::Saturday => (blue_50(), blue_900()),
            _ => (gray_100(), gray_900()),
        };
        let p = ui.painter();
        p.rect_filled(rect, 0.0, fill);
        let size = if rect.width() < 23.0 { 12.0 } else { 14.0 };
        let x = rect.center().x;
        p.text(pos2(x, rect.top() + 16.0), Align2::CENTER_CENTER, (day + 1).to_string(), reg(size), color);
        let name = weekday(self.lang, self.weekday(day));
        p.text(pos2(x, rect.top() + 37.0), Align2::CENTER_CENTER, name, reg(size), color);
    }

    fn paint_kind(&self, ui: &Ui, rect: Rect) {
        let (top, bottom) = halves(rect);
        let p = ui.painter();
        p.rect_filled(rect, 0.0, white());
        let size = 14.0;
        p.text(top, Align2::CENTER_CENTER, w::sheet_plan(self.lang), reg(size), gray_800());
        p.text(bottom, Align2::CENTER_CENTER, w::sheet_actual(self.lang), bold(size), blue_900());
        dotted_middle(ui, rect);
        cell_lines(ui, rect, true);
    }

    fn legend(&self, ui: &mut Ui) {
        ui.spacing_mut().interact_size.y = 26.0;
        ui.horizontal_wrapped(|ui| {
            for (mark, colors, words) in [
                ("1", (white(), gray_420(), gray_800()), w::sheet_plan(self.lang)),
                ("1", (white(), gray_420(), blue_900()), w::sheet_actual(self.lang)),
                ("−", (orange_50(), orange_900(), orange_900()), w::legend_missing(self.lang)),
                ("1", (blue_900(), blue_900(), white()), w::legend_extra(self.lang)),
                ("2", (orange_50(), orange_900(), orange_900()), w::legend_other(self.lang)),
            ] {
                legend_mark(ui, mark, colors, words);
            }
        });
    }

    fn weekday(&self, day: usize) -> Weekday {
        self.sheet.month.first_weekday().wrapping_add(i64::try_from(day).unwrap_or(0))
    }

    fn paint_day(&self, ui: &Ui, rect: Rect, line: &SheetLine, day: usize) {
        let fill = match self.weekday(day) {
            Weekday::Sunday => red_50(),
            Weekday::Saturday => blue_50(),
            _ => white(),
        };
        let p = ui.painter();
        p.rect_filled(rect, 0.0, fill);
        let at = |counts: &[u16; 31]| counts.get(day).copied().unwrap_or(0);
        let (planned, actual) = (at(&line.planned), at(&line.actual));
        let (top, bottom) = halves(rect);
        if planned > 0 {
            p.text(top, Align2::CENTER_CENTER, planned.to_string(), reg(16.0), gray_800());
        }
        let mark = Rect::from_min_max(pos2(rect.left() + 1.0, rect.center().y + 2.0), rect.max - vec2(2.0, 3.0));
        let (words, color) = if !self.compare || planned == actual {
            (actual.to_string(), blue_900())
        } else if planned == 0 {
            p.rect_filled(mark, 3.0, blue_900());
            (actual.to_string(), white())
        } else {
            p.rect(mark, 3.0, orange_50(), Stroke::new(1.5, orange_900()), StrokeKind::Inside);
            (if actual == 0 { "−".to_owned() } else { actual.to_string() }, orange_900())
        };
        if actual > 0 || (self.compare && planned > 0) {
            p.text(bottom, Align2::CENTER_CENTER, words, bold(16.0), color);
        }
    }

    fn paint_service(&self, ui: &Ui, rect: Rect, line: &SheetLine) {
        let p = ui.painter();
        p.rect_filled(rect, 0.0, white());
        let (left, width) = (rect.left() + 10.0, rect.width() - 18.0);
        line_at(p, left, rect.top() + 14.0, &time_span(line), reg(14.0), gray_700(), width);
        line_at(p, left, rect.top() + 34.0, &line.label, bold(14.0), gray_900(), width);
        line_at(p, left, rect.top() + 54.0, &line.office_name, reg(14.0), gray_700(), width);
        cell_lines(ui, rect, false);
    }

    fn paint_sum(&self, ui: &Ui, rect: Rect, line: &SheetLine) {
        let p = ui.painter();
        p.rect_filled(rect, 0.0, gray_50());
        let sum = |counts: &[u16; 31]| counts.iter().map(|count| u32::from(*count)).sum::<u32>();
        let (top, bottom) = halves(rect);
        let right = rect.right() - 12.0;
        p.text(pos2(right, top.y), Align2::RIGHT_CENTER, sum(&line.planned).to_string(), reg(16.0), gray_800());
        p.text(pos2(right, bottom.y), Align2::RIGHT_CENTER, sum(&line.actual).to_string(), bold(16.0), blue_900());
    }

    fn spoken(&self, line: &SheetLine) -> String {
        let list = |counts: &[u16; 31]| {
            let days = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            days.map(|(day, _)| format!("{}日", day + 1)).collect::<Vec<_>>().join("、")
        };
        format!(
            "{} {} {}。{} {}。{} {}。",
            time_span(line),
            line.label,
            line.office_name,
            w::sheet_plan(self.lang),
            list(&line.planned),
            w::sheet_actual(self.lang),
            list(&line.actual)
        )
    }
}

/// 09:00〜10:00, or ― where the service shows no time.
fn time_span(line: &SheetLine) -> String {
    match (&line.start, &line.end) {
        (Some(start), Some(end)) => format!("{start}〜{end}"),
        (Some(start), None) => format!("{start}〜"),
        _ => "―".to_owned(),
    }
}

/// Where the numbers of 予定 and 実績 stand in a cell.
fn halves(rect: Rect) -> (egui::Pos2, egui::Pos2) {
    let center = rect.center();
    (center - vec2(0.0, 17.0), center + vec2(0.0, 17.0))
}

fn legend_mark(ui: &mut Ui, mark: &str, (fill, border, color): (Color32, Color32, Color32), words: &str) {
    let galley = ui.painter().layout_no_wrap(words.to_owned(), reg(14.0), gray_800());
    // One piece, so that a narrow pane wraps between the marks and not inside one.
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 44.0, 26.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    let square = Rect::from_min_size(rect.min + vec2(0.0, 1.0), vec2(24.0, 24.0));
    ui.painter().rect(square, 3.0, fill, Stroke::new(1.0, border), StrokeKind::Inside);
    ui.painter().text(square.center(), Align2::CENTER_CENTER, mark, bold(14.0), color);
    let at = pos2(square.right() + 6.0, rect.center().y - galley.size().y / 2.0).round();
    ui.painter().galley(at, galley, gray_800());
}

fn cell_lines(ui: &Ui, rect: Rect, strong: bool) {
    let color = if strong { gray_420() } else { hairline() };
    ui.painter().vline(rect.right() - 0.5, rect.y_range(), Stroke::new(1.0, color));
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, gray_420()));
}

/// The dotted line between 予定 and 実績.
fn dotted_middle(ui: &Ui, rect: Rect) {
    let mut x = rect.left() + 1.0;
    while x + 2.0 < rect.right() {
        ui.painter().hline(x..=x + 2.0, rect.center().y + 0.5, Stroke::new(1.0, gray_300()));
        x += 4.0;
    }
}
