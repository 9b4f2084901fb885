//! The word about a newer version: signed by whoever gives Tayori to offices, carried by the hub, believed by its key alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use tayori::engine::release::newer;
use tayori::link::Link as _;
use tayori::release::Keys;

use crate::world::{NORTH, Office, Town, eventually, finish, text};

/// A private key, and the public one as programs are built with it.
fn key(dir: &Path, name: &str) -> (PathBuf, String) {
    let path = dir.join(name);
    let make = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", text(&path)];
    finish(Command::new("openssl").args(make)).or_panic();
    let public = "openssl pkey -in \"$0\" -pubout -outform DER | base64 -w0";
    (path.clone(), finish(Command::new("sh").args(["-c", public, text(&path)])).or_panic().stdout)
}

/// A note as the operator gets it.
fn note(key: &Path, version: &str, issued: u32) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/release-note");
    let mut command = Command::new(script);
    command.args([text(key), version, "https://tayori.example.jp/"]).env("SOURCE_DATE_EPOCH", issued.to_string());
    let path = key.with_extension(version);
    fs::write(&path, finish(&mut command).or_panic().stdout).unwrap();
    path
}

/// What a terminal built with this key has to tell after it asked the hub.
fn told(office: &Office, key: &str) -> Option<String> {
    let mut exchange = office.profile().exchange().unwrap();
    exchange.terminal.release_keys = Keys::of(key);
    exchange.refresh_directory(Timestamp::now()).unwrap();
    let newer = newer(&exchange.terminal.history, &exchange.terminal.release_keys, Timestamp::now());
    newer.unwrap().map(|newer| format!("{} {}", newer.version, newer.address))
}

#[test]
fn a_newer_version_is_told_by_the_hub_and_a_forged_or_an_old_word_is_not() {
    let (town, [north]) = Town::of([NORTH]);
    let ((maker, public), (forger, _)) = (key(town.dir(), "maker"), key(town.dir(), "forger"));
    let link = north.link(&town);
    // The running hub hands out what was put into its folder.
    let put = |note: &Path| {
        let before = link.facts().unwrap().release;
        town.operator(&["release", "put", text(note)]);
        eventually("the hub hands it out", || link.facts().unwrap().release != before);
    };
    assert_eq!(told(&north, &public), None);
    put(&note(&forger, "9.9.9", 1_700_000_600));
    assert_eq!(told(&north, &public), None, "nobody but the maker says so");
    let first = note(&maker, "9.0.0", 1_700_000_000);
    put(&first);
    assert_eq!(told(&north, &public).as_deref(), Some("9.0.0 https://tayori.example.jp/"));
    assert_eq!(told(&north, ""), None, "a program without a key believes nobody");
    put(&note(&maker, "9.1.0", 1_700_000_060));
    assert_eq!(told(&north, &public).as_deref(), Some("9.1.0 https://tayori.example.jp/"));
    put(&first);
    assert_eq!(told(&north, &public).as_deref(), Some("9.1.0 https://tayori.example.jp/"), "said again, it is old");
    // What is none is not taken, and one that somebody spoilt where it lies is not handed out and stops nobody.
    fs::write(&first, "{}").unwrap();
    assert!(!town.try_operator(&["release", "put", text(&first)]).is_fine());
    fs::write(town.hub_dir().join("release.json"), "{\"note\":1").unwrap();
    eventually("nothing is handed out", || link.facts().unwrap().release.is_none());
    north.must(&["receive"]);
    assert_eq!(told(&north, &public).as_deref(), Some("9.1.0 https://tayori.example.jp/"), "what was heard stays");
    town.operator(&["release", "remove"]);
    assert!(town.operator(&["release", "show"]).stdout.contains("新しい版の知らせはありません。"));
    let record = town.operator(&["audit", "list"]).stdout;
    assert_eq!(record.matches("put-release").count(), 4, "{record}");
    assert!(record.contains("remove-release"), "{record}");
}
