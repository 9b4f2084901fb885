//! Messages about a month by command: a reminder, 実績なし, 限度超過.

use std::collections::BTreeSet;
use std::io::Write;

use jiff::Timestamp;

use super::super::exchange::{say_failures, say_notices};
use super::super::{Outcome, tell};
use crate::engine::exchange::Round;
use crate::engine::model::{Occasion, SendRequest, StatementDraft};
use crate::engine::profile::{Profile, ProfileError};
use crate::folders::Pace;
use crate::history::{Action, Failure};
use crate::standard::{Month, OfficeNumber, PersonKey};
use crate::words::board as w;

/// Whom and how.
#[derive(Debug, clap::Args)]
pub(super) struct SayArgs {
    #[arg(value_name = "事業所番号")]
    partner: OfficeNumber,
    /// 名前をあげる利用者の被保険者番号（催促では使いません）
    #[arg(value_name = "被保険者番号")]
    persons: Vec<String>,
    /// あてはまる利用者全員
    #[arg(long, conflicts_with = "persons")]
    all: bool,
    /// はじめに添える言葉
    #[arg(long, value_name = "文")]
    message: Option<String>,
    /// 文面を出すだけで、送りません
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn say(
    args: &SayArgs,
    month: Month,
    occasion: Occasion,
    profile: &Profile,
    out: &mut dyn Write,
) -> Result<Outcome, ProfileError> {
    let now = Timestamp::now();
    let mut exchange = profile.exchange()?;
    let draft = match exchange.terminal.draft_statement(args.partner, month, occasion)? {
        Ok(draft) => draft,
        Err(failure) => return Ok(troubled(&failure)),
    };
    let Some(statement) = draft.statement(&chosen(args, &draft)) else {
        eprintln!("名前をあげる利用者がいません。被保険者番号か --all を指定してください。あてはまる利用者:");
        for candidate in &draft.candidates {
            eprintln!("  {}  {}", candidate.person.insured, candidate.name.as_deref().unwrap_or_default());
        }
        return Ok(Outcome::Troubled);
    };
    let covering = args.message.as_deref().unwrap_or_else(|| w::greeting(occasion));
    let message = w::message(&draft, covering, &statement);
    // The only way this fails is a reader that has seen enough and closed the pipe.
    let _ = writeln!(out, "{}（{}）へ\n{message}", draft.partner_name, draft.partner);
    if args.dry_run {
        exchange.terminal.history.record(Action::Examine, &format!("{} {month}", args.partner), "done", now)?;
        return Ok(Outcome::Fine);
    }
    let request = SendRequest::saying(args.partner, message, statement);
    let parcel = match exchange.terminal.prepare(&request, Pace::default(), now) {
        Ok(parcel) => parcel,
        Err(failure) => {
            exchange.terminal.history.record(Action::Send, args.partner.as_str(), &failure.code(), now)?;
            return Ok(troubled(&failure));
        }
    };
    exchange.terminal.queue(vec![parcel], now, now)?;
    let mut round = Round::default();
    let result = exchange.round(now, &mut round);
    let noticed = say_notices(&round.notices);
    let fine = say_failures(result, &round) && noticed;
    Ok(if fine { Outcome::Fine } else { Outcome::Troubled })
}

fn chosen(args: &SayArgs, draft: &StatementDraft) -> BTreeSet<PersonKey> {
    let wanted = |person: &&PersonKey| args.all || args.persons.contains(&person.insured);
    draft.candidates.iter().map(|candidate| &candidate.person).filter(wanted).cloned().collect()
}

fn troubled(failure: &Failure) -> Outcome {
    tell(failure);
    Outcome::Troubled
}
