//! Windows' own store: `MY` of this account, and of this computer where the account may look into it. The calls into
//! Windows are rustls-cng's; what they answer is sorted by [`reasons`](super::reasons).

use std::sync::Arc;

use rustls::sign::CertifiedKey;
use rustls_cng::cert::CertContext;
use rustls_cng::error::CngError;
use rustls_cng::signer::CngSigningKey;
use rustls_cng::store::{CertStore, CertStoreType};
use rustls_pki_types::CertificateDer;

use super::reasons::{is_key_there, of_code};
use super::{CertificateStore, StoreError};

/// The personal certificates.
const PERSONAL: &str = "MY";

pub struct Windows;

impl CertificateStore for Windows {
    fn certificates(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let contexts = contexts()?;
        Ok(contexts.iter().filter(|context| has_key(context)).map(|context| context.as_der().to_vec()).collect())
    }

    fn certified_key(&self, certificate: &[u8]) -> Result<CertifiedKey, StoreError> {
        let context =
            contexts()?.into_iter().find(|context| context.as_der() == certificate).ok_or(StoreError::NotThere)?;
        // From here on Windows may ask for a PIN or for consent.
        let key = context.acquire_key(false).and_then(CngSigningKey::new).map_err(|error| of_cng(&error))?;
        let chain = context.as_chain_der().unwrap_or_else(|error| {
            tracing::info!(%error, "a certificate of the store is shown without those above it");
            Vec::new()
        });
        let above = chain.into_iter().skip(1).map(CertificateDer::from);
        let chain = std::iter::once(CertificateDer::from(certificate.to_vec())).chain(above).collect();
        Ok(CertifiedKey::new(chain, Arc::new(key)))
    }

    fn reason(&self, error: &rustls::Error) -> StoreError {
        match error {
            rustls::Error::Other(other) => match other.0.downcast_ref::<CngError>() {
                Some(error) => of_cng(error),
                None => StoreError::Unfit(error.to_string()),
            },
            error => StoreError::Unfit(error.to_string()),
        }
    }
}

fn contexts() -> Result<Vec<CertContext>, StoreError> {
    let unreadable = |error: CngError| StoreError::Unreadable(error.to_string());
    let own = CertStore::open(CertStoreType::CurrentUser, PERSONAL).map_err(unreadable)?;
    let mut contexts = own.find_all().map_err(unreadable)?;
    match CertStore::open(CertStoreType::LocalMachine, PERSONAL).and_then(|store| store.find_all()) {
        Ok(more) => contexts.extend(more),
        // Usual: it takes an administrator.
        Err(error) => tracing::debug!(%error, "the computer's own certificates are not for this account"),
    }
    Ok(contexts)
}

/// Looked for without a dialog.
fn has_key(context: &CertContext) -> bool {
    match context.acquire_key(true) {
        Ok(_) => true,
        Err(CngError::WindowsError(code)) => is_key_there(code),
        Err(_) => false,
    }
}

fn of_cng(error: &CngError) -> StoreError {
    match error {
        CngError::WindowsError(code) => of_code(*code),
        error => StoreError::Unfit(error.to_string()),
    }
}
