//! Sizes, colours, languages, many rows, hostile texts.

use std::path::PathBuf;
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::{Appearance, Look, Page, TextSize};
use tayori::engine::model::*;
use tayori::words::Lang;

use crate::made_up;
use crate::world::*;

#[test]
fn shortcuts_do_what_people_are_used_to() {
    let mut window = full_window();
    window.key(egui::Key::F5);
    assert_eq!(window.asked(), ["Exchange"]);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::N);
    window.harness.run();
    assert_eq!(window.page(), Page::Compose);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::F);
    window.harness.run();
    assert_eq!(window.page(), Page::Search);
    assert!(window.harness.get_by_role_and_label(Role::SearchInput, "さがすことば").is_focused());
}

#[test]
fn settings_are_typed_chosen_and_saved() {
    let mut window =
        window_of([1280.0, 1400.0], Look::default(), Scripted { folder: "/新しい場所".into(), ..Default::default() });
    window.go("設定");
    assert!(window.harness.get_by_role_and_label(Role::Button, "設定を保存").accesskit_node().is_disabled());
    window.harness.get_by_role_and_label(Role::TextInput, "事業所名").focus();
    window.harness.run();
    window.harness.get_by_role_and_label(Role::TextInput, "事業所名").type_text("（本店）");
    window.harness.run();
    window.go("フォルダ");
    window.harness.get_all_by_role_and_label(Role::Button, "選ぶ").nth(1).unwrap().click();
    window.harness.run();
    window.press("設定を保存");
    let commands = window.commands();
    let [Command::Configure(settings)] = commands.as_slice() else { panic!("{commands:?}") };
    assert!(settings.office_name.contains("（本店）"), "{}", settings.office_name);
    assert_eq!(settings.import, PathBuf::from("/新しい場所"));
    assert_eq!(settings.outgoing, made_up::settings().outgoing);
    window.tell(Event::Settings((**settings).clone()));
    window.must_say("設定を保存しました。");
    window.must_say("変更はありません");
}

#[test]
fn text_size_changes_the_zoom() {
    let mut window = full_window();
    window.harness.get_by_role_and_label(Role::RadioButton, "大").click();
    window.harness.run();
    assert_eq!(window.harness.ctx.zoom_factor(), 1.25);
    assert_eq!(window.harness.state().model().look.text_size, TextSize::Large);
}

#[test]
fn being_offline_is_said_with_what_to_do() {
    let mut window = full_window();
    let connection = Connection::Offline(Failure::HubUnreachable);
    window.tell(Event::Status(Status { connection, ..made_up::online() }));
    window.must_say("つながっていません");
    window.must_say("連携基盤につながりません。");
    window.must_say("インターネットにつながっているか、お確かめください。");
}

#[test]
fn ten_thousand_rows_are_listed_without_laying_them_out() {
    let mut window = window();
    window.tell(Event::Lists(Lists { inbox: made_up::inbox(10_000), ..Lists::default() }));
    window.go("受信");
    window.must_say("10,000 件");
    let rows = window.harness.get_all_by_role(Role::ListBoxOption).count();
    assert!(rows < 60, "{rows} rows were laid out");
    window.harness.get_by_role(Role::ListBox).focus();
    window.harness.run();
    window.key(egui::Key::End);
    assert_eq!(window.harness.state().selected(), Some(made_up::id(9_999)));
    let selected = window
        .harness
        .get_all_by_role(Role::ListBoxOption)
        .find(|node| node.accesskit_node().is_selected() == Some(true));
    let rect = selected.expect("the last row is scrolled to").rect();
    assert!(rect.bottom() <= 1_700.0 && rect.top() > 64.0, "{rect:?}");
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        window.harness.step();
    }
    let each = begun.elapsed() / 20;
    assert!(each.as_millis() < 200, "a pass took {each:?} even without optimisation");
}

/// Names of 300 characters, messages of 100,000, marks that turn the writing around, characters no font has.
fn hostile(lists: &mut Lists) {
    let nasty = format!("医療\u{202e}法人\u{0}🙂\u{e156}{}", "長".repeat(300));
    let spoil = |lines: &Arc<[ParcelLine]>| -> Arc<[ParcelLine]> {
        lines.iter().map(|line| ParcelLine { partner_name: nasty.clone(), ..line.clone() }).collect()
    };
    *lists = Lists { inbox: spoil(&lists.inbox), sent: spoil(&lists.sent), outbox: spoil(&lists.outbox) };
}

#[test]
fn hostile_texts_neither_panic_nor_break_the_layout() {
    let mut window = window();
    let mut lists = made_up::lists();
    hostile(&mut lists);
    window.tell(Event::Lists(lists));
    let nasty = "\u{202e}fdp.exe\u{7}🙂".repeat(40);
    let mut settings = made_up::settings();
    // What is typed in a field is drawn as it is, so only its length is hostile.
    settings.office_name = "長".repeat(300);
    window.tell(Event::Settings(settings));
    window.tell(Event::Notice(Notice::Saved { name: nasty.clone() }));
    window.open_first(|view| {
        view.message = "あ🙂\u{202e}\r\n".repeat(25_000);
        view.files[0].name = nasty.clone();
        view.sheets[0].person_name = Some(nasty.clone());
        view.sheets[0].lines[0].label = nasty.clone();
        view.checked = made_up::checked(vec![made_up::finding("error", Some(1), None, &nasty, &nasty); 500]);
    });
    window.must_say("あと 470 件を見る");
    inside(&window, "hostile inbox");
    window.press("つづきを読む（あと 24988 行）");
    inside(&window, "a long message unfolded");
    let mut bundle = made_up::bundle(0, vec![made_up::an_error(); 300]);
    bundle.receiver_name = nasty.clone();
    bundle.files[0].name = nasty.clone();
    let astray = (0..5_000)
        .map(|at| Astray {
            path: format!("/x/{at}").into(),
            name: nasty.clone(),
            why: AstrayReason::Unreadable(Failure::FileUnreadable { name: nasty.clone() }),
            offers: vec![],
        })
        .collect();
    window.tell(Event::Examined(Arc::new(Examined { bundles: vec![bundle], astray })));
    window.everywhere(|window, screen| inside(window, screen));
}

#[test]
fn every_screen_fits_small_windows_and_large_text() {
    for (size, zoom) in [
        ([1024.0, 640.0], TextSize::Medium),
        ([1024.0, 640.0], TextSize::Large),
        ([1366.0, 768.0], TextSize::Medium),
        ([1366.0, 768.0], TextSize::Large),
        // 1024 × 640 at 150 %
        ([683.0, 427.0], TextSize::Medium),
    ] {
        let [width, height] = size;
        let points = [width / zoom.zoom(), height / zoom.zoom()];
        let mut window = window_of(points, Look::default(), Scripted::default());
        window.tell(Event::Lists(made_up::lists()));
        window.tell(Event::Examined(Arc::new(made_up::examined_with_errors())));
        window.tell(Event::Diagnosis(Arc::new(made_up::diagnosis())));
        window.everywhere(|window, screen| inside(window, &format!("{screen} at {points:?}")));
        window.open_first(|view| made_up::give_months(view, 14));
        inside(&window, &format!("受信 at {points:?}"));
    }
}

/// 1366 × 768 with text of twice the size: nobody finds a screen that has to be scrolled to.
#[test]
fn every_screen_is_one_click_away_however_large_the_text() {
    let mut window = window_of([683.0, 384.0], Look::default(), Scripted::default());
    window.tell(Event::Lists(made_up::lists()));
    let mut opened = Vec::new();
    for screen in window.screens() {
        let rows = window.harness.get_all_by_role(Role::Tab);
        let named = |name: &str| name.split('　').next() == Some(screen.as_str());
        let row = rows.into_iter().find(|row| row.accesskit_node().label().is_some_and(|name| named(&name))).unwrap();
        assert!(row.rect().bottom() < 384.0 - 36.0 - 36.0, "{screen} stands at {:?}", row.rect());
        window.go(&screen);
        assert!(!opened.contains(&window.page()), "{screen} does not open");
        opened.push(window.page());
    }
}

#[test]
fn a_narrow_window_shows_the_list_or_the_pane() {
    let mut window = window_of([683.0, 427.0], Look { lang: Lang::Ja, ..Look::default() }, Scripted::default());
    window.tell(Event::Lists(made_up::lists()));
    window.go("受信");
    window.harness.get_all_by_role(Role::ListBoxOption).next().unwrap().click();
    window.harness.run();
    window.press("一覧にもどる");
    assert!(window.harness.query_by_role(Role::ListBox).is_some());
    window.harness.get_by_role(Role::ListBox).focus();
    window.harness.run();
    window.key(egui::Key::ArrowDown);
    assert!(window.harness.query_by_role(Role::ListBox).is_some(), "the arrow keys stay in the list");
    window.key(egui::Key::Enter);
    assert!(window.harness.query_by_role(Role::ListBox).is_none());
    window.key(egui::Key::Escape);
    assert!(window.harness.query_by_role(Role::ListBox).is_some());
}

#[test]
fn the_colours_are_chosen_in_the_settings_and_every_screen_is_drawn_in_them() {
    for (label, appearance) in
        [("暗い", Appearance::Dark), ("くっきり", Appearance::Contrast), ("明るい", Appearance::Light)]
    {
        let mut window = full_window();
        window.go("設定");
        window.harness.get_by_role_and_label(Role::RadioButton, label).click();
        window.harness.run();
        assert_eq!(window.harness.state().model().look.appearance, appearance);
        for screen in ["ホーム", "送信済", "新規作成", "送信待ち"] {
            window.go(screen);
        }
        window.open_first(|_| ());
    }
}

#[test]
fn text_can_be_twice_as_large() {
    let mut window = full_window();
    window.go("設定");
    window.harness.get_by_role_and_label(Role::RadioButton, "最大").click();
    window.harness.run();
    assert_eq!(window.harness.ctx.zoom_factor(), 2.0);
    for screen in ["ホーム", "送信済", "新規作成", "送信待ち", "設定"] {
        window.go(screen);
        inside(&window, &format!("{screen} at 200 %"));
    }
}
