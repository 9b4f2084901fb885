//! The proxy that Windows names by a script (PAC) or by searching the network (WPAD).
//!
//! Only asked where neither the environment nor a hand has set one. Windows may search for long, so it is asked on a
//! thread of its own and for a limited time, and what it said holds for a while. Other systems have nobody to ask.

/// The proxy before this hub, such as `http://proxy.example.jp:8080`.
#[cfg(not(windows))]
pub(super) fn proxy_for(_: &reqwest::Url) -> Option<String> {
    None
}

#[cfg(windows)]
pub(super) use asking::proxy_for;

#[cfg(windows)]
mod asking {
    use std::sync::mpsc::sync_channel;
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};

    use reqwest::Url;
    use windows::Foundation::Uri;
    use windows::Networking::Connectivity::NetworkInformation;

    const PATIENCE: Duration = Duration::from_secs(5);
    const HOLDS: Duration = Duration::from_secs(300);

    struct Said {
        hub: String,
        proxy: Option<String>,
        at: Instant,
    }

    static SAID: Mutex<Option<Said>> = Mutex::new(None);

    pub(in super::super) fn proxy_for(hub: &Url) -> Option<String> {
        let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = said.as_ref().filter(|said| said.hub == hub.as_str() && said.at.elapsed() < HOLDS) {
            return said.proxy.clone();
        }
        let (tell, told) = sync_channel(1);
        let address = hub.to_string();
        let asking = std::thread::Builder::new().name("proxy".into()).spawn(move || drop(tell.send(ask(&address))));
        let proxy = match asking.map(|_| told.recv_timeout(PATIENCE)) {
            Ok(Ok(Ok(proxy))) => proxy,
            Ok(Ok(Err(error))) => {
                tracing::info!(%error, "Windows names no proxy");
                None
            }
            Ok(Err(_)) | Err(_) => {
                tracing::info!("Windows is still looking for a proxy");
                None
            }
        };
        *said = Some(Said { hub: hub.to_string(), proxy: proxy.clone(), at: Instant::now() });
        proxy
    }

    fn ask(hub: &str) -> windows::core::Result<Option<String>> {
        let found = NetworkInformation::GetProxyConfigurationAsync(&Uri::CreateUri(&hub.into())?)?.join()?;
        match found.ProxyUris()?.First()?.next() {
            Some(proxy) => Ok(Some(proxy.RawUri()?.to_string())),
            None => Ok(None),
        }
    }
}
