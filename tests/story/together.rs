//! Several terminals of one office, and partners whose key changes: everyone sees the same, nothing is imported twice, and
//! nothing goes to, or comes from, a key that nobody confirmed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;
use tayori::engine::model::{AccountsCommand, Command, RelayRequest, Secret, Settings, TerminalsCommand, Wanted};
use tayori::engine::{Engine, Event};
use tayori::history::{Action, History};
use tayori::parcel::certificate;
use tayori::standard::Month;

use crate::crooked::{Crooked, Deed};
use crate::world::{
    EAST, NORTH, Office, PASSWORD, SOUTH, Town, USER, Watch, eventually, files_in, report, report_name,
    sample_of_south, text,
};

/// North sends whatever waits, and nothing new.
const SEND: [&str; 3] = ["send", "--to", NORTH.number];

/// A further terminal of an office: the same identity, and nothing of its history.
fn further(office: &Office, number: usize, town: &Town) -> Office {
    let home = town.dir().join(format!("{}-{number}", office.person.number));
    let [profile, outgoing, import, imported] =
        ["profile", "outgoing", "import", "imported"].map(|name| home.join(name));
    for folder in [&outgoing, &import, &imported] {
        fs::create_dir_all(folder).unwrap();
    }
    copy(&office.profile, &profile);
    let other = Office { person: office.person, profile, outgoing, import, imported };
    let mut profile = other.profile();
    profile.settings.outgoing = other.outgoing.clone();
    profile.settings.import = other.import.clone();
    profile.save().unwrap();
    name(&other, &format!("端末{number}"));
    let logged_in = other.log_in(USER, PASSWORD);
    assert!(logged_in.is_fine(), "{logged_in:?}");
    other
}

/// Everything but the history and what belongs to it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(&name));
        } else if !name.starts_with("history") && !name.ends_with(".lock") {
            fs::copy(entry.path(), to.join(&name)).unwrap();
        }
    }
}

fn history(office: &Office) -> History {
    office.profile().terminal().unwrap().history
}

fn name(office: &Office, name: &str) {
    history(office).set_terminal_name(name).unwrap();
}

/// What a list shows of each parcel that must be the same at every terminal.
fn seen(office: &Office, which: &str) -> BTreeMap<String, Value> {
    let same = ["partner", "at", "state", "files", "unread", "assigned", "errors", "warnings"];
    let lines = office.list(which).into_iter().map(|line| {
        let fields: Vec<Value> = same.iter().map(|field| line[field].clone()).collect();
        (line["id"].as_str().unwrap().to_owned(), Value::from(fields))
    });
    lines.collect()
}

fn all_see_the_same(offices: &[&Office], inbox: usize, sent: usize) -> bool {
    let first = (seen(offices[0], "inbox"), seen(offices[0], "sent"));
    (first.0.len(), first.1.len()) == (inbox, sent)
        && offices.iter().skip(1).all(|office| (seen(office, "inbox"), seen(office, "sent")) == first)
}

/// The promise is ten seconds. A slow machine takes its time to look, and that is not the exchange's.
fn within_ten_seconds(began: Instant, what: &str, look: impl FnOnce()) {
    let took = began.elapsed();
    let looking = Instant::now();
    look();
    let allowed = std::time::Duration::from_secs(10) + 4 * looking.elapsed();
    eprintln!("t1: {what} after {took:?}");
    assert!(took < allowed, "{what} only after {took:?}");
}

#[test]
fn t1_every_terminal_sees_the_same() {
    let (town, [north, one]) = Town::of([NORTH, SOUTH]);
    name(&one, "端末1");
    let others: Vec<Office> = (2..=4).map(|number| further(&one, number, &town)).collect();
    let all: Vec<&Office> = std::iter::once(&one).chain(&others).collect();
    let watching: Vec<Watch> = all.iter().map(|office| Watch::of(office)).collect();
    north.queue(&north.put_out_reports(3), &one);
    north.must(&SEND);
    let began = Instant::now();
    eventually("what came is at every terminal, and arrived", || {
        all_see_the_same(&all, 3, 0) && one.states("inbox").iter().all(|state| state == "arrived")
    });
    let look = || {
        all_see_the_same(&all, 3, 0);
    };
    within_ten_seconds(began, "an inbox is the same at 4 terminals", look);
    let ids: Vec<String> = seen(&one, "inbox").into_keys().collect();
    // What is done at one terminal is seen at the others: opened, assigned, noted.
    let began = Instant::now();
    all[3].must(&["parcel", "open", &ids[0]]);
    all[2].must(&["parcel", "assign", &ids[1], "窓口B"]);
    all[1].must(&["parcel", "note", &ids[2], "来週確認"]);
    eventually("reading and assigning are seen everywhere", || {
        all_see_the_same(&all, 3, 0) && {
            let lines = one.list("inbox");
            let of = |id: &str| lines.iter().find(|line| line["id"] == id).unwrap();
            of(&ids[0])["unread"] == false && of(&ids[1])["assigned"] == "窓口B"
        }
    });
    within_ten_seconds(began, "what one terminal did is seen at 4", look);
    eventually("the note is seen at the first", || {
        history(&one).parcel(ids[2].parse().unwrap()).unwrap().unwrap().note == "来週確認"
    });
    // What one terminal sends is in every sent list, with its content.
    let (plan, bytes) = sample_of_south(NORTH.number);
    all[3].put_out(&plan, &bytes);
    all[3].must(&["send"]);
    north.must(&["receive"]);
    let began = Instant::now();
    eventually("what one terminal sent is in every sent list, and arrived", || {
        all_see_the_same(&all, 3, 1) && one.states("sent") == ["arrived"]
    });
    within_ten_seconds(began, "a sent list is the same at 4 terminals", look);
    let sent = seen(&one, "sent").into_keys().next().unwrap();
    assert_eq!(history(&one).contents(sent.parse().unwrap()).unwrap(), [(plan, bytes)]);
    drop(watching);
    // The sender heard that somebody looked.
    north.must(&["receive"]);
    let trail = history(&north).parcel(ids[0].parse().unwrap()).unwrap().unwrap().trail;
    assert!(trail.iter().any(|trail| trail.step == tayori::history::Step::Opened), "{trail:?}");
}

#[test]
fn t2_two_terminals_make_one_import() {
    const PARCELS: usize = 40;
    let (town, [north, one]) = Town::of([NORTH, SOUTH]);
    name(&one, "端末1");
    let two = further(&one, 2, &town);
    for number in 0..PARCELS {
        north.queue(&[north.put_out(&report_name(number), &report(number))], &one);
        // Some at a time, so that there are many moments to race for.
        if number % 8 == 7 {
            north.must(&SEND);
            let running: Vec<_> = [&one, &two]
                .map(|office| office.command(&["receive"]).stderr(std::process::Stdio::null()).spawn().unwrap())
                .into_iter()
                .collect();
            for mut child in running {
                child.wait().unwrap();
            }
        }
    }
    eventually("everything is in some folder", || {
        [&one, &two].iter().for_each(|office| drop(office.run(&["receive"])));
        files_in(&one.import).len() + files_in(&two.import).len() >= PARCELS
    });
    let mut came: Vec<_> = files_in(&one.import).into_iter().chain(files_in(&two.import)).collect();
    came.sort();
    let expected: Vec<_> = (0..PARCELS).map(|number| (report_name(number), report(number))).collect();
    assert!(came == expected, "some file came twice, or none: {}", came.len());
    eprintln!(
        "t2: {} imported by one terminal, {} by the other",
        files_in(&one.import).len(),
        files_in(&two.import).len()
    );
    // Whoever does not have it sees who does, and does not get it while the other may be at work.
    let lines = two.list("inbox");
    if let Some(line) = lines.iter().find(|line| line["importing"] == "端末1") {
        two.run(&["parcel", "take-over", line["id"].as_str().unwrap()]).says("端末1");
    }
    // The care software of the one that has it takes the files: imported for both.
    for office in [&one, &two] {
        office.take_imports();
        office.must(&["receive"]);
    }
    for office in [&one, &two] {
        office.must(&["receive"]);
        assert!(office.states("inbox").iter().all(|state| state == "imported"), "{:?}", office.states("inbox"));
        assert_eq!(files_in(&office.import), []);
    }
}

#[test]
fn t3_a_replaced_pc_has_its_history_back() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.queue(&north.put_out_reports(12), &south);
    north.must(&SEND);
    south.must(&["receive"]);
    let ids: Vec<String> = seen(&south, "inbox").into_keys().collect();
    south.must(&["parcel", "open", &ids[0]]);
    south.must(&["parcel", "assign", &ids[1], "田中"]);
    let (plan, bytes) = sample_of_south(NORTH.number);
    south.put_out(&plan, &bytes);
    south.must(&["send"]);
    assert!(south.take_imports() > 0);
    south.must(&["receive"]);
    north.must(&["receive"]);
    south.must(&["receive"]);
    let before = (seen(&south, "inbox"), seen(&south, "sent"));
    assert_eq!((before.0.len(), before.1.len()), (12, 1));
    // The disk is gone; the new one knows who we are, and nothing else.
    let began = Instant::now();
    let new = further(&south, 9, &town);
    new.must(&["receive"]);
    eprintln!("t3: {} parcels back after {:?}", before.0.len() + before.1.len(), began.elapsed());
    assert_eq!((seen(&new, "inbox"), seen(&new, "sent")), before);
    let sent = before.1.keys().next().unwrap();
    assert_eq!(history(&new).contents(sent.parse().unwrap()).unwrap(), [(plan, bytes)]);
    for id in &ids {
        assert_eq!(
            history(&new).contents(id.parse().unwrap()).unwrap(),
            history(&south).contents(id.parse().unwrap()).unwrap()
        );
    }
    assert_eq!(files_in(&new.import), [], "what was imported is not imported again");
}

/// A PC with a key of its own for an office that has one already: a new key, or a false one.
fn with_another_key(town: &Town, person: crate::world::Person) -> Office {
    let dir = town.dir().join("another");
    let office = Office::of(person, &dir);
    office.ask_to_join(&town.url());
    town.certify(&office);
    eventually("the hub knows the new certificate", || office.log_in(USER, PASSWORD).is_fine());
    office
}

fn fingerprint(office: &Office) -> String {
    certificate::key_fingerprint(office.identity().key.certificate()).unwrap()
}

#[test]
fn s8_a_changed_certificate_is_never_used_silently() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let reports = north.put_out_reports(3);
    // The first contact, both ways round: both keys are remembered.
    north.must(&["send", text(&reports[0])]);
    south.must(&["receive"]);
    north.must(&["receive"]);
    let kept = town.kept().len();
    // Another key for the receiver: nothing is sealed to it before a person has said so.
    let other_south = with_another_key(&town, SOUTH);
    north.run(&["send", text(&reports[1])]).says("鍵が、前と変わっています");
    assert_eq!(town.kept().len(), kept, "nothing left");
    assert_eq!(north.states("outbox"), ["held"]);
    north.run(&["receive"]);
    assert_eq!(town.kept().len(), kept, "and nothing leaves later");
    let listed = north.must(&["partner", "list", SOUTH.number, "--format", "json"]).json();
    let partner = &listed["partners"][0];
    let keys: Vec<&str> =
        partner["keys"].as_array().unwrap().iter().map(|key| key["fingerprint"].as_str().unwrap()).collect();
    assert!(partner["changed"] == true && keys.len() == 2, "{partner}");
    assert!(keys.contains(&fingerprint(&south).as_str()) && keys.contains(&fingerprint(&other_south).as_str()));
    // A fingerprint that was never seen is no answer.
    north.run(&["partner", "trust", SOUTH.number, &"ab".repeat(32)]).says("その番号の鍵は届いていません");
    assert_eq!(north.states("outbox"), ["held"]);
    north.must(&["partner", "trust", SOUTH.number, &fingerprint(&other_south)]);
    north.must(&["receive"]);
    assert_eq!(town.kept().len(), kept + 1, "what waited goes");
    south.must(&["receive"]);
    // Another key of the sender's: what it signed is kept aside, neither delivered nor refused.
    let other_north = with_another_key(&town, NORTH);
    name(&other_north, "別の端末");
    let report_of_other = other_north.put_out(&report_name(7), &report(7));
    // It does not know south yet, so both keys of south are its first contact.
    other_north.must(&["send", text(&report_of_other)]);
    let before = files_in(&south.import);
    south.run(&["receive"]);
    assert_eq!(south.states("inbox").iter().filter(|state| *state == "held").count(), 1);
    assert_eq!(files_in(&south.import), before);
    other_north.must(&["receive"]);
    assert_eq!(other_north.states("sent").last().unwrap(), "accepted", "the sender hears of no refusal");
    south.must(&["partner", "trust", NORTH.number, &fingerprint(&other_north)]);
    south.must(&["receive"]);
    assert!(south.states("inbox").iter().all(|state| state == "arrived"), "{:?}", south.states("inbox"));
    assert_eq!(files_in(&south.import).len(), before.len() + 1);
}

#[test]
fn s8_a_receipt_that_waited_is_signed_anew_and_counts_when_its_key_is_confirmed() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let reports = north.put_out_reports(2);
    north.must(&["send", text(&reports[0])]);
    south.must(&["receive"]);
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived"], "the key of south is remembered");
    north.must(&["send", text(&reports[1])]);
    // The receipt waits, and meanwhile the certificate that signed it is withdrawn; the office gets another.
    let crooked = Crooked::before(&town, &south, |request| {
        let is_receipt = request.method == "POST" && request.path.ends_with("/receipts");
        if is_receipt { Deed::Break } else { Deed::Pass }
    });
    south.run(&["receive"]);
    drop(crooked);
    assert_eq!(files_in(&south.import).len(), 2, "it came");
    town.operator(&["office", "revoke", SOUTH.number]);
    south.ask_to_join(&town.url());
    town.certify(&south);
    eventually("the hub knows the new certificate", || south.log_in(USER, PASSWORD).is_fine());
    south.must(&["receive"]);
    let at_the_hub = || {
        let store = rusqlite::Connection::open(town.hub_dir().join("hub.db")).unwrap();
        store
            .query_row("SELECT count(*) FROM receipt WHERE step = 'delivered'", [], |row| row.get::<_, u32>(0))
            .unwrap()
    };
    assert_eq!(at_the_hub(), 2, "the hub took the receipt under the new certificate");
    // It is signed with a key north does not know: nothing is believed before somebody has said so.
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived", "accepted"]);
    north.must(&["partner", "trust", SOUTH.number, &fingerprint(&south)]);
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived", "arrived"]);
}

/// What is on record at a terminal: how often each action.
fn on_record(office: &Office) -> BTreeMap<String, usize> {
    let run = office.must(&["audit", "list", "--count", "1000", "--format", "json"]);
    let lines: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    let mut counted = BTreeMap::new();
    for line in lines {
        assert!(!line["terminal"].as_str().unwrap().is_empty() && !line["at"].as_str().unwrap().is_empty());
        *counted.entry(line["action"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counted
}

#[test]
fn r4_every_action_is_on_record() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    // By command. Each leaves a line of its own, whatever its steps leave.
    let reports = north.put_out_reports(2);
    let mut record = on_record(&north);
    let mut leaves = |args: &[&str], action: Action| {
        north.run(args);
        let now = on_record(&north);
        let (was, is) = (record.get(action.as_str()), now.get(action.as_str()));
        assert!(is > was, "{args:?} left no {}: {now:?}", action.as_str());
        record = now;
    };
    leaves(&["list", "inbox"], Action::ShowLists);
    leaves(&["partner", "list"], Action::ShowPartners);
    leaves(&["partner", "trust", SOUTH.number, "abcd"], Action::TrustPartner);
    leaves(&["send", text(&reports[0])], Action::Send);
    leaves(&["send", "--dry-run", text(&reports[1])], Action::Examine);
    leaves(&["receive"], Action::Exchange);
    let id = north.list("sent")[0]["id"].as_str().unwrap().to_owned();
    leaves(&["parcel", "open", &id], Action::Open);
    leaves(&["parcel", "imported", &id], Action::MarkImported);
    leaves(&["parcel", "take-over", &id], Action::TakeOver);
    leaves(&["parcel", "assign", &id, "田中"], Action::Assign);
    leaves(&["parcel", "note", &id, "x"], Action::Note);
    leaves(&["parcel", "retry", &id], Action::Retry);
    leaves(&["parcel", "withdraw", &id], Action::Withdraw);
    leaves(&["parcel", "save", &id, "0", text(&town.dir().join("copy.csv"))], Action::SaveFile);
    leaves(&["audit", "verify"], Action::ShowAudit);
    leaves(&["audit", "verify", "--hub"], Action::ShowAudit);
    leaves(&["audit", "export", "--csv", text(&town.dir().join("audit.csv"))], Action::Export);
    leaves(&["account", "list"], Action::Accounts);
    leaves(&["terminal", "list"], Action::Terminals);
    leaves(&["login", "--user", "nobody"], Action::Login);
    leaves(&["setup", "--certificate", "nowhere.pem", "--ca", "nowhere.pem"], Action::Setup);
    // What came of it is there, too: accepted by the hub, and what the other side did.
    assert!(record.contains_key("accepted") && record.contains_key("partner-known"), "{record:?}");
    south.must(&["receive"]);
    let of_south = on_record(&south);
    assert!(of_south.contains_key("received") && of_south.contains_key("delivered"), "{of_south:?}");
    north.must(&["receive"]);
    assert!(on_record(&north).contains_key("receipt-delivered"));
    by_the_window(&town, &north, &id);
    // Nothing of the files, and no name, is in it.
    let csv = fs::read_to_string(town.dir().join("audit.csv")).unwrap();
    assert!(!csv.contains("UPJSK") && !csv.contains("実績です") && !csv.contains(NORTH.name), "{csv}");
    // The hub has a record of its own.
    let run = town.operator(&["audit", "list", "--json"]);
    for action in ["register-office", "issue-certificate", "put-parcel", "receipt-delivered"] {
        assert!(run.stdout.contains(action), "{action}: {}", run.stdout);
    }
    assert!(town.operator(&["audit", "verify"]).stdout.contains("書いたときのままです"));
}

/// Every command a window can give leaves a line.
fn by_the_window(town: &Town, north: &Office, id: &str) {
    let id = id.parse().unwrap();
    let settings: Settings = north.profile().settings;
    let somewhere = |name: &str| town.dir().join(name);
    let office = SOUTH.number.parse().unwrap();
    let relay = || RelayRequest { origin: id, to: office, persons: vec![], message: String::new() };
    let all = [
        Command::Search(Wanted { most: 50, ..Wanted::default() }),
        Command::Register(Month::new(2026, 5).unwrap()),
        Command::OfferRelay(id),
        Command::ReviewRelay(relay()),
        Command::Relay(relay()),
        Command::Exchange,
        Command::Open(id),
        Command::MarkImported(id),
        Command::Examine(vec![somewhere("nothing")]),
        Command::ExamineOutgoing,
        Command::ExamineMended { paths: vec![somewhere("nothing")], mended: Vec::new() },
        Command::Send(vec![tayori::engine::model::SendRequest::new(office, vec![somewhere("nothing")], "")]),
        Command::Undo(vec![id]),
        Command::Retry(id),
        Command::Withdraw(id),
        Command::SaveFile { parcel: id, index: 0, to: somewhere("saved.csv") },
        Command::Content { parcel: id, index: 0 },
        Command::SaveDocument { bytes: std::sync::Arc::from(&b"%PDF"[..]), to: somewhere("saved.pdf") },
        Command::DismissDraft(office),
        Command::Configure(Box::new(settings)),
        Command::TakeOver(id),
        Command::Assign { parcel: id, to: "佐藤".into() },
        Command::Annotate { parcel: id, text: "y".into() },
        Command::TrustPartner { office, fingerprint: "ab".into() },
        Command::ShowAudit,
        Command::ExportAudit(somewhere("window.csv")),
        Command::Accounts(AccountsCommand::List),
        Command::Terminals(TerminalsCommand::List),
        Command::Login { user: USER.into(), password: Secret::new(PASSWORD.into()) },
        Command::Logout,
    ];
    let engine = Engine::start(north.profile(), || ()).unwrap();
    for command in all {
        let action = expected(&command);
        let count = |history: &History| {
            history.audit(5_000).unwrap().iter().filter(|line| line.action == action.as_str()).count()
        };
        let mine = history(north);
        let before = count(&mine);
        let said = format!("{command:?}");
        engine.send(command);
        eventually(&format!("{said} is on record"), || count(&mine) > before);
    }
    let shown = std::iter::from_fn(|| engine.poll()).any(|event| matches!(event, Event::Audit(_)));
    assert!(shown, "the record is shown");
}

/// A new command of the engine does not compile until its line is named here.
fn expected(command: &Command) -> Action {
    match command {
        Command::Exchange => Action::Exchange,
        Command::Open(_) | Command::Content { .. } => Action::Open,
        Command::MarkImported(_) => Action::MarkImported,
        Command::Examine(_) | Command::ExamineMended { .. } | Command::ExamineOutgoing => Action::Examine,
        // What is called off has no line of its own: the sending it ends has.
        Command::Send(_) | Command::Stop => Action::Send,
        Command::Retry(_) => Action::Retry,
        Command::Withdraw(_) | Command::Undo(_) => Action::Withdraw,
        Command::SaveFile { .. } | Command::SaveDocument { .. } => Action::SaveFile,
        Command::DismissDraft(_) => Action::DismissDraft,
        Command::Configure(_) => Action::Settings,
        Command::TakeOver(_) => Action::TakeOver,
        Command::Assign { .. } => Action::Assign,
        Command::Annotate { .. } => Action::Note,
        Command::TrustPartner { .. } => Action::TrustPartner,
        Command::ShowAudit => Action::ShowAudit,
        Command::ExportAudit(_) | Command::Register(_) => Action::Export,
        Command::Search(_) => Action::ShowLists,
        Command::OfferRelay(_) | Command::ReviewRelay(_) => Action::Examine,
        Command::Relay(_) => Action::Send,
        Command::Login { .. } => Action::Login,
        Command::Logout => Action::Logout,
        Command::Accounts(_) => Action::Accounts,
        Command::Terminals(_) => Action::Terminals,
        // The entrance's: an open terminal has no use for them, and a closed one has no record.
        Command::Unlock(_) | Command::SetUp(_) | Command::Recover(_) | Command::RecoveryNoted => Action::Setup,
    }
}

#[test]
fn r5_a_record_that_was_changed_in_the_file_is_found_by_the_command() {
    let (town, [north, _east]) = Town::of([NORTH, EAST]);
    north.must(&["list", "inbox"]);
    north.must(&["audit", "verify"]);
    // Whoever has the operator's file in hand changes a line, triggers or not.
    town.operator(&["audit", "verify"]);
    let store = rusqlite::Connection::open(town.hub_dir().join("hub.db")).unwrap();
    store.execute_batch("DROP TRIGGER audit_line_stays; UPDATE audit SET who = 'nobody' WHERE seq = 2").unwrap();
    let run = std::process::Command::new(crate::world::TAYORI_HUB)
        .arg("--dir")
        .arg(town.hub_dir())
        .args(["audit", "verify"])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&run.stderr).contains("line 2 was changed"), "{run:?}");
}
