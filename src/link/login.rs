//! Logging in at the hub, and the accounts of our office.

use jiff::Timestamp;
use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use serde::Serialize;

use super::{HubLink, LinkError};
use crate::wire::{
    Account, AccountChange, Accounts, LoggedIn, LoginRequest, NewAccount, PasswordChange, RefreshRequest, Secret,
    UserId,
};

impl HubLink {
    /// Logs a person in at this terminal, for all its programs; whoever was logged in before is out.
    pub fn log_in(&self, user: &str, password: &Secret) -> Result<(), LinkError> {
        let session = self.session()?;
        let login = LoginRequest { user: user.to_owned(), password: password.clone() };
        let given = self.open_json(with(self.ask(Method::POST, "/v1/login"), &login)?)?;
        if let Err(error) = self.end_session() {
            tracing::debug!(%error, "the login before this one ends by itself");
        }
        session.replace(Some(given), Timestamp::now())
    }

    /// Nobody is logged in any more. Where the hub cannot be told, the tokens are forgotten all the same.
    pub fn log_out(&self) -> Result<(), LinkError> {
        let told = self.end_session();
        self.session()?.replace(None, Timestamp::now())?;
        match told {
            Ok(()) | Err(LinkError::LoginRequired) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes the office's first account, a 管理者, and logs in with it.
    pub fn first_account(&self, user: &UserId, password: &Secret) -> Result<(), LinkError> {
        let new = NewAccount { user: user.to_string(), password: password.clone(), role: crate::wire::Role::Admin };
        match self.open_json::<Account>(with(self.ask(Method::POST, "/v1/accounts"), &new)?) {
            // It is there already: perhaps made by us a moment ago, with an answer that was lost.
            Ok(_) | Err(LinkError::LoginRequired) => self.log_in(user.as_str(), password),
            Err(error) => Err(error),
        }
    }

    pub fn accounts(&self) -> Result<Vec<Account>, LinkError> {
        Ok(self.json::<Accounts>(self.get("/v1/accounts"))?.accounts)
    }

    pub fn add_account(&self, new: &NewAccount) -> Result<Account, LinkError> {
        self.json(with(self.ask(Method::POST, "/v1/accounts"), new)?)
    }

    pub fn change_account(&self, user: &UserId, change: &AccountChange) -> Result<Account, LinkError> {
        self.json(with(self.ask(Method::PUT, &format!("/v1/accounts/{user}")), change)?)
    }

    pub fn remove_account(&self, user: &UserId) -> Result<(), LinkError> {
        self.answer(self.ask(Method::DELETE, &format!("/v1/accounts/{user}"))).map(|_| ())
    }

    pub fn change_password(&self, change: &PasswordChange) -> Result<(), LinkError> {
        self.answer(with(self.ask(Method::PUT, "/v1/password"), change)?).map(|_| ())
    }

    /// The tokens after this one.
    pub(super) fn next_tokens(&self, refresh: &Secret) -> Result<LoggedIn, LinkError> {
        self.open_json(with(self.ask(Method::POST, "/v1/refresh"), &RefreshRequest { refresh: refresh.clone() })?)
    }

    /// Tells the hub that whoever is logged in here leaves.
    fn end_session(&self) -> Result<(), LinkError> {
        if self.session()?.kept()?.is_none() {
            return Ok(());
        }
        self.answer(self.ask(Method::POST, "/v1/logout")).map(|_| ())
    }
}

fn with(request: RequestBuilder, body: &impl Serialize) -> Result<RequestBuilder, LinkError> {
    let body = serde_json::to_vec(body).map_err(|error| LinkError::Nonsense(error.to_string()))?;
    Ok(request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body))
}
