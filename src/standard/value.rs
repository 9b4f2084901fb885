//! What a field says, typed; and how a person reads it.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;

use super::check::form;
use super::layouts::{Field, Form};
use super::{Month, OfficeNumber, ServiceType};

/// The value of a field. What is not of its column's form is [`Value::Unread`], verbatim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Empty,
    Text(Cow<'a, str>),
    Number(i64),
    /// 99.99, in hundredths.
    Hundredths(i64),
    Date(Date),
    /// 00000000: no date where there need not be one.
    NoDate,
    Month(Month),
    /// 000000
    NoMonth,
    Time(ClockTime),
    /// 9999: a service that shows no time.
    NoTime,
    /// One of the column's codes.
    Code {
        code: Cow<'a, str>,
        label: &'static str,
    },
    Insurer(Cow<'a, str>),
    Insured(Cow<'a, str>),
    Office(OfficeNumber),
    /// 9999999999: the total over all offices.
    AllOffices,
    ServiceType(ServiceType),
    Service(ServiceCode<'a>),
    /// 999999: the total over all services.
    AllServices,
    /// 日割対象日: a bit for each day, the first of the month lowest.
    Days(u32),
    Unread(Cow<'a, str>),
}

/// サービスコード: two characters of type, four of item; or a subtotal of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCode<'a> {
    pub service: ServiceType,
    pub code: Cow<'a, str>,
}

impl ServiceCode<'_> {
    /// Whether it stands for the sum of a type (AAAA, EEEE, ZZZZ).
    pub fn is_subtotal(&self) -> bool {
        matches!(self.code.get(2..), Some("AAAA" | "EEEE" | "ZZZZ"))
    }
}

/// A time of day; 24:00 is its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime {
    pub hour: u8,
    pub minute: u8,
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

/// The value of a text in this column.
pub(super) fn value_of<'a>(field: &'static Field, text: Cow<'a, str>) -> Value<'a> {
    let is_code = field.form == Form::Code;
    if text.is_empty() {
        Value::Empty
    } else if let Some((_, label)) = field.codes.get_key_value(text.as_ref()).filter(|_| is_code) {
        Value::Code { code: text, label }
    } else if is_code || form::broken(field.form, text.as_bytes()).is_some_and(|_| field.form != Form::Unused) {
        Value::Unread(text)
    } else {
        typed(field.form, &text).unwrap_or_else(|| whole(field.form, text))
    }
}

/// Values that do not keep the text.
fn typed(form: Form, text: &str) -> Option<Value<'static>> {
    Some(match form {
        Form::Integer => Value::Number(text.parse().ok()?),
        Form::Decimal2 => Value::Hundredths(hundredths(text)?),
        Form::DateOrZero if text == "00000000" => Value::NoDate,
        Form::Date | Form::DateOrZero => Value::Date(date(text)?),
        Form::MonthOrZero if text == "000000" => Value::NoMonth,
        Form::Month | Form::MonthOrZero => Value::Month(text.parse().ok()?),
        Form::TimeOr9999 if text == "9999" => Value::NoTime,
        Form::Time | Form::TimeOr9999 => {
            let (hour, minute) = form::time(text.as_bytes())?;
            Value::Time(ClockTime { hour, minute })
        }
        Form::OfficeNoOrAll9 if text == "9999999999" => Value::AllOffices,
        Form::OfficeNo | Form::OfficeNoOrAll9 => Value::Office(text.parse().ok()?),
        Form::ServiceType => Value::ServiceType(text.parse().ok()?),
        Form::ServiceCodeOrTotal if text == "999999" => Value::AllServices,
        Form::DayFlags => Value::Days(text.bytes().rev().fold(0, |days, flag| days << 1 | u32::from(flag == b'1'))),
        _ => return None,
    })
}

/// Values that are the text.
fn whole(form: Form, text: Cow<'_, str>) -> Value<'_> {
    match form {
        Form::InsurerNo => Value::Insurer(text),
        Form::InsuredNo => Value::Insured(text),
        Form::ServiceCode | Form::ServiceCodeOrTotal => match text.get(..2).and_then(|kind| kind.parse().ok()) {
            Some(service) => Value::Service(ServiceCode { service, code: text }),
            None => Value::Unread(text),
        },
        Form::CsvVersion | Form::Text | Form::Tais | Form::Postal | Form::Phone | Form::ImageName => Value::Text(text),
        Form::Digits | Form::Unused => Value::Text(text),
        _ => Value::Unread(text),
    }
}

fn date(text: &str) -> Option<Date> {
    let (year, month, day) = form::date(text.as_bytes())?;
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn hundredths(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let cents: String = fraction.chars().chain("00".chars()).take(2).collect();
    Some(whole.parse::<i64>().ok()? * 100 + cents.parse::<i64>().ok()?)
}

/// As a person reads it: 2026年5月1日, 09:00, 訪問介護（11）, 女性.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Empty | Value::NoDate | Value::NoMonth | Value::NoTime => Ok(()),
            Value::Text(text) | Value::Unread(text) | Value::Insurer(text) | Value::Insured(text) => f.write_str(text),
            Value::Number(number) => write!(f, "{number}"),
            Value::Hundredths(number) => write!(f, "{}.{:02}", number / 100, number % 100),
            Value::Date(date) => write!(f, "{}年{}月{}日", date.year(), date.month(), date.day()),
            Value::Month(month) => f.write_str(&month.label_ja()),
            Value::Time(time) => write!(f, "{time}"),
            Value::Code { label, .. } => f.write_str(label),
            Value::Office(office) => write!(f, "{office}"),
            Value::ServiceType(service) => match service.name() {
                Some(name) => write!(f, "{name}（{service}）"),
                None => write!(f, "{service}"),
            },
            Value::Service(service) => f.write_str(&service.code),
            Value::AllOffices | Value::AllServices => f.write_str("合計"),
            Value::Days(days) => {
                let days: Vec<String> =
                    (0..31).filter(|day| days >> day & 1 == 1).map(|day| (day + 1).to_string()).collect();
                f.write_str(&days.join("・"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::Kind;

    fn value(kind: Kind, no: u16, text: &'static str) -> Value<'static> {
        value_of(kind.layout().unwrap().field(no).unwrap(), Cow::Borrowed(text))
    }

    #[test]
    fn values_read_as_people_say_them() {
        let says = |kind, no, text| value(kind, no, text).to_string();
        assert_eq!(says(Kind::Provision, 4, "20260501"), "2026年5月1日");
        assert_eq!(says(Kind::Provision, 5, "202605"), "2026年5月");
        assert_eq!(says(Kind::Provision, 11, "1010000000000000000000000000000"), "1・3");
        assert_eq!(says(Kind::Provision, 12, "0930"), "09:30");
        assert_eq!(says(Kind::Provision, 12, "9999"), "");
        assert_eq!(says(Kind::Supplement, 7, "2"), "女性");
        assert_eq!(says(Kind::Supplement, 20, "21"), "短期入所生活介護（21）");
        assert_eq!(says(Kind::Benefit, 23, "10.4"), "10.40");
        assert_eq!(says(Kind::Benefit, 9, "999999"), "合計");
    }

    #[test]
    fn what_has_not_its_form_stays_verbatim() {
        for (kind, no, text) in [
            (Kind::Provision, 4, "令和8年"),
            (Kind::Provision, 8, "２４４"),
            (Kind::Provision, 23, "2"),
            (Kind::Provision, 20, "31700"),
            (Kind::Benefit, 9, "9Z1111"),
        ] {
            assert_eq!(value(kind, no, text), Value::Unread(text.into()));
        }
    }

    #[test]
    fn a_subtotal_knows_that_it_is_one() {
        let Value::Service(code) = value(Kind::Benefit, 9, "11AAAA") else { panic!("no service code") };
        assert!(code.is_subtotal());
        assert_eq!(code.service.name(), Some("訪問介護"));
    }
}
