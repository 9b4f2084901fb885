//! Sealing and opening as a whole, and everything that can be wrong with a seal.
//!
//! Sign, then encrypt: nobody on the way sees who signed, or what. The signature covers the list of those it was meant
//! for, so a receiver cannot seal the signed part again to a third office and make it look sent there.

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;

use super::key::KeyError;
use super::{
    CertificateError, Content, Limits, SealingKey, Trust, TrustError, UnpackError, certificate, digest, envelope,
    signature,
};
use crate::standard::OfficeNumber;

/// What came out of a seal, after every check passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub payload: Vec<u8>,
    pub signer: OfficeNumber,
    pub signer_certificate: Vec<u8>,
    /// When the signer says it signed. A claim, no proof.
    pub signed_at: Option<Timestamp>,
}

/// A parcel read whole: opened, unpacked, and sent by the office it says it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub content: Content,
    pub signer_certificate: Vec<u8>,
    pub signed_at: Option<Timestamp>,
}

/// Why nothing was sealed or signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("nobody to seal it to")]
    NoRecipient,
    #[error("a recipient's certificate cannot be read: {0}")]
    Recipient(#[from] CertificateError),
    #[error("a recipient's certificate {fingerprint} cannot be sealed to: {source}")]
    RecipientKey { fingerprint: String, source: KeyError },
    #[error("signing failed: {0}")]
    Sign(#[from] KeyError),
    #[error("the container could not be written: {0}")]
    Write(String),
    #[error("the system gave no random numbers, or an operation on a key failed")]
    Crypto,
}

impl From<der::Error> for SealError {
    fn from(error: der::Error) -> Self {
        Self::Write(error.to_string())
    }
}

/// Why nothing came out of a seal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("the {part} cannot be read: damaged, cut short, or no such thing")]
    Malformed { part: &'static str },
    #[error("the {part} uses {algorithm}, which we do not accept")]
    Weak { part: &'static str, algorithm: String },
    #[error("it is not sealed to our certificate")]
    NotForUs,
    #[error("our key does not open what is addressed to our certificate")]
    KeyRefused,
    #[error("the {part} was altered")]
    Altered { part: &'static str },
    #[error("nobody signed it")]
    Unsigned,
    #[error("{count} signers where there must be one")]
    ManySigners { count: usize },
    #[error("the signer's certificate is not in it")]
    SignerMissing,
    #[error("the signer: {0}")]
    Signer(#[from] TrustError),
    #[error("the signature names nobody it was meant for")]
    RecipientsMissing,
    #[error("it was signed for others and passed on to us")]
    PassedOn,
    #[error("it is signed by {signer} and says it comes from {claimed}")]
    WrongSender { claimed: OfficeNumber, signer: OfficeNumber },
}

/// An error, as coarse as a person needs it to decide what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Damaged or altered: fetch it again, ask for it again.
    Broken,
    /// It may be in order, but we are not who can open it.
    NotForUs,
    Unsigned,
    Untrusted,
    /// The signer's certificate is not, or no longer, good at the time asked about.
    Expired,
    Revoked,
    /// Wait for a current revocation list, then try again. Says nothing against the sender.
    RevocationUnknown,
    WrongSender,
}

impl OpenError {
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Malformed { .. } | Self::Weak { .. } | Self::KeyRefused | Self::Altered { .. } => Verdict::Broken,
            Self::ManySigners { .. } | Self::RecipientsMissing => Verdict::Broken,
            Self::NotForUs | Self::PassedOn => Verdict::NotForUs,
            Self::Unsigned => Verdict::Unsigned,
            Self::SignerMissing => Verdict::Untrusted,
            Self::Signer(error) => error.verdict(),
            Self::WrongSender { .. } => Verdict::WrongSender,
        }
    }
}

impl TrustError {
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Unreadable => Verdict::Broken,
            Self::Untrusted { .. } => Verdict::Untrusted,
            Self::Expired { .. } | Self::NotYetValid { .. } => Verdict::Expired,
            Self::Revoked { .. } => Verdict::Revoked,
            Self::RevocationUnknown(_) => Verdict::RevocationUnknown,
            Self::NotAnOffice { .. } => Verdict::WrongSender,
        }
    }
}

/// Why a parcel could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    #[error("it was written for {receiver}")]
    WrongReceiver { receiver: OfficeNumber },
}

impl Opened {
    /// Holds the signer to what the content claims.
    pub fn sent_by(self, claimed: OfficeNumber) -> Result<Self, OpenError> {
        if self.signer == claimed { Ok(self) } else { Err(OpenError::WrongSender { claimed, signer: self.signer }) }
    }
}

/// Signs the payload and encrypts it to every recipient and to the signer, whose other terminals must read it too.
///
/// Does not ask whether a recipient's certificate is to be believed; [`Trust::office`] does.
pub fn seal(
    payload: &[u8],
    signer: &SealingKey,
    recipients: &[CertificateDer<'_>],
    at: Timestamp,
) -> Result<Vec<u8>, SealError> {
    if recipients.is_empty() {
        return Err(SealError::NoRecipient);
    }
    let mut all: Vec<&[u8]> = recipients.iter().map(AsRef::as_ref).collect();
    all.push(signer.certificate());
    all.sort_unstable();
    all.dedup();
    let signed = signature::sign_for(payload, signer, &all, at)?;
    let certificates = all.iter().map(|der| certificate::parse(der)).collect::<Result<Vec<_>, _>>()?;
    envelope::encrypt(signed, &certificates)
}

/// Undoes [`seal`]. Nothing is returned before every check has passed; `docs/seal.md` has their order and why.
pub fn open(sealed: &[u8], key: &SealingKey, trust: &Trust) -> Result<Opened, OpenError> {
    let signed = envelope::decrypt(sealed, key)?;
    let (opened, recipients) = signature::verify_any(&signed, trust)?;
    let recipients = recipients.ok_or(OpenError::RecipientsMissing)?;
    if recipients.contains(&digest::sha256(key.certificate())) { Ok(opened) } else { Err(OpenError::PassedOn) }
}

/// Opens and unpacks a parcel, and holds it to what it says: signed by its sender, written for us or by us.
pub fn read(sealed: &[u8], key: &SealingKey, trust: &Trust, limits: &Limits) -> Result<Received, ReadError> {
    let opened = open(sealed, key, trust)?;
    let content = Content::unpack(&opened.payload, limits)?;
    let Opened { signer_certificate, signed_at, .. } = opened.sent_by(content.manifest.sender)?;
    let receiver = content.manifest.receiver;
    let ours = [content.manifest.sender, receiver].map(Some).contains(&key.office());
    if ours {
        Ok(Received { content, signer_certificate, signed_at })
    } else {
        Err(ReadError::WrongReceiver { receiver })
    }
}

#[cfg(test)]
mod tests;
