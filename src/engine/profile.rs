//! One terminal's folder: its settings, its identity, its history.
//!
//! ```text
//! DIR/settings.toml   which office, which hub, which folders
//! DIR/vault.toml      how the key is kept that opens the rest
//! DIR/identity/       keys (sealed) and certificates; the keys must stay here
//! DIR/mail.sealed     the password of the mail server, where one is told of what comes
//! DIR/history.db      everything written, sent and received (encrypted)
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::exchange::Exchange;
use super::failure::{of_history, of_identity, of_link, of_vault};
use super::habits::{FolderHabits, ImportFolders, NoticeHabits};
use super::model::{Failure, Secret};
use super::papers::Papers;
use super::templates::Template;
use super::terminal::Terminal;
use crate::desks::Desk;
use crate::history::{History, HistoryError};
use crate::identity::files::{self, FileError};
use crate::identity::{Identity, IdentityError, Unlock, VAULT_FILE, Vault, VaultError};
use crate::link::session::Session;
use crate::link::{HubLink, LinkError};
use crate::release::Keys;
use crate::standard::OfficeNumber;

const HISTORY: &str = "history.db";
const MAIL_PASSWORD: &str = "mail.sealed";
/// What it is sealed under.
const MAIL_LABEL: &str = "mail password";

/// What opens the mail server for the notices of a terminal's folder; `None` where nobody has given one.
pub fn mail_password(dir: &Path) -> Result<Option<Secret>, ProfileError> {
    let sealed = match files::read(&dir.join(MAIL_PASSWORD)) {
        Err(FileError::Missing { .. }) => return Ok(None),
        read => read.map_err(VaultError::from)?,
    };
    let text = vault_of(dir, &Unlock::ByItself)?.unseal(MAIL_LABEL, &sealed)?;
    Ok(Some(Secret::new(String::from_utf8_lossy(&text).into_owned())))
}

/// The vault of a terminal's folder; a new one where there is none. But not where something is sealed already: a new key would
/// not open it, and the old one may yet be found.
pub fn vault_of(dir: &Path, unlock: &Unlock) -> Result<Vault, VaultError> {
    match Vault::open(dir, unlock) {
        Err(VaultError::Missing { .. }) if holds_sealed(dir) => {
            Err(VaultError::Broken { path: dir.join(VAULT_FILE), reason: "it is gone, but its keys are here".into() })
        }
        Err(VaultError::Missing { .. }) => Vault::create(dir, unlock),
        opened => opened,
    }
}

fn holds_sealed(dir: &Path) -> bool {
    let is_sealed = |path: PathBuf| path.extension().is_some_and(|ending| ending == "sealed");
    let entries = fs::read_dir(dir.join("identity")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(is_sealed)
}

/// What the user can set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub office: OfficeNumber,
    pub office_name: String,
    /// The hub's address, such as `https://hub.example.jp:8443`.
    pub hub: String,
    /// Where the care software puts what is to be sent.
    pub outgoing: PathBuf,
    /// Where the care software looks for what came.
    pub import: PathBuf,
    /// 窓口: the one this terminal looks after; `None` for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
    /// The desks of the office and what each looks after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub desks: Vec<Desk>,
    #[serde(default)]
    pub folders: FolderHabits,
    #[serde(default)]
    pub notices: NoticeHabits,
    /// What can be taken for a message.
    #[serde(default = "super::templates::starters")]
    pub templates: Vec<Template>,
}

impl Settings {
    /// The settings of a terminal whose people have chosen nothing else yet.
    pub fn new(office: OfficeNumber, office_name: String, hub: String, outgoing: PathBuf, import: PathBuf) -> Self {
        let (folders, notices) = (FolderHabits::default(), NoticeHabits::default());
        let (desk, desks, templates) = (None, Vec::new(), super::templates::starters());
        Self { office, office_name, hub, outgoing, import, desk, desks, folders, notices, templates }
    }

    /// Every folder where care software puts what is to be sent.
    pub fn outgoing_folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.outgoing.clone()];
        for more in &self.folders.more_outgoing {
            if !folders.contains(more) {
                folders.push(more.clone());
            }
        }
        folders
    }

    /// Where what comes goes.
    pub fn import_folders(&self) -> ImportFolders {
        ImportFolders {
            general: self.import.clone(),
            rules: self.folders.import_rules.clone(),
            national: self.folders.national.clone(),
        }
    }
}

/// A terminal that is set up.
#[derive(Clone, Debug)]
pub struct Profile {
    dir: PathBuf,
    pub settings: Settings,
}

#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    #[error("{0} is not set up yet")]
    Missing(PathBuf),
    #[error("cannot read or write {path}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} is not valid: {reason}")]
    Settings { path: PathBuf, reason: String },
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl ProfileError {
    /// The same for a user.
    pub fn failure(&self) -> Failure {
        match self {
            ProfileError::Missing(_) => Failure::NotSetUp,
            ProfileError::Io { path, source } => crate::folders::failure_of(source, path),
            ProfileError::Settings { path, .. } => Failure::FileUnreadable { name: path.display().to_string() },
            ProfileError::Identity(error) => of_identity(error),
            ProfileError::Vault(error) => of_vault(error),
            ProfileError::History(error) => of_history(error),
            ProfileError::Link(error) => of_link(error),
        }
    }
}

impl Profile {
    /// The folder used when none is named: the system's place for a program's data.
    pub fn default_dir() -> Option<PathBuf> {
        directories::ProjectDirs::from("jp", "", "Tayori").map(|dirs| dirs.data_local_dir().to_owned())
    }

    /// Writes the settings of a terminal; makes its folders.
    pub fn create(dir: &Path, settings: Settings) -> Result<Self, ProfileError> {
        for folder in [dir, &settings.outgoing, &settings.import] {
            fs::create_dir_all(folder).map_err(|source| ProfileError::Io { path: folder.to_owned(), source })?;
        }
        let profile = Self { dir: dir.to_owned(), settings };
        profile.save()?;
        Ok(profile)
    }

    pub fn open(dir: &Path) -> Result<Self, ProfileError> {
        let path = dir.join("settings.toml");
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ProfileError::Missing(dir.to_owned())),
            read => read.map_err(|source| ProfileError::Io { path: path.clone(), source })?,
        };
        let settings = toml::from_str(&text)
            .map_err(|error| ProfileError::Settings { path, reason: error.message().to_owned() })?;
        Ok(Self { dir: dir.to_owned(), settings })
    }

    /// Keeps changed settings; the file is whole or as it was.
    pub fn save(&self) -> Result<(), ProfileError> {
        let path = self.dir.join("settings.toml");
        let text = toml::to_string(&self.settings)
            .map_err(|error| ProfileError::Settings { path: path.clone(), reason: error.to_string() })?;
        let io = |source| ProfileError::Io { path: path.clone(), source };
        let mut file = tempfile::NamedTempFile::new_in(&self.dir).map_err(io)?;
        io::Write::write_all(&mut file, text.as_bytes()).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(&path).map(|_| ()).map_err(|error| io(error.error))
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }
    pub fn identity_dir(&self) -> PathBuf {
        self.dir.join("identity")
    }

    /// What everything private here is encrypted with. Made at the first call, where an older version left none; from then
    /// on this process finds it open.
    pub fn vault(&self) -> Result<Vault, ProfileError> {
        Ok(vault_of(&self.dir, &Unlock::ByItself)?)
    }

    /// Opens the vault with what a person typed. Afterwards everything else here opens by itself.
    pub fn unlock(&self, unlock: &Unlock) -> Result<(), ProfileError> {
        vault_of(&self.dir, unlock)?;
        Ok(())
    }

    /// Keeps what opens the mail server, sealed; an empty one is forgotten.
    pub fn keep_mail_password(&self, password: &Secret) -> Result<(), ProfileError> {
        let path = self.dir.join(MAIL_PASSWORD);
        if password.reveal().is_empty() {
            return match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => Err(ProfileError::Io { path, source }),
                _ => Ok(()),
            };
        }
        let sealed = self.vault()?.seal(MAIL_LABEL, password.reveal().as_bytes())?;
        let kept = files::stage(&path, &sealed).and_then(files::Staged::commit);
        Ok(kept.map_err(VaultError::from)?)
    }

    /// What is in the history stays readable, with a certificate or without.
    pub fn history(&self) -> Result<History, ProfileError> {
        let mut history = History::open(&self.dir.join(HISTORY), self.vault()?.database_key())?;
        history.set_desks(&self.settings.desks);
        Ok(history)
    }

    /// This terminal's end, whether or not its certificate is still good.
    pub fn terminal(&self) -> Result<Terminal, ProfileError> {
        let (papers, identity) = Papers::open(self.identity_dir(), self.vault()?)?;
        let history = self.history()?;
        Ok(Terminal {
            office: self.settings.office,
            identity,
            papers,
            history,
            import: self.settings.import_folders(),
            names_persons: self.settings.notices.persons,
            release_keys: Keys::built_in(),
            turn: self.dir.join("exchange.lock"),
        })
    }

    /// The way to the hub, with the login that all programs of this terminal share.
    pub fn link(&self, identity: &Identity) -> Result<HubLink, ProfileError> {
        let session = Session::new(self.history()?, self.dir.join("login.lock"));
        let tls = identity.lasting_client_config(self.identity_dir(), self.vault()?)?;
        Ok(HubLink::new(&self.settings.hub, tls)?.with_session(session))
    }

    pub fn exchange(&self) -> Result<Exchange, ProfileError> {
        let terminal = self.terminal()?;
        let link = Box::new(self.link(&terminal.identity)?);
        Ok(Exchange::new(terminal, link))
    }
}
