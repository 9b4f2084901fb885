//! Fonts and the look of egui's own widgets, made from the tokens.

use std::sync::Arc;

use egui::style::{ScrollStyle, WidgetVisuals};
use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Visuals,
    vec2,
};

use super::tokens::*;

const BOLD: &str = "bold";
const ICON: &str = "icon";

pub(super) static REGULAR_FONT: &[u8] = include_bytes!("../../assets/fonts/regular.ttf");
pub(super) static BOLD_FONT: &[u8] = include_bytes!("../../assets/fonts/bold.ttf");
pub(super) static ICON_FONT: &[u8] = include_bytes!("../../assets/fonts/icons.ttf");

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let lowered = egui::epaint::text::FontTweak { y_offset_factor: 0.02, ..Default::default() };
    for (name, data) in [
        ("regular", FontData::from_static(REGULAR_FONT)),
        (BOLD, FontData::from_static(BOLD_FONT)),
        (ICON, FontData::from_static(ICON_FONT).tweak(lowered)),
    ] {
        fonts.font_data.insert(name.into(), Arc::new(data));
    }
    let list = |names: [&str; 2]| names.map(str::to_owned).to_vec();
    fonts.families.insert(FontFamily::Proportional, list(["regular", ICON]));
    fonts.families.insert(FontFamily::Monospace, list(["regular", ICON]));
    fonts.families.insert(FontFamily::Name(BOLD.into()), list([BOLD, ICON]));
    fonts.families.insert(FontFamily::Name(ICON.into()), list([ICON, "regular"]));
    fonts
}

/// Regular text.
pub fn reg(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Bold text.
pub fn bold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(BOLD.into()))
}

/// A glyph of [`super::icons`].
pub fn icon(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(ICON.into()))
}

/// Makes a context look like Tayori.
pub fn apply(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    recolor(ctx);
    ctx.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, reg(14.0)),
            (TextStyle::Body, reg(16.0)),
            (TextStyle::Button, reg(16.0)),
            (TextStyle::Monospace, reg(16.0)),
            (TextStyle::Heading, bold(20.0)),
        ]
        .into();
        style.spacing.extra_text_line_spacing = 4.0;
        style.spacing.item_spacing = vec2(8.0, 8.0);
        style.spacing.button_padding = vec2(16.0, 8.0);
        style.spacing.interact_size = vec2(TARGET, TARGET);
        style.spacing.icon_width = 24.0;
        style.spacing.icon_width_inner = 14.0;
        style.spacing.icon_spacing = 8.0;
        style.spacing.scroll = ScrollStyle {
            bar_width: 14.0,
            handle_min_length: 44.0,
            bar_inner_margin: 2.0,
            bar_outer_margin: 2.0,
            ..ScrollStyle::solid()
        };
        style.spacing.scroll.fade.strength = 0.0;
        style.interaction.tooltip_delay = 0.6;
        style.interaction.selectable_labels = false;
        style.animation_time = 0.1;
    });
}

/// Takes the colours of the palette in force.
pub fn recolor(ctx: &egui::Context) {
    ctx.set_theme(if palette() == Appearance::Light { egui::Theme::Light } else { egui::Theme::Dark });
    ctx.all_styles_mut(|style| style.visuals = visuals());
}

fn widget(fill: Color32, border: Color32, text: Color32) -> WidgetVisuals {
    WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, border),
        corner_radius: CornerRadius::same(R8),
        fg_stroke: Stroke::new(1.5, text),
        expansion: 0.0,
    }
}

fn visuals() -> Visuals {
    let mut visuals = if palette() == Appearance::Light { Visuals::light() } else { Visuals::dark() };
    visuals.widgets.noninteractive = widget(white(), hairline(), gray_800());
    visuals.widgets.inactive = widget(white(), gray_600(), blue_900());
    visuals.widgets.hovered = widget(blue_100(), blue_1000(), blue_1000());
    visuals.widgets.active = widget(blue_300(), blue_1200(), blue_1200());
    visuals.widgets.open = widget(blue_100(), blue_900(), blue_900());
    visuals.weak_text_color = Some(gray_700());
    visuals.selection.bg_fill = blue_200();
    visuals.selection.stroke = Stroke::new(2.0, blue_900());
    visuals.hyperlink_color = blue_900();
    visuals.faint_bg_color = gray_50();
    visuals.extreme_bg_color = white();
    visuals.warn_fg_color = yellow_1000();
    visuals.error_fg_color = red_900();
    visuals.panel_fill = app_bg();
    visuals.window_fill = white();
    visuals.window_stroke = Stroke::new(1.0, hairline());
    visuals.window_corner_radius = CornerRadius::same(R12);
    visuals.menu_corner_radius = CornerRadius::same(R8);
    visuals.popup_shadow = Shadow { offset: [0, 2], blur: 8, spread: 1, color: Color32::from_black_alpha(40) };
    visuals.window_shadow = Shadow { offset: [0, 4], blur: 16, spread: 3, color: Color32::from_black_alpha(40) };
    visuals.text_cursor.stroke = Stroke::new(2.0, black());
    visuals.ime_composition.active_underline_stroke = Stroke::new(2.0, blue_900());
    visuals.ime_composition.inactive_underline_stroke = Stroke::new(1.0, gray_600());
    visuals.ime_composition.legacy_visuals = false;
    visuals.interact_cursor = Some(egui::CursorIcon::PointingHand);
    visuals.disabled_alpha = 0.55;
    visuals
}

/// The white box that one subject of a screen stands in.
pub fn card() -> egui::Frame {
    egui::Frame::new()
        .fill(white())
        .stroke(Stroke::new(1.0, hairline()))
        .corner_radius(CornerRadius::same(R8))
        .inner_margin(Margin::same(16))
}
