//! What may befall a hub's database: full, read-only, replaced by its standby, changed by a newer version, of another clock
//! than the hub's machine. Whoever sends hears one sentence, nothing that was accepted is lost, and nobody restarts anything.
//! Skipped where there is no PostgreSQL.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use tayori::link::{HubLink, Link as _, LinkError};

use crate::disk::SmallDisk;
use crate::world::{NORTH, Office, Run, SOUTH, Town, database, eventually, report, report_name, text};
use crate::{letter, link, noise};

/// What a clerk reads when the hub cannot keep anything.
const TROUBLED: &str = "連携基盤が混み合っているか、調子がよくありません";
/// North sends whatever waits, and nothing new.
const SEND: [&str; 3] = ["send", "--to", NORTH.number];

/// Hands north's n-th report over; its id.
fn put(hub: &HubLink, north: &Office, south: &Office, number: usize) -> Result<String, LinkError> {
    let (id, sealed) = letter(north, south, &report_name(number), &report(number));
    hub.put(id, south.number(), &sealed).map(|_| id.to_string())
}

/// North's clerk sends a report.
fn send(north: &Office, number: usize) -> Run {
    let path = north.put_out(&report_name(number), &report(number));
    north.run(&["send", text(&path)])
}

/// What waited goes, with as many tries as the office's program makes by itself: one of the hub's connections may find out only
/// when it is asked that its database was away.
fn goes(north: &Office) {
    eventually("what waited goes", || {
        north.retry_all();
        north.run(&SEND).is_fine()
    });
}

/// What was accepted is there, and all of it is as it should be.
fn is_kept(town: &Town, accepted: &[String]) {
    let kept: Vec<String> = town.kept().into_iter().map(|(id, ..)| id).collect();
    let lost: Vec<_> = accepted.iter().filter(|id| !kept.contains(id)).collect();
    assert!(lost.is_empty(), "D1: accepted, and not there: {lost:?}");
    town.operator(&["check"]);
}

#[test]
fn b2_a_database_without_room_takes_nothing_more_and_goes_on_when_there_is_room() {
    // A disk full of its log ends PostgreSQL itself; this is the one that its tables are on.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let space = folder.path().join("space");
    fs::create_dir(&space).unwrap();
    let Some(disk) = SmallDisk::on(&space, "24m") else { return };
    let Some(server) = database::own_server() else { return };
    fs::set_permissions(&space, fs::Permissions::from_mode(0o700)).unwrap();
    database::give(&space);
    let mut administrator = server.administrator();
    administrator.batch_execute(&format!("CREATE TABLESPACE small LOCATION '{}'", text(&space))).unwrap();
    administrator.batch_execute("CREATE DATABASE town TABLESPACE small").unwrap();
    drop(administrator);

    let (town, [north, south]) = Town::over(server.url("town"), [NORTH, SOUTH]);
    let hub = link(&town, &north);
    let mut accepted: Vec<String> = (0..3).map(|number| put(&hub, &north, &south, number).unwrap()).collect();
    let ballast = disk.fill();
    // Much more than what may be left in the last pages of its tables.
    let large = north.put_out("絵.pdf", &[b"%PDF-1.4".to_vec(), noise(900_000, 4)].concat());
    let small = north.put_out(&report_name(9), &report(9));
    north.run(&["send", text(&large), text(&small)]).says(TROUBLED);
    assert_eq!(town.kept().len(), 3);
    fs::remove_file(ballast).unwrap();
    goes(&north);
    assert_eq!(town.kept().len(), 4);
    accepted.push(put(&hub, &north, &south, 4).unwrap());
    is_kept(&town, &accepted);
    south.must(&["receive"]);
    assert_eq!(south.states("inbox").len(), 5);
    // The server is done with its disk before that goes.
    drop((town, server));
    drop(disk);
}

#[test]
fn b2_a_read_only_database_gives_what_it_has_and_takes_nothing() {
    let Some((town, [north, south])) = Town::over_postgres([NORTH, SOUTH]) else { return };
    let hub = link(&town, &north);
    let mut accepted = vec![put(&hub, &north, &south, 0).unwrap()];
    let name = town.database_name();
    let set = |how: &str| {
        let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        let alter = format!("ALTER DATABASE {name} SET default_transaction_read_only = {how}");
        let mut administrator = database::server().unwrap().administrator();
        administrator.batch_execute(&alter).unwrap();
        administrator.batch_execute(&cut).unwrap();
    };
    set("on");
    for number in 1..3 {
        assert!(put(&hub, &north, &south, number).is_err(), "accepted by nobody");
    }
    send(&north, 3).says(TROUBLED);
    let inbox = || link(&town, &south).inbox(0, Duration::ZERO);
    eventually("what is there is given", || inbox().is_ok_and(|page| page.parcels.len() == 1));
    set("off");
    eventually("the hub goes on by itself", || put(&hub, &north, &south, 4).map(|id| accepted.push(id)).is_ok());
    goes(&north);
    is_kept(&town, &accepted);
    assert_eq!(inbox().unwrap().parcels.len(), 3);
}

#[test]
fn d1_a_standby_that_takes_the_databases_place_has_everything_that_was_accepted() {
    let Some(first) = database::own_server() else { return };
    let second = first.standby();
    first.administrator().batch_execute("CREATE DATABASE town").unwrap();
    let (town, [north, south]) = Town::over(first.url_of_both(&second, "town"), [NORTH, SOUTH]);
    let hub = link(&town, &north);
    let mut accepted: Vec<String> = (0..5).map(|number| put(&hub, &north, &south, number).unwrap()).collect();
    drop(first);
    eventually("the database is gone", || match put(&hub, &north, &south, 5) {
        // It was not dead yet.
        Ok(id) => {
            accepted.push(id);
            false
        }
        Err(_) => true,
    });
    send(&north, 6).says(TROUBLED);
    second.administrator().batch_execute("SELECT pg_promote()").unwrap();
    eventually("the hub finds the other by itself", || {
        put(&hub, &north, &south, 7).map(|id| accepted.push(id)).is_ok()
    });
    goes(&north);
    is_kept(&town, &accepted);
}

#[test]
fn a_node_whose_clock_is_wrong_takes_nothing_and_the_others_go_on() {
    let Some((town, [north, south])) = Town::over_postgres([NORTH, SOUTH]) else { return };
    // Nobody may set this machine's clock: what one node alone hears of the database's is wrong instead.
    let name = town.database_name();
    let role = format!("late_{name}");
    town.rows(&format!(
        "CREATE ROLE {role} SUPERUSER LOGIN; CREATE SCHEMA wrong;
         CREATE FUNCTION wrong.clock_timestamp() RETURNS timestamptz LANGUAGE sql
             AS $$ SELECT pg_catalog.clock_timestamp() + interval '2 minutes' $$"
    ));
    let store = town.store().replace("hub@", &format!("{role}@"));
    let other = town.another_node_over(&store);
    let (here, there) = (link(&town, &north), north.link_over(&other.url()));
    let mut accepted = vec![put(&there, &north, &south, 0).unwrap()];
    let set = |how: &str| {
        town.rows(&format!("ALTER ROLE {role} IN DATABASE {name} {how}"));
        town.rows(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'"));
    };
    set("SET search_path = wrong, public, pg_catalog");
    let mut number = 20;
    // Once it looks with a new connection, within a second or two.
    eventually("the node notices", || {
        number += 1;
        let put = put(&there, &north, &south, number).map(|id| accepted.push(id));
        matches!(put, Err(LinkError::Problem(problem)) if problem.title.contains("this node takes nothing"))
    });
    for number in 2..5 {
        assert!(put(&there, &north, &south, number).is_err(), "it takes nothing until its clock is right");
        accepted.push(put(&here, &north, &south, 10 + number).expect("the other goes on"));
    }
    north.call_instead(&other.url());
    send(&north, 5).says(TROUBLED);
    north.call_instead(&town.url());
    let refused = town.try_operator_over(&store, &["serve", "--listen", "127.0.0.1:0"]);
    refused.says("NTP（timedatectl）で合わせてから");
    set("RESET search_path");
    eventually("it goes on by itself", || put(&there, &north, &south, 6).map(|id| accepted.push(id)).is_ok());
    is_kept(&town, &accepted);
}

#[test]
fn b4_nodes_of_two_versions_go_on_together_until_the_newer_one_says_otherwise() {
    let Some((mut town, [north, south])) = Town::over_postgres([NORTH, SOUTH]) else { return };
    let other = town.another_node();
    let (here, there) = (link(&town, &north), north.link_over(&other.url()));
    // There is no newer program yet: this is what one would do to the database.
    town.rows("ALTER TABLE mark ADD COLUMN later BIGINT; UPDATE tayori_schema SET version = version + 1");
    let mut accepted = vec![put(&here, &north, &south, 0).unwrap(), put(&there, &north, &south, 1).unwrap()];
    town.kill_hub();
    town.start_hub();
    accepted.push(put(&link(&town, &north), &north, &south, 2).unwrap());
    is_kept(&town, &accepted);
    town.rows("UPDATE tayori_schema SET oldest = version");
    let mut number = 10;
    for hub in [link(&town, &north), there] {
        eventually("the older one stops", || {
            number += 1;
            put(&hub, &north, &south, number).map(|id| accepted.push(id)).is_err()
        });
    }
    send(&north, 5).says(TROUBLED);
    town.kill_hub();
    town.try_operator(&["serve", "--listen", "127.0.0.1:0"]).says("新しい版に入れかえるか");
    let kept: Vec<String> = town.kept().into_iter().map(|(id, ..)| id).collect();
    assert!(accepted.iter().all(|id| kept.contains(id)));
}

#[test]
fn a_hub_over_postgresql_makes_no_backup_and_says_how_one_is_made() {
    let Some((town, [])) = Town::over_postgres([]) else { return };
    let file = town.dir().join("hub.backup");
    town.try_operator(&["backup", text(&file)]).says("pg_dump");
    assert!(!file.exists());
    town.operator(&["check"]);
}
