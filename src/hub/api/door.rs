//! Who may come in: asked for each request, since a kept connection outlives a revocation.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::refusal::Refusal;
use crate::hub::state::{Caller, Hub, Standing};
use crate::wire::ProblemCode;

/// What a caller must show for a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Nothing: there is nothing behind it that is anybody's.
    Open,
    /// A certificate of a registered office that was not withdrawn.
    Certificate,
    /// The certificate, and a person's login on top.
    Login,
}

pub(super) async fn guard(door: Door, State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    if door == Door::Open {
        return next.run(request).await;
    }
    let refused = |title| Refusal::of(StatusCode::FORBIDDEN, ProblemCode::CallerRefused, title).into_response();
    let standing = request.extensions().get::<Caller>().map(|caller| hub.standing_of(caller));
    match standing {
        Some(Standing::Member) => next.run(request).await,
        Some(Standing::Revoked) => refused("the certificate was withdrawn"),
        Some(Standing::Stranger) => refused("the office is not registered"),
        None => refused("a certificate is needed"),
    }
}
