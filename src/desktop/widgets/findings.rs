//! What a check says, worst first: what, where, and what to do.

use egui::{Color32, RichText, Ui, vec2};

use super::super::icons as ic;
use super::super::text::safe_text;
use super::super::theme::{bold, icon, reg};
use super::super::tokens::*;
use super::{Btn, button_sized, hrow, para, text};
use crate::standard::{Finding, Severity};
use crate::words::{Lang, window as w};

/// So many are laid out at first; each press on "more" adds as many.
const AT_ONCE: usize = 30;

/// A list of findings that unfolds a part at a time.
#[derive(Debug)]
pub struct Findings {
    shown: usize,
}

impl Default for Findings {
    fn default() -> Self {
        Self { shown: AT_ONCE }
    }
}

impl Findings {
    pub fn show<'a>(&mut self, ui: &mut Ui, lang: Lang, findings: impl Iterator<Item = &'a Finding>) {
        let mut findings: Vec<&Finding> = findings.collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let mut group = None;
        for finding in findings.iter().take(self.shown) {
            if group != Some(finding.severity) {
                let count = findings.iter().filter(|other| other.severity == finding.severity).count();
                heading(ui, lang, finding.severity, count, group.is_none());
                group = Some(finding.severity);
            }
            one(ui, lang, finding);
        }
        let hidden = findings.len().saturating_sub(self.shown);
        if hidden > 0
            && button_sized(ui, Btn::Text, ic::EXPAND_MORE, &w::show_more(lang, hidden), vec2(0.0, TARGET)).clicked()
        {
            self.shown += AT_ONCE;
        }
    }
}

fn look(lang: Lang, severity: Severity) -> (&'static str, &'static str, Color32) {
    match severity {
        Severity::Error => (ic::ERROR, w::severity_error(lang), red_900()),
        Severity::Warning => (ic::WARNING, w::severity_warning(lang), yellow_1000()),
        Severity::Note => (ic::INFO, w::severity_note(lang), gray_700()),
    }
}

fn heading(ui: &mut Ui, lang: Lang, severity: Severity, count: usize, first: bool) {
    let (glyph, name, color) = look(lang, severity);
    if !first {
        ui.add_space(4.0);
    }
    hrow(ui, 26.0, |ui| {
        ui.label(RichText::new(glyph).font(icon(22.0)).color(color));
        ui.label(
            RichText::new(format!("{name}　{}", w::parcels(lang, &count.to_string()))).font(bold(16.0)).color(color),
        );
    });
}

fn one(ui: &mut Ui, lang: Lang, finding: &Finding) {
    let (_, _, color) = look(lang, finding.severity);
    let left = ui.cursor().left();
    let drawn = ui.horizontal_top(|ui| {
        ui.add_space(14.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            para(ui, &safe_text(&finding.message), 16.0, gray_900());
            let place = w::place(lang, finding.row, finding.field, finding.field_name.as_deref());
            let file = if finding.file.is_empty() { w::whole_set(lang) } else { &finding.file };
            text(ui, format!("{file}　{place}"), reg(14.0), gray_700());
            if !finding.hint.is_empty() {
                para(ui, &format!("→ {}", safe_text(&finding.hint)), 16.0, blue_1000());
            }
        });
    });
    // A bar of the group's colour holds the three lines together.
    let rect = drawn.response.rect;
    let bar = egui::Rect::from_min_max(egui::pos2(left + 2.0, rect.top()), egui::pos2(left + 5.0, rect.bottom()));
    ui.painter().rect_filled(bar, 1.0, color);
}
