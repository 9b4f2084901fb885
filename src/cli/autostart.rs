//! `tayori autostart`: Tayori begins with the computer, as `tayori watch` in the background.

use std::path::Path;

use anyhow::Context as _;
use auto_launch::{AutoLaunch, AutoLaunchBuilder, WindowsEnableMode};
use clap::ValueEnum;

use super::Outcome;
use crate::engine::profile::Profile;

/// パソコンを起動したときに、便りも動き始めるようにします
#[derive(Debug, clap::Args)]
pub struct AutostartArgs {
    /// 入れる・切る・いまの状態を見る
    #[arg(value_enum, value_name = "動作", default_value_t)]
    what: What,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum What {
    /// 起動したときに動き始めるようにします
    On,
    /// 動き始めないようにします
    Off,
    /// いまどちらになっているかを出します
    #[default]
    Status,
}

pub fn run(args: &AutostartArgs, dir: &Path) -> anyhow::Result<Outcome> {
    let program = std::env::current_exe().context("便りのプログラムの場所がわかりません。")?;
    let entry = entry(&program, dir).context("このパソコンでは、起動時に動かす設定ができません。")?;
    let fail = "起動時に動かす設定を読み書きできませんでした。パソコンの管理をしている方にお確かめください。";
    match args.what {
        What::On => entry.enable().context(fail)?,
        What::Off if entry.is_enabled().context(fail)? => entry.disable().context(fail)?,
        What::Off | What::Status => {}
    }
    if entry.is_enabled().context(fail)? {
        println!("パソコンを起動すると、便りも動き始めます。");
    } else {
        println!("パソコンを起動しても、便りは動き始めません。");
    }
    Ok(Outcome::Fine)
}

fn entry(program: &Path, dir: &Path) -> Result<AutoLaunch, auto_launch::Error> {
    let mut args = Vec::new();
    if Profile::default_dir().as_deref() != Some(dir) {
        args.extend(["--profile".to_owned(), quoted(dir)]);
    }
    args.push("watch".into());
    if cfg!(all(feature = "desktop", target_os = "linux")) {
        args.push("--tray".into());
    }
    AutoLaunchBuilder::new()
        .set_app_name("tayori")
        .set_app_path(&quoted(program))
        .set_args(&args)
        // For this person only: nobody needs an administrator for it.
        .set_windows_enable_mode(WindowsEnableMode::CurrentUser)
        .build()
}

/// The crate writes what it is given; a path may hold spaces.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    if cfg!(windows) {
        return format!("\"{path}\"");
    }
    let mut out = String::from("\"");
    for c in path.chars() {
        match c {
            '"' | '`' | '$' | '\\' => out.extend(['\\', c]),
            // A desktop entry takes it for the beginning of a field code.
            '%' => out.push_str("%%"),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
