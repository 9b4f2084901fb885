//! `tayori list`: the lists of the window as text.

use std::io::{self, Write};

use clap::ValueEnum;
use jiff::tz::TimeZone;

use super::{Format, Outcome};
use crate::engine::model::{ParcelLine, State};
use crate::engine::profile::{Profile, ProfileError};
use crate::words::Lang;
use crate::words::failure::failure;

/// 受信・送信済・送信待ちの一覧を出します
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// どの一覧か
    #[arg(value_enum, value_name = "一覧")]
    which: Which,
    /// 相手の事業所の名前か番号に、この言葉を含むものだけを出します
    #[arg(long, value_name = "言葉")]
    search: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// 受信
    Inbox,
    /// 送信済
    Sent,
    /// 送信待ち
    Outbox,
}

pub fn run(args: &ListArgs, profile: Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    let history = profile.history()?;
    let mut lines = match args.which {
        Which::Inbox => history.inbox()?,
        Which::Sent => history.sent()?,
        Which::Outbox => history.outbox()?,
    };
    if let Some(search) = &args.search {
        lines.retain(|line| line.partner_name.contains(search) || line.partner.as_str().contains(search));
    }
    // The only way this fails is a reader that has seen enough and closed the pipe.
    let _ = write(&lines, args.format, out);
    Ok(Outcome::Fine)
}

fn write(lines: &[ParcelLine], format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => writeln!(out, "{}", serde_json::Value::from_iter(lines.iter().map(as_json))),
        Format::Text if lines.is_empty() => writeln!(out, "ありません。"),
        Format::Text => lines.iter().try_for_each(|line| say(line, out)),
    }
}

fn say(line: &ParcelLine, out: &mut dyn Write) -> io::Result<()> {
    let at = line.at.to_zoned(TimeZone::system());
    let unread = if line.unread { "●" } else { "　" };
    writeln!(
        out,
        "{unread} {}  {}  {}（{}）  ファイル {} 個",
        at.strftime("%Y-%m-%d %H:%M"),
        state_word(&line.state),
        line.partner_name,
        line.partner,
        line.files
    )?;
    if line.is_overdue(jiff::Timestamp::now()) {
        writeln!(out, "    5日たっても受け取られていません。相手の事業所にお確かめください。")?;
    }
    if let Some(terminal) = &line.importing {
        writeln!(out, "    端末「{terminal}」が取り込みます。")?;
    }
    if let Some(to) = &line.assigned {
        writeln!(out, "    担当: {to}")?;
    }
    if let State::Failed(why) | State::Refused(why) | State::Held(why) | State::Waiting { last: Some(why), .. } = &line.state {
        let sentence = failure(Lang::Ja, why);
        writeln!(out, "    {}{}", sentence.what, sentence.todo)?;
    }
    Ok(())
}

fn state_word(state: &State) -> &'static str {
    match state {
        State::Waiting { .. } => "送信待ち",
        State::Accepted => "受付済",
        State::Arrived => "到着",
        State::Imported => "取込済",
        State::Failed(_) => "失敗",
        State::Refused(_) => "受取不可",
        State::Held(_) => "確認待ち",
    }
}

fn as_json(line: &ParcelLine) -> serde_json::Value {
    let (state, why) = match &line.state {
        State::Waiting { last, .. } => ("waiting", last.as_ref()),
        State::Accepted => ("accepted", None),
        State::Arrived => ("arrived", None),
        State::Imported => ("imported", None),
        State::Failed(why) => ("failed", Some(why)),
        State::Refused(why) => ("refused", Some(why)),
        State::Held(why) => ("held", Some(why)),
    };
    serde_json::json!({
        "id": line.id,
        "partner": line.partner,
        "partner_name": line.partner_name,
        "at": line.at,
        "state": state,
        "failure": why.map(crate::history::Failure::code),
        "files": line.files,
        "unread": line.unread,
        "errors": line.errors,
        "warnings": line.warnings,
        "overdue": line.is_overdue(jiff::Timestamp::now()),
        "importing": line.importing,
        "assigned": line.assigned,
    })
}
