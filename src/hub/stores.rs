//! Where the hub keeps things.

mod journal;
pub mod sqlite;
