//! `tayori setup`: makes a terminal in two steps, with the operator's answer in between.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use super::{Outcome, enrol, login, stored};
use crate::engine::enrol::{By, Entry};
use crate::engine::profile::{Profile, ProfileError, Settings};
use crate::identity::enrol::Waiting;
use crate::identity::{Identity, IdentityError, Request, store};
use crate::standard::OfficeNumber;

/// この端末を使えるようにします。案内の書面のコードを入れるか、証明書のファイルを入れます
#[derive(Debug, clap::Args)]
#[command(
    after_help = "コードで: tayori setup --hub https://連携基盤:8443 --office 3191000017 --code コード --outgoing 送信フォルダ --import 取込フォルダ\n証明書のファイルで: --code の代わりに --p12 ファイル --ca-fingerprint 書面の番号（パスワードは尋ねるか、TAYORI_P12_PASSWORD から読みます）\nWindows に入っている証明書で: --code の代わりに --windows-certificate 番号か名前の一部 --ca-fingerprint 書面の番号（tayori setup --windows-certificate だけなら、使える証明書の一覧を出します）\n\nコードを使わずに、申請書を渡して証明書を受け取ることもできます。\n1回目: tayori setup --office 3191000017 --name 事業所名 --hub https://連携基盤:8443 --outgoing 送信フォルダ --import 取込フォルダ\n        できた申請書（request.csr）を連携基盤の運用者に渡します。\n2回目: tayori setup --certificate 証明書.pem --ca ca.pem\n途中でやめたとき、申請書をなくしたとき、証明書を更新するときは、1回目をもう一度行います。"
)]
pub struct SetupArgs {
    /// 事業所番号（10桁）
    #[arg(long, value_name = "事業所番号", requires_all = ["hub", "outgoing", "import"])]
    office: Option<OfficeNumber>,
    /// 事業所の名前
    #[arg(long, value_name = "名前")]
    name: Option<String>,
    /// 連携基盤の場所
    #[arg(long, value_name = "https://…")]
    hub: Option<String>,
    /// 介護ソフトが送信用のファイルを書き出すフォルダ
    #[arg(long, value_name = "フォルダ")]
    outgoing: Option<PathBuf>,
    /// 介護ソフトが取り込むファイルを探すフォルダ
    #[arg(long, value_name = "フォルダ")]
    import: Option<PathBuf>,
    /// 案内の書面か、使っている端末に出たコード。「-」なら標準入力から読みます
    #[arg(
        long,
        env = "TAYORI_CODE",
        hide_env_values = true,
        value_name = "コード",
        requires = "office",
        conflicts_with_all = ["p12", "windows_certificate"]
    )]
    code: Option<String>,
    /// ほかの認証局が出した証明書のファイル（.p12 か .pfx）
    #[arg(long, value_name = "ファイル", requires_all = ["office", "ca_fingerprint"], conflicts_with = "windows_certificate")]
    p12: Option<PathBuf>,
    /// Windows に入っている、ほかの認証局の証明書。番号か名前の一部で選びます。値がなければ一覧を出します
    #[arg(long, value_name = "番号か名前の一部", num_args = 0..=1, default_missing_value = "")]
    windows_certificate: Option<String>,
    /// 案内の書面にある、連携基盤の認証局の番号（SHA-256）
    #[arg(long, value_name = "番号")]
    ca_fingerprint: Option<String>,
    /// この端末の呼び名（例: 受付のパソコン）
    #[arg(long, value_name = "名前", default_value = "")]
    terminal: String,
    /// 事業所のほかの端末がどれも使えないとき: 事業所の復旧コード。許可を待っている端末には、これだけで入れられます
    #[arg(long, env = "TAYORI_RECOVERY_CODE", hide_env_values = true, value_name = "復旧コード")]
    recovery_code: Option<String>,
    /// 運用者から返ってきた証明書
    #[arg(long, value_name = "ファイル", requires = "ca", conflicts_with = "office")]
    certificate: Option<PathBuf>,
    /// 運用者から渡された、連携基盤の認証局の証明書
    #[arg(long, value_name = "ファイル")]
    ca: Option<PathBuf>,
    /// 設定が済んだあと、この利用者IDで最初の利用者（管理者）を登録するか、ログインします
    #[arg(long, value_name = "利用者ID")]
    user: Option<String>,
}

pub fn run(args: &SetupArgs, dir: &Path) -> anyhow::Result<Outcome> {
    let by_store = match &args.windows_certificate {
        None => None,
        Some(typed) => match stored::chosen(store::system(), typed, &mut std::io::stdout()) {
            Ok(chosen) => Some(chosen),
            // Who also said for which office wanted more than the list.
            Err(outcome) => return Ok(if args.office.is_some() { Outcome::Troubled } else { outcome }),
        },
    };
    if let (Some(office), Some(hub), Some(out), Some(imp)) = (args.office, &args.hub, &args.outgoing, &args.import)
        && (args.code.is_some() || args.p12.is_some() || by_store.is_some())
    {
        let authority = args.ca_fingerprint.clone();
        let by = match (&args.code, &args.p12, by_store) {
            (Some(code), ..) => enrol::code(code)?,
            (None, Some(path), _) => enrol::file(path, &authority.unwrap_or_default())?,
            (None, None, Some(fingerprint)) => match authority {
                Some(authority) => By::Stored { fingerprint, authority },
                None => bail!("案内の書面にある認証局の番号を、--ca-fingerprint で指定してください。"),
            },
            (None, None, None) => bail!("--code か --p12 を指定してください。"),
        };
        let entry = Entry {
            hub: hub.clone(),
            office,
            by,
            terminal: args.terminal.clone(),
            office_name: args.name.clone().unwrap_or_default(),
            outgoing: absolute(out)?,
            import: absolute(imp)?,
            recovery: args.recovery_code.clone().map(Zeroizing::new),
        };
        return Ok(then_log_in(enrol::enter(dir, &entry), dir, args.user.as_deref()));
    }
    if by_store.is_some() {
        bail!("この証明書で登録するには、--office、--hub、--outgoing、--import も指定してください。");
    }
    match (args, &args.certificate, &args.ca) {
        (SetupArgs { office: None, recovery_code: Some(code), .. }, None, None) => {
            Ok(then_log_in(enrol::recover(dir, code), dir, args.user.as_deref()))
        }
        (_, Some(certificate), Some(ca)) => {
            Ok(then_log_in(told(install(dir, certificate, ca)), dir, args.user.as_deref()))
        }
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
            if !is_https(hub) {
                bail!(
                    "連携基盤の場所「{hub}」は使えません。https:// で始まる形で指定してください（例: https://hub.example.jp:8443）。"
                );
            }
            let settings = Settings::new(*office, name.clone(), hub.clone(), absolute(out)?, absolute(imp)?);
            Ok(told(ask(dir, settings)))
        }
        _ => bail!(
            "--code か --p12 で登録するか、--name を付けて申請書を作るか、--certificate と --ca で証明書を入れてください（tayori setup --help）。"
        ),
    }
}

/// Where a user was named, makes the office's first account or logs in, once the terminal can.
fn then_log_in(done: Outcome, dir: &Path, user: Option<&str>) -> Outcome {
    match (user, done) {
        (Some(user), Outcome::Fine) if !Waiting::is_in(&dir.join("identity")) => {
            told(Profile::open(dir).and_then(|profile| login::first_or_log_in(&profile, user)))
        }
        (_, done) => done,
    }
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("フォルダ「{}」は使えません。", path.display()))
}

/// What a step came to; where it failed, in a sentence on standard error.
fn told(result: Result<Outcome, ProfileError>) -> Outcome {
    result.unwrap_or_else(|error| {
        tracing::error!(%error, "the setup failed");
        super::tell(&error.failure());
        Outcome::Troubled
    })
}

fn is_https(address: &str) -> bool {
    reqwest::Url::parse(address).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

/// Makes a request for a certificate: the first, the same again while it is being answered, or one to renew with.
///
/// The key and the request come first and the settings last: a folder with settings has asked for its certificate.
fn ask(dir: &Path, settings: Settings) -> Result<Outcome, ProfileError> {
    match Profile::open(dir) {
        Err(ProfileError::Missing(_)) => {}
        Ok(profile) if profile.settings.office == settings.office => {}
        Ok(profile) => {
            let (ours, dir) = (profile.settings.office, dir.display());
            eprintln!(
                "この端末は、事業所 {ours} のものとして設定されています（{dir}）。別の事業所には、--profile で別のフォルダを指定してください。"
            );
            return Ok(Outcome::Troubled);
        }
        Err(error) => return Err(error),
    }
    fs::create_dir_all(dir).map_err(|source| ProfileError::Io { path: dir.to_owned(), source })?;
    let identity_dir = dir.join("identity");
    let vault = super::unlock::vault(dir)?;
    let request = Request::waiting_or_new(&identity_dir, settings.office, &vault)?;
    let csr = dir.join("request.csr");
    fs::write(&csr, &request.csr_pem).map_err(|source| ProfileError::Io { path: csr.clone(), source })?;
    Profile::create(dir, settings)?;
    println!("申請書を作りました: {}", csr.display());
    println!("これを連携基盤の運用者に渡し、返ってきた証明書を次のように入れてください。");
    println!("  tayori setup --certificate 証明書.pem --ca ca.pem");
    if Identity::load(&identity_dir, &vault).is_ok() {
        println!("いまの証明書は、新しい証明書を入れるまでそのまま使えます。");
    }
    Ok(Outcome::Fine)
}

fn install(dir: &Path, certificate: &Path, ca: &Path) -> Result<Outcome, ProfileError> {
    let profile = Profile::open(dir)?;
    let read = |path: &Path| fs::read(path).map_err(|source| ProfileError::Io { path: path.to_owned(), source });
    let (certificate, ca) = (read(certificate)?, read(ca)?);
    let identity_dir = profile.identity_dir();
    let vault = super::unlock::vault(dir)?;
    let request = match Request::waiting(&identity_dir, &vault) {
        Err(IdentityError::Missing { .. }) => {
            eprintln!("返事を待っている申請書がありません。先に tayori setup --office … で申請書を作ってください。");
            return Ok(Outcome::Troubled);
        }
        waiting => waiting?,
    };
    let mut identity = match request.answered(&certificate, &ca) {
        Err(IdentityError::KeyMismatch) => {
            eprintln!(
                "この証明書は、この端末の申請書に出されたものではありません。最後に作った申請書（request.csr）の証明書を入れてください。"
            );
            return Ok(Outcome::Troubled);
        }
        answered => answered?,
    };
    identity.check(profile.settings.office, jiff::Timestamp::now())?;
    // Parcels that were sealed to what the office had until now are still to be opened.
    if let Ok(before) = Identity::load(&identity_dir, &vault) {
        identity.older.extend(before.keys().cloned());
    }
    identity.save(&identity_dir, &vault)?;
    Request::forget(&identity_dir);
    println!("証明書を入れました。{} として送受信できます。", profile.settings.office_name);
    Ok(Outcome::Fine)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::hub::authority::{Authority, OFFICE_DAYS};
    use crate::identity::{Unlock, Vault};

    const NORTH: &str = "3171000048";

    struct Desk {
        dir: tempfile::TempDir,
        authority: Authority,
    }

    impl Desk {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let authority = Authority::create(&dir.path().join("ca"), "Tayori", Timestamp::now()).unwrap();
            let desk = Self { dir, authority };
            Vault::create_unprotected(&desk.profile(), "made-up passphrase").unwrap();
            desk
        }
        fn profile(&self) -> PathBuf {
            self.dir.path().join("profile")
        }
        fn vault(&self) -> Vault {
            Vault::open(&self.profile(), &Unlock::ByItself).unwrap()
        }
        fn ask(&self, office: &str, name: &str) -> Result<Outcome, ProfileError> {
            let [outgoing, import] = ["outgoing", "import"].map(|name| self.dir.path().join(name));
            let hub = "https://hub.example.jp:8443".into();
            let settings = Settings::new(office.parse().unwrap(), name.into(), hub, outgoing, import);
            ask(&self.profile(), settings)
        }
        /// The operator's answer to the request that lies there.
        fn answer(&self) -> PathBuf {
            let csr = fs::read_to_string(self.profile().join("request.csr")).unwrap();
            let issued =
                self.authority.issue_office(&csr, NORTH.parse().unwrap(), Timestamp::now(), OFFICE_DAYS).unwrap();
            let answer = self.dir.path().join("answer.pem");
            fs::write(&answer, issued.pem).unwrap();
            answer
        }
        fn install(&self, answer: &Path) -> Result<Outcome, ProfileError> {
            install(&self.profile(), answer, &self.dir.path().join("ca/ca.pem"))
        }
        fn certificate(&self) -> Vec<u8> {
            Identity::load(&self.profile().join("identity"), &self.vault()).unwrap().key.certificate().to_vec()
        }
    }

    fn is_fine(result: Result<Outcome, ProfileError>) -> bool {
        matches!(result, Ok(Outcome::Fine))
    }

    #[test]
    fn a_setup_that_was_cut_off_goes_on_where_it_was() {
        let desk = Desk::new();
        let csr = desk.profile().join("request.csr");
        fs::create_dir_all(&csr).unwrap(); // a folder stands where the request is to be written
        assert!(matches!(desk.ask(NORTH, "北"), Err(ProfileError::Io { .. })));
        assert!(matches!(Profile::open(&desk.profile()), Err(ProfileError::Missing(_))), "settings come last");
        let waiting = Request::waiting(&desk.profile().join("identity"), &desk.vault()).unwrap();
        fs::remove_dir(&csr).unwrap();
        assert!(is_fine(desk.ask(NORTH, "北")));
        assert_eq!(Request::waiting(&desk.profile().join("identity"), &desk.vault()).unwrap().pkcs8, waiting.pkcs8);
        assert!(is_fine(desk.install(&desk.answer())));
    }

    #[test]
    fn asking_twice_keeps_the_key_and_takes_the_newer_settings() {
        let desk = Desk::new();
        assert!(is_fine(desk.ask(NORTH, "来たの訪問介護")));
        let first = desk.answer();
        fs::remove_file(desk.profile().join("request.csr")).unwrap();
        assert!(is_fine(desk.ask(NORTH, "北の訪問介護")));
        assert!(desk.profile().join("request.csr").is_file());
        assert!(is_fine(desk.install(&first)), "an answer to the first request fits");
        assert_eq!(Profile::open(&desk.profile()).unwrap().settings.office_name, "北の訪問介護");
    }

    #[test]
    fn a_certificate_is_renewed_and_the_old_one_is_good_until_then() {
        let desk = Desk::new();
        assert!(is_fine(desk.ask(NORTH, "北")));
        let first = desk.answer();
        assert!(is_fine(desk.install(&first)));
        let old = desk.certificate();
        assert!(!is_fine(desk.install(&first)), "nothing is waited for");
        assert!(is_fine(desk.ask(NORTH, "北")));
        assert_eq!(desk.certificate(), old);
        assert!(!is_fine(desk.install(&first)), "that was the answer to another request");
        assert_eq!(desk.certificate(), old);
        assert!(is_fine(desk.install(&desk.answer())));
        assert_ne!(desk.certificate(), old);
    }

    #[test]
    fn another_offices_terminal_stays_what_it_is() {
        let desk = Desk::new();
        assert!(is_fine(desk.ask(NORTH, "北")));
        let csr = fs::read(desk.profile().join("request.csr")).unwrap();
        assert!(!is_fine(desk.ask("3191000017", "南")));
        assert_eq!(fs::read(desk.profile().join("request.csr")).unwrap(), csr);
        assert_eq!(Profile::open(&desk.profile()).unwrap().settings.office_name, "北");
    }

    #[test]
    fn a_hub_is_called_over_https_and_in_no_other_way() {
        for good in ["https://hub.example.jp:8443", "https://127.0.0.1:1/", "https://連携.jp"] {
            assert!(is_https(good), "{good}");
        }
        for wrong in ["http://hub.example.jp", "hub.example.jp:8443", "https://", "", "連携基盤"] {
            assert!(!is_https(wrong), "{wrong}");
        }
    }
}
