//! What somebody sees who does not look at Tayori: a real notification daemon on a real session bus.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tayori::engine::habits::QuietHours;

use crate::world::{NORTH, Office, SOUTH, Town, eventually, report, report_name};

/// An X server, a session bus and dunst on it, until the value goes.
pub struct Desktop {
    /// Where its programs keep their settings; this user's own are none of our business.
    config: tempfile::TempDir,
    xvfb: Child,
    session: Child,
    dunst: String,
    display: String,
    bus: String,
}

impl Desktop {
    /// `None`, said aloud, where the parts are not there; in CI they must be.
    pub fn start() -> Option<Desktop> {
        Desktop::try_start()
            .inspect_err(|missing| {
                assert!(std::env::var_os("CI").is_none(), "{missing} must run in CI");
                eprintln!("SKIPPED: {missing} does not run here, so nobody sees the notices");
            })
            .ok()
    }

    fn try_start() -> Result<Desktop, String> {
        let mut xvfb = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("Xvfb ({error})"))?;
        let mut number = String::new();
        BufReader::new(xvfb.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let display = format!(":{}", number.trim());
        let config = tempfile::tempdir().unwrap();
        let session = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", "echo $DBUS_SESSION_BUS_ADDRESS; echo $$; exec dunst -conf /dev/null"])
            .env("DISPLAY", &display)
            .env("LANG", "C.UTF-8")
            .env("XDG_CONFIG_HOME", config.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut session = session.map_err(|error| {
            let _ = xvfb.kill();
            format!("dbus-run-session ({error})")
        })?;
        let mut lines = BufReader::new(session.stdout.take().unwrap()).lines();
        let mut line = || lines.next().and_then(Result::ok).unwrap_or_default();
        let desktop = Desktop { config, xvfb, session, bus: line(), dunst: line(), display };
        // It dies at once where it cannot run.
        for _ in 0..200 {
            if desktop.dunstctl(&["count", "waiting"]).is_some() {
                return Ok(desktop);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("dunst".into())
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        self.put_on(&mut command);
        command
    }

    pub fn put_on(&self, command: &mut Command) {
        command.env("DISPLAY", &self.display).env("DBUS_SESSION_BUS_ADDRESS", &self.bus).env("LANG", "C.UTF-8");
        command.env("XDG_CONFIG_HOME", self.config.path()).env_remove("WAYLAND_DISPLAY");
    }

    pub fn dunstctl(&self, args: &[&str]) -> Option<String> {
        let output = self.command("dunstctl").args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// A picture of what somebody sees now, where pictures are wanted: `TAYORI_PICTURES` names a folder.
    pub fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("TAYORI_PICTURES") else { return };
        let path = std::path::Path::new(&folder).join(format!("{name}.png"));
        let taken = self.command("import").args(["-window", "root"]).arg(path).status();
        assert!(taken.is_ok_and(|status| status.success()), "no picture");
    }

    pub fn shown(&self) -> usize {
        let count = |which| self.dunstctl(&["count", which]).and_then(|count| count.parse().ok()).unwrap_or(0);
        count("displayed") + count("waiting")
    }

    /// What was shown, newest first: summary and body. Takes it all away.
    pub fn read(&self) -> Vec<(String, String)> {
        self.dunstctl(&["close-all"]);
        let history: serde_json::Value = serde_json::from_str(&self.dunstctl(&["history"]).unwrap()).unwrap();
        let text = |toast: &serde_json::Value, field: &str| toast[field]["data"].as_str().unwrap().to_owned();
        let toasts = history["data"][0].as_array().unwrap();
        toasts.iter().map(|toast| (text(toast, "summary"), text(toast, "body"))).collect()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(&self.dunst).status();
        for child in [&mut self.session, &mut self.xvfb] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// `tayori watch` on that desktop, until the value goes.
pub struct Watching(Child);

impl Watching {
    pub fn of(office: &Office, desktop: &Desktop) -> Watching {
        let mut command = office.command(&["watch"]);
        desktop.put_on(&mut command);
        Watching(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn end(self) {}
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn who_does_not_look_sees_one_toast_with_the_partner_and_no_person() {
    let Some(desktop) = Desktop::start() else { return };
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    change_notices(&south, None);
    let watching = Watching::of(&south, &desktop);
    north.put_out(&report_name(0), &report(0));
    north.must(&["send"]);
    eventually("a toast", || desktop.shown() == 1);
    desktop.dunstctl(&["action", "0"]);
    let toast = ("北の訪問介護 から届きました".to_owned(), "実績　ファイル 1 個".to_owned());
    assert_eq!(desktop.read(), std::slice::from_ref(&toast));
    if cfg!(feature = "desktop") && desktop.command("xdotool").arg("version").output().is_ok() {
        let window = || desktop.command("xdotool").args(["search", "--name", "便り|Tayori"]).output().unwrap();
        eventually("a click opens the window", || !window().stdout.is_empty());
        eventually("with the parcel it spoke of", || south.list("inbox")[0]["unread"] == false);
        // It would hear of what comes next.
        let close =
            || desktop.command("xdotool").args(["search", "--name", "便り|Tayori", "windowkill"]).output().unwrap();
        eventually("it is closed again", || !close().status.success() || window().stdout.is_empty());
        eventually("and its program has ended", || no_window_of(&south));
    }
    watching.end();

    // Ten more while the computer is off: one toast, not ten.
    let paths: Vec<_> = (1..11).map(|number| north.put_out(&report_name(number), &report(number))).collect();
    north.queue(&paths, &south);
    north.must(&["send", "--to", NORTH.number]);
    let _watching = Watching::of(&south, &desktop);
    eventually("a toast", || desktop.shown() == 1);
    assert_eq!(desktop.read(), [("10 件届きました".to_owned(), NORTH.name.to_owned()), toast]);
}

#[test]
fn quiet_hours_are_quiet_and_drafts_and_troubles_are_told() {
    let Some(desktop) = Desktop::start() else { return };
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let now = jiff::Zoned::now().time();
    let from = now.saturating_sub(jiff::SignedDuration::from_mins(5));
    let until = now.saturating_add(jiff::SignedDuration::from_mins(20));
    // Close to midnight the two would be on one day: then all of the day is quiet but a second.
    let quiet =
        if from < now && now < until { QuietHours { from, until } } else { QuietHours { from: until, until: from } };
    change_notices(&south, Some(quiet));
    change_notices(&north, None);
    let _watches = [Watching::of(&north, &desktop), Watching::of(&south, &desktop)];
    std::fs::write(north.outgoing.join(report_name(0)), report(0)).unwrap();
    eventually("a toast", || desktop.shown() == 1);
    let drafted =
        ("送り先 1 件の下書きができました".to_owned(), "お確かめのうえ、「送る」を押してください。".to_owned());
    assert_eq!(desktop.read(), std::slice::from_ref(&drafted));
    north.must(&["send"]);
    eventually("it is in the folder", || !crate::world::files_in(&south.import).is_empty());
    std::fs::rename(&north.outgoing, north.outgoing.with_file_name("aside")).unwrap();
    eventually("the missing folder is told", || desktop.shown() == 1);
    let missing = format!("フォルダ「{}」が見つかりません。", north.outgoing.display());
    assert_eq!(desktop.read(), [(missing, "設定でフォルダを選び直してください。".to_owned()), drafted]);
}

/// What the notification daemon is asked, call by call.
struct Calls {
    monitor: Child,
    heard: std::sync::Arc<std::sync::Mutex<String>>,
}

impl Calls {
    fn of(desktop: &Desktop) -> Calls {
        let mut monitor = desktop
            .command("dbus-monitor")
            .args(["--session", "interface='org.freedesktop.Notifications'"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(monitor.stdout.take().unwrap()).lines();
        let heard = std::sync::Arc::<std::sync::Mutex<String>>::default();
        let kept = heard.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(line.trim());
                kept.push(' ');
            }
        });
        let calls = Calls { monitor, heard };
        // It hears only what is said after it has begun.
        eventually("the monitor listens", || {
            let mut ask = desktop.command("dbus-send");
            ask.args(["--session", "--dest=org.freedesktop.Notifications", "/org/freedesktop/Notifications"]);
            let asked = ask.arg("org.freedesktop.Notifications.GetServerInformation").status();
            asked.is_ok_and(|status| status.success()) && calls.heard.lock().unwrap().contains("GetServerInformation")
        });
        calls
    }

    /// The call that shows this.
    fn showing(&self, summary: &str) -> Option<String> {
        let heard = self.heard.lock().unwrap();
        heard.split("member=Notify").find(|call| call.contains(summary)).map(str::to_owned)
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        let _ = self.monitor.kill();
        let _ = self.monitor.wait();
    }
}

/// A time zone in which it is some minutes past ten in the morning now.
fn in_the_morning() -> String {
    let hour = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).hour();
    format!("AAA{}", i16::from(hour) - 10)
}

#[test]
fn the_morning_is_told_once_without_a_sound_and_what_comes_has_the_one_that_was_chosen() {
    let Some(desktop) = Desktop::start() else { return };
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let calls = Calls::of(&desktop);
    north.put_out(&report_name(0), &report(0));
    north.must(&["send"]);
    south.must(&["receive"]);
    let zone = in_the_morning();
    let watch = || {
        let mut command = south.command(&["watch"]);
        desktop.put_on(&mut command);
        command.env("TZ", &zone).stdout(Stdio::null()).stderr(Stdio::null());
        Watching(command.spawn().unwrap())
    };
    let watching = watch();
    const MORNING: &str = "おはようございます。今朝のまとめです";
    eventually("the morning's summary", || desktop.shown() == 1);
    let waits = "きのうの朝から届いたもの 1 件\nまだ取り込んでいないもの 1 件";
    let told = desktop.read();
    assert!(told.contains(&(MORNING.to_owned(), waits.to_owned())), "{told:?}");
    let silent = |summary: &str| calls.showing(summary).is_some_and(|call| call.contains("\"suppress-sound\""));
    let sounds = |summary: &str, sound: &str| {
        let call = calls.showing(summary);
        call.is_some_and(|call| call.contains("\"sound-name\"") && call.contains(&format!("\"{sound}\"")))
    };
    eventually("it makes no sound", || silent(MORNING));

    north.put_out(&report_name(1), &report(1));
    north.must(&["send"]);
    const ARRIVED: &str = "北の訪問介護 から届きました";
    eventually("an arrival with a soft sound", || sounds(ARRIVED, "message-new-instant"));
    std::fs::rename(&south.outgoing, south.outgoing.with_file_name("aside")).unwrap();
    eventually("a trouble with a loud one", || sounds("が見つかりません。", "dialog-warning"));
    std::fs::rename(south.outgoing.with_file_name("aside"), &south.outgoing).unwrap();
    watching.end();

    // Silenced, and started a second time on the same day.
    let mut profile = south.profile();
    profile.settings.notices.sound = tayori::engine::habits::Sound::Silent;
    profile.save().unwrap();
    calls.heard.lock().unwrap().clear();
    let _watching = watch();
    north.put_out(&report_name(2), &report(2));
    north.must(&["send"]);
    eventually("an arrival without a sound", || silent(ARRIVED));
    assert_eq!(calls.showing(MORNING), None, "once a day");
}

/// Whether no window runs over this profile.
fn no_window_of(office: &Office) -> bool {
    let lock = std::fs::OpenOptions::new().write(true).open(office.profile.join("window.lock"));
    lock.is_ok_and(|lock| lock.try_lock().is_ok())
}

pub fn change_notices(office: &Office, quiet: Option<QuietHours>) {
    let mut profile = office.profile();
    profile.settings.notices.quiet = quiet;
    profile.settings.notices.morning = None;
    profile.save().unwrap();
}

/// The real window on that desktop, until the value goes.
#[cfg(feature = "desktop")]
pub struct Opened(pub Child);

#[cfg(feature = "desktop")]
impl Opened {
    pub fn of(office: &Office, desktop: &Desktop) -> Opened {
        let mut command = office.command(&[]);
        desktop.put_on(&mut command);
        command.env("LIBGL_ALWAYS_SOFTWARE", "1");
        Opened(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// What `property` of its icon beside the clock is, as a panel would ask.
    fn icon(&self, desktop: &Desktop, property: &str) -> String {
        let name = format!("org.kde.StatusNotifierItem-{}-1", self.0.id());
        let asked = desktop
            .command("dbus-send")
            .args(["--session", "--print-reply", &format!("--dest={name}"), "/StatusNotifierItem"])
            .args(["org.freedesktop.DBus.Properties.Get", "string:org.kde.StatusNotifierItem"])
            .arg(format!("string:{property}"))
            .output()
            .unwrap();
        String::from_utf8_lossy(&asked.stdout).into_owned()
    }
}

#[cfg(feature = "desktop")]
impl Drop for Opened {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A panel with a place for icons (xfce4-panel), until the value goes.
#[cfg(feature = "desktop")]
struct Panel(Child);

#[cfg(feature = "desktop")]
impl Panel {
    /// `None`, said aloud, where there is none.
    fn of(desktop: &Desktop) -> Option<Panel> {
        let settings = desktop.config.path().join("xfce4/xfconf/xfce-perchannel-xml");
        std::fs::create_dir_all(&settings).unwrap();
        std::fs::write(settings.join("xfce4-panel.xml"), PANEL).unwrap();
        let started = desktop.command("xfce4-panel").stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        started.inspect_err(|error| eprintln!("SKIPPED: no panel to show the icon: {error}")).ok().map(Panel)
    }

    /// Whether it knows of the window's icon.
    fn has(&self, desktop: &Desktop, window: &Opened) -> bool {
        let asked = desktop
            .command("dbus-send")
            .args(["--session", "--print-reply", "--dest=org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher"])
            .args(["org.freedesktop.DBus.Properties.Get", "string:org.kde.StatusNotifierWatcher"])
            .arg("string:RegisteredStatusNotifierItems")
            .output()
            .unwrap();
        String::from_utf8_lossy(&asked.stdout).contains(&format!("StatusNotifierItem-{}-1", window.0.id()))
    }
}

#[cfg(feature = "desktop")]
impl Drop for Panel {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(feature = "desktop")]
const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=10;x=640;y=780"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="40"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/><value type="int" value="2"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="tasklist"/>
    <property name="plugin-2" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"#;

/// What is said to task bars on a desktop's bus.
#[cfg(feature = "desktop")]
struct TaskBar {
    monitor: Child,
    said: std::sync::Arc<std::sync::Mutex<String>>,
}

#[cfg(feature = "desktop")]
impl TaskBar {
    fn of(desktop: &Desktop) -> TaskBar {
        let mut monitor = desktop
            .command("dbus-monitor")
            .args(["--session", "interface='com.canonical.Unity.LauncherEntry'"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(monitor.stdout.take().unwrap()).lines();
        let said = std::sync::Arc::<std::sync::Mutex<String>>::default();
        let heard = said.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                heard.lock().unwrap().push_str(line.trim());
            }
        });
        TaskBar { monitor, said }
    }

    /// The newest word.
    fn newest(&self) -> String {
        self.said.lock().unwrap().rsplit("application://").next().unwrap_or_default().to_owned()
    }
}

#[cfg(feature = "desktop")]
impl Drop for TaskBar {
    fn drop(&mut self) {
        let _ = self.monitor.kill();
        let _ = self.monitor.wait();
    }
}

#[cfg(feature = "desktop")]
#[test]
fn the_icon_and_the_task_bar_have_the_number_and_a_click_on_the_toast_opens_the_parcel_in_the_window() {
    let Some(desktop) = Desktop::start() else { return };
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    change_notices(&south, None);
    let task_bar = TaskBar::of(&desktop);
    let panel = Panel::of(&desktop);
    let window = Opened::of(&south, &desktop);
    eventually("its icon is there", || window.icon(&desktop, "Title").contains("便り"));
    eventually("no number yet", || task_bar.newest().contains("boolean false"));
    north.put_out(&report_name(0), &report(0));
    north.must(&["send"]);
    eventually("a toast", || desktop.shown() == 1);
    if let Some(panel) = &panel {
        eventually("the panel shows the icon", || panel.has(&desktop, &window));
        std::thread::sleep(Duration::from_secs(2));
    }
    desktop.picture("tray-and-toast");
    eventually("the icon has the number", || window.icon(&desktop, "Title").contains("便り（未読 1 件）"));
    eventually("so has the task bar", || {
        let said = task_bar.newest();
        said.contains("tayori.desktop") && said.contains("int64 1") && said.contains("boolean true")
    });
    desktop.dunstctl(&["action", "0"]);
    eventually("a click opens the parcel", || south.list("inbox")[0]["unread"] == false);
    eventually("and the number goes", || !window.icon(&desktop, "Title").contains("未読"));
    eventually("from the task bar, too", || task_bar.newest().contains("int64 0"));
}
