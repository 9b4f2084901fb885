//! Who is part of the exchange: offices, their certificates, and what was withdrawn.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::audit::{self, Actor, DONE};
use super::authority::Kind;
use super::stores::{Connection, StoreError, values};
use super::terminals::{self, Admission};
use crate::standard::{OfficeNumber, ServiceType};
use crate::wire::{Binary, Directory, OfficeEntry};
use jiff::Timestamp;

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

/// What a server must know of every caller, read again whenever [`version`] moved.
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

/// The directory as clients see it: offices that were not withdrawn, with the certificates parcels are sealed to.
pub fn published(connection: &Connection, now: Timestamp) -> Result<Directory, StoreError> {
    let mut certificates: BTreeMap<OfficeNumber, Vec<Binary>> = BTreeMap::new();
    connection.each(
        "certificates",
        "SELECT office, der FROM certificate WHERE revoked_at IS NULL AND not_after > ?1 AND kind <> 'terminal'
         ORDER BY issued_at, serial",
        values![now],
        |row| {
            certificates.entry(row.parsed(0)?).or_default().push(Binary(row.get(1)?));
            Ok(())
        },
    )?;
    let offices = list(connection, now)?
        .into_iter()
        .filter(|office| office.revoked_at.is_none())
        .map(|office| OfficeEntry {
            office: office.office,
            service: office.service,
            name: office.name,
            certificates: certificates.remove(&office.office).unwrap_or_default(),
        })
        .collect();
    Ok(Directory { offices })
}

/// Whether a parcel to this office can be taken: it is registered and has a certificate to seal to.
pub fn can_receive(connection: &Connection, office: OfficeNumber, now: Timestamp) -> Result<bool, StoreError> {
    connection.exists(
        "can receive",
        "SELECT 1 FROM office JOIN certificate ON certificate.office = number
         WHERE number = ?1 AND office.revoked_at IS NULL AND certificate.revoked_at IS NULL AND not_after > ?2
         AND kind <> 'terminal' LIMIT 1",
        values![&office, now],
    )
}

/// Rises with every change above, whichever program made it.
pub fn version(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .one("directory version", "SELECT value FROM counter WHERE name = 'directory'", values![], |row| row.get(0))
}

/// See [`Standing`].
pub fn standing(connection: &Connection) -> Result<Standing, StoreError> {
    let mut standing = Standing::default();
    connection.each("standing offices", "SELECT number FROM office WHERE revoked_at IS NULL", values![], |row| {
        standing.offices.insert(row.parsed(0)?);
        Ok(())
    })?;
    let revoked = "SELECT serial, revoked_at FROM certificate WHERE revoked_at IS NOT NULL";
    connection.each("revoked certificates", revoked, values![], |row| {
        standing.revoked.insert(row.get(0)?, row.time(1)?);
        Ok(())
    })?;
    let terminals = "SELECT serial, terminal FROM certificate WHERE kind <> 'office'";
    connection.each("terminals' certificates", terminals, values![], |row| {
        standing.terminals.insert(row.get(0)?, row.get(1)?);
        Ok(())
    })?;
    Ok(standing)
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
                assert!(published(c, now)?.offices.is_empty());
                assert_eq!(standing(c)?.revoked.keys().collect::<Vec<_>>(), ["0a"]);
                Ok(())
            })
            .unwrap();
    }
}
