//! `tayori list`: the lists of the window as text.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use jiff::tz::TimeZone;

use super::{Format, Outcome};
use crate::engine::model::{Bundle, Draft, ParcelLine, State, Way};
use crate::engine::profile::{Profile, ProfileError};
use crate::history::Failure;
use crate::register::Register;
use crate::standard::{Month, Severity};
use crate::words::Lang;
use crate::words::failure::failure;

/// 受信・送信済・送信待ち・下書きの一覧を出します
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// どの一覧か
    #[arg(value_enum, value_name = "一覧")]
    which: Which,
    /// 送受信一覧の月（2026-05）
    #[arg(long, value_name = "年月", value_parser = super::search::month, required_if_eq("which", "register"))]
    month: Option<Month>,
    /// 送受信一覧を CSV で保存します
    #[arg(long, value_name = "ファイル", requires = "month")]
    csv: Option<PathBuf>,
    /// 送受信一覧を PDF で保存します
    #[cfg(feature = "desktop")]
    #[arg(long, value_name = "ファイル", requires = "month")]
    pdf: Option<PathBuf>,
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
    /// 下書き（送信フォルダにあり、まだ送っていないもの）
    Drafts,
    /// 送受信一覧（監査のときに出す、月ごとの一覧）
    Register,
}

pub fn run(args: &ListArgs, profile: Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    if args.which == Which::Drafts {
        return drafts(args, &profile, out);
    }
    if let (Which::Register, Some(month)) = (args.which, args.month) {
        return register(args, month, &profile, out);
    }
    let history = profile.history()?;
    let mut lines = match args.which {
        Which::Inbox => history.inbox()?,
        Which::Sent => history.sent()?,
        Which::Outbox | Which::Drafts | Which::Register => history.outbox()?,
    };
    if let Some(search) = &args.search {
        lines.retain(|line| line.partner_name.contains(search) || line.partner.as_str().contains(search));
    }
    // The only way this fails is a reader that has seen enough and closed the pipe.
    let _ = write(&lines, args.format, out);
    Ok(Outcome::Fine)
}

fn register(args: &ListArgs, month: Month, profile: &Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    let settings = &profile.settings;
    let office = (settings.office, settings.office_name.clone());
    let now = jiff::Timestamp::now();
    let register = Register::of(&profile.history()?, month, office, TimeZone::system(), now, |_, _| true)?;
    // Nobody calls it off here.
    let Some(register) = register else { return Ok(Outcome::Troubled) };
    let csv = register
        .csv(|_| true)
        .map(Option::unwrap_or_default)
        .map_err(|error| ProfileError::Io { path: PathBuf::new(), source: io::Error::other(error) });
    let mut documents: Vec<(&PathBuf, Vec<u8>)> = Vec::new();
    if let Some(path) = &args.csv {
        documents.push((path, csv?));
    }
    #[cfg(feature = "desktop")]
    if let Some(path) = &args.pdf {
        match crate::desktop::paper::register::write(&register, |_| true) {
            Ok(pdf) => documents.push((path, pdf.unwrap_or_default())),
            Err(error) => {
                tracing::error!(%error, "the list was not made");
                super::tell(&Failure::Unexpected);
                return Ok(Outcome::Troubled);
            }
        }
    }
    let mut outcome = Outcome::Fine;
    for (path, bytes) in &documents {
        if let Err(failure) = super::parcel::save(path, "save-register", bytes) {
            super::tell(&failure);
            outcome = Outcome::Troubled;
        }
    }
    if documents.is_empty() {
        let lines: Vec<ParcelLine> = register.rows.into_iter().map(|row| row.line).collect();
        let _ = write(&lines, args.format, out);
    }
    Ok(outcome)
}

fn drafts(args: &ListArgs, profile: &Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    let terminal = profile.terminal()?;
    let drafts = terminal.drafts(&profile.settings.folders.automatic, &[])?;
    let wanted = |draft: &&Draft| {
        let bundle = &draft.bundle;
        let matches = |search: &String| {
            bundle.receiver_name.contains(search) || bundle.receiver.as_str().contains(search.as_str())
        };
        args.search.as_ref().is_none_or(matches)
    };
    let drafts: Vec<&Draft> = drafts.drafts.iter().filter(wanted).collect();
    // As below: only a closed pipe.
    let _ = match args.format {
        Format::Json => writeln!(out, "{}", serde_json::Value::from_iter(drafts.into_iter().map(draft_as_json))),
        Format::Text if drafts.is_empty() => writeln!(out, "ありません。"),
        Format::Text => drafts.into_iter().try_for_each(|draft| say_draft(draft, out)),
    };
    Ok(Outcome::Fine)
}

fn say_draft(draft: &Draft, out: &mut dyn Write) -> io::Result<()> {
    let (bundle, at) = (&draft.bundle, draft.at.to_zoned(TimeZone::system()));
    let (errors, warnings) = counts(bundle);
    let verdict = match (errors, warnings) {
        (0, 0) => "指摘なし".to_owned(),
        _ => format!("誤り {errors} 件・注意 {warnings} 件"),
    };
    let national = if draft.way == Way::National { "［国の連携システム］" } else { "" };
    let automatic = if draft.goes_at.is_some() { "（自動で送ります）" } else { "" };
    writeln!(
        out,
        "{}  {}（{}）  ファイル {} 個  {verdict}{automatic}{national}",
        at.strftime("%Y-%m-%d %H:%M"),
        if bundle.receiver_name.is_empty() { "名前のわからない事業所" } else { &bundle.receiver_name },
        bundle.receiver,
        bundle.files.len()
    )?;
    if draft.more > 0 {
        writeln!(out, "    ほかに {} 個あり、これを送ると次の下書きになります。", draft.more)?;
    }
    Ok(())
}

fn counts(bundle: &Bundle) -> (usize, usize) {
    let count = |severity| bundle.findings.iter().filter(|finding| finding.severity == severity).count();
    (count(Severity::Error), count(Severity::Warning))
}

fn draft_as_json(draft: &Draft) -> serde_json::Value {
    let (errors, warnings) = counts(&draft.bundle);
    serde_json::json!({
        "receiver": draft.bundle.receiver,
        "receiver_name": draft.bundle.receiver_name,
        "at": draft.at,
        "files": draft.bundle.files.iter().map(|file| &file.name).collect::<Vec<_>>(),
        "more": draft.more,
        "may_be_sent": draft.bundle.may_be_sent(),
        "automatic": draft.goes_at.is_some(),
        "way": draft.way,
        "errors": errors,
        "warnings": warnings,
    })
}

fn write(lines: &[ParcelLine], format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => writeln!(out, "{}", serde_json::Value::from_iter(lines.iter().map(as_json))),
        Format::Text if lines.is_empty() => writeln!(out, "ありません。"),
        Format::Text => lines.iter().try_for_each(|line| say(line, out)),
    }
}

pub(super) fn say(line: &ParcelLine, out: &mut dyn Write) -> io::Result<()> {
    let at = line.at.to_zoned(TimeZone::system());
    let unread = if line.unread { "●" } else { "　" };
    let national = if line.way == Way::National { "  ［国の連携システム］" } else { "" };
    writeln!(
        out,
        "{unread} {}  {}  {}（{}）  ファイル {} 個{national}",
        at.strftime("%Y-%m-%d %H:%M"),
        state_word(&line.state),
        line.partner_name,
        line.partner,
        line.files
    )?;
    if line.is_overdue() {
        writeln!(out, "    5日たっても受け取られていません。相手の事業所にお確かめください。")?;
    }
    if let Some(terminal) = &line.importing {
        writeln!(out, "    端末「{terminal}」が取り込みます。")?;
    }
    if let Some(to) = &line.assigned {
        writeln!(out, "    担当: {to}")?;
    }
    if let State::Failed(why) | State::Refused(why) | State::Held(why) | State::Waiting { last: Some(why), .. } =
        &line.state
    {
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
        State::LaidOut => "受渡し済",
        State::Failed(_) => "失敗",
        State::Refused(_) => "受取不可",
        State::Held(_) => "確認待ち",
    }
}

pub(super) fn as_json(line: &ParcelLine) -> serde_json::Value {
    let (state, why) = match &line.state {
        State::Waiting { last, .. } => ("waiting", last.as_ref()),
        State::Accepted => ("accepted", None),
        State::Arrived => ("arrived", None),
        State::Imported => ("imported", None),
        State::LaidOut => ("laid-out", None),
        State::Failed(why) => ("failed", Some(why)),
        State::Refused(why) => ("refused", Some(why)),
        State::Held(why) => ("held", Some(why)),
    };
    serde_json::json!({
        "id": line.id,
        "incoming": line.incoming,
        "partner": line.partner,
        "partner_name": line.partner_name,
        "at": line.at,
        "state": state,
        "failure": why.map(Failure::code),
        "files": line.files,
        "way": line.way,
        "unread": line.unread,
        "errors": line.errors,
        "warnings": line.warnings,
        "overdue": line.is_overdue(),
        "importing": line.importing,
        "assigned": line.assigned,
    })
}
