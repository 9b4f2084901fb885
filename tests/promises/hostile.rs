//! S12: a parcel that means harm does none, and is refused with a sentence. Everything here is sealed and signed by a
//! real office with its real key: only what is inside is hostile.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tayori::link::Link as _;
use tayori::parcel::{Content, Limits, ParcelId, sha256_hex};
use zip::write::SimpleFileOptions;

use crate::world::{NORTH, Office, SOUTH, Town, files_in, report, report_name};
use crate::{letter, link, sealed};

fn manifest(id: ParcelId, files: &[Value]) -> Vec<u8> {
    let manifest = json!({
        "version": 1, "id": id.to_string(), "sender": NORTH.number, "receiver": SOUTH.number,
        "written": "2026-05-25T00:00:00Z", "message": "", "files": files,
    });
    serde_json::to_vec(&manifest).unwrap()
}

fn entry(name: &str, bytes: &[u8]) -> Value {
    json!({"name": name, "size": bytes.len(), "sha256": sha256_hex(bytes)})
}

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// What somebody with a real key and no scruples might pack, and under which id it goes.
fn hostile() -> Vec<(&'static str, ParcelId, Vec<u8>)> {
    let mut all = Vec::new();
    for name in [
        "../evil.csv",
        "../../../evil.csv",
        "..\\evil.csv",
        "/tmp/evil.csv",
        "C:\\evil.csv",
        "sub/evil.csv",
        "..",
        "evil\0.csv",
        "evil\n.csv",
        "CON.csv",
        "evil.csv.",
        "evil.csv:stream",
        "",
    ] {
        let id = ParcelId::new();
        let manifest = manifest(id, &[entry(name, b"x")]);
        all.push((name, id, zipped(&[("manifest.json", &manifest), (&format!("files/{name}"), b"x")])));
    }
    let good = || entry("evil.csv", b"x");
    let mut add = |what, files: &[Value], entries: &[(&str, &[u8])]| {
        let id = ParcelId::new();
        let manifest = manifest(id, files);
        all.push((what, id, zipped(&[&[("manifest.json", manifest.as_slice())], entries].concat())));
    };
    add("a file nobody speaks of", &[good()], &[("files/evil.csv", b"x"), ("files/more.csv", b"y")]);
    add("a path beside the files", &[good()], &[("files/evil.csv", b"x"), ("../evil.csv", b"y")]);
    add("a file that is missing", &[good()], &[]);
    add("a wrong digest", &[entry("evil.csv", b"y")], &[("files/evil.csv", b"x")]);
    let twice = [good(), entry("EVIL.csv", b"x")];
    add("two of one name", &twice, &[("files/evil.csv", b"x"), ("files/EVIL.csv", b"x")]);
    let bomb = vec![0; 30 << 20];
    for (what, size) in [("a bomb that says it is small", 100), ("a bomb that says it is huge", u64::MAX)] {
        let said = json!({"name": "evil.csv", "size": size, "sha256": sha256_hex(&bomb)});
        add(what, &[said], &[("files/evil.csv", &bomb)]);
    }
    let million: Vec<Value> = vec![json!({"name": "1", "size": 0, "sha256": ""}); 1_000_000];
    add("a million attachments on paper", &million, &[]);
    let another = manifest(ParcelId::new(), &[good()]);
    let plain = [
        ("another parcel's id", zipped(&[("manifest.json", &another), ("files/evil.csv", b"x")])),
        ("no manifest", zipped(&[("files/evil.csv", b"x")])),
        ("no archive", b"PK\x05\x06 and nothing more".to_vec()),
        ("nothing", Vec::new()),
    ];
    all.extend(plain.map(|(what, packed)| (what, ParcelId::new(), packed)));
    all
}

fn evil_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => evil_below(&path),
            false if path.to_string_lossy().contains("evil") => vec![path],
            false => Vec::new(),
        })
        .collect()
}

#[test]
fn s12_a_hostile_parcel_does_no_harm_and_is_refused_with_a_sentence() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let hub = link(&town, &north);
    let send = |to: &Office, id, packed: &[u8]| hub.put(id, to.number(), &sealed(&north, to, packed)).unwrap();
    let mut expected = Vec::new();
    for (what, id, packed) in hostile() {
        send(&south, id, &packed);
        expected.push((id.to_string(), what));
    }
    let (good, bytes) = letter(&north, &south, &report_name(0), &report(0));
    hub.put(good, south.number(), &bytes).unwrap();

    let began = Instant::now();
    let run = south.run(&["receive"]);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert_eq!(run.code, Some(1), "{run:?}");
    for line in run.stderr.lines() {
        assert!(line.contains('。') && !line.contains("panicked"), "{line}");
    }
    let inbox = south.list("inbox");
    let state = |id: &str| inbox.iter().find(|line| line["id"] == id).map(|line| line["state"].clone());
    for (id, what) in &expected {
        assert_eq!(state(id), Some("refused".into()), "{what:?}");
    }
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))], "the good one is here, and nothing else");
    assert_eq!(evil_below(town.dir()), Vec::<std::path::PathBuf>::new(), "nor anywhere");
    north.run(&["receive"]);
    let told = hub.sent(0).unwrap().parcels.iter().filter(|entry| entry.receipts.len() == 1).count();
    assert_eq!(told, expected.len() + 1, "and each sender is told");
}

/// As small as ZIP can say it, once without and once with the directory that says so large a number.
fn a_million_entries(zip64: bool) -> Vec<u8> {
    const COUNT: u32 = 1_000_000;
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for n in 0..COUNT {
        let name = format!("files/{n}");
        let (offset, length) = (bytes.len() as u32, (name.len() as u16).to_le_bytes());
        bytes.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0");
        bytes.extend([0; 12]);
        bytes.extend(length);
        bytes.extend([0; 2]);
        bytes.extend(name.as_bytes());
        directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0");
        directory.extend([0; 12]);
        directory.extend(length);
        directory.extend([0; 12]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, size) = (bytes.len() as u64, directory.len() as u64);
    bytes.extend(directory);
    let end = bytes.len() as u64;
    let said = if zip64 {
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44u64.to_le_bytes());
        bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for value in [u64::from(COUNT), u64::from(COUNT), size, start] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend(end.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        u16::MAX
    } else {
        (COUNT % 65_536) as u16
    };
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(said.to_le_bytes());
    bytes.extend(said.to_le_bytes());
    bytes.extend((size as u32).to_le_bytes());
    bytes.extend((start as u32).to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

#[test]
fn s12_a_million_attachments_are_refused_at_once() {
    for zip64 in [false, true] {
        let packed = a_million_entries(zip64);
        let limits = Limits { packed_bytes: u64::MAX, ..Limits::default() };
        let began = Instant::now();
        assert!(Content::unpack(&packed, &limits).is_err());
        assert!(began.elapsed() < Duration::from_secs(1), "{:?} for {} bytes", began.elapsed(), packed.len());
    }
}
