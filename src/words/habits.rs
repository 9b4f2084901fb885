//! What the settings say about folders and notices.

use super::Lang;
use crate::texts;

texts! {
    section_folders: "フォルダ", "Folders";
    section_notices: "知らせ", "Notices";

    outgoing: "送信フォルダ", "Outgoing folders";
    outgoing_hint: "介護ソフトが、送るファイルを書き出すところです。", "Where the care software puts what is to be sent.";
    add_folder: "フォルダを足す", "Add a folder";
    remove: "外す", "Remove";
    watch: "新しいファイルを見つけたら、確かめて下書きにする", "Check new files and make drafts of them";
    after_sending: "送ったあとのファイル", "After sending";
    stay: "そのまま残す", "Leave them";
    put_away: "「送信済」フォルダに移す", "Move into a dated folder";

    automatic: "自動で送る相手", "Sent without a click";
    automatic_hint: "指摘がひとつもないときだけ、15秒待ってから自動で送ります。足したあとに書き出されたファイルが対象です。", "Only files with no findings, after 15 seconds, and only what is written after you add the partner.";
    automatic_warning: "同じフォルダを2台以上で見守るときは、1台だけで使ってください。", "When several PCs watch the same folder, use this on one of them.";
    no_automatic: "ありません。送るときは、いつも人が「送る」を押します。", "Nobody: a person always presses “Send”.";
    add_partner: "相手を足す", "Add a partner";
    find_partner: "相手をさがす", "Find a partner";
    find_partner_hint: "事業所名か事業所番号の一部", "Part of a name or number";
    nobody_found: "あてはまる事業所はありません。", "No office matches.";
    kinds: "種類（選ばなければ、すべて）", "Kinds (none chosen: all)";

    import: "取込フォルダ", "Import folders";
    import_hint: "届いたファイルを置くところです。介護ソフトが取り込みます。", "Where what arrives is put, for the care software.";
    import_rules: "分けて置く", "Sort into folders";
    import_rules_hint: "上から順に見て、初めに当てはまったところへ置きます。どれにも当てはまらなければ、上のフォルダに置きます。", "The first rule that fits decides; what fits none goes into the folder above.";
    add_rule: "分け方を足す", "Add a rule";
    move_up: "上へ", "Up";
    services: "あて先の自事業所のサービス種類（例 43、46。空ならすべて）", "Our service types (such as 43, 46; empty: all)";
    services_wrong: "サービス種類は2けたで、読点で区切ってください。", "Service types have two digits; put commas between them.";
    senders: "送り主（選ばなければ、すべて）", "Senders (none chosen: all)";

    national: "国の連携システムとの併用", "Beside the national system";
    national_on: "国の連携システムも使う", "We use the national system, too";
    national_hint: "便りの名簿にない事業所あてのファイルを、確かめて相手ごとに並べます。国の連携システムへは、そこから人が入れます。", "Files for offices that are not with Tayori are checked and laid out per receiver, ready to be put into the national system.";
    hand_over: "受け渡しフォルダ", "Hand-over folder";
    download: "ダウンロードのフォルダ", "Download folder";
    download_hint: "国の連携システムが受け取ったファイルを置くところ。ここに現れたものも受信一覧に入ります。", "Where the national system puts what it received; it is listed in the inbox, too.";
    national_partners: "便りにいても国の連携システムで送る相手", "Partners reached by the national system although they are with Tayori";
    way: "国の連携", "National";
    no_folder: "まだ選ばれていません", "Not chosen yet";
    folder_needed: "フォルダを選んでください。選ぶまで保存できません。", "Choose a folder; until then nothing can be saved.";

    here: "このパソコンでの知らせ", "On this PC";
    toasts: "画面の隅に知らせを出す", "Show notices";
    sound: "音", "Sound";
    sound_silent: "鳴らさない", "Silent";
    sound_soft: "ふつう", "Soft";
    sound_loud: "大きめ", "Loud";
    persons: "知らせに利用者の名前も出す", "Name persons in notices";
    persons_hint: "通りがかりの人にも見えます。携帯電話とメールには、どの場合も送りません。", "Whoever walks past can read them. They are never sent to a phone or by e-mail.";
    quiet: "知らせない時間を決める", "Quiet hours";
    quiet_hint: "この間に届いたものは、明けてからひとつにまとめて知らせます。", "What comes meanwhile is told in one notice afterwards.";
    from: "から", "from";
    until: "まで", "until";
    morning: "朝のまとめを出す", "A summary in the morning";
    morning_hint: "きのうから届いたもの、まだ取り込んでいないもの、待っているものを、一日に一度知らせます。", "Once a day: what came since yesterday, what is not imported yet, what you wait for.";
    earlier: "30分早く", "Half an hour earlier";
    later: "30分遅く", "Half an hour later";

    outside: "携帯電話やメールへの知らせ", "To a phone or by e-mail";
    outside_hint: "件数と相手の名前だけを送ります。ファイルの名前や利用者の名前は送りません。", "Only the number and the partners' names leave this PC.";
    webhook: "知らせ先の URL（LINE WORKS や Slack の着信 URL）", "Address (incoming webhook of LINE WORKS or Slack)";
    webhook_wrong: "https:// で始まる URL を入れてください。", "The address has to begin with https://.";
    mail_on: "メールでも知らせる", "E-mail, too";
    mail_server: "メールの接続先（SMTP）", "Mail server (SMTP)";
    mail_security: "通信の守り方", "Security";
    mail_port: "ポート番号（空ならふつうの番号）", "Port (empty: the usual one)";
    mail_port_wrong: "ポート番号は 1 から 65535 の数字です。", "A port is a number from 1 to 65535.";
    mail_user: "利用者名（要らなければ空）", "User (empty where none is needed)";
    mail_from: "差出人のアドレス", "From";
    mail_to: "あて先のアドレス", "To";
    mail_password: "メールのパスワード", "Mail password";
    mail_password_hint: "この端末の金庫にしまいます。設定ファイルには書きません。", "It is kept in this PC's vault, not in the settings file.";
    keep_password: "パスワードをしまう", "Keep the password";
    try_out: "知らせを試す", "Try the notices";
    try_hint: "保存した設定で試します。", "The saved settings are tried.";

    background: "画面を閉じているとき", "While the window is closed";
    autostart: "パソコンを起動したら、便りも動き始める", "Start with the computer";
    autostart_away: "このパソコンでは、起動に合わせて始める設定ができません。", "This computer has no such list.";
    close_to_tray: "画面を閉じても、時計の横に残って受け取り続ける", "Closing the window leaves Tayori beside the clock";
    close_to_tray_hint: "時計の横に印が出ないパソコンでは、切ったままにしてください。", "Leave this off where nothing appears beside the clock.";
}

/// 〜 から外す: for a screen reader, which hears no row around the button.
pub fn remove_named(lang: Lang, name: &str) -> String {
    match lang {
        Lang::Ja => format!("{name} を外す"),
        Lang::En => format!("Remove {name}"),
    }
}
