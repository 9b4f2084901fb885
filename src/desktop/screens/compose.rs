//! 新規作成: choose files or a receiver, write a word, review, send.

use egui::accesskit::Role;
use egui::{ComboBox, CornerRadius, Margin, RichText, ScrollArea, Sense, Stroke, TextEdit, Ui, WidgetInfo, vec2};

use super::letter::{Fold, bundle_card};
use super::review;
use super::writing::{Stage, Writing};
use crate::desktop::desk::Choice;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::{safe_text, search_key};
use crate::desktop::theme::{bold, card, icon, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button, button_if, elide, empty_state, icon_line, para, text};
use crate::desktop::{Action, Page};
use crate::engine::model::{Bundle, Partner};
use crate::words::{Lang, mail, window as w};

/// From so many receivers on, 一括送信 is offered.
const MANY: usize = 4;

impl Writing {
    /// 新規作成.
    pub fn compose(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let asked = match self.stage {
            Stage::Reviewing => self.review(ui, model),
            Stage::Sending => sending(ui, model),
            Stage::Choosing => super::page(ui, "compose", |ui| self.choosing(ui, model)),
        };
        self.questions(ui, model).or(asked)
    }

    /// The windows over the page.
    pub(super) fn questions(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let asked = self.mending.show(ui, model.lang());
        self.templates.show(ui, model).or(asked)
    }

    fn review(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let bundles = self.bundles(model.examined.as_deref());
        let included: Vec<(&Bundle, String, usize)> = bundles
            .iter()
            .filter(|bundle| self.includes(bundle))
            .map(|bundle| {
                let attached = self.letters.get(&bundle.receiver).map_or(0, |letter| letter.attached.len());
                (*bundle, self.message(model, bundle), attached)
            })
            .collect();
        let left_out = bundles.len() - included.len();
        match super::page(ui, "review", |ui| review::show(ui, model.lang(), &included, left_out))? {
            review::Answer::Back => {
                self.stage = Stage::Choosing;
                None
            }
            review::Answer::Send => self.send(model),
        }
    }

    /// Asks the engine for what is included now.
    pub(super) fn send(&mut self, model: &Model) -> Option<Action> {
        let requests = self.requests(model);
        if requests.is_empty() {
            return None;
        }
        self.stage = Stage::Sending;
        Some(Action::Send(requests))
    }

    fn choosing(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        super::title(ui, w::compose(lang));
        let examined = model.examined.clone();
        let begun = examined.is_some() || !self.chosen.is_empty();
        let mut asked = choose_card(ui, model, begun, |ui| self.receiver_menu(ui, model));
        asked = checking(ui, model).or(asked);
        if !begun {
            if !model.examining {
                drop_area(ui, lang);
            }
            return asked;
        }
        let nothing = examined.as_ref().is_some_and(|found| found.bundles.is_empty() && found.astray.is_empty());
        if nothing && self.chosen.is_empty() {
            ui.allocate_ui(vec2(ui.available_width(), 220.0), |ui| {
                empty_state(ui, ic::SEARCH, w::nothing_to_send(lang), w::nothing_to_send_hint(lang));
            });
            return asked;
        }
        asked = self.send_bar(ui, model).or(asked);
        asked = self.cards(ui, model, Fold::Open).or(asked);
        asked
    }

    /// 「確認して送る」, and how many it would go to.
    fn send_bar(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        let bundles = self.bundles(model.examined.as_deref());
        let (all, count) = (bundles.len(), bundles.iter().filter(|bundle| self.includes(bundle)).count());
        ui.horizontal_wrapped(|ui| {
            if button_if(ui, count > 0, Btn::Primary, ic::SEND, w::review(lang), vec2(180.0, 48.0)).clicked() {
                self.stage = Stage::Reviewing;
            }
            let words = if count > 0 { w::review_button(lang, count) } else { w::choose_one(lang).to_owned() };
            text(ui, words, reg(16.0), gray_800());
            let many = all >= MANY && button(ui, Btn::Text, ic::TABLE_VIEW, mail::see_bulk(lang)).clicked();
            many.then_some(Action::Go(Page::Bulk))
        })
        .inner
    }

    /// A card for each receiver, then what belongs to none.
    pub(super) fn cards(&mut self, ui: &mut Ui, model: &Model, fold: Fold) -> Option<Action> {
        let lang = model.lang();
        let mut asked = None;
        let examined = model.examined.clone();
        let chosen = std::mem::take(&mut self.chosen);
        let named = examined.as_ref().map(|examined| examined.bundles.as_slice()).unwrap_or_default();
        let by_hand = chosen.iter().filter(|bundle| !named.iter().any(|other| other.receiver == bundle.receiver));
        let mut receivers = Vec::new();
        for bundle in named.iter().chain(by_hand) {
            receivers.push((bundle.receiver, bundle.receiver_name.clone()));
            let letter = self.letters.entry(bundle.receiver).or_default();
            ui.push_id(bundle.receiver.as_str(), |ui| {
                asked = bundle_card(ui, model, bundle, letter, fold).or(asked.take());
            });
        }
        self.chosen = chosen;
        for name in &self.not_attached {
            icon_line(ui, ic::WARNING, &mail::cannot_attach(lang, &safe_text(name)), reg(16.0), yellow_1000());
        }
        if let Some(examined) = &examined {
            let astray = self.astray(examined);
            asked = self.astray.show(ui, lang, w::astray(lang), &astray, &receivers).or(asked);
        }
        asked
    }

    /// 宛先を選ぶ: partners by name or number.
    fn receiver_menu(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        let label = RichText::new(mail::choose_receiver(lang)).font(bold(16.0)).color(blue_900());
        let mut chosen = None;
        let combo = ComboBox::from_id_salt("receiver")
            .width(200.0)
            .selected_text(label)
            .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
            .show_ui(ui, |ui| {
                ui.set_min_width(360.0);
                let search = TextEdit::singleline(&mut self.receiver_query).hint_text(w::search_hint(lang));
                let search = ui.add(search.char_limit(60).desired_width(340.0).margin(Margin::symmetric(8, 10)));
                search.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, mail::search_receiver(lang)));
                let wanted = search_key(&self.receiver_query);
                let fits = |partner: &&Partner| {
                    partner.reachable && search_key(&format!("{}\n{}", partner.name, partner.office)).contains(&wanted)
                };
                ScrollArea::vertical().max_height(280.0).id_salt("receivers").show(ui, |ui| {
                    let mut none = true;
                    for partner in model.partners.iter().filter(fits).take(100) {
                        none = false;
                        let words = format!("{}　{}", safe_text(&partner.name), partner.office);
                        let row = RichText::new(words).font(reg(16.0)).color(gray_900());
                        if ui.selectable_label(false, row).clicked() {
                            chosen = Some(partner.clone());
                            ui.close();
                        }
                    }
                    if none {
                        text(ui, mail::no_partner(lang), reg(16.0), gray_700());
                    }
                });
            });
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, mail::choose_receiver(lang)));
        if let Some(partner) = chosen {
            self.receiver_query.clear();
            self.choose(partner.office, partner.name, partner.service);
        }
        None
    }
}

/// While the engine makes parcels.
pub(super) fn sending(ui: &mut Ui, model: &Model) -> Option<Action> {
    let lang = model.lang();
    super::page(ui, "sending", |ui| {
        let words = match model.progress {
            Some(progress) => mail::putting(lang, progress.done, progress.total),
            None => w::putting(lang).to_owned(),
        };
        busy(ui, lang, &words)
    })
}

/// While files are looked at.
pub(super) fn checking(ui: &mut Ui, model: &Model) -> Option<Action> {
    let lang = model.lang();
    if !model.examining {
        return None;
    }
    let words = match model.progress {
        Some(progress) => w::checking(lang, progress.done, progress.total),
        None => w::examining(lang).to_owned(),
    };
    busy(ui, lang, &words)
}

/// What is going on, and the way to leave off.
fn busy(ui: &mut Ui, lang: Lang, words: &str) -> Option<Action> {
    ui.horizontal(|ui| {
        ui.label(RichText::new(ic::SYNC).font(icon(22.0)).color(blue_900()));
        text(ui, words, bold(16.0), blue_900());
        button(ui, Btn::Outline, ic::CLOSE, w::stop(lang)).clicked().then_some(Action::Stop)
    })
    .inner
}

/// Where files come in: the whole window takes them, this says so and has the buttons. `more` adds some.
pub(super) fn choose_card(
    ui: &mut Ui,
    model: &Model,
    begun: bool,
    more: impl FnOnce(&mut Ui) -> Option<Action>,
) -> Option<Action> {
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
            asked = more(ui).or(asked.take());
            if begun && button(ui, Btn::Text, ic::UNDO, w::start_over(lang)).clicked() {
                asked = Some(Action::StartOver);
            }
        });
    });
    asked
}

/// The rest of the empty page says that files can be put here.
pub(super) fn drop_area(ui: &mut Ui, lang: Lang) {
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
