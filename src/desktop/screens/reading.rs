//! The reading pane: one parcel with everything that is known of it.

use std::path::Path;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{
    Align2, CornerRadius, Frame, Label, Margin, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    vec2,
};

use super::bundle::full_card;
use super::handling::{self, Handling};
use super::people::PeoplePane;
use crate::desktop::Action;
use crate::desktop::desk::Choice;
use crate::desktop::icons as ic;
use crate::desktop::model::{ChangedPartner, Model};
use crate::desktop::paper::screen::Shown;
use crate::desktop::paper::{Block, Form};
use crate::desktop::preview::{Preview, PreviewKind, can_be_shown};
use crate::desktop::text::{long_time, safe_lines, safe_text, short_time, size, wrap_ja};
use crate::desktop::theme::{bold, icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, Findings, bad, button, button_sized, chip, error_count, good, hrow, icon_line, line_at, look, para, row_end,
    scroll_style, section, sentence_card, state_chip, subject_look, text,
};
use crate::engine::model::{Command, FileView, ParcelLine, ParcelView, State, Step, Trail};
use crate::entrust::Way;
use crate::parcel::ParcelId;
use crate::words::failure::failure;
use crate::words::{Lang, relay as wr, window as w};

/// Lines of a message that are shown before it is unfolded.
const FIRST_LINES: usize = 12;
/// Rows of files that are laid out before more is asked for.
const FIRST_FILES: usize = 30;
/// What the button that widens the pane needs, in either language.
const WIDEN: f32 = 150.0;

/// What is typed and unfolded in the pane. Starts anew with each parcel.
#[derive(Debug, Default)]
pub(super) struct Reading {
    of: Option<ParcelId>,
    findings: Findings,
    all_files: bool,
    all_named: bool,
    people: PeoplePane,
    handling: Handling,
    message: TextLines,
    text: TextLines,
    picture: Shown,
}

/// A text broken into lines once, not every frame: it may have 100,000 characters.
#[derive(Debug, Default)]
struct TextLines {
    made_for: Option<((ParcelId, usize), u32)>,
    lines: Vec<String>,
    open: bool,
}

impl Reading {
    /// Draws `line`, and all of it once it was opened.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        model: &Model,
        line: &ParcelLine,
        opened: Option<&Arc<ParcelView>>,
        incoming: bool,
        widened: Option<&mut bool>,
    ) -> Option<Action> {
        if self.of != Some(line.id) {
            *self = Self { of: Some(line.id), ..Self::default() };
        }
        let relay = opened.and_then(|view| view.relay);
        let mut asked = self.action_bar(ui, model.lang(), line, incoming, relay, widened);
        scroll_style(ui, |ui, content| {
            ScrollArea::vertical().auto_shrink(false).id_salt(("reading", line.id)).show(ui, |ui| {
                ui.set_style(content);
                Frame::new().inner_margin(Margin { left: 16, right: 8, top: 12, bottom: 16 }).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 12.0;
                    ui.set_width(ui.available_width());
                    head(ui, model, line, opened.map(|view| &**view), incoming);
                    asked = trouble(ui, model.lang(), line).or(asked.take());
                    let note = opened.map(|view| view.note.as_str()).unwrap_or_default();
                    if self.handling.is_shown(line, note) {
                        asked = full_card(ui, |ui| self.handling.show(ui, model, line, note)).or(asked.take());
                    }
                    match opened {
                        Some(view) => asked = self.body(ui, model, view).or(asked.take()),
                        None => icon_line(ui, ic::SCHEDULE, w::opening(model.lang()), reg(16.0), gray_700()),
                    }
                });
            });
        });
        self.handling.question(ui, model.lang(), line).or(asked)
    }

    fn body(&mut self, ui: &mut Ui, model: &Model, view: &Arc<ParcelView>) -> Option<Action> {
        let lang = model.lang();
        let mut asked = super::statement::cards(ui, lang, &view.statements, view.incoming, &mut self.all_named);
        if !view.message.trim().is_empty() {
            full_card(ui, |ui| {
                section(ui, ic::MARK_EMAIL_UNREAD, w::message(lang), |_| ());
                self.message.show(ui, lang, (view.line.id, usize::MAX), &view.message);
            });
        }
        if !view.people.is_empty() {
            asked = full_card(ui, |ui| self.people.show(ui, lang, view)).or(asked);
        }
        // A message is no file to be checked or saved.
        if !view.files.is_empty() {
            full_card(ui, |ui| self.checks(ui, lang, view));
            asked = full_card(ui, |ui| self.files(ui, lang, view)).or(asked);
        }
        let shown = model.preview.as_ref().filter(|preview| preview.parcel == view.line.id);
        if let Some(preview) = shown {
            asked = full_card(ui, |ui| self.preview(ui, lang, preview)).or(asked);
        }
        if !view.chain.is_empty() || !view.passed_on.is_empty() {
            full_card(ui, |ui| super::relay::chain(ui, model, view));
        }
        if !view.trail.is_empty() {
            full_card(ui, |ui| trail(ui, model, &view.trail, view.incoming));
        }
        asked
    }

    /// The one thing to do with this parcel now.
    fn action_bar(
        &mut self,
        ui: &mut Ui,
        lang: Lang,
        line: &ParcelLine,
        incoming: bool,
        relay: Option<Way>,
        widened: Option<&mut bool>,
    ) -> Option<Action> {
        let to_import = incoming && line.state == State::Arrived;
        let failed = !incoming && matches!(line.state, State::Failed(_));
        let waiting = !incoming && matches!(line.state, State::Waiting { .. });
        let mut asked = None;
        let bar = Frame::new().fill(white()).inner_margin(Margin::symmetric(16, 10)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_wrapped(|ui| {
                ui.set_min_height(TARGET);
                if to_import {
                    let pressed = button(ui, Btn::Primary, ic::CHECK_CIRCLE, w::mark_imported(lang));
                    if pressed.on_hover_text(w::imported_hint(lang)).clicked() {
                        asked = Some(Action::Ask(Command::MarkImported(line.id)));
                    }
                }
                if failed || waiting {
                    let again = if failed { w::retry(lang) } else { w::retry_now(lang) };
                    if button(ui, Btn::Primary, ic::SEND, again).clicked() {
                        asked = Some(Action::Ask(Command::Retry(line.id)));
                    }
                    if button(ui, Btn::Danger, ic::DELETE, w::withdraw(lang)).clicked() {
                        asked = Some(Action::Withdraw(line.id));
                    }
                }
                if let Some(way) = relay
                    && button(ui, Btn::Outline, ic::SEND, wr::pass_on(lang, way)).clicked()
                {
                    asked = Some(Action::PassOn(line.id));
                }
                self.handling.take_over(ui, lang, line);
                self.handling.toggle(ui, lang);
                let Some(widened) = widened else { return };
                let mut toggle = |ui: &mut Ui| {
                    let (glyph, words) = if *widened {
                        (ic::CLOSE_FULLSCREEN, w::show_list(lang))
                    } else {
                        (ic::OPEN_IN_FULL, w::widen(lang))
                    };
                    if button(ui, Btn::Text, glyph, words).clicked() {
                        *widened = !*widened;
                    }
                };
                // At the right where there is room, and else on a row of its own.
                if ui.available_size_before_wrap().x >= WIDEN {
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), toggle);
                } else {
                    ui.end_row();
                    toggle(ui);
                }
            });
        });
        let edge = bar.response.rect;
        ui.painter().hline(edge.x_range(), edge.bottom(), Stroke::new(1.0, hairline()));
        asked
    }

    /// What Ctrl+P asks for.
    pub fn to_print(&self, view: &Arc<ParcelView>) -> Option<Action> {
        (!view.people.is_empty()).then(|| self.people.to_print(view))
    }

    /// A picture or a text, shown in place.
    fn preview(&mut self, ui: &mut Ui, lang: Lang, preview: &Preview) -> Option<Action> {
        let mut closed = false;
        section(ui, ic::DESCRIPTION, &safe_text(&preview.name), |ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                closed = button_sized(ui, Btn::Text, ic::CLOSE, w::close_preview(lang), vec2(0.0, 36.0)).clicked();
            });
        });
        match &preview.kind {
            PreviewKind::Picture(picture) => {
                let form = Form { blocks: vec![Block::Picture(picture.clone())], ..Form::default() };
                self.picture.show(ui, &form);
            }
            PreviewKind::Text(text) => self.text.show(ui, lang, (preview.parcel, preview.index), text),
            PreviewKind::Unshown => {
                para(ui, w::preview_unshown(lang), 16.0, gray_800());
            }
        }
        closed.then_some(Action::ClosePreview)
    }

    fn checks(&mut self, ui: &mut Ui, lang: Lang, view: &ParcelView) {
        let summary = view.checked.summary();
        section(ui, ic::FLAG, w::checks(lang), |ui| error_count(ui, lang, summary.errors, summary.warnings));
        self.findings.show(ui, lang, view.checked.findings());
    }

    fn files(&mut self, ui: &mut Ui, lang: Lang, view: &ParcelView) -> Option<Action> {
        let mut asked = None;
        let title = format!("{} {}", w::files(lang), view.files.len());
        let folder = view.files.iter().find_map(|file| file.delivered.as_deref()).and_then(Path::parent);
        section(ui, ic::ATTACH_FILE, &title, |_| ());
        if let Some(folder) = folder {
            ui.horizontal_wrapped(|ui| {
                if button(ui, Btn::Outline, ic::FOLDER_OPEN, w::open_folder(lang)).clicked() {
                    asked = Some(Action::OpenFolder(folder.to_owned()));
                }
                text(ui, folder.display().to_string(), reg(14.0), gray_700());
            });
        }
        let shown = if self.all_files { view.files.len() } else { FIRST_FILES };
        for (index, file) in view.files.iter().enumerate().take(shown) {
            let parcel = view.line.id;
            match file_row(ui, lang, file, view.incoming) {
                Some(Pressed::Save) => {
                    let name = safe_file_name(&file.name);
                    asked = Some(Action::Choose(Choice::SaveAs { parcel, index, name }));
                }
                Some(Pressed::Look) => asked = Some(Action::Ask(Command::Content { parcel, index })),
                None => {}
            }
        }
        let hidden = view.files.len().saturating_sub(shown);
        if hidden > 0 && button(ui, Btn::Text, ic::EXPAND_MORE, &w::show_more(lang, hidden)).clicked() {
            self.all_files = true;
        }
        asked
    }
}

impl TextLines {
    fn show(&mut self, ui: &mut Ui, lang: Lang, of: (ParcelId, usize), text: &str) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a window's width")]
        let width = ui.available_width().max(0.0) as u32;
        if self.made_for != Some((of, width)) {
            let safe = safe_lines(text.trim_end());
            let wrapped = wrap_ja(ui, &safe, &reg(16.0), ui.available_width());
            self.lines = wrapped.lines().map(str::to_owned).collect();
            self.made_for = Some((of, width));
        }
        let hidden = self.lines.len().saturating_sub(FIRST_LINES);
        if !self.open || hidden == 0 {
            lines(ui, self.lines.iter().take(FIRST_LINES));
            if hidden > 0 && button(ui, Btn::Text, ic::EXPAND_MORE, &w::more_lines(lang, hidden)).clicked() {
                self.open = true;
            }
            return;
        }
        scroll_style(ui, |ui, content| {
            let area = ScrollArea::vertical().max_height(480.0).auto_shrink([false, true]).id_salt(("text", of));
            ui.spacing_mut().item_spacing.y = 0.0;
            area.show_rows(ui, 26.0, self.lines.len(), |ui, range| {
                ui.set_style(content);
                ui.spacing_mut().item_spacing.y = 0.0;
                for line in self.lines.get(range).unwrap_or_default() {
                    message_line(ui, line);
                }
            });
        });
        if button(ui, Btn::Text, "", w::read_less(lang)).clicked() {
            self.open = false;
        }
    }
}

fn lines<'a>(ui: &mut Ui, lines: impl Iterator<Item = &'a String>) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for line in lines {
            message_line(ui, line);
        }
    });
}

fn message_line(ui: &mut Ui, line: &str) {
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), 26.0),
        egui::Layout::left_to_right(egui::Align::Center),
        |ui| {
            ui.set_height(26.0);
            ui.add(Label::new(RichText::new(line).font(reg(16.0)).color(gray_800())).extend());
        },
    );
}

fn head(ui: &mut Ui, model: &Model, line: &ParcelLine, opened: Option<&ParcelView>, incoming: bool) {
    let lang = model.lang();
    full_card(ui, |ui| {
        ui.add(Label::new(RichText::new(safe_text(&line.partner_name)).font(bold(20.0)).color(gray_900())).truncate());
        let time = long_time(lang, line.at, &model.zone);
        let when = if incoming { w::received_at(lang, &time) } else { w::written_at(lang, &time) };
        hrow(ui, 22.0, |ui| {
            ui.label(RichText::new(ic::APARTMENT).font(icon(20.0)).color(gray_700()));
            text(ui, format!("{}　{when}", line.partner), reg(14.0), gray_700());
        });
        ui.scope(|ui| {
            ui.spacing_mut().interact_size.y = 28.0;
            ui.horizontal_wrapped(|ui| {
                for subject in &line.subjects {
                    let (words, colors) = subject_look(lang, *subject);
                    chip(ui, "", words, colors);
                }
                state_chip(ui, lang, &line.state, incoming);
                handling::chips(ui, lang, line);
                if incoming && let Some(view) = opened {
                    match view.signed_by {
                        Some(office) if office == line.partner => {
                            chip(ui, ic::VERIFIED_USER, w::signature_good(lang), good())
                        }
                        _ => chip(ui, ic::WARNING, w::signature_none(lang), look()),
                    };
                }
            });
        });
    });
}

/// What went wrong with it and what to do, where something did.
fn trouble(ui: &mut Ui, lang: Lang, line: &ParcelLine) -> Option<Action> {
    match &line.state {
        State::Failed(problem) | State::Refused(problem) => {
            sentence_card(ui, ic::ERROR, bad(), &failure(lang, problem));
        }
        State::Waiting { last: Some(problem), .. } | State::Held(problem) => {
            sentence_card(ui, ic::WARNING, look(), &failure(lang, problem));
        }
        _ => {}
    }
    let changed = ChangedPartner::of(line)?;
    button(ui, Btn::Outline, ic::VERIFIED_USER, w::trust_look(lang)).clicked().then_some(Action::AskTrust(changed))
}

/// What was pressed at a file.
enum Pressed {
    Save,
    Look,
}

/// One file.
fn file_row(ui: &mut Ui, lang: Lang, file: &FileView, incoming: bool) -> Option<Pressed> {
    let (rect, row) = ui.allocate_exact_size(vec2(ui.available_width(), 60.0), Sense::hover());
    let known = !file.kind.is_empty();
    let kind = if known { file.kind.as_str() } else { w::unknown_kind(lang) };
    let place =
        if incoming && file.delivered.is_none() { format!("　{}", w::not_delivered(lang)) } else { String::new() };
    let about = format!("{kind}　{}{place}", size(file.size));
    row.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{} {about}", safe_text(&file.name))));
    row.on_hover_text(safe_text(&file.name));
    let p = ui.painter();
    p.rect(rect, CornerRadius::same(R8), white(), Stroke::new(1.0, hairline()), StrokeKind::Inside);
    let (fill, color) = if known { (green_50(), green_900()) } else { (gray_100(), gray_700()) };
    let mark = Rect::from_min_size(rect.min + vec2(8.0, 10.0), vec2(40.0, 40.0));
    p.rect_filled(mark, CornerRadius::same(6), fill);
    let glyph = if known { ic::TABLE_VIEW } else { ic::DESCRIPTION };
    p.text(mark.center(), Align2::CENTER_CENTER, glyph, icon(24.0), color);
    let look = can_be_shown(&file.name);
    let (left, width) = (rect.left() + 60.0, rect.width() - 60.0 - if look { 220.0 } else { 120.0 });
    line_at(p, left, rect.top() + 20.0, kind, bold(16.0), gray_900(), width);
    line_at(
        p,
        left,
        rect.top() + 43.0,
        &format!("{}　{}{place}", size(file.size), file.name),
        reg(14.0),
        gray_700(),
        width,
    );
    row_end(ui, rect, &file.name, |ui| {
        let mut pressed = None;
        if button(ui, Btn::Outline, ic::DOWNLOAD, w::save_file(lang)).clicked() {
            pressed = Some(Pressed::Save);
        }
        if look && button_sized(ui, Btn::Outline, "", w::view(lang), vec2(72.0, TARGET)).clicked() {
            pressed = Some(Pressed::Look);
        }
        pressed
    })
}

/// A name to offer in the dialog: never a path.
fn safe_file_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    base.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn trail(ui: &mut Ui, model: &Model, steps: &[Trail], incoming: bool) {
    let lang = model.lang();
    section(ui, ic::SCHEDULE, w::trail(lang), |_| ());
    let shown = 60;
    for (at, step) in steps.iter().enumerate().skip(steps.len().saturating_sub(shown)) {
        let (glyph, color, problem) = match &step.step {
            Step::Refused(problem) => (ic::ERROR, red_900(), Some(problem)),
            Step::Tried(problem) | Step::Held(problem) => (ic::WARNING, yellow_1000(), Some(problem)),
            Step::Imported => (ic::CHECK_CIRCLE, green_900(), None),
            _ => (ic::DONE, blue_900(), None),
        };
        let last = at + 1 == steps.len();
        hrow(ui, 24.0, |ui| {
            ui.label(RichText::new(glyph).font(icon(20.0)).color(color));
            let (words, _) = ui.allocate_exact_size(vec2(176.0, 24.0), Sense::hover());
            let font = if last { bold(16.0) } else { reg(16.0) };
            line_at(
                ui.painter(),
                words.left(),
                words.center().y,
                w::step(lang, &step.step, incoming),
                font,
                gray_900(),
                176.0,
            );
            text(ui, short_time(step.at, &model.zone), reg(14.0), gray_700())
                .widget_info(|| spoken_step(model, step, incoming));
        });
        if let Some(problem) = problem {
            para(ui, &failure(lang, problem).what, 14.0, gray_700());
        }
    }
}

fn spoken_step(model: &Model, step: &Trail, incoming: bool) -> WidgetInfo {
    let words = format!("{} {}", w::step(model.lang(), &step.step, incoming), short_time(step.at, &model.zone));
    WidgetInfo::labeled(Role::Label, true, words)
}
