//! 居宅サービス計画書（1）, （2） and 週間サービス計画表.

use super::{PersonForms, by_date, choices, joined, period, said};
use crate::desktop::paper::{Block, Cell, Form, Grid, WeekEntry};
use crate::standard::{Kind, Row, Value};

const COLUMNS: usize = 16;

fn sixteen(rows: Vec<Vec<Cell>>) -> Block {
    Block::Grid(Grid { columns: vec![1.0; COLUMNS], head: 0, rows })
}

/// A field over the whole width with its name above.
pub(super) fn large(name: &str, text: String) -> [Vec<Cell>; 2] {
    [vec![Cell::head(name).span(COLUMNS)], vec![Cell::text(text).span(COLUMNS)]]
}

pub(super) fn pair(left: (&str, String), right: (&str, String)) -> Vec<Cell> {
    vec![
        Cell::head(left.0).span(3),
        Cell::text(left.1).span(5),
        Cell::head(right.0).span(3),
        Cell::text(right.1).span(5),
    ]
}

pub(super) const STAGES: [(&str, &str); 3] = [("11", "初回"), ("12", "紹介"), ("21", "継続")];
pub(super) const CERTIFIED: [(&str, &str); 2] = [("2", "認定済"), ("1", "申請中")];

/// 初回・紹介・継続: some codes stand for two of them.
pub(super) fn stages(row: &Row<'_>, no: u16) -> String {
    let code = row.text(no);
    if matches!(code.as_ref(), "51" | "52" | "53" | "54") {
        let label = said(row, no);
        let mark = |(_, name): &(&str, &str)| format!("{}{name}", if label.contains(name) { "■" } else { "□" });
        return STAGES.iter().map(mark).collect::<Vec<_>>().join("　");
    }
    choices(row, no, &STAGES)
}

pub(super) fn first(of: &PersonForms<'_>) -> Vec<Form> {
    let supplement = of.rows(Kind::Supplement);
    let born = supplement.first().map(|row| said(row, 8)).unwrap_or_default();
    let form = |row: Row<'_>| {
        let mut rows = vec![
            of.person_cells(),
            pair(("生年月日", born.clone()), ("住所", joined(&row, &[5, 6, 7]))),
            pair(("計画書区分", stages(&row, 16)), ("認定状況", choices(&row, 17, &CERTIFIED))),
            pair(("居宅サービス計画作成者", said(&row, 8)), ("計画作成（変更）日", said(&row, 14))),
            pair(("居宅介護支援事業所", joined(&row, &[9, 13])), ("初回計画作成日", said(&row, 15))),
            pair(("事業所の所在地", joined(&row, &[10, 11, 12])), ("認定日", said(&row, 18))),
            pair(("要介護状態区分", said(&row, 21)), ("認定の有効期間", period(&row, 19, 20))),
        ];
        rows.extend(large("利用者及び家族の生活に対する意向を踏まえた課題分析の結果", said(&row, 22)));
        rows.extend(large("介護認定審査会の意見及びサービスの種類の指定", said(&row, 23)));
        rows.extend(large("総合的な援助の方針", said(&row, 24)));
        let reasons = [("1", "一人暮らし"), ("2", "家族等が障害、疾病等"), ("3", "その他")];
        let mut reason = choices(&row, 25, &reasons);
        if !row.text(26).trim().is_empty() {
            reason.push_str(&format!("（{}）", row.text(26).trim()));
        }
        rows.push(vec![Cell::head("生活援助中心型の算定理由").span(4), Cell::text(reason).span(COLUMNS - 4)]);
        Form {
            number: "第1表",
            name: "居宅サービス計画書（1）".into(),
            note: format!("作成年月日　{}", said(&row, 4)),
            wide: true,
            least_chars: 44.0,
            blocks: vec![sixteen(rows)],
        }
    };
    of.rows(Kind::CarePlan1).into_iter().map(form).collect()
}

pub(super) fn second(of: &PersonForms<'_>) -> Vec<Form> {
    let form = |rows: Vec<Row<'_>>| {
        let heads = [
            "生活全般の解決すべき課題（ニーズ）",
            "長期目標",
            "（期間）",
            "短期目標",
            "（期間）",
            "サービス内容",
            "※1",
            "サービス種別",
            "※2",
            "頻度",
            "期間",
        ];
        let columns = vec![13.0, 9.0, 6.0, 9.0, 6.0, 14.0, 2.2, 8.0, 9.0, 6.0, 6.0];
        let mut table = vec![heads.map(Cell::head).to_vec()];
        let mut before: Option<(String, String)> = None;
        for row in &rows {
            let (need, goal) = (row.text(6).into_owned(), row.text(8).into_owned());
            let same_need = before.as_ref().is_some_and(|(known, _)| *known == need && !need.is_empty());
            let same_goal = same_need && before.as_ref().is_some_and(|(_, known)| *known == goal && !goal.is_empty());
            let insured = match row.text(15).as_ref() {
                "Y" => "○".to_owned(),
                "N" => String::new(),
                other => other.to_owned(),
            };
            let office = if row.text(18).trim().is_empty() { said(row, 17) } else { said(row, 18) };
            table.push(vec![
                Cell::text(row.filled(7)).joined_if(same_need),
                Cell::text(row.filled(9)).joined_if(same_goal),
                Cell::text(row.filled(11)).joined_if(same_goal),
                Cell::text(row.filled(10)).joined_if(same_goal),
                Cell::text(row.filled(12)).joined_if(same_goal),
                Cell::text(said(row, 14)),
                Cell::center(insured),
                Cell::text(said(row, 16)),
                Cell::text(office),
                Cell::text(said(row, 19)),
                Cell::text(said(row, 20)),
            ]);
            before = Some((need, goal));
        }
        let made = rows.first().map(|row| said(row, 4)).unwrap_or_default();
        Form {
            number: "第2表",
            name: "居宅サービス計画書（2）".into(),
            note: format!("作成年月日　{made}"),
            wide: true,
            least_chars: 78.0,
            blocks: vec![
                sixteen(vec![of.person_cells()]),
                Block::Grid(Grid { columns, head: 1, rows: table }),
                Block::Remark(
                    "※1 「保険給付の対象となるかどうかの区分」について、保険給付対象内サービスについては○印を付す。"
                        .into(),
                ),
                Block::Remark("※2 「当該サービス提供を行う事業所」について記入する。".into()),
            ],
        }
    };
    by_date(of.rows(Kind::CarePlan2), 5).into_iter().map(|(_, rows)| form(rows)).collect()
}

pub(super) fn third(of: &PersonForms<'_>) -> Vec<Form> {
    let form = |rows: Vec<Row<'_>>| {
        let time = |row: &Row<'_>, no| match row.value(no) {
            Value::Time(time) => Some(u16::from(time.hour) * 60 + u16::from(time.minute)),
            _ => None,
        };
        let mut entries = Vec::new();
        let mut other = Vec::new();
        let mut untimed = Vec::new();
        for row in &rows {
            let service = said(row, 6);
            let day = row.text(7).parse::<usize>().ok().filter(|day| (1..=7).contains(day));
            match (day, time(row, 8), time(row, 9)) {
                (Some(day), Some(from), Some(until)) => {
                    entries.push(WeekEntry { column: day - 1, from, until, text: service });
                }
                _ if !service.trim().is_empty() => untimed.push(format!("{service}　{}", said(row, 7))),
                _ => {}
            }
            let living = said(row, 10);
            match (time(row, 11), time(row, 12)) {
                (Some(from), Some(until)) if !living.trim().is_empty() => {
                    entries.push(WeekEntry { column: 7, from, until, text: living });
                }
                _ if !living.trim().is_empty() => untimed.push(living),
                _ => {}
            }
            let besides = said(row, 13);
            if !besides.trim().is_empty() && !other.contains(&besides) {
                other.push(besides);
            }
        }
        let mut blocks = vec![sixteen(vec![of.person_cells()]), Block::Week(entries)];
        let mut below =
            vec![vec![Cell::head("週単位以外のサービス").span(4), Cell::text(other.join("\n")).span(COLUMNS - 4)]];
        if !untimed.is_empty() {
            below.push(vec![Cell::head("時刻のない内容").span(4), Cell::text(untimed.join("\n")).span(COLUMNS - 4)]);
        }
        blocks.push(sixteen(below));
        let made = rows.first().map(|row| said(row, 4)).unwrap_or_default();
        Form {
            number: "第3表",
            name: "週間サービス計画表".into(),
            note: format!("作成年月日　{made}"),
            wide: true,
            least_chars: 60.0,
            blocks,
        }
    };
    by_date(of.rows(Kind::CarePlan3), 5).into_iter().map(|(_, rows)| form(rows)).collect()
}
