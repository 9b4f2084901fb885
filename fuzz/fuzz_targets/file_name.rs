//! Any text as a file name: read, written back, read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tayori::standard::FileName;

fuzz_target!(|text: &str| {
    if let Ok(name) = FileName::parse(text) {
        assert_eq!(FileName::parse(&name.to_string()), Ok(name));
    }
});
