//! A picture of every screen in every state, kept beside the manual and held against what is drawn today.
//!
//! `scripts/manual-pictures` makes those that differ anew; look at them before you keep them.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::SnapshotOptions;
use egui_kittest::kittest::Queryable as _;
use tayori::desktop::{Appearance, Look as WindowLook, TextSize};
use tayori::engine::model::*;
use tayori::words::Lang;

use crate::world::*;
use crate::{made_up, search};

const PC: [f32; 2] = [1366.0, 768.0];

/// A window as people have it.
pub fn at_work() -> Window {
    looking(PC, WindowLook::default())
}

/// A window of so many pixels.
pub fn looking(size: [f32; 2], look: WindowLook) -> Window {
    let mut window = empty_of(size, look);
    window.tell(Event::Lists(made_up::lists()));
    window.tell(Event::Partners(made_up::partners()));
    window.tell(Event::Board(Arc::new(made_up::board(30))));
    window
}

fn empty(look: WindowLook) -> Window {
    empty_of(PC, look)
}

fn empty_of(size: [f32; 2], look: WindowLook) -> Window {
    let points = size.map(|side| side / look.text_size.zoom());
    let mut window = window_of(points, look, Scripted::default());
    window.tell(Event::Login(made_up::admin()));
    window.tell(Event::Accounts(made_up::accounts()));
    window
}

#[track_caller]
pub fn keep(mut window: Window, name: &str) {
    // The pointer that pressed the last button is nowhere.
    window.harness.remove_cursor();
    window.harness.run_steps(2);
    // The kept ones have fewer shades, and another processor may draw a letter a shade apart.
    let options = SnapshotOptions::new().output_path("docs/manual/pictures").threshold(500.0).max_failed_pixels(40);
    if let Err(differs) = window.harness.try_snapshot_options(name, &options) {
        panic!("{differs}");
    }
}

fn on(screen: &str, name: &str, prepare: impl FnOnce(&mut Window)) {
    let mut window = at_work();
    window.go(screen);
    prepare(&mut window);
    keep(window, name);
}

#[test]
fn home() {
    on("ホーム", "home", |_| ());
    let mut window = empty(WindowLook::default());
    window.tell(Event::Board(Arc::new(made_up::board(0))));
    keep(window, "home-empty");
    on("ホーム", "home-offline", |window| {
        let connection = Connection::Offline(Failure::HubUnreachable);
        window.tell(Event::Status(Status { connection, ..made_up::online() }));
    });
}

#[test]
fn inbox() {
    let mut window = at_work();
    window.open_first(|view| made_up::give_months(view, 14));
    keep(window, "inbox");
    let mut window = empty(WindowLook::default());
    window.go("受信");
    keep(window, "inbox-empty");
    let mut window = empty(WindowLook::default());
    window.tell(Event::Lists(Lists { inbox: made_up::inbox(100_000), ..Lists::default() }));
    window.go("受信");
    keep(window, "inbox-many");
    on("受信", "inbox-arrived", |window| {
        window.tell(Event::Notice(Notice::Arrived {
            parcel: made_up::id(0),
            partner_name: made_up::name(0).into(),
            subjects: vec![Subject::Actuals],
            files: 3,
            persons: Default::default(),
        }));
    });
    let mut window = at_work();
    window.open_first(|view| {
        let nasty = format!("医療\u{202e}法人🙂{}", "長".repeat(300));
        view.line.partner_name = nasty.clone();
        view.message = "長い伝言です。".repeat(10_000);
        view.files[0].name = nasty;
    });
    keep(window, "inbox-long");
}

#[test]
fn sent_and_waiting() {
    on("送信済", "sent", |window| {
        window.harness.get_by_role(Role::ListBox).focus();
        window.harness.run();
        window.key(egui::Key::ArrowDown);
        let chosen = window.harness.state().selected().unwrap();
        let line = window.harness.state().model().line(chosen).unwrap().clone();
        window.tell(Event::Opened(Arc::new(made_up::view(&line, false))));
    });
    on("送信待ち", "outbox", |_| ());
    let mut window = empty(WindowLook::default());
    window.go("送信待ち");
    keep(window, "outbox-empty");
}

#[test]
fn compose() {
    on("新規作成", "compose-empty", |_| ());
    on("新規作成", "compose", |window| window.tell(Event::Examined(Arc::new(made_up::examined()))));
    on("新規作成", "compose-error", |window| {
        window.tell(Event::Examined(Arc::new(made_up::examined_with_errors())));
    });
}

#[test]
fn drafts_and_bulk() {
    on("下書き", "drafts", |window| window.tell(Event::Drafts(made_up::drafts())));
    on("下書き", "drafts-empty", |_| ());
    on("一括送信", "bulk", |window| window.tell(Event::Examined(Arc::new(made_up::examined_with_errors()))));
    on("一括送信", "bulk-empty", |_| ());
}

#[test]
fn partners_and_search() {
    on("連携先", "partners", |_| ());
    on("履歴の検索", "search-empty", |_| ());
    on("履歴の検索", "search", |window| {
        type_into(window, Role::SearchInput, "さがすことば", "山田");
        window.tell(search::found(search::wanted("山田"), false));
    });
}

#[test]
fn settings() {
    on("設定", "settings", |_| ());
    for (tab, name) in [("端末", "settings-terminals"), ("操作の記録", "settings-record")] {
        on("設定", name, |window| {
            window.go(tab);
            window.tell(Event::Terminals(made_up::terminals()));
            window.tell(Event::Audit(Arc::new(made_up::audit())));
        });
    }
}

#[test]
fn help() {
    on("ヘルプと診断", "help", |_| ());
    on("ヘルプと診断", "help-found", |window| window.tell(Event::Diagnosis(Arc::new(made_up::diagnosis()))));
    on("ヘルプと診断", "help-busy", |window| {
        let mut diagnosis = made_up::diagnosis();
        for (at, (_, look)) in diagnosis.checks.iter_mut().enumerate().skip(2) {
            *look = if at == 2 { Look::UnderWay } else { Look::NotYet };
        }
        window.backend.events.send(Event::Diagnosis(Arc::new(diagnosis))).unwrap();
        window.harness.run_steps(3);
    });
}

#[test]
fn entrance() {
    let entrance = |name: &str, entrance: Entrance| {
        let mut window = empty(WindowLook::default());
        window.tell(Event::Entrance(entrance));
        keep(window, name);
    };
    let set_up = |refused| Entrance::SetUp {
        outgoing: "/home/sakura/便り/送信".into(),
        import: "/home/sakura/便り/取込".into(),
        has_store: false,
        refused,
    };
    entrance("setup", set_up(None));
    let mut window = empty(WindowLook::default());
    let Entrance::SetUp { outgoing, import, .. } = set_up(None) else { return };
    window.tell(Event::Entrance(Entrance::SetUp { outgoing, import, has_store: true, refused: None }));
    window.harness.get_by_role_and_label(Role::RadioButton, "このパソコンの証明書").click();
    window.harness.run();
    window.tell(Event::Stored(Ok(made_up::stored())));
    window.harness.get_all_by_role(Role::RadioButton).nth_back(2).unwrap().click();
    keep(window, "setup-stored");
    entrance("setup-refused", set_up(Some(Failure::HubUnreachable)));
    entrance("passphrase", Entrance::Passphrase { new: false, refused: Some(Failure::PassphraseWrong) });
    let code = Secret::new("7K2M-9QXD-4TVB-HJ3N-YW8F-C5RA".into());
    entrance("recovery", Entrance::Recovery { code, office_name: "さくら居宅介護支援事業所".into() });
    let mut window = at_work();
    window.tell(Event::Login(Login::Needed { last_user: None, first: true }));
    keep(window, "login-first");
}

/// The same screens as others like to see them.
#[test]
fn looks() {
    for (name, look) in [
        ("dark", WindowLook { appearance: Appearance::Dark, ..WindowLook::default() }),
        ("contrast", WindowLook { appearance: Appearance::Contrast, ..WindowLook::default() }),
        ("large", WindowLook { text_size: TextSize::Larger, ..WindowLook::default() }),
        ("english", WindowLook { lang: Lang::En, ..WindowLook::default() }),
    ] {
        let mut window = looking(PC, look);
        if look.lang == Lang::En {
            window.go("Inbox");
        } else {
            window.open_first(|view| made_up::give_months(view, 3));
        }
        keep(window, &format!("inbox-{name}"));
        keep(looking(PC, look), &format!("home-{name}"));
    }
}
