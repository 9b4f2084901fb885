//! `/v1`: what a client may ask of the hub. Who asks is read from the verified certificate, never from the request.

mod document;
mod door;
mod health;
mod lists;
mod parcels;
mod parts;
mod range;
mod receipts;
mod refusal;
mod table;
mod together;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;

pub use document::description;

use super::state::Hub;
use crate::wire::ProblemCode;
use refusal::Refusal;

/// The routes. [`Caller`](super::Caller) must have been added by the acceptor.
pub fn routes(hub: Arc<Hub>) -> Router {
    table::router(&hub)
        .fallback(|| async { Refusal::of(StatusCode::NOT_FOUND, ProblemCode::RequestInvalid, "no such resource") })
        .method_not_allowed_fallback(|| async {
            Refusal::of(StatusCode::METHOD_NOT_ALLOWED, ProblemCode::RequestInvalid, "no such method here")
        })
        .with_state(hub)
}
