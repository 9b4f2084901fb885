//! 設定 › フォルダ: the care software's folders, what goes by itself, where what comes is put, the national system's folders.

use std::path::{Path, PathBuf};

use egui::{RichText, Ui};
use jiff::Timestamp;

use super::partners::{PartnerPicker, partner_name};
use super::{group, on_off};
use crate::desktop::Action;
use crate::desktop::desk::{Choice, FolderSlot};
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::screens::entrance::line;
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button, button_named, icon_line, para, segmented, text};
use crate::engine::habits::{AfterSending, Automatic, ImportRule, National};
use crate::engine::model::{Settings, Subject};
use crate::standard::ServiceType;
use crate::words::{Lang, habits as h, window as w};

/// The kinds that can be chosen.
const KINDS: [Subject; 5] =
    [Subject::Actuals, Subject::Provision, Subject::CarePlan, Subject::Preventive, Subject::Withdrawal];

/// What is typed and unfolded on the page.
#[derive(Debug, Default)]
pub(super) struct Folders {
    picker: PartnerPicker<Slot>,
    /// The service types of each rule as they are typed.
    services: Vec<String>,
}

/// Where a partner who is picked goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Automatic,
    Rule(usize),
    National,
}

/// Whether these settings can be kept: every folder that is asked for is chosen.
pub(super) fn complete(settings: &Settings) -> bool {
    let rules = settings.folders.import_rules.iter().all(|rule| !rule.folder.as_os_str().is_empty());
    let national = settings.folders.national.as_ref();
    rules && national.is_none_or(|national| !national.hand_over.as_os_str().is_empty())
}

/// Puts a chosen folder where it was asked for.
pub(super) fn set(settings: &mut Settings, slot: FolderSlot, folder: PathBuf) {
    let folders = &mut settings.folders;
    match slot {
        FolderSlot::Outgoing => settings.outgoing = folder,
        FolderSlot::Import => settings.import = folder,
        FolderSlot::MoreOutgoing if folder != settings.outgoing && !folders.more_outgoing.contains(&folder) => {
            folders.more_outgoing.push(folder);
        }
        FolderSlot::MoreOutgoing => {}
        FolderSlot::ImportRule(at) => {
            if let Some(rule) = folders.import_rules.get_mut(at) {
                rule.folder = folder;
            }
        }
        FolderSlot::HandOver => folders.national.get_or_insert_default().hand_over = folder,
        FolderSlot::Download => folders.national.get_or_insert_default().download = Some(folder),
    }
}

impl Folders {
    /// Other settings are shown than those that were typed into.
    pub fn begin_anew(&mut self) {
        *self = Self::default();
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model, draft: &mut Settings) -> Option<Action> {
        let asked = outgoing(ui, model.lang(), draft);
        self.automatic(ui, model, draft);
        let asked = self.import(ui, model, draft).or(asked);
        self.national(ui, model, draft).or(asked)
    }

    fn automatic(&mut self, ui: &mut Ui, model: &Model, draft: &mut Settings) {
        let lang = model.lang();
        group(ui, ic::SEND, h::automatic(lang), |ui| {
            para(ui, h::automatic_hint(lang), 16.0, gray_700());
            let rules = &mut draft.folders.automatic;
            if rules.is_empty() {
                text(ui, h::no_automatic(lang), reg(16.0), gray_800());
            } else {
                icon_line(ui, ic::INFO, h::automatic_warning(lang), reg(14.0), gray_800());
            }
            let mut gone = None;
            for (at, rule) in rules.iter_mut().enumerate() {
                ui.push_id(("automatic", at), |ui| {
                    let name = partner_name(model, rule.partner);
                    ui.horizontal_wrapped(|ui| {
                        text(ui, &name, bold(16.0), gray_900());
                        if button_named(ui, Btn::Text, h::remove(lang), &h::remove_named(lang, &name)).clicked() {
                            gone = Some(at);
                        }
                    });
                    kinds(ui, lang, &mut rule.subjects);
                });
            }
            if let Some(at) = gone {
                rules.remove(at);
            }
            let taken: Vec<_> = rules.iter().map(|rule| rule.partner).collect();
            if let Some(partner) = self.picker.show(ui, model, Slot::Automatic, &taken) {
                rules.push(Automatic { partner, subjects: Vec::new(), since: Timestamp::now() });
            }
        });
    }

    fn import(&mut self, ui: &mut Ui, model: &Model, draft: &mut Settings) -> Option<Action> {
        let lang = model.lang();
        group(ui, ic::INBOX, h::import(lang), |ui| {
            para(ui, h::import_hint(lang), 16.0, gray_700());
            let mut asked = chooser(ui, lang, &draft.import, FolderSlot::Import);
            ui.add_space(8.0);
            text(ui, h::import_rules(lang), bold(16.0), gray_900());
            para(ui, h::import_rules_hint(lang), 16.0, gray_700());
            let rules = &mut draft.folders.import_rules;
            self.services.resize_with(rules.len(), String::new);
            let (mut gone, mut up) = (None, None);
            for at in 0..rules.len() {
                let Some(rule) = rules.get_mut(at) else { continue };
                ui.push_id(("rule", at), |ui| {
                    ui.separator();
                    asked = self.rule(ui, model, at, rule).or(asked.take());
                    ui.horizontal_wrapped(|ui| {
                        if at > 0 && button(ui, Btn::Text, ic::ARROW_UPWARD, h::move_up(lang)).clicked() {
                            up = Some(at);
                        }
                        if button(ui, Btn::Text, ic::DELETE, h::remove(lang)).clicked() {
                            gone = Some(at);
                        }
                    });
                });
            }
            if let Some(at) = up {
                rules.swap(at - 1, at);
                self.services.swap(at - 1, at);
            }
            if let Some(at) = gone {
                rules.remove(at);
                self.services.remove(at);
                self.picker.close();
            }
            if button(ui, Btn::Outline, ic::FOLDER_OPEN, h::add_rule(lang)).clicked() {
                rules.push(ImportRule::default());
            }
            asked
        })
    }

    fn rule(&mut self, ui: &mut Ui, model: &Model, at: usize, rule: &mut ImportRule) -> Option<Action> {
        let lang = model.lang();
        let asked = chooser(ui, lang, &rule.folder, FolderSlot::ImportRule(at));
        if rule.folder.as_os_str().is_empty() {
            icon_line(ui, ic::WARNING, h::folder_needed(lang), reg(14.0), yellow_1000());
        }
        text(ui, h::kinds(lang), reg(16.0), gray_900());
        kinds(ui, lang, &mut rule.subjects);
        if let Some(typed) = self.services.get_mut(at) {
            services(ui, lang, typed, &mut rule.services);
        }
        text(ui, h::senders(lang), reg(16.0), gray_900());
        partners(ui, model, &mut rule.partners);
        if let Some(partner) = self.picker.show(ui, model, Slot::Rule(at), &rule.partners) {
            rule.partners.push(partner);
        }
        asked
    }

    fn national(&mut self, ui: &mut Ui, model: &Model, draft: &mut Settings) -> Option<Action> {
        let lang = model.lang();
        group(ui, ic::APARTMENT, h::national(lang), |ui| {
            para(ui, h::national_hint(lang), 16.0, gray_700());
            let mut on = draft.folders.national.is_some();
            if on_off(ui, &mut on, h::national_on(lang)) {
                draft.folders.national = on.then(National::default);
            }
            let national = draft.folders.national.as_mut()?;
            text(ui, h::hand_over(lang), bold(16.0), gray_900());
            let mut asked = chooser(ui, lang, &national.hand_over, FolderSlot::HandOver);
            if national.hand_over.as_os_str().is_empty() {
                icon_line(ui, ic::WARNING, h::folder_needed(lang), reg(14.0), yellow_1000());
            }
            text(ui, h::download(lang), bold(16.0), gray_900());
            para(ui, h::download_hint(lang), 14.0, gray_700());
            let download = national.download.clone().unwrap_or_default();
            asked = chooser(ui, lang, &download, FolderSlot::Download).or(asked);
            if national.download.is_some() && button(ui, Btn::Text, ic::DELETE, h::remove(lang)).clicked() {
                national.download = None;
            }
            text(ui, h::national_partners(lang), bold(16.0), gray_900());
            partners(ui, model, &mut national.partners);
            if let Some(partner) = self.picker.show(ui, model, Slot::National, &national.partners) {
                national.partners.push(partner);
            }
            asked
        })
    }
}

fn outgoing(ui: &mut Ui, lang: Lang, draft: &mut Settings) -> Option<Action> {
    group(ui, ic::FOLDER_OPEN, h::outgoing(lang), |ui| {
        para(ui, h::outgoing_hint(lang), 16.0, gray_700());
        let mut asked = chooser(ui, lang, &draft.outgoing, FolderSlot::Outgoing);
        let mut gone = None;
        for (at, folder) in draft.folders.more_outgoing.iter().enumerate() {
            ui.push_id(("more", at), |ui| {
                ui.horizontal_wrapped(|ui| {
                    let name = folder.display().to_string();
                    if button_named(ui, Btn::Text, h::remove(lang), &h::remove_named(lang, &name)).clicked() {
                        gone = Some(at);
                    }
                    asked = open(ui, lang, folder).or(asked.take());
                    text(ui, &name, reg(16.0), gray_800());
                });
            });
        }
        if let Some(at) = gone {
            draft.folders.more_outgoing.remove(at);
        }
        if button(ui, Btn::Outline, ic::FOLDER_OPEN, h::add_folder(lang)).clicked() {
            asked = Some(Action::Choose(Choice::Folder(FolderSlot::MoreOutgoing)));
        }
        on_off(ui, &mut draft.folders.watch, h::watch(lang));
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(h::after_sending(lang)).font(reg(16.0)).color(gray_900()));
            let on = usize::from(draft.folders.after_sending == AfterSending::PutAway);
            match segmented(ui, &[h::stay(lang), h::put_away(lang)], on, TARGET) {
                Some(0) => draft.folders.after_sending = AfterSending::Stay,
                Some(_) => draft.folders.after_sending = AfterSending::PutAway,
                None => {}
            }
        });
        asked
    })
}

/// A folder with the buttons that choose and open it.
fn chooser(ui: &mut Ui, lang: Lang, folder: &Path, slot: FolderSlot) -> Option<Action> {
    let mut asked = None;
    ui.push_id(slot, |ui| {
        ui.horizontal_wrapped(|ui| {
            if button(ui, Btn::Outline, ic::FOLDER_OPEN, w::choose(lang)).clicked() {
                asked = Some(Action::Choose(Choice::Folder(slot)));
            }
            if folder.as_os_str().is_empty() {
                text(ui, h::no_folder(lang), reg(16.0), gray_700());
            } else {
                asked = open(ui, lang, folder).or(asked.take());
                text(ui, folder.display().to_string(), reg(16.0), gray_800());
            }
        });
    });
    asked
}

fn open(ui: &mut Ui, lang: Lang, folder: &Path) -> Option<Action> {
    button(ui, Btn::Text, "", w::open_folder(lang)).clicked().then(|| Action::OpenFolder(folder.to_owned()))
}

fn kinds(ui: &mut Ui, lang: Lang, chosen: &mut Vec<Subject>) {
    ui.horizontal_wrapped(|ui| {
        for kind in KINDS {
            let mut on = chosen.contains(&kind);
            if on_off(ui, &mut on, w::subject(lang, kind)) {
                chosen.retain(|other| *other != kind);
                if on {
                    chosen.push(kind);
                }
            }
        }
    });
}

fn services(ui: &mut Ui, lang: Lang, typed: &mut String, chosen: &mut Vec<ServiceType>) {
    let shown = chosen.iter().map(ServiceType::as_str).collect::<Vec<_>>().join("、");
    if typed.is_empty() && !shown.is_empty() {
        typed.clone_from(&shown);
    }
    if line(ui, h::services(lang), typed, "", 60).changed() {
        chosen.clear();
        chosen.extend(parts(typed).filter_map(|part| part.parse::<ServiceType>().ok()));
    }
    if parts(typed).any(|part| part.parse::<ServiceType>().is_err()) {
        icon_line(ui, ic::WARNING, h::services_wrong(lang), reg(14.0), yellow_1000());
    }
}

fn parts(typed: &str) -> impl Iterator<Item = &str> {
    typed.split(['、', ',', '，', ' ', '　']).filter(|part| !part.is_empty())
}

/// The partners chosen so far, each with the button that takes it out.
fn partners(ui: &mut Ui, model: &Model, chosen: &mut Vec<crate::standard::OfficeNumber>) {
    let lang = model.lang();
    chosen.retain(|partner| {
        let mut stays = true;
        ui.push_id(partner.as_str(), |ui| {
            ui.horizontal_wrapped(|ui| {
                let name = partner_name(model, *partner);
                text(ui, &name, reg(16.0), gray_900());
                stays = !button_named(ui, Btn::Text, h::remove(lang), &h::remove_named(lang, &name)).clicked();
            });
        });
        stays
    });
}
