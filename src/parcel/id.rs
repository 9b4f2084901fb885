//! The name a parcel keeps for life.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Made before the first attempt to send and kept through every retry and restart (UUIDv7, so that ids sort by time).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ParcelId(Uuid);

impl ParcelId {
    /// A new one. The only thing in this room that is not pure: it needs the time and chance.
    #[expect(clippy::new_without_default, reason = "a default that differs each time would mislead")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for ParcelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ParcelId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::try_parse(text).map(Self)
    }
}
