//! The ZIP file around a content.
//!
//! Writing is the `zip` crate's work. Reading is our own, and reads only what we write: one central directory that ends
//! where the file ends, entries stored or deflated, no ZIP64, no encryption. A general reader searches for directories,
//! holds a million entries before it is asked, and may see other files than the next program does.

use std::collections::HashMap;
use std::io::{self, Cursor, Read, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{PackError, UnpackError, name};

/// Entries in order, every one at the same made-up time: packing the same content gives the same bytes.
pub(super) fn write<'a>(entries: impl Iterator<Item = (String, &'a [u8])>) -> Result<Vec<u8>, PackError> {
    let failed = |error: &dyn std::error::Error| PackError::Write(error.to_string());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    for (name, bytes) in entries {
        writer.start_file(name, options).map_err(|e| failed(&e))?;
        writer.write_all(bytes).map_err(|e| failed(&e))?;
    }
    Ok(writer.finish().map_err(|e| failed(&e))?.into_inner())
}

/// A stranger's ZIP, its directory read, its entries still packed.
#[derive(Debug)]
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry<'a>>,
    by_name: HashMap<&'a str, usize>,
}

#[derive(Debug)]
struct Entry<'a> {
    name: &'a str,
    method: u16,
    packed: usize,
    offset: usize,
}

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const ENCRYPTED: u16 = 1;

const fn broken(reason: &'static str) -> UnpackError {
    UnpackError::NotAParcel { reason }
}

impl<'a> Archive<'a> {
    pub(super) fn open(bytes: &'a [u8], max_entries: usize) -> Result<Self, UnpackError> {
        let (count, mut directory) = directory(bytes)?;
        if count > max_entries {
            return Err(UnpackError::TooManyFiles { count, limit: max_entries.saturating_sub(1) });
        }
        let mut entries = Vec::with_capacity(count);
        let mut by_name = HashMap::with_capacity(count);
        for index in 0..count {
            let entry = directory.entry()?;
            if by_name.insert(entry.name, index).is_some() {
                return Err(UnpackError::Duplicate { name: name::shown(entry.name) });
            }
            entries.push(entry);
        }
        if directory.0.is_empty() {
            Ok(Self { bytes, entries, by_name })
        } else {
            Err(broken("its directory is too long"))
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.entries.iter().map(|entry| entry.name)
    }

    /// The bytes of one entry, if they are no more than `limit`; reading stops one byte later, whatever it claims.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, UnpackError> {
        let missing = || UnpackError::Missing { name: name.trim_start_matches(super::FOLDER).to_owned() };
        let entry = self.by_name.get(name).and_then(|i| self.entries.get(*i)).ok_or_else(missing)?;
        let packed = self.packed(entry)?;
        let differs = || UnpackError::Differs { name: name.trim_start_matches(super::FOLDER).to_owned() };
        let read = match entry.method {
            STORED => read_bounded(packed, limit),
            DEFLATED => read_bounded(flate2::read::DeflateDecoder::new(packed), limit),
            _ => return Err(broken("it is packed in an unknown way")),
        };
        read.ok().flatten().ok_or_else(differs)
    }

    /// An entry's packed bytes, behind its local header, which must tell the same name.
    fn packed(&self, entry: &Entry<'a>) -> Result<&'a [u8], UnpackError> {
        let mut local = Fields(self.bytes.get(entry.offset..).ok_or(broken("an entry lies outside"))?);
        local.signature(*b"PK\x03\x04")?;
        local.skip(22)?;
        let (name, extra) = (local.u16()?, local.u16()?);
        if local.take(name.into())? != entry.name.as_bytes() {
            return Err(broken("it has two names for one entry"));
        }
        local.skip(extra.into())?;
        local.take(entry.packed)
    }
}

/// Everything the source holds, or `None` once it has given one byte more than `limit`. It is not asked for a second.
fn read_bounded(source: impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    source.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= limit))
}

/// How many entries there are, and the bytes that describe them.
fn directory(bytes: &[u8]) -> Result<(usize, Fields<'_>), UnpackError> {
    const END_BYTES: usize = 22;
    let split = bytes.len().checked_sub(END_BYTES).ok_or(broken("too short"))?;
    let (body, end) = bytes.split_at_checked(split).ok_or(broken("too short"))?;
    let mut end = Fields(end);
    end.signature(*b"PK\x05\x06")?;
    let (disk, start_disk, here, count) = (end.u16()?, end.u16()?, end.u16()?, end.u16()?);
    let (size, offset) = (end.u32()?, end.u32()?);
    if (disk, start_disk) != (0, 0) || here != count || count == u16::MAX || end.u16()? != 0 {
        return Err(broken("it is an archive of another kind"));
    }
    match body.get(offset..) {
        Some(found) if found.len() == size => Ok((count.into(), Fields(found))),
        _ => Err(broken("its directory is not where it should be")),
    }
}

/// Little-endian fields from the front of some bytes.
#[derive(Debug)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], UnpackError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(broken("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Result<(), UnpackError> {
        self.take(count).map(|_| ())
    }

    fn u16(&mut self) -> Result<u16, UnpackError> {
        let bytes = self.take(2)?;
        Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u16::from(*byte)))
    }

    fn u32(&mut self) -> Result<usize, UnpackError> {
        let (low, high) = (self.u16()?, self.u16()?);
        Ok(usize::from(high) << 16 | usize::from(low))
    }

    fn signature(&mut self, wanted: [u8; 4]) -> Result<(), UnpackError> {
        if self.take(4)? == wanted { Ok(()) } else { Err(broken("it is no ZIP archive")) }
    }

    /// One line of the central directory.
    fn entry(&mut self) -> Result<Entry<'a>, UnpackError> {
        self.signature(*b"PK\x01\x02")?;
        self.skip(4)?;
        let (flags, method) = (self.u16()?, self.u16()?);
        self.skip(8)?;
        let (packed, _unpacked) = (self.u32()?, self.u32()?);
        let (name, extra, comment) = (self.u16()?, self.u16()?, self.u16()?);
        self.skip(8)?;
        let offset = self.u32()?;
        let name = std::str::from_utf8(self.take(name.into())?).map_err(|_| broken("a name is not UTF-8"))?;
        self.skip(usize::from(extra) + usize::from(comment))?;
        if flags & ENCRYPTED != 0 {
            return Err(broken("it is encrypted once more"));
        }
        Ok(Entry { name, method, packed, offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives zeros without end, and counts.
    struct Bomb(u64);

    impl Read for &mut Bomb {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(self.0 < 1_000_000, "nobody stopped reading");
            buffer.fill(0);
            self.0 += buffer.len() as u64;
            Ok(buffer.len())
        }
    }

    #[test]
    fn s12_reading_stops_one_byte_past_the_limit() {
        let mut bomb = Bomb(0);
        assert_eq!(read_bounded(&mut bomb, 1000).unwrap(), None);
        assert_eq!(bomb.0, 1001);
        assert_eq!(read_bounded(&b"abc"[..], 3).unwrap(), Some(b"abc".to_vec()));
        assert_eq!(read_bounded(&b"abc"[..], 2).unwrap(), None);
    }
}
