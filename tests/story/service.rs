//! The hub as a service: its limits, its numbers, how it stops, and what is left of it when its machine is not.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use tayori::link::{Link as _, LinkError};
use tayori::parcel::{ParcelId, sha256_hex};
use tayori::wire::{DIGEST_HEADER, ProblemCode, digest_header};

use crate::answers::link;
use crate::crooked::client_of;
use crate::world::{Chance, LONGEST, NORTH, SOUTH, Town, eventually, text};

/// Adds lines to a hub's settings and starts it again.
fn set(town: &mut Town, lines: &str) {
    town.kill_hub();
    let path = town.hub_dir().join("hub.toml");
    let settings = fs::read_to_string(&path).unwrap();
    fs::write(&path, lines.to_owned() + "\n" + &settings).unwrap();
    town.start_hub();
}

/// The same for a table of its own.
fn set_table(town: &mut Town, lines: &str) {
    town.kill_hub();
    let path = town.hub_dir().join("hub.toml");
    let settings = fs::read_to_string(&path).unwrap();
    fs::write(&path, settings + lines).unwrap();
    town.start_hub();
}

#[test]
fn b3_nothing_accepted_before_the_backup_is_missing() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    // Four senders in one terminal's name are more than it may be.
    set_table(&mut town, "\n[limits]\nterminal_requests_per_second = 0\n");
    let accepted = Mutex::new(Vec::<(ParcelId, String, u64)>::new());
    let stop = AtomicBool::new(false);
    let file = town.dir().join("hub.backup");
    let before = std::thread::scope(|scope| {
        for sender in 0..4 {
            let (town, north, south, accepted, stop) = (&town, &north, &south, &accepted, &stop);
            scope.spawn(move || {
                let (link, mut chance) = (link(town, north), Chance::of(sender));
                while !stop.load(Ordering::Relaxed) {
                    // One in eight comes in parts.
                    let size = if chance.between(0, 7) == 0 { 1_500_000 } else { chance.between(1, 60_000) };
                    let bytes: Vec<u8> = (0..size).map(|at| (at ^ chance.next()) as u8).collect();
                    let id = ParcelId::new();
                    let answer = link.put(id, south.number(), &bytes).unwrap();
                    accepted.lock().unwrap().push((id, answer.digest, answer.size));
                }
            });
        }
        let count = || accepted.lock().unwrap().len();
        eventually("the hub is busy", || count() > 40);
        let before = accepted.lock().unwrap().clone();
        town.operator(&["backup", text(&file)]);
        let after = count();
        assert!(after > before.len(), "nobody had to wait for the backup");
        eventually("more comes", || count() > after + 10);
        stop.store(true, Ordering::Relaxed);
        before
    });
    // The machine is lost.
    town.kill_hub();
    fs::rename(town.hub_dir(), town.dir().join("lost")).unwrap();
    town.operator(&["restore", text(&file)]);
    town.start_hub();
    let kept = link(&town, &south);
    for (id, digest, size) in &before {
        assert_eq!(sha256_hex(&kept.fetch(*id, *size).unwrap()), *digest, "{id}");
    }
    let checked = town.operator(&["check", "--json"]).json();
    assert_eq!(checked["faults"], serde_json::json!([]));
    assert!(checked["parcels"].as_u64().unwrap() >= before.len() as u64);
    println!("{} accepted before, {} in the backup", before.len(), checked["parcels"]);
}

#[test]
fn what_is_wrong_with_a_hub_is_found() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    let ids = [(); 3].map(|()| ParcelId::new());
    for id in ids {
        link(&town, &north).put(id, south.number(), &id.to_string().into_bytes()).unwrap();
    }
    link(&town, &north).put(ParcelId::new(), south.number(), b"").unwrap();
    town.kill_hub();
    assert_eq!(town.operator(&["check", "--json"]).json()["parcels"], 4, "one of them is empty");
    let store = rusqlite::Connection::open(town.hub_dir().join("hub.db")).unwrap();
    let change = |sql: &str| store.execute(sql, [ids[1].to_string()]).unwrap();
    change("UPDATE body SET sealed = x'00' WHERE seq = (SELECT seq FROM parcel WHERE id = ?1)");
    store.execute("DELETE FROM body WHERE seq = (SELECT seq FROM parcel WHERE id = ?1)", [ids[2].to_string()]).unwrap();
    store.execute("UPDATE certificate SET office = ?1 WHERE office = ?2", [NORTH.number, SOUTH.number]).unwrap();
    store.execute_batch("DROP TRIGGER audit_line_stays; UPDATE audit SET who = 'nobody' WHERE seq = 2").unwrap();
    drop(store);
    let mut check = Command::new(crate::world::TAYORI_HUB);
    let check = crate::world::finish(check.arg("--dir").arg(town.hub_dir()).args(["check", "--json"]));
    assert_eq!(check.code, Some(1), "{check:?}");
    let faults = check.json()["faults"].as_array().unwrap().clone();
    let kinds: Vec<&str> = faults.iter().map(|fault| fault["fault"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"body-damaged") && kinds.contains(&"body-missing"), "{faults:?}");
    assert!(kinds.contains(&"certificate-of-other") && kinds.contains(&"record-changed"), "{faults:?}");
    assert!(faults.iter().any(|fault| fault["parcel"] == ids[1].to_string()));
}

/// A body that stops in the middle until it is told to go on.
struct Halting {
    rest: Vec<u8>,
    halted: Sender<()>,
    go_on: Receiver<()>,
    half: usize,
}

impl std::io::Read for Halting {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.rest.len() == self.half {
            self.halted.send(()).unwrap();
            self.go_on.recv_timeout(LONGEST).map_err(std::io::Error::other)?;
        }
        let count = into.len().min(self.rest.len()).min(if self.rest.len() > self.half {
            self.rest.len() - self.half
        } else {
            usize::MAX
        });
        into[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}

#[test]
fn a_hub_that_is_told_to_stop_ends_long_polls_at_once_and_lets_an_upload_finish() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    let (polls, uploads) = (link(&town, &south), client_of(north.identity().client_config().unwrap()));
    let bytes: Vec<u8> = (0..400_000_u32).map(|at| at as u8).collect();
    let (id, (halted, is_halted), (go_on, may_go_on)) = (ParcelId::new(), channel(), channel());
    let url = format!("{}/v1/parcels/{id}?to={}", town.url(), SOUTH.number);
    let token = north.token();
    let (length, digest) = (bytes.len() as u64, digest_header(&sha256_hex(&bytes)));
    let body = Halting { half: bytes.len() / 2, rest: bytes, halted, go_on: may_go_on };
    let upload = std::thread::spawn(move || {
        let body = reqwest::blocking::Body::sized(body, length);
        let request = uploads.put(url).header(DIGEST_HEADER, digest).header("content-type", "application/pkcs7-mime");
        request.bearer_auth(token).body(body).send().unwrap().status().as_u16()
    });
    let poll = std::thread::spawn(move || {
        let began = Instant::now();
        (polls.inbox(0, Duration::from_secs(30)), began.elapsed())
    });
    is_halted.recv_timeout(LONGEST).unwrap();
    // The poll has been answered by the hub once it is seen waiting; there is no way to see that from here but time, and
    // a poll that comes too late is turned away, which ends it as well.
    std::thread::sleep(Duration::from_millis(300));
    town.tell_hub_to_stop();
    let (polled, took) = poll.join().unwrap();
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(matches!(polled, Ok(_) | Err(LinkError::NoWay(_) | LinkError::NoAnswer(_))), "{polled:?}");
    // Nobody new gets in, and the one who was in may finish.
    eventually("the hub takes no new callers", || TcpStream::connect(town.address()).is_err());
    go_on.send(()).unwrap();
    assert_eq!(upload.join().unwrap(), 201);
    assert!(town.hub_ended(), "it stopped by itself, without complaint");
    assert_eq!(town.kept()[0].0, id.to_string());
}

#[test]
fn a_terminal_that_asks_too_much_is_told_to_wait_and_its_neighbour_is_not() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    set_table(&mut town, "\n[limits]\nterminal_requests_per_second = 1\n");
    let (wild, calm) = (link(&town, &north), link(&town, &south));
    let refused = (0..400).find_map(|_| wild.facts().err()).expect("a limit");
    let LinkError::Problem(problem) = refused else { panic!("{refused}") };
    assert_eq!((problem.status, problem.code), (429, ProblemCode::TooMany));
    assert!(problem.retry_after.is_some_and(|seconds| (1..=2).contains(&seconds)), "{problem:?}");
    calm.facts().unwrap();
}

#[test]
fn an_address_has_only_so_many_connections() {
    let (mut town, _offices) = Town::of([NORTH, SOUTH]);
    set_table(&mut town, "\n[limits]\nconnections_per_address = 3\nhead_seconds = 2\n");
    // Each of them says nothing at all.
    let mut silent: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(town.address()).unwrap()).collect();
    let refused = |town: &Town| {
        let mut one_more = TcpStream::connect(town.address()).unwrap();
        one_more.set_read_timeout(Some(LONGEST)).unwrap();
        let began = Instant::now();
        // Either the hub closes it at once, or it is kept until the time for a handshake is over.
        let closed = matches!(one_more.read(&mut [0]), Ok(0) | Err(_));
        closed && began.elapsed() < Duration::from_millis(1_500)
    };
    eventually("one more is too many", || refused(&town));
    // Whoever says nothing does not keep a place for long.
    for line in &mut silent {
        line.set_read_timeout(Some(LONGEST)).unwrap();
        assert!(matches!(line.read(&mut [0]), Ok(0) | Err(_)));
    }
    eventually("there is a place again", || !refused(&town));
}

#[test]
fn a_log_for_programs_is_one_object_a_line() {
    let (mut town, _offices) = Town::of([NORTH]);
    town.kill_hub();
    let mut hub = Command::new(crate::world::TAYORI_HUB);
    hub.arg("--dir").arg(town.hub_dir()).args(["--log-format", "json", "serve", "--listen", "127.0.0.1:0"]);
    hub.env("TAYORI_LOG", "tayori=info").stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut hub = hub.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(hub.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening "), "{line}");
    assert!(Command::new("kill").args(["-TERM", &hub.id().to_string()]).status().unwrap().success());
    let run = crate::world::ended(hub, LONGEST);
    assert!(run.is_fine(), "{run:?}");
    let said: Vec<serde_json::Value> =
        run.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    assert!(said.iter().any(|line| line["message"] == "the hub listens"), "{said:?}");
    assert!(said.iter().any(|line| line["message"] == "the hub has stopped"), "{said:?}");
}

#[test]
fn the_hub_tells_its_numbers_and_nobodys_name() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    set(&mut town, &format!("metrics = \"{free}\""));
    let id = ParcelId::new();
    link(&town, &north).put(id, south.number(), &[7; 50_000]).unwrap();
    link(&town, &south).fetch(id, 50_000).unwrap();
    let monitor = client_of(south.identity().client_config().unwrap());
    let plain = |path: &str| monitor.get(format!("http://{free}{path}")).send().unwrap();
    let numbers = plain("/metrics");
    assert!(numbers.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let numbers = numbers.text().unwrap();
    for line in [
        "tayori_parcels_total 1",
        "tayori_parcel_bytes_total 50000",
        "tayori_fetched_bytes_total 50000",
        r#"tayori_requests_total{route="/v1/parcels/{id}",method="PUT",status="201"} 1"#,
        "tayori_store_commit_seconds_count",
        "tayori_crl_age_seconds",
        "# EOF",
    ] {
        assert!(numbers.contains(line), "{line} is not in {numbers}");
    }
    for secret in [NORTH.number, SOUTH.number, NORTH.name, &id.to_string()] {
        assert!(!numbers.contains(secret), "{secret} is told");
    }
    let health = plain("/healthz");
    assert_eq!(health.status(), 200);
    assert_eq!(health.json::<serde_json::Value>().unwrap(), serde_json::json!({"store": true, "crl": true}));
}
