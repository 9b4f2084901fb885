//! The persons of a parcel: whose forms are shown, and which form.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{CornerRadius, Frame, Margin, Rect, Response, RichText, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, vec2};

use crate::desktop::Action;
use crate::desktop::forms::{FormKind, PersonForms, SheetGrid};
use crate::desktop::icons as ic;
use crate::desktop::paper::Form;
use crate::desktop::paper::screen::Shown;
use crate::desktop::text::{safe_text, search_key};
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button_if, chip, good, icon_line, line_at, scroll_style, section, segmented, text};
use crate::engine::model::ParcelView;
use crate::standard::{MonthSheet, People, Person};
use crate::words::{Lang, window as w};

/// From this width on the persons stand in a list beside the form.
const LIST_BESIDE: f32 = 980.0;
const LIST: f32 = 220.0;
/// Height of one person in the list.
const ROW: f32 = 50.0;

/// Who is looked at. Starts anew with each parcel.
#[derive(Debug, Default)]
pub(super) struct PeoplePane {
    person: usize,
    query: String,
    form: Option<FormKind>,
    /// The one that was drawn last.
    seen: Option<FormKind>,
    made: Option<Made>,
    matching: Option<Matching>,
}

/// Who matches what is typed, looked for once: there may be ten thousand persons.
#[derive(Debug)]
struct Matching {
    query: String,
    of: usize,
    persons: Vec<usize>,
}

/// The forms of one person and kind, made when they are first looked at.
#[derive(Debug)]
struct Made {
    of: (usize, FormKind),
    forms: Vec<Form>,
    shown: Vec<Shown>,
}

impl PeoplePane {
    pub fn show(&mut self, ui: &mut Ui, lang: Lang, view: &Arc<ParcelView>) -> Option<Action> {
        let mut asked = None;
        section(ui, ic::CALENDAR_MONTH, w::forms(lang), |ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let size = vec2(0.0, 36.0);
                let pressed = button_if(ui, true, Btn::Outline, ic::PRINT, w::print(lang), size);
                if pressed.on_hover_text("Ctrl+P").clicked() {
                    asked = Some(self.to_print(view));
                }
            });
        });
        self.person = self.person.min(view.people.len().saturating_sub(1));
        if view.people.len() > 1 && ui.available_width() >= LIST_BESIDE {
            self.beside(ui, lang, view);
        } else {
            if view.people.len() > 1 {
                self.picker(ui, lang, view);
            } else if let Some(person) = view.people.get(0) {
                icon_line(ui, ic::PERSON, &person_name(lang, person), bold(16.0), gray_900());
            }
            self.form(ui, lang, view);
        }
        asked
    }

    /// Asks what of this parcel is to go on paper.
    pub fn to_print(&self, view: &Arc<ParcelView>) -> Action {
        Action::AskPrint { view: view.clone(), person: self.person, form: self.seen }
    }

    fn beside(&mut self, ui: &mut Ui, lang: Lang, view: &ParcelView) {
        ui.horizontal_top(|ui| {
            let height = 560.0;
            ui.allocate_ui(vec2(LIST, height), |ui| {
                ui.set_width(LIST);
                ui.vertical(|ui| self.list(ui, lang, view, height));
            });
            ui.add_space(8.0);
            ui.vertical(|ui| {
                ui.set_width(ui.available_width());
                let name = view.people.get(self.person).map(|person| person_name(lang, person)).unwrap_or_default();
                icon_line(ui, ic::PERSON, &name, bold(16.0), gray_900());
                self.form(ui, lang, view);
            });
        });
    }

    fn search(&mut self, ui: &mut Ui, lang: Lang) {
        let field = TextEdit::singleline(&mut self.query)
            .hint_text(w::person_search(lang))
            .text_color(gray_900())
            .char_limit(50)
            .desired_width(f32::INFINITY)
            .margin(Margin::symmetric(8, 10));
        let response = ui.add(field);
        response.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, w::person_search(lang)));
    }

    fn list(&mut self, ui: &mut Ui, lang: Lang, view: &ParcelView, height: f32) {
        self.search(ui, lang);
        text(ui, w::person_position(lang, self.person + 1, view.people.len()), reg(14.0), gray_700());
        self.rows(ui, lang, view, height - 90.0);
    }

    /// Those that match what is typed; tells whether one was pressed.
    fn rows(&mut self, ui: &mut Ui, lang: Lang, view: &ParcelView, height: f32) -> bool {
        let before = self.matching.take().filter(|was| was.query == self.query && was.of == view.people.len());
        let matching = before.unwrap_or_else(|| Matching::of(&self.query, &view.people));
        let mut pressed = false;
        if matching.persons.is_empty() {
            text(ui, w::nothing_found(lang), reg(14.0), gray_700());
        }
        scroll_style(ui, |ui, content| {
            let area = ScrollArea::vertical().max_height(height).auto_shrink([false, true]).id_salt("persons");
            ui.spacing_mut().item_spacing.y = 0.0;
            area.show_rows(ui, ROW, matching.persons.len(), |ui, range| {
                ui.set_style(content);
                ui.spacing_mut().item_spacing.y = 0.0;
                for at in matching.persons.get(range).unwrap_or_default() {
                    let Some(person) = view.people.get(*at) else { continue };
                    let name = person_name(lang, person);
                    if person_row(ui, person, &name, self.person == *at).clicked() {
                        self.person = *at;
                        pressed = true;
                    }
                }
            });
        });
        self.matching = Some(matching);
        pressed
    }

    fn picker(&mut self, ui: &mut Ui, lang: Lang, view: &ParcelView) {
        let last = view.people.len().saturating_sub(1);
        ui.horizontal_wrapped(|ui| {
            let name = view.people.get(self.person).map(|person| person_name(lang, person)).unwrap_or_default();
            let shown = RichText::new(safe_text(&name)).font(bold(16.0)).color(gray_900());
            let width = (ui.available_width() - 20.0).clamp(160.0, 300.0);
            let combo = egui::ComboBox::from_id_salt("person")
                .width(width)
                .selected_text(shown)
                .truncate()
                .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
                .show_ui(ui, |ui| {
                    if view.people.len() > 10 {
                        self.search(ui, lang);
                    }
                    if self.rows(ui, lang, view, 320.0) {
                        ui.close();
                    }
                });
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
            text(ui, w::person_position(lang, self.person + 1, view.people.len()), reg(14.0), gray_700());
        });
    }

    /// The tabs, and the form that is chosen.
    fn form(&mut self, ui: &mut Ui, lang: Lang, view: &ParcelView) {
        let Some(person) = view.people.get(self.person) else { return };
        let of = PersonForms { people: &view.people, person, sheets: &view.sheets };
        let kinds = of.kinds();
        let Some(first) = kinds.iter().copied().find(|kind| *kind == FormKind::Month).or(kinds.first().copied()) else {
            text(ui, w::no_form(lang), reg(16.0), gray_700());
            return;
        };
        let chosen = self.form.filter(|kind| kinds.contains(kind)).unwrap_or(first);
        self.seen = Some(chosen);
        self.tabs(ui, &kinds, chosen);
        if chosen == FormKind::Month {
            for sheet in of.sheets() {
                month(ui, lang, sheet);
            }
            return;
        }
        if self.made.as_ref().is_none_or(|made| made.of != (self.person, chosen)) {
            let forms = of.forms(chosen);
            let shown = forms.iter().map(|_| Shown::default()).collect();
            self.made = Some(Made { of: (self.person, chosen), forms, shown });
        }
        let Some(made) = &mut self.made else { return };
        for (at, (form, shown)) in made.forms.iter().zip(&mut made.shown).enumerate() {
            ui.push_id(("form", at), |ui| {
                Frame::new().inner_margin(Margin::symmetric(0, 4)).show(ui, |ui| shown.show(ui, form));
            });
        }
    }

    fn tabs(&mut self, ui: &mut Ui, kinds: &[FormKind], chosen: FormKind) {
        // So many as fit beside each other, in as many rows as it takes.
        let across = if ui.available_width() > 640.0 { 8 } else { 4 };
        for row in kinds.chunks(across) {
            let names: Vec<&str> = row.iter().map(|kind| kind.short_name()).collect();
            let on = row.iter().position(|kind| *kind == chosen).unwrap_or(usize::MAX);
            ui.push_id(("tabs", names.first()), |ui| {
                if let Some(pressed) = segmented(ui, &names, on, 40.0) {
                    self.form = row.get(pressed).copied();
                }
            });
        }
    }
}

impl Matching {
    fn of(query: &str, people: &People) -> Self {
        let wanted = search_key(query);
        let matches = |person: &Person| wanted.is_empty() || person_key(person).contains(&wanted);
        let persons = people.iter().enumerate().filter(|(_, person)| matches(person)).map(|(at, _)| at).collect();
        Self { query: query.to_owned(), of: people.len(), persons }
    }
}

/// Name above number.
fn person_row(ui: &mut Ui, person: &Person, spoken: &str, selected: bool) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, spoken));
    let fill = match (selected, response.hovered() || response.has_focus()) {
        (true, _) => blue_100(),
        (_, true) => gray_50(),
        _ => white(),
    };
    let p = ui.painter();
    p.rect_filled(rect, CornerRadius::same(R4), fill);
    if selected {
        let bar = Rect::from_min_size(rect.min + vec2(0.0, 8.0), vec2(4.0, rect.height() - 16.0));
        p.rect_filled(bar, CornerRadius::same(2), blue_900());
    }
    let (left, width) = (rect.left() + 12.0, rect.width() - 16.0);
    match &person.name {
        Some(name) if !name.trim().is_empty() => {
            line_at(p, left, rect.top() + 17.0, name, if selected { bold(16.0) } else { reg(16.0) }, gray_900(), width);
            line_at(p, left, rect.top() + 36.0, &person.key.insured, reg(13.0), gray_700(), width);
        }
        _ => drop(line_at(p, left, rect.center().y, &person.key.insured, reg(16.0), gray_900(), width)),
    }
    response
}

/// 第6表, with what differs.
fn month(ui: &mut Ui, lang: Lang, sheet: &MonthSheet) {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 28.0;
        ui.horizontal_wrapped(|ui| {
            let title = match lang {
                Lang::Ja => sheet.month.label_ja(),
                Lang::En => format!("{}-{:02}", sheet.month.year(), sheet.month.month()),
            };
            text(ui, title, bold(16.0), gray_900());
            if sheet.is_comparable() {
                match sheet.differences() {
                    0 => chip(ui, ic::CHECK_CIRCLE, w::sheet_same(lang), good()),
                    count => {
                        chip(ui, ic::ERROR, &w::differences(lang, count), (orange_50(), orange_900(), orange_900()))
                    }
                };
            }
        });
    });
    ui.push_id(sheet.month.to_string(), |ui| SheetGrid::new(sheet, lang).show(ui));
}

/// What a person is called: by name where it came along, else by number.
pub(in crate::desktop) fn person_name(lang: Lang, person: &Person) -> String {
    match &person.name {
        Some(name) if !name.trim().is_empty() => w::person_named(lang, name, &person.key.insured),
        _ => w::person_numbered(lang, &person.key.insured),
    }
}

fn person_key(person: &Person) -> String {
    let kana = person.kana.as_deref().unwrap_or_default();
    search_key(&format!("{}\n{kana}\n{}", person.name.as_deref().unwrap_or_default(), person.key))
}
