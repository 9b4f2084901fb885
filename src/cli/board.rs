//! `tayori board`: the month board as text, and what a person does on it.

mod say;

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Format, Outcome};
use crate::board::{Board, Exchange, Paper, Row};
use crate::engine::PersonsOfFiles;
use crate::engine::model::Occasion;
use crate::engine::profile::{Profile, ProfileError};
use crate::engine::terminal::Terminal;
use crate::history::{Action, DONE, PaperNote};
use crate::standard::{Month, OfficeNumber};
use crate::words::{Lang, board as w};

/// 月次ボード: どの事業所と、予定と実績がどこまで進んだかを出します
#[derive(Debug, clap::Args)]
pub struct BoardArgs {
    /// 対象年月（例: 2026-10、202610）。省略すると、10日までは前の月、そのあとは今月
    #[arg(long, global = true, value_name = "年月", value_parser = month)]
    month: Option<Month>,
    /// まだの事業所だけ
    #[arg(long)]
    open: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// 実績の催促を送ります
    Remind(say::SayArgs),
    /// 届いた予定の利用者について「今月は実績なし」を知らせます
    NoActuals(say::SayArgs),
    /// 送った予定で限度を超えている利用者を知らせます
    OverLimit(say::SayArgs),
    /// 紙で送った・受け取ったことを記録します
    Paper {
        #[arg(value_name = "事業所番号")]
        partner: OfficeNumber,
        #[arg(value_enum)]
        exchange: Noted,
        /// いつ（例: 2026-11-05）。省略すると今日
        #[arg(long, value_name = "日付")]
        on: Option<Date>,
        /// 記録を取り消します
        #[arg(long)]
        undo: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Noted {
    /// 予定
    Plan,
    /// 実績
    Actuals,
}

fn month(text: &str) -> Result<Month, String> {
    text.replace('-', "").parse().map_err(|_| "年月は 2026-10 のように指定してください".to_owned())
}

pub fn run(args: &BoardArgs, profile: &Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    let now = Timestamp::now();
    let today = now.to_zoned(TimeZone::system()).date();
    let mut terminal = profile.terminal()?;
    let month = args.month.map_or_else(|| terminal.month_to_show(now), Ok)?;
    let board = || terminal.board(month, &mut PersonsOfFiles::default(), now);
    match &args.what {
        None => {
            let board = board()?;
            terminal.history.record(Action::ShowLists, &format!("board {month}"), DONE, now)?;
            // The only way this fails is a reader that has seen enough and closed the pipe.
            let _ = match args.format {
                Format::Json => writeln!(out, "{}", serde_json::json!(board)),
                Format::Text => say(&board, args.open, out),
            };
            Ok(Outcome::Fine)
        }
        Some(What::Remind(args)) => say::say(args, month, Occasion::Reminder, profile, out),
        Some(What::NoActuals(args)) => say::say(args, month, Occasion::NoActuals, profile, out),
        Some(What::OverLimit(args)) => say::say(args, month, Occasion::OverLimit, profile, out),
        Some(What::Paper { partner, exchange, on, undo }) => {
            let exchange = match exchange {
                Noted::Plan => Exchange::Plan,
                Noted::Actuals => Exchange::Actuals,
            };
            let board = board()?;
            paper(&mut terminal, &board, *partner, exchange, on.unwrap_or(today), *undo, now)
        }
    }
}

fn paper(
    terminal: &mut Terminal,
    board: &Board,
    partner: OfficeNumber,
    exchange: Exchange,
    on: Date,
    taken_back: bool,
    now: Timestamp,
) -> Result<Outcome, ProfileError> {
    let rows: Vec<&Row> = board.rows.iter().filter(|row| row.partner == partner).collect();
    if rows.is_empty() {
        eprintln!("{partner} は、この月のボードにありません。「tayori board」で事業所番号と年月をお確かめください。");
        return Ok(Outcome::Troubled);
    }
    for row in rows {
        let paper = Paper { side: row.side, partner, service: row.service, exchange, on };
        terminal.history.note_paper(&PaperNote { month: board.month, paper, taken_back }, now)?;
    }
    Ok(Outcome::Fine)
}

fn say(board: &Board, only_open: bool, out: &mut dyn Write) -> io::Result<()> {
    let lang = Lang::Ja;
    writeln!(out, "{} の月次ボード", w::month(lang, board.month))?;
    if board.rows.is_empty() {
        return writeln!(out, "{}。{}", w::empty(lang), w::empty_hint(lang));
    }
    for summary in &board.summaries {
        writeln!(out, "\n{}", w::side(lang, summary.side))?;
        writeln!(out, "{}{}", w::summary(lang, summary), w::plans(lang, summary))?;
        let rows = board.rows.iter().filter(|row| row.side == summary.side && (!only_open || row.is_open()));
        rows.into_iter().try_for_each(|row| say_row(row, out))?;
    }
    Ok(())
}

fn say_row(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let lang = Lang::Ja;
    let mut said = vec![format!("予定 {}", w::step(lang, &row.plan))];
    if let Some(changes) = &row.changes {
        said.push(format!("追加・変更 {}件 {}", changes.count, w::step(lang, &changes.newest)));
    }
    said.push(format!("実績 {}", w::step(lang, &row.actuals)));
    if let Some(documents) = &row.documents {
        said.push(format!("予防の計画 {}", w::step(lang, documents)));
    }
    said.extend([w::answered(lang, row), w::wait(lang, row)].into_iter().filter(|words| !words.is_empty()));
    said.extend((row.over_limit > 0).then(|| w::over_limit(lang, row.over_limit)));
    said.extend(row.undelivered_days.map(|days| w::undelivered(lang, days)));
    said.extend(row.reminded.map(|at| w::reminded(lang, at.to_zoned(TimeZone::system()).date())));
    if row.regular {
        said.push(w::regular(lang).to_owned());
    }
    let service = row.service.name().unwrap_or("サービス不明");
    writeln!(out, "  {}（{}・{service}）  {}", row.name, row.partner, said.join("  "))
}
