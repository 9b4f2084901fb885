//! By which way the hub's address is reached: directly, or by the proxy the system names.
//!
//! The same rules as the link's own client: the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), then what Windows or
//! macOS have set by hand, then what a script (PAC) names on Windows. On macOS scripts are not read.

use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

use super::script;

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
        Self::by(base, &Matcher::from_system(), script::proxy_for)
    }

    fn by(base: &str, proxies: &Matcher, script: impl Fn(&Url) -> Option<String>) -> Option<Self> {
        let url = Url::parse(base.trim()).ok().filter(|url| url.scheme() == "https")?;
        let hub = Place::of(&url)?;
        let set = proxies.intercept(&url.as_str().parse().ok()?).map(|found| found.uri().to_string());
        let proxy = set.or_else(|| script(&url)).and_then(|found| Place::of(&Url::parse(&found).ok()?));
        Some(Self { hub, proxy })
    }

    /// The first place a connection goes to.
    pub fn first(&self) -> &Place {
        self.proxy.as_ref().unwrap_or(&self.hub)
    }
}

/// The proxy of a script, where nobody has set one: the rest is found by the link's own client.
pub(super) fn by_script(base: &str) -> Option<String> {
    let url = Url::parse(base.trim()).ok()?;
    match Matcher::from_system().intercept(&url.as_str().parse().ok()?) {
        Some(_) => None,
        None => script::proxy_for(&url),
    }
}

impl Place {
    fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host_str()?.to_owned(), port: url.port_or_known_default()? })
    }

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
        let none = |_: &Url| None;
        let direct = Route::by(hub, &Matcher::builder().build(), none).unwrap();
        assert_eq!((direct.first().to_string(), &direct.proxy), ("hub.example.jp:8443".into(), &None));
        let proxies = Matcher::builder().all("http://proxy.example.jp:3128").no("localhost").build();
        let script = |_: &Url| Some("http://by-script.example.jp:8080".to_owned());
        assert_eq!(Route::by(hub, &proxies, script).unwrap().first().to_string(), "proxy.example.jp:3128");
        let near = Route::by("https://localhost:9", &proxies, none).unwrap();
        assert_eq!(near.first().to_string(), "localhost:9");
        let asked = Route::by(hub, &Matcher::builder().build(), script).unwrap();
        assert_eq!(asked.first().to_string(), "by-script.example.jp:8080");
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
