//! The hub under load, over SQLite and over a PostgreSQL of its own, beside the floor (`benches/floor`: axum and SQLite,
//! nothing else) and the NHS mesh-sandbox, in the same run: 50 KB parcels over mutual TLS on kept connections, one and
//! sixteen senders, sixteen who fetch.
//!
//! `cargo bench --bench hub`. Every server is a process of its own and the runs alternate; each figure is the median of
//! the rounds. `TAYORI_BENCH_SECONDS` (3) and `TAYORI_BENCH_ROUNDS` (3) set how long it takes; `TAYORI_BENCH_MESH` names
//! a Python environment with mesh-sandbox (`scripts/mesh-sandbox` makes one). What PostgreSQL's own processes take is not in
//! its server's CPU. The last line is the same as JSON.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may fail where it stands")]

mod floor;
mod load;
#[allow(dead_code, reason = "the stories use all of it")]
#[path = "../tests/story/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use load::{Line, Seen, load};
use rustls::ClientConfig;
use tayori::hub::authority::Authority;
use tayori::parcel::{ParcelId, sha256_hex};
use tayori::wire::{DIGEST_HEADER, digest_header};
use world::{Office, Person, Town};

const SENDERS: usize = 16;
const PARCEL: usize = 50_000;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "serve-floor") {
        return floor::serve(Path::new(&args[at + 1]));
    }
    let seconds = Duration::from_secs(setting("TAYORI_BENCH_SECONDS", 3));
    let bench = Bench::new(Town::of([]).0);
    let over_postgres = Town::over_postgres([]).map(|(town, [])| Bench::new(town));
    let mut servers = vec![bench.hub("hub")];
    servers.extend(over_postgres.as_ref().map(|bench| bench.hub("hub-postgres")));
    servers.push(bench.floor());
    servers.extend(bench.sandbox());
    // What every server needs once (a journal that has grown, code that has been read) is not part of any figure.
    for server in &servers {
        server.send(SENDERS, seconds);
    }
    let mut figures: BTreeMap<(&str, &str), Vec<Figure>> = BTreeMap::new();
    for round in 1..=setting("TAYORI_BENCH_ROUNDS", 3) {
        for server in &servers {
            for (what, run) in server.runs() {
                let before = server.cpu_seconds();
                let seen = run(server, seconds);
                let cpu = (server.cpu_seconds() - before) / seen.took.len() as f64 * 1e3;
                let figure =
                    Figure { per_second: seen.per_second(), p50: seen.percentile(50), p99: seen.percentile(99), cpu };
                eprintln!("round {round}, {}, {what}: {figure}", server.name);
                figures.entry((server.name, what)).or_default().push(figure);
            }
        }
    }
    report(&servers, &figures);
}

type Run = fn(&Server, Duration) -> Seen;
const RUNS: [(&str, Run); 3] = [
    ("send 1", |server, time| server.send(1, time)),
    ("send 16", |server, time| server.send(SENDERS, time)),
    ("fetch 16", |server, time| server.fetch(SENDERS, time)),
];

/// One run, in milliseconds but for the first.
#[derive(Clone, Copy, Debug)]
struct Figure {
    per_second: f64,
    p50: f64,
    p99: f64,
    /// Of the server, per request.
    cpu: f64,
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Figure { per_second, p50, p99, cpu } = self;
        write!(f, "{per_second:6.0}/s  p50 {p50:6.2} ms  p99 {p99:6.2} ms  server CPU {cpu:5.2} ms")
    }
}

fn median(figures: &[Figure]) -> Figure {
    let of = |get: fn(&Figure) -> f64| {
        let mut all: Vec<f64> = figures.iter().map(get).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Figure { per_second: of(|f| f.per_second), p50: of(|f| f.p50), p99: of(|f| f.p99), cpu: of(|f| f.cpu) }
}

fn report(servers: &[Server], figures: &BTreeMap<(&str, &str), Vec<Figure>>) {
    println!("\n{PARCEL} bytes a parcel; medians of the rounds");
    let mut medians = BTreeMap::new();
    let mut json = serde_json::Map::new();
    json.insert("bench".into(), "hub".into());
    for (what, _) in RUNS {
        for server in servers {
            let Some(figures) = figures.get(&(server.name, what)) else { continue };
            let figure = median(figures);
            println!("{what:9} {:13} {figure}", server.name);
            medians.insert((server.name, what), figure);
            let key = format!("{} {what}", server.name).replace([' ', '-'], "_");
            json.insert(format!("{key}_per_second"), (figure.per_second.round() as u64).into());
            json.insert(format!("{key}_p99_ms"), ((figure.p99 * 100.0).round() / 100.0).into());
        }
    }
    let mut target = |what: &str, value: Option<f64>, bound: f64, at_most: bool| {
        let Some(value) = value else { return println!("{what}: not measured") };
        let reached = if at_most { value <= bound } else { value >= bound };
        let sign = if at_most { "≤" } else { "≥" };
        println!("{what}: {value:.2} (target {sign} {bound}) {}", if reached { "reached" } else { "MISSED" });
        json.insert(what.replace([' ', '-', '/'], "_"), ((value * 100.0).round() / 100.0).into());
    };
    let ratio =
        |other: &str, what| Some(medians.get(&("hub", what))?.per_second / medians.get(&(other, what))?.per_second);
    for (what, _) in RUNS {
        if let Some(times) = ratio("hub-postgres", what) {
            println!("SQLite/PostgreSQL {what}: {times:.2}");
        }
    }
    target("hub/floor send 1", ratio("floor", "send 1"), 0.6, false);
    target("hub/floor send 16", ratio("floor", "send 16"), 0.6, false);
    target("hub/sandbox send 1", ratio("mesh-sandbox", "send 1"), 3.5, false);
    target("hub/sandbox send 16", ratio("mesh-sandbox", "send 16"), 7.0, false);
    target("hub p99 of 16 senders in ms", medians.get(&("hub", "send 16")).map(|figure| figure.p99), 20.0, true);
    println!("{}", serde_json::Value::Object(json));
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// A town with sixteen offices, and the certificates its authority gave the other servers.
struct Bench {
    town: Town,
    callers: Vec<Caller>,
}

/// An office as a raw client: its TLS configuration and what its requests carry.
#[derive(Clone)]
struct Caller {
    office: String,
    tls: Arc<ClientConfig>,
    /// The header lines every request to the hub carries.
    headers: String,
}

impl Bench {
    fn new(mut town: Town) -> Bench {
        // What holds back a terminal that runs wild would hold back the bench.
        let settings = town.hub_dir().join("hub.toml");
        let mut text: toml::Table = toml::from_str(&std::fs::read_to_string(&settings).unwrap()).unwrap();
        let limits = text.entry("limits").or_insert_with(|| toml::Table::new().into());
        for name in ["terminal_requests_per_second", "address_requests_per_second"] {
            limits.as_table_mut().unwrap().insert(name.into(), toml::Value::Integer(0));
        }
        std::fs::write(&settings, toml::to_string(&text).unwrap()).unwrap();
        town.kill_hub();
        town.start_hub();
        let offices: Vec<Office> = (0..SENDERS)
            .map(|number| {
                let number: &'static str = format!("31710{number:05}").leak();
                town.join(Person { number, service: "11", name: "負荷試験の事業所" })
            })
            .collect();
        let callers = offices
            .iter()
            .map(|office| {
                world::eventually("the hub knows the office", || office.log_in_first().is_fine());
                let tls = Arc::new(office.identity().client_config().unwrap());
                let headers = format!("authorization: Bearer {}\r\n", office.token());
                Caller { office: office.person.number.to_owned(), tls, headers }
            })
            .collect();
        let server = Authority::open(&town.hub_dir().join("ca")).unwrap();
        let (chain, key) = server.issue_server(&["127.0.0.1".to_owned()], jiff::Timestamp::now()).unwrap();
        std::fs::write(town.dir().join("server.pem"), chain).unwrap();
        std::fs::write(town.dir().join("server.key"), pem_of(&key)).unwrap();
        std::fs::copy(town.hub_dir().join("ca/ca.pem"), town.dir().join("ca.pem")).unwrap();
        Bench { town, callers }
    }

    fn hub(&self, name: &'static str) -> Server {
        let put = |caller: &Caller, to: &Caller, id: &str, body: &[u8]| {
            let digest = digest_header(&sha256_hex(body));
            let Caller { headers, .. } = caller;
            format!(
                "PUT /v1/parcels/{id}?to={} HTTP/1.1\r\nhost: hub\r\n{headers}{DIGEST_HEADER}: {digest}\r\ncontent-length: {}\r\n\r\n",
                to.office,
                body.len()
            )
        };
        let get =
            |caller: &Caller, id: &str| format!("GET /v1/parcels/{id} HTTP/1.1\r\nhost: hub\r\n{}\r\n", caller.headers);
        let process = Process::Other(self.town.hub_process());
        self.server(name, self.town.address(), process, Script { accepted: 201, put, get: Some(get) })
    }

    fn floor(&self) -> Server {
        let put = |_: &Caller, _: &Caller, id: &str, body: &[u8]| {
            format!("PUT /p/{id} HTTP/1.1\r\nhost: floor\r\ncontent-length: {}\r\n\r\n", body.len())
        };
        let get = |_: &Caller, id: &str| format!("GET /p/{id} HTTP/1.1\r\nhost: floor\r\n\r\n");
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("serve-floor").arg(self.town.dir());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening ").unwrap().parse().unwrap();
        self.server("floor", address, Process::Ours(child), Script { accepted: 201, put, get: Some(get) })
    }

    /// The sandbox with its file store, as its own README starts it, and mutual TLS.
    fn sandbox(&self) -> Option<Server> {
        let Some(python) = mesh_python() else {
            println!("mesh-sandbox: NOT MEASURED. scripts/mesh-sandbox installs it (needs PyPI)");
            return None;
        };
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = |name: &str| self.town.dir().join(name);
        let mut command = Command::new(python);
        command
            .args(["-m", "uvicorn", "mesh_sandbox.api:app", "--workers=1", "--log-level=error", "--no-access-log"])
            .arg(format!("--port={port}"))
            .arg("--ssl-certfile")
            .arg(file("server.pem"))
            .arg("--ssl-keyfile")
            .arg(file("server.key"))
            .arg("--ssl-ca-certs")
            .arg(file("ca.pem"))
            .arg("--ssl-cert-reqs=2")
            // Its password check is left out: that only makes it faster.
            .env("AUTH_MODE", "none")
            .env("STORE_MODE", "file")
            .env("MAILBOXES_DATA_DIR", file("mesh"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let tls = Arc::clone(&self.callers[0].tls);
        let started = std::time::Instant::now();
        while Line::to(address, &tls)
            .and_then(|mut line| line.ask("GET /health HTTP/1.1\r\nhost: mesh\r\n\r\n", b"").map(drop))
            .is_err()
        {
            assert!(started.elapsed() < Duration::from_secs(60), "mesh-sandbox does not start");
            std::thread::sleep(Duration::from_millis(200));
        }
        let put = |_: &Caller, _: &Caller, _: &str, body: &[u8]| {
            format!(
                "POST /messageexchange/X26ABC1/outbox HTTP/1.1\r\nhost: mesh\r\nmex-from: X26ABC1\r\nmex-to: X26ABC2\r\n\
                 mex-workflowid: BENCH\r\ncontent-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n",
                body.len()
            )
        };
        // It does not find some of what it accepted from sixteen at once (seen with 1.0.137).
        let script = Script { accepted: 202, put, get: None };
        Some(self.server("mesh-sandbox", address, Process::Ours(child), script))
    }

    fn server(&self, name: &'static str, address: SocketAddr, process: Process, script: Script) -> Server {
        let callers = self.callers.clone();
        let sent = callers.iter().map(|_| Mutex::default()).collect();
        Server { name, address, process, script, callers, sent }
    }
}

fn mesh_python() -> Option<PathBuf> {
    let named = std::env::var_os("TAYORI_BENCH_MESH").map(PathBuf::from);
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/mesh-sandbox");
    let python = named.unwrap_or(made).join("bin/python");
    python.exists().then_some(python)
}

fn pem_of(pkcs8: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(pkcs8);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

/// How a server wants to be asked.
#[derive(Clone, Copy)]
struct Script {
    accepted: u16,
    put: fn(&Caller, &Caller, &str, &[u8]) -> String,
    /// `None` where nothing is fetched.
    get: Option<fn(&Caller, &str) -> String>,
}

enum Process {
    Ours(Child),
    /// Somebody else's to end.
    Other(u32),
}

struct Server {
    name: &'static str,
    address: SocketAddr,
    process: Process,
    script: Script,
    callers: Vec<Caller>,
    /// What each caller sent to its neighbour.
    sent: Vec<Mutex<Vec<String>>>,
}

impl Server {
    fn runs(&self) -> impl Iterator<Item = (&'static str, Run)> {
        let fetches = self.script.get.is_some();
        RUNS.into_iter().filter(move |(what, _)| fetches || !what.starts_with("fetch"))
    }

    fn send(&self, senders: usize, time: Duration) -> Seen {
        let callers = (0..senders)
            .map(|number| {
                let (caller, to) = (&self.callers[number], &self.callers[(number + 1) % SENDERS]);
                let body = noise(PARCEL, number as u64);
                let work = move |line: &mut Line| {
                    let id = ParcelId::new().to_string();
                    let (status, answer) = line.ask(&(self.script.put)(caller, to, &id, &body), &body)?;
                    self.as_wanted(status == self.script.accepted, status, answer)?;
                    self.sent[number].lock().unwrap().push(id);
                    Ok(())
                };
                (Arc::clone(&caller.tls), work)
            })
            .collect();
        load(self.address, callers, time)
    }

    /// Everybody fetches what its neighbour sent it.
    fn fetch(&self, receivers: usize, time: Duration) -> Seen {
        let get = self.script.get.unwrap();
        let callers = (0..receivers)
            .map(|number| {
                let caller = &self.callers[number];
                let ids = self.sent[(number + SENDERS - 1) % SENDERS].lock().unwrap().clone();
                let next = AtomicUsize::new(0);
                let work = move |line: &mut Line| {
                    let id = &ids[next.fetch_add(1, Ordering::Relaxed) % ids.len()];
                    let (status, body) = line.ask(&get(caller, id), b"")?;
                    self.as_wanted((status, body.len()) == (200, PARCEL), status, body)
                };
                (Arc::clone(&caller.tls), work)
            })
            .collect();
        load(self.address, callers, time)
    }

    fn as_wanted(&self, wanted: bool, status: u16, answer: &[u8]) -> std::io::Result<()> {
        let said = || format!("{} answered {status}: {}", self.name, String::from_utf8_lossy(answer));
        if wanted { Ok(()) } else { Err(std::io::Error::other(said())) }
    }

    /// What the process has used so far, where the system says so.
    fn cpu_seconds(&self) -> f64 {
        let id = match &self.process {
            Process::Ours(child) => child.id(),
            Process::Other(id) => *id,
        };
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks = |field: usize| after_name.split_whitespace().nth(field).and_then(|ticks| ticks.parse::<f64>().ok());
        // Fields 14 and 15, counted from 1 with the name; a tick is 10 ms on every Linux there is.
        (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Process::Ours(child) = &mut self.process {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a seal looks like from outside.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut chance = world::Chance::of(seed);
    (0..length).map(|_| chance.next() as u8).collect()
}
