//! What a clerk looks at when nothing works, and what she may send to whoever helps.

use std::fs;
use std::io::Read as _;

use serde_json::Value;

use crate::world::{NORTH, Office, PASSPHRASE, PASSWORD, SOUTH, Town, USER, files_in, report, report_name, text};

/// The light and the code of each check, in order.
fn lights(said: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    said["checks"].as_array().unwrap().iter().map(|check| (text(&check["light"]), text(&check["found"]))).collect()
}

fn codes(office: &Office) -> Vec<String> {
    let run = office.run(&["diagnose", "--format", "json"]);
    lights(&run.json()).into_iter().map(|(_, code)| code).collect()
}

#[test]
fn a_diagnosis_says_what_stands_in_the_way_and_a_trial_comes_back() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    let run = north.run(&["diagnose", "--trial", "--format", "json"]);
    let said = run.json();
    let good = ["reached", "no-proxy", "clock-right", "certificate-good", "folders-good", "hub-answers"];
    assert!(run.is_fine() && said["trial"]["came"] == true, "{said}");
    assert_eq!(lights(&said), good.map(|code| ("green".to_owned(), code.to_owned())));
    assert_eq!(town.kept().len(), 1, "it went through the hub");

    // Nobody's care software finds it, and no list shows it, here or at another terminal.
    north.put_out(&report_name(0), &report(0));
    north.must(&["send", text(&north.outgoing)]);
    north.must(&["receive"]);
    south.must(&["receive"]);
    assert_eq!(north.states("inbox"), Vec::<String>::new());
    assert_eq!(north.states("sent").len(), 1, "only the report");
    assert_eq!(files_in(&north.import), []);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))]);

    // A person reads the same.
    let said = north.must(&["diagnose"]).stdout;
    assert!(said.contains("○ ネットワーク（良好）") && said.contains("○ 連携基盤（良好）"), "{said}");

    fs::remove_dir_all(&north.import).unwrap();
    assert_eq!(codes(&north)[4], "folder-missing");
    north.must(&["logout"]);
    let said = north.run(&["diagnose", "--format", "json"]).json();
    assert_eq!(lights(&said)[5], ("yellow".into(), "login-required".into()));
    town.kill_hub();
    let run = north.run(&["diagnose", "--trial", "--format", "json"]);
    assert!(!run.is_fine());
    let found: Vec<String> = lights(&run.json()).into_iter().map(|(_, code)| code).collect();
    assert_eq!(
        found,
        ["unreached", "no-proxy", "clock-unsure", "certificate-good", "folder-missing", "hub-unreachable"]
    );
    fs::remove_dir_all(north.profile.join("identity")).unwrap();
    assert_eq!(codes(&north)[3], "certificate-missing");
}

#[test]
fn s11_a_support_file_helps_and_names_nobody() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    // Marks wherever a name, a path, a word or a secret could come from.
    let mut profile = north.profile();
    profile.settings.office_name = "しるし事業所名".into();
    profile.settings.notices.webhook = Some("https://hooks.example.jp/shirushi-webhook".into());
    let marked = north.profile.parent().unwrap().join("しるし太郎のフォルダ");
    fs::create_dir(&marked).unwrap();
    profile.settings.folders.more_outgoing = vec![marked.clone()];
    profile.save().unwrap();
    fs::write(marked.join("しるし花子.txt"), "しるしの中身").unwrap();
    north.put_out(&report_name(0), &report(0));
    north.must(&["send", text(&north.outgoing), "--message", "しるしの伝言"]);
    south.must(&["receive"]);
    south.take_imports();
    south.must(&["receive"]);
    north.must(&["receive"]);
    // Something that goes wrong and names a file.
    let _ = north.run(&["send", marked.join("しるし次郎.CSV").to_str().unwrap()]);
    let token = north.token();

    let to = town.dir().join("しるしの置き場.zip");
    north.must(&["diagnose", "--support", to.to_str().unwrap()]);
    let mut archive = zip::ZipArchive::new(fs::File::open(&to).unwrap()).unwrap();
    let (mut all, mut facts) = (String::new(), Value::Null);
    for at in 0..archive.len() {
        let (mut entry, mut text) = (archive.by_index(at).unwrap(), String::new());
        entry.read_to_string(&mut text).unwrap();
        facts = serde_json::from_str(&text).unwrap_or(facts);
        all.push_str(&entry.name().unwrap());
        all.push_str(&text);
    }
    let bytes = report(0);
    let cells = encoding_rs::SHIFT_JIS.decode(&bytes).0.into_owned();
    let persons = cells.split([',', '"', '\n']).filter(|cell| cell.chars().count() > 2 && !cell.is_ascii());
    let secrets = fs::read_dir(north.profile.join("identity"))
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok())
        .filter(|text| text.contains("PRIVATE"));
    let parent = north.profile.parent().unwrap().display().to_string();
    let marks = [
        "しるし",
        "shirushi",
        NORTH.name,
        SOUTH.name,
        SOUTH.number,
        USER,
        PASSWORD,
        PASSPHRASE,
        &token,
        &parent,
        "UPJSK",
    ];
    for mark in marks.into_iter().map(str::to_owned).chain(persons.map(str::to_owned)).chain(secrets) {
        assert!(!all.contains(&mark), "{mark:?} stands in the support file:\n{all}");
    }

    // And it helps.
    assert_eq!(facts["tayori"], env!("CARGO_PKG_VERSION"));
    assert_eq!(facts["history"]["counts"]["parcels"]["out"]["imported"], 1);
    assert_eq!(facts["diagnosis"]["checks"]["hub"]["found"], "hub-answers");
    assert_eq!(facts["settings"]["outgoing"].as_array().unwrap().len(), 2);
    assert_eq!(facts["history"]["record"]["sha256"].as_str().unwrap().len(), 64);
    let run = north.run(&["diagnose", "--support", to.to_str().unwrap()]);
    assert!(!run.is_fine() && run.stderr.contains("同じ名前"), "an existing file stays: {run:?}");
}
