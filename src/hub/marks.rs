//! What the terminals of one office tell each other: read, assigned to, being imported, and their receipts.
//!
//! The hub keeps sealed bytes for the office's own terminals and hands them out by cursor. It sees which office, when,
//! how large, and nothing else.

use std::ops::ControlFlow;

use jiff::{SignedDuration, Timestamp};

use super::stores::{Connection, Store, StoreError, values};
use crate::standard::OfficeNumber;
use crate::wire::{Binary, Heads, MarkEntry, MarksPage};

/// Most bytes one page carries, but for a single one that is larger.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
const PAGE: u32 = 500;
/// As long as parcels are kept: what a mark is about is gone then.
pub const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How many old ones a new one takes away with it.
const SWEEP: u32 = 100;

/// Keeps what one terminal tells the others. Durable when this returns; told twice, it stands there twice, and the
/// terminals do not mind.
pub async fn put(store: &Store, office: OfficeNumber, sealed: Vec<u8>, now: Timestamp) -> Result<u64, StoreError> {
    store
        .write(move |connection| {
            let limit = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
            connection.execute(
                "sweep marks",
                "DELETE FROM mark WHERE seq IN
                     (SELECT seq FROM mark WHERE office = ?1 AND at < ?2 ORDER BY at LIMIT ?3)",
                values![&office, limit, SWEEP],
            )?;
            let insert = "INSERT INTO mark (office, at, sealed) VALUES (?1, ?2, ?3) RETURNING seq";
            connection.one("insert mark", insert, values![&office, now, &sealed], |row| row.get(0))
        })
        .await
}

/// What an office's terminals told each other after `after`, oldest first.
pub async fn list(store: &Store, office: OfficeNumber, after: u64) -> Result<MarksPage, StoreError> {
    store.read(move |connection| list_now(connection, office, after)).await
}

/// As [`list`], on a connection.
pub fn list_now(connection: &Connection, office: OfficeNumber, after: u64) -> Result<MarksPage, StoreError> {
    let mut page = MarksPage { marks: Vec::new(), next: after };
    let mut bytes = 0;
    let news = connection.is_after("office", "seq");
    connection.until(
        "marks",
        &format!("SELECT seq, at, sealed FROM mark WHERE {news} ORDER BY office, seq LIMIT ?3"),
        values![&office, after, PAGE],
        |row| {
            bytes += row.bytes(2)?.len();
            if bytes > PAGE_BYTES && !page.marks.is_empty() {
                return Ok(ControlFlow::Break(()));
            }
            page.next = row.get(0)?;
            page.marks.push(MarkEntry { at: row.time(1)?, sealed: Binary(row.get(2)?) });
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(page)
}

/// How far each of an office's lists goes now. Not the cursors of anybody: the ends.
pub fn heads(connection: &Connection, office: OfficeNumber) -> Result<Heads, StoreError> {
    // As a range, so that no index over the numbers of everybody will do: see `is_after`.
    let ends = "SELECT (SELECT seq FROM parcel WHERE receiver >= ?1 AND receiver <= ?1
                        ORDER BY receiver DESC, seq DESC LIMIT 1),
                       (SELECT changed FROM parcel WHERE sender >= ?1 AND sender <= ?1
                        ORDER BY sender DESC, changed DESC LIMIT 1),
                       (SELECT seq FROM mark WHERE office >= ?1 AND office <= ?1
                        ORDER BY office DESC, seq DESC LIMIT 1)";
    connection.one("heads", ends, values![&office], |row| {
        let end = |column| row.maybe(column).map(Option::unwrap_or_default);
        Ok(Heads { inbox: end(0)?, sent: end(1)?, marks: end(2)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::directory;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn an_office_hears_its_own_terminals_and_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::hub::stores::testing::store(dir.path());
        let [north, south] = ["3100000001", "3100000002"].map(|office| office.parse::<OfficeNumber>().unwrap());
        let now = at("2026-06-01T00:00:00Z");
        store
            .write(move |c| {
                directory::register(c, north, "11".parse().unwrap(), "北", now)?;
                directory::register(c, south, "43".parse().unwrap(), "南", now)
            })
            .await
            .unwrap();
        let first = put(&store, north, b"one".to_vec(), now).await.unwrap();
        put(&store, south, b"other".to_vec(), now).await.unwrap();
        let last = put(&store, north, b"two".to_vec(), now).await.unwrap();
        let page = list(&store, north, 0).await.unwrap();
        let said: Vec<&[u8]> = page.marks.iter().map(|mark| mark.sealed.0.as_slice()).collect();
        assert_eq!((said, page.next), (vec![&b"one"[..], b"two"], last));
        assert_eq!(list(&store, north, first).await.unwrap().marks.len(), 1);
        assert_eq!(list(&store, north, last).await.unwrap(), MarksPage { marks: vec![], next: last });
        let heads = store.read_now(|c| heads(c, north)).unwrap();
        assert_eq!(heads, Heads { inbox: 0, sent: 0, marks: last });
        // After ninety days a new one takes the old ones with it.
        put(&store, north, b"late".to_vec(), at("2026-09-01T00:00:01Z")).await.unwrap();
        assert_eq!(list(&store, north, 0).await.unwrap().marks.len(), 1);
        assert_eq!(list(&store, south, 0).await.unwrap().marks.len(), 1);
    }
}
