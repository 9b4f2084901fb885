//! 設定 › フォルダ and 知らせ: what is pressed and typed there is what the engine is asked to keep.

use std::path::PathBuf;
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use jiff::civil::time;
use tayori::desktop::Look;
use tayori::engine::habits::{AfterSending, MailSecurity, Sound};
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

fn at(section: &str) -> Window {
    let desk = Scripted { folder: "/新しい場所".into(), ..Scripted::default() };
    let mut window = window_of([1280.0, 2600.0], Look::default(), desk);
    let partner = |office: &str, name: &str| Partner {
        office: office.parse().unwrap(),
        service: Some("11".parse().unwrap()),
        name: name.into(),
        reachable: true,
        changed: None,
        ..made_up::partners().iter().next_back().cloned().unwrap()
    };
    let partners = [partner("3171000048", "北の訪問介護"), partner("3191000079", "東のデイケア")];
    window.tell(Event::Partners(Arc::from(partners)));
    window.go("設定");
    window.go(section);
    window
}

/// Presses the n-th of several that are called so.
fn press(window: &mut Window, role: Role, label: &str, nth: usize) {
    window.harness.get_all_by_role_and_label(role, label).nth(nth).unwrap_or_else(|| panic!("no {label}")).click();
    window.harness.run();
}

fn may_save(window: &Window) -> bool {
    !window.harness.get_by_role_and_label(Role::Button, "設定を保存").accesskit_node().is_disabled()
}

fn saved(window: &mut Window) -> Settings {
    window.press("設定を保存");
    let commands = window.commands();
    let Some(Command::Configure(settings)) = commands.last() else { panic!("{commands:?}") };
    (**settings).clone()
}

#[test]
fn the_folders_and_what_happens_in_them_are_set_in_the_window() {
    let mut window = at("フォルダ");
    window.press("フォルダを足す");
    window.must_say("/新しい場所");
    press(&mut window, Role::RadioButton, "「送信済」フォルダに移す", 0);
    // By itself, to one partner, one kind.
    press(&mut window, Role::Button, "相手を足す", 0);
    type_into(&mut window, Role::TextInput, "相手をさがす", "ひがし");
    window.must_say("あてはまる事業所はありません。");
    window.press("やめる");
    press(&mut window, Role::Button, "相手を足す", 0);
    type_into(&mut window, Role::TextInput, "相手をさがす", "北");
    window.press("北の訪問介護（3171000048）");
    press(&mut window, Role::CheckBox, "実績", 0);
    let settings = saved(&mut window);
    assert_eq!(settings.folders.more_outgoing, [PathBuf::from("/新しい場所")]);
    assert_eq!(settings.folders.after_sending, AfterSending::PutAway);
    let [rule] = settings.folders.automatic.as_slice() else { panic!("{:?}", settings.folders.automatic) };
    assert_eq!((rule.partner.as_str(), rule.subjects.as_slice()), ("3171000048", &[Subject::Actuals][..]));
    window.tell(Event::Settings(settings));
    window.must_say("設定を保存しました。");

    window.press("北の訪問介護（3171000048） を外す");
    window.press("/新しい場所 を外す");
    let settings = saved(&mut window);
    assert!(settings.folders.automatic.is_empty() && settings.folders.more_outgoing.is_empty());
}

#[test]
fn what_comes_is_sorted_and_a_folder_that_is_not_chosen_is_not_saved() {
    let mut window = at("フォルダ");
    window.press("分け方を足す");
    window.must_say("フォルダを選んでください。");
    assert!(!may_save(&window));
    // Outgoing, import, the rule's.
    press(&mut window, Role::Button, "選ぶ", 2);
    assert!(may_save(&window));
    press(&mut window, Role::CheckBox, "予定", 0);
    type_into(&mut window, Role::TextInput, "あて先の自事業所のサービス種類（例 43、46。空ならすべて）", "43、4");
    window.must_say("サービス種類は2けた");
    type_into(&mut window, Role::TextInput, "あて先の自事業所のサービス種類（例 43、46。空ならすべて）", "6");
    assert!(!window.says("サービス種類は2けた"));
    press(&mut window, Role::CheckBox, "国の連携システムも使う", 0);
    assert!(!may_save(&window), "the hand-over folder is not chosen");
    press(&mut window, Role::Button, "選ぶ", 3);
    press(&mut window, Role::Button, "選ぶ", 4);
    let settings = saved(&mut window);
    let [rule] = settings.folders.import_rules.as_slice() else { panic!("{:?}", settings.folders.import_rules) };
    assert_eq!((rule.folder.clone(), rule.subjects.as_slice()), ("/新しい場所".into(), &[Subject::Provision][..]));
    assert_eq!(rule.services.iter().map(|service| service.as_str()).collect::<Vec<_>>(), ["43", "46"]);
    let national = settings.folders.national.unwrap();
    assert_eq!((national.hand_over, national.download), ("/新しい場所".into(), Some("/新しい場所".into())));
}

#[test]
fn notices_are_chosen_tried_and_sent_by_mail() {
    let mut window = at("知らせ");
    press(&mut window, Role::RadioButton, "鳴らさない", 0);
    press(&mut window, Role::CheckBox, "知らせに利用者の名前も出す", 0);
    press(&mut window, Role::CheckBox, "知らせない時間を決める", 0);
    window.press("30分早く　から");
    window.press("30分遅く　まで");
    press(&mut window, Role::CheckBox, "朝のまとめを出す", 0);
    type_into(&mut window, Role::TextInput, "知らせ先の URL（LINE WORKS や Slack の着信 URL）", "http://x");
    window.must_say("https:// で始まる URL を入れてください。");
    press(&mut window, Role::CheckBox, "メールでも知らせる", 0);
    type_into(&mut window, Role::TextInput, "メールの接続先（SMTP）", "smtp.example.jp");
    press(&mut window, Role::RadioButton, "TLS（465）", 0);
    type_into(&mut window, Role::TextInput, "ポート番号（空ならふつうの番号）", "99999");
    window.must_say("ポート番号は 1 から 65535 の数字です。");
    type_into(&mut window, Role::TextInput, "差出人のアドレス", "tayori@example.jp");
    type_into(&mut window, Role::TextInput, "あて先のアドレス", "keitai@example.jp");
    press(&mut window, Role::CheckBox, "画面を閉じても、時計の横に残って受け取り続ける", 0);
    let notices = saved(&mut window).notices;
    assert_eq!((notices.sound, notices.persons, notices.morning), (Sound::Silent, true, None));
    let quiet = notices.quiet.unwrap();
    assert_eq!((quiet.from, quiet.until), (time(18, 30, 0, 0), time(8, 0, 0, 0)));
    let mail = notices.mail.unwrap();
    assert_eq!((mail.server.as_str(), mail.security, mail.port()), ("smtp.example.jp", MailSecurity::Tls, 465));

    type_into(&mut window, Role::PasswordInput, "メールのパスワード", "hagaki");
    window.press("パスワードをしまう");
    let commands = window.commands();
    let [Command::KeepMailPassword(password)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(password.reveal(), "hagaki");
    window.press("知らせを試す");
    assert_eq!(window.asked(), ["TryNotices"]);
    window.tell(Event::Notice(Notice::Tried { ways: 1 }));
    window.must_say("試しの知らせを送りました。");
    window.tell(Event::Notice(Notice::Failed(Failure::MailSignInRefused)));
    window.must_say("メールの利用者名かパスワードが受け付けられませんでした。");
}

#[test]
fn whether_it_begins_with_the_computer_is_asked_of_the_engine() {
    let mut window = at("知らせ");
    window.must_say("このパソコンでは、起動に合わせて始める設定ができません。");
    window.tell(Event::Autostart(false));
    press(&mut window, Role::CheckBox, "パソコンを起動したら、便りも動き始める", 0);
    assert_eq!(window.asked(), ["Autostart(true)"]);
    window.tell(Event::Autostart(true));
    press(&mut window, Role::CheckBox, "パソコンを起動したら、便りも動き始める", 0);
    assert_eq!(window.asked(), ["Autostart(false)"]);
}

#[test]
fn a_notice_of_drafts_leads_to_the_drafts() {
    let mut window = full_window();
    window.tell(Event::Show(ToShow::Drafts));
    assert_eq!(window.page(), tayori::desktop::Page::Drafts);
}
