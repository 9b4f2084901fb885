//! Disks that are full when a test wants them to be.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk of its own size, mounted on a folder; gone with the value.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    pub fn on(folder: &Path, size: &str) -> Option<SmallDisk> {
        SmallDisk::on_with(folder, size, "")
    }

    pub fn on_with(folder: &Path, size: &str, more: &str) -> Option<SmallDisk> {
        let options = format!("size={size}{more}");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(SmallDisk(folder.to_owned()));
        }
        eprintln!("skipped: no small disk can be mounted here");
        None
    }

    /// Fills it to the last byte.
    pub fn fill(&self) -> PathBuf {
        let path = self.0.join(".ballast");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[0; 512]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever was just ended may still be at it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}
