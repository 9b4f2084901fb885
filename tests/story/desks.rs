//! 窓口: rules that are changed in a running program sort what it shows from then on, everywhere.

use std::time::Instant;

use tayori::desks::Desk;
use tayori::engine::Engine;
use tayori::engine::model::{Command, Event, Hits, Wanted};

use crate::world::{LONGEST, NORTH, SOUTH, Town, report, report_name};

/// Waits for an event of the kind that is looked for.
fn told<T>(engine: &Engine, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        match engine.poll() {
            Some(event) => {
                if let Some(found) = wanted(event) {
                    return found;
                }
            }
            None => std::thread::sleep(std::time::Duration::from_millis(10)),
        }
        assert!(begun.elapsed() < LONGEST, "the engine never told it");
    }
}

/// The desks of the one parcel that the search finds.
fn desks_found(engine: &Engine) -> Vec<String> {
    engine.send(Command::Search(Wanted { most: 50, ..Wanted::default() }));
    let hits: std::sync::Arc<Hits> = told(engine, |event| match event {
        Event::Found(hits) => Some(hits),
        _ => None,
    });
    let [line] = &hits.lines[..] else { panic!("{} parcels", hits.lines.len()) };
    line.desks.clone()
}

#[test]
fn a_changed_rule_sorts_what_is_found_at_once() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let file = north.put_out(&report_name(0), &report(0));
    north.must(&["send", crate::world::text(&file)]);
    south.must(&["receive"]);

    let engine = Engine::start(south.profile(), || {}).unwrap();
    let mut settings = told(&engine, |event| match event {
        Event::Settings(settings) => Some(settings),
        _ => None,
    });
    assert_eq!(desks_found(&engine), [""; 0]);
    for name in ["計画の係", "相談の係"] {
        settings.desks =
            vec![Desk { name: name.into(), services: vec![SOUTH.service.parse().unwrap()], ..Desk::default() }];
        engine.send(Command::Configure(Box::new(settings.clone())));
        assert_eq!(desks_found(&engine), [name]);
    }
}
