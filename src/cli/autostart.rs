//! `tayori autostart`: whether Tayori begins with the computer.

use std::path::Path;

use anyhow::Context as _;
use clap::ValueEnum;

use super::Outcome;
use crate::engine::autostart;

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
    let done = match args.what {
        What::On => autostart::set(dir, true),
        What::Off => autostart::set(dir, false),
        What::Status => autostart::is_on(dir),
    };
    let fail = "起動時に動かす設定を読み書きできませんでした。パソコンの管理をしている方にお確かめください。";
    if done.context(fail)? {
        println!("パソコンを起動すると、便りも動き始めます。");
    } else {
        println!("パソコンを起動しても、便りは動き始めません。");
    }
    Ok(Outcome::Fine)
}
