//! Several terminals of one office, and partners whose key changes: everyone sees the same, nothing is imported twice, and
//! nothing goes to, or comes from, a key that nobody confirmed.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use tayori::board::{Exchange, Paper, Side};
use tayori::engine::model::{
    AccountsCommand, Command, DiagnosisCommand, Occasion, PaperNote, RelayRequest, Secret, Settings, State,
    TerminalsCommand, Wanted,
};
use tayori::engine::{Engine, Event};
use tayori::history::{Action, History, ParcelLine};
use tayori::parcel::certificate;
use tayori::standard::Month;

use crate::crooked::{Crooked, Deed};
use crate::world::{
    EAST, NORTH, Office, PASSWORD, SOUTH, Town, USER, Watch, code_in, eventually, files_in, report, report_name,
    sample_of_south, text,
};

/// North sends whatever waits, and nothing new.
const SEND: [&str; 3] = ["send", "--to", NORTH.number];

/// A further PC of an office, let in by a code that the first one shows; nothing is on it yet.
pub fn further(office: &Office, number: usize, town: &Town) -> Office {
    let other = office.another(&format!("{}-{number}", office.person.number));
    let code = code_in(&office.must(&["terminal", "code"]).stdout);
    other.enrol(&town.url(), &code).or_panic();
    name(&other, &format!("端末{number}"));
    other.log_in(USER, PASSWORD).or_panic();
    other
}

fn history(office: &Office) -> History {
    office.profile().terminal().unwrap().history
}

pub fn name(office: &Office, name: &str) {
    history(office).set_terminal_name(name).unwrap();
}

/// What is shown of each parcel in a list and must be the same at every terminal.
type Seen = BTreeMap<String, String>;

fn seen(lines: Vec<ParcelLine>) -> Seen {
    let same = lines.into_iter().map(|line| {
        let ParcelLine { id, partner, at, state, files, unread, assigned, errors, warnings, .. } = line;
        (id.to_string(), format!("{partner} {at} {state:?} {files} {unread} {assigned:?} {errors} {warnings}"))
    });
    same.collect()
}

/// The inbox and the sent list of a terminal.
fn lists(office: &Office) -> (Seen, Seen) {
    let history = history(office);
    (seen(history.inbox().unwrap()), seen(history.sent().unwrap()))
}

fn all_see_the_same(offices: &[&Office], inbox: usize, sent: usize) -> bool {
    let first = lists(offices[0]);
    (first.0.len(), first.1.len()) == (inbox, sent) && offices.iter().skip(1).all(|office| lists(office) == first)
}

/// The promise is ten seconds. A slow machine takes its time to look, and that is not the exchange's.
fn within_ten_seconds(began: Instant, looking: Duration, what: &str) {
    let took = began.elapsed();
    eprintln!("t1: {what} after {took:?}");
    assert!(took < Duration::from_secs(10) + 4 * looking, "{what} only after {took:?}");
}

#[test]
fn t1_every_terminal_sees_the_same() {
    let (town, [north, one]) = Town::of([NORTH, SOUTH]);
    name(&one, "端末1");
    let has_arrived = |state: &State| *state == State::Arrived;
    let mut watching = vec![Watch::of(&one)];
    let mut others: Vec<Office> = Vec::new();
    for count in 2..=5 {
        let other = further(&one, count, &town);
        watching.push(Watch::of(&other));
        others.push(other);
        let all: Vec<&Office> = std::iter::once(&one).chain(&others).collect();
        // What came before it was there, it gets by and by; from then on it is one of them.
        eventually("the new terminal has what came before", || all_see_the_same(&all, count - 2, 0));
        north.queue(&[north.put_out(&report_name(count), &report(count))], &one);
        north.must(&SEND);
        let began = Instant::now();
        let mut last = Duration::ZERO;
        eventually("what came is at every terminal, and arrived", || {
            let looking = Instant::now();
            let same = all_see_the_same(&all, count - 1, 0)
                && history(&one).inbox().unwrap().iter().all(|line| has_arrived(&line.state));
            last = looking.elapsed();
            same
        });
        within_ten_seconds(began, last, &format!("an inbox is the same at {count} terminals"));
    }
    let all: Vec<&Office> = std::iter::once(&one).chain(&others).collect();
    let ids: Vec<String> = lists(&one).0.into_keys().collect();
    // Sealed before a terminal was there, and opened by it all the same.
    for office in &all {
        let contents = history(office).contents(ids[0].parse().unwrap()).unwrap();
        assert_eq!(contents, [(report_name(2), report(2))], "{}", text(&office.profile));
    }
    what_one_does_is_seen_by_all(&all, &ids);
    // What one terminal sends is in every sent list, with its content.
    let (plan, bytes) = sample_of_south(NORTH.number);
    all[4].put_out(&plan, &bytes);
    all[4].must(&["send"]);
    north.must(&["receive"]);
    let began = Instant::now();
    let mut last = Duration::ZERO;
    eventually("what one terminal sent is in every sent list, and arrived", || {
        let looking = Instant::now();
        let same = all_see_the_same(&all, 4, 1) && has_arrived(&history(&one).sent().unwrap()[0].state);
        last = looking.elapsed();
        same
    });
    within_ten_seconds(began, last, "a sent list is the same at 5 terminals");
    let sent = lists(&one).1.into_keys().next().unwrap();
    assert_eq!(history(&one).contents(sent.parse().unwrap()).unwrap(), [(plan, bytes)]);
    drop(watching);
    // The sender heard that somebody looked.
    north.must(&["receive"]);
    let trail = history(&north).parcel(ids[0].parse().unwrap()).unwrap().unwrap().trail;
    assert!(trail.iter().any(|trail| trail.step == tayori::history::Step::Opened), "{trail:?}");
}

/// Opened at one terminal, assigned at another, noted at a third.
fn what_one_does_is_seen_by_all(all: &[&Office], ids: &[String]) {
    let began = Instant::now();
    all[4].must(&["parcel", "open", &ids[0]]);
    all[2].must(&["parcel", "assign", &ids[1], "窓口B"]);
    all[1].must(&["parcel", "note", &ids[2], "来週確認"]);
    let mut last = Duration::ZERO;
    eventually("reading and assigning are seen everywhere", || {
        let looking = Instant::now();
        let lines = history(all[0]).inbox().unwrap();
        let of = |id: &str| lines.iter().find(|line| line.id.to_string() == id).unwrap();
        let same =
            all_see_the_same(all, 4, 0) && !of(&ids[0]).unread && of(&ids[1]).assigned.as_deref() == Some("窓口B");
        last = looking.elapsed();
        same
    });
    within_ten_seconds(began, last, "what one terminal did is seen at 5");
    eventually("the note is seen at the first", || {
        history(all[0]).parcel(ids[2].parse().unwrap()).unwrap().unwrap().note == "来週確認"
    });
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
    let recovery = code_in(&south.must(&["terminal", "recovery"]).stdout);
    north.queue(&north.put_out_reports(12), &south);
    north.must(&SEND);
    south.must(&["receive"]);
    let ids: Vec<String> = lists(&south).0.into_keys().collect();
    south.must(&["parcel", "open", &ids[0]]);
    south.must(&["parcel", "assign", &ids[1], "田中"]);
    let (plan, bytes) = sample_of_south(NORTH.number);
    south.put_out(&plan, &bytes);
    south.must(&["send"]);
    assert!(south.take_imports() > 0);
    south.must(&["receive"]);
    north.must(&["receive"]);
    south.must(&["receive"]);
    let before = lists(&south);
    assert_eq!((before.0.len(), before.1.len()), (12, 1));
    let contents = |office: &Office, id: &str| history(office).contents(id.parse().unwrap()).unwrap();
    let had: Vec<_> = ids.iter().map(|id| contents(&south, id)).collect();
    // The disk is gone; what is left is the operator's telephone number and the recovery code on paper.
    fs::remove_dir_all(&south.profile).unwrap();
    let began = Instant::now();
    let new = south.another("replaced");
    let code = town.code(SOUTH, &[]);
    new.enrol_with(&town.url(), &["--code", &code, "--recovery-code", &recovery]).or_panic();
    new.log_in(USER, PASSWORD).or_panic();
    new.must(&["receive"]);
    eprintln!("t3: {} parcels back after {:?}", before.0.len() + before.1.len(), began.elapsed());
    assert_eq!(lists(&new), before);
    let sent = before.1.keys().next().unwrap();
    assert_eq!(contents(&new, sent), [(plan, bytes)]);
    for (id, had) in ids.iter().zip(&had) {
        assert_eq!(contents(&new, id), *had);
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
    leaves(&["diagnose"], Action::Diagnose);
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
    let (month, service) = ("202605".parse().unwrap(), SOUTH.service.parse().unwrap());
    let on = jiff::civil::date(2026, 6, 1);
    let paper = Paper { side: Side::Provider, partner: office, service, exchange: Exchange::Actuals, on };
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
        Command::KeepMailPassword(Secret::new("x".into())),
        Command::TryNotices,
        Command::Autostart(false),
        Command::TakeOver(id),
        Command::Assign { parcel: id, to: "佐藤".into() },
        Command::Annotate { parcel: id, text: "y".into() },
        Command::TrustPartner { office, fingerprint: "ab".into() },
        Command::ShowAudit,
        Command::ShowBoard(None),
        Command::DraftStatement { partner: office, month, occasion: Occasion::Reminder },
        Command::NotePaper(PaperNote { month, paper, taken_back: false }),
        Command::ExportAudit(somewhere("window.csv")),
        Command::Accounts(AccountsCommand::List),
        Command::Terminals(TerminalsCommand::List),
        Command::Diagnosis(DiagnosisCommand::All),
        Command::Diagnosis(DiagnosisCommand::Support(somewhere("support.zip"))),
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
        Command::Configure(_) | Command::KeepMailPassword(_) | Command::Autostart(_) | Command::TryNotices => {
            Action::Settings
        }
        Command::TakeOver(_) => Action::TakeOver,
        Command::Assign { .. } => Action::Assign,
        Command::Annotate { .. } => Action::Note,
        Command::TrustPartner { .. } => Action::TrustPartner,
        Command::ShowAudit => Action::ShowAudit,
        Command::ShowBoard(_) | Command::Search(_) => Action::ShowLists,
        Command::NotePaper(_) => Action::NotePaper,
        Command::DraftStatement { .. } | Command::OfferRelay(_) | Command::ReviewRelay(_) => Action::Examine,
        Command::ExportAudit(_) | Command::Register(_) => Action::Export,
        Command::Relay(_) => Action::Send,
        Command::Login { .. } => Action::Login,
        Command::Logout => Action::Logout,
        Command::Accounts(_) => Action::Accounts,
        Command::Terminals(_) => Action::Terminals,
        Command::Diagnosis(DiagnosisCommand::Support(_)) => Action::WriteSupport,
        Command::Diagnosis(_) => Action::Diagnose,
        // The entrance's: an open terminal has no use for them, and a closed one has no record.
        Command::Unlock(_)
        | Command::LookForCertificates
        | Command::SetUp(_)
        | Command::Recover(_)
        | Command::RecoveryNoted => Action::Setup,
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
