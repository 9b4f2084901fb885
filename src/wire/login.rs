//! Who sits at a terminal: logging in on top of the certificate, and the office's accounts.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::schema;

/// A password or a token: leaves memory when it goes, and no log can show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
    /// The secret itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.reveal())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

/// What a person types to say who they are (利用者ID): unique within the office. Letters, digits, `.`, `-`, `_`, `@`; full
/// width and capitals are the same as half width and small, since people type what their keyboard gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

/// The longest user id.
const LONGEST_USER: usize = 32;

/// The text is no user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a user id has 1 to 32 letters, digits, dots, hyphens, underscores or at signs")]
pub struct UserIdError;

impl FromStr for UserId {
    type Err = UserIdError;

    fn from_str(text: &str) -> Result<Self, UserIdError> {
        // Much longer than any: not worth folding.
        if text.len() > LONGEST_USER * 8 {
            return Err(UserIdError);
        }
        let folded: String = text.trim().nfkc().flat_map(char::to_lowercase).collect();
        let fits = (1..=LONGEST_USER).contains(&folded.len())
            && folded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_@".contains(&byte));
        if fits { Ok(Self(folded)) } else { Err(UserIdError) }
    }
}

impl TryFrom<String> for UserId {
    type Error = UserIdError;
    fn try_from(text: String) -> Result<Self, UserIdError> {
        text.parse()
    }
}

impl From<UserId> for String {
    fn from(user: UserId) -> Self {
        user.0
    }
}

impl UserId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a person may do in the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 管理者: also keeps the office's accounts and terminals.
    Admin,
    /// 担当者
    Staff,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Staff => "staff",
        }
    }
}

/// The text names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is admin or staff")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;
    fn from_str(text: &str) -> Result<Self, RoleError> {
        [Role::Admin, Role::Staff].into_iter().find(|role| role.as_str() == text).ok_or(RoleError)
    }
}

/// `POST /v1/login`. The user id comes as it was typed: one that cannot be is answered like one that is not there.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginRequest {
    pub user: String,
    #[schema(value_type = schema::Secret)]
    pub password: Secret,
}

/// `POST /v1/refresh`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RefreshRequest {
    #[schema(value_type = schema::Secret)]
    pub refresh: Secret,
}

/// The answer to both: the tokens of a session. They hold for the terminal that asked, and for no other.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LoggedIn {
    #[schema(value_type = schema::User)]
    pub user: UserId,
    pub role: Role,
    /// Goes with every request: `Authorization: Bearer …`.
    #[schema(value_type = schema::Secret)]
    pub access: Secret,
    #[schema(value_type = schema::Time)]
    pub access_until: Timestamp,
    /// Gets the next two tokens, until then.
    #[schema(value_type = schema::Secret)]
    pub refresh: Secret,
    #[schema(value_type = schema::Time)]
    pub refresh_until: Timestamp,
    /// The hub's clock, by which the two ends are meant.
    #[schema(value_type = schema::Time)]
    pub time: Timestamp,
}

/// An account of the caller's office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    #[schema(value_type = schema::User)]
    pub user: UserId,
    pub role: Role,
    #[schema(value_type = schema::Time)]
    pub created_at: Timestamp,
    /// Until when nobody gets in with it, after too many wrong passwords.
    #[schema(value_type = Option<schema::Time>)]
    pub locked_until: Option<Timestamp>,
    #[schema(value_type = Option<schema::Time>)]
    pub last_login_at: Option<Timestamp>,
}

/// `GET /v1/accounts`: the accounts of the caller's office, by user id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Accounts {
    pub accounts: Vec<Account>,
}

/// `POST /v1/accounts`. The office's first is 管理者, whatever it asks for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewAccount {
    pub user: String,
    #[schema(value_type = schema::Secret)]
    pub password: Secret,
    pub role: Role,
}

/// `PUT /v1/accounts/{user}`: what is given is changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct AccountChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Secret>)]
    pub password: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Lets a locked account in again.
    #[serde(default)]
    pub unlock: bool,
}

/// `PUT /v1/password`: the caller's own.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PasswordChange {
    #[schema(value_type = schema::Secret)]
    pub old: Secret,
    #[schema(value_type = schema::Secret)]
    pub new: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_is_the_same_however_it_is_typed() {
        let plain: UserId = "sato.h".parse().unwrap();
        for typed in ["sato.h", " SATO.H ", "ｓａｔｏ．ｈ", "Sato.H\n"] {
            assert_eq!(typed.parse::<UserId>(), Ok(plain.clone()), "{typed:?}");
        }
        let long = "x".repeat(33);
        for wrong in ["", " ", "佐藤", "sato h", "a/b", "a\0", "sato\u{202e}", long.as_str()] {
            assert!(wrong.parse::<UserId>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_secret_is_shown_to_nobody() {
        let request = LoginRequest { user: "sato".into(), password: Secret::new("himitsu-desu".into()) };
        assert!(!format!("{request:?}").contains("himitsu"));
        assert_eq!(serde_json::to_value(&request).unwrap()["password"], "himitsu-desu");
    }
}
