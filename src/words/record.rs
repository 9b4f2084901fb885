//! What 操作の記録 says.

use crate::history::{AuditFault, DONE};
use crate::texts;
use crate::words::Lang;
use crate::words::failure::Sentence;

texts! {
    title: "操作の記録", "Record";
    hint: "この端末でだれが何をしたかが、すべて残ります。あとから書きかえることはできません。利用者の氏名は入りません。", "Everything done on this PC is kept and cannot be changed afterwards. No person’s name is in it.";
    verify: "確かめ直す", "Check again";
    export: "CSVに書き出す", "Save as CSV";
    waiting: "記録を読んでいます…", "Reading the record…";
    when: "日時", "When";
    who: "だれが", "Who";
    what: "したこと", "What";
    about: "対象", "About";
    ended: "結果", "Result";
    nobody: "便り", "Tayori";
}

pub fn whole(lang: Lang, lines: u64) -> String {
    match lang {
        Lang::Ja => format!("記録 {lines} 件は、書いたときのままです。"),
        Lang::En => format!("All {lines} lines are as they were written."),
    }
}

pub fn newest(lang: Lang, count: &str) -> String {
    match lang {
        Lang::Ja => format!("新しいほうから {count} 件"),
        Lang::En => format!("the newest {count}"),
    }
}

/// What is wrong with the record, and what to do.
pub fn fault(lang: Lang, fault: &AuditFault) -> Sentence {
    let what = match (lang, fault) {
        (Lang::Ja, AuditFault::Missing { seq }) => format!("{seq}番の記録がありません。"),
        (Lang::Ja, AuditFault::Changed { seq }) => format!("{seq}番の記録が書きかえられています。"),
        (Lang::Ja, AuditFault::Torn { seq }) => format!("{seq}番の記録が、その前の記録につながっていません。"),
        (Lang::Ja, AuditFault::CutOff { found, noted }) => {
            format!("記録の終わりが切り取られています（{noted}件あるはずが {found}件です）。")
        }
        (Lang::Ja, AuditFault::Replaced { seq }) => format!("{seq}番の記録が、別に控えた印と合いません。"),
        (Lang::Ja, AuditFault::Unreadable { seq }) => format!("{seq}番の記録を読み取れません。"),
        (Lang::En, AuditFault::Missing { seq }) => format!("Line {seq} is missing."),
        (Lang::En, AuditFault::Changed { seq }) => format!("Line {seq} was changed."),
        (Lang::En, AuditFault::Torn { seq }) => format!("Line {seq} does not follow the one before."),
        (Lang::En, AuditFault::CutOff { found, noted }) => format!("The end is cut off: {found} of {noted} lines."),
        (Lang::En, AuditFault::Replaced { seq }) => format!("Line {seq} does not fit what was noted elsewhere."),
        (Lang::En, AuditFault::Unreadable { seq }) => format!("Line {seq} cannot be read."),
    };
    let todo = lang.t(
        "この端末の記録をそのままにして、管理者にご連絡ください。",
        "Leave this PC as it is and tell the administrator.",
    );
    Sentence { what, todo: todo.to_owned() }
}

/// The record's word for what was done, as a person says it. A word of a newer version stands as it is.
pub fn action(lang: Lang, action: &str) -> String {
    let (ja, en) = match action {
        "send" => ("送信待ちに入れた", "Queued"),
        "examine" => ("送る前に確かめた", "Looked at files"),
        "dismiss-draft" => ("下書きを片づけた", "Put a draft away"),
        "retry" => ("もう一度送った", "Sent again"),
        "withdraw" => ("送信を取り消した", "Withdrew"),
        "open" => ("開いた", "Opened"),
        "mark-imported" => ("取り込み済みにした", "Marked as imported"),
        "take-over" => ("この端末に引き取った", "Took over"),
        "assign" => ("担当を決めた", "Assigned"),
        "note" => ("メモを書いた", "Noted"),
        "save-file" => ("ファイルを保存した", "Saved a file"),
        "trust-partner" => ("連携先を信頼した", "Trusted a partner"),
        "login" => ("ログイン", "Login"),
        "logout" => ("ログアウト", "Logout"),
        "accounts" => ("利用者を見た・変えた", "Users"),
        "terminals" => ("端末を見た・変えた", "PCs"),
        "setup" => ("はじめの設定", "Set-up"),
        "settings" => ("設定を変えた", "Settings"),
        "show-lists" => ("一覧を見た", "Looked at lists"),
        "show-partners" => ("連携先を見た", "Looked at partners"),
        "show-audit" => ("記録を見た", "Looked at the record"),
        "export" => ("書き出した", "Exported"),
        "exchange" => ("送受信", "Exchange"),
        "demo" => ("体験", "Demo"),
        "accepted" => ("連携基盤が受け付けた", "Accepted by the hub"),
        "send-failed" => ("送れなかった", "Could not be sent"),
        "received" => ("受信した", "Received"),
        "refused" => ("受け取らなかった", "Refused"),
        "held" => ("確認待ちにした", "Kept aside"),
        "delivered" => ("フォルダに置いた", "Put into the folder"),
        "imported" => ("取り込まれた", "Imported"),
        "receipt-delivered" => ("到着の知らせを受けた", "Receipt: arrived"),
        "receipt-opened" => ("開封の知らせを受けた", "Receipt: opened"),
        "receipt-imported" => ("取込の知らせを受けた", "Receipt: imported"),
        "receipt-refused" => ("受取不可の知らせを受けた", "Receipt: refused"),
        "partner-known" => ("連携先の鍵を覚えた", "Partner’s key noted"),
        "partner-changed" => ("連携先の鍵が変わった", "Partner’s key changed"),
        other => return other.to_owned(),
    };
    lang.t(ja, en).to_owned()
}

/// 済, or that it failed, with the code of what went wrong for whoever helps.
pub fn result(lang: Lang, result: &str) -> String {
    match result {
        DONE => lang.t("済", "Done").to_owned(),
        code => format!("{}{code}", lang.t("失敗: ", "Failed: ")),
    }
}
