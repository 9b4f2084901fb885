//! The load trial from the command line: what is asked for, how far it is, and the figures at the end.

use std::io::Write as _;
use std::net::ToSocketAddrs as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use tayori::hub::home::StoreChoice;
use tayori::load::report::{Report, Step};
use tayori::load::shape::{Schedule, Shape};
use tayori::load::{self, Ground, LoadError, Node, Plan, Progress};
use tokio::sync::watch;

#[derive(Debug, Args)]
pub struct LoadArgs {
    /// 事業所の数。どの事業所も1台の端末で、届くのを待ちます
    #[arg(long, value_name = "数", default_value_t = 200)]
    offices: usize,
    /// 同時に送る数。0 なら、待つだけ。書かなければ 16（事業所がそれより少なければ、その数）
    #[arg(long, value_name = "数")]
    senders: Option<usize>,
    /// 1秒に送る数（平均）。書かなければ、送れるだけ送ります
    #[arg(long, value_name = "数")]
    rate: Option<f64>,
    /// 送る時間（秒）
    #[arg(long, value_name = "秒", default_value_t = 60)]
    seconds: u64,
    /// 送り方
    #[arg(long, value_name = "形", default_value = "steady")]
    shape: ShapeArg,
    /// 1通の大きさ（バイト）
    #[arg(long, value_name = "バイト", default_value_t = 50_000)]
    bytes: usize,
    /// 動かす連携基盤の数。2つからは、空の PostgreSQL（--store）がいります
    #[arg(long, value_name = "数", default_value_t = 1)]
    nodes: usize,
    /// 自分で動かさずに、試験用に動いている連携基盤につなぎます（いくつでも）。その連携基盤のフォルダを --dir で指定します
    #[arg(long = "hub", value_name = "https://名前:ポート", conflicts_with = "nodes")]
    hubs: Vec<String>,
    /// ほかの機械の連携基盤につなぐことを許します
    #[arg(long, requires = "hubs")]
    allow_remote: bool,
    /// 結果の書き方
    #[arg(long, value_name = "書き方", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ShapeArg {
    /// いつも同じ
    Steady,
    /// 月初めの10日間の昼間を、その時間に縮めたもの（--rate が要ります）
    Month,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// 表
    Text,
    /// 1行の JSON
    Json,
}

pub fn run(dir: &Path, store: &StoreChoice, args: &LoadArgs) -> anyhow::Result<()> {
    let plan = plan(args)?;
    let ground = ground(dir, store, args)?;
    let stop = stop_when_told()?;
    let format = args.format;
    let report = load::run(&plan, ground, &stop, &move |progress| {
        if format == Format::Text {
            // Whoever does not read on is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{}", words(&progress));
        }
    });
    let report = report.map_err(explained)?;
    match format {
        Format::Json => println!("{}", serde_json::to_string(&report).context("結果を書けませんでした")?),
        Format::Text => print(&report),
    }
    if report.is_fine() {
        return Ok(());
    }
    bail!("うまくいかなかったものがあります。上の表の「失敗」と「言われたこと」をご覧ください");
}

fn plan(args: &LoadArgs) -> anyhow::Result<Plan> {
    let senders = args.senders.unwrap_or(16.min(args.offices));
    let LoadArgs { offices, rate, seconds, bytes, nodes, .. } = *args;
    let most = load::MOST_OFFICES;
    if !(2..=most).contains(&offices) {
        bail!("--offices は 2 から {most} までにしてください");
    }
    if senders > offices || senders > 1_000 {
        bail!("--senders は、事業所の数と 1000 のどちらも超えないようにしてください");
    }
    if seconds == 0 || seconds > load::LONGEST.as_secs() {
        bail!("--seconds は 1 から {} までにしてください", load::LONGEST.as_secs());
    }
    if !(64..=1_048_576).contains(&bytes) {
        bail!("--bytes は 64 から 1048576 までにしてください");
    }
    if !(1..=8).contains(&nodes) {
        bail!("--nodes は 1 から 8 までにしてください");
    }
    if rate.is_some_and(|rate| !(0.001..=100_000.0).contains(&rate)) {
        bail!("--rate は 0.001 から 100000 までにしてください");
    }
    let shape = match args.shape {
        ShapeArg::Steady => Shape::Steady,
        ShapeArg::Month if rate.is_none() => bail!("--shape month には --rate を付けてください"),
        ShapeArg::Month => Shape::Month,
    };
    let schedule = Schedule { shape, rate, length: Duration::from_secs(seconds) };
    Ok(Plan { offices, senders, schedule, parcel_bytes: bytes })
}

fn ground(dir: &Path, store: &StoreChoice, args: &LoadArgs) -> anyhow::Result<Ground> {
    if args.hubs.is_empty() {
        if args.nodes > 1 && store.url.is_none() {
            bail!(
                "連携基盤をいくつも動かすには PostgreSQL がいります。--store を付けるか、--nodes を 1 にしてください"
            );
        }
        let program = std::env::current_exe().context("このプログラムの場所が分かりません")?;
        return Ok(Ground::Own { program, nodes: args.nodes, store: store.clone() });
    }
    let at = args.hubs.iter().map(|hub| node(hub, args.allow_remote)).collect::<anyhow::Result<_>>()?;
    Ok(Ground::Standing { home: Box::new(super::open(dir, store)?), at })
}

/// Where a hub is. One on another machine only where the operator said so.
fn node(hub: &str, allow_remote: bool) -> anyhow::Result<Node> {
    let wrong = || format!("「{hub}」は連携基盤の場所ではありません。https://名前:ポート と書いてください");
    let place = hub.strip_prefix("https://").map(|place| place.trim_end_matches('/')).with_context(wrong)?;
    let (name, _) = place.rsplit_once(':').with_context(wrong)?;
    let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = name.try_into().ok().with_context(wrong)?;
    let mut found = place.to_socket_addrs().with_context(|| format!("「{hub}」が見つかりません"))?;
    let address = found.next().with_context(wrong)?;
    if !address.ip().is_loopback() && !allow_remote {
        bail!("「{hub}」はほかの機械です。試験用の連携基盤に間違いなければ、--allow-remote を付けてください");
    }
    Ok(Node { address, name })
}

/// Becomes true with Ctrl+C or SIGTERM.
fn stop_when_told() -> anyhow::Result<watch::Receiver<bool>> {
    let (tell, told) = watch::channel(false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context(super::NO_SIGNALS)?;
    let entered = runtime.enter();
    let mut stop = super::Stop::heard().context(super::NO_SIGNALS)?;
    drop(entered);
    std::thread::Builder::new()
        .name("stop".into())
        .spawn(move || {
            let _ = runtime.block_on(stop.told());
            let _ = tell.send(true);
        })
        .context(super::NO_SIGNALS)?;
    Ok(told)
}

fn explained(error: LoadError) -> anyhow::Error {
    let hint = match &error {
        LoadError::NotOurs => {
            "この連携基盤には本物の事業所が登録されています。負荷試験には、試験用に作った連携基盤（tayori-hub init）を使ってください".to_owned()
        }
        LoadError::NotEmpty => {
            "このデータベースには、もう事業所が登録されています。負荷試験には、空のデータベースを使ってください".to_owned()
        }
        LoadError::TooFewSockets { needed, allowed } => format!(
            "接続が {needed} 本いりますが、この機械では {allowed} 本までです。ulimit -n（systemd では LimitNOFILE）を増やすか、--offices を減らしてください"
        ),
        LoadError::NoStart => "連携基盤が動き始めませんでした。一時フォルダに書けるかを確かめてください".to_owned(),
        LoadError::NobodyConnected(_) => {
            "連携基盤にだれもつながりませんでした。動いているか、--dir がその連携基盤のフォルダかを確かめてください".to_owned()
        }
        LoadError::Stopped => "始める前に止めました".to_owned(),
        LoadError::System(_) => "一時フォルダに書けないか、これ以上プログラムを動かせません".to_owned(),
        LoadError::Home(_) | LoadError::Hub(_) | LoadError::Identity(_) => {
            "試験の準備ができませんでした。フォルダに書けるか、空きがあるかを確かめてください".to_owned()
        }
    };
    anyhow::Error::new(error).context(hint)
}

fn words(progress: &Progress) -> String {
    match progress {
        Progress::Making { done, of } => format!("事業所を作っています: {done}／{of}"),
        Progress::Connecting { done, of } => format!("つないでいます: {done}／{of}"),
        Progress::Running { seconds, waiting, sent, fetched, failed, resident } => {
            let memory = resident.map(|bytes| format!("、メモリ {}", size(bytes))).unwrap_or_default();
            format!("{seconds} 秒: 待つ端末 {waiting}、送信 {sent}、受信 {fetched}、失敗 {failed}{memory}")
        }
        Progress::Arriving { left } => format!("届くのを待っています: あと {left} 通"),
        Progress::Checking => "連携基盤を調べています".to_owned(),
    }
}

const STEPS: [(Step, &str); 8] = [
    (Step::Connect, "接続"),
    (Step::Send, "送信（受付まで）"),
    (Step::Notice, "相手が気づくまで"),
    (Step::Claim, "取込の確認"),
    (Step::Fetch, "受信"),
    (Step::Receipt, "受領書"),
    (Step::Return, "受領書が戻るまで"),
    (Step::Wait, "待ち受け"),
];

fn print(report: &Report) {
    let shown: Vec<_> = STEPS.iter().filter(|(step, _)| report.steps.contains_key(step)).collect();
    let heads = [("数", 10), ("毎秒", 10), ("p50 ms", 10), ("p99 ms", 10), ("最大 ms", 10), ("失敗", 8)];
    println!("{}{}", pad(""), heads.map(|(head, width)| format!("{}{head}", room(head, width))).concat());
    for (step, name) in shown {
        let figures = report.step(*step);
        let load::report::Figures { count, failed, per_second, p50, p99, longest } = figures;
        println!("{}{count:>10}{per_second:>10.1}{p50:>10.2}{p99:>10.2}{longest:>10.1}{failed:>8}", pad(name));
    }
    let load::report::HubUse { connections, .. } = report.hub;
    println!("待つ端末 {connections}（{:.1} 秒でつながりました）", report.connected_in);
    if let (Some(rest), Some(waiting), Some(peak)) =
        (report.hub.resident_at_rest, report.hub.resident_waiting, report.hub.resident_peak)
    {
        let each = report.hub.per_connection.map(|each| format!("、1台あたり {}", size(each))).unwrap_or_default();
        println!("連携基盤のメモリ: はじめ {}、全員が待って {}{each}、最大 {}", size(rest), size(waiting), size(peak));
    }
    if let (Some(processors), Some(seconds)) = (report.hub.processors, report.hub.cpu_seconds) {
        println!("連携基盤の CPU: {processors:.2} 個分（{seconds:.1} 秒）");
    }
    if report.not_begun > 0 {
        println!("間に合わなかった送信: {}", report.not_begun);
    }
    println!(
        "届かなかったもの {}、二度届いたもの {}、壊れていたもの {}",
        report.not_fetched, report.doubles, report.damaged
    );
    if let Some(kept) = report.kept {
        println!("連携基盤に残っているデータ {} 通、なくなったもの {}、異常 {}", kept.parcels, kept.lost, kept.faults);
    }
    for (said, times) in &report.troubles {
        println!("言われたこと: {said} × {times}");
    }
    if report.stopped {
        println!("途中で止めました。そこまでの数字です。");
    }
}

fn pad(name: &str) -> String {
    format!("{name}{}", room(name, 20))
}

/// What a text leaves of a width: most of its letters are two columns wide.
fn room(text: &str, width: usize) -> String {
    let wide: usize = text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum();
    " ".repeat(width.saturating_sub(wide))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
