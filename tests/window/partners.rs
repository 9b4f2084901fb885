//! 連携先: whom we exchange with, how, and by which key.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::{Look, Page, TextSize};
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

fn partners() -> Window {
    let mut window = full_window();
    window.tell(Event::Partners(made_up::partners()));
    window.go("連携先");
    assert_eq!(window.page(), Page::Partners);
    window
}

fn choose(window: &mut Window, name: &str) {
    window.harness.get_by_role_and_label(Role::ListBoxOption, name).click();
    window.harness.run();
}

#[test]
fn a_partner_says_how_it_is_reached_since_when_not_and_by_which_key() {
    let mut window = partners();
    window.must_say("20 件");
    choose(&mut window, "あおぞら訪問介護ステーション 3170000010　訪問介護（11） 便りで届きます");
    window.must_say("最後に送った日時　11月18日（水）12:33");
    window.must_say("鍵の番号（指紋）");
    window.must_say("3f1a9c77");
    inside(&window, "a partner");
    window.press("届いたものを見る");
    assert_eq!(window.page(), Page::Inbox);
    window.must_say("2 件");
}

#[test]
fn search_and_the_whole_directory() {
    let mut window = partners();
    type_into(&mut window, Role::SearchInput, "連携先をさがす", "ひまわり");
    window.must_say("2 件");
    window.harness.get_by_role_and_label(Role::RadioButton, "名簿のすべて").click();
    window.harness.run();
    window.must_say("4 件");
    type_into(&mut window, Role::SearchInput, "連携先をさがす", "どこにもない");
    window.must_say("あてはまるものはありません");
}

#[test]
fn a_changed_key_leads_to_the_question() {
    let mut window = partners();
    choose(&mut window, "医療法人髙﨑会 訪問看護ステーション 3170000013　訪問看護（13） 鍵が変わりました");
    window.press("番号を確かめる");
    window.must_say("この連携先を信頼しますか");
    window.must_say("cd34cd34");
}

#[test]
fn nobody_yet_says_what_to_do() {
    let mut window = full_window();
    window.go("連携先");
    window.must_say("名簿がまだありません");
    let look = Look { text_size: TextSize::Largest, ..Look::default() };
    let mut narrow = window_of([683.0, 384.0], look, Scripted::default());
    narrow.tell(Event::Lists(made_up::lists()));
    narrow.tell(Event::Partners(made_up::partners()));
    narrow.go("連携先");
    inside(&narrow, "partners at 200 %");
    let first = narrow.harness.get_all_by_role(Role::ListBoxOption).next().unwrap();
    first.click();
    narrow.harness.run();
    narrow.press("一覧にもどる");
    narrow.must_say("20 件");
}

#[test]
fn the_list_is_gone_through_by_keys_and_enter_opens_where_there_is_room_for_one() {
    let mut window = partners();
    window.harness.get_by_role(Role::ListBox).focus();
    window.harness.run();
    window.key(egui::Key::ArrowDown);
    window.must_say("最後に送った日時　11月18日（水）12:33");
    window.key(egui::Key::End);
    let chosen = |window: &Window| {
        let mut rows = window.harness.query_all_by_role(Role::ListBoxOption);
        rows.find(|row| row.accesskit_node().is_selected() == Some(true)).and_then(|row| row.accesskit_node().label())
    };
    assert!(chosen(&window).is_some_and(|name| name.contains("（19）")), "the last one is chosen, and seen");
    window.key(egui::Key::Home);
    window.key(egui::Key::PageDown);
    window.key(egui::Key::ArrowUp);
    assert!(chosen(&window).is_some());

    let mut narrow = window_of([683.0, 384.0], Look::default(), Scripted::default());
    narrow.tell(Event::Partners(made_up::partners()));
    narrow.go("連携先");
    narrow.harness.get_by_role(Role::ListBox).focus();
    narrow.harness.run();
    narrow.key(egui::Key::ArrowDown);
    assert!(!narrow.says("一覧にもどる"), "the keys go on through the list");
    narrow.key(egui::Key::Enter);
    narrow.must_say("一覧にもどる");
    narrow.key(egui::Key::Escape);
    assert!(!narrow.says("一覧にもどる"));
    narrow.must_say("20 件");
}

#[test]
fn what_goes_on_paper_is_seen_and_noted_there() {
    let mut window = partners();
    window.tell(Event::Board(std::sync::Arc::new(made_up::board(6))));
    // One whom nothing reaches any other way, and one to whom paper was the exception.
    choose(&mut window, "㈱みどり福祉用具（12） 3170000022　訪問介護（11） 紙・FAX");
    window.must_say("最後に紙でやりとりした日　2026年11月5日");
    inside(&window, "a partner on paper");
    window.press("実績を紙でやりとりした");
    window.must_say("紙でのやりとりを記録します");
    window.must_say("2026年10月（令和8年10月）　実績");
    window.press("記録する");
    let [Command::NotePaper(note)] = window.commands()[..] else { panic!("one command") };
    let noted = (note.paper.side, note.paper.partner, note.paper.exchange, note.paper.on, note.taken_back);
    use tayori::board::{Exchange, Side};
    let today = jiff::civil::date(2026, 11, 18);
    assert_eq!(noted, (Side::Planner, made_up::office(22), Exchange::Actuals, today, false));
    choose(&mut window, "㈱みどり福祉用具 3170000012　福祉用具貸与（17） 便りで届きます");
    window.must_say("最後に紙でやりとりした日　2026年10月28日");
    window.press("予定を紙でやりとりした");
    window.press("紙の記録を取り消す");
    let [Command::NotePaper(note)] = window.commands()[..] else { panic!("one command") };
    assert!(note.taken_back, "the board knows of it");
}
