//! It works while nobody is looking: the watched outgoing folders, over real files and a real engine.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tayori::engine::Engine;
use tayori::engine::habits::{AfterSending, Automatic, ImportRule, National};
use tayori::engine::model::{Command as Ask, Draft, Drafts, Event, Notice, SendRequest, Settings, Subject, Way};

use crate::world::{
    EAST, LONGEST, NORTH, Office, SOUTH, Town, Watch, eventually, files_in, report, report_name, sample_of_south,
};

/// A face that remembers the newest drafts and all notices.
pub struct Face {
    pub engine: Engine,
    pub drafts: Drafts,
    pub notices: Vec<Notice>,
}

impl Face {
    pub fn of(office: &Office) -> Face {
        let engine = Engine::start(office.profile(), || {}).expect("the terminal is set up");
        Face { engine, drafts: Drafts::default(), notices: Vec::new() }
    }

    fn hear(&mut self) {
        while let Some(event) = self.engine.poll() {
            match event {
                Event::Drafts(drafts) => self.drafts = drafts,
                Event::Notice(notice) => self.notices.push(notice),
                _ => {}
            }
        }
    }

    #[track_caller]
    pub fn until(&mut self, what: &str, mut holds: impl FnMut(&Face) -> bool) -> Duration {
        let began = Instant::now();
        loop {
            self.hear();
            if holds(self) {
                return began.elapsed();
            }
            let troubles: Vec<_> = self.drafts.drafts.iter().map(|draft| &draft.bundle.findings).collect();
            assert!(began.elapsed() < LONGEST, "never: {what}; {:?} {troubles:?}", self.files());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Nothing happens for a while.
    #[track_caller]
    pub fn stays(&mut self, millis: u64, what: &str, holds: impl Fn(&Face) -> bool) {
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(millis) {
            self.hear();
            assert!(holds(self), "{what}: {:?}", self.files());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The names of the files in each draft.
    pub fn files(&self) -> Vec<Vec<String>> {
        let names = |draft: &Draft| draft.bundle.files.iter().map(|file| file.name.clone()).collect();
        self.drafts.drafts.iter().map(names).collect()
    }

    pub fn astray(&self) -> Vec<&str> {
        self.drafts.astray.iter().map(|astray| astray.name.as_str()).collect()
    }

    /// One click on one draft.
    pub fn send(&self, draft: &Draft) {
        let paths = draft.bundle.files.iter().map(|file| file.path.clone()).collect();
        self.engine.send(Ask::Send(vec![SendRequest::new(draft.bundle.receiver, paths, "")]));
    }
}

pub fn change(office: &Office, change: impl FnOnce(&mut Settings)) {
    let mut profile = office.profile();
    change(&mut profile.settings);
    profile.save().unwrap();
}

fn drafts_listed(office: &Office) -> usize {
    office.list("drafts").len()
}

#[test]
fn what_is_written_slowly_is_a_draft_once_it_is_whole_and_leaves_by_one_click() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let mut face = Face::of(&north);
    face.until("the first word", |face| !face.notices.is_empty() || face.drafts.drafts.is_empty());

    let bytes = report(0);
    let mut file = fs::File::create(north.outgoing.join(report_name(0))).unwrap();
    for part in bytes.chunks(bytes.len() / 6 + 1) {
        file.write_all(part).unwrap();
        face.stays(400, "half a file is no draft", |face| face.drafts.drafts.is_empty());
    }
    drop(file);
    let took = face.until("a draft", |face| face.files() == [[report_name(0)]]);
    eprintln!("folders: a draft {took:.1?} after its last byte");
    let draft = face.drafts.drafts[0].clone();
    assert_eq!((draft.bundle.receiver, draft.goes_at, draft.more), (south.number(), None, 0));
    assert_eq!(draft.bundle.receiver_name, SOUTH.name);
    assert!(draft.bundle.may_be_sent() && draft.bundle.persons > 0);
    assert!(face.notices.contains(&Notice::Drafted { drafts: 1, troubled: 0 }), "{:?}", face.notices);
    let listed = north.list("drafts");
    assert_eq!((listed[0]["receiver"].as_str(), listed[0]["may_be_sent"].as_bool()), (Some(SOUTH.number), Some(true)));

    face.send(&draft);
    face.until("it is no draft any more", |face| face.drafts.drafts.is_empty());
    eventually("it is with the hub", || north.states("sent") == ["accepted"]);
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))]);
    assert!(north.outgoing.join(report_name(0)).exists(), "the file is the care software's");

    // The same content under the same name is remembered, also by the next start.
    drop(face);
    let mut face = Face::of(&north);
    north.put_out(&report_name(0), &report(0));
    north.put_out(&report_name(1), &report(1));
    face.until("the new one", |face| face.files() == [[report_name(1)]]);
}

#[test]
fn a_draft_mirrors_its_folder() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let second = north.outgoing.with_file_name("second");
    fs::create_dir(&second).unwrap();
    change(&north, |settings| settings.folders.more_outgoing.push(second.clone()));
    let mut face = Face::of(&north);
    north.put_out(&report_name(0), &report(0));
    fs::write(second.join(report_name(1)), report(1)).unwrap();
    fs::write(second.join(report_name(0)), report(0)).unwrap();
    north.put_out("お手紙.pdf", b"%PDF-1.4");
    north.put_out("メモ.docx", b"PK");
    face.until("both folders", |face| face.files() == [[report_name(0), report_name(1)]]);
    face.until("what has no receiver", |face| face.astray() == ["お手紙.pdf", "メモ.docx"]);
    assert_eq!(drafts_listed(&north), 1);

    // Broken, then mended, in place.
    let broken = report(1).iter().map(|byte| if *byte == b',' { b';' } else { *byte }).collect::<Vec<u8>>();
    fs::write(second.join(report_name(1)), broken).unwrap();
    face.until("it cannot be sent as it is", |face| {
        face.drafts.drafts.first().is_some_and(|draft| !draft.bundle.may_be_sent())
    });
    fs::write(second.join(report_name(1)), report(1)).unwrap();
    face.until("it can again", |face| face.drafts.drafts.first().is_some_and(|draft| draft.bundle.may_be_sent()));

    // A folder that is away for a while takes nothing with it; one that is deleted does.
    let aside = second.with_file_name("aside");
    fs::rename(&second, &aside).unwrap();
    face.engine.send(Ask::Exchange);
    face.until("the folder is missed", |face| face.astray().contains(&"second"));
    assert_eq!(face.files(), [[report_name(0), report_name(1)]]);
    fs::rename(&aside, &second).unwrap();
    face.engine.send(Ask::Exchange);
    face.until("it is back", |face| !face.astray().contains(&"second"));
    fs::remove_file(second.join(report_name(1))).unwrap();
    face.until("what was deleted is no draft", |face| face.files() == [[report_name(0)]]);

    face.engine.send(Ask::DismissDraft(south.number()));
    face.until("nobody wants it", |face| face.drafts.drafts.is_empty());
    drop(face);
    let mut face = Face::of(&north);
    face.stays(3_500, "dismissed is dismissed, also after a new start", |face| face.drafts.drafts.is_empty());
    north.put_out(&report_name(0), &report(2));
    face.until("changed content is new", |face| face.files() == [[report_name(0)]]);
}

#[test]
fn what_is_clean_goes_by_itself_where_that_is_switched_on_and_is_put_away() {
    let (town, [north, south, east]) = Town::of([NORTH, SOUTH, EAST]);
    north.put_out(&report_name(9), &report(9));
    let watch = Watch::of(&north);
    eventually("a draft", || drafts_listed(&north) == 1);
    drop(watch);
    change(&north, |settings| {
        let since = jiff::Timestamp::now();
        settings.folders.automatic =
            vec![Automatic { partner: south.number(), subjects: vec![Subject::Actuals], since }];
        settings.folders.after_sending = AfterSending::PutAway;
    });
    let _watches = [Watch::of(&north), Watch::of(&south)];
    fs::write(north.outgoing.join(report_name(0)), report(0)).unwrap();
    let broken = report_name(1);
    fs::write(north.outgoing.join(&broken), b"\"not\",\"a report\"\r\n").unwrap();
    eventually("it is in the folder of the receiver, and nobody touched anything", || {
        !files_in(&south.import).is_empty()
    });
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))]);
    let today = jiff::Zoned::now().date().to_string();
    let away = north.outgoing.join("送信済").join(today).join(report_name(0));
    eventually("it is put away", || away.exists());
    assert_eq!(fs::read(&away).unwrap(), report(0));
    assert!(north.outgoing.join(&broken).exists(), "what is broken waits for a person");
    assert!(north.outgoing.join(report_name(9)).exists(), "and so does what lay there before it was switched on");
    assert_eq!(town.kept().len(), 1);
    assert_eq!(north.list("drafts")[0]["files"].as_array().unwrap().len(), 2);
    assert!(files_in(&east.import).is_empty());
}

#[test]
fn d8_what_comes_goes_into_the_folder_of_its_desk_serial_by_serial() {
    let (_town, [north, south, east]) = Town::of([NORTH, SOUTH, EAST]);
    let [plans, missing] = ["予定", "まだない"].map(|name| south.import.with_file_name(name));
    let desk = south.import.with_file_name("北の係");
    fs::create_dir(&desk).unwrap();
    change(&south, |settings| {
        let rule = |folder: &Path| ImportRule { folder: folder.to_owned(), ..ImportRule::default() };
        settings.folders.import_rules = vec![
            ImportRule { subjects: vec![Subject::Provision], ..rule(&plans) },
            ImportRule { partners: vec![north.number()], ..rule(&desk) },
        ];
    });
    change(&east, |settings| {
        settings.folders.import_rules = vec![ImportRule { folder: missing.clone(), ..ImportRule::default() }];
    });
    // The later serial leaves first.
    let paths = [north.put_out(&report_name(5), &report(5)), north.put_out(&report_name(2), &report(2))];
    north.queue(&paths, &south);
    north.must(&["send", "--to", NORTH.number]);
    let order = Order::of(&desk);
    south.must(&["receive"]);
    assert_eq!(order.seen(), [report_name(2), report_name(5)], "the older serial is there first");
    assert_eq!(files_in(&south.import), []);

    let (plan, bytes) = sample_of_south(EAST.number);
    let path = south.put_out(&plan, &bytes);
    south.must(&["send", path.to_str().unwrap()]);
    east.run(&["receive"]).says(&format!("フォルダ「{}」が見つかりません", missing.display()));
    fs::create_dir(&missing).unwrap();
    east.must(&["receive"]);
    assert_eq!(files_in(&missing), [(plan, bytes)]);
}

/// The order in which files came into a folder, as the system tells it.
struct Order {
    _watcher: notify::RecommendedWatcher,
    names: std::sync::mpsc::Receiver<String>,
}

impl Order {
    fn of(folder: &Path) -> Order {
        use notify::Watcher as _;
        let (tell, names) = std::sync::mpsc::channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            for path in event.unwrap().paths {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if !name.starts_with('.') && path.is_file() {
                    let _ = tell.send(name);
                }
            }
        })
        .unwrap();
        watcher.watch(folder, notify::RecursiveMode::NonRecursive).unwrap();
        Order { _watcher: watcher, names }
    }

    fn seen(&self) -> Vec<String> {
        let mut seen: Vec<String> = Vec::new();
        while let Ok(name) = self.names.recv_timeout(Duration::from_secs(1)) {
            if !seen.contains(&name) {
                seen.push(name);
            }
        }
        seen
    }
}

#[test]
fn a_months_files_are_drafts_within_seconds() {
    let (_town, [north, _south]) = Town::of([NORTH, SOUTH]);
    let mut face = Face::of(&north);
    let files: Vec<_> = (0..300).map(|number| (report_name(number), report(number))).collect();
    for (name, bytes) in &files {
        fs::write(north.outgoing.join(name), bytes).unwrap();
    }
    let took = face.until("all of them", |face| face.files().first().is_some_and(|files| files.len() == 300));
    eprintln!("folders: 300 files are a checked draft {took:.1?} after the last was written");
}

#[test]
fn five_thousand_files_at_once_are_all_found_and_those_of_one_parcel_are_a_draft() {
    let (_town, [north, _south]) = Town::of([NORTH, SOUTH]);
    let mut face = Face::of(&north);
    const COUNT: usize = 5_000;
    let bytes: Vec<Vec<u8>> = (0..40).map(report).collect();
    let began = Instant::now();
    for number in 0..COUNT {
        fs::write(north.outgoing.join(report_name(number)), &bytes[number % bytes.len()]).unwrap();
    }
    let wrote = began.elapsed();
    let all = |face: &Face| face.drafts.drafts.iter().map(|draft| draft.bundle.files.len() + draft.more).sum::<usize>();
    let took = face.until("all of them", |face| all(face) == COUNT && face.drafts.coming == 0);
    eprintln!("folders: {COUNT} files, written in {wrote:.1?}, are found and checked {took:.1?} later");
    let [draft] = &face.drafts.drafts[..] else { panic!("one receiver") };
    assert!(draft.bundle.may_be_sent() && draft.more > 0, "{:?}", draft.bundle.findings);
    assert!(face.drafts.astray.is_empty(), "{:?}", face.astray());
}

#[test]
fn beside_the_national_system_files_are_laid_out_and_downloads_are_taken_in() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let [hand_over, download] = ["hand over", "download"].map(|name| south.import.with_file_name(name));
    for folder in [&hand_over, &download] {
        fs::create_dir(folder).unwrap();
    }
    change(&south, |settings| {
        let (hand_over, download) = (hand_over.clone(), Some(download.clone()));
        settings.folders.national = Some(National { hand_over, download, partners: vec![] });
    });
    // East is not with our hub.
    let (plan, bytes) = sample_of_south(EAST.number);
    let mut face = Face::of(&south);
    fs::write(south.outgoing.join(&plan), &bytes).unwrap();
    face.until("a draft", |face| face.files() == [[plan.clone()]]);
    let draft = face.drafts.drafts[0].clone();
    assert!(draft.way == Way::National && draft.bundle.may_be_sent(), "{:?}", draft.bundle.findings);
    face.send(&draft);
    face.until("it is no draft any more", |face| face.drafts.drafts.is_empty());
    let laid_out = hand_over.join(EAST.number).join(&plan);
    eventually("it is laid out", || laid_out.exists());
    assert_eq!(fs::read(&laid_out).unwrap(), bytes);
    eventually("the list says so", || south.states("sent") == ["laid-out"]);
    assert_eq!(south.list("sent")[0]["way"], "national");
    assert!(south.list("outbox").is_empty() && town.kept().is_empty(), "the hub has nothing to do with it");

    // What its client downloads, one file after the other, and something that is none of our business.
    fs::write(download.join(report_name(0)), report(0)).unwrap();
    fs::write(download.join("setup.exe"), "MZ").unwrap();
    face.stays(1_500, "half a download is none", |_| true);
    fs::write(download.join(report_name(1)), report(1)).unwrap();
    let came = |face: &Face| {
        let arrived = |notice: &&Notice| matches!(notice, Notice::Arrived { files: 2, partner_name, .. } if partner_name == NORTH.name);
        face.notices.iter().filter(arrived).count() == 1
    };
    face.until("both are one parcel", came);
    let inbox = south.list("inbox");
    assert_eq!((inbox.len(), &inbox[0]["way"], &inbox[0]["state"]), (1, &"national".into(), &"arrived".into()));
    assert!(files_in(&south.import).is_empty(), "they lie where the client put them");
    drop(face);
    let mut face = Face::of(&south);
    face.stays(6_000, "what came before does not come again", |face| {
        !face.notices.iter().any(|notice| matches!(notice, Notice::Arrived { .. }))
    });
    for number in 0..2 {
        fs::remove_file(download.join(report_name(number))).unwrap();
    }
    south.must(&["receive"]);
    assert_eq!(south.states("inbox"), ["imported"], "the care software took them");
    assert!(north.list("sent").is_empty());
}

/// A file system that tells of no changes made behind it, as a network drive does: a folder shown at a second place by
/// FUSE, and written to at the first.
pub struct Share {
    place: PathBuf,
}

impl Share {
    pub fn of(source: &Path, place: &Path) -> Option<Share> {
        fs::create_dir_all(place).unwrap();
        let mounted = Command::new("bindfs").arg(source).arg(place).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Share { place: place.to_owned() }),
            other => {
                assert!(std::env::var_os("CI").is_none(), "bindfs must run in CI: {other:?}");
                eprintln!("SKIPPED: bindfs does not run here, so no file system without events: {other:?}");
                None
            }
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}

#[test]
fn a_share_that_tells_nothing_is_listed() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let server = north.outgoing.with_file_name("server");
    fs::create_dir(&server).unwrap();
    let Some(_share) = Share::of(&server, &north.outgoing.with_file_name("share")) else { return };
    change(&north, |settings| settings.outgoing = north.outgoing.with_file_name("share"));
    let mut face = Face::of(&north);
    face.stays(1_000, "nothing is there", |face| face.drafts.drafts.is_empty());
    fs::write(server.join(report_name(0)), report(0)).unwrap();
    let took = face.until("a draft", |face| face.files() == [[report_name(0)]]);
    eprintln!("folders: on a share without events a draft after {took:.1?}");
    face.send(&face.drafts.drafts[0].clone());
    face.until("it is sent", |face| face.drafts.drafts.is_empty());
    eventually("it is with the hub", || north.states("sent") == ["accepted"]);
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))]);
}

/// What a process has used of the processor so far, by Linux.
fn processor_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

#[test]
fn an_idle_watch_costs_under_one_percent_of_a_core() {
    let (_town, [north, _south]) = Town::of([NORTH, SOUTH]);
    north.put_out_reports(100);
    let watch = Watch::of(&north);
    eventually("its drafts are made", || drafts_listed(&north) == 1);
    std::thread::sleep(Duration::from_secs(5));
    let Some(before) = processor_time(watch.id()) else { return };
    let idle = Duration::from_secs(30);
    std::thread::sleep(idle);
    let used = processor_time(watch.id()).unwrap() - before;
    eprintln!("folders: idle with 100 files for {idle:?}: {used:?} of the processor");
    assert!(used < idle / 100, "{used:?} in {idle:?}");
}
