//! Watches folders that care software writes to, and says which files are whole.
//!
//! The system's events only say *when* to look; what is there is told by looking. Events get lost on network drives, so
//! a slow listing runs beside them, and where none can be expected the listing is not so slow. A file counts as whole
//! when its size and time stood still while we watched and it can be opened alone. Its own time is not believed: copied
//! files bring an old one along, and clocks are set back. What cannot be opened is tried again with growing pauses and
//! then named. Nothing is moved or deleted here.
//!
//! [`Watch::look`] never waits; [`Watch::next_look`] says how long to wait for a sign.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::distant::is_distant;
use super::failure_of;
use super::take::{MOST_FILES, Stat, TakeError, Taken, list_with_stats, look, take_as};
use crate::history::Failure;

/// So many bytes one look takes; the rest comes with the next.
const AT_ONCE: u64 = 64 * 1024 * 1024;
/// A look at a distant folder takes no more than this share of the time.
const DISTANT_SHARE: u32 = 100;

/// How often to look and how patient to be.
#[derive(Clone, Copy, Debug)]
pub struct WatchPace {
    /// A file that stood still for so long is whole.
    pub quiet: Duration,
    /// The pause between two looks at files that are not whole yet.
    pub tick: Duration,
    /// The slow listing beside the events, and where there are none.
    pub slow: Duration,
    pub distant: Duration,
    /// The least pause between two listings, however many events come.
    pub gap: Duration,
    /// A file that could not be opened for so long is named.
    pub name_locked: Duration,
    /// A file that kept changing for so long is named.
    pub name_growing: Duration,
}

impl Default for WatchPace {
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(2),
            tick: Duration::from_millis(250),
            slow: Duration::from_secs(60),
            distant: Duration::from_millis(600),
            gap: Duration::from_millis(300),
            name_locked: Duration::from_secs(30),
            name_growing: Duration::from_secs(300),
        }
    }
}

/// What one look brought.
#[derive(Debug, Default)]
pub struct Look {
    /// Files that became whole, or whole again after a change.
    pub whole: Vec<(Taken, Stat)>,
    /// Files that were there and are not any more. A folder that cannot be looked into says nothing about its files.
    pub gone: Vec<PathBuf>,
    /// All that stands in the way now, when that has changed.
    pub troubles: Option<Vec<Trouble>>,
    /// Whether every folder was listed, so that all that is there is known.
    pub listed: bool,
}

/// A file or folder that cannot be read, by its place and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub path: PathBuf,
    pub failure: Failure,
}

/// The folders and what is known of their files.
pub struct Watch {
    folders: Vec<Folder>,
    files: HashMap<PathBuf, Seen>,
    pace: WatchPace,
    limit: u64,
    events: Option<RecommendedWatcher>,
    changed: Arc<AtomicBool>,
    listed: Option<Listing>,
    troubles: Vec<Trouble>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("folders", &self.folders)
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// The folder that events come from, as told apart from another one of the same name.
    heard: Option<Birthmark>,
    distant: bool,
    failure: Option<Failure>,
}

/// What stays the same as long as a folder is the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Birthmark(u64, u64, Option<SystemTime>);

#[derive(Clone, Copy, Debug)]
struct Listing {
    at: Instant,
    took: Duration,
}

#[derive(Debug)]
struct Seen {
    stat: Stat,
    /// Since when it is as it is, as far as we saw.
    since: Instant,
    /// Since when it has been on its way to being whole.
    first: Instant,
    state: SeenState,
}

#[derive(Debug, PartialEq)]
enum SeenState {
    /// Not whole yet, or not looked at.
    Waiting { tries: u32, next: Instant, named: Option<Failure> },
    /// Taken as it is.
    Taken,
    /// Cannot be taken as it is, and trying again would not help.
    Hopeless(Failure),
}

impl Watch {
    /// Watches these folders. `wake` is called when there may be something new. `known` are files that were taken before:
    /// they are told again only when they changed since.
    pub fn new(
        folders: &[PathBuf],
        pace: WatchPace,
        limit: u64,
        known: Vec<(PathBuf, Stat)>,
        now: Instant,
        wake: impl Fn() + Send + 'static,
    ) -> Self {
        let changed = Arc::new(AtomicBool::new(true));
        let flag = changed.clone();
        let events = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Our own reading is no news.
            let is_news = event.as_ref().map_or(true, |event| !event.kind.is_access() || is_closed_write(&event.kind));
            if is_news && !flag.swap(true, Ordering::SeqCst) {
                wake();
            }
        })
        .inspect_err(|error| tracing::warn!(%error, "the system tells no changes of folders; they are listed instead"))
        .ok();
        let seen = |stat| Seen { stat, since: now, first: now, state: SeenState::Taken };
        let folders = folders
            .iter()
            .map(|path| Folder { path: path.clone(), heard: None, distant: false, failure: None })
            .collect();
        Self {
            folders,
            files: known.into_iter().map(|(path, stat)| (path, seen(stat))).collect(),
            pace,
            limit,
            events,
            changed,
            listed: None,
            troubles: Vec::new(),
        }
    }

    /// How long to wait for a sign before the next look.
    pub fn next_look(&self, now: Instant) -> Duration {
        let listing = self.next_listing().map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let waiting = self.files.values().filter_map(|seen| match &seen.state {
            SeenState::Waiting { next, named, .. } => {
                let tick = if named.is_some() { self.pace.tick * 20 } else { self.pace.tick };
                Some(
                    next.saturating_duration_since(now)
                        .max(tick.min((seen.since + self.pace.quiet).saturating_duration_since(now))),
                )
            }
            _ => None,
        });
        waiting.min().unwrap_or(Duration::MAX).min(listing)
    }

    /// When the folders are listed next; `None` is at once.
    fn next_listing(&self) -> Option<Instant> {
        let Listing { at, took } = self.listed?;
        if self.changed.load(Ordering::SeqCst) {
            // A listing that takes long is not made after every event.
            return Some(at + self.pace.gap.max(took * 4));
        }
        let silent = self.folders.iter().any(|folder| folder.distant || folder.heard.is_none());
        let pause =
            if silent { self.pace.distant.max(took * DISTANT_SHARE).min(self.pace.slow) } else { self.pace.slow };
        Some(at + pause)
    }

    /// How many files are there that are not whole yet, and not named as trouble either.
    pub fn coming(&self) -> usize {
        let comes = |seen: &&Seen| matches!(seen.state, SeenState::Waiting { named: None, .. });
        self.files.values().filter(comes).count()
    }

    /// Forces a listing with the next look: after a sleep, or because somebody asks.
    pub fn look_afresh(&mut self) {
        self.listed = None;
    }

    /// A file that was told as whole could not be used after all: it is told again.
    pub fn tell_again(&mut self, path: &Path, now: Instant) {
        if let Some(seen) = self.files.get_mut(path) {
            seen.state = SeenState::Waiting { tries: 0, next: now + self.pace.quiet, named: None };
        }
    }

    /// Looks at what is due.
    pub fn look(&mut self, now: Instant) -> Look {
        let mut found = Look::default();
        if self.next_listing().is_none_or(|at| at <= now) {
            self.list(now, &mut found);
        } else {
            self.look_at_waiting(now);
        }
        self.take_whole(now, &mut found);
        let troubles = self.current_troubles();
        if troubles != self.troubles {
            self.troubles.clone_from(&troubles);
            found.troubles = Some(troubles);
        }
        found
    }

    fn list(&mut self, now: Instant, found: &mut Look) {
        self.changed.store(false, Ordering::SeqCst);
        let began = Instant::now();
        let mut there = HashMap::new();
        let mut unknown: Vec<PathBuf> = Vec::new();
        let Self { folders, events, .. } = self;
        for folder in folders.iter_mut() {
            folder.hear(events.as_mut());
            folder.failure = None;
            for entry in list_with_stats(std::slice::from_ref(&folder.path), MOST_FILES) {
                match entry {
                    Ok((path, stat)) => drop(there.insert(path, stat)),
                    Err(error) => {
                        // A file that went between two calls is simply gone.
                        let vanished = matches!(&error, TakeError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound);
                        let is_folder = error.path() == folder.path;
                        if is_folder || !vanished {
                            folder
                                .failure
                                .get_or_insert_with(|| if is_folder { of_folder(&error) } else { error.failure() });
                            let cut = matches!(error, TakeError::TooMany { .. });
                            unknown.push(if cut { folder.path.clone() } else { error.path().to_owned() });
                        }
                    }
                }
            }
        }
        let is_unknown = |path: &Path| unknown.iter().any(|place| path.starts_with(place));
        let watched = |path: &Path| self.folders.iter().any(|folder| path.starts_with(&folder.path));
        self.files.retain(|path, _| {
            let stays = there.contains_key(path) || (is_unknown(path) && watched(path));
            if !stays {
                found.gone.push(path.clone());
            }
            stays
        });
        for (path, stat) in there {
            self.note(path, stat, now);
        }
        found.listed = unknown.is_empty();
        self.listed = Some(Listing { at: now, took: began.elapsed() });
    }

    fn look_at_waiting(&mut self, now: Instant) {
        let waiting = |seen: &Seen| matches!(seen.state, SeenState::Waiting { .. });
        let paths: Vec<PathBuf> =
            self.files.iter().filter(|(_, seen)| waiting(seen)).map(|(path, _)| path.clone()).collect();
        for path in paths {
            // One that is gone is noticed by the listing.
            if let Ok(stat) = look(&path) {
                self.note(path, stat, now);
            }
        }
    }

    fn note(&mut self, path: PathBuf, stat: Stat, now: Instant) {
        let waiting = || SeenState::Waiting { tries: 0, next: now, named: None };
        match self.files.get_mut(&path) {
            None => drop(self.files.insert(path, Seen { stat, since: now, first: now, state: waiting() })),
            Some(seen) if seen.stat == stat => {}
            Some(seen) => {
                let growing = matches!(seen.state, SeenState::Waiting { .. });
                let first = if growing { seen.first } else { now };
                let named = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let named = (now.duration_since(first) >= self.pace.name_growing)
                    .then_some(Failure::FileUnsettled { name: named });
                *seen = Seen { stat, since: now, first, state: SeenState::Waiting { tries: 0, next: now, named } };
            }
        }
    }

    fn take_whole(&mut self, now: Instant, found: &mut Look) {
        let Self { files, pace, limit, changed, .. } = self;
        let mut budget = AT_ONCE;
        let mut due: Vec<(&PathBuf, &mut Seen)> = files
            .iter_mut()
            .filter(|(_, seen)| match seen.state {
                SeenState::Waiting { next, .. } => seen.since + pace.quiet <= now && next <= now,
                _ => false,
            })
            .collect();
        due.sort_by(|one, other| one.0.cmp(other.0));
        for (path, seen) in due {
            if budget == 0 {
                break;
            }
            match take_as(path, seen.stat, *limit) {
                Ok(taken) => {
                    budget = budget.saturating_sub((taken.bytes.len() as u64).max(1));
                    seen.state = SeenState::Taken;
                    found.whole.push((taken, seen.stat));
                }
                // Noticed with the next look.
                Err(TakeError::Unsettled { .. }) => seen.since = now,
                Err(TakeError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                    seen.since = now;
                    changed.store(true, Ordering::SeqCst);
                }
                Err(TakeError::Io { source, .. }) => seen.try_later(failure_of(&source, path), now, pace),
                Err(error) => seen.state = SeenState::Hopeless(error.failure()),
            }
        }
    }

    fn current_troubles(&self) -> Vec<Trouble> {
        let of_folders = self
            .folders
            .iter()
            .filter_map(|folder| folder.failure.clone().map(|failure| Trouble { path: folder.path.clone(), failure }));
        let of_files = self.files.iter().filter_map(|(path, seen)| match &seen.state {
            SeenState::Waiting { named: Some(failure), .. } | SeenState::Hopeless(failure) => {
                Some(Trouble { path: path.clone(), failure: failure.clone() })
            }
            _ => None,
        });
        let mut troubles: Vec<Trouble> = of_folders.chain(of_files).collect();
        troubles.sort_by(|one, other| one.path.cmp(&other.path));
        troubles
    }
}

impl Seen {
    fn try_later(&mut self, failure: Failure, now: Instant, pace: &WatchPace) {
        let SeenState::Waiting { tries, named, .. } = &mut self.state else { return };
        *tries += 1;
        // Antivirus holds a file for seconds: soon at first, then like everything else that waits for a person.
        let gap = if now.duration_since(self.since) < pace.name_locked {
            Duration::from_millis(50 << (*tries).min(4))
        } else {
            *named = Some(failure);
            Duration::from_secs(5 << tries.saturating_sub(40).min(3))
        };
        let (tries, named) = (*tries, named.take());
        self.state = SeenState::Waiting { tries, next: now + gap, named };
    }
}

impl Folder {
    /// Listens to the folder, again when it is another one than before.
    fn hear(&mut self, events: Option<&mut RecommendedWatcher>) {
        let mark = Birthmark::of(&self.path);
        if mark.is_some() && mark == self.heard {
            return;
        }
        let Some(events) = events else { return };
        if self.heard.take().is_some() {
            let _ = events.unwatch(&self.path);
        }
        if mark.is_some() {
            self.distant = is_distant(&self.path);
            match events.watch(&self.path, RecursiveMode::Recursive) {
                Ok(()) => self.heard = mark,
                Err(error) => tracing::warn!(%error, "changes of a folder are not told; it is listed instead"),
            }
        }
    }
}

impl Birthmark {
    fn of(folder: &Path) -> Option<Self> {
        let metadata = fs::metadata(folder).ok().filter(fs::Metadata::is_dir)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Some(Self(metadata.dev(), metadata.ino(), None))
        }
        #[cfg(not(unix))]
        Some(Self(0, 0, metadata.created().ok()))
    }
}

/// What is in the way of the whole folder.
fn of_folder(error: &TakeError) -> Failure {
    let path = error.path().display().to_string();
    match error {
        TakeError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Failure::FolderNotReadable { path }
        }
        _ => Failure::FolderMissing { path },
    }
}

fn is_closed_write(kind: &notify::EventKind) -> bool {
    use notify::event::{AccessKind, AccessMode, EventKind};
    matches!(kind, EventKind::Access(AccessKind::Close(AccessMode::Write)))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use super::*;

    /// A folder that is watched, with a clock that the test turns.
    struct Desk {
        dir: tempfile::TempDir,
        out: PathBuf,
        watch: Watch,
        now: Instant,
    }

    impl Desk {
        fn new() -> Desk {
            let dir = tempfile::tempdir().unwrap();
            let out = dir.path().join("outgoing");
            fs::create_dir(&out).unwrap();
            let now = Instant::now();
            let watch = Watch::new(std::slice::from_ref(&out), WatchPace::default(), 1 << 20, vec![], now, || ());
            Desk { dir, out, watch, now }
        }

        /// Lets time pass and looks, whatever the system has told.
        fn after(&mut self, millis: u64) -> Look {
            self.now += Duration::from_millis(millis);
            self.watch.look_afresh();
            self.watch.look(self.now)
        }

        /// Looks as often as the watch wants to for so long, and returns the names of what became whole.
        fn for_seconds(&mut self, seconds: u64) -> Vec<String> {
            let end = self.now + Duration::from_secs(seconds);
            let mut names = Vec::new();
            while self.now < end {
                let wait = self.watch.next_look(self.now).max(Duration::from_millis(10));
                self.now += wait.min(end - self.now);
                names.extend(names_of(&self.watch.look(self.now)));
            }
            names
        }

        fn put(&self, name: &str, text: &str) -> PathBuf {
            let path = self.out.join(name);
            fs::write(&path, text).unwrap();
            path
        }
    }

    fn names_of(look: &Look) -> Vec<String> {
        look.whole.iter().map(|(file, _)| file.name.clone()).collect()
    }

    #[test]
    fn a_file_is_whole_once_it_stood_still_and_told_once() {
        let mut desk = Desk::new();
        let path = desk.put("a.CSV", "1");
        assert!(names_of(&desk.after(0)).is_empty(), "its own time may say what it likes");
        assert!(names_of(&desk.after(1_500)).is_empty());
        fs::write(&path, "12").unwrap();
        assert!(names_of(&desk.after(1_000)).is_empty(), "it grew");
        assert!(names_of(&desk.after(1_900)).is_empty());
        let look = desk.after(200);
        assert_eq!(names_of(&look), ["a.CSV"]);
        assert_eq!(look.whole[0].0.bytes, b"12");
        assert!(names_of(&desk.after(60_000)).is_empty(), "once");
        fs::write(&path, "other").unwrap();
        assert!(names_of(&desk.after(100)).is_empty());
        assert_eq!(names_of(&desk.after(2_100)), ["a.CSV"], "a change is told");
        fs::remove_file(&path).unwrap();
        assert_eq!(desk.after(100).gone, [path]);
    }

    #[test]
    fn what_was_taken_before_a_restart_is_not_told_again() {
        let mut desk = Desk::new();
        desk.put("old.CSV", "1");
        desk.put("changed.CSV", "1");
        desk.for_seconds(4);
        let known: Vec<_> = desk.watch.files.iter().map(|(path, seen)| (path.clone(), seen.stat)).collect();
        desk.put("changed.CSV", "22");
        desk.put("new.CSV", "1");
        let folders = [desk.out.clone()];
        desk.watch = Watch::new(&folders, WatchPace::default(), 1 << 20, known, desk.now, || ());
        let mut told = desk.for_seconds(4);
        told.sort();
        assert_eq!(told, ["changed.CSV", "new.CSV"]);
    }

    #[test]
    fn a_clock_set_back_and_a_file_from_the_future_change_nothing() {
        let mut desk = Desk::new();
        let file = File::create(desk.out.join("future.CSV")).unwrap();
        file.set_modified(SystemTime::now() + Duration::from_secs(86_400 * 400)).unwrap();
        let file = File::create(desk.out.join("past.CSV")).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let mut told = desk.for_seconds(3);
        told.sort();
        assert_eq!(told, ["future.CSV", "past.CSV"]);
    }

    #[test]
    fn a_locked_file_is_tried_again_then_named_then_taken() {
        let mut desk = Desk::new();
        desk.put("free.CSV", "1");
        let path = desk.put("held.CSV", "1");
        let holder = File::options().write(true).open(&path).unwrap();
        holder.lock().unwrap();
        assert_eq!(desk.for_seconds(5), ["free.CSV"], "the other one is not held up");
        assert!(desk.watch.troubles.is_empty(), "antivirus lets go of it within seconds");
        desk.for_seconds(40);
        let locked = Trouble { path: path.clone(), failure: Failure::FileLocked { name: "held.CSV".into() } };
        assert_eq!(desk.watch.troubles, [locked]);
        let tries = |desk: &Desk| match desk.watch.files[&path].state {
            SeenState::Waiting { tries, .. } => tries,
            _ => 0,
        };
        let before = tries(&desk);
        desk.for_seconds(120);
        assert!((2..30).contains(&(tries(&desk) - before)), "{} tries in two minutes", tries(&desk) - before);
        drop(holder);
        assert_eq!(desk.for_seconds(60), ["held.CSV"]);
        assert!(desk.watch.troubles.is_empty());
    }

    #[test]
    fn a_file_that_grows_for_an_hour_is_named_and_taken_when_it_has_ended() {
        let mut desk = Desk::new();
        let mut file = File::create(desk.out.join("huge.CSV")).unwrap();
        for minute in 0..60 {
            for _ in 0..40 {
                file.write_all(b"row\r\n").unwrap();
                assert!(names_of(&desk.after(1_500)).is_empty());
            }
            let named: Vec<_> = desk.watch.troubles.iter().map(|trouble| trouble.failure.code()).collect();
            assert_eq!(named.is_empty(), minute < 5, "minute {minute}: {named:?}");
        }
        assert_eq!(desk.for_seconds(10), ["huge.CSV"]);
        assert!(desk.watch.troubles.is_empty());
    }

    #[test]
    fn a_folder_that_is_gone_says_nothing_about_its_files_and_is_watched_again_when_it_is_back() {
        let mut desk = Desk::new();
        let path = desk.put("a.CSV", "1");
        desk.put("b.CSV", "1");
        assert_eq!(desk.for_seconds(3).len(), 2);
        let aside = desk.dir.path().join("aside");
        fs::rename(&desk.out, &aside).unwrap();
        let look = desk.after(100);
        assert!(look.gone.is_empty() && !look.listed, "{look:?}");
        let missing = Failure::FolderMissing { path: desk.out.display().to_string() };
        assert_eq!(look.troubles.unwrap()[0].failure, missing);
        assert!(desk.for_seconds(120).is_empty());
        fs::remove_file(aside.join("b.CSV")).unwrap();
        fs::rename(&aside, &desk.out).unwrap();
        fs::write(&path, "changed").unwrap();
        let look = desk.after(100);
        assert_eq!(look.gone, [desk.out.join("b.CSV")]);
        assert!(look.troubles.unwrap().is_empty());
        assert_eq!(desk.for_seconds(5), ["a.CSV"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_can_never_be_read_is_named_and_holds_nothing_up() {
        use std::os::unix::ffi::OsStrExt as _;
        let mut desk = Desk::new();
        desk.put("large.CSV", &"x".repeat((1 << 20) + 1));
        let nameless = desk.out.join(std::ffi::OsStr::from_bytes(b"\x83\x65.CSV"));
        fs::write(&nameless, "a name in CP932").unwrap();
        desk.put("good.CSV", "1");
        assert_eq!(desk.for_seconds(5), ["good.CSV"]);
        let codes: Vec<_> = desk.watch.troubles.iter().map(|trouble| trouble.failure.code()).collect();
        assert_eq!(codes, ["too-large", "file-unreadable"]);
        fs::remove_file(&nameless).unwrap();
        desk.put("large.CSV", "smaller now");
        assert_eq!(desk.for_seconds(70), ["large.CSV"]);
        assert!(desk.watch.troubles.is_empty());
    }

    #[test]
    fn writers_that_rename_truncate_and_pause_are_waited_for() {
        let mut desk = Desk::new();
        desk.put("a.CSV.tmp", "whole at once");
        assert!(desk.for_seconds(5).is_empty());
        fs::rename(desk.out.join("a.CSV.tmp"), desk.out.join("a.CSV")).unwrap();
        let path = desk.put("b.CSV", "a first try that is longer");
        desk.after(1_000);
        fs::write(&path, "").unwrap();
        desk.after(1_500);
        fs::write(&path, "the second").unwrap();
        let mut told = Vec::new();
        for _ in 0..40 {
            told.extend(desk.after(100).whole);
        }
        told.sort_by(|one, other| one.0.name.cmp(&other.0.name));
        let told: Vec<_> = told.iter().map(|(file, _)| (file.name.as_str(), file.bytes.as_slice())).collect();
        assert_eq!(told, [("a.CSV", &b"whole at once"[..]), ("b.CSV", b"the second")]);
    }

    #[test]
    fn five_thousand_files_at_once_are_all_told_once() {
        let mut desk = Desk::new();
        for number in 0..5_000 {
            desk.put(&format!("{number}.CSV"), "row\r\n");
        }
        let mut told = desk.for_seconds(6);
        assert_eq!(told.len(), 5_000);
        told.sort();
        told.dedup();
        assert_eq!(told.len(), 5_000);
        assert!(desk.for_seconds(70).is_empty());
    }

    #[test]
    fn the_system_tells_of_a_new_file_and_of_one_in_a_folder_that_came_back() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("outgoing");
        fs::create_dir(&out).unwrap();
        let (wake, woken) = std::sync::mpsc::channel();
        let mut watch =
            Watch::new(std::slice::from_ref(&out), WatchPace::default(), 1 << 20, vec![], Instant::now(), move || {
                let _ = wake.send(());
            });
        for round in 0..2 {
            watch.look_afresh();
            watch.look(Instant::now());
            woken.try_iter().for_each(drop);
            fs::write(out.join(format!("{round}.CSV")), "1").unwrap();
            woken.recv_timeout(Duration::from_secs(20)).expect("an event");
            watch.look_afresh();
            watch.look(Instant::now());
            fs::remove_dir_all(&out).unwrap();
            watch.look_afresh();
            watch.look(Instant::now());
            fs::create_dir(&out).unwrap();
        }
    }

    #[test]
    fn an_idle_watch_wants_to_look_once_a_minute() {
        let mut desk = Desk::new();
        desk.put("a.CSV", "1");
        desk.for_seconds(5);
        desk.watch.changed.store(false, Ordering::SeqCst);
        desk.after(0);
        let wait = desk.watch.next_look(desk.now);
        let longest = if desk.watch.folders[0].distant { 1 } else { 60 };
        assert!(wait > Duration::from_secs(longest) / 2, "{wait:?}");
    }
}
