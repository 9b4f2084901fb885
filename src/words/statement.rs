//! What the card says that shows what a message says about a month.

use crate::parcel::{Over, Statement};
use crate::texts;
use crate::words::{Lang, board};

texts! {
    see_board: "月次ボードで見る", "See the month board";
    no_actuals_came: "この利用者は、月次ボードで「実績なし」として数えます。", "The month board counts them as “no actuals”.";
    over_came: "区分支給限度基準額を超えた分は、利用者の自己負担になります。予定をお確かめください。",
        "What exceeds the limit is paid by the person. Please check the plan.";
    reminder_came: "実績を送るか、実績がないときは月次ボードから「実績なし」を知らせてください。",
        "Send the actuals, or say from the month board that there are none.";
}

/// 「実績なし　2026年10月（令和8年10月）」
pub fn title(lang: Lang, statement: &Statement) -> String {
    let what = match statement {
        Statement::NoActuals { .. } => lang.t("実績なし", "No actuals"),
        Statement::OverLimit { .. } => lang.t("限度超過", "Over the limit"),
        Statement::Reminder { .. } => lang.t("実績の催促", "Reminder of the actuals"),
    };
    format!("{what}　{}", board::month(lang, statement.month()))
}

/// 「限度 19,705単位　合計 20,113単位」
pub fn units(lang: Lang, over: &Over, grouped: impl Fn(i64) -> String) -> String {
    let total = grouped(over.units);
    match (lang, over.limit.map(grouped)) {
        (Lang::Ja, Some(limit)) => format!("限度 {limit}単位　合計 {total}単位"),
        (Lang::Ja, None) => format!("合計 {total}単位"),
        (Lang::En, Some(limit)) => format!("limit {limit}, {total} in all"),
        (Lang::En, None) => format!("{total} in all"),
    }
}
