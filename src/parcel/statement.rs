//! What a message says in a form that programs can read as well: "no actuals for these persons", "over the limit",
//! "please answer".
//!
//! Statements travel in the manifest, so they are signed like all of it, beside the same words as plain text in the
//! message. Whoever cannot read one (an older program, an archive, one of a later version) still shows the text: a
//! statement that cannot be read, or is larger than any office's month, is passed over and refuses no parcel.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::standard::{Month, PersonKey};

/// The form of today. A statement of another version is not read.
const VERSION: u64 = 1;
/// Most statements one message makes, and most persons one statement names.
pub const MOST_STATEMENTS: usize = 16;
pub const MOST_PERSONS: usize = 2_000;
/// No number of an insurer or a person is longer.
const MOST_DIGITS: usize = 20;

/// One thing said about a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Statement {
    /// 実績なし: these persons used nothing of ours in this month.
    NoActuals { month: Month, persons: Vec<PersonKey> },
    /// 区分支給限度基準額 is exceeded, as far as the receiver's services are concerned.
    OverLimit { month: Month, persons: Vec<Over> },
    /// 催促: the actuals of this month are being waited for.
    Reminder { month: Month },
}

/// How far one person's services of one office go over the limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Over {
    #[serde(flatten)]
    pub person: PersonKey,
    /// 区分支給限度基準額, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// Units of all offices together.
    pub units: i64,
    /// Units of the receiver's over the limit.
    pub over: i64,
}

impl Statement {
    pub fn month(&self) -> Month {
        match self {
            Self::NoActuals { month, .. } | Self::OverLimit { month, .. } | Self::Reminder { month } => *month,
        }
    }

    /// Whom it names.
    pub fn persons(&self) -> impl Iterator<Item = &PersonKey> {
        let (none, over): (&[PersonKey], &[Over]) = match self {
            Self::NoActuals { persons, .. } => (persons, &[]),
            Self::OverLimit { persons, .. } => (&[], persons),
            Self::Reminder { .. } => (&[], &[]),
        };
        none.iter().chain(over.iter().map(|over| &over.person))
    }

    /// Whether it is of a size and shape that a month of an office may have.
    pub fn is_bounded(&self) -> bool {
        let short = |text: &str| text.len() <= MOST_DIGITS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let mut count = 0;
        let all_short = self.persons().all(|person| {
            count += 1;
            short(&person.insurer) && short(&person.insured) && !person.insured.is_empty()
        });
        let names_somebody = count > 0 || matches!(self, Self::Reminder { .. });
        all_short && names_somebody && count <= MOST_PERSONS
    }

    fn read(value: Value) -> Option<Self> {
        let version = value.get("version").and_then(Value::as_u64);
        let read = (version == Some(VERSION)).then(|| serde_json::from_value::<Self>(value).ok()).flatten();
        read.filter(Self::is_bounded)
    }
}

/// Writes each with its version beside it.
pub(super) fn write<S: serde::Serializer>(statements: &[Statement], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Versioned<'a> {
        version: u64,
        #[serde(flatten)]
        statement: &'a Statement,
    }
    serializer.collect_seq(statements.iter().map(|statement| Versioned { version: VERSION, statement }))
}

/// Reads what can be read, whatever stands there.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Statement>, D::Error> {
    let Value::Array(values) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    Ok(values.into_iter().take(MOST_STATEMENTS).filter_map(Statement::read).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The field of a manifest, alone.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Field {
        #[serde(default, serialize_with = "write", deserialize_with = "read")]
        statements: Vec<Statement>,
    }

    fn read_from(text: &str) -> Vec<Statement> {
        serde_json::from_str::<Field>(text).unwrap().statements
    }

    fn person(number: u64) -> PersonKey {
        PersonKey { insurer: "312025".into(), insured: format!("{number:010}") }
    }

    #[test]
    fn the_bytes_of_a_statement_are_these() {
        let month = "202610".parse().unwrap();
        let statements = vec![
            Statement::NoActuals { month, persons: vec![person(7)] },
            Statement::OverLimit {
                month,
                persons: vec![Over { person: person(8), limit: Some(19_705), units: 20_000, over: 295 }],
            },
            Statement::Reminder { month },
        ];
        let written = serde_json::to_string(&Field { statements }).unwrap();
        let expected = concat!(
            r#"{"statements":[{"version":1,"kind":"no-actuals","month":"202610","persons":[{"insurer":"312025","insured":"0000000007"}]},"#,
            r#"{"version":1,"kind":"over-limit","month":"202610","persons":[{"insurer":"312025","insured":"0000000008","limit":19705,"units":20000,"over":295}]},"#,
            r#"{"version":1,"kind":"reminder","month":"202610"}]}"#
        );
        assert_eq!(written, expected);
        assert_eq!(read_from(&written).len(), 3);
    }

    #[test]
    fn what_cannot_be_read_is_passed_over_and_the_rest_is_read() {
        let good = r#"{"version":1,"kind":"reminder","month":"202610","later":"field"}"#;
        for odd in [
            r#"{"version":2,"kind":"reminder","month":"202610"}"#,
            r#"{"kind":"reminder","month":"202610"}"#,
            r#"{"version":1,"kind":"of-a-later-program"}"#,
            r#"{"version":1,"kind":"reminder","month":"202613"}"#,
            r#"{"version":1,"kind":"no-actuals","month":"202610","persons":[]}"#,
            r#"{"version":1,"kind":"no-actuals","month":"202610","persons":[{"insurer":"31\u202e","insured":"1"}]}"#,
            r#"{"version":1,"kind":"over-limit","month":"202610","persons":[{"insurer":"3","insured":"1","units":1e99,"over":1}]}"#,
            "[]",
            "null",
            "17",
        ] {
            assert_eq!(read_from(&format!(r#"{{"statements":[{odd},{good}]}}"#)).len(), 1, "{odd}");
        }
        for nothing in [r#"{}"#, r#"{"statements":null}"#, r#"{"statements":"text"}"#, r#"{"statements":{"a":1}}"#] {
            assert_eq!(read_from(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn no_statement_is_larger_than_a_month() {
        let persons: Vec<PersonKey> = (0..MOST_PERSONS as u64 + 1).map(person).collect();
        let month = "202610".parse().unwrap();
        let field = |persons: &[PersonKey]| Field {
            statements: vec![Statement::NoActuals { month, persons: persons.to_vec() }; MOST_STATEMENTS + 1],
        };
        let read = |field: &Field| read_from(&serde_json::to_string(field).unwrap()).len();
        assert_eq!(read(&field(&persons)), 0);
        assert_eq!(read(&field(&persons[1..])), MOST_STATEMENTS);
    }

    fn statements() -> impl Strategy<Value = Statement> {
        let month = (2000i16..2100, 1i8..=12).prop_map(|(year, month)| Month::new(year, month).unwrap());
        let persons = prop::collection::vec(0u64..10_000_000_000, 1..20);
        (month, persons, any::<[i64; 3]>(), 0..3).prop_map(|(month, numbers, [limit, units, over], kind)| match kind {
            0 => Statement::NoActuals { month, persons: numbers.into_iter().map(person).collect() },
            1 => {
                let over = |number| Over { person: person(number), limit: Some(limit), units, over };
                Statement::OverLimit { month, persons: numbers.into_iter().map(over).collect() }
            }
            _ => Statement::Reminder { month },
        })
    }

    proptest! {
        #[test]
        fn a_statement_reads_as_it_was_written(said in prop::collection::vec(statements(), 0..5)) {
            let field = Field { statements: said };
            prop_assert_eq!(serde_json::from_str::<Field>(&serde_json::to_string(&field).unwrap()).unwrap(), field);
        }

        #[test]
        fn no_text_in_its_place_refuses_a_parcel(text in ".{0,80}", number in any::<f64>(), depth in 0usize..60) {
            let nested = format!("{}{}{}", "[".repeat(depth), serde_json::json!([text, number]), "]".repeat(depth));
            let field = format!("{{\"statements\":{nested}}}");
            prop_assert!(serde_json::from_str::<Field>(&field).is_ok());
        }
    }
}
