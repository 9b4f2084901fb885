//! The hub: carries sealed parcels and knows the directory. For the operator, so its words are plain and technical.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use jiff::Timestamp;
use tayori::cli::in_japanese;
use tayori::hub::home::{Home, HubSettings, default_limit};
use tayori::standard::{OfficeNumber, ServiceType};
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
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 新しい連携基盤を作ります（認証局と空のデータベース）
    Init(InitArgs),
    /// 動かします。止めるには Ctrl+C か SIGTERM
    Serve(ServeArgs),
    /// 事業所の登録
    #[command(subcommand)]
    Office(OfficeCommand),
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
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
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
            let settings = HubSettings { hosts: args.hosts, listen: args.listen, max_parcel_bytes: default_limit() };
            let home = Home::init(&cli.dir, settings, now)?;
            println!("連携基盤を {} に作りました。", cli.dir.display());
            println!("事業所に渡す認証局の証明書: {}", home.ca_certificate().display());
            Ok(())
        }
        Command::Serve(args) => serve(Home::open(&cli.dir)?, args.listen),
        Command::Office(OfficeCommand::Add(args)) => add(&Home::open(&cli.dir)?, &args, now),
        Command::Office(OfficeCommand::List(args)) => list(&Home::open(&cli.dir)?, args.json, now),
        Command::Office(OfficeCommand::Revoke { office }) => {
            if !Home::open(&cli.dir)?.revoke(office, now)? {
                bail!("{office} は登録されていないか、もう取り消されています。");
            }
            println!("{office} の登録を取り消しました。");
            Ok(())
        }
    }
}

fn serve(home: Home, listen: Option<SocketAddr>) -> anyhow::Result<()> {
    let signals = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let running = home.serve(listen)?;
    // One line for whoever started us: the hub answers from now on, at this address.
    println!("listening {}", running.address());
    std::io::stdout().flush()?;
    signals.block_on(told_to_stop())?;
    running.stop();
    Ok(())
}

fn add(home: &Home, args: &AddArgs, now: Timestamp) -> anyhow::Result<()> {
    let request = match &args.csr {
        Some(path) => Some(fs::read_to_string(path).with_context(|| format!("{} を読めません", path.display()))?),
        None => None,
    };
    let certificate = home.add_office(args.office, args.service, &args.name, request.as_deref(), now)?;
    println!("{}（{}）を登録しました。", args.name, args.office);
    if let (Some(pem), Some(path)) = (certificate, &args.certificate) {
        fs::write(path, pem).with_context(|| format!("{} に書けません", path.display()))?;
        println!("証明書: {}", path.display());
        println!("認証局の証明書 {} と一緒に事業所へ渡してください。", home.ca_certificate().display());
    }
    Ok(())
}

fn list(home: &Home, json: bool, now: Timestamp) -> anyhow::Result<()> {
    let offices = home.offices(now)?;
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
