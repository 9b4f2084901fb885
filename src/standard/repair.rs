//! Repairs whose right answer is certain, each offered with its before and after; and the ones a person asks for.
//!
//! Nothing is repaired in place: a repair gives a new name and new bytes, and the file stays as it is.

use super::check::is_utf8_file;
use super::cp932::{self, NoCode};
use super::name::{self, NameError};
use super::{FileName, Kind, ServiceType, SetError, Table};

/// One thing that can be put right.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Offer {
    pub repair: Repair,
    /// Where, when it is about one field: record from 1, field from 1.
    pub row: Option<u64>,
    pub field: Option<u16>,
    pub before: String,
    pub after: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repair {
    /// Extension, or a month one chapter prints.
    Name,
    /// UTF-8 → CP932.
    Encoding,
    /// LF or CR → CRLF.
    LineEnds,
    /// The heading goes.
    Header,
    BlankLines,
    /// A character CP932 has not → its usual form.
    Character,
    /// A サービス種類コード in the name, because somebody said what it must be.
    NameService,
    /// The same in a row.
    RowService,
}

impl Repair {
    /// As a clerk calls it.
    pub fn name_ja(self) -> &'static str {
        match self {
            Repair::Name => "ファイル名",
            Repair::Encoding => "文字コード",
            Repair::LineEnds => "行の終わり",
            Repair::Header => "見出しの行",
            Repair::BlankLines => "空の行",
            Repair::Character => "文字",
            Repair::NameService => "ファイル名のサービス種類",
            Repair::RowService => "行のサービス種類",
        }
    }
}

/// What a person knows and no check can.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    pub sender_service: Option<ServiceType>,
    pub receiver_service: Option<ServiceType>,
    /// In the service codes of rows: this type becomes that one.
    pub row_services: Vec<(ServiceType, ServiceType)>,
}

/// A file put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Characters for which there is no certain form: while they are there the file cannot become CP932.
    pub left: Vec<Left>,
}

/// A character that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub row: u64,
    pub field: u16,
    pub char: char,
}

/// Everything that can be put right in a file.
pub fn offers(name: &str, bytes: &[u8], wishes: &Wishes) -> Vec<Offer> {
    let mut offers = name_offers(name, wishes);
    let whole = |repair, before: &str, after: &str| Offer {
        repair,
        row: None,
        field: None,
        before: before.to_owned(),
        after: after.to_owned(),
    };
    let Some(table) = kind_of(name).and_then(|kind| Table::read(kind, bytes).ok()) else { return offers };
    if is_utf8_file(bytes) {
        offers.push(whole(Repair::Encoding, "UTF-8", "シフトJIS（CP932）"));
        offers.extend(character_offers(&table));
    }
    let lines = Lines::of(&table);
    if lines.bare_ends {
        offers.push(whole(Repair::LineEnds, "LFまたはCR", "CRLF"));
    }
    if lines.blanks {
        offers.push(whole(Repair::BlankLines, "あり", "なし"));
    }
    if let Some(heading) = heading(&table) {
        offers.push(Offer { row: Some(1), ..whole(Repair::Header, &heading, "") });
    }
    offers.extend(row_service_offers(&table, wishes));
    offers
}

/// The file with these offers taken, out of those [`offers`] made for it.
pub fn apply(name: &str, bytes: &[u8], chosen: &[Offer]) -> Repaired {
    let takes = |repair: Repair| chosen.iter().any(|offer| offer.repair == repair);
    let mut new_name = chosen.iter().filter(|offer| matches!(offer.repair, Repair::Name | Repair::NameService));
    let new_name = new_name.next_back().map_or(name, |offer| offer.after.as_str()).to_owned();
    let Some(mut table) = kind_of(name).and_then(|kind| Table::read(kind, bytes).ok()) else {
        return Repaired { name: new_name, bytes: bytes.to_vec(), left: Vec::new() };
    };
    for offer in chosen {
        let Some((row, field)) = offer.row.zip(offer.field) else { continue };
        let index = usize::try_from(row).unwrap_or(usize::MAX).saturating_sub(1);
        let Some(old) = table.row(index).map(|row| row.text(field).into_owned()) else { continue };
        let new = match offer.repair {
            Repair::Character => old.replace(&offer.before, &offer.after),
            Repair::RowService => offer.after.clone(),
            _ => continue,
        };
        // A field that is not there any more, or a character without code, leaves the field as it is.
        let _: Result<(), SetError> = table.set(index, field, &new);
    }
    let mut bytes = table.write();
    if takes(Repair::LineEnds) || takes(Repair::BlankLines) || takes(Repair::Header) {
        let lines = Lines::of(&table);
        bytes = lines.rewritten(&bytes, takes(Repair::LineEnds), takes(Repair::BlankLines), takes(Repair::Header));
    }
    let mut left = Vec::new();
    if takes(Repair::Encoding) {
        match to_cp932(&bytes) {
            Some(converted) => bytes = converted,
            None => left = characters_without_code(&table),
        }
    }
    Repaired { name: new_name, bytes, left }
}

fn kind_of(name: &str) -> Option<Kind> {
    name::read(name).map_or_else(|error| error.kind(), |reading| Some(reading.name.kind))
}

fn name_offers(given: &str, wishes: &Wishes) -> Vec<Offer> {
    let with_extension = || {
        let stem = given.rsplit_once('.').map_or(given, |(stem, _)| stem);
        name::read(&format!("{stem}.CSV")).or_else(|_| name::read(&format!("{given}.CSV"))).ok()
    };
    let offer = |repair, after: &FileName| Offer {
        repair,
        row: None,
        field: None,
        before: given.to_owned(),
        after: after.to_string(),
    };
    let (mut name, mut offers) = match name::read(given) {
        Ok(reading) if reading.extra_month => (reading.name, vec![offer(Repair::Name, &reading.name)]),
        Ok(reading) => (reading.name, Vec::new()),
        Err(NameError::Malformed { .. }) => match with_extension() {
            Some(reading) => (reading.name, vec![offer(Repair::Name, &reading.name)]),
            None => return Vec::new(),
        },
        Err(_) => return Vec::new(),
    };
    let old = name;
    name.sender_service = wishes.sender_service.unwrap_or(name.sender_service);
    name.receiver_service = wishes.receiver_service.unwrap_or(name.receiver_service);
    if name != old {
        offers.push(offer(Repair::NameService, &name));
    }
    offers
}

fn character_offers(table: &Table) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    let mut last = None;
    for_each_char(table, |row, field, char| {
        let previous = last.replace((row, field, char)).filter(|(r, f, _)| (*r, *f) == (row, field));
        if cp932::can_encode(char) {
            return;
        }
        let composed =
            previous.and_then(|(_, _, base)| Some((format!("{base}{char}"), composed(base, char)?.to_string())));
        let Some((before, after)) = composed.or_else(|| Some((char.to_string(), usual_form(char)?.to_owned()))) else {
            return;
        };
        let (row, field) = (Some(row), Some(field));
        let offer = Offer { repair: Repair::Character, row, field, before, after };
        if !offers.iter().rev().take_while(|known| known.row == row).any(|known| *known == offer) {
            offers.push(offer);
        }
    });
    offers
}

/// が for か and a mark of its own, as macOS writes it.
fn composed(base: char, mark: char) -> Option<char> {
    let voiced = "かきくけこさしすせそたちつてとはひふへほカキクケコサシスセソタチツテトハヒフヘホ";
    match mark {
        '\u{3099}' if base == 'ウ' => Some('ヴ'),
        '\u{3099}' if voiced.contains(base) => char::from_u32(u32::from(base) + 1),
        '\u{309A}' if "はひふへほハヒフヘホ".contains(base) => char::from_u32(u32::from(base) + 2),
        _ => None,
    }
}

fn characters_without_code(table: &Table) -> Vec<Left> {
    let mut left = Vec::new();
    for_each_char(table, |row, field, char| {
        if !cp932::can_encode(char) {
            left.push(Left { row, field, char });
        }
    });
    left
}

fn for_each_char(table: &Table, mut see: impl FnMut(u64, u16, char)) {
    for row in table.rows() {
        for field in 1..=u16::try_from(row.len()).unwrap_or(u16::MAX) {
            row.text(field).chars().for_each(|char| see(row.number(), field, char));
        }
    }
}

fn row_service_offers(table: &Table, wishes: &Wishes) -> Vec<Offer> {
    let columns: &[u16] = match table.kind() {
        Kind::Provision | Kind::Actuals => &[15],
        Kind::Benefit => &[9],
        Kind::ActualsWithdrawal => &[6],
        _ => &[],
    };
    let mut offers = Vec::new();
    for row in table.rows() {
        for field in columns {
            let before = row.text(*field).into_owned();
            let wish =
                wishes.row_services.iter().find(|(old, _)| before.starts_with(old.as_str()) && before != "999999");
            if let Some((old, new)) = wish {
                let after = format!("{new}{}", before.trim_start_matches(old.as_str()));
                let (row, field) = (Some(row.number()), Some(*field));
                offers.push(Offer { repair: Repair::RowService, row, field, before, after });
            }
        }
    }
    offers
}

fn heading(table: &Table) -> Option<String> {
    let row = table.row(0)?;
    let wordy = |text: &str| !text.is_empty() && !text.bytes().any(|byte| byte.is_ascii_digit());
    (wordy(&row.text(1)) && wordy(&row.text(2))).then(|| format!("{},{},…", row.text(1), row.text(2)))
}

/// The whole file as CP932, without the mark; nothing if a character has no code.
fn to_cp932(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    cp932::encode(text, cp932::Form::Ibm).map_err(|NoCode(_)| ()).ok()
}

/// What the lines of a file look like, however its fields are.
#[derive(Debug)]
struct Lines {
    bare_ends: bool,
    blanks: bool,
}

impl Lines {
    fn of(table: &Table) -> Self {
        let mut lines = Lines { bare_ends: false, blanks: false };
        for_each_line(&table.write(), |record, end| {
            lines.blanks |= record.is_empty();
            lines.bare_ends |= !record.is_empty() && !end.is_empty() && end != b"\r\n";
        });
        lines
    }

    fn rewritten(&self, bytes: &[u8], crlf: bool, no_blanks: bool, no_heading: bool) -> Vec<u8> {
        let mut written = Vec::with_capacity(bytes.len());
        let mut first = true;
        for_each_line(bytes, |record, end| {
            if record.is_empty() {
                if !no_blanks {
                    written.extend(end);
                }
            } else if !(no_heading && std::mem::take(&mut first)) {
                written.extend(record);
                written.extend(if crlf && !end.is_empty() { b"\r\n" } else { end });
            }
        });
        written
    }
}

/// Records and their line ends; a part that cannot be split counts as one record up to its line end.
fn for_each_line<'a>(mut bytes: &'a [u8], mut see: impl FnMut(&'a [u8], &'a [u8])) {
    use super::records::{LONGEST_RECORD, Lexed, Splitter, split};
    let mut spans = Splitter::default();
    while !bytes.is_empty() {
        let len = match split(bytes, true, &mut spans) {
            Lexed::Record { len, .. } => len,
            Lexed::Broken { at } => at + 1 + line_len(bytes.get(at + 1..).unwrap_or_default()),
            Lexed::TooLong | Lexed::Unfinished => {
                LONGEST_RECORD + line_len(bytes.get(LONGEST_RECORD..).unwrap_or_default())
            }
        };
        let (line, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
        let end = line.iter().rev().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let end = if line.ends_with(b"\r\n") { 2 } else { end.min(1) };
        let (record, end) = line.split_at_checked(line.len() - end).unwrap_or((line, &[]));
        see(record, end);
        bytes = rest;
    }
}

fn line_len(bytes: &[u8]) -> usize {
    match memchr::memchr2(b'\n', b'\r', bytes) {
        None => bytes.len(),
        Some(end) => end + if bytes.get(end..).is_some_and(|rest| rest.starts_with(b"\r\n")) { 2 } else { 1 },
    }
}

/// What people write in CP932 for a character it has not; nothing where that is not certain.
fn usual_form(char: char) -> Option<&'static str> {
    let found = USUAL.iter().find(|(unusual, _)| *unusual == char).map(|(_, usual)| *usual);
    // Variation selectors choose a shape of the character before; marks of order and width say nothing by themselves.
    let silent = matches!(char, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' | '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{2060}' | '\u{202A}'..='\u{202E}');
    found.or(silent.then_some(""))
}

/// Signs that only look like the ones of CP932, and characters whose older form CP932 has.
const USUAL: &[(char, &str)] = &[
    ('\u{00A0}', " "),
    ('\u{2002}', " "),
    ('\u{2003}', "　"),
    ('\u{2009}', " "),
    ('\u{202F}', " "),
    ('〜', "～"),
    ('‖', "∥"),
    ('−', "－"),
    ('–', "－"),
    ('‑', "‐"),
    ('—', "―"),
    ('¢', "￠"),
    ('£', "￡"),
    ('¥', "￥"),
    ('¬', "￢"),
    ('¦', "￤"),
    ('‾', "￣"),
    ('·', "・"),
    ('•', "・"),
    ('⋅', "・"),
    ('∙', "・"),
    ('ª', "a"),
    ('º', "o"),
    ('²', "2"),
    ('³', "3"),
    ('¹', "1"),
    ('½', "1/2"),
    ('¼', "1/4"),
    ('¾', "3/4"),
    ('©', "(C)"),
    ('®', "(R)"),
    ('™', "TM"),
    ('€', "ユーロ"),
    ('«', "≪"),
    ('»', "≫"),
    ('µ', "μ"),
    ('⻑', "長"),
    ('⻄', "西"),
    ('⻘', "青"),
    ('⻝', "食"),
    ('⻤', "鬼"),
    ('⻩', "黄"),
    ('⻫', "斉"),
    ('⼀', "一"),
    ('⼆', "二"),
    ('⼈', "人"),
    ('⼊', "入"),
    ('⼋', "八"),
    ('⼒', "力"),
    ('⼗', "十"),
    ('⼝', "口"),
    ('⼟', "土"),
    ('⼤', "大"),
    ('⼥', "女"),
    ('⼦', "子"),
    ('⼩', "小"),
    ('⼭', "山"),
    ('⼯', "工"),
    ('⼼', "心"),
    ('⼿', "手"),
    ('⽀', "支"),
    ('⽂', "文"),
    ('⽅', "方"),
    ('⽇', "日"),
    ('⽉', "月"),
    ('⽊', "木"),
    ('⽌', "止"),
    ('⽔', "水"),
    ('⽕', "火"),
    ('⽗', "父"),
    ('⽣', "生"),
    ('⽤', "用"),
    ('⽥', "田"),
    ('⽩', "白"),
    ('⽬', "目"),
    ('⽯', "石"),
    ('⽴', "立"),
    ('⽵', "竹"),
    ('⽶', "米"),
    ('⽼', "老"),
    ('⽿', "耳"),
    ('⾃', "自"),
    ('⾊', "色"),
    ('⾎', "血"),
    ('⾏', "行"),
    ('⾐', "衣"),
    ('⾒', "見"),
    ('⾔', "言"),
    ('⾕', "谷"),
    ('⾚', "赤"),
    ('⾜', "足"),
    ('⾝', "身"),
    ('⾞', "車"),
    ('⾥', "里"),
    ('⾦', "金"),
    ('⾨', "門"),
    ('⾬', "雨"),
    ('⾯', "面"),
    ('⾳', "音"),
    ('⾷', "食"),
    ('⾸', "首"),
    ('⾼', "高"),
    ('𠮷', "吉"),
    ('𠮟', "叱"),
    ('塡', "填"),
    ('頰', "頬"),
    ('剝', "剥"),
    ('繫', "繋"),
    ('瘦', "痩"),
    ('噓', "嘘"),
    ('摑', "掴"),
    ('搔', "掻"),
    ('麵', "麺"),
    ('蟬', "蝉"),
    ('蠟', "蝋"),
    ('簞', "箪"),
    ('鷗', "鴎"),
    ('俠', "侠"),
    ('禱', "祷"),
    ('醬', "醤"),
    ('顚', "顛"),
    ('囊', "嚢"),
    ('攢', "攅"),
    ('焰', "焔"),
    ('嚙', "噛"),
    ('瀆', "涜"),
    ('屛', "屏"),
    ('幷', "并"),
    ('軀', "躯"),
    ('驒', "騨"),
    ('姸', "妍"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "DLTPLAN_202605_3171000024_43_3191000031_11_20260425173001.CSV";

    fn says(offers: &[Offer]) -> Vec<String> {
        offers.iter().map(|offer| format!("{:?} {} → {}", offer.repair, offer.before, offer.after)).collect()
    }

    #[test]
    fn utf8_becomes_cp932_with_each_odd_character_offered() {
        let name = NAME.replace("DLTPLAN_202605", "UPKIHON_SUB1");
        let text = "\u{FEFF}202407,312025,3100000001,20260401,\"6:00–7:00\",\"髙橋と𠮷田〜\",\"\"\n";
        let offers = offers(&name, text.as_bytes(), &Wishes::default());
        assert_eq!(
            says(&offers),
            [
                "Encoding UTF-8 → シフトJIS（CP932）",
                "Character – → －",
                "Character 𠮷 → 吉",
                "Character 〜 → ～",
                "LineEnds LFまたはCR → CRLF"
            ]
        );
        let repaired = apply(&name, text.as_bytes(), &offers);
        let expected = "202407,312025,3100000001,20260401,\"6:00－7:00\",\"髙橋と吉田～\",\"\"\r\n";
        assert_eq!(cp932::decode(&repaired.bytes).unwrap(), expected);
        assert_eq!(repaired.left, []);
        let without: Vec<Offer> = offers.iter().filter(|offer| offer.before != "𠮷").cloned().collect();
        let left = apply(&name, text.as_bytes(), &without).left;
        assert_eq!(left, [Left { row: 1, field: 6, char: '𠮷' }]);
    }

    #[test]
    fn v4_every_character_outside_cp932_is_shown_with_its_place_and_offered_its_usual_form() {
        let name = NAME.replace("DLTPLAN_202605", "UPKIHON_SUB1");
        const IN_A_ROW: usize = 100;
        let outside: Vec<char> = ('\0'..=char::MAX).filter(|char| !cp932::can_encode(*char)).collect();
        assert_eq!(outside.len(), 0x11_0000 - 0x800 - (128 + 63 + 7_326), "every code point but surrogates");
        let (mut offered, mut left) = (0, 0);
        for rows in outside.chunks(IN_A_ROW * 40) {
            let row = |chars: &[char]| {
                let chars: String = chars.iter().collect();
                format!("202407,312025,3100000001,20260401,,\"吉{chars}田\",\"\"\r\n")
            };
            let text: String = rows.chunks(IN_A_ROW).map(row).collect();
            let offers = offers(&name, text.as_bytes(), &Wishes::default());
            let repaired = apply(&name, text.as_bytes(), &offers);
            let (mut by_row, mut stays) = (offers.iter().filter(|offer| offer.row.is_some()), repaired.left.iter());
            for (at, char) in rows.iter().enumerate() {
                let row = (at / IN_A_ROW) as u64 + 1;
                match usual_form(*char) {
                    Some(usual) => {
                        let offer = by_row.next().unwrap();
                        assert_eq!((offer.repair, offer.row, offer.field), (Repair::Character, Some(row), Some(6)));
                        assert_eq!((offer.before.as_str(), offer.after.as_str()), (&*char.to_string(), usual));
                        offered += 1;
                    }
                    None => {
                        assert_eq!(stays.next(), Some(&Left { row, field: 6, char: *char }));
                        left += 1;
                    }
                }
            }
            assert_eq!((by_row.next(), stays.next()), (None, None));
            assert_eq!(
                cp932::fault(&repaired.bytes).is_none(),
                repaired.left.is_empty(),
                "only what is whole is CP932"
            );
        }
        assert_eq!(offered + left, outside.len());
        assert!(offered >= USUAL.len(), "{offered}");
    }

    #[test]
    fn a_mark_of_its_own_joins_its_kana() {
        let name = NAME.replace("DLTPLAN_202605", "UPKIHON_SUB1");
        let text = "202407,312025,3100000001,20260401,か\u{3099}ハ\u{309A},\"\",\"\"\r\n";
        let offers = offers(&name, text.as_bytes(), &Wishes::default());
        let repaired = apply(&name, text.as_bytes(), &offers);
        assert_eq!(cp932::decode(&repaired.bytes).unwrap(), text.replace("か\u{3099}ハ\u{309A}", "がパ"));
    }

    #[test]
    fn every_usual_form_is_in_cp932_and_no_character_that_is_there_is_replaced() {
        for (unusual, usual) in USUAL {
            assert!(cp932::encode(usual, cp932::Form::Ibm).is_ok(), "{unusual} → {usual}");
        }
        let needless: Vec<char> = USUAL.iter().map(|(c, _)| *c).filter(|c| cp932::can_encode(*c)).collect();
        assert_eq!(needless, Vec::<char>::new());
    }

    #[test]
    fn line_ends_blank_lines_and_heading_go_and_line_breaks_in_texts_stay() {
        let name = NAME.replace("DLTPLAN_202605", "UPKIHON_SUB1");
        let text = "\"版\",\"保険者\",c,d,e,f,g\n\n202407,312025,3100000001,20260401,\"a\nb\",\"\",\"\"\n\n";
        let bytes = cp932::encode(text, cp932::Form::Ibm).unwrap();
        let offers = offers(&name, &bytes, &Wishes::default());
        assert_eq!(
            offers.iter().map(|offer| offer.repair).collect::<Vec<_>>(),
            [Repair::LineEnds, Repair::BlankLines, Repair::Header]
        );
        let repaired = apply(&name, &bytes, &offers);
        assert_eq!(repaired.bytes, b"202407,312025,3100000001,20260401,\"a\nb\",\"\",\"\"\r\n");
    }

    #[test]
    fn a_name_gets_its_extension_and_the_service_somebody_knows() {
        let wishes = Wishes { receiver_service: Some("15".parse().unwrap()), ..Wishes::default() };
        let given = NAME.replace(".CSV", ".txt");
        let offers = offers(&given, b"", &wishes);
        assert_eq!(offers.iter().map(|offer| offer.repair).collect::<Vec<_>>(), [Repair::Name, Repair::NameService]);
        assert_eq!(apply(&given, b"", &offers).name, NAME.replace("_11_", "_15_"));
    }

    #[test]
    fn a_service_in_rows_is_corrected_where_asked() {
        let name = NAME.replace("DLTPLAN", "DLTJSK");
        let bytes = b"202407,312025,3100000001,202605,3171000024,33\r\n";
        let wishes = Wishes { row_services: vec![("33".parse().unwrap(), "27".parse().unwrap())], ..Wishes::default() };
        let offers = offers(&name, bytes, &wishes);
        assert_eq!(says(&offers), ["RowService 33 → 27"]);
        assert_eq!(apply(&name, bytes, &offers).bytes, b"202407,312025,3100000001,202605,3171000024,27\r\n");
    }

    #[test]
    fn nothing_is_offered_for_what_is_right() {
        let bytes = b"202407,312025,3100000001,202605\r\n";
        assert_eq!(offers(NAME, bytes, &Wishes::default()), []);
        assert_eq!(apply(NAME, bytes, &[]).bytes, bytes);
    }
}
