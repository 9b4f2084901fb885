//! The ring around what the keyboard is on: drawn last, over everything, and only for those who use the keyboard.

use egui::{Context, CornerRadius, Event, Id, Key, LayerId, Order, Stroke, StrokeKind};

use super::super::tokens::*;

fn mode_id() -> Id {
    Id::unique("tayori-keyboard-mode")
}

/// Notices whether the keyboard or the mouse is in use. Call before anything takes the keys.
pub fn track_keyboard(ctx: &Context) {
    let moves = |key: &Key| {
        matches!(key, Key::Tab | Key::ArrowUp | Key::ArrowDown | Key::ArrowLeft | Key::ArrowRight | Key::F6)
    };
    let (keyboard, pointer) = ctx.input(|input| {
        let keyboard =
            input.events.iter().any(|event| matches!(event, Event::Key { key, pressed: true, .. } if moves(key)));
        (keyboard, input.pointer.any_pressed())
    });
    if keyboard || pointer {
        ctx.data_mut(|data| data.insert_temp(mode_id(), keyboard && !pointer));
    }
}

/// 2 px of yellow touching the widget, black outside it. A list takes the ring inside its edge.
pub fn focus_ring(ctx: &Context, inset: &[Id]) {
    if !ctx.data(|data| data.get_temp::<bool>(mode_id()).unwrap_or(false)) {
        return;
    }
    let Some(id) = ctx.memory(|memory| memory.focused()) else { return };
    let Some(response) = ctx.read_response(id) else { return };
    let p = ctx.layer_painter(LayerId::new(Order::Foreground, Id::unique("tayori-ring")));
    let rect = if inset.contains(&id) { response.rect.shrink(6.0) } else { response.rect };
    p.rect_stroke(rect, CornerRadius::same(R8), Stroke::new(2.0, yellow_300()), StrokeKind::Outside);
    p.rect_stroke(rect.expand(2.0), CornerRadius::same(R8 + 2), Stroke::new(3.0, black()), StrokeKind::Outside);
}
