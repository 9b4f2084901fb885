//! Sorts the errors of the rooms below into what a user can do something about.

use super::model::Failure;
use crate::history::HistoryError;
use crate::identity::store::StoreError;
use crate::identity::{FileError, IdentityError, LEAST_PASSPHRASE, VaultError};
use crate::link::LinkError;
use crate::parcel::{OpenError, PackError, ReadError, SealError, TrustError, Verdict};
use crate::wire::ProblemCode;

pub fn of_link(error: &LinkError) -> Failure {
    match error {
        LinkError::NoWay(_) | LinkError::NoAnswer(_) => Failure::HubUnreachable,
        LinkError::NotTrusted(_) => Failure::HubNotTrusted,
        LinkError::CertificateRefused(_) => Failure::CertificateRefused,
        LinkError::KeyRefused(_) => Failure::KeyDeclined,
        LinkError::Nonsense(_) => Failure::HubNonsense,
        LinkError::LoginRequired => Failure::LoginRequired,
        LinkError::Kept(error) => of_history(error),
        LinkError::Turn(_) => Failure::HistoryTroubled,
        LinkError::Problem(problem) => match problem.code {
            ProblemCode::CallerRefused | ProblemCode::CertificateRequired => Failure::CertificateRefused,
            ProblemCode::RevocationUnknown => Failure::RevocationUnknown,
            ProblemCode::EnrolmentRefused => Failure::CodeWrong,
            ProblemCode::CodeExpired => Failure::CodeExpired,
            ProblemCode::CodeUsed => Failure::CodeUsed,
            ProblemCode::ReceiverUnknown => Failure::ReceiverUnknown { office: String::new() },
            ProblemCode::LoginRequired => Failure::LoginRequired,
            ProblemCode::LoginRefused => Failure::LoginRefused,
            ProblemCode::AdminRequired => Failure::AdminRequired,
            ProblemCode::UserInvalid => Failure::UserInvalid,
            ProblemCode::UserTaken => Failure::UserTaken,
            ProblemCode::UserUnknown => Failure::UserUnknown,
            ProblemCode::PasswordWeak => Failure::PasswordWeak,
            ProblemCode::LastAdmin => Failure::LastAdmin,
            ProblemCode::HubTroubled => Failure::HubTroubled { status: problem.status },
            ProblemCode::DigestMismatch | ProblemCode::PartsMissing | ProblemCode::TooMany => {
                Failure::HubTroubled { status: problem.status }
            }
            ProblemCode::Other if problem.status >= 500 => Failure::HubTroubled { status: problem.status },
            code => Failure::HubRefused { problem: code_text(code, problem.status) },
        },
    }
}

/// The code as it stands in a problem document, for whoever helps the user.
fn code_text(code: ProblemCode, status: u16) -> String {
    let code = serde_json::to_value(code).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    format!("{status} {code}")
}

pub fn of_identity(error: &IdentityError) -> Failure {
    match error {
        IdentityError::Missing { .. } => Failure::CertificateMissing,
        IdentityError::NotAdmitted => Failure::WaitingForAdmission,
        IdentityError::Vault(error) => of_vault(error),
        IdentityError::Expired { .. } => Failure::CertificateExpired,
        IdentityError::NotYetValid { .. } => Failure::ClockUncertain,
        IdentityError::OtherOffice { .. } => Failure::CertificateOfOther,
        IdentityError::Unreadable { path, source } | IdentityError::Unwritable { path, source } => {
            crate::folders::failure_of(source, path)
        }
        _ => Failure::CertificateUnusable,
    }
}

/// Why a certificate of the system's store cannot be used.
pub fn of_store(error: &StoreError) -> Failure {
    tracing::warn!(%error, "no certificate of the system's store");
    match error {
        StoreError::Unreadable(_) => Failure::CertificateStoreUnreadable,
        StoreError::NotThere => Failure::CertificateNotStored,
        StoreError::Declined => Failure::KeyDeclined,
        StoreError::CardMissing => Failure::CardMissing,
        StoreError::CardLocked => Failure::CardLocked,
        StoreError::Unfit(_) => Failure::KeyUnfit,
    }
}

pub fn of_history(error: &HistoryError) -> Failure {
    match error {
        error if error.is_disk_full() => Failure::DiskFull,
        error if error.is_damaged() => Failure::HistoryDamaged,
        HistoryError::InUse => Failure::HistoryInUse,
        HistoryError::File { path, source } => crate::folders::failure_of(source, path),
        _ => Failure::HistoryTroubled,
    }
}

/// Why what is kept here stays closed.
pub fn of_vault(error: &VaultError) -> Failure {
    match error {
        VaultError::Locked { .. } => Failure::VaultLocked,
        VaultError::PassphraseNeeded { .. } => Failure::PassphraseNeeded,
        VaultError::WrongPassphrase => Failure::PassphraseWrong,
        VaultError::ShortPassphrase { .. } => Failure::PassphraseShort { least: LEAST_PASSPHRASE },
        VaultError::Keyring(_) => Failure::KeyringAway,
        VaultError::File(FileError::Read { path, source } | FileError::Write { path, source }) => {
            crate::folders::failure_of(source, path)
        }
        VaultError::File(FileError::Missing { .. })
        | VaultError::Missing { .. }
        | VaultError::Broken { .. }
        | VaultError::NotOurs { .. }
        | VaultError::Crypto => Failure::VaultBroken,
    }
}

pub fn of_seal(error: &SealError) -> Failure {
    tracing::error!(%error, "a parcel could not be sealed");
    Failure::Unexpected
}

/// Why an incoming parcel could not be accepted.
pub fn of_read(error: &ReadError) -> Failure {
    match error {
        ReadError::Open(OpenError::Signer(TrustError::NotYetValid { .. })) => Failure::ClockUncertain,
        ReadError::Open(error) => match error.verdict() {
            Verdict::Broken | Verdict::NotForUs | Verdict::Unsigned => Failure::SealBroken,
            Verdict::Untrusted | Verdict::Expired | Verdict::Revoked => Failure::SenderNotTrusted,
            Verdict::RevocationUnknown => Failure::RevocationUnknown,
            Verdict::WrongSender => Failure::SenderMismatch,
        },
        _ => Failure::SealBroken,
    }
}

/// Why files cannot become a parcel.
pub fn of_pack(error: &PackError) -> Failure {
    match error {
        PackError::Name { name, .. } => Failure::NameNotAllowed { name: name.clone() },
        PackError::Duplicate { name } => Failure::NameTwice { name: name.clone() },
        PackError::MessageTooLong { chars, limit } => Failure::MessageTooLong { chars: *chars, limit: *limit },
        PackError::TooManyFiles { count, limit } => Failure::TooManyFiles { count: *count, limit: *limit },
        PackError::FileTooLarge { bytes, limit, .. } | PackError::TooLarge { bytes, limit } => {
            Failure::TooLarge { size: *bytes, limit: *limit }
        }
        PackError::ManifestDiffers | PackError::Write(_) => Failure::Unexpected,
    }
}
