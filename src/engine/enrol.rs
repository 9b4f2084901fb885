//! Brings a terminal into the exchange, from a letter or a certificate file to a profile that works.
//!
//! Everything here may wait for the hub, so it belongs on a thread that may. A repeat after any failure goes on where it
//! stopped.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::failure::{of_identity, of_link, of_store};
use super::model::Failure;
use super::profile::{Profile, ProfileError, Settings, vault_of};
use crate::folders;
use crate::identity::code::Code;
use crate::identity::enrol::{Attempt, Became, EnrolError, Waiting, believe};
use crate::identity::store::{self, CertificateStore};
use crate::identity::{IdentityError, Unlock, p12};
use crate::link::{self, HubLink, Link as _, LinkError, Membership as _};
use crate::parcel::certificate;
use crate::standard::OfficeNumber;
use crate::wire::ProblemCode;

/// A clock that is off by more does not get along with certificates that begin a day early.
const CLOCK_TOLERANCE_MINUTES: i64 = 24 * 60;

/// What somebody who sets a terminal up has entered.
#[derive(Clone)]
pub struct Entry {
    /// The hub's address as it stands in the letter; `https://` may be left out.
    pub hub: String,
    pub office: OfficeNumber,
    pub by: By,
    /// What the office calls this PC; may be empty.
    pub terminal: String,
    /// What the office calls itself; the directory's name where it is empty.
    pub office_name: String,
    pub outgoing: PathBuf,
    pub import: PathBuf,
    /// The office's recovery code, when all its other terminals are lost.
    pub recovery: Option<Zeroizing<String>>,
}

/// What lets it in.
#[derive(Clone)]
pub enum By {
    Code(Zeroizing<String>),
    /// A PKCS#12 file of an authority the operator accepts. `authority` is the fingerprint of the hub's own authority as it
    /// stands in the letter.
    File {
        path: PathBuf,
        password: Zeroizing<String>,
        authority: String,
    },
    /// The same of a certificate in the system's own store, by its fingerprint.
    Stored {
        fingerprint: String,
        authority: String,
    },
}

/// Codes and passwords are nobody's business, least of all a log's.
impl fmt::Debug for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::Code(_) => "Code",
            By::File { .. } => "File",
            By::Stored { .. } => "Stored",
        })
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("office", &self.office).field("by", &self.by).finish_non_exhaustive()
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The key of a certificate in the system's store is tried; the system may ask for a PIN now.
    Trying,
    /// Keys are being made.
    Keys,
    /// The hub is being asked.
    Asking,
    /// What came is being kept.
    Keeping,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Entered {
    /// The terminal can send and receive. With the first terminal of an office comes its recovery code: shown once, for
    /// paper.
    Member { office_name: String, terminal_name: String, recovery: Option<Code> },
    /// The office has keys that this terminal has not. Somebody at another one lets it in (and compares this
    /// fingerprint), or the recovery code does.
    Waiting { fingerprint: String, can_recover: bool },
}

/// What there is to choose from for [`By::Stored`].
pub fn stored(store: &dyn CertificateStore, now: Timestamp) -> Result<Vec<store::Stored>, Failure> {
    store::usable(store, now).map_err(|error| of_store(&error))
}

/// Sets a terminal up. The vault must open by itself or be open already. `store` is the system's.
pub fn enter(
    store: Option<&dyn CertificateStore>,
    dir: &Path,
    entry: &Entry,
    now: Timestamp,
    say: &mut dyn FnMut(Step),
) -> Result<Entered, Failure> {
    let hub = address(&entry.hub)?;
    check_other_office(dir, entry.office)?;
    let code = match &entry.by {
        By::Code(typed) => Some(typed.parse::<Code>().map_err(|_| Failure::CodeIncomplete)?),
        By::File { .. } | By::Stored { .. } => None,
    };
    let recovery = match &entry.recovery {
        Some(typed) => Some(typed.parse::<Code>().map_err(|_| Failure::CodeIncomplete)?),
        None => None,
    };
    let of_file = match &entry.by {
        By::File { path, password, .. } => Some(opened(path, password)?),
        By::Code(_) | By::Stored { .. } => None,
    };
    let io = |source: &std::io::Error| folders::failure_of(source, dir);
    std::fs::create_dir_all(dir).map_err(|error| io(&error))?;
    let vault = vault_of(dir, &Unlock::ByItself).map_err(|error| ProfileError::from(error).failure())?;
    let shown = match &entry.by {
        By::Stored { fingerprint, .. } => {
            say(Step::Trying);
            let store = store.ok_or(Failure::CertificateNotStored)?;
            Some(store::to_show(store, fingerprint, now).map_err(|error| of_store(&error))?)
        }
        By::Code(_) | By::File { .. } => of_file,
    };
    say(Step::Keys);
    let identity_dir = dir.join("identity");
    let attempt = Attempt::begin(&identity_dir, &vault, entry.office).map_err(|error| of_enrol(&error))?;
    let enrolment = attempt.ask(&entry.terminal, code.as_ref()).map_err(|error| of_enrol(&error))?;
    say(Step::Asking);
    let (enrolled, seen) = link::enrol(&hub, shown, &enrolment).map_err(|error| of_asking(&error))?;
    let answer = believe(&enrolment, &enrolled, code.as_ref()).map_err(|error| of_enrol(&error))?;
    if let By::File { authority, .. } | By::Stored { authority, .. } = &entry.by
        && !is_fingerprint(authority, &answer.authority.0)
    {
        return Err(Failure::AuthorityOther);
    }
    // By the hub's own time: ours is compared with it next, and said in words of its own.
    seen.is_of(&answer.authority.0, answer.time).map_err(|error| of_link(&error))?;
    let minutes = now.duration_since(answer.time).as_mins();
    if minutes.abs() > CLOCK_TOLERANCE_MINUTES {
        return Err(Failure::ClockWrong { minutes });
    }
    say(Step::Keeping);
    let (became, new_recovery) = attempt.became(&answer, code.as_ref()).map_err(|error| of_enrol(&error))?;
    let kept = |error: IdentityError| of_identity(&error);
    let entered = match became {
        Became::Member(identity) => {
            identity.save(&identity_dir, &vault).map_err(kept)?;
            member(&answer.office_name, &answer.terminal_name, new_recovery)
        }
        Became::Waiting(waiting) => match recovery.map(|code| waiting.recover(&code)) {
            // Its terminal is in either way; a wrong recovery code can be entered again.
            Some(Ok(identity)) => {
                identity.save(&identity_dir, &vault).map_err(kept)?;
                tell_admitted(&hub, &identity);
                member(&answer.office_name, &answer.terminal_name, None)
            }
            outcome => {
                waiting.save(&identity_dir, &vault).map_err(kept)?;
                if outcome.is_some() {
                    create(dir, entry, hub, &answer.office_name)?;
                    Attempt::forget(&identity_dir);
                    return Err(Failure::RecoveryCodeWrong);
                }
                Entered::Waiting { fingerprint: waiting.fingerprint(), can_recover: waiting.recovery.is_some() }
            }
        },
    };
    // Last: a folder with settings is a terminal that is set up.
    create(dir, entry, hub, &answer.office_name)?;
    Attempt::forget(&identity_dir);
    tracing::info!(office = %entry.office, terminal = answer.terminal, "this terminal is set up");
    Ok(entered)
}

fn create(dir: &Path, entry: &Entry, hub: String, known_as: &str) -> Result<(), Failure> {
    let name = if entry.office_name.trim().is_empty() { known_as } else { entry.office_name.trim() };
    let settings = match Profile::open(dir) {
        // What people chose otherwise stays when the terminal comes in anew.
        Ok(profile) => Settings {
            hub,
            outgoing: entry.outgoing.clone(),
            import: entry.import.clone(),
            office_name: name.to_owned(),
            ..profile.settings
        },
        Err(_) => Settings::new(entry.office, name.to_owned(), hub, entry.outgoing.clone(), entry.import.clone()),
    };
    Profile::create(dir, settings).map(|_| ()).map_err(|error| error.failure())
}

fn member(office_name: &str, terminal_name: &str, recovery: Option<Code>) -> Entered {
    Entered::Member { office_name: office_name.to_owned(), terminal_name: terminal_name.to_owned(), recovery }
}

/// Looks whether another terminal has let this one in. Says whether it has.
pub fn look_for_admission(profile: &Profile, now: Timestamp) -> Result<bool, Failure> {
    let (vault, waiting) = waiting(profile)?;
    let hub = link_of(profile, &waiting)?;
    let Some(sealed) = hub.admission().map_err(|error| of_link(&error))?.sealed else { return Ok(false) };
    let crl = hub.crl().map_err(|error| of_link(&error))?;
    let trust = crate::parcel::Trust { roots: waiting.roots.clone(), crls: vec![crl.der.into()], at: now };
    let identity = waiting.admitted(&sealed.0, &trust).map_err(|error| of_enrol(&error))?;
    identity.save(&profile.identity_dir(), &vault).map_err(|error| of_identity(&error))?;
    Waiting::forget(&profile.identity_dir());
    tell_admitted(&profile.settings.hub, &identity);
    Ok(true)
}

/// Makes a terminal that waits a member with the office's recovery code.
pub fn recover(profile: &Profile, typed: &str) -> Result<(), Failure> {
    let code: Code = typed.parse().map_err(|_| Failure::CodeIncomplete)?;
    let (vault, waiting) = waiting(profile)?;
    let identity = waiting.recover(&code).map_err(|error| of_enrol(&error))?;
    identity.save(&profile.identity_dir(), &vault).map_err(|error| of_identity(&error))?;
    Waiting::forget(&profile.identity_dir());
    tell_admitted(&profile.settings.hub, &identity);
    Ok(())
}

/// The number to compare on both screens, of a terminal that waits; `None` for one that does not.
pub fn waiting_fingerprint(profile: &Profile) -> Result<Option<String>, Failure> {
    if !Waiting::is_in(&profile.identity_dir()) {
        return Ok(None);
    }
    waiting(profile).map(|(_, waiting)| Some(waiting.fingerprint()))
}

fn waiting(profile: &Profile) -> Result<(crate::identity::Vault, Waiting), Failure> {
    let vault = profile.vault().map_err(|error| error.failure())?;
    let waiting = Waiting::load(&profile.identity_dir(), &vault).map_err(|error| of_identity(&error))?;
    Ok((vault, waiting))
}

/// The hub as a terminal without a key of its office calls it.
fn link_of(profile: &Profile, waiting: &Waiting) -> Result<HubLink, Failure> {
    let config = waiting.client_config().map_err(|error| of_identity(&error))?;
    HubLink::new(&profile.settings.hub, config).map_err(|error| of_link(&error))
}

/// So that it no longer stands in the list of those who wait. Not worth a failure: it works without.
fn tell_admitted(hub: &str, identity: &crate::identity::Identity) {
    let told = identity
        .client_config()
        .map_err(|error| error.to_string())
        .and_then(|config| HubLink::new(hub, config).and_then(|hub| hub.admitted()).map_err(|error| error.to_string()));
    if let Err(error) = told {
        tracing::warn!(error, "the hub was not told that this terminal has its office's keys");
    }
}

/// The address as it is called. People leave the beginning out.
pub fn address(typed: &str) -> Result<String, Failure> {
    let typed: String = unicode_normalization::UnicodeNormalization::nfkc(typed.trim()).collect();
    let whole = if typed.contains("://") { typed } else { format!("https://{typed}") };
    let url = reqwest::Url::parse(&whole).map_err(|_| Failure::AddressWrong)?;
    if url.scheme() != "https" || !url.has_host() || !matches!(url.path(), "" | "/") || url.query().is_some() {
        return Err(Failure::AddressWrong);
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A folder that is another office's stays what it is.
fn check_other_office(dir: &Path, office: OfficeNumber) -> Result<(), Failure> {
    match Profile::open(dir) {
        Ok(profile) if profile.settings.office != office => Err(Failure::CertificateOfOther),
        Ok(_) | Err(ProfileError::Missing(_)) => Ok(()),
        Err(error) => Err(error.failure()),
    }
}

fn opened(path: &Path, password: &str) -> Result<CertifiedKey, Failure> {
    let bytes = std::fs::read(path).map_err(|source| folders::failure_of(&source, path))?;
    let papers = p12::open(&bytes, password).map_err(|error| match error {
        p12::P12Error::Password => Failure::CertificateFilePassword,
        p12::P12Error::Ber => Failure::CertificateFileForm,
        p12::P12Error::Unreadable(_) | p12::P12Error::NoKey => Failure::CertificateFileBroken,
    })?;
    papers.certified_key().map_err(|_| Failure::CertificateFileBroken)
}

/// Compares what somebody typed from a letter: strokes, colons and case do not matter.
fn is_fingerprint(typed: &str, der: &[u8]) -> bool {
    let digits: String = unicode_normalization::UnicodeNormalization::nfkc(typed)
        .filter(char::is_ascii_hexdigit)
        .map(|digit| digit.to_ascii_lowercase())
        .collect();
    digits == certificate::fingerprint(der)
}

fn of_asking(error: &LinkError) -> Failure {
    match error {
        LinkError::Problem(problem) if problem.code == ProblemCode::TooMany => Failure::TooManyTries,
        error => of_link(error),
    }
}

fn of_enrol(error: &EnrolError) -> Failure {
    tracing::warn!(%error, "the enrolment came to nothing");
    match error {
        EnrolError::Identity(error) => of_identity(error),
        EnrolError::Crypto => Failure::Unexpected,
        EnrolError::NotProved => Failure::AuthorityOther,
        EnrolError::Nonsense(_) => Failure::HubNonsense,
        EnrolError::RecoveryCode => Failure::RecoveryCodeWrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_write_it() {
        for (typed, whole) in [
            ("https://hub.example.jp:8443", "https://hub.example.jp:8443"),
            (" hub.example.jp:8443/ ", "https://hub.example.jp:8443"),
            ("ｈｔｔｐｓ：／／ｈｕｂ．ｅｘａｍｐｌｅ．ｊｐ：８４４３", "https://hub.example.jp:8443"),
            ("127.0.0.1:9", "https://127.0.0.1:9"),
        ] {
            assert_eq!(address(typed).as_deref(), Ok(whole), "{typed:?}");
        }
        for typed in ["", "http://hub.example.jp", "https://", "https://hub.example.jp/x", "連携 基盤", "hub?x"] {
            assert_eq!(address(typed), Err(Failure::AddressWrong), "{typed:?}");
        }
    }

    #[test]
    fn a_fingerprint_is_compared_as_people_type_it() {
        let digits = certificate::fingerprint(b"authority");
        let pairs: Vec<String> =
            digits.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_uppercase()).collect();
        for typed in [digits.clone(), pairs.join(":"), pairs.join(" "), format!("  {}\n", pairs.join("-"))] {
            assert!(is_fingerprint(&typed, b"authority"), "{typed}");
        }
        assert!(!is_fingerprint("", b"authority"));
        assert!(!is_fingerprint(digits.strip_prefix(|_: char| true).unwrap(), b"authority"));
        assert!(!is_fingerprint(&digits, b"another"));
    }
}
