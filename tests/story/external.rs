//! Certificates of another authority: made, listed and withdrawn with openssl, as such an authority would.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{OtherError, SignatureAlgorithm, SignatureScheme};
use tayori::engine::enrol::{By, Entered, Entry};
use tayori::engine::model::Failure;
use tayori::hub::authority::Authority;
use tayori::identity::store::{CertificateStore, StoreError, usable};
use tayori::parcel::certificate;

use crate::enrol::sit_down;
use crate::world::{EAST, NORTH, Office, Person, Run, SOUTH, TAYORI_HUB, Town, eventually, finish, text};

const PASSWORD: &str = "秘密ひみつ";

/// Such an authority, in a folder of its own.
struct Theirs {
    dir: PathBuf,
}

impl Theirs {
    /// As those of the national insurance associations: RSA, its own names.
    fn in_folder(dir: PathBuf) -> Theirs {
        fs::create_dir(&dir).unwrap();
        let theirs = Theirs { dir };
        fs::write(theirs.dir.join("ext"), "extendedKeyUsage=clientAuth\nkeyUsage=digitalSignature,keyEncipherment\n")
            .unwrap();
        fs::write(
            theirs.dir.join("ca.cnf"),
            "[ca]\ndefault_ca = theirs\n[theirs]\ndatabase = index\ncrlnumber = number\ndefault_md = sha256\n\
             default_crl_days = 30\ncrl_extensions = list\n[list]\nauthorityKeyIdentifier = keyid:always\n",
        )
        .unwrap();
        fs::write(theirs.dir.join("index"), "").unwrap();
        fs::write(theirs.dir.join("number"), "01\n").unwrap();
        let new = "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj";
        theirs.openssl(new, &["/O=Made-up/CN=Made-up CA"]);
        theirs
    }

    /// Runs openssl with these words, and then these arguments.
    fn openssl(&self, words: &str, more: &[&str]) {
        let run = std::process::Command::new("openssl")
            .args(words.split(' '))
            .args(more)
            .current_dir(&self.dir)
            .output()
            .unwrap();
        assert!(run.status.success(), "openssl {words} {more:?}: {}", String::from_utf8_lossy(&run.stderr));
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// A certificate for an office, and the file it is handed out in.
    fn certify(&self, person: Person, more: &str) -> PathBuf {
        let number = person.number;
        let [key, csr, pem, p12] = ["key", "csr", "pem", "p12"].map(|ending| format!("{number}.{ending}"));
        if !self.file(&pem).exists() {
            let subject = format!("/O=Made-up/OU=offices/CN=KJ{number}");
            self.openssl(&format!("req -newkey rsa:2048 -nodes -keyout {key} -out {csr} -subj"), &[&subject]);
            let sign =
                format!("x509 -req -in {csr} -CA ca.pem -CAkey ca.key -days 20 -extfile ext -out {pem} -set_serial");
            self.openssl(&sign, &[number.trim_start_matches('3')]);
        }
        let export = format!("pkcs12 -export -inkey {key} -in {pem} -certfile ca.pem -out {p12} -passout");
        self.openssl(&format!("{export} pass:{PASSWORD}{more}"), &[]);
        self.file(&p12)
    }

    fn withdraw(&self, person: Person) {
        self.openssl(&format!("ca -config ca.cnf -keyfile ca.key -cert ca.pem -revoke {}.pem", person.number), &[]);
    }

    /// Writes the list of what was withdrawn.
    fn write_list(&self, name: &str, more: &[&str]) {
        self.openssl(&format!("ca -config ca.cnf -keyfile ca.key -cert ca.pem -gencrl -out {name}"), more);
    }
}

/// Names the authority to the hub.
fn let_in(town: &mut Town, theirs: &Theirs, list: Option<&str>) {
    let settings = town.hub_dir().join("hub.toml");
    let before = fs::read_to_string(&settings).unwrap();
    let ca = theirs.file("ca.pem");
    let list = list.map(|list| format!("crl = {:?}\n", theirs.file(list))).unwrap_or_default();
    fs::write(&settings, format!("{before}\n[[external]]\nca = {ca:?}\n{list}office = \"CN=KJ{{}}\"\n")).unwrap();
    town.kill_hub();
    town.start_hub();
}

fn fingerprint(town: &Town) -> String {
    certificate::fingerprint(&Authority::open(&town.hub_dir().join("ca")).unwrap().certificate_der())
}

/// `tayori setup` with a certificate file.
fn enrol(town: &Town, office: &Office, file: &std::path::Path, password: &str, fingerprint: &str) -> Run {
    let (outgoing, import) = (text(&office.outgoing), text(&office.import));
    let url = town.url();
    let args = ["setup", "--office", office.person.number, "--hub", &url, "--outgoing", outgoing, "--import", import];
    let more = ["--p12", text(file), "--ca-fingerprint", fingerprint];
    finish(office.command(&[&args[..], &more[..]].concat()).env("TAYORI_P12_PASSWORD", password))
}

#[test]
fn a_certificate_file_of_another_authority_lets_an_office_in_and_opens_nothing_else() {
    let (mut town, []) = Town::of([]);
    let theirs = Theirs::in_folder(town.dir().join("external"));
    let legacy = theirs.certify(NORTH, " -legacy").with_file_name("legacy.p12");
    fs::rename(legacy.with_file_name(format!("{}.p12", NORTH.number)), &legacy).unwrap();
    let modern = theirs.certify(NORTH, "");
    let_in(&mut town, &theirs, None);
    town.register(NORTH);
    let right = fingerprint(&town);
    let north = Office::of(NORTH, town.dir());
    enrol(&town, &north, &legacy, "wrong", &right).says("パスワードが違います");
    enrol(&town, &north, &theirs.file("ca.pem"), "x", &right).says("証明書のファイルを読み取れませんでした");
    let ber = theirs.file("ber.p12");
    fs::write(&ber, [0x30, 0x80, 0x02, 0x01, 0x03]).unwrap();
    enrol(&town, &north, &ber, "x", &right).says("書き出し直して");
    enrol(&town, &north, &legacy, PASSWORD, &"0".repeat(64)).says("書面に書かれた連携基盤ではありません");
    // South has no such certificate.
    let south = Office::of(SOUTH, town.dir());
    town.register(SOUTH);
    enrol(&town, &south, &legacy, PASSWORD, &right).says("事業所番号かコードが違います");
    // What the refused fingerprint left behind is taken up again: the same terminal.
    enrol(&town, &north, &legacy, PASSWORD, &right).or_panic();
    sit_down(&north);
    north.must(&["receive"]);
    let again = north.another("second");
    enrol(&town, &again, &modern, PASSWORD, &right).or_panic();
    again.run(&["receive"]).says("許可を待っています");

    // That certificate opens one door and no other.
    let papers = tayori::identity::p12::open(&fs::read(&modern).unwrap(), PASSWORD).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(Authority::open(&town.hub_dir().join("ca")).unwrap().certificate_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(papers.chain, papers.key)
        .unwrap();
    let client = crate::crooked::client_of(config);
    for path in ["/v1/hub", "/v1/inbox", "/v1/offices", "/v1/terminals", "/v1/admission", "/v1/chest"] {
        let status = client.get(format!("{}{path}", town.url())).send().unwrap().status().as_u16();
        assert!(matches!(status, 401 | 403), "{path}: {status}");
    }
}

/// A system's own store with one certificate, whose key signs so often before its person says no.
struct Store {
    shown: CertifiedKey,
    key: Arc<Key>,
}

#[derive(Debug)]
struct Key {
    inner: Arc<dyn SigningKey>,
    left: Arc<AtomicUsize>,
}

impl Store {
    /// With what a file holds; its key never leaves.
    fn with(file: &std::path::Path) -> Store {
        let papers = tayori::identity::p12::open(&fs::read(file).unwrap(), PASSWORD).unwrap();
        let shown = papers.certified_key().unwrap();
        let key = Arc::new(Key { inner: shown.key.clone(), left: Arc::new(AtomicUsize::new(0)) });
        Store { shown, key }
    }
    fn allow(&self, signatures: usize) {
        self.key.left.store(signatures, Ordering::SeqCst);
    }
}

impl CertificateStore for Store {
    fn certificates(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(vec![self.shown.cert[0].to_vec()])
    }
    fn certified_key(&self, _: &[u8]) -> Result<CertifiedKey, StoreError> {
        Ok(CertifiedKey::new(self.shown.cert.clone(), self.key.clone()))
    }
    fn reason(&self, error: &rustls::Error) -> StoreError {
        let rustls::Error::Other(other) = error else { panic!("{error}") };
        other.0.downcast_ref::<StoreError>().unwrap().clone()
    }
}

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let inner = self.inner.choose_scheme(offered)?;
        Some(Box::new(Pen { inner, left: self.left.clone() }))
    }
    fn algorithm(&self) -> SignatureAlgorithm {
        self.inner.algorithm()
    }
}

#[derive(Debug)]
struct Pen {
    inner: Box<dyn Signer>,
    left: Arc<AtomicUsize>,
}

impl Signer for Pen {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let allowed = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match allowed {
            Ok(_) => self.inner.sign(message),
            Err(_) => Err(rustls::Error::Other(OtherError(Arc::new(StoreError::Declined)))),
        }
    }
    fn scheme(&self) -> SignatureScheme {
        self.inner.scheme()
    }
}

#[test]
fn a_certificate_of_the_systems_store_lets_an_office_in_and_its_key_never_leaves_it() {
    let (mut town, []) = Town::of([]);
    let theirs = Theirs::in_folder(town.dir().join("external"));
    let store = Store::with(&theirs.certify(NORTH, ""));
    let_in(&mut town, &theirs, None);
    town.register(NORTH);
    let north = Office::of(NORTH, town.dir());
    let [stored] = usable(&store, Timestamp::now()).unwrap().try_into().unwrap();
    assert_eq!((stored.subject.as_str(), stored.issuer.as_str()), ("KJ3171000048", "Made-up CA"));
    let enter = |office: &Office, authority: &str| {
        let entry = Entry {
            hub: town.url(),
            office: office.number(),
            by: By::Stored { fingerprint: stored.fingerprint.clone(), authority: authority.to_owned() },
            terminal: "事務室".into(),
            office_name: String::new(),
            outgoing: office.outgoing.clone(),
            import: office.import.clone(),
            recovery: None,
        };
        tayori::engine::enrol::enter(Some(&store), &office.profile, &entry, Timestamp::now(), &mut |_| ())
    };
    let right = fingerprint(&town);
    // Its person says no: when the key is tried, or only when the hub is there.
    for signatures in [0, 1] {
        store.allow(signatures);
        assert_eq!(enter(&north, &right).unwrap_err(), Failure::KeyDeclined, "after {signatures}");
        assert!(!north.profile.join("settings.toml").exists(), "nothing is set up");
    }
    store.allow(usize::MAX);
    assert_eq!(enter(&north, &"0".repeat(64)).unwrap_err(), Failure::AuthorityOther);
    // South has no such certificate.
    let south = Office::of(SOUTH, town.dir());
    town.register(SOUTH);
    assert_eq!(enter(&south, &right).unwrap_err(), Failure::CodeWrong);
    // The program itself has no other store than the system's, and here is none.
    south.run(&["setup", "--windows-certificate"]).says("Windows でだけ使えます");
    assert!(matches!(enter(&north, &right), Ok(Entered::Member { .. })));
    sit_down(&north);
    north.must(&["receive"]);
    // From here on it is the exchange's own certificate that calls.
    let own = north.identity().terminal.certificate().to_vec();
    assert_ne!(certificate::fingerprint(&own), stored.fingerprint);
}

/// The faults `tayori-hub check` finds.
fn faults(town: &Town) -> String {
    let mut check = std::process::Command::new(TAYORI_HUB);
    let run = finish(check.arg("--dir").arg(town.hub_dir()).args(["check", "--json"]));
    run.json()["faults"].to_string()
}

#[test]
fn s6_a_withdrawn_certificate_of_another_authority_is_refused_and_a_missing_list_says_so() {
    let (mut town, []) = Town::of([]);
    let theirs = Theirs::in_folder(town.dir().join("external"));
    let [of_north, of_south, of_east] = [NORTH, SOUTH, EAST].map(|person| theirs.certify(person, ""));
    theirs.withdraw(SOUTH);
    theirs.write_list("list.crl", &[]);
    let_in(&mut town, &theirs, Some("list.crl"));
    let offices = [NORTH, SOUTH, EAST].map(|person| {
        town.register(person);
        Office::of(person, town.dir())
    });
    let [north, south, east] = &offices;
    let right = fingerprint(&town);
    const REFUSED: &str = "電子証明書が受け付けられませんでした";
    enrol(&town, south, &of_south, PASSWORD, &right).says(REFUSED);
    assert!(!south.profile.join("settings.toml").exists(), "nothing is set up");
    enrol(&town, north, &of_north, PASSWORD, &right).or_panic();
    sit_down(north);
    north.must(&["receive"]);
    assert_eq!(faults(&town), "[]");

    // A list that says nothing about anybody: not there, no list at all, out of date, another authority's.
    let list = theirs.file("list.crl");
    let good = fs::read(&list).unwrap();
    theirs.write_list("stale.crl", &["-crl_lastupdate", "20250101000000Z", "-crl_nextupdate", "20250201000000Z"]);
    let others = Theirs::in_folder(town.dir().join("others"));
    others.write_list("list.crl", &[]);
    let bad = [
        None,
        Some(b"none today".to_vec()),
        fs::read(theirs.file("stale.crl")).ok(),
        fs::read(others.file("list.crl")).ok(),
    ];
    for (number, bad) in bad.into_iter().enumerate() {
        match bad {
            None => fs::remove_file(&list).unwrap(),
            Some(bad) => fs::write(&list, bad).unwrap(),
        }
        // The hub looks every second whether there is another list.
        let mut run = enrol(&town, east, &of_east, PASSWORD, &right);
        eventually("the hub sees the list", || {
            let is_asked = run.stderr.contains("いまは確かめられません");
            if !is_asked {
                run = enrol(&town, east, &of_east, PASSWORD, &right);
            }
            is_asked
        });
        run.says("電子証明書が有効かどうかを、いまは確かめられません。").says("無効と決まったわけではありません");
        assert!(!run.stderr.contains(REFUSED), "list {number}: {run:?}");
        // What an old list withdrew stays out.
        if number == 2 {
            enrol(&town, south, &of_south, PASSWORD, &right).says(REFUSED);
        }
        // The operator finds out, too; a list of somebody else's is current all the same.
        assert_eq!(faults(&town).contains("others-list-unusable"), number < 3, "list {number}: {}", faults(&town));
    }
    fs::write(&list, good).unwrap();
    eventually("with a good list east gets in", || enrol(&town, east, &of_east, PASSWORD, &right).is_fine());
}
