//! What is said of a newer version.

use super::Lang;
use crate::texts;

texts! {
    ask: "入れかえるときは、下の入手先から新しいものを入れてください。設定も履歴もそのまま残ります。", "To update, install it from the page below. Settings and history stay as they are.";
    page: "入手先", "Get it from";
    open_page: "入手先を開く", "Open the page";
    see: "「ヘルプと診断」を見る", "See the help";
}

/// There is one; nothing presses.
pub fn newer(lang: Lang, version: &str) -> String {
    match lang {
        Lang::Ja => format!("新しい版 {version} があります。手のあいたときに入れかえてください。"),
        Lang::En => format!("Version {version} is there. Install it when you have a moment."),
    }
}
