//! 窓口: what is for which desk, and which of them a terminal shows.

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use tayori::desks::Desk;
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

fn settings(own: Option<&str>) -> Settings {
    let desk = |name: &str, service: &str| Desk {
        name: name.into(),
        services: vec![service.parse().unwrap()],
        ..Desk::default()
    };
    Settings {
        desks: vec![desk("訪問", "11"), desk("通所", "15")],
        desk: own.map(str::to_owned),
        ..made_up::settings()
    }
}

/// Six that came: two for each desk, two for everybody.
fn lists() -> Lists {
    let inbox = made_up::inbox(6);
    let lines = inbox.iter().enumerate().map(|(at, line)| {
        let desks = [vec!["訪問".to_owned()], vec!["通所".to_owned()], vec![]];
        ParcelLine { desks: desks[at % 3].clone(), ..line.clone() }
    });
    Lists { inbox: lines.collect(), ..made_up::lists() }
}

#[test]
fn a_terminal_of_one_desk_shows_and_counts_its_own_and_what_is_everybodys() {
    let mut window = window();
    window.tell(Event::Settings(settings(None)));
    window.tell(Event::Lists(lists()));
    window.go("受信");
    window.must_say("6 件");
    window.must_say("窓口 訪問");
    window.commands();
    window.harness.get_by_role_and_label(Role::ComboBox, "この端末で見る窓口　すべての窓口").click();
    window.harness.run();
    window.harness.get_by_label("訪問").click();
    window.harness.run();
    assert_eq!(window.asked(), [format!("{:?}", Command::Configure(Box::new(settings(Some("訪問")))))]);
    window.tell(Event::Settings(settings(Some("訪問"))));
    window.must_say("4 件");
    assert!(!window.says("窓口 通所"));
    // What comes for the other desk makes no toast here.
    let arrived = |at: usize| {
        let parcel = lists().inbox[at].id;
        let subjects = vec![Subject::Actuals];
        Event::Notice(Notice::Arrived {
            parcel,
            partner_name: format!("{at}番の事業所"),
            subjects,
            files: 1,
            persons: Names::default(),
        })
    };
    window.tell(arrived(1));
    assert!(!window.says("1番の事業所"));
    window.tell(arrived(0));
    window.must_say("0番の事業所");
    inside(&window, "desks");
}

#[test]
fn desks_are_typed_checked_and_kept() {
    let mut window = window();
    window.tell(Event::Lists(Lists::default()));
    window.go("設定");
    window.harness.get_by_label("窓口").click();
    window.harness.run();
    window.must_say("窓口はまだありません。");
    window.press("窓口を増やす");
    window.must_say("窓口の名前を入れてください。");
    type_into(&mut window, Role::TextInput, "窓口の名前", "訪問");
    window.must_say("条件を1つは入れてください。");
    type_into(&mut window, Role::TextInput, "サービス種類コード（例: 11、15）", "11、1x5");
    window.must_say("「1x5」が読めません。");
    type_into(&mut window, Role::TextInput, "利用者の被保険者番号", "3100000001");
    inside(&window, "settings of desks");
    window.harness.get_by_role_and_label(Role::TextInput, "サービス種類コード（例: 11、15）").focus();
    window.harness.run();
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    window.harness.run();
    window.harness.get_by_role_and_label(Role::TextInput, "サービス種類コード（例: 11、15）").type_text("11");
    window.harness.run();
    window.commands();
    window.press("窓口を保存");
    let desk = Desk {
        name: "訪問".into(),
        services: vec!["11".parse().unwrap()],
        persons: vec!["3100000001".into()],
        ..Desk::default()
    };
    let kept = Settings { desks: vec![desk], ..made_up::settings() };
    assert_eq!(window.asked(), [format!("{:?}", Command::Configure(Box::new(kept)))]);
}
