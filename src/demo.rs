//! A whole district on this machine: a hub with its own authority, offices with their own keys, a month's files.
//!
//! Nothing here is a shortcut: the offices are ordinary terminals with profiles of their own, and every parcel goes
//! over mutual TLS through an ordinary hub. Only their care software is played: what arrives in an import folder is
//! taken out of it, as care software does, and kept in the folder beside.
//!
//! ```text
//! DIR/hub/                       the hub
//! DIR/vault.toml                 what every office's data is encrypted with
//! DIR/passphrase.txt             what opens it: everything here is made up, so there is nothing to protect
//! DIR/offices/NUMBER/profile/    the terminal's settings, identity, history
//! DIR/offices/NUMBER/outgoing/   what its care software put out for the month
//! DIR/offices/NUMBER/import/     where its care software looks
//! DIR/offices/NUMBER/imported/   what its care software has taken
//! ```

mod headless;
mod month;
mod neighbours;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use headless::{Report, run};
pub use month::MonthError;
pub use neighbours::Neighbours;

use crate::engine::enrol::{By, Entry, enter};
use crate::engine::profile::{Profile, ProfileError, Settings};
use crate::history::HistoryError;
use crate::hub::home::{Home, HomeError, HubSettings, MadeCode};
use crate::hub::{Running, ServeError};
use crate::identity::{Identity, IdentityError, Unlock, Vault, VaultError};
use crate::link::{Link as _, LinkError};
use crate::standard::OfficeNumber;
use crate::wire::{DirectoryPlace, Secret};
use month::{Month, OfficeRow};

/// Who sits at every terminal of the district. Made up, like its offices and all they send.
pub const USER: &str = "demo";
pub const PASSWORD: &str = "otameshi-no-hibi";
/// Everybody may know it: the district's people are made up.
const PASSPHRASE: &str = "otameshi-no-machi";

/// A district with its hub running. Dropping it stops the hub.
#[derive(Debug)]
pub struct District {
    pub offices: Vec<DemoOffice>,
    hub: Running,
}

/// One office of the district.
#[derive(Clone, Debug)]
pub struct DemoOffice {
    pub profile: Profile,
    /// What its care software has taken.
    pub imported: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("cannot read or write {path}")]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Month(#[from] MonthError),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("{office} could not join: {failure}")]
    NotEnrolled { office: OfficeNumber, failure: String },
    #[error("the district's user id is none")]
    NoUser,
    #[error("there is no office {0} in the district")]
    NoSuchOffice(OfficeNumber),
}

impl District {
    /// Opens the district in `dir`, or makes what of it is missing, and starts its hub.
    pub fn open(dir: &Path) -> Result<Self, DemoError> {
        let now = Timestamp::now();
        // The settings are to hold wherever the next run starts.
        let dir = &std::path::absolute(dir).map_err(|source| DemoError::Io { path: dir.to_owned(), source })?;
        let month = Month::embedded()?;
        let home = open_hub(&dir.join("hub"), now)?;
        let vault = open_vault(dir)?;
        let rows = month.offices()?;
        let (mut offices, mut codes) = (Vec::new(), Vec::new());
        for row in &rows {
            let (office, code) =
                prepare_office(&dir.join("offices").join(row.number.as_str()), row, &home, &vault, now)?;
            offices.push(office);
            codes.push(code);
            month.put_out(row.number, &dir.join("offices").join(row.number.as_str()).join("outgoing"))?;
        }
        let hub = home.serve(None)?;
        let address = format!("https://localhost:{}", hub.address().port());
        for office in &mut offices {
            // The port is another one at every start.
            office.profile.settings.hub.clone_from(&address);
            office.profile.save()?;
        }
        enrol(&mut offices, codes)?;
        log_everybody_in(&offices)?;
        Ok(Self { offices, hub })
    }

    pub fn office(&self, number: OfficeNumber) -> Result<&DemoOffice, DemoError> {
        self.offices
            .iter()
            .find(|office| office.profile.settings.office == number)
            .ok_or(DemoError::NoSuchOffice(number))
    }

    pub fn hub_address(&self) -> std::net::SocketAddr {
        self.hub.address()
    }
}

fn open_hub(dir: &Path, now: Timestamp) -> Result<Home, DemoError> {
    let settings = HubSettings::new(vec!["localhost".into(), "127.0.0.1".into()], ([127, 0, 0, 1], 0).into());
    match Home::open(dir) {
        Err(HomeError::Missing(_)) => Ok(Home::init(dir, settings, now)?),
        opened => Ok(opened?),
    }
}

/// One vault for all of the district, so that its passphrase is stretched once and not for every office.
fn open_vault(dir: &Path) -> Result<Vault, DemoError> {
    let vault = Vault::open_or_create(dir, &Unlock::passphrase(PASSPHRASE))?;
    // For those who look into an office with a command: `TAYORI_PASSPHRASE=$(cat DIR/passphrase.txt) tayori --profile …`.
    let beside = dir.join("passphrase.txt");
    fs::write(&beside, PASSPHRASE).map_err(|source| DemoError::Io { path: beside, source })?;
    Ok(vault)
}

fn prepare_office(
    dir: &Path,
    row: &OfficeRow,
    home: &Home,
    vault: &Vault,
    now: Timestamp,
) -> Result<(DemoOffice, Option<MadeCode>), DemoError> {
    // What somebody changed in the settings stays.
    let mut profile = match Profile::open(&dir.join("profile")) {
        Err(ProfileError::Missing(_)) => Profile::create(&dir.join("profile"), settings_of(dir, row))?,
        opened => opened?,
    };
    let own = settings_of(dir, row);
    keep_folder(&mut profile.settings.outgoing, own.outgoing)?;
    keep_folder(&mut profile.settings.import, own.import)?;
    // Seen from DIR/offices/NUMBER/profile, so that the district can be moved.
    Vault::share(profile.dir(), Path::new("../../.."))?;
    let imported = dir.join("imported");
    fs::create_dir_all(&imported).map_err(|source| DemoError::Io { path: imported.clone(), source })?;
    // Its certificate is written last: without one, an earlier run was cut off here.
    let code = match Identity::load(&profile.identity_dir(), vault) {
        Err(IdentityError::Missing { .. }) => {
            home.add_office(row.number, row.service, &row.name, None, now)?;
            home.make_code(row.number, false, now)?
        }
        _ => None,
    };
    Ok((DemoOffice { profile, imported }, code))
}

/// Every office types what stands in its letter.
fn enrol(offices: &mut [DemoOffice], codes: Vec<Option<MadeCode>>) -> Result<(), DemoError> {
    let mut letters: Vec<_> =
        offices.iter_mut().zip(codes).filter_map(|(office, made)| made.map(|made| (office, made))).collect();
    headless::each(&mut letters, |(office, made)| {
        let settings = office.profile.settings.clone();
        let entry = Entry {
            hub: settings.hub,
            office: settings.office,
            by: By::Code(made.code.to_string().into()),
            terminal: String::new(),
            office_name: settings.office_name,
            outgoing: settings.outgoing,
            import: settings.import,
            recovery: None,
        };
        enter(None, office.profile.dir(), &entry, Timestamp::now(), &mut |_| ())
            .map_err(|failure| DemoError::NotEnrolled { office: settings.office, failure: failure.code() })?;
        office.profile = Profile::open(office.profile.dir())?;
        Ok(())
    })
    .map(|_| ())
}

/// Somebody sits at every terminal. A login that is still kept is good for the next request, or is made anew then.
fn log_everybody_in(offices: &[DemoOffice]) -> Result<(), DemoError> {
    let (user, password) = (USER.parse().map_err(|_| DemoError::NoUser)?, Secret::new(PASSWORD.into()));
    headless::each(&mut offices.iter().collect::<Vec<_>>(), |office| {
        let terminal = office.profile.terminal()?;
        let link = office.profile.link(&terminal.identity)?;
        if terminal.history.login()?.is_none()
            || matches!(link.directory(DirectoryPlace::default()), Err(LinkError::LoginRequired))
        {
            link.first_account(&user, &password).map_err(ProfileError::from)?;
        }
        Ok(())
    })
    .map(|_| ())
}

/// A folder that is gone is the district's own again: the district was moved, or the folder was deleted.
fn keep_folder(folder: &mut PathBuf, own: PathBuf) -> Result<(), DemoError> {
    if !folder.is_dir() {
        *folder = own;
    }
    fs::create_dir_all(&*folder).map_err(|source| DemoError::Io { path: folder.clone(), source })
}

fn settings_of(dir: &Path, row: &OfficeRow) -> Settings {
    let [outgoing, import] = ["outgoing", "import"].map(|name| dir.join(name));
    Settings::new(row.number, row.name.clone(), String::new(), outgoing, import)
}

impl DemoOffice {
    /// Plays the care software: takes what is in the import folder. Says how many files it took. One that comes a second
    /// time is kept beside the first, so that it can be seen.
    pub fn take_imports(&self) -> Result<usize, DemoError> {
        let import = &self.profile.settings.import;
        let io = |source| DemoError::Io { path: import.clone(), source };
        let mut taken = 0;
        for entry in fs::read_dir(import).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let name = path.file_name().unwrap_or_default();
            // Care software looks for the standard's names; ours on the way begin with a dot.
            if !name.to_string_lossy().starts_with('.') {
                let kept = free_name(&self.imported, &name.to_string_lossy());
                fs::rename(&path, kept).map_err(|source| DemoError::Io { path, source })?;
                taken += 1;
            }
        }
        Ok(taken)
    }
}

/// `name` in this folder, or the first of `name (2)`, `name (3)`, … that is free.
fn free_name(folder: &Path, name: &str) -> PathBuf {
    let numbered = (2..).map(|number: u32| folder.join(format!("{name} ({number})")));
    let mut names = std::iter::once(folder.join(name)).chain(numbered);
    names.find(|path| fs::symlink_metadata(path).is_err()).unwrap_or_else(|| folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_stay_as_they_were_left_and_folders_that_are_gone_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let home = open_hub(&dir.path().join("hub"), now).unwrap();
        let vault = Vault::in_memory().unwrap();
        let row = Month::embedded().unwrap().offices().unwrap().remove(0);
        let here = dir.path().join("here");
        let mut office = prepare_office(&here, &row, &home, &vault, now).unwrap().0;
        let chosen = dir.path().join("chosen");
        fs::create_dir(&chosen).unwrap();
        office.profile.settings.import.clone_from(&chosen);
        office.profile.settings.office_name = "別の名前".into();
        office.profile.save().unwrap();

        let again = prepare_office(&here, &row, &home, &vault, now).unwrap().0.profile.settings;
        assert_eq!((again.import.as_path(), again.office_name.as_str()), (chosen.as_path(), "別の名前"));

        fs::remove_dir(&chosen).unwrap();
        let moved = dir.path().join("moved");
        fs::rename(&here, &moved).unwrap();
        let there = prepare_office(&moved, &row, &home, &vault, now).unwrap().0.profile.settings;
        assert_eq!((there.outgoing, there.import), (moved.join("outgoing"), moved.join("import")));
    }
}
