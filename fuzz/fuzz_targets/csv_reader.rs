//! Any bytes as a table of any kind: written back as they were, read in every way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tayori::standard::{Kind, Table, benefit_sheets, month_sheets};

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let Some(kind) = Kind::ALL.get(usize::from(kind) % Kind::ALL.len()) else { return };
    let Ok(mut table) = Table::read(*kind, bytes) else { return };
    assert_eq!(table.write(), bytes);
    for row in table.rows() {
        row.values().for_each(|(field, value)| drop((value.to_string(), row.filled(field.no))));
    }
    // A row may be too short for the field; then nothing changes.
    let _ = table.set(0, 2, "髙,\"﨑\"");
    let tables = [table];
    month_sheets(&tables);
    benefit_sheets(&tables);
});
