use std::collections::HashMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const PASSPHRASE: &str = "correct horse battery";

/// A keyring in memory that can be taken away.
#[derive(Default)]
struct Pocket {
    keys: Mutex<HashMap<String, Vec<u8>>>,
    gone: AtomicBool,
}

impl KeyPlace for Pocket {
    fn keep(&self, id: &str, key: &[u8]) -> Result<(), KeyPlaceError> {
        if self.gone.load(Ordering::Relaxed) {
            return Err(KeyPlaceError::Refused("gone".into()));
        }
        self.keys.lock().unwrap().insert(id.to_owned(), key.to_vec());
        Ok(())
    }
    fn take(&self, id: &str) -> Result<Zeroizing<Vec<u8>>, KeyPlaceError> {
        self.keys.lock().unwrap().get(id).cloned().map(Zeroizing::new).ok_or(KeyPlaceError::NoEntry)
    }
    fn forget(&self, id: &str) {
        self.keys.lock().unwrap().remove(id);
    }
}

/// As a new process would: nothing is open yet.
fn forget_all(dir: &Path) {
    let dir = fs::canonicalize(dir).unwrap();
    OPEN.lock().unwrap().get_or_insert_default().retain(|(path, _), _| !path.starts_with(&dir));
}

#[test]
fn a_passphrase_opens_what_it_closed_however_it_is_typed() {
    let dir = tempfile::tempdir().unwrap();
    let made = Vault::create(dir.path(), &Unlock::passphrase(PASSPHRASE)).unwrap();
    let sealed = made.seal("key office", b"secret").unwrap();
    forget_all(dir.path());
    let full_width = "ｃｏｒｒｅｃｔ\u{3000}ｈｏｒｓｅ\u{3000}ｂａｔｔｅｒｙ";
    let opened = Vault::open(dir.path(), &Unlock::passphrase(full_width)).unwrap();
    assert_eq!(opened.unseal("key office", &sealed).unwrap().as_slice(), b"secret");
    assert_eq!(opened.database_key().as_hex(), made.database_key().as_hex());
    assert_eq!(opened.database_key().as_hex().len(), 64);
    assert!(opened.unseal("key terminal", &sealed).is_err(), "one sealed file cannot stand in for another");
}

#[test]
fn a_wrong_passphrase_and_none_are_told_apart_and_open_nothing() {
    let dir = tempfile::tempdir().unwrap();
    Vault::create(dir.path(), &Unlock::passphrase(PASSPHRASE)).unwrap();
    forget_all(dir.path());
    for wrong in ["correct horse batterz", "short", ""] {
        let opened = Vault::open(dir.path(), &Unlock::passphrase(wrong));
        assert!(matches!(opened, Err(VaultError::WrongPassphrase)), "{wrong:?}: {opened:?}");
    }
    let nobody = Unlock::Place(Arc::new(Pocket::default()));
    assert!(matches!(Vault::open(dir.path(), &nobody), Err(VaultError::Locked { .. })));
    let short = Vault::create(&dir.path().join("other"), &Unlock::passphrase("1234567"));
    assert!(matches!(short, Err(VaultError::ShortPassphrase { least: LEAST_PASSPHRASE })));
    assert!(!dir.path().join("other").join(VAULT_FILE).exists());
}

#[test]
fn a_keyring_opens_without_a_person_and_its_loss_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let pocket = Arc::new(Pocket::default());
    let unlock = Unlock::Place(pocket.clone());
    let made = Vault::create(dir.path(), &unlock).unwrap();
    forget_all(dir.path());
    let opened = Vault::open(dir.path(), &unlock).unwrap();
    assert_eq!(opened.database_key().as_hex(), made.database_key().as_hex());
    let text = fs::read_to_string(dir.path().join(VAULT_FILE)).unwrap();
    let key = pocket.keys.lock().unwrap().values().next().unwrap().clone();
    assert!(!text.contains(&hex(&key)), "{text}");

    forget_all(dir.path());
    // A keyring that gives another key must not make everything look damaged.
    pocket.keys.lock().unwrap().values_mut().for_each(|key| key.fill(7));
    assert!(matches!(Vault::open(dir.path(), &unlock), Err(VaultError::Broken { .. })));
    pocket.keys.lock().unwrap().clear();
    assert!(matches!(Vault::open(dir.path(), &unlock), Err(VaultError::Keyring(KeyPlaceError::NoEntry))));
}

#[test]
fn without_a_keyring_somebody_has_to_choose_a_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let pocket = Arc::new(Pocket::default());
    pocket.gone.store(true, Ordering::Relaxed);
    let made = Vault::open_or_create(dir.path(), &Unlock::Place(pocket));
    assert!(matches!(made, Err(VaultError::PassphraseNeeded { .. })), "{made:?}");
    assert!(!dir.path().join(VAULT_FILE).exists());
}

#[test]
fn several_who_make_a_vault_at_once_have_the_same_one() {
    let dir = tempfile::tempdir().unwrap();
    let pocket = Arc::new(Pocket::default());
    let keys: Vec<String> = std::thread::scope(|scope| {
        let make = || {
            let vault = Vault::open_or_create(dir.path(), &Unlock::Place(pocket.clone())).unwrap();
            vault.database_key().as_hex().to_owned()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_eq!(pocket.keys.lock().unwrap().len(), 1, "no key is left that opens nothing");
}

#[test]
fn a_shared_vault_is_found_from_where_the_folder_is() {
    let dir = tempfile::tempdir().unwrap();
    let town = dir.path().join("town");
    let vault = Vault::create(&town, &Unlock::passphrase(PASSPHRASE)).unwrap();
    Vault::share(&town.join("offices/1/profile"), Path::new("../../..")).unwrap();
    let moved = dir.path().join("moved");
    fs::rename(&town, &moved).unwrap();
    let seen = Vault::open(&moved.join("offices/1/profile"), &Unlock::passphrase(PASSPHRASE)).unwrap();
    assert_eq!(seen.database_key().as_hex(), vault.database_key().as_hex());
    // Two that point at each other.
    Vault::share(&dir.path().join("a"), Path::new("../b")).unwrap();
    Vault::share(&dir.path().join("b"), Path::new("../a")).unwrap();
    assert!(matches!(Vault::open(&dir.path().join("a"), &Unlock::ByItself), Err(VaultError::Broken { .. })));
}

#[test]
fn a_vault_that_holds_something_else_is_named_and_never_taken_for_another() {
    let dir = tempfile::tempdir().unwrap();
    Vault::create(dir.path(), &Unlock::passphrase(PASSPHRASE)).unwrap();
    let path = dir.path().join(VAULT_FILE);
    let good = fs::read_to_string(&path).unwrap();
    forget_all(dir.path());
    let greedy = good.replace("memory_kib = 65536", "memory_kib = 4294967295");
    assert_ne!(greedy, good);
    for broken in
        ["", "kept = \"nowhere\"", "\u{0}\u{1}", "kept = \"passphrase\"", &greedy, good.get(..good.len() / 2).unwrap()]
    {
        fs::write(&path, broken).unwrap();
        let opened = Vault::open(dir.path(), &Unlock::passphrase(PASSPHRASE));
        assert!(matches!(opened, Err(VaultError::Broken { .. })), "{broken:?}: {opened:?}");
    }
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(matches!(Vault::open(dir.path(), &Unlock::ByItself), Err(VaultError::Broken { .. })));
}

#[test]
fn a_changed_bit_anywhere_in_something_sealed_is_found() {
    let vault = Vault::in_memory().unwrap();
    let sealed = vault.seal("x", b"some bytes").unwrap();
    for position in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[position] ^= 1;
        assert!(vault.unseal("x", &changed).is_err(), "byte {position}");
    }
    for cut in 0..sealed.len() {
        assert!(vault.unseal("x", &sealed[..cut]).is_err(), "cut at {cut}");
    }
    assert!(Vault::in_memory().unwrap().unseal("x", &sealed).is_err(), "another vault's");
}

#[test]
fn nothing_of_a_key_shows_in_debug_output() {
    let vault = Vault::in_memory().unwrap();
    let shown = format!("{vault:?} {:?} {:?}", vault.database_key(), Unlock::passphrase(PASSPHRASE));
    assert!(!shown.contains(vault.database_key().as_hex()) && !shown.contains(PASSPHRASE), "{shown}");
}
