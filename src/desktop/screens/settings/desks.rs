//! 設定 › 窓口: the desks of the office, what each looks after, and which of them this terminal shows.

use egui::accesskit::Role;
use egui::{ComboBox, RichText, TextEdit, Ui, WidgetInfo, vec2};

use crate::desks::Desk;
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::safe_text;
use crate::desktop::theme::{bold, card, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, FIELD_MARGIN, button, button_if, field, icon_line, para, section, text};
use crate::engine::model::{Command, Settings};
use crate::words::{Lang, desks as words};

/// Most desks one office has.
const MOST: usize = 30;

/// What is typed but not kept yet.
#[derive(Debug, Default)]
pub(super) struct Desks {
    typed: Vec<Typed>,
    /// The desks that was begun with.
    base: Option<Vec<Desk>>,
}

/// One desk as it is typed: lists with commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Typed {
    name: String,
    services: String,
    satellites: String,
    persons: String,
    partners: String,
}

impl Typed {
    fn of(desk: &Desk) -> Self {
        let joined = |texts: Vec<String>| texts.join("、");
        Self {
            name: desk.name.clone(),
            services: joined(desk.services.iter().map(ToString::to_string).collect()),
            satellites: joined(desk.satellites.clone()),
            persons: joined(desk.persons.clone()),
            partners: joined(desk.partners.iter().map(ToString::to_string).collect()),
        }
    }

    /// As it is kept, or what is wrong with it.
    fn desk(&self, lang: Lang) -> Result<Desk, String> {
        let name = self.name.trim().to_owned();
        if name.is_empty() {
            return Err(words::name_missing(lang).to_owned());
        }
        let desk = Desk {
            name,
            services: entries(lang, words::services(lang), &self.services)?,
            satellites: entries::<u32>(lang, words::satellites(lang), &self.satellites)?
                .iter()
                .map(ToString::to_string)
                .collect(),
            persons: parts(&self.persons).map(str::to_owned).collect(),
            partners: entries(lang, words::partners(lang), &self.partners)?,
        };
        if desk.is_empty() { Err(words::nothing_asked(lang).to_owned()) } else { Ok(desk) }
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '、', '，', ' ', '　', '\n', ';']).map(str::trim).filter(|part| !part.is_empty())
}

fn entries<T: std::str::FromStr>(lang: Lang, label: &str, text: &str) -> Result<Vec<T>, String> {
    parts(text).map(|part| part.parse().map_err(|_| words::unreadable(lang, label, part))).collect()
}

impl Desks {
    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        let settings = model.settings.as_ref()?;
        if self.base.as_ref() != Some(&settings.desks) {
            self.typed = settings.desks.iter().map(Typed::of).collect();
            self.base = Some(settings.desks.clone());
        }
        let mut asked = None;
        card().show(ui, |ui| {
            ui.set_width(ui.available_width());
            section(ui, ic::APARTMENT, words::section(lang), |_| ());
            para(ui, words::intro(lang), 16.0, gray_800());
            if settings.desks.is_empty() {
                para(ui, words::none_yet(lang), 16.0, gray_700());
            } else {
                ui.horizontal_wrapped(|ui| asked = desk_choice(ui, lang, settings));
            }
        });
        let mut removed = None;
        for (at, typed) in self.typed.iter_mut().enumerate() {
            ui.push_id(("desk", at), |ui| {
                if one(ui, lang, typed) {
                    removed = Some(at);
                }
            });
        }
        if let Some(at) = removed {
            self.typed.remove(at);
        }
        self.bar(ui, lang, settings).or(asked)
    }

    fn bar(&mut self, ui: &mut Ui, lang: Lang, settings: &Settings) -> Option<Action> {
        let desks = self.desks(lang);
        let changed = desks.as_ref().is_ok_and(|desks| *desks != settings.desks);
        if let Err(wrong) = &desks {
            icon_line(ui, ic::WARNING, wrong, reg(16.0), yellow_1000());
        }
        let mut asked = None;
        ui.horizontal_wrapped(|ui| {
            if button_if(ui, changed, Btn::Primary, ic::SAVE, words::save(lang), vec2(160.0, TARGET)).clicked()
                && let Ok(desks) = desks
            {
                let own = settings.desk.clone().filter(|own| desks.iter().any(|desk| desk.name == *own));
                asked = Some(configure(Settings { desk: own, desks, ..settings.clone() }));
            }
            let room = self.typed.len() < MOST;
            if button_if(ui, room, Btn::Outline, ic::EDIT_SQUARE, words::add(lang), vec2(0.0, TARGET)).clicked() {
                self.typed.push(Typed::default());
            }
        });
        asked
    }

    fn desks(&self, lang: Lang) -> Result<Vec<Desk>, String> {
        let desks: Vec<Desk> = self.typed.iter().map(|typed| typed.desk(lang)).collect::<Result<_, _>>()?;
        let twice = desks.iter().enumerate().any(|(at, desk)| desks.iter().skip(at + 1).any(|o| o.name == desk.name));
        if twice { Err(words::name_twice(lang).to_owned()) } else { Ok(desks) }
    }
}

fn configure(settings: Settings) -> Action {
    Action::Ask(Command::Configure(Box::new(settings)))
}

/// One desk; tells whether it is to go.
fn one(ui: &mut Ui, lang: Lang, typed: &mut Typed) -> bool {
    card()
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            let fields = [
                (words::name(lang), &mut typed.name, 40),
                (words::services(lang), &mut typed.services, 400),
                (words::satellites(lang), &mut typed.satellites, 200),
                (words::persons(lang), &mut typed.persons, 20_000),
                (words::partners(lang), &mut typed.partners, 10_000),
            ];
            for (label, value, limit) in fields {
                field(ui, label, |ui| {
                    let width = ui.available_width().min(560.0);
                    let edit = TextEdit::singleline(value).text_color(gray_900()).char_limit(limit);
                    ui.add(edit.desired_width(width).margin(FIELD_MARGIN))
                });
            }
            para(ui, words::hint(lang), 14.0, gray_700());
            button(ui, Btn::Text, ic::DELETE, words::remove(lang)).clicked()
        })
        .inner
}

/// Which desk this terminal shows; kept at once.
pub(in crate::desktop) fn desk_choice(ui: &mut Ui, lang: Lang, settings: &Settings) -> Option<Action> {
    if settings.desks.is_empty() {
        return None;
    }
    let mut own = settings.desk.clone();
    let name = |desk: &Option<String>| match desk {
        Some(desk) => safe_text(desk).into_owned(),
        None => words::every_desk(lang).to_owned(),
    };
    let shown = name(&own);
    text(ui, words::own(lang), bold(14.0), gray_700());
    let combo = ComboBox::from_id_salt("own-desk")
        .width(150.0)
        .selected_text(RichText::new(&shown).font(reg(16.0)).color(gray_900()))
        .truncate()
        .show_ui(ui, |ui| {
            for desk in std::iter::once(None).chain(settings.desks.iter().map(|desk| Some(desk.name.clone()))) {
                let words = name(&desk);
                ui.selectable_value(&mut own, desk, words);
            }
        });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{}　{shown}", words::own(lang))));
    (own != settings.desk).then(|| configure(Settings { desk: own, ..settings.clone() }))
}
