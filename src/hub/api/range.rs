//! Which bytes of a parcel are asked for (RFC 9110, one range), and the bytes as a body that is read as it is sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderMap, header};

use crate::hub::mailbox;
use crate::hub::stores::bodies::Place;
use crate::hub::stores::{Store, StoreError};
use crate::wire::PART_BYTES;

/// What a request's `Range` comes to, given how large the parcel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// No range, or none we have to understand: all of it.
    Whole,
    /// From the first to just before the second.
    Piece(u64, u64),
    /// There is nothing there.
    Beyond,
}

/// `If-Range` names the parcel's tag, or the range does not count.
pub(super) fn asked(headers: &HeaderMap, tag: &str, size: u64) -> Asked {
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    if text(header::IF_RANGE).is_some_and(|wanted| wanted != tag) {
        return Asked::Whole;
    }
    text(header::RANGE).and_then(|range| parse(range, size)).unwrap_or(Asked::Whole)
}

/// `None` for what is not one range of bytes: such a header is passed over, as the standard says.
fn parse(range: &str, size: u64) -> Option<Asked> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
    let piece = match (first, last) {
        ("", last) => (size.saturating_sub(number(last)?), size),
        (first, "") => (number(first)?, size),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, last.saturating_add(1).min(size))
        }
    };
    Some(if piece.0 < piece.1 { Asked::Piece(piece.0, piece.1) } else { Asked::Beyond })
}

type Reading = Pin<Box<dyn Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send>>;

/// A parcel's bytes, one part after another, each read when the one before is on its way: a large parcel never lies in
/// memory whole.
pub(super) struct Pieces {
    store: Store,
    place: Place,
    at: u64,
    end: u64,
    reading: Option<Reading>,
}

impl Pieces {
    pub fn of(store: &Store, place: Place, from: u64, end: u64) -> Self {
        Self { store: store.clone(), place, at: from, end, reading: None }
    }

    fn read_on(&self) -> Reading {
        let (store, place, at) = (self.store.clone(), self.place, self.at);
        let most = (self.end - self.at).min(PART_BYTES);
        Box::pin(async move { mailbox::piece(&store, place, at, most).await })
    }
}

/// The connection breaks here, and the caller asks for the rest anew.
#[derive(Debug, thiserror::Error)]
#[error("the parcel's bytes cannot be read on")]
pub(super) struct CannotReadOn;

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = CannotReadOn;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, CannotReadOn>>> {
        if self.at >= self.end {
            return Poll::Ready(None);
        }
        let mut reading = self.reading.take().unwrap_or_else(|| self.read_on());
        let Poll::Ready(read) = reading.as_mut().poll(context) else {
            self.reading = Some(reading);
            return Poll::Pending;
        };
        match read {
            Ok(Some(bytes)) if !bytes.is_empty() => {
                self.at += bytes.len() as u64;
                Poll::Ready(Some(Ok(http_body::Frame::data(bytes.into()))))
            }
            Ok(_) => Poll::Ready(Some(Err(CannotReadOn))),
            Err(error) => {
                tracing::error!(%error, "a parcel's bytes cannot be read on");
                Poll::Ready(Some(Err(CannotReadOn)))
            }
        }
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.end.saturating_sub(self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_counts_and_what_is_none_is_passed_over() {
        for (range, is) in [
            ("bytes=0-0", Asked::Piece(0, 1)),
            ("bytes=2-", Asked::Piece(2, 10)),
            ("bytes=2-99", Asked::Piece(2, 10)),
            ("bytes=-3", Asked::Piece(7, 10)),
            ("bytes=-99", Asked::Piece(0, 10)),
            ("bytes=10-", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=3-2", Asked::Whole),
            ("bytes=0-1,4-5", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("bytes=99999999999999999999-", Asked::Whole),
            ("lines=0-1", Asked::Whole),
        ] {
            let headers = HeaderMap::from_iter([(header::RANGE, range.parse().unwrap())]);
            assert_eq!(asked(&headers, "\"tag\"", 10), is, "{range}");
        }
        assert_eq!(asked(&HeaderMap::new(), "\"tag\"", 10), Asked::Whole);
    }

    #[test]
    fn a_range_of_another_version_does_not_count() {
        let with = |tag: &str| {
            HeaderMap::from_iter([
                (header::RANGE, "bytes=1-".parse().unwrap()),
                (header::IF_RANGE, tag.parse().unwrap()),
            ])
        };
        assert_eq!(asked(&with("\"tag\""), "\"tag\"", 10), Asked::Piece(1, 10));
        assert_eq!(asked(&with("\"other\""), "\"tag\"", 10), Asked::Whole);
    }
}
