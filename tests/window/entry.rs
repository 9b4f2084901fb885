//! The first start, the passphrase, the login and the accounts.

use std::path::PathBuf;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::Look;
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

fn not_set_up(refused: Option<Failure>) -> Event {
    set_up(false, refused)
}

fn set_up(has_store: bool, refused: Option<Failure>) -> Event {
    Event::Entrance(Entrance::SetUp {
        outgoing: "/書類/便り/送信".into(),
        import: "/書類/便り/取込".into(),
        has_store,
        refused,
    })
}

#[test]
fn the_guide_sets_a_terminal_up_from_the_letter() {
    let mut window = window();
    window.tell(not_set_up(None));
    window.must_say("便りをはじめます");
    let next =
        |window: &Window| window.harness.get_by_role_and_label(Role::Button, "次へ").accesskit_node().is_disabled();
    assert!(next(&window), "nothing is entered yet");
    type_into(&mut window, Role::TextInput, "連携基盤のアドレス", "hub.example.jp:8443");
    type_into(&mut window, Role::TextInput, "事業所番号", "31700");
    window.must_say("事業所番号は10桁です。");
    type_into(&mut window, Role::TextInput, "事業所番号", "00001");
    type_into(&mut window, Role::TextInput, "コード（24文字）", "abcd efgh");
    window.must_say("コードは24文字です。");
    assert!(next(&window));
    type_into(&mut window, Role::TextInput, "コード（24文字）", " jkmn pqrs tvwx yz01");
    window.must_say("コードがそろいました。");
    window.press("次へ");
    window.must_say("/書類/便り/取込");
    window.harness.get_all_by_role_and_label(Role::Button, "選ぶ").next().unwrap().click();
    window.harness.run();
    window.press("次へ");
    type_into(&mut window, Role::TextInput, "このパソコンの呼び名", "事務室");
    inside(&window, "the guide");
    window.press("はじめる");
    let commands = window.commands();
    let [Command::SetUp(entry)] = commands.as_slice() else { panic!("{} commands", commands.len()) };
    assert_eq!(
        (entry.hub.as_str(), entry.office, entry.terminal.as_str()),
        ("hub.example.jp:8443", made_up::office(1), "事務室")
    );
    let By::Code(code) = &entry.by else { panic!("no code") };
    assert_eq!(code.as_str(), "abcd efgh jkmn pqrs tvwx yz01");
    window.tell(Event::Entrance(Entrance::Working(EntryStep::Asking)));
    window.must_say("連携基盤に申し込んでいます…");
    window.tell(not_set_up(Some(Failure::HubUnreachable)));
    window.must_say("連携基盤につながりません。");
    assert_eq!(
        window.harness.get_by_role_and_label(Role::TextInput, "連携基盤のアドレス").value().as_deref(),
        Some("hub.example.jp:8443"),
        "what was typed is still there"
    );
    let code = Secret::new("AAAA-BBBB-CCCC-DDDD-EEEE-FFFF".into());
    window.tell(Event::Entrance(Entrance::Recovery { code, office_name: "さくら居宅".into() }));
    window.must_say("AAAA-BBBB-CCCC-DDDD-EEEE-FFFF");
    assert!(next(&window), "not before it was written down");
    window.harness.get_by_role_and_label(Role::CheckBox, "紙に書きとめました").click();
    window.harness.run();
    window.press("次へ");
    assert_eq!(window.asked(), ["RecoveryNoted"]);
    window.tell(Event::Entrance(Entrance::Open));
    window.must_say("便りへようこそ");
}

#[test]
fn a_certificate_file_can_stand_for_the_code() {
    let mut window =
        window_of([1280.0, 1400.0], Look::default(), Scripted { folder: "/証明書".into(), ..Default::default() });
    window.tell(not_set_up(None));
    type_into(&mut window, Role::TextInput, "連携基盤のアドレス", "hub.example.jp");
    type_into(&mut window, Role::TextInput, "事業所番号", "3170000001");
    window.harness.get_by_role_and_label(Role::RadioButton, "証明書ファイル").click();
    window.harness.run();
    window.press("ファイルを選ぶ");
    window.must_say("/証明書/証明書.p12");
    type_into(&mut window, Role::PasswordInput, "ファイルのパスワード", "ひみつ");
    type_into(&mut window, Role::TextInput, "認証局の番号（案内状にあります）", "AA:BB");
    window.press("次へ");
    window.press("次へ");
    window.press("はじめる");
    let commands = window.commands();
    let [Command::SetUp(entry)] = commands.as_slice() else { panic!("{} commands", commands.len()) };
    let By::File { path, password, authority } = &entry.by else { panic!("no file") };
    assert_eq!(
        (path, password.as_str(), authority.as_str()),
        (&PathBuf::from("/証明書/証明書.p12"), "ひみつ", "AA:BB")
    );
}

#[test]
fn where_the_system_keeps_certificates_one_of_them_can_stand_for_the_code() {
    let mut window = window_of([1280.0, 1700.0], Look::default(), Scripted::default());
    let ways = |window: &Window| {
        let ways = window.harness.get_all_by_role(Role::RadioButton).filter_map(|way| way.accesskit_node().label());
        ways.filter(|label| label.contains("証明書")).collect::<Vec<_>>()
    };
    window.tell(not_set_up(None));
    assert_eq!(ways(&window), ["証明書ファイル"], "there is no store here");
    window.tell(set_up(true, None));
    type_into(&mut window, Role::TextInput, "連携基盤のアドレス", "hub.example.jp");
    type_into(&mut window, Role::TextInput, "事業所番号", "3170000001");
    window.harness.get_by_role_and_label(Role::RadioButton, "このパソコンの証明書").click();
    window.harness.run();
    window.must_say("このパソコンの証明書を探しています…");
    assert_eq!(window.asked(), ["LookForCertificates"], "asked once");
    window.tell(Event::Stored(Err(Failure::CertificateStoreUnreadable)));
    window.must_say("このパソコンに入っている証明書を調べられませんでした。");
    window.press("もう一度探す");
    assert_eq!(window.asked(), ["LookForCertificates"]);
    window.tell(Event::Stored(Ok([].into())));
    window.must_say("使える証明書が見つかりません。");
    window.press("もう一度探す");
    window.commands();
    window.tell(Event::Stored(Ok(made_up::stored())));
    type_into(&mut window, Role::TextInput, "認証局の番号（案内状にあります）", "AA:BB");
    let next =
        |window: &Window| window.harness.get_by_role_and_label(Role::Button, "次へ").accesskit_node().is_disabled();
    assert!(next(&window), "none is chosen yet");
    inside(&window, "the certificates");
    let row = "KJ3170000001　有効期限: 2027年3月31日　発行元: 国保連合会 介護認証局（例）";
    window.harness.get_by_role_and_label(Role::RadioButton, row).click();
    window.harness.run();
    // A card was taken out meanwhile: what is no longer there is no longer chosen.
    window.press("もう一度探す");
    window.tell(Event::Stored(Ok(made_up::stored().iter().skip(1).cloned().collect())));
    assert!(next(&window));
    window.press("もう一度探す");
    window.tell(Event::Stored(Ok(made_up::stored())));
    window.harness.get_by_role_and_label(Role::RadioButton, row).click();
    window.harness.run();
    window.press("次へ");
    window.press("次へ");
    window.commands();
    window.press("はじめる");
    let commands = window.commands();
    let [Command::SetUp(entry)] = commands.as_slice() else { panic!("{} commands", commands.len()) };
    let By::Stored { fingerprint, authority } = &entry.by else { panic!("no certificate of the store") };
    assert_eq!((fingerprint, authority.as_str()), (&made_up::stored()[0].fingerprint, "AA:BB"));
    window.tell(Event::Entrance(Entrance::Working(EntryStep::Trying)));
    window.must_say("証明書の鍵を確かめています…");
    window.must_say("Windows が暗証番号や許可をたずねたら");
    for (refused, words) in [
        (Failure::KeyDeclined, "証明書の鍵を使うことが取り消されたか、暗証番号が違いました。"),
        (Failure::CardMissing, "証明書の鍵が入ったカードが見つかりません。"),
        (Failure::CardLocked, "暗証番号のまちがいが続いたため、カードが使えなくなっています。"),
        (Failure::KeyUnfit, "この証明書の鍵は、連携基盤が求める方法に対応していません。"),
        (Failure::CertificateNotStored, "選んだ証明書がこのパソコンに見つからないか、期限が切れています。"),
    ] {
        window.tell(set_up(true, Some(refused)));
        window.must_say(words);
    }
    assert!(!next(&window), "what was chosen is still there");
}

#[test]
fn the_passphrase_is_asked_and_a_new_one_twice() {
    let mut window = window();
    window.tell(Event::Entrance(Entrance::Passphrase { new: false, refused: Some(Failure::PassphraseWrong) }));
    window.must_say("合言葉を入れてください");
    type_into(&mut window, Role::PasswordInput, "合言葉", "ひらけごま");
    assert!(!window.says("ひらけごま"), "it is not shown");
    window.key(egui::Key::Enter);
    let commands = window.commands();
    let [Command::Unlock(passphrase)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(passphrase.reveal(), "ひらけごま");
    window.tell(Event::Entrance(Entrance::Passphrase { new: true, refused: None }));
    type_into(&mut window, Role::PasswordInput, "合言葉", "short");
    window.must_say("8文字以上にしてください。");
    type_into(&mut window, Role::PasswordInput, "合言葉", " and longer");
    type_into(&mut window, Role::PasswordInput, "合言葉（もう一度）", "short and");
    window.must_say("二つの合言葉がちがいます。");
    type_into(&mut window, Role::PasswordInput, "合言葉（もう一度）", " longer");
    window.press("この合言葉にする");
    let commands = window.commands();
    let [Command::Unlock(passphrase)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(passphrase.reveal(), "short and longer");
}

#[test]
fn a_terminal_that_waits_shows_its_number_and_takes_the_recovery_code() {
    let mut window = window();
    let waiting = |refused| Event::Entrance(Entrance::Waiting { fingerprint: "12:34:56:78".into(), refused });
    window.tell(waiting(None));
    window.must_say("12:34:56:78");
    window.must_say("管理者がこのパソコンを許可します。");
    type_into(&mut window, Role::TextInput, "復旧コード", "ABCDEFGHJKMNPQRSTVWXYZ01");
    window.press("復旧する");
    let commands = window.commands();
    let [Command::Recover(code)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(code.reveal(), "ABCDEFGHJKMNPQRSTVWXYZ01");
    window.tell(waiting(Some(Failure::RecoveryCodeWrong)));
    inside(&window, "waiting");
}

#[test]
fn login_is_asked_once_and_keeps_nobody_from_reading() {
    let mut window = full_window();
    let last_user = Some("sato".parse().unwrap());
    window.tell(Event::Login(Login::Needed { last_user, first: false }));
    window.must_say("送受信をはじめるには");
    window.press("あとで");
    window.must_say("ログインが必要です。届いているものは読めます。");
    window.open_first(|_| ());
    window.must_say("いつもお世話になっております。");
    window.commands();
    window.press("ログイン");
    assert_eq!(window.harness.get_by_role_and_label(Role::TextInput, "利用者ID").value().as_deref(), Some("sato"));
    type_into(&mut window, Role::PasswordInput, "パスワード", "chigau-mono");
    window.key(egui::Key::Enter);
    let commands = window.commands();
    let [Command::Login { user, password }] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((user.as_str(), password.reveal()), ("sato", "chigau-mono"));
    window.tell(Event::LoginRefused(Failure::LoginRefused));
    window.must_say("利用者ID");
    type_into(&mut window, Role::PasswordInput, "パスワード", "tadashii-mono");
    window.press("ログインする");
    window.tell(Event::Login(made_up::admin()));
    assert!(!window.says("ログインが必要です。"));
    window.must_say("sato（管理者）");
    inside(&window, "after the login");
}

#[test]
fn the_first_account_of_an_office_is_made_in_the_window() {
    let mut window = full_window();
    window.tell(Event::Login(Login::Needed { last_user: None, first: true }));
    window.must_say("この事業所ではじめての利用者です。");
    type_into(&mut window, Role::TextInput, "利用者ID", "kanri");
    type_into(&mut window, Role::PasswordInput, "パスワード", "nagai-himitsu");
    type_into(&mut window, Role::PasswordInput, "パスワード（もう一度）", "nagai");
    window.must_say("二つのパスワードがちがいます。");
    type_into(&mut window, Role::PasswordInput, "パスワード（もう一度）", "-himitsu");
    window.press("この内容で作る");
    let commands = window.commands();
    let [Command::Accounts(AccountsCommand::First { user, password })] = commands.as_slice() else {
        panic!("{commands:?}")
    };
    assert_eq!((user.as_str(), password.reveal()), ("kanri", "nagai-himitsu"));
}

#[test]
fn an_administrator_keeps_the_accounts_of_the_office() {
    let mut window = full_window();
    window.tell(Event::Login(made_up::admin()));
    window.go("設定");
    window.go("利用者");
    assert_eq!(window.asked(), ["Accounts(List)"]);
    window.tell(Event::Accounts(made_up::accounts()));
    for words in ["sato", "suzuki", "まだログインしていません", "ロック中"] {
        window.must_say(words);
    }
    let disabled = |window: &Window, label: &str, at: usize| {
        window.harness.get_all_by_role_and_label(Role::Button, label).nth(at).unwrap().accesskit_node().is_disabled()
    };
    assert!(disabled(&window, "担当者にする", 0), "the last administrator stays one");
    assert!(disabled(&window, "削除", 0));
    window.press("ロックを解く");
    assert!(matches!(window.commands().as_slice(), [Command::Accounts(AccountsCommand::Change { user, change })]
        if user.as_str() == "tanaka.k" && change.unlock));
    window.harness.get_all_by_role_and_label(Role::Button, "削除").nth(1).unwrap().click();
    window.harness.run();
    window.must_say("この利用者を削除しますか");
    window.press("はい、削除します");
    assert!(
        matches!(window.commands().as_slice(), [Command::Accounts(AccountsCommand::Remove(user))] if user.as_str() == "suzuki")
    );
    window.harness.get_all_by_role_and_label(Role::Button, "パスワードを決め直す").nth(1).unwrap().click();
    window.harness.run();
    type_into(&mut window, Role::PasswordInput, "新しいパスワード", "atarashii");
    inside(&window, "a reset");
    window.press("やめる");
    type_into(&mut window, Role::TextInput, "利用者ID", "山田");
    window.must_say("使えない文字があります。");
    inside(&window, "the accounts");
    window.tell(Event::Login(Login::As { user: "suzuki".parse().unwrap(), role: tayori::engine::model::Role::Staff }));
    window.must_say("利用者の追加や変更は、管理者だけができます。");
}
