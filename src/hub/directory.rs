//! Who is part of the exchange: offices, their certificates, and what was withdrawn.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use super::audit::{self, Actor, DONE};
use super::authority::Kind;
use super::stores::{Connection, StoreError, values};
use super::terminals::{self, Admission};
use crate::standard::{OfficeNumber, ServiceType};
use crate::wire::{Binary, DirectoryPage, DirectoryPlace, OfficeEntry};
use jiff::Timestamp;

/// Most offices of one page of the directory.
const PAGE: u32 = 500;
/// Most bytes of certificates in one, but for a single office that has more.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Offices whose standing is read at once.
const AT_ONCE: u32 = 2_000;
/// Most offices that are told in one answer.
const MOST_AT_ONCE: usize = 50_000;

/// An office as the operator registered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub office: OfficeNumber,
    pub service: ServiceType,
    pub name: String,
    pub added_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    /// Certificates that parcels are sealed to, neither withdrawn nor expired.
    pub certificates: usize,
}

/// A certificate as the hub keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'a> {
    pub office: OfficeNumber,
    pub kind: Kind,
    /// The terminal that calls with it; empty for an office's.
    pub terminal: &'a str,
    pub serial: &'a str,
    pub der: &'a [u8],
    pub not_after: Timestamp,
}

/// What a server must know of every caller; what changed of it is read whenever [`version`] moved.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Offices that may call.
    pub offices: BTreeSet<OfficeNumber>,
    /// Serials (lower-case hex) that were withdrawn, with the time.
    pub revoked: BTreeMap<String, Timestamp>,
    /// Which terminal calls with a certificate of this serial.
    pub terminals: HashMap<String, String>,
}

/// Registers an office, or gives a known one its new name and service; one that was withdrawn comes back.
pub fn register(
    connection: &Connection,
    office: OfficeNumber,
    service: ServiceType,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection.execute(
        "register office",
        "INSERT INTO office (number, service, name, added_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (number) DO UPDATE SET service = ?2, name = ?3, revoked_at = NULL",
        values![&office, service.as_str(), name, now],
    )?;
    move_on(connection)
}

/// Keeps a certificate that is both an office's and its only terminal's, and notes that terminal.
pub fn add_certificate(
    connection: &Connection,
    office: OfficeNumber,
    serial: &str,
    der: &[u8],
    not_after: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    terminals::add(connection, office, serial, "", Admission::Has, now)?;
    add(connection, Certificate { office, kind: Kind::Both, terminal: serial, serial, der, not_after }, now)
}

/// Keeps a certificate that was issued.
pub fn add(connection: &Connection, certificate: Certificate<'_>, now: Timestamp) -> Result<(), StoreError> {
    let Certificate { office, kind, terminal, serial, der, not_after } = certificate;
    connection.execute(
        "add certificate",
        "INSERT INTO certificate (serial, office, der, issued_at, not_after, kind, terminal)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        values![serial, &office, der, now, not_after, kind.as_str(), terminal],
    )?;
    let by = Actor { who: office.to_string(), terminal: terminal.to_owned() };
    audit::record(connection, &by, "issue-certificate", serial, DONE, now)?;
    move_on(connection)
}

/// The certificates parcels to this office are sealed to, newest first.
pub fn sealing(connection: &Connection, office: OfficeNumber, now: Timestamp) -> Result<Vec<Vec<u8>>, StoreError> {
    connection.all(
        "certificates of an office",
        "SELECT der FROM certificate WHERE office = ?1 AND revoked_at IS NULL AND not_after > ?2
         AND kind <> 'terminal' ORDER BY issued_at DESC, serial",
        values![&office, now],
        |row| row.get(0),
    )
}

/// The same with those that have ended: a key may be renewed after that, too.
pub fn ever_sealing(connection: &Connection, office: OfficeNumber) -> Result<Vec<Vec<u8>>, StoreError> {
    sealing(connection, office, Timestamp::MIN)
}

/// The terminal that calls with a certificate of this serial.
pub fn terminal_of(connection: &Connection, serial: &str) -> Result<Option<String>, StoreError> {
    connection.find(
        "terminal of a certificate",
        "SELECT terminal FROM certificate WHERE serial = ?1 AND kind <> 'office'",
        values![serial],
        |row| row.get(0),
    )
}

/// An office that was not withdrawn: its service and name.
pub fn entry(connection: &Connection, office: OfficeNumber) -> Result<Option<(ServiceType, String)>, StoreError> {
    connection.find(
        "office",
        "SELECT service, name FROM office WHERE number = ?1 AND revoked_at IS NULL",
        values![&office],
        |row| Ok((row.parsed(0)?, row.get(1)?)),
    )
}

/// Withdraws what parcels to this office are sealed to: its key is lost, and another takes its place.
pub fn withdraw_sealing(connection: &Connection, office: OfficeNumber, now: Timestamp) -> Result<(), StoreError> {
    connection.execute(
        "withdraw the office's key",
        "UPDATE certificate SET revoked_at = ?2 WHERE office = ?1 AND revoked_at IS NULL AND kind <> 'terminal'",
        values![&office, now],
    )?;
    move_on(connection)
}

/// Withdraws an office and all its certificates. Says whether there was one to withdraw.
pub fn revoke(connection: &Connection, office: OfficeNumber, now: Timestamp) -> Result<bool, StoreError> {
    let known = connection.execute(
        "revoke office",
        "UPDATE office SET revoked_at = ?2 WHERE number = ?1 AND revoked_at IS NULL",
        values![&office, now],
    )?;
    connection.execute(
        "revoke certificates",
        "UPDATE certificate SET revoked_at = ?2 WHERE office = ?1 AND revoked_at IS NULL",
        values![&office, now],
    )?;
    terminals::revoke_all(connection, office, now)?;
    move_on(connection)?;
    Ok(known > 0)
}

/// Every office that was ever registered, by number.
pub fn list(connection: &Connection, now: Timestamp) -> Result<Vec<Registered>, StoreError> {
    connection.all(
        "list offices",
        "SELECT number, service, name, added_at, revoked_at,
                (SELECT count(*) FROM certificate WHERE certificate.office = office.number
                 AND certificate.revoked_at IS NULL AND not_after > ?1 AND kind <> 'terminal')
         FROM office ORDER BY number",
        values![now],
        |row| {
            Ok(Registered {
                office: row.parsed(0)?,
                service: row.parsed(1)?,
                name: row.get(2)?,
                added_at: row.time(3)?,
                revoked_at: row.maybe_time(4)?,
                certificates: row.get(5)?,
            })
        },
    )
}

/// Which directory this is, and its version.
fn place(connection: &Connection) -> Result<DirectoryPlace, StoreError> {
    let place = "SELECT (SELECT value FROM counter WHERE name = 'line'), value FROM counter WHERE name = 'directory'";
    connection.one("place in the directory", place, values![], |row| {
        Ok(DirectoryPlace { line: row.get(0)?, after: row.get(1)? })
    })
}

/// What changed in the directory after a place in it, as clients see it: each office with the certificates parcels are sealed
/// to, and the numbers of those that were withdrawn. A place in another directory, or one that this has not come to yet,
/// is its beginning.
pub fn changes(connection: &Connection, known: DirectoryPlace, now: Timestamp) -> Result<DirectoryPage, StoreError> {
    let here = place(connection)?;
    let after = if known.line == here.line && known.after <= here.after { known.after } else { 0 };
    let mut page = DirectoryPage { line: here.line, after, next: after, ..DirectoryPage::default() };
    let (mut rows, mut bytes) = (0, 0);
    connection.until(
        "changes of the directory",
        "SELECT number, service, name, page.revoked_at, changed, der FROM
             (SELECT number, service, name, revoked_at, changed FROM office
              WHERE changed > ?1 ORDER BY changed LIMIT ?2) AS page
         LEFT JOIN certificate ON certificate.office = number AND certificate.revoked_at IS NULL AND not_after > ?3
             AND kind <> 'terminal' ORDER BY changed, issued_at, serial",
        values![after, PAGE, now],
        |row| {
            let (office, changed) = (row.parsed(0)?, row.get(4)?);
            if page.next != changed {
                if bytes > PAGE_BYTES {
                    page.more = true;
                    return Ok(ControlFlow::Break(()));
                }
                page.next = changed;
                rows += 1;
                if row.maybe_time(3)?.is_some() {
                    page.gone.push(office);
                } else {
                    let (service, name) = (row.parsed(1)?, row.get(2)?);
                    page.offices.push(OfficeEntry { office, service, name, certificates: Vec::new() });
                }
            }
            let der: Option<Vec<u8>> = row.maybe(5)?;
            if let (Some(der), Some(entry)) = (der, page.offices.last_mut().filter(|entry| entry.office == office)) {
                bytes += der.len();
                entry.certificates.push(Binary(der));
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    page.more |= rows == PAGE;
    Ok(page)
}

/// All of the directory in one answer, for clients that know no pages; `None` where it is too large for that.
pub fn whole(connection: &Connection, now: Timestamp) -> Result<Option<DirectoryPage>, StoreError> {
    let mut whole = changes(connection, DirectoryPlace::default(), now)?;
    while whole.more {
        if whole.offices.len() > MOST_AT_ONCE {
            return Ok(None);
        }
        let page = changes(connection, whole.end(), now)?;
        if page.after == 0 {
            // Restored in between.
            return Ok(None);
        }
        whole.offices.extend(page.offices);
        (whole.next, whole.more) = (page.next, page.more);
    }
    // Nobody is told of offices that it never knew.
    whole.gone.clear();
    Ok(Some(whole))
}

/// Whether a parcel to this office can be taken: it is registered and has a certificate to seal to.
pub fn can_receive(connection: &Connection, office: OfficeNumber, now: Timestamp) -> Result<bool, StoreError> {
    connection.exists("can receive", &format!("{CAN_RECEIVE} LIMIT 1"), values![&office, now])
}

/// Whether there is such an office (`?1`), now (`?2`).
pub(super) const CAN_RECEIVE: &str = "SELECT 1 FROM office JOIN certificate ON certificate.office = number
     WHERE number = ?1 AND office.revoked_at IS NULL AND certificate.revoked_at IS NULL AND not_after > ?2
     AND kind <> 'terminal'";

/// Rises with every change above, whichever program made it.
pub fn version(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .one("directory version", "SELECT value FROM counter WHERE name = 'directory'", values![], |row| row.get(0))
}

/// See [`Standing`].
pub fn standing(connection: &Connection) -> Result<Standing, StoreError> {
    let mut standing = Standing::default();
    read_standing(connection, 0, &mut |row| standing.take(row))?;
    Ok(standing)
}

/// What changed of it after a version: what [`Standing::apply`] takes.
pub fn standing_after(connection: &Connection, version: i64) -> Result<Vec<Stands>, StoreError> {
    let mut changed = Vec::new();
    read_standing(connection, version, &mut |row| changed.push(row))?;
    Ok(changed)
}

/// Some offices at a time: a nation's are too many for one answer.
fn read_standing(connection: &Connection, version: i64, each: &mut dyn FnMut(Stands)) -> Result<(), StoreError> {
    let (mut after, mut more) = (version, true);
    while more {
        let mut offices = 0;
        connection.each(
            "standing",
            "SELECT number, page.revoked_at, serial, certificate.revoked_at, terminal, kind, changed FROM
                 (SELECT number, revoked_at, changed FROM office WHERE changed > ?1 ORDER BY changed LIMIT ?2) AS page
             LEFT JOIN certificate ON certificate.office = number ORDER BY changed",
            values![after, AT_ONCE],
            |row| {
                let changed = row.get(6)?;
                if changed != after {
                    (after, offices) = (changed, offices + 1);
                }
                let calls = row.maybe::<String>(5)?.is_some_and(|kind| kind != Kind::Office.as_str());
                each(Stands {
                    office: row.parsed(0)?,
                    is_member: row.maybe_time(1)?.is_none(),
                    serial: row.maybe(2)?,
                    revoked_at: row.maybe_time(3)?,
                    terminal: row.maybe(4)?.filter(|_| calls),
                });
                Ok(())
            },
        )?;
        more = offices == AT_ONCE;
    }
    Ok(())
}

/// One certificate of an office, or an office that has none.
#[derive(Clone, Debug)]
pub struct Stands {
    office: OfficeNumber,
    is_member: bool,
    serial: Option<String>,
    revoked_at: Option<Timestamp>,
    /// The terminal that calls with it.
    terminal: Option<String>,
}

impl Standing {
    /// The serials that were withdrawn, and when.
    pub fn revoked(&self) -> Vec<(String, Timestamp)> {
        self.revoked.iter().map(|(serial, at)| (serial.clone(), *at)).collect()
    }

    /// Takes in what changed; says whether anything was withdrawn.
    pub fn apply(&mut self, changed: Vec<Stands>) -> bool {
        let before = self.revoked.len();
        changed.into_iter().for_each(|row| self.take(row));
        self.revoked.len() != before
    }

    fn take(&mut self, row: Stands) {
        let Stands { office, is_member, serial, revoked_at, terminal } = row;
        if is_member {
            self.offices.insert(office);
        } else {
            self.offices.remove(&office);
        }
        let Some(serial) = serial else { return };
        if let Some(terminal) = terminal {
            self.terminals.insert(serial.clone(), terminal);
        }
        if let Some(at) = revoked_at {
            self.revoked.insert(serial, at);
        }
    }
}

/// The number of the next revocation list; never the same twice.
pub fn next_crl_number(connection: &Connection) -> Result<u64, StoreError> {
    let next = "UPDATE counter SET value = value + 1 WHERE name = 'crl' RETURNING value";
    connection.one("next CRL number", next, values![], |row| row.get(0))
}

pub(super) fn move_on(connection: &Connection) -> Result<(), StoreError> {
    let moved = "UPDATE counter SET value = value + 1 WHERE name = 'directory'";
    connection.execute("move directory version", moved, values![]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_withdrawn_office_is_out_of_the_directory_and_cannot_receive() {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::hub::stores::testing::store(dir.path());
        let north: OfficeNumber = "3100000001".parse().unwrap();
        let now = at("2026-06-01T00:00:00Z");
        store
            .write_now(move |c| {
                register(c, north, "11".parse().unwrap(), "北の訪問介護", now)?;
                assert!(!can_receive(c, north, now)?, "no certificate yet");
                add_certificate(c, north, "0a", b"der", at("2028-06-01T00:00:00Z"), now)?;
                assert!(can_receive(c, north, now)?);
                assert!(!can_receive(c, north, at("2028-06-02T00:00:00Z"))?, "expired");
                let before = version(c)?;
                assert!(revoke(c, north, now)?);
                assert!(version(c)? > before);
                assert!(!revoke(c, north, now)?, "already withdrawn");
                assert!(!can_receive(c, north, now)?);
                assert!(whole(c, now)?.unwrap().offices.is_empty());
                assert_eq!(standing(c)?.revoked.keys().collect::<Vec<_>>(), ["0a"]);
                Ok(())
            })
            .unwrap();
    }

    fn office(number: u32) -> OfficeNumber {
        format!("31{number:08}").parse().unwrap()
    }

    /// Offices with numbers from..to, each with one certificate.
    fn add_offices(c: &Connection, numbers: std::ops::Range<u32>, now: Timestamp) -> Result<(), StoreError> {
        numbers.into_iter().try_for_each(|number| {
            register(c, office(number), "11".parse().unwrap(), "名", now)?;
            add_certificate(c, office(number), &format!("{number:08x}"), &[7; 40], at("2028-06-01T00:00:00Z"), now)
        })
    }

    /// Follows the directory as a client does: what it knows then, and in how many pages it came to that.
    fn follow(
        c: &Connection,
        known: &mut BTreeMap<OfficeNumber, OfficeEntry>,
        place: &mut DirectoryPlace,
        now: Timestamp,
    ) -> usize {
        for pages in 1.. {
            let page = changes(c, *place, now).unwrap();
            assert!(page.follows(*place), "{place:?}: {page:?}");
            assert!(page.offices.len() + page.gone.len() <= PAGE as usize);
            if page.after == 0 {
                known.clear();
            }
            *place = page.end();
            known.extend(page.offices.into_iter().map(|entry| (entry.office, entry)));
            page.gone.iter().for_each(|office| drop(known.remove(office)));
            if !page.more {
                return pages;
            }
        }
        0
    }

    fn whole_map(c: &Connection, now: Timestamp) -> BTreeMap<OfficeNumber, OfficeEntry> {
        let whole = whole(c, now).unwrap().unwrap();
        whole.offices.into_iter().map(|entry| (entry.office, entry)).collect()
    }

    #[test]
    fn whoever_follows_the_directory_by_what_changed_knows_what_one_who_reads_all_of_it_does() {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::hub::stores::testing::store(dir.path());
        let now = at("2026-06-01T00:00:00Z");
        let mut known = BTreeMap::new();
        let mut place = DirectoryPlace::default();
        let mut look = |most: usize, what: &str| {
            store
                .read_now(|c| {
                    let pages = follow(c, &mut known, &mut place, now);
                    assert!(pages <= most, "{what}: {pages} pages");
                    assert_eq!(known, whole_map(c, now), "{what}");
                    assert_eq!(standing(c)?.offices.iter().collect::<Vec<_>>(), known.keys().collect::<Vec<_>>());
                    Ok(())
                })
                .unwrap();
        };
        look(1, "nobody is there");
        store.write_now(move |c| add_offices(c, 0..1_203, now)).unwrap();
        look(3, "all of them");
        look(1, "nothing");
        store
            .write_now(move |c| {
                register(c, office(5), "43".parse().unwrap(), "新しい名", now)?;
                revoke(c, office(6), now)?;
                withdraw_sealing(c, office(7), now)?;
                terminals::revoke(c, office(8), "00000008", &Actor::operator(), now)?;
                add_offices(c, 2_000..2_003, now)
            })
            .unwrap();
        look(1, "a few changes");
        store.write_now(move |c| register(c, office(6), "11".parse().unwrap(), "戻る", now)).unwrap();
        look(1, "one comes back");
    }

    #[test]
    fn a_restored_hub_and_another_one_tell_their_directory_from_the_beginning() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let stores = [&one, &other].map(|dir| crate::hub::stores::testing::store(dir.path()));
        let now = at("2026-06-01T00:00:00Z");
        for store in &stores {
            store.write_now(move |c| add_offices(c, 0..5, now)).unwrap();
        }
        let ask = |store: &crate::hub::stores::Store, place| store.read_now(|c| changes(c, place, now)).unwrap();
        let place = ask(&stores[0], DirectoryPlace::default()).end();
        assert_eq!(ask(&stores[0], place).after, place.after);
        let page = ask(&stores[1], place);
        assert_eq!((page.after, page.offices.len()), (0, 5), "another hub's");
        assert!(page.follows(place));
        let ahead = DirectoryPlace { after: place.after + 100, ..place };
        assert_eq!(ask(&stores[0], ahead).after, 0, "its database is older than what the caller knows");
        stores[0].count_on_from_far_ahead(now).unwrap();
        let page = ask(&stores[0], place);
        assert_eq!((page.after, page.offices.len()), (0, 5), "restored");
        let place = page.end();
        assert_eq!(ask(&stores[0], place).offices.len(), 0);
        stores[0].write_now(move |c| add_offices(c, 9..10, now)).unwrap();
        assert_eq!(ask(&stores[0], place).offices.len(), 1);
    }

    #[test]
    fn what_changed_since_is_what_all_of_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::hub::stores::testing::store(dir.path());
        let now = at("2026-06-01T00:00:00Z");
        store.write_now(move |c| add_offices(c, 0..20, now)).unwrap();
        let (mut stands, before) = store.read_now(|c| Ok((standing(c)?, version(c)?))).unwrap();
        store
            .write_now(move |c| {
                add_offices(c, 20..22, now)?;
                revoke(c, office(3), now)?;
                terminals::revoke(c, office(4), "00000004", &Actor::operator(), now).map(drop)
            })
            .unwrap();
        let (changed, all) = store.read_now(|c| Ok((standing_after(c, before)?, standing(c)?))).unwrap();
        assert!(changed.len() <= 4, "{changed:?}");
        assert!(stands.apply(changed), "two were withdrawn");
        assert_eq!((&stands.offices, &stands.revoked, &stands.terminals), (&all.offices, &all.revoked, &all.terminals));
        assert_eq!((stands.offices.len(), stands.revoked.len()), (21, 2));
        let again = store.read_now(|c| standing_after(c, before)).unwrap();
        assert!(!stands.apply(again), "nothing new");
    }

    /// A nation's: half a minute where nothing is optimised, so by hand: `cargo test --release -- --ignored nation`.
    #[test]
    #[ignore = "takes long"]
    fn a_nations_directory_comes_in_pages_of_bounded_size() {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::hub::stores::testing::store(dir.path());
        let now = at("2026-06-01T00:00:00Z");
        for begin in (0..300_000).step_by(10_000) {
            store.write_now(move |c| add_offices(c, begin..begin + 10_000, now)).unwrap();
        }
        store
            .read_now(|c| {
                assert!(whole(c, now)?.is_none(), "not in one answer");
                let (mut place, mut seen, mut largest) = (DirectoryPlace::default(), 0, 0);
                loop {
                    let page = changes(c, place, now)?;
                    (place, seen) = (page.end(), seen + page.offices.len());
                    largest = largest.max(serde_json::to_vec(&page).unwrap().len());
                    if !page.more {
                        break;
                    }
                }
                eprintln!("{seen} offices, the largest page {largest} bytes");
                assert_eq!(seen, 300_000);
                assert!(largest < 8 * 1024 * 1024);
                Ok(())
            })
            .unwrap();
    }
}
