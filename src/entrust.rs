//! 委託: what a care manager who works for a support centre passes on, and what she gives back.
//!
//! ```text
//! 地域包括 ── 利用者基本情報・予防計画書 ──► 居宅 ── the same, of whom it serves ──► 事業所
//! 地域包括 ◄── 予定 and 実績 together ────── 居宅 ◄────────────── 実績 ──────────── 事業所
//! ```
//! A file is readdressed: a new name (sender, receiver, a new serial) over the same records. The records themselves stay byte
//! for byte as they came, those of other persons are left out, and one field alone changes: No.62 of 利用者基本情報 names
//! a picture, whose name is new, too. Who made a plan and who served stays as it is written. Letters and other
//! attachments are not passed on: nobody can tell whom they are about.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;

use crate::standard::{FileName, Kind, OfficeNumber, PersonKey, Serial, ServiceType, SetError, Table, Unit, read};

/// The column of 利用者基本情報 that names a picture.
const PICTURE: u16 = 62;

/// Which way something is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// 事業所へ回す
    ToProvider,
    /// センターへ返す
    ToCentre,
}

impl Way {
    /// The way on for a file that came to us, if there is one.
    pub fn of(name: &FileName) -> Option<Way> {
        match Unit::of(name) {
            Unit::G | Unit::H | Unit::I | Unit::J => Some(Way::ToProvider),
            Unit::E | Unit::F => Some(Way::ToCentre),
            Unit::A | Unit::B | Unit::C | Unit::D => None,
        }
    }

    /// Whether a file may go this way. 予定 goes back beside its 実績.
    fn takes(self, name: &FileName) -> bool {
        Way::of(name) == Some(self) || (self == Way::ToCentre && Unit::of(name) == Unit::B)
    }
}

/// Who writes to whom now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    pub sender: OfficeNumber,
    pub sender_service: ServiceType,
    pub receiver: OfficeNumber,
    pub receiver_service: ServiceType,
}

/// Serials that nobody used yet, a second apart.
#[derive(Clone, Debug)]
pub struct Serials {
    next: DateTime,
}

impl Serials {
    /// From `now` on, and after the last one that went to the same office.
    pub fn after(now: DateTime, last: Option<Serial>) -> Self {
        let later =
            last.and_then(|last| last.time()).and_then(|last| last.checked_add(jiff::Span::new().seconds(1)).ok());
        Self { next: later.map_or(now, |later| later.max(now)) }
    }

    fn take(&mut self) -> Option<Serial> {
        let serial = self.next.strftime("%Y%m%d%H%M%S").to_string().parse().ok();
        self.next = self.next.checked_add(jiff::Span::new().seconds(1)).ok()?;
        serial
    }
}

/// Why nothing can be passed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntrustError {
    #[error("none of the files has a record of these persons")]
    Nobody,
    #[error("a record cannot be written anew")]
    Record(#[from] SetError),
    #[error("there is no serial left")]
    Serial,
}

/// The persons of these files that may go this way, in the order in which they first come.
pub fn persons(way: Way, files: &[(String, Vec<u8>)]) -> Vec<PersonKey> {
    let mut seen = BTreeSet::new();
    let mut persons = Vec::new();
    for (name, bytes) in files {
        let Ok(name) = FileName::parse(name) else { continue };
        if !way.takes(&name) {
            continue;
        }
        let Ok(table) = read(&name, bytes) else { continue };
        persons.extend(table.rows().map(|row| row.person()).filter(|person| seen.insert(person.clone())));
    }
    persons
}

/// The files that go this way, with new names and the records of these persons alone. Files of one serial stay together
/// under a new one, in the order of the old.
pub fn readdress(
    way: Way,
    files: &[(String, Vec<u8>)],
    persons: &BTreeSet<PersonKey>,
    address: &Address,
    serials: &mut Serials,
) -> Result<Vec<(String, Vec<u8>)>, EntrustError> {
    let mut units: BTreeMap<(Serial, OfficeNumber, OfficeNumber), Vec<File<'_>>> = BTreeMap::new();
    for (text, bytes) in files {
        if let Ok(name) = FileName::parse(text)
            && way.takes(&name)
        {
            units.entry((name.serial, name.sender, name.receiver)).or_default().push((name, text, bytes));
        }
    }
    let mut out = Vec::new();
    for unit in units.values() {
        if unit.iter().any(|(name, _, bytes)| holds_any(name, bytes, persons)) {
            let serial = serials.take().ok_or(EntrustError::Serial)?;
            out.extend(readdress_unit(unit, persons, address, serial)?);
        }
    }
    if out.is_empty() { Err(EntrustError::Nobody) } else { Ok(out) }
}

/// A file with its name read.
type File<'a> = (FileName, &'a str, &'a [u8]);

fn holds_any(name: &FileName, bytes: &[u8], persons: &BTreeSet<PersonKey>) -> bool {
    read(name, bytes).is_ok_and(|table| table.rows().any(|row| persons.contains(&row.person())))
}

fn readdress_unit(
    unit: &[File<'_>],
    persons: &BTreeSet<PersonKey>,
    address: &Address,
    serial: Serial,
) -> Result<Vec<(String, Vec<u8>)>, EntrustError> {
    let Address { sender, sender_service, receiver, receiver_service } = *address;
    let renamed = |name: &FileName| FileName { sender, sender_service, receiver, receiver_service, serial, ..*name };
    let pictures: BTreeMap<String, String> = unit
        .iter()
        .filter(|(name, ..)| name.kind == Kind::FamilyPicture)
        .map(|(name, text, _)| (text.to_ascii_lowercase(), renamed(name).to_string()))
        .collect();
    let (mut out, mut shown) = (Vec::new(), BTreeSet::new());
    for (name, _, bytes) in unit {
        let Ok(mut table) = read(name, bytes) else { continue };
        if name.kind == Kind::BasicInfo {
            shown.extend(rename_pictures(&mut table, persons, &pictures)?);
        }
        let is_theirs = |person: &PersonKey| persons.contains(person);
        if table.rows().any(|row| is_theirs(&row.person())) {
            let bytes = table.write_rows(|row| is_theirs(&row.person()));
            out.push((renamed(name).to_string(), bytes));
        }
    }
    for (name, _, bytes) in unit.iter().filter(|(name, ..)| name.kind == Kind::FamilyPicture) {
        let new = renamed(name).to_string();
        if shown.contains(&new) {
            out.push((new, bytes.to_vec()));
        }
    }
    Ok(out)
}

/// Puts the new names into the rows of these persons; tells which pictures they show.
fn rename_pictures(
    table: &mut Table,
    persons: &BTreeSet<PersonKey>,
    pictures: &BTreeMap<String, String>,
) -> Result<Vec<String>, SetError> {
    let mut shown = Vec::new();
    for index in 0..table.len() {
        let Some(row) = table.row(index).filter(|row| persons.contains(&row.person())) else { continue };
        let named = row.text(PICTURE).to_ascii_lowercase();
        if let Some(new) = pictures.get(&named) {
            table.set(index, PICTURE, new)?;
            shown.push(new.clone());
        }
    }
    Ok(shown)
}

#[cfg(test)]
mod tests;
