use std::sync::Arc;

use super::*;
use crate::history::{NewIncoming, NewOutgoing};
use crate::identity::Vault;
use crate::parcel::{Content, ParcelId};
use crate::standard::{Checked, Kind, Table};

const US: &str = "3191000017";
const NORTH: &str = "3171000048";
const PLAN: &str = "UPHOSOKU_202605_3191000017_43_3171000048_11_20260425173001.CSV";
const REPORT: &str = "UPJSK_202605_3171000048_11_3191000017_43_20260605173001.CSV";

struct Desk {
    _dir: tempfile::TempDir,
    path: std::path::PathBuf,
    vault: Vault,
}

impl Desk {
    fn new() -> Self {
        let (dir, vault) = (tempfile::tempdir().unwrap(), Vault::in_memory().unwrap());
        let path = dir.path().join("history.db");
        Self { _dir: dir, path, vault }
    }
    fn open(&self) -> History {
        History::open(&self.path, self.vault.database_key()).unwrap()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn table(kind: Kind, fields: &[(usize, &str)]) -> Vec<u8> {
    let mut row = vec![String::new(); kind.layout().unwrap().fields.len()];
    fields.iter().for_each(|(no, text)| row[no - 1] = (*text).to_owned());
    Table::compose(kind, [row]).unwrap().write()
}

fn supplement(insured: &str, kana: &str, name: &str) -> Vec<u8> {
    table(Kind::Supplement, &[(2, "312025"), (3, insured), (5, kana), (6, name)])
}

fn send(
    history: &mut History,
    now: &str,
    message: &str,
    subjects: Vec<Subject>,
    files: Vec<(String, Vec<u8>)>,
) -> ParcelId {
    let id = ParcelId::new();
    let now = at(now);
    let content = Content::new(id, US.parse().unwrap(), NORTH.parse().unwrap(), now, message.into(), files);
    let new = NewOutgoing { content, partner_name: "北の訪問介護".into(), subjects, checked: Checked::default() };
    history.queue(&[new], now).unwrap();
    id
}

fn receive(
    history: &mut History,
    now: &str,
    message: &str,
    subjects: &[Subject],
    files: Vec<(String, Vec<u8>)>,
) -> ParcelId {
    let (id, now) = (ParcelId::new(), at(now));
    let content = Content::new(id, NORTH.parse().unwrap(), US.parse().unwrap(), now, message.into(), files);
    let new = NewIncoming {
        content: &content,
        partner_name: "北の訪問介護",
        signer: NORTH.parse().unwrap(),
        subjects,
        checked: &Checked::default(),
        digest: "00",
        accepted_at: now,
        receipts: &[],
        stays: &[],
    };
    assert!(history.keep_incoming(&new, now).unwrap());
    id
}

fn wanted(words: &str) -> Wanted {
    Wanted { words: words.into(), most: 50, ..Wanted::default() }
}

fn found(history: &History, wanted: &Wanted) -> Vec<ParcelId> {
    history.search(wanted).unwrap().lines.iter().map(|line| line.id).collect()
}

/// A plan that went, the report on it that came, and a letter.
fn ordinary(history: &mut History) -> [ParcelId; 3] {
    let plan = vec![(PLAN.to_owned(), supplement("3100000001", "ﾔﾏﾀﾞ ﾊﾅｺ", "山田　花子"))];
    let plan = send(history, "2026-04-25T08:30:00Z", "5月分の予定です。", vec![Subject::Provision], plan);
    let report = table(Kind::Actuals, &[(2, "312025"), (3, "3100000001")]);
    let report = receive(history, "2026-06-05T08:30:00Z", "", &[Subject::Actuals], vec![(REPORT.to_owned(), report)]);
    let letter = vec![("お休みのお知らせ.pdf".to_owned(), b"%PDF-".to_vec())];
    let letter = receive(history, "2026-07-31T16:00:00Z", "夏季休業について", &[Subject::Other], letter);
    [plan, report, letter]
}

#[test]
fn everything_is_found_by_two_characters_of_a_name_and_by_words() {
    let desk = Desk::new();
    let mut history = desk.open();
    let [plan, report, letter] = ordinary(&mut history);
    // 実績 has numbers only: the name is known from the plan.
    for words in ["山田", "田花", "花子", "山田花子", "山田 花子", "やまだ", "ﾔﾏﾀﾞﾊﾅｺ", "花", "3100000001", "310000"]
    {
        assert_eq!(found(&history, &wanted(words)), [report, plan], "{words}");
    }
    assert_eq!(found(&history, &wanted("夏季休業")), [letter]);
    assert_eq!(found(&history, &wanted("お休み")), [letter]);
    assert_eq!(found(&history, &wanted("予定")), [plan]);
    for words in ["訪問", "3171000048", "31710", "北の"] {
        assert_eq!(found(&history, &wanted(words)), [letter, report, plan], "{words}");
    }
    for words in ["佐藤", "山花", "子山", "％", "\"", "31710000480", "山田 佐藤"] {
        assert_eq!(found(&history, &wanted(words)), [], "{words}");
    }
    assert_eq!(found(&history, &wanted("")), [letter, report, plan], "nothing typed: the newest");
}

#[test]
fn conditions_narrow_what_is_found() {
    let desk = Desk::new();
    let mut history = desk.open();
    let [plan, report, letter] = ordinary(&mut history);
    let with = |change: &dyn Fn(&mut Wanted)| {
        let mut wanted = wanted("");
        change(&mut wanted);
        found(&history, &wanted)
    };
    assert_eq!(with(&|wanted| wanted.incoming = Some(true)), [letter, report]);
    assert_eq!(with(&|wanted| wanted.incoming = Some(false)), [plan]);
    assert_eq!(with(&|wanted| wanted.month = Month::new(2026, 5)), [report, plan]);
    // A letter is about no month: the one in which it came, in Japan.
    assert_eq!(with(&|wanted| wanted.month = Month::new(2026, 8)), [letter]);
    assert_eq!(with(&|wanted| wanted.subject = Some(Subject::Actuals)), [report]);
    assert_eq!(with(&|wanted| wanted.partner = Some(NORTH.parse().unwrap())), [letter, report, plan]);
    assert_eq!(with(&|wanted| wanted.partner = Some(US.parse().unwrap())), []);
    assert_eq!(
        with(&|wanted| {
            wanted.words = "山田".into();
            wanted.incoming = Some(true);
            wanted.month = Month::new(2026, 5);
        }),
        [report]
    );
}

#[test]
fn a_page_is_the_newest_and_says_that_there_is_more() {
    let desk = Desk::new();
    let mut history = desk.open();
    let ids: Vec<ParcelId> =
        // More in one second than there are places in it would be too slow here; some in one are enough.
        (0..12).map(|number| send(&mut history, "2026-04-25T08:30:00Z", &format!("第{number}報"), vec![], vec![])).collect();
    let page = history.search(&Wanted { most: 5, ..wanted("訪問") }).unwrap();
    assert!(page.more);
    let newest: Vec<ParcelId> = ids.iter().rev().take(5).copied().collect();
    assert_eq!(page.lines.iter().map(|line| line.id).collect::<Vec<_>>(), newest);
    let all = history.search(&Wanted { most: 12, ..wanted("訪問") }).unwrap();
    assert!(!all.more);
    assert_eq!(all.lines.len(), 12);
}

#[test]
fn places_go_on_into_the_next_second_when_one_is_full() {
    let desk = Desk::new();
    let history = desk.open();
    let second = 1_000_i64;
    for number in 0..PLACES_A_SECOND {
        history
            .connection
            .execute(
                "INSERT INTO search_place (place, parcel) VALUES (?1, ?2)",
                params![PLACES_A_SECOND + number, number.to_string()],
            )
            .unwrap();
    }
    assert_eq!(next_place(&history.connection, second).unwrap(), 2 * PLACES_A_SECOND);
    assert_eq!(next_place(&history.connection, 5 * second).unwrap(), 5 * PLACES_A_SECOND);
}

#[test]
fn what_was_taken_back_or_removed_is_not_found() {
    let desk = Desk::new();
    let mut history = desk.open();
    let [plan, report, letter] = ordinary(&mut history);
    assert!(history.withdraw(plan, at("2026-08-01T00:00:00Z")).unwrap());
    assert_eq!(found(&history, &wanted("山田")), [report]);
    history.connection.pragma_update(None, "foreign_keys", false).unwrap();
    history.connection.execute("DELETE FROM parcel WHERE id = ?1", [report.to_string()]).unwrap();
    assert_eq!(found(&history, &wanted("山田")), []);
    assert_eq!(found(&history, &wanted("")), [letter]);
    let left: i64 = history.connection.query_row("SELECT count(*) FROM search_index", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1, "nothing of them is left in the index");
}

#[test]
fn parcels_of_an_older_version_are_indexed_in_small_steps() {
    let desk = Desk::new();
    let ids = {
        let mut history = desk.open();
        let ids = ordinary(&mut history);
        // As it was before there was an index.
        history
            .connection
            .execute_batch(
                "DELETE FROM search_index; DELETE FROM search_place; DELETE FROM person;
                 INSERT INTO search_waiting SELECT id FROM parcel;",
            )
            .unwrap();
        ids
    };
    let mut history = desk.open();
    assert_eq!(found(&history, &wanted("山田")), []);
    assert_eq!(history.search_waiting().unwrap(), 3);
    assert_eq!(history.fill_search(2).unwrap(), 2);
    assert_eq!(history.search_waiting().unwrap(), 1);
    assert_eq!(history.fill_search(2).unwrap(), 1);
    assert_eq!(found(&history, &wanted("山田")), [ids[1], ids[0]]);
    // What came meanwhile and was indexed at once is not indexed twice.
    assert_eq!(history.fill_search(10).unwrap(), 0);
    assert_eq!(found(&history, &wanted("")).len(), 3);
}

/// What is typed is data: it must never be taken for the index's own language.
#[test]
fn whatever_is_typed_is_looked_for_and_nothing_else() {
    let desk = Desk::new();
    let mut history = desk.open();
    ordinary(&mut history);
    for words in [
        "AND",
        "NOT 山田",
        "山田 OR 佐藤",
        "facts : in",
        "\"",
        "NEAR(山田 花子)",
        "*",
        "^山田",
        "山田*",
        "'; DROP TABLE parcel; --",
    ] {
        let page: Arc<[ParcelLine]> = history.search(&wanted(words)).unwrap().lines;
        assert!(page.len() <= 2, "{words}");
    }
    assert_eq!(found(&history, &wanted("OR 佐藤")), []);
}
