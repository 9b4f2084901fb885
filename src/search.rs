//! What texts are searched by: folded so that nobody has to remember how something was written, and cut into pieces that an
//! index can find a part of a name by.
//!
//! Japanese has no spaces, so a run of its characters is indexed as every two that stand together and, so that a last one
//! can be found by itself, the last one: 山田花子 is 山田, 田花, 花子, 子. Two characters of a name are one piece, more of them
//! are pieces that follow each other. Runs of Latin letters and digits are pieces as they are, found by their beginning.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;

/// A number or a Latin word longer than this is cut.
const LONGEST_WORD: usize = 64;
/// More words than this, or longer ones, nobody types.
const MOST_WORDS: usize = 8;

/// Folds what people do not tell apart when they search: width, case, かな and カナ, older forms of a character, spaces.
pub fn key(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).flat_map(folded).collect()
}

/// The pieces a text is found by, with spaces between.
pub fn pieces(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for run in runs(text) {
        run.pieces(true, |piece| {
            out.extend(piece);
            out.push(' ');
        });
    }
    out
}

/// What has to stand in the index for each word that was typed: pieces that follow each other, in quotes, the last of which may
/// be only the beginning of one.
pub fn phrases(typed: &str) -> Vec<String> {
    typed.split_whitespace().filter_map(phrase).take(MOST_WORDS).collect()
}

fn phrase(word: &str) -> Option<String> {
    let runs: Vec<Run> = runs(word).collect();
    let (last, before) = runs.split_last()?;
    let mut phrase = String::from("\"");
    let mut push = |piece: &[char]| {
        phrase.extend(piece);
        phrase.push(' ');
    };
    before.iter().for_each(|run| run.pieces(true, &mut push));
    last.pieces(false, &mut push);
    phrase.truncate(phrase.trim_end().len());
    phrase.push('"');
    if last.is_begun() {
        phrase.push('*');
    }
    Some(phrase)
}

/// Characters that belong together.
enum Run {
    /// Latin letters and digits.
    Word(Vec<char>),
    Japanese(Vec<char>),
}

impl Run {
    /// `whole`: the run ends here, and is not merely what somebody typed so far.
    fn pieces(&self, whole: bool, mut each: impl FnMut(&[char])) {
        match self {
            Run::Word(word) => each(word.get(..LONGEST_WORD).unwrap_or(word)),
            Run::Japanese(chars) => {
                chars.windows(2).for_each(&mut each);
                if let [last] | [.., last] = chars.as_slice()
                    && (whole || chars.len() == 1)
                {
                    each(&[*last]);
                }
            }
        }
    }

    /// Whether its last piece may go on.
    fn is_begun(&self) -> bool {
        match self {
            Run::Word(_) => true,
            Run::Japanese(chars) => chars.len() == 1,
        }
    }
}

fn runs(text: &str) -> impl Iterator<Item = Run> {
    let mut chars = text.nfkc().filter(|c| !is_silent(*c)).flat_map(folded).peekable();
    std::iter::from_fn(move || {
        while chars.next_if(|c| !c.is_alphanumeric()).is_some() {}
        let is_latin = chars.peek()?.is_ascii();
        let mut run = Vec::new();
        while let Some(c) = chars.next_if(|c| c.is_alphanumeric() && c.is_ascii() == is_latin) {
            run.push(c);
        }
        Some(if is_latin { Run::Word(run) } else { Run::Japanese(run) })
    })
}

/// Marks that choose a form of the character before, or have no width: they part nothing.
fn is_silent(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn folded(c: char) -> impl Iterator<Item = char> {
    let c = match c {
        'ぁ'..='ゖ' => u32::from(c).checked_add(0x60).and_then(char::from_u32).unwrap_or(c),
        c => NEWER.get(&c).copied().unwrap_or(c),
    };
    c.to_lowercase()
}

/// The form in use for each older one.
static NEWER: LazyLock<HashMap<char, char>> =
    LazyLock::new(|| FORMS.iter().flat_map(|(newer, older)| older.chars().map(|older| (older, *newer))).collect());

/// Characters of names that are written in several forms, which few people can tell by heart of each person.
const FORMS: &[(char, &str)] = &[
    ('高', "髙"),
    ('崎', "﨑嵜"),
    ('斉', "齊"),
    ('斎', "齋"),
    ('辺', "邊邉"),
    ('浜', "濱濵"),
    ('沢', "澤"),
    ('広', "廣"),
    ('国', "國"),
    ('桜', "櫻"),
    ('真', "眞"),
    ('恵', "惠"),
    ('島', "嶋嶌"),
    ('富', "冨"),
    ('瀬', "瀨"),
    ('徳', "德"),
    ('曽', "曾"),
    ('滝', "瀧"),
    ('竜', "龍"),
    ('寿', "壽"),
    ('栄', "榮"),
    ('実', "實"),
    ('静', "靜"),
    ('関', "關"),
    ('黒', "黑"),
    ('桑', "桒"),
    ('吉', "𠮷"),
    ('亀', "龜"),
    ('学', "學"),
    ('緑', "綠"),
    ('槙', "槇"),
    ('薮', "藪"),
    ('桧', "檜"),
    ('蔵', "藏"),
    ('条', "條"),
    ('豊', "豐"),
    ('会', "會"),
    ('ケ', "ヶ"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobody_has_to_remember_width_case_kana_or_the_older_form() {
        for (typed, name) in [
            ("ｱｵｿﾞﾗ", "アオゾラ訪問介護"),
            ("あおぞら", "アオゾラ訪問介護"),
            ("ｃａｒｅ", "Care 桜"),
            ("care桜", "ＣＡＲＥ　桜"),
            ("ﾊﾟｰﾙ", "パール薬局"),
            ("３１７", "3170000010"),
            ("高崎", "髙﨑会"),
            ("渡辺", "渡邊 義男"),
            ("桜ケ丘", "桜ヶ丘"),
        ] {
            assert!(key(name).contains(&key(typed)), "{typed} does not find {name}");
        }
        assert!(!key("ひまわり").contains(&key("あおぞら")));
    }

    #[test]
    fn a_name_is_found_by_any_two_of_its_characters_that_stand_together() {
        assert_eq!(pieces("山田　花子"), "山田 田 花子 子 ");
        assert_eq!(pieces("山田花子"), "山田 田花 花子 子 ");
        assert_eq!(pieces("北棟A-12号"), "北棟 棟 a 12 号 ");
        assert_eq!(pieces("葛\u{e0100}城"), "葛城 城 ", "a mark that chooses a form parts nothing");
        assert_eq!(phrases("やまだ 花"), ["\"ヤマ マダ\"", "\"花\"*"]);
        assert_eq!(phrases("田花子"), ["\"田花 花子\""]);
        assert_eq!(phrases("31910"), ["\"31910\"*"]);
        assert_eq!(phrases("棟A"), ["\"棟 a\"*"]);
        assert_eq!(phrases(" 　\"*(- "), Vec::<String>::new());
    }

    #[test]
    fn no_form_is_both_older_and_newer() {
        let older: Vec<char> = FORMS.iter().flat_map(|(_, older)| older.chars()).collect();
        assert!(FORMS.iter().all(|(newer, _)| !older.contains(newer)));
        assert!(older.iter().all(|older| older.nfkc().eq([*older])), "what NFKC folds never comes as far as here");
    }

    proptest! {
        /// Whatever part of a text is typed, its pieces follow each other in the text's pieces.
        #[test]
        fn a_part_of_a_run_is_found(text in "[山田花子ヤマダａ-ｃ0-9]{2,12}", from in 0_usize..10, len in 2_usize..6) {
            let part: String = text.chars().skip(from).take(len).collect();
            let same_kind = |latin: bool| part.nfkc().all(|c| c.is_ascii() == latin);
            // A Latin word is found by its beginning only.
            prop_assume!(part.chars().count() >= 2 && same_kind(false));
            let indexed = format!(" {}", pieces(&text));
            let phrase = phrases(&part).remove(0);
            let wanted = format!(" {} ", phrase.trim_matches(['"', '*']));
            prop_assert!(indexed.contains(&wanted), "{wanted} in {indexed}");
        }

        #[test]
        fn whatever_is_typed_makes_phrases_of_letters_and_spaces_in_quotes(typed in any::<String>()) {
            for phrase in phrases(&typed) {
                let inside = phrase.strip_prefix('"').unwrap().trim_end_matches('*').strip_suffix('"').unwrap();
                prop_assert!(!inside.is_empty() && inside.chars().all(|c| c == ' ' || c.is_alphanumeric()), "{phrase}");
            }
        }
    }
}
