//! Forms as blocks, laid out once for the screen and for A4: grids of cells that break over pages, a week, pictures.
//!
//! A form knows no size. [`layout::lay_out`] gives it the width of a pane or of a sheet of paper and makes marks
//! (fills, lines, texts) of it; `screen` draws the marks with egui, `pdf` writes them with krilla. So what is printed is
//! what was seen.

pub mod layout;
pub mod pdf;
pub mod register;
pub mod screen;

use std::sync::{Arc, LazyLock};

use skrifa::MetadataProvider as _;
use skrifa::instance::{LocationRef, Size};

use super::theme;

/// One form of one person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// 第1表; empty for forms without a number.
    pub number: &'static str,
    pub name: String,
    /// What stands at the right of the title.
    pub note: String,
    /// Whether paper lies on its long side.
    pub wide: bool,
    /// Below this many characters' width it is not squeezed further.
    pub least_chars: f32,
    pub blocks: Vec<Block>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    Grid(Grid),
    Week(Vec<WeekEntry>),
    Picture(Arc<Picture>),
    /// A heading between two grids.
    Heading(String),
    /// Small print below something.
    Remark(String),
}

/// Rows of cells over columns of relative widths.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    pub columns: Vec<f32>,
    /// So many rows are said again on each page.
    pub head: usize,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    pub text: String,
    pub kind: CellKind,
    pub tint: Tint,
    pub span: usize,
    /// Goes on with the cell above: no line between them, one text.
    pub joined: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellKind {
    #[default]
    Text,
    /// What the form prints: the name of what stands beside or below.
    Head,
    /// One line in the middle, made smaller where it does not fit.
    Center,
    /// The same at the right.
    Number,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tint {
    #[default]
    None,
    Head,
    Sum,
    Saturday,
    Sunday,
    /// Over a limit, or a difference: never by colour alone, the text says it too.
    Over,
}

/// One entry of 第3表.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeekEntry {
    /// 0 is Monday; 7 the column of daily life.
    pub column: usize,
    /// Minutes from midnight.
    pub from: u16,
    pub until: u16,
    pub text: String,
}

/// A picture that can be drawn.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub name: String,
    pub size: [u32; 2],
    /// Four bytes a pixel.
    pub rgba: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Cell {
    fn of(kind: CellKind, text: impl Into<String>) -> Self {
        let tint = if kind == CellKind::Head { Tint::Head } else { Tint::None };
        Self { text: text.into(), kind, tint, span: 1, joined: false }
    }
    pub fn text(text: impl Into<String>) -> Self {
        Self::of(CellKind::Text, text)
    }
    pub fn head(text: impl Into<String>) -> Self {
        Self::of(CellKind::Head, text)
    }
    pub fn center(text: impl Into<String>) -> Self {
        Self::of(CellKind::Center, text)
    }
    pub fn number(text: impl Into<String>) -> Self {
        Self::of(CellKind::Number, text)
    }
    #[must_use]
    pub fn span(mut self, columns: usize) -> Self {
        self.span = columns;
        self
    }
    #[must_use]
    pub fn tint(mut self, tint: Tint) -> Self {
        self.tint = tint;
        self
    }
    #[must_use]
    pub fn joined_if(mut self, joined: bool) -> Self {
        self.joined = joined;
        self
    }
}

/// What ink a mark is drawn with; screen and paper have their own colours for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Text,
    /// Names of fields, remarks.
    Faint,
    Line,
    Tint(Tint),
    /// A text over a limit.
    Over,
    Entry,
}

static FACES: LazyLock<[Option<skrifa::FontRef<'static>>; 2]> =
    LazyLock::new(|| [theme::REGULAR_FONT, theme::BOLD_FONT].map(|data| skrifa::FontRef::new(data).ok()));

/// The width of a character of size 1. Characters we cannot draw were replaced before.
pub(super) fn advance(c: char, bold: bool) -> f32 {
    let [regular, heavy] = &*FACES;
    let Some(face) = (if bold { heavy } else { regular }) else { return 1.0 };
    let glyph = face.charmap().map(c);
    let metrics = face.glyph_metrics(Size::new(1.0), LocationRef::default());
    glyph.and_then(|glyph| metrics.advance_width(glyph)).unwrap_or(1.0)
}

pub(super) fn width_of(text: &str, size: f32, bold: bool) -> f32 {
    text.chars().map(|c| advance(c, bold)).sum::<f32>() * size
}
