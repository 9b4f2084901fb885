//! Whether a hub is whole: every body is what its digest says, everyone in the directory is who they should be, a
//! revocation list can be made, and the record is as it was written. Reads only, so it may run beside a running hub.

use jiff::Timestamp;
use rusqlite::Connection;

use super::external::External;
use super::home::Home;
use super::mailbox::piece_now;
use super::state::HubError;
use super::stores::sqlite::{Named as _, StoreError};
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
        let mut checked = Checked::default();
        // One moment, whatever is written meanwhile.
        connection.execute_batch("BEGIN").named("begin the check")?;
        let looked = look(connection, &mut checked);
        connection.execute_batch("ROLLBACK").named("end the check")?;
        looked.map(|()| checked)
    })?;
    let standing = home.store.read_now(directory::standing)?;
    let revoked: Vec<_> = standing.revoked.into_iter().collect();
    if let Err(error) = home.authority.crl(&revoked, 1, now) {
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
    let named = "integrity check";
    let mut statement = connection.prepare("PRAGMA integrity_check(20)").named(named)?;
    let says: Vec<String> = statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).named(named)?;
    let says = says.into_iter().filter(|says| says != "ok").take(MOST_FINDINGS);
    checked.faults.extend(says.map(|says| Fault::StoreDamaged { says }));
    let mut statement = connection.prepare("PRAGMA foreign_key_check").named(named)?;
    let tables: Vec<String> = statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).named(named)?;
    checked.faults.extend(tables.into_iter().map(|table| Fault::RowWithoutOther { table }));
    Ok(())
}

fn bodies(connection: &Connection, checked: &mut Checked) -> Result<(), StoreError> {
    let named = "every parcel";
    let mut statement = connection
        .prepare("SELECT seq, id, digest, size FROM parcel WHERE removed_at IS NULL ORDER BY seq")
        .named(named)?;
    let mut rows = statement.query([]).named(named)?;
    while let Some(row) = rows.next().named(named)? {
        let (seq, size): (i64, u64) = (row.get(0).named(named)?, row.get(3).named(named)?);
        let (parcel, digest): (String, String) = (row.get(1).named(named)?, row.get(2).named(named)?);
        match digest_of(connection, seq, size)? {
            None => checked.faults.push(Fault::BodyMissing { parcel }),
            Some(found) if found != digest => checked.faults.push(Fault::BodyDamaged { parcel }),
            Some(_) => {
                checked.parcels += 1;
                checked.bytes += size;
            }
        }
    }
    Ok(())
}

/// As a fetch would read it, to its last byte.
fn digest_of(connection: &Connection, seq: i64, size: u64) -> Result<Option<String>, StoreError> {
    let (mut digest, mut at) = (DigestOf::default(), 0);
    loop {
        let Some(piece) = piece_now(connection, seq, at, u64::MAX)? else {
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
    let behind: bool = connection
        .query_row(
            "SELECT coalesce((SELECT max(changed) FROM parcel), 0) > (SELECT value FROM counter WHERE name = 'changed')",
            [],
            |row| row.get(0),
        )
        .named("counters")?;
    if behind {
        checked.faults.push(Fault::CounterBehind { counter: "changed".into() });
    }
    Ok(())
}

fn certificates(connection: &Connection, checked: &mut Checked) -> Result<(), StoreError> {
    let named = "every certificate";
    checked.offices = connection.query_row("SELECT count(*) FROM office", [], |row| row.get(0)).named(named)?;
    let mut statement = connection.prepare("SELECT serial, office, der FROM certificate").named(named)?;
    let mut rows = statement.query([]).named(named)?;
    while let Some(row) = rows.next().named(named)? {
        let (serial, office): (String, String) = (row.get(0).named(named)?, row.get(1).named(named)?);
        let der: Vec<u8> = row.get(2).named(named)?;
        checked.certificates += 1;
        match (certificate::serial_of(&der), certificate::office_of(&der)) {
            (Ok(says), Ok(whose)) if says == serial && whose.as_str() == office => {}
            (Ok(_), Ok(_)) => checked.faults.push(Fault::CertificateOfOther { serial, office }),
            _ => checked.faults.push(Fault::CertificateUnreadable { serial }),
        }
    }
    Ok(())
}
