//! Proof by others' tools: `curl` and `openssl` walk the API by the operator's guide alone, and `schemathesis` goes
//! through all of it by its own description.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tayori::link::Link as _;
use tayori::wire::DirectoryPlace;

use crate::answers::link;
use crate::world::{NORTH, Office, Run, SOUTH, TAYORI_HUB, Town, ended, eventually, text};

/// The blocks of the guide that are meant to be run, in order.
fn blocks() -> Vec<String> {
    let guide = include_str!("../../docs/operator.md");
    let mut blocks = Vec::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        if line == "```sh walk" {
            blocks.push(lines.by_ref().take_while(|line| *line != "```").map(must_fail).collect());
        }
    }
    blocks
}

/// A shell that stops at errors passes over a `!`, whatever came of it: what has to fail is made to.
fn must_fail(line: &str) -> String {
    match line.strip_prefix("! ") {
        Some(command) => {
            format!("if {command}; then echo 'this had to fail: {}' >&2; exit 1; fi\n", command.replace('\'', ""))
        }
        None => format!("{line}\n"),
    }
}

/// Types blocks of the guide into a shell, in a folder of their own.
fn walk(town: &Town, folder: &Path, blocks: &[String], longest: Duration) -> Run {
    std::fs::create_dir_all(folder).unwrap();
    let programs = Path::new(TAYORI_HUB).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let script = format!("set -euxo pipefail\n{}", blocks.concat());
    let mut shell = Command::new("bash");
    shell
        .args(["-c", &script])
        .current_dir(folder)
        .env("PATH", path)
        .env("TAYORI_HUB", town.hub_dir())
        .env("TAYORI_LOG", "off")
        .env("HUB_HOST", "127.0.0.1")
        .env("HUB_PORT", town.address().port().to_string());
    ended(shell.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap(), longest)
}

#[test]
fn the_operators_guide_alone_walks_the_api_with_curl_and_openssl() {
    let (town, [north]) = Town::of([NORTH]);
    let folder = town.dir().join("walk");
    let walked = std::thread::scope(|scope| {
        let (town, folder) = (&town, &folder);
        let walking = scope.spawn(move || walk(town, folder, &blocks(), Duration::from_secs(180)));
        // The guide registers south; then somebody sends it something.
        let south = Office::of(SOUTH, town.dir());
        let knows = || {
            let directory = link(town, &north).directory(DirectoryPlace::default()).unwrap();
            directory.offices.iter().any(|office| office.office == south.number() && !office.certificates.is_empty())
        };
        eventually("south is in the directory", || knows() || walking.is_finished());
        if !walking.is_finished() {
            north.must(&["receive"]);
            north.queue(&north.put_out_reports(1), &south);
            north.must(&["send", "--to", NORTH.number]);
            // Before the guide withdraws south, whose word counts no more then.
            eventually("south's receipt, signed by openssl, is good", || {
                north.run(&["receive"]);
                north.states("sent") == ["arrived"] || walking.is_finished()
            });
        }
        walking.join().unwrap()
    });
    assert!(walked.is_fine(), "{}\n{}", walked.stdout, walked.stderr);
    for seen in ["max_parcel_bytes", "UPJSK_202605", "異常はありません", "Cipher is TLS_AES"] {
        assert!(walked.stdout.contains(seen), "{seen} is not in {}", walked.stdout);
    }
    assert!(walked.stderr.contains("verify OK"), "{}", walked.stderr);
    assert_eq!(north.states("sent"), ["arrived"], "the receipt that openssl signed is good");
}

/// What the program says of a command.
fn help(command: &[&str]) -> Run {
    crate::world::finish(Command::new(TAYORI_HUB).args(command).arg("--help"))
}

#[test]
fn every_command_of_the_operators_guide_is_there() {
    let guide = include_str!("../../docs/operator.md");
    let lines = guide.lines().filter_map(|line| {
        let line = line.split(" && ").last().unwrap().split(" #").next().unwrap();
        let line = line.strip_prefix("hub ").or_else(|| line.strip_prefix("tayori-hub "))?;
        line.starts_with(|first: char| first.is_ascii_lowercase()).then_some(line)
    });
    let mut seen = 0;
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_name = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
        let name: Vec<&str> =
            words.iter().filter(|word| !word.starts_with('-')).take(2).take_while(is_name).copied().collect();
        // `office add`, but `backup FILE`: the second word is one only when the program knows it.
        let both = help(&name);
        let said = if both.is_fine() { both } else { help(&name[..1]) };
        assert!(said.is_fine(), "tayori-hub {line}: {said:?}");
        for option in words.iter().filter(|word| word.starts_with("--")) {
            assert!(said.stdout.contains(option), "tayori-hub {line}: no {option} in {}", said.stdout);
        }
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

/// Where `scripts/setup` puts it.
fn schemathesis() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache")))?;
    Some(cache.join("tayori/schemathesis/bin/st")).filter(|program| program.exists())
}

#[test]
fn schemathesis_finds_no_server_error_and_no_answer_that_is_not_described() {
    let Some(program) = schemathesis() else {
        assert!(std::env::var_os("CI").is_none(), "schemathesis is not installed: scripts/setup installs it");
        eprintln!(
            "\n*** SKIPPED: schemathesis is not installed (scripts/setup installs it when PyPI can be reached) ***\n"
        );
        return;
    };
    let (mut town, [north]) = Town::of([NORTH]);
    town.kill_hub();
    let settings = town.hub_dir().join("hub.toml");
    let limits = "\n[limits]\nterminal_requests_per_second = 0\naddress_requests_per_second = 0\n";
    std::fs::write(&settings, std::fs::read_to_string(&settings).unwrap() + limits).unwrap();
    town.start_hub();
    // The guide's own words make the caller: a key and a certificate of its own, and a login.
    let folder = town.dir().join("walk");
    let all = blocks();
    let until_login = all.iter().position(|block| block.contains("offices.json")).unwrap();
    let walked = walk(&town, &folder, &all[..until_login], Duration::from_secs(60));
    assert!(walked.is_fine(), "{}\n{}", walked.stdout, walked.stderr);
    let login: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("login.json")).unwrap()).unwrap();
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/story/schemathesis_hooks.py");
    // A long poll would do nothing but wait.
    std::fs::write(
        folder.join("schemathesis.toml"),
        format!("hooks = {:?}\n[parameters]\n\"query.wait\" = 0\n", hooks),
    )
    .unwrap();
    // Python uses one core at a time: one half goes through in a process of its own.
    let runs = ["--include-path-regex", "--exclude-path-regex"].map(|half| {
        Command::new(&program)
            .arg("run")
            .arg(format!("{}/v1/openapi.json", town.url()))
            .args(["--tls-verify", "ca.pem", "--request-cert", "office.pem", "--request-cert-key", "office.key"])
            .args(["--header", &format!("Authorization: Bearer {}", login["access"].as_str().unwrap())])
            .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "4", "--no-shrink"])
            .args(["--request-timeout", "20", "--continue-on-failure"])
            .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance"])
            .args(["--checks", "response_headers_conformance,response_schema_conformance"])
            .args([half, "^/v1/(parcels|accounts)"])
            // It would end the session that all the others need.
            .args(["--exclude-path", "/v1/logout"])
            .current_dir(&folder)
            .env("REQUESTS_CA_BUNDLE", folder.join("ca.pem"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap()
    });
    let runs = runs.map(|run| ended(run, Duration::from_secs(400)));
    for run in &runs {
        println!("{}", run.stdout);
        assert!(run.is_fine(), "{}\n{}", run.stdout, run.stderr);
    }
    let tested = |run: &Run| -> u32 {
        let line = run.stdout.lines().find_map(|line| line.trim().strip_prefix("Tested: "));
        line.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{}", run.stdout))
    };
    let described: u32 = runs.iter().map(tested).sum();
    assert!(described >= 30, "every resource had its turn: {described}");
    // And the hub is none the worse for it.
    link(&town, &north).facts().unwrap();
    town.operator(&["check"]);
}

#[test]
fn the_units_of_systemd_are_well_formed() {
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let verify = Command::new("systemd-analyze")
        .arg("verify")
        .args(
            ["tayori-hub.service", "tayori-hub-backup.service", "tayori-hub-backup.timer"]
                .map(|unit| packaging.join(unit)),
        )
        .output();
    let Ok(verified) = verify else { return eprintln!("systemd-analyze is not here; skipped") };
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    let wrong: Vec<&str> = said
        .lines()
        // The program is not installed where the tests run, nor is a manual.
        .filter(|line| line.contains("tayori") && !line.contains("is not executable") && !line.contains("man "))
        .collect();
    assert!(wrong.is_empty(), "{} {}", text(&packaging), wrong.join("\n"));
}
