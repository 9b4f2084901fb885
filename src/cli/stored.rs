//! `tayori setup --windows-certificate`: the certificates that lie in Windows, and the one that is meant.

use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Outcome, enrol, tell};
use crate::engine::enrol::stored;
use crate::identity::store::{CertificateStore, Stored, that_fit};
use crate::words::Lang;
use crate::words::mail::day;

/// The fingerprint of the one certificate that fits what was typed. Otherwise shows what there is, and what came of it.
pub(super) fn chosen(
    store: Option<&dyn CertificateStore>,
    typed: &str,
    out: &mut dyn Write,
) -> Result<String, Outcome> {
    let Some(store) = store else {
        eprintln!(
            "Windows に入っている証明書は、Windows でだけ使えます。証明書のファイルがあれば、--p12 で指定してください。"
        );
        return Err(Outcome::Troubled);
    };
    let all = stored(store, Timestamp::now()).map_err(|failure| {
        tell(&failure);
        Outcome::Troubled
    })?;
    if all.is_empty() {
        eprintln!(
            "この Windows には、使える証明書（秘密鍵があり、期限内で、認証に使えるもの）がありません。証明書のファイルがあれば、--p12 で指定してください。"
        );
        return Err(Outcome::Troubled);
    }
    let listing = typed.trim().is_empty();
    let fit = that_fit(all.clone(), typed);
    match fit.as_slice() {
        [one] if !listing => return Ok(one.fingerprint.clone()),
        [] => {
            eprintln!("「{typed}」に合う証明書がありません。使える証明書は、次のとおりです。");
            list(&all, out);
        }
        _ if listing => {
            list(&fit, out);
            eprintln!("登録するときは、番号か名前の一部を付けて、もう一度実行してください。");
        }
        _ => {
            eprintln!("「{typed}」に合う証明書が {} 件あります。番号で選んでください。", fit.len());
            list(&fit, out);
        }
    }
    if listing { Err(Outcome::Fine) } else { Err(Outcome::Troubled) }
}

/// On the screen alone: a subject may be a person.
fn list(certificates: &[Stored], out: &mut dyn Write) {
    for certificate in certificates {
        // The only way this fails is a reader that has seen enough and closed the pipe.
        let _ = writeln!(
            out,
            "{}\n    発行元: {}\n    有効期限: {}\n    番号: {}",
            certificate.subject,
            certificate.issuer,
            day(Lang::Ja, certificate.until.to_zoned(TimeZone::system()).date()),
            enrol::short(&certificate.fingerprint)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::store::made_up::MadeUp;

    fn run(store: Option<&dyn CertificateStore>, typed: &str) -> (Result<String, Outcome>, String) {
        let mut out = Vec::new();
        let chosen = chosen(store, typed, &mut out);
        (chosen, String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_one_that_fits_is_taken_and_otherwise_what_there_is_is_shown() {
        let store = MadeUp::with(&["KJ3171000048", "山田 花子"]);
        let (listed, said) = run(Some(&store), "");
        assert_eq!(listed, Err(Outcome::Fine));
        for words in ["KJ3171000048\n    発行元: Made-up CA\n    有効期限: ", "山田 花子"] {
            assert!(said.contains(words), "{said}");
        }
        let (several, said) = run(Some(&store), "made-up");
        assert_eq!(several, Err(Outcome::Troubled));
        assert!(said.contains("KJ3171000048") && said.contains("山田 花子"), "{said}");
        let (none, said) = run(Some(&store), "南");
        assert_eq!(none, Err(Outcome::Troubled));
        assert!(said.contains("KJ3171000048"), "{said}");
        let (one, said) = run(Some(&store), "ＫＪ３１７");
        let fingerprint = one.unwrap();
        assert_eq!(said, "");
        // As it was listed: in groups, and the beginning is enough.
        assert_eq!(run(Some(&store), &enrol::short(&fingerprint).to_uppercase()).0, Ok(fingerprint));
        assert_eq!(run(Some(&MadeUp::with(&[])), "").0, Err(Outcome::Troubled));
        assert_eq!(run(None, "").0, Err(Outcome::Troubled));
    }
}
