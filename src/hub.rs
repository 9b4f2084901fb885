//! The server: carries sealed parcels it cannot read, and knows the directory.

pub mod accounts;
pub mod api;
pub mod audit;
pub mod authority;
pub mod backup;
mod bell;
pub mod check;
pub mod claims;
pub mod codes;
pub mod cursors;
pub mod descriptors;
pub mod directory;
pub mod enrol;
pub mod external;
mod gate;
pub mod home;
mod intake;
pub mod letter;
mod limits;
pub mod mailbox;
pub mod marks;
mod metrics;
pub mod release;
pub mod retention;
pub mod revocation;
pub mod roll;
mod serve;
pub mod settings;
mod state;
pub mod stores;
pub mod terminals;
mod tries;
pub mod uploads;

pub use serve::{Running, ServeError, start};
pub use state::{Caller, Hub, HubError, Shown, Standing};
