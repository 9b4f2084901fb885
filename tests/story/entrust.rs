//! 委託: centre → care manager → provider → care manager → centre, with the real programs and the sample month.

use tayori::entrust::Way;
use tayori::standard::{FileName, Table};

use crate::world::{Office, Person, Town, files_in, sample, text, write_settled};

const CENTRE: Person = Person { number: "3171000024", service: "46", name: "弓浜地域包括支援センター" };
const MANAGER: Person = Person { number: "3191000031", service: "43", name: "㈱髙﨑ケアプラン①" };
const PROVIDER: Person = Person { number: "3171000348", service: "66", name: "予防デイケア" };

const PLAN: &str = "UPPLAN_202605_3191000031_43_3171000348_66_20260425173423.CSV";
const SUPPLEMENT: &str = "UPHOSOKU_202605_3191000031_43_3171000348_66_20260425173423.CSV";
const REPORT: &str = "UPJSK_202605_3171000348_66_3191000031_43_20260425173701.CSV";
const PREVENTIVE: &str = "UPYOBO_3171000024_46_3191000031_43_20260425173438.CSV";
const SUPPORT: &str = "UPYOBO_SUB_3171000024_46_3191000031_43_20260425173438.CSV";

fn table(name: &str, bytes: &[u8]) -> Table {
    Table::read(FileName::parse(name).unwrap().kind, bytes).unwrap()
}

/// The persons of a file, in order, each once.
fn persons(name: &str, bytes: &[u8]) -> Vec<String> {
    let mut persons: Vec<String> = table(name, bytes).rows().map(|row| row.person().insured).collect();
    persons.sort();
    persons.dedup();
    persons
}

/// The records of these persons, byte for byte.
fn records(name: &str, bytes: &[u8], wanted: &[String]) -> Vec<u8> {
    table(name, bytes).write_rows(|row| wanted.contains(&row.person().insured))
}

fn send(office: &Office, files: &[(&str, Vec<u8>)]) {
    let paths: Vec<_> = files.iter().map(|(name, bytes)| office.put_out(name, bytes)).collect();
    let mut args = vec!["send"];
    args.extend(paths.iter().map(|path| text(path)));
    office.must(&args);
}

fn came(office: &Office, kind: &str) -> (String, Vec<u8>) {
    files_in(&office.import).into_iter().find(|(name, _)| name.starts_with(kind)).unwrap_or_else(|| panic!("no {kind}"))
}

fn newest(office: &Office) -> String {
    office.list("inbox")[0]["id"].as_str().unwrap().to_owned()
}

/// Which way the window offers to pass a parcel on.
fn offered(office: &Office, parcel: &str) -> Option<Way> {
    office.profile().terminal().unwrap().view(parcel.parse().unwrap()).unwrap().unwrap().relay
}

#[test]
fn actuals_go_back_to_a_centre_only_where_one_has_entrusted_anybody() {
    let (_town, [centre, manager, provider]) = Town::of([CENTRE, MANAGER, PROVIDER]);
    send(&provider, &[(REPORT, sample(REPORT))]);
    manager.must(&["receive"]);
    let actuals = newest(&manager);
    assert_eq!(offered(&manager, &actuals), None);
    send(&centre, &[(PREVENTIVE, sample(PREVENTIVE)), (SUPPORT, sample(SUPPORT))]);
    manager.must(&["receive"]);
    assert_eq!(offered(&manager, &newest(&manager)), Some(Way::ToProvider));
    assert_eq!(offered(&manager, &actuals), Some(Way::ToCentre));
}

#[test]
fn a_centres_parcel_goes_on_to_the_provider_and_its_actuals_come_back_with_the_plan() {
    let (_town, [centre, manager, provider]) = Town::of([CENTRE, MANAGER, PROVIDER]);

    // The plan of the month goes to the provider, as every month.
    let plan = sample(PLAN);
    send(&manager, &[(PLAN, plan.clone()), (SUPPLEMENT, sample(SUPPLEMENT))]);
    provider.must(&["receive"]);
    manager.must(&["receive"]);
    // All of them are the provider's, but the centre has entrusted us with all but one.
    let mut served = persons(PLAN, &plan);
    let stranger = served.pop().expect("several persons");

    let entrusted = |name: &str| {
        let bytes = sample(name);
        let mut all = persons(name, &bytes);
        all.retain(|person| *person != stranger);
        records(name, &bytes, &all)
    };
    send(&centre, &[(PREVENTIVE, entrusted(PREVENTIVE)), (SUPPORT, entrusted(SUPPORT))]);
    manager.must(&["receive"]);
    let from_centre = newest(&manager);

    // On to the provider: the persons it serves, and nobody else.
    let offer = manager.must(&["parcel", "pass-on", &from_centre, "--format", "json"]).json();
    assert_eq!(offer["way"], "to-provider");
    assert_eq!(offer["candidates"][0]["office"], PROVIDER.number);
    let mut offered: Vec<String> = serde_json::from_value(offer["candidates"][0]["persons"].clone()).unwrap();
    offered.sort();
    assert_eq!(offered, served);
    let looked = manager.must(&["parcel", "pass-on", &from_centre, "--to", PROVIDER.number, "--dry-run"]);
    assert!(looked.stdout.contains("まだ送っていません"), "{looked:?}");
    let sent = manager.must(&["parcel", "pass-on", &from_centre, "--to", PROVIDER.number, "--format", "json"]).json();
    manager.must(&["receive"]);
    provider.must(&["receive"]);
    let (name, bytes) = came(&provider, "UPYOBO_3");
    let new = FileName::parse(&name).unwrap();
    assert_eq!([new.sender.as_str(), new.sender_service.as_str()], [MANAGER.number, "43"], "from who passed it on");
    assert_eq!([new.receiver.as_str(), new.receiver_service.as_str()], [PROVIDER.number, "66"]);
    assert_ne!(new.serial.as_str(), "20260425173438", "under a serial of its own");
    assert_eq!(bytes, records(PREVENTIVE, &sample(PREVENTIVE), &served), "byte for byte");
    let (name, bytes) = came(&provider, "UPYOBO_SUB_");
    assert_eq!(FileName::parse(&name).unwrap().serial, new.serial, "what goes together stays together");
    assert_eq!(bytes, records(SUPPORT, &sample(SUPPORT), &served));

    // The chain is seen at both ends.
    let stored = |office: &Office, id: &str| {
        office.profile().history().unwrap().parcel(id.parse().unwrap()).unwrap().expect("it is there")
    };
    let passed = sent["id"].as_str().unwrap();
    let hops: Vec<String> = stored(&provider, passed).chain.iter().map(|hop| hop.parcel.to_string()).collect();
    assert_eq!(hops, std::slice::from_ref(&from_centre));
    let onward = stored(&manager, &from_centre).passed_on;
    assert_eq!(onward.iter().map(|passed| passed.parcel.to_string()).collect::<Vec<_>>(), [passed]);

    // The provider reports, and report and plan go back to the centre.
    let report = sample(REPORT);
    write_settled(&provider.outgoing.join(REPORT), &report);
    send(&provider, &[(REPORT, report.clone())]);
    manager.must(&["receive"]);
    let from_provider = newest(&manager);
    let offer = manager.must(&["parcel", "pass-on", &from_provider, "--format", "json"]).json();
    assert_eq!(offer["way"], "to-centre");
    assert_eq!(offer["candidates"].as_array().unwrap().len(), 1, "who entrusted nobody to us gets nothing back");
    assert_eq!(offer["candidates"][0]["office"], CENTRE.number);
    let refused = manager.run(&["parcel", "pass-on", &from_provider, "--to", CENTRE.number, "--person", &stranger]);
    // Nobody whom the centre did not entrust to us.
    refused.says("委託されていない利用者");

    let sent = manager.must(&["parcel", "pass-on", &from_provider, "--to", CENTRE.number, "--format", "json"]).json();
    manager.must(&["receive"]);
    centre.must(&["receive"]);
    let (name, bytes) = came(&centre, "UPJSK_");
    assert_eq!(bytes, records(REPORT, &report, &served));
    let actuals = FileName::parse(&name).unwrap();
    let (name, bytes) = came(&centre, "UPPLAN_");
    assert_eq!(bytes, records(PLAN, &plan, &served));
    let provision = FileName::parse(&name).unwrap();
    assert!(provision.serial < actuals.serial, "the plan first");
    for name in [actuals, provision] {
        let ends = [name.sender.as_str(), name.receiver.as_str(), name.receiver_service.as_str()];
        assert_eq!(ends, [MANAGER.number, CENTRE.number, "46"]);
    }
    let hops = stored(&centre, sent["id"].as_str().unwrap()).chain;
    let between: Vec<(&str, &str)> = hops.iter().map(|hop| (hop.sender.as_str(), hop.receiver.as_str())).collect();
    assert_eq!(between, [(MANAGER.number, PROVIDER.number), (PROVIDER.number, MANAGER.number)]);
}
