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
bin=$1; dir=$2
cd /
other=; [ "$(id -u)" != 0 ] || other='setpriv --reuid=postgres --regid=postgres --clear-groups'
$other "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=on -c max_connections=300 \
    -c shared_buffers=64MB -c max_wal_size=256MB -c log_min_messages=fatal >"$dir/log" 2>&1 &
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
        bin.map(|bin| Server::start(&bin))
    });
    if server.is_none() {
        eprintln!("SKIPPED: PostgreSQL is not on this machine (scripts/setup tests installs it)");
    }
    server.as_ref()
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

impl Server {
    #[allow(clippy::zombie_processes, reason = "it ends after whoever started it")]
    fn start(bin: &Path) -> Server {
        // PostgreSQL refuses to be root, and whoever it is must get into its folder.
        let dir = tempfile::Builder::new().prefix("pg").tempdir().unwrap().keep();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
        let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        let initdb = bin.join("initdb");
        let mut init = if is_root {
            assert!(Command::new("chown").arg("postgres:postgres").arg(&dir).status().unwrap().success());
            let mut setpriv = Command::new("setpriv");
            setpriv.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(initdb);
            setpriv
        } else {
            Command::new(initdb)
        };
        let made = init
            .current_dir("/")
            .arg("-D")
            .arg(dir.join("data"))
            .args(["-U", "hub", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(bin)
            .arg(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let server = Server { dir, _stdin: keeper.stdin.take().unwrap() };
        let began = Instant::now();
        while Client::connect(&server.url("postgres"), NoTls).is_err() {
            let log = fs::read_to_string(server.dir.join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(90), "PostgreSQL does not start: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://hub@{}/{database}", self.dir.display().to_string().replace('/', "%2F"))
    }

    /// A connection that may do everything, to the database that is always there.
    pub fn administrator(&self) -> Client {
        Client::connect(&self.url("postgres"), NoTls).unwrap()
    }
}
