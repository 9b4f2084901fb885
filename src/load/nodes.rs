//! The hub's processes of a trial of our own: started, watched, stopped. What they use is read where Linux tells it.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{LoadError, Node};
use crate::hub::home::StoreChoice;

/// How long a node may take to end in good order.
const END: Duration = Duration::from_secs(30);

/// They end with the value.
#[derive(Debug)]
pub(super) struct Nodes {
    running: Vec<(Child, SocketAddr)>,
}

impl Nodes {
    /// Starts so many over one home. What they log goes into a file beside it.
    pub fn start(program: &Path, home: &Path, store: &StoreChoice, count: usize) -> Result<Self, LoadError> {
        let mut nodes = Self { running: Vec::new() };
        for number in 1..=count {
            let log = File::create(home.with_extension(format!("{number}.log")))?;
            let mut command = Command::new(program);
            if let Some(url) = &store.url {
                // Not as an argument: it may have the password in it.
                command.env("TAYORI_STORE", url);
            }
            let child = command
                .arg("--dir")
                .arg(home)
                .args(["serve", "--listen", "127.0.0.1:0"])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(log)
                .spawn()?;
            // Ended with the others, should it not say where it listens.
            nodes.running.push((child, SocketAddr::from(([127, 0, 0, 1], 0))));
            let Some((child, address)) = nodes.running.last_mut() else { return Err(LoadError::NoStart) };
            let mut line = String::new();
            BufReader::new(child.stdout.take().ok_or(LoadError::NoStart)?).read_line(&mut line)?;
            let said = line.trim().strip_prefix("listening ").and_then(|said| said.parse().ok());
            *address = said.ok_or(LoadError::NoStart)?;
        }
        Ok(nodes)
    }

    pub fn at(&self) -> Vec<Node> {
        self.running.iter().map(|(_, address)| Node { address: *address, name: address.ip().into() }).collect()
    }

    /// Bytes of memory in use, all together.
    pub fn resident(&self) -> Option<u64> {
        self.all(|id| memory(id, "VmRSS:"))
    }

    /// The most each of them ever had in use, added up.
    pub fn peak(&self) -> Option<u64> {
        self.all(|id| memory(id, "VmHWM:"))
    }

    /// What they have computed so far.
    pub fn cpu(&self) -> Option<Duration> {
        self.all(ticks).map(|ticks| Duration::from_millis(ticks * 10))
    }

    fn all(&self, of_one: impl Fn(u32) -> Option<u64>) -> Option<u64> {
        self.running.iter().map(|(child, _)| of_one(child.id())).sum()
    }

    /// As a service manager would.
    pub fn stop(mut self) {
        self.running.iter().for_each(|(child, _)| terminate(child));
        let began = Instant::now();
        for (child, _) in &mut self.running {
            while matches!(child.try_wait(), Ok(None)) && began.elapsed() < END {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for (child, _) in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[cfg(unix)]
fn terminate(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    if let Some(id) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(id, Signal::TERM);
    }
}

/// Nothing can be said to them from outside; they are ended with the value.
#[cfg(not(unix))]
fn terminate(_: &Child) {}

fn memory(id: u32, what: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let kilobytes: u64 =
        status.lines().find_map(|line| line.strip_prefix(what))?.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Hundredths of a second; that is a tick on every Linux there is.
fn ticks(id: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name may have spaces in it; after it come fields 3 and on, of which 14 and 15 are wanted.
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let mut next = || fields.next().and_then(|field| field.parse::<u64>().ok());
    Some(next()? + next()?)
}
