//! `tayori setup`: makes a terminal in two steps, with the operator's answer in between.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::Outcome;
use crate::engine::profile::{Profile, ProfileError, Settings};
use crate::identity::{self, Request};
use crate::standard::OfficeNumber;

/// この端末を使えるようにします。1回目で証明書の申請書を作り、返ってきた証明書を2回目に入れます
#[derive(Debug, clap::Args)]
#[command(
    after_help = "1回目: tayori setup --office 3191000017 --name 事業所名 --hub https://連携基盤:8443 --outgoing 送信フォルダ --import 取込フォルダ\n        できた申請書（request.csr）を連携基盤の運用者に渡します。\n2回目: tayori setup --certificate 証明書.pem --ca ca.pem"
)]
pub struct SetupArgs {
    /// 事業所番号（10桁）
    #[arg(long, value_name = "事業所番号", requires_all = ["name", "hub", "outgoing", "import"])]
    office: Option<OfficeNumber>,
    /// 事業所の名前
    #[arg(long, value_name = "名前")]
    name: Option<String>,
    /// 連携基盤の場所
    #[arg(long, value_name = "https://…")]
    hub: Option<String>,
    /// ケアソフトが送信用のファイルを書き出すフォルダ
    #[arg(long, value_name = "フォルダ")]
    outgoing: Option<PathBuf>,
    /// ケアソフトが取り込むファイルを探すフォルダ
    #[arg(long, value_name = "フォルダ")]
    import: Option<PathBuf>,
    /// 運用者から返ってきた証明書
    #[arg(long, value_name = "ファイル", requires = "ca", conflicts_with = "office")]
    certificate: Option<PathBuf>,
    /// 運用者から渡された、連携基盤の認証局の証明書
    #[arg(long, value_name = "ファイル")]
    ca: Option<PathBuf>,
}

pub fn run(args: &SetupArgs, dir: &Path) -> anyhow::Result<Outcome> {
    match (args, &args.certificate, &args.ca) {
        (_, Some(certificate), Some(ca)) => install(dir, certificate, ca),
        (
            SetupArgs {
                office: Some(office),
                name: Some(name),
                hub: Some(hub),
                outgoing: Some(out),
                import: Some(imp),
                ..
            },
            ..,
        ) => {
            let settings = Settings {
                office: *office,
                office_name: name.clone(),
                hub: hub.clone(),
                outgoing: std::path::absolute(out)?,
                import: std::path::absolute(imp)?,
            };
            ask(dir, settings)
        }
        _ => bail!(
            "--office などで申請書を作るか、--certificate と --ca で証明書を入れてください（tayori setup --help）。"
        ),
    }
}

fn ask(dir: &Path, settings: Settings) -> anyhow::Result<Outcome> {
    match Profile::open(dir) {
        Err(ProfileError::Missing(_)) => {}
        Ok(_) => bail!("この端末はもう設定されています（{}）。", dir.display()),
        Err(error) => return Err(error.into()),
    }
    let request = identity::request(settings.office)?;
    let profile = Profile::create(dir, settings)?;
    request.save(&profile.identity_dir())?;
    let csr = dir.join("request.csr");
    fs::write(&csr, &request.csr_pem).with_context(|| format!("{} に書けません", csr.display()))?;
    println!("申請書を作りました: {}", csr.display());
    println!("これを連携基盤の運用者に渡し、返ってきた証明書を次のように入れてください。");
    println!("  tayori setup --certificate 証明書.pem --ca ca.pem");
    Ok(Outcome::Fine)
}

fn install(dir: &Path, certificate: &Path, ca: &Path) -> anyhow::Result<Outcome> {
    let profile = Profile::open(dir)?;
    let read = |path: &Path| fs::read(path).with_context(|| format!("{} を読めません", path.display()));
    let identity = Request::waiting(&profile.identity_dir())?.answered(&read(certificate)?, &read(ca)?)?;
    identity.check(profile.settings.office, jiff::Timestamp::now())?;
    identity.save(&profile.identity_dir())?;
    Request::forget(&profile.identity_dir());
    println!("証明書を入れました。{} として送受信できます。", profile.settings.office_name);
    Ok(Outcome::Fine)
}
