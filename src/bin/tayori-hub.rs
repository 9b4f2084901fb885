//! The hub: carries sealed parcels and knows the directory. For the operator, so its words are plain and technical.

#[path = "tayori-hub/accounts.rs"]
mod accounts;
#[path = "tayori-hub/audit.rs"]
mod audit;
#[path = "tayori-hub/load.rs"]
mod load;
#[path = "tayori-hub/offices.rs"]
mod offices;
#[path = "tayori-hub/release.rs"]
mod release;
#[path = "tayori-hub/upkeep.rs"]
mod upkeep;

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use jiff::Timestamp;
use tayori::cli::in_japanese;
use tayori::hub::descriptors;
use tayori::hub::home::{Home, HomeError, HubSettings, StoreChoice};
use tayori::hub::stores::{StoreError, Unfit};
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
    /// 何台かで共にする PostgreSQL（postgres://利用者@場所/データベース）。書かなければ hub.toml の store か、フォルダの hub.db
    #[arg(long, global = true, env = "TAYORI_STORE", value_name = "場所", hide_env_values = true)]
    store: Option<String>,
    #[command(subcommand)]
    command: Command,
}

impl Cli {
    /// The password comes by the environment alone: others see what stands on a command line.
    fn choice(&self) -> StoreChoice {
        StoreChoice {
            url: self.store.clone().filter(|url| !url.is_empty()),
            password: std::env::var("TAYORI_STORE_PASSWORD").ok(),
        }
    }
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
    /// 動かします。止めるには Ctrl+C か SIGTERM
    Serve(ServeArgs),
    /// 控え（バックアップ）を1つのファイルに作ります。動かしたままでかまいません。認証局の鍵が入ります
    Backup(upkeep::BackupArgs),
    /// 控えから、空のフォルダ（--dir）に連携基盤を作り直します
    Restore(upkeep::RestoreArgs),
    /// 預かっているデータと登録がすべて正しいかを調べます。動かしたままでかまいません
    Check(upkeep::CheckArgs),
    /// フォルダの hub.db にあるものをすべて、空の PostgreSQL（--store）に移します。連携基盤は止めておいてください
    Move,
    /// PostgreSQL をある時点に戻したあとに一度だけ行います。一覧の番号をずっと先から数え直し、すべてを調べます
    Recovered(upkeep::CheckArgs),
    /// 負荷試験: 作りものの事業所に、待たせ、送らせ、受け取らせて、速さと使うメモリを測ります
    Load(load::LoadArgs),
    /// API の説明（OpenAPI）を標準出力に書きます
    Openapi,
    /// 事業所の登録
    #[command(subcommand)]
    Office(offices::OfficeCommand),
    /// 事業所の端末
    #[command(subcommand)]
    Terminal(offices::TerminalCommand),
    /// だれが何をしたかの記録
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// 事業所の利用者（ふだんは事業所の管理者が自分で行います）
    #[command(subcommand)]
    Account(accounts::AccountCommand),
    /// 端末に渡す、新しい版の知らせ
    #[command(subcommand)]
    Release(release::ReleaseCommand),
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
    let choice = cli.choice();
    let open = |dir: &Path| open(dir, &choice);
    match cli.command {
        Command::Init(args) => {
            let settings = HubSettings::new(args.hosts, args.listen);
            let home = Home::init_with(&cli.dir, settings, &choice, now).with_context(|| {
                let dir = cli.dir.display();
                format!("連携基盤を「{dir}」に作れませんでした。そこにもう連携基盤がないか、書き込めるかを確かめるか、--dir で別のフォルダを指定してください")
            })?;
            println!("連携基盤を {} に作りました。", cli.dir.display());
            println!("事業所に渡す認証局の証明書: {}", home.ca_certificate().display());
            Ok(())
        }
        Command::Serve(args) => serve(open(&cli.dir)?, args.listen),
        Command::Backup(args) => upkeep::back_up(&cli.dir, &choice, &args, now),
        Command::Move => upkeep::move_over(&cli.dir, &choice),
        Command::Recovered(args) => upkeep::recovered(&open(&cli.dir)?, &args, now),
        Command::Restore(args) => upkeep::restore(&cli.dir, &args, now),
        Command::Check(args) => upkeep::check(&open(&cli.dir)?, &args, now),
        Command::Load(args) => load::run(&cli.dir, &choice, &args),
        Command::Openapi => {
            print!("{}", tayori::hub::api::description());
            Ok(())
        }
        Command::Audit(what) => audit::run(&open(&cli.dir)?, &what),
        Command::Office(command) => offices::run(&open(&cli.dir)?, &command, now),
        Command::Account(command) => accounts::run(&open(&cli.dir)?, &command, now),
        Command::Release(command) => release::run(&open(&cli.dir)?, &command, now),
        Command::Terminal(command) => offices::terminals(&open(&cli.dir)?, &command, now),
    }
}

fn open(dir: &Path, choice: &StoreChoice) -> anyhow::Result<Home> {
    Home::open_with(dir, choice).map_err(|error| match &error {
        HomeError::Address(_) | HomeError::Store(StoreError::Connect { .. }) => anyhow::Error::new(error).context(
            "データベース（store）につながりませんでした。場所とパスワード（TAYORI_STORE_PASSWORD）、認証局（store_ca）を確かめてください。docs/operator.md に書き方があります",
        ),
        HomeError::Store(StoreError::Unfit(Unfit::Clock { .. })) => anyhow::Error::new(error).context(
            "この機械の時計が、データベースの時計と1分より大きく違います。NTP（timedatectl）で合わせてから、もう一度行ってください",
        ),
        HomeError::Store(StoreError::Newer { .. }) => anyhow::Error::new(error).context(
            "データベースは、この tayori-hub より新しい版のものか、よそ（PostgreSQL）に移したあとのものです。新しい版に入れかえるか、--store を指定してください",
        ),
        _ => anyhow::Error::new(error),
    }).with_context(|| {
        let dir = dir.display();
        format!("「{dir}」の連携基盤を開けませんでした。--dir が正しいか、読み書きできるかを確かめてください。まだ作っていないときは、先に tayori-hub init を行ってください")
    })
}

fn serve(home: Home, listen: Option<SocketAddr>) -> anyhow::Result<()> {
    let connections = home.settings.limits.connections;
    if let Some(allowed) = descriptors::raise().filter(|allowed| *allowed < u64::from(connections)) {
        tracing::warn!(allowed, connections, "the system gives fewer sockets than the settings allow connections");
    }
    let prepared = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        prepared.context("動かす準備ができませんでした。ほかのプログラムを減らして、もう一度お試しください")?;
    let entered = runtime.enter();
    let mut stop = Stop::heard().context(NO_SIGNALS)?;
    drop(entered);
    let running = home.serve(listen).context(
        "連携基盤を動かせませんでした。待ち受ける場所（hub.toml の listen か --listen）が使えるか、ほかで使われていないかを確かめてください",
    )?;
    // One line for whoever started us: the hub answers from now on, at this address.
    println!("listening {}", running.address());
    std::io::stdout().flush().context("標準出力に書けませんでした。出力先を確かめてください")?;
    runtime.block_on(stop.told()).context(NO_SIGNALS)?;
    running.stop();
    Ok(())
}

const NO_SIGNALS: &str = "止める合図を受け取れないので、止めました。もう一度動かしてください";

/// Ctrl+C, or the service manager's SIGTERM. Heard from before the hub says that it listens: whoever has read that may
/// stop it, and it stops in good order.
#[cfg(unix)]
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    fn heard() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn told(&mut self) -> std::io::Result<()> {
        tokio::select! {
            _ = self.interrupt.recv() => Ok(()),
            _ = self.terminate.recv() => Ok(()),
        }
    }
}

/// Ctrl+C, and the closing of the console.
#[cfg(windows)]
struct Stop {
    interrupt: tokio::signal::windows::CtrlC,
    shutdown: tokio::signal::windows::CtrlShutdown,
    close: tokio::signal::windows::CtrlClose,
}

#[cfg(windows)]
impl Stop {
    fn heard() -> std::io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_close, ctrl_shutdown};
        Ok(Self { interrupt: ctrl_c()?, shutdown: ctrl_shutdown()?, close: ctrl_close()? })
    }

    async fn told(&mut self) -> std::io::Result<()> {
        tokio::select! {
            _ = self.interrupt.recv() => Ok(()),
            _ = self.shutdown.recv() => Ok(()),
            _ = self.close.recv() => Ok(()),
        }
    }
}
