//! The window, used as a person uses it: by the labels on it. The tests play the engine by hand.
#![cfg(feature = "desktop")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets none of it has failed")]

mod board;
mod comfort;
mod desks;
mod drafts;
mod entry;
mod habits;
mod help;
mod keys;
mod language;
#[path = "../made_up/mod.rs"]
mod made_up;
mod mail;
mod office;
mod painter;
mod partners;
mod pictures;
mod pictures_of_parts;
mod place;
mod reading;
mod relay;
mod release;
mod search;
mod sending;
mod world;
mod writing;
