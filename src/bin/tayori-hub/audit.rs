//! `tayori-hub audit`: the record of what was done.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use tayori::hub::audit;
use tayori::hub::home::Home;

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// 新しいものから一覧にします
    List {
        #[arg(long, value_name = "件数", default_value_t = 100)]
        count: u32,
        /// プログラムが読む JSON で出します
        #[arg(long)]
        json: bool,
    },
    /// 書きかえられたり、消されたりしていないかを確かめます
    Verify {
        /// ログなどに控えた印（件数:ハッシュ）とも照らし合わせます。いくつでも
        #[arg(long = "noted", value_name = "件数:ハッシュ")]
        noted: Vec<String>,
    },
    /// すべてを CSV に書き出します
    Export {
        #[arg(long, value_name = "ファイル")]
        csv: PathBuf,
    },
}

pub fn run(home: &Home, what: &AuditCommand) -> anyhow::Result<()> {
    let unreadable = "記録を読めませんでした。データのフォルダを読めるかを確かめ、もう一度お試しください";
    match what {
        AuditCommand::List { count, json } => {
            let lines = home.store.read_now(|c| audit::newest(c, *count)).context(unreadable)?;
            if *json {
                let rows = lines.iter().map(|line| {
                    serde_json::json!({
                        "seq": line.seq, "at": line.at, "who": line.who, "terminal": line.terminal,
                        "action": line.action, "subject": line.subject, "result": line.result, "hash": line.hash,
                    })
                });
                println!("{}", serde_json::Value::from_iter(rows));
                return Ok(());
            }
            for line in lines {
                let who = if line.who.is_empty() { "-" } else { &line.who };
                println!("{:>8}  {}  {who}  {}  {}  {}", line.seq, line.at, line.action, line.subject, line.result);
            }
            Ok(())
        }
        AuditCommand::Verify { noted } => {
            let noted = noted
                .iter()
                .map(|noted| {
                    let (lines, hash) =
                        noted.split_once(':').context("控えた印は 件数:ハッシュ の形で指定してください")?;
                    let lines = lines.parse().context("控えた印は 件数:ハッシュ の形で指定してください")?;
                    Ok(audit::Head { lines, hash: hash.to_owned() })
                })
                .collect::<anyhow::Result<Vec<_>>>()?;
            let verdict = home.store.read_now(|c| audit::verify(c, &noted)).context(unreadable)?;
            let lines = verdict.map_err(|fault| {
                anyhow::anyhow!(
                    "記録が書いたときのままではありません（{fault}）。データのフォルダをそのまま保存し、調べてください"
                )
            })?;
            let head = home.store.read_now(audit::head).context(unreadable)?;
            println!("記録 {lines}件は、書いたときのままです。いまの印: {}:{}", head.lines, head.hash);
            Ok(())
        }
        AuditCommand::Export { csv } => {
            let mut file = fs::OpenOptions::new().write(true).create_new(true).open(csv).with_context(|| {
                format!(
                    "「{}」に書けませんでした。まだないファイルの名前と、書ける場所を指定してください",
                    csv.display()
                )
            })?;
            let lines = home.store.read_now(|c| Ok(audit::export(c, &mut file))).context(unreadable)?;
            let lines = lines.context("書き出しを終えられませんでした。空きを確かめ、もう一度お試しください")?;
            println!("{lines}件を「{}」に書き出しました。", csv.display());
            Ok(())
        }
    }
}
