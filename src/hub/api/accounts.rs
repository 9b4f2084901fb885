//! The accounts of the caller's office, kept by its own 管理者.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::Timestamp;

use super::refusal::Refusal;
use crate::hub::Hub;
use crate::hub::accounts::session::Session;
use crate::hub::state::Caller;
use crate::wire::{Account, AccountChange, Accounts, NewAccount};

/// The accounts of the caller's office, by user id
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", responses((status = 200, body = Accounts)))]
pub(super) async fn list(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Accounts>, Refusal> {
    Ok(Json(Accounts { accounts: hub.accounts().list(caller.office).await? }))
}

/// Makes an account; the office's first needs no login and is always an admin
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", request_body = NewAccount,
    responses((status = 201, body = Account)))]
pub(super) async fn create(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    session: Option<Extension<Session>>,
    body: Result<Json<NewAccount>, JsonRejection>,
) -> Result<(StatusCode, Json<Account>), Refusal> {
    let Json(new) = body?;
    let now = Timestamp::now();
    let made = match session {
        Some(_) => hub.accounts().create(caller.office, &new, now).await?,
        None => hub.accounts().create_first(caller.office, &new, now).await?,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Gives an account another password or role, or lets it in again after a lock
#[utoipa::path(put, path = "/v1/accounts/{user}", tag = "accounts", params(("user" = String, Path)),
    request_body = AccountChange, responses((status = 200, body = Account)))]
pub(super) async fn change(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    user: Result<Path<String>, PathRejection>,
    body: Result<Json<AccountChange>, JsonRejection>,
) -> Result<Json<Account>, Refusal> {
    let (Path(user), Json(change)) = (user?, body?);
    Ok(Json(hub.accounts().change(caller.office, &user, &change).await?))
}

/// Removes an account; whoever is logged in with it is out
#[utoipa::path(delete, path = "/v1/accounts/{user}", tag = "accounts", params(("user" = String, Path)),
    responses((status = 204)))]
pub(super) async fn remove(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    user: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let Path(user) = user?;
    hub.accounts().remove(caller.office, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
