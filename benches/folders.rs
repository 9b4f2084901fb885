//! How soon what lies in an outgoing folder is a checked draft, and what waiting for it costs.
//!
//! `cargo bench --bench folders`. One office with its real engine and a real hub on this computer:
//! - one file, from its last byte on (promised: 3 s), the median and the slowest of several;
//! - a month's 300 files, from the first byte of the first on (promised: 10 s);
//! - 5,000 files at once: until the first draft stands, and until the watch knows all of them;
//! - idle with all of these files there, for 30 s, as a share of one core (promised: under 1 %).
//!
//! The last line is JSON.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may fail where it stands")]

#[allow(dead_code, reason = "the stories use all of it")]
#[path = "../tests/story/world.rs"]
mod world;

use std::fs;
use std::time::{Duration, Instant};

use tayori::engine::Engine;
use tayori::engine::model::{Drafts, Event};
use world::{NORTH, Office, SOUTH, Town, report, report_name};

const SINGLE: usize = 9;
const MONTH: usize = 300;
const FLOOD: usize = 5_000;
const IDLE: Duration = Duration::from_secs(30);

fn main() {
    let mut json = serde_json::Map::new();
    json.insert("bench".into(), "folders".into());
    let mut say = |name: &str, value: f64, unit: &str| {
        println!("{name:42} {value:8.2} {unit}");
        json.insert(format!("{name}_{unit}").replace(' ', "_"), ((value * 100.0).round() / 100.0).into());
    };

    let (_town, [north, _south]) = Town::of([NORTH, SOUTH]);
    let mut face = Face::of(&north);
    let mut singles: Vec<f64> = (0..SINGLE)
        .map(|n| {
            fs::write(north.outgoing.join(report_name(n)), report(n)).unwrap();
            let whole = Instant::now();
            face.until(|drafts| in_drafts(drafts) == n + 1);
            whole.elapsed().as_secs_f64()
        })
        .collect();
    singles.sort_by(f64::total_cmp);
    say("one file, median", singles[SINGLE / 2], "s");
    say("one file, slowest", singles[SINGLE - 1], "s");
    drop(face);

    let (_town, [north, _south]) = Town::of([NORTH, SOUTH]);
    let mut face = Face::of(&north);
    let began = Instant::now();
    write(&north, MONTH);
    face.until(|drafts| in_drafts(drafts) == MONTH);
    say("a month of 300 files", began.elapsed().as_secs_f64(), "s");
    drop(face);

    let (_town, [north, _south]) = Town::of([NORTH, SOUTH]);
    let mut face = Face::of(&north);
    write(&north, FLOOD);
    let written = Instant::now();
    face.until(|drafts| in_drafts(drafts) > 0);
    say("5000 files, the first draft", written.elapsed().as_secs_f64(), "s");
    face.until(|drafts| drafts.drafts.first().is_some_and(|draft| draft.bundle.files.len() + draft.more == FLOOD));
    say("5000 files, all of them known", written.elapsed().as_secs_f64(), "s");
    // What is still to be done is done; then nobody does anything.
    std::thread::sleep(Duration::from_secs(20));
    let before = processor_time();
    std::thread::sleep(IDLE);
    let used = processor_time() - before;
    say("idle with 5000 files there", used.as_secs_f64() / IDLE.as_secs_f64() * 100.0, "percent of a core");
    println!("{}", serde_json::Value::Object(json));
}

fn write(office: &Office, count: usize) {
    for n in 0..count {
        fs::write(office.outgoing.join(report_name(n)), report(n)).unwrap();
    }
}

fn in_drafts(drafts: &Drafts) -> usize {
    drafts.drafts.iter().map(|draft| draft.bundle.files.len()).sum()
}

/// The newest drafts, as a window hears them.
struct Face {
    engine: Engine,
    drafts: Drafts,
}

impl Face {
    fn of(office: &Office) -> Face {
        let engine = Engine::start(office.profile(), || {}).unwrap();
        let mut face = Face { engine, drafts: Drafts::default() };
        // It has looked once.
        std::thread::sleep(Duration::from_secs(3));
        face.until(|_| true);
        face
    }

    fn until(&mut self, holds: impl Fn(&Drafts) -> bool) {
        let began = Instant::now();
        loop {
            while let Some(event) = self.engine.poll() {
                if let Event::Drafts(drafts) = event {
                    self.drafts = drafts;
                }
            }
            if holds(&self.drafts) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(300), "{} files in drafts", in_drafts(&self.drafts));
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// What this process has used of the processor so far, by Linux: the engine runs in it, the hub does not.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
