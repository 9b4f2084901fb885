//! Large parcels in parts: what a broken line cost is at most one of them.

use reqwest::Method;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, ETAG, IF_RANGE, RANGE};

use super::LinkError;
use super::hub::{HubLink, body, transfer_time};
use crate::parcel::{ParcelId, sha256_hex};
use crate::standard::OfficeNumber;
use crate::wire::{Accepted, DIGEST_HEADER, PART_BYTES, ProblemCode, SEALED_TYPE, Upload, digest_header};

impl HubLink {
    /// Hands over what the hub does not have yet, part by part, and then asks for the word that it is accepted.
    pub(super) fn put_in_parts(&self, id: ParcelId, to: OfficeNumber, sealed: &[u8]) -> Result<Accepted, LinkError> {
        let (size, digest) = (sealed.len() as u64, sha256_hex(sealed));
        let query = [("to", to.to_string()), ("size", size.to_string()), ("digest", digest.clone())];
        let there = match self.json::<Upload>(self.ask(Method::GET, &format!("/v1/parcels/{id}/parts"))) {
            Ok(upload) if upload.digest == digest && upload.size == size => {
                if let Some(accepted) = upload.accepted {
                    return Ok(accepted);
                }
                upload.parts
            }
            Err(LinkError::Problem(problem)) if problem.code != ProblemCode::ParcelUnknown => {
                return Err(LinkError::Problem(problem));
            }
            // Nothing is there, or something else that the first part will replace.
            Ok(_) | Err(LinkError::Problem(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        for (number, part) in (0_u64..).zip(sealed.chunks(PART_BYTES as usize)) {
            if there.contains(&number) {
                continue;
            }
            let request = self
                .ask(Method::PUT, &format!("/v1/parcels/{id}/parts/{number}"))
                .query(&query)
                .header(CONTENT_TYPE, SEALED_TYPE)
                .header(DIGEST_HEADER, digest_header(&sha256_hex(part)))
                .timeout(transfer_time(part.len() as u64))
                .body(part.to_vec());
            let response = self.answer(request)?;
            if response.status() != StatusCode::NO_CONTENT {
                // It was accepted before, by another try or another terminal.
                break;
            }
        }
        // The hub reads all of it once more.
        let time = transfer_time(size);
        self.json(self.ask(Method::POST, &format!("/v1/parcels/{id}/commit")).query(&query).timeout(time))
    }

    /// One piece of a parcel, as long as asked for.
    pub(super) fn get_piece(&self, id: ParcelId, digest: &str, from: u64, length: u64) -> Result<Vec<u8>, LinkError> {
        let tag = format!("\"{digest}\"");
        let request = self
            .ask(Method::GET, &format!("/v1/parcels/{id}"))
            .header(RANGE, format!("bytes={from}-{}", from.saturating_add(length).saturating_sub(1)))
            .header(IF_RANGE, &tag)
            .timeout(transfer_time(length));
        let response = self.answer(request)?;
        let is_it = response.status() == StatusCode::PARTIAL_CONTENT
            && response.headers().get(ETAG).is_some_and(|told| told.as_bytes() == tag.as_bytes());
        if !is_it {
            return Err(LinkError::Nonsense("another piece than the one asked for".into()));
        }
        let bytes = body(response, length)?;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(LinkError::Nonsense("a piece of another length".into()))
        }
    }
}
