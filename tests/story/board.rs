//! The month board on both sides, from what really went and came: a care manager and two providers.

use serde_json::Value;

use crate::world::{EAST, NORTH, Office, SOUTH, Town, report, report_name, sample, sample_of_south, text};

const MONTH: &str = "2026-05";

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
