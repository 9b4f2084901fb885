//! Who can read it: CMS AuthEnvelopedData, AES-256-GCM and nothing weaker.

mod recipient;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use cms::authenveloped_data::AuthEnvelopedData;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{EncryptedContentInfo, RecipientInfos};
use der::asn1::{Any, OctetString, SetOfVec};
use der::{Decode, Encode, EncodingRules};
use spki::AlgorithmIdentifierOwned as Algorithm;
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::profile::{self, GcmParameters, NONCE_BYTES, TAG_BYTES};
use super::{OpenError, SealError, SealingKey};

/// The key of one content: made, used once, wiped.
type ContentKey = Zeroizing<[u8; profile::KEY_BYTES]>;

/// Encrypts to everyone given.
pub(super) fn encrypt(mut content: Vec<u8>, recipients: &[Certificate]) -> Result<Vec<u8>, SealError> {
    let mut key = ContentKey::default();
    let mut nonce = [0u8; NONCE_BYTES];
    rand::fill(&mut *key).map_err(|_| SealError::Crypto)?;
    rand::fill(&mut nonce).map_err(|_| SealError::Crypto)?;
    let infos = recipients.iter().map(|r| recipient::wrap(&key, r)).collect::<Result<Vec<_>, _>>()?;
    // The key is new for every content, so no nonce is ever used twice with it.
    let tag = gcm(&key)
        .and_then(|gcm| gcm.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut content))
        .map_err(|_| SealError::Crypto)?;
    let parameters = GcmParameters { nonce: OctetString::new(nonce)?, tag_bytes: TAG_BYTES };
    let data = AuthEnvelopedData {
        version: CmsVersion::V0,
        originator_info: None,
        recip_infos: RecipientInfos(SetOfVec::try_from(infos)?),
        auth_encrypted_content_info: EncryptedContentInfo {
            content_type: profile::DATA,
            content_enc_alg: Algorithm { oid: profile::AES256_GCM, parameters: Some(Any::encode_from(&parameters)?) },
            encrypted_content: Some(OctetString::new(content)?),
        },
        auth_attrs: None,
        mac: OctetString::new(tag.as_ref())?,
        unauth_attrs: None,
    };
    Ok(profile::content_info(profile::AUTH_ENVELOPED_DATA, &data)?)
}

/// Decrypts what is addressed to our certificate. Types, algorithms and lengths are judged before any key is touched.
pub(super) fn decrypt(sealed: &[u8], own: &SealingKey) -> Result<Vec<u8>, OpenError> {
    let data = parse(sealed)?;
    let nonce = nonce(&data)?;
    let key = recipient::unwrap(&data.recip_infos, own)?;
    let associated = match &data.auth_attrs {
        Some(attributes) => attributes.to_der().map_err(|_| OpenError::Malformed { part: "seal" })?,
        None => Vec::new(),
    };
    let content = data.auth_encrypted_content_info.encrypted_content;
    let mut content = content.ok_or(OpenError::Malformed { part: "seal" })?.into_bytes().into_vec();
    content.extend_from_slice(data.mac.as_bytes());
    let altered = |_| OpenError::Altered { part: "sealed content" };
    let length = gcm(&key)
        .and_then(|gcm| Ok(gcm.open_in_place(nonce, Aad::from(associated), &mut content)?.len()))
        .map_err(altered)?;
    content.truncate(length);
    Ok(content)
}

fn parse(sealed: &[u8]) -> Result<AuthEnvelopedData, OpenError> {
    let broken = |_: der::Error| OpenError::Malformed { part: "seal" };
    let outer = ContentInfo::from_ber(sealed).map_err(broken)?;
    if outer.content_type != profile::AUTH_ENVELOPED_DATA {
        // EnvelopedData (CBC) among them: encrypted, but anyone could change it on the way.
        return Err(OpenError::Weak { part: "seal", algorithm: outer.content_type.to_string() });
    }
    outer.content.decode_as_encoding(EncodingRules::Ber).map_err(broken)
}

/// The nonce, if cipher, tag and nonce are exactly what we accept.
fn nonce(data: &AuthEnvelopedData) -> Result<Nonce, OpenError> {
    let cipher = &data.auth_encrypted_content_info.content_enc_alg;
    if cipher.oid != profile::AES256_GCM {
        return Err(OpenError::Weak { part: "seal", algorithm: cipher.oid.to_string() });
    }
    let parameters: GcmParameters =
        cipher.parameters.as_ref().and_then(|p| p.decode_as().ok()).ok_or(OpenError::Malformed { part: "seal" })?;
    if parameters.tag_bytes != TAG_BYTES || data.mac.as_bytes().len() != usize::from(TAG_BYTES) {
        let algorithm = format!("an authentication tag of {} bytes", data.mac.as_bytes().len());
        return Err(OpenError::Weak { part: "seal", algorithm });
    }
    Nonce::try_assume_unique_for_key(parameters.nonce.as_bytes()).map_err(|_| OpenError::Weak {
        part: "seal",
        algorithm: format!("a nonce of {} bytes", parameters.nonce.as_bytes().len()),
    })
}

fn gcm(key: &ContentKey) -> Result<LessSafeKey, aws_lc_rs::error::Unspecified> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &**key)?))
}
