//! How terminals come in, stay in, and go.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tayori::hub::authority::{Authority, Kind};
use tayori::hub::directory::{self, Certificate};
use tayori::hub::home::Home;
use tayori::identity::enrol::Attempt;
use tayori::identity::{Identity, Unlock, Vault};
use tayori::parcel::{SealingKey, certificate};

use crate::world::{
    NORTH, Office, PASSWORD, SOUTH, Town, USER, code_in, eventually, files_in, report, report_name, text,
};

/// Somebody sits down at a terminal that is a member: the office's first account, or the one that is there.
pub fn sit_down(office: &Office) {
    if !office.log_in(USER, PASSWORD).is_fine() {
        office.log_in_first().or_panic();
    }
}

fn terminals(office: &Office) -> Vec<Value> {
    let run = office.must(&["terminal", "list", "--format", "json"]);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn an_office_joins_with_its_letter_and_a_code_works_once() {
    let (town, []) = Town::of([]);
    let north = Office::of(NORTH, town.dir());
    let code = town.register(NORTH);
    let run = north.enrol(&town.url(), &code.to_lowercase().replace('-', " ")).or_panic();
    assert!(run.stdout.contains("復旧コード: "), "{run:?}");
    assert!(!run.stdout.contains(&code));
    assert_eq!(north.profile().settings.office_name, NORTH.name, "the name is the directory's");
    sit_down(&north);
    north.must(&["receive"]);
    // What is on the disk: certificates apart, no key in plain.
    let identity = north.identity();
    assert!(!identity.is_combined());
    for (name, bytes) in files_in(&north.profile.join("identity")) {
        assert!(!String::from_utf8_lossy(&bytes).contains("PRIVATE KEY"), "{name}");
    }
    // The same code on another PC is refused, with the reason: it is the right code.
    let second = north.another("second");
    second.enrol(&town.url(), &code).says("もう別の端末で使われています");
    assert!(!second.profile.join("settings.toml").exists(), "nothing is set up");
}

#[test]
fn a_code_that_is_wrong_expired_or_for_another_office_is_said_and_the_hub_tells_nothing() {
    let (town, []) = Town::of([]);
    let [code, _] = [NORTH, SOUTH].map(|person| town.register(person));
    let north = Office::of(NORTH, town.dir());
    north.enrol(&town.url(), "0123-4567").says("コードの文字数が合わない");
    north.enrol(&town.url(), "U123-4567-89AB-CDEF-GHJK-MNPQ").says("使われない文字");
    let wrong = "0123-4567-89AB-CDEF-GHJK-MNPQ";
    let unknown_code = north.enrol(&town.url(), wrong);
    unknown_code.says("事業所番号かコードが違います");
    // South's number with north's code, and a number that is nobody's: the same words, the same answer.
    let south = Office::of(SOUTH, town.dir());
    assert_eq!(south.enrol(&town.url(), &code).stderr, unknown_code.stderr);
    let nobody = Office::of(crate::world::EAST, town.dir());
    assert_eq!(nobody.enrol(&town.url(), wrong).stderr, unknown_code.stderr);
    // Its time is over.
    let store = rusqlite::Connection::open(town.hub_dir().join("hub.db")).unwrap();
    store.busy_timeout(Duration::from_secs(10)).unwrap();
    store.execute("UPDATE code SET expires_at = 1 WHERE office = ?1", [NORTH.number]).unwrap();
    north.enrol(&town.url(), &code).says("期限が切れています");
    north.enrol("http://127.0.0.1", &code).says("連携基盤の場所が正しくありません");
    north.enrol("https://127.0.0.1:1", &code).says("連携基盤につながりません");
    // After ten failures nothing is looked at for a while, whatever is asked.
    let fresh = town.code(NORTH, &[]);
    eventually("the address has to wait", || {
        let run = north.enrol(&town.url(), wrong);
        run.stderr.contains("短い間に何度も試された")
    });
    north.enrol(&town.url(), &fresh).says("短い間に何度も試された");
}

#[test]
fn an_answer_that_got_lost_is_given_again() {
    let (town, []) = Town::of([]);
    let code = town.register(NORTH);
    let north = Office::of(NORTH, town.dir());
    // The hub lets it in, and the answer never arrives: as if the PC was switched off there.
    let vault = Vault::open(&north.profile, &Unlock::passphrase(crate::world::PASSPHRASE)).unwrap();
    let attempt = Attempt::begin(&north.profile.join("identity"), &vault, north.number()).unwrap();
    let parsed = code.parse().unwrap();
    let enrolment = attempt.ask("", Some(&parsed)).unwrap();
    let _ = tayori::link::enrol(&town.url(), None, &enrolment).unwrap();
    drop(attempt);
    north.enrol(&town.url(), &code).or_panic();
    sit_down(&north);
    north.must(&["receive"]);
    assert_eq!(terminals(&north).len(), 1, "one code, one terminal");
}

#[test]
fn whoever_answers_in_the_hubs_place_is_found_out_and_nothing_is_kept() {
    // Another hub knows the office, too, and does not know the code.
    let (town, []) = Town::of([]);
    let code = town.register(NORTH);
    let (other, []) = Town::of([]);
    other.register(NORTH);
    let north = Office::of(NORTH, town.dir());
    north.enrol(&other.url(), &code).says("事業所番号かコードが違います");
    // The right hub under a name that its certificate does not have.
    let by_name = format!("https://localhost:{}", town.address().port());
    north.enrol(&by_name, &code).says("正しい連携基盤であると確かめられません");
    assert!(!north.profile.join("settings.toml").exists());
    assert!(!north.profile.join("identity/ca.pem").exists(), "nobody is trusted yet");
    north.enrol(&town.url(), &code).or_panic();
}

#[test]
fn a_further_terminal_joins_by_a_code_of_the_first_and_opens_what_the_office_has() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.put_out_reports(1);
    north.must(&["send"]);
    let run = south.must(&["terminal", "code"]);
    let second = south.another("second");
    second.enrol(&town.url(), &code_in(&run.stdout)).or_panic();
    sit_down(&second);
    second.must(&["receive"]);
    assert_eq!(second.states("inbox"), ["arrived"], "sealed before it was there");
    let [first, other] = [south.identity(), second.identity()];
    assert_eq!(first.key.certificate(), other.key.certificate());
    assert_ne!(first.terminal.certificate(), other.terminal.certificate());
    assert_ne!(first.terminal.pkcs8(), other.terminal.pkcs8());
    let list = terminals(&south);
    assert_eq!(list.len(), 2);
    assert_eq!(list.iter().filter(|terminal| terminal["yours"] == true).count(), 1);
    assert!(list.iter().all(|terminal| terminal["waiting"] == false));
}

#[test]
fn a_terminal_with_the_operators_code_waits_until_another_lets_it_in() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let second = south.another("second");
    let run = second.enrol(&town.url(), &town.code(SOUTH, &[])).or_panic();
    assert!(run.stdout.contains("許可"), "{run:?}");
    second.run(&["receive"]).says("許可を待っています");
    let waiting = terminals(&south).into_iter().find(|terminal| terminal["waiting"] == true).unwrap();
    let (id, fingerprint) = (waiting["id"].as_str().unwrap(), waiting["fingerprint"].as_str().unwrap());
    let shown: String = fingerprint.chars().take(16).collect();
    assert!(run.stdout.replace(' ', "").contains(&shown), "both screens show the same: {run:?}");
    assert_eq!(south.run(&["terminal", "admit", id]).code, Some(1), "not without comparing");
    assert_eq!(south.run(&["terminal", "admit", id, "--fingerprint", "0000 0000 0000 0000"]).code, Some(1));
    second.run(&["receive"]).says("許可を待っています");
    south.must(&["terminal", "admit", id, "--fingerprint", &shown]);
    sit_down(&second);
    second.must(&["receive"]);
    assert!(terminals(&south).iter().all(|terminal| terminal["waiting"] == false));
    north.put_out_reports(1);
    north.must(&["send"]);
    second.must(&["receive"]);
    assert_eq!(second.states("inbox"), ["arrived"]);
}

#[test]
fn the_recovery_code_opens_what_came_when_every_terminal_is_lost() {
    let (town, [north]) = Town::of([NORTH]);
    let south = Office::of(SOUTH, town.dir());
    let run = south.enrol(&town.url(), &town.register(SOUTH)).or_panic();
    let recovery = code_in(run.stdout.split("復旧コード: ").nth(1).unwrap());
    sit_down(&south);
    north.put_out_reports(1);
    eventually("the hub knows south", || north.run(&["send"]).is_fine());
    fs::remove_dir_all(&south.profile).unwrap();

    let replaced = south.another("replaced");
    let code = town.code(SOUTH, &[]);
    let wrong = "0123-4567-89AB-CDEF-GHJK-MNPQ";
    replaced.enrol_with(&town.url(), &["--code", &code, "--recovery-code", wrong]).says("復旧コードが違います");
    replaced.run(&["setup", "--recovery-code", wrong]).says("復旧コードが違います");
    replaced.must(&["setup", "--recovery-code", &recovery]);
    sit_down(&replaced);
    replaced.must(&["receive"]);
    assert_eq!(replaced.states("inbox"), ["arrived"]);
    // A new recovery code takes the place of the old one.
    let run = replaced.must(&["terminal", "recovery"]);
    let newer = code_in(&run.stdout);
    let third = south.another("third");
    let code = town.code(SOUTH, &[]);
    third.enrol_with(&town.url(), &["--code", &code, "--recovery-code", &recovery]).says("復旧コードが違います");
    third.must(&["setup", "--recovery-code", &newer]);
    sit_down(&third);
    third.must(&["receive"]);
}

#[test]
fn an_office_that_lost_every_key_gets_a_new_one_and_its_old_terminals_wait() {
    let (town, [_north, south]) = Town::of([NORTH, SOUTH]);
    let old = south.identity();
    let anew = south.another("anew");
    anew.enrol(&town.url(), &town.code(SOUTH, &["--new-key"])).or_panic();
    sit_down(&anew);
    anew.must(&["receive"]);
    let key = |identity: &Identity| certificate::key_fingerprint(identity.key.certificate()).unwrap();
    assert_ne!(key(&anew.identity()), key(&old));
    south.run(&["receive"]).says("許可を待っています");
    let waiting = terminals(&anew).into_iter().find(|terminal| terminal["waiting"] == true).unwrap();
    anew.must(&[
        "terminal",
        "admit",
        waiting["id"].as_str().unwrap(),
        "--fingerprint",
        waiting["fingerprint"].as_str().unwrap(),
    ]);
    south.must(&["receive"]);
    let identity = south.identity();
    assert_eq!(key(&identity), key(&anew.identity()));
    assert!(identity.older.iter().any(|key| key.certificate() == old.key.certificate()), "what it had still opens");
}

/// Gives an office certificates that end in so many days, as if it had joined long ago.
fn age(town: &Town, office: &Office, days_left: i64) {
    let mut identity = office.identity();
    let full = SignedDuration::from_hours(24 * 700);
    let aged_before = identity.valid_until().unwrap() < Timestamp::now() + full;
    let before = Some(identity.key.clone());
    let home = Home::open(&town.hub_dir()).unwrap();
    let at = Timestamp::now() - SignedDuration::from_hours(24 * (730 - days_left));
    let number = office.number();
    let aged = |key: &SealingKey, kind: Kind| {
        let pem = rcgen_request(key);
        let issued = home.authority.issue(&pem, number, kind, at, 730).unwrap();
        let (serial, der, not_after) = (issued.serial_hex.clone(), issued.der.clone(), issued.not_after);
        let before = certificate::serial_of(key.certificate()).unwrap();
        home.store
            .write_now(move |connection| {
                // The one it really got goes: the office never had it.
                let terminal = directory::terminal_of(connection, &before)?.unwrap_or_default();
                let delete = "DELETE FROM certificate WHERE serial = ?1";
                connection.execute("delete", delete, &[tayori::hub::stores::Value::from(&before)])?;
                let row =
                    Certificate { office: number, kind, terminal: &terminal, serial: &serial, der: &der, not_after };
                directory::add(connection, row, at)
            })
            .unwrap();
        SealingKey::from_der(&issued.der, key.pkcs8()).unwrap()
    };
    identity.terminal = aged(&identity.terminal, Kind::Terminal);
    identity.key = aged(&identity.key, Kind::Office);
    // What it was given when it really joined never was; what it was aged to before has its parcels.
    identity.older.extend(before.filter(|_| aged_before));
    identity.save(&office.profile.join("identity"), &office.vault()).unwrap();
}

/// A signing request for a key that is there, as a terminal makes it to renew.
fn rcgen_request(key: &SealingKey) -> String {
    let pkcs8 = rustls_pki_types::PrivatePkcs8KeyDer::from(key.pkcs8());
    let pair = rcgen::KeyPair::try_from(&pkcs8).unwrap();
    rcgen::CertificateParams::default().serialize_request(&pair).unwrap().pem().unwrap()
}

#[test]
fn s3_certificates_change_over_without_a_failed_send() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let second = south.another("second");
    second.enrol(&town.url(), &code_in(&south.must(&["terminal", "code"]).stdout)).or_panic();
    sit_down(&second);
    let until = |office: &Office| office.identity().valid_until().unwrap();
    // 31 days before the end nothing happens; what is sealed now is sealed to south's old certificate.
    age(&town, &north, 31);
    age(&town, &south, 29);
    eventually("the hub knows the certificates", || north.run(&["receive"]).is_fine());
    let old = until(&north);
    let reports = north.put_out_reports(4);
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| reports[at].clone());
    let send = |report: &std::path::PathBuf| {
        north.queue(std::slice::from_ref(report), &south);
        north.must(&["send", "--to", NORTH.number]);
    };
    send(&a);
    assert_eq!(until(&north), old);
    // Within 30 days, in the midst of sending: north renews with its next round, south has not yet.
    age(&town, &north, 29);
    eventually("the hub knows the certificate", || {
        north.must(&["receive"]);
        until(&north) > old
    });
    let renewed = north.identity();
    assert!(!renewed.older.is_empty(), "the old one stays for what is sealed to it");
    assert_eq!(renewed.key.pkcs8(), renewed.older[0].pkcs8(), "the same key");
    send(&b);
    // South renews; its other terminal, which is not there at the time, still has what it had.
    eventually("south renews", || south.run(&["receive"]).is_fine() && south.identity().older.len() == 1);
    send(&c);
    second.must(&["receive"]);
    send(&d);
    second.must(&["receive"]);
    south.must(&["receive"]);
    for office in [&south, &second] {
        assert_eq!(office.states("inbox"), ["arrived"; 4], "{}", office.profile.display());
    }
    assert_eq!(second.identity().key.certificate(), south.identity().key.certificate(), "taken over");
    north.must(&["receive"]);
    assert_eq!(north.states("sent"), ["arrived"; 4], "no receipt is lost either");
    // The terminals are the same ones as before.
    assert_eq!(terminals(&south).len(), 2);
}

#[test]
fn s4_an_end_that_comes_near_is_said_once_a_step() {
    let (town, [north]) = Town::of([NORTH]);
    age(&town, &north, 50);
    let mut said = Vec::new();
    eventually("the hub knows the certificates", || {
        let run = north.run(&["receive"]);
        said.push(run.stdout + &run.stderr);
        run.code == Some(0)
    });
    said.push(north.must(&["receive"]).stdout);
    let told = said.iter().filter(|said| said.contains("電子証明書の期限まで、あと49日です")).count();
    assert_eq!(told, 1, "{said:?}");
}

/// A question for mail that the hub holds; what came back, and how long it took. It begins when all that was done before has
/// been told: other nodes, and the hub's own look each second, may ring for it once more.
pub fn held_poll(town: &Town, office: &Office, wait: u64) -> std::thread::JoinHandle<(String, Duration)> {
    eventually("nothing is told any more", || poll(town, office, 2).join().unwrap().1 >= Duration::from_secs(2));
    poll(town, office, wait)
}

fn poll(town: &Town, office: &Office, wait: u64) -> std::thread::JoinHandle<(String, Duration)> {
    let (address, config, token) = (town.address(), office.identity().client_config().unwrap(), office.token());
    std::thread::spawn(move || {
        let name = "127.0.0.1".try_into().unwrap();
        let connection = rustls::ClientConnection::new(std::sync::Arc::new(config), name).unwrap();
        let mut tls = rustls::StreamOwned::new(connection, TcpStream::connect(address).unwrap());
        let began = Instant::now();
        let ask = format!(
            "GET /v1/inbox?after=0&wait={wait} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        );
        tls.write_all(ask.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = tls.read_to_end(&mut answer);
        (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
    })
}

#[test]
fn s5_a_revoked_terminal_is_out_within_a_minute() {
    let (town, [north, south]) = Town::of([NORTH, SOUTH]);
    let second = south.another("second");
    second.enrol(&town.url(), &code_in(&south.must(&["terminal", "code"]).stdout)).or_panic();
    sit_down(&second);
    second.must(&["receive"]);
    let identity = second.identity();
    let kept_alive = crate::crooked::client_of(identity.client_config().unwrap());
    let ask = || kept_alive.get(format!("{}/v1/crl", town.url())).send().map(|answer| answer.status().as_u16());
    assert_eq!(ask().unwrap(), 200);
    let poll = held_poll(&town, &second, 30);
    std::thread::sleep(Duration::from_millis(300));

    let id = certificate::serial_of(identity.terminal.certificate()).unwrap();
    let revoked = Instant::now();
    south.must(&["terminal", "revoke", &id]);
    let (answer, _) = poll.join().unwrap();
    assert!(revoked.elapsed() < Duration::from_secs(25), "it did not wait for its end: {:?}", revoked.elapsed());
    assert!(!answer.starts_with("HTTP/1.1 200"), "the question that was held is not answered: {answer}");
    eventually("the kept connection is closed to it", || ask().ok() == Some(403));
    eventually("a new one is refused", || {
        let fresh = crate::crooked::client_of(identity.client_config().unwrap());
        fresh.get(format!("{}/v1/crl", town.url())).send().is_err()
    });
    assert!(revoked.elapsed() < Duration::from_secs(60), "{:?}", revoked.elapsed());
    second.run(&["receive"]).says("電子証明書が受け付けられませんでした");
    // The office's other terminal is as before.
    north.put_out_reports(1);
    north.must(&["send"]);
    south.must(&["receive"]);
    assert_eq!(files_in(&south.import), [(report_name(0), report(0))]);
    // And the operator can do the same, by the beginning of the id.
    let id = certificate::serial_of(south.identity().terminal.certificate()).unwrap();
    town.operator(&["terminal", "revoke", id.get(..12).unwrap()]);
    eventually("south is out", || !south.run(&["receive"]).is_fine());
}

#[test]
fn a_list_of_offices_is_taken_whole_or_not_at_all() {
    let (town, []) = Town::of([]);
    let list = town.dir().join("list.csv");
    let rows =
        format!("事業所番号,サービス種類,名前\r\n{},11,北\r\n{},43,南\r\n317,11,西\r\n", NORTH.number, SOUTH.number);
    fs::write(&list, &rows).unwrap();
    let import = |more: &[&str]| {
        let mut command = std::process::Command::new(crate::world::TAYORI_HUB);
        command.arg("--dir").arg(town.hub_dir()).args(["office", "import", text(&list)]).args(more);
        crate::world::finish(&mut command)
    };
    let run = import(&[]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("4 行目"), "{run:?}");
    assert_eq!(town.operator(&["office", "list", "--json"]).json(), serde_json::json!([]));
    fs::write(&list, rows.replace("317,11,西\r\n", "")).unwrap();
    let letters = town.dir().join("letters");
    import(&["--letters", text(&letters)]).or_panic();
    assert_eq!(town.operator(&["office", "list", "--json"]).json().as_array().unwrap().len(), 2);
    let letter = fs::read_to_string(letters.join(format!("{}.txt", NORTH.number))).unwrap();
    let north = Office::of(NORTH, town.dir());
    north.enrol(&town.url(), &code_in(&letter)).or_panic();
    assert_eq!(north.profile().settings.office_name, "北");
}

#[test]
fn s6_cannot_check_is_not_revoked() {
    let (mut town, [north, south]) = Town::of([NORTH, SOUTH]);
    north.put_out_reports(1);
    north.must(&["send"]);
    let long_ago = Timestamp::now() - SignedDuration::from_hours(24 * 8);

    // At a receiver: the revocation list is missing, unreadable, or out of date. The parcel waits and is not refused.
    let authority = Authority::open(&town.hub_dir().join("ca")).unwrap();
    let stale = authority.crl(&[], 1, long_ago).unwrap();
    for list in [Vec::new(), b"none today".to_vec(), stale] {
        let _crooked = crate::crooked::Crooked::before(&town, &south, move |request| {
            let list = list.clone();
            if request.is("GET", "/v1/crl") {
                crate::crooked::Deed::Change(Box::new(move |mut answer| {
                    answer.body = list.clone();
                    answer
                }))
            } else {
                crate::crooked::Deed::Pass
            }
        });
        south.run(&["receive"]).says("有効かどうかを、いまは確かめられません");
        assert_eq!(south.list("inbox").len(), 0, "neither delivered nor refused");
    }
    south.call_instead(&town.url());

    // At the hub: its list is out of date and it cannot make a new one. Nobody gets in, and nobody is called revoked.
    town.kill_hub();
    let home = Home::open(&town.hub_dir()).unwrap();
    let hub = tayori::hub::Hub::new(home.store, home.authority, 1 << 20, long_ago).unwrap();
    let blocked = rusqlite::Connection::open(town.hub_dir().join("hub.db")).unwrap();
    blocked.busy_timeout(Duration::from_secs(10)).unwrap();
    blocked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let running = tayori::hub::start(hub, &["127.0.0.1".into()], town.address()).unwrap();
    let run = south.run(&["receive"]);
    run.says("有効かどうかを、いまは確かめられません");
    assert!(run.stderr.contains("無効と決まったわけではありません"), "{run:?}");
    assert!(!run.stderr.contains("受け付けられませんでした"), "{run:?}");
    drop(blocked);
    eventually("the hub has a new list", || south.run(&["receive"]).is_fine());
    assert_eq!(south.states("inbox"), ["arrived"]);
    running.stop();
}
