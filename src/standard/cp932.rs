//! CP932 (Windows-31J), strictly: what Windows can show, no 外字, no stray bytes.
//!
//! encoding_rs has the tables, but follows browsers: it lets 外字 through as private characters, and 0x80. Some 370
//! characters such as 髙 and 﨑 have two codes (NEC row ED/EE and IBM row FA–FC); both are read, see [`Form`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use encoding_rs::SHIFT_JIS;

/// Where the bytes stop being CP932.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Bytes from the start of what was looked at.
    pub offset: usize,
    pub what: FaultKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    Invalid,
    /// A user-defined character (F040–F9FC): a picture on the sender's machine, something else on another.
    Gaiji,
}

/// Which of the two codes to write for a character that has two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// FA–FC, as Windows does.
    #[default]
    Ibm,
    /// ED/EE, as Python and much server software does.
    Nec,
}

/// A character CP932 does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CP932 has no {0:?}")]
pub struct NoCode(pub char);

/// The first byte that is not CP932, if there is one.
pub fn fault(bytes: &[u8]) -> Option<Fault> {
    let pairs = &*PAIRS;
    let mut rest = bytes.iter().enumerate();
    while let Some((offset, &byte)) = rest.next() {
        let what = match byte {
            0..=0x7F | 0xA1..=0xDF => continue,
            0x81..=0x9F | 0xE0..=0xFC => match rest.next() {
                Some((_, &trail)) if pairs.contains(byte, trail) => continue,
                Some((_, &trail)) if matches!(byte, 0xF0..=0xF9) && is_trail(trail) => FaultKind::Gaiji,
                _ => FaultKind::Invalid,
            },
            _ => FaultKind::Invalid,
        };
        return Some(Fault { offset, what });
    }
    None
}

/// Characters, not bytes.
pub fn count(bytes: &[u8]) -> usize {
    let mut chars = 0;
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        chars += 1;
        if is_lead(*byte) {
            rest.next();
        }
    }
    chars
}

/// The text, or where it stops being one.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    match fault(bytes) {
        Some(fault) => Err(fault),
        None => Ok(decode_lossy(bytes)),
    }
}

/// The text with � where there is none: for messages and for showing what is broken.
pub fn decode_lossy(bytes: &[u8]) -> Cow<'_, str> {
    let (text, _) = SHIFT_JIS.decode_without_bom_handling(bytes);
    if text.chars().any(is_private) {
        text.chars().map(|c| if is_private(c) { '\u{FFFD}' } else { c }).collect()
    } else {
        text
    }
}

/// The bytes of a text; strict both ways, so that what is written reads as the same text.
pub fn encode(text: &str, form: Form) -> Result<Vec<u8>, NoCode> {
    let mut bytes = Vec::with_capacity(text.len());
    for char in text.chars() {
        match code(char, form).ok_or(NoCode(char))? {
            (0, single) => bytes.push(single),
            (lead, trail) => bytes.extend([lead, trail]),
        }
    }
    Ok(bytes)
}

/// Whether every character has a code.
pub fn can_encode(char: char) -> bool {
    code(char, Form::Ibm).is_some()
}

/// Which form of the doubled characters these bytes use, if any.
pub fn form_used(bytes: &[u8]) -> Option<Form> {
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        match byte {
            0xED | 0xEE => return Some(Form::Nec),
            0xFA..=0xFC => return Some(Form::Ibm),
            lead if is_lead(*lead) => {
                rest.next();
            }
            _ => {}
        }
    }
    None
}

fn code(char: char, form: Form) -> Option<(u8, u8)> {
    if char.is_ascii() {
        return u8::try_from(char).ok().map(|byte| (0, byte));
    }
    if matches!(char, '\u{FF61}'..='\u{FF9F}') {
        return u8::try_from(u32::from(char) - 0xFF61 + 0xA1).ok().map(|byte| (0, byte));
    }
    match form {
        Form::Nec => CODES.nec.get(&char).or_else(|| CODES.usual.get(&char)).copied(),
        Form::Ibm => CODES.usual.get(&char).copied(),
    }
}

fn is_private(char: char) -> bool {
    matches!(char, '\u{E000}'..='\u{F8FF}' | '\u{80}')
}

fn is_lead(byte: u8) -> bool {
    matches!(byte, 0x81..=0x9F | 0xE0..=0xFC)
}

fn is_trail(byte: u8) -> bool {
    matches!(byte, 0x40..=0x7E | 0x80..=0xFC)
}

/// Which pairs of bytes are characters, a bit each.
#[derive(Debug)]
struct Pairs(Vec<[u64; 4]>);

impl Pairs {
    #[inline]
    fn contains(&self, lead: u8, trail: u8) -> bool {
        let word = self.0.get(usize::from(lead)).and_then(|row| row.get(usize::from(trail >> 6)));
        word.is_some_and(|word| word >> (trail & 63) & 1 == 1)
    }
}

/// All pairs that are characters, with their characters. One decoding of one text: starting up must stay quick.
fn all_pairs() -> Vec<((u8, u8), char)> {
    let candidates: Vec<(u8, u8)> = (0x81..=0xFCu8)
        .filter(|lead| is_lead(*lead))
        .flat_map(|lead| (0x40..=0xFCu8).filter(|trail| is_trail(*trail)).map(move |trail| (lead, trail)))
        .collect();
    // A line end cannot be swallowed by an unfinished pair, so each line stays one candidate.
    let bytes: Vec<u8> = candidates.iter().flat_map(|(lead, trail)| [*lead, *trail, b'\n']).collect();
    let (text, _) = SHIFT_JIS.decode_without_bom_handling(&bytes);
    let chars = text.split('\n').map(|line| {
        let mut chars = line.chars();
        chars.next().filter(|char| *char != '\u{FFFD}' && !is_private(*char) && chars.next().is_none())
    });
    candidates.into_iter().zip(chars).filter_map(|(pair, char)| Some((pair, char?))).collect()
}

static PAIRS: LazyLock<Pairs> = LazyLock::new(|| {
    let mut rows = vec![[0u64; 4]; 256];
    for ((lead, trail), _) in all_pairs() {
        if let Some(word) = rows.get_mut(usize::from(lead)).and_then(|row| row.get_mut(usize::from(trail >> 6))) {
            *word |= 1 << (trail & 63);
        }
    }
    Pairs(rows)
});

struct Codes {
    usual: HashMap<char, (u8, u8)>,
    nec: HashMap<char, (u8, u8)>,
}

/// Of several codes Windows writes: JIS first, then NEC row 13, then IBM (FA–FC); NEC's copies (ED/EE) last.
static CODES: LazyLock<Codes> = LazyLock::new(|| {
    let mut codes = Codes { usual: HashMap::new(), nec: HashMap::new() };
    let is_nec = |lead: u8| matches!(lead, 0xED | 0xEE);
    for (pair, char) in all_pairs() {
        if is_nec(pair.0) {
            codes.nec.insert(char, pair);
        } else {
            let best = codes.usual.entry(char).or_insert(pair);
            // ∪ ¬ and the like stand in JIS (81) and in NEC row 13 (87); ∵ in FA too.
            *best = (*best).min(pair);
        }
    }
    // What the IBM row does not have under its own code stays as it is elsewhere: NEC's copies are complete.
    let nec = codes.nec.clone();
    for (char, pair) in nec {
        codes.usual.entry(char).or_insert(pair);
    }
    // A character that has a JIS or row-13 code (∵ ¬ №) is written so whichever form the file uses.
    let usual = &codes.usual;
    codes.nec.retain(|char, _| usual.get(char).is_none_or(|(lead, _)| *lead >= 0xED));
    codes
});

#[cfg(test)]
mod tests {
    use super::*;

    /// All one- and two-byte sequences, one by one.
    fn all_sequences() -> impl Iterator<Item = Vec<u8>> {
        let singles = (0..=255u8).map(|byte| vec![byte]);
        singles.chain((0..=255u8).flat_map(|lead| (0..=255u8).map(move |trail| vec![lead, trail])))
    }

    #[test]
    fn every_code_of_cp932_is_read_and_written_back_as_the_same_text() {
        let mut doubles = 0;
        for bytes in all_sequences().filter(|bytes| fault(bytes).is_none()) {
            let text = decode(&bytes).unwrap().into_owned();
            assert!(!text.contains('\u{FFFD}'), "{bytes:02X?}");
            for form in [Form::Ibm, Form::Nec] {
                let again = encode(&text, form).unwrap_or_else(|NoCode(c)| panic!("{bytes:02X?} {c:?} has no code"));
                assert_eq!(decode(&again).unwrap(), text, "{bytes:02X?}");
            }
            doubles += usize::from(bytes.len() == 2 && is_lead(bytes[0]));
        }
        assert_eq!(doubles, 6_879 + 83 + 374 + 388, "JIS X 0208, NEC row 13, NEC's and IBM's copies; no 外字");
    }

    #[test]
    fn every_character_of_the_bmp_has_no_code_or_one_that_reads_back() {
        let mut codes = 0;
        for char in (0..=0xFFFFu32).filter_map(char::from_u32) {
            match encode(char.encode_utf8(&mut [0; 4]), Form::Ibm) {
                Ok(bytes) => {
                    codes += 1;
                    assert_eq!(fault(&bytes), None, "{char:?}");
                    assert_eq!(decode(&bytes).unwrap(), char.to_string(), "{char:?} as {bytes:02X?}");
                }
                Err(NoCode(named)) => assert_eq!(named, char),
            }
        }
        assert_eq!(codes, 128 + 63 + 7_326, "ASCII, half-width kana, and what Python's cp932 has without 外字");
        for char in "–—−¥‾♥𠮷😀".chars() {
            assert!(!can_encode(char), "{char:?} would come back as another character");
        }
    }

    #[test]
    fn gaiji_and_stray_bytes_are_told_apart() {
        assert_eq!(fault(b"a\xF0\x40"), Some(Fault { offset: 1, what: FaultKind::Gaiji }));
        assert_eq!(fault(b"\xF9\xFC"), Some(Fault { offset: 0, what: FaultKind::Gaiji }));
        for stray in [&b"\x80"[..], b"\xA0", b"\xFD", b"\xFF", b"\x89", b"\x89\xFF", b"\x89,", b"\x81\xAD"] {
            assert_eq!(fault(stray), Some(Fault { offset: 0, what: FaultKind::Invalid }), "{stray:02X?}");
        }
        assert_eq!(fault(b"\xB1\xDE\x88\x9F"), None);
    }

    #[test]
    fn taka_is_written_the_way_the_file_does() {
        assert_eq!(encode("髙﨑", Form::Ibm).unwrap(), b"\xFB\xFC\xFA\xB1");
        assert_eq!(encode("髙﨑", Form::Nec).unwrap(), b"\xEE\xE0\xED\x95");
        assert_eq!(
            (form_used(b"\xEE\xE0"), form_used(b"\xFB\xFC"), form_used(b"\x88\x9F")),
            (Some(Form::Nec), Some(Form::Ibm), None)
        );
        assert_eq!(decode(b"\xEE\xE0").unwrap(), decode(b"\xFB\xFC").unwrap());
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert_eq!(count(&encode("髙a介護ｶﾞ", Form::Ibm).unwrap()), 6);
    }
}
