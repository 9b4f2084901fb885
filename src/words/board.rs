//! What the month board, the partners and the messages about a month say.

use jiff::civil::Date;

use crate::board::{Cell, Exchange, Row, Side, Step, Summary};
use crate::engine::model::{Occasion, StatementDraft};
use crate::parcel::{Over, Statement};
use crate::standard::{Month, PersonKey};
use crate::texts;
use crate::words::Lang;

texts! {
    board: "月次ボード", "Month board";
    previous_month: "前の月", "Previous month";
    next_month: "次の月", "Next month";
    only_open: "まだの事業所だけ", "Only open ones";
    everyone: "すべて", "All";
    partner: "連携先", "Partner";
    changes: "追加・変更", "Changes";
    waiting: "返事待ち", "Waiting";
    nothing_open: "この月に、まだのものはありません。", "Nothing is open this month.";
    empty: "この月のやりとりはまだありません", "Nothing was exchanged for this month yet";
    empty_hint: "予定や実績を送るか受け取ると、相手の事業所ごとにここに並びます。", "Once plans or actuals are sent or received, each partner is listed here.";
    gathering: "月次ボードをまとめています…", "Putting the board together…";
    regular: "先月はやりとりがありました", "There was an exchange last month";
    actions: "操作", "More";

    remind: "催促する", "Remind";
    say_none: "実績なしを知らせる", "Say: no actuals";
    say_over: "限度超過を知らせる", "Note over the limit";
    paper_undo: "紙の記録を取り消す", "Undo the paper note";
    paper_title: "紙でのやりとりを記録します", "Note an exchange on paper";
    paper_hint: "便りを使わずに、紙やFAXで渡した・受け取ったときに記録します。あとで取り消せます。", "For what went or came on paper or by fax. It can be undone.";
    paper_day: "日付", "Day";
    paper_day_hint: "例: 11/5、2026-11-05", "Such as 2026-11-05";
    paper_day_wrong: "日付は「11/5」のように入れてください。", "Enter a day such as 2026-11-05.";
    paper_keep: "記録する", "Keep";

    people_of_plan: "届いた予定にのっている利用者", "Persons in the plan";
    people_over: "限度を超えている利用者", "Persons over the limit";
    choose_all: "全員を選ぶ", "Choose all";
    choose_none: "全員はずす", "Choose none";
    covering: "あいさつ・伝えたいこと", "Your words";
    will_say: "この内容が続きます", "This follows";
    send_it: "この内容で送る", "Send this";
    not_yet: "やめる", "Cancel";
    nobody_left: "知らせる利用者がいません。", "There is nobody to name.";
    nobody_chosen: "利用者を一人以上選んでください。", "Choose at least one person.";
    gathering_people: "利用者を調べています…", "Looking up the persons…";
}

/// 予定, 実績, 予防の計画
pub fn exchange(lang: Lang, exchange: Exchange) -> &'static str {
    match exchange {
        Exchange::Plan => lang.t("予定", "Plan"),
        Exchange::Actuals => lang.t("実績", "Actuals"),
        Exchange::Documents => lang.t("予防の計画", "Preventive"),
    }
}

/// 「予定を紙でやりとりした」
pub fn paper_of(lang: Lang, of: Exchange) -> String {
    match lang {
        Lang::Ja => format!("{}を紙でやりとりした", exchange(lang, of)),
        Lang::En => format!("{} on paper", exchange(lang, of)),
    }
}

/// As what the office stands there.
pub fn side(lang: Lang, side: Side) -> &'static str {
    match side {
        Side::Planner => lang.t("ケアマネジャー → サービス事業所", "As care manager"),
        Side::Provider => lang.t("サービス事業所 → ケアマネジャー", "As provider"),
        Side::Centre => lang.t("包括支援センター → 委託先", "As support centre"),
        Side::Entrusted => lang.t("委託を受けて → 包括支援センター", "As entrusted office"),
    }
}

/// 「30事業所中 24 から実績が届いています。」
pub fn summary(lang: Lang, summary: &Summary) -> String {
    let Summary { side, partners, plans, actuals, .. } = summary;
    match (lang, side) {
        (Lang::Ja, Side::Planner | Side::Centre) => {
            format!("{partners}事業所中 {actuals} から実績が届いています。")
        }
        (Lang::Ja, Side::Provider | Side::Entrusted) => {
            format!("{partners}事業所中 {actuals} に実績が届きました。")
        }
        (Lang::En, Side::Planner | Side::Centre) => format!("Actuals came from {actuals} of {partners} offices."),
        (Lang::En, Side::Provider | Side::Entrusted) => {
            format!("Our actuals reached {actuals} of {partners} offices ({plans} plans).")
        }
    }
}

/// 「予定は 28 に届いています。」, beside the summary.
pub fn plans(lang: Lang, summary: &Summary) -> String {
    let Summary { side, plans, .. } = summary;
    match (lang, side) {
        (Lang::Ja, Side::Planner | Side::Entrusted) => format!("予定は {plans}事業所に届いています。"),
        (Lang::Ja, Side::Provider | Side::Centre) => format!("予定は {plans}事業所から届いています。"),
        (Lang::En, Side::Planner | Side::Entrusted) => format!("Plans reached {plans}."),
        (Lang::En, Side::Provider | Side::Centre) => format!("Plans came from {plans}."),
    }
}

/// How far one exchange got.
pub fn step(lang: Lang, cell: &Cell) -> String {
    let word = match (cell.step, cell.incoming) {
        (Step::Nothing, _) => lang.t("まだ", "Not yet"),
        (Step::Troubled, true) => lang.t("確認が必要", "To check"),
        (Step::Troubled, false) => lang.t("失敗", "Failed"),
        (Step::Waiting, _) => lang.t("送信待ち", "Waiting"),
        (Step::Sent, _) => lang.t("受付済", "Sent"),
        (Step::LaidOut, _) => lang.t("受渡し済", "Laid out"),
        (Step::Arrived, true) => lang.t("届いた・未取込", "To import"),
        (Step::Arrived, false) => lang.t("到着", "Arrived"),
        (Step::Imported, _) => lang.t("取込済", "Imported"),
        (Step::NoActuals, _) => lang.t("実績なし", "None"),
        (Step::Paper(on), _) => return paper_on(lang, on),
    };
    word.to_owned()
}

/// 紙 11/5
pub fn paper_on(lang: Lang, on: Date) -> String {
    format!("{} {}/{}", lang.t("紙", "Paper"), on.month(), on.day())
}

/// How long an answer is being waited for; empty while nobody waits.
pub fn wait(lang: Lang, row: &Row) -> String {
    let ours = !row.side.awaits_actuals();
    match (lang, row.days) {
        (_, None) => String::new(),
        (Lang::Ja, Some(0)) => if ours { "相手が今日から待ち" } else { "今日から待っています" }.to_owned(),
        (Lang::Ja, Some(days)) if ours => format!("相手が {days}日待ち"),
        (Lang::Ja, Some(days)) => format!("{days}日 待っています"),
        (Lang::En, Some(days)) if ours => format!("They wait for {days} days"),
        (Lang::En, Some(days)) => format!("{days} days"),
    }
}

/// The same with the last reminder, short enough for a cell.
pub fn wait_reminded(lang: Lang, row: &Row, reminded_on: Option<Date>) -> String {
    match (row.days, reminded_on) {
        (Some(days), Some(on)) => match lang {
            Lang::Ja => format!("{days}日・{}", reminded(lang, on)),
            Lang::En => format!("{days} days, {}", reminded(lang, on)),
        },
        (None, Some(on)) => reminded(lang, on),
        (_, None) => wait(lang, row),
    }
}

/// 「12名中 10名」: of how many planned persons the answer speaks; empty where that cannot be told or needs no word.
pub fn answered(lang: Lang, row: &Row) -> String {
    let Some(answered) = row.answered else {
        return match (lang, row.no_actuals) {
            (_, 0) => String::new(),
            (lang, none) if row.actuals.step == Step::NoActuals => persons(lang, none),
            (Lang::Ja, none) => format!("実績なし {none}名"),
            (Lang::En, none) => format!("none for {none}"),
        };
    };
    if row.actuals.step == Step::NoActuals {
        return persons(lang, answered.planned);
    }
    let done = answered.planned - answered.missing;
    if answered.missing == answered.planned || answered.missing == 0 && answered.none == 0 {
        return String::new();
    }
    let none = match (lang, answered.none) {
        (_, 0) => String::new(),
        (Lang::Ja, none) => format!("（なし {none}）"),
        (Lang::En, none) => format!(" (none: {none})"),
    };
    match lang {
        Lang::Ja => format!("{}名中 {done}名{none}", answered.planned),
        Lang::En => format!("{done} of {}{none}", answered.planned),
    }
}

/// 「限度超過 2名」
pub fn over_limit(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("限度超過 {count}名"),
        Lang::En => format!("over limit: {count}"),
    }
}

/// 「予定を送って 3日、まだ届いていません」
pub fn undelivered(lang: Lang, days: i32) -> String {
    match lang {
        Lang::Ja => format!("送って {days}日、まだ届いていません"),
        Lang::En => format!("sent {days} days ago, not fetched yet"),
    }
}

/// The same for a narrow cell.
pub fn undelivered_short(lang: Lang, days: i32) -> String {
    match lang {
        Lang::Ja => format!("{days}日 未着"),
        Lang::En => format!("{days} days"),
    }
}

/// 催促 11/5
pub fn reminded(lang: Lang, on: Date) -> String {
    format!("{} {}/{}", lang.t("催促", "Reminded"), on.month(), on.day())
}

/// 2026年10月（令和8年10月）
pub fn month(lang: Lang, month: Month) -> String {
    match (lang, month.label_era()) {
        (Lang::Ja, Some(era)) => format!("{}（{era}）", month.label_ja()),
        (Lang::Ja, None) => month.label_ja(),
        (Lang::En, _) => format!("{}-{:02}", month.year(), month.month()),
    }
}

/// The words a message begins with, until somebody writes others.
pub fn greeting(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Reminder => "いつもお世話になっております。",
        Occasion::NoActuals | Occasion::OverLimit => "いつもお世話になっております。下記のとおりお知らせします。",
    }
}

/// A statement as a plain reader reads it. It goes to another office, so it is Japanese whatever the window speaks.
pub fn statement<'a>(statement: &Statement, name: impl Fn(&PersonKey) -> Option<&'a str>) -> String {
    let month = statement.month().label_ja();
    let who = |person: &PersonKey| match name(person) {
        Some(name) => format!("{name} 様（{}）", person.insured),
        None => format!("被保険者番号 {}", person.insured),
    };
    match statement {
        Statement::Reminder { .. } => {
            format!(
                "{month}分の実績が、まだこちらに届いていません。お手すきの際に、お送りくださいますようお願いします。"
            )
        }
        Statement::NoActuals { persons, .. } => {
            let lines: String = persons.iter().map(|person| format!("\n・{}", who(person))).collect();
            format!("{month}分は、次の {}名の実績がありません。{lines}", persons.len())
        }
        Statement::OverLimit { persons, .. } => {
            let lines: String =
                persons.iter().map(|over| format!("\n・{}", over_line(over, &who(&over.person)))).collect();
            format!("{month}分の予定で、次の {}名が区分支給限度基準額を超えています。{lines}", persons.len())
        }
    }
}

/// A whole message: what the sender wrote, and the statement in words.
pub fn message(draft: &StatementDraft, covering: &str, said: &Statement) -> String {
    let name = |person: &PersonKey| {
        let candidate = draft.candidates.iter().find(|candidate| candidate.person == *person)?;
        candidate.name.as_deref()
    };
    let words = statement(said, name);
    match covering.trim() {
        "" => words,
        covering => format!("{covering}\n\n{words}"),
    }
}

/// What is about to be said.
pub fn occasion(lang: Lang, occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Reminder => remind(lang),
        Occasion::NoActuals => say_none(lang),
        Occasion::OverLimit => say_over(lang),
    }
}

fn over_line(over: &Over, who: &str) -> String {
    let limit = over.limit.map(|limit| format!("限度 {limit}単位、")).unwrap_or_default();
    format!("{who}: {limit}合計 {}単位、うち貴事業所の超過 {}単位", over.units, over.over)
}

/// 「超過 295単位」
pub fn over_units(lang: Lang, units: i64) -> String {
    match lang {
        Lang::Ja => format!("超過 {units}単位"),
        Lang::En => format!("{units} units over"),
    }
}

/// 「3名」
pub fn persons(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("{count}名"),
        Lang::En => format!("{count} persons"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::Candidate;

    fn candidate(number: u32, name: Option<&str>, over: i64) -> Candidate {
        let person = PersonKey { insurer: "312025".into(), insured: format!("{number:010}") };
        let over = Some(Over { person: person.clone(), limit: Some(19_705), units: 20_000, over });
        Candidate { person, name: name.map(str::to_owned), over }
    }

    #[test]
    fn a_plain_reader_reads_what_the_statement_says() {
        let mut draft = StatementDraft {
            partner: "3171000048".parse().unwrap(),
            partner_name: "北の訪問介護".into(),
            month: "202610".parse().unwrap(),
            occasion: Occasion::OverLimit,
            candidates: vec![candidate(1, Some("山田　花子"), 295), candidate(2, None, 10)],
        };
        let everybody = draft.candidates.iter().map(|candidate| candidate.person.clone()).collect();
        let said = draft.statement(&everybody).unwrap();
        let message = message(&draft, "お世話になっております。\n", &said);
        let expected = "お世話になっております。\n\n2026年10月分の予定で、次の 2名が区分支給限度基準額を超えています。\n\
            ・山田　花子 様（0000000001）: 限度 19705単位、合計 20000単位、うち貴事業所の超過 295単位\n\
            ・被保険者番号 0000000002: 限度 19705単位、合計 20000単位、うち貴事業所の超過 10単位";
        assert_eq!(message, expected);
        draft.occasion = Occasion::NoActuals;
        assert_eq!(draft.statement(&Default::default()), None, "nobody is named");
        assert_eq!(draft.statement(&everybody).unwrap().persons().count(), 2);
        draft.occasion = Occasion::Reminder;
        assert!(draft.statement(&Default::default()).is_some());
    }
}
