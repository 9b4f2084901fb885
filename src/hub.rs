//! The server: carries sealed parcels it cannot read, and knows the directory.

pub mod accounts;
pub mod api;
pub mod authority;
mod bell;
pub mod codes;
pub mod directory;
pub mod enrol;
pub mod external;
mod gate;
pub mod home;
mod intake;
pub mod letter;
pub mod mailbox;
pub mod roll;
mod serve;
mod state;
pub mod stores;
pub mod terminals;
mod tries;
pub mod uploads;

pub use serve::{Running, ServeError, start};
pub use state::{Caller, Hub, HubError, Shown, Standing};
