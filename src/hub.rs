//! The server: carries sealed parcels it cannot read, and knows the directory.

pub mod accounts;
pub mod api;
pub mod audit;
pub mod authority;
mod bell;
pub mod claims;
pub mod cursors;
pub mod directory;
pub mod home;
mod intake;
pub mod mailbox;
pub mod marks;
mod serve;
mod state;
pub mod stores;
pub mod uploads;

pub use serve::{Running, ServeError, start};
pub use state::{Caller, Hub, HubError, Standing};
