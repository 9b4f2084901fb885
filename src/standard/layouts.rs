//! The kinds of file and their columns, read once from `assets/standard/layouts.toml`.
//!
//! A new column or code is a line in the TOML. What a type of field must look like is in `check/form.rs`.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $prefix:literal;)*) => {
        /// The 17 kinds of file of the standard, and the picture that goes with 利用者基本情報.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// All of them, in the order of the standard.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant),*];

            /// What the file name starts with.
            pub fn prefix(self) -> &'static str {
                match self { $(Kind::$variant => $prefix,)* }
            }

            /// The kind of exactly this prefix.
            pub fn from_prefix(prefix: &str) -> Option<Kind> {
                match prefix { $($prefix => Some(Kind::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    /// 利用者補足情報
    Supplement = "UPHOSOKU";
    /// 第1表
    CarePlan1 = "UP1KYO";
    CarePlan1Withdrawal = "DLT1KYO";
    /// 第2表
    CarePlan2 = "UP2KYO";
    /// 第3表
    CarePlan3 = "UP3KYO";
    /// 第6表 予定
    Provision = "UPPLAN";
    /// 第6表 実績
    Actuals = "UPJSK";
    ProvisionWithdrawal = "DLTPLAN";
    ActualsWithdrawal = "DLTJSK";
    /// 第7表
    Benefit = "UPSIKYU";
    /// 利用者基本情報
    BasicInfo = "UPKIHON";
    BasicInfoWithdrawal = "DLTKIHON";
    /// 別表1: １日の生活
    BasicInfoDay = "UPKIHON_SUB1";
    /// 別表2: 現病歴・既往歴
    BasicInfoIllness = "UPKIHON_SUB2";
    /// 家族構成の画像; no CSV
    FamilyPicture = "UPKIHON_IMAGE";
    /// 介護予防サービス・支援計画書
    PreventivePlan = "UPYOBO";
    PreventivePlanWithdrawal = "DLTYOBO";
    /// 別表: 支援計画
    PreventivePlanSupport = "UPYOBO_SUB";
}

impl Kind {
    /// The standard's name for it.
    pub fn name(self) -> &'static str {
        self.layout().map_or("利用者基本情報（家族構成画像）", |layout| layout.name.as_str())
    }

    /// Its columns; `None` for the picture.
    pub fn layout(self) -> Option<&'static Layout> {
        LAYOUTS.get(&self).map(Unread::layout)
    }

    /// Whether the name carries 対象年月.
    pub fn month_in_name(self) -> bool {
        self.layout().is_some_and(|layout| layout.month_in_name)
    }

    /// The kind without which it cannot stand.
    pub fn parent(self) -> Option<Kind> {
        match self {
            Kind::FamilyPicture => Some(Kind::BasicInfo),
            _ => self.layout().and_then(|layout| layout.parent),
        }
    }

    /// Who sends it to whom.
    pub fn direction(self) -> Direction {
        self.layout().map_or(Direction::Preventive, |layout| layout.direction)
    }

    /// Number of the field that holds 対象年月.
    pub(crate) fn month_field(self) -> Option<u16> {
        match self {
            Kind::Supplement => Some(63),
            Kind::Provision | Kind::Actuals | Kind::Benefit => Some(5),
            Kind::ProvisionWithdrawal | Kind::ActualsWithdrawal => Some(4),
            _ => None,
        }
    }

    /// Number of the field that, with insurer and insured, tells whose row of which plan it is.
    pub(crate) fn key_field(self) -> u16 {
        match self {
            Kind::CarePlan1 => 14,
            Kind::CarePlan2 | Kind::CarePlan3 | Kind::Provision | Kind::Actuals | Kind::Benefit => 5,
            _ => 4,
        }
    }
}

impl serde::Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.prefix())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let prefix = String::deserialize(deserializer)?;
        Kind::from_prefix(&prefix).ok_or_else(|| serde::de::Error::custom(format!("no kind of file: {prefix:?}")))
    }
}

/// The columns of one kind of file.
#[derive(Debug, Deserialize)]
pub struct Layout {
    #[serde(rename = "prefix")]
    pub kind: Kind,
    pub name: String,
    pub month_in_name: bool,
    pub direction: Direction,
    pub parent: Option<Kind>,
    pub fields: Vec<Field>,
}

impl Layout {
    /// The field of this number, from 1.
    pub fn field(&self, no: u16) -> Option<&Field> {
        self.fields.get(usize::from(no).checked_sub(1)?)
    }
}

/// One column.
#[derive(Debug, Deserialize)]
pub struct Field {
    pub no: u16,
    pub name: String,
    #[serde(rename = "type")]
    pub form: Form,
    pub len: Option<u16>,
    /// From here on the length is only doubted, because the standard prints two numbers.
    pub len_unclear: Option<u16>,
    #[serde(default)]
    pub need: Need,
    #[serde(default)]
    pub codes: BTreeMap<String, String>,
    #[serde(default)]
    pub note: String,
}

/// Who sends a kind of file to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    PlanToService,
    ServiceToPlan,
    /// 地域包括 ↔ 居宅, either → service.
    Preventive,
}

/// Whether a field may be empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    Required,
    Necessary,
    /// The printed standard cannot be read here.
    Unclear,
    #[default]
    Optional,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    Text,
    CsvVersion,
    InsurerNo,
    InsuredNo,
    OfficeNo,
    #[serde(rename = "office_no_or_all9")]
    OfficeNoOrAll9,
    Date,
    DateOrZero,
    Month,
    MonthOrZero,
    Time,
    #[serde(rename = "time_or_9999")]
    TimeOr9999,
    Code,
    Integer,
    Digits,
    #[serde(rename = "decimal_2")]
    Decimal2,
    ServiceType,
    ServiceCode,
    ServiceCodeOrTotal,
    DayFlags,
    Tais,
    Postal,
    Phone,
    ImageName,
    Unused,
}

/// A layout that is read when somebody first asks for it: one check of one file needs one of seventeen.
struct Unread {
    text: &'static str,
    layout: OnceLock<Layout>,
}

impl Unread {
    fn layout(&self) -> &Layout {
        self.layout.get_or_init(|| {
            toml::from_str(self.text).expect("the layouts are part of the program, and a test reads each")
        })
    }
}

static LAYOUTS: LazyLock<BTreeMap<Kind, Unread>> = LazyLock::new(|| {
    let tables = include_str!("../../assets/standard/layouts.toml").split("[[layout]]").skip(1);
    tables.filter_map(|text| Some((kind_of(text)?, Unread { text, layout: OnceLock::new() }))).collect()
});

/// The kind a table of `layouts.toml` is about, by its line `prefix = "…"`.
fn kind_of(table: &str) -> Option<Kind> {
    let prefix = table.lines().find_map(|line| line.strip_prefix("prefix = \"")?.strip_suffix('"'))?;
    Kind::from_prefix(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_but_the_picture_has_columns_numbered_from_one() {
        for kind in Kind::ALL.iter().copied().filter(|kind| *kind != Kind::FamilyPicture) {
            let layout = kind.layout().unwrap_or_else(|| panic!("{kind:?} has no layout"));
            for (field, no) in layout.fields.iter().zip(1..) {
                assert_eq!(field.no, no, "{kind:?} {}", field.name);
                assert_eq!(field.form == Form::Code, !field.codes.is_empty(), "{kind:?} {}", field.name);
            }
        }
        assert_eq!((LAYOUTS.len(), Kind::ALL.len()), (17, 18));
        assert!(Kind::FamilyPicture.layout().is_none());
    }

    #[test]
    fn the_fields_the_checks_count_on_are_where_they_think() {
        let name =
            |kind: Kind, no| kind.layout().and_then(|l| l.field(no)).map(|f| f.name.as_str()).unwrap_or_default();
        assert_eq!(name(Kind::Provision, 15), "サービスコード");
        assert_eq!(name(Kind::Actuals, 20), "サービス事業者コード");
        assert_eq!(name(Kind::Benefit, 18), "給付管理単位数");
        assert_eq!(name(Kind::BasicInfo, 62), "家族構成 画像ファイル名");
        for kind in Kind::ALL.iter().copied().filter(|kind| kind.month_in_name()) {
            let no = kind.month_field().expect("a month in the name is a month in the rows");
            assert!(name(kind, no).contains("対象年月"), "{kind:?}");
        }
    }
}
