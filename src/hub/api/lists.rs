//! What a caller may look at: the hub itself, the directory, the revocation list, and the lists of its own parcels.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;

use super::refusal::Refusal;
use crate::hub::metrics::Counted;
use crate::hub::state::{Caller, Hub};
use crate::hub::{directory, mailbox, marks};
use crate::standard::OfficeNumber;
use crate::wire::{DirectoryPage, DirectoryPlace, Heads, HubFacts, InboxPage, SentPage, schema};

/// The longest a long poll may wait.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What a client must know before it sends
#[utoipa::path(get, path = "/v1/hub", tag = "hub", responses((status = 200, body = HubFacts)))]
pub(super) async fn facts(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<HubFacts>, Refusal> {
    Ok(Json(HubFacts {
        version: env!("CARGO_PKG_VERSION").into(),
        max_parcel_bytes: hub.max_parcel_bytes(),
        time: Timestamp::now(),
        first_account: !hub.accounts().any(caller.office).await?,
        release: hub.announcement().signed(),
    }))
}

/// From where on the directory is asked for.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Known {
    /// The `next` of the page before, or 0 for the beginning. Without it all of the directory comes at once, unless it is
    /// too large for that.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    after: Option<u64>,
    /// The `line` of the page before.
    #[serde(default)]
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    line: u64,
}

/// What changed in the directory: offices with the certificates parcels are sealed to, and those that are gone
#[utoipa::path(get, path = "/v1/offices", tag = "hub", params(Known), responses((status = 200, body = DirectoryPage)))]
pub(super) async fn offices(
    State(hub): State<Arc<Hub>>,
    known: Result<Query<Known>, QueryRejection>,
) -> Result<Json<DirectoryPage>, Refusal> {
    let Query(Known { after, line }) = known?;
    let page = hub.store().read(move |connection| match after {
        Some(after) => directory::changes(connection, DirectoryPlace { line, after }, Timestamp::now()).map(Some),
        None => directory::whole(connection, Timestamp::now()),
    });
    page.await?.map(Json).ok_or_else(|| Refusal::request("the directory is too large for one answer: ask with `after`"))
}

/// The list of certificates taken back, DER
#[utoipa::path(get, path = "/v1/crl", tag = "hub",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the list the caller has")),
    responses((status = 200, body = schema::Bytes, content_type = "application/pkix-crl"),
        (status = 304, description = "The list the caller has is as good")))]
pub(super) async fn crl(State(hub): State<Arc<Hub>>, headers: HeaderMap) -> Response {
    let list = hub.list();
    let tags = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    match list.known_by(tags, Timestamp::now()) {
        Some(tag) => (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response(),
        None => {
            let kind = (header::CONTENT_TYPE, "application/pkix-crl".to_owned());
            ([kind, (header::ETAG, list.tag())], list.der().to_vec()).into_response()
        }
    }
}

/// From where on a list is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Cursor {
    /// The `next` of the page before; 0 or nothing for the beginning.
    #[serde(default)]
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    pub after: u64,
    /// Seconds to wait for something new, when there is nothing yet; at most 30 count.
    #[serde(default)]
    pub wait: u64,
    /// How far the caller has read `/v1/sent`: news there ends the wait, too.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    pub sent: Option<u64>,
    /// How far the caller has read `/v1/marks`: news there ends the wait, too.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    pub marks: Option<u64>,
}

impl Cursor {
    /// Whether the caller has read all three lists to these ends.
    fn is_at(&self, heads: &Heads) -> bool {
        (self.after, self.sent, self.marks) == (heads.inbox, Some(heads.sent), Some(heads.marks))
    }
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

/// What came for the caller's office, oldest first; waits for something new when asked to
#[utoipa::path(get, path = "/v1/inbox", tag = "parcels", params(Cursor), responses((status = 200, body = InboxPage)))]
pub(super) async fn inbox(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    cursor: Cursor,
) -> Result<Json<InboxPage>, Refusal> {
    let wait = Duration::from_secs(cursor.wait).min(LONGEST_WAIT);
    // The bell is listened to before the look, so that nothing rings unheard between the two.
    let listening = hub.bell().listen(caller.office);
    let known = listening.heads.filter(|heads| !wait.is_zero() && cursor.is_at(heads));
    let (page, is_news) = match known {
        Some(heads) => (InboxPage { parcels: Vec::new(), next: cursor.after, heads: Some(heads) }, false),
        None => look(&hub, caller.office, &cursor).await?,
    };
    if let Some(heads) = page.heads {
        hub.bell().remember(caller.office, &listening, heads);
    }
    hub.cursors().note(hub.store(), &caller, cursor.after, Timestamp::now()).await;
    if is_news || wait.is_zero() {
        return Ok(Json(page));
    }
    let waiting = Counted::in_(&hub.metrics().polls);
    let rung = tokio::time::timeout(wait, listening.rung).await;
    drop(waiting);
    match rung {
        Ok(()) => Ok(Json(look(&hub, caller.office, &cursor).await?.0)),
        // Nobody rang, so nothing came: thousands of terminals ask again and again, and the store is not asked for them twice.
        Err(_) => Ok(Json(page)),
    }
}

/// The inbox after a cursor, and whether any list goes further than the caller has read.
async fn look(hub: &Hub, office: OfficeNumber, cursor: &Cursor) -> Result<(InboxPage, bool), Refusal> {
    let &Cursor { after, sent, marks, .. } = cursor;
    let page = hub.store().read(move |connection| {
        let mut page = mailbox::inbox_now(connection, office, after)?;
        if sent.is_some() || marks.is_some() {
            page.heads = Some(marks::heads(connection, office)?);
        }
        Ok(page)
    });
    let page = page.await?;
    let further =
        |heads: Heads| sent.is_some_and(|sent| heads.sent > sent) || marks.is_some_and(|marks| heads.marks > marks);
    let is_news = !page.parcels.is_empty() || page.heads.is_some_and(further);
    Ok((page, is_news))
}

/// The caller's own parcels that changed: accepted, a receipt came, or nobody fetched them
#[utoipa::path(get, path = "/v1/sent", tag = "parcels", params(Cursor), responses((status = 200, body = SentPage)))]
pub(super) async fn sent(
    State(hub): State<Arc<Hub>>,
    Extension(caller): Extension<Caller>,
    cursor: Cursor,
) -> Result<Json<SentPage>, Refusal> {
    Ok(Json(mailbox::sent(hub.store(), caller.office, cursor.after).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Problem, ProblemCode};

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
    fn a_question_that_finds_nothing_new_costs_no_look_into_the_store_until_somebody_rings() {
        use crate::hub::authority::Authority;
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let authority = Authority::create(&dir.path().join("ca"), "Tayori", now).unwrap();
        let hub = Arc::new(Hub::new(crate::hub::stores::testing::store(dir.path()), authority, 1, now).unwrap());
        let office: OfficeNumber = "3100000001".parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ask = |wait| {
            let caller = Caller { office, serial: String::new(), terminal: String::new() };
            let cursor = Cursor { after: 0, wait, sent: Some(0), marks: Some(0) };
            runtime.block_on(inbox(State(Arc::clone(&hub)), Extension(caller), cursor)).map(|Json(page)| page.heads)
        };
        // Over PostgreSQL, as soon as the other nodes are heard.
        let began = std::time::Instant::now();
        while hub.bell().listen(office).heads.is_none() {
            assert!(began.elapsed() < Duration::from_secs(60), "it is never remembered");
            assert_eq!(ask(0).unwrap(), Some(Heads::default()));
        }
        let away = "ALTER TABLE parcel RENAME TO elsewhere";
        hub.store().write_now(move |connection| connection.script("away", away)).unwrap();
        assert_eq!(ask(1).unwrap(), Some(Heads::default()), "from memory");
        assert!(ask(0).is_err(), "who does not wait is told by the store");
        hub.bell().ring(office);
        assert!(ask(1).is_err(), "it is looked for what was rung for");
    }

    #[test]
    fn a_long_poll_ends_when_the_hub_stops() {
        use crate::hub::authority::Authority;
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let authority = Authority::create(&dir.path().join("ca"), "Tayori", now).unwrap();
        let hub = Arc::new(Hub::new(crate::hub::stores::testing::store(dir.path()), authority, 1, now).unwrap());
        let caller = Caller { office: "3100000001".parse().unwrap(), serial: String::new(), terminal: String::new() };
        let poll =
            inbox(State(Arc::clone(&hub)), Extension(caller), Cursor { after: 0, wait: 30, sent: None, marks: None });
        let stop = async { hub.bell().ring_all() };
        let both = async { tokio::time::timeout(LONGEST_WAIT / 2, async { tokio::join!(poll, stop) }).await };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (page, ()) = runtime.block_on(both).unwrap();
        assert_eq!(page.unwrap().0, InboxPage { parcels: Vec::new(), next: 0, heads: None });
    }
}
