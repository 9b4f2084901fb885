//! Japanese and English, on every screen.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use tayori::desktop::Look as WindowLook;
use tayori::engine::model::*;
use tayori::words::Lang;

use crate::made_up;
use crate::world::*;

/// Lists whose names are plain, so that every Japanese letter that is drawn is the window's own.
fn plain(lists: Lists) -> Lists {
    let renamed = |lines: &Arc<[ParcelLine]>| -> Arc<[ParcelLine]> {
        let plain = |line: &ParcelLine| ParcelLine { partner_name: "North Home Care".into(), ..line.clone() };
        lines.iter().map(plain).collect()
    };
    Lists { inbox: renamed(&lists.inbox), sent: renamed(&lists.sent), outbox: renamed(&lists.outbox) }
}

fn plain_settings() -> Settings {
    let settings = made_up::settings();
    Settings::new(
        settings.office,
        "Sakura Care".into(),
        settings.hub,
        "/home/sakura/out".into(),
        "/home/sakura/in".into(),
    )
}

fn plain_diagnosis() -> Diagnosis {
    let mut diagnosis = made_up::diagnosis();
    for (_, look) in &mut diagnosis.checks {
        if let Look::Done(Found::FoldersTroubled(failures)) = look {
            *failures = vec![Failure::FolderMissing { path: "/home/sakura/in".into() }];
        }
    }
    diagnosis
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff66}'..='\u{ff9d}'))
}

/// What stays as it is in either language.
fn is_meant(text: &str) -> bool {
    // The other language names itself, on the switch.
    text == "日本語"
}

/// A window in this language, filled with plain data or empty.
fn in_language(lang: Lang, full: bool) -> Window {
    let mut window = window_of([1366.0, 2400.0], WindowLook { lang, ..WindowLook::default() }, Scripted::default());
    window.tell(Event::Settings(plain_settings()));
    window.tell(Event::Login(made_up::admin()));
    if full {
        window.tell(Event::Lists(plain(made_up::lists())));
        window.tell(Event::Accounts(made_up::accounts()));
        window.tell(Event::Diagnosis(Arc::new(plain_diagnosis())));
    }
    window
}

#[test]
fn no_screen_of_the_english_window_draws_japanese() {
    let mut found = Vec::new();
    for full in [false, true] {
        let mut window = in_language(Lang::En, full);
        if full {
            let connection = Connection::Offline(Failure::HubUnreachable);
            window.tell(Event::Status(Status { connection, ..made_up::online() }));
        }
        window.everywhere(|window, screen| {
            let texts = window.texts().into_iter().filter(|text| is_japanese(text) && !is_meant(text));
            found.extend(texts.map(|text| format!("{screen}: {text}")));
        });
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn no_screen_of_the_japanese_window_was_left_in_english() {
    let english = |text: &String| {
        let is_word = |word: &str| word.chars().count() > 3 && word.chars().all(|c| c.is_ascii_alphabetic());
        !is_japanese(text) && text.split(' ').filter(|word| is_word(word)).count() > 1
    };
    let mut found = Vec::new();
    for full in [false, true] {
        let mut window = in_language(Lang::Ja, full);
        window.everywhere(|window, screen| {
            let data = ["North Home Care", "Sakura Care"];
            let texts = window.texts().into_iter().filter(english).filter(|text| !data.contains(&text.as_str()));
            found.extend(texts.map(|text| format!("{screen}: {text}")));
        });
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_language_is_switched_while_the_window_is_open() {
    let mut window = full_window();
    window.go("設定");
    window.harness.get_by_role_and_label(Role::RadioButton, "English").click();
    window.harness.run();
    assert_eq!(window.screens().first().map(String::as_str), Some("Home"));
    window.harness.get_by_role_and_label(Role::RadioButton, "日本語").click();
    window.harness.run();
    assert_eq!(window.screens().first().map(String::as_str), Some("ホーム"));
}
