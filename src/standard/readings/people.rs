//! Whose rows stand where in some files: the list of persons, and each one's rows of each kind.

use std::collections::{BTreeSet, HashMap};

use super::names;
use crate::standard::{Kind, PersonKey, Row, Table};

/// The persons of some tables, in the order in which they first come.
#[derive(Clone, Debug, Default)]
pub struct People {
    tables: Vec<Table>,
    people: Vec<Person>,
}

/// One person of [`People`].
#[derive(Clone, Debug)]
pub struct Person {
    pub key: PersonKey,
    /// From the files that have it.
    pub name: Option<String>,
    pub kana: Option<String>,
    /// Table and row, both from 0.
    rows: Vec<(usize, usize)>,
}

impl People {
    pub fn new(tables: Vec<Table>) -> Self {
        let names = names(&tables);
        let mut people: Vec<Person> = Vec::new();
        let mut places: HashMap<PersonKey, usize> = HashMap::new();
        for (at, table) in tables.iter().enumerate() {
            for (row, key) in table.rows().map(|row| row.person()).enumerate() {
                if key.insured.trim().is_empty() {
                    continue;
                }
                let place = *places.entry(key.clone()).or_insert_with(|| {
                    let (name, kana) = names.get(&key).cloned().unwrap_or_default();
                    people.push(Person { key, name, kana, rows: Vec::new() });
                    people.len() - 1
                });
                if let Some(person) = people.get_mut(place) {
                    person.rows.push((at, row));
                }
            }
        }
        Self { tables, people }
    }

    /// Gives those a name whose files here say none: 実績 has numbers only.
    pub fn name_the_nameless<E>(
        &mut self,
        mut known: impl FnMut(&PersonKey) -> Result<Option<String>, E>,
    ) -> Result<(), E> {
        for person in self.people.iter_mut().filter(|person| person.name.is_none()) {
            person.name = known(&person.key)?;
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.people.len()
    }

    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Person> {
        self.people.iter()
    }

    pub fn get(&self, at: usize) -> Option<&Person> {
        self.people.get(at)
    }

    /// What kinds of file speak of this person.
    pub fn kinds(&self, person: &Person) -> BTreeSet<Kind> {
        let tables: BTreeSet<usize> = person.rows.iter().map(|(table, _)| *table).collect();
        tables.into_iter().filter_map(|table| self.tables.get(table)).map(Table::kind).collect()
    }

    /// The person's rows of one kind. Each file is whole in itself, so of several the last one speaks.
    pub fn rows(&self, person: &Person, kind: Kind) -> Vec<Row<'_>> {
        let of_kind = |(table, _): &&(usize, usize)| self.tables.get(*table).is_some_and(|table| table.kind() == kind);
        let last = person.rows.iter().filter(of_kind).map(|(table, _)| *table).max();
        let newest = person.rows.iter().filter(|(table, _)| Some(*table) == last);
        newest.filter_map(|(table, row)| self.tables.get(*table)?.row(*row)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_person_has_its_rows_and_the_last_file_speaks() {
        let row = |insured: &str, day: &str| {
            let mut row = vec![String::new(); 4];
            for (place, text) in [(1, "312025"), (2, insured), (3, day)] {
                row[place] = text.to_owned();
            }
            row
        };
        let file = |rows: Vec<Vec<String>>| Table::compose(Kind::CarePlan1Withdrawal, rows).unwrap();
        let first = file(vec![row("3100000001", "20260401"), row("3100000002", "20260401"), row("", "20260401")]);
        let second = file(vec![row("3100000002", "20260501")]);
        let people = People::new(vec![first, second]);
        let insured: Vec<&str> = people.iter().map(|person| person.key.insured.as_str()).collect();
        assert_eq!(insured, ["3100000001", "3100000002"]);
        let twice = people.get(1).unwrap();
        let days: Vec<_> = people.rows(twice, Kind::CarePlan1Withdrawal).iter().map(|row| row.text(4)).collect();
        assert_eq!(days, ["20260501"]);
        assert_eq!(people.kinds(twice), BTreeSet::from([Kind::CarePlan1Withdrawal]));
    }
}
