//! The system's keyring: Credential Manager, Keychain, or a Secret Service.
//!
//! A Secret Service may be absent, locked, or silent for ever. So it is asked on a thread of its own, and for a limited
//! time: a program that does not start tells nobody what is wrong.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use ::keyring::{Entry, Error};
use zeroize::Zeroizing;

/// How long a keyring may take. The system may have to ask its user for the keyring's own password.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one may take that nobody knows to be there.
const PROBE: Duration = Duration::from_secs(5);
/// Under which name the system's own tools show our entries.
const SERVICE: &str = "Tayori";

/// Why a keyring did not help.
#[derive(Debug, thiserror::Error)]
pub enum KeyPlaceError {
    #[error("it did not answer within {waited:?}")]
    Silent { waited: Duration },
    #[error("it has no such entry")]
    NoEntry,
    #[error("{0}")]
    Refused(String),
}

/// Where a vault's key can be kept.
pub trait KeyPlace: Send + Sync {
    fn keep(&self, id: &str, key: &[u8]) -> Result<(), KeyPlaceError>;
    fn take(&self, id: &str) -> Result<Zeroizing<Vec<u8>>, KeyPlaceError>;
    /// Removes a key that nothing was sealed with.
    fn forget(&self, id: &str);
}

/// The keyring of whoever runs this program.
#[derive(Clone, Copy, Debug)]
pub struct SystemKeyring;

impl KeyPlace for SystemKeyring {
    fn keep(&self, id: &str, key: &[u8]) -> Result<(), KeyPlaceError> {
        let (id, key) = (id.to_owned(), Zeroizing::new(key.to_vec()));
        within(PROBE, move || {
            let entry = Entry::new(SERVICE, &id)?;
            entry.set_secret(&key)?;
            // What cannot be read back was not kept.
            match Zeroizing::new(entry.get_secret()?) == key {
                true => Ok(()),
                false => Err(Error::NoEntry),
            }
        })
    }

    fn take(&self, id: &str) -> Result<Zeroizing<Vec<u8>>, KeyPlaceError> {
        let id = id.to_owned();
        within(PATIENCE, move || Entry::new(SERVICE, &id)?.get_secret().map(Zeroizing::new))
    }

    fn forget(&self, id: &str) {
        let id = id.to_owned();
        // One that stays opens nothing.
        let _ = within(PROBE, move || Entry::new(SERVICE, &id)?.delete_credential());
    }
}

/// Waits so long, and no longer. The thread of a keyring that stays silent ends with the process.
fn within<T: Send + 'static>(
    limit: Duration,
    ask: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, KeyPlaceError> {
    let (tell, told) = sync_channel(1);
    let refused = |error: &dyn std::fmt::Display| KeyPlaceError::Refused(error.to_string());
    std::thread::Builder::new()
        .name("keyring".into())
        .spawn(move || drop(tell.send(ask())))
        .map_err(|error| refused(&error))?;
    match told.recv_timeout(limit) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(Error::NoEntry)) => Err(KeyPlaceError::NoEntry),
        Ok(Err(error)) => Err(refused(&error)),
        Err(_) => Err(KeyPlaceError::Silent { waited: limit }),
    }
}
