//! `tayori parcel pass-on`: what a care manager passes on for a support centre, and gives back to it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::Timestamp;

use super::{tell, unknown};
use crate::cli::{Format, Outcome};
use crate::engine::model::{Bundle, RelayOffer, RelayRequest};
use crate::engine::profile::ProfileError;
use crate::engine::terminal::Terminal;
use crate::parcel::ParcelId;
use crate::standard::{OfficeNumber, PersonKey};

#[derive(Debug, clap::Args)]
pub(super) struct PassOnArgs {
    id: ParcelId,
    /// 送り先の事業所番号
    #[arg(long, value_name = "番号")]
    to: Option<OfficeNumber>,
    /// 回す利用者の被保険者番号（省略時は、その相手にかかわりのある全員）
    #[arg(long = "person", value_name = "番号")]
    persons: Vec<String>,
    /// 添えることば
    #[arg(long, default_value = "", value_name = "ことば")]
    message: String,
    /// 送らずに、送るものを確かめるだけにします
    #[arg(long)]
    dry_run: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(
    args: &PassOnArgs,
    terminal: &mut Terminal,
    out: &mut dyn Write,
    now: Timestamp,
) -> Result<Outcome, ProfileError> {
    let Some(offer) = terminal.relay_offer(args.id)? else { return Ok(unknown()) };
    let Some(to) = args.to else {
        let _ = say_offer(&offer, args.format, out);
        return Ok(Outcome::Fine);
    };
    let known = offer.candidates.iter().find(|candidate| candidate.office == to).map(|candidate| &candidate.persons);
    let persons: Vec<PersonKey> = if args.persons.is_empty() {
        known.cloned().unwrap_or_default()
    } else {
        let wanted: BTreeSet<&str> = args.persons.iter().map(String::as_str).collect();
        offer.persons.iter().map(|(key, _)| key).filter(|key| wanted.contains(key.insured.as_str())).cloned().collect()
    };
    let request = RelayRequest { origin: args.id, to, persons, message: args.message.clone() };
    let bundle = match terminal.relay(&request, now) {
        Ok((_, review)) => review.bundle,
        Err(failure) => {
            tell(&failure);
            return Ok(Outcome::Troubled);
        }
    };
    if args.dry_run || !bundle.may_be_sent() {
        let _ = say(None, &bundle, args.format, out);
        return Ok(if bundle.may_be_sent() { Outcome::Fine } else { Outcome::Troubled });
    }
    match terminal.send_relay(&request, now, now) {
        Ok(id) => {
            let _ = say(Some(id), &bundle, args.format, out);
            Ok(Outcome::Fine)
        }
        Err(failure) => {
            tell(&failure);
            Ok(Outcome::Troubled)
        }
    }
}

fn say_offer(offer: &RelayOffer, format: Format, out: &mut dyn Write) -> io::Result<()> {
    let insured = |persons: &[PersonKey]| persons.iter().map(|person| person.insured.clone()).collect::<Vec<_>>();
    if format == Format::Json {
        let candidates = offer.candidates.iter().map(|candidate| {
            serde_json::json!({
                "office": candidate.office, "name": candidate.name, "persons": insured(&candidate.persons)
            })
        });
        let persons: Vec<&String> = offer.persons.iter().map(|(key, _)| &key.insured).collect();
        let all = serde_json::json!({
            "way": offer.way, "persons": persons, "candidates": candidates.collect::<Vec<_>>()
        });
        return writeln!(out, "{all}");
    }
    writeln!(out, "利用者")?;
    for (key, name) in &offer.persons {
        writeln!(out, "  {}  {name}", key.insured)?;
    }
    writeln!(out, "送り先")?;
    for candidate in offer.candidates.iter() {
        writeln!(out, "  {}  {}  {}", candidate.office, candidate.name, insured(&candidate.persons).join(" "))?;
    }
    Ok(())
}

fn say(id: Option<ParcelId>, bundle: &Bundle, format: Format, out: &mut dyn Write) -> io::Result<()> {
    if format == Format::Json {
        let files: Vec<&String> = bundle.files.iter().map(|file| &file.name).collect();
        let all = serde_json::json!({ "id": id, "files": files, "may_be_sent": bundle.may_be_sent(), "findings": bundle.findings });
        return writeln!(out, "{all}");
    }
    for file in &bundle.files {
        writeln!(out, "{}  {}", file.name, file.kind)?;
    }
    for finding in &bundle.findings {
        writeln!(out, "  {}{}", finding.message, finding.hint)?;
    }
    match id {
        Some(_) => writeln!(out, "送信待ちに入れました。次の送受信で送ります。"),
        None if bundle.may_be_sent() => writeln!(out, "まだ送っていません。"),
        None => writeln!(out, "誤りがあるため送れません。"),
    }
}
