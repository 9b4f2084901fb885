//! `/v1`: what a client may ask of the hub. Who asks is read from the verified certificate, never from the request.

mod accounts;
mod document;
pub mod door;
mod enrol;
mod health;
mod hearing;
mod lists;
mod login;
mod parcels;
mod parts;
mod range;
mod receipts;
mod refusal;
pub mod table;
mod together;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::{Router, middleware};

pub use document::description;

use super::limits;
use super::state::Hub;
use crate::wire::ProblemCode;
pub(super) use health::healthz;
pub(super) use refusal::Refusal;

/// The routes. [`Caller`](super::Caller) must have been added by the acceptor.
pub fn routes(hub: Arc<Hub>) -> Router {
    let within = middleware::from_fn_with_state(Arc::clone(&hub), limits::keep_within);
    table::router(&hub)
        .fallback(|| async { Refusal::of(StatusCode::NOT_FOUND, ProblemCode::RequestInvalid, "no such resource") })
        .method_not_allowed_fallback(|| async {
            Refusal::of(StatusCode::METHOD_NOT_ALLOWED, ProblemCode::RequestInvalid, "no such method here")
        })
        .layer(within)
        .layer(middleware::from_fn(hearing::out))
        .with_state(hub)
}
