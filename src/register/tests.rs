use std::time::{Duration, Instant};

use super::*;
use crate::history::{Action, Failure, NewIncoming, NewOutgoing, Subject};
use crate::identity::Vault;
use crate::parcel::{Content, ParcelId, sha256_hex};
use crate::standard::Checked;
use crate::wire::Accepted;

const US: &str = "3191000017";
const NORTH: &str = "3171000048";
/// What is promised, and what a build that is not optimised is asked.
const ROWS: usize = if cfg!(debug_assertions) { 500 } else { 50_000 };
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 90 } else { 10 });

struct Desk {
    _dir: tempfile::TempDir,
    history: History,
}

fn desk() -> Desk {
    let (dir, vault) = (tempfile::tempdir().unwrap(), Vault::in_memory().unwrap());
    let history = History::open(&dir.path().join("history.db"), vault.database_key()).unwrap();
    Desk { _dir: dir, history }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn outgoing(now: Timestamp, partner_name: &str) -> NewOutgoing {
    let content =
        Content::new(ParcelId::new(), US.parse().unwrap(), NORTH.parse().unwrap(), now, "よろしく".into(), vec![]);
    let subjects = vec![Subject::Provision];
    NewOutgoing { content, partner_name: partner_name.into(), subjects, checked: Checked::default() }
}

fn may(history: &History) -> Register {
    let office = (US.parse().unwrap(), "南のケアプラン".to_owned());
    let zone = TimeZone::fixed(jiff::tz::offset(9));
    Register::of(history, Month::new(2026, 5).unwrap(), office, zone, at("2026-06-01T00:00:00Z"), |_, _| true)
        .unwrap()
        .unwrap()
}

#[test]
fn each_row_says_what_is_proved_and_by_what() {
    let mut desk = desk();
    let sent = outgoing(at("2026-05-01T00:00:00Z"), "=北の\"訪問\"介護");
    let id = sent.content.manifest.id;
    desk.history.queue(&[sent], at("2026-05-01T00:00:00Z")).unwrap();
    let accepted = Accepted { id, digest: "ab".into(), size: 1, accepted_at: at("2026-05-01T00:00:05Z") };
    desk.history.keep_sealed(id, b"sealed", "ab").unwrap();
    desk.history.note_accepted(&accepted).unwrap();
    for (step, time) in
        [(ReceiptStep::Delivered, "2026-05-01T01:00:00Z"), (ReceiptStep::Imported, "2026-05-02T01:00:00Z")]
    {
        desk.history.note_receipt(id, step, at(time), None, b"signed receipt", at(time)).unwrap();
    }
    let failed = outgoing(at("2026-05-03T00:00:00Z"), "東");
    let failed_id = failed.content.manifest.id;
    desk.history.queue(&[failed], at("2026-05-03T00:00:00Z")).unwrap();
    desk.history.note_failed(failed_id, &Failure::DiskFull, at("2026-05-03T00:00:01Z")).unwrap();
    let withdrawn = outgoing(at("2026-05-03T00:00:00Z"), "西");
    let withdrawn_id = withdrawn.content.manifest.id;
    desk.history.queue(&[withdrawn], at("2026-05-03T00:00:00Z")).unwrap();
    assert!(desk.history.withdraw(withdrawn_id, at("2026-05-03T00:00:02Z")).unwrap());
    // The month begins and ends at midnight in Japan.
    desk.history.queue(&[outgoing(at("2026-04-30T14:59:59Z"), "前の月")], at("2026-04-30T14:59:59Z")).unwrap();
    desk.history.queue(&[outgoing(at("2026-05-31T15:00:00Z"), "次の月")], at("2026-05-31T15:00:00Z")).unwrap();

    let register = may(&desk.history);
    let rows: Vec<[String; 16]> = register.rows.iter().map(|row| register.texts(row)).collect();
    let receipt = sha256_hex(b"signed receipt");
    let id = id.to_string();
    let first = [
        "送信",
        "2026-05-01 09:00:00",
        NORTH,
        "=北の\"訪問\"介護",
        "予定",
        "0",
        "取込済",
        "2026-05-01 09:00:05",
        "2026-05-01 10:00:00",
        "2026-05-02 10:00:00",
        "",
        "",
        "取込",
        &receipt,
        "ab",
        &id,
    ];
    assert_eq!(rows[0], first);
    assert_eq!((rows[1][6].as_str(), rows[1][10].as_str(), rows[1][7].as_str()), ("失敗", "disk-full", ""));
    assert_eq!(rows.len(), 2);
    let csv = String::from_utf8(register.csv(|_| true).unwrap().unwrap()).unwrap();
    assert!(register.csv(|_| false).unwrap().is_none(), "it can be called off");
    assert!(csv.starts_with("\u{feff}送受,日時,"));
    assert!(csv.contains(",\"'=北の\"\"訪問\"\"介護\","), "a formula is no formula: {csv}");
    assert_eq!(csv.matches("\r\n").count(), 3);
}

#[test]
fn a_parcel_that_came_is_in_it_with_the_receipt_we_gave() {
    let mut desk = desk();
    let (id, now) = (ParcelId::new(), at("2026-05-10T03:00:00Z"));
    let files = vec![("a.csv".to_owned(), vec![1])];
    let content = Content::new(id, NORTH.parse().unwrap(), US.parse().unwrap(), now, String::new(), files);
    let new = NewIncoming {
        content: &content,
        partner_name: "北",
        signer: NORTH.parse().unwrap(),
        subjects: &[Subject::Actuals],
        checked: &Checked::default(),
        digest: "cd",
        accepted_at: now,
        receipts: &[],
        stays: &[],
    };
    desk.history.keep_incoming(&new, now).unwrap();
    desk.history.note_own_step(id, ReceiptStep::Delivered, b"ours", Action::Delivered, now).unwrap();
    let register = may(&desk.history);
    let row = register.texts(&register.rows[0]);
    assert_eq!((row[0].as_str(), row[4].as_str(), row[12].as_str()), ("受信", "実績", "到着"));
    assert_eq!(row[13], sha256_hex(b"ours"));
}

#[test]
fn r6_a_months_list_is_made_as_csv_and_pdf_within_ten_seconds() {
    let mut desk = desk();
    let begin = at("2026-05-01T00:00:00Z");
    for batch in 0..ROWS / 500 {
        let now = begin + jiff::SignedDuration::from_secs(i64::try_from(batch).unwrap() * 600);
        let parcels: Vec<NewOutgoing> = (0..500).map(|_| outgoing(now, "あおぞら訪問介護ステーション")).collect();
        desk.history.queue(&parcels, now).unwrap();
    }
    let began = Instant::now();
    let register = may(&desk.history);
    assert_eq!(register.rows.len(), ROWS);
    let read = began.elapsed();
    let csv = register.csv(|_| true).unwrap().unwrap();
    assert_eq!(csv.iter().filter(|byte| **byte == b'\n').count(), ROWS + 1);
    let tabled = began.elapsed();
    #[cfg(feature = "desktop")]
    {
        let pdf = crate::desktop::paper::register::write(&register, |_| true).unwrap().unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        assert!(
            crate::desktop::paper::register::write(&register, |_| false).unwrap().is_none(),
            "it can be called off"
        );
    }
    let took = began.elapsed();
    println!("{ROWS} rows: read in {read:?}, as CSV by {tabled:?}, as PDF by {took:?}");
    assert!(took < LONGEST, "{ROWS} rows took {took:?}");
}
