//! What may stand between an office and its hub: one that speaks for the hub and tampers, and a line that breaks.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tayori::hub::authority::Authority;

use crate::world::{Chance, Office, Town};

/// A request as it came through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// With the query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn is_put(&self) -> bool {
        self.method == "PUT"
    }
    pub fn is(&self, method: &str, start: &str) -> bool {
        self.method == method && self.path.starts_with(start)
    }
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(status: u16, text: &str) -> Answer {
        Answer { status, kind: "application/json".into(), body: text.into() }
    }
    pub fn problem(status: u16, code: &str) -> Answer {
        let body = serde_json::json!({"status": status, "code": code, "title": "no"}).to_string();
        Answer { status, kind: "application/problem+json".into(), body: body.into() }
    }
}

/// What to do with a request.
pub enum Deed {
    Pass,
    /// The hub hears it, but its answer is lost.
    Lose,
    /// The hub hears it, and half of its answer comes back.
    Tear,
    /// The line breaks before the hub hears anything.
    Break,
    /// The hub never hears it; this is said in its name.
    Say(Answer),
    /// The hub hears it twice.
    #[allow(dead_code, reason = "the promises do this")]
    Twice,
    /// The hub hears it late.
    #[allow(dead_code, reason = "the promises do this")]
    Late(Duration),
    /// The hub's answer comes back changed.
    Change(Box<dyn Fn(Answer) -> Answer + Send>),
}

type Script = Box<dyn Fn(&Request) -> Deed + Send + Sync>;

/// A hub of the right authority that does not do right. It calls the real one as the office it stands before.
pub struct Crooked {
    seen: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
}

impl Crooked {
    /// Stands between `office` and its hub from now on.
    pub fn before(town: &Town, office: &Office, script: impl Fn(&Request) -> Deed + Send + Sync + 'static) -> Crooked {
        let authority = Authority::open(&town.hub_dir().join("ca")).unwrap();
        let (chain, key) = authority.issue_server(&["127.0.0.1".to_owned()], jiff::Timestamp::now()).unwrap();
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.to_vec()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let call = Arc::new(Calls {
            tls: Arc::new(tls),
            hub: town.url(),
            client: client_of(office.identity().client_config().unwrap()),
            script: Box::new(script),
            seen: Arc::default(),
        });
        let (seen, stop) = (Arc::clone(&call.seen), Arc::new(AtomicBool::new(false)));
        let address = listen(Arc::clone(&stop), move |tcp| {
            // A caller that goes away is nobody's trouble here.
            let _ = call.serve(tcp);
        });
        office.call_instead(&format!("https://{address}"));
        Crooked { seen, stop }
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Crooked {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// A plain HTTPS client over a TLS configuration, for what the programs would never ask.
pub fn client_of(tls: rustls::ClientConfig) -> reqwest::blocking::Client {
    reqwest::blocking::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

struct Calls {
    tls: Arc<rustls::ServerConfig>,
    hub: String,
    client: reqwest::blocking::Client,
    script: Script,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Calls {
    fn serve(&self, tcp: TcpStream) -> io::Result<()> {
        let connection = rustls::ServerConnection::new(Arc::clone(&self.tls)).map_err(io::Error::other)?;
        let mut tls = rustls::StreamOwned::new(connection, tcp);
        while let Some(request) = read_request(&mut tls)? {
            self.seen.lock().unwrap().push(request.clone());
            let answer = match (self.script)(&request) {
                Deed::Pass => self.ask(&request)?,
                Deed::Change(change) => change(self.ask(&request)?),
                Deed::Say(answer) => answer,
                Deed::Twice => {
                    self.ask(&request)?;
                    self.ask(&request)?
                }
                Deed::Late(by) => {
                    std::thread::sleep(by);
                    self.ask(&request)?
                }
                Deed::Break => return tls.sock.shutdown(Shutdown::Both),
                Deed::Lose => {
                    self.ask(&request)?;
                    return tls.sock.shutdown(Shutdown::Both);
                }
                Deed::Tear => {
                    let answer = self.ask(&request)?;
                    let whole = write_answer(&answer);
                    tls.write_all(&whole[..whole.len() - answer.body.len() / 2 - 1])?;
                    tls.flush()?;
                    return tls.sock.shutdown(Shutdown::Both);
                }
            };
            tls.write_all(&write_answer(&answer))?;
            tls.flush()?;
        }
        Ok(())
    }

    fn ask(&self, request: &Request) -> io::Result<Answer> {
        let method = request.method.parse().unwrap();
        let mut asked = self.client.request(method, format!("{}{}", self.hub, request.path));
        for (name, value) in &request.headers {
            if ["authorization", "content-type", "content-digest"].contains(&name.as_str()) {
                asked = asked.header(name, value);
            }
        }
        let answer = asked.body(request.body.clone()).send().map_err(io::Error::other)?;
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("").to_owned();
        let status = answer.status().as_u16();
        let body = answer.bytes().map_err(io::Error::other)?.to_vec();
        Ok(Answer { status, kind, body })
    }
}

fn write_answer(answer: &Answer) -> Vec<u8> {
    let Answer { status, kind, body } = answer;
    let mut bytes = format!("HTTP/1.1 {status} said\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len())
        .into_bytes();
    if *status == 204 {
        bytes = b"HTTP/1.1 204 said\r\n\r\n".to_vec();
    }
    bytes.extend_from_slice(body);
    bytes
}

/// One request of HTTP/1.1, as plainly as our client writes it; `None` when there are no more.
fn read_request(stream: &mut impl Read) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).map_err(io::Error::other)?;
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default().to_owned(), first.next().unwrap_or_default().to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(Request { method, path, headers, body }))
}

/// A line to the hub that breaks at chosen places; what goes through it is TLS from end to end.
pub struct Line {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    broken: Arc<AtomicU64>,
}

impl Line {
    /// Every connection breaks, after a chosen number of bytes in one of the two directions.
    pub fn to(hub: SocketAddr, seed: u64) -> Line {
        let (stop, broken) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let chance = Mutex::new((Chance::of(seed), 0));
        let count = Arc::clone(&broken);
        let address = listen(Arc::clone(&stop), move |tcp| {
            let Ok(there) = TcpStream::connect(hub) else { return };
            let (up, down) = {
                let (chance, calls) = &mut *chance.lock().unwrap();
                *calls += 1;
                // The first ones last for a few parcels at most; later ones may carry the rest.
                let at = chance.between(0, if *calls <= 16 { 9_000 } else { 100_000 });
                if chance.between(0, 1) == 0 { (u64::MAX, at) } else { (at, u64::MAX) }
            };
            let (tcp_back, there_back) = (tcp.try_clone().unwrap(), there.try_clone().unwrap());
            let back = std::thread::spawn(move || carry(there_back, tcp_back, down));
            let cut = carry(tcp, there, up);
            let cut_back = back.join().unwrap();
            count.fetch_add(u64::from(cut || cut_back), Ordering::Relaxed);
        });
        Line { address, stop, broken }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// How often it broke.
    pub fn broken(&self) -> u64 {
        self.broken.load(Ordering::Relaxed)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Carries bytes one way until the end or the limit; at the limit both directions break. Says whether it was that.
pub fn carry(mut from: TcpStream, mut to: TcpStream, limit: u64) -> bool {
    let mut left = limit;
    let mut bytes = [0; 4096];
    loop {
        let most = usize::try_from(left.min(4096)).unwrap();
        if most == 0 {
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return true;
        }
        match from.read(&mut bytes[..most]) {
            Ok(read) if read > 0 && to.write_all(&bytes[..read]).is_ok() => left -= read as u64,
            _ => {
                let _ = to.shutdown(Shutdown::Write);
                return false;
            }
        }
    }
}

/// Answers calls on loopback until told to stop, each on a thread of its own.
pub fn listen(stop: Arc<AtomicBool>, answer: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    listen_at("127.0.0.1:0", stop, answer)
}

/// The same at another address of this computer.
pub fn listen_at(
    address: &str,
    stop: Arc<AtomicBool>,
    answer: impl Fn(TcpStream) + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((tcp, _)) => {
                    tcp.set_nonblocking(false).unwrap();
                    let answer = Arc::clone(&answer);
                    std::thread::spawn(move || answer(tcp));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    });
    address
}
