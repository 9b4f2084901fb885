use std::fs;
use std::sync::Arc;

use jiff::SignedDuration;
use rustls_pki_types::{CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};

use super::*;
use crate::identity::{self, Identity};
use crate::parcel::{Trust, TrustError};

const NORTH: &str = "3170000010";
const SOUTH: &str = "3170000028";

fn number(text: &str) -> OfficeNumber {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    "2026-11-21T03:00:00Z".parse().unwrap()
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn made() -> (tempfile::TempDir, Authority) {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::create(dir.path(), "Made-up CA", now()).unwrap();
    (dir, authority)
}

fn issued(authority: &Authority, office: &str) -> Issued {
    let request = identity::request(number(office)).unwrap();
    authority.issue_office(&request.csr_pem, number(office), now(), OFFICE_DAYS).unwrap()
}

fn trust(authority: &Authority, revoked: &[(String, Timestamp)], at: Timestamp) -> Trust {
    let crl = authority.crl(revoked, 7, at).unwrap();
    Trust { roots: vec![authority.certificate_der()], crls: vec![crl.into()], at }
}

#[test]
fn an_authority_is_the_same_after_it_is_opened_again() {
    let (dir, created) = made();
    let opened = Authority::open(dir.path()).unwrap();
    assert_eq!(opened.certificate_der(), created.certificate_der());
    let certificate = issued(&opened, NORTH);
    assert_eq!(trust(&created, &[], now()).office(&certificate.der), Ok(number(NORTH)));
}

#[test]
fn an_authority_is_never_made_over_another() {
    let (dir, first) = made();
    let again = Authority::create(dir.path(), "Second", now());
    assert!(matches!(again, Err(AuthorityError::Exists { .. })));
    fs::remove_file(dir.path().join(CERTIFICATE)).unwrap();
    assert!(matches!(Authority::create(dir.path(), "Third", now()), Err(AuthorityError::Exists { .. })));
    assert!(matches!(Authority::open(dir.path()), Err(AuthorityError::File(FileError::Missing { .. }))));
    fs::write(dir.path().join(CERTIFICATE), first.certificate_pem()).unwrap();
    assert!(Authority::open(dir.path()).is_ok());
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_root_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, authority) = made();
    let mode = fs::metadata(dir.path().join(KEY)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!format!("{authority:?}").contains("key"), "{authority:?}");
}

#[test]
fn a_broken_key_or_another_authoritys_key_is_told() {
    let ((dir, _), (other, _)) = (made(), made());
    fs::copy(other.path().join(KEY), dir.path().join(KEY)).unwrap();
    assert!(matches!(Authority::open(dir.path()), Err(AuthorityError::KeyMismatch)));
    for file in [KEY, CERTIFICATE] {
        fs::write(dir.path().join(file), "garbage").unwrap();
        assert!(
            matches!(Authority::open(dir.path()), Err(AuthorityError::Unreadable { path }) if path.ends_with(file))
        );
    }
}

#[test]
fn an_offices_certificate_says_what_the_profile_says() {
    let (_dir, authority) = made();
    let issued = issued(&authority, NORTH);
    assert_eq!(certificate::office_of(&issued.der), Ok(number(NORTH)));
    assert_eq!(certificate::serial_of(&issued.der), Ok(issued.serial_hex.clone()));
    assert_eq!((issued.serial_hex.len(), issued.not_after), (32, now() + days(730)));
    assert_eq!(certificate::valid_from(&issued.der), Ok(now() - days(1)));
    let parsed = as_openssl_reads_it(&issued.der);
    for wanted in [
        "Subject: OU = Tayori office, CN = 3170000010",
        "Digital Signature, Key Agreement",
        "TLS Web Client Authentication, E-mail Protection",
        "CA:FALSE",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
        "prime256v1",
    ] {
        assert!(parsed.contains(wanted), "{wanted:?} is missing in\n{parsed}");
    }
}

/// What openssl reads in a certificate.
fn as_openssl_reads_it(der: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), der).unwrap();
    let mut openssl = std::process::Command::new("openssl");
    let output = openssl.args(["x509", "-inform", "DER", "-noout", "-text", "-in"]).arg(file.path()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_root_may_issue_offices_and_no_further_authorities() {
    let (_dir, authority) = made();
    let parsed = as_openssl_reads_it(&authority.certificate_der());
    for wanted in ["CN = Made-up CA", "CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign", "critical"] {
        assert!(parsed.contains(wanted), "{wanted:?} is missing in\n{parsed}");
    }
    assert_eq!(certificate::valid_until(&authority.certificate_der()), Ok(now() + days(3652)));
}

#[test]
fn an_rsa_key_gets_a_certificate_to_encipher_keys() {
    let (_dir, authority) = made();
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
    let issued = authority.issue_office(&csr, number(NORTH), now(), 30).unwrap();
    assert!(as_openssl_reads_it(&issued.der).contains("Digital Signature, Key Encipherment"));
    assert_eq!(certificate::public_key_of(&issued.der).unwrap(), key.public_key_raw());
}

#[test]
fn nothing_but_the_key_is_taken_from_a_request() {
    let (_dir, authority) = made();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["hub.example".into()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let csr = params.serialize_request(&key).unwrap().pem().unwrap();
    let issued = authority.issue_office(&csr, number(NORTH), now(), 30).unwrap();
    let parsed = as_openssl_reads_it(&issued.der);
    for unwanted in ["CA:TRUE", "TLS Web Server", "hub.example", "rcgen"] {
        assert!(!parsed.contains(unwanted), "{unwanted:?} got through\n{parsed}");
    }
}

#[test]
fn a_request_for_another_office_is_refused() {
    let (_dir, authority) = made();
    let request = identity::request(number(SOUTH)).unwrap();
    let refused = authority.issue_office(&request.csr_pem, number(NORTH), now(), 30);
    assert!(
        matches!(refused, Err(AuthorityError::OtherOffice { asked, given }) if (asked, given) == (number(SOUTH), number(NORTH)))
    );
}

#[test]
fn a_request_signed_by_another_key_is_refused() {
    let (_dir, authority) = made();
    let [mine, stolen] = [NORTH, NORTH].map(|office| identity::request(number(office)).unwrap().csr_pem);
    let der =
        |pem: &str| rustls_pki_types::CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec();
    let (mut mine, stolen) = (der(&mine), der(&stolen));
    // The point begins after 0x04; both requests are of one shape, up to the signature.
    let at = mine.windows(2).position(|w| w == [0x00, 0x04]).unwrap() + 2;
    mine[at..at + 64].copy_from_slice(&stolen[at..at + 64]);
    let csr = pem("CERTIFICATE REQUEST", &mine);
    let refused = authority.issue_office(&csr, number(NORTH), now(), 30);
    assert!(matches!(refused, Err(AuthorityError::Request(RequestError::Signature))), "{refused:?}");
}

#[test]
fn a_request_with_a_key_we_do_not_certify_is_refused() {
    let (_dir, authority) = made();
    for kind in [&rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let key = KeyPair::generate_for(kind).unwrap();
        let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
        let refused = authority.issue_office(&csr, number(NORTH), now(), 30);
        assert!(matches!(refused, Err(AuthorityError::Request(RequestError::Key))), "{refused:?}");
    }
}

#[test]
fn what_is_no_request_is_refused() {
    let (_dir, authority) = made();
    for csr in ["", "garbage", &authority.certificate_pem(), &pem("CERTIFICATE REQUEST", b"garbage")] {
        let refused = authority.issue_office(csr, number(NORTH), now(), 30);
        assert!(matches!(refused, Err(AuthorityError::Request(RequestError::Unreadable))), "{csr:?}");
    }
}

#[test]
fn no_certificate_outlives_the_root_or_ends_before_it_begins() {
    let (_dir, authority) = made();
    let csr = identity::request(number(NORTH)).unwrap().csr_pem;
    let long = authority.issue_office(&csr, number(NORTH), now() + days(3000), u32::MAX).unwrap();
    assert_eq!(long.not_after, certificate::valid_until(&authority.certificate_der()).unwrap());
    let late = authority.issue_office(&csr, number(NORTH), now() + days(4000), 730);
    assert!(matches!(late, Err(AuthorityError::NoTime)));
}

#[test]
fn every_certificate_has_its_own_serial() {
    let (_dir, authority) = made();
    let serials: std::collections::HashSet<_> = (0..20).map(|_| issued(&authority, NORTH).serial_hex).collect();
    assert_eq!(serials.len(), 20);
}

#[test]
fn a_list_takes_back_what_it_names_and_nothing_else() {
    let (_dir, authority) = made();
    let [north, south] = [issued(&authority, NORTH), issued(&authority, SOUTH)];
    let trust = trust(&authority, &[(north.serial_hex.clone(), now())], now());
    assert_eq!(trust.office(&north.der), Err(TrustError::Revoked { serial: north.serial_hex }));
    assert_eq!(trust.office(&south.der), Ok(number(SOUTH)));
}

#[test]
fn a_list_is_good_for_seven_days() {
    let (_dir, authority) = made();
    let north = issued(&authority, NORTH);
    let mut trust = trust(&authority, &[], now());
    trust.at = now() + days(7) - SignedDuration::from_secs(1);
    assert!(trust.office(&north.der).is_ok());
    trust.at = now() + days(7);
    assert!(matches!(trust.office(&north.der), Err(TrustError::RevocationUnknown(_))));
}

#[test]
fn a_list_of_what_is_no_serial_is_refused() {
    let (_dir, authority) = made();
    for serial in ["", "xyz", "abc", &"00".repeat(21)] {
        let made = authority.crl(&[(serial.to_owned(), now())], 1, now());
        assert!(matches!(made, Err(AuthorityError::Serial { .. })), "{serial:?}");
    }
}

#[test]
fn a_host_that_is_none_is_refused() {
    let (_dir, authority) = made();
    for host in ["", "あ", "a b\0"] {
        let refused = authority.issue_server(&[host.to_owned()], now());
        assert!(matches!(refused, Err(AuthorityError::Host { .. })), "{host:?}");
    }
    assert!(matches!(authority.issue_server(&[], now()), Err(AuthorityError::Host { .. })));
}

/// One TLS handshake in memory, both ways checked, by the clock of this machine.
fn handshake(server: Arc<rustls::ServerConfig>, client: rustls::ClientConfig, host: &str) -> Result<(), rustls::Error> {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(client), name)?;
    let mut server = rustls::ServerConnection::new(server)?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut wire = Vec::new();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}

fn server(authority: &Authority, crl: Vec<u8>) -> Arc<rustls::ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.certificate_der()).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
        .with_crls([CertificateRevocationListDer::from(crl)])
        .only_check_end_entity_revocation()
        .enforce_revocation_expiration()
        .build()
        .unwrap();
    let (chain, key) = authority.issue_server(&["localhost".into(), "127.0.0.1".into()], Timestamp::now()).unwrap();
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

fn enrolled(authority: &Authority, office: &str, at: Timestamp, valid_days: u32) -> (Identity, Issued) {
    let request = identity::request(number(office)).unwrap();
    let issued = authority.issue_office(&request.csr_pem, number(office), at, valid_days).unwrap();
    let roots = authority.certificate_pem();
    (request.answered(issued.pem.as_bytes(), roots.as_bytes()).unwrap(), issued)
}

#[test]
fn s1_hub_and_office_know_each_other_by_these_certificates_and_nobody_else() {
    let clock = Timestamp::now();
    let root = |name: &str| {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::create(dir.path(), name, clock - days(900)).unwrap();
        (dir, authority)
    };
    let ((_a, ours), (_b, theirs)) = (root("Made-up CA"), root("Made-up CA"));
    let (north, _) = enrolled(&ours, NORTH, clock, 30);
    let (out, taken_back) = enrolled(&ours, SOUTH, clock, 30);
    let (expired, _) = enrolled(&ours, NORTH, clock - days(800), 730);
    let (stranger, _) = enrolled(&theirs, NORTH, clock, 30);
    let crl = ours.crl(&[(taken_back.serial_hex, clock)], 1, clock).unwrap();
    let hub = server(&ours, crl);
    let call = |who: &Identity, host: &str| handshake(hub.clone(), who.client_config().unwrap(), host);
    call(&north, "localhost").unwrap();
    call(&north, "127.0.0.1").unwrap();
    let refused = |result: Result<(), rustls::Error>, wanted: &str| {
        let error = format!("{:?}", result.unwrap_err());
        assert!(error.contains(wanted), "{wanted} wanted, {error} found");
    };
    refused(call(&north, "elsewhere.example"), "NotValidForName");
    refused(call(&out, "localhost"), "Revoked");
    refused(call(&expired, "localhost"), "Expired");
    // The stranger sees first that the hub is not of its authority; told to trust it, the hub sees through the stranger.
    refused(call(&stranger, "localhost"), "InvalidCertificate");
    let disguised = Identity { roots: north.roots.clone(), ..stranger };
    refused(call(&disguised, "localhost"), "InvalidCertificate");
    let mut nobody = north.client_config().unwrap();
    nobody.client_auth_cert_resolver = Arc::new(NoCertificate);
    refused(handshake(hub.clone(), nobody, "localhost"), "NoCertificatesPresented");
}

#[derive(Debug)]
struct NoCertificate;

impl rustls::client::ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<rustls::sign::CertifiedKey>> {
        None
    }
    fn has_certs(&self) -> bool {
        false
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_damaged_request_never_panics_and_gets_no_other_key_certified(at in 0usize..200, to in proptest::prelude::any::<u8>()) {
        thread_local!(static REQUEST: (Authority, Vec<u8>) = {
            let csr = identity::request(number(NORTH)).unwrap().csr_pem;
            let der = rustls_pki_types::CertificateSigningRequestDer::from_pem_slice(csr.as_bytes()).unwrap();
            (made().1, der.to_vec())
        });
        REQUEST.with(|(authority, good)| {
            let mut bad = good.clone();
            bad[at] = to;
            let issued = |der: &[u8]| authority.issue_office(&pem("CERTIFICATE REQUEST", der), number(NORTH), now(), 30);
            if let Ok(found) = issued(&bad) {
                let key = certificate::public_key_of(&issued(good).unwrap().der);
                assert_eq!(certificate::public_key_of(&found.der), key);
            }
        });
    }
}
