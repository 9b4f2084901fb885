//! SHA-256, and bytes as lowercase hexadecimal text.

use std::fmt::Write as _;

use aws_lc_rs::digest;

/// The SHA-256 of some bytes, as bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// The SHA-256 of some bytes, as 64 lowercase digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

/// The SHA-256 of bytes that come one piece after another.
#[derive(Clone)]
pub struct DigestOf(digest::Context);

impl Default for DigestOf {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl DigestOf {
    pub fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// As [`sha256_hex`] of all pieces together.
    pub fn hex(self) -> String {
        hex(self.0.finish().as_ref())
    }
}

impl std::fmt::Debug for DigestOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DigestOf").finish_non_exhaustive()
    }
}

/// Bytes as lowercase digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}

/// The bytes that digits (either case) stand for; `None` if they are not pairs of digits.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_known_one() {
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn hexadecimal_goes_there_and_back() {
        assert_eq!(unhex(&hex(&[0, 1, 0xab, 0xff])), Some(vec![0, 1, 0xab, 0xff]));
        assert_eq!(unhex("AB"), Some(vec![0xab]));
        for wrong in ["a", "0g", "0x", "あ", "+1"] {
            assert_eq!(unhex(wrong), None, "{wrong:?}");
        }
    }
}
