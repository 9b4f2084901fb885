//! What ヘルプと診断 says.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Lang;
use super::failure::{Sentence, failure};
use crate::engine::model::{Check, Found, Light};
use crate::texts;

texts! {
    help: "ヘルプと診断", "Help";

    diagnosis: "つながりの診断", "Connection check";
    diagnosis_hint: "ネットワークから連携基盤まで、順に確かめます。1分ほどで終わります。送受信には影響しません。", "Looks at everything from the network to the exchange hub, one by one. It takes about a minute and changes nothing.";
    begin: "診断をはじめる", "Start the check";
    again: "もう一度", "Try again";
    stop: "やめる", "Stop";
    all_green: "すべて問題ありません。", "Everything works.";
    some_yellow: "使えますが、見ていただきたいところがあります。", "It works, but something needs a look.";
    some_red: "直すところがあります。赤い項目の「→」をご覧ください。", "Something has to be mended: see “→” at the red lines.";

    not_yet: "未確認", "Not checked";
    under_way: "確かめています", "Checking";
    green: "良好", "Good";
    yellow: "注意", "Look";
    red: "不良", "Bad";

    trial: "試し送り", "Send a trial";
    trial_hint: "自分の事業所あてに、試しの一通を送ります。取込フォルダには入らず、相手にも届きません。", "Sends a trial to your own office. It goes into no folder and to nobody else.";
    trial_begin: "自分あてに試し送り", "Send myself a trial";
    trial_under_way: "送って、戻ってくるのを待っています…", "Sent; waiting for it to come back…";

    support: "サポート用のファイル", "Support file";
    support_hint: "担当の窓口に状況を伝えるためのファイルです。氏名・事業所名・ファイルの中身・フォルダの場所・パスワード・鍵は入りません。", "Tells your help desk how things stand. It holds no names, files, folders, passwords or keys.";
    support_save: "ファイルに保存", "Save the file";

    questions_title: "こんなときは", "What to do when…";
    version: "版", "Version";

    welcome: "最後に、つながりを確かめましょう", "One last step: see that it works";
    welcome_hint: "下の「自分あてに試し送り」を押してください。戻ってくれば、準備は終わりです。", "Press “Send myself a trial”. When it comes back, you are ready.";
}

/// What is looked at.
pub fn check(lang: Lang, check: Check) -> &'static str {
    match check {
        Check::Network => lang.t("ネットワーク", "Network"),
        Check::Proxy => lang.t("プロキシ（中継サーバー）", "Proxy"),
        Check::Clock => lang.t("パソコンの時計", "Clock"),
        Check::Certificate => lang.t("電子証明書", "Certificate"),
        Check::Folders => lang.t("送信・取込フォルダ", "Folders"),
        Check::Hub => lang.t("連携基盤", "Exchange hub"),
    }
}

/// The light as a word.
pub fn light(lang: Lang, light: Light) -> &'static str {
    match light {
        Light::Green => green(lang),
        Light::Yellow => yellow(lang),
        Light::Red => red(lang),
    }
}

/// All lights together.
pub fn verdict(lang: Lang, light: Light) -> &'static str {
    match light {
        Light::Green => all_green(lang),
        Light::Yellow => some_yellow(lang),
        Light::Red => some_red(lang),
    }
}

/// What a check found, and what to do.
pub fn found(lang: Lang, found: &Found, zone: &TimeZone) -> Sentence {
    let say = |what: (String, String), todo: (&str, &str)| Sentence {
        what: match lang {
            Lang::Ja => what.0,
            Lang::En => what.1,
        },
        todo: lang.t(todo.0, todo.1).to_owned(),
    };
    let fixed = |ja: &str, en: &str| (ja.to_owned(), en.to_owned());
    const FINE: (&str, &str) = ("", "");
    match found {
        Found::Reached { .. } => say(fixed("インターネットにつながっています。", "The internet can be reached."), FINE),
        Found::NameUnknown { place } => say(
            (format!("「{}」が見つかりません。", place.host), format!("“{}” is not found.", place.host)),
            (
                "LANケーブルやWi-Fiを確かめてください。ほかのページも開けないときは、通信会社にご相談ください。",
                "Check the cable or Wi-Fi. If no other site opens either, ask your internet provider.",
            ),
        ),
        Found::Unreached { place } => say(
            (format!("「{place}」から返事がありません。"), format!("“{place}” does not answer.")),
            (
                "ほかのページが開けるか確かめてください。開けるときは、セキュリティソフトやルーターがこの宛先をとめていないか、担当の窓口にご相談ください。",
                "See whether other sites open. If they do, ask your help desk whether a firewall stops this address.",
            ),
        ),
        Found::AddressWrong => say(
            fixed("連携基盤のアドレスが正しくありません。", "The hub's address is not valid."),
            (
                "「設定」の「連携基盤」を、書面のとおりに直してください。",
                "Correct it in the settings as it stands in the letter.",
            ),
        ),
        Found::Direct => say(fixed("使っていません（直接つながります）。", "None is used."), FINE),
        Found::ByProxy { proxy } => {
            say((format!("「{proxy}」を通ってつながります。"), format!("The way goes by “{proxy}”.")), FINE)
        }
        Found::ProxyUnreached { proxy } => say(
            (format!("プロキシ「{proxy}」から返事がありません。"), format!("The proxy “{proxy}” does not answer.")),
            (
                "パソコンのプロキシの設定が正しいか、社内のネットワークの担当の方にご相談ください。",
                "Ask whoever looks after your network about the proxy settings.",
            ),
        ),
        Found::ClockRight => say(fixed("合っています。", "It is right."), FINE),
        Found::ClockUnsure { shows } => {
            let shown = time_in_words(*shows, zone, lang);
            say(
                (
                    format!("連携基盤と比べられませんでした。このパソコンの時計は {shown} です。"),
                    format!("It could not be compared with the hub. This PC says {shown}."),
                ),
                (
                    "ずれているときは、「日付と時刻」の設定で直してください。",
                    "If that is wrong, correct it in the date and time settings.",
                ),
            )
        }
        Found::CertificateGood { days } => {
            say((format!("期限まで あと{days}日です。"), format!("Good for another {days} days.")), FINE)
        }
        Found::CertificateEnds { days } => say(
            (format!("期限まで あと{days}日です。"), format!("It ends in {days} days.")),
            (
                "連携基盤につながっていれば、自動で更新されます。数日たっても変わらないときは、担当の窓口にご連絡ください。",
                "It renews itself while the hub is connected. If it has not within some days, call your help desk.",
            ),
        ),
        Found::FoldersGood { folders } => {
            say((format!("{folders} か所とも使えます。"), format!("All {folders} can be used.")), FINE)
        }
        Found::FoldersTroubled(failures) => {
            let Some(first) = failures.first() else {
                return failure(lang, &crate::engine::model::Failure::Unexpected);
            };
            let mut sentence = failure(lang, first);
            let others = failures.len().saturating_sub(1);
            if others > 0 {
                sentence.what.push_str(&match lang {
                    Lang::Ja => format!("（ほか {others} か所）"),
                    Lang::En => format!(" ({others} more)"),
                });
            }
            sentence
        }
        Found::HubAnswers { .. } => say(fixed("送受信できます。", "Ready to exchange."), FINE),
        Found::HubWithoutLogin(reason) => failure(lang, reason),
        Found::Failed(reason) => failure(lang, reason),
        Found::TooSlow => say(
            fixed("30秒待ちましたが、返事がありません。", "Nothing came back within 30 seconds."),
            (
                "パソコンとルーターの電源を入れ直し、もう一度お試しください。",
                "Switch the PC and the router off and on, then try again.",
            ),
        ),
    }
}

/// The trial came back.
pub fn trial_came(lang: Lang, seconds: f64) -> String {
    match lang {
        Lang::Ja => format!("送った一通が、{seconds:.1} 秒で戻りました。暗号も署名も正しく、送受信できます。"),
        Lang::En => format!("The trial came back after {seconds:.1} s, seal and signature intact. You can exchange."),
    }
}

fn time_in_words(at: Timestamp, zone: &TimeZone, lang: Lang) -> String {
    let at = at.to_zoned(zone.clone());
    match lang {
        Lang::Ja => at.strftime("%Y年%-m月%-d日 %-H時%M分").to_string(),
        Lang::En => at.strftime("%Y-%m-%d %H:%M").to_string(),
    }
}

/// A question people have, and its answer.
pub fn questions(lang: Lang) -> [(&'static str, &'static str); 6] {
    let pair = |q: (&'static str, &'static str), a: (&'static str, &'static str)| (lang.t(q.0, q.1), lang.t(a.0, a.1));
    [
        pair(
            ("送ったのに、相手が「届いていない」と言う", "I sent it, and the partner says nothing came"),
            (
                "「送信済」でその一通を選び、状態をご覧ください。「受付済」なら相手がまだ受け取っていません。相手のパソコンで便りが動いているか、お確かめください。「取込済」なら、相手の介護ソフトが取り込んでいます。",
                "Choose it under “Sent” and look at its state. “Accepted”: the partner has not fetched it yet. “Imported”: their care software has taken it.",
            ),
        ),
        pair(
            ("送信フォルダに置いたのに、下書きにならない", "A file in the outgoing folder does not become a draft"),
            (
                "ファイルの名前が標準仕様のとおりか、「下書き」の下の欄に理由が出ていないか、お確かめください。介護ソフトの出力先と「設定」の送信フォルダが同じかもご覧ください。",
                "See whether a reason stands below the drafts, and whether the care software writes into the outgoing folder of the settings.",
            ),
        ),
        pair(
            ("届いたのに、介護ソフトに取り込めない", "It arrived, but the care software does not take it"),
            (
                "「受信」でその一通を開き、「ファイル」の取込先をご覧ください。介護ソフトの取込元と同じ場所にしてください。",
                "Open it under “Inbox” and see where its files were put; the care software has to look there.",
            ),
        ),
        pair(
            ("チェックで誤りが出た", "The check found an error"),
            (
                "何行目のどの項目かと、直し方（→）が出ます。介護ソフトで直して、もう一度出力してください。",
                "It says the row, the field and what to do (→). Mend it in the care software and export again.",
            ),
        ),
        pair(
            ("パスワードを忘れた", "I forgot my password"),
            (
                "事業所の管理者に、新しいパスワードを決めてもらってください。管理者も忘れたときは、担当の窓口にご連絡ください。",
                "Ask your office's administrator for a new one. If the administrator forgot theirs, call your help desk.",
            ),
        ),
        pair(
            ("パソコンを買い替えた", "I have a new PC"),
            (
                "新しいパソコンに便りを入れ、はじめの設定をしてください。90日以内の送受信は、連携基盤から戻ります。",
                "Install Tayori there and set it up. What was exchanged in the last 90 days comes back from the hub.",
            ),
        ),
    ]
}
