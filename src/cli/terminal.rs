//! `tayori terminal`: the PCs of one's office, and how a further one joins.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::enrol::short;
use super::{Format, Outcome, tell};
use crate::engine::profile::{Profile, ProfileError};
use crate::engine::terminals::{self, Office};
use crate::history::Failure;
use crate::parcel::certificate;
use crate::wire::TerminalEntry;

/// この事業所の端末を見る、加える、やめる
#[derive(Debug, clap::Args)]
pub struct TerminalArgs {
    #[command(subcommand)]
    command: TerminalCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TerminalCommand {
    /// 端末を一覧にします
    List {
        /// 出力の形
        #[arg(long, value_enum, default_value = "text", value_name = "形")]
        format: Format,
    },
    /// 新しい端末を加えるためのコードを出します（1時間、1台限り）
    Code,
    /// 許可を待っている端末に、事業所のデータを開けるようにします
    Admit {
        /// 端末の番号のはじめ（省略時は、待っている端末を一覧にします）
        #[arg(value_name = "端末の番号")]
        id: Option<String>,
        /// 新しい端末に出ている番号（16桁）。同じことを確かめてから許可します
        #[arg(long, value_name = "番号", requires = "id")]
        fingerprint: Option<String>,
    },
    /// 端末を失効させます。その端末は1分以内に使えなくなります
    Revoke {
        /// 端末の番号のはじめ
        #[arg(value_name = "端末の番号")]
        id: String,
    },
    /// 復旧コードを作り直します。前のものは使えなくなります
    Recovery,
}

pub fn run(args: &TerminalArgs, profile: Profile) -> Result<Outcome, ProfileError> {
    super::unlock::vault(profile.dir())?;
    let terminal = profile.terminal()?;
    let link = profile.link(&terminal.identity)?;
    let office = Office { identity: &terminal.identity, link: &link };
    Ok(match answer(&args.command, &office) {
        Ok(outcome) => outcome,
        Err(failure) => {
            tell(&failure);
            Outcome::Troubled
        }
    })
}

fn answer(command: &TerminalCommand, office: &Office<'_>) -> Result<Outcome, Failure> {
    match command {
        TerminalCommand::List { format } => list(&office.list()?, *format),
        TerminalCommand::Code => {
            let (code, until) = office.new_code()?;
            println!("コード: {code}");
            println!("期限: {}", in_japan(until));
            println!("新しい端末の、はじめの設定の画面に入れてください。1台で1回だけ使えます。");
        }
        TerminalCommand::Admit { id: None, .. } => {
            let waiting: Vec<_> = office.list()?.into_iter().filter(|terminal| terminal.waiting).collect();
            if waiting.is_empty() {
                println!("許可を待っている端末はありません。");
            }
            for terminal in &waiting {
                println!("{}  番号 {}  {}", terminal.id, fingerprint(terminal), terminal.name);
            }
            if !waiting.is_empty() {
                println!("新しい端末に出ている番号と同じことを確かめて、次のように許可してください。");
                println!("  tayori terminal admit 端末の番号 --fingerprint 番号");
            }
        }
        TerminalCommand::Admit { id: Some(id), fingerprint: told } => {
            let Some(terminal) = one(&office.list()?, id) else { return Ok(unknown(id)) };
            let Some(told) = told else {
                eprintln!(
                    "新しい端末に出ている番号を --fingerprint に入れてください。同じことを確かめてから許可します。"
                );
                return Ok(Outcome::Troubled);
            };
            if !terminals::is_same_fingerprint(told, &terminal) {
                eprintln!("番号が違います。別の端末かもしれないので、許可していません。番号を確かめてください。");
                return Ok(Outcome::Troubled);
            }
            office.admit(&terminal, Timestamp::now())?;
            println!("端末「{}」を許可しました。", terminal.name);
        }
        TerminalCommand::Revoke { id } => {
            let Some(terminal) = one(&office.list()?, id) else { return Ok(unknown(id)) };
            office.revoke(&terminal.id)?;
            println!("端末「{}」を失効させました。", terminal.name);
            println!("盗まれたおそれがあるときは、運用者に連絡し、事業所の鍵も新しくしてください。");
        }
        TerminalCommand::Recovery => {
            let code = office.new_recovery_code()?;
            println!("復旧コード: {code}");
            println!("紙に控え、金庫など人目に触れない所に保管してください。前のものはもう使えません。");
        }
    }
    Ok(Outcome::Fine)
}

fn list(terminals: &[TerminalEntry], format: Format) {
    if format == Format::Json {
        let rows = terminals.iter().map(|terminal| {
            serde_json::json!({
                "id": terminal.id, "name": terminal.name, "added_at": terminal.added_at,
                "revoked_at": terminal.revoked_at, "waiting": terminal.waiting, "valid_until": terminal.valid_until,
                "yours": terminal.yours, "fingerprint": certificate::fingerprint(&terminal.certificate.0),
            })
        });
        println!("{}", serde_json::Value::from_iter(rows));
        return;
    }
    for terminal in terminals {
        let standing = match (terminal.revoked_at, terminal.waiting, terminal.yours) {
            (Some(_), _, _) => "失効",
            (None, true, _) => "許可待ち",
            (None, false, true) => "この端末",
            (None, false, false) => "有効",
        };
        println!("{}  {standing}  期限 {}  {}", terminal.id, in_japan(terminal.valid_until), terminal.name);
    }
}

/// The one terminal whose id begins so.
fn one(terminals: &[TerminalEntry], id: &str) -> Option<TerminalEntry> {
    let id = id.trim().to_ascii_lowercase();
    let mut found = terminals
        .iter()
        .filter(|terminal| terminal.revoked_at.is_none() && !id.is_empty() && terminal.id.starts_with(&id));
    let first = found.next()?;
    found.next().is_none().then(|| first.clone())
}

fn unknown(id: &str) -> Outcome {
    eprintln!(
        "端末 {id} は見つからないか、同じ文字で始まる端末が2台以上あります。tayori terminal list で確かめてください。"
    );
    Outcome::Troubled
}

fn fingerprint(terminal: &TerminalEntry) -> String {
    short(&certificate::fingerprint(&terminal.certificate.0))
}

fn in_japan(at: Timestamp) -> String {
    at.to_zoned(TimeZone::get("Asia/Tokyo").unwrap_or(TimeZone::UTC)).strftime("%Y年%-m月%-d日 %H:%M").to_string()
}
