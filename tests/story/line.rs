//! The computer sleeps and wakes, the hub goes and comes, the network is pulled out and put back: nobody starts anything
//! again, and what waited arrives within seconds.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::crooked::{carry, listen};
use crate::world::{NORTH, Office, SOUTH, Town, Watch, eventually, files_in, report, report_name};

/// "Within seconds": two tries without any way, and what a slow machine takes for a round.
const SECONDS: Duration = Duration::from_secs(30);

/// The n-th report goes from one office to the other by commands, and is there soon.
fn arrives(n: usize, north: &Office, south: &Office, what: &str) {
    let sent = Instant::now();
    north.put_out(&report_name(n), &report(n));
    north.must(&["send"]);
    comes(n, south, what, sent);
}

#[track_caller]
fn comes(n: usize, south: &Office, what: &str, since: Instant) {
    let path = south.import.join(report_name(n));
    eventually(what, || path.exists());
    let took = since.elapsed();
    eprintln!("line: {what}: after {took:.1?}");
    assert!(took < SECONDS, "{what}: {took:?}");
}

fn signal(process: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

#[test]
fn a_terminal_that_slept_has_its_mail_and_its_folders_within_seconds() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let watch = Watch::of(&south);
    arrives(0, &north, &south, "it is awake");
    signal(watch.id(), "-STOP");
    north.put_out(&report_name(1), &report(1));
    north.must(&["send"]);
    std::fs::write(south.outgoing.join(report_name(9)), report(9)).unwrap();
    // Longer than any question is held, so that the answer to the one that was asked is old when it wakes.
    std::thread::sleep(Duration::from_secs(35));
    assert!(!south.import.join(report_name(1)).exists());
    signal(watch.id(), "-CONT");
    let woke = Instant::now();
    comes(1, &south, "what came while it slept", woke);
    eventually("what was put out while it slept", || !south.list("drafts").is_empty());
    assert!(woke.elapsed() < SECONDS, "{:?}", woke.elapsed());
    arrives(2, &north, &south, "and what comes afterwards");
}

#[test]
fn a_hub_that_was_away_for_a_while_has_its_terminals_back_within_seconds() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    let _watches = [Watch::of(&north), Watch::of(&south)];
    north.queue(&[north.put_out(&report_name(0), &report(0))], &south);
    eventually("they are awake", || files_in(&south.import).len() == 1);
    town.kill_hub();
    north.queue(&[north.put_out(&report_name(1), &report(1))], &south);
    std::thread::sleep(Duration::from_secs(40));
    town.start_hub();
    comes(1, &south, "what was put into the outbox while the hub was away", Instant::now());
}

/// A way to the hub that can be closed: then calls are refused, and what stands is cut.
struct Gate {
    url: String,
    open: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

impl Gate {
    fn before(town: &Town) -> Gate {
        let (open, stop) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let (hub, is_open) = (town.address(), Arc::clone(&open));
        let address = listen(Arc::clone(&stop), move |tcp| {
            if !is_open.load(Ordering::Relaxed) {
                return;
            }
            let there = std::net::TcpStream::connect(hub).unwrap();
            let (tcp_back, there_back) = (tcp.try_clone().unwrap(), there.try_clone().unwrap());
            let watched = Arc::clone(&is_open);
            let cut = (tcp.try_clone().unwrap(), there.try_clone().unwrap());
            std::thread::spawn(move || {
                while watched.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(50));
                }
                let _ = cut.0.shutdown(std::net::Shutdown::Both);
                let _ = cut.1.shutdown(std::net::Shutdown::Both);
            });
            std::thread::spawn(move || carry(there_back, tcp_back, u64::MAX));
            carry(tcp, there, u64::MAX);
        });
        Gate { url: format!("https://{address}"), open, stop }
    }

    fn set(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.set(false);
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_network_that_comes_and_goes_needs_no_new_start() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let gate = Gate::before(&town);
    south.call_instead(&gate.url);
    let _watch = Watch::of(&south);
    arrives(0, &north, &south, "it is awake");
    for (n, away) in [(1, 3), (2, 25)] {
        gate.set(false);
        north.put_out(&report_name(n), &report(n));
        north.must(&["send"]);
        std::thread::sleep(Duration::from_secs(away));
        assert_eq!(files_in(&south.import).len(), n);
        gate.set(true);
        comes(n, &south, &format!("after {away} s without a network"), Instant::now());
    }
}

/// A room of its own in the network with one cable into ours. Gone with the value.
struct Room {
    name: String,
    /// Our end of the cable.
    cable: String,
}

impl Room {
    /// `None`, said aloud, where we may not build such a thing.
    fn build() -> Option<Room> {
        let tag = std::process::id() % 10_000;
        let room = Room { name: format!("tayori{tag}"), cable: format!("ty{tag}a") };
        let far = format!("ty{tag}b");
        let steps = [
            format!("netns add {}", room.name),
            format!("link add {} type veth peer name {far}", room.cable),
            format!("link set {far} netns {}", room.name),
            format!("addr add 10.213.7.1/24 dev {}", room.cable),
            format!("link set {} up", room.cable),
            format!("-n {} addr add 10.213.7.2/24 dev {far}", room.name),
            format!("-n {} link set {far} up", room.name),
            format!("-n {} link set lo up", room.name),
        ];
        if let Some(step) = steps.iter().find(|step| !ip(step)) {
            eprintln!("SKIPPED: no network of our own can be built here (ip {step}), so no cable is pulled");
            return None;
        }
        Some(room)
    }

    fn plug(&self, there: bool) {
        assert!(ip(&format!("link set {} {}", self.cable, if there { "up" } else { "down" })));
    }

    /// The terminal of an office, working in there.
    fn watch(&self, office: &Office) -> Child {
        let inner = office.command(&["watch"]);
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        ip(&format!("link del {}", self.cable));
        ip(&format!("netns del {}", self.name));
    }
}

fn ip(step: &str) -> bool {
    let run = Command::new("ip").args(step.split(' ')).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

#[test]
fn a_cable_that_was_pulled_and_put_back_needs_no_new_start() {
    let Some(room) = Room::build() else { return };
    let (town, [north, south]) = Town::named(&["127.0.0.1", "10.213.7.1"], [NORTH, SOUTH]);
    // The hub stands on loopback; a line through the cable leads there.
    let (hub, stop) = (town.address(), Arc::new(AtomicBool::new(false)));
    let address = crate::crooked::listen_at("10.213.7.1:0", Arc::clone(&stop), move |tcp| {
        let there = std::net::TcpStream::connect(hub).unwrap();
        let (tcp_back, there_back) = (tcp.try_clone().unwrap(), there.try_clone().unwrap());
        std::thread::spawn(move || carry(there_back, tcp_back, u64::MAX));
        carry(tcp, there, u64::MAX);
    });
    south.call_instead(&format!("https://{address}"));
    let mut watch = room.watch(&south);
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        arrives(0, &north, &south, "it is awake");
        for (n, away) in [(1, 5), (2, 45)] {
            room.plug(false);
            north.put_out(&report_name(n), &report(n));
            north.must(&["send"]);
            std::thread::sleep(Duration::from_secs(away));
            assert_eq!(files_in(&south.import).len(), n, "no packet goes through");
            room.plug(true);
            comes(n, &south, &format!("after {away} s without a cable"), Instant::now());
        }
    }));
    let _ = watch.kill();
    let _ = watch.wait();
    stop.store(true, Ordering::Relaxed);
    if let Err(panic) = seen {
        std::panic::resume_unwind(panic);
    }
}
