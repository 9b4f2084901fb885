//! Writes laid-out forms as a PDF with the fonts in it, so that it looks alike everywhere.

use egui::{Align, Pos2};
use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};

use super::layout::{Mark, Paper, Sheet, lay_out};
use super::{Form, Ink, Tint, width_of};
use crate::desktop::theme;

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
#[error("the PDF could not be made: {0}")]
pub struct PdfError(String);

/// All of these forms, each beginning on a page of its own. `go_on` is asked before each and may end it: `None` then.
pub fn write(
    forms: impl Iterator<Item = Form>,
    title: &str,
    mut go_on: impl FnMut() -> bool,
) -> Result<Option<Vec<u8>>, PdfError> {
    let broken = |what: &str| PdfError(what.to_owned());
    let font = |data: &'static [u8]| Font::new(data.into(), 0).ok_or_else(|| broken("a font cannot be read"));
    let fonts = Fonts { regular: font(theme::REGULAR_FONT)?, bold: font(theme::BOLD_FONT)? };
    let mut document = Document::new();
    for form in forms {
        if !go_on() {
            return Ok(None);
        }
        for sheet in lay_out(&form, Paper::a4(&form)) {
            let size = PageSettings::from_wh(sheet.width, sheet.height).ok_or_else(|| broken("a page has no size"))?;
            let mut page = document.start_page_with(size);
            let mut surface = page.surface();
            draw(&mut surface, &sheet, &fonts);
            surface.finish();
            page.finish();
        }
    }
    let metadata = Metadata::new().title(title.to_owned()).language("ja".to_owned()).creator("Tayori".to_owned());
    document.set_metadata(metadata);
    document.finish().map(Some).map_err(|error| PdfError(format!("{error:?}")))
}

struct Fonts {
    regular: Font,
    bold: Font,
}

fn draw(surface: &mut Surface<'_>, sheet: &Sheet, fonts: &Fonts) {
    for mark in &sheet.marks {
        match mark {
            Mark::Fill { rect, ink } => {
                let place = Rect::from_xywh(rect.left(), rect.top(), rect.width(), rect.height());
                let mut path = PathBuilder::new();
                let Some(place) = place else { continue };
                path.push_rect(place);
                surface.set_stroke(None);
                surface.set_fill(Some(fill(*ink)));
                if let Some(path) = path.finish() {
                    surface.draw_path(&path);
                }
            }
            Mark::Line { from, to, width, ink } => {
                let mut path = PathBuilder::new();
                path.move_to(from.x, from.y);
                path.line_to(to.x, to.y);
                surface.set_fill(None);
                let paint = color(*ink).into();
                surface.set_stroke(Some(Stroke { paint, width: *width, ..Stroke::default() }));
                if let Some(path) = path.finish() {
                    surface.draw_path(&path);
                }
            }
            Mark::Text { at, align, size, bold, ink, text } => {
                let width = width_of(text, *size, *bold);
                let left = match align {
                    Align::Min => at.x,
                    Align::Center => at.x - width / 2.0,
                    Align::Max => at.x - width,
                };
                write_text(surface, fonts, Pos2::new(left, at.y), (*size, *bold, *ink), text);
            }
            Mark::Picture { rect, picture } => {
                let [width, height] = picture.size;
                let image = Image::from_rgba8(picture.rgba.clone(), width, height);
                let Some(size) = Size::from_wh(rect.width(), rect.height()) else { continue };
                surface.push_transform(&Transform::from_translate(rect.left(), rect.top()));
                surface.draw_image(image, size);
                surface.pop();
            }
        }
    }
}

fn write_text(surface: &mut Surface<'_>, fonts: &Fonts, at: Pos2, (size, bold, ink): (f32, bool, Ink), text: &str) {
    let font = if bold { &fonts.bold } else { &fonts.regular };
    surface.set_stroke(None);
    surface.set_fill(Some(fill(ink)));
    // The middle of a Japanese character lies 0.38 of its size above the base line.
    let base = Point::from_xy(at.x, at.y + size * 0.38);
    surface.draw_text(base, font.clone(), size, text, false, TextDirection::LeftToRight);
}

fn fill(ink: Ink) -> Fill {
    Fill { paint: color(ink).into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}

/// Colours that a printer without colour still tells apart.
fn color(ink: Ink) -> rgb::Color {
    let (red, green, blue) = match ink {
        Ink::Text => (0x1a, 0x1a, 0x1a),
        Ink::Faint => (0x4d, 0x4d, 0x4d),
        Ink::Line => (0x66, 0x66, 0x66),
        Ink::Over => (0xac, 0x3e, 0x00),
        Ink::Entry => (0xe8, 0xf1, 0xfe),
        Ink::Tint(Tint::None) => (0xff, 0xff, 0xff),
        Ink::Tint(Tint::Head) => (0xe6, 0xe6, 0xe6),
        Ink::Tint(Tint::Sum) => (0xf2, 0xf2, 0xf2),
        Ink::Tint(Tint::Saturday) => (0xe8, 0xf1, 0xfe),
        Ink::Tint(Tint::Sunday) => (0xfd, 0xee, 0xee),
        Ink::Tint(Tint::Over) => (0xff, 0xee, 0xe2),
    };
    rgb::Color::new(red, green, blue)
}
