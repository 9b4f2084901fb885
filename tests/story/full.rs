//! B2: a full disk at everything that is written besides what comes: nothing is lost, nothing half stays under the final
//! name, and one sentence says it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tayori::engine::Engine;
use tayori::engine::model::{Command, Event, Failure, Notice};
use tayori::engine::profile::Profile;

use crate::disk::SmallDisk;
use crate::world::{NORTH, Office, SOUTH, TAYORI_HUB, Town, eventually, files_in, finish, report, report_name, text};

const FULL: &str = "パソコンの空き容量が足りません";

/// Everything in a folder, hidden or not, but what fills its disk.
fn left_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != ".ballast").collect()
}

/// South with one parcel from north, and the parcel's id.
fn with_a_parcel(north: &Office, south: &Office) -> String {
    let id = north.queue(&north.put_out_reports(1), south).remove(0);
    north.must(&["send", "--to", NORTH.number]);
    south.must(&["receive"]);
    id
}

#[test]
fn b2_a_full_disk_where_something_is_saved_or_exported_leaves_nothing_half() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let id = with_a_parcel(&north, &south);
    let folder = town.dir().join("small");
    fs::create_dir(&folder).unwrap();
    let Some(disk) = SmallDisk::on(&folder, "64k") else { return };
    let to = |name: &str| folder.join(name);
    let [copy, record] = [to("copy.CSV"), to("record.csv")];
    let by_command =
        [["parcel", "save", &id, "0", text(&copy)].to_vec(), ["audit", "export", "--csv", text(&record)].to_vec()];
    let by_window = || {
        let parcel = id.parse().unwrap();
        [
            Command::SaveFile { parcel, index: 0, to: to("saved.CSV") },
            Command::SaveDocument { bytes: Arc::from(vec![b'%'; 9_000]), to: to("form.pdf") },
            Command::ExportAudit(to("window.csv")),
        ]
    };
    let engine = Engine::start(south.profile(), || ()).unwrap();
    let answer = |command: Command| {
        let said = format!("{command:?}");
        engine.send(command);
        let mut found = None;
        eventually(&said, || {
            found = std::iter::from_fn(|| engine.poll()).find_map(|event| match event {
                Event::Notice(Notice::Failed(failure)) => Some(Some(failure)),
                Event::Notice(Notice::Saved { .. }) => Some(None),
                _ => None,
            });
            found.is_some()
        });
        found.unwrap()
    };
    let ballast = disk.fill();
    for args in &by_command {
        south.run(args).says(FULL);
        assert_eq!(left_in(&folder), Vec::<String>::new(), "{args:?}");
    }
    for command in by_window() {
        let said = format!("{command:?}");
        assert_eq!(answer(command), Some(Failure::DiskFull), "{said}");
        assert_eq!(left_in(&folder), Vec::<String>::new(), "{said}");
    }
    // Neither did it harm what is here.
    assert_eq!(south.states("inbox"), ["arrived"]);
    fs::remove_file(ballast).unwrap();
    for args in &by_command {
        south.must(args);
    }
    for command in by_window() {
        assert_eq!(answer(command), None);
    }
    assert_eq!(fs::read(&copy).unwrap(), report(0));
    assert_eq!(files_in(&folder).len(), 5);
}

#[test]
fn b2_a_full_disk_leaves_the_settings_as_they_were() {
    let (_town, [north]) = Town::of([NORTH]);
    let home = north.profile.with_file_name("kept");
    fs::rename(&north.profile, &home).unwrap();
    fs::create_dir(&north.profile).unwrap();
    let Some(disk) = SmallDisk::on(&north.profile, "4m") else { return };
    let copied =
        std::process::Command::new("cp").arg("-a").arg(format!("{}/.", text(&home))).arg(&north.profile).status();
    assert!(copied.unwrap().success());
    let before = (fs::read(north.profile.join("settings.toml")).unwrap(), left_in(&north.profile));
    let ballast = disk.fill();
    let mut changed = Profile::open(&north.profile).unwrap();
    changed.settings.import = north.import.join("somewhere/else");
    assert_eq!(changed.save().unwrap_err().failure(), Failure::DiskFull);
    assert_eq!((fs::read(north.profile.join("settings.toml")).unwrap(), left_in(&north.profile)), before);
    fs::remove_file(ballast).unwrap();
    changed.save().unwrap();
    assert_eq!(Profile::open(&north.profile).unwrap().settings, changed.settings);
}

#[test]
fn b2_a_full_disk_where_a_backup_goes_leaves_no_half_backup() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    with_a_parcel(&north, &south);
    let folder = town.dir().join("small");
    fs::create_dir(&folder).unwrap();
    let Some(disk) = SmallDisk::on(&folder, "4m") else { return };
    let ballast = disk.fill();
    let file = folder.join("hub.backup");
    let back_up = || {
        let mut backup = std::process::Command::new(TAYORI_HUB);
        finish(backup.arg("--dir").arg(town.hub_dir()).args(["backup", text(&file)]))
    };
    let run = back_up();
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("書き込めるか、空きがデータの2倍あるかを確かめてください"), "{run:?}");
    assert_eq!(left_in(&folder), Vec::<String>::new());
    fs::remove_file(ballast).unwrap();
    back_up().or_panic();
    assert_eq!(left_in(&folder), ["hub.backup"]);
    // Each that was made is on record, and only those.
    let lines = town.operator(&["audit", "list", "--json"]);
    assert_eq!(lines.stdout.matches("\"backup\"").count(), 1, "{}", lines.stdout);
    assert_eq!(town.operator(&["check", "--json"]).json()["faults"], serde_json::json!([]));
}

#[test]
fn b2_a_full_disk_where_sent_files_are_put_away_leaves_them_where_they_are() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let Some(disk) = SmallDisk::on_with(&north.outgoing, "256k", ",nr_inodes=8") else { return };
    let paths = north.put_out_reports(2);
    let mut terminal = north.profile().terminal().unwrap();
    let pace = tayori::folders::Pace::default();
    let now = jiff::Timestamp::now();
    let stat = |path: &std::path::PathBuf| {
        let about = fs::metadata(path).unwrap();
        tayori::folders::Stat { len: about.len(), modified: about.modified().ok() }
    };
    let whole: Vec<_> =
        paths.iter().map(|path| (tayori::folders::take(path, 1 << 20, pace).unwrap(), stat(path))).collect();
    terminal.note_whole(&whole, now).unwrap();
    north.queue(&paths, &south);
    north.must(&["send", "--to", NORTH.number]);
    // There is no room for one more name.
    let mut names = Vec::new();
    while let Ok(file) = fs::File::create_new(north.outgoing.join(format!(".name{}", names.len()))) {
        drop(file);
        names.push(north.outgoing.join(format!(".name{}", names.len())));
    }
    assert_eq!(
        terminal.put_away_sent(std::slice::from_ref(&north.outgoing), now).unwrap().len(),
        paths.len(),
        "each is named"
    );
    assert!(paths.iter().all(|path| path.exists()), "they stay where they are");
    let again = north.must(&["send", "--format", "json"]);
    assert_eq!(again.json(), serde_json::json!({"sent": 0, "waiting": 0}), "and are not sent again");
    names.iter().for_each(|path| fs::remove_file(path).unwrap());
    assert!(terminal.put_away_sent(std::slice::from_ref(&north.outgoing), now).unwrap().is_empty());
    let put_away = north.outgoing.join("送信済").join(now.to_zoned(jiff::tz::TimeZone::system()).date().to_string());
    assert_eq!(files_in(&put_away), [(report_name(0), report(0)), (report_name(1), report(1))]);
    drop(disk);
}
