//! The hub's folder: its settings, its store, its certificate authority.
//!
//! ```text
//! DIR/hub.toml    settings, written by `tayori-hub init`
//! DIR/hub.db      the store, unless the settings name a PostgreSQL that several hubs share
//! DIR/ca/         the certificate authority; its key must stay here
//! DIR/release.json  the word about a newer version, if there is one to hand out
//! ```

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::audit::{self, Actor, DONE};
use super::authority::{Authority, AuthorityError};
use super::codes::{self, NewCode};
use super::external::{External, ExternalSettings};
use super::letter::Letter;
use super::release::Announcement;
use super::settings::EXPLAINED;
pub use super::settings::{HubSettings, default_limit};
use super::state::{Hub, HubError};
use super::stores::postgres::{Address, AddressError};
use super::stores::{Store, StoreError};
use super::terminals::{self, Terminal};
use super::{directory, roll, serve};
use crate::identity::code::Code;
use crate::identity::files;
use crate::parcel::certificate;
use crate::standard::{OfficeNumber, ServiceType};

#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    #[error("there is a hub in {0} already")]
    Exists(PathBuf),
    #[error("there is no hub in {0}: run `tayori-hub init` first")]
    Missing(PathBuf),
    #[error("cannot read or write {path}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path} is not valid: {reason}")]
    Settings { path: PathBuf, reason: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error(transparent)]
    Hub(#[from] HubError),
}

/// A one-time code just made.
#[derive(Debug)]
pub struct MadeCode {
    pub code: Code,
    /// Of the office.
    pub name: String,
    pub until: Timestamp,
}

/// What the operator says of the store beside the settings.
#[derive(Clone, Default)]
pub struct StoreChoice {
    /// Instead of the settings' `store`.
    pub url: Option<String>,
    /// For a URL without one.
    pub password: Option<String>,
}

impl std::fmt::Debug for StoreChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreChoice").finish_non_exhaustive()
    }
}

impl StoreChoice {
    /// Where the store is, if it is not the hub's own file.
    pub fn address(&self, dir: &Path, settings: &HubSettings) -> Result<Option<Address>, AddressError> {
        let ca = settings.store_ca.as_ref().map(|ca| dir.join(ca));
        let url = self.url.as_deref().or(settings.store.as_deref());
        url.map(|url| Address::new(url, self.password.as_deref(), ca.as_deref())).transpose()
    }

    fn open(&self, dir: &Path, settings: &HubSettings) -> Result<Store, HomeError> {
        Ok(match self.address(dir, settings)? {
            Some(address) => {
                let store = Store::connect(&address)?;
                store.is_fit(Timestamp::now())?;
                store
            }
            None => Store::open(&dir.join("hub.db"))?,
        })
    }
}

/// A hub that is not running.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    pub settings: HubSettings,
    pub store: Store,
    pub authority: Authority,
}

impl Home {
    /// Makes a hub in an empty or new folder.
    pub fn init(dir: &Path, settings: HubSettings, now: Timestamp) -> Result<Self, HomeError> {
        Self::init_with(dir, settings, &StoreChoice::default(), now)
    }

    /// The same with its store elsewhere. The settings then name it, without its password.
    pub fn init_with(
        dir: &Path,
        mut settings: HubSettings,
        choice: &StoreChoice,
        now: Timestamp,
    ) -> Result<Self, HomeError> {
        if let Some(url) = &choice.url {
            settings.store = Some(Address::without_password(url));
        }
        let file = dir.join("hub.toml");
        if file.exists() {
            return Err(HomeError::Exists(dir.to_owned()));
        }
        let io = |source| HomeError::Io { path: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(io)?;
        let authority = match Authority::create(&dir.join("ca"), "Tayori", now) {
            // A run that was cut off before it wrote hub.toml: its authority is as good as a new one.
            Err(AuthorityError::Exists { .. }) => Authority::open(&dir.join("ca"))?,
            made => made?,
        };
        let store = choice.open(dir, &settings)?;
        let text = toml::to_string(&settings)
            .map_err(|error| HomeError::Settings { path: file.clone(), reason: error.to_string() })?
            + EXPLAINED;
        // Written last, and whole: a folder with hub.toml is a whole hub.
        files::stage(&file, text.as_bytes()).and_then(|staged| staged.commit_new()).map_err(AuthorityError::from)?;
        Ok(Self { dir: dir.to_owned(), settings, store, authority })
    }

    pub fn open(dir: &Path) -> Result<Self, HomeError> {
        Self::open_with(dir, &StoreChoice::default())
    }

    /// The same, with what the operator says of the store.
    pub fn open_with(dir: &Path, choice: &StoreChoice) -> Result<Self, HomeError> {
        let settings = Self::settings(dir)?;
        let authority = Authority::open(&dir.join("ca"))?;
        let store = choice.open(dir, &settings)?;
        Ok(Self { dir: dir.to_owned(), settings, store, authority })
    }

    /// What the operator has set.
    pub fn settings(dir: &Path) -> Result<HubSettings, HomeError> {
        let file = dir.join("hub.toml");
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(HomeError::Missing(dir.to_owned()));
            }
            read => read.map_err(|source| HomeError::Io { path: file.clone(), source })?,
        };
        toml::from_str(&text).map_err(|error| HomeError::Settings { path: file, reason: error.message().to_owned() })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The certificate every client must have to trust this hub.
    pub fn ca_certificate(&self) -> PathBuf {
        self.dir.join("ca").join("ca.pem")
    }

    /// Registers an office; with a certificate request, also issues its certificate (PEM).
    pub fn add_office(
        &self,
        office: OfficeNumber,
        service: ServiceType,
        name: &str,
        request: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<String>, HomeError> {
        let issued = match request {
            Some(csr) => Some(self.authority.issue_office(csr, office, now, self.settings.certificate_days)?),
            None => None,
        };
        let kept = issued.as_ref().map(|issued| (issued.serial_hex.clone(), issued.der.clone(), issued.not_after));
        let name = name.to_owned();
        self.store.write_now(move |connection| {
            directory::register(connection, office, service, &name, now)?;
            if let Some((serial, der, not_after)) = kept {
                directory::add_certificate(connection, office, &serial, &der, not_after, now)?;
            }
            audit::record(connection, &Actor::operator(), "register-office", office.as_str(), DONE, now)
        })?;
        Ok(issued.map(|issued| issued.pem))
    }

    /// Registers every office of a list, or none: those that are known get their new name and service.
    pub fn add_offices(&self, rows: Vec<roll::Row>, now: Timestamp) -> Result<(), HomeError> {
        Ok(self.store.write_now(move |connection| {
            rows.iter().try_for_each(|row| {
                directory::register(connection, row.office, row.service, &row.name, now)?;
                audit::record(connection, &Actor::operator(), "register-office", row.office.as_str(), DONE, now)
            })
        })?)
    }

    /// Makes a one-time code for an office; `None` if it is not registered. With `new_key` the office gets a new key in
    /// place of one that is lost: its old certificates are withdrawn when the code is used, and partners are asked.
    pub fn make_code(
        &self,
        office: OfficeNumber,
        new_key: bool,
        now: Timestamp,
    ) -> Result<Option<MadeCode>, HomeError> {
        let code = Code::new().map_err(|_| AuthorityError::NoRandomness)?;
        let kept = NewCode::of_operator(&code, office, new_key, now);
        let until = kept.expires_at;
        let name = self.store.write_now(move |connection| {
            let Some((_, name)) = directory::entry(connection, office)? else { return Ok(None) };
            codes::keep(connection, &kept, now)?;
            audit::record(connection, &Actor::operator(), "make-code", office.as_str(), DONE, now)?;
            Ok(Some(name))
        })?;
        Ok(name.map(|name| MadeCode { code, name, until }))
    }

    /// The letter that brings a code to its office.
    pub fn letter(&self, office: OfficeNumber, made: &MadeCode) -> String {
        let authority = certificate::fingerprint(&self.authority.certificate_der());
        let hub = self.settings.public_address();
        Letter { office, name: &made.name, hub: &hub, code: &made.code, authority: &authority, until: made.until }
            .text()
    }

    /// The terminals of an office, those that were withdrawn among them.
    pub fn terminals(&self, office: OfficeNumber) -> Result<Vec<Terminal>, HomeError> {
        Ok(self.store.read_now(|connection| terminals::list(connection, office))?)
    }

    /// Withdraws one terminal, whoever's it is, by the beginning of its id. Says whose and which it was; `None` if none or
    /// several begin so.
    pub fn revoke_terminal(&self, id: &str, now: Timestamp) -> Result<Option<Terminal>, HomeError> {
        let id = id.to_ascii_lowercase();
        Ok(self.store.write_now(move |connection| {
            let Some(found) = terminals::beginning(connection, &id)? else { return Ok(None) };
            let revoked = terminals::revoke(connection, found.office, &found.id, &Actor::operator(), now)?;
            if !revoked {
                audit::record(connection, &Actor::operator(), "revoke-terminal", &found.id, "not-registered", now)?;
            }
            Ok(revoked.then_some(found))
        })?)
    }

    /// Withdraws an office. A running hub notices within a second or two.
    pub fn revoke(&self, office: OfficeNumber, now: Timestamp) -> Result<bool, HomeError> {
        Ok(self.store.write_now(move |connection| {
            let revoked = directory::revoke(connection, office, now)?;
            let result = if revoked { DONE } else { "not-registered" };
            audit::record(connection, &Actor::operator(), "revoke-office", office.as_str(), result, now)?;
            Ok(revoked)
        })?)
    }

    pub fn offices(&self, now: Timestamp) -> Result<Vec<directory::Registered>, HomeError> {
        Ok(self.store.read_now(|connection| directory::list(connection, now))?)
    }

    /// Notes in the record that the operator changed the word about a newer version.
    pub fn note_release(&self, action: &'static str, said: &str, now: Timestamp) -> Result<(), HomeError> {
        let said = said.to_owned();
        Ok(self
            .store
            .write_now(move |connection| audit::record(connection, &Actor::operator(), action, &said, DONE, now))?)
    }

    /// Starts serving on a thread of its own; `listen` overrides the settings.
    pub fn serve(self, listen: Option<SocketAddr>) -> Result<serve::Running, serve::ServeError> {
        let address = listen.unwrap_or(self.settings.listen);
        let hosts = self.settings.hosts.clone();
        let open = |settings: &ExternalSettings| External::open(settings, &self.dir);
        let externals = self.settings.external.iter().map(open).collect::<Result<_, _>>()?;
        let hub = Hub::new(self.store, self.authority, self.settings.max_parcel_bytes, Timestamp::now())?
            .with_settings(&self.settings)
            .trusting(externals)
            .announcing(Announcement::in_folder(&self.dir));
        serve::start(hub, &hosts, address)
    }
}
