//! The link to a Tayori hub: HTTPS with our certificate, and trust in our authority alone.

use std::error::Error;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;

use super::session::Session;
use super::{Link, LinkError, RevocationList, route};
use crate::parcel::{ParcelId, sha256_hex};
use crate::standard::OfficeNumber;
use crate::wire::{
    Accepted, ClaimAnswer, ClaimRequest, DIGEST_HEADER, DirectoryPage, DirectoryPlace, Heads, HubFacts, InboxPage,
    MarksPage, PART_BYTES, Problem, ProblemCode, SEALED_TYPE, SentPage, digest_header,
};

/// How long a hub may be silent before it counts as not there.
const SILENCE: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(10);
/// A line that is silent for so long is asked whether it still stands.
const LINE_ASKED: Duration = Duration::from_secs(10);
/// More than any list, directory or problem needs; a hub that sends more talks nonsense.
const ANSWER_LIMIT: u64 = 64 * 1024 * 1024;

/// More than any parcel has: what a receiver is willing to unpack, and its seal.
const PARCEL_LIMIT: u64 = 192 * 1024 * 1024;

/// No revocation list has a longer name.
const TAG_LIMIT: usize = 256;

/// How many tokens one request may wear out: a slow line, or a hub whose tokens are short-lived.
const TOKENS: usize = 4;

/// See the module.
#[derive(Clone, Debug)]
pub struct HubLink {
    base: String,
    client: Client,
    session: Option<Arc<Session>>,
}

impl HubLink {
    /// `base` is the hub's address, such as `https://hub.example.jp:8443`. Nothing is sent yet.
    pub fn new(base: &str, tls: rustls::ClientConfig) -> Result<Self, LinkError> {
        let unusable = |error: reqwest::Error| LinkError::Nonsense(error.to_string());
        let mut client = Client::builder();
        if let Some(proxy) = route::by_script(base) {
            client = client.proxy(reqwest::Proxy::https(proxy).map_err(unusable)?);
        }
        let client = client
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(SILENCE)
            .pool_idle_timeout(Duration::from_secs(60))
            // A question may be held for long, and a line that broke meanwhile says nothing by itself.
            .tcp_keepalive(LINE_ASKED)
            .tcp_keepalive_interval(LINE_ASKED / 2)
            .tcp_keepalive_retries(2)
            .user_agent(concat!("tayori/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(unusable)?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), client, session: None })
    }

    /// The same for a terminal where people log in: their token goes with every request that needs one.
    pub fn with_session(self, session: Session) -> Self {
        Self { session: Some(Arc::new(session)), ..self }
    }

    /// Every request begins here.
    pub(super) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.ask(Method::GET, path)
    }

    pub(super) fn session(&self) -> Result<&Session, LinkError> {
        self.session.as_deref().ok_or(LinkError::LoginRequired)
    }

    /// Sends a request with the token of whoever is logged in. One that is worn out is replaced and the request sent
    /// again: the hub has not looked at it.
    pub(super) fn answer(&self, request: RequestBuilder) -> Result<Response, LinkError> {
        let session = self.session()?;
        let mut token = session.access(Timestamp::now(), |refresh| self.next_tokens(refresh))?;
        for _ in 1..TOKENS {
            let Some(again) = request.try_clone() else { break };
            match answer(again.bearer_auth(token.reveal())) {
                Err(LinkError::LoginRequired) => {
                    token = session.renew(&token, Timestamp::now(), |refresh| self.next_tokens(refresh))?;
                }
                answered => return answered,
            }
        }
        answer(request.bearer_auth(token.reveal()))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, LinkError> {
        read_json(self.answer(request)?)
    }

    /// The same for what the certificate alone opens.
    pub(super) fn open_json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, LinkError> {
        read_json(answer(request)?)
    }

    fn put_whole(&self, id: ParcelId, to: OfficeNumber, sealed: &[u8]) -> Result<Accepted, LinkError> {
        let request = self
            .ask(Method::PUT, &parcel_path(id))
            .query(&[("to", to.as_str())])
            .header(CONTENT_TYPE, SEALED_TYPE)
            .header(DIGEST_HEADER, digest_header(&sha256_hex(sealed)))
            .timeout(transfer_time(sealed.len() as u64))
            .body(sealed.to_vec());
        self.json(request)
    }
}

impl Link for HubLink {
    fn facts(&self) -> Result<HubFacts, LinkError> {
        self.open_json(self.get("/v1/hub"))
    }

    fn directory(&self, known: DirectoryPlace) -> Result<DirectoryPage, LinkError> {
        let request = self.get("/v1/offices").query(&[("after", known.after), ("line", known.line)]);
        let page: DirectoryPage = self.json(request)?;
        if page.follows(known) {
            Ok(page)
        } else {
            Err(LinkError::Nonsense("a page of the directory that leads nowhere".into()))
        }
    }

    fn crl(&self) -> Result<RevocationList, LinkError> {
        list(answer(self.get("/v1/crl"))?)
    }

    fn crl_unless(&self, known: &str) -> Result<Option<RevocationList>, LinkError> {
        match answer(self.get("/v1/crl").header(IF_NONE_MATCH, known)) {
            Err(LinkError::Problem(said)) if said.status == StatusCode::NOT_MODIFIED.as_u16() => Ok(None),
            answered => list(answered?).map(Some),
        }
    }

    fn put(&self, id: ParcelId, to: OfficeNumber, sealed: &[u8]) -> Result<Accepted, LinkError> {
        let is_large = sealed.len() as u64 > PART_BYTES;
        let accepted = if is_large { self.put_in_parts(id, to, sealed)? } else { self.put_whole(id, to, sealed)? };
        // "Accepted" counts only for what we handed over.
        if accepted.id == id && accepted.digest == sha256_hex(sealed) {
            Ok(accepted)
        } else {
            Err(LinkError::Nonsense("accepted another parcel than the one handed over".into()))
        }
    }

    fn inbox(&self, after: u64, wait: Duration) -> Result<InboxPage, LinkError> {
        let request = self
            .get("/v1/inbox")
            .query(&[("after", after), ("wait", wait.as_secs())])
            .timeout(SILENCE.saturating_add(wait));
        self.json(request)
    }

    fn sent(&self, after: u64) -> Result<SentPage, LinkError> {
        self.json(self.get("/v1/sent").query(&[("after", after)]))
    }

    fn fetch(&self, id: ParcelId, size: u64) -> Result<Vec<u8>, LinkError> {
        if size > PARCEL_LIMIT {
            return Err(LinkError::Nonsense("a parcel larger than any can be".into()));
        }
        let request = self.get(&parcel_path(id)).timeout(transfer_time(size));
        let sealed = body(self.answer(request)?, size)?;
        if sealed.len() as u64 == size {
            Ok(sealed)
        } else {
            Err(LinkError::Nonsense("a parcel of another size".into()))
        }
    }

    fn fetch_piece(&self, id: ParcelId, digest: &str, from: u64, length: u64) -> Result<Vec<u8>, LinkError> {
        self.get_piece(id, digest, from, length)
    }

    fn receipt(&self, id: ParcelId, signed: &[u8]) -> Result<(), LinkError> {
        let request = self
            .ask(Method::POST, &format!("{}/receipts", parcel_path(id)))
            .header(CONTENT_TYPE, SEALED_TYPE)
            .body(signed.to_vec());
        self.answer(request).map(|_| ())
    }

    fn news(&self, read: Heads, wait: Duration) -> Result<Heads, LinkError> {
        let request = self
            .get("/v1/inbox")
            .query(&[("after", read.inbox), ("sent", read.sent), ("marks", read.marks), ("wait", wait.as_secs())])
            .timeout(SILENCE.saturating_add(wait));
        let page: InboxPage = self.json(request)?;
        page.heads.ok_or_else(|| LinkError::Nonsense("no word of how far the lists go".into()))
    }

    fn tell(&self, sealed: &[u8]) -> Result<(), LinkError> {
        let request = self.client.post(format!("{}/v1/marks", self.base)).header(CONTENT_TYPE, SEALED_TYPE);
        self.answer(request.body(sealed.to_vec())).map(|_| ())
    }

    fn told(&self, after: u64) -> Result<MarksPage, LinkError> {
        self.json(self.get("/v1/marks").query(&[("after", after)]))
    }

    fn claim(&self, request: &ClaimRequest) -> Result<ClaimAnswer, LinkError> {
        self.json(self.client.post(format!("{}/v1/claims", self.base)).json(request))
    }
}

fn parcel_path(id: ParcelId) -> String {
    format!("/v1/parcels/{id}")
}

/// A line of 1 Mbit/s is the slowest we count on.
pub(super) fn transfer_time(bytes: u64) -> Duration {
    SILENCE.saturating_add(Duration::from_secs(bytes / 125_000))
}

fn list(response: Response) -> Result<RevocationList, LinkError> {
    let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| tag.len() <= TAG_LIMIT);
    let tag = tag.map(str::to_owned);
    Ok(RevocationList { der: body(response, ANSWER_LIMIT)?, tag })
}

fn read_json<T: DeserializeOwned>(response: Response) -> Result<T, LinkError> {
    let bytes = body(response, ANSWER_LIMIT)?;
    serde_json::from_slice(&bytes).map_err(|error| LinkError::Nonsense(error.to_string()))
}

pub(super) fn answer(request: RequestBuilder) -> Result<Response, LinkError> {
    let response = request.send().map_err(|error| of_transport(&error))?;
    let status = response.status();
    if status.is_success() { Ok(response) } else { Err(of_status(status, response)) }
}

/// Reads a body of at most `limit` bytes.
pub(super) fn body(response: Response, limit: u64) -> Result<Vec<u8>, LinkError> {
    let mut bytes = Vec::new();
    response
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| LinkError::NoAnswer(format!("the answer was cut off: {error}")))?;
    if bytes.len() as u64 > limit { Err(LinkError::Nonsense("the answer is too long".into())) } else { Ok(bytes) }
}

fn of_status(status: StatusCode, response: Response) -> LinkError {
    let said = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let problem =
        body(response, 64 * 1024).ok().and_then(|bytes| serde_json::from_slice::<Problem>(&bytes).ok()).unwrap_or_else(
            || Problem { status: status.as_u16(), code: ProblemCode::Other, title: String::new(), retry_after: None },
        );
    if problem.code == ProblemCode::LoginRequired {
        return LinkError::LoginRequired;
    }
    let retry_after = said.or(problem.retry_after);
    LinkError::Problem(Problem { status: status.as_u16(), retry_after, ..problem })
}

/// Tells trouble with certificates, which a person must mend, from trouble on the way, which passes.
fn of_transport(error: &reqwest::Error) -> LinkError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut deepest = error.to_string();
    while let Some(here) = cause {
        deepest = here.to_string();
        match tls_in(here) {
            Some(rustls::Error::InvalidCertificate(reason)) => return LinkError::NotTrusted(format!("{reason:?}")),
            Some(rustls::Error::AlertReceived(alert)) if is_about_our_certificate(*alert) => {
                return LinkError::CertificateRefused(format!("{alert:?}"));
            }
            // Only a key that is not ours to hold (of the system's store) has troubles of its own.
            Some(rustls::Error::Other(own)) => return LinkError::KeyRefused(own.to_string()),
            _ => {}
        }
        cause = here.source();
    }
    if error.is_connect() || error.is_builder() { LinkError::NoWay(deepest) } else { LinkError::NoAnswer(deepest) }
}

/// What TLS says in an error, in however many input/output errors it is wrapped.
fn tls_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref::<std::io::Error>() {
        Some(io) => io.get_ref().and_then(|inner| tls_in(inner)),
        None => error.downcast_ref(),
    }
}

fn is_about_our_certificate(alert: rustls::AlertDescription) -> bool {
    use rustls::AlertDescription as Alert;
    matches!(
        alert,
        Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::CertificateRequired
    )
}
