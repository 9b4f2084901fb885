//! The way of a file, whole.

use std::fs;

use crate::world::{
    EAST, NORTH, Office, SOUTH, Town, Watch, eventually, files_in, report, report_name, sample_of_south, text,
};

fn names(office: &Office) -> Vec<String> {
    files_in(&office.import).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_parcel_goes_from_folder_to_folder_and_its_receipt_comes_back() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let letter = b"%PDF-1.4 \x00\xff a letter".to_vec();
    let report_file = north.put_out(&report_name(0), &report(0));
    let letter_file = north.put_out("お手紙.pdf", &letter);

    let files = [text(&report_file), text(&letter_file)];
    let sent = north.must(&["send", files[0], files[1], "--message", "5月分です。", "--format", "json"]);
    assert_eq!(sent.json(), serde_json::json!({"sent": 1, "waiting": 0}));
    assert_eq!(north.states("sent"), ["accepted"]);
    assert_eq!(south.list("inbox").len(), 0, "nothing comes by itself");

    let received = south.must(&["receive", "--format", "json"]);
    assert_eq!(received.json()["received"], 1);
    let expected = [(report_name(0), report(0)), ("お手紙.pdf".to_owned(), letter)];
    assert_eq!(files_in(&south.import), expected, "byte for byte, names included");
    let inbox = south.list("inbox");
    assert_eq!(inbox[0]["partner_name"], NORTH.name);
    assert_eq!(inbox[0]["files"], 2);
    assert_eq!(inbox[0]["id"], north.list("sent")[0]["id"]);
    assert_eq!(south.states("inbox"), ["arrived"]);

    assert_eq!(north.states("sent"), ["accepted"], "no state without evidence");
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived"]);

    south.must(&["receive"]);
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived"], "nobody has taken the files yet");

    assert_eq!(south.take_imports(), 2);
    south.must(&["receive"]);
    assert_eq!(south.states("inbox"), ["imported"]);
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["imported"]);

    fs::remove_file(&letter_file).unwrap();
    let again = north.must(&["send", "--format", "json"]);
    assert_eq!(again.json(), serde_json::json!({"sent": 0, "waiting": 0}), "the report went before");
    south.must(&["receive"]);
    assert_eq!(names(&south), Vec::<String>::new(), "and does not come back");
}

#[test]
fn a_file_that_is_there_already_stays_and_ours_comes_when_it_is_gone() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let paths = north.put_out_reports(2);
    north.queue(&paths, &south);
    north.must(&["send", "--to", NORTH.number]);
    let theirs = south.import.join(report_name(0));
    fs::write(&theirs, "何か別のもの").unwrap();

    let run = south.run(&["receive"]);
    run.says(&format!("「{}」がすでにあります", report_name(0))).says("上書きはしていません");
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "何か別のもの");
    assert_eq!(fs::read(south.import.join(report_name(1))).unwrap(), report(1), "the other one is not held up");
    assert_eq!(fs::read_dir(&south.import).unwrap().count(), 2, "nothing of ours lies about");
    assert_eq!(south.states("inbox"), ["accepted", "arrived"]);
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["accepted", "arrived"], "what is not in the folder has not arrived");

    fs::remove_file(&theirs).unwrap();
    south.must(&["receive"]);
    assert_eq!(fs::read(&theirs).unwrap(), report(0));
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived", "arrived"]);
}

#[test]
fn a_file_that_is_there_already_and_is_the_same_has_arrived() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let paths = north.put_out_reports(1);
    // A clerk who is not sure sends it again, before south's care software has looked.
    north.queue(&paths, &south);
    north.queue(&paths, &south);
    north.must(&["send", "--to", NORTH.number]);
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))]);
    assert_eq!(fs::read_dir(&south.import).unwrap().count(), 1);
    assert_eq!(south.states("inbox"), ["arrived", "arrived"]);
    south.take_imports();
    south.must(&["receive"]);
    assert_eq!(south.states("inbox"), ["imported", "imported"]);
    assert_eq!(files_in(&south.import), []);
}

#[test]
fn several_commands_at_once_are_as_good_as_one_after_the_other() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.put_out_reports(3);
    // A task that runs every minute, a clerk beside it, and a window: all over the same files.
    let commands: [&[&str]; 5] = [&["send"], &["send"], &["receive"], &["send"], &["receive"]];
    std::thread::scope(|scope| {
        for args in commands {
            scope.spawn(|| north.must(args));
        }
    });
    assert_eq!(town.kept().len(), 1, "sent once, whoever was first: {:?}", town.kept());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| south.must(&["receive"]));
        }
    });
    assert_eq!(names(&south), (0..3).map(report_name).collect::<Vec<_>>());
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived"]);
    assert!(north.list("outbox").is_empty());
}

#[test]
fn many_at_once_from_one_outbox_leave_once_each() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let ids = north.queue(&north.put_out_reports(30), &south);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| north.must(&["send", "--to", NORTH.number]));
        }
    });
    let kept: Vec<String> = town.kept().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(kept, ids);
    south.must(&["receive"]);
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived"; 30], "each has the seal the hub has");
}

#[test]
fn a_letter_goes_to_whom_it_is_sent_and_never_along_because_it_lies_there() {
    let (town, [north, south, east]) = Town::of([NORTH, SOUTH, EAST]);
    // South writes to north with a letter it names, and a month later to east from the same folder.
    let (to_north, to_east) = (sample_of_south("3171000048"), sample_of_south("3191000079"));
    let table = south.put_out(&to_north.0, &to_north.1);
    let letter = south.put_out("お願い.pdf", b"%PDF-1.4 for north only");
    south.must(&["send", text(&table), text(&letter)]);
    south.put_out(&to_east.0, &to_east.1);
    south.put_out("次のお願い.pdf", b"%PDF-1.4 for nobody yet");
    south.run(&["send"]).says("「次のお願い.pdf」は、送り先が決まらないので送りません");
    assert_eq!(town.kept().len(), 2);
    north.must(&["receive"]);
    east.must(&["receive"]);
    assert_eq!(names(&north), [to_north.0, "お願い.pdf".to_owned()]);
    assert_eq!(names(&east), [to_east.0]);
}

#[test]
fn r3_t4_offices_that_watch_hear_of_each_other_by_themselves() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let _watches = [Watch::of(&north), Watch::of(&south)];
    north.put_out_reports(1);
    north.must(&["send"]);
    eventually("it is in the folder", || files_in(&south.import).len() == 1);
    eventually("the sender knows", || north.states("sent") == ["arrived"]);
    south.take_imports();
    eventually("the sender knows of the import", || north.states("sent") == ["imported"]);
}
