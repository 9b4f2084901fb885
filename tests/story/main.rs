//! Stories: the real programs, real TLS, real SQLite, from folder to folder. See `docs/` for the promises they are
//! named after.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod answers;
mod crooked;
mod demo;
mod entry;
mod kill;
#[cfg(unix)]
mod trouble;
mod way;
mod window;
mod world;
