//! Where the window stands and how large it is, for the next start.

use egui::{Context, ViewportCommand};

/// In points of the screen, whatever the size of the text.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    pub at: [f32; 2],
    pub size: [f32; 2],
    pub maximized: bool,
}

/// Looks where the window is, and tells it when it is closed.
pub(super) struct Placing {
    now: Option<Place>,
    keep: Box<dyn Fn(Place)>,
    looks: u8,
}

/// After so many looks the system has put the window where it wants it.
const SETTLED: u8 = 10;
/// Where everybody has a screen.
const VISIBLE: egui::Pos2 = egui::pos2(40.0, 40.0);

impl Placing {
    pub fn new(now: Option<Place>, keep: Box<dyn Fn(Place)>) -> Self {
        Self { now, keep, looks: 0 }
    }

    pub fn look(&mut self, ctx: &Context) {
        self.looks = self.looks.saturating_add(1);
        let zoom = ctx.zoom_factor();
        let (seen, on_a_screen, closes) = ctx.input(|input| {
            let viewport = input.viewport();
            let seen = viewport.outer_rect.zip(viewport.inner_rect).filter(|_| viewport.minimized != Some(true));
            let maximized = viewport.maximized == Some(true);
            (seen.map(|seen| (seen, maximized)), viewport.monitor_size.is_some(), viewport.close_requested())
        });
        // The screen it stood on is not there any more.
        if self.looks == SETTLED && seen.is_some() && !on_a_screen {
            ctx.send_viewport_cmd(ViewportCommand::OuterPosition(VISIBLE));
        }
        if let Some(((outer, inner), maximized)) = seen {
            self.now = Some(match self.now {
                // What it goes back to is the size before.
                Some(before) if maximized => Place { maximized, ..before },
                _ => {
                    let (at, size) = (outer.min * zoom, inner.size() * zoom);
                    Place { at: at.into(), size: size.into(), maximized }
                }
            });
        }
        if closes && let Some(place) = self.now {
            (self.keep)(place);
        }
    }
}
