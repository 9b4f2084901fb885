//! Who takes part: made-up offices, each with a key, a certificate of the hub's authority and a login.
//!
//! Their numbers begin with `99L`: there is no prefecture 99, so no real office has such a number.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use rustls::ClientConfig;
use rustls::client::Resumption;
use tokio::sync::watch;

use super::{LoadError, Progress};
use crate::hub::accounts::trial;
use crate::hub::home::Home;
use crate::identity::{self, IdentityError};
use crate::parcel::{SealingKey, certificate};
use crate::standard::{OfficeNumber, ServiceType};

const PREFIX: &str = "99L";
/// Keys are made and requests answered side by side, so that the store takes many in at once.
const MAKERS: usize = 16;

/// One office, with one terminal.
#[derive(Debug)]
pub(super) struct Office {
    /// Counted from 0.
    pub place: usize,
    pub number: OfficeNumber,
    /// Signs its receipts.
    pub key: SealingKey,
    pub tls: Arc<ClientConfig>,
    pub bearer: HeaderValue,
}

/// Whether a trial made it.
pub(super) fn is_ours(office: OfficeNumber) -> bool {
    office.as_str().starts_with(PREFIX)
}

/// Registers so many offices at a hub and logs each of them in.
pub(super) fn make(
    home: &Home,
    count: usize,
    hold: SignedDuration,
    stop: &watch::Receiver<bool>,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Office>, LoadError> {
    let (next, roots) = (AtomicUsize::new(0), home.authority.certificate_pem());
    let each = || {
        let mut made = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                return Ok(made);
            }
            if *stop.borrow() {
                return Err(LoadError::Stopped);
            }
            if place.is_multiple_of(1_000) {
                tell(Progress::Making { done: place, of: count });
            }
            made.push(one(home, place, roots.as_bytes(), hold)?);
        }
    };
    let made = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..MAKERS).map(|_| scope.spawn(each)).collect();
        let joined = makers.into_iter().map(|maker| maker.join().unwrap_or(Err(LoadError::Stopped)));
        joined.collect::<Result<Vec<_>, _>>()
    })?;
    let mut offices: Vec<Office> = made.into_iter().flatten().collect();
    offices.sort_by_key(|office| office.place);
    Ok(offices)
}

fn one(home: &Home, place: usize, roots: &[u8], hold: SignedDuration) -> Result<Office, LoadError> {
    let unusable = |error: &dyn std::fmt::Display| IdentityError::Make(error.to_string());
    let number: OfficeNumber = format!("{PREFIX}{place:07}").parse().map_err(|error| unusable(&error))?;
    let service: ServiceType = "11".parse().map_err(|error| unusable(&error))?;
    let (request, now) = (identity::request(number)?, Timestamp::now());
    let issued = home.add_office(number, service, "負荷試験", Some(&request.csr_pem), now)?;
    let identity = request.answered(issued.unwrap_or_default().as_bytes(), roots)?;
    let terminal = certificate::serial_of(identity.terminal.certificate()).map_err(|error| unusable(&error))?;
    let access = trial::log_in(&home.store, number, &terminal, hold, now).map_err(crate::hub::home::HomeError::from)?;
    let mut tls = identity.client_config()?;
    // A reconnecting terminal resumes, as the client's does; one place is enough for one hub.
    tls.resumption = Resumption::in_memory_sessions(1);
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", access.reveal())).map_err(|error| unusable(&error))?;
    bearer.set_sensitive(true);
    Ok(Office { place, number, key: identity.key, tls: Arc::new(tls), bearer })
}
