//! 設定 › 操作の記録: who did what at this terminal, whether the record is whole, and the way to a file.

use egui::accesskit::Role;
use egui::{Rect, ScrollArea, Sense, Stroke, Ui, WidgetInfo, vec2};

use crate::desktop::Action;
use crate::desktop::desk::Choice;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::{grouped, short_time};
use crate::desktop::theme::{bold, card, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, bad, button, good, icon_line, line_at, para, scroll_style, section, sentence_card, text,
};
use crate::engine::model::{Audit, AuditLine, Command};
use crate::words::{Lang, record as words};

const ROW: f32 = 34.0;
/// Where the columns begin, as parts of the width: when, who, what, about what, how it ended.
const COLUMNS: [f32; 5] = [0.0, 0.14, 0.25, 0.46, 0.86];

pub(super) fn show(ui: &mut Ui, model: &Model) -> Option<Action> {
    let lang = model.lang();
    let mut asked = None;
    card().show(ui, |ui| {
        ui.set_width(ui.available_width());
        section(ui, ic::VERIFIED_USER, words::title(lang), |_| ());
        para(ui, words::hint(lang), 16.0, gray_800());
        ui.horizontal_wrapped(|ui| {
            if button(ui, Btn::Outline, ic::CHECK_CIRCLE, words::verify(lang)).clicked() {
                asked = Some(Action::Ask(Command::ShowAudit));
            }
            if button(ui, Btn::Outline, ic::SAVE, words::export(lang)).clicked() {
                asked = Some(Action::Choose(Choice::SaveRecord { name: file_name(model) }));
            }
        });
        match &model.audit {
            Some(audit) => verdict(ui, lang, audit),
            None => icon_line(ui, ic::SCHEDULE, words::waiting(lang), reg(16.0), gray_700()),
        }
    });
    if let Some(audit) = &model.audit {
        card().show(ui, |ui| {
            ui.set_width(ui.available_width());
            lines(ui, model, audit);
        });
    }
    asked
}

fn file_name(model: &Model) -> String {
    let day = model.now.to_zoned(model.zone.clone()).date();
    format!("操作の記録_{}.csv", day.strftime("%Y%m%d"))
}

fn verdict(ui: &mut Ui, lang: Lang, audit: &Audit) {
    match &audit.verdict {
        Ok(count) => {
            let (_, _, color) = good();
            icon_line(ui, ic::CHECK_CIRCLE, &words::whole(lang, *count), bold(16.0), color);
        }
        Err(fault) => sentence_card(ui, ic::ERROR, bad(), &words::fault(lang, fault)),
    }
}

fn lines(ui: &mut Ui, model: &Model, audit: &Audit) {
    let lang = model.lang();
    text(ui, words::newest(lang, &grouped(audit.lines.len())), reg(14.0), gray_700());
    let heads = [words::when(lang), words::who(lang), words::what(lang), words::about(lang), words::ended(lang)];
    let width = ui.available_width() - ui.spacing().scroll.allocated_width();
    let (rect, _) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
    columns(ui, rect, &heads.map(str::to_owned), true, gray_900());
    let height = (ui.ctx().content_rect().height() - 420.0).max(ROW * 6.0);
    scroll_style(ui, |ui, content| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let area = ScrollArea::vertical().max_height(height).auto_shrink([false, true]).id_salt("record");
        area.show_rows(ui, ROW, audit.lines.len(), |ui, range| {
            ui.set_style(content);
            ui.spacing_mut().item_spacing.y = 0.0;
            for line in audit.lines.get(range).unwrap_or_default() {
                row(ui, model, line);
            }
        });
    });
}

fn row(ui: &mut Ui, model: &Model, line: &AuditLine) {
    let lang = model.lang();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let who = if line.who.is_empty() { words::nobody(lang).to_owned() } else { line.who.clone() };
    let cells = [
        short_time(line.at, &model.zone),
        who,
        words::action(lang, &line.action),
        line.subject.clone(),
        words::result(lang, &line.result),
    ];
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, cells.join(" ")));
    let color = if line.result == crate::history::DONE { gray_900() } else { red_900() };
    columns(ui, rect, &cells, false, color);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, hairline()));
}

fn columns(ui: &Ui, rect: Rect, cells: &[String; 5], head: bool, color: egui::Color32) {
    for (at, cell) in cells.iter().enumerate() {
        let from = COLUMNS.get(at).copied().unwrap_or_default();
        let to = COLUMNS.get(at + 1).copied().unwrap_or(1.0);
        let (left, width) = (rect.left() + rect.width() * from + 4.0, rect.width() * (to - from) - 8.0);
        let color = if at == 4 || head { color } else { gray_900() };
        line_at(ui.painter(), left, rect.center().y, cell, if head { bold(14.0) } else { reg(14.0) }, color, width);
    }
}
