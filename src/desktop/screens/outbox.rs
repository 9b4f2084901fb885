//! 送信待ち: what has not left yet, why, and when it goes.

use egui::{CornerRadius, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::{grouped, short_time, wrap_ja};
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, button, chip_at, empty_state, line_at, para, row_end, scroll_style, state_look, subject_look, text,
};
use crate::engine::model::{Command, Failure, ParcelLine, State};
use crate::parcel::ParcelId;
use crate::words::failure::failure;
use crate::words::{Lang, window as w};

/// The screen keeps nothing: what waits is in the model.
#[derive(Debug, Default)]
pub(in crate::desktop) struct Outbox;

/// Where a row puts its parts, depending on the room there is.
struct Measure {
    /// One that waits in peace, and one with something to say of what went wrong.
    plain: f32,
    troubled: f32,
    /// Buttons below the words instead of beside them.
    stacked: bool,
}

impl Measure {
    fn new(width: f32) -> Self {
        match width {
            ..760.0 => Self { plain: 152.0, troubled: 240.0, stacked: true },
            ..1000.0 => Self { plain: 98.0, troubled: 180.0, stacked: false },
            _ => Self { plain: 98.0, troubled: 158.0, stacked: false },
        }
    }

    fn height(&self, line: &ParcelLine) -> f32 {
        if problem(line).is_some() { self.troubled } else { self.plain }
    }
}

impl Outbox {
    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        let lines = &model.lists.outbox;
        let mut asked = None;
        egui::CentralPanel::default().frame(egui::Frame::new().fill(app_bg())).show(ui, |ui| {
            if lines.is_empty() {
                empty_state(ui, ic::SCHEDULE, w::outbox_empty(lang), w::outbox_empty_hint(lang));
                return;
            }
            let margin = egui::Margin { left: 24, right: 24, top: 20, bottom: 8 };
            egui::Frame::new().inner_margin(margin).show(ui, |ui| {
                ui.horizontal(|ui| {
                    super::title(ui, w::outbox(lang));
                    text(ui, w::parcels(lang, &grouped(lines.len())), reg(16.0), gray_700());
                });
                para(ui, w::outbox_intro(lang), 16.0, gray_700());
            });
            let measure = Measure::new(ui.available_width());
            scroll_style(ui, |ui, content| {
                ui.spacing_mut().item_spacing.y = 0.0;
                let area = ScrollArea::vertical().auto_shrink(false).id_salt("outbox");
                area.show_viewport(ui, |ui, seen| {
                    ui.set_style(content);
                    ui.spacing_mut().item_spacing.y = 0.0;
                    ui.set_height(lines.iter().map(|line| measure.height(line)).sum());
                    let (left, mut at) = (ui.max_rect().left(), ui.max_rect().top());
                    let (first, last) = (at + seen.top(), at + seen.bottom());
                    for line in lines.iter() {
                        let height = measure.height(line);
                        if at + height >= first && at <= last {
                            let place = Rect::from_min_size(pos2(left, at), vec2(ui.available_width(), height));
                            asked = row(ui, model, line, &measure, place).or(asked.take());
                        }
                        at += height;
                    }
                });
            });
        });
        asked
    }
}

fn problem(line: &ParcelLine) -> Option<&Failure> {
    match &line.state {
        State::Waiting { last, .. } => last.as_ref(),
        State::Failed(problem) | State::Refused(problem) | State::Held(problem) => Some(problem),
        _ => None,
    }
}

/// When it goes next, if it does.
fn when(model: &Model, line: &ParcelLine) -> String {
    let lang = model.lang();
    match &line.state {
        State::Waiting { next_try: Some(at), .. } if *at > model.now => {
            w::next_try(lang, &short_time(*at, &model.zone))
        }
        State::Waiting { .. } => w::next_try_soon(lang).to_owned(),
        State::Failed(_) | State::Refused(_) => w::will_not_go(lang).to_owned(),
        _ => String::new(),
    }
}

fn row(ui: &mut Ui, model: &Model, line: &ParcelLine, measure: &Measure, whole: Rect) -> Option<Action> {
    let lang = model.lang();
    let width = (whole.width() - 48.0).min(super::WIDEST);
    let rect = Rect::from_min_size(whole.min + vec2(24.0, 4.0), vec2(width, whole.height() - 12.0));
    let stroke = Stroke::new(1.0, hairline());
    ui.painter().rect(rect, CornerRadius::same(R8), white(), stroke, StrokeKind::Inside);
    let words = if measure.stacked {
        Rect::from_min_max(rect.min, rect.max - vec2(0.0, 60.0))
    } else {
        Rect::from_min_max(rect.min, rect.max - vec2(320.0, 0.0))
    };
    about(ui, model, line, words);
    let buttons = if measure.stacked {
        Rect::from_min_max(pos2(rect.left(), rect.bottom() - 60.0), rect.max)
    } else {
        Rect::from_min_max(pos2(rect.right() - 320.0, rect.top()), rect.max)
    };
    row_end(ui, buttons.shrink2(vec2(8.0, 0.0)), line.id, |ui| {
        if button(ui, Btn::Danger, ic::DELETE, w::withdraw(lang)).clicked() {
            return Some(Action::Withdraw(line.id));
        }
        let waits = matches!(line.state, State::Waiting { .. });
        let again = if waits { w::retry_now(lang) } else { w::retry(lang) };
        button(ui, Btn::Outline, ic::SEND, again).clicked().then_some(Action::Ask(Command::Retry(line.id)))
    })
}

fn about(ui: &mut Ui, model: &Model, line: &ParcelLine, rect: Rect) {
    let lang = model.lang();
    let (left, width) = (rect.left() + 16.0, rect.width() - 32.0);
    let p = ui.painter();
    line_at(p, left, rect.top() + 24.0, &line.partner_name, bold(18.0), gray_900(), width);
    let (glyph, state, colors) = state_look(lang, &line.state, false);
    let y = rect.top() + 56.0;
    let mut x = left + chip_at(p, left, y, glyph, state, colors) + 6.0;
    for subject in &line.subjects {
        let (words, colors) = subject_look(lang, *subject);
        x += chip_at(p, x, y, "", words, colors) + 6.0;
    }
    let facts = format!(
        "{}　{}　{}",
        w::file_count(lang, line.files),
        w::written_at(lang, &short_time(line.at, &model.zone)),
        when(model, line)
    );
    line_at(p, x + 4.0, y, &facts, reg(14.0), gray_700(), rect.right() - x - 8.0);
    if let Some(problem) = problem(line) {
        sentence(ui, lang, problem, Rect::from_min_size(pos2(left, rect.top() + 78.0), vec2(width, 84.0)), line.id);
    }
}

/// What went wrong and what to do, in the room there is; the whole of it when pointed at.
fn sentence(ui: &mut Ui, lang: Lang, problem: &Failure, rect: Rect, salt: ParcelId) {
    let sentence = failure(lang, problem);
    let response = ui.interact(rect, ui.scope_id().with(("why", salt)), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(egui::accesskit::Role::Label, true, format!("{}{}", sentence.what, sentence.todo))
    });
    response.on_hover_text(format!("{}\n{}", sentence.what, sentence.todo));
    let mut y = rect.top();
    for (words, color) in [(&sentence.what, red_900()), (&sentence.todo, gray_800())] {
        let wrapped = wrap_ja(ui, words, &reg(15.0), rect.width());
        for line in wrapped.lines().take(2) {
            line_at(ui.painter(), rect.left(), y + 10.0, line, reg(15.0), color, rect.width());
            y += 20.0;
        }
    }
}
