//! Parcels: handed over, fetched. The hub sees their outside only.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;

use super::range::{self, Asked, Pieces};
use super::refusal::Refusal;
use crate::hub::accounts::session::Session;
use crate::hub::audit::Actor;
use crate::hub::mailbox::{self, Incoming, Outside, Put};
use crate::hub::state::{Caller, Hub};
use crate::parcel::{ParcelId, sha256_hex};
use crate::standard::OfficeNumber;
use crate::wire::{Accepted, DIGEST_HEADER, PART_BYTES, ProblemCode, SEALED_TYPE, parse_digest_header, schema};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Destination {
    /// The receiver.
    #[param(value_type = schema::Office)]
    to: OfficeNumber,
}

/// Hands a sealed parcel over; safe to repeat: the same id and bytes get the same answer
#[utoipa::path(put, path = "/v1/parcels/{id}", tag = "parcels",
    params(
        ("id" = schema::Id, Path, description = "Made by the sender before the first try, and the same for every retry"),
        ("content-digest" = String, Header, description = "RFC 9530, with sha-256"),
        Destination
    ),
    request_body(content = schema::Bytes, content_type = SEALED_TYPE, description = "The sealed parcel (CMS)"),
    responses(
        (status = 201, body = Accepted, description = "Durable from now on"),
        (status = 200, body = Accepted, description = "It was accepted before: the first answer")
    ))]
pub(super) async fn put_parcel(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    Extension(session): Extension<Session>,
    id: Result<Path<ParcelId>, PathRejection>,
    destination: Result<Query<Destination>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let (Path(id), Query(Destination { to })) = (id?, destination?);
    let (sealed, digest) = taken(&hub, &headers, body).await?;
    let parcel = Incoming { id, sender: caller.office, receiver: to, digest, sealed, by: Actor::of(&caller, &session) };
    let put = mailbox::put(hub.store(), parcel, Timestamp::now()).await?;
    answered(&hub, &caller, to, put)
}

/// Takes a body in and holds it against the digest its head announces; the body and that digest.
pub(super) async fn taken(hub: &Hub, headers: &HeaderMap, body: Body) -> Result<(Bytes, String), Refusal> {
    let bytes = hub.intake().take(body).await?;
    let claimed = headers.get(DIGEST_HEADER).and_then(|value| value.to_str().ok()).and_then(parse_digest_header);
    match claimed {
        None => Err(Refusal::request("content-digest with sha-256 is required")),
        Some(claimed) if claimed == sha256_hex(&bytes) => Ok((bytes, claimed)),
        Some(_) => Err(Refusal::of(
            StatusCode::BAD_REQUEST,
            ProblemCode::DigestMismatch,
            "the body is not what its digest says",
        )),
    }
}

/// What a put comes to, however the parcel came.
pub(super) fn answered(hub: &Hub, caller: &Caller, to: OfficeNumber, put: Put) -> Result<Response, Refusal> {
    match put {
        Put::New(accepted) => {
            tracing::info!(parcel = %accepted.id, from = %caller.office, %to, bytes = accepted.size, "parcel accepted");
            hub.metrics().parcels.inc();
            hub.metrics().parcel_bytes.inc_by(accepted.size);
            hub.bell().ring(to);
            // The sender's other terminals.
            hub.bell().ring(caller.office);
            Ok((StatusCode::CREATED, Json(accepted)).into_response())
        }
        Put::Repeat(accepted) => Ok((StatusCode::OK, Json(accepted)).into_response()),
        Put::Taken => {
            Err(Refusal::of(StatusCode::CONFLICT, ProblemCode::IdTaken, "the id was used for another parcel"))
        }
        Put::ReceiverUnknown => {
            Err(Refusal::of(StatusCode::NOT_FOUND, ProblemCode::ReceiverUnknown, "the receiver cannot receive"))
        }
    }
}

/// The sealed bytes of a parcel of the caller's, or one range of them; fetching does not remove
#[utoipa::path(get, path = "/v1/parcels/{id}", tag = "parcels",
    params(
        ("id" = schema::Id, Path, description = "The parcel"),
        ("range" = Option<String>, Header, description = "One range of bytes, to go on where a line broke"),
        ("if-range" = Option<String>, Header, description = "The `etag` of the answer that broke")
    ),
    responses(
        (status = 200, body = schema::Bytes, content_type = SEALED_TYPE),
        (status = 206, body = schema::Bytes, content_type = SEALED_TYPE, description = "The range")
    ))]
pub(super) async fn get_parcel(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<ParcelId>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let outside = own_parcel(&hub, &caller, id?.0).await?;
    if outside.removed {
        return Err(Refusal::of(StatusCode::GONE, ProblemCode::ParcelRemoved, "the parcel is not kept any more"));
    }
    let tag = format!("\"{}\"", outside.digest);
    let (status, from, end) = match range::asked(&headers, &tag, outside.size) {
        Asked::Whole => (StatusCode::OK, 0, outside.size),
        Asked::Piece(from, end) => (StatusCode::PARTIAL_CONTENT, from, end),
        Asked::Beyond => {
            let beyond = Refusal::of(StatusCode::RANGE_NOT_SATISFIABLE, ProblemCode::RangeInvalid, "no such range");
            return Ok(([(header::CONTENT_RANGE, format!("bytes */{}", outside.size))], beyond).into_response());
        }
    };
    hub.metrics().fetched_bytes.inc_by(end - from);
    // The first piece is read before anything is said, so that trouble with it can still be said.
    let body = match end - from {
        0 => Body::empty(),
        length if length <= PART_BYTES && from / PART_BYTES == (end - 1) / PART_BYTES => {
            mailbox::piece(hub.store(), outside.place(), from, length).await?.ok_or_else(unknown_parcel)?.into()
        }
        _ => Body::new(Pieces::of(hub.store(), outside.place(), from, end)),
    };
    let mut response = (
        status,
        [
            (header::CONTENT_TYPE, SEALED_TYPE.to_owned()),
            (header::ETAG, tag),
            (header::ACCEPT_RANGES, "bytes".to_owned()),
        ],
        body,
    )
        .into_response();
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = format!("bytes {from}-{}/{}", end - 1, outside.size).parse()
    {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

/// A parcel that the caller sent or is to receive. To everyone else it does not exist.
pub(super) async fn own_parcel(hub: &Hub, caller: &Caller, id: ParcelId) -> Result<Outside, Refusal> {
    match mailbox::outside(hub.store(), id).await? {
        Some(outside) if outside.sender == caller.office || outside.receiver == caller.office => Ok(outside),
        _ => Err(unknown_parcel()),
    }
}

pub(super) fn unknown_parcel() -> Refusal {
    Refusal::of(StatusCode::NOT_FOUND, ProblemCode::ParcelUnknown, "no such parcel")
}
