//! Gives the Windows programs their icon, version and manifest. For every other system there is nothing to do.

use embed_resource::{CompilationResult, compile_for};

fn main() -> Result<(), CompilationResult> {
    for part in ["build.rs", "packaging/windows", "assets/icon/tayori.ico"] {
        println!("cargo:rerun-if-changed={part}");
    }
    let version = [
        concat!("MAJOR=", env!("CARGO_PKG_VERSION_MAJOR")),
        concat!("MINOR=", env!("CARGO_PKG_VERSION_MINOR")),
        concat!("PATCH=", env!("CARGO_PKG_VERSION_PATCH")),
    ];
    for program in ["tayori", "tayori-hub"] {
        compile_for(format!("packaging/windows/{program}.rc"), [program], version).manifest_required()?;
    }
    Ok(())
}
