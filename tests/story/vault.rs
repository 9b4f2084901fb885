//! Private at rest: what lies on a terminal's disk and in its logs, and what becomes of it when the disk is in trouble.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tayori::history::History;

use crate::disk::SmallDisk;
use crate::trouble::as_a_clerk;
use crate::world::{
    Chance, LONGEST, NORTH, Office, PASSPHRASE, PASSWORD, SOUTH, Town, USER, ended, eventually, files_in, finish,
    report_name, sample, text, write_settled,
};

/// North sends whatever waits, and nothing new.
const SEND: [&str; 3] = ["send", "--to", NORTH.number];

// --- what a thief finds (S10), what a helper reads in a log (S11)

const MESSAGE: &str = "planted-message 印をつけた伝言";
const LETTER: &str = "planted-letter 田中まり子様の件";
const LETTER_NAME: &str = "planted-name-田中まり子.txt";

/// South writes to north: every table of the month, a letter, a message.
fn put_out_everything(south: &Office) -> Vec<PathBuf> {
    let month = include_bytes!("../../assets/demo/month.zip");
    let archive = zip::ZipArchive::new(std::io::Cursor::new(&month[..])).unwrap();
    let ours = format!("good/{}/", SOUTH.number);
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let wanted = names.iter().filter_map(|name| name.strip_prefix(&ours));
    let wanted = wanted.filter(|name| name.contains(NORTH.number) && name.starts_with("UP"));
    let mut paths: Vec<PathBuf> = wanted.map(|name| south.put_out(name, &sample(name))).collect();
    assert!(paths.len() >= 5, "{names:?}");
    let letter = south.outgoing.join(LETTER_NAME);
    write_settled(&letter, LETTER.as_bytes());
    paths.push(letter);
    paths
}

/// What must be found nowhere: as text, as the standard's files have it, and as Windows programs write it.
fn marks(south: &Office) -> Vec<(String, Vec<u8>)> {
    // The person whom the month's tables of these two are about, and who wrote them.
    let texts = ["3100000592", "介護　支援子", MESSAGE, LETTER, LETTER_NAME, PASSPHRASE, "planted-"];
    let mut marks = Vec::new();
    for text in texts {
        marks.push((text.to_owned(), text.as_bytes().to_vec()));
        marks.push((format!("{text} (CP932)"), encoding_rs::SHIFT_JIS.encode(text).0.into_owned()));
        marks.push((format!("{text} (UTF-16)"), text.encode_utf16().flat_map(u16::to_le_bytes).collect()));
    }
    marks.push(("the password".into(), PASSWORD.as_bytes().to_vec()));
    marks.push(("a token".into(), south.token().into_bytes()));
    let key = south.identity().key.pkcs8().to_vec();
    marks.push(("the private key".into(), key[40..72].to_vec()));
    marks
}

fn every_file(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { every_file(&path, found) } else { found.push(path) }
    }
}

/// Where a mark stands that should stand nowhere: file and mark.
fn found_in(folders: &[&Path], marks: &[(String, Vec<u8>)]) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    folders.iter().for_each(|folder| every_file(folder, &mut files));
    let mut found = Vec::new();
    for path in files {
        let bytes = fs::read(&path).unwrap_or_default();
        let name = path.file_name().unwrap().as_encoded_bytes();
        for (what, mark) in marks {
            let holds = |bytes: &[u8]| bytes.windows(mark.len()).any(|part| part == mark);
            if holds(&bytes) || holds(name) {
                found.push((path.clone(), what.clone()));
            }
        }
    }
    found
}

#[test]
fn s10_a_stolen_disk_gives_no_persons_data() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let temp = town.dir().join("temp");
    fs::create_dir(&temp).unwrap();
    let paths = put_out_everything(&south);
    let marks = marks(&south);
    let home = |office: &Office| office.profile.clone();
    let folders = [home(&north), home(&south), temp.clone()];
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    let nothing = |when: &str| {
        let found = found_in(&folders, &marks);
        assert!(found.is_empty(), "{when}: {found:?}");
    };
    nothing("before");
    let mut command = south.command(&["send", "--message", MESSAGE]);
    let run = finish(command.args(&paths).env("TMPDIR", &temp));
    assert!(run.is_fine(), "{run:?}");
    nothing("after sending");
    // Both go on as in an office, and then somebody pulls the plug: what was being written is there as it was.
    let watch = |office: &Office| {
        let mut command = office.command(&["watch"]);
        command.env("TMPDIR", &temp).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut watches = [watch(&north), watch(&south)];
    eventually("it is in the folder", || files_in(&north.import).len() == paths.len());
    nothing("while they run");
    for program in &mut watches {
        program.kill().unwrap();
        program.wait().unwrap();
    }
    assert!(north.profile.join("history.db-wal").exists(), "its log is looked into, too");
    nothing("after the plug was pulled");
    // Killed again and again while it receives and looks.
    let mut chance = Chance::of(10);
    for _ in 0..6 {
        for args in [&["receive"][..], &["send"], &["list", "inbox"]] {
            let mut command = north.command(args);
            let spawned = command.env("TMPDIR", &temp).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
            let mut program = spawned.unwrap();
            std::thread::sleep(chance.millis(5, 150));
            let _ = program.kill();
            ended(program, LONGEST);
        }
        nothing("after a kill");
    }
    // The scanner finds what is there: the import folder is the care software's, and stays as it is.
    let there: Vec<_> = found_in(&[&north.import], &marks).into_iter().map(|(_, what)| what).collect();
    for what in ["3100000592", LETTER, LETTER_NAME, "介護　支援子 (CP932)"] {
        assert!(there.iter().any(|found| found == what), "{what} is not found where it is: {there:?}");
    }
    assert!(north.list("inbox").len() == 1, "and all of it opens with the passphrase");
}

#[test]
fn s11_logs_hold_no_person_or_secret() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    let logs = town.dir().join("logs");
    fs::create_dir(&logs).unwrap();
    town.log_to(&logs.join("hub.log"));
    for office in [&north, &south] {
        office.call_instead(&town.url());
    }
    let paths = put_out_everything(&south);
    let mut marks = marks(&south);
    let mut number = 0;
    let mut run = |office: &Office, args: &[&str]| {
        let run = finish(office.command(args).env("TAYORI_LOG", "trace").env("TAYORI_PASSWORD", PASSWORD));
        number += 1;
        fs::write(logs.join(format!("{number}-{}.log", args[0])), &run.stderr).unwrap();
        run
    };
    let mut args = vec!["send", "--message", MESSAGE];
    args.extend(paths.iter().map(|path| text(path)));
    assert!(run(&south, &args).is_fine());
    assert!(run(&north, &["receive"]).is_fine());
    // Trouble is where programs talk most: a file in the way, a history that breaks, a hub that is gone.
    north.take_imports();
    run(&north, &["receive"]);
    run(&south, &["receive"]);
    run(&south, &["list", "sent"]);
    break_history(&north);
    run(&north, &["list", "inbox"]);
    run(&north, &["receive"]);
    run(&north, &["login", "--user", "nobody"]);
    assert!(run(&north, &["login", "--user", USER]).is_fine());
    town.kill_hub();
    run(&north, &["receive"]);
    run(&south, &["send", text(&paths[0])]);
    // What `send` tells its user names the files that are sent, and whom they are for; that is no log.
    let said = |line: &str| line.starts_with("20") && (line.contains("Z ") || line.contains("T"));
    let mut bytes = 0;
    for entry in fs::read_dir(&logs).unwrap() {
        let path = entry.unwrap().path();
        let all = fs::read_to_string(&path).unwrap();
        let logged: String = all.lines().filter(|line| said(line)).flat_map(|line| [line, "\n"]).collect();
        bytes += logged.len();
        fs::write(path, logged).unwrap();
    }
    assert!(bytes > 40_000, "they said little: {bytes} bytes");
    marks.push(("the history's key".into(), north.vault().database_key().as_hex().as_bytes().to_vec()));
    let found = found_in(&[&logs], &marks);
    assert!(found.is_empty(), "{found:?}");
}

// --- a damaged history (B1)

/// Every second page is overwritten, the first one too.
fn break_history(office: &Office) {
    let path = office.profile.join("history.db");
    let mut bytes = fs::read(&path).unwrap();
    for page in bytes.chunks_mut(4096).step_by(2) {
        page.fill(0x5a);
    }
    fs::write(path, bytes).unwrap();
}

fn set_aside(office: &Office) -> usize {
    let names = fs::read_dir(&office.profile).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with("history-damaged-")).count()
}

#[test]
fn b1_a_damaged_history_is_noticed_and_rebuilt_from_the_hub() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.queue(&north.put_out_reports(3), &south);
    north.must(&SEND);
    south.must(&["receive"]);
    assert_eq!(south.take_imports(), 3);
    south.must(&["receive"]);
    north.must(&["receive"]);
    let ids = |office: &Office, which| -> Vec<String> {
        let mut ids: Vec<_> = office.list(which).iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let (came, went) = (ids(&south, "inbox"), ids(&north, "sent"));
    assert_eq!(came, went);

    break_history(&south);
    south.run(&["receive"]).says("履歴がこわれていたため");
    // Who was logged in stood there, too.
    assert!(south.log_in(USER, PASSWORD).is_fine());
    south.must(&["receive"]);
    assert_eq!(set_aside(&south), 1, "it is kept, for whoever can make more of it");
    assert_eq!(ids(&south, "inbox"), came, "all of it is back");
    assert!(files_in(&south.import).is_empty(), "and nothing of it is imported a second time");

    break_history(&north);
    north.run(&["receive"]).says("履歴がこわれていたため");
    assert!(north.log_in(USER, PASSWORD).is_fine());
    north.must(&["receive"]);
    assert_eq!(ids(&north, "sent"), went, "what we sent is sealed to us, too");
    assert_eq!(north.states("sent"), ["imported"; 3]);
    north.must(&["send"]);
    south.must(&["receive"]);
    assert!(files_in(&south.import).is_empty(), "nothing was sent again");
}

#[test]
fn b1_a_parcel_that_waits_survives_what_it_can_and_watch_mends_by_itself() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let queued = north.queue(&north.put_out_reports(2), &south);
    // One page somewhere at the end: most of it can be read.
    let path = north.profile.join("history.db");
    let mut bytes = fs::read(&path).unwrap();
    let pages = bytes.len() / 4096;
    bytes[4096 * (pages - 1) + 100] ^= 1;
    fs::write(&path, bytes).unwrap();
    let _watch = crate::world::Watch::of(&north);
    eventually("it was set aside", || set_aside(&north) == 1);
    // A command that meets the damaged page before it is mended fails, and that is all.
    eventually("what waited goes or is known to be lost", || {
        let run = north.run(&["list", "outbox", "--format", "json"]);
        run.is_fine() && run.stdout.trim() == "[]"
    });
    south.must(&["receive"]);
    let came = south.list("inbox").len();
    assert!(came >= 1 && came <= queued.len(), "{came}");
}

// --- an older version's terminal (B4)

/// Makes of a terminal what the version before this one left: a plain history, a plain key.
fn make_older(office: &Office) {
    let (identity, history) = (office.identity(), office.profile.join("history.db"));
    let vault = office.vault();
    drop(History::open(&history, vault.database_key()).unwrap());
    let encrypted = rusqlite::Connection::open(&history).unwrap();
    encrypted.pragma_update(None, "key", format!("x'{}'", vault.database_key().as_hex())).unwrap();
    let version: i64 = encrypted.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let plain = office.profile.join("made-plain.db");
    encrypted.execute("ATTACH DATABASE ?1 AS plain KEY ''", [text(&plain)]).unwrap();
    encrypted.query_row("SELECT sqlcipher_export('plain')", [], |_| Ok(())).unwrap();
    encrypted.pragma_update(Some("plain"), "user_version", version).unwrap();
    encrypted.execute_batch("DETACH DATABASE plain").unwrap();
    drop(encrypted);
    fs::rename(plain, history).unwrap();
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(office.profile.join(format!("history.db{ending}")));
    }
    let pem = |label: &str, der: &[u8]| {
        use base64::Engine as _;
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let folder = office.profile.join("identity");
    let sealed = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let sealed: Vec<_> = sealed.filter(|path| path.extension().is_some_and(|ending| ending == "sealed")).collect();
    if sealed.iter().any(|path| path.ends_with("key.sealed")) {
        fs::remove_file(folder.join("key.sealed")).unwrap();
        fs::write(folder.join("key.pem"), pem("PRIVATE KEY", identity.key.pkcs8())).unwrap();
    }
}

#[test]
fn b4_a_terminal_of_the_version_before_goes_on_and_is_encrypted_wherever_it_is_killed() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.queue(&north.put_out_reports(40), &south);
    north.must(&SEND);
    south.must(&["receive"]);
    let before = south.list("inbox");
    let marks = marks(&north);
    let (mut chance, mut kills) = (Chance::of(4), 0);
    for _ in 0..5 {
        make_older(&south);
        assert!(!found_in(&[&south.profile], &marks).is_empty(), "it was plain");
        for longest in [20, 60, 120, 200] {
            let mut program = south.command(&["list", "inbox"]);
            let mut program = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            std::thread::sleep(chance.millis(longest / 3, longest));
            let _ = program.kill();
            kills += u32::from(ended(program, LONGEST).code.is_none());
        }
        assert_eq!(south.list("inbox"), before, "either the plain one or the encrypted one was there, whole");
        let found = found_in(&[&south.profile], &marks);
        assert!(found.is_empty(), "{found:?}");
    }
    assert!(kills >= 3, "it was over before it was killed: {kills}");
    south.take_imports();
    south.must(&["receive"]);
    north.must(&["receive"]);
    assert!(north.states("sent").iter().all(|state| state == "imported"));
}

// --- passphrase and keyring

#[test]
fn a_terminal_opens_with_its_passphrase_and_says_what_is_missing_without() {
    let (town, [north]) = Town::of([NORTH]);
    let without = |command: &mut std::process::Command| {
        finish(command.env_remove("TAYORI_PASSPHRASE").env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere"))
    };
    without(&mut north.command(&["list", "inbox"])).says("合言葉で守られています");
    finish(north.command(&["receive"]).env("TAYORI_PASSPHRASE", "another passphrase")).says("合言葉が違います");
    north.must(&["list", "inbox"]);

    // A new terminal on a PC without a keyring: nothing private is written before there is something to protect it.
    let fresh = town.dir().join("fresh");
    let setup = |command: &mut std::process::Command| {
        command.args(["--office", "3171000048", "--name", "北", "--hub", "https://127.0.0.1:1"]);
        command.arg("--outgoing").arg(town.dir().join("out")).arg("--import").arg(town.dir().join("in"));
    };
    let mut command = std::process::Command::new(crate::world::TAYORI);
    command.arg("--profile").arg(&fresh).arg("setup");
    setup(&mut command);
    without(&mut command).says("合言葉が、まだ決まっていません");
    assert!(!fresh.join("identity").exists() && !fresh.join("vault.toml").exists());
    let mut command = std::process::Command::new(crate::world::TAYORI);
    command.arg("--profile").arg(&fresh).arg("setup").env("TAYORI_PASSPHRASE", "short");
    setup(&mut command);
    finish(&mut command).says("合言葉は 8 文字以上");
}

#[test]
fn a_keyring_that_never_answers_holds_up_nobody_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("bus");
    let silent = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        // Takes every call and says nothing.
        let calls: Vec<_> = silent.incoming().collect();
        drop(calls);
    });
    let mut command = std::process::Command::new(crate::world::TAYORI);
    command.arg("--profile").arg(dir.path().join("profile")).arg("setup");
    command.args(["--office", "3171000048", "--name", "北", "--hub", "https://127.0.0.1:1"]);
    command.arg("--outgoing").arg(dir.path().join("out")).arg("--import").arg(dir.path().join("in"));
    command.env_remove("TAYORI_PASSPHRASE").env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", text(&socket)));
    let began = std::time::Instant::now();
    finish(&mut command).says("合言葉が、まだ決まっていません");
    assert!(began.elapsed() < LONGEST / 2, "{:?}", began.elapsed());
}

// --- disks and permissions (B2)

#[test]
fn b2_a_full_disk_while_an_older_history_is_taken_over_leaves_it_whole() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.queue(&north.put_out_reports(3), &south);
    north.must(&SEND);
    south.must(&["receive"]);
    let before = south.list("inbox");
    let home = south.profile.with_file_name("kept");
    make_older(&south);
    fs::rename(&south.profile, &home).unwrap();
    fs::create_dir(&south.profile).unwrap();
    let Some(disk) = SmallDisk::on(&south.profile, "4m") else { return };
    let mut copied = std::process::Command::new("cp");
    copied.arg("-a").arg(format!("{}/.", text(&home))).arg(&south.profile);
    assert!(copied.status().unwrap().success());
    let ballast = disk.fill();
    south.run(&["list", "inbox"]).says("パソコンの空き容量が足りません");
    south.run(&["receive"]).says("パソコンの空き容量が足りません");
    fs::remove_file(ballast).unwrap();
    assert_eq!(south.list("inbox"), before);
    south.must(&["receive"]);
}

#[test]
fn b2_a_full_disk_at_the_setup_leaves_nothing_half() {
    let (town, [north]) = Town::of([NORTH]);
    let profile = town.dir().join("small");
    fs::create_dir(&profile).unwrap();
    let Some(disk) = SmallDisk::on(&profile, "4m") else { return };
    let small = Office { profile, ..Office::of(crate::world::EAST, town.dir()) };
    let ballast = disk.fill();
    let (out, import) = (text(&small.outgoing).to_owned(), text(&small.import).to_owned());
    let hub = town.url();
    let setup = [
        "setup",
        "--office",
        small.person.number,
        "--name",
        "東",
        "--hub",
        &hub,
        "--outgoing",
        &out,
        "--import",
        &import,
    ];
    small.run(&setup).says("パソコンの空き容量が足りません");
    assert!(!small.profile.join("vault.toml").exists(), "no key that nobody knows of");
    fs::remove_file(ballast).unwrap();
    small.must(&setup);
    town.certify(&small);
    eventually("the hub knows the office", || small.log_in_first().is_fine());
    small.must(&["receive"]);
    drop(north);
}

#[test]
fn b2_a_profile_that_is_held_gone_or_may_not_be_written_is_said_and_loses_nothing() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.queue(&north.put_out_reports(2), &south);
    north.must(&SEND);

    // Another program puts a new history in its place just now, and takes its time.
    let lock = fs::File::options().write(true).open(south.profile.join("history.lock")).unwrap();
    lock.lock().unwrap();
    south.run(&["receive"]).says("この端末の履歴を使っています");
    drop(lock);

    // A writer that never ends.
    let holder = rusqlite::Connection::open(south.profile.join("history.db")).unwrap();
    holder.pragma_update(None, "key", format!("x'{}'", south.vault().database_key().as_hex())).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    south.run(&["receive"]).says("この端末の記録を読み書きできません");
    drop(holder);

    let aside = south.profile.with_file_name("aside");
    fs::rename(&south.profile, &aside).unwrap();
    south.run(&["receive"]).says("まだ使えるようになっていません");
    fs::rename(&aside, &south.profile).unwrap();

    for name in ["history.db", "history.lock"] {
        fs::set_permissions(south.profile.join(name), fs::Permissions::from_mode(0o0)).unwrap();
        let Some(run) = as_a_clerk(&town, &south, &["receive"]) else { return };
        run.says("許されていません");
        fs::set_permissions(south.profile.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert!(as_a_clerk(&town, &south, &["receive"]).unwrap().is_fine());
    assert_eq!(files_in(&south.import).len(), 2);
    assert!(files_in(&south.import).iter().any(|(name, _)| *name == report_name(0)));
}

// --- the first moment of a program

/// Runs in a program of its own: see below.
#[test]
#[ignore = "run by what_is_opened_first_by_many_threads_at_once_opens"]
fn eight_threads_open_a_history_each() {
    let dir = tempfile::tempdir().unwrap();
    let vault = tayori::identity::Vault::in_memory().unwrap();
    let barrier = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (path, barrier, vault) = (dir.path().join(format!("{number}.db")), &barrier, &vault);
            scope.spawn(move || {
                barrier.wait();
                History::open(&path, vault.database_key()).unwrap();
            });
        }
    });
}

/// SQLite calls itself ready before SQLCipher is; who opened a history in that moment was refused.
#[test]
fn what_is_opened_first_by_many_threads_at_once_opens() {
    for _ in 0..25 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        finish(child.args(["--ignored", "--exact", "vault::eight_threads_open_a_history_each"])).or_panic();
    }
}
