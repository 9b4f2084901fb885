//! 設定 › 端末 and 操作の記録, and who in the office sees to a parcel.

use std::path::PathBuf;
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::Look;
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

fn terminals_page() -> Window {
    terminals_page_of(Scripted::default())
}

fn terminals_page_of(desk: Scripted) -> Window {
    let mut window = window_of([1280.0, 1400.0], Look::default(), desk);
    window.tell(Event::Login(made_up::admin()));
    window.go("設定");
    window.go("端末");
    assert_eq!(window.asked(), ["Terminals(List)"]);
    window.tell(Event::Terminals(made_up::terminals()));
    window
}

#[test]
fn an_administrator_sees_the_terminals_and_lets_one_in_by_its_number() {
    let mut window = terminals_page();
    for words in ["事務室のパソコン", "この端末", "許可待ち", "失効"] {
        window.must_say(words);
    }
    window.press("許可する");
    let yes = |window: &Window| {
        window
            .harness
            .get_all_by_role_and_label(Role::Button, "許可する")
            .last()
            .unwrap()
            .accesskit_node()
            .is_disabled()
    };
    assert!(yes(&window), "the number of the other screen comes first");
    type_into(&mut window, Role::TextInput, "新しい端末の番号", "3F1A 9C77 02E4 5BD0");
    inside(&window, "the question");
    window.harness.get_all_by_role_and_label(Role::Button, "許可する").last().unwrap().click();
    window.harness.run();
    let commands = window.commands();
    let [Command::Terminals(TerminalsCommand::Admit { id, fingerprint })] = commands.as_slice() else {
        panic!("{commands:?}")
    };
    assert_eq!((id.as_str(), fingerprint.as_str()), ("t2", "3F1A 9C77 02E4 5BD0"));
}

#[test]
fn a_terminal_is_revoked_only_after_a_question_and_never_ones_own() {
    let mut window = terminals_page();
    // One button: not for this terminal, nor for one that is out.
    window.press("失効させる");
    window.must_say("元には戻せません。");
    assert!(window.asked().is_empty());
    window.press("はい、失効させます");
    let commands = window.commands();
    assert!(matches!(commands.as_slice(), [Command::Terminals(TerminalsCommand::Revoke(id))] if id == "t2"));
}

#[test]
fn a_code_is_shown_large_printed_and_gone_once_read() {
    let documents = Documents::default();
    let mut window = terminals_page_of(Scripted { documents: documents.clone(), ..Default::default() });
    window.press("新しい端末のコード");
    assert_eq!(window.asked(), ["Terminals(NewCode)"]);
    let code = tayori::identity::code::Code::new().unwrap();
    let shown = code.to_string();
    window.tell(Event::Code(ShownCode { code, until: Some(made_up::noon()) }));
    window.must_say(&shown);
    window.must_say("この画面をとじると、もう表示できません。");
    window.press("印刷する");
    window.wait_for(|_| !documents.lock().unwrap().is_empty());
    assert!(documents.lock().unwrap()[0].1.starts_with(b"%PDF"));
    window.press("控えました");
    assert!(!window.says(&shown));
}

#[test]
fn the_terminals_are_the_administrators() {
    let mut window = full_window();
    window.tell(Event::Login(Login::As { user: "suzuki".parse().unwrap(), role: tayori::engine::model::Role::Staff }));
    window.go("設定");
    window.go("端末");
    window.must_say("端末の追加や失効は、管理者だけができます。");
    assert!(window.asked().is_empty());
}

#[test]
fn the_record_is_shown_checked_and_written_to_a_file() {
    let mut window =
        window_of([1280.0, 1400.0], Look::default(), Scripted { folder: "/保存先".into(), ..Default::default() });
    window.go("設定");
    window.go("操作の記録");
    assert_eq!(window.asked(), ["ShowAudit"]);
    window.tell(Event::Audit(Arc::new(made_up::audit())));
    window.must_say("記録 120 件は、書いたときのままです。");
    window.must_say("送信待ちに入れた");
    window.press("CSVに書き出す");
    let commands = window.commands();
    let [Command::ExportAudit(to)] = commands.as_slice() else { panic!("{commands:?}") };
    assert!(to.starts_with(PathBuf::from("/保存先")), "{to:?}");
    let broken = Audit { verdict: Err(AuditFault::Changed { seq: 7 }), ..made_up::audit() };
    window.tell(Event::Audit(Arc::new(broken)));
    window.must_say("7番の記録が書きかえられています。");
    window.must_say("管理者にご連絡ください。");
}

#[test]
fn a_parcel_another_terminal_imports_says_so_and_can_be_taken_over() {
    let mut window = window();
    let line = ParcelLine {
        importing: Some("窓口のパソコン".into()),
        assigned: Some("佐藤".into()),
        ..made_up::line(0, State::Arrived)
    };
    window.tell(Event::Lists(Lists { inbox: Arc::from([line]), ..Lists::default() }));
    window.tell(Event::Login(made_up::admin()));
    window.open_first(|view| view.note = "15日に電話する".into());
    window.commands();
    for words in ["「窓口のパソコン」で取り込み中", "担当 佐藤", "15日に電話する"] {
        window.must_say(words);
    }
    window.press("この端末に引き取る");
    window.must_say("二重に取り込まないようご注意ください。");
    assert!(window.asked().is_empty());
    window.press("はい、引き取ります");
    assert_eq!(window.asked(), [format!("{:?}", Command::TakeOver(made_up::id(0)))]);

    window.press("担当・メモ");
    window.press("自分が担当する");
    assert_eq!(window.asked(), [format!("{:?}", Command::Assign { parcel: made_up::id(0), to: "sato".into() })]);
    type_into(&mut window, Role::MultilineTextInput, "メモ（事業所の中だけで見えます）", "済。");
    window.press("メモを残す");
    let commands = window.commands();
    let [Command::Annotate { parcel, text }] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((*parcel, text.contains("済。")), (made_up::id(0), true));
}
