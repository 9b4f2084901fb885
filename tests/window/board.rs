//! The month board on ホーム: what it says of each state, and what its cells lead to.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use tayori::board::{Board, Cell, Exchange, Paper, Side, Step};
use tayori::desktop::{Look, Page, TextSize};
use tayori::engine::model::*;
use tayori::parcel::Statement;
use tayori::standard::PersonKey;

use crate::made_up;
use crate::world::*;

fn told(board: Board) -> Event {
    Event::Board(Arc::new(board))
}

fn window_with(board: Board) -> Window {
    let mut window = full_window();
    window.tell(told(board));
    window
}

fn person(number: usize) -> PersonKey {
    PersonKey { insurer: "131001".into(), insured: format!("{number:010}") }
}

#[test]
fn each_partner_stands_with_how_far_everything_got() {
    let mut window = window_with(made_up::board(6));
    for words in [
        "月次ボード　2026年10月（令和8年10月）",
        "6事業所中 3 から実績が届いています。",
        "予定は 5事業所に届いています。",
        "あおぞら訪問介護ステーション 予定 取込済",
        "あおぞら訪問介護ステーション 実績 届いた・未取込",
        "ひまわりデイサービスセンター 実績 まだ",
        "ひまわりデイサービスセンター 催促する 17日 待っています",
        "㈱みどり福祉用具 予定 紙 10/28",
        "㈱みどり福祉用具 実績 実績なし 4名",
        "医療法人髙﨑会 訪問看護ステーション 追加・変更 到着 2 件",
        "さくら通所リハビリテーション 実績 取込済 12名中 10名（なし 1）",
        "社会福祉法人 光風会 ショートステイ 予定 失敗",
    ] {
        window.must_say(words);
    }
    inside(&window, "the board");
    window.harness.get_by_role_and_label(Role::RadioButton, "まだの事業所だけ").click();
    window.harness.run();
    assert!(!window.says("㈱みどり福祉用具"), "nothing is open there");
    window.must_say("ひまわりデイサービスセンター");
}

#[test]
fn the_month_is_changed_and_a_cell_leads_to_its_parcel() {
    let mut window = window_with(made_up::board(6));
    window.press("前の月");
    window.press("次の月");
    let month = |text: &str| format!("{:?}", Command::ShowBoard(Some(text.parse().unwrap())));
    assert_eq!(window.asked(), [month("202609"), month("202611")]);
    window.press("あおぞら訪問介護ステーション 実績 届いた・未取込");
    assert_eq!(window.page(), Page::Inbox);
    assert_eq!(window.harness.state().selected(), Some(made_up::id(0)));
    window.go("ホーム");
    window.press("あおぞら訪問介護ステーション 予定 取込済");
    assert_eq!(window.page(), Page::Sent);
}

#[test]
fn a_reminder_is_looked_over_before_it_goes() {
    let mut window = window_with(made_up::board(6));
    window.press("ひまわりデイサービスセンター 催促する 17日 待っています");
    let month = "202610".parse().unwrap();
    let partner = made_up::office(11);
    let wish = Command::DraftStatement { partner, month, occasion: Occasion::Reminder };
    assert_eq!(window.asked(), [format!("{wish:?}")]);
    let partner_name = made_up::name(1).to_owned();
    let draft = StatementDraft { partner, partner_name, month, occasion: Occasion::Reminder, candidates: vec![] };
    window.tell(Event::Statement(Arc::new(draft)));
    window.must_say("2026年10月分の実績が、まだこちらに届いていません。");
    assert!(window.asked().is_empty(), "nothing has gone");
    window.press("この内容で送る");
    let [Command::Send(requests)] = &window.commands()[..] else { panic!("one command") };
    let [request] = &requests[..] else { panic!("one request") };
    assert_eq!((request.receiver, request.statements.as_slice()), (partner, &[Statement::Reminder { month }][..]));
    assert!(request.message.starts_with("いつもお世話になっております。\n\n2026年10月分の実績が"));
    assert!(request.paths.is_empty());
}

#[test]
fn no_actuals_names_the_ticked_persons_in_words_and_in_form() {
    let mut window = window_with(made_up::provider_board());
    window.press("さくら居宅介護支援事業所 実績なしを知らせる 17日・催促 11/9");
    window.commands();
    let (partner, month) = (made_up::office(1), "202610".parse().unwrap());
    let candidate =
        |number: usize| Candidate { person: person(number), name: Some(made_up::PERSONS[number].0.into()), over: None };
    let draft = StatementDraft {
        partner,
        partner_name: "さくら居宅介護支援事業所".into(),
        month,
        occasion: Occasion::NoActuals,
        candidates: (0..3).map(candidate).collect(),
    };
    window.tell(Event::Statement(Arc::new(draft)));
    window.must_say("届いた予定にのっている利用者　3名");
    window.must_say("利用者を一人以上選んでください。");
    window.press("この内容で送る");
    assert!(window.commands().is_empty(), "nobody is named yet");
    window.harness.get_by_role_and_label(Role::CheckBox, "髙橋 春江（0000000001）").click();
    window.harness.run();
    window.must_say("2026年10月分は、次の 1名の実績がありません。");
    window.press("この内容で送る");
    let [Command::Send(requests)] = &window.commands()[..] else { panic!("one command") };
    assert_eq!(requests[0].statements, [Statement::NoActuals { month, persons: vec![person(1)] }]);
    assert!(requests[0].message.ends_with("・髙橋 春江 様（0000000001）"), "{}", requests[0].message);
}

#[test]
fn paper_is_noted_with_its_day_and_taken_back() {
    let mut window = window_with(made_up::board(6));
    window.press("ひまわりデイサービスセンター 実績 まだ");
    window.must_say("紙でのやりとりを記録します");
    window.press("記録する");
    let [Command::NotePaper(note)] = window.commands()[..] else { panic!("one command") };
    let Paper { side, partner, exchange, .. } = note.paper;
    assert_eq!(
        (side, partner, exchange, note.taken_back),
        (Side::Planner, made_up::office(11), Exchange::Actuals, false)
    );
    window.press("㈱みどり福祉用具 予定 紙 10/28");
    window.press("紙の記録を取り消す");
    let [Command::NotePaper(note)] = window.commands()[..] else { panic!("one command") };
    assert!(note.taken_back && note.paper.on == jiff::civil::date(2026, 10, 28));
    window.press("ひまわりデイサービスセンター 実績 まだ");
    window.press("やめる");
    assert!(window.commands().is_empty());
}

#[test]
fn an_empty_month_and_a_board_that_is_not_there_yet_say_so() {
    let mut window = full_window();
    window.must_say("月次ボードをまとめています…");
    window.tell(told(Board { rows: vec![], summaries: vec![], ..made_up::board(0) }));
    window.must_say("この月のやりとりはまだありません");
}

#[test]
fn sixty_partners_scroll_inside_and_a_name_of_300_characters_is_cut() {
    // 1366 × 768 at 125 %.
    let look = Look { text_size: TextSize::Large, ..Look::default() };
    let mut window = window_of([1366.0 / 1.25, 768.0 / 1.25], look, Scripted::default());
    window.tell(Event::Lists(made_up::lists()));
    let mut board = made_up::board(60);
    board.rows[0].name = "長".repeat(300);
    window.tell(told(board));
    inside(&window, "sixty partners");
    let rows = window.harness.query_all_by_label_contains("予定 取込済").count();
    assert!((2..30).contains(&rows), "{rows} rows are laid out");
    let height = window.harness.ctx.content_rect().height();
    let summary = window.harness.get_by_label_contains("60事業所中").rect();
    assert!(summary.bottom() < height - 150.0, "the table begins at {} of {height}", summary.bottom());
}

#[test]
fn an_office_that_plans_and_serves_sees_both_sides() {
    let mut window = window_with(made_up::both_sides());
    window.must_say("3事業所中");
    window.harness.get_by_role_and_label(Role::RadioButton, "サービス事業所 → ケアマネジャー").click();
    window.harness.run();
    window.must_say("1事業所中 0 に実績が届きました。");
    window.must_say("さくら居宅介護支援事業所 予定 届いた・未取込");
}

#[test]
fn every_step_has_its_own_word() {
    let steps = [
        Step::Nothing,
        Step::Troubled,
        Step::Waiting,
        Step::Sent,
        Step::LaidOut,
        Step::Arrived,
        Step::Imported,
        Step::NoActuals,
        Step::Paper(jiff::civil::date(2026, 11, 5)),
    ];
    let words = |incoming| {
        let word = |step| {
            let cell = Cell { incoming, step, at: None, parcel: None };
            tayori::words::board::step(tayori::words::Lang::Ja, &cell)
        };
        steps.map(word).into_iter().collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!((words(true).len(), words(false).len()), (steps.len(), steps.len()));
}

#[test]
fn a_note_over_the_limit_names_everybody_who_is_and_whom_somebody_takes_out() {
    let mut window = window_with(made_up::board(7));
    window.must_say("なごみの里デイサービス 予定 取込済 限度超過 2名");
    window.press("あおぞら訪問介護ステーション 操作");
    window.press("限度超過を知らせる");
    window.commands();
    let (partner, month) = (made_up::office(10), "202610".parse().unwrap());
    window.tell(Event::Statement(Arc::new(made_up::statement_draft(partner, month, Occasion::OverLimit))));
    window.must_say("限度を超えている利用者　2名");
    window.must_say("うち貴事業所の超過 408単位");
    inside(&window, "the note over the limit");
    assert!(window.commands().is_empty(), "nothing has gone");
    window.harness.get_by_role_and_label(Role::CheckBox, "佐藤 ハナ（0001234500）　超過 408単位").click();
    window.harness.run();
    window.press("この内容で送る");
    let [Command::Send(requests)] = &window.commands()[..] else { panic!("one command") };
    let [Statement::OverLimit { persons, .. }] = &requests[0].statements[..] else { panic!("one statement") };
    assert_eq!((persons.len(), persons[0].person.insured.as_str()), (1, "0001234501"));
    assert!(requests[0].message.contains("・髙橋 春江 様（0001234501）: 限度 19705単位、合計 20113単位"));
    assert!(!requests[0].message.contains("佐藤"), "{}", requests[0].message);
}
