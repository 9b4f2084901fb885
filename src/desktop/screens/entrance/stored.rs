//! The certificates that lie in this computer's own store, one of them to be chosen.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::text::safe_text;
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, bad, button, icon_line, line_at, para, sentence_card, text};
use crate::engine::model::{Command, Failure, Stored};
use crate::words::failure::{failure, fingerprint_in_groups};
use crate::words::{mail, stored as s};

/// What is known of them, and which is chosen.
#[derive(Default)]
pub(super) struct StoredChoice {
    found: Search,
    chosen: Option<String>,
}

#[derive(Default)]
enum Search {
    #[default]
    NotBegun,
    Looking,
    Found(Result<Arc<[Stored]>, Failure>),
}

impl StoredChoice {
    /// What the engine found. Where only one can be meant it is chosen.
    pub fn found(&mut self, found: Result<Arc<[Stored]>, Failure>) {
        if let Ok(certificates) = &found {
            if let [only] = &**certificates {
                self.chosen = Some(only.fingerprint.clone());
            } else {
                self.chosen.take_if(|chosen| certificates.iter().all(|one| one.fingerprint != *chosen));
            }
        }
        self.found = Search::Found(found);
    }

    /// The chosen one's fingerprint.
    pub fn chosen(&self) -> Option<&str> {
        self.chosen.as_deref()
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model) -> Option<Action> {
        let lang = model.lang();
        let again = match &self.found {
            Search::NotBegun => true,
            Search::Looking => {
                icon_line(ui, ic::SYNC, s::looking(lang), reg(16.0), gray_700());
                false
            }
            Search::Found(found) => {
                match found {
                    Err(refused) => sentence_card(ui, ic::ERROR, bad(), &failure(lang, refused)),
                    Ok(certificates) if certificates.is_empty() => {
                        para(ui, s::none(lang), 16.0, gray_800());
                    }
                    Ok(certificates) => {
                        text(ui, s::choose(lang), bold(16.0), gray_900());
                        ui.scope(|ui| {
                            ui.spacing_mut().item_spacing.y = 8.0;
                            for certificate in certificates.iter() {
                                let on = self.chosen.as_ref() == Some(&certificate.fingerprint);
                                if row(ui, model, certificate, on) {
                                    self.chosen = Some(certificate.fingerprint.clone());
                                }
                            }
                        });
                    }
                }
                button(ui, Btn::Outline, ic::SYNC, s::look_again(lang)).clicked()
            }
        };
        again.then(|| {
            self.found = Search::Looking;
            Action::Ask(Command::LookForCertificates)
        })
    }
}

/// Whose it is, who issued it, for how long, and its number. Whether it was pressed.
fn row(ui: &mut Ui, model: &Model, certificate: &Stored, on: bool) -> bool {
    let lang = model.lang();
    let until = mail::day(lang, certificate.until.to_zoned(model.zone.clone()).date());
    let about = s::about(lang, &certificate.issuer, &until);
    let number = fingerprint_in_groups(&certificate.fingerprint.chars().take(16).collect::<String>());
    let size = vec2(ui.available_width(), 92.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::CLICK);
    let spoken = format!("{}　{}", safe_text(&certificate.subject), safe_text(&about));
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, on, &spoken));
    let p = ui.painter();
    let (fill, line) = match (on, response.hovered() || response.has_focus()) {
        (true, _) => (blue_100(), Stroke::new(2.0, blue_900())),
        (false, true) => (blue_50(), Stroke::new(1.0, gray_420())),
        (false, false) => (white(), Stroke::new(1.0, gray_420())),
    };
    p.rect(rect, R8, fill, line, StrokeKind::Inside);
    let knob = pos2(rect.left() + 24.0, rect.center().y);
    p.circle_stroke(knob, 9.0, Stroke::new(2.0, if on { blue_900() } else { gray_700() }));
    if on {
        p.circle_filled(knob, 5.0, blue_900());
    }
    let (left, width) = (rect.left() + 48.0, rect.width() - 64.0);
    for (down, words, font, color) in [
        (22.0, certificate.subject.as_str(), bold(16.0), gray_900()),
        (47.0, about.as_str(), reg(14.0), gray_800()),
        (70.0, number.as_str(), reg(14.0), gray_700()),
    ] {
        line_at(p, left, rect.top() + down, words, font, color, width);
    }
    response.clicked()
}
