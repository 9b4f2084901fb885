//! 下書き, and what can be taken back.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use jiff::SignedDuration;
use tayori::desktop::{Look, Page};
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

fn paths(number: usize) -> Vec<PathBuf> {
    made_up::bundle(number, vec![]).files.iter().map(|file| file.path.clone()).collect()
}

#[test]
fn drafts_are_sent_one_by_one_all_at_once_or_put_away() {
    let mut window = window();
    window.go("下書き");
    window.must_say("下書きはありません");
    window.tell(Event::Drafts(made_up::drafts()));
    window.must_say("3 件");
    window.must_say("3 件中 2 件");
    window.must_say("書き込み中のファイルが 2 個あります。");
    window.must_say("サービス項目コードが空です。");
    window.must_say("に自動で送ります");
    window.must_say("あと 12 個は、この分を送ったあとに並びます。");
    window.must_say("「UPSIKYU_x.CSV」は、ほかのソフトが開いています。");
    let disabled = |window: &Window, at: usize| {
        window.harness.get_all_by_role_and_label(Role::Button, "送る").nth(at).unwrap().accesskit_node().is_disabled()
    };
    assert_eq!([disabled(&window, 0), disabled(&window, 1), disabled(&window, 2)], [false, true, false]);

    window.harness.get_all_by_role_and_label(Role::Button, "送る").next().unwrap().click();
    window.harness.run();
    let commands = window.commands();
    let [Command::Send(requests)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((requests[0].receiver, requests[0].paths.clone(), requests.len()), (made_up::office(10), paths(0), 1));
    assert_eq!(window.page(), Page::Drafts);

    window.press("問題のないものをすべて送る");
    let commands = window.commands();
    let [Command::Send(requests)] = commands.as_slice() else { panic!("{commands:?}") };
    let receivers: Vec<_> = requests.iter().map(|request| request.receiver).collect();
    assert_eq!(receivers, [made_up::office(10), made_up::office(13)], "what has an error stays");

    window.harness.get_all_by_role_and_label(Role::Button, "片づける").nth(1).unwrap().click();
    window.harness.run();
    window.must_say("この下書きを片づけますか");
    assert!(window.asked().is_empty(), "it is asked first");
    window.press("はい、片づけます");
    assert_eq!(window.asked(), [format!("{:?}", Command::DismissDraft(made_up::office(11)))]);

    window.harness.get_all_by_role_and_label(Role::Button, "内容を足す").next().unwrap().click();
    window.harness.run();
    assert_eq!(window.page(), Page::Compose);
    assert_eq!(window.asked(), [format!("{:?}", Command::Examine(paths(0)))]);
}

#[test]
fn an_unwatched_folder_is_said_and_watched_by_one_press() {
    let mut window = window();
    let mut settings = made_up::settings();
    settings.folders.watch = false;
    window.tell(Event::Settings(settings));
    window.go("下書き");
    window.must_say("送信フォルダを見守っていません");
    window.press("見守りを始める");
    let commands = window.commands();
    let [Command::Configure(settings)] = commands.as_slice() else { panic!("{commands:?}") };
    assert!(settings.folders.watch);
}

#[test]
fn the_outgoing_folder_opens_from_the_drafts() {
    let opened = Arc::new(Mutex::new(Vec::new()));
    let desk = Scripted { opened: opened.clone(), ..Default::default() };
    let mut window = window_of([1280.0, 900.0], Look::default(), desk);
    window.go("下書き");
    window.press("送信フォルダを開く");
    assert_eq!(*opened.lock().unwrap(), [made_up::settings().outgoing]);
}

/// So many parcels that leave in some seconds.
fn leaving(numbers: &[usize]) -> Lists {
    let at = Some(made_up::noon() + SignedDuration::from_secs(8));
    let line = |number: &usize| made_up::line(*number, State::Waiting { next_try: at, last: None });
    Lists { outbox: numbers.iter().map(line).collect(), ..Lists::default() }
}

#[test]
fn what_was_sent_is_taken_back_before_it_leaves_and_is_on_the_table_again() {
    let mut window = window();
    window.go("新規作成");
    window.tell(Event::Examined(Arc::new(made_up::examined())));
    let field = window.harness.get_all_by_role(Role::MultilineTextInput).next().unwrap();
    field.focus();
    window.harness.run();
    window.harness.get_all_by_role(Role::MultilineTextInput).next().unwrap().type_text("消えては困る");
    window.harness.run();
    window.press("確認して送る");
    window.press("送る");
    window.commands();
    window.tell(Event::Notice(Notice::Queued { parcels: 2 }));
    window.tell(Event::Lists(leaving(&[2_001, 2_002])));
    window.must_say("2 件を送ります（あと ");
    for screen in ["受信", "設定", "送信待ち"] {
        window.go(screen);
        window.must_say("2 件を送ります（あと ");
    }
    window.harness.get_all_by_role_and_label(Role::Button, "取り消す").next().unwrap().click();
    window.harness.run();
    assert_eq!(window.asked(), [format!("{:?}", Command::Undo(vec![made_up::id(2_001), made_up::id(2_002)]))]);
    assert_eq!(window.page(), Page::Compose);
    let first = window.harness.get_all_by_role(Role::MultilineTextInput).next().unwrap();
    assert_eq!(first.value().as_deref(), Some("消えては困る"));
    window.tell(Event::Lists(Lists::default()));
    assert!(!window.says("件を送ります（あと "));
}

#[test]
fn ctrl_z_takes_back_what_has_not_left_and_nothing_else() {
    let mut window = window();
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    window.harness.run();
    assert!(window.asked().is_empty());
    // One that is tried again is no fresh one.
    let later = Some(made_up::noon() + SignedDuration::from_secs(5));
    let mut lists = leaving(&[2_001]);
    let tried = made_up::line(2_002, State::Waiting { next_try: later, last: Some(Failure::HubUnreachable) });
    lists.outbox = lists.outbox.iter().cloned().chain([tried]).collect();
    window.tell(Event::Lists(lists));
    window.must_say("1 件を送ります");
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    window.harness.run();
    assert_eq!(window.asked(), [format!("{:?}", Command::Undo(vec![made_up::id(2_001)]))]);
}

#[test]
fn what_is_sent_by_itself_does_not_take_away_what_somebody_writes() {
    let mut window = window();
    window.go("新規作成");
    window.tell(Event::Examined(Arc::new(made_up::examined())));
    window.tell(Event::Notice(Notice::Queued { parcels: 1 }));
    window.must_say("3 件の相手に送ります");
}

#[test]
fn what_can_be_put_right_in_a_draft_is_put_right_from_there() {
    let mut window = window_of([1280.0, 3000.0], Look::default(), Scripted::default());
    let mut drafts = made_up::drafts();
    let offer = Offer {
        repair: tayori::standard::repair::Repair::Encoding,
        row: None,
        field: None,
        before: "UTF-8".into(),
        after: "シフトJIS（CP932）".into(),
    };
    let mut with_offer: Vec<Draft> = drafts.drafts.to_vec();
    with_offer[1].bundle.files[0].offers = vec![offer.clone()];
    drafts.drafts = with_offer.into();
    let mut astray = drafts.astray.to_vec();
    astray[0].offers = vec![offer];
    drafts.astray = astray.into();
    window.tell(Event::Drafts(drafts));
    window.go("下書き");
    let press = |window: &mut Window, at: usize| {
        window.harness.get_all_by_role_and_label(Role::Button, "直す").nth(at).unwrap().click();
        window.harness.run();
    };
    press(&mut window, 0);
    assert_eq!(window.page(), Page::Compose);
    window.must_say("このように直します");
    assert_eq!(window.asked(), [format!("{:?}", Command::Examine(paths(1)))]);
    // It is put right with the whole draft, although the first look has not been answered yet.
    window.press("この内容で直す");
    let wanted = Command::ExamineMended { paths: paths(1), mended: vec![paths(1)[0].clone()] };
    assert_eq!(window.asked(), [format!("{wanted:?}")]);

    // A file without a receiver, too.
    window.tell(Event::Examined(Arc::new(Examined::default())));
    window.go("下書き");
    press(&mut window, 1);
    window.must_say("このように直します");
    let lost = PathBuf::from("/home/sakura/便り/送信/UPSIKYU_x.CSV");
    assert_eq!(window.asked(), [format!("{:?}", Command::Examine(vec![lost]))]);
}
