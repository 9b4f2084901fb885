//! Tells a phone: one short text to an address the user gave, in the form LINE WORKS and Slack take.

use std::time::Duration;

use reqwest::blocking::Client;
use rustls::crypto::aws_lc_rs::default_provider;

/// Why a phone could not be told.
#[derive(Debug, thiserror::Error)]
pub(super) enum PhoneError {
    #[error("the address is not https")]
    NotHttps,
    // The address itself is a secret, and reqwest would print it.
    #[error("no answer")]
    NoAnswer,
    #[error("answered {0}")]
    Refused(u16),
}

impl PhoneError {
    /// Whether the same may work in a while.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::NotHttps => false,
            Self::NoAnswer => true,
            Self::Refused(status) => *status >= 500 || *status == 429,
        }
    }
}

/// Sends the text. The other end is checked against the system's own certificates: it is no part of our exchange.
pub(super) fn tell(address: &str, text: &str) -> Result<(), PhoneError> {
    // Only the first of a process is taken, and any of them will do.
    let _ = default_provider().install_default();
    if !address.starts_with("https://") {
        return Err(PhoneError::NotHttps);
    }
    let client = Client::builder()
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .map_err(|_| PhoneError::NoAnswer)?;
    send(&client, address, text)
}

fn send(client: &Client, address: &str, text: &str) -> Result<(), PhoneError> {
    let answer =
        client.post(address).json(&serde_json::json!({ "text": text })).send().map_err(|_| PhoneError::NoAnswer)?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(PhoneError::Refused(status.as_u16())),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_phone_is_told_one_text_and_only_over_https() {
        assert!(matches!(tell("http://hooks.example.jp/secret", "3 件届きました"), Err(PhoneError::NotHttps)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = [0; 4096];
            let mut text = String::new();
            while !text.contains("件届きました") {
                let read = stream.read(&mut bytes).unwrap();
                assert!(read > 0, "{text}");
                text += &String::from_utf8_lossy(&bytes[..read]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
            text
        });
        let _ = default_provider().install_default();
        send(&Client::new(), &address, "3 件届きました").unwrap();
        let request = server.join().unwrap();
        assert!(request.starts_with("POST /hook") && request.ends_with(r#"{"text":"3 件届きました"}"#), "{request}");
    }

    #[test]
    fn an_error_never_says_the_address() {
        let error = tell("https://127.0.0.1:9/hooks/very-secret", "x").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("very-secret"));
    }
}
