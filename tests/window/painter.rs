//! Paints what egui draws into a picture, without a graphics card: the same pixels on every computer.
//!
//! egui hands over triangles with colours, a texture each and a rectangle they are cut to; they are blended one after the
//! other as the real painters do (premultiplied, in gamma space). Shaders of one's own (paint callbacks) are not painted.

#![allow(clippy::indexing_slicing, reason = "a picture is indexed by its own size")]

use std::collections::HashMap;

use egui::epaint::{ClippedPrimitive, Mesh, Primitive, Vertex};
use egui::{Color32, ColorImage, ImageData, Pos2, Rect, TextureId, TexturesDelta};
use egui_kittest::TestRenderer;
use image::{Rgba, RgbaImage};

#[derive(Default)]
pub struct Painter {
    textures: HashMap<TextureId, ColorImage>,
}

impl TestRenderer for Painter {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, changes) in delta.set.drain() {
            for change in changes {
                let ImageData::Color(new) = &change.image;
                match (change.pos, self.textures.get_mut(&id)) {
                    (Some([left, top]), Some(kept)) => {
                        for y in 0..new.size[1] {
                            let (to, from) = ((top + y) * kept.size[0] + left, y * new.size[0]);
                            kept.pixels[to..to + new.size[0]].copy_from_slice(&new.pixels[from..from + new.size[0]]);
                        }
                    }
                    _ => drop(self.textures.insert(id, ColorImage::clone(new))),
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &egui::Context, output: &egui::FullOutput) -> Result<RgbaImage, String> {
        let scale = output.pixels_per_point;
        let size = ctx.content_rect().size() * scale;
        let mut picture = Picture {
            width: size.x.round() as usize,
            height: size.y.round() as usize,
            pixels: vec![Color32::BLACK; size.x.round() as usize * size.y.round() as usize],
        };
        for ClippedPrimitive { clip_rect, primitive } in ctx.tessellate(output.shapes.clone(), scale) {
            let Primitive::Mesh(mesh) = primitive else { return Err("a paint callback cannot be painted here".into()) };
            let texture = self.textures.get(&mesh.texture_id).ok_or("a texture that nobody handed over")?;
            picture.add(&mesh, texture, clip_rect * scale, scale);
        }
        let pixels = picture.pixels.iter().map(|color| color.to_array());
        let mut image = RgbaImage::new(picture.width as u32, picture.height as u32);
        image
            .pixels_mut()
            .zip(pixels)
            .for_each(|(to, [r, g, b, _])| *to = Rgba([coarse(r), coarse(g), coarse(b), 255]));
        Ok(image)
    }
}

/// Fewer shades make the pictures small, and nobody sees the difference.
fn coarse(shade: u8) -> u8 {
    let steps = (u16::from(shade) * 31 + 127) / 255;
    (steps * 255 / 31) as u8
}

struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<Color32>,
}

impl Picture {
    fn add(&mut self, mesh: &Mesh, texture: &ColorImage, clip: Rect, scale: f32) {
        for corners in mesh.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|at| {
                let vertex = mesh.vertices[corners[at] as usize];
                Vertex { pos: Pos2::new(vertex.pos.x * scale, vertex.pos.y * scale), ..vertex }
            });
            self.triangle([a, b, c], texture, clip);
        }
    }

    fn triangle(&mut self, mut corners: [Vertex; 3], texture: &ColorImage, clip: Rect) {
        let twice_area = cross(corners[0].pos, corners[1].pos, corners[2].pos);
        if twice_area == 0.0 || !twice_area.is_finite() {
            return;
        }
        if twice_area < 0.0 {
            corners.swap(1, 2);
        }
        let whole = twice_area.abs();
        let [a, b, c] = corners;
        let bounds = Rect::from_points(&[a.pos, b.pos, c.pos]).intersect(clip);
        let (left, right) = span(bounds.min.x, bounds.max.x, self.width);
        let (top, bottom) = span(bounds.min.y, bounds.max.y, self.height);
        let is_plain = a.color == b.color && b.color == c.color && a.uv == b.uv && b.uv == c.uv;
        let plain = times(sample(texture, a.uv), a.color);
        for y in top..bottom {
            for x in left..right {
                let at = Pos2::new(x as f32 + 0.5, y as f32 + 0.5);
                let (wa, wb, wc) = (cross(b.pos, c.pos, at), cross(c.pos, a.pos, at), cross(a.pos, b.pos, at));
                let inside = covers(wa, b.pos, c.pos) && covers(wb, c.pos, a.pos) && covers(wc, a.pos, b.pos);
                if !inside {
                    continue;
                }
                let color = if is_plain {
                    plain
                } else {
                    let (wa, wb, wc) = (wa / whole, wb / whole, wc / whole);
                    let mix = |a: f32, b: f32, c: f32| a * wa + b * wb + c * wc;
                    let uv = Pos2::new(mix(a.uv.x, b.uv.x, c.uv.x), mix(a.uv.y, b.uv.y, c.uv.y));
                    let [ca, cb, cc] = [a, b, c].map(|corner| corner.color.to_array().map(f32::from));
                    let [r, g, b, alpha] = [0, 1, 2, 3].map(|at| mix(ca[at], cb[at], cc[at]).round() as u8);
                    times(sample(texture, uv), Color32::from_rgba_premultiplied(r, g, b, alpha))
                };
                let pixel = &mut self.pixels[y * self.width + x];
                *pixel = over(color, *pixel);
            }
        }
    }
}

/// Twice the area of a triangle; positive when it turns clockwise on the screen.
fn cross(a: Pos2, b: Pos2, c: Pos2) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// A pixel on an edge belongs to the triangle whose top or left edge it is, so that none is painted twice.
fn covers(weight: f32, from: Pos2, to: Pos2) -> bool {
    let is_top_or_left = (from.y == to.y && to.x > from.x) || to.y < from.y;
    weight > 0.0 || (weight == 0.0 && is_top_or_left)
}

/// The pixels whose middle lies between.
fn span(from: f32, to: f32, most: usize) -> (usize, usize) {
    let at = |edge: f32| ((edge - 0.5).ceil().max(0.0) as usize).min(most);
    (at(from), at(to))
}

fn sample(texture: &ColorImage, uv: Pos2) -> Color32 {
    let at = |part: f32, size: usize| ((part * size as f32).max(0.0) as usize).min(size.saturating_sub(1));
    let (x, y) = (at(uv.x, texture.size[0]), at(uv.y, texture.size[1]));
    texture.pixels[y * texture.size[0] + x]
}

fn times(a: Color32, b: Color32) -> Color32 {
    if a == Color32::WHITE {
        return b;
    }
    let (a, b) = (a.to_array(), b.to_array());
    let [r, g, b, alpha] = [0, 1, 2, 3].map(|at| ((u16::from(a[at]) * u16::from(b[at]) + 127) / 255) as u8);
    Color32::from_rgba_premultiplied(r, g, b, alpha)
}

fn over(new: Color32, old: Color32) -> Color32 {
    if new.a() == 255 {
        return new;
    }
    let rest = 255 - u16::from(new.a());
    let (n, o) = (new.to_array(), old.to_array());
    let [r, g, b, alpha] =
        [0, 1, 2, 3].map(|at| (u16::from(n[at]) + (u16::from(o[at]) * rest + 127) / 255).min(255) as u8);
    Color32::from_rgba_premultiplied(r, g, b, alpha)
}
