//! How this office wants its folders and notices handled: the part of the settings that grew beside the first five.
//!
//! All of it has a quiet default, so that settings of an older version mean what they meant.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use super::model::Subject;
use crate::standard::{FileName, OfficeNumber, ServiceType};

/// The folders of the care software and what happens in them by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FolderHabits {
    /// Whether new files in the outgoing folders become drafts by themselves.
    pub watch: bool,
    /// Where care software puts what is to be sent, beside the first such folder.
    pub more_outgoing: Vec<PathBuf>,
    pub after_sending: AfterSending,
    /// What is sent without a click.
    pub automatic: Vec<Automatic>,
    /// Where what comes goes, when not into the one import folder. The first rule that fits decides.
    pub import_rules: Vec<ImportRule>,
    /// The folders shared with the national system's client, where it is used beside Tayori.
    pub national: Option<National>,
}

impl Default for FolderHabits {
    fn default() -> Self {
        Self {
            watch: true,
            more_outgoing: Vec::new(),
            after_sending: AfterSending::Stay,
            automatic: Vec::new(),
            import_rules: Vec::new(),
            national: None,
        }
    }
}

/// What happens with a file in an outgoing folder once the hub has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterSending {
    /// It is the care software's: it stays.
    #[default]
    Stay,
    /// It goes into 送信済/2026-05-01 in its folder.
    PutAway,
}

/// Files for one partner that go without a click, as long as nothing was found against them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automatic {
    pub partner: OfficeNumber,
    /// Which subjects; empty for all.
    #[serde(default)]
    pub subjects: Vec<Subject>,
    /// Only files that were first seen after this was switched on: what lay there before waits for a person.
    pub since: Timestamp,
}

/// The folders shared with the national system's client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct National {
    /// Where files are laid out, one folder for each receiver.
    pub hand_over: PathBuf,
    /// Where the client puts what it downloads.
    #[serde(default)]
    pub download: Option<PathBuf>,
    /// Who is reached that way although our hub knows them. Whom it does not know is reached that way anyhow.
    #[serde(default)]
    pub partners: Vec<OfficeNumber>,
}

/// Which of the files that come go into a folder of their own. An empty list asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportRule {
    pub folder: PathBuf,
    pub subjects: Vec<Subject>,
    /// Our own service types, as the file names say for whom they are.
    pub services: Vec<ServiceType>,
    /// Whose files: the partners one desk looks after.
    pub partners: Vec<OfficeNumber>,
}

impl ImportRule {
    fn fits(&self, partner: OfficeNumber, subject: Option<Subject>, service: Option<ServiceType>) -> bool {
        (self.partners.is_empty() || self.partners.contains(&partner))
            && (self.subjects.is_empty() || subject.is_some_and(|subject| self.subjects.contains(&subject)))
            && (self.services.is_empty() || service.is_some_and(|service| self.services.contains(&service)))
    }
}

/// Where what comes goes, and what goes by the national system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportFolders {
    pub general: PathBuf,
    pub rules: Vec<ImportRule>,
    pub national: Option<National>,
}

impl ImportFolders {
    /// The folder for one file of a parcel. `first` is the parcel's first file with a name of the standard: an attachment,
    /// whose own name says nothing, goes where that one goes.
    pub fn folder_for(&self, partner: OfficeNumber, name: &str, first: Option<&FileName>) -> &Path {
        let own = FileName::parse(name).ok();
        let name = own.as_ref().or(first);
        let subject = name.map(super::subject::subject_of_name);
        let service = name.map(|name| name.receiver_service);
        let rule = self.rules.iter().find(|rule| rule.fits(partner, subject, service));
        rule.map_or(&self.general, |rule| &rule.folder)
    }
}

/// What is told outside the window, and when not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeHabits {
    /// Whether the system's own notices are shown at all.
    pub toasts: bool,
    pub sound: Sound,
    /// When nothing is shown or heard; what was held back is told afterwards in one notice.
    pub quiet: Option<QuietHours>,
    /// When the morning's summary is told; `None` for never.
    #[serde(with = "time_or_never")]
    pub morning: Option<Time>,
    /// Where a phone is told from: an address that takes `{"text": "…"}`, as LINE WORKS and Slack do.
    pub webhook: Option<String>,
    /// Where e-mail is sent to; it says no more than the webhook does.
    pub mail: Option<MailWay>,
    /// Whether a notice on this computer names persons. Never what leaves it.
    pub persons: bool,
    /// Closing the window leaves it in the tray. On Linux nothing tells whether the desktop has one, so it is asked for.
    pub close_to_tray: bool,
}

impl Default for NoticeHabits {
    fn default() -> Self {
        Self {
            toasts: true,
            sound: Sound::Soft,
            quiet: None,
            morning: Some(Time::constant(8, 30, 0, 0)),
            webhook: None,
            mail: None,
            persons: false,
            close_to_tray: cfg!(any(windows, target_os = "macos")),
        }
    }
}

/// TOML has no word for nothing, and leaving it out means the default: `"08:30:00"` or `"never"`.
mod time_or_never {
    use jiff::civil::Time;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    const NEVER: &str = "never";

    pub(super) fn serialize<S: Serializer>(time: &Option<Time>, to: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.collect_str(time),
            None => to.serialize_str(NEVER),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Time>, D::Error> {
        match String::deserialize(from)?.as_str() {
            NEVER => Ok(None),
            time => time.parse().map(Some).map_err(D::Error::custom),
        }
    }
}

/// How e-mail leaves: the mail server of the office or its provider. The password is not here but in the vault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailWay {
    /// Such as `smtp.example.jp`.
    pub server: String,
    #[serde(default)]
    pub security: MailSecurity,
    /// The usual one of the security when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Who signs in at the server; empty where it asks nobody.
    #[serde(default)]
    pub user: String,
    pub from: String,
    pub to: String,
}

/// How the line to a mail server is protected. There is no line without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailSecurity {
    /// In the open until both have agreed on TLS; without it nothing is sent.
    #[default]
    Starttls,
    /// TLS from the first byte on.
    Tls,
}

impl MailWay {
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            MailSecurity::Starttls => 587,
            MailSecurity::Tls => 465,
        })
    }
}

/// The sound of a notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sound {
    Silent,
    /// The system's sound for a new message.
    #[default]
    Soft,
    /// The system's alarm.
    Loud,
}

/// From one time of the day to another; past midnight when the second is the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    pub from: Time,
    pub until: Time,
}

impl QuietHours {
    pub fn hold(&self, time: Time) -> bool {
        if self.from <= self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn quiet_hours_go_past_midnight() {
        let night = QuietHours { from: time(19, 0, 0, 0), until: time(7, 30, 0, 0) };
        let held = |hour, minute| night.hold(time(hour, minute, 0, 0));
        assert!(held(19, 0) && held(23, 59) && held(0, 0) && held(7, 29));
        assert!(!held(7, 30) && !held(12, 0) && !held(18, 59));
        let noon = QuietHours { from: time(12, 0, 0, 0), until: time(13, 0, 0, 0) };
        assert!(noon.hold(time(12, 30, 0, 0)) && !noon.hold(time(13, 0, 0, 0)));
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_a_letter_follows_its_parcel() {
        let partner: OfficeNumber = "3171000048".parse().unwrap();
        let other: OfficeNumber = "3171000024".parse().unwrap();
        let rule = |folder: &str| ImportRule { folder: folder.into(), ..ImportRule::default() };
        let folders = ImportFolders {
            general: "general".into(),
            national: None,
            rules: vec![
                ImportRule { subjects: vec![Subject::Actuals], partners: vec![partner], ..rule("desk 1") },
                ImportRule { subjects: vec![Subject::Actuals], ..rule("actuals") },
                ImportRule { services: vec!["46".parse().unwrap()], ..rule("46") },
            ],
        };
        let actuals = "UPJSK_202605_3171000048_11_3191000017_43_20260425173442.CSV";
        let preventive = "UPKIHON_3171000024_46_3191000031_46_20260425173001.CSV";
        let of = |partner, name: &str, first: &str| {
            let first = FileName::parse(first).ok();
            folders.folder_for(partner, name, first.as_ref()).to_str().unwrap().to_owned()
        };
        assert_eq!(of(partner, actuals, actuals), "desk 1");
        assert_eq!(of(other, actuals, actuals), "actuals");
        assert_eq!(of(partner, "お手紙.pdf", actuals), "desk 1");
        assert_eq!(of(partner, preventive, actuals), "46");
        assert_eq!(of(partner, "お手紙.pdf", ""), "general");
    }

    #[test]
    fn settings_of_an_older_version_mean_what_they_meant() {
        let old: FolderHabits = toml::from_str("").unwrap();
        assert_eq!(old, FolderHabits::default());
        let text = toml::to_string(&NoticeHabits {
            quiet: Some(QuietHours { from: time(19, 0, 0, 0), until: time(7, 0, 0, 0) }),
            ..NoticeHabits::default()
        });
        let text = text.unwrap();
        assert!(text.contains("morning = \"08:30:00\""), "a person can read it: {text}");
        assert!(toml::from_str::<NoticeHabits>(&text).unwrap().quiet.is_some());
        let never = toml::to_string(&NoticeHabits { morning: None, ..NoticeHabits::default() }).unwrap();
        assert_eq!(toml::from_str::<NoticeHabits>(&never).unwrap().morning, None, "{never}");
    }

    #[test]
    fn what_the_page_shows_is_what_is_read() {
        #[derive(serde::Deserialize)]
        struct Page {
            folders: FolderHabits,
            notices: NoticeHabits,
        }
        let page = include_str!("../../docs/folders.md");
        let blocks = page.split("```toml\n").skip(1).filter_map(|block| block.split("```").next());
        let Page { folders, notices } = toml::from_str(&blocks.collect::<String>()).unwrap();
        assert_eq!((folders.automatic.len(), folders.import_rules.len(), folders.more_outgoing.len()), (1, 1, 1));
        assert!(folders.national.is_some_and(|national| national.download.is_some()));
        assert!(notices.quiet.is_some() && notices.webhook.is_some());
        assert!(notices.mail.is_some_and(|mail| mail.port() == 587 && !mail.user.is_empty()));
    }
}
