use std::fs;

use super::*;
use crate::hub::authority::{Authority, OFFICE_DAYS};
use crate::parcel::{seal, sha256_hex};

const NORTH: &str = "3170000010";
const SOUTH: &str = "3170000028";

fn vault() -> Vault {
    Vault::in_memory().unwrap()
}

fn number(text: &str) -> OfficeNumber {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    "2026-11-21T03:00:00Z".parse().unwrap()
}

fn authority(dir: &Path) -> Authority {
    Authority::create(&dir.join("ca"), "Made-up CA", now()).unwrap()
}

fn enrolled(authority: &Authority, office: &str, at: Timestamp) -> Identity {
    let request = request(number(office)).unwrap();
    let issued = authority.issue_office(&request.csr_pem, number(office), at, OFFICE_DAYS).unwrap();
    request.answered(issued.pem.as_bytes(), authority.certificate_pem().as_bytes()).unwrap()
}

#[test]
fn an_identity_is_saved_and_loaded_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let authority = authority(dir.path());
    let made = enrolled(&authority, NORTH, now());
    let home = dir.path().join("not/there/yet");
    let vault = vault();
    made.save(&home, &vault).unwrap();
    let loaded = Identity::load(&home, &vault).unwrap();
    assert_eq!((loaded.office, &loaded.roots), (number(NORTH), &made.roots));
    assert_eq!((loaded.key.certificate(), loaded.key.pkcs8()), (made.key.certificate(), made.key.pkcs8()));
    assert_eq!(loaded.check(number(NORTH), now()).ok(), Some(()));
    let crl = authority.crl(&[], 1, now()).unwrap();
    let to_itself = CertificateDer::from(loaded.key.certificate().to_vec());
    let sealed = seal(b"x", &loaded.key, &[to_itself], now()).unwrap();
    assert!(parcel::open(&sealed, &loaded.key, &loaded.trust(Some(&crl), now())).is_ok());
    assert!(parcel::open(&sealed, &loaded.key, &loaded.trust(None, now())).is_err());
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
    enrolled(&authority(dir.path()), NORTH, now()).save(&home, &vault()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home), 0o700);
    for name in ["key.sealed", CERTIFICATE, ROOTS] {
        assert_eq!(mode(&home.join(name)), 0o600, "{name}");
    }
    assert_eq!(fs::read_dir(&home).unwrap().count(), 3, "nothing half-written stays behind");
}

#[test]
fn a_request_shows_the_office_and_never_the_key() {
    let request = request(number(NORTH)).unwrap();
    assert!(request.csr_pem.starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
    assert!(!format!("{request:?}").contains("pkcs8"));
    let digest = sha256_hex(&request.pkcs8);
    assert_ne!(digest, sha256_hex(&super::request(number(NORTH)).unwrap().pkcs8), "a new key each time");
}

#[test]
fn a_key_never_shows_in_debug_output() {
    let dir = tempfile::tempdir().unwrap();
    let identity = enrolled(&authority(dir.path()), NORTH, now());
    let shown = format!("{identity:?}");
    assert!(shown.contains(NORTH) && !shown.contains("pkcs8: "), "{shown}");
    let bytes: Vec<String> = identity.key.pkcs8()[..8].iter().map(u8::to_string).collect();
    assert!(!shown.contains(&bytes.join(", ")));
}

#[test]
fn each_missing_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let identity = enrolled(&authority(dir.path()), NORTH, now());
    let vault = vault();
    for name in [KEY, CERTIFICATE, ROOTS] {
        let home = dir.path().join(format!("without-{name}"));
        identity.save(&home, &vault).unwrap();
        fs::remove_file(home.join(name.replace(KEY, "key.sealed"))).unwrap();
        let error = Identity::load(&home, &vault).unwrap_err();
        assert!(matches!(&error, IdentityError::Missing { path } if path.ends_with(name)), "{error:?}");
    }
}

#[test]
fn a_file_that_holds_something_else_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let identity = enrolled(&authority(dir.path()), NORTH, now());
    let broken_pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let vault = vault();
    let with = |name: &str, text: &str| {
        identity.save(&home, &vault).unwrap();
        if name == KEY {
            fs::remove_file(home.join("key.sealed")).unwrap();
        }
        fs::write(home.join(name), text).unwrap();
        let error = Identity::load(&home, &vault).unwrap_err();
        fs::remove_dir_all(&home).unwrap();
        error
    };
    for garbage in ["", "garbage", "-----BEGIN CERTIFICATE-----\nnever ended", "\u{FEFF}\0\u{1F}"] {
        assert!(matches!(with(KEY, garbage), IdentityError::NoKey { path } if path.ends_with(KEY)));
        assert!(
            matches!(with(CERTIFICATE, garbage), IdentityError::NoCertificate { path } if path.ends_with(CERTIFICATE))
        );
        assert!(matches!(with(ROOTS, garbage), IdentityError::NoRoots { path } if path.ends_with(ROOTS)));
    }
    assert!(matches!(with(CERTIFICATE, broken_pem), IdentityError::Unusable(KeyError::Certificate(_))));
    assert!(matches!(with(ROOTS, broken_pem), IdentityError::NoRoots { .. }));
    let broken_key = broken_pem.replace("CERTIFICATE", "PRIVATE KEY");
    assert!(matches!(with(KEY, &broken_key), IdentityError::Unusable(KeyError::Unreadable)));
}

#[test]
fn a_folder_in_a_files_place_is_a_read_error_and_not_missing() {
    let dir = tempfile::tempdir().unwrap();
    let identity = enrolled(&authority(dir.path()), NORTH, now());
    let (home, vault) = (dir.path().join("home"), vault());
    identity.save(&home, &vault).unwrap();
    fs::remove_file(home.join("key.sealed")).unwrap();
    fs::create_dir(home.join("key.sealed")).unwrap();
    let error = Identity::load(&home, &vault).unwrap_err();
    assert!(matches!(error, IdentityError::Unreadable { .. }), "{error:?}");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let authority = authority(dir.path());
    let vault = vault();
    let [north, south] = [NORTH, SOUTH].map(|office| {
        let home = dir.path().join(office);
        enrolled(&authority, office, now()).save(&home, &vault).unwrap();
        home
    });
    fs::copy(south.join("key.sealed"), north.join("key.sealed")).unwrap();
    assert!(matches!(Identity::load(&north, &vault), Err(IdentityError::KeyMismatch)));
    let request = request(number(NORTH)).unwrap();
    let others = fs::read(south.join(CERTIFICATE)).unwrap();
    let answered = request.answered(&others, authority.certificate_pem().as_bytes());
    assert!(matches!(answered, Err(IdentityError::KeyMismatch)));
}

#[test]
fn a_certificate_that_names_no_office_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let authority = authority(dir.path());
    let (server, key) = authority.issue_server(&["localhost".into()], now()).unwrap();
    let home = dir.path().join("home");
    let vault = vault();
    enrolled(&authority, NORTH, now()).save(&home, &vault).unwrap();
    fs::write(home.join(CERTIFICATE), server).unwrap();
    fs::write(home.join(KEY), pem("PRIVATE KEY", &key)).unwrap();
    let error = Identity::load(&home, &vault).unwrap_err();
    assert!(matches!(&error, IdentityError::NoOffice { subject } if subject.contains("Tayori hub")), "{error:?}");
}

#[test]
fn time_and_office_are_judged_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let day = jiff::SignedDuration::from_hours(24);
    let identity = enrolled(&authority(dir.path()), NORTH, now());
    let until = now() + day * OFFICE_DAYS.cast_signed();
    assert_eq!(identity.valid_until().unwrap(), until);
    assert!(identity.check(number(NORTH), until).is_ok());
    let late = identity.check(number(NORTH), until + jiff::SignedDuration::from_secs(1));
    assert!(matches!(late, Err(IdentityError::Expired { until: found }) if found == until));
    assert!(identity.check(number(NORTH), now() - day).is_ok(), "B5: a clock a day slow does not matter");
    let early = identity.check(number(NORTH), now() - day * 2);
    assert!(matches!(early, Err(IdentityError::NotYetValid { from }) if from == now() - day));
    let other = identity.check(number(SOUTH), now());
    assert!(
        matches!(other, Err(IdentityError::OtherOffice { expected, found }) if (expected, found) == (number(SOUTH), number(NORTH)))
    );
}

#[test]
fn saving_again_replaces_and_a_folder_that_is_a_file_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let authority = authority(dir.path());
    let home = dir.path().join("home");
    let vault = vault();
    enrolled(&authority, NORTH, now()).save(&home, &vault).unwrap();
    let renewed = enrolled(&authority, NORTH, now());
    renewed.save(&home, &vault).unwrap();
    assert_eq!(Identity::load(&home, &vault).unwrap().key.certificate(), renewed.key.certificate());
    let taken = dir.path().join("taken");
    fs::write(&taken, "").unwrap();
    assert!(matches!(renewed.save(&taken, &vault), Err(IdentityError::Unwritable { path, .. }) if path == taken));
}

#[test]
fn the_tls_configuration_is_made_and_shows_our_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let identity = enrolled(&authority(dir.path()), NORTH, now());
    let config = identity.client_config().unwrap();
    assert!(config.client_auth_cert_resolver.has_certs());
    let no_roots = Identity { roots: vec![b"none".to_vec().into()], ..identity };
    assert!(matches!(no_roots.client_config(), Err(IdentityError::Tls(_))));
}

#[test]
fn pem_lines_are_as_every_tool_wants_them() {
    let text = pem("X", &[0xff; 50]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines[1].len(), lines[2].len(), lines[3]), ("-----BEGIN X-----", 64, 4, "-----END X-----"));
    assert_eq!(pem("X", &[0xff; 48]).lines().count(), 3);
}

#[test]
fn a_plain_key_of_an_older_version_is_sealed_at_the_first_look() {
    let dir = tempfile::tempdir().unwrap();
    let identity = enrolled(&authority(dir.path()), NORTH, now());
    let (home, vault) = (dir.path().join("home"), vault());
    identity.save(&home, &vault).unwrap();
    // As the version before this one left it.
    fs::remove_file(home.join("key.sealed")).unwrap();
    let plain = pem("PRIVATE KEY", identity.key.pkcs8());
    fs::write(home.join(KEY), &plain).unwrap();
    assert_eq!(Identity::load(&home, &vault).unwrap().key.pkcs8(), identity.key.pkcs8());
    assert!(!home.join(KEY).exists());
    let sealed = fs::read(home.join("key.sealed")).unwrap();
    let middle = plain.lines().nth(1).unwrap().as_bytes();
    assert!(!sealed.windows(middle.len()).any(|part| part == middle), "nothing of the key can be read");

    // Cut off while the plain one was being wiped: what is left of it is no key.
    fs::write(home.join(KEY), vec![0; plain.len()]).unwrap();
    assert_eq!(Identity::load(&home, &vault).unwrap().key.pkcs8(), identity.key.pkcs8());
    assert!(!home.join(KEY).exists());
}
