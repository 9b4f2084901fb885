//! How quick the window is, beside an empty eframe window, in the same run: time to the first frame, frames while 100,000
//! rows are scrolled, memory with 100,000 parcels; a parcel of 10,000 persons read and gone through.
//!
//! `cargo bench --bench window`. A screen of its own (Xvfb, 1366×768, software OpenGL); each start is a process of its own
//! and the kinds alternate; each figure is the median of the rounds. `TAYORI_BENCH_ROUNDS` (5) and `TAYORI_BENCH_PARCELS`
//! (1000000) set how long it takes. The last line is the same as JSON.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may fail where it stands")]

#[path = "../tests/made_up/mod.rs"]
mod made_up;
#[path = "../tests/screen/mod.rs"]
mod screen;
#[allow(dead_code, reason = "the stories use all of it")]
#[path = "../tests/story/world.rs"]
mod world;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use screen::Screen;
use tayori::desktop::App;
use tayori::engine::model::{Event, Lists, Subject, ToShow};
use tayori::engine::{Backend, Engine};
use tayori::history::NewIncoming;
use tayori::parcel::{Content, ParcelId};
use tayori::standard::Checked;
use tayori::words::Lang;
use world::{NORTH, Office, SOUTH, Town};

/// What a child says when its first frame is on the screen.
const PAINTED: &str = "the first frame is painted";
/// What Tayori says when the parcels are there to be drawn.
const LISTED: &str = "the lists are there";

const LONG_LIST: &str = "a-long-list";
const LARGE_PARCEL: &str = "a-large-parcel";
const ROWS: usize = 100_000;
const PERSONS: usize = 10_000;
const FRAMES: usize = 400;
/// Where 受信 stands in the navigation.
const INBOX: egui::Pos2 = egui::pos2(90.0, 144.0);
/// The first frames make the letters ready.
const WARM: usize = 30;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "an-empty-window") {
        return empty_window();
    }
    if arguments.iter().any(|argument| argument == LONG_LIST) {
        return scroll(false);
    }
    if arguments.iter().any(|argument| argument == LARGE_PARCEL) {
        return scroll(true);
    }
    let Some(screen) = Screen::of(1366, 768) else {
        eprintln!("no Xvfb: the bench of the window is left out");
        return;
    };
    let rounds = setting("TAYORI_BENCH_ROUNDS", 5);
    let (_town, [small, large]) = Town::of([NORTH, SOUTH]);
    let many = setting("TAYORI_BENCH_PARCELS", 1_000_000);
    fill(&small, 0, 100_000);
    let begun = Instant::now();
    fill(&large, 0, many);
    eprintln!("a store of {many} parcels was made in {:.0} s", begun.elapsed().as_secs_f64());

    let mut figures: [Vec<f64>; 5] = Default::default();
    let mut peak = 0.0;
    for round in 1..=rounds {
        let floor = start(&screen, &mut ourselves("an-empty-window"), &[PAINTED]);
        let with_100k = start(&screen, &mut tayori(&small), &[PAINTED, LISTED]);
        let with_many = start(&screen, &mut tayori(&large), &[PAINTED, LISTED]);
        peak = f64::max(peak, with_100k.peak_mb);
        let now = [floor.after[0], with_100k.after[0], with_many.after[0], with_100k.after[1], with_many.after[1]];
        eprintln!(
            "round {round}: first frame empty {:.0} ms, 100,000 parcels {:.0} ms, {many} parcels {:.0} ms; lists {:.0} ms, {:.0} ms; peak {:.0} MB",
            now[0], now[1], now[2], now[3], now[4], with_100k.peak_mb
        );
        figures.iter_mut().zip(now).for_each(|(all, one)| all.push(one));
    }
    let [floor, first, first_many, lists, lists_many] = figures.map(median);
    let (read, indexed) = read_large(&small);
    let large = Frames::of(scrolled(&screen, LARGE_PARCEL));
    let list = Frames::of(scrolled(&screen, LONG_LIST));
    println!(
        "first frame: empty window {floor:.0} ms; 100,000 parcels {first:.0} ms ({:.2} x); {many} parcels {first_many:.0} ms ({:.2} x)",
        first / floor,
        first_many / floor
    );
    println!("lists drawn after: 100,000 parcels {lists:.0} ms; {many} parcels {lists_many:.0} ms");
    println!("scrolling {ROWS} rows: {list}");
    println!(
        "a parcel of {PERSONS} persons: kept and indexed in {indexed:.0} ms, read in {read:.0} ms; scrolling it: {large}"
    );
    println!("peak memory with 100,000 parcels: {peak:.0} MB");
    println!(
        "{}",
        serde_json::json!({
            "first_frame_ms": { "empty": floor, "100000": first, "many": first_many }, "parcels": many,
            "times_the_empty_window": { "100000": first / floor, "many": first_many / floor },
            "lists_ms": { "100000": lists, "many": lists_many },
            "scroll": { "rows": ROWS, "frames": list.count, "median_ms": list.median, "worst_ms": list.worst, "over_33_ms": list.late },
            "large_parcel": { "persons": PERSONS, "kept_ms": indexed, "read_ms": read, "median_ms": large.median, "worst_ms": large.worst, "over_33_ms": large.late },
            "peak_mb": peak,
        })
    );
}

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

fn ourselves(mode: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(mode);
    command
}

fn tayori(office: &Office) -> Command {
    let mut command = office.command(&[]);
    command.env("TAYORI_LOG", "tayori::desktop=debug");
    command
}

struct Started {
    /// Milliseconds until each thing was said.
    after: Vec<f64>,
    peak_mb: f64,
}

/// Starts a program and waits until it has said all of this.
fn start(screen: &Screen, command: &mut Command, said: &[&str]) -> Started {
    let begun = Instant::now();
    let mut child = screen.on(command).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let heard = listen(&mut child);
    let mut after = vec![f64::NAN; said.len()];
    while after.iter().any(|at| at.is_nan()) {
        let Ok((line, at)) = heard.recv_timeout(Duration::from_secs(120)) else {
            let _ = child.kill();
            panic!("it never said {said:?}");
        };
        for (words, noted) in said.iter().zip(&mut after) {
            if noted.is_nan() && line.contains(words) {
                *noted = at.duration_since(begun).as_secs_f64() * 1e3;
            }
        }
    }
    // What is loaded a little later counts, too.
    std::thread::sleep(Duration::from_secs(2));
    let peak_mb = peak(child.id());
    let _ = child.kill();
    let _ = child.wait();
    Started { after, peak_mb }
}

fn listen(child: &mut Child) -> mpsc::Receiver<(String, Instant)> {
    let (tell, heard) = mpsc::channel();
    let said = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || {
        for line in said.lines().map_while(Result::ok) {
            if tell.send((line, Instant::now())).is_err() {
                return;
            }
        }
    });
    heard
}

/// The most a process ever had in memory.
fn peak(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(f64::NAN) / 1024.0
}

/// The floor: a window with nothing in it.
fn empty_window() {
    struct Empty(u32);
    impl eframe::App for Empty {
        fn logic(&mut self, ctx: &egui::Context, _: &mut eframe::Frame) {
            self.0 += 1;
            match self.0 {
                1 => ctx.request_repaint(),
                2 => eprintln!("{PAINTED}"),
                _ => {}
            }
        }
        fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
            egui::CentralPanel::default().show(ui, |_| ());
        }
    }
    eframe::run_native("empty", native(), Box::new(|_| Ok(Box::new(Empty(0))))).unwrap();
}

fn native() -> eframe::NativeOptions {
    let viewport = egui::ViewportBuilder::default().with_inner_size([1280.0, 740.0]);
    eframe::NativeOptions { viewport, renderer: eframe::Renderer::Glow, ..Default::default() }
}

/// What there is to say of the frames while somebody scrolls.
struct Frames {
    count: usize,
    median: f64,
    worst: f64,
    /// Those over 33 ms.
    late: usize,
}

impl Frames {
    fn of(frames: Vec<f64>) -> Self {
        let worst = frames.iter().copied().fold(0.0, f64::max);
        let late = frames.iter().filter(|frame| **frame > 33.0).count();
        Self { count: frames.len(), worst, late, median: median(frames) }
    }
}

impl std::fmt::Display for Frames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { count, median, worst, late } = self;
        write!(f, "{count} frames, median {median:.1} ms, worst {worst:.1} ms, {late} over 33 ms")
    }
}

/// Keeps a parcel of many persons as if it had come, and reads it for the window; in milliseconds.
fn read_large(office: &Office) -> (f64, f64) {
    let mut terminal = office.profile().terminal().unwrap();
    let (id, now) = (ParcelId::new(), Timestamp::now());
    let from = "3171000048".parse().unwrap();
    let content = Content::new(id, from, office.number(), now, String::new(), made_up::report_of(PERSONS));
    let new = NewIncoming {
        content: &content,
        partner_name: "あおぞら訪問介護ステーション",
        signer: from,
        subjects: &[Subject::Actuals],
        checked: &Checked::default(),
        digest: "00",
        accepted_at: now,
        receipts: &[],
        stays: &[],
    };
    let begun = Instant::now();
    assert!(terminal.history.keep_incoming(&new, now).unwrap());
    let kept = begun.elapsed();
    let begun = Instant::now();
    assert_eq!(terminal.view(id).unwrap().unwrap().people.len(), PERSONS);
    (begun.elapsed().as_secs_f64() * 1e3, kept.as_secs_f64() * 1e3)
}

/// Milliseconds from frame to frame, the picture on the screen included.
fn scrolled(screen: &Screen, what: &str) -> Vec<f64> {
    let mut command = ourselves(what);
    let output = screen.on(&mut command).stderr(Stdio::inherit()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().filter_map(|line| line.parse().ok()).collect()
}

/// The window over a long list, or over one parcel of many persons, with somebody turning the wheel at every frame.
fn scroll(large_parcel: bool) {
    let (engine, backend) = Engine::pair();
    let inbox = made_up::inbox(if large_parcel { 1 } else { ROWS });
    let mut events = vec![Event::Settings(made_up::settings()), Event::Status(made_up::online())];
    if large_parcel {
        let mut view = made_up::view(&inbox[0], true);
        made_up::give_months(&mut view, PERSONS);
        events.extend([Event::Show(ToShow::Parcel(view.line.id)), Event::Opened(Arc::new(view))]);
    }
    events.push(Event::Lists(Lists { inbox, ..Lists::default() }));
    for event in events {
        backend.events.send(event).unwrap();
    }
    let wheel = if large_parcel { egui::pos2(900.0, 450.0) } else { egui::pos2(420.0, 450.0) };
    let create: eframe::AppCreator<'static> = Box::new(move |cc| {
        Ok(Box::new(Scrolling {
            app: App::new(&cc.egui_ctx, engine, Lang::Ja),
            _backend: backend,
            wheel,
            frames: Vec::new(),
            at: None,
        }))
    });
    eframe::run_native("scroll", native(), create).unwrap();
}

struct Scrolling {
    app: App,
    _backend: Backend,
    /// Over what it is turned.
    wheel: egui::Pos2,
    frames: Vec<f64>,
    at: Option<Instant>,
}

impl eframe::App for Scrolling {
    fn raw_input_hook(&mut self, _: &egui::Context, input: &mut egui::RawInput) {
        let modifiers = egui::Modifiers::default();
        if let 2..=4 = self.frames.len() {
            input.events.push(egui::Event::PointerMoved(INBOX));
            let (pos, button) = (INBOX, egui::PointerButton::Primary);
            let pressed = self.frames.len() == 3;
            input.events.push(egui::Event::PointerButton { pos, button, pressed, modifiers });
        } else if self.frames.len() > 4 {
            input.events.push(egui::Event::PointerMoved(self.wheel));
            let down = if self.frames.len() % 200 < 150 { -1.0 } else { 1.0 };
            input.events.push(egui::Event::MouseWheel {
                unit: egui::MouseWheelUnit::Line,
                delta: egui::vec2(0.0, 3.0 * down),
                phase: egui::TouchPhase::Move,
                source: egui::MouseWheelSource::Unknown,
                modifiers,
            });
        }
    }

    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        let now = Instant::now();
        if let Some(before) = self.at.replace(now) {
            self.frames.push(now.duration_since(before).as_secs_f64() * 1e3);
        }
        if self.frames.len() >= WARM + FRAMES {
            assert_eq!(self.app.page(), tayori::desktop::Page::Inbox);
            self.frames.drain(..).skip(WARM).for_each(|frame| println!("{frame}"));
            self.at = None;
            std::process::exit(0);
        }
        self.app.logic(ctx, frame);
        ctx.request_repaint();
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        self.app.ui(ui, frame);
    }
}

/// Puts made-up parcels into an office's store: half came, half were sent, all but the newest imported.
fn fill(office: &Office, from: usize, to: usize) {
    let profile = office.profile();
    // Made and brought to today's schema.
    drop(profile.history().unwrap());
    let store = rusqlite::Connection::open(profile.dir().join("history.db")).unwrap();
    store.pragma_update(None, "key", format!("x'{}'", profile.vault().unwrap().database_key().as_hex())).unwrap();
    store.pragma_update(None, "synchronous", "OFF").unwrap();
    store.execute_batch(&rows(from, to)).unwrap();
}

fn rows(from: usize, to: usize) -> String {
    let id = "printf('%08x-0000-7000-8000-%012x', n, n)";
    let numbers =
        format!("WITH RECURSIVE number(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM number WHERE n + 1 < {to})");
    let begin = 1_700_000_000_000_u64;
    format!(
        "BEGIN;
         {numbers} INSERT INTO parcel (id, direction, partner, partner_name, at, subjects, files, accepted_at, arrived_at,
                 imported_at, read_at)
             SELECT {id}, CASE n % 2 WHEN 0 THEN 'in' ELSE 'out' END, printf('317%07d', 10 + n % 40),
                 'あおぞら訪問介護ステーション ' || (n % 40), {begin} + n * 1000, '[\"actuals\"]', 1, {begin} + n * 1000,
                 {begin} + n * 1000, CASE WHEN n + 50 < {to} THEN {begin} + n * 1000 END, {begin} + n * 1000 FROM number;
         {numbers} INSERT INTO file (parcel, position, name, size, sha256, path, delivered_at)
             SELECT {id}, 0, 'UPJSK_202605_3171000048_11_3191000017_43_20260425173442.CSV', 60000, printf('%064x', n),
                 '/home/sakura/UPJSK.CSV', {begin} + n * 1000 FROM number;
         COMMIT;
         ANALYZE;"
    )
}
