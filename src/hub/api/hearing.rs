//! Hears every caller out. Over HTTP/1.1 an answer that comes before the whole request was read ends the connection
//! (RFC 9112, 9.3), and whoever is still writing then sees a broken line instead of the answer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::hub::state::Caller;

/// How long a caller that was answered may go on.
const LONGEST: Duration = Duration::from_secs(10);
/// How long it may pause.
const PAUSE: Duration = Duration::from_secs(2);
/// How much we hear of somebody who has shown no certificate.
const OF_A_STRANGER: usize = 1024 * 1024;

/// Reads what nobody read of a request before its answer goes out, or lets the caller know that the line ends with it.
pub(super) async fn out(request: Request, next: Next) -> Response {
    // HTTP/2 ends one request without the others.
    if request.body().is_end_stream() || request.version() > Version::HTTP_11 {
        return next.run(request).await;
    }
    // Whoever asks first whether to go on hears the answer instead, and does not.
    let goes_on = !request.headers().contains_key(header::EXPECT);
    let most = if request.extensions().get::<Caller>().is_some() { usize::MAX } else { OF_A_STRANGER };
    let (back, mut unread) = oneshot::channel();
    let request = request.map(|body| Body::new(Lent { body, back: Some(back) }));
    let mut answer = next.run(request).await;
    if let Ok(rest) = unread.try_recv()
        && !(goes_on && timeout(LONGEST, hear(rest, most)).await.unwrap_or(false))
    {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// Whether that was all.
async fn hear(mut rest: Body, most: usize) -> bool {
    let mut heard = 0;
    while let Ok(frame) = timeout(PAUSE, rest.frame()).await {
        match frame {
            None => return true,
            Some(Err(_)) => return false,
            Some(Ok(frame)) => heard += frame.data_ref().map_or(0, Bytes::len),
        }
        if heard > most {
            return false;
        }
    }
    false
}

/// A body that is given back by whoever does not read it to its end.
struct Lent {
    body: Body,
    back: Option<oneshot::Sender<Body>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.back = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(back) = self.back.take().filter(|_| !self.body.is_end_stream()) {
            let _ = back.send(std::mem::take(&mut self.body)); // nobody waits for it
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{SocketAddr, TcpStream};

    use axum::http::StatusCode;
    use axum::routing::put;
    use axum::{Router, middleware};

    use super::*;

    /// Refuses whatever is put to it, unread; the body of `/read` is read.
    async fn refusing() -> SocketAddr {
        let read = |body: Bytes| async move { body.len().to_string() };
        let routes = Router::new()
            .route("/read", put(read))
            .fallback(|| async { (StatusCode::FORBIDDEN, "no") })
            .layer(middleware::from_fn(out));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        address
    }

    struct Caller(BufReader<TcpStream>);

    impl Caller {
        fn writes(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
            self.0.get_mut().write_all(bytes.as_ref()).unwrap();
            self
        }

        /// The status line, the head in small letters, the body.
        fn answer(&mut self) -> (String, String, String) {
            let lines = self.0.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            let [status, head @ ..] = &lines.collect::<Vec<_>>()[..] else { panic!("no answer") };
            let head = head.join("\n").to_lowercase();
            let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).unwrap();
            (status.clone(), head, String::from_utf8(body).unwrap())
        }

        fn hears_nothing_yet(&mut self) {
            let line = self.0.get_ref();
            line.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            assert!(self.0.fill_buf().is_err(), "answered before the request was whole");
            self.0.get_ref().set_read_timeout(None).unwrap();
        }
    }

    async fn with_a_caller(deed: impl FnOnce(Caller) + Send + 'static) {
        let address = refusing().await;
        let caller = move || deed(Caller(BufReader::new(TcpStream::connect(address).unwrap())));
        tokio::task::spawn_blocking(caller).await.unwrap();
    }

    #[tokio::test]
    async fn whoever_is_still_writing_hears_the_refusal_and_goes_on_over_the_same_line() {
        with_a_caller(|mut caller| {
            for _ in 0..3 {
                caller.writes("PUT / HTTP/1.1\r\nhost: hub\r\ncontent-length: 4\r\n\r\nha").hears_nothing_yet();
                let (status, head, said) = caller.writes("lf").answer();
                assert_eq!((status.as_str(), said.as_str()), ("HTTP/1.1 403 Forbidden", "no"));
                assert!(!head.contains("connection: close"), "{head}");
            }
            caller.writes("PUT / HTTP/1.1\r\nhost: hub\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n");
            caller.hears_nothing_yet();
            assert!(!caller.writes("0\r\n\r\n").answer().1.contains("connection: close"));
            caller.writes("PUT /read HTTP/1.1\r\nhost: hub\r\ncontent-length: 4\r\n\r\n").hears_nothing_yet();
            assert_eq!(caller.writes("read").answer().2, "4", "what is read is read once");
        })
        .await;
    }

    #[tokio::test]
    async fn whoever_will_not_end_is_told_that_the_line_does() {
        let line_ends = |request: Vec<u8>| {
            with_a_caller(move |mut caller| {
                let (status, head, _) = caller.writes(request).answer();
                assert!(status.contains("403") && head.contains("connection: close"), "{status} {head}");
            })
        };
        line_ends(b"PUT / HTTP/1.1\r\nhost: hub\r\ncontent-length: 4\r\n\r\nha".into()).await;
        // It hears the answer instead of "go on".
        line_ends(b"PUT / HTTP/1.1\r\nhost: hub\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n".into()).await;
        let mut much =
            format!("PUT / HTTP/1.1\r\nhost: hub\r\ncontent-length: {}\r\n\r\n", OF_A_STRANGER * 2).into_bytes();
        much.resize(much.len() + OF_A_STRANGER + 1, b'x');
        line_ends(much).await;
    }
}
