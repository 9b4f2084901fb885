//! What all terminals of a trial share: who they are, where the hubs are, and the parcels under way.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{Method, Request, header};
use http_body_util::Full;
use tokio::sync::{Semaphore, watch};

use super::line::{Line, LineError};
use super::offices::Office;
use super::tally::{Step, Tally};
use super::{CONNECT, LoadError, Node, Progress};
use crate::parcel::ParcelId;
use crate::wire::SEALED_TYPE;

/// How many connections are made at the same time.
const CONNECTING: usize = 64;
/// How long a connection for exchanging is kept when nothing goes over it; the client keeps it so long, too.
pub(super) const IDLE: Duration = Duration::from_secs(60);

/// A parcel between its sender's first byte and the receipt's return.
#[derive(Clone, Debug)]
pub(super) struct UnderWay {
    pub sent: Instant,
    pub digest: String,
    /// The hub said that it has it.
    pub accepted: bool,
    /// Its receiver has it.
    pub fetched: bool,
    /// When its receiver handed in the last receipt.
    pub answered: Option<Instant>,
}

#[derive(Debug)]
struct Kept {
    line: Line,
    used: Instant,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Field {
    nodes: Vec<Node>,
    pub offices: Vec<Office>,
    /// Each terminal exchanges over one line of its own, beside the one it waits on.
    exchanges: Vec<tokio::sync::Mutex<Option<Kept>>>,
    connecting: Semaphore,
    pub tally: Tally,
    under_way: Mutex<HashMap<ParcelId, UnderWay>>,
    waiting: AtomicUsize,
    /// What parcels are made of.
    pub noise: Vec<u8>,
    stop: watch::Receiver<bool>,
    over: watch::Sender<bool>,
}

impl Field {
    pub fn new(nodes: Vec<Node>, offices: Vec<Office>, parcel_bytes: usize, stop: watch::Receiver<bool>) -> Self {
        // Looks like what is encrypted: nothing on the way can make it smaller.
        let mut noise = vec![0; parcel_bytes];
        let _ = aws_lc_rs::rand::fill(&mut noise);
        Self {
            nodes,
            exchanges: offices.iter().map(|_| tokio::sync::Mutex::default()).collect(),
            offices,
            connecting: Semaphore::new(CONNECTING),
            tally: Tally::default(),
            under_way: Mutex::default(),
            waiting: AtomicUsize::new(0),
            noise,
            stop,
            over: watch::Sender::new(false),
        }
    }

    /// Somebody wants the trial to end.
    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Everybody hangs up.
    pub fn end(&self) {
        self.over.send_replace(true);
    }

    /// Until nobody is to wait any more.
    pub async fn ended(&self) {
        let (mut stop, mut over) = (self.stop.clone(), self.over.subscribe());
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            _ = over.wait_for(|over| *over) => {}
        }
    }

    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// One more terminal waits at the hub, until the answer is dropped.
    pub fn one_waits(&self) -> Waits<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waits(self)
    }

    pub fn parcels(&self) -> MutexGuard<'_, HashMap<ParcelId, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Parcels that were accepted and are not with their receiver yet, or whose sender does not know.
    pub fn under_way(&self) -> usize {
        self.parcels().values().filter(|parcel| parcel.accepted).count()
    }

    /// Parcels that were accepted and never came to their receiver.
    pub fn not_fetched(&self) -> usize {
        self.parcels().values().filter(|parcel| parcel.accepted && !parcel.fetched).count()
    }

    pub fn progress(&self, since: Duration, resident: Option<u64>) -> Progress {
        Progress::Running {
            seconds: since.as_secs(),
            waiting: self.waiting(),
            sent: self.tally.count(Step::Send),
            fetched: self.tally.count(Step::Fetch),
            failed: self.tally.all_failures(),
            resident,
        }
    }

    /// Waits until every hub has seen the youngest office; one that was running already looks every second.
    pub async fn known_everywhere(&self) -> Result<(), LoadError> {
        let Some(youngest) = self.offices.last() else { return Ok(()) };
        let began = Instant::now();
        for node in &self.nodes {
            while let Err(error) = answers(node, youngest).await {
                if self.is_stopped() {
                    return Err(LoadError::Stopped);
                }
                if began.elapsed() > CONNECT {
                    return Err(LoadError::NobodyConnected(error.to_string()));
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        Ok(())
    }

    /// A new connection of one terminal's. The nodes take turns.
    pub async fn open(&self, office: &Office) -> Result<Line, LineError> {
        let _turn = self.connecting.acquire().await.map_err(|_| LineError::Broken)?;
        let node = self.nodes.get(office.place % self.nodes.len().max(1)).ok_or(LineError::Broken)?;
        let began = Instant::now();
        let opened = Line::to(node, Arc::clone(&office.tls)).await;
        match &opened {
            Ok(_) => self.tally.took(Step::Connect, began.elapsed()),
            Err(error) => self.tally.failed(Step::Connect, error),
        }
        opened
    }

    /// Asks over the terminal's line for exchanging. A kept one that broke is replaced once: everything that is asked
    /// here may be asked again.
    pub async fn exchange(&self, office: &Office, request: impl Fn() -> Asked) -> Result<Bytes, LineError> {
        let kept = self.exchanges.get(office.place).ok_or(LineError::Broken)?;
        let mut kept = kept.lock().await;
        if let Some(mut old) = kept.take().filter(|old| old.line.is_open()) {
            match old.line.ask(request().of(office)?, Duration::ZERO).await {
                Err(LineError::Broken) => {}
                answer => {
                    *kept = still_good(&answer).then(|| Kept { line: old.line, used: Instant::now() });
                    return answer;
                }
            }
        }
        let mut line = self.open(office).await?;
        let answer = line.ask(request().of(office)?, Duration::ZERO).await;
        *kept = still_good(&answer).then(|| Kept { line, used: Instant::now() });
        answer
    }

    /// The same, counted; `None` where it failed.
    pub async fn step(&self, step: Step, office: &Office, request: impl Fn() -> Asked) -> Option<Bytes> {
        let began = Instant::now();
        match self.exchange(office, request).await {
            Ok(answer) => {
                self.tally.took(step, began.elapsed());
                Some(answer)
            }
            Err(error) => {
                self.failed(step, &error);
                None
            }
        }
    }

    /// What breaks because everybody hangs up is no failure.
    pub fn failed(&self, step: Step, why: &dyn Display) {
        if !self.is_stopped() && !*self.over.borrow() {
            self.tally.failed(step, why);
        }
    }
}

async fn answers(node: &Node, office: &Office) -> Result<Bytes, LineError> {
    let mut line = Line::to(node, Arc::clone(&office.tls)).await?;
    line.ask(Asked::get("/v1/inbox".to_owned()).of(office)?, Duration::ZERO).await
}

fn still_good(answer: &Result<Bytes, LineError>) -> bool {
    matches!(answer, Ok(_) | Err(LineError::Refused { .. }))
}

/// A terminal that waits.
#[derive(Debug)]
pub(super) struct Waits<'a>(&'a Field);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is asked, before it is said by whom.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

impl Asked {
    pub fn get(path: String) -> Self {
        Self { method: Method::GET, path, headers: Vec::new(), body: Bytes::new() }
    }

    pub fn sealed(method: Method, path: String, body: Bytes) -> Self {
        Self { method, path, headers: vec![("content-type", SEALED_TYPE.to_owned())], body }
    }

    pub fn of(self, office: &Office) -> Result<Request<Full<Bytes>>, LineError> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .header(header::HOST, "hub")
            .header(header::AUTHORIZATION, office.bearer.clone());
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(self.body)).map_err(|_| LineError::Nonsense)
    }
}

/// Closes what was not used for a while, as the client does.
pub(super) async fn close_idle_lines(field: Arc<Field>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(IDLE / 12) => {}
            () = field.ended() => return,
        }
        for kept in &field.exchanges {
            if let Ok(mut kept) = kept.try_lock()
                && kept.as_ref().is_some_and(|kept| kept.used.elapsed() >= IDLE)
            {
                *kept = None;
            }
        }
    }
}
