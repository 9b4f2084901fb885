//! The colours and sizes everything is drawn with: a subset of @digital-go-jp/design-tokens 1.1.9 (MIT), and the same
//! steps for a dark window and for one of high contrast.
//!
//! A name says the step of the light palette; the others keep what it is for, and turn light and dark around. Which
//! palette is in force is known to the thread that draws: there is one window, and each drawing begins with
//! [`use_palette`].

use std::cell::Cell;

use egui::Color32;

/// How light the window is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Appearance {
    #[default]
    Light,
    Dark,
    Contrast,
}

impl Appearance {
    pub const ALL: [Appearance; 3] = [Appearance::Light, Appearance::Dark, Appearance::Contrast];
}

thread_local! {
    static IN_FORCE: Cell<Appearance> = const { Cell::new(Appearance::Light) };
}

/// What is drawn from now on, by this thread, is drawn in these colours.
pub fn use_palette(appearance: Appearance) {
    IN_FORCE.set(appearance);
}

pub fn palette() -> Appearance {
    IN_FORCE.get()
}

const fn c(v: u32) -> Color32 {
    Color32::from_rgb((v >> 16) as u8, (v >> 8) as u8, v as u8)
}

macro_rules! colors {
    ($($(#[$doc:meta])* $name:ident: $light:literal, $dark:literal, $contrast:literal;)*) => {
        $($(#[$doc])*
        pub fn $name() -> Color32 {
            match palette() {
                Appearance::Light => c($light),
                Appearance::Dark => c($dark),
                Appearance::Contrast => c($contrast),
            }
        })*
    };
}

colors! {
    /// What cards and fields are filled with, and what is written on a filled button.
    white: 0xffffff, 0x1c2028, 0x000000;
    /// The text cursor, and the ring outside.
    black: 0x000000, 0xffffff, 0xffffff;
    blue_50: 0xe8f1fe, 0x1d2a44, 0x00204d;
    blue_100: 0xd9e6ff, 0x233761, 0x003380;
    blue_200: 0xc5d7fb, 0x2c4680, 0x0040a0;
    blue_300: 0x9db7f9, 0x3d5ca3, 0x0055cc;
    blue_700: 0x264af4, 0x86a7ff, 0x66e0ff;
    blue_800: 0x0031d8, 0x95b2ff, 0x66e0ff;
    /// Solid buttons, links.
    blue_900: 0x0017c1, 0x9fb9ff, 0x66e0ff;
    /// The same under the pointer.
    blue_1000: 0x00118f, 0xb9ccff, 0x99ecff;
    /// The same pressed.
    blue_1200: 0x000060, 0xd5e0ff, 0xccf5ff;
    gray_50: 0xf2f2f2, 0x262b34, 0x1a1a1a;
    gray_100: 0xe6e6e6, 0x2e3440, 0x333333;
    gray_300: 0xb3b3b3, 0x4b5362, 0xb0b0b0;
    /// 3:1 on a card.
    gray_420: 0x949494, 0x7b8494, 0xffffff;
    /// 4.5:1 on a card.
    gray_536: 0x767676, 0x949cab, 0xffffff;
    /// Edges of fields.
    gray_600: 0x666666, 0xa3abb9, 0xffffff;
    gray_700: 0x4d4d4d, 0xbcc3ce, 0xffffff;
    /// Text.
    gray_800: 0x333333, 0xdde1e8, 0xffffff;
    gray_900: 0x1a1a1a, 0xf2f4f7, 0xffffff;
    green_50: 0xe6f5ec, 0x14301f, 0x003310;
    /// Done.
    green_800: 0x197a4b, 0x5bc48c, 0x66ff99;
    green_900: 0x115a36, 0x7ad6a4, 0x66ff99;
    red_50: 0xfdeeee, 0x3d1a1c, 0x400000;
    red_900: 0xce0000, 0xff9a94, 0xff9a9a;
    yellow_50: 0xfbf5e0, 0x332b10, 0x332b00;
    /// The focus ring, inner.
    yellow_300: 0xffd43d, 0xffd43d, 0xffd43d;
    yellow_900: 0x927200, 0xd9b640, 0xffe14d;
    yellow_1000: 0x806300, 0xe6c658, 0xffe14d;
    orange_50: 0xffeee2, 0x3a2413, 0x402000;
    orange_900: 0xac3e00, 0xffab78, 0xffb366;
    /// Behind the cards.
    app_bg: 0xf4f6fa, 0x12151a, 0x000000;
    /// Edges of cards.
    hairline: 0xd5dae3, 0x39404d, 0xffffff;
    /// Every second row of a list.
    row_tint: 0xf8f9fb, 0x20252e, 0x000000;
    /// A toast that says what went wrong.
    red_dark: 0x8b0000, 0xffb4ae, 0xffb4ae;
}

pub const R4: u8 = 4;
pub const R8: u8 = 8;
pub const R12: u8 = 12;
/// Smallest thing a finger or a shaky mouse has to hit.
pub const TARGET: f32 = 44.0;
/// Where less height than this is left, all of it goes to the words.
pub const LOW: f32 = 160.0;

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2: how much two colours differ, 1 to 21.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let light = |color: Color32| {
            let linear = |part: u8| {
                let part = f32::from(part) / 255.0;
                if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
        };
        let (a, b) = (light(a) + 0.05, light(b) + 0.05);
        if a > b { a / b } else { b / a }
    }

    #[test]
    fn every_text_can_be_read_on_what_it_stands_on() {
        for appearance in Appearance::ALL {
            use_palette(appearance);
            let least = if appearance == Appearance::Contrast { 7.0 } else { 4.5 };
            let surfaces = [("card", white()), ("app", app_bg()), ("row", row_tint()), ("grey", gray_50())];
            for (name, surface) in surfaces {
                for (what, color) in [
                    ("text", gray_900()),
                    ("body", gray_800()),
                    ("faint", gray_700()),
                    ("link", blue_900()),
                    ("bad", red_900()),
                    ("look", yellow_1000()),
                    ("good", green_900()),
                ] {
                    let found = contrast(surface, color);
                    assert!(found >= least, "{appearance:?}: {what} on {name} is {found}");
                }
            }
            for (what, below, above) in [
                ("primary", blue_900(), white()),
                ("primary hot", blue_1000(), white()),
                ("bad toast", red_dark(), white()),
                ("toast", gray_900(), white()),
                ("badge", red_900(), white()),
                ("bad chip", red_50(), red_900()),
                ("look chip", yellow_50(), yellow_1000()),
                ("good chip", green_50(), green_900()),
                ("blue chip", blue_50(), blue_800()),
                ("over", orange_50(), orange_900()),
                ("selected", blue_100(), blue_1000()),
                ("head", gray_100(), gray_900()),
                ("hot", blue_200(), blue_1000()),
            ] {
                let found = contrast(below, above);
                assert!(found >= 4.5, "{appearance:?}: {what} is {found}");
            }
        }
        use_palette(Appearance::Light);
    }
}
