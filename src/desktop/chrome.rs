//! What surrounds every screen: the bar on top, the status line, toasts, questions.

use egui::accesskit::Role;
use egui::{
    Align, Align2, Color32, CornerRadius, Frame, Id, LayerId, Layout, Margin, Order, Panel, Rect, RichText, Sense,
    Stroke, StrokeKind, TextEdit, Ui, WidgetInfo, vec2,
};

use super::app::{Action, App, Page};
use super::icons as ic;
use super::model::{Look, Model, TextSize};
use super::nav::ROOMY;
use super::text::{safe_text, short_time};
use super::theme::{bold, icon, reg};
use super::tokens::*;
use super::undo;
use super::widgets::{Btn, button, button_sized, line_at, para, segmented, text};
use crate::engine::model::{Command, Connection, Login, Task};
use crate::words::failure::failure;
use crate::words::{Lang, progress, window as w};

/// What the search field is known by.
pub(super) fn search_id() -> Id {
    Id::unique("tayori-search")
}

pub(super) fn top_bar(app: &mut App, ui: &mut Ui) -> Option<Action> {
    let lang = app.model.lang();
    let roomy = ui.available_width() >= ROOMY;
    Panel::top("top")
        .exact_size(64.0)
        .frame(Frame::new().fill(white()).inner_margin(Margin::symmetric(16, 10)))
        .show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                let (logo, _) = ui.allocate_exact_size(vec2(40.0, 40.0), Sense::hover());
                ui.painter().rect_filled(logo, CornerRadius::same(10), blue_900());
                ui.painter().text(logo.center(), Align2::CENTER_CENTER, ic::SEND, icon(26.0), white());
                let sizes = 3.0 * TARGET + if roomy { 130.0 } else { 16.0 };
                let free = ui.available_width() - sizes;
                let search = (free * 0.5).clamp(140.0, 420.0);
                office(ui, &app.model, (free - search - 32.0).max(80.0));
                search_field(app, ui, search);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let pressed = text_sizes(ui, app.model.look, 40.0);
                    if roomy {
                        text(ui, w::text_size(lang), reg(14.0), gray_700());
                    }
                    pressed
                })
                .inner
            })
            .inner
        })
        .inner
}

/// 小 中 大, always in reach; the larger ones still are in the settings.
pub(super) fn text_sizes(ui: &mut Ui, look: Look, height: f32) -> Option<Action> {
    let names = [w::small(look.lang), w::medium(look.lang), w::large(look.lang)];
    // Sizes beyond 大 show as 大 here.
    let on = TextSize::ALL.iter().position(|size| *size == look.text_size).unwrap_or(1).min(2);
    let text_size = *TextSize::ALL.get(segmented(ui, &names, on, height)?)?;
    Some(Action::SetLook(Look { text_size, ..look }))
}

fn office(ui: &mut Ui, model: &Model, width: f32) {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 44.0), Sense::hover());
    let (name, number) = match &model.settings {
        Some(settings) => (settings.office_name.as_str(), settings.office.to_string()),
        None => (w::title(model.lang()), String::new()),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name} {number}")));
    let p = ui.painter();
    if number.is_empty() {
        line_at(p, rect.left(), rect.center().y, name, bold(18.0), gray_900(), width);
        return;
    }
    line_at(p, rect.left(), rect.top() + 12.0, name, bold(18.0), gray_900(), width);
    line_at(p, rect.left(), rect.top() + 34.0, &number, reg(14.0), gray_700(), width);
}

fn search_field(app: &mut App, ui: &mut Ui, width: f32) {
    let lang = app.model.lang();
    let field = TextEdit::singleline(&mut app.query)
        .id(search_id())
        .text_color(gray_900())
        .hint_text(w::search_hint(lang))
        .char_limit(100)
        .margin(Margin { left: 40, right: 12, top: 12, bottom: 8 });
    let response = ui.add_sized(vec2(width, TARGET), field);
    let p = ui.painter();
    if !response.has_focus() {
        p.rect_stroke(response.rect, CornerRadius::same(R8), Stroke::new(1.0, gray_600()), StrokeKind::Inside);
    }
    let at = response.rect.left_center() + vec2(22.0, 0.0);
    p.text(at, Align2::CENTER_CENTER, ic::SEARCH, icon(22.0), gray_700());
    response.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, w::search(lang)));
    if response.changed() && !matches!(app.page, Page::Inbox | Page::Sent) {
        app.page = Page::Inbox;
    }
}

pub(super) fn status_bar(model: &Model, ui: &mut Ui) -> Option<Action> {
    let lang = model.lang();
    Panel::bottom("status")
        .exact_size(36.0)
        .frame(Frame::new().fill(white()).inner_margin(Margin::symmetric(16, 4)))
        .show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                let (glyph, words, color) = connection_look(lang, &model.status.connection);
                ui.label(RichText::new(glyph).font(icon(20.0)).color(color));
                let said = text(ui, words, bold(14.0), color);
                if let Connection::Offline(problem) = &model.status.connection {
                    let sentence = failure(lang, problem);
                    said.on_hover_text(safe_text(&format!("{}{}", sentence.what, sentence.todo)));
                }
                separator(ui);
                let last = match model.status.last_exchange {
                    Some(at) => w::last_exchange(lang, &short_time(at, &model.zone)),
                    None => w::never_exchanged(lang).to_owned(),
                };
                text(ui, last, reg(14.0), gray_700());
                separator(ui);
                certificate(ui, model);
                if let Some(Login::As { user, role }) = &model.login {
                    separator(ui);
                    ui.label(RichText::new(ic::PERSON).font(icon(18.0)).color(gray_700()));
                    text(ui, format!("{user}（{}）", w::role(lang, *role)), reg(14.0), gray_700());
                }
                let under_way = model.progress?;
                separator(ui);
                ui.label(RichText::new(ic::SYNC).font(icon(18.0)).color(blue_900()));
                text(ui, progress::doing(lang, under_way), reg(14.0), blue_900());
                // What has a page of its own is stopped there.
                let stops = under_way.task == Task::Exporting
                    && button_sized(ui, Btn::Text, ic::CLOSE, w::stop(lang), vec2(0.0, 28.0)).clicked();
                stops.then_some(Action::Stop)
            })
            .inner
        })
        .inner
}

fn separator(ui: &mut Ui) {
    ui.label(RichText::new("｜").font(reg(14.0)).color(gray_300()));
}

/// Shape, word and colour of the connection.
pub(super) fn connection_look(lang: Lang, connection: &Connection) -> (&'static str, &'static str, Color32) {
    match connection {
        Connection::Starting => (ic::SYNC, w::starting(lang), gray_700()),
        Connection::Working => (ic::SYNC, w::working(lang), blue_900()),
        Connection::Online => (ic::CLOUD_DONE, w::online(lang), green_900()),
        Connection::Offline(_) => (ic::ERROR, w::offline(lang), red_900()),
    }
}

/// How long our certificate lasts: in words and, when it is close, in colour.
pub(super) fn certificate_look(model: &Model) -> (&'static str, String, Color32) {
    let lang = model.lang();
    match model.certificate_days() {
        None => (ic::WARNING, w::no_certificate(lang).to_owned(), yellow_1000()),
        Some(days) if days < 0 => (ic::ERROR, w::certificate_over(lang).to_owned(), red_900()),
        Some(days) if days <= 30 => (ic::WARNING, w::days_left(lang, days), yellow_1000()),
        Some(days) => (ic::VERIFIED_USER, w::days_left(lang, days), gray_700()),
    }
}

fn certificate(ui: &mut Ui, model: &Model) {
    let (glyph, words, color) = certificate_look(model);
    ui.label(RichText::new(glyph).font(icon(18.0)).color(color));
    text(ui, words, reg(14.0), color);
}

/// Shows what happened for some seconds. What went wrong stays longer and can be closed.
pub(super) fn toasts(model: &mut Model, ui: &mut Ui) -> Option<Action> {
    if model.toasts.is_empty() {
        return None;
    }
    let lang = model.lang();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds since the start")]
    let now_ms = (ui.input(|i| i.time) * 1000.0) as u64;
    model.toasts.retain(|toast| toast.since_ms.is_none_or(|since| now_ms < since + toast.stays_ms()));
    let mut asked = None;
    let area = egui::Area::new(Id::unique("tayori-toasts"))
        .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -48.0 - undo::height(model)))
        .order(Order::Foreground);
    area.show(ui.ctx(), |ui| {
        for (at, toast) in model.toasts.iter_mut().enumerate() {
            let since = *toast.since_ms.get_or_insert(now_ms);
            let left = (since + toast.stays_ms()).saturating_sub(now_ms);
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(left));
            let (what, todo) = (toast.words(lang).what, toast.words(lang).todo);
            let fill = if toast.is_bad() { red_dark() } else { gray_900() };
            let frame = Frame::new().fill(fill).corner_radius(R12).inner_margin(Margin::symmetric(20, 10));
            frame.show(ui, |ui| {
                ui.horizontal(|ui| {
                    let glyph = if toast.is_bad() { ic::ERROR } else { ic::CHECK_CIRCLE };
                    ui.label(RichText::new(glyph).font(icon(22.0)).color(white()));
                    let response = ui
                        .vertical(|ui| {
                            ui.set_max_width(480.0_f32.min(ui.ctx().content_rect().width() * 0.6));
                            ui.spacing_mut().item_spacing.y = 2.0;
                            if todo.is_empty() {
                                ui.add_space(9.0);
                            }
                            let said = para(ui, &safe_text(&what), 16.0, white());
                            if !todo.is_empty() {
                                para(ui, &safe_text(&todo), 14.0, white());
                            }
                            said
                        })
                        .inner;
                    response.widget_info(|| WidgetInfo::labeled(Role::Status, true, &what));
                    if let Some(parcel) = toast.parcel()
                        && button(ui, Btn::Outline, "", w::view(lang)).clicked()
                    {
                        asked = Some(Action::OpenParcel(Page::Inbox, parcel));
                    }
                    if toast.is_about_inbox() && button(ui, Btn::Outline, "", w::view(lang)).clicked() {
                        asked = Some(Action::Go(Page::Inbox));
                    }
                    if toast.is_bad() && button(ui, Btn::Outline, ic::CLOSE, w::close_toast(lang)).clicked() {
                        asked = Some(Action::CloseToast(at));
                    }
                });
            });
        }
    });
    asked
}

/// Withdrawing cannot be undone, so it is asked once.
pub(super) fn withdraw_question(app: &mut App, ui: &mut Ui) -> Option<Action> {
    let id = app.withdrawing?;
    let lang = app.model.lang();
    let name = app.model.line(id).map(|line| line.partner_name.clone()).unwrap_or_default();
    let mut answer = None;
    let frame = Frame::popup(ui.style()).corner_radius(R12).inner_margin(Margin::same(24));
    let modal = egui::Modal::new(Id::unique("tayori-withdraw")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(440.0_f32.min(ui.ctx().content_rect().width() - 64.0));
        ui.spacing_mut().item_spacing.y = 12.0;
        ui.label(RichText::new(w::withdraw_title(lang)).font(bold(20.0)).color(gray_900()));
        text(ui, name, bold(16.0), gray_800());
        para(ui, w::withdraw_text(lang), 16.0, gray_800());
        ui.horizontal(|ui| {
            if button(ui, Btn::Outline, "", w::withdraw_no(lang)).clicked() {
                answer = Some(false);
            }
            if button(ui, Btn::Danger, ic::DELETE, w::withdraw_yes(lang)).clicked() {
                answer = Some(true);
            }
        });
    });
    if modal.should_close() {
        answer = answer.or(Some(false));
    }
    if answer.is_some() {
        app.withdrawing = None;
    }
    (answer == Some(true)).then_some(Action::Ask(Command::Withdraw(id)))
}

/// The whole window takes files. There is no pointer position while they hang over it.
pub(super) fn drop_overlay(model: &Model, ui: &Ui) {
    if ui.input(|i| i.raw.hovered_files.is_empty()) {
        return;
    }
    let whole: Rect = ui.ctx().content_rect();
    let p = ui.ctx().layer_painter(LayerId::new(Order::Foreground, Id::unique("tayori-drop")));
    p.rect_filled(whole, 0.0, green_50().gamma_multiply(0.94));
    let inner = whole.shrink(24.0);
    p.rect_stroke(inner, CornerRadius::same(R12), Stroke::new(4.0, green_800()), StrokeKind::Inside);
    p.text(whole.center() - vec2(0.0, 36.0), Align2::CENTER_CENTER, ic::FOLDER_OPEN, icon(64.0), green_900());
    let words = w::drop_here(model.lang());
    p.text(whole.center() + vec2(0.0, 28.0), Align2::CENTER_CENTER, words, bold(20.0), green_900());
}
