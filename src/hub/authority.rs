//! The certificate authority: says which key belongs to which office, and takes it back.
//!
//! One self-signed root issues everything directly. `certs/README.md` has the profiles. All times are handed in; the
//! start of every certificate lies a day back, since a PC's clock may be wrong by that much (promise B5).

mod request;

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::identity::files::{self, FileError};
use crate::identity::pem;
use crate::parcel::{CertificateError, certificate, unhex};
use crate::standard::OfficeNumber;
pub use request::{RequestError, requested_key};

const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "ca.key";
const ROOT_DAYS: u32 = 3_652;
const SERVER_DAYS: u32 = 730;
/// How long a revocation list is good for.
pub const CRL_DAYS: u32 = 7;
/// How long the certificates of offices and terminals are good for, unless the operator says otherwise.
pub const OFFICE_DAYS: u32 = 730;

/// What a certificate is good for; `certs/README.md` has the profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One key for everything, as an office gets it that brings its own signing request.
    Both,
    /// Signs parcels and receipts and is sealed to; shared by the office's terminals.
    Office,
    /// Lets one terminal in.
    Terminal,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Office => "office",
            Self::Terminal => "terminal",
        }
    }

    /// Whether parcels are sealed to it and signed with it.
    pub fn seals(self) -> bool {
        self != Self::Terminal
    }

    /// Whether a terminal calls with it.
    pub fn calls(self) -> bool {
        self != Self::Office
    }
}

/// A root key and its certificate, ready to issue.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
}

/// A certificate just made.
#[derive(Clone, Debug)]
pub struct Issued {
    pub pem: String,
    pub der: Vec<u8>,
    /// As [`certificate::serial_of`] tells it.
    pub serial_hex: String,
    pub not_after: Timestamp,
}

/// Why nothing was issued, or there is nobody to issue.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("there is an authority in {} already", dir.display())]
    Exists { dir: PathBuf },
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} holds no usable certificate or key", path.display())]
    Unreadable { path: PathBuf },
    #[error("the authority's key does not belong to its certificate")]
    KeyMismatch,
    #[error("the request: {0}")]
    Request(#[from] RequestError),
    #[error("the request is for {asked}, not for {given}")]
    OtherOffice { asked: OfficeNumber, given: OfficeNumber },
    #[error("{host:?} is no name or address of a server")]
    Host { host: String },
    #[error("{serial:?} is no serial number")]
    Serial { serial: String },
    #[error("the system gave no random numbers")]
    NoRandomness,
    #[error("the certificate would end before it begins")]
    NoTime,
    #[error("what was made cannot be read back: {0}")]
    Made(#[from] CertificateError),
    #[error("making it failed: {0}")]
    Make(#[from] rcgen::Error),
}

impl Authority {
    /// Makes a root in a folder of its own; never over one that is there.
    pub fn create(dir: &Path, name: &str, at: Timestamp) -> Result<Self, AuthorityError> {
        let exists = || AuthorityError::Exists { dir: dir.to_owned() };
        if [CERTIFICATE, KEY].iter().any(|file| dir.join(file).exists()) {
            return Err(exists());
        }
        let key = KeyPair::generate()?;
        let der = root(name, &key, at)?;
        files::private_folder(dir)?;
        let key_pem = Zeroizing::new(pem("PRIVATE KEY", key.serialized_der()));
        files::stage(&dir.join(KEY), key_pem.as_bytes())?.commit_new()?;
        files::stage(&dir.join(CERTIFICATE), pem("CERTIFICATE", &der).as_bytes())?.commit_new()?;
        Self::from_parts(der, key)
    }

    /// The root that [`Authority::create`] made.
    pub fn open(dir: &Path) -> Result<Self, AuthorityError> {
        let [certificate, key] = [CERTIFICATE, KEY].map(|name| dir.join(name));
        let der = CertificateDer::from_pem_slice(&files::read(&certificate)?)
            .map_err(|_| AuthorityError::Unreadable { path: certificate })?;
        let text = Zeroizing::new(files::read(&key)?);
        let pair = std::str::from_utf8(&text).ok().and_then(|text| KeyPair::from_pem(text).ok());
        Self::from_parts(der, pair.ok_or(AuthorityError::Unreadable { path: key })?)
    }

    fn from_parts(der: CertificateDer<'static>, key: KeyPair) -> Result<Self, AuthorityError> {
        if certificate::public_key_of(&der)? != key.public_key_raw() {
            return Err(AuthorityError::KeyMismatch);
        }
        Ok(Self { issuer: Issuer::from_ca_cert_der(&der, key)?, der })
    }

    /// The root certificate, DER: what everyone trusts.
    pub fn certificate_der(&self) -> CertificateDer<'static> {
        self.der.clone()
    }

    /// When the root certificate ends.
    pub fn valid_until(&self) -> Result<Timestamp, AuthorityError> {
        Ok(certificate::valid_until(&self.der)?)
    }

    /// The root certificate, PEM.
    pub fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    /// A certificate that is both an office's and its terminal's.
    pub fn issue_office(
        &self,
        csr_pem: &str,
        office: OfficeNumber,
        at: Timestamp,
        valid_days: u32,
    ) -> Result<Issued, AuthorityError> {
        self.issue(csr_pem, office, Kind::Both, at, valid_days)
    }

    /// A certificate for an office's key. Of the request only the key is taken, after its signature proved that whoever
    /// asks holds the private half; the caller must know that it is the office that asks.
    pub fn issue(
        &self,
        csr_pem: &str,
        office: OfficeNumber,
        kind: Kind,
        at: Timestamp,
        valid_days: u32,
    ) -> Result<Issued, AuthorityError> {
        let request = request::verified(csr_pem)?;
        if let Some(asked) = request.office.filter(|asked| *asked != office) {
            return Err(AuthorityError::OtherOffice { asked, given: office });
        }
        let mut params = self.leaf(at, valid_days)?;
        let unit = if kind.seals() { "Tayori office" } else { "Tayori terminal" };
        params.distinguished_name.push(DnType::OrganizationalUnitName, unit);
        params.distinguished_name.push(DnType::CommonName, office.as_str());
        let for_keys = if request.is_rsa { KeyUsagePurpose::KeyEncipherment } else { KeyUsagePurpose::KeyAgreement };
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, for_keys];
        if kind.calls() {
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        }
        if kind.seals() {
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::EmailProtection);
        }
        let der = params.signed_by(&request.key, &self.issuer)?.der().to_vec();
        Ok(Issued {
            pem: pem("CERTIFICATE", &der),
            serial_hex: certificate::serial_of(&der)?,
            not_after: certificate::valid_until(&der)?,
            der,
        })
    }

    /// A certificate chain (PEM) and key (PKCS#8) for the hub itself, under the names and addresses clients call it by.
    pub fn issue_server(
        &self,
        hosts: &[String],
        at: Timestamp,
    ) -> Result<(String, Zeroizing<Vec<u8>>), AuthorityError> {
        let mut params = self.leaf(at, SERVER_DAYS)?;
        params.subject_alt_names = hosts.iter().map(|host| server_name(host)).collect::<Result<_, _>>()?;
        if hosts.is_empty() {
            return Err(AuthorityError::Host { host: String::new() });
        }
        // Not a host: nothing but an office's certificate may have a common name that could be an office number.
        params.distinguished_name.push(DnType::CommonName, "Tayori hub");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let made = params.signed_by(&key, &self.issuer)?;
        Ok((pem("CERTIFICATE", made.der()), Zeroizing::new(key.serialize_der())))
    }

    /// The list of certificates taken back, DER. Good for seven days: the hub makes a new one daily. `number` only grows.
    pub fn crl(&self, revoked: &[(String, Timestamp)], number: u64, at: Timestamp) -> Result<Vec<u8>, AuthorityError> {
        let revoked_certs =
            revoked.iter().map(|(serial, since)| revoked_entry(serial, *since)).collect::<Result<_, _>>()?;
        let params = CertificateRevocationListParams {
            this_update: time(at),
            next_update: days_after(at, CRL_DAYS),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(params.signed_by(&self.issuer)?.der().to_vec())
    }

    /// What every certificate below the root has in common. None outlives the root.
    fn leaf(&self, at: Timestamp, days: u32) -> Result<CertificateParams, AuthorityError> {
        let end = days_after(at, days).min(time(certificate::valid_until(&self.der)?));
        let mut params = params(at);
        params.not_after = end;
        params.serial_number = Some(fresh_serial()?);
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        if end > params.not_before { Ok(params) } else { Err(AuthorityError::NoTime) }
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("certificate", &certificate::fingerprint(&self.der)).finish_non_exhaustive()
    }
}

fn root(name: &str, key: &KeyPair, at: Timestamp) -> Result<CertificateDer<'static>, AuthorityError> {
    let mut params = params(at);
    params.not_after = days_after(at, ROOT_DAYS);
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(fresh_serial()?);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params.self_signed(key)?.der().clone())
}

fn params(at: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = time(at).saturating_sub(Duration::DAY);
    params
}

fn server_name(host: &str) -> Result<SanType, AuthorityError> {
    let wrong = || AuthorityError::Host { host: host.to_owned() };
    match ServerName::try_from(host).map_err(|_| wrong())? {
        ServerName::DnsName(name) => Ok(SanType::DnsName(name.as_ref().try_into().map_err(|_| wrong())?)),
        ServerName::IpAddress(address) => Ok(SanType::IpAddress(address.into())),
        _ => Err(wrong()),
    }
}

fn revoked_entry(serial: &str, since: Timestamp) -> Result<RevokedCertParams, AuthorityError> {
    let bytes = unhex(serial).filter(|bytes| (1..=20).contains(&bytes.len()));
    let bytes = bytes.ok_or_else(|| AuthorityError::Serial { serial: serial.to_owned() })?;
    Ok(RevokedCertParams {
        serial_number: SerialNumber::from_slice(&bytes),
        revocation_time: time(since),
        reason_code: None,
        invalidity_date: None,
    })
}

/// 126 random bits, positive, always sixteen bytes.
fn fresh_serial() -> Result<SerialNumber, AuthorityError> {
    let mut bytes = [0u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| AuthorityError::NoRandomness)?;
    let [first, ..] = &mut bytes;
    *first = *first & 0x3f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

/// rcgen speaks the `time` crate's language; this is the only place that does.
fn time(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::seconds(at.as_second()))
}

fn days_after(at: Timestamp, days: u32) -> OffsetDateTime {
    time(at).saturating_add(Duration::days(days.into()))
}

#[cfg(test)]
mod tests;
