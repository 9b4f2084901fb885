//! What is packaged for watching a hub speaks of what the hub really tells.

use std::collections::BTreeSet;

use super::*;
use crate::hub::authority::Authority;

const DASHBOARD: &str = include_str!("../../../packaging/grafana/tayori-hub.json");
const ALERTS: &str = include_str!("../../../packaging/prometheus/tayori-hub.rules.yml");
const GUIDE: &str = include_str!("../../../docs/operator.md");

/// What the hub tells after one request: the samples of each metric.
fn told() -> Vec<(String, BTreeSet<String>)> {
    let dir = tempfile::tempdir().unwrap();
    let now = Timestamp::now();
    let authority = Authority::create(&dir.path().join("ca"), "Tayori", now).unwrap();
    let hub = Hub::new(Store::open(&dir.path().join("hub.db")).unwrap(), authority, 1, now).unwrap();
    let Meter { asked: Asked { route, method }, answered, seconds } = hub.metrics().of("/v1/inbox", "GET");
    answered.get_or_create(&Answered { route, method, status: 200 }).inc();
    seconds.observe(0.1);
    let text = hub.metrics().text(&hub, now);
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    kinds
        .map(|(name, kind)| {
            let endings: &[&str] = match kind {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            let samples: BTreeSet<String> = endings.iter().map(|ending| format!("{name}{ending}")).collect();
            let is_there = |sample: &String| text.lines().any(|line| line.starts_with(sample.as_str()));
            assert!(samples.iter().all(is_there), "{samples:?} in {text}");
            (name.to_owned(), samples)
        })
        .collect()
}

/// The names of the hub's metrics in a text.
fn named_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| word.starts_with("tayori_")).collect()
}

#[test]
fn whatever_dashboard_alerts_and_guide_ask_for_is_told() {
    let told: BTreeSet<String> = told().into_iter().flat_map(|(_, samples)| samples).collect();
    for (what, text) in [("dashboard", DASHBOARD), ("alerts", ALERTS), ("guide", GUIDE)] {
        let unknown: Vec<_> = named_in(text).into_iter().filter(|name| !told.contains(*name)).collect();
        assert!(unknown.is_empty() && named_in(text).len() > 5, "{what}: {unknown:?}");
    }
}

#[test]
fn whatever_the_hub_tells_is_on_the_dashboard() {
    let shown = named_in(DASHBOARD);
    for (name, samples) in told() {
        assert!(samples.iter().any(|sample| shown.contains(sample.as_str())), "{name} is on no panel");
    }
}

#[test]
fn every_panel_of_the_dashboard_asks_something_and_says_what_it_is() {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() > 10);
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64()), "{panel}");
        assert!(panel["title"].as_str().is_some_and(|title| !title.is_empty()), "{panel}");
        if panel["type"] != "row" {
            let asked = panel["targets"].as_array().unwrap();
            assert!(asked.iter().all(|target| target["expr"].as_str().unwrap().contains("$instance")), "{panel}");
            assert!(!asked.is_empty(), "{panel}");
        }
    }
}
