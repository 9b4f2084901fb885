//! What is said about who in the office sees to a parcel.

use crate::texts;
use crate::words::Lang;

texts! {
    imported_short: "取込中", "importing";
    title: "事業所内の扱い", "In this office";
    open: "担当・メモ", "Assign / note";
    close: "担当・メモをとじる", "Close";
    assigned: "担当", "Assigned to";
    assigned_hint: "名前や係", "A name or a desk";
    assign: "決める", "Assign";
    to_me: "自分が担当する", "To me";
    to_nobody: "担当を外す", "Nobody";
    note: "メモ（事業所の中だけで見えます）", "Note (seen in this office only)";
    note_hint: "ほかの端末にも出ます。相手には届きません。", "All PCs of this office show it; it is not sent.";
    note_keep: "メモを残す", "Keep the note";
    take_over: "この端末に引き取る", "Take over here";
    take_over_title: "この端末に引き取りますか", "Take it over?";
    take_over_text: "ファイルをこの端末の取込フォルダに置きます。もう一台で取り込み済みのときは、二重に取り込まないようご注意ください。", "The files are put into this PC’s import folder. If the other PC has imported them already, do not import them twice.";
    take_over_yes: "はい、引き取ります", "Yes, take over";
}

/// 「事務室」で取り込み中
pub fn imported_by(lang: Lang, terminal: &str) -> String {
    match (lang, terminal.trim()) {
        (Lang::Ja, "") => "ほかの端末で取り込み中".to_owned(),
        (Lang::Ja, terminal) => format!("「{terminal}」で取り込み中"),
        (Lang::En, "") => "being imported by another PC".to_owned(),
        (Lang::En, terminal) => format!("being imported by {terminal}"),
    }
}

/// 担当 佐藤
pub fn assigned_to(lang: Lang, name: &str) -> String {
    match lang {
        Lang::Ja => format!("担当 {name}"),
        Lang::En => format!("assigned to {name}"),
    }
}
