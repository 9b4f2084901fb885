//! Told outside the window: toasts of the system with their sound, the number of unread parcels, a phone, a mailbox.
//!
//! [`between`] stands between the engine and its face: every event passes through, and what is worth a notice rings.
//! [`Ringer`] decides, the other files only show.

#[cfg(windows)]
mod app_id;
#[cfg(feature = "desktop")]
pub mod badge;
mod mail;
mod outside;
mod phone;
mod ringer;
mod toast;
#[cfg(feature = "desktop")]
pub mod tray;

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use outside::Outside;
pub use ringer::{Ring, Ringer};

use crate::engine::Engine;
use crate::engine::habits::NoticeHabits;
use crate::engine::model::{Event, Failure};
use crate::words::{Lang, outside as words};

/// The clock is looked at this often at least: it may have been set, or the computer may have slept.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Whether somebody looks at the window. Its face says so; what the window shows needs no toast.
#[derive(Clone, Debug, Default)]
pub struct Attention(Arc<AtomicBool>);

impl Attention {
    pub fn set(&self, in_front: bool) {
        self.0.store(in_front, Ordering::Relaxed);
    }

    fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a notice thread works with.
pub struct Bell {
    pub lang: Lang,
    pub habits: NoticeHabits,
    /// Where to remember which morning's summary was told.
    pub dir: PathBuf,
    pub attention: Attention,
    /// Wakes the face when there is an event to poll.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bell").field("lang", &self.lang).finish_non_exhaustive()
    }
}

/// Puts the notices between an engine and its face. The engine's own wake is not needed: what came is passed on, then
/// the face is woken. Ends with either of them.
pub fn between(engine: Engine, bell: Bell) -> (Engine, Inlet) {
    let (commands, events) = engine.into_parts();
    let (tell, told) = channel();
    let face = Engine::of_parts(commands, told);
    let inlet = Inlet { tell: tell.clone(), wake: bell.wake.clone() };
    let thread = std::thread::Builder::new().name("notices".into());
    if let Err(error) = thread.spawn(move || ring_until_closed(&events, &tell, &bell)) {
        tracing::error!(%error, "no notices: the thread did not start");
    }
    (face, inlet)
}

/// Tells the face what comes from neither it nor its engine: a second start, the icon beside the clock.
#[derive(Clone)]
pub struct Inlet {
    tell: Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Inlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inlet").finish_non_exhaustive()
    }
}

impl Inlet {
    pub fn tell(&self, event: Event) {
        let _ = self.tell.send(event); // the face may be gone by then
        (self.wake)();
    }
}

fn ring_until_closed(events: &Receiver<Event>, tell: &Sender<Event>, bell: &Bell) {
    let told = last_told(&bell.dir);
    let mut ringer = Ringer::new(bell.lang, TimeZone::system(), bell.habits.clone(), told);
    let waiting = Arc::new(AtomicUsize::new(0));
    let outside = Outside::new(bell.dir.clone(), Inlet { tell: tell.clone(), wake: bell.wake.clone() });
    let mut turn = None;
    loop {
        let now = Timestamp::now();
        let wait = ringer.due(now).map_or(LONGEST_WAIT, |due| {
            Duration::try_from(due.duration_since(now)).unwrap_or_default().min(LONGEST_WAIT)
        });
        match events.recv_timeout(wait) {
            Ok(Event::TryNotices) => {
                let trial = ringer.trial();
                show_here(&trial, tell, bell, &waiting);
                outside.try_out(ringer.habits().clone(), trial.outside);
            }
            Ok(event) => {
                ringer.hear(&event, Timestamp::now());
                if tell.send(event).is_err() {
                    return;
                }
                (bell.wake)();
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        ringer.in_front = bell.attention.is_there();
        let before = ringer.told();
        let rings = ringer.ring(Timestamp::now());
        if rings.iter().any(|ring| ring.is_common) && turn.is_none() {
            turn = take_turn(&bell.dir);
        }
        for ring in rings.iter().filter(|ring| turn.is_some() || !ring.is_common) {
            if ring.here {
                show_here(ring, tell, bell, &waiting);
            }
            outside.tell(ringer.habits(), &ring.outside);
        }
        if ringer.told() != before {
            keep_told(&bell.dir, ringer.told());
        }
    }
}

fn show_here(ring: &Ring, tell: &Sender<Event>, bell: &Bell, waiting: &Arc<AtomicUsize>) {
    let (tell, wake, place) = (tell.clone(), bell.wake.clone(), ring.place);
    let clicked = move || {
        let _ = tell.send(Event::Show(place)); // the face may be gone by then
        wake();
    };
    if let Err(error) = toast::show(ring, bell.lang, waiting, clicked) {
        // A server without a screen has nobody to show it to.
        tracing::info!(%error, "the system shows no notices");
    }
}

/// Tells a phone and a mailbox that somebody tries it, and waits; what did not work.
pub fn try_outside(lang: Lang, habits: &NoticeHabits, dir: &Path) -> Vec<Failure> {
    outside::trial(habits, dir, &words::trial(lang))
}

/// A window and `tayori watch` beside it hear much the same; one of them says it.
fn take_turn(dir: &Path) -> Option<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(dir.join("notices.lock")).ok()?;
    file.try_lock().ok().map(|()| file)
}

/// A summary that is told twice does no harm, so this file is worth no word when it is lost.
fn last_told(dir: &Path) -> Option<Date> {
    std::fs::read_to_string(dir.join("morning.txt")).ok()?.trim().parse().ok()
}

fn keep_told(dir: &Path, day: Option<Date>) {
    if let Some(day) = day
        && let Err(error) = std::fs::write(dir.join("morning.txt"), day.to_string())
    {
        tracing::warn!(%error, "the day of the morning's summary is not kept");
    }
}
