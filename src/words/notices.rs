//! What the system's notices say. Partners and counts only, unless somebody wants persons named: whoever walks past the
//! screen reads along.

use super::Lang;
use super::failure::Sentence;
use crate::engine::model::{Names, Subject};

/// One parcel came.
pub fn arrived(lang: Lang, partner: &str, subjects: &[Subject], files: usize, persons: &Names) -> Sentence {
    let subjects: Vec<&str> = subjects.iter().map(|subject| super::window::subject(lang, *subject)).collect();
    let mut said = match lang {
        // Words and nothing else.
        _ if files == 0 => Sentence {
            what: format!("{}{partner}{}", lang.t("", "From "), lang.t(" から届きました", "")),
            todo: subjects.join(lang.t("・", ", ")),
        },
        Lang::Ja => Sentence {
            what: format!("{partner} から届きました"),
            todo: format!("{}　ファイル {files} 個", subjects.join("・")),
        },
        Lang::En => Sentence {
            what: format!("From {partner}"),
            todo: format!("{}: {}", subjects.join(", "), super::window::file_count(lang, files)),
        },
    };
    if !persons.0.is_empty() {
        said.todo.push('\n');
        said.todo.push_str(&persons_named(lang, &persons.0));
    }
    said
}

/// The first few persons, as somebody would call them.
fn persons_named(lang: Lang, persons: &[String]) -> String {
    const NAMED: usize = 3;
    let rest = persons.len().saturating_sub(NAMED);
    let named = persons.iter().take(NAMED);
    match lang {
        Lang::Ja => {
            let named: Vec<String> = named.map(|name| format!("{name} 様")).collect();
            named.join("、") + &if rest > 0 { format!(" ほか{rest}人") } else { String::new() }
        }
        Lang::En => {
            let named: Vec<&str> = named.map(String::as_str).collect();
            named.join(", ") + &if rest > 0 { format!(" and {rest} more") } else { String::new() }
        }
    }
}

/// Several parcels came; `partners` without doubles, newest last.
pub fn several_arrived(lang: Lang, partners: &[String], parcels: usize) -> Sentence {
    match lang {
        Lang::Ja => {
            Sentence { what: format!("{parcels} 件届きました"), todo: some_of(partners, "、", "ほか") }
        }
        Lang::En => Sentence { what: format!("{parcels} parcels arrived"), todo: some_of(partners, ", ", "and more") },
    }
}

/// Several things went wrong.
pub fn several_failed(lang: Lang, first: &Sentence, count: usize) -> Sentence {
    match lang {
        Lang::Ja => Sentence {
            what: format!("うまくいかなかったことが {count} 件あります"),
            todo: format!("{}　ほか。便りの画面でお確かめください。", first.what),
        },
        Lang::En => Sentence {
            what: format!("{count} things did not work"),
            todo: format!("{} And more: see Tayori.", first.what),
        },
    }
}

/// Drafts stand ready.
pub fn drafted(lang: Lang, drafts: usize, troubled: usize) -> Sentence {
    let what = match lang {
        Lang::Ja => format!("送り先 {drafts} 件の下書きができました"),
        Lang::En => format!("{drafts} draft(s) ready"),
    };
    let todo = match (lang, troubled) {
        (Lang::Ja, 0) => "お確かめのうえ、「送る」を押してください。".to_owned(),
        (Lang::Ja, _) => format!("うち {troubled} 件は、介護ソフトで直してから送ってください。"),
        (Lang::En, 0) => "Have a look, then press “Send”.".to_owned(),
        (Lang::En, _) => format!("{troubled} cannot be sent as they are."),
    };
    Sentence { what, todo }
}

/// What the morning finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Morning {
    /// Came in since yesterday morning.
    pub arrived: usize,
    pub to_import: usize,
    /// Sent, and the receiver has not taken it yet.
    pub waiting_for: usize,
    pub drafts: usize,
    pub failed: usize,
}

impl Morning {
    pub fn is_quiet(&self) -> bool {
        *self == Morning::default()
    }
}

/// The morning's summary.
pub fn morning(lang: Lang, found: &Morning) -> Sentence {
    let lines: Vec<String> = [
        (found.arrived, "きのうの朝から届いたもの", "arrived since yesterday"),
        (found.to_import, "まだ取り込んでいないもの", "not imported yet"),
        (found.waiting_for, "相手にまだ届いていないもの", "not with the receiver yet"),
        (found.drafts, "送っていない下書き", "drafts not sent"),
        (found.failed, "送れなかったもの", "could not be sent"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, ja, en)| match lang {
        Lang::Ja => format!("{ja} {count} 件"),
        Lang::En => format!("{count} {en}"),
    })
    .collect();
    Sentence {
        what: lang.t("おはようございます。今朝のまとめです", "This morning").to_owned(), todo: lines.join("\n")
    }
}

/// What the icon's menu ends with.
pub fn quit(lang: Lang) -> &'static str {
    lang.t("便りを終わる", "Quit Tayori")
}

/// What stands on a toast's button.
pub fn open(lang: Lang) -> &'static str {
    lang.t("開く", "Open")
}

/// 便り（未読 3 件）
pub fn tray(lang: Lang, unread: usize) -> String {
    match (lang, unread) {
        (Lang::Ja, 0) => "便り".to_owned(),
        (Lang::Ja, _) => format!("便り（未読 {unread} 件）"),
        (Lang::En, 0) => "Tayori".to_owned(),
        (Lang::En, _) => format!("Tayori ({unread} unread)"),
    }
}

/// The first few names.
fn some_of(names: &[String], between: &str, more: &str) -> String {
    let shown: Vec<&str> = names.iter().rev().take(3).map(String::as_str).collect();
    let rest = if names.len() > shown.len() { format!(" {more}") } else { String::new() };
    format!("{}{rest}", shown.join(between))
}
