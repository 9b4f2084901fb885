//! The letter an operator sends an office: where the hub is, and the one-time code. Plain text, for a printer.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::identity::code::Code;
use crate::standard::OfficeNumber;

/// What stands in it.
#[derive(Debug)]
pub struct Letter<'a> {
    pub office: OfficeNumber,
    pub name: &'a str,
    /// The hub's address as the office is to type it.
    pub hub: &'a str,
    pub code: &'a Code,
    /// Of the hub's own authority.
    pub authority: &'a str,
    pub until: Timestamp,
}

impl Letter<'_> {
    /// The words. Whoever has this paper can join as the office, so it says so.
    pub fn text(&self) -> String {
        let Self { office, name, hub, code, authority, until } = self;
        let until =
            until.to_zoned(TimeZone::get("Asia/Tokyo").unwrap_or(TimeZone::UTC)).strftime("%Y年%-m月%-d日 %H:%M");
        let authority = groups(authority);
        format!(
            "便り Tayori 利用開始のご案内\n\
             \n\
             {name} 御中\n\
             \n\
             パソコンで「便り」を開き、はじめの設定の画面に、次のとおり入れてください。\n\
             \n\
             \u{3000}連携基盤の場所\u{3000}{hub}\n\
             \u{3000}事業所番号\u{3000}\u{3000}\u{3000}{office}\n\
             \u{3000}コード\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}{code}\n\
             \u{3000}コードの期限\u{3000}\u{3000}{until}\n\
             \n\
             ・コードは1台のパソコンで1回だけ使えます。2台目からは、1台目の「端末」の画面で出すコードをお使いください。\n\
             ・この紙を持つ人は、事業所として登録できてしまいます。人に見せず、登録が済んだら処分してください。\n\
             ・コマンドで行うとき:\n\
             \u{3000}tayori setup --hub {hub} --office {office} --code {code} --outgoing 送信フォルダ --import 取込フォルダ\n\
             \n\
             ほかの認証局の証明書（.p12、.pfx）で登録するときは、次の番号が画面に出る番号と同じことをお確かめください。\n\
             \u{3000}認証局の番号（SHA-256）\n{authority}"
        )
    }
}

/// In groups of four, eight to a line, for eyes that compare.
fn groups(digits: &str) -> String {
    let letters: Vec<char> = digits.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.chunks(8).map(|line| format!("\u{3000}\u{3000}{}\n", line.join(" "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_says_all_that_is_to_be_typed() {
        let code = Code::new().unwrap();
        let letter = Letter {
            office: "3170000010".parse().unwrap(),
            name: "北の訪問介護",
            hub: "https://hub.example.jp:8443",
            code: &code,
            authority: &"0123456789abcdef".repeat(4),
            until: "2026-12-05T03:00:00Z".parse().unwrap(),
        };
        let text = letter.text();
        let wanted = ["北の訪問介護 御中", "https://hub.example.jp:8443", "3170000010", "2026年12月5日 12:00"];
        for wanted in wanted.into_iter().map(str::to_owned).chain([code.to_string()]) {
            assert!(text.contains(&wanted), "{wanted} is missing in\n{text}");
        }
        assert!(text.contains("0123 4567 89ab cdef 0123 4567 89ab cdef\n"));
    }
}
