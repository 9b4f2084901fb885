//! What is said when the way into the program, or out of it to another one, is not open.

use super::Lang;
use super::failure::{Sentence, failure};
use crate::engine::model::Failure;

/// The system has nothing to open a file or a folder with.
pub fn not_opened(lang: Lang) -> Sentence {
    Sentence {
        what: lang.t("開けませんでした。", "It could not be opened.").to_owned(),
        todo: lang
            .t(
                "パソコンに、これを開くアプリがあるかお確かめください。ファイルは、保存してから開くこともできます。",
                "See whether this computer has a program for it. A file can also be saved and opened from there.",
            )
            .to_owned(),
    }
}

/// Why a terminal is not set up yet. Nothing goes on by itself here, other than with an office at work.
pub fn set_up_refused(lang: Lang, refused: &Failure) -> Sentence {
    let sentence = failure(lang, refused);
    match refused {
        Failure::HubUnreachable => Sentence {
            todo: lang
                .t(
                    "インターネットにつながっているか、連携基盤のアドレスが案内状のとおりか、お確かめください。",
                    "Check the internet connection, and the hub's address against the letter.",
                )
                .to_owned(),
            ..sentence
        },
        Failure::HubTroubled { .. } => Sentence {
            todo: lang.t("しばらくしてから、もう一度お試しください。", "Please try again in a while.").to_owned(),
            ..sentence
        },
        _ => sentence,
    }
}
