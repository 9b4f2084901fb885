//! D8: serials reach the import folder in order, per sender.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use tayori::engine::exchange::Round;
use tayori::hub::mailbox::{self, Incoming, Put};
use tayori::hub::stores::Store;
use tayori::link::Link as _;
use tayori::parcel::{ParcelId, sha256_hex};
use tayori::standard::OfficeNumber;

use crate::crooked::{Answer, Crooked, Deed, Request};
use crate::world::{Chance, NORTH, Person, SOUTH, Town, Watch, eventually, files_in, report, report_name};
use crate::{end_of, letter, link, queue, queue_as};

/// How often something came after what should have come later.
fn inversions<T: Ord>(came: &[T]) -> usize {
    came.windows(2).filter(|pair| pair[0] > pair[1]).count()
}

#[test]
fn d8_ten_thousand_parcels_of_eight_senders_keep_their_order_at_the_hub() {
    const SENDERS: usize = 8;
    const EACH: usize = 1_250;
    let people: [Person; SENDERS] = std::array::from_fn(|n| Person { number: number(n), ..NORTH });
    let (mut town, [south]) = Town::of([SOUTH]);
    for person in people {
        // Its certificate is of no matter here; its name in the directory is.
        town.operator(&["office", "add", person.number, "--service", person.service, "--name", person.name]);
    }
    let receiver = south.number();
    town.kill_hub();
    let store = Store::open(&town.hub_dir().join("hub.db")).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(async {
        let senders: Vec<_> = (0..SENDERS)
            .map(|n| {
                let (store, sender) = (store.clone(), number(n).parse::<OfficeNumber>().unwrap());
                tokio::spawn(async move {
                    let mut chance = Chance::of(80 + n as u64);
                    for serial in 0..EACH {
                        if chance.between(0, 9) == 0 {
                            tokio::time::sleep(chance.millis(0, 4)).await;
                        }
                        let sealed = format!("{serial:05}").into_bytes();
                        let digest = sha256_hex(&sealed);
                        let parcel = Incoming {
                            id: ParcelId::new(),
                            sender,
                            receiver,
                            digest,
                            sealed: sealed.into(),
                            by: tayori::hub::audit::Actor::hub(),
                        };
                        let put = mailbox::put(&store, parcel, Timestamp::now()).await.unwrap();
                        assert!(matches!(put, Put::New(_)), "{put:?}");
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        // The list tells digests; which serial each stands for is known here.
        let bodies: BTreeMap<String, usize> =
            (0..EACH).map(|serial| (sha256_hex(format!("{serial:05}").as_bytes()), serial)).collect();
        let (mut after, mut came) = (0, BTreeMap::<OfficeNumber, Vec<usize>>::new());
        loop {
            let page = mailbox::inbox(&store, receiver, after).await.unwrap();
            if page.parcels.is_empty() {
                break;
            }
            for entry in &page.parcels {
                came.entry(entry.from).or_default().push(bodies[&entry.digest]);
            }
            after = page.next;
        }
        assert_eq!(came.values().map(Vec::len).collect::<Vec<_>>(), [EACH; SENDERS]);
        assert_eq!(came.values().map(|serials| inversions(serials)).sum::<usize>(), 0);
    });
}

fn number(n: usize) -> &'static str {
    const NUMBERS: [&str; 8] = [
        "3171000048",
        "3171000086",
        "3171000100",
        "3171000124",
        "3171000148",
        "3171000162",
        "3171000186",
        "3171000200",
    ];
    NUMBERS[n]
}

#[test]
fn d8_serials_of_eight_senders_reach_the_import_folder_in_order() {
    const EACH: usize = 15;
    let (town, [south]) = Town::of([SOUTH]);
    let senders: Vec<_> = (0..8).map(|n| town.join(Person { number: number(n), ..NORTH })).collect();
    for sender in &senders {
        eventually("the hub knows the office", || sender.log_in_first().is_fine());
    }
    let _watch = Watch::of(&south);
    std::thread::scope(|scope| {
        for (n, sender) in senders.iter().enumerate() {
            let (town, south) = (&town, &south);
            scope.spawn(move || {
                let (hub, mut chance) = (link(town, sender), Chance::of(800 + n as u64));
                for serial in 0..EACH {
                    let name = format!("UPJSK_202605_{}_11_{}_43_202604251734{serial:02}.CSV", number(n), SOUTH.number);
                    let (id, sealed) = letter(sender, south, &name, &report(serial));
                    std::thread::sleep(chance.millis(0, 300));
                    hub.put(id, south.number(), &sealed).unwrap();
                }
            });
        }
    });
    eventually("all of it is in the folder", || files_in(&south.import).len() == 8 * EACH);
    let mut files: Vec<_> = fs::read_dir(&south.import)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.metadata().unwrap().modified().unwrap(), entry.file_name().into_string().unwrap()))
        .collect();
    files.sort();
    for n in 0..8 {
        let of_one: Vec<&String> = files.iter().map(|(_, name)| name).filter(|name| name.contains(number(n))).collect();
        assert_eq!((of_one.len(), inversions(&of_one)), (EACH, 0), "{of_one:?}");
    }
}

#[test]
fn d8_a_clock_that_is_set_back_turns_no_order_around() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let (mut sender, mut receiver) = (end_of(&north), end_of(&south));
    let now = Timestamp::now();
    sender.refresh_directory(now).unwrap();
    // By this PC's clock each was written an hour before the one that went before it, and ids hold that time, too.
    let ids: Vec<ParcelId> = (0..6)
        .map(|n| {
            let then = now.checked_sub(SignedDuration::from_hours(n)).unwrap();
            let id = format!("{:012x}70008000000000000000", then.as_millisecond());
            let id = uuid::Uuid::parse_str(&id).unwrap().to_string().parse().unwrap();
            queue_as(id, &mut sender, &south, vec![(format!("手紙{n}.pdf"), b"%PDF-1.4".to_vec())], then);
            id
        })
        .collect();
    let due: Vec<_> = sender.terminal.history.due(now).unwrap().into_iter().map(|due| due.id).collect();
    assert_eq!(due, ids);
    sender.send_due(now, &mut Round::default()).unwrap();
    // The receiver's folder is away while they come.
    let aside = south.import.with_file_name("aside");
    fs::rename(&south.import, &aside).unwrap();
    receiver.round(now, &mut Round::default()).unwrap();
    assert_eq!(south.list("inbox").len(), 6, "they came");
    fs::rename(&aside, &south.import).unwrap();
    receiver.round(now, &mut Round::default()).unwrap();
    let mut files: Vec<_> = fs::read_dir(&south.import)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.metadata().unwrap().modified().unwrap(), entry.file_name().into_string().unwrap()))
        .collect();
    files.sort();
    let names: Vec<String> = files.into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, (0..6).map(|n| format!("手紙{n}.pdf")).collect::<Vec<_>>());
}

/// Every third parcel stumbles at its first try, in one of the ways that pass by themselves.
fn stumbling(method: &'static str, seed: u64) -> impl Fn(&Request) -> Deed + Send + Sync {
    let seen = Mutex::new((Chance::of(seed), BTreeMap::<String, u32>::new()));
    move |request| {
        if !request.is(method, "/v1/parcels/") {
            return Deed::Pass;
        }
        let (chance, tries) = &mut *seen.lock().unwrap();
        let tried = tries.entry(request.path.clone()).or_default();
        *tried += 1;
        match (*tried, chance.between(0, 11)) {
            (1, 0) => Deed::Break,
            (1, 1) => Deed::Lose,
            (1, 2) => Deed::Tear,
            (1, 3) => Deed::Say(Answer::problem(500, "hub-troubled")),
            _ => Deed::Pass,
        }
    }
}

#[test]
fn d8_parcels_that_stumble_on_the_way_keep_their_order() {
    const PARCELS: usize = 60;
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let before_north = Crooked::before(&town, &north, stumbling("PUT", 81));
    let before_south = Crooked::before(&town, &south, stumbling("GET", 82));
    let (mut sender, mut receiver, now) = (end_of(&north), end_of(&south), Timestamp::now());
    sender.refresh_directory(now).unwrap();
    let queued: Vec<String> =
        (0..PARCELS).map(|n| queue(&mut sender, &south, vec![(report_name(n), report(n))], now).to_string()).collect();
    let mut round = Round::default();
    sender.send_due(now, &mut round).unwrap();
    assert_eq!((round.sent, &round.failures[..]), (PARCELS, &[][..]), "one round is enough");
    assert_eq!(town.kept().into_iter().map(|(id, ..)| id).collect::<Vec<_>>(), queued, "in order at the hub");
    let mut round = Round::default();
    receiver.round(now, &mut round).unwrap();
    assert_eq!((round.received, &round.failures[..]), (PARCELS, &[][..]));
    let mut files: Vec<_> = fs::read_dir(&south.import)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.metadata().unwrap().modified().unwrap(), entry.file_name().into_string().unwrap()))
        .collect();
    files.sort();
    let names: Vec<String> = files.into_iter().map(|(_, name)| name).collect();
    assert_eq!((names.len(), inversions(&names)), (PARCELS, 0), "{names:?}");
    for (before, method) in [(before_north, "PUT"), (before_south, "GET")] {
        let tries = before.seen().iter().filter(|request| request.is(method, "/v1/parcels/")).count();
        assert!(tries > PARCELS + 10, "{method}: {tries} tries: nothing stumbled");
    }
}
