//! `tayori login` and `tayori logout`.

use std::io;

use super::ask::{self, PASSWORD, Typed};
use super::{Outcome, tell};
use crate::engine::people::{of_login, user_id};
use crate::engine::profile::{Profile, ProfileError};
use crate::history::Failure;
use crate::link::{HubLink, Link as _, LinkError};
use crate::wire::Secret;

/// この端末でログインします。いちどログインすると、画面もほかのコマンドも使えます
#[derive(Debug, clap::Args)]
#[command(
    after_help = "パスワードは、画面に出さずにたずねます。人がいないときは環境変数 TAYORI_PASSWORD か標準入力の1行から読みます。"
)]
pub struct LoginArgs {
    /// 利用者ID（省略するとたずねます）
    #[arg(long, value_name = "利用者ID")]
    user: Option<String>,
}

/// この端末のログインを終わります。送信待ちや届いたものは残ります
#[derive(Debug, clap::Args)]
pub struct LogoutArgs {}

pub fn log_in(args: &LoginArgs, profile: &Profile) -> Result<Outcome, ProfileError> {
    let link = link(profile)?;
    let last = profile.history()?.last_user()?.map(|user| user.to_string());
    let Some((user, password)) = answered(asked(args.user.as_deref(), last.as_deref(), Typed::Once)) else {
        return Ok(Outcome::Troubled);
    };
    Ok(entered(link.log_in(&user, &password), &user))
}

pub fn log_out(_: &LogoutArgs, profile: &Profile) -> Result<Outcome, ProfileError> {
    match link(profile)?.log_out() {
        Ok(()) => {
            eprintln!("ログインを終わりました。");
            Ok(Outcome::Fine)
        }
        Err(error) => {
            tracing::error!(%error, "the hub was not told of the logout");
            eprintln!("この端末のログインは終わりましたが、連携基盤には伝わっていません。時間がたてば無効になります。");
            Ok(Outcome::Troubled)
        }
    }
}

/// After the setup: makes the office's first account, or logs in with one that is there.
pub(super) fn first_or_log_in(profile: &Profile, user: &str) -> Result<Outcome, ProfileError> {
    let link = link(profile)?;
    let first = match link.facts() {
        Ok(facts) => facts.first_account,
        Err(error) => return Ok(refused(&error)),
    };
    let typed = if first { Typed::Twice } else { Typed::Once };
    let Some((user, password)) = answered(asked(Some(user), None, typed)) else { return Ok(Outcome::Troubled) };
    if !first {
        return Ok(entered(link.log_in(&user, &password), &user));
    }
    match user_id(&user) {
        Ok(id) => Ok(entered(link.first_account(&id, &password), &user)),
        Err(failure) => {
            tell(&failure);
            Ok(Outcome::Troubled)
        }
    }
}

pub(super) fn link(profile: &Profile) -> Result<HubLink, ProfileError> {
    profile.link(&profile.terminal()?.identity)
}

pub(super) fn asked(user: Option<&str>, last: Option<&str>, typed: Typed) -> io::Result<(String, Secret)> {
    let user = match user {
        Some(user) => user.to_owned(),
        None => ask::name("利用者ID", last)?,
    };
    Ok((user, ask::secret("パスワード", PASSWORD, typed)?))
}

/// What was asked for; where nothing was answered, that is said.
pub(super) fn answered<T>(asked: io::Result<T>) -> Option<T> {
    asked
        .inspect_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => eprintln!("{error}。もう一度行ってください。"),
            _ => eprintln!("入力を読めませんでした。もう一度行ってください。"),
        })
        .ok()
}

pub(super) fn entered(result: Result<(), LinkError>, user: &str) -> Outcome {
    match result {
        Ok(()) => {
            eprintln!("{user} としてログインしました。");
            Outcome::Fine
        }
        Err(error) => refused(&error),
    }
}

pub(super) fn refused(error: &LinkError) -> Outcome {
    let failure = of_login(error);
    tracing::error!(failure = Failure::code(&failure), "the hub did not do it");
    tell(&failure);
    Outcome::Troubled
}
