//! What both stores, the client's history and the hub's, ask of SQLite.

pub mod chain;

use std::sync::Once;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

/// How long a writer waits for another program's.
const PATIENCE: Duration = Duration::from_secs(10);

/// SQLCipher is ready within some milliseconds. If it never is, opening a file says why.
const MOST_LOOKS: usize = 1_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Why a file could not be brought to this program's schema.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("the file is of a newer version ({found}) than this program knows ({known})")]
    Newer { found: usize, known: usize },
    #[error("cannot {step}")]
    Statement { step: &'static str, source: rusqlite::Error },
}

/// Waits until encrypted files can be opened. SQLite calls itself ready a moment before SQLCipher, which it brings along, is: a
/// second thread that opened an encrypted file in that moment of a program's life would be refused.
pub fn await_cipher() {
    static READY: Once = Once::new();
    READY.call_once(|| {
        // The first connection of all makes SQLCipher ready; where another thread has it, this one is refused for a moment.
        let is_ready = || {
            let connection = Connection::open_in_memory()?;
            connection.pragma_update(None, "key", "x'00'")?;
            connection.pragma_query_value(None, "cipher_provider", |row| row.get::<_, String>(0))
        };
        for _ in 0..MOST_LOOKS {
            match is_ready() {
                Ok(_) => return,
                Err(error) => tracing::debug!(%error, "SQLCipher is not ready yet"),
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
    });
}

/// Makes a connection wait for others and, when it may write, makes what it commits survive a power cut.
pub fn set_up(connection: &Connection, writes: bool) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    if writes {
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
    }
    Ok(())
}

/// Makes the changes of `migrations` that were not made yet; `PRAGMA user_version` counts how many were.
pub fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), MigrateError> {
    let failed = |step| move |source| MigrateError::Statement { step, source };
    let version = |c: &Connection| c.query_row("PRAGMA user_version", [], |row| row.get::<_, usize>(0));
    // Most of the time there is nothing to do, and a full disk or a busy neighbour must not stand in the way of that.
    if version(connection).map_err(failed("read the version"))? == migrations.len() {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed("begin the migration"))?;
    let done = version(&transaction).map_err(failed("read the version"))?;
    if done > migrations.len() {
        return Err(MigrateError::Newer { found: done, known: migrations.len() });
    }
    for migration in migrations.iter().skip(done) {
        transaction.execute_batch(migration).map_err(failed("migrate"))?;
    }
    transaction.pragma_update(None, "user_version", migrations.len()).map_err(failed("write the version"))?;
    transaction.commit().map_err(failed("commit the migration"))
}
