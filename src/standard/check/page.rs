//! `docs/checks.md`, from the same table as the checks.

use std::fmt::Write as _;

use super::Severity;
use super::rules::Check;

/// The list of all checks, as it stands in `docs/checks.md`.
pub fn checks_page() -> String {
    let mut page = String::from(
        "# 検査の一覧 / All checks\n\n\
        This page is made from `src/standard/check/rules.rs`; do not edit it. \
        `UPDATE_DOCS=1 cargo test --test standard_docs` writes it again.\n\n\
        | 重さ | |\n|---|---|\n\
        | 誤り (error) | 直すまで送れません / must not be sent |\n\
        | 注意 (warning) | 送る前に確かめます / look before sending |\n\
        | お知らせ (note) | そのまま送れます / for your information |\n",
    );
    let mut group = None;
    for check in Check::ALL {
        if group.replace(check.group()) != Some(check.group()) {
            let (ja, en) = check.group().title();
            let _ = write!(page, "\n## {ja} / {en}\n");
        }
        let (message, hint) = (plain(check.message()), check.hint());
        let _ = write!(
            page,
            "\n### `{}` — {}\n\n{message}\n{hint}\n\n{}.\n",
            check.id(),
            severity(check.severity()),
            check.english()
        );
    }
    page
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "誤り (error)",
        Severity::Warning => "注意 (warning)",
        Severity::Note => "お知らせ (note)",
    }
}

fn plain(message: &str) -> String {
    message.replace("{value}", "…").replace("{more}", "…")
}
