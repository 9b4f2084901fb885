//! `tayori setup` by a code or a certificate: one command from the letter to a terminal that works.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{Outcome, tell, unlock};
use crate::engine::enrol::{self, By, Entered, Entry, Step};
use crate::engine::profile::{Profile, ProfileError};
use crate::identity::store;
use crate::words::Lang;
use crate::words::opening::set_up_refused;

/// For programs without a person.
const P12_PASSWORD: &str = "TAYORI_P12_PASSWORD";

/// A code as it was given, or the first line of the standard input.
pub(super) fn code(given: &str) -> anyhow::Result<By> {
    if given != "-" {
        return Ok(By::Code(Zeroizing::new(given.to_owned())));
    }
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line).context("コードを読めませんでした。もう一度お試しください。")?;
    Ok(By::Code(line))
}

/// A certificate file, with its password asked for.
pub(super) fn file(path: &Path, authority: &str) -> anyhow::Result<By> {
    let password = match std::env::var(P12_PASSWORD) {
        Ok(password) => password,
        Err(_) if io::stdin().is_terminal() => rpassword::prompt_password("証明書のファイルのパスワード: ")
            .context("パスワードを読めませんでした。もう一度お試しください。")?,
        Err(_) => String::new(),
    };
    Ok(By::File { path: path.to_owned(), password: Zeroizing::new(password), authority: authority.to_owned() })
}

pub(super) fn enter(dir: &Path, entry: &Entry) -> Outcome {
    // The vault is opened, or made, by whoever sits here; from then on it opens by itself.
    let made = std::fs::create_dir_all(dir).map_err(|source| ProfileError::Io { path: dir.to_owned(), source });
    if let Err(error) = made.and_then(|()| unlock::vault(dir)) {
        tell(&error.failure());
        return Outcome::Troubled;
    }
    let say = &mut |step| match step {
        Step::Trying => println!("証明書の鍵を確かめています。Windows の画面が出たら、その案内に従ってください…"),
        Step::Keys => println!("鍵を作っています…"),
        Step::Asking => println!("連携基盤に登録しています…"),
        Step::Keeping => println!("証明書を入れています…"),
    };
    match enrol::enter(store::system(), dir, entry, Timestamp::now(), say) {
        Ok(Entered::Member { office_name, terminal_name, recovery }) => {
            println!("{office_name} の端末「{terminal_name}」として送受信できます。");
            if let Some(code) = recovery {
                println!();
                println!("復旧コード: {code}");
                println!("すべての端末が使えなくなったとき、これまでのデータを開くのに要ります。");
                println!("紙に控え、金庫など人目に触れない所に保管してください。もう一度は表示されません。");
            }
            Outcome::Fine
        }
        Ok(Entered::Waiting { fingerprint, can_recover }) => {
            println!("登録しました。事業所のデータを開くには、使っている端末での許可が要ります。");
            println!("  使っている端末で: tayori terminal admit （またはその画面の「端末」）");
            println!("  この端末の番号: {}", short(&fingerprint));
            println!("許可されたら、tayori receive で受け取りが始まります。");
            if can_recover {
                println!("使える端末がないときは: tayori setup --recovery-code 復旧コード");
            }
            Outcome::Fine
        }
        Err(failure) => {
            let sentence = set_up_refused(Lang::Ja, &failure);
            eprintln!("{}{}", sentence.what, sentence.todo);
            Outcome::Troubled
        }
    }
}

pub(super) fn recover(dir: &Path, code: &str) -> Outcome {
    let opened = Profile::open(dir).and_then(|profile| unlock::vault(dir).map(|_| profile));
    match opened.map_err(|error| error.failure()).and_then(|profile| enrol::recover(&profile, code).map(|()| profile)) {
        Ok(profile) => {
            println!("復旧しました。{} として送受信できます。", profile.settings.office_name);
            Outcome::Fine
        }
        Err(failure) => {
            tell(&failure);
            Outcome::Troubled
        }
    }
}

/// Where the terminal waits to be let in, looks whether it has been. What stands in the way is said by whatever is done
/// next, which needs the office's keys.
pub(super) fn admitted(profile: Profile) -> Profile {
    if matches!(enrol::waiting_fingerprint(&profile), Ok(Some(_))) {
        match enrol::look_for_admission(&profile, Timestamp::now()) {
            Ok(true) => eprintln!("この端末は許可されました。"),
            Ok(false) => {}
            Err(failure) => {
                tracing::warn!(failure = failure.code(), "it is not known whether this terminal was let in")
            }
        }
    }
    profile
}

/// What people compare: the first sixteen digits, in groups.
pub(super) fn short(fingerprint: &str) -> String {
    let digits: Vec<char> = fingerprint.chars().take(16).collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}
