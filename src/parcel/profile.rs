//! The algorithms and lengths a seal may use, and how each is written down in ASN.1.
//!
//! The `cms` crate gives the types only. Its builders are never used: that of 0.3 wraps the content key under a key of
//! zeros (see the project's findings).

use const_oid::db::{rfc5911, rfc5912};
use der::asn1::{Any, ObjectIdentifier as Oid, OctetString};
use der::{Encode, Sequence};
use spki::AlgorithmIdentifierOwned as Algorithm;

pub(super) const DATA: Oid = rfc5911::ID_DATA;
pub(super) const SIGNED_DATA: Oid = rfc5911::ID_SIGNED_DATA;
pub(super) const AUTH_ENVELOPED_DATA: Oid = rfc5911::ID_CT_AUTH_ENVELOPED_DATA;
pub(super) const AES256_GCM: Oid = rfc5911::ID_AES_256_GCM;
pub(super) const AES256_WRAP: Oid = rfc5911::ID_AES_256_WRAP;
pub(super) const RSA: Oid = rfc5912::RSA_ENCRYPTION;
pub(super) const OAEP: Oid = rfc5912::ID_RSAES_OAEP;
pub(super) const MGF1: Oid = rfc5912::ID_MGF_1;
pub(super) const EMPTY_LABEL: Oid = Oid::new_unwrap("1.2.840.113549.1.1.9");
pub(super) const EC: Oid = rfc5912::ID_EC_PUBLIC_KEY;
pub(super) const P256: Oid = rfc5912::SECP_256_R_1;
pub(super) const ECDH_X963_SHA256: Oid = Oid::new_unwrap("1.3.132.1.11.1");
pub(super) const SHA256: Oid = rfc5912::ID_SHA_256;
pub(super) const SHA384: Oid = rfc5912::ID_SHA_384;
pub(super) const SHA512: Oid = rfc5912::ID_SHA_512;
pub(super) const ECDSA_SHA256: Oid = rfc5912::ECDSA_WITH_SHA_256;
pub(super) const ECDSA_SHA384: Oid = rfc5912::ECDSA_WITH_SHA_384;
pub(super) const ECDSA_SHA512: Oid = rfc5912::ECDSA_WITH_SHA_512;
pub(super) const RSA_SHA256: Oid = rfc5912::SHA_256_WITH_RSA_ENCRYPTION;
pub(super) const RSA_SHA384: Oid = rfc5912::SHA_384_WITH_RSA_ENCRYPTION;
pub(super) const RSA_SHA512: Oid = rfc5912::SHA_512_WITH_RSA_ENCRYPTION;

/// Ours: the signed attribute with the SHA-256 of every recipient's certificate. The arcs after 2554 are a random UUID
/// (1e59ddf2-92b0-40df-b34e-27c9b94cab25) in the form Microsoft set aside for those without an arc of their own.
pub(super) const RECIPIENTS: Oid =
    Oid::new_unwrap("1.2.840.113556.1.8000.2554.7769.56818.37552.16607.45902.2607545.5024549.1");

pub(super) const KEY_BYTES: usize = 32;
pub(super) const NONCE_BYTES: usize = 12;
pub(super) const TAG_BYTES: u8 = 16;

/// The parameters of AES-GCM (RFC 5084).
#[derive(Debug, Sequence)]
pub(super) struct GcmParameters {
    pub(super) nonce: OctetString,
    /// Always written: the default means twelve, and a short tag can be guessed.
    #[asn1(default = "twelve")]
    pub(super) tag_bytes: u8,
}

fn twelve() -> u8 {
    12
}

/// ECC-CMS-SharedInfo (RFC 5753): what the key derivation hashes besides the shared secret.
#[derive(Debug, Sequence)]
pub(super) struct SharedInfo {
    pub(super) key_info: Algorithm,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) party_info: Option<OctetString>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    pub(super) key_bits: OctetString,
}

/// RSAES-OAEP-params (RFC 4055). What is left out means SHA-1.
#[derive(Debug, Sequence)]
pub(super) struct OaepParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) hash: Option<Algorithm>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) mask: Option<Algorithm>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) label: Option<Algorithm>,
}

pub(super) fn plain(oid: Oid) -> Algorithm {
    Algorithm { oid, parameters: None }
}

pub(super) fn with_null(oid: Oid) -> Algorithm {
    Algorithm { oid, parameters: Some(Any::null()) }
}

pub(super) fn oaep_sha256() -> der::Result<Algorithm> {
    let mask = Algorithm { oid: MGF1, parameters: Some(Any::encode_from(&with_null(SHA256))?) };
    let parameters = OaepParameters { hash: Some(with_null(SHA256)), mask: Some(mask), label: None };
    Ok(Algorithm { oid: OAEP, parameters: Some(Any::encode_from(&parameters)?) })
}

pub(super) fn ecdh_sha256() -> der::Result<Algorithm> {
    Ok(Algorithm { oid: ECDH_X963_SHA256, parameters: Some(Any::encode_from(&plain(AES256_WRAP))?) })
}

/// A CMS structure inside its outermost wrapping, as bytes.
pub(super) fn content_info<T: Encode + der::Tagged + der::EncodeValue>(oid: Oid, value: &T) -> der::Result<Vec<u8>> {
    cms::content_info::ContentInfo { content_type: oid, content: Any::encode_from(value)? }.to_der()
}
