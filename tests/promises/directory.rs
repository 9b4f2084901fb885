//! The directory of a whole prefecture: fetched once, then by what changed; told anew by a hub that was restored.

use std::collections::BTreeSet;
use std::fs;

use jiff::{SignedDuration, Timestamp};
use tayori::engine::exchange::Exchange;
use tayori::hub::authority::Authority;
use tayori::link::Link as _;
use tayori::wire::DirectoryPlace;

use crate::world::{EAST, NORTH, SOUTH, Town, eventually, text};
use crate::{end_of, link};

/// More than two pages.
const MANY: usize = 1_203;

fn known(end: &Exchange) -> BTreeSet<String> {
    end.terminal.history.offices().unwrap().into_iter().map(|office| office.office.to_string()).collect()
}

/// What the terminal knows after it has asked once more.
fn asked(end: &mut Exchange) -> BTreeSet<String> {
    end.refresh_directory(Timestamp::now()).unwrap();
    known(end)
}

#[test]
fn a_large_directory_is_followed_by_what_changed_and_told_anew_by_a_restored_hub() {
    let (mut town, [north, _south]) = Town::of([NORTH, SOUTH]);
    let mut end = end_of(&north);
    let list = town.dir().join("list.csv");
    let numbers: Vec<String> = (0..MANY).map(|number| format!("32{number:08}")).collect();
    let rows: String = numbers.iter().map(|number| format!("{number},11,北の丘の{number}\r\n")).collect();
    fs::write(&list, format!("事業所番号,サービス種類,名前\r\n{rows}")).unwrap();
    town.operator(&["office", "import", text(&list)]);
    assert_eq!(asked(&mut end).len(), MANY + 2);

    let place = end.terminal.history.directory_place().unwrap();
    let page = link(&town, &north).directory(place).unwrap();
    assert!(page.offices.is_empty() && page.gone.is_empty() && !page.more, "nothing changed since");
    let first = link(&town, &north).directory(DirectoryPlace::default()).unwrap();
    assert!(first.more && first.offices.len() < MANY, "from the beginning it comes in pages");

    let backup = town.dir().join("hub.backup");
    if !crate::world::on_postgres() {
        town.operator(&["backup", text(&backup)]);
    }
    town.operator(&["office", "revoke", &numbers[7]]);
    town.operator(&["office", "add", EAST.number, "--service", EAST.service, "--name", EAST.name]);
    let page = link(&town, &north).directory(place).unwrap();
    let changed: Vec<String> = page.offices.iter().map(|entry| entry.office.to_string()).collect();
    let gone: Vec<String> = page.gone.iter().map(ToString::to_string).collect();
    assert_eq!((changed, gone), (vec![EAST.number.to_owned()], vec![numbers[7].clone()]));
    let now = asked(&mut end);
    assert!(now.contains(EAST.number) && !now.contains(&numbers[7]) && now.len() == MANY + 2);
    if crate::world::on_postgres() {
        return;
    }
    // What came after the backup is lost with the machine, and nobody is to know better.
    town.kill_hub();
    fs::rename(town.hub_dir(), town.dir().join("lost")).unwrap();
    town.operator(&["restore", text(&backup)]);
    town.start_hub();
    eventually("the hub is back", || end.refresh_directory(Timestamp::now()).is_ok());
    let now = known(&end);
    assert!(!now.contains(EAST.number) && now.contains(&numbers[7]) && now.len() == MANY + 2);
}

#[test]
fn the_revocation_list_is_fetched_again_when_it_changed_or_is_no_good_and_only_then() {
    let (town, [north, _south]) = Town::of([NORTH, SOUTH]);
    let mut end = end_of(&north);
    let asked = |end: &mut Exchange| {
        end.refresh_directory(Timestamp::now()).unwrap();
        end.terminal.history.crl().unwrap().unwrap()
    };
    let list = asked(&mut end);
    let tag = end.terminal.history.crl_tag().unwrap().unwrap();
    assert_eq!(link(&town, &north).crl_unless(&tag).unwrap(), None);

    // Another one that is as good stays, so nothing was fetched.
    let authority = Authority::open(&town.hub_dir().join("ca")).unwrap();
    let as_good = authority.crl(&[], 99, Timestamp::now()).unwrap();
    end.terminal.history.set_crl(&as_good, Some(&tag)).unwrap();
    assert_eq!(asked(&mut end), as_good);

    let long_ago = Timestamp::now() - SignedDuration::from_hours(24 * 8);
    for bad in [Vec::new(), b"none today".to_vec(), authority.crl(&[], 98, long_ago).unwrap()] {
        end.terminal.history.set_crl(&bad, Some(&tag)).unwrap();
        assert_eq!(asked(&mut end), list, "whatever the hub called it, it tells nothing of anybody");
    }
    town.operator(&["office", "revoke", SOUTH.number]);
    eventually("the withdrawal comes", || asked(&mut end) != list);
    assert_ne!(end.terminal.history.crl_tag().unwrap().unwrap(), tag);
}
