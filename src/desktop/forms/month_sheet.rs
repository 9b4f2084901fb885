//! 第6表 as a calendar: one row per service, 予定 above 実績, the days of the month across.
//!
//! The columns on the left and the days on top stay while the rest scrolls. A difference is marked by shape and colour,
//! and only where both 予定 and 実績 came: a plan alone is no list of missing visits.

use egui::accesskit::Role;
use egui::{Align2, Color32, CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, Table, TableDelegate};
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

/// Which column a number means.
enum Cell {
    Service,
    Kind,
    Day(usize),
    Sum,
}

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
    pub fn show(&mut self, ui: &mut Ui) {
        let available = ui.available_width();
        let days = self.days as f32;
        let day = ((available - NAME - KIND - SUM - 2.0) / days).floor().clamp(22.0, 34.0);
        let name = (available - KIND - SUM - days * day).clamp(NAME, 320.0);
        let total = name + KIND + SUM + days * day;
        let bar = if total > available { 18.0 } else { 0.0 };
        let height = HEAD + ROW * self.sheet.lines.len() as f32 + bar + 1.0;
        let fixed = |width: f32| Column::new(width).resizable(false).range(width..=width);
        // The id holds the width: egui_table remembers widths by id, and a new window size must win.
        let mut columns = vec![fixed(name).id(egui::Id::unique(("name", name.to_bits()))), fixed(KIND)];
        columns.extend((0..self.days).map(|at| fixed(day).id(egui::Id::unique(("day", at, day.to_bits())))));
        columns.push(fixed(SUM));
        let (rect, _) = ui.allocate_exact_size(vec2(available.min(total), height), Sense::hover());
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect).id_salt("month-sheet"));
        child.set_clip_rect(rect.intersect(ui.clip_rect()));
        scroll_style(&mut child, |child, _| {
            Table::new()
                .id_salt("month-sheet")
                .num_rows(self.sheet.lines.len() as u64)
                .columns(columns)
                .num_sticky_cols(2)
                .headers([HeaderRow::new(HEAD)])
                .show(child, self)
        });
        ui.painter().rect_stroke(rect, CornerRadius::ZERO, Stroke::new(1.0, GRAY_420), StrokeKind::Inside);
        if self.compare {
            self.legend(ui);
        }
    }

    fn legend(&self, ui: &mut Ui) {
        ui.spacing_mut().interact_size.y = 26.0;
        ui.horizontal_wrapped(|ui| {
            for (mark, colors, words) in [
                ("1", (WHITE, GRAY_420, GRAY_800), w::sheet_plan(self.lang)),
                ("1", (WHITE, GRAY_420, BLUE_900), w::sheet_actual(self.lang)),
                ("−", (ORANGE_50, ORANGE_900, ORANGE_900), w::legend_missing(self.lang)),
                ("1", (BLUE_900, BLUE_900, WHITE), w::legend_extra(self.lang)),
                ("2", (ORANGE_50, ORANGE_900, ORANGE_900), w::legend_other(self.lang)),
            ] {
                legend_mark(ui, mark, colors, words);
            }
        });
    }

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Service,
            1 => Cell::Kind,
            day if day < 2 + self.days => Cell::Day(day - 2),
            _ => Cell::Sum,
        }
    }

    fn weekday(&self, day: usize) -> Weekday {
        self.sheet.month.first_weekday().wrapping_add(i64::try_from(day).unwrap_or(0))
    }

    fn line(&self, row: u64) -> Option<&'a SheetLine> {
        self.sheet.lines.get(usize::try_from(row).ok()?)
    }

    fn paint_day(&self, ui: &Ui, rect: Rect, line: &SheetLine, day: usize) {
        let fill = match self.weekday(day) {
            Weekday::Sunday => RED_50,
            Weekday::Saturday => BLUE_50,
            _ => WHITE,
        };
        let p = ui.painter();
        p.rect_filled(rect, 0.0, fill);
        let at = |counts: &[u16; 31]| counts.get(day).copied().unwrap_or(0);
        let (planned, actual) = (at(&line.planned), at(&line.actual));
        let (top, bottom) = halves(rect);
        if planned > 0 {
            p.text(top, Align2::CENTER_CENTER, planned.to_string(), reg(16.0), GRAY_800);
        }
        let mark = Rect::from_min_max(pos2(rect.left() + 1.0, rect.center().y + 2.0), rect.max - vec2(2.0, 3.0));
        let (words, color) = if !self.compare || planned == actual {
            (actual.to_string(), BLUE_900)
        } else if planned == 0 {
            p.rect_filled(mark, 3.0, BLUE_900);
            (actual.to_string(), WHITE)
        } else {
            p.rect(mark, 3.0, ORANGE_50, Stroke::new(1.5, ORANGE_900), StrokeKind::Inside);
            (if actual == 0 { "−".to_owned() } else { actual.to_string() }, ORANGE_900)
        };
        if actual > 0 || (self.compare && planned > 0) {
            p.text(bottom, Align2::CENTER_CENTER, words, bold(16.0), color);
        }
    }

    fn paint_service(&self, ui: &Ui, rect: Rect, line: &SheetLine) {
        let p = ui.painter();
        p.rect_filled(rect, 0.0, WHITE);
        let (left, width) = (rect.left() + 10.0, rect.width() - 18.0);
        line_at(p, left, rect.top() + 14.0, &time_span(line), reg(14.0), GRAY_700, width);
        line_at(p, left, rect.top() + 34.0, &line.label, bold(14.0), GRAY_900, width);
        line_at(p, left, rect.top() + 54.0, &line.office_name, reg(14.0), GRAY_700, width);
    }

    fn paint_sum(&self, ui: &Ui, rect: Rect, line: &SheetLine) {
        let p = ui.painter();
        p.rect_filled(rect, 0.0, GRAY_50);
        let sum = |counts: &[u16; 31]| counts.iter().map(|count| u32::from(*count)).sum::<u32>();
        let (top, bottom) = halves(rect);
        let right = rect.right() - 12.0;
        p.text(pos2(right, top.y), Align2::RIGHT_CENTER, sum(&line.planned).to_string(), reg(16.0), GRAY_800);
        p.text(pos2(right, bottom.y), Align2::RIGHT_CENTER, sum(&line.actual).to_string(), bold(16.0), BLUE_900);
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
    let galley = ui.painter().layout_no_wrap(words.to_owned(), reg(14.0), GRAY_800);
    // One piece, so that a narrow pane wraps between the marks and not inside one.
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 44.0, 26.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    let square = Rect::from_min_size(rect.min + vec2(0.0, 1.0), vec2(24.0, 24.0));
    ui.painter().rect(square, 3.0, fill, Stroke::new(1.0, border), StrokeKind::Inside);
    ui.painter().text(square.center(), Align2::CENTER_CENTER, mark, bold(14.0), color);
    let at = pos2(square.right() + 6.0, rect.center().y - galley.size().y / 2.0).round();
    ui.painter().galley(at, galley, GRAY_800);
}

fn cell_lines(ui: &Ui, rect: Rect, strong: bool) {
    let color = if strong { GRAY_420 } else { HAIRLINE };
    ui.painter().vline(rect.right() - 0.5, rect.y_range(), Stroke::new(1.0, color));
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, GRAY_420));
}

/// The dotted line between 予定 and 実績.
fn dotted_middle(ui: &Ui, rect: Rect) {
    let mut x = rect.left() + 1.0;
    while x + 2.0 < rect.right() {
        ui.painter().hline(x..=x + 2.0, rect.center().y + 0.5, Stroke::new(1.0, GRAY_300));
        x += 4.0;
    }
}

impl TableDelegate for SheetGrid<'_> {
    fn default_row_height(&self) -> f32 {
        ROW
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let rect = ui.max_rect();
        let column = cell.col_range.start;
        let p = ui.painter();
        match self.cell(column) {
            Cell::Day(day) => {
                let (fill, color) = match self.weekday(day) {
                    Weekday::Sunday => (RED_50, RED_900),
                    Weekday::Saturday => (BLUE_50, BLUE_900),
                    _ => (GRAY_100, GRAY_900),
                };
                p.rect_filled(rect, 0.0, fill);
                let size = if rect.width() < 24.0 { 13.0 } else { 14.0 };
                let x = rect.center().x;
                p.text(pos2(x, rect.top() + 16.0), Align2::CENTER_CENTER, (day + 1).to_string(), reg(size), color);
                let name = weekday(self.lang, self.weekday(day));
                p.text(pos2(x, rect.top() + 37.0), Align2::CENTER_CENTER, name, reg(size), color);
            }
            other => {
                p.rect_filled(rect, 0.0, GRAY_100);
                let (words, align, x) = match other {
                    Cell::Service => (w::sheet_service(self.lang), Align2::LEFT_CENTER, rect.left() + 10.0),
                    Cell::Sum => (w::sheet_sum(self.lang), Align2::CENTER_CENTER, rect.center().x),
                    _ => ("", Align2::CENTER_CENTER, rect.center().x),
                };
                p.text(pos2(x, rect.center().y), align, words, bold(14.0), GRAY_900);
            }
        }
        cell_lines(ui, rect, column == 1 || column == self.days + 1);
    }

    fn row_ui(&mut self, ui: &mut Ui, row: u64) {
        let Some(line) = self.line(row) else { return };
        ui.response().widget_info(|| WidgetInfo::labeled(Role::Row, true, self.spoken(line)));
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let rect = ui.max_rect();
        let Some(line) = self.line(cell.row_nr) else { return };
        match self.cell(cell.col_nr) {
            Cell::Service => self.paint_service(ui, rect, line),
            Cell::Kind => {
                let (top, bottom) = halves(rect);
                let p = ui.painter();
                p.rect_filled(rect, 0.0, WHITE);
                let size = if self.lang == Lang::Ja { 14.0 } else { 11.0 };
                p.text(top, Align2::CENTER_CENTER, w::sheet_plan(self.lang), reg(size), GRAY_800);
                p.text(bottom, Align2::CENTER_CENTER, w::sheet_actual(self.lang), bold(size), BLUE_900);
            }
            Cell::Day(day) => self.paint_day(ui, rect, line, day),
            Cell::Sum => self.paint_sum(ui, rect, line),
        }
        if cell.col_nr >= 1 {
            dotted_middle(ui, rect);
        }
        cell_lines(ui, rect, cell.col_nr == 1 || cell.col_nr == self.days + 1);
    }
}
