//! The load trial: what it counts is what happened, and it keeps away from everybody's real hub.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::world::{LONGEST, NORTH, Run, TAYORI_HUB, Town, ended, finish};

fn load(args: &[&str]) -> Run {
    finish(Command::new(TAYORI_HUB).arg("load").args(args))
}

#[test]
fn whatever_a_trial_sends_arrives_and_is_counted() {
    let args = ["--offices", "8", "--senders", "2", "--seconds", "2", "--rate", "10", "--bytes", "3000"];
    let report =
        load(&[&args[..], &["--shape", "month", "--nodes", "1", "--format", "json"]].concat()).or_panic().json();
    let count = |step: &str| report["steps"][step]["count"].as_u64().unwrap();
    let sent = count("send");
    assert_eq!(sent + report["not_begun"].as_u64().unwrap(), 20, "{report}");
    assert!(sent > 0, "{report}");
    for step in ["notice", "claim", "fetch", "return"] {
        assert_eq!(count(step), sent, "{step}: {report}");
    }
    assert_eq!(count("receipt"), 2 * sent, "{report}");
    assert_eq!(report["kept"], json!({"parcels": sent, "faults": 0, "lost": 0}), "{report}");
    for nothing in ["not_fetched", "doubles", "damaged"] {
        assert_eq!(report[nothing], 0, "{report}");
    }
    assert_eq!(report["hub"]["connections"], 8, "{report}");
    let memory = report["hub"]["resident_waiting"].as_u64();
    assert!(!cfg!(target_os = "linux") || memory.is_some_and(|bytes| bytes > 1_000_000), "{report}");
}

#[test]
fn a_hub_that_was_made_for_trials_takes_one_and_one_with_real_offices_never() {
    let (town, []) = Town::of([]);
    let (dir, url) = (town.hub_dir(), town.url());
    let args = ["--dir", dir.to_str().unwrap(), "--hub", &url, "--offices", "3", "--senders", "1", "--seconds", "1"];
    let twice = [(); 2].map(|()| load(&[&args[..], &["--rate", "5", "--format", "json"]].concat()).or_panic().json());
    assert!(twice[1]["steps"]["fetch"]["count"].as_u64().unwrap() > 0, "{}", twice[1]);
    assert_eq!(town.operator(&["check", "--json"]).json()["faults"], json!([]));

    town.register(NORTH);
    load(&args).says("本物の事業所");
}

#[test]
fn another_machine_is_asked_for_by_a_word() {
    load(&["--hub", "https://192.0.2.1:8443"]).says("--allow-remote");
    load(&["--hub", "hub.example.jp"]).says("https://名前:ポート");
    load(&["--offices", "1"]).says("--offices");
    load(&["--shape", "month"]).says("--rate");
}

#[cfg(unix)]
#[test]
fn a_trial_that_is_stopped_says_what_it_saw_until_then() {
    let args = ["load", "--offices", "4", "--senders", "1", "--seconds", "3600", "--rate", "5"];
    let mut trial = Command::new(TAYORI_HUB).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It tells every few seconds how far it is.
    let told = BufReader::new(trial.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = told.take_while(|line| !line.contains("秒: 待つ端末")).count();
    let id = trial.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let run = ended(trial, LONGEST);
    assert!(run.is_fine() && run.stdout.contains("途中で止めました"), "after {line} lines: {run:?}");
    assert!(run.stdout.contains("異常 0"), "{run:?}");
}
