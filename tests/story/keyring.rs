//! A real Secret Service (gnome-keyring) in a session of its own: the key to what is kept here lies there and nowhere else.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::world::{NORTH, Office, PASSWORD, Run, SOUTH, Town, USER, eventually, files_in, finish, text};

const AWAY: &str = "パソコンの鍵の保管場所から取り出せません";
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";

/// Somebody's session: a bus, and what keeps the keys of whoever is logged in.
struct Session {
    home: tempfile::TempDir,
    bus: Child,
    address: String,
    keeper: Option<Child>,
}

impl Session {
    /// `None` where there is no gnome-keyring, which CI does not let pass.
    fn begin() -> Option<Session> {
        let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !there("gnome-keyring-daemon") || !there("dbus-daemon") {
            assert!(
                std::env::var_os("CI").is_none(),
                "gnome-keyring is not installed: scripts/setup tests installs it"
            );
            eprintln!("\n*** SKIPPED: gnome-keyring is not installed (scripts/setup tests installs it) ***\n");
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        // Nothing is started by itself here: what is gone is gone, and nobody is asked on a screen.
        let config = home.path().join("bus.conf");
        fs::write(&config, format!(include_str!("keyring_bus.conf"), home.path().display())).unwrap();
        let mut bus = Command::new("dbus-daemon");
        bus.arg(format!("--config-file={}", text(&config))).args(["--nofork", "--print-address=1"]);
        let mut bus = bus.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let mut session = Session { home, bus, address: address.trim().to_owned(), keeper: None };
        session.log_in();
        Some(session)
    }

    /// In this session, without a passphrase and without a screen to ask anybody on.
    fn inside(&self, command: &mut Command) {
        let home = self.home.path();
        command.env("HOME", home).env("XDG_RUNTIME_DIR", home).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        for (name, folder) in [("XDG_DATA_HOME", "share"), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache")] {
            command.env(name, home.join(folder));
        }
        for name in ["TAYORI_PASSPHRASE", "DISPLAY", "WAYLAND_DISPLAY"] {
            command.env_remove(name);
        }
    }

    /// The keyring opens with the person's login.
    fn log_in(&mut self) {
        let mut keeper = Command::new("gnome-keyring-daemon");
        keeper.args(["--foreground", "--unlock", "--components=secrets"]);
        self.inside(&mut keeper);
        let mut keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        keeper.stdin.take().unwrap().write_all(b"login password").unwrap();
        self.keeper = Some(keeper);
        eventually("the keyring is open", || {
            self.ask("Get", &["org.freedesktop.Secret.Collection", "Locked"]).contains("false")
        });
    }

    fn log_out(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            let _ = keeper.kill();
            let _ = keeper.wait();
        }
    }

    /// What the keyring says of its collection.
    fn ask(&self, method: &str, words: &[&str]) -> String {
        let mut call = Command::new("dbus-send");
        call.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", LOGIN]);
        call.arg(format!("org.freedesktop.DBus.Properties.{method}"))
            .args(words.iter().map(|word| format!("string:{word}")));
        self.inside(&mut call);
        String::from_utf8_lossy(&call.output().unwrap().stdout).into_owned()
    }

    /// Asks the keyring for something with one collection or item.
    fn tell(&self, at: &str, what: &str, more: &[&str]) {
        let mut call = Command::new("dbus-send");
        call.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", at, what]).args(more);
        self.inside(&mut call);
        let said = call.output().unwrap();
        assert!(said.status.success(), "{what}: {}", String::from_utf8_lossy(&said.stderr));
    }

    /// As the screen's lock does.
    fn lock(&self) {
        self.tell(
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            &[&format!("array:objpath:{LOGIN}")],
        );
    }

    /// The places of all that is kept.
    fn items(&self) -> Vec<String> {
        let said = self.ask("Get", &["org.freedesktop.Secret.Collection", "Items"]);
        said.split('"').filter(|word| word.starts_with(LOGIN)).map(str::to_owned).collect()
    }

    fn run(&self, office: &Office, args: &[&str]) -> Run {
        let mut command = office.command(args);
        self.inside(&mut command);
        finish(command.env("TAYORI_PASSWORD", PASSWORD))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.log_out();
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

/// All that lies in a profile, but what changes with every look.
fn kept(office: &Office) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(&office.profile).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| !text(path).ends_with("-wal") && !text(path).ends_with("-shm"));
    found.sort();
    found
}

#[test]
fn a_keyring_keeps_the_key_and_a_locked_or_vanished_one_loses_nothing() {
    let Some(mut session) = Session::begin() else { return };
    let (town, [south]) = Town::of([SOUTH]);
    let profile = town.dir().join("ring");
    let north = Office { profile, ..Office::of(NORTH, town.dir()) };
    fs::create_dir_all(&north.outgoing).unwrap();
    let code = town.register(NORTH);
    let (outgoing, import, url) = (text(&north.outgoing), text(&north.import), town.url());
    let setup =
        ["setup", "--office", NORTH.number, "--hub", &url, "--outgoing", outgoing, "--import", import, "--code", &code];
    session.run(&north, &setup).or_panic();
    assert_eq!(session.items().len(), 1, "one key");
    let vault = fs::read_to_string(north.profile.join("vault.toml")).unwrap();
    assert!(vault.contains("kept = \"keyring\""), "{vault}");
    // Each command is a new process, and nobody is asked for anything.
    eventually("the hub knows the office", || session.run(&north, &["account", "first", "--user", USER]).is_fine());
    let (plan, bytes) = crate::world::sample_of_south(NORTH.number);
    south.put_out(&plan, &bytes);
    south.must(&["send"]);
    session.run(&north, &["receive"]).or_panic();
    assert_eq!(files_in(&north.import), [(plan, bytes)]);
    let listed = session.run(&north, &["list", "inbox"]).or_panic().stdout;
    let before = kept(&north);

    // Locked with the screen, and nobody there to open it.
    session.lock();
    session.run(&north, &["list", "inbox"]).says(AWAY);
    session.run(&north, &["receive"]).says(AWAY);
    session.log_out();
    session.run(&north, &["receive"]).says(AWAY);
    let second = north.another("second");
    fs::remove_file(second.profile.join("vault.toml")).unwrap();
    session.run(&second, &setup).says("合言葉が、まだ決まっていません");
    assert_eq!(kept(&north), before, "nothing is made anew in place of what cannot be opened");
    session.log_in();
    assert_eq!(session.run(&north, &["list", "inbox"]).or_panic().stdout, listed);
    session.run(&north, &["receive"]).or_panic();

    // Somebody cleans up in the keyring. What is here stays, closed, and the office's other ways in are open.
    for item in session.items() {
        session.tell(&item, "org.freedesktop.Secret.Item.Delete", &[]);
    }
    session.run(&north, &["list", "inbox"]).says(AWAY);
    session.run(&north, &["setup", "--code", &code]);
    assert_eq!(kept(&north), before, "no second vault beside the first");
    assert_eq!(session.items(), Vec::<String>::new());
}
