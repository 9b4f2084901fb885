//! The national standard ケアプランデータ連携標準仕様 4.1: names, records, typed tables, checks.
//!
//! Pure: bytes and names in, values and findings out. No file is opened and no clock is read here. Columns, service
//! types and rules are data in `assets/standard/`, not code per kind of file.

mod check;
pub mod cp932;
mod ids;
mod layouts;
mod name;
mod readings;
mod records;
pub mod repair;
mod services;
mod table;
mod value;

pub use check::{
    Checked, CheckedFile, CheckedSet, FileChecker, Finding, Input, Judged, Known, NewestSent, Rule, SentBefore,
    Severity, Summary, Unit, check, checks_page, judge,
};
pub use ids::{InvalidId, Month, OfficeNumber, PersonKey, Role, Serial, ServiceType};
pub use layouts::{Direction, Field, Form, Kind, Layout, Need};
pub use name::{FileName, NameError, Part};
pub use readings::{
    BenefitSheet, Mismatch, MonthSheet, People, Person, ProviderUnits, SheetLine, benefit_sheets, month_sheets,
};
pub use table::{ComposeError, Encoding, Row, SetError, Table, Unreadable, read};
pub use value::{ClockTime, ServiceCode, Value};
