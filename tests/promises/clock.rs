//! B5: a clock that is wrong by a day stops nothing, and is said.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use tayori::engine::exchange::Round;
use tayori::engine::model::{Failure, State};
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
    let crl = CertificateRevocationListDer::from(link(&town, &north).crl().unwrap());
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
