//! How long a search takes as the history grows: `cargo bench --bench search [-- 1000 1000000]`.
//!
//! The histories are made once, under `target/bench-search`, by the history's own way of keeping parcels, so that the index is
//! what it is in an office; a million parcels take some minutes then. What is asked is what people type.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "a bench may fail where it stands"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tayori::history::{History, NewOutgoing, Subject, Wanted};
use tayori::identity::{Unlock, Vault};
use tayori::parcel::{Content, ParcelId};
use tayori::standard::{Checked, Kind, Month, Table};

const PASSPHRASE: &str = "bench-passphrase";
/// Parcels of one transaction.
const BATCH: usize = 500;
const RUNS: usize = 30;

const FAMILY: [(&str, &str); 20] = [
    ("佐藤", "ｻﾄｳ"),
    ("鈴木", "ｽｽﾞｷ"),
    ("髙橋", "ﾀｶﾊｼ"),
    ("田中", "ﾀﾅｶ"),
    ("渡邊", "ﾜﾀﾅﾍﾞ"),
    ("伊藤", "ｲﾄｳ"),
    ("山本", "ﾔﾏﾓﾄ"),
    ("中村", "ﾅｶﾑﾗ"),
    ("小林", "ｺﾊﾞﾔｼ"),
    ("加藤", "ｶﾄｳ"),
    ("吉田", "ﾖｼﾀﾞ"),
    ("山田", "ﾔﾏﾀﾞ"),
    ("佐々木", "ｻｻｷ"),
    ("松本", "ﾏﾂﾓﾄ"),
    ("井上", "ｲﾉｳｴ"),
    ("木村", "ｷﾑﾗ"),
    ("林", "ﾊﾔｼ"),
    ("清水", "ｼﾐｽﾞ"),
    ("山﨑", "ﾔﾏｻﾞｷ"),
    ("森", "ﾓﾘ"),
];
const GIVEN: [(&str, &str); 20] = [
    ("花子", "ﾊﾅｺ"),
    ("ハナ", "ﾊﾅ"),
    ("春江", "ﾊﾙｴ"),
    ("義男", "ﾖｼｵ"),
    ("キヨ", "ｷﾖ"),
    ("正一", "ｼｮｳｲﾁ"),
    ("千代子", "ﾁﾖｺ"),
    ("文子", "ﾌﾐｺ"),
    ("勝", "ﾏｻﾙ"),
    ("トミ", "ﾄﾐ"),
    ("和夫", "ｶｽﾞｵ"),
    ("シズ", "ｼｽﾞ"),
    ("茂", "ｼｹﾞﾙ"),
    ("ヨネ", "ﾖﾈ"),
    ("一郎", "ｲﾁﾛｳ"),
    ("久子", "ﾋｻｺ"),
    ("清", "ｷﾖｼ"),
    ("幸子", "ｻﾁｺ"),
    ("実", "ﾐﾉﾙ"),
    ("スミ", "ｽﾐ"),
];
const MESSAGES: [&str; 5] = [
    "いつもお世話になっております。今月分の予定をお送りします。",
    "訂正がありましたので、差し替えをお願いいたします。",
    "入院されたため、今月の利用はありません。",
    "実績をお送りします。ご確認ください。",
    "担当者会議の日程を変更しました。",
];

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 1_000_000] } else { sizes };
    println!("{:>10}  {:<28}  {:>7}  {:>10}  {:>10}", "parcels", "typed", "hits", "median", "worst");
    for parcels in sizes {
        let history = history_of(parcels);
        for (what, wanted) in questions() {
            let mut times: Vec<Duration> = Vec::new();
            let mut hits = String::new();
            for _ in 0..RUNS {
                let began = Instant::now();
                let found = history.search(&wanted).unwrap();
                times.push(began.elapsed());
                hits = format!("{}{}", found.lines.len(), if found.more { "+" } else { "" });
            }
            times.sort();
            println!("{parcels:>10}  {what:<28}  {hits:>7}  {:>10.2?}  {:>10.2?}", times[RUNS / 2], times[RUNS - 1]);
        }
    }
}

fn questions() -> Vec<(&'static str, Wanted)> {
    let words = |words: &str| Wanted { words: words.into(), most: 50, ..Wanted::default() };
    vec![
        ("(nothing)", words("")),
        ("山田", words("山田")),
        ("山田花子", words("山田花子")),
        ("やまだ", words("やまだ")),
        ("山 (one character)", words("山")),
        ("山田 花子 訂正", words("山田 花子 訂正")),
        ("差し替え", words("差し替え")),
        ("訪問介護 (a common word)", words("訪問介護")),
        ("31710 (begun number)", words("31710")),
        ("3100012345 (a person)", words("3100012345")),
        ("龍造寺 (nobody)", words("龍造寺")),
        (
            "山田, sent, May, plans",
            Wanted {
                month: Month::new(2024, 5),
                incoming: Some(false),
                subject: Some(Subject::Provision),
                ..words("山田")
            },
        ),
        ("received (none there)", Wanted { incoming: Some(true), ..words("") }),
    ]
}

/// A history of so many parcels, made when it is not there yet.
fn history_of(parcels: usize) -> History {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let dir = target.join("bench-search").join(parcels.to_string());
    let made = dir.join("made");
    if !made.exists() {
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let vault = Vault::create_unprotected(&dir, PASSPHRASE).unwrap();
        let began = Instant::now();
        fill(&mut History::open(&dir.join("history.db"), vault.database_key()).unwrap(), parcels);
        let took = began.elapsed().as_secs_f64();
        println!("{parcels} parcels kept and indexed in {took:.1} s ({:.0} a second)", parcels as f64 / took);
        std::fs::write(made, "").unwrap();
    }
    let vault = Vault::open(&dir, &Unlock::passphrase(PASSPHRASE)).unwrap();
    open(&dir, &vault)
}

fn open(dir: &Path, vault: &Vault) -> History {
    let path = dir.join("history.db");
    println!("{} MB", std::fs::metadata(&path).unwrap().len() / 1_000_000);
    History::open(&path, vault.database_key()).unwrap()
}

/// A parcel every two and a half minutes for five years, each with a file of a few persons.
fn fill(history: &mut History, parcels: usize) {
    let (us, begin) = ("3191000017".parse().unwrap(), "2021-11-01T00:00:00Z".parse::<Timestamp>().unwrap());
    let mut chance = 1_u64;
    let mut next = move |below: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % below
    };
    let step = SignedDuration::from_millis(5 * 365 * 86_400_000 / parcels.max(1) as i64);
    for batch in 0..parcels.div_ceil(BATCH) {
        let now = begin + step * i32::try_from(batch * BATCH).unwrap();
        let month = now.strftime("%Y%m").to_string();
        let new: Vec<NewOutgoing> = (0..BATCH.min(parcels - batch * BATCH))
            .map(|_| {
                let partner = format!("31710{:05}", next(300));
                let rows: Vec<Vec<String>> = (0..1 + next(4)).map(|_| person(next(40_000), &mut next)).collect();
                let bytes = Table::compose(Kind::Supplement, rows).unwrap().write();
                let name = format!("UPHOSOKU_{month}_3191000017_43_{partner}_11_{}.CSV", now.strftime("%Y%m%d%H%M%S"));
                let message = MESSAGES[usize::try_from(next(5)).unwrap()].to_owned();
                let content =
                    Content::new(ParcelId::new(), us, partner.parse().unwrap(), now, message, vec![(name, bytes)]);
                NewOutgoing {
                    content,
                    partner_name: format!("あおぞら訪問介護ステーション第{partner}"),
                    subjects: vec![Subject::Provision],
                    checked: Checked::default(),
                }
            })
            .collect();
        history.queue(&new, now).unwrap();
    }
}

fn person(number: u64, next: &mut impl FnMut(u64) -> u64) -> Vec<String> {
    let _ = next(1);
    let (family, family_kana) = FAMILY[usize::try_from(number % 20).unwrap()];
    let (given, given_kana) = GIVEN[usize::try_from(number / 20 % 20).unwrap()];
    let mut row = vec![String::new(); Kind::Supplement.layout().unwrap().fields.len()];
    for (no, text) in [
        (1, "202407".to_owned()),
        (2, "312025".to_owned()),
        (3, format!("31{number:08}")),
        (5, format!("{family_kana} {given_kana}")),
        (6, format!("{family}　{given}")),
    ] {
        row[no - 1] = text;
    }
    row
}
