//! Fetches a parcel whole; a large one part by part, each kept in the history as it comes, so that a line that breaks
//! or a program that ends costs one part and not the whole.

use super::exchange::{Exchange, RoundError};
use crate::link::LinkError;
use crate::parcel::{ParcelId, sha256_hex};
use crate::wire::{PART_BYTES, ProblemCode};

/// No sealed parcel is larger: the seal adds little to what may be packed.
const LARGEST: u64 = 129 * 1024 * 1024;

impl Exchange {
    /// The sealed bytes, which are what their digest says. Whoever kept them calls [`Exchange::fetched`].
    pub(super) fn fetch(&mut self, id: ParcelId, size: u64, digest: &str) -> Result<Vec<u8>, RoundError> {
        if size > LARGEST {
            return Err(LinkError::Nonsense("a parcel larger than any may be".into()).into());
        }
        let sealed =
            if size > PART_BYTES { self.fetch_in_parts(id, size, digest)? } else { self.link.fetch(id, size)? };
        if sha256_hex(&sealed) != digest {
            // Damaged on the way, or the hub does not keep what it says: not this parcel's fault, so try again later,
            // and from the beginning.
            self.fetched(id, size)?;
            return Err(LinkError::Nonsense("a parcel's bytes are not what its digest says".into()).into());
        }
        Ok(sealed)
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
