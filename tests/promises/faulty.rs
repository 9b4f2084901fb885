//! A link that does to an office what a script says, without a network to do it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tayori::link::{HubLink, Link, LinkError};
use tayori::parcel::ParcelId;
use tayori::standard::OfficeNumber;
use tayori::wire::{Accepted, Directory, HubFacts, InboxPage, Problem, ProblemCode, SentPage};

/// What is done with a put; `None` lets it through.
type Script = Box<dyn FnMut(ParcelId, &[u8]) -> Option<LinkError> + Send>;

/// A call, and when it began.
#[derive(Clone, Debug)]
pub struct Call {
    pub parcel: ParcelId,
    pub at: Instant,
}

#[derive(Clone)]
pub struct Faulty {
    hub: HubLink,
    script: Arc<Mutex<Script>>,
    pub puts: Arc<Mutex<Vec<Call>>>,
    pub fetches: Arc<Mutex<Vec<Call>>>,
}

impl Faulty {
    pub fn over(hub: HubLink, script: impl FnMut(ParcelId, &[u8]) -> Option<LinkError> + Send + 'static) -> Faulty {
        Faulty { hub, script: Arc::new(Mutex::new(Box::new(script))), puts: Arc::default(), fetches: Arc::default() }
    }
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faulty").finish_non_exhaustive()
    }
}

pub fn problem(status: u16, code: ProblemCode) -> LinkError {
    LinkError::Problem(Problem { status, code, title: "no".into(), retry_after: None })
}

fn call(parcel: ParcelId) -> Call {
    Call { parcel, at: Instant::now() }
}

impl Link for Faulty {
    fn facts(&self) -> Result<HubFacts, LinkError> {
        self.hub.facts()
    }
    fn directory(&self) -> Result<Directory, LinkError> {
        self.hub.directory()
    }
    fn crl(&self) -> Result<Vec<u8>, LinkError> {
        self.hub.crl()
    }
    fn put(&self, id: ParcelId, to: OfficeNumber, sealed: &[u8]) -> Result<Accepted, LinkError> {
        self.puts.lock().unwrap().push(call(id));
        match (self.script.lock().unwrap())(id, sealed) {
            Some(error) => Err(error),
            None => self.hub.put(id, to, sealed),
        }
    }
    fn inbox(&self, after: u64, wait: Duration) -> Result<InboxPage, LinkError> {
        self.hub.inbox(after, wait)
    }
    fn sent(&self, after: u64) -> Result<SentPage, LinkError> {
        self.hub.sent(after)
    }
    fn fetch(&self, id: ParcelId, size: u64) -> Result<Vec<u8>, LinkError> {
        self.fetches.lock().unwrap().push(call(id));
        self.hub.fetch(id, size)
    }
    fn fetch_piece(&self, id: ParcelId, digest: &str, from: u64, length: u64) -> Result<Vec<u8>, LinkError> {
        self.hub.fetch_piece(id, digest, from, length)
    }
    fn receipt(&self, id: ParcelId, signed: &[u8]) -> Result<(), LinkError> {
        self.hub.receipt(id, signed)
    }
}
