//! Who is logged in at this terminal. The tokens lie here, where all of its programs find them, and nowhere else.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{History, HistoryError, to_json};
use crate::wire::{LoggedIn, Role, Secret, UserId};

const LOGIN: &str = "login";
/// Who is logged in, for the record; empty when nobody is.
const USER: &str = "login user";
/// Who was the last to log in, so that the name need not be typed again.
const LAST_USER: &str = "last user";
const FIRST_ACCOUNT: &str = "first account";

/// A login as this terminal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLogin {
    pub user: UserId,
    pub role: Role,
    pub access: Secret,
    pub refresh: Secret,
    /// When to ask for the next tokens, by this terminal's clock. Not when they end: that is for the hub to say.
    pub renew_at: Timestamp,
}

impl KeptLogin {
    /// What the hub gave at `now`, by our clock.
    pub fn of(given: LoggedIn, now: Timestamp) -> Self {
        let lasts = given.access_until.duration_since(given.time).max(SignedDuration::ZERO);
        // Three quarters of it: requests under way have the rest.
        let renew_at = now.checked_add(lasts / 4 * 3).unwrap_or(now);
        Self { user: given.user, role: given.role, access: given.access, refresh: given.refresh, renew_at }
    }
}

impl History {
    /// Who is logged in. One that cannot be read is none: somebody logs in again.
    pub fn login(&self) -> Result<Option<KeptLogin>, HistoryError> {
        Ok(self.recall(LOGIN)?.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    pub fn keep_login(&mut self, login: Option<&KeptLogin>) -> Result<(), HistoryError> {
        let text = login.map(to_json).transpose()?.unwrap_or_default();
        let user = login.map(|login| login.user.as_str()).unwrap_or_default();
        let mut notes = vec![(LOGIN, text.as_bytes()), (USER, user.as_bytes())];
        notes.extend(login.map(|login| (LAST_USER, login.user.as_str().as_bytes())));
        self.remember_all(&notes)
    }

    /// Who was the last to log in here.
    pub fn last_user(&self) -> Result<Option<UserId>, HistoryError> {
        let text = self.recall(LAST_USER)?.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.and_then(|text| text.parse().ok()))
    }

    /// Whether the hub said that the office has no account yet.
    pub fn lacks_account(&self) -> Result<bool, HistoryError> {
        Ok(self.recall(FIRST_ACCOUNT)?.is_some_and(|value| value == b"1"))
    }
    pub fn set_lacks_account(&mut self, lacks: bool) -> Result<(), HistoryError> {
        if self.lacks_account()? == lacks {
            return Ok(());
        }
        self.remember_all(&[(FIRST_ACCOUNT, if lacks { b"1" } else { b"0" })])
    }
}
