//! What the terminals of one office ask the hub to keep them together: marks, claims, and where each of them is.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::Timestamp;

use super::lists::Cursor;
use super::refusal::Refusal;
use crate::hub::accounts::session::Session;
use crate::hub::audit::{self, Actor, DONE};
use crate::hub::state::{Caller, Hub};
use crate::hub::{claims, marks};
use crate::wire::{ClaimAnswer, ClaimRequest, ClaimVerdict, ClaimWish, MarksPage, ProblemCode, SEALED_TYPE};

/// Room for some hundred marks and the receipts in them.
pub(super) const MARKS_LIMIT: usize = 1024 * 1024;

/// What the terminals of the caller's office told each other, oldest first
#[utoipa::path(get, path = "/v1/marks", tag = "terminals", params(Cursor), responses((status = 200, body = MarksPage)))]
pub(super) async fn get_marks(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    cursor: Cursor,
) -> Result<Json<MarksPage>, Refusal> {
    Ok(Json(marks::list(hub.store(), caller.office, cursor.after).await?))
}

/// Tells the other terminals of the caller's office something, sealed to the office itself; safe to repeat
#[utoipa::path(post, path = "/v1/marks", tag = "terminals",
    request_body(content = Vec<u8>, content_type = SEALED_TYPE, description = "Sealed (CMS), as a parcel is"),
    responses((status = 204, description = "The hub has it")))]
pub(super) async fn post_marks(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let sealed = body?;
    if sealed.is_empty() {
        return Err(Refusal::request("nothing is in it"));
    }
    marks::put(hub.store(), caller.office, sealed.to_vec(), Timestamp::now()).await?;
    hub.bell().ring(caller.office);
    Ok(StatusCode::NO_CONTENT)
}

/// Asks whether this terminal alone may put parcels into its import folder; safe to repeat
#[utoipa::path(post, path = "/v1/claims", tag = "terminals", request_body = ClaimRequest,
    responses((status = 200, body = ClaimAnswer)))]
pub(super) async fn post_claims(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    Extension(session): Extension<Session>,
    body: Result<Json<ClaimRequest>, JsonRejection>,
) -> Result<Json<ClaimAnswer>, Refusal> {
    let Json(request) = body.map_err(|_| Refusal::request("the body is no claim"))?;
    if request.holder.is_empty() || request.holder.len() > claims::LONGEST_HOLDER {
        return Err(Refusal::request("a terminal has a name of 1 to 64 letters"));
    }
    if request.parcels.len() > claims::MOST {
        return Err(Refusal::of(
            StatusCode::UNPROCESSABLE_ENTITY,
            ProblemCode::RequestInvalid,
            "so many parcels cannot be claimed at once",
        ));
    }
    let wish = request.wish;
    let now = Timestamp::now();
    let claims = claims::decide(hub.store(), caller.office, request, now).await?;
    if wish == ClaimWish::TakeOver {
        let taken: Vec<_> =
            claims.iter().filter(|claim| claim.verdict == ClaimVerdict::Granted).map(|claim| claim.parcel).collect();
        let actor = Actor::of(&caller, &session);
        hub.store()
            .write(move |connection| {
                taken
                    .iter()
                    .try_for_each(|id| audit::record(connection, &actor, "take-over", &id.to_string(), DONE, now))
            })
            .await?;
        hub.bell().ring(caller.office);
    }
    Ok(Json(ClaimAnswer { claims }))
}
