//! A town made on the spot, the way an operator and its offices would make it: with the two programs and nothing else.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use serde_json::Value;
use tayori::engine::profile::Profile;
use tayori::identity::{Identity, Unlock, Vault};
use tayori::link::HubLink;

#[cfg(unix)]
#[path = "../database/mod.rs"]
pub mod database;

pub const TAYORI: &str = env!("CARGO_BIN_EXE_tayori");
pub const TAYORI_HUB: &str = env!("CARGO_BIN_EXE_tayori-hub");

/// What protects the data of every terminal here.
pub const PASSPHRASE: &str = "story-passphrase";

/// No single step takes longer, however slow the machine: whoever waits so long waits for nothing.
pub const LONGEST: Duration = Duration::from_secs(90);

/// A provider of 訪問介護, which reports what it did.
pub const NORTH: Person = Person { number: "3171000048", service: "11", name: "北の訪問介護" };
/// The planner, to whom it reports.
pub const SOUTH: Person = Person { number: "3191000017", service: "43", name: "南のケアプラン" };
/// Another provider, who has no business in what the two say to each other.
pub const EAST: Person = Person { number: "3191000079", service: "16", name: "東のデイケア" };

/// Who sits at each office's terminal, a 管理者.
pub const USER: &str = "kanri";
pub const PASSWORD: &str = "kuruma-isu 4";

#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub number: &'static str,
    pub service: &'static str,
    pub name: &'static str,
}

/// A hub's folder and the offices that joined it. The hub runs until it is killed or the town goes.
pub struct Town {
    dir: tempfile::TempDir,
    hub_dir: PathBuf,
    hub: Option<Child>,
    address: SocketAddr,
    /// Where the hub says everything it has to say, once somebody wants to read that.
    log: Option<PathBuf>,
    /// The PostgreSQL it keeps things in, if it is not its own file.
    store: Option<String>,
}

/// A further hub over the same store. It runs until it is killed or the value goes.
#[allow(dead_code, reason = "the promises have several")]
pub struct Node {
    hub: Child,
    pub address: SocketAddr,
}

#[allow(dead_code, reason = "the promises have several")]
impl Node {
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.hub.kill();
        let _ = self.hub.wait();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether the hubs of all towns keep things in PostgreSQL.
#[allow(dead_code, reason = "the promises ask, too")]
pub fn on_postgres() -> bool {
    std::env::var("TAYORI_TEST_STORE").is_ok_and(|store| store == "postgres")
}

/// A new database, where there is a PostgreSQL.
#[allow(dead_code, reason = "the promises move a hub")]
pub fn fresh_database() -> Option<String> {
    #[cfg(unix)]
    return database::fresh();
    #[cfg(not(unix))]
    None
}

impl Town {
    /// A running hub and its offices, ready to exchange.
    pub fn of<const N: usize>(people: [Person; N]) -> (Town, [Office; N]) {
        Town::called("127.0.0.1", people)
    }

    /// The same, where the hub's certificate has only the one name.
    pub fn called<const N: usize>(host: &str, people: [Person; N]) -> (Town, [Office; N]) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let hub_dir = dir.path().join("hub");
        Town::made(dir, hub_dir, &[host], people)
    }

    /// The same, where the hub's certificate has several names.
    #[allow(dead_code, reason = "the stories have a hub behind a cable")]
    pub fn named<const N: usize>(hosts: &[&str], people: [Person; N]) -> (Town, [Office; N]) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let hub_dir = dir.path().join("hub");
        Town::made(dir, hub_dir, hosts, people)
    }

    /// The same, where the hub has its folder elsewhere.
    pub fn in_folder<const N: usize>(hub_dir: &Path, people: [Person; N]) -> (Town, [Office; N]) {
        Town::made(tempfile::tempdir().expect("a temporary folder"), hub_dir.to_owned(), &["127.0.0.1"], people)
    }

    /// The same over SQLite, whatever the others keep things in.
    #[allow(dead_code, reason = "the promises move a hub")]
    pub fn on_sqlite<const N: usize>(people: [Person; N]) -> (Town, [Office; N]) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let hub_dir = dir.path().join("hub");
        Town::made_over(None, dir, hub_dir, &["127.0.0.1"], people)
    }

    /// The same over PostgreSQL; `None` where there is none.
    #[allow(dead_code, reason = "the promises have several nodes")]
    pub fn over_postgres<const N: usize>(people: [Person; N]) -> Option<(Town, [Office; N])> {
        Some(Town::over(fresh_database()?, people))
    }

    /// The same over this database.
    #[allow(dead_code, reason = "the promises break one")]
    pub fn over<const N: usize>(store: String, people: [Person; N]) -> (Town, [Office; N]) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let hub_dir = dir.path().join("hub");
        Town::made_over(Some(store), dir, hub_dir, &["127.0.0.1"], people)
    }

    fn made<const N: usize>(
        dir: tempfile::TempDir,
        hub_dir: PathBuf,
        hosts: &[&str],
        people: [Person; N],
    ) -> (Town, [Office; N]) {
        let store = on_postgres().then(|| fresh_database().expect("PostgreSQL"));
        Town::made_over(store, dir, hub_dir, hosts, people)
    }

    fn made_over<const N: usize>(
        store: Option<String>,
        dir: tempfile::TempDir,
        hub_dir: PathBuf,
        hosts: &[&str],
        people: [Person; N],
    ) -> (Town, [Office; N]) {
        let mut town = Town { dir, hub_dir, hub: None, address: ([127, 0, 0, 1], 0).into(), log: None, store };
        let hosts = hosts.iter().flat_map(|host| ["--host", host]);
        let init = ["init", "--listen", "127.0.0.1:0"].into_iter().chain(hosts).collect::<Vec<_>>();
        town.operator(&init);
        town.start_hub();
        let offices = people.map(|person| town.join(person));
        for office in &offices {
            // The hub looks at its directory every second.
            eventually("the hub knows the office", || office.log_in_first().is_fine());
        }
        (town, offices)
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
    pub fn hub_dir(&self) -> PathBuf {
        self.hub_dir.clone()
    }
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Runs a command of the operator's.
    pub fn operator(&self, args: &[&str]) -> Run {
        let run = self.try_operator(args);
        assert!(run.is_fine(), "tayori-hub {args:?}: {run:?}");
        run
    }

    /// The same, whatever comes of it.
    pub fn try_operator(&self, args: &[&str]) -> Run {
        finish(self.hub_command().args(args))
    }

    /// The same, where the store is come to in another way.
    #[allow(dead_code, reason = "the promises have several ways")]
    pub fn try_operator_over(&self, store: &str, args: &[&str]) -> Run {
        finish(self.hub_command_over(Some(store)).args(args))
    }

    fn hub_command(&self) -> Command {
        self.hub_command_over(self.store.as_deref())
    }

    fn hub_command_over(&self, store: Option<&str>) -> Command {
        let mut command = Command::new(TAYORI_HUB);
        command.arg("--dir").arg(self.hub_dir());
        match store {
            Some(url) => command.env("TAYORI_STORE", url),
            None => command.env_remove("TAYORI_STORE"),
        };
        command
    }

    /// From now on the hub keeps things there. It does not run.
    #[allow(dead_code, reason = "the promises move a hub")]
    pub fn keep_in(&mut self, store: Option<String>) {
        self.kill_hub();
        self.store = store;
    }

    /// A further hub over the same store and the same folder.
    #[allow(dead_code, reason = "the promises have several")]
    pub fn another_node(&self) -> Node {
        self.another_node_over(self.store())
    }

    /// The URL of the database it keeps things in.
    #[allow(dead_code, reason = "the promises have several")]
    pub fn store(&self) -> &str {
        self.store.as_deref().expect("PostgreSQL")
    }

    /// The same, which comes to the store in another way.
    #[allow(dead_code, reason = "the promises have several")]
    pub fn another_node_over(&self, store: &str) -> Node {
        let mut command = self.hub_command_over(Some(store));
        command.args(["serve", "--listen", "127.0.0.1:0"]).env("TAYORI_LOG", "off").stdout(Stdio::piped());
        let (hub, address) = started(&mut command);
        Node { hub, address }
    }

    #[allow(dead_code, reason = "the promises break it")]
    pub fn database_name(&self) -> &str {
        self.store().rsplit('/').next().unwrap_or_default()
    }

    /// Nobody comes to the database any more, as if it were down.
    #[cfg(unix)]
    #[allow(dead_code, reason = "the promises break it")]
    pub fn close_database(&self) {
        let name = self.database_name();
        let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        let mut administrator = database::server().unwrap().administrator();
        administrator.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false; {cut}")).unwrap();
    }

    /// It is there again.
    #[cfg(unix)]
    #[allow(dead_code, reason = "the promises break it")]
    pub fn open_database(&self) {
        let name = self.database_name();
        let mut administrator = database::server().unwrap().administrator();
        administrator.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).unwrap();
    }

    /// Rows of what the hub keeps in PostgreSQL, as text.
    #[allow(dead_code, reason = "the promises look into it")]
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let mut client = Client::connect(self.store(), NoTls).unwrap();
        let rows = client.simple_query(sql).unwrap();
        let texts = |row: &postgres::SimpleQueryRow| {
            (0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect()
        };
        let row = |message: &postgres::SimpleQueryMessage| match message {
            postgres::SimpleQueryMessage::Row(row) => Some(texts(row)),
            _ => None,
        };
        rows.iter().filter_map(row).collect()
    }

    /// Starts the hub where it was before.
    pub fn start_hub(&mut self) {
        let mut command = self.hub_command();
        command
            .args(["serve", "--listen", &self.address.to_string()])
            .env("TAYORI_LOG", if self.log.is_some() { "trace" } else { "off" })
            .stdout(Stdio::piped())
            .stderr(self.log.as_ref().map_or_else(Stdio::inherit, |path| {
                fs::File::options().create(true).append(true).open(path).expect("a log").into()
            }));
        let (hub, address) = started(&mut command);
        self.address = address;
        self.hub = Some(hub);
    }

    /// Starts the hub anew; from now on it logs everything, into this file.
    pub fn log_to(&mut self, path: &Path) {
        self.kill_hub();
        self.log = Some(path.to_owned());
        self.start_hub();
    }

    /// The hub's process, while it runs.
    #[allow(dead_code, reason = "the promises and the benches look into it")]
    pub fn hub_process(&self) -> u32 {
        self.hub.as_ref().map_or(0, Child::id)
    }

    /// Ends the hub as a power cut would: no signal it could answer.
    pub fn kill_hub(&mut self) {
        if let Some(mut hub) = self.hub.take() {
            let _ = hub.kill();
            let _ = hub.wait();
        }
    }

    /// Tells the hub to stop, as a service manager would.
    pub fn tell_hub_to_stop(&self) {
        let pid = self.hub.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits until the hub ended by itself; says whether it ended well.
    pub fn hub_ended(&mut self) -> bool {
        let mut hub = self.hub.take().unwrap();
        let mut status = None;
        eventually("the hub ends", || {
            status = hub.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().success()
    }

    /// Registers an office with a code, as its letter says.
    pub fn join(&self, person: Person) -> Office {
        let office = Office::of(person, self.dir.path());
        let code = self.register(person);
        office.enrol(&self.url(), &code).or_panic();
        office
    }

    /// The operator's part of it: the office and its code.
    pub fn register(&self, person: Person) -> String {
        let Person { number, service, name } = person;
        let letter = self.dir.path().join(format!("{number}.txt"));
        self.operator(&["office", "add", number, "--service", service, "--name", name, "--letter", text(&letter)]);
        code_in(&fs::read_to_string(letter).unwrap())
    }

    /// A further code of the operator's.
    pub fn code(&self, person: Person, more: &[&str]) -> String {
        let run = self.operator(&[&["office", "code", person.number, "--json"], more].concat());
        run.json()["code"].as_str().unwrap().to_owned()
    }

    /// Registers an office the other way: its request, the operator's answer, its certificate.
    pub fn join_by_request(&self, person: Person) -> Office {
        let office = Office::of(person, self.dir.path());
        office.ask_to_join(&self.url());
        self.certify(&office);
        office
    }

    /// The operator's answer to an office's request.
    pub fn certify(&self, office: &Office) {
        let (request, certificate) = (office.profile.join("request.csr"), office.profile.join("answer.pem"));
        let Person { number, service, name } = office.person;
        self.operator(&[
            "office",
            "add",
            number,
            "--service",
            service,
            "--name",
            name,
            "--csr",
            text(&request),
            "--certificate",
            text(&certificate),
        ]);
        let ca = self.hub_dir().join("ca/ca.pem");
        office.must(&["setup", "--certificate", text(&certificate), "--ca", text(&ca)]);
    }

    /// What the hub keeps: the id, sender and receiver of each parcel, in the order they came. Asked of its store, not
    /// of its programs.
    pub fn kept(&self) -> Vec<(String, String, String)> {
        let kept = "SELECT id, sender, receiver FROM parcel JOIN body ON body.seq = parcel.seq ORDER BY parcel.seq";
        if self.store.is_some() {
            let text = |cell: Option<&String>| cell.cloned().unwrap_or_default();
            return self.rows(kept).iter().map(|row| (text(row.first()), text(row.get(1)), text(row.get(2)))).collect();
        }
        let store = rusqlite::Connection::open(self.hub_dir().join("hub.db")).unwrap();
        let mut select = store.prepare(kept).unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

/// A hub that says where it listens.
fn started(command: &mut Command) -> (Child, SocketAddr) {
    let mut hub = command.spawn().expect("the hub starts");
    let mut line = String::new();
    BufReader::new(hub.stdout.take().unwrap()).read_line(&mut line).expect("the hub speaks");
    let address = line.trim().strip_prefix("listening ").unwrap_or_else(|| panic!("the hub said {line:?}"));
    (hub, address.parse().unwrap())
}

impl Drop for Town {
    fn drop(&mut self) {
        self.kill_hub();
    }
}

/// One office with one terminal, and the folders of its care software.
pub struct Office {
    pub person: Person,
    pub profile: PathBuf,
    pub outgoing: PathBuf,
    pub import: PathBuf,
    pub imported: PathBuf,
}

impl Office {
    pub fn of(person: Person, dir: &Path) -> Office {
        let home = dir.join(person.number);
        let [profile, outgoing, import, imported] =
            ["profile", "outgoing", "import", "imported"].map(|name| home.join(name));
        fs::create_dir_all(&imported).unwrap();
        // Otherwise every command would stretch the passphrase for a fifth of a second.
        Vault::create_unprotected(&profile, PASSPHRASE).unwrap();
        Office { person, profile, outgoing, import, imported }
    }

    pub fn number(&self) -> tayori::standard::OfficeNumber {
        self.person.number.parse().unwrap()
    }

    /// Another PC of this office, with nothing on it yet.
    #[allow(dead_code, reason = "not every test program has several")]
    pub fn another(&self, name: &str) -> Office {
        let dir = self.profile.parent().unwrap().join(name);
        Office::of(self.person, &dir)
    }

    /// `tayori setup` with a code.
    pub fn enrol(&self, hub: &str, code: &str) -> Run {
        self.enrol_with(hub, &["--code", code])
    }

    pub fn enrol_with(&self, hub: &str, more: &[&str]) -> Run {
        let (outgoing, import) = (text(&self.outgoing), text(&self.import));
        let args = ["setup", "--office", self.person.number, "--hub", hub, "--outgoing", outgoing, "--import", import];
        self.run(&[&args, more].concat())
    }

    /// The first half of `tayori setup` without a code.
    pub fn ask_to_join(&self, hub: &str) {
        let Person { number, name, .. } = self.person;
        let (outgoing, import) = (text(&self.outgoing), text(&self.import));
        self.must(&[
            "setup",
            "--office",
            number,
            "--name",
            name,
            "--hub",
            hub,
            "--outgoing",
            outgoing,
            "--import",
            import,
        ]);
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(TAYORI);
        command.arg("--profile").arg(&self.profile).args(args).env("TAYORI_PASSPHRASE", PASSPHRASE);
        command
    }

    /// Makes the office's first account and logs in with it.
    pub fn log_in_first(&self) -> Run {
        finish(self.command(&["account", "first", "--user", USER]).env("TAYORI_PASSWORD", PASSWORD))
    }

    /// Logs in.
    pub fn log_in(&self, user: &str, password: &str) -> Run {
        finish(self.command(&["login", "--user", user]).env("TAYORI_PASSWORD", password))
    }

    /// The access token of whoever is logged in here.
    pub fn token(&self) -> String {
        self.profile().history().unwrap().login().unwrap().expect("somebody is logged in").access.reveal().to_owned()
    }

    /// The hub as this office's own program would call it, under its own address.
    pub fn link(&self, town: &Town) -> HubLink {
        self.link_over(&town.url())
    }

    /// The same over another way.
    pub fn link_over(&self, url: &str) -> HubLink {
        let mut profile = self.profile();
        profile.settings.hub = url.to_owned();
        profile.link(&self.identity()).unwrap()
    }

    pub fn run(&self, args: &[&str]) -> Run {
        finish(&mut self.command(args))
    }

    /// Runs a command that has no reason to fail.
    pub fn must(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert!(run.is_fine(), "{} tayori {args:?}: {run:?}", self.person.name);
        run
    }

    /// `tayori list … --format json`.
    pub fn list(&self, which: &str) -> Vec<Value> {
        let run = self.must(&["list", which, "--format", "json"]);
        serde_json::from_str::<Vec<Value>>(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
    }

    /// The states in one list, oldest first.
    pub fn states(&self, which: &str) -> Vec<String> {
        self.list(which).iter().rev().map(|line| line["state"].as_str().unwrap().to_owned()).collect()
    }

    /// Puts a file out, as care software did a while ago: nobody has to wait for it to be whole.
    pub fn put_out(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.outgoing.join(name);
        write_settled(&path, bytes);
        path
    }

    /// Puts out as many reports as asked for, each under a serial of its own.
    pub fn put_out_reports(&self, count: usize) -> Vec<PathBuf> {
        (0..count).map(|number| self.put_out(&report_name(number), &report(number))).collect()
    }

    /// Plays the care software: takes what is in the import folder. A name that comes a second time is an outcry.
    pub fn take_imports(&self) -> usize {
        let names: Vec<String> = files_in(&self.import).into_iter().map(|(name, _)| name).collect();
        for name in &names {
            let taken = self.imported.join(name);
            assert!(!taken.exists(), "{name} came a second time");
            fs::rename(self.import.join(name), taken).unwrap();
        }
        names.len()
    }

    /// All that ever came: what lies in the import folder and what the care software took from there.
    pub fn came(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = files_in(&self.import);
        all.extend(files_in(&self.imported));
        all.sort();
        all
    }

    /// Its profile, unlocked for this process.
    pub fn profile(&self) -> Profile {
        let profile = Profile::open(&self.profile).unwrap();
        profile.unlock(&Unlock::passphrase(PASSPHRASE)).unwrap();
        profile
    }
    pub fn vault(&self) -> Vault {
        self.profile().vault().unwrap()
    }
    pub fn identity(&self) -> Identity {
        Identity::load(&self.profile.join("identity"), &self.vault()).unwrap()
    }

    /// Sends this terminal to another address, as a changed setting would.
    pub fn call_instead(&self, hub: &str) {
        let mut profile = self.profile();
        profile.settings.hub = hub.to_owned();
        profile.save().unwrap();
    }

    /// Puts each file into the outbox as a parcel of its own, without sending. Returns the ids, in order.
    pub fn queue(&self, files: &[PathBuf], to: &Office) -> Vec<String> {
        use tayori::engine::model::SendRequest;
        let mut terminal = self.profile().terminal().unwrap();
        let now = jiff::Timestamp::now();
        let parcels: Vec<_> = files
            .iter()
            .map(|path| {
                let request = SendRequest::new(to.number(), vec![path.clone()], "実績です");
                terminal.prepare(&request, tayori::folders::Pace::default(), now).expect("a good file")
            })
            .collect();
        terminal.history.queue(&parcels, now).unwrap();
        parcels.iter().map(|parcel| parcel.content.manifest.id.to_string()).collect()
    }

    /// Makes all that waits due now, as a person who clicks 「送り直す」 on each would.
    pub fn retry_all(&self) {
        let mut terminal = self.profile().terminal().unwrap();
        for line in terminal.history.outbox().unwrap() {
            terminal.history.retry(line.id, jiff::Timestamp::now()).unwrap();
        }
    }
}

/// `tayori watch`, until the value goes.
pub struct Watch(Child);

impl Watch {
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn of(office: &Office) -> Watch {
        Watch(office.command(&["watch"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that ended, and what it said.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn is_fine(&self) -> bool {
        self.code == Some(0)
    }

    #[track_caller]
    pub fn or_panic(self) -> Run {
        assert!(self.is_fine(), "{self:?}");
        self
    }

    /// The last line of standard output, as JSON.
    pub fn json(&self) -> Value {
        let line = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It failed, in words for a clerk: what is asked for is said, and nothing that only a programmer reads.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(self.stderr.contains(words), "{words} is not said: {self:?}");
        for jargon in ["panicked", "RUST_BACKTRACE", "ERROR", "WARN", "Error", "Os {", "error:"] {
            assert!(!self.stderr.contains(jargon), "{jargon}: {self:?}");
        }
        let said = self.stderr.lines().filter(|line| line.contains(words)).count();
        assert_eq!(said, 1, "it is said once: {self:?}");
        self
    }
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Run {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn();
    ended(child.expect("the program starts"), LONGEST)
}

/// Waits for a program; one that does not end is killed, and that is the test's end too.
pub fn ended(mut child: Child, longest: Duration) -> Run {
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        err.as_mut().map(|err| err.read_to_end(&mut text));
        text
    });
    let writer = std::thread::spawn(move || {
        let mut text = Vec::new();
        out.as_mut().map(|out| out.read_to_end(&mut text));
        text
    });
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > longest {
            let _ = child.kill();
            let _ = child.wait();
            panic!("it did not end within {longest:?}: {}", String::from_utf8_lossy(&reader.join().unwrap()));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let Output { stdout, stderr, .. } =
        Output { status, stdout: writer.join().unwrap(), stderr: reader.join().unwrap() };
    let words = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Run { code: status.code(), stdout: words(stdout), stderr: words(stderr) }
}

/// The code in a text: six groups of four.
pub fn code_in(text: &str) -> String {
    let is_code = |word: &&str| word.len() == 29 && word.split('-').filter(|group| group.len() == 4).count() == 6;
    text.split_whitespace().find(is_code).unwrap_or_else(|| panic!("no code in {text}")).to_owned()
}

/// Looks again and again until something holds.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LONGEST, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A good file of the month, from an office's care software.
pub fn sample(name: &str) -> Vec<u8> {
    let month = include_bytes!("../../assets/demo/month.zip");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&month[..])).unwrap();
    let mut bytes = Vec::new();
    let sender = name.split('_').find(|part| part.len() == 10).unwrap();
    archive.by_name(&format!("good/{sender}/{name}")).expect(name).read_to_end(&mut bytes).unwrap();
    bytes
}

/// A plan of the month that south sends to an office: its name and bytes.
pub fn sample_of_south(receiver: &str) -> (String, Vec<u8>) {
    let month = include_bytes!("../../assets/demo/month.zip");
    let archive = zip::ZipArchive::new(std::io::Cursor::new(&month[..])).unwrap();
    let wanted = format!("good/{}/UPPLAN_", SOUTH.number);
    let mut names = archive.file_names().map(|name| name.unwrap().into_owned());
    let path = names.find(|name| name.starts_with(&wanted) && name.contains(receiver)).expect(receiver);
    let name = path.rsplit('/').next().unwrap().to_owned();
    let bytes = sample(&name);
    (name, bytes)
}

const REPORT: &str = "UPJSK_202605_3171000048_11_3191000017_43_20260425173442.CSV";

/// The name of north's n-th report to south.
pub fn report_name(number: usize) -> String {
    REPORT.replace("173442", &format!("{:02}{:02}{:02}", 10 + number / 3600, number / 60 % 60, number % 60))
}

/// The bytes of north's n-th report: no two are the same.
pub fn report(number: usize) -> Vec<u8> {
    let mut bytes = sample(REPORT);
    // The records' order is the care software's own affair, and a report may be as short as it likes.
    let ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    bytes.rotate_left(ends[number % ends.len()]);
    bytes
}

/// Writes a file that looks as if it had been there for a minute.
pub fn write_settled(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_secs(60)).unwrap();
}

/// What somebody who looks into a folder sees: hidden files are not.
pub fn files_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (!name.starts_with('.')).then(|| (name, fs::read(&path).unwrap()))
        })
        .collect();
    files.sort();
    files
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Chance that comes out the same in every run (SplitMix64).
pub struct Chance(u64);

impl Chance {
    /// `STORY_SEED` moves all of them, for those who look for trouble.
    pub fn of(seed: u64) -> Chance {
        let moved = std::env::var("STORY_SEED").ok().and_then(|seed| seed.parse::<u64>().ok()).unwrap_or(0);
        Chance(seed.wrapping_add(moved.wrapping_mul(1_000)))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }
}
