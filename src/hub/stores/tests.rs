//! The store itself: groups, savepoints, schemas.

use super::*;

use rusqlite::Connection as File;

use super::sqlite::MIGRATIONS;

fn count(store: &Store) -> i64 {
    store.read_now(|c| c.one("count", "SELECT count(*) FROM counter", values![], |row| row.get(0))).unwrap()
}

fn insert(name: &'static str) -> impl FnOnce(&Connection) -> Result<usize, StoreError> + Send + 'static {
    move |c| c.execute("insert", "INSERT INTO counter (name, value) VALUES (?1, 0)", values![name])
}

#[test]
fn a_failed_job_leaves_nothing_and_its_neighbours_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("hub.db")).unwrap();
    let before = count(&store);
    store.write_now(insert("a")).unwrap();
    let half: Result<usize, StoreError> = store.write_now(|c| {
        insert("b")(c)?;
        insert("a")(c) // already there: the whole job goes
    });
    assert!(half.is_err());
    store.write_now(insert("c")).unwrap();
    assert_eq!(count(&store), before + 2);
}

#[test]
fn a_full_line_is_said_at_once_and_nothing_in_it_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("hub.db")).unwrap();
    let before = count(&store);
    let (begin, begun) = std::sync::mpsc::channel();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut first = Box::pin(store.write(move |_| {
        begin.send(()).unwrap();
        held.recv().map_err(|_| StoreError::Stopped)
    }));
    assert!(first.as_mut().poll(&mut context).is_pending());
    begun.recv().unwrap();
    let mut writes: Vec<_> = (0..6 * GROUP)
        .map(|number| {
            Box::pin(store.write(move |c| {
                c.execute("insert", "INSERT INTO counter (name, value) VALUES (?1, 0)", values![&number.to_string()])
            }))
        })
        .collect();
    writes.retain_mut(|write| match write.as_mut().poll(&mut context) {
        std::task::Poll::Ready(answer) => {
            assert!(matches!(answer, Err(StoreError::Busy)), "{answer:?}");
            false
        }
        std::task::Poll::Pending => true,
    });
    assert_eq!(writes.len(), 4 * GROUP);
    release.send(()).unwrap();
    store.write_now(|_| Ok(())).unwrap();
    assert_eq!(count(&store), before + i64::try_from(writes.len()).unwrap());
}

/// Rows as the program of schema 1 wrote them.
const ROWS_1: &str = r#"
    INSERT INTO office (number, service, name, added_at) VALUES ('3171000048', '11', '北', 1), ('3191000017', '43', '南', 1);
    INSERT INTO certificate (serial, office, der, issued_at, not_after) VALUES ('01', '3191000017', x'30', 1, 4000000000000);
    INSERT INTO parcel (id, sender, receiver, digest, size, accepted_at, changed)
        VALUES ('019aa5d8-1111-7000-8000-000000000001', '3171000048', '3191000017', 'ab', 1, 1760000000000, 1);
    INSERT INTO body (seq, sealed) VALUES (1, x'61');
    INSERT INTO receipt (parcel, step, received_at, signed) VALUES (1, 'delivered', 1760000001000, x'62');
    UPDATE counter SET value = 1 WHERE name = 'changed';
"#;

#[tokio::test]
async fn b4_every_released_schema_opens() {
    for released in 1..=MIGRATIONS.len() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hub.db");
        {
            let old = File::open(&path).unwrap();
            old.execute_batch(MIGRATIONS[0]).unwrap();
            old.execute_batch(ROWS_1).unwrap();
            MIGRATIONS[1..released].iter().for_each(|migration| old.execute_batch(migration).unwrap());
            old.pragma_update(None, "user_version", released).unwrap();
        }
        let store = Store::open(&path).unwrap();
        let [north, south] = ["3171000048", "3191000017"].map(|number| number.parse().unwrap());
        let inbox = crate::hub::mailbox::inbox(&store, south, 0).await.unwrap();
        assert_eq!((inbox.parcels.len(), inbox.parcels[0].from), (1, north), "schema {released}");
        let sent = crate::hub::mailbox::sent(&store, north, 0).await.unwrap();
        assert_eq!(sent.parcels[0].receipts.len(), 1, "schema {released}");
        let kinds = store.read_now(|c| {
            c.one("old certificate", "SELECT kind FROM certificate", values![], |row| row.get::<String>(0))
        });
        assert_eq!(kinds.unwrap(), "both", "a certificate from before is good for everything");
    }
}

#[test]
fn a_store_opens_again_with_what_it_had() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hub.db");
    Store::open(&path).unwrap().write_now(insert("kept")).unwrap();
    let store = Store::open(&path).unwrap();
    let kept = "SELECT 1 FROM counter WHERE name = 'kept'";
    assert!(store.read_now(|c| c.exists("kept", kept, values![])).unwrap());
}

#[test]
fn a_newer_store_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hub.db");
    File::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Newer { found: 99, .. })));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hub.db");
    std::fs::write(&path, "not a database, but long enough to look at".repeat(100)).unwrap();
    assert!(Store::open(&path).is_err());
}
