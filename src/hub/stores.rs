//! Where the hub keeps things.

pub mod sqlite;
