//! How a terminal comes in: by a one-time code, by a certificate of another authority, or let in by another terminal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use utoipa::ToSchema;

use super::{Binary, schema};
use crate::standard::{OfficeNumber, ServiceType};

/// `POST /v1/enrol`: asks for a terminal's certificates. The code never travels; what is asked for is proved with a key
/// derived from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Enrolment {
    /// An [`EnrolRequest`] as JSON: exactly these bytes are proved.
    pub request: Binary,
    /// Which code it is proved with; nothing where a certificate of another authority stands for it.
    #[serde(default)]
    pub proof: Option<CodeProof>,
}

/// Shows that whoever asks has a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodeProof {
    /// Finds the code; no secret (16 bytes).
    pub handle: Binary,
    /// HMAC-SHA256 of the request's bytes under the code's proof key.
    pub mac: Binary,
}

/// What a new terminal asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolRequest {
    #[schema(value_type = schema::Office)]
    pub office: OfficeNumber,
    /// What the office calls this PC; empty lets the hub number it.
    #[serde(default)]
    pub terminal: String,
    /// PKCS#10, PEM, of the key that never leaves the terminal.
    pub terminal_csr: String,
    /// PKCS#10, PEM, of a key for the office: taken where the office has none, or where it has this one.
    #[serde(default)]
    pub office_csr: Option<String>,
    /// That key, sealed under a recovery code; kept when the key is taken.
    #[serde(default)]
    pub recovery: Option<Binary>,
}

/// The answer to an [`Enrolment`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Enrolled {
    /// An [`EnrolAnswer`] as JSON.
    pub answer: Binary,
    /// HMAC-SHA256 under the code's answer key of the SHA-256 of the request's bytes and the answer's bytes, in that
    /// order; nothing where there was no code.
    #[serde(default)]
    pub mac: Option<Binary>,
}

/// What a new terminal gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolAnswer {
    #[schema(value_type = schema::Office)]
    pub office: OfficeNumber,
    #[schema(value_type = schema::Service)]
    pub service: ServiceType,
    pub office_name: String,
    /// The terminal's id, which stays when its certificate is renewed.
    pub terminal: String,
    pub terminal_name: String,
    /// DER.
    pub terminal_certificate: Binary,
    /// Certificates of the office's key, newest first (DER).
    pub office_certificates: Vec<Binary>,
    /// Whether those are of the key that was asked for.
    pub office_key_is_yours: bool,
    /// The office's keys as another terminal sealed them under the code.
    #[serde(default)]
    pub chest: Option<Binary>,
    /// The office's keys as sealed under its recovery code.
    #[serde(default)]
    pub recovery: Option<Binary>,
    /// The authority's certificate (DER): whom to trust from now on.
    pub authority: Binary,
    /// The hub's time.
    #[schema(value_type = schema::Time)]
    pub time: Timestamp,
}

/// `POST /v1/renew`: certificates for the same keys, some time before the old ones end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenewRequest {
    /// PKCS#10, PEM, of the key the caller shows.
    #[serde(default)]
    pub terminal_csr: Option<String>,
    /// PKCS#10, PEM, of the office's key.
    #[serde(default)]
    pub office_csr: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Renewed {
    /// DER.
    #[serde(default)]
    pub terminal_certificate: Option<Binary>,
    #[serde(default)]
    pub office_certificate: Option<Binary>,
}

/// `GET /v1/terminals`: the terminals of the caller's office.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Terminals {
    pub terminals: Vec<TerminalEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TerminalEntry {
    pub id: String,
    pub name: String,
    #[schema(value_type = schema::Time)]
    pub added_at: Timestamp,
    #[serde(default)]
    #[schema(value_type = Option<schema::Time>)]
    pub revoked_at: Option<Timestamp>,
    /// It has not got the office's keys yet.
    pub waiting: bool,
    #[schema(value_type = schema::Time)]
    pub valid_until: Timestamp,
    /// Its newest certificate (DER), to whose key the office's keys are sealed to let it in.
    pub certificate: Binary,
    /// Whether it is the one that asks.
    pub yours: bool,
}

/// `POST /v1/terminals/codes`: what the hub is to know of a code that a terminal made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewTerminalCode {
    pub handle: Binary,
    pub proof: Binary,
    pub answer: Binary,
    /// The office's keys, sealed under the code's chest key.
    pub chest: Binary,
}

/// The answer to a [`NewTerminalCode`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TerminalCodeKept {
    #[schema(value_type = schema::Time)]
    pub expires_at: Timestamp,
}

/// Sealed bytes that only who they are for can open: `POST /v1/terminals/{id}/admission`, `GET /v1/admission`,
/// `PUT` and `GET /v1/chest`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealedKeys {
    /// Nothing: there is none yet.
    #[serde(default)]
    pub sealed: Option<Binary>,
}
