//! Ten seconds in which what was sent can be taken back, over a real engine and a real hub.

use std::time::Instant;

use tayori::engine::Engine;
use tayori::engine::model::{Command, Event, Lists, Notice, SendRequest, SendResult, State};
use tayori::engine::outgoing::UNDO;

use crate::world::{LONGEST, NORTH, Office, SOUTH, Town, eventually};

/// A window's end of the engine.
struct Face {
    engine: Engine,
    lists: Lists,
    queued: usize,
    results: Vec<SendResult>,
    examined: bool,
    progressed: bool,
}

impl Face {
    fn of(office: &Office) -> Face {
        let engine = Engine::start(office.profile(), || {}).expect("the terminal is set up");
        let (lists, results) = (Lists::default(), Vec::new());
        Face { engine, lists, queued: 0, results, examined: false, progressed: false }
    }

    #[track_caller]
    fn until(&mut self, what: &str, holds: impl Fn(&Face) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < LONGEST, "never: {what}; {:?}", self.lists.outbox);
            while let Some(event) = self.engine.poll() {
                match event {
                    Event::Lists(lists) => self.lists = lists,
                    Event::Notice(Notice::Queued { parcels }) => self.queued += parcels,
                    Event::SendResults(results) => self.results = results.to_vec(),
                    Event::Examined(_) => self.examined = true,
                    Event::Progress(progress) => self.progressed |= progress.is_some(),
                    _ => {}
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

fn request(path: &std::path::Path, to: &Office) -> SendRequest {
    SendRequest::new(to.number(), vec![path.to_path_buf()], "")
}

#[test]
fn nothing_leaves_for_ten_seconds_and_what_is_taken_back_never_does() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let paths = north.put_out_reports(2);
    let mut face = Face::of(&north);
    let began = Instant::now();
    let missing = request(&north.outgoing.join("gone.CSV"), &south);
    face.engine.send(Command::Send(vec![request(&paths[0], &south), missing]));
    face.until("a result for each", |face| face.results.len() == 2);
    assert_eq!(face.queued, 1);
    assert!(face.results[0].outcome.is_ok() && face.results[1].outcome.is_err(), "{:?}", face.results);
    face.until("it waits", |face| face.lists.outbox.len() == 1);
    assert!(matches!(face.lists.outbox[0].state, State::Waiting { next_try: Some(_), last: None }));

    // The program ends in the middle of it, and the next one goes on where it was.
    drop(face);
    let mut face = Face::of(&north);
    face.until("it still waits", |face| face.lists.outbox.len() == 1);
    if began.elapsed() < UNDO.unsigned_abs() {
        assert_eq!(town.kept().len(), 0, "it left too early");
        let id = face.lists.outbox[0].id;
        face.engine.send(Command::Undo(vec![id]));
        face.until("it is taken back", |face| face.lists.outbox.is_empty());
        std::thread::sleep((UNDO.unsigned_abs() + std::time::Duration::from_secs(2)).saturating_sub(began.elapsed()));
        assert_eq!(town.kept().len(), 0, "what was taken back left");
    } else {
        eprintln!("undo: this machine was too slow to take it back in time");
    }

    let began = Instant::now();
    face.engine.send(Command::Send(vec![request(&paths[1], &south)]));
    face.until("it is with the hub", |face| !face.lists.sent.is_empty());
    assert!(began.elapsed() >= UNDO.unsigned_abs(), "{:?}", began.elapsed());
    eventually("the receiver gets it", || {
        south.must(&["receive"]);
        !south.came().is_empty()
    });
}

#[test]
fn looking_at_many_files_can_be_stopped() {
    let (_town, [north]) = Town::of([NORTH]);
    let folder = north.outgoing.with_file_name("many");
    std::fs::create_dir(&folder).unwrap();
    for number in 0..3_000 {
        std::fs::write(folder.join(format!("紙 {number}.txt")), b"x").unwrap();
    }
    let mut face = Face::of(&north);
    face.engine.send(Command::Examine(vec![folder]));
    face.until("it says how far it is", |face| face.progressed || face.examined);
    assert!(face.progressed, "3,000 files were looked at in no time: take more");
    face.engine.send(Command::Stop);
    // What comes next is looked at as if nothing had been.
    face.engine.send(Command::Examine(vec![north.put_out_reports(1)[0].clone()]));
    face.until("the next look", |face| face.examined);
}
