//! Fetches a parcel whole; a large one part by part, each kept in the history as it comes, so that a line that breaks
//! or a program that ends costs one part and not the whole.

use super::exchange::{Exchange, RoundError};
use crate::link::LinkError;
use crate::parcel::{ParcelId, sha256_hex};
use crate::wire::{PART_BYTES, ProblemCode};

/// No sealed parcel is larger: the seal adds little to what may be packed.
const LARGEST: u64 = 129 * 1024 * 1024;

impl Exchange {
    /// The sealed bytes, which are what their digest says. Whoever kept them calls [`Exchange::fetched`]. `insists` asks a
    /// hub that stumbles again at once; what comes in parts goes on where it stopped anyway.
    pub(super) fn fetch(
        &mut self,
        id: ParcelId,
        size: u64,
        digest: &str,
        insists: bool,
    ) -> Result<Vec<u8>, RoundError> {
        if size > LARGEST {
            return Err(LinkError::Nonsense("a parcel larger than any may be".into()).into());
        }
        if size > PART_BYTES {
            let sealed = self.fetch_in_parts(id, size, digest)?;
            return match whole(sealed, digest) {
                Ok(sealed) => Ok(sealed),
                Err(error) => {
                    // From the beginning, the next time.
                    self.fetched(id, size)?;
                    Err(error.into())
                }
            };
        }
        let fetch = || self.link.fetch(id, size).and_then(|sealed| whole(sealed, digest));
        Ok(if insists { self.insistence.ask(fetch) } else { fetch() }?)
    }

    /// What came in parts is needed no more.
    pub(super) fn fetched(&mut self, id: ParcelId, size: u64) -> Result<(), RoundError> {
        if size > PART_BYTES {
            self.terminal.history.forget_parts(id)?;
        }
        Ok(())
    }

    fn fetch_in_parts(&mut self, id: ParcelId, size: u64, digest: &str) -> Result<Vec<u8>, RoundError> {
        let came = self.terminal.history.came_so_far(id, digest)?;
        let mut sealed = came.concat();
        let mut part = came.len();
        while (sealed.len() as u64) < size {
            let from = sealed.len() as u64;
            let piece = self.link.fetch_piece(id, digest, from, (size - from).min(PART_BYTES));
            if let Err(LinkError::Problem(problem)) = &piece
                && matches!(problem.code, ProblemCode::ParcelRemoved | ProblemCode::ParcelUnknown)
            {
                // It will never be whole.
                self.terminal.history.forget_parts(id)?;
            }
            let bytes = piece?;
            self.terminal.history.keep_part(id, digest, part, &bytes)?;
            sealed.extend_from_slice(&bytes);
            part += 1;
        }
        Ok(sealed)
    }
}

/// Damaged on the way, or the hub does not keep what it says: not this parcel's fault, so it is tried again later.
fn whole(sealed: Vec<u8>, digest: &str) -> Result<Vec<u8>, LinkError> {
    if sha256_hex(&sealed) == digest {
        Ok(sealed)
    } else {
        Err(LinkError::Nonsense("a parcel's bytes are not what its digest says".into()))
    }
}
