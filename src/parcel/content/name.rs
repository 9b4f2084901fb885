//! Which file names may travel: those that mean the same plain file on every system and look like what they are.

/// Why a name may not travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NameFault {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {MAX_CHARS} characters or {MAX_BYTES} bytes")]
    TooLong,
    #[error("it holds / \\ : * ? \" < > or |")]
    Path,
    #[error("it holds a character that cannot be seen or turns the text around")]
    Invisible,
    #[error("Windows keeps it for a device")]
    Reserved,
    #[error("it begins with a space or ends with a space or a dot")]
    Edge,
}

const MAX_CHARS: usize = 200;
const MAX_BYTES: usize = 255;

/// Names Windows gives to devices, whatever follows the first dot.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Whether a file may travel under this name.
pub fn check_name(name: &str) -> Result<(), NameFault> {
    if name.is_empty() {
        Err(NameFault::Empty)
    } else if name.len() > MAX_BYTES || name.chars().count() > MAX_CHARS {
        Err(NameFault::TooLong)
    } else if name.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']) {
        Err(NameFault::Path)
    } else if name.chars().any(is_invisible) {
        Err(NameFault::Invisible)
    } else if name.starts_with(' ') || name.ends_with([' ', '.']) {
        Err(NameFault::Edge)
    } else if is_device(name) {
        Err(NameFault::Reserved)
    } else {
        Ok(())
    }
}

/// Control characters, and those that hide or reorder others (an `exe` that reads like a `csv`).
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFF}' | '\u{E0000}'..='\u{E0FFF}')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_uppercase();
    let numbered = ["COM", "LPT"].iter().filter_map(|port| stem.strip_prefix(port));
    let mut numbers = numbered.map(|rest| rest.chars().collect::<Vec<_>>());
    DEVICES.contains(&stem.as_str())
        || numbers.any(|rest| matches!(rest.as_slice(), ['0'..='9' | '\u{B9}' | '\u{B2}' | '\u{B3}']))
}

/// The form in which two names that a Windows or Mac folder cannot tell apart are equal.
pub(super) fn folded(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

/// A stranger's name, fit for a message: cut, nothing invisible in it.
pub(super) fn shown(name: &str) -> String {
    name.chars().map(|c| if is_invisible(c) { '\u{FFFD}' } else { c }).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_own_names_and_japanese_ones_pass() {
        for name in [
            "UPPLAN_202605_3170000010_43_3170000028_11_20260425173744.CSV",
            "居宅サービス計画書（１）.pdf",
            "担当者会議 議事録 5月.txt",
            "é.png",
            ".a",
            "COM.txt",
            "COM10.txt",
            "CONSOLE",
            "a..b",
        ] {
            assert_eq!(check_name(name), Ok(()), "{name:?}");
        }
    }

    #[test]
    fn a_name_that_is_a_path_is_refused() {
        for name in ["../a", "..\\a", "/etc/passwd", "C:\\a", "C:a", "a/b", "\\\\host\\share", "a:stream", "*?"] {
            assert_eq!(check_name(name), Err(NameFault::Path), "{name:?}");
        }
    }

    #[test]
    fn a_name_that_hides_something_is_refused() {
        for name in
            ["a\0.csv", "a\n.csv", "\u{202E}vsc.exe", "a\u{2066}b", "a\u{200B}b", "a\u{7f}", "a\u{85}", "\u{FEFF}a"]
        {
            assert_eq!(check_name(name), Err(NameFault::Invisible), "{name:?}");
        }
    }

    #[test]
    fn a_name_windows_keeps_for_a_device_is_refused() {
        for name in ["CON", "nul", "NUL.csv", "COM1.txt", "com¹", "LPT9.a.b", "aux .txt", "Prn", "CONIN$"] {
            assert_eq!(check_name(name), Err(NameFault::Reserved), "{name:?}");
        }
    }

    #[test]
    fn a_name_windows_would_shorten_is_refused() {
        for name in ["a.", "a ", ".", "..", " a", "a.csv ."] {
            assert_eq!(check_name(name), Err(NameFault::Edge), "{name:?}");
        }
    }

    #[test]
    fn length_counts_characters_and_bytes() {
        assert_eq!(check_name(&"a".repeat(200)), Ok(()));
        assert_eq!(check_name(&"a".repeat(201)), Err(NameFault::TooLong));
        assert_eq!(check_name(&"あ".repeat(85)), Ok(()));
        assert_eq!(check_name(&"あ".repeat(86)), Err(NameFault::TooLong));
        assert_eq!(check_name(""), Err(NameFault::Empty));
    }

    #[test]
    fn names_that_differ_in_capitals_are_one() {
        assert_eq!(folded("Ａb.CSV"), folded("ａB.csv"));
        assert_ne!(folded("a.csv"), folded("b.csv"));
    }
}
