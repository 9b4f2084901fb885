//! The icon beside the clock: how many parcels nobody has opened, and the way back to the window.

use tray_icon::menu::{Menu, MenuEvent, MenuItem};
use tray_icon::{Icon, MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};

use crate::words::{Lang, notices};

const SIZE: u32 = 32;
/// 便箋: paper, its edge, and the seal of something new.
const PAPER: [u8; 4] = [0xff, 0xff, 0xff, 0xff];
const INK: [u8; 4] = [0x1f, 0x4e, 0x79, 0xff];
const SEAL: [u8; 4] = [0xc6, 0x28, 0x28, 0xff];

/// What somebody asked of the icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrayAsk {
    Open,
    Quit,
}

/// The icon, as long as this lives. On Windows and macOS it belongs on the thread of the window.
pub struct Tray {
    icon: TrayIcon,
    lang: Lang,
    unread: Option<usize>,
}

impl std::fmt::Debug for Tray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tray").field("unread", &self.unread).finish_non_exhaustive()
    }
}

/// Why there is no icon.
#[derive(Debug, thiserror::Error)]
#[error("the system shows no icon: {0}")]
pub struct TrayError(String);

impl Tray {
    /// Shows the icon. `asked` is called, on any thread, when somebody clicks it or its menu.
    pub fn show(lang: Lang, asked: impl Fn(TrayAsk) + Clone + Send + Sync + 'static) -> Result<Self, TrayError> {
        let failed = |error: &dyn std::fmt::Display| TrayError(error.to_string());
        let menu = Menu::new();
        let (open, quit) =
            (MenuItem::new(notices::open(lang), true, None), MenuItem::new(notices::quit(lang), true, None));
        menu.append_items(&[&open, &quit]).map_err(|error| failed(&error))?;
        let icon = TrayIconBuilder::new()
            .with_menu(Box::new(menu))
            .with_menu_on_left_click(false)
            .with_title(notices::tray(lang, 0))
            .with_tooltip(notices::tray(lang, 0))
            .with_icon(picture(0).map_err(|error| failed(&error))?)
            .build()
            .map_err(|error| failed(&error))?;
        let (open, quit) = (open.into_id(), quit.into_id());
        let click = asked.clone();
        MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
            if event.id == open {
                asked(TrayAsk::Open);
            } else if event.id == quit {
                asked(TrayAsk::Quit);
            }
        }));
        TrayIconEvent::set_event_handler(Some(move |event: TrayIconEvent| {
            if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
                click(TrayAsk::Open);
            }
        }));
        Ok(Self { icon, lang, unread: None })
    }

    /// Shows how many parcels nobody has opened.
    pub fn set_unread(&mut self, unread: usize) {
        if self.unread == Some(unread) {
            return;
        }
        self.unread = Some(unread);
        let text = notices::tray(self.lang, unread);
        self.icon.set_title(Some(&text));
        let shown = self.icon.set_tooltip(Some(&text));
        if let Err(error) = shown {
            tracing::warn!(%error, "the icon's number is not shown");
        }
        if let Ok(icon) = picture(unread)
            && let Err(error) = self.icon.set_icon(Some(icon))
        {
            tracing::warn!(%error, "the icon is not changed");
        }
    }
}

fn picture(unread: usize) -> Result<Icon, tray_icon::BadIcon> {
    Icon::from_rgba(pixels(unread), SIZE, SIZE)
}

/// An envelope, with the number on a seal when there is one.
fn pixels(unread: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity((SIZE * SIZE * 4) as usize);
    let digits = digits(unread);
    for y in 0..SIZE {
        for x in 0..SIZE {
            let pixel = seal(&digits, x, y).unwrap_or_else(|| envelope(x, y));
            pixels.extend(pixel);
        }
    }
    pixels
}

fn envelope(x: u32, y: u32) -> [u8; 4] {
    let (left, right, top, bottom) = (1, SIZE - 2, 6, SIZE - 7);
    let inside = (left..=right).contains(&x) && (top..=bottom).contains(&y);
    let edge = x <= left + 1 || x >= right - 1 || y <= top + 1 || y >= bottom - 1;
    // The flap: two lines that meet in the middle.
    let fold = (y - top.min(y)).abs_diff(x.min(SIZE - 1 - x)) <= 1 && y < SIZE / 2 + 3;
    match (inside, edge || fold) {
        (false, _) => [0; 4],
        (true, true) => INK,
        (true, false) => PAPER,
    }
}

/// 5 rows of 3 for each digit, as bits.
const GLYPHS: [u16; 11] = [
    0b111_101_101_101_111,
    0b010_110_010_010_111,
    0b111_001_111_100_111,
    0b111_001_111_001_111,
    0b101_101_111_001_001,
    0b111_100_111_001_111,
    0b111_100_111_101_111,
    0b111_001_010_010_010,
    0b111_101_111_101_111,
    0b111_101_111_001_111,
    0b000_010_111_010_000, // more than nine
];

/// What the seal says: a number up to nine, or 9+.
fn digits(unread: usize) -> Vec<u16> {
    let glyph = |digit: usize| GLYPHS.get(digit).copied().unwrap_or_default();
    match unread {
        0 => Vec::new(),
        1..=9 => vec![glyph(unread)],
        _ => vec![glyph(9), glyph(10)],
    }
}

fn seal(digits: &[u16], x: u32, y: u32) -> Option<[u8; 4]> {
    const DOT: u32 = 3;
    let width = u32::try_from(digits.len()).ok().filter(|width| *width > 0)? * 4 * DOT;
    let (left, top, height) = (SIZE - width - 2, SIZE - 5 * DOT - 4, 5 * DOT + 4);
    let (dx, dy) = (x.checked_sub(left)?, y.checked_sub(top)?);
    if dx >= width + 2 || dy >= height {
        return None;
    }
    let lit = || {
        let (column, row) = (dx.checked_sub(DOT / 2 + 1)? / DOT, dy.checked_sub(2)? / DOT);
        let digit = digits.get((column / 4) as usize)?;
        let bit = (row < 5 && column % 4 < 3).then(|| 14 - (row * 3 + column % 4))?;
        (digit >> bit & 1 == 1).then_some(())
    };
    Some(if lit().is_some() { PAPER } else { SEAL })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_says_how_many_and_stays_in_its_frame() {
        let pictures: Vec<Vec<u8>> = [0, 1, 2, 9, 10, 4_000].map(pixels).into();
        for picture in &pictures {
            assert_eq!(picture.len(), (SIZE * SIZE * 4) as usize);
        }
        assert!(!pictures[0].chunks(4).any(|pixel| pixel == SEAL), "nothing new, no seal");
        assert!(pictures[1].chunks(4).any(|pixel| pixel == SEAL));
        let mut different = pictures.clone();
        different.dedup();
        assert_eq!(different.len(), 5, "ten and four thousand look alike, the others do not");
    }
}
