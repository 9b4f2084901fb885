//! The name Windows knows us by: it shows toasts only of programs it knows by one.
//!
//! The installer writes the same; a program that was only unpacked has no installer.

use windows_registry::CURRENT_USER;

/// Under which name, and where it stands (`packaging/windows/installer.nsi` removes it).
pub(super) const APP_ID: &str = "jp.tayori.Tayori";
const PLACE: &str = r"Software\Classes\AppUserModelId\jp.tayori.Tayori";

/// Makes Windows know us. Costs nothing where it does.
pub(super) fn register() {
    let written = CURRENT_USER.create(PLACE).and_then(|key| key.set_string("DisplayName", "便り Tayori"));
    if let Err(error) = written {
        tracing::warn!(%error, "Windows does not know our name; it may show no toasts");
    }
}
