//! 設定 › 知らせ: what is told on this PC and outside it, and when not.

use egui::{RichText, Ui, vec2};
use jiff::SignedDuration;
use jiff::civil::{Time, time};
use zeroize::Zeroizing;

use super::{group, on_off};
use crate::desktop::Action;
use crate::desktop::icons as ic;
use crate::desktop::model::Model;
use crate::desktop::screens::entrance::{line, secret};
use crate::desktop::theme::{bold, reg};
use crate::desktop::tokens::*;
use crate::desktop::widgets::{Btn, button, button_if, button_named, icon_line, para, segmented, text};
use crate::engine::habits::{MailSecurity, MailWay, NoticeHabits, QuietHours, Sound};
use crate::engine::model::{Command, Secret, Settings};
use crate::words::{Lang, habits as h};

const STEP: SignedDuration = SignedDuration::from_mins(30);
const MORNING: Time = time(8, 30, 0, 0);
const NIGHT: QuietHours = QuietHours { from: time(19, 0, 0, 0), until: time(7, 30, 0, 0) };

/// What is typed on the page.
#[derive(Default)]
pub(super) struct Notices {
    password: Zeroizing<String>,
    port: Option<String>,
}

impl Notices {
    /// Other settings are shown than those that were typed into.
    pub fn begin_anew(&mut self) {
        self.port = None;
    }

    pub fn show(&mut self, ui: &mut Ui, model: &Model, draft: &mut Settings) -> Option<Action> {
        let lang = model.lang();
        here(ui, lang, &mut draft.notices);
        let asked = self.outside(ui, lang, &mut draft.notices);
        background(ui, model, &mut draft.notices).or(asked)
    }

    fn outside(&mut self, ui: &mut Ui, lang: Lang, notices: &mut NoticeHabits) -> Option<Action> {
        group(ui, ic::SEND, h::outside(lang), |ui| {
            para(ui, h::outside_hint(lang), 16.0, gray_700());
            let mut webhook = notices.webhook.clone().unwrap_or_default();
            if line(ui, h::webhook(lang), &mut webhook, "https://", 500).changed() {
                notices.webhook = Some(webhook.trim().to_owned()).filter(|address| !address.is_empty());
            }
            if notices.webhook.as_ref().is_some_and(|address| !address.starts_with("https://")) {
                icon_line(ui, ic::WARNING, h::webhook_wrong(lang), reg(14.0), yellow_1000());
            }
            let mut on = notices.mail.is_some();
            if on_off(ui, &mut on, h::mail_on(lang)) {
                notices.mail = on.then(MailWay::default);
                self.port = None;
            }
            let asked = notices.mail.as_mut().and_then(|mail| self.mail(ui, lang, mail));
            let mut tried = false;
            ui.horizontal_wrapped(|ui| {
                tried = button(ui, Btn::Outline, ic::SEND, h::try_out(lang)).clicked();
                text(ui, h::try_hint(lang), reg(14.0), gray_700());
            });
            if tried { Some(Action::Ask(Command::TryNotices)) } else { asked }
        })
    }

    fn mail(&mut self, ui: &mut Ui, lang: Lang, mail: &mut MailWay) -> Option<Action> {
        line(ui, h::mail_server(lang), &mut mail.server, "smtp.example.jp", 200);
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(h::mail_security(lang)).font(bold(16.0)).color(gray_900()));
            let on = usize::from(mail.security == MailSecurity::Tls);
            match segmented(ui, &["STARTTLS（587）", "TLS（465）"], on, TARGET) {
                Some(0) => mail.security = MailSecurity::Starttls,
                Some(_) => mail.security = MailSecurity::Tls,
                None => {}
            }
        });
        let port = self.port.get_or_insert_with(|| mail.port.map(|port| port.to_string()).unwrap_or_default());
        if line(ui, h::mail_port(lang), port, "", 5).changed() {
            mail.port = port.trim().parse().ok();
        }
        if !port.trim().is_empty() && port.trim().parse::<std::num::NonZeroU16>().is_err() {
            icon_line(ui, ic::WARNING, h::mail_port_wrong(lang), reg(14.0), yellow_1000());
        }
        line(ui, h::mail_from(lang), &mut mail.from, "tayori@example.jp", 200);
        line(ui, h::mail_to(lang), &mut mail.to, "keitai@example.jp", 200);
        line(ui, h::mail_user(lang), &mut mail.user, "", 200);
        secret(ui, h::mail_password(lang), &mut self.password);
        para(ui, h::mail_password_hint(lang), 14.0, gray_700());
        let typed = !self.password.is_empty();
        let keep = button_if(ui, typed, Btn::Outline, ic::SAVE, h::keep_password(lang), vec2(0.0, TARGET)).clicked();
        keep.then(|| {
            let password = std::mem::take(&mut self.password);
            Action::Ask(Command::KeepMailPassword(Secret::new(password.to_string())))
        })
    }
}

fn here(ui: &mut Ui, lang: Lang, notices: &mut NoticeHabits) {
    group(ui, ic::INFO, h::here(lang), |ui| {
        on_off(ui, &mut notices.toasts, h::toasts(lang));
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(h::sound(lang)).font(reg(16.0)).color(gray_900()));
            let all = [Sound::Silent, Sound::Soft, Sound::Loud];
            let names = [h::sound_silent(lang), h::sound_soft(lang), h::sound_loud(lang)];
            let on = all.iter().position(|sound| *sound == notices.sound).unwrap_or(1);
            if let Some(sound) = segmented(ui, &names, on, TARGET).and_then(|at| all.get(at)) {
                notices.sound = *sound;
            }
        });
        on_off(ui, &mut notices.persons, h::persons(lang));
        para(ui, h::persons_hint(lang), 14.0, gray_700());

        let mut quiet = notices.quiet.is_some();
        if on_off(ui, &mut quiet, h::quiet(lang)) {
            notices.quiet = quiet.then_some(NIGHT);
        }
        if let Some(hours) = &mut notices.quiet {
            ui.horizontal_wrapped(|ui| {
                clock(ui, lang, &mut hours.from, h::from(lang));
                clock(ui, lang, &mut hours.until, h::until(lang));
            });
        }
        para(ui, h::quiet_hint(lang), 14.0, gray_700());

        let mut morning = notices.morning.is_some();
        if on_off(ui, &mut morning, h::morning(lang)) {
            notices.morning = morning.then_some(MORNING);
        }
        if let Some(at) = &mut notices.morning {
            ui.horizontal_wrapped(|ui| clock(ui, lang, at, ""));
        }
        para(ui, h::morning_hint(lang), 14.0, gray_700());
    });
}

/// A time of the day, changed by half hours: nobody can type a wrong one.
fn clock(ui: &mut Ui, lang: Lang, time: &mut Time, after: &str) {
    let named = |words: &str| format!("{words}　{after}");
    if button_named(ui, Btn::Outline, "－", &named(h::earlier(lang))).clicked() {
        *time = time.wrapping_sub(STEP);
    }
    text(ui, format!("{:02}:{:02}", time.hour(), time.minute()), bold(18.0), gray_900());
    if button_named(ui, Btn::Outline, "＋", &named(h::later(lang))).clicked() {
        *time = time.wrapping_add(STEP);
    }
    if !after.is_empty() {
        text(ui, after, reg(16.0), gray_900());
    }
}

fn background(ui: &mut Ui, model: &Model, notices: &mut NoticeHabits) -> Option<Action> {
    let lang = model.lang();
    group(ui, ic::SCHEDULE, h::background(lang), |ui| {
        let mut asked = None;
        match model.autostart {
            Some(mut on) => {
                if on_off(ui, &mut on, h::autostart(lang)) {
                    asked = Some(Action::Ask(Command::Autostart(on)));
                }
            }
            None => icon_line(ui, ic::INFO, h::autostart_away(lang), reg(16.0), gray_800()),
        }
        on_off(ui, &mut notices.close_to_tray, h::close_to_tray(lang));
        para(ui, h::close_to_tray_hint(lang), 14.0, gray_700());
        asked
    })
}
