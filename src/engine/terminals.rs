//! The terminals of one's own office: who is in, how a further one comes in, how one goes.
//!
//! Every call waits for the hub.

use jiff::Timestamp;

use super::failure::of_link;
use super::model::Failure;
use crate::identity::code::Code;
use crate::identity::{Identity, chest, enrol};
use crate::link::{LinkError, Membership};
use crate::parcel::certificate;
use crate::wire::{Binary, NewTerminalCode, ProblemCode, SealedKeys, TerminalEntry};

/// Our office, as this terminal and the hub know it.
#[derive(Debug)]
pub struct Office<'a> {
    pub identity: &'a Identity,
    pub link: &'a dyn Membership,
}

impl Office<'_> {
    pub fn list(&self) -> Result<Vec<TerminalEntry>, Failure> {
        Ok(self.link.terminals().map_err(|error| of(&error))?.terminals)
    }

    /// A code that lets one further terminal in, together with the office's keys.
    pub fn new_code(&self) -> Result<(Code, Timestamp), Failure> {
        let code = Code::new().map_err(|_| Failure::Unexpected)?;
        let sealed = self.sealed_under(&code)?;
        let known = NewTerminalCode {
            handle: Binary(code.handle().0.to_vec()),
            proof: Binary(code.proof().as_bytes().to_vec()),
            answer: Binary(code.answer().as_bytes().to_vec()),
            chest: Binary(sealed),
        };
        let kept = self.link.keep_code(&known).map_err(|error| of(&error))?;
        Ok((code, kept.expires_at))
    }

    /// Lets a terminal have the office's keys. Whoever asks for it has compared the fingerprints: the hub could show
    /// another terminal than the one that stands there.
    pub fn admit(&self, terminal: &TerminalEntry, now: Timestamp) -> Result<(), Failure> {
        let sealed = enrol::admit(self.identity, &terminal.certificate.0, now).map_err(|error| {
            tracing::error!(%error, "a terminal cannot be let in");
            Failure::HubNonsense
        })?;
        let sealed = SealedKeys { sealed: Some(Binary(sealed)) };
        self.link.admit(&terminal.id, &sealed).map_err(|error| of(&error))
    }

    pub fn revoke(&self, id: &str) -> Result<(), Failure> {
        self.link.revoke_terminal(id).map_err(|error| of(&error))
    }

    /// A new recovery code in place of the last one; shown once, for paper.
    pub fn new_recovery_code(&self) -> Result<Code, Failure> {
        let code = Code::new().map_err(|_| Failure::Unexpected)?;
        let sealed = SealedKeys { sealed: Some(Binary(self.sealed_under(&code)?)) };
        self.link.keep_chest(&sealed).map_err(|error| of(&error))?;
        Ok(code)
    }

    fn sealed_under(&self, code: &Code) -> Result<Vec<u8>, Failure> {
        chest::seal(code, self.identity.office, &chest::pack(self.identity)).map_err(|_| Failure::Unexpected)
    }
}

/// Whether what somebody typed from the other screen is this terminal's: at least its first sixteen digits.
pub fn is_same_fingerprint(typed: &str, terminal: &TerminalEntry) -> bool {
    let digits: String = unicode_normalization::UnicodeNormalization::nfkc(typed)
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | ':'))
        .map(|digit| digit.to_ascii_lowercase())
        .collect();
    digits.len() >= 16 && certificate::fingerprint(&terminal.certificate.0).starts_with(&digits)
}

fn of(error: &LinkError) -> Failure {
    match error {
        LinkError::Problem(problem) if problem.code == ProblemCode::TooMany => Failure::TooManyTries,
        error => of_link(error),
    }
}
