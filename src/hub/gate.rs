//! Which certificates a connection may be made with: those of our authority that were not withdrawn, and those of
//! authorities the operator named, for enrolling. None at all is a connection, too; the api says what it opens.
//!
//! Only end entities are looked up in a list (offices have no intermediates). The gate goes by the last list even when
//! that is out of date, since a refusal here would reach people as "unknown authority"; the api then tells them that
//! nothing can be checked.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};

use super::external::{External, Looked};

/// Why no gate could be made.
#[derive(Debug, thiserror::Error)]
#[error("the gate cannot be made: {0}")]
pub struct GateError(String);

/// See the module.
#[derive(Debug)]
pub(super) struct Gate {
    own: Arc<dyn ClientCertVerifier>,
    others: Vec<External>,
    hints: Vec<DistinguishedName>,
}

impl Gate {
    pub(super) fn new(
        root: CertificateDer<'static>,
        crl: &[u8],
        externals: &[External],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, GateError> {
        let own = WebPkiClientVerifier::builder_with_provider(Arc::new(store(&[root])?), Arc::clone(provider))
            .only_check_end_entity_revocation()
            .with_crls([CertificateRevocationListDer::from(crl.to_vec())])
            .build()
            .map_err(|error| GateError(error.to_string()))?;
        let mut hints = own.root_hint_subjects().to_vec();
        for external in externals {
            hints.extend(store(external.roots())?.subjects());
        }
        Ok(Self { own, others: externals.to_vec(), hints })
    }
}

fn store(roots: &[CertificateDer<'static>]) -> Result<RootCertStore, GateError> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).map_err(|error| GateError(error.to_string()))?;
    }
    Ok(store)
}

/// Whether this authority, and no other of the same name, issued a certificate.
pub(super) fn is_issued_by(certificate: &CertificateDer<'_>, root: &CertificateDer<'_>) -> bool {
    let (Ok(certificate), Ok(anchor)) = (EndEntityCert::try_from(certificate), webpki::anchor_from_trusted_cert(root))
    else {
        return false;
    };
    let (anchors, usage) = ([anchor], KeyUsage::client_auth());
    certificate.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &[], UnixTime::now(), usage, None, None).is_ok()
}

impl ClientCertVerifier for Gate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let own = self.own.verify_client_cert(end_entity, intermediates, now);
        let Err(Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)) = &own
        else {
            return own;
        };
        for other in &self.others {
            match other.look_at(end_entity, intermediates, now) {
                // Where its list says nothing the api tells that nothing can be checked: a refusal here would say "withdrawn".
                Ok(Looked { .. }) => return Ok(ClientCertVerified::assertion()),
                Err(webpki::Error::CertRevoked) => return Err(CertificateError::Revoked.into()),
                Err(webpki::Error::CertExpired { .. }) => return Err(CertificateError::Expired.into()),
                Err(_) => {}
            }
        }
        own
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.own.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.own.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.own.supported_verify_schemes()
    }
}
