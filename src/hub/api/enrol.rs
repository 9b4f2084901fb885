//! How terminals come in, are renewed, are let in by others, and go.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::refusal::Refusal;
use crate::hub::accounts::session::Session;
use crate::hub::audit::{self, Actor, DONE};
use crate::hub::codes::{self, NewCode};
use crate::hub::enrol::{self, LetIn, Refused};
use crate::hub::external::ExternalCaller;
use crate::hub::serve::CallsFrom;
use crate::hub::state::{Caller, Hub};
use crate::hub::stores::Connection;
use crate::hub::terminals::{self, Admission};
use crate::hub::tries::Who;
use crate::identity::code::{Handle, MacKey};
use crate::parcel::digest_of;
use crate::wire::{
    Binary, EnrolRequest, Enrolled, Enrolment, NewTerminalCode, ProblemCode, RenewRequest, Renewed, SealedKeys,
    TerminalCodeKept, TerminalEntry, Terminals,
};

/// More than any request for certificates needs, with a chest of many old keys.
pub(super) const LIMIT: usize = 256 * 1024;

/// Lets a terminal in
#[utoipa::path(post, path = "/v1/enrol", tag = "terminals",
    request_body = Enrolment,
    responses((status = 200, body = Enrolled)))]
pub(super) async fn enrol(
    State(hub): State<Arc<Hub>>,
    Extension(CallsFrom(address)): Extension<CallsFrom>,
    external: Option<Extension<ExternalCaller>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Enrolled>, Refusal> {
    let now = Timestamp::now();
    let from = Who::calls_from(address);
    if let Some(left) = hub.tries().must_wait(from, now) {
        return Err(too_many(left));
    }
    let enrolment: Enrolment = read(&body?)?;
    let proved = enrolment.request.0;
    let request: EnrolRequest = read(&proved)?;
    let office = request.office;
    let proof = match (enrolment.proof, external) {
        (Some(proof), _) => {
            let handle = proof.handle.0.try_into().map_err(|_| Refusal::request("a handle has 16 bytes"))?;
            Err((Handle(handle), proof.mac.0))
        }
        (None, Some(Extension(caller))) if !caller.checked => return Err(cannot_check()),
        (None, Some(Extension(caller))) => Ok(caller.office),
        (None, None) => Err((Handle([0; 16]), Vec::new())),
    };
    let asked = digest_of(&proved);
    let job = {
        let hub = Arc::clone(&hub);
        move |connection: &Connection| match proof {
            Ok(office) => enrol::by_certificate(connection, hub.terms(), &request, office, now),
            Err((handle, mac)) => enrol::by_code(connection, hub.terms(), &request, &proved, (handle, &mac), now),
        }
    };
    let LetIn { answer, key } = hub.store().write(job).await?.map_err(|refused| {
        tracing::warn!(%office, %refused, "nobody was let in");
        if !matches!(refused, Refused::Code) {
            return refusal(&refused);
        }
        hub.tries().note_failure(from, now);
        hub.tries().note_failure(Who::Office(office), now);
        hub.tries().must_wait(Who::Office(office), now).map_or_else(|| refusal(&refused), too_many)
    })?;
    tracing::info!(%office, terminal = answer.terminal, "a terminal came in");
    hub.look_again().await;
    let answer = serde_json::to_vec(&answer).map_err(|_| unwritable())?;
    let mac = key.map(|key| Binary(key.tag(&[asked.as_slice(), &answer].concat())));
    Ok(Json(Enrolled { answer: Binary(answer), mac }))
}

/// New certificates for the caller's keys
#[utoipa::path(post, path = "/v1/renew", tag = "terminals",
    request_body = RenewRequest,
    responses((status = 200, body = Renewed)))]
pub(super) async fn renew(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Renewed>, Refusal> {
    let request: RenewRequest = read(&body?)?;
    let now = Timestamp::now();
    let office = caller.office;
    let job = {
        let hub = Arc::clone(&hub);
        move |connection: &Connection| enrol::renew(connection, hub.terms(), &caller, &request, now)
    };
    let renewed = hub.store().write(job).await?.map_err(|refused| {
        tracing::warn!(%office, %refused, "nothing was renewed");
        refusal(&refused)
    })?;
    tracing::info!(%office, "certificates were renewed");
    hub.look_again().await;
    Ok(Json(renewed))
}

/// The terminals of the caller's office
#[utoipa::path(get, path = "/v1/terminals", tag = "terminals",
    responses((status = 200, body = Terminals)))]
pub(super) async fn list(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Terminals>, Refusal> {
    let office = caller.office;
    let found = hub.store().read(move |connection| terminals::list(connection, office)).await?;
    let terminals = found.into_iter().map(|terminal| TerminalEntry {
        yours: terminal.id == caller.terminal,
        waiting: terminal.admission == Admission::Waits,
        id: terminal.id,
        name: terminal.name,
        added_at: terminal.added_at,
        revoked_at: terminal.revoked_at,
        valid_until: terminal.valid_until,
        certificate: Binary(terminal.certificate),
    });
    Ok(Json(Terminals { terminals: terminals.collect() }))
}

/// Withdraws a terminal of the caller's office
#[utoipa::path(delete, path = "/v1/terminals/{id}", tag = "terminals",
    params(("id" = String, Path, description = "The terminal's id")),
    responses((status = 204, description = "Done")))]
pub(super) async fn revoke(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let (office, now) = (caller.office, Timestamp::now());
    let gone = {
        let (id, actor) = (id.clone(), Actor::of(&caller, &session));
        let job = move |connection: &Connection| terminals::revoke(connection, office, &id, &actor, now);
        hub.store().write(job).await?
    };
    if !gone {
        return Err(unknown_terminal());
    }
    tracing::info!(%office, terminal = id, by = caller.terminal, "a terminal was withdrawn");
    hub.look_again().await;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps what the hub may know of a code that lets a further terminal in
#[utoipa::path(post, path = "/v1/terminals/codes", tag = "terminals",
    request_body = NewTerminalCode,
    responses((status = 201, body = TerminalCodeKept)))]
pub(super) async fn new_code(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    Extension(session): Extension<Session>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<TerminalCodeKept>), Refusal> {
    let asked: NewTerminalCode = read(&body?)?;
    let now = Timestamp::now();
    let actor = Actor::of(&caller, &session);
    let invalid = || Refusal::request("a handle has 16 bytes, a key 32");
    let code = NewCode {
        handle: Handle(asked.handle.0.try_into().map_err(|_| invalid())?),
        office: caller.office,
        made_by: caller.terminal,
        proof: MacKey::from_bytes(&asked.proof.0).ok_or_else(invalid)?,
        answer: MacKey::from_bytes(&asked.answer.0).ok_or_else(invalid)?,
        chest: Some(asked.chest.0),
        new_key: false,
        expires_at: now.checked_add(codes::TERMINALS).map_err(|_| unwritable())?,
    };
    let expires_at = code.expires_at;
    let job = move |connection: &Connection| {
        let kept = codes::keep_of_terminal(connection, &code, now)?;
        if kept {
            audit::record(connection, &actor, "make-code", "", DONE, now)?;
        }
        Ok(kept)
    };
    let kept = hub.store().write(job).await?;
    if !kept {
        return Err(too_many(codes::TERMINALS));
    }
    Ok((StatusCode::CREATED, Json(TerminalCodeKept { expires_at })))
}

/// Lets a waiting terminal of the caller's office have the office's keys
#[utoipa::path(post, path = "/v1/terminals/{id}/admission", tag = "terminals",
    params(("id" = String, Path, description = "The terminal's id")),
    request_body = SealedKeys,
    responses((status = 204, description = "Done")))]
pub(super) async fn admit(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let SealedKeys { sealed: Some(Binary(sealed)) } = read(&body?)? else {
        return Err(Refusal::request("nothing is in it"));
    };
    let (office, actor) = (caller.office, Actor::of(&caller, &session));
    let job = move |connection: &Connection| {
        let admitted = terminals::admit(connection, office, &id, &sealed)?;
        if admitted {
            audit::record(connection, &actor, "admit-terminal", &id, DONE, Timestamp::now())?;
        }
        Ok(admitted)
    };
    match hub.store().write(job).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown_terminal()),
    }
}

/// The office's keys as another terminal sealed them to the caller
#[utoipa::path(get, path = "/v1/admission", tag = "terminals",
    responses((status = 200, body = SealedKeys)))]
pub(super) async fn admission(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<SealedKeys>, Refusal> {
    let sealed = hub.store().read(move |connection| terminals::admission(connection, &caller.terminal)).await?;
    Ok(Json(SealedKeys { sealed: sealed.map(Binary) }))
}

/// The caller has the office's keys
#[utoipa::path(delete, path = "/v1/admission", tag = "terminals",
    responses((status = 204, description = "Done")))]
pub(super) async fn admitted(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
) -> Result<StatusCode, Refusal> {
    hub.store().write(move |connection| terminals::note_admitted(connection, &caller.terminal)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps the office's keys as sealed under its recovery code
#[utoipa::path(put, path = "/v1/chest", tag = "terminals",
    request_body = SealedKeys,
    responses((status = 204, description = "Done")))]
pub(super) async fn put_chest(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    Extension(session): Extension<Session>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let SealedKeys { sealed: Some(Binary(sealed)) } = read(&body?)? else {
        return Err(Refusal::request("nothing is in it"));
    };
    let (office, now) = (caller.office, Timestamp::now());
    let actor = Actor::of(&caller, &session);
    let job = move |connection: &Connection| {
        terminals::keep_chest(connection, office, &sealed, now)?;
        audit::record(connection, &actor, "keep-recovery", "", DONE, now)
    };
    hub.store().write(job).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The office's keys as sealed under its recovery code
#[utoipa::path(get, path = "/v1/chest", tag = "terminals",
    responses((status = 200, body = SealedKeys)))]
pub(super) async fn get_chest(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<SealedKeys>, Refusal> {
    let sealed = hub.store().read(move |connection| terminals::chest(connection, caller.office)).await?;
    Ok(Json(SealedKeys { sealed: sealed.map(Binary) }))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::request("the body is not what is asked for here"))
}

fn refusal(refused: &Refused) -> Refusal {
    let (status, code) = match refused {
        Refused::Code => (StatusCode::FORBIDDEN, ProblemCode::EnrolmentRefused),
        Refused::Expired => (StatusCode::FORBIDDEN, ProblemCode::CodeExpired),
        Refused::Used => (StatusCode::FORBIDDEN, ProblemCode::CodeUsed),
        Refused::Request(_) | Refused::OtherKey => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::RequestInvalid),
    };
    Refusal::of(status, code, &refused.to_string())
}

fn too_many(left: jiff::SignedDuration) -> Refusal {
    Refusal::too_many("too many failures", u32::try_from(left.as_secs()).unwrap_or(u32::MAX))
}

fn cannot_check() -> Refusal {
    Refusal::of(
        StatusCode::SERVICE_UNAVAILABLE,
        ProblemCode::RevocationUnknown,
        "whether the certificate was withdrawn cannot be told now",
    )
}

fn unknown_terminal() -> Refusal {
    Refusal::of(StatusCode::NOT_FOUND, ProblemCode::TerminalUnknown, "no such terminal")
}

fn unwritable() -> Refusal {
    Refusal::of(StatusCode::INTERNAL_SERVER_ERROR, ProblemCode::HubTroubled, "the answer cannot be written")
}
