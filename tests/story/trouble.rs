//! Bad input: files, folders, disks, hubs and certificates that are not what they should be. One clear sentence, nothing
//! lost, the rest goes on.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tayori::engine::model::{Failure, SendRequest};
use tayori::hub::authority::Authority;

use crate::crooked::{Answer, Crooked, Deed, Request, listen};
use crate::disk::SmallDisk;
use crate::world::{
    Chance, LONGEST, NORTH, Office, SOUTH, TAYORI, Town, Watch, eventually, files_in, finish, report, report_name,
    text, write_settled,
};

/// North sends whatever waits, and nothing new.
const SEND: [&str; 3] = ["send", "--to", NORTH.number];

// --- files and folders

#[test]
fn a_file_that_is_still_being_written_is_sent_whole_or_not_at_all() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let (whole, path) = (report(0), north.outgoing.join(report_name(0)));
    let mut file = File::create(&path).unwrap();
    file.write_all(&whole[..100]).unwrap();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| north.must(&["send"]));
        // The care software takes its time over the rest.
        for part in whole[100..].chunks(whole.len() / 5) {
            std::thread::sleep(Duration::from_millis(400));
            file.write_all(part).unwrap();
        }
        sending.join().unwrap();
    });
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), whole)]);
}

#[test]
fn a_file_that_is_not_there_is_named_and_the_others_go() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let path = &north.put_out_reports(1)[0];
    let gone = north.outgoing.join(report_name(1));
    let run = north.run(&["send", text(&gone), text(path)]);
    run.says(&format!("「{}」が見つかりません", report_name(1))).says("1 件を送りました");
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import).len(), 1);
}

#[test]
fn a_file_that_vanishes_or_changes_after_the_look_is_not_sent_as_it_was() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let paths = north.put_out_reports(2);
    let terminal = north.profile().terminal().unwrap();
    let pace = tayori::folders::Pace::default();
    let prepare = |path: &Path| {
        let request = SendRequest::new(south.number(), vec![path.to_owned()], "");
        terminal.prepare(&request, pace, jiff::Timestamp::now())
    };
    fs::remove_file(&paths[0]).unwrap();
    assert_eq!(prepare(&paths[0]).unwrap_err(), Failure::FileMissing { name: report_name(0) });
    // What is sent is what was checked at the end, not what was looked at in the beginning.
    write_settled(&paths[1], b"\"half a rec");
    assert!(matches!(prepare(&paths[1]).unwrap_err(), Failure::ChecksFailed { .. }));
    assert!(north.list("outbox").is_empty());
}

#[test]
fn a_file_or_a_folder_that_may_not_be_opened_is_named_and_the_others_go() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.put_out_reports(2);
    let closed = north.outgoing.join(report_name(0));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    let Some(run) = as_a_clerk(&town, &north, &["send"]) else { return };
    run.says(&format!("「{}」を開くことが許されていません", report_name(0))).says("1 件を送りました");

    fs::set_permissions(&south.import, fs::Permissions::from_mode(0o555)).unwrap();
    let Some(run) = as_a_clerk(&town, &south, &["receive"]) else { return };
    run.says(&format!("フォルダ「{}」に書き込むことが許されていません", text(&south.import)));
    assert_eq!(south.states("inbox"), ["accepted"]);
    fs::set_permissions(&south.import, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(as_a_clerk(&town, &south, &["receive"]).unwrap().is_fine());
    assert_eq!(files_in(&south.import), [(report_name(1), report(1))]);
}

/// Runs a command as somebody whom permissions bind. `None` where we cannot become such a one.
pub fn as_a_clerk(town: &Town, office: &Office, args: &[&str]) -> Option<crate::world::Run> {
    command_of_a_clerk(town, office, args).map(|mut command| finish(&mut command))
}

/// The same command, not run yet.
pub fn command_of_a_clerk(town: &Town, office: &Office, args: &[&str]) -> Option<Command> {
    const NOBODY: u32 = 65534;
    let mut command = office.command(args);
    if fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me)).unwrap_or(1) == 0 {
        // Root may open everything, so root is nobody for a while.
        fs::set_permissions(town.dir(), fs::Permissions::from_mode(0o755)).unwrap();
        give_to(NOBODY, town.dir());
        command.uid(NOBODY).gid(NOBODY);
        let mut probe = Command::new(TAYORI);
        probe.arg("--version").uid(NOBODY).gid(NOBODY).stdout(Stdio::null());
        if !probe.status().is_ok_and(|status| status.success()) {
            eprintln!("skipped: nobody may not run {TAYORI}");
            return None;
        }
    }
    Some(command)
}

fn give_to(uid: u32, path: &Path) {
    chown(path, Some(uid), Some(uid)).unwrap();
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| give_to(uid, &entry.unwrap().path()));
    }
}

#[test]
fn an_import_folder_that_is_gone_is_named_and_filled_when_it_is_back() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.put_out_reports(1);
    north.must(&["send"]);
    let aside = south.import.with_file_name("aside");
    fs::rename(&south.import, &aside).unwrap();
    let run = south.run(&["receive"]);
    run.says(&format!("フォルダ「{}」が見つかりません", text(&south.import)));
    assert!(!south.import.exists(), "a folder nobody looks into would be no help");
    assert_eq!(south.states("inbox"), ["accepted"], "it is here, and not in the folder");
    fs::rename(&aside, &south.import).unwrap();
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))]);

    // Taken away with the files in it: that is not the care software, and nothing was imported.
    fs::rename(&south.import, &aside).unwrap();
    south.run(&["receive"]);
    assert_eq!(south.states("inbox"), ["arrived"]);
}

#[test]
fn b2_a_full_disk_loses_nothing_at_the_import_folder() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let Some(disk) = SmallDisk::on(&south.import, "64k") else { return };
    north.queue(&north.put_out_reports(3), &south);
    north.must(&SEND);
    let ballast = disk.fill();
    let run = south.run(&["receive"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("パソコンの空き容量が足りません"), "{run:?}");
    assert_eq!(files_in(&south.import), [], "no half file is seen");
    assert_eq!(south.states("inbox"), ["accepted"; 3]);
    fs::remove_file(ballast).unwrap();
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import).len(), 3);
    assert_eq!(fs::read(south.import.join(report_name(2))).unwrap(), report(2));
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived"; 3]);
}

#[test]
fn b2_a_full_disk_loses_nothing_at_the_history() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let home = south.profile.with_file_name("kept");
    fs::rename(&south.profile, &home).unwrap();
    fs::create_dir(&south.profile).unwrap();
    let Some(disk) = SmallDisk::on(&south.profile, "4m") else { return };
    let copied = Command::new("cp").arg("-a").arg(format!("{}/.", text(&home))).arg(&south.profile).status();
    assert!(copied.unwrap().success());
    north.queue(&north.put_out_reports(3), &south);
    north.must(&SEND);
    let ballast = disk.fill();
    south.run(&["receive"]).says("パソコンの空き容量が足りません");
    assert_eq!(files_in(&south.import), []);
    let (name, bytes) = crate::world::sample_of_south(NORTH.number);
    south.put_out(&name, &bytes);
    south.run(&["send"]).says("パソコンの空き容量が足りません");
    south.run(&["list", "inbox"]).says("パソコンの空き容量が足りません");
    fs::remove_file(ballast).unwrap();
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import).len(), 3);
    south.must(&["send"]);
}

#[test]
fn b2_a_full_disk_at_the_hub_refuses_and_keeps_what_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::on(dir.path(), "6m") else { return };
    let (mut town, [north, south]) = Town::in_folder(&dir.path().join("hub"), [NORTH, SOUTH]);
    let queued = north.queue(&north.put_out_reports(4), &south);
    north.call_instead(&town.url());
    let half = Crooked::before(&town, &north, {
        let last = queued[1].clone();
        move |request: &Request| {
            if request.is_put() && request.path.as_str() > format!("/v1/parcels/{last}x").as_str() {
                Deed::Break
            } else {
                Deed::Pass
            }
        }
    });
    north.run(&SEND);
    drop(half);
    north.call_instead(&town.url());
    assert_eq!(town.kept().len(), 2);
    let ballast = disk.fill();
    // Much more than what may be left at the end of the hub's files.
    let letter = north.put_out("絵.pdf", &[b"%PDF-1.4".to_vec(), noise(900_000)].concat());
    north.put_out(&report_name(9), &report(9));
    let report = north.outgoing.join(report_name(9));
    north.run(&["send", text(&letter), text(&report)]).says("連携基盤が混み合っているか、調子がよくありません");
    assert!(town.kept().len() < 5);
    fs::remove_file(ballast).unwrap();
    town.kill_hub();
    town.start_hub();
    north.retry_all();
    north.must(&SEND);
    assert_eq!(town.kept().len(), 5, "nothing that was accepted is missing, and the rest came when there was room");
}

/// Bytes that no packing makes fewer.
fn noise(length: usize) -> Vec<u8> {
    let mut chance = Chance::of(5);
    (0..length).map(|_| chance.next() as u8).collect()
}

// --- hubs

#[test]
fn a_hub_that_is_down_leaves_the_parcels_waiting_and_they_go_when_it_is_back() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    town.kill_hub();
    north.put_out_reports(1);
    let run = north.run(&["send"]);
    run.says("連携基盤につながりません").says("1件は送信待ち");
    assert_eq!(north.states("outbox"), ["waiting"]);
    south.run(&["receive"]).says("連携基盤につながりません");
    north.run(&["send"]).says("1件は送信待ち");
    assert_eq!(north.list("outbox").len(), 1, "the file went into the outbox before");

    // Somebody's PC goes on by itself.
    let _watch = Watch::of(&north);
    town.start_hub();
    eventually("it leaves by itself", || town.kept().len() == 1);
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))]);
    eventually("and the sender knows", || north.states("sent") == ["arrived"]);
}

#[test]
fn d9_a_hub_that_is_down_is_not_stormed() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    town.kill_hub();
    north.queue(&north.put_out_reports(5), &south);
    let (calls, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let counted = Arc::clone(&calls);
    let address = listen(Arc::clone(&stop), move |tcp| {
        counted.fetch_add(1, Ordering::Relaxed);
        drop(tcp);
    });
    north.call_instead(&format!("https://{address}"));
    let _watch = Watch::of(&north);
    eventually("it is tried", || calls.load(Ordering::Relaxed) > 0);
    // For as long as the first pause is, there is little to hear.
    std::thread::sleep(Duration::from_secs(4));
    let calls = calls.load(Ordering::Relaxed);
    stop.store(true, Ordering::Relaxed);
    assert!(calls <= 6, "{calls} calls in four seconds");
}

#[test]
fn d11_a_parcel_that_cannot_be_fetched_is_not_fetched_all_the_time() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let queued = north.queue(&north.put_out_reports(2), &south);
    north.must(&SEND);
    let damaged = format!("/v1/parcels/{}", queued[0]);
    let wanted = damaged.clone();
    let before = Crooked::before(&town, &south, move |request| match request.is("GET", &wanted) {
        true => Deed::Say(Answer::json(200, "not what it was")),
        false => Deed::Pass,
    });
    let fetches = || before.seen().iter().filter(|request| request.is("GET", &damaged)).count();
    let _watch = Watch::of(&south);
    eventually("the other one is here", || files_in(&south.import).len() == 1);
    // Its first trouble was met with three quick tries; after that it rests for longer and longer.
    let quick = fetches();
    assert!(quick <= 3, "{quick} times before the other one");
    std::thread::sleep(Duration::from_secs(8));
    assert!(fetches() - quick <= 2, "{} times in eight seconds", fetches() - quick);
}

#[test]
fn a_hub_that_says_nothing_is_given_up_in_good_time() {
    let (town, [north, _south]) = Town::of([NORTH, SOUTH]);
    north.must(&["receive"]);
    // It takes calls and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    north.call_instead(&format!("https://{}", silent.local_addr().unwrap()));
    north.put_out_reports(1);
    let began = Instant::now();
    north.run(&["send"]).says("連携基盤につながりません").says("1件は送信待ち");
    assert!(began.elapsed() < LONGEST / 2);
    assert_eq!(town.kept().len(), 0);
}

/// What a hub that is out of its mind might say to a request.
fn nonsense(what: &'static str) -> impl Fn(&Request) -> Deed + Send + Sync {
    move |request| {
        let changed = |change: fn(Answer) -> Answer| Deed::Change(Box::new(change));
        match what {
            "no JSON" if request.is("GET", "/v1/offices") => Deed::Say(Answer::json(200, "<html>it works</html>")),
            "other JSON" if request.is("GET", "/v1/offices") => Deed::Say(Answer::json(200, "{\"offices\": 7}")),
            "no revocation list" if request.is("GET", "/v1/crl") => Deed::Say(Answer::json(200, "none today")),
            "no list" if request.is("GET", "/v1/inbox") => Deed::Say(Answer::json(200, "[]")),
            "a list for ever" if request.is("GET", "/v1/inbox") => changed(|mut answer| {
                answer.body = String::from_utf8(answer.body).unwrap().replace("\"next\":1", "\"next\":0").into();
                answer
            }),
            "a larger size" if request.is("GET", "/v1/inbox") => changed(|mut answer| {
                let text = String::from_utf8(answer.body).unwrap();
                answer.body = text.replace("\"size\":", "\"size\":18446744073709551615,\"was\":").into();
                answer
            }),
            "a smaller size" if request.is("GET", "/v1/inbox") => changed(|mut answer| {
                let text = String::from_utf8(answer.body).unwrap();
                answer.body = text.replace("\"size\":", "\"size\":3,\"was\":").into();
                answer
            }),
            "another digest" if request.is("GET", "/v1/inbox") => changed(|mut answer| {
                let text = String::from_utf8(answer.body).unwrap();
                answer.body = text.replace("\"digest\":\"", "\"digest\":\"00").into();
                answer
            }),
            "another parcel" if request.is("GET", "/v1/parcels/") => changed(|mut answer| {
                answer.body.fill(b'x');
                answer
            }),
            "no redirect" if request.is("GET", "/v1/parcels/") => Deed::Say(Answer::json(302, "elsewhere")),
            _ => Deed::Pass,
        }
    }
}

#[test]
fn a_hub_that_talks_nonsense_does_no_harm_to_a_receiver() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.put_out_reports(1);
    north.must(&["send"]);
    const UNREADABLE: &str = "返事を読み取れませんでした";
    for (what, words) in [
        ("no JSON", UNREADABLE),
        ("other JSON", UNREADABLE),
        ("no revocation list", "いまは確かめられません"),
        ("no list", UNREADABLE),
        ("a larger size", UNREADABLE),
        ("a smaller size", UNREADABLE),
        ("another digest", UNREADABLE),
        ("another parcel", UNREADABLE),
        ("no redirect", "受け付けませんでした"),
    ] {
        let crooked = Crooked::before(&town, &south, nonsense(what));
        let run = south.run(&["receive"]);
        eprintln!("{what}");
        run.says(words);
        assert_eq!(run.stderr.lines().count(), 1, "{what}: {run:?}");
        assert!(files_in(&south.import).is_empty() && south.list("inbox").is_empty(), "{what}: {run:?}");
        drop(crooked);
    }
    let _crooked = Crooked::before(&town, &south, nonsense("a list for ever"));
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))], "and when it is sane again, all is here");
    assert_eq!(south.states("inbox"), ["arrived"], "nothing of it counted as refused");
}

/// What becomes of every request that moves a parcel, and what a clerk reads of it; `None` where all goes well.
#[test]
fn a_line_that_cuts_truncates_delays_or_repeats_is_said_in_a_sentence_or_not_felt_at_all() {
    const AWAY: &str = "連携基盤につながりません";
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    type Line = (fn() -> Deed, Option<&'static str>);
    let lines: [Line; 6] = [
        (|| Deed::Break, Some(AWAY)),
        (|| Deed::Lose, Some(AWAY)),
        (|| Deed::Tear, Some(AWAY)),
        (|| Deed::Change(Box::new(halved)), Some("返事を読み取れませんでした")),
        (|| Deed::Late(Duration::from_secs(2)), None),
        (|| Deed::Twice, None),
    ];
    for (number, (line, sentence)) in lines.into_iter().enumerate() {
        let carries = move |request: &Request| {
            request.is_put() || request.is("GET", "/v1/parcels/") || request.is("POST", "/v1/parcels/")
        };
        let script = move |request: &Request| if carries(request) { line() } else { Deed::Pass };
        let path = north.put_out(&report_name(number), &report(number));
        let crooked = Crooked::before(&town, &north, script);
        let run = north.run(&["send", text(&path)]);
        match sentence {
            Some(words) => drop(run.says(words).says("1件は送信待ち")),
            None => drop(run.or_panic()),
        }
        drop(crooked);
        north.call_instead(&town.url());
        north.retry_all();
        north.must(&SEND);
        let crooked = Crooked::before(&town, &south, script);
        let run = south.run(&["receive"]);
        match sentence {
            Some(words) => drop(run.says(words)),
            None => drop(run.or_panic()),
        }
        drop(crooked);
        south.call_instead(&town.url());
        south.must(&["receive"]);
        assert_eq!((files_in(&south.import).len(), town.kept().len()), (number + 1, number + 1), "once each");
    }
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived"; 6]);
}

/// An answer of which half was thrown away, with nothing to tell so.
fn halved(mut answer: Answer) -> Answer {
    answer.body.truncate(answer.body.len() / 2);
    answer
}

#[test]
fn a_hub_that_talks_nonsense_accepts_nothing() {
    let (town, [north, _south]) = Town::of([NORTH, SOUTH]);
    north.put_out_reports(1);
    let answers: [fn(Answer) -> Answer; 5] = [
        |_| Answer::json(200, "accepted!"),
        |_| Answer::json(200, "{}"),
        |mut answer| {
            let text = String::from_utf8(answer.body).unwrap();
            answer.body = text.replace("\"digest\":\"", "\"digest\":\"00").into();
            answer
        },
        |mut answer| {
            let id = tayori::parcel::ParcelId::new();
            let mut said: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            said["id"] = id.to_string().into();
            answer.body = said.to_string().into();
            answer
        },
        |_| Answer { status: 200, kind: String::new(), body: Vec::new() },
    ];
    for change in answers {
        // The parcel never gets to the hub, whatever is said in its name.
        let crooked = Crooked::before(&town, &north, move |request| {
            if !request.is_put() {
                return Deed::Pass;
            }
            let id = request.path.split(['/', '?']).nth(3).unwrap();
            let digest = tayori::parcel::sha256_hex(&request.body);
            let size = request.body.len();
            let said =
                serde_json::json!({"id": id, "digest": digest, "size": size, "accepted_at": "2026-06-01T00:00:00Z"});
            Deed::Say(change(Answer::json(201, &said.to_string())))
        });
        north.retry_all();
        north.run(&["send"]).says("返事を読み取れませんでした").says("1件は送信待ち");
        assert!(north.list("sent").is_empty(), "that was no acceptance");
        drop(crooked);
    }
    north.call_instead(&town.url());
    north.retry_all();
    north.must(&["send"]);
    assert_eq!(town.kept().len(), 1);
}

// --- certificates

#[test]
fn a_certificate_that_is_missing_broken_expired_or_somebody_elses_is_said_and_nothing_leaves() {
    let (town, []) = Town::of([]);
    let [north, south] = [NORTH, SOUTH].map(|person| town.join_by_request(person));
    for office in [&north, &south] {
        eventually("the hub knows the office", || office.log_in_first().is_fine());
    }
    let identity = north.profile.join("identity");
    let good = north.profile.join("good");
    copy(&identity, &good);
    let certificate = identity.join("certificate.pem");
    north.put_out_reports(1);
    let refused = |words: &str| {
        north.run(&["send"]).says(words);
        north.run(&["receive"]).says(words);
        assert_eq!(town.kept().len(), 0);
        assert!(north.list("inbox").is_empty(), "the history can be read all the same");
        fs::remove_dir_all(&identity).unwrap();
        copy(&good, &identity);
    };

    fs::remove_file(&certificate).unwrap();
    refused("電子証明書がありません");
    fs::write(&certificate, "-----BEGIN CERTIFICATE-----\nbroken").unwrap();
    refused("電子証明書を読み取れません");
    fs::copy(south.profile.join("identity/certificate.pem"), &certificate).unwrap();
    refused("電子証明書を読み取れません");
    fs::write(identity.join("ca.pem"), "").unwrap();
    refused("電子証明書を読み取れません");

    // All of another office's identity.
    fs::remove_dir_all(&identity).unwrap();
    south.identity().save(&identity, &north.vault()).unwrap();
    refused("別の事業所のものです");

    // Our own, from a year ago.
    let authority = Authority::open(&town.hub_dir().join("ca")).unwrap();
    let request = tayori::identity::request(north.number()).unwrap();
    let at = jiff::Timestamp::now().checked_sub(jiff::SignedDuration::from_hours(24 * 365)).unwrap();
    let old = authority.issue_office(&request.csr_pem, north.number(), at, 30).unwrap();
    let old = request.answered(old.pem.as_bytes(), authority.certificate_pem().as_bytes()).unwrap();
    old.save(&identity, &north.vault()).unwrap();
    refused("電子証明書の期限が切れています");

    north.must(&["send"]);
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))], "once it is mended, all goes");
    assert_eq!(town.kept().len(), 1);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
