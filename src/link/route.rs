//! By which way the hub's address is reached: directly, or by the proxy the system names.
//!
//! The same rules as the link's own client: the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), then what Windows or
//! macOS have set by hand. A proxy that a script chooses (PAC) is not found.

use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use hyper_util::client::proxy::matcher::Matcher;

/// Where one end of a connection listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub host: String,
    pub port: u16,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub hub: Place,
    pub proxy: Option<Place>,
}

/// Why nobody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreached {
    NameUnknown,
    NoAnswer,
}

impl Route {
    /// `None` when the address is none of a hub.
    pub fn to(base: &str) -> Option<Self> {
        Self::by(base, &Matcher::from_system())
    }

    fn by(base: &str, proxies: &Matcher) -> Option<Self> {
        let url = reqwest::Url::parse(base.trim()).ok().filter(|url| url.scheme() == "https")?;
        let hub = Place { host: url.host_str()?.to_owned(), port: url.port_or_known_default()? };
        let proxy = proxies.intercept(&url.as_str().parse().ok()?).and_then(|found| {
            let port =
                found.uri().port_u16().unwrap_or(if found.uri().scheme_str() == Some("https") { 443 } else { 80 });
            Some(Place { host: found.uri().host()?.to_owned(), port })
        });
        Some(Self { hub, proxy })
    }

    /// The first place a connection goes to.
    pub fn first(&self) -> &Place {
        self.proxy.as_ref().unwrap_or(&self.hub)
    }
}

impl Place {
    /// Opens a connection and closes it again. Looking a name up takes as long as the system likes.
    pub fn reach(&self, limit: Duration) -> Result<Duration, Unreached> {
        let begun = Instant::now();
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let found = (host, self.port).to_socket_addrs().map_err(|_| Unreached::NameUnknown)?;
        let mut last: Option<io::Error> = None;
        for address in found {
            match TcpStream::connect_timeout(&address, limit) {
                Ok(_) => return Ok(begun.elapsed()),
                Err(error) => last = Some(error),
            }
        }
        match last {
            Some(error) => {
                tracing::info!(place = %self, %error, "nobody answers");
                Err(Unreached::NoAnswer)
            }
            None => Err(Unreached::NameUnknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_stands_before_the_hub_where_the_system_names_one() {
        let hub = "https://hub.example.jp:8443";
        let direct = Route::by(hub, &Matcher::builder().build()).unwrap();
        assert_eq!((direct.first().to_string(), &direct.proxy), ("hub.example.jp:8443".into(), &None));
        let proxies = Matcher::builder().all("http://proxy.example.jp:3128").no("localhost").build();
        assert_eq!(Route::by(hub, &proxies).unwrap().first().to_string(), "proxy.example.jp:3128");
        let near = Route::by("https://localhost:9", &proxies).unwrap();
        assert_eq!(near.first().to_string(), "localhost:9");
    }

    #[test]
    fn what_is_no_address_of_a_hub_has_no_way() {
        for text in ["", "hub.example.jp", "http://hub.example.jp", "https://", "ftp://x"] {
            assert_eq!(Route::to(text), None, "{text}");
        }
    }

    #[test]
    fn silence_and_an_unknown_name_are_told_apart() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let place = |host: &str| Place { host: host.into(), port };
        assert!(place("127.0.0.1").reach(Duration::from_secs(5)).is_ok());
        drop(listener);
        assert_eq!(place("127.0.0.1").reach(Duration::from_secs(5)), Err(Unreached::NoAnswer));
        assert_eq!(place("no such host").reach(Duration::from_secs(5)), Err(Unreached::NameUnknown));
    }
}
