//! What is known of a parcel: its state, the steps on its way, and why something failed.
//!
//! These are the words the history keeps and the faces show.

use jiff::Timestamp;

use crate::parcel::ParcelId;
use crate::standard::OfficeNumber;

/// One row of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelLine {
    pub id: ParcelId,
    /// Whether it came; otherwise it is ours.
    pub incoming: bool,
    pub partner: OfficeNumber,
    pub partner_name: String,
    pub state: State,
    /// Received, sent, or written, whichever the list is about.
    pub at: Timestamp,
    pub unread: bool,
    pub files: usize,
    /// What is in it, most telling first.
    pub subjects: Vec<Subject>,
    pub has_message: bool,
    pub way: Way,
    pub errors: usize,
    pub warnings: usize,
    /// When the hub took a parcel of ours; `None` before.
    pub accepted_at: Option<Timestamp>,
    /// Since when its receiver has let a parcel of ours lie, as the hub last said.
    pub overdue_since: Option<Timestamp>,
    /// The terminal that has an incoming parcel's files in its import folder, where that is another than this one.
    pub importing: Option<String>,
    /// Who is to see to it, where somebody said so.
    pub assigned: Option<String>,
    /// 窓口: the desks it is for, by the settings' rules; none when it is for everybody.
    pub desks: Vec<String>,
}

impl ParcelLine {
    /// Whether the receiver has let it lie at the hub for days.
    pub fn is_overdue(&self) -> bool {
        self.state == State::Accepted && self.overdue_since.is_some()
    }
}

/// By which way a parcel goes or came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Our own: sealed, signed, with receipts.
    #[default]
    Hub,
    /// The folders of the national system: nobody's signature was verified, and nothing is known of what comes after.
    National,
}

/// What a parcel is about, for the chips in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// 実績 (UPJSK)
    Actuals,
    /// 予定: 第6・7表 (UPPLAN, UPSIKYU)
    Provision,
    /// 第1〜3表 (UP1KYO, UP2KYO, UP3KYO)
    CarePlan,
    /// 介護予防 (UPKIHON, UPYOBO and what goes with them)
    Preventive,
    /// 取り消し (DLT…)
    Withdrawal,
    /// Words and nothing else.
    Message,
    /// Anything else.
    Other,
}

/// 下書き → 送信待ち → 受付済 → 到着 → 取込済, or 失敗. Each is backed by stored evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// In the outbox, not with the hub yet; the last try's failure if there was one.
    Waiting { next_try: Option<Timestamp>, last: Option<Failure> },
    /// The hub has it, durably.
    Accepted,
    /// The receiver's terminal has it, opened and verified.
    Arrived,
    /// The receiver's care software has taken the files. For an incoming parcel: ours has.
    Imported,
    /// For the national system: every file lies in the hand-over folder. What becomes of it there is not known here.
    LaidOut,
    /// Will not go by itself any more.
    Failed(Failure),
    /// The receiver's terminal could not accept it, or (incoming) we could not.
    Refused(Failure),
    /// Waits until a person has confirmed the partner's changed key; neither sent nor delivered before.
    Held(Failure),
}

/// One step of a parcel's way, with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    pub at: Timestamp,
    pub step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "step", content = "why", rename_all = "kebab-case")]
pub enum Step {
    Written,
    Accepted,
    Received,
    Delivered,
    Imported,
    LaidOut,
    Refused(Failure),
    Tried(Failure),
    /// Somebody looked at it.
    Opened,
    /// Kept aside until a person has confirmed the partner's changed key.
    Held(Failure),
}

/// Why something did not work, in a form that can be stored and put into words (`words::failure`).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Failure {
    /// No answer: no network, the hub is down or too slow.
    HubUnreachable,
    /// The hub answered that it is busy or has a problem of its own; `status` is the HTTP status.
    HubTroubled {
        status: u16,
    },
    /// The hub's answer made no sense.
    HubNonsense,
    /// The hub's certificate is not of our CA, expired, or for another name.
    HubNotTrusted,
    /// The hub refused our certificate: revoked, expired, or not known.
    CertificateRefused,
    CertificateExpired,
    /// Nobody is logged in at this terminal, or no longer.
    LoginRequired,
    /// A wrong user or password, or the account is locked for a while.
    LoginRefused,
    /// Too many tries in a short time.
    LoginTooOften,
    /// The office has no account yet.
    AccountMissing,
    /// Only a 管理者 may do this.
    AdminRequired,
    /// The text is no user id.
    UserInvalid,
    UserTaken,
    UserUnknown,
    /// The password is too easy to guess.
    PasswordWeak,
    /// The office would have no 管理者 left.
    LastAdmin,
    /// This terminal has no settings yet.
    NotSetUp,
    CertificateMissing,
    /// The certificate on this terminal is another office's.
    CertificateOfOther,
    /// The certificate or its key cannot be read, or they do not fit.
    CertificateUnusable,
    /// What was typed is no code: too short, too long, or with other letters.
    CodeIncomplete,
    /// No such code for this office.
    CodeWrong,
    CodeExpired,
    /// The code let another terminal in.
    CodeUsed,
    /// Too many failures; later helps.
    TooManyTries,
    /// The recovery code does not open what it should.
    RecoveryCodeWrong,
    /// This terminal has no key of the office yet; another terminal has to let it in.
    WaitingForAdmission,
    /// The number on the other screen is not that of the terminal that waits.
    FingerprintOther,
    /// The hub's authority is not the one the letter names.
    AuthorityOther,
    /// The address of the hub is none.
    AddressWrong,
    /// The certificate file (PKCS#12) cannot be read.
    CertificateFileBroken,
    /// It is of a form we cannot read (BER); exported again it can.
    CertificateFileForm,
    CertificateFilePassword,
    /// The system's own store of certificates cannot be read.
    CertificateStoreUnreadable,
    /// The certificate that was chosen is not in the system's store, or no longer good.
    CertificateNotStored,
    /// Whoever sat there did not let a key of the system's store be used, or typed a wrong PIN.
    KeyDeclined,
    /// The key is on a card that is not there.
    CardMissing,
    CardLocked,
    /// A key of the system's store that cannot sign as the hub wants it.
    KeyUnfit,
    /// The receiver is not in the directory, or has no valid certificate.
    ReceiverUnknown {
        office: String,
    },
    /// The parcel is larger than the hub takes.
    TooLarge {
        size: u64,
        limit: u64,
    },
    /// The hub refused the parcel for good.
    HubRefused {
        problem: String,
    },
    /// The seal could not be opened or its content is broken: damaged on the way, or not for us.
    SealBroken,
    /// Opened, but not signed by who the hub says sent it.
    SenderMismatch,
    /// Signed by a certificate we do not trust.
    SenderNotTrusted,
    /// "cannot check" is not "revoked": the revocation list is missing or out of date.
    RevocationUnknown,
    /// A known partner turned up with another key: a person compares both with the partner's own word.
    PartnerChanged {
        office: String,
        /// The fingerprint of the key that is trusted.
        known: String,
        offered: String,
    },
    /// Another terminal of this office is putting it into its import folder right now.
    ImportedElsewhere {
        terminal: String,
    },
    /// A certificate that begins in the future: our clock or the other office's is wrong.
    ClockUncertain,
    /// Our clock and the hub's differ by so many minutes; ours is ahead when it is more than none.
    ClockWrong {
        minutes: i64,
    },
    FileMissing {
        name: String,
    },
    FileLocked {
        name: String,
    },
    /// It lies with OneDrive or the like, which does not give it now.
    FileInCloud {
        name: String,
    },
    FileNotPermitted {
        name: String,
    },
    FileUnreadable {
        name: String,
    },
    /// The file changed while it was being read.
    FileUnsettled {
        name: String,
    },
    FolderMissing {
        path: String,
    },
    FolderNotPermitted {
        path: String,
    },
    /// An outgoing folder is there, but may not be looked into.
    FolderNotReadable {
        path: String,
    },
    /// Something waits for the national system, and no hand-over folder is chosen.
    HandOverFolderUnset,
    DiskFull,
    /// What was sent could not be moved out of the way; it stays where it is.
    NotPutAway {
        name: String,
    },
    /// The system does not let us say whether we begin with the computer.
    AutostartNotSet,
    /// The address that was to tell a phone does not answer, or refuses.
    PhoneNotTold,
    /// The server for e-mail does not answer, or refuses what it was given.
    MailNotSent,
    /// It cannot be verified as the server it is said to be, or offers no TLS.
    MailServerNotTrusted,
    /// It refuses the user or the password.
    MailSignInRefused,
    /// The address or the server that was typed is none.
    MailSettingsWrong,
    /// A file of that name with other content is in the way.
    NameTaken {
        name: String,
    },
    /// A file name that could do harm on the other side, or that Windows does not know.
    NameNotAllowed {
        name: String,
    },
    /// Two files of one name in one parcel.
    NameTwice {
        name: String,
    },
    MessageTooLong {
        chars: usize,
        limit: usize,
    },
    TooManyFiles {
        count: usize,
        limit: usize,
    },
    /// The receiver's terminal could not accept it; `said` is the code of its failure.
    RefusedByReceiver {
        said: String,
    },
    /// It may have reached the hub already, so it cannot be taken back.
    AlreadyLeft,
    /// Our own history cannot be read or written.
    HistoryTroubled,
    /// Our history's file is damaged; it is mended when it is next opened.
    HistoryDamaged,
    /// It was: what could be read is here, the rest comes from the hub.
    HistoryMended,
    /// Other programs have the history open, and it has to be changed alone.
    HistoryInUse,
    /// What is kept here opens with a passphrase, and nobody has given it yet.
    VaultLocked,
    /// The system has no keyring for our key: a person has to choose a passphrase.
    PassphraseNeeded,
    PassphraseWrong,
    PassphraseShort {
        least: usize,
    },
    /// The system's keyring does not answer, is locked, or has lost our key.
    KeyringAway,
    /// The file that says how the key is kept, or something sealed with it, is damaged or another's.
    VaultBroken,
    /// Nothing of a parcel can be passed on: no record of these persons, or no such files.
    NothingToPassOn,
    /// A centre is to get a person whom it did not entrust to us.
    PersonNotEntrusted,
    /// A statement names somebody who is in no plan that was exchanged with its receiver.
    PersonNotTheirs {
        office: String,
    },
    /// Words reach this office only by our own exchange, and it is not there.
    NoWayForWords {
        office: String,
    },
    /// Checks forbid sending.
    ChecksFailed {
        errors: usize,
    },
    /// A problem we have no words for; the log has more.
    Unexpected,
}

impl Failure {
    /// The stable name of this failure, as it stands in a receipt and in JSON. Never content.
    pub fn code(&self) -> String {
        let tagged = serde_json::to_value(self).ok();
        let code = tagged.as_ref().and_then(|value| value.get("code")).and_then(|code| code.as_str());
        code.unwrap_or("unexpected").to_owned()
    }

    /// The failure a code names, as far as a code can say: it has no particulars.
    pub fn of_code(code: &str) -> Self {
        let tagged = serde_json::json!({ "code": code });
        serde_json::from_value(tagged).unwrap_or(Failure::RefusedByReceiver { said: code.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_name_and_nothing_of_the_content() {
        assert_eq!(Failure::FileLocked { name: "山田花子.CSV".into() }.code(), "file-locked");
        assert_eq!(Failure::SealBroken.code(), "seal-broken");
    }
}
