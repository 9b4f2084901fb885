//! One parcel: what one office sends another at once, packed, signed and encrypted.
//!
//! Pure: bytes in, bytes out. The time is handed in, keys come from [`crate::identity`].
//!
//! | step | makes | undone by |
//! |---|---|---|
//! | [`Content::pack`] | an ordinary ZIP, `manifest.json` first | [`Content::unpack`] |
//! | [`seal`] | the ZIP signed by its sender, encrypted to receiver and sender | [`open()`] |
//! | [`Receipt::sign`] | a short signed statement about one parcel | [`Receipt::verify`] |
//!
//! [`read`] goes the whole way back in one step and is what a receiver calls. `docs/seal.md` has the container byte by
//! byte and the order of the checks.

pub mod certificate;
mod content;
mod digest;
mod envelope;
mod id;
mod key;
mod profile;
mod receipt;
mod seal;
mod signature;
mod statement;
mod trust;

#[cfg(test)]
mod testing;

pub use certificate::CertificateError;
pub use content::{Content, FileEntry, Hop, Limits, Manifest, NameFault, PackError, UnpackError, check_name};
pub(crate) use digest::sha256 as digest_of;
pub use digest::{DigestOf, hex, sha256_hex, unhex};
pub use id::ParcelId;
pub use key::{KeyError, SealingKey};
pub use receipt::{Receipt, ReceiptError, ReceiptStep};
pub use seal::{OpenError, Opened, ReadError, Received, SealError, Verdict, open, read, seal};
pub use signature::{sign, verify};
pub use statement::{MOST_PERSONS, Over, Statement};
pub use trust::{NoAnswer, Trust, TrustError};
