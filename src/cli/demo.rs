//! `tayori demo`: a whole district on this machine.

use std::path::PathBuf;

use super::Outcome;
use crate::demo::{self, District};
use crate::standard::OfficeNumber;

/// お試し: この1台の中に37の事業所と連携基盤を作り、1か月分のデータを実際にやりとりします
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// 画面を開かず、最後までやりとりして結果を1行の JSON で出します
    #[arg(long)]
    headless: bool,
    /// お試しのデータを置くフォルダ。同じフォルダでもう一度動かすと続きから始まります
    #[arg(long, value_name = "フォルダ", default_value = "demo")]
    dir: PathBuf,
    /// 画面を開く事業所の番号
    #[arg(long, value_name = "事業所番号", default_value = "3191000017")]
    office: OfficeNumber,
}

pub fn run(args: &DemoArgs) -> anyhow::Result<Outcome> {
    eprintln!("お試しの地域を準備しています（{}）…", args.dir.display());
    let district = District::open(&args.dir)?;
    eprintln!("事業所 {} か所。連携基盤は {} で動いています。", district.offices.len(), district.hub_address());
    if args.headless || !has_display() {
        return headless(&district);
    }
    with_window(&district, args.office)
}

fn headless(district: &District) -> anyhow::Result<Outcome> {
    let report = demo::run(district, |line| eprintln!("{line}"))?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(if report.files_identical { Outcome::Fine } else { Outcome::Troubled })
}

#[cfg(feature = "desktop")]
fn with_window(district: &District, office: OfficeNumber) -> anyhow::Result<Outcome> {
    use crate::demo::Neighbours;
    let ours = district.office(office)?.profile.clone();
    eprintln!("{}（{office}）として画面を開きます。ほかの事業所から順に届きます。", ours.settings.office_name);
    let neighbours = Neighbours::start(district, office)?;
    super::window(Ok(ours))?;
    drop(neighbours);
    Ok(Outcome::Fine)
}

#[cfg(not(feature = "desktop"))]
fn with_window(district: &District, _: OfficeNumber) -> anyhow::Result<Outcome> {
    headless(district)
}

fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(not(all(unix, not(target_os = "macos")))) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
