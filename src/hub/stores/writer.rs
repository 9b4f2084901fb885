//! One thread writes. It takes whatever waits, has it run in one transaction and answers after the commit, so that many
//! senders share one sync of the disk. A job that fails is rolled back to its savepoint and does not touch its neighbours.

use std::sync::mpsc::Receiver;
use std::time::Instant;

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use super::database::Connection;

/// How many jobs one commit may carry.
pub(super) const GROUP: usize = 64;

/// What is left to do when the group's commit is known.
pub(super) type Answer = Box<dyn FnOnce(Committed) + Send>;
pub(super) type Job = Box<dyn FnOnce(&Connection) -> Answer + Send>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Committed {
    Yes,
    No,
}

/// An engine's part in it.
pub(super) trait Writer: Send {
    /// One transaction for all of the group, and the answers. When it cannot begin or commit, every one of them hears so.
    fn write(&mut self, group: Vec<Job>);

    /// After a group, when nobody waits for its answer any more.
    fn rest(&mut self) {}
}

/// What the writer tells of its work.
#[derive(Clone, Debug)]
pub struct Meters {
    /// How many jobs shared a commit.
    pub groups: Histogram,
    /// How long one took, with its jobs.
    pub seconds: Histogram,
    /// Jobs that wait for the writer.
    pub waiting: Gauge,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            groups: Histogram::new(exponential_buckets(1.0, 2.0, 7)),
            seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 14)),
            waiting: Gauge::default(),
        }
    }
}

pub(super) fn write_until_closed(mut writer: impl Writer, waiting: &Receiver<Job>, meters: &Meters) {
    while let Ok(first) = waiting.recv() {
        let group: Vec<Job> = std::iter::once(first).chain(waiting.try_iter().take(GROUP - 1)).collect();
        let (jobs, began) = (group.len(), Instant::now());
        writer.write(group);
        meters.waiting.dec_by(i64::try_from(jobs).unwrap_or_default());
        meters.groups.observe(jobs as f64);
        meters.seconds.observe(began.elapsed().as_secs_f64());
        writer.rest();
    }
}
