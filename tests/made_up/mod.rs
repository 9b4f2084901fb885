//! Made-up offices, persons and parcels: what an engine could tell, for the window's tests and pictures.

#![allow(dead_code, reason = "the tests and the pictures each use their part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "made-up data is known")]

use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tayori::board::{self, Answered, Board, Cell, Changes, Row, Side, Summary};
use tayori::engine::model::*;
use tayori::parcel::ParcelId;
use tayori::standard::{Checked, Finding, Kind, MonthSheet, OfficeNumber, People, PersonKey, SheetLine, Table};

pub const OFFICES: [&str; 10] = [
    "あおぞら訪問介護ステーション",
    "ひまわりデイサービスセンター",
    "㈱みどり福祉用具",
    "医療法人髙﨑会 訪問看護ステーション",
    "さくら通所リハビリテーション",
    "社会福祉法人 光風会 ショートステイ",
    "なごみの里デイサービス",
    "ケアサポート桜ヶ丘",
    "(有)いきいき介護サービス",
    "カナリヤ薬局",
];

pub const PERSONS: [(&str, &str); 14] = [
    ("佐藤 ハナ", "サトウ ハナ"),
    ("髙橋 春江", "タカハシ ハルエ"),
    ("渡邊 義男", "ワタナベ ヨシオ"),
    ("山﨑 キヨ", "ヤマザキ キヨ"),
    ("齋藤 正一", "サイトウ ショウイチ"),
    ("小林 千代子", "コバヤシ チヨコ"),
    ("加藤 文子", "カトウ フミコ"),
    ("伊藤 勝", "イトウ マサル"),
    ("鈴木 トミ", "スズキ トミ"),
    ("田中 和夫", "タナカ カズオ"),
    ("中村 シズ", "ナカムラ シズ"),
    ("吉田 茂", "ヨシダ シゲル"),
    ("松本 ヨネ", "マツモト ヨネ"),
    ("井上 一郎", "イノウエ イチロウ"),
];

pub fn id(number: usize) -> ParcelId {
    format!("00000000-0000-7000-8000-{number:012x}").parse().unwrap()
}

pub fn office(number: usize) -> OfficeNumber {
    format!("317{number:07}").parse().unwrap()
}

pub fn name(number: usize) -> &'static str {
    OFFICES[number % OFFICES.len()]
}

/// 2026-11-18 12:33 in Tokyo.
pub fn noon() -> Timestamp {
    "2026-11-18T03:33:00Z".parse().unwrap()
}

pub fn minutes_before(minutes: usize) -> Timestamp {
    noon() - SignedDuration::from_mins(minutes as i64)
}

pub fn settings() -> Settings {
    Settings::new(
        office(1),
        "さくら居宅介護支援事業所".into(),
        "https://hub.example.jp:8443".into(),
        PathBuf::from("/home/sakura/便り/送信"),
        PathBuf::from("/home/sakura/便り/取込"),
    )
}

pub fn admin() -> Login {
    Login::As { user: "sato".parse().unwrap(), role: Role::Admin }
}

pub fn accounts() -> Arc<[Account]> {
    let account = |user: &str, role, locked: bool| Account {
        user: user.parse().unwrap(),
        role,
        created_at: minutes_before(60 * 24 * 30),
        locked_until: locked.then(|| noon() + SignedDuration::from_mins(12)),
        last_login_at: (user != "suzuki").then(|| minutes_before(95)),
    };
    Arc::from([
        account("sato", Role::Admin, false),
        account("suzuki", Role::Staff, false),
        account("tanaka.k", Role::Staff, true),
    ])
}

pub fn online() -> Status {
    Status {
        connection: Connection::Online,
        last_exchange: Some(minutes_before(0)),
        certificate_until: Some(noon() + SignedDuration::from_hours(24 * 214 + 3)),
        newer: None,
    }
}

pub fn line(number: usize, state: State) -> ParcelLine {
    let subjects = [
        vec![Subject::Actuals],
        vec![Subject::Provision],
        vec![Subject::Actuals, Subject::Other],
        vec![Subject::Provision, Subject::CarePlan],
        vec![Subject::Preventive],
        vec![Subject::Withdrawal],
    ];
    ParcelLine {
        id: id(number),
        incoming: number < 1_000,
        partner: office(10 + number % 30),
        partner_name: name(number).into(),
        state,
        at: minutes_before(number * 47),
        unread: false,
        files: 1 + number % 4,
        subjects: subjects[number % subjects.len()].clone(),
        has_message: number.is_multiple_of(3),
        way: Way::Hub,
        errors: 0,
        warnings: usize::from(number % 7 == 3) * 2,
        accepted_at: None,
        overdue_since: None,
        importing: None,
        assigned: None,
        desks: vec![],
    }
}

/// So many incoming parcels: every third of the first ones unread, the older ones imported.
pub fn inbox(count: usize) -> Arc<[ParcelLine]> {
    (0..count)
        .map(|number| {
            let state = if number < 9 { State::Arrived } else { State::Imported };
            ParcelLine { incoming: true, unread: number < 9 && number.is_multiple_of(3), ..line(number, state) }
        })
        .collect()
}

pub fn sent() -> Arc<[ParcelLine]> {
    let states = [
        State::Accepted,
        State::Arrived,
        State::Imported,
        State::Failed(Failure::ReceiverUnknown { office: "3170000099".into() }),
        State::Refused(Failure::SealBroken),
        State::Imported,
        State::Imported,
    ];
    states.into_iter().enumerate().map(|(at, state)| line(1_000 + at, state)).collect()
}

pub fn outbox() -> Arc<[ParcelLine]> {
    let soon = Some(noon() + SignedDuration::from_mins(4));
    Arc::from([
        line(2_001, State::Waiting { next_try: None, last: None }),
        line(2_002, State::Waiting { next_try: soon, last: Some(Failure::HubUnreachable) }),
        line(2_003, State::Failed(Failure::ReceiverUnknown { office: "3170000099".into() })),
    ])
}

pub fn lists() -> Lists {
    Lists { inbox: inbox(40), sent: sent(), outbox: outbox() }
}

pub fn finding(severity: &str, row: Option<u64>, field: Option<(u16, &str)>, message: &str, hint: &str) -> Finding {
    finding_in("UPJSK_202610_3170000010_11_3170000001_43_20261118103000.CSV", severity, row, field, message, hint)
}

pub fn finding_in(
    file: &str,
    severity: &str,
    row: Option<u64>,
    field: Option<(u16, &str)>,
    message: &str,
    hint: &str,
) -> Finding {
    serde_json::from_value(serde_json::json!({
        "rule": "required-missing",
        "severity": severity,
        "file": file,
        "row": row,
        "field": field.map(|field| field.0),
        "field_name": field.map(|field| field.1),
        "message": message,
        "hint": hint,
    }))
    .unwrap()
}

pub fn an_error() -> Finding {
    finding(
        "error",
        Some(3),
        Some((12, "サービス項目コード")),
        "サービス項目コードが空です。この項目は必ず要ります。",
        "介護ソフトで渡邊 義男 様の訪問介護の内容を入れ、書き出し直してください。",
    )
}

pub fn a_warning() -> Finding {
    finding(
        "warning",
        Some(14),
        Some((20, "算定回数")),
        "日ごとの回数を足すと 9 回ですが、算定回数は 10 回です。",
        "どちらが正しいか、介護ソフトで確かめてください。",
    )
}

pub fn a_note() -> Finding {
    finding("note", None, None, "利用者補足情報がいっしょに届いていません。", "氏名は被保険者番号で表示します。")
}

pub fn checked(findings: Vec<Finding>) -> Checked {
    let findings = serde_json::to_value(findings).unwrap();
    serde_json::from_value(serde_json::json!({
        "files": [{ "name": "UPJSK.CSV", "kind": null, "rows": 42, "findings": findings }],
        "sets": [],
    }))
    .unwrap()
}

fn days(list: &[usize]) -> [u16; 31] {
    let mut days = [0; 31];
    for day in list {
        days[day - 1] = 1;
    }
    days
}

pub fn sheet_line(
    label: &str,
    office_name: &str,
    time: Option<(&str, &str)>,
    planned: &[usize],
    actual: &[usize],
) -> SheetLine {
    SheetLine {
        service: "11".parse().unwrap(),
        code: "111111".into(),
        label: label.into(),
        office: office(10),
        office_name: office_name.into(),
        start: time.map(|time| time.0.into()),
        end: time.map(|time| time.1.into()),
        planned: days(planned),
        actual: days(actual),
    }
}

/// October 2026 of one person: a visit that did not take place, one that was not planned, a day with two.
pub fn sheet(person: usize) -> MonthSheet {
    let (name, kana) = PERSONS[person % PERSONS.len()];
    let mut twice = sheet_line(
        "訪問看護Ⅰ2",
        "髙﨑会 訪問看護",
        Some(("10:00", "10:30")),
        &[3, 10, 17, 24, 31],
        &[3, 10, 17, 24, 31],
    );
    twice.actual[23] = 2;
    let home = [2, 5, 7, 9, 12, 14, 16, 19, 21, 23, 26, 28, 30];
    let home_done = [2, 5, 7, 9, 12, 16, 19, 21, 23, 26, 28, 30];
    let day = [1, 6, 8, 13, 15, 20, 22, 27, 29];
    let day_done = [1, 6, 8, 13, 15, 17, 20, 22, 27, 29];
    MonthSheet {
        person: PersonKey { insurer: "131001".into(), insured: format!("{:010}", 1_234_500 + person) },
        person_name: Some(name.into()),
        kana: Some(kana.into()),
        month: "202610".parse().unwrap(),
        planner: Some(office(1)),
        lines: vec![
            sheet_line("身体介護1・生活援助1", "あおぞら訪問介護", Some(("09:00", "10:00")), &home, &home_done),
            sheet_line("通所介護Ⅰ（要介護2）", "ひまわりデイ", Some(("13:30", "16:45")), &day, &day_done),
            sheet_line("通所介護入浴介助加算Ⅰ", "ひまわりデイ", Some(("13:30", "16:45")), &day, &day),
            twice,
            sheet_line("特殊寝台貸与", "㈱みどり福祉用具", None, &[1], &[1]),
        ],
    }
}

pub const MESSAGE: &str = "いつもお世話になっております。10月分の実績をお送りします。14日（水）の訪問介護は、ご本人の体調不良により中止となりました。17日（土）の通所介護は、ご家族のご希望による臨時の利用です。ご確認をお願いいたします。";

/// The persons of so many sheets, with their 利用者補足情報.
pub fn people(persons: impl IntoIterator<Item = usize>) -> Arc<People> {
    let rows: Vec<Vec<String>> = persons.into_iter().map(supplement).collect();
    Arc::new(People::new(vec![Table::compose(Kind::Supplement, rows).unwrap()]))
}

/// A row of 利用者補足情報.
fn supplement(person: usize) -> Vec<String> {
    let (name, kana) = PERSONS[person % PERSONS.len()];
    let mut row = vec![String::new(); 63];
    let insured = format!("{:010}", 1_234_500 + person);
    let sex = if person.is_multiple_of(2) { "2" } else { "1" };
    for (no, text) in [
        (1, "202407"),
        (2, "131001"),
        (3, insured.as_str()),
        (4, "00000000"),
        (5, kana),
        (6, name),
        (7, sex),
        (8, "19380214"),
        (9, "680-0011"),
        (10, "鳥取県鳥取市東町一丁目220"),
        (12, "0857-00-0000"),
        (13, "20260320"),
        (14, "20260401"),
        (15, "20270331"),
        (16, "2"),
        (18, "22"),
        (19, "19705"),
        (56, "0"),
        (63, "202610"),
    ] {
        row[no - 1] = text.to_owned();
    }
    row
}

/// Gives the parcel so many persons, each with a month.
pub fn give_months(view: &mut ParcelView, persons: usize) {
    view.sheets = (0..persons).map(sheet).collect();
    view.people = people(0..persons);
}

/// The files of the demo's month whose names begin like this; with every kind of form among them.
pub fn demo_files(wanted: &dyn Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/month.zip");
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut files = Vec::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let name = file.name().unwrap().rsplit('/').next().unwrap_or_default().to_owned();
        if wanted(&name) {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
            files.push((name, bytes));
        }
    }
    files
}

/// 実績 and 補足情報 of so many persons, each with what a provider of the demo did for one.
pub fn report_of(persons: usize) -> Vec<(String, Vec<u8>)> {
    let report = "UPJSK_202605_3171000048_11_3191000017_43_20260425173442.CSV";
    let (name, bytes) = demo_files(&|name| name == report).remove(0);
    let table = tayori::standard::read(&tayori::standard::FileName::parse(&name).unwrap(), &bytes).unwrap();
    let first = table.rows().next().unwrap().person();
    let fields = u16::try_from(Kind::Actuals.layout().unwrap().fields.len()).unwrap();
    let services: Vec<Vec<String>> = table
        .rows()
        .filter(|row| row.person() == first)
        .map(|row| (1..=fields).map(|no| row.text(no).into_owned()).collect())
        .collect();
    let of_person = |person: usize| {
        services.iter().cloned().map(move |mut row| {
            (row[1], row[2]) = ("131001".into(), format!("{:010}", 1_234_500 + person));
            row
        })
    };
    let report = Table::compose(Kind::Actuals, (0..persons).flat_map(of_person)).unwrap();
    let about = Table::compose(Kind::Supplement, (0..persons).map(supplement)).unwrap();
    vec![(name.clone(), report.write()), (name.replace("UPJSK", "UPHOSOKU"), about.write())]
}

/// A parcel with the real forms of the demo: a care plan and a month to one provider, or the preventive ones.
pub fn give_forms(view: &mut ParcelView, wanted: &dyn Fn(&str) -> bool) {
    let files = demo_files(wanted);
    let table = |(name, bytes): &(String, Vec<u8>)| {
        tayori::standard::read(&tayori::standard::FileName::parse(name).ok()?, bytes).ok()
    };
    let tables: Vec<Table> = files.iter().filter_map(table).collect();
    view.sheets = tayori::standard::month_sheets(&tables);
    view.people = Arc::new(People::new(tables));
}

/// What the demo's planner sends to one visiting service.
pub fn to_one_provider(name: &str) -> bool {
    name.contains("_3191000017_43_3171000048_11_") && name.starts_with("UP")
}

pub fn preventive(name: &str) -> bool {
    name.contains("_3171000024_46_3191000031_43_") && name.starts_with("UP")
}

pub fn view(line: &ParcelLine, incoming: bool) -> ParcelView {
    let files = [
        ("UPJSK_202610_3170000010_11_3170000001_43_20261118103000.CSV", "第6表（サービス利用票）実績", 12_345),
        ("UPHOSOKU_202610_3170000010_11_3170000001_43_20261118103000.CSV", "利用者補足情報", 2_048),
        ("お知らせ.pdf", "", 184_000),
    ];
    let trail = if incoming {
        vec![(Step::Received, 0), (Step::Delivered, 0)]
    } else {
        vec![(Step::Written, 9), (Step::Accepted, 8), (Step::Delivered, 3)]
    };
    ParcelView {
        note: String::new(),
        line: line.clone(),
        incoming,
        message: MESSAGE.into(),
        statements: vec![],
        files: files
            .iter()
            .map(|(name, kind, size)| FileView {
                name: (*name).into(),
                size: *size,
                kind: (*kind).into(),
                delivered: incoming.then(|| PathBuf::from("/home/sakura/便り/取込").join(name)),
            })
            .collect(),
        checked: checked(vec![a_warning(), a_note()]),
        sheets: vec![sheet(1)],
        people: people([1]),
        chain: Vec::new(),
        passed_on: Vec::new(),
        relay: None,
        trail: trail
            .into_iter()
            .map(|(step, before)| Trail { at: line.at - SignedDuration::from_mins(before), step })
            .collect(),
        signed_by: incoming.then_some(line.partner),
    }
}

pub fn bundle(number: usize, findings: Vec<Finding>) -> Bundle {
    let receiver = office(10 + number);
    let file = |kind: &str, words: &str| {
        let name = format!("{kind}_202611_3170000001_43_{receiver}_11_20261118120000.CSV");
        BundleFile {
            path: PathBuf::from("/home/sakura/便り/送信").join(&name),
            name,
            kind: words.into(),
            size: 8_400,
            offers: vec![],
            mended: false,
        }
    };
    Bundle {
        receiver,
        receiver_name: name(number).into(),
        receiver_service: Some("11".parse().unwrap()),
        files: vec![
            file("UPPLAN", "第6表（サービス利用票）予定"),
            file("UPSIKYU", "第7表（サービス利用票別表）"),
            file("UPHOSOKU", "利用者補足情報"),
        ],
        subjects: vec![Subject::Provision],
        findings,
        persons: 6 + number,
    }
}

/// 下書き: one that goes by itself, one with an error, one with more behind it; and a file another program has open.
pub fn drafts() -> Drafts {
    let draft = |bundle, goes_at, more| Draft { bundle, at: minutes_before(3), more, goes_at, way: Way::Hub };
    let soon = Some(noon() + SignedDuration::from_secs(14));
    let locked = Astray {
        path: "/home/sakura/便り/送信/UPSIKYU_x.CSV".into(),
        name: "UPSIKYU_x.CSV".into(),
        why: AstrayReason::Unreadable(Failure::FileLocked { name: "UPSIKYU_x.CSV".into() }),
        offers: vec![],
    };
    Drafts {
        drafts: Arc::from([
            draft(bundle(0, vec![]), soon, 0),
            draft(bundle(1, vec![an_error(), a_warning()]), None, 0),
            draft(bundle(3, vec![a_note()]), None, 12),
        ]),
        astray: Arc::from([locked]),
        coming: 2,
    }
}

/// Three PCs: this one, one that waits, one that is out.
pub fn terminals() -> Arc<[TerminalEntry]> {
    let terminal = |id: &str, name: &str, waiting, revoked: bool| TerminalEntry {
        id: id.into(),
        name: name.into(),
        added_at: minutes_before(60 * 24 * 90),
        revoked_at: revoked.then(|| minutes_before(600)),
        waiting,
        valid_until: noon() + SignedDuration::from_hours(24 * 300),
        certificate: tayori::wire::Binary(vec![1, 2, 3]),
        yours: id == "t1",
    };
    Arc::from([
        terminal("t1", "事務室のパソコン", false, false),
        terminal("t2", "訪問用ノート", true, false),
        terminal("t3", "古いパソコン", false, true),
    ])
}

/// What may lie in Windows: an office's, a person's, and one with long names.
pub fn stored() -> Arc<[Stored]> {
    let stored = |subject: &str, issuer: &str, until: &str, number: &str| Stored {
        subject: subject.into(),
        issuer: issuer.into(),
        until: until.parse().unwrap(),
        fingerprint: number.repeat(16),
    };
    Arc::from([
        stored("KJ3170000001", "国保連合会 介護認証局（例）", "2027-03-31T14:59:59Z", "3f1a"),
        stored("佐藤 ハナ", "Made-up Personal CA G2", "2026-12-01T00:00:00Z", "77c0"),
        stored(
            &format!("{}{}", OFFICES[3], "・".repeat(3)).repeat(4),
            "一般社団法人 とても長い名前の電子証明書発行機構 第二発行局 Made-up Long Certification Authority 2026",
            "2028-01-15T00:00:00Z",
            "e45b",
        ),
    ])
}

pub fn audit() -> Audit {
    let line = |seq: u64| AuditLine {
        seq,
        at: minutes_before(usize::try_from(120 - seq).unwrap()),
        who: if seq.is_multiple_of(3) { String::new() } else { "sato".into() },
        terminal: "019354aa".into(),
        action: ["send", "open", "received", "login"][usize::try_from(seq % 4).unwrap()].into(),
        subject: id(usize::try_from(seq).unwrap()).to_string(),
        result: if seq.is_multiple_of(11) { "file-locked".into() } else { "done".into() },
        prev_hash: "cd".repeat(32),
        hash: "ab".repeat(32),
    };
    Audit { lines: (1..=120).rev().map(line).collect(), verdict: Ok(120) }
}

pub fn examined() -> Examined {
    Examined {
        bundles: vec![bundle(0, vec![]), bundle(1, vec![a_warning(), a_note()]), bundle(3, vec![])],
        astray: vec![],
    }
}

pub fn examined_with_errors() -> Examined {
    let second = finding_in(
        "",
        "error",
        None,
        None,
        "第6表にある利用者が、補足情報のファイルにいません。",
        "補足情報も書き出して、いっしょに選んでください。",
    );
    Examined {
        bundles: vec![bundle(1, vec![an_error(), second, a_warning()]), bundle(0, vec![])],
        astray: vec![
            Astray {
                path: "/tmp/UPPLAN_2026.CSV".into(),
                name: "UPPLAN_2026.CSV".into(),
                why: AstrayReason::Findings(vec![finding_in(
                    "UPPLAN_2026.CSV",
                    "error",
                    None,
                    None,
                    "ファイル名が決まりの形になっていません。",
                    "介護ソフトから書き出したままの名前で選んでください。",
                )]),
                offers: vec![],
            },
            Astray {
                path: "/tmp/UPSIKYU_x.CSV".into(),
                name: "UPSIKYU_x.CSV".into(),
                why: AstrayReason::Unreadable(Failure::FileLocked { name: "UPSIKYU_x.CSV".into() }),
                offers: vec![],
            },
        ],
    }
}

/// To whom a parcel of three persons can be passed on.
pub fn relay_offer(origin: ParcelId) -> RelayOffer {
    let person = |number: usize| PersonKey { insurer: "312025".into(), insured: format!("31000000{number:02}") };
    let candidate = |number: usize, persons: &[usize]| RelayCandidate {
        office: office(number),
        name: name(number).into(),
        persons: persons.iter().map(|number| person(*number)).collect(),
    };
    RelayOffer {
        origin,
        way: tayori::entrust::Way::ToProvider,
        persons: (0..8).map(|number| (person(number), PERSONS[number].0.to_owned())).collect(),
        candidates: Arc::from([candidate(10, &[0, 2, 3]), candidate(11, &[])]),
    }
}

/// A diagnosis with every light.
pub fn diagnosis() -> Diagnosis {
    let place = tayori::link::route::Place { host: "hub.example.jp".into(), port: 8443 };
    let found = |check| match check {
        Check::Network => Found::Reached { place: place.clone(), took: std::time::Duration::from_millis(31) },
        Check::Proxy => Found::Direct,
        Check::Clock => Found::ClockRight,
        Check::Certificate => Found::CertificateEnds { days: 21 },
        Check::Folders => {
            Found::FoldersTroubled(vec![Failure::FolderMissing { path: "/home/sakura/便り/取込".into() }])
        }
        Check::Hub => Found::HubAnswers { took: std::time::Duration::from_millis(140) },
    };
    Diagnosis { checks: Check::ALL.map(|check| (check, Look::Done(found(check)))).to_vec(), trial: Trial::NotYet }
}

fn cell(incoming: bool, step: board::Step, parcel: Option<usize>) -> Cell {
    Cell { incoming, step, at: parcel.map(|_| minutes_before(60 * 24 * 20)), parcel: parcel.map(id) }
}

/// October as a care manager sees it: each of the first six partners in another state, the others done.
pub fn board(partners: usize) -> Board {
    let row = |at: usize| {
        let done = Row {
            side: Side::Planner,
            partner: office(10 + at),
            name: if at < OFFICES.len() { name(at).into() } else { format!("{}（{}）", name(at), at) },
            service: ["11", "15", "17", "13", "16", "21"][at % 6].parse().unwrap(),
            plan: cell(false, board::Step::Imported, Some(1_002)),
            changes: None,
            actuals: cell(true, board::Step::Imported, Some(at + 9)),
            documents: None,
            answered: None,
            no_actuals: 0,
            over_limit: 0,
            awaited_since: None,
            days: None,
            undelivered_days: None,
            reminded: None,
            regular: false,
        };
        let nothing = cell(true, board::Step::Nothing, None);
        match at {
            0 => Row { actuals: cell(true, board::Step::Arrived, Some(0)), ..done },
            1 => Row { actuals: nothing, days: Some(17), ..done },
            2 => Row {
                plan: cell(false, board::Step::Paper(jiff::civil::date(2026, 10, 28)), None),
                actuals: cell(true, board::Step::NoActuals, Some(3)),
                no_actuals: 4,
                ..done
            },
            3 => Row {
                changes: Some(Changes { count: 2, newest: cell(false, board::Step::Arrived, Some(1_001)) }),
                actuals: nothing,
                days: Some(3),
                reminded: Some(minutes_before(60 * 24)),
                ..done
            },
            4 => Row {
                answered: Some(Answered { planned: 12, reported: 9, none: 1, missing: 2 }),
                days: Some(17),
                ..done
            },
            5 => Row { plan: cell(false, board::Step::Troubled, Some(1_003)), actuals: nothing, ..done },
            6 => Row { over_limit: 2, ..done },
            _ => done,
        }
    };
    let rows: Vec<Row> = (0..partners).map(row).collect();
    let count = |holds: fn(&Row) -> bool| rows.iter().filter(|row| holds(row)).count();
    let summary = Summary {
        side: Side::Planner,
        partners,
        plans: count(|row| row.plan.step.is_there()),
        actuals: count(|row| row.actuals.step.is_there()),
        open: count(Row::is_open),
    };
    let summaries = if partners == 0 { vec![] } else { vec![summary] };
    Board { month: "202610".parse().unwrap(), due: jiff::civil::date(2026, 11, 1), rows, summaries }
}

/// The same month as one of the providers sees it.
pub fn provider_board() -> Board {
    let mut board = board(1);
    let row = &mut board.rows[0];
    row.side = Side::Provider;
    row.partner = office(1);
    row.name = "さくら居宅介護支援事業所".into();
    row.service = "43".parse().unwrap();
    row.plan = cell(true, board::Step::Arrived, Some(0));
    row.actuals = cell(false, board::Step::Nothing, None);
    row.days = Some(17);
    row.over_limit = 2;
    row.reminded = Some("2026-11-09T01:00:00Z".parse().unwrap());
    board.summaries = vec![Summary { side: Side::Provider, partners: 1, plans: 1, actuals: 0, open: 1 }];
    board
}

/// An office that plans and serves.
pub fn both_sides() -> Board {
    let mut board = board(3);
    let provider = provider_board();
    board.rows.extend(provider.rows);
    board.summaries.extend(provider.summaries);
    board
}

/// The month as a support centre sees the offices it entrusted, and the other way round.
pub fn entrusted_board(side: Side) -> Board {
    let centre = side == Side::Centre;
    let cell = |ours: bool, step, parcel| cell(ours != centre, step, parcel);
    let mut board = board(if centre { 6 } else { 2 });
    for (at, row) in board.rows.iter_mut().enumerate() {
        row.side = side;
        row.service = if centre { "43" } else { "46" }.parse().unwrap();
        let names = ["さくら居宅介護支援事業所", "つばき居宅介護支援センター", "ケアプラン夢", "居宅介護支援 こすもす"];
        let centres = ["中央地域包括支援センター", "北部地域包括支援センター"];
        let name = if centre { names[at % names.len()] } else { centres[at % centres.len()] };
        row.name = name.into();
        (row.changes, row.no_actuals, row.answered, row.over_limit, row.reminded) = (None, 0, None, 0, None);
        row.days = None;
        row.documents = Some(cell(true, board::Step::Imported, Some(1_004)));
        row.plan = cell(false, board::Step::Imported, Some(1_002));
        row.actuals = cell(false, board::Step::Imported, Some(at + 9));
        let nothing = cell(false, board::Step::Nothing, None);
        match at {
            0 => row.actuals = cell(false, board::Step::Arrived, Some(0)),
            1 => (row.actuals, row.days) = (nothing, Some(17)),
            2 => {
                row.documents = Some(cell(true, board::Step::Sent, Some(1_005)));
                (row.plan, row.actuals) = (nothing.clone(), nothing);
            }
            _ => {}
        }
    }
    let count = |holds: fn(&Row) -> bool| board.rows.iter().filter(|row| holds(row)).count();
    board.summaries = vec![Summary {
        side,
        partners: board.rows.len(),
        plans: count(|row| row.plan.step.is_there()),
        actuals: count(|row| row.actuals.step.is_there()),
        open: count(Row::is_open),
    }];
    board
}

/// Names as long as an office's may be.
pub fn long_board() -> Board {
    let mut board = board(60);
    for row in board.rows.iter_mut().step_by(2) {
        row.name = format!("{}{}", row.name, "とても長い名前の事業所".repeat(27));
    }
    board
}

pub fn statement_draft(partner: OfficeNumber, month: tayori::standard::Month, occasion: Occasion) -> StatementDraft {
    let candidate = |number: usize| {
        let person = PersonKey { insurer: "131001".into(), insured: format!("{:010}", 1_234_500 + number) };
        let over = tayori::parcel::Over { person: person.clone(), limit: Some(19_705), units: 20_113, over: 408 };
        let over = (occasion == Occasion::OverLimit).then_some(over);
        Candidate { person, name: Some(PERSONS[number].0.into()), over }
    };
    let persons = match occasion {
        Occasion::Reminder => 0,
        Occasion::NoActuals => 12,
        Occasion::OverLimit => 2,
    };
    let partner_name = name(0).into();
    StatementDraft { partner, partner_name, month, occasion, candidates: (0..persons).map(candidate).collect() }
}

/// Makes it a message that says this of October, and nothing else.
pub fn give_statement(view: &mut ParcelView, occasion: Occasion) {
    let draft = statement_draft(view.line.partner, "202610".parse().unwrap(), occasion);
    let everybody = draft.candidates.iter().map(|candidate| candidate.person.clone()).collect();
    let statement = draft.statement(&everybody).unwrap();
    view.message = tayori::words::board::message(&draft, tayori::words::board::greeting(occasion), &statement);
    let names = draft.candidates.into_iter().filter_map(|candidate| Some((candidate.person, candidate.name?)));
    view.statements = vec![StatementView { statement, names: names.collect() }];
    (view.files, view.sheets, view.people) = (vec![], vec![], Arc::default());
    view.checked = checked(vec![]);
    (view.line.files, view.line.subjects) = (0, vec![Subject::Message]);
}

/// The offices of the directory: those we know first, each reached in its own way.
pub fn partners() -> Arc<[Partner]> {
    let partner = |at: usize| Partner {
        office: office(10 + at),
        service: Some(["11", "15", "17", "13", "16", "21"][at % 6].parse().unwrap()),
        name: if at < OFFICES.len() { name(at).into() } else { format!("{}（{at}）", name(at)) },
        reachable: at % 7 != 5,
        way: if at % 9 == 4 { Way::National } else { Way::Hub },
        key: (at < 20).then(|| "3f1a9c7702e45bd08861af13c29e407d".repeat(2)),
        last_sent: (at < 20).then(|| minutes_before(at * 700)),
        last_received: (at < 18 && at % 5 != 2).then(|| minutes_before(at * 900)),
        last_paper: [(2, jiff::civil::date(2026, 10, 28)), (12, jiff::civil::date(2026, 11, 5))]
            .into_iter()
            .find_map(|(paper, on)| (paper == at).then_some(on)),
        changed: (at == 3).then(|| PartnerChange {
            known: "ab12".repeat(16),
            offered: "cd34".repeat(16),
            since: minutes_before(60),
        }),
    };
    (0..40).map(partner).collect()
}
