//! The whole of it with nobody touching the window but for one click: files fall into a folder, somebody is told, clicks once,
//! and on the other side they lie in the folder of the care software and somebody is told there, too.

use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::App;
use tayori::engine::Engine;
use tayori::words::Lang;

use crate::notices::{Desktop, Opened, Watching, change_notices};
use crate::world::{LONGEST, NORTH, Office, SOUTH, Town, eventually, files_in, report, report_name};

/// The window's size, and the screen's.
const SIZE: [f32; 2] = [1280.0, 800.0];

/// Where on the screen the button is that sends the one draft: drawn once more beside the screen, as large and with the
/// same in it.
fn send_button(office: &Office) -> (i32, i32) {
    let engine = Engine::start(office.profile(), || {}).unwrap();
    let mut window: Harness<'static, App> = Harness::builder()
        .with_size(SIZE)
        .with_max_steps(24)
        .build_eframe(move |cc| App::new(&cc.egui_ctx, engine, Lang::Ja));
    let began = Instant::now();
    loop {
        window.run_steps(2);
        assert!(began.elapsed() < LONGEST, "no draft to be seen");
        std::thread::sleep(Duration::from_millis(20));
        let rows = window.query_all_by_role(Role::Tab);
        let drafts = rows.filter(|row| row.accesskit_node().label().is_some_and(|name| name.starts_with("下書き")));
        drafts.for_each(|row| row.click());
        let shown = window.query_all_by_label_contains(SOUTH.name).next().is_some();
        if let Some(button) = window.query_all_by_role_and_label(Role::Button, "送る").next().filter(|_| shown) {
            let middle = button.rect().center() * window.ctx.zoom_factor();
            return (middle.x.round() as i32, middle.y.round() as i32);
        }
    }
}

#[test]
fn files_fall_in_one_click_sends_and_the_other_side_has_them_and_is_told() {
    let Some(desktop) = Desktop::start() else { return };
    if !desktop.command("xdotool").arg("version").output().is_ok_and(|run| run.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "xdotool must run in CI");
        return eprintln!("SKIPPED: xdotool does not run here, so nobody clicks");
    }
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    for office in [&north, &south] {
        change_notices(office, None);
    }
    let _window = Opened::of(&north, &desktop);
    let _other_side = Watching::of(&south, &desktop);
    let there = || desktop.command("xdotool").args(["search", "--name", "便り|Tayori"]).output().unwrap();
    eventually("the window is there", || !there().stdout.is_empty());

    // The care software writes its month, one file after the other.
    for n in 0..3 {
        let mut file = fs::File::create(north.outgoing.join(report_name(n))).unwrap();
        for part in report(n).chunks(2_000) {
            file.write_all(part).unwrap();
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    eventually("somebody is told of the draft", || desktop.shown() > 0);
    eventually("of all three files", || {
        north.list("drafts").first().is_some_and(|draft| draft["files"].as_array().unwrap().len() == 3)
    });
    desktop.picture("untouched-1-told-of-the-draft");
    // A click on what tells it leads to the drafts.
    desktop.dunstctl(&["action", "0"]);
    desktop.dunstctl(&["close-all"]);
    let (x, y) = send_button(&north);
    std::thread::sleep(Duration::from_secs(2));
    desktop.picture("untouched-2-the-draft");
    assert!(files_in(&south.import).is_empty() && north.list("sent").is_empty(), "nothing has left by itself");

    let click = ["mousemove", &x.to_string(), &y.to_string(), "click", "1"];
    assert!(desktop.command("xdotool").args(click).status().unwrap().success());
    let clicked = Instant::now();
    let expected: Vec<_> = (0..3).map(|n| (report_name(n), report(n))).collect();
    eventually("the files are in the folder of the other side", || files_in(&south.import).len() == 3);
    eprintln!("untouched: in the other side's folder {:.1?} after the click", clicked.elapsed());
    assert!(files_in(&south.import) == expected, "byte for byte");
    let told = format!("{} から届きました", NORTH.name);
    eventually("and somebody is told there", || desktop.shown() > 0);
    desktop.picture("untouched-3-told-of-the-arrival");
    eventually("from whom", || desktop.read().iter().any(|(what, _)| *what == told));
    eventually("the sender's window knows", || north.states("sent") == ["arrived"]);
    assert!(north.list("drafts").is_empty());
}
