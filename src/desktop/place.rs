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
    /// Nobody has put it anywhere yet.
    is_new: bool,
    keep: Option<Box<dyn Fn(Place)>>,
    looks: u8,
}

/// After so many looks the system has put the window where it wants it.
const SETTLED: u8 = 10;
/// What the system keeps of a screen's height for itself.
const TASK_BAR: f32 = 48.0;
/// Where everybody has a screen.
const VISIBLE: egui::Pos2 = egui::pos2(40.0, 40.0);

impl Placing {
    pub fn new(now: Option<Place>, keep: Option<Box<dyn Fn(Place)>>) -> Self {
        Self { now, is_new: now.is_none(), keep, looks: 0 }
    }

    pub fn look(&mut self, ctx: &Context) {
        self.looks = self.looks.saturating_add(1);
        let zoom = ctx.zoom_factor();
        let (seen, screen, closes) = ctx.input(|input| {
            let viewport = input.viewport();
            let seen = viewport.outer_rect.zip(viewport.inner_rect).filter(|_| viewport.minimized != Some(true));
            let maximized = viewport.maximized == Some(true);
            (seen.map(|seen| (seen, maximized)), viewport.monitor_size, viewport.close_requested())
        });
        if self.looks == SETTLED
            && let Some(((outer, _), _)) = seen
        {
            match screen {
                // The screen it stood on is not there any more.
                None => ctx.send_viewport_cmd(ViewportCommand::OuterPosition(VISIBLE)),
                // A small screen: the task bar would cover its foot.
                Some(screen) if self.is_new && outer.height() > screen.y - TASK_BAR / zoom => {
                    ctx.send_viewport_cmd(ViewportCommand::Maximized(true));
                }
                Some(_) => {}
            }
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
        if closes && let (Some(place), Some(keep)) = (self.now, &self.keep) {
            keep(place);
        }
    }
}
