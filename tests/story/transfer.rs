//! Large parcels over lines that break.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tayori::engine::exchange::Round;
use tayori::link::{Link as _, LinkError};
use tayori::parcel::{Content, ParcelId, seal, sha256_hex};
use tayori::wire::PART_BYTES;

use crate::answers::link;
use crate::crooked::listen;
use crate::world::{Chance, NORTH, Office, SOUTH, Town, files_in};

/// Each way; together they are the hundred of the promise.
const CUTS: u64 = 50;
/// What a request or an answer has beside its body, with TLS around it, and what lies in buffers.
const BESIDE: u64 = 96 * 1024;

/// A line on which each call breaks after so many bytes one way; it counts what came through.
struct Cut {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    left: Arc<Mutex<u64>>,
    carried: Arc<AtomicU64>,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Up,
    Down,
}

impl Cut {
    fn of(hub: SocketAddr, way: Way) -> Cut {
        let (stop, left, carried) = (Arc::default(), Arc::new(Mutex::new(0)), Arc::new(AtomicU64::new(0)));
        let (least, count) = (Arc::clone(&left), Arc::clone(&carried));
        let address = listen(Arc::clone(&stop), move |tcp| {
            let Ok(there) = TcpStream::connect(hub) else { return };
            let (back, there_back) = (tcp.try_clone().unwrap(), there.try_clone().unwrap());
            let (up, down) = match way {
                Way::Up => (Some((Arc::clone(&least), Arc::clone(&count))), None),
                Way::Down => (None, Some((Arc::clone(&least), Arc::clone(&count)))),
            };
            let answers = std::thread::spawn(move || carry(there_back, back, down));
            carry(tcp, there, up);
            answers.join().unwrap();
        });
        Cut { address, stop, left, carried }
    }

    /// The next calls together carry so much before the line breaks.
    fn after(&self, bytes: u64) {
        *self.left.lock().unwrap() = bytes;
    }

    fn is_cut(&self) -> bool {
        *self.left.lock().unwrap() == 0
    }

    fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }

    fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, counted: Option<(Arc<Mutex<u64>>, Arc<AtomicU64>)>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read) = from.read(&mut bytes) {
        let mut goes = read;
        if let Some((left, carried)) = &counted {
            let mut left = left.lock().unwrap();
            goes = usize::try_from((*left).min(read as u64)).unwrap();
            *left -= goes as u64;
            carried.fetch_add(goes as u64, Ordering::Relaxed);
        }
        let gone = to.write_all(&bytes[..goes]);
        if goes < read {
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
        if read == 0 || gone.is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Bytes that no compression makes less.
fn noise(chance: &mut Chance, bytes: u64) -> Vec<u8> {
    (0..bytes.div_ceil(8)).flat_map(|_| chance.next().to_le_bytes()).take(usize::try_from(bytes).unwrap()).collect()
}

/// A parcel with one attachment, sealed as its sender would.
fn sealed(from: &Office, to: &Office, attachment: Vec<u8>) -> (ParcelId, Vec<u8>) {
    let (id, now) = (ParcelId::new(), Timestamp::now());
    let files = vec![(format!("図面{id}.csv"), attachment)];
    let content = Content::new(id, from.number(), to.number(), now, String::new(), files);
    let certificate = to.identity().key.certificate().to_vec().into();
    (id, seal(&content.pack().unwrap(), &from.identity().key, &[certificate], now).unwrap())
}

/// Where a line breaks: anywhere in the first two parts, so that some cuts cost a part and some none.
fn somewhere(chance: &mut Chance) -> u64 {
    chance.between(1, 2 * PART_BYTES)
}

#[test]
fn d13_a_cut_upload_goes_on_where_it_stopped() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let line = Cut::of(town.address(), Way::Up);
    let mut chance = Chance::of(13);
    let (mut cuts, mut whole, mut sent) = (0, 0, Vec::new());
    while cuts < CUTS {
        let size = chance.between(4 * PART_BYTES, 8 * PART_BYTES);
        let (id, bytes) = (ParcelId::new(), noise(&mut chance, size));
        whole += bytes.len() as u64;
        // Each try is a program of its own: nothing is remembered here.
        let accepted = loop {
            line.after(if cuts < CUTS { somewhere(&mut chance) } else { u64::MAX });
            let tried = north.link_over(&line.url());
            match tried.put(id, south.number(), &bytes) {
                Ok(accepted) => break accepted,
                Err(LinkError::NoAnswer(_) | LinkError::NoWay(_)) if line.is_cut() => cuts += 1,
                Err(error) => panic!("{error}"),
            }
        };
        assert_eq!(accepted.digest, sha256_hex(&bytes));
        sent.push((id, bytes));
    }
    let most = whole + cuts * (PART_BYTES + BESIDE) + sent.len() as u64 * BESIDE;
    let carried = line.carried();
    println!("{cuts} cuts, {whole} bytes in {} parcels, {carried} carried, {most} allowed", sent.len());
    assert!(carried <= most, "{carried} bytes went up, {most} may");
    // And what the hub has is what was sent, to the last bit.
    for (id, bytes) in sent {
        assert!(link(&town, &south).fetch(id, bytes.len() as u64).unwrap() == bytes, "{id}");
        let again = link(&town, &north).put(id, south.number(), &bytes).unwrap();
        assert_eq!(again.id, id, "a repeat gets the first answer");
    }
}

#[test]
fn d13_a_cut_download_goes_on_where_it_stopped() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    // The revocation list comes first: without one nothing is opened.
    south.must(&["receive"]);
    let line = Cut::of(town.address(), Way::Down);
    south.call_instead(&line.url());
    let mut chance = Chance::of(31);
    let (mut cuts, mut whole, mut parcels) = (0, 0, 0);
    while cuts < CUTS {
        let size = chance.between(4 * PART_BYTES, 8 * PART_BYTES);
        let attachment = noise(&mut chance, size);
        let (id, bytes) = sealed(&north, &south, attachment.clone());
        link(&town, &north).put(id, south.number(), &bytes).unwrap();
        whole += bytes.len() as u64;
        parcels += 1;
        loop {
            line.after(if cuts < CUTS { somewhere(&mut chance) } else { u64::MAX });
            // Each try is a program of its own: only the history remembers.
            let mut exchange = south.profile().exchange().unwrap();
            let mut round = Round::default();
            let received = exchange.receive(Timestamp::now(), &mut round);
            if exchange.terminal.history.knows(id).unwrap() {
                break;
            }
            assert!(line.is_cut(), "{received:?} {:?}", round.failures);
            cuts += 1;
        }
    }
    let most = whole + cuts * (PART_BYTES + BESIDE) + parcels * BESIDE;
    let carried = line.carried();
    println!("{cuts} cuts, {whole} bytes in {parcels} parcels, {carried} carried, {most} allowed");
    assert!(carried <= most, "{carried} bytes came down, {most} may");
    line.after(u64::MAX);
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import).len() as u64, parcels, "each is delivered once");
}
