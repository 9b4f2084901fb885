//! Several hubs over one PostgreSQL: what holds for one holds for all of them together. Skipped where there is none.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use tayori::link::Link as _;
use tayori::parcel::{ParcelId, sha256_hex};
use tayori::wire::{Accepted, DIGEST_HEADER, Heads, digest_header};

use crate::load::Line;
use crate::world::{Chance, EAST, NORTH, Office, PASSWORD, SOUTH, Town, USER, eventually, report, report_name};
use crate::{letter, link, noise, set};

/// What holds back a terminal that runs wild is no part of this.
fn without_limits(town: &mut Town) {
    set(town, |settings| {
        let limits = settings.entry("limits").or_insert_with(|| toml::Table::new().into());
        for name in ["terminal_requests_per_second", "address_requests_per_second"] {
            limits.as_table_mut().unwrap().insert(name.into(), toml::Value::Integer(0));
        }
    });
}

#[test]
fn t4_mail_sent_through_one_node_is_noticed_by_a_terminal_that_waits_at_another() {
    let Some((town, [north, south])) = Town::over_postgres([NORTH, SOUTH]) else { return };
    let other = town.another_node();
    let (sending, waiting) = (link(&town, &north), south.link_over(&other.url()));
    let mut after = 0;
    for number in 0..5 {
        let (waiting, from) = (&waiting, after);
        let (noticed, next) = std::thread::scope(|scope| {
            let noticed = scope.spawn(move || {
                let page = loop {
                    let page = waiting.inbox(from, Duration::from_secs(30)).unwrap();
                    if !page.parcels.is_empty() {
                        break page;
                    }
                };
                (Instant::now(), page)
            });
            // By now it most likely waits; if not, it finds the mail at once, which is as good.
            std::thread::sleep(Duration::from_millis(200));
            let (id, sealed) = letter(&north, &south, &report_name(number), &report(number));
            sending.put(id, south.number(), &sealed).unwrap();
            let accepted = Instant::now();
            let (at, page) = noticed.join().unwrap();
            assert_eq!(page.parcels.iter().map(|entry| entry.id).collect::<Vec<_>>(), [id]);
            (at.saturating_duration_since(accepted), page.next)
        });
        after = next;
        eprintln!("t4: noticed at the other node after {noticed:?}");
        assert!(noticed < Duration::from_secs(15), "{noticed:?}: nobody rang");
    }
}

#[test]
fn t4_a_node_that_answers_from_memory_overlooks_nothing() {
    let Some((town, [north, south])) = Town::over_postgres([NORTH, SOUTH]) else { return };
    let other = town.another_node();
    let (sending, waiting) = (link(&town, &north), south.link_over(&other.url()));
    let mut chance = Chance::of(41);
    let mut read = Heads::default();
    for number in 0..15 {
        // Read to the end, so that the node knows by heart how far the lists go.
        read = waiting.news(read, Duration::ZERO).unwrap();
        let heads = std::thread::scope(|scope| {
            let asked = scope.spawn(|| {
                loop {
                    let began = Instant::now();
                    let heads = waiting.news(read, Duration::from_secs(30)).unwrap();
                    // A bell that rings once more for what was read already ends a question, too.
                    if heads.inbox > read.inbox || began.elapsed() > Duration::from_secs(29) {
                        return heads;
                    }
                }
            });
            // Before the question is there, while it is answered, or while it waits.
            std::thread::sleep(chance.millis(0, 60));
            let (id, sealed) = letter(&north, &south, &report_name(number), &report(number));
            sending.put(id, south.number(), &sealed).unwrap();
            asked.join().unwrap()
        });
        assert!(heads.inbox > read.inbox, "parcel {number} was overlooked: {heads:?} after {read:?}");
    }
}

/// What callers were told: the first answer for each id, and the digest of its bytes.
type Told = Mutex<BTreeMap<String, (Accepted, String)>>;

/// Hands parcels over until the hubs say that they have them: whichever of them is there, and again where an answer is lost.
fn hand_over(from: &Office, to: &str, nodes: &RwLock<[SocketAddr; 2]>, seed: u64, count: usize, told: &Told) {
    let (tls, token) = (Arc::new(from.identity().client_config().unwrap()), from.token());
    let mut chance = Chance::of(seed);
    let mut line: Option<Line> = None;
    for _ in 0..count {
        let id = ParcelId::new().to_string();
        let sealed = noise(usize::try_from(chance.between(1, 3_000)).unwrap(), chance.next());
        let digest = sha256_hex(&sealed);
        let head = format!(
            "PUT /v1/parcels/{id}?to={to} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {token}\r\n{DIGEST_HEADER}: {}\r\ncontent-length: {}\r\n\r\n",
            digest_header(&digest),
            sealed.len()
        );
        let mut first: Option<Accepted> = None;
        loop {
            let node = nodes.read().unwrap()[usize::try_from(chance.between(0, 1)).unwrap()];
            let tried = try_once(&mut line, node, &tls, &head, &sealed);
            let loses = chance.between(0, 4) == 0;
            match tried {
                Ok(accepted) => {
                    let first = first.get_or_insert(accepted.clone());
                    assert_eq!(*first, accepted, "D6: a repeat gets the first answer, whichever node it comes to");
                    if !loses {
                        told.lock().unwrap().insert(id, (accepted, digest));
                        break;
                    }
                    line = None;
                }
                Err(_) => {
                    line = None;
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }
}

fn try_once(
    line: &mut Option<Line>,
    node: SocketAddr,
    tls: &Arc<rustls::ClientConfig>,
    head: &str,
    sealed: &[u8],
) -> io::Result<Accepted> {
    if line.is_none() {
        *line = Some(Line::to(node, tls)?);
    }
    let (status, body) = line.as_mut().unwrap().ask(head, sealed)?;
    if status != 200 && status != 201 {
        return Err(io::Error::other(format!("{status}")));
    }
    serde_json::from_slice(body).map_err(io::Error::other)
}

/// What lies in the database: the digest of each parcel's bytes, as they are.
fn in_the_database(town: &Town) -> Vec<(String, String)> {
    let kept = "SELECT id, encode(sha256(sealed), 'hex') FROM parcel JOIN body ON body.seq = parcel.seq ORDER BY id";
    town.rows(kept).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
}

#[test]
fn d1_d2_d4_d6_two_nodes_that_are_killed_again_and_again_lose_nothing_and_double_nothing() {
    const EACH: usize = 120;
    const CALLERS: usize = 4;
    let Some((mut town, offices)) = Town::over_postgres([NORTH, SOUTH, EAST]) else { return };
    without_limits(&mut town);
    let mut other = town.another_node();
    let nodes = RwLock::new([town.address(), other.address]);
    let told = Told::default();
    let kills = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|n| {
                let (from, to) = (&offices[n % 3], offices[(n + 1) % 3].person.number);
                let (nodes, told) = (&nodes, &told);
                scope.spawn(move || hand_over(from, to, nodes, 700 + n as u64, EACH, told))
            })
            .collect();
        let (mut kills, mut chance) = (0_usize, Chance::of(98));
        while callers.iter().any(|caller| !caller.is_finished()) {
            if told.lock().unwrap().len() < 60 * (kills + 1) {
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
            std::thread::sleep(chance.millis(0, 20));
            if kills % 2 == 0 {
                town.kill_hub();
            } else {
                other.kill();
            }
            kills += 1;
            let said: Vec<String> = told.lock().unwrap().keys().cloned().collect();
            let kept: std::collections::BTreeSet<String> =
                in_the_database(&town).into_iter().map(|(id, _)| id).collect();
            assert!(said.iter().all(|id| kept.contains(id)), "D4: accepted, and not in the database");
            if kills % 2 == 1 {
                town.start_hub();
            } else {
                other = town.another_node();
            }
            *nodes.write().unwrap() = [town.address(), other.address];
        }
        kills
    });
    assert!(kills >= 4, "{kills} kills");
    let expected: Vec<_> = told.into_inner().unwrap().into_iter().map(|(id, (_, digest))| (id, digest)).collect();
    assert_eq!(expected.len(), CALLERS * EACH);
    assert!(in_the_database(&town) == expected, "D1, D2: each is there once, and as it was handed over");
    town.operator(&["check"]);
    assert!(town.operator(&["audit", "verify"]).stdout.contains("書いたときのままです"));
}

#[test]
fn s7_guessing_at_two_nodes_locks_an_account_at_both() {
    let Some((town, [north])) = Town::over_postgres([NORTH]) else { return };
    let other = town.another_node();
    let nodes = [town.url(), other.url()];
    let at = |node: &str, password: &str| {
        north.call_instead(node);
        north.log_in(USER, password)
    };
    for number in 0..10 {
        assert!(!at(&nodes[number % 2], "chigau-monda 1").is_fine(), "try {number}");
    }
    for node in &nodes {
        assert!(!at(node, PASSWORD).is_fine(), "the account is locked at every node");
    }
}

#[test]
fn a_database_that_is_gone_for_a_while_costs_nothing_that_was_accepted_and_nobody_restarts_anything() {
    let Some((town, [north, south])) = Town::over_postgres([NORTH, SOUTH]) else { return };
    let hub = link(&town, &north);
    let put = |number: usize| {
        let (id, sealed) = letter(&north, &south, &report_name(number), &report(number));
        hub.put(id, south.number(), &sealed).map(|_| id.to_string())
    };
    let mut accepted = vec![put(0).unwrap()];
    town.close_database();
    assert!(put(1).is_err(), "accepted by nobody");
    assert!(put(2).is_err(), "accepted by nobody");
    town.open_database();
    eventually("the hub goes on by itself", || match put(3) {
        Ok(id) => {
            accepted.push(id);
            true
        }
        Err(_) => false,
    });
    let kept: Vec<String> = town.kept().into_iter().map(|(id, ..)| id).collect();
    assert!(accepted.iter().all(|id| kept.contains(id)), "accepted, and not there");
    // A reader may find out that its connection is gone only when it is asked; the next one is a new one.
    eventually("it is fetched", || south.run(&["receive"]).is_fine());
    town.operator(&["check"]);
}

#[test]
fn a_towns_hub_moves_to_postgresql_with_everything_it_has() {
    let Some(store) = crate::world::fresh_database() else { return };
    let (mut town, [north, south]) = Town::on_sqlite([NORTH, SOUTH]);
    let queued = north.queue(&north.put_out_reports(6), &south);
    north.must(&["send", "--to", NORTH.number]);
    let large = noise(3 << 20, 7);
    let id = ParcelId::new();
    link(&town, &north).put(id, south.number(), &large).unwrap();
    south.run(&["receive"]);
    let (before, was) = (town.kept(), town.address());
    let lines = |town: &Town| town.operator(&["audit", "verify"]).stdout;
    town.kill_hub();
    let line_before = lines(&town);
    let moved = town.try_operator(&["move", "--store", &store]);
    assert!(moved.is_fine(), "{moved:?}");
    town.try_operator(&["move", "--store", &store]).says("もう移し終わっています");
    town.try_operator(&["check"]).says("よそ（PostgreSQL）に移したあと");
    town.keep_in(Some(store));
    assert_eq!(lines(&town), line_before, "the record goes on where it was");
    town.operator(&["check"]);
    assert_eq!(town.kept(), before);
    town.start_hub();
    assert_eq!(town.address(), was);
    // Logins, cursors and receipts are what they were: nobody notices anything.
    north.must(&["receive"]);
    assert!(north.states("sent").iter().filter(|state| *state == "arrived").count() >= queued.len());
    assert_eq!(link(&town, &south).fetch(id, large.len() as u64).unwrap(), large);
    north.queue(&[north.put_out(&report_name(9), &report(9))], &south);
    north.must(&["send", "--to", NORTH.number]);
    south.run(&["receive"]);
    assert!(south.list("inbox").len() > queued.len());
}
