//! What is said of work that takes a while.

use crate::engine::model::{Progress, Task};
use crate::texts;
use crate::words::{Lang, mail, window};

texts! {
    month_list: "送受信一覧を作ります", "Making the list";
    beginning: "記録を集めています…", "Gathering the records…";
    loading: "一覧を読み込んでいます…", "Loading the list…";
}

/// How far it is.
pub fn doing(lang: Lang, progress: Progress) -> String {
    let Progress { task, done, total } = progress;
    match (task, lang) {
        (Task::Looking, _) => window::checking(lang, done, total),
        (Task::Queueing, _) => mail::putting(lang, done, total),
        (Task::Listing, Lang::Ja) => format!("記録を集めています（{total} 件中 {done} 件）"),
        (Task::Listing, Lang::En) => format!("Gathering {done} of {total} records"),
        (Task::Exporting, Lang::Ja) => format!("操作の記録を保存しています（{total} 件中 {done} 件）"),
        (Task::Exporting, Lang::En) => format!("Saving the record ({done} of {total})"),
    }
}

/// How much of the list is written.
pub fn writing(lang: Lang, done: usize, total: usize) -> String {
    match lang {
        Lang::Ja => format!("一覧を書いています（{total} 件中 {done} 件）"),
        Lang::En => format!("Writing {done} of {total}"),
    }
}
