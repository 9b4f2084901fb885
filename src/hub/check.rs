//! Whether a hub is whole: every body is what its digest says, everyone in the directory is who they should be, a
//! revocation list can be made, and the record is as it was written. Reads only, so it may run beside a running hub.

use jiff::Timestamp;

use super::external::External;
use super::home::Home;
use super::mailbox::piece_now;
use super::state::HubError;
use super::stores::bodies::Place;
use super::stores::{Connection, Engine, StoreError, values};
use super::{audit, directory};
use crate::parcel::{DigestOf, certificate};

/// What was looked at, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Checked {
    /// Parcels whose body is kept.
    pub parcels: u64,
    pub bytes: u64,
    pub offices: u64,
    pub certificates: u64,
    /// Lines of the record.
    pub record: u64,
    /// One entry each; empty when all is well.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong. Ids and numbers only.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// SQLite finds its file damaged.
    StoreDamaged {
        says: String,
    },
    /// A row points at one that is not there.
    RowWithoutOther {
        table: String,
    },
    BodyMissing {
        parcel: String,
    },
    BodyDamaged {
        parcel: String,
    },
    /// A counter stands behind what was given out: a list would skip something.
    CounterBehind {
        counter: String,
    },
    CertificateUnreadable {
        serial: String,
    },
    /// The directory lists it under another office or serial than it says itself.
    CertificateOfOther {
        serial: String,
        office: String,
    },
    ListNotMakeable {
        says: String,
    },
    /// The record of what was done is not as it was written.
    RecordChanged {
        says: String,
    },
    /// The revocation list of another authority is missing, unreadable or out of date: nobody can enrol with its
    /// certificates.
    OthersListUnusable {
        list: String,
    },
}

/// Most lines of SQLite's own findings that are told.
const MOST_FINDINGS: usize = 20;

/// Looks at all of it.
pub fn check(home: &Home, now: Timestamp) -> Result<Checked, HubError> {
    let mut checked = home.store.read_now(|connection| {
        // Whatever is written meanwhile.
        connection.at_one_moment(|| {
            let mut checked = Checked::default();
            look(connection, &mut checked).map(|()| checked)
        })
    })?;
    let standing = home.store.read_now(directory::standing)?;
    if let Err(error) = home.authority.crl(&standing.revoked(), 1, now) {
        checked.faults.push(Fault::ListNotMakeable { says: error.to_string() });
    }
    for external in &home.settings.external {
        let unusable = External::open(external, home.dir()).is_ok_and(|external| !external.has_current_list(now));
        if let (true, Some(list)) = (unusable, &external.crl) {
            checked.faults.push(Fault::OthersListUnusable { list: list.display().to_string() });
        }
    }
    Ok(checked)
}

fn look(connection: &Connection, checked: &mut Checked) -> Result<(), StoreError> {
    integrity(connection, checked)?;
    bodies(connection, checked)?;
    counters(connection, checked)?;
    certificates(connection, checked)?;
    record(connection, checked)
}

fn record(connection: &Connection, checked: &mut Checked) -> Result<(), StoreError> {
    match audit::verify(connection, &[])? {
        Ok(lines) => checked.record = lines,
        Err(fault) => checked.faults.push(Fault::RecordChanged { says: fault.to_string() }),
    }
    Ok(())
}

fn integrity(connection: &Connection, checked: &mut Checked) -> Result<(), StoreError> {
    match connection.engine() {
        Engine::Sqlite => {
            let text = |pragma| connection.all("integrity check", pragma, values![], |row| row.get::<String>(0));
            let says = text("PRAGMA integrity_check(20)")?.into_iter().filter(|says| says != "ok");
            checked.faults.extend(says.take(MOST_FINDINGS).map(|says| Fault::StoreDamaged { says }));
            let tables = text("PRAGMA foreign_key_check")?;
            checked.faults.extend(tables.into_iter().map(|table| Fault::RowWithoutOther { table }));
        }
        // PostgreSQL keeps to its keys itself; its own tools (pg_amcheck, data checksums) look at its files.
        Engine::Postgres => {}
    }
    Ok(())
}

/// How many parcels are listed at a time.
const PAGE: u32 = 1_000;

fn bodies(connection: &Connection, checked: &mut Checked) -> Result<(), StoreError> {
    let (mut after, mut more) = (0_i64, true);
    while more {
        more = false;
        connection.each(
            "every parcel",
            "SELECT seq, accepted_at, id, digest, size FROM parcel
             WHERE removed_at IS NULL AND seq > ?1 ORDER BY seq LIMIT ?2",
            values![after, PAGE],
            |row| {
                let place = Place { seq: row.get(0)?, at: row.time(1)? };
                let (parcel, digest, size): (String, String, u64) = (row.get(2)?, row.get(3)?, row.get(4)?);
                match digest_of(connection, place, size)? {
                    None => checked.faults.push(Fault::BodyMissing { parcel }),
                    Some(found) if found != digest => checked.faults.push(Fault::BodyDamaged { parcel }),
                    Some(_) => {
                        checked.parcels += 1;
                        checked.bytes += size;
                    }
                }
                (after, more) = (place.seq, true);
                Ok(())
            },
        )?;
    }
    Ok(())
}

/// As a fetch would read it, to its last byte.
fn digest_of(connection: &Connection, place: Place, size: u64) -> Result<Option<String>, StoreError> {
    let (mut digest, mut at) = (DigestOf::default(), 0);
    loop {
        let Some(piece) = piece_now(connection, place, at, u64::MAX)? else {
            return Ok((at == size && size > 0).then(|| digest.hex()));
        };
        digest.add(&piece);
        at += piece.len() as u64;
        if piece.is_empty() {
            return Ok(Some(if at == size { digest.hex() } else { String::new() }));
        }
    }
}

fn counters(connection: &Connection, checked: &mut Checked) -> Result<(), StoreError> {
    let behind: bool = connection.one(
        "counters",
        "SELECT coalesce((SELECT max(changed) FROM parcel), 0) > (SELECT value FROM counter WHERE name = 'changed')",
        values![],
        |row| row.get(0),
    )?;
    if behind {
        checked.faults.push(Fault::CounterBehind { counter: "changed".into() });
    }
    Ok(())
}

fn certificates(connection: &Connection, checked: &mut Checked) -> Result<(), StoreError> {
    checked.offices = connection.one("every office", "SELECT count(*) FROM office", values![], |row| row.get(0))?;
    connection.each("every certificate", "SELECT serial, office, der FROM certificate", values![], |row| {
        let (serial, office, der): (String, String, &[u8]) = (row.get(0)?, row.get(1)?, row.bytes(2)?);
        checked.certificates += 1;
        match (certificate::serial_of(der), certificate::office_of(der)) {
            (Ok(says), Ok(whose)) if says == serial && whose.as_str() == office => {}
            (Ok(_), Ok(_)) => checked.faults.push(Fault::CertificateOfOther { serial, office }),
            _ => checked.faults.push(Fault::CertificateUnreadable { serial }),
        }
        Ok(())
    })
}
