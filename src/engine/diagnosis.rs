//! Looks for what stands in the way of the exchange, one thing after the other, each with a light.
//!
//! Every check needs only the profile, so that it works while something of the terminal is missing: that is when people
//! look here. A check may take as long as the network or a share does; `engine::diagnosing` waits for it, and need not.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::exchange::clock_wrong;
use super::failure::{of_identity, of_link};
use super::model::Failure;
use super::profile::{Profile, ProfileError};
use crate::folders;
use crate::identity::Identity;
use crate::link::route::{Place, Route, Unreached};
use crate::link::{HubLink, Link as _, LinkError};
use crate::wire::DirectoryPlace;

/// How long a connection may take to open.
const REACH: Duration = Duration::from_secs(8);
/// From so many days before its end on, a certificate is worth a word.
const SOON_DAYS: i64 = 30;

/// What is looked at, in this order: each stands on those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    Network,
    Proxy,
    Clock,
    Certificate,
    Folders,
    Hub,
}

impl Check {
    pub const ALL: [Check; 6] =
        [Check::Network, Check::Proxy, Check::Clock, Check::Certificate, Check::Folders, Check::Hub];

    /// Its name in a record and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Check::Network => "network",
            Check::Proxy => "proxy",
            Check::Clock => "clock",
            Check::Certificate => "certificate",
            Check::Folders => "folders",
            Check::Hub => "hub",
        }
    }
}

/// The traffic light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Light {
    Green,
    /// It goes on, but somebody should look.
    Yellow,
    Red,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The first place on the way answers: the hub, or the proxy before it.
    Reached {
        place: Place,
        took: Duration,
    },
    NameUnknown {
        place: Place,
    },
    Unreached {
        place: Place,
    },
    /// The hub's address is none.
    AddressWrong,
    /// No proxy on the way.
    Direct,
    ByProxy {
        proxy: Place,
    },
    ProxyUnreached {
        proxy: Place,
    },
    ClockRight,
    /// The hub cannot be asked; a person compares.
    ClockUnsure {
        shows: Timestamp,
    },
    CertificateGood {
        days: i64,
    },
    /// Renewing should have worked by now, or will soon.
    CertificateEnds {
        days: i64,
    },
    FoldersGood {
        folders: usize,
    },
    /// What is wrong with some of them.
    FoldersTroubled(Vec<Failure>),
    HubAnswers {
        took: Duration,
    },
    /// Somebody has to log in; the hub itself answers.
    HubWithoutLogin(Failure),
    Failed(Failure),
    /// Nothing came back in time.
    TooSlow,
}

impl Found {
    pub fn light(&self) -> Light {
        match self {
            Found::Reached { .. }
            | Found::Direct
            | Found::ByProxy { .. }
            | Found::ClockRight
            | Found::CertificateGood { .. }
            | Found::FoldersGood { .. }
            | Found::HubAnswers { .. } => Light::Green,
            Found::ClockUnsure { .. }
            | Found::CertificateEnds { .. }
            | Found::HubWithoutLogin(_)
            | Found::Failed(Failure::ClockWrong { .. }) => Light::Yellow,
            Found::NameUnknown { .. }
            | Found::Unreached { .. }
            | Found::AddressWrong
            | Found::ProxyUnreached { .. }
            | Found::FoldersTroubled(_)
            | Found::Failed(_)
            | Found::TooSlow => Light::Red,
        }
    }

    /// The stable name of what was found, for programs and for support. Never content.
    pub fn code(&self) -> String {
        match self {
            Found::Reached { .. } => "reached".into(),
            Found::NameUnknown { .. } => "name-unknown".into(),
            Found::Unreached { .. } => "unreached".into(),
            Found::AddressWrong => "address-wrong".into(),
            Found::Direct => "no-proxy".into(),
            Found::ByProxy { .. } => "by-proxy".into(),
            Found::ProxyUnreached { .. } => "proxy-unreached".into(),
            Found::ClockRight => "clock-right".into(),
            Found::ClockUnsure { .. } => "clock-unsure".into(),
            Found::CertificateGood { .. } => "certificate-good".into(),
            Found::CertificateEnds { .. } => "certificate-ends".into(),
            Found::FoldersGood { .. } => "folders-good".into(),
            Found::FoldersTroubled(failures) => failures.first().map_or_else(|| "folders".into(), Failure::code),
            Found::HubAnswers { .. } => "hub-answers".into(),
            Found::HubWithoutLogin(failure) | Found::Failed(failure) => failure.code(),
            Found::TooSlow => "too-slow".into(),
        }
    }
}

/// Looks at one thing. Waits as long as it takes.
pub fn look_at(check: Check, profile: &Profile, now: Timestamp) -> Found {
    match check {
        Check::Network => network(&profile.settings.hub),
        Check::Proxy => proxy(&profile.settings.hub),
        Check::Clock => clock(profile, now),
        Check::Certificate => certificate(profile, now),
        Check::Folders => folders_of(profile),
        Check::Hub => hub(profile, now),
    }
}

fn network(hub: &str) -> Found {
    let Some(route) = Route::to(hub) else { return Found::AddressWrong };
    let place = route.first().clone();
    match place.reach(REACH) {
        Ok(took) => Found::Reached { place, took },
        Err(Unreached::NameUnknown) => Found::NameUnknown { place },
        Err(Unreached::NoAnswer) => Found::Unreached { place },
    }
}

fn proxy(hub: &str) -> Found {
    match Route::to(hub) {
        None => Found::AddressWrong,
        Some(Route { proxy: None, .. }) => Found::Direct,
        Some(Route { proxy: Some(proxy), .. }) => match proxy.reach(REACH) {
            Ok(_) => Found::ByProxy { proxy },
            Err(_) => Found::ProxyUnreached { proxy },
        },
    }
}

fn clock(profile: &Profile, now: Timestamp) -> Found {
    let asked = link(profile).and_then(|(_, link)| link.facts().map_err(|error| of_link(&error)));
    match asked {
        Ok(facts) => clock_wrong(now, facts.time).map_or(Found::ClockRight, Found::Failed),
        Err(_) => Found::ClockUnsure { shows: now },
    }
}

fn certificate(profile: &Profile, now: Timestamp) -> Found {
    let checked = identity(profile).and_then(|identity| {
        identity.check(profile.settings.office, now).map_err(|error| of_identity(&error))?;
        identity.valid_until().map_err(|error| of_identity(&error))
    });
    match checked {
        Err(failure) => Found::Failed(failure),
        Ok(until) => match until.duration_since(now).as_secs().div_euclid(24 * 60 * 60) {
            days if days <= SOON_DAYS => Found::CertificateEnds { days },
            days => Found::CertificateGood { days },
        },
    }
}

fn folders_of(profile: &Profile) -> Found {
    let settings = &profile.settings;
    let mut readable = settings.outgoing_folders();
    let mut writable = vec![settings.import.clone()];
    writable.extend(settings.folders.import_rules.iter().map(|rule| rule.folder.clone()));
    if let Some(national) = &settings.folders.national {
        writable.push(national.hand_over.clone());
        readable.extend(national.download.clone());
    }
    let count = readable.len() + writable.len();
    let failures: Vec<Failure> = (readable.iter().filter_map(|folder| unreadable(folder)))
        .chain(writable.iter().filter_map(|folder| unwritable(folder)))
        .collect();
    if failures.is_empty() { Found::FoldersGood { folders: count } } else { Found::FoldersTroubled(failures) }
}

fn unreadable(folder: &Path) -> Option<Failure> {
    let path = || folder.display().to_string();
    match std::fs::read_dir(folder).err()?.kind() {
        std::io::ErrorKind::PermissionDenied => Some(Failure::FolderNotReadable { path: path() }),
        _ => Some(Failure::FolderMissing { path: path() }),
    }
}

/// Puts an empty file there and takes it away again, as a delivery would.
fn unwritable(folder: &Path) -> Option<Failure> {
    let path = || folder.display().to_string();
    if !folder.is_dir() {
        return Some(Failure::FolderMissing { path: path() });
    }
    match folders::stage(folder, "tayori-diagnosis", "diagnosis", b"") {
        Ok(staged) => {
            staged.discard();
            None
        }
        Err(error) => match folders::failure_of(&error, folder) {
            Failure::DiskFull => Some(Failure::DiskFull),
            _ => Some(Failure::FolderNotPermitted { path: path() }),
        },
    }
}

fn hub(profile: &Profile, now: Timestamp) -> Found {
    let begun = Instant::now();
    let asked = link(profile).and_then(|(identity, link)| {
        identity.check(profile.settings.office, now).map_err(|error| of_identity(&error))?;
        link.facts().and_then(|facts| link.crl().map(|_| facts)).map(|facts| (facts, link)).map_err(|e| of_link(&e))
    });
    match asked {
        Err(failure) => Found::Failed(failure),
        Ok((facts, _)) if facts.first_account => Found::HubWithoutLogin(Failure::AccountMissing),
        Ok((_, link)) => match link.directory(DirectoryPlace::default()) {
            Ok(_) => Found::HubAnswers { took: begun.elapsed() },
            Err(LinkError::LoginRequired) => Found::HubWithoutLogin(Failure::LoginRequired),
            Err(error) => Found::Failed(of_link(&error)),
        },
    }
}

fn identity(profile: &Profile) -> Result<Identity, Failure> {
    let vault = profile.vault().map_err(|error| error.failure())?;
    Identity::load(&profile.identity_dir(), &vault).map_err(|error| of_identity(&error))
}

fn link(profile: &Profile) -> Result<(Identity, HubLink), Failure> {
    let identity = identity(profile)?;
    let link = profile.link(&identity).map_err(|error: ProfileError| error.failure())?;
    Ok((identity, link))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::profile::Settings;
    use crate::identity::Vault;

    fn profile(dir: &Path, hub: &str) -> Profile {
        let office = "3170000001".parse().unwrap();
        let settings = Settings::new(office, "北".into(), hub.into(), dir.join("out"), dir.join("in"));
        Vault::create_unprotected(&dir.join("profile"), "correct horse").unwrap();
        Profile::create(&dir.join("profile"), settings).unwrap()
    }

    #[test]
    fn a_terminal_without_network_or_certificate_hears_what_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        // Nobody listens there.
        let profile = profile(dir.path(), "https://127.0.0.1:9");
        let now: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
        let codes = Check::ALL.map(|check| look_at(check, &profile, now).code());
        let expected = ["unreached", "no-proxy", "clock-unsure", "certificate-missing", "folders-good"];
        assert_eq!(codes.iter().take(5).map(String::as_str).collect::<Vec<_>>(), expected);
        assert_eq!(codes[5], "certificate-missing", "nothing is asked of a hub before there is a certificate");
        assert_eq!(look_at(Check::Clock, &profile, now), Found::ClockUnsure { shows: now });
    }

    #[test]
    fn a_folder_that_is_gone_is_named_and_nothing_is_left_behind_in_one_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let profile = profile(dir.path(), "no address");
        assert_eq!(look_at(Check::Folders, &profile, Timestamp::UNIX_EPOCH), Found::FoldersGood { folders: 2 });
        assert_eq!(std::fs::read_dir(dir.path().join("in")).unwrap().count(), 0);
        std::fs::remove_dir(dir.path().join("in")).unwrap();
        let path = dir.path().join("in").display().to_string();
        let found = look_at(Check::Folders, &profile, Timestamp::UNIX_EPOCH);
        assert_eq!(found, Found::FoldersTroubled(vec![Failure::FolderMissing { path }]));
        assert_eq!(found.light(), Light::Red);
        assert_eq!(look_at(Check::Network, &profile, Timestamp::UNIX_EPOCH), Found::AddressWrong);
    }
}
