//! Where the window stands is kept when it is closed, for the next start.

use std::sync::{Arc, Mutex};

use egui::{Rect, ViewportCommand, ViewportEvent, ViewportId, pos2, vec2};
use egui_kittest::Harness;
use tayori::desktop::{App, Place};
use tayori::engine::Engine;
use tayori::words::Lang;

/// A window at this place is closed; what is kept of it.
fn closed_at(before: Option<Place>, outer: Rect, maximized: bool) -> Option<Place> {
    let kept = Arc::new(Mutex::new(None));
    let (engine, _backend) = Engine::pair();
    let keeps = kept.clone();
    let mut harness = Harness::builder().with_size([1000.0, 700.0]).build_eframe(move |cc| {
        let keep = Box::new(move |place| *keeps.lock().unwrap() = Some(place));
        App::new(&cc.egui_ctx, engine, Lang::Ja).with_place(before, Some(keep))
    });
    let viewport = harness.input_mut().viewports.entry(ViewportId::ROOT).or_default();
    viewport.outer_rect = Some(outer);
    viewport.inner_rect = Some(outer);
    viewport.maximized = Some(maximized);
    harness.step();
    assert_eq!(*kept.lock().unwrap(), None, "kept when it is closed, not before");
    harness.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
    harness.step();
    kept.lock().unwrap().take()
}

#[test]
fn the_place_of_the_window_is_kept_when_it_is_closed() {
    let stood = Rect::from_min_size(pos2(120.0, 80.0), vec2(1100.0, 720.0));
    let kept = closed_at(None, stood, false).expect("it is kept");
    assert_eq!(kept, Place { at: [120.0, 80.0], size: [1100.0, 720.0], maximized: false });
    // Of a window that fills the screen, the size it goes back to is kept.
    let screen = Rect::from_min_size(pos2(0.0, 0.0), vec2(1920.0, 1080.0));
    assert_eq!(closed_at(Some(kept), screen, true), Some(Place { maximized: true, ..kept }));
}

/// Whether a window of this height asks for the whole screen, of 1366 × 768 at 125 %.
fn fills(before: Option<Place>, height: f32) -> bool {
    let (engine, _backend) = Engine::pair();
    let mut harness = Harness::builder()
        .with_size([1000.0, 520.0])
        .build_eframe(move |cc| App::new(&cc.egui_ctx, engine, Lang::Ja).with_place(before, None));
    let viewport = harness.input_mut().viewports.entry(ViewportId::ROOT).or_default();
    viewport.outer_rect = Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(1024.0, height)));
    viewport.inner_rect = viewport.outer_rect;
    viewport.monitor_size = Some(vec2(1366.0, 768.0) / 1.25);
    (0..12).any(|_| {
        harness.step();
        let asked = harness.output().viewport_output.get(&ViewportId::ROOT);
        asked.is_some_and(|output| output.commands.contains(&ViewportCommand::Maximized(true)))
    })
}

#[test]
fn a_window_that_a_small_screen_cannot_hold_fills_it_unless_somebody_has_put_it_there() {
    assert!(fills(None, 614.0), "the task bar would cover its foot");
    assert!(!fills(None, 540.0), "it has room");
    let kept = Place { at: [0.0, 0.0], size: [1024.0, 614.0], maximized: false };
    assert!(!fills(Some(kept), 614.0), "where it was left, it stays");
}
