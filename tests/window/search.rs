//! 履歴の検索: results while somebody types, and the parcel beside them.

use std::path::PathBuf;
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use tayori::desktop::{Look, Page, TextSize};
use tayori::engine::model::*;
use tayori::register::Register;
use tayori::standard::Month;

use crate::made_up;
use crate::world::*;

pub fn wanted(words: &str) -> Wanted {
    Wanted { words: words.into(), most: 50, ..Wanted::default() }
}

/// What came and what went, as an engine would find it.
pub fn found(wanted: Wanted, more: bool) -> Event {
    let lines: Vec<ParcelLine> = made_up::inbox(3).iter().chain(made_up::sent().iter().take(2)).cloned().collect();
    Event::Found(Arc::new(Hits { wanted, lines: lines.into(), more }))
}

fn searches(window: &Window) -> Vec<Wanted> {
    let asked = window.commands().into_iter();
    asked.filter_map(|command| if let Command::Search(wanted) = command { Some(wanted) } else { None }).collect()
}

fn searching() -> Window {
    let mut window = full_window();
    window.commands();
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::F);
    window.harness.run();
    window
}

#[test]
fn ctrl_f_opens_the_search_and_every_letter_asks_anew() {
    let mut window = searching();
    assert_eq!(window.page(), Page::Search);
    assert_eq!(searches(&window), [wanted("")], "the newest at first");
    type_into(&mut window, Role::SearchInput, "さがすことば", "山");
    type_into(&mut window, Role::SearchInput, "さがすことば", "田");
    assert_eq!(searches(&window), [wanted("山"), wanted("山田")]);
    window.tell(found(wanted("山田"), false));
    window.must_say("5 件");
    // What came and what went is said, not only drawn.
    window.must_say("受信 未読 あおぞら訪問介護ステーション");
    window.must_say("送信 あおぞら訪問介護ステーション");
    inside(&window, "search");
}

#[test]
fn what_is_found_opens_beside_the_list() {
    let mut window = searching();
    window.tell(found(wanted(""), false));
    window.commands();
    window.harness.get_by_role_and_label(Role::ListBox, "履歴の検索").focus();
    window.harness.run();
    window.key(egui::Key::ArrowDown);
    let first = made_up::inbox(3)[0].clone();
    assert_eq!(window.asked(), [format!("{:?}", Command::Open(first.id))]);
    window.tell(Event::Opened(Arc::new(made_up::view(&first, true))));
    window.must_say("署名を確認しました");
    // One that no list has any more is shown all the same.
    let old = ParcelLine { id: made_up::id(90_000), ..first };
    let only = Hits { wanted: wanted(""), lines: Arc::from([old.clone()]), more: false };
    window.tell(Event::Found(Arc::new(only)));
    window.harness.get_by_role_and_label(Role::ListBox, "履歴の検索").focus();
    window.harness.run();
    window.key(egui::Key::ArrowDown);
    window.tell(Event::Opened(Arc::new(made_up::view(&old, true))));
    window.must_say("署名を確認しました");
}

#[test]
fn nothing_found_more_than_shown_and_an_index_in_the_making_are_said() {
    let mut window = searching();
    window.tell(Event::Found(Arc::new(Hits { wanted: wanted("龍造寺"), lines: Arc::from([]), more: false })));
    window.must_say("あてはまるものはありません");
    assert!(!window.says("さがせるように準備しています"));
    window.tell(Event::SearchWaiting(12_340));
    window.must_say("さがせるように準備しています（残り 12,340 通）");
    window.tell(Event::SearchWaiting(0));
    assert!(!window.says("さがせるように準備しています"));
    window.tell(found(wanted(""), true));
    window.must_say("新しいものから 5 件を出しています。");
    window.commands();
    window.press("続きを出す");
    assert_eq!(searches(&window), [Wanted { most: 100, ..wanted("") }]);
}

#[test]
fn what_to_do_when_nothing_is_found_can_be_read_on_a_small_screen_at_200_percent() {
    let look = Look { text_size: TextSize::Largest, ..Look::default() };
    let mut window = window_of([683.0, 384.0], look, Scripted::default());
    window.tell(Event::Lists(made_up::lists()));
    window.go("履歴の検索");
    window.tell(Event::Found(Arc::new(Hits { wanted: wanted("龍造寺"), lines: Arc::from([]), more: false })));
    inside(&window, "nothing found at 200 %");
    let hint = window.harness.get_by_label_contains("ことばを短くするか").rect();
    let status_bar = window.harness.ctx.content_rect().bottom() - 36.0;
    assert!(hint.bottom() <= status_bar, "{hint:?}, and the status bar begins at {status_bar}");
}

#[test]
fn conditions_are_asked_and_cleared() {
    let mut window = searching();
    window.commands();
    window.harness.get_by_role_and_label(Role::RadioButton, "受信").click();
    window.harness.run();
    assert_eq!(searches(&window), [Wanted { incoming: Some(true), ..wanted("") }]);
    window.press("条件を消す");
    assert_eq!(searches(&window), [wanted("")]);
}

/// A window in which this month was chosen, to save its list.
fn month_chosen() -> (Window, Month) {
    let desk = Scripted { folder: PathBuf::from("/保存先"), ..Scripted::default() };
    let mut window = window_of([1280.0, 1700.0], Look::default(), desk);
    window.go("履歴の検索");
    window.commands();
    let combo = window.harness.get_by_role_and_label(Role::ComboBox, "利用年月　すべての月");
    combo.click();
    window.harness.run();
    // The list begins with the month to come; this one is below it.
    let today = window.harness.state().model().now.to_zoned(jiff::tz::TimeZone::get(JST).unwrap());
    let month = Month::new(today.year(), today.month()).unwrap();
    window.harness.get_by_label_contains(&format!("{}（", month.label_ja())).click();
    window.harness.run();
    (window, month)
}

#[test]
fn gathering_a_months_list_says_how_far_it_is_and_can_be_left_off() {
    let (mut window, month) = month_chosen();
    window.press("PDFで保存");
    assert!(window.asked().contains(&format!("{:?}", Command::Register(month))));
    window.must_say("記録を集めています…");
    window.tell(Event::Progress(Some(Progress { task: Task::Listing, done: 3_000, total: 100_000 })));
    window.must_say("記録を集めています（100000 件中 3000 件）");
    window.key(egui::Key::Escape);
    window.must_say("送受信一覧を作ります");
    window.press("中止");
    assert!(window.asked().contains(&"Stop".to_owned()));
    assert!(!window.says("送受信一覧を作ります"));
    // Rows that came all the same are not wanted any more.
    window.tell(empty_list(month));
    assert!(!window.says("送受信一覧を作ります"));
    assert!(window.commands().iter().all(|command| !matches!(command, Command::SaveDocument { .. })));
}

fn empty_list(month: Month) -> Event {
    let settings = made_up::settings();
    Event::Register(Arc::new(Register {
        month,
        office: settings.office,
        office_name: settings.office_name,
        made_at: made_up::noon(),
        zone: jiff::tz::TimeZone::UTC,
        rows: vec![],
    }))
}

#[test]
fn r6_a_months_list_is_saved_as_a_table_and_as_paper() {
    let (mut window, month) = month_chosen();
    for (button, ending, begins) in [("CSVで保存", "csv", &b"\xef\xbb\xbf"[..]), ("PDFで保存", "pdf", b"%PDF-")] {
        window.commands();
        window.press(button);
        let asked = window.commands();
        assert!(
            asked.iter().any(|command| matches!(command, Command::Register(asked) if *asked == month)),
            "{asked:?}"
        );
        window.tell(empty_list(month));
        let saved = std::cell::RefCell::new(None);
        window.wait_for(|window| {
            let command = window.commands().into_iter().find(|command| matches!(command, Command::SaveDocument { .. }));
            *saved.borrow_mut() = command;
            saved.borrow().is_some()
        });
        let Some(Command::SaveDocument { bytes, to }) = saved.into_inner() else { panic!("nothing is saved") };
        assert!(bytes.starts_with(begins), "{ending}");
        assert_eq!(to, PathBuf::from(format!("/保存先/送受信一覧_3170000001_{month}.{ending}")));
    }
}
