//! A no of the hub, as the problem document a caller gets.

use axum::Json;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::hub::intake::IntakeError;
use crate::hub::stores::StoreError;
use crate::wire::{PROBLEM_TYPE, Problem, ProblemCode};

/// A no, with its problem document.
#[derive(Debug)]
pub struct Refusal(pub(super) Problem);

impl Refusal {
    pub fn of(status: StatusCode, code: ProblemCode, title: &str) -> Self {
        Self(Problem { status: status.as_u16(), code, title: title.into(), retry_after: None })
    }
    /// More than one caller may have; it may come again after so many seconds.
    pub fn too_many(title: &str, seconds: u32) -> Self {
        let mut refusal = Self::of(StatusCode::TOO_MANY_REQUESTS, ProblemCode::TooMany, title);
        refusal.0.retry_after = Some(seconds);
        refusal
    }
    pub fn request(title: &str) -> Self {
        Self::of(StatusCode::BAD_REQUEST, ProblemCode::RequestInvalid, title)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.0.retry_after;
        let mut response = (status, Json(self.0)).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(PROBLEM_TYPE));
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Busy | StoreError::Resting => tracing::warn!(%error, "the store took no request"),
            _ => tracing::error!(%error, source = std::error::Error::source(&error), "the store failed a request"),
        }
        let title = match error {
            StoreError::Resting => "this node takes nothing now; another one may",
            _ => "the hub cannot keep this now",
        };
        Self::of(StatusCode::SERVICE_UNAVAILABLE, ProblemCode::HubTroubled, title)
    }
}

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        let (status, code) = match error {
            IntakeError::NoLength => (StatusCode::LENGTH_REQUIRED, ProblemCode::RequestInvalid),
            IntakeError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, ProblemCode::ParcelTooLarge),
            // All of these pass: whoever hears it tries again later.
            IntakeError::NoRoom | IntakeError::CutOff | IntakeError::TooSlow => {
                tracing::warn!(%error, "a body was not taken in");
                (StatusCode::SERVICE_UNAVAILABLE, ProblemCode::HubTroubled)
            }
        };
        Self::of(status, code, &error.to_string())
    }
}

impl From<BytesRejection> for Refusal {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return IntakeError::TooLarge.into();
        }
        IntakeError::CutOff.into()
    }
}

impl From<PathRejection> for Refusal {
    fn from(_: PathRejection) -> Self {
        Self::request("the path holds nothing of the kind")
    }
}

impl From<QueryRejection> for Refusal {
    fn from(_: QueryRejection) -> Self {
        Self::request("the query is malformed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_lasts() {
        let said = |error: IntakeError| (Refusal::from(error).0.status, Refusal::from(error).0.code);
        assert_eq!(said(IntakeError::CutOff), (503, ProblemCode::HubTroubled));
        assert_eq!(said(IntakeError::NoRoom), (503, ProblemCode::HubTroubled));
        assert_eq!(said(IntakeError::TooSlow), (503, ProblemCode::HubTroubled));
        assert_eq!(said(IntakeError::TooLarge), (413, ProblemCode::ParcelTooLarge));
        assert_eq!(said(IntakeError::NoLength), (411, ProblemCode::RequestInvalid));
    }
}
