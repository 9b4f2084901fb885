//! The national standard ケアプランデータ連携標準仕様 4.1: names, records, typed tables, checks.
//!
//! Pure: bytes and names in, values and findings out. No file is opened and no clock is read here. Columns, service
//! types and rules are data in `assets/standard/`, not code per kind of file.

mod check;
mod ids;
mod readings;

pub use check::{Checked, CheckedFile, CheckedSet, Finding, Rule, Severity, Summary};
pub use ids::{InvalidId, Month, OfficeNumber, PersonKey, Role, Serial, ServiceType};
pub use readings::{MonthSheet, SheetLine};
