//! `tayori search`: finds parcels in the history.

use std::io::{self, Write};

use clap::ValueEnum;

use super::list::{as_json, say};
use super::{Format, Outcome};
use crate::engine::model::{Subject, Wanted};
use crate::engine::profile::{Profile, ProfileError};
use crate::standard::{Month, OfficeNumber};

/// So many parcels of an older version are indexed at once.
const STEP: u32 = 200;

/// 履歴をさがします（利用者の名前か番号、事業所、メッセージのことば。2文字から）
#[derive(Debug, clap::Args)]
pub struct SearchArgs {
    /// さがすことば。いくつかあるときは、すべてを含むものを出します
    #[arg(value_name = "ことば")]
    words: Vec<String>,
    /// 利用年月（2026-05）
    #[arg(long, value_name = "年月", value_parser = month)]
    month: Option<Month>,
    /// 種類
    #[arg(long, value_enum, value_name = "種類")]
    kind: Option<SubjectArg>,
    /// 相手の事業所番号
    #[arg(long, value_name = "番号")]
    partner: Option<OfficeNumber>,
    /// 受信だけ、または送信だけを出します
    #[arg(long, value_enum, value_name = "向き")]
    direction: Option<Direction>,
    /// 出す件数（新しいものから）
    #[arg(long, default_value_t = 50, value_name = "件数")]
    most: usize,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Direction {
    /// 受信
    In,
    /// 送信
    Out,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SubjectArg {
    /// 実績
    Actuals,
    /// 予定（第6・7表）
    Provision,
    /// 第1〜3表
    CarePlan,
    /// 介護予防
    Preventive,
    /// 取り消し
    Withdrawal,
    /// 連絡（メッセージだけのもの）
    Message,
    /// そのほか
    Other,
}

impl SubjectArg {
    fn subject(self) -> Subject {
        match self {
            Self::Actuals => Subject::Actuals,
            Self::Provision => Subject::Provision,
            Self::CarePlan => Subject::CarePlan,
            Self::Preventive => Subject::Preventive,
            Self::Withdrawal => Subject::Withdrawal,
            Self::Message => Subject::Message,
            Self::Other => Subject::Other,
        }
    }
}

/// Reads 2026-05 and 202605.
pub(super) fn month(text: &str) -> Result<Month, String> {
    text.replacen('-', "", 1).parse().map_err(|_| "年月は「2026-05」のように書いてください。".to_owned())
}

pub fn run(args: &SearchArgs, profile: &Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    let mut history = profile.history()?;
    let waiting = history.search_waiting()?;
    if waiting > 0 {
        eprintln!(
            "前からある記録（{waiting} 通）を、さがせるように準備しています。はじめの一度だけ、時間がかかります。"
        );
        while history.fill_search(STEP)? > 0 {}
    }
    let wanted = Wanted {
        words: args.words.join(" "),
        month: args.month,
        subject: args.kind.map(SubjectArg::subject),
        partner: args.partner,
        incoming: args.direction.map(|direction| direction == Direction::In),
        most: args.most,
    };
    let found = history.search(&wanted)?;
    // The only way this fails is a reader that has seen enough and closed the pipe.
    let _: io::Result<()> = match args.format {
        Format::Json => writeln!(
            out,
            "{}",
            serde_json::json!({
                "parcels": found.lines.iter().map(as_json).collect::<Vec<_>>(),
                "more": found.more,
            })
        ),
        Format::Text if found.lines.is_empty() => writeln!(out, "あてはまるものはありません。"),
        Format::Text => found
            .lines
            .iter()
            .try_for_each(|line| {
                write!(out, "{} ", if line.incoming { "受信" } else { "送信" })?;
                say(line, out)
            })
            .and_then(|()| {
                if found.more {
                    writeln!(out, "ほかにもあります（--most で件数を増やせます）。")
                } else {
                    Ok(())
                }
            }),
    };
    Ok(Outcome::Fine)
}
