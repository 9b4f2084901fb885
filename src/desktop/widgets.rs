//! The small things every screen is made of: each at least 44 px to hit, named for a screen reader, in icon and word.

mod button;
mod chip;
mod findings;
mod focus;
mod label;
mod parcel_list;
mod rows;

pub use button::{Badge, Btn, button, button_if, button_named, button_sized, nav_item, row_end, segmented, tabs};
pub use chip::{
    Colors, bad, blue, chip, chip_at, error_count, good, look, quiet, state_chip, state_look, subject_look,
};
pub use findings::Findings;
pub use focus::{focus_ring, track_keyboard};
pub use label::{
    FIELD_MARGIN, elide, empty_state, field, hrow, icon_line, line_at, para, scroll_style, section, sentence_card, text,
};
pub use parcel_list::{Filter, ListWords, ParcelList, row_ground};
pub use rows::{ROW, Rows};
