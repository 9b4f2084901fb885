//! A load trial: made-up offices with certificates of their own wait at a hub, send, fetch and answer with receipts as
//! real terminals do, while it is counted how long everything takes and what the hub needs for it.
//!
//! The hub is one of the trial's own, in a folder that goes afterwards ([`Ground::Own`]), or one that an operator made
//! for trials and runs elsewhere ([`Ground::Standing`]); one with anybody else's office is never touched. When it is over,
//! a hub of our own is looked through: whatever it accepted must be there.
//!
//! | part | |
//! |---|---|
//! | [`shape`] | when which parcel is due; pure |
//! | `offices` | who takes part: keys, certificates, logins |
//! | `nodes` | the hub's processes, and what they use |
//! | `line` | one connection |
//! | `terminal`, `sender` | what a terminal does when it waits, and when it sends |
//! | `tally`, [`report`] | what was seen, and what it comes to |

mod field;
mod line;
mod nodes;
mod offices;
pub mod report;
mod sender;
pub mod shape;
mod tally;
mod terminal;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::ServerName;
use tokio::sync::watch;

use self::field::Field;
use self::nodes::Nodes;
use self::report::{HubUse, Report};
use self::shape::Schedule;
use crate::hub::home::{Home, HomeError, StoreChoice};
use crate::hub::settings::Limits;
use crate::hub::{HubError, check, descriptors, home};
use crate::identity::IdentityError;

/// Most offices of one trial.
pub const MOST_OFFICES: usize = 100_000;
/// The longest a trial may take; its logins hold for longer.
pub const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
const LOGINS_HOLD: SignedDuration = SignedDuration::from_hours(24);
/// How long everybody may take to connect, beside a second for every hundred; and a hub to look at its directory.
const CONNECT: Duration = Duration::from_secs(60);
/// How long the last parcels may take to arrive when nobody sends any more.
const ARRIVE: Duration = Duration::from_secs(60);
/// How often a trial says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Each has one terminal, which waits for mail.
    pub offices: usize,
    /// How many of them send at the same time; with none, everybody only waits.
    pub senders: usize,
    pub schedule: Schedule,
    pub parcel_bytes: usize,
}

impl Plan {
    /// How many sockets a process of either end needs: each terminal waits on one connection, and those that exchanged
    /// lately have another.
    fn sockets(&self) -> u64 {
        let parcels = self.schedule.peak().map_or(f64::INFINITY, |peak| peak * field::IDLE.as_secs_f64());
        // Beside the sender, the receiver.
        let exchanging = if self.senders == 0 { 0.0 } else { (2.0 * parcels).min(self.offices as f64) };
        self.offices as u64 + exchanging.ceil() as u64 + 100
    }
}

/// Where it is done.
#[derive(Debug)]
pub enum Ground {
    /// Hubs of our own on this machine, run by this program over one store that has nothing in it yet.
    Own { program: PathBuf, nodes: usize, store: StoreChoice },
    /// Hubs that somebody runs over this home, made for trials.
    Standing { home: Box<Home>, at: Vec<Node> },
}

/// Where a hub answers, and under which name.
#[derive(Clone, Debug)]
pub struct Node {
    pub address: SocketAddr,
    pub name: ServerName<'static>,
}

/// How far a trial is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Making { done: usize, of: usize },
    Connecting { done: usize, of: usize },
    Running { seconds: u64, waiting: usize, sent: u64, fetched: u64, failed: u64, resident: Option<u64> },
    Arriving { left: usize },
    Checking,
}

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error("an identity could not be made")]
    Identity(#[from] IdentityError),
    #[error("the hub at hand has offices that are not a trial's")]
    NotOurs,
    #[error("the store at hand has offices already")]
    NotEmpty,
    #[error("{needed} sockets are needed and the system gives {allowed}")]
    TooFewSockets { needed: u64, allowed: u64 },
    #[error("cannot make a folder, a thread or a process")]
    System(#[from] std::io::Error),
    #[error("a hub did not start")]
    NoStart,
    #[error("nobody could connect: {0}")]
    NobodyConnected(String),
    #[error("stopped before it began")]
    Stopped,
}

/// Runs the whole of it, until it is over or `stop` says so; what was seen until then is reported either way.
pub fn run(
    plan: &Plan,
    ground: Ground,
    stop: &watch::Receiver<bool>,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Report, LoadError> {
    let sockets = descriptors::raise();
    let needed = plan.sockets();
    if let Some(allowed) = sockets.filter(|allowed| *allowed < needed) {
        return Err(LoadError::TooFewSockets { needed, allowed });
    }
    match ground {
        Ground::Own { program, nodes, store } => on_our_own(plan, &program, nodes, &store, stop, tell),
        Ground::Standing { home, at } => {
            let now = Timestamp::now();
            if home.offices(now)?.iter().any(|office| !offices::is_ours(office.office)) {
                return Err(LoadError::NotOurs);
            }
            let made = offices::make(&home, plan.offices, LOGINS_HOLD, stop, tell)?;
            drive(plan, Field::new(at, made, plan.parcel_bytes, stop.clone()), None, tell)
        }
    }
}

fn on_our_own(
    plan: &Plan,
    program: &Path,
    count: usize,
    store: &StoreChoice,
    stop: &watch::Receiver<bool>,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Report, LoadError> {
    let folder = tempfile::tempdir()?;
    let home = own_home(&folder.path().join("hub"), store)?;
    if !home.offices(Timestamp::now())?.is_empty() {
        return Err(LoadError::NotEmpty);
    }
    let made = offices::make(&home, plan.offices, LOGINS_HOLD, stop, tell)?;
    let nodes = Nodes::start(program, home.dir(), store, count)?;
    let field = Field::new(nodes.at(), made, plan.parcel_bytes, stop.clone());
    let mut report = drive(plan, field, Some(&nodes), tell)?;
    nodes.stop();
    tell(Progress::Checking);
    let checked = check::check(&home, Timestamp::now())?;
    report.checked(&checked);
    Ok(report)
}

/// A hub that lets one machine play thousands of terminals.
fn own_home(dir: &Path, store: &StoreChoice) -> Result<Home, LoadError> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut settings = home::HubSettings::new(vec!["127.0.0.1".to_owned()], listen);
    settings.limits = Limits {
        terminal_requests_per_second: 0,
        address_requests_per_second: 0,
        connections: 0,
        connections_per_address: 0,
        ..Limits::default()
    };
    Ok(Home::init_with(dir, settings, store, Timestamp::now())?)
}

fn drive(
    plan: &Plan,
    field: Field,
    nodes: Option<&Nodes>,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Report, LoadError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("load").build()?;
    let (field, began) = (Arc::new(field), Timestamp::now());
    let resident = || nodes.and_then(Nodes::resident);
    let seen = runtime.block_on(async {
        let at_rest = resident();
        field.known_everywhere().await?;
        let connected_in = everybody_connects(plan, &field, tell).await?;
        let connections = field.waiting();
        let waiting = resident();
        let (cpu, clock) = (nodes.and_then(Nodes::cpu), Instant::now());
        let begun = everybody_sends(plan, &field, &resident, tell).await;
        let (sent_for, used) = (clock.elapsed(), nodes.and_then(Nodes::cpu));
        everything_arrives(&field, tell).await;
        let used = used.zip(cpu).map(|(after, before)| after.saturating_sub(before));
        let hub = HubUse::of(at_rest, waiting, nodes.and_then(Nodes::peak), used, sent_for, connections);
        Ok::<_, LoadError>((connected_in, sent_for, begun, hub))
    });
    let (connected_in, sent_for, begun, hub) = seen?;
    let report = Report::of(plan, &field, began, connected_in, sent_for, begun, hub);
    field.end();
    runtime.shutdown_timeout(Duration::from_secs(5));
    Ok(report)
}

/// Every terminal begins to wait for mail. Some may fail to; the report says how many.
async fn everybody_connects(
    plan: &Plan,
    field: &Arc<Field>,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Duration, LoadError> {
    for office in 0..plan.offices {
        tokio::spawn(terminal::live(Arc::clone(field), office));
    }
    tokio::spawn(field::close_idle_lines(Arc::clone(field)));
    let (began, patience) = (Instant::now(), CONNECT + Duration::from_secs(plan.offices as u64 / 100));
    let mut told = Instant::now();
    while field.waiting() < plan.offices && began.elapsed() < patience && !field.is_stopped() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if told.elapsed() >= TELL_EVERY {
            tell(Progress::Connecting { done: field.waiting(), of: plan.offices });
            told = Instant::now();
        }
    }
    match (field.is_stopped(), field.waiting()) {
        (true, _) => Err(LoadError::Stopped),
        (false, 0) => Err(LoadError::NobodyConnected(field.tally.first_failure())),
        _ => Ok(began.elapsed()),
    }
}

/// Sends what is due; says how many parcels were begun.
async fn everybody_sends(
    plan: &Plan,
    field: &Arc<Field>,
    resident: &(dyn Fn() -> Option<u64> + Sync),
    tell: &(dyn Fn(Progress) + Sync),
) -> u64 {
    let queue = Arc::new(sender::Queue::new(plan.schedule, Instant::now()));
    let mut senders: tokio::task::JoinSet<()> = (0..plan.senders)
        .map(|worker| sender::send_all(Arc::clone(field), Arc::clone(&queue), worker, plan.senders))
        .collect();
    if plan.senders == 0 {
        senders.spawn(sender::send_nothing(Arc::clone(field), Arc::clone(&queue)));
    }
    let mut every = tokio::time::interval(TELL_EVERY);
    every.tick().await;
    loop {
        tokio::select! {
            ended = senders.join_next() => if ended.is_none() { break },
            _ = every.tick() => tell(field.progress(queue.elapsed(), resident())),
        }
    }
    queue.begun()
}

async fn everything_arrives(field: &Field, tell: &(dyn Fn(Progress) + Sync)) {
    let (began, mut told) = (Instant::now(), Instant::now());
    while field.under_way() > 0 && began.elapsed() < ARRIVE && !field.is_stopped() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if told.elapsed() >= TELL_EVERY {
            tell(Progress::Arriving { left: field.under_way() });
            told = Instant::now();
        }
    }
}
