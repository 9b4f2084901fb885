//! The content's key, wrapped for one reader: RSA by OAEP, P-256 by ephemeral Diffie-Hellman.

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap};
use aws_lc_rs::{agreement, rsa};
use cms::content_info::CmsVersion;
use cms::enveloped_data::{
    KeyAgreeRecipientIdentifier, KeyAgreeRecipientInfo, KeyTransRecipientInfo, OriginatorIdentifierOrKey,
    OriginatorPublicKey, RecipientEncryptedKey, RecipientIdentifier, RecipientInfo, RecipientInfos,
};
use der::Encode;
use der::asn1::{BitString, OctetString};
use spki::AlgorithmIdentifierOwned as Algorithm;
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::ContentKey;
use crate::parcel::key::{self, Kind};
use crate::parcel::profile::{self, KEY_BYTES, OaepParameters, SharedInfo};
use crate::parcel::signature::{has_key_identifier, issuer_and_serial};
use crate::parcel::{OpenError, SealError, SealingKey, certificate};

/// RFC 3394 adds one block of eight bytes.
const WRAPPED_BYTES: usize = KEY_BYTES + 8;

pub(super) fn wrap(content: &ContentKey, recipient: &Certificate) -> Result<RecipientInfo, SealError> {
    match key::kind_of(recipient) {
        Ok(Kind::Rsa) => wrap_rsa(content, recipient),
        Ok(Kind::P256) => wrap_p256(content, recipient),
        Err(source) => {
            let fingerprint = recipient.to_der().map(|der| certificate::fingerprint(&der)).unwrap_or_default();
            Err(SealError::RecipientKey { fingerprint, source })
        }
    }
}

fn wrap_rsa(content: &ContentKey, recipient: &Certificate) -> Result<RecipientInfo, SealError> {
    let spki = recipient.tbs_certificate().subject_public_key_info().to_der()?;
    let public = rsa::PublicEncryptingKey::from_der(&spki).map_err(|_| SealError::Crypto)?;
    let public = rsa::OaepPublicEncryptingKey::new(public).map_err(|_| SealError::Crypto)?;
    let mut wrapped = vec![0; public.ciphertext_size()];
    public.encrypt(&rsa::OAEP_SHA256_MGF1SHA256, &**content, &mut wrapped, None).map_err(|_| SealError::Crypto)?;
    Ok(RecipientInfo::Ktri(KeyTransRecipientInfo {
        version: CmsVersion::V0,
        rid: RecipientIdentifier::IssuerAndSerialNumber(issuer_and_serial(recipient)),
        key_enc_alg: profile::oaep_sha256()?,
        enc_key: OctetString::new(wrapped)?,
    }))
}

fn wrap_p256(content: &ContentKey, recipient: &Certificate) -> Result<RecipientInfo, SealError> {
    let crypto = |_| SealError::Crypto;
    let ephemeral = agreement::PrivateKey::generate(&agreement::ECDH_P256).map_err(crypto)?;
    let point = certificate::public_key(recipient);
    let kek = derived(&ephemeral, point, &profile::plain(profile::AES256_WRAP), None).ok_or(SealError::Crypto)?;
    let mut wrapped = [0u8; WRAPPED_BYTES];
    kek.wrap(&**content, &mut wrapped).map_err(crypto)?;
    let ephemeral = ephemeral.compute_public_key().map_err(crypto)?;
    Ok(RecipientInfo::Kari(KeyAgreeRecipientInfo {
        version: CmsVersion::V3,
        originator: OriginatorIdentifierOrKey::OriginatorKey(OriginatorPublicKey {
            algorithm: profile::plain(profile::EC),
            public_key: BitString::from_bytes(ephemeral.as_ref())?,
        }),
        ukm: None,
        key_enc_alg: profile::ecdh_sha256()?,
        recipient_enc_keys: vec![RecipientEncryptedKey {
            rid: KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(issuer_and_serial(recipient)),
            enc_key: OctetString::new(wrapped)?,
        }],
    }))
}

/// Finds what is addressed to our certificate and takes the content's key out of it.
pub(super) fn unwrap(infos: &RecipientInfos, own: &SealingKey) -> Result<ContentKey, OpenError> {
    infos.0.iter().find_map(|info| unwrap_one(info, own)).unwrap_or(Err(OpenError::NotForUs))
}

/// `None` if it is not for us.
fn unwrap_one(info: &RecipientInfo, own: &SealingKey) -> Option<Result<ContentKey, OpenError>> {
    match info {
        RecipientInfo::Ktri(info) => {
            let ours = match &info.rid {
                RecipientIdentifier::IssuerAndSerialNumber(id) => *id == issuer_and_serial(&own.certificate),
                RecipientIdentifier::SubjectKeyIdentifier(id) => has_key_identifier(&own.certificate, id),
            };
            ours.then(|| unwrap_rsa(info, own))
        }
        RecipientInfo::Kari(info) => {
            let ours = info.recipient_enc_keys.iter().find(|key| match &key.rid {
                KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(id) => *id == issuer_and_serial(&own.certificate),
                KeyAgreeRecipientIdentifier::RKeyId(id) => {
                    has_key_identifier(&own.certificate, &id.subject_key_identifier)
                }
            })?;
            Some(unwrap_p256(info, ours, own))
        }
        RecipientInfo::Kekri(_) | RecipientInfo::Pwri(_) | RecipientInfo::Ori(_) => None,
    }
}

fn weak(algorithm: &Algorithm) -> OpenError {
    OpenError::Weak { part: "wrapped key", algorithm: algorithm.oid.to_string() }
}

fn unwrap_rsa(info: &KeyTransRecipientInfo, own: &SealingKey) -> Result<ContentKey, OpenError> {
    let hash = oaep_hash(&info.key_enc_alg)?;
    let refused = |_| OpenError::KeyRefused;
    let private = rsa::PrivateDecryptingKey::from_pkcs8(own.pkcs8()).map_err(|_| OpenError::KeyRefused)?;
    let private = rsa::OaepPrivateDecryptingKey::new(private).map_err(refused)?;
    let mut plain = Zeroizing::new(vec![0; private.min_output_size()]);
    let found = private.decrypt(hash, info.enc_key.as_bytes(), &mut plain, None).map_err(refused)?;
    content_key(found)
}

/// OAEP with SHA-2 for both its hashes, and no label. What is left out means SHA-1, which we refuse.
fn oaep_hash(algorithm: &Algorithm) -> Result<&'static rsa::OaepAlgorithm, OpenError> {
    let refuse = || weak(algorithm);
    if algorithm.oid != profile::OAEP {
        return Err(refuse());
    }
    let parameters: OaepParameters =
        algorithm.parameters.as_ref().and_then(|p| p.decode_as().ok()).ok_or_else(refuse)?;
    if let Some(label) = &parameters.label {
        let empty = label.parameters.as_ref().is_none_or(|value| value.value().is_empty());
        if label.oid != profile::EMPTY_LABEL || !empty {
            return Err(refuse());
        }
    }
    let mask = parameters.mask.filter(|mask| mask.oid == profile::MGF1).and_then(|mask| mask.parameters);
    let mask: Algorithm = mask.and_then(|inner| inner.decode_as().ok()).ok_or_else(refuse)?;
    match (parameters.hash.ok_or_else(refuse)?.oid, mask.oid) {
        (profile::SHA256, profile::SHA256) => Ok(&rsa::OAEP_SHA256_MGF1SHA256),
        (profile::SHA384, profile::SHA384) => Ok(&rsa::OAEP_SHA384_MGF1SHA384),
        (profile::SHA512, profile::SHA512) => Ok(&rsa::OAEP_SHA512_MGF1SHA512),
        _ => Err(refuse()),
    }
}

fn unwrap_p256(
    info: &KeyAgreeRecipientInfo,
    wrapped: &RecipientEncryptedKey,
    own: &SealingKey,
) -> Result<ContentKey, OpenError> {
    let OriginatorIdentifierOrKey::OriginatorKey(originator) = &info.originator else {
        return Err(OpenError::Malformed { part: "wrapped key" });
    };
    let wrap: Option<Algorithm> = info.key_enc_alg.parameters.as_ref().and_then(|p| p.decode_as().ok());
    let wrap = wrap.filter(|w| w.oid == profile::AES256_WRAP && info.key_enc_alg.oid == profile::ECDH_X963_SHA256);
    let wrap = wrap.ok_or_else(|| weak(&info.key_enc_alg))?;
    if wrapped.enc_key.as_bytes().len() != WRAPPED_BYTES {
        return Err(OpenError::Malformed { part: "wrapped key" });
    }
    let private = agreement::PrivateKey::from_private_key_der(&agreement::ECDH_P256, own.pkcs8())
        .map_err(|_| OpenError::KeyRefused)?;
    let kek = derived(&private, originator.public_key.raw_bytes(), &wrap, info.ukm.clone());
    let kek = kek.ok_or(OpenError::KeyRefused)?;
    let mut plain = Zeroizing::new([0u8; WRAPPED_BYTES]);
    let found = kek.unwrap(wrapped.enc_key.as_bytes(), &mut *plain).map_err(|_| OpenError::KeyRefused)?;
    content_key(found)
}

fn content_key(bytes: &[u8]) -> Result<ContentKey, OpenError> {
    let key = <[u8; KEY_BYTES]>::try_from(bytes).map_err(|_| OpenError::Malformed { part: "wrapped key" })?;
    Ok(Zeroizing::new(key))
}

/// The key that wraps the content's key: Diffie-Hellman, then one round of X9.63 with SHA-256 (32 bytes are one digest).
/// `None` if the other's point is none, or lies outside the curve.
fn derived(
    private: &agreement::PrivateKey,
    point: &[u8],
    wrap: &Algorithm,
    party_info: Option<OctetString>,
) -> Option<AesKek> {
    let bits = u32::try_from(KEY_BYTES * 8).ok()?.to_be_bytes();
    let info = SharedInfo { key_info: wrap.clone(), party_info, key_bits: OctetString::new(bits).ok()? };
    let info = info.to_der().ok()?;
    let point = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, point);
    agreement::agree(private, point, (), |secret| {
        let mut context = Context::new(&SHA256);
        context.update(secret);
        context.update(&1u32.to_be_bytes());
        context.update(&info);
        AesKek::new(&AES_256, context.finish().as_ref()).map_err(|_| ())
    })
    .ok()
}
