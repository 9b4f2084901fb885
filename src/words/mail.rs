//! What the mail-like screens say: drafts, writing, sending many at once, undoing.

use crate::standard::repair::Repair;
use crate::texts;
use crate::words::Lang;

texts! {
    drafts: "下書き", "Drafts";
    drafts_intro: "送信フォルダに書き出されたファイルを、送り先ごとに確かめてあります。", "What lies in the outgoing folder, sorted by receiver and checked.";
    drafts_empty: "下書きはありません", "No drafts";
    drafts_empty_hint: "介護ソフトで送信フォルダに書き出すと、送り先ごとにここに並びます。", "Files your care software writes into the outgoing folder are listed here by receiver.";
    drafts_unwatched: "送信フォルダを見守っていません", "The outgoing folder is not watched";
    drafts_unwatched_hint: "見守りを始めると、書き出したファイルが送り先ごとにここに並びます。", "Once it is watched, new files are listed here by receiver.";
    watch_now: "見守りを始める", "Start watching";
    open_outgoing: "送信フォルダを開く", "Open the outgoing folder";
    open_in_compose: "内容を足す", "Add to it";
    dismiss: "片づける", "Put away";
    dismiss_title: "この下書きを片づけますか", "Put this draft away?";
    dismiss_text: "一覧から消えます。ファイルはそのまま残り、書き出し直すとまた並びます。", "It leaves the list. The files stay, and come back when they are written anew.";
    dismiss_yes: "はい、片づけます", "Yes, put it away";
    send_all_fine: "問題のないものをすべて送る", "Send all that is fine";
    by_national: "国の連携システムで渡します", "By the national system";
    goes_soon: "まもなく自動で送ります", "Goes by itself soon";
    ready: "送れます", "Ready";
    no_receiver: "どの事業所あてか、ファイル名からはわかりません。", "The file name does not say whom it is for.";

    undo: "取り消す", "Undo";

    bulk: "一括送信", "Send many";
    see_bulk: "一括送信で見る", "See as a list";
    common_message: "全員へのメッセージ", "Message to everybody";
    common_hint: "相手ごとのメッセージがないところに入ります（なくても送れます）", "For everybody without a message of their own (optional)";
    close_results: "結果をとじる", "Close";
    withdrawn: "取り消しました", "Withdrawn";
    not_queued: "送れませんでした", "Not sent";
    unfold: "詳しく", "Details";
    fold: "たたむ", "Fold";

    choose_receiver: "宛先を選ぶ", "Choose a receiver";
    search_receiver: "宛先をさがす", "Search receivers";
    no_partner: "あてはまる事業所がありません", "No such office";
    attach: "添付する", "Attach";
    attach_kinds: "PDF・写真（JPEG・PNG・GIF）・テキストを添付できます。", "PDF, pictures (JPEG, PNG, GIF) and text can be attached.";
    attach_to: "この相手に添付する…", "Attach to…";
    take_out: "外す", "Remove";

    mend: "直す", "Put right";
    mend_title: "このように直します", "This will be put right";
    mend_text: "直したものを送ります。もとのファイルはそのまま残ります。", "It is sent as shown here. Your file stays as it is.";
    mend_yes: "この内容で直す", "Put it right";
    mended: "（直しました）", " (put right)";

    templates: "定型文", "Templates";
    templates_edit: "定型文を編集…", "Edit templates…";
    templates_title: "定型文", "Templates";
    template_name: "呼び名", "Name";
    template_text: "文", "Text";
    template_add: "加える", "Add";
    template_remove: "この定型文を消す", "Remove this one";

    terminals: "端末", "PCs";
    terminals_admin_only: "端末の追加や失効は、管理者だけができます。", "Only an administrator can add or revoke PCs.";
    terminal_in: "使えます", "In use";
    terminal_waiting: "許可待ち", "Waits to be let in";
    terminal_revoked: "失効", "Revoked";
    terminal_this: "この端末", "This PC";
    terminal_more: "端末を増やす", "Add a PC";
    terminal_more_hint: "新しいパソコンのはじめの設定で入れるコードを出します。1台で1回だけ使えます。", "A code for the set-up of one further PC.";
    terminal_code: "新しい端末のコード", "Code for a new PC";
    admit: "許可する", "Let in";
    admit_title: "この端末を許可しますか", "Let this PC in?";
    admit_text: "新しい端末の画面に出ている番号を見て、はじめの16文字以上を入れてください。同じことを確かめてから許可します。", "Enter at least the first sixteen digits of the number on the new PC’s screen.";
    admit_number: "新しい端末の番号", "Number on the new PC";
    admit_yes: "許可する", "Let it in";
    revoke: "失効させる", "Revoke";
    revoke_title: "この端末を失効させますか", "Revoke this PC?";
    revoke_text: "1分以内に使えなくなり、元には戻せません。なくしたり、捨てたりするときに使います。", "It stops working within a minute, for good. For a PC that was lost or is thrown away.";
    revoke_yes: "はい、失効させます", "Yes, revoke it";
    recovery_new: "復旧コードを作り直す", "New recovery code";
    recovery_code: "復旧コード", "Recovery code";
    recovery_title: "復旧コードを作り直しますか", "Make a new recovery code?";
    recovery_text: "前の復旧コードは使えなくなります。新しいものを紙に控えられるときに行ってください。", "The one before stops working. Do this when you can write the new one down.";
    recovery_yes: "はい、作り直します", "Yes, make it";
    recovery_keep: "紙に控え、金庫など人目に触れない所に保管してください。前のものはもう使えません。", "Write it on paper and lock it away. The one before does not work any more.";
    code_once: "この画面をとじると、もう表示できません。", "It cannot be shown again once this is closed.";
    code_print: "印刷する", "Print";
    code_read: "控えました", "I have it";

    section_general: "基本", "General";
}

/// 書き出し 11/18 11:46
pub fn written_out(lang: Lang, time: &str) -> String {
    match lang {
        Lang::Ja => format!("書き出し {time}"),
        Lang::En => format!("written {time}"),
    }
}

pub fn leaving(lang: Lang, parcels: usize, seconds: f32) -> String {
    match lang {
        Lang::Ja => format!("{parcels} 件を送ります（あと {seconds} 秒）"),
        Lang::En => format!("{parcels} will be sent in {seconds} s"),
    }
}

pub fn results(lang: Lang, queued: usize, failed: usize) -> String {
    match (lang, failed) {
        (Lang::Ja, 0) => format!("{queued} 件を送信待ちに入れました"),
        (Lang::Ja, _) => format!("{queued} 件を送信待ちに入れました。{failed} 件は送れませんでした"),
        (Lang::En, 0) => format!("{queued} put into the outbox"),
        (Lang::En, _) => format!("{queued} put into the outbox, {failed} not sent"),
    }
}

pub fn putting(lang: Lang, done: usize, total: usize) -> String {
    match lang {
        Lang::Ja => format!("送信待ちに入れています（{total} 件中 {done} 件）"),
        Lang::En => format!("Putting into the outbox ({done} of {total})"),
    }
}

pub fn attachments(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("添付 {count} 個"),
        Lang::En => format!("attachments: {count}"),
    }
}

/// 「お知らせ.pdf」を外す
pub fn detach(lang: Lang, name: &str) -> String {
    match lang {
        Lang::Ja => format!("「{name}」を外す"),
        Lang::En => format!("Remove “{name}”"),
    }
}

pub fn cannot_attach(lang: Lang, name: &str) -> String {
    match lang {
        Lang::Ja => format!("「{name}」は添付できません。PDF・写真・テキストだけを添付できます。"),
        Lang::En => format!("“{name}” cannot be attached: only PDF, pictures and text can."),
    }
}

pub fn mend_offer(lang: Lang, places: usize, name: &str) -> String {
    match lang {
        Lang::Ja => format!("{places} か所を自動で直せます　{name}"),
        Lang::En => format!("{places} can be put right: {name}"),
    }
}

pub fn and_more(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("ほか {count} か所"),
        Lang::En => format!("and {count} more"),
    }
}

/// What a repair is about.
pub fn repair(lang: Lang, repair: Repair) -> &'static str {
    let english = match repair {
        Repair::Name => "File name",
        Repair::Encoding => "Encoding",
        Repair::LineEnds => "Line ends",
        Repair::Header => "Heading",
        Repair::BlankLines => "Blank lines",
        Repair::Character => "Character",
        Repair::NameService => "Service type in the name",
        Repair::RowService => "Service type in a row",
    };
    lang.t(repair.name_ja(), english)
}

/// 2026年11月, as it stands in a message to a partner.
pub fn month(year: i16, month: i8) -> String {
    format!("{year}年{month}月")
}

/// Which fields a template may have.
pub fn templates_hint(lang: Lang, fields: &[&str]) -> String {
    let fields = fields.join(" ");
    match lang {
        Lang::Ja => format!("{fields} と書いたところには、送るときの言葉が入ります。"),
        Lang::En => format!("{fields} are filled in when it is used."),
    }
}

pub fn terminal_times(lang: Lang, added: &str, until: &str) -> String {
    match lang {
        Lang::Ja => format!("加わった日 {added}　期限 {until}"),
        Lang::En => format!("added {added}, good until {until}"),
    }
}

/// 2026年8月20日
pub fn day(lang: Lang, day: jiff::civil::Date) -> String {
    match lang {
        Lang::Ja => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
        Lang::En => day.to_string(),
    }
}

pub fn code_until(lang: Lang, until: &str) -> String {
    match lang {
        Lang::Ja => format!("{until} まで、1台で1回だけ使えます。新しい端末の、はじめの設定の画面に入れてください。"),
        Lang::En => format!("Good once, for one PC, until {until}. Enter it in the new PC’s set-up."),
    }
}

pub fn more_follows(lang: Lang, files: usize) -> String {
    match lang {
        Lang::Ja => format!("一度に送れる数を超えています。あと {files} 個は、この分を送ったあとに並びます。"),
        Lang::En => format!("{files} more files follow once these are sent."),
    }
}

pub fn being_written(lang: Lang, files: usize) -> String {
    match lang {
        Lang::Ja => format!("書き込み中のファイルが {files} 個あります。書き終わると、ここに並びます。"),
        Lang::En => format!("Still being written: {files}. They are listed once they are whole."),
    }
}

pub fn fine_of(lang: Lang, fine: usize, all: usize) -> String {
    match lang {
        Lang::Ja => format!("{all} 件中 {fine} 件"),
        Lang::En => format!("{fine} of {all}"),
    }
}

pub fn goes_at(lang: Lang, time: &str) -> String {
    match lang {
        Lang::Ja => format!("{time} に自動で送ります"),
        Lang::En => format!("goes by itself at {time}"),
    }
}
