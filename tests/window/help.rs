//! ヘルプと診断, by its labels.

use std::sync::Arc;
use std::time::Duration;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::{Look as WindowLook, Page};
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

fn found(window: &mut Window, change: impl FnOnce(&mut Diagnosis)) {
    let mut diagnosis = made_up::diagnosis();
    change(&mut diagnosis);
    window.tell(Event::Diagnosis(Arc::new(diagnosis)));
}

#[test]
fn f1_opens_the_help_and_the_check_is_begun_stopped_and_read() {
    let mut window = full_window();
    window.key(egui::Key::F1);
    assert_eq!(window.page(), Page::Help);
    window.must_say("未確認");
    window.press("診断をはじめる");
    assert_eq!(window.asked(), ["Diagnosis(All)"]);
    let mut under_way = Diagnosis::default();
    under_way.checks[0].1 = Look::UnderWay;
    window.backend.events.send(Event::Diagnosis(Arc::new(under_way))).unwrap();
    // What turns while it looks keeps drawing.
    window.harness.run_steps(3);
    window.must_say("確かめています");
    window.harness.get_by_role_and_label(Role::Button, "やめる").click();
    window.harness.run_steps(3);
    assert_eq!(window.asked(), ["Diagnosis(Stop)"]);
    found(&mut window, |_| ());
    for words in ["良好", "注意", "不良", "直すところがあります。", "電子証明書", "→ "] {
        window.must_say(words);
    }
    let again: Vec<_> = window.harness.get_all_by_role_and_label(Role::Button, "もう一度").collect();
    assert_eq!(again.len(), 6);
    again[4].click();
    window.harness.run();
    assert_eq!(window.asked(), ["Diagnosis(Again(Folders))"]);
}

#[test]
fn a_trial_is_sent_and_its_return_is_told_in_words() {
    let mut window = full_window();
    window.key(egui::Key::F1);
    window.press("自分あてに試し送り");
    assert_eq!(window.asked(), ["Diagnosis(Trial)"]);
    found(&mut window, |diagnosis| diagnosis.trial = Trial::UnderWay);
    let begin = window.harness.get_by_role_and_label(Role::Button, "診断をはじめる");
    assert!(begin.accesskit_node().is_disabled(), "one thing at a time");
    found(&mut window, |diagnosis| diagnosis.trial = Trial::Came { took: Duration::from_millis(1_240) });
    window.must_say("1.2 秒で戻りました");
    found(&mut window, |diagnosis| diagnosis.trial = Trial::Failed(Failure::HubUnreachable));
    window.must_say("連携基盤につながりません。");
}

#[test]
fn the_support_file_goes_where_it_was_chosen() {
    let mut window =
        window_of([1280.0, 1700.0], WindowLook::default(), Scripted { folder: "/home/x".into(), ..Default::default() });
    window.key(egui::Key::F1);
    window.press("ファイルに保存");
    window.harness.run();
    assert_eq!(window.asked(), [r#"Diagnosis(Support("/home/x/support.zip"))"#]);
}

#[test]
fn an_answer_unfolds_under_its_question() {
    let mut window = full_window();
    window.key(egui::Key::F1);
    assert!(!window.says("新しいパスワードを決めてもらってください"));
    window.press("パスワードを忘れた");
    window.must_say("新しいパスワードを決めてもらってください");
    window.press("パスワードを忘れた");
    assert!(!window.says("新しいパスワードを決めてもらってください"));
}

#[test]
fn who_has_just_set_up_a_terminal_is_led_to_the_trial() {
    let mut window = window();
    window.tell(Event::Entrance(Entrance::Working(EntryStep::Asking)));
    window.tell(Event::Entrance(Entrance::Open));
    window.tell(Event::Login(Login::Needed { last_user: None, first: true }));
    assert_eq!(window.page(), Page::Home, "somebody has to log in first");
    window.tell(Event::Login(made_up::admin()));
    assert_eq!(window.page(), Page::Help);
    window.must_say("最後に、つながりを確かめましょう");
    found(&mut window, |diagnosis| diagnosis.trial = Trial::Came { took: Duration::from_secs(1) });
    assert!(!window.says("最後に、つながりを確かめましょう"));
}
