//! S9: the hub's disk and memory hold no content.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use tayori::link::Link as _;
use tayori::standard::cp932;

use crate::world::{NORTH, SOUTH, Town, files_in, text};
use crate::{link, noise};

const MARKS: [&str; 4] = ["目印花子", "目印のお願い", "mejirushi-4711", "秘密の計画"];

/// A mark as it might lie about: in any encoding a care office's software writes, as hex, as Base64.
fn disguises(mark: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let mut all = vec![mark.as_bytes().to_vec(), mark.encode_utf16().flat_map(u16::to_le_bytes).collect()];
    all.extend(cp932::encode(mark, cp932::Form::Ibm));
    all.push(tayori::parcel::hex(mark.as_bytes()).into_bytes());
    // Wherever in a longer text the mark begins, these letters of its Base64 are the same.
    for shift in 0..3 {
        let padded = [&b"xx"[..shift], mark.as_bytes()].concat();
        let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(padded);
        all.push(encoded.as_bytes()[4..encoded.len() - 2].to_vec());
    }
    all
}

fn find(hay: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(hay, needle).is_some()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Everything a process can read of itself, piece by piece.
fn memory_of(process: u32) -> Vec<Vec<u8>> {
    let mut memory = File::open(format!("/proc/{process}/mem")).expect("our own child may be looked into");
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut pieces = Vec::new();
    for line in maps.lines() {
        let mut parts = line.split_whitespace();
        let (range, rights) = (parts.next().unwrap(), parts.next().unwrap());
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|at| u64::from_str_radix(at, 16).unwrap());
        if !rights.starts_with('r') || to - from > 1 << 30 || line.ends_with("[vvar]") {
            continue;
        }
        let mut piece = vec![0; usize::try_from(to - from).unwrap()];
        if memory.seek(SeekFrom::Start(from)).is_ok() && memory.read_exact(&mut piece).is_ok() {
            pieces.push(piece);
        }
    }
    pieces
}

#[test]
fn s9_the_hubs_disk_and_memory_hold_no_content() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    // Not packed small: what does not pack is kept as it is, and would be seen.
    let mut bytes = noise(40_000, 9);
    for (at, mark) in MARKS.iter().enumerate() {
        let at = 5_000 * (at + 1);
        bytes[at..at + mark.len()].copy_from_slice(mark.as_bytes());
    }
    let letter = north.put_out("目印のお願い.pdf", &[b"%PDF-1.4 ".to_vec(), bytes].concat());
    let (name, report) = (crate::world::report_name(0), crate::world::report(0));
    let table = north.put_out(&name, &report);
    north.must(&["send", text(&table), text(&letter), "--message", "目印花子さんの秘密の計画 mejirushi-4711"]);
    // Wherever the hub might have seen it: kept, listed, fetched, receipted, and while it is at it.
    let hub = link(&town, &north);
    let size = hub.sent(0).unwrap().parcels[0].size;
    let id = town.kept()[0].0.parse().unwrap();
    let sealed = hub.fetch(id, size).unwrap();
    let while_kept = memory_of(town.hub_process());
    south.must(&["receive"]);
    south.take_imports();
    south.must(&["receive"]);
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["imported"]);
    assert_eq!(files_in(&south.imported).len(), 2, "the marks were there to be found");

    let files: Vec<_> = files_below(&town.hub_dir()).into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
    let pieces = [while_kept, memory_of(town.hub_process())].concat();
    // A search that finds nothing proves something only if it would have found it.
    let piece_of_seal = &sealed[sealed.len() / 2..][..48];
    assert!(files.iter().any(|(bytes, _)| find(bytes, piece_of_seal)), "the seal is on the disk");
    assert!(pieces.iter().any(|piece| find(piece, SOUTH.number.as_bytes())), "the memory can be read");
    let row_of_report = &report[..40];
    let disguised: Vec<Vec<u8>> =
        MARKS.iter().flat_map(|mark| disguises(mark)).chain([row_of_report.to_vec()]).collect();
    for mark in &disguised {
        for (bytes, path) in &files {
            assert!(!find(bytes, mark), "{} holds {}", path.display(), String::from_utf8_lossy(mark));
        }
        for piece in &pieces {
            assert!(!find(piece, mark), "the hub's memory holds {}", String::from_utf8_lossy(mark));
        }
    }
    let searched: usize = pieces.iter().map(Vec::len).sum();
    println!("{} files and {} MB of memory searched for {} marks", files.len(), searched >> 20, disguised.len());
}
