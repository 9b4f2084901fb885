//! Tayori begins with the computer, as `tayori watch` in the background.

use std::path::Path;

use auto_launch::{AutoLaunch, AutoLaunchBuilder, WindowsEnableMode};

use super::profile::Profile;
use crate::parcel::sha256_hex;

/// The system keeps no such list, or it cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    #[error("where this program lies is not known")]
    Program(#[source] std::io::Error),
    #[error(transparent)]
    System(#[from] auto_launch::Error),
}

/// Whether this profile begins with the computer.
pub fn is_on(dir: &Path) -> Result<bool, AutostartError> {
    Ok(entry(dir)?.is_enabled()?)
}

/// Lets it begin with the computer, or not any more. Says how it is now.
pub fn set(dir: &Path, on: bool) -> Result<bool, AutostartError> {
    let entry = entry(dir)?;
    if on {
        entry.enable()?;
    } else if entry.is_enabled()? {
        entry.disable()?;
    }
    Ok(entry.is_enabled()?)
}

fn entry(dir: &Path) -> Result<AutoLaunch, AutostartError> {
    let program = std::env::current_exe().map_err(AutostartError::Program)?;
    let (mut name, mut args) = ("tayori".to_owned(), Vec::new());
    if Profile::default_dir().as_deref() != Some(dir) {
        // Each of several profiles has an entry of its own.
        name = format!("tayori-{:.12}", sha256_hex(dir.to_string_lossy().as_bytes()));
        args.extend(["--profile".to_owned(), quoted(dir)]);
    }
    args.push("watch".into());
    if cfg!(all(feature = "desktop", target_os = "linux")) {
        args.push("--tray".into());
    }
    let entry = AutoLaunchBuilder::new()
        .set_app_name(&name)
        .set_app_path(&quoted(&program))
        .set_args(&args)
        // For this person only: nobody needs an administrator for it.
        .set_windows_enable_mode(WindowsEnableMode::CurrentUser)
        .build()?;
    Ok(entry)
}

/// The crate writes what it is given; a path may hold spaces.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    if cfg!(windows) {
        return format!("\"{path}\"");
    }
    let mut out = String::from("\"");
    for c in path.chars() {
        match c {
            '"' | '`' | '$' | '\\' => out.extend(['\\', c]),
            // A desktop entry takes it for the beginning of a field code.
            '%' => out.push_str("%%"),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
