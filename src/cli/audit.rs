//! `tayori audit`: the record of what was done at this terminal.

use std::io::{self, Write};
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Format, Outcome, tell};
use crate::engine::profile::{Profile, ProfileError};
use crate::history::{Action, AuditFault, AuditHead, AuditLine, DONE, Failure};

/// この端末でだれが何をしたかの記録を見ます・確かめます・書き出します
#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// 新しいものから一覧にします
    List {
        /// いくつまで
        #[arg(long, value_name = "件数", default_value_t = 100)]
        count: u32,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// 記録が書きかえられたり、消されたりしていないかを確かめます
    Verify {
        /// 連携基盤に控えてある印とも照らし合わせます
        #[arg(long)]
        hub: bool,
    },
    /// すべてを表計算ソフトで開ける CSV に書き出します
    Export {
        /// 書き出す先（すでにあるファイルには書きません）
        #[arg(long, value_name = "ファイル")]
        csv: PathBuf,
    },
}

pub fn run(args: &AuditArgs, profile: &Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    let now = Timestamp::now();
    match &args.what {
        What::List { count, format } => {
            let mut history = profile.history()?;
            history.record(Action::ShowAudit, "", DONE, now)?;
            // The only way this fails is a reader that has seen enough and closed the pipe.
            let _ = list(&history.audit(*count)?, *format, out);
            Ok(Outcome::Fine)
        }
        What::Verify { hub } => {
            let noted = if *hub { noted_at_the_hub(profile, now)? } else { Some(Vec::new()) };
            let Some(noted) = noted else { return Ok(Outcome::Troubled) };
            let mut history = profile.history()?;
            let verdict = history.verify_audit(&noted)?;
            let result = if verdict.is_ok() { DONE } else { "changed" };
            history.record(Action::ShowAudit, "verify", result, now)?;
            let _ = say(&verdict, noted.len(), *hub, out);
            Ok(if verdict.is_ok() { Outcome::Fine } else { Outcome::Troubled })
        }
        What::Export { csv } => {
            let mut history = profile.history()?;
            let exported = crate::engine::export_audit(&history, csv, |_| true);
            let result = exported.as_ref().err().map_or_else(|| DONE.to_owned(), Failure::code);
            history.record(Action::Export, "audit", &result, now)?;
            Ok(match exported {
                Ok(lines) => {
                    let lines = lines.unwrap_or_default();
                    let _ = writeln!(out, "{lines}件を「{}」に書き出しました。", csv.display());
                    Outcome::Fine
                }
                Err(failure) => {
                    tell(&failure);
                    Outcome::Troubled
                }
            })
        }
    }
}

/// Where this terminal's record ended, each time it told the hub. `None` when the hub could not be asked, which was said.
fn noted_at_the_hub(profile: &Profile, now: Timestamp) -> Result<Option<Vec<AuditHead>>, ProfileError> {
    match profile.exchange()?.noted_heads(now) {
        Ok(heads) => Ok(Some(heads)),
        Err(error) => {
            tell(&error.failure());
            Ok(None)
        }
    }
}

fn say(verdict: &Result<u64, AuditFault>, noted: usize, hub: bool, out: &mut dyn Write) -> io::Result<()> {
    match verdict {
        Ok(lines) if hub => {
            writeln!(out, "記録 {lines}件は、書いたときのままです（連携基盤の控え {noted}件とも合っています）。")
        }
        Ok(lines) => writeln!(out, "記録 {lines}件は、書いたときのままです。"),
        Err(fault) => {
            let what = match fault {
                AuditFault::Missing { seq } => format!("{seq}番の記録がありません。"),
                AuditFault::Changed { seq } => format!("{seq}番の記録が書きかえられています。"),
                AuditFault::Torn { seq } => format!("{seq}番の記録が、その前の記録につながっていません。"),
                AuditFault::CutOff { found, noted } => {
                    format!("記録の終わりが切り取られています（{noted}件あるはずが {found}件です）。")
                }
                AuditFault::Replaced { seq } => format!("{seq}番の記録が、別に控えた印と合いません。"),
                AuditFault::Unreadable { seq } => format!("{seq}番の記録を読み取れません。"),
            };
            writeln!(out, "{what}この端末の記録をそのままにして、管理者にご連絡ください。")
        }
    }
}

fn list(lines: &[AuditLine], format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => writeln!(out, "{}", serde_json::Value::from_iter(lines.iter().map(as_json))),
        Format::Text if lines.is_empty() => writeln!(out, "ありません。"),
        Format::Text => lines.iter().try_for_each(|line| {
            let at = line.at.to_zoned(TimeZone::system());
            let who = if line.who.is_empty() { "-" } else { &line.who };
            writeln!(
                out,
                "{:>6}  {}  {who}  {}  {}  {}",
                line.seq,
                at.strftime("%Y-%m-%d %H:%M:%S"),
                line.action,
                line.subject,
                line.result
            )
        }),
    }
}

fn as_json(line: &AuditLine) -> serde_json::Value {
    serde_json::json!({
        "seq": line.seq, "at": line.at, "who": line.who, "terminal": line.terminal, "action": line.action,
        "subject": line.subject, "result": line.result, "hash": line.hash,
    })
}
