//! What a running hub holds: its store, who may call, the revocation list, and the bell.
//!
//! The operator's commands change the store from another program, so [`Hub::refresh`] looks at the directory's version
//! every second and makes a new revocation list when it moved, or when the list gets old. A hub that cannot make one
//! keeps the last, which is good for seven days.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::CertificateRevocationListDer;

use super::authority::{Authority, AuthorityError};
use super::bell::Bell;
use super::directory;
use super::intake::Intake;
use super::stores::sqlite::{Named as _, Store, StoreError};
use crate::parcel::Trust;
use crate::standard::OfficeNumber;
use crate::wire::Health;

/// How old a revocation list may get before a new one is made; it is valid for seven days.
const RENEW_LIST_AFTER: SignedDuration = SignedDuration::from_hours(12);

/// A list that is older was not renewed, though it should have been.
const OLD_LIST_AFTER: SignedDuration = SignedDuration::from_hours(36);
/// How often the store is made to prove that it can write, at most.
const PROVE_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// Who is calling, as the verified certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub office: OfficeNumber,
    /// Lower-case hex.
    pub serial: String,
}

/// Whether a caller may ask for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Member,
    Revoked,
    Stranger,
}

#[derive(Debug, thiserror::Error)]
pub enum HubError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// What changes when the directory does.
#[derive(Debug)]
struct Members {
    version: i64,
    standing: directory::Standing,
    crl: Arc<[u8]>,
    made_at: Timestamp,
}

#[derive(Debug)]
pub struct Hub {
    store: Store,
    authority: Authority,
    members: RwLock<Arc<Members>>,
    bell: Bell,
    intake: Intake,
    /// When the store last proved that it can write, and whether it could.
    proved: tokio::sync::Mutex<Option<(Timestamp, bool)>>,
    max_parcel_bytes: u64,
}

impl Hub {
    pub fn new(store: Store, authority: Authority, max_parcel_bytes: u64, now: Timestamp) -> Result<Self, HubError> {
        let members = RwLock::new(Arc::new(read_members(&store, &authority, now)?));
        Ok(Self {
            store,
            authority,
            members,
            bell: Bell::default(),
            intake: Intake::new(max_parcel_bytes),
            proved: tokio::sync::Mutex::default(),
            max_parcel_bytes,
        })
    }

    pub fn store(&self) -> &Store {
        &self.store
    }
    pub fn bell(&self) -> &Bell {
        &self.bell
    }
    pub fn intake(&self) -> &Intake {
        &self.intake
    }
    pub fn max_parcel_bytes(&self) -> u64 {
        self.max_parcel_bytes
    }
    /// How much one office may have begun and not finished, in bytes.
    pub fn most_begun_bytes(&self) -> u64 {
        self.max_parcel_bytes.saturating_mul(4)
    }
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
    /// The revocation list in force (DER).
    pub fn crl(&self) -> Arc<[u8]> {
        Arc::clone(&self.members().crl)
    }

    pub fn standing_of(&self, caller: &Caller) -> Standing {
        let members = self.members();
        if members.standing.revoked.contains_key(&caller.serial) {
            Standing::Revoked
        } else if members.standing.offices.contains(&caller.office) {
            Standing::Member
        } else {
            Standing::Stranger
        }
    }

    /// Whom the hub trusts at `at`: its own authority, less what was withdrawn.
    pub fn trust(&self, at: Timestamp) -> Trust {
        Trust {
            roots: vec![self.authority.certificate_der()],
            crls: vec![CertificateRevocationListDer::from(self.crl().to_vec())],
            at,
        }
    }

    /// Reads the directory again if it changed or the list got old. Says whether the list is a new one.
    pub fn refresh(&self, now: Timestamp) -> Result<bool, HubError> {
        let members = self.members();
        let version = self.store.read_now(directory::version)?;
        let fresh = now.duration_since(members.made_at) < RENEW_LIST_AFTER;
        if version == members.version && fresh {
            return Ok(false);
        }
        let members = read_members(&self.store, &self.authority, now)?;
        *self.members.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(members);
        Ok(true)
    }

    /// Whether the hub can do its work. The store writes something, at most every few seconds however often it is asked.
    pub async fn health(&self, now: Timestamp) -> Health {
        let crl = now.duration_since(self.members().made_at) < OLD_LIST_AFTER;
        let mut proved = self.proved.lock().await;
        let store = match *proved {
            Some((at, could)) if now.duration_since(at).abs() < PROVE_EVERY => could,
            _ => {
                let could = self.store.write(move |connection| prove(connection, now)).await;
                if let Err(error) = &could {
                    tracing::error!(%error, "the store cannot write");
                }
                could.is_ok()
            }
        };
        *proved = Some((now, store));
        Health { store, crl }
    }

    fn members(&self) -> Arc<Members> {
        Arc::clone(&self.members.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn prove(connection: &rusqlite::Connection, now: Timestamp) -> Result<(), StoreError> {
    connection
        .execute("UPDATE counter SET value = ?1 WHERE name = 'health'", [now.as_millisecond()])
        .named("prove that it can write")
        .map(|_| ())
}

fn read_members(store: &Store, authority: &Authority, now: Timestamp) -> Result<Members, HubError> {
    // The version is read first: a change in between is seen again at the next look.
    let version = store.read_now(directory::version)?;
    let standing = store.read_now(directory::standing)?;
    let number = store.write_now(directory::next_crl_number)?;
    let revoked: Vec<(String, Timestamp)> = standing.revoked.iter().map(|(serial, at)| (serial.clone(), *at)).collect();
    let crl = authority.crl(&revoked, number, now)?;
    Ok(Members { version, standing, crl: crl.into(), made_at: now })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_made_anew_when_it_is_old_and_only_then() {
        let dir = tempfile::tempdir().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let start = at("2026-06-01T00:00:00Z");
        let authority = Authority::create(&dir.path().join("ca"), "Tayori", start).unwrap();
        let hub = Hub::new(Store::open(&dir.path().join("hub.db")).unwrap(), authority, 1, start).unwrap();
        assert!(!hub.refresh(at("2026-06-01T11:59:59Z")).unwrap());
        assert!(hub.refresh(at("2026-06-01T12:00:00Z")).unwrap());
        assert!(!hub.refresh(at("2026-06-01T23:59:59Z")).unwrap(), "its age counts from when it was made");
    }
}
