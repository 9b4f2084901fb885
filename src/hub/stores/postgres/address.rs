//! Where the database is and how to come to it. A password in it is never shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::{Client, Config, NoTls};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::hub::stores::DatabaseError;

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    #[error("the address of the store is not of the form postgres://user@host/database")]
    Form,
    #[error("the database is on another machine: name its authority (store_ca), so that the way to it is encrypted")]
    Plain,
    #[error("{} holds no certificate of an authority", .0.display())]
    Authority(PathBuf),
}

/// See the module.
#[derive(Clone)]
pub struct Address {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    shown: String,
}

impl Address {
    /// Of a URL. TLS is left out only where no other machine is in between; `ca` is whom the database's certificate must
    /// come from.
    pub fn new(url: &str, password: Option<&str>, ca: Option<&Path>) -> Result<Self, AddressError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(AddressError::Form);
        }
        let mut config: Config = url.parse().map_err(|_| AddressError::Form)?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none() {
            return Err(AddressError::Form);
        }
        if let Some(password) = password.filter(|_| config.get_password().is_none()) {
            config.password(password);
        }
        config
            .application_name("tayori-hub")
            .tcp_user_timeout(Duration::from_secs(15))
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        let tls = match ca {
            Some(ca) => {
                config.ssl_mode(SslMode::Require);
                Some(trusting(ca)?)
            }
            None if config.get_hosts().iter().all(is_here) && config.get_ssl_mode() != SslMode::Require => None,
            None => return Err(AddressError::Plain),
        };
        let shown = shown(&config);
        Ok(Self { config, tls, shown })
    }

    /// A URL as it may stand in a file that others read.
    pub fn without_password(url: &str) -> String {
        let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
        match rest.rsplit_once('@') {
            Some((who, place)) => format!("{scheme}://{}@{place}", who.split(':').next().unwrap_or_default()),
            None => url.to_owned(),
        }
    }

    pub(super) fn connect(&self) -> Result<Client, DatabaseError> {
        let client = match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        };
        Ok(client?)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

fn shown(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let hosts: Vec<String> = hosts.collect();
    format!("postgres://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

/// Whether no other machine is in between.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn trusting(ca: &Path) -> Result<MakeRustlsConnect, AddressError> {
    let wrong = || AddressError::Authority(ca.to_owned());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(|_| wrong())? {
        roots.add(certificate.map_err(|_| wrong())?).map_err(|_| wrong())?;
    }
    if roots.is_empty() {
        return Err(wrong());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| wrong())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s11_a_password_is_never_shown_and_another_machine_is_never_called_in_the_clear() {
        let here = Address::new("postgres://hub:himitsu@127.0.0.1:5433/tayori", None, None).unwrap();
        assert_eq!(here.to_string(), "postgres://127.0.0.1/tayori");
        assert!(!format!("{here:?}").contains("himitsu"));
        for there in ["postgres://hub:x@db.example.jp/tayori", "postgres://hub@192.0.2.1,127.0.0.1/tayori"] {
            assert!(matches!(Address::new(there, None, None), Err(AddressError::Plain)), "{there}");
        }
        for wrong in ["mysql://h/db", "postgres://h", "postgres://", "", "postgres://h/db?nonsense=1"] {
            assert!(matches!(Address::new(wrong, None, None), Err(AddressError::Form)), "{wrong}");
        }
        let none = Path::new("/nowhere/ca.pem");
        assert!(matches!(Address::new("postgres://h@db/t", None, Some(none)), Err(AddressError::Authority(_))));
        assert_eq!(Address::without_password("postgres://hub:hi@m@h/t?a=b"), "postgres://hub@h/t?a=b");
        assert_eq!(Address::without_password("postgres://h/t"), "postgres://h/t");
        let given = Address::new("postgres://hub@localhost/tayori", Some("himitsu"), None).unwrap();
        assert_eq!(given.config.get_password(), Some(&b"himitsu"[..]));
    }
}
