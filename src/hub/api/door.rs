//! Who may come in: asked for each request, since a kept connection outlives a revocation.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

use super::refusal::Refusal;
use crate::hub::accounts::AccountError;
use crate::hub::accounts::session::Session;
use crate::hub::state::{Caller, Hub, Standing};
use crate::wire::{ProblemCode, Role};

/// What a caller must show for a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Nothing: there is nothing behind it that is anybody's.
    Open,
    /// A certificate of a registered office that was not withdrawn.
    Certificate,
    /// The certificate, and a person's login on top.
    Login,
    /// The same, and the person is a 管理者 of the office.
    Admin,
    /// As [`Door::Admin`]; while the office has no account yet, the certificate alone.
    FirstAccount,
}

/// Lets a request in, with its [`Session`] where the door asks for one, or answers it.
pub(super) async fn guard(door: Door, State(hub): State<Arc<Hub>>, mut request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>();
    match let_in(door, &hub, caller, request.headers(), Timestamp::now()).await {
        Ok(session) => {
            if let Some(session) = session {
                request.extensions_mut().insert(session);
            }
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn let_in(
    door: Door,
    hub: &Hub,
    caller: Option<&Caller>,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<Session>, Refusal> {
    if door == Door::Open {
        return Ok(None);
    }
    let refused = |title| Refusal::of(StatusCode::FORBIDDEN, ProblemCode::CallerRefused, title);
    let caller = caller.ok_or_else(|| refused("a certificate is needed"))?;
    match hub.standing_of(caller) {
        Standing::Member => {}
        Standing::Revoked => return Err(refused("the certificate was withdrawn")),
        Standing::Stranger => return Err(refused("the office is not registered")),
    }
    let token = match (door, bearer(headers)) {
        (Door::Open | Door::Certificate, _) => return Ok(None),
        // Whether it really is the first is looked at where it is made.
        (Door::FirstAccount, None) => return Ok(None),
        (_, None) => return Err(AccountError::LoginRequired.into()),
        (_, Some(token)) => token,
    };
    let session = hub.accounts().who(caller.origin(), token, now).await?;
    let needs_admin = matches!(door, Door::Admin | Door::FirstAccount);
    if needs_admin && session.role != Role::Admin {
        return Err(Refusal::of(StatusCode::FORBIDDEN, ProblemCode::AdminRequired, "only an admin may do this"));
    }
    Ok(Some(session))
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
