//! The numbers the standard writes everywhere: offices, service types, serials, months, persons.
//!
//! Each is checked once, when it is made, and is small enough to be copied. They are equal when their characters are.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Weekday};

/// A text that is not the identifier it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {what}: {given:?}")]
pub struct InvalidId {
    pub what: &'static str,
    pub given: String,
}

/// Makes a fixed-width ASCII identifier: parsed once, shown as it was written, a string in JSON.
macro_rules! fixed_width {
    ($(#[$doc:meta])* $name:ident, $len:literal, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The characters, as they stand in a file name or field.
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).expect("only ASCII passes the parser")
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&[u8]) -> bool = $valid;
                match <[u8; $len]>::try_from(text.as_bytes()) {
                    Ok(bytes) if bytes.is_ascii() && valid(&bytes) => Ok(Self(bytes)),
                    _ => Err(InvalidId { what: $what, given: text.chars().take(40).collect() }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

fn upper_or_digit(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

fixed_width!(
    /// 事業所番号: ten characters of 0–9 and A–Z (総合事業 offices can hold an A). Its check digit is not part of the
    /// standard and is never looked at.
    OfficeNumber, 10, "an office number", upper_or_digit
);
fixed_width!(
    /// サービス種類コード: two characters; what they mean is in `assets/standard/services.toml`.
    ServiceType, 2, "a service type", upper_or_digit
);
fixed_width!(
    /// ファイル連番: the 14 digits that tie files together. Meant as a time, but only [`Serial::time`] says whether it is one.
    Serial, 14, "a serial", |bytes| bytes.iter().all(u8::is_ascii_digit)
);

impl Serial {
    /// The date and time the digits stand for, if there is such a one.
    pub fn time(&self) -> Option<DateTime> {
        DateTime::strptime("%Y%m%d%H%M%S", self.as_str()).ok()
    }
}

/// What an office does in the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// 居宅介護支援・地域包括支援センター: plans.
    Planner,
    /// サービス事業所: serves.
    Provider,
    /// 小規模多機能 and the like, with a care manager of their own: both.
    Both,
}

/// 対象年月: a real month, written YYYYMM.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(Date);

impl Month {
    pub fn new(year: i16, month: i8) -> Option<Self> {
        Date::new(year, month, 1).ok().map(Self)
    }
    /// The month a day is in.
    pub fn of(day: Date) -> Self {
        Self(day.first_of_month())
    }
    pub fn first_day(&self) -> Date {
        self.0
    }
    pub fn next(&self) -> Self {
        Self(self.0.saturating_add(1.month()).first_of_month())
    }
    pub fn previous(&self) -> Self {
        Self(self.0.saturating_sub(1.month()).first_of_month())
    }
    pub fn year(&self) -> i16 {
        self.0.year()
    }
    pub fn month(&self) -> i8 {
        self.0.month()
    }
    /// How many days it has.
    pub fn days(&self) -> u8 {
        self.0.days_in_month().unsigned_abs()
    }
    /// The weekday of its first day.
    pub fn first_weekday(&self) -> Weekday {
        self.0.weekday()
    }
    /// 2026年5月
    pub fn label_ja(&self) -> String {
        format!("{}年{}月", self.year(), self.month())
    }
    /// 令和8年5月; `None` before 令和.
    pub fn label_era(&self) -> Option<String> {
        let era_year = if self.0 >= Date::constant(2019, 5, 1) { self.year() - 2018 } else { return None };
        let year = if era_year == 1 { "元".to_owned() } else { era_year.to_string() };
        Some(format!("令和{year}年{}月", self.month()))
    }
}

impl FromStr for Month {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId { what: "a month", given: text.chars().take(40).collect() };
        if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(invalid());
        }
        let number: u32 = text.parse().map_err(|_| invalid())?;
        let (year, month) = (i16::try_from(number / 100), i8::try_from(number % 100));
        match (year, month) {
            (Ok(year), Ok(month)) => Month::new(year, month).ok_or_else(invalid),
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}", self.year(), self.month())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Month({self})")
    }
}

impl serde::Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A person as the insurance knows her: 保険者番号 and 被保険者番号. Only as good as the file it came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct PersonKey {
    pub insurer: String,
    pub insured: String,
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.insurer, self.insured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_office_number_is_ten_digits_or_capitals() {
        assert!("3170000010".parse::<OfficeNumber>().is_ok());
        assert!("31A0000010".parse::<OfficeNumber>().is_ok());
        for wrong in ["317000001", "31700000100", "31a0000010", "３１７０００００１０", "317000001 ", ""] {
            assert!(wrong.parse::<OfficeNumber>().is_err(), "{wrong:?} passed");
        }
    }

    #[test]
    fn a_month_must_exist() {
        let may: Month = "202605".parse().unwrap();
        assert_eq!((may.days(), may.first_weekday()), (31, Weekday::Friday));
        assert_eq!(may.label_era().as_deref(), Some("令和8年5月"));
        for wrong in ["202613", "202600", "2026-5", "20265", "２０２６０５"] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong:?} passed");
        }
    }

    #[test]
    fn months_follow_each_other() {
        let january: Month = "202601".parse().unwrap();
        assert_eq!((january.previous().to_string(), january.next().to_string()), ("202512".into(), "202602".into()));
        assert_eq!(Month::of(jiff::civil::date(2026, 1, 31)), january);
        assert_eq!(january.next().first_day(), jiff::civil::date(2026, 2, 1));
    }

    #[test]
    fn a_serial_may_be_no_time() {
        assert!("20260425173744".parse::<Serial>().unwrap().time().is_some());
        assert!("20260425173799".parse::<Serial>().unwrap().time().is_none());
    }
}
