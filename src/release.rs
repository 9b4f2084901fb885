//! Whether there is a newer version of Tayori, as whoever gives it to offices says.
//!
//! The hub carries the word and cannot make one up: it counts only under a key that was built into this program
//! (`TAYORI_RELEASE_KEYS` at build time; `docs/windows.md`). A program built without one hears no such word. It is told, and
//! nothing else: a person gets the version and installs it. Pure.
//!
//! Of two words the one issued later counts, whichever version it names. So a hub that repeats an old one is not heard, and
//! whoever signs can take back a version that turned out badly by naming the one before.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::wire::SignedRelease;

/// A note is three short fields; what is much larger is none.
const LARGEST_NOTE: usize = 4096;
const LONGEST_ADDRESS: usize = 200;
/// A clock may be wrong by a day. A note from further ahead would shut out those that come after it.
const AHEAD: SignedDuration = SignedDuration::from_hours(25);

/// Three numbers, as `0.10.2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Version([u32; 3]);

impl Version {
    /// Of this program.
    pub fn ours() -> Self {
        let parts = [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")];
        Self(parts.map(|part| part.parse().unwrap_or_default()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version is three numbers, as 0.10.2")]
pub struct NoVersion;

impl FromStr for Version {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        // `parse` alone would take a sign.
        let number = |part: &str| match part.bytes().all(|byte| byte.is_ascii_digit()) {
            true => part.parse::<u32>().map_err(|_| NoVersion),
            false => Err(NoVersion),
        };
        let numbers = text.split('.').map(number).collect::<Result<Vec<_>, _>>()?;
        numbers.try_into().map(Self).map_err(|_| NoVersion)
    }
}

impl TryFrom<String> for Version {
    type Error = NoVersion;
    fn try_from(text: String) -> Result<Self, NoVersion> {
        text.parse()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([major, minor, patch]) = self;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// What a note says. An unknown field is ignored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Release {
    pub version: Version,
    pub issued_at: Timestamp,
    /// The page where people get it, `https://…`.
    pub address: String,
}

impl Release {
    /// What a word says, whoever signed it.
    pub fn unproven(signed: &SignedRelease) -> Result<Self, ReleaseError> {
        let release: Self = serde_json::from_slice(&signed.note.0).map_err(|_| ReleaseError::Unreadable)?;
        // It is shown, and opened in a browser.
        let host = release.address.strip_prefix("https://").unwrap_or_default();
        let is_plain = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic());
        if is_plain && release.address.len() <= LONGEST_ADDRESS { Ok(release) } else { Err(ReleaseError::Unreadable) }
    }
}

/// Why a word does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    #[error("no key of this program has signed it")]
    Forged,
    #[error("it cannot be read")]
    Unreadable,
    #[error("it was issued in the future")]
    Early,
}

/// The keys that may sign, as SubjectPublicKeyInfo. More than one, so that a key can be exchanged for another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(Vec<Vec<u8>>);

impl Keys {
    /// Those that this program was built with.
    pub fn built_in() -> Self {
        Self::of(option_env!("TAYORI_RELEASE_KEYS").unwrap_or_default())
    }

    /// Base64, with commas between them. What is none lets nothing pass.
    pub fn of(text: &str) -> Self {
        Self(text.split(',').filter_map(|key| STANDARD.decode(key.trim()).ok()).filter(|key| !key.is_empty()).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a word says, if one of these keys has signed it.
    pub fn read(&self, signed: &SignedRelease, now: Timestamp) -> Result<Release, ReleaseError> {
        let (note, signature) = (&signed.note.0, &signed.signature.0);
        let signs =
            |key: &Vec<u8>| UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(note, signature).is_ok();
        if note.len() > LARGEST_NOTE || !self.0.iter().any(signs) {
            return Err(ReleaseError::Forged);
        }
        let release = Release::unproven(signed)?;
        if release.issued_at.duration_since(now) > AHEAD {
            return Err(ReleaseError::Early);
        }
        Ok(release)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::*;
    use crate::wire::Binary;

    /// Whoever gives Tayori to offices.
    pub struct Maker(EcdsaKeyPair);

    impl Maker {
        pub fn new() -> Self {
            Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
        }

        /// The key as it is given at build time.
        pub fn key(&self) -> String {
            let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
            STANDARD.encode(der.as_ref())
        }
        pub fn keys(&self) -> Keys {
            Keys::of(&self.key())
        }

        pub fn signs(&self, note: &str) -> SignedRelease {
            let signature = self.0.sign(&SystemRandom::new(), note.as_bytes()).unwrap().as_ref().to_vec();
            SignedRelease { note: Binary(note.as_bytes().to_vec()), signature: Binary(signature) }
        }
        pub fn says(&self, version: &str, issued_at: &str) -> SignedRelease {
            self.signs(&note(version, issued_at))
        }
    }

    pub fn note(version: &str, issued_at: &str) -> String {
        format!(r#"{{"version":"{version}","issued_at":"{issued_at}","address":"https://tayori.example.jp/"}}"#)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Maker, note};
    use super::*;
    use crate::wire::Binary;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }
    const MONDAY: &str = "2026-11-23T00:00:00Z";

    #[test]
    fn a_word_counts_under_a_key_of_this_program_and_under_no_other() {
        let (maker, forger) = (Maker::new(), Maker::new());
        let said = maker.says("0.10.2", MONDAY);
        let release = maker.keys().read(&said, at(MONDAY)).unwrap();
        assert_eq!(
            (release.version.to_string().as_str(), release.address.as_str()),
            ("0.10.2", "https://tayori.example.jp/")
        );
        assert_eq!(forger.keys().read(&said, at(MONDAY)), Err(ReleaseError::Forged));
        // The old key and the new one, while one follows the other.
        let both = Keys::of(&format!("{},{}", forger.key(), maker.key()));
        assert!(both.read(&said, at(MONDAY)).is_ok());
        for none in ["", "!!!", "AAAA", ","] {
            assert_eq!(Keys::of(none).read(&said, at(MONDAY)), Err(ReleaseError::Forged), "{none:?}");
        }
    }

    #[test]
    fn every_changed_bit_is_refused() {
        let maker = Maker::new();
        let said = maker.says("0.2.0", MONDAY);
        for bit in 0..said.note.0.len() * 8 {
            let mut changed = said.clone();
            changed.note.0[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(maker.keys().read(&changed, at(MONDAY)), Err(ReleaseError::Forged), "bit {bit}");
        }
        for broken in [vec![], vec![0x30], said.signature.0[1..].to_vec(), vec![0; 70]] {
            let changed = SignedRelease { signature: Binary(broken), ..said.clone() };
            assert_eq!(maker.keys().read(&changed, at(MONDAY)), Err(ReleaseError::Forged));
        }
    }

    #[test]
    fn a_signed_note_that_makes_no_sense_is_none_and_an_unknown_field_is_passed_over() {
        let maker = Maker::new();
        let read = |text: &str| maker.keys().read(&maker.signs(text), at(MONDAY));
        let good = note("0.2.0", MONDAY);
        assert!(read(&good.replace('{', r#"{"later":["field"],"#)).is_ok());
        let with = |from: &str, to: &str| good.replace(from, to);
        for broken in [
            String::new(),
            "[]".into(),
            "{}".into(),
            with("0.2.0", "0.2"),
            with("0.2.0", "0.2.0-rc1"),
            with("0.2.0", "0.+2.0"),
            with("0.2.0", "0.99999999999.0"),
            with(MONDAY, "Monday"),
            with("https://", "http://"),
            with("https://", "file:///"),
            with("https://tayori.example.jp/", "https://"),
            with("example", "exam ple"),
            with("example", "便り"),
            with("example", &"a".repeat(LONGEST_ADDRESS)),
        ] {
            assert_eq!(read(&broken), Err(ReleaseError::Unreadable), "{broken}");
        }
        assert_eq!(
            read(&format!("{good}{}", " ".repeat(LARGEST_NOTE))),
            Err(ReleaseError::Forged),
            "too large to be one"
        );
    }

    #[test]
    fn a_note_from_far_ahead_does_not_shut_out_those_to_come() {
        let maker = Maker::new();
        let said = maker.says("9.0.0", MONDAY);
        assert_eq!(maker.keys().read(&said, at("2026-11-21T22:59:59Z")), Err(ReleaseError::Early));
        assert!(maker.keys().read(&said, at("2026-11-21T23:00:00Z")).is_ok(), "a clock may be a day behind");
    }

    #[test]
    fn versions_go_by_their_numbers() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("0.10.0") > version("0.9.9") && version("1.0.0") > version("0.99.99"));
        assert_eq!(Version::ours().to_string(), env!("CARGO_PKG_VERSION"));
    }
}
