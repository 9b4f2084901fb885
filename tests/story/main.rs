//! Stories: the real programs, real TLS, real SQLite, from folder to folder. A name such as `d2_…` is the promise it
//! would catch us breaking. They wait more than they work: `--test-threads 4` halves the time on two cores.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod answers;
mod board;
#[cfg(target_os = "linux")]
mod claimed;
mod crooked;
mod demo;
mod desks;
mod desktop;
mod diagnosis;
#[cfg(unix)]
mod disk;
mod enrol;
mod entrust;
mod entry;
mod external;
#[cfg(unix)]
mod folders;
#[cfg(unix)]
mod full;
#[cfg(target_os = "linux")]
mod keyring;
mod kill;
#[cfg(unix)]
mod line;
mod load;
mod login;
#[cfg(unix)]
mod notices;
mod others;
mod post;
mod reach;
mod release;
#[cfg(target_os = "linux")]
#[path = "../screen/mod.rs"]
mod screen;
mod service;
mod together;
mod transfer;
#[cfg(unix)]
mod trouble;
mod undo;
#[cfg(all(unix, feature = "desktop"))]
mod untouched;
#[cfg(unix)]
mod vault;
mod way;
mod window;
mod world;
#[cfg(unix)]
mod writers;
