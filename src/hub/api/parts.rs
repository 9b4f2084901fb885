//! Large parcels in parts: what is there, one more, and the end (see [`crate::hub::uploads`]).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;

use super::parcels::{answered, taken, unknown_parcel};
use super::refusal::Refusal;
use crate::hub::accounts::session::Session;
use crate::hub::audit::Actor;
use crate::hub::intake::IntakeError;
use crate::hub::state::{Caller, Hub};
use crate::hub::uploads::{self, Announced, Finished, Kept};
use crate::parcel::{ParcelId, hex, unhex};
use crate::standard::OfficeNumber;
use crate::wire::{Accepted, ProblemCode, SEALED_TYPE, Upload, schema};

/// What the parts are parts of; the same with every part and at the end.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Whole {
    /// The receiver.
    #[param(value_type = schema::Office)]
    to: OfficeNumber,
    /// How many bytes there are in all.
    size: u64,
    /// SHA-256 of all bytes.
    #[param(value_type = schema::Digest)]
    digest: String,
}

impl Whole {
    fn announced(self, hub: &Hub, caller: &Caller, id: ParcelId) -> Result<Announced, Refusal> {
        // Read and written again: one way to write it.
        let digest = unhex(&self.digest).filter(|bytes| bytes.len() == 32).map(|bytes| hex(&bytes));
        let digest = digest.ok_or_else(|| Refusal::request("the digest is no SHA-256"))?;
        if self.size == 0 {
            return Err(Refusal::request("a parcel has bytes"));
        }
        if self.size > hub.max_parcel_bytes() {
            return Err(IntakeError::TooLarge.into());
        }
        Ok(Announced { id, sender: caller.office, receiver: self.to, digest, size: self.size })
    }
}

/// Hands over one part of a large parcel: 1 MiB each, the last one less; safe to repeat
#[utoipa::path(put, path = "/v1/parcels/{id}/parts/{part}", tag = "parcels",
    params(
        ("id" = schema::Id, Path, description = "The parcel"),
        ("part" = u64, Path, description = "Which part, from 0"),
        ("content-digest" = String, Header, description = "RFC 9530, with sha-256, of this part"),
        Whole
    ),
    request_body(content = schema::Bytes, content_type = SEALED_TYPE),
    responses(
        (status = 204, description = "Durable from now on"),
        (status = 200, body = Accepted, description = "The whole parcel was accepted before")
    ))]
pub(super) async fn put_part(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    path: Result<Path<(ParcelId, u64)>, PathRejection>,
    whole: Result<Query<Whole>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let (Path((id, part)), Query(whole)) = (path?, whole?);
    let whole = whole.announced(&hub, &caller, id)?;
    let length = whole.length_of(part).ok_or_else(|| Refusal::request("the parcel has no such part"))?;
    let (bytes, _) = taken(&hub, &headers, body).await?;
    if bytes.len() as u64 != length {
        return Err(Refusal::request("the part is not as long as it must be"));
    }
    let to = whole.receiver;
    match uploads::keep_part(hub.store(), whole, part, bytes, hub.limits().most_unfinished(), Timestamp::now()).await? {
        Kept::Kept => Ok(StatusCode::NO_CONTENT.into_response()),
        Kept::Settled(put) => answered(&hub, &caller, to, put),
        Kept::TooMuch => Err(Refusal::too_many("too much is begun and not finished", 60)),
    }
}

/// Which parts of a large parcel are there, to go on after a line broke
#[utoipa::path(get, path = "/v1/parcels/{id}/parts", tag = "parcels",
    params(("id" = schema::Id, Path, description = "The parcel")),
    responses((status = 200, body = Upload)))]
pub(super) async fn get_parts(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<ParcelId>, PathRejection>,
) -> Result<Json<Upload>, Refusal> {
    Ok(Json(uploads::state(hub.store(), caller.office, id?.0).await?.ok_or_else(unknown_parcel)?))
}

/// All parts are there: the parcel is to be accepted; safe to repeat, as a put is
#[utoipa::path(post, path = "/v1/parcels/{id}/commit", tag = "parcels",
    params(("id" = schema::Id, Path, description = "The parcel"), Whole),
    responses(
        (status = 201, body = Accepted, description = "Durable from now on"),
        (status = 200, body = Accepted, description = "It was accepted before: the first answer")
    ))]
pub(super) async fn commit(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    Extension(session): Extension<Session>,
    id: Result<Path<ParcelId>, PathRejection>,
    whole: Result<Query<Whole>, QueryRejection>,
) -> Result<Response, Refusal> {
    let (Path(id), Query(whole)) = (id?, whole?);
    let whole = whole.announced(&hub, &caller, id)?;
    let to = whole.receiver;
    match uploads::finish(hub.store(), whole, Actor::of(&caller, &session), Timestamp::now()).await? {
        Finished::Settled(put) => answered(&hub, &caller, to, put),
        Finished::Missing => {
            Err(Refusal::of(StatusCode::CONFLICT, ProblemCode::PartsMissing, "some parts have not come yet"))
        }
        Finished::Damaged => Err(Refusal::of(
            StatusCode::BAD_REQUEST,
            ProblemCode::DigestMismatch,
            "the parts together are not what their digest says",
        )),
    }
}
