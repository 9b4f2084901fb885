//! Before the first parcel: the set-up guide, the passphrase, waiting to be let in, the recovery code.

mod stored;

use std::path::PathBuf;
use std::sync::Arc;

use egui::{CentralPanel, Frame, Margin, RichText, ScrollArea, TextEdit, Ui, vec2};
use zeroize::Zeroizing;

use crate::desktop::Action;
use crate::desktop::chrome;
use crate::desktop::desk::{Choice, FolderSlot};
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::safe_text;
use crate::desktop::theme::{bold, card, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{
    Btn, FIELD_MARGIN, bad, button, button_if, field, icon_line, para, scroll_style, segmented, sentence_card, text,
};
use crate::engine::model::{By, Command, Entrance, Entry, EntryStep, Failure, Secret, Stored};
use crate::identity::code::Code;
use crate::standard::OfficeNumber;
use crate::words::opening::set_up_refused;
use crate::words::{Lang, stored as s, window as w};
use stored::StoredChoice;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Letter,
    Folders,
    Confirm,
}

/// What lets the office in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Proof {
    #[default]
    Code,
    File,
    Stored,
}

/// What is typed while there is no terminal yet.
#[derive(Default)]
pub(in crate::desktop) struct EntranceScreen {
    step: Step,
    hub: String,
    office: String,
    office_name: String,
    proof: Proof,
    code: Zeroizing<String>,
    file: Option<PathBuf>,
    password: Zeroizing<String>,
    stored: StoredChoice,
    authority: String,
    terminal: String,
    outgoing: Option<PathBuf>,
    import: Option<PathBuf>,
    passphrase: Zeroizing<String>,
    again: Zeroizing<String>,
    recovery: Zeroizing<String>,
    noted: bool,
}

impl EntranceScreen {
    pub fn set_folder(&mut self, slot: FolderSlot, folder: PathBuf) {
        match slot {
            FolderSlot::Import => self.import = Some(folder),
            _ => self.outgoing = Some(folder),
        }
    }
    pub fn set_file(&mut self, file: PathBuf) {
        self.file = Some(file);
    }
    pub fn found(&mut self, found: Result<Arc<[Stored]>, Failure>) {
        self.stored.found(found);
    }

    /// The whole window, until the terminal can work.
    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let frame = Frame::new().fill(app_bg());
        CentralPanel::default()
            .frame(frame)
            .show(ui, |ui| {
                scroll_style(ui, |ui, content| {
                    ScrollArea::vertical()
                        .auto_shrink(false)
                        .id_salt("entrance")
                        .show(ui, |ui| {
                            ui.set_style(content);
                            self.column(ui, model)
                        })
                        .inner
                })
            })
            .inner
    }

    fn column(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let width = (ui.available_width() - 32.0).clamp(200.0, 720.0);
        let side = ((ui.available_width() - width) / 2.0).max(16.0);
        let mut asked = None;
        ui.horizontal_top(|ui| {
            ui.add_space(side);
            ui.vertical(|ui| {
                ui.set_width(width);
                ui.spacing_mut().item_spacing.y = 12.0;
                ui.add_space(20.0);
                asked = head(ui, model);
                card().inner_margin(Margin::same(24)).show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    ui.spacing_mut().item_spacing.y = 12.0;
                    asked = self.card(ui, model).or(asked.take());
                });
                ui.add_space(24.0);
            });
        });
        asked
    }

    fn card(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        match &model.entrance {
            Entrance::Open | Entrance::Broken(_) => None,
            Entrance::SetUp { outgoing, import, has_store, refused } => {
                self.outgoing.get_or_insert_with(|| outgoing.clone());
                self.import.get_or_insert_with(|| import.clone());
                refusal(ui, lang, refused.as_ref());
                match self.step {
                    Step::Letter => self.letter(ui, model, *has_store),
                    Step::Folders => self.folders(ui, lang),
                    Step::Confirm => self.confirm(ui, lang),
                }
            }
            Entrance::Working(step) => {
                title(ui, w::setup_working(lang));
                let words = match step {
                    EntryStep::Trying => s::trying(lang),
                    EntryStep::Keys => w::setup_keys(lang),
                    EntryStep::Asking => w::setup_asking(lang),
                    EntryStep::Keeping => w::setup_keeping(lang),
                };
                icon_line(ui, ic::SYNC, words, reg(16.0), blue_900());
                if *step == EntryStep::Trying {
                    para(ui, s::trying_hint(lang), 16.0, gray_800());
                }
                None
            }
            Entrance::Passphrase { new, refused } => self.passphrase(ui, lang, *new, refused.as_ref()),
            Entrance::Waiting { fingerprint, refused } => self.waiting(ui, lang, fingerprint, refused.as_ref()),
            Entrance::Recovery { code, office_name } => self.recovery(ui, lang, code, office_name),
        }
    }

    /// Hub, office and code, as they stand in the letter.
    fn letter(&mut self, ui: &mut Ui, model: &Model, has_store: bool) -> Option<Action> {
        let lang = model.lang();
        steps(ui, lang, 0);
        title(ui, w::setup_letter(lang));
        para(ui, w::setup_letter_hint(lang), 16.0, gray_800());
        line(ui, w::hub(lang), &mut self.hub, "https://hub.example.jp:8443", 300);
        line(ui, w::office_number(lang), &mut self.office, "3170000001", 20);
        let office = self.office.trim().parse::<OfficeNumber>();
        if !self.office.trim().is_empty() && office.is_err() {
            complaint(ui, w::setup_office_wrong(lang));
        }
        self.ways(ui, lang, has_store);
        let mut asked = None;
        let proof = match self.proof {
            Proof::Code => self.by_code(ui, lang),
            Proof::File => self.by_file(ui, lang, &mut asked),
            Proof::Stored => {
                asked = self.stored.show(ui, model);
                self.authority(ui, lang) && self.stored.chosen().is_some()
            }
        };
        let ready = !self.hub.trim().is_empty() && office.is_ok() && proof;
        if button_if(ui, ready, Btn::Primary, "", w::next(lang), vec2(160.0, 48.0)).clicked() {
            self.step = Step::Folders;
        }
        asked
    }

    fn ways(&mut self, ui: &mut Ui, lang: Lang, has_store: bool) {
        let mut ways = vec![(Proof::Code, w::setup_by_code(lang)), (Proof::File, w::setup_by_file(lang))];
        if has_store {
            ways.push((Proof::Stored, s::by_stored(lang)));
        }
        let words: Vec<&str> = ways.iter().map(|(_, words)| *words).collect();
        let at = ways.iter().position(|(proof, _)| *proof == self.proof).unwrap_or_default();
        if let Some((proof, _)) = segmented(ui, &words, at, TARGET).and_then(|pressed| ways.get(pressed)) {
            self.proof = *proof;
        }
    }

    fn by_code(&mut self, ui: &mut Ui, lang: Lang) -> bool {
        line(ui, w::setup_code(lang), &mut self.code, "XXXX-XXXX-XXXX-XXXX-XXXX-XXXX", 60);
        match self.code.parse::<Code>() {
            Ok(_) => {
                icon_line(ui, ic::CHECK_CIRCLE, w::setup_code_whole(lang), reg(14.0), green_900());
                true
            }
            Err(wrong) => {
                if !self.code.trim().is_empty() {
                    complaint(ui, &w::setup_code_letters(lang, wrong.letters));
                }
                false
            }
        }
    }

    fn by_file(&mut self, ui: &mut Ui, lang: Lang, asked: &mut Option<Action>) -> bool {
        ui.horizontal_wrapped(|ui| {
            if button(ui, Btn::Outline, ic::FOLDER_OPEN, w::setup_choose_file(lang)).clicked() {
                *asked = Some(Action::Choose(Choice::CertificateFile));
            }
            if let Some(file) = &self.file {
                text(ui, file.display().to_string(), reg(16.0), gray_800());
            }
        });
        secret(ui, w::setup_file_password(lang), &mut self.password);
        self.authority(ui, lang) && self.file.is_some()
    }

    fn authority(&mut self, ui: &mut Ui, lang: Lang) -> bool {
        line(ui, w::setup_authority(lang), &mut self.authority, "", 200);
        para(ui, w::setup_authority_hint(lang), 14.0, gray_700());
        !self.authority.trim().is_empty()
    }

    fn folders(&mut self, ui: &mut Ui, lang: Lang) -> Option<Action> {
        steps(ui, lang, 1);
        title(ui, w::setup_folders(lang));
        para(ui, w::setup_folders_hint(lang), 16.0, gray_800());
        let mut asked = None;
        for (label, folder, choice) in [
            (w::outgoing_folder(lang), &self.outgoing, Choice::Folder(FolderSlot::Outgoing)),
            (w::import_folder(lang), &self.import, Choice::Folder(FolderSlot::Import)),
        ] {
            ui.label(RichText::new(label).font(bold(16.0)).color(gray_900()));
            ui.push_id(label, |ui| {
                ui.horizontal_wrapped(|ui| {
                    if button(ui, Btn::Outline, ic::FOLDER_OPEN, w::choose(lang)).clicked() {
                        asked = Some(Action::Choose(choice));
                    }
                    let folder = folder.as_ref().map(|folder| folder.display().to_string()).unwrap_or_default();
                    text(ui, folder, reg(16.0), gray_800());
                });
            });
        }
        let same = self.outgoing == self.import;
        if same {
            complaint(ui, w::setup_folders_same(lang));
        }
        self.buttons(ui, lang, Step::Letter, !same, Step::Confirm);
        asked
    }

    fn buttons(&mut self, ui: &mut Ui, lang: Lang, back: Step, ready: bool, next: Step) {
        ui.horizontal_wrapped(|ui| {
            if button(ui, Btn::Outline, "", w::back(lang)).clicked() {
                self.step = back;
            }
            if button_if(ui, ready, Btn::Primary, "", w::next(lang), vec2(160.0, 48.0)).clicked() {
                self.step = next;
            }
        });
    }

    fn confirm(&mut self, ui: &mut Ui, lang: Lang) -> Option<Action> {
        steps(ui, lang, 2);
        title(ui, w::setup_confirm(lang));
        line(ui, w::office_name(lang), &mut self.office_name, "", 200);
        para(ui, w::setup_name_hint(lang), 14.0, gray_700());
        line(ui, w::setup_terminal(lang), &mut self.terminal, w::setup_terminal_example(lang), 60);
        for (name, value) in [
            (w::hub(lang), self.hub.trim().to_owned()),
            (w::office_number(lang), self.office.trim().to_owned()),
            (w::outgoing_folder(lang), shown(self.outgoing.as_ref())),
            (w::import_folder(lang), shown(self.import.as_ref())),
        ] {
            text(ui, name, reg(14.0), gray_700());
            text(ui, value, bold(16.0), gray_900());
        }
        let mut asked = None;
        ui.horizontal_wrapped(|ui| {
            if button(ui, Btn::Outline, "", w::back(lang)).clicked() {
                self.step = Step::Folders;
            }
            let pressed = button_if(ui, true, Btn::Primary, ic::CHECK_CIRCLE, w::setup_begin(lang), vec2(200.0, 48.0));
            if pressed.clicked() {
                asked = self.entry().map(|entry| Action::Ask(Command::SetUp(Box::new(entry))));
                // Should it be refused, the letter is what people look at again.
                self.step = Step::Letter;
            }
        });
        asked
    }

    fn entry(&self) -> Option<Entry> {
        let authority = self.authority.trim().to_owned();
        let by = match self.proof {
            Proof::Code => By::Code(self.code.clone()),
            Proof::File => By::File { path: self.file.clone()?, password: self.password.clone(), authority },
            Proof::Stored => By::Stored { fingerprint: self.stored.chosen()?.to_owned(), authority },
        };
        Some(Entry {
            hub: self.hub.trim().to_owned(),
            office: self.office.trim().parse().ok()?,
            by,
            terminal: self.terminal.trim().to_owned(),
            office_name: self.office_name.trim().to_owned(),
            outgoing: self.outgoing.clone()?,
            import: self.import.clone()?,
            recovery: None,
        })
    }

    fn passphrase(&mut self, ui: &mut Ui, lang: Lang, new: bool, refused: Option<&Failure>) -> Option<Action> {
        let (head, hint) = match new {
            true => (w::passphrase_new(lang), w::passphrase_new_hint(lang)),
            false => (w::passphrase(lang), w::passphrase_hint(lang)),
        };
        title(ui, head);
        refusal(ui, lang, refused);
        para(ui, hint, 16.0, gray_800());
        let typed = secret(ui, w::passphrase_field(lang), &mut self.passphrase);
        let mut last = typed.clone();
        let mut ready = !self.passphrase.is_empty();
        if new {
            last = secret(ui, w::passphrase_again(lang), &mut self.again);
            let short = self.passphrase.chars().count() < crate::identity::LEAST_PASSPHRASE;
            if short && !self.passphrase.is_empty() {
                complaint(ui, w::passphrase_short(lang));
            } else if !self.again.is_empty() && self.again != self.passphrase {
                complaint(ui, w::passphrase_differs(lang));
            }
            ready = !short && self.again == self.passphrase;
        }
        let entered = last.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        let label = if new { w::passphrase_choose(lang) } else { w::passphrase_open(lang) };
        let pressed = button_if(ui, ready, Btn::Primary, ic::VERIFIED_USER, label, vec2(160.0, 48.0)).clicked();
        if !(ready && (pressed || entered)) {
            return None;
        }
        let secret = Secret::new(self.passphrase.to_string());
        self.passphrase = Zeroizing::default();
        self.again = Zeroizing::default();
        Some(Action::Ask(Command::Unlock(secret)))
    }

    fn waiting(&mut self, ui: &mut Ui, lang: Lang, fingerprint: &str, refused: Option<&Failure>) -> Option<Action> {
        title(ui, w::waiting_title(lang));
        para(ui, w::waiting_text(lang), 16.0, gray_800());
        fingerprint_box(ui, fingerprint);
        icon_line(ui, ic::SYNC, w::waiting_looks(lang), reg(14.0), gray_700());
        ui.separator();
        text(ui, w::recover_title(lang), bold(16.0), gray_900());
        para(ui, w::recover_hint(lang), 14.0, gray_700());
        refusal(ui, lang, refused);
        line(ui, w::recovery_code(lang), &mut self.recovery, "XXXX-XXXX-XXXX-XXXX-XXXX-XXXX", 60);
        let whole = self.recovery.parse::<Code>().is_ok();
        if !button_if(ui, whole, Btn::Outline, "", w::recover(lang), vec2(160.0, TARGET)).clicked() {
            return None;
        }
        Some(Action::Ask(Command::Recover(Secret::new(self.recovery.to_string()))))
    }

    fn recovery(&mut self, ui: &mut Ui, lang: Lang, code: &Secret, office_name: &str) -> Option<Action> {
        icon_line(ui, ic::CHECK_CIRCLE, &w::setup_done(lang, office_name), bold(16.0), green_900());
        title(ui, w::recovery_title(lang));
        para(ui, w::recovery_text(lang), 16.0, gray_800());
        fingerprint_box(ui, code.reveal());
        ui.checkbox(&mut self.noted, RichText::new(w::recovery_noted(lang)).font(reg(16.0)).color(gray_900()));
        let pressed = button_if(ui, self.noted, Btn::Primary, "", w::next(lang), vec2(160.0, 48.0)).clicked();
        pressed.then_some(Action::Ask(Command::RecoveryNoted))
    }
}

/// Name, language and size stay in reach: whoever cannot read this cannot set it up.
fn head(ui: &mut Ui, model: &Model) -> Option<Action> {
    let mut asked = None;
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(w::title(model.lang())).font(bold(26.0)).color(gray_900()));
        ui.add_space(16.0);
        asked = chrome::text_sizes(ui, model.look, 40.0);
        let on = usize::from(model.lang() == Lang::En);
        if let Some(pressed) = segmented(ui, &["日本語", "English"], on, 40.0) {
            let lang = if pressed == 0 { Lang::Ja } else { Lang::En };
            asked = Some(Action::SetLook(crate::desktop::Look { lang, ..model.look }));
        }
    });
    asked
}

fn steps(ui: &mut Ui, lang: Lang, at: usize) {
    text(ui, w::setup_step(lang, at + 1, 3), reg(14.0), gray_700());
    #[expect(clippy::cast_precision_loss, reason = "three steps")]
    let part = (at + 1) as f32 / 3.0;
    ui.add(egui::ProgressBar::new(part).desired_height(6.0).fill(blue_900()));
}

fn title(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(bold(22.0)).color(gray_900()));
}

fn refusal(ui: &mut Ui, lang: Lang, refused: Option<&Failure>) {
    if let Some(refused) = refused {
        sentence_card(ui, ic::ERROR, bad(), &set_up_refused(lang, refused));
    }
}

pub(super) fn complaint(ui: &mut Ui, words: &str) {
    icon_line(ui, ic::ERROR, words, reg(14.0), red_900());
}

pub(super) fn line(ui: &mut Ui, label: &str, value: &mut String, hint: &str, limit: usize) -> egui::Response {
    field(ui, label, |ui| {
        let width = ui.available_width().min(560.0);
        let edit = TextEdit::singleline(value).text_color(gray_900()).hint_text(hint).char_limit(limit);
        ui.add(edit.desired_width(width).margin(FIELD_MARGIN))
    })
}

pub(super) fn secret(ui: &mut Ui, label: &str, value: &mut String) -> egui::Response {
    field(ui, label, |ui| {
        let width = ui.available_width().min(560.0);
        let edit = TextEdit::singleline(value).text_color(gray_900()).password(true).char_limit(200);
        ui.add(edit.desired_width(width).margin(FIELD_MARGIN))
    })
}

/// Something to be compared or written down, letter by letter.
pub(super) fn fingerprint_box(ui: &mut Ui, words: &str) {
    Frame::new().fill(gray_50()).corner_radius(R8).inner_margin(Margin::symmetric(16, 12)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let apart = in_fours(words);
        let wrapped = crate::desktop::text::wrap_ja(ui, &safe_text(&apart), &bold(22.0), ui.available_width());
        let rich = RichText::new(wrapped).font(bold(22.0)).color(gray_900());
        let response = ui.add(egui::Label::new(rich).extend().selectable(true));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, words));
    });
}

/// 64 digits in a row cannot be compared by eye; groups of four can.
fn in_fours(words: &str) -> String {
    if words.len() < 16 || !words.chars().all(|c| c.is_ascii_hexdigit()) {
        return words.to_owned();
    }
    let mut out = String::with_capacity(words.len() * 5 / 4);
    for (at, digit) in words.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            out.push(' ');
        }
        out.push(digit.to_ascii_uppercase());
    }
    out
}

fn shown(folder: Option<&PathBuf>) -> String {
    folder.map(|folder| folder.display().to_string()).unwrap_or_default()
}
