//! Opens the vault for a command: by itself where that works, else by asking whoever sits there.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::tell;
use crate::engine::profile::{ProfileError, vault_of};
use crate::identity::{Unlock, Vault, VaultError};

/// Who mistypes three times does not know it.
const TRIES: u32 = 3;

pub(super) fn vault(dir: &Path) -> Result<Vault, ProfileError> {
    match vault_of(dir, &Unlock::ByItself) {
        Err(VaultError::Locked { .. }) if somebody_is_there() => Ok(ask(dir, || typed("合言葉: "))?),
        Err(VaultError::PassphraseNeeded { .. }) if somebody_is_there() => {
            eprintln!("この端末のデータを守る合言葉を決めてください。忘れると、この端末のデータは開けなくなります。");
            Ok(ask(dir, chosen)?)
        }
        opened => Ok(opened?),
    }
}

fn ask(dir: &Path, passphrase: impl Fn() -> io::Result<Zeroizing<String>>) -> Result<Vault, VaultError> {
    let mut tries = 1;
    loop {
        let given = passphrase().map_err(|_| VaultError::Locked { path: dir.to_owned() })?;
        match vault_of(dir, &Unlock::Passphrase(given)) {
            Err(error @ (VaultError::WrongPassphrase | VaultError::ShortPassphrase { .. })) if tries < TRIES => {
                tell(&ProfileError::Vault(error).failure());
                tries += 1;
            }
            opened => return opened,
        }
    }
}

/// The same twice, since nobody sees what was typed.
fn chosen() -> io::Result<Zeroizing<String>> {
    loop {
        let first = typed("新しい合言葉: ")?;
        if typed("もう一度: ")? == first {
            return Ok(first);
        }
        eprintln!("2回の合言葉が違います。はじめから入れてください。");
    }
}

fn typed(prompt: &str) -> io::Result<Zeroizing<String>> {
    rpassword::prompt_password(prompt).map(Zeroizing::new)
}

fn somebody_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
