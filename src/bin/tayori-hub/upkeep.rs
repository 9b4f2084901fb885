//! What keeps a hub going for years: a backup, a restore, a look whether all is well.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use tayori::hub::backup::{self, BackupError};
use tayori::hub::check::{self, Checked, Fault};
use tayori::hub::home::{Home, StoreChoice};
use tayori::hub::stores::moving::{MoveError, Moved};
use tayori::hub::stores::{Store, StoreError};

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// 控えを書く先（まだないファイル）
    #[arg(value_name = "ファイル")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// tayori-hub backup で作った控え
    #[arg(value_name = "ファイル")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// プログラムが読む JSON で出します
    #[arg(long)]
    json: bool,
}

pub fn back_up(dir: &Path, choice: &StoreChoice, args: &BackupArgs, now: Timestamp) -> anyhow::Result<()> {
    if Home::settings(dir).is_ok_and(|settings| !matches!(choice.address(dir, &settings), Ok(None))) {
        bail!(
            "データは PostgreSQL にあります。控えは PostgreSQL の道具（pg_dump、pg_basebackup と WAL）で取り、このフォルダの ca と hub.toml も合わせて保管してください（docs/operator.md）"
        );
    }
    let file = args.file.display();
    let made = backup::backup(dir, &args.file, now).map_err(|error| {
        let hint = match &error {
            BackupError::Exists(_) => format!("「{file}」はもうあります。別の名前を指定してください"),
            BackupError::Home(_) => "控えを作れませんでした。--dir が正しいかを確かめてください".to_owned(),
            _ => format!("控え「{file}」を作れませんでした。書き込めるか、空きがデータの2倍あるかを確かめてください"),
        };
        anyhow::Error::new(error).context(hint)
    })?;
    println!("控えを {file} に作りました（データ {} 通、{}）。", made.parcels, made.made_at);
    println!("認証局の鍵が入っています。鍵のかかる場所に移し、ほかの人に読ませないでください。");
    Ok(())
}

pub fn restore(dir: &Path, args: &RestoreArgs, now: Timestamp) -> anyhow::Result<()> {
    let (file, place) = (args.file.display(), dir.display());
    let (made, checked) = backup::restore(&args.file, dir, now).map_err(|error| {
        let hint = match &error {
            BackupError::Exists(_) => {
                format!("「{place}」は空ではありません。空のフォルダか、まだないフォルダを --dir に指定してください")
            }
            BackupError::NotABackup { .. } => {
                format!("「{file}」は連携基盤の控えではないか、壊れています。ほかの控えをお使いください")
            }
            _ => format!("「{place}」に戻せませんでした。読み書きできるか、空きがあるかを確かめてください"),
        };
        anyhow::Error::new(error).context(hint)
    })?;
    println!("{} の控えを {place} に戻しました（データ {} 通）。", made.made_at, made.parcels);
    println!(
        "控えより後に受け付けたデータは入っていません。送り主の一覧では「受付済」のまま進まないので、送り直してもらってください。"
    );
    say(&checked)
}

/// Everything of the folder's SQLite file goes into the PostgreSQL that was named.
pub fn move_over(dir: &Path, choice: &StoreChoice) -> anyhow::Result<()> {
    let settings = Home::settings(dir)
        .with_context(|| format!("「{}」に連携基盤がありません。--dir を確かめてください", dir.display()))?;
    let to = choice.address(dir, &settings).context(
        "移す先を読めませんでした。--store に postgres://利用者@場所/データベース を指定してください。ほかの機械のときは hub.toml に store_ca も要ります",
    )?;
    let to = to.context("移す先を --store に postgres://利用者@場所/データベース で指定してください")?;
    let file = dir.join("hub.db");
    if !file.exists() {
        bail!("「{}」がありません。移すものがないか、--dir が違います", file.display());
    }
    let store = Store::connect(&to).context("移す先につながりませんでした。場所とパスワードを確かめてください")?;
    let moved = store.take_over(&file).map_err(|error| {
        let hint = match &error {
            MoveError::Store(StoreError::Newer { .. }) => "この hub.db は、もう移し終わっています",
            MoveError::NotEmpty => "移す先は空ではありません。空のデータベースを指定してください",
            _ => {
                "移せませんでした。移す先には何も残っていません。連携基盤を止め、空きを確かめて、もう一度お試しください"
            }
        };
        anyhow::Error::new(error).context(hint)
    })?;
    for Moved { table, rows, digest } in &moved {
        println!("{table:<12} {rows:>10} 行  {digest}");
    }
    println!("すべて移し、同じであることを確かめました: {to}");
    println!(
        "hub.toml のはじめに store = \"…\" を書き（パスワードは書かずに）、tayori-hub check で調べてから動かしてください。"
    );
    println!("もとの hub.db は、もう動かない控えとして残してあります。");
    Ok(())
}

/// After the database was brought back to an earlier moment.
pub fn recovered(home: &Home, args: &CheckArgs, now: Timestamp) -> anyhow::Result<()> {
    let failed = "番号を数え直せませんでした。データベースに書き込めるかを確かめて、もう一度お試しください";
    home.store.count_on_from_far_ahead(now).context(failed)?;
    if !args.json {
        println!("一覧の番号を、ずっと先から数え直しました。");
    }
    check(home, args, now)
}

pub fn check(home: &Home, args: &CheckArgs, now: Timestamp) -> anyhow::Result<()> {
    let checked =
        check::check(home, now).context("調べられませんでした。データのフォルダを読めるかを確かめてください")?;
    if args.json {
        println!("{}", serde_json::to_string(&checked).context("結果を書けませんでした")?);
        if !checked.faults.is_empty() {
            std::process::exit(1);
        }
        return Ok(());
    }
    say(&checked)
}

fn say(checked: &Checked) -> anyhow::Result<()> {
    let Checked { parcels, bytes, offices, certificates, record, faults } = checked;
    println!(
        "預かっているデータ {parcels} 通（{bytes} バイト）、事業所 {offices}、証明書 {certificates}、記録 {record} 件を調べました。"
    );
    for fault in faults {
        println!("異常: {}", words(fault));
    }
    if faults.is_empty() {
        println!("異常はありません。");
        return Ok(());
    }
    bail!(
        "{} 件の異常があります。控えから戻すかどうかをご検討ください（docs/operator.md「控えから戻す」）。",
        faults.len()
    );
}

fn words(fault: &Fault) -> String {
    match fault {
        Fault::StoreDamaged { says } => format!("データベースが壊れています（{says}）"),
        Fault::RowWithoutOther { table } => format!("表 {table} に、対応のない行があります"),
        Fault::BodyMissing { parcel } => format!("データ {parcel} の本体がありません"),
        Fault::BodyDamaged { parcel } => format!("データ {parcel} の本体が、受け付けたときと違います"),
        Fault::CounterBehind { counter } => format!("番号 {counter} が戻っています"),
        Fault::CertificateUnreadable { serial } => format!("証明書 {serial} が読めません"),
        Fault::CertificateOfOther { serial, office } => format!("証明書 {serial} は {office} のものではありません"),
        Fault::ListNotMakeable { says } => format!("失効リストを作れません（{says}）"),
        Fault::RecordChanged { says } => format!("操作の記録が、書いたときのままではありません（{says}）"),
        Fault::OthersListUnusable { list } => {
            format!("ほかの認証局の失効リスト「{list}」がないか、古くなっています。新しいものに置きかえてください")
        }
    }
}
