//! The client's end of the exchange: what an office can ask, whoever carries it.

mod enrol;
mod hub;
mod login;
mod membership;
mod parts;
pub mod route;
mod script;
pub mod session;

use std::time::Duration;

pub use enrol::{Seen, enrol};
pub use hub::HubLink;
pub use membership::Membership;

use crate::history::HistoryError;
use crate::parcel::ParcelId;
use crate::standard::OfficeNumber;
use crate::wire::{
    Accepted, ClaimAnswer, ClaimRequest, DirectoryPage, DirectoryPlace, Heads, HubFacts, InboxPage, MarksPage, Problem,
    SentPage,
};

/// Why a request did not work.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The request never left: the hub cannot have heard of it.
    #[error("no way to the hub: {0}")]
    NoWay(String),
    /// The request may have arrived, but no answer came.
    #[error("no answer from the hub: {0}")]
    NoAnswer(String),
    #[error("the hub's certificate is not trusted: {0}")]
    NotTrusted(String),
    #[error("the hub refused our certificate: {0}")]
    CertificateRefused(String),
    /// It signed for nobody: its person said no, or its card is gone.
    #[error("our own key did not sign: {0}")]
    KeyRefused(String),
    #[error("the hub said {}: {:?} {}", .0.status, .0.code, .0.title)]
    Problem(Problem),
    #[error("the hub's answer makes no sense: {0}")]
    Nonsense(String),
    /// Nobody is logged in at this terminal, or no longer.
    #[error("somebody has to log in")]
    LoginRequired,
    #[error("the login cannot be read or kept")]
    Kept(#[from] HistoryError),
    #[error("cannot take a turn with the login")]
    Turn(#[source] std::io::Error),
}

/// A revocation list, as the hub gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList {
    pub der: Vec<u8>,
    /// What the hub calls it, to be named when it is asked again.
    pub tag: Option<String>,
}

/// A way to other offices. Calls wait for their answer, so they belong on a thread that may.
pub trait Link: Membership {
    fn facts(&self) -> Result<HubFacts, LinkError>;
    /// What changed in the directory after a place in it; the next page goes on from there, or from the beginning.
    fn directory(&self, known: DirectoryPlace) -> Result<DirectoryPage, LinkError>;
    /// The revocation list in force.
    fn crl(&self) -> Result<RevocationList, LinkError>;
    /// The same, unless the one that the hub called so is as good.
    fn crl_unless(&self, known: &str) -> Result<Option<RevocationList>, LinkError>;
    /// Hands a sealed parcel over. Safe to repeat: the same id and bytes get the same answer, and what the hub has of a
    /// large one is not sent again.
    fn put(&self, id: ParcelId, to: OfficeNumber, sealed: &[u8]) -> Result<Accepted, LinkError>;
    /// What came after the cursor; waits up to `wait` for something when there is nothing yet.
    fn inbox(&self, after: u64, wait: Duration) -> Result<InboxPage, LinkError>;
    /// What we sent and what became of it, changed after the cursor.
    fn sent(&self, after: u64) -> Result<SentPage, LinkError>;
    /// The sealed bytes of a parcel. Fetching does not remove it.
    fn fetch(&self, id: ParcelId, size: u64) -> Result<Vec<u8>, LinkError>;
    /// One piece of the parcel whose bytes have this digest, exactly as long as asked for.
    fn fetch_piece(&self, id: ParcelId, digest: &str, from: u64, length: u64) -> Result<Vec<u8>, LinkError>;
    /// Hands in a signed receipt. Safe to repeat.
    fn receipt(&self, id: ParcelId, signed: &[u8]) -> Result<(), LinkError>;
    /// Waits until one of our office's lists goes further than `read`, at most so long; says how far they go.
    fn news(&self, read: Heads, wait: Duration) -> Result<Heads, LinkError>;
    /// Tells the other terminals of our office something, sealed. Safe to repeat.
    fn tell(&self, sealed: &[u8]) -> Result<(), LinkError>;
    /// What the terminals of our office told each other after the cursor.
    fn told(&self, after: u64) -> Result<MarksPage, LinkError>;
    /// Asks whether this terminal alone may import some parcels. Safe to repeat.
    fn claim(&self, request: &ClaimRequest) -> Result<ClaimAnswer, LinkError>;
}
