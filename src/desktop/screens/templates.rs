//! 定型文: taken from a menu, and kept in a window of their own.

use egui::{ComboBox, Frame, Margin, RichText, ScrollArea, TextEdit, Ui, vec2};

use super::login::window;
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::safe_text;
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, FIELD_MARGIN, button, button_if, button_sized, field, para};
use crate::engine::model::Command;
use crate::engine::templates::{FIELDS, Template};
use crate::words::{mail, window as w};

/// So many can be kept, each so long.
const MOST: usize = 50;
const NAME_CHARS: usize = 40;
const TEXT_CHARS: usize = 2_000;

/// What was picked in the menu.
pub(super) enum Picked {
    Text(String),
    Edit,
}

/// The menu of templates.
pub(super) fn menu(ui: &mut Ui, model: &Model, id: &str) -> Option<Picked> {
    let lang = model.lang();
    let templates = model.settings.as_ref().map(|settings| settings.templates.as_slice()).unwrap_or_default();
    let mut picked = None;
    let label = RichText::new(mail::templates(lang)).font(reg(16.0)).color(blue_900());
    let combo = ComboBox::from_id_salt(("templates", id)).width(180.0).selected_text(label);
    let combo = combo.show_ui(ui, |ui| {
        ui.set_min_width(240.0);
        for template in templates {
            let name = RichText::new(safe_text(&template.name)).font(reg(16.0)).color(gray_900());
            let row = ui.selectable_label(false, name);
            if row.on_hover_text(safe_text(&template.text)).clicked() {
                picked = Some(Picked::Text(template.text.clone()));
            }
        }
        ui.separator();
        let edit = RichText::new(mail::templates_edit(lang)).font(reg(16.0)).color(blue_900());
        if ui.selectable_label(false, edit).clicked() {
            picked = Some(Picked::Edit);
        }
    });
    combo
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::ComboBox, true, mail::templates(lang)));
    picked
}

/// The window in which they are changed; closed while it is `None`.
#[derive(Debug, Default)]
pub(in crate::desktop) struct TemplatesDialog {
    draft: Option<Vec<Template>>,
}

impl TemplatesDialog {
    pub fn open(&mut self, model: &Model) {
        self.draft = model.settings.as_ref().map(|settings| settings.templates.clone());
    }

    pub fn is_open(&self) -> bool {
        self.draft.is_some()
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let (draft, lang) = (self.draft.as_mut()?, model.lang());
        let (mut asked, mut done) = (None, false);
        let closed = window(ui, "tayori-templates", |ui| {
            ui.label(RichText::new(mail::templates_title(lang)).font(bold(20.0)).color(gray_900()));
            para(ui, &mail::templates_hint(lang, &FIELDS), 14.0, gray_700());
            ScrollArea::vertical().max_height(320.0).id_salt("templates").show(ui, |ui| rows(ui, lang, draft));
            ui.horizontal_wrapped(|ui| {
                let size = vec2(0.0, TARGET);
                if button_if(ui, draft.len() < MOST, Btn::Outline, ic::EDIT_SQUARE, mail::template_add(lang), size)
                    .clicked()
                {
                    draft.push(Template::default());
                }
                let whole = draft.iter().all(|one| !one.name.trim().is_empty() && !one.text.trim().is_empty());
                if button_if(ui, whole, Btn::Primary, ic::SAVE, w::save(lang), vec2(120.0, TARGET)).clicked()
                    && let Some(settings) = &model.settings
                {
                    let settings = crate::engine::model::Settings { templates: draft.clone(), ..settings.clone() };
                    asked = Some(Action::Ask(Command::Configure(Box::new(settings))));
                    done = true;
                }
                done |= button(ui, Btn::Text, "", w::cancel(lang)).clicked();
            });
        });
        if closed || done {
            self.draft = None;
        }
        asked
    }
}

fn rows(ui: &mut Ui, lang: crate::words::Lang, draft: &mut Vec<Template>) {
    let mut removed = None;
    for (at, template) in draft.iter_mut().enumerate() {
        ui.push_id(at, |ui| {
            Frame::new().fill(row_tint()).corner_radius(R8).inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
                ui.set_width(ui.available_width());
                field(ui, mail::template_name(lang), |ui| {
                    let edit = TextEdit::singleline(&mut template.name).text_color(gray_900());
                    ui.add(edit.char_limit(NAME_CHARS).desired_width(f32::INFINITY).margin(FIELD_MARGIN))
                });
                field(ui, mail::template_text(lang), |ui| {
                    let edit = TextEdit::multiline(&mut template.text).text_color(gray_900()).desired_rows(3);
                    ui.add(edit.char_limit(TEXT_CHARS).desired_width(f32::INFINITY).margin(FIELD_MARGIN))
                });
                let size = vec2(0.0, 36.0);
                if button_sized(ui, Btn::Danger, ic::DELETE, mail::template_remove(lang), size).clicked() {
                    removed = Some(at);
                }
            });
        });
    }
    if let Some(at) = removed {
        draft.remove(at);
    }
}
