//! 履歴の検索: finds parcels again while somebody types, by person, partner, month, kind and words.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{
    Align2, ComboBox, CornerRadius, Frame, Id, Margin, Panel, RichText, Stroke, StrokeKind, TextEdit, Ui, WidgetInfo,
    vec2,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::mailbox::{List, Mailbox};
use crate::desktop::Action;
use crate::desktop::desk::Choice;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::{grouped, safe_text};
use crate::desktop::theme::{icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button, para, segmented, text};
use crate::engine::model::{Command, ParcelLine, Subject, Wanted};
use crate::register::Register;
use crate::standard::{Month, OfficeNumber};
use crate::words::{Lang, search as ws, window as w};

/// Hits that are shown at first, and added each time more is asked for.
const PAGE: usize = 50;
/// So many months can be chosen, from this one back: what must be kept is kept for five years.
const MONTHS: usize = 60;

const LIST: List = List {
    id: "tayori-found",
    incoming: true,
    sorted: false,
    filters: &[],
    title: ws::title,
    empty: ws::nothing,
    empty_hint: ws::nothing_hint,
};

/// What is typed and chosen, and the parcels that fit.
pub(in crate::desktop) struct SearchPage {
    wanted: Wanted,
    /// What was asked last.
    asked: Option<Wanted>,
    pub found: Mailbox,
}

impl Default for SearchPage {
    fn default() -> Self {
        Self { wanted: Wanted { most: PAGE, ..Wanted::default() }, asked: None, found: Mailbox::mixed(LIST) }
    }
}

impl SearchPage {
    /// What the field is known by.
    pub fn field_id() -> Id {
        Id::unique("tayori-history-search")
    }

    /// What is listed may have changed: it is asked anew.
    pub fn look_again(&mut self) {
        self.asked = None;
    }

    /// Esc takes one step back.
    pub fn step_back(&mut self) {
        if self.found.reading_alone {
            self.found.reading_alone = false;
        } else {
            self.wanted.words.clear();
        }
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let register = Panel::top("search-bar")
            .resizable(false)
            .frame(Frame::new().fill(white()).inner_margin(Margin { left: 16, right: 16, top: 12, bottom: 12 }))
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
                self.field(ui, model.lang());
                ui.horizontal_wrapped(|ui| self.conditions(ui, model));
                self.remarks(ui, model);
                self.month_list(ui, model)
            })
            .inner;
        let nothing: Arc<[ParcelLine]> = Arc::from([]);
        let lines = model.found.as_ref().map_or(&nothing, |found| &found.lines);
        register.or(self.found.show(ui, model, lines, ""))
    }

    /// What an inspector asks for, of the month that is chosen.
    fn month_list(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let (lang, month) = (model.lang(), self.wanted.month?);
        let office = model.settings.as_ref()?.office;
        let mut asked = None;
        ui.horizontal_wrapped(|ui| {
            text(ui, ws::month_list(lang, month), reg(14.0), gray_700());
            for (pdf, words, ending) in [(false, ws::save_csv(lang), "csv"), (true, ws::save_pdf(lang), "pdf")] {
                if button(ui, Btn::Text, ic::SAVE, words).clicked() {
                    let name = Register::file_name(office, month, ending);
                    asked = Some(Action::Choose(Choice::SaveRegister { month, pdf, name }));
                }
            }
        });
        asked
    }

    /// What is to be asked of the history, when that is another thing than what was asked last.
    pub fn question(&mut self) -> Option<Action> {
        let is_new = self.asked.as_ref() != Some(&self.wanted);
        is_new.then(|| Action::Ask(Command::Search(self.asked.insert(self.wanted.clone()).clone())))
    }

    fn field(&mut self, ui: &mut Ui, lang: Lang) {
        let field = TextEdit::singleline(&mut self.wanted.words)
            .id(Self::field_id())
            .text_color(gray_900())
            .hint_text(ws::hint(lang))
            .char_limit(100)
            .margin(Margin { left: 40, right: 12, top: 12, bottom: 8 });
        let response = ui.add_sized(vec2(ui.available_width().min(760.0), TARGET), field);
        response.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, ws::words(lang)));
        let p = ui.painter();
        if !response.has_focus() {
            p.rect_stroke(response.rect, CornerRadius::same(R8), Stroke::new(1.0, gray_600()), StrokeKind::Inside);
        }
        let at = response.rect.left_center() + vec2(22.0, 0.0);
        p.text(at, Align2::CENTER_CENTER, ic::SEARCH, icon(22.0), gray_700());
        if response.changed() {
            self.wanted.most = PAGE;
        }
    }

    fn conditions(&mut self, ui: &mut Ui, model: &Model) {
        let lang = model.lang();
        let before = self.wanted.clone();
        let ways = [None, Some(true), Some(false)];
        let on = ways.iter().position(|way| *way == self.wanted.incoming).unwrap_or(0);
        if let Some(pressed) = segmented(ui, &[ws::both_ways(lang), ws::came(lang), ws::went(lang)], on, TARGET) {
            self.wanted.incoming = ways.get(pressed).copied().flatten();
        }
        let months: Vec<Month> = months_until(model.now, &model.zone);
        choice(ui, (ws::month(lang), ws::every_month(lang)), 190.0, &mut self.wanted.month, &months, |month| {
            ws::month_name(lang, *month)
        });
        choice(ui, (ws::kind(lang), ws::every_kind(lang)), 160.0, &mut self.wanted.subject, &SUBJECTS, |subject| {
            w::subject(lang, *subject).to_owned()
        });
        let offices: Vec<OfficeNumber> = model.partners.iter().map(|partner| partner.office).collect();
        let name = |office: &OfficeNumber| {
            let partner = model.partners.iter().find(|partner| partner.office == *office);
            partner.map_or_else(|| office.to_string(), |partner| safe_text(&partner.name).into_owned())
        };
        choice(ui, (ws::partner(lang), ws::every_partner(lang)), 240.0, &mut self.wanted.partner, &offices, name);
        let chosen = Wanted { words: String::new(), ..self.wanted.clone() };
        if chosen != (Wanted { most: chosen.most, ..Wanted::default() })
            && button(ui, Btn::Text, ic::CLOSE, ws::clear(lang)).clicked()
        {
            self.wanted = Wanted { words: std::mem::take(&mut self.wanted.words), most: PAGE, ..Wanted::default() };
        }
        if self.wanted != before {
            self.wanted.most = PAGE;
        }
    }

    fn remarks(&mut self, ui: &mut Ui, model: &Model) {
        let lang = model.lang();
        if model.search_waiting > 0 {
            para(ui, &ws::waiting(lang, &grouped(model.search_waiting)), 14.0, gray_700());
        }
        let Some(found) = &model.found else { return };
        if found.more {
            ui.horizontal(|ui| {
                text(ui, ws::newest_of_more(lang, found.lines.len()), reg(14.0), gray_700());
                if button(ui, Btn::Text, ic::EXPAND_MORE, ws::show_more(lang)).clicked() {
                    self.wanted.most += PAGE;
                }
            });
        }
    }
}

const SUBJECTS: [Subject; 7] = [
    Subject::Provision,
    Subject::Actuals,
    Subject::CarePlan,
    Subject::Preventive,
    Subject::Withdrawal,
    Subject::Message,
    Subject::Other,
];

/// One of many, or all of them.
fn choice<T: Copy + PartialEq>(
    ui: &mut Ui,
    (label, all): (&str, &str),
    width: f32,
    chosen: &mut Option<T>,
    values: &[T],
    name: impl Fn(&T) -> String,
) {
    let shown = chosen.as_ref().map_or_else(|| all.to_owned(), &name);
    let combo = ComboBox::from_id_salt(label)
        .width(width)
        .selected_text(RichText::new(&shown).font(reg(16.0)).color(gray_900()))
        .truncate()
        .height(360.0)
        .show_ui(ui, |ui| {
            ui.selectable_value(chosen, None, all);
            for value in values {
                ui.selectable_value(chosen, Some(*value), name(value));
            }
        });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{label}　{shown}")));
}

/// This month and those before, newest first; plans are written for the month to come.
fn months_until(now: Timestamp, zone: &TimeZone) -> Vec<Month> {
    let today = now.to_zoned(zone.clone()).date();
    let next = today.first_of_month().checked_add(jiff::Span::new().months(1)).unwrap_or(today);
    let month = |back: usize| {
        let date = next.checked_sub(jiff::Span::new().months(i64::try_from(back).ok()?)).ok()?;
        Month::new(date.year(), date.month())
    };
    (0..MONTHS).filter_map(month).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_go_back_from_the_next_one() {
        let now: Timestamp = "2026-12-31T16:00:00Z".parse().unwrap();
        let months = months_until(now, &TimeZone::fixed(jiff::tz::offset(9)));
        let names: Vec<String> = months.iter().take(3).map(ToString::to_string).collect();
        assert_eq!(names, ["202702", "202701", "202612"]);
    }
}
