//! 定型文: messages an office writes every month, with fields that are filled in when one is taken.

use serde::{Deserialize, Serialize};

/// One text and what it is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub name: String,
    pub text: String,
}

/// What stands in for a field. Empty ones are left out of the text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields<'a> {
    /// 2026年11月: the month of the files, or this one.
    pub month: &'a str,
    /// Our office.
    pub office: &'a str,
    pub receiver: &'a str,
}

/// The fields as they are written in a text.
pub const MONTH: &str = "{年月}";
pub const OFFICE: &str = "{事業所名}";
pub const RECEIVER: &str = "{相手の名前}";
pub const FIELDS: [&str; 3] = [MONTH, OFFICE, RECEIVER];

/// The text for one receiver. What is in braces and no field stays as it is.
pub fn fill(text: &str, fields: &Fields<'_>) -> String {
    // In one pass: what is filled in is never taken for a field.
    let values = [(MONTH, fields.month), (OFFICE, fields.office), (RECEIVER, fields.receiver)];
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let field = values.iter().find_map(|(field, value)| {
            field.strip_prefix('{').and_then(|field| after.strip_prefix(field)).map(|after| (value, after))
        });
        match field {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

/// What an office begins with.
pub fn starters() -> Vec<Template> {
    [
        ("予定を送るとき", "いつもお世話になっております。\n{年月}分の予定をお送りします。ご確認をお願いいたします。"),
        ("実績を送るとき", "いつもお世話になっております。\n{年月}分の実績をお送りします。よろしくお願いいたします。"),
        (
            "直したものを送るとき",
            "いつもお世話になっております。\n先にお送りした{年月}分に誤りがありましたので、直したものをお送りします。差し替えをお願いいたします。",
        ),
    ]
    .map(|(name, text)| Template { name: name.into(), text: text.into() })
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_once_and_nothing_else_is_touched() {
        let text = "{相手の名前}様 {年月}分 {x} {年月 {事業所名}";
        let fields = Fields { month: "2026年11月", office: "さくら", receiver: "{事業所名}" };
        assert_eq!(fill(text, &fields), "{事業所名}様 2026年11月分 {x} {年月 さくら");
    }

    #[test]
    fn the_starters_use_no_unknown_field() {
        for template in starters() {
            let filled = fill(&template.text, &Fields { month: "あ", office: "い", receiver: "う" });
            assert!(!filled.contains('{'), "{filled}");
        }
    }
}
