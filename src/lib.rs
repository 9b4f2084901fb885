//! Tayori (便り): how Japan's care offices exchange care-plan data.
//!
//! Arrows point one way, down this list; nothing below knows what is above it.
//!
//! | room | knows |
//! |---|---|
//! | [`cli`] | the same core by command; without a command it opens the window |
//! | `desktop` | the window (feature `desktop`) |
//! | [`demo`] | a whole district on this machine |
//! | [`notice`] | told outside the window: toasts, sound, a phone |
//! | [`words`] | every text a user reads |
//! | [`load`] | a load trial: thousands of made-up terminals at a hub |
//! | [`register`] | the month's exchanges, for an inspector |
//! | [`engine`] | commands in, events out; threads, timers, retries |
//! | [`folders`] | wait until a file is whole, deliver without overwriting |
//! | [`link`] | the client's end of the exchange |
//! | [`hub`] | the server: api, mailbox, directory, certificate authority, store |
//! | [`history`] | the client's own store |
//! | `sqlite` | what both stores ask of SQLite |
//! | `held` | patience with files another program holds for a moment |
//! | [`identity`] | keys, certificates, whom we trust |
//! | [`board`] | one month with every partner, derived from evidence; pure |
//! | [`release`] | whether there is a newer version, as its maker has signed; pure |
//! | [`wire`] | what both ends say to each other; pure |
//! | [`entrust`] | what is passed on for a support centre, and back; pure |
//! | [`desks`] | which desk of an office a parcel is for; pure |
//! | [`parcel`] | units, manifest, seal and open; pure |
//! | [`standard`] | names, records, typed tables, checks; pure |
//! | [`search`] | what texts are searched by; pure |

pub mod board;
pub mod cli;
pub mod demo;
pub mod desks;
#[cfg(feature = "desktop")]
pub mod desktop;
pub mod engine;
pub mod entrust;
pub mod folders;
mod held;
pub mod history;
pub mod hub;
pub mod identity;
pub mod link;
pub mod load;
pub mod notice;
pub mod parcel;
pub mod register;
pub mod release;
pub mod search;
mod sqlite;
pub mod standard;
pub mod wire;
pub mod words;
