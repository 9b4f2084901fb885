//! Logging in on top of the certificate, and out.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::Timestamp;

use super::refusal::Refusal;
use crate::hub::Hub;
use crate::hub::accounts::AccountError;
use crate::hub::accounts::session::Session;
use crate::hub::state::Caller;
use crate::wire::{LoggedIn, LoginRequest, PasswordChange, ProblemCode, RefreshRequest};

/// More than any of these bodies needs.
pub(super) const LOGIN_LIMIT: usize = 16 * 1024;

/// Logs a person of the caller's office in at the calling terminal
///
/// A wrong password, a user that is not there and a locked account get the same answer.
#[utoipa::path(post, path = "/v1/login", tag = "login", request_body = LoginRequest,
    responses((status = 200, body = LoggedIn)))]
pub(super) async fn log_in(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    body: Result<Json<LoginRequest>, JsonRejection>,
) -> Result<Json<LoggedIn>, Refusal> {
    let Json(login) = body?;
    let tried = hub.accounts().log_in(caller.origin(), &login.user, &login.password, Timestamp::now()).await;
    let given = tried.inspect_err(|error| {
        if matches!(error, AccountError::Refused | AccountError::TooOften(_)) {
            hub.metrics().logins_failed.inc();
        }
    })?;
    tracing::info!(office = %caller.office, role = given.role.as_str(), "somebody logged in");
    Ok(Json(given))
}

/// The next two tokens for a refresh token; the one handed in stays good until one of the new ones is used
#[utoipa::path(post, path = "/v1/refresh", tag = "login", request_body = RefreshRequest,
    responses((status = 200, body = LoggedIn)))]
pub(super) async fn refresh(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    body: Result<Json<RefreshRequest>, JsonRejection>,
) -> Result<Json<LoggedIn>, Refusal> {
    let Json(asked) = body?;
    Ok(Json(hub.accounts().refresh(caller.origin(), &asked.refresh, Timestamp::now()).await?))
}

/// Ends the caller's session, with all its tokens
#[utoipa::path(post, path = "/v1/logout", tag = "login", responses((status = 204)))]
pub(super) async fn log_out(
    State(hub): State<Arc<Hub>>,
    Extension(session): Extension<Session>,
) -> Result<StatusCode, Refusal> {
    hub.accounts().log_out(&session).await?;
    // Another program of the terminal may be waiting for mail under the same login.
    hub.bell().ring(session.office);
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the caller's own password; the person's sessions elsewhere end
#[utoipa::path(put, path = "/v1/password", tag = "login", request_body = PasswordChange, responses((status = 204)))]
pub(super) async fn change_password(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    Extension(session): Extension<Session>,
    body: Result<Json<PasswordChange>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    let Json(change) = body?;
    hub.accounts().change_password(caller.origin(), &session, &change, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        let (status, code) = match &error {
            AccountError::Store(_) => match error {
                AccountError::Store(error) => return error.into(),
                _ => (StatusCode::SERVICE_UNAVAILABLE, ProblemCode::HubTroubled),
            },
            AccountError::TooOften(wait) => {
                let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
                return Self::too_many("too many tries to log in", seconds);
            }
            AccountError::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, ProblemCode::HubTroubled),
            AccountError::Refused => (StatusCode::UNAUTHORIZED, ProblemCode::LoginRefused),
            AccountError::LoginRequired => (StatusCode::UNAUTHORIZED, ProblemCode::LoginRequired),
            AccountError::InvalidUser => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::UserInvalid),
            AccountError::Weak => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::PasswordWeak),
            AccountError::Taken => (StatusCode::CONFLICT, ProblemCode::UserTaken),
            AccountError::Unknown => (StatusCode::NOT_FOUND, ProblemCode::UserUnknown),
            AccountError::LastAdmin => (StatusCode::CONFLICT, ProblemCode::LastAdmin),
        };
        Self::of(status, code, &error.to_string())
    }
}

impl From<JsonRejection> for Refusal {
    /// What is said stays the same whatever came: a body with a password in it is not quoted back, nor into a log.
    fn from(rejection: JsonRejection) -> Self {
        match rejection {
            JsonRejection::BytesRejection(rejection) => rejection.into(),
            _ => Self::request("the body is not what this resource takes"),
        }
    }
}
