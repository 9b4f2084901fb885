//! The identity on the disk, watched: another thread or program may have renewed it.

use std::path::PathBuf;

use crate::identity::enrol::Waiting;
use crate::identity::{Identity, IdentityError, Stamp, Vault};

/// Where an identity lies, and which state of it was read.
#[derive(Debug)]
pub struct Papers {
    dir: PathBuf,
    vault: Vault,
    seen: Stamp,
}

impl Papers {
    /// Reads the identity and remembers what it read.
    pub fn open(dir: PathBuf, vault: Vault) -> Result<(Self, Identity), IdentityError> {
        // The stamp comes first: what changes in between is read again.
        let seen = Stamp::of(&dir);
        let identity = Identity::load(&dir, &vault)?;
        Ok((Self { dir, vault, seen }, identity))
    }

    /// The identity, if it is another than the last one.
    pub(super) fn look(&mut self) -> Result<Option<Identity>, IdentityError> {
        let stamp = Stamp::of(&self.dir);
        if stamp == self.seen {
            return Ok(None);
        }
        let identity = Identity::load(&self.dir, &self.vault)?;
        self.seen = stamp;
        Ok(Some(identity))
    }

    pub(super) fn keep(&mut self, identity: &Identity) -> Result<(), IdentityError> {
        identity.save(&self.dir, &self.vault)?;
        self.seen = Stamp::of(&self.dir);
        Ok(())
    }

    pub(super) fn wait(&self, waiting: &Waiting) -> Result<(), IdentityError> {
        waiting.save(&self.dir, &self.vault)
    }
}
