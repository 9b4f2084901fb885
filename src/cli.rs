//! The same core by command. Each command takes its arguments and a writer, and says how it ended.

pub mod check;
pub mod fix;
pub mod show;
