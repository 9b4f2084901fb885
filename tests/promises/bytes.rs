//! D14: bytes in, bytes out, through a real hub and into the folder.

use jiff::Timestamp;
use tayori::engine::exchange::Round;
use tayori::engine::model::{Failure, State};
use tayori::parcel::sha256_hex;

use crate::world::{Chance, NORTH, SOUTH, Town, files_in};
use crate::{end_of, noise, queue, set};

#[test]
fn d14_what_goes_in_comes_out_from_nothing_to_many() {
    let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
    let (mut sender, mut receiver, now) = (end_of(&north), end_of(&south), Timestamp::now());
    sender.refresh_directory(now).unwrap();
    let mut chance = Chance::of(14);
    let mut expected = Vec::new();
    for parcel in 0..24 {
        let files: Vec<_> = (0..chance.between(1, 5))
            .map(|file| {
                let length = match (parcel, file) {
                    (0, _) => 0,
                    (1, _) => 1,
                    _ => {
                        let size = chance.between(0, 18);
                        chance.between(0, 1 << size)
                    }
                };
                let mut bytes = noise(usize::try_from(length).unwrap(), chance.next());
                if chance.between(0, 2) == 0 {
                    // What packs well goes another way through the packing than what does not.
                    bytes.iter_mut().for_each(|byte| *byte = b"\r\n,\"\0\xff"[usize::from(*byte % 6)]);
                }
                (format!("添付{parcel}の{file}「髙﨑」.csv"), bytes)
            })
            .collect();
        expected.extend(files.iter().map(|(name, bytes)| (name.clone(), sha256_hex(bytes))));
        queue(&mut sender, &south, files, now);
    }
    sender.send_due(now, &mut Round::default()).unwrap();
    receiver.round(now, &mut Round::default()).unwrap();
    let mut came: Vec<_> =
        files_in(&south.import).into_iter().map(|(name, bytes)| (name, sha256_hex(&bytes))).collect();
    came.sort();
    expected.sort();
    assert_eq!(came, expected);
}

#[test]
fn d14_the_largest_parcel_goes_through_whole_and_one_over_is_refused_before_it_leaves() {
    const LIMIT: usize = 3 << 20;
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    set(&mut town, |settings| {
        settings.insert("max_parcel_bytes".into(), toml::Value::Integer(LIMIT as i64));
    });
    let (mut sender, mut receiver, now) = (end_of(&north), end_of(&south), Timestamp::now());
    sender.refresh_directory(now).unwrap();
    // How much the seal and the packing add; signatures of P-256 differ by a few bytes.
    let probe = queue(&mut sender, &south, vec![("大.csv".into(), noise(LIMIT - 20_000, 1))], now);
    sender.send_due(now, &mut Round::default()).unwrap();
    let hub = crate::link(&town, &north);
    let sealed =
        tayori::link::Link::sent(&hub, 0).unwrap().parcels.iter().find(|entry| entry.id == probe).unwrap().size;
    let added = usize::try_from(sealed).unwrap() - (LIMIT - 20_000);

    let largest = noise(LIMIT - added - 24, 2);
    let largest_id = queue(&mut sender, &south, vec![("最大.csv".into(), largest.clone())], now);
    let over = queue(&mut sender, &south, vec![("超過.csv".into(), noise(LIMIT - added + 24, 3))], now);
    sender.send_due(now, &mut Round::default()).unwrap();
    let state = |id| sender.terminal.history.parcel(id).unwrap().unwrap().line.state;
    assert_eq!(state(largest_id), State::Accepted);
    let State::Failed(Failure::TooLarge { size, limit }) = state(over) else { panic!("{:?}", state(over)) };
    assert!(limit == LIMIT as u64 && (LIMIT + 1..LIMIT + 100).contains(&usize::try_from(size).unwrap()), "{size}");
    receiver.round(now, &mut Round::default()).unwrap();
    let came = files_in(&south.import);
    let came = came.iter().find(|(name, _)| name == "最大.csv").map(|(_, bytes)| sha256_hex(bytes));
    assert_eq!(came, Some(sha256_hex(&largest)));
}
