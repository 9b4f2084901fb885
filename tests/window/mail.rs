//! Home, the lists and the panes beside them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::{Look, Page};
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

#[test]
fn each_screen_opens_by_its_japanese_label() {
    let mut window = full_window();
    for (label, page, words) in [
        ("受信", Page::Inbox, "40 件"),
        ("送信済", Page::Sent, "7 件"),
        ("下書き", Page::Drafts, "下書きはありません"),
        ("新規作成", Page::Compose, "ここにファイルを置くこともできます"),
        ("送信待ち", Page::Outbox, "つながりしだい、自動で送ります。"),
        ("設定", Page::Settings, "表示のことば"),
        ("ホーム", Page::Home, "次にすること"),
    ] {
        window.go(label);
        assert_eq!(window.page(), page, "{label}");
        window.must_say(words);
    }
}

#[test]
fn home_says_what_is_new_what_waits_and_what_to_do() {
    let mut window = full_window();
    window.must_say("未読 3 件");
    window.must_say("送信待ち 2 件");
    window.must_say("送信失敗 3 件");
    window.must_say("新しく 3 件届いています。");
    window.must_say("つながっています");
    window.must_say("電子証明書 あと 214 日");
    window.press("受信を見る");
    assert_eq!(window.page(), Page::Inbox);
}

#[test]
fn the_first_day_says_how_to_begin() {
    let mut window = window();
    window.tell(Event::Lists(Lists::default()));
    window.must_say("便りへようこそ");
    window.must_say("介護ソフトで、送るファイルを送信フォルダに書き出します。");
    for (screen, words) in
        [("受信", "まだ何も届いていません"), ("送信済", "まだ何も送っていません"), ("送信待ち", "送信待ちはありません")]
    {
        window.go(screen);
        window.must_say(words);
    }
    window.go("ホーム");
    window.press("ファイルを送る");
    assert_eq!(window.page(), Page::Compose);
}

#[test]
fn arrow_keys_choose_and_open_and_the_pane_shows_everything() {
    let mut window = full_window();
    window.go("受信");
    window.harness.get_by_role_and_label(Role::ListBox, "受信").focus();
    window.harness.run();
    window.key(egui::Key::ArrowDown);
    window.key(egui::Key::ArrowDown);
    window.key(egui::Key::ArrowUp);
    window.key(egui::Key::End);
    window.key(egui::Key::Home);
    let opened: Vec<String> =
        [0, 1, 0, 39, 0].iter().map(|at| format!("{:?}", Command::Open(made_up::id(*at)))).collect();
    assert_eq!(window.asked(), opened);
    assert_eq!(window.harness.state().selected(), Some(made_up::id(0)));

    window.open_first(|_| ());
    for words in [
        "署名を確認しました",
        "いつもお世話になっております。10月分の実績をお送りします。",
        "日ごとの回数を足すと 9 回ですが、算定回数は 10 回です。",
        "第6表（サービス利用票）実績　13 KB",
        "種類のわからないファイル",
        "髙橋 春江 様（0001234501）",
        "ちがい 3 か所",
        "/home/sakura/便り/取込",
        "受信 11/18 11:46",
    ] {
        window.must_say(words);
    }
}

#[test]
fn an_incoming_parcel_is_marked_imported_saved_and_its_folder_opened() {
    let opened = Arc::new(Mutex::new(Vec::new()));
    let desk = Scripted { folder: "/保存先".into(), opened: opened.clone(), ..Default::default() };
    let mut window = window_of([1280.0, 2000.0], Look::default(), desk);
    window.tell(Event::Lists(made_up::lists()));
    window.open_first(|_| ());
    window.commands();
    window.press("取り込み済みにする");
    window.harness.get_all_by_role_and_label(Role::Button, "保存").nth(2).unwrap().click();
    window.harness.run();
    let wanted = [
        format!("{:?}", Command::MarkImported(made_up::id(0))),
        format!(
            "{:?}",
            Command::SaveFile { parcel: made_up::id(0), index: 2, to: PathBuf::from("/保存先/お知らせ.pdf") }
        ),
    ];
    assert_eq!(window.asked(), wanted);
    window.press("フォルダを開く");
    assert_eq!(*opened.lock().unwrap(), [PathBuf::from("/home/sakura/便り/取込")]);
}

#[test]
fn a_refused_parcel_says_why_in_the_sent_list() {
    let mut window = full_window();
    window.go("送信済");
    window.must_say("取込済");
    window.harness.get_by_label_contains("相手が受け取れず").click();
    window.harness.run();
    window.must_say("封を開けられませんでした。");
    window.must_say("送り主に、もう一度送ってもらってください。");
}

#[test]
fn search_finds_names_and_numbers_whatever_their_width() {
    let mut window = full_window();
    window.harness.get_by_role_and_label(Role::SearchInput, "さがす").focus();
    window.harness.run();
    window.harness.get_by_role_and_label(Role::SearchInput, "さがす").type_text("ひまわり");
    window.harness.run();
    assert_eq!(window.page(), Page::Inbox);
    window.must_say("4 件");
    window.key(egui::Key::Escape);
    window.must_say("40 件");
    window.harness.get_by_role_and_label(Role::SearchInput, "さがす").focus();
    window.harness.run();
    window.harness.get_by_role_and_label(Role::SearchInput, "さがす").type_text("３１７００００１５");
    window.harness.run();
    window.must_say("あてはまるものはありません");
}

#[test]
fn a_notice_clicked_before_the_lists_are_known_opens_its_parcel_when_they_are() {
    let mut window = window();
    window.tell(Event::Show(ToShow::Parcel(made_up::id(0))));
    assert!(window.asked().is_empty());
    window.tell(Event::Lists(made_up::lists()));
    assert_eq!((window.page(), window.harness.state().selected()), (Page::Inbox, Some(made_up::id(0))));
    assert_eq!(window.asked(), [format!("{:?}", Command::Open(made_up::id(0)))]);
    window.tell(Event::Lists(made_up::lists()));
    assert!(window.asked().is_empty(), "once");
}

#[test]
fn arriving_mail_is_said_and_can_be_opened_from_the_toast() {
    let mut window = full_window();
    let notice = Notice::Arrived {
        parcel: made_up::id(0),
        partner_name: "あおぞら訪問介護ステーション".into(),
        subjects: vec![Subject::Actuals],
        files: 3,
        persons: Names::default(),
    };
    window.tell(Event::Notice(notice));
    window.must_say("あおぞら訪問介護ステーション からファイルが 3 個届きました。");
    window.press("見る");
    assert_eq!(window.page(), Page::Inbox);
    assert_eq!(window.asked(), [format!("{:?}", Command::Open(made_up::id(0)))]);
    window.harness.run_steps(30); // a quarter of a second each
    assert!(!window.says("からファイルが 3 個届きました。"), "a toast goes away by itself");
}

#[test]
fn s8_a_changed_partner_is_asked_with_both_numbers_and_never_by_one_press() {
    let mut window = window();
    let (known, offered) = ("ab12".repeat(16), "cd34".repeat(16));
    let failure = Failure::PartnerChanged { office: "3170000010".into(), known, offered: offered.clone() };
    let held = |number, incoming| {
        let state = if incoming {
            State::Held(failure.clone())
        } else {
            State::Waiting { next_try: None, last: Some(failure.clone()) }
        };
        made_up::line(number, state)
    };
    let lists = Lists { inbox: Arc::from([held(0, true)]), outbox: Arc::from([held(30, false)]), ..Lists::default() };
    window.tell(Event::Lists(lists));
    assert_eq!(
        window.harness.get_all_by_role_and_label(Role::Button, "番号を確かめる").count(),
        1,
        "one partner, one question"
    );
    window.press("番号を確かめる");
    window.must_say("ab12ab12");
    window.must_say("cd34cd34");
    let yes = window.harness.get_by_role_and_label(Role::Button, "信頼する");
    assert!(yes.accesskit_node().is_disabled(), "not before somebody has asked the partner");
    inside(&window, "the question");
    window.press("まだ信頼しない");
    assert!(window.asked().is_empty());
    window.go("受信");
    window.harness.get_all_by_role(Role::ListBoxOption).next().unwrap().click();
    window.harness.run();
    window.commands();
    window.press("番号を確かめる");
    window.harness.get_by_role(Role::CheckBox).click();
    window.harness.run();
    window.press("信頼する");
    assert_eq!(
        window.asked(),
        [format!("{:?}", Command::TrustPartner { office: made_up::office(10), fingerprint: offered })]
    );
}

#[test]
fn what_came_by_the_national_system_says_so_on_its_row() {
    let mut window = window();
    let line = |number, way| ParcelLine { way, subjects: vec![], ..made_up::line(number, State::Arrived) };
    let inbox = Arc::from([line(0, Way::National), line(1, Way::Hub)]);
    window.tell(Event::Lists(Lists { inbox, ..Lists::default() }));
    window.go("受信");
    let drawn = window.texts().iter().filter(|text| text.as_str() == "国の連携").count();
    assert_eq!(drawn, 1, "{:?}", window.texts());
    window.must_say("あおぞら訪問介護ステーション ファイル 1 個 未取込 国の連携 11/18 12:33");
}

#[test]
fn before_the_lists_are_known_nobody_is_told_that_they_are_empty() {
    let (engine, backend) = tayori::engine::Engine::pair();
    let builder =
        egui_kittest::Harness::builder().with_size([1280.0, 900.0]).renderer(crate::painter::Painter::default());
    let harness = builder.build_eframe(move |cc| {
        tayori::desktop::App::new(&cc.egui_ctx, engine, tayori::words::Lang::Ja).with_now(made_up::noon())
    });
    let mut window = Window { harness, backend };
    window.must_say("一覧を読み込んでいます…");
    window.go("受信");
    window.must_say("一覧を読み込んでいます…");
    window.tell(Event::Lists(made_up::lists()));
    assert!(!window.says("一覧を読み込んでいます…"));
}
