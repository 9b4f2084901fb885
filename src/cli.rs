//! The same core by command, for people who help clerks with computers, and for programs.
//!
//! Exit codes: 0 fine, 1 findings or failures, 2 wrong use. `--format json` prints one object for programs.

pub mod check;
mod demo;
mod exchange;
mod list;
mod setup;
pub mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use check::{Format, Outcome};

use crate::engine::profile::{Profile, ProfileError};
use crate::words::Lang;
use crate::words::failure::failure;

/// 便り Tayori: 介護事業所どうしで、ケアプランデータを安全にやりとりします。
#[derive(Debug, Parser)]
#[command(
    name = "tayori",
    version,
    help_template = HELP,
    subcommand_help_heading = "コマンド",
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true,
    after_help = "コマンドを付けずに動かすと、画面が開きます。"
)]
pub struct Cli {
    /// この端末の設定・電子証明書・履歴を置くフォルダ（省略時は利用者ごとの決まった場所）
    #[arg(long, global = true, env = "TAYORI_PROFILE", value_name = "フォルダ", help_heading = "オプション")]
    profile: Option<PathBuf>,

    /// この説明を出します
    #[arg(short, long, global = true, action = clap::ArgAction::Help, help_heading = "オプション")]
    help: Option<bool>,

    /// 版を出します
    #[arg(short = 'V', long, action = clap::ArgAction::Version, help_heading = "オプション")]
    version: Option<bool>,

    #[command(subcommand)]
    command: Option<Command>,
}

/// How every help page is laid out.
const HELP: &str = "{about-with-newline}\n使い方: {usage}\n\n{all-args}{after-help}";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Check(check::CheckArgs),
    Show(show::ShowArgs),
    Setup(setup::SetupArgs),
    Send(exchange::SendArgs),
    Receive(exchange::ReceiveArgs),
    Watch(exchange::WatchArgs),
    List(list::ListArgs),
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
    /// Runs the command; without one, the window.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let profile = self.profile;
        let outcome = match self.command {
            None => return open_window(profile),
            Some(Command::Demo(args)) => demo::run(&args)?,
            Some(Command::Check(args)) => args.run(&mut std::io::stdout().lock())?,
            Some(Command::Show(args)) => args.run(&mut std::io::stdout().lock())?,
            Some(Command::Setup(args)) => setup::run(&args, &profile_dir(profile)?)?,
            Some(Command::Send(args)) => with_profile(profile, |profile| exchange::send(&args, profile))?,
            Some(Command::Receive(args)) => with_profile(profile, |profile| exchange::receive(&args, profile))?,
            Some(Command::Watch(args)) => with_profile(profile, |profile| exchange::watch(&args, profile))?,
            Some(Command::List(args)) => {
                with_profile(profile, |profile| list::run(&args, profile, &mut std::io::stdout().lock()))?
            }
        };
        Ok(outcome.into())
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
    let dir = profile_dir(given)?;
    let result = Profile::open(&dir).and_then(run);
    match result {
        Ok(outcome) => Ok(outcome),
        Err(ProfileError::Missing(dir)) => {
            eprintln!("この端末はまだ設定されていません（{}）。", dir.display());
            eprintln!("tayori setup で設定するか、tayori demo で試してみてください。");
            Ok(Outcome::Troubled)
        }
        Err(error) => {
            tracing::error!(%error, "the command failed");
            tell(&error.failure());
            Ok(Outcome::Troubled)
        }
    }
}

/// What happened and what to do, on standard error.
fn tell(problem: &crate::history::Failure) {
    let sentence = failure(Lang::Ja, problem);
    eprintln!("{}{}", sentence.what, sentence.todo);
}

#[cfg(feature = "desktop")]
fn open_window(given: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let dir = profile_dir(given)?;
    let profile = match Profile::open(&dir) {
        Ok(profile) => profile,
        Err(error) => {
            eprintln!("この端末はまだ設定されていません（{}）。", dir.display());
            eprintln!("tayori setup で設定するか、tayori demo で試してみてください。");
            tracing::info!(%error, "no profile");
            return Ok(ExitCode::from(1));
        }
    };
    window(profile)
}

#[cfg(not(feature = "desktop"))]
fn open_window(_: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    eprintln!("この tayori は画面なしで作られています。tayori --help で使えるコマンドをご覧ください。");
    Ok(ExitCode::from(2))
}

/// Opens the window over a terminal's engine and returns when it is closed.
#[cfg(feature = "desktop")]
fn window(profile: Profile) -> anyhow::Result<ExitCode> {
    use crate::engine::Engine;
    crate::desktop::run(|wake| Engine::start_or_tell(profile, wake), crate::desktop::Options::default())?;
    Ok(ExitCode::SUCCESS)
}
