//! What each type of field must look like. On bytes: a month of a district is a million fields.

use super::rules::Check;
use crate::standard::layouts::Form;
use crate::standard::services;

/// The rule a filled field breaks by its form alone, if any. Lengths, codes of a field, and characters are looked at elsewhere.
#[inline]
pub(crate) fn broken(form: Form, value: &[u8]) -> Option<Check> {
    let (holds, check) = match form {
        Form::Text | Form::Code | Form::CsvVersion | Form::Tais | Form::Phone | Form::ImageName => return None,
        Form::Integer => (is_integer(value), Check::NotANumber),
        Form::Date => (date(value).is_some(), Check::NotADate),
        Form::Month => (month(value).is_some(), Check::NotAMonth),
        Form::TimeOr9999 => (value == b"9999" || time(value).is_some(), Check::NotATime),
        Form::Time => (time(value).is_some(), Check::NotATime),
        Form::InsurerNo => (is_insurer(value), Check::InsurerNoForm),
        Form::InsuredNo => (is_insured(value), Check::InsuredNoForm),
        Form::OfficeNo | Form::OfficeNoOrAll9 => (is_office(value), Check::OfficeNoForm),
        Form::ServiceCode => (is_service_code(value), Check::ServiceCodeForm),
        Form::ServiceCodeOrTotal => (value == b"999999" || is_service_code(value), Check::ServiceCodeForm),
        Form::ServiceType => (services::scope(value).is_some(), Check::CodeUnknown),
        Form::DateOrZero => (value == b"00000000" || date(value).is_some(), Check::NotADate),
        Form::MonthOrZero => (value == b"000000" || month(value).is_some(), Check::NotAMonth),
        Form::Digits => (all_digits(value), Check::NotANumber),
        Form::Decimal2 => (is_decimal(value), Check::NotANumber),
        Form::DayFlags => {
            (value.len() == 31 && value.iter().all(|flag| matches!(flag, b'0' | b'1')), Check::DayFlagsForm)
        }
        Form::Postal => (is_postal(value), Check::PostalForm),
        Form::Unused => (false, Check::UnusedFilled),
    };
    (!holds).then_some(check)
}

/// Year, month, day of a real YYYYMMDD.
#[inline]
pub(crate) fn date(value: &[u8]) -> Option<(u16, u8, u8)> {
    let [y1, y2, y3, y4, m1, m2, d1, d2] = *value else { return None };
    let (year, number) = month(&[y1, y2, y3, y4, m1, m2])?;
    let day = two(d1, d2)?;
    (day >= 1 && day <= days_in(year, number)).then_some((year, number, day))
}

/// Year and month of a real YYYYMM.
#[inline]
pub(crate) fn month(value: &[u8]) -> Option<(u16, u8)> {
    let [y1, y2, y3, y4, m1, m2] = *value else { return None };
    let year = u16::from(two(y1, y2)?) * 100 + u16::from(two(y3, y4)?);
    let month = two(m1, m2)?;
    (year >= 1 && (1..=12).contains(&month)).then_some((year, month))
}

/// Hours and minutes of HHMM; 2400 is the end of the day.
#[inline]
pub(crate) fn time(value: &[u8]) -> Option<(u8, u8)> {
    let [h1, h2, m1, m2] = *value else { return None };
    let (hour, minute) = (two(h1, h2)?, two(m1, m2)?);
    ((hour < 24 && minute < 60) || (hour, minute) == (24, 0)).then_some((hour, minute))
}

#[inline]
fn two(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

pub(crate) fn days_in(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

#[inline]
fn all_digits(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_digit)
}

/// Digits, with a minus for what is taken off.
#[inline]
fn is_integer(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    !digits.is_empty() && all_digits(digits)
}

fn is_decimal(value: &[u8]) -> bool {
    let mut parts = value.splitn(2, |byte| *byte == b'.');
    let whole = parts.next().unwrap_or_default();
    let fraction = parts.next();
    (1..=3).contains(&whole.len())
        && all_digits(whole)
        && fraction.is_none_or(|digits| (1..=2).contains(&digits.len()) && all_digits(digits))
}

#[inline]
pub(crate) fn is_insurer(value: &[u8]) -> bool {
    value.len() == 6 && all_digits(value)
}

#[inline]
pub(crate) fn is_insured(value: &[u8]) -> bool {
    value.len() == 10 && all_digits(value.strip_prefix(b"H").unwrap_or(value))
}

#[inline]
fn is_office(value: &[u8]) -> bool {
    value.len() == 10 && value.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

#[inline]
fn is_service_code(value: &[u8]) -> bool {
    value.len() == 6
        && value.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && value.get(..2).is_some_and(|kind| services::scope(kind).is_some())
}

fn is_postal(value: &[u8]) -> bool {
    let [a, b, c, b'-', d, e, f, g] = *value else { return false };
    all_digits(&[a, b, c, d, e, f, g])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_hold_and_break() {
        let table: &[(Form, &[&str], &[&str])] = &[
            (
                Form::Date,
                &["20240229", "20260531"],
                &["20260229", "20260231", "2026531", "令和8年", "00000000", "20260500"],
            ),
            (Form::DateOrZero, &["00000000", "20260401"], &["00000001"]),
            (Form::Month, &["202605"], &["202613", "202600", "000000", "20260"]),
            (Form::MonthOrZero, &["000000", "202605"], &["202613"]),
            (Form::Time, &["0000", "2359", "2400"], &["9999", "2401", "2560", "930", "09:30"]),
            (Form::TimeOr9999, &["9999", "0930"], &["9998"]),
            (Form::Integer, &["0", "007", "-12"], &["２４４", "1.0", "-", "1 ", "+1"]),
            (Form::Decimal2, &["10.00", "11.4", "10"], &["10.0.0", ".5", "10.", "10.000", "１０"]),
            (Form::InsurerNo, &["312025"], &["31202", "31202A"]),
            (Form::InsuredNo, &["3100000001", "H310000001"], &["H12345678", "h310000001", "31000000012"]),
            (Form::OfficeNo, &["3170000001", "31A0000001"], &["31700", "31a0000001"]),
            (Form::ServiceCode, &["111111", "A21111", "331111"], &["9Z1111", "11111", "999999"]),
            (Form::ServiceCodeOrTotal, &["999999", "11AAAA", "2AZZZZ"], &["99AAAA"]),
            (Form::ServiceType, &["11", "A2"], &["99", "1"]),
            (Form::DayFlags, &["1111111111111111111111111111111"], &["1111", "2111111111111111111111111111111"]),
            (Form::Postal, &["683-0686"], &["6830686", "683ー0686"]),
        ];
        for (form, good, bad) in table {
            for value in *good {
                assert_eq!(broken(*form, value.as_bytes()), None, "{form:?} {value}");
            }
            for value in *bad {
                assert!(broken(*form, value.as_bytes()).is_some(), "{form:?} {value} passed");
            }
        }
    }
}
