//! What is PostgreSQL's alone: several nodes, lost connections, migrations. Skipped where there is no PostgreSQL.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::migrations::{Migration, migrate_with};
use super::*;
use crate::hub::audit::{self, Actor};
use crate::hub::mailbox::{self, Incoming, Put};
use crate::hub::settings::Keeping;
use crate::hub::stores::testing::database;
use crate::hub::stores::{Store, Unfit, values};
use crate::hub::{directory, retention};
use crate::parcel::{ParcelId, sha256_hex};
use crate::standard::OfficeNumber;

const NOW: &str = "2026-06-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn address() -> Option<Address> {
    database::fresh().map(|url| Address::new(&url, None, None).unwrap())
}

fn offices() -> [OfficeNumber; 2] {
    ["3100000001", "3100000002"].map(|office| office.parse().unwrap())
}

/// As many nodes over one new database, with two offices that can receive.
fn nodes<const N: usize>() -> Option<[Store; N]> {
    let address = address()?;
    let nodes = [(); N].map(|()| Store::connect(&address).unwrap());
    nodes[0]
        .write_now(|c| {
            offices().into_iter().zip(["0a", "0b"]).try_for_each(|(office, serial)| {
                directory::register(c, office, "11".parse().unwrap(), "名", at(NOW))?;
                directory::add_certificate(c, office, serial, b"der", at("2028-06-01T00:00:00Z"), at(NOW))
            })
        })
        .unwrap();
    Some(nodes)
}

fn parcel(sealed: &[u8]) -> Incoming {
    let [sender, receiver] = offices();
    Incoming {
        id: ParcelId::new(),
        sender,
        receiver,
        digest: sha256_hex(sealed),
        sealed: Bytes::copy_from_slice(sealed),
        by: Actor::hub(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Cuts every connection to the database of this node, as a restart or a broken line would.
fn cut_all(node: &Store) {
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    node.read_now(|c| c.one("cut", cut, values![], |row| row.get::<i64>(0))).unwrap();
}

#[test]
fn d1_numbers_rise_in_the_order_of_commits_over_two_nodes_and_a_reader_misses_none() {
    const EACH: usize = 150;
    let Some(nodes) = nodes::<2>() else { return };
    let runtime = runtime();
    let accepted = Arc::new(Mutex::new(BTreeSet::new()));
    let senders: Vec<_> = nodes
        .iter()
        .flat_map(|node| [node.clone(), node.clone()])
        .map(|node| {
            let accepted = Arc::clone(&accepted);
            runtime.spawn(async move {
                for number in 0..EACH {
                    let parcel = parcel(&number.to_be_bytes());
                    let id = parcel.id;
                    assert!(matches!(mailbox::put(&node, parcel, at(NOW)).await.unwrap(), Put::New(_)));
                    accepted.lock().unwrap().insert(id.to_string());
                }
            })
        })
        .collect();
    // A terminal that follows the list while it grows; it never goes back.
    let seen = runtime.block_on(async {
        let (mut after, mut seen) = (0, BTreeSet::new());
        while seen.len() < 4 * EACH {
            let over = senders.iter().all(tokio::task::JoinHandle::is_finished);
            let page = mailbox::inbox(&nodes[1], offices()[1], after).await.unwrap();
            assert!(!over || !page.parcels.is_empty(), "missed: {} of {}", seen.len(), 4 * EACH);
            after = page.next;
            seen.extend(page.parcels.iter().map(|entry| entry.id.to_string()));
        }
        // A parcel may be seen a moment before its sender has noted the answer.
        for sender in senders {
            sender.await.unwrap();
        }
        seen
    });
    assert_eq!(seen, *accepted.lock().unwrap());
    let lines = nodes[0].read_now(|c| audit::verify(c, &[])).unwrap().unwrap();
    assert!(lines >= 4 * EACH as u64, "r5: one record over both nodes, without a gap: {lines}");
}

struct Rung(Mutex<Vec<OfficeNumber>>);

impl Rings for Rung {
    fn ring(&self, office: OfficeNumber) {
        self.0.lock().unwrap().push(office);
    }

    fn ring_everyone(&self) {}

    fn heard(&self) {}
}

impl Rung {
    fn eventually(&self, office: OfficeNumber, what: &str) -> Duration {
        let began = Instant::now();
        while !self.0.lock().unwrap().contains(&office) {
            assert!(began.elapsed() < Duration::from_secs(60), "never heard: {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.0.lock().unwrap().clear();
        began.elapsed()
    }
}

#[test]
fn t4_another_node_is_heard_by_its_word_and_without_it() {
    let Some([here, there]) = nodes::<2>() else { return };
    let [north, south] = offices();
    let rung = Arc::new(Rung(Mutex::default()));
    let weak: std::sync::Weak<dyn Rings> = Arc::downgrade(&rung) as _;
    let _heard = there.neighbours(weak).unwrap();
    let silent = Arc::new(Rung(Mutex::default()));
    let weak: std::sync::Weak<dyn Rings> = Arc::downgrade(&silent) as _;
    let tells = here.neighbours(weak).unwrap();
    // Until it listens nothing is heard: it is told until it is.
    let began = Instant::now();
    while rung.0.lock().unwrap().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(60), "never heard");
        tells.tell(north);
        std::thread::sleep(Duration::from_millis(20));
    }
    rung.0.lock().unwrap().clear();
    tells.tell(south);
    eprintln!("t4: told after {:?}", rung.eventually(south, "a word"));
    // Nobody says a word, and the listener's connection breaks: the look finds what came meanwhile.
    let runtime = runtime();
    cut_all(&here);
    runtime.block_on(mailbox::put(&here, parcel(b"quiet"), at(NOW))).ok();
    runtime.block_on(mailbox::put(&here, parcel(b"again"), at(NOW))).unwrap();
    eprintln!("t4: found after {:?}", rung.eventually(south, "a look"));
    runtime.block_on(crate::hub::marks::put(&here, north, b"mark".to_vec(), at(NOW))).unwrap();
    rung.eventually(north, "a mark");
}

#[test]
fn d4_a_connection_that_breaks_in_a_job_is_told_and_the_next_write_goes() {
    let Some([node]) = nodes::<1>() else { return };
    let broken = node.write_now(|c| {
        c.execute("in between", "INSERT INTO counter (name, value) VALUES ('broken', 1)", values![])?;
        let end = "SELECT 1 FROM (SELECT pg_terminate_backend(pg_backend_pid())) AS cut";
        // The server may get as far as to answer.
        let _ = c.exists("cut", end, values![]);
        Ok(())
    });
    assert!(broken.is_err(), "it was told to be done");
    assert!(!node.read_now(|c| c.exists("look", "SELECT 1 FROM counter WHERE name = 'broken'", values![])).unwrap());
    eventually("it goes on", || node.write_now(directory::move_on).is_ok());
    // Idle connections of the readers break, too.
    cut_all(&node);
    eventually("somebody can look again", || node.read_now(directory::version).is_ok());
}

#[test]
fn a_node_that_stalls_with_the_lock_in_hand_is_cut_off_and_the_others_go_on() {
    let Some(address) = address() else { return };
    let node = Store::connect(&address).unwrap();
    let stalled = Session::to(&address).unwrap();
    stalled.run(&format!("BEGIN; SELECT pg_advisory_xact_lock({WRITING})")).unwrap();
    let began = Instant::now();
    node.write_now(directory::move_on).unwrap();
    eprintln!("the others waited {:?}", began.elapsed());
    assert!(stalled.run("SELECT 1; COMMIT").is_err(), "what it had begun is gone");
}

#[test]
fn several_nodes_that_start_at_once_make_the_schema_once() {
    let Some(address) = address() else { return };
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..4).map(|_| scope.spawn(|| Store::connect(&address))).collect();
        opened.into_iter().for_each(|opened| drop(opened.join().unwrap().unwrap()));
    });
    let node = Store::connect(&address).unwrap();
    assert_eq!(node.read_now(directory::version).unwrap(), 0);
}

#[test]
fn b4_a_migration_that_is_cut_off_leaves_nothing_and_old_programs_go_on_beside_what_only_adds() {
    let Some(address) = address() else { return };
    let session = Session::to(&address).unwrap();
    let first = || Migration { sql: include_str!("schema.sql"), oldest: 1 };
    let adds = || Migration { sql: "ALTER TABLE mark ADD COLUMN extra BIGINT", oldest: 1 };
    let breaks = || Migration { sql: "ALTER TABLE mark ADD COLUMN more BIGINT", oldest: 3 };
    let cut = Migration { sql: "ALTER TABLE mark ADD COLUMN extra BIGINT; SELECT 1/0", oldest: 1 };
    migrate_with(&session, &[first()], &address).unwrap();
    assert!(migrate_with(&session, &[first(), cut], &address).is_err());
    // Whoever makes it dies in between.
    let dies = "ALTER TABLE mark ADD COLUMN extra BIGINT; SELECT pg_terminate_backend(pg_backend_pid())";
    let dying = Session::to(&address).unwrap();
    assert!(migrate_with(&dying, &[first(), Migration { sql: dies, oldest: 1 }], &address).is_err());
    migrate_with(&session, &[first(), adds()], &address).unwrap();
    // A node of the older version comes back while the newer one runs.
    migrate_with(&session, &[first()], &address).unwrap();
    let node = Store::connect(&address).unwrap();
    node.write_now(directory::move_on).unwrap();
    migrate_with(&session, &[first(), adds(), breaks()], &address).unwrap();
    let refused = migrate_with(&session, &[first(), adds()], &address);
    assert!(matches!(refused, Err(StoreError::Newer { found: 3, known: 2, .. })), "{refused:?}");
    assert!(matches!(Store::connect(&address), Err(StoreError::Newer { .. })));
}

#[test]
fn nothing_is_accepted_by_a_database_that_is_read_only_and_it_goes_on_afterwards() {
    let Some(address) = address() else { return };
    let node = Store::connect(&address).unwrap();
    let database = |how: &str| {
        let alter = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = HOW',
                     current_database()); END $$";
        let administrator = Session::to(&address).unwrap();
        administrator.run("SET default_transaction_read_only = off").unwrap();
        administrator.run(&alter.replace("HOW", how)).unwrap();
    };
    database("on");
    cut_all(&node);
    eventually("what is there can be looked at", || node.read_now(directory::version).is_ok());
    for _ in 0..3 {
        assert!(node.write_now(directory::move_on).is_err());
    }
    database("off");
    eventually("it goes on", || node.write_now(directory::move_on).is_ok());
}

#[test]
fn a_program_is_fit_to_write_only_by_the_databases_clock_and_schema() {
    let Some(address) = address() else { return };
    let node = Store::connect(&address).unwrap();
    let now = Timestamp::now();
    let after = |seconds| now + SignedDuration::from_secs(seconds);
    for wrong in [after(90), after(-90), after(100 * 86_400)] {
        let unfit = node.look_whether_fit(wrong);
        assert!(matches!(unfit, Err(StoreError::Unfit(Unfit::Clock { .. }))), "{unfit:?}");
        assert!(matches!(node.write_now(directory::move_on), Err(StoreError::Resting)));
        assert!(matches!(node.read_now(directory::version), Err(StoreError::Resting)));
    }
    node.look_whether_fit(after(30)).unwrap();
    node.write_now(directory::move_on).unwrap();
    let newer = "UPDATE tayori_schema SET version = version + 2, oldest = version + 2";
    Session::to(&address).unwrap().run(newer).unwrap();
    let unfit = node.look_whether_fit(now);
    assert!(matches!(unfit, Err(StoreError::Unfit(Unfit::Old { .. }))), "{unfit:?}");
    assert!(node.write_now(directory::move_on).is_err());
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn d12_the_end_of_retention_is_a_partition_dropped() {
    let Some([node]) = nodes::<1>() else { return };
    let runtime = runtime();
    let day = |days: i64| at(NOW) + SignedDuration::from_hours(24 * days);
    let partitions = || {
        let there = "SELECT count(*) FROM pg_inherits WHERE inhparent = CAST('body' AS regclass)";
        node.read_now(|c| c.one("partitions", there, values![], |row| row.get::<i64>(0))).unwrap()
    };
    for days in [0, 1, 30, 60] {
        runtime.block_on(mailbox::put(&node, parcel(&[days as u8]), day(days))).unwrap();
    }
    assert_eq!(partitions(), 3);
    let sweep = |now| {
        while runtime.block_on(retention::sweep(&node, Keeping::default(), now)).unwrap().more {}
    };
    sweep(day(91));
    assert_eq!(partitions(), 3, "what came with the removed ones in one week may still be begun");
    sweep(day(102));
    assert_eq!(partitions(), 2, "the first week is gone as a whole");
    let kept = runtime.block_on(mailbox::inbox(&node, offices()[1], 0)).unwrap().parcels;
    assert_eq!(kept.len(), 2);
    for entry in kept {
        let outside = runtime.block_on(mailbox::outside(&node, entry.id)).unwrap().unwrap();
        assert!(runtime.block_on(mailbox::piece(&node, outside.place(), 0, 9)).unwrap().is_some());
    }
    sweep(day(400));
    assert_eq!(partitions(), 0);
}
