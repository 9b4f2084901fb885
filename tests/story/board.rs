//! The month board on both sides, from what really went and came: a care manager and two providers.

use serde_json::Value;
use tayori::engine::Engine;
use tayori::engine::model::{Command, Event, Occasion, SendRequest};
use tayori::words::board as words;

use crate::world::{
    EAST, LONGEST, NORTH, Office, Person, SOUTH, Town, eventually, report, report_name, sample, sample_of_south, text,
};

const MONTH: &str = "2026-05";

/// A provider of 通所介護, whose services take one person of south's over the limit by 1,085 units.
const DAY: Person = Person { number: "3191000331", service: "15", name: "昼のデイサービス" };

/// The one row of a partner on an office's board.
fn row(office: &Office, partner: &Office) -> Value {
    let board = office.must(&["board", "--month", MONTH, "--format", "json"]).json();
    let rows = board["rows"].as_array().unwrap().clone();
    let of_partner: Vec<Value> = rows.into_iter().filter(|row| row["partner"] == partner.person.number).collect();
    let [row] = of_partner.as_slice() else { panic!("{of_partner:#?}") };
    row.clone()
}

fn steps(row: &Value) -> (&str, &str) {
    (row["plan"]["step"].as_str().unwrap(), row["actuals"]["step"].as_str().unwrap())
}

/// Everything of the month that south's care software put out for an office.
fn plan_for(south: &Office, office: &Office) -> Vec<std::path::PathBuf> {
    let (plan, _) = sample_of_south(office.person.number);
    let kinds = ["UPPLAN", "UPSIKYU", "UPHOSOKU"];
    kinds.iter().map(|kind| plan.replace("UPPLAN", kind)).map(|name| south.put_out(&name, &sample(&name))).collect()
}

#[test]
fn both_sides_see_the_month_from_plan_to_answer() {
    let (_town, [south, north, east]) = Town::of([SOUTH, NORTH, EAST]);
    for provider in [&north, &east] {
        let files = plan_for(&south, provider);
        let mut args = vec!["send"];
        args.extend(files.iter().map(|path| text(path)));
        south.must(&args);
        assert_eq!(steps(&row(&south, provider)), ("sent", "nothing"), "the hub has it, and nobody else");
    }
    north.must(&["receive"]);
    assert_eq!(steps(&row(&north, &south)), ("arrived", "nothing"));
    assert_eq!(row(&north, &south)["side"], "provider");
    north.take_imports();
    north.must(&["receive"]);
    assert_eq!(steps(&row(&north, &south)), ("imported", "nothing"));
    south.must(&["receive"]);
    assert_eq!(steps(&row(&south, &north)), ("imported", "nothing"), "north's receipt says so");
    assert_eq!(steps(&row(&south, &east)), ("sent", "nothing"), "east has not been there");

    // South asks; the month is long over.
    let asked = south.must(&["board", "remind", NORTH.number, "--month", MONTH]);
    assert!(asked.stdout.contains("2026年5月分の実績が、まだこちらに届いていません。"), "{asked:?}");
    north.must(&["receive"]);
    // A plain reader sees words, and no file came with them.
    let message = &north.list("inbox")[0];
    assert_eq!((message["files"].as_u64(), message["partner"].as_str()), (Some(0), Some(SOUTH.number)));
    let reminded = row(&north, &south);
    assert!(reminded["reminded"].is_string(), "{reminded:#}");
    assert_eq!(reminded["days"].as_i64(), Some(0), "the plan came today");

    // North reports.
    let actuals = north.put_out(&report_name(0), &report(0));
    north.must(&["send", text(&actuals)]);
    assert_eq!(steps(&row(&north, &south)).1, "sent");
    south.must(&["receive"]);
    assert_eq!(steps(&row(&south, &north)).1, "arrived");
    // Who reads it reads names: 実績 has only numbers, the plan had both.
    let report = south.list("inbox")[0]["id"].as_str().unwrap().parse().unwrap();
    let view = south.profile().terminal().unwrap().view(report).unwrap().unwrap();
    assert!(!view.people.is_empty() && view.people.iter().all(|person| person.name.is_some()), "{:?}", view.people);
    north.must(&["receive"]);
    assert_eq!(steps(&row(&north, &south)).1, "arrived");

    // East has nothing to report of anybody, and says so in one go.
    east.must(&["receive"]);
    let nobody = east.run(&["board", "no-actuals", SOUTH.number, "--month", MONTH]);
    assert!(!nobody.is_fine() && nobody.stderr.contains("あてはまる利用者"), "{nobody:?}");
    let said = east.must(&["board", "no-actuals", SOUTH.number, "--all", "--month", MONTH]);
    assert!(said.stdout.contains("2026年5月分は、次の"), "{said:?}");
    assert_eq!(steps(&row(&east, &south)).1, "sent");
    south.must(&["receive"]);
    let answered = row(&south, &east);
    assert_eq!(steps(&answered).1, "no-actuals", "{answered:#}");
    assert_eq!((answered["answered"]["missing"].as_u64(), answered["days"].as_i64()), (Some(0), None));
    east.must(&["receive"]);
    assert_eq!(steps(&row(&east, &south)).1, "no-actuals");
    // Nobody is left to say it of.
    assert!(!east.run(&["board", "no-actuals", SOUTH.number, "--all", "--month", MONTH]).is_fine());

    // And for people.
    let board = south.must(&["board", "--month", MONTH]).stdout;
    assert!(board.contains("2事業所中 2 から実績が届いています。"), "{board}");
    assert!(board.contains("実績なし") && board.contains("届いた・未取込"), "{board}");
}

#[test]
fn paper_is_on_the_board_of_every_terminal_and_on_record() {
    let (town, [south, north]) = Town::of([SOUTH, NORTH]);
    let files = plan_for(&south, &north);
    south.must(&["send", text(&files[0]), text(&files[1]), text(&files[2])]);
    let second = crate::together::further(&south, 2, &town);
    let noted = ["board", "--month", MONTH, "paper", NORTH.number, "actuals", "--on", "2026-06-02"];
    south.must(&noted);
    assert_eq!(row(&south, &north)["actuals"]["step"], "paper");
    south.must(&["receive"]);
    second.must(&["receive"]);
    let there = row(&second, &north);
    assert_eq!((&there["actuals"]["step"], &there["actuals"]["on"]), (&"paper".into(), &"2026-06-02".into()));
    second.must(&[&noted[..], &["--undo"]].concat());
    second.must(&["receive"]);
    south.must(&["receive"]);
    assert_eq!(row(&south, &north)["actuals"]["step"], "nothing");
    let record = south.must(&["audit", "list", "--count", "1000", "--format", "json"]).stdout;
    assert!(record.contains("note-paper") && !record.contains(NORTH.name), "{record}");
}

/// Asks the engine, as the window does, what can be said; and waits for the answer.
fn drafted(
    engine: &Engine,
    partner: &Office,
    occasion: Occasion,
) -> std::sync::Arc<tayori::engine::model::StatementDraft> {
    let month = MONTH.replace('-', "").parse().unwrap();
    engine.send(Command::DraftStatement { partner: partner.number(), month, occasion });
    let begun = std::time::Instant::now();
    loop {
        match engine.poll() {
            Some(Event::Statement(draft)) => return draft,
            Some(_) => {}
            None => std::thread::sleep(std::time::Duration::from_millis(10)),
        }
        assert!(begun.elapsed() < LONGEST, "no draft came");
    }
}

#[test]
fn what_the_tables_say_is_over_the_limit_is_looked_over_and_stands_on_the_providers_board() {
    let (_town, [south, north, day]) = Town::of([SOUTH, NORTH, DAY]);
    for provider in [&north, &day] {
        let files = plan_for(&south, provider);
        south.must(&["send", text(&files[0]), text(&files[1]), text(&files[2])]);
    }

    // Of the persons in both plans, one is over, and only with what the second of the two does.
    let nobody = south.run(&["board", "over-limit", NORTH.number, "--all", "--month", MONTH]);
    assert!(!nobody.is_fine() && nobody.stderr.contains("あてはまる利用者"), "{nobody:?}");
    let shown = south.must(&["board", "over-limit", DAY.number, "--all", "--dry-run", "--month", MONTH]).stdout;
    let engine = Engine::start(south.profile(), || {}).unwrap();
    let draft = drafted(&engine, &day, Occasion::OverLimit);
    let [candidate] = &draft.candidates[..] else { panic!("{} persons", draft.candidates.len()) };
    let over = candidate.over.clone().unwrap();
    assert_eq!((over.over, over.person.insured.as_str()), (1_085, "3100001443"));
    assert!(over.limit.is_some_and(|limit| over.units > limit), "{over:?}");
    let statement = draft.statement(&[candidate.person.clone()].into()).unwrap();
    let message = words::message(&draft, words::greeting(Occasion::OverLimit), &statement);
    assert!(message.contains("次の 1名が区分支給限度基準額を超えています。"), "{message}");
    assert!(message.contains("うち貴事業所の超過 1085単位"), "{message}");
    assert!(candidate.name.as_ref().is_some_and(|name| message.contains(name.as_str())), "{message}");
    assert!(shown.contains(&message), "the command shows the same: {shown}");
    assert_eq!((south.list("outbox").len(), south.list("sent").len()), (0, 2), "nothing has gone by looking");

    engine.send(Command::Send(vec![SendRequest::saying(day.number(), message, statement)]));
    eventually("it is with the hub", || south.list("sent").len() == 3);
    drop(engine);
    for office in [&day, &north] {
        office.must(&["receive"]);
    }
    assert_eq!(row(&day, &south)["over_limit"].as_u64(), Some(1));
    assert_eq!(row(&north, &south)["over_limit"].as_u64(), Some(0));
    assert_eq!(row(&south, &day)["over_limit"].as_u64(), Some(1), "who said it sees that it was said");
    let board = day.must(&["board", "--month", MONTH]).stdout;
    assert!(board.contains("限度超過 1名"), "{board}");
    // A plain reader has a message without files.
    let message = &day.list("inbox")[0];
    assert_eq!((message["files"].as_u64(), message["partner"].as_str()), (Some(0), Some(SOUTH.number)));
}
