//! Tells a mailbox: one short text by the mail server the user named, over TLS and in no other way.

use std::time::Duration;

use lettre::address::AddressError;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{SmtpTransport, Transport as _};

use crate::engine::habits::{MailSecurity, MailWay};
use crate::engine::model::{Failure, Secret};
use crate::words::failure::Sentence;

const SILENCE: Duration = Duration::from_secs(20);
/// "Authentication credentials invalid", "mechanism too weak", "encryption required": what a person has to mend.
const SIGN_IN_CODES: [&str; 4] = ["530", "534", "535", "538"];

/// Why a mailbox could not be told. A server's own words are left out: they may name the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MailError {
    #[error("an address is none")]
    Address,
    #[error("no answer")]
    NoAnswer,
    #[error("the server is not trusted, or has no TLS")]
    NotTrusted,
    #[error("the server refuses the user or the password")]
    SignIn,
    #[error("the server refuses the message")]
    Refused,
}

impl MailError {
    pub(super) fn failure(self) -> Failure {
        match self {
            Self::Address => Failure::MailSettingsWrong,
            Self::NoAnswer | Self::Refused => Failure::MailNotSent,
            Self::NotTrusted => Failure::MailServerNotTrusted,
            Self::SignIn => Failure::MailSignInRefused,
        }
    }
}

impl From<AddressError> for MailError {
    fn from(_: AddressError) -> Self {
        Self::Address
    }
}

/// Sends the text. The server is checked against the system's own certificates: it is no part of our exchange.
pub(super) fn tell(way: &MailWay, password: Option<&Secret>, said: &Sentence) -> Result<(), MailError> {
    let tls = TlsParameters::new(server(way)?.to_owned()).map_err(|_| MailError::NotTrusted)?;
    send(way, password, said, tls)
}

fn send(way: &MailWay, password: Option<&Secret>, said: &Sentence, tls: TlsParameters) -> Result<(), MailError> {
    let tls = match way.security {
        MailSecurity::Starttls => Tls::Required(tls),
        MailSecurity::Tls => Tls::Wrapper(tls),
    };
    // The builder that lets the port and the line's protection be chosen; both ways above need TLS.
    let mut transport = SmtpTransport::builder_dangerous(server(way)?).port(way.port()).tls(tls).timeout(Some(SILENCE));
    if let (Some(password), false) = (password, way.user.trim().is_empty()) {
        let credentials = Credentials::new(way.user.trim().to_owned(), password.reveal().to_owned());
        transport = transport.credentials(credentials);
    }
    transport.build().send(&message(way, said)?).map(drop).map_err(|error| of_smtp(&error))
}

fn server(way: &MailWay) -> Result<&str, MailError> {
    let server = way.server.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    if server.is_empty() || !server.chars().all(is_name) { Err(MailError::Address) } else { Ok(server) }
}

fn message(way: &MailWay, said: &Sentence) -> Result<Message, MailError> {
    let mailbox = |address: &str| Ok::<_, MailError>(Mailbox::new(None, address.trim().parse()?));
    let from = mailbox(&way.from)?;
    // Otherwise it would be made of this computer's name, which is nobody's business.
    let id = format!("<{}@{}>", uuid::Uuid::now_v7(), from.email.domain());
    let from = Mailbox::new(Some("Tayori".into()), from.email);
    Message::builder()
        .message_id(Some(id))
        .from(from)
        .to(mailbox(&way.to)?)
        .subject(&said.what)
        .header(ContentType::TEXT_PLAIN)
        .body(format!("{}\n{}\n", said.what, said.todo))
        .map_err(|_| MailError::Address)
}

fn of_smtp(error: &lettre::transport::smtp::Error) -> MailError {
    if error.is_tls() {
        return MailError::NotTrusted;
    }
    match error.status() {
        Some(code) if SIGN_IN_CODES.contains(&code.to_string().as_str()) => MailError::SignIn,
        Some(_) => MailError::Refused,
        // It is there and offers no TLS, or no way to sign in that we would use.
        None if error.is_client() => MailError::NotTrusted,
        None if is_about_certificates(error) => MailError::NotTrusted,
        None => MailError::NoAnswer,
    }
}

/// TLS that fails while the line is opened comes wrapped in an input/output error.
fn is_about_certificates(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(here) = cause {
        let inner = here.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        if inner.is_some_and(|inner| inner.is::<rustls::Error>()) || here.is::<rustls::Error>() {
            return true;
        }
        cause = here.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way() -> MailWay {
        MailWay {
            server: "smtp.example.jp".into(),
            from: "tayori@example.jp".into(),
            to: "phone@example.jp".into(),
            ..MailWay::default()
        }
    }

    fn said() -> Sentence {
        Sentence { what: "3 件届きました".into(), todo: "北の訪問介護、南".into() }
    }

    #[test]
    fn a_message_has_both_lines_and_not_the_name_of_this_computer() {
        let text = String::from_utf8(message(&way(), &said()).unwrap().formatted()).unwrap();
        assert!(
            text.contains("From: \"Tayori\" <tayori@example.jp>") || text.contains("From: Tayori <tayori@example.jp>"),
            "{text}"
        );
        assert!(text.contains("To: phone@example.jp") && text.contains("=?utf-8?b?"), "{text}");
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let id = text.lines().find(|line| line.starts_with("Message-ID")).unwrap();
        assert!(id.ends_with("@example.jp>") && (host.trim().is_empty() || !text.contains(host.trim())), "{text}");
    }

    #[test]
    fn what_is_no_address_is_said_before_anything_is_sent() {
        for wrong in [
            MailWay { server: "https://smtp.example.jp/".into(), ..way() },
            MailWay { server: String::new(), ..way() },
            MailWay { from: "nobody".into(), ..way() },
            MailWay { to: "a@b\r\nBcc: c@d".into(), ..way() },
        ] {
            assert_eq!(tell(&wrong, None, &said()), Err(MailError::Address), "{wrong:?}");
        }
    }

    #[test]
    fn nobody_there_is_no_answer() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = Some(listener.local_addr().unwrap().port());
        drop(listener);
        let gone = MailWay { server: "127.0.0.1".into(), port, ..way() };
        assert_eq!(tell(&gone, None, &said()), Err(MailError::NoAnswer));
    }
}
