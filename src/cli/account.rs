//! `tayori account`: the office's accounts, kept by its 管理者.

use std::io::{self, Write};

use clap::ValueEnum;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ask::{self, NEW_PASSWORD, PASSWORD, Typed};
use super::login::{answered, asked, entered, link, refused};
use super::{Format, Outcome, tell};
use crate::engine::people::user_id;
use crate::engine::profile::{Profile, ProfileError};
use crate::link::LinkError;
use crate::wire::{Account, AccountChange, NewAccount, PasswordChange, Role, UserId};

/// 利用者の登録（管理者としてログインして行います。password と first はだれでも）
#[derive(Debug, clap::Args)]
#[command(
    after_help = "新しいパスワードは、画面に出さずに2回たずねます。人がいないときは環境変数 TAYORI_PASSWORD か標準入力の1行から読みます（password では、いまのものが TAYORI_PASSWORD、新しいものが TAYORI_NEW_PASSWORD）。"
)]
pub struct AccountArgs {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, clap::Subcommand)]
enum AccountCommand {
    /// 事業所の最初の利用者（管理者）を登録して、ログインします
    First {
        /// 利用者ID（省略するとたずねます）
        #[arg(long, value_name = "利用者ID")]
        user: Option<String>,
    },
    /// 利用者を登録します
    Add {
        #[arg(value_name = "利用者ID")]
        user: String,
        /// 役割
        #[arg(long, value_enum, default_value_t = RoleArg::Staff)]
        role: RoleArg,
    },
    /// 利用者を一覧にします
    List {
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// 利用者のパスワードを付け直します（忘れたとき）
    Reset {
        #[arg(value_name = "利用者ID")]
        user: String,
    },
    /// 役割を変えます
    Role {
        #[arg(value_name = "利用者ID")]
        user: String,
        #[arg(value_enum, value_name = "役割")]
        role: RoleArg,
    },
    /// まちがいが続いて使えなくなった利用者を、また使えるようにします
    Unlock {
        #[arg(value_name = "利用者ID")]
        user: String,
    },
    /// 利用者を消します
    Remove {
        #[arg(value_name = "利用者ID")]
        user: String,
    },
    /// 自分のパスワードを変えます
    Password,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RoleArg {
    /// 管理者
    Admin,
    /// 担当者
    Staff,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Admin => Role::Admin,
            RoleArg::Staff => Role::Staff,
        }
    }
}

pub fn run(args: &AccountArgs, profile: &Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    let link = link(profile)?;
    let new_password = |variable| answered(ask::secret("新しいパスワード", variable, Typed::Twice));
    let changed = |user: &str, change: AccountChange, done: &str| {
        with_user(user, |user| said(link.change_account(&user, &change).map(|_| ()), &format!("{user} {done}")))
    };
    Ok(match &args.command {
        AccountCommand::First { user } => {
            let Some((user, password)) = answered(asked(user.as_deref(), None, Typed::Twice)) else {
                return Ok(Outcome::Troubled);
            };
            with_user(&user, |user| entered(link.first_account(&user, &password), user.as_str()))
        }
        AccountCommand::Add { user, role } => {
            let Some(password) = new_password(PASSWORD) else { return Ok(Outcome::Troubled) };
            let new = NewAccount { user: user.clone(), password, role: (*role).into() };
            said(link.add_account(&new).map(|_| ()), &format!("{user} を登録しました。"))
        }
        AccountCommand::List { format } => match link.accounts() {
            Ok(accounts) => {
                // The only way this fails is a reader that has seen enough and closed the pipe.
                let _ = write(&accounts, *format, Timestamp::now(), out);
                Outcome::Fine
            }
            Err(error) => refused(&error),
        },
        AccountCommand::Reset { user } => {
            let Some(password) = new_password(PASSWORD) else { return Ok(Outcome::Troubled) };
            let change = AccountChange { password: Some(password), ..AccountChange::default() };
            changed(user, change, "のパスワードを付け直しました。")
        }
        AccountCommand::Role { user, role } => {
            let change = AccountChange { role: Some((*role).into()), ..AccountChange::default() };
            changed(user, change, "の役割を変えました。")
        }
        AccountCommand::Unlock { user } => {
            changed(user, AccountChange { unlock: true, ..AccountChange::default() }, "を使えるようにしました。")
        }
        AccountCommand::Remove { user } => {
            with_user(user, |user| said(link.remove_account(&user), &format!("{user} を消しました。")))
        }
        AccountCommand::Password => {
            let Some(old) = answered(ask::secret("いまのパスワード", PASSWORD, Typed::Once)) else {
                return Ok(Outcome::Troubled);
            };
            let Some(new) = new_password(NEW_PASSWORD) else { return Ok(Outcome::Troubled) };
            said(link.change_password(&PasswordChange { old, new }), "パスワードを変えました。")
        }
    })
}

fn with_user(typed: &str, run: impl FnOnce(UserId) -> Outcome) -> Outcome {
    match user_id(typed) {
        Ok(user) => run(user),
        Err(failure) => {
            tell(&failure);
            Outcome::Troubled
        }
    }
}

fn said(result: Result<(), LinkError>, done: &str) -> Outcome {
    match result {
        Ok(()) => {
            eprintln!("{done}");
            Outcome::Fine
        }
        Err(error) => refused(&error),
    }
}

fn write(accounts: &[Account], format: Format, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    if format == Format::Json {
        return writeln!(out, "{}", serde_json::to_string(accounts).unwrap_or_default());
    }
    let local = |at: Timestamp| at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string();
    accounts.iter().try_for_each(|account| {
        let role = match account.role {
            Role::Admin => "管理者",
            Role::Staff => "担当者",
        };
        let last = account.last_login_at.map_or("まだログインしていません".to_owned(), local);
        let locked = match account.locked_until {
            Some(until) if now < until => format!("  {} まで使えません", local(until)),
            _ => String::new(),
        };
        writeln!(out, "{}  {role}  {last}{locked}", account.user)
    })
}
