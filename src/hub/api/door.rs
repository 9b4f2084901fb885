//! Who may come in: asked for each request, since a kept connection outlives a revocation.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

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

/// Asks before the handler sees anything, and once more when it is done: the caller may have been withdrawn while it
/// waited for mail.
pub(super) async fn guard(door: Door, State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    if door == Door::Open {
        return next.run(request).await;
    }
    let caller = request.extensions().get::<Caller>().cloned();
    if let Err(refusal) = may_ask(&hub, caller.as_ref()) {
        return refusal.into_response();
    }
    let answer = next.run(request).await;
    may_ask(&hub, caller.as_ref()).map_or_else(IntoResponse::into_response, |()| answer)
}

fn may_ask(hub: &Hub, caller: Option<&Caller>) -> Result<(), Refusal> {
    let refused = |code, title| Err(Refusal::of(StatusCode::FORBIDDEN, code, title));
    let Some(caller) = caller else {
        return refused(ProblemCode::CertificateRequired, "a certificate of the exchange is needed");
    };
    match hub.standing_of(caller) {
        Standing::Revoked => refused(ProblemCode::CallerRefused, "the certificate was withdrawn"),
        Standing::Stranger => refused(ProblemCode::CallerRefused, "the office is not registered"),
        Standing::Member if hub.list_is_current(Timestamp::now()) => Ok(()),
        // "Cannot check" is not "withdrawn": it has a code of its own.
        Standing::Member => Err(Refusal::of(
            StatusCode::SERVICE_UNAVAILABLE,
            ProblemCode::RevocationUnknown,
            "the hub cannot tell which certificates were withdrawn",
        )),
    }
}
