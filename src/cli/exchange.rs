//! `tayori send`, `receive` and `watch`: the exchange without a window.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use jiff::Timestamp;

use super::{Format, Outcome, tell};
use crate::engine::Engine;
use crate::engine::exchange::{Exchange, Round, RoundError};
use crate::engine::model::{
    AstrayReason, Bundle, Connection, Drafts, Event, Examined, Failure, Notice, SendRequest, State, ToShow,
};
use crate::engine::outgoing::Scope;
use crate::engine::profile::{Profile, ProfileError};
use crate::folders::Pace;
use crate::history::HistoryError;
use crate::notice::{Attention, Inlet};
use crate::standard::{Finding, OfficeNumber, Severity};
use crate::words::{self, Lang};

/// ファイルを確かめて、受け取る事業所ごとにまとめて送ります
#[derive(Debug, clap::Args)]
pub struct SendArgs {
    /// 送るファイルかフォルダ（省略時は設定の送信フォルダのうち、まだ送っていないもの）
    #[arg(value_name = "ファイル")]
    paths: Vec<PathBuf>,
    /// この事業所あてのものだけを送ります
    #[arg(long, value_name = "事業所番号")]
    to: Option<OfficeNumber>,
    /// 添えるメッセージ
    #[arg(long, value_name = "文章", default_value = "")]
    message: String,
    /// 確かめるだけで、送りません
    #[arg(long)]
    dry_run: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// 届いているものを受け取り、取込フォルダに置きます
#[derive(Debug, clap::Args)]
pub struct ReceiveArgs {
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// 止めるまで、送信待ちを送り、届いたものを受け取り続けます（画面のないパソコン向け。止めるには Ctrl+C）
#[derive(Debug, clap::Args)]
pub struct WatchArgs {
    /// 時計の横に印を出し、押すと画面が開くようにします（画面のあるパソコン向け）
    #[cfg(all(feature = "desktop", target_os = "linux"))]
    #[arg(long)]
    tray: bool,
}

pub fn send(args: &SendArgs, profile: Profile) -> Result<Outcome, ProfileError> {
    let mut exchange = profile.exchange()?;
    let _turn = exchange.terminal.take_turn().map_err(|source| {
        let path = exchange.terminal.turn.clone();
        ProfileError::Io { path, source }
    })?;
    let now = Timestamp::now();
    // Who can receive is asked first; offline, the directory as last seen will do.
    let reached = exchange.refresh_directory(now);
    let (paths, scope) = if args.paths.is_empty() {
        (profile.settings.outgoing_folders(), Scope::Unsent)
    } else {
        (args.paths.clone(), Scope::All)
    };
    let examined =
        exchange.terminal.examine(&paths, &[], scope, Pace::default(), &mut |_, _| true)?.unwrap_or_default();
    let wanted = |bundle: &&Bundle| args.to.is_none_or(|to| bundle.receiver == to);
    let mut outcome = say_problems(&examined);
    let mut parcels = Vec::new();
    for bundle in examined.bundles.iter().filter(wanted) {
        say_bundle(bundle);
        if !bundle.may_be_sent() {
            outcome = Outcome::Troubled;
            continue;
        }
        let paths = bundle.files.iter().map(|file| file.path.clone()).collect();
        let request = SendRequest::new(bundle.receiver, paths, args.message.clone());
        match exchange.terminal.prepare(&request, Pace::default(), now) {
            Ok(parcel) => parcels.push(parcel),
            Err(failure) => {
                tell(&failure);
                outcome = Outcome::Troubled;
            }
        }
    }
    if args.dry_run {
        eprintln!("確かめただけで、送っていません。");
        return Ok(outcome);
    }
    exchange.terminal.queue(parcels, now, now)?;
    let mut round = Round::default();
    exchange.terminal.lay_out(now, &mut round)?;
    let result = match reached {
        Ok(()) => exchange.send_due(now, &mut round),
        Err(error) => Err(error),
    };
    report(&exchange, &round, args.format, "sent")?;
    if !say_notices(&round.notices) {
        outcome = Outcome::Troubled;
    }
    if !say_failures(result, &round) {
        outcome = Outcome::Troubled;
        let outbox = exchange.terminal.history.outbox()?;
        let waiting = outbox.iter().filter(|line| matches!(line.state, State::Waiting { .. })).count();
        if waiting > 0 {
            eprintln!("{waiting}件は送信待ちに入れてあります。つながったときに送ります。");
        }
    }
    Ok(outcome)
}

pub fn receive(args: &ReceiveArgs, profile: Profile) -> Result<Outcome, ProfileError> {
    let mut exchange = profile.exchange()?;
    let mut round = Round::default();
    let result = exchange.round(Timestamp::now(), &mut round);
    report(&exchange, &round, args.format, "received")?;
    let noticed = say_notices(&round.notices);
    let fine = say_failures(result, &round) && noticed;
    Ok(if fine { Outcome::Fine } else { Outcome::Troubled })
}

/// Says what stood in the way, each thing once. False when something did.
pub(super) fn say_failures(result: Result<(), RoundError>, round: &Round) -> bool {
    let ended = result.err().map(|error| error.failure());
    let others = round.failures.iter().filter(|failure| Some(*failure) != ended.as_ref());
    ended.iter().chain(others).for_each(tell);
    ended.is_none() && round.failures.is_empty()
}

/// Runs the engine until the process is ended. Nothing is lost by ending it anywhere.
pub fn watch(args: &WatchArgs, profile: Profile) -> Result<Outcome, ProfileError> {
    let (mut engine, inlet, mut wake) = start(&profile)?;
    let mut icon = Icon::show(args, inlet);
    eprintln!("送受信を続けています。止めるには Ctrl+C を押してください。");
    let (mut trouble, mut said) = (None, Vec::new());
    loop {
        // The engine's threads hold the other end; without them there is nothing left to wait for.
        if wake.recv_timeout(Duration::from_secs(3600)) == Err(std::sync::mpsc::RecvTimeoutError::Disconnected) {
            return Ok(Outcome::Troubled);
        }
        while let Some(event) = engine.poll() {
            match event {
                Event::Notice(notice) => drop(say_notices(&[notice])),
                Event::Status(status) => trouble = say_trouble(trouble, &status.connection),
                Event::Drafts(drafts) => said = say_drafts(&drafts, &said),
                Event::Lists(lists) => icon.set_unread(lists.inbox.iter().filter(|line| line.unread).count()),
                Event::Show(place) => show_window(profile.dir(), place),
                _ => {}
            }
        }
        if trouble == Some(Failure::HistoryDamaged) {
            // Nobody sits here who could close it and open it again.
            drop(engine);
            let inlet;
            (engine, inlet, wake) = start_alone(&profile)?;
            icon = Icon::show(args, inlet);
            trouble = None;
        }
    }
}

/// Somebody clicked a notice: the window shows it, in a program of its own.
fn show_window(dir: &Path, place: ToShow) {
    if !cfg!(feature = "desktop") {
        return;
    }
    eprintln!("便りの画面を開きます。");
    let opened = std::env::current_exe().and_then(|program| {
        let mut window = Command::new(program);
        window.arg("--profile").arg(dir).arg("open");
        match place {
            ToShow::Window => {}
            ToShow::Drafts => drop(window.arg("--drafts")),
            ToShow::Parcel(id) => drop(window.arg(format!("--parcel={id}"))),
        }
        window.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    });
    match opened {
        // Somebody has to wait for it, or it stays as a shadow when it has ended.
        Ok(mut window) => drop(std::thread::spawn(move || window.wait())),
        Err(error) => tracing::warn!(%error, "the window does not open"),
    }
}

/// The icon beside the clock, where one was asked for and can be shown.
struct Icon {
    #[cfg(all(feature = "desktop", target_os = "linux"))]
    tray: Option<crate::notice::tray::Tray>,
}

impl Icon {
    #[cfg(all(feature = "desktop", target_os = "linux"))]
    fn show(args: &WatchArgs, inlet: Inlet) -> Icon {
        use crate::notice::tray::{Tray, TrayAsk};
        if !args.tray {
            return Icon { tray: None };
        }
        let asked = move |asked| match asked {
            TrayAsk::Open => inlet.tell(Event::Show(ToShow::Window)),
            // Nothing is lost by ending anywhere.
            TrayAsk::Quit => std::process::exit(0),
        };
        let tray = Tray::show(Lang::Ja, asked).inspect_err(|error| tracing::warn!(%error, "no icon")).ok();
        Icon { tray }
    }

    #[cfg(not(all(feature = "desktop", target_os = "linux")))]
    fn show(_: &WatchArgs, _: Inlet) -> Icon {
        Icon {}
    }

    fn set_unread(&mut self, unread: usize) {
        #[cfg(all(feature = "desktop", target_os = "linux"))]
        if let Some(tray) = &mut self.tray {
            tray.set_unread(unread);
        }
        #[cfg(not(all(feature = "desktop", target_os = "linux")))]
        let _ = unread;
    }
}

/// An engine with its notices, and what comes whenever it has something to tell. Nobody looks at a window here.
fn start(profile: &Profile) -> Result<(Engine, Inlet, Receiver<()>), ProfileError> {
    let (woken, wake) = std::sync::mpsc::channel();
    let waking = Arc::new(move || {
        let _ = woken.send(());
    });
    let (engine, inlet) = super::with_notices(profile.clone(), Lang::Ja, Attention::default(), waking)?;
    Ok((engine, inlet, wake))
}

/// Starts again once the threads of before have let go of the history; a question at the hub may hold one for a while.
fn start_alone(profile: &Profile) -> Result<(Engine, Inlet, Receiver<()>), ProfileError> {
    const TRIES: u32 = 12;
    for _ in 1..TRIES {
        match start(profile) {
            Err(ProfileError::History(HistoryError::InUse)) => {} // that took a while already
            started => return started,
        }
    }
    start(profile)
}

/// Says each draft once, and again when it has changed.
fn say_drafts(drafts: &Drafts, said: &[Bundle]) -> Vec<Bundle> {
    let bundles: Vec<Bundle> = drafts.drafts.iter().map(|draft| draft.bundle.clone()).collect();
    for bundle in bundles.iter().filter(|bundle| !said.contains(bundle)) {
        eprint!("[下書き] ");
        say_bundle(bundle);
    }
    bundles
}

/// Says a trouble once, not with every round.
fn say_trouble(before: Option<Failure>, connection: &Connection) -> Option<Failure> {
    match connection {
        Connection::Offline(failure) => {
            if before.as_ref() != Some(failure) {
                tell(failure);
            }
            Some(failure.clone())
        }
        Connection::Online => {
            if before.is_some() {
                eprintln!("つながりました。");
            }
            None
        }
        Connection::Starting | Connection::Working => before,
    }
}

fn say_problems(examined: &Examined) -> Outcome {
    let mut outcome = Outcome::Fine;
    for astray in &examined.astray {
        outcome = Outcome::Troubled;
        match &astray.why {
            AstrayReason::Unreadable(failure) => tell(failure),
            AstrayReason::Findings(findings) if findings.is_empty() => {
                eprintln!("「{}」は、送り先が決まらないので送りません。", astray.name);
            }
            AstrayReason::Findings(findings) => findings.iter().for_each(say_finding),
        }
    }
    outcome
}

fn say_bundle(bundle: &Bundle) {
    let name =
        if bundle.receiver_name.is_empty() { "名前のわからない事業所" } else { &bundle.receiver_name };
    eprintln!("{name}（{}）: ファイル {} 個", bundle.receiver, bundle.files.len());
    bundle.findings.iter().filter(|finding| finding.severity >= Severity::Warning).for_each(say_finding);
}

fn say_finding(finding: &Finding) {
    let mark = match finding.severity {
        Severity::Error => "誤り",
        Severity::Warning => "注意",
        Severity::Note => "参考",
    };
    let row = finding.row.map(|row| format!(" {row}行目")).unwrap_or_default();
    eprintln!("  [{mark}] {}{row}: {}{}", finding.file, finding.message, finding.hint);
}

/// Says what happened, in the words of the window's toasts. False when something failed.
pub(super) fn say_notices(notices: &[Notice]) -> bool {
    for notice in notices {
        let sentence = words::window::notice(Lang::Ja, notice);
        eprintln!("{}{}", sentence.what, sentence.todo);
    }
    !notices.iter().any(|notice| {
        matches!(
            notice,
            Notice::Failed(_) | Notice::NotSent(_) | Notice::ParcelFailed { .. } | Notice::ParcelHeld { .. }
        )
    })
}

fn report(exchange: &Exchange, round: &Round, format: Format, verb: &str) -> Result<(), ProfileError> {
    if format == Format::Json {
        let count = if verb == "sent" { round.sent } else { round.received };
        let waiting = exchange.terminal.history.outbox()?.len();
        println!("{}", serde_json::json!({ verb: count, "waiting": waiting }));
    }
    Ok(())
}
