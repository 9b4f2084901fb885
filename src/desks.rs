//! 窓口: which desk of an office a parcel is for, where several work under one office number.
//!
//! A rule says what one desk looks after: service types (ours, as the file names say for whom they are), satellites
//! (サテライト枝番), persons, partners. What a rule does not name it does not ask for; of what it names, one has to be
//! there. A parcel may be for several desks (persons of both are in it). One that fits no rule is for everybody, and so is every
//! parcel as long as there are no rules.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::standard::{FileName, Kind, OfficeNumber, ServiceType, Table};

/// One desk and what it looks after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Desk {
    pub name: String,
    pub services: Vec<ServiceType>,
    /// サテライト枝番 of rows of 第6表 that are ours.
    pub satellites: Vec<String>,
    /// 被保険者番号.
    pub persons: Vec<String>,
    pub partners: Vec<OfficeNumber>,
}

/// What a parcel's files say of for whom they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressed {
    pub services: BTreeSet<ServiceType>,
    pub satellites: BTreeSet<String>,
    pub persons: BTreeSet<String>,
}

impl Desk {
    /// Whether it asks for anything at all.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.satellites.is_empty() && self.persons.is_empty() && self.partners.is_empty()
    }

    fn fits(&self, partner: OfficeNumber, addressed: &Addressed) -> bool {
        let some = |wanted: bool, there: bool| !wanted || there;
        !self.is_empty()
            && some(!self.partners.is_empty(), self.partners.contains(&partner))
            && some(!self.services.is_empty(), self.services.iter().any(|one| addressed.services.contains(one)))
            && some(!self.satellites.is_empty(), self.satellites.iter().any(|one| addressed.satellites.contains(one)))
            && some(!self.persons.is_empty(), self.persons.iter().any(|one| addressed.persons.contains(one)))
    }
}

/// The desks a parcel is for, by name, in the order of the rules; none when it is for everybody.
pub fn desks_of(desks: &[Desk], partner: OfficeNumber, addressed: &Addressed) -> Vec<String> {
    desks.iter().filter(|desk| desk.fits(partner, addressed)).map(|desk| desk.name.clone()).collect()
}

/// Whether a parcel is shown, and told of, where only `own` is looked after.
pub fn is_for(own: Option<&str>, desks: &[String]) -> bool {
    own.is_none_or(|own| desks.is_empty() || desks.iter().any(|desk| desk == own))
}

impl Addressed {
    /// As it is stored: three texts, with spaces between what each holds.
    pub fn texts(&self) -> [String; 3] {
        let services: Vec<&str> = self.services.iter().map(ServiceType::as_str).collect();
        let joined = |texts: &BTreeSet<String>| texts.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        [services.join(" "), joined(&self.satellites), joined(&self.persons)]
    }

    /// Back from [`Addressed::texts`].
    pub fn from_texts(services: &str, satellites: &str, persons: &str) -> Self {
        let split = |text: &str| text.split(' ').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let services = services.split(' ').filter_map(|service| service.parse().ok()).collect();
        Self { services, satellites: split(satellites), persons: split(persons) }
    }

    /// Read from a parcel's files.
    pub fn of<'a>(incoming: bool, files: impl Iterator<Item = (&'a FileName, Option<&'a Table>)>) -> Self {
        let mut addressed = Addressed::default();
        for (name, table) in files {
            let own = if incoming { name.receiver } else { name.sender };
            addressed.services.insert(if incoming { name.receiver_service } else { name.sender_service });
            let Some(table) = table else { continue };
            let has_satellite = matches!(table.kind(), Kind::Provision | Kind::Actuals);
            for row in table.rows() {
                addressed.persons.insert(row.text(3).split_whitespace().collect());
                // Rows of other offices stand in 第6表, too: their satellites are none of ours.
                if has_satellite && row.text(20) == own.as_str() {
                    let satellite = row.text(22);
                    let number: String =
                        satellite.split_whitespace().collect::<String>().trim_start_matches('0').to_owned();
                    if !number.is_empty() {
                        addressed.satellites.insert(number);
                    }
                }
            }
        }
        addressed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partner(number: u32) -> OfficeNumber {
        format!("31710000{number:02}").parse().unwrap()
    }

    fn addressed(services: &[&str], satellites: &[&str], persons: &[&str]) -> Addressed {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Addressed {
            services: services.iter().map(|service| service.parse().unwrap()).collect(),
            satellites: own(satellites),
            persons: own(persons),
        }
    }

    fn rules() -> Vec<Desk> {
        let desk = |name: &str| Desk { name: name.into(), ..Desk::default() };
        vec![
            Desk { services: vec!["11".parse().unwrap()], ..desk("訪問") },
            Desk { services: vec!["15".parse().unwrap()], satellites: vec!["2".into()], ..desk("通所 東") },
            Desk { persons: vec!["3100000001".into()], partners: vec![partner(1)], ..desk("佐藤担当") },
            desk("名前だけ"),
        ]
    }

    #[test]
    fn what_a_rule_names_has_to_be_there_and_what_fits_none_is_for_everybody() {
        let of = |number, addressed: &Addressed| desks_of(&rules(), partner(number), addressed);
        assert_eq!(of(9, &addressed(&["11"], &[], &[])), ["訪問"]);
        assert_eq!(of(9, &addressed(&["15"], &["2", "3"], &[])), ["通所 東"]);
        assert_eq!(of(9, &addressed(&["15"], &["3"], &[])), Vec::<String>::new());
        assert_eq!(of(1, &addressed(&["11"], &[], &["3100000001"])), ["訪問", "佐藤担当"], "it is for both");
        assert_eq!(of(2, &addressed(&["13"], &[], &["3100000001"])), Vec::<String>::new(), "another partner's");
        assert_eq!(desks_of(&[], partner(1), &addressed(&["11"], &[], &[])), Vec::<String>::new());
    }

    #[test]
    fn a_terminal_of_one_desk_shows_its_own_and_what_is_for_everybody() {
        let own = ["訪問".to_owned()];
        assert!(is_for(None, &own) && is_for(Some("訪問"), &own) && !is_for(Some("通所"), &own));
        assert!(is_for(Some("通所"), &[]), "nobody's parcel is everybody's");
    }

    #[test]
    fn satellites_are_our_own_rows_and_services_are_those_we_were_written_to_as() {
        let fields = Kind::Provision.layout().unwrap().fields.len();
        let row = |office: &str, satellite: &str| {
            let mut row = vec![String::new(); fields];
            for (no, text) in [(2, "312025"), (3, "3100000001"), (20, office), (22, satellite)] {
                row[no - 1] = text.to_owned();
            }
            row
        };
        let table = Table::compose(Kind::Provision, [row("3171000048", "02"), row("3171000099", "7")]).unwrap();
        let name: FileName = "UPPLAN_202605_3191000017_43_3171000048_11_20260425173001.CSV".parse().unwrap();
        let found = Addressed::of(true, [(&name, Some(&table))].into_iter());
        assert_eq!(found, addressed(&["11"], &["2"], &["3100000001"]));
        let [services, satellites, persons] = found.texts();
        assert_eq!(Addressed::from_texts(&services, &satellites, &persons), found);
    }
}
