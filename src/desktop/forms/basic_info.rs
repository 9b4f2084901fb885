//! 利用者基本情報 with its day and illnesses.

use super::{PersonForms, joined, period, said};
use crate::desktop::forms::care_plan::{large, pair};
use crate::desktop::forms::choices;
use crate::desktop::paper::{Block, Cell, Form, Grid};
use crate::standard::{Kind, Row};

pub(super) fn forms(of: &PersonForms<'_>) -> Vec<Form> {
    let rows = of.rows(Kind::BasicInfo);
    rows.iter().map(|row| form(of, row)).collect()
}

fn grid(rows: Vec<Vec<Cell>>) -> Block {
    Block::Grid(Grid { columns: vec![1.0; 16], head: 0, rows })
}

fn form(of: &PersonForms<'_>, row: &Row<'_>) -> Form {
    let same_day = |kind| {
        let rows = of.rows(kind).into_iter();
        rows.filter(|other| other.text(4) == row.text(4)).collect::<Vec<_>>()
    };
    let mut blocks = vec![grid(consultation(of, row)), Block::Heading("本人の状態".into()), grid(condition(row))];
    blocks.push(Block::Heading("連絡先・家族".into()));
    blocks.push(contacts(row));
    let mut family = Vec::new();
    if !row.text(62).trim().is_empty() {
        family.push(vec![
            Cell::head("家族構成（画像）").span(3),
            Cell::text(format!("{}（ファイルの一覧から見られます）", row.text(62).trim())).span(13),
        ]);
    }
    family.extend(large("家族関係等の状況", said(row, 63)));
    blocks.push(grid(family));
    blocks.push(Block::Heading("今までの生活・１日の生活".into()));
    let mut life = Vec::new();
    life.extend(large("今までの生活", said(row, 64)));
    life.extend(large("１日の生活・すごし方", said(row, 65)));
    blocks.push(grid(life));
    blocks.extend(day(&same_day(Kind::BasicInfoDay)));
    let mut wishes = Vec::new();
    wishes.extend(large("趣味・楽しみ・特技", said(row, 66)));
    wishes.extend(large("友人・地域との関係", said(row, 67)));
    blocks.push(grid(wishes));
    blocks.extend(illnesses(&same_day(Kind::BasicInfoIllness)));
    blocks.push(Block::Heading("現在利用しているサービス".into()));
    let mut services = Vec::new();
    services.extend(large("公的サービス", said(row, 68)));
    services.extend(large("非公的サービス", said(row, 69)));
    services.push(pair(("同意日", said(row, 70)), ("同意者氏名", said(row, 71))));
    blocks.push(grid(services));
    Form {
        number: "",
        name: "利用者基本情報".into(),
        note: format!("相談日　{}", said(row, 4)),
        wide: false,
        least_chars: 44.0,
        blocks,
    }
}

fn consultation(of: &PersonForms<'_>, row: &Row<'_>) -> Vec<Vec<Cell>> {
    let ways = [("01", "来所"), ("02", "電話"), ("03", "その他")];
    let mut way = choices(row, 8, &ways);
    if !row.text(9).trim().is_empty() {
        way.push_str(&format!("（{}）", row.text(9).trim()));
    }
    let mut now = choices(row, 12, &[("01", "在宅"), ("02", "入院又は入所中")]);
    if !row.text(13).trim().is_empty() {
        now.push_str(&format!("（{}）", row.text(13).trim()));
    }
    let plan = choices(row, 5, &[("1", "介護予防支援"), ("2", "介護予防ケアマネジメント")]);
    vec![
        of.person_cells(),
        pair(("作成担当者", said(row, 7)), ("委託の有無", choices(row, 6, &[("1", "自前"), ("2", "委託")]))),
        vec![Cell::head("計画種類").span(3), Cell::text(plan).span(13)],
        pair(("相談の方法", way), ("相談回数", choices(row, 10, &[("01", "初回"), ("02", "再来")]))),
        pair(("本人の現況", now), ("前回相談日", said(row, 11))),
        pair(("フリガナ", said(row, 14)), ("性別", choices(row, 16, &[("1", "男性"), ("2", "女性")]))),
        pair(("生年月日", said(row, 17)), ("電話・FAX", joined(row, &[19, 20]))),
        vec![Cell::head("住所").span(3), Cell::text(said(row, 18)).span(13)],
    ]
}

fn condition(row: &Row<'_>) -> Vec<Vec<Cell>> {
    let holds = |fields: &[(u16, &str)]| {
        let mark = |(no, name): &(u16, &str)| format!("{}{name}", if row.text(*no) == "1" { "■" } else { "□" });
        fields.iter().map(mark).collect::<Vec<_>>().join("　")
    };
    let disabled = holds(&[(29, "身障"), (30, "療育"), (31, "精神"), (32, "難病")]);
    let income = holds(&[(37, "国民年金"), (38, "厚生年金"), (39, "障害年金"), (40, "生活保護")]);
    let extra = |text: String, no: u16| match row.text(no).trim() {
        "" => text,
        more => format!("{text}（{more}）"),
    };
    let home = match row.text(35).trim() {
        "" => said(row, 34),
        floor => format!("{}（自室 {floor}階）", said(row, 34)),
    };
    vec![
        pair(("障害高齢者の日常生活自立度", said(row, 21)), ("認知症高齢者の日常生活自立度", said(row, 22))),
        pair(("要介護状態区分", said(row, 23)), ("認定の有効期間", period(row, 24, 25))),
        pair(("前回の介護度", said(row, 26)), ("基本チェックリスト", joined(row, &[27, 28]))),
        vec![Cell::head("障害等認定").span(3), Cell::text(extra(disabled, 33)).span(13)],
        pair(("住居環境", home), ("住宅改修", choices(row, 36, &[("1", "有"), ("2", "無")]))),
        vec![Cell::head("経済状況").span(3), Cell::text(extra(income, 41)).span(13)],
    ]
}

fn contacts(row: &Row<'_>) -> Block {
    let head = ["", "氏名", "続柄", "住所", "電話番号"].map(Cell::head).to_vec();
    let one = |name: &str, fields: [u16; 4]| {
        let mut cells = vec![Cell::head(name)];
        cells.extend(fields.map(|no| Cell::text(said(row, no))));
        cells
    };
    let mut rows = vec![head, one("来所者（相談者）", [42, 45, 43, 44])];
    for (at, name) in ["緊急連絡先 1", "緊急連絡先 2", "緊急連絡先 3", "緊急連絡先 4"].iter().enumerate()
    {
        let first = 46 + 4 * u16::try_from(at).unwrap_or(0);
        let fields = [first, first + 1, first + 2, first + 3];
        if fields.iter().any(|no| !row.text(*no).trim().is_empty()) {
            rows.push(one(name, fields));
        }
    }
    Block::Grid(Grid { columns: vec![2.2, 2.2, 1.2, 4.0, 2.4], head: 1, rows })
}

fn day(rows: &[Row<'_>]) -> Vec<Block> {
    if rows.is_empty() {
        return Vec::new();
    }
    let head = ["時間", "本人", "介護者・家族"].map(Cell::head).to_vec();
    let line = |row: &Row<'_>| [5, 6, 7].map(|no| Cell::text(said(row, no))).to_vec();
    let rows = std::iter::once(head).chain(rows.iter().map(line)).collect();
    vec![Block::Grid(Grid { columns: vec![1.2, 3.0, 3.0], head: 1, rows })]
}

fn illnesses(rows: &[Row<'_>]) -> Vec<Block> {
    if rows.is_empty() {
        return Vec::new();
    }
    let head = ["年月日", "病名", "医療機関・医師名", "主治医・意見作成者", "電話番号", "経過", "治療中の内容"];
    let line = |row: &Row<'_>| {
        let own = if row.text(8) == "1" { "★" } else { "" };
        vec![
            Cell::text(said(row, 5)),
            Cell::text(said(row, 6)),
            Cell::text(said(row, 7)),
            Cell::center(own),
            Cell::text(said(row, 9)),
            Cell::text(said(row, 10)),
            Cell::text(said(row, 11)),
        ]
    };
    let rows = std::iter::once(head.map(Cell::head).to_vec()).chain(rows.iter().map(line)).collect();
    let columns = vec![2.0, 2.6, 3.2, 1.6, 2.2, 1.6, 3.0];
    vec![Block::Heading("現病歴・既往歴と経過".into()), Block::Grid(Grid { columns, head: 1, rows })]
}
