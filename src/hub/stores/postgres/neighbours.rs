//! The other nodes over the same store: what happens at one rings at all of them.
//!
//! NOTIFY is quick and may be lost (a connection breaks, a node dies between its commit and its word). So each node also
//! asks once a second whom there is news for; whoever hears nothing waits a second longer and misses nothing.

use std::collections::BTreeSet;
use std::sync::Weak;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use postgres::fallible_iterator::FallibleIterator as _;

use super::{Address, Session};
use crate::hub::stores::StoreError;
use crate::hub::stores::database::{Database, DatabaseError, values};
use crate::standard::OfficeNumber;

const CHANNEL: &str = "tayori";
/// How often it is asked for whom there is news.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The rest after a connection was lost.
const REST: Duration = Duration::from_millis(500);
/// Most offices of one NOTIFY: 8,000 bytes are allowed.
const AT_ONCE: usize = 500;
/// Words that wait to be told. Beyond that the look of every second has to do.
const WAITING: usize = 10_000;

/// Who wakes those who wait here.
pub(in crate::hub) trait Rings: Send + Sync {
    /// There is news for this office.
    fn ring(&self, office: OfficeNumber);

    /// It is not known for whom there was news until now.
    fn ring_everyone(&self);

    /// Whatever was committed up to a moment ago was rung for.
    fn heard(&self);
}

/// Tells the other nodes. They are heard for as long as whoever rings here is there.
#[derive(Debug)]
pub(in crate::hub) struct Neighbours {
    tell: SyncSender<OfficeNumber>,
}

impl Neighbours {
    pub(in crate::hub::stores) fn of(address: &Address, rings: Weak<dyn Rings>) -> std::io::Result<Self> {
        let (tell, told) = sync_channel(WAITING);
        let (here, there) = (address.clone(), address.clone());
        std::thread::Builder::new().name("neighbours-tell".into()).spawn(move || tell_on(&here, &told))?;
        std::thread::Builder::new().name("neighbours".into()).spawn(move || listen(&there, &rings))?;
        Ok(Self { tell })
    }

    pub fn tell(&self, office: OfficeNumber) {
        let _ = self.tell.try_send(office);
    }
}

/// Several that come at once are one word.
fn tell_on(address: &Address, told: &Receiver<OfficeNumber>) {
    let mut session: Option<Session> = None;
    while let Ok(first) = told.recv() {
        let offices: BTreeSet<OfficeNumber> = std::iter::once(first).chain(told.try_iter().take(AT_ONCE - 1)).collect();
        let word = offices.iter().map(OfficeNumber::as_str).collect::<Vec<_>>().join(",");
        session = session.filter(|session| !session.is_lost()).or_else(|| Session::to(address).ok());
        if let Some(session) = &session {
            let database: &dyn Database = session;
            let notify = "SELECT 1 FROM pg_notify(?1, ?2)";
            if let Err(error) = database.exists("tell the other nodes", notify, values![CHANNEL, word.as_str()]) {
                tracing::warn!(%error, "the other nodes were not told; they look by themselves");
            }
        }
    }
}

/// Up to where the news was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ends {
    changed: i64,
    marks: i64,
}

fn listen(address: &Address, rings: &Weak<dyn Rings>) {
    // Kept over a broken connection: what came meanwhile is heard afterwards.
    let mut seen = None;
    while rings.strong_count() > 0 {
        if let Err(error) = listen_on(address, rings, &mut seen) {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(%error, source, "the other nodes are not heard; it is tried again");
        }
        std::thread::sleep(REST);
    }
}

fn listen_on(address: &Address, rings: &Weak<dyn Rings>, seen: &mut Option<Ends>) -> Result<(), StoreError> {
    let session = Session::to(address)?;
    let failed = |source: DatabaseError| StoreError::Statement { statement: "listen", source };
    session.run(&format!("LISTEN {CHANNEL}")).map_err(failed)?;
    while let Some(here) = rings.upgrade() {
        look(&session, &*here, seen)?;
        here.heard();
        drop(here);
        let began = Instant::now();
        while let Some(left) = LOOK_EVERY.checked_sub(began.elapsed()).filter(|left| !left.is_zero()) {
            let heard = session.with(|client| client.notifications().timeout_iter(left).next()).map_err(failed)?;
            let Some(heard) = heard else { break };
            let Some(here) = rings.upgrade() else { break };
            heard.payload().split(',').filter_map(|office| office.parse().ok()).for_each(|office| here.ring(office));
        }
    }
    Ok(())
}

/// Rings for whom there is news since the last look.
fn look(session: &Session, rings: &dyn Rings, seen: &mut Option<Ends>) -> Result<(), StoreError> {
    let database: &dyn Database = session;
    let ends = database.one(
        "ends of the lists",
        "SELECT (SELECT value FROM counter WHERE name = 'changed'), coalesce((SELECT max(seq) FROM mark), 0)",
        values![],
        |row| Ok(Ends { changed: row.get(0)?, marks: row.get(1)? }),
    )?;
    match *seen {
        Some(before) if ends == before => {}
        Some(before) if ends.changed >= before.changed && ends.marks >= before.marks => {
            let since = values![before.changed, before.marks];
            database.each("who has news", WHO_HAS_NEWS, since, |row| {
                rings.ring(row.parsed(0)?);
                Ok(())
            })?;
        }
        // The first look, or a database that was brought back to an earlier moment.
        _ => rings.ring_everyone(),
    }
    // Only now: whoever was not rung for because the connection broke is rung for after the next look.
    *seen = Some(ends);
    Ok(())
}

const WHO_HAS_NEWS: &str =
    "SELECT sender FROM parcel WHERE changed > ?1 UNION SELECT receiver FROM parcel WHERE changed > ?1
     UNION SELECT office FROM mark WHERE seq > ?2";
