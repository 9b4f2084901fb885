//! The reading pane: one parcel with everything that is known of it.

use std::path::Path;

use egui::accesskit::Role;
use egui::{
    Align2, CornerRadius, Frame, Label, Margin, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, Ui,
    WidgetInfo, vec2,
};

use crate::desktop::Action;
use crate::desktop::desk::Choice;
use crate::desktop::forms::SheetGrid;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::{long_time, safe_lines, safe_text, search_key, short_time, size, wrap_ja};
use crate::desktop::theme::{bold, card, icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    BAD, Btn, Findings, GOOD, LOOK, button, button_if, chip, error_count, hrow, icon_line, line_at, para, row_end,
    scroll_style, section, sentence_card, state_chip, subject_look, text,
};
use crate::engine::model::{Command, FileView, ParcelLine, ParcelView, State, Step, Trail};
use crate::parcel::ParcelId;
use crate::standard::MonthSheet;
use crate::words::failure::failure;
use crate::words::{Lang, window as w};

/// Lines of a message that are shown before it is unfolded.
const FIRST_LINES: usize = 12;
/// Rows of files that are laid out before more is asked for.
const FIRST_FILES: usize = 30;

/// What is typed and unfolded in the pane. Starts anew with each parcel.
#[derive(Debug, Default)]
pub(super) struct Reading {
    of: Option<ParcelId>,
    findings: Findings,
    all_files: bool,
    person: usize,
    person_query: String,
    message: Message,
}

/// A message broken into lines once, not every frame: it may have 100,000 characters.
#[derive(Debug, Default)]
struct Message {
    made_for: Option<(ParcelId, u32)>,
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
        opened: Option<&ParcelView>,
        incoming: bool,
        widened: Option<&mut bool>,
    ) -> Option<Action> {
        if self.of != Some(line.id) {
            *self = Self { of: Some(line.id), ..Self::default() };
        }
        let mut asked = action_bar(ui, model.lang(), line, incoming, widened);
        scroll_style(ui, |ui, content| {
            ScrollArea::vertical().auto_shrink(false).id_salt(("reading", line.id)).show(ui, |ui| {
                ui.set_style(content);
                Frame::new().inner_margin(Margin { left: 16, right: 8, top: 12, bottom: 16 }).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = 12.0;
                    ui.set_width(ui.available_width());
                    head(ui, model, line, opened, incoming);
                    trouble(ui, model.lang(), line);
                    match opened {
                        Some(view) => asked = self.body(ui, model, view).or(asked.take()),
                        None => icon_line(ui, ic::SCHEDULE, w::opening(model.lang()), reg(16.0), GRAY_700),
                    }
                });
            });
        });
        asked
    }

    fn body(&mut self, ui: &mut Ui, model: &Model, view: &ParcelView) -> Option<Action> {
        let lang = model.lang();
        if !view.message.trim().is_empty() {
            white(ui, |ui| self.message.show(ui, lang, view));
        }
        if !view.sheets.is_empty() {
            white(ui, |ui| self.sheets(ui, lang, &view.sheets));
        }
        white(ui, |ui| self.checks(ui, lang, view));
        let asked = white(ui, |ui| self.files(ui, lang, view));
        if !view.trail.is_empty() {
            white(ui, |ui| trail(ui, model, &view.trail, view.incoming));
        }
        asked
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
                text(ui, folder.display().to_string(), reg(14.0), GRAY_700);
            });
        }
        let shown = if self.all_files { view.files.len() } else { FIRST_FILES };
        for (index, file) in view.files.iter().enumerate().take(shown) {
            if file_row(ui, lang, file, view.incoming) {
                let name = safe_file_name(&file.name);
                asked = Some(Action::Choose(Choice::SaveAs { parcel: view.line.id, index, name }));
            }
        }
        let hidden = view.files.len().saturating_sub(shown);
        if hidden > 0 && button(ui, Btn::Text, ic::EXPAND_MORE, &w::show_more(lang, hidden)).clicked() {
            self.all_files = true;
        }
        asked
    }

    fn sheets(&mut self, ui: &mut Ui, lang: Lang, sheets: &[MonthSheet]) {
        self.person = self.person.min(sheets.len().saturating_sub(1));
        let Some(sheet) = sheets.get(self.person) else { return };
        let title = match lang {
            Lang::Ja => format!("{}　{}", w::sheet(lang), sheet.month.label_ja()),
            Lang::En => format!("{}  {}-{:02}", w::sheet(lang), sheet.month.year(), sheet.month.month()),
        };
        section(ui, ic::CALENDAR_MONTH, &title, |ui| {
            if sheet.is_comparable() {
                match sheet.differences() {
                    0 => chip(ui, ic::CHECK_CIRCLE, w::sheet_same(lang), GOOD),
                    count => chip(ui, ic::ERROR, &w::differences(lang, count), (ORANGE_50, ORANGE_900, ORANGE_900)),
                };
            }
        });
        if sheets.len() > 1 {
            self.person_picker(ui, lang, sheets);
        } else {
            icon_line(ui, ic::PERSON, &person_name(lang, sheet), bold(16.0), GRAY_900);
        }
        SheetGrid::new(sheet, lang).show(ui);
    }

    fn person_picker(&mut self, ui: &mut Ui, lang: Lang, sheets: &[MonthSheet]) {
        let last = sheets.len().saturating_sub(1);
        ui.horizontal_wrapped(|ui| {
            let name = sheets.get(self.person).map(|sheet| person_name(lang, sheet)).unwrap_or_default();
            let shown = RichText::new(safe_text(&name)).font(bold(16.0)).color(GRAY_900);
            let width = (ui.available_width() - 20.0).clamp(160.0, 300.0);
            let combo = egui::ComboBox::from_id_salt("person")
                .width(width)
                .selected_text(shown)
                .truncate()
                .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
                .show_ui(ui, |ui| self.person_choices(ui, lang, sheets));
            combo
                .response
                .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{}　{name}", w::person(lang))));
            let size = vec2(0.0, TARGET);
            let previous = w::previous_person(lang);
            if button_if(ui, self.person > 0, Btn::Outline, ic::ARROW_UPWARD, previous, size).clicked() {
                self.person = self.person.saturating_sub(1);
            }
            let next = w::next_person(lang);
            if button_if(ui, self.person < last, Btn::Outline, ic::ARROW_DOWNWARD, next, size).clicked() {
                self.person = (self.person + 1).min(last);
            }
            text(ui, w::person_position(lang, self.person + 1, sheets.len()), reg(14.0), GRAY_700);
        });
    }

    fn person_choices(&mut self, ui: &mut Ui, lang: Lang, sheets: &[MonthSheet]) {
        if sheets.len() > 10 {
            let field = TextEdit::singleline(&mut self.person_query)
                .hint_text(w::person_search(lang))
                .char_limit(50)
                .margin(Margin::symmetric(8, 10));
            let response = ui.add(field);
            response.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, w::person_search(lang)));
        }
        let wanted = search_key(&self.person_query);
        let matching: Vec<usize> = (0..sheets.len())
            .filter(|at| wanted.is_empty() || sheets.get(*at).is_some_and(|sheet| person_key(sheet).contains(&wanted)))
            .collect();
        ScrollArea::vertical().max_height(320.0).id_salt("persons").show_rows(
            ui,
            TARGET,
            matching.len(),
            |ui, range| {
                for at in matching.get(range).unwrap_or_default() {
                    let Some(sheet) = sheets.get(*at) else { continue };
                    let name = person_name(lang, sheet);
                    if ui.selectable_label(self.person == *at, safe_text(&name)).clicked() {
                        self.person = *at;
                        ui.close();
                    }
                }
            },
        );
    }
}

impl Message {
    fn show(&mut self, ui: &mut Ui, lang: Lang, view: &ParcelView) {
        section(ui, ic::MARK_EMAIL_UNREAD, w::message(lang), |_| ());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a window's width")]
        let width = ui.available_width().max(0.0) as u32;
        if self.made_for != Some((view.line.id, width)) {
            let safe = safe_lines(view.message.trim_end());
            let wrapped = wrap_ja(ui, &safe, &reg(16.0), ui.available_width());
            self.lines = wrapped.lines().map(str::to_owned).collect();
            self.made_for = Some((view.line.id, width));
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
            let area = ScrollArea::vertical().max_height(480.0).auto_shrink([false, true]).id_salt("message");
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
            ui.add(Label::new(RichText::new(line).font(reg(16.0)).color(GRAY_800)).extend());
        },
    );
}

fn white<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let full = |ui: &mut Ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 8.0;
        add(ui)
    };
    card().show(ui, full).inner
}

/// The one thing to do with this parcel now.
fn action_bar(
    ui: &mut Ui,
    lang: Lang,
    line: &ParcelLine,
    incoming: bool,
    widened: Option<&mut bool>,
) -> Option<Action> {
    let to_import = incoming && line.state == State::Arrived;
    let failed = !incoming && matches!(line.state, State::Failed(_));
    let waiting = !incoming && matches!(line.state, State::Waiting { .. });
    let mut asked = None;
    let bar = Frame::new().fill(WHITE).inner_margin(Margin::symmetric(16, 10)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
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
            let Some(widened) = widened else { return };
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let (glyph, words) = if *widened {
                    (ic::CLOSE_FULLSCREEN, w::show_list(lang))
                } else {
                    (ic::OPEN_IN_FULL, w::widen(lang))
                };
                if button(ui, Btn::Text, glyph, words).clicked() {
                    *widened = !*widened;
                }
            });
        });
    });
    let edge = bar.response.rect;
    ui.painter().hline(edge.x_range(), edge.bottom(), Stroke::new(1.0, HAIRLINE));
    asked
}

fn head(ui: &mut Ui, model: &Model, line: &ParcelLine, opened: Option<&ParcelView>, incoming: bool) {
    let lang = model.lang();
    white(ui, |ui| {
        ui.add(Label::new(RichText::new(safe_text(&line.partner_name)).font(bold(20.0)).color(GRAY_900)).truncate());
        let time = long_time(lang, line.at, &model.zone);
        let when = if incoming { w::received_at(lang, &time) } else { w::written_at(lang, &time) };
        hrow(ui, 22.0, |ui| {
            ui.label(RichText::new(ic::APARTMENT).font(icon(20.0)).color(GRAY_700));
            text(ui, format!("{}　{when}", line.partner), reg(14.0), GRAY_700);
        });
        ui.scope(|ui| {
            ui.spacing_mut().interact_size.y = 28.0;
            ui.horizontal_wrapped(|ui| {
                for subject in &line.subjects {
                    let (words, colors) = subject_look(lang, *subject);
                    chip(ui, "", words, colors);
                }
                state_chip(ui, lang, &line.state, incoming);
                if incoming && let Some(view) = opened {
                    match view.signed_by {
                        Some(office) if office == line.partner => {
                            chip(ui, ic::VERIFIED_USER, w::signature_good(lang), GOOD)
                        }
                        _ => chip(ui, ic::WARNING, w::signature_none(lang), LOOK),
                    };
                }
            });
        });
    });
}

/// What went wrong with it and what to do, where something did.
fn trouble(ui: &mut Ui, lang: Lang, line: &ParcelLine) {
    match &line.state {
        State::Failed(problem) | State::Refused(problem) => {
            sentence_card(ui, ic::ERROR, BAD, &failure(lang, problem));
        }
        State::Waiting { last: Some(problem), .. } | State::Held(problem) => {
            sentence_card(ui, ic::WARNING, LOOK, &failure(lang, problem));
        }
        _ => {}
    }
}

/// One file; tells whether a copy is to be saved.
fn file_row(ui: &mut Ui, lang: Lang, file: &FileView, incoming: bool) -> bool {
    let (rect, row) = ui.allocate_exact_size(vec2(ui.available_width(), 60.0), Sense::hover());
    let known = !file.kind.is_empty();
    let kind = if known { file.kind.as_str() } else { w::unknown_kind(lang) };
    let place =
        if incoming && file.delivered.is_none() { format!("　{}", w::not_delivered(lang)) } else { String::new() };
    let about = format!("{kind}　{}{place}", size(file.size));
    row.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{} {about}", safe_text(&file.name))));
    row.on_hover_text(safe_text(&file.name));
    let p = ui.painter();
    p.rect(rect, CornerRadius::same(R8), WHITE, Stroke::new(1.0, HAIRLINE), StrokeKind::Inside);
    let (fill, color) = if known { (GREEN_50, GREEN_900) } else { (GRAY_100, GRAY_700) };
    let mark = Rect::from_min_size(rect.min + vec2(8.0, 10.0), vec2(40.0, 40.0));
    p.rect_filled(mark, CornerRadius::same(6), fill);
    let glyph = if known { ic::TABLE_VIEW } else { ic::DESCRIPTION };
    p.text(mark.center(), Align2::CENTER_CENTER, glyph, icon(24.0), color);
    let (left, width) = (rect.left() + 60.0, rect.width() - 60.0 - 120.0);
    line_at(p, left, rect.top() + 20.0, kind, bold(16.0), GRAY_900, width);
    line_at(
        p,
        left,
        rect.top() + 43.0,
        &format!("{}　{}{place}", size(file.size), file.name),
        reg(14.0),
        GRAY_700,
        width,
    );
    row_end(ui, rect, &file.name, |ui| button(ui, Btn::Outline, ic::DOWNLOAD, w::save_file(lang)).clicked())
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
            Step::Refused(problem) => (ic::ERROR, RED_900, Some(problem)),
            Step::Tried(problem) | Step::Held(problem) => (ic::WARNING, YELLOW_1000, Some(problem)),
            Step::Imported => (ic::CHECK_CIRCLE, GREEN_900, None),
            _ => (ic::DONE, BLUE_900, None),
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
                GRAY_900,
                176.0,
            );
            text(ui, short_time(step.at, &model.zone), reg(14.0), GRAY_700)
                .widget_info(|| spoken_step(model, step, incoming));
        });
        if let Some(problem) = problem {
            para(ui, &failure(lang, problem).what, 14.0, GRAY_700);
        }
    }
}

fn spoken_step(model: &Model, step: &Trail, incoming: bool) -> WidgetInfo {
    let words = format!("{} {}", w::step(model.lang(), &step.step, incoming), short_time(step.at, &model.zone));
    WidgetInfo::labeled(Role::Label, true, words)
}

/// What a person is called: by name where it came along, else by number.
fn person_name(lang: Lang, sheet: &MonthSheet) -> String {
    match &sheet.person_name {
        Some(name) if !name.trim().is_empty() => w::person_named(lang, name, &sheet.person.insured),
        _ => w::person_numbered(lang, &sheet.person.insured),
    }
}

fn person_key(sheet: &MonthSheet) -> String {
    let kana = sheet.kana.as_deref().unwrap_or_default();
    search_key(&format!("{}\n{kana}\n{}", sheet.person_name.as_deref().unwrap_or_default(), sheet.person))
}
