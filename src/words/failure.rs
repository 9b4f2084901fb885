//! Failures in words: what happened, and what to do now. One exhaustive match, so no failure ships without words.

use super::Lang;
use crate::engine::model::Failure;

/// What happened, and what to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    pub what: String,
    pub todo: String,
}

/// What to tell the user about a failure.
pub fn failure(lang: Lang, failure: &Failure) -> Sentence {
    let say = |what: (&str, &str), todo: (&str, &str)| Sentence {
        what: lang.t(what.0, what.1).to_owned(),
        todo: lang.t(todo.0, todo.1).to_owned(),
    };
    let named = |what: (String, String), todo: (&str, &str)| Sentence {
        what: match lang {
            Lang::Ja => what.0,
            Lang::En => what.1,
        },
        todo: lang.t(todo.0, todo.1).to_owned(),
    };
    match failure {
        Failure::HubUnreachable => say(
            ("連携基盤につながりません。", "The exchange hub does not answer."),
            (
                "インターネットにつながっているか、お確かめください。つながれば自動で送り直します。",
                "Check the internet connection. Sending goes on by itself once it is back.",
            ),
        ),
        Failure::HubTroubled { status } => named(
            (
                format!("連携基盤が混み合っているか、調子がよくありません（番号 {status}）。"),
                format!("The exchange hub is busy or in trouble (number {status})."),
            ),
            ("自動で送り直しますので、そのままお待ちください。", "It will be tried again by itself; please wait."),
        ),
        Failure::HubNonsense => say(
            ("連携基盤の返事を読み取れませんでした。", "The exchange hub's answer could not be understood."),
            (
                "しばらくしても直らないときは、設定の「連携基盤」が正しいかお確かめください。",
                "If this stays, check the hub's address in the settings.",
            ),
        ),
        Failure::HubNotTrusted => say(
            (
                "つながった相手が、正しい連携基盤であると確かめられません。",
                "What answered could not be verified as the exchange hub.",
            ),
            (
                "安全のため何も送っていません。設定の「連携基盤」を確かめ、担当の窓口にご連絡ください。",
                "Nothing was sent, to be safe. Check the hub's address in the settings and call your help desk.",
            ),
        ),
        Failure::CertificateRefused => say(
            ("この事業所の電子証明書が受け付けられませんでした。", "This office's certificate was not accepted."),
            (
                "電子証明書が失効していないか、担当の窓口にお確かめください。",
                "Ask your help desk whether the certificate was revoked.",
            ),
        ),
        Failure::CertificateExpired => say(
            ("この事業所の電子証明書の期限が切れています。", "This office's certificate has expired."),
            ("担当の窓口で電子証明書を更新してください。", "Ask your help desk for a new certificate."),
        ),
        Failure::LoginRequired => say(
            ("ログインが必要です。", "Somebody has to log in."),
            (
                "利用者IDとパスワードでログインしてください。届いているものも送信待ちも失われません。",
                "Log in with your user ID and password. Nothing that came or waits is lost.",
            ),
        ),
        Failure::LoginRefused => say(
            (
                "ログインできませんでした。利用者IDかパスワードがちがうか、まちがいが続いたため一時的に使えなくなっています。",
                "The login was not accepted: the user ID or password is wrong, or it is locked after too many tries.",
            ),
            (
                "入力をお確かめください。しばらくしても入れないときは、事業所の管理者に利用の再開を頼んでください。",
                "Check what you typed. If it still fails after a while, ask your office's administrator to unlock it.",
            ),
        ),
        Failure::LoginTooOften => say(
            ("短い間に何度もログインしようとしています。", "There were too many tries in a short time."),
            ("1分ほど待ってから、もう一度お試しください。", "Wait about a minute and try again."),
        ),
        Failure::AccountMissing => say(
            ("この事業所の利用者がまだ登録されていません。", "This office has no user yet."),
            (
                "最初の利用者（管理者）を登録してください。登録すると、送受信を始められます。",
                "Register the first user, an administrator; then the exchange begins.",
            ),
        ),
        Failure::AdminRequired => say(
            ("この操作は、事業所の管理者だけができます。", "Only the office's administrator may do this."),
            (
                "管理者としてログインするか、管理者に頼んでください。",
                "Log in as an administrator, or ask one to do it.",
            ),
        ),
        Failure::UserInvalid => say(
            ("この利用者IDは使えません。", "This user ID cannot be used."),
            (
                "32文字までの英数字（記号は . - _ @）にしてください。",
                "Use up to 32 letters and digits; . - _ @ are allowed, too.",
            ),
        ),
        Failure::UserTaken => say(
            ("同じ利用者IDがすでに登録されています。", "This user ID is taken."),
            ("別の利用者IDにしてください。", "Choose another user ID."),
        ),
        Failure::UserUnknown => say(
            ("その利用者IDは登録されていません。", "There is no such user ID."),
            ("一覧で利用者IDをお確かめください。", "Look up the user ID in the list."),
        ),
        Failure::PasswordWeak => say(
            (
                "このパスワードは短すぎるか、すぐに見破られてしまいます。",
                "This password is too short or too easy to guess.",
            ),
            (
                "8文字以上で、事業所番号・利用者ID・よくある言葉・数字の並びを避けてください。",
                "Use 8 characters or more; avoid the office number, the user ID, common words and runs of digits.",
            ),
        ),
        Failure::LastAdmin => say(
            (
                "管理者がいなくなるため、この利用者は消すことも担当者に変えることもできません。",
                "This is the last administrator and can be neither removed nor changed to staff.",
            ),
            ("先に別の利用者を管理者にしてください。", "Make somebody else an administrator first."),
        ),
        Failure::NotSetUp => say(
            ("この端末は、まだ使えるようになっていません。", "This PC is not set up yet."),
            (
                "担当の窓口に設定をご依頼ください。お試しなら「tayori demo」で始められます。",
                "Ask your help desk to set it up, or try “tayori demo”.",
            ),
        ),
        Failure::CertificateMissing => say(
            ("この端末に電子証明書がありません。", "There is no certificate on this PC."),
            (
                "電子証明書を入れると送受信できるようになります。",
                "Install the office's certificate to send and receive.",
            ),
        ),
        Failure::CertificateOfOther => say(
            ("この端末の電子証明書は、別の事業所のものです。", "The certificate on this PC belongs to another office."),
            ("この事業所の電子証明書を入れ直してください。", "Install this office's own certificate."),
        ),
        Failure::CertificateUnusable => say(
            ("この端末の電子証明書を読み取れません。", "The certificate on this PC cannot be used."),
            ("電子証明書を入れ直してください。", "Install the certificate again."),
        ),
        Failure::CodeIncomplete => say(
            ("コードの文字数が合わないか、使われない文字があります。", "That is not a whole code."),
            (
                "コードは24文字です。書面のとおりに入れ直してください。大文字と小文字、間の線は気にしなくてかまいません。",
                "A code has 24 letters and digits. Type it as it stands in the letter; small letters and strokes do not matter.",
            ),
        ),
        Failure::CodeWrong => say(
            ("事業所番号かコードが違います。", "The office number or the code is wrong."),
            (
                "書面を見て、両方を入れ直してください。それでも進めないときは、運用者に新しいコードをご依頼ください。",
                "Type both again as they stand in the letter. If that does not help, ask the operator for a new code.",
            ),
        ),
        Failure::CodeExpired => say(
            ("このコードは期限が切れています。", "This code's time is over."),
            ("コードを出した方に、新しいコードをご依頼ください。", "Ask whoever gave it to you for a new one."),
        ),
        Failure::CodeUsed => say(
            ("このコードは、もう別の端末で使われています。", "This code was used for another PC."),
            (
                "コードを出した方に、新しいコードをご依頼ください。使った覚えがないときは、すぐに運用者へお知らせください。",
                "Ask whoever gave it to you for a new one. If nobody of yours used it, tell the operator at once.",
            ),
        ),
        Failure::TooManyTries => say(
            ("短い間に何度も試されたため、いまは受け付けられません。", "There were too many tries in a short time."),
            ("10分ほど待ってから、もう一度お試しください。", "Wait ten minutes and try again."),
        ),
        Failure::RecoveryCodeWrong => say(
            ("復旧コードが違います。", "The recovery code is wrong."),
            (
                "控えを見て入れ直してください。作り直したことがあるときは、最後に作ったものだけが使えます。",
                "Type it again from your copy. Only the one made last works.",
            ),
        ),
        Failure::WaitingForAdmission => say(
            ("この端末は、許可を待っています。", "This PC waits to be let in."),
            (
                "すでに使っている端末の「端末」の画面で、この端末を許可してください。復旧コードを入れることもできます。",
                "Let it in on the page “PCs” of one that is in use, or enter the recovery code.",
            ),
        ),
        Failure::FingerprintOther => say(
            ("新しい端末に出ている番号と違います。", "That is not the number on the new PC's screen."),
            (
                "許可していません。新しい端末の画面を見て、16桁の番号を入れ直してください。",
                "It was not let in. Look at the new PC's screen and type its sixteen digits again.",
            ),
        ),
        Failure::AuthorityOther => say(
            (
                "つながった相手は、書面に書かれた連携基盤ではありません。",
                "What answered is not the exchange hub of the letter.",
            ),
            (
                "何も登録していません。連携基盤の場所を書面と見比べ、合っていれば運用者にご連絡ください。",
                "Nothing was set up. Compare the hub's address with the letter; if it is right, call the operator.",
            ),
        ),
        Failure::AddressWrong => say(
            ("連携基盤の場所が正しくありません。", "The hub's address is not one."),
            (
                "https:// で始まる形で、書面のとおりに入れてください。",
                "Type it as it stands in the letter, beginning with https://.",
            ),
        ),
        Failure::CertificateFileBroken => say(
            ("証明書のファイルを読み取れませんでした。", "The certificate file could not be read."),
            (
                "拡張子が .p12 か .pfx の、秘密鍵の入ったファイルをお選びください。",
                "Choose a file that ends in .p12 or .pfx and holds the private key.",
            ),
        ),
        Failure::CertificateFileForm => say(
            (
                "証明書のファイルが、このソフトでは読めない形で書き出されています。",
                "The certificate file was written in a form that cannot be read here.",
            ),
            (
                "一度パソコンに取り込み、「秘密キーをエクスポートする」を選んで書き出し直してから、お試しください。",
                "Import it on a PC, export it again with its private key, and try that file.",
            ),
        ),
        Failure::CertificateFilePassword => say(
            ("証明書のファイルのパスワードが違います。", "The password of the certificate file is wrong."),
            ("発行元から届いたパスワードを、もう一度入れてください。", "Type the password you got with it again."),
        ),
        Failure::CertificateStoreUnreadable => say(
            (
                "このパソコンに入っている証明書を調べられませんでした。",
                "The certificates on this PC could not be looked through.",
            ),
            (
                "もう一度お試しください。続くときは、証明書のファイル（.p12 か .pfx）をお使いください。",
                "Please try again. If this stays, use a certificate file (.p12 or .pfx).",
            ),
        ),
        Failure::CertificateNotStored => say(
            (
                "選んだ証明書がこのパソコンに見つからないか、期限が切れています。",
                "The chosen certificate is not on this PC, or has expired.",
            ),
            ("証明書を選び直してください。", "Choose a certificate again."),
        ),
        Failure::KeyDeclined => say(
            (
                "証明書の鍵を使うことが取り消されたか、暗証番号が違いました。",
                "The use of the certificate's key was cancelled, or the PIN was wrong.",
            ),
            (
                "もう一度進み、Windows の画面が出たら許可するか、暗証番号を入れてください。",
                "Go on again; when Windows asks, allow it or type the PIN.",
            ),
        ),
        Failure::CardMissing => say(
            (
                "証明書の鍵が入ったカードが見つかりません。",
                "The card that holds the certificate's key was not found.",
            ),
            (
                "カードを読み取り機に差し込んで、もう一度お試しください。",
                "Put the card into its reader and try again.",
            ),
        ),
        Failure::CardLocked => say(
            (
                "暗証番号のまちがいが続いたため、カードが使えなくなっています。",
                "The card is locked after too many wrong PINs.",
            ),
            (
                "カードの発行元に、暗証番号の再設定をご依頼ください。",
                "Ask whoever issued the card to reset its PIN.",
            ),
        ),
        Failure::KeyUnfit => say(
            (
                "この証明書の鍵は、連携基盤が求める方法に対応していません。",
                "The key of this certificate cannot sign in the way the hub needs.",
            ),
            (
                "証明書のファイル（.p12 か .pfx）があれば、それをお使いください。なければ、運用者にコードをご依頼ください。",
                "Use the certificate's file (.p12 or .pfx) if there is one. Otherwise ask the operator for a code.",
            ),
        ),
        Failure::ReceiverUnknown { office } => named(
            (
                format!("送り先の事業所（{office}）は、まだ受け取れる状態になっていません。"),
                format!("The receiving office ({office}) cannot receive yet."),
            ),
            (
                "事業所番号が正しいか、相手が利用を始めているかをお確かめください。",
                "Check the office number, and whether the office has joined the exchange.",
            ),
        ),
        Failure::TooLarge { size, limit } => named(
            (
                format!("一度に送れる大きさを超えています（{}、上限 {}）。", megabytes(*size), megabytes(*limit)),
                format!("This is too large to send at once ({}, limit {}).", megabytes(*size), megabytes(*limit)),
            ),
            ("ファイルを分けて送ってください。", "Send the files in smaller parts."),
        ),
        Failure::HubRefused { problem } => named(
            (
                format!("連携基盤が受け付けませんでした（{problem}）。"),
                format!("The exchange hub did not accept it ({problem})."),
            ),
            (
                "内容を確かめて、もう一度作り直してください。続くときは担当の窓口にご連絡ください。",
                "Check the content and send it anew. If this stays, call your help desk.",
            ),
        ),
        Failure::SealBroken => say(
            (
                "封を開けられませんでした。途中でこわれたか、この事業所あてではありません。",
                "The seal could not be opened: damaged on the way, or not addressed to this office.",
            ),
            ("送り主に、もう一度送ってもらってください。", "Ask the sender to send it again."),
        ),
        Failure::SenderMismatch => say(
            (
                "送り主の署名が、送り主として届いた事業所と一致しません。",
                "The signature is not that of the office it came from.",
            ),
            ("取り込まずに、送り主へ電話などでお確かめください。", "Do not import it. Ask the sender by telephone."),
        ),
        Failure::SenderNotTrusted => say(
            ("送り主の電子証明書を確かめられませんでした。", "The sender's certificate could not be trusted."),
            (
                "取り込まずに、送り主へ電子証明書の状態をお確かめください。",
                "Do not import it. Ask the sender about its certificate.",
            ),
        ),
        Failure::RevocationUnknown => say(
            (
                "電子証明書が有効かどうかを、いまは確かめられません。",
                "Whether the certificate is still valid cannot be checked right now.",
            ),
            (
                "無効と決まったわけではありません。つながりしだい自動で確かめ直します。",
                "It is not known to be invalid. It is checked again by itself once the hub answers.",
            ),
        ),
        Failure::ClockWrong { minutes } => {
            let (ja, en) = (if *minutes > 0 { "進んで" } else { "遅れて" }, if *minutes > 0 { "fast" } else { "slow" });
            let minutes = minutes.unsigned_abs();
            let (hours, rest) = (minutes / 60, minutes % 60);
            let by = match (hours, rest) {
                (0, _) => (format!("{rest}分"), format!("{rest} min")),
                (_, 0) => (format!("{hours}時間"), format!("{hours} h")),
                _ => (format!("{hours}時間{rest}分"), format!("{hours} h {rest} min")),
            };
            named(
                (
                    format!("このパソコンの時計が、約{}{ja}います。", by.0),
                    format!("This PC's clock is about {} {en}.", by.1),
                ),
                (
                    "送受信は続けています。パソコンの日付と時刻を合わせてください。",
                    "Sending and receiving go on. Please set the PC's date and time right.",
                ),
            )
        }
        Failure::PartnerChanged { office, known, offered } => Sentence {
            what: match lang {
                Lang::Ja => format!(
                    "連携先（{office}）の鍵が、前と変わっています（前 {}、いま {}）。",
                    start_of(known),
                    start_of(offered)
                ),
                Lang::En => format!(
                    "The key of the office {office} has changed (before {}, now {}).",
                    start_of(known),
                    start_of(offered)
                ),
            },
            todo: lang
                .t(
                    "電話などで相手にいまの番号を確かめ、同じなら「ホーム」の「番号を確かめる」で信頼してください。それまでは送らず、取り込みません。",
                    "Ask the office by telephone for its number. If it is the same, trust it under “Compare the numbers” on the home page. Nothing is sent or imported before.",
                )
                .to_owned(),
        },
        Failure::ImportedElsewhere { terminal } => Sentence {
            what: match lang {
                Lang::Ja if terminal.is_empty() => "ほかの端末で取り込み中か、取り込み済みです。".into(),
                Lang::Ja => format!("端末「{terminal}」で取り込み中か、取り込み済みです。"),
                Lang::En if terminal.is_empty() => "Another PC imports it, or has done so.".into(),
                Lang::En => format!("The PC “{terminal}” imports it, or has done so."),
            },
            todo: lang
                .t(
                    "二重に取り込まないよう、そちらの端末をお確かめください。数分後にもう一度引き継げます。",
                    "Look at that PC first, so that nothing is imported twice. It can be taken over in a few minutes.",
                )
                .to_owned(),
        },
        Failure::ClockUncertain => say(
            (
                "電子証明書の日付が、この端末の時計より先になっています。",
                "A certificate begins later than this PC's clock says it is now.",
            ),
            (
                "この端末の日付と時刻が正しいか、お確かめください。正しくなれば自動で続けます。",
                "Check this PC's date and time. It goes on by itself once they are right.",
            ),
        ),
        Failure::FileMissing { name } => named(
            (format!("「{name}」が見つかりません。"), format!("“{name}” is not there.")),
            (
                "移動や名前の変更をしていないかお確かめのうえ、選び直してください。",
                "Check whether it was moved or renamed, and choose it again.",
            ),
        ),
        Failure::FileLocked { name } => named(
            (format!("「{name}」は、ほかのソフトが開いています。"), format!("“{name}” is open in another program.")),
            ("そのソフトを閉じてから、もう一度お試しください。", "Close that program and try again."),
        ),
        Failure::FileInCloud { name } => named(
            (
                format!("「{name}」は OneDrive などのクラウドにあり、いまは読み出せません。"),
                format!("“{name}” lies in the cloud (OneDrive or the like) and cannot be fetched now."),
            ),
            (
                "インターネットと OneDrive がつながっているかお確かめください。ファイルを右クリックして「このデバイス上に常に保持する」を選ぶと、次からはつながっていなくても読めます。",
                "Check the connection and OneDrive. With “Always keep on this device” (right click) it can be read without either.",
            ),
        ),
        Failure::FileNotPermitted { name } => named(
            (format!("「{name}」を開くことが許されていません。"), format!("“{name}” may not be opened.")),
            (
                "読み取りの許可があるか、パソコンの管理をしている方にお確かめください。",
                "Ask who looks after this PC for permission to read it.",
            ),
        ),
        Failure::FileUnreadable { name } => named(
            (format!("「{name}」を読み取れませんでした。"), format!("“{name}” could not be read.")),
            ("介護ソフトからもう一度書き出してください。", "Write it again from the care software."),
        ),
        Failure::FileUnsettled { name } => named(
            (
                format!("「{name}」は、読み取っている間に内容が変わりました。"),
                format!("“{name}” changed while it was being read."),
            ),
            ("書き出しが終わってから、もう一度お試しください。", "Wait until it is written, then try again."),
        ),
        Failure::FolderMissing { path } => named(
            (format!("フォルダ「{path}」が見つかりません。"), format!("The folder “{path}” is not there.")),
            ("設定でフォルダを選び直してください。", "Choose the folder again in the settings."),
        ),
        Failure::FolderNotPermitted { path } => named(
            (
                format!("フォルダ「{path}」に書き込むことが許されていません。"),
                format!("The folder “{path}” may not be written to."),
            ),
            (
                "設定で別のフォルダを選ぶか、パソコンの管理をしている方にお確かめください。",
                "Choose another folder in the settings, or ask who looks after this PC.",
            ),
        ),
        Failure::FolderNotReadable { path } => named(
            (
                format!("フォルダ「{path}」の中を見ることが許されていません。"),
                format!("The folder “{path}” may not be looked into."),
            ),
            (
                "読み取りの許可があるか、パソコンの管理をしている方にお確かめください。",
                "Ask who looks after this PC for permission to read it.",
            ),
        ),
        Failure::HandOverFolderUnset => say(
            (
                "国の連携システムに渡すフォルダが決まっていません。",
                "No folder is chosen for what goes by the national system.",
            ),
            (
                "設定で受け渡しフォルダを選んでください。それまで置かずにお待ちします。",
                "Choose the hand-over folder in the settings. It waits until then.",
            ),
        ),
        Failure::DiskFull => say(
            ("パソコンの空き容量が足りません。", "The disk is full."),
            (
                "いらないファイルを減らしてから、もう一度お試しください。届いたものは失われていません。",
                "Free some space and try again. Nothing that arrived is lost.",
            ),
        ),
        Failure::NameTaken { name } => named(
            (
                format!("同じ名前で中身のちがうファイル「{name}」がすでにあります。"),
                format!("There is already another file named “{name}”."),
            ),
            (
                "上書きはしていません。もとのファイルを移してから、もう一度お試しください。",
                "Nothing was overwritten. Move that file away and try again.",
            ),
        ),
        Failure::HistoryDamaged => say(
            ("この端末の履歴がこわれています。", "This PC's history is damaged."),
            (
                "便りをすべて閉じて、もう一度開いてください。読めるものを残して作り直します。",
                "Close every Tayori and open it again. What can be read is kept, and the rest is made anew.",
            ),
        ),
        Failure::HistoryMended => say(
            (
                "この端末の履歴がこわれていたため、読めるものを残して作り直しました。",
                "This PC's history was damaged; what could be read was kept, and the rest is made anew.",
            ),
            (
                "連携基盤にある90日分は自動で戻ります。送信待ちだったものが残っているか、お確かめください。",
                "90 days come back from the hub by themselves. Check that what waited to be sent is still there.",
            ),
        ),
        Failure::HistoryInUse => say(
            (
                "便りのほかの画面かコマンドが、この端末の履歴を使っています。",
                "Another Tayori is using this PC's history.",
            ),
            ("それを閉じてから、もう一度お試しください。", "Close the other window or command, then try again."),
        ),
        Failure::VaultLocked => say(
            ("この端末のデータは合言葉で守られています。", "The data on this PC is protected by a passphrase."),
            ("合言葉を入れると開きます。", "Enter the passphrase to open it."),
        ),
        Failure::PassphraseNeeded => say(
            (
                "この端末のデータを守る合言葉が、まだ決まっていません。",
                "No passphrase protects the data on this PC yet.",
            ),
            (
                "合言葉を決めてください。忘れると、この端末のデータは開けなくなります。",
                "Choose a passphrase. If it is forgotten, the data on this PC cannot be opened.",
            ),
        ),
        Failure::PassphraseWrong => say(
            ("合言葉が違います。", "The passphrase is wrong."),
            ("大文字と小文字をお確かめのうえ、もう一度入れてください。", "Check upper and lower case, and try again."),
        ),
        Failure::PassphraseShort { least } => named(
            (
                format!("合言葉は {least} 文字以上にしてください。"),
                format!("A passphrase needs {least} characters or more."),
            ),
            (
                "いくつかの言葉をつなげると、長くても覚えやすくなります。",
                "Several words in a row are long and easy to remember.",
            ),
        ),
        Failure::KeyringAway => say(
            (
                "この端末のデータを開く鍵を、パソコンの鍵の保管場所から取り出せません。",
                "The key to the data on this PC cannot be had from the system's keyring.",
            ),
            (
                "パソコンに入り直してから、もう一度お試しください。続くときは、担当の窓口にご連絡ください。",
                "Sign in to the PC again and retry. If this stays, call your help desk.",
            ),
        ),
        Failure::VaultBroken => say(
            (
                "この端末のデータを開く鍵の控えがこわれているか、別のパソコンのものです。",
                "What keeps the key to the data on this PC is damaged or another PC's.",
            ),
            (
                "担当の窓口にご連絡ください。この端末を登録し直すと、連携基盤にある90日分は戻ります。",
                "Call your help desk. Once this PC is enrolled again, 90 days come back from the hub.",
            ),
        ),
        Failure::HistoryTroubled => say(
            ("この端末の記録を読み書きできません。", "The records of this PC cannot be read or written."),
            (
                "空き容量をお確かめのうえ、便りを開き直してください。続くときは担当の窓口にご連絡ください。",
                "Check the free space and open Tayori again. If this stays, call your help desk.",
            ),
        ),
        Failure::NothingToPassOn => say(
            (
                "選んだ利用者の記録が、この一通にはありません。",
                "This parcel has no records of the chosen persons.",
            ),
            ("利用者を選び直してください。", "Choose other persons."),
        ),
        Failure::PersonNotEntrusted => say(
            (
                "この相手から委託されていない利用者が含まれているため、送れません。",
                "It cannot be sent: it has a person whom this office did not entrust to you.",
            ),
            ("利用者と相手を選び直してください。", "Choose the persons and the office again."),
        ),
        Failure::PersonNotTheirs { office } => named(
            (
                format!("{office} とやりとりした予定にいない利用者がふくまれているため、送れません。"),
                format!("It names somebody who is in no plan exchanged with {office}, so it cannot be sent."),
            ),
            ("利用者と対象年月をお確かめください。", "Check the persons and the month."),
        ),
        Failure::NoWayForWords { office } => named(
            (
                format!("{office} とは便りでつながっていないため、メッセージを送れません。"),
                format!("{office} is not reached by Tayori, so no message can be sent."),
            ),
            ("電話などでお伝えください。", "Tell them by telephone."),
        ),
        Failure::ChecksFailed { errors } => named(
            (
                format!("確認で誤りが {errors} 件見つかったため、送れません。"),
                format!("The check found {errors} error(s), so it cannot be sent."),
            ),
            (
                "介護ソフトで直して、書き出し直してください。",
                "Correct them in the care software and write the files again.",
            ),
        ),
        Failure::NameNotAllowed { name } => named(
            (
                format!("「{name}」は、相手のパソコンで使えない名前なので送れません。"),
                format!("“{name}” cannot be sent: the name does not work on the other office's PC."),
            ),
            ("ファイルの名前を変えて、もう一度お試しください。", "Rename the file and try again."),
        ),
        Failure::NameTwice { name } => named(
            (format!("「{name}」という名前のファイルが2つあります。"), format!("There are two files named “{name}”.")),
            ("どちらか1つにして、もう一度お試しください。", "Keep one of them and try again."),
        ),
        Failure::MessageTooLong { chars, limit } => named(
            (
                format!("メッセージが長すぎます（{chars} 文字。{limit} 文字まで）。"),
                format!("The message is too long ({chars} characters; {limit} are allowed)."),
            ),
            ("短くするか、ファイルにして添えてください。", "Shorten it, or attach it as a file."),
        ),
        Failure::TooManyFiles { count, limit } => named(
            (
                format!("一度に送れるファイルは {limit} 個までです（いま {count} 個）。"),
                format!("{limit} files can go at once; there are {count}."),
            ),
            ("何回かに分けて送ってください。", "Send them in several parts."),
        ),
        Failure::NotPutAway { name } => named(
            (
                format!("「{name}」は送りましたが、「送信済」のフォルダに移せませんでした。"),
                format!("“{name}” was sent, but could not be moved into the folder 送信済."),
            ),
            (
                "ファイルはもとの場所にあります。フォルダに書き込めるか、お確かめください。",
                "It is where it was. Check whether that folder can be written to.",
            ),
        ),
        Failure::AutostartNotSet => say(
            (
                "パソコンの起動に合わせて始める設定を、読み書きできませんでした。",
                "Whether Tayori starts with the computer could not be set.",
            ),
            (
                "パソコンの管理をしている方にお確かめください。",
                "Ask whoever looks after this computer.",
            ),
        ),
        Failure::PhoneNotTold => say(
            ("携帯電話への知らせを送れませんでした。", "The phone could not be told."),
            (
                "設定の「知らせ先の URL」が正しいか、インターネットにつながっているか、お確かめください。",
                "Check the address in the settings and the internet connection.",
            ),
        ),
        Failure::MailNotSent => say(
            ("知らせのメールを送れませんでした。", "The e-mail could not be sent."),
            (
                "設定のメールの欄と、インターネットにつながっているかを、お確かめください。",
                "Check the e-mail settings and the internet connection.",
            ),
        ),
        Failure::MailServerNotTrusted => say(
            (
                "メールの接続先が、正しい相手であると確かめられません。",
                "What answered could not be verified as the mail server.",
            ),
            (
                "安全のため何も送っていません。設定の「メールの接続先」と「通信の守り方」をお確かめください。",
                "Nothing was sent, to be safe. Check the server and its security in the settings.",
            ),
        ),
        Failure::MailSignInRefused => say(
            (
                "メールの利用者名かパスワードが受け付けられませんでした。",
                "The mail server refused the user or the password.",
            ),
            (
                "設定で入れ直してください。メール専用のパスワードが要ることもあります。",
                "Type them again in the settings; some providers want a password just for this.",
            ),
        ),
        Failure::MailSettingsWrong => say(
            ("メールの宛先か接続先の書き方が正しくありません。", "The mail address or server is not written right."),
            ("設定のメールの欄をお確かめください。", "Check the e-mail settings."),
        ),
        Failure::RefusedByReceiver { said } => named(
            (
                format!("相手の端末で受け取れませんでした（{said}）。"),
                format!("The other office's PC could not accept it ({said})."),
            ),
            (
                "送り直しても同じときは、相手の事業所にご連絡ください。",
                "If sending again does not help, call the other office.",
            ),
        ),
        Failure::AlreadyLeft => say(
            ("もう送り出したため、取り消せません。", "It has left already and cannot be taken back."),
            ("誤って送ったときは、相手の事業所にご連絡ください。", "If it was a mistake, call the other office."),
        ),
        Failure::Unexpected => say(
            ("思いがけない問題が起きました。", "Something unexpected went wrong."),
            (
                "もう一度お試しください。続くときは、担当の窓口にご連絡ください。",
                "Please try again. If this stays, call your help desk.",
            ),
        ),
    }
}

/// The beginning of a fingerprint, in groups that can be read out.
fn start_of(fingerprint: &str) -> String {
    fingerprint_in_groups(&fingerprint.chars().take(20).collect::<String>())
}

/// A fingerprint as people read it to each other: four digits at a time.
pub fn fingerprint_in_groups(fingerprint: &str) -> String {
    let mut grouped = String::new();
    for (index, digit) in fingerprint.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            grouped.push('-');
        }
        grouped.push(digit);
    }
    grouped
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_says_what_happened_and_what_to_do_without_it_words() {
        let name = || "A.csv".to_owned();
        let all = [
            Failure::HubUnreachable,
            Failure::HubTroubled { status: 503 },
            Failure::HubNonsense,
            Failure::HubNotTrusted,
            Failure::CertificateRefused,
            Failure::CertificateExpired,
            Failure::LoginRequired,
            Failure::LoginRefused,
            Failure::LoginTooOften,
            Failure::AccountMissing,
            Failure::AdminRequired,
            Failure::UserInvalid,
            Failure::UserTaken,
            Failure::UserUnknown,
            Failure::PasswordWeak,
            Failure::LastAdmin,
            Failure::NotSetUp,
            Failure::CertificateMissing,
            Failure::CertificateOfOther,
            Failure::CertificateUnusable,
            Failure::CodeIncomplete,
            Failure::CodeWrong,
            Failure::CodeExpired,
            Failure::CodeUsed,
            Failure::TooManyTries,
            Failure::RecoveryCodeWrong,
            Failure::WaitingForAdmission,
            Failure::AuthorityOther,
            Failure::FingerprintOther,
            Failure::AddressWrong,
            Failure::CertificateFileBroken,
            Failure::CertificateFileForm,
            Failure::CertificateFilePassword,
            Failure::CertificateStoreUnreadable,
            Failure::CertificateNotStored,
            Failure::KeyDeclined,
            Failure::CardMissing,
            Failure::CardLocked,
            Failure::KeyUnfit,
            Failure::ReceiverUnknown { office: "3170000010".into() },
            Failure::TooLarge { size: 60_000_000, limit: 50_000_000 },
            Failure::HubRefused { problem: "too-old".into() },
            Failure::SealBroken,
            Failure::SenderMismatch,
            Failure::SenderNotTrusted,
            Failure::RevocationUnknown,
            Failure::ClockUncertain,
            Failure::PartnerChanged { office: "3170000010".into(), known: "ab".repeat(32), offered: "cd".repeat(32) },
            Failure::ImportedElsewhere { terminal: name() },
            Failure::ImportedElsewhere { terminal: String::new() },
            Failure::ClockWrong { minutes: 1_440 },
            Failure::ClockWrong { minutes: -75 },
            Failure::FileMissing { name: name() },
            Failure::FileLocked { name: name() },
            Failure::FileInCloud { name: name() },
            Failure::FileNotPermitted { name: name() },
            Failure::FileUnreadable { name: name() },
            Failure::FileUnsettled { name: name() },
            Failure::FolderMissing { path: name() },
            Failure::FolderNotPermitted { path: name() },
            Failure::FolderNotReadable { path: name() },
            Failure::HandOverFolderUnset,
            Failure::DiskFull,
            Failure::NotPutAway { name: name() },
            Failure::AutostartNotSet,
            Failure::PhoneNotTold,
            Failure::MailNotSent,
            Failure::MailServerNotTrusted,
            Failure::MailSignInRefused,
            Failure::MailSettingsWrong,
            Failure::NameTaken { name: name() },
            Failure::HistoryTroubled,
            Failure::HistoryDamaged,
            Failure::HistoryMended,
            Failure::HistoryInUse,
            Failure::VaultLocked,
            Failure::PassphraseNeeded,
            Failure::PassphraseWrong,
            Failure::PassphraseShort { least: 8 },
            Failure::KeyringAway,
            Failure::VaultBroken,
            Failure::NothingToPassOn,
            Failure::PersonNotEntrusted,
            Failure::PersonNotTheirs { office: name() },
            Failure::NoWayForWords { office: name() },
            Failure::ChecksFailed { errors: 2 },
            Failure::NameNotAllowed { name: name() },
            Failure::NameTwice { name: name() },
            Failure::MessageTooLong { chars: 3, limit: 2 },
            Failure::TooManyFiles { count: 3, limit: 2 },
            Failure::RefusedByReceiver { said: "seal-broken".into() },
            Failure::AlreadyLeft,
            Failure::Unexpected,
        ];
        for problem in &all {
            let ja = failure(Lang::Ja, problem);
            assert!(ja.what.ends_with('。') && ja.todo.ends_with('。'), "{problem:?}: {ja:?}");
            for jargon in
                ["サーバ", "エラー", "アップロード", "ダウンロード", "タイムアウト", "HTTP", "TLS", "データベース"]
            {
                assert!(!ja.what.contains(jargon) && !ja.todo.contains(jargon), "{problem:?} says {jargon}");
            }
            let en = failure(Lang::En, problem);
            assert!(en.what.ends_with('.') && en.todo.ends_with('.'), "{problem:?}: {en:?}");
        }
    }
}
