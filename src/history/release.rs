//! The last word about a newer version that counted, as it was signed.

use super::{History, HistoryError, to_json};
use crate::wire::SignedRelease;

const RELEASE: &str = "release";

impl History {
    /// One that cannot be read is none: the hub says it again.
    pub fn release(&self) -> Result<Option<SignedRelease>, HistoryError> {
        Ok(self.recall(RELEASE)?.and_then(|text| serde_json::from_slice(&text).ok()))
    }
    pub fn keep_release(&mut self, said: &SignedRelease) -> Result<(), HistoryError> {
        self.remember(RELEASE, to_json(said)?.as_bytes())
    }
}
