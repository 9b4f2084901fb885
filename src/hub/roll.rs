//! A list of offices from a file, as a town hall or an association has one: all of it is taken, or nothing.
//!
//! CSV in UTF-8 or CP932: 事業所番号, サービス種類, 名前. A first row that names the columns is passed over.

use std::collections::BTreeMap;

use csv_core::{ReadRecordResult, Reader};

use crate::standard::{OfficeNumber, ServiceType};

/// Larger than the list of every care office of Japan.
const LIMIT: usize = 64 * 1024 * 1024;
const NAME_CHARS: usize = 200;

/// One office of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// As people count, from 1.
    pub number: usize,
    pub office: OfficeNumber,
    pub service: ServiceType,
    pub name: String,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub row: usize,
    pub reason: String,
}

/// Every row, or everything that is wrong.
pub fn read(bytes: &[u8]) -> Result<Vec<Row>, Vec<Fault>> {
    let fault = |row, reason: String| Fault { row, reason };
    if bytes.len() > LIMIT {
        return Err(vec![fault(0, "ファイルが大きすぎます".into())]);
    }
    let text =
        decoded(bytes).ok_or_else(|| vec![fault(0, "文字コードが UTF-8 でも Shift_JIS でもありません".into())])?;
    let (mut rows, mut faults, mut seen) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let fields = fields(line);
        let fields: Vec<&str> = fields.iter().map(|field| field.trim()).collect();
        if fields.iter().all(|field| field.is_empty()) || (number == 1 && is_heading(&fields)) {
            continue;
        }
        match row(number, &fields) {
            Ok(row) => match seen.insert(row.office, number) {
                Some(first) => {
                    faults.push(fault(number, format!("事業所番号 {} は {first} 行目にもあります", row.office)))
                }
                None => rows.push(row),
            },
            Err(reason) => faults.push(fault(number, reason)),
        }
    }
    if rows.is_empty() && faults.is_empty() {
        faults.push(fault(0, "事業所が1つもありません".into()));
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

fn row(number: usize, fields: &[&str]) -> Result<Row, String> {
    let [office, service, name, rest @ ..] = fields else {
        return Err("列が足りません（事業所番号,サービス種類,名前）".into());
    };
    if rest.iter().any(|field| !field.is_empty()) {
        return Err("列が多すぎます（事業所番号,サービス種類,名前）".into());
    }
    let office = office.parse().map_err(|_| format!("事業所番号「{}」は10桁の番号ではありません", shown(office)))?;
    let service =
        service.parse().map_err(|_| format!("サービス種類「{}」は2桁のコードではありません", shown(service)))?;
    if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        return Err(format!("名前は1文字から{NAME_CHARS}文字までです"));
    }
    Ok(Row { number, office, service, name: (*name).to_owned() })
}

fn is_heading(fields: &[&str]) -> bool {
    fields.first().is_some_and(|first| first.contains("番号"))
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(20).collect()
}

fn decoded(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.to_owned()),
        Err(_) => encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes).map(Into::into),
    }
}

/// The fields of one line. A name has no line breaks, so a line is a row, as it is in a spreadsheet.
fn fields(line: &str) -> Vec<String> {
    let (mut out, mut ends) = (vec![0; line.len() + 1], vec![0; line.len() + 2]);
    let mut reader = Reader::new();
    let (_, read, written, mut count) = reader.read_record(line.as_bytes(), &mut out, &mut ends);
    // Told that nothing follows, the reader closes the last field.
    let (rest, more) = (out.get_mut(written..), ends.get_mut(count..));
    if let (Some(rest), Some(more)) = (rest, more) {
        let left = line.as_bytes().get(read..).unwrap_or_default();
        let (result, _, _, closed) = reader.read_record(left, rest, more);
        if result == ReadRecordResult::Record {
            count += closed;
        }
    }
    let mut from = 0;
    let cut = |end: &usize| {
        let field = out.get(from..*end).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
        from = *end;
        field
    };
    ends.iter().take(count).map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_in_both_encodings_with_and_without_a_heading() {
        let text = "事業所番号,サービス種類,名前\r\n3170000010,11,北の訪問介護\r\n3170000028,43,\"南, ケアプラン\"\r\n";
        let cp932 = encoding_rs::SHIFT_JIS.encode(text).0.into_owned();
        let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        for bytes in [text.as_bytes(), &cp932, &with_mark] {
            let rows = read(bytes).unwrap();
            let seen: Vec<_> = rows.iter().map(|row| (row.number, row.name.as_str())).collect();
            assert_eq!(seen, [(2, "北の訪問介護"), (3, "南, ケアプラン")]);
        }
        assert_eq!(read("3170000010,11,北".as_bytes()).unwrap().len(), 1, "no heading, no last line break");
    }

    #[test]
    fn everything_that_is_wrong_is_said_with_its_row() {
        let text = "番号,種類,名前\n3170000010,11,北\n317,11,西\n\n3170000028,4,南\n3170000010,11,また北\n3170000036,43\n3170000044,43,\n";
        let faults = read(text.as_bytes()).unwrap_err();
        let rows: Vec<_> = faults.iter().map(|fault| fault.row).collect();
        assert_eq!(rows, [3, 5, 6, 7, 8], "{faults:?}");
        assert!(faults[2].reason.contains("2 行目"), "{faults:?}");
    }

    #[test]
    fn what_is_no_list_is_said_and_never_panics() {
        for bytes in [&b""[..], b"\n\n", b"\xff\xfe\x00", b"\"", b"a,b,c", &[0x81; 99]] {
            assert!(!read(bytes).unwrap_err().is_empty());
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }
}
