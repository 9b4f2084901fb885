//! The colours and sizes everything is drawn with: a subset of @digital-go-jp/design-tokens 1.1.9 (MIT).

use egui::Color32;
const fn c(v: u32) -> Color32 {
    Color32::from_rgb((v >> 16) as u8, (v >> 8) as u8, v as u8)
}
pub const WHITE: Color32 = c(0xffffff);
pub const BLACK: Color32 = c(0x000000);
pub const BLUE_50: Color32 = c(0xe8f1fe);
pub const BLUE_100: Color32 = c(0xd9e6ff);
pub const BLUE_200: Color32 = c(0xc5d7fb);
pub const BLUE_300: Color32 = c(0x9db7f9);
pub const BLUE_700: Color32 = c(0x264af4);
pub const BLUE_800: Color32 = c(0x0031d8);
pub const BLUE_900: Color32 = c(0x0017c1); // solid button, links
pub const BLUE_1000: Color32 = c(0x00118f); // hover
pub const BLUE_1200: Color32 = c(0x000060); // pressed
pub const GRAY_50: Color32 = c(0xf2f2f2);
pub const GRAY_100: Color32 = c(0xe6e6e6);
pub const GRAY_300: Color32 = c(0xb3b3b3);
pub const GRAY_420: Color32 = c(0x949494); // 3:1 on white
pub const GRAY_536: Color32 = c(0x767676); // 4.5:1 on white
pub const GRAY_600: Color32 = c(0x666666); // input border
pub const GRAY_700: Color32 = c(0x4d4d4d);
pub const GRAY_800: Color32 = c(0x333333); // body text
pub const GRAY_900: Color32 = c(0x1a1a1a);
pub const GREEN_50: Color32 = c(0xe6f5ec);
pub const GREEN_800: Color32 = c(0x197a4b); // success-2
pub const GREEN_900: Color32 = c(0x115a36);
pub const RED_50: Color32 = c(0xfdeeee);
pub const RED_900: Color32 = c(0xce0000); // error-2
pub const YELLOW_50: Color32 = c(0xfbf5e0);
pub const YELLOW_300: Color32 = c(0xffd43d); // focus ring, inner
pub const YELLOW_900: Color32 = c(0x927200); // warning-yellow-2
pub const YELLOW_1000: Color32 = c(0x806300);
pub const ORANGE_50: Color32 = c(0xffeee2);
pub const ORANGE_900: Color32 = c(0xac3e00);

/// Warm-neutral app background so that white cards stand out.
pub const APP_BG: Color32 = c(0xf4f6fa);
pub const HAIRLINE: Color32 = c(0xd5dae3);

pub const R4: u8 = 4;
pub const R8: u8 = 8;
pub const R12: u8 = 12;
/// Smallest thing a finger or a shaky mouse has to hit.
pub const TARGET: f32 = 44.0;

/// Every second row of a list.
pub const ROW_TINT: Color32 = c(0xf8f9fb);
/// A toast that says what went wrong; white text on it has 8:1.
pub const RED_DARK: Color32 = c(0x8b0000);
