//! Who says so: CMS SignedData with one signer and signed attributes.

use std::time::Duration;

use aws_lc_rs::digest as hash;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::revocation::RevocationInfoChoices;
use cms::signed_data::{CertificateSet, SignatureValue, SignedAttributes, SignerIdentifier, SignerInfo, SignerInfos};
use const_oid::db::rfc5911;
use der::asn1::{Any, GeneralizedTime, ObjectIdentifier as Oid, OctetString, SetOfVec, UtcTime};
use der::{Decode, Encode, EncodingRules, Sequence, Tag, Tagged};
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use spki::AlgorithmIdentifierOwned as Algorithm;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::time::Time;

use super::key::Kind;
use super::{OpenError, Opened, SealError, SealingKey, Trust, certificate, digest, key, profile};

/// SignedData (RFC 5652), as far as we use it. The `cms` crate's own keeps the content as [`Any`], which loses whether
/// BER wrote it in one piece or in several; an octet string knows.
#[derive(Debug, Sequence)]
struct Signed {
    version: CmsVersion,
    digest_algorithms: SetOfVec<Algorithm>,
    content: SignedContent,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    certificates: Option<CertificateSet>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    crls: Option<RevocationInfoChoices>,
    signers: SignerInfos,
}

#[derive(Debug, Sequence)]
struct SignedContent {
    kind: Oid,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    bytes: Option<OctetString>,
}

/// Signs without encrypting: for receipts, which hold nothing to hide.
pub fn sign(payload: &[u8], key: &SealingKey, at: Timestamp) -> Result<Vec<u8>, SealError> {
    sign_for(payload, key, &[], at)
}

/// The reverse of [`sign`].
pub fn verify(signed: &[u8], trust: &Trust) -> Result<Opened, OpenError> {
    verify_any(signed, trust).map(|(opened, _)| opened)
}

/// Signs for certain readers: their certificates' digests become part of what is signed.
pub(super) fn sign_for(
    payload: &[u8],
    key: &SealingKey,
    recipients: &[&[u8]],
    at: Timestamp,
) -> Result<Vec<u8>, SealError> {
    let attributes = attributes(payload, recipients, at)?;
    let signature = key.sign(&attributes.to_der()?)?;
    let signed = Signed {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![profile::plain(profile::SHA256)])?,
        content: SignedContent { kind: profile::DATA, bytes: Some(OctetString::new(payload)?) },
        certificates: Some(CertificateSet::try_from(vec![CertificateChoices::Certificate(key.certificate.clone())])?),
        crls: None,
        signers: SignerInfos::try_from(vec![SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(issuer_and_serial(&key.certificate)),
            digest_alg: profile::plain(profile::SHA256),
            signed_attrs: Some(attributes),
            signature_algorithm: match key.kind {
                Kind::Rsa => profile::with_null(profile::RSA),
                Kind::P256 => profile::plain(profile::ECDSA_SHA256),
            },
            signature: SignatureValue::new(signature)?,
            unsigned_attrs: None,
        }])?,
    };
    Ok(profile::content_info(profile::SIGNED_DATA, &signed)?)
}

fn attributes(payload: &[u8], recipients: &[&[u8]], at: Timestamp) -> Result<SignedAttributes, SealError> {
    let mut attributes = vec![
        attribute(rfc5911::ID_CONTENT_TYPE, Any::encode_from(&profile::DATA)?)?,
        attribute(rfc5911::ID_SIGNING_TIME, signing_time(at)?)?,
        attribute(rfc5911::ID_MESSAGE_DIGEST, Any::new(Tag::OctetString, digest::sha256(payload))?)?,
    ];
    if !recipients.is_empty() {
        let digests: Result<Vec<_>, _> = recipients.iter().map(|r| OctetString::new(digest::sha256(r))).collect();
        attributes.push(attribute(profile::RECIPIENTS, Any::encode_from(&digests?)?)?);
    }
    Ok(SignedAttributes::try_from(attributes)?)
}

fn attribute(oid: Oid, value: Any) -> Result<Attribute, SealError> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
}

/// RFC 5652 11.3: UTCTime up to 2049, GeneralizedTime after.
fn signing_time(at: Timestamp) -> Result<Any, SealError> {
    let since = Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0));
    Ok(match UtcTime::from_unix_duration(since) {
        Ok(time) => Any::encode_from(&time)?,
        Err(_) => Any::encode_from(&GeneralizedTime::from_unix_duration(since)?)?,
    })
}

pub(super) fn issuer_and_serial(certificate: &Certificate) -> IssuerAndSerialNumber {
    let tbs = certificate.tbs_certificate();
    IssuerAndSerialNumber { issuer: tbs.issuer().clone(), serial_number: tbs.serial_number().clone() }
}

pub(super) fn has_key_identifier(certificate: &Certificate, identifier: &SubjectKeyIdentifier) -> bool {
    let found = certificate.tbs_certificate().get_extension::<SubjectKeyIdentifier>();
    matches!(found, Ok(Some((_, own))) if own == *identifier)
}

/// The digests of the certificates a signature was meant for.
type Recipients = Vec<Vec<u8>>;

/// Verifies, and says whom it was signed for (`None`: it does not say). The order: shape, exactly one signer, chain
/// and revocation, digest, signature.
pub(super) fn verify_any(signed: &[u8], trust: &Trust) -> Result<(Opened, Option<Recipients>), OpenError> {
    let data = parse(signed)?;
    let signer = only_signer(&data)?;
    let (signer_certificate, others) = certificates(&data, signer)?;
    let der = to_der(signer_certificate)?;
    let office = trust.office_with(&der, &others)?;
    let payload = payload(&data)?;
    let attributes = Attributes(signer.signed_attrs.as_ref().ok_or(OpenError::Unsigned)?);
    check_digest(signer, &attributes, payload)?;
    check_signature(signer, &attributes, signer_certificate, &der)?;
    let recipients = attributes.recipients()?;
    let signed_at = attributes.signing_time();
    Ok((Opened { payload: payload.to_vec(), signer: office, signer_certificate: der, signed_at }, recipients))
}

/// What is signed and by which certificate, as it says itself. Nothing of it is verified.
pub(super) fn look_into(signed: &[u8]) -> Result<(Vec<u8>, Vec<u8>), OpenError> {
    let data = parse(signed)?;
    let (certificate, _) = certificates(&data, only_signer(&data)?)?;
    Ok((payload(&data)?.to_vec(), to_der(certificate)?))
}

fn parse(signed: &[u8]) -> Result<Signed, OpenError> {
    // What is no CMS at all was never signed; what is and cannot be read is broken.
    let outer = ContentInfo::from_ber(signed).map_err(|_| match signed.first() {
        Some(0x30) => OpenError::Malformed { part: "signed part" },
        _ => OpenError::Unsigned,
    })?;
    if outer.content_type != profile::SIGNED_DATA {
        return Err(OpenError::Unsigned);
    }
    outer
        .content
        .decode_as_encoding(EncodingRules::Ber)
        .map_err(|_: der::Error| OpenError::Malformed { part: "signed part" })
}

fn only_signer(data: &Signed) -> Result<&SignerInfo, OpenError> {
    match data.signers.0.as_slice() {
        [] => Err(OpenError::Unsigned),
        [signer] => Ok(signer),
        several => Err(OpenError::ManySigners { count: several.len() }),
    }
}

/// The signer's certificate, and the others that came along.
fn certificates<'a>(
    data: &'a Signed,
    signer: &SignerInfo,
) -> Result<(&'a Certificate, Vec<CertificateDer<'static>>), OpenError> {
    let all: Vec<&Certificate> = data.certificates.iter().flat_map(|set| set.0.iter()).filter_map(x509).collect();
    let own = all.iter().copied().find(|c| match &signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(id) => *id == issuer_and_serial(c),
        SignerIdentifier::SubjectKeyIdentifier(id) => has_key_identifier(c, id),
    });
    let own = own.ok_or(OpenError::SignerMissing)?;
    let others = all.into_iter().filter(|c| *c != own);
    let others = others.map(|c| to_der(c).map(CertificateDer::from)).collect::<Result<_, _>>()?;
    Ok((own, others))
}

fn x509(choice: &CertificateChoices) -> Option<&Certificate> {
    match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate),
        CertificateChoices::Other(_) => None,
    }
}

fn to_der(certificate: &Certificate) -> Result<Vec<u8>, OpenError> {
    certificate.to_der().map_err(|_| OpenError::Malformed { part: "signer's certificate" })
}

fn payload(data: &Signed) -> Result<&[u8], OpenError> {
    match &data.content {
        SignedContent { kind: profile::DATA, bytes: Some(bytes) } => Ok(bytes.as_bytes()),
        _ => Err(OpenError::Malformed { part: "signed content" }),
    }
}

/// The attributes under the signature. Each may be there once, with one value.
struct Attributes<'a>(&'a SignedAttributes);

impl<'a> Attributes<'a> {
    const BROKEN: OpenError = OpenError::Malformed { part: "signed attributes" };

    fn one(&self, oid: Oid) -> Result<Option<&'a Any>, OpenError> {
        let mut found = self.0.iter().filter(|a| a.oid == oid);
        let (first, second) = (found.next(), found.next());
        match (first.map(|a| a.values.as_slice()), second) {
            (None, _) => Ok(None),
            (Some([value]), None) => Ok(Some(value)),
            _ => Err(Self::BROKEN),
        }
    }

    fn recipients(&self) -> Result<Option<Recipients>, OpenError> {
        let Some(value) = self.one(profile::RECIPIENTS)? else { return Ok(None) };
        let digests: Vec<OctetString> = value.decode_as().map_err(|_: der::Error| Self::BROKEN)?;
        Ok(Some(digests.into_iter().map(|d| d.as_bytes().to_vec()).collect()))
    }

    fn signing_time(&self) -> Option<Timestamp> {
        let time: Time = self.one(rfc5911::ID_SIGNING_TIME).ok()??.decode_as().ok()?;
        certificate::timestamp(&time).ok()
    }
}

fn check_digest(signer: &SignerInfo, attributes: &Attributes<'_>, payload: &[u8]) -> Result<(), OpenError> {
    let kind = attributes.one(rfc5911::ID_CONTENT_TYPE)?.and_then(|v| v.decode_as::<Oid>().ok());
    if kind != Some(profile::DATA) {
        return Err(Attributes::BROKEN);
    }
    let algorithm = match signer.digest_alg.oid {
        profile::SHA256 => &hash::SHA256,
        profile::SHA384 => &hash::SHA384,
        profile::SHA512 => &hash::SHA512,
        oid => return Err(OpenError::Weak { part: "signature", algorithm: oid.to_string() }),
    };
    let stated = attributes.one(rfc5911::ID_MESSAGE_DIGEST)?.ok_or(Attributes::BROKEN)?;
    let same = stated.tag() == Tag::OctetString && stated.value() == hash::digest(algorithm, payload).as_ref();
    if same { Ok(()) } else { Err(OpenError::Altered { part: "signed content" }) }
}

fn check_signature(
    signer: &SignerInfo,
    attributes: &Attributes<'_>,
    certificate: &Certificate,
    der: &[u8],
) -> Result<(), OpenError> {
    let algorithm = signature_algorithm(signer, certificate)?;
    // What is signed is the attributes as a DER SET OF, however they were written down.
    let message = attributes.0.to_der().map_err(|_| Attributes::BROKEN)?;
    let der = CertificateDer::from(der);
    let verifier =
        webpki::EndEntityCert::try_from(&der).map_err(|_| OpenError::Malformed { part: "signer's certificate" })?;
    verifier
        .verify_signature(algorithm, &message, signer.signature.as_bytes())
        .map_err(|_| OpenError::Altered { part: "signature" })
}

/// The one algorithm that digest, signature and key agree on.
fn signature_algorithm(
    signer: &SignerInfo,
    certificate: &Certificate,
) -> Result<&'static dyn SignatureVerificationAlgorithm, OpenError> {
    use profile::{ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512, RSA, RSA_SHA256, RSA_SHA384, RSA_SHA512};
    use profile::{SHA256, SHA384, SHA512};
    use webpki::aws_lc_rs as algorithms;
    let stated = signer.signature_algorithm.oid;
    let weak = || OpenError::Weak { part: "signature", algorithm: stated.to_string() };
    Ok(match (key::kind_of(certificate).map_err(|_| weak())?, signer.digest_alg.oid, stated) {
        (Kind::Rsa, SHA256, RSA | RSA_SHA256) => algorithms::RSA_PKCS1_2048_8192_SHA256,
        (Kind::Rsa, SHA384, RSA | RSA_SHA384) => algorithms::RSA_PKCS1_2048_8192_SHA384,
        (Kind::Rsa, SHA512, RSA | RSA_SHA512) => algorithms::RSA_PKCS1_2048_8192_SHA512,
        (Kind::P256, SHA256, ECDSA_SHA256) => algorithms::ECDSA_P256_SHA256,
        (Kind::P256, SHA384, ECDSA_SHA384) => algorithms::ECDSA_P256_SHA384,
        (Kind::P256, SHA512, ECDSA_SHA512) => algorithms::ECDSA_P256_SHA512,
        _ => return Err(weak()),
    })
}
