//! The store that the hub's own tests run on: SQLite, and PostgreSQL when `TAYORI_TEST_STORE=postgres` says so. The whole
//! suite runs once with each.

use std::path::Path;

use super::Store;
#[cfg(unix)]
use super::postgres::Address;

#[cfg(unix)]
#[path = "../../../tests/database/mod.rs"]
pub(in crate::hub) mod database;

/// Whether the suite runs on PostgreSQL.
pub fn on_postgres() -> bool {
    std::env::var("TAYORI_TEST_STORE").is_ok_and(|store| store == "postgres")
}

/// A new store.
pub fn store(dir: &Path) -> Store {
    #[cfg(unix)]
    if on_postgres() {
        // Many tests run within a runtime, and the client brings its own.
        return std::thread::spawn(|| Store::connect(&address()).unwrap()).join().unwrap();
    }
    Store::open(&dir.join("hub.db")).unwrap()
}

/// The same store, as a hub that starts anew opens it.
pub fn again(store: &Store, dir: &Path) -> Store {
    match store.shared.clone() {
        Some(address) => std::thread::spawn(move || Store::connect(&address).unwrap()).join().unwrap(),
        None => Store::open(&dir.join("hub.db")).unwrap(),
    }
}

/// The address of a new database; only where there is a PostgreSQL.
#[cfg(unix)]
pub fn address() -> Address {
    Address::new(&database::fresh().expect("PostgreSQL"), None, None).unwrap()
}
