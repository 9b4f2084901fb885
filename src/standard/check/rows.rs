//! Judges rows as wholes, and keeps of each person only what the other files of the set are asked about.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::form;
use super::found::{Findings, Key, Place};
use super::rules::Check;
use crate::standard::records::Fields;
use crate::standard::{FileName, Kind, OfficeNumber, Role, cp932, services};

/// Sums of 第7表 that the total row repeats.
const SUMS: [u16; 5] = [18, 24, 26, 28, 29];
/// So many records are remembered, at least, to find the same one again.
const REMEMBERED: usize = 1 << 16;

/// What the other files of a set are asked about.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub persons: HashMap<Key, PersonFacts, FixedState>,
    /// Insurer and insured to the name, where this file says it.
    pub names: HashMap<[u8; 16], String, FixedState>,
    /// Pictures that rows name, with the row.
    pub pictures: Vec<(u64, String)>,
    /// Some rows could not be read, so that somebody may be missing here who is there.
    pub incomplete: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PersonFacts {
    pub first_row: u64,
    /// Has a service at the receiving office.
    served: bool,
    benefit: Option<Box<Benefit>>,
}

/// 第7表 of one person.
#[derive(Clone, Debug, Default)]
struct Benefit {
    /// Row of the total, and its sums.
    total: Option<(u64, [Option<i64>; 5])>,
    sums: [i64; 5],
    /// A number could not be read: adding up says nothing.
    unsure: bool,
    types: Vec<BenefitType>,
}

/// One type of service at one office.
#[derive(Clone, Debug)]
struct BenefitType {
    office: [u8; 10],
    service: [u8; 2],
    first_row: u64,
    limited_rows: u32,
    subtotal: bool,
}

/// Rows of one file so far.
#[derive(Debug)]
pub(crate) struct Rows {
    pub utf8: bool,
    /// A bit for each field that all rows of a person, or of the file, have in common.
    heads: u128,
    kind: Option<Kind>,
    name: Option<FileName>,
    facts: Facts,
    /// The person of the last row, taken out of the map while her rows come.
    current: Option<(Key, PersonFacts)>,
    /// The key of the row being judged.
    key: Option<Key>,
    version: Option<Vec<u8>>,
    version_faults: VersionFaults,
    month: Option<Vec<u8>>,
    month_mixed: bool,
    seen: Seen,
    /// Whether 予定 may only hold who is served by the receiver.
    guards_receiver: bool,
    /// Whether 実績 must be the sender's own.
    guards_provider: bool,
}

#[derive(Debug, Default)]
struct VersionFaults {
    unknown: bool,
    old: bool,
    mixed: bool,
}

/// Hashes of the last records: two generations, so that it neither grows without end nor forgets all at once.
#[derive(Debug, Default)]
struct Seen {
    new: HashSet<u64, FixedState>,
    old: HashSet<u64, FixedState>,
}

impl Seen {
    /// Whether it was there before.
    fn insert(&mut self, record: &[u8]) -> bool {
        use std::hash::{BuildHasher, Hasher};
        let mut hasher = FixedState::default().build_hasher();
        hasher.write(record);
        let hash = hasher.finish();
        if self.new.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.new);
        }
        !self.new.insert(hash) || self.old.contains(&hash)
    }
}

impl Rows {
    pub(crate) fn new(kind: Option<Kind>, name: Option<FileName>) -> Self {
        let role = |name: FileName| (name.sender_service.role(), name.receiver_service.role());
        let roles = name.map(role).unwrap_or_default();
        // 居宅 → 地域包括 forwards plans and actuals of services elsewhere.
        let forwarded = roles == (Some(Role::Planner), Some(Role::Planner));
        let (facts, seen, version_faults) = Default::default();
        let (current, key, version, month) = (None, None, None, None);
        let guards_receiver = kind == Some(Kind::Provision) && name.is_some() && roles.1 != Some(Role::Planner);
        let guards_provider = kind == Some(Kind::Actuals) && name.is_some() && !forwarded;
        let (utf8, month_mixed) = (false, false);
        let heads = kind.map_or(0, |kind| {
            let numbers = [1, 2, 3, 4, kind.key_field(), kind.month_field().unwrap_or(1)];
            numbers.into_iter().fold(0, |heads, no| heads | 1u128 << (no - 1))
        });
        Self {
            utf8,
            heads,
            kind,
            name,
            facts,
            current,
            key,
            version,
            version_faults,
            month,
            month_mixed,
            seen,
            guards_receiver,
            guards_provider,
        }
    }

    /// Something could not be read.
    pub(crate) fn incomplete(&mut self) {
        self.facts.incomplete = true;
    }

    /// Whose row is being judged.
    pub(crate) fn key(&self) -> Option<Key> {
        self.key
    }

    /// 対象年月 of the first row that has a readable one.
    pub(crate) fn month_of_rows(&self) -> Option<String> {
        self.month.as_ref().map(|month| String::from_utf8_lossy(month).into_owned())
    }

    /// Sees whose row it is, and what all rows must have in common.
    /// `same` has a bit for each field that is as in the row before.
    pub(crate) fn begin(&mut self, fields: Fields<'_>, same: u128, row: u64, findings: &mut Findings) {
        let Some(kind) = self.kind else { return };
        if same & self.heads == self.heads && self.key.is_some() {
            return;
        }
        self.key = key_of(kind, fields);
        match self.key {
            None => self.facts.incomplete = true,
            Some(key) => self.turn_to(key, row),
        }
        self.judge_version(fields.get(1), row, findings);
        if let Some(no) = kind.month_field() {
            self.judge_month(kind, fields.get(usize::from(no)), row, no, findings);
        }
    }

    fn turn_to(&mut self, key: Key, row: u64) {
        if self.current.as_ref().is_some_and(|(current, _)| *current == key) {
            return;
        }
        let person = self.facts.persons.remove(&key);
        let person = person.unwrap_or(PersonFacts { first_row: row, ..PersonFacts::default() });
        if let Some((last, facts)) = self.current.replace((key, person)) {
            self.facts.persons.insert(last, facts);
        }
    }

    fn judge_version(&mut self, version: &[u8], row: u64, findings: &mut Findings) {
        if version.is_empty() || (version == b"202407" && self.version.as_deref() == Some(b"202407")) {
            return;
        }
        let place = || Place::row(row).field(1).value(cp932::decode_lossy(version));
        let is_old = version.len() == 6 && version.iter().all(u8::is_ascii_digit) && version <= b"202208".as_slice();
        let faults = &mut self.version_faults;
        if is_old && !std::mem::replace(&mut faults.old, true) {
            findings.add(Check::CsvVersionOld, place());
        }
        if !is_old && version != b"202407" && !std::mem::replace(&mut faults.unknown, true) {
            findings.add(Check::CsvVersionUnknown, place());
        }
        let first = self.version.get_or_insert_with(|| version.to_vec());
        if first != version && !std::mem::replace(&mut faults.mixed, true) {
            findings.add(Check::CsvVersionMixed, place().more(cp932::decode_lossy(first)));
        }
    }

    fn judge_month(&mut self, kind: Kind, month: &[u8], row: u64, no: u16, findings: &mut Findings) {
        if self.month.as_deref() == Some(month) {
            return;
        }
        let readable = form::month(month).is_some() || (kind == Kind::Supplement && month == b"000000");
        if !readable {
            return;
        }
        let value = || String::from_utf8_lossy(month).into_owned();
        match &self.month {
            None => self.month = Some(month.to_vec()),
            Some(_) if std::mem::replace(&mut self.month_mixed, true) => {}
            Some(first) => {
                let first = String::from_utf8_lossy(first).into_owned();
                let place = Place::row(row).field(no).person(self.key).value(value()).more(first);
                findings.add(Check::MonthMixed, place);
            }
        }
    }

    /// Judges the row as a whole, once its fields were.
    pub(crate) fn judge(&mut self, fields: Fields<'_>, row: u64, findings: &mut Findings) {
        let Some(kind) = self.kind else { return };
        let record = fields.bytes.trim_ascii_end();
        if self.seen.insert(record) {
            findings.add(Check::DuplicateRow, Place::row(row).person(self.key));
        }
        match kind {
            Kind::Provision | Kind::Actuals => self.judge_table6(kind, fields, row, findings),
            Kind::Benefit => self.judge_table7(fields, row, findings),
            Kind::ActualsWithdrawal => self.judge_scope(fields.get(6), 6, row, findings),
            Kind::Supplement => self.judge_person(fields, row, 6, (14, 15), findings),
            Kind::CarePlan1 => self.judge_period(fields, row, (19, 20), findings),
            Kind::BasicInfo => {
                self.judge_person(fields, row, 15, (24, 25), findings);
                if !fields.get(62).is_empty() {
                    self.facts.pictures.push((row, cp932::decode_lossy(fields.get(62)).into_owned()));
                }
            }
            Kind::PreventivePlan => self.judge_person(fields, row, 8, (10, 11), findings),
            _ => {}
        }
    }

    fn judge_person(&mut self, fields: Fields<'_>, row: u64, name: usize, period: (u16, u16), findings: &mut Findings) {
        if let (Some(key), name @ [_, ..]) = (self.key, fields.get(name)) {
            let text = if self.utf8 { String::from_utf8_lossy(name) } else { cp932::decode_lossy(name) }.into_owned();
            self.facts.names.entry(key.person()).or_insert(text);
        }
        self.judge_period(fields, row, period, findings);
    }

    fn judge_period(&self, fields: Fields<'_>, row: u64, (from, to): (u16, u16), findings: &mut Findings) {
        let (start, end) = (fields.get(usize::from(from)), fields.get(usize::from(to)));
        if let (Some(first), Some(last)) = (form::date(start), form::date(end))
            && last < first
        {
            let place = Place::row(row).field(to).person(self.key);
            findings.add(Check::PeriodReversed, place.value(ascii(end)).more(ascii(start)));
        }
    }

    fn judge_scope(&self, service: &[u8], no: u16, row: u64, findings: &mut Findings) {
        if services::scope(service) == Some(false) {
            let service = ascii(service);
            let name = service.parse::<crate::standard::ServiceType>().ok().and_then(|service| service.name());
            let place = Place::row(row).field(no).person(self.key).value(service).more(name.unwrap_or_default());
            findings.add(Check::ServiceOutOfScope, place);
        }
    }

    fn judge_table6(&mut self, kind: Kind, fields: Fields<'_>, row: u64, findings: &mut Findings) {
        let at = |no: u16| Place::row(row).field(no).person(self.key);
        self.judge_day(fields, &at, findings);
        let (start, end) = (fields.get(12), fields.get(13));
        if (start == b"9999") != (end == b"9999") && !start.is_empty() && !end.is_empty() {
            findings.add(Check::TimePair, at(if start == b"9999" { 12 } else { 13 }));
        }
        let code = fields.get(15);
        let service = code.get(..2).unwrap_or_default();
        self.judge_scope(service, 15, row, findings);
        if matches!(service, b"17" | b"67") && fields.get(16).is_empty() && fields.get(17).is_empty() {
            findings.add(Check::TaisMissing, at(16));
        }
        if service != b"17" && !fields.get(19).is_empty() && services::scope(service).is_some() {
            findings.add(Check::DetailNumberMisused, at(19).value(ascii(fields.get(19))));
        }
        let Some(name) = self.name else { return };
        let is = |office: OfficeNumber, value: &[u8]| value == office.as_str().as_bytes();
        let provider = fields.get(20);
        if kind == Kind::Provision {
            let planner = fields.get(6);
            if !planner.is_empty() && !is(name.sender, planner) {
                findings.add(Check::PlannerNotSender, at(6).value(ascii(planner)).more(name.sender.as_str()));
            }
        } else if self.guards_provider && !provider.is_empty() && !is(name.sender, provider) {
            findings.add(Check::ProviderNotSender, at(20).value(ascii(provider)).more(name.sender.as_str()));
        }
        if let Some((_, person)) = self.current.as_mut().filter(|(key, _)| self.key == Some(*key)) {
            person.served |= is(name.receiver, provider);
        }
    }

    fn judge_day(&self, fields: Fields<'_>, at: &impl Fn(u16) -> Place, findings: &mut Findings) {
        let (month, day, flags) = (fields.get(5), fields.get(10), fields.get(11));
        if !day.starts_with(month)
            && let (Some(_), Some(_)) = (form::month(month), form::date(day))
        {
            findings.add(Check::DayOutsideMonth, at(10).value(ascii(day)).more(ascii(month)));
        }
        if flags.is_empty() {
            return;
        }
        let days = form::month(month).map_or(31, |(year, month)| usize::from(form::days_in(year, month)));
        if flags.iter().skip(days).any(|flag| *flag == b'1') {
            findings.add(Check::DayOutsideMonth, at(11).value(ascii(flags)).more(ascii(month)));
        }
    }

    fn judge_table7(&mut self, fields: Fields<'_>, row: u64, findings: &mut Findings) {
        let (code, office) = (fields.get(9), fields.get(7));
        let is_total = code == b"999999";
        if !is_total {
            self.judge_scope(code.get(..2).unwrap_or_default(), 9, row, findings);
        }
        let Some((_, person)) = self.current.as_mut().filter(|(key, _)| self.key == Some(*key)) else { return };
        let benefit = person.benefit.get_or_insert_default();
        let amounts = SUMS.map(|no| number(fields.get(usize::from(no))));
        benefit.unsure |= amounts.contains(&Err(()));
        let amounts = amounts.map(Result::unwrap_or_default);
        if is_total {
            if office == b"9999999999" {
                benefit.total = Some((row, amounts));
            }
            return;
        }
        let subtotal = matches!(code.get(2..), Some(b"AAAA" | b"EEEE" | b"ZZZZ"));
        if !subtotal {
            benefit
                .sums
                .iter_mut()
                .zip(amounts)
                .for_each(|(sum, amount)| *sum = sum.saturating_add(amount.unwrap_or(0)));
        }
        benefit.count(office, code, row, subtotal, fields.get(18));
    }

    /// Judges what only the end of the file shows, and hands over what the other files are asked about.
    pub(crate) fn conclude(mut self, name: Option<FileName>, findings: &mut Findings) -> Facts {
        if let Some((key, person)) = self.current.take() {
            self.facts.persons.insert(key, person);
        }
        let mut persons: Vec<_> = self.facts.persons.iter_mut().collect();
        persons.sort_by_key(|(_, person)| person.first_row);
        for (key, person) in persons {
            if let (true, false, Some(name)) = (self.guards_receiver, person.served, name) {
                let place = Place::row(person.first_row).field(20).person(Some(*key)).more(name.receiver.as_str());
                findings.add(Check::PersonNotForReceiver, place);
            }
            if let Some(benefit) = person.benefit.take() {
                benefit.conclude(*key, person.first_row, findings);
            }
        }
        self.facts
    }
}

impl Benefit {
    fn count(&mut self, office: &[u8], code: &[u8], row: u64, subtotal: bool, limited: &[u8]) {
        let (Ok(office), Some(Ok(service))) = (office.try_into(), code.get(..2).map(TryInto::try_into)) else {
            return;
        };
        let found = self.types.iter().position(|kind| kind.office == office && kind.service == service);
        let place = found.unwrap_or_else(|| {
            self.types.push(BenefitType { office, service, first_row: row, limited_rows: 0, subtotal: false });
            self.types.len() - 1
        });
        if let Some(kind) = self.types.get_mut(place) {
            kind.subtotal |= subtotal && code.ends_with(b"AAAA");
            // What lies outside the limit leaves 給付管理単位数 empty, and its subtotal (EEEE) may be left out.
            kind.limited_rows += u32::from(!subtotal && !limited.is_empty());
        }
    }

    fn conclude(&self, key: Key, first_row: u64, findings: &mut Findings) {
        for kind in self.types.iter().filter(|kind| kind.limited_rows > 1 && !kind.subtotal) {
            let place = Place::row(kind.first_row).field(9).person(Some(key));
            let (service, rows) = (ascii(&kind.service), kind.limited_rows.to_string());
            findings.add(Check::SubtotalRowMissing, place.value(service).more(rows));
        }
        let Some((row, total)) = self.total else {
            return findings.add(Check::TotalRowMissing, Place::row(first_row).field(9).person(Some(key)));
        };
        for ((no, stated), sum) in SUMS.into_iter().zip(total).zip(self.sums) {
            if let Some(stated) = stated.filter(|stated| *stated != sum && !self.unsure) {
                let place = Place::row(row).field(no).person(Some(key));
                findings.add(Check::TotalMismatch, place.value(stated.to_string()).more(sum.to_string()));
            }
        }
    }
}

/// Nothing where nothing stands, and an error where no number does.
fn number(value: &[u8]) -> Result<Option<i64>, ()> {
    if value.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(value).map_err(|_| ())?;
    text.parse().map(Some).map_err(|_| ())
}

/// Insurer, insured, and the date or month that tells the plan; nothing unless all are of their form.
fn key_of(kind: Kind, fields: Fields<'_>) -> Option<Key> {
    let (insurer, insured) = (fields.get(2), fields.get(3));
    if !form::is_insurer(insurer) || !form::is_insured(insured) {
        return None;
    }
    let third = match (kind, fields.get(63)) {
        // 補足 of tables 1–3 goes by the plan's date, of tables 6 and 7 by the month.
        (Kind::Supplement, month) if month != b"000000" && fields.get(4) == b"00000000" => month,
        _ => fields.get(usize::from(kind.key_field())),
    };
    if third.is_empty() || third.len() > 8 {
        return None;
    }
    let mut key = [b' '; 24];
    key.iter_mut().zip(insurer.iter().chain(insured).chain(third)).for_each(|(to, from)| *to = *from);
    Some(Key(key))
}

fn ascii(value: &[u8]) -> String {
    cp932::decode_lossy(value).into_owned()
}
