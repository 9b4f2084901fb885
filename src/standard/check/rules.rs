//! Every check with its id, severity and words: the one place they stand, and what `docs/checks.md` is made from.
//!
//! Ids and severities are those of `assets/standard/rules.toml` (a test compares them); what is not in there is ours.
//! In a message `{value}` is what stood in the file, `{more}` what the check adds.

use super::Severity;

macro_rules! rules {
    ($($group:ident { $($variant:ident, $id:literal, $severity:ident, $message:literal, $hint:literal, $english:literal;)* })*) => {
        /// What is looked at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Check { $($($variant,)*)* }

        impl Check {
            pub(crate) const ALL: &'static [Check] = &[$($(Check::$variant,)*)*];

            pub(crate) fn id(self) -> &'static str {
                match self { $($(Check::$variant => $id,)*)* }
            }
            /// How much it matters, unless the place says otherwise (a length the standard prints twice).
            pub(crate) fn severity(self) -> Severity {
                match self { $($(Check::$variant => Severity::$severity,)*)* }
            }
            pub(crate) fn group(self) -> Group {
                match self { $($(Check::$variant => Group::$group,)*)* }
            }
            /// What is wrong, with places for the particulars.
            pub(crate) fn message(self) -> &'static str {
                match self { $($(Check::$variant => $message,)*)* }
            }
            /// What to do.
            pub(crate) fn hint(self) -> &'static str {
                match self { $($(Check::$variant => $hint,)*)* }
            }
            /// When it is found, in English.
            pub(crate) fn english(self) -> &'static str {
                match self { $($(Check::$variant => $english,)*)* }
            }
        }
    };
}

/// Where a check looks, as in `rules.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Name,
    Encoding,
    Shape,
    Field,
    Row,
    Set,
    Attachment,
    History,
}

impl Group {
    pub(crate) fn title(self) -> (&'static str, &'static str) {
        match self {
            Group::Name => ("ファイル名", "The file name"),
            Group::Encoding => ("文字コードと引用符", "Encoding and quotes"),
            Group::Shape => ("ファイルの形", "Shape"),
            Group::Field => ("項目", "Fields"),
            Group::Row => ("行", "Rows"),
            Group::Set => ("ファイルの組み合わせ", "Files looked at together"),
            Group::Attachment => ("添付ファイル", "Attachments"),
            Group::History => ("履歴と設定", "History and settings"),
        }
    }
}

rules! {
    Name {
        NameUnknownKind, "name-unknown-kind", Error,
            "ファイル名の先頭が標準仕様のどの種類でもありません。",
            "ケアプラン連携用に出力したファイルか確かめ、介護ソフトから出力し直してください。",
            "the prefix is none of the standard's";
        NameMalformed, "name-malformed", Error,
            "ファイル名の{more}が標準仕様の形ではありません。",
            "ファイル名を手で直さず、介護ソフトから出力し直してください。",
            "a part is missing, too many, or has the wrong number of digits";
        NameSerialNotATime, "name-serial-not-a-time", Warning,
            "ファイル名の14桁の連番「{value}」は実在する日時ではありません。",
            "取り込み順が変わることがあります。介護ソフトから出力し直してください。",
            "the 14 digits are no real date and time";
        NameOldVersion, "name-old-version", Error,
            "サービス種類コードのない、第3版までのファイル名です。今の標準仕様では送れません。",
            "介護ソフトを4.1版に対応した版に更新し、出力し直してください。",
            "a version 3 name, without service types";
        NameMonthMismatch, "name-month-mismatch", Error,
            "ファイル名の対象年月「{value}」が、中の行の対象年月「{more}」と違います。",
            "対象年月を確かめ、介護ソフトから出力し直してください。",
            "the month in the name is not the month in the rows, or 000000 where a month belongs or the reverse";
        NameServiceUnknown, "name-service-unknown", Error,
            "ファイル名のサービス種類コード「{value}」は標準仕様にありません。",
            "事業所のサービス種類コードを確かめてください。「tayori fix」で直した写しを作れます。",
            "a service type in the name is not in services.toml";
        NameServiceOutOfScope, "name-service-out-of-scope", Error,
            "ファイル名のサービス種類コード「{value}」（{more}）はデータ連携の対象ではありません。",
            "事業所のサービス種類コードを確かめてください。「tayori fix」で直した写しを作れます。",
            "a service type in the name is out of scope (e.g. 33, 51)";
        NameExtraMonth, "name-extra-month", Note,
            "ファイル名に、この種類では要らない「000000」が入っています。",
            "そのまま読めますが、相手のソフトで取り込めないときは介護ソフトの会社に知らせてください。",
            "UPKIHON_000000_… as one chapter of the standard prints it";
    }
    Encoding {
        EncodingNotCp932, "encoding-not-cp932", Error,
            "シフトJIS（CP932）として読めない文字があります（ファイルの先頭から{more}バイト目）。",
            "この項目を入力し直すか、介護ソフトから出力し直してください。",
            "a byte sequence is not CP932: give row, field, byte offset";
        EncodingUtf8, "encoding-utf8", Error,
            "文字コードがUTF-8です。標準仕様ではシフトJIS（CP932）で送ります。",
            "「tayori fix」でシフトJISに直した写しを作れます。元のファイルはそのまま残ります。",
            "the file is UTF-8 (with or without BOM): offer to convert";
        EncodingGaiji, "encoding-gaiji", Error,
            "外字があります（ファイルの先頭から{more}バイト目）。相手の画面では別の字や空白になります。",
            "介護ソフトで、この項目の外字を普通の漢字かかなに置き換えてください。",
            "a user-defined character (F040–F9FC) is used: give row and field";
        LineEndNotCrlf, "line-end-not-crlf", Warning,
            "行の終わりがCRLFではありません（{more}行）。",
            "「tayori fix」でCRLFに直した写しを作れます。元のファイルはそのまま残ります。",
            "records end in LF or CR alone";
        QuoteBroken, "quote-broken", Error,
            "ここから始まる「\"」の囲みが閉じていないか、閉じたあとに文字が続いています。",
            "文章の中の「\"」は「\"\"」と書きます。介護ソフトから出力し直してください。",
            "a quoted field never ends, or text follows its closing quote: give the row where it began";
        FileEmpty, "file-empty", Error,
            "ファイルに行が一つもありません。",
            "出力の条件（利用者・対象年月）を確かめ、介護ソフトから出力し直してください。",
            "no record at all";
        FileUnreadable, "file-unreadable", Error,
            "{more}。",
            "ほかのソフトで開いていないか、まだ書き出しの途中でないか確かめてください。",
            "the file could not be read, or changed while it was read (ours)";
        ControlCharacter, "control-character", Warning,
            "目に見えない制御文字（{more}）が入っています。",
            "この項目を入力し直すか、介護ソフトから出力し直してください。",
            "a control character such as NUL in a text (ours)";
    }
    Shape {
        FieldCount, "field-count", Error,
            "項目が{value}個あります。この種類では{more}個です。",
            "表計算ソフトで保存し直したファイルなら使わず、介護ソフトから出力し直してください。",
            "a record has more or fewer fields than its layout";
        HeaderRow, "header-row", Error,
            "先頭の行が項目名の見出しです。標準仕様では見出しを付けません。",
            "「tayori fix」で見出しを除いた写しを作れます。",
            "the first record is a header";
        CsvVersionUnknown, "csv-version-unknown", Warning,
            "CSVバージョン「{value}」は4.1版の値（202407）ではありません。",
            "そのまま送れますが、相手のソフトで取り込めないことがあります。介護ソフトの版を確かめてください。",
            "CSVバージョン is not 202407 (202410, 202504, 202404 are seen in the field)";
        CsvVersionOld, "csv-version-old", Error,
            "CSVバージョン「{value}」は第3版までの古い形式です。今の標準仕様では送れません。",
            "介護ソフトを4.1版に対応した版に更新し、出力し直してください。",
            "202208 or older: a version 3 file";
        CsvVersionMixed, "csv-version-mixed", Error,
            "CSVバージョン「{value}」が、それまでの行の「{more}」と違います。",
            "一つのファイルのCSVバージョンは一つです。介護ソフトから出力し直してください。",
            "two CSV versions in one file";
        MonthMixed, "month-mixed", Error,
            "対象年月「{value}」が、それまでの行の「{more}」と違います。",
            "一つのファイルには一か月分だけを入れます。介護ソフトから出力し直してください。",
            "two months in one table 6, 7 or 実績 file";
        BlankLine, "blank-line", Warning,
            "空の行があります。",
            "そのままでは取り込めないソフトがあります。「tayori fix」で除いた写しを作れます。",
            "an empty line between or after the records (ours)";
        RecordTooLong, "record-too-long", Error,
            "一行が4MBを超えています。標準仕様のファイルではないようです。",
            "ファイルが壊れていないか確かめ、介護ソフトから出力し直してください。",
            "a record of more than 4 MiB: not looked at further (ours)";
    }
    Field {
        RequiredMissing, "required-missing", Error,
            "必ず要る項目が空です。",
            "介護ソフトでこの項目を入力し、出力し直してください。",
            "a field with need=required is empty";
        RequiredUnclear, "required-unclear", Warning,
            "空です。標準仕様では必須かどうか読み取れない項目で、相手のソフトで取り込めないことがあります。",
            "できれば入力して出力し直してください。",
            "a field with need=unclear is empty";
        NecessaryMissing, "necessary-missing", Warning,
            "必要とされている項目が空です。",
            "できれば入力して出力し直してください。",
            "a field with need=necessary is empty";
        TooLong, "too-long", Error,
            "「{value}」は{more}までの長さを超えています。",
            "短くして出力し直してください。",
            "longer than len (warning where the standard prints two lengths)";
        NotADate, "not-a-date", Error,
            "「{value}」は実在する日付（西暦8桁）ではありません。",
            "西暦8桁（例 20260501）で入力し直してください。",
            "not a real YYYYMMDD";
        NotAMonth, "not-a-month", Error,
            "「{value}」は実在する年月（西暦6桁）ではありません。",
            "西暦6桁（例 202605）で入力し直してください。",
            "not a real YYYYMM";
        NotATime, "not-a-time", Error,
            "「{value}」は時刻（4桁）ではありません。",
            "24時間の4桁（例 0930）で入力し直してください。",
            "not HHMM (9999 where the field allows it)";
        NotANumber, "not-a-number", Error,
            "「{value}」は半角の数字ではありません。",
            "半角の数字で入力し直してください。",
            "not an integer or a 99.99 number where one belongs; full-width digits included";
        CodeUnknown, "code-unknown", Error,
            "「{value}」はこの項目のコード（{more}）にありません。",
            "介護ソフトで選び直し、出力し直してください。",
            "a value outside the field's codes";
        InsurerNoForm, "insurer-no-form", Error,
            "「{value}」は保険者番号（数字6桁）の形ではありません。",
            "被保険者証の保険者番号を確かめてください。",
            "not 6 digits";
        InsuredNoForm, "insured-no-form", Error,
            "「{value}」は被保険者番号（数字10桁、またはHと数字9桁）の形ではありません。",
            "被保険者証の番号を確かめてください。生活保護単独の方はHと数字9桁です。",
            "neither 10 digits nor H and 9 digits";
        OfficeNoForm, "office-no-form", Error,
            "「{value}」は事業所番号（半角の数字・英大文字10桁）の形ではありません。",
            "事業所番号を確かめてください。",
            "not 10 digits/letters";
        ServiceCodeForm, "service-code-form", Error,
            "「{value}」はサービスコード（種類2桁と項目4桁）の形ではないか、種類が標準仕様にありません。",
            "サービスコードを確かめてください。",
            "not 6 letters/digits whose first two are a known service type";
        DayFlagsForm, "day-flags-form", Error,
            "「{value}」は日割対象日（0と1で31桁）の形ではありません。",
            "日割りでなければ空にし、日割りなら31桁で出力し直してください。",
            "日割対象日 is neither empty nor 31 of 0/1";
        PostalForm, "postal-form", Warning,
            "「{value}」は郵便番号（例 683-0001）の形ではありません。",
            "ハイフンを入れた半角で入力し直してください。",
            "not XXX-XXXX";
        UnusedFilled, "unused-filled", Note,
            "使わないことになっている項目に「{value}」が入っています。",
            "そのまま送れます。",
            "識別子 is filled";
    }
    Row {
        ServiceOutOfScope, "service-out-of-scope", Error,
            "サービス種類「{value}」（{more}）はデータ連携の対象ではないので、行を出力してはいけません。",
            "この行を除いて出力し直してください。",
            "a row's service type is out of scope and must not be output";
        TaisMissing, "tais-missing", Error,
            "福祉用具貸与の行に、TAISコードも福祉用具届出コードもありません。",
            "どちらかのコードを入力し、出力し直してください。",
            "17 or 67 without TAISコード and 福祉用具届出コード";
        DetailNumberMisused, "detail-number-misused", Warning,
            "福祉用具貸与（17）でない行に明細判別コード「{value}」があります。",
            "空にして出力し直してください。",
            "明細判別コード on a service other than 17";
        DayOutsideMonth, "day-outside-month", Error,
            "「{value}」は対象年月「{more}」の日ではありません。",
            "対象年月と利用日を確かめてください。",
            "サービス利用日 is not in 対象年月, or a 日割 flag beyond the month's last day";
        TimePair, "time-pair", Warning,
            "開始と終了の片方だけが9999（時刻なし）です。",
            "両方に時刻を入れるか、両方を9999にしてください。",
            "one of start and end is 9999 and the other is not";
        PeriodReversed, "period-reversed", Warning,
            "期間の終わり「{value}」が始まり「{more}」より前です。",
            "期間を確かめてください。",
            "a period ends before it begins (認定・限度額適用)";
        ProviderNotSender, "provider-not-sender", Error,
            "実績のサービス事業者「{value}」が、ファイル名の送信元「{more}」ではありません。",
            "自分の事業所の実績だけを出力し直してください。",
            "実績: サービス事業者コード is not the sender of the file name (unless 居宅 forwards to 地域包括)";
        PlannerNotSender, "planner-not-sender", Warning,
            "プラン担当業者「{value}」が、ファイル名の送信元「{more}」ではありません。",
            "担当の事業所を確かめてください。",
            "予定: プラン担当業者コード is not the sender";
        DuplicateRow, "duplicate-row", Warning,
            "同じ内容の行が前にもあります。",
            "二重に入力していないか確かめてください。",
            "two identical records";
        TotalRowMissing, "total-row-missing", Error,
            "第7表に、この利用者の全合計の行（サービスコード999999）がありません。",
            "介護ソフトから出力し直してください。",
            "table 7: a person has no 999999/9999999999 row";
        SubtotalRowMissing, "subtotal-row-missing", Warning,
            "サービス種類「{value}」の行が{more}行あるのに、種類別の小計の行（{value}AAAA）がありません。",
            "介護ソフトから出力し直してください。",
            "table 7: several rows of one type at one office without an AAAA row";
        TotalMismatch, "total-mismatch", Warning,
            "全合計「{value}」が、サービスごとの行の合計「{more}」と合いません。",
            "第7表を計算し直して出力してください。",
            "table 7: the total row is not the sum of the service rows (給付管理単位数, 費用総額, 請求額, 負担額)";
    }
    Set {
        PersonNotForReceiver, "person-not-for-receiver", Error,
            "送り先の事業所（{more}）を使わない利用者の予定が入っています。このまま送ると情報の漏えいになります。",
            "送り先を利用する方だけを選んで出力し直してください。",
            "予定: a person has no row for the receiving office: a leak";
        OrphanChild, "orphan-child", Error,
            "この行（またはファイル）に対応する「{more}」がありません。",
            "一緒に出力されるファイルを全部そろえ、足りなければ出力し直してください。",
            "a child file or row without its parent (UP2KYO without UP1KYO, table 7 person not in table 6, …)";
        SupplementMissing, "supplement-missing", Warning,
            "対応する利用者補足情報（UPHOSOKU）の行がありません。",
            "利用者補足情報も一緒に出力して送ってください。",
            "a person of table 1 or 6 has no UPHOSOKU row with the right key";
        ImageMissing, "image-missing", Error,
            "家族構成の画像「{value}」について、{more}。",
            "画像と利用者基本情報を一緒に出力し直してください。",
            "UPKIHON names a picture that is not there, or a picture no row names";
        SerialMismatch, "serial-mismatch", Error,
            "一緒に送るファイルと連番が違います（このファイル「{value}」、「{more}」）。",
            "ファイル名を手で直さず、まとめて出力し直してください。",
            "files of one unit carry different serials";
        UnitUnknown, "unit-unknown", Error,
            "同じ連番のほかのファイル（{more}）と一緒に送れる種類ではありません。",
            "予定と実績などは別々に出力します。介護ソフトから出力し直してください。",
            "files under one serial are no sending unit (e.g. UPPLAN + UPJSK under one serial)";
        DirectionWrong, "direction-wrong", Error,
            "送信元（{value}）から送信先（{more}）へは、この種類のファイルを送れません。",
            "送信元と送信先、ファイルの種類を確かめてください。",
            "the sender's kind of office cannot send this file (a service office sends UPPLAN, …)";
        ReceiverMixed, "receiver-mixed", Error,
            "一通に二つ以上の送信先（{more}）のファイルが入っています。",
            "送信先ごとに分けて送ってください。",
            "one parcel, two receivers";
        Table3Missing, "table3-missing", Note,
            "第1表・第2表に第3表が付いていません。",
            "そのまま送れます。4.0版からは第3表も出力することになっています。",
            "tables 1 and 2 without table 3";
    }
    Attachment {
        AttachmentType, "attachment-type", Error,
            "{more}。",
            "送れる添付はPDF、JPEG、PNG、GIF、テキストです。その形で保存し直してください。",
            "not pdf, jpg, jpeg, png, gif or txt; or its bytes are not what its name says";
        AttachmentTooLarge, "attachment-too-large", Error,
            "{value}バイトあり、一通で送れる{more}バイトを超えています。",
            "分けるか小さくして送ってください。",
            "over the limit of a parcel";
    }
    History {
        SenderNotUs, "sender-not-us", Error,
            "ファイル名の送信元「{value}」がこの事業所「{more}」ではありません。",
            "別の事業所のファイルでないか確かめてください。",
            "the sender in the name is not this office";
        ReceiverUnknown, "receiver-unknown", Error,
            "送信先「{value}」が連携先の一覧にありません。",
            "事業所番号を確かめるか、相手に利用の申し込みを確かめてください。",
            "the receiver is not in the directory";
        AlreadySent, "already-sent", Warning,
            "同じ内容のファイルを前にもこの事業所へ送っています。",
            "送り直しでなければ、送らなくてかまいません。",
            "the same bytes went to the same office before";
        NewerAlreadySent, "newer-already-sent", Warning,
            "これより新しい連番「{more}」のファイルを、もう送っています。",
            "古いほうを送ると、相手の内容が前に戻ります。新しく出力し直してください。",
            "a newer serial of the same unit and month went before";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn ids_and_severities_are_those_of_the_rule_book() {
        #[derive(serde::Deserialize)]
        struct Entry {
            severity: Severity,
        }
        let book: BTreeMap<String, BTreeMap<String, Entry>> =
            toml::from_str(include_str!("../../../assets/standard/rules.toml")).unwrap();
        for (group, rules) in &book {
            for (id, entry) in rules {
                let check =
                    Check::ALL.iter().find(|check| check.id() == id).unwrap_or_else(|| panic!("{id} is not checked"));
                assert_eq!(check.severity(), entry.severity, "{id}");
                assert_eq!(format!("{:?}", check.group()).to_lowercase(), *group, "{id}");
            }
        }
        let printed: BTreeSet<&str> = book.values().flat_map(|rules| rules.keys().map(String::as_str)).collect();
        let ours: Vec<&str> = Check::ALL.iter().map(|check| check.id()).filter(|id| !printed.contains(id)).collect();
        assert_eq!(ours, ["file-unreadable", "control-character", "blank-line", "record-too-long"]);
    }
}
