//! `tayori demo`: a whole district on this machine.

use std::path::PathBuf;

use anyhow::Context as _;

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
    let district = District::open(&args.dir).with_context(|| {
        let dir = args.dir.display();
        format!("お試しの地域を準備できませんでした。「{dir}」に書き込めるか、空きがあるかをお確かめのうえ、もう一度動かしてください。続くときは --dir で別のフォルダを指定してください")
    })?;
    eprintln!("事業所 {} か所。連携基盤は {} で動いています。", district.offices.len(), district.hub_address());
    if args.headless || !has_display() {
        return headless(&district);
    }
    with_window(&district, args.office)
}

fn headless(district: &District) -> anyhow::Result<Outcome> {
    let report = demo::run(district, |line| eprintln!("{line}"))
        .context("お試しの送受信が途中で止まりました。もう一度動かすと、続きから始まります")?;
    println!("{}", serde_json::to_string(&report).context("結果を書き出せませんでした。もう一度動かしてください")?);
    Ok(if report.files_identical { Outcome::Fine } else { Outcome::Troubled })
}

#[cfg(feature = "desktop")]
fn with_window(district: &District, office: OfficeNumber) -> anyhow::Result<Outcome> {
    use crate::demo::Neighbours;
    let ours = district.office(office).with_context(|| {
        format!("事業所 {office} は、お試しの地域にありません。--office で地域にある事業所の番号を指定してください")
    })?;
    let ours = ours.profile.clone();
    eprintln!("{}（{office}）として画面を開きます。ほかの事業所から順に届きます。", ours.settings.office_name);
    let neighbours = Neighbours::start(district, office)
        .context("ほかの事業所を動かせませんでした。お試しのフォルダを消すか --dir で別のフォルダを指定し、もう一度動かしてください")?;
    super::window(ours.dir(), None, super::single::Request::default())
        .context("画面を開けませんでした。--headless を付けると、画面なしで最後までやりとりします")?;
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
