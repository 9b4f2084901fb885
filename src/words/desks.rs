//! What is said of 窓口: several desks under one office number.

use crate::texts;
use crate::words::Lang;

texts! {
    section: "窓口", "Desks";
    intro: "1つの事業所番号にいくつかの窓口があるとき、届いたものを窓口ごとに分けて見られます。どの窓口にもあてはまらないものは、すべての端末に出ます。",
        "Several desks under one office number: what comes is shown by desk. What fits no desk is shown to all.";
    own: "この端末で見る窓口", "This terminal looks at";
    every_desk: "すべての窓口", "Every desk";
    none_yet: "窓口はまだありません。分ける必要がなければ、このままお使いください。", "There are no desks yet. Without them everything is shown everywhere.";
    name: "窓口の名前", "Name";
    services: "サービス種類コード（例: 11、15）", "Service types (such as 11, 15)";
    satellites: "サテライト枝番（例: 1、2）", "Satellite numbers (such as 1, 2)";
    persons: "利用者の被保険者番号", "Insured numbers";
    partners: "連携先の事業所番号", "Partners' office numbers";
    hint: "書いた条件のすべてにあてはまるものが、この窓口のものになります。1つの欄にいくつか書くときは「、」で区切ってください。",
        "What fits every field that is filled in belongs to this desk. Part several entries with commas.";
    add: "窓口を増やす", "Add a desk";
    remove: "この窓口をなくす", "Remove this desk";
    save: "窓口を保存", "Save the desks";
    name_missing: "窓口の名前を入れてください。", "Give the desk a name.";
    name_twice: "同じ名前の窓口が2つあります。", "Two desks have the same name.";
    nothing_asked: "条件を1つは入れてください。", "Fill in one field at least.";
}

/// What cannot be read in a field.
pub fn unreadable(lang: Lang, label: &str, entry: &str) -> String {
    match lang {
        Lang::Ja => format!("「{label}」の「{entry}」が読めません。書き直してください。"),
        Lang::En => format!("“{entry}” in “{label}” cannot be read."),
    }
}

/// Whose a parcel is, in a list.
pub fn of_desk(lang: Lang, desk: &str) -> String {
    match lang {
        Lang::Ja => format!("窓口 {desk}"),
        Lang::En => format!("Desk {desk}"),
    }
}
