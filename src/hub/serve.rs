//! Listens, asks every caller for its certificate, and serves until told to stop.
//!
//! TLS 1.3 only. When the directory changes, the server builds a fresh TLS configuration: one that kept its old session
//! store would let a withdrawn office resume. Kept connections are looked at again with each request (see the api).

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::api;
use super::state::{Caller, Hub, HubError};
use crate::parcel::certificate;

/// A caller that does not finish its handshake or its request head holds a socket and nothing else.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the operator's changes are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long requests under way may take to end when the hub stops.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot start a thread")]
    Thread(#[from] io::Error),
    #[error("the TLS configuration is not valid: {0}")]
    Tls(String),
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
    let config = tls_config(&hub, &identity)?;
    let listener = std::net::TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source })?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("hub").build()?;
    let (stop, stopped) = watch::channel(false);
    let server = Server { hub: Arc::new(hub), identity, config: RwLock::new(config) };
    let thread = std::thread::Builder::new()
        .name("hub".into())
        .spawn(move || runtime.block_on(Arc::new(server).run(listener, stopped)))?;
    tracing::info!(%address, "the hub listens");
    Ok(Running { address, stop, thread: Some(thread) })
}

struct Server {
    hub: Arc<Hub>,
    identity: ServerIdentity,
    config: RwLock<Arc<ServerConfig>>,
}

impl Server {
    async fn run(self: Arc<Self>, listener: std::net::TcpListener, mut stop: watch::Receiver<bool>) {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "the hub cannot listen"),
        };
        let looking = tokio::spawn(Arc::clone(&self).look_for_changes());
        let connections = GracefulShutdown::new();
        let routes = api::routes(Arc::clone(&self.hub));
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                accepted = listener.accept() => match accepted {
                    Ok((tcp, _)) => {
                        tokio::spawn(Arc::clone(&self).serve(tcp, routes.clone(), connections.watcher()));
                    }
                    // Out of sockets, or a caller that vanished: others may still come.
                    Err(error) => {
                        tracing::warn!(%error, "a caller was not accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
        looking.abort();
        // A poll may wait longer than we do.
        self.hub.bell().ring_all();
        let _ = tokio::time::timeout(GRACE, connections.shutdown()).await;
        super::audit::log_head(self.hub.store());
        tracing::info!("the hub has stopped");
    }

    async fn serve(self: Arc<Self>, tcp: TcpStream, routes: Router, watcher: Watcher) {
        let _ = tcp.set_nodelay(true);
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner)));
        let tls = match tokio::time::timeout(PATIENCE, acceptor.accept(tcp)).await {
            Ok(Ok(tls)) => tls,
            Ok(Err(error)) => return tracing::info!(%error, "a caller was turned away"),
            Err(_) => return,
        };
        let Some(caller) = caller_of(tls.get_ref().1) else {
            return tracing::warn!("a caller's certificate names no office");
        };
        let service = TowerToHyperService::new(routes.layer(Extension(caller)));
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
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

    fn renew_if_changed(&self) -> Result<(), ServeError> {
        if self.hub.refresh(Timestamp::now())? {
            let config = tls_config(&self.hub, &self.identity)?;
            *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
            tracing::info!("the directory changed; a new revocation list is in force");
            super::audit::log_head(self.hub.store());
        }
        Ok(())
    }
}

/// Only end entities are looked up in the list (offices have no intermediates), and a stale list stops everyone rather
/// than letting a withdrawn office in.
fn tls_config(hub: &Hub, identity: &ServerIdentity) -> Result<Arc<ServerConfig>, ServeError> {
    let tls = |error: &dyn std::fmt::Display| ServeError::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(hub.authority().certificate_der()).map_err(|e| tls(&e))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .with_crls([CertificateRevocationListDer::from(hub.crl().to_vec())])
        .only_check_end_entity_revocation()
        .enforce_revocation_expiration()
        .build()
        .map_err(|e| tls(&e))?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.pkcs8.to_vec()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| tls(&e))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain.clone(), key)
        .map_err(|e| tls(&e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn caller_of(connection: &rustls::ServerConnection) -> Option<Caller> {
    let certificate = connection.peer_certificates()?.first()?;
    Some(Caller {
        office: certificate::office_of(certificate).ok()?,
        serial: certificate::serial_of(certificate).ok()?,
    })
}
