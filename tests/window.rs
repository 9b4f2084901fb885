//! The window, used as a person uses it: by the labels on it. The tests play the engine by hand.
#![cfg(feature = "desktop")]
#![allow(clippy::unwrap_used, reason = "a test that meets none of it has failed")]

mod made_up;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tayori::desktop::{App, Appearance, Choice, Chosen, Desk, Look, Page, Tell, TextSize};
use tayori::engine::model::*;
use tayori::engine::{Backend, Engine};
use tayori::words::Lang;

const JST: &str = "Asia/Tokyo";

/// A window and the engine's end of it.
struct Window {
    harness: Harness<'static, App>,
    backend: Backend,
}

/// A desktop that answers every dialog at once and opens nothing.
#[derive(Default)]
struct Scripted {
    files: Vec<PathBuf>,
    folder: PathBuf,
    opened: Arc<Mutex<Vec<PathBuf>>>,
    documents: Documents,
}

type Documents = Arc<Mutex<Vec<(String, Arc<[u8]>)>>>;

impl Desk for Scripted {
    fn choose(&mut self, choice: Choice, tell: Tell) {
        tell(match choice {
            Choice::FilesToSend => Chosen::ToSend(self.files.clone()),
            Choice::FolderToSend => Chosen::ToSend(vec![self.folder.clone()]),
            Choice::OutgoingFolder => Chosen::OutgoingFolder(self.folder.clone()),
            Choice::ImportFolder => Chosen::ImportFolder(self.folder.clone()),
            Choice::SaveAs { parcel, index, name } => Chosen::SaveAs { parcel, index, to: self.folder.join(name) },
            Choice::CertificateFile => Chosen::CertificateFile(self.folder.join("証明書.p12")),
            Choice::SavePdf { name } => Chosen::SavePdf(self.folder.join(name)),
        });
    }

    fn open_document(&mut self, name: &str, bytes: Arc<[u8]>) {
        self.documents.lock().unwrap().push((name.to_owned(), bytes));
    }

    fn open_folder(&mut self, folder: &Path) {
        self.opened.lock().unwrap().push(folder.to_owned());
    }
}

struct Dropped(PathBuf);

impl std::fmt::Debug for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }
    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the window must not read files".into())
    }
}

fn window() -> Window {
    window_of([1280.0, 1700.0], Look::default(), Scripted::default())
}

fn window_of(size: [f32; 2], look: Look, desk: Scripted) -> Window {
    let (engine, backend) = Engine::pair();
    let harness =
        Harness::builder().with_size(size).with_theme(egui::Theme::Light).with_max_steps(24).build_eframe(move |cc| {
            let zone = jiff::tz::TimeZone::get(JST).unwrap();
            let app = App::new(&cc.egui_ctx, engine, look.lang).with_zone(zone).with_desk(Box::new(desk));
            app.with_look(&cc.egui_ctx, look, None)
        });
    let mut window = Window { harness, backend };
    window.tell(Event::Settings(made_up::settings()));
    window.tell(Event::Status(made_up::online()));
    window
}

/// A window on an ordinary day.
fn full_window() -> Window {
    let mut window = window();
    window.tell(Event::Lists(made_up::lists()));
    window
}

impl Window {
    fn tell(&mut self, event: Event) {
        self.backend.events.send(event).unwrap();
        self.harness.run();
    }

    fn press(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::Button, label).click();
        self.harness.run();
    }

    /// Chooses a row of the navigation by the word it begins with.
    fn go(&mut self, label: &str) {
        let row = self
            .harness
            .get_all_by_role(Role::Tab)
            .find(|node| node.accesskit_node().label().is_some_and(|name| name.split('　').next() == Some(label)));
        row.unwrap_or_else(|| panic!("no navigation row {label}")).click();
        self.harness.run();
    }

    fn key(&mut self, key: egui::Key) {
        self.harness.key_press(key);
        self.harness.run();
    }

    fn says(&self, words: &str) -> bool {
        self.harness.query_all_by_label_contains(words).next().is_some()
    }

    #[track_caller]
    fn must_say(&self, words: &str) {
        assert!(self.says(words), "nowhere in the window: {words}");
    }

    fn commands(&self) -> Vec<Command> {
        self.backend.commands.try_iter().collect()
    }

    /// What was asked for, as text that can be compared.
    fn asked(&self) -> Vec<String> {
        self.commands().iter().map(|command| format!("{command:?}")).collect()
    }

    fn page(&self) -> Page {
        self.harness.state().page()
    }

    /// Goes on drawing until a thread of the window has done its part.
    #[track_caller]
    fn wait_for(&mut self, done: impl Fn(&Self) -> bool) {
        let begun = std::time::Instant::now();
        while !done(self) {
            assert!(begun.elapsed().as_secs() < 60, "it does not come");
            std::thread::sleep(std::time::Duration::from_millis(5));
            self.harness.run_steps(1);
        }
    }

    /// Opens the first parcel of the inbox and answers as the engine would.
    fn open_first(&mut self, change: impl FnOnce(&mut ParcelView)) {
        self.go("受信");
        self.harness.get_by_role(Role::ListBox).focus();
        self.harness.run();
        self.key(egui::Key::ArrowDown);
        let chosen = self.harness.state().selected().expect("a row is chosen");
        let line = self.harness.state().model().line(chosen).expect("it is listed").clone();
        let mut view = made_up::view(&line, true);
        change(&mut view);
        self.tell(Event::Opened(Arc::new(view)));
    }
}

#[test]
fn each_screen_opens_by_its_japanese_label() {
    let mut window = full_window();
    for (label, page, words) in [
        ("受信", Page::Inbox, "40 件"),
        ("送信済", Page::Sent, "7 件"),
        ("新規作成", Page::Compose, "ここにファイルを置くこともできます"),
        ("送信待ち", Page::Outbox, "つながりしだい、自動で送ります。"),
        ("設定", Page::Settings, "取込フォルダ（届いたファイルの置き場所）"),
        ("ホーム", Page::Home, "次にすること"),
    ] {
        window.go(label);
        assert_eq!(window.page(), page, "{label}");
        window.must_say(words);
    }
}

#[test]
fn home_says_what_is_new_what_waits_and_what_to_do() {
    let mut window = full_window();
    window.must_say("未読 3 件");
    window.must_say("送信待ち 2 件");
    window.must_say("送信失敗 3 件");
    window.must_say("新しく 3 件届いています。");
    window.must_say("つながっています");
    window.must_say("電子証明書 あと 214 日");
    window.press("受信を見る");
    assert_eq!(window.page(), Page::Inbox);
}

#[test]
fn the_first_day_says_how_to_begin() {
    let mut window = window();
    window.tell(Event::Lists(Lists::default()));
    window.must_say("便りへようこそ");
    window.must_say("ケアソフトで、送るファイルを送信フォルダに書き出します。");
    for (screen, words) in
        [("受信", "まだ何も届いていません"), ("送信済", "まだ何も送っていません"), ("送信待ち", "送信待ちはありません")]
    {
        window.go(screen);
        window.must_say(words);
    }
    window.go("ホーム");
    window.press("ファイルを送る");
    assert_eq!(window.page(), Page::Compose);
}

#[test]
fn files_are_chosen_checked_reviewed_and_sent() {
    let files = vec![PathBuf::from("/データ/UPPLAN.CSV"), PathBuf::from("/データ/UPSIKYU.CSV")];
    let mut window =
        window_of([1280.0, 1700.0], Look::default(), Scripted { files: files.clone(), ..Default::default() });
    window.go("新規作成");
    window.press("ファイルを選ぶ");
    match window.commands().as_slice() {
        [Command::Examine(paths)] => assert_eq!(paths, &files),
        other => panic!("{other:?}"),
    }
    window.must_say("ファイルを調べています…");
    window.tell(Event::Examined(Arc::new(made_up::examined())));
    window.must_say("3 件の相手に送ります");

    // Not to the second one this time, and a word to the first.
    window.harness.get_by_role_and_label(Role::CheckBox, made_up::name(1)).click();
    window.harness.run();
    window.must_say("2 件の相手に送ります");
    let first = window.harness.get_all_by_role(Role::MultilineTextInput).next().unwrap();
    first.focus();
    window.harness.run();
    window
        .harness
        .get_all_by_role(Role::MultilineTextInput)
        .next()
        .unwrap()
        .type_text("11月分です。よろしくお願いします。");
    window.harness.run();
    window.press("確認して送る");
    window.must_say("この内容で送ります");
    window.must_say("11月分です。よろしくお願いします。");
    window.must_say("今回は送らない相手が 1 件あります。");
    assert!(window.asked().is_empty(), "nothing goes before the review");

    window.press("送る");
    let commands = window.commands();
    let [Command::Send(requests)] = commands.as_slice() else { panic!("{commands:?}") };
    let sent: Vec<_> = requests.iter().map(|r| (r.receiver, r.paths.clone(), r.message.as_str())).collect();
    let paths = |number| made_up::bundle(number, vec![]).files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
    assert_eq!(
        sent,
        [(made_up::office(10), paths(0), "11月分です。よろしくお願いします。"), (made_up::office(13), paths(3), ""),]
    );
    assert_eq!(window.page(), Page::Outbox);
    window.tell(Event::Notice(Notice::Queued { parcels: 2 }));
    window.must_say("2 件を送信待ちに入れました。");
    window.go("新規作成");
    assert!(!window.says("確認して送る"), "what was sent is not offered again");
}

#[test]
fn words_are_kept_when_the_outbox_could_not_take_them() {
    let mut window = window();
    window.go("新規作成");
    window.tell(Event::Examined(Arc::new(made_up::examined())));
    window.harness.get_all_by_role(Role::MultilineTextInput).next().unwrap().focus();
    window.harness.run();
    window.harness.get_all_by_role(Role::MultilineTextInput).next().unwrap().type_text("消えては困る");
    window.harness.run();
    window.press("確認して送る");
    window.press("送る");
    window.tell(Event::Notice(Notice::NotSent(Failure::DiskFull)));
    window.must_say("パソコンの空き容量が足りません。");
    window.go("新規作成");
    let first = window.harness.get_all_by_role(Role::MultilineTextInput).next().unwrap();
    assert_eq!(first.value().as_deref(), Some("消えては困る"));
    window.press("確認して送る");
    window.must_say("この内容で送ります");
}

#[test]
fn a_bundle_with_an_error_cannot_be_sent_and_says_why() {
    let mut window = window();
    window.go("新規作成");
    window.tell(Event::Examined(Arc::new(made_up::examined_with_errors())));
    window.must_say("誤りがあるため送れません");
    window.must_say("サービス項目コードが空です。");
    window.must_say("3行目　項目 12「サービス項目コード」");
    window.must_say("→ ケアソフトで渡邊 義男 様の訪問介護の内容を入れ、書き出し直してください。");
    let bad = window.harness.get_by_role_and_label(Role::CheckBox, made_up::name(1));
    assert!(bad.accesskit_node().is_disabled());
    bad.click();
    window.harness.run();
    window.must_say("1 件の相手に送ります");
    window.must_say("UPPLAN_2026.CSV");
    window.must_say("ファイル名が決まりの形になっていません。");
    window.must_say("「UPSIKYU_x.CSV」は、ほかのソフトが開いています。");
    window.press("確認して送る");
    window.press("送る");
    let commands = window.commands();
    let [Command::Send(requests)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(requests.iter().map(|request| request.receiver).collect::<Vec<_>>(), [made_up::office(10)]);
}

#[test]
fn nothing_can_be_sent_when_everything_has_errors() {
    let mut window = window();
    window.go("新規作成");
    let bundles = vec![made_up::bundle(0, vec![made_up::an_error()])];
    window.tell(Event::Examined(Arc::new(Examined { bundles, astray: vec![] })));
    let send = window.harness.get_by_role_and_label(Role::Button, "確認して送る");
    assert!(send.accesskit_node().is_disabled());
    send.click();
    window.harness.run();
    assert!(!window.says("この内容で送ります"));
    window.must_say("送る相手を一つ以上選んでください");
}

#[test]
fn files_dropped_anywhere_come_beside_those_already_chosen() {
    let mut window = full_window();
    window.go("受信");
    let drop = |window: &mut Window, name: &str| {
        window.harness.input_mut().dropped_files = vec![Arc::new(Dropped(PathBuf::from(name)))];
        window.harness.run();
    };
    drop(&mut window, "/a/一.CSV");
    assert_eq!(window.page(), Page::Compose);
    assert_eq!(window.asked(), [format!("{:?}", Command::Examine(vec!["/a/一.CSV".into()]))]);
    let bundles = vec![made_up::bundle(0, vec![])];
    let there: Vec<PathBuf> = bundles[0].files.iter().map(|file| file.path.clone()).collect();
    window.tell(Event::Examined(Arc::new(Examined { bundles, astray: vec![] })));
    drop(&mut window, "/a/二.CSV");
    let all = [there, vec![PathBuf::from("/a/二.CSV")]].concat();
    assert_eq!(window.asked(), [format!("{:?}", Command::Examine(all))]);
}

#[test]
fn the_outgoing_folder_is_looked_at_by_a_button() {
    let mut window = window();
    window.go("新規作成");
    window.press("送信フォルダから");
    assert_eq!(window.asked(), ["ExamineOutgoing"]);
    window.tell(Event::Progress(Some(Progress { done: 12, total: 260 })));
    window.must_say("確認しています（260 個中 12 個）");
    window.tell(Event::Progress(None));
    window.tell(Event::Examined(Arc::new(Examined::default())));
    window.must_say("送れるファイルはありませんでした");
}

#[test]
fn arrow_keys_choose_and_open_and_the_pane_shows_everything() {
    let mut window = full_window();
    window.go("受信");
    window.harness.get_by_role_and_label(Role::ListBox, "受信").focus();
    window.harness.run();
    window.key(egui::Key::ArrowDown);
    window.key(egui::Key::ArrowDown);
    window.key(egui::Key::ArrowUp);
    window.key(egui::Key::End);
    window.key(egui::Key::Home);
    let opened: Vec<String> =
        [0, 1, 0, 39, 0].iter().map(|at| format!("{:?}", Command::Open(made_up::id(*at)))).collect();
    assert_eq!(window.asked(), opened);
    assert_eq!(window.harness.state().selected(), Some(made_up::id(0)));

    window.open_first(|_| ());
    for words in [
        "署名を確認しました",
        "いつもお世話になっております。10月分の実績をお送りします。",
        "日ごとの回数を足すと 9 回ですが、算定回数は 10 回です。",
        "第6表（サービス利用票）実績　13 KB",
        "種類のわからないファイル",
        "髙橋 春江 様（0001234501）",
        "ちがい 3 か所",
        "/home/sakura/便り/取込",
        "受信 11/18 11:46",
    ] {
        window.must_say(words);
    }
}

#[test]
fn an_incoming_parcel_is_marked_imported_saved_and_its_folder_opened() {
    let opened = Arc::new(Mutex::new(Vec::new()));
    let desk = Scripted { folder: "/保存先".into(), opened: opened.clone(), ..Default::default() };
    let mut window = window_of([1280.0, 2000.0], Look::default(), desk);
    window.tell(Event::Lists(made_up::lists()));
    window.open_first(|_| ());
    window.commands();
    window.press("取り込み済みにする");
    window.harness.get_all_by_role_and_label(Role::Button, "保存").nth(2).unwrap().click();
    window.harness.run();
    let wanted = [
        format!("{:?}", Command::MarkImported(made_up::id(0))),
        format!(
            "{:?}",
            Command::SaveFile { parcel: made_up::id(0), index: 2, to: PathBuf::from("/保存先/お知らせ.pdf") }
        ),
    ];
    assert_eq!(window.asked(), wanted);
    window.press("フォルダを開く");
    assert_eq!(*opened.lock().unwrap(), [PathBuf::from("/home/sakura/便り/取込")]);
}

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
    window.press("印刷する");
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
    window.tell(content(2, "お知らせ.pdf", b"%PDF-1.7 something"));
    assert_eq!(documents.lock().unwrap().len(), 1);
}

#[test]
fn a_failed_parcel_in_the_outbox_says_why_and_can_be_sent_again() {
    let mut window = full_window();
    window.go("送信待ち");
    window.must_say("送り先の事業所（3170000099）は、まだ受け取れる状態になっていません。");
    window.must_say("連携基盤につながりません。");
    window.press("もう一度送る");
    assert_eq!(window.asked(), [format!("{:?}", Command::Retry(made_up::id(2_003)))]);
}

#[test]
fn withdrawing_is_asked_once_more() {
    let mut window = window();
    let outbox = Arc::from([made_up::line(2_001, State::Waiting { next_try: None, last: None })]);
    window.tell(Event::Lists(Lists { outbox, ..Lists::default() }));
    window.go("送信待ち");
    window.press("取り消す");
    window.must_say("この送信を取り消しますか");
    window.press("いいえ");
    assert!(window.asked().is_empty());
    window.press("取り消す");
    window.press("はい、取り消します");
    assert_eq!(window.asked(), [format!("{:?}", Command::Withdraw(made_up::id(2_001)))]);
}

#[test]
fn a_refused_parcel_says_why_in_the_sent_list() {
    let mut window = full_window();
    window.go("送信済");
    window.must_say("取込済");
    window.harness.get_by_label_contains("相手が受け取れず").click();
    window.harness.run();
    window.must_say("封を開けられませんでした。");
    window.must_say("送り主に、もう一度送ってもらってください。");
}

#[test]
fn search_finds_names_and_numbers_whatever_their_width() {
    let mut window = full_window();
    window.harness.get_by_role_and_label(Role::SearchInput, "さがす").focus();
    window.harness.run();
    window.harness.get_by_role_and_label(Role::SearchInput, "さがす").type_text("ひまわり");
    window.harness.run();
    assert_eq!(window.page(), Page::Inbox);
    window.must_say("4 件");
    window.key(egui::Key::Escape);
    window.must_say("40 件");
    window.harness.get_by_role_and_label(Role::SearchInput, "さがす").focus();
    window.harness.run();
    window.harness.get_by_role_and_label(Role::SearchInput, "さがす").type_text("３１７００００１５");
    window.harness.run();
    window.must_say("あてはまるものはありません");
}

#[test]
fn shortcuts_do_what_people_are_used_to() {
    let mut window = full_window();
    window.key(egui::Key::F5);
    assert_eq!(window.asked(), ["Exchange"]);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::N);
    window.harness.run();
    assert_eq!(window.page(), Page::Compose);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::F);
    window.harness.run();
    assert_eq!(window.page(), Page::Inbox);
    assert!(window.harness.get_by_role_and_label(Role::SearchInput, "さがす").is_focused());
}

#[test]
fn settings_are_typed_chosen_and_saved() {
    let mut window =
        window_of([1280.0, 1400.0], Look::default(), Scripted { folder: "/新しい場所".into(), ..Default::default() });
    window.go("設定");
    assert!(window.harness.get_by_role_and_label(Role::Button, "設定を保存").accesskit_node().is_disabled());
    window.harness.get_by_role_and_label(Role::TextInput, "事業所名").focus();
    window.harness.run();
    window.harness.get_by_role_and_label(Role::TextInput, "事業所名").type_text("（本店）");
    window.harness.run();
    window.harness.get_all_by_role_and_label(Role::Button, "選ぶ").nth(1).unwrap().click();
    window.harness.run();
    window.press("設定を保存");
    let commands = window.commands();
    let [Command::Configure(settings)] = commands.as_slice() else { panic!("{commands:?}") };
    assert!(settings.office_name.contains("（本店）"), "{}", settings.office_name);
    assert_eq!(settings.import, PathBuf::from("/新しい場所"));
    assert_eq!(settings.outgoing, made_up::settings().outgoing);
    window.tell(Event::Settings((**settings).clone()));
    window.must_say("設定を保存しました。");
    window.must_say("変更はありません");
}

#[test]
fn english_is_one_press_away_and_leaves_no_japanese_label() {
    let mut window = full_window();
    window.go("設定");
    window.harness.get_by_role_and_label(Role::RadioButton, "English").click();
    window.harness.run();
    for (label, words) in [
        ("Inbox", "Nothing|40"),
        ("Outbox", "The exchange hub does not answer."),
        ("New", "Choose files"),
        ("Home", "What to do next"),
    ] {
        window.go(label);
        assert!(words.split('|').any(|words| window.says(words)), "{label}: {words}");
    }
    let navigation: Vec<String> =
        window.harness.get_all_by_role(Role::Tab).filter_map(|node| node.accesskit_node().label()).collect();
    assert!(navigation.iter().all(|label| label.replace('　', "").is_ascii()), "{navigation:?}");
}

#[test]
fn text_size_changes_the_zoom() {
    let mut window = full_window();
    window.harness.get_by_role_and_label(Role::RadioButton, "大").click();
    window.harness.run();
    assert_eq!(window.harness.ctx.zoom_factor(), 1.25);
    assert_eq!(window.harness.state().model().look.text_size, TextSize::Large);
}

#[test]
fn being_offline_is_said_with_what_to_do() {
    let mut window = full_window();
    let connection = Connection::Offline(Failure::HubUnreachable);
    window.tell(Event::Status(Status { connection, ..made_up::online() }));
    window.must_say("つながっていません");
    window.must_say("連携基盤につながりません。");
    window.must_say("インターネットにつながっているか、お確かめください。");
}

#[test]
fn arriving_mail_is_said_and_can_be_opened_from_the_toast() {
    let mut window = full_window();
    let notice = Notice::Arrived {
        parcel: made_up::id(0),
        partner_name: "あおぞら訪問介護ステーション".into(),
        subjects: vec![Subject::Actuals],
        files: 3,
    };
    window.tell(Event::Notice(notice));
    window.must_say("あおぞら訪問介護ステーション からファイルが 3 個届きました。");
    window.press("見る");
    assert_eq!(window.page(), Page::Inbox);
    assert_eq!(window.asked(), [format!("{:?}", Command::Open(made_up::id(0)))]);
    window.harness.run_steps(30); // a quarter of a second each
    assert!(!window.says("からファイルが 3 個届きました。"), "a toast goes away by itself");
}

#[test]
fn ten_thousand_rows_are_listed_without_laying_them_out() {
    let mut window = window();
    window.tell(Event::Lists(Lists { inbox: made_up::inbox(10_000), ..Lists::default() }));
    window.go("受信");
    window.must_say("10,000 件");
    let rows = window.harness.get_all_by_role(Role::ListBoxOption).count();
    assert!(rows < 60, "{rows} rows were laid out");
    window.harness.get_by_role(Role::ListBox).focus();
    window.harness.run();
    window.key(egui::Key::End);
    assert_eq!(window.harness.state().selected(), Some(made_up::id(9_999)));
    let selected = window
        .harness
        .get_all_by_role(Role::ListBoxOption)
        .find(|node| node.accesskit_node().is_selected() == Some(true));
    let rect = selected.expect("the last row is scrolled to").rect();
    assert!(rect.bottom() <= 1_700.0 && rect.top() > 64.0, "{rect:?}");
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        window.harness.step();
    }
    let each = begun.elapsed() / 20;
    assert!(each.as_millis() < 200, "a pass took {each:?} even without optimisation");
}

/// Names of 300 characters, messages of 100,000, marks that turn the writing around, characters no font has.
fn hostile(lists: &mut Lists) {
    let nasty = format!("医療\u{202e}法人\u{0}🙂\u{e156}{}", "長".repeat(300));
    let spoil = |lines: &Arc<[ParcelLine]>| -> Arc<[ParcelLine]> {
        lines.iter().map(|line| ParcelLine { partner_name: nasty.clone(), ..line.clone() }).collect()
    };
    *lists = Lists { inbox: spoil(&lists.inbox), sent: spoil(&lists.sent), outbox: spoil(&lists.outbox) };
}

#[test]
fn hostile_texts_neither_panic_nor_break_the_layout() {
    let mut window = window();
    let mut lists = made_up::lists();
    hostile(&mut lists);
    window.tell(Event::Lists(lists));
    let nasty = "\u{202e}fdp.exe\u{7}🙂".repeat(40);
    let mut settings = made_up::settings();
    // What is typed in a field is drawn as it is, so only its length is hostile.
    settings.office_name = "長".repeat(300);
    window.tell(Event::Settings(settings));
    window.tell(Event::Notice(Notice::Saved { name: nasty.clone() }));
    window.open_first(|view| {
        view.message = "あ🙂\u{202e}\r\n".repeat(25_000);
        view.files[0].name = nasty.clone();
        view.sheets[0].person_name = Some(nasty.clone());
        view.sheets[0].lines[0].label = nasty.clone();
        view.checked = made_up::checked(vec![made_up::finding("error", Some(1), None, &nasty, &nasty); 500]);
    });
    window.must_say("あと 470 件を見る");
    inside(&window, "hostile inbox");
    window.press("つづきを読む（あと 24988 行）");
    inside(&window, "a long message unfolded");
    let mut bundle = made_up::bundle(0, vec![made_up::an_error(); 300]);
    bundle.receiver_name = nasty.clone();
    bundle.files[0].name = nasty.clone();
    let astray = (0..5_000)
        .map(|at| Astray {
            path: format!("/x/{at}").into(),
            name: nasty.clone(),
            why: AstrayReason::Unreadable(Failure::FileUnreadable { name: nasty.clone() }),
        })
        .collect();
    window.tell(Event::Examined(Arc::new(Examined { bundles: vec![bundle], astray })));
    for screen in ["新規作成", "送信待ち", "送信済", "設定", "ホーム"] {
        window.go(screen);
        inside(&window, screen);
    }
}

/// Every control that can be pressed lies within the window's width and does not vanish to nothing.
#[track_caller]
fn inside(window: &Window, what: &str) {
    let width = window.harness.ctx.content_rect().width();
    let roles = [Role::Button, Role::Tab, Role::RadioButton, Role::CheckBox, Role::SearchInput, Role::TextInput];
    for role in roles {
        for node in window.harness.query_all_by_role(role) {
            let name = node.accesskit_node().label().unwrap_or_default();
            let rect = node.rect();
            assert!(
                rect.left() >= -0.5 && rect.right() <= width + 0.5 && rect.width() > 8.0,
                "{what}: {role:?} {name} at {rect:?} in a window {width} wide"
            );
        }
    }
}

#[test]
fn every_screen_fits_small_windows_and_large_text() {
    for (size, zoom) in [
        ([1024.0, 640.0], TextSize::Medium),
        ([1024.0, 640.0], TextSize::Large),
        ([1366.0, 768.0], TextSize::Medium),
        ([1366.0, 768.0], TextSize::Large),
        // 1024 × 640 at 150 %
        ([683.0, 427.0], TextSize::Medium),
    ] {
        let [width, height] = size;
        let points = [width / zoom.zoom(), height / zoom.zoom()];
        let mut window = window_of(points, Look::default(), Scripted::default());
        window.tell(Event::Lists(made_up::lists()));
        window.tell(Event::Examined(Arc::new(made_up::examined_with_errors())));
        for screen in ["ホーム", "送信済", "新規作成", "送信待ち", "設定"] {
            window.go(screen);
            inside(&window, &format!("{screen} at {points:?}"));
        }
        window.open_first(|view| made_up::give_months(view, 14));
        inside(&window, &format!("受信 at {points:?}"));
    }
}

#[test]
fn a_narrow_window_shows_the_list_or_the_pane() {
    let mut window = window_of([683.0, 427.0], Look { lang: Lang::Ja, ..Look::default() }, Scripted::default());
    window.tell(Event::Lists(made_up::lists()));
    window.go("受信");
    window.harness.get_all_by_role(Role::ListBoxOption).next().unwrap().click();
    window.harness.run();
    window.press("一覧にもどる");
    assert!(window.harness.query_by_role(Role::ListBox).is_some());
    window.harness.get_by_role(Role::ListBox).focus();
    window.harness.run();
    window.key(egui::Key::ArrowDown);
    assert!(window.harness.query_by_role(Role::ListBox).is_some(), "the arrow keys stay in the list");
    window.key(egui::Key::Enter);
    assert!(window.harness.query_by_role(Role::ListBox).is_none());
    window.key(egui::Key::Escape);
    assert!(window.harness.query_by_role(Role::ListBox).is_some());
}

/// What a person types into a field, by its label.
fn type_into(window: &mut Window, role: Role, label: &str, words: &str) {
    window.harness.get_by_role_and_label(role, label).focus();
    window.harness.run();
    window.harness.get_by_role_and_label(role, label).type_text(words);
    window.harness.run();
}

fn not_set_up(refused: Option<Failure>) -> Event {
    Event::Entrance(Entrance::SetUp {
        outgoing: "/書類/便り/送信".into(), import: "/書類/便り/取込".into(), refused
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
fn the_colours_are_chosen_in_the_settings_and_every_screen_is_drawn_in_them() {
    for (label, appearance) in
        [("暗い", Appearance::Dark), ("くっきり", Appearance::Contrast), ("明るい", Appearance::Light)]
    {
        let mut window = full_window();
        window.go("設定");
        window.harness.get_by_role_and_label(Role::RadioButton, label).click();
        window.harness.run();
        assert_eq!(window.harness.state().model().look.appearance, appearance);
        for screen in ["ホーム", "送信済", "新規作成", "送信待ち"] {
            window.go(screen);
        }
        window.open_first(|_| ());
    }
}

#[test]
fn text_can_be_twice_as_large() {
    let mut window = full_window();
    window.go("設定");
    window.harness.get_by_role_and_label(Role::RadioButton, "最大").click();
    window.harness.run();
    assert_eq!(window.harness.ctx.zoom_factor(), 2.0);
    for screen in ["ホーム", "送信済", "新規作成", "送信待ち", "設定"] {
        window.go(screen);
        inside(&window, &format!("{screen} at 200 %"));
    }
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
    window.go("利用者と端末");
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
