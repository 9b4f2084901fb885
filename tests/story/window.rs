//! The window over a real engine and a real hub, used by the labels on it.
#![cfg(feature = "desktop")]

use std::time::Instant;

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use tayori::desktop::App;
use tayori::engine::Engine;
use tayori::words::Lang;

use crate::world::{LONGEST, NORTH, Office, SOUTH, Town, files_in, report, report_name};

fn open(office: &Office) -> Harness<'static, App> {
    let engine = Engine::start(office.profile(), || {}).expect("the terminal is set up");
    Harness::builder()
        .with_size([1280.0, 1700.0])
        .with_max_steps(24)
        .build_eframe(move |cc| App::new(&cc.egui_ctx, engine, Lang::Ja))
}

/// Lets the window live until it says so.
fn wait_for(window: &mut Harness<'static, App>, label: &str) {
    let began = Instant::now();
    loop {
        window.run_steps(2);
        if window.query_all_by_label_contains(label).next().is_some() {
            return;
        }
        assert!(began.elapsed() < LONGEST, "the window never said 「{label}」");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn click(window: &mut Harness<'static, App>, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(3);
}

fn go_to(window: &mut Harness<'static, App>, page: &str) {
    window.get_by_role_and_label(Role::Tab, page).click();
    window.run_steps(3);
}

#[test]
fn what_is_sent_by_clicking_is_seen_to_arrive_and_to_be_imported() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.put_out(&report_name(0), &report(0));
    let mut window = open(&north);
    wait_for(&mut window, "つながっています");

    go_to(&mut window, "新規作成");
    click(&mut window, "送信フォルダから");
    wait_for(&mut window, SOUTH.name);
    click(&mut window, "確認して送る");
    click(&mut window, "送る");
    wait_for(&mut window, "1 件を送りました");
    assert_eq!(north.states("sent"), ["accepted"]);

    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))]);
    // The receipt rings the sender's bell at the hub: nobody presses a button here.
    go_to(&mut window, "送信済");
    wait_for(&mut window, "到着");

    south.take_imports();
    south.must(&["receive"]);
    wait_for(&mut window, "取込済");
}
