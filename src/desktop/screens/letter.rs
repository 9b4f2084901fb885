//! The sender's part of one bundle: words, attachments, and whether it goes at all.

use std::path::Path;

use egui::accesskit::Role;
use egui::{CornerRadius, Rect, RichText, Sense, Stroke, StrokeKind, TextEdit, Ui, WidgetInfo, vec2};

use super::bundle::{chips, full_card, receiver_about, receiver_name};
use super::templates::{Picked, menu};
use super::writing::{Letter, fill};
use crate::desktop::Action;
use crate::desktop::desk::Choice;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::safe_text;
use crate::desktop::theme::{bold, icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, FIELD_MARGIN, button_sized, hrow, line_at, text};
use crate::engine::model::Bundle;
use crate::words::{Lang, mail, window as w};

/// A message may be so long here; a parcel takes ten times as much.
pub(super) const MESSAGE_CHARS: usize = 10_000;

/// How much of a bundle is shown before it is unfolded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// Everything at once (新規作成).
    Open,
    /// Only what needs a person (一括送信).
    Folded,
}

/// One receiver's card.
pub(super) fn bundle_card(
    ui: &mut Ui,
    model: &Model,
    bundle: &Bundle,
    letter: &mut Letter,
    fold: Fold,
) -> Option<Action> {
    let lang = model.lang();
    full_card(ui, |ui| {
        let may = bundle.may_be_sent();
        receiver_line(ui, lang, bundle, letter, may);
        let foldable = fold == Fold::Folded && may;
        chips(ui, lang, bundle, |ui| {
            if foldable {
                let words = if letter.open { mail::fold(lang) } else { mail::unfold(lang) };
                if button_sized(ui, Btn::Text, ic::EXPAND_MORE, words, vec2(0.0, 28.0)).clicked() {
                    letter.open = !letter.open;
                }
            }
        });
        if foldable && !letter.open {
            return None;
        }
        let mut asked = letter.details.show(ui, lang, bundle);
        if may && letter.include {
            asked = words(ui, model, bundle, letter).or(asked);
            asked = attachments(ui, lang, bundle, letter).or(asked);
        }
        asked
    })
}

/// The message of one receiver.
fn words(ui: &mut Ui, model: &Model, bundle: &Bundle, letter: &mut Letter) -> Option<Action> {
    let (lang, id) = (model.lang(), bundle.receiver.as_str());
    message_field(ui, model, id, (w::message(lang), w::message_hint(lang)), &mut letter.message, |text| {
        fill(model, bundle, text)
    })
}

/// A message, with the menu of templates beside its name. `filled` is a template as it is put in.
pub(super) fn message_field(
    ui: &mut Ui,
    model: &Model,
    id: &str,
    (name, hint): (&str, &str),
    message: &mut String,
    filled: impl Fn(&str) -> String,
) -> Option<Action> {
    let mut asked = None;
    let label = ui
        .horizontal(|ui| {
            let label = ui.label(RichText::new(name).font(bold(16.0)).color(gray_900()));
            match menu(ui, model, id) {
                Some(Picked::Text(text)) => add_words(message, &filled(&text)),
                Some(Picked::Edit) => asked = Some(Action::EditTemplates),
                None => {}
            }
            label
        })
        .inner;
    let field = TextEdit::multiline(message)
        .hint_text(hint)
        .text_color(gray_900())
        .char_limit(MESSAGE_CHARS)
        .desired_rows(2)
        .desired_width(f32::INFINITY)
        .margin(FIELD_MARGIN);
    ui.add(field).labelled_by(label.id);
    asked
}

/// Puts a template after what is there.
pub(super) fn add_words(message: &mut String, words: &str) {
    if !message.trim().is_empty() && !message.ends_with('\n') {
        message.push('\n');
    }
    message.push_str(words);
}

/// What goes along, each with a button that takes it out again.
fn attachments(ui: &mut Ui, lang: Lang, bundle: &Bundle, letter: &mut Letter) -> Option<Action> {
    let mut removed = None;
    for (at, path) in letter.attached.iter().enumerate() {
        hrow(ui, 36.0, |ui| {
            ui.label(RichText::new(ic::ATTACH_FILE).font(icon(20.0)).color(gray_700()));
            let label = mail::detach(lang, &safe_text(&name_of(path)));
            let size = vec2(0.0, 36.0);
            let pressed = button_sized(ui, Btn::Text, ic::CLOSE, mail::take_out(lang), size);
            pressed.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
            if pressed.clicked() {
                removed = Some(at);
            }
            text(ui, name_of(path), reg(16.0), gray_900());
        });
    }
    if let Some(at) = removed {
        letter.attached.remove(at);
    }
    let pressed = button_sized(ui, Btn::Outline, ic::ATTACH_FILE, mail::attach(lang), vec2(0.0, TARGET));
    let pressed = pressed.on_hover_text(mail::attach_kinds(lang)).clicked();
    pressed.then_some(Action::Choose(Choice::Attachments(bundle.receiver)))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A check box with the receiver's name. Drawn here, because a name may be longer than the window.
fn receiver_line(ui: &mut Ui, lang: Lang, bundle: &Bundle, letter: &mut Letter, may: bool) {
    let name = receiver_name(lang, bundle);
    let on = may && letter.include;
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
        letter.include = !letter.include;
    }
}
