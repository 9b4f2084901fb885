//! `tayori parcel`: what the window does with one parcel, by command.

mod pass_on;

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Outcome, tell};
use crate::engine::exchange::Round;
use crate::engine::profile::{Profile, ProfileError};
use crate::folders::{self, PublishError};
use crate::history::{Action, DONE, Failure};
use crate::parcel::ParcelId;

/// 一通ごとの操作（番号は「tayori list … --format json」の id）
#[derive(Debug, clap::Args)]
pub struct ParcelArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// 開きます（メッセージとファイルの一覧）。送り主に「開きました」と伝わります
    Open { id: ParcelId },
    /// 介護ソフトに取り込んだことにします。送り主にも伝わります
    Imported { id: ParcelId },
    /// ほかの端末が取り込むことになっているものを、この端末の取込フォルダに置きます
    TakeOver { id: ParcelId },
    /// 担当者や窓口を決めます（空にすると取り消し）。すべての端末に出ます
    Assign { id: ParcelId, to: String },
    /// 事業所の中だけのメモを付けます。すべての端末に出ます
    Note { id: ParcelId, text: String },
    /// 委託: 届いたものを、利用者を選んで回します（センターから事業所へ、事業所から予定とともにセンターへ）。
    /// --to を付けないと、回せる相手と利用者を出します
    PassOn(pass_on::PassOnArgs),
    /// 送信待ちや失敗のものを、次の送受信でもう一度送ります
    Retry { id: ParcelId },
    /// まだ送り出していないものを取り消します
    Withdraw { id: ParcelId },
    /// ファイルを1つ保存します（番号は0から）
    Save {
        id: ParcelId,
        index: u32,
        #[arg(value_name = "保存先")]
        to: PathBuf,
    },
}

pub fn run(args: &ParcelArgs, profile: &Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    let outcome = done(args, profile, out)?;
    let concerns_others =
        matches!(args.what, What::Open { .. } | What::Imported { .. } | What::Assign { .. } | What::Note { .. });
    if concerns_others && matches!(outcome, Outcome::Fine) {
        tell_at_once(profile);
    }
    Ok(outcome)
}

/// The other terminals are to see it within seconds, whether or not a program runs here that would tell them. Offline, the
/// next round does.
fn tell_at_once(profile: &Profile) {
    let told = profile.exchange().map(|mut exchange| exchange.tell(Timestamp::now(), &mut Round::default()));
    match told {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::info!(%error, "the other terminals hear of it later"),
        Err(error) => tracing::info!(%error, "the other terminals hear of it later"),
    }
}

fn done(args: &ParcelArgs, profile: &Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    let now = Timestamp::now();
    let mut terminal = profile.terminal()?;
    if let What::PassOn(args) = &args.what {
        return pass_on::run(args, &mut terminal, out, now);
    }
    let mut say = |text: &str| drop(writeln!(out, "{text}"));
    match &args.what {
        What::Open { id } => {
            terminal.open(*id, now)?;
            let Some(stored) = terminal.history.parcel(*id)? else { return Ok(unknown()) };
            say(&format!("{}（{}）", stored.line.partner_name, stored.line.partner));
            if !stored.message.is_empty() {
                say(&stored.message);
            }
            if !stored.note.is_empty() {
                say(&format!("メモ: {}", stored.note));
            }
            for (index, file) in stored.files.iter().enumerate() {
                say(&format!("{index:>4}  {}  {} バイト", file.name, file.size));
            }
            Ok(Outcome::Fine)
        }
        What::Imported { id } => {
            terminal.mark_imported(*id, now)?;
            Ok(Outcome::Fine)
        }
        What::TakeOver { id } => {
            let mut exchange = profile.exchange()?;
            let mut round = Round::default();
            let result = exchange.take_over(*id, now, &mut round);
            let ended = result.err().map(|error| error.failure());
            ended.iter().chain(&round.failures).for_each(tell);
            Ok(if ended.is_none() && round.failures.is_empty() { Outcome::Fine } else { Outcome::Troubled })
        }
        What::Assign { id, to } => Ok(terminal.history.assign(*id, to, now).map(|()| Outcome::Fine)?),
        What::Note { id, text } => Ok(terminal.history.annotate(*id, text, now).map(|()| Outcome::Fine)?),
        // Done above.
        What::PassOn(_) => Ok(Outcome::Fine),
        What::Retry { id } => Ok(terminal.history.retry(*id, now).map(|()| Outcome::Fine)?),
        What::Withdraw { id } => {
            if terminal.history.withdraw(*id, now)? {
                say("取り消しました。");
                return Ok(Outcome::Fine);
            }
            tell(&Failure::AlreadyLeft);
            Ok(Outcome::Troubled)
        }
        What::Save { id, index, to } => {
            let Some(bytes) = terminal.history.bytes(*id, *index)? else { return Ok(unknown()) };
            let saved = save(to, &format!("save-{id}-{index}"), &bytes);
            let result = saved.as_ref().err().map_or_else(|| DONE.to_owned(), Failure::code);
            terminal.history.record(Action::SaveFile, &format!("{id} {index}"), &result, now)?;
            if let Err(failure) = &saved {
                tell(failure);
            }
            Ok(if saved.is_ok() { Outcome::Fine } else { Outcome::Troubled })
        }
    }
}

pub(super) fn save(to: &Path, tag: &str, bytes: &[u8]) -> Result<(), Failure> {
    let name = to.file_name().and_then(|name| name.to_str());
    let Some(name) = name else { return Err(Failure::FileMissing { name: to.display().to_string() }) };
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let staged = folders::stage(folder, name, tag, bytes).map_err(|error| folders::failure_of(&error, to))?;
    staged.publish().map_err(|error| {
        staged.discard();
        match error {
            PublishError::Taken(_) => Failure::NameTaken { name: name.to_owned() },
            PublishError::Io { path, source } => folders::failure_of(&source, &path),
        }
    })
}

fn unknown() -> Outcome {
    eprintln!("その番号のものはありません。「tayori list inbox --format json」などで番号をお確かめください。");
    Outcome::Troubled
}
