//! The board by tables, and that it claims nothing that no receipt proves.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::parcel::{Over, Statement};

const US: &str = "3191000017";
const NORTH: &str = "3171000048";
const EAST: &str = "3191000079";
const CENTRE: &str = "3171000024";

fn at(text: &str) -> Timestamp {
    format!("{text}:00+09:00").parse().unwrap()
}

fn tokyo() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap()
}

fn person(number: usize) -> PersonKey {
    PersonKey { insurer: "312025".into(), insured: format!("{number:010}") }
}

fn persons(numbers: &[usize]) -> Option<Arc<Persons>> {
    Some(Arc::new(numbers.iter().map(|number| person(*number)).collect()))
}

fn out() -> Proof {
    Proof::default()
}

fn came() -> Proof {
    Proof { incoming: true, ..Proof::default() }
}

/// What our care manager sends, or gets, in October.
fn file(prefix: &str, partner: (&str, &str), when: &str, proof: Proof) -> Carried {
    file_of(("43", US), prefix, partner, when, proof)
}

fn file_of(us: (&str, &str), prefix: &str, partner: (&str, &str), when: &str, proof: Proof) -> Carried {
    let (us, partner_office) = ((us.1, us.0), partner);
    let (from, to) = if proof.incoming { (partner_office, us) } else { (us, partner_office) };
    let month = if prefix.starts_with("UPKIHON") || prefix.starts_with("UPYOBO") { "" } else { "202610_" };
    let name = format!("{prefix}_{month}{}_{}_{}_{}_20261001120000.CSV", from.0, from.1, to.0, to.1);
    Carried {
        name: name.parse().unwrap(),
        partner: partner.0.parse().unwrap(),
        parcel: ParcelId::new(),
        sha256: String::new(),
        at: at(when),
        proof,
        persons: None,
    }
}

fn material(files: Vec<Carried>) -> Material {
    let names = [(NORTH, "北の訪問介護"), (EAST, "東のデイケア")];
    Material {
        month: "202610".parse().unwrap(),
        files,
        said: Vec::new(),
        papers: Vec::new(),
        names: names.map(|(number, name)| (number.parse().unwrap(), name.to_owned())).into(),
        regulars: BTreeSet::new(),
    }
}

fn board(material: &Material, today: &str) -> Board {
    Board::of(material, at(&format!("{today}T12:00")), &tokyo())
}

fn only(material: &Material, today: &str) -> Row {
    let board = board(material, today);
    let [row] = board.rows.as_slice() else { panic!("{board:#?}") };
    row.clone()
}

#[test]
fn a_plan_is_followed_by_its_receipts() {
    let sent = Proof { accepted: Some(at("2026-09-25T10:00")), ..out() };
    let arrived = Proof { arrived: Some(at("2026-09-25T11:00")), ..sent };
    let imported = Proof { imported: Some(at("2026-09-26T09:00")), ..arrived };
    let cases = [
        (out(), Step::Waiting, None),
        (sent, Step::Sent, Some(3)),
        (arrived, Step::Arrived, None),
        (imported, Step::Imported, None),
        (Proof { troubled: true, ..sent }, Step::Troubled, None),
        (Proof { national: true, ..sent }, Step::LaidOut, None),
    ];
    for (proof, step, undelivered) in cases {
        let row = only(&material(vec![file("UPPLAN", (NORTH, "11"), "2026-09-25T09:59", proof)]), "2026-09-28");
        assert_eq!((row.side, row.plan.step, row.undelivered_days), (Side::Planner, step, undelivered), "{proof:?}");
        assert_eq!((row.actuals.step, row.days), (Step::Nothing, None), "nobody waits before the month is over");
        assert!(row.is_open());
    }
}

#[test]
fn who_has_not_answered_is_waited_for_from_the_first_of_the_next_month() {
    let proof = Proof { accepted: Some(at("2026-09-25T10:00")), arrived: Some(at("2026-09-25T11:00")), ..out() };
    let plan = file("UPPLAN", (NORTH, "11"), "2026-09-25T09:59", proof);
    let days = |material: &Material, today| only(material, today).days;
    let plans = material(vec![plan.clone()]);
    assert_eq!(days(&plans, "2026-10-31"), None);
    assert_eq!(days(&plans, "2026-11-01"), Some(0));
    assert_eq!(days(&plans, "2026-11-08"), Some(7));
    // A plan that came late is waited for since it came.
    let late = Proof { arrived: Some(at("2026-11-05T23:30")), ..proof };
    assert_eq!(days(&material(vec![file("UPPLAN", (NORTH, "11"), "2026-11-05T09:00", late)]), "2026-11-08"), Some(3));
    let mut answered = plans.clone();
    answered.files.push(file("UPJSK", (NORTH, "11"), "2026-11-03T09:00", came()));
    let row = only(&answered, "2026-11-08");
    assert_eq!((row.actuals.step, row.days, row.is_complete()), (Step::Arrived, None, true));
    // What never left is waited for by nobody.
    assert_eq!(days(&material(vec![file("UPPLAN", (NORTH, "11"), "2026-09-25T09:59", out())]), "2026-11-08"), None);
}

#[test]
fn what_comes_after_the_first_plan_is_a_change_and_a_failed_first_is_none() {
    let imported = Proof { imported: Some(at("2026-09-26T09:00")), ..out() };
    let first = file("UPPLAN", (NORTH, "11"), "2026-09-25T09:00", imported);
    // 第7表 of the same parcel is no change.
    let table7 = Carried { name: file("UPSIKYU", (NORTH, "11"), "2026-09-25T09:00", out()).name, ..first.clone() };
    let second = file("UPPLAN", (NORTH, "11"), "2026-10-05T09:00", out());
    let row = only(&material(vec![first.clone(), table7, second.clone()]), "2026-10-06");
    assert_eq!(row.plan.step, Step::Imported);
    let changes = row.changes.clone().unwrap();
    assert_eq!((changes.count, changes.newest.step, changes.newest.parcel), (1, Step::Waiting, Some(second.parcel)));
    assert!(row.is_open(), "the change is still on its way");
    let failed = file("UPPLAN", (NORTH, "11"), "2026-09-24T09:00", Proof { troubled: true, ..out() });
    let row = only(&material(vec![failed, first]), "2026-10-06");
    assert_eq!((row.plan.step, row.changes), (Step::Imported, None));
}

#[test]
fn another_service_of_the_same_office_is_a_row_of_its_own_and_counts_once() {
    let sent = |service| file("UPPLAN", (NORTH, service), "2026-09-25T09:00", out());
    let files = vec![sent("11"), sent("15"), file("UPJSK", (NORTH, "11"), "2026-11-02T09:00", came())];
    let board = board(&material(files), "2026-11-03");
    assert_eq!(board.rows.len(), 2);
    let [summary] = board.summaries.as_slice() else { panic!("{board:#?}") };
    assert_eq!((summary.partners, summary.actuals), (1, 0), "half an answer is none");
}

#[test]
fn no_actuals_of_every_planned_person_is_an_answer() {
    let mut plan =
        file("UPPLAN", (NORTH, "11"), "2026-09-25T09:00", Proof { arrived: Some(at("2026-09-25T10:00")), ..out() });
    plan.persons = persons(&[1, 2, 3]);
    let said = |numbers: &[usize], proof| Said {
        partner: NORTH.parse().unwrap(),
        parcel: ParcelId::new(),
        at: at("2026-11-02T09:00"),
        proof,
        statement: Statement::NoActuals {
            month: "202610".parse().unwrap(),
            persons: numbers.iter().map(|number| person(*number)).collect(),
        },
    };
    let with = |numbers: &[usize], proof| Material { said: vec![said(numbers, proof)], ..material(vec![plan.clone()]) };
    let row = only(&with(&[1, 2], came()), "2026-11-05");
    let answered = Answered { planned: 3, reported: 0, none: 2, missing: 1 };
    assert_eq!((row.actuals.step, row.answered, row.days), (Step::Nothing, Some(answered), Some(4)));
    let row = only(&with(&[1, 2, 3, 9], came()), "2026-11-05");
    assert_eq!((row.actuals.step, row.days, row.is_open()), (Step::NoActuals, None, false));
    // What we say ourselves on this side is no answer, and neither is what was refused.
    for proof in [out(), Proof { troubled: true, ..came() }] {
        assert_eq!(only(&with(&[1, 2, 3], proof), "2026-11-05").actuals.step, Step::Nothing);
    }
    // The rest is reported.
    let mut both = with(&[1], came());
    let mut actuals = file("UPJSK", (NORTH, "11"), "2026-11-02T09:00", came());
    actuals.persons = persons(&[2]);
    both.files.push(actuals);
    let row = only(&both, "2026-11-05");
    assert_eq!(row.answered, Some(Answered { planned: 3, reported: 1, none: 1, missing: 1 }));
    assert!(!row.is_complete() && row.days == Some(4), "one person is still missing");
}

#[test]
fn the_provider_sees_its_own_side() {
    let us = ("11", NORTH);
    let mut plan = file_of(us, "UPPLAN", (US, "43"), "2026-09-25T09:00", came());
    plan.persons = persons(&[1]);
    let reminder = Said {
        partner: US.parse().unwrap(),
        parcel: ParcelId::new(),
        at: at("2026-11-06T09:00"),
        proof: came(),
        statement: Statement::Reminder { month: "202610".parse().unwrap() },
    };
    let asked = Material { said: vec![reminder.clone()], ..material(vec![plan.clone()]) };
    let row = only(&asked, "2026-11-07");
    assert_eq!((row.side, row.plan.step, row.days), (Side::Provider, Step::Arrived, Some(6)));
    assert_eq!(row.reminded, Some(reminder.at));
    let none = |proof| Said {
        statement: Statement::NoActuals { month: "202610".parse().unwrap(), persons: vec![person(1)] },
        proof,
        ..reminder.clone()
    };
    for (proof, step) in [
        (out(), Step::Waiting),
        (Proof { accepted: Some(at("2026-11-07T09:00")), ..out() }, Step::Sent),
        (Proof { arrived: Some(at("2026-11-07T09:00")), ..out() }, Step::NoActuals),
    ] {
        let said = Material { said: vec![none(proof)], ..material(vec![plan.clone()]) };
        assert_eq!(only(&said, "2026-11-07").actuals.step, step);
    }
}

#[test]
fn the_centre_and_the_entrusted_office_see_theirs() {
    let centre = [
        file_of(
            ("46", CENTRE),
            "UPYOBO",
            (US, "43"),
            "2026-10-02T09:00",
            Proof { arrived: Some(at("2026-10-02T10:00")), ..out() },
        ),
        file_of(("46", CENTRE), "UPPLAN", (US, "43"), "2026-11-02T09:00", came()),
        file_of(("46", CENTRE), "UPJSK", (US, "43"), "2026-11-02T09:00", came()),
    ];
    let row = only(&material(centre.into()), "2026-11-07");
    assert_eq!((row.side, row.plan.step, row.actuals.step), (Side::Centre, Step::Arrived, Step::Arrived));
    assert_eq!(row.documents.unwrap().step, Step::Arrived);
    let entrusted = [
        file("UPKIHON", (CENTRE, "46"), "2026-10-02T09:00", came()),
        file("UPPLAN", (CENTRE, "46"), "2026-11-02T09:00", out()),
    ];
    let row = only(&material(entrusted.into()), "2026-11-07");
    assert_eq!((row.side, row.plan.step, row.plan.incoming), (Side::Entrusted, Step::Waiting, false));
    assert_eq!(row.actuals.step, Step::Nothing);
}

#[test]
fn paper_counts_until_it_is_taken_back_and_gives_way_to_a_parcel() {
    let on = jiff::civil::date(2026, 11, 4);
    let paper = |exchange| Paper {
        side: Side::Planner,
        partner: EAST.parse().unwrap(),
        service: "16".parse().unwrap(),
        exchange,
        on,
    };
    let noted = Material { papers: vec![paper(Exchange::Plan), paper(Exchange::Actuals)], ..material(vec![]) };
    let row = only(&noted, "2026-11-08");
    assert_eq!((row.plan.step, row.actuals.step, row.is_open()), (Step::Paper(on), Step::Paper(on), false));
    let parcel = file("UPJSK", (EAST, "16"), "2026-11-05T09:00", came());
    assert_eq!(only(&Material { files: vec![parcel], ..noted }, "2026-11-08").actuals.step, Step::Arrived);
}

#[test]
fn whoever_had_plans_last_month_stands_there_until_it_has_this_month() {
    let key = (Side::Planner, NORTH.parse().unwrap(), "11".parse().unwrap());
    let regular = Material { regulars: [key].into(), ..material(vec![]) };
    let row = only(&regular, "2026-10-20");
    assert!(row.regular && row.is_open() && row.plan.step == Step::Nothing);
    assert_eq!(only(&regular, "2026-11-20").days, None, "no plan, nothing to answer");
    let sent = Material { files: vec![file("UPPLAN", (NORTH, "11"), "2026-10-20T09:00", out())], ..regular };
    assert!(!only(&sent, "2026-10-20").regular);
}

#[test]
fn a_file_that_says_it_is_anothers_is_nobodys() {
    let mut stray = file("UPJSK", (NORTH, "11"), "2026-11-02T09:00", came());
    stray.partner = EAST.parse().unwrap();
    assert!(board(&material(vec![stray]), "2026-11-08").rows.is_empty());
}

#[test]
fn until_the_tenth_people_work_on_the_month_before() {
    for (day, month) in [("2026-11-10", "202610"), ("2026-11-11", "202611"), ("2027-01-03", "202612")] {
        assert_eq!(Board::month_of(day.parse().unwrap()).to_string(), month);
    }
}

fn proofs() -> impl Strategy<Value = Proof> {
    let time =
        || prop::option::of((0i64..200_000_000).prop_map(|after| Timestamp::new(1_790_000_000 + after, 0).unwrap()));
    (any::<[bool; 3]>(), time(), time(), time()).prop_map(
        |([incoming, national, troubled], accepted, arrived, imported)| Proof {
            incoming,
            national,
            troubled,
            accepted,
            arrived,
            imported,
        },
    )
}

fn files() -> impl Strategy<Value = Vec<Carried>> {
    let kinds = prop::sample::select(vec!["UPPLAN", "UPSIKYU", "UPJSK", "DLTPLAN", "DLTJSK", "UPYOBO", "UPHOSOKU"]);
    let partners = prop::sample::select(vec![(NORTH, "11"), (EAST, "16"), (EAST, "15"), (CENTRE, "46"), (US, "43")]);
    let us = prop::sample::select(vec![("43", US), ("11", US), ("46", US), ("73", US)]);
    let one = (kinds, partners, us, proofs(), prop::option::of(prop::collection::vec(0usize..6, 0..4)));
    prop::collection::vec(one, 0..12).prop_map(|many| {
        let make = |(kind, partner, us, proof, of): (_, _, _, _, Option<Vec<usize>>)| {
            let mut file = file_of(us, kind, partner, "2026-10-05T09:00", proof);
            file.persons = of.and_then(|of| persons(&of));
            file
        };
        many.into_iter().map(make).collect()
    })
}

proptest! {
    #[test]
    fn the_board_never_claims_what_no_receipt_proves(files in files(), day in 1i8..=28) {
        let material = material(files.clone());
        let board = board(&material, &format!("2026-11-{day:02}"));
        for row in &board.rows {
            let cells = [Some(&row.plan), Some(&row.actuals), row.documents.as_ref(), row.changes.as_ref().map(|c| &c.newest)];
            for cell in cells.into_iter().flatten() {
                let Some(parcel) = cell.parcel else {
                    prop_assert_eq!(cell.step, Step::Nothing);
                    continue;
                };
                let carried = files.iter().find(|file| file.parcel == parcel).expect("the parcel is one of those");
                prop_assert_eq!(carried.partner, row.partner);
                let proof = carried.proof;
                let proved = match cell.step {
                    Step::Imported => proof.imported.is_some(),
                    Step::Arrived => proof.incoming || proof.arrived.is_some(),
                    Step::Sent | Step::LaidOut => proof.accepted.is_some(),
                    Step::Waiting => !proof.incoming,
                    Step::Troubled => proof.troubled,
                    Step::Nothing | Step::NoActuals | Step::Paper(_) => false,
                };
                prop_assert!(proved && (proof.troubled == (cell.step == Step::Troubled)), "{:?} by {:?}", cell, proof);
            }
            if let Some(answered) = row.answered {
                prop_assert!(answered.none + answered.missing <= answered.planned);
            }
        }
        for summary in &board.summaries {
            prop_assert!(summary.actuals <= summary.partners && summary.open <= summary.partners);
        }
    }
}

#[test]
fn who_is_said_to_be_over_the_limit_is_counted_once_and_at_both_ends() {
    let over = |numbers: &[usize], proof| Said {
        partner: NORTH.parse().unwrap(),
        parcel: ParcelId::new(),
        at: at("2026-10-02T09:00"),
        proof,
        statement: Statement::OverLimit {
            month: "202610".parse().unwrap(),
            persons: numbers
                .iter()
                .map(|number| Over { person: person(*number), limit: None, units: 20_000, over: 295 })
                .collect(),
        },
    };
    let sent = Proof { accepted: Some(at("2026-10-02T09:01")), ..out() };
    let plan = file("UPPLAN", (NORTH, "11"), "2026-09-25T09:00", sent);
    let said = |said| only(&Material { said, ..material(vec![plan.clone()]) }, "2026-10-05").over_limit;
    assert_eq!(said(vec![over(&[1, 2], sent), over(&[2], sent)]), 2);
    assert_eq!(said(vec![over(&[1], out())]), 0, "it has not left");
    assert_eq!(said(vec![over(&[1], came())]), 0, "a provider does not say it to the planner");
    let us = ("11", NORTH);
    let plan = file_of(us, "UPPLAN", (US, "43"), "2026-09-25T09:00", came());
    let came = Said { partner: US.parse().unwrap(), ..over(&[1], came()) };
    let row = only(&Material { said: vec![came], ..material(vec![plan]) }, "2026-10-05");
    assert_eq!((row.side, row.over_limit), (Side::Provider, 1));
}
