//! What a terminal asks of the hub about itself and its office's other terminals.

use reqwest::Method;

use super::HubLink;
use super::LinkError;
use super::hub::answer;
use crate::wire::{NewTerminalCode, RenewRequest, Renewed, SealedKeys, TerminalCodeKept, Terminals};

/// Certificates and terminals. What the certificate alone opens is said so; everything else needs a login, and most of it
/// one of an 管理者.
pub trait Membership: Send + Sync + std::fmt::Debug {
    /// New certificates for the keys we have. The certificate alone opens it.
    fn renew(&self, request: &RenewRequest) -> Result<Renewed, LinkError>;
    /// The office's keys, as another terminal sealed them to this one. The certificate alone opens it.
    fn admission(&self) -> Result<SealedKeys, LinkError>;
    /// This terminal has the office's keys now. The certificate alone opens it.
    fn admitted(&self) -> Result<(), LinkError>;
    fn terminals(&self) -> Result<Terminals, LinkError>;
    fn revoke_terminal(&self, id: &str) -> Result<(), LinkError>;
    fn keep_code(&self, code: &NewTerminalCode) -> Result<TerminalCodeKept, LinkError>;
    fn admit(&self, id: &str, sealed: &SealedKeys) -> Result<(), LinkError>;
    fn keep_chest(&self, sealed: &SealedKeys) -> Result<(), LinkError>;
}

impl Membership for HubLink {
    fn renew(&self, request: &RenewRequest) -> Result<Renewed, LinkError> {
        self.open_json(self.ask(Method::POST, "/v1/renew").json(request))
    }
    fn admission(&self) -> Result<SealedKeys, LinkError> {
        self.open_json(self.get("/v1/admission"))
    }
    fn admitted(&self) -> Result<(), LinkError> {
        answer(self.ask(Method::DELETE, "/v1/admission")).map(|_| ())
    }
    fn terminals(&self) -> Result<Terminals, LinkError> {
        self.json(self.get("/v1/terminals"))
    }
    fn revoke_terminal(&self, id: &str) -> Result<(), LinkError> {
        self.answer(self.ask(Method::DELETE, &format!("/v1/terminals/{id}"))).map(|_| ())
    }
    fn keep_code(&self, code: &NewTerminalCode) -> Result<TerminalCodeKept, LinkError> {
        self.json(self.ask(Method::POST, "/v1/terminals/codes").json(code))
    }
    fn admit(&self, id: &str, sealed: &SealedKeys) -> Result<(), LinkError> {
        self.answer(self.ask(Method::POST, &format!("/v1/terminals/{id}/admission")).json(sealed)).map(|_| ())
    }
    fn keep_chest(&self, sealed: &SealedKeys) -> Result<(), LinkError> {
        self.answer(self.ask(Method::PUT, "/v1/chest").json(sealed)).map(|_| ())
    }
}
