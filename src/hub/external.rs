//! Authorities of others whose certificates stand for an office when it enrols, and how such a certificate names one.
//!
//! ```toml
//! [[external]]
//! ca = "kokuho-ca.pem"          # the authority, with those between it and its certificates; relative to the hub's folder
//! crl = "kokuho.crl"            # its revocation list (DER or PEM); put a new one in its place before it gets old
//! office = "CN=KKCS{}"          # where in the subject the office number stands
//! ```
//!
//! `{}` stands for the number; without `=` the attribute is the number and nothing else. Such a certificate opens
//! `POST /v1/enrol` and nothing else; what comes back are certificates of our own.

use std::path::{Path, PathBuf};

use der::Decode as _;
use der::asn1::{ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use jiff::Timestamp;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use serde::{Deserialize, Serialize};
use webpki::{
    BorrowedCertRevocationList, EndEntityCert, ExpirationPolicy, RevocationCheckDepth, RevocationOptionsBuilder,
};
use x509_cert::Certificate;
use x509_cert::name::Name;

use crate::standard::OfficeNumber;

type CertificateList = x509_cert::crl::CertificateList;

/// One authority, as it stands in `hub.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalSettings {
    pub ca: PathBuf,
    #[serde(default)]
    pub crl: Option<PathBuf>,
    pub office: Rule,
}

/// Where in a subject the office number stands: `CN`, or `OU=介護{}号`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    attribute: String,
    oid: ObjectIdentifier,
    before: String,
    after: String,
}

/// Why a rule or an authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    #[error("{0:?} is no rule: write CN, or CN=before{{}}after; CN, OU, O, SERIALNUMBER and UID are known")]
    Rule(String),
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} holds no certificate of an authority", path.display())]
    NoAuthority { path: PathBuf },
}

/// An authority of others, ready to be asked.
#[derive(Clone, Debug)]
pub struct External {
    roots: Vec<CertificateDer<'static>>,
    crl: Option<PathBuf>,
    rule: Rule,
}

/// A certificate that is good now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Looked {
    /// Whether its authority's revocation list could be asked.
    pub checked: bool,
}

/// Who showed a certificate of such an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalCaller {
    pub office: OfficeNumber,
    /// Whether its authority's revocation list could be asked.
    pub checked: bool,
}

impl TryFrom<String> for Rule {
    type Error = ExternalError;

    fn try_from(text: String) -> Result<Self, ExternalError> {
        let (attribute, template) = text.split_once('=').unwrap_or((&text, "{}"));
        let oid = match attribute.trim().to_ascii_uppercase().as_str() {
            "CN" => "2.5.4.3",
            "SERIALNUMBER" => "2.5.4.5",
            "O" => "2.5.4.10",
            "OU" => "2.5.4.11",
            "UID" => "0.9.2342.19200300.100.1.1",
            _ => return Err(ExternalError::Rule(text)),
        };
        let (Ok(oid), Some((before, after))) = (oid.parse(), template.split_once("{}")) else {
            return Err(ExternalError::Rule(text));
        };
        Ok(Self { attribute: attribute.trim().to_owned(), oid, before: before.into(), after: after.into() })
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> String {
        format!("{}={}{{}}{}", rule.attribute, rule.before, rule.after)
    }
}

impl Rule {
    /// The one office a subject names by this rule. Two are none: which of them did the authority check?
    fn office(&self, subject: &Name) -> Option<OfficeNumber> {
        let mut found = subject.iter().filter(|part| part.oid == self.oid).filter_map(|part| {
            let text = match part.value.decode_as::<Utf8StringRef<'_>>() {
                Ok(text) => text.as_str(),
                Err(_) => part.value.decode_as::<PrintableStringRef<'_>>().ok()?.as_str(),
            };
            text.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())?.parse().ok()
        });
        let office = found.next()?;
        found.next().is_none().then_some(office)
    }
}

impl External {
    /// Paths are relative to the hub's folder.
    pub fn open(settings: &ExternalSettings, dir: &Path) -> Result<Self, ExternalError> {
        let path = dir.join(&settings.ca);
        let pem = std::fs::read(&path).map_err(|source| ExternalError::Unreadable { path: path.clone(), source })?;
        let roots: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let roots = roots.unwrap_or_default();
        if roots.is_empty() || roots.iter().any(|root| webpki::anchor_from_trusted_cert(root).is_err()) {
            return Err(ExternalError::NoAuthority { path });
        }
        Ok(Self { roots, crl: settings.crl.as_ref().map(|crl| dir.join(crl)), rule: settings.office.clone() })
    }

    pub(super) fn roots(&self) -> &[CertificateDer<'static>] {
        &self.roots
    }

    /// The revocation list as it lies there now (DER); nothing where none was named or it cannot be read.
    fn list(&self) -> Option<Vec<u8>> {
        let bytes = std::fs::read(self.crl.as_ref()?).ok()?;
        let der = match CertificateRevocationListDer::from_pem_slice(&bytes) {
            Ok(der) => der.to_vec(),
            Err(_) => bytes,
        };
        BorrowedCertRevocationList::from_der(&der).is_ok().then_some(der)
    }

    /// Whether the list that was named is there and not out of date. True where none was named.
    pub(super) fn has_current_list(&self, now: Timestamp) -> bool {
        if self.crl.is_none() {
            return true;
        }
        let due = self.list().and_then(|der| {
            let list = CertificateList::from_der(&der).ok()?;
            let due = list.tbs_cert_list.next_update?;
            Timestamp::from_second(i64::try_from(due.to_unix_duration().as_secs()).ok()?).ok()
        });
        due.is_some_and(|due| now < due)
    }

    /// Who shows this chain, if it is one of this authority's that names an office and was not withdrawn.
    pub(super) fn caller(&self, chain: &[CertificateDer<'_>]) -> Option<ExternalCaller> {
        let (certificate, between) = chain.split_first()?;
        let Looked { checked } = self.look_at(certificate, between, UnixTime::now()).ok()?;
        let parsed = Certificate::from_der(certificate).ok()?;
        let office = self.rule.office(parsed.tbs_certificate().subject())?;
        Some(ExternalCaller { office, checked })
    }

    /// Whether a certificate is one of this authority's that is good now and was not withdrawn. The list is read each time:
    /// the operator may have put a new one in its place.
    pub(super) fn look_at(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Looked, webpki::Error> {
        self.verify(certificate, between, None, now)?;
        if self.crl.is_none() {
            return Ok(Looked { checked: true });
        }
        match self.ask_list(certificate, between, now) {
            Ok(()) => Ok(Looked { checked: true }),
            Err(webpki::Error::CertRevoked) => Err(webpki::Error::CertRevoked),
            // A list that is missing, out of date or somebody else's says nothing about it.
            Err(_) => Ok(Looked { checked: false }),
        }
    }

    fn ask_list(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), webpki::Error> {
        let der = self.list().ok_or(webpki::Error::UnknownRevocationStatus)?;
        let list = BorrowedCertRevocationList::from_der(&der)?.into();
        let lists = [&list];
        let options = |expiration| {
            RevocationOptionsBuilder::new(&lists).map_err(|_| webpki::Error::UnknownRevocationStatus).map(|options| {
                options.with_depth(RevocationCheckDepth::EndEntity).with_expiration_policy(expiration).build()
            })
        };
        // What an old list withdrew is withdrawn; what it does not name may have been since.
        self.verify(certificate, between, Some(options(ExpirationPolicy::Ignore)?), now)?;
        self.verify(certificate, between, Some(options(ExpirationPolicy::Enforce)?), now)
    }

    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        revocation: Option<webpki::RevocationOptions<'_>>,
        now: UnixTime,
    ) -> Result<(), webpki::Error> {
        let anchors: Vec<_> = self.roots.iter().filter_map(|r| webpki::anchor_from_trusted_cert(r).ok()).collect();
        let usage = webpki::KeyUsage::client_auth();
        EndEntityCert::try_from(certificate)?
            .verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, between, now, usage, revocation, None)
            .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        text.to_owned().try_into().unwrap()
    }

    fn office(text: &str, subject: &str) -> Option<String> {
        rule(text).office(&subject.parse().unwrap()).map(|office| office.to_string())
    }

    #[test]
    fn a_rule_finds_the_one_office_a_subject_names() {
        assert_eq!(office("CN", "CN=3170000010,O=Somebody").as_deref(), Some("3170000010"));
        assert_eq!(office("cn=KKCS{}", "CN=KKCS3170000010").as_deref(), Some("3170000010"));
        assert_eq!(office("OU=<{}>", "OU=<3170000010>,CN=whoever").as_deref(), Some("3170000010"));
        assert_eq!(office("CN", "CN=KKCS3170000010"), None);
        assert_eq!(office("CN=KKCS{}", "CN=3170000010"), None);
        assert_eq!(office("CN", "OU=3170000010"), None);
        assert_eq!(office("OU", "OU=3170000010,OU=3170000028"), None, "two are none");
        assert_eq!(office("OU", "OU=3170000010,OU=支店").as_deref(), Some("3170000010"));
    }

    #[test]
    fn what_is_no_rule_is_said() {
        for text in ["", "X", "CN=", "CN=abc", "C=JP{}"] {
            assert!(Rule::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert_eq!(String::from(rule("cn=a{}b")), "cn=a{}b");
    }
}
