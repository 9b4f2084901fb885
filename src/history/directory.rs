//! The directory as the hub last told it: kept, and changed by what the hub says has changed.
//!
//! When the hub begins anew (the first time, and after it was restored), the pages gather beside, and take the place of the
//! directory we had when the last of them is there. Cut off in between, it goes on with the page it had come to.

use rusqlite::{Connection, params};

use super::lists::parsed;
use super::notes::remember;
use super::{History, HistoryError, Named as _, from_json};
use crate::standard::{OfficeNumber, ServiceType};
use crate::wire::{Binary, DirectoryPage, DirectoryPlace, OfficeEntry};

/// Up to where we know it. What is a cursor by its name is forgotten when a damaged history is mended.
const KNOWN: &str = "directory cursor";
/// The same of the one that gathers beside.
const COMING: &str = "coming directory cursor";

/// An office as the directory last said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownOffice {
    pub office: OfficeNumber,
    pub service: ServiceType,
    pub name: String,
    /// DER.
    pub certificates: Vec<Vec<u8>>,
}

/// The same in a list of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOffice {
    pub office: OfficeNumber,
    pub service: ServiceType,
    pub name: String,
    /// It has a certificate to seal to.
    pub reachable: bool,
}

impl History {
    /// From where on the hub is asked what changed.
    pub fn directory_place(&self) -> Result<DirectoryPlace, HistoryError> {
        match self.recall(COMING)? {
            Some(coming) => Ok(place_of(&coming)),
            None => Ok(self.recall(KNOWN)?.map(|known| place_of(&known)).unwrap_or_default()),
        }
    }

    /// Takes in one page, which follows the place that was asked for.
    pub fn take_directory(&mut self, page: &DirectoryPage) -> Result<(), HistoryError> {
        let begins = page.after == 0;
        let is_coming = begins || self.recall(COMING)?.is_some();
        if !is_coming && page.offices.is_empty() && page.gone.is_empty() {
            return Ok(()); // nothing changed, as nearly always
        }
        let transaction = self.begin()?;
        if begins {
            transaction.execute("DELETE FROM office_coming", []).named("begin the directory anew")?;
        }
        let table = if is_coming { "office_coming" } else { "office" };
        for entry in &page.offices {
            put(&transaction, table, entry)?;
        }
        for office in &page.gone {
            transaction
                .prepare_cached(&format!("DELETE FROM {table} WHERE number = ?1"))
                .and_then(|mut delete| delete.execute([office.as_str()]))
                .named("forget an office")?;
        }
        if is_coming && !page.more {
            transaction
                .execute_batch(
                    "DELETE FROM office;
                     INSERT INTO office (number, service, name, certificates)
                         SELECT number, service, name, certificates FROM office_coming;
                     DELETE FROM office_coming;
                     DELETE FROM note WHERE name = 'coming directory cursor';",
                )
                .named("take over the directory")?;
        }
        let place = serde_json::to_vec(&page.end()).unwrap_or_default();
        remember(&transaction, if is_coming && page.more { COMING } else { KNOWN }, &place)?;
        transaction.commit().named("keep the directory")
    }

    pub fn office(&self, office: OfficeNumber) -> Result<Option<KnownOffice>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT number, service, name, certificates FROM office WHERE number = ?1")
            .named("office")?;
        let mut rows = statement.query([office.as_str()]).named("office")?;
        let Some(row) = rows.next().named("office")? else { return Ok(None) };
        let certificates: Vec<Binary> =
            from_json(&row.get::<_, String>(3).named("office")?, "certificates of the directory")?;
        Ok(Some(KnownOffice {
            office: parsed(row, 0)?,
            service: parsed(row, 1)?,
            name: row.get(2).named("office")?,
            certificates: certificates.into_iter().map(|der| der.0).collect(),
        }))
    }

    /// Whether the directory has an office.
    pub fn knows_office(&self, office: OfficeNumber) -> Result<bool, HistoryError> {
        self.connection
            .prepare_cached("SELECT 1 FROM office WHERE number = ?1")
            .and_then(|mut select| select.exists([office.as_str()]))
            .named("know an office")
    }

    /// Whether there is a directory: before the first exchange there is none.
    pub fn has_directory(&self) -> Result<bool, HistoryError> {
        let any = self.connection.prepare_cached("SELECT 1 FROM office LIMIT 1");
        any.and_then(|mut select| select.exists([])).named("know any office")
    }

    /// The whole directory, by name.
    pub fn offices(&self) -> Result<Vec<ListedOffice>, HistoryError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT number, service, name, certificates <> '[]' FROM office ORDER BY name, number")
            .named("directory")?;
        let mut rows = statement.query([]).named("directory")?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().named("directory")? {
            found.push(ListedOffice {
                office: parsed(row, 0)?,
                service: parsed(row, 1)?,
                name: row.get(2).named("directory")?,
                reachable: row.get(3).named("directory")?,
            });
        }
        Ok(found)
    }

    /// The name of an office, or its number where the directory does not know it.
    pub fn name_of(&self, office: OfficeNumber) -> Result<String, HistoryError> {
        Ok(self.office(office)?.map_or_else(|| office.to_string(), |known| known.name))
    }
}

fn put(connection: &Connection, table: &str, entry: &OfficeEntry) -> Result<(), HistoryError> {
    let certificates = serde_json::to_string(&entry.certificates).unwrap_or_else(|_| "[]".into());
    connection
        .prepare_cached(&format!(
            "INSERT INTO {table} (number, service, name, certificates) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (number) DO UPDATE SET service = ?2, name = ?3, certificates = ?4"
        ))
        .and_then(|mut put| {
            put.execute(params![entry.office.as_str(), entry.service.as_str(), entry.name, certificates])
        })
        .named("keep an office")
        .map(|_| ())
}

/// What cannot be read is the beginning.
fn place_of(note: &[u8]) -> DirectoryPlace {
    serde_json::from_slice(note).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Vault;

    fn office(number: u32) -> OfficeNumber {
        format!("31{number:08}").parse().unwrap()
    }

    fn entry(number: u32, name: &str) -> OfficeEntry {
        let certificates = vec![Binary(vec![7; 3])];
        OfficeEntry { office: office(number), service: "11".parse().unwrap(), name: name.into(), certificates }
    }

    fn page(line: u64, after: u64, next: u64, offices: &[(u32, &str)]) -> DirectoryPage {
        let offices = offices.iter().map(|(number, name)| entry(*number, name)).collect();
        DirectoryPage { offices, line, after, next, ..DirectoryPage::default() }
    }

    fn names(history: &History) -> Vec<String> {
        history.offices().unwrap().into_iter().map(|office| office.name).collect()
    }

    #[test]
    fn a_directory_that_begins_anew_takes_the_old_ones_place_when_all_of_it_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.db");
        let vault = Vault::in_memory().unwrap();
        let open = || History::open(&path, vault.database_key()).unwrap();
        let mut history = open();
        assert!(!history.has_directory().unwrap());
        history.take_directory(&page(1, 0, 2, &[(1, "甲"), (2, "乙")])).unwrap();
        assert_eq!(history.directory_place().unwrap(), DirectoryPlace { line: 1, after: 2 });
        // What changed.
        let changed = DirectoryPage { gone: vec![office(1)], ..page(1, 2, 5, &[(2, "丙"), (3, "丁")]) };
        history.take_directory(&changed).unwrap();
        assert_eq!(names(&history), ["丁", "丙"]);
        assert!(history.knows_office(office(3)).unwrap() && !history.knows_office(office(1)).unwrap());
        assert_eq!(history.office(office(2)).unwrap().unwrap().certificates, [vec![7; 3]]);
        // Another directory, in pages; the program ends in between.
        let first = DirectoryPage { more: true, ..page(9, 0, 4, &[(4, "戊")]) };
        history.take_directory(&first).unwrap();
        assert_eq!(names(&history), ["丁", "丙"], "not all of it is there");
        drop(history);
        let mut history = open();
        assert_eq!(history.directory_place().unwrap(), DirectoryPlace { line: 9, after: 4 });
        history.take_directory(&page(9, 4, 6, &[(5, "己")])).unwrap();
        assert_eq!(names(&history), ["己", "戊"]);
        assert_eq!(history.directory_place().unwrap(), DirectoryPlace { line: 9, after: 6 });
        // One of an older hub, which knows no pages: the whole, each time.
        for name in ["庚", "辛"] {
            history.take_directory(&page(0, 0, 0, &[(6, name)])).unwrap();
            assert_eq!(names(&history), [name]);
        }
        assert_eq!(history.directory_place().unwrap(), DirectoryPlace::default());
    }
}
