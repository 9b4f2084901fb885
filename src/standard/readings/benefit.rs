//! 第7表 of one person and month: units against the limit, what each provider goes over it, sums that do not add up.

use std::collections::HashMap;

use super::names;
use crate::standard::{Kind, Month, OfficeNumber, PersonKey, Row, Table, Value};

/// 第7表 of one person, added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenefitSheet {
    pub person: PersonKey,
    /// From 利用者補足情報, where it came along.
    pub person_name: Option<String>,
    pub month: Month,
    /// 区分支給限度基準額 of 利用者補足情報 (No.19).
    pub limit: Option<i64>,
    /// 合計限度超単位数 as 利用者補足情報 states it (No.56).
    pub stated_over: Option<i64>,
    /// In the order of the file.
    pub providers: Vec<ProviderUnits>,
    /// Numbers that are stated and are not the sum of what they stand for.
    pub mismatches: Vec<Mismatch>,
}

/// What one office's services come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUnits {
    pub office: OfficeNumber,
    pub office_name: String,
    /// 給付管理単位数 (No.18)
    pub units: i64,
    /// 種類支給限度基準を超える・内 (No.19, 20)
    pub over_type: i64,
    pub within_type: i64,
    /// 区分支給限度基準を超える・内 (No.21, 22)
    pub over: i64,
    pub within: i64,
    /// 費用総額 (No.24), 保険請求額 (No.26), 利用者負担 (No.28, 29)
    pub cost: i64,
    pub claim: i64,
    pub share: i64,
    pub full_share: i64,
}

/// A stated number that is not the sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where it is stated.
    pub kind: Kind,
    pub row: u64,
    pub field: u16,
    pub stated: i64,
    pub sum: i64,
}

/// Fields that add up, in the order of [`ProviderUnits::sums`].
const ADDED: [u16; 9] = [18, 19, 20, 21, 22, 24, 26, 28, 29];

impl ProviderUnits {
    fn sums(&mut self) -> [&mut i64; 9] {
        [
            &mut self.units,
            &mut self.over_type,
            &mut self.within_type,
            &mut self.over,
            &mut self.within,
            &mut self.cost,
            &mut self.claim,
            &mut self.share,
            &mut self.full_share,
        ]
    }
}

impl BenefitSheet {
    /// 給付管理単位数 of all offices together.
    pub fn units(&self) -> i64 {
        self.providers.iter().map(|provider| provider.units).sum()
    }

    /// 限度を超える単位数 of all offices together.
    pub fn over(&self) -> i64 {
        self.providers.iter().map(|provider| provider.over + provider.over_type).sum()
    }

    /// What is left of the limit; below nothing where the units exceed it. `None` without a limit.
    pub fn left(&self) -> Option<i64> {
        self.limit.map(|limit| limit - self.units())
    }
}

/// 第7表 of each person and month, in the order of the files; 利用者補足情報 among the tables gives names and limits.
/// A file holds all services of its persons, so a later file replaces what an earlier one said of the same person.
pub fn benefit_sheets(tables: &[Table]) -> Vec<BenefitSheet> {
    let names = names(tables);
    let mut sheets: Vec<(BenefitSheet, Totals)> = Vec::new();
    let mut places: HashMap<(PersonKey, Month), usize> = HashMap::new();
    let benefits = tables.iter().enumerate().filter(|(_, table)| table.kind() == Kind::Benefit);
    for (file, row) in benefits.flat_map(|(file, table)| table.rows().map(move |row| (file, row))) {
        let Value::Month(month) = row.value(5) else { continue };
        let place = *places.entry((row.person(), month)).or_insert_with(|| {
            let person = row.person();
            let person_name = names.get(&person).and_then(|(name, _)| name.clone());
            let (limit, stated_over, providers, mismatches) = (None, None, Vec::new(), Vec::new());
            let sheet = BenefitSheet { person, person_name, month, limit, stated_over, providers, mismatches };
            sheets.push((sheet, Totals::default()));
            sheets.len() - 1
        });
        if let Some((sheet, totals)) = sheets.get_mut(place) {
            if totals.file.replace(file).is_some_and(|before| before != file) {
                sheet.providers.clear();
                totals.total = None;
            }
            sheet.note(&row, totals);
        }
    }
    for row in tables.iter().filter(|table| table.kind() == Kind::Supplement).flat_map(Table::rows) {
        let Value::Month(month) = row.value(63) else { continue };
        let place = places.get(&(row.person(), month)).and_then(|place| sheets.get_mut(*place));
        if let Some((sheet, totals)) = place {
            sheet.limit = number(&row, 19);
            sheet.stated_over = number(&row, 56);
            totals.supplement = sheet.stated_over.map(|over| (row.number(), over));
        }
    }
    sheets.into_iter().map(|(sheet, totals)| sheet.concluded(&totals)).collect()
}

/// What the file itself states as sums.
#[derive(Default)]
struct Totals {
    /// Which of the tables.
    file: Option<usize>,
    /// Row and stated numbers of the total row.
    total: Option<(u64, [Option<i64>; 9])>,
    supplement: Option<(u64, i64)>,
}

fn number(row: &Row<'_>, no: u16) -> Option<i64> {
    match row.value(no) {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

impl BenefitSheet {
    fn note(&mut self, row: &Row<'_>, totals: &mut Totals) {
        let stated = ADDED.map(|no| number(row, no));
        match (row.value(9), row.value(7)) {
            (Value::AllServices, _) => totals.total = Some((row.number(), stated)),
            (Value::Service(code), Value::Office(office)) if !code.is_subtotal() => {
                let provider = self.provider(office, row);
                for (sum, more) in provider.sums().into_iter().zip(stated) {
                    *sum = sum.saturating_add(more.unwrap_or(0));
                }
            }
            _ => {}
        }
    }

    fn provider(&mut self, office: OfficeNumber, row: &Row<'_>) -> &mut ProviderUnits {
        let found = self.providers.iter().position(|provider| provider.office == office);
        let place = found.unwrap_or(self.providers.len());
        if found.is_none() {
            let office_name = row.text(6).into_owned();
            let [units, over_type, within_type, over, within, cost, claim, share, full_share] = [0; 9];
            self.providers.push(ProviderUnits {
                office,
                office_name,
                units,
                over_type,
                within_type,
                over,
                within,
                cost,
                claim,
                share,
                full_share,
            });
        }
        self.providers.get_mut(place).expect("it was found or pushed just now")
    }

    fn concluded(mut self, totals: &Totals) -> Self {
        let mut sums = [0i64; 9];
        for provider in &mut self.providers {
            sums.iter_mut().zip(provider.sums()).for_each(|(sum, more)| *sum = sum.saturating_add(*more));
        }
        if let Some((row, stated)) = totals.total {
            for ((field, stated), sum) in ADDED.into_iter().zip(stated).zip(sums) {
                if let Some(stated) = stated.filter(|stated| *stated != sum) {
                    self.mismatches.push(Mismatch { kind: Kind::Benefit, row, field, stated, sum });
                }
            }
        }
        if let Some((row, stated)) = totals.supplement.filter(|(_, stated)| *stated != self.over()) {
            let (kind, field, sum) = (Kind::Supplement, 56, self.over());
            self.mismatches.push(Mismatch { kind, row, field, stated, sum });
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(office: &str, code: &str, units: &str, over: &str, within: &str) -> Vec<String> {
        let mut row = vec![String::new(); 37];
        for (no, text) in [
            (2, "312025"),
            (3, "3100000001"),
            (5, "202605"),
            (7, office),
            (9, code),
            (18, units),
            (21, over),
            (22, within),
        ] {
            row[no - 1] = text.to_owned();
        }
        row
    }

    fn supplement(limit: &str, over: &str) -> Table {
        let mut row = vec![String::new(); 63];
        for (no, text) in [(2, "312025"), (3, "3100000001"), (6, "山田　花子"), (19, limit), (56, over), (63, "202605")]
        {
            row[no - 1] = text.to_owned();
        }
        Table::compose(Kind::Supplement, [row]).unwrap()
    }

    #[test]
    fn each_provider_has_its_units_over_the_limit_and_subtotals_do_not_count_twice() {
        let (north, south) = ("3170000001", "3170000002");
        let rows = [
            row(north, "111111", "3000", "0", "3000"),
            row(north, "111211", "1000", "0", "1000"),
            row(north, "11AAAA", "4000", "0", "4000"),
            row(south, "151441", "2000", "968", "1032"),
            row("9999999999", "999999", "6000", "968", "5032"),
        ];
        let sheets = benefit_sheets(&[Table::compose(Kind::Benefit, rows).unwrap(), supplement("5032", "968")]);
        let [sheet] = sheets.as_slice() else { panic!("{sheets:#?}") };
        let units: Vec<_> = sheet.providers.iter().map(|p| (p.office.as_str(), p.units, p.over, p.within)).collect();
        assert_eq!(units, [(north, 4000, 0, 4000), (south, 2000, 968, 1032)]);
        assert_eq!((sheet.units(), sheet.over(), sheet.left()), (6000, 968, Some(-968)));
        assert_eq!((sheet.person_name.as_deref(), sheet.mismatches.as_slice()), (Some("山田　花子"), &[][..]));
    }

    #[test]
    fn a_sum_that_does_not_add_up_is_named_with_its_place() {
        let rows = [row("3170000001", "111111", "3000", "0", "3000"), row("9999999999", "999999", "3001", "0", "3000")];
        let sheets = benefit_sheets(&[Table::compose(Kind::Benefit, rows).unwrap(), supplement("5032", "1")]);
        let expected = [
            Mismatch { kind: Kind::Benefit, row: 2, field: 18, stated: 3001, sum: 3000 },
            Mismatch { kind: Kind::Supplement, row: 1, field: 56, stated: 1, sum: 0 },
        ];
        assert_eq!(sheets[0].mismatches, expected);
    }
}
