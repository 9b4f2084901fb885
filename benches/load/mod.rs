//! Callers that cost as little as they can, so that it is the server that is measured: a thread and a kept TLS
//! connection each, requests written by hand, answers read to their length and thrown away.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// One kept connection.
pub struct Line {
    tls: StreamOwned<ClientConnection, TcpStream>,
    buffer: Vec<u8>,
}

impl Line {
    pub fn to(address: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<Line> {
        let tcp = TcpStream::connect(address)?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(Duration::from_secs(30)))?;
        let name = rustls_pki_types::ServerName::from(address.ip());
        let mut connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        // A whole parcel goes out at once.
        connection.set_buffer_limit(None);
        Ok(Line { tls: StreamOwned::new(connection, tcp), buffer: Vec::with_capacity(256 << 10) })
    }

    /// Asks, and does not wait for the answer.
    pub fn say(&mut self, head: &str, body: &[u8]) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.extend_from_slice(head.as_bytes());
        self.buffer.extend_from_slice(body);
        self.tls.write_all(&self.buffer)?;
        self.tls.flush()
    }

    /// Asks and reads the answer whole: its status, and its body.
    pub fn ask(&mut self, head: &str, body: &[u8]) -> io::Result<(u16, &[u8])> {
        self.say(head, body)?;
        self.buffer.clear();
        let mut chunk = [0; 64 << 10];
        let (head, length, status) = loop {
            self.read_some(&mut chunk)?;
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
                break (end + 4, length, status.ok_or_else(|| io::Error::other(format!("no HTTP: {head}")))?);
            }
        };
        while self.buffer.len() < head + length {
            self.read_some(&mut chunk)?;
        }
        Ok((status, &self.buffer[head..head + length]))
    }

    fn read_some(&mut self, chunk: &mut [u8]) -> io::Result<()> {
        match self.tls.read(chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.buffer.extend_from_slice(&chunk[..read]);
                Ok(())
            }
        }
    }
}

/// What some callers saw together.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub took: Vec<Duration>,
    pub elapsed: Duration,
}

impl Seen {
    pub fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// In milliseconds.
    pub fn percentile(&self, of_hundred: usize) -> f64 {
        let mut took = self.took.clone();
        took.sort();
        let at = (took.len() * of_hundred / 100).min(took.len().saturating_sub(1));
        took.get(at).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    }
}

/// Runs as many callers as there are `work`s for `time`, each on its own connection; every call of a work is one request.
pub fn load<W: FnMut(&mut Line) -> io::Result<()> + Send>(
    address: SocketAddr,
    callers: Vec<(Arc<ClientConfig>, W)>,
    time: Duration,
) -> Seen {
    let ready = Barrier::new(callers.len() + 1);
    std::thread::scope(|scope| {
        let handles: Vec<_> = callers
            .into_iter()
            .map(|(config, mut work)| {
                let ready = &ready;
                scope.spawn(move || {
                    let line = Line::to(address, &config).and_then(|mut line| {
                        (0..3).try_for_each(|_| work(&mut line))?;
                        Ok(line)
                    });
                    // Whoever cannot begin must not keep the others waiting.
                    ready.wait();
                    let mut line = line.expect("a connection, and answers to warm up");
                    let (began, mut took) = (Instant::now(), Vec::with_capacity(1 << 16));
                    while began.elapsed() < time {
                        let asked = Instant::now();
                        work(&mut line).expect("an answer");
                        took.push(asked.elapsed());
                    }
                    took
                })
            })
            .collect();
        ready.wait();
        let began = Instant::now();
        let took = handles.into_iter().flat_map(|handle| handle.join().expect("a caller that ends")).collect();
        Seen { took, elapsed: began.elapsed() }
    })
}
