//! The forms as people know them from paper.

mod month_sheet;

pub use month_sheet::SheetGrid;
