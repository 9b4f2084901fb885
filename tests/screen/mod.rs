//! A screen nobody looks at (Xvfb), for what has to be a real window.

#![allow(dead_code, reason = "the bench and the story each use their part")]
#![allow(clippy::unwrap_used, reason = "a test that meets none of it has failed")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    /// `None` where there is no Xvfb.
    pub fn of(width: u32, height: u32) -> Option<Screen> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(server.stdout.take()?).read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            let _ = server.wait();
            return None;
        }
        Some(Screen { server, display: format!(":{}", line.trim()) })
    }

    /// The same command, on this screen and drawn without a graphics card.
    pub fn on<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("DISPLAY", &self.display).env_remove("WAYLAND_DISPLAY").env("LIBGL_ALWAYS_SOFTWARE", "1")
    }

    /// Presses and clicks as a person would; false where xdotool is not there or finds nothing.
    pub fn xdotool(&self, args: &[&str]) -> bool {
        let quiet = Stdio::null;
        let mut command = Command::new("xdotool");
        let run = self.on(&mut command).args(args).stdout(quiet()).stderr(quiet()).status();
        run.is_ok_and(|status| status.success())
    }

    /// What is on the screen.
    pub fn picture(&self, path: &Path) {
        let mut command = Command::new("import");
        let run = self.on(&mut command).args(["-window", "root"]).arg(path).status();
        assert!(run.unwrap().success(), "no picture");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
