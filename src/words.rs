//! Every text a user reads, Japanese first and English beside it.
//!
//! A text is a function named after what it says; [`texts!`](crate::texts) makes a missing language a compile error. The files
//! below hold one subject each, so that a translator reads a page and not the program.

pub mod board;
pub mod desks;
pub mod diagnosis;
pub mod failure;
pub mod habits;
pub mod handling;
pub mod mail;
pub mod notices;
pub mod opening;
pub mod outside;
pub mod partners;
pub mod progress;
pub mod record;
pub mod relay;
pub mod release;
pub mod search;
pub mod statement;
pub mod stored;
pub mod window;

/// The language of the window and the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    #[default]
    Ja,
    En,
}

impl Lang {
    /// Picks the text of this language.
    pub fn t<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        match self {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }
}

/// Writes a page of fixed texts: `texts! { inbox: "受信", "Inbox"; }` makes `fn inbox(lang) -> &'static str`.
#[macro_export]
macro_rules! texts {
    ($($name:ident: $ja:literal, $en:literal;)*) => {
        $(pub fn $name(lang: $crate::words::Lang) -> &'static str { lang.t($ja, $en) })*
    };
}
