//! One enrolment, from the new keys to the identity: what is asked, and whether the answer is to be believed.
//!
//! The keys are made and kept before anything is asked, so that a repeat, after an answer that got lost or a restart,
//! asks for the same and gets the same. Nothing of an answer is kept before it proved itself.

use std::path::Path;

use jiff::Timestamp;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::code::{Code, CryptoFailed};
use super::vault::Vault;
use super::{
    CERTIFICATE, Identity, IdentityError, KEY, OFFICE, OFFICE_KEY, ROOTS, Request, TERMINAL, TERMINAL_KEY, asked_with,
    chest, files, keyfile, keys_pem, not_made, pairs, pem, request, roots_in, terminal_in,
};
use crate::parcel::{SealingKey, Trust, certificate, digest_of, open, seal};
use crate::standard::OfficeNumber;
use crate::wire::{Binary, CodeProof, EnrolAnswer, EnrolRequest, Enrolled, Enrolment};

const NEXT_TERMINAL_KEY: &str = "waiting-terminal-key.pem";
const NEXT_OFFICE_KEY: &str = "waiting-office-key.pem";
/// What a terminal that waits had of the office before, so that it opens what was sealed to it then.
const BEFORE: &str = "office-before.pem";
/// The office's certificates as they were known when a terminal began to wait.
const KNOWN: &str = "office-known.pem";
/// The office's keys as sealed under its recovery code, for a terminal that still waits.
const RECOVERY: &str = "recovery.sealed-chest";

/// Why an enrolment came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("the system gave no random numbers, or an operation on a key failed")]
    Crypto,
    /// Whoever answered does not know the code: not the hub the letter speaks of.
    #[error("the answer does not prove that it comes from who gave the code")]
    NotProved,
    #[error("the answer makes no sense: {0}")]
    Nonsense(&'static str),
    #[error("the recovery code does not open the office's keys")]
    RecoveryCode,
}

impl From<CryptoFailed> for EnrolError {
    fn from(_: CryptoFailed) -> Self {
        Self::Crypto
    }
}

/// Keys that wait for their certificates.
#[derive(Debug)]
pub struct Attempt {
    office: OfficeNumber,
    terminal: Request,
    /// The key the office is to have, if it has none yet.
    key: Request,
    /// What this terminal already is in the exchange, whose old keys it keeps.
    before: Option<Identity>,
    /// Opens the office's keys when all its terminals are lost.
    recovery: Code,
}

/// What an enrolment made of this terminal.
#[derive(Debug)]
pub enum Became {
    Member(Box<Identity>),
    Waiting(Box<Waiting>),
}

/// A terminal that has its own certificate and no key of its office yet.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub office: OfficeNumber,
    pub terminal: SealingKey,
    pub roots: Vec<CertificateDer<'static>>,
    /// The office's keys as sealed under its recovery code, if it has one.
    pub recovery: Option<Vec<u8>>,
    /// Certificates of the office as they were known when it enrolled.
    pub certificates: Vec<Vec<u8>>,
    /// Keys this terminal had of the office that are no longer the office's.
    pub before: Vec<SealingKey>,
}

impl Attempt {
    /// Makes the keys, or finds those of an attempt that was cut off.
    pub fn begin(dir: &Path, vault: &Vault, office: OfficeNumber) -> Result<Self, EnrolError> {
        files::private_folder(dir).map_err(IdentityError::from)?;
        let before = Identity::load(dir, vault).ok().filter(|identity| identity.office == office);
        let terminal = kept_or_new(dir, vault, NEXT_TERMINAL_KEY, office)?;
        let key = match &before {
            // The office keeps its key when a terminal of its comes in anew.
            Some(identity) => again(identity.key.pkcs8(), office)?,
            None => kept_or_new(dir, vault, NEXT_OFFICE_KEY, office)?,
        };
        Ok(Self { office, terminal, key, before, recovery: Code::new()? })
    }

    /// What to ask for, proved with the code if there is one.
    pub fn ask(&self, terminal: &str, code: Option<&Code>) -> Result<Enrolment, EnrolError> {
        let recovery = match &self.before {
            // Its recovery code, if it has one, stays good: the key is the same.
            Some(_) => None,
            None => Some(Binary(chest::seal(&self.recovery, self.office, &chest::pack_key(&self.key.pkcs8))?)),
        };
        let request = EnrolRequest {
            office: self.office,
            terminal: terminal.to_owned(),
            terminal_csr: self.terminal.csr_pem.clone(),
            office_csr: Some(self.key.csr_pem.clone()),
            recovery,
        };
        let request = serde_json::to_vec(&request).map_err(|_| EnrolError::Nonsense("our own request"))?;
        let proof = code.map(|code| CodeProof {
            handle: Binary(code.handle().0.to_vec()),
            mac: Binary(code.proof().tag(&request)),
        });
        Ok(Enrolment { request: Binary(request), proof })
    }

    /// What the answer makes of this terminal. Says the recovery code when the office has a new key.
    pub fn became(self, answer: &EnrolAnswer, code: Option<&Code>) -> Result<(Became, Option<Code>), EnrolError> {
        let terminal =
            SealingKey::from_der(&answer.terminal_certificate.0, &self.terminal.pkcs8).map_err(IdentityError::from)?;
        if terminal.office() != Some(self.office) {
            return Err(EnrolError::Nonsense("a certificate of another office"));
        }
        let root = CertificateDer::from(answer.authority.0.clone());
        if webpki::anchor_from_trusted_cert(&root).is_err() {
            return Err(EnrolError::Nonsense("an authority that is none"));
        }
        let roots = vec![root];
        let certificates: Vec<Vec<u8>> = answer.office_certificates.iter().map(|der| der.0.clone()).collect();
        let mut keys = if answer.office_key_is_yours {
            chest::unpack(&chest::pack_key(&self.key.pkcs8), self.office, &certificates)
        } else {
            let opened =
                code.zip(answer.chest.as_ref()).and_then(|(code, sealed)| chest::open(code, self.office, &sealed.0));
            opened.map(|packed| chest::unpack(&packed, self.office, &certificates)).unwrap_or_default()
        };
        if keys.is_empty() {
            let recovery = answer.recovery.as_ref().map(|sealed| sealed.0.clone());
            let before = self.before.iter().flat_map(Identity::keys).cloned().collect();
            let waiting = Waiting { office: self.office, terminal, roots, recovery, certificates, before };
            return Ok((Became::Waiting(Box::new(waiting)), None));
        }
        let is_new = self.before.is_none() && answer.office_key_is_yours;
        keys.extend(self.before.iter().flat_map(Identity::keys).cloned());
        Ok((Became::Member(Box::new(member(terminal, keys, roots)?)), is_new.then_some(self.recovery)))
    }

    /// Forgets the keys that waited, once what they became is saved.
    pub fn forget(dir: &Path) {
        // One that stays is sealed and of no use: its certificate is here.
        let _ = keyfile::remove(&dir.join(NEXT_TERMINAL_KEY));
        let _ = keyfile::remove(&dir.join(NEXT_OFFICE_KEY));
    }
}

/// Whether the answer comes from who gave the code, and what it says.
pub fn believe(enrolment: &Enrolment, enrolled: &Enrolled, code: Option<&Code>) -> Result<EnrolAnswer, EnrolError> {
    if let Some(code) = code {
        let said = [digest_of(&enrolment.request.0).as_slice(), &enrolled.answer.0].concat();
        let mac = enrolled.mac.as_ref().map(|mac| mac.0.as_slice()).unwrap_or_default();
        if !code.answer().fits(&said, mac) {
            return Err(EnrolError::NotProved);
        }
    }
    serde_json::from_slice(&enrolled.answer.0).map_err(|_| EnrolError::Nonsense("no answer to an enrolment"))
}

fn member(
    terminal: SealingKey,
    mut keys: Vec<SealingKey>,
    roots: Vec<CertificateDer<'static>>,
) -> Result<Identity, IdentityError> {
    let mut seen: Vec<Vec<u8>> = Vec::new();
    keys.retain(|key| {
        let new = !seen.iter().any(|der| der == key.certificate());
        seen.push(key.certificate().to_vec());
        new
    });
    Identity::of_keys(terminal, keys, roots)
}

fn kept_or_new(dir: &Path, vault: &Vault, name: &str, office: OfficeNumber) -> Result<Request, IdentityError> {
    let path = dir.join(name);
    match keyfile::read(vault, &path).map_err(IdentityError::from) {
        Ok(text) => {
            let keys = chest::keys_in(&text).unwrap_or_default();
            again(keys.first().ok_or(IdentityError::NoKey { path })?, office)
        }
        Err(IdentityError::Missing { .. }) => {
            let made = request(office)?;
            let text = Zeroizing::new(pem("PRIVATE KEY", &made.pkcs8));
            keyfile::stage(vault, &path, text.as_bytes())?.commit_new()?;
            Ok(made)
        }
        Err(error) => Err(error),
    }
}

/// A request for a key that is there already; RSA among them, from a certificate of another authority.
pub(crate) fn again(pkcs8: &[u8], office: OfficeNumber) -> Result<Request, IdentityError> {
    asked_with(&rcgen::KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8)).map_err(not_made)?, office)
}

impl Waiting {
    /// Writes what is there; a key of the office that was there before is no more this terminal's.
    pub fn save(&self, dir: &Path, vault: &Vault) -> Result<(), IdentityError> {
        files::private_folder(dir)?;
        let roots: String = self.roots.iter().map(|root| pem("CERTIFICATE", root)).collect();
        let terminal = Zeroizing::new(pem("PRIVATE KEY", self.terminal.pkcs8()));
        let plain = |name: &str, text: &str| files::stage(&dir.join(name), text.as_bytes());
        let known: String = self.certificates.iter().map(|der| pem("CERTIFICATE", der)).collect();
        let mut staged = vec![
            plain(ROOTS, &roots)?,
            plain(KNOWN, &known)?,
            keyfile::stage(vault, &dir.join(TERMINAL_KEY), terminal.as_bytes())?,
            plain(TERMINAL, &pem("CERTIFICATE", self.terminal.certificate()))?,
        ];
        if let Some(recovery) = &self.recovery {
            staged.push(files::stage(&dir.join(RECOVERY), recovery)?);
        }
        if !self.before.is_empty() {
            let certificates: String = self.before.iter().map(|key| pem("CERTIFICATE", key.certificate())).collect();
            staged.push(keyfile::stage(vault, &dir.join(OFFICE_KEY), keys_pem(self.before.iter()).as_bytes())?);
            staged.push(plain(BEFORE, &certificates)?);
        }
        for staged in staged {
            staged.commit()?;
        }
        // What signed for the office until now must not any more; its key lies with the others.
        for gone in [OFFICE, CERTIFICATE] {
            let _ = std::fs::remove_file(dir.join(gone));
        }
        let _ = keyfile::remove(&dir.join(KEY));
        Ok(())
    }

    /// What [`Waiting::save`] wrote.
    pub fn load(dir: &Path, vault: &Vault) -> Result<Self, IdentityError> {
        let terminal = terminal_in(dir, vault)?;
        let known = files::read(&dir.join(KNOWN)).unwrap_or_default();
        let known = CertificateDer::pem_slice_iter(&known).map_while(Result::ok);
        Ok(Self {
            office: super::office_of(&terminal)?,
            terminal,
            roots: roots_in(dir)?,
            recovery: files::read(&dir.join(RECOVERY)).ok(),
            certificates: known.map(|der| der.to_vec()).collect(),
            before: pairs(dir, vault, BEFORE, OFFICE_KEY).unwrap_or_default(),
        })
    }

    /// The number people compare on the two screens before one lets the other in.
    pub fn fingerprint(&self) -> String {
        certificate::fingerprint(self.terminal.certificate())
    }

    /// How this terminal calls the hub.
    pub fn client_config(&self) -> Result<rustls::ClientConfig, IdentityError> {
        super::client_config(&self.terminal, &self.roots)
    }

    /// With the office's recovery code.
    pub fn recover(&self, code: &Code) -> Result<Identity, EnrolError> {
        let sealed = self.recovery.as_ref().ok_or(EnrolError::RecoveryCode)?;
        let packed = chest::open(code, self.office, sealed).ok_or(EnrolError::RecoveryCode)?;
        self.member(&packed)
    }

    /// With what another terminal of the office sealed to this one.
    pub fn admitted(&self, sealed: &[u8], trust: &Trust) -> Result<Identity, EnrolError> {
        let opened = open(sealed, &self.terminal, trust).map_err(|error| {
            tracing::warn!(%error, "an admission was not opened");
            EnrolError::Nonsense("an admission that is not for us, or from nobody of ours")
        })?;
        if opened.signer != self.office {
            return Err(EnrolError::Nonsense("an admission of another office"));
        }
        self.member(&Zeroizing::new(opened.payload))
    }

    fn member(&self, packed: &[u8]) -> Result<Identity, EnrolError> {
        let mut keys = chest::unpack(packed, self.office, &self.certificates);
        if keys.is_empty() {
            return Err(EnrolError::Nonsense("keys without certificates"));
        }
        keys.extend(self.before.iter().cloned());
        Ok(member(self.terminal.clone(), keys, self.roots.clone())?)
    }

    /// The terminal is a member now.
    pub fn forget(dir: &Path) {
        for gone in [RECOVERY, BEFORE, KNOWN] {
            let _ = std::fs::remove_file(dir.join(gone));
        }
    }

    /// Whether `dir` holds a terminal that waits.
    pub fn is_in(dir: &Path) -> bool {
        dir.join(TERMINAL).exists() && !dir.join(OFFICE).exists()
    }
}

/// Seals the office's keys to a terminal that waits.
pub fn admit(identity: &Identity, waiting: &[u8], now: Timestamp) -> Result<Vec<u8>, EnrolError> {
    let to = CertificateDer::from(waiting.to_vec());
    if certificate::office_of(waiting).ok() != Some(identity.office) {
        return Err(EnrolError::Nonsense("a terminal of another office"));
    }
    seal(&chest::pack(identity), &identity.key, &[to], now).map_err(|_| EnrolError::Crypto)
}
