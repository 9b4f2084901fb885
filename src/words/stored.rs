//! What the set-up guide says of the certificates that lie in the computer's own store.

use super::Lang;
use crate::texts;

texts! {
    by_stored: "このパソコンの証明書", "Certificate on this PC";
    looking: "このパソコンの証明書を探しています…", "Looking for certificates on this PC…";
    choose: "使う証明書を選んでください。", "Choose the certificate to use.";
    none: "使える証明書が見つかりません。期限が切れていないか、カードを差し込んであるかをお確かめください。", "No usable certificate was found. Check whether it has expired, and whether its card is in.";
    look_again: "もう一度探す", "Look again";
    trying: "証明書の鍵を確かめています…", "Trying the certificate’s key…";
    trying_hint: "Windows が暗証番号や許可をたずねたら、そのとおりに答えてください。ほかの窓の後ろに出ることもあります。", "If Windows asks for a PIN or a permission, please answer. Its question may stand behind another window.";
}

/// For how long it is good, and who issued it: a long name may be cut, a day may not.
pub fn about(lang: Lang, issuer: &str, until: &str) -> String {
    match lang {
        Lang::Ja => format!("有効期限: {until}　発行元: {issuer}"),
        Lang::En => format!("Good until {until}, issued by {issuer}"),
    }
}
