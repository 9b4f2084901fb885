//! What a terminal makes of the hub's word about a newer version: kept if it counts, told if it is newer than we are.

use jiff::Timestamp;

use super::model::Newer;
use crate::history::{History, HistoryError};
use crate::release::{Keys, Version};
use crate::wire::SignedRelease;

/// Keeps what the hub said, if it counts and was issued after what is kept.
pub(super) fn hear(
    history: &mut History,
    said: &SignedRelease,
    keys: &Keys,
    now: Timestamp,
) -> Result<(), HistoryError> {
    // A program without keys could believe nobody; it says nothing, not each minute that it does not.
    if keys.is_empty() || history.release()?.as_ref() == Some(said) {
        return Ok(());
    }
    let release = match keys.read(said, now) {
        Ok(release) => release,
        Err(error) => {
            tracing::warn!(%error, "the hub's word about a newer version does not count");
            return Ok(());
        }
    };
    let kept = history.release()?.and_then(|kept| keys.read(&kept, now).ok());
    if kept.is_some_and(|kept| kept.issued_at >= release.issued_at) {
        return Ok(());
    }
    tracing::info!(version = %release.version, "the hub told of a release");
    history.keep_release(said)
}

/// The version that is newer than this program, as far as this terminal has heard.
pub fn newer(history: &History, keys: &Keys, now: Timestamp) -> Result<Option<Newer>, HistoryError> {
    let release = history.release()?.and_then(|kept| keys.read(&kept, now).ok());
    let newer = release.filter(|release| release.version > Version::ours());
    Ok(newer.map(|release| Newer { version: release.version.to_string(), address: release.address }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Vault;
    use crate::release::testing::Maker;
    use crate::wire::Binary;

    const MONDAY: &str = "2026-11-23T00:00:00Z";
    const TUESDAY: &str = "2026-11-24T00:00:00Z";

    /// What a terminal tells after it heard these, one after the other.
    fn after(maker: &Maker, heard: &[SignedRelease]) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::in_memory().unwrap();
        let mut history = History::open(&dir.path().join("history.db"), vault.database_key()).unwrap();
        let now = "2026-11-25T00:00:00Z".parse().unwrap();
        for said in heard {
            hear(&mut history, said, &maker.keys(), now).unwrap();
        }
        newer(&history, &maker.keys(), now).unwrap().map(|newer| newer.version)
    }

    #[test]
    fn only_a_newer_version_is_told() {
        let maker = Maker::new();
        assert_eq!(after(&maker, &[]), None);
        assert_eq!(after(&maker, &[maker.says("9.0.0", MONDAY)]), Some("9.0.0".into()));
        for not_newer in [env!("CARGO_PKG_VERSION"), "0.0.1"] {
            assert_eq!(after(&maker, &[maker.says(not_newer, MONDAY)]), None, "{not_newer}");
        }
    }

    #[test]
    fn a_forged_or_broken_word_changes_nothing() {
        let maker = Maker::new();
        let good = maker.says("9.0.0", MONDAY);
        let forged = Maker::new().says("9.9.9", TUESDAY);
        let broken = SignedRelease { note: Binary(b"{}".to_vec()), signature: Binary(Vec::new()) };
        assert_eq!(after(&maker, &[forged.clone(), broken.clone()]), None);
        assert_eq!(after(&maker, &[good, forged, broken]), Some("9.0.0".into()));
    }

    #[test]
    fn an_old_word_said_again_is_not_heard_and_a_later_one_takes_a_version_back() {
        let maker = Maker::new();
        let (before, after_it) = (maker.says("9.0.0", MONDAY), maker.says("9.1.0", TUESDAY));
        assert_eq!(after(&maker, &[after_it.clone(), before.clone()]), Some("9.1.0".into()), "a hub goes back");
        assert_eq!(after(&maker, &[before, after_it]), Some("9.1.0".into()));
        let taken_back = [maker.says("9.1.0", MONDAY), maker.says("9.0.0", TUESDAY)];
        assert_eq!(after(&maker, &taken_back), Some("9.0.0".into()));
    }
}
