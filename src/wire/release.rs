//! The word that there is a newer version, as it travels. What it says, and whether it counts, is [`crate::release`]'s.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{Binary, schema};

/// A note about a release, signed by whoever gives Tayori to offices. The hub carries it as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedRelease {
    /// What was signed, byte for byte.
    #[schema(value_type = schema::Base64)]
    pub note: Binary,
    /// ECDSA over P-256 with SHA-256, DER.
    #[schema(value_type = schema::Base64)]
    pub signature: Binary,
}

/// One that makes no sense is none: what it stands beside counts all the same.
pub(super) fn if_it_is_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SignedRelease>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()))
}
