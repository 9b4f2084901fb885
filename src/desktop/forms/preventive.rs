//! 介護予防サービス・支援計画書 with its plan of support.

use super::care_plan::{CERTIFIED, large, pair, stages};
use super::{PersonForms, choices, joined, period, said};
use crate::desktop::paper::{Block, Cell, Form, Grid};
use crate::standard::{Kind, Row};

pub(super) fn forms(of: &PersonForms<'_>) -> Vec<Form> {
    let rows = of.rows(Kind::PreventivePlan);
    rows.iter().map(|row| form(of, row)).collect()
}

fn grid(rows: Vec<Vec<Cell>>) -> Block {
    Block::Grid(Grid { columns: vec![1.0; 16], head: 0, rows })
}

fn form(of: &PersonForms<'_>, row: &Row<'_>) -> Form {
    let plan = choices(row, 5, &[("1", "介護予防支援"), ("2", "介護予防ケアマネジメント")]);
    let care = choices(row, 14, &[("1", "要支援１"), ("2", "要支援２"), ("3", "地域支援事業")]);
    let head = vec![
        of.person_cells(),
        pair(("計画種類", plan), ("委託の有無", choices(row, 6, &[("1", "自前"), ("2", "委託")]))),
        pair(("計画書区分", stages(row, 12)), ("認定状況", choices(row, 13, &CERTIFIED))),
        pair(("認定年月日", said(row, 9)), ("認定の有効期間", period(row, 10, 11))),
        pair(("要支援状態区分", care), ("整理番号", said(row, 7))),
        pair(("計画作成者氏名", joined(row, &[15, 16])), ("初回作成日", said(row, 20))),
        pair(("計画作成事業者・事業所名", said(row, 17)), ("所在地・電話番号", joined(row, &[18, 19]))),
        vec![Cell::head("担当地域包括支援センター").span(3), Cell::text(said(row, 21)).span(13)],
        pair(("目標とする生活（1日）", said(row, 22)), ("目標とする生活（1年）", said(row, 23))),
    ];
    let mut blocks = vec![grid(head), Block::Heading("アセスメント領域と現在の状況".into()), assessment(row)];
    let same_plan: Vec<Row<'_>> = of.rows(Kind::PreventivePlanSupport);
    let same_plan: Vec<Row<'_>> = same_plan.into_iter().filter(|other| other.text(4) == row.text(4)).collect();
    if !same_plan.is_empty() {
        blocks.push(Block::Heading("総合的課題と支援計画".into()));
        blocks.push(support(&same_plan));
    }
    let mut rest = Vec::new();
    rest.extend(large("健康状態について（主治医意見書、健診結果、観察結果等を踏まえた留意点）", said(row, 40)));
    rest.extend(large("本来行うべき支援ができない場合　妥当な支援の実施に向けた方針", said(row, 41)));
    rest.extend(large("総合的な方針（生活不活発病の改善・予防のポイント）", said(row, 42)));
    blocks.push(grid(rest));
    blocks.push(Block::Heading("基本チェックリストの（該当した項目数）／必要な事業プログラム".into()));
    blocks.push(checklist(row));
    let mut end = Vec::new();
    end.extend(large("地域包括支援センターの意見", said(row, 55)));
    end.push(pair(("計画に関する同意　同意日", said(row, 56)), ("氏名", said(row, 57))));
    blocks.push(grid(end));
    Form {
        number: "",
        name: "介護予防サービス・支援計画書".into(),
        note: format!("計画作成（変更）日　{}", said(row, 4)),
        wide: true,
        least_chars: 66.0,
        blocks,
    }
}

fn assessment(row: &Row<'_>) -> Block {
    let head = ["領域", "現在の状況", "本人・家族の意欲・意向", "課題", "領域における課題（背景・原因）"];
    let areas = [
        "運動・移動について",
        "日常生活（家庭生活）について",
        "社会参加、対人関係・コミュニケーションについて",
        "健康管理について",
    ];
    let mut rows = vec![head.map(Cell::head).to_vec()];
    for (at, area) in areas.iter().enumerate() {
        let first = 24 + 4 * u16::try_from(at).unwrap_or(0);
        rows.push(vec![
            Cell::head(*area),
            Cell::text(said(row, first)),
            Cell::text(said(row, first + 1)),
            Cell::center(said(row, first + 2)),
            Cell::text(said(row, first + 3)),
        ]);
    }
    Block::Grid(Grid { columns: vec![2.0, 4.0, 4.0, 0.8, 4.0], head: 1, rows })
}

fn support(rows: &[Row<'_>]) -> Block {
    let head = [
        "総合的課題",
        "課題に対する目標と具体策の提案",
        "具体策についての意向 本人・家族",
        "目標",
        "目標についての支援のポイント",
        "本人等のセルフケアや家族の支援、インフォーマルサービス",
        "介護保険サービス又は地域支援事業",
        "サービス種別",
        "事業所（利用先）",
        "期間",
    ];
    let mut table = vec![head.map(Cell::head).to_vec()];
    let mut before: Option<(String, String)> = None;
    for row in rows {
        let (need, plan) = (row.text(5).into_owned(), row.text(10).into_owned());
        let same_need = before.as_ref().is_some_and(|(known, _)| *known == need && !need.is_empty());
        let same_plan = same_need && before.as_ref().is_some_and(|(_, known)| *known == plan && !plan.is_empty());
        let mut cells: Vec<Cell> = (6..=9).map(|no| Cell::text(row.filled(no)).joined_if(same_need)).collect();
        cells.extend((11..=13).map(|no| Cell::text(row.filled(no)).joined_if(same_plan)));
        cells.extend((15..=17).map(|no| Cell::text(said(row, no))));
        table.push(cells);
        before = Some((need, plan));
    }
    let columns = vec![3.0, 4.0, 3.6, 3.0, 4.0, 4.0, 4.0, 2.6, 2.8, 2.4];
    Block::Grid(Grid { columns, head: 1, rows: table })
}

fn checklist(row: &Row<'_>) -> Block {
    let areas = ["運動不足", "栄養改善", "口腔内ケア", "閉じこもり予防", "物忘れ予防", "うつ予防"];
    let line = |name: &str, first: u16, unit: &str| {
        let mut cells = vec![Cell::head(name)];
        for at in 0..6 {
            let text = said(row, first + at);
            cells.push(Cell::center(if text.is_empty() { text } else { format!("{text}{unit}") }));
        }
        cells
    };
    let mut head = vec![Cell::head("")];
    head.extend(areas.map(Cell::head));
    let rows = vec![head, line("該当した項目数", 43, ""), line("事業プログラムの要否", 49, "")];
    Block::Grid(Grid { columns: vec![2.2, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0], head: 1, rows })
}
