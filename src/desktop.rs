//! The window: draws what the engine tells, asks for what the user wants.
//!
//! It opens no file and no connection itself. [`App`] drains the engine's events into a [`Model`]; screens read the
//! model and return an [`Action`]; `App::apply` is the only door, and nothing in it waits.

mod app;
mod chrome;
mod desk;
mod forms;
mod icons;
mod model;
mod nav;
pub(crate) mod paper;
mod place;
mod preview;
mod printing;
mod screens;
mod text;
mod theme;
mod tokens;
mod undo;
mod widgets;

pub use app::{Action, App, Page};
pub use desk::{Choice, Chosen, Desk, FolderSlot, Tell};
pub use forms::FormKind;
pub use model::{Look, Model, TextSize};
pub use paper::Picture;
pub use place::Place;
pub use preview::{Preview, PreviewKind};
pub use printing::{Job, Target};
pub use tokens::Appearance;

use crate::engine::Engine;
use crate::notice::Attention;
use crate::words::window as w;

/// The window could not be opened or broke down.
#[derive(Debug, thiserror::Error)]
#[error("the window could not be opened: {0}")]
pub struct WindowError(String);

/// How the window starts.
#[derive(Default)]
pub struct Options {
    pub look: Look,
    /// Told whenever the user changes the look, so that the next start begins with it.
    pub keep_look: Option<Box<dyn Fn(Look)>>,
    /// Whether an icon beside the clock leads back to the window.
    pub tray: bool,
    /// Told whether somebody looks at the window.
    pub attention: Attention,
    /// Size in points; 1280 × 800 when nothing is said. Never larger than the screen.
    pub size: Option<[f32; 2]>,
    /// Where the window stood the last time.
    pub place: Option<Place>,
    /// Told where it stands when it is closed.
    pub keep_place: Option<Box<dyn Fn(Place)>>,
    /// A clock that stands still, for pictures.
    pub now: Option<jiff::Timestamp>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("look", &self.look).field("size", &self.size).finish_non_exhaustive()
    }
}

/// Opens the window and stays until it is closed. `start` gets what wakes the window when an event is there.
pub fn run(
    start: impl FnOnce(Box<dyn Fn() + Send + Sync>) -> Engine + 'static,
    options: Options,
) -> Result<(), WindowError> {
    let place = options.place;
    let size = options.size.or(place.map(|place| place.size));
    let mut viewport = egui::ViewportBuilder::default()
        .with_title(w::title(options.look.lang))
        .with_app_id("tayori")
        .with_inner_size(size.unwrap_or([1280.0, 800.0]))
        // 1366 × 768 at 125 %, less the task bar and the window's own title.
        .with_min_inner_size([1024.0, 520.0])
        .with_clamp_size_to_monitor_size(true);
    if let Some(place) = place {
        viewport = viewport.with_position(place.at).with_maximized(place.maximized);
    }
    let native = eframe::NativeOptions { viewport, renderer: eframe::Renderer::Glow, ..Default::default() };
    let create: eframe::AppCreator<'static> = Box::new(move |cc| {
        let ctx = cc.egui_ctx.clone();
        let engine = start(Box::new(move || ctx.request_repaint()));
        let app = App::new(&cc.egui_ctx, engine, options.look.lang);
        let mut app = app.with_attention(options.attention);
        if options.size.is_none() {
            app = app.with_place(place, options.keep_place);
        }
        if let Some(now) = options.now {
            app = app.with_now(now);
        }
        if options.tray {
            app = app.with_tray(&cc.egui_ctx, options.look.lang);
        }
        Ok(Box::new(app.with_look(&cc.egui_ctx, options.look, options.keep_look)))
    });
    eframe::run_native(w::title(options.look.lang), native, create).map_err(|err| WindowError(err.to_string()))
}
