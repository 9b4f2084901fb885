//! The file itself: old ones, plain ones, damaged ones.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::identity::Vault;
use crate::parcel::{Content, ReceiptStep};
use crate::standard::Checked;

const NORTH: &str = "3171000048";
const SOUTH: &str = "3191000017";

struct Desk {
    dir: tempfile::TempDir,
    vault: Vault,
}

impl Desk {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), vault: Vault::in_memory().unwrap() }
    }
    fn path(&self) -> PathBuf {
        self.dir.path().join("history.db")
    }
    fn open(&self) -> History {
        History::open(&self.path(), self.vault.database_key()).unwrap()
    }
    /// What lies in the folder, without the lock.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name != "history.lock");
        names.sort();
        names
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A history as it is after a few days: parcels that came, went and wait, with their receipts.
fn fill(history: &mut History, parcels: usize) {
    let now = time("2026-11-21T03:00:00Z");
    let (us, them) = (SOUTH.parse().unwrap(), NORTH.parse().unwrap());
    for number in 0..parcels {
        let id = ParcelId::new();
        let files = vec![(format!("{number}.csv"), vec![u8::try_from(number % 251).unwrap(); 3_000 + 97 * number])];
        if number % 3 == 0 {
            let content = Content::new(id, us, them, now, format!("message {number}"), files);
            let new =
                NewOutgoing { content, partner_name: "北".into(), subjects: vec![], checked: Checked::default() };
            history.queue(&[new], now).unwrap();
            history.keep_sealed(id, b"sealed", "00").unwrap();
            continue;
        }
        let content = Content::new(id, them, us, now, format!("message {number}"), files);
        let new = NewIncoming {
            accepted_at: now,
            receipts: &[],
            content: &content,
            partner_name: "北",
            signer: them,
            subjects: &[],
            checked: &Checked::default(),
            digest: "00",
            stays: &[],
        };
        assert!(history.keep_incoming(&new, now).unwrap());
        for file in history.undelivered().unwrap() {
            history.note_delivered(&file, now).unwrap();
        }
        history.note_own_step(id, ReceiptStep::Delivered, b"signed", Action::Delivered, now).unwrap();
    }
    history.set_inbox_cursor(7).unwrap();
    history.set_crl(b"crl", None).unwrap();
}

/// All that a history says, in words that can be compared.
fn said(history: &History) -> Vec<String> {
    let mut said = Vec::new();
    for line in [history.inbox(), history.sent(), history.outbox()].into_iter().flat_map(Result::unwrap) {
        let stored = history.parcel(line.id).unwrap().unwrap();
        let contents = history.contents(line.id).unwrap();
        let digests: Vec<_> = contents.iter().map(|(name, bytes)| (name, crate::parcel::sha256_hex(bytes))).collect();
        said.push(format!("{line:?} {} {digests:?} {:?}", stored.message, stored.trail));
    }
    said
}

/// The same history as an older version would have left it: plain.
fn make_plain(desk: &Desk) {
    let plain = desk.dir.path().join("plain.db");
    {
        let history = desk.open();
        history.connection.execute("ATTACH DATABASE ?1 AS plain KEY ''", [plain.to_string_lossy().as_ref()]).unwrap();
        history.connection.query_row("SELECT sqlcipher_export('plain')", [], |_| Ok(())).unwrap();
        history.connection.pragma_update(Some("plain"), "user_version", MIGRATIONS.len()).unwrap();
        history.connection.execute_batch("DETACH DATABASE plain").unwrap();
    }
    fs::rename(plain, desk.path()).unwrap();
}

fn holds(path: &Path, mark: &[u8]) -> bool {
    fs::read(path).unwrap().windows(mark.len()).any(|part| part == mark)
}

/// Rows as the program of schema 1 wrote them: a parcel that came and was imported, one that went, one that waits, one that
/// was refused.
const ROWS_1: &str = r#"
    INSERT INTO parcel (id, direction, partner, partner_name, at, message, subjects, checked, files, digest, signer, arrived_at, imported_at)
        VALUES ('019aa5d8-1111-7000-8000-000000000001', 'in', '3171000048', '北', 1760000000000, 'よろしく', '["actuals"]', '{}', 1,
                'ab', '3171000048', 1760000001000, 1760000002000);
    INSERT INTO parcel (id, direction, partner, partner_name, at, files, digest, accepted_at)
        VALUES ('019aa5d8-1111-7000-8000-000000000002', 'out', '3171000048', '北', 1760000003000, 1, 'cd', 1760000004000);
    INSERT INTO parcel (id, direction, partner, partner_name, at, files)
        VALUES ('019aa5d8-1111-7000-8000-000000000003', 'out', '3171000048', '北', 1760000005000, 1);
    INSERT INTO parcel (id, direction, partner, partner_name, at, digest, refused_at, failure)
        VALUES ('019aa5d8-1111-7000-8000-000000000004', 'in', '3171000048', '北', 1760000006000, 'ef', 1760000006000, '{"code":"seal-broken"}');
    INSERT INTO file (parcel, position, name, size, sha256, path, delivered_at)
        VALUES ('019aa5d8-1111-7000-8000-000000000001', 0, 'a.csv', 1, 'aa', '/import/a.csv', 1760000001000);
    INSERT INTO file (parcel, position, name, size, sha256) VALUES
        ('019aa5d8-1111-7000-8000-000000000002', 0, 'b.csv', 1, 'bb'), ('019aa5d8-1111-7000-8000-000000000003', 0, 'c.csv', 1, 'cc');
    INSERT INTO body (parcel, position, bytes) VALUES ('019aa5d8-1111-7000-8000-000000000001', 0, x'61'),
        ('019aa5d8-1111-7000-8000-000000000002', 0, x'62'), ('019aa5d8-1111-7000-8000-000000000003', 0, x'63');
    INSERT INTO outbox (parcel, tries, next_try_at, last)
        VALUES ('019aa5d8-1111-7000-8000-000000000003', 2, 1760000007000, '{"code":"hub-unreachable"}');
    INSERT INTO refused (parcel, sealed) VALUES ('019aa5d8-1111-7000-8000-000000000004', x'00');
    INSERT INTO receipt (parcel, step, at, signed, handed_in_at)
        VALUES ('019aa5d8-1111-7000-8000-000000000001', 'delivered', 1760000001000, x'01', 1760000001500),
               ('019aa5d8-1111-7000-8000-000000000001', 'imported', 1760000002000, x'02', NULL);
    INSERT INTO trail (parcel, at, step) VALUES ('019aa5d8-1111-7000-8000-000000000001', 1760000000000, '{"step":"received"}');
    INSERT INTO office (number, service, name, certificates) VALUES ('3171000048', '11', '北', '[]');
    INSERT INTO note (name, value) VALUES ('inbox cursor', CAST('7' AS BLOB)), ('sent cursor', CAST('9' AS BLOB)), ('crl', x'30');
"#;

#[test]
fn b4_every_released_schema_opens() {
    for released in 1..=MIGRATIONS.len() {
        for encrypted in [false, true] {
            let desk = Desk::new();
            {
                let old = Connection::open(desk.path()).unwrap();
                if encrypted {
                    let key = format!("x'{}'", desk.vault.database_key().as_hex());
                    old.pragma_update(None, "key", key).unwrap();
                }
                old.execute_batch(MIGRATIONS[0]).unwrap();
                old.execute_batch(ROWS_1).unwrap();
                MIGRATIONS[1..released].iter().for_each(|migration| old.execute_batch(migration).unwrap());
                old.pragma_update(None, "user_version", released).unwrap();
            }
            let history = desk.open();
            let states = |lines: Vec<ParcelLine>| lines.into_iter().map(|line| line.state).collect::<Vec<_>>();
            assert_eq!(
                states(history.inbox().unwrap()),
                [State::Refused(Failure::SealBroken), State::Imported],
                "schema {released}, encrypted: {encrypted}"
            );
            assert_eq!(states(history.sent().unwrap()), [State::Accepted]);
            let [waiting] = &states(history.outbox().unwrap())[..] else { panic!("one waits") };
            assert!(matches!(waiting, State::Waiting { last: Some(Failure::HubUnreachable), .. }), "{waiting:?}");
            let first = "019aa5d8-1111-7000-8000-000000000001".parse().unwrap();
            assert_eq!(history.contents(first).unwrap(), [("a.csv".to_owned(), b"a".to_vec())]);
            assert_eq!(history.parcel(first).unwrap().unwrap().message, "よろしく");
            assert_eq!((history.inbox_cursor().unwrap(), history.sent_cursor().unwrap()), (7, 9));
            assert_eq!(history.receipts_to_hand_in().unwrap().len(), 1);
            assert_eq!(history.due(Timestamp::now()).unwrap().len(), 1);
            assert_eq!(history.offices().unwrap().len(), 1);
            assert!(history.is_whole().unwrap());
        }
    }
}

#[test]
fn b4_a_migration_that_fails_half_way_leaves_the_old_schema_whole() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(MIGRATIONS[0]).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let half = ["", "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);"];
    assert!(crate::sqlite::migrate(&mut connection, &half).is_err());
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'half'", [], |r| r.get(0)).unwrap();
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!((tables, version), (0, 1), "all of it or nothing: a kill in between is the same");
}

#[test]
fn b4_a_plain_history_is_taken_over_whole_and_nothing_plain_is_left() {
    let desk = Desk::new();
    fill(&mut desk.open(), 12);
    let before = said(&desk.open());
    make_plain(&desk);
    assert!(holds(&desk.path(), b"message 1"));
    let history = desk.open();
    assert_eq!(said(&history), before);
    assert_eq!(history.inbox_cursor().unwrap(), 7);
    drop(history);
    assert_eq!(desk.files(), ["history.db"], "nothing lies about");
    assert!(!holds(&desk.path(), b"message 1"));
}

#[test]
fn b4_a_takeover_that_was_cut_off_goes_on_from_wherever_it_was() {
    for cut in ["copying", "linked", "wiping"] {
        let desk = Desk::new();
        fill(&mut desk.open(), 6);
        let before = said(&desk.open());
        let [plain, new] = ["plain", "new"].map(|what| opening::beside(&desk.path(), what));
        match cut {
            "copying" => {
                make_plain(&desk);
                fs::write(&new, b"half a copy").unwrap();
                fs::write(opening::beside(&desk.path(), "new-wal"), b"and its log").unwrap();
            }
            "linked" => {
                make_plain(&desk);
                fs::hard_link(desk.path(), &plain).unwrap();
            }
            _ => {
                let encrypted = fs::read(desk.path()).unwrap();
                make_plain(&desk);
                fs::rename(desk.path(), &plain).unwrap();
                fs::write(desk.path(), encrypted).unwrap();
            }
        }
        assert_eq!(said(&desk.open()), before, "{cut}");
        assert!(!plain.exists() && !holds(&desk.path(), b"message 1"), "{cut}");
        assert!(!new.exists() || cut == "wiping", "{cut}");
    }
}

#[test]
fn b4_what_an_older_program_wrote_last_comes_along_and_one_that_runs_is_not_cut_off() {
    let desk = Desk::new();
    fill(&mut desk.open(), 3);
    make_plain(&desk);
    let older = Connection::open(desk.path()).unwrap();
    older.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0").unwrap();
    older.execute("UPDATE parcel SET partner_name = 'late'", []).unwrap();
    // It still runs: whatever it wrote from now on would be lost.
    let opened = opening::take_over(&desk.path(), desk.vault.database_key(), std::time::Duration::ZERO);
    assert!(matches!(opened, Err(HistoryError::InUse)), "{opened:?}");
    // It was killed: its log is still there.
    let wal = PathBuf::from(format!("{}-wal", desk.path().display()));
    let (file, log) = (fs::read(desk.path()).unwrap(), fs::read(&wal).unwrap());
    drop(older);
    fs::write(desk.path(), file).unwrap();
    fs::write(&wal, log).unwrap();
    let history = desk.open();
    assert!(history.outbox().unwrap().iter().all(|line| line.partner_name == "late"));
    drop(history);
    assert!(!wal.exists());
}

#[test]
fn a_history_of_another_vault_is_set_aside_and_never_overwritten() {
    let desk = Desk::new();
    fill(&mut desk.open(), 3);
    let before = fs::read(desk.path()).unwrap();
    let other = Vault::in_memory().unwrap();
    let mut history = History::open(&desk.path(), other.database_key()).unwrap();
    assert!(history.take_mended().unwrap() && !history.take_mended().unwrap());
    assert!(history.inbox().unwrap().is_empty());
    drop(history);
    let aside: Vec<_> = desk.files().into_iter().filter(|name| name.starts_with("history-damaged-")).collect();
    assert_eq!(aside.len(), 1, "{:?}", desk.files());
    assert!(fs::read(desk.dir.path().join(&aside[0])).unwrap() == before, "it is all there, for whoever finds the key");
}

/// Chance that comes out the same in every run (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % most as u64).unwrap()
    }
}

/// What a parcel brought or takes: the same before and after, or it is not there.
fn contents(history: &History) -> Vec<String> {
    let ids = [history.inbox(), history.sent(), history.outbox()].into_iter().flat_map(Result::unwrap);
    let of = |id| {
        let stored = history.parcel(id).unwrap().unwrap();
        let bytes = history.contents(id).unwrap();
        assert_eq!(bytes.len(), stored.files.len());
        let digests: Vec<_> = bytes.iter().map(|(name, bytes)| (name, crate::parcel::sha256_hex(bytes))).collect();
        format!("{id} {} {} {digests:?}", stored.message, stored.line.partner)
    };
    ids.map(|line| of(line.id)).collect()
}

/// Everything a terminal reads in a day; an error where it meets damage.
fn read_all(history: &History) -> Result<Vec<String>, HistoryError> {
    let mut said = Vec::new();
    for line in history.inbox()?.into_iter().chain(history.sent()?).chain(history.outbox()?) {
        let stored = history.parcel(line.id)?;
        said.push(format!("{:?} {:?}", stored, history.contents(line.id)?));
    }
    said.push(format!("{:?} {:?} {:?}", history.crl()?, history.inbox_cursor()?, history.receipts_to_hand_in()?));
    said.push(format!("{:?} {:?}", history.undelivered()?, history.waiting_for_import()?));
    Ok(said)
}

/// Whether it was mended when it was opened; one that says no because it is damaged was not.
fn was_mended(history: &mut History) -> bool {
    match history.take_mended() {
        Err(error) if error.is_damaged() => false,
        mended => mended.unwrap(),
    }
}

#[test]
fn b1_flipped_bits_are_found_or_harmless() {
    const FLIPS: usize = 1_000;
    let desk = Desk::new();
    fill(&mut desk.open(), 9);
    let (good, kept) = {
        let history = desk.open();
        (read_all(&history).unwrap(), contents(&history))
    };
    let all = fs::read(desk.path()).unwrap(); // closed, so that all of it is in the one file
    let flips: Vec<(usize, usize)> = {
        let mut chance = Chance(1);
        (0..FLIPS).map(|_| (chance.below(all.len()), chance.below(8))).collect()
    };
    // Where there is a folder in memory: nobody has to wait here for a disk to say that it is written.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let half = |flips: &[(usize, usize)]| {
        let mut brought = Vec::new();
        for &(byte, bit) in flips {
            let dir = tempfile::tempdir_in(&folder).unwrap();
            let here = Desk { dir, vault: desk.vault.clone() };
            let mut bytes = all.clone();
            bytes[byte] ^= 1 << bit;
            fs::write(here.path(), &bytes).unwrap();
            brought.extend(mended_after_a_flip(&here, byte, &good, &kept));
        }
        brought
    };
    let (first, second) = flips.split_at(FLIPS / 2);
    let brought = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(second));
        [half(first), other.join().unwrap()].concat()
    });
    let (found, share) = (brought.len(), brought.iter().sum::<usize>() * 100 / (brought.len() * kept.len()));
    println!("{FLIPS} flips: {found} found, {} harmless; {share} % of the parcels were brought over", FLIPS - found);
    assert!(found > FLIPS / 2 && share > 50, "{found} found, {share} %");
}

/// How many parcels came through; `None` when the flip did no harm.
fn mended_after_a_flip(here: &Desk, byte: usize, good: &[String], kept: &[String]) -> Option<usize> {
    let mut history = here.open();
    if !was_mended(&mut history) {
        match read_all(&history) {
            Ok(said) => assert_eq!(said, good, "a flip in byte {byte} was taken for data"),
            Err(error) => assert!(error.is_damaged(), "byte {byte}: {error:?}"),
        }
        if history.is_whole().unwrap() {
            return None;
        }
        history.mark_damaged().unwrap();
        drop(history);
        history = here.open();
        assert!(was_mended(&mut history), "byte {byte}: nobody mended it");
    }
    let now = contents(&history);
    assert!(now.iter().all(|parcel| kept.contains(parcel)), "byte {byte}: {now:?}");
    assert!(history.is_whole().unwrap());
    assert_eq!(history.inbox_cursor().unwrap(), 0, "the hub is asked for all of it again");
    assert_eq!(history.outbox().unwrap().len(), history.due(Timestamp::now()).unwrap().len());
    assert!(here.files().iter().any(|name| name.starts_with("history-damaged-")), "set aside, not deleted");
    Some(now.len())
}

#[test]
fn b1_a_history_cut_short_or_overwritten_is_found() {
    let desk = Desk::new();
    fill(&mut desk.open(), 9);
    let all = fs::read(desk.path()).unwrap();
    let torn = all.iter().enumerate().map(|(at, byte)| if at % 8_192 < 4_096 { *byte } else { 0 }).collect();
    for damaged in [all[..all.len() / 2].to_vec(), all[..5_000].to_vec(), all[..7].to_vec(), vec![0; all.len()], torn] {
        fs::write(desk.path(), &damaged).unwrap();
        let mut history = desk.open();
        if !was_mended(&mut history) {
            assert!(!history.is_whole().unwrap());
            history.mark_damaged().unwrap();
            drop(history);
            history = desk.open();
            assert!(history.take_mended().unwrap());
        }
        assert!(history.is_whole().unwrap());
    }
}

#[test]
fn b1_mending_that_was_cut_off_goes_on_from_wherever_it_was() {
    for cut in ["noted", "renamed", "filled"] {
        let desk = Desk::new();
        fill(&mut desk.open(), 6);
        let mut bytes = fs::read(desk.path()).unwrap();
        let last = bytes.len() - 100;
        bytes[last] ^= 1;
        fs::write(desk.path(), bytes).unwrap();
        mending::mark(&desk.path()).unwrap();
        let aside = desk.dir.path().join(fs::read_to_string(opening::beside(&desk.path(), "damaged")).unwrap());
        match cut {
            "noted" => {}
            "renamed" => {
                fs::rename(desk.path(), &aside).unwrap();
                fs::write(opening::beside(&desk.path(), "new"), b"half").unwrap();
            }
            _ => {
                let marker = fs::read(opening::beside(&desk.path(), "damaged")).unwrap();
                drop(desk.open());
                fs::write(opening::beside(&desk.path(), "damaged"), marker).unwrap();
            }
        }
        let mut history = desk.open();
        assert!(history.take_mended().unwrap(), "{cut}");
        assert!(!contents(&history).is_empty(), "{cut}: what could be read is here");
        assert!(aside.exists() && !opening::beside(&desk.path(), "damaged").exists(), "{cut}");
        assert!(!opening::beside(&desk.path(), "new").exists(), "{cut}");
    }
}
