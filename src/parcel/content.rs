//! What is inside the seal: a manifest and files, packed as an ordinary ZIP.
//!
//! `manifest.json` comes first, then each file as `files/<name>` in the manifest's order, so whoever opens the seal with
//! openssl has something every computer can look into. Reading believes nothing: the archive, the names, the sizes and
//! the digests all come from outside, and what does not agree with the manifest exactly is refused.

mod archive;
mod name;

use jiff::Timestamp;

use super::digest::sha256_hex;
use super::id::ParcelId;
use super::statement::{self, Statement};
use crate::standard::OfficeNumber;
use archive::Archive;
pub use name::{NameFault, check_name};

const MANIFEST: &str = "manifest.json";
const FOLDER: &str = "files/";
const VERSION: u32 = 1;

/// A manifest with the bytes it speaks of, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub manifest: Manifest,
    pub files: Vec<Vec<u8>>,
}

/// Who writes what to whom. Fields this version does not know are ignored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Manifest {
    pub version: u32,
    pub id: ParcelId,
    pub sender: OfficeNumber,
    pub receiver: OfficeNumber,
    pub written: Timestamp,
    #[serde(default)]
    pub message: String,
    /// What the message says in a form that programs can read, too.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "statement::write",
        deserialize_with = "statement::read"
    )]
    pub statements: Vec<Statement>,
    pub files: Vec<FileEntry>,
    /// 中継元: the parcels whose files this one passes on, oldest first. Empty for most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<Hop>,
}

/// A parcel that was passed on, as who passed it on says.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Hop {
    pub parcel: ParcelId,
    pub sender: OfficeNumber,
    pub receiver: OfficeNumber,
    pub written: Timestamp,
}

/// One file as the manifest promises it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileEntry {
    pub name: String,
    pub size: u64,
    /// Hexadecimal.
    pub sha256: String,
}

/// How much of a stranger's archive we are willing to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub packed_bytes: u64,
    pub files: usize,
    pub file_bytes: u64,
    /// All files together.
    pub total_bytes: u64,
    pub message_chars: usize,
    pub hops: usize,
    pub manifest_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            packed_bytes: 128 * MIB,
            files: 2_000,
            file_bytes: 64 * MIB,
            total_bytes: 256 * MIB,
            message_chars: 100_000,
            hops: 64,
            manifest_bytes: 4 * MIB,
        }
    }
}

/// Why a content may not be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    #[error("the file name {name:?} cannot be sent: {fault}")]
    Name { name: String, fault: NameFault },
    #[error("two files are called {name:?} (capitals do not count)")]
    Duplicate { name: String },
    #[error("the message has {chars} characters; {limit} are allowed")]
    MessageTooLong { chars: usize, limit: usize },
    #[error("{count} files; {limit} are allowed")]
    TooManyFiles { count: usize, limit: usize },
    #[error("{name:?} has {bytes} bytes; {limit} are allowed")]
    FileTooLarge { name: String, bytes: u64, limit: u64 },
    #[error("the files have {bytes} bytes together; {limit} are allowed")]
    TooLarge { bytes: u64, limit: u64 },
    #[error("the manifest does not fit the files")]
    ManifestDiffers,
    #[error("the archive could not be written: {0}")]
    Write(String),
}

/// Why an archive is not taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    #[error("this is no parcel: {reason}")]
    NotAParcel { reason: &'static str },
    #[error("there is no manifest at its start")]
    NoManifest,
    #[error("the manifest cannot be read: {0}")]
    Manifest(String),
    #[error("the parcel is of version {version}; this program reads version {VERSION}")]
    Version { version: u32 },
    #[error("the file name {name:?} is not accepted: {fault}")]
    Name { name: String, fault: NameFault },
    #[error("two files are called {name:?} (capitals do not count)")]
    Duplicate { name: String },
    #[error("{name:?} is in the archive and not in the manifest")]
    Unlisted { name: String },
    #[error("{name:?} is in the manifest and not in the archive")]
    Missing { name: String },
    #[error("{name:?} is not what the manifest promises")]
    Differs { name: String },
    #[error("the message has {chars} characters; {limit} are allowed")]
    MessageTooLong { chars: usize, limit: usize },
    #[error("{count} files; {limit} are allowed")]
    TooManyFiles { count: usize, limit: usize },
    #[error("it was passed on {count} times; {limit} are allowed")]
    TooManyHops { count: usize, limit: usize },
    #[error("{what:?} has more than the {limit} bytes allowed")]
    TooLarge { what: String, limit: u64 },
}

impl Content {
    /// A content with the manifest its files call for.
    pub fn new(
        id: ParcelId,
        sender: OfficeNumber,
        receiver: OfficeNumber,
        written: Timestamp,
        message: String,
        files: Vec<(String, Vec<u8>)>,
    ) -> Self {
        let (entries, files) = files.into_iter().map(|(name, bytes)| (FileEntry::of(name, &bytes), bytes)).unzip();
        let manifest = Manifest {
            version: VERSION,
            id,
            sender,
            receiver,
            written,
            message,
            statements: Vec::new(),
            files: entries,
            chain: Vec::new(),
        };
        Self { manifest, files }
    }

    /// The same, saying which parcels it passes on.
    #[must_use]
    pub fn with_chain(mut self, chain: Vec<Hop>) -> Self {
        self.manifest.chain = chain;
        self
    }

    /// The same, saying this beside its message.
    #[must_use]
    pub fn saying(mut self, statements: Vec<Statement>) -> Self {
        self.manifest.statements = statements;
        self
    }

    /// The names with their bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.manifest.files.iter().zip(&self.files).map(|(entry, bytes)| (entry.name.as_str(), bytes.as_slice()))
    }

    /// Packs what a receiver with [`Limits::default`] will take, and refuses everything else before it is sent.
    pub fn pack(&self) -> Result<Vec<u8>, PackError> {
        self.check_own()?;
        let manifest = serde_json::to_vec_pretty(&self.manifest).map_err(|e| PackError::Write(e.to_string()))?;
        let names = self.manifest.files.iter().map(|entry| format!("{FOLDER}{}", entry.name));
        let entries = std::iter::once((MANIFEST.to_owned(), manifest.as_slice()))
            .chain(names.zip(self.files.iter().map(Vec::as_slice)));
        let packed = archive::write(entries)?;
        let limit = Limits::default().packed_bytes;
        let bytes = packed.len() as u64;
        if bytes > limit { Err(PackError::TooLarge { bytes, limit }) } else { Ok(packed) }
    }

    fn check_own(&self) -> Result<(), PackError> {
        let limits = Limits::default();
        check_manifest(&self.manifest, &limits).map_err(PackError::from)?;
        let fits = self.manifest.files.len() == self.files.len()
            && self.manifest.files.iter().zip(&self.files).all(|(entry, bytes)| entry.fits(bytes));
        if fits && self.manifest.version == VERSION { Ok(()) } else { Err(PackError::ManifestDiffers) }
    }

    /// Reads a packed content from anyone, within limits.
    pub fn unpack(bytes: &[u8], limits: &Limits) -> Result<Self, UnpackError> {
        if bytes.len() as u64 > limits.packed_bytes {
            return Err(UnpackError::TooLarge { what: "parcel".into(), limit: limits.packed_bytes });
        }
        let archive = Archive::open(bytes, limits.files + 1)?;
        let manifest = read_manifest(&archive, limits)?;
        check_manifest(&manifest, limits)?;
        check_listed(&archive, &manifest)?;
        let files = manifest.files.iter().map(|entry| read_file(&archive, entry)).collect::<Result<_, _>>()?;
        Ok(Self { manifest, files })
    }
}

impl FileEntry {
    fn of(name: String, bytes: &[u8]) -> Self {
        Self { name, size: bytes.len() as u64, sha256: sha256_hex(bytes) }
    }

    fn fits(&self, bytes: &[u8]) -> bool {
        self.size == bytes.len() as u64 && self.sha256.eq_ignore_ascii_case(&sha256_hex(bytes))
    }
}

fn read_manifest(archive: &Archive<'_>, limits: &Limits) -> Result<Manifest, UnpackError> {
    if archive.names().next() != Some(MANIFEST) {
        return Err(UnpackError::NoManifest);
    }
    let bytes = archive.read(MANIFEST, limits.manifest_bytes).map_err(|error| match error {
        UnpackError::Differs { name: what } => UnpackError::TooLarge { what, limit: limits.manifest_bytes },
        other => other,
    })?;
    let unreadable = |e: serde_json::Error| UnpackError::Manifest(e.to_string().chars().take(200).collect());
    // The version first: a later one may differ in everything else.
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: u32,
    }
    let Versioned { version } = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if version != VERSION {
        return Err(UnpackError::Version { version });
    }
    serde_json::from_slice(&bytes).map_err(unreadable)
}

/// What can be said of a manifest before any file is touched.
fn check_manifest(manifest: &Manifest, limits: &Limits) -> Result<(), UnpackError> {
    let chars = manifest.message.chars().count();
    if chars > limits.message_chars {
        return Err(UnpackError::MessageTooLong { chars, limit: limits.message_chars });
    }
    let count = manifest.files.len();
    if count > limits.files {
        return Err(UnpackError::TooManyFiles { count, limit: limits.files });
    }
    let hops = manifest.chain.len();
    if hops > limits.hops {
        return Err(UnpackError::TooManyHops { count: hops, limit: limits.hops });
    }
    let mut seen = std::collections::HashSet::new();
    for FileEntry { name, size, .. } in &manifest.files {
        check_name(name).map_err(|fault| UnpackError::Name { name: name::shown(name), fault })?;
        if !seen.insert(name::folded(name)) {
            return Err(UnpackError::Duplicate { name: name.clone() });
        }
        if *size > limits.file_bytes {
            return Err(UnpackError::TooLarge { what: name.clone(), limit: limits.file_bytes });
        }
    }
    let total = manifest.files.iter().fold(0u64, |sum, entry| sum.saturating_add(entry.size));
    let too_large = UnpackError::TooLarge { what: "all files".into(), limit: limits.total_bytes };
    if total > limits.total_bytes { Err(too_large) } else { Ok(()) }
}

/// Nothing may travel in the archive that the manifest does not name.
fn check_listed(archive: &Archive<'_>, manifest: &Manifest) -> Result<(), UnpackError> {
    let listed: std::collections::HashSet<&str> = manifest.files.iter().map(|entry| entry.name.as_str()).collect();
    let stranger = |name: &&str| !name.strip_prefix(FOLDER).is_some_and(|inner| listed.contains(inner));
    match archive.names().skip(1).find(stranger) {
        Some(name) => Err(UnpackError::Unlisted { name: name::shown(name) }),
        None => Ok(()),
    }
}

fn read_file(archive: &Archive<'_>, entry: &FileEntry) -> Result<Vec<u8>, UnpackError> {
    let bytes = archive.read(&format!("{FOLDER}{}", entry.name), entry.size)?;
    if entry.fits(&bytes) { Ok(bytes) } else { Err(UnpackError::Differs { name: entry.name.clone() }) }
}

/// What is wrong with our own manifest is told in a sender's words.
impl From<UnpackError> for PackError {
    fn from(error: UnpackError) -> Self {
        match error {
            UnpackError::Name { name, fault } => Self::Name { name, fault },
            UnpackError::Duplicate { name } => Self::Duplicate { name },
            UnpackError::MessageTooLong { chars, limit } => Self::MessageTooLong { chars, limit },
            UnpackError::TooManyFiles { count, limit } => Self::TooManyFiles { count, limit },
            other => Self::Write(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
