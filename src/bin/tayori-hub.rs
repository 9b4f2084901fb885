//! The hub: carries sealed parcels and knows the directory. For the operator, so its words are plain and technical.

#[path = "tayori-hub/upkeep.rs"]
mod upkeep;

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use jiff::Timestamp;
use tayori::cli::in_japanese;
use tayori::hub::accounts::operator;
use tayori::hub::home::{Home, HubSettings};
use tayori::standard::{OfficeNumber, ServiceType};
use tayori::wire::{Role, UserId};
use tracing_subscriber::EnvFilter;

/// 便り Tayori の連携基盤: 封をしたままのデータを預かり、渡します
#[derive(Debug, Parser)]
#[command(name = "tayori-hub", version, disable_version_flag = true)]
struct Cli {
    /// 連携基盤のデータを置くフォルダ
    #[arg(long, global = true, env = "TAYORI_HUB", value_name = "フォルダ", default_value = "hub")]
    dir: PathBuf,
    /// 版を出します
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
    /// ログの書き方
    #[arg(long, global = true, env = "TAYORI_LOG_FORMAT", value_name = "書き方", default_value = "text")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    /// 人が読む行
    Text,
    /// 1行に1つの JSON
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 新しい連携基盤を作ります（認証局と空のデータベース）
    Init(InitArgs),
    /// 事業所の利用者（ふだんは事業所の管理者が自分で行います）
    #[command(subcommand)]
    Account(AccountCommand),
    /// 動かします。止めるには Ctrl+C か SIGTERM
    Serve(ServeArgs),
    /// 控え（バックアップ）を1つのファイルに作ります。動かしたままでかまいません。認証局の鍵が入ります
    Backup(upkeep::BackupArgs),
    /// 控えから、空のフォルダ（--dir）に連携基盤を作り直します
    Restore(upkeep::RestoreArgs),
    /// 預かっているデータと登録がすべて正しいかを調べます。動かしたままでかまいません
    Check(upkeep::CheckArgs),
    /// API の説明（OpenAPI）を標準出力に書きます
    Openapi,
    /// 事業所の登録
    #[command(subcommand)]
    Office(OfficeCommand),
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
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

#[derive(Debug, Args)]
struct InitArgs {
    /// 事業所からつなぐときの名前か IP アドレス（いくつでも）
    #[arg(long = "host", value_name = "名前", required = true)]
    hosts: Vec<String>,
    /// 待ち受ける場所
    #[arg(long, value_name = "アドレス:ポート", default_value = "0.0.0.0:8443")]
    listen: SocketAddr,
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// 設定と違う場所で待ち受けます
    #[arg(long, value_name = "アドレス:ポート")]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum OfficeCommand {
    /// 事業所を登録します。申請書（--csr）があれば証明書も出します
    Add(AddArgs),
    /// 登録した事業所を一覧にします
    List(ListArgs),
    /// 事業所の登録を取り消し、証明書を失効させます。動いている連携基盤にはすぐ効きます
    Revoke {
        #[arg(value_name = "事業所番号")]
        office: OfficeNumber,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    #[arg(value_name = "事業所番号")]
    office: OfficeNumber,
    /// サービス種類コード（2桁。例: 43 居宅介護支援）
    #[arg(long, value_name = "コード")]
    service: ServiceType,
    /// 事業所の名前
    #[arg(long, value_name = "名前")]
    name: String,
    /// 事業所が tayori setup で作った申請書
    #[arg(long, value_name = "ファイル", requires = "certificate")]
    csr: Option<PathBuf>,
    /// 証明書を書き出す先
    #[arg(long, value_name = "ファイル")]
    certificate: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// プログラムが読む JSON で出します
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let matches = in_japanese(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let filter = EnvFilter::try_from_env("TAYORI_LOG").unwrap_or_else(|_| EnvFilter::new("warn,tayori=info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match cli.log_format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(1)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let now = Timestamp::now();
    match cli.command {
        Command::Init(args) => {
            let settings = HubSettings::new(args.hosts, args.listen);
            let home = Home::init(&cli.dir, settings, now).with_context(|| {
                let dir = cli.dir.display();
                format!("連携基盤を「{dir}」に作れませんでした。そこにもう連携基盤がないか、書き込めるかを確かめるか、--dir で別のフォルダを指定してください")
            })?;
            println!("連携基盤を {} に作りました。", cli.dir.display());
            println!("事業所に渡す認証局の証明書: {}", home.ca_certificate().display());
            Ok(())
        }
        Command::Account(command) => account(&open(&cli.dir)?, &command, now),
        Command::Serve(args) => serve(open(&cli.dir)?, args.listen),
        Command::Backup(args) => upkeep::back_up(&cli.dir, &args, now),
        Command::Restore(args) => upkeep::restore(&cli.dir, &args, now),
        Command::Check(args) => upkeep::check(&open(&cli.dir)?, &args, now),
        Command::Openapi => {
            print!("{}", tayori::hub::api::description());
            Ok(())
        }
        Command::Office(OfficeCommand::Add(args)) => add(&open(&cli.dir)?, &args, now),
        Command::Office(OfficeCommand::List(args)) => list(&open(&cli.dir)?, args.json, now),
        Command::Office(OfficeCommand::Revoke { office }) => {
            let revoked = open(&cli.dir)?.revoke(office, now).with_context(|| {
                format!("{office} の登録を取り消せませんでした。データのフォルダに書き込めるか、空きがあるかを確かめ、もう一度取り消してください")
            })?;
            if !revoked {
                bail!("{office} は登録されていないか、もう取り消されています。");
            }
            println!("{office} の登録を取り消しました。");
            Ok(())
        }
    }
}

fn open(dir: &Path) -> anyhow::Result<Home> {
    Home::open(dir).with_context(|| {
        let dir = dir.display();
        format!("「{dir}」の連携基盤を開けませんでした。--dir が正しいか、読み書きできるかを確かめてください。まだ作っていないときは、先に tayori-hub init を行ってください")
    })
}

fn serve(home: Home, listen: Option<SocketAddr>) -> anyhow::Result<()> {
    let prepared = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let signals =
        prepared.context("動かす準備ができませんでした。ほかのプログラムを減らして、もう一度お試しください")?;
    let running = home.serve(listen).context(
        "連携基盤を動かせませんでした。待ち受ける場所（hub.toml の listen か --listen）が使えるか、ほかで使われていないかを確かめてください",
    )?;
    // One line for whoever started us: the hub answers from now on, at this address.
    println!("listening {}", running.address());
    std::io::stdout().flush().context("標準出力に書けませんでした。出力先を確かめてください")?;
    signals.block_on(told_to_stop()).context("止める合図を受け取れないので、止めました。もう一度動かしてください")?;
    running.stop();
    Ok(())
}

fn add(home: &Home, args: &AddArgs, now: Timestamp) -> anyhow::Result<()> {
    let request = match &args.csr {
        Some(path) => Some(
            fs::read_to_string(path)
                .with_context(|| format!("申請書「{}」を読めませんでした。場所を確かめてください", path.display()))?,
        ),
        None => None,
    };
    let certificate =
        home.add_office(args.office, args.service, &args.name, request.as_deref(), now).with_context(|| {
            let office = args.office;
            format!("{office} を登録できませんでした。申請書がこの事業所のものか、データのフォルダに書き込めるかを確かめてください")
        })?;
    println!("{}（{}）を登録しました。", args.name, args.office);
    if let (Some(pem), Some(path)) = (certificate, &args.certificate) {
        fs::write(path, pem).with_context(|| {
            let path = path.display();
            format!("登録はしましたが、証明書を「{path}」に書けませんでした。書ける場所を --certificate に指定し、もう一度登録してください")
        })?;
        println!("証明書: {}", path.display());
        println!("認証局の証明書 {} と一緒に事業所へ渡してください。", home.ca_certificate().display());
    }
    Ok(())
}

fn account(home: &Home, command: &AccountCommand, now: Timestamp) -> anyhow::Result<()> {
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

fn list(home: &Home, json: bool, now: Timestamp) -> anyhow::Result<()> {
    let offices = home
        .offices(now)
        .context("登録を読めませんでした。データのフォルダを読めるかを確かめ、もう一度お試しください")?;
    if json {
        let rows = offices.iter().map(|office| {
            serde_json::json!({
                "office": office.office, "service": office.service, "name": office.name,
                "added_at": office.added_at, "revoked_at": office.revoked_at, "certificates": office.certificates,
            })
        });
        println!("{}", serde_json::Value::from_iter(rows));
        return Ok(());
    }
    for office in offices {
        let standing = match (office.revoked_at, office.certificates) {
            (Some(_), _) => "取消済",
            (None, 0) => "証明書なし",
            (None, _) => "有効",
        };
        println!("{}  {}  {standing}  {}", office.office, office.service, office.name);
    }
    Ok(())
}

/// Ctrl+C, or the service manager's SIGTERM.
async fn told_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
