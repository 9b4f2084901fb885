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

use super::external::External;

/// Why no gate could be made.
#[derive(Debug, thiserror::Error)]
#[error("the gate cannot be made: {0}")]
pub struct GateError(String);

/// See the module.
#[derive(Debug)]
pub(super) struct Gate {
    own: Arc<dyn ClientCertVerifier>,
    others: Vec<Arc<dyn ClientCertVerifier>>,
    hints: Vec<DistinguishedName>,
}

impl Gate {
    pub(super) fn new(
        root: CertificateDer<'static>,
        crl: &[u8],
        externals: &[External],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, GateError> {
        let own = verifier(&[root], Some(crl), provider)?;
        let others = externals
            .iter()
            .map(|external| verifier(external.roots(), external.list().as_deref(), provider))
            .collect::<Result<Vec<_>, _>>()?;
        let hints = [&own].into_iter().chain(&others).flat_map(|gate| gate.root_hint_subjects().to_vec()).collect();
        Ok(Self { own, others, hints })
    }
}

fn verifier(
    roots: &[CertificateDer<'static>],
    crl: Option<&[u8]>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, GateError> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).map_err(|error| GateError(error.to_string()))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .only_check_end_entity_revocation();
    let builder = match crl {
        Some(crl) => builder.with_crls([CertificateRevocationListDer::from(crl.to_vec())]),
        None => builder.allow_unknown_revocation_status(),
    };
    builder.build().map_err(|error| GateError(error.to_string()))
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
        let mut others = self.others.iter().map(|other| other.verify_client_cert(end_entity, intermediates, now));
        others.find(Result::is_ok).unwrap_or(own)
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
