//! 新規作成 and 一括送信 beyond the plain way: receivers by hand, attachments, templates, repairs, results, stopping.

use std::path::PathBuf;
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::{Look, Page};
use tayori::engine::model::*;
use tayori::standard::repair::Repair;

use crate::made_up;
use crate::world::*;

fn choose(window: &mut Window, combo: &str, item: &str) {
    let combos: Vec<_> = window.harness.get_all_by_role(Role::ComboBox).collect();
    let combo = combos.into_iter().find(|node| node.accesskit_node().label().as_deref() == Some(combo)).unwrap();
    combo.click();
    window.harness.run();
    window.harness.get_by_role_and_label(Role::Button, item).click();
    window.harness.run();
}

#[test]
fn a_receiver_is_chosen_by_name_and_gets_words_and_a_picture() {
    let files = vec![PathBuf::from("/写真/玄関.JPG"), PathBuf::from("/写真/一覧.xlsx")];
    let mut window = window_of([1280.0, 1700.0], Look::default(), Scripted { files, ..Default::default() });
    window.tell(Event::Partners(made_up::partners()));
    window.go("新規作成");
    let about = format!("{}　{}", made_up::name(2), made_up::office(12));
    choose(&mut window, "宛先を選ぶ", &about);
    window.must_say(made_up::name(2));
    let send = window.harness.get_by_role_and_label(Role::Button, "確認して送る");
    assert!(send.accesskit_node().is_disabled(), "there is nothing in it yet");
    window.press("添付する");
    window.must_say("玄関.JPG");
    window.must_say("「一覧.xlsx」は添付できません。");
    type_into(&mut window, Role::MultilineTextInput, "メッセージ", "玄関の写真です。");
    window.press("確認して送る");
    window.must_say("添付 1 個");
    window.press("送る");
    let commands = window.commands();
    let [Command::Send(requests)] = commands.as_slice() else { panic!("{commands:?}") };
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(
        (request.receiver, request.paths.as_slice(), request.message.as_str()),
        (made_up::office(12), &[PathBuf::from("/写真/玄関.JPG")][..], "玄関の写真です。")
    );
}

#[test]
fn a_template_is_filled_in_for_its_receiver_and_can_be_changed() {
    let mut window = window();
    window.go("新規作成");
    let bundles = vec![made_up::bundle(0, vec![])];
    window.tell(Event::Examined(Arc::new(Examined { bundles, astray: vec![] })));
    choose(&mut window, "定型文", "予定を送るとき");
    let field = window.harness.get_by_role(Role::MultilineTextInput);
    assert!(field.value().is_some_and(|words| words.contains("2026年11月分の予定をお送りします。")));
    choose(&mut window, "定型文", "定型文を編集…");
    window.must_say("と書いたところには、送るときの言葉が入ります。");
    window.harness.get_all_by_role_and_label(Role::Button, "この定型文を消す").next().unwrap().click();
    window.harness.run();
    window.press("保存");
    let commands = window.commands();
    let [Command::Configure(settings)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(settings.templates.len(), made_up::settings().templates.len() - 1);
}

#[test]
fn a_repair_is_looked_at_before_it_is_done_and_goes_along() {
    let mut window = window();
    window.go("新規作成");
    let mut bundle = made_up::bundle(0, vec![made_up::an_error()]);
    let offer = Offer {
        repair: Repair::Encoding,
        row: None,
        field: None,
        before: "UTF-8".into(),
        after: "シフトJIS（CP932）".into(),
    };
    bundle.files[0].offers = vec![offer];
    let path = bundle.files[0].path.clone();
    window.tell(Event::Examined(Arc::new(Examined { bundles: vec![bundle.clone()], astray: vec![] })));
    window.press("直す");
    window.must_say("このように直します");
    window.must_say("UTF-8 → シフトJIS（CP932）");
    assert!(window.asked().is_empty());
    window.press("この内容で直す");
    let all: Vec<PathBuf> = bundle.files.iter().map(|file| file.path.clone()).collect();
    let wanted = Command::ExamineMended { paths: all.clone(), mended: vec![path.clone()] };
    assert_eq!(window.asked(), [format!("{wanted:?}")]);
    bundle.files[0].offers.clear();
    bundle.files[0].mended = true;
    bundle.findings.clear();
    window.tell(Event::Examined(Arc::new(Examined { bundles: vec![bundle], astray: vec![] })));
    window.must_say("（直しました）");
    window.press("確認して送る");
    window.press("送る");
    let commands = window.commands();
    let [Command::Send(requests)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((requests[0].paths.clone(), requests[0].mended.clone()), (all, vec![path]));
}

#[test]
fn everything_that_is_fine_goes_at_once_with_a_result_for_each() {
    let mut window = window();
    window.tell(Event::Partners(made_up::partners()));
    window.go("一括送信");
    window.tell(Event::Examined(Arc::new(made_up::examined_with_errors())));
    window.must_say("2 件中 1 件");
    window.must_say("誤りがあるため送れません");
    type_into(&mut window, Role::MultilineTextInput, "全員へのメッセージ", "{年月}分です。{相手の名前}様");
    window.press("問題のないものをすべて送る");
    assert_eq!(window.page(), Page::Bulk);
    let commands = window.commands();
    let [Command::Send(requests)] = commands.as_slice() else { panic!("{commands:?}") };
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(
        (request.receiver, request.message.as_str()),
        (made_up::office(10), "2026年11月分です。あおぞら訪問介護ステーション様")
    );
    window.tell(Event::Progress(Some(Progress { task: Task::Queueing, done: 3, total: 30 })));
    window.must_say("送信待ちに入れています（30 件中 3 件）");
    window.tell(Event::Progress(None));
    window.tell(Event::Notice(Notice::Queued { parcels: 1 }));
    let results = [
        SendResult { receiver: made_up::office(10), outcome: Ok(made_up::id(0)) },
        SendResult { receiver: made_up::office(11), outcome: Err(Failure::DiskFull) },
    ];
    window.tell(Event::SendResults(Arc::from(results)));
    let lists = Lists { sent: Arc::from([made_up::line(0, State::Arrived)]), ..Lists::default() };
    window.tell(Event::Lists(lists));
    window.must_say("1 件を送信待ちに入れました。1 件は送れませんでした");
    window.must_say("あおぞら訪問介護ステーション 到着");
    window.must_say("ひまわりデイサービスセンター 送れませんでした");
    window.must_say("パソコンの空き容量が足りません。");
    window.press("結果をとじる");
    assert!(!window.says("送れませんでした"));
}

#[test]
fn looking_and_sending_can_be_stopped() {
    let mut window = window();
    window.go("新規作成");
    window.press("送信フォルダから");
    window.tell(Event::Progress(Some(Progress { task: Task::Looking, done: 12, total: 5_000 })));
    window.commands();
    window.press("中止");
    assert_eq!(window.asked(), ["Stop"]);
    assert!(!window.says("確認しています"));
    window.tell(Event::Examined(Arc::new(made_up::examined())));
    window.press("確認して送る");
    window.press("送る");
    window.commands();
    window.go("新規作成");
    window.must_say("送信待ちに入れています…");
    window.press("中止");
    assert_eq!(window.asked(), ["Stop"]);
    window.must_say("3 件の相手に送ります");
}

#[test]
fn a_letter_without_an_address_goes_along_to_whom_a_person_says() {
    let mut window = window_of([1280.0, 2600.0], Look::default(), Scripted::default());
    window.go("新規作成");
    let letter = Astray {
        path: "/送信/お知らせ.pdf".into(),
        name: "お知らせ.pdf".into(),
        why: AstrayReason::Findings(vec![]),
        offers: vec![],
    };
    window.tell(Event::Examined(Arc::new(Examined { astray: vec![letter], ..made_up::examined() })));
    window.must_say("どの事業所あてか、ファイル名からはわかりません。");
    choose(&mut window, "この相手に添付する…", made_up::name(1));
    assert!(!window.says("どの事業所あてか、ファイル名からはわかりません。"));
    window.press("確認して送る");
    window.press("送る");
    let commands = window.commands();
    let [Command::Send(requests)] = commands.as_slice() else { panic!("{commands:?}") };
    let with: Vec<_> = requests.iter().filter(|request| request.paths.len() == 4).map(|r| r.receiver).collect();
    assert_eq!(with, [made_up::office(11)]);
}
