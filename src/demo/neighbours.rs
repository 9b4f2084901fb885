//! The other offices of the district, living in the background while somebody looks at one of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;

use super::headless::queue_month;
use super::{DemoError, DemoOffice, District};
use crate::engine::exchange::{Exchange, Round};
use crate::standard::OfficeNumber;

/// One office after the other, so that mail comes in one by one and can be watched.
const PAUSE: Duration = Duration::from_millis(1_500);

/// Dropping it ends their lives.
#[derive(Debug)]
pub struct Neighbours {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Neighbours {
    /// Starts the lives of all offices but `ours`.
    pub fn start(district: &District, ours: OfficeNumber) -> Result<Self, DemoError> {
        let mut others = Vec::new();
        for office in district.offices.iter().filter(|office| office.profile.settings.office != ours) {
            others.push((office.clone(), office.profile.exchange()?));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("neighbours".into())
            .spawn(move || live(&mut others, &stopped))
            .map_err(|source| DemoError::Io { path: "neighbours".into(), source })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn live(others: &mut [(DemoOffice, Exchange)], stop: &AtomicBool) {
    loop {
        for (office, exchange) in others.iter_mut() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            if let Err(error) = one_day(office, exchange) {
                tracing::warn!(office = %office.profile.settings.office, %error, "a neighbour's day went wrong");
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// Imports what came, sends what its care software put out.
fn one_day(office: &DemoOffice, exchange: &mut Exchange) -> Result<(), DemoError> {
    office.take_imports()?;
    queue_month(office, exchange)?;
    let mut round = Round::default();
    if let Err(error) = exchange.round(Timestamp::now(), &mut round) {
        tracing::warn!(office = %office.profile.settings.office, %error, "a neighbour's round ended early");
    }
    Ok(())
}
