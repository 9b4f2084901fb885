//! Logins of the made-up offices of a load trial: an account nobody can log in to, with a session that is open already.
//! Judging thousands of passwords would take longer than the trial.

use jiff::{SignedDuration, Timestamp};

use super::table;
use super::{LoginSettings, session};
use crate::hub::stores::{Store, StoreError};
use crate::standard::OfficeNumber;
use crate::wire::{Role, Secret, UserId};

/// No password comes to this.
const NO_PASSWORD: &str = "-";

/// Begins a session for a terminal; its access token.
pub fn log_in(
    store: &Store,
    office: OfficeNumber,
    terminal: &str,
    hold: SignedDuration,
    now: Timestamp,
) -> Result<Secret, StoreError> {
    let terminal = terminal.to_owned();
    let settings = LoginSettings { access: hold, refresh: hold, ..LoginSettings::default() };
    store.write_now(move |connection| {
        let user: UserId = "trial".parse().map_err(|_| StoreError::Stopped)?;
        table::create(connection, office, (&user, Role::Admin, NO_PASSWORD), now)?;
        let begun = session::begin(connection, (office, &user, Role::Admin), &terminal, &settings, now)?;
        Ok(begun.access)
    })
}
