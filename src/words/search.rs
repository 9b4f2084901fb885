//! What 履歴の検索 says.

use crate::standard::Month;
use crate::texts;
use crate::words::Lang;

texts! {
    title: "履歴の検索", "History";
    words: "さがすことば", "Words";
    hint: "利用者の名前・番号、事業所、メッセージのことば（2文字から）", "Person, number, office, words of a message (2 characters)";
    month: "利用年月", "Month";
    every_month: "すべての月", "Every month";
    kind: "種類", "Kind";
    every_kind: "すべての種類", "Every kind";
    partner: "連携先", "Partner";
    every_partner: "すべての連携先", "Every partner";
    both_ways: "送受信", "Both";
    came: "受信", "Received";
    went: "送信", "Sent";
    clear: "条件を消す", "Clear";
    show_more: "続きを出す", "Show more";
    save_csv: "CSVで保存", "Save as CSV";
    save_pdf: "PDFで保存", "Save as PDF";
    nothing: "あてはまるものはありません", "Nothing matches";
    nothing_hint: "ことばを短くするか、月や種類の条件を減らしてみてください。名前は2文字でもさがせます。",
        "Use fewer or shorter words, or fewer conditions. Two characters of a name are enough.";
}

/// Of older parcels that are not found yet.
pub fn waiting(lang: Lang, parcels: &str) -> String {
    match lang {
        Lang::Ja => format!(
            "前からある記録を、さがせるように準備しています（残り {parcels} 通）。終わるまで、古いものは見つからないことがあります。"
        ),
        Lang::En => format!(
            "Older records are being prepared for searching ({parcels} left). Until then some may not be found."
        ),
    }
}

/// Of more hits than are shown.
pub fn newest_of_more(lang: Lang, shown: usize) -> String {
    match lang {
        Lang::Ja => format!("新しいものから {shown} 件を出しています。"),
        Lang::En => format!("The newest {shown} are shown."),
    }
}

/// What an inspector asks for.
pub fn month_list(lang: Lang, month: Month) -> String {
    match lang {
        Lang::Ja => format!("監査などに出す一覧（{}に送受信したもの）", month.label_ja()),
        Lang::En => format!("List for an inspector (exchanged in {}-{:02})", month.year(), month.month()),
    }
}

/// 2026年5月（令和8年）
pub fn month_name(lang: Lang, month: Month) -> String {
    match (lang, month.label_era()) {
        (Lang::Ja, Some(era)) => {
            format!("{}（{}）", month.label_ja(), era.split('年').next().unwrap_or_default().to_owned() + "年")
        }
        (Lang::Ja, None) => month.label_ja(),
        (Lang::En, _) => format!("{}-{:02}", month.year(), month.month()),
    }
}
