//! 連携先: whom we exchange with, how, and by which key.

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
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
