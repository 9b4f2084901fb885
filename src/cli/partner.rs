//! `tayori partner`: the offices we exchange with, and the keys we know them by.

use std::io::{self, Write};

use jiff::Timestamp;

use super::{Format, Outcome};
use crate::engine::model::Partner;
use crate::engine::profile::{Profile, ProfileError};
use crate::history::{Action, DONE, PartnerKey};
use crate::parcel::certificate;
use crate::standard::OfficeNumber;
use crate::words::failure::fingerprint_in_groups;

/// 連携先の事業所と、その鍵の番号（指紋）を見ます・信頼します
#[derive(Debug, clap::Args)]
pub struct PartnerArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// 連携先の一覧。この事業所の鍵の番号も出すので、電話で読み合わせができます
    List {
        /// この事業所だけ
        #[arg(value_name = "事業所番号")]
        office: Option<OfficeNumber>,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// 連携先の新しい鍵を信頼します。番号を相手に電話などで確かめてから行ってください
    Trust {
        #[arg(value_name = "事業所番号")]
        office: OfficeNumber,
        /// 相手が読み上げた鍵の番号（64桁。間の - や空白はかまいません）
        #[arg(value_name = "鍵の番号")]
        fingerprint: String,
    },
}

pub fn run(args: &PartnerArgs, profile: &Profile, out: &mut dyn Write) -> Result<Outcome, ProfileError> {
    let now = Timestamp::now();
    let mut terminal = profile.terminal()?;
    match &args.what {
        What::List { office, format } => {
            terminal.history.record(Action::ShowPartners, "", DONE, now)?;
            let own = certificate::key_fingerprint(terminal.identity.key.certificate()).unwrap_or_default();
            let partners = terminal.partners()?;
            let mut rows = Vec::new();
            for partner in partners.iter().filter(|partner| office.is_none_or(|office| partner.office == office)) {
                rows.push((partner.clone(), terminal.history.partner_keys(partner.office)?));
            }
            // The only way this fails is a reader that has seen enough and closed the pipe.
            let _ = write(terminal.office, &own, &rows, *format, out);
            Ok(Outcome::Fine)
        }
        What::Trust { office, fingerprint } => {
            let key: String = fingerprint.chars().filter(char::is_ascii_hexdigit).collect();
            let key = key.to_ascii_lowercase();
            if terminal.history.trust_partner(*office, &key, now)? {
                let _ = writeln!(
                    out,
                    "{office} の鍵 {} を信頼しました。待っていたものは次の送受信で動きます。",
                    fingerprint_in_groups(&key)
                );
                return Ok(Outcome::Fine);
            }
            eprintln!(
                "{office} から、その番号の鍵は届いていません。「tayori partner list {office}」の番号と、相手が読み上げた番号をもう一度お確かめください。"
            );
            Ok(Outcome::Troubled)
        }
    }
}

fn write(
    office: OfficeNumber,
    own: &str,
    rows: &[(Partner, Vec<PartnerKey>)],
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    if format == Format::Json {
        let partners = rows.iter().map(|(partner, keys)| {
            serde_json::json!({
                "office": partner.office, "name": partner.name, "reachable": partner.reachable,
                "changed": partner.changed.is_some(), "last_paper": partner.last_paper,
                "keys": keys.iter().map(|key| serde_json::json!({
                    "fingerprint": key.key, "first_seen": key.first_seen, "trusted_at": key.trusted_at,
                })).collect::<Vec<_>>(),
            })
        });
        let partners = serde_json::Value::from_iter(partners);
        return writeln!(out, "{}", serde_json::json!({ "office": office, "fingerprint": own, "partners": partners }));
    }
    writeln!(out, "この事業所（{office}）の鍵: {}", fingerprint_in_groups(own))?;
    for (partner, keys) in rows {
        let standing = match (&partner.changed, partner.reachable) {
            (Some(_), _) => "鍵が変わっています。確かめてください",
            (None, true) => "受け取れます",
            (None, false) if partner.last_paper.is_some() => "紙・FAX",
            (None, false) => "まだ受け取れません",
        };
        writeln!(out, "{}  {}  {standing}", partner.office, partner.name)?;
        for key in keys {
            let trusted = if key.trusted_at.is_some() { "信頼済み" } else { "確認待ち" };
            writeln!(out, "    {trusted}  {}", fingerprint_in_groups(&key.key))?;
        }
    }
    Ok(())
}
