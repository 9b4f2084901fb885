//! What care software, people and disks do to the watched folders: writers of every manner, names Windows does not know,
//! folders that may not be read, full disks. Nothing is sent half, nothing is lost, and each trouble has its sentence.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tayori::engine::habits::{AfterSending, National};
use tayori::engine::model::{Failure, Notice};

use crate::disk::SmallDisk;
use crate::folders::{Face, Share, change};
use crate::trouble::command_of_a_clerk;
use crate::world::{EAST, NORTH, SOUTH, Town, eventually, files_in, report, report_name, sample_of_south, text};

/// Pieces of a file, with the pauses of a program that works between them.
fn slowly(file: &mut File, bytes: &[u8], pieces: usize, pause: u64) {
    for part in bytes.chunks(bytes.len() / pieces + 1) {
        file.write_all(part).unwrap();
        std::thread::sleep(Duration::from_millis(pause));
    }
}

/// Every manner of writing at once, each ending with its whole report.
fn write_in_every_manner(folder: &Path) {
    let place = |n: usize| folder.join(report_name(n));
    std::thread::scope(|scope| {
        scope.spawn(move || slowly(&mut File::create(place(0)).unwrap(), &report(0), 8, 300));
        // Written under another name, then renamed.
        scope.spawn(move || {
            let beside = folder.join("work.tmp");
            slowly(&mut File::create(&beside).unwrap(), &report(1), 3, 300);
            fs::rename(beside, place(1)).unwrap();
        });
        // Written, found wanting, written anew from the first byte on.
        scope.spawn(move || {
            fs::write(place(2), [report(3), report(4)].concat()).unwrap();
            std::thread::sleep(Duration::from_millis(900));
            let mut file = File::create(place(2)).unwrap();
            std::thread::sleep(Duration::from_millis(900));
            slowly(&mut file, &report(2), 2, 200);
        });
        // Held locked for a while after the last byte.
        scope.spawn(move || {
            let mut file = File::create(place(3)).unwrap();
            file.lock().unwrap();
            file.write_all(&report(3)).unwrap();
            std::thread::sleep(Duration::from_secs(4));
        });
        // Room made first, filled afterwards.
        scope.spawn(move || {
            let bytes = report(4);
            let mut file = File::create(place(4)).unwrap();
            file.set_len(bytes.len() as u64).unwrap();
            std::thread::sleep(Duration::from_millis(700));
            slowly(&mut file, &bytes, 4, 300);
        });
        // Two programs at one file: one in front, one behind, in turns.
        scope.spawn(move || {
            let bytes = report(5);
            let (front, back) = bytes.split_at(bytes.len() / 2);
            let open = || OpenOptions::new().create(true).truncate(false).write(true).open(place(5)).unwrap();
            let (mut one, mut other) = (open(), open());
            other.seek(SeekFrom::Start(front.len() as u64)).unwrap();
            let size = |part: &[u8]| part.len() / 4 + 1;
            for (first, second) in front.chunks(size(front)).zip(back.chunks(size(back))) {
                one.write_all(first).unwrap();
                std::thread::sleep(Duration::from_millis(300));
                other.write_all(second).unwrap();
                std::thread::sleep(Duration::from_millis(300));
            }
        });
    });
}

#[test]
fn writers_of_every_manner_are_waited_for_and_their_files_arrive_whole() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let mut face = Face::of(&north);
    write_in_every_manner(&north.outgoing);
    let wanted: Vec<String> = (0..6).map(report_name).collect();
    face.until("all six are a draft", |face| face.files() == std::slice::from_ref(&wanted));
    face.until("of what they are in the end", |face| face.drafts.drafts[0].bundle.may_be_sent());
    face.stays(3_000, "and it stays so", |face| face.files() == std::slice::from_ref(&wanted));
    face.send(&face.drafts.drafts[0].clone());
    face.until("they are sent", |face| face.drafts.drafts.is_empty());
    eventually("they are with the hub", || north.states("sent") == ["accepted"]);
    south.must(&["receive"]);
    let expected: Vec<_> = (0..6).map(|n| (report_name(n), report(n))).collect();
    assert!(files_in(&south.import) == expected, "byte for byte");
}

#[test]
fn writers_of_every_manner_are_waited_for_on_a_share_that_tells_nothing() {
    let (_town, [north, _south]) = Town::of([NORTH, SOUTH]);
    let server = north.outgoing.with_file_name("server");
    fs::create_dir(&server).unwrap();
    let share = north.outgoing.with_file_name("share");
    let Some(_share) = Share::of(&server, &share) else { return };
    change(&north, |settings| settings.outgoing = share.clone());
    let mut face = Face::of(&north);
    write_in_every_manner(&server);
    let wanted: Vec<String> = (0..6).map(report_name).collect();
    face.until("all six are a draft", |face| face.files() == std::slice::from_ref(&wanted));
    face.until("of what they are in the end", |face| face.drafts.drafts[0].bundle.may_be_sent());
}

#[test]
fn a_name_that_windows_does_not_know_is_named_and_the_others_go() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let wrong = ["CON.pdf", "実績<5月>.pdf", "おわり. ", "a:b.CSV"];
    for name in wrong {
        fs::write(north.outgoing.join(name), "%PDF-1.4").unwrap();
    }
    let good = report_name(0).replace("UPJSK", "upjsk");
    fs::write(north.outgoing.join(report_name(0)), report(0)).unwrap();
    let mut face = Face::of(&north);
    face.until("the good one is a draft", |face| face.files() == [[report_name(0)]]);
    face.until("the others are named", |face| wrong.iter().all(|name| face.astray().contains(name)));
    assert!(!face.astray().contains(&good.as_str()));
    // Beside a good file, by hand.
    let pdf = north.outgoing.join("実績<5月>.pdf");
    let file = north.outgoing.join(report_name(0));
    north.run(&["send", text(&pdf), text(&file)]).says("「実績<5月>.pdf」");
    face.send(&face.drafts.drafts[0].clone());
    face.until("it is sent", |face| face.drafts.drafts.is_empty());
    eventually("it is with the hub", || north.states("sent") == ["accepted"]);
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import).len(), 1);
}

#[test]
fn a_watched_file_and_a_watched_folder_that_may_not_be_read_are_said_and_the_others_go() {
    let (town, [north, _south]) = Town::of([NORTH, SOUTH]);
    let second = north.outgoing.with_file_name("second");
    fs::create_dir(&second).unwrap();
    change(&north, |settings| settings.folders.more_outgoing.push(second.clone()));
    north.put_out_reports(2);
    fs::set_permissions(north.outgoing.join(report_name(1)), fs::Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(&second, fs::Permissions::from_mode(0o0)).unwrap();
    let Some(mut watch) = command_of_a_clerk(&town, &north, &["watch"]) else { return };
    let log = town.dir().join("said.txt");
    let mut watch = watch.stderr(File::create(&log).unwrap()).stdout(Stdio::null()).spawn().unwrap();
    let said = |words: &str| fs::read_to_string(&log).unwrap().matches(words).count();
    eventually("the folder is named", || {
        said(&format!("フォルダ「{}」の中を見ることが許されていません", second.display())) == 1
    });
    eventually("the other file is a draft", || said("[下書き]") == 1);
    // It may pass by itself, so it is named after half a minute.
    eventually("the file is named", || said(&format!("「{}」を開くことが許されていません", report_name(1))) == 1);
    fs::set_permissions(&second, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(second.join(report_name(2)), report(2)).unwrap();
    fs::set_permissions(second.join(report_name(2)), fs::Permissions::from_mode(0o644)).unwrap();
    eventually("what is in there is taken when it may be", || said("ファイル 2 個") == 1);
    let _ = watch.kill();
    let _ = watch.wait();
}

#[test]
fn b2_a_full_disk_loses_nothing_at_the_hand_over_folder() {
    let (_town, [_north, south]) = Town::of([NORTH, SOUTH]);
    let hand_over = south.import.with_file_name("hand over");
    fs::create_dir(&hand_over).unwrap();
    let Some(disk) = SmallDisk::on(&hand_over, "64k") else { return };
    change(&south, |settings| {
        settings.folders.national = Some(National { hand_over: hand_over.clone(), download: None, partners: vec![] });
    });
    let (plan, bytes) = sample_of_south(EAST.number);
    let path = south.put_out(&plan, &bytes);
    let ballast = disk.fill();
    south.run(&["send", text(&path)]).says("パソコンの空き容量が足りません");
    assert!(!hand_over.join(EAST.number).join(&plan).exists(), "no half file is seen");
    fs::remove_file(ballast).unwrap();
    south.must(&["receive"]);
    assert_eq!(fs::read(hand_over.join(EAST.number).join(&plan)).unwrap(), bytes);
    assert_eq!(south.states("sent"), ["laid-out"]);
}

#[test]
fn a_sent_file_that_cannot_be_put_away_stays_and_is_said_once() {
    let (_town, [north, _south]) = Town::of([NORTH, SOUTH]);
    change(&north, |settings| settings.folders.after_sending = AfterSending::PutAway);
    // Where the folder should be is a file.
    fs::write(north.outgoing.join("送信済"), "a note of somebody's").unwrap();
    let mut face = Face::of(&north);
    north.put_out(&report_name(0), &report(0));
    face.until("a draft", |face| face.files() == [[report_name(0)]]);
    face.send(&face.drafts.drafts[0].clone());
    let refused = Notice::Failed(Failure::NotPutAway { name: report_name(0) });
    face.until("it is said", |face| face.notices.contains(&refused));
    face.stays(3_000, "once", |face| face.notices.iter().filter(|notice| **notice == refused).count() == 1);
    assert_eq!(fs::read(north.outgoing.join(report_name(0))).unwrap(), report(0));
    fs::remove_file(north.outgoing.join("送信済")).unwrap();
    face.engine.send(tayori::engine::model::Command::Exchange);
    face.until("it goes when the way is free", |_| !north.outgoing.join(report_name(0)).exists());
}
