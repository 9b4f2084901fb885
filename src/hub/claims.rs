//! Which terminal of an office imports a parcel: one alone, so that two never import the same.
//!
//! A terminal asks right before it puts files into its import folder, and only the one that is told `granted` does. The
//! first to ask has the parcel for good: a PC that was switched off right after may have files in its folder, and nobody
//! can tell from here. So a claim does not pass to another by itself; a person at another terminal takes it over, and
//! not while the holder may be at work ([`AT_WORK`]). Once a receipt says that the office has imported it, there is
//! nothing left to claim.

use jiff::{SignedDuration, Timestamp};

use super::stores::{Connection, Store, StoreError, values};
use crate::parcel::ParcelId;
use crate::standard::OfficeNumber;
use crate::wire::{Claim, ClaimRequest, ClaimVerdict, ClaimWish};

/// A holder that asked so lately may be putting files into its folder right now.
pub const AT_WORK: SignedDuration = SignedDuration::from_mins(2);
/// Most parcels one request may be about.
pub const MOST: usize = 500;
/// More than any terminal's name for itself has.
pub const LONGEST_HOLDER: usize = 64;

/// Answers for each parcel of the request, in its order. Durable when this returns.
pub async fn decide(
    store: &Store,
    office: OfficeNumber,
    request: ClaimRequest,
    now: Timestamp,
) -> Result<Vec<Claim>, StoreError> {
    store
        .write(move |connection| {
            request
                .parcels
                .iter()
                .map(|parcel| decide_one(connection, office, *parcel, &request.holder, request.wish, now))
                .collect()
        })
        .await
}

struct Held {
    holder: String,
    since: Timestamp,
}

fn decide_one(
    connection: &Connection,
    office: OfficeNumber,
    parcel: ParcelId,
    asking: &str,
    wish: ClaimWish,
    now: Timestamp,
) -> Result<Claim, StoreError> {
    let answer = |verdict, holder: &str, since| Claim { parcel, verdict, holder: holder.to_owned(), since };
    let Some(seq) = own_parcel(connection, office, parcel)? else {
        return Ok(answer(ClaimVerdict::Unknown, "", now));
    };
    let held = held(connection, seq)?;
    let is_ours = held.as_ref().is_some_and(|held| held.holder == asking);
    if wish == ClaimWish::Release {
        if is_ours {
            connection.execute("release claim", "DELETE FROM claim WHERE parcel = ?1", values![seq])?;
        }
        return Ok(answer(ClaimVerdict::Free, "", now));
    }
    // What is in a folder somewhere is put into another only by a person; what is imported, not at all.
    let over = has_receipt(connection, seq, &["imported", "refused"])?
        || !is_ours && wish == ClaimWish::Import && has_receipt(connection, seq, &["delivered"])?;
    if over {
        let (holder, since) = held.map_or((String::new(), now), |held| (held.holder, held.since));
        return Ok(answer(ClaimVerdict::Over, &holder, since));
    }
    match held {
        Some(held) if held.holder != asking => {
            let rests = now.duration_since(held.since) >= AT_WORK;
            if wish != ClaimWish::TakeOver || !rests {
                return Ok(answer(ClaimVerdict::Held, &held.holder, held.since));
            }
        }
        _ => {}
    }
    connection.execute(
        "claim",
        "INSERT INTO claim (parcel, holder, since) VALUES (?1, ?2, ?3)
         ON CONFLICT (parcel) DO UPDATE SET holder = ?2, since = ?3",
        values![seq, asking, now],
    )?;
    Ok(answer(ClaimVerdict::Granted, asking, now))
}

fn own_parcel(connection: &Connection, office: OfficeNumber, parcel: ParcelId) -> Result<Option<i64>, StoreError> {
    let own = "SELECT seq FROM parcel WHERE id = ?1 AND receiver = ?2";
    connection.find("find parcel", own, values![&parcel.to_string(), &office], |row| row.get(0))
}

fn held(connection: &Connection, seq: i64) -> Result<Option<Held>, StoreError> {
    connection.find("find claim", "SELECT holder, since FROM claim WHERE parcel = ?1", values![seq], |row| {
        Ok(Held { holder: row.get(0)?, since: row.time(1)? })
    })
}

fn has_receipt(connection: &Connection, seq: i64, steps: &[&str]) -> Result<bool, StoreError> {
    for step in steps {
        let given = "SELECT 1 FROM receipt WHERE parcel = ?1 AND step = ?2";
        if connection.exists("find receipt", given, values![seq, *step])? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use axum::body::Bytes;

    use super::*;
    use crate::hub::audit::Actor;
    use crate::hub::{directory, mailbox};
    use crate::parcel::{ReceiptStep, sha256_hex};

    const NOW: &str = "2026-06-01T00:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn later(seconds: i64) -> Timestamp {
        at(NOW).checked_add(SignedDuration::from_secs(seconds)).unwrap()
    }

    /// A store with parcels for south.
    fn with_parcels(count: usize) -> (tempfile::TempDir, Store, OfficeNumber, Vec<ParcelId>) {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::hub::stores::testing::store(dir.path());
        let [north, south] = ["3100000001", "3100000002"].map(|office| office.parse().unwrap());
        store
            .write_now(move |c| {
                directory::register(c, north, "11".parse().unwrap(), "北", at(NOW))?;
                directory::register(c, south, "43".parse().unwrap(), "南", at(NOW))?;
                directory::add_certificate(c, south, "0a", b"der", at("2028-06-01T00:00:00Z"), at(NOW))
            })
            .unwrap();
        let runtime = runtime();
        let ids: Vec<ParcelId> = (0..count).map(|_| ParcelId::new()).collect();
        for id in &ids {
            let sealed = Bytes::from_static(b"sealed");
            let digest = sha256_hex(&sealed);
            let parcel =
                mailbox::Incoming { id: *id, sender: north, receiver: south, digest, sealed, by: Actor::hub() };
            runtime.block_on(mailbox::put(&store, parcel, at(NOW))).unwrap();
        }
        (dir, store, south, ids)
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    fn ask(store: &Store, office: OfficeNumber, who: &str, wish: ClaimWish, id: ParcelId, now: Timestamp) -> Claim {
        let request = ClaimRequest { holder: who.into(), wish, parcels: vec![id] };
        runtime().block_on(decide(store, office, request, now)).unwrap().remove(0)
    }

    fn verdict(
        store: &Store,
        office: OfficeNumber,
        who: &str,
        wish: ClaimWish,
        id: ParcelId,
        now: Timestamp,
    ) -> ClaimVerdict {
        ask(store, office, who, wish, id, now).verdict
    }

    fn give_receipt(store: &Store, id: ParcelId, step: ReceiptStep) {
        let runtime = runtime();
        let seq = runtime.block_on(mailbox::outside(store, id)).unwrap().unwrap().seq;
        let noted = mailbox::note(store, seq, step, b"signed".to_vec(), Actor::hub(), at(NOW));
        runtime.block_on(noted).unwrap();
    }

    #[test]
    fn t2_a_thousand_races_for_a_parcel_have_one_winner_each() {
        const RACES: usize = 1_000;
        let (_dir, store, south, ids) = with_parcels(RACES);
        let start = Barrier::new(2);
        let won: Vec<Vec<bool>> = std::thread::scope(|scope| {
            let racers: Vec<_> = ["one", "two"]
                .map(|who| {
                    let (store, ids, start) = (&store, &ids, &start);
                    scope.spawn(move || {
                        start.wait();
                        let granted = |id: &ParcelId| {
                            verdict(store, south, who, ClaimWish::Import, *id, at(NOW)) == ClaimVerdict::Granted
                        };
                        ids.iter().map(granted).collect()
                    })
                })
                .into_iter()
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        let winners: Vec<usize> = (0..RACES).map(|n| won.iter().filter(|won| won[n]).count()).collect();
        assert_eq!(winners, vec![1; RACES]);
        let first = won[0].iter().filter(|won| **won).count();
        assert!(first > 0 && first < RACES, "there was no race: {first}");
    }

    #[test]
    fn who_has_it_may_ask_again_and_nobody_else_gets_it_by_waiting() {
        let (_dir, store, south, ids) = with_parcels(1);
        let (id, import) = (ids[0], ClaimWish::Import);
        assert_eq!(verdict(&store, south, "one", import, id, at(NOW)), ClaimVerdict::Granted);
        assert_eq!(verdict(&store, south, "one", import, id, later(60)), ClaimVerdict::Granted);
        let refused = ask(&store, south, "two", import, id, later(86_400 * 30));
        assert_eq!((refused.verdict, refused.holder.as_str()), (ClaimVerdict::Held, "one"));
        assert_eq!(refused.since, later(60));
        assert_eq!(verdict(&store, south, "two", ClaimWish::Release, id, at(NOW)), ClaimVerdict::Free);
        assert_eq!(
            verdict(&store, south, "two", import, id, at(NOW)),
            ClaimVerdict::Held,
            "it was not two's to release"
        );
        assert_eq!(verdict(&store, south, "one", ClaimWish::Release, id, at(NOW)), ClaimVerdict::Free);
        assert_eq!(verdict(&store, south, "two", import, id, at(NOW)), ClaimVerdict::Granted);
    }

    #[test]
    fn a_person_takes_over_from_a_terminal_that_is_not_at_work() {
        let (_dir, store, south, ids) = with_parcels(2);
        let (id, take) = (ids[0], ClaimWish::TakeOver);
        assert_eq!(verdict(&store, south, "one", ClaimWish::Import, id, at(NOW)), ClaimVerdict::Granted);
        assert_eq!(verdict(&store, south, "two", take, id, later(119)), ClaimVerdict::Held);
        give_receipt(&store, id, ReceiptStep::Delivered);
        assert_eq!(verdict(&store, south, "three", ClaimWish::Import, id, later(500)), ClaimVerdict::Over);
        assert_eq!(verdict(&store, south, "two", take, id, later(120)), ClaimVerdict::Granted);
        assert_eq!(verdict(&store, south, "two", ClaimWish::Import, id, later(121)), ClaimVerdict::Granted);
        assert_eq!(verdict(&store, south, "one", ClaimWish::Import, id, later(121)), ClaimVerdict::Over);
        give_receipt(&store, id, ReceiptStep::Imported);
        assert_eq!(verdict(&store, south, "one", take, id, later(900)), ClaimVerdict::Over);
    }

    #[test]
    fn another_offices_parcel_does_not_exist() {
        let (_dir, store, _, ids) = with_parcels(1);
        let north = "3100000001".parse().unwrap();
        for wish in [ClaimWish::Import, ClaimWish::TakeOver, ClaimWish::Release] {
            assert_eq!(verdict(&store, north, "one", wish, ids[0], at(NOW)), ClaimVerdict::Unknown);
        }
    }
}
