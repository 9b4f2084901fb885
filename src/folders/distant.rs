//! Tells folders on another computer from those on this one: of the former, the system does not tell every change.

use std::path::Path;

/// Whether the folder is on a network drive or another file system that may change without a word.
pub fn is_distant(folder: &Path) -> bool {
    if cfg!(windows) {
        return folder.canonicalize().is_ok_and(|full| is_share(&full));
    }
    let Ok(full) = folder.canonicalize() else { return false };
    std::fs::read_to_string("/proc/self/mountinfo").is_ok_and(|mounts| kind_of(&full, &mounts).is_some_and(is_silent))
}

/// `\\server\share`, also behind a drive letter.
fn is_share(full: &Path) -> bool {
    use std::path::{Component, Prefix};
    let prefix = full.components().next();
    matches!(prefix, Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)))
}

/// The kind of file system a path is on, by Linux' list of mounts: the last of the longest mount points that lead to it.
fn kind_of<'a>(path: &Path, mounts: &'a str) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let (place, kind) = line.split_once(" - ")?;
        let point = place.split(' ').nth(4)?.replace("\\040", " ");
        let depth = Path::new(&point).components().count();
        if path.starts_with(&point) && best.is_none_or(|(most, _)| depth >= most) {
            best = Some((depth, kind.split(' ').next().unwrap_or_default()));
        }
    }
    best.map(|(_, kind)| kind)
}

fn is_silent(kind: &str) -> bool {
    let kind = kind.split('.').next().unwrap_or(kind);
    matches!(
        kind,
        "nfs"
            | "nfs4"
            | "cifs"
            | "smb3"
            | "smbfs"
            | "9p"
            | "fuse"
            | "afs"
            | "ceph"
            | "ncpfs"
            | "vboxsf"
            | "vmhgfs"
            | "prl_fs"
            | "virtiofs"
            | "lustre"
            | "glusterfs"
            | "overlay"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
25 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 25 0:39 / /mnt/nas rw - cifs //nas/share rw
31 30 254:1 / /mnt/nas/local rw shared:1 - ext4 /dev/vdb rw
32 25 0:40 / /home/a\\040b rw - fuse.sshfs host: rw
";

    #[test]
    fn the_mount_that_leads_to_a_folder_tells_what_it_is_on() {
        let kind = |path: &str| kind_of(Path::new(path), MOUNTS).unwrap();
        assert_eq!(kind("/home/x"), "ext4");
        assert_eq!(kind("/mnt/nas/5月"), "cifs");
        assert_eq!(kind("/mnt/nas/local/x"), "ext4");
        assert_eq!(kind("/mnt/nasty"), "ext4");
        assert!(is_silent(kind("/home/a b/out")) && is_silent("cifs") && !is_silent("ext4") && !is_silent("fuseblk"));
    }

    #[test]
    fn a_folder_of_this_computer_is_not_distant() {
        let dir = tempfile::tempdir().unwrap();
        let here = is_distant(dir.path());
        // In a container the whole disk may be an overlay; then looking more often does no harm.
        assert!(!here || std::fs::read_to_string("/proc/self/mountinfo").unwrap().contains("overlay"));
        assert!(!is_distant(Path::new("/not there")));
    }
}
