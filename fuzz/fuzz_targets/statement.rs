//! Any bytes as a manifest: what its statements say is bounded, and is written and read again as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tayori::parcel::Manifest;

fuzz_target!(|bytes: &[u8]| {
    let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) else { return };
    assert!(manifest.statements.iter().all(tayori::parcel::Statement::is_bounded));
    let written = serde_json::to_vec(&manifest).expect("it was read from JSON");
    let again: Manifest = serde_json::from_slice(&written).expect("it was just written");
    assert_eq!(again.statements, manifest.statements);
});
