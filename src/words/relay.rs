//! What is said of 委託: parcels that are passed on for a support centre, and back.

use crate::entrust::Way;
use crate::texts;
use crate::words::Lang;

texts! {
    to_provider: "事業所へ回す", "Pass on to a provider";
    to_centre: "センターへ返す", "Give back to the centre";
    to_provider_intro: "地域包括支援センターから届いた書類を、選んだ利用者の分だけ、サービス事業所へ送り直します。",
        "Sends what came from the support centre on to a provider, for the chosen persons only.";
    to_centre_intro: "事業所から届いた実績を、こちらから送った予定といっしょに、選んだ利用者の分だけ、センターへ送ります。",
        "Sends the provider's actuals with your plan to the centre, for the chosen persons only.";
    receiver: "送り先", "To";
    choose_receiver: "送り先を選んでください", "Choose an office";
    persons: "利用者", "Persons";
    all: "全員を選ぶ", "Choose all";
    not_theirs: "この事業所への予定がまだありません", "No plan for this office yet";
    look: "送る内容を確かめる", "Look it over";
    send: "送る", "Send";
    back: "選び直す", "Change";
    cancel: "やめる", "Cancel";
    looking: "調べています…", "Looking…";
    nobody_there: "送れる相手がいません", "Nobody to send it to";
    nobody_provider: "連携先にサービス事業所がありません。", "No provider is among your partners.";
    nobody_centre: "この利用者たちを委託したセンターからの書類（利用者基本情報・予防計画書）が、まだ届いていません。",
        "No centre has sent you documents that entrust these persons.";
    files: "送るファイル", "Files";
    kept_as_they_are: "ファイル名と連番は新しくなります。利用者の記録は、届いたときのまま変えません。",
        "Names and serials are new; the records stay exactly as they came.";
    cannot_go: "誤りがあるため送れません。送り主にお知らせください。", "It has errors and cannot be sent. Tell the office it came from.";
    chain: "中継", "Passed on";
    from: "中継元", "From";
    to: "中継先", "To";
}

pub fn pass_on(lang: Lang, way: Way) -> &'static str {
    match way {
        Way::ToProvider => to_provider(lang),
        Way::ToCentre => to_centre(lang),
    }
}

pub fn intro(lang: Lang, way: Way) -> &'static str {
    match way {
        Way::ToProvider => to_provider_intro(lang),
        Way::ToCentre => to_centre_intro(lang),
    }
}

pub fn chosen(lang: Lang, chosen: usize, of: usize) -> String {
    match lang {
        Lang::Ja => format!("{of} 人のうち {chosen} 人"),
        Lang::En => format!("{chosen} of {of}"),
    }
}
