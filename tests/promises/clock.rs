//! B5: a clock that is wrong by a day stops nothing, and is said. D12: nor does it make anybody late or early.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use tayori::engine::exchange::{Exchange, Round};
use tayori::engine::model::{Failure, Notice, State};
use tayori::hub::retention;
use tayori::hub::settings::Keeping;
use tayori::hub::stores::Store;
use tayori::link::Link as _;
use tayori::words::{self, Lang};

use crate::world::{NORTH, SOUTH, Town, files_in};
use crate::{end_of, link, queue};

fn off_by(hours: i64) -> Timestamp {
    // A little less than a whole day behind: the certificates of this test are seconds old, and begin a day early.
    Timestamp::now().checked_add(SignedDuration::from_hours(hours)).unwrap()
}

#[test]
fn b5_offices_whose_clocks_are_a_day_off_exchange_and_hear_of_it() {
    for (ours, theirs) in [(24, -24), (-24, 24), (24, 24), (-24, -24), (0, 24), (-24, 0)] {
        let (_town, [north, south]) = Town::of([NORTH, SOUTH]);
        let (mut sender, mut receiver) = (end_of(&north), end_of(&south));
        let mut round = Round::default();
        sender.refresh_directory(off_by(ours)).unwrap();
        queue(&mut sender, &south, vec![("手紙.pdf".into(), b"%PDF-1.4".to_vec())], off_by(ours));
        sender.round(off_by(ours), &mut round).unwrap();
        assert_eq!(round.sent, 1, "{ours} h");
        said(&round, ours);
        let mut round = Round::default();
        receiver.round(off_by(theirs), &mut round).unwrap();
        assert_eq!((round.received, files_in(&south.import).len()), (1, 1), "{theirs} h");
        said(&round, theirs);
        south.take_imports();
        receiver.round(off_by(theirs), &mut Round::default()).unwrap();
        sender.round(off_by(ours), &mut Round::default()).unwrap();
        let sent = sender.terminal.history.sent().unwrap();
        assert_eq!(sent[0].state, State::Imported, "receipts of another day count ({ours} h, {theirs} h)");
    }
}

/// A clock that is right is not spoken of.
fn said(round: &Round, hours: i64) {
    let expected: Vec<i64> = if hours == 0 { vec![] } else { vec![60 * hours] };
    let minutes: Vec<i64> = round
        .failures
        .iter()
        .map(|failure| match failure {
            Failure::ClockWrong { minutes } => *minutes,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(
        minutes.len() == expected.len() && minutes.iter().zip(&expected).all(|(said, is)| (said - is).abs() <= 2),
        "{minutes:?} is not {expected:?}"
    );
    for failure in &round.failures {
        let sentence = words::failure::failure(Lang::Ja, failure);
        let way = if hours > 0 { "進んでいます" } else { "遅れています" };
        assert!(sentence.what.contains(way), "{sentence:?}");
        assert!(sentence.todo.contains("送受信は続けています"), "{sentence:?}");
    }
}

/// What somebody at this end is told in a round at that time.
fn told(end: &mut Exchange, at: Timestamp) -> Vec<Notice> {
    let mut round = Round::default();
    end.round(at, &mut round).unwrap();
    round.notices.retain(|notice| matches!(notice, Notice::Overdue { .. }));
    round.notices
}

#[test]
fn d12_the_hub_says_when_nobody_fetches_whatever_the_senders_clock_says() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let (mut sender, now) = (end_of(&north), Timestamp::now());
    sender.refresh_directory(now).unwrap();
    let id = queue(&mut sender, &south, vec![("手紙.pdf".into(), b"%PDF-1.4".to_vec())], now);
    sender.send_due(now, &mut Round::default()).unwrap();
    // The sender's clock is a day ahead: by it, five days are over long before they are.
    let hub = Store::open(&town.hub_dir().join("hub.db")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let days_at_the_hub = |hours: i64| {
        let at = now.checked_add(SignedDuration::from_hours(hours)).unwrap();
        runtime.block_on(retention::sweep(&hub, Keeping::default(), at)).unwrap();
    };
    days_at_the_hub(4 * 24 + 1);
    assert_eq!(told(&mut sender, off_by(24)), [], "not a day early");
    let line = |end: &Exchange| end.terminal.history.sent().unwrap().remove(0);
    assert!(!line(&sender).is_overdue());
    // A day behind: the hub's five days are over, and it is said now.
    days_at_the_hub(5 * 24 + 1);
    let said = told(&mut sender, off_by(-23));
    assert!(matches!(&said[..], [Notice::Overdue { parcel, .. }] if *parcel == id), "{said:?}");
    assert!(line(&sender).is_overdue());
    assert_eq!(told(&mut sender, off_by(24)), [], "once");
    // As soon as it is fetched it is so no more.
    end_of(&south).round(now, &mut Round::default()).unwrap();
    told(&mut sender, now);
    assert_eq!((line(&sender).state, line(&sender).is_overdue()), (State::Arrived, false));
}

/// TLS looks at this machine's clock and nothing else, so the rules it follows are asked with another one.
#[test]
fn b5_tls_holds_at_both_ends_when_one_of_them_is_a_day_off() {
    let (town, [north]) = Town::of([NORTH]);
    let identity = north.identity();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    identity.roots.iter().for_each(|root| roots.add(root.clone()).unwrap());
    let roots = Arc::new(roots);
    let shown = servers_certificate(&town, identity.client_config().unwrap());
    let of_the_hub =
        rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            .build()
            .unwrap();
    let crl = CertificateRevocationListDer::from(link(&town, &north).crl().unwrap().der);
    let of_offices = rustls::server::WebPkiClientVerifier::builder_with_provider(roots, provider)
        .with_crls([crl])
        .only_check_end_entity_revocation()
        .enforce_revocation_expiration()
        .build()
        .unwrap();
    let client = CertificateDer::from(identity.terminal.certificate().to_vec());
    let day = Duration::from_secs(24 * 60 * 60);
    let now = UnixTime::now().as_secs();
    for at in [now - day.as_secs(), now, now + day.as_secs()] {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        let name = "127.0.0.1".try_into().unwrap();
        let hub =
            rustls::client::danger::ServerCertVerifier::verify_server_cert(&*of_the_hub, &shown, &[], &name, &[], at);
        assert!(hub.is_ok(), "the hub, {at:?}: {hub:?}");
        let office = of_offices.verify_client_cert(&client, &[], at);
        assert!(office.is_ok(), "an office, {at:?}: {office:?}");
    }
}

fn servers_certificate(town: &Town, config: rustls::ClientConfig) -> CertificateDer<'static> {
    let mut tcp = std::net::TcpStream::connect(town.address()).unwrap();
    let mut tls = rustls::ClientConnection::new(Arc::new(config), "127.0.0.1".try_into().unwrap()).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp).unwrap();
    }
    tls.peer_certificates().unwrap()[0].clone().into_owned()
}
