//! The server: what carries sealed parcels between offices.

pub mod authority;
