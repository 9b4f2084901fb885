//! 委託: passes a parcel on. To whom, of whom, and a look over what goes before it goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{ComboBox, Frame, Id, Margin, RichText, ScrollArea, Ui, Vec2, WidgetInfo, vec2};

use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::{long_time, safe_text};
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, Findings, button, button_if, hrow, icon_line, para, scroll_style, section, text};
use crate::engine::model::{Command, Hop, ParcelView, RelayCandidate, RelayOffer, RelayRequest, RelayReview};
use crate::entrust::Way;
use crate::parcel::ParcelId;
use crate::standard::{OfficeNumber, PersonKey};
use crate::words::{Lang, relay as wr};

/// The question, while it is open.
#[derive(Debug, Default)]
pub(in crate::desktop) struct RelayDialog(Option<Asking>);

#[derive(Debug)]
struct Asking {
    parcel: ParcelId,
    offer: Option<Arc<RelayOffer>>,
    to: Option<OfficeNumber>,
    persons: BTreeSet<PersonKey>,
    review: Option<Arc<RelayReview>>,
    findings: Findings,
    /// Something was asked of the engine and is not answered yet.
    waiting: bool,
    /// How large it was when it was last drawn.
    size: Vec2,
}

impl RelayDialog {
    pub fn ask(&mut self, parcel: ParcelId) {
        self.0 = Some(Asking {
            parcel,
            offer: None,
            to: None,
            persons: BTreeSet::new(),
            review: None,
            findings: Findings::default(),
            waiting: true,
            size: Vec2::ZERO,
        });
    }

    pub fn is_open(&self) -> bool {
        self.0.is_some()
    }

    pub fn offered(&mut self, offer: &Arc<RelayOffer>) {
        if let Some(asking) = self.0.as_mut().filter(|asking| asking.parcel == offer.origin) {
            asking.offer = Some(offer.clone());
            asking.waiting = false;
            // Where only one can be meant it is chosen.
            let mut known = offer.candidates.iter().filter(|candidate| !candidate.persons.is_empty());
            if let (Some(only), None) = (known.next(), known.next()) {
                asking.choose(only);
            }
        }
    }

    pub fn reviewed(&mut self, review: &Arc<RelayReview>) {
        if let Some(asking) = self.0.as_mut().filter(|asking| asking.parcel == review.request.origin) {
            asking.review = Some(review.clone());
            asking.waiting = false;
        }
    }

    /// Why was told already; something else may be chosen.
    pub fn refused(&mut self) {
        if let Some(asking) = &mut self.0 {
            asking.waiting = false;
        }
    }

    /// Whether it was asked to go and has not been told to wait in the outbox yet.
    pub fn is_sending(&self) -> bool {
        self.0.as_ref().is_some_and(|asking| asking.review.is_some() && asking.waiting)
    }

    /// It waits in the outbox.
    pub fn sent(&mut self) {
        self.0 = None;
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let asking = self.0.as_mut()?;
        let mut answer = None;
        let frame = Frame::popup(ui.style()).corner_radius(R12).inner_margin(Margin::same(24));
        let screen = ui.ctx().content_rect();
        let modal = egui::Modal::new(Id::unique("tayori-relay")).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(640.0_f32.min(screen.width() - 64.0));
            ui.spacing_mut().item_spacing.y = 12.0;
            answer = asking.draw(ui, model.lang(), screen.height() - 360.0);
        });
        // What stands in the middle of the window is put there with the next frame.
        let size = modal.response.rect.size();
        if std::mem::replace(&mut asking.size, size) != size {
            ui.ctx().request_repaint();
        }
        if modal.should_close() {
            answer = answer.or(Some(Answer::Close));
        }
        match answer? {
            Answer::Close => {
                self.0 = None;
                None
            }
            Answer::Ask(command) => {
                asking.waiting = true;
                Some(Action::Ask(command))
            }
        }
    }
}

enum Answer {
    Close,
    Ask(Command),
}

impl Asking {
    fn choose(&mut self, candidate: &RelayCandidate) {
        self.to = Some(candidate.office);
        self.persons = candidate.persons.iter().cloned().collect();
    }

    fn candidate(&self) -> Option<&RelayCandidate> {
        let offer = self.offer.as_ref()?;
        offer.candidates.iter().find(|candidate| Some(candidate.office) == self.to)
    }

    fn request(&self) -> Option<RelayRequest> {
        let persons: Vec<PersonKey> = self.persons.iter().cloned().collect();
        let to = self.to.filter(|_| !persons.is_empty())?;
        Some(RelayRequest { origin: self.parcel, to, persons, message: String::new() })
    }

    fn draw(&mut self, ui: &mut Ui, lang: Lang, room: f32) -> Option<Answer> {
        let Some(offer) = self.offer.clone() else {
            icon_line(ui, ic::SCHEDULE, wr::looking(lang), reg(16.0), gray_700());
            return button(ui, Btn::Text, "", wr::cancel(lang)).clicked().then_some(Answer::Close);
        };
        ui.label(RichText::new(wr::pass_on(lang, offer.way)).font(bold(20.0)).color(gray_900()));
        if let Some(review) = self.review.clone() {
            return self.review(ui, lang, &review, room);
        }
        para(ui, wr::intro(lang, offer.way), 16.0, gray_800());
        if offer.candidates.is_empty() {
            let why = if offer.way == Way::ToCentre { wr::nobody_centre(lang) } else { wr::nobody_provider(lang) };
            text(ui, wr::nobody_there(lang), bold(16.0), gray_900());
            para(ui, why, 16.0, gray_800());
            return button(ui, Btn::Outline, "", wr::cancel(lang)).clicked().then_some(Answer::Close);
        }
        self.receiver(ui, lang, &offer);
        self.people(ui, lang, &offer, room);
        let mut answer = None;
        ui.horizontal(|ui| {
            let request = self.request().filter(|_| !self.waiting);
            let size = vec2(0.0, TARGET);
            if button_if(ui, request.is_some(), Btn::Primary, ic::DESCRIPTION, wr::look(lang), size).clicked() {
                answer = request.map(|request| Answer::Ask(Command::ReviewRelay(request)));
            }
            if button(ui, Btn::Text, "", wr::cancel(lang)).clicked() {
                answer = Some(Answer::Close);
            }
        });
        answer
    }

    fn receiver(&mut self, ui: &mut Ui, lang: Lang, offer: &RelayOffer) {
        text(ui, wr::receiver(lang), bold(16.0), gray_900());
        let shown = self.candidate().map_or_else(|| wr::choose_receiver(lang).to_owned(), office_name);
        let mut chosen = None;
        let combo = ComboBox::from_id_salt("relay-to")
            .width(ui.available_width() - 20.0)
            .selected_text(RichText::new(&shown).font(reg(16.0)).color(gray_900()))
            .truncate()
            .show_ui(ui, |ui| {
                for candidate in offer.candidates.iter() {
                    if ui.selectable_label(Some(candidate.office) == self.to, office_name(candidate)).clicked() {
                        chosen = Some(candidate.clone());
                    }
                }
            });
        combo
            .response
            .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{}　{shown}", wr::receiver(lang))));
        if let Some(candidate) = chosen {
            self.choose(&candidate);
        }
    }

    fn people(&mut self, ui: &mut Ui, lang: Lang, offer: &RelayOffer, room: f32) {
        let Some(candidate) = self.candidate().cloned() else { return };
        let theirs: BTreeSet<&PersonKey> = candidate.persons.iter().collect();
        // A centre never gets somebody it did not send us: such a person cannot be chosen at all.
        let offered: Vec<&(PersonKey, String)> =
            offer.persons.iter().filter(|(key, _)| offer.way == Way::ToProvider || theirs.contains(key)).collect();
        ui.horizontal(|ui| {
            text(ui, wr::persons(lang), bold(16.0), gray_900());
            text(ui, wr::chosen(lang, self.persons.len(), offered.len()), reg(14.0), gray_700());
            if theirs.len() > 1 && button(ui, Btn::Text, "", wr::all(lang)).clicked() {
                self.persons = candidate.persons.iter().cloned().collect();
            }
        });
        scroll_style(ui, |ui, content| {
            ScrollArea::vertical()
                .max_height(room.max(120.0))
                .auto_shrink([false, true])
                .id_salt("relay-persons")
                .show(ui, |ui| {
                    ui.set_style(content);
                    for (key, name) in offered {
                        let mut on = self.persons.contains(key);
                        let who = if name.is_empty() {
                            key.insured.clone()
                        } else {
                            format!("{name} 様（{}）", key.insured)
                        };
                        let hint =
                            if theirs.contains(key) { String::new() } else { format!("　{}", wr::not_theirs(lang)) };
                        let label =
                            RichText::new(format!("{}{hint}", safe_text(&who))).font(reg(16.0)).color(gray_900());
                        if ui.checkbox(&mut on, label).changed() {
                            if on {
                                self.persons.insert(key.clone());
                            } else {
                                self.persons.remove(key);
                            }
                        }
                    }
                });
        });
    }

    fn review(&mut self, ui: &mut Ui, lang: Lang, review: &RelayReview, room: f32) -> Option<Answer> {
        let bundle = &review.bundle;
        text(ui, format!("{}　{}", safe_text(&bundle.receiver_name), bundle.receiver), bold(16.0), gray_900());
        para(ui, wr::kept_as_they_are(lang), 14.0, gray_700());
        scroll_style(ui, |ui, content| {
            ScrollArea::vertical().max_height(room.max(120.0)).auto_shrink([false, true]).id_salt("relay-files").show(
                ui,
                |ui| {
                    ui.set_style(content);
                    section(ui, ic::ATTACH_FILE, &format!("{} {}", wr::files(lang), bundle.files.len()), |_| ());
                    for file in &bundle.files {
                        text(ui, &file.kind, bold(14.0), gray_900());
                        text(ui, &file.name, reg(14.0), gray_700());
                    }
                    if !bundle.findings.is_empty() {
                        self.findings.show(ui, lang, bundle.findings.iter());
                    }
                },
            );
        });
        if !bundle.may_be_sent() {
            para(ui, wr::cannot_go(lang), 16.0, red_900());
        }
        let mut answer = None;
        ui.horizontal(|ui| {
            let may = bundle.may_be_sent() && !self.waiting;
            if button_if(ui, may, Btn::Primary, ic::SEND, wr::send(lang), vec2(120.0, TARGET)).clicked() {
                answer = Some(Answer::Ask(Command::Relay(review.request.clone())));
            }
            if button(ui, Btn::Outline, ic::REPLY, wr::back(lang)).clicked() {
                self.review = None;
            }
            if button(ui, Btn::Text, "", wr::cancel(lang)).clicked() {
                answer = Some(Answer::Close);
            }
        });
        answer
    }
}

fn office_name(candidate: &RelayCandidate) -> String {
    format!("{}（{}）", safe_text(&candidate.name), candidate.office)
}

/// Where a parcel's files came from, and where they went on to.
pub(super) fn chain(ui: &mut Ui, model: &Model, view: &ParcelView) {
    let lang = model.lang();
    section(ui, ic::SYNC, wr::chain(lang), |_| ());
    let mut row = |label: &str, words: String| {
        hrow(ui, 24.0, |ui| {
            text(ui, label, bold(14.0), gray_700());
            text(ui, words, reg(16.0), gray_900());
        });
    };
    for Hop { sender, receiver, written, .. } in &view.chain {
        let time = long_time(lang, *written, &model.zone);
        row(wr::from(lang), format!("{} → {}　{time}", name_of(model, *sender), name_of(model, *receiver)));
    }
    for passed in &view.passed_on {
        let time = long_time(lang, passed.at, &model.zone);
        row(wr::to(lang), format!("{}　{time}", safe_text(&passed.partner_name)));
    }
}

fn name_of(model: &Model, office: OfficeNumber) -> String {
    let own = model.settings.as_ref().filter(|settings| settings.office == office).map(|own| &own.office_name);
    let partner = || model.partners.iter().find(|partner| partner.office == office).map(|partner| &partner.name);
    own.or_else(partner).map_or_else(|| office.to_string(), |name| safe_text(name).into_owned())
}
