//! Who gets in, and what an office that is in can reach.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tayori::hub::authority::Authority;
use tayori::identity;
use tayori::parcel::{Content, ParcelId, Receipt, ReceiptStep, seal, sha256_hex};
use tayori::wire::{DIGEST_HEADER, digest_header};

use crate::answers::link;
use crate::crooked::client_of;
use crate::world::{EAST, NORTH, Office, SOUTH, Town, eventually, files_in, report, report_name};
use tayori::link::Link as _;

/// What somebody who wants in may show.
pub struct Papers {
    chain: Vec<CertificateDer<'static>>,
    key: Option<PrivateKeyDer<'static>>,
}

impl Papers {
    pub fn none() -> Papers {
        Papers { chain: Vec::new(), key: None }
    }

    /// A certificate in an office's name, issued by this authority some days ago for some days.
    pub fn issued(authority: &Authority, office: &str, days_ago: i64, days: u32) -> Papers {
        let request = identity::request(office.parse().unwrap()).unwrap();
        let at = Timestamp::now().checked_sub(SignedDuration::from_hours(24 * days_ago)).unwrap();
        let issued = authority.issue_office(&request.csr_pem, office.parse().unwrap(), at, days).unwrap();
        Papers { chain: vec![issued.der.into()], key: Some(PrivatePkcs8KeyDer::from(request.pkcs8.to_vec()).into()) }
    }

    /// The certificate of a server of the hub's own authority.
    fn of_a_server(authority: &Authority) -> Papers {
        let (chain, key) = authority.issue_server(&["127.0.0.1".to_owned()], Timestamp::now()).unwrap();
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
        Papers { chain, key: Some(PrivatePkcs8KeyDer::from(key.to_vec()).into()) }
    }

    fn of(office: &Office) -> Papers {
        let identity = office.identity();
        Papers {
            chain: vec![identity.terminal.certificate().to_vec().into()],
            key: Some(PrivatePkcs8KeyDer::from(identity.terminal.pkcs8().to_vec()).into()),
        }
    }

    pub fn shown(self, town: &Town, versions: &[&'static rustls::SupportedProtocolVersion]) -> rustls::ClientConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority(town).certificate_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        match self.key {
            Some(key) => builder.with_client_auth_cert(self.chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        }
    }
}

pub const TLS13: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];
const TLS12: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];

pub fn authority(town: &Town) -> Authority {
    Authority::open(&town.hub_dir().join("ca")).unwrap()
}

/// Calls the hub on a connection of its own: the status of the answer, or why there was none; and whether the
/// connection resumed an earlier one.
fn knock(town: &Town, config: &Arc<rustls::ClientConfig>) -> (Result<u16, String>, bool) {
    let name = "127.0.0.1".try_into().unwrap();
    let connection = rustls::ClientConnection::new(Arc::clone(config), name).unwrap();
    let mut tls = rustls::StreamOwned::new(connection, TcpStream::connect(town.address()).unwrap());
    let asked = tls.write_all(b"GET /v1/hub HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let read = asked.and_then(|()| tls.read_to_end(&mut answer));
    let resumed = tls.conn.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    match (answer.strip_prefix("HTTP/1.1 "), read) {
        (Some(answer), _) => (Ok(answer.split(' ').next().unwrap().parse().unwrap()), resumed),
        (None, error) => (Err(format!("{error:?}")), resumed),
    }
}

#[test]
fn a_refusal_reaches_whoever_is_still_writing() {
    let (town, [north]) = Town::of([NORTH]);
    let name = "127.0.0.1".try_into().unwrap();
    let config = Arc::new(Papers::of(&north).shown(&town, TLS13));
    let connection = rustls::ClientConnection::new(config, name).unwrap();
    let mut tls = rustls::StreamOwned::new(connection, TcpStream::connect(town.address()).unwrap());
    let parcel = vec![b'x'; 16 * 1024 * 1024];
    // Twice, on the same line: nobody has logged in.
    for _ in 0..2 {
        let path = format!("/v1/parcels/{}?to={}", ParcelId::new(), SOUTH.number);
        write!(tls, "PUT {path} HTTP/1.1\r\nhost: hub\r\ncontent-length: {}\r\n\r\n", parcel.len()).unwrap();
        tls.write_all(&parcel).unwrap();
        tls.flush().unwrap();
        let mut answer = [0; 12];
        tls.read_exact(&mut answer).unwrap();
        assert_eq!(str::from_utf8(&answer), Ok("HTTP/1.1 401"));
        // The rest of it is short, and one record.
        assert!(tls.read(&mut [0; 4096]).unwrap() > 0);
    }
}

#[test]
fn s1_only_a_certificate_of_the_authority_that_is_good_now_gets_in() {
    let (town, [north]) = Town::of([NORTH]);
    let stranger = tempfile::tempdir().unwrap();
    // A stranger's authority may call itself and its offices what it likes.
    let theirs = Authority::create(&stranger.path().join("ca"), "Tayori", Timestamp::now()).unwrap();
    let ours = authority(&town);
    let refused = [
        ("an unknown authority's", Papers::issued(&theirs, NORTH.number, 1, 365), TLS13),
        ("an expired one", Papers::issued(&ours, NORTH.number, 30, 20), TLS13),
        ("one of the future", Papers::issued(&ours, NORTH.number, -30, 365), TLS13),
        ("the hub's own", Papers::of_a_server(&ours), TLS13),
        ("a good one over TLS 1.2", Papers::of(&north), TLS12),
    ];
    for (who, papers, versions) in refused {
        let (answer, _) = knock(&town, &Arc::new(papers.shown(&town, versions)));
        assert!(answer.is_err(), "{who} got in: {answer:?}");
    }
    let (answer, _) = knock(&town, &Arc::new(Papers::of(&north).shown(&town, TLS13)));
    assert_eq!(answer, Ok(200), "and north does");
    // Who shows nothing may enrol, and see nothing.
    assert_eq!(knock(&town, &Arc::new(Papers::none().shown(&town, TLS13))).0, Ok(403));
    // Good, but of an office that the directory does not have: in, and no further.
    let unlisted = Papers::issued(&ours, EAST.number, 0, 365).shown(&town, TLS13);
    assert_eq!(knock(&town, &Arc::new(unlisted)).0, Ok(403));
}

#[test]
fn s1_a_program_talks_to_no_hub_but_its_own() {
    // The hub calls itself otherwise than north calls it.
    let (town, []) = Town::called("hub.example.jp", []);
    let north = town.join_by_request(NORTH);
    north.put_out_reports(1);
    north.run(&["send"]).says("正しい連携基盤であると確かめられません");
    assert_eq!(north.list("outbox").len(), 1, "kept until the hub is the right one");

    let (other, [_south]) = Town::of([SOUTH]);
    north.call_instead(&other.url());
    north.run(&["receive"]).says("正しい連携基盤であると確かめられません");
    assert_eq!(other.kept().len(), 0);
}

#[test]
fn s1_s5_a_revoked_office_is_out_within_seconds_on_every_connection() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let config = Arc::new(Papers::of(&north).shown(&town, TLS13));
    assert_eq!(knock(&town, &config).0, Ok(200));
    assert_eq!(knock(&town, &config), (Ok(200), true), "the second connection resumes the first");
    let kept_alive = client_of(north.identity().client_config().unwrap());
    let ask = || kept_alive.get(format!("{}/v1/hub", town.url())).send().map(|answer| answer.status().as_u16());
    assert_eq!(ask().unwrap(), 200);

    town.operator(&["office", "revoke", NORTH.number]);
    eventually("the kept connection is closed to it", || ask().ok() == Some(403));
    eventually("a new connection is refused", || knock(&town, &config).0.is_err());
    for _ in 0..3 {
        let (answer, _) = knock(&town, &config);
        assert!(answer.is_err(), "the session that was kept opens no door: {answer:?}");
    }
    north.run(&["receive"]).says("電子証明書が受け付けられませんでした");
    north.put_out_reports(1);
    north.run(&["send"]).says("電子証明書が受け付けられませんでした");
    assert_eq!(town.kept().len(), 0);

    let (name, bytes) = crate::world::sample_of_south(NORTH.number);
    south.put_out(&name, &bytes);
    assert_eq!(south.run(&["send"]).code, Some(1), "nobody writes to it any more");
    assert_eq!(town.kept().len(), 0);
    south.must(&["receive"]);
}

#[test]
fn an_office_that_is_refused_hears_why_every_time() {
    let (town, [north]) = Town::of([NORTH]);
    town.operator(&["office", "revoke", NORTH.number]);
    eventually("it is out", || !north.run(&["receive"]).is_fine());
    for _ in 0..15 {
        north.run(&["receive"]).says("電子証明書が受け付けられませんでした");
    }
}

#[test]
fn s2_no_endpoint_gives_an_office_what_is_not_its_own() {
    let (town, [north, south, east]) = Town::of([NORTH, SOUTH, EAST]);
    north.put_out_reports(1);
    north.must(&["send"]);
    south.must(&["receive"]);
    let id: ParcelId = north.list("sent")[0]["id"].as_str().unwrap().parse().unwrap();
    let entry = link(&town, &north).sent(0).unwrap().parcels[0].clone();
    let ask = |office: &Office, method: &str, path: &str, body: &[u8]| {
        let client = client_of(office.identity().client_config().unwrap());
        let request = client
            .request(method.parse().unwrap(), format!("{}{path}", town.url()))
            .header(DIGEST_HEADER, digest_header(&sha256_hex(body)))
            // Whoever believes one of these believes too much.
            .header("x-office", NORTH.number)
            .header("x-client-cert", NORTH.number)
            .header("x-forwarded-for", "127.0.0.1")
            .bearer_auth(office.token())
            .body(body.to_vec());
        let answer = request.send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap_or_default())
    };
    let signed = |office: &Office, says: &Office, step: ReceiptStep, digest: &str| {
        let receipt = Receipt {
            parcel: id,
            digest: digest.to_owned(),
            office: says.number(),
            step,
            at: Timestamp::now(),
            reason: None,
        };
        receipt.sign(&office.identity().key).unwrap()
    };

    // Another office's parcel is as if it were not there.
    let parcel = format!("/v1/parcels/{id}");
    let receipts = format!("{parcel}/receipts");
    let nowhere = format!("/v1/parcels/{}", ParcelId::new());
    let unknown = ask(&east, "GET", &nowhere, b"");
    assert_eq!(unknown.0, 404);
    assert_eq!(ask(&east, "GET", &parcel, b""), unknown);
    for as_whom in ["from", "office", "to", "sender", "receiver"] {
        let (status, _) = ask(&east, "GET", &format!("{parcel}?{as_whom}={}", SOUTH.number), b"");
        assert_eq!(status, 404);
        for list in ["inbox", "sent"] {
            let (status, page) = ask(&east, "GET", &format!("/v1/{list}?after=0&{as_whom}={}", SOUTH.number), b"");
            assert_eq!((status, page.contains(&id.to_string())), (200, false), "{list} {page}");
        }
    }

    // Nor can it be receipted: not in one's own name, not in the receiver's, not with the receiver's own words.
    let theirs = entry.receipts.first().map(|receipt| receipt.signed.0.clone()).expect("south has receipted it");
    for body in [
        signed(&east, &east, ReceiptStep::Imported, &entry.digest),
        signed(&east, &south, ReceiptStep::Imported, &entry.digest),
        theirs.clone(),
        b"nothing".to_vec(),
    ] {
        assert_eq!(ask(&east, "POST", &receipts, &body).0, 404);
    }
    // The sender and the receiver, too, say only what is theirs to say.
    for (who, body) in [
        (&north, signed(&north, &north, ReceiptStep::Imported, &entry.digest)),
        (&north, signed(&north, &south, ReceiptStep::Imported, &entry.digest)),
        (&north, theirs),
        (&south, signed(&east, &south, ReceiptStep::Imported, &entry.digest)),
        (&south, signed(&south, &south, ReceiptStep::Imported, &sha256_hex(b"something else"))),
        (&south, signed(&south, &north, ReceiptStep::Imported, &entry.digest)),
        (&south, b"nothing".to_vec()),
    ] {
        assert_eq!(ask(who, "POST", &receipts, &body).0, 422);
    }

    // A sender is who the certificate says, whatever else is said.
    let (status, _) = ask(&east, "PUT", &format!("{parcel}?to={}", SOUTH.number), b"in its place");
    assert_eq!(status, 409, "an id that is taken stays what it was");
    let faked = ParcelId::new();
    let path = format!("/v1/parcels/{faked}?to={}&from={n}&sender={n}&office={n}", SOUTH.number, n = NORTH.number);
    assert_eq!(ask(&east, "PUT", &path, b"faked").0, 201);
    let kept = town.kept();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1], (faked.to_string(), EAST.number.to_owned(), SOUTH.number.to_owned()));

    // What was really sent is untouched by all of this.
    assert_eq!(link(&town, &north).sent(0).unwrap().parcels, [entry]);
    assert_eq!(files_in(&east.import), []);
}

#[test]
fn s2_a_parcel_under_another_offices_name_is_never_delivered() {
    let (town, [north, south, east]) = Town::of([NORTH, SOUTH, EAST]);
    north.queue(&north.put_out_reports(1), &south);
    north.must(&["send", "--to", NORTH.number]);
    let id: ParcelId = town.kept()[0].0.parse().unwrap();
    let sealed = link(&town, &north).fetch(id, link(&town, &north).sent(0).unwrap().parcels[0].size).unwrap();
    // East got hold of what north sent south, and sends it on as its own; and then to north, as south's.
    link(&town, &east).put(ParcelId::new(), south.number(), &sealed).unwrap();
    link(&town, &east).put(ParcelId::new(), north.number(), &sealed).unwrap();
    south.run(&["receive"]).says("送り主の署名が、送り主として届いた事業所と一致しません");
    assert_eq!(south.states("inbox"), ["arrived", "refused"]);
    assert_eq!(files_in(&south.import).len(), 1);
    assert_eq!(north.run(&["receive"]).code, Some(1));
    assert_eq!(north.states("inbox"), ["refused"]);
    assert_eq!(files_in(&north.import), []);
}

#[test]
fn s12_a_file_under_anothers_name_is_refused_and_a_program_never_reaches_the_import_folder() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let seal_up = |files: Vec<(String, Vec<u8>)>| {
        let id = ParcelId::new();
        let now = Timestamp::now();
        let content = Content::new(id, north.number(), south.number(), now, String::new(), files);
        let to = south.identity().key.certificate().to_vec().into();
        let sealed = seal(&content.pack().unwrap(), &north.identity().key, &[to], now).unwrap();
        link(&town, &north).put(id, south.number(), &sealed).unwrap();
    };
    let (name, bytes) = (report_name(0), report(0));
    // North writes what looks like east's report, and one that is addressed to somebody else.
    seal_up(vec![(name.replace(NORTH.number, EAST.number), bytes.clone())]);
    seal_up(vec![(name.replace(SOUTH.number, EAST.number), bytes.clone())]);
    // A good report, with things that people should not find where they click.
    seal_up(vec![(name.clone(), bytes.clone()), ("desktop.ini".into(), vec![1]), ("請求書.lnk".into(), vec![2])]);
    south.run(&["receive"]);
    assert_eq!(south.states("inbox"), ["refused", "refused", "arrived"]);
    assert_eq!(files_in(&south.import), [(name, bytes)]);
    assert_eq!(south.list("inbox")[0]["files"], 3, "all of it is kept and can be looked at");
}
