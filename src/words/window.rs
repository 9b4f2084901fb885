//! What the window says.

use crate::engine::model::{Notice, Role, State, Step, Subject};
use crate::texts;
use crate::words::Lang;
use crate::words::failure::Sentence;

texts! {
    title: "便り Tayori", "Tayori";

    home: "ホーム", "Home";
    inbox: "受信", "Inbox";
    sent: "送信済", "Sent";
    compose: "新規作成", "New";
    outbox: "送信待ち", "Outbox";
    settings: "設定", "Settings";

    exchange: "送受信（F5）", "Exchange";
    exchange_short: "送受信", "Exchange";
    search: "さがす", "Search";
    search_hint: "事業所名・事業所番号でさがす", "Search office name or number";
    text_size: "文字の大きさ", "Text size";
    small: "小", "S";
    medium: "中", "M";
    large: "大", "L";
    larger: "特大", "XL";
    largest: "最大", "XXL";
    appearance: "画面の色", "Colours";
    appearance_light: "明るい", "Light";
    appearance_dark: "暗い", "Dark";
    appearance_contrast: "くっきり", "High contrast";
    language: "表示のことば", "Language";

    starting: "つないでいます", "Connecting";
    working: "送受信しています", "Exchanging";
    online: "つながっています", "Connected";
    offline: "つながっていません", "Not connected";
    never_exchanged: "まだ送受信していません", "Not exchanged yet";
    no_certificate: "電子証明書がありません", "No certificate";
    certificate_over: "電子証明書の期限が切れています", "Certificate expired";

    filter_all: "すべて", "All";
    filter_unread: "未読", "Unread";
    filter_open: "未取込", "To import";
    filter_under_way: "到着待ち", "On the way";
    filter_failed: "失敗", "Failed";

    inbox_empty: "まだ何も届いていません", "Nothing has arrived yet";
    inbox_empty_hint: "届くと、ここに新しいものから順に並びます。", "What arrives is listed here, newest first.";
    sent_empty: "まだ何も送っていません", "Nothing has been sent yet";
    sent_empty_hint: "「新規作成」でファイルを選ぶと、送った記録がここに並びます。", "Choose files under “New”; what was sent is listed here.";
    nothing_found: "あてはまるものはありません", "Nothing matches";
    nothing_found_hint: "さがすことばを短くするか、「すべて」を押してください。", "Search for less, or press “All”.";
    choose_left: "左の一覧から選んでください", "Choose one from the list";
    choose_left_hint: "↑ ↓ のキーでも選べます。", "The ↑ and ↓ keys work too.";
    opening: "開いています…", "Opening…";
    widen: "広げる", "Widen";
    show_list: "一覧を出す", "Show list";
    back_to_list: "一覧にもどる", "Back to the list";

    mark_imported: "取り込み済みにする", "Mark as imported";
    save: "保存", "Save";
    save_file: "保存", "Save";
    open_folder: "フォルダを開く", "Open folder";
    retry: "もう一度送る", "Send again";
    retry_now: "今すぐ送る", "Send now";
    withdraw: "取り消す", "Withdraw";
    withdraw_title: "この送信を取り消しますか", "Withdraw this?";
    withdraw_text: "まだ相手に届いていないので、取り消せます。もとのファイルは残ります。", "It has not reached the receiver yet. Your files stay where they are.";
    withdraw_yes: "はい、取り消します", "Yes, withdraw it";
    withdraw_no: "いいえ", "No";
    imported_hint: "介護ソフトに取り込んだら押してください。送り主にも「取込済」と伝わります。", "Press this once your care software has taken the files. The sender sees it too.";
    signature_good: "署名を確認しました", "Signature verified";
    signature_none: "署名を確認できていません", "Signature not verified";

    message: "メッセージ", "Message";
    files: "ファイル", "Files";
    unknown_kind: "種類のわからないファイル", "Unknown kind of file";
    not_delivered: "取込フォルダには置かれていません", "Not in the import folder";
    checks: "確認の結果", "Check";
    no_findings: "指摘なし", "No findings";
    severity_error: "誤り", "Errors";
    severity_warning: "注意", "Warnings";
    severity_note: "参考", "Notes";
    whole_set: "ファイル全体", "All files together";
    show_findings: "指摘を見る", "Show findings";
    hide_findings: "指摘をとじる", "Hide findings";
    forms: "様式", "Forms";
    no_form: "この利用者の様式はありません", "There is no form of this person";
    print: "印刷・PDF", "Print / PDF";
    print_title: "印刷・PDF", "Print or save as PDF";
    print_who: "だれの分", "Whose";
    print_this_person: "この人だけ", "This person";
    print_which: "どの様式", "Which forms";
    print_every_form: "すべての様式", "All forms";
    print_hint: "「印刷する」を押すとPDFが開きます。開いた画面で印刷してください。", "“Print” opens a PDF in your viewer: print it from there.";
    print_open: "印刷する", "Print";
    save_pdf: "PDFで保存", "Save as PDF";
    cancel: "やめる", "Cancel";
    stop: "中止", "Stop";
    close_preview: "とじる", "Close";
    preview_unshown: "この画面では表示できません。「保存」してからお開きください。", "This cannot be shown here. Save it and open it.";
    sheet_plan: "予定", "Plan";
    sheet_actual: "実績", "Done";
    sheet_service: "サービス内容", "Service";
    sheet_sum: "合計", "Sum";
    sheet_same: "予定と実績は同じです", "Planned and actual agree";
    legend_missing: "予定だけ", "plan only";
    legend_extra: "実績だけ", "done only";
    legend_other: "回数ちがい", "other count";
    person: "利用者", "Person";
    person_search: "利用者をさがす", "Search person";
    previous_person: "前の人", "Previous";
    next_person: "次の人", "Next";
    trail: "これまでの流れ", "What happened";
    read_all: "つづきを読む", "Read on";
    read_less: "短くたたむ", "Show less";

    compose_intro: "送るファイルをこの画面に置くか、ボタンで選んでください。相手ごとに自動で分けます。", "Drop the files to send anywhere on this window, or choose them. They are sorted by receiver.";
    drop_here: "ここに置くと、送るファイルとして調べます", "Drop to look at these files for sending";
    drop_area: "ここにファイルを置くこともできます", "You can also drop files here";
    choose_files: "ファイルを選ぶ", "Choose files";
    choose_folder: "フォルダを選ぶ", "Choose folder";
    from_outgoing: "送信フォルダから", "From the outgoing folder";
    start_over: "選び直す", "Start over";
    examining: "ファイルを調べています…", "Looking at the files…";
    nothing_to_send: "送れるファイルはありませんでした", "There was nothing to send";
    nothing_to_send_hint: "介護ソフトから書き出したファイルを選んでください。", "Choose files written by your care software.";
    include: "送る", "Send";
    cannot_send: "誤りがあるため送れません", "Cannot be sent: it has errors";
    cannot_send_hint: "介護ソフトで直して書き出し、選び直してください。ほかの相手には送れます。", "Correct it in the care software and choose it again. The others can be sent.";
    unknown_receiver: "名簿にない事業所です", "Not in the directory";
    unknown_service: "サービス種類なし", "No service type";
    message_hint: "相手に伝えたいことがあれば書いてください（なくても送れます）", "Anything to tell the receiver (optional)";
    review: "確認して送る", "Review and send";
    review_title: "この内容で送ります", "This will be sent";
    review_hint: "送り先とファイルをお確かめのうえ、「送る」を押してください。", "Check the receivers and files, then press “Send”.";
    send: "送る", "Send";
    back: "もどる", "Back";
    choose_one: "送る相手を一つ以上選んでください", "Choose at least one receiver";
    no_message: "メッセージなし", "No message";
    astray: "送れないファイル", "Files that cannot be sent";
    putting: "送信待ちに入れています…", "Putting into the outbox…";

    outbox_empty: "送信待ちはありません", "Nothing is waiting";
    outbox_empty_hint: "「送る」を押したものは、相手に届くまでここで待ちます。", "What you send waits here until the hub has it.";
    outbox_intro: "つながりしだい、自動で送ります。便りを閉じても失われません。", "These go by themselves once connected. Nothing is lost when Tayori is closed.";
    next_try_soon: "まもなく送ります", "Will be tried soon";
    will_not_go: "自動では送り直しません", "Will not be tried by itself";

    unread_parcels: "未読", "Unread";
    to_import: "未取込", "To import";
    waiting_parcels: "送信待ち", "Waiting";
    failed_parcels: "送信失敗", "Failed";
    see_inbox: "受信を見る", "See inbox";
    see_outbox: "送信待ちを見る", "See outbox";
    see_sent: "送信済を見る", "See sent";
    send_files: "ファイルを送る", "Send files";
    latest: "最近届いたもの", "Latest arrivals";
    next_steps: "次にすること", "What to do next";
    all_done: "いま急いですることはありません。", "Nothing is waiting for you.";
    step_failed: "送れなかったものがあります。「送信待ち」で理由を確かめてください。", "Something could not be sent. See why in the outbox.";
    step_refused: "相手が受け取れなかったものがあります。「送信済」で理由を確かめてください。", "A receiver could not accept something. See why under “Sent”.";
    step_certificate: "期限の30日前から、自動で更新します。連携基盤につながる状態にしてください。", "It renews itself from 30 days before. Connect this PC to the hub.";
    first_day: "便りへようこそ", "Welcome to Tayori";
    first_day_hint: "ケアプランのデータを、事業所どうしで安全に送り合えます。", "Exchange care-plan data safely between offices.";
    first_step_1: "介護ソフトで、送るファイルを送信フォルダに書き出します。", "Write the files to send into the outgoing folder.";
    first_step_2: "「ファイルを送る」を押すと、相手ごとに分けて中身を確かめます。", "Press “Send files”: they are sorted by receiver and checked.";
    first_step_3: "届いたファイルは取込フォルダに入ります。介護ソフトで取り込んでください。", "What arrives is put into the import folder for your care software.";

    office: "事業所", "Office";
    office_name: "事業所名", "Office name";
    office_number: "事業所番号", "Office number";
    connection: "接続", "Connection";
    hub: "連携基盤のアドレス", "Hub address";
    folders: "フォルダ", "Folders";
    outgoing_folder: "送信フォルダ（介護ソフトの書き出し先）", "Outgoing folder (care software writes here)";
    import_folder: "取込フォルダ（届いたファイルの置き場所）", "Import folder (what arrives is put here)";
    choose: "選ぶ", "Choose";
    certificate: "電子証明書", "Certificate";
    display: "画面", "Display";
    save_settings: "設定を保存", "Save settings";
    undo_settings: "元に戻す", "Undo";
    settings_unchanged: "変更はありません", "No changes";
    settings_saved: "設定を保存しました。", "Settings saved.";
    settings_waiting: "設定を読み込んでいます…", "Reading the settings…";

    trust_home: "鍵の変わった連携先があります", "A partner’s key has changed";
    trust_look: "番号を確かめる", "Compare the numbers";
    trust_title: "この連携先を信頼しますか", "Trust this partner?";
    trust_text: "相手がパソコンを入れ替えたときなどに変わりますが、なりすましのこともあります。電話などで相手に「いまの番号」を読んでもらい、下と同じことを確かめてください。", "It changes when a partner replaces its PCs, but somebody may also pretend to be them. Let the partner read its number to you by telephone and compare it with the one below.";
    trust_before: "前の番号", "Before";
    trust_now: "いまの番号", "Now";
    trust_compared: "電話などで相手に聞き、「いまの番号」と同じでした", "I have asked the partner: it is the same as “Now”";
    trust_no: "まだ信頼しない", "Not yet";
    trust_yes: "信頼する", "Trust it";
    login: "ログイン", "Login";
    log_in: "ログイン", "Log in";
    log_in_now: "ログインする", "Log in";
    logging_in: "確かめています…", "Checking…";
    log_out: "ログアウト", "Log out";
    later: "あとで", "Later";
    login_needed: "ログインが必要です。届いているものは読めます。", "Please log in. What is here can be read.";
    login_hint: "送受信をはじめるには、利用者IDとパスワードを入れてください。", "Enter your user id and password to send and receive.";
    first_account: "管理者を決める", "Make the administrator";
    first_account_hint: "この事業所ではじめての利用者です。管理者になり、ほかの人の利用者IDを作れます。", "You are this office’s first user and its administrator: you can add the others.";
    first_account_make: "この内容で作る", "Make this account";
    user_id: "利用者ID", "User id";
    user_id_hint: "半角の英字・数字と . - _ @ が使えます。", "Letters, digits and . - _ @";
    user_id_wrong: "使えない文字があります。", "There is a character that cannot be used.";
    password: "パスワード", "Password";
    password_first: "はじめのパスワード", "First password";
    password_again: "パスワード（もう一度）", "Password again";
    password_old: "いまのパスワード", "Current password";
    password_new: "新しいパスワード", "New password";
    password_differs: "二つのパスワードがちがいます。", "The two differ.";
    change_password: "パスワードを変える", "Change password";
    change: "変える", "Change";
    office_admin_only: "利用者の追加や変更は、管理者だけができます。", "Only an administrator can change users.";
    accounts: "利用者", "Users";
    accounts_waiting: "読み込んでいます…", "Reading…";
    account_me: "あなた", "You";
    account_locked: "ロック中", "Locked";
    unlock_account: "ロックを解く", "Unlock";
    reset_password: "パスワードを決め直す", "Reset password";
    reset_hint: "新しいパスワードを本人に伝えてください。本人は、あとで自分で変えられます。", "Tell the person the new password; they can change it themselves.";
    remove_account: "削除", "Remove";
    remove_title: "この利用者を削除しますか", "Remove this user?";
    remove_hint: "この利用者IDではログインできなくなります。これまでの記録は残ります。", "Nobody can log in with it any more. The records stay.";
    remove_yes: "はい、削除します", "Yes, remove";
    add_account: "利用者を加える", "Add a user";
    add: "加える", "Add";
    next: "次へ", "Next";
    setup_letter: "便りをはじめます", "Set up Tayori";
    setup_letter_hint: "連携基盤から届いた案内状を手元にご用意ください。書いてあるとおりに入れます。", "Take the letter from the exchange hub and enter what it says.";
    setup_office_wrong: "事業所番号は10桁です。", "An office number has ten characters.";
    setup_by_code: "案内状のコード", "Code in the letter";
    setup_by_file: "証明書ファイル", "Certificate file";
    setup_code: "コード（24文字）", "Code (24 characters)";
    setup_code_whole: "コードがそろいました。", "The code is complete.";
    setup_choose_file: "ファイルを選ぶ", "Choose the file";
    setup_file_password: "ファイルのパスワード", "Password of the file";
    setup_authority: "認証局の番号（案内状にあります）", "Fingerprint of the authority (in the letter)";
    setup_authority_hint: "つなぐ先が本物かを確かめるために使います。", "It proves that the hub is the right one.";
    setup_folders: "ファイルの置き場所", "Folders";
    setup_folders_hint: "介護ソフトが書き出すフォルダと、取り込むフォルダを選んでください。あとから変えられます。", "Choose where the care software writes and where it imports from. You can change this later.";
    setup_folders_same: "送信と取込には別々のフォルダを選んでください。", "Choose two different folders.";
    setup_confirm: "これではじめます", "Ready to begin";
    setup_name_hint: "空のままなら、名簿の名前を使います。", "Leave it empty to use the name in the directory.";
    setup_terminal: "このパソコンの呼び名", "Name of this PC";
    setup_terminal_example: "例: 事務室のパソコン", "Such as: Front office";
    setup_begin: "はじめる", "Begin";
    setup_working: "準備しています", "Setting up";
    setup_keys: "鍵を作っています…", "Making keys…";
    setup_asking: "連携基盤に申し込んでいます…", "Asking the hub…";
    setup_keeping: "受け取った証明書をしまっています…", "Keeping the certificate…";
    passphrase: "合言葉を入れてください", "Enter the passphrase";
    passphrase_hint: "このパソコンの記録は、合言葉で守られています。", "What is kept on this PC is protected by a passphrase.";
    passphrase_new: "合言葉を決めてください", "Choose a passphrase";
    passphrase_new_hint: "このパソコンの記録を守る合言葉です。開くたびに要ります。忘れると記録を開けなくなるので、書きとめて鍵のかかる場所にしまってください。", "It protects what is kept on this PC and is asked for at each start. Without it the records cannot be opened: write it down and lock it away.";
    passphrase_field: "合言葉", "Passphrase";
    passphrase_again: "合言葉（もう一度）", "Passphrase again";
    passphrase_short: "8文字以上にしてください。", "Use at least 8 characters.";
    passphrase_differs: "二つの合言葉がちがいます。", "The two differ.";
    passphrase_choose: "この合言葉にする", "Use this passphrase";
    passphrase_open: "開く", "Open";
    waiting_title: "ほかの端末で許可してもらってください", "Another PC of your office has to let this one in";
    waiting_text: "すでに使っているパソコンの「設定」の「端末」で、管理者がこのパソコンを許可します。そのとき、下の番号のはじめの16文字を入れます。", "An administrator lets this PC in at a PC in use, under “PCs” in the settings, and enters the first sixteen digits of this number there.";
    waiting_looks: "許可されると、自動で先へ進みます。", "It goes on by itself once this PC is let in.";
    recover_title: "ほかのパソコンがすべて使えないとき", "When no other PC is left";
    recover_hint: "はじめに書きとめた復旧コードを入れてください。", "Enter the recovery code that was written down in the beginning.";
    recovery_code: "復旧コード", "Recovery code";
    recover: "復旧する", "Recover";
    recovery_title: "復旧コードを書きとめてください", "Write down the recovery code";
    recovery_text: "パソコンがすべて壊れたとき、これまでのデータを開くのに要ります。この画面にしか出ません。紙に書いて、鍵のかかる場所にしまってください。", "It opens your office’s data should all its PCs be lost. It is shown only here. Write it on paper and lock it away.";
    recovery_noted: "紙に書きとめました", "I have written it down";

    close_toast: "とじる", "Close";
    view: "見る", "View";
    main_list: "一覧", "List";
    more: "ほか", "and";
    settings_open: "設定を開く", "Open settings";
}

/// What a parcel is about.
pub fn subject(lang: Lang, subject: Subject) -> &'static str {
    match subject {
        Subject::Actuals => lang.t("実績", "Actuals"),
        Subject::Provision => lang.t("予定", "Planned"),
        Subject::CarePlan => lang.t("計画書", "Care plan"),
        Subject::Preventive => lang.t("介護予防", "Preventive"),
        Subject::Withdrawal => lang.t("取り消し", "Withdrawal"),
        Subject::Message => lang.t("連絡", "Message"),
        Subject::Other => lang.t("その他", "Other"),
    }
}

/// How far a parcel got.
pub fn state(lang: Lang, state: &State, incoming: bool) -> &'static str {
    match state {
        State::Waiting { .. } => lang.t("送信待ち", "Waiting"),
        State::Accepted => lang.t("受付済", "Accepted"),
        State::Arrived if incoming => lang.t("未取込", "To import"),
        State::Arrived => lang.t("到着", "Arrived"),
        State::Imported => lang.t("取込済", "Imported"),
        State::LaidOut => lang.t("受渡し済", "Laid out"),
        State::Failed(_) => lang.t("失敗", "Failed"),
        State::Refused(_) if incoming => lang.t("受け取れません", "Not accepted"),
        State::Refused(_) => lang.t("相手が受け取れず", "Refused"),
        State::Held(_) => lang.t("確認待ち", "To confirm"),
    }
}

/// One step of a parcel's way.
pub fn step(lang: Lang, step: &Step, incoming: bool) -> &'static str {
    match step {
        Step::Written => lang.t("作成", "Written"),
        Step::Accepted => lang.t("受付済", "Accepted by the hub"),
        Step::Received => lang.t("受信", "Received"),
        Step::Delivered if incoming => lang.t("取込フォルダへ", "Into the import folder"),
        Step::Delivered => lang.t("到着", "Arrived"),
        Step::Imported => lang.t("取込済", "Imported"),
        Step::LaidOut => lang.t("受け渡しフォルダへ", "Into the hand-over folder"),
        Step::Refused(_) => lang.t("受け取れませんでした", "Refused"),
        Step::Tried(_) => lang.t("送れませんでした", "Could not be sent"),
        Step::Opened if incoming => lang.t("開きました", "Opened"),
        Step::Opened => lang.t("相手が開きました", "Opened by the receiver"),
        Step::Held(_) => lang.t("確認待ち", "To be confirmed"),
    }
}

/// 3件
pub fn parcels(lang: Lang, count: &str) -> String {
    match lang {
        Lang::Ja => format!("{count} 件"),
        Lang::En => count.to_owned(),
    }
}

pub fn unread_spoken(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("未読 {count} 件"),
        Lang::En => format!("{count} unread"),
    }
}

pub fn waiting_spoken(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("{count} 件"),
        Lang::En => format!("{count} waiting"),
    }
}

pub fn errors(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("誤り {count} 件"),
        Lang::En => format!("{count} error{}", plural(count)),
    }
}

pub fn warnings(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("注意 {count} 件"),
        Lang::En => format!("{count} warning{}", plural(count)),
    }
}

pub fn differences(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("ちがい {count} か所"),
        Lang::En => format!("{count} difference{}", plural(count)),
    }
}

pub fn file_count(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("ファイル {count} 個"),
        Lang::En => format!("{count} file{}", plural(count)),
    }
}

pub fn person_count(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("利用者 {count} 人"),
        Lang::En => format!("{count} person{}", if count == 1 { "" } else { "s" }),
    }
}

pub fn receivers(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("送り先 {count} 件"),
        Lang::En => format!("{count} receiver{}", plural(count)),
    }
}

pub fn show_more(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("あと {count} 件を見る"),
        Lang::En => format!("Show {count} more"),
    }
}

pub fn more_lines(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("つづきを読む（あと {count} 行）"),
        Lang::En => format!("Read on ({count} more lines)"),
    }
}

pub fn days_left(lang: Lang, days: i64) -> String {
    match lang {
        Lang::Ja => format!("電子証明書 あと {days} 日"),
        Lang::En => format!("Certificate: {days} day{} left", if days == 1 { "" } else { "s" }),
    }
}

pub fn last_exchange(lang: Lang, time: &str) -> String {
    match lang {
        Lang::Ja => format!("最後の送受信 {time}"),
        Lang::En => format!("Last exchange {time}"),
    }
}

pub fn next_try(lang: Lang, time: &str) -> String {
    match lang {
        Lang::Ja => format!("次は {time} に送ります"),
        Lang::En => format!("Next try {time}"),
    }
}

pub fn received_at(lang: Lang, time: &str) -> String {
    match lang {
        Lang::Ja => format!("{time} 受信"),
        Lang::En => format!("received {time}"),
    }
}

pub fn written_at(lang: Lang, time: &str) -> String {
    match lang {
        Lang::Ja => format!("{time} 作成"),
        Lang::En => format!("written {time}"),
    }
}

/// 3行目 項目12「サービスコード」
pub fn place(lang: Lang, row: Option<u64>, field: Option<u16>, name: Option<&str>) -> String {
    let mut out = String::new();
    match lang {
        Lang::Ja => {
            out.extend(row.map(|row| format!("{row}行目")));
            out.extend(field.map(|field| format!("　項目 {field}")));
            out.extend(name.map(|name| format!("「{name}」")));
        }
        Lang::En => {
            out.extend(row.map(|row| format!("row {row}")));
            out.extend(field.map(|field| format!("  field {field}")));
            out.extend(name.map(|name| format!(" “{name}”")));
        }
    }
    out.trim().to_owned()
}

/// 佐藤 ハナ 様（0001234500）
pub fn person_named(lang: Lang, name: &str, number: &str) -> String {
    match lang {
        Lang::Ja => format!("{name} 様（{number}）"),
        Lang::En => format!("{name} ({number})"),
    }
}

pub fn person_numbered(lang: Lang, number: &str) -> String {
    match lang {
        Lang::Ja => format!("被保険者番号 {number}"),
        Lang::En => format!("insured number {number}"),
    }
}

/// 2 / 30 人
pub fn person_position(lang: Lang, at: usize, of: usize) -> String {
    match lang {
        Lang::Ja => format!("{at} / {of} 人"),
        Lang::En => format!("{at} of {of}"),
    }
}

pub fn checking(lang: Lang, done: usize, total: usize) -> String {
    match lang {
        Lang::Ja => format!("確認しています（{total} 個中 {done} 個）"),
        Lang::En => format!("Checking {done} of {total}"),
    }
}

pub fn step_unread(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("新しく {count} 件届いています。「受信」で開いて確かめてください。"),
        Lang::En => format!("{count} new in the inbox. Open and read them."),
    }
}

pub fn step_import(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("まだ取り込んでいないものが {count} 件あります。介護ソフトで取り込んでください。"),
        Lang::En => format!("{count} not imported yet. Import them into your care software."),
    }
}

pub fn review_button(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("{count} 件の相手に送ります"),
        Lang::En => format!("Goes to {count} receiver{}", plural(count)),
    }
}

pub fn left_out(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Ja => format!("今回は送らない相手が {count} 件あります。"),
        Lang::En => format!("{count} receiver{} left out this time.", plural(count)),
    }
}

pub fn print_everybody(lang: Lang, people: usize) -> String {
    match lang {
        Lang::Ja => format!("全員（{people} 人）"),
        Lang::En => format!("Everybody ({people})"),
    }
}

pub fn print_progress(lang: Lang, done: usize, total: usize) -> String {
    match lang {
        Lang::Ja => format!("PDFを作っています（{total} 人中 {done} 人）"),
        Lang::En => format!("Making the PDF ({done} of {total})"),
    }
}

pub fn setup_step(lang: Lang, at: usize, of: usize) -> String {
    match lang {
        Lang::Ja => format!("{of} 段階中 {at} 段階め"),
        Lang::En => format!("Step {at} of {of}"),
    }
}

pub fn setup_code_letters(lang: Lang, letters: usize) -> String {
    match lang {
        Lang::Ja => format!("いま {letters} 文字です。コードは24文字です。"),
        Lang::En => format!("{letters} characters so far; a code has 24."),
    }
}

pub fn setup_done(lang: Lang, office_name: &str) -> String {
    match lang {
        Lang::Ja => format!("{office_name} として使えるようになりました。"),
        Lang::En => format!("This PC is now set up as {office_name}."),
    }
}

/// 管理者 or 担当者.
pub fn role(lang: Lang, role: Role) -> &'static str {
    match role {
        Role::Admin => lang.t("管理者", "Administrator"),
        Role::Staff => lang.t("担当者", "Staff"),
    }
}

pub fn make_role(lang: Lang, role: Role) -> &'static str {
    match role {
        Role::Admin => lang.t("管理者にする", "Make administrator"),
        Role::Staff => lang.t("担当者にする", "Make staff"),
    }
}

pub fn last_login(lang: Lang, time: Option<&str>) -> String {
    match (lang, time) {
        (Lang::Ja, Some(time)) => format!("最後のログイン {time}"),
        (Lang::Ja, None) => "まだログインしていません".to_owned(),
        (Lang::En, Some(time)) => format!("last login {time}"),
        (Lang::En, None) => "never logged in".to_owned(),
    }
}

/// What a toast says.
pub fn notice(lang: Lang, notice: &Notice) -> Sentence {
    let said = |ja: String, en: String| Sentence {
        what: match lang {
            Lang::Ja => ja,
            Lang::En => en,
        },
        todo: String::new(),
    };
    match notice {
        Notice::Arrived { partner_name, files: 0, .. } => {
            said(format!("{partner_name} から連絡が届きました。"), format!("A message from {partner_name} arrived."))
        }
        Notice::Arrived { partner_name, files, .. } => said(
            format!("{partner_name} からファイルが {files} 個届きました。"),
            format!("{} from {partner_name} arrived.", file_count(Lang::En, *files)),
        ),
        Notice::Drafted { drafts, troubled: 0 } => said(
            format!("送信フォルダから、送り先 {drafts} 件の下書きを作りました。"),
            format!("{} from the outgoing folder.", drafts_ready(*drafts)),
        ),
        Notice::Drafted { drafts, troubled } => said(
            format!(
                "送信フォルダから、送り先 {drafts} 件の下書きを作りました。うち {troubled} 件は、直してから送ってください。"
            ),
            format!("{} from the outgoing folder; {troubled} cannot be sent as they are.", drafts_ready(*drafts)),
        ),
        Notice::LaidOut { partner_name } => said(
            format!("{partner_name} あてのファイルを、国の連携システムに渡すフォルダに置きました。"),
            format!("The files for {partner_name} lie in the hand-over folder."),
        ),
        Notice::Queued { parcels } => {
            said(format!("{parcels} 件を送信待ちに入れました。"), format!("{parcels} put into the outbox."))
        }
        Notice::Sent { parcels } => said(format!("{parcels} 件を送りました。"), format!("{parcels} sent.")),
        Notice::Imported { partner_name } => said(
            format!("{partner_name} からの分を取り込み済みにしました。"),
            format!("Marked as imported: {partner_name}."),
        ),
        Notice::Saved { name } => said(format!("「{name}」を保存しました。"), format!("Saved “{name}”.")),
        Notice::CertificateEnds { days } if *days < 0 => said(
            "電子証明書の期限が切れました。運用者に新しいコードを依頼し、設定し直してください。".into(),
            "The certificate has expired. Ask the operator for a new code and set this PC up again.".into(),
        ),
        Notice::CertificateEnds { days } if *days > 30 => said(
            format!("電子証明書の期限まで、あと{days}日です。30日前になると、自動で更新します。"),
            format!("The certificate ends in {days} days. It renews itself from 30 days before."),
        ),
        Notice::CertificateEnds { days } => said(
            format!(
                "電子証明書の期限まで、あと{days}日です。自動の更新がまだできていません。連携基盤につながる状態にしてください。"
            ),
            format!("The certificate ends in {days} days and has not renewed itself yet. Connect this PC to the hub."),
        ),
        Notice::PasswordChanged => said("パスワードを変えました。".into(), "Your password was changed.".into()),
        Notice::Tried { ways } => super::outside::trial_told(lang, *ways),
        Notice::SettingsKept => said("設定を保存しました。".into(), "Settings saved.".into()),
        Notice::Failed(failure) | Notice::NotSent(failure) => super::failure::failure(lang, failure),
        Notice::Trusted { partner_name } => said(
            format!("「{partner_name}」の新しい鍵を信頼しました。"),
            format!("The new key of “{partner_name}” is trusted."),
        ),
        Notice::Overdue { partner_name, .. } => Sentence {
            what: match lang {
                Lang::Ja => format!("{partner_name}　5日たっても受け取られていません。"),
                Lang::En => format!("{partner_name}: not fetched for five days."),
            },
            todo: lang
                .t("相手の事業所に、電話などでお確かめください。", "Ask the other office by telephone.")
                .to_owned(),
        },
        Notice::ParcelHeld { partner_name, failure, .. } | Notice::ParcelFailed { partner_name, failure, .. } => {
            let sentence = super::failure::failure(lang, failure);
            Sentence { what: format!("{partner_name}　{}", sentence.what), todo: sentence.todo }
        }
    }
}

pub fn pdf_failed(lang: Lang) -> Sentence {
    let (what, todo) = match lang {
        Lang::Ja => ("PDFを作れませんでした。", "もう一度お試しください。続くときは、人数を減らしてください。"),
        Lang::En => ("The PDF could not be made.", "Try again; if it keeps failing, choose fewer persons."),
    };
    Sentence { what: what.to_owned(), todo: todo.to_owned() }
}

fn drafts_ready(drafts: usize) -> String {
    format!("{drafts} draft{} ready", plural(drafts))
}

/// Several arrivals in one toast.
pub fn arrivals(lang: Lang, latest_from: &str, parcels: usize) -> Sentence {
    let what = match lang {
        Lang::Ja => format!("{latest_from} ほか、あわせて {parcels} 件届きました。"),
        Lang::En => format!("{parcels} arrived, the latest from {latest_from}."),
    };
    Sentence { what, todo: String::new() }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// 訪問介護（11）
pub fn service(lang: Lang, service: &crate::standard::ServiceType) -> String {
    match lang {
        Lang::Ja => match service.name() {
            Some(name) => format!("{name}（{service}）"),
            None => format!("サービス種類 {service}"),
        },
        Lang::En => format!("service type {service}"),
    }
}
