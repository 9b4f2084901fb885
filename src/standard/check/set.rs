//! Looks at files together: which belong under one serial, what is missing beside them, who is in one and not in the other.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use foldhash::fast::FixedState;

use super::file::Judged;
use super::found::{Findings, Key, Place};
use super::rows::Facts;
use super::rules::Check;
use super::{Checked, CheckedFile, CheckedSet, Known};
use crate::standard::{FileName, Kind, OfficeNumber, Serial};

/// 送信単位: what goes together under one serial, by the letters of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Unit {
    /// 第1〜3表
    A,
    /// 第6・7表 予定
    B,
    /// 第1表の削除
    C,
    /// 予定の削除
    D,
    /// 実績
    E,
    /// 実績の削除
    F,
    /// 利用者基本情報
    G,
    /// 介護予防サービス・支援計画書, 利用者基本情報 with it or not
    H,
    /// 利用者基本情報の削除
    I,
    /// 介護予防サービス・支援計画書の削除
    J,
}

impl Unit {
    /// The unit a file belongs to by itself. G counts as H where both come under one serial.
    pub fn of(name: &FileName) -> Unit {
        match name.kind {
            Kind::Supplement if name.month.is_none() => Unit::A,
            Kind::Supplement | Kind::Provision | Kind::Benefit => Unit::B,
            Kind::CarePlan1 | Kind::CarePlan2 | Kind::CarePlan3 => Unit::A,
            Kind::CarePlan1Withdrawal => Unit::C,
            Kind::ProvisionWithdrawal => Unit::D,
            Kind::Actuals => Unit::E,
            Kind::ActualsWithdrawal => Unit::F,
            Kind::BasicInfo | Kind::BasicInfoDay | Kind::BasicInfoIllness | Kind::FamilyPicture => Unit::G,
            Kind::PreventivePlan | Kind::PreventivePlanSupport => Unit::H,
            Kind::BasicInfoWithdrawal => Unit::I,
            Kind::PreventivePlanWithdrawal => Unit::J,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

type SetKey = (OfficeNumber, OfficeNumber, Serial);

/// Looks at files together, each judged by itself before, and puts everything into words.
pub fn judge(mut files: Vec<Judged>, known: &Known<'_>) -> Checked {
    let mut groups: BTreeMap<SetKey, Vec<usize>> = BTreeMap::new();
    for (place, name) in files.iter().enumerate().filter_map(|(place, file)| Some((place, file.name()?))) {
        groups.entry((name.receiver, name.sender, name.serial)).or_default().push(place);
    }
    let mut news: Vec<(usize, Check, Place)> = Vec::new();
    let mut sets = Vec::new();
    let whole = Whole { files: &files, groups: &groups };
    let receivers: HashSet<OfficeNumber> = groups.keys().map(|(receiver, ..)| *receiver).collect();
    for ((receiver, _, serial), members) in &groups {
        let unit = whole.judge_unit(members, &mut news);
        whole.judge_parents(members, &mut news);
        whole.judge_supplements(members, &mut news);
        whole.judge_table3(members, &mut news);
        whole.judge_pictures(members, &mut news);
        let mut findings = Findings::default();
        if known.one_parcel && receivers.len() > 1 {
            let others: Vec<_> = receivers.iter().filter(|other| *other != receiver).map(ToString::to_string).collect();
            findings.add(Check::ReceiverMixed, Place::file().more(format!("{receiver}・{}", others.join("・"))));
        }
        sets.push((*receiver, *serial, unit, members.clone(), findings));
    }
    let names: HashMap<[u8; 16], String, FixedState> =
        files.iter_mut().flat_map(|file| std::mem::take(&mut file.facts.names)).collect();
    for (place, check, at) in news {
        if let Some(file) = files.get_mut(place) {
            file.findings.add(check, at);
        }
    }
    let name_of = |key: &Key| names.get(&key.person()).cloned();
    let sets = sets
        .into_iter()
        .map(|(receiver, serial, unit, members, findings)| CheckedSet {
            receiver,
            serial,
            unit,
            files: members.iter().filter_map(|place| files.get(*place)).map(|file| file.name.clone()).collect(),
            findings: findings.into_words("", None, &name_of),
        })
        .collect();
    let files = files
        .into_iter()
        .map(|file| CheckedFile {
            findings: file.findings.into_words(&file.name, file.kind, &name_of),
            name: file.name,
            kind: file.kind,
            rows: file.rows,
        })
        .collect();
    Checked { files, sets }
}

impl Judged {
    fn name(&self) -> Option<FileName> {
        self.reading.map(|reading| reading.name)
    }

    /// A file that is there but could not be read, with the sentence that says why (without its full stop). What it
    /// might hold is not missed in the others.
    pub fn unreadable(name: &str, why: &str) -> Judged {
        let reading = crate::standard::name::read(name);
        let kind = reading.as_ref().map_or_else(|error| error.kind(), |reading| Some(reading.name.kind));
        let mut findings = Findings::default();
        findings.add(Check::FileUnreadable, Place::file().more(why));
        let facts = Facts { incomplete: true, ..Facts::default() };
        Judged { name: name.to_owned(), reading: reading.ok(), kind, rows: 0, findings, facts }
    }

    /// Its records.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Persons in it, as far as they could be read.
    pub fn persons(&self) -> usize {
        self.facts.persons.keys().map(Key::person).collect::<HashSet<_>>().len()
    }
}

struct Whole<'a> {
    files: &'a [Judged],
    groups: &'a BTreeMap<SetKey, Vec<usize>>,
}

/// A file of a set: its place among all files, its name, and what it holds.
#[derive(Clone, Copy)]
struct Member<'a> {
    place: usize,
    name: FileName,
    file: &'a Judged,
}

impl<'a> Whole<'a> {
    fn members(&self, places: &[usize]) -> Vec<Member<'a>> {
        let member = |place: &usize| {
            let file = self.files.get(*place)?;
            Some(Member { place: *place, name: file.name()?, file })
        };
        places.iter().filter_map(member).collect()
    }

    fn judge_unit(&self, places: &[usize], news: &mut Vec<(usize, Check, Place)>) -> Option<Unit> {
        let members = self.members(places);
        let with_plan = members.iter().any(|member| Unit::of(&member.name) == Unit::H);
        let unit_of = |member: &Member<'_>| match Unit::of(&member.name) {
            Unit::G if with_plan => Unit::H,
            unit => unit,
        };
        let mut counts: BTreeMap<Unit, usize> = BTreeMap::new();
        members.iter().for_each(|member| *counts.entry(unit_of(member)).or_default() += 1);
        let (unit, _) = counts.iter().max_by_key(|(unit, count)| (**count, std::cmp::Reverse(**unit)))?;
        if counts.len() == 1 {
            return Some(*unit);
        }
        let (main, odd): (Vec<&Member<'_>>, Vec<&Member<'_>>) =
            members.iter().partition(|member| unit_of(member) == *unit);
        let main: Vec<&str> = main.iter().map(|member| member.name.kind.prefix()).collect();
        for member in odd {
            news.push((member.place, Check::UnitUnknown, Place::file().more(main.join("・"))));
        }
        None
    }

    /// Whether such a file stands in this set; months count where names have them.
    fn find(&self, places: &[usize], kind: Kind, month_of: &FileName) -> Vec<Member<'a>> {
        let both = kind.month_in_name() && month_of.kind.month_in_name();
        let fits = |member: &Member<'_>| member.name.kind == kind && (!both || member.name.month == month_of.month);
        self.members(places).into_iter().filter(fits).collect()
    }

    /// The serial of another set between the same offices that has this kind and lacks that one.
    fn elsewhere(&self, child: &FileName, has: Kind, lacks: Kind) -> Option<Serial> {
        self.groups.iter().find_map(|((receiver, sender, serial), places)| {
            let same_way = *receiver == child.receiver && *sender == child.sender && *serial != child.serial;
            let fits =
                same_way && !self.find(places, has, child).is_empty() && self.find(places, lacks, child).is_empty();
            fits.then_some(*serial)
        })
    }

    fn judge_parents(&self, places: &[usize], news: &mut Vec<(usize, Check, Place)>) {
        for child in self.members(places) {
            let Some(parent) = child.name.kind.parent() else { continue };
            let parents = self.find(places, parent, &child.name);
            if parents.is_empty() {
                let news_of = match self.elsewhere(&child.name, parent, child.name.kind) {
                    Some(serial) => (Check::SerialMismatch, mismatch(&child.name, parent, serial)),
                    None => (Check::OrphanChild, Place::file().more(title(parent))),
                };
                news.push((child.place, news_of.0, news_of.1));
            } else if child.name.kind != Kind::FamilyPicture {
                self.judge_rows_without(&child, &parents, Check::OrphanChild, title(parent), news);
            }
        }
    }

    /// Persons of one file whom none of the others has.
    fn judge_rows_without(
        &self,
        of: &Member<'_>,
        others: &[Member<'_>],
        check: Check,
        more: String,
        news: &mut Vec<(usize, Check, Place)>,
    ) {
        if others.iter().any(|other| other.file.facts.incomplete) {
            return;
        }
        let missing = |key: &Key| !others.iter().any(|other| other.file.facts.persons.contains_key(key));
        let mut alone: Vec<_> = of.file.facts.persons.iter().filter(|(key, _)| missing(key)).collect();
        alone.sort_by_key(|(_, person)| person.first_row);
        for (key, person) in alone {
            news.push((of.place, check, Place::row(person.first_row).person(Some(*key)).more(more.clone())));
        }
    }

    fn judge_supplements(&self, places: &[usize], news: &mut Vec<(usize, Check, Place)>) {
        let members = self.members(places);
        let belongs = |supplement: &Member<'_>, main: &FileName| {
            supplement.name.kind == Kind::Supplement && supplement.name.month == main.month
        };
        for main in members.iter().filter(|m| matches!(m.name.kind, Kind::CarePlan1 | Kind::Provision)) {
            let supplements: Vec<_> = members.iter().filter(|other| belongs(other, &main.name)).copied().collect();
            if supplements.is_empty() {
                news.push((main.place, Check::SupplementMissing, Place::file()));
            } else {
                self.judge_rows_without(main, &supplements, Check::SupplementMissing, String::new(), news);
            }
        }
        for supplement in members.iter().filter(|member| member.name.kind == Kind::Supplement) {
            let main = if supplement.name.month.is_some() { Kind::Provision } else { Kind::CarePlan1 };
            if self.find(places, main, &supplement.name).is_empty()
                && let Some(serial) = self.elsewhere(&supplement.name, main, Kind::Supplement)
            {
                news.push((supplement.place, Check::SerialMismatch, mismatch(&supplement.name, main, serial)));
            }
        }
    }

    fn judge_table3(&self, places: &[usize], news: &mut Vec<(usize, Check, Place)>) {
        let members = self.members(places);
        let has = |kind: Kind| members.iter().find(|member| member.name.kind == kind);
        if let (Some(first), Some(_), None) = (has(Kind::CarePlan1), has(Kind::CarePlan2), has(Kind::CarePlan3)) {
            news.push((first.place, Check::Table3Missing, Place::file()));
        }
    }

    fn judge_pictures(&self, places: &[usize], news: &mut Vec<(usize, Check, Place)>) {
        let members = self.members(places);
        let is = |kind: Kind| members.iter().filter(move |member| member.name.kind == kind);
        let there: HashSet<String> = is(Kind::FamilyPicture).map(|m| m.file.name.to_ascii_lowercase()).collect();
        let mut named: HashSet<String> = HashSet::new();
        for info in is(Kind::BasicInfo) {
            for (row, picture) in &info.file.facts.pictures {
                if !there.contains(&picture.to_ascii_lowercase()) {
                    let place = Place::row(*row).field(62).value(picture.as_str()).more("ファイルがありません");
                    news.push((info.place, Check::ImageMissing, place));
                }
                named.insert(picture.to_ascii_lowercase());
            }
        }
        let whole = is(Kind::BasicInfo).all(|info| !info.file.facts.incomplete) && is(Kind::BasicInfo).next().is_some();
        for picture in is(Kind::FamilyPicture).filter(|m| whole && !named.contains(&m.file.name.to_ascii_lowercase())) {
            let place = Place::file().value(picture.file.name.as_str()).more("名前を書いた行がありません");
            news.push((picture.place, Check::ImageMissing, place));
        }
    }
}

fn title(kind: Kind) -> String {
    format!("{}（{}）", kind.name(), kind.prefix())
}

fn mismatch(name: &FileName, parent: Kind, serial: Serial) -> Place {
    Place::file().value(name.serial.as_str()).more(format!("{}は{serial}", parent.prefix()))
}
