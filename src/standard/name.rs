//! File names: `PREFIX[_YYYYMM]_sender_service_receiver_service_serial.CSV`.

use std::fmt;
use std::str::FromStr;

use super::{Kind, Month, OfficeNumber, Serial, ServiceType};

/// What a file name of the standard says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileName {
    pub kind: Kind,
    /// `None` where no month stands in the name, or `000000`.
    pub month: Option<Month>,
    pub sender: OfficeNumber,
    pub sender_service: ServiceType,
    pub receiver: OfficeNumber,
    pub receiver_service: ServiceType,
    pub serial: Serial,
    /// Number of a family picture.
    pub branch: Option<u16>,
}

/// Why a name is none of the standard's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("no kind of file begins like this")]
    UnknownKind,
    /// A version 3 name, without service types. Such files are no longer exchanged, but can still be shown.
    #[error("a version 3 name of {}", kind.prefix())]
    OldVersion { kind: Kind },
    #[error("a name of {} with {part} missing, superfluous or of the wrong form", kind.prefix())]
    Malformed { kind: Kind, part: Part },
}

impl NameError {
    /// The kind, where at least that much could be read.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            NameError::UnknownKind => None,
            NameError::OldVersion { kind } | NameError::Malformed { kind, .. } => Some(*kind),
        }
    }
}

/// A part of a file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Extension,
    Count,
    Month,
    Sender,
    SenderService,
    Receiver,
    ReceiverService,
    Serial,
    Branch,
}

impl Part {
    /// As a clerk calls it.
    pub fn name_ja(self) -> &'static str {
        match self {
            Part::Extension => "拡張子",
            Part::Count => "区切り（_）の数",
            Part::Month => "対象年月",
            Part::Sender => "送信元の事業所番号",
            Part::SenderService => "送信元のサービス種類コード",
            Part::Receiver => "送信先の事業所番号",
            Part::ReceiverService => "送信先のサービス種類コード",
            Part::Serial => "ファイル連番（14桁）",
            Part::Branch => "画像の枝番（4桁）",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A name read, with what should not be written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub name: FileName,
    /// `UPKIHON_000000_…`, as one chapter of the standard prints it.
    pub extra_month: bool,
}

impl FileName {
    /// Reads a base name. Says nothing about whether month, service types and serial make sense together.
    pub fn parse(name: &str) -> Result<FileName, NameError> {
        read(name).map(|reading| reading.name)
    }
}

/// The kind a name begins with, longest prefix first, and what follows it.
fn split_kind(name: &str) -> Option<(Kind, &str)> {
    let mut kinds: Vec<Kind> = Kind::ALL.to_vec();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.prefix().len()));
    kinds.into_iter().find_map(|kind| Some((kind, name.strip_prefix(kind.prefix())?.strip_prefix('_')?)))
}

fn is_month_like(part: &str) -> bool {
    part.len() == 6 && part.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn read(name: &str) -> Result<Reading, NameError> {
    let (kind, rest) = split_kind(name).ok_or(NameError::UnknownKind)?;
    let wrong = |part: Part| NameError::Malformed { kind, part };
    let (stem, extension) = rest.rsplit_once('.').ok_or(wrong(Part::Extension))?;
    let wanted = if kind == Kind::FamilyPicture { "jpg" } else { "csv" };
    if !extension.eq_ignore_ascii_case(wanted) {
        return Err(wrong(Part::Extension));
    }
    let mut parts: Vec<&str> = stem.split('_').collect();
    let leads_with_month = parts.first().is_some_and(|part| is_month_like(part));
    let month = if kind.month_in_name() {
        if !leads_with_month {
            return Err(wrong(Part::Month));
        }
        Some(parts.remove(0))
    } else {
        None
    };
    let extra_month = month.is_none() && leads_with_month && parts.first() == Some(&"000000");
    if extra_month {
        parts.remove(0);
    }
    let branch = if kind == Kind::FamilyPicture { parts.pop() } else { None };
    if let [sender, receiver, serial] = parts.as_slice() {
        let old = sender.parse::<OfficeNumber>().is_ok()
            && receiver.parse::<OfficeNumber>().is_ok()
            && serial.parse::<Serial>().is_ok();
        return Err(if old { NameError::OldVersion { kind } } else { wrong(Part::Count) });
    }
    let [sender, sender_service, receiver, receiver_service, serial] = parts.as_slice() else {
        return Err(wrong(Part::Count));
    };
    let month = match month {
        None | Some("000000") => None,
        Some(text) => Some(part(text, Part::Month, wrong)?),
    };
    let branch = match branch {
        None => None,
        Some(text) if text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(part(text, Part::Branch, wrong)?)
        }
        Some(_) => return Err(wrong(Part::Branch)),
    };
    let name = FileName {
        kind,
        month,
        sender: part(sender, Part::Sender, wrong)?,
        sender_service: part(sender_service, Part::SenderService, wrong)?,
        receiver: part(receiver, Part::Receiver, wrong)?,
        receiver_service: part(receiver_service, Part::ReceiverService, wrong)?,
        serial: part(serial, Part::Serial, wrong)?,
        branch,
    };
    Ok(Reading { name, extra_month })
}

fn part<T: FromStr>(text: &str, part: Part, wrong: impl Fn(Part) -> NameError) -> Result<T, NameError> {
    text.parse().map_err(|_| wrong(part))
}

impl FromStr for FileName {
    type Err = NameError;
    fn from_str(name: &str) -> Result<Self, NameError> {
        FileName::parse(name)
    }
}

/// The canonical name: capitals, `.CSV` (`.jpg` for a picture), a month only where one belongs.
impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_", self.kind.prefix())?;
        if self.kind.month_in_name() {
            match self.month {
                Some(month) => write!(f, "{month}_")?,
                None => write!(f, "000000_")?,
            }
        }
        write!(f, "{}_{}_{}_{}", self.sender, self.sender_service, self.receiver, self.receiver_service)?;
        write!(f, "_{}", self.serial)?;
        match (self.kind, self.branch) {
            (Kind::FamilyPicture, branch) => write!(f, "_{:04}.jpg", branch.unwrap_or(0)),
            _ => write!(f, ".CSV"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "UPPLAN_202605_3171000024_43_3191000031_11_20260425173001.CSV";

    #[test]
    fn a_name_reads_and_writes_back() {
        for name in [
            PLAN,
            "UPHOSOKU_000000_3171000024_43_3191000031_11_20260425173001.CSV",
            "UPKIHON_SUB1_3171000024_46_31A1000031_43_20260425173001.CSV",
            "UPKIHON_IMAGE_3171000024_46_3191000031_43_20260425173001_0012.jpg",
            "UPYOBO_SUB_3171000024_46_3191000031_43_20260425173001.CSV",
        ] {
            assert_eq!(FileName::parse(name).unwrap().to_string(), name);
        }
        let plan = FileName::parse(PLAN).unwrap();
        assert_eq!((plan.kind, plan.month.unwrap().month()), (Kind::Provision, 5));
        assert_eq!((plan.sender_service.as_str(), plan.serial.as_str()), ("43", "20260425173001"));
    }

    #[test]
    fn the_longest_prefix_wins() {
        let kind = |name: &str| FileName::parse(name).unwrap().kind;
        assert_eq!(kind("UPKIHON_3171000024_46_3191000031_43_20260425173001.csv"), Kind::BasicInfo);
        assert_eq!(kind("UPKIHON_SUB2_3171000024_46_3191000031_43_20260425173001.Csv"), Kind::BasicInfoIllness);
    }

    #[test]
    fn a_version_3_name_is_called_so() {
        for name in [
            "UPPLAN_202203_3171000024_3191000031_20220425173001.CSV",
            "UP1KYO_3171000024_3191000031_20220425173001.CSV",
        ] {
            assert!(matches!(FileName::parse(name), Err(NameError::OldVersion { .. })), "{name}");
        }
    }

    #[test]
    fn the_broken_part_is_named() {
        let part = |name: &str| match FileName::parse(name) {
            Err(NameError::Malformed { part, .. }) => Some(part),
            _ => None,
        };
        assert_eq!(part(&PLAN.replace("3171000024", "317100002")), Some(Part::Sender));
        assert_eq!(part(&PLAN.replace("_43_", "_4_")), Some(Part::SenderService));
        assert_eq!(part(&PLAN.replace("202605", "202613")), Some(Part::Month));
        assert_eq!(part(&PLAN.replace("_202605", "")), Some(Part::Month));
        assert_eq!(part(&PLAN.replace("01.CSV", "1.CSV")), Some(Part::Serial));
        assert_eq!(part(&PLAN.replace(".CSV", ".txt")), Some(Part::Extension));
        assert_eq!(part(&PLAN.replace(".CSV", "_1.CSV")), Some(Part::Count));
        assert_eq!(part("UPKIHON_IMAGE_3171000024_46_3191000031_43_20260425173001_12.jpg"), Some(Part::Branch));
    }

    #[test]
    fn a_name_with_a_path_is_no_name() {
        for name in [format!("../{PLAN}"), format!("C:\\{PLAN}"), PLAN.replace("_11_", "_1/_"), PLAN.replace('_', "／")]
        {
            assert!(FileName::parse(&name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_month_one_chapter_prints_is_read_but_not_written() {
        let reading = read("UPKIHON_000000_3171000024_46_3191000031_43_20260425173001.CSV").unwrap();
        assert!(reading.extra_month);
        assert_eq!(reading.name.to_string(), "UPKIHON_3171000024_46_3191000031_43_20260425173001.CSV");
    }
}
