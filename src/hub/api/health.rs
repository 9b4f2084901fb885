//! Whether the hub can do its work, for whoever watches over it. Anybody may ask, so it costs the disk one small write
//! every few seconds at most and tells nothing of anybody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

use crate::hub::state::Hub;
use crate::wire::Health;

/// Whether the hub can write, and has a revocation list that is not old
#[utoipa::path(get, path = "/healthz", tag = "hub",
    responses(
        (status = 200, body = Health, description = "It can do its work"),
        (status = 503, body = Health, description = "It cannot; the answer says what is wrong")
    ))]
pub(in crate::hub) async fn healthz(State(hub): State<Arc<Hub>>) -> Response {
    let health = hub.health(Timestamp::now()).await;
    let status = if health.is_well() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health)).into_response()
}
