//! Turns what came from outside into something that can be drawn: safe characters, Japanese line breaks, times, sizes.

use std::borrow::Cow;
use std::sync::LazyLock;

use egui::{FontId, Ui};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use skrifa::MetadataProvider as _;

use super::theme;
pub use crate::search::key as search_key;
use crate::words::Lang;

/// Stands where a character cannot be drawn, as printers do it.
const GETA: char = '〓';
/// More than this is not laid out in one line; a name of an office has some 30.
const LINE_CHARS: usize = 160;

/// The characters our fonts can draw, one bit each.
static DRAWN: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut bits = vec![0_u64; 0x30000 / 64];
    for data in [theme::REGULAR_FONT, theme::ICON_FONT] {
        let Ok(font) = skrifa::FontRef::new(data) else { continue };
        for (code, _) in font.charmap().mappings() {
            if let Some(word) = usize::try_from(code / 64).ok().and_then(|at| bits.get_mut(at)) {
                *word |= 1 << (code % 64);
            }
        }
    }
    bits
});

fn is_drawn(c: char) -> bool {
    let code = u32::from(c);
    usize::try_from(code / 64).ok().and_then(|at| DRAWN.get(at)).is_some_and(|word| word & (1 << (code % 64)) != 0)
}

/// What one character becomes: itself, a space, a mark, or nothing.
fn safe_char(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some(' '),
        // Variation selectors choose between forms of one character; without them it is still that character.
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => None,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => Some(GETA),
        // The icons live in the private use area; text from outside must not borrow them.
        '\u{e000}'..='\u{f8ff}' => Some(GETA),
        c if c.is_control() || !is_drawn(c) => Some(GETA),
        c => Some(c),
    }
}

/// One line that can be drawn: at most [`LINE_CHARS`], control and direction marks made visible.
pub fn safe_text(text: &str) -> Cow<'_, str> {
    let mut plain = text.chars();
    let clean = plain.by_ref().take(LINE_CHARS).all(|c| safe_char(c) == Some(c));
    if clean && plain.next().is_none() {
        return Cow::Borrowed(text);
    }
    let mut out: String = text.chars().take(LINE_CHARS).filter_map(safe_char).collect();
    if text.chars().nth(LINE_CHARS).is_some() {
        out.push('…');
    }
    Cow::Owned(out)
}

/// Several lines that can be drawn, the whole of it; lay out only what is seen.
pub fn safe_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.replace("\r\n", "\n").split(['\n', '\r']).enumerate() {
        if number > 0 {
            out.push('\n');
        }
        out.extend(line.chars().filter_map(safe_char));
    }
    out
}

/// Breaks lines by UAX #14 with strict kinsoku. egui alone starts lines with a small kana, a long-vowel mark or "・",
/// and never breaks inside runs of full-width digits.
pub fn wrap_ja(ui: &Ui, text: &str, font: &FontId, width: f32) -> String {
    wrap(text, width, |c| ui.fonts_mut(|fonts| fonts.glyph_width(font, c)))
}

/// The same with any measure of a character's width.
pub fn wrap(text: &str, width: f32, mut glyph: impl FnMut(char) -> f32) -> String {
    let (mut out, mut line_width, mut from) = (String::with_capacity(text.len() + 16), 0.0, 0);
    for (until, opportunity) in unicode_linebreak::linebreaks(text) {
        let piece = text.get(from..until).unwrap_or_default();
        from = until;
        let (mut advance, mut ink) = (0.0, 0.0);
        for c in piece.chars() {
            advance += if c == '\n' { 0.0 } else { glyph(c) };
            if !c.is_whitespace() {
                ink = advance;
            }
        }
        if line_width > 0.0 && line_width + ink > width {
            out.push('\n');
            line_width = 0.0;
        }
        line_width += advance;
        if ink > width {
            line_width = push_cut(&mut out, piece, width, &mut glyph);
        } else {
            out.push_str(piece);
        }
        if opportunity == unicode_linebreak::BreakOpportunity::Mandatory {
            line_width = 0.0;
        }
    }
    out
}

/// A piece that may not be broken but is wider than the line: cut where it must be. Tells the last line's width.
fn push_cut(out: &mut String, piece: &str, width: f32, mut measure: impl FnMut(char) -> f32) -> f32 {
    let mut line_width = 0.0;
    for c in piece.chars() {
        let advance = measure(c);
        if line_width > 0.0 && line_width + advance > width && !c.is_whitespace() {
            out.push('\n');
            line_width = 0.0;
        }
        out.push(c);
        line_width += advance;
    }
    line_width
}

/// 11/18 12:33, in the time of this PC.
pub fn short_time(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    format!("{}/{} {}:{:02}", at.month(), at.day(), at.hour(), at.minute())
}

/// 11/18 12:33 this year, 2025/12/27 before.
pub fn list_time(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    if local.year() == now.to_zoned(zone.clone()).year() {
        return short_time(at, zone);
    }
    format!("{}/{}/{}", local.year(), local.month(), local.day())
}

/// 11月18日（水）12:33
pub fn long_time(lang: Lang, at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    match lang {
        Lang::Ja => format!(
            "{}月{}日（{}）{}:{:02}",
            local.month(),
            local.day(),
            weekday(lang, local.weekday()),
            local.hour(),
            local.minute()
        ),
        Lang::En => local.strftime("%a %-d %b %-H:%M").to_string(),
    }
}

/// 2026年11月18日（令和8年）水曜日
pub fn today(lang: Lang, at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    match lang {
        Lang::Ja => format!(
            "{}年（令和{}年）{}月{}日（{}）",
            local.year(),
            local.year() - 2018,
            local.month(),
            local.day(),
            weekday(lang, local.weekday())
        ),
        Lang::En => local.strftime("%A, %-d %B %Y").to_string(),
    }
}

/// The first days of the eras, newest first.
const ERAS: [(&str, jiff::civil::Date); 5] = [
    ("令和", jiff::civil::date(2019, 5, 1)),
    ("平成", jiff::civil::date(1989, 1, 8)),
    ("昭和", jiff::civil::date(1926, 12, 25)),
    ("大正", jiff::civil::date(1912, 7, 30)),
    ("明治", jiff::civil::date(1868, 1, 25)),
];

/// 令和8年5月1日, and 令和元年; a date before the eras as it is.
pub fn wareki(date: jiff::civil::Date) -> String {
    let (month, day) = (date.month(), date.day());
    match ERAS.iter().find(|(_, begin)| date >= *begin) {
        Some((era, begin)) => match date.year() - begin.year() + 1 {
            1 => format!("{era}元年{month}月{day}日"),
            year => format!("{era}{year}年{month}月{day}日"),
        },
        None => format!("{}年{month}月{day}日", date.year()),
    }
}

pub fn weekday(lang: Lang, day: jiff::civil::Weekday) -> &'static str {
    use jiff::civil::Weekday::*;
    match day {
        Sunday => lang.t("日", "S"),
        Monday => lang.t("月", "M"),
        Tuesday => lang.t("火", "T"),
        Wednesday => lang.t("水", "W"),
        Thursday => lang.t("木", "T"),
        Friday => lang.t("金", "F"),
        Saturday => lang.t("土", "S"),
    }
}

/// 12 KB
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// 10,000
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direction_marks_are_made_visible_and_long_names_are_cut() {
        assert_eq!(safe_text("abc\u{202e}vsc.exe"), "abc〓vsc.exe");
        assert_eq!(safe_text("改\r\n行"), "改  行");
        assert_eq!(safe_text("葛\u{e0100}城"), "葛城", "a variation selector is dropped, not marked");
        assert_eq!(safe_text("🙂\u{e156}"), "〓〓", "what the font lacks and borrowed icons");
        assert_eq!(safe_text(&"長".repeat(300)).chars().count(), LINE_CHARS + 1);
        assert_eq!(safe_text("髙﨑㈱①Ⅰ〜―"), "髙﨑㈱①Ⅰ〜―");
    }

    #[test]
    fn paragraphs_keep_their_lines() {
        assert_eq!(safe_lines("一\r\n二\n\n三\u{7}"), "一\n二\n\n三〓");
    }

    #[test]
    fn no_line_starts_with_a_forbidden_character() {
        let ctx = egui::Context::default();
        theme::apply(&ctx);
        let text = "いつもお世話になっております。訪問看護ステーション・デイサービスセンター（桜ヶ丘）へ「実績」をお送りしました。\
                    ㈱みどり①②③④⑤１２３４５６７８９０っゃゅょー々";
        let forbidden = "、。，．・：；？！ー々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ）」』】〉》〕";
        let mut broken = Vec::new();
        let mut output = ctx.run_ui(Default::default(), |ui| {
            // From the width of its longest unbreakable piece on.
            for width in (144_u16..=400).step_by(3) {
                let wrapped = wrap_ja(ui, text, &theme::reg(16.0), f32::from(width));
                broken.extend(
                    wrapped.lines().filter(|line| line.starts_with(|c| forbidden.contains(c))).map(str::to_owned),
                );
                assert_eq!(wrapped.replace('\n', ""), text, "no character may be lost");
            }
        });
        output.textures_delta.clear();
        assert_eq!(broken, Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_broken_is_cut_rather_than_running_out_of_the_window() {
        let ctx = egui::Context::default();
        theme::apply(&ctx);
        let mut longest = 0;
        let mut output = ctx.run_ui(Default::default(), |ui| {
            let wrapped = wrap_ja(ui, &"W".repeat(500), &theme::reg(16.0), 200.0);
            longest = wrapped.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        });
        output.textures_delta.clear();
        assert!((5..30).contains(&longest), "{longest} characters in a line of 200 px");
    }

    #[test]
    fn numbers_and_sizes_read_well() {
        assert_eq!([grouped(7), grouped(1_000), grouped(1_234_567)], ["7", "1,000", "1,234,567"]);
        assert_eq!([size(0), size(999), size(1_001), size(12_345_678)], ["0 B", "999 B", "2 KB", "12.3 MB"]);
    }

    #[test]
    fn times_are_of_this_pc_and_not_of_greenwich() {
        let at: Timestamp = "2026-11-18T03:33:00Z".parse().unwrap();
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        assert_eq!(short_time(at, &tokyo), "11/18 12:33");
        assert_eq!(long_time(Lang::Ja, at, &tokyo), "11月18日（水）12:33");
        let next_year: Timestamp = "2027-01-04T00:00:00Z".parse().unwrap();
        assert_eq!(list_time(at, at, &tokyo), "11/18 12:33");
        assert_eq!(list_time(at, next_year, &tokyo), "2026/11/18");
    }
}
