//! D1 to D6: ten thousand parcels through a hub that is killed under a line that loses answers, and what a killed
//! receiver has said.

use std::collections::BTreeMap;
use std::io;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tayori::hub::mailbox::{self, Incoming, Put};
use tayori::hub::stores::Store;
use tayori::link::Link as _;
use tayori::parcel::{ParcelId, sha256_hex};
use tayori::wire::{Accepted, DIGEST_HEADER, digest_header};

use crate::crooked::{Answer, Crooked, Deed};
use crate::load::Line;
use crate::world::{Chance, EAST, LONGEST, NORTH, Office, SOUTH, Town, ended, files_in, report, report_name};
use crate::{letter, link, noise, set};

const PARCELS: usize = 10_000;
const CALLERS: usize = 8;
/// The hub is killed each time so many more were accepted.
const KILL_EVERY: usize = 500;

/// What callers were told: the first answer for each id, and the bytes it was for.
type Told = Mutex<BTreeMap<String, (Accepted, String)>>;

/// An office that speaks to the hub by hand.
struct Caller {
    hub: std::net::SocketAddr,
    tls: Arc<rustls::ClientConfig>,
    token: String,
}

/// Hands one parcel over until the hub says that it has it. Of every five answers one is lost: half of them after they
/// were read (so the hub had committed), half of them by a line that breaks as soon as the request is out.
fn hand_over(from: &Caller, to: &str, chance: &mut Chance, told: &Told) {
    let id = ParcelId::new().to_string();
    let sealed = noise(usize::try_from(chance.between(1, 1_500)).unwrap(), chance.next());
    let digest = sha256_hex(&sealed);
    let head = format!(
        "PUT /v1/parcels/{id}?to={to} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {}\r\n{DIGEST_HEADER}: {}\r\ncontent-length: {}\r\n\r\n",
        from.token,
        digest_header(&digest),
        sealed.len()
    );
    let mut first: Option<Accepted> = None;
    LINES.with_borrow_mut(|line| {
        loop {
            match try_once(line, from, &head, &sealed, chance) {
                Ok((accepted, heard)) => {
                    assert_eq!((accepted.id.to_string(), &accepted.digest), (id.clone(), &digest));
                    let first = first.get_or_insert(accepted.clone());
                    assert_eq!(*first, accepted, "D6: a repeat gets the first answer");
                    if heard {
                        told.lock().unwrap().insert(id, (accepted, digest));
                        return;
                    }
                }
                // The hub is down, or the line broke.
                Err(_) => {
                    *line = None;
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
    });
}

thread_local! {
    static LINES: std::cell::RefCell<Option<Line>> = const { std::cell::RefCell::new(None) };
}

/// One try; whether its answer got through.
fn try_once(
    line: &mut Option<Line>,
    from: &Caller,
    head: &str,
    sealed: &[u8],
    chance: &mut Chance,
) -> io::Result<(Accepted, bool)> {
    if line.is_none() {
        *line = Some(Line::to(from.hub, &from.tls)?);
    }
    let open = line.as_mut().unwrap();
    let loses = chance.between(0, 9);
    if loses == 0 {
        open.say(head, sealed)?;
        *line = None;
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let (status, body) = open.ask(head, sealed)?;
    if status != 200 && status != 201 {
        return Err(io::Error::other(format!("{status}")));
    }
    let accepted = serde_json::from_slice(body).map_err(io::Error::other)?;
    if loses == 1 {
        *line = None;
    }
    Ok((accepted, loses != 1))
}

/// What the hub has on its disk: the digest of each parcel's bytes, as they are.
fn on_disk(town: &Town) -> Vec<(String, String)> {
    let store = rusqlite::Connection::open(town.hub_dir().join("hub.db")).unwrap();
    let mut select = store.prepare("SELECT id, sealed FROM parcel JOIN body ON body.seq = parcel.seq").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, sha256_hex(&row.get::<_, Vec<u8>>(1)?)))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn d1_d2_d4_d6_ten_thousand_parcels_through_kills_and_lost_answers_are_there_once() {
    let (mut town, offices) = Town::of([NORTH, SOUTH, EAST]);
    // What holds back a terminal that runs wild is no part of this.
    set(&mut town, |settings| {
        let limits = settings.entry("limits").or_insert_with(|| toml::Table::new().into());
        for name in ["terminal_requests_per_second", "address_requests_per_second"] {
            limits.as_table_mut().unwrap().insert(name.into(), toml::Value::Integer(0));
        }
    });
    let told = Told::default();
    let kills = std::thread::scope(|scope| {
        let hub = town.address();
        let callers: Vec<_> = (0..CALLERS)
            .map(|n| {
                let tls = Arc::new(offices[n % 3].identity().client_config().unwrap());
                let from = Caller { hub, tls, token: offices[n % 3].token() };
                let (to, told) = (offices[(n + 1) % 3].person.number, &told);
                scope.spawn(move || {
                    let mut chance = Chance::of(100 + n as u64);
                    for _ in 0..PARCELS / CALLERS {
                        hand_over(&from, to, &mut chance, told);
                    }
                })
            })
            .collect();
        let (mut kills, mut chance) = (0, Chance::of(99));
        while callers.iter().any(|caller| !caller.is_finished()) {
            if told.lock().unwrap().len() < KILL_EVERY * (kills + 1) {
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
            std::thread::sleep(chance.millis(0, 20));
            town.kill_hub();
            kills += 1;
            // What was said before the hub came back must be on its disk now.
            let said: Vec<String> = told.lock().unwrap().keys().cloned().collect();
            let kept: std::collections::BTreeSet<String> = on_disk(&town).into_iter().map(|(id, _)| id).collect();
            assert!(said.iter().all(|id| kept.contains(id)), "D4: accepted, and not on the disk");
            town.start_hub();
        }
        kills
    });
    assert!(kills >= 10, "{kills} kills");
    let told = told.into_inner().unwrap();
    let mut expected: Vec<_> = told.into_iter().map(|(id, (_, digest))| (id, digest)).collect();
    let mut kept = on_disk(&town);
    expected.sort();
    kept.sort();
    assert_eq!(expected.len(), PARCELS);
    assert!(kept == expected, "D1, D2: each is there once, and as it was handed over ({} kept)", kept.len());
}

#[test]
fn d5_a_receiver_killed_as_it_acknowledges_has_what_it_acknowledged() {
    const COUNT: usize = 16;
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let hub = link(&town, &north);
    for n in 0..COUNT {
        let (id, sealed) = letter(&north, &south, &report_name(n), &report(n));
        hub.put(id, south.number(), &sealed).unwrap();
    }
    let (running, kills, gaps) =
        (Arc::new(AtomicU32::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let before = Crooked::before(&town, &south, {
        let (running, kills, gaps) = (Arc::clone(&running), Arc::clone(&kills), Arc::clone(&gaps));
        let (profile, chance) = (south.profile(), Mutex::new(Chance::of(5)));
        move |request| {
            if !request.is("POST", "/v1/parcels/") {
                return Deed::Pass;
            }
            // The very moment in which the receiver says "I have it".
            let id: ParcelId = request.path.split('/').nth(3).unwrap().parse().unwrap();
            let kept = profile.terminal().unwrap().history.contents(id).unwrap();
            if kept.is_empty() {
                gaps.lock().unwrap().push(id);
            }
            let number = kills.fetch_add(1, Ordering::Relaxed);
            if number < COUNT {
                let killed = Command::new("kill").args(["-9", &running.load(Ordering::Relaxed).to_string()]).status();
                assert!(killed.unwrap().success());
            }
            match chance.lock().unwrap().between(0, 2) {
                0 => Deed::Break,
                1 => Deed::Lose,
                _ => Deed::Pass,
            }
        }
    });
    let mut tries = 0;
    while kills.load(Ordering::Relaxed) < COUNT {
        let receiving = south.command(&["receive"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        running.store(receiving.id(), Ordering::Relaxed);
        ended(receiving, LONGEST);
        tries += 1;
        assert!(tries < 3 * COUNT, "it comes to no receipt: {:?}", before.seen().len());
    }
    drop(before);
    south.call_instead(&town.url());
    south.must(&["receive"]);
    assert_eq!(*gaps.lock().unwrap(), [], "acknowledged, and not kept");
    let expected: Vec<_> = (0..COUNT).map(|n| (report_name(n), report(n))).collect();
    assert!(south.came() == expected);
    let receipts: usize = hub.sent(0).unwrap().parcels.iter().map(|entry| entry.receipts.len()).sum();
    assert_eq!(receipts, COUNT, "each was acknowledged in the end");
}

#[tokio::test]
async fn d6_a_repeat_on_day_89_gets_the_answer_of_day_0() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let store = Store::open(&town.hub_dir().join("hub.db")).unwrap();
    let day = |days: i64| Timestamp::now().checked_add(SignedDuration::from_hours(24 * days)).unwrap();
    let parcel = {
        let id = ParcelId::new();
        move |sealed: &'static [u8], to: &Office, from: &Office| {
            let (sender, receiver) = (from.number(), to.number());
            Incoming {
                id,
                sender,
                receiver,
                digest: sha256_hex(sealed),
                sealed: sealed.into(),
                by: tayori::hub::audit::Actor::hub(),
            }
        }
    };
    let Put::New(first) = mailbox::put(&store, parcel(b"sealed", &south, &north), day(0)).await.unwrap() else {
        panic!("it is new");
    };
    for days in [0, 1, 5, 30, 89] {
        let again = mailbox::put(&store, parcel(b"sealed", &south, &north), day(days)).await.unwrap();
        assert_eq!(again, Put::Repeat(first.clone()), "day {days}");
        let other = mailbox::put(&store, parcel(b"other", &south, &north), day(days)).await.unwrap();
        assert_eq!(other, Put::Taken, "day {days}");
    }
    assert_eq!(town.kept().len(), 1);
}

#[test]
fn d2_a_line_that_repeats_delays_and_truncates_makes_no_doubles() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let chance = Arc::new(Mutex::new(Chance::of(44)));
    let bad_line = move |_: &crate::crooked::Request| match chance.lock().unwrap().between(0, 7) {
        0 => Deed::Break,
        1 => Deed::Tear,
        2 | 3 => Deed::Twice,
        4 => Deed::Late(Duration::from_millis(120)),
        5 => Deed::Change(Box::new(|mut answer: Answer| {
            answer.body.truncate(answer.body.len() / 2);
            answer
        })),
        _ => Deed::Pass,
    };
    let queued = north.queue(&north.put_out_reports(20), &south);
    let before_north = Crooked::before(&town, &north, bad_line.clone());
    let _before_south = Crooked::before(&town, &south, bad_line);
    let mut tries = 0;
    while !north.list("outbox").is_empty() {
        north.retry_all();
        north.run(&["send", "--to", NORTH.number]);
        tries += 1;
        assert!(tries < 100, "it does not get less");
    }
    assert!(before_north.seen().len() > queued.len());
    while south.came().len() < queued.len() {
        south.run(&["receive"]);
        tries += 1;
        assert!(tries < 200, "it does not come");
    }
    south.call_instead(&town.url());
    north.call_instead(&town.url());
    south.must(&["receive"]);
    north.must(&["receive"]);
    let kept: Vec<String> = town.kept().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(kept.len(), queued.len());
    assert!(queued.iter().all(|id| kept.contains(id)));
    assert_eq!(files_in(&south.import).len(), queued.len());
    assert_eq!(north.states("sent"), vec!["arrived"; queued.len()]);
}

#[test]
fn a_hub_that_lies_about_its_cursors_blinds_nobody() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let hub = link(&town, &north);
    let mut sent = 0;
    let mut send = || {
        let (id, sealed) = letter(&north, &south, &report_name(sent), &report(sent));
        hub.put(id, south.number(), &sealed).unwrap();
        sent += 1;
        sent
    };
    let lies = [u64::MAX, i64::MAX as u64, i64::MAX as u64 - 1, 4_000_000_000, 0];
    for next in lies {
        let count = send();
        let lie = move |mut answer: Answer| {
            if let Ok(mut page) = serde_json::from_slice::<serde_json::Value>(&answer.body) {
                page["next"] = next.into();
                answer.body = page.to_string().into();
            }
            answer
        };
        let crooked = Crooked::before(&town, &south, move |request| {
            match request.is("GET", "/v1/inbox") || request.is("GET", "/v1/sent") {
                true => Deed::Change(Box::new(lie)),
                false => Deed::Pass,
            }
        });
        south.run(&["receive"]);
        drop(crooked);
        south.call_instead(&town.url());
        assert_eq!(files_in(&south.import).len(), count, "what it lists comes all the same ({next})");
        // The hub is sane again, and what comes now comes.
        let count = send();
        south.must(&["receive"]);
        assert_eq!(files_in(&south.import).len(), count, "after {next}");
    }
}
