//! One connection of one terminal, HTTP/1.1 as the client's own.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Node;
use crate::wire::Problem;

/// How long a hub may be silent before it counts as not there; the client counts the same.
const SILENCE: Duration = Duration::from_secs(20);

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("connect: {0}")]
    Connect(std::io::ErrorKind),
    #[error("TLS: {0}")]
    Tls(std::io::Error),
    #[error("the line broke")]
    Broken,
    #[error("no answer in time")]
    Silent,
    #[error("{status} {code}")]
    Refused { status: u16, code: String },
    #[error("an answer that makes no sense")]
    Nonsense,
}

/// See the module.
#[derive(Debug)]
pub struct Line {
    requests: SendRequest<Full<Bytes>>,
}

impl Line {
    pub async fn to(node: &Node, tls: Arc<ClientConfig>) -> Result<Self, LineError> {
        tokio::time::timeout(SILENCE, Self::open(node, tls)).await.map_err(|_| LineError::Silent)?
    }

    async fn open(node: &Node, tls: Arc<ClientConfig>) -> Result<Self, LineError> {
        let tcp = TcpStream::connect(node.address).await.map_err(|error| LineError::Connect(error.kind()))?;
        let _ = tcp.set_nodelay(true);
        let tls = TlsConnector::from(tls).connect(node.name.clone(), tcp).await.map_err(LineError::Tls)?;
        let (requests, connection) = http1::handshake(TokioIo::new(tls)).await.map_err(|_| LineError::Broken)?;
        // It ends with the line, or when the hub hangs up; whoever asks then hears of it.
        tokio::spawn(connection);
        Ok(Self { requests })
    }

    /// Whether the other end still listens, as far as is known.
    pub fn is_open(&self) -> bool {
        !self.requests.is_closed()
    }

    /// Asks and reads the answer whole. The hub may take so much longer than otherwise.
    pub async fn ask(&mut self, request: Request<Full<Bytes>>, longer: Duration) -> Result<Bytes, LineError> {
        let answered = async {
            self.requests.ready().await.map_err(|_| LineError::Broken)?;
            let answer = self.requests.send_request(request).await.map_err(|_| LineError::Broken)?;
            let status = answer.status();
            let body = answer.into_body().collect().await.map_err(|_| LineError::Broken)?.to_bytes();
            if status.is_success() { Ok(body) } else { Err(refused(status, &body)) }
        };
        tokio::time::timeout(SILENCE + longer, answered).await.map_err(|_| LineError::Silent)?
    }
}

fn refused(status: StatusCode, body: &[u8]) -> LineError {
    let code = serde_json::from_slice::<Problem>(body).map(|problem| format!("{:?}", problem.code)).unwrap_or_default();
    LineError::Refused { status: status.as_u16(), code }
}
