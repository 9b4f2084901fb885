//! `tayori notices`: what a terminal without a window needs for telling a phone or a mailbox.

use clap::Subcommand;

use super::ask::{self, Typed};
use super::{Outcome, tell};
use crate::engine::profile::{Profile, ProfileError};
use crate::notice;
use crate::words::{Lang, outside as w};

/// The mail server's password, of programs that have nobody to ask.
const MAIL_PASSWORD: &str = "TAYORI_MAIL_PASSWORD";

/// 携帯電話やメールへの知らせ（知らせ先は settings.toml の [notices] に書きます）
#[derive(Debug, clap::Args)]
pub struct NoticesArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// メールのパスワードを、この端末の金庫にしまいます
    ///
    /// 画面に出さずにたずねます。人がいないときは環境変数 TAYORI_MAIL_PASSWORD か標準入力の1行から読みます。空にすると忘れます。
    MailPassword,
    /// 試しの知らせを、選んである知らせ先に送ります
    Try,
}

pub fn run(args: &NoticesArgs, profile: &Profile) -> Result<Outcome, ProfileError> {
    match args.what {
        What::MailPassword => keep_password(profile),
        What::Try => Ok(try_out(profile)),
    }
}

fn keep_password(profile: &Profile) -> Result<Outcome, ProfileError> {
    let Ok(password) = ask::secret("メールのパスワード", MAIL_PASSWORD, Typed::Once) else {
        eprintln!("パスワードを読み取れませんでした。もう一度お試しください。");
        return Ok(Outcome::Troubled);
    };
    profile.keep_mail_password(&password)?;
    eprintln!(
        "{}",
        if password.reveal().is_empty() {
            "パスワードを忘れました。"
        } else {
            "パスワードをしまいました。"
        }
    );
    Ok(Outcome::Fine)
}

fn try_out(profile: &Profile) -> Outcome {
    let habits = &profile.settings.notices;
    let failures = notice::try_outside(Lang::Ja, habits, profile.dir());
    failures.iter().for_each(tell);
    let ways = usize::from(habits.webhook.is_some()) + usize::from(habits.mail.is_some());
    if failures.is_empty() && ways > 0 {
        let said = w::trial_told(Lang::Ja, ways);
        eprintln!("{}{}", said.what, said.todo);
        return Outcome::Fine;
    }
    if ways == 0 {
        eprintln!("知らせ先がまだ書かれていません。settings.toml の [notices] に webhook か mail を書いてください。");
    }
    Outcome::Troubled
}
