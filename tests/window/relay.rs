//! 委託: a parcel is passed on after a look at what goes.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use tayori::engine::model::*;
use tayori::entrust::Way;
use tayori::standard::PersonKey;

use crate::made_up;
use crate::world::*;

fn person(number: usize) -> (PersonKey, String) {
    let key = PersonKey { insurer: "312025".into(), insured: format!("31000000{number:02}") };
    (key, made_up::PERSONS[number].0.into())
}

fn offer(way: Way, candidates: Vec<RelayCandidate>) -> Event {
    let persons = (0..3).map(person).collect();
    Event::RelayOffer(Arc::new(RelayOffer { origin: made_up::id(0), way, persons, candidates: candidates.into() }))
}

fn candidate(number: usize, persons: &[usize]) -> RelayCandidate {
    let persons = persons.iter().map(|number| person(*number).0).collect();
    RelayCandidate { office: made_up::office(number), name: made_up::name(number).into(), persons }
}

fn asked_of(window: &mut Window, way: Way) {
    window.open_first(|view| view.relay = Some(way));
    window.commands();
    window.press(if way == Way::ToProvider { "事業所へ回す" } else { "センターへ返す" });
    assert_eq!(window.asked(), [format!("{:?}", Command::OfferRelay(made_up::id(0)))]);
}

fn request(persons: &[usize]) -> RelayRequest {
    let persons = persons.iter().map(|number| person(*number).0).collect();
    RelayRequest { origin: made_up::id(0), to: made_up::office(10), persons, message: String::new() }
}

#[test]
fn the_persons_of_the_provider_are_chosen_and_what_goes_is_looked_over_first() {
    let mut window = full_window();
    asked_of(&mut window, Way::ToProvider);
    window.tell(offer(Way::ToProvider, vec![candidate(10, &[0, 2]), candidate(11, &[])]));
    window.must_say("3 人のうち 2 人");
    window.must_say("この事業所への予定がまだありません");
    inside(&window, "relay");
    window.press("送る内容を確かめる");
    assert_eq!(window.asked(), [format!("{:?}", Command::ReviewRelay(request(&[0, 2])))]);
    let bundle = made_up::bundle(10, vec![]);
    let review = RelayReview { request: request(&[0, 2]), way: Way::ToProvider, bundle };
    window.tell(Event::RelayReview(Arc::new(review)));
    window.must_say("利用者の記録は、届いたときのまま変えません。");
    window.press("送る");
    assert_eq!(window.asked(), [format!("{:?}", Command::Relay(request(&[0, 2])))]);
    window.tell(Event::Notice(Notice::Queued { parcels: 1 }));
    assert!(!window.says("利用者の記録は、届いたときのまま変えません。"), "it is done and closed");
}

#[test]
fn what_has_errors_cannot_be_sent_and_a_centre_gets_nobody_it_did_not_entrust() {
    let mut window = full_window();
    asked_of(&mut window, Way::ToCentre);
    window.tell(offer(Way::ToCentre, vec![candidate(10, &[1])]));
    window.must_say("1 人のうち 1 人");
    assert!(!window.says("佐藤 ハナ 様（3100000000）"), "who is not the centre's cannot even be chosen");
    window.press("送る内容を確かめる");
    let bundle = made_up::bundle(10, vec![made_up::an_error()]);
    let review = RelayReview { request: request(&[1]), way: Way::ToCentre, bundle };
    window.tell(Event::RelayReview(Arc::new(review)));
    window.must_say("誤りがあるため送れません。");
    window.commands();
    window.press("送る");
    assert_eq!(window.asked(), Vec::<String>::new());
    window.press("選び直す");
    window.press("やめる");
    assert!(!window.says("センターへ返します"));
}

#[test]
fn nobody_to_send_to_is_said_with_the_reason() {
    let mut window = full_window();
    asked_of(&mut window, Way::ToCentre);
    window.tell(offer(Way::ToCentre, vec![]));
    window.must_say("送れる相手がいません");
    window.press("やめる");
    assert!(!window.says("送れる相手がいません"));
}

#[test]
fn the_chain_is_seen_in_the_parcel() {
    let mut window = full_window();
    window.open_first(|view| {
        let hop = Hop {
            parcel: made_up::id(70),
            sender: made_up::office(99),
            receiver: made_up::office(1),
            written: made_up::noon(),
        };
        view.chain = vec![hop];
        view.passed_on = vec![PassedOn {
            parcel: made_up::id(71),
            partner: made_up::office(10),
            partner_name: "ひまわりデイサービスセンター".into(),
            at: made_up::noon(),
        }];
    });
    window.must_say("中継元");
    window.must_say("3170000099 → さくら居宅介護支援事業所");
    window.must_say("中継先");
    let shown = window.harness.query_all_by_role(Role::Label).count();
    assert!(shown > 0);
}
