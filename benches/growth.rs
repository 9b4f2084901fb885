//! What one parcel costs each store, SQLite and PostgreSQL, as its mailboxes grow from a thousand parcels to a million:
//! putting, listing, looking for news, fetching. Flat is the target.
//!
//! `cargo bench --bench growth`. Filled through the same calls as it is measured with, many at once and with small bodies;
//! measured one at a time. `TAYORI_BENCH_PARCELS` (1000000) says how far. A store's last line is the same as JSON.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may fail where it stands")]

#[path = "../tests/database/mod.rs"]
mod database;

use std::time::{Duration, Instant};

use axum::body::Bytes;
use jiff::Timestamp;
use tayori::hub::audit::Actor;
use tayori::hub::home::{Home, HubSettings, StoreChoice};
use tayori::hub::mailbox::{self, Incoming, Put};
use tayori::identity;
use tayori::parcel::{ParcelId, sha256_hex};
use tayori::standard::OfficeNumber;
use tokio::task::JoinSet;

const OFFICES: usize = 20;
const BODY: usize = 1_000;
/// How many puts wait for the writer at once while it is filled: three of its groups.
const AT_ONCE: usize = 192;
const TRIES: usize = 400;

fn main() {
    grow("SQLite", &StoreChoice::default());
    if let Some(url) = database::fresh() {
        grow("PostgreSQL", &StoreChoice { url: Some(url), password: None });
    }
}

fn grow(store: &str, choice: &StoreChoice) {
    let most: usize =
        std::env::var("TAYORI_BENCH_PARCELS").ok().and_then(|most| most.parse().ok()).unwrap_or(1_000_000);
    let dir = tempfile::tempdir().unwrap();
    let settings = HubSettings::new(vec!["localhost".into()], "127.0.0.1:0".parse().unwrap());
    let home = Home::init_with(&dir.path().join("hub"), settings, choice, Timestamp::now()).unwrap();
    let offices: Vec<OfficeNumber> = (0..OFFICES)
        .map(|place| {
            let office = format!("99B{place:07}").parse().unwrap();
            let request = identity::request(office).unwrap();
            home.add_office(office, "11".parse().unwrap(), "測定", Some(&request.csr_pem), Timestamp::now()).unwrap();
            office
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut mailboxes = Mailboxes { home, offices, last: Vec::new(), count: 0 };
    let mut rows = Vec::new();
    println!(
        "{:>10} {:>10} {:>10} {:>10} {:>10} {:>10}   µs, medians, {store}",
        "parcels", "put", "inbox", "news", "sent", "fetch"
    );
    for size in [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|size| *size <= most) {
        runtime.block_on(mailboxes.fill(size));
        let row = runtime.block_on(mailboxes.measure());
        println!("{size:>10} {:>10.0} {:>10.0} {:>10.0} {:>10.0} {:>10.0}", row[0], row[1], row[2], row[3], row[4]);
        rows.push((size, row));
    }
    let (Some((_, first)), Some((_, last))) = (rows.first(), rows.last()) else { return };
    let worst = first.iter().zip(last).map(|(first, last)| last / first).fold(0.0, f64::max);
    println!("dearest growth {worst:.2} (target ≤ 1.5) {}", if worst <= 1.5 { "reached" } else { "MISSED" });
    let rows: Vec<_> = rows
        .iter()
        .map(|(size, [put, inbox, news, sent, fetch])| {
            serde_json::json!({"parcels": size, "put_us": put, "inbox_us": inbox, "news_us": news, "sent_us": sent, "fetch_us": fetch})
        })
        .collect();
    println!("{}", serde_json::json!({"bench": "growth", "store": store, "rows": rows, "dearest_growth": worst}));
}

struct Mailboxes {
    home: Home,
    offices: Vec<OfficeNumber>,
    /// Some of the parcels that are there, spread over all of them.
    last: Vec<ParcelId>,
    count: usize,
}

impl Mailboxes {
    fn parcel(&self, number: usize) -> Incoming {
        let id = ParcelId::new();
        let mut body = vec![0x5a; BODY];
        body[..36].copy_from_slice(id.to_string().as_bytes());
        Incoming {
            id,
            sender: self.offices[number % OFFICES],
            receiver: self.offices[(number / OFFICES + number + 1) % OFFICES],
            digest: sha256_hex(&body),
            sealed: Bytes::from(body),
            by: Actor { who: self.offices[number % OFFICES].to_string(), terminal: "bench".into() },
        }
    }

    async fn fill(&mut self, size: usize) {
        let mut puts = JoinSet::new();
        for number in self.count..size {
            if puts.len() >= AT_ONCE {
                puts.join_next().await.unwrap().unwrap();
            }
            let (store, parcel) = (self.home.store.clone(), self.parcel(number));
            if number.is_multiple_of((size / 1_000).max(1)) {
                self.last.push(parcel.id);
            }
            puts.spawn(async move {
                assert!(matches!(mailbox::put(&store, parcel, Timestamp::now()).await, Ok(Put::New(_))));
            });
        }
        while let Some(put) = puts.join_next().await {
            put.unwrap();
        }
        self.count = size;
    }

    /// Put, first page of an inbox, a look for news at its end, a page of what was sent, fetch.
    async fn measure(&mut self) -> [f64; 5] {
        let store = &self.home.store;
        // As many parcels as there are: a page has as many entries at every size.
        let newest = u64::try_from(self.count).unwrap();
        let mut took: [Vec<Duration>; 5] = Default::default();
        for number in 0..TRIES {
            let parcel = self.parcel(self.count + number);
            let office = self.offices[number % OFFICES];
            let began = Instant::now();
            mailbox::put(store, parcel, Timestamp::now()).await.unwrap();
            took[0].push(began.elapsed());

            let began = Instant::now();
            let page = mailbox::inbox(store, office, newest.saturating_sub(1_000)).await.unwrap();
            took[1].push(began.elapsed());
            assert!(!page.parcels.is_empty());

            let began = Instant::now();
            mailbox::inbox(store, office, u64::MAX / 4).await.unwrap();
            took[2].push(began.elapsed());

            let began = Instant::now();
            mailbox::sent(store, office, newest.saturating_sub(1_000)).await.unwrap();
            took[3].push(began.elapsed());

            let id = self.last[(number * 7_919) % self.last.len()];
            let began = Instant::now();
            let outside = mailbox::outside(store, id).await.unwrap().unwrap();
            let body = mailbox::piece(store, outside.place(), 0, outside.size).await.unwrap().unwrap();
            took[4].push(began.elapsed());
            assert_eq!(body.len(), BODY);
        }
        self.count += TRIES;
        took.map(|mut took| {
            took.sort();
            took[took.len() / 2].as_secs_f64() * 1e6
        })
    }
}
