//! The promises, each under its own name and with its own number: `d2_…` is what would catch us breaking D2. The real
//! programs, real TLS, real SQLite; only the clock is handed in. `docs/promises.md` says which test stands for which.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod bytes;
mod carried;
mod checks;
mod clock;
#[allow(dead_code, reason = "the stories use all of it")]
#[path = "../story/crooked.rs"]
mod crooked;
mod directory;
#[allow(dead_code, reason = "the stories use all of it")]
#[cfg(unix)]
#[path = "../story/disk.rs"]
mod disk;
mod hostile;
#[allow(dead_code, reason = "the bench uses all of it")]
#[path = "../../benches/load/mod.rs"]
mod load;
#[cfg(unix)]
mod nodes;
mod offline;
mod order;
#[cfg(target_os = "linux")]
mod secret;
mod state;
#[cfg(unix)]
mod store_trouble;
mod table;
mod tries;
mod watched;
#[allow(dead_code, reason = "the stories use all of it")]
#[path = "../story/world.rs"]
mod world;

use jiff::Timestamp;
use tayori::engine::exchange::Exchange;
use tayori::history::NewOutgoing;
use tayori::link::HubLink;
use tayori::parcel::{Content, ParcelId, seal};
use tayori::standard::Checked;
use world::{Office, Town};

/// The hub as an office's own program would call it.
fn link(town: &Town, office: &Office) -> HubLink {
    office.link(town)
}

/// An office's end of the exchange, in this process, where the clock can be handed in.
fn end_of(office: &Office) -> Exchange {
    office.profile().exchange().unwrap()
}

/// A parcel in an office's outbox that no check has looked at.
fn queue(from: &mut Exchange, to: &Office, files: Vec<(String, Vec<u8>)>, now: Timestamp) -> ParcelId {
    let id = ParcelId::new();
    queue_as(id, from, to, files, now);
    id
}

/// The same under an id of our choice.
fn queue_as(id: ParcelId, from: &mut Exchange, to: &Office, files: Vec<(String, Vec<u8>)>, now: Timestamp) {
    let content = Content::new(id, from.terminal.office, to.number(), now, String::new(), files);
    let parcel = NewOutgoing {
        content,
        partner_name: to.person.name.to_owned(),
        subjects: Vec::new(),
        checked: Checked::default(),
    };
    from.terminal.history.queue(&[parcel], now).unwrap();
}

/// What `from` would have sealed for `to`, whatever is in it.
fn sealed(from: &Office, to: &Office, packed: &[u8]) -> Vec<u8> {
    let receiver = to.identity().key.certificate().to_vec().into();
    seal(packed, &from.identity().key, &[receiver], Timestamp::now()).unwrap()
}

/// A letter, sealed.
fn letter(from: &Office, to: &Office, name: &str, bytes: &[u8]) -> (ParcelId, Vec<u8>) {
    let id = ParcelId::new();
    let files = vec![(name.to_owned(), bytes.to_vec())];
    let content = Content::new(id, from.number(), to.number(), Timestamp::now(), String::new(), files);
    (id, sealed(from, to, &content.pack().unwrap()))
}

/// Changes the hub's settings, which takes a new start of it.
fn set(town: &mut Town, change: impl FnOnce(&mut toml::Table)) {
    let path = town.hub_dir().join("hub.toml");
    let mut settings: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut settings);
    std::fs::write(&path, toml::to_string(&settings).unwrap()).unwrap();
    town.kill_hub();
    town.start_hub();
}

/// Bytes that no packing makes fewer.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut chance = world::Chance::of(seed);
    (0..length).map(|_| chance.next() as u8).collect()
}
