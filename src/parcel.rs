//! One parcel: what one office sends another at once, packed, signed and encrypted.
//!
//! Pure: bytes in, bytes out. The time is handed in, keys come from [`crate::identity`].

mod id;

pub use id::ParcelId;
