//! The one call that is made before there is anybody to trust: `POST /v1/enrol`.
//!
//! The connection is made with whoever answers, and what that one showed is written down. Nothing secret goes out: the
//! request proves that we have the code without showing it. The answer names the authority, and proves itself by the code
//! (or by the fingerprint that came on paper); then [`Seen::is_of`] holds what was written down to that authority and to
//! the host's name, and only after that anything is kept. There is no way around that last step.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::LinkError;
use super::hub::HubLink;
use crate::wire::{Enrolled, Enrolment};

/// What whoever answered showed: to be held to the authority before anything is believed.
#[derive(Debug)]
#[must_use]
pub struct Seen(Vec<(Vec<CertificateDer<'static>>, ServerName<'static>)>);

/// Asks to be let in; `base` is the hub's address, `shown` a certificate of another authority.
pub fn enrol(base: &str, shown: Option<CertifiedKey>, enrolment: &Enrolment) -> Result<(Enrolled, Seen), LinkError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let witness = Arc::new(Witness { provider: Arc::clone(&provider), seen: Mutex::default() });
    let unusable = |error: rustls::Error| LinkError::CertificateRefused(error.to_string());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>);
    let tls = match shown {
        Some(key) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key))),
        None => builder.with_no_client_auth(),
    };
    let link = HubLink::new(base, tls)?;
    let enrolled = link.open_json(link.ask(reqwest::Method::POST, "/v1/enrol").json(enrolment))?;
    let seen = std::mem::take(&mut *witness.seen.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((enrolled, Seen(seen)))
}

impl Seen {
    /// Whether all that was shown is of this authority, for the name that was called, and good at that time.
    pub fn is_of(&self, authority: &[u8], at: Timestamp) -> Result<(), LinkError> {
        let not = |error: &dyn std::fmt::Display| LinkError::NotTrusted(error.to_string());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(authority.to_vec())).map_err(|error| not(&error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| not(&error))?;
        let seconds = u64::try_from(at.as_second()).unwrap_or_default();
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        if self.0.is_empty() {
            return Err(not(&"nothing was shown"));
        }
        for (chain, name) in &self.0 {
            let (certificate, between) = chain.split_first().ok_or_else(|| not(&"nothing was shown"))?;
            verifier.verify_server_cert(certificate, between, name, &[], at).map_err(|error| not(&error))?;
        }
        Ok(())
    }
}

/// Writes down what is shown. That whoever shows a certificate has its key is checked here as everywhere.
#[derive(Debug)]
struct Witness {
    provider: Arc<CryptoProvider>,
    seen: Mutex<Vec<(Vec<CertificateDer<'static>>, ServerName<'static>)>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(end_entity).chain(intermediates).map(|der| der.clone().into_owned()).collect();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push((chain, server_name.to_owned()));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
