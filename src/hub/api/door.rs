//! Who may come in: asked for each request, since a kept connection outlives a revocation.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

use super::refusal::Refusal;
use crate::hub::accounts::AccountError;
use crate::hub::accounts::session::Session;
use crate::hub::state::{Caller, Hub, Standing};
use crate::wire::{ProblemCode, Role, Secret};

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

/// Lets a request in, with its [`Session`] where the door asks for one, or answers it. It is asked once more when the
/// answer is there: the caller may have been withdrawn, or its login ended, while it waited for mail.
pub(super) async fn guard(door: Door, State(hub): State<Arc<Hub>>, mut request: Request, next: Next) -> Response {
    if door == Door::Open {
        return next.run(request).await;
    }
    let caller = request.extensions().get::<Caller>().cloned();
    let token = bearer(request.headers()).map(|token| Secret::new(token.to_owned()));
    match let_in(door, &hub, caller.as_ref(), token.as_ref(), Timestamp::now()).await {
        Ok(Some(session)) => drop(request.extensions_mut().insert(session)),
        Ok(None) => {}
        Err(refusal) => return refusal.into_response(),
    }
    // Whoever logs out or changes the own account has ended the login that this was asked with.
    let second = if door == Door::Login && request.method() == Method::GET { Door::Login } else { Door::Certificate };
    let answer = next.run(request).await;
    match let_in(second, &hub, caller.as_ref(), token.as_ref(), Timestamp::now()).await {
        Ok(_) => answer,
        Err(refusal) => refusal.into_response(),
    }
}

async fn let_in(
    door: Door,
    hub: &Hub,
    caller: Option<&Caller>,
    token: Option<&Secret>,
    now: Timestamp,
) -> Result<Option<Session>, Refusal> {
    let caller = may_ask(hub, caller, now)?;
    let token = match (door, token) {
        (Door::Open | Door::Certificate, _) => return Ok(None),
        // Whether it really is the first is looked at where it is made.
        (Door::FirstAccount, None) => return Ok(None),
        (_, None) => return Err(AccountError::LoginRequired.into()),
        (_, Some(token)) => token,
    };
    let session = hub.accounts().who(caller.origin(), token.reveal(), now).await?;
    let needs_admin = matches!(door, Door::Admin | Door::FirstAccount);
    if needs_admin && session.role != Role::Admin {
        return Err(Refusal::of(StatusCode::FORBIDDEN, ProblemCode::AdminRequired, "only an admin may do this"));
    }
    Ok(Some(session))
}

fn may_ask<'a>(hub: &Hub, caller: Option<&'a Caller>, now: Timestamp) -> Result<&'a Caller, Refusal> {
    let refused = |code, title| Err(Refusal::of(StatusCode::FORBIDDEN, code, title));
    let Some(caller) = caller else {
        return refused(ProblemCode::CertificateRequired, "a certificate of the exchange is needed");
    };
    match hub.standing_of(caller) {
        Standing::Revoked => refused(ProblemCode::CallerRefused, "the certificate was withdrawn"),
        Standing::Stranger => refused(ProblemCode::CallerRefused, "the office is not registered"),
        Standing::Member if hub.list_is_current(now) => Ok(caller),
        // "Cannot check" is not "withdrawn": it has a code of its own.
        Standing::Member => Err(Refusal::of(
            StatusCode::SERVICE_UNAVAILABLE,
            ProblemCode::RevocationUnknown,
            "the hub cannot tell which certificates were withdrawn",
        )),
    }
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
