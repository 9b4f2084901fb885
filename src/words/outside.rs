//! What is told outside this computer: to a phone, by e-mail. Numbers and partners only: no kind, no file, no folder, no
//! person.

use super::Lang;
use super::failure::Sentence;

/// Parcels came; `partners` without doubles, newest last.
pub fn arrived(lang: Lang, partners: &[String], parcels: usize) -> Sentence {
    super::notices::several_arrived(lang, partners, parcels)
}

/// Things went wrong; which, the window says.
pub fn failed(lang: Lang, count: usize) -> Sentence {
    Sentence {
        what: match lang {
            Lang::Ja => format!("うまくいかなかったことが {count} 件あります"),
            Lang::En if count == 1 => "One thing did not work".to_owned(),
            Lang::En => format!("{count} things did not work"),
        },
        todo: lang.t("便りの画面でお確かめください。", "See Tayori for what it was.").to_owned(),
    }
}

/// Somebody tries whether they are told.
pub fn trial(lang: Lang) -> Sentence {
    Sentence {
        what: lang.t("便りからの知らせが届くか、試しています", "Trying the notices of Tayori").to_owned(),
        todo: lang.t("これが見えていれば、届いています。", "When you can read this, they arrive.").to_owned(),
    }
}

/// A trial worked: so many ways out.
pub fn trial_told(lang: Lang, ways: usize) -> Sentence {
    let (what, todo) = match (lang, ways) {
        (Lang::Ja, 0) => ("携帯電話やメールへの知らせ先は、まだ選ばれていません。", "パソコンの通知だけを試しました。"),
        (Lang::Ja, _) => ("試しの知らせを送りました。", "携帯電話やメールに届いたか、お確かめください。"),
        (Lang::En, 0) => ("No phone or e-mail is chosen.", "Only the notice of this computer was tried."),
        (Lang::En, _) => ("A trial was sent.", "See whether it reached the phone or mailbox."),
    };
    Sentence { what: what.to_owned(), todo: todo.to_owned() }
}
