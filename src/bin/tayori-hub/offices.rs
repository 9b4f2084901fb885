//! Offices and their terminals: who is part of the exchange, and the letters that bring them in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tayori::hub::home::{Home, MadeCode};
use tayori::hub::roll;
use tayori::hub::terminals::Admission;
use tayori::identity::files_for_owner;
use tayori::parcel::certificate;
use tayori::standard::{OfficeNumber, ServiceType};

/// More than any list of offices needs.
const LIST_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Debug, Subcommand)]
pub enum OfficeCommand {
    /// 事業所を登録し、コードの入った案内の書面を出します。申請書（--csr）があれば、書面の代わりに証明書を出します
    Add(AddArgs),
    /// 一覧のファイルの事業所をまとめて登録します。1行でも誤りがあれば、どれも登録しません
    Import(ImportArgs),
    /// 登録した事業所を一覧にします
    List(ListArgs),
    /// 登録した事業所に、新しいコードの入った案内の書面を出します
    Letter(LetterArgs),
    /// 登録した事業所に、新しいコードだけを出します
    Code(CodeArgs),
    /// 事業所の登録を取り消し、証明書を失効させます。動いている連携基盤にはすぐ効きます
    Revoke {
        #[arg(value_name = "事業所番号")]
        office: OfficeNumber,
    },
}

#[derive(Debug, Subcommand)]
pub enum TerminalCommand {
    /// 事業所の端末を一覧にします
    List {
        #[arg(value_name = "事業所番号")]
        office: OfficeNumber,
        /// プログラムが読む JSON で出します
        #[arg(long)]
        json: bool,
    },
    /// 端末を1台失効させます。動いている連携基盤にはすぐ効きます
    Revoke {
        /// 一覧に出る端末の番号。はじめの数文字でかまいません
        #[arg(value_name = "端末の番号")]
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct AddArgs {
    #[arg(value_name = "事業所番号")]
    office: OfficeNumber,
    /// サービス種類コード（2桁。例: 43 居宅介護支援）
    #[arg(long, value_name = "コード")]
    service: ServiceType,
    /// 事業所の名前
    #[arg(long, value_name = "名前")]
    name: String,
    /// 事業所が tayori setup で作った申請書
    #[arg(long, value_name = "ファイル", requires = "certificate")]
    csr: Option<PathBuf>,
    /// 証明書を書き出す先
    #[arg(long, value_name = "ファイル", requires = "csr")]
    certificate: Option<PathBuf>,
    /// 書面を書き出す先（省略時は画面）
    #[arg(long, value_name = "ファイル", conflicts_with = "csr")]
    letter: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// CSV（UTF-8 か Shift_JIS）: 事業所番号,サービス種類,名前
    #[arg(value_name = "ファイル")]
    file: PathBuf,
    /// 事業所ごとに、コードの入った案内の書面をこのフォルダに書き出します
    #[arg(long, value_name = "フォルダ")]
    letters: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// プログラムが読む JSON で出します
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct LetterArgs {
    #[arg(value_name = "事業所番号")]
    office: OfficeNumber,
    /// 書面を書き出す先（省略時は画面）
    #[arg(long, value_name = "ファイル")]
    letter: Option<PathBuf>,
    /// 事業所のすべての端末の鍵が失われたとき: このコードで、事業所の鍵を新しくします。古い証明書は失効し、連携先には確認を求めます
    #[arg(long)]
    new_key: bool,
}

#[derive(Debug, Args)]
pub struct CodeArgs {
    #[arg(value_name = "事業所番号")]
    office: OfficeNumber,
    /// 事業所のすべての端末の鍵が失われたとき（letter と同じ）
    #[arg(long)]
    new_key: bool,
    /// プログラムが読む JSON で出します
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, command: &OfficeCommand, now: Timestamp) -> anyhow::Result<()> {
    match command {
        OfficeCommand::Add(args) => add(home, args, now),
        OfficeCommand::Import(args) => import(home, args, now),
        OfficeCommand::List(args) => list(home, args.json, now),
        OfficeCommand::Letter(args) => {
            letter(home, args.office, args.letter.as_deref(), &code(home, args.office, args.new_key, now)?)
        }
        OfficeCommand::Code(args) => tell_code(home, args, now),
        OfficeCommand::Revoke { office } => revoke(home, *office, now),
    }
}

pub fn terminals(home: &Home, command: &TerminalCommand, now: Timestamp) -> anyhow::Result<()> {
    match command {
        TerminalCommand::List { office, json } => list_terminals(home, *office, *json),
        TerminalCommand::Revoke { id } => {
            let gone = home.revoke_terminal(id, now).with_context(|| {
                format!("端末 {id} を失効できませんでした。データのフォルダに書き込めるか、空きがあるかを確かめ、もう一度お試しください")
            })?;
            let Some(gone) = gone else {
                bail!(
                    "端末 {id} は見つからないか、同じ文字で始まる端末が2台以上あります。tayori-hub terminal list で確かめてください。"
                );
            };
            println!("{} の端末「{}」（{}）を失効させました。", gone.office, gone.name, gone.id);
            Ok(())
        }
    }
}

fn add(home: &Home, args: &AddArgs, now: Timestamp) -> anyhow::Result<()> {
    let request = match &args.csr {
        Some(path) => Some(
            fs::read_to_string(path)
                .with_context(|| format!("申請書「{}」を読めませんでした。場所を確かめてください", path.display()))?,
        ),
        None => None,
    };
    let certificate =
        home.add_office(args.office, args.service, &args.name, request.as_deref(), now).with_context(|| {
            let office = args.office;
            format!("{office} を登録できませんでした。申請書がこの事業所のものか、データのフォルダに書き込めるかを確かめてください")
        })?;
    println!("{}（{}）を登録しました。", args.name, args.office);
    match (certificate, &args.certificate) {
        (Some(pem), Some(path)) => {
            fs::write(path, pem).with_context(|| {
                let path = path.display();
                format!("登録はしましたが、証明書を「{path}」に書けませんでした。書ける場所を --certificate に指定し、もう一度登録してください")
            })?;
            println!("証明書: {}", path.display());
            println!("認証局の証明書 {} と一緒に事業所へ渡してください。", home.ca_certificate().display());
            Ok(())
        }
        _ => letter(home, args.office, args.letter.as_deref(), &code(home, args.office, false, now)?),
    }
}

fn import(home: &Home, args: &ImportArgs, now: Timestamp) -> anyhow::Result<()> {
    let unreadable = || format!("一覧「{}」を読めませんでした。場所を確かめてください", args.file.display());
    let size = fs::metadata(&args.file).with_context(unreadable)?.len();
    if size > LIST_BYTES {
        bail!("一覧「{}」は大きすぎます。分けて登録してください。", args.file.display());
    }
    let rows = match roll::read(&fs::read(&args.file).with_context(unreadable)?) {
        Ok(rows) => rows,
        Err(faults) => {
            for fault in &faults {
                match fault.row {
                    0 => eprintln!("{}", fault.reason),
                    row => eprintln!("{row} 行目: {}", fault.reason),
                }
            }
            bail!(
                "誤りが {} 件あるため、どの事業所も登録していません。直してから、もう一度お試しください。",
                faults.len()
            );
        }
    };
    let offices: Vec<OfficeNumber> = rows.iter().map(|row| row.office).collect();
    home.add_offices(rows, now).context(
        "登録できませんでした。どの事業所も登録していません。データのフォルダに書き込めるか、空きがあるかを確かめてください",
    )?;
    println!("{} 件の事業所を登録しました。", offices.len());
    if let Some(folder) = &args.letters {
        fs::create_dir_all(folder).with_context(|| {
            format!("フォルダ「{}」を作れませんでした。別の場所を指定してください", folder.display())
        })?;
        for office in &offices {
            letter(home, *office, Some(&folder.join(format!("{office}.txt"))), &code(home, *office, false, now)?)?;
        }
    }
    Ok(())
}

fn code(home: &Home, office: OfficeNumber, new_key: bool, now: Timestamp) -> anyhow::Result<MadeCode> {
    let made = home.make_code(office, new_key, now).with_context(|| {
        format!("{office} のコードを作れませんでした。データのフォルダに書き込めるか、空きがあるかを確かめ、もう一度お試しください")
    })?;
    made.with_context(|| format!("{office} は登録されていません。先に tayori-hub office add で登録してください。"))
}

fn letter(home: &Home, office: OfficeNumber, to: Option<&Path>, made: &MadeCode) -> anyhow::Result<()> {
    let text = home.letter(office, made);
    match to {
        None => println!("\n{text}"),
        // Whoever reads it can join as the office.
        Some(path) => {
            files_for_owner(path, text.as_bytes()).with_context(|| {
                let path = path.display();
                format!("書面を「{path}」に書けませんでした。書ける場所を --letter に指定し、tayori-hub office letter {office} を行ってください")
            })?;
            println!("案内の書面: {}", path.display());
        }
    }
    Ok(())
}

fn tell_code(home: &Home, args: &CodeArgs, now: Timestamp) -> anyhow::Result<()> {
    let made = code(home, args.office, args.new_key, now)?;
    if args.json {
        let authority = certificate::fingerprint(&home.authority.certificate_der());
        let told = serde_json::json!({
            "office": args.office, "name": made.name, "code": made.code.to_string(), "until": made.until,
            "hub": home.settings.public_address(), "authority": authority,
        });
        println!("{told}");
    } else {
        println!("{}（期限 {}）", made.code, in_japan(made.until));
    }
    Ok(())
}

fn list(home: &Home, json: bool, now: Timestamp) -> anyhow::Result<()> {
    let offices = home
        .offices(now)
        .context("登録を読めませんでした。データのフォルダを読めるかを確かめ、もう一度お試しください")?;
    if json {
        let rows = offices.iter().map(|office| {
            serde_json::json!({
                "office": office.office, "service": office.service, "name": office.name,
                "added_at": office.added_at, "revoked_at": office.revoked_at, "certificates": office.certificates,
            })
        });
        println!("{}", serde_json::Value::from_iter(rows));
        return Ok(());
    }
    for office in offices {
        let standing = match (office.revoked_at, office.certificates) {
            (Some(_), _) => "取消済",
            (None, 0) => "証明書なし",
            (None, _) => "有効",
        };
        println!("{}  {}  {standing}  {}", office.office, office.service, office.name);
    }
    Ok(())
}

fn revoke(home: &Home, office: OfficeNumber, now: Timestamp) -> anyhow::Result<()> {
    let revoked = home.revoke(office, now).with_context(|| {
        format!("{office} の登録を取り消せませんでした。データのフォルダに書き込めるか、空きがあるかを確かめ、もう一度取り消してください")
    })?;
    if !revoked {
        bail!("{office} は登録されていないか、もう取り消されています。");
    }
    println!("{office} の登録を取り消しました。");
    Ok(())
}

fn list_terminals(home: &Home, office: OfficeNumber, json: bool) -> anyhow::Result<()> {
    let found = home
        .terminals(office)
        .context("端末を読めませんでした。データのフォルダを読めるかを確かめ、もう一度お試しください")?;
    if json {
        let rows = found.iter().map(|terminal| {
            serde_json::json!({
                "id": terminal.id, "name": terminal.name, "added_at": terminal.added_at,
                "revoked_at": terminal.revoked_at, "waiting": terminal.admission == Admission::Waits,
                "valid_until": terminal.valid_until,
                "fingerprint": certificate::fingerprint(&terminal.certificate),
            })
        });
        println!("{}", serde_json::Value::from_iter(rows));
        return Ok(());
    }
    for terminal in found {
        let standing = match (terminal.revoked_at, terminal.admission) {
            (Some(_), _) => "失効",
            (None, Admission::Waits) => "許可待ち",
            (None, Admission::Has) => "有効",
        };
        println!("{}  {standing}  期限 {}  {}", terminal.id, in_japan(terminal.valid_until), terminal.name);
    }
    Ok(())
}

fn in_japan(at: Timestamp) -> impl std::fmt::Display {
    at.to_zoned(TimeZone::get("Asia/Tokyo").unwrap_or(TimeZone::UTC)).strftime("%Y年%-m月%-d日 %H:%M").to_string()
}
