//! The operator's part in the accounts of an office: to let it in again when it has locked itself out.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use jiff::Timestamp;
use tayori::hub::accounts::operator;
use tayori::hub::home::Home;
use tayori::standard::OfficeNumber;
use tayori::wire::{Role, UserId};

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// 事業所の利用者を一覧にします
    List {
        #[arg(value_name = "事業所番号")]
        office: OfficeNumber,
    },
    /// 管理者がだれもログインできなくなった事業所のために、利用者に新しいパスワードを付けて管理者にします
    Reset {
        #[arg(value_name = "事業所番号")]
        office: OfficeNumber,
        #[arg(value_name = "利用者ID")]
        user: UserId,
    },
}

pub fn run(home: &Home, command: &AccountCommand, now: Timestamp) -> anyhow::Result<()> {
    let failed = "利用者の登録を読み書きできませんでした。データのフォルダを読み書きできるか、空きがあるかを確かめ、もう一度お試しください";
    match command {
        AccountCommand::List { office } => {
            for account in operator::list(&home.store, *office).context(failed)? {
                let role = if account.role == Role::Admin { "管理者" } else { "担当者" };
                let locked = if operator::is_locked(&account, now) { "  鎖錠中" } else { "" };
                println!("{}  {role}{locked}", account.user);
            }
        }
        AccountCommand::Reset { office, user } => {
            let Some(password) = operator::reset(&home.store, *office, user).context(failed)? else {
                bail!(
                    "{office} に利用者 {user} は登録されていません。tayori-hub account list {office} で確かめてください。"
                );
            };
            println!("{office} の {user} を管理者にし、パスワードを付け直しました: {}", password.reveal());
            println!(
                "事業所の本人であることを確かめてから伝え、ログインしたらすぐに変えてもらってください（tayori account password）。"
            );
        }
    }
    Ok(())
}
