//! What a running hub holds: its store, who may call, the revocation list, and the bell.
//!
//! The operator's commands change the store from another program, so [`Hub::refresh`] looks at the directory's version
//! every second and makes a new revocation list when something was withdrawn, or when the list gets old. A hub that
//! cannot make one keeps the last, which is good for seven days; after that it says that it cannot check, to everyone,
//! rather than letting a withdrawn office in or calling anybody withdrawn.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use super::accounts::{self, Accounts, LoginSettings, Origin};
use super::authority::{Authority, AuthorityError, CRL_DAYS, OFFICE_DAYS};
use super::bell::Bell;
use super::cursors::Cursors;
use super::directory;
use super::enrol::Terms;
use super::external::{External, ExternalCaller};
use super::intake::Intake;
use super::limits::Limiter;
use super::metrics::Metrics;
use super::release::Announcement;
use super::revocation::RevocationList;
use super::settings::{HubSettings, Keeping, Limits};
use super::stores::{Connection, Store, StoreError, values};
use super::tries::Tries;
use crate::parcel::{Trust, certificate};
use crate::standard::OfficeNumber;
use crate::wire::Health;

/// Afterwards a list says nothing about certificates any more.
const LIST_IS_GOOD_FOR: SignedDuration = SignedDuration::from_hours(24 * CRL_DAYS as i64);

/// A list that is older was not renewed, though it should have been.
const OLD_LIST_AFTER: SignedDuration = SignedDuration::from_hours(36);
/// How often the store is made to prove that it can write, at most.
const PROVE_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// Who is calling, as the verified certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub office: OfficeNumber,
    /// Of the certificate it shows, lower-case hex; another one after a renewal.
    pub serial: String,
    /// The terminal's id: the same for as long as the terminal is part of the exchange.
    pub terminal: String,
}

/// Whose certificate was shown on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    Terminal(Caller),
    /// One of another authority's: good for enrolling and for nothing else.
    External(ExternalCaller),
}

impl Caller {
    /// Where it comes from, for whoever looks at its login.
    pub fn origin(&self) -> Origin<'_> {
        Origin { office: self.office, terminal: &self.terminal }
    }
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
    /// Something was withdrawn that is not on the list yet.
    list_lacks: bool,
    list: RevocationList,
}

#[derive(Debug)]
pub struct Hub {
    store: Store,
    authority: Authority,
    accounts: Accounts,
    /// The accounts as last looked at; another program may change them.
    accounts_version: AtomicI64,
    members: RwLock<Members>,
    /// One looks for changes at a time.
    looking: Mutex<()>,
    bell: Arc<Bell>,
    cursors: Cursors,
    intake: Intake,
    /// When the store last proved that it can write, and whether it could.
    proved: tokio::sync::Mutex<Option<(Timestamp, bool)>>,
    limiter: Arc<Limiter>,
    metrics: Metrics,
    settings: Settings,
    /// When the certificate ends under which the hub answers.
    server_until: OnceLock<Timestamp>,
    externals: Vec<External>,
    tries: Tries,
    announcement: Announcement,
}

/// What of the operator's settings is asked for while the hub runs.
#[derive(Debug)]
struct Settings {
    max_parcel_bytes: u64,
    limits: Limits,
    keeping: Keeping,
    metrics: Option<SocketAddr>,
    certificate_days: u32,
}

impl Hub {
    pub fn new(store: Store, authority: Authority, max_parcel_bytes: u64, now: Timestamp) -> Result<Self, HubError> {
        let members = RwLock::new(read_members(&store, &authority, now)?);
        let accounts = Accounts::new(store.clone(), LoginSettings::default(), now);
        let bell = Bell::over(&store);
        let (metrics, limits) = (Metrics::new(&store), Limits::default());
        Ok(Self {
            store,
            authority,
            accounts,
            accounts_version: AtomicI64::default(),
            members,
            looking: Mutex::default(),
            bell,
            cursors: Cursors::default(),
            intake: Intake::new(max_parcel_bytes),
            proved: tokio::sync::Mutex::default(),
            limiter: Arc::new(Limiter::new(limits)),
            metrics,
            settings: Settings {
                max_parcel_bytes,
                limits,
                keeping: Keeping::default(),
                metrics: None,
                certificate_days: OFFICE_DAYS,
            },
            server_until: OnceLock::new(),
            externals: Vec::new(),
            tries: Tries::default(),
            announcement: Announcement::default(),
        })
    }

    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }
    /// The same hub as its operator wants it.
    pub fn with_settings(mut self, settings: &HubSettings) -> Self {
        let HubSettings { max_parcel_bytes, limits, keeping, metrics, certificate_days, login, .. } = *settings;
        self.accounts = self.accounts.with_settings(login);
        self.intake = Intake::new(max_parcel_bytes).with_allowance(Duration::from_secs(limits.body_seconds.into()));
        self.limiter = Arc::new(Limiter::new(limits));
        self.settings = Settings { max_parcel_bytes, limits, keeping, metrics, certificate_days };
        self
    }

    /// The same, letting offices enrol with certificates of these authorities.
    #[must_use]
    pub fn trusting(self, externals: Vec<External>) -> Self {
        Self { externals, ..self }
    }

    /// The same, handing out what the operator has to say of a newer version.
    #[must_use]
    pub fn announcing(self, announcement: Announcement) -> Self {
        Self { announcement, ..self }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }
    pub fn bell(&self) -> &Bell {
        &self.bell
    }
    pub fn cursors(&self) -> &Cursors {
        &self.cursors
    }
    pub fn intake(&self) -> &Intake {
        &self.intake
    }
    pub fn max_parcel_bytes(&self) -> u64 {
        self.settings.max_parcel_bytes
    }
    pub fn limits(&self) -> &Limits {
        &self.settings.limits
    }
    pub fn keeping(&self) -> Keeping {
        self.settings.keeping
    }
    pub fn limiter(&self) -> &Arc<Limiter> {
        &self.limiter
    }
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
    /// Where the operator's own monitoring is to find us.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.settings.metrics
    }
    pub fn server_until(&self) -> &OnceLock<Timestamp> {
        &self.server_until
    }
    /// When the revocation list in force was made.
    pub fn list_made_at(&self) -> Timestamp {
        self.members().list.made_at()
    }
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
    pub fn terms(&self) -> Terms<'_> {
        Terms { authority: &self.authority, days: self.settings.certificate_days }
    }
    pub fn externals(&self) -> &[External] {
        &self.externals
    }
    pub fn announcement(&self) -> &Announcement {
        &self.announcement
    }
    /// Failures of those who want in.
    pub fn tries(&self) -> &Tries {
        &self.tries
    }
    /// The revocation list in force.
    pub fn list(&self) -> RevocationList {
        self.members().list.clone()
    }

    /// The same as it is sent (DER).
    pub fn crl(&self) -> Arc<[u8]> {
        Arc::clone(self.members().list.der())
    }

    /// Whether that list says anything about certificates at `now`.
    pub fn list_is_current(&self, now: Timestamp) -> bool {
        now.duration_since(self.list_made_at()) < LIST_IS_GOOD_FOR
    }

    /// Whose certificate this is. That it is to be believed is settled when the connection is made.
    pub fn shown_by(&self, chain: &[CertificateDer<'_>]) -> Option<Shown> {
        let certificate = chain.first()?;
        // An authority of others may give a certificate any number, ours among them.
        if !self.externals.is_empty() && !super::gate::is_issued_by(certificate, &self.authority.certificate_der()) {
            return self.externals.iter().find_map(|external| external.caller(chain)).map(Shown::External);
        }
        let office = certificate::office_of(certificate).ok()?;
        let serial = certificate::serial_of(certificate).ok()?;
        let known = self.members().standing.terminals.get(&serial).cloned();
        // One that came in since the last look: asked for once, when its first connection is made.
        let terminal = known.or_else(|| self.store.read_now(|c| directory::terminal_of(c, &serial)).ok().flatten());
        Some(Shown::Terminal(Caller { office, terminal: terminal.unwrap_or_else(|| serial.clone()), serial }))
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
        self.announcement.look();
        let accounts = self.store.read_now(accounts::version)?;
        if self.accounts_version.swap(accounts, Ordering::Relaxed) != accounts {
            self.accounts.forget_all();
            // Whoever lost its login while it waited for mail is to hear so now.
            self.bell.ring_everyone();
        }
        let looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.members().version;
        let version = self.store.read_now(directory::version)?;
        if version > known {
            let changed = self.store.read_now(|c| directory::standing_after(c, known))?;
            let mut members = self.members_to_change();
            members.list_lacks |= members.standing.apply(changed);
            members.version = version;
        } else if version < known {
            // The database was brought back to an earlier moment.
            let standing = self.store.read_now(directory::standing)?;
            let mut members = self.members_to_change();
            (members.version, members.standing, members.list_lacks) = (version, standing, true);
        }
        let revoked = {
            let members = self.members();
            (members.list_lacks || members.list.is_old(now)).then(|| members.standing.revoked())
        };
        let Some(revoked) = revoked else { return Ok(false) };
        let list = new_list(&self.store, &self.authority, &revoked, now)?;
        {
            let mut members = self.members_to_change();
            (members.list, members.list_lacks) = (list, false);
        }
        drop(looking);
        // Whoever was withdrawn while it waited for mail is to hear so now.
        self.bell.ring_everyone();
        Ok(true)
    }

    /// What was written up to now counts from here on, not only when the hub looks by itself.
    pub async fn look_again(self: &Arc<Self>) {
        let hub = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || hub.refresh(Timestamp::now())).await;
        if let Ok(Err(error)) = looked {
            tracing::error!(%error, "the directory could not be read; the hub looks again by itself");
        }
    }

    /// Whether the hub can do its work. The store writes something, at most every few seconds however often it is asked.
    pub async fn health(&self, now: Timestamp) -> Health {
        let crl = now.duration_since(self.list_made_at()) < OLD_LIST_AFTER;
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

    fn members(&self) -> RwLockReadGuard<'_, Members> {
        self.members.read().unwrap_or_else(PoisonError::into_inner)
    }
    fn members_to_change(&self) -> RwLockWriteGuard<'_, Members> {
        self.members.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn prove(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let prove = "UPDATE counter SET value = ?1 WHERE name = 'health'";
    connection.execute("prove that it can write", prove, values![now])?;
    connection.is_fit(now).map_err(StoreError::Unfit)
}

fn read_members(store: &Store, authority: &Authority, now: Timestamp) -> Result<Members, HubError> {
    // The version is read first: a change in between is seen again at the next look.
    let version = store.read_now(directory::version)?;
    let standing = store.read_now(directory::standing)?;
    let list = new_list(store, authority, &standing.revoked(), now)?;
    Ok(Members { version, standing, list_lacks: false, list })
}

fn new_list(
    store: &Store,
    authority: &Authority,
    revoked: &[(String, Timestamp)],
    now: Timestamp,
) -> Result<RevocationList, HubError> {
    let number = store.write_now(directory::next_crl_number)?;
    Ok(RevocationList::new(authority, revoked, number, now)?)
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
        let hub = Hub::new(crate::hub::stores::testing::store(dir.path()), authority, 1, start).unwrap();
        assert!(!hub.refresh(at("2026-06-01T11:59:59Z")).unwrap());
        assert!(hub.refresh(at("2026-06-01T12:00:00Z")).unwrap());
        assert!(!hub.refresh(at("2026-06-01T23:59:59Z")).unwrap(), "its age counts from when it was made");
    }
}
