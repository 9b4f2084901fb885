//! From files to the outbox.

use std::path::PathBuf;
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::{Look, Page};
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

#[test]
fn files_are_chosen_checked_reviewed_and_sent() {
    let files = vec![PathBuf::from("/データ/UPPLAN.CSV"), PathBuf::from("/データ/UPSIKYU.CSV")];
    let mut window =
        window_of([1280.0, 1700.0], Look::default(), Scripted { files: files.clone(), ..Default::default() });
    window.go("新規作成");
    window.press("ファイルを選ぶ");
    match window.commands().as_slice() {
        [Command::Examine(paths)] => assert_eq!(paths, &files),
        other => panic!("{other:?}"),
    }
    window.must_say("ファイルを調べています…");
    window.tell(Event::Examined(Arc::new(made_up::examined())));
    window.must_say("3 件の相手に送ります");

    // Not to the second one this time, and a word to the first.
    window.harness.get_by_role_and_label(Role::CheckBox, made_up::name(1)).click();
    window.harness.run();
    window.must_say("2 件の相手に送ります");
    let first = window.harness.get_all_by_role(Role::MultilineTextInput).next().unwrap();
    first.focus();
    window.harness.run();
    window
        .harness
        .get_all_by_role(Role::MultilineTextInput)
        .next()
        .unwrap()
        .type_text("11月分です。よろしくお願いします。");
    window.harness.run();
    window.press("確認して送る");
    window.must_say("この内容で送ります");
    window.must_say("11月分です。よろしくお願いします。");
    window.must_say("今回は送らない相手が 1 件あります。");
    assert!(window.asked().is_empty(), "nothing goes before the review");

    window.press("送る");
    let commands = window.commands();
    let [Command::Send(requests)] = commands.as_slice() else { panic!("{commands:?}") };
    let sent: Vec<_> = requests.iter().map(|r| (r.receiver, r.paths.clone(), r.message.as_str())).collect();
    let paths = |number| made_up::bundle(number, vec![]).files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
    assert_eq!(
        sent,
        [(made_up::office(10), paths(0), "11月分です。よろしくお願いします。"), (made_up::office(13), paths(3), ""),]
    );
    assert_eq!(window.page(), Page::Outbox);
    window.tell(Event::Notice(Notice::Queued { parcels: 2 }));
    window.must_say("2 件を送信待ちに入れました。");
    window.go("新規作成");
    assert!(!window.says("確認して送る"), "what was sent is not offered again");
}

#[test]
fn words_are_kept_when_the_outbox_could_not_take_them() {
    let mut window = window();
    window.go("新規作成");
    window.tell(Event::Examined(Arc::new(made_up::examined())));
    window.harness.get_all_by_role(Role::MultilineTextInput).next().unwrap().focus();
    window.harness.run();
    window.harness.get_all_by_role(Role::MultilineTextInput).next().unwrap().type_text("消えては困る");
    window.harness.run();
    window.press("確認して送る");
    window.press("送る");
    window.tell(Event::Notice(Notice::NotSent(Failure::DiskFull)));
    window.must_say("パソコンの空き容量が足りません。");
    window.go("新規作成");
    let first = window.harness.get_all_by_role(Role::MultilineTextInput).next().unwrap();
    assert_eq!(first.value().as_deref(), Some("消えては困る"));
    window.press("確認して送る");
    window.must_say("この内容で送ります");
}

#[test]
fn a_bundle_with_an_error_cannot_be_sent_and_says_why() {
    let mut window = window();
    window.go("新規作成");
    window.tell(Event::Examined(Arc::new(made_up::examined_with_errors())));
    window.must_say("誤りがあるため送れません");
    window.must_say("サービス項目コードが空です。");
    window.must_say("3行目　項目 12「サービス項目コード」");
    window.must_say("→ 介護ソフトで渡邊 義男 様の訪問介護の内容を入れ、書き出し直してください。");
    let bad = window.harness.get_by_role_and_label(Role::CheckBox, made_up::name(1));
    assert!(bad.accesskit_node().is_disabled());
    bad.click();
    window.harness.run();
    window.must_say("1 件の相手に送ります");
    window.must_say("UPPLAN_2026.CSV");
    window.must_say("ファイル名が決まりの形になっていません。");
    window.must_say("「UPSIKYU_x.CSV」は、ほかのソフトが開いています。");
    window.press("確認して送る");
    window.press("送る");
    let commands = window.commands();
    let [Command::Send(requests)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(requests.iter().map(|request| request.receiver).collect::<Vec<_>>(), [made_up::office(10)]);
}

#[test]
fn nothing_can_be_sent_when_everything_has_errors() {
    let mut window = window();
    window.go("新規作成");
    let bundles = vec![made_up::bundle(0, vec![made_up::an_error()])];
    window.tell(Event::Examined(Arc::new(Examined { bundles, astray: vec![] })));
    let send = window.harness.get_by_role_and_label(Role::Button, "確認して送る");
    assert!(send.accesskit_node().is_disabled());
    send.click();
    window.harness.run();
    assert!(!window.says("この内容で送ります"));
    window.must_say("送る相手を一つ以上選んでください");
}

#[test]
fn files_dropped_anywhere_come_beside_those_already_chosen() {
    let mut window = full_window();
    window.go("受信");
    let drop = |window: &mut Window, name: &str| {
        window.harness.input_mut().dropped_files = vec![Arc::new(Dropped(PathBuf::from(name)))];
        window.harness.run();
    };
    drop(&mut window, "/a/一.CSV");
    assert_eq!(window.page(), Page::Compose);
    assert_eq!(window.asked(), [format!("{:?}", Command::Examine(vec!["/a/一.CSV".into()]))]);
    let bundles = vec![made_up::bundle(0, vec![])];
    let there: Vec<PathBuf> = bundles[0].files.iter().map(|file| file.path.clone()).collect();
    window.tell(Event::Examined(Arc::new(Examined { bundles, astray: vec![] })));
    drop(&mut window, "/a/二.CSV");
    let all = [there, vec![PathBuf::from("/a/二.CSV")]].concat();
    assert_eq!(window.asked(), [format!("{:?}", Command::Examine(all))]);
}

#[test]
fn the_outgoing_folder_is_looked_at_by_a_button() {
    let mut window = window();
    window.go("新規作成");
    window.press("送信フォルダから");
    assert_eq!(window.asked(), ["ExamineOutgoing"]);
    window.tell(Event::Progress(Some(Progress { task: Task::Looking, done: 12, total: 260 })));
    window.must_say("確認しています（260 個中 12 個）");
    window.tell(Event::Progress(None));
    window.tell(Event::Examined(Arc::new(Examined::default())));
    window.must_say("送れるファイルはありませんでした");
}

#[test]
fn a_failed_parcel_in_the_outbox_says_why_and_can_be_sent_again() {
    let mut window = full_window();
    window.go("送信待ち");
    window.must_say("送り先の事業所（3170000099）は、まだ受け取れる状態になっていません。");
    window.must_say("連携基盤につながりません。");
    window.press("もう一度送る");
    assert_eq!(window.asked(), [format!("{:?}", Command::Retry(made_up::id(2_003)))]);
}

#[test]
fn withdrawing_is_asked_once_more() {
    let mut window = window();
    let outbox = Arc::from([made_up::line(2_001, State::Waiting { next_try: None, last: None })]);
    window.tell(Event::Lists(Lists { outbox, ..Lists::default() }));
    window.go("送信待ち");
    window.press("取り消す");
    window.must_say("この送信を取り消しますか");
    window.press("いいえ");
    assert!(window.asked().is_empty());
    window.press("取り消す");
    window.press("はい、取り消します");
    assert_eq!(window.asked(), [format!("{:?}", Command::Withdraw(made_up::id(2_001)))]);
}
