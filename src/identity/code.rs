//! One-time codes: how an office's terminal and the hub know each other before there is a certificate.
//!
//! A code is 120 random bits, written as 24 letters in groups of four. Several keys are derived from it, each for one
//! purpose, so that a hub that keeps some of them knows nothing of the others:
//!
//! | derived | the hub keeps it | for |
//! |---|---|---|
//! | handle | yes | finding the code's row; no secret |
//! | proof | yes | whoever asks has the code |
//! | answer | yes | whoever answers knows the code, so it is the hub that the letter speaks of |
//! | chest | never | sealing the office's keys for a further terminal |
//!
//! Both ends of a conversation prove themselves by the code alone: nobody in between learns it or can put words in.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac, rand};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Crockford's letters: no I, L, O or U, which people take for others.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 24;
const BITS_OF_A_LETTER: u32 = 5;
/// How the derived keys are told apart from anything else ever derived.
const SALT: &[u8] = b"tayori code 1";
const KEY_BYTES: usize = 32;

/// See the module. Wiped from memory when it goes; never shown in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Zeroizing<u128>);

/// What was typed is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has {LENGTH} letters and digits; here are {letters}")]
pub struct NoCode {
    /// How many letters of a code there are in what was typed.
    pub letters: usize,
}

/// Why there is no code, or nothing could be sealed with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random numbers, or an operation on a key failed")]
pub struct CryptoFailed;

/// Public: finds a code without telling anything about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handle(pub [u8; 16]);

/// A key that proves, or checks the proof of, having a code.
#[derive(Clone, PartialEq, Eq)]
pub struct MacKey(Zeroizing<[u8; KEY_BYTES]>);

/// A key that seals what the hub keeps and cannot open.
#[derive(Clone)]
pub struct ChestKey(Zeroizing<[u8; KEY_BYTES]>);

impl Code {
    pub fn new() -> Result<Self, CryptoFailed> {
        let mut bytes = Zeroizing::new([0u8; 16]);
        rand::fill(&mut *bytes).map_err(|_| CryptoFailed)?;
        Ok(Self(Zeroizing::new(u128::from_be_bytes(*bytes) >> 8)))
    }

    pub fn handle(&self) -> Handle {
        let derived = self.derived(b"handle");
        let mut handle = [0; 16];
        handle.iter_mut().zip(derived.iter()).for_each(|(to, from)| *to = *from);
        Handle(handle)
    }

    pub fn proof(&self) -> MacKey {
        MacKey(self.derived(b"proof"))
    }

    pub fn answer(&self) -> MacKey {
        MacKey(self.derived(b"answer"))
    }

    pub fn chest(&self) -> ChestKey {
        ChestKey(self.derived(b"chest"))
    }

    fn derived(&self, purpose: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
        let secret = Zeroizing::new(self.0.to_be_bytes());
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(&*secret);
        prk.expand(&[purpose], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *key))
            .expect("32 bytes are one block of HKDF with SHA-256");
        key
    }
}

impl MacKey {
    /// Of bytes that came out of the hub's store.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &*self.0
    }

    pub fn tag(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key(), message).as_ref().to_vec()
    }

    /// Takes as long for a wrong tag as for a right one.
    pub fn fits(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.key(), message, tag).is_ok()
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*self.0)
    }
}

impl ChestKey {
    /// Seals under this key; `about` must be the same to open it again.
    pub fn seal(&self, about: &[u8], plain: &[u8]) -> Result<Vec<u8>, CryptoFailed> {
        let mut nonce = [0u8; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| CryptoFailed)?;
        let mut sealed = plain.to_vec();
        sealed.reserve_exact(AES_256_GCM.tag_len()); // grown later, a copy of the plain bytes would stay behind
        self.gcm()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(about), &mut sealed)
            .map_err(|_| CryptoFailed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// `None`: another key, another office, or changed.
    pub fn open(&self, about: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut plain = Zeroizing::new(rest.to_vec());
        let length = self.gcm().ok()?.open_in_place(nonce, Aad::from(about), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }

    fn gcm(&self) -> Result<LessSafeKey, CryptoFailed> {
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*self.0).map_err(|_| CryptoFailed)?))
    }
}

impl FromStr for Code {
    type Err = NoCode;

    /// Forgives what people do: small or full-width letters, O for 0, I and L for 1, spaces and strokes of any kind.
    fn from_str(typed: &str) -> Result<Self, NoCode> {
        let (mut bits, mut letters) = (Zeroizing::new(0u128), 0);
        // Far more than any code, with all its spaces: a pasted novel is not read to its end.
        for typed in typed.chars().take(400).flat_map(|c| c.nfkc().collect::<Vec<_>>()) {
            let Some(value) = value_of(typed) else {
                if is_between(typed) {
                    continue;
                }
                return Err(NoCode { letters });
            };
            letters += 1;
            if letters <= LENGTH {
                *bits = *bits << BITS_OF_A_LETTER | value;
            }
        }
        if letters == LENGTH { Ok(Self(bits)) } else { Err(NoCode { letters }) }
    }
}

fn value_of(letter: char) -> Option<u128> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = LETTERS.iter().position(|known| char::from(*known) == letter)?;
    u128::try_from(place).ok()
}

/// What people put between the groups.
fn is_between(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '‐' | '‑' | '–' | '—' | '―' | '−' | 'ー' | '_' | '・' | '.')
}

/// In groups of four, as it stands in a letter.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in 0..LENGTH {
            if place > 0 && place % 4 == 0 {
                f.write_str("-")?;
            }
            let shift = BITS_OF_A_LETTER * u32::try_from(LENGTH - 1 - place).unwrap_or_default();
            let value = usize::try_from(*self.0 >> shift & 31).unwrap_or_default();
            let letter = LETTERS.get(value).copied().unwrap_or_default();
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(…)")
    }
}

impl fmt::Debug for ChestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChestKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_however_people_write_it() {
        let code: Code = "0123-4567-89AB-CDEF-GHJK-MNPQ".parse().unwrap();
        assert_eq!(code.to_string(), "0123-4567-89AB-CDEF-GHJK-MNPQ");
        for typed in [
            "0123456789abcdefghjkmnpq",
            " O123 4567 89ab cdef ghjk mnpq ",
            "oi23-4567-89AB-CDEF-GHJK-MNPQ",
            "ol23-4567-89AB-CDEF-GHJK-MNPQ",
            "０１２３－４５６７－８９ＡＢ－ＣＤＥＦ－ＧＨＪＫ－ＭＮＰＱ",
            "０１２３ー４５６７ー８９ａｂ　ｃｄｅｆ　ｇｈｊｋ　ｍｎｐｑ",
            "0123_4567—89AB\nCDEF\tGHJK・MNPQ",
        ] {
            assert_eq!(typed.parse(), Ok(code.clone()), "{typed:?}");
        }
    }

    #[test]
    fn what_is_no_code_is_said_with_how_much_of_it_there_was() {
        for (typed, letters) in [
            ("", 0),
            ("0123-4567", 8),
            ("0123-4567-89AB-CDEF-GHJK-MNP", 23),
            ("0123-4567-89AB-CDEF-GHJK-MNPQR", 25),
            ("0123-U567", 4),
            ("あ", 0),
            ("0123\u{0}", 4),
        ] {
            assert_eq!(typed.parse::<Code>(), Err(NoCode { letters }), "{typed:?}");
        }
        assert!("A".repeat(1_000_000).parse::<Code>().is_err());
    }

    #[test]
    fn every_code_is_another_and_so_are_its_keys() {
        let [one, two] = [Code::new().unwrap(), Code::new().unwrap()];
        assert_ne!(one, two);
        assert_eq!(one.to_string().parse(), Ok(one.clone()));
        assert_ne!(one.handle(), two.handle());
        let keys = [one.proof().as_bytes().to_vec(), one.answer().as_bytes().to_vec(), one.chest().0.to_vec()];
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
        assert!(keys.iter().all(|key| !key.starts_with(&one.handle().0)));
        assert!(!format!("{one:?}{:?}{:?}", one.proof(), one.chest()).contains(&one.to_string()));
    }

    #[test]
    fn a_proof_holds_for_one_message_and_one_code() {
        let [one, two] = [Code::new().unwrap(), Code::new().unwrap()];
        let tag = one.proof().tag(b"request");
        assert!(one.proof().fits(b"request", &tag));
        assert!(!one.proof().fits(b"another", &tag));
        assert!(!one.answer().fits(b"request", &tag));
        assert!(!two.proof().fits(b"request", &tag));
        assert!(!one.proof().fits(b"request", b""));
    }

    #[test]
    fn a_chest_opens_with_its_code_and_for_its_office_only() {
        let [one, two] = [Code::new().unwrap(), Code::new().unwrap()];
        let sealed = one.chest().seal(b"north", b"keys").unwrap();
        assert_eq!(one.chest().open(b"north", &sealed).unwrap().as_slice(), b"keys");
        assert!(one.chest().open(b"south", &sealed).is_none());
        assert!(two.chest().open(b"north", &sealed).is_none());
        for cut in 0..sealed.len() {
            assert!(one.chest().open(b"north", &sealed[..cut]).is_none());
        }
        assert_ne!(one.chest().seal(b"north", b"keys").unwrap(), sealed, "never the same nonce twice");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(typed in "\\PC{0,60}") {
            if let Ok(code) = typed.parse::<Code>() {
                assert_eq!(code.to_string().parse(), Ok(code));
            }
        }
    }
}
