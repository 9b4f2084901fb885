//! The same core by command, for people who help clerks with computers, and for programs.
//!
//! Exit codes: 0 fine, 1 findings or failures, 2 wrong use. `--format json` prints one object for programs.

mod account;
mod ask;
mod audit;
mod autostart;
mod board;
pub mod check;
pub mod console;
mod demo;
mod diagnose;
mod enrol;
mod exchange;
pub mod fix;
mod help;
mod list;
mod login;
mod notices;
mod parcel;
mod partner;
mod search;
mod setup;
pub mod show;
#[cfg_attr(not(feature = "desktop"), allow(dead_code, reason = "without the window there is nothing to be single"))]
mod single;
mod stored;
mod terminal;
mod unlock;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use jiff::Timestamp;

pub use check::{Format, Outcome};
pub use help::in_japanese;

use crate::engine::Engine;
#[cfg(feature = "desktop")]
use crate::engine::habits::NoticeHabits;
#[cfg(feature = "desktop")]
use crate::engine::model::{Event, ToShow};
use crate::engine::profile::{Profile, ProfileError};
use crate::history::{Action, DONE};
use crate::notice::{self, Attention, Bell, Inlet};
use crate::words::Lang;
use crate::words::failure::failure;

/// 便り Tayori: 介護事業所どうしで、ケアプランデータを安全にやりとりします。
#[derive(Debug, Parser)]
#[command(
    name = "tayori",
    version,
    disable_version_flag = true,
    after_help = "コマンドを付けずに動かすと、画面が開きます。"
)]
pub struct Cli {
    /// この端末の設定・電子証明書・履歴を置くフォルダ（省略時は利用者ごとの決まった場所）
    #[arg(long, global = true, env = "TAYORI_PROFILE", value_name = "フォルダ")]
    profile: Option<PathBuf>,

    /// 版を出します
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    version: Option<bool>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Check(check::CheckArgs),
    Show(show::ShowArgs),
    Fix(fix::FixArgs),
    Setup(Box<setup::SetupArgs>),
    Terminal(terminal::TerminalArgs),
    Send(exchange::SendArgs),
    Receive(exchange::ReceiveArgs),
    Watch(exchange::WatchArgs),
    #[cfg(feature = "desktop")]
    Open(OpenArgs),
    Autostart(autostart::AutostartArgs),
    Notices(notices::NoticesArgs),
    List(list::ListArgs),
    Search(search::SearchArgs),
    Board(board::BoardArgs),
    Login(login::LoginArgs),
    Logout(login::LogoutArgs),
    Account(account::AccountArgs),
    Parcel(parcel::ParcelArgs),
    Partner(partner::PartnerArgs),
    Audit(audit::AuditArgs),
    Diagnose(diagnose::DiagnoseArgs),
}

/// What a command leaves on record when it has ended, beside what its steps do. A new command has to choose.
fn line_of(command: &Command) -> Option<(Action, &'static str)> {
    match command {
        Command::Send(_) => Some((Action::Examine, "send")),
        Command::Receive(_) => Some((Action::Exchange, "receive")),
        Command::Watch(_) => Some((Action::Exchange, "watch")),
        Command::List(_) => Some((Action::ShowLists, "")),
        // Not what was looked for: that may be a person's name.
        Command::Search(_) => Some((Action::ShowLists, "search")),
        Command::Login(_) => Some((Action::Login, "")),
        Command::Logout(_) => Some((Action::Logout, "")),
        Command::Account(_) => Some((Action::Accounts, "")),
        Command::Terminal(_) => Some((Action::Terminals, "")),
        Command::Setup(_) => Some((Action::Setup, "")),
        Command::Autostart(_) => Some((Action::Settings, "autostart")),
        Command::Diagnose(_) => Some((Action::Diagnose, "")),
        Command::Notices(_) => Some((Action::Settings, "notices")),
        // The engine behind the window records what is done there.
        #[cfg(feature = "desktop")]
        Command::Open(_) => None,
        // Each of their steps leaves its own line, with how it ended.
        Command::Parcel(_) | Command::Partner(_) | Command::Audit(_) | Command::Board(_) => None,
        // These have to do with files on this computer, and with no office.
        Command::Demo(_) | Command::Check(_) | Command::Show(_) | Command::Fix(_) => None,
    }
}

/// Writes the line of a command that ended. One that cannot be written is said, and takes nothing back.
fn put_on_record(line: Option<(Action, &'static str)>, dir: &std::path::Path, outcome: &anyhow::Result<Outcome>) {
    let Some((action, subject)) = line else { return };
    let result = if matches!(outcome, Ok(Outcome::Fine)) { DONE } else { "troubled" };
    // Before it is set up, a terminal has no record to write into.
    let Ok(profile) = Profile::open(dir) else { return };
    let recorded = profile
        .history()
        .and_then(|mut history| history.record(action, subject, result, Timestamp::now()).map_err(ProfileError::from));
    if let Err(error) = recorded {
        tracing::error!(%error, "a command is not on record");
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => ExitCode::SUCCESS,
            Outcome::Troubled => ExitCode::from(1),
        }
    }
}

impl Cli {
    /// Reads the command line. A wrong one is named on standard error and ends the program with 2.
    pub fn read() -> Self {
        let matches = in_japanese(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Runs the command; without one, the window.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let profile = self.profile;
        let line = self.command.as_ref().and_then(line_of);
        let dir = profile_dir(profile.clone());
        let outcome = match self.command {
            None => return open_window(profile, single::Request::default()),
            #[cfg(feature = "desktop")]
            Some(Command::Open(args)) => return open_window(profile, args.request()),
            Some(Command::Autostart(args)) => autostart::run(&args, &profile_dir(profile)?),
            Some(Command::Demo(args)) => demo::run(&args),
            Some(Command::Check(args)) => Ok(written(args.run(&mut io::stdout().lock()))?),
            Some(Command::Show(args)) => Ok(written(args.run(&mut io::stdout().lock()))?),
            Some(Command::Fix(args)) => Ok(written(args.run(&mut io::stdout().lock()))?),
            Some(Command::Setup(args)) => setup::run(&args, &profile_dir(profile)?),
            Some(Command::Send(args)) => with_profile(profile, |profile| exchange::send(&args, profile)),
            Some(Command::Receive(args)) => with_profile(profile, |profile| exchange::receive(&args, profile)),
            Some(Command::Watch(args)) => with_profile(profile, |profile| exchange::watch(&args, profile)),
            Some(Command::Login(args)) => with_profile(profile, |profile| login::log_in(&args, &profile)),
            Some(Command::Notices(args)) => with_profile(profile, |profile| notices::run(&args, &profile)),
            Some(Command::Logout(args)) => with_profile(profile, |profile| login::log_out(&args, &profile)),
            Some(Command::Terminal(args)) => with_profile(profile, |profile| terminal::run(&args, profile)),
            Some(Command::Account(args)) => {
                with_profile(profile, |profile| account::run(&args, &profile, &mut io::stdout().lock()))
            }
            Some(Command::List(args)) => {
                with_profile(profile, |profile| list::run(&args, profile, &mut io::stdout().lock()))
            }
            Some(Command::Search(args)) => {
                with_profile(profile, |profile| search::run(&args, &profile, &mut io::stdout().lock()))
            }
            Some(Command::Board(args)) => {
                with_profile(profile, |profile| board::run(&args, &profile, &mut io::stdout().lock()))
            }
            Some(Command::Parcel(args)) => {
                with_profile(profile, |profile| parcel::run(&args, &profile, &mut io::stdout().lock()))
            }
            Some(Command::Partner(args)) => {
                with_profile(profile, |profile| partner::run(&args, &profile, &mut io::stdout().lock()))
            }
            Some(Command::Audit(args)) => {
                with_profile(profile, |profile| audit::run(&args, &profile, &mut io::stdout().lock()))
            }
            Some(Command::Diagnose(args)) => diagnose(&args, profile),
        };
        if line.is_some() {
            put_on_record(line, &dir?, &outcome);
        }
        Ok(outcome?.into())
    }
}

/// A reader that has seen enough and closes the pipe ends the output, and nothing is wrong.
fn written(result: io::Result<Outcome>) -> io::Result<Outcome> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Outcome::Fine),
        result => result,
    }
}

fn profile_dir(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    given
        .or_else(Profile::default_dir)
        .ok_or_else(|| anyhow::anyhow!("設定を置く場所が見つかりません。--profile でフォルダを指定してください。"))
}

/// Opens the profile, or says in a sentence why there is none.
fn with_profile(
    given: Option<PathBuf>,
    run: impl FnOnce(Profile) -> Result<Outcome, ProfileError>,
) -> anyhow::Result<Outcome> {
    let profile = Profile::open(&profile_dir(given)?);
    let unlocked = profile.and_then(|profile| unlock::vault(profile.dir()).map(|_| profile));
    let result = unlocked.map(enrol::admitted).and_then(run);
    Ok(result.unwrap_or_else(|error| {
        tracing::error!(%error, "the command failed");
        tell(&error.failure());
        Outcome::Troubled
    }))
}

/// Unlike the others it needs neither a certificate nor an open vault: it says what of that is missing.
fn diagnose(args: &diagnose::DiagnoseArgs, given: Option<PathBuf>) -> anyhow::Result<Outcome> {
    let opened = Profile::open(&profile_dir(given)?).and_then(|profile| {
        if let Err(error) = unlock::vault(profile.dir()) {
            tracing::info!(%error, "the vault stays closed");
        }
        diagnose::run(args, &profile, &mut io::stdout().lock())
    });
    Ok(opened.unwrap_or_else(|error| {
        tell(&error.failure());
        Outcome::Troubled
    }))
}

/// What happened and what to do, on standard error.
fn tell(problem: &crate::history::Failure) {
    let sentence = failure(Lang::Ja, problem);
    eprintln!("{}{}", sentence.what, sentence.todo);
}

/// 画面を開きます。すでに開いているときは、その画面を前に出します
#[cfg(feature = "desktop")]
#[derive(Debug, clap::Args)]
struct OpenArgs {
    /// 送るものとして調べるファイルかフォルダ
    #[arg(value_name = "ファイル")]
    files: Vec<PathBuf>,
    /// 開いて見せる一通
    #[arg(long, value_name = "番号")]
    parcel: Option<crate::parcel::ParcelId>,
    /// 下書きを開いて見せます
    #[arg(long, conflicts_with = "parcel")]
    drafts: bool,
}

#[cfg(feature = "desktop")]
impl OpenArgs {
    fn request(self) -> single::Request {
        // The first window may have been started elsewhere.
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let place = match self.parcel {
            Some(parcel) => ToShow::Parcel(parcel),
            None if self.drafts => ToShow::Drafts,
            None => ToShow::Window,
        };
        single::Request { files: self.files.into_iter().map(absolute).collect(), place }
    }
}

#[cfg(feature = "desktop")]
fn open_window(given: Option<PathBuf>, request: single::Request) -> anyhow::Result<ExitCode> {
    let dir = profile_dir(given)?;
    let first = match single::take_place(&dir, &request) {
        Ok(single::Place::Second) => return Ok(ExitCode::SUCCESS),
        Ok(single::Place::Unheard) => {
            eprintln!(
                "便りの画面はもう開いていますが、返事がありません。しばらく待つか、その画面を閉じてから、もう一度お試しください。"
            );
            return Ok(ExitCode::from(1));
        }
        Ok(single::Place::First(first)) => Some(first),
        // Before it is set up there is no folder either.
        Err(error) => {
            tracing::info!(%error, "whether another window is open cannot be told");
            None
        }
    };
    window(&dir, first, request)
}

#[cfg(not(feature = "desktop"))]
fn open_window(_: Option<PathBuf>, _: single::Request) -> anyhow::Result<ExitCode> {
    eprintln!("この tayori は画面なしで作られています。tayori --help で使えるコマンドをご覧ください。");
    Ok(ExitCode::from(2))
}

/// Starts a terminal's engine with the notices between it and its face.
fn with_notices(
    profile: Profile,
    lang: Lang,
    attention: Attention,
    wake: Arc<dyn Fn() + Send + Sync>,
) -> Result<(Engine, Inlet), ProfileError> {
    let (habits, dir) = (profile.settings.notices.clone(), profile.dir().to_owned());
    let engine = Engine::start(profile, || {})?;
    Ok(notice::between(engine, Bell { lang, habits, dir, attention, wake }))
}

/// Opens the window over a terminal's engine and returns when it is closed. A terminal that cannot work gets its window
/// all the same: that is where people look for the reason.
#[cfg(feature = "desktop")]
fn window(dir: &std::path::Path, first: Option<single::First>, request: single::Request) -> anyhow::Result<ExitCode> {
    let options = kept_look(dir);
    let (lang, attention, dir) = (options.look.lang, options.attention.clone(), dir.to_owned());
    let start = move |wake: Box<dyn Fn() + Send + Sync>| {
        let engine = Engine::open(dir.clone(), || {});
        // The engine tells its settings first; until then the defaults do.
        let bell = Bell { lang, habits: NoticeHabits::default(), dir, attention, wake: wake.into() };
        let (engine, inlet) = notice::between(engine, bell);
        let hear = move |request: single::Request| {
            if !request.files.is_empty() {
                inlet.tell(Event::HandedOver(request.files));
            }
            inlet.tell(Event::Show(request.place));
        };
        if request != single::Request::default() {
            hear(request);
        }
        if let Some(Err(error)) = first.map(|first| first.listen(hear)) {
            tracing::warn!(%error, "a second start will not be heard");
        }
        engine
    };
    crate::desktop::run(start, options)?;
    Ok(ExitCode::SUCCESS)
}

/// Text size and language as they were left, kept in `look.toml` beside the settings, and the window's place in
/// `window.toml`. Not worth a word when it is lost.
#[cfg(feature = "desktop")]
fn kept_look(dir: &std::path::Path) -> crate::desktop::Options {
    let path = dir.join("look.toml");
    let kept = std::fs::read_to_string(&path).ok().and_then(|text| toml::from_str(&text).ok());
    let keep = move |look| {
        if let Ok(text) = toml::to_string(&look)
            && let Err(error) = std::fs::write(&path, text)
        {
            tracing::warn!(%error, "the look of the window is not kept");
        }
    };
    let beside = dir.join("window.toml");
    let place = std::fs::read_to_string(&beside).ok().and_then(|text| toml::from_str(&text).ok());
    let keep_place = move |place: crate::desktop::Place| {
        if let Ok(text) = toml::to_string(&place)
            && let Err(error) = std::fs::write(&beside, text)
        {
            tracing::warn!(%error, "where the window stood is not kept");
        }
    };
    crate::desktop::Options {
        look: kept.unwrap_or_default(),
        keep_look: Some(Box::new(keep)),
        tray: true,
        place,
        keep_place: Some(Box::new(keep_place)),
        ..crate::desktop::Options::default()
    }
}
