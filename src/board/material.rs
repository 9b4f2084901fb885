//! What the board is derived from: parcels with their evidence, what was said, what was noted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::row::Key;
use super::{Exchange, Persons, Side};
use crate::parcel::{ParcelId, Statement};
use crate::standard::{FileName, Month, OfficeNumber, ServiceType};

/// All that is known of one month.
#[derive(Clone, Debug)]
pub struct Material {
    pub month: Month,
    /// In the order they went and came.
    pub files: Vec<Carried>,
    pub said: Vec<Said>,
    pub papers: Vec<Paper>,
    /// Offices by the names they are known under now.
    pub names: BTreeMap<OfficeNumber, String>,
    /// Whom there were plans with in the month before.
    pub regulars: BTreeSet<Key>,
}

/// One file of the standard that went or came.
#[derive(Clone, Debug)]
pub struct Carried {
    pub name: FileName,
    pub partner: OfficeNumber,
    pub parcel: ParcelId,
    pub sha256: String,
    pub at: Timestamp,
    pub proof: Proof,
    /// Whom it speaks of; `None` when that is not known.
    pub persons: Option<Arc<Persons>>,
}

/// What is proved about the parcel of a file or a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    pub incoming: bool,
    /// By the national system: no receipt comes.
    pub national: bool,
    /// Ours: the hub has it, or it was laid out for the national system.
    pub accepted: Option<Timestamp>,
    pub arrived: Option<Timestamp>,
    pub imported: Option<Timestamp>,
    /// Failed, refused, or held until a person has said a word.
    pub troubled: bool,
}

impl Proof {
    /// Whether it is under way or further.
    pub fn has_left(&self) -> bool {
        !self.troubled && (self.incoming || self.accepted.is_some() || self.is_there())
    }

    /// Whether it reached the one it was for.
    pub fn is_there(&self) -> bool {
        !self.troubled && (self.incoming || self.arrived.is_some() || self.imported.is_some())
    }
}

/// A statement that went or came with a message.
#[derive(Clone, Debug)]
pub struct Said {
    pub partner: OfficeNumber,
    pub parcel: ParcelId,
    pub at: Timestamp,
    pub proof: Proof,
    pub statement: Statement,
}

/// What a person noted as done on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Paper {
    pub side: Side,
    pub partner: OfficeNumber,
    pub service: ServiceType,
    pub exchange: Exchange,
    pub on: Date,
}
