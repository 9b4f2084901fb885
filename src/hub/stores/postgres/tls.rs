//! The way to a database on another machine: what its certificate must be, and that nothing is said in the clear.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use der::pem::{LineEnding, encode_string};
use jiff::Timestamp;

use super::Address;
use crate::hub::authority::Authority;
use crate::hub::stores::testing::database;
use crate::hub::stores::{Store, StoreError, values};

fn authority(dir: &Path) -> Authority {
    Authority::create(dir, "a trial", Timestamp::now()).unwrap()
}

fn connect(url: &str, ca: &Path) -> Result<Store, StoreError> {
    Store::connect(&Address::new(url, None, Some(&ca.join("ca.pem"))).unwrap())
}

#[test]
fn s1_a_database_is_come_to_over_tls_with_a_certificate_of_its_authority_in_its_own_name_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let [ours, others] = ["ours", "others"].map(|name| dir.path().join(name));
    let (chain, key) = authority(&ours).issue_server(&["localhost".into()], Timestamp::now()).unwrap();
    authority(&others);
    let key = encode_string("PRIVATE KEY", LineEnding::LF, &key).unwrap();
    let Some(server) = database::own_server_with_tls(&chain, &key) else { return };
    let at = |host: &str| format!("postgres://hub@{host}:{}/postgres", server.port());

    let store = connect(&at("localhost"), &ours).unwrap();
    let encrypted = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let way = store.read_now(|c| c.one("way", encrypted, values![], |row| Ok((row.get(0)?, row.get::<String>(1)?))));
    assert_eq!(way.unwrap(), (true, "TLSv1.3".to_owned()));
    let refused = |came: Result<Store, StoreError>, what: &str| {
        assert!(matches!(came, Err(StoreError::Connect { .. })), "{what}: {came:?}");
    };
    refused(connect(&at("127.0.0.1"), &ours), "another name than its certificate's");
    refused(connect(&at("localhost"), &others), "an authority that nobody named");
}

#[test]
fn s1_a_database_that_knows_no_tls_hears_nothing_of_us() {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca");
    authority(&ca);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://hub:himitsu@127.0.0.1:{}/tayori", listener.local_addr().unwrap().port());
    let heard = std::thread::spawn(move || {
        let (mut line, _) = listener.accept().unwrap();
        let mut asked = [0; 8];
        line.read_exact(&mut asked).unwrap();
        // "No", as a server without TLS says it.
        line.write_all(b"N").unwrap();
        let mut more = Vec::new();
        line.read_to_end(&mut more).unwrap();
        (asked, more)
    });
    assert!(matches!(connect(&url, &ca), Err(StoreError::Connect { .. })));
    let (asked, more) = heard.join().unwrap();
    assert_eq!(asked, [0, 0, 0, 8, 4, 210, 22, 47], "it was asked for TLS");
    assert_eq!(more, b"", "and heard neither a name nor a password");
}
