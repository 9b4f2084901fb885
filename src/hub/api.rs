//! `/v1`: what a client may ask of the hub. Who asks is read from the verified certificate, never from the request.

mod together;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Extension, Json, Router, middleware};
use jiff::Timestamp;
use serde::Deserialize;

use super::intake::IntakeError;
use super::mailbox::{self, Incoming, Outside, Put};
use super::{audit, cursors, directory, marks};
use super::state::{Caller, Hub, Standing};
use super::stores::sqlite::StoreError;
use crate::parcel::{ParcelId, Receipt, sha256_hex};
use crate::standard::OfficeNumber;
use crate::wire::{
    DIGEST_HEADER, HubFacts, InboxPage, PROBLEM_TYPE, Problem, ProblemCode, SEALED_TYPE, SentPage, parse_digest_header,
};

/// The longest a long poll may wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// More than any signed receipt needs.
const RECEIPT_LIMIT: usize = 64 * 1024;

/// The routes. [`Caller`] must have been added by the acceptor.
pub fn routes(hub: Arc<Hub>) -> Router {
    Router::new()
        .route("/v1/hub", get(facts))
        .route("/v1/offices", get(offices))
        .route("/v1/crl", get(crl))
        .route("/v1/inbox", get(inbox))
        .route("/v1/sent", get(sent))
        .route("/v1/parcels/{id}", put(put_parcel).get(get_parcel))
        .route("/v1/parcels/{id}/receipts", post(post_receipt).layer(DefaultBodyLimit::max(RECEIPT_LIMIT)))
        .route(
            "/v1/marks",
            get(together::get_marks)
                .post(together::post_marks)
                .layer(DefaultBodyLimit::max(together::MARKS_LIMIT)),
        )
        .route("/v1/claims", post(together::post_claims))
        .route("/healthz", get(|| async { "ok" }))
        .fallback(|| async { Refusal::of(StatusCode::NOT_FOUND, ProblemCode::RequestInvalid, "no such resource") })
        .layer(middleware::from_fn_with_state(Arc::clone(&hub), only_members))
        .with_state(hub)
}

/// A kept connection outlives a revocation, so each request is looked at again.
async fn only_members(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    request: axum::extract::Request,
    next: middleware::Next,
) -> Response {
    match hub.standing_of(&caller) {
        Standing::Member => next.run(request).await,
        Standing::Revoked => {
            Refusal::of(StatusCode::FORBIDDEN, ProblemCode::CallerRefused, "the certificate was withdrawn")
                .into_response()
        }
        Standing::Stranger => {
            Refusal::of(StatusCode::FORBIDDEN, ProblemCode::CallerRefused, "the office is not registered")
                .into_response()
        }
    }
}

async fn facts(State(hub): State<Arc<Hub>>) -> Json<HubFacts> {
    Json(HubFacts {
        version: env!("CARGO_PKG_VERSION").into(),
        max_parcel_bytes: hub.max_parcel_bytes(),
        time: Timestamp::now(),
    })
}

async fn offices(State(hub): State<Arc<Hub>>) -> Result<Response, Refusal> {
    let published = hub.store().read(|connection| directory::published(connection, Timestamp::now())).await?;
    Ok(Json(published).into_response())
}

async fn crl(State(hub): State<Arc<Hub>>) -> Response {
    ([(header::CONTENT_TYPE, "application/pkix-crl")], hub.crl().to_vec()).into_response()
}

/// From where on a list is asked for.
#[derive(Debug, Deserialize)]
struct Cursor {
    #[serde(default)]
    after: u64,
    /// Seconds to wait for something new.
    #[serde(default)]
    wait: u64,
    /// How far the caller has read its other lists: news there ends the wait, too.
    sent: Option<u64>,
    marks: Option<u64>,
}

impl<S: Send + Sync> FromRequestParts<S> for Cursor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Query(cursor) = Query::<Self>::try_from_uri(&parts.uri)?;
        // The store counts in 63 bits.
        let all = [Some(cursor.after), cursor.sent, cursor.marks];
        if all.into_iter().flatten().any(|cursor| i64::try_from(cursor).is_err()) {
            return Err(Refusal::request("no cursor goes so far"));
        }
        Ok(cursor)
    }
}

async fn inbox(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    cursor: Cursor,
) -> Result<Json<InboxPage>, Refusal> {
    let wait = Duration::from_secs(cursor.wait).min(LONGEST_WAIT);
    // The bell is listened to before the look, so that nothing rings unheard between the two.
    let rung = hub.bell().listen(caller.office);
    let (page, is_news) = look(&hub, caller.office, &cursor).await?;
    cursors::note(hub.store(), &caller, cursor.after, Timestamp::now()).await;
    if is_news || wait.is_zero() {
        return Ok(Json(page));
    }
    let _ = tokio::time::timeout(wait, rung).await;
    Ok(Json(look(&hub, caller.office, &cursor).await?.0))
}

/// The inbox after a cursor, and whether any list goes further than the caller has read.
async fn look(hub: &Hub, office: OfficeNumber, cursor: &Cursor) -> Result<(InboxPage, bool), Refusal> {
    let mut page = mailbox::inbox(hub.store(), office, cursor.after).await?;
    let mut is_news = !page.parcels.is_empty();
    if cursor.sent.is_some() || cursor.marks.is_some() {
        let heads = hub.store().read(move |connection| marks::heads(connection, office)).await?;
        is_news |= cursor.sent.is_some_and(|sent| heads.sent > sent);
        is_news |= cursor.marks.is_some_and(|marks| heads.marks > marks);
        page.heads = Some(heads);
    }
    Ok((page, is_news))
}

async fn sent(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    cursor: Cursor,
) -> Result<Json<SentPage>, Refusal> {
    Ok(Json(mailbox::sent(hub.store(), caller.office, cursor.after).await?))
}

#[derive(Deserialize)]
struct Destination {
    to: OfficeNumber,
}

async fn put_parcel(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<ParcelId>, PathRejection>,
    destination: Result<Query<Destination>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let (Path(id), Query(Destination { to })) = (id?, destination?);
    let sealed = hub.intake().take(body).await?;
    let digest = sha256_hex(&sealed);
    let claimed = headers.get(DIGEST_HEADER).and_then(|value| value.to_str().ok()).and_then(parse_digest_header);
    match claimed {
        None => return Err(Refusal::request("content-digest with sha-256 is required")),
        Some(claimed) if claimed != digest => {
            return Err(Refusal::of(
                StatusCode::BAD_REQUEST,
                ProblemCode::DigestMismatch,
                "the body is not what its digest says",
            ));
        }
        Some(_) => {}
    }
    let now = Timestamp::now();
    let parcel = Incoming { id, sender: caller.office, receiver: to, digest, sealed, by: audit::Actor::from(&caller) };
    match mailbox::put(hub.store(), parcel, now).await? {
        Put::New(accepted) => {
            tracing::info!(parcel = %id, from = %caller.office, %to, bytes = accepted.size, "parcel accepted");
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

async fn get_parcel(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<ParcelId>, PathRejection>,
) -> Result<Response, Refusal> {
    let outside = own_parcel(&hub, &caller, id?.0).await?;
    let sealed = mailbox::body(hub.store(), outside.seq).await?.ok_or_else(unknown_parcel)?;
    Ok(([(header::CONTENT_TYPE, SEALED_TYPE)], sealed).into_response())
}

async fn post_receipt(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<ParcelId>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let Path(id) = id?;
    let signed = body?;
    let outside = own_parcel(&hub, &caller, id).await?;
    let invalid = |title: &str| Refusal::of(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::ReceiptInvalid, title);
    let now = Timestamp::now();
    let (receipt, _) = Receipt::verify(&signed, &hub.trust(now)).map_err(|error| {
        tracing::warn!(parcel = %id, by = %caller.office, %error, "receipt refused");
        invalid("the receipt's signature does not hold")
    })?;
    let fits = receipt.parcel == id
        && receipt.office == caller.office
        && outside.receiver == caller.office
        && receipt.digest == outside.digest;
    if !fits {
        return Err(invalid("the receipt is not about this parcel and this office"));
    }
    let noted = mailbox::note(hub.store(), &receipt, outside.seq, signed.to_vec(), audit::Actor::from(&caller), now).await?;
    if noted == mailbox::Noted::New {
        tracing::info!(parcel = %id, by = %caller.office, step = receipt.step.as_str(), "receipt noted");
        hub.bell().ring(outside.sender);
        hub.bell().ring(caller.office);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A parcel that the caller sent or is to receive. To everyone else it does not exist.
async fn own_parcel(hub: &Hub, caller: &Caller, id: ParcelId) -> Result<Outside, Refusal> {
    match mailbox::outside(hub.store(), id).await? {
        Some(outside) if outside.sender == caller.office || outside.receiver == caller.office => Ok(outside),
        _ => Err(unknown_parcel()),
    }
}

fn unknown_parcel() -> Refusal {
    Refusal::of(StatusCode::NOT_FOUND, ProblemCode::ParcelUnknown, "no such parcel")
}

/// A no, with its problem document.
#[derive(Debug)]
pub struct Refusal(Problem);

impl Refusal {
    fn of(status: StatusCode, code: ProblemCode, title: &str) -> Self {
        Self(Problem { status: status.as_u16(), code, title: title.into() })
    }
    fn request(title: &str) -> Self {
        Self::of(StatusCode::BAD_REQUEST, ProblemCode::RequestInvalid, title)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.0)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(PROBLEM_TYPE));
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Busy => tracing::warn!(%error, "the store took no request"),
            _ => tracing::error!(%error, source = std::error::Error::source(&error), "the store failed a request"),
        }
        Self::of(StatusCode::SERVICE_UNAVAILABLE, ProblemCode::HubTroubled, "the hub cannot keep this now")
    }
}

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        let (status, code) = match error {
            IntakeError::NoLength => (StatusCode::LENGTH_REQUIRED, ProblemCode::RequestInvalid),
            IntakeError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, ProblemCode::ParcelTooLarge),
            // All of these pass: whoever hears it tries again later.
            IntakeError::NoRoom | IntakeError::CutOff | IntakeError::TooSlow => {
                tracing::warn!(%error, "a body was not taken in");
                (StatusCode::SERVICE_UNAVAILABLE, ProblemCode::HubTroubled)
            }
        };
        Self::of(status, code, &error.to_string())
    }
}

impl From<BytesRejection> for Refusal {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return IntakeError::TooLarge.into();
        }
        IntakeError::CutOff.into()
    }
}

impl From<PathRejection> for Refusal {
    fn from(_: PathRejection) -> Self {
        Self::request("the path holds no parcel id")
    }
}

impl From<QueryRejection> for Refusal {
    fn from(_: QueryRejection) -> Self {
        Self::request("the query is malformed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(uri: &str) -> Result<Cursor, Problem> {
        let (mut parts, ()) = axum::http::Request::get(uri).body(()).unwrap().into_parts();
        Cursor::from_request_parts(&mut parts, &()).await.map_err(|refusal| refusal.0)
    }

    #[tokio::test]
    async fn a_cursor_that_no_store_can_hold_is_a_wrong_request_and_not_the_hubs_trouble() {
        for after in ["9223372036854775808", "18446744073709551615", "-1", "x"] {
            let problem = asked(&format!("/v1/inbox?after={after}")).await.unwrap_err();
            assert_eq!((problem.status, problem.code), (400, ProblemCode::RequestInvalid), "{after}");
        }
        assert_eq!(asked("/v1/inbox?after=9223372036854775807&wait=1").await.unwrap().after, i64::MAX as u64);
        assert_eq!(asked("/v1/sent").await.unwrap().after, 0);
    }

    #[test]
    fn what_passes_is_told_from_what_lasts() {
        let said = |error: IntakeError| (Refusal::from(error).0.status, Refusal::from(error).0.code);
        assert_eq!(said(IntakeError::CutOff), (503, ProblemCode::HubTroubled));
        assert_eq!(said(IntakeError::NoRoom), (503, ProblemCode::HubTroubled));
        assert_eq!(said(IntakeError::TooSlow), (503, ProblemCode::HubTroubled));
        assert_eq!(said(IntakeError::TooLarge), (413, ProblemCode::ParcelTooLarge));
        assert_eq!(said(IntakeError::NoLength), (411, ProblemCode::RequestInvalid));
    }

    #[test]
    fn a_long_poll_ends_when_the_hub_stops() {
        use crate::hub::authority::Authority;
        use crate::hub::stores::sqlite::Store;
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let authority = Authority::create(&dir.path().join("ca"), "Tayori", now).unwrap();
        let hub = Arc::new(Hub::new(Store::open(&dir.path().join("hub.db")).unwrap(), authority, 1, now).unwrap());
        let caller = Caller { office: "3100000001".parse().unwrap(), serial: String::new() };
        let poll = inbox(State(Arc::clone(&hub)), Extension(caller), Cursor { after: 7, wait: 30, sent: None, marks: None });
        let stop = async { hub.bell().ring_all() };
        let both = async { tokio::time::timeout(LONGEST_WAIT / 2, async { tokio::join!(poll, stop) }).await };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (page, ()) = runtime.block_on(both).unwrap();
        assert_eq!(page.unwrap().0, InboxPage { parcels: Vec::new(), next: 7, heads: None });
    }
}
