//! Forms, pictures and texts of a parcel, on screen and on paper.

use std::path::PathBuf;
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::Look;
use tayori::engine::model::*;

use crate::made_up;
use crate::world::*;

#[test]
fn the_month_of_each_person_can_be_picked() {
    let mut window = full_window();
    window.open_first(|view| made_up::give_months(view, 14));
    window.must_say("1 / 14 人");
    window.press("次の人");
    window.must_say("2 / 14 人");
    window.must_say("利用者　髙橋 春江 様");
    window.harness.get_by_role(Role::ComboBox).click();
    window.harness.run();
    let search = window.harness.get_by_role_and_label(Role::SearchInput, "利用者をさがす");
    search.focus();
    window.harness.run();
    window.harness.get_by_role_and_label(Role::SearchInput, "利用者をさがす").type_text("いのうえ");
    window.harness.run();
    window.harness.get_by_role_and_label(Role::Button, "井上 一郎 様（0001234513）").click();
    window.harness.run();
    window.must_say("14 / 14 人");
}

#[test]
fn every_form_of_a_person_is_shown_as_people_know_it() {
    let mut window = full_window();
    window.open_first(|view| made_up::give_forms(view, &made_up::to_one_provider));
    for (tab, words) in [
        ("第1表", ["居宅サービス計画書（1）", "総合的な援助の方針"]),
        ("第2表", ["居宅サービス計画書（2）", "生活全般の解決すべき課題（ニーズ）"]),
        ("第3表", ["週間サービス計画表", "週単位以外のサービス"]),
        ("第7表", ["サービス利用票別表", "区分支給限度基準額"]),
        ("補足情報", ["利用者補足情報", "被保険者番号"]),
        ("第6表", ["2026年5月", "訪問介護"]),
    ] {
        window.harness.get_by_role_and_label(Role::RadioButton, tab).click();
        window.harness.run();
        words.iter().for_each(|words| window.must_say(words));
        inside(&window, tab);
    }
    window.open_first(|view| made_up::give_forms(view, &made_up::preventive));
    for (tab, words) in [("基本情報", "緊急連絡先"), ("予防計画書", "目標とする生活")] {
        window.harness.get_by_role_and_label(Role::RadioButton, tab).click();
        window.harness.run();
        window.must_say(words);
    }
}

#[test]
fn forms_are_printed_for_one_or_all_and_saved_as_pdf() {
    let (documents, folder) = (Documents::default(), PathBuf::from("/保存先"));
    let desk = Scripted { folder, documents: documents.clone(), ..Default::default() };
    let mut window = window_of([1280.0, 1700.0], Look::default(), desk);
    window.tell(Event::Lists(made_up::lists()));
    window.open_first(|view| made_up::give_months(view, 3));
    window.commands();
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::P);
    window.harness.run();
    window.must_say("だれの分");
    window.key(egui::Key::Enter); // prints: what most want is ready to be pressed
    window.wait_for(|window| !window.says("印刷する") && documents.lock().unwrap().len() == 1);
    let one = documents.lock().unwrap().remove(0);
    assert!(one.1.starts_with(b"%PDF-"));
    assert!(!one.0.contains("佐藤"), "no name in the name of the file: {}", one.0);

    window.press("印刷・PDF");
    window.harness.get_by_role_and_label(Role::RadioButton, "全員（3 人）").click();
    window.harness.run();
    window.press("PDFで保存");
    window.wait_for(|window| !window.says("PDFで保存") && !window.says("PDFを作っています"));
    let commands = window.commands();
    let [Command::SaveDocument { bytes, to }] = commands.as_slice() else { panic!("{commands:?}") };
    assert!(bytes.starts_with(b"%PDF-") && bytes.len() > one.1.len());
    assert_eq!(to, &PathBuf::from("/保存先/便り_3170000010.pdf"));
    window.press("印刷・PDF");
    window.press("やめる");
    assert!(!window.says("だれの分"));
}

#[test]
fn pictures_and_texts_are_shown_in_place_and_a_pdf_is_opened() {
    let documents = Documents::default();
    let desk = Scripted { documents: documents.clone(), ..Default::default() };
    let mut window = window_of([1280.0, 2400.0], Look::default(), desk);
    window.tell(Event::Lists(made_up::lists()));
    window.open_first(|view| view.files[1].name = "お知らせ.txt".into());
    window.commands();
    let parcel = made_up::id(0);
    let content = |index, name: &str, bytes: &[u8]| {
        Event::Content(Content { parcel, index, name: name.into(), bytes: Arc::from(bytes) })
    };
    window.harness.get_all_by_role_and_label(Role::Button, "見る").next().unwrap().click();
    window.harness.run();
    assert_eq!(window.asked(), [format!("{:?}", Command::Content { parcel, index: 1 })]);
    window.tell(content(1, "お知らせ.txt", "来週の火曜日は休みます。".as_bytes()));
    window.wait_for(|window| window.says("来週の火曜日は休みます。"));
    window.press("とじる");
    assert!(!window.says("来週の火曜日は休みます。"));

    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbaImage::from_pixel(40, 20, image::Rgba([9, 9, 9, 255]))
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    window.tell(content(2, "写真.png", png.get_ref()));
    window.wait_for(|window| window.harness.query_by_role_and_label(Role::Row, "写真.png").is_some());
    window.tell(content(2, "写真.png", b"MZ this is a program"));
    window.wait_for(|window| window.says("この画面では表示できません。"));
    assert!(documents.lock().unwrap().is_empty());
    // A PDF by its name only.
    window.press("とじる");
    window.tell(content(2, "お知らせ.pdf", b"\0\0this is none"));
    window.wait_for(|window| window.says("この画面では表示できません。"));
    assert!(documents.lock().unwrap().is_empty());
    window.tell(content(2, "お知らせ.pdf", b"%PDF-1.7 something"));
    assert_eq!(documents.lock().unwrap().len(), 1);
}

#[test]
fn what_nothing_opens_is_said() {
    let desk = Scripted { opens_nothing: true, ..Default::default() };
    let mut window = window_of([1280.0, 1700.0], Look::default(), desk);
    window.tell(Event::Lists(made_up::lists()));
    window.open_first(|_| ());
    let bytes = Arc::from(&b"%PDF-1.7 something"[..]);
    window.tell(Event::Content(Content { parcel: made_up::id(0), index: 2, name: "お知らせ.pdf".into(), bytes }));
    window.must_say("開けませんでした。");
    window.must_say("ファイルは、保存してから開くこともできます。");
    window.go("設定");
    window.go("フォルダ");
    window.harness.get_all_by_role_and_label(Role::Button, "フォルダを開く").next().unwrap().click();
    window.harness.run();
    window.must_say("フォルダ「/home/sakura/便り/送信」が見つかりません。");
}

#[test]
fn a_parcel_of_ten_thousand_persons_is_listed_searched_and_gone_through() {
    let mut window = full_window();
    let begun = std::time::Instant::now();
    window.open_first(|view| made_up::give_months(view, 10_000));
    window.press("広げる");
    window.must_say("1 / 10000 人");
    let rows = window
        .harness
        .get_all_by_role(Role::Button)
        .filter(|row| row.accesskit_node().label().is_some_and(|name| name.contains(" 様（00012")));
    assert!(rows.count() < 60, "only what is seen is laid out");
    type_into(&mut window, Role::SearchInput, "利用者をさがす", "0001244499");
    window.harness.get_by_role_and_label(Role::Button, "山﨑 キヨ 様（0001244499）").click();
    window.harness.run();
    window.must_say("10000 / 10000 人");
    type_into(&mut window, Role::SearchInput, "利用者をさがす", "どこにもいない人");
    window.must_say("あてはまるものはありません");
    eprintln!("ten thousand persons: {:.1?} in all", begun.elapsed());
}

#[test]
fn what_a_message_says_about_the_month_has_a_card_of_its_own() {
    let mut window = full_window();
    window.open_first(|view| made_up::give_statement(view, Occasion::OverLimit));
    window.must_say("限度超過　2026年10月（令和8年10月）");
    window.must_say("2名");
    window.must_say("佐藤 ハナ");
    window.must_say("超過 408単位");
    window.must_say("限度 19,705単位　合計 20,113単位");
    inside(&window, "a statement");
    window.commands();
    window.press("月次ボードで見る");
    assert_eq!(window.page(), tayori::desktop::Page::Home);
    let month = "202610".parse().unwrap();
    assert_eq!(window.asked(), [format!("{:?}", Command::ShowBoard(Some(month)))]);
    for (occasion, words) in [
        (Occasion::NoActuals, "この利用者は、月次ボードで「実績なし」として数えます。"),
        (Occasion::Reminder, "実績を送るか、実績がないときは月次ボードから「実績なし」を知らせてください。"),
    ] {
        let mut window = full_window();
        window.open_first(|view| made_up::give_statement(view, occasion));
        window.must_say(words);
    }
}
