//! Without a mouse and without eyes: every control has a name, Tab reaches it, the usual keys do the usual things.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::{Look, Page};
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

/// What a person can do something with.
const CONTROLS: [Role; 14] = [
    Role::Button,
    Role::Tab,
    Role::RadioButton,
    Role::CheckBox,
    Role::ComboBox,
    Role::Link,
    Role::ListBox,
    Role::ListBoxOption,
    Role::MultilineTextInput,
    Role::PasswordInput,
    Role::SearchInput,
    Role::Slider,
    Role::SpinButton,
    Role::TextInput,
];

#[track_caller]
fn all_named(window: &Window, what: &str) -> usize {
    let mut seen = 0;
    for role in CONTROLS {
        for node in window.harness.query_all_by_role(role) {
            let node = node.accesskit_node();
            let name = node.label().unwrap_or_default();
            assert!(!name.trim().is_empty(), "{what}: a {role:?} without a name at {:?}", node.bounding_box());
            seen += 1;
        }
    }
    seen
}

/// A window with everything on it that can be pressed.
fn busy_window() -> Window {
    let mut window = window_of([1366.0, 768.0], Look::default(), Scripted::default());
    window.tell(Event::Login(made_up::admin()));
    window.tell(Event::Lists(made_up::lists()));
    window.tell(Event::Drafts(made_up::drafts()));
    window.tell(Event::Partners(made_up::partners()));
    window.tell(Event::Examined(Arc::new(made_up::examined_with_errors())));
    window.tell(Event::Accounts(made_up::accounts()));
    window.tell(Event::Terminals(made_up::terminals()));
    window.tell(Event::Audit(Arc::new(made_up::audit())));
    window
}

/// The words of every row of the navigation, as they stand before a count.
fn screens(window: &Window) -> Vec<String> {
    let rows = window.harness.get_all_by_role(Role::Tab);
    let names = rows.filter_map(|node| node.accesskit_node().label());
    names.map(|name| name.split('　').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_control_of_every_screen_has_a_name() {
    let mut window = busy_window();
    let navigation = screens(&window);
    for screen in &navigation {
        window.go(screen);
        assert!(all_named(&window, screen) > 10, "{screen}");
    }
    window.go("設定");
    let sections: Vec<String> = screens(&window).into_iter().filter(|name| !navigation.contains(name)).collect();
    assert!(sections.len() >= 4, "{sections:?}");
    for section in sections {
        window.go(&section);
        all_named(&window, &section);
    }
    window.open_first(|_| ());
    all_named(&window, "受信, opened");
    window.press("担当・メモ");
    all_named(&window, "担当・メモ");
    window.go("新規作成");
    window.press("確認して送る");
    all_named(&window, "the review");
    window.go("下書き");
    window.harness.get_all_by_role_and_label(Role::Button, "片づける").next().unwrap().click();
    window.harness.run();
    all_named(&window, "a question");
}

#[test]
fn tab_goes_through_every_screen_and_never_to_something_nameless() {
    for screen in ["ホーム", "受信", "下書き", "送信待ち", "新規作成", "一括送信", "設定"] {
        let mut window = busy_window();
        window.go(screen);
        let (mut names, mut roles) = (Vec::new(), Vec::new());
        for _ in 0..60 {
            window.key(egui::Key::Tab);
            let Some(node) = focused(&window) else { continue };
            names.push(node.0);
            roles.push(node.1);
        }
        assert!(names.iter().all(|name| !name.trim().is_empty()), "{screen}: {names:?}");
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert!(distinct.len() > 12, "{screen}: Tab goes round in {distinct:?}");
        assert!(roles.contains(&Role::Tab), "{screen}: the navigation is reached");
    }
}

fn focused(window: &Window) -> Option<(String, Role)> {
    CONTROLS.into_iter().find_map(|role| {
        let node = window.harness.query_all_by_role(role).find(|node| node.is_focused())?;
        Some((node.accesskit_node().label().unwrap_or_default(), role))
    })
}

#[test]
fn enter_opens_what_tab_reached_and_escape_goes_back() {
    let mut window = busy_window();
    let row = window
        .harness
        .get_all_by_role(Role::Tab)
        .find(|node| node.accesskit_node().label().is_some_and(|name| name.starts_with("送信済")));
    row.unwrap().focus();
    window.harness.run();
    window.key(egui::Key::Enter);
    assert_eq!(window.page(), Page::Sent);
    window.go("下書き");
    window.harness.get_all_by_role_and_label(Role::Button, "片づける").next().unwrap().click();
    window.harness.run();
    window.must_say("この下書きを片づけますか");
    window.key(egui::Key::Escape);
    assert!(!window.says("この下書きを片づけますか"));
    assert!(window.asked().iter().all(|asked| !asked.contains("Dismiss")));
    window.go("新規作成");
    window.press("確認して送る");
    window.must_say("この内容で送ります");
    window.key(egui::Key::Escape);
    assert!(!window.says("この内容で送ります"));
}

#[test]
fn ctrl_p_prints_the_parcel_that_is_read() {
    let mut window = busy_window();
    window.open_first(|_| ());
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::P);
    window.harness.run();
    window.must_say("どの様式");
}
