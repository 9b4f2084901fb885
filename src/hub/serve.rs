//! Listens, asks every caller for its certificate, and serves until told to stop.
//!
//! TLS 1.3 only. A caller without a certificate gets as far as the few resources that need none, such as enrolling. When the directory changes, the server builds a fresh TLS configuration: one that kept its old session
//! store would let a withdrawn office resume. Kept connections are looked at again with each request (see the api).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::http::{Extensions, Request};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::external::ExternalError;
use super::gate::Gate;
use super::metrics::Counted;
use super::retention::Swept;
use super::state::{Hub, HubError, Shown};
use super::stores::{StoreError, Unfit};
use super::{api, gate, metrics, retention};
use crate::parcel::certificate;

/// How often the operator's changes are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked for parcels whose time is over.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// The rest between two steps of that.
const SWEEP_REST: Duration = Duration::from_millis(50);

/// The whole API, as hyper asks it; cheap to clone.
type Routes = TowerToHyperService<Router>;

/// The address a request comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallsFrom(pub(super) IpAddr);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot start a thread")]
    Thread(#[from] io::Error),
    #[error("the TLS configuration is not valid: {0}")]
    Tls(String),
    #[error("the authorities of others: {0}")]
    Gate(#[from] gate::GateError),
    #[error(transparent)]
    External(#[from] ExternalError),
    #[error(transparent)]
    Hub(#[from] HubError),
}

/// A hub that serves. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new callers, lets the present ones finish, and returns when all is over.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// The hub's own certificate, made anew at every start by the authority it belongs to.
struct ServerIdentity {
    chain: Vec<CertificateDer<'static>>,
    pkcs8: zeroize::Zeroizing<Vec<u8>>,
}

/// Starts the hub on a thread of its own.
pub fn start(hub: Hub, hosts: &[String], address: SocketAddr) -> Result<Running, ServeError> {
    let (chain, pkcs8) = hub.authority().issue_server(hosts, Timestamp::now()).map_err(HubError::from)?;
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| ServeError::Tls(error.to_string()))?;
    let identity = ServerIdentity { chain, pkcs8 };
    if let Some(until) = identity.chain.first().and_then(|leaf| certificate::valid_until(leaf).ok()) {
        let _ = hub.server_until().set(until);
    }
    let config = tls_config(&hub, &identity)?;
    let listener = std::net::TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source })?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let metrics = hub.metrics_address().map(listen_for_metrics).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("hub").build()?;
    let (stop, stopped) = watch::channel(false);
    let server = Server { hub: Arc::new(hub), identity, config: RwLock::new(config) };
    let thread = std::thread::Builder::new()
        .name("hub".into())
        .spawn(move || runtime.block_on(Arc::new(server).run(listener, metrics, stopped)))?;
    tracing::info!(%address, "the hub listens");
    Ok(Running { address, stop, thread: Some(thread) })
}

struct Server {
    hub: Arc<Hub>,
    identity: ServerIdentity,
    config: RwLock<Config>,
}

impl Server {
    async fn run(
        self: Arc<Self>,
        listener: std::net::TcpListener,
        metrics: Option<std::net::TcpListener>,
        mut stop: watch::Receiver<bool>,
    ) {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "the hub cannot listen"),
        };
        let mut beside = tokio::task::JoinSet::new();
        beside.spawn(Arc::clone(&self).look_for_changes());
        beside.spawn(Arc::clone(&self).sweep());
        if let Some(listener) = metrics {
            beside.spawn(tell_metrics(Arc::clone(&self.hub), listener));
        }
        let connections = GracefulShutdown::new();
        let routes = TowerToHyperService::new(api::routes(Arc::clone(&self.hub)));
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                accepted = listener.accept() => match accepted {
                    Ok((tcp, from)) => match self.hub.limiter().admit(from.ip()) {
                        Some(admitted) => {
                            let served = Arc::clone(&self).serve(tcp, from.ip(), routes.clone(), connections.watcher());
                            tokio::spawn(async move {
                                served.await;
                                drop(admitted);
                            });
                        }
                        // Nothing is said: whoever has too many would have one more answer to wait for.
                        None => {
                            self.hub.metrics().turned_away.inc();
                        }
                    },
                    // Out of sockets, or a caller that vanished: others may still come.
                    Err(error) => {
                        tracing::warn!(%error, "a caller was not accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
        // Whoever calls from now on hears at once that nobody is here, rather than wait in line for nobody.
        drop(listener);
        beside.shutdown().await;
        // A poll may wait longer than we do.
        self.hub.bell().ring_all();
        let _ = tokio::time::timeout(seconds(self.hub.limits().stop_seconds), connections.shutdown()).await;
        super::audit::log_head(self.hub.store());
        tracing::info!("the hub has stopped");
    }

    async fn serve(self: Arc<Self>, tcp: TcpStream, from: IpAddr, routes: Routes, watcher: Watcher) {
        let _counted = Counted::in_(&self.hub.metrics().connections);
        let _ = tcp.set_nodelay(true);
        // A caller that does not finish its handshake or its request head holds a socket and nothing else.
        let patience = seconds(self.hub.limits().head_seconds);
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner).tls));
        let tls = match tokio::time::timeout(patience, acceptor.accept(tcp)).await {
            Ok(Ok(tls)) => tls,
            Ok(Err(error)) => {
                self.hub.metrics().turned_away.inc();
                return tracing::info!(%error, "a caller was turned away");
            }
            Err(_) => {
                self.hub.metrics().turned_away.inc();
                return;
            }
        };
        let shown = match tls.get_ref().1.peer_certificates().map(|chain| self.hub.shown_by(chain)) {
            Some(None) => return tracing::warn!("a caller's certificate names no office"),
            shown => shown.flatten(),
        };
        // All connections share the routes: what is known of this one goes with each of its requests.
        let service = service_fn(move |mut request| {
            let about: &mut Extensions = Request::extensions_mut(&mut request);
            about.insert(CallsFrom(from));
            match &shown {
                Some(Shown::Terminal(caller)) => drop(about.insert(caller.clone())),
                Some(Shown::External(caller)) => drop(about.insert(caller.clone())),
                None => {}
            }
            routes.call(request)
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(patience);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(Duration::from_secs(30));
        // An error here is a caller that went away; there is nobody left to tell.
        let _ = watcher.watch(builder.serve_connection(TokioIo::new(tls), service)).await;
    }

    /// Every second: has the operator changed the directory, or has the revocation list got old?
    async fn look_for_changes(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let server = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || server.renew_if_changed()).await;
            if let Ok(Err(error)) = looked {
                tracing::error!(%error, "the directory could not be read; the last one stays in force");
            }
        }
    }

    /// Every minute: whose time is over? In small steps, so that no sender waits for it.
    async fn sweep(self: Arc<Self>) {
        loop {
            // By a clock that is months ahead everything would be over.
            let server = Arc::clone(&self);
            if tokio::task::spawn_blocking(move || server.is_unfit()).await.unwrap_or(true) {
                tokio::time::sleep(SWEEP_EVERY).await;
                continue;
            }
            match retention::sweep(self.hub.store(), self.hub.keeping(), Timestamp::now()).await {
                Ok(swept) => {
                    let more = swept.more;
                    self.note(swept);
                    if more {
                        tokio::time::sleep(SWEEP_REST).await;
                        continue;
                    }
                }
                Err(error) => tracing::error!(%error, "what is over could not be removed; it is tried again"),
            }
            self.hub.limiter().tidy();
            tokio::time::sleep(SWEEP_EVERY).await;
        }
    }

    /// Whether this program must not write into the store; the log says why.
    fn is_unfit(&self) -> bool {
        let looked = self.hub.store().look_whether_fit(Timestamp::now());
        matches!(looked, Err(StoreError::Unfit(Unfit::Clock { .. } | Unfit::Old { .. })))
    }

    fn note(&self, swept: Swept) {
        let Swept { removed, overdue, forgotten, .. } = swept;
        if removed > 0 || forgotten > 0 || !overdue.is_empty() {
            tracing::info!(removed, forgotten, overdue = overdue.len(), "parcels whose time is over");
        }
        self.hub.metrics().removed.inc_by(removed);
        self.hub.metrics().overdue.inc_by(overdue.len() as u64);
        overdue.into_iter().for_each(|sender| self.hub.bell().ring(sender));
    }

    fn renew_if_changed(&self) -> Result<(), ServeError> {
        if self.is_unfit() {
            return Ok(());
        }
        self.hub.refresh(Timestamp::now())?;
        // Whoever let the hub look again, this one or a request: what counts is the list this configuration was made of.
        let list = self.hub.crl();
        let current = Arc::ptr_eq(&self.config.read().unwrap_or_else(PoisonError::into_inner).list, &list);
        if !current {
            let config = tls_config(&self.hub, &self.identity)?;
            *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
            tracing::info!("a new revocation list is in force");
            super::audit::log_head(self.hub.store());
        }
        Ok(())
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

fn listen_for_metrics(address: SocketAddr) -> Result<std::net::TcpListener, ServeError> {
    let listener = std::net::TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source })?;
    listener.set_nonblocking(true)?;
    tracing::info!(address = %listener.local_addr()?, "the hub tells its numbers");
    Ok(listener)
}

async fn tell_metrics(hub: Arc<Hub>, listener: std::net::TcpListener) {
    let served = match TcpListener::from_std(listener) {
        Ok(listener) => axum::serve(listener, metrics::routes(hub)).await,
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        tracing::error!(%error, "the hub cannot tell its numbers any more");
    }
}

/// A TLS configuration and the revocation list it goes by.
struct Config {
    list: Arc<[u8]>,
    tls: Arc<ServerConfig>,
}

fn tls_config(hub: &Hub, identity: &ServerIdentity) -> Result<Config, ServeError> {
    let tls = |error: &dyn std::fmt::Display| ServeError::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let list = hub.crl();
    let gate = Gate::new(hub.authority().certificate_der(), &list, hub.externals(), &provider)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.pkcs8.to_vec()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| tls(&e))?
        .with_client_cert_verifier(Arc::new(gate))
        .with_single_cert(identity.chain.clone(), key)
        .map_err(|e| tls(&e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Config { list, tls: Arc::new(config) })
}
