//! What a receipt says: that one office had one parcel in its hands, how far it came, and when.
//!
//! It is signed by the office that says so, and binds the parcel's id and the digest of its sealed bytes, so it is proof
//! to the sender whoever carried it. It holds no content: the hub reads it.

use jiff::Timestamp;

use super::{OpenError, ParcelId, SealError, SealingKey, Trust, sign, signature, verify};
use crate::standard::OfficeNumber;

/// One step of one parcel, as its receiver states it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    pub parcel: ParcelId,
    /// SHA-256 of the sealed bytes, hexadecimal.
    pub digest: String,
    pub office: OfficeNumber,
    pub step: ReceiptStep,
    pub at: Timestamp,
    /// For a refusal: a stable code, never content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How far a parcel came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptStep {
    Delivered,
    Opened,
    Imported,
    Refused,
}

impl ReceiptStep {
    /// The word that stands for it in a receipt and in a store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::Imported => "imported",
            Self::Refused => "refused",
        }
    }
}

/// A text that names no step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no step of a receipt")]
pub struct UnknownStep;

impl std::str::FromStr for ReceiptStep {
    type Err = UnknownStep;
    fn from_str(text: &str) -> Result<Self, UnknownStep> {
        [Self::Delivered, Self::Opened, Self::Imported, Self::Refused]
            .into_iter()
            .find(|step| step.as_str() == text)
            .ok_or(UnknownStep)
    }
}

/// Why a receipt proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("what is signed is no receipt: {0}")]
    Unreadable(String),
}

impl Receipt {
    /// The receipt, signed at its own time with the key of its office.
    pub fn sign(&self, key: &SealingKey) -> Result<Vec<u8>, SealError> {
        let text = serde_json::to_vec(self).map_err(|e| SealError::Write(e.to_string()))?;
        sign(&text, key, self.at)
    }

    /// Reads a receipt and the certificate it says it was signed with, without believing either: for our own, which the
    /// hub hands back or does not take any more.
    pub fn look_into(signed: &[u8]) -> Result<(Self, Vec<u8>), ReceiptError> {
        let (payload, certificate) = signature::look_into(signed)?;
        let receipt = serde_json::from_slice(&payload).map_err(|e| ReceiptError::Unreadable(e.to_string()))?;
        Ok((receipt, certificate))
    }

    /// Reads a signed receipt and returns it with the certificate that signed it.
    pub fn verify_with_certificate(signed: &[u8], trust: &Trust) -> Result<(Self, Vec<u8>), ReceiptError> {
        let opened = verify(signed, trust)?;
        let receipt: Self =
            serde_json::from_slice(&opened.payload).map_err(|e| ReceiptError::Unreadable(e.to_string()))?;
        let opened = opened.sent_by(receipt.office)?;
        Ok((receipt, opened.signer_certificate))
    }

    /// Reads a signed receipt and returns it with its signer, who is the office it speaks for.
    pub fn verify(signed: &[u8], trust: &Trust) -> Result<(Self, OfficeNumber), ReceiptError> {
        let opened = verify(signed, trust)?;
        let receipt: Self =
            serde_json::from_slice(&opened.payload).map_err(|e| ReceiptError::Unreadable(e.to_string()))?;
        let opened = opened.sent_by(receipt.office)?;
        Ok((receipt, opened.signer))
    }
}

#[cfg(test)]
mod tests;
