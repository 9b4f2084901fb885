//! `tayori diagnose`: looks for what stands in the way, as ヘルプと診断 does.

use std::io::{self, Write};
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{Format, Outcome, tell};
use crate::engine::diagnosis::look_at;
use crate::engine::model::{Check, Diagnosis, Found, Light, Look, Newer, Trial};
use crate::engine::profile::{Profile, ProfileError};
use crate::engine::{support, trial};
use crate::release::Keys;
use crate::words::Lang;
use crate::words::diagnosis as w;
use crate::words::failure::failure;
use crate::words::release;

/// つながらない原因を順に調べます（ネットワーク・時計・電子証明書・フォルダ・連携基盤）
///
/// 一つでも赤があれば終了コード1です。
#[derive(Debug, clap::Args)]
pub struct DiagnoseArgs {
    /// 自分の事業所あてに試しの一通を送り、戻ることも確かめます
    #[arg(long)]
    trial: bool,
    /// 個人情報を含まないサポート用のファイル（zip）を、ここに書きます
    #[arg(long, value_name = "ファイル")]
    support: Option<PathBuf>,
    /// 出力の形
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(args: &DiagnoseArgs, profile: &Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    let unwritten = |source: io::Error| ProfileError::Io { path: "stdout".into(), source };
    let mut diagnosis = Diagnosis::default();
    for (check, look) in &mut diagnosis.checks {
        let found = look_at(*check, profile, Timestamp::now());
        if args.format == Format::Text {
            print(out, *check, &found).map_err(unwritten)?;
        }
        *look = Look::Done(found);
    }
    if args.trial {
        diagnosis.trial = send(profile);
        if args.format == Format::Text {
            let said = match &diagnosis.trial {
                Trial::Came { took } => w::trial_came(Lang::Ja, took.as_secs_f64()),
                Trial::Failed(problem) => said(&failure(Lang::Ja, problem)),
                Trial::NotYet | Trial::UnderWay => String::new(),
            };
            writeln!(out, "{}  {said}", w::trial(Lang::Ja)).map_err(unwritten)?;
        }
    }
    let newer = newer(profile);
    match (args.format, &newer) {
        (Format::Json, _) => writeln!(out, "{}", as_json(&diagnosis, newer.as_ref())).map_err(unwritten)?,
        (Format::Text, Some(newer)) => {
            let (said, page) = (release::newer(Lang::Ja, &newer.version), release::page(Lang::Ja));
            writeln!(out, "{said}\n    → {page}: {}", newer.address).map_err(unwritten)?;
        }
        (Format::Text, None) => {}
    }
    let mut outcome = match (diagnosis.light(), &diagnosis.trial) {
        (Some(Light::Red), _) | (_, Trial::Failed(_)) => Outcome::Troubled,
        _ => Outcome::Fine,
    };
    if let Some(to) = &args.support {
        match support::write(profile, &diagnosis, to, Timestamp::now()) {
            Ok(()) if args.format == Format::Text => {
                writeln!(out, "サポート用のファイルを書きました: {}", to.display()).map_err(unwritten)?;
            }
            Ok(()) => {}
            Err(problem) => {
                tell(&problem);
                outcome = Outcome::Troubled;
            }
        }
    }
    Ok(outcome)
}

fn send(profile: &Profile) -> Trial {
    let sent = profile.terminal().map_err(|error| error.failure()).and_then(|mut terminal| {
        let link = profile.link(&terminal.identity).map_err(|error| error.failure())?;
        trial::send_to_ourselves(&mut terminal, &link, Timestamp::now())
    });
    sent.map_or_else(Trial::Failed, |took| Trial::Came { took })
}

/// A newer version, as far as this terminal has heard. What cannot be read is in the other lines.
fn newer(profile: &Profile) -> Option<Newer> {
    let history = profile.history().ok()?;
    crate::engine::release::newer(&history, &Keys::built_in(), Timestamp::now()).ok()?
}

fn print(out: &mut dyn Write, check: Check, found: &Found) -> io::Result<()> {
    let sign = match found.light() {
        Light::Green => "○",
        Light::Yellow => "△",
        Light::Red => "×",
    };
    let sentence = w::found(Lang::Ja, found, &TimeZone::system());
    writeln!(out, "{sign} {}（{}）  {}", w::check(Lang::Ja, check), w::light(Lang::Ja, found.light()), said(&sentence))
}

fn said(sentence: &crate::words::failure::Sentence) -> String {
    if sentence.todo.is_empty() {
        sentence.what.clone()
    } else {
        format!("{}\n    → {}", sentence.what, sentence.todo)
    }
}

fn as_json(diagnosis: &Diagnosis, newer: Option<&Newer>) -> serde_json::Value {
    let checks: Vec<_> = diagnosis
        .checks
        .iter()
        .filter_map(|(check, look)| match look {
            Look::Done(found) => {
                let sentence = w::found(Lang::Ja, found, &TimeZone::system());
                Some(json!({
                    "check": check, "light": found.light(), "found": found.code(),
                    "message": sentence.what, "hint": sentence.todo,
                }))
            }
            Look::NotYet | Look::UnderWay => None,
        })
        .collect();
    let trial = match &diagnosis.trial {
        Trial::Came { took } => json!({ "came": true, "seconds": took.as_secs_f64() }),
        Trial::Failed(problem) => json!({ "came": false, "failure": problem.code() }),
        Trial::NotYet | Trial::UnderWay => serde_json::Value::Null,
    };
    json!({ "light": diagnosis.light(), "checks": checks, "trial": trial, "newer": newer })
}
