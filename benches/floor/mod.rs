//! The floor: the least that takes a parcel over mutual TLS and keeps it durably. axum and one SQLite table, a blob per
//! row, WAL with `synchronous = FULL`, one writer that commits what waits together. It checks nothing, knows nobody,
//! lists nothing.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as Segment, State};
use axum::http::StatusCode;
use axum::routing::put;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rusqlite::{Connection, OptionalExtension as _, params};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

type Put = (String, Bytes, oneshot::Sender<bool>);

struct Floor {
    puts: SyncSender<Put>,
    readers: std::sync::Mutex<Vec<Connection>>,
    path: std::path::PathBuf,
}

/// Serves until killed; `dir` holds `server.pem`, `server.key` and `ca.pem`. Prints `listening ADDRESS`.
pub fn serve(dir: &Path) {
    let path = dir.join("floor.db");
    let writer = open(&path);
    writer
        .execute_batch("CREATE TABLE IF NOT EXISTS parcel (id TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT")
        .unwrap();
    let (puts, waiting) = sync_channel(256);
    std::thread::spawn(move || write(writer, &waiting));
    let floor = Arc::new(Floor { puts, readers: std::sync::Mutex::default(), path });
    let routes =
        Router::new().route("/p/{id}", put(keep).get(fetch)).layer(DefaultBodyLimit::max(50 << 20)).with_state(floor);
    let acceptor = TlsAcceptor::from(Arc::new(tls(dir)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening {}", listener.local_addr().unwrap());
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let _ = tcp.set_nodelay(true);
            let (acceptor, routes) = (acceptor.clone(), routes.clone());
            tokio::spawn(async move {
                if let Ok(tls) = acceptor.accept(tcp).await {
                    let service = TowerToHyperService::new(routes);
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(tls), service).await;
                }
            });
        }
    });
}

fn tls(dir: &Path) -> rustls::ServerConfig {
    let chain = CertificateDer::pem_file_iter(dir.join("server.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(dir.join("server.key")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(dir.join("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap()
}

fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").unwrap();
    connection
}

fn write(mut connection: Connection, waiting: &Receiver<Put>) {
    while let Ok(first) = waiting.recv() {
        let transaction = connection.transaction().unwrap();
        let group: Vec<Put> = std::iter::once(first).chain(waiting.try_iter().take(63)).collect();
        let mut told = Vec::new();
        for (id, sealed, tell) in group {
            let kept = transaction
                .prepare_cached("INSERT INTO parcel (id, sealed) VALUES (?1, ?2)")
                .and_then(|mut insert| insert.execute(params![id, sealed.as_ref()]));
            told.push((tell, kept.is_ok()));
        }
        let committed = transaction.commit().is_ok();
        for (tell, kept) in told {
            let _ = tell.send(kept && committed);
        }
    }
}

async fn keep(State(floor): State<Arc<Floor>>, Segment(id): Segment<String>, sealed: Bytes) -> StatusCode {
    let (tell, told) = oneshot::channel();
    match floor.puts.try_send((id, sealed, tell)) {
        Ok(()) if told.await == Ok(true) => StatusCode::CREATED,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn fetch(State(floor): State<Arc<Floor>>, Segment(id): Segment<String>) -> Result<Vec<u8>, StatusCode> {
    let read = tokio::task::spawn_blocking(move || {
        let reader = floor.readers.lock().unwrap().pop().unwrap_or_else(|| open(&floor.path));
        let sealed = reader
            .prepare_cached("SELECT sealed FROM parcel WHERE id = ?1")
            .and_then(|mut select| select.query_row([id], |row| row.get(0)).optional());
        floor.readers.lock().unwrap().push(reader);
        sealed
    });
    read.await.unwrap().ok().flatten().ok_or(StatusCode::NOT_FOUND)
}
