//! A PostgreSQL of the tests' own: made in a temporary folder when the first test asks, one for the whole program, a
//! database for each test, and gone with the program however that ends.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

/// Waits in front of the server; when whoever started it is gone, nothing of it is left.
const KEEPER: &str = r#"
bin=$1; dir=$2; shift 2
cd /
other=; [ "$(id -u)" != 0 ] || other='setpriv --reuid=postgres --regid=postgres --clear-groups'
$other "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=on -c max_connections=300 \
    -c shared_buffers=64MB -c max_wal_size=256MB -c log_min_messages=fatal "$@" >"$dir/log" 2>&1 &
server=$!
echo started
read -r _
kill -QUIT $server 2>/dev/null
wait $server 2>/dev/null
rm -rf "$dir"
"#;

/// See the module.
pub struct Server {
    dir: PathBuf,
    port: u16,
    /// When it closes, the server ends.
    _stdin: ChildStdin,
}

/// The server, made when it is first asked for. Without PostgreSQL on this machine there is none: in CI that is a
/// failure, elsewhere the test is skipped and says so.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let bin = programs();
        assert!(bin.is_some() || std::env::var_os("CI").is_none(), "PostgreSQL is not there: scripts/setup tests");
        bin.map(|bin| Server::made(&bin).run(&bin, &[]).unwrap())
    });
    if server.is_none() {
        eprintln!("SKIPPED: PostgreSQL is not on this machine (scripts/setup tests installs it)");
    }
    server.as_ref()
}

/// A server of one test's own, which it may break.
#[allow(dead_code, reason = "not every test program breaks one")]
pub fn own_server() -> Option<Server> {
    server()?;
    let bin = programs()?;
    Some(Server::made(&bin).run(&bin, &[]).unwrap())
}

/// The same, which asks for TLS at a port of its own, under this certificate and key (PEM).
#[allow(dead_code, reason = "not every test program encrypts")]
pub fn own_server_with_tls(certificate: &str, key: &str) -> Option<Server> {
    server()?;
    let bin = programs()?;
    // Somebody else may take a free port before the server does.
    (0..5).find_map(|_| {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Server::made(&bin);
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = server.dir.join("data").join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            give(&path);
        }
        let server = Made { port: free, ..server };
        server.run(&bin, &["-c", "ssl=on", "-c", "listen_addresses=127.0.0.1", "-p", &free.to_string()]).ok()
    })
}

/// A new, empty database: its URL.
pub fn fresh() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let server = server()?;
    let name = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    server.administrator().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    Some(server.url(&name))
}

/// Debian's newest, or what is on the path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(version, bin)| *version >= 14 && bin.join("initdb").exists())
        .collect();
    found.sort();
    let elsewhere = || {
        let asked = Command::new("pg_config").arg("--bindir").output().ok()?;
        let bin = PathBuf::from(String::from_utf8(asked.stdout).ok()?.trim());
        bin.join("initdb").exists().then_some(bin)
    };
    found.pop().map(|(_, bin)| bin).or_else(elsewhere)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// PostgreSQL refuses to be root, and whoever it is must get at its files.
pub fn give(path: &Path) {
    if is_root() {
        assert!(Command::new("chown").arg("postgres:postgres").arg(path).status().unwrap().success());
    }
}

/// Runs one of PostgreSQL's programs as whoever may.
fn run(program: &Path, args: &[&str]) {
    let mut command = if is_root() {
        let mut setpriv = Command::new("setpriv");
        setpriv.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        setpriv
    } else {
        Command::new(program)
    };
    let made = command.current_dir("/").args(args).output().unwrap();
    assert!(made.status.success(), "{program:?}: {}", String::from_utf8_lossy(&made.stderr));
}

/// A folder for a server, which nobody else may look into.
fn folder() -> PathBuf {
    let dir = tempfile::Builder::new().prefix("pg").tempdir().unwrap().keep();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    give(&dir);
    dir
}

/// A server that does not run yet.
struct Made {
    dir: PathBuf,
    port: u16,
}

impl Server {
    fn made(bin: &Path) -> Made {
        let dir = folder();
        let data = dir.join("data");
        let how = ["-U", "hub", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
        run(&bin.join("initdb"), &[&["-D", data.to_str().unwrap()][..], &how].concat());
        Made { dir, port: 5432 }
    }

    /// A second server that has whatever this one has committed, and may take its place. From now on this one commits
    /// nothing that the other does not have.
    #[allow(dead_code, reason = "not every test program has two")]
    pub fn standby(&self) -> Server {
        let bin = programs().unwrap();
        let dir = folder();
        let (from, data) = (self.dir.to_str().unwrap(), dir.join("data"));
        let how = ["-U", "hub", "-c", "fast", "-R", "--no-sync"];
        run(&bin.join("pg_basebackup"), &[&["-h", from, "-D", data.to_str().unwrap()][..], &how].concat());
        let standby = Made { dir, port: 5432 }.run(&bin, &[]).unwrap();
        let mut here = self.administrator();
        here.batch_execute("ALTER SYSTEM SET synchronous_standby_names = '*'").unwrap();
        here.batch_execute("SELECT pg_reload_conf()").unwrap();
        let began = Instant::now();
        let follows = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        while here.query_one(follows, &[]).unwrap().get::<_, i64>(0) == 0 {
            assert!(began.elapsed() < Duration::from_secs(90), "the standby does not follow");
            std::thread::sleep(Duration::from_millis(50));
        }
        standby
    }

    /// The same database at both servers, for a client that finds out which of them takes writes.
    #[allow(dead_code, reason = "not every test program has two")]
    pub fn url_of_both(&self, other: &Server, database: &str) -> String {
        let [here, there] = [self, other].map(Server::place);
        format!("postgres://hub@{here},{there}/{database}?target_session_attrs=read-write")
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://hub@{}/{database}", self.place())
    }

    /// The port it listens at beside its socket, if it does.
    #[allow(dead_code, reason = "not every test program encrypts")]
    pub fn port(&self) -> u16 {
        self.port
    }

    fn place(&self) -> String {
        format!("{}:{}", self.dir.display().to_string().replace('/', "%2F"), self.port)
    }

    /// A connection that may do everything, to the database that is always there.
    pub fn administrator(&self) -> Client {
        Client::connect(&self.url("postgres"), NoTls).unwrap()
    }
}

impl Made {
    /// Runs it; why not, where it cannot.
    #[allow(clippy::zombie_processes, reason = "it ends after whoever started it")]
    fn run(self, bin: &Path, more: &[&str]) -> Result<Server, String> {
        let Made { dir, port } = self;
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(bin)
            .arg(&dir)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let server = Server { dir, port, _stdin: keeper.stdin.take().unwrap() };
        let began = Instant::now();
        while Client::connect(&server.url("postgres"), NoTls).is_err() {
            let log = fs::read_to_string(server.dir.join("log")).unwrap_or_default();
            if log.contains("could not create any TCP/IP sockets") {
                return Err(log);
            }
            assert!(began.elapsed() < Duration::from_secs(90), "PostgreSQL does not start: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }
}
