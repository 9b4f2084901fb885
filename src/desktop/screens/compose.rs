//! 新規作成: choose files, see them sorted by receiver and checked, write a word, review, send.

use std::collections::HashMap;
use std::path::PathBuf;

use egui::accesskit::Role;
use egui::{CornerRadius, Label, Rect, RichText, Sense, Stroke, StrokeKind, TextEdit, Ui, WidgetInfo, vec2};

use super::review;
use crate::desktop::Action;
use crate::desktop::desk::Choice;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::{safe_text, size};
use crate::desktop::theme::{bold, card, icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, FIELD_MARGIN, Findings, bad, button, button_if, button_sized, chip, elide, empty_state, error_count,
    icon_line, line_at, look, para, section, sentence_card, subject_look, text,
};
use crate::engine::model::{Astray, AstrayReason, Bundle, Examined, SendRequest};
use crate::standard::{Finding, OfficeNumber, Severity};
use crate::words::failure::{Sentence, failure};
use crate::words::{Lang, window as w};

/// A message may be so long here; a parcel takes ten times as much.
const MESSAGE_CHARS: usize = 10_000;
/// Files named in a card before more is asked for.
const FIRST_FILES: usize = 4;
const FIRST_ASTRAY: usize = 30;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Choosing,
    Reviewing,
    /// Asked for; the engine has not put it into the outbox yet.
    Sending,
}

/// What is typed and unfolded while something is being sent.
#[derive(Debug, Default)]
pub(in crate::desktop) struct Compose {
    stage: Stage,
    /// By receiver, so that words survive when more files come.
    drafts: HashMap<OfficeNumber, Draft>,
    all_astray: bool,
}

/// The user's part of one bundle.
#[derive(Debug)]
struct Draft {
    include: bool,
    message: String,
    open: bool,
    all_files: bool,
    findings: Findings,
}

impl Default for Draft {
    fn default() -> Self {
        Self { include: true, message: String::new(), open: false, all_files: false, findings: Findings::default() }
    }
}

impl Compose {
    /// The engine has it: begin anew next time.
    pub fn sent(&mut self) {
        *self = Self::default();
    }

    /// The engine could not take it: everything typed is still there.
    pub fn not_sent(&mut self) {
        if self.stage == Stage::Sending {
            self.stage = Stage::Choosing;
        }
    }

    pub fn back_to_choosing(&mut self) {
        if self.stage == Stage::Reviewing {
            self.stage = Stage::Choosing;
        }
    }

    /// The files of the last examination, to be looked at again together with others.
    pub fn paths(&self, examined: Option<&Examined>) -> Vec<PathBuf> {
        let Some(examined) = examined else { return Vec::new() };
        let bundled = examined.bundles.iter().flat_map(|bundle| &bundle.files).map(|file| file.path.clone());
        bundled.chain(examined.astray.iter().map(|astray| astray.path.clone())).collect()
    }

    /// What would be sent now.
    fn requests(&self, examined: &Examined) -> Vec<SendRequest> {
        let included = examined.bundles.iter().filter(|bundle| self.includes(bundle));
        included
            .map(|bundle| {
                let paths = bundle.files.iter().map(|file| file.path.clone()).collect();
                let message =
                    self.drafts.get(&bundle.receiver).map(|d| d.message.trim().to_owned()).unwrap_or_default();
                SendRequest::new(bundle.receiver, paths, message)
            })
            .collect()
    }

    fn includes(&self, bundle: &Bundle) -> bool {
        bundle.may_be_sent() && self.drafts.get(&bundle.receiver).is_none_or(|draft| draft.include)
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let examined = model.examined.clone();
        match (self.stage, &examined) {
            (Stage::Reviewing, Some(examined)) => self.review(ui, model, examined),
            (Stage::Sending, Some(_)) => {
                waiting(ui, w::putting(model.lang()));
                None
            }
            _ => super::page(ui, "compose", |ui| self.choosing(ui, model, examined.as_deref())),
        }
    }

    fn review(&mut self, ui: &mut Ui, model: &Model, examined: &Examined) -> Option<Action> {
        let included: Vec<&Bundle> = examined.bundles.iter().filter(|bundle| self.includes(bundle)).collect();
        let left_out = examined.bundles.len() - included.len();
        let message = |office: &OfficeNumber| self.drafts.get(office).map(|d| d.message.trim()).unwrap_or_default();
        match super::page(ui, "review", |ui| review::show(ui, model.lang(), &included, left_out, message))? {
            review::Answer::Back => {
                self.stage = Stage::Choosing;
                None
            }
            review::Answer::Send => {
                let requests = self.requests(examined);
                self.stage = Stage::Sending;
                (!requests.is_empty()).then_some(Action::Send(requests))
            }
        }
    }

    fn choosing(&mut self, ui: &mut Ui, model: &Model, examined: Option<&Examined>) -> Option<Action> {
        let lang = model.lang();
        super::title(ui, w::compose(lang));
        let mut asked = choose_card(ui, model, examined.is_some());
        if model.examining {
            checking(ui, model);
        }
        let Some(examined) = examined else {
            if !model.examining {
                drop_area(ui, lang);
            }
            return asked;
        };
        if examined.bundles.is_empty() && examined.astray.is_empty() {
            let area = vec2(ui.available_width(), 220.0);
            ui.allocate_ui(area, |ui| {
                empty_state(ui, ic::SEARCH, w::nothing_to_send(lang), w::nothing_to_send_hint(lang));
            });
            return asked;
        }
        asked = asked.or(self.send_bar(ui, lang, examined));
        for bundle in &examined.bundles {
            let draft = self.drafts.entry(bundle.receiver).or_default();
            bundle_card(ui, lang, bundle, draft);
        }
        if !examined.astray.is_empty() {
            self.astray(ui, lang, &examined.astray);
        }
        asked
    }

    /// 「確認して送る」, and how many it would go to.
    fn send_bar(&mut self, ui: &mut Ui, lang: Lang, examined: &Examined) -> Option<Action> {
        let count = examined.bundles.iter().filter(|bundle| self.includes(bundle)).count();
        ui.horizontal_wrapped(|ui| {
            if button_if(ui, count > 0, Btn::Primary, ic::SEND, w::review(lang), vec2(180.0, 48.0)).clicked() {
                self.stage = Stage::Reviewing;
            }
            let words = if count > 0 { w::review_button(lang, count) } else { w::choose_one(lang).to_owned() };
            text(ui, words, reg(16.0), gray_800());
        });
        None
    }

    fn astray(&mut self, ui: &mut Ui, lang: Lang, astray: &[Astray]) {
        full_card(ui, |ui| {
            let title = format!("{}　{}", w::astray(lang), w::parcels(lang, &astray.len().to_string()));
            section(ui, ic::WARNING, &title, |_| ());
            let shown = if self.all_astray { 1_000 } else { FIRST_ASTRAY };
            for file in astray.iter().take(shown) {
                astray_row(ui, lang, file);
            }
            let hidden = astray.len().saturating_sub(shown);
            if hidden > 0 && button(ui, Btn::Text, ic::EXPAND_MORE, &w::show_more(lang, hidden)).clicked() {
                self.all_astray = true;
            }
        });
    }
}

fn full_card<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    card()
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 8.0;
            add(ui)
        })
        .inner
}

fn waiting(ui: &mut Ui, words: &str) {
    super::page(ui, "sending", |ui| icon_line(ui, ic::SCHEDULE, words, reg(16.0), gray_800()));
}

fn checking(ui: &mut Ui, model: &Model) {
    let lang = model.lang();
    let words = match model.progress {
        Some(progress) => w::checking(lang, progress.done, progress.total),
        None => w::examining(lang).to_owned(),
    };
    icon_line(ui, ic::SYNC, &words, bold(16.0), blue_900());
}

/// Where files come in: the whole window takes them, this says so and has the buttons.
fn choose_card(ui: &mut Ui, model: &Model, begun: bool) -> Option<Action> {
    let lang = model.lang();
    let mut asked = None;
    // Before anything was chosen, choosing is the one thing to do.
    let first = if begun || model.examining { Btn::Outline } else { Btn::Primary };
    card().fill(blue_50()).stroke(Stroke::new(1.0, blue_300())).show(ui, |ui| {
        ui.set_width(ui.available_width());
        para(ui, w::compose_intro(lang), 16.0, gray_900());
        ui.horizontal_wrapped(|ui| {
            if button(ui, first, ic::DESCRIPTION, w::choose_files(lang)).clicked() {
                asked = Some(Action::Choose(Choice::FilesToSend));
            }
            if button(ui, Btn::Outline, ic::FOLDER_OPEN, w::choose_folder(lang)).clicked() {
                asked = Some(Action::Choose(Choice::FolderToSend));
            }
            if button(ui, Btn::Outline, ic::DRAFTS, w::from_outgoing(lang)).clicked() {
                asked = Some(Action::ExamineOutgoing);
            }
            if begun && button(ui, Btn::Text, ic::UNDO, w::start_over(lang)).clicked() {
                asked = Some(Action::StartOver);
            }
        });
    });
    asked
}

/// The rest of the empty page says that files can be put here.
fn drop_area(ui: &mut Ui, lang: Lang) {
    let height = (ui.clip_rect().bottom() - ui.cursor().top() - 32.0).clamp(120.0, 360.0);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, w::drop_area(lang)));
    let p = ui.painter();
    p.rect_filled(rect, CornerRadius::same(R8), white());
    let edge = rect.shrink(1.0);
    let corners = [edge.left_top(), edge.right_top(), edge.right_bottom(), edge.left_bottom(), edge.left_top()];
    p.extend(egui::Shape::dashed_line(&corners, Stroke::new(2.0, gray_420()), 8.0, 6.0));
    p.text(rect.center() - vec2(0.0, 30.0), egui::Align2::CENTER_CENTER, ic::FOLDER_OPEN, icon(48.0), gray_536());
    let words = elide(p, w::drop_area(lang), reg(16.0), gray_700(), rect.width() - 24.0);
    p.galley((rect.center() + vec2(0.0, 22.0) - words.size() / 2.0).round(), words, gray_700());
}

fn bundle_card(ui: &mut Ui, lang: Lang, bundle: &Bundle, draft: &mut Draft) {
    full_card(ui, |ui| {
        let may = bundle.may_be_sent();
        receiver_line(ui, lang, bundle, draft, may);
        chips(ui, lang, bundle);
        if !may {
            let sentence =
                Sentence { what: w::cannot_send(lang).to_owned(), todo: w::cannot_send_hint(lang).to_owned() };
            sentence_card(ui, ic::ERROR, bad(), &sentence);
        }
        if !bundle.findings.is_empty() {
            findings(ui, lang, bundle, draft, may);
        }
        files(ui, lang, bundle, draft);
        if may && draft.include {
            let label = ui.label(RichText::new(w::message(lang)).font(bold(16.0)).color(gray_900()));
            let field = TextEdit::multiline(&mut draft.message)
                .hint_text(w::message_hint(lang))
                .text_color(gray_900())
                .char_limit(MESSAGE_CHARS)
                .desired_rows(2)
                .desired_width(f32::INFINITY)
                .margin(FIELD_MARGIN);
            ui.add(field).labelled_by(label.id);
        }
    });
}

/// What a bundle's receiver is called; never empty.
pub(super) fn receiver_name(lang: Lang, bundle: &Bundle) -> String {
    if bundle.receiver_name.trim().is_empty() {
        w::unknown_receiver(lang).to_owned()
    } else {
        safe_text(&bundle.receiver_name).into_owned()
    }
}

/// Number and service of a receiver.
pub(super) fn receiver_about(lang: Lang, bundle: &Bundle) -> String {
    let service = match &bundle.receiver_service {
        Some(service) => w::service(lang, service),
        None => w::unknown_service(lang).to_owned(),
    };
    format!("{}　{service}", bundle.receiver)
}

/// A check box with the receiver's name. Drawn here, because a name may be longer than the window.
fn receiver_line(ui: &mut Ui, lang: Lang, bundle: &Bundle, draft: &mut Draft, may: bool) {
    let name = receiver_name(lang, bundle);
    let on = may && draft.include;
    // Only the box looks disabled: the name is still to be read.
    let sense = if may { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 48.0), sense);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, may, on, &name));
    let p = ui.painter();
    let square = Rect::from_center_size(rect.left_center() + vec2(14.0, 0.0), vec2(26.0, 26.0));
    let (fill, border) = match (may, on) {
        (false, _) => (gray_100(), gray_420()),
        (_, true) => (blue_900(), blue_900()),
        _ => (white(), gray_600()),
    };
    let width = if response.hovered() { 2.5 } else { 1.5 };
    p.rect(square, CornerRadius::same(R4), fill, Stroke::new(width, border), StrokeKind::Inside);
    if on {
        p.text(square.center(), egui::Align2::CENTER_CENTER, ic::DONE, icon(22.0), white());
    }
    let (left, width) = (rect.left() + 40.0, rect.width() - 44.0);
    line_at(p, left, rect.top() + 13.0, &name, bold(18.0), gray_900(), width);
    line_at(p, left, rect.top() + 37.0, &receiver_about(lang, bundle), reg(14.0), gray_700(), width);
    if response.clicked() && may {
        draft.include = !draft.include;
    }
}

fn chips(ui: &mut Ui, lang: Lang, bundle: &Bundle) {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 28.0;
        ui.horizontal_wrapped(|ui| {
            for subject in &bundle.subjects {
                let (words, colors) = subject_look(lang, *subject);
                chip(ui, "", words, colors);
            }
            let mut counts = w::file_count(lang, bundle.files.len());
            if bundle.persons > 0 {
                counts = format!("{counts}　{}", w::person_count(lang, bundle.persons));
            }
            text(ui, counts, reg(14.0), gray_700());
            let (errors, warnings) = count(&bundle.findings);
            error_count(ui, lang, errors, warnings);
            if bundle.receiver_name.trim().is_empty() {
                chip(ui, ic::WARNING, w::unknown_receiver(lang), look());
            }
        });
    });
}

/// Errors and warnings among findings.
pub(super) fn count(findings: &[Finding]) -> (usize, usize) {
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    (of(Severity::Error), of(Severity::Warning))
}

/// Errors are shown at once; the rest unfolds.
fn findings(ui: &mut Ui, lang: Lang, bundle: &Bundle, draft: &mut Draft, may: bool) {
    if may {
        let words = if draft.open { w::hide_findings(lang) } else { w::show_findings(lang) };
        if button_sized(ui, Btn::Text, ic::EXPAND_MORE, words, vec2(0.0, TARGET)).clicked() {
            draft.open = !draft.open;
        }
    }
    if !may || draft.open {
        draft.findings.show(ui, lang, bundle.findings.iter());
    }
}

fn files(ui: &mut Ui, lang: Lang, bundle: &Bundle, draft: &mut Draft) {
    let shown = if draft.all_files { bundle.files.len() } else { FIRST_FILES };
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for file in bundle.files.iter().take(shown) {
            let kind = if file.kind.is_empty() { w::unknown_kind(lang) } else { &file.kind };
            let words = format!("{kind}　{}　{}", file.name, size(file.size));
            icon_line(ui, ic::TABLE_VIEW, &words, reg(14.0), gray_800());
        }
    });
    let hidden = bundle.files.len().saturating_sub(shown);
    if hidden > 0
        && button_sized(ui, Btn::Text, ic::EXPAND_MORE, &w::show_more(lang, hidden), vec2(0.0, 36.0)).clicked()
    {
        draft.all_files = true;
    }
}

fn astray_row(ui: &mut Ui, lang: Lang, file: &Astray) {
    ui.add(Label::new(RichText::new(safe_text(&file.name)).font(bold(16.0)).color(gray_900())).truncate());
    match &file.why {
        AstrayReason::Findings(findings) => Findings::default().show(ui, lang, findings.iter().take(5)),
        AstrayReason::Unreadable(problem) => {
            let sentence = failure(lang, problem);
            para(ui, &safe_text(&sentence.what), 16.0, gray_900());
            para(ui, &format!("→ {}", sentence.todo), 16.0, blue_1000());
        }
    }
    ui.add_space(4.0);
}
