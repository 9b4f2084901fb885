//! What a client and the hub say to each other, and nothing else: the bodies of `/v1`.
//!
//! Pure. An unknown field is ignored on both ends, so that old and new programs understand each other; a field keeps
//! its meaning for life. Binary values travel as Base64. The hub sees who, to whom, when and how large, and no more:
//! nothing here has room for a name of a file or a person.

mod enrol;
mod login;
mod release;
pub mod schema;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::login::{
    Account, AccountChange, Accounts, LoggedIn, LoginRequest, NewAccount, PasswordChange, RefreshRequest, Role, Secret,
    UserId, UserIdError,
};
pub use self::release::SignedRelease;
use crate::parcel::{ParcelId, ReceiptStep, hex, unhex};
use crate::standard::{OfficeNumber, ServiceType};
pub use enrol::{
    CodeProof, EnrolAnswer, EnrolRequest, Enrolled, Enrolment, NewTerminalCode, RenewRequest, Renewed, SealedKeys,
    TerminalCodeKept, TerminalEntry, Terminals,
};

/// The media type of a sealed parcel and of a signed receipt (RFC 8551).
pub const SEALED_TYPE: &str = "application/pkcs7-mime";
/// The media type of an error (RFC 9457).
pub const PROBLEM_TYPE: &str = "application/problem+json";
/// The header that carries a body's SHA-256 (RFC 9530).
pub const DIGEST_HEADER: &str = "content-digest";

/// What a large parcel travels in: parts of this size, the last one shorter.
pub const PART_BYTES: u64 = 1024 * 1024;

/// Bytes that travel as Base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary(pub Vec<u8>);

impl Serialize for Binary {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Binary).map_err(serde::de::Error::custom)
    }
}

/// The hub's word that a parcel is durable: the answer to `PUT /v1/parcels/{id}`, the same one for every repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Accepted {
    #[schema(value_type = schema::Id)]
    pub id: ParcelId,
    /// Hex SHA-256 of the sealed bytes as the hub keeps them.
    #[schema(value_type = schema::Digest)]
    pub digest: String,
    pub size: u64,
    #[schema(value_type = schema::Time)]
    pub accepted_at: Timestamp,
}

/// `GET /v1/inbox?after=…&wait=…`: what came for the caller's office after a cursor, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InboxPage {
    pub parcels: Vec<InboxEntry>,
    /// Hand this in as `after` next time.
    pub next: u64,
    /// How far each list of the office goes; given when `sent=` or `marks=` was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads: Option<Heads>,
}

/// How far each of an office's lists goes, or has been read. A question with `wait`, `after`, `sent` and `marks` is
/// answered as soon as one of them goes further.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Heads {
    pub inbox: u64,
    pub sent: u64,
    pub marks: u64,
}

impl Heads {
    /// Whether one of them goes further than in `other`.
    pub fn exceeds(&self, other: &Heads) -> bool {
        self.inbox > other.inbox || self.sent > other.sent || self.marks > other.marks
    }

    /// The further of each.
    #[must_use]
    pub fn max(self, other: Heads) -> Heads {
        Heads {
            inbox: self.inbox.max(other.inbox),
            sent: self.sent.max(other.sent),
            marks: self.marks.max(other.marks),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InboxEntry {
    #[schema(value_type = schema::Id)]
    pub id: ParcelId,
    #[schema(value_type = schema::Office)]
    pub from: OfficeNumber,
    #[schema(value_type = schema::Digest)]
    pub digest: String,
    pub size: u64,
    #[schema(value_type = schema::Time)]
    pub accepted_at: Timestamp,
    /// What the caller's own office said of it so far: a terminal that comes later, or comes anew, does not import twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<SignedReceipt>,
}

/// `GET /v1/sent?after=…`: the caller's own parcels that changed after a cursor: accepted, or a receipt came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SentPage {
    pub parcels: Vec<SentEntry>,
    pub next: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SentEntry {
    #[schema(value_type = schema::Id)]
    pub id: ParcelId,
    #[schema(value_type = schema::Office)]
    pub to: OfficeNumber,
    #[schema(value_type = schema::Digest)]
    pub digest: String,
    pub size: u64,
    #[schema(value_type = schema::Time)]
    pub accepted_at: Timestamp,
    /// All receipts so far, in the order they came.
    pub receipts: Vec<SignedReceipt>,
    /// Since when the receiver has let it lie: five days without any receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Time>)]
    pub overdue_since: Option<Timestamp>,
}

impl SentEntry {
    /// The answer its put got, or should have got.
    pub fn accepted(&self) -> Accepted {
        Accepted { id: self.id, digest: self.digest.clone(), size: self.size, accepted_at: self.accepted_at }
    }
}

/// `GET /v1/parcels/{id}/parts`: how much of a large parcel the hub has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// Of the whole, as announced.
    #[schema(value_type = schema::Digest)]
    pub digest: String,
    pub size: u64,
    /// The numbers of the parts that are there, from 0.
    pub parts: Vec<u64>,
    /// The parcel was accepted already: nothing is left to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
}

/// A receipt as its office signed it; the sender checks the signature itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedReceipt {
    #[schema(value_type = schema::Step)]
    pub step: ReceiptStep,
    /// CMS SignedData over the receipt (see [`crate::parcel::Receipt`]).
    #[schema(value_type = schema::Base64)]
    pub signed: Binary,
}

/// `GET /v1/marks?after=…`: what the terminals of the caller's office told each other, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MarksPage {
    pub marks: Vec<MarkEntry>,
    pub next: u64,
}

/// What one terminal told the others with one `POST /v1/marks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MarkEntry {
    #[schema(value_type = schema::Time)]
    pub at: Timestamp,
    /// Sealed to the office itself (CMS, as a parcel is).
    #[schema(value_type = schema::Base64)]
    pub sealed: Binary,
}

/// `POST /v1/claims`: one terminal alone may put a parcel's files into its import folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimRequest {
    /// The terminal's name for itself: made by chance, the same for ever.
    #[schema(min_length = 1, max_length = 64)]
    pub holder: String,
    pub wish: ClaimWish,
    #[schema(value_type = Vec<schema::Id>, max_items = 500)]
    pub parcels: Vec<ParcelId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimWish {
    /// To put the files into the import folder now.
    Import,
    /// The same, from another terminal that has it: a person wants it so.
    TakeOver,
    /// Nothing of it is in the import folder, and nothing will be.
    Release,
}

/// The answer: one claim for each parcel asked for, in that order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimAnswer {
    pub claims: Vec<Claim>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Claim {
    #[schema(value_type = schema::Id)]
    pub parcel: ParcelId,
    pub verdict: ClaimVerdict,
    /// Who has it; empty when nobody does.
    pub holder: String,
    /// When the holder last asked.
    #[schema(value_type = schema::Time)]
    pub since: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimVerdict {
    /// It is the asking terminal's, which may put the files into its folder within the next minute.
    Granted,
    /// Another terminal has it.
    Held,
    /// It is in the import folder of some terminal, or imported, already.
    Over,
    /// Nobody has it.
    Free,
    /// No such parcel came for the caller's office.
    Unknown,
    /// A verdict this version does not know; nothing is imported on it.
    #[serde(other)]
    Other,
}

/// `GET /v1/offices`: what changed in the directory after a place in it, oldest first; from the beginning that is every
/// office of the exchange. Whoever keeps the directory puts each entry in the place of the one it had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DirectoryPage {
    /// Each as it is now.
    pub offices: Vec<OfficeEntry>,
    /// Offices that are no part of the exchange any more.
    #[serde(default)]
    #[schema(value_type = Vec<schema::Office>)]
    pub gone: Vec<OfficeNumber>,
    /// Where this page begins; 0 when it begins at the beginning, whatever was asked for: nothing that was told before
    /// counts then.
    #[serde(default)]
    pub after: u64,
    /// Where the next one does.
    #[serde(default)]
    pub next: u64,
    /// Which directory this is: another hub's, and that of a hub which was restored, is another one.
    #[serde(default)]
    pub line: u64,
    /// There is more to ask for at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

impl DirectoryPage {
    /// Where the next page begins.
    pub fn end(&self) -> DirectoryPlace {
        DirectoryPlace { line: self.line, after: self.next }
    }

    /// Whether it is an answer to a question for what comes after `asked`, and leads somewhere.
    pub fn follows(&self, asked: DirectoryPlace) -> bool {
        let begins = self.after == 0 || (self.after, self.line) == (asked.after, asked.line);
        begins && if self.more { self.next > self.after } else { self.next >= self.after }
    }
}

/// Up to where somebody knows a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryPlace {
    pub line: u64,
    pub after: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfficeEntry {
    #[schema(value_type = schema::Office)]
    pub office: OfficeNumber,
    #[schema(value_type = schema::Service)]
    pub service: ServiceType,
    pub name: String,
    /// The certificates (DER) a parcel to this office is sealed to; empty when it cannot receive.
    #[schema(value_type = Vec<schema::Base64>)]
    pub certificates: Vec<Binary>,
}

/// `GET /v1/hub`: what a client must know before it sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HubFacts {
    pub version: String,
    pub max_parcel_bytes: u64,
    #[schema(value_type = schema::Time)]
    pub time: Timestamp,
    /// Whether the caller's office has no account yet, so that its first is to be made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_account: bool,
    /// The word that there is a newer version, where the operator has one to hand out.
    #[serde(default, deserialize_with = "release::if_it_is_one", skip_serializing_if = "Option::is_none")]
    pub release: Option<SignedRelease>,
}

/// `GET /healthz`: whether the hub can do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// The store takes writes.
    pub store: bool,
    /// The revocation list is not old.
    pub crl: bool,
}

impl Health {
    pub fn is_well(&self) -> bool {
        self.store && self.crl
    }
}

/// Why the hub said no (RFC 9457). `code` is stable; `title` is for a log, never for a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    pub status: u16,
    pub code: ProblemCode,
    pub title: String,
    /// After how many seconds to try again, where the hub can say; the header `Retry-After` says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// The stable codes of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemCode {
    /// The certificate was withdrawn, or its office is not in the directory.
    CallerRefused,
    ReceiverUnknown,
    ParcelTooLarge,
    /// The body is not what its digest says: damaged on the way, so sending again helps.
    DigestMismatch,
    /// This id was used before for something else.
    IdTaken,
    /// No such parcel, or not the caller's.
    ParcelUnknown,
    /// The parcel was here, and its time is over: the hub keeps it no longer.
    ParcelRemoved,
    /// Some parts have not come yet.
    PartsMissing,
    /// No such range in this parcel.
    RangeInvalid,
    /// More requests, or more under way, than one caller may have: later.
    TooMany,
    ReceiptInvalid,
    RequestInvalid,
    /// Nobody is logged in at the terminal, or no longer.
    LoginRequired,
    /// A wrong user or password, or the account is locked.
    LoginRefused,
    /// Only a 管理者 may do this.
    AdminRequired,
    UserInvalid,
    UserTaken,
    UserUnknown,
    /// Too easy to guess.
    PasswordWeak,
    /// The office would have no 管理者 left.
    LastAdmin,
    /// The hub cannot write now; sending again later helps.
    HubTroubled,
    /// No certificate was shown where one is needed.
    CertificateRequired,
    /// Whether certificates were withdrawn cannot be told just now. Not a word against the caller.
    RevocationUnknown,
    /// Wrong code, wrong office, or a code that is no more: which of them is told to nobody.
    EnrolmentRefused,
    /// The code is right and its time is over.
    CodeExpired,
    /// The code is right and let another terminal in.
    CodeUsed,
    /// No such terminal, or not the caller's.
    TerminalUnknown,
    /// A code this version does not know.
    #[serde(other)]
    Other,
}

/// Writes the value of [`DIGEST_HEADER`] from a hexadecimal SHA-256.
pub fn digest_header(sha256: &str) -> String {
    format!("sha-256=:{}:", STANDARD.encode(unhex(sha256).unwrap_or_default()))
}

/// Reads the value of [`DIGEST_HEADER`] as hexadecimal; other algorithms beside SHA-256 are passed over.
pub fn parse_digest_header(value: &str) -> Option<String> {
    value.split(',').find_map(|part| {
        let encoded = part.trim().strip_prefix("sha-256=:")?.strip_suffix(':')?;
        STANDARD.decode(encoded).ok().filter(|bytes| bytes.len() == 32).map(|bytes| hex(&bytes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_the_directory_leads_on_from_where_it_was_asked_for_or_begins_anew() {
        let asked = DirectoryPlace { line: 7, after: 5 };
        let page = |line, after, next, more| DirectoryPage { line, after, next, more, ..DirectoryPage::default() };
        for good in [page(7, 5, 9, true), page(7, 5, 5, false), page(8, 0, 4, true), page(8, 0, 0, false)] {
            assert!(good.follows(asked), "{good:?}");
        }
        for bad in
            [page(7, 5, 5, true), page(7, 5, 4, false), page(8, 5, 9, false), page(7, 6, 9, false), page(7, 0, 0, true)]
        {
            assert!(!bad.follows(asked), "{bad:?}");
        }
        let of_an_older_hub: DirectoryPage = serde_json::from_str("{\"offices\": []}").unwrap();
        assert!(of_an_older_hub.follows(asked) && of_an_older_hub.after == 0);
    }

    #[test]
    fn a_digest_header_reads_back() {
        let digest = "07".repeat(32);
        assert_eq!(parse_digest_header(&digest_header(&digest)).as_ref(), Some(&digest));
        assert_eq!(parse_digest_header(&format!("md5=:AAAA:, {}", digest_header(&digest))), Some(digest));
        for wrong in ["", "sha-256=", "sha-256=::", "sha-256=:AAAA:", "sha-512=:AAAA:"] {
            assert_eq!(parse_digest_header(wrong), None, "{wrong:?} passed");
        }
    }

    #[test]
    fn unknown_fields_and_codes_are_ignored() {
        let page: InboxPage = serde_json::from_str(r#"{"parcels":[],"next":7,"later":"ignored"}"#).unwrap();
        assert_eq!(page.next, 7);
        let problem: Problem = serde_json::from_str(r#"{"status":418,"code":"from-the-future","title":"x"}"#).unwrap();
        assert_eq!(problem.code, ProblemCode::Other);
    }

    #[test]
    fn the_bytes_of_an_inbox_page_stay_as_they_are() {
        let page = InboxPage {
            parcels: vec![InboxEntry {
                id: "019aa5d8-1111-7000-8000-000000000001".parse().unwrap(),
                from: "3191000017".parse().unwrap(),
                digest: "ab".into(),
                size: 3,
                accepted_at: "2026-06-01T00:00:00Z".parse().unwrap(),
                receipts: Vec::new(),
            }],
            next: 12,
            heads: None,
        };
        assert_eq!(
            serde_json::to_string(&page).unwrap(),
            r#"{"parcels":[{"id":"019aa5d8-1111-7000-8000-000000000001","from":"3191000017","digest":"ab","size":3,"accepted_at":"2026-06-01T00:00:00Z"}],"next":12}"#
        );
    }
}
