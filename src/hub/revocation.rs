//! The revocation list in force, and whether the one that a client has is as good.
//!
//! Every node makes lists of its own. So what a list is called (its entity tag) says what it names and when it was made,
//! and each node can tell whether another one's will do.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::authority::{Authority, AuthorityError};
use crate::parcel::DigestOf;

/// How old a list may get before a new one is made; it is valid for seven days.
pub const RENEWED_AFTER: SignedDuration = SignedDuration::from_hours(12);

/// See the module.
#[derive(Clone, Debug)]
pub struct RevocationList {
    der: Arc<[u8]>,
    /// A digest of the authority and of whatever it has withdrawn.
    names: String,
    made_at: Timestamp,
}

impl RevocationList {
    /// `number` only grows.
    pub fn new(
        authority: &Authority,
        revoked: &[(String, Timestamp)],
        number: u64,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        let mut serials: Vec<&str> = revoked.iter().map(|(serial, _)| serial.as_str()).collect();
        serials.sort_unstable();
        let mut digest = DigestOf::default();
        digest.add(&authority.certificate_der());
        serials.into_iter().for_each(|serial| digest.add(format!(" {serial}").as_bytes()));
        Ok(Self { der: authority.crl(revoked, number, now)?.into(), names: digest.hex(), made_at: now })
    }

    /// The list itself, DER.
    pub fn der(&self) -> &Arc<[u8]> {
        &self.der
    }

    pub fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// Whether it is time for a new one.
    pub fn is_old(&self, now: Timestamp) -> bool {
        now.duration_since(self.made_at) >= RENEWED_AFTER
    }

    /// What it is called: an entity tag (RFC 9110).
    pub fn tag(&self) -> String {
        format!("\"{}.{}\"", self.names, self.made_at.as_second())
    }

    /// The first of these tags (`If-None-Match`) whose list is as good as this one: it names the same, and is not old yet.
    pub fn known_by<'a>(&self, tags: &'a str, now: Timestamp) -> Option<&'a str> {
        tags.split(',').map(str::trim).find(|tag| {
            let said = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')?.split_once('.'));
            said.is_some_and(|(names, made_at)| {
                let made_at = made_at.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
                names == self.names && made_at.is_some_and(|made_at| now.duration_since(made_at) < RENEWED_AFTER)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_nodes_list_will_do_that_names_the_same_and_is_not_old() {
        let dir = tempfile::tempdir().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (morning, noon) = (at("2026-06-01T08:00:00Z"), at("2026-06-01T12:00:00Z"));
        let authority = Authority::create(&dir.path().join("ca"), "Tayori", morning).unwrap();
        let other = Authority::create(&dir.path().join("other"), "Tayori", morning).unwrap();
        let [one, two] = ["0a", "0b"].map(|serial| (serial.to_owned(), morning));
        let list = |authority, revoked: &[_], at| RevocationList::new(authority, revoked, 1, at).unwrap();
        let here = list(&authority, &[one.clone(), two.clone()], noon);
        let there = list(&authority, &[two, one.clone()], morning).tag();
        assert_ne!(here.tag(), there);
        assert_eq!(here.known_by(&here.tag(), noon), Some(here.tag().as_str()));
        assert_eq!(here.known_by(&format!("\"x\", {there}"), at("2026-06-01T19:59:59Z")), Some(there.as_str()));
        assert_eq!(here.known_by(&there, at("2026-06-01T20:00:00Z")), None, "old");
        for less in [list(&authority, &[one], noon), list(&other, &[], noon), list(&authority, &[], noon)] {
            assert_eq!(here.known_by(&less.tag(), noon), None);
        }
        let names = there.split('.').next().unwrap();
        for nonsense in
            ["", "*", "\"", "\"\"", "x.1", "\".\"", &format!("{names}.x\""), &format!("{names}.{}\"", i64::MIN)]
        {
            assert_eq!(here.known_by(nonsense, noon), None, "{nonsense}");
        }
    }
}
